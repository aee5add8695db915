//! The catalogue, the hunt and what is generated from them.

mod catalogue;
mod general_proofs;
mod hunt;
mod names;
mod tables;

use std::sync::LazyLock;
use synaptic_balance::theorems::{CheckedTheorem, run};

/// The whole catalogue, checked once for all tests.
static FOUND: LazyLock<Vec<CheckedTheorem>> = LazyLock::new(|| run::<&str>(&[]).unwrap());
