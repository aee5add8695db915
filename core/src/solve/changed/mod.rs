//! A change of weights that are read where they lie, held against scalings: the nearest one, nearly, and which weights
//! do not follow it.
//!
//! Weights are gone through some dozen times; what is kept in memory is a few numbers for each unit.

mod entries;
mod fit;
mod least_squares;
mod way;

use super::NumberType;
use crate::numbers::{rational_to_f64, rational_to_f64_down};
use fit::{Fit, scales};

pub use entries::with_values;

/// A weight that stands in both of two models.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Its tensor, and its entry there.
    pub place: Place,
    /// The node that it leads to, and the one that it comes from.
    pub ends: [u32; 2],
    /// Its value before and after.
    pub values: [f64; 2],
    /// The type in which it is held after.
    pub number_type: NumberType,
}

/// A tensor and an entry of it.
pub type Place = (usize, usize);

/// All weights, in an order that stays, tensor by tensor.
pub type Pairs<'a> = &'a dyn Fn(&mut dyn FnMut(&Pair));

/// Weights before and after, and how they may scale.
pub struct Change<'a> {
    /// The number of free multipliers.
    pub variables: usize,
    /// By node: the variables that it scales with, each with its exponent. A weight scales with its target and against
    /// its source.
    pub forms: &'a [Vec<(usize, f64)>],
    /// The type of the weights after that has the fewest digits, whose rounding is excused.
    pub number_type: NumberType,
    /// Relative: weights that deviate by more do not follow.
    pub tolerance: f64,
    /// The weights.
    pub pairs: Pairs<'a>,
}

/// What was found of a change.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The multipliers `Λ` that most weights follow.
    pub multipliers: Vec<f64>,
    /// The largest relative deviation of a weight from them, with the rounding of this computation, but for weights
    /// that were lost; 0 where the change is exactly this scaling.
    pub deviation: f64,
    /// Where it is.
    pub worst: Option<Place>,
    /// The first weight that is 0 on one side only, or changed its sign: no scaling does that.
    pub fault: Option<(Place, Fault)>,
    /// The first of the weights that deviate by more than the tolerance from what most say.
    pub suspects: Vec<Place>,
    /// How many there are.
    pub suspected: usize,
    /// Weights that the number type holds as 0, or with fewer digits, and that round to what stands there, with their
    /// values before they did.
    pub lost: Vec<(Place, f64)>,
    /// For the first suspects: weights that follow and say by themselves that those do not.
    pub evidence: Vec<Place>,
    /// The largest relative change of a weight that no scaling changes, rounded up.
    pub unscaled: f64,
    /// Do their types explain tiny weights? Where they do not, those count as they stand.
    pub explains_tiny: bool,
}

/// What no scaling does to a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is 0 on one side only.
    Zero,
    /// It changed its sign.
    Sign,
}

/// Suspects that are named.
pub const NAMED: usize = 200;

/// Weights lost in writing that are kept account of.
const MOST_LOST: usize = 1 << 20;

impl Change<'_> {
    /// Finds the multipliers that most weights follow. `None` where numbers leave the range of `f64`, or more are lost
    /// than can be kept account of.
    pub fn followed(&self) -> Option<Followed> {
        match self.followed_without(true)? {
            Some(found) => Some(found),
            // Tiny weights count as they stand.
            None => self.followed_without(false)?,
        }
    }

    /// The same, with weights left out that are tiny in their number types or with all; `Some(None)` if the others do
    /// not predict those.
    fn followed_without(&self, tiny: bool) -> Option<Option<Followed>> {
        let change = Reading {
            change: self,
            leaves_out: tiny,
        };
        let glance = change.glance();
        let mut found = Followed {
            multipliers: vec![1.0; self.variables],
            deviation: f64::INFINITY,
            worst: None,
            fault: glance.is_in_range.then_some(glance.fault)?,
            suspects: Vec::new(),
            suspected: 0,
            lost: Vec::new(),
            evidence: Vec::new(),
            unscaled: glance.unscaled,
            explains_tiny: tiny,
        };
        if let Some((place, _)) = found.fault {
            found.suspects.push(place);
            found.suspected = 1;
            return Some(Some(found));
        }
        let (fit, deviations, tree) = Fit::of_most(&change)?;
        let (nearest, deviation, worst) = fit.nearest(&change, deviations);
        found.deviation = deviation;
        found.worst = worst;
        found.multipliers.clone_from(&nearest.multipliers);
        let allowed = rational_to_f64_down(&self.number_type.allowed(self.tolerance));
        if found.deviation.is_nan() || found.deviation > allowed {
            (found.suspects, found.suspected) = fit.suspects(&change, self.tolerance);
            let mut ends = Vec::new();
            let first = &found.suspects[..found.suspects.len().min(EVIDENT)];
            change.each(&mut |pair| {
                if first.contains(&pair.place) {
                    ends.push(pair.ends);
                }
            });
            found.evidence = tree.ways(self, &ends);
        }
        if !glance.leaves_out {
            return Some(Some(found));
        }
        let lost = change.lost(&nearest)?;
        Some(lost.map(|lost| Followed { lost, ..found }))
    }
}

