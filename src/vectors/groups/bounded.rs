//! Multipliers within bounds.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::{generator, text};
use crate::network::{Activation, layered, random_weight};

const SOURCE: &str = "bounded-scalings";

/// What a case is about, the network, the regularizer, the bound, and the weights where they are known.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str]);

const CHAIN: &str = "x -> a: 1; a -> b: 64; b -> y: 4";
const GAIN: &str =
    "n -> g: 2; g -> q: 1; g -> k: 16; product s: q k; s -> y: 1; tie q k^-1; unit g: linear";

const ORDINARY: &[Case] = &[
    (
        "a wants 256^(1/3) and stops at 4; b is balanced beside it.",
        CHAIN,
        "l1",
        "4",
        &["4", "8", "8"],
    ),
    (
        "A wide bound holds nothing: the balanced network.",
        CHAIN,
        "l1",
        "100",
        &["256^1/3", "256^1/3", "256^1/3"],
    ),
    (
        "S = 1 leaves the network as it is.",
        CHAIN,
        "l1",
        "1",
        &["1", "64", "4"],
    ),
    (
        "A bound that the optimum just reaches holds nothing.",
        "x -> a: 1; a -> y: 4",
        "l1",
        "2",
        &["2", "2"],
    ),
    (
        "Of weights, not of costs: under L2 S = 3/2 lets costs change by 9/4.",
        "x -> a: 1; a -> y: 4",
        "l2",
        "3/2",
        &["3/2", "8/3"],
    ),
    (
        "Under L_1/2, at the lower bound.",
        "x -> a: 16; a -> y: 1",
        "lp:1/2",
        "9/4",
        &["64/9", "9/4"],
    ),
    (
        "Under a mixture mu is Lambda: 8 + 64 would pull it to 8^(1/2).",
        "x -> a: 1; a -> y: 8",
        "mix:1*1+1*2",
        "2",
        &["2", "4"],
    ),
    (
        "A dead unit goes to the bound: within it there is an optimum.",
        "x -> a: 3; x -> y: 1; unit a: relu",
        "l1",
        "4",
        &["3/4", "1"],
    ),
    (
        "A unit that nothing feeds goes to the other bound.",
        "a -> y: 3; x -> y: 1; unit a: relu",
        "l1",
        "4",
        &["3/4", "1"],
    ),
    (
        "Two units of a tie stop together.",
        "x -> a: 1; x -> b: 3; a -> y: 90; b -> y: 70; tie a b",
        "l1",
        "3",
        &["3", "9", "30", "70/3"],
    ),
    (
        "A unit of degree 2: its outgoing weight is divided by 4.",
        "x -> a: 1; a -> y: 100; unit a: square",
        "l1",
        "2",
        &["2", "25"],
    ),
    (
        "Both ends of a recurrent pair at opposite bounds.",
        "x -> a: 100; a -> b: 1; b -> a: 1; b -> y: 100",
        "l1",
        "2",
        &["50", "4", "1/4", "50"],
    ),
];

const GENERAL: &[Case] = &[
    (
        "Three factors, all at the bound.",
        "x -> a: 1; x -> b: 1; x -> c: 1; product z: a b c; z -> y: 16",
        "l1",
        "3/2",
        &["3/2", "3/2", "3/2", "128/27"],
    ),
    (
        "A gate with one factor at the bound: the other is sqrt(18 / 2).",
        "x -> g: 1/8; x -> u: 1; product z: g u; z -> y: 18",
        "l1",
        "9/2",
        &["9/16", "2", "2"],
    ),
    (
        "A key at the lower bound is its query at the upper one.",
        "x -> q: 1; x -> k: 16; product s: q k; s -> y: 1; tie q k^-1",
        "l1",
        "2",
        &["2", "8", "1"],
    ),
    (
        "The query at its bound; the gain is sqrt(25/6).",
        GAIN,
        "l1",
        "3",
        &["2*25/6^1/2", "3*6/25^1/2", "16/3*6/25^1/2", "1"],
    ),
];

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    for (comment, network, regularizer, bound, weights) in ORDINARY.iter().chain(GENERAL) {
        let network = text(network)?;
        cases.within(
            note(*comment, SOURCE),
            &network,
            regularizer,
            bound,
            weights,
        )?;
    }
    for (seed, bound) in [(61u64, "5/4"), (62, "2"), (63, "3/2")] {
        let mut rng = generator(seed);
        let network = layered(
            &[2, 3, 2],
            &Activation::Relu,
            |_, _, _| random_weight(&mut rng),
            None,
        );
        cases.within(
            note("A random network of two layers.", SOURCE).flag("random"),
            &network,
            "l2",
            bound,
            &[],
        )?;
    }
    Ok(())
}
