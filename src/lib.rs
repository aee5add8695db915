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
//! | [`network`] | units, activations, synapses, ties; scaling; balancing one unit; the manifold |
//! | [`symbolic`] | polynomial identities, proved or refuted |
//! | [`solve`] | stochastic balancing, direct convex solve, large networks by blocks, existence, certificates |
//! | [`learn`] | training generic over the number; the simulations (feature `learn`) |
//! | [`theorems`] | every statement of the theory with a check that can fail; the hunt for counterexamples |
//! | `script` | proof scripts: exact numbers, and verbs that only ask (feature `script`) |
//! | [`formats`] | network JSON, ONNX, safetensors, certificates, DOT (feature `formats`) |
//! | [`report`] | what a person reads and what `--json` prints (feature `formats`) |
//! | [`vectors`] | conformance vectors for other implementations (feature `formats`) |
//! | `cli` | the program's commands, also for callers with models in memory (feature `cli`) |
//!
//! # Letters
//!
//! | letter | meaning |
//! |---|---|
//! | `i, j, k` | units; *visible* (input, output, bias, or not homogeneous) or *hidden* (may be scaled) |
//! | `e = (j -> i)`, `w_e` | a synapse from `j` to `i`, and its weight |
//! | `R(W) = Σ_e g_e(w_e)` | the regularizer; `L_p`: `g(w) = \|w\|^p`, `p > 0` |
//! | `c_e` | the cost of a synapse, `\|w_e\|^p` |
//! | `Λ_i`, `μ_i = Λ_i^p` | the multiplier of unit `i`, as weights see it and as costs see it; 1 on visible units |
//! | `λ_i` | the multiplier of one balancing step |
//! | `x_i = log Λ_i`, `L_e = x_i - x_j` | logarithmic scaling of a unit and of a synapse |
//! | `A_i`, `B_i` | input and output cost: sums of `c_e` over the synapses into and out of `i`, self-connections left out |
//! | `c` (of a BiPU) | the degree of homogeneity: `f(λx) = λ^c f(x)` |
//! | `l_i` | the form of a unit's value: its logarithm moves by `Σ_v l_iv log Λ_v`; of a product the sum over its factors |
//! | deficit | `max_i \|A_i - B_i\| / (A_i + B_i)` |
//!
//! # Start here
//!
//! Three calls do what most programs want: [`solve::balance`] balances a network, [`solve::judge`] checks the result of
//! another implementation ([`what_the_oracle_finds`] shows it at work), [`kernel::check`] verifies claims. [`formats`] reads and
//! writes files. Examples are in `examples/`, `01_balance_a_network` first. With `default-features = false` the crate is the
//! mathematics alone: no files, no program.
#![deny(missing_docs)]
#![deny(unsafe_code)]

// The commands name the library as a program would.
#[cfg(feature = "cli")]
extern crate self as synaptic_balance;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "formats")]
pub mod formats;
pub mod forms;
pub mod kernel;
pub mod learn;
pub mod network;
pub mod numbers;
#[cfg(feature = "formats")]
pub mod report;
#[cfg(feature = "script")]
pub mod script;
pub mod solve;
pub mod symbolic;
pub mod theorems;

#[doc = include_str!("what_the_oracle_finds.md")]
pub mod what_the_oracle_finds {}
#[cfg(feature = "formats")]
pub mod vectors;
