//! Sections 2 and 3: activations, costs of one unit, and favourable scalings.

use num_traits::{One, Signed, Zero};

use super::global::existence;
use super::hunted::{Domain, Held, Hunted};
use super::networks::with_activation;
use crate::theorems::errata::bumpy_slope;
use crate::theorems::support::{CostGraph, integer, ratio};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{Activation, Network, Regularizer, UnitIndex, UnitKind};
use synaptic_balance_core::numbers::{Rational, nth_root, rational_power};

/// Sections 2 and 3, and E1.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::holds(
        "prop-2.2",
        "f(λx) = λ f(x) at 60 pairs exactly if f(x) = |x| f(±1) there",
        |network| of_activation(network, |f| Some(is_homogeneous(f, &integer(1), 1)? == has_form(f, &integer(1), Lower::Size))),
    )
    .over(Domain::Activations),
    Hunted::without(
        "prop-2.2",
        "f(λx) = λ f(x) at 60 pairs",
        "a BiLU",
        "prop-2.2",
        |network| of_activation(network, |f| is_homogeneous(f, &integer(1), 1)),
    )
    .over(Domain::Activations),
    Hunted::without(
        "prop-2.2",
        "f(λx) = λ f(x) for a BiLU and λ < 0",
        "λ > 0",
        "prop-2.2",
        |network| of_activation(network, |f| has_form(f, &integer(1), Lower::Size).then(|| is_homogeneous(f, &integer(1), -1))?),
    )
    .over(Domain::Activations),
    Hunted::holds(
        "prop-2.3",
        "for c = -1, 0, 1/2, 1, 2, 3: f(λx) = λ^c f(x) at 60 pairs exactly if f(x) = |x|^c f(±1) there, and \
         f(0) = 0 or c = 0",
        |network| of_activation(network, |f| homogeneity_is_form(f, Lower::Size)),
    )
    .over(Domain::Activations),
    Hunted::printed(
        "prop-2.3",
        "for c = -1, 0, 1/2, 1, 2, 3: f(λx) = λ^c f(x) at 60 pairs exactly if f(x) = x^c f(1) above 0 and x^c \
         f(-1) below",
        "E3",
        |network| of_activation(network, |f| homogeneity_is_form(f, Lower::Printed)),
    )
    .over(Domain::Activations),
    Hunted::holds(
        "generalised-scaling",
        "if f(-2x) = h f(x) at 11 points for h = -8, -2, 1, 2, 4 or 8: inputs times -2 and outputs over h \
         change no output",
        |network| generalised(network, true),
    )
    .over(Domain::Activations),
    Hunted::without(
        "generalised-scaling",
        "inputs times -2 and outputs over h change no output, h = f(-2)/f(1)",
        "the identity for this pair",
        "generalised-scaling",
        |network| generalised(network, false),
    )
    .over(Domain::Activations),
    Hunted::holds(
        "thm-3.1-general",
        "for g = |w| + w² the balance equation of a unit increases in λ, if a weight is not 0",
        |network| equation(network, |w| w + integer(2) * w * w, false),
    )
    .over(Domain::Few),
    Hunted::without(
        "thm-3.1-general",
        "for g = ((|w|-2)³ + 8)/3 + |w|/2 the balance equation of a unit changes sign at most once",
        "t -> g(exp t) convex",
        "E2",
        |network| equation(network, bumpy_slope, true),
    )
    .over(Domain::Few),
    Hunted::holds(
        "bipu-balance",
        "units that square are balanced exactly if A + (1 - c) S = c B with c = 2",
        |network| squares_balance(network, 2),
    )
    .over(Domain::Few),
    Hunted::without(
        "bipu-balance",
        "units that square are balanced exactly if A = B",
        "degree 1",
        "bipu-balance",
        |network| squares_balance(network, 1),
    )
    .over(Domain::Few),
    Hunted::holds(
        "bipu-balance",
        "for c = 0 and -1 one unit with A, B > 0 and without self-connection has no minimum",
        no_minimum,
    )
    .over(Domain::Few),
    Hunted::printed(
        "E1",
        "20 scalings of a unit, each lowering R, end within a hundredth of what can be gained",
        "E1",
        favourable,
    ),
    Hunted::holds(
        "E1",
        "a step 3/2 of the way gains at least 3/4 of what can be gained, and one twice the way gains nothing",
        passing_steps,
    ),
];

fn of_activation(
    network: &Network<Rational>,
    test: impl Fn(&Activation<Rational>) -> Option<bool>,
) -> Held {
    let unit = network.units_of(UnitKind::Hidden);
    Ok(unit
        .first()
        .and_then(|unit| test(&network.unit(*unit).activation)))
}

