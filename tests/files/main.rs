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
mod sampling;
mod sixteen_bits;
mod theorems;
mod witness;
mod wrong_implementations;

use sampling::in_full;
