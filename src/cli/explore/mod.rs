//! `synbal explore`: a page in which networks are balanced by hand, served to this machine alone.
//!
//! Whatever the page shows was computed here. It reads what the program was started with, and what is dropped on it; it
//! writes nothing.

mod answers;
mod apart;
mod http;
mod layers;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::{Model, read_network};
use synaptic_balance::network::{Regularizer, one_line};

use super::arguments::{FamilyArguments, Perceptron};
use super::{BadInput, Failure, Report, balance, checkpoint};
use server::Server;

#[derive(Debug, Args)]
pub struct ExploreArguments {
    /// The network: JSON, ONNX, a safetensors file with --arch, or a checkpoint: a folder with config.json. Without it
    /// a small one to begin with.
    pub network: Option<PathBuf>,
    /// l1, l2, lp:P or mix:a1*P1+a2*P2; the page can choose another.
    #[arg(long, default_value = "l2")]
    pub regularizer: Regularizer,
    /// The port of 127.0.0.1; one that is free if not given.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub port: u16,
    /// What a question about a network on the page, or a dropped file, may take; what takes longer is refused. The file
    /// that is named here may take as long as it takes.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub time_limit: u64,
    #[command(flatten)]
    pub perceptron: Perceptron,
    #[command(flatten)]
    pub family: FamilyArguments,
}

/// What the program was started with.
struct Start {
    /// Its name, for the page.
    name: String,
    what: Subject,
    regularizer: Regularizer,
}

/// Files are opened for each answer, which is computed in a process of its own.
enum Subject {
    First,
    File(PathBuf, Perceptron),
    Checkpoint(PathBuf, FamilyArguments),
}

impl Subject {
    fn model(path: &Path, perceptron: &Perceptron) -> Result<Model, BadInput> {
        let length = path.metadata().map_or(0, |about| about.len());
        if perceptron.arch.is_some() && length > answers::MAX_PERCEPTRON {
            return Err(BadInput::at(path, answers::too_large_a_perceptron()));
        }
        balance::open(path, perceptron)
    }

    fn first() -> Result<Model, BadInput> {
        let first = read_network(FIRST.as_bytes());
        first
            .map(Model::Json)
            .map_err(|fault| BadInput(fault.to_string()))
    }
}

/// The network that a page begins with which is given none.
const FIRST: &str = include_str!("page/first.json");

/// Serves the page until an interrupt, having printed its address.
pub fn serve(arguments: &ExploreArguments, json: bool) -> Result<(), Failure> {
    let start = start(arguments)?;
    if apart::is_answering() {
        return apart::compute(&start);
    }
    start.check()?;
    let limit = Duration::from_secs(arguments.time_limit);
    let server = Server::bind(arguments.port, limit)?;
    let address = server.address();
    let text = format!("{address}\nopen it in a browser on this machine; Ctrl-C ends it\n");
    let json_report = json!({"status": "serving", "address": address});
    let report = Report {
        text,
        json: json_report,
    };
    // Who knows the address may interrupt at once.
    let interrupted = interrupted()?;
    // Who cannot be told the address cannot use it.
    let told = super::print(&report, json).and_then(|()| std::io::stdout().flush());
    told.map_err(|fault| Failure::Incomplete(format!("standard output: {fault}")))?;
    server.run_until(interrupted);
    Ok(())
}

fn start(arguments: &ExploreArguments) -> Result<Start, BadInput> {
    let regularizer = arguments.regularizer.clone();
    let Some(path) = &arguments.network else {
        return Ok(Start {
            name: "a network to begin with".to_owned(),
            what: Subject::First,
            regularizer,
        });
    };
    let what = match arguments.perceptron.arch.is_none() && Checkpoint::is_at(path) {
        true => Subject::Checkpoint(path.clone(), arguments.family.clone()),
        false => {
            checkpoint::refuse_elsewhere(path, &arguments.family)?;
            Subject::File(path.clone(), arguments.perceptron.clone())
        }
    };
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(Start {
        name: one_line(&name.to_string_lossy()).into_owned(),
        what,
        regularizer,
    })
}

impl Start {
    /// What is wrong with the file is said before a page is served.
    fn check(&self) -> Result<(), BadInput> {
        match &self.what {
            Subject::First => Ok(()),
            Subject::File(path, perceptron) => Subject::model(path, perceptron).map(|_| ()),
            Subject::Checkpoint(path, family) => checkpoint::open(path, family).map(|_| ()),
        }
    }
}

/// A wait for the interrupt that ends the program, which from now on ends it no other way.
#[cfg(unix)]
fn interrupted() -> Result<impl FnOnce(), Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
    let mut signals = signals.map_err(|fault| Failure::Incomplete(fault.to_string()))?;
    Ok(move || {
        signals.forever().next();
    })
}

#[cfg(not(unix))]
fn interrupted() -> Result<impl FnOnce(), Failure> {
    Ok(|| {
        loop {
            std::thread::park();
        }
    })
}
