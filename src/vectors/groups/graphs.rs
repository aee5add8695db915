//! Recurrence, self-connections and ties.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::plain::plants;
use super::{build, generator, net};
use crate::network::{Activation, Shape, layered, random_recurrent, random_weight};
use crate::solve::existence;

pub(super) fn recurrent(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "recurrent";
    cases.balance(
        note("Two units that read each other.", source),
        &net("x a 1, a b 2, b a 8, b y 1")?,
        "l1",
    )?;
    cases.balance(
        note("The same under L2.", source),
        &net("x a 1, a b 2, b a 8, b y 1")?,
        "l2",
    )?;
    cases.balance(
        note(
            "A ring of three units with one input and one output.",
            source,
        ),
        &net("x a 4, a b 1, b c 2, c a 3, c y 1")?,
        "l2",
    )?;
    cases.balance(
        note("A ring fed at two places, with a bias.", source),
        &net("x a 1, one c -2, a b 1, b c 4, c d 2, d a 1, b y 3, d y 1")?,
        "l2",
    )?;
    cases.balance_units(
        note(
            "One step: the synapse back counts among the incoming ones.",
            source,
        ),
        &net("x a 1, a b 16, b a 3, b y 1")?,
        "l1",
        &["a"],
    )?;
    cases.scale(
        note("Scaling one unit of a ring.", source),
        &net("x a 1, a b 2, b a 8, b y 1")?,
        &[("b", "3")],
    )?;
    let mut seed = 50;
    let mut added = 0;
    while added < 5 {
        seed += 1;
        let shape = Shape::new(2, 3 + added, 1);
        let network = random_recurrent(shape, 0.6, &mut generator(seed));
        let regularizer = cases.regularizer("l2")?;
        // Some random networks have dead units; those are in other groups.
        if existence(&network.problem(&regularizer)).is_ok_and(|found| found.is_attained()) {
            let comment = format!(
                "A random recurrent network of {} hidden units.",
                shape.hidden
            );
            cases.balance(note(comment, source).flag("random"), &network, "l2")?;
            added += 1;
        }
    }
    plants(cases, 50, 4, true, "l2")
}

pub(super) fn self_connections(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "E4";
    let one = net("x a 4, a a 7, a y 1")?;
    cases.balance(
        note(
            "With 49 on both sides the printed formula gives (50/65)^(1/4) and not 1/2.",
            source,
        )
        .flag("erratum"),
        &one,
        "l2",
    )?;
    cases.balance_units(
        note(
            "One step under L1: A = 4, B = 1, whatever the self-connection.",
            source,
        )
        .flag("erratum"),
        &one,
        "l1",
        &["a"],
    )?;
    cases.scale(
        note("Scaling leaves the self-connection as it is.", source),
        &one,
        &[("a", "5")],
    )?;
    cases.balance(
        note(
            "A negative self-connection, larger than all others.",
            source,
        ),
        &net("x a 1, a a -1000, a y 4")?,
        "l1",
    )?;
    cases.balance(
        note(
            "Balanced already: a self-connection puts nothing out of balance.",
            source,
        ),
        &net("x a 2, a a 1, a y -2")?,
        "l2",
    )?;
    cases.balance(
        note("A self-connection in a ring.", source),
        &net("x a 1, a b 2, b a 8, b b 3, b y 1")?,
        "l2",
    )?;
    cases.balance(
        note(
            "Within a tie, the synapse between two units of the tie stays as it is too.",
            source,
        ),
        &build("x a 1, a b 5, b a -2, a a 3, b y 4", &[], &["a b"])?,
        "l1",
    )?;
    cases.balance(
        note("On an output unit: it never changes.", source),
        &net("x a 1, a y 9, y y 2")?,
        "l1",
    )?;
    cases.balance(
        note("On every unit of a chain.", source),
        &net("x a 1, a a 1/2, a b 16, b b -1/2, b y 2")?,
        "l1",
    )?;
    cases.balance(
        note("Under a mixture.", source),
        &net("x a 1, a a 3, a y0 2, a y1 1")?,
        "mix:1*1+1*2",
    )?;
    for power in ["lp:1/2", "lp:3"] {
        cases.balance(note("Under other powers.", source), &one, power)?;
    }
    Ok(())
}