/// Suspects for which evidence is sought.
const EVIDENT: usize = 16;

/// What one reading tells without a scaling.
struct Glance {
    /// The first weight that no scaling explains.
    fault: Option<(Place, Fault)>,
    /// Do the ratios before it stay in the range of `f64`?
    is_in_range: bool,
    /// How far weights that no scaling changes have changed, relatively.
    unscaled: f64,
    /// Are there weights that say nothing?
    leaves_out: bool,
}

/// A change, with or without weights that are so tiny after it that they say nothing.
struct Reading<'a> {
    change: &'a Change<'a>,
    leaves_out: bool,
}

impl Reading<'_> {
    fn is_tiny(&self, pair: &Pair) -> bool {
        let [old, new] = pair.values;
        self.leaves_out
            && new.abs() < pair.number_type.smallest_normal()
            && old != 0.0
            && (new == 0.0 || (old < 0.0) == (new < 0.0))
    }

    /// Calls back with each weight that says something.
    fn each(&self, call: &mut dyn FnMut(&Pair)) {
        (self.change.pairs)(&mut |pair| {
            if pair.values[0] != 0.0 && !self.is_tiny(pair) {
                call(pair);
            }
        });
    }

    /// Calls back with each weight left out, and between which magnitudes it was before it was written.
    fn each_tiny(&self, call: &mut dyn FnMut(&Pair, [f64; 2])) {
        (self.change.pairs)(&mut |pair| {
            if self.is_tiny(pair) {
                let (new, half) = (pair.values[1].abs(), pair.number_type.step() / 2.0);
                call(pair, [(new - half).max(0.0), new + half]);
            }
        });
    }

    /// One reading, before any scaling is known.
    fn glance(&self) -> Glance {
        let mut found = Glance {
            fault: None,
            is_in_range: true,
            unscaled: 0.0,
            leaves_out: false,
        };
        (self.change.pairs)(&mut |pair| {
            let [old, new] = pair.values;
            if old == 0.0 && new == 0.0 {
                return;
            }
            if old != new && !scales(self.change, pair) {
                let change = (new / old - 1.0).abs();
                let change = change * (1.0 + f64::EPSILON) + f64::EPSILON;
                found.unscaled = found.unscaled.max(change);
            }
            if self.is_tiny(pair) {
                found.leaves_out = true;
            } else if found.fault.is_none() {
                let kind = match (old == 0.0) != (new == 0.0) {
                    true => Some(Fault::Zero),
                    false => ((old < 0.0) != (new < 0.0)).then_some(Fault::Sign),
                };
                found.is_in_range &= kind.is_some() || (new / old).is_normal();
                found.fault = kind.map(|kind| (pair.place, kind));
            }
        });
        found
    }

    /// The weights left out with what they were before they were written; `Some(None)` if some are not what the others
    /// predict. `None` if they are too many.
    fn lost(&self, fit: &Fit) -> Option<Option<Vec<(Place, f64)>>> {
        // Rounding of this computation is less.
        let excused = rational_to_f64(&self.change.number_type.excused()) * (1.0 - 1e-6);
        let (mut lost, mut is_predicted, mut is_double) = (Vec::new(), true, false);
        (self.change.pairs)(&mut |pair| {
            if !self.is_tiny(pair) {
                return;
            }
            let [old, new] = pair.values;
            let value = old.abs() * fit.expected(pair.ends);
            // Twice the number, since half of the smallest one of f64 is none.
            let off = 2.0 * (value - new.abs()).abs();
            is_predicted &= off <= pair.number_type.step() + 2.0 * value * excused;
            is_double |= pair.number_type == NumberType::F64;
            if lost.len() <= MOST_LOST {
                lost.push((pair.place, value.copysign(old)));
            }
        });
        if is_double || lost.len() > MOST_LOST {
            return None;
        }
        Some(is_predicted.then_some(lost))
    }
}
