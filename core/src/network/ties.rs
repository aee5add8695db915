//! Units that share a multiplier, or powers of one: which multipliers are independent.

use num_traits::One;
use std::collections::BTreeMap;

use super::{Network, UnitIndex, UnitKind};
use crate::numbers::{Rational, Scalar};

/// Units whose multipliers are powers of one number `t`, each with its exponent: `Λ_u = t^e`.
pub type Tie = Vec<(UnitIndex, Rational)>;

/// A tie of units that share one multiplier.
pub(super) fn plain(units: Vec<UnitIndex>) -> Tie {
    let tied = units.into_iter().map(|unit| (unit, Rational::one()));
    tied.collect()
}

/// For each unit of a tie its neighbours there, with the quotient of the neighbour's exponent by its own.
type Neighbours = BTreeMap<UnitIndex, Vec<(UnitIndex, Rational)>>;

impl<S: Scalar> Network<S> {
    /// Finds the independent multipliers: one for each set of units joined by ties, unless one of them cannot be
    /// scaled, or the exponents of overlapping ties contradict each other, which leaves 1 as the only multiplier.
    pub(super) fn assign_variables(&mut self) {
        let mut joined = Neighbours::new();
        for tie in &self.ties {
            for pair in tie.windows(2) {
                if let [(one, a), (other, b)] = pair {
                    joined.entry(*one).or_default().push((*other, b / a));
                    joined.entry(*other).or_default().push((*one, a / b));
                }
            }
        }
        self.variable = vec![None; self.units()];
        self.members = Vec::new();
        self.exponents.clear();
        let mut seen = vec![false; self.units()];
        for first in 0..self.units() {
            if seen[first] {
                continue;
            }
            let (group, agree) = spread(first, &joined);
            let can_be_scaled = agree && group.keys().all(|unit| self.is_homogeneous(*unit));
            for (unit, exponent) in group {
                seen[unit] = true;
                if can_be_scaled {
                    self.assign(first, unit, exponent);
                }
            }
        }
        self.assign_forms();
    }

    /// Gives a unit the power of the multiplier of the first unit of its set.
    fn assign(&mut self, first: UnitIndex, unit: UnitIndex, exponent: Rational) {
        if unit == first {
            self.members.push(Vec::new());
        }
        let variable = self.members.len() - 1;
        self.members[variable].push(unit);
        self.variable[unit] = Some(variable);
        if !exponent.is_one() {
            self.exponents.insert(unit, exponent);
        }
    }

    fn is_homogeneous(&self, unit: UnitIndex) -> bool {
        let unit = self.unit(unit);
        unit.kind == UnitKind::Hidden && unit.activation.degree().is_some()
    }

    /// The power of its variable that is a unit's multiplier: 1 but for units of a [`Tie`] with exponents, whose
    /// variable is the multiplier of the first unit.
    pub fn exponent(&self, unit: UnitIndex) -> Rational {
        let exponent = self.exponents.get(&unit);
        exponent.cloned().unwrap_or_else(Rational::one)
    }

    /// Does each unit that can be scaled have its variable itself as multiplier?
    pub fn has_plain_ties(&self) -> bool {
        self.exponents.is_empty()
    }

    /// A unit's multiplier from that of its variable; `None` where the number type does not have the power.
    pub fn unit_multiplier(&self, unit: UnitIndex, variable: &S) -> Option<S> {
        match self.exponents.get(&unit) {
            Some(exponent) => variable.power(exponent),
            None => Some(variable.clone()),
        }
    }
}

/// The units joined to one, each with its exponent relative to it, and whether all ways agree on that.
fn spread(first: UnitIndex, joined: &Neighbours) -> (BTreeMap<UnitIndex, Rational>, bool) {
    let mut group = BTreeMap::from([(first, Rational::one())]);
    let (mut waiting, mut agree) = (vec![first], true);
    while let Some(unit) = waiting.pop() {
        for (other, quotient) in joined.get(&unit).into_iter().flatten() {
            let exponent = &group[&unit] * quotient;
            match group.get(other) {
                Some(known) => agree &= *known == exponent,
                None => {
                    group.insert(*other, exponent);
                    waiting.push(*other);
                }
            }
        }
    }
    (group, agree)
}
