//! Linear forms: which multiplier every value of a computation carries.
//!
//! Where weights are rescaled and the function stays, every value is multiplied by a product of powers of free
//! multipliers: it carries a linear form in their logarithms. Each channel of a tensor has a [`Slot`] for the form that
//! it carries, and operators say how slots hang together: equal ones (a sum), products and powers of others (a gate, a
//! root), the form of what nothing scales ([`ONE`]). What [`Forms`] finds is the kernel of these equations: the
//! variables that are left free, the form of each slot in them, and what pins those that carry none. It depends on the
//! operators alone, not on how files name or store them. (Ours.)
//!
//! ```
//! use synaptic_balance::forms::{Channels, Exponent, ONE};
//! let mut channels = Channels::new();
//! let query = channels.fresh("query", "MatMul", 1).unwrap().start;
//! let key = channels.fresh("key", "MatMul", 1).unwrap().start;
//! // Scores are products of both, and nothing may scale them.
//! let score = channels.combination(&[(query, Exponent::from(1)), (key, Exponent::from(1))]).unwrap();
//! channels.equal(score, ONE);
//! let forms = channels.solve().unwrap();
//! assert_eq!(forms.of(key), [(query, Exponent::from(-1))]);
//! ```

mod channels;
mod field;
mod solve;

pub use channels::{Channels, Exponent, FormsError, Group, ONE, Slot};
pub use field::Field;
#[doc(hidden)]
pub use field::{advance, set};
pub use solve::{Form, Forms};
