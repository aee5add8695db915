//! The comparison principle: two sign tests enclose every balanced multiplier. For enclosures of version 1.

use num_bigint::BigUint;
use num_traits::{One, Zero};

use super::{exact_sum, existence::falling, positive};
use crate::flat::Share;
use crate::work::Work;
use crate::{Enclosed, Flat, Rational, Refusal, Synapse, Verified};

/// **The minimum is attained and `lower_v <= μ*_v <= upper_v`** if `A_v <= B_v` at every free variable at
/// `μ = lower`, and `A_v >= B_v` at every free variable at `μ = upper`.
///
/// A component that no non-zero synapse joins to the ground can, between BiLU units always, be scaled as a whole without
/// changing any weight: its multipliers are determined up to a common factor, and the statement is about those whose first variable is 1.
/// [`Enclosed::normalised`] names its variables. The balanced *weights* are unique all the same.
///
/// Hypotheses, all checked: `0 < lower <= upper`; in every active synapse at most one exponent is positive and at most one
/// negative, whatever their sizes, as in the ratios `μ_i/μ_j` of BiLU units and `μ_i/μ_j^c`, `c > 0`, of BiPU units, but not
/// after a product, nor where a multiplier and its inverse are read by one unit; the first variable of each
/// component that can be scaled as a whole ([`Flat::common_scaling`]), which is not free, has both bounds 1: that is how the
/// component is normalised.
///
/// Why: as a function of `x = log μ`, `R` is convex with gradient `g = A - B`, and `∂g_v/∂x_w = Σ_e d_ev d_ew q² · cost <= 0`
/// for `v != w`: `g_v` falls in every other variable. `R` has a minimum over the box between the bounds. Where it
/// touches `upper_v`, a minimum has `g_v <= 0`, while `g_v >= g_v(upper) >= 0`; so `g_v = 0`. Likewise below. Hence the
/// minimum over the box is stationary, and by convexity it is the minimum over all multipliers. It is unique: no
/// direction of the free variables leaves all ratios as they are (a synapse of one variable determines it, one of two the other
/// from one), so `R` is strictly convex in them. In a component that
/// can be scaled as a whole, along `z`, `Σ_v z_v g_v = 0`, so the variable that is fixed balances with the others.
/// Place: ours. The general proof (`enclosure_certificate`) does not cover components away from the ground in which no scaling is
/// common, as where BiPU units of a cycle disagree.
///
/// Cost: linear in the number of synapses unless two sums agree to 120 bits; then exact sums decide.
///
/// # Errors
/// Wrong lengths, signs or order; a synapse outside the hypotheses; a component that is not normalised; a
/// sign test that fails, or that irrational costs leave undecided.
pub fn enclosure(
    problem: &Flat,
    lower: &[Rational],
    upper: &[Rational],
) -> Result<Verified<Enclosed>, Refusal> {
    compare(problem, lower, upper, Vec::new())
}

/// **The infimum is not attained, and in the limit in which the synapses that fall along `direction` vanish,
/// the others are balanced within the bounds.**
///
/// Why: along `direction` the falling costs tend to 0 and the others do not change, so the infimum of `R`
/// equals that of the problem without the falling synapses, and that one has a minimum by [`enclosure`].
/// Place: ours.
///
/// # Errors
/// Those of [`not_attained`](super::not_attained) and of [`enclosure`] for the remaining problem.
pub fn limit_enclosure(
    problem: &Flat,
    direction: &[Rational],
    lower: &[Rational],
    upper: &[Rational],
) -> Result<Verified<Enclosed>, Refusal> {
    compare(problem, lower, upper, falling(problem, direction)?)
}

