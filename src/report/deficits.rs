//! The table of units with the largest deficits.

use std::fmt::Write;

use super::{Detail, SHOWN, root};
use crate::network::{Regularizer, printable};
use crate::numbers::Wide;

const ON_SCREEN: usize = 5;

/// Widest name on a screen.
const NAME: usize = 30;

/// How many units are named.
pub(super) fn units_shown(detail: Detail) -> usize {
    match detail {
        Detail::Screen => ON_SCREEN,
        _ => SHOWN,
    }
}

/// Names as they are printed.
pub(super) fn printed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| printable(name)).collect()
}

/// A unit: its name, its input and output cost, its deficit, and what balances it.
pub(super) type Row = (String, [Wide; 2], String, String);

/// The table of so many rows, which come in their order; with the roots of costs where the power is above 2.
pub(super) fn deficits(out: &mut String, regularizer: &Regularizer, rows: Vec<Row>, shown: usize) {
    let names = rows.iter().take(shown).map(|row| cut(&row.0));
    let names: Vec<String> = names.collect();
    let width = names.iter().map(|name| name.chars().count());
    let width = width.max().unwrap_or(4).max(4);
    let has_roots = root(regularizer, Wide::from_f64(1.0)).is_some();
    let by = match rows.iter().any(|row| !row.3.is_empty()) {
        true => " balanced by",
        false => "",
    };
    let costs = match has_roots {
        true => format!(
            "{:<23} {:<23}",
            "input cost (its root)", "output cost (its root)"
        ),
        false => format!("{:<12} {:<12}", "input cost", "output cost"),
    };
    let header = format!("{:<width$}  {costs} {:<9}{by}", "unit", "deficit");
    let _ = writeln!(out, "          {}", header.trim_end());
    for (name, row) in names.iter().zip(&rows) {
        let (_, costs, deficit, by) = row;
        let costs = costs.map(|cost| match root(regularizer, cost) {
            // Through strings, so that the widths apply.
            Some(root) => format!("{:<23}", format!("{cost} ({root})")),
            None => format!("{:<12}", cost.to_string()),
        });
        let line = format!(
            "{name:<width$}  {} {} {deficit:<9} {by}",
            costs[0], costs[1]
        );
        let _ = writeln!(out, "          {}", line.trim_end());
    }
    if rows.len() > shown {
        let more = rows.len() - shown;
        let _ = writeln!(out, "          ... and {more} more; --json prints all");
    }
}

/// The end of a long name, which tells more than its beginning.
fn cut(name: &str) -> String {
    let length = name.chars().count();
    match length > NAME {
        true => std::iter::once('…')
            .chain(name.chars().skip(length - NAME + 1))
            .collect(),
        false => name.to_owned(),
    }
}
