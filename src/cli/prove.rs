//! `synbal prove`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::json;
use synaptic_balance::report::Report;
use synaptic_balance::script::{MAX_SOURCE, Options, Transcript, run, worst};

use super::arguments::ProveArguments;
use super::{BadInput, Outcome, Verdict};

/// Runs all scripts and reports each.
///
/// A script that cannot be read ends the command before any has run: nothing is half done.
pub fn prove(arguments: &ProveArguments) -> Outcome {
    let mut scripts = Vec::with_capacity(arguments.scripts.len());
    for path in &arguments.scripts {
        let source = read(path).map_err(|fault| BadInput::at(path, fault))?;
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
        0 => Verdict::Done,
        1 => Verdict::False,
        2 => Verdict::Faulty,
        _ => Verdict::Incomplete,
    };
    let text: Vec<String> = transcripts.iter().map(Transcript::to_string).collect();
    let data: Vec<_> = transcripts.iter().map(Transcript::to_json).collect();
    let report = Report {
        text: text.join("\n"),
        json: json!({"exit_code": verdict as u8, "scripts": data}),
    };
    Ok((report, verdict))
}

/// Reads a script, as far as one may be long: what is longer is refused by the run, whatever else the file holds.
fn read(path: &Path) -> std::io::Result<String> {
    let mut source = String::new();
    let bound = MAX_SOURCE as u64 + 1;
    File::open(path)?.take(bound).read_to_string(&mut source)?;
    Ok(source)
}
