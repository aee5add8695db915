//! Slots and the equations between them.

use num_rational::Ratio;
use num_traits::{CheckedAdd, One, Zero};
use petgraph::unionfind::UnionFind;
use std::collections::HashMap;
use std::ops::Range;
use thiserror::Error;

use super::{Field, Forms};

/// The form that a value carries, before it is known: every channel that an operator makes has one.
pub type Slot = u32;

/// The slot of what nothing scales.
pub const ONE: Slot = 0;

/// The exponent of a multiplier.
pub type Exponent = Ratio<i64>;

/// Labels of all fields together; beyond, a file is not a model but an attack.
const MAX_LABELS: usize = 1 << 26;

/// Why forms are not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FormsError {
    /// More channels than any model has.
    #[error("there are too many channels")]
    TooMany,
    /// Powers of powers of multipliers leave 64 bits.
    #[error("powers of multipliers are too large")]
    Exponents,
}

/// Channels that an operator makes.
#[derive(Debug, Clone)]
pub struct Group {
    /// The tensor.
    pub tensor: String,
    /// The operator that makes it.
    pub operator: String,
    /// Its first slot; the others follow.
    pub first: Slot,
    /// How many there are.
    pub len: usize,
    /// Is it a constant that is added, and so a bias?
    pub is_constant: bool,
}

/// `Σ exponent · slot = 0`, as an operator asks for it.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    pub terms: Vec<(Slot, Exponent)>,
    /// The operator, among the reasons.
    pub origin: usize,
}

/// All slots, and what operators say of them.
#[derive(Debug)]
pub struct Channels {
    pub(super) classes: UnionFind<Slot>,
    /// Slots that stay 1, and why, among the reasons.
    pub(super) pins: Vec<(Slot, usize)>,
    pub(super) reasons: Vec<String>,
    pub(super) equations: Vec<Equation>,
    /// Combinations that have a slot already.
    known: HashMap<Vec<(Slot, Exponent)>, Slot>,
    /// The channels of tensors, in the order in which they were made.
    pub groups: Vec<Group>,
    /// Slots of what an operator breaks off at where it is 0, and the operator, among the reasons.
    brittle: Vec<(Slot, usize)>,
    labels: usize,
    origin: usize,
    /// The operator that pinned last, and its slot for that.
    here: Option<(usize, Slot)>,
}

impl Default for Channels {
    fn default() -> Self {
        Channels::new()
    }
}

impl Channels {
    /// Nothing but [`ONE`].
    pub fn new() -> Self {
        let mut channels = Channels {
            classes: UnionFind::new_empty(),
            pins: Vec::new(),
            reasons: vec!["outside the network".to_owned()],
            equations: Vec::new(),
            known: HashMap::new(),
            groups: Vec::new(),
            brittle: Vec::new(),
            labels: 0,
            origin: 0,
            here: None,
        };
        channels.classes.new_set();
        channels.pins.push((ONE, 0));
        channels
    }

    /// What is said from now on, this operator says.
    pub fn begin(&mut self, operator: &str) {
        self.origin = self.reasons.len();
        self.reasons.push(operator.to_owned());
    }

    /// Two slots carry one form. Where one is that of what nothing scales, the operator pins the other.
    pub fn equal(&mut self, one: Slot, other: Slot) {
        let (one, other) = match (one, other) {
            (ONE, slot) | (slot, ONE) if slot != ONE => (self.pinned_here(), slot),
            pair => pair,
        };
        self.classes.union(one, other);
    }

    /// The slot of what the operator pins.
    fn pinned_here(&mut self) -> Slot {
        match self.here {
            Some((origin, slot)) if origin == self.origin => slot,
            _ => {
                let slot = self.classes.new_set();
                self.pins.push((slot, self.origin));
                self.here = Some((self.origin, slot));
                slot
            }
        }
    }

    /// Were two slots said to be equal, directly or through others?
    pub fn are_equal(&self, one: Slot, other: Slot) -> bool {
        self.classes.equiv(one, other)
    }

