//! Gradient steps.

use rand::RngExt;

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::super::learning::Sample;
use super::plain::with_biases;
use super::{build, generator, net, q};
use crate::network::Activation;
use crate::numbers::Rational;

fn sample(input: &[&str], target: &[&str]) -> Result<Sample, VectorError> {
    let read = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| q(text))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok((read(input)?, read(target)?))
}

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    let leaves = "descent-leaves-balance";
    let step = "gradient-step";
    let star = net("x0 a 3, x1 a 4, a y 5")?;
    cases.gradient_step(
        note(
            "A balanced point that one step puts out of balance: by 4/25 = (1/10)^2 (25 - 9).",
            leaves,
        ),
        &star,
        &[sample(&["1", "0"], &["14"])?],
        &q("1/10")?,
    )?;
    cases.gradient_step(
        note(
            "A stationary point that is not balanced stays where it is.",
            leaves,
        ),
        &net("x a 2, a y 1/2")?,
        &[sample(&["1"], &["1"])?],
        &q("1/10")?,
    )?;
    cases.gradient_step(
        note("Step 0.", step),
        &star,
        &[sample(&["1", "0"], &["14"])?],
        &q("0")?,
    )?;
    cases.gradient_step(
        note("A long step: the change is exact whatever the size.", step),
        &star,
        &[sample(&["1", "2"], &["0"])?],
        &q("7")?,
    )?;
    cases.gradient_step(
        note(
            "A unit that is off for the only sample has gradient 0.",
            step,
        ),
        &net("x a -1, x b 1, a y 5, b y 2")?,
        &[sample(&["3"], &["1"])?],
        &q("1/2")?,
    )?;
    cases.gradient_step(
        note("Two samples on two sides of a kink.", step),
        &net("x a 1, one a -1, a y 2, one y 1/3")?,
        &[sample(&["3"], &["1"])?, sample(&["1/2"], &["2"])?],
        &q("1/4")?,
    )?;
    cases.gradient_step(note("Two hidden layers; the synapse between them counts out of one unit and into the other.", step), &net("x a 2, a b 3, b y 1/2, x b -1")?, &[sample(&["2"], &["1"])?], &q("1/100")?)?;
    let slopes = build(
        "x a -2, x b 1, a c 1, b c -3, c y 1, x y 1/2",
        &[
            ("a", Activation::LeakyRelu(q("1/10")?)),
            ("b", Activation::Abs),
            ("c", Activation::Prelu(q("1/4")?)),
        ],
        &[],
    )?;
    cases.gradient_step(
        note(
            "Slopes other than 0 and 1; the slope of a PReLU is not trained here.",
            step,
        ),
        &slopes,
        &[sample(&["3"], &["-1"])?, sample(&["-2"], &["1/2"])?],
        &q("1/20")?,
    )?;
    cases.gradient_step(
        note("Two outputs.", step),
        &net("x a 1, x b 2, a y0 1, b y0 -1, a y1 3, b y1 1/2")?,
        &[sample(&["1"], &["0", "1"])?],
        &q("1/10")?,
    )?;
    for (seed, sizes) in [
        (81u64, [2usize, 2, 1]),
        (82, [2, 3, 2]),
        (83, [3, 3, 1]),
        (84, [1, 4, 1]),
        (85, [2, 4, 2]),
    ] {
        let network = with_biases(&sizes, seed);
        let mut rng = generator(seed + 7_000);
        // Denominators that no weight has keep units away from their kinks.
        let mut value = || Rational::new((2 * rng.random_range(-20i64..20) + 1).into(), 22.into());
        let data: Vec<Sample> = (0..3)
            .map(|_| {
                (
                    (0..sizes[0]).map(|_| value()).collect(),
                    (0..sizes[2]).map(|_| value()).collect(),
                )
            })
            .collect();
        let comment = format!("Layers {sizes:?} with biases, three samples.");
        cases.gradient_step(
            note(comment, step).flag("random"),
            &network,
            &data,
            &q("1/8")?,
        )?;
    }
    Ok(())
}
