//! The report of a balancing in place.

use serde_json::{Map, Value, json};

use super::{Report, up};
use crate::network::Regularizer;
use crate::solve::blocks::{BlockEnclosure, BlockSolution};

/// What was found in place, and what it took.
#[derive(Debug, Clone)]
pub struct InPlace<'a> {
    /// The regularizer.
    pub regularizer: &'a Regularizer,
    /// The number of weights.
    pub weights: usize,
    /// The solution.
    pub solution: &'a BlockSolution,
    /// The deficit before.
    pub deficit_before: f64,
    /// Bounds in floating point, where any were found.
    pub enclosure: Option<&'a BlockEnclosure>,
    /// For each group, the name of its weight and the multipliers `Λ`.
    pub multipliers: Vec<(String, Vec<f64>)>,
    /// Why not everything that was asked for was verified.
    pub incomplete: Option<String>,
    /// Seconds to read, solve, bound and write.
    pub seconds: [f64; 4],
}

/// The report of a model that was balanced where it lies.
pub fn in_place_report(found: &InPlace) -> Report {
    let solution = found.solution;
    let [read, solve, certify, write] = found.seconds;
    let multipliers = found.multipliers.iter();
    let multipliers: Map<String, Value> = multipliers
        .map(|(name, values)| (name.clone(), json!(values)))
        .collect();
    let json = json!({
        "status": "balanced",
        "regularizer": found.regularizer.to_string(),
        "deficit_before": found.deficit_before,
        "deficit": solution.deficit,
        "method": "two-level",
        "passes": solution.reads,
        "seconds": {"read": read, "solve": solve, "certify": certify, "write": write},
        "multipliers": multipliers,
        "cross_check": null,
        "vanished": [],
        "computed_bounds_width": found.enclosure.map(|enclosed| enclosed.width),
        "incomplete": found.incomplete,
    });
    let mut text = format!(
        "computed  {} of {} weights, deficit from {:.3e} to {:.3e} (two-level, {:.1} reads of the weights)\n",
        found.regularizer, found.weights, found.deficit_before, solution.deficit, solution.reads
    );
    text += &match found.enclosure {
        Some(enclosed) => format!(
            "computed  every balanced multiplier of costs lies in an interval of relative width {} or less, rounding taken into account\n",
            up(enclosed.width)
        ),
        None => "note      no bounds on the balanced multipliers were found\n".to_owned(),
    };
    text += "note      models of this size are balanced where they lie; the kernel verifies smaller ones\n";
    if let Some(reason) = &found.incomplete {
        text += &format!("INCOMPLETE {reason}\n");
    }
    Report { text, json }
}
