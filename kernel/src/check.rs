//! One function for each rule: a problem and a certificate in, a [`Verified`] claim or a [`Refusal`] out.
//!
//! Here every weight is a *synapse*; they are numbered block after block, each once, also where several blocks
//! ([`Block::again`]) add up its cost. Variable `v` has the exponent `d_ev` in a term `e`. `A_v` sums `d_ev · cost`
//! over the terms with `d_ev > 0` and `B_v` the same with `-d_ev` over those with `d_ev < 0`; the gradient of the
//! regularizer in `log μ_v` is `A_v - B_v`.

use num_traits::{One, Signed, Zero};
use std::collections::BTreeSet;

pub use crate::comparison::enclosure;
use crate::number::{Base, Factor, Powers, Work, is_number, powers, times};
use crate::problem::{Exponents, totals};
use crate::refusal::Held;
use crate::{Attained, Balanced, Basis, NotAttained, NotScaled, Obstacle, Scaled, Verified};
use crate::{Block, Problem, Rational, Refusal};

/// What a rule returns.
pub type Checked<'a, T> = Result<Verified<'a, T>, Refusal>;

/// **The minimum is attained** if there is a circulation `y`, at least 1 on every synapse of non-zero cost
/// and 0 on the others, with `Σ_e y_e d_ev = 0` at every variable `v`.
///
/// Why: by convexity of `exp`, `Σ y_e log(r_e) = 0` for all multipliers, so no ratio can fall to 0 without
/// another growing to infinity; `R` has compact level sets in the space of ratios.
/// Synapses whose ratio no scaling changes are not looked at. Place: ours.
///
/// # Errors
/// A weight that is no number, as in all rules; wrong length, a flow of the wrong size, or a variable where the flow is
/// not conserved, or where that would take too long to add up.
pub fn attained<'a>(problem: &Problem<'a>, claim: Attained) -> Checked<'a, Attained> {
    let terms = terms(problem)?;
    let firsts = terms.iter().filter(|term| !term.block.again);
    numbers("circulation", &claim.circulation, firsts.count())?;
    let changed = terms.iter().filter(|term| !term.exponents.is_empty());
    let flows = changed.filter_map(|term| Some((term, claim.circulation.get(term.synapse)?)));
    for (term, flow) in flows.clone() {
        let (holds, needed) = match term.is_zero {
            true => (flow.is_zero(), "0, since its weight is 0"),
            false => (*flow >= Rational::one(), "at least 1"),
        };
        if !holds {
            return Err(Refusal::Flow(term.synapse, flow.clone().into(), needed));
        }
    }
    match surplus(flows.map(|(term, flow)| (&term.exponents, flow)))? {
        Some(variable) => Err(Refusal::NotACirculation(variable)),
        None => Verified::of(problem, claim),
    }
}

/// **The minimum is not attained** if there is a direction `δ` in `log μ` with `d_e · δ <= 0` for every synapse
/// of non-zero cost and `< 0` for at least one.
///
/// Why: from any multipliers, moving along `δ` lowers `R` strictly, so none of them is a minimum.
/// The synapses with `< 0` are those whose cost tends to 0 on the way. Place: ours.
///
/// # Errors
/// Wrong length, a cost that rises, or none that falls; a variable of a cost whose change would take too long to add
/// up.
pub fn not_attained<'a>(problem: &Problem<'a>, claim: NotAttained) -> Checked<'a, NotAttained> {
    let (vanishing, _) = remaining(problem, Some(&claim.direction))?;
    Verified::of(problem, NotAttained { vanishing, ..claim })
}

