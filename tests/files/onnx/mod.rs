//! ONNX models: files read, scaled and written, compared and judged. What each operator leaves free is checked in
//! `tests/engine`, which has an inference engine.

mod blocks;
#[allow(dead_code, reason = "tests beside an engine use more of it")]
mod builder;
mod changed;
mod energy;
mod files;
mod graphs;
