//! One self-contained HTML page: theorems, verdicts, figures, parameters. It asks nothing of the network.

use std::fmt::Write;

use super::{ChartError, claimed, figures, interval, number, outcome, parameters, unit};
use crate::learn::experiment::{CONFIDENCE, Run, networks};
use crate::theorems::{self, Room};

const STYLE: &str = include_str!("report.css");

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

/// The page for theorems that were run and stored runs.
///
/// # Errors
/// [`ChartError`].
pub fn html_report(verdicts: &[theorems::Verdict], runs: &[Run]) -> Result<String, ChartError> {
    let mut body = String::new();
    summary(&mut body, verdicts, runs);
    for run in runs {
        experiment(&mut body, run)?;
    }
    theorem_table(&mut body, verdicts);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Synaptic neural balance</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    ))
}

fn summary(body: &mut String, verdicts: &[theorems::Verdict], runs: &[Run]) {
    let failed = verdicts
        .iter()
        .filter(|verdict| verdict.outcome.is_err())
        .count();
    let _ = write!(
        body,
        "<h1>Synaptic neural balance</h1>\n<p>{} statements of the theory were checked, {failed} of the checks failed \
         (<a href=\"#theorems\">table</a>). What follows are simulations: numbers from data, not proofs.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th>experiment</th><th>verdict</th><th>claim</th></tr></thead>\n<tbody>\n",
        verdicts.len()
    );
    for run in runs {
        let name = &run.parameters.experiment;
        for claim in run.claims() {
            let verdict = claim.verdict().name();
            let _ = writeln!(
                body,
                "<tr><td><a href=\"#{name}\">{name}</a></td><td class=\"{}\">{verdict}</td><td>{}</td></tr>",
                verdict.replace(' ', "-"),
                escaped(claim.statement)
            );
        }
    }
    let _ = write!(
        body,
        "</tbody></table></div>\n<p>A finding supports a claim if its whole {:.0} % interval (Student's distribution, over the seeds) lies where the \
         claim says. A claim is reproduced if all its findings support it, not reproduced if none does, else mixed. Nothing is corrected for the \
         number of comparisons.</p>\n<p>The networks; images of fewer than 200 pixels, as the embedded digits, are given an autoencoder half as \
         wide as the paper's:</p>\n<div class=\"wide\"><table>\n<thead><tr><th>network</th><th>on 8 x 8 pixels</th><th>on 28 x 28 pixels</th>\
         <th>hidden units</th><th>descends on</th><th>step size η</th></tr></thead>\n<tbody>\n",
        100.0 * CONFIDENCE
    );
    for network in networks() {
        let _ = writeln!(body, "<tr><td>{}</td></tr>", network.join("</td><td>"));
    }
    body.push_str("</tbody></table></div>\n");
}

fn experiment(body: &mut String, run: &Run) -> Result<(), ChartError> {
    let name = &run.parameters.experiment;
    let description = run
        .experiment()
        .map_or("", |experiment| experiment.description());
    let _ = write!(
        body,
        "<section id=\"{name}\">\n<h2>{name}</h2>\n<p>{}</p>\n<p class=\"parameters\">{}.</p>\n",
        escaped(description),
        with_code(&parameters(run))
    );
    for figure in figures(run)? {
        let svg = figure.svg.replacen(
            "<svg ",
            &format!(
                "<svg role=\"img\" aria-label=\"{}\" ",
                escaped(&figure.caption)
            ),
            1,
        );
        let _ = writeln!(
            body,
            "<figure>{svg}<figcaption>{}</figcaption></figure>",
            escaped(&figure.caption)
        );
    }
    for claim in run.claims() {
        let _ = write!(
            body,
            "<h3>{}</h3>\n<p>Verdict: <strong>{}</strong>.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>what</th><th>mean ± sd</th>\
             <th>{:.0} % interval</th><th>claimed</th><th>supported</th></tr></thead>\n<tbody>\n",
            escaped(claim.statement),
            claim.verdict().name(),
            100.0 * CONFIDENCE
        );
        for found in &claim.findings {
            let _ = writeln!(
                body,
                "<tr><td>{}{}</td><td>{} ± {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(&found.what),
                escaped(&unit(found)),
                number(found.mean),
                number(found.deviation),
                interval(found),
                claimed(found),
                outcome(found)
            );
        }
        body.push_str("</tbody></table></div>\n");
    }
    body.push_str("</section>\n");
    Ok(())
}

fn theorem_table(body: &mut String, verdicts: &[theorems::Verdict]) {
    body.push_str("<section id=\"theorems\">\n<h2>Theorems</h2>\n");
    for room in Room::ALL {
        let here = verdicts
            .iter()
            .filter(|verdict| verdict.theorem.room == room);
        let mut rows = String::new();
        for verdict in here {
            let theorem = verdict.theorem;
            let status = match &verdict.outcome {
                Ok(_) => theorem.status.name(),
                Err(_) => "CHECK FAILED",
            };
            let statement = theorem.corrected.unwrap_or(theorem.statement);
            let _ = writeln!(
                rows,
                "<tr><td><code>{}</code></td><td><strong>{}.</strong> {}</td><td>{}</td><td>{status}</td></tr>",
                theorem.id,
                escaped(theorem.title),
                escaped(statement),
                escaped(theorem.place)
            );
        }
        if !rows.is_empty() {
            let _ = write!(
                body,
                "<h3>{}</h3>\n<div class=\"wide\"><table>\n<thead><tr><th>name</th><th>what holds</th><th>in the paper</th><th>verdict</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n",
                room.title()
            );
        }
    }
    body.push_str("</section>\n");
}
