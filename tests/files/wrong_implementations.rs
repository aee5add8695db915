//! Implementations that are wrong in known ways, and what the oracle says of each: precisely what is wrong.

#[path = "../../examples/04_wrong_implementations/wrong.rs"]
mod wrong;

use num_traits::One;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use synaptic_balance::network::{Network, Regularizer, UnitKind};
use synaptic_balance::numbers::{Rational, Scalar, rational_to_f64};
use synaptic_balance::report::{CheckReport, NumberType, SameFunction, check_report};
use synaptic_balance::solve::{Distance, Judgement, Reading, ScalingVerdict, judge_as};
use wrong::{Layers, Made, made};

const TOLERANCE: f64 = 1e-6;

struct Judged {
    made: Made,
    after: Network<Rational>,
    judgement: Judgement,
    said: CheckReport,
}

/// Is it judged? Where tests sample, the large network is left out where it says no more than the small one.
fn is_judged(network: &str, by: &str) -> bool {
    crate::in_full() || network != "digits" || ["right", "w1", "w4"].contains(&by)
}

/// The trained networks on which an implementation is judged.
fn networks(by: &str) -> impl Iterator<Item = &'static str> {
    let all = ["digits", "small"].into_iter();
    all.filter(move |network| is_judged(network, by))
}

static JUDGED: LazyLock<Vec<Judged>> = LazyLock::new(|| {
    std::thread::scope(|scope| {
        let all = made().into_iter();
        let all = all.filter(|made| is_judged(made.network, made.by));
        let threads = all.map(|made| scope.spawn(|| judged(made)));
        let threads: Vec<_> = threads.collect();
        let all = threads.into_iter().map(|thread| thread.join().unwrap());
        all.collect()
    })
});

fn judged(made: Made) -> Judged {
    let weights = made
        .after
        .iter()
        .map(|w| w.to_rational().unwrap())
        .collect();
    let after = made.before.with_weights(weights);
    let reading = Reading {
        number_type: NumberType::F64,
        computes: true,
    };
    let judgement = judge_as(&made.before, &after, &Regularizer::l2(), TOLERANCE, reading);
    let judgement = judgement.unwrap();
    let said = check_report(&made.before, &judgement, TOLERANCE);
    Judged {
        made,
        after,
        judgement,
        said,
    }
}

fn find(network: &str, by: &str) -> &'static Judged {
    let found = JUDGED
        .iter()
        .find(|judged| (judged.made.network, judged.made.by) == (network, by));
    found.unwrap_or_else(|| panic!("{by} did nothing to {network}"))
}

impl Judged {
    /// The distance, which must be certified, and agree with that to the weights that this crate finds.
    fn distance(&self) -> f64 {
        let Distance::Certified(proved) = self.judgement.distance else {
            panic!(
                "{} on {}: {:?}",
                self.made.by, self.made.network, self.judgement.distance
            );
        };
        // The networks are balanced once, as they are made.
        let best = &find(self.made.network, "right").made.after;
        let relative = (self.made.after.iter().zip(best))
            .filter(|(_, best)| **best != 0.0)
            .map(|(found, best)| (found / best - 1.0).abs());
        let computed = relative.fold(0.0, f64::max);
        assert!(
            (proved - computed).abs() <= 1e-9 * (1.0 + computed),
            "proved {proved:e}, computed {computed:e}"
        );
        proved
    }

    fn text(&self) -> &str {
        &self.said.report.text
    }

    /// A scaling, not balanced, and nothing is suspected.
    fn is_unbalanced_scaling(&self) {
        let name = format!("{} on {}", self.made.by, self.made.network);
        assert_eq!(
            (self.said.same_function, self.said.balanced),
            (SameFunction::Yes, false),
            "{name}"
        );
        assert!(self.judgement.suspects.is_empty(), "{name}");
        assert!(
            self.text().contains("balanced           NO: deficit"),
            "{}",
            self.text()
        );
    }

