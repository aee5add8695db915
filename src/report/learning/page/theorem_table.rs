//! The theorems: what holds, whether its check passed, and what is proved of it in general.

use std::fmt::Write;

use super::{badge, escaped, table};
use crate::theorems::{CheckedTheorem, Room, Status, Theorem};

pub(super) fn write(body: &mut String, verdicts: &[CheckedTheorem]) {
    body.push_str(
        "<section id=\"theorems\">\n<h2>Theorems</h2>\n<p>The verdict is that of the checks, which ran for this page: identities, exact instances, random \
         cases. A general proof is one for all cases, in Coq, at the place named in the sources; <code>proofs/check</code> compiles it, this page \
         does not.</p>\n",
    );
    for room in Room::ALL {
        let here = verdicts
            .iter()
            .filter(|verdict| verdict.theorem.room == room);
        let rows: Vec<[String; 5]> = here.map(row).collect();
        if !rows.is_empty() {
            let _ = writeln!(body, "<h3>{}</h3>", room.title());
            let columns = [
                "name",
                "what holds",
                "in the paper",
                "verdict",
                "general proof",
            ];
            table(body, columns, &rows);
        }
    }
    body.push_str("</section>\n");
}

fn row(verdict: &CheckedTheorem) -> [String; 5] {
    let theorem = verdict.theorem;
    let status = match (&verdict.outcome, theorem.status) {
        (Err(_), _) => badge("bad", "CHECK FAILED"),
        (Ok(_), Status::Holds) => badge("good", theorem.status.name()),
        (Ok(_), Status::HoldsAsCorrected) => badge("mixed", theorem.status.name()),
        (Ok(_), Status::RefutedAsPrinted | Status::RefutedAsDefined) => {
            badge("bad", theorem.status.name())
        }
    };
    let stop = if theorem.title.ends_with('?') {
        ""
    } else {
        "."
    };
    let mut words = format!("<strong>{}{stop}</strong> ", escaped(theorem.title));
    match theorem.corrected {
        None => words.push_str(&escaped(theorem.statement)),
        Some(corrected) => {
            let _ = write!(
                words,
                "{}<br><em>In the paper:</em> {}",
                escaped(corrected),
                escaped(theorem.statement)
            );
        }
    }
    if !theorem.hypotheses.is_empty() {
        let _ = write!(
            words,
            "<br><em>Hypotheses:</em> {}",
            escaped(theorem.hypotheses)
        );
    }
    [
        format!("<code>{}</code>", theorem.id),
        words,
        escaped(theorem.place),
        status,
        general_proof(theorem),
    ]
}

fn general_proof(theorem: &Theorem) -> String {
    match theorem.general_proof.zip(theorem.proof_file()) {
        None => badge("mixed", "open"),
        Some((proof, file)) if proof.open.is_empty() => {
            format!("{} <code>{}</code>", badge("good", "proved"), broken(&file))
        }
        Some((proof, file)) => format!(
            "{} <code>{}</code>; open: {}",
            badge("mixed", "in part"),
            broken(&file),
            escaped(proof.open)
        ),
    }
}

/// A path that may be broken after its slashes.
fn broken(path: &str) -> String {
    escaped(path).replace('/', "/<wbr>")
}
