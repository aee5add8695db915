//! What is read and written, judged and recorded: certificates, models, vectors, the catalogue of theorems.

mod claims;
mod conformance;
mod exported;
mod judge;
mod mutations;
mod nearest;
mod onnx;
mod python;
mod ranges;
mod records;
mod sixteen_bits;
mod theorems;
mod witness;
mod wrong_implementations;

/// Whether tests that sample run on everything, as before a change lands: `SYNBAL_FULL=1 cargo test`.
fn in_full() -> bool {
    std::env::var_os("SYNBAL_FULL").is_some()
}
