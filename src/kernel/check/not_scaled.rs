//! Weights that no scaling explains.

use num_traits::{One, Signed, Zero};

use super::{arity, manifold::vanishes};
use crate::kernel::{NotScaled, Obstacle, Problem, Refusal, Verified};
use crate::numbers::{Rational, Work, rational_power};

/// **No multipliers `Λ > 0` give every weight of `after` up to a relative deviation of `tolerance`**: for all of them
/// `|after_e / (before_e Π Λ_v^{d_ev}) - 1| > tolerance` at some synapse, or exactly one of both weights is 0. With
/// `tolerance = 0`, `after` is no scaling of `before`.
///
/// Why: multipliers are positive, so signs and zeros stay ([`Obstacle::Synapse`]). Along a combination of synapses that
/// vanishes on the manifold all multipliers cancel ([`Obstacle::Cycle`]): the ratios `after/before`, each to its coefficient,
/// multiply to a number between the products of `1 - tolerance` and `1 + tolerance`, or no multipliers fit. Place: ours, from
/// Definition 5.2 of the paper.
///
/// Cost: the length of the cycle, in exact products.
///
/// # Errors
/// Wrong lengths; a tolerance outside `[0, 1)`; signs and zeros that agree; a combination that does not vanish, or holds a
/// ratio that is not positive; ratios that multiply to a number within the tolerance, or too long to be written out.
pub fn not_scaled(
    problem: &Problem,
    before: &[Rational],
    after: &[Rational],
    obstacle: &Obstacle,
    tolerance: &Rational,
) -> Result<Verified<NotScaled>, Refusal> {
    arity("weights before", before.len(), problem.synapses().len())?;
    arity("weights after", after.len(), problem.synapses().len())?;
    if tolerance.is_negative() || *tolerance >= Rational::one() {
        return Err(Refusal::Tolerance);
    }
    let mut weights = Vec::new();
    let mut pair = |synapse: usize| {
        let pair = before.get(synapse).zip(after.get(synapse));
        let (before, after) = pair.ok_or(Refusal::NoSuchSynapse { synapse })?;
        weights.push((synapse, before.clone(), after.clone()));
        Ok((before, after))
    };
    let product = match obstacle {
        Obstacle::Synapse(synapse) => {
            let (before, after) = pair(*synapse)?;
            let both_zero = before.is_zero() && after.is_zero();
            if both_zero || (before * after).is_positive() {
                return Err(Refusal::SameSign { synapse: *synapse });
            }
            None
        }
        Obstacle::Cycle(terms) => {
            vanishes(problem, 0, terms)?;
            let mut extent = Extent::new(tolerance);
            for (synapse, coefficient) in terms {
                let (before, after) = pair(*synapse)?;
                if !(before * after).is_positive() {
                    return Err(Refusal::Ratio { synapse: *synapse });
                }
                extent
                    .extend(&(after / before), coefficient)
                    .ok_or(Refusal::Irrational { synapse: *synapse })?;
            }
            let first = terms.first().map_or(0, |(synapse, _)| *synapse);
            let too_long = Refusal::Irrational { synapse: first };
            let (least, product, greatest) = extent.multiplied().ok_or(too_long)?;
            if least <= product && product <= greatest {
                return Err(Refusal::Consistent {
                    product: Box::new(product),
                });
            }
            Some(product)
        }
    };
    let claim = NotScaled {
        obstacle: obstacle.clone(),
        tolerance: tolerance.clone(),
        product,
        weights,
    };
    Ok(Verified::new(problem, claim))
}

/// The factors of the product of ratios along a cycle, and of what it lies between if the ratios deviate by no more than the tolerance.
struct Extent {
    down: Rational,
    up: Rational,
    least: Vec<Rational>,
    greatest: Vec<Rational>,
    product: Vec<Rational>,
}

impl Extent {
    fn new(tolerance: &Rational) -> Self {
        Extent {
            down: Rational::one() - tolerance,
            up: Rational::one() + tolerance,
            least: Vec::new(),
            greatest: Vec::new(),
            product: Vec::new(),
        }
    }

    fn extend(&mut self, ratio: &Rational, coefficient: &Rational) -> Option<()> {
        let (low, high) = match coefficient.is_positive() {
            true => (&self.down, &self.up),
            false => (&self.up, &self.down),
        };
        self.least.push(rational_power(low, coefficient)?);
        self.greatest.push(rational_power(high, coefficient)?);
        self.product.push(rational_power(ratio, coefficient)?);
        Some(())
    }

    /// The least value, the value itself, and the greatest.
    fn multiplied(&self) -> Option<(Rational, Rational, Rational)> {
        let mut work = Work::new(self.product.len());
        let mut all = |factors| work.product_of(factors);
        Some((all(&self.least)?, all(&self.product)?, all(&self.greatest)?))
    }
}
