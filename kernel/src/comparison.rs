//! The comparison principle: two sign tests enclose every balanced multiplier. For enclosures of version 1; nothing else depends on it.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;

use crate::check::{Checked, Term, positive, remaining, sides, weighted};
use crate::number::times;
use crate::{Enclosed, Problem, Rational, Refusal, Verified};

/// Working precisions, in bits, of the rounded costs; beyond them exact arithmetic decides.
const PRECISIONS: [Option<u32>; 3] = [Some(128), Some(1024), None];

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
/// component that can be scaled as a whole, which is not free, has both bounds 1: that is how the
/// component is normalised.
///
/// Why: as a function of `x = log μ`, `R` is convex with gradient `g = A - B`, and `∂g_v/∂x_w = Σ_e d_ev d_ew q² · cost <= 0`
/// for `v != w`: `g_v` falls in every other variable. `R` has a minimum over the box between the bounds. Where it
/// touches `upper_v`, a minimum has `g_v <= 0`, while `g_v >= g_v(upper) >= 0`; so `g_v = 0`. Likewise below. Hence the
/// minimum over the box is stationary, and by convexity it is the minimum over all multipliers. It is unique: no
/// direction of the free variables leaves all ratios as they are (a synapse of one variable determines it, one of two the other
/// from one), so `R` is strictly convex in them. In a component that
/// can be scaled as a whole, along `z`, `Σ_v z_v g_v = 0`, so the variable that is fixed balances with the others.
/// Place: ours.
///
/// Cost: linear in the number of synapses unless two sums agree to 120 bits; then exact sums decide.
///
/// # Errors
/// Wrong lengths, signs or order; a synapse outside the hypotheses; a component that is not normalised; a
/// sign test that fails, or that irrational costs leave undecided.
pub fn enclosure<'a>(
    problem: &Problem<'a>,
    direction: Option<&[Rational]>,
    lower: &[Rational],
    upper: &[Rational],
) -> Checked<'a, Enclosed> {
    let (vanishing, terms) = remaining(problem, direction)?;
    positive("lower", lower, problem.variables())?;
    positive("upper", upper, problem.variables())?;
    let mut bounds = lower.iter().zip(upper);
    if let Some(variable) = bounds.position(|(lower, upper)| lower > upper) {
        return Err(Refusal::Crossed(variable));
    }
    for term in &terms {
        let exponents = term.exponents.values();
        let rising = exponents.filter(|exponent| exponent.is_positive()).count();
        if rising > 1 || term.exponents.len().saturating_sub(rising) > 1 {
            return Err(Refusal::RaisesBoth(term.synapse));
        }
    }
    let first = common_scaling(problem.variables(), &terms);
    // The first one of a component that can be scaled as a whole is held at 1.
    let mut free = Vec::new();
    for (variable, (lower, upper)) in lower.iter().zip(upper).enumerate() {
        match first.get(&variable) == Some(&Some(variable)) {
            true if lower.is_one() && upper.is_one() => {}
            true => return Err(Refusal::NotNormalised(variable)),
            false => free.push(variable),
        }
    }
    for (bound, named, point) in [("lower", "input", lower), ("upper", "output", upper)] {
        let mut open = free.clone();
        for bits in PRECISIONS {
            if open.is_empty() {
                break;
            }
            let sides = sides(problem, &terms, point, bits);
            // Each cost is at least the rounded one, and less than this times it.
            let unit = |bits: u32| BigInt::one() << bits.saturating_sub(1);
            let rounding = bits.map(|bits| Rational::new(BigInt::one(), unit(bits)));
            let factor = Rational::one() + rounding.unwrap_or_default();
            let mut left = Vec::new();
            for variable in open {
                let known = sides.get(variable).and_then(|[input, output]| match bound {
                    "lower" => input.as_ref().zip(output.as_ref()),
                    _ => output.as_ref().zip(input.as_ref()),
                });
                match known {
                    Some((smaller, larger)) if smaller * &factor <= *larger => {}
                    Some((smaller, larger)) if larger * &factor <= *smaller => {
                        return Err(Refusal::Sign(variable, bound, named));
                    }
                    _ => left.push(variable),
                }
            }
            open = left;
        }
        if let Some(variable) = open.first() {
            return Err(Refusal::Undecided(*variable));
        }
    }
    let normalised = first.values().map(Option::is_some).collect();
    let (lower, upper) = (lower.to_vec(), upper.to_vec());
    let claim = Enclosed {
        lower,
        upper,
        normalised,
        vanishing,
    };
    Verified::of(problem, claim)
}

/// For each variable the first one of its component, if that can be scaled as a whole without changing any weight: if there are `z`, not 0, with `Σ_v d_ev z_v = 0`
/// in all its terms, which have at most two variables. Then no term joins it to the ground, and each `z_v` follows from a neighbour's.
/// Between BiLU units every `z` is 1; BiPU units of a cycle may disagree, and then only `z = 0` is left. A variable without terms is a component of its own.
fn common_scaling(variables: usize, terms: &[Term]) -> BTreeMap<usize, Option<usize>> {
    let mut around: BTreeMap<usize, Vec<&Term>> = BTreeMap::new();
    for term in terms {
        for variable in term.exponents.keys() {
            around.entry(*variable).or_default().push(term);
        }
    }
    let around = |variable: usize| around.get(&variable).into_iter().flatten();
    let mut found = BTreeMap::new();
    for first in 0..variables {
        if found.contains_key(&first) {
            continue;
        }
        let mut scaling = BTreeMap::from([(first, Rational::one())]);
        let mut waiting = vec![first];
        while let Some(own) = waiting.pop() {
            let z = scaling.get(&own).cloned().unwrap_or_default();
            for term in around(own) {
                let mut all = term.exponents.iter();
                let other = all.find(|(other, _)| !scaling.contains_key(other));
                if let (Some((other, theirs)), Some(exponent)) = (other, term.exponents.get(&own)) {
                    scaling.insert(*other, -times(&z, exponent) / theirs);
                    waiting.push(*other);
                }
            }
        }
        let mut own = scaling.keys().flat_map(|variable| around(*variable));
        let stays = |term: &&Term| weighted(&term.exponents, |v| scaling.get(&v)).is_zero();
        let whole = own.all(stays).then_some(first);
        found.extend(scaling.keys().map(|variable| (*variable, whole)));
    }
    found
}
