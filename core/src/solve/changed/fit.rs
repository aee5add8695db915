//! Multipliers that most weights follow.

use super::least_squares::corrected;
use super::way::Tree;
use super::{Change, NAMED, Pair, Place, Reading};
use crate::numbers::{is_power_of_two, rational_to_f64_down};
use crate::solve::NumberType;
use std::f64::consts::LN_2;

/// Of so many weights at a variable, taken from all of them, the median counts.
const SAMPLE: usize = 31;

/// Sweeps of medians.
const SWEEPS: usize = 8;

/// Sweeps in which each multiplier is put in the middle of what its weights ask for.
const MIDDLES: usize = 12;

/// How often as many follow where the answer hangs on them.
const MANY_ROUNDS: usize = 20;

/// Suspects from which on medians are not trusted where weights scale with several multipliers.
const MANY: usize = 1_000;

/// A share by which a deviation must fall for more of them.
const LITTLE: f64 = 0.02;

/// A multiplier is taken for a power of two if its logarithm is as near to that of one.
const NEAR: f64 = 1e-6;

/// Powers of two up to this exponent, and their quotients, are normal numbers.
const FAR: u16 = 500;

/// Deviations up to so many tolerances can be shared out so that none is above it.
const SHARED: f64 = 32.0;

/// Multipliers, and what follows from them at each node.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// `log Λ` by variable.
    pub logs: Vec<f64>,
    /// `Λ` by variable.
    pub multipliers: Vec<f64>,
    /// By node.
    pub values: Vec<f64>,
    /// Has every node one variable, itself, but for the last, which has none?
    pub is_plain: bool,
}

/// What one reading tells of a fit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deviations {
    largest: f64,
    worst: Option<Place>,
    /// Above the tolerance.
    count: usize,
}

impl Fit {
    pub fn new(change: &Change, logs: Vec<f64>) -> Self {
        let of = |form: &Vec<(usize, f64)>| -> f64 {
            let log: f64 = form.iter().map(|(v, exponent)| exponent * logs[*v]).sum();
            log.exp()
        };
        let is_own = |(node, form): (usize, &Vec<(usize, f64)>)| match form.as_slice() {
            [] => node == change.variables,
            [(variable, exponent)] => *variable == node && *exponent == 1.0,
            _ => false,
        };
        Fit {
            values: change.forms.iter().map(of).collect(),
            is_plain: change.forms.len() == change.variables + 1
                && change.forms.iter().enumerate().all(is_own),
            multipliers: logs.iter().map(|log| log.exp()).collect(),
            logs,
        }
    }

    /// The same with every multiplier a power of two, if each is nearly one and every weight is exactly what they make
    /// of it.
    fn in_powers_of_two(&self, reading: &Reading) -> Option<Self> {
        let nearest = |log: &f64| {
            let step = (log / LN_2).round();
            let is_near = (log - step * LN_2).abs() <= NEAR && step.abs() <= f64::from(FAR);
            is_near.then_some(step)
        };
        let steps: Vec<f64> = self.logs.iter().map(nearest).collect::<Option<_>>()?;
        let power = |step: f64| {
            let is_whole = step.fract() == 0.0 && step.abs() <= f64::from(FAR);
            is_whole.then(|| 2f64.powi(step as i32))
        };
        let of = |form: &Vec<(usize, f64)>| {
            power(form.iter().map(|(v, exponent)| exponent * steps[*v]).sum())
        };
        let values: Vec<f64> = reading.change.forms.iter().map(of).collect::<Option<_>>()?;
        let exact = Fit {
            logs: steps.iter().map(|step| step * LN_2).collect(),
            multipliers: steps.into_iter().map(power).collect::<Option<_>>()?,
            values,
            is_plain: self.is_plain,
        };
        // The quotient of two numbers is a power of two only if the one is the other, scaled by it.
        (exact.deviations(reading).largest == 0.0).then_some(exact)
    }

    /// What a weight is multiplied by.
    pub fn expected(&self, [to, from]: [u32; 2]) -> f64 {
        self.values[to as usize] / self.values[from as usize]
    }

    /// How far a weight is from the scaled one, relatively and with a sign.
    pub fn rest(&self, pair: &Pair) -> f64 {
        let [old, new] = pair.values;
        (new / old) / self.expected(pair.ends) - 1.0
    }

