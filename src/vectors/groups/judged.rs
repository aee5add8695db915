//! Results of other implementations, right and wrong.

use num_traits::{One, Signed};
use petgraph::Direction;

use super::super::VectorError;
use super::super::case::{Cases, Note, note};
use super::super::truth;
use super::plain::with_biases;
use super::{build, generator, net, q};
use crate::network::{Activation, Network, Regularizer, chain, layered, random_weight};
use crate::numbers::{Rational, rational_from_f64, rational_to_f64};

type Net = Network<Rational>;

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    right(cases)?;
    rounded(cases)?;
    wrong(cases)?;
    published(cases)
}

/// The network with other weights.
fn with(network: &Net, weights: &[&str]) -> Result<Net, VectorError> {
    let weights = weights
        .iter()
        .map(|text| q(text))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(network.with_weights(weights))
}

fn right(cases: &mut Cases) -> Result<(), VectorError> {
    let pair = net("x a 1, a b 16, b y 1")?;
    let judged =
        |cases: &mut Cases, text: &str, network: &Net, weights: &[&str], regularizer: &str| {
            cases.judge(
                note(text, "thm-5.1"),
                network,
                &with(network, weights)?,
                regularizer,
            )
        };
    let star = net("x a 4, one a 0, a a 7, a y 1")?;
    let ring = net("x a 1, a b 2, b a 8, b y 1")?;
    let tie = build("x a 1, x b 3, a y 9, b y 7", &[], &["a b"])?;
    let island = net("x y 1, a b 2, b a 8")?;
    let cube = net("x a 1, a b 8, b y 27")?;
    judged(
        cases,
        "The right answer: every cost is the cube root of 216.",
        &cube,
        &["6", "6", "6"],
        "l1",
    )?;
    judged(
        cases,
        "The right answer, with a self-connection and a zero bias.",
        &star,
        &["2", "0", "7", "2"],
        "l2",
    )?;
    judged(
        cases,
        "Nothing was done to a balanced network.",
        &net("x a 3, a y -3")?,
        &["3", "-3"],
        "l2",
    )?;
    judged(
        cases,
        "A ring: the function is the same and one step was done; not balanced yet.",
        &ring,
        &["4/3", "3/2", "32/3", "1"],
        "l1",
    )?;
    judged(
        cases,
        "A tie, balanced as a whole and not unit by unit.",
        &tie,
        &["2", "6", "9/2", "7/2"],
        "l1",
    )?;
    judged(
        cases,
        "An island, balanced; its multipliers are determined up to a factor only.",
        &island,
        &["1", "4", "4"],
        "l1",
    )?;
    judged(
        cases,
        "Stopped early: a scaling, not balanced.",
        &pair,
        &["4", "2", "2"],
        "l1",
    )?;
    judged(
        cases,
        "The right answer for L1 where L2 was asked for.",
        &net("x0 a 1, x1 a 3, a y 16")?,
        &["2", "6", "8"],
        "l2",
    )?;
    judged(
        cases,
        "Nothing was done at all: the same function, not balanced.",
        &pair,
        &["1", "16", "1"],
        "l1",
    )?;
    let dead = net("x a 1, x y 1")?;
    judged(
        cases,
        "A dead unit, shrunk by half: a scaling, but there is no optimum to be near to.",
        &dead,
        &["1/2", "1"],
        "l2",
    )
}

fn single(value: &Rational) -> Option<Rational> {
    rational_from_f64(f64::from(rational_to_f64(value) as f32))
}

fn double(value: &Rational) -> Option<Rational> {
    rational_from_f64(rational_to_f64(value))
}

/// The balanced weights of a network, each rounded.
fn balanced(
    network: &Net,
    regularizer: &Regularizer,
    round: fn(&Rational) -> Option<Rational>,
) -> Result<Net, VectorError> {
    let found = truth::optimum(&network.problem(regularizer))?;
    let weights = truth::weights(network, regularizer, &found)?;
    let weights: Option<Vec<Rational>> = weights.iter().map(|w| round(w.lower())).collect();
    let weights = weights.ok_or_else(|| "a weight has no such float".to_string())?;
    Ok(network.with_weights(weights))
}

fn rounded(cases: &mut Cases) -> Result<(), VectorError> {
    let l2 = Regularizer::l2();
    for (seed, name, round) in [
        (
            91u64,
            "binary32",
            single as fn(&Rational) -> Option<Rational>,
        ),
        (92, "binary64", double),
        (93, "binary32", single),
    ] {
        let network = with_biases(&[2, 3, 2], seed);
        let after = balanced(&network, &l2, round)?;
        let comment = format!(
            "Balanced, then rounded to {name}: a scaling within rounding, balanced within the tolerance."
        );
        cases.judge(
            note(comment, "thm-5.1").flag("rounded").flag("random"),
            &network,
            &after,
            "l2",
        )?;
    }
    Ok(())
}

