//! The theory of synaptic neural balance.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod formats;
pub mod kernel;
pub mod network;
pub mod numbers;
pub mod report;
pub mod solve;
pub mod symbolic;
