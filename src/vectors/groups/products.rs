//! Units that multiply.

use num_traits::Zero;

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{generator, text};
use crate::network::{Manifold, Network, Regularizer, Shape, Values, random_general};
use crate::numbers::Rational;
use crate::solve::{Existence, existence_by_linear_program};

const SCALE: &str = "products";
const BALANCE: &str = "product-balance";

const GATE: &str = "x -> g: 1; x -> u: 1; product z: g u; z -> y: 1";
const CELL: &str = "x -> u: 1; x -> h: 1; product z: h u; z -> h: 2; z -> y: 1; x -> y: 1";

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    scalings(cases)?;
    closed_forms(cases)?;
    hidden_by_scalings(cases)?;
    without_minimum(cases)?;
    judged(cases)?;
    circulations(cases)
}

fn scalings(cases: &mut Cases) -> Result<(), VectorError> {
    let square = "x -> r: 3; product rr: r r; rr -> y: 4";
    let given = "x -> a: 3; product z: a u; z -> y: 5; u -> y: 1; unit u: input";
    for (comment, network, by) in [
        (
            "A gate: what reads the product is divided by the multipliers of both factors.",
            GATE,
            [("g", "2"), ("u", "5")],
        ),
        ("One factor alone.", GATE, [("g", "2"), ("u", "1")]),
        (
            "In a recurrent network a product multiplies values of one step.",
            CELL,
            [("u", "3"), ("h", "5")],
        ),
    ] {
        cases.scale(note(comment, SCALE), &text(network)?, &by)?;
    }
    for (comment, network, by) in [
        ("A unit squared counts twice.", square, ("r", "5")),
        (
            "A factor that is an input does not scale.",
            given,
            ("a", "1/2"),
        ),
        ("A product has no multiplier of its own.", GATE, ("z", "2")),
    ] {
        cases.scale(note(comment, SCALE), &text(network)?, &[by])?;
    }
    Ok(())
}

/// Costs whose product over the synapses does not change are all equal at the optimum.
fn closed_forms(cases: &mut Cases) -> Result<(), VectorError> {
    let three = |weight: i64| {
        text(&format!(
            "x -> a: 1; x -> b: 1; x -> c: 1; product z: a b c; z -> y: {weight}"
        ))
    };
    cases.balance_known(
        note(
            "mu_a + mu_b + mu_c + 16 / (mu_a mu_b mu_c): all four costs become 2.",
            BALANCE,
        ),
        &three(16)?,
        "l1",
        &["2"; 4],
    )?;
    let root = ["2^1/2"; 4];
    cases.balance_known(
        note("The same costs under L2.", BALANCE),
        &three(4)?,
        "l2",
        &root,
    )?;
    let gate = text("x -> g: 2; x -> u: 1; product z: g u; z -> y: 18")?;
    cases.balance_known(
        note(
            "A gate: every cost is the cube root of 2 * 1 * 18.",
            BALANCE,
        ),
        &gate,
        "l1",
        &["36^1/3"; 3],
    )?;
    cases.balance_known(
        note("The same under L_1/2: the weights are the same.", BALANCE),
        &gate,
        "lp:1/2",
        &["36^1/3"; 3],
    )?;
    cases.balance_known(
        note("A unit squared: A = 2 B, so 2 mu = 2 * 27 / mu^2.", BALANCE),
        &text("x -> r: 2; product rr: r r; rr -> y: 27")?,
        "l1",
        &["6", "3"],
    )?;
    cases.balance_known(
        note(
            "A factor that is an input: the product scales as the other factor.",
            BALANCE,
        ),
        &text("x -> a: 1; product z: a u; z -> y: -4; u -> y: 3; unit u: input")?,
        "l1",
        &["2", "-2", "3"],
    )?;
    cases.balance_known(
        note("A product of a product: four costs of 2 again.", BALANCE),
        &text("x -> a: 1; x -> b: 1; x -> c: 1; product z: a b; product v: z c; v -> y: 16")?,
        "l1",
        &["2"; 4],
    )?;
    cases.balance_units(
        note(
            "One step at a factor: sqrt(18 / 2); the other stays.",
            BALANCE,
        ),
        &gate,
        "l1",
        &["g"],
    )?;
    cases.balance_units(
        note(
            "One step at a unit that is squared: (2 * 27 / 2)^(1/3).",
            BALANCE,
        ),
        &text("x -> r: 2; product rr: r r; rr -> y: 27")?,
        "l1",
        &["r"],
    )?;
    cases.balance_units(
        note("Asked to balance a product.", SCALE),
        &gate,
        "l1",
        &["z"],
    )
}

