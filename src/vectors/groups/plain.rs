//! Networks as in textbooks.

use rand::RngExt;

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{build, generator, net, q};
use crate::network::{
    Activation, Network, Regularizer, Shape, chain, layered, planted, random_weight,
};
use crate::numbers::Rational;

const THM_3_1: &str = "thm-3.1-lp";
const THM_5_1: &str = "thm-5.1";
const CONVEX: &str = "convex-problem";

fn weights(texts: &[&str]) -> Result<Vec<Rational>, VectorError> {
    texts.iter().map(|text| q(text)).collect()
}

pub(super) fn basic(cases: &mut Cases) -> Result<(), VectorError> {
    one_unit(cases)?;
    scalings(cases)?;
    order(cases)?;
    chains(cases)?;
    layers(cases)
}

fn one_unit(cases: &mut Cases) -> Result<(), VectorError> {
    let one = |a: &str, b: &str| net(&format!("x a {a}, a y {b}"));
    cases.balance(
        note(
            "One unit, costs 16 and 1: Lambda is 1/2, both costs become 4.",
            THM_3_1,
        ),
        &one("4", "1")?,
        "l2",
    )?;
    cases.balance(
        note("Signs stay as they are.", THM_3_1),
        &one("-9", "1")?,
        "l1",
    )?;
    cases.balance(
        note("Already balanced: nothing changes.", THM_3_1),
        &one("-3/4", "3/4")?,
        "l2",
    )?;
    cases.balance(
        note(
            "Lambda is the fourth root of 2 under L2, the weights are too.",
            THM_3_1,
        ),
        &one("1", "2")?,
        "l2",
    )?;
    cases.balance(
        note("mu is rational, Lambda is not.", THM_3_1),
        &one("1", "3")?,
        "l2",
    )?;
    cases.balance(
        note("Under L1, Lambda = mu is the root of 2.", THM_3_1),
        &one("1", "2")?,
        "l1",
    )?;
    let star = net("x0 a 3, x1 a 4, a y 5")?;
    cases.balance(
        note(
            "Two incoming weights, 9 + 16 = 25.",
            "descent-leaves-balance",
        ),
        &star,
        "l2",
    )?;
    let star = net("x0 a 3, x1 a -4, a y0 1, a y1 -2, a y2 2")?;
    cases.balance(
        note(
            "25 against 9: mu is 3/5, and no weight is rational but those of a rational square.",
            THM_3_1,
        ),
        &star,
        "l2",
    )?;
    cases.balance(
        note("The same under L1: 7 against 5.", THM_3_1),
        &star,
        "l1",
    )?;
    let two = net("x a 1, a b 16, b y 1")?;
    for units in [["a", "b"], ["b", "a"]] {
        let comment = format!(
            "The steps {} then {} of the worked example: the order matters on the way, not at the end.",
            units[0], units[1]
        );
        cases.balance_units(note(comment, "noncommutativity"), &two, "l1", &units)?;
    }
    cases.balance_units(
        note("One step with a root as multiplier.", THM_3_1),
        &two,
        "l2",
        &["b"],
    )?;
    cases.balance_units(
        note(
            "a, b, a: each step starts from the weights that the last one left.",
            "noncommutativity",
        ),
        &net("x a 1, a b 256, b y 1")?,
        "l1",
        &["a", "b", "a"],
    )?;
    cases.balance_units(
        note("An input has no multiplier.", "mixed-units"),
        &two,
        "l1",
        &["x"],
    )?;
    cases.balance(
        note(
            "The balanced end of the worked example, whatever the order.",
            THM_5_1,
        ),
        &two,
        "l1",
    )
}

fn scalings(cases: &mut Cases) -> Result<(), VectorError> {
    let network = net("x0 a 3, x1 a -1/2, a b 4, x0 b 1, b y 2/3, a y 5")?;
    let source = "scaling-invariance";
    cases.scale(
        note(
            "Incoming weights times 2, outgoing ones divided by 2.",
            source,
        ),
        &network,
        &[("a", "2")],
    )?;
    cases.scale(
        note(
            "Two units: the synapse between them takes the quotient.",
            "scaling-group",
        ),
        &network,
        &[("a", "2"), ("b", "1/3")],
    )?;
    cases.scale(
        note("By 1: nothing changes.", "scaling-group"),
        &network,
        &[("b", "1")],
    )?;
    cases.scale(
        note(
            "A negative multiplier changes the function of a ReLU.",
            source,
        ),
        &network,
        &[("a", "-2")],
    )?;
    cases.scale(note("So does zero.", source), &network, &[("b", "0")])?;
    cases.scale(
        note(
            "An output is read from outside and keeps its size.",
            "mixed-units",
        ),
        &network,
        &[("y", "2")],
    )
}

/// Steps whose order does or does not matter.
fn order(cases: &mut Cases) -> Result<(), VectorError> {
    let apart = net("x a 1, a y 4, x b 9, b y 1")?;
    for units in [["a", "b"], ["b", "a"]] {
        let comment = format!(
            "Units that no synapse joins, {} first: balancing them commutes.",
            units[0]
        );
        cases.balance_units(note(comment, "noncommutativity"), &apart, "l1", &units)?;
    }
    let alone = net("x y 1, a b 2, b a 8")?;
    for units in [["a", "b"], ["b", "a"]] {
        let comment = format!(
            "Units joined to each other alone, {} first: either step balances both.",
            units[0]
        );
        let note = note(comment, "E8").flag("erratum");
        cases.balance_units(note, &alone, "l1", &units)?;
    }
    Ok(())
}

