//! Sums of costs that neither overflow nor vanish, whatever the power.

use crate::network::Regularizer;
use crate::numbers::rational_to_f64;

/// A sum of costs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sum {
    /// The largest magnitude.
    pub largest: f64,
    /// The reciprocal of it, once there is one.
    inverse: f64,
    /// Under a power, the sum over the cost of the largest one; under a mixture, the sum.
    sum: f64,
}

/// What a weight costs.
#[derive(Debug, Clone)]
pub(crate) enum Law {
    One,
    Two,
    Whole(i32),
    Other(f64),
    /// Factors and powers.
    Mixture(Vec<(f64, f64)>),
}

/// Smaller magnitudes count as 0: their reciprocals are no numbers.
const SMALLEST: f64 = 1e-300;

impl Law {
    pub fn of(regularizer: &Regularizer) -> Self {
        let power = match regularizer {
            Regularizer::Lp(power) => power,
            Regularizer::Mixture(terms) => {
                let terms = terms
                    .iter()
                    .map(|(factor, power)| (rational_to_f64(factor), rational_to_f64(power)));
                return Law::Mixture(terms.collect());
            }
        };
        let value = rational_to_f64(power);
        match power.is_integer() && value < 1e6 {
            true if value == 1.0 => Law::One,
            true if value == 2.0 => Law::Two,
            true => Law::Whole(value as i32),
            false => Law::Other(value),
        }
    }

    /// The power of a number.
    #[inline(always)]
    fn of_number(&self, number: f64) -> f64 {
        match self {
            Law::One => number,
            Law::Two => number * number,
            Law::Whole(power) => number.powi(*power),
            Law::Other(power) => number.powf(*power),
            Law::Mixture(terms) => terms.iter().map(|(a, p)| a * number.powf(*p)).sum(),
        }
    }

    fn power(&self) -> Option<f64> {
        match self {
            Law::One => Some(1.0),
            Law::Two => Some(2.0),
            Law::Whole(power) => Some(f64::from(*power)),
            Law::Other(power) => Some(*power),
            Law::Mixture(_) => None,
        }
    }

    /// Adds what a weight of this magnitude costs.
    #[inline(always)]
    pub fn add_cost(&self, sum: &mut Sum, size: f64) {
        match self {
            Law::Mixture(_) => {
                sum.largest = sum.largest.max(size);
                sum.sum += self.of_number(size);
            }
            _ => self.add(sum, size, 1.0),
        }
    }

    /// Adds how fast that grows with the logarithm of what the weight grows with, but for a common factor; `times` is
    /// its power.
    #[inline(always)]
    pub fn add_slope(&self, sum: &mut Sum, size: f64, times: f64) {
        match self {
            Law::Mixture(terms) => {
                sum.largest = sum.largest.max(size);
                let slopes = terms.iter().map(|(a, p)| a * p * size.powf(*p));
                sum.sum += times * slopes.sum::<f64>();
            }
            _ => self.add(sum, size, times),
        }
    }

    #[inline(always)]
    fn add(&self, sum: &mut Sum, size: f64, times: f64) {
        let relative = size * sum.inverse;
        if sum.largest > 0.0 && relative <= 1.0 {
            sum.sum += times * self.of_number(relative);
        } else if size >= SMALLEST {
            let kept = match sum.largest > 0.0 {
                true => sum.sum * self.of_number(sum.largest / size),
                false => 0.0,
            };
            *sum = Sum {
                largest: size,
                inverse: size.recip(),
                sum: kept + times,
            };
        }
    }

    /// A sum of costs that was added up as it is; `None` where digits may be lost in that, or under a mixture.
    pub fn of_plain(&self, largest: f64, sum: f64) -> Option<Sum> {
        self.power()?;
        if largest == 0.0 {
            return (sum == 0.0).then(Sum::default);
        }
        let cost = self.of_number(largest);
        let is_safe = cost.is_normal() && sum.is_normal() && largest >= SMALLEST;
        is_safe.then(|| Sum {
            largest,
            inverse: largest.recip(),
            sum: sum / cost,
        })
    }

    /// Adds a sum to another.
    pub fn merge(&self, into: &mut Sum, other: &Sum) {
        match self {
            Law::Mixture(_) => {
                into.largest = into.largest.max(other.largest);
                into.sum += other.sum;
            }
            _ if other.largest > 0.0 => self.add(into, other.largest, other.sum),
            _ => {}
        }
    }

    /// The logarithm of a sum.
    pub fn ln(&self, sum: &Sum) -> f64 {
        match self.power() {
            Some(power) if sum.largest > 0.0 => power * sum.largest.ln() + sum.sum.ln(),
            Some(_) => f64::NEG_INFINITY,
            None => sum.sum.ln(),
        }
    }

    /// The logarithm of the norm that belongs to the power; of the largest magnitude for a mixture.
    pub fn ln_norm(&self, sum: &Sum) -> f64 {
        match self.power() {
            Some(power) => sum.largest.ln() + sum.sum.ln() / power,
            None => sum.largest.ln(),
        }
    }
}

/// The logarithm of the sum of numbers that are given by their logarithms.
pub(super) fn ln_sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logarithms.map(|own| (own - most).exp()).sum::<f64>().ln()
}

/// `|A - B| / (A + B)` of two costs that are given by their logarithms; 0 if both are 0.
pub(super) fn deficit_of_ln(one: f64, other: f64) -> f64 {
    match (one == f64::NEG_INFINITY, other == f64::NEG_INFINITY) {
        (true, true) => 0.0,
        (false, false) => ((one - other) / 2.0).tanh().abs(),
        _ => 1.0,
    }
}
