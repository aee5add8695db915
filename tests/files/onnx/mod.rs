//! ONNX models: the multipliers that each operator leaves free, no more and no fewer; files read, scaled and written.

mod blocks;
mod builder;
mod changed;
mod computed;
mod constants;
mod contraction;
mod energy;
mod engine;
mod feeding;
mod files;
mod graphs;
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
