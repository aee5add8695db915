//! The experiments: each with its claims and verdicts, its pictures and its numbers.

use std::fmt::Write;

use super::{badge, escaped, table, with_code};
use crate::learn::experiment::{CONFIDENCE, Claim, Run, Verdict, networks};
use crate::report::ChartError;
use crate::report::learning::figures::{Figure, figures};
use crate::report::learning::{claimed, corrected, interval, number, outcome, parameters, unit};

pub(super) fn write(body: &mut String, runs: &[Run]) -> Result<(), ChartError> {
    let _ = write!(
        body,
        "<section id=\"experiments\">\n<h2>Experiments</h2>\n<p>Simulations: numbers from data, not proofs. A finding supports a claim if its whole \
         {:.0} % interval (Student's distribution, over the seeds) lies where the claim says. A claim is reproduced if all its findings support it, \
         not reproduced if none does, else mixed. Where a finding is decided no more after Holm's correction for the number of comparisons, this is said.</p>\n",
        100.0 * CONFIDENCE
    );
    for run in runs {
        experiment(body, run)?;
    }
    body.push_str(
        "<h3 id=\"networks\">The networks</h3>\n<p>Images of fewer than 200 pixels, as the embedded digits, are given an autoencoder half as wide as the \
         paper's.</p>\n",
    );
    let columns = [
        "network",
        "on 8 x 8 pixels",
        "on 28 x 28 pixels",
        "hidden units",
        "descends on",
        "step size η",
    ];
    table(body, columns, &networks());
    body.push_str("</section>\n");
    Ok(())
}

fn experiment(body: &mut String, run: &Run) -> Result<(), ChartError> {
    let name = &run.parameters.experiment;
    let description = run
        .experiment()
        .map_or("", |experiment| experiment.description());
    let _ = write!(
        body,
        "<section id=\"{name}\" class=\"experiment\">\n<h3>{name}</h3>\n<p>{}</p>\n<p class=\"small\">{}.</p>\n",
        escaped(description),
        with_code(&parameters(run))
    );
    for claim in run.claims() {
        findings(body, &claim);
    }
    body.push_str("<div class=\"pictures\">\n");
    for drawn in figures(run)? {
        let own = format!("{name}: ");
        figure(
            body,
            &drawn,
            drawn.caption.strip_prefix(&own).unwrap_or(&drawn.caption),
        );
    }
    body.push_str("</div>\n</section>\n");
    Ok(())
}

/// A claim with its verdict; its numbers are seen when it is opened.
fn findings(body: &mut String, claim: &Claim) {
    let kind = match claim.verdict() {
        Verdict::Reproduced => "good",
        Verdict::Mixed => "mixed",
        Verdict::NotReproduced => "bad",
    };
    let _ = writeln!(
        body,
        "<details><summary>{} {}</summary>",
        badge(kind, claim.verdict().name()),
        escaped(claim.statement)
    );
    let interval_name = format!("{:.0} % interval", 100.0 * CONFIDENCE);
    let columns = [
        "what",
        "mean ± sd",
        interval_name.as_str(),
        "claimed",
        "supported",
    ];
    let row = |found: &crate::learn::experiment::Finding| {
        [
            escaped(&format!("{}{}", found.what, unit(found))),
            format!("{} ± {}", number(found.mean), number(found.deviation)),
            interval(found),
            claimed(found),
            format!("{}{}", outcome(found), corrected(found)),
        ]
    };
    let rows: Vec<[String; 5]> = claim.findings.iter().map(row).collect();
    table(body, columns, &rows);
    body.push_str("</details>\n");
}

/// A picture with its axes and its legend in words of the page, so that both can be read at any width.
pub(super) fn figure(body: &mut String, figure: &Figure, caption: &str) {
    let label = format!("<svg role=\"img\" aria-label=\"{}\" ", escaped(caption));
    let (across, up) = &figure.axes;
    let _ = write!(
        body,
        "<figure class=\"chart\"><figcaption>{}</figcaption><p class=\"axis\">↑ {}</p>{}<p class=\"axis across\">→ {}</p><ul class=\"legend\">",
        escaped(caption),
        escaped(up),
        figure.plot.replacen("<svg ", &label, 1),
        escaped(across)
    );
    for (name, line) in &figure.legend {
        let hidden = line.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1);
        let _ = write!(body, "<li>{hidden}{}</li>", escaped(name));
    }
    body.push_str("</ul></figure>\n");
}
