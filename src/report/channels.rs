//! What the graph of an ONNX model leaves free, and how far the magnitudes of its weights are spread.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::layers::{layers_report, table};
use super::{Detail, Report, count, list};
use crate::formats::onnx::{ChannelGroup, LayerRange, OnnxFile};
use crate::network::{Regularizer, UnitIndex, one_line};

/// Layers on a screen, and reasons why channels are pinned.
const ON_SCREEN: usize = 14;
const REASONS: usize = 3;

/// Widest name in a column.
const WIDTH: usize = 44;

/// The layers before and after `multipliers`, one for each unit of the model's network, have been applied, or before
/// only; channel groups, and operators that pin.
pub fn channels_report(
    file: &OnnxFile,
    multipliers: Option<&[f64]>,
    regularizer: &Regularizer,
    detail: Detail,
) -> Report {
    let measured = file.measure(file.network(), regularizer, multipliers, &[]);
    let mut first: BTreeMap<UnitIndex, &str> = BTreeMap::new();
    let groups = file.groups().iter();
    let groups: Vec<Row> = groups.map(|group| Row::new(&mut first, group)).collect();
    let shown = if detail == Detail::Full {
        usize::MAX
    } else {
        ON_SCREEN
    };
    if detail != Detail::Json {
        let mut text = table(&measured, regularizer, shown);
        match detail {
            Detail::Full => text += &full(&groups, file),
            _ => text += &brief(&groups, file),
        }
        return Report {
            text,
            json: json!({}),
        };
    }
    let ones = vec![1.0; file.network().units()];
    let before = file.ranges(&ones);
    let after = multipliers.map(|multipliers| file.ranges(multipliers));
    let notes = file.notes().iter();
    let mut report = Report {
        text: String::new(),
        json: json!({
            "channels": groups.iter().map(|row| row.json(file)).collect::<Value>(),
            "constants": file.kept().iter().map(|kept| json!({"tensor": kept.tensor, "reason": kept.reason})).collect::<Value>(),
            "pinned_by": notes.map(|note| json!({"operator": note.operator, "name": note.name, "reason": note.reason})).collect::<Value>(),
            "dynamic_range": ranges_json(&before, after.as_deref()),
        }),
    };
    layers_report(&mut report, &measured, regularizer, 0);
    report.text.clear();
    report
}

/// A group of channels, with the groups that share its multipliers.
struct Row<'a> {
    group: &'a ChannelGroup,
    free: usize,
    /// Earlier tensors that have some of its multipliers too.
    shared: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// `first` holds the first tensor of each unit so far.
    fn new(first: &mut BTreeMap<UnitIndex, &'a str>, group: &'a ChannelGroup) -> Self {
        let own: BTreeSet<UnitIndex> = group
            .units
            .iter()
            .copied()
            .filter(|unit| *unit != 0)
            .collect();
        let mut shared: Vec<&str> = Vec::new();
        for unit in &own {
            let tensor = *first.entry(*unit).or_insert(&group.tensor);
            if tensor != group.tensor && shared.last() != Some(&tensor) {
                shared.push(tensor);
            }
        }
        shared.sort_unstable();
        shared.dedup();
        Row {
            group,
            free: own.len(),
            shared,
        }
    }

    fn state(&self) -> String {
        let channels = self.group.units.len();
        let pinned = self.group.units.iter().filter(|unit| **unit == 0).count();
        let mut parts = Vec::new();
        if self.free > 0 {
            let tied = if self.free + pinned < channels {
                " multipliers"
            } else {
                ""
            };
            parts.push(format!("{} free{tied}", self.free));
        }
        if pinned > 0 {
            let reasons = match self.group.pinned_by.is_empty() {
                true => "nothing scales with them".to_owned(),
                false => format!("by {}", list(&shown(&self.group.pinned_by), 2)),
            };
            parts.push(format!("{pinned} pinned {reasons}"));
        }
        if !self.shared.is_empty() {
            let names: Vec<String> = self.shared.iter().map(|name| short(name)).collect();
            parts.push(format!("shared with {}", list(&names, 2)));
        }
        parts.join("; ")
    }

    fn json(&self, file: &OnnxFile) -> Value {
        let name = |unit: &UnitIndex| match unit {
            0 => Value::Null,
            unit => file.network().unit(*unit).id.clone().into(),
        };
        json!({
            "tensor": self.group.tensor,
            "operator": self.group.operator,
            "channels": self.group.units.len(),
            "free": self.free,
            "units": self.group.units.iter().map(name).collect::<Value>(),
            "pinned_by": self.group.pinned_by,
            "shared_with": self.shared,
        })
    }
}

