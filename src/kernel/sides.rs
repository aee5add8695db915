//! Input and output cost of every variable, enclosed.

use num_traits::One;

use super::{Cost, Problem, Synapse};
use crate::numbers::{Enclosure, Rational};

/// `(A_v, B_v)`, each `None` where an exponent leaves its range or a synapse is no ratio of two multipliers.
pub type Sides = (Option<Enclosure>, Option<Enclosure>);

/// The costs of all synapses at ratio 1, enclosed once for several points.
pub struct Costs {
    bits: u64,
    /// For each synapse the enclosed `q_k a_k b_k^{p_k}`; empty for synapses that are not active.
    slopes: Vec<Vec<Option<Enclosure>>>,
}

impl Problem {
    /// Encloses the costs to `bits` bits. Cost: a root of each weight where a power is fractional.
    pub fn costs(&self, bits: u64) -> Costs {
        let slope = |cost: &Cost| {
            let factor = Enclosure::from_rational(&cost.exponent, bits)?;
            cost.enclosed(bits)?.mul(&factor, bits)
        };
        let slopes = self
            .synapses()
            .iter()
            .map(|synapse| match synapse.is_active() {
                true => synapse.costs.iter().map(slope).collect(),
                false => Vec::new(),
            });
        Costs {
            bits,
            slopes: slopes.collect(),
        }
    }

    /// `(A_v, B_v)` of every variable at the multipliers `point > 0`, with outward rounding.
    ///
    /// Synapses whose ratio is not `μ_i/μ_j`, `μ_i` or `1/μ_j` are left out; rules that use the sums check for them.
    /// Cost: linear in the number of synapses.
    pub fn sides(&self, costs: &Costs, point: &[Rational]) -> Vec<Sides> {
        let bits = costs.bits;
        let enclosed = point.iter().map(|value| {
            let value = Enclosure::from_rational(value, bits)?;
            Some((value.reciprocal(bits)?, value))
        });
        let enclosed: Vec<Option<(Enclosure, Enclosure)>> = enclosed.collect();
        let factor = |variable: usize| enclosed.get(variable).and_then(Option::as_ref);
        let mut sides = vec![(Some(Enclosure::zero()), Some(Enclosure::zero())); self.variables()];
        for (synapse, slopes) in self.synapses().iter().zip(&costs.slopes) {
            if !synapse.is_active() {
                continue;
            }
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
            let slope = ratio.and_then(|ratio| slope(synapse, slopes, &ratio, bits));
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
fn slope(
    synapse: &Synapse,
    slopes: &[Option<Enclosure>],
    ratio: &Enclosure,
    bits: u64,
) -> Option<Enclosure> {
    let mut total = Enclosure::zero();
    for (cost, slope) in synapse.costs.iter().zip(slopes) {
        let power = match cost.exponent.is_one() {
            true => ratio.clone(),
            false => ratio.power(&cost.exponent, bits)?,
        };
        total = total.add(&slope.as_ref()?.mul(&power, bits)?, bits)?;
    }
    Some(total)
}
