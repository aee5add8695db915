//! Networks at the edge of the theory.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{build, generator, net, q};
use crate::network::{Activation, Shape, planted};

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "E6";
    cases.balance(
        note("No hidden unit at all: nothing to balance.", source),
        &net("x y 3, one y -1")?,
        "l2",
    )?;
    cases.balance(
        note(
            "A hidden unit without synapses: it has no cost, its multiplier is free.",
            source,
        ),
        &build("x a 1, a y 4", &[], &["b"])?,
        "l1",
    )?;
    cases.balance(note("All weights 0.", source), &net("x a 0, a y 0")?, "l2")?;
    cases.balance(
        note(
            "Zero weights beside others cost nothing and stay 0.",
            source,
        ),
        &net("x a 1, u a 0, a y 9, a b 0, b y 0")?,
        "l1",
    )?;
    cases.balance(note("Two units that read only each other, away from all visible ones: the weights are unique, the multipliers are not.", source), &net("x y 1, a b 2, b a 8")?, "l1")?;
    cases.balance(
        note("The same under L2, with a third unit in the ring.", source),
        &net("x y 1, a b 1, b c 8, c a 27")?,
        "l2",
    )?;
    cases.balance(
        note("An island beside a network that is attached.", source),
        &net("x a 1, a y 4, c d 3, d c 12")?,
        "l1",
    )?;
    cases.balance(
        note("A unit attached by zero weights only is an island.", source),
        &net("x a 0, a b 1, b a 16, b y 0, x y 1")?,
        "l1",
    )?;
    cases.balance(
        note(
            "Two inputs and two outputs that are joined directly as well.",
            source,
        ),
        &net("x a 1, a y 4, x y 100, u y -7")?,
        "l1",
    )?;
    let fixed = |name: &str| {
        build(
            "x s 4, s y 1, x a 4, a s 1, s b 1, b y 16",
            &[("s", Activation::Other(name.into()))],
            &[],
        )
    };
    cases.balance(
        note(
            "A sigmoid between ReLUs stays as it is and counts as visible.",
            "mixed-units",
        ),
        &fixed("sigmoid")?,
        "l1",
    )?;
    cases.balance(
        note(
            "So does a function that is declared not to be homogeneous.",
            "mixed-units",
        ),
        &fixed("mystery")?,
        "l1",
    )?;
    cases.balance_units(
        note("Asked to balance the sigmoid itself.", "mixed-units"),
        &fixed("tanh")?,
        "l1",
        &["s"],
    )?;
    cases.balance(
        note(
            "Only units that are not homogeneous: nothing to balance.",
            "mixed-units",
        ),
        &build(
            "x s 1, s y 5",
            &[("s", Activation::Other("tanh".into()))],
            &[],
        )?,
        "l2",
    )?;
    cases.balance(
        note(
            "A slope of 0 on both sides is a BiLU: its synapses still cost.",
            "def-2.1",
        ),
        &build(
            "x a 1, a y 4",
            &[(
                "a",
                Activation::BiLu {
                    below: q("0")?,
                    above: q("0")?,
                },
            )],
            &[],
        )?,
        "l1",
    )?;
    cases.balance_units(
        note(
            "A unit without cost on either side: every multiplier is as good, 1 is reported.",
            "thm-3.1-lp",
        ),
        &net("x a 0, a y 0, x b 1, b y 4")?,
        "l1",
        &["a"],
    )?;
    cases.balance(
        note(
            "A hidden unit between inputs and a fixed unit only.",
            "mixed-units",
        ),
        &build(
            "x a 9, a s 1, s y 1",
            &[("s", Activation::Other("softplus".into()))],
            &[],
        )?,
        "l1",
    )?;
    cases.balance(
        note(
            "Weights given as decimals and fractions with common factors: 0.25 is 1/4, 6/4 is 3/2.",
            source,
        ),
        &net("x a 0.25, a y 6/4")?,
        "l2",
    )
}

pub(super) fn not_attained(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "existence";
    for (network, regularizer, comment) in [
        (
            "x a 1, x y 1",
            "l2",
            "A unit that nothing reads: shrinking its input costs nothing.",
        ),
        (
            "a y 3, x y 1",
            "l1",
            "A unit that reads nothing: growing it shrinks its output.",
        ),
        (
            "x a 1, a b 1, x b 2, x y 1",
            "l2",
            "A dead end of two units.",
        ),
        (
            "x a 1, a y 4, a b 3",
            "l1",
            "A dead end beside a unit that is alive: the live part keeps its limit.",
        ),
        (
            "x a 1, a b 2, b a 8, x y 1",
            "l1",
            "A ring that is fed and not read: it may shrink as a whole. Within it balance goes on.",
        ),
        (
            "a b 2, b a 8, b y 1, x y 1",
            "l1",
            "A ring that is read and not fed.",
        ),
        (
            "x a 1, a b 4, b a 1, b c 3, c d 2, d c 2, d y 1, x c 5",
            "l1",
            "One synapse leads from a ring at the front to the rest; all is attained since outputs and inputs are joined.",
        ),
        (
            "a b 2, b a 8, b c 1, c d 3, d c 12, x y 1",
            "l1",
            "Two rings away from the visible units, joined one way: the joining synapse vanishes.",
        ),
        (
            "x a 0, a b 1, b y 1, x y 2",
            "l2",
            "The only input weight is 0: an exact zero does not feed.",
        ),
        (
            "x a 1, one b 1, b c 1, c y 1, a b 0",
            "l2",
            "A zero weight does not read either.",
        ),
        ("x a 1, a s 0, x y 1", "l1", "Read by a weight of 0 only."),
    ] {
        let network = net(network)?;
        cases.balance(note(comment, source), &network, regularizer)?;
        cases.limit(note(comment, source), &network, regularizer)?;
    }
    cases.balance_units(
        note(
            "One step at a unit with no outgoing cost: no multiplier is best.",
            "E6",
        ),
        &net("x a 1, x y 1")?,
        "l2",
        &["a"],
    )?;
    cases.balance_units(
        note("And with no incoming cost.", "E6"),
        &net("a y 3, x y 1")?,
        "l1",
        &["a"],
    )?;
    let tied = build("x a 1, a y 4, x b 2", &[], &["a b"])?;
    cases.balance(
        note(
            "A tie can save a dead unit: its synapse costs with the others.",
            "tied-scaling",
        ),
        &tied,
        "l1",
    )?;
    for index in 0..3u64 {
        let shape = Shape::new(2, 3 + index as usize, 1);
        let plant = planted(shape, index == 1, true, &mut generator(90_000 + index));
        let comment = "Planted, with a unit that is fed by the first input and read by nothing.";
        cases.balance(note(comment, source).flag("planted"), &plant.network, "l2")?;
        cases.limit(note(comment, source).flag("planted"), &plant.network, "l2")?;
    }
    Ok(())
}
