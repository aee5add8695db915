//! What was done to the tensors of a model: factors of rows and of columns, found while two versions are read side by
//! side, once.
//!
//! [`Rows`] finds, from some rows of a tensor, the factors of its columns, and then row after row the factor of the row
//! and how far its entries are from the product. [`join`] brings the factors of all tensors of a block together: are
//! they products of powers of one set of multipliers? Nothing as long as the weights is kept. (Ours.)

mod join;
mod rows;

pub use join::{Joined, Piece, join};
#[doc(hidden)]
pub use rows::median;
pub use rows::{Band, Deviation, Excuse, Rows};
