//! What a command writes and reads, and whether that can be, before anything is computed.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use synaptic_balance::formats::Model;
use synaptic_balance::formats::checkpoint::Checkpoint;

use super::BadInput;
use super::arguments::{Arguments, Command};
use super::files::check_finished;
use super::places::Place;
use super::temporary::Temporary;

/// What is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Json,
    Onnx,
    Safetensors,
    Dot,
    Svg,
    Html,
    Markdown,
    /// A part of a model, under any name.
    Part,
}

/// Ends of names that say what is in a file.
const ENDS: [(Kind, &[&str]); 7] = [
    (Kind::Json, &["json"]),
    (Kind::Onnx, &["onnx"]),
    (Kind::Safetensors, &["safetensors"]),
    (Kind::Dot, &["dot", "gv"]),
    (Kind::Svg, &["svg"]),
    (Kind::Html, &["html", "htm"]),
    (Kind::Markdown, &["md", "markdown"]),
];

/// Ends of names of files that are never written.
const OTHERS: [&str; 23] = [
    "npz", "npy", "pt", "pth", "ckpt", "pkl", "pickle", "h5", "hdf5", "keras", "gguf", "ggml",
    "tflite", "mlmodel", "msgpack", "pdf", "png", "jpg", "jpeg", "csv", "yaml", "rhai", "zip",
];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Json => "JSON",
            Kind::Onnx => "an ONNX model",
            Kind::Safetensors => "safetensors",
            Kind::Dot => "a graph in DOT",
            Kind::Svg => "an SVG picture",
            Kind::Html => "an HTML page",
            Kind::Markdown => "Markdown",
            Kind::Part => "a part of a model",
        }
    }

    /// As what a model is written.
    pub fn of(model: &Model) -> Self {
        match model {
            Model::Json(_) => Kind::Json,
            Model::Perceptron(_) => Kind::Safetensors,
            Model::Onnx(_) => Kind::Onnx,
        }
    }

    /// Does the end of a name say that something else is in the file?
    fn is_denied_by(self, path: &Path) -> bool {
        let end = path
            .extension()
            .map(|end| end.to_string_lossy().to_lowercase());
        let Some(end) = end.filter(|_| self != Kind::Part) else {
            return false;
        };
        let known = ENDS.iter().find(|(_, ends)| ends.contains(&end.as_str()));
        match known {
            Some((kind, _)) => *kind != self,
            None => OTHERS.contains(&end.as_str()),
        }
    }
}

/// A file that will be written.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    pub path: &'a Path,
    /// What is written; not known as yet for a model, which can also go into a folder.
    pub kind: Option<Kind>,
    /// The input whose place it may take.
    pub replaces: Option<&'a Path>,
}

impl<'a> Output<'a> {
    pub fn new(path: &'a Path, kind: Kind) -> Self {
        Output {
            path,
            kind: Some(kind),
            replaces: None,
        }
    }
}

/// Refuses outputs that cannot be written, that say by their names to be something else, that would take each other's
/// place or that of an input, or of standard output.
pub fn check(outputs: &[Output], inputs: &[&Path]) -> Result<(), BadInput> {
    let mut places: Vec<(Place, &Path)> = Vec::new();
    let inputs = inputs
        .iter()
        .filter_map(|path| Some((Place::of(path).ok()?, *path)));
    let inputs: Vec<(Place, &Path)> = inputs.collect();
    let mut folders = BTreeSet::new();
    for output in outputs {
        let path = output.path;
        let place = place(output)?;
        if let Some((_, other)) = places.iter().find(|(other, _)| other.is(&place)) {
            let other = other.display();
            let reason = format!("would be overwritten: the same place as {other}");
            return Err(BadInput::at(path, reason));
        }
        let mut taken = inputs
            .iter()
            .filter(|(_, input)| Some(*input) != output.replaces);
        if taken.any(|(input, _)| input.is(&place)) {
            let reason = "would be overwritten: it is an input; nothing written";
            return Err(BadInput::at(path, reason));
        }
        if let Place::File(file) = &place {
            folders.insert((
                file.parent().map(Path::to_path_buf).unwrap_or_default(),
                path,
            ));
        }
        places.push((place, path));
    }
    folders
        .into_iter()
        .try_for_each(|(folder, path)| check_folder(&folder, path))
}

