//! Commands called by other programs: models in memory, answers as values.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use synaptic_balance::formats::memory::{Held, with_files};

use super::arguments::{Arguments, Command};
use super::{BadInput, answer, answer_command, guard, outputs};

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The document that `--json` prints.
    pub json: String,
    /// What is printed without.
    pub text: String,
    /// The exit code.
    pub code: u8,
    /// What was written to the names that were to be kept, and below them.
    pub written: BTreeMap<PathBuf, Vec<u8>>,
}

/// Is told what is done and the deficit that was reached; `false` stops the command. It is asked between two passes
/// over the weights, and before what was written gets its names.
pub type Listener = Box<dyn FnMut(&str, Option<f64>) -> bool>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// The caller wants no answer any more.
#[derive(Debug)]
pub(super) struct Interrupted;

/// Tells the caller how far the work is; ends it if that is wanted.
pub(super) fn tell(what: &str, deficit: Option<f64>) {
    let goes_on = LISTENER.with_borrow_mut(|listener| match listener {
        Some(listener) => listener(what, deficit),
        None => true,
    });
    if !goes_on {
        std::panic::resume_unwind(Box::new(Interrupted));
    }
}

/// Runs a command of `synbal`, `arguments` without the program's name: `["balance", "<model>", "-o", "<balanced>"]`.
/// Paths may name `files` in memory; what is written to the names `kept`, or below them, is in the answer. Nothing is
/// printed, and no signal is handled.
///
/// What is wrong with the arguments, the input or the outcome is said in the answer, as the program says it: an exit
/// code other than 0, and in the document `error` and `message` where there is no report. Commands that print as they
/// go (`check --batch`) are not called so.
pub fn call(
    arguments: &[OsString],
    files: BTreeMap<PathBuf, Held>,
    kept: BTreeSet<PathBuf>,
    listener: Option<Listener>,
) -> Answer {
    guard::install();
    let before = LISTENER.replace(listener);
    let work = || guard::guarded(|| run(arguments));
    let (outcome, written) = with_files(files, kept, work);
    LISTENER.set(before);
    let (report, code) = answer(outcome);
    Answer {
        json: report.json.to_string(),
        text: report.text,
        code,
        written,
    }
}

fn run(arguments: &[OsString]) -> super::Reported {
    let name = OsString::from("synbal");
    let parsed = Arguments::try_parse_from(std::iter::once(&name).chain(arguments));
    let parsed = parsed.map_err(|fault| BadInput(fault.render().to_string()))?;
    if let Some(Command::Check(arguments)) = &parsed.command
        && arguments.batch.is_some()
    {
        return Err(BadInput("batches are answered by the program only".into()).into());
    }
    outputs::of_command(&parsed)?;
    answer_command(parsed.command.as_ref(), true)
}