    /// The fit of medians that leaves the fewest weights in doubt, how far weights deviate from it, and a tree of
    /// weights that follow it.
    pub fn of_most(reading: &Reading) -> Option<(Self, Deviations, Tree)> {
        let change = reading.change;
        let excused = rational_to_f64_down(&change.number_type.excused());
        let (mut logs, _) = Tree::grown(reading, SAMPLE, &|_| true);
        let mut best = Fit::new(change, logs.clone());
        let mut found = best.deviations(reading);
        for _ in 0..SWEEPS {
            if found.count == 0 || found.largest <= excused {
                break;
            }
            logs = medians(reading, &logs);
            let next = Fit::new(change, logs.clone());
            let deviations = next.deviations(reading);
            if deviations.count >= found.count {
                break;
            }
            (best, found) = (next, deviations);
        }
        if found.count > MANY && !best.is_plain {
            let robust = corrected(reading, &best, true)?;
            let deviations = robust.deviations(reading);
            if deviations.count <= found.count {
                (best, found) = (robust, deviations);
            }
        }
        let tree = match found.count {
            0 => Tree::default(),
            _ => {
                let follows = |pair: &Pair| best.rest(pair).abs() <= change.tolerance;
                Tree::grown(reading, 1, &follows).1
            }
        };
        best.logs
            .iter()
            .all(|log| log.is_finite())
            .then_some((best, found, tree))
    }

    fn deviations(&self, reading: &Reading) -> Deviations {
        let mut found = Deviations::default();
        reading.each(&mut |pair| {
            let size = self.rest(pair).abs();
            let size = if size.is_nan() { f64::INFINITY } else { size };
            if size > found.largest {
                (found.largest, found.worst) = (size, Some(pair.place));
            }
        });
        let tolerance = reading.change.tolerance;
        if found.largest > tolerance {
            reading.each(&mut |pair| {
                let follows = self.rest(pair).abs() <= tolerance;
                found.count += usize::from(!follows);
            });
        }
        found
    }

    /// The weights beyond a deviation: the first of them, and how many.
    pub fn suspects(&self, reading: &Reading, tolerance: f64) -> (Vec<Place>, usize) {
        let (mut first, mut count) = (Vec::new(), 0);
        reading.each(&mut |pair| {
            let follows = self.rest(pair).abs() <= tolerance;
            if !follows {
                count += 1;
                if first.len() < NAMED {
                    first.push(pair.place);
                }
            }
        });
        (first, count)
    }

    /// A scaling from which no weight deviates much more than it must, the largest deviation with what rounding can
    /// hide of it, and where that is; given how far weights deviate from this one.
    pub fn nearest(&self, reading: &Reading, deviations: Deviations) -> (Self, f64, Option<Place>) {
        if let Some(exact) = self.in_powers_of_two(reading) {
            return (exact, 0.0, None);
        }
        let change = reading.change;
        let excused = rational_to_f64_down(&change.number_type.excused());
        let mut best = (self.clone(), deviations);
        let take = |next: Fit, best: &mut (Fit, Deviations)| {
            let deviations = next.deviations(reading);
            let is_better = deviations.largest < best.1.largest;
            let is_much = deviations.largest < (1.0 - LITTLE) * best.1.largest;
            if is_better {
                *best = (next, deviations);
            }
            is_much
        };
        if best.1.largest > excused && self.is_plain {
            let largest = best.1.largest;
            let is_open = largest > change.tolerance && largest <= SHARED * change.tolerance;
            let rounds = if is_open { MANY_ROUNDS } else { 1 };
            for _ in 0..rounds {
                let next = best.0.settled(reading, MIDDLES);
                if !take(next, &mut best) || best.1.largest <= excused {
                    break;
                }
            }
        } else if best.1.largest > excused
            && best.1.largest <= SHARED * change.tolerance
            && let Some(next) = corrected(reading, self, false)
        {
            take(next, &mut best);
        }
        let (fit, found) = best;
        let deviation = fit.rounded_up(reading, found.largest);
        (fit, deviation, found.worst)
    }

    /// Each multiplier in the middle between the least and the largest that a weight asks for, again and again.
    fn settled(&self, reading: &Reading, sweeps: usize) -> Self {
        let mut values = self.values.clone();
        let ground = reading.change.variables;
        for _ in 0..sweeps {
            let mut ends = vec![(f64::INFINITY, 0.0f64); values.len()];
            reading.each(&mut |pair| {
                let [to, from] = pair.ends.map(|end| end as usize);
                let ratio = pair.values[1] / pair.values[0];
                for (node, value) in [(to, ratio * values[from]), (from, values[to] / ratio)] {
                    let (low, high) = &mut ends[node];
                    (*low, *high) = (low.min(value), high.max(value));
                }
            });
            for (value, (low, high)) in values[..ground].iter_mut().zip(&ends) {
                if *high > 0.0 {
                    // Half of the way: neighbours move at the same time.
                    *value = (*value * (low * high).sqrt()).sqrt();
                }
            }
        }
        let logs = values[..ground].iter().map(|value| value.ln()).collect();
        Fit {
            logs,
            multipliers: values[..ground].to_vec(),
            values,
            is_plain: true,
        }
    }