    fn deviation(&self) -> f64 {
        match &self.judgement.scaling {
            ScalingVerdict::Exact(_) => 0.0,
            ScalingVerdict::Near { deviation, .. } => rational_to_f64(deviation),
            ScalingVerdict::Not(fault) => panic!("{fault:?}"),
        }
    }
}

/// Checks: Theorem 5.1 as the oracle applies it: what this crate makes of the same networks is right.
#[test]
fn the_right_result_is_called_right() {
    for network in ["digits", "small", "means-of-one", "recurrent"] {
        let judged = find(network, "right");
        assert_eq!(
            (judged.said.same_function, judged.said.balanced),
            (SameFunction::Yes, true),
            "{network}"
        );
        assert!(
            judged.distance() < 1e-12,
            "{network}: {:e}",
            judged.distance()
        );
    }
}

/// Checks: W1 (biases left out): not a scaling; the biases of the hidden units, all that are not 0 and nothing else,
/// are named, and a cycle through a bias proves it.
#[test]
fn w1_biases_left_out() {
    for network in networks("w1") {
        let judged = find(network, "w1");
        let before = &judged.made.before;
        assert_eq!(judged.said.same_function, SameFunction::No);
        let hidden_bias = |synapse: &usize| {
            let (from, to) = before.endpoints(*synapse);
            before.unit(from).kind == UnitKind::Bias && before.variable(to).is_some()
        };
        let expected: Vec<usize> = (0..before.synapses()).filter(hidden_bias).collect();
        assert_eq!(judged.judgement.suspects, expected, "{network}");
        assert!(
            judged.text().contains(
                "disagree with the other weights of their units: the biases of h1.0, h1.1,"
            ),
            "{}",
            judged.text()
        );
        assert!(
            judged
                .text()
                .contains("around the cycle the bias of h1.0, "),
            "{}",
            judged.text()
        );
        assert!(!judged.said.balanced);
        let distance = judged.distance();
        assert!((0.5..3.0).contains(&distance), "{network}: {distance}");
    }
}

/// Checks: W2 (stopping on the mean): the constructed network stops after one sweep at a deficit of 0.9998 and 14.3
/// times the optimum; a trained one stops early too. Both are scalings, neither is balanced.
#[test]
fn w2_stopping_on_the_mean() {
    let (before, sizes) = wrong::means_of_one();
    let (_, sweeps) = wrong::w2(Layers::of(&before, sizes));
    assert_eq!(sweeps, 1);
    let judged = find("means-of-one", "w2");
    judged.is_unbalanced_scaling();
    assert_eq!(format!("{:.4}", judged.judgement.deficit), "0.9998");
    let regularizer = |weights: &[f64]| weights.iter().map(|w| w * w).sum::<f64>();
    let ratio = regularizer(&judged.made.after) / regularizer(&wrong::right(&before));
    assert_eq!(format!("{ratio:.1}"), "14.3");
    let distance = judged.distance();
    assert!((20.0..40.0).contains(&distance), "{distance}");
    for network in networks("w2") {
        let judged = find(network, "w2");
        judged.is_unbalanced_scaling();
        let (deficit, distance) = (judged.judgement.deficit, judged.distance());
        assert!(
            (1e-5..1e-2).contains(&deficit),
            "{network}: deficit {deficit:e}"
        );
        assert!(
            (1e-5..1e-2).contains(&distance),
            "{network}: distance {distance:e}"
        );
    }
}

