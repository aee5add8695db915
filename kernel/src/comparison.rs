//! The comparison principle: two sign tests enclose every balanced multiplier. For enclosures of version 1; nothing
//! else depends on it.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::cell::LazyCell;
use std::collections::BTreeMap;

use crate::check::{Checked, Term, positive, remaining, sides};
use crate::number::times;
use crate::problem::{Exponents, summed};
use crate::{Enclosed, Problem, Rational, Refusal, Verified};

/// Working precisions, in bits, of the rounded costs; beyond them exact arithmetic decides.
const PRECISIONS: [Option<u32>; 3] = [Some(128), Some(1024), None];

/// **The minimum is attained and `lower_v <= μ*_v <= upper_v`** if `A_v <= B_v` at every free variable at
/// `μ = lower`, and `A_v >= B_v` at every free variable at `μ = upper`.
///
/// A component that no non-zero synapse joins to the ground can, between BiLU units always, be scaled as a whole
/// without changing any weight: its multipliers are determined up to a common factor, and the statement is about those
/// whose first variable is 1. [`Enclosed::normalised`] names its variables. The balanced *weights* are unique all the
/// same.
///
/// Hypotheses, all checked: `0 < lower <= upper`; in every active synapse at most one exponent is positive and at most
/// one negative, whatever their sizes, as in the ratios `μ_i/μ_j` of BiLU units and `μ_i/μ_j^c`, `c > 0`, of BiPU
/// units, but not after a product, nor where a multiplier and its inverse are read by one unit; the first variable of
/// each component that can be scaled as a whole, which is not free, has both bounds 1: that is how the component is
/// normalised.
///
/// Why: as a function of `x = log μ`, `R` is convex with gradient `g = A - B`, and `∂g_v/∂x_w = Σ_e d_ev d_ew q² · cost
/// <= 0` for `v != w`: `g_v` falls in every other variable. `R` has a minimum over the box between the bounds. Where it
/// touches `upper_v`, a minimum has `g_v <= 0`, while `g_v >= g_v(upper) >= 0`; so `g_v = 0`. Likewise below. Hence the
/// minimum over the box is stationary, and by convexity it is the minimum over all multipliers. It is unique: no
/// direction of the free variables leaves all ratios as they are (a synapse of one variable determines it, one of two
/// the other from one), so `R` is strictly convex in them. In a component that can be scaled as a whole, along `z`,
/// `Σ_v z_v g_v = 0`, so the variable that is fixed balances with the others. Place: ours.
///
/// Cost: nearly linear in the number of synapses unless two sums agree to 120 bits; then exact sums decide.
///
/// # Errors
/// Wrong lengths, signs or order; a synapse outside the hypotheses; a component that is not normalised; a
/// sign test that fails, or that irrational costs leave undecided.
pub fn enclosure<'a>(problem: &Problem<'a>, mut claim: Enclosed) -> Checked<'a, Enclosed> {
    let (vanishing, terms) = remaining(problem, claim.direction.as_ref())?;
    positive("lower", &claim.lower, problem.variables())?;
    positive("upper", &claim.upper, problem.variables())?;
    let bounds = || claim.lower.iter().zip(&claim.upper);
    if let Some(variable) = bounds().position(|(lower, upper)| lower > upper) {
        return Err(Refusal::Crossed(variable));
    }
    for term in &terms {
        let exponents = term.exponents.values();
        let rising = exponents.filter(|exponent| exponent.is_positive()).count();
        if rising > 1 || term.exponents.len().saturating_sub(rising) > 1 {
            return Err(Refusal::RaisesBoth(term.synapse));
        }
    }
    let rows = eliminated(&terms);
    let mut normalised = Vec::new();
    for (variable, (lower, upper)) in bounds().enumerate() {
        // The first one of a component that can be scaled as a whole is held at 1.
        let row = rows.get(&variable);
        if row.is_none() && !(lower.is_one() && upper.is_one()) {
            return Err(Refusal::NotNormalised(variable));
        }
        // A row of one variable makes its z 0; one of two, that of the first.
        normalised.push(row.is_none_or(|row| {
            let first = row.keys().next().and_then(|first| normalised.get(*first));
            row.len() == 2 && first == Some(&true)
        }));
    }
    for (bound, named, point) in [
        ("lower", "input", &claim.lower),
        ("upper", "output", &claim.upper),
    ] {
        let terms = &terms;
        let tiers =
            PRECISIONS.map(|bits| LazyCell::new(move || sides(problem, terms, point, bits)));
        for variable in rows.keys() {
            let holds = tiers.iter().zip(PRECISIONS).find_map(|(sides, bits)| {
                let [input, output] = sides.get(*variable)?.each_ref().map(Option::as_ref);
                let (smaller, larger) = match bound {
                    "lower" => (input?, output?),
                    _ => (output?, input?),
                };
                // Each cost is at least the rounded one, and less than this times it.
                let unit =
                    |bits: u32| Rational::from_integer(BigInt::one() << bits.saturating_sub(1));
                let factor =
                    Rational::one() + bits.map_or(Rational::zero(), |bits| unit(bits).recip());
                let holds = smaller * &factor <= *larger;
                (holds || larger * &factor <= *smaller).then_some(holds)
            });
            match holds {
                Some(true) => {}
                Some(false) => return Err(Refusal::Sign(*variable, bound, named)),
                None => return Err(Refusal::Undecided(*variable)),
            }
        }
    }
    (claim.normalised, claim.vanishing) = (normalised, vanishing);
    Verified::of(problem, claim)
}

/// What follows from `Σ_v d_ev z_v = 0` for all terms, which have at most two variables: a row for each variable whose
/// `z` follows from that of an earlier one, or is 0. A component that can be scaled as a whole without changing any
/// weight has a row for every variable but its first. Between BiLU units every `z` is 1 there; BiPU units of a cycle
/// may disagree, and then only `z = 0` is left. A variable without terms is a component of its own.
fn eliminated(terms: &[Term]) -> BTreeMap<usize, Exponents> {
    let mut rows: BTreeMap<usize, Exponents> = BTreeMap::new();
    for term in terms {
        let mut row = term.exponents.clone();
        while let Some((&variable, known)) = row.keys().find_map(|own| rows.get_key_value(own)) {
            // Every row on the way is led past its next one: no long way is taken twice.
            let next = known.keys().nth_back(1).and_then(|next| rows.get(next));
            let known = next.map_or_else(|| known.clone(), |next| without(known, next));
            row = without(&row, &known);
            rows.insert(variable, known);
        }
        if let Some((last, _)) = row.last_key_value() {
            rows.insert(*last, row);
        }
    }
    rows
}

/// A row that holds the last variable of another one, without that variable: what follows from both.
fn without(row: &Exponents, known: &Exponents) -> Exponents {
    let last = known.last_key_value();
    let factor = last.and_then(|(variable, divisor)| Some(-row.get(variable)? / divisor));
    let factor = factor.unwrap_or_default();
    let other = known
        .iter()
        .map(|(variable, d)| (*variable, times(&factor, d)));
    summed(row.clone().into_iter().chain(other))
}
