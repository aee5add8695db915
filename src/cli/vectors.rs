//! `synbal vectors`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use synaptic_balance::formats::{MAX_TEXT, read_input};
use synaptic_balance::network::one_line;
use synaptic_balance::report::Report;
use synaptic_balance::vectors::{SCHEMA, VectorFile, file_names, generate, is_vectors};

use super::arguments::VectorsArguments;
use super::outputs::{self, Kind, Output};
use super::{BadInput, Exit, Failure, Progress, Reported, files};

pub fn vectors(arguments: &VectorsArguments) -> Reported {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .map_err(|fault| BadInput::at(folder, format!("no folder: {}", fault.kind())))?;
    let schema = folder.join("schema.json");
    outputs::check(&[Output::new(&schema, Kind::Json)], &[])?;
    check_replaceable(&schema)?;
    for name in file_names() {
        check_replaceable(&folder.join(name))?;
    }
    let progress = Progress::new();
    let made = generate(&mut |group| progress.say(group));
    drop(progress);
    let made = made.map_err(|failure| Failure::Incomplete(failure.to_string()))?;
    let files = made
        .iter()
        .map(|file| (folder.join(file.name()), file.text.clone()));
    let schema = (schema, SCHEMA.to_owned());
    let files: Vec<(PathBuf, String)> = files.chain([schema]).collect();
    let outputs = files.into_iter();
    files::write_all(
        outputs
            .map(|(path, text)| (path, text.into_bytes()))
            .collect(),
    )?;
    Ok((report(folder, &made), Exit::Done))
}

/// Only vectors may be replaced: any other file of that name is someone's work.
fn check_replaceable(path: &Path) -> Result<(), BadInput> {
    let reason = match read_input(path, MAX_TEXT) {
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(()),
        Err(fault) => format!("cannot be replaced ({})", fault.kind()),
        Ok(found) if is_vectors(&String::from_utf8_lossy(&found)) => return Ok(()),
        Ok(_) => "is not a file of vectors and would be overwritten".to_string(),
    };
    let advice = "nothing written; move it away or name another folder";
    Err(BadInput::at(path, format!("{reason}: {advice}")))
}

fn report(folder: &Path, made: &[VectorFile]) -> Report {
    let total: usize = made.iter().map(|file| file.cases).sum();
    let lines = made
        .iter()
        .map(|file| format!("{:>5}  {}\n", file.cases, file.name()));
    let text = format!(
        "{}{total:>5}  cases, every answer verified, written to {}\n",
        lines.collect::<String>(),
        one_line(&folder.display().to_string())
    );
    let entry = |file: &VectorFile| json!({"file": file.name(), "group": file.group, "cases": file.cases, "bytes": file.text.len()});
    let files: Vec<Value> = made.iter().map(entry).collect();
    let folder = folder.display().to_string();
    let json = json!({"status": "written", "folder": folder, "cases": total, "files": files, "schema": "schema.json"});
    Report { text, json }
}