/// Squares and their opposites, so that square roots are rational.
fn points() -> Vec<Rational> {
    let sizes = [(1, 9), (1, 1), (9, 4), (4, 1), (16, 1)];
    let sizes = sizes.map(|(n, d)| ratio(n, d));
    let signed = sizes.iter().flat_map(|x| [x.clone(), -x]);
    signed.chain([Rational::zero()]).collect()
}

/// `f(λx) = |λ|^c f(x)` with the sign of λ as given; `None` where a power is irrational.
fn is_homogeneous(f: &Activation<Rational>, degree: &Rational, sign: i64) -> Option<bool> {
    let mut holds = true;
    for size in [(1, 4), (4, 9), (1, 1), (4, 1), (9, 1), (16, 1)] {
        let size = ratio(size.0, size.1);
        let factor = integer(sign) * rational_power(&size, degree)?;
        for x in points() {
            let scaled = f.apply(&(integer(sign) * &size * &x))?;
            holds &= scaled == &factor * f.apply(&x)?;
        }
    }
    Some(holds)
}

#[derive(Clone, Copy, PartialEq)]
enum Lower {
    /// `D |x|^c`.
    Size,
    /// `D x^c`, as printed; undefined, and so not the form, where the power is.
    Printed,
}

fn has_form(f: &Activation<Rational>, degree: &Rational, lower: Lower) -> bool {
    points().iter().all(|x| {
        let value = f.apply(x);
        if x.is_zero() {
            return degree.is_zero() || value == Some(Rational::zero());
        }
        let base = match lower {
            Lower::Size => x.abs(),
            Lower::Printed => x.clone(),
        };
        let end = f.apply(&x.signum());
        let power = rational_power(&base, degree);
        let formula = power.zip(end).map(|(power, end)| power * end);
        formula.is_some() && formula == value
    })
}

fn homogeneity_is_form(f: &Activation<Rational>, lower: Lower) -> Option<bool> {
    let degrees = [
        integer(-1),
        integer(0),
        ratio(1, 2),
        integer(1),
        integer(2),
        integer(3),
    ];
    let mut agree = true;
    for degree in &degrees {
        agree &= is_homogeneous(f, degree, 1)? == has_form(f, degree, lower);
    }
    Some(agree)
}

/// A chain with its weights multiplied by -2 and divided by h.
fn generalised(network: &Network<Rational>, identity: bool) -> Held {
    let g = integer(-2);
    let outputs = |network: &Network<Rational>| {
        points()
            .into_iter()
            .map(|x| network.evaluate(&[x]).ok())
            .collect::<Option<Vec<_>>>()
    };
    let satisfies = |h: &Rational| {
        of_activation(network, |f| {
            let mut same = true;
            for x in points() {
                same &= f.apply(&(&g * &x))? == h * f.apply(&x)?;
            }
            Some(same)
        })
    };
    let factor = of_factor(network, &g);
    let mut holds = None;
    let known = [-8, -2, 1, 2, 4, 8].map(integer);
    for h in known.into_iter().chain(factor.filter(|_| !identity)) {
        if identity && satisfies(&h)? != Some(true)
            || !identity && Some(&h) != of_factor(network, &g).as_ref()
        {
            continue;
        }
        let weights = network.weights();
        let scaled = network.with_weights(vec![&weights[0] * &g, &weights[1] / &h]);
        if let Some((before, after)) = outputs(network).zip(outputs(&scaled)) {
            holds = Some(holds.unwrap_or(true) && before == after);
        }
    }
    Ok(holds)
}

/// `f(g)/f(1)` where it exists and is not 0.
fn of_factor(network: &Network<Rational>, g: &Rational) -> Option<Rational> {
    let unit = network.units_of(UnitKind::Hidden);
    let f = &network.unit(*unit.first()?).activation;
    let (scaled, plain) = (f.apply(g)?, f.apply(&Rational::one())?);
    (!plain.is_zero() && !scaled.is_zero()).then(|| scaled / plain)
}

/// The magnitudes of a unit's incoming and outgoing weights, self-connections aside.
fn magnitudes(network: &Network<Rational>, unit: UnitIndex) -> [Vec<Rational>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        if (from == unit) != (to == unit) {
            found[usize::from(from == unit)].push(network.weight(synapse).abs());
        }
    }
    found
}

/// `Σ_IN λw g'(λw) - Σ_OUT (w/λ) g'(w/λ)` on a grid of λ: increasing, or with at most one change of sign.
fn equation(
    network: &Network<Rational>,
    slope: fn(&Rational) -> Rational,
    signs_only: bool,
) -> Held {
    let grid = [(1, 3), (1, 2), (2, 3), (1, 1), (3, 2), (2, 1), (3, 1)];
    let grid = grid.map(|(n, d)| ratio(n, d));
    let mut applies = false;
    for unit in network.units_of(UnitKind::Hidden) {
        let [input, output] = magnitudes(network, unit);
        if input.iter().chain(&output).all(Rational::is_zero) {
            continue;
        }
        applies = true;
        let value = |lambda: &Rational| {
            let total = |weights: &[Rational], factor: &Rational| {
                weights
                    .iter()
                    .fold(Rational::zero(), |sum, w| sum + slope(&(w * factor)))
            };
            total(&input, lambda) - total(&output, &lambda.recip())
        };
        let values: Vec<Rational> = grid.iter().map(value).collect();
        let fine = if signs_only {
            let fallen = values.iter().skip_while(|value| !value.is_positive());
            !fallen.into_iter().any(Rational::is_negative)
        } else {
            values.windows(2).all(|pair| pair[0] < pair[1])
        };
        if !fine {
            return Ok(Some(false));
        }
    }
    Ok(applies.then_some(true))
}

