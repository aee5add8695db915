//! Input and output cost of every variable, enclosed.

use num_traits::Signed;

use super::{Cost, Problem, Synapse};
use crate::numbers::{Enclosure, Rational};

/// `(A_v, B_v)`, each `None` where an exponent leaves its range.
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
        let slope = |cost: &Cost| cost.enclosed(bits)?.times(&cost.exponent, bits);
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
    /// Cost: linear in the number of synapses.
    pub fn sides(&self, costs: &Costs, point: &[Rational]) -> Vec<Sides> {
        let bits = costs.bits;
        let enclosed = point.iter().map(|value| {
            let value = Enclosure::from_rational(value, bits)?;
            Some((value.reciprocal(bits)?, value))
        });
        let enclosed: Vec<Option<(Enclosure, Enclosure)>> = enclosed.collect();
        let mut sides = vec![(Some(Enclosure::zero()), Some(Enclosure::zero())); self.variables()];
        for (synapse, slopes) in self.synapses().iter().zip(&costs.slopes) {
            if !synapse.is_active() {
                continue;
            }
            let slope = ratio(synapse, &enclosed, bits)
                .and_then(|ratio| slope(synapse, slopes, &ratio, bits));
            for (variable, exponent) in &synapse.direction {
                let Some((input, output)) = sides.get_mut(*variable) else {
                    continue;
                };
                let side = match exponent.is_positive() {
                    true => input,
                    false => output,
                };
                let share = slope
                    .as_ref()
                    .and_then(|slope| slope.clone().times(&exponent.abs(), bits));
                *side = side
                    .as_ref()
                    .zip(share)
                    .and_then(|(sum, share)| sum.add(&share, bits));
            }
        }
        sides
    }
}

/// `Π μ_v^{d_v}`; each multiplier comes as `(1/μ, μ)`.
fn ratio(
    synapse: &Synapse,
    multipliers: &[Option<(Enclosure, Enclosure)>],
    bits: u64,
) -> Option<Enclosure> {
    let mut product: Option<Enclosure> = None;
    for (variable, exponent) in &synapse.direction {
        let (inverse, value) = multipliers.get(*variable)?.as_ref()?;
        let base = match exponent.is_positive() {
            true => value,
            false => inverse,
        };
        let factor = base.power(&exponent.abs(), bits)?;
        product = Some(match product {
            Some(product) => product.mul(&factor, bits)?,
            None => factor,
        });
    }
    product
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
        let power = ratio.power(&cost.exponent, bits)?;
        total = total.add(&slope.as_ref()?.mul(&power, bits)?, bits)?;
    }
    Some(total)
}
