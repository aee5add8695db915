//! What the tuned arms say of the claims.

use super::super::claims::{Claim, Comparison, Finding, finding, last};
use super::super::{Run, SeedResult};
use super::plan::{Arm, Times, arms};
use super::{Choice, UNTUNED, choice};
use crate::learn::Loss;

/// A claim, by what it is about: which arms, speed or performance, and at which step sizes.
struct Question {
    statement: &'static str,
    times: &'static [Times],
    speed: bool,
    tuned: bool,
}

const BEFORE: &[Times] = &[Times::Before];
const DURING: &[Times] = &[Times::During, Times::Partially];

const QUESTIONS: [Question; 8] = [
    Question {
        statement: "Balancing before learning improves learning speed, each arm at its best step size.",
        times: BEFORE,
        speed: true,
        tuned: true,
    },
    Question {
        statement: "Balancing before learning improves the final performance, each arm at its best step size.",
        times: BEFORE,
        speed: false,
        tuned: true,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves learning speed, each arm at its best step size.",
        times: DURING,
        speed: true,
        tuned: true,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves the final performance, each arm at its best step size.",
        times: DURING,
        speed: false,
        tuned: true,
    },
    Question {
        statement: "Balancing before learning improves learning speed, both arms at the best step size without it.",
        times: BEFORE,
        speed: true,
        tuned: false,
    },
    Question {
        statement: "Balancing before learning improves the final performance, both arms at the best step size without it.",
        times: BEFORE,
        speed: false,
        tuned: false,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves learning speed, both arms at the best step size without it.",
        times: DURING,
        speed: true,
        tuned: false,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves the final performance, both arms at the best step size without it.",
        times: DURING,
        speed: false,
        tuned: false,
    },
];

/// The claims; comparisons with arms that diverged are left out.
pub(in super::super) fn claims(run: &Run) -> Vec<Claim> {
    let of = |question: &Question| Claim {
        statement: question.statement,
        findings: arms()
            .iter()
            .filter(|arm| question.times.contains(&arm.times))
            .filter_map(|arm| compared(run, arm, question.speed, question.tuned))
            .collect(),
    };
    QUESTIONS.iter().map(of).collect()
}

/// The mean training loss over all epochs.
fn area(seed: &SeedResult, arm: &str) -> Option<f64> {
    let values = seed.arms.get(arm)?.get("training loss")?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// An arm that balances against the one that does not.
fn compared(run: &Run, arm: &Arm, speed: bool, tuned: bool) -> Option<Finding> {
    let plain = arm.without_balancing().name();
    let name = match tuned {
        true => arm.name(),
        false => format!("{}{UNTUNED}", arm.name()),
    };
    if speed {
        let what = format!("{name}, mean training loss over the epochs, relative to that without");
        return finding(run, what, "%", Comparison::Below(0.0), &|seed| {
            Some(100.0 * (area(seed, &name)? / area(seed, &plain)? - 1.0))
        });
    }
    let (measure, unit) = measure(arm);
    let what = format!("{name}, {measure} at the end less that without");
    finding(run, what, unit, Comparison::Below(0.0), &|seed| {
        Some(last(seed, &name, measure)? - last(seed, &plain, measure)?)
    })
}

/// What performance is measured by, and its unit.
fn measure(arm: &Arm) -> (&'static str, &'static str) {
    match arm.task.loss() {
        Loss::SquaredError => ("test loss", "squared error"),
        Loss::CrossEntropy => ("test error", "% of images"),
    }
}

/// An arm in a table: its step size and, for arms that balance, how it compares with the one that does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The network, the rule and the start.
    pub setting: String,
    /// What is descended on, and how often is balanced.
    pub short: String,
    /// The name under which it is stored.
    pub name: String,
    /// What performance is measured by.
    pub measure: &'static str,
    /// Its step size; `None` if it diverged with every one.
    pub choice: Option<Choice>,
    /// Of how many seeds it diverged at its own step size, and at that of the arm without balancing.
    pub diverged: [usize; 2],
    /// Speed and performance, at its own step size.
    pub tuned: [Option<Finding>; 2],
    /// Speed and performance, at the step size of the arm without balancing.
    pub untuned: [Option<Finding>; 2],
}

/// All arms of a run, with the findings of its claims.
pub fn rows(run: &Run) -> Vec<Row> {
    let claims = run.claims();
    let corrected = |found: Finding| {
        let all = claims.iter().flat_map(|claim| &claim.findings);
        all.into_iter()
            .find(|other| other.what == found.what)
            .cloned()
    };
    let row = |arm: &Arm| {
        let pair = |tuned| {
            [true, false].map(|speed| match arm.is_balanced() {
                true => compared(run, arm, speed, tuned).and_then(corrected),
                false => None,
            })
        };
        Row {
            setting: arm.setting(),
            short: arm.short(),
            name: arm.name(),
            measure: measure(arm).0,
            choice: choice(&run.tuning, &arm.name()),
            diverged: ["", UNTUNED]
                .map(|at| run.series(&format!("{}{at}", arm.name()), "diverged").len()),
            tuned: pair(true),
            untuned: pair(false),
        }
    };
    arms().iter().map(row).collect()
}
