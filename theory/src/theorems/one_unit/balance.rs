//! Balancing: Theorem 3.1 and its relatives.

use num_traits::{One, Signed};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::symbolic::statements;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, ratio};
use synaptic_balance_core::network::{
    Activation, Multiplier, Network, Regularizer, Unit, UnitKind,
};
use synaptic_balance_core::numbers::{Rational, sum};

/// One hidden unit with the given weights from inputs and to outputs, and perhaps a self-connection.
pub(super) fn star(
    activation: Activation<Rational>,
    input: &[Rational],
    output: &[Rational],
    own: Option<Rational>,
) -> Result<Network<Rational>, Failure> {
    let mut units = vec![Unit::new("h", UnitKind::Hidden, activation)];
    let mut synapses = Vec::new();
    for (i, weight) in input.iter().enumerate() {
        synapses.push((units.len(), 0, weight.clone()));
        units.push(Unit::new(
            format!("x{i}"),
            UnitKind::Input,
            Activation::Linear,
        ));
    }
    for (i, weight) in output.iter().enumerate() {
        synapses.push((0, units.len(), weight.clone()));
        units.push(Unit::new(
            format!("y{i}"),
            UnitKind::Output,
            Activation::Linear,
        ));
    }
    synapses.extend(own.map(|weight| (0, 0, weight)));
    Ok(Network::new(units, synapses, vec![])?)
}

/// Weights whose p-th powers sum to `total`, for integer p: some random ones, all times one factor if that is rational.
fn with_cost(total: &Rational, power: i32, rng: &mut ChaCha8Rng) -> Vec<Rational> {
    // `r^p` split as `(r a)^p + (r b)^p` needs `a^p + b^p = 1`: (3/5, 4/5) does for p = 2, any split for p = 1.
    match power {
        1 => {
            let share = ratio(rng.random_range(1..=4), 5);
            vec![total * &share, -(total * (Rational::one() - &share))]
        }
        2 => match synaptic_balance_core::numbers::nth_root(total, 2) {
            Some(root) => vec![&root * ratio(3, 5), &root * ratio(-4, 5)],
            None => vec![],
        },
        _ => synaptic_balance_core::numbers::nth_root(total, power.unsigned_abs())
            .into_iter()
            .collect(),
    }
}

/// `Σ |w|^p` over weights times a multiplier.
pub(super) fn cost(weights: &[Rational], multiplier: &Rational, power: i32) -> Rational {
    sum(&weights
        .iter()
        .map(|w| (w * multiplier).abs().pow(power))
        .collect::<Vec<_>>())
}

