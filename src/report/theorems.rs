//! The table of theorems, and the result of the hunt.

use serde_json::{Value, json};

use super::Report;
use crate::theorems::hunt::{Finding, Hunt};
use crate::theorems::{CheckedTheorem, Room, Theorem};

/// The width of the text.
const WIDTH: usize = 80;

/// Verdict, statement and evidence of every theorem that was run.
pub fn theorems_report(verdicts: &[CheckedTheorem]) -> Report {
    let mut text = String::new();
    for room in Room::ALL {
        let mut headed = false;
        for verdict in verdicts
            .iter()
            .filter(|verdict| verdict.theorem.room == room)
        {
            if !std::mem::replace(&mut headed, true) {
                let title = room.title();
                text.push_str(&format!(
                    "{title}\n{}\n\n",
                    "=".repeat(title.chars().count())
                ));
            }
            entry(&mut text, verdict);
        }
    }
    let failed: Vec<&str> = failures(verdicts);
    text.push_str(&summary(verdicts.len(), &failed));
    Report {
        text,
        json: json!({
            "theorems": verdicts.iter().map(entry_json).collect::<Vec<_>>(),
            "failed": failed,
        }),
    }
}

fn failures(verdicts: &[CheckedTheorem]) -> Vec<&'static str> {
    let failed = verdicts.iter().filter(|verdict| verdict.outcome.is_err());
    failed.map(|verdict| verdict.theorem.id).collect()
}

fn summary(run: usize, failed: &[&str]) -> String {
    let entries = if run == 1 { "entry" } else { "entries" };
    match failed {
        [] => format!("{run} {entries} checked, none failed.\n"),
        _ => format!(
            "{run} {entries} checked, {} FAILED: {}\n",
            failed.len(),
            failed.join(", ")
        ),
    }
}

fn entry(text: &mut String, verdict: &CheckedTheorem) {
    let theorem = verdict.theorem;
    let status = match &verdict.outcome {
        Ok(_) => theorem.status.name(),
        Err(_) => "CHECK FAILED",
    };
    text.push_str(&format!(
        "{}  {}  [{}; {status}]\n",
        theorem.id, theorem.title, theorem.place
    ));
    wrap(text, "  ", theorem.statement);
    if !theorem.hypotheses.is_empty() {
        wrap(text, "  ", &format!("Hypotheses: {}", theorem.hypotheses));
    }
    if let Some(corrected) = theorem.corrected {
        wrap(text, "  ", &format!("Corrected: {corrected}"));
    }
    match &verdict.outcome {
        Ok(evidence) => {
            for found in evidence {
                wrap(
                    text,
                    "  - ",
                    &format!("{}: {}", found.kind().name(), found.text()),
                );
            }
        }
        Err(failure) => wrap(text, "  ! ", &failure.to_string()),
    }
    if let Some(path) = theorem.script() {
        text.push_str(&format!("  script: {path}\n"));
    }
    general_proof(text, theorem);
    text.push('\n');
}

fn general_proof(text: &mut String, theorem: &Theorem) {
    let Some((proof, file)) = theorem.general_proof.zip(theorem.proof_file()) else {
        text.push_str("  general proof: open\n");
        return;
    };
    text.push_str(&format!("  general proof: {file}\n"));
    wrap(
        text,
        "    ",
        &format!("{}: {}", proof.theorems.join(", "), proof.proves),
    );
    if !proof.open.is_empty() {
        wrap(text, "    ", &format!("Open: {}", proof.open));
    }
}

/// Appends the words in lines of at most [`WIDTH`], the first with the given lead, the others indented as far.
fn wrap(text: &mut String, lead: &str, words: &str) {
    let indent = " ".repeat(lead.chars().count());
    let mut line = lead.to_owned();
    let mut length = indent.len();
    for word in words.split_whitespace() {
        let more = word.chars().count();
        if length > indent.len() && length + 1 + more > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = indent.clone();
            length = indent.len();
        }
        if length > indent.len() {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += more;
    }
    text.push_str(&line);
    text.push('\n');
}

fn entry_json(verdict: &CheckedTheorem) -> Value {
    let theorem = verdict.theorem;
    let evidence = |found: &crate::theorems::Evidence| json!({"kind": found.kind().name(), "text": found.text(), "comparisons": found.comparisons()});
    json!({
        "id": theorem.id,
        "room": theorem.room.folder(),
        "title": theorem.title,
        "statement": theorem.statement,
        "hypotheses": theorem.hypotheses,
        "place": theorem.place,
        "status": theorem.status.name(),
        "corrected": theorem.corrected,
        "script": theorem.script(),
        "general_proof": theorem.general_proof.map(|proof| json!({
            "file": theorem.proof_file(),
            "theorems": proof.theorems,
            "proves": proof.proves,
            "open": proof.open,
        })),
        "verified": verdict.outcome.is_ok(),
        "evidence": verdict.outcome.as_ref().map(|list| list.iter().map(evidence).collect::<Vec<_>>()).unwrap_or_default(),
        "failure": verdict.outcome.as_ref().err().map(ToString::to_string),
    })
}

/// What the hunt searched and found.
pub fn hunt_report(hunt: &Hunt) -> Report {
    let mut text = String::new();
    wrap(&mut text, "Searched: ", &hunt.searched);
    text.push('\n');
    for finding in &hunt.findings {
        wrap(
            &mut text,
            "",
            &format!("{}: {}", finding.hunted.about, finding.hunted.statement),
        );
        if !finding.hunted.dropped.is_empty() {
            wrap(
                &mut text,
                "  ",
                &format!("dropped: {}", finding.hunted.dropped),
            );
        }
        wrap(&mut text, "  ", &outcome(finding));
        if let Some(smallest) = &finding.smallest {
            wrap(&mut text, "  smallest: ", smallest);
        }
        text.push('\n');
    }
    let new = hunt
        .findings
        .iter()
        .filter(|finding| !finding.is_accounted_for())
        .count();
    text.push_str(&match new {
        0 => "Every failure is explained by an entry of the catalogue, and nothing else fails.\n"
            .to_owned(),
        _ => format!("{new} outcomes are not accounted for by the catalogue.\n"),
    });
    let finding = |finding: &Finding| {
        json!({
            "about": finding.hunted.about,
            "statement": finding.hunted.statement,
            "dropped": finding.hunted.dropped,
            "explained_by": finding.hunted.explained_by,
            "cases": finding.cases,
            "failures": finding.failures,
            "smallest": finding.smallest,
            "accounted_for": finding.is_accounted_for(),
        })
    };
    let findings: Vec<Value> = hunt.findings.iter().map(finding).collect();
    Report {
        text,
        json: json!({"searched": hunt.searched, "findings": findings, "unaccounted": new}),
    }
}

fn outcome(finding: &Finding) -> String {
    let cases = finding.cases;
    match (finding.failures, finding.hunted.explained_by) {
        (0, None) => format!("holds in all {cases} networks that it is about"),
        (0, Some(id)) => {
            format!("NOT ACCOUNTED FOR: holds in all {cases}, though {id} says that it fails")
        }
        (failures, Some(id)) => format!("fails in {failures} of {cases}; see {id}"),
        (failures, None) => format!("NOT ACCOUNTED FOR: fails in {failures} of {cases}"),
    }
}
