//! Facts: what the kernel, the symbolic engine or an exact comparison says. Scripts hold them, but cannot make them.

use std::cmp::Ordering;
use std::rc::Rc;

use rhai::Map;

use super::limits::{Fault, Work, fault, words};
use super::value::Value;
use crate::kernel::{Attained, Balanced, Enclosed, NotAttained, Scaled, Verified};
use crate::numbers::Rational;
use crate::symbolic::{Claim, Laurent, Proved, Refuted};

/// What is known of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// True, with evidence.
    Verified,
    /// False, with evidence: both sides, or the opposite verified.
    Refuted(String),
    /// The certificate does not prove the claim; nothing is known of the claim itself.
    Refused(String),
    /// Only computed in floating point, or not decided.
    Unproved(String),
}

/// A claim with what is known of it. Its fields are private: evidence comes in through the constructors.
#[derive(Debug, Clone)]
pub struct Fact {
    how: String,
    claim: String,
    state: State,
    data: Rc<Map>,
}

/// Evidence of the kernel: one implementation for each of its claims, and no other.
pub trait KernelEvidence {
    /// The rule that made it.
    const RULE: &'static str;
}

impl KernelEvidence for Verified<Attained> {
    const RULE: &'static str = "kernel, rule `attained`";
}
impl KernelEvidence for Verified<NotAttained> {
    const RULE: &'static str = "kernel, rule `not_attained`";
}
impl KernelEvidence for Verified<Enclosed> {
    const RULE: &'static str = "kernel, rule `enclosure`";
}
impl KernelEvidence for Verified<Balanced> {
    const RULE: &'static str = "kernel, rule `balanced`";
}
impl KernelEvidence for Verified<Scaled> {
    const RULE: &'static str = "kernel, rule `scaling`";
}

impl Fact {
    /// A claim that the kernel has verified.
    pub fn verified<E: KernelEvidence>(_evidence: &E, claim: impl Into<String>) -> Self {
        Self::new(E::RULE, claim, State::Verified)
    }

    /// A claim whose opposite the kernel has verified.
    pub fn refuted<E: KernelEvidence>(
        _opposite: &E,
        claim: impl Into<String>,
        opposite: impl Into<String>,
    ) -> Self {
        Self::new(E::RULE, claim, State::Refuted(opposite.into()))
    }

    /// A claim that two exact numbers contradict.
    pub fn contradicted(
        how: &str,
        claim: impl Into<String>,
        [left, right]: [&Rational; 2],
    ) -> Self {
        let state = match left == right {
            true => State::Unproved("both sides are equal".to_string()),
            false => State::Refuted(format!("{left} and {right} differ")),
        };
        Self::new(how, claim, state)
    }

    /// A claim whose certificate the kernel has refused.
    pub fn refused(how: &str, claim: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(how, claim, State::Refused(reason.into()))
    }

    /// A claim that was only computed, or not decided.
    pub fn unproved(how: &str, claim: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(how, claim, State::Unproved(reason.into()))
    }

    /// Decides a claim about polynomials.
    pub fn symbolic(claim: Claim) -> Self {
        let how = "symbolic engine";
        if claim.identities().is_empty() {
            let reason = "the claim says nothing of this network";
            return Self::unproved(how, claim.title(), reason);
        }
        match claim.prove() {
            Ok(proved) => Self::new(how, describe(&proved), State::Verified),
            Err(refuted) => {
                let title = refuted.title().to_string();
                Self::new(how, title, State::Refuted(at_point(&refuted)))
            }
        }
    }