fn compare(
    whole: &Flat,
    lower: &[Rational],
    upper: &[Rational],
    vanishing: Vec<usize>,
) -> Result<Verified<Enclosed>, Refusal> {
    let problem = &whole.without(&vanishing);
    positive("lower", lower, problem.variables())?;
    positive("upper", upper, problem.variables())?;
    let mut bounds = lower.iter().zip(upper);
    if let Some(variable) = bounds.position(|(lower, upper)| lower > upper) {
        return Err(Refusal::Crossed(variable));
    }
    if let Some(synapse) = problem.synapses().iter().position(Synapse::raises_both) {
        return Err(Refusal::RaisesBoth(synapse));
    }
    let scaling = problem.common_scaling()?;
    // The first one of a component that can be scaled as a whole is held at 1.
    let held = |variable: usize| matches!(scaling.get(variable), Some(Some((first, _))) if *first == variable);
    for (variable, (lower, upper)) in lower.iter().zip(upper).enumerate() {
        if held(variable) && !(lower.is_one() && upper.is_one()) {
            return Err(Refusal::NotNormalised(variable));
        }
    }
    let sides = problem.shares();
    let mut work = Work::new(problem.synapses().len());
    for (bound, point) in [("lower", lower), ("upper", upper)] {
        let free = sides
            .iter()
            .enumerate()
            .filter(|(variable, _)| !held(*variable));
        for (variable, [input, output]) in free {
            let (smaller, larger, named) = match bound {
                "lower" => (input, output, "input"),
                _ => (output, input, "output"),
            };
            match at_most(smaller, larger, point, &mut work) {
                Some(true) => {}
                Some(false) => {
                    let larger = named;
                    return Err(Refusal::Sign {
                        variable,
                        bound,
                        larger,
                    });
                }
                None => return Err(Refusal::Undecided(variable)),
            }
        }
    }
    let claim = Enclosed {
        lower: lower.to_vec(),
        upper: upper.to_vec(),
        normalised: scaling.iter().map(Option::is_some).collect(),
        vanishing,
    };
    Ok(Verified::new(whole, claim))
}

/// Working precisions, in bits, of the rounded sums; beyond them exact arithmetic decides.
const PRECISIONS: [u32; 2] = [128, 1024];

/// Is one sum of costs at most the other? `None` where it is not known.
fn at_most(
    smaller: &[Share],
    larger: &[Share],
    point: &[Rational],
    work: &mut Work,
) -> Option<bool> {
    for bits in PRECISIONS {
        if let Some(answer) = rounded_at_most(smaller, larger, point, bits) {
            return Some(answer);
        }
    }
    let smaller = exact_sum(smaller, point, work)?;
    Some(smaller <= exact_sum(larger, point, work)?)
}

/// The same where terms rounded down to so many significant bits, and then to a grid, decide it. Such a term is at least the integer, and less than its
/// successor times `1 + 2^(1 - bits)`.
fn rounded_at_most(
    smaller: &[Share],
    larger: &[Share],
    point: &[Rational],
    bits: u32,
) -> Option<bool> {
    let rounded = |side: &[Share]| {
        let terms = side.iter().map(|share| share.rounded(point, bits));
        terms.collect::<Option<Vec<_>>>()
    };
    let (smaller, larger) = (rounded(smaller)?, rounded(larger)?);
    let tops = smaller.iter().chain(&larger).map(|term| term.top());
    let top = tops.collect::<Option<Vec<_>>>()?.into_iter().max();
    // Of the largest one twice as many bits as are right.
    let grid = i64::from(bits)
        .checked_mul(2)?
        .checked_sub(top.unwrap_or(0))?;
    let ends = |terms: &[crate::Number]| {
        let mut sum = BigUint::zero();
        for term in terms {
            sum += term.on_grid(grid)?;
        }
        let above = &sum + BigUint::from(terms.len());
        Some((
            sum << bits.checked_sub(1)?,
            (&above << bits.checked_sub(1)?) + above,
        ))
    };
    let ((least, most), (least_other, most_other)) = (ends(&smaller)?, ends(&larger)?);
    match (most <= least_other, least >= most_other) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