/// **`A_v = B_v` exactly at every variable**, at the multipliers `μ`.
///
/// By convexity of `R` in `log μ` these multipliers minimise `R` among all scalings (for any exponents of
/// the ratios, BiPU included), and the balanced weights are unique. Paper: Theorem 5.1; Theorem 3.1 for a
/// single unit. A variable without active synapses is balanced.
///
/// # Errors
/// Wrong length or sign; the first variable that is not balanced, with both costs; [`Refusal::Undecided`]
/// where a cost is irrational.
///
/// **In a limit**, with a direction: the infimum is not attained, and where the synapses that fall along `direction`
/// vanish, `A_v = B_v` exactly at every variable.
///
/// Why: without the falling synapses these multipliers minimise `R`, and `R` with them is larger. From there along
/// `direction` the falling costs tend to 0 and the others do not change, so that least value is the infimum of `R`. Of
/// the problem with all its synapses nothing is said: there these multipliers are not balanced. Place: ours. Refused
/// also where [`not_attained`] is.
pub fn balanced<'a>(problem: &Problem<'a>, claim: Balanced) -> Checked<'a, Balanced> {
    let (vanishing, terms) = remaining(problem, claim.direction.as_ref())?;
    positive("multipliers", &claim.multipliers, problem.variables())?;
    let sides = sides(problem, &terms, &claim.multipliers, None);
    for (variable, [input, output]) in sides.into_iter().enumerate() {
        let (input, output) = input.zip(output).ok_or(Refusal::Undecided(variable))?;
        if input != output {
            return Err(Refusal::Unbalanced(variable, input.into(), output.into()));
        }
    }
    Verified::of(problem, Balanced { vanishing, ..claim })
}

/// **`after` is `before`, scaled**: `after_e = before_e · Π Λ_v^{d_ev}` exactly, for every synapse, with all
/// `Λ > 0`. Both networks then compute the same function.
///
/// `problem` supplies the exponents `d`; its costs are not looked at. They are those of the weights in the problem of
/// power 1 of a network; in one of another regularizer they can be those of a power of them. Paper: Section 3, eq. for
/// `S_λ(i)`.
///
/// # Errors
/// Wrong lengths, a multiplier that is not positive, or the first synapse whose weight differs, with what
/// the multipliers give; [`Refusal::Irrational`] where that is irrational (BiPU of fractional degree).
pub fn scaling<'a>(problem: &Problem<'a>, claim: Scaled) -> Checked<'a, Scaled> {
    let directions = directions(problem)?;
    numbers("weights before", &claim.before, directions.len())?;
    numbers("weights after", &claim.after, directions.len())?;
    positive("multipliers", &claim.multipliers, problem.variables())?;
    let point: Vec<Base> = claim.multipliers.iter().map(Base::from).collect();
    let weights = claim.before.iter().zip(&claim.after);
    for (synapse, (direction, (old, new))) in directions.iter().zip(weights).enumerate() {
        let ratio = || Powers::of(&powers(direction, &point)?)?.exact(&mut Work::new(1));
        // Whatever the ratio, 0 stays 0.
        let expected = match old.is_zero() {
            true => Rational::zero(),
            false => old * ratio().ok_or(Refusal::Irrational(synapse))?,
        };
        if expected != *new {
            let new = new.clone().into();
            return Err(Refusal::Weight(synapse, new, expected.into()));
        }
    }
    Verified::of(problem, claim)
}

