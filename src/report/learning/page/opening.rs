//! The first screen: what balancing is, a picture of it, and what was found.

use std::fmt::Write;

use super::{badge, escaped};
use crate::learn::experiment::{Claim, Run, Verdict};
use crate::report::ChartError;
use crate::report::learning::figures::{COSTS, figures};
use crate::theorems;

/// A unit before and after: 4 and 1 become 2 and 2.
const UNIT: &str = include_str!("unit.svg");

pub(super) fn write(
    body: &mut String,
    command: &str,
    verdicts: &[theorems::CheckedTheorem],
    runs: &[Run],
) -> Result<(), ChartError> {
    body.push_str(
        "<header>\n<h1>Synaptic neural balance</h1>\n\
         <p>A hidden unit that is homogeneous, as ReLU is, may have its incoming weights multiplied by any λ &gt; 0 and its outgoing ones divided \
         by it: the network computes the same. <strong>Balancing</strong> a unit takes the λ for which both sides cost the same, which is \
         where they cost least. Unit after unit, in any order, this leads to one network: the cheapest of all those scalings, where there is one.</p>\n\
         <div class=\"pictures\">\n",
    );
    let _ = writeln!(
        body,
        "<figure>{UNIT}<figcaption>Balancing one unit: λ⁴ = B / A = 1/16, so λ = 1/2.</figcaption></figure>"
    );
    let drawn = runs
        .iter()
        .find(|run| run.parameters.experiment == "one-fixpoint");
    let drawn = drawn.map(figures).transpose()?.unwrap_or_default();
    if let Some(costs) = drawn.iter().find(|figure| figure.name == COSTS) {
        let caption = "Every hidden unit of a trained classifier of digits: after balancing all lie where A = B.";
        super::experiments::figure(body, costs, caption);
    }
    body.push_str("</div>\n");
    counts(body, verdicts, runs);
    letters(body);
    let _ = write!(
        body,
        "<p class=\"small\">Written by <code>synbal</code> {} with <code>{}</code>. The paper: P. Baldi, A. Alexos, I. Domingo, \
         A. Rahmansetayesh, <cite>A Theory of Synaptic Neural Balance</cite>, \
         <a href=\"https://arxiv.org/abs/2405.09688\">arXiv:2405.09688</a>.</p>\n</header>\n",
        env!("CARGO_PKG_VERSION"),
        escaped(command)
    );
    Ok(())
}

/// How many statements and claims there are, and what became of them.
fn counts(body: &mut String, verdicts: &[theorems::CheckedTheorem], runs: &[Run]) {
    let failed = verdicts.iter().filter(|verdict| verdict.outcome.is_err());
    let failed = failed.count();
    let proofs = verdicts.iter().map(|verdict| verdict.theorem.general_proof);
    let (mut whole, mut part) = (0, 0);
    for proof in proofs.flatten() {
        match proof.open.is_empty() {
            true => whole += 1,
            false => part += 1,
        }
    }
    let claims: Vec<Claim> = runs.iter().flat_map(Run::claims).collect();
    let with = |verdict: Verdict| {
        let found = claims.iter().filter(|claim| claim.verdict() == verdict);
        format!("{} {}", found.count(), verdict.name())
    };
    let _ = write!(
        body,
        "<div class=\"counts\">\n<a href=\"#theorems\"><strong>{} theorems</strong>{} in this run<br>with a proof of the general statement: {whole} in full, \
         {part} in part, {} open</a>\n<a href=\"#experiments\"><strong>{} claims about data</strong>{}<br>{}<br>{}</a>\n</div>\n",
        verdicts.len(),
        match failed {
            0 => badge("good", "all checks passed"),
            _ => badge("bad", &format!("{failed} checks failed")),
        },
        verdicts.len() - whole - part,
        claims.len(),
        badge("good", &with(Verdict::Reproduced)),
        badge("mixed", &with(Verdict::Mixed)),
        badge("bad", &with(Verdict::NotReproduced)),
    );
}

fn letters(body: &mut String) {
    body.push_str("<dl>\n");
    for (letter, meaning) in [
        (
            "E",
            "the error on the data, which learning descends on: squared error, or cross-entropy in nats",
        ),
        (
            "R",
            "the regularizer: what all weights cost together; each costs w² under L2, |w| under L1",
        ),
        (
            "A, B",
            "what the weights into a unit cost (its bias is one of them), and those out of it",
        ),
        (
            "deficit",
            "|A - B| / (A + B): 0 if the unit is balanced, at most 1",
        ),
        (
            "λ, Λ",
            "the multiplier of one step, and of all steps together: weights in by Λ, weights out by 1/Λ",
        ),
    ] {
        let _ = writeln!(body, "<div><dt>{letter}</dt><dd>{meaning}</dd></div>");
    }
    body.push_str("</dl>\n");
}
