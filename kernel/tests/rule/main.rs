//! The kernel against a naive implementation of its rule, against problems whose optimum is known, and against false
//! certificates.

mod bounds;
mod coverage;
mod distances;
mod enclosures;
mod exact;
mod limits;
mod maker;
mod planted;
mod refusals;
mod vectors;
