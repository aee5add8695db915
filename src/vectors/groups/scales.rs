//! Sizes that break floating-point code.

use num_traits::One;
use serde_json::json;

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{generator, net, q};
use crate::network::{Activation, chain, layered, random_weight};
use crate::numbers::Rational;

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "convex-problem";
    for (network, regularizer, comment) in [
        (
            "x a 1e-150, a y 1e150",
            "l2",
            "Squares of 1e-300 and 1e300: both weights become 1.",
        ),
        (
            "x a 1e-200, a y 1e200",
            "l2",
            "The squares are beyond binary64, the weights are not.",
        ),
        (
            "x a 1e-300, a b 1e300, b y 1",
            "l2",
            "A chain over 600 orders of magnitude.",
        ),
        (
            "x a 1e-400, a y 1e400",
            "l2",
            "The weights themselves are beyond binary64, the balanced ones are 1.",
        ),
        (
            "x a 1e300, a b 1e300, b y 1e300",
            "l2",
            "All large; already balanced; the sum of squares overflows.",
        ),
        (
            "x a 3e-320, a y 3e-320",
            "l1",
            "Subnormal weights, already balanced.",
        ),
        (
            "x0 a 1e12, x1 a 1e-12, a y0 1, a y1 1e-20",
            "l2",
            "Terms that binary64 drops from a sum; they are in the exact answer.",
        ),
        (
            "x0 a 1, x1 a 1e-9, a y 1",
            "l2",
            "A + 1e-18: the multiplier differs from 1 in the 19th digit.",
        ),
        (
            "x a 1e6, one a 1e-6, a b 1e-3, b y 1e9, x b 1",
            "l1",
            "Costs over 15 orders of magnitude, with a bias and a skip.",
        ),
        (
            "x a 1e100, a b 1e-100, b c 1e100, c y 1e-100",
            "lp:1/2",
            "Alternating sizes under p = 1/2.",
        ),
    ] {
        cases.balance(note(comment, source), &net(network)?, regularizer)?;
    }
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": "a", "weight": 0.1}, {"from": "a", "to": "y", "weight": 2.5}],
    });
    cases.balance_file(
        note(
            "JSON numbers: 0.1 is 3602879701896397/36028797018963968, not 1/10.",
            source,
        )
        .flag("float_weights"),
        document,
        "l2",
    )?;
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": "a", "weight": 5e-324}, {"from": "a", "to": "y", "weight": 1.7976931348623157e308}],
    });
    cases.balance_file(
        note("The smallest and the largest binary64 number.", source).flag("float_weights"),
        document,
        "l1",
    )?;
    deep(cases)?;
    for (seed, spread) in [(71, 6u32), (72, 12), (73, 30)] {
        let mut rng = generator(seed);
        let ten = Rational::from_integer(num_traits::pow(10u32.into(), spread as usize));
        let size = |k: usize| {
            if k.is_multiple_of(2) {
                ten.clone()
            } else {
                ten.recip()
            }
        };
        let network = layered(
            &[2, 3, 3, 2],
            &Activation::Relu,
            |k, i, j| random_weight(&mut rng) * size(k + i + j),
            None,
        );
        let comment = format!(
            "Layers [2, 3, 3, 2]; the weights of a layer differ by {} orders of magnitude.",
            2 * spread
        );
        cases.balance(note(comment, source).flag("random"), &network, "l2")?;
    }
    Ok(())
}

/// Chains that textbook balancing takes long for.
fn deep(cases: &mut Cases) -> Result<(), VectorError> {
    for layers in [10usize, 30] {
        let mut weights = vec![Rational::one(); layers + 1];
        let product = Rational::from_integer(num_traits::pow(2u32.into(), layers + 1));
        weights[0] = product;
        let comment = format!(
            "A chain of {layers} hidden units, all unbalanced through one weight; every balanced weight is 2."
        );
        cases.balance(
            note(comment, "depth-law").flag("deep"),
            &chain(&weights),
            "l2",
        )?;
    }
    let mut weights = vec![q("1")?; 21];
    weights[20] = q("1000000")?;
    cases.balance(
        note(
            "A chain of 20 hidden units; the geometric mean is irrational.",
            "depth-law",
        )
        .flag("deep"),
        &chain(&weights),
        "l2",
    )
}
