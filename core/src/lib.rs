//! The mathematics of synaptic-balance: networks, their exact numbers, the solvers that balance them, the theorems, and
//! learning.
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
//! | [`symbolic`] | polynomial identities, proved or refuted |
//! | [`solve`] | stochastic balancing, direct convex solve, large networks by blocks, existence, certificates |
//! | [`learn`] | training generic over the number; the simulations (feature `learn`) |
//! | [`theorems`] | every statement of the theory with a check that can fail; the hunt for counterexamples |
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod forms;
pub mod kernel;
pub mod learn;
pub mod network;
pub mod numbers;
pub mod solve;
pub mod symbolic;
pub mod theorems;
