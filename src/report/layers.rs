//! What balancing does to each layer, as a table.

use serde_json::{Value, json};
use std::fmt::Write;

use super::Report;
use crate::formats::{LayerFigures, Measured, MeasuredLayer};
use crate::network::{Regularizer, printable};

/// Widest name of a layer.
const NAME: usize = 23;

/// Adds the table to a report, and the figures of every layer: as many rows as `shown` in the text, those whose
/// channels are spread the most.
pub fn layers_report(
    report: &mut Report,
    measured: &Measured,
    regularizer: &Regularizer,
    shown: usize,
) {
    if measured.is_beyond {
        report.text += "layers    not measured: weights or costs are beyond the range of f64\n";
    }
    if measured.layers.is_empty() {
        return;
    }
    report.text += &table(measured, regularizer, shown);
    if let Value::Object(fields) = &mut report.json {
        fields.insert("by_layer".into(), layers_json(&measured.layers));
        let others = measured.others.map(|shares| shares.map(held));
        fields.insert("share_of_biases".into(), json!(others));
    }
}

fn layers_json(layers: &[MeasuredLayer]) -> Value {
    let layers = layers.iter().map(|layer| {
        json!({
            "layer": layer.name,
            "channels": layer.channels,
            "before": figures(&layer.before),
            "after": layer.after.as_ref().map(figures),
        })
    });
    layers.collect()
}

/// A share of weights that are not 0: they cost something, so that 0 is what `f64` makes of less than it holds.
fn held(share: f64) -> Option<f64> {
    Some(share).filter(|share| *share > 0.0)
}

fn figures(found: &LayerFigures) -> Value {
    let [smallest, median, largest] = found.ranges;
    let share = match largest == 0.0 {
        true => Some(found.share),
        false => held(found.share),
    };
    json!({
        "largest": largest,
        "channel_ranges": {"smallest": smallest, "median": median, "largest": largest},
        "spread": found.spread,
        "deficit": found.deficit,
        "share": share,
    })
}

/// The rows that are shown, in their order.
fn chosen(layers: &[MeasuredLayer], shown: usize) -> Vec<&MeasuredLayer> {
    let mut order: Vec<usize> = (0..layers.len()).collect();
    let spread = |layer: &usize| layers[*layer].before.spread.unwrap_or(0.0);
    order.sort_by(|a, b| spread(b).total_cmp(&spread(a)));
    order.truncate(shown);
    order.sort_unstable();
    order.into_iter().map(|layer| &layers[layer]).collect()
}

/// The table of layers: at most `shown`, and what the columns are.
pub(super) fn table(measured: &Measured, regularizer: &Regularizer, shown: usize) -> String {
    let layers = measured.layers.as_slice();
    let names = short_names(layers);
    let rows = chosen(layers, shown);
    let has_after = rows.iter().any(|layer| layer.after.is_some());
    let mut text = String::new();
    let out = &mut text;
    let pair = |name: &str| match has_after {
        true => format!(" {name:<13}"),
        false => format!(" {name:>11}"),
    };
    let columns = ["largest |w|", "spread", "deficit", "share in %"];
    let header: String = columns.iter().map(|name| pair(name)).collect();
    let _ = writeln!(out, "{:<NAME$}{}", "layer", header.trim_end());
    if has_after {
        let below = format!(" {:>6} {:>6}", "before", "after").repeat(4);
        let _ = writeln!(out, "{:<NAME$}{below}", "");
    }
    for layer in &rows {
        let name = layers.iter().position(|own| std::ptr::eq(own, *layer));
        let name = name.map_or("", |place| &names[place]);
        let before = cells(&layer.before);
        let after = layer.after.as_ref().map(cells);
        let cells = before.iter().enumerate().map(|(column, before)| {
            let after = after.as_ref().map(|after| after[column].as_str());
            match (has_after, after) {
                (true, after) => format!(" {before:>6} {:>6}", after.unwrap_or("")),
                (false, _) => format!(" {before:>11}"),
            }
        });
        let _ = writeln!(out, "{name:<NAME$}{}", cells.collect::<String>());
    }
    if let Some([before, after]) = measured.others {
        let cell = |share: f64| format!("{:.1}", 100.0 * share);
        let (before, after) = (cell(before), cell(after));
        let cells = match has_after {
            true => format!("{:>42} {before:>6} {after:>6}", ""),
            false => format!("{:>36} {before:>11}", ""),
        };
        let _ = writeln!(out, "{:<NAME$}{cells}", "biases, other vectors");
    }
    if rows.len() < layers.len() {
        let more = layers.len() - rows.len();
        let _ = writeln!(
            out,
            "... and {more} more, whose channels are spread less; --json has all"
        );
    }
    let norm = match regularizer {
        Regularizer::Lp(_) => "norm",
        Regularizer::Mixture(_) => "weight",
    };
    let _ = writeln!(
        out,
        "(spread: largest / smallest {norm} of an output channel; deficit: the largest of its units; share: of {regularizer}{})",
        if has_after {
            "; after: before weights are rounded to their number type"
        } else {
            ""
        }
    );
    text
}

fn cells(found: &LayerFigures) -> [String; 4] {
    let optional = |value: Option<f64>| value.map_or("-".to_owned(), short);
    [
        short(found.ranges[2]),
        optional(found.spread),
        optional(found.deficit),
        format!("{:.1}", 100.0 * found.share),
    ]
}

/// A number in six places.
fn short(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        0.1..10.0 => format!("{value:.3}"),
        0.01..0.1 => format!("{value:.4}"),
        10.0..100.0 => format!("{value:.2}"),
        100.0..1000.0 => format!("{value:.1}"),
        1000.0..99999.5 => format!("{value:.0}"),
        _ => format!("{value:.1e}"),
    };
    match text.len() > 6 {
        true => format!("{value:.0e}"),
        false => text,
    }
}

/// Names without what all of them begin with, cut to the width: at the end where that keeps them apart, else at the
/// beginning.
pub(super) fn short_names(layers: &[MeasuredLayer]) -> Vec<String> {
    let names: Vec<String> = layers.iter().map(|layer| printable(&layer.name)).collect();
    let names = without_common_start(&names);
    let apart = |cut: &[String]| {
        let mut sorted = cut.to_vec();
        sorted.sort_unstable();
        sorted.windows(2).all(|pair| pair[0] != pair[1])
    };
    let ends: Vec<String> = names.iter().map(|name| cut_end(name)).collect();
    match apart(&ends) {
        true => ends,
        false => names.iter().map(|name| cut_start(name)).collect(),
    }
}

fn without_common_start(names: &[String]) -> Vec<String> {
    let Some(first) = names.first().filter(|_| names.len() > 1) else {
        return names.to_vec();
    };
    let is_end = |(_, letter): &(usize, char)| matches!(letter, '/' | '.');
    let ends = first.char_indices().filter(is_end);
    let starts = ends.map(|(at, letter)| &first[..at + letter.len_utf8()]);
    let is_common = |start: &&str| {
        let mut all = names.iter();
        all.all(|name| name.starts_with(start) && name.len() > start.len())
    };
    let common = starts.take_while(is_common).last().map_or(0, str::len);
    names.iter().map(|name| name[common..].to_owned()).collect()
}

fn cut_end(name: &str) -> String {
    match name.chars().count() > NAME {
        true => name.chars().take(NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

fn cut_start(name: &str) -> String {
    let length = name.chars().count();
    match length > NAME {
        true => {
            let kept = name.chars().skip(length - NAME + 1);
            std::iter::once('…').chain(kept).collect()
        }
        false => name.to_owned(),
    }
}