fn wrong(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "scaling-invariance";
    let network = net("x0 a 3, x1 a 4, one a 0, a y0 5, a y1 -5, x0 y0 1")?;
    for (comment, weights) in [
        (
            "One incoming weight was forgotten.",
            ["6", "4", "0", "5/2", "-5/2", "1"],
        ),
        (
            "One outgoing weight was forgotten.",
            ["6", "8", "0", "5/2", "-5", "1"],
        ),
        (
            "The outgoing weights were multiplied instead of divided.",
            ["6", "8", "0", "10", "-10", "1"],
        ),
        ("A sign was lost.", ["6", "8", "0", "5/2", "5/2", "1"]),
        (
            "A zero weight was filled.",
            ["6", "8", "1/1000000000", "5/2", "-5/2", "1"],
        ),
        (
            "A small weight was dropped to 0.",
            ["6", "8", "0", "0", "-5/2", "1"],
        ),
        (
            "A synapse between visible units was scaled.",
            ["6", "8", "0", "5/2", "-5/2", "2"],
        ),
        (
            "A deviation of 1/1000 in one weight.",
            ["6", "8008/1000", "0", "5/2", "-5/2", "1"],
        ),
        (
            "A multiplier of -1: the function of a ReLU changes.",
            ["-3", "-4", "0", "-5", "5", "1"],
        ),
        (
            "Balanced numbers that are no scaling: all weights were replaced.",
            ["1", "1", "0", "1", "-1", "1"],
        ),
    ] {
        cases.judge(
            note(comment, source),
            &network,
            &with(&network, &weights)?,
            "l2",
        )?;
    }
    let tie = build("x a 1, x b 3, a y 9, b y 7", &[], &["a b"])?;
    cases.judge(
        note(
            "A tie was broken: each unit was balanced by itself.",
            "tied-scaling",
        ),
        &tie,
        &with(&tie, &["3", "3", "3", "7"])?,
        "l1",
    )?;
    let own = net("x a 4, a a 7, a y 1")?;
    cases.judge(
        note(
            "A self-connection was scaled with the incoming weights.",
            "E4",
        ),
        &own,
        &with(&own, &["2", "7/2", "2"])?,
        "l2",
    )?;
    let mixed = build(
        "x s 4, s a 1, a y 4",
        &[("s", Activation::Other("sigmoid".into()))],
        &[],
    )?;
    cases.judge(
        note(
            "A sigmoid was scaled as if it were homogeneous.",
            "mixed-units",
        ),
        &mixed,
        &with(&mixed, &["2", "2", "4"])?,
        "l1",
    )
}

/// Multiplies the weights into and out of each layer's hidden units, as the mistakes of published code do.
fn published(cases: &mut Cases) -> Result<(), VectorError> {
    let mistake =
        |text: &str| -> Note { note(text, "published mistake").flag("published_mistake") };
    let biased = net("x a 16, one a 2, a y 1")?;
    cases.judge(
        mistake("W1: the weights were scaled and the bias was not."),
        &biased,
        &with(&biased, &["4", "2", "4"])?,
        "l1",
    )?;
    let mean = net("x a 10000, x b 10000, a y 1, b y 39601")?;
    cases.judge(
        mistake("W2: stopped because the mean of the multipliers 1/100 and 199/100 is 1."),
        &mean,
        &mean,
        "l1",
    )?;
    let recurrent = net("x a 1, x b 4, a b 9, b a 1, a y 1, b y 1")?;
    cases.judge(mistake("W3: the input weights were balanced against the other incoming weights instead of the outgoing ones, and nothing was divided."),
        &recurrent, &with(&recurrent, &["1", "6", "6", "1", "1", "1"])?, "l1")?;
    let mut rng = generator(94);
    let network = layered(
        &[2, 3, 2],
        &Activation::Relu,
        |_, _, _| random_weight(&mut rng),
        None,
    );
    cases.judge(
        mistake("W4: multipliers rounded to powers of two."),
        &network,
        &powers_of_two(&network)?,
        "l2",
    )?;
    let flow = chain(&[q("1")?, q("3")?]);
    let near = with(&flow, &["1.7", "1.7647058823529411"])?;
    cases.judge(
        mistake("W5: gradient flow on the deficit, stopped after a fixed time, in binary64.")
            .flag("rounded"),
        &flow,
        &near,
        "l2",
    )?;
    let network = net("x0 a 1, x1 a 4, x0 b 2, x1 b 2, a y0 1, a y1 1, b y0 8, b y1 1")?;
    cases.judge(
        mistake("W6: the largest weights in and out were made equal instead of the costs."),
        &network,
        &with(&network, &["1/2", "2", "4", "4", "2", "2", "4", "1/2"])?,
        "l2",
    )?;
    let slow = net("x a 4, a y 1")?;
    cases.judge(
        note(
            "E1: steps that lower the regularizer each time and stop at 3/4 instead of 1/2.",
            "E1",
        )
        .flag("erratum"),
        &slow,
        &with(&slow, &["3", "4/3"])?,
        "l2",
    )
}

/// Each unit's multiplier, the others being left alone, rounded down to a power of two.
fn powers_of_two(network: &Net) -> Result<Net, VectorError> {
    let mut current = network.clone();
    for variable in 0..network.variables() {
        let unit = network.members(variable).first().copied().unwrap_or(0);
        let cost = |direction| {
            let synapses = current.synapses_of(unit, direction);
            synapses.into_iter().fold(Rational::default(), |sum, s| {
                sum + current.weight(s) * current.weight(s)
            })
        };
        let (input, output) = (cost(Direction::Incoming), cost(Direction::Outgoing));
        let mut multipliers = vec![Rational::one(); network.variables()];
        let two = Rational::from_integer(2.into());
        let fourth = |value: &Rational| num_traits::pow(value.clone(), 4);
        if !input.is_positive() || !output.is_positive() {
            continue;
        }
        let own = &mut multipliers[variable];
        while fourth(&(&*own * &two)) * &input <= output {
            *own *= &two;
        }
        while fourth(own) * &input > output {
            *own /= &two;
        }
        current = current
            .scaled(&multipliers)
            .map_err(|fault| fault.to_string())?;
    }
    Ok(current)
}
