//! Networks: units, activations, synapses and ties on a petgraph graph; what can be read off one and done to
//! one unit of it.
//!
//! A [`Network`] is valid by construction. It is generic over [`Scalar`](crate::numbers::Scalar): the same
//! code evaluates and scales it in exact rationals and in `f64`.

mod activation;
mod activation_name;
mod build;
mod build_general;
mod elimination;
mod energy;
mod evaluate;

mod manifold;
mod model;
mod one_unit;
mod potentials;
mod products;
mod regularizer;
mod scale;
mod sources;
mod text;
mod ties;
mod translate;
mod validate;

pub use activation::Activation;
#[doc(hidden)]
pub use activation_name::changes;
pub use activation_name::{ActivationNameError, NOT_HOMOGENEOUS};
pub use build::{
    PlantedNetwork, Shape, chain, layered, planted, random_acyclic, random_recurrent, random_weight,
};
pub use build_general::{Values, random_general};
pub use evaluate::EvaluateError;

pub(crate) use elimination::{kernel_basis, vanishing_with};
pub use manifold::{Constraint, Inconsistent, Manifold};
pub use model::{Network, SynapseIndex, Unit, UnitIndex, UnitKind};
#[doc(hidden)]
pub use one_unit::balancing_log;
pub use one_unit::{BalanceError, Multiplier, UnitBalance, balance_general};
pub use products::Form;
pub use regularizer::{Penalty, Regularizer, RegularizerError};
pub use scale::ScaleError;
#[doc(hidden)]
pub use text::printable;
pub use text::{one_line, plain_json, plain_text};
pub use ties::Tie;
pub use validate::NetworkError;
