//! What is read and written, judged and recorded: certificates, models, vectors, the catalogue of theorems.

mod claims;
mod conformance;
mod judge;
mod mutations;
mod nearest;
mod onnx;
mod records;
mod theorems;
mod wrong_implementations;
