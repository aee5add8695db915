//! The report on two models that are not one architecture.

use serde_json::{Value, json};
use std::fmt::Write;

use super::Report;
use crate::formats::Difference;
use crate::network::{one_line, printable};

/// Says that nothing is known of the function, and why, the first difference first. The fields are those of a
/// judgement.
pub fn differences_report(differences: &[Difference], tolerance: f64) -> Report {
    let words = |difference: &Difference| {
        let (place, reason) = (printable(&difference.place), one_line(&difference.reason));
        format!("{place} {reason}")
    };
    let mut text = String::from(
        "same function      undecided: this is no scaling that the rules know, since the models differ in more than their weights:\n",
    );
    for difference in differences {
        let _ = writeln!(text, "                   {}", words(difference));
    }
    let listed = differences
        .iter()
        .map(|found| json!({"place": found.place, "reason": found.reason}));
    let listed: Vec<Value> = listed.collect();
    let json = json!({
        "same_function": "undecided",
        "known_scaling": false,
        "scaling": "none_found",
        "witness": listed.first(),
        "differences": listed,
        "balanced": Value::Null,
        "deficit": Value::Null,
        "distance_to_optimum": Value::Null,
        "bound": Value::Null,
        "tolerance": tolerance,
    });
    Report { text, json }
}
