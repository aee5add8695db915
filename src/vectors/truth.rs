//! Expected answers. Each is verified by the kernel before it is used; what cannot be verified is an error.

use num_traits::{One, Zero};

use super::number::{DIGITS, Number};
use crate::kernel::{Enclosed, Priced, Problem, Surveyed, Synapse, Verified, check};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, Wide};
use crate::solve::{
    DirectOptions, ExistenceClaim, Solution, balance_exactly, certify, certify_limit, double_cover,
    existence, solve_direct,
};

/// Digits certified: so many more than are written that the ends, rounded outward, are those of the number itself, and
/// the files do not depend on how a machine computes the bounds.
const CERTIFIED: u32 = DIGITS + 40;

/// What was verified speaks of something else; a defect of this crate.
const ANOTHER: &str = "the answer is about another problem";

/// What is true of the minimum of a problem.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    /// The verified direction if the minimum is not attained.
    pub direction: Option<Vec<Rational>>,
    /// The synapses that vanish in the limit.
    pub vanishing: Vec<usize>,
    /// `μ` at the minimum, or in the limit, one for each variable.
    pub multipliers: Vec<Number>,
    /// For each variable, the first one of its set if the set can be scaled together without changing a weight.
    pub floating: Vec<Option<usize>>,
}

/// Finds the minimum, or the limit, and has it verified: exactly if it is rational, enclosed otherwise.
pub(super) fn optimum(problem: &Problem) -> Result<Optimum, String> {
    let found = existence(problem).map_err(|fault| fault.to_string())?;
    let claim = found.claim_about(problem).ok_or(ANOTHER)?;
    let vanishing = found.vanishing().to_vec();
    let reduced = problem.without(&vanishing);
    let solution = solve(&reduced)?;
    let multipliers = match balance_exactly(&reduced, &solution) {
        Some(verified) => {
            let exact = verified.claim_about(&reduced).ok_or(ANOTHER)?;
            let exact = exact.multipliers.iter();
            exact.cloned().map(Number::Exact).collect()
        }
        None => {
            let compared = match claim {
                ExistenceClaim::Attained(_) => certify(problem, &solution, CERTIFIED),
                ExistenceClaim::NotAttained(claim) => {
                    certify_limit(problem, claim, &solution, CERTIFIED)
                }
            };
            match compared {
                Ok(verified) => bounds(&verified, problem)?,
                Err(_) => covered(&reduced)?,
            }
        }
    };
    let direction = match claim {
        ExistenceClaim::Attained(_) => None,
        ExistenceClaim::NotAttained(claim) => Some(claim.direction.clone()),
    };
    Ok(Optimum {
        direction,
        vanishing,
        multipliers,
        floating: reduced.floating().unwrap_or_default(),
    })
}

/// The bounds of a verified enclosure.
fn bounds(verified: &Verified<Enclosed>, problem: &Problem) -> Result<Vec<Number>, String> {
    let enclosed = verified.claim_about(problem).ok_or(ANOTHER)?;
    let bounds = enclosed.lower.iter().zip(&enclosed.upper);
    let between = |(low, high): (&Rational, &Rational)| match low == high {
        true => Number::Exact(low.clone()),
        false => Number::Between(low.clone(), high.clone()),
    };
    Ok(bounds.map(between).collect())
}

/// `sqrt(v+ / v-)` of the double cover, for what the comparison principle does not cover itself.
fn covered(problem: &Problem) -> Result<Vec<Number>, String> {
    let cover = double_cover(problem).ok_or("neither rational nor of two multipliers a synapse")?;
    if !cover.magnitudes.iter().all(One::is_one) {
        return Err("the cover has other exponents than 1 and -1".into());
    }
    let solution = solve(&cover.problem)?;
    let verified = certify(&cover.problem, &solution, CERTIFIED);
    let verified = verified.map_err(|fault| fault.to_string())?;
    let doubled = bounds(&verified, &cover.problem)?;
    let half = Rational::new(1.into(), 2.into());
    let root = |pair: &[Number]| {
        let ratio = pair[0].times(&pair[1].power(&-Rational::one())?);
        ratio.power(&half)
    };
    let roots = doubled.chunks_exact(2).map(root).collect::<Option<_>>();
    roots.ok_or_else(|| "a root could not be computed".into())
}

fn solve(problem: &Problem) -> Result<Solution, String> {
    let options = DirectOptions::default();
    solve_direct(problem, &options, &mut |_| {}).map_err(|fault| fault.to_string())
}

/// `Π μ_v^{d_v x}` of a synapse.
fn ratio(synapse: &Synapse, multipliers: &[Number], exponent: &Rational) -> Result<Number, String> {
    let failed = || "a ratio of weights could not be computed".to_string();
    let mut ratio = Number::Exact(Rational::one());
    if multipliers.iter().all(|value| value.exact().is_some()) {
        // First the product, then the root: the root may be rational where those of the factors are not.
        for (variable, power) in &synapse.direction {
            let factor = multipliers[*variable].power(power).ok_or_else(failed)?;
            ratio = ratio.times(&factor);
        }
        return ratio.power(exponent).ok_or_else(failed);
    }
    for (variable, power) in &synapse.direction {
        let factor = multipliers[*variable].power(&(power * exponent));
        ratio = ratio.times(&factor.ok_or_else(failed)?);
    }
    Ok(ratio)
}

