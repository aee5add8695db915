//! The catalogue, the hunt and what is generated from them.

mod catalogue;
mod general_proofs;
mod hunt;
mod names;
mod tables;
