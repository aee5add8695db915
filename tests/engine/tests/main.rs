//! ONNX models: the multipliers that each operator leaves free, no more and no fewer, held against an inference engine.

#[path = "../../files/onnx/builder.rs"]
#[allow(dead_code, reason = "tests without an engine use more of it")]
mod builder;

mod attention;
mod computed;
mod constants;
mod contraction;
mod feeding;
mod joined;
mod models;
mod operators;
mod pinned;
mod products;
mod pruned;
mod relu6;
mod rules;
#[path = "../../files/sampling.rs"]
mod sampling;
mod shared;
mod structure;
mod tables;
mod zeros;

use sampling::in_full;

/// A file of the repository.
fn file(path: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::fs::read(std::path::Path::new(root).join(path)).unwrap()
}