    /// The largest deviation with what rounding can hide of it; 0 only where every weight is exactly scaled.
    fn rounded_up(&self, reading: &Reading, largest: f64) -> f64 {
        if !self.is_plain {
            let forms = reading.change.forms.iter();
            let sizes = forms.map(|form| -> f64 {
                let terms = form.iter();
                terms
                    .map(|(v, exponent)| (exponent * self.logs[*v]).abs() * (1 + form.len()) as f64)
                    .sum()
            });
            let longest = sizes.fold(0.0, f64::max);
            return largest + 32.0 * (1.0 + longest) * (1.0 + largest) * f64::EPSILON;
        }
        if reading.change.number_type != NumberType::F64 {
            return match largest == 0.0 && self.values.iter().all(|v| is_power_of_two(*v)) {
                true => 0.0,
                // Four roundings.
                false => largest + 4.0 * (1.0 + largest) * f64::EPSILON,
            };
        }
        // Products of two in full.
        let mut most = 0.0f64;
        reading.each(&mut |pair| {
            let [old, new] = pair.values.map(f64::abs);
            let [to, from] = pair.ends.map(|end| self.values[end as usize]);
            let (one, other) = (new * from, old * to);
            let (rest, second) = (new.mul_add(from, -one), old.mul_add(to, -other));
            let is_in_full = one.abs() > SAFE && other.abs() > SAFE && one.is_finite();
            most = most.max(match is_in_full && other.is_finite() {
                true => ((one - other) + (rest - second)).abs() / other * (1.0 + 1e-9),
                false => f64::INFINITY,
            });
        });
        most
    }
}

/// Above this no product of two numbers loses digits of its rounding error.
const SAFE: f64 = 1e-280;

/// Each variable takes the median of what some of its weights ask for.
fn medians(reading: &Reading, logs: &[f64]) -> Vec<f64> {
    let change = reading.change;
    let mut samples = vec![Sample::default(); change.variables];
    let fit = Fit::new(change, logs.to_vec());
    reading.each(&mut |pair| {
        each_own(change, pair, |variable, exponent| {
            let sample = &mut samples[variable];
            if let Some(slot) = sample.slot(SAMPLE) {
                let log = fit.rest(pair).ln_1p() / exponent;
                sample.put(slot, (logs[variable] + log, pair.place));
            }
        });
    });
    let medians = samples.into_iter().zip(logs);
    medians
        .map(|(sample, log)| sample.median().map_or(*log, |(median, _)| median))
        .collect()
}

/// The variables that a weight scales with, and their exponents.
#[inline]
pub(super) fn each_own(change: &Change, pair: &Pair, mut call: impl FnMut(usize, f64)) {
    let [to, from] = pair.ends.map(|end| &change.forms[end as usize]);
    for (variable, exponent) in to {
        let against = from.iter().find(|(other, _)| other == variable);
        let exponent = exponent - against.map_or(0.0, |(_, exponent)| *exponent);
        if exponent != 0.0 {
            call(*variable, exponent);
        }
    }
    for (variable, exponent) in from {
        if !to.iter().any(|(other, _)| other == variable) {
            call(*variable, -exponent);
        }
    }
}

/// Does any scaling change a weight?
#[inline]
pub(super) fn scales(change: &Change, pair: &Pair) -> bool {
    let mut scales = false;
    each_own(change, pair, |_, _| scales = true);
    scales
}

/// Some of many numbers, each as likely as any other.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    seen: u64,
    kept: Vec<(f64, Place)>,
}

impl Sample {
    /// Where the next one is kept, if it is.
    pub fn slot(&mut self, most: usize) -> Option<usize> {
        self.seen += 1;
        if self.kept.len() < most {
            return Some(self.kept.len());
        }
        // The same every time.
        let mut mixed = self.seen.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^= mixed >> 32;
        mixed = mixed.wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^= mixed >> 32;
        let place = (mixed % self.seen) as usize;
        (place < most).then_some(place)
    }

    pub fn put(&mut self, slot: usize, value: (f64, Place)) {
        match self.kept.get_mut(slot) {
            Some(own) => *own = value,
            None => self.kept.push(value),
        }
    }

    /// The lower median.
    pub fn median(mut self) -> Option<(f64, Place)> {
        self.kept.sort_by(|one, other| one.0.total_cmp(&other.0));
        let middle = self.kept.len().checked_sub(1)? / 2;
        Some(self.kept[middle])
    }
}