pub(super) fn lp(ledger: &mut Ledger) -> Result<(), Failure> {
    for claim in [
        statements::decrease()?,
        statements::minimum()?,
        statements::balance()?,
    ] {
        ledger.proved(claim)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "with A = a², B = b²: R(m²) - 2 sqrt(AB) = (sqrt(A) m - sqrt(B)/m)², so that the minimum is unique; \
         R(1) - R(μ*) = (sqrt A - sqrt B)²; A μ* = B/μ* = sqrt(AB)",
    )?;
    let mut rng = generator(33);
    for power in [1, 2, 3] {
        for _ in 0..25 {
            rational_multiplier(ledger, power, &mut rng)?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "75 random units (p = 1, 2, 3) with B/A = q^2p: λ* = q exactly, both costs sqrt(AB), the decrease exact, R larger at \
         4 other multipliers; with B/A = 2 q^2p: λ* is the irrational root of that number",
    )
}

fn rational_multiplier(
    ledger: &mut Ledger,
    power: i32,
    rng: &mut ChaCha8Rng,
) -> Result<(), Failure> {
    // A = (a²)^p and B = (b²)^p: both have rational square roots, and B/A = (b/a)^2p.
    let (a, b) = (positive(rng), positive(rng));
    let (input_cost, output_cost) = (a.pow(2 * power), b.pow(2 * power));
    let (input, output) = (
        with_cost(&input_cost, power, rng),
        with_cost(&output_cost, power, rng),
    );
    let regularizer = l_p(power)?;
    let network = star(Activation::Relu, &input, &output, None)?;
    let expected = &b / &a;
    let found = network.balance_unit(0, &regularizer)?;
    ledger.equal(
        "λ*",
        &found.multiplier,
        &Multiplier::Rational(expected.clone()),
    )?;
    let at = |multiplier: &Rational| {
        cost(&input, multiplier, power) + cost(&output, &multiplier.recip(), power)
    };
    let mean = (&a * &b).pow(power);
    ledger.equal("A at λ*", &cost(&input, &expected, power), &mean)?;
    ledger.equal("B at λ*", &cost(&output, &expected.recip(), power), &mean)?;
    let root_difference = a.pow(power) - b.pow(power);
    let decrease = at(&Rational::one()) - at(&expected);
    ledger.equal(
        "decrease",
        &decrease,
        &(&root_difference * &root_difference),
    )?;
    for other in [ratio(1, 2), ratio(99, 100), ratio(101, 100), integer(3)] {
        let other = other * &expected;
        ledger.holds(at(&other) > at(&expected), || {
            format!("R is not larger at {other}")
        })?;
    }
    let twice: Vec<Rational> = output.iter().chain(&output).cloned().collect();
    let irrational = star(Activation::Relu, &input, &twice, None)?.balance_unit(0, &regularizer)?;
    let ratio = &output_cost * integer(2) / &input_cost;
    let degree = integer(i64::from(2 * power));
    ledger.equal(
        "irrational λ*",
        &irrational.multiplier,
        &Multiplier::Irrational { ratio, degree },
    )
}

pub(super) fn l_p(power: i32) -> Result<Regularizer, Failure> {
    Ok(Regularizer::lp(integer(power.into()))?)
}

/// `Σ_k a_k p_k (multiplier |w|)^p_k`, summed over the weights: `w g'(w)` at the scaled weights.
fn slope(terms: &[(Rational, i32)], weights: &[Rational], multiplier: &Rational) -> Rational {
    let term = |w: &Rational, (a, p): &(Rational, i32)| {
        a * integer(i64::from(*p)) * (w * multiplier).abs().pow(*p)
    };
    let summands = weights
        .iter()
        .flat_map(|w| terms.iter().map(move |t| term(w, t)));
    sum(&summands.collect::<Vec<_>>())
}

pub(super) fn general(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(34);
    for _ in 0..50 {
        let terms = [
            (positive(&mut rng), 1),
            (positive(&mut rng), 2),
            (positive(&mut rng), 5),
        ];
        let text: Vec<String> = terms.iter().map(|(a, p)| format!("{a}*{p}")).collect();
        let regularizer: Regularizer = format!("mix:{}", text.join("+")).parse()?;
        let (input, output) = (
            many(3, || positive(&mut rng)),
            many(2, || positive(&mut rng)),
        );
        let found = star(Activation::Relu, &input, &output, None)?.balance_unit(0, &regularizer)?;
        let Multiplier::Enclosed { lower, upper } = &found.multiplier else {
            return Err(Failure::new(format!(
                "a mixture gave {:?}",
                found.multiplier
            )));
        };
        // The difference of the two sides of the consistency equation grows with λ, from below 0 to above.
        let difference =
            |at: &Rational| slope(&terms, &input, at) - slope(&terms, &output, &at.recip());
        ledger.holds(!difference(lower).is_positive(), || {
            format!("no root above {lower}")
        })?;
        ledger.holds(!difference(upper).is_negative(), || {
            format!("no root below {upper}")
        })?;
        let grid = (1..=40).map(|n| ratio(n, 8));
        let values: Vec<Rational> = grid.map(|at| difference(&at)).collect();
        ledger.holds(values.windows(2).all(|pair| pair[0] < pair[1]), || {
            "the equation has no one root".into()
        })?;
    }
    ledger.record(
        Kind::PropertyTest,
        "50 random units under a_1 |w| + a_2 w² + a_5 |w|^5: the two sides of the equation cross within the enclosure \
         found, and their difference increases over 40 multipliers, so that the root is one",
    )
}

fn power_unit(degree: &Rational) -> Activation<Rational> {
    Activation::BiPu {
        degree: degree.clone(),
        above: Rational::one(),
        below: -Rational::one(),
    }
}

pub(super) fn bipu(ledger: &mut Ledger) -> Result<(), Failure> {
    for degree in 0..=6 {
        ledger.proved(statements::bipu_balance(degree)?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "μ dR/dμ = A' - c B' at the scaled costs, for c = 0, ..., 6",
    )?;
    let mut rng = generator(35);
    for degree in 1..=4 {
        for _ in 0..15 {
            // μ^(c+1) = c B / A, made a perfect power.
            let (a, root) = (positive(&mut rng), positive(&mut rng));
            let b = &a * root.pow(degree + 1) / integer(degree.into());
            let network = star(
                power_unit(&integer(degree.into())),
                &with_cost(&a, 1, &mut rng),
                std::slice::from_ref(&b),
                None,
            )?;
            let found = network.balance_unit(0, &Regularizer::l1())?.cost_multiplier;
            ledger.equal("μ*", &found, &Multiplier::Rational(root.clone()))?;
            let at = |mu: &Rational| &a * mu + &b / mu.pow(degree);
            ledger.equal(
                "A = c B",
                &(&a * &root),
                &(integer(degree.into()) * &b / root.pow(degree)),
            )?;
            for factor in [ratio(1, 3), ratio(49, 50), ratio(51, 50), integer(2)] {
                ledger.holds(at(&(&factor * &root)) > at(&root), || {
                    "not the minimum".into()
                })?;
            }
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "60 random units of degree 1 to 4 with rational μ* = (cB/A)^(1/(c+1)): found exactly, A = c B there, R larger at \
         4 other multipliers",
    )
}