fn power_unit(
    network: &Network<Rational>,
    degree: i64,
) -> Result<Network<Rational>, crate::theorems::Failure> {
    let activation = Activation::BiPu {
        degree: integer(degree),
        above: integer(1),
        below: integer(1),
    };
    with_activation(network, |_| activation.clone())
}

/// The kernel's verdict on balance at 1 under `L_1`, against the formula with factor `claimed`.
fn squares_balance(network: &Network<Rational>, claimed: i64) -> Held {
    let squaring = power_unit(network, 2)?;
    let ones = vec![Rational::one(); squaring.variables()];
    let balanced = check::balanced(&squaring.problem(&Regularizer::l1()), &ones).is_ok();
    let formula = network.units_of(UnitKind::Hidden).into_iter().all(|unit| {
        let [input, output] =
            magnitudes(network, unit).map(|side| synaptic_balance_core::numbers::sum(&side));
        let own = network
            .find_synapse(unit, unit)
            .map_or_else(Rational::zero, |e| network.weight(e).abs());
        input + integer(1 - claimed) * own == integer(claimed) * output
    });
    Ok(Some(balanced == formula))
}

fn no_minimum(network: &Network<Rational>) -> Held {
    let [unit] = network.units_of(UnitKind::Hidden)[..] else {
        return Ok(None);
    };
    let own = network.find_synapse(unit, unit);
    let [input, output] =
        magnitudes(network, unit).map(|side| synaptic_balance_core::numbers::sum(&side));
    let looped = own.is_some_and(|e| !network.weight(e).is_zero());
    if looped || !input.is_positive() || !output.is_positive() {
        return Ok(None);
    }
    let attained = |degree| Ok(existence(&power_unit(network, degree)?)?.is_attained());
    let found: Result<Vec<bool>, crate::theorems::Failure> =
        [0, -1].into_iter().map(attained).collect();
    Ok(Some(found?.into_iter().all(|attained| !attained)))
}

/// `(A, B)` under `L_2` of every unit that is not balanced and has both positive.
fn unbalanced(network: &Network<Rational>) -> Vec<(Rational, Rational)> {
    let squares = network.weights().iter().map(|w| w * w).collect();
    let graph = CostGraph::of(&network.with_weights(squares));
    let ones = vec![Rational::one(); graph.nodes];
    let sides = (0..graph.nodes).map(|node| graph.sides(node, &ones));
    sides
        .filter(|(a, b)| a.is_positive() && b.is_positive() && a != b)
        .collect()
}

/// Multipliers that tend to half-way between 1 and `μ* = sqrt(B/A)`; units with irrational ones are left out.
fn favourable(network: &Network<Rational>) -> Held {
    let mut holds = None;
    for (a, b) in unbalanced(network) {
        let Some(best) = nth_root(&(&b / &a), 2) else {
            continue;
        };
        let r = |mu: &Rational| &a * mu + &b / mu;
        let limit = (&best + Rational::one()) / integer(2);
        let at = |t: i32| &limit + (Rational::one() - &limit) * ratio(1, 2).pow(t);
        let values: Vec<Rational> = (0..=20).map(|t| r(&at(t))).collect();
        if values.windows(2).any(|pair| pair[1] >= pair[0]) {
            return Err(crate::theorems::Failure::new("a scaling did not lower R"));
        }
        let gained = &values[0] - &values[20];
        let all = &values[0] - r(&best);
        holds = Some(holds.unwrap_or(true) && gained >= all * ratio(99, 100));
    }
    Ok(holds)
}

/// `μ*^(3/2)` and `μ*²`, where `B/A` is a fourth power.
fn passing_steps(network: &Network<Rational>) -> Held {
    let mut holds = None;
    for (a, b) in unbalanced(network) {
        let Some(root) = nth_root(&(&b / &a), 4) else {
            continue;
        };
        let r = |mu: &Rational| &a * mu + &b / mu;
        let gain = |power: i32| r(&Rational::one()) - r(&root.pow(power));
        let good = gain(3) >= ratio(3, 4) * gain(2) && gain(4).is_zero();
        holds = Some(holds.unwrap_or(true) && good);
    }
    Ok(holds)
}