    /// Compares two values: `==`, `!=`, `<`, `<=`, `>`, `>=`.
    ///
    /// Lists and records are compared entry by entry, and `!=` is the opposite of `==`. Between polynomials only
    /// `==` and `!=` are decided, as identities. Computed numbers decide nothing.
    ///
    /// # Errors
    /// An operator that is none of these; values of different shape; nothing compared with nothing, which is an empty
    /// array, map or text on both sides, also within others; the work is used up.
    pub fn comparison(
        left: &Value,
        operator: &str,
        right: &Value,
        work: &Work,
    ) -> Result<Self, Fault> {
        let relation = Relation::read(operator)?;
        let mut leaves = Vec::new();
        pair(left, right, &mut leaves)?;
        leaves.iter().try_for_each(|leaf| leaf.charge(work))?;
        let claim = format!("{left} {operator} {right}");
        let outcome = decide(&leaves, relation)?;
        let how = match leaves
            .iter()
            .any(|leaf| matches!(leaf, Leaf::Polynomials(..)))
        {
            true => "symbolic engine",
            false => "exact comparison",
        };
        Ok(match outcome {
            Some(Ok(())) => Self::new(how, claim, State::Verified),
            Some(Err(why)) => Self::new(how, claim, State::Refuted(why)),
            None => Self::unproved(
                "computed",
                claim,
                "a floating-point number is a proposal, not evidence",
            ),
        })
    }

    fn new(how: &str, claim: impl Into<String>, state: State) -> Self {
        Fact {
            how: how.to_string(),
            claim: claim.into(),
            state,
            data: Rc::new(Map::new()),
        }
    }

    /// The fact with data that scripts can read.
    #[must_use]
    pub fn with(mut self, data: Map) -> Self {
        self.data = Rc::new(data);
        self
    }

    /// How it was checked.
    pub fn how(&self) -> &str {
        &self.how
    }

    /// What is claimed.
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// What is known of it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The data.
    pub fn data(&self) -> &Map {
        &self.data
    }
}

fn describe(proved: &Proved) -> String {
    let (identities, monomials) = (proved.identities().len(), proved.monomials());
    format!(
        "{}: {identities} identities of {monomials} monomials hold for all values",
        proved.title()
    )
}

fn at_point(refuted: &Refuted) -> String {
    let point = refuted
        .point()
        .iter()
        .map(|(symbol, value)| format!("{symbol} = {value}"));
    let place = point.collect::<Vec<_>>().join(", ");
    let label = match refuted.label() {
        "" => String::new(),
        label => format!("{label}: "),
    };
    let place = if place.is_empty() {
        "everywhere"
    } else {
        &place
    };
    format!(
        "{label}left {}, right {} at {place}",
        refuted.left(),
        refuted.right()
    )
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Relation {
    Equal,
    Different,
    Ordered { less: bool, equal: bool },
}

impl Relation {
    fn read(operator: &str) -> Result<Self, Fault> {
        let ordered = |less, equal| Ok(Relation::Ordered { less, equal });
        match operator {
            "==" => Ok(Relation::Equal),
            "!=" => Ok(Relation::Different),
            "<" => ordered(true, false),
            "<=" => ordered(true, true),
            ">" => ordered(false, false),
            ">=" => ordered(false, true),
            _ => Err(fault("a claim compares with ==, !=, <, <=, > or >=")),
        }
    }
}

/// Two values without parts, at the same place of both sides.
enum Leaf<'a> {
    Numbers(&'a Rational, &'a Rational),
    Texts(&'a str, &'a str),
    Polynomials(Laurent, Laurent),
    Computed,
}

impl Leaf<'_> {
    /// Charges for writing both sides and for comparing them. Decimal digits cost the square of the words.
    fn charge(&self, work: &Work) -> Result<(), Fault> {
        match self {
            Leaf::Numbers(left, right) => {
                work.charge(4 * (words(left).pow(2) + words(right).pow(2)))?;
                work.charge_operation(left, right)
            }
            Leaf::Polynomials(left, right) => {
                work.charge(400 * (left.terms().len() + right.terms().len()) as u64)
            }
            Leaf::Texts(left, right) => work.charge((left.len() + right.len()) as u64),
            Leaf::Computed => Ok(()),
        }
    }
}

