//! Weights that no scaling explains.

use num_traits::{One, Signed, Zero};

use super::{manifold::vanishes, numbers};
use crate::number::{Base, Powers};
use crate::problem::is_number;
use crate::work::Work;
use crate::{Flat, NotScaled, Obstacle, Rational, Refusal, Verified};

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
    problem: &Flat,
    before: &[Rational],
    after: &[Rational],
    obstacle: &Obstacle,
    tolerance: &Rational,
) -> Result<Verified<NotScaled>, Refusal> {
    numbers("weights before", before, problem.synapses().len())?;
    numbers("weights after", after, problem.synapses().len())?;
    if !is_number(tolerance) || tolerance.is_negative() || *tolerance >= Rational::one() {
        return Err(Refusal::Tolerance);
    }
    let mut weights = Vec::new();
    let mut pair = |synapse: usize| {
        let pair = before.get(synapse).zip(after.get(synapse));
        let (before, after) = pair.ok_or(Refusal::NoSuchSynapse(synapse))?;
        weights.push((synapse, before.clone(), after.clone()));
        Ok((before, after))
    };
    let product = match obstacle {
        Obstacle::Synapse(synapse) => {
            let (before, after) = pair(*synapse)?;
            let both_zero = before.is_zero() && after.is_zero();
            if both_zero || (before * after).is_positive() {
                return Err(Refusal::SameSign(*synapse));
            }
            None
        }
        Obstacle::Cycle(terms) => {
            vanishes(problem, 0, terms)?;
            let (down, up) = (Rational::one() - tolerance, Rational::one() + tolerance);
            let (mut least, mut ratios, mut greatest) = (Vec::new(), Vec::new(), Vec::new());
            for (synapse, coefficient) in terms {
                let (before, after) = pair(*synapse)?;
                if !(before * after).is_positive() {
                    return Err(Refusal::Ratio(*synapse));
                }
                let (low, high) = match coefficient.is_positive() {
                    true => (&down, &up),
                    false => (&up, &down),
                };
                let power = |base: &Rational| (Base::from(base), coefficient.clone());
                least.push(power(low));
                ratios.push(power(&(after / before)));
                greatest.push(power(high));
            }
            let synapse = terms.first().map_or(0, |(synapse, _)| *synapse);
            let mut work = Work::new(terms.len());
            let mut multiplied = |factors: &[(Base, Rational)]| {
                let product = Powers::of(factors).and_then(|powers| powers.exact(&mut work));
                product.ok_or(Refusal::Irrational(synapse))
            };
            let product = multiplied(&ratios)?;
            if multiplied(&least)? <= product && product <= multiplied(&greatest)? {
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