fn chains(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "tied-closed-form";
    for (texts, regularizer, comment) in [
        (
            &["1", "8", "27"][..],
            "l1",
            "A chain balances at the geometric mean of its costs, here 6.",
        ),
        (
            &["2", "3", "5"],
            "l2",
            "The geometric mean is irrational: the cube root of 30 under L2.",
        ),
        (
            &["1", "1/16", "256", "1"],
            "l1",
            "Four synapses, geometric mean 2.",
        ),
        (
            &["-1", "2", "-4", "8", "16"],
            "l2",
            "Five synapses of both signs, geometric mean 4.",
        ),
    ] {
        cases.balance(note(comment, source), &chain(&weights(texts)?), regularizer)?;
    }
    Ok(())
}

fn layers(cases: &mut Cases) -> Result<(), VectorError> {
    for (seed, sizes, regularizer) in [
        (1, &[2, 2, 1][..], "l2"),
        (2, &[2, 3, 2], "l2"),
        (3, &[3, 2, 3, 1], "l1"),
        (4, &[2, 4, 4, 2], "l2"),
        (5, &[1, 2, 2, 1], "l2"),
    ] {
        let mut rng = generator(seed);
        let network = layered(
            sizes,
            &Activation::Relu,
            |_, _, _| random_weight(&mut rng),
            None,
        );
        cases.balance(
            note(format!("Fully connected layers {sizes:?}."), CONVEX).flag("random"),
            &network,
            regularizer,
        )?;
    }
    let skip = net("x a 2, a b 3, b y 1, x b 1/2, a y 4")?;
    cases.balance(note("A skip connection on each side.", CONVEX), &skip, "l2")?;
    let mixed = build(
        "x a 2, x b -3, x c 1, x d 1/4, a e 1, b e 2, c e -1, d e 3, e y 1/2",
        &[
            ("a", Activation::Linear),
            ("b", Activation::Abs),
            ("c", Activation::LeakyRelu(q("1/10")?)),
            ("d", Activation::Prelu(q("-1/3")?)),
            (
                "e",
                Activation::BiLu {
                    below: q("2")?,
                    above: q("-1/2")?,
                },
            ),
        ],
        &[],
    )?;
    cases.balance(
        note(
            "All kinds of BiLU units: balancing does not look at slopes.",
            "def-2.1",
        ),
        &mixed,
        "l2",
    )?;
    plants(cases, 10, 6, false, "l2")
}

/// Planted networks of growing size.
pub(super) fn plants(
    cases: &mut Cases,
    seed: u64,
    count: u64,
    recurrent: bool,
    regularizer: &str,
) -> Result<(), VectorError> {
    let parsed: Regularizer = cases.regularizer(regularizer)?;
    for index in 0..count {
        let mut rng = generator(1_000 * seed + index);
        let shape = Shape::new(
            1 + index as usize % 3,
            2 + index as usize,
            1 + index as usize % 2,
        );
        let plant = planted(shape, recurrent, false, &mut rng);
        if !plant.is_balanced(&parsed) {
            return Err(cases.fault("a planted network is not balanced"));
        }
        let comment = format!(
            "Planted, {} hidden units; every balanced weight is a small fraction.",
            shape.hidden
        );
        cases.balance(
            note(comment, THM_5_1).flag("planted"),
            &plant.network,
            regularizer,
        )?;
    }
    Ok(())
}

pub(super) fn biases(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "scaling-invariance";
    let one = |b: &str| net(&format!("x a 3, one a {b}, a y 5"));
    cases.balance(
        note(
            "The bias 4 makes 9 + 16 = 25; without it the unit would seem unbalanced.",
            source,
        ),
        &one("4")?,
        "l2",
    )?;
    cases.balance(
        note("A negative bias costs what its magnitude costs.", source),
        &one("-4")?,
        "l2",
    )?;
    cases.balance(note("A bias of 0 stays 0.", source), &one("0")?, "l2")?;
    cases.balance(
        note(
            "A unit fed by its bias alone is scaled all the same.",
            source,
        ),
        &net("one a 2, a y 8, x y 1")?,
        "l2",
    )?;
    cases.balance(
        note("The bias of an output never changes.", source),
        &net("x a 1, a y 4, one y 100")?,
        "l1",
    )?;
    cases.scale(
        note("The bias is multiplied like any incoming weight.", source),
        &one("4")?,
        &[("a", "1/2")],
    )?;
    cases.balance_units(
        note("A + B with the bias: 1 + 3 against 16.", THM_3_1),
        &net("x a 1, one a -3, a y 16")?,
        "l1",
        &["a"],
    )?;
    for (seed, sizes, regularizer) in [
        (21, &[2, 2, 1][..], "l2"),
        (22, &[1, 3, 1], "l1"),
        (23, &[2, 3, 3, 2], "l2"),
        (24, &[3, 2, 2, 2, 1], "l2"),
    ] {
        let network = with_biases(sizes, seed);
        let comment = format!("Fully connected layers {sizes:?} with biases.");
        cases.balance(note(comment, CONVEX).flag("random"), &network, regularizer)?;
    }
    plants(cases, 20, 4, false, "l1")
}

/// Dense layers with random weights and biases.
pub(super) fn with_biases(sizes: &[usize], seed: u64) -> Network<Rational> {
    let (mut rng, mut other) = (generator(seed), generator(seed + 500));
    let mut bias = |_: usize, _: usize| match other.random_range(0..4) {
        0 => Rational::default(),
        _ => random_weight(&mut other),
    };
    layered(
        sizes,
        &Activation::Relu,
        |_, _, _| random_weight(&mut rng),
        Some(&mut bias),
    )
}
