//! `synbal prove`.

use serde_json::json;
use synaptic_balance::report::Report;
use synaptic_balance::script::{Options, Transcript, run, worst};

use super::arguments::ProveArguments;
use super::{Exit, Reported};

/// Runs all scripts and reports each.
///
/// A script that cannot be read ends the command before any has run: nothing is half done.
pub fn prove(arguments: &ProveArguments) -> Reported {
    let mut scripts = Vec::with_capacity(arguments.scripts.len());
    for path in &arguments.scripts {
        let source = super::text(path)?;
        let folder = path
            .parent()
            .map(|folder| match folder.as_os_str().is_empty() {
                true => ".".into(),
                false => folder.to_path_buf(),
            });
        let name = path.display().to_string();
        let files = arguments.networks.clone();
        scripts.push((
            source,
            Options {
                name,
                folder,
                files,
            },
        ));
    }
    let transcripts: Vec<Transcript> = scripts
        .into_iter()
        .map(|(source, options)| run(&source, options))
        .collect();
    let verdict = match worst(transcripts.iter().map(|transcript| &transcript.outcome)) {
        0 => Exit::Done,
        1 => Exit::False,
        2 => Exit::Faulty,
        _ => Exit::Incomplete,
    };
    let text: Vec<String> = transcripts.iter().map(Transcript::to_string).collect();
    let data: Vec<_> = transcripts.iter().map(Transcript::to_json).collect();
    let report = Report {
        text: text.join("\n"),
        json: json!({"exit_code": verdict as u8, "scripts": data}),
    };
    Ok((report, verdict))
}
