//! Learning: networks trained by gradient descent, generic over the number.
//!
//! One implementation of forward evaluation, gradient and step runs in exact [rationals](crate::numbers::Rational),
//! where the theorems of Section 6 are checked to the last digit, and in `f64` and `f32`, where the paper's simulations
//! are repeated.
//!
//! | what | where |
//! |---|---|
//! | gradients on any network, acyclic or over time | [`gradient()`], [`gradient_over_time`] |
//! | layered, recurrent, convolutional and locally connected models on matrices | [`Perceptron`], [`Recurrent`], [`Patches`], [`Model`] |
//! | stochastic gradient descent with penalties | [`Descent`] |
//! | momentum and Adam, their memory rescaled where weights are | [`Optimizer`], [`Rule`] |
//! | the same bits on every machine, or the fastest of this one | [`Reproducible`], [`Arithmetic`] |
//! | balancing between steps | [`sweep`], [`balance_fully`], [`deficits`] |
//! | data: the embedded digits, and files in the IDX format (feature `learn`) | [`DataSet`], `idx` |
//! | the simulations, their statistics and verdicts (feature `learn`) | `experiment` |

mod balancing;
mod data;
mod descent;
#[cfg(feature = "learn")]
pub mod experiment;
mod gradient;
#[cfg(feature = "learn")]
pub mod idx;
mod model;
mod optimizer;
mod patches;
mod perceptron;
mod plain_product;
mod recurrent;
mod reproducible;

pub use balancing::{Deficits, balance_fully, deficits, sweep};
pub use data::{DataSet, Images, Part, digit_images};
pub use descent::{Descent, WeightPenalty, mean_gradient};
pub use gradient::{
    GradientError, GradientOverTime, Sample, gradient, gradient_over_time, squared_error,
};
pub use model::{Loss, Model, Norm};
pub use optimizer::{Optimizer, Rule};
pub use patches::{Kernels, Patches, Windows};
pub use perceptron::{Layer, Perceptron, PerceptronError, exactly};
pub use recurrent::Recurrent;
pub use reproducible::{
    Arithmetic, Fastest, Portable, Reproducible, exp as reproducible_exp, ln as reproducible_ln,
};
