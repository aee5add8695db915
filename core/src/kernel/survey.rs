//! What solvers ask of a problem and of its costs. Nothing here is trusted.

use num_traits::Signed;

use super::{Cost, Problem, Refusal, Synapse};
use crate::numbers::{Enclosure, Rational, rational_power};

/// `(A_v, B_v)`, each `None` where an exponent leaves its range.
pub type Sides = (Option<Enclosure>, Option<Enclosure>);

/// The costs of all synapses at ratio 1, enclosed once for several points.
pub struct Costs {
    bits: u64,
    /// For each synapse the enclosed `q_k a_k b_k^{p_k}`; empty for synapses that are not active.
    slopes: Vec<Vec<Option<Enclosure>>>,
}

/// What solvers ask of a cost.
pub trait Priced {
    /// `coefficient · base^power` if it is rational.
    fn exact(&self) -> Option<Rational>;

    /// `coefficient · base^power`, enclosed.
    fn enclosed(&self, bits: u64) -> Option<Enclosure>;
}

impl Priced for Cost {
    fn exact(&self) -> Option<Rational> {
        Some(&self.coefficient * rational_power(&self.base, &self.power)?)
    }

    fn enclosed(&self, bits: u64) -> Option<Enclosure> {
        let base = Enclosure::from_rational(&self.base, bits.checked_mul(2)?)?;
        base.power(&self.power, bits)?
            .times(&self.coefficient, bits)
    }
}

/// What solvers ask of a problem.
pub trait Surveyed {
    /// For each variable, the first variable of its component if that component can be scaled as a whole without
    /// changing any weight, see [`Problem::common_scaling`]; the first variable is then fixed at 1.
    ///
    /// # Errors
    /// Those of [`Problem::common_scaling`].
    fn floating(&self) -> Result<Vec<Option<usize>>, Refusal>;

    /// For each variable, whether it is free: not fixed at 1 as the first of a [floating](Surveyed::floating)
    /// component.
    ///
    /// # Errors
    /// Those of [`Problem::common_scaling`].
    fn free(&self) -> Result<Vec<bool>, Refusal>;

    /// Encloses the costs to `bits` bits. Cost: a root of each weight where a power is fractional.
    fn costs(&self, bits: u64) -> Costs;

    /// `(A_v, B_v)` of every variable at the multipliers `point > 0`, with outward rounding.
    ///
    /// Cost: linear in the number of synapses.
    fn sides(&self, costs: &Costs, point: &[Rational]) -> Vec<Sides>;
}

impl Surveyed for Problem {
    fn floating(&self) -> Result<Vec<Option<usize>>, Refusal> {
        let scaling = self.common_scaling()?.into_iter();
        Ok(scaling.map(|entry| entry.map(|(first, _)| first)).collect())
    }

    fn free(&self) -> Result<Vec<bool>, Refusal> {
        let floating = self.floating()?.into_iter().enumerate();
        let free = floating.map(|(variable, first)| first != Some(variable));
        Ok(free.collect())
    }

    fn costs(&self, bits: u64) -> Costs {
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

    fn sides(&self, costs: &Costs, point: &[Rational]) -> Vec<Sides> {
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
