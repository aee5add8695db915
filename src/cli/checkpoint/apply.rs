//! `synbal apply`: multipliers carried to what belongs to a checkpoint.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use synaptic_balance::formats::{
    Losses, MAX_MODEL,
    checkpoint::{Carrier, Role, mapped, says_input_first},
};
use synaptic_balance::report::{Report, lost_weights};

use super::copy::{copy_others, others};
use super::job;
use crate::cli::arguments::{ApplyArguments, Moment};
use crate::cli::files::{self, Content};
use crate::cli::outputs::{self, Kind, Output};
use crate::cli::{BadInput, Exit, Reported, input};

/// Carries multipliers to a safetensors file, or to all of them in a folder.
pub fn apply(arguments: &ApplyArguments) -> Reported {
    let model = &arguments.model;
    let role = match arguments.moment {
        None => Role::Weights,
        Some(Moment::First) => Role::First,
        Some(Moment::Second) => Role::Second,
    };
    let text = input(&arguments.multipliers, MAX_MODEL)?;
    let carrier = Carrier::new(&text, role, is_transposed(model)?);
    let carrier = carrier.map_err(|fault| BadInput::at(&arguments.multipliers, fault))?;
    let paths = paths(model)?;
    let mut files = Vec::new();
    for path in paths {
        let bytes = mapped(&path).map_err(|fault| BadInput::at(&path, fault))?;
        carrier
            .check(&bytes)
            .map_err(|fault| BadInput::at(&path, fault))?;
        files.push((path, bytes));
    }
    let count = files.len();
    let (carrier, output) = (&carrier, &arguments.output);
    let carried = |(path, bytes): (PathBuf, bytes::Bytes), place: PathBuf| {
        let content = move |into: &mut dyn Write| {
            let fault = |fault| format!("{}: {fault}", path.display());
            carrier.carry(&bytes, into).map_err(fault)
        };
        (place, Box::new(content) as Content)
    };
    let lost = match model.is_dir() {
        false => {
            let place = [Output {
                path: output,
                kind: Some(Kind::Safetensors),
                replaces: None,
            }];
            outputs::check(&place, &[model, &arguments.multipliers])?;
            let files = files.into_iter().map(|file| carried(file, output.clone()));
            files::write(files.collect())?
        }
        true => {
            let stage = stage(model, output)?;
            let folder = stage.path();
            let own = files.iter().map(|(path, _)| path.clone()).collect();
            let fault = |fault: std::io::Error| BadInput::at(model, fault);
            let others = others(model, &own).map_err(fault)?;
            copy_others(model, folder, &others).map_err(fault)?;
            let files = files.into_iter().map(|file| {
                let name = file.0.file_name().unwrap_or_default().to_owned();
                carried(file, folder.join(name))
            });
            let lost = files::write(files.collect())?;
            std::fs::rename(folder, output).map_err(|fault| BadInput::at(output, fault))?;
            files::note_moved(folder, output);
            lost
        }
    };
    Ok(said(count, &lost, arguments))
}

fn said(count: usize, lost: &Losses, arguments: &ApplyArguments) -> (Report, Exit) {
    let files = if count == 1 { "file" } else { "files" };
    let mut report = Report {
        text: format!(
            "carried   multipliers to {count} {files} of {}\n",
            arguments.model.display()
        ),
        json: json!({"status": "applied", "files": count}),
    };
    lost_weights(&mut report, lost);
    (report, Exit::Done)
}

/// A folder beside the output, which is not there, or empty.
fn stage(model: &Path, output: &Path) -> Result<tempfile::TempDir, BadInput> {
    let at = |fault: &dyn std::fmt::Display| BadInput::at(output, fault);
    job::check_free(output)?;
    let parent = job::parent(output)?;
    let source = model
        .canonicalize()
        .map_err(|fault| BadInput::at(model, fault))?;
    if parent.starts_with(&source) {
        return Err(at(&"is within the folder that is read: nothing written"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".synbal-apply-");
    // A result has the permissions of any new folder.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    let made = builder.tempdir_in(&parent);
    made.map_err(|fault| at(&fault))
}

/// The safetensors files of a folder, or the one given.
fn paths(model: &Path) -> Result<Vec<PathBuf>, BadInput> {
    if !model.is_dir() {
        return Ok(vec![model.to_path_buf()]);
    }
    let entries = std::fs::read_dir(model).map_err(|fault| BadInput::at(model, fault))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .collect();
    paths.sort();
    match paths.is_empty() {
        true => Err(BadInput::at(model, "holds no safetensors files")),
        false => Ok(paths),
    }
}

/// Does the adapter in a folder say that its weights are stored input first?
fn is_transposed(model: &Path) -> Result<bool, BadInput> {
    let folder = match model.is_dir() {
        true => model,
        false => model.parent().unwrap_or(Path::new("")),
    };
    let path = folder.join("adapter_config.json");
    if !path.is_file() {
        return Ok(false);
    }
    let text = input(&path, MAX_MODEL)?;
    let config: serde_json::Value =
        serde_json::from_slice(&text).map_err(|fault| BadInput::at(&path, fault))?;
    says_input_first(&config).map_err(|fault| BadInput::at(&path, fault))
}
