//! What a reader has to know before anything else: that nothing can be scaled, or that some units are dead.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, SHOWN, count, list};
use crate::formats::OnnxFile;
use crate::network::{Network, UnitIndex, UnitKind};
use crate::numbers::Rational;
use crate::solve::{DeadUnits, dead_units};

/// Puts it at the beginning of a report; `model` is the file that the network was made of, if an ONNX model.
pub fn freedom(report: &mut Report, network: &Network<Rational>, model: Option<&OnnxFile>) {
    let mut text = String::new();
    if network.variables() == 0 {
        let reasons = model.map_or_else(|| own_reasons(network), reasons);
        let _ = writeln!(text, "nothing   can be scaled: {}", reasons.join("; "));
        insert(&mut report.json, "nothing_scales", json!(reasons));
    }
    // A model that is balanced in place has a network of units only.
    let dead = match network.synapses() {
        0 => DeadUnits::default(),
        _ => dead_units(network),
    };
    let name = |unit: &UnitIndex| network.unit(*unit).id.clone();
    let names = |units: &[UnitIndex]| -> Vec<String> { units.iter().map(name).collect() };
    let (unfed, unread) = (names(&dead.unfed), names(&dead.unread));
    let is_plain = network.products().is_empty()
        && network.has_plain_ties()
        && model.is_none_or(|model| model.broken_at_zero().is_none());
    text += &dead_lines(&unfed, &unread, is_plain);
    if !(unfed.is_empty() && unread.is_empty()) {
        text += &match model.and_then(OnnxFile::broken_at_zero) {
            None => DEAD_ADVICE.to_owned(),
            Some(operator) => format!(
                "          --limit is not for this model: {} has no limit where weights tend to 0; --max-scaling S keeps every weight\n",
                crate::network::printable(operator)
            ),
        };
        insert(
            &mut report.json,
            "dead",
            json!({"unfed": unfed, "unread": unread}),
        );
    }
    held(&mut text, &mut report.json, network, model);
    report.text.insert_str(0, &text);
}

fn insert(json: &mut Value, field: &str, value: Value) {
    if let Value::Object(fields) = json {
        fields.insert(field.into(), value);
    }
}

/// The statistics that were counted as weights.
fn held(
    text: &mut String,
    json: &mut Value,
    network: &Network<Rational>,
    model: Option<&OnnxFile>,
) {
    let held = model.map(OnnxFile::held).unwrap_or_default();
    if held.is_empty() {
        return;
    }
    let mut fields = Vec::new();
    for held in &held {
        let names = held.entries.iter();
        let names: Vec<String> = names
            .map(|(_, unit)| network.unit(*unit).id.clone())
            .collect();
        let _ = writeln!(
            text,
            "counted   as weights, since nothing else feeds {}: {} of the mean `{}`",
            list(&names, SHOWN),
            count(names.len(), "number"),
            crate::network::printable(&held.tensor),
        );
        let entries = held.entries.iter().map(|(entry, _)| *entry);
        let entries: Vec<usize> = entries.collect();
        fields.push(json!({"tensor": held.tensor, "entries": entries}));
    }
    insert(json, "counted_statistics", fields.into());
}

/// The lines about units that nothing feeds, and others that nothing reads; none where there are none. Is no multiplier
/// a product or another power of one?
pub(super) fn dead_lines(unfed: &[String], unread: &[String], is_plain: bool) -> String {
    let mut text = String::new();
    let [to_them, from_them] = match is_plain {
        true => [
            "nothing feeds: but among themselves all weights that lead to them are 0",
            "nothing reads: but among themselves all weights that lead on are 0",
        ],
        // What they scale may be divided out, and weights may shrink as others grow.
        false => [
            "can grow without end: no weight other than 0 grows with them",
            "can shrink without end: no weight other than 0 grows as they do",
        ],
    };
    for (names, what) in [(unfed, to_them), (unread, from_them)] {
        if !names.is_empty() {
            let _ = writeln!(
                text,
                "dead      {} that {what}: {}",
                count(names.len(), "unit"),
                list(names, SHOWN)
            );
        }
    }
    text
}

/// What can be asked for.
pub(super) const DEAD_ADVICE: &str = "          --limit sets their other weights to 0, but for those on cycles, which changes no output (from state 0); --max-scaling S keeps every weight\n";

/// Why no channel of a model can be scaled.
fn reasons(model: &OnnxFile) -> Vec<String> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for note in model.notes() {
        let names = by_reason.entry((&note.operator, &note.reason)).or_default();
        names.push(&note.name);
    }
    if by_reason.is_empty() {
        return vec!["every channel is an input or an output".into()];
    }
    let mut reasons: Vec<_> = by_reason.into_iter().collect();
    reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let reasons = reasons.into_iter().map(|((operator, reason), names)| {
        let name = crate::network::printable(names[0]);
        match names.len() {
            1 => format!("{operator} `{name}` {reason}"),
            more => format!("{operator} `{name}` and {} more: {reason}", more - 1),
        }
    });
    reasons.collect()
}

/// The same of a network that says itself what its units compute.
fn own_reasons(network: &Network<Rational>) -> Vec<String> {
    let is_hidden = |unit: &UnitIndex| network.unit(*unit).kind == UnitKind::Hidden;
    vec![match (0..network.units()).any(|unit| is_hidden(&unit)) {
        true => "no hidden unit has a homogeneous activation".into(),
        false => "there are no hidden units".into(),
    }]
}
