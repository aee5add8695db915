//! Claims and their verification: the crate [`synaptic_balance_kernel`], which is all that has to be trusted, under the
//! names that the other rooms use, and what they ask of its problems besides.
//!
//! Whatever finds an answer (floating-point solvers, linear programs, graph searches) is untrusted. It hands the kernel
//! a claim with its certificate, and only the kernel can make a [`Verified`] value. To trust one, read that crate, in
//! the order that its README gives, and the translation of a network into its problem (`network/energy.rs`). A
//! [`Problem`] of this room is such a problem with its synapses listed for solvers.
//!
//! # The problem
//! Variables `μ_v > 0`, one for each set of hidden units that share a multiplier; visible units are fixed at 1 and have
//! no variable. Synapse `e` has the *ratio* `r_e = Π_v μ_v^{d_ev}`, of any number of variables, and the cost `Σ_k a_k
//! b_k^{p_k} r_e^{q_k}`. The regularizer is the sum of all costs. For unit `v`, `A_v` sums `d_ev q_k · cost` over the
//! synapses with `d_ev > 0` and `B_v` the same with `-d_ev` over those with `d_ev < 0`; the gradient of `R` in `log
//! μ_v` is `A_v - B_v`.
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
//! The energy rule is not in this table: it takes a problem of blocks, see [`synaptic_balance_kernel`]. `identity` is
//! no rule of the kernel; it stands here for what asks for it. [`RULES`] lists the premises of each. A problem is
//! checked when it is made ([`Problem::new`]).
//!
//! # What of the rules is proved in general
//!
//! The proofs in `proofs/` (Coq) are about real numbers, not about this code. What a
//! rule accepts beyond its theorem rests on the argument in its documentation alone.
//!
//! | rule | theorem | where the rule is wider |
//! |---|---|---|
//! | `attained` | `attained_by_a_circulation`: any exponents | |
//! | `not_attained` | `not_attained_by_a_direction`: any exponents | |
//! | `enclosure` | `enclosure_certificate`: costs that rise in one multiplier at most and fall in one at most; components joined to the ground, held at one variable, or without a common scaling | |
//! | `limit_enclosure`, `limit_balanced` | `limit_by_a_direction`, with the theorem of the rule without a limit | |
//! | `balanced` | `product_balance`: any exponents | |
//! | `scaling` | `scaling_invariance`, and with products and ties of powers `function_stays`, that a scaling keeps the function: any real degree | |
//! | `not_scaled` | `foreign_scaling`: BiLU units, tolerance 0 | other degrees; products; ties with exponents; a tolerance |
//! | `manifold`, `identity` | none of the rule itself | |
#![deny(
    clippy::float_arithmetic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod handy;
mod identity;
mod listed;
mod rules;
mod survey;

/// One function for each rule: those of the kernel, under handy names, and [`identity`](check::identity).
pub mod check {
    pub use super::handy::{
        attained, balanced, enclosure, limit_balanced, limit_enclosure, manifold, not_attained,
        not_scaled, scaling,
    };
    pub use super::identity::identity;
    pub use synaptic_balance_kernel::check::Checked;
}

pub use identity::{Identical, NotIdentical, Step};
pub use listed::{Cost, Problem, Synapse};
pub use rules::RULES;
pub use survey::{Costs, Priced, Sides, Surveyed};
pub use synaptic_balance_kernel::{
    Attained, Balanced, Basis, Enclosed, NotAttained, NotScaled, Obstacle, Refusal, Scaled,
};

/// A claim that the kernel has checked of a problem that holds its weights.
pub type Verified<T> = synaptic_balance_kernel::Verified<'static, T>;