/// The weights at the given `μ` of the minimum, 0 where they vanish.
pub(super) fn weights(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    found: &Optimum,
) -> Result<Vec<Number>, String> {
    let weights = weights_after(network, regularizer, found)?;
    check_weights(network, regularizer, &weights)?;
    Ok(weights)
}

/// The weights at any `μ`.
pub(super) fn weights_after(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    found: &Optimum,
) -> Result<Vec<Number>, String> {
    let problem = network.problem(regularizer);
    let root = regularizer.variable_power().recip();
    let weight = |(index, synapse): (usize, &Synapse)| {
        let before = Number::Exact(network.weight(index).clone());
        if found.vanishing.contains(&index) || network.weight(index).is_zero() {
            return Ok(Number::zero());
        }
        Ok(before.times(&ratio(synapse, &found.multipliers, &root)?))
    };
    let synapses = problem.synapses().iter().enumerate();
    synapses.map(weight).collect()
}

/// Where all balanced weights are rational, they must be balanced by themselves: a proof that does without the
/// multipliers.
fn check_weights(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    weights: &[Number],
) -> Result<(), String> {
    let exact: Option<Vec<Rational>> = weights.iter().map(|w| w.exact().cloned()).collect();
    let Some(exact) = exact else {
        return Ok(());
    };
    let problem = network.with_weights(exact).problem(regularizer);
    let ones = vec![Rational::one(); problem.variables()];
    let costs = problem.synapses().iter().flat_map(|synapse| &synapse.costs);
    if costs.into_iter().any(|cost| cost.exact().is_none()) {
        return Ok(());
    }
    let balanced = check::balanced(&problem, &ones);
    balanced.map(|_| ()).map_err(|fault| fault.to_string())
}

/// The cost of a synapse, `Σ_k coefficient · |w|^p · ratio^q`.
fn cost(synapse: &Synapse, multipliers: &[Number], slope: bool) -> Result<Number, String> {
    let failed = || "a cost could not be computed".to_string();
    let mut total = Number::zero();
    for cost in synapse.costs.iter().filter(|cost| !cost.base.is_zero()) {
        let base = Number::Exact(cost.base.clone());
        let base = base.power(&cost.power).ok_or_else(failed)?;
        let mut factor = cost.coefficient.clone();
        if slope {
            factor *= &cost.exponent;
        }
        let scaled = base.times(&ratio(synapse, multipliers, &cost.exponent)?);
        total = total.plus(&scaled.times(&Number::Exact(factor)));
    }
    Ok(total)
}

/// The regularizer at the given `μ`, without the synapses that vanish.
pub(super) fn regularizer(problem: &Problem, found: &Optimum) -> Result<Number, String> {
    let mut total = Number::zero();
    let kept = problem.without(&found.vanishing);
    for synapse in kept.synapses() {
        total = total.plus(&cost(synapse, &found.multipliers, false)?);
    }
    narrow(total)
}

/// `μ = 1` everywhere.
pub(super) fn identity(problem: &Problem) -> Optimum {
    Optimum {
        direction: None,
        vanishing: Vec::new(),
        multipliers: vec![Number::Exact(Rational::one()); problem.variables()],
        floating: vec![None; problem.variables()],
    }
}

/// `(A, B)` of a variable at the weights as they are.
pub(super) fn sides(problem: &Problem, variable: usize) -> Result<(Number, Number), String> {
    sides_at(problem, variable, &identity(problem).multipliers)
}

/// `(A, B)` of a variable at any `μ`.
pub(super) fn sides_at(
    problem: &Problem,
    variable: usize,
    multipliers: &[Number],
) -> Result<(Number, Number), String> {
    let (mut input, mut output) = (Number::zero(), Number::zero());
    for synapse in problem.synapses() {
        let own = synapse.direction.iter().find(|(v, _)| *v == variable);
        let Some((_, exponent)) = own else { continue };
        let side = match num_traits::Signed::is_positive(exponent) {
            true => &mut input,
            false => &mut output,
        };
        let share = Number::Exact(num_traits::Signed::abs(exponent));
        *side = side.plus(&cost(synapse, multipliers, true)?.times(&share));
    }
    Ok((input, output))
}

/// Rounds an enclosure outward to the digits that are written, and refuses one that is too wide.
pub(super) fn narrow(value: Number) -> Result<Number, String> {
    let rounded = value.rounded().ok_or("a decimal was rounded inward")?;
    match rounded.is_narrow() {
        true => Ok(rounded),
        false => Err(format!("an enclosure is wider than 10^-{DIGITS}")),
    }
}

/// The problem seen by one variable alone, all others at 1.
pub(super) fn restricted(problem: &Problem, variable: usize) -> Result<Problem, String> {
    let synapses = problem.synapses().iter().map(|synapse| {
        let own = synapse.direction.iter().filter(|(v, _)| *v == variable);
        Synapse {
            direction: own.map(|(_, exponent)| (0, exponent.clone())).collect(),
            costs: synapse.costs.clone(),
        }
    });
    Problem::new(1, synapses.collect()).map_err(|fault| fault.to_string())
}

/// Does a number lie outside the range in which binary64 has its full precision?
pub(super) fn is_beyond_f64(value: &Rational) -> bool {
    let size = Wide::from_rational(&num_traits::Signed::abs(value)).to_f64();
    !value.is_zero() && (!size.is_finite() || size < f64::MIN_POSITIVE)
}