/// **No multipliers `Λ > 0` give every weight of `after` up to a relative deviation of `tolerance`**: for all of them
/// `|after_e / (before_e Π Λ_v^{d_ev}) - 1| > tolerance` at some synapse, or exactly one of both weights is 0. With
/// `tolerance = 0`, `after` is no scaling of `before`.
///
/// Why: multipliers are positive, so signs and zeros stay ([`Obstacle::Synapse`]). Along a combination of synapses that
/// vanishes on the manifold all multipliers cancel ([`Obstacle::Cycle`]): the ratios `after/before`, each to its
/// coefficient, multiply to a number between the products of `1 - tolerance` and `1 + tolerance`, or no multipliers
/// fit. Place: ours, from Definition 5.2 of the paper.
///
/// Cost: the length of the cycle, in exact products.
///
/// # Errors
/// Wrong lengths; a tolerance outside `[0, 1)`; signs and zeros that agree; a combination that does not vanish, or
/// holds a ratio that is not positive; ratios that multiply to a number within the tolerance, or too long to be written
/// out, as sums of coefficients can be.
pub fn not_scaled<'a>(problem: &Problem<'a>, claim: NotScaled) -> Checked<'a, NotScaled> {
    let (directions, tolerance) = (directions(problem)?, &claim.tolerance);
    numbers("weights before", &claim.before, directions.len())?;
    numbers("weights after", &claim.after, directions.len())?;
    if !is_number(tolerance) || tolerance.is_negative() || *tolerance >= Rational::one() {
        return Err(Refusal::Range("the tolerance"));
    }
    let pair = |synapse: &usize| {
        let pair = claim.before.get(*synapse).zip(claim.after.get(*synapse));
        pair.ok_or(Refusal::NoSuchSynapse(*synapse))
    };
    let product = match &claim.obstacle {
        Obstacle::Synapse(synapse) => {
            let (before, after) = pair(synapse)?;
            if before.signum() == after.signum() {
                return Err(Refusal::SameSign(*synapse));
            }
            None
        }
        Obstacle::Cycle(terms) => {
            vanishes(&directions, 0, terms)?;
            let mut ratios = Vec::new();
            for (synapse, coefficient) in terms {
                let (before, after) = pair(synapse)?;
                if !(before * after).is_positive() {
                    return Err(Refusal::Ratio(*synapse));
                }
                ratios.push((Base::from(&(after / before)), coefficient));
            }
            let (low, high) = (Rational::one() - tolerance, Rational::one() + tolerance);
            let (low, high) = (Base::from(&low), Base::from(&high));
            let mut work = Work::new(terms.len());
            let mut multiplied = |factors: &[Factor]| {
                let product = Powers::of(factors).and_then(|all| all.exact(&mut work));
                let first = terms.first().map_or(0, |(synapse, _)| *synapse);
                product.ok_or(Refusal::Irrational(first))
            };
            let ratios: Vec<Factor> = ratios.iter().map(|(base, power)| (base, *power)).collect();
            let product = multiplied(&ratios)?;
            // Now it is known that the coefficients have a small common denominator: their sums stay short.
            let coefficients = terms.iter().map(|(_, coefficient)| coefficient);
            let (rising, falling): (Vec<_>, Vec<_>) =
                coefficients.partition(|coefficient| coefficient.is_positive());
            let [rising, falling] = [rising, falling].map(|all| all.into_iter().sum());
            let least = multiplied(&[(&low, &rising), (&high, &falling)])?;
            let most = multiplied(&[(&high, &rising), (&low, &falling)])?;
            if least <= product && product <= most {
                return Err(Refusal::Consistent(product.into()));
            }
            Some(product)
        }
    };
    Verified::of(problem, NotScaled { product, ..claim })
}