/// Checks: W3 (a recurrent layer balanced against itself): not a scaling. Self-connections changed, which no scaling
/// changes (E4); where the units are gated, every weight that changed is one that no scaling may change.
#[test]
fn w3_recurrent_against_itself() {
    let relu = find("recurrent", "w3");
    assert_eq!(relu.said.same_function, SameFunction::No);
    assert!(!relu.said.balanced && relu.distance() > 0.1);
    let before = &relu.made.before;
    assert!(relu.judgement.cycle.is_some());
    let self_connection = |s: &usize| before.endpoints(*s).0 == before.endpoints(*s).1;
    let selves: Vec<usize> = (0..before.synapses()).filter(self_connection).collect();
    assert!(
        selves.iter().all(|s| relu.judgement.suspects.contains(s)),
        "{:?}",
        relu.judgement.suspects
    );
    assert!(
        relu.text().contains("around the cycle h0 -> h0 the ratios"),
        "{}",
        relu.text()
    );

    let gated = find("gated", "w3");
    assert_eq!(gated.said.same_function, SameFunction::No);
    // All weights into the units; those out of them differ by rounding only.
    let before = &gated.made.before;
    let into_hidden = |s: &usize| before.unit(before.endpoints(*s).1).kind == UnitKind::Hidden;
    let changed: BTreeSet<usize> = (0..before.synapses()).filter(into_hidden).collect();
    assert_eq!(
        gated
            .judgement
            .suspects
            .iter()
            .copied()
            .collect::<BTreeSet<_>>(),
        changed
    );
    assert_eq!(changed.len(), 15);
    assert!(
        gated
            .text()
            .contains("15 of 18 weights changed, though no scaling changes them: x0 -> h0, "),
        "{}",
        gated.text()
    );
    assert!(
        gated.text().contains("since no unit can be scaled"),
        "{}",
        gated.text()
    );
    // The only scaling is none: the distance is that to the network itself.
    let Distance::Certified(distance) = gated.judgement.distance else {
        panic!("{:?}", gated.judgement.distance);
    };
    let ratio = |s: &usize| {
        (gated.after.weight(*s) / gated.made.before.weight(*s) - Rational::one())
            .to_f64()
            .abs()
    };
    let farthest = changed.iter().map(ratio).fold(0.0, f64::max);
    assert!(
        (distance - farthest).abs() < 1e-12 && farthest > 0.005,
        "{distance} {farthest}"
    );
}

/// Checks: W4 (powers of two): a scaling, and on `f32` weights exactly one; not balanced, at a deficit between 0.3
/// and 0.7.
#[test]
fn w4_powers_of_two() {
    for network in networks("w4") {
        let judged = find(network, "w4");
        judged.is_unbalanced_scaling();
        let deficit = judged.judgement.deficit;
        assert!(
            (0.3..0.7).contains(&deficit),
            "{network}: deficit {deficit}"
        );
        let distance = judged.distance();
        assert!(
            (0.3..1.5).contains(&distance),
            "{network}: distance {distance}"
        );
    }
    assert!(matches!(
        find("digits", "w4").judgement.scaling,
        ScalingVerdict::Exact(_)
    ));
}

/// Checks: W5 (gradient flow on the deficit for a fixed time): a scaling up to the error of integration, which is far
/// beyond rounding; not balanced. With coarse steps it is no scaling.
#[test]
fn w5_flow_for_a_fixed_time() {
    for network in networks("w5") {
        let judged = find(network, "w5");
        judged.is_unbalanced_scaling();
        let deviation = judged.deviation();
        assert!(
            (1e-14..TOLERANCE).contains(&deviation),
            "{network}: {deviation:e}"
        );
        assert!(
            judged.text().contains("within the tolerance"),
            "{}",
            judged.text()
        );
        let distance = judged.distance();
        assert!(
            (0.1..2.0).contains(&distance),
            "{network}: distance {distance}"
        );
    }
    let (before, sizes) = wrong::small();
    let after = wrong::w5(Layers::of(&before, sizes), 0.02, 100).synapses();
    let coarse = judged(Made {
        network: "small",
        by: "w5",
        before,
        after,
    });
    assert_eq!(coarse.said.same_function, SameFunction::No);
    assert!(coarse.judgement.cycle.is_some());
}

