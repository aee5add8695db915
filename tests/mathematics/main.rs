//! The mathematics: numbers, kernel, network model, algebra, solvers and training, without files.

mod blocks;
mod cut_off;
mod deep;
mod envelope;
mod folds;
mod forms;
mod kernel;
mod layers;
mod learn;
mod learn_in_floats;
mod limits;
mod main_job;
mod network;
mod numbers;
mod optimizers;
mod patches;
mod polynomial_units;
mod products;
mod rules;
mod solvers;
#[cfg(feature = "theory")]
mod symbolic;
mod walk;

/// Whether tests that sample run on everything, as before a change lands: `SYNBAL_FULL=1 cargo test`.
fn in_full() -> bool {
    std::env::var_os("SYNBAL_FULL").is_some()
}
