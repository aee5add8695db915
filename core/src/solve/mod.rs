//! **Untrusted** solvers: they propose, the [kernel](crate::kernel) verifies.
//!
//! | what | where |
//! |---|---|
//! | stochastic balancing with any [`Schedule`] | [`balance_stochastic`] |
//! | direct convex solve, damped Newton | [`solve_direct`] |
//! | large networks in few reads of the weights, two-level | [`blocks`], [`solve_two_level`] |
//! | problems of any forms over the bytes of their weights | [`general`] |
//! | factors of rows and columns between two versions of a tensor | [`folds`] |
//! | existence, from components (of the [double cover](double_cover) where signs ask for it) and from linear programs | [`existence`], [`existence_by_components`], [`existence_by_linear_program`] |
//! | certified enclosures of the balanced multipliers | [`certify`] |
//! | exact rational multipliers where there are any | [`balance_exactly`] |
//! | inputs on which two networks differ | [`find_witness`] |
//! | all of it in one call | [`balance`] |

mod assurance;
mod attainment;
pub mod blocks;
mod certify;
pub mod changed;
mod compare;
mod conjugate;
mod cover;
mod dead;
mod direct;
mod distance;
pub mod energy;
mod envelope;
mod exact;
mod existence;
mod fit;
mod flat;
mod floats;
pub mod folds;
mod gauge;
pub mod general;
mod judge;
mod levels;
mod linear_program;
mod linear_system;
mod merged;
mod nearest;
mod newton;
mod number_type;
mod pipeline;
mod precise;
mod ratios;
mod repair;
mod restricted;
mod result;
mod rounded;
mod scaling_verdict;
mod schedule;
mod short;
mod stochastic;
pub mod walk;
mod witness;

pub use attainment::existence;
pub use certify::{CertifyError, MAX_DIGITS, certify, certify_limit, relative_width};
pub use cover::{DoubleCover, double_cover};
#[doc(hidden)]
pub use dead::joined;
pub use dead::{DeadUnits, dead_units};
pub use direct::{DirectOptions, solve_direct};
pub use distance::Distance;
#[doc(hidden)]
pub use envelope::Envelope;
pub use exact::{balance_exactly, balance_exactly_in_limit};
pub use existence::{Existence, ExistenceClaim, ExistenceError, existence_by_components};
pub use flat::{Balancing, Solution, SolveError};
pub use judge::{
    JudgeError, Judgement, Reading, Refutations, judge, judge_as, judge_of_types,
    refutations_of_part,
};
pub use levels::solve_two_level;
pub use linear_program::existence_by_linear_program;
pub use number_type::{EXCUSED_ULPS, NumberType};
pub use pipeline::{
    AGREEMENT, Balance, BalanceFailure, CrossCheck, Method, Options, Outcome, Seconds, balance,
};
pub use restricted::{Restricted, Restriction, balance_within, powers_of_two};
pub use result::Proved;
pub use rounded::{common_step, is_rounded, largest_step};
pub use scaling_verdict::{ScalingFault, ScalingVerdict};
pub use schedule::{Cyclic, Given, Greedy, RandomPermutation, Schedule, UniformRandom};
pub use stochastic::{StochasticOptions, StochasticRun, TraceStep, Unfinished, balance_stochastic};
pub use walk::{Walk, WalkError, WalkStep};
pub use witness::{Ball, Witness, find_witness};
