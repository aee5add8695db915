//! Gradient descent in exact arithmetic.

use num_traits::{One, Zero};

use crate::symbolic::{Architecture, Laurent, Loss, Point, Run, Scaling, Unit, statements};
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{integer, ratio};
use synaptic_balance_core::numbers::Rational;

/// Inputs, one hidden linear unit `a` (slope 1), one output.
pub(super) fn star(inputs: &[&str]) -> Result<Architecture, Failure> {
    let mut units: Vec<(&str, Unit)> = inputs.iter().map(|name| (*name, Unit::Input)).collect();
    units.push(("a", Unit::bilu()));
    units.push(("y", Unit::linear_output()));
    let mut synapses: Vec<(&str, &str)> = inputs.iter().map(|name| (*name, "a")).collect();
    synapses.push(("a", "y"));
    Ok(Architecture::new(&units, &synapses)?)
}

pub(super) fn point(values: &[(&str, Rational)]) -> Point {
    values
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone()))
        .collect()
}

/// The derivatives by the given weights at a point.
pub(super) fn gradient(
    function: &Laurent,
    weights: &[&str],
    at: &Point,
) -> Result<Vec<Rational>, Failure> {
    let derivatives = weights
        .iter()
        .map(|weight| Ok(function.derivative(weight)?.evaluate(at)?));
    derivatives.collect()
}

/// `Σ_IN w² - Σ_OUT w²` at `a`; the last weight is the outgoing one.
pub(super) fn difference(weights: &[Rational]) -> Rational {
    let squares = weights.iter().map(|w| w * w);
    let total = squares.fold(Rational::zero(), |sum, square| sum + square);
    let out = weights.last().map_or_else(Rational::zero, |w| w * w);
    total - integer(2) * out
}

pub(super) fn leaves_balance(ledger: &mut Ledger) -> Result<(), Failure> {
    let chain = star(&["x"])?;
    let error = chain.loss(Run::Acyclic, Loss::SquaredError)?;
    let names = ["w[x->a]", "w[a->y]"];
    let at = |w: Rational, v: Rational| {
        point(&[
            ("w[x->a]", w),
            ("w[a->y]", v),
            ("x[x]", integer(1)),
            ("s[a]", integer(1)),
            ("t[y]", integer(1)),
        ])
    };
    let stationary = gradient(&error, &names, &at(integer(2), ratio(1, 2)))?;
    ledger.equal("gradient", &stationary, &vec![integer(0), integer(0)])?;
    ledger.equal(
        "difference",
        &difference(&[integer(2), ratio(1, 2)]),
        &ratio(15, 4),
    )?;
    ledger.record(
        Kind::ExactInstance,
        "x -> a -> y with weights 2 and 1/2, x = 1, target 1: the gradient is 0 and the unit is not balanced (4 and 1/4)",
    )?;
    let star = star(&["u", "v"])?;
    let error = star.loss(Run::Acyclic, Loss::SquaredError)?;
    let names = ["w[u->a]", "w[v->a]", "w[a->y]"];
    let before = [3, 4, 5].map(integer);
    let letters = [("x[u]", 1), ("x[v]", 0), ("s[a]", 1), ("t[y]", 14)];
    let values: Vec<(&str, Rational)> = names
        .iter()
        .copied()
        .zip(before.clone())
        .chain(letters.map(|(name, value)| (name, integer(value))))
        .collect();
    let slope = gradient(&error, &names, &point(&values))?;
    ledger.equal("gradient", &slope, &[5, 0, 3].map(integer).to_vec())?;
    ledger.equal("balanced before", &difference(&before), &integer(0))?;
    let step = ratio(1, 10);
    let after: Vec<Rational> = before
        .iter()
        .zip(&slope)
        .map(|(w, g)| w - &step * g)
        .collect();
    ledger.equal(
        "after",
        &after,
        &vec![ratio(5, 2), integer(4), ratio(47, 10)],
    )?;
    ledger.equal(
        "difference after",
        &difference(&after),
        &(ratio(1, 100) * integer(16)),
    )?;
    ledger.record(
        Kind::ExactInstance,
        "u, v -> a -> y with weights 3, 4 and 5 (25 and 25, balanced), (u, v) = (1, 0), target 14: the gradient is (5, 0, 3), and a \
         step of 1/10 leads to 5/2, 4 and 47/10, out of balance by 4/25 = (1/10)² (25 - 9)",
    )
}

