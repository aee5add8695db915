//! Where models that are balanced where they lie are written: one file, or several with their index.

use std::io::Write;
use std::path::{Path, PathBuf};

use synaptic_balance::formats::memory::{held, is_kept};
use synaptic_balance::formats::{Losses, MAX_TEXT, MappedPerceptron};

use super::BadInput;
use super::arguments::BalanceArguments;
use super::balance::check_files;
use super::files::{self, Content};
use super::outputs::{self, Kind, Output};
use super::places::Place;

/// Where each file of the model goes: one to the path given, several into the folder given.
pub fn outputs(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
) -> Result<Vec<PathBuf>, BadInput> {
    let Some(output) = &arguments.output else {
        return Ok(Vec::new());
    };
    if !is_sharded(arguments, model) {
        return Ok(vec![output.clone()]);
    }
    let inputs = model.files();
    if !output.is_dir() && !is_kept(output) {
        return Err(BadInput::at(
            output,
            "a model in several files is written into a folder, which must exist",
        ));
    }
    Ok(inputs
        .iter()
        .filter_map(|input| Some(output.join(input.file_name()?)))
        .collect())
}

/// Refuses outputs that cannot be written, before anything is computed.
pub fn check(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    outputs: &[PathBuf],
) -> Result<(), BadInput> {
    if !is_sharded(arguments, model) {
        return check_files(arguments, outputs, &[], Kind::Safetensors);
    }
    let index = &arguments.network;
    if held(index).is_some() {
        return Ok(());
    }
    files::check_finished(index.parent().unwrap_or(Path::new("")))?;
    let Some(folder) = &arguments.output else {
        return Ok(());
    };
    let inputs: Vec<&Path> = model.files().into_iter().chain([index.as_path()]).collect();
    let place = folder.join(index.file_name().unwrap_or_default());
    let written = outputs.iter().chain([&place]).zip(&inputs);
    // Each may take the place of its own.
    let outputs: Vec<Output> = written
        .map(|(path, input)| Output {
            path,
            kind: Some(Kind::Part),
            replaces: Some(input),
        })
        .collect();
    let is_special = |path: &Path| {
        !matches!(
            Place::of(path),
            Ok(Place::File(_) | Place::Folder(_) | Place::Kept(_))
        )
    };
    match outputs.iter().find(|output| is_special(output.path)) {
        Some(output) => Err(BadInput::at(
            output.path,
            "is a pipe or a device, not a file",
        )),
        None => outputs::check(&outputs, &inputs),
    }
}

/// Writes all shards, the index that goes with them, and what belongs beside them.
pub fn write(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    multipliers: &[f64],
    outputs: Vec<PathBuf>,
    beside: Vec<(PathBuf, String)>,
) -> Result<Losses, BadInput> {
    let index = &arguments.network;
    let shards = outputs.into_iter().enumerate();
    let mut files: Vec<(PathBuf, Content)> = shards
        .map(|(shard, path)| {
            let write = move |mut into: &mut dyn Write| {
                let written = model.write(shard, multipliers, &mut into);
                written.map_err(|fault| fault.to_string())
            };
            (path, Box::new(write) as Content)
        })
        .collect();
    let has_index = is_sharded(arguments, model) && held(index).is_none();
    if let (Some(folder), true) = (&arguments.output, has_index) {
        let text = super::input(index, MAX_TEXT)?;
        let place = folder.join(index.file_name().unwrap_or_default());
        files.push((place, files::content(text)));
    }
    let beside = beside.into_iter();
    files.extend(beside.map(|(path, text)| (path, files::content(text))));
    files::write(files)
}

/// Was an index given, rather than the one file of the model?
fn is_sharded(arguments: &BalanceArguments, model: &MappedPerceptron) -> bool {
    model.files() != [arguments.network.as_path()]
}
