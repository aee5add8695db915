//! Attention: scores are outputs, mixing weights and normalised values are inputs, a gain is a synapse from a
//! normalised value.

use super::super::VectorError;
use super::super::case::{Cases, note};
use super::products::hidden;
use super::text;

const TIE: &str = "products";
const ODD: &str = "odd-cycle";

const SCORE: &str = "x -> q: 2; x -> k: 8; product s: q k; s -> y: 1; tie q k^-1";
/// `e^(x-y) + 16 e^(-x-y) + 2 e^y`, `x` of the query and `y` of the gain.
const GAIN: &str =
    "n -> g: 2; g -> q: 1; g -> k: 16; product s: q k; s -> y: 1; tie q k^-1; unit g: linear";

/// One head of keys and values for two of queries, one rotary pair turned by (3/5, 4/5), gains free; balanced under L2.
pub(super) const BLOCK: &str = "\
    n0 -> g0: 5; n1 -> g1: 5; unit g0: linear; unit g1: linear
    g0 -> q1a: 3; g0 -> q1b: 1; g0 -> q2a: 1; g0 -> q2b: 1
    g1 -> q1a: 1; g1 -> q1b: -1; g1 -> q2a: 1; g1 -> q2b: 1
    g0 -> ka: 2; g0 -> kb: 2; g1 -> ka: -2; g1 -> kb: 2
    g0 -> va: 1; g0 -> vb: 2; g1 -> va: 2; g1 -> vb: 3
    product s1aa: q1a ka; product s1bb: q1b kb; product s1ab: q1a kb; product s1ba: q1b ka
    product s2aa: q2a ka; product s2bb: q2b kb; product s2ab: q2a kb; product s2ba: q2b ka
    s1aa -> y1: 3/5; s1bb -> y1: 3/5; s1ab -> y1: 4/5; s1ba -> y1: -4/5
    s2aa -> y2: 3/5; s2bb -> y2: 3/5; s2ab -> y2: 4/5; s2ba -> y2: -4/5
    product z1a: p1 va; product z1b: p1 vb; product z2a: p2 va; product z2b: p2 vb
    z1a -> o0: 3/2; z1b -> o0: 2; z2a -> o0: 1/2; z2b -> o0: 2
    z1a -> o1: -1/2; z1b -> o1: 2; z2a -> o1: 3/2; z2b -> o1: 1
    unit p1: input; unit p2: input
    unit q1a: linear; unit q1b: linear; unit q2a: linear; unit q2b: linear
    unit ka: linear; unit kb: linear; unit va: linear; unit vb: linear
    tie q1a q1b q2a q2b ka^-1 kb^-1";

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    scalings(cases)?;
    scores(cases)?;
    gains_and_values(cases)?;
    blocks(cases)?;
    judged(cases)
}

fn scalings(cases: &mut Cases) -> Result<(), VectorError> {
    let pair = "x -> qa: 1; x -> qb: 2; x -> ka: 3; x -> kb: 4; product s: qa ka; product t: qb kb; \
        s -> y: 3/5; t -> y: 4/5; tie qa qb ka^-1 kb^-1";
    for (comment, network, by) in [
        (
            "A query against its key: the score stays.",
            SCORE,
            [("q", "4"), ("k", "1/4")],
        ),
        (
            "A key may not have the multiplier of its query.",
            SCORE,
            [("k", "4"), ("q", "4")],
        ),
        (
            "A rotary pair turns as a whole: its channels share a multiplier.",
            pair,
            [("qa", "3"), ("qb", "3")],
        ),
        (
            "The channels of a rotary pair may not differ.",
            pair,
            [("qa", "3"), ("qb", "2")],
        ),
    ] {
        cases.scale(note(comment, TIE), &text(network)?, &by)?;
    }
    cases.scale(
        note(
            "The multiplier of a key alone is given: its query has the inverse.",
            TIE,
        ),
        &text(SCORE)?,
        &[("k", "1/4")],
    )
}

