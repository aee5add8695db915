//! What a check writes into: comparisons, and the evidence that rests on them.

use std::error::Error;
use std::fmt::{self, Debug};

use crate::symbolic::{Claim, Proved, Refuted};

/// What a piece of evidence is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An identity between polynomials, proved for all values of its letters.
    SymbolicIdentity,
    /// Cases worked out in exact arithmetic.
    ExactInstance,
    /// A case in exact arithmetic in which a statement fails.
    ExactCounterexample,
    /// Random cases from a fixed seed, counted.
    PropertyTest,
    /// Every case up to a stated size, counted.
    ExhaustiveSearch,
    /// A proof for all cases that a proof assistant checks.
    GeneralProof,
}

impl Kind {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::SymbolicIdentity => "symbolic identity",
            Kind::ExactInstance => "exact instance",
            Kind::ExactCounterexample => "exact counterexample",
            Kind::PropertyTest => "property test",
            Kind::ExhaustiveSearch => "exhaustive search",
            Kind::GeneralProof => "general proof",
        }
    }
}

/// Something that a check found. Only [`Ledger::record`] makes it, after comparisons that could have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    kind: Kind,
    text: String,
    comparisons: u64,
}

impl Evidence {
    /// What it is worth.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was found, in words and exact values.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of comparisons behind it, at least 1.
    pub fn comparisons(&self) -> u64 {
        self.comparisons
    }
}

/// Why a check failed: the first comparison that came out wrong, or a computation without result.
///
/// Every error converts into it, so that checks can use `?`; it is therefore no [`Error`] itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Failure(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.to_string())
    }
}

/// The relative difference up to which two floats `agree to 1e-9`.
pub(super) const AGREEMENT: f64 = 1e-9;

/// The comparisons of a running check, and the evidence so far.
#[derive(Debug, Default)]
pub struct Ledger {
    evidence: Vec<Evidence>,
    /// Comparisons since the last evidence.
    pending: u64,
    total: u64,
    inverted: Option<u64>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Ledger::default()
    }

    /// A ledger that takes the comparison of the given number, counted from 0, for its opposite. A check that still
    /// succeeds does not depend on it: this is how tests show that a check can fail.
    pub fn inverting(comparison: u64) -> Self {
        Ledger {
            inverted: Some(comparison),
            ..Ledger::default()
        }
    }

    /// What was found.
    pub fn into_evidence(self) -> Vec<Evidence> {
        self.evidence
    }

    /// A comparison.
    ///
    /// # Errors
    /// If it is false; `what` is asked only then.
    pub fn holds(&mut self, truth: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
        let inverted = self.inverted == Some(self.total);
        self.total += 1;
        self.pending += 1;
        if truth != inverted {
            Ok(())
        } else {
            Err(Failure(what()))
        }
    }

    /// Both are equal.
    ///
    /// # Errors
    /// If not, with both.
    pub fn equal<T: PartialEq + Debug>(
        &mut self,
        what: &str,
        found: &T,
        expected: &T,
    ) -> Result<(), Failure> {
        self.holds(found == expected, || {
            format!("{what}: found {found:?}, expected {expected:?}")
        })
    }

    /// Both agree to a relative `1e-9`.
    ///
    /// # Errors
    /// If not, with both.
    pub fn agree(&mut self, what: &str, found: f64, expected: f64) -> Result<(), Failure> {
        let largest = found.abs().max(expected.abs()).max(f64::MIN_POSITIVE);
        self.holds((found - expected).abs() <= AGREEMENT * largest, || {
            format!("{what}: found {found:e}, expected {expected:e}")
        })
    }

    /// The claim is an identity, and holds of something.
    ///
    /// # Errors
    /// If it is refuted, with the point; if it has no identities.
    pub fn proved(&mut self, claim: Claim) -> Result<Proved, Failure> {
        let proved = claim.prove();
        let vacuous = proved
            .as_ref()
            .is_ok_and(|proved| proved.identities().is_empty());
        self.holds(proved.is_ok() && !vacuous, || match &proved {
            Ok(proved) => format!("{} was claimed of nothing", proved.title()),
            Err(refuted) => refuted.to_string(),
        })?;
        Ok(proved?)
    }

    /// The claim is no identity.
    ///
    /// # Errors
    /// If it holds.
    pub fn refuted(&mut self, claim: Claim) -> Result<Refuted, Failure> {
        let title = claim.title().to_owned();
        let unexpected = || format!("`{title}` was to be refuted and holds");
        let refuted = claim.prove().err();
        self.holds(refuted.is_some(), unexpected)?;
        refuted.ok_or_else(|| Failure(unexpected()))
    }

    /// Turns the comparisons since the last call into evidence.
    ///
    /// # Errors
    /// If there were none: then nothing was found.
    pub fn record(&mut self, kind: Kind, text: impl Into<String>) -> Result<(), Failure> {
        let (text, comparisons) = (text.into(), std::mem::take(&mut self.pending));
        if comparisons == 0 {
            return Err(Failure(format!("nothing was compared for: {text}")));
        }
        self.evidence.push(Evidence {
            kind,
            text,
            comparisons,
        });
        Ok(())
    }
}
