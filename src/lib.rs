//! Synaptic neural balance, computed exactly where possible and certified where not.
//!
//! A hidden unit of a neural network is *balanced* when its incoming weights cost as much as its outgoing ones. A unit
//! whose activation is homogeneous (ReLU and kin) can be scaled without changing what the network computes, and
//! balancing unit after unit, in any order, leads to one and the same network: the minimum of a strictly convex problem
//! on a linear manifold that the architecture alone determines (Baldi, Alexos, Domingo, Rahmansetayesh, *A Theory of
//! Synaptic Neural Balance*, arXiv 2405.09688).
//!
//! # How the crate is built
//!
//! Whatever finds an answer is untrusted; a small [`kernel`] that knows only rational arithmetic checks it.
//!
//! | room | owns |
//! |---|---|
//! | [`numbers`] | rationals, exact roots, outward-rounded enclosures, for solvers and reports |
//! | [`kernel`] | claims and their checks: those of the crate `synaptic_balance_kernel`, which alone is **trusted** |
//! | [`forms`] | linear forms: which multiplier every value of a computation carries |
//! | [`network`] | units, activations, synapses, ties; scaling; balancing one unit; the manifold |
//! | [`solve`] | stochastic balancing, direct convex solve, large networks by blocks, existence, certificates |
//! | [`learn`] | training generic over the number; the simulations (feature `learn`) |
//! | [`symbolic`] | polynomial identities, proved or refuted (feature `theory`) |
//! | [`theorems`] | every statement of the theory with a check that can fail; the hunt for counterexamples (feature `theory`) |
//! | `script` | proof scripts: exact numbers, and verbs that only ask (feature `script`) |
//! | [`formats`] | network JSON, ONNX, safetensors, certificates, DOT (feature `formats`) |
//! | [`report`] | what a person reads and what `--json` prints (feature `formats`) |
//! | [`vectors`] | conformance vectors for other implementations (feature `formats`) |
//! | `cli` | the program's commands, also for callers with models in memory (feature `cli`) |
//!
#![doc = include_str!("../docs/letters.md")]
//!
//! # Start here
//!
//! Three calls do what most programs want: [`solve::balance`] balances a network, [`solve::judge`] checks the result of
//! another implementation ([`what_the_oracle_finds`] shows it at work), [`kernel::check`] verifies claims. [`formats`]
//! reads and writes files. Examples are in `examples/`, `01_balance_a_network` first. With `default-features = false`
//! the crate is networks, solvers and certificates alone: no theorems, no files, no program.
#![deny(missing_docs)]
#![deny(unsafe_code)]

// The commands name the library as a program would.
#[cfg(feature = "cli")]
extern crate self as synaptic_balance;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "formats")]
pub mod formats;
#[cfg(feature = "formats")]
pub mod report;
#[cfg(feature = "script")]
pub mod script;
#[cfg(feature = "formats")]
pub mod vectors;

#[doc(inline)]
pub use synaptic_balance_core::{forms, kernel, learn, network, numbers, solve};
#[cfg(feature = "theory")]
#[doc(inline)]
pub use synaptic_balance_theory::{symbolic, theorems};

#[doc = include_str!("../docs/divergences.md")]
pub mod divergences {}

#[doc = include_str!("../docs/learning-results.md")]
pub mod learning_results {}

#[doc = include_str!("../docs/what-the-oracle-finds.md")]
pub mod what_the_oracle_finds {}
