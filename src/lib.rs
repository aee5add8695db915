//! The theory of synaptic neural balance.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod kernel;
pub mod network;
pub mod numbers;
pub mod solve;