pub(super) fn ties(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "tied-scaling";
    let pair = "x a 1, x b 3, a y 9, b y 7";
    cases.balance(
        note(
            "Two units of one layer: 1 + 3 against 9 + 7, mu = 2 for both.",
            source,
        ),
        &build(pair, &[], &["a b"])?,
        "l1",
    )?;
    cases.balance(
        note("The same network without the tie, for comparison.", source),
        &net(pair)?,
        "l1",
    )?;
    cases.scale(
        note("A tie is scaled as one.", source),
        &build(pair, &[], &["a b"])?,
        &[("a", "2"), ("b", "2")],
    )?;
    cases.scale(
        note("Two multipliers for one tie must be refused.", source),
        &build(pair, &[], &["a b"])?,
        &[("a", "2"), ("b", "3")],
    )?;
    cases.balance(
        note("Ties that overlap are one tie.", source),
        &build(
            "x a 1, x b 2, x c 3, a y 10, b y 20, c y 24",
            &[],
            &["a b", "b c"],
        )?,
        "l1",
    )?;
    cases.balance(
        note("A tie of one unit is no tie.", source),
        &build("x a 1, a y 4", &[], &["a"])?,
        "l1",
    )?;
    cases.balance(
        note(
            "A tie with a unit that is not homogeneous fixes both.",
            "pass-through-ties",
        ),
        &build(
            "x a 1, x s 2, a y 4, s y 8, x c 1, c y 4",
            &[("s", Activation::Other("sigmoid".into()))],
            &["a s"],
        )?,
        "l1",
    )?;
    let residual = build("x a 2, a b 3, a c 0, b c 1, c y 5", &[], &["a b"])?;
    cases.balance(
        note(
            "A residual addition ties its branches; the synapse between them never changes.",
            "pass-through-ties",
        ),
        &residual,
        "l2",
    )?;
    cases.balance(
        convolution_note("a channel of three places, kernel (1, 2)"),
        &build(
            "x0 a0 1, x1 a0 2, x1 a1 1, x2 a1 2, x2 a2 1, x3 a2 2, a0 y 3, a1 y 3, a2 y 3",
            &[],
            &["a0 a1 a2"],
        )?,
        "l2",
    )?;
    cases.balance(convolution_note("two channels of two places, kernels (1, -1) and (1/2, 3), and a second layer that mixes them"), &build(
        "x0 a0 1, x1 a0 -1, x1 a1 1, x2 a1 -1, x0 b0 1/2, x1 b0 3, x1 b1 1/2, x2 b1 3, a0 c0 2, a1 c1 2, b0 c0 -1, b1 c1 -1, c0 y 5, c1 y 4", &[], &["a0 a1", "b0 b1", "c0 c1"])?, "l2")?;
    for (seed, sizes, regularizer) in [
        (61, &[2, 2, 2, 1][..], "l2"),
        (62, &[2, 3, 3, 2], "l1"),
        (63, &[1, 2, 2, 2, 1], "l2"),
    ] {
        let mut rng = generator(seed);
        let network = layered(
            sizes,
            &Activation::Relu,
            |_, _, _| random_weight(&mut rng),
            None,
        )
        .tied_by_layer();
        let comment = format!(
            "Layer-wise, layers {sizes:?} without biases: every layer ends at the geometric mean of the layers' costs."
        );
        cases.balance(
            note(comment, "tied-closed-form").flag("random"),
            &network,
            regularizer,
        )?;
    }
    let closed = build(
        "x a 1, x b 1, a c 4, a d 4, b c 4, b d 4, c y 2, d y 2",
        &[],
        &["a b", "c d"],
    )?;
    cases.balance(
        note(
            "Layer costs 2, 64 and 8: every layer ends at the cube root of 1024.",
            "tied-closed-form",
        ),
        &closed,
        "l2",
    )
}

fn convolution_note(what: &str) -> super::super::case::Note {
    note(format!("A convolution written out: {what}. Each place carries its own copy of the kernel, so kernels count once per place."), "tied-scaling").flag("convolution")
}