/// **The vectors `L` with `L_e = Σ_v d_ev x_v` for some `x` are exactly those with `Σ_e c_e L_e = 0` for every one of
/// the constraints, none of which can be spared; they form a space of dimension `spanning.len()`.**
///
/// A constraint lists synapses with coefficients; for a cycle of the coalesced graph they are 1 along a synapse and -1
/// against it. `spanning` lists synapses whose `L` can be chosen freely.
///
/// Why: each constraint vanishes on the manifold, as `Σ_e c_e d_ev = 0` at every variable. They are linearly
/// independent, because each holds a synapse that no later one holds. The rows `d_e` of the spanning synapses are so
/// in the same way, each with a variable that no later one has, so the manifold has at least their number of
/// dimensions. Both numbers together are that of all synapses, which leaves no room for more. Paper: Definition 5.2,
/// Proposition 5.4, Remark 5.6 (corrected, E5).
///
/// Cost: linear in the length of the constraints.
///
/// # Errors
/// A constraint that names no synapse of the problem, one twice, or one with coefficient 0; one that does not vanish;
/// rows for which no such order of removal exists; the wrong number of constraints. Rows can be independent without
/// such an order, where BiPU units of a cycle away from the ground disagree on their common scaling: refused as well.
pub fn manifold<'a>(problem: &Problem<'a>, claim: Basis) -> Checked<'a, Basis> {
    let directions = directions(problem)?;
    let (mut constraints, mut spanning) = (Vec::new(), Vec::new());
    for (number, terms) in claim.constraints.iter().enumerate() {
        vanishes(&directions, number, terms)?;
        constraints.push(terms.iter().map(|(synapse, _)| *synapse).collect());
    }
    for synapse in &claim.spanning {
        let found = directions.get(*synapse);
        let found = found.ok_or(Refusal::NoSuchSynapse(*synapse))?;
        spanning.push(found.keys().copied().collect());
    }
    let found = constraints.len().saturating_add(spanning.len());
    for (rows, what) in [
        (constraints, "constraints"),
        (spanning, "spanning synapses"),
    ] {
        if !independent(rows) {
            return Err(Refusal::Dependent(what));
        }
    }
    Refusal::unless_equal("constraints and spanning synapses", found, directions.len())?;
    Verified::of(problem, claim)
}

/// One summand of the cost of a synapse.
pub(crate) struct Term<'a> {
    pub(crate) synapse: usize,
    pub(crate) exponents: Exponents,
    block: &'a Block<'a>,
    entry: usize,
    is_zero: bool,
}

/// All terms of a problem.
fn terms<'a>(problem: &'a Problem<'a>) -> Result<Vec<Term<'a>>, Refusal> {
    let (mut first, mut next, mut all) = (0usize, 0usize, Vec::new());
    for (number, block) in problem.blocks().iter().enumerate() {
        if !block.again {
            (first, next) = (next, next.saturating_add(block.entries.len()));
        }
        for entry in 0..block.entries.len() {
            let magnitude = block.entries.magnitude(entry);
            let found = magnitude.zip(problem.exponents(number, entry));
            let fault = Refusal::Term(number, entry, "the weight is no number");
            let (magnitude, exponents) = found.ok_or(fault)?;
            let is_zero = magnitude.top.is_zero();
            let synapse = first.saturating_add(entry);
            all.push(Term {
                synapse,
                exponents,
                block,
                entry,
                is_zero,
            });
        }
    }
    Ok(all)
}

/// The terms of non-zero cost that some scaling changes; if a direction is given, those that it leaves as they are, and
/// before them the synapses whose costs fall, if there are any and none rises.
pub(crate) fn remaining<'a>(
    problem: &'a Problem,
    direction: Option<&Vec<Rational>>,
) -> Result<(Vec<usize>, Vec<Term<'a>>), Refusal> {
    let mut rest = terms(problem)?;
    rest.retain(|term| !term.exponents.is_empty() && !term.is_zero);
    let Some(direction) = direction else {
        return Ok((Vec::new(), rest));
    };
    numbers("direction", direction, problem.variables())?;
    let (mut vanishing, mut work) = (BTreeSet::new(), Work::new(rest.len()));
    let mut left = Vec::new();
    for term in rest {
        let factors = term.exponents.iter();
        let shares = factors.filter_map(|(variable, d)| Some(times(d, direction.get(*variable)?)));
        let slope = work.sum(&shares.collect::<Vec<_>>());
        let first = || term.exponents.keys().next().copied().unwrap_or_default();
        match slope.ok_or_else(|| Refusal::Undecided(first()))? {
            slope if slope.is_positive() => return Err(Refusal::Rises(term.synapse)),
            slope if slope.is_zero() => left.push(term),
            _ => drop(vanishing.insert(term.synapse)),
        }
    }
    match vanishing.is_empty() {
        true => Err(Refusal::NothingFalls),
        false => Ok((vanishing.into_iter().collect(), left)),
    }
}

