//! ONNX models: the multipliers that each operator leaves free, no more and no fewer, held against an inference engine.

#[path = "../../files/onnx/builder.rs"]
#[allow(dead_code, reason = "tests without an engine use more of it")]
mod builder;

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
mod shared;
mod structure;
mod tables;

/// Whether tests that sample run on everything, as before a change lands: `SYNBAL_FULL=1 cargo test -p engine-tests`.
fn in_full() -> bool {
    std::env::var_os("SYNBAL_FULL").is_some()
}

/// A file of the repository.
fn file(path: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    std::fs::read(std::path::Path::new(root).join(path)).unwrap()
}
