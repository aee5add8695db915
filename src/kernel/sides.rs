//! Input and output cost of every variable, enclosed.

use num_traits::One;

use super::{Problem, Synapse};
use crate::numbers::{Enclosure, Rational};

/// `(A_v, B_v)`, each `None` where an exponent leaves its range or a synapse is no ratio of two multipliers.
pub type Sides = (Option<Enclosure>, Option<Enclosure>);

impl Problem {
    /// `(A_v, B_v)` of every variable at the multipliers `point > 0`, with outward rounding to `bits` bits.
    ///
    /// Synapses whose ratio is not `μ_i/μ_j`, `μ_i` or `1/μ_j` are left out; rules that use the sums check for them.
    /// Cost: linear in the number of synapses.
    pub fn sides(&self, point: &[Rational], bits: u64) -> Vec<Sides> {
        let enclosed = point.iter().map(|value| {
            let value = Enclosure::from_rational(value, bits)?;
            Some((value.reciprocal(bits)?, value))
        });
        let enclosed: Vec<Option<(Enclosure, Enclosure)>> = enclosed.collect();
        let factor = |variable: usize| enclosed.get(variable).and_then(Option::as_ref);
        let mut sides = vec![(Some(Enclosure::zero()), Some(Enclosure::zero())); self.variables()];
        for synapse in self.synapses().iter().filter(|synapse| synapse.is_active()) {
            let Some((entered, left)) = synapse.endpoints() else {
                continue;
            };
            let ratio = match (entered, left) {
                (Some(i), Some(j)) => factor(i)
                    .zip(factor(j))
                    .and_then(|((_, value), (inverse, _))| value.mul(inverse, bits)),
                (Some(i), None) => factor(i).map(|(_, value)| value.clone()),
                (None, Some(j)) => factor(j).map(|(inverse, _)| inverse.clone()),
                (None, None) => None,
            };
            let slope = ratio.and_then(|ratio| slope(synapse, &ratio, bits));
            let add = |sum: &mut Option<Enclosure>| {
                *sum = sum
                    .as_ref()
                    .zip(slope.as_ref())
                    .and_then(|(sum, slope)| sum.add(slope, bits));
            };
            if let Some((input, _)) = entered.and_then(|i| sides.get_mut(i)) {
                add(input);
            }
            if let Some((_, output)) = left.and_then(|j| sides.get_mut(j)) {
                add(output);
            }
        }
        sides
    }
}

/// `Σ_k q_k a_k b_k^{p_k} r^{q_k}`: the derivative of the synapse's cost in `log r`.
fn slope(synapse: &Synapse, ratio: &Enclosure, bits: u64) -> Option<Enclosure> {
    let mut slope = Enclosure::zero();
    for cost in &synapse.costs {
        let mut term = cost.enclosed(bits)?;
        if cost.exponent.is_one() {
            term = term.mul(ratio, bits)?;
        } else {
            let factor = Enclosure::from_rational(&cost.exponent, bits)?;
            term = term
                .mul(&factor, bits)?
                .mul(&ratio.power(&cost.exponent, bits)?, bits)?;
        }
        slope = slope.add(&term, bits)?;
    }
    Some(slope)
}