/// `(A_v, B_v)` of every variable: exactly, or each cost rounded down to so many bits; `None` where a cost is
/// irrational or too long to be written out.
pub(crate) fn sides(
    problem: &Problem,
    terms: &[Term],
    point: &[Rational],
    bits: Option<u32>,
) -> Vec<[Option<Rational>; 2]> {
    let point: Vec<Base> = point.iter().map(Base::from).collect();
    let mut work = Work::new(terms.len());
    let mut sides = vec![[Some(Vec::new()), Some(Vec::new())]; problem.variables()];
    for term in terms {
        let mut find = || {
            let ratio = powers(&term.exponents, &point)?;
            let cost = term.block.cost(&term.block.entries, term.entry, &ratio)?;
            match bits {
                Some(bits) => cost.rounded(bits)?.to_rational(),
                None => cost.exact(&mut work),
            }
        };
        let cost = find();
        for (variable, exponent) in &term.exponents {
            let both = sides.get_mut(*variable);
            let side = both.and_then(|both| both.get_mut(usize::from(exponent.is_negative())));
            match (side, &cost) {
                (Some(Some(shares)), Some(cost)) => shares.push(times(cost, &exponent.abs())),
                (Some(side), None) => *side = None,
                _ => {}
            }
        }
    }
    let mut sum = |side: Option<Vec<Rational>>| work.sum(&side?);
    let sides = sides.into_iter();
    sides.map(|both| both.map(&mut sum)).collect()
}

/// By synapse, the exponents of its first term.
fn directions(problem: &Problem) -> Result<Vec<Exponents>, Refusal> {
    let firsts = terms(problem)?.into_iter().filter(|term| !term.block.again);
    Ok(firsts.map(|term| term.exponents).collect())
}

/// Is `Σ_e c_e d_ev = 0` at every variable?
fn vanishes(directions: &[Exponents], row: usize, terms: &[(usize, Rational)]) -> Held {
    let (mut seen, mut sum) = (BTreeSet::new(), Vec::new());
    for (synapse, coefficient) in terms {
        let found = directions.get(*synapse);
        let found = found.ok_or(Refusal::NoSuchSynapse(*synapse))?;
        if !is_number(coefficient) || coefficient.is_zero() || !seen.insert(*synapse) {
            return Err(Refusal::Coefficient(row, *synapse));
        }
        sum.push((found, coefficient));
    }
    match surplus(sum.into_iter())? {
        Some(variable) => Err(Refusal::NotAConstraint(row, variable)),
        None => Ok(()),
    }
}

/// The first variable at which `Σ c_e d_e` is not 0.
fn surplus<'a>(
    terms: impl Iterator<Item = (&'a Exponents, &'a Rational)>,
) -> Result<Option<usize>, Refusal> {
    let share = |(exponents, c): (&'a Exponents, &'a Rational)| {
        exponents
            .iter()
            .map(move |(variable, d)| (*variable, times(c, d)))
    };
    let sums = totals(terms.flat_map(share)).map_err(Refusal::Undecided)?;
    Ok(sums.into_keys().next())
}

/// Does each row, given by the columns of its non-zero entries, have one that no later row has? Then they are linearly
/// independent.
fn independent(rows: Vec<Vec<usize>>) -> bool {
    let mut later = BTreeSet::new();
    rows.into_iter().rev().all(|row| {
        let known = later.len();
        later.extend(row);
        later.len() > known
    })
}

pub(crate) fn numbers(what: &'static str, values: &[Rational], needed: usize) -> Held {
    match values.iter().all(is_number) {
        true => Refusal::unless_equal(what, values.len(), needed),
        false => Err(Refusal::Range(what)),
    }
}

pub(crate) fn positive(what: &'static str, values: &[Rational], needed: usize) -> Held {
    numbers(what, values, needed)?;
    let bad = values.iter().position(|value| !value.is_positive());
    bad.map_or(Ok(()), |variable| Err(Refusal::NotPositive(what, variable)))
}