/// Checks: W6 (maxima equalised, pair by pair): a scaling, not balanced.
#[test]
fn w6_equalising_maxima() {
    for network in networks("w6") {
        let judged = find(network, "w6");
        judged.is_unbalanced_scaling();
        let (deficit, distance) = (judged.judgement.deficit, judged.distance());
        assert!(
            (0.3..0.95).contains(&deficit),
            "{network}: deficit {deficit}"
        );
        assert!(
            (0.3..2.0).contains(&distance),
            "{network}: distance {distance}"
        );
    }
}

/// Checks: the contract: a bias that was 0 and is not any more is named, and no distance to its balanced weight 0 is
/// claimed.
#[test]
fn a_bias_from_nothing() {
    let (before, _) = wrong::means_of_one();
    let mut after = wrong::right(&before);
    let bias = before
        .find_synapse(before.find("one").unwrap(), before.find("h1.0").unwrap())
        .unwrap();
    after[bias] = 0.5;
    let judged = judged(Made {
        network: "means-of-one",
        by: "w1",
        before,
        after,
    });
    assert_eq!(judged.said.same_function, SameFunction::No);
    assert!(
        judged
            .text()
            .contains("known scaling      none: the bias of h1.0 is zero on one side only"),
        "{}",
        judged.text()
    );
    assert_eq!(
        judged.judgement.distance,
        Distance::Certified(f64::INFINITY)
    );
}

const PAGE: &str = "docs/what-the-oracle-finds.md";

/// Checks: the page "What the oracle finds" shows, for every implementation, what the program says; numbers up to 2 %,
/// which is what mathematical libraries may differ by where a stopping rule is near. `SYNBAL_WRITE_PAGE=1` writes the
/// page anew.
#[test]
fn the_page_shows_what_the_program_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let mut parts = page.split("```text\n");
    let mut anew = parts.next().unwrap().to_string();
    let mut shown = BTreeSet::new();
    for part in parts {
        let (block, rest) = part.split_once("```\n").unwrap();
        let command = block.lines().next().unwrap();
        let ["$", "synbal", "check", before, after] = command.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("not a command: {command}");
        };
        let network = before
            .strip_prefix("DIR/")
            .and_then(|path| path.strip_suffix("/before.json"))
            .unwrap();
        let by = after
            .strip_prefix(&format!("DIR/{network}/"))
            .and_then(|path| path.strip_suffix(".json"))
            .unwrap();
        shown.insert(by.to_string());
        let said = match is_judged(network, by) {
            true => format!("{command}\n{}", find(network, by).text()),
            false => block.to_owned(),
        };
        anew += &format!("```text\n{said}```\n{rest}");
    }
    let all: BTreeSet<String> = JUDGED
        .iter()
        .map(|judged| judged.made.by.to_string())
        .collect();
    assert_eq!(shown, all, "every implementation is shown");
    if std::env::var_os("SYNBAL_WRITE_PAGE").is_some() {
        std::fs::write(&path, anew).unwrap();
        return;
    }
    assert_eq!(
        page.lines().count(),
        anew.lines().count(),
        "{PAGE} should be\n{anew}"
    );
    for (line, new) in page.lines().zip(anew.lines()) {
        let (words, others) = (line.split_whitespace(), new.split_whitespace());
        let alike = words.clone().count() == others.clone().count()
            && words.zip(others).all(|(one, two)| same(one, two));
        assert!(alike, "{PAGE} says\n{line}\nbut the program says\n{new}");
    }
}

/// The same word, or nearly the same number; of rounding errors only that they are that.
fn same(one: &str, two: &str) -> bool {
    let number = |word: &str| word.trim_end_matches(',').parse::<f64>().ok();
    match (number(one), number(two)) {
        (Some(a), Some(b)) => {
            (a - b).abs() <= 0.02 * a.abs().max(b.abs()) || a.abs().max(b.abs()) < 1e-14
        }
        _ => one == two,
    }
}