fn scores(cases: &mut Cases) -> Result<(), VectorError> {
    cases.balance_known(
        note("2 mu + 8 / mu: both are 4.", TIE),
        &text(SCORE)?,
        "l1",
        &["4", "4", "1"],
    )?;
    cases.balance_known(
        note("The same under L2.", TIE),
        &text(SCORE)?,
        "l2",
        &["4", "4", "1"],
    )?;
    cases.balance_known(
        note("2 mu + 3 / mu: both are the root of 6.", TIE),
        &text("x -> q: 2; x -> k: 3; product s: q k; s -> y: 1; tie q k^-1")?,
        "l1",
        &["6^1/2", "6^1/2", "1"],
    )?;
    cases.balance_known(
        note(
            "The bias of a key counts with its weights: 4 mu + (7 + 9) / mu.",
            TIE,
        ),
        &text("x -> q: 4; x -> k: 7; one -> k: 9; product s: q k; s -> y: 1; tie q k^-1")?,
        "l1",
        &["8", "7/2", "9/2", "1"],
    )?;
    cases.balance_known(
        note("Two heads of queries share one of keys: (1 + 3) mu + 16 / mu.", TIE),
        &text("x -> q1: 1; x -> q2: -3; x -> k: 16; product s: q1 k; product t: q2 k; s -> y1: 1; t -> y2: 1; tie q1 q2 k^-1")?,
        "l1",
        &["2", "-6", "8", "1", "1"],
    )?;
    cases.balance_known(
        note("A key with the inverse root of its query's multiplier: A = B / 2, with the key squared.", TIE),
        &text("x -> q: 1; x -> k: 16; product s: q k k; s -> y: 1; tie q k^-1/2")?,
        "l1",
        &["4", "8", "1"],
    )?;
    cases.balance_units(
        note("One step at the query: its key goes along.", TIE),
        &text(SCORE)?,
        "l1",
        &["q"],
    )?;
    cases.balance(
        note(
            "A query that reads nothing: its key may shrink for nothing.",
            "existence",
        ),
        &text("x -> k: 3; product s: q k; s -> y: 1; x -> y: 1; unit q: relu; tie q k^-1")?,
        "l1",
    )
}

fn gains_and_values(cases: &mut Cases) -> Result<(), VectorError> {
    cases.balance_known(
        note(
            "A gain against the query and the key that read it: costs that no comparison covers.",
            ODD,
        ),
        &text(GAIN)?,
        "l1",
        &["4", "2", "2", "1"],
    )?;
    cases.balance(
        note(
            "The same under L3: irrational, enclosed by the double cover.",
            "double-cover",
        ),
        &text(GAIN)?,
        "lp:3",
    )?;
    cases.balance(
        note("A gain read by a query alone, its key fed otherwise.", "double-cover"),
        &text("n -> g: 3; g -> q: 1; x -> k: 5; g -> y: 2; product s: q k; s -> y: 1; tie q k^-1; unit g: linear")?,
        "l2",
    )?;
    cases.balance_known(
        note("Values against outputs: two heads of queries mix one head of values, (1 + 3) mu against (2 + 14) / mu.", TIE),
        &text("x -> v: 1; u -> v: -3; product z1: p1 v; product z2: p2 v; z1 -> o: 2; z2 -> o: 14; unit p1: input; unit p2: input; unit u: input; unit v: linear")?,
        "l1",
        &["2", "-6", "1", "7"],
    )?;
    let dead = text(
        "n -> g: 1; g -> v: 1; g -> y: 4; product z: p v; unit p: input; unit v: linear; unit g: linear; x -> y2: 1",
    )?;
    let comment = "A value that no output reads.";
    cases.balance(note(comment, "existence"), &dead, "l1")?;
    cases.limit(note(comment, "existence"), &dead, "l1")
}

fn blocks(cases: &mut Cases) -> Result<(), VectorError> {
    let comment = "A block with a rotary pair, a shared head of keys and values, and free gains.";
    hidden(cases, (comment, "attention"), BLOCK, "l2", &[2, 3, 4, 5, 7])?;
    for regularizer in ["l1", "lp:1/2"] {
        cases.balance(
            note("The block under another power: irrational.", "attention"),
            &text(BLOCK)?,
            regularizer,
        )?;
    }
    Ok(())
}

fn judged(cases: &mut Cases) -> Result<(), VectorError> {
    let gain = text(GAIN)?;
    for (comment, weights) in [
        ("The right answer.", ["4", "2", "2", "1"]),
        ("A scaling that is not balanced.", ["2", "2", "8", "1"]),
        (
            "Query and key are both multiplied by 2.",
            ["2", "2", "32", "1"],
        ),
        (
            "The gain is folded into the query and forgotten at the key.",
            ["4", "1/2", "16", "1"],
        ),
    ] {
        let after = weights
            .map(super::q)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        cases.judge(note(comment, TIE), &gain, &gain.with_weights(after), "l1")?;
    }
    Ok(())
}
