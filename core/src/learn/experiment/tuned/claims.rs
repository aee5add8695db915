//! What the tuned arms say of the claims.

use super::super::claims::{Claim, Comparison, Finding, finding, last};
use super::super::{Experiment, Run, SeedResult};
use super::plan::{Arm, Plan, Times};
use super::{Choice, UNTUNED, mean_of};
use crate::learn::Loss;

/// At which step sizes arms are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Each at its own.
    Own,
    /// Both at that of the arm without balancing.
    Plain,
    /// Each at the best of three.
    BestOfThree,
}

/// A claim, by what it is about: which arms, speed or performance, and at which step sizes.
struct Question {
    statement: &'static str,
    times: &'static [Times],
    speed: bool,
    at: At,
}

const BEFORE: &[Times] = &[Times::Before];
const DURING: &[Times] = &[Times::During, Times::Partially];

const QUESTIONS: [Question; 12] = [
    Question {
        statement: "Balancing before learning improves learning speed, each arm at its best step size.",
        times: BEFORE,
        speed: true,
        at: At::Own,
    },
    Question {
        statement: "Balancing before learning improves the final performance, each arm at its best step size.",
        times: BEFORE,
        speed: false,
        at: At::Own,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves learning speed, each arm at its best step size.",
        times: DURING,
        speed: true,
        at: At::Own,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves the final performance, each arm at its best step size.",
        times: DURING,
        speed: false,
        at: At::Own,
    },
    Question {
        statement: "Balancing before learning improves learning speed, both arms at the best step size without it.",
        times: BEFORE,
        speed: true,
        at: At::Plain,
    },
    Question {
        statement: "Balancing before learning improves the final performance, both arms at the best step size without it.",
        times: BEFORE,
        speed: false,
        at: At::Plain,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves learning speed, both arms at the best step size without it.",
        times: DURING,
        speed: true,
        at: At::Plain,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves the final performance, both arms at the best step size without it.",
        times: DURING,
        speed: false,
        at: At::Plain,
    },
    Question {
        statement: "Balancing before learning improves learning speed, at the paper's size, each arm at the best of three step sizes.",
        times: BEFORE,
        speed: true,
        at: At::BestOfThree,
    },
    Question {
        statement: "Balancing before learning improves the final performance, at the paper's size, each arm at the best of three step sizes.",
        times: BEFORE,
        speed: false,
        at: At::BestOfThree,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves learning speed, at the paper's size, each arm at the best of three step sizes.",
        times: DURING,
        speed: true,
        at: At::BestOfThree,
    },
    Question {
        statement: "Full or partial balancing in alternation with epochs improves the final performance, at the paper's size, each arm at the best of three step sizes.",
        times: DURING,
        speed: false,
        at: At::BestOfThree,
    },
];

/// The claims; comparisons with arms that diverged are left out.
pub(in super::super) fn claims(experiment: Experiment, run: &Run) -> Vec<Claim> {
    let Some(plan) = Plan::of(experiment) else {
        return Vec::new();
    };
    let of = |question: &Question| Claim {
        statement: question.statement,
        findings: plan
            .arms
            .iter()
            .filter(|arm| question.times.contains(&arm.times))
            .filter_map(|arm| compared(run, &plan, arm, question.speed, question.at))
            .collect(),
    };
    let asked = QUESTIONS
        .iter()
        .filter(|question| plan.two_sizes == (question.at == At::BestOfThree));
    asked.map(of).collect()
}

/// Of the results of an arm, those that count: the name under which they are stored, and their step size.
fn counting(run: &Run, plan: &Plan, arm: &Arm) -> Option<(String, f64)> {
    let own = plan.choice(&run.tuning, arm)?.rate;
    if !plan.two_sizes {
        return Some((arm.name(), own));
    }
    let loss = |name: &str| mean_of(run, name, "validation loss");
    let stored = plan.stored(arm).into_iter();
    let tried = stored.filter_map(|(name, times)| Some((loss(&name)?, name, times * own)));
    let best = tried.reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map(|(_, name, rate)| (name, rate))
}

/// The mean training loss over all epochs.
fn area(seed: &SeedResult, arm: &str) -> Option<f64> {
    let values = seed.arms.get(arm)?.get("training loss")?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// An arm that balances against the one that does not.
fn compared(run: &Run, plan: &Plan, arm: &Arm, speed: bool, at: At) -> Option<Finding> {
    let plain = arm.without_balancing();
    let (name, plain) = match at {
        At::Own => (arm.name(), plain.name()),
        At::Plain => (format!("{}{UNTUNED}", arm.name()), plain.name()),
        At::BestOfThree => (counting(run, plan, arm)?.0, counting(run, plan, &plain)?.0),
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
        Loss::CrossEntropy => ("test error", "%"),
    }
}

/// An arm in a table: its step size and, for arms that balance, how it compares with the one that does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The network, the rule and the start.
    pub setting: String,
    /// What is descended on, and how often is balanced.
    pub short: String,
    /// The name of the arm.
    pub name: String,
    /// The name under which its losses on the tuning set are stored.
    pub tried: String,
    /// The names under which its results are stored, with their step sizes.
    pub stored: Vec<(String, Option<f64>)>,
    /// Which of these count, with their step size; `None` if it diverged with every one.
    pub counting: Option<(String, f64)>,
    /// What performance is measured by.
    pub measure: &'static str,
    /// The step size found on the tuning set; `None` if it diverged with every one.
    pub choice: Option<Choice>,
    /// Of how many seeds it diverged at its own step size, and at that of the arm without balancing.
    pub diverged: [usize; 2],
    /// Speed and performance, at its own step size.
    pub tuned: [Option<Finding>; 2],
    /// Speed and performance, at the step size of the arm without balancing; only where that was run.
    pub untuned: [Option<Finding>; 2],
}

/// All arms of a run, with the findings of its claims; none if they have no step sizes of their own.
pub fn rows(run: &Run) -> Vec<Row> {
    let Some(plan) = run.experiment().and_then(Plan::of) else {
        return Vec::new();
    };
    let claims = run.claims();
    let corrected = |found: Finding| {
        let all = claims.iter().flat_map(|claim| &claim.findings);
        all.into_iter()
            .find(|other| other.what == found.what)
            .cloned()
    };
    let row = |arm: &Arm| {
        let pair = |at| {
            [true, false].map(|speed| match arm.is_balanced() {
                true => compared(run, &plan, arm, speed, at).and_then(corrected),
                false => None,
            })
        };
        let (own, other) = match plan.two_sizes {
            true => (pair(At::BestOfThree), [None, None]),
            false => (pair(At::Own), pair(At::Plain)),
        };
        Row {
            setting: arm.setting(),
            short: arm.short(),
            name: arm.name(),
            tried: arm.for_tuning().name(),
            stored: plan.rates(&run.tuning, arm),
            counting: counting(run, &plan, arm),
            measure: measure(arm).0,
            choice: plan.choice(&run.tuning, arm),
            diverged: ["", UNTUNED]
                .map(|at| run.series(&format!("{}{at}", arm.name()), "diverged").len()),
            tuned: own,
            untuned: other,
        }
    };
    plan.arms.iter().map(row).collect()
}
