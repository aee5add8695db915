//! Existence of the minimum: the two cases of Stiemke's lemma.

use num_traits::{One, Signed, Zero};

use super::numbers;
use crate::number::{plus, times};
use crate::{Attained, Flat, NotAttained, Rational, Refusal, Verified};

/// **The minimum is attained** if there is a circulation `y`, at least 1 on every synapse of non-zero cost
/// and 0 on the others, with `Σ_e y_e d_ev = 0` at every variable `v`.
///
/// Why: by convexity of `exp`, `Σ y_e log(r_e) = 0` for all multipliers, so no ratio can fall to 0 without
/// another growing to infinity; `R` has compact level sets in the space of ratios.
/// Synapses whose ratio no scaling changes are not looked at. Place: ours. The general proof (`attained_certificate`) is for
/// units of degree 1, and for positive degrees if every variable is joined to the ground.
///
/// # Errors
/// Wrong length, a flow of the wrong size, or a variable where the flow is not conserved.
pub fn attained(problem: &Flat, circulation: &[Rational]) -> Result<Verified<Attained>, Refusal> {
    numbers("circulation", circulation, problem.synapses().len())?;
    let mut at = vec![Rational::zero(); problem.variables()];
    for (index, (synapse, flow)) in problem.synapses().iter().zip(circulation).enumerate() {
        if synapse.direction.is_empty() {
            continue;
        }
        let refuse = |needed| {
            Err(Refusal::Flow {
                synapse: index,
                flow: Box::new(flow.clone()),
                needed,
            })
        };
        if synapse.is_zero() {
            if !flow.is_zero() {
                return refuse("0, since its weight is 0");
            }
            continue;
        }
        if *flow < Rational::one() {
            return refuse("at least 1");
        }
        for (variable, exponent) in &synapse.direction {
            if let Some(sum) = at.get_mut(*variable) {
                *sum = plus(sum, &times(flow, exponent));
            }
        }
    }
    if let Some(variable) = at.iter().position(|surplus| !surplus.is_zero()) {
        return Err(Refusal::NotACirculation(variable));
    }
    let circulation = circulation.to_vec();
    Ok(Verified::new(problem, Attained { circulation }))
}

/// **The minimum is not attained** if there is a direction `δ` in `log μ` with `d_e · δ <= 0` for every synapse
/// of non-zero cost and `< 0` for at least one.
///
/// Why: from any multipliers, moving along `δ` lowers `R` strictly, so none of them is a minimum.
/// The synapses with `< 0` are those whose cost tends to 0 on the way. Place: ours.
///
/// # Errors
/// Wrong length, a cost that rises, or none that falls.
pub fn not_attained(
    problem: &Flat,
    direction: &[Rational],
) -> Result<Verified<NotAttained>, Refusal> {
    let vanishing = falling(problem, direction)?;
    let direction = direction.to_vec();
    let claim = NotAttained {
        direction,
        vanishing,
    };
    Ok(Verified::new(problem, claim))
}

/// The synapses whose cost falls along `direction`, if there are any and none rises.
pub(super) fn falling(problem: &Flat, direction: &[Rational]) -> Result<Vec<usize>, Refusal> {
    numbers("direction", direction, problem.variables())?;
    let mut vanishing = Vec::new();
    for (index, synapse) in problem.synapses().iter().enumerate() {
        if !synapse.is_active() {
            continue;
        }
        let mut slope = Rational::zero();
        for (variable, exponent) in &synapse.direction {
            let step = direction.get(*variable);
            slope = step.map_or(slope.clone(), |step| plus(&slope, &times(exponent, step)));
        }
        if slope.is_positive() {
            return Err(Refusal::Rises(index));
        }
        if slope.is_negative() {
            vanishing.push(index);
        }
    }
    match vanishing.is_empty() {
        true => Err(Refusal::NothingFalls),
        false => Ok(vanishing),
    }
}