    /// The number of slots so far, which is the next one.
    pub fn slots(&self) -> Slot {
        self.classes.len() as Slot
    }

    /// The operator compares these entries, or divides by them: what it makes keeps its value at every positive
    /// multiplier, and has no limit where multipliers tend to 0.
    pub fn breaks_at_zero(&mut self, field: &Field) {
        let origin = self.origin;
        self.brittle
            .extend(field.labels.iter().map(|slot| (*slot, origin)));
    }

    /// The first operator that [`breaks_at_zero`](Channels::breaks_at_zero) and reads what is not pinned.
    pub fn broken(&self, forms: &Forms) -> Option<&str> {
        let found = self.brittle.iter();
        let mut free = found.filter(|(slot, _)| forms.pinned_by(*slot).is_none());
        free.next()
            .map(|(_, origin)| self.reasons[*origin].as_str())
    }

    pub(super) fn spend(&mut self, labels: usize) -> Result<(), FormsError> {
        self.labels = self.labels.saturating_add(labels);
        match self.labels > MAX_LABELS {
            true => Err(FormsError::TooMany),
            false => Ok(()),
        }
    }

    /// New channels of a tensor.
    ///
    /// # Errors
    /// [`FormsError::TooMany`].
    pub fn fresh(
        &mut self,
        tensor: &str,
        operator: &str,
        len: usize,
    ) -> Result<Range<Slot>, FormsError> {
        self.spend(len)?;
        let first = self.classes.len() as Slot;
        for _ in 0..len {
            self.classes.new_set();
        }
        self.groups.push(Group {
            tensor: tensor.to_owned(),
            operator: operator.to_owned(),
            first,
            len,
            is_constant: false,
        });
        Ok(first..first + len as Slot)
    }

    /// A slot that stays 1, and why.
    pub fn pinned(&mut self, reason: &str) -> Slot {
        let slot = self.classes.new_set();
        let known = self
            .reasons
            .get(self.origin)
            .is_some_and(|own| own == reason);
        let number = match known {
            true => self.origin,
            false => {
                self.reasons.push(reason.to_owned());
                self.reasons.len() - 1
            }
        };
        self.pins.push((slot, number));
        slot
    }

    /// All labels of a field stay 1.
    pub fn pin(&mut self, field: &Field, reason: &str) {
        let slot = self.pinned(reason);
        for label in field.labels.iter() {
            self.equal(slot, *label);
        }
    }

    /// The slot of a product of powers of others: `Σ exponent · slot`.
    ///
    /// # Errors
    /// [`FormsError`].
    pub fn combination(&mut self, terms: &[(Slot, Exponent)]) -> Result<Slot, FormsError> {
        let mut sum: Vec<(Slot, Exponent)> = Vec::with_capacity(terms.len() + 1);
        for (slot, exponent) in terms {
            let class = self.classes.find(*slot);
            match sum.iter_mut().find(|(known, _)| *known == class) {
                Some((_, known)) => {
                    *known = known.checked_add(exponent).ok_or(FormsError::Exponents)?;
                }
                None => sum.push((class, *exponent)),
            }
        }
        let one = self.classes.find(ONE);
        sum.retain(|(class, exponent)| *class != one && !exponent.is_zero());
        sum.sort_unstable();
        match sum.as_slice() {
            [] => return Ok(ONE),
            [(slot, exponent)] if exponent.is_one() => return Ok(*slot),
            _ => {}
        }
        if let Some(slot) = self.known.get(&sum) {
            return Ok(*slot);
        }
        self.spend(1)?;
        let slot = self.classes.new_set();
        let mut equation: Vec<(Slot, Exponent)> = sum
            .iter()
            .map(|(class, exponent)| (*class, -exponent))
            .collect();
        equation.push((slot, Exponent::one()));
        self.equations.push(Equation {
            terms: equation,
            origin: self.origin,
        });
        self.known.insert(sum, slot);
        Ok(slot)
    }
}