/// Why an empty part on both sides is refused.
fn nothing(what: &str) -> Fault {
    fault(format!(
        "an empty {what} on both sides compares nothing with nothing; claim that something has a length of 0"
    ))
}

fn pair<'a>(left: &'a Value, right: &'a Value, leaves: &mut Vec<Leaf<'a>>) -> Result<(), Fault> {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Err(fault(format!(
                    "arrays of {} and of {} entries cannot be compared",
                    left.len(),
                    right.len()
                )));
            }
            if left.is_empty() {
                return Err(nothing("array"));
            }
            let mut pairs = left.iter().zip(right);
            pairs.try_for_each(|(left, right)| pair(left, right, leaves))
        }
        (Value::Text(left), Value::Text(right)) if left.is_empty() && right.is_empty() => {
            Err(nothing("text"))
        }
        (Value::Record(left), Value::Record(right)) => {
            if left
                .iter()
                .map(|entry| &entry.0)
                .ne(right.iter().map(|entry| &entry.0))
            {
                return Err(fault("maps with different keys cannot be compared"));
            }
            if left.is_empty() {
                return Err(nothing("map"));
            }
            let mut pairs = left.iter().zip(right);
            pairs.try_for_each(|(left, right)| pair(&left.1, &right.1, leaves))
        }
        _ => {
            leaves.push(match (left, right) {
                (Value::Exact(left), Value::Exact(right)) => Leaf::Numbers(left, right),
                (Value::Text(left), Value::Text(right)) => Leaf::Texts(left, right),
                (Value::Computed(_), Value::Exact(_) | Value::Computed(_))
                | (Value::Exact(_), Value::Computed(_)) => Leaf::Computed,
                _ => match (polynomial(left), polynomial(right)) {
                    (Some(left), Some(right)) => Leaf::Polynomials(left, right),
                    _ => return Err(fault("values of different kinds cannot be compared")),
                },
            });
            Ok(())
        }
    }
}

fn polynomial(value: &Value) -> Option<Laurent> {
    match value {
        Value::Exact(number) => Some(Laurent::constant(number.clone())),
        Value::Polynomial(polynomial) => Some(polynomial.as_ref().clone()),
        _ => None,
    }
}

type Decision = Option<Result<(), String>>;

/// True, false with the reason, or `None` where only floating point would tell.
fn decide(leaves: &[Leaf], relation: Relation) -> Result<Decision, Fault> {
    if relation == Relation::Different {
        return Ok(decide(leaves, Relation::Equal)?.map(|equal| match equal {
            Ok(()) => Err("both sides are equal".to_string()),
            Err(_) => Ok(()),
        }));
    }
    let mut computed = false;
    for leaf in leaves {
        match leaf {
            Leaf::Computed => computed = true,
            Leaf::Numbers(left, right) => {
                let order = left.cmp(right);
                let holds = match relation {
                    Relation::Ordered { less, equal } => match order {
                        Ordering::Less => less,
                        Ordering::Equal => equal,
                        Ordering::Greater => !less,
                    },
                    _ => order == Ordering::Equal,
                };
                if !holds {
                    let relation = match order {
                        Ordering::Less => "less than",
                        Ordering::Equal => "equal to",
                        Ordering::Greater => "greater than",
                    };
                    return Ok(Some(Err(format!("{left} is {relation} {right}"))));
                }
            }
            Leaf::Texts(left, right) => {
                if relation != Relation::Equal {
                    return Err(fault("texts are compared with == and != only"));
                }
                if left != right {
                    return Ok(Some(Err(format!("`{left}` is not `{right}`"))));
                }
            }
            Leaf::Polynomials(left, right) => {
                if relation != Relation::Equal {
                    return Err(fault("polynomials are compared with == and != only"));
                }
                if let Err(refuted) = crate::symbolic::Identity::check(left, right) {
                    return Ok(Some(Err(at_point(&refuted))));
                }
            }
        }
    }
    Ok((!computed).then_some(Ok(())))
}
