//! What is read and written, judged and recorded: certificates, models, vectors, the catalogue of theorems.

mod conformance;
mod judge;
mod mutations;
mod nearest;
mod onnx;
mod records;
mod theorems;
mod witness;
mod wrong_implementations;
