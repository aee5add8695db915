//! Other regularizers.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::plain::{plants, with_biases};
use super::{generator, net};
use crate::network::{Activation, layered, random_weight};

pub(super) fn p(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "thm-3.1-lp";
    let one = net("x a 16, a y 1")?;
    for (power, comment) in [
        ("lp:1", "Written lp:1, the same as l1."),
        ("lp:2", "Written lp:2, the same as l2."),
        ("lp:3", "mu = 1/64, Lambda = 1/4."),
        (
            "lp:4",
            "mu = 1/256, Lambda = 1/4: for one synapse on each side Lambda does not depend on p.",
        ),
        ("lp:1/2", "p = 1/2: mu = 1/2."),
        ("lp:3/2", "p = 3/2: mu = 1/8."),
        (
            "lp:2/3",
            "p = 2/3: the cost 16^(2/3) is irrational, the balanced weights are 4 all the same.",
        ),
        ("lp:1/10", "A small power."),
        ("lp:64", "A large power: costs up to 2^256."),
    ] {
        cases.balance(note(comment, source), &one, power)?;
    }
    let star = net("x0 a 3, x1 a 4, x2 a -5, a y 6")?;
    cases.balance(note("27 + 64 + 125 = 216.", source), &star, "lp:3")?;
    for power in ["lp:1/2", "lp:5/2", "lp:7/3"] {
        cases.balance(
            note(
                "Several incoming weights: here Lambda does depend on p.",
                source,
            ),
            &star,
            power,
        )?;
    }
    cases.balance_units(
        note("One step under L3: 1 + 8 against 27.", source),
        &net("x0 a 1, x1 a 2, a b 3, b y 1")?,
        "lp:3",
        &["a"],
    )?;
    for (seed, power) in [
        (31, "lp:3"),
        (32, "lp:4"),
        (33, "lp:1/2"),
        (34, "lp:3/2"),
        (35, "lp:5/3"),
    ] {
        let mut rng = generator(seed);
        let network = layered(
            &[2, 3, 2, 1],
            &Activation::Relu,
            |_, _, _| random_weight(&mut rng),
            None,
        );
        cases.balance(
            note("Fully connected layers [2, 3, 2, 1].", "convex-problem").flag("random"),
            &network,
            power,
        )?;
    }
    plants(cases, 30, 2, false, "lp:3")?;
    plants(cases, 31, 1, false, "lp:4")
}

pub(super) fn mixtures(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "thm-3.1-general";
    let one = net("x a 4, a y 1")?;
    cases.balance(
        note(
            "One synapse on each side: both weights become 2 under every mixture.",
            source,
        ),
        &one,
        "mix:1*1+1*2",
    )?;
    cases.balance(
        note(
            "A mixture of one power, with a factor: the factor does not matter.",
            source,
        ),
        &one,
        "mix:3*2",
    )?;
    let star = net("x0 a 1, x1 a 1, a y 2")?;
    cases.balance(
        note(
            "Elastic net; 1 + 1 = 2 under L1 but 1 + 1 < 4 under L2: something between.",
            source,
        ),
        &star,
        "mix:1*1+1*2",
    )?;
    cases.balance(
        note("The same with ten times the L1 part.", source),
        &star,
        "mix:10*1+1*2",
    )?;
    cases.balance(
        note("A power below 1 and one above 2.", source),
        &star,
        "mix:1*1/2+1/4*3",
    )?;
    cases.balance(
        note("Three powers.", source),
        &net("x0 a 1, one a -3, a b 2, b y0 1/2, b y1 -5")?,
        "mix:1/3*1+1/5*2+2*3",
    )?;
    cases.balance_units(
        note("One step without closed form.", source),
        &star,
        "mix:1*1+1*2",
        &["a"],
    )?;
    for (seed, mixture) in [
        (41, "mix:1*1+1*2"),
        (42, "mix:1/100*1+1*2"),
        (43, "mix:1*2+1*4"),
        (44, "mix:2*1/2+1*2"),
    ] {
        let network = with_biases(&[2, 3, 2], seed);
        cases.balance(
            note("Layers [2, 3, 2] with biases.", "convex-problem").flag("random"),
            &network,
            mixture,
        )?;
    }
    plants(cases, 40, 3, true, "mix:1*1+3/2*2")
}
