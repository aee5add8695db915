//! A statement that the hunt tries, and over what.

use crate::theorems::Failure;
use synaptic_balance_core::network::Network;
use synaptic_balance_core::numbers::Rational;

/// `None` where the statement says nothing about the network.
pub(super) type Held = Result<Option<bool>, Failure>;

/// Decides a statement for one network.
pub type Test = fn(&Network<Rational>) -> Result<Option<bool>, Failure>;

/// What a statement is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Choices of synapses, all of weight 1.
    Architectures,
    /// Choices of weights.
    Weights,
    /// Fewer choices of weights, for tests that take longer.
    Few,
    /// Chains of one hidden unit, by its activation.
    Activations,
    /// Random networks of sums, products, powers and ties of powers.
    Products,
}

/// A statement about a network, as printed or with a hypothesis dropped.
#[derive(Debug, Clone, Copy)]
pub struct Hunted {
    /// The statement.
    pub statement: &'static str,
    /// What it is tried on.
    pub domain: Domain,
    /// The hypothesis dropped; empty if it is as printed, or as it holds.
    pub dropped: &'static str,
    /// The entry that it belongs to.
    pub about: &'static str,
    /// The entry that explains why it fails; `None` if it must not.
    pub explained_by: Option<&'static str>,
    /// Decides it for one network.
    pub test: Test,
}

impl Hunted {
    /// A statement that must not fail, tried on weights.
    pub(super) const fn holds(about: &'static str, statement: &'static str, test: Test) -> Self {
        Hunted {
            statement,
            domain: Domain::Weights,
            dropped: "",
            about,
            explained_by: None,
            test,
        }
    }

    /// A statement that fails as printed.
    pub(super) const fn printed(
        about: &'static str,
        statement: &'static str,
        explained_by: &'static str,
        test: Test,
    ) -> Self {
        Hunted::without(about, statement, "", explained_by, test)
    }

    /// A statement that fails without a hypothesis.
    pub(super) const fn without(
        about: &'static str,
        statement: &'static str,
        dropped: &'static str,
        explained_by: &'static str,
        test: Test,
    ) -> Self {
        Hunted {
            statement,
            domain: Domain::Weights,
            dropped,
            about,
            explained_by: Some(explained_by),
            test,
        }
    }

    /// The same, tried on something else.
    pub(super) const fn over(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }
}
