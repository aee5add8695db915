//! The table of verified properties, as THEOREMS.md has it.

use super::{Room, Status, Theorem, catalogue};

/// The line before the table in THEOREMS.md.
pub const BEGIN: &str = "<!-- theorems:begin -->";
/// The line after it.
pub const END: &str = "<!-- theorems:end -->";

/// The catalogue as a Markdown table in plain words, between [`BEGIN`] and [`END`], each on a line of its own.
pub fn verified_properties() -> String {
    let mut text = format!("{BEGIN}\n");
    for room in Room::ALL {
        text.push_str(&format!("\n**{}**\n\n", room.title()));
        text.push_str(
            "| name | what is checked | in the paper | verdict | how | general proof |\n|---|---|---|---|---|---|\n",
        );
        for theorem in catalogue().iter().filter(|theorem| theorem.room == room) {
            let statement = match (theorem.status, theorem.corrected) {
                (Status::RefutedAsPrinted, Some(corrected)) => {
                    format!("As printed: {} What holds: {corrected}", theorem.statement)
                }
                (Status::RefutedAsDefined, Some(corrected)) => {
                    format!("As defined: {} What holds: {corrected}", theorem.statement)
                }
                (_, Some(corrected)) => corrected.to_owned(),
                (_, None) => theorem.statement.to_owned(),
            };
            let hypotheses = match theorem.hypotheses {
                "" => String::new(),
                hypotheses => format!(" *Hypotheses:* {hypotheses}"),
            };
            let kinds: Vec<&str> = theorem.kinds.iter().map(|kind| kind.name()).collect();
            let mut distinct: Vec<&str> = Vec::new();
            for kind in kinds {
                if !distinct.contains(&kind) {
                    distinct.push(kind);
                }
            }
            let name = match theorem.script() {
                Some(script) => format!("[`{}`]({script})", theorem.id),
                None => format!("`{}`", theorem.id),
            };
            text.push_str(&format!(
                "| {name} | **{}** {}{} | {} | {} | {} | {} |\n",
                titled(theorem.title),
                escaped(&statement),
                escaped(&hypotheses),
                theorem.place,
                theorem.status.name(),
                distinct.join(", "),
                general_proof(theorem)
            ));
        }
    }
    text.push_str(&format!("\n{END}\n"));
    text
}

/// Whether a proof for all cases exists, and what it leaves open.
fn general_proof(theorem: &Theorem) -> String {
    match theorem.general_proof.zip(theorem.proof_file()) {
        None => "open".to_owned(),
        Some((proof, file)) if proof.open.is_empty() => format!("[proved]({file})"),
        Some((proof, file)) => format!("[in part]({file}); open: {}", escaped(proof.open)),
    }
}

/// A pipe would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The title as the beginning of the cell: with a full stop unless it asks.
fn titled(title: &str) -> String {
    let stop = if title.ends_with('?') { "" } else { "." };
    escaped(&format!("{title}{stop}"))
}
