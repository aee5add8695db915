//! The proof scripts and the engine that runs them.

mod bounds;
mod guide;
mod language;
mod mutations;
mod products;
mod soundness;
mod support;
mod transcripts;
