//! The mathematics of synaptic-balance: networks, their exact numbers, the solvers that balance them, and learning.
//!
//! The rooms of this crate are rooms of `synaptic_balance`, which re-exports them all and adds files, scripts and the
//! program: programs name that one. They know no formats of models and no program, and can be read by themselves.
//!
//! | room | owns |
//! |---|---|
//! | [`numbers`] | rationals, exact roots, outward-rounded enclosures, for solvers and reports |
//! | [`kernel`] | claims and their checks: those of the crate `synaptic_balance_kernel`, which alone is **trusted** |
//! | [`network`] | units, activations, synapses, ties; scaling; balancing one unit; the manifold |
//! | [`forms`] | linear forms: which multiplier every value of a computation carries |
//! | [`solve`] | stochastic balancing, direct convex solve, large networks by blocks, existence, certificates |
//! | [`learn`] | training generic over the number; the simulations (feature `learn`) |
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod forms;
pub mod kernel;
pub mod learn;
pub mod network;
pub mod numbers;
pub mod solve;
