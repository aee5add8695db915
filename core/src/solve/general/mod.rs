//! Problems of any forms, balanced over the bytes of their weights: products, powers, gates, attention.
//!
//! `R(x) = Σ c exp <a, x>` is minimised by damped Newton steps, each solved by conjugate gradients. What is asked of
//! the weights is one product with the matrix of the costs of a block, on both sides at once: for a dense block a read,
//! whatever its number type and wherever it lies. Nothing as long as the weights is kept. (Ours.)

mod bounded;
mod costs;
mod few_reads;
mod model;
mod newton;
mod one_sided;
mod random;

pub use bounded::balance_terms_within;
pub use costs::BlockSums;
pub use costs::TermCosts;
pub(super) use costs::value_of;
pub use few_reads::{FewReads, Reached, balance_from_sums, balance_in_few_reads};
pub use model::imbalance;
pub use newton::{GeneralOptions, GeneralSolution, balance_terms};
pub use one_sided::Runaway;
pub use random::balance_terms_in_random_order;
