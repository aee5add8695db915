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
#[path = "../files/sampling.rs"]
mod sampling;
mod solvers;
#[cfg(feature = "theory")]
mod symbolic;
mod walk;

use sampling::in_full;
