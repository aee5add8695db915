//! What the learning experiments found: text, JSON, the results page, pictures, and one HTML page with everything.

mod decay;
mod figures;
mod page;
mod results;
mod tuned;

pub use figures::{Figure, figures};
pub use page::html_report;
pub use results::results_page;

use serde_json::{Value, json};
use std::fmt::Write;

use super::{ChartError, Report};
use crate::learn::experiment::{CONFIDENCE, Claim, Comparison, Experiment, Finding, Run, RunError};

/// The stored runs that come with the crate, in the order of
/// [`Experiment::ALL`](crate::learn::experiment::Experiment::ALL).
///
/// # Errors
/// None with the embedded files.
pub fn stored_runs() -> Result<Vec<Run>, RunError> {
    [
        include_str!("../../../data/learning/regularized-balances.json"),
        include_str!("../../../data/learning/balance-is-lost.json"),
        include_str!("../../../data/learning/one-fixpoint.json"),
        include_str!("../../../data/learning/balanced-start.json"),
        include_str!("../../../data/learning/balanced-during.json"),
        include_str!("../../../data/learning/little-data.json"),
        include_str!("../../../data/learning/recurrent.json"),
        include_str!("../../../data/learning/reads-by-depth.json"),
        include_str!("../../../data/learning/decay.json"),
        include_str!("../../../data/learning/tuned.json"),
        include_str!("../../../data/learning/sequences.json"),
        include_str!("../../../data/learning/paper.json"),
    ]
    .into_iter()
    .map(Run::read)
    .collect()
}

/// A number in three significant digits.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&magnitude) {
        format!("{value:.2e}")
    } else {
        let digits = (2.0 - magnitude.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

/// `mean ± deviation`.
fn mean_and_deviation(values: &[f64]) -> String {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean) * (value - mean));
    match values.len() {
        0 => "-".to_owned(),
        1 => number(mean),
        _ => {
            let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
            format!("{} ± {}", number(mean), number(deviation))
        }
    }
}

fn claimed(finding: &Finding) -> String {
    match finding.claimed {
        Comparison::Below(bound) => format!("below {}", number(bound)),
        Comparison::Above(bound) => format!("above {}", number(bound)),
    }
}

fn interval(finding: &Finding) -> String {
    let (low, high) = finding.interval;
    format!("[{}, {}]", number(low), number(high))
}

fn unit(finding: &Finding) -> String {
    match finding.unit {
        "1" => String::new(),
        unit => format!(" ({unit})"),
    }
}

fn outcome(finding: &Finding) -> &'static str {
    match (finding.supports(), finding.contradicts()) {
        (true, _) => "yes",
        (_, true) => "no, the opposite",
        _ => "undecided",
    }
}

/// What the correction for the number of comparisons does to a finding that is decided.
fn corrected(finding: &Finding) -> &'static str {
    match (outcome(finding), finding.survives()) {
        ("undecided", _) | (_, true) => "",
        _ => ", undecided after correction",
    }
}

/// Has every arm a step size of its own?
fn has_step_sizes(run: &Run) -> bool {
    run.experiment().and_then(Experiment::plan).is_some()
}

fn parameters(run: &Run) -> String {
    let held = &run.parameters;
    let seeds = super::count(run.seeds.len(), "seed");
    match held.training_images {
        0 => seeds,
        samples => format!(
            "{seeds}; data `{}`, {samples} {} to learn from and {} to test with; {}; batches of {}",
            held.data,
            run.experiment().map_or("images", Experiment::samples),
            held.test_images,
            super::count(held.epochs, "epoch"),
            held.batch
        ),
    }
}

/// The claims of one run with their findings.
pub fn learning_report(run: &Run) -> Report {
    let mut text = String::new();
    let out = &mut text;
    let name = &run.parameters.experiment;
    let _ = writeln!(out, "{name}  ({})", parameters(run));
    if let Some(experiment) = run.experiment() {
        let _ = writeln!(out, "  {}", experiment.description());
    }
    let claims = run.claims();
    let has_step_sizes = has_step_sizes(run);
    for claim in &claims {
        let _ = writeln!(
            out,
            "\n  {}\n  -> {}",
            claim.statement,
            claim.verdict().name()
        );
        if has_step_sizes {
            let _ = writeln!(out, "     {}", tuned::counts_in_words(claim));
            continue;
        }
        for found in &claim.findings {
            let _ = writeln!(
                out,
                "     {}{}: {} ± {}, {:.0} % interval {}; {}: {}{}",
                found.what,
                unit(found),
                number(found.mean),
                number(found.deviation),
                100.0 * CONFIDENCE,
                interval(found),
                claimed(found),
                outcome(found),
                corrected(found)
            );
        }
    }
    if has_step_sizes {
        let _ = writeln!(
            out,
            "\n  --json has every comparison and step size; so has the page of `synbal report`."
        );
    }
    if claims.is_empty() {
        let _ = writeln!(out, "\n  At least two seeds are needed for a verdict.");
    } else if run.seeds.len() < 8 {
        let _ = writeln!(
            out,
            "\n  Fewer than 8 seeds: verdicts from so few are weak."
        );
    }
    let mut json = json!({
        "experiment": name,
        "parameters": run.parameters,
        "seeds": run.seeds.iter().map(|seed| seed.seed).collect::<Vec<_>>(),
        "claims": claims.iter().map(claim_json).collect::<Vec<_>>(),
    });
    if has_step_sizes {
        json["step_sizes"] = tuned::step_sizes_json(run);
    }
    Report { text, json }
}

fn claim_json(claim: &Claim) -> Value {
    let finding = |found: &Finding| {
        let (relation, bound) = match found.claimed {
            Comparison::Below(bound) => ("below", bound),
            Comparison::Above(bound) => ("above", bound),
        };
        json!({
            "what": found.what,
            "unit": found.unit,
            "claimed": {relation: bound},
            "seeds": found.count,
            "mean": found.mean,
            "standard_deviation": found.deviation,
            "confidence": CONFIDENCE,
            "interval": [found.interval.0, found.interval.1],
            "supports": found.supports(),
            "contradicts": found.contradicts(),
            "p": found.p,
            "p_corrected": found.adjusted,
        })
    };
    json!({
        "claim": claim.statement,
        "verdict": claim.verdict().name(),
        "findings": claim.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