fn regularized(error: &Laurent, weights: &[&str], factor: &Rational) -> Laurent {
    let squares = weights
        .iter()
        .map(|w| Laurent::constant(factor.clone()) * Laurent::power(*w, 2));
    squares.fold(error.clone(), |sum, square| sum + square)
}

pub(super) fn stationary_points(ledger: &mut Ledger) -> Result<(), Failure> {
    for exhibit in [
        gallery::layered()?,
        gallery::skipping()?,
        gallery::recurrent(Run::StepsFromZero(3))?,
        gallery::convolution()?,
    ] {
        ledger.proved(statements::stationary_points(
            &exhibit.network,
            exhibit.run,
            Loss::OutputGradient,
        )?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "E drops out of Σ_IN w ∂(E+R)/∂w - Σ_OUT w ∂(E+R)/∂w for every loss: a layered, a skipping, a recurrent network from state 0 \
         and a convolution",
    )?;
    let star = star(&["u", "v"])?;
    let error = star.loss(Run::Acyclic, Loss::SquaredError)?;
    let names = ["w[u->a]", "w[v->a]", "w[a->y]"];
    let objective = regularized(&error, &names, &ratio(5, 2));
    let values = |weights: [i64; 3], target: i64| {
        let letters = [("x[u]", 3), ("x[v]", 4), ("s[a]", 1), ("t[y]", target)];
        let pairs = names.iter().copied().zip(weights).chain(letters);
        point(
            &pairs
                .map(|(name, value)| (name, integer(value)))
                .collect::<Vec<_>>(),
        )
    };
    let zero = vec![Rational::zero(); 3];
    ledger.equal(
        "gradient",
        &gradient(&objective, &names, &values([3, 4, 5], 126))?,
        &zero,
    )?;
    ledger.equal("balance", &difference(&[3, 4, 5].map(integer)), &integer(0))?;
    ledger.record(
        Kind::ExactInstance,
        "E + 5/2 Σ w² for u, v -> a -> y, (u, v) = (3, 4), target 126: the gradient at 3, 4, 5 is 0 exactly, and 9 + 16 = 25",
    )?;
    let elsewhere = gradient(&objective, &names, &values([3, 4, 5], 100))?;
    ledger.holds(elsewhere != zero, || {
        "balance makes the point stationary".into()
    })?;
    fixed_initial_state(ledger)?;
    ledger.record(
        Kind::ExactCounterexample,
        "the converse fails: with target 100 the same balanced weights are not stationary; and with a fixed initial state 1 of a, one \
         step, target 2, R = 1/2 Σ w², the weights 0 into a and 1 out of it are stationary and not balanced",
    )
}

fn fixed_initial_state(ledger: &mut Ledger) -> Result<(), Failure> {
    let chain = star(&["x"])?;
    let error = chain.loss(Run::Steps(1), Loss::SquaredError)?;
    let names = ["w[x->a]", "w[a->y]"];
    let objective = regularized(&error, &names, &ratio(1, 2));
    let mut at: Point = objective
        .symbols()
        .into_iter()
        .map(|symbol| (symbol, Rational::one()))
        .collect();
    at.extend(point(&[
        ("w[x->a]", integer(0)),
        ("w[a->y]", integer(1)),
        ("h[a]", integer(1)),
        ("t[y,1]", integer(2)),
    ]));
    ledger.equal(
        "gradient",
        &gradient(&objective, &names, &at)?,
        &vec![integer(0), integer(0)],
    )?;
    ledger.equal(
        "difference",
        &difference(&[integer(0), integer(1)]),
        &integer(-1),
    )?;
    let fixed = Scaling::of(&chain)?.without("h[a]");
    ledger.refuted(statements::stationary_points_under(
        &chain,
        Run::Steps(1),
        Loss::SquaredError,
        &fixed,
    )?)?;
    Ok(())
}