fn shown(reasons: &[String]) -> Vec<String> {
    let shown = reasons.iter().map(|reason| one_line(reason).into_owned());
    shown.collect()
}

/// The end of a long name, which tells more than its beginning.
fn short(name: &str) -> String {
    let printable: Vec<char> = crate::network::printable(name).chars().collect();
    match printable.len() > WIDTH {
        true => format!(
            "…{}",
            printable[printable.len() - WIDTH + 1..]
                .iter()
                .collect::<String>()
        ),
        false => printable.into_iter().collect(),
    }
}

/// What pins channels, and what was taken for a constant, in few lines.
fn brief(groups: &[Row], file: &OnnxFile) -> String {
    let mut text = String::new();
    let out = &mut text;
    let pinned = groups.iter().filter(|row| !row.group.pinned_by.is_empty());
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for row in pinned {
        let channels = row.group.units.iter().filter(|unit| **unit == 0).count();
        *by_reason.entry(&row.group.pinned_by[0]).or_default() += channels;
    }
    let mut reasons: Vec<(&str, usize)> = by_reason.into_iter().collect();
    reasons.sort_by_key(|(_, channels)| std::cmp::Reverse(*channels));
    for (reason, channels) in reasons.iter().take(REASONS) {
        let channels = count(*channels, "channel");
        let _ = writeln!(out, "pinned    {channels} by {}", one_line(reason));
    }
    let mut more = Vec::new();
    if reasons.len() > REASONS {
        more.push(count(reasons.len() - REASONS, "other reason"));
    }
    if !file.kept().is_empty() {
        more.push(count(file.kept().len(), "constant"));
    }
    more.push(format!("{} with channels", count(groups.len(), "tensor")));
    let _ = writeln!(out, "more      {}: --full", more.join(", "));
    text
}

/// Every group of channels, every operator that pins, and constants.
fn full(groups: &[Row], file: &OnnxFile) -> String {
    let mut text = String::new();
    let out = &mut text;
    let _ = writeln!(out, "channels  {}", count(groups.len(), "group"));
    for row in groups {
        let (tensor, operator) = (short(&row.group.tensor), short(&row.group.operator));
        let _ = writeln!(
            out,
            "            {tensor:<WIDTH$} {operator:<14} {:>5} channels: {}",
            row.group.units.len(),
            row.state()
        );
    }
    let notes = file.notes();
    if !notes.is_empty() {
        let _ = writeln!(
            out,
            "pinned    by operators that are not homogeneous, or not followed:"
        );
        for note in notes {
            let (operator, name) = (short(&note.operator), short(&note.name));
            let _ = writeln!(
                out,
                "            {operator} `{name}`: {}",
                one_line(&note.reason)
            );
        }
    }
    constants(out, file);
    text
}

/// What was taken for a constant, and why.
fn constants(out: &mut String, file: &OnnxFile) {
    if file.kept().is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "constants never changed (--learned NAME says otherwise):"
    );
    for kept in file.kept() {
        let (tensor, reason) = (short(&kept.tensor), crate::network::printable(&kept.reason));
        let _ = writeln!(out, "            `{tensor}`: {reason}");
    }
}

/// The widest range within a channel, and the range of the channels' largest magnitudes; 1 for a layer of zeros.
fn spread(layer: &LayerRange) -> (f64, f64) {
    let within = layer
        .channels
        .iter()
        .map(|(largest, median)| largest / median);
    let mut largest: Vec<f64> = layer.channels.iter().map(|(largest, _)| *largest).collect();
    largest.sort_by(f64::total_cmp);
    let between = match (largest.last(), largest.get(largest.len() / 2)) {
        (Some(last), Some(median)) => last / median,
        _ => 1.0,
    };
    (within.fold(1.0, f64::max), between)
}

fn ranges_json(before: &[LayerRange], after: Option<&[LayerRange]>) -> Value {
    let one = |layer: &LayerRange| {
        let (within, between) = spread(layer);
        let channels = layer.channels.iter();
        json!({
            "within_channels": within,
            "between_channels": between,
            "by_channel": channels.map(|(largest, median)| largest / median).collect::<Vec<_>>(),
        })
    };
    let layers = before.iter().enumerate().map(|(place, layer)| {
        json!({
            "tensor": layer.tensor,
            "before": one(layer),
            "after": after.map_or(Value::Null, |after| one(&after[place])),
        })
    });
    layers.collect()
}
