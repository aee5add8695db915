//! Limits of models that are balanced where they lie, and the units that make them necessary.

use serde_json::{Value, json};

use super::freedom::{DEAD_ADVICE, dead_lines};
use super::{Report, SHOWN, list};
use crate::network::{Regularizer, printable};

/// What vanishes in the limit, or could.
#[derive(Debug, Clone)]
pub struct InLimit {
    /// The names of units that nothing feeds, and of others that nothing reads.
    pub dead: [Vec<String>; 2],
    /// The number of weights that vanish.
    pub vanishing: usize,
    /// The first of them: tensors and places there.
    pub first: Vec<(String, usize)>,
    /// Is every multiplier one of its own, and no product or another power of some?
    pub is_plain: bool,
    /// Has the kernel verified the direction, on the network in which units that it moves alike are one?
    pub is_verified: bool,
}

impl InLimit {
    fn weights(&self) -> String {
        let names = self.first.iter().take(SHOWN);
        let names: Vec<String> = names
            .map(|(tensor, index)| format!("{}[{index}]", printable(tensor)))
            .collect();
        match self.vanishing - names.len() {
            0 => list(&names, SHOWN),
            more => format!("{} and {more} more", names.join(", ")),
        }
    }

    /// What is said of the minimum: in the limit, or with advice where nothing was balanced.
    pub(super) fn existence(&self, regularizer: &Regularizer, advice: Option<&str>) -> String {
        let how = match self.is_verified {
            true => "proved   ",
            false => "computed ",
        };
        let weights = self.weights();
        let tail = match advice {
            None => format!("in the limit these vanish: {weights}\n"),
            Some(advice) => format!("{weights} can be sent to 0 at no cost.\n          {advice}\n"),
        };
        let direction = match self.is_verified {
            true => {
                "          (the kernel verified the direction on the network in which units that it moves alike are one)\n"
            }
            false => "          (the direction was not verified by the kernel)\n",
        };
        let joint = if advice.is_none() { ";" } else { ":" };
        format!("{how} the minimum of {regularizer} is not attained{joint} {tail}{direction}")
    }

    /// Adds what vanishes to the fields of a report, and the line about the units before everything else.
    pub(super) fn state(&self, report: &mut Report) {
        let [unfed, unread] = &self.dead;
        if !(unfed.is_empty() && unread.is_empty()) {
            report.text.insert_str(0, DEAD_ADVICE);
        }
        report
            .text
            .insert_str(0, &dead_lines(unfed, unread, self.is_plain));
        if let Value::Object(fields) = &mut report.json {
            let first = self.first.iter();
            let first = first.map(|(tensor, index)| json!({"tensor": tensor, "index": index}));
            fields.insert("vanished".into(), first.collect());
            fields.insert("vanished_count".into(), self.vanishing.into());
            fields.insert("dead".into(), json!({"unfed": unfed, "unread": unread}));
            let direction = match self.is_verified {
                true => "verified",
                false => "computed",
            };
            fields.insert("direction".into(), direction.into());
        }
    }
}

/// What to ask for where nothing was balanced; not for the limit where an operator compares what scales, or divides by
/// it.
pub(super) fn left_alone(has_limit: bool) -> &'static str {
    match has_limit {
        true => "Nothing was balanced; --limit goes to the limit.",
        false => "Nothing was balanced; --max-scaling S keeps every weight.",
    }
}

/// The report of a model that is left as it is, since its minimum is not attained; weights may tend to 0 in it, or not.
pub fn not_attained_report(
    regularizer: &Regularizer,
    weights: usize,
    (found, has_limit): (&InLimit, bool),
    seconds: [f64; 2],
) -> Report {
    let [read, solve] = seconds;
    let mut report = Report {
        text: found.existence(regularizer, Some(left_alone(has_limit))),
        json: json!({
            "status": "not_attained",
            "regularizer": regularizer.to_string(),
            "weights": weights,
            "method": match found.is_plain { true => "two-level", false => "direct" },
            "seconds": {"read": read, "solve": solve, "certify": 0.0, "write": 0.0},
            "multipliers": {},
            "cross_check": null,
            "attained": false,
            "incomplete": "the minimum is not attained and the limit was not asked for",
        }),
    };
    found.state(&mut report);
    report
}