/// A network whose balanced weights are given, after a scaling.
pub(super) fn hidden(
    cases: &mut Cases,
    (comment, source): (&str, &'static str),
    network: &str,
    regularizer: &str,
    by: &[i64],
) -> Result<(), VectorError> {
    let planted = text(network)?;
    let by: Vec<Rational> = by
        .iter()
        .map(|value| Rational::from_integer((*value).into()))
        .collect();
    let scaled = planted
        .scaled(&by)
        .map_err(|fault| cases.fault(fault.to_string()))?;
    let known = planted
        .weights()
        .into_iter()
        .map(|weight| weight.to_string());
    let known: Vec<String> = known.collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let note = note(comment, source).flag("planted");
    cases.balance_known(note, &scaled, regularizer, &known)
}

fn hidden_by_scalings(cases: &mut Cases) -> Result<(), VectorError> {
    for (comment, network, regularizer, by) in [
        (
            "A recurrent cell that reads its own product.",
            "x -> u: 4; x -> h: 1; product z: h u; z -> h: 3; z -> y: 1",
            "l1",
            [2i64, 3].as_slice(),
        ),
        (
            "A factor that is also read by itself.",
            "x -> g: 5; x -> u: 2; product z: g u; z -> y: 2; g -> y: -3",
            "l1",
            &[2, 7],
        ),
        (
            "A factor of degree 2 counts twice.",
            "x -> g: 4; x -> u: 2; product z: g u; z -> y: 2; unit g: square",
            "l1",
            &[3, 2],
        ),
        (
            "A gated layer under L2, with a bias and a reader that is scaled itself.",
            "x -> g: 1; one -> g: 2; x -> u: -2; v -> u: 1; product z: g u; z -> h: 2; z -> y: 1; h -> y: 2; unit v: input",
            "l2",
            &[2, 3, 5],
        ),
        (
            "Two gates that share a factor, read by one unit.",
            "x -> g: 5; x -> a: 2; x -> b: 3; product z: g a; product v: g b; z -> h: 2; v -> h: 3; h -> y: 5",
            "l1",
            &[2, 3, 5, 7],
        ),
        (
            "A network of products and sums that is balanced as it is.",
            "x -> r: 4; product rr: r r; rr -> y: 2",
            "l1",
            &[1],
        ),
    ] {
        hidden(cases, (comment, BALANCE), network, regularizer, by)?;
    }
    Ok(())
}

fn without_minimum(cases: &mut Cases) -> Result<(), VectorError> {
    let unread = text("x -> g: 1; x -> u: 1; product z: g u; x -> y: 1")?;
    let beside = text("x -> g: 1; x -> u: 1; product z: g u; g -> y: 4")?;
    for (comment, network) in [
        (
            "A product that nothing reads: both factors may shrink.",
            &unread,
        ),
        (
            "A product that nothing reads, one of whose factors is read by itself: only the other is dead.",
            &beside,
        ),
    ] {
        cases.balance(note(comment, "existence"), network, "l1")?;
        cases.limit(note(comment, "existence"), network, "l1")?;
    }
    let unfed = text("x -> g: 1; u -> y: 3; product z: g u; z -> y: 2; unit u: relu")?;
    cases.balance(
        note("A factor that nothing feeds: the readers of the product vanish, and with them what feeds the other.", "existence"),
        &unfed,
        "l2",
    )
}

fn judged(cases: &mut Cases) -> Result<(), VectorError> {
    let gate = text("x -> g: 2; x -> u: 4; product z: g u; z -> y: 1")?;
    for (comment, weights) in [
        ("The right answer: all costs are 2.", ["2", "2", "2"]),
        ("A scaling that is not balanced.", ["1", "8", "1"]),
        (
            "The reader of the product is divided by the multiplier of one factor only.",
            ["4", "2", "1/2"],
        ),
        (
            "A factor is scaled and the product forgotten.",
            ["4", "4", "1"],
        ),
        (
            "The reader of the product has the wrong sign.",
            ["2", "2", "-2"],
        ),
    ] {
        let after = weights
            .map(super::q)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        cases.judge(note(comment, SCALE), &gate, &gate.with_weights(after), "l1")?;
    }
    Ok(())
}

/// Random networks whose costs are a circulation, so that they are balanced, behind a scaling.
fn circulations(cases: &mut Cases) -> Result<(), VectorError> {
    let shape = Shape::new(2, 6, 1);
    let mut seed = 40_000;
    let mut added = 0;
    while added < 6 {
        seed += 1;
        let mut rng = generator(seed);
        let network = random_general(shape, added % 3 == 2, Values::Rational, &mut rng);
        let Some(planted) = with_circulation(&network) else {
            continue;
        };
        let by = |v: usize| Rational::new((1 + (v % 3) as i64).into(), (1 + (v % 2) as i64).into());
        let by: Vec<Rational> = (0..planted.variables()).map(by).collect();
        let hidden = planted.scaled(&by.iter().map(|b| b * b).collect::<Vec<_>>());
        let Ok(hidden) = hidden else { continue };
        let known: Vec<String> = planted.weights().iter().map(ToString::to_string).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let comment = "A random network with products, powers and ties, whose balanced costs are a circulation.";
        let note = note(comment, BALANCE).flag("planted").flag("random");
        cases.balance_known(note, &hidden, "l1", &known)?;
        added += 1;
    }
    Ok(())
}

/// The network with a circulation of its synapses as weights, if there is one, products are there and no multiplier is
/// left free.
fn with_circulation(network: &Network<Rational>) -> Option<Network<Rational>> {
    let problem = network.problem(&Regularizer::l1());
    let Ok(Existence::Attained(attained)) = existence_by_linear_program(&problem) else {
        return None;
    };
    let flow = &attained.claim_about(&problem)?.circulation;
    let weights = flow.iter().zip(network.weights());
    let weights = weights.map(|(flow, own)| if flow.is_zero() { own } else { flow.clone() });
    let is_determined = Manifold::of(network).dimension() == network.variables();
    let has_product = !network.products().is_empty() && network.variables() > 2;
    (is_determined && has_product).then(|| network.with_weights(weights.collect()))
}
