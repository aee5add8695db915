//! **The trusted kernel**: checks claims about balancing problems in rational arithmetic.
//!
//! Whatever finds an answer (floating-point solvers, linear programs, graph searches) is untrusted. It hands
//! the kernel a claim with its certificate, and only the kernel can make a [`Verified`] value. To trust
//! one, read [`crate::numbers`] (enclosures), this module, and the translation of a network into a
//! [`Problem`] (`network/translate.rs`). No floats, no input or output, no panics.
//!
//! # The problem
//! Variables `μ_v > 0`, one for each set of hidden units that share a multiplier; visible units are fixed
//! at 1 and have no variable. Synapse `e` has the *ratio* `r_e = Π_v μ_v^{d_ev}`, of any number of variables, and the cost
//! `Σ_k a_k b_k^{p_k} r_e^{q_k}`. The regularizer is the sum of all costs.
//! For unit `v`, `A_v` sums `d_ev q_k · cost` over the synapses with `d_ev > 0` and `B_v` the same with
//! `-d_ev` over those with `d_ev < 0`; the gradient of `R` in `log μ_v` is `A_v - B_v`.
//!
//! # Rules
//!
//! | rule | certificate | what it proves | why |
//! |---|---|---|---|
//! | [`attained`](check::attained) | circulation | the minimum of `R` exists | Stiemke, first case |
//! | [`not_attained`](check::not_attained) | direction | `R` has only an infimum; which synapses vanish | Stiemke, second case |
//! | [`enclosure`](check::enclosure) | `lower`, `upper` | the minimum exists, each `μ*_v` lies in its interval | comparison principle, BiPU units of positive degree included |
//! | [`limit_enclosure`](check::limit_enclosure) | direction, `lower`, `upper` | the same for the limit in which synapses vanish | both |
//! | [`balanced`](check::balanced) | `μ` | `A_v = B_v` exactly at every variable | evaluation |
//! | [`limit_balanced`](check::limit_balanced) | direction, `μ` | the same in the limit in which synapses vanish | both |
//! | [`scaling`](check::scaling) | `Λ` | one set of weights is an exact scaling of another | evaluation |
//! | [`not_scaled`](check::not_scaled) | a synapse, or a cycle | it is none, and not nearly one | multipliers cancel around a cycle |
//! | [`manifold`](check::manifold) | constraints, spanning synapses | the constraints describe the manifold, and all are needed | rank from both sides |
//! | [`identity`](check::identity) | two formulas | they are the same function | coefficients of the expansion |
//!
//! [`RULES`] lists the premises of each. A problem is checked when it is made ([`Problem::new`]).
//!
//! # What of the rules is proved in general
//!
//! The proofs in `proofs/` (Coq) are about real numbers, not about this code, and none speaks of units of degree 0 or below. What a
//! rule accepts beyond its theorem rests on the argument in its documentation alone.
//!
//! | rule | theorem | where the rule is wider |
//! |---|---|---|
//! | `attained` | `attained_certificate`: units of degree 1, or of any positive degree if every variable is joined to the ground | BiPU units in components away from the ground; negative degrees; synapses of more than two variables, or with other exponents (products, ties with exponents) |
//! | `not_attained` | `not_attained_certificate`: positive degrees | degrees of 0 or below; products; ties with exponents |
//! | `enclosure` | `enclosure_certificate`: positive degrees; every free variable joined to the ground or to one held at 1 | components away from the ground without a common scaling (BiPU units whose cycles disagree); ties with exponents |
//! | `limit_enclosure`, `limit_balanced` | `limit_certificate`, with the theorem of the rule without a limit: positive degrees | as there |
//! | `balanced` | `balanced_weights_are_unique`, and `stationary_minimum` on which it rests: positive degrees | degrees of 0 or below; products; ties with exponents |
//! | `scaling` | `scaling_invariance`, that a scaling keeps the function: any real degree | products; ties with exponents |
//! | `not_scaled` | `foreign_scaling`: BiLU units, tolerance 0 | other degrees; products; ties with exponents; a tolerance |
//! | `manifold`, `identity` | none of the rule itself | |
//!
//! # Reviewing it in an hour
//!
//! What has to be believed is little: a [`Verified`] value is made only by the functions in [`check`], each of which says in
//! its documentation what it proves, why, and what it refuses. In this order:
//!
//! 1. [`Problem`], [`Synapse`], [`Cost`]: what the claims are about; and `network/translate.rs` with
//!    [`Network::direction`](crate::network::Network::direction), which make the problem of a network: `Λ_i` times into a unit, `Λ_i^-c` out
//!    of it, out of a product the product of its factors' (`network/products.rs`), units of one tie sharing a variable or its powers
//!    (`network/ties.rs`). Is this the problem you mean?
//! 2. [`Refusal`] and [`Verified`]: what can be said, that nothing else can say it, and that it is not said of another problem.
//! 3. `check/scaling`, `check/balanced`, `check/existence`: evaluation in exact rationals, and two sums.
//! 4. `check/not_scaled`, `check/manifold`: multipliers cancel along a combination of synapses; rank by removing rows one after
//!    the other.
//! 5. `check/comparison`, the one argument that is not evaluation. Its mathematics is a paragraph; its arithmetic is
//!    `sides.rs` (sums of outward-rounded products) and [`components`](Problem::common_scaling) (which multipliers are determined).
//! 6. [`Enclosure`](crate::numbers::Enclosure) and [`Dyadic`](crate::numbers::Dyadic): every operation returns an interval that holds all
//!    results; comparison has three outcomes, and the third one never passes a test.
//! 7. `check/identity`: expansion into monomials.
//!
//! Relied on without review: the integers and rationals of `num-bigint` and `num-rational`, the ordered collections of the
//! standard library, and the compiler. Nothing here can run into a number too large for memory unless the problem or the
//! certificate holds one: exponents outside 20 bits and powers beyond 2^18 bits are refused as undecided or irrational, and so are
//! sums and products that would take too long, which [`Work`](crate::numbers::Work) counts before they are computed.
#![deny(
    clippy::float_arithmetic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod check;
mod components;
mod problem;
mod refusal;
mod rules;
mod sides;
mod verified;

pub use problem::{Cost, Problem, Synapse};
pub use refusal::Refusal;
pub use rules::RULES;
pub use sides::{Costs, Sides};
pub use verified::{
    Attained, Balanced, Basis, Complete, Enclosed, Identical, NotAttained, NotScaled, Obstacle,
    Scaled, Step, Verified,
};
