//! Local minima of `E + R`, and what weight decay does.

use num_traits::{One, Signed, Zero};

use super::descent::{difference, gradient, point, star};
use crate::symbolic::{Claim, Laurent, Loss, Run};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, ratio, signed};
use synaptic_balance_core::network::{Shape, random_recurrent};
use synaptic_balance_core::numbers::Rational;

/// Arbitrarily close to an unbalanced network there is a scaling of it, the same function, that costs less.
pub(super) fn local_minima(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(89);
    let shape = Shape {
        inputs: 2,
        hidden: 4,
        outputs: 2,
    };
    let mut unbalanced = 0;
    for _ in 0..30 {
        let graph = CostGraph::of(&random_recurrent(shape, 0.5, &mut rng));
        let ones = vec![Rational::one(); graph.nodes];
        let before = graph.regularizer(&ones);
        for node in 0..graph.nodes {
            let (input, output) = graph.sides(node, &ones);
            if input == output {
                continue;
            }
            unbalanced += 1;
            // Half way to where the gain is gone, and nearer and nearer to 1.
            let mut distance = if input > output {
                (&output - &input) / &input / integer(2)
            } else if input.is_zero() {
                ratio(1, 2)
            } else {
                ((&output - &input) / &input / integer(2)).min(ratio(1, 2))
            };
            for _ in 0..20 {
                let mut moved = ones.clone();
                moved[node] = Rational::one() + &distance;
                let after = graph.regularizer(&moved);
                ledger.holds(after < before, || {
                    format!(
                        "moving unit {node} by {distance} costs {after}, not less than {before}"
                    )
                })?;
                distance /= integer(2);
            }
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "30 random recurrent networks under L_1: at each of their {unbalanced} unbalanced units 20 scalings, the nearest of them within \
             2^-20 of 1, all cost less"
        ),
    )?;
    // E = |w v - 1| for x -> a -> y, x = 1, target 1, at w = v = 0.
    let objective =
        |w: &Rational, v: &Rational| (w * v - Rational::one()).abs() + w.abs() + v.abs();
    let here = objective(&Rational::zero(), &Rational::zero());
    for (i, j) in (-16..=16).flat_map(|i| (-16..=16).map(move |j| (i, j))) {
        let (w, v) = (ratio(i, 16), ratio(j, 16));
        ledger.holds(objective(&w, &v) >= here, || format!("{w}, {v} are lower"))?;
        if w.is_zero() && !v.is_zero() {
            let half = &v / integer(2);
            ledger.holds(objective(&w, &half) < objective(&w, &v), || {
                format!("0, {v} are not balanced, and no lower point is near")
            })?;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "|w v - 1| + |w| + |v| for x -> a -> y: at w = v = 0, where nothing is differentiable and both costs are 0, a minimum among 33 x 33 \
         points around; at w = 0, v != 0, which is not balanced, v/2 is lower",
    )
}

/// The weights of `u, v -> a -> y`.
const NAMES: [&str; 3] = ["w[u->a]", "w[v->a]", "w[a->y]"];

pub(super) fn decay(ledger: &mut Ledger) -> Result<(), Failure> {
    let star = star(&["u", "v"])?;
    let error = star.loss(Run::Acyclic, Loss::OutputGradient)?;
    let two = || Laurent::integer(2);
    let decay = || Laurent::symbol("lambda");
    // D falls at the rate Σ ± 2 w (∂E/∂w + 2 λ w), + for incoming weights.
    let (mut rate, mut squares) = (Laurent::integer(0), Laurent::integer(0));
    for (name, sign) in NAMES.iter().zip([1, 1, -1]) {
        let weight = || Laurent::symbol(*name);
        let slope = error.derivative(name)? + two() * decay() * weight();
        rate += Laurent::integer(2 * sign) * weight() * slope;
        squares += Laurent::integer(sign) * Laurent::power(*name, 2);
    }
    let claim = Claim::new("D falls at the rate 4 λ D");
    ledger.proved(claim.and(
        "u, v -> a -> y",
        rate,
        Laurent::integer(4) * decay() * squares,
    ))?;
    ledger.record(
        Kind::SymbolicIdentity,
        "along the flow on E + λ Σ w² of u, v -> a -> y the derivative of D is -4 λ D, for every loss: E drops out",
    )?;
    let error = star.loss(Run::Acyclic, Loss::SquaredError)?;
    let mut rng = generator(97);
    for _ in 0..40 {
        let weights: Vec<Rational> = (0..3).map(|_| signed(&mut rng)).collect();
        let letters = ["x[u]", "x[v]", "t[y]"].map(|name| (name, signed(&mut rng)));
        let slope_of_a = [("s[a]", signed(&mut rng))];
        let values: Vec<_> = NAMES
            .iter()
            .copied()
            .zip(weights.clone())
            .chain(letters)
            .chain(slope_of_a)
            .collect();
        let slopes = gradient(&error, &NAMES, &point(&values))?;
        let (step, decay) = (signed(&mut rng), signed(&mut rng));
        let after: Vec<Rational> = weights
            .iter()
            .zip(&slopes)
            .map(|(w, g)| w - &step * (g + integer(2) * &decay * w))
            .collect();
        let shrunk = Rational::one() - integer(2) * &step * &decay;
        let expected =
            &shrunk * &shrunk * difference(&weights) + &step * &step * difference(&slopes);
        ledger.equal("D after a step", &difference(&after), &expected)?;
    }
    ledger.record(
        Kind::PropertyTest,
        "40 random steps of u, v -> a -> y, squared error: (1-2ηλ)² D + η² G exactly",
    )
}
