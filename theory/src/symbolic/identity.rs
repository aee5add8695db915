//! Identities, and the two verdicts on them.

use super::{Laurent, Monomial, Point, Symbol};
use num_traits::One;
use std::collections::BTreeSet;
use std::fmt;
use synaptic_balance_core::kernel::{Identical, check};
use synaptic_balance_core::numbers::Rational;

/// Two Laurent polynomials that are said to be the same function.
///
/// Paper: ours.
///
/// ```
/// use synaptic_balance::symbolic::{Identity, Laurent};
///
/// let (a, b) = (Laurent::symbol("a"), Laurent::symbol("b"));
/// let square = (&a + &b).pow(2)?;
/// let expanded = &a * &a + &b * &b;
/// assert!(Identity::check(&square, &(&expanded + Laurent::integer(2) * &a * &b)).is_ok());
/// let refuted = Identity::check(&square, &expanded).unwrap_err();
/// assert_eq!(refuted.to_string(), "refuted at a = 1, b = 1: left 4, right 2");
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What the identity says, in words or letters; may be empty.
    pub label: String,
    /// One side.
    pub left: Laurent,
    /// The other.
    pub right: Laurent,
}

impl Identity {
    /// An identity to be proved.
    pub fn new(label: impl Into<String>, left: Laurent, right: Laurent) -> Self {
        Self {
            label: label.into(),
            left,
            right,
        }
    }

    /// The variables of both sides.
    fn symbols(&self) -> BTreeSet<Symbol> {
        self.left
            .symbols()
            .union(&self.right.symbols())
            .cloned()
            .collect()
    }

    /// Decides one identity. Shorthand for a [`Claim`] without title.
    ///
    /// # Errors
    ///
    /// [`Refuted`], with a point where the sides differ.
    pub fn check(left: &Laurent, right: &Laurent) -> Result<Proved, Refuted> {
        Claim::new("").and("", left.clone(), right.clone()).prove()
    }
}

/// A statement of the theory as a list of identities, not yet decided.
///
/// A claim without identities holds of nothing: it is proved, and
/// [`Proved::identities`] is empty. That is what a statement about hidden units becomes for an
/// architecture that has none.
///
/// Paper: ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    title: String,
    identities: Vec<Identity>,
}

impl Claim {
    /// A claim without identities.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            identities: Vec::new(),
        }
    }

    /// The claim and one more identity.
    #[must_use]
    pub fn and(mut self, label: impl Into<String>, left: Laurent, right: Laurent) -> Self {
        self.push(Identity::new(label, left, right));
        self
    }

    /// Adds an identity.
    pub fn push(&mut self, identity: Identity) {
        self.identities.push(identity);
    }

    /// What is claimed.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The identities, in the order in which they are decided.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Decides the claim: the [kernel](synaptic_balance_core::kernel) compares the coefficients of each identity. Cost:
    /// one comparison per monomial; a refutation further substitutes at most `degree + 1` values into each variable.
    ///
    /// # Errors
    ///
    /// [`Refuted`]: the first identity that does not hold, with a point.
    pub fn prove(self) -> Result<Proved, Refuted> {
        let mut verified = Vec::with_capacity(self.identities.len());
        for identity in &self.identities {
            let symbols = identity.symbols();
            let formula = |side: &Laurent| side.formula(&symbols);
            match check::identity(&formula(&identity.left), &formula(&identity.right)) {
                Ok(identical) => verified.push(identical),
                Err(_) => return Err(refute(&self.title, identity)),
            }
        }
        Ok(Proved {
            claim: self,
            verified,
        })
    }
}

/// Evidence that every identity of a claim holds for all values of its variables (non-zero where
/// a negative exponent occurs). Only [`Claim::prove`] makes it.
///
/// Paper: ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    claim: Claim,
    verified: Vec<Identical>,
}

impl Proved {
    /// What the kernel verified: both sides of each identity as formulas in numbered variables, those of both sides
    /// together in the order of their names.
    pub fn verified(&self) -> &[Identical] {
        &self.verified
    }

    /// What was claimed.
    pub fn title(&self) -> &str {
        self.claim.title()
    }

    /// The identities that hold.
    pub fn identities(&self) -> &[Identity] {
        self.claim.identities()
    }

    /// The number of monomials that were compared.
    pub fn monomials(&self) -> usize {
        self.identities()
            .iter()
            .map(|identity| identity.left.terms().len())
            .sum()
    }
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identities, monomials) = (self.identities().len(), self.monomials());
        f.write_str("proved")?;
        if !self.title().is_empty() {
            write!(f, ": {}", self.title())?;
        }
        write!(f, " ({identities} identities, {monomials} monomials)")
    }
}

/// Evidence that an identity fails: a point, and the two different values there.
///
/// All coordinates are positive, so the point also satisfies hypotheses of the form `λ > 0`.
///
/// Paper: ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted(Box<Counterexample>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Counterexample {
    title: String,
    label: String,
    point: Point,
    left: Rational,
    right: Rational,
}

impl Refuted {
    pub(super) fn new(
        title: &str,
        label: &str,
        point: Point,
        left: Rational,
        right: Rational,
    ) -> Self {
        let (title, label) = (title.to_owned(), label.to_owned());
        Self(Box::new(Counterexample {
            title,
            label,
            point,
            left,
            right,
        }))
    }

    /// The claim it belongs to.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The identity that fails.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// A value for every variable of both sides.
    pub fn point(&self) -> &Point {
        &self.0.point
    }

    /// The value of the left side there.
    pub fn left(&self) -> &Rational {
        &self.0.left
    }

    /// The value of the right side there.
    pub fn right(&self) -> &Rational {
        &self.0.right
    }
}

impl fmt::Display for Refuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refuted")?;
        for part in [self.title(), self.label()]
            .into_iter()
            .filter(|part| !part.is_empty())
        {
            write!(f, ": {part}")?;
        }
        f.write_str(" at ")?;
        for (at, (symbol, value)) in self.point().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{symbol} = {value}")?;
        }
        if self.point().is_empty() {
            f.write_str("every point")?;
        }
        write!(f, ": left {}, right {}", self.left(), self.right())
    }
}

impl std::error::Error for Refuted {}

/// A point where sides of different coefficients differ.
///
/// Variables are fixed one after the other, each at the first candidate that keeps the difference
/// from vanishing identically. In one variable a non-zero Laurent polynomial over the remaining
/// ones has finitely many roots, so a candidate is always found.
fn refute(title: &str, identity: &Identity) -> Refuted {
    let (mut left, mut right) = (identity.left.clone(), identity.right.clone());
    let mut point = Point::new();
    for symbol in identity.symbols() {
        let fixed = |rank: u64| {
            let value = candidate(rank);
            let sides = [&left, &right].map(|side| side.assign(symbol.name(), &value));
            (sides[0] != sides[1]).then_some((value, sides))
        };
        let Some((value, sides)) = (0..).find_map(fixed) else {
            break;
        };
        [left, right] = sides;
        point.insert(symbol, value);
    }
    let one = Monomial::one();
    Refuted::new(
        title,
        &identity.label,
        point,
        left.coefficient(&one),
        right.coefficient(&one),
    )
}

/// `1, 2, 1/2, 3, 1/3, ...`: distinct positive rationals, the simple ones first.
fn candidate(rank: u64) -> Rational {
    let size = Rational::from_integer((rank.div_ceil(2) + 1).into());
    match rank {
        0 => Rational::one(),
        odd if odd % 2 == 1 => size,
        _ => size.recip(),
    }
}