/// The place of an output, if something of its kind can be written there.
fn place(output: &Output) -> Result<Place, BadInput> {
    let path = output.path;
    let cannot =
        |reason: &dyn std::fmt::Display| BadInput::at(path, format!("cannot write: {reason}"));
    let place = Place::of(path).map_err(|fault| match fault.kind() {
        ErrorKind::NotFound => cannot(&"its folder does not exist"),
        kind => cannot(&kind),
    })?;
    if let Some(kind) = output.kind {
        if kind.is_denied_by(path) {
            let what = kind.name();
            return Err(BadInput::at(
                path,
                format!("the name says something else than what would be written, which is {what}"),
            ));
        }
        if matches!(place, Place::Folder(_)) {
            return Err(cannot(&"is a directory"));
        }
    }
    if let Place::Special(device) = &place
        && !is_writable(device)
    {
        return Err(cannot(&"is a disk or a socket"));
    }
    match place.is_under_stdout() {
        true => Err(cannot(&"standard output goes there, too")),
        false => Ok(place),
    }
}

/// Can files be made in it?
fn check_folder(folder: &Path, output: &Path) -> Result<(), BadInput> {
    check_finished(folder)?;
    let tried = Temporary::create(folder, None);
    tried
        .map(drop)
        .map_err(|fault| BadInput::at(output, format!("cannot write: {}", fault.kind())))
}

#[cfg(unix)]
fn is_writable(special: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let found = special.metadata().map(|found| found.file_type());
    found.is_ok_and(|found| !found.is_block_device() && !found.is_socket())
}

#[cfg(not(unix))]
fn is_writable(_: &Path) -> bool {
    true
}

/// Refuses what could only fail later, and says whether an output goes to standard output, which is then no place for
/// the report.
pub fn of_command(arguments: &Arguments) -> Result<bool, BadInput> {
    let Some(command) = &arguments.command else {
        return Ok(false);
    };
    let (outputs, inputs) = (outputs(command), inputs(command));
    let is_stdout = |output: &Output| matches!(Place::of(output.path), Ok(Place::Stdout));
    let shared = outputs.iter().find(|output| is_stdout(output));
    if let (Some(output), true) = (shared, arguments.json) {
        let reason = "with --json one document is printed on standard output, and nothing else";
        return Err(BadInput::at(output.path, reason));
    }
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    check(&outputs, &inputs)?;
    Ok(shared.is_some())
}

/// The files that a command was told to write. Commands that write into a folder see to that themselves.
fn outputs(command: &Command) -> Vec<Output<'_>> {
    match command {
        // Folders are seen to where they are made.
        Command::Balance(arguments) if Checkpoint::is_at(&arguments.network) => {
            let plot = arguments.plot.iter();
            plot.map(|path| Output::new(path, Kind::Svg)).collect()
        }
        Command::Balance(arguments) => {
            let model = arguments.output.as_ref().map(|path| Output {
                path,
                kind: None,
                replaces: Some(&arguments.network),
            });
            let certificate = arguments.certificate.iter();
            let certificate = certificate.map(|path| Output::new(path, Kind::Json));
            let plot = arguments.plot.iter();
            let plot = plot.map(|path| Output::new(path, Kind::Svg));
            model.into_iter().chain(certificate).chain(plot).collect()
        }
        Command::Check(arguments) => {
            let certificate = arguments.certificate.iter();
            certificate
                .map(|path| Output::new(path, Kind::Json))
                .collect()
        }
        Command::Explain(arguments) => {
            let graph = arguments.dot.iter();
            let graph = graph.map(|path| Output::new(path, Kind::Dot));
            let certificate = arguments.certificate.iter();
            let certificate = certificate.map(|path| Output::new(path, Kind::Json));
            graph.chain(certificate).collect()
        }
        Command::Bench(arguments) => {
            let figure = arguments.plot.iter();
            figure.map(|path| Output::new(path, Kind::Svg)).collect()
        }
        Command::Report(arguments) => {
            let results = arguments.results.iter();
            let results = results.map(|path| Output::new(path, Kind::Markdown));
            let page = Output::new(&arguments.output, Kind::Html);
            std::iter::once(page).chain(results).collect()
        }
        _ => Vec::new(),
    }
}

/// The files that it was told to read.
fn inputs(command: &Command) -> Vec<PathBuf> {
    let with = |network: &PathBuf, arch: &Option<String>| {
        let arch = arch
            .as_ref()
            .map(PathBuf::from)
            .filter(|arch| arch.is_file());
        let all = std::iter::once(network.clone()).chain(arch);
        all.collect::<Vec<PathBuf>>()
    };
    match command {
        Command::Balance(arguments) => with(&arguments.network, &arguments.perceptron.arch),
        Command::Check(arguments) => {
            let both = arguments.before.iter().chain(&arguments.after);
            both.flat_map(|network| with(network, &arguments.perceptron.arch))
                .collect()
        }
        Command::Explain(arguments) => with(&arguments.network, &arguments.perceptron.arch),
        Command::Report(arguments) => arguments.runs.as_deref().map(runs).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The files of runs in a folder.
fn runs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect()
}
