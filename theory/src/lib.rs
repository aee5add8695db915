//! The theory of synaptic-balance: every statement with a check that can fail, and the polynomial identities behind
//! them.
//!
//! The rooms of this crate are rooms of `synaptic_balance`, which re-exports them: programs name that one. They read
//! the rooms of `synaptic_balance_core`, and nothing there reads them.
//!
//! | room | owns |
//! |---|---|
//! | [`symbolic`] | polynomial identities, proved or refuted |
//! | [`theorems`] | every statement of the theory with a check that can fail; the hunt for counterexamples |
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod symbolic;
pub mod theorems;
