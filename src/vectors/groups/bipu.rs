//! Units of other degrees.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{build, q};
use crate::network::Activation;
use crate::numbers::Rational;

pub(super) fn power(degree: &str) -> Result<Activation<Rational>, VectorError> {
    Ok(Activation::BiPu {
        degree: q(degree)?,
        above: q("1")?,
        below: q("0")?,
    })
}

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    let source = "bipu-balance";
    let one = |degree: &str, a: &str, b: &str| {
        build(&format!("x a {a}, a y {b}"), &[("a", power(degree)?)], &[])
    };
    cases.balance(
        note("Degree 1 given as a BiPU is a BiLU.", "prop-2.3"),
        &one("1", "4", "1")?,
        "l2",
    )?;
    cases.balance(
        note("Degree 2, L1: A = 2 B holds at once.", source),
        &one("2", "2", "1")?,
        "l1",
    )?;
    cases.balance(
        note("Degree 2, L1: mu^3 = 2 B / A = 8.", source),
        &one("2", "1", "4")?,
        "l1",
    )?;
    cases.balance(
        note("Degree 2, L2: mu^3 = 2 * 36 / 9.", source),
        &one("2", "3", "6")?,
        "l2",
    )?;
    cases.balance(
        note("Degree 2 with an irrational optimum.", source),
        &one("2", "1", "1")?,
        "l2",
    )?;
    cases.balance(
        note("Degree 3, L1: mu^4 = 3 B / A = 81.", source),
        &one("3", "1", "27")?,
        "l1",
    )?;
    cases.balance(
        note("Degree 1/2, L1.", source),
        &one("1/2", "1", "2")?,
        "l1",
    )?;
    cases.scale(
        note(
            "Outgoing weights are divided by lambda^c, here 9.",
            "scaling-invariance",
        ),
        &one("2", "1", "4")?,
        &[("a", "3")],
    )?;
    cases.scale(
        note(
            "Degree 0: the outputs do not feel the scaling.",
            "scaling-invariance",
        ),
        &one("0", "1", "4")?,
        &[("a", "3")],
    )?;
    cases.balance_units(
        note("One step.", source),
        &one("2", "1", "4")?,
        "l1",
        &["a"],
    )?;
    let own = build("x a 1, a a 1/4, a y 2", &[("a", power("2")?)], &[])?;
    cases.balance(
        note(
            "A self-connection of degree 2 scales by 1/lambda and counts as A - S = 2 B.",
            source,
        ),
        &own,
        "l1",
    )?;
    let pair = build(
        "x a 2, a b 3, b y 1/2",
        &[("a", power("2")?), ("b", power("3")?)],
        &[],
    )?;
    cases.balance(note("Two power units in a chain.", source), &pair, "l2")?;
    let mixed = build(
        "x a 2, one a -1, a b 3, x b 1, b y 1/2, a y 5",
        &[("a", power("2")?)],
        &[],
    )?;
    cases.balance(
        note("A power unit beside a ReLU, with a bias and skips.", source),
        &mixed,
        "l2",
    )?;
    cases.balance(
        note("The same under a mixture.", source),
        &mixed,
        "mix:1*1+1*2",
    )?;
    cases.balance(
        note(
            "Degree 0 (a threshold): scaling lowers A and nothing rises: no minimum.",
            source,
        ),
        &one("0", "1", "4")?,
        "l1",
    )?;
    cases.balance(
        note(
            "A negative degree: both costs fall together: no minimum.",
            source,
        ),
        &one("-1", "1", "4")?,
        "l2",
    )
}
