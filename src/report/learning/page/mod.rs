//! One self-contained HTML page: what balancing is, theorems, verdicts, figures, parameters. It asks nothing of the
//! network.

mod experiments;
mod opening;
mod theorem_table;

use std::fmt::Write;

use super::ChartError;
use crate::learn::experiment::Run;
use crate::theorems;

const STYLE: &str = include_str!("page.css");

/// The page for theorems that were run and stored runs; it names the command that wrote it.
///
/// # Errors
/// [`ChartError`].
pub fn html_report(
    command: &str,
    verdicts: &[theorems::CheckedTheorem],
    runs: &[Run],
) -> Result<String, ChartError> {
    let mut body = String::new();
    opening::write(&mut body, command, verdicts, runs)?;
    experiments::write(&mut body, runs)?;
    theorem_table::write(&mut body, verdicts);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Synaptic neural balance</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Text with what stands between backquotes set as code.
fn with_code(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts
        .split('`')
        .enumerate()
        .map(|(index, part)| match index % 2 {
            1 => format!("<code>{part}</code>"),
            _ => part.to_owned(),
        });
    parts.collect()
}

/// A table of which every row becomes a card where the page is narrow: there each cell bears the name of its column.
/// Cells are HTML.
fn table<const N: usize>(body: &mut String, columns: [&str; N], rows: &[[String; N]]) {
    body.push_str("<table>\n<thead><tr>");
    for column in columns {
        let _ = write!(body, "<th>{column}</th>");
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        body.push_str("<tr>");
        for (column, cell) in columns.iter().zip(row) {
            let _ = write!(body, "<td data-column=\"{column}\"><div>{cell}</div></td>");
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody></table>\n");
}

/// A word in a colour that says the same, with a sign for readers who see none.
fn badge(kind: &str, word: &str) -> String {
    let sign = match kind {
        "good" => "✓",
        "bad" => "✗",
        _ => "±",
    };
    format!("<span class=\"badge {kind}\">{sign} {word}</span>")
}
