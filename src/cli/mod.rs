//! The command line: what is asked, what is printed, and the exit code.

mod activations;
mod arguments;
mod balance;
mod batch;
mod bench;
mod called;
mod channels_in_place;
mod check;
mod check_certificate;
mod check_channels;
mod check_in_place;
mod checkpoint;
mod checkpoint_arguments;
mod energy;
mod explain;
mod explain_checkpoint;
#[cfg(feature = "explore")]
mod explore;
mod files;
mod found;
mod guard;
mod in_place;
mod layers;
mod learn;
mod limit_in_place;
mod next;
mod offered;
mod other_arguments;
mod outputs;
mod page;
mod places;
mod progress;
#[cfg(feature = "script")]
mod prove;
mod proving;
mod relu6;
mod restricted_in_place;
mod rounded;
mod shards;
mod shell;
mod temporary;
mod terms_in_place;
mod theorems;
mod unsettled;
mod vectors;

pub use called::{Answer, Listener, call};

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use serde_json::{Value, json};
use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::memory::held;
use synaptic_balance::formats::{
    Architecture, MAX_MODEL, MAX_TEXT, MappedPerceptron, Model, ModelError, RangeOrigin, cached,
    energy::read_energy, read_certificate, read_input, read_model, verify_certificate,
};
use synaptic_balance::network::{Regularizer, one_line, plain_json, plain_text};
use synaptic_balance::report::{self, Report, demonstrate};

use arguments::{Arguments, BalanceArguments, Command, Layers, Perceptron, Tied, VerifyArguments};
use progress::Progress;

/// How a command ended, by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Done, and everything claimed was verified.
    Done = 0,
    /// The claim is false.
    False = 1,
    /// Undecided or incomplete.
    Incomplete = 3,
    /// The report says what is wrong with the input.
    #[cfg(feature = "script")]
    Faulty = 2,
}

/// Bad usage or bad input: the message names the place. Exit code 2.
#[derive(Debug)]
struct BadInput(String);

impl BadInput {
    fn at(path: &Path, fault: impl std::fmt::Display) -> Self {
        BadInput(format!("{}: {fault}", path.display()))
    }
}

/// A failure that is no fault of the input: nothing was decided. Exit code 3.
#[derive(Debug)]
enum Failure {
    Input(BadInput),
    Incomplete(String),
}

impl From<BadInput> for Failure {
    fn from(fault: BadInput) -> Self {
        Failure::Input(fault)
    }
}

type Reported = Result<(Report, Exit), Failure>;

/// Bytes of stack of each thread: that of the main thread, so that a request has as much of it among others as alone.
const STACK: usize = 8 << 20;

/// Is this process the program's own? Only then are bars drawn and signals watched: callers of [`call`] do both
/// themselves.
static IS_PROGRAM: AtomicBool = AtomicBool::new(false);

/// Are no bars drawn, though it is?
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// The program `synbal`: runs the command that the arguments, after the program's name, say, and prints its report.
/// Gives the exit code.
pub fn main(given: &[OsString]) -> u8 {
    match arguments(given) {
        Ok(arguments) => run(arguments),
        Err(code) => code,
    }
}

fn run(arguments: Arguments) -> u8 {
    let shown = Shown {
        json: arguments.json,
        quiet: arguments.quiet,
        raw: matches!(arguments.command, Some(Command::Completions(_))),
        color: arguments.color,
    };
    let json = arguments.json;
    IS_PROGRAM.store(true, Ordering::Relaxed);
    IS_QUIET.store(arguments.quiet, Ordering::Relaxed);
    guard::install();
    // As many threads as there are cores if none are asked for.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads.map_or(0, Into::into))
        .stack_size(STACK);
    if let Err(fault) = pool.build_global() {
        complain(&fault.to_string());
        return 3;
    }
    temporary::survive_cut_inputs(json);
    let to_stdout = match outputs::of_command(&arguments) {
        Ok(to_stdout) => to_stdout,
        Err(fault) => return end(Err(fault.into()), arguments.command.as_ref(), shown, false),
    };
    if let Some(Command::Check(arguments)) = &arguments.command
        && let Some(requests) = &arguments.batch
    {
        return batch::answer_all(requests, arguments);
    }
    #[cfg(feature = "explore")]
    if let Some(Command::Explore(given)) = &arguments.command {
        return match explore::serve(given, shown.json) {
            Ok(()) => 0,
            Err(failure) => end(Err(failure), arguments.command.as_ref(), shown, false),
        };
    }
    let mut outcome = guard::guarded(|| answer_command(arguments.command.as_ref(), json));
    if let (Some(command), Ok((report, _))) = (&arguments.command, &mut outcome) {
        files::state_written(report, command);
    }
    end(outcome, arguments.command.as_ref(), shown, to_stdout)
}

/// How what came out is shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    json: bool,
    quiet: bool,
    /// Is it no report, but a text for another program?
    raw: bool,
    color: clap::ColorChoice,
}

/// Prints what came out, on stderr if an output was written to stdout.
fn end(outcome: Reported, command: Option<&Command>, shown: Shown, to_stdout: bool) -> u8 {
    let mut advice = None;
    if let Err(Failure::Input(BadInput(message)) | Failure::Incomplete(message)) = &outcome {
        complain(message);
        let next = next::next(command, message);
        let line = format!("next: {}\n", one_line(&next));
        let _ = std::io::stderr().write_all(line.as_bytes());
        advice = Some(next);
    }
    let (mut report, code) = answer(outcome);
    if let Some(next) = advice {
        report.json["next"] = next.into();
    }
    if shown.quiet && !shown.json && !shown.raw {
        return code;
    }
    if !shown.raw && !shown.json {
        report.text = page::Page::new(shown.color).shown(&plain_text(&report.text));
    }
    if to_stdout {
        let _ = std::io::stderr().write_all(report.text.as_bytes());
        return code;
    }
    match print(&report, shown.json) {
        Ok(()) => code,
        Err(fault) => {
            complain(&format!("standard output: {fault}"));
            3
        }
    }
}

fn balanced(arguments: &BalanceArguments) -> Reported {
    (arguments.activations).refuse_checkpoints(&arguments.network)?;
    if let Some(outcome) = checkpoint::balance(arguments) {
        return outcome;
    }
    checkpoint::refuse_elsewhere(&arguments.network, &arguments.family)?;
    in_place::refuse_roles(&arguments.network, &arguments.perceptron, &arguments.roles)?;
    (arguments.activations).refuse(&arguments.network, &arguments.perceptron)?;
    // What is balanced where it lies has no place for other costs.
    let in_place = match arguments.activations.is_none() {
        true => in_place::balance(arguments),
        false => None,
    };
    in_place.unwrap_or_else(|| balance::balance(arguments))
}

fn answer_command(command: Option<&Command>, json: bool) -> Reported {
    match command {
        None => demonstration(),
        Some(Command::Explain(arguments)) => {
            arguments.relu6.refuse(&arguments.network)?;
            explain::explain(arguments, json)
        }
        Some(Command::Balance(arguments)) => {
            arguments.relu6.refuse(&arguments.network)?;
            let (mut report, verdict) = balanced(arguments)?;
            report.state_groups();
            Ok((report, verdict))
        }
        Some(Command::Check(arguments)) => {
            if let Some(outcome) = checkpoint::check(arguments) {
                return outcome;
            }
            let before = arguments.before.as_deref().unwrap_or(Path::new(""));
            checkpoint::refuse_elsewhere(before, &arguments.family)?;
            in_place::refuse_roles(before, &arguments.perceptron, &arguments.roles)?;
            check::check(arguments)
        }
        Some(Command::Apply(arguments)) => checkpoint::apply(arguments),
        Some(Command::Verify(arguments)) => verify(arguments),
        Some(Command::Theorems(arguments)) => theorems::theorems(arguments),
        Some(Command::Bench(arguments)) => bench::bench(arguments),
        Some(Command::Vectors(arguments)) => vectors::vectors(arguments),
        #[cfg(feature = "explore")]
        Some(Command::Explore(_)) => {
            Err(BadInput("the page is served by the program only".into()).into())
        }
        Some(Command::Learn(arguments)) => learn::learn(arguments),
        Some(Command::Report(arguments)) => learn::report(arguments),
        #[cfg(feature = "script")]
        Some(Command::Prove(arguments)) => prove::prove(arguments),
        Some(Command::Completions(arguments)) => shell::completions(arguments),
        Some(Command::Man(arguments)) => shell::man(arguments),
    }
}

/// Says on stderr what went wrong, in one line whatever names it holds.
fn complain(message: &str) {
    let line = format!("synbal: {}\n", one_line(message));
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The report of an outcome, which repeats what went wrong for programs, and its exit code.
fn answer(outcome: Reported) -> (Report, u8) {
    let complaint = |kind: &str, message: String| Report {
        text: String::new(),
        json: json!({"error": kind, "message": message}),
    };
    match outcome {
        Ok((report, verdict)) => (report, verdict as u8),
        Err(Failure::Input(BadInput(message))) => (complaint("bad_input", message), 2),
        Err(Failure::Incomplete(message)) => (complaint("incomplete", message), 3),
    }
}

/// The arguments of this call; usage errors and `--help` end the program, as JSON too if that was asked for.
fn arguments(given: &[OsString]) -> Result<Arguments, u8> {
    Arguments::try_parse_from(given).map_err(|fault| {
        let code = u8::try_from(fault.exit_code()).unwrap_or(2);
        if !fault.use_stderr() {
            let _ = fault.print();
            return code;
        }
        misused(given, &fault);
        if given.iter().any(|argument| argument == "--json") {
            let message = fault.render().to_string();
            let json = json!({"error": "bad_usage", "message": message});
            let _ = print(
                &Report {
                    text: String::new(),
                    json,
                },
                true,
            );
        }
        code
    })
}

/// Says on stderr what is wrong with the arguments. The message repeats them, so it is made of arguments that no
/// terminal acts on.
fn misused(given: &[OsString], fault: &clap::Error) {
    let shown = given.iter().map(|argument| argument.to_string_lossy());
    let shown: Vec<String> = shown.map(|text| one_line(&text).into_owned()).collect();
    let _ = match Arguments::try_parse_from(shown) {
        Err(fault) if fault.use_stderr() => fault.print(),
        _ => {
            let message = fault.render().to_string();
            std::io::stderr().write_all(plain_text(&message).as_bytes())
        }
    };
}

/// Prints to stdout what no terminal acts on but for its colours. A reader that has gone away is not an error; a full
/// disk is.
fn print(report: &Report, json: bool) -> std::io::Result<()> {
    let text = match json {
        true => plain_json(&format!("{:#}\n", report.json)).into_owned(),
        false => report.text.clone(),
    };
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(fault) if fault.kind() != std::io::ErrorKind::BrokenPipe => Err(fault),
        _ => Ok(()),
    }
}

/// Reads a network in any format.
fn read(path: &Path, perceptron: &Perceptron) -> Result<Model, BadInput> {
    let architecture = perceptron.architecture()?;
    if let Some(architecture) = &architecture
        && MappedPerceptron::is_index(path)
    {
        let model = MappedPerceptron::open(path, architecture);
        let model = model.map_err(|fault| BadInput::at(path, fault))?;
        let file = model.in_one_file(architecture);
        let file = file.map_err(|fault| BadInput::at(path, fault))?;
        return Ok(Model::Perceptron(file));
    }
    let bytes = input(&cached(path), MAX_MODEL)?;
    read_model(bytes, architecture.as_ref(), path.parent())
        .map_err(|fault| BadInput::at(path, fault))
}

/// The bytes of an input file.
fn input(path: &Path, limit: u64) -> Result<Vec<u8>, BadInput> {
    read_input(path, limit).map_err(|fault| BadInput::at(path, fault))
}

/// The text of an input file.
fn text(path: &Path) -> Result<String, BadInput> {
    let text = String::from_utf8(input(path, MAX_TEXT)?);
    text.map_err(|_| BadInput::at(path, "is not a text in UTF-8"))
}

impl Perceptron {
    /// What a safetensors file does not say; `arch` is an activation or the path of an architecture file.
    fn architecture(&self) -> Result<Option<Architecture>, BadInput> {
        let Some(arch) = &self.arch else {
            return match self.layers {
                Some(_) => Err(BadInput(
                    "layers go with --arch: both are for safetensors files".into(),
                )),
                None => Ok(None),
            };
        };
        let mut architecture = architecture(arch)?;
        if let Some(Layers(given)) = &self.layers {
            let own = architecture.layers.replace(given.clone());
            if own.is_some_and(|own| own != *given) {
                let reason = "has another order of layers than was given beside it";
                return Err(BadInput::at(Path::new(arch), reason));
            }
        }
        Ok(Some(architecture))
    }

    /// The same for the file of a perceptron, which has to be said.
    fn needed(&self, path: &Path) -> Result<Architecture, BadInput> {
        self.architecture()?
            .ok_or_else(|| BadInput::at(path, ModelError::NoArchitecture))
    }
}

fn architecture(arch: &str) -> Result<Architecture, BadInput> {
    let path = Path::new(arch);
    if held(path).is_none() && (!path.exists() || path.is_dir()) {
        let named = Architecture::named(arch);
        return named
            .map_err(|fault| BadInput(format!("{fault}, or the path of an architecture file")));
    }
    Architecture::read(&input(path, MAX_TEXT)?).map_err(|fault| BadInput::at(path, fault))
}

fn demonstration() -> Reported {
    let progress = Progress::new();
    let found = demonstrate(&mut |what, deficit| progress.report(what, deficit));
    let found = found.map_err(|failure| Failure::Incomplete(failure.to_string()))?;
    let verdict = if found.succeeded {
        Exit::Done
    } else {
        Exit::Incomplete
    };
    Ok((found.report, verdict))
}

fn verify(arguments: &VerifyArguments) -> Reported {
    arguments.relu6.refuse(&arguments.network)?;
    (arguments.activations).refuse_checkpoints(&arguments.network)?;
    if !Checkpoint::is_at(&arguments.network) {
        checkpoint::refuse_elsewhere(&arguments.network, &arguments.family)?;
    }
    in_place::refuse_roles(&arguments.network, &arguments.perceptron, &arguments.roles)?;
    let text = input(&arguments.certificate, MAX_MODEL)?;
    let about = read_energy(&text).map_err(|fault| BadInput::at(&arguments.certificate, fault))?;
    if let Some(certificate) = about {
        return energy::verify(arguments, &certificate);
    }
    let file = read(&arguments.network, &arguments.perceptron)?;
    let (file, replaced) = arguments.relu6.apply(file, &arguments.network)?;
    let file = arguments.roles.apply(file);
    let file = file.map_err(|fault| BadInput::at(&arguments.network, fault))?;
    let (file, ranges) = arguments.activations.apply(file, &arguments.roles)?;
    let file = match replaced.is_done() || !arguments.activations.is_none() {
        true => balance::with_weights(file, &arguments.network)?,
        false => file,
    };
    let stated = |(mut report, verdict): (Report, Exit)| {
        report.state_layers(file.layers());
        ranges.state(&mut report);
        if replaced.is_done() {
            replaced.state(&mut report);
        }
        report.state_reliance(&report::relied_on(&[&file]));
        (report, verdict)
    };
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let reason = match text.is_empty() {
            true => "not a certificate, but an empty file",
            false => {
                "not a certificate, which is JSON as `synbal balance --certificate FILE` writes it"
            }
        };
        return Err(BadInput::at(&arguments.certificate, reason).into());
    }
    let certificate =
        read_certificate(&text).map_err(|fault| BadInput::at(&arguments.certificate, fault))?;
    if let Some(demanded) = &arguments.regularizer {
        let spoken_of = certificate.regularizer.parse::<Regularizer>();
        if spoken_of.as_ref() != Ok(demanded) {
            let reason = format!(
                "the certificate is about {}, not {demanded}",
                certificate.regularizer
            );
            return Ok(stated(verdict(&certificate.claim, Err(reason))));
        }
    }
    if let Some(reason) = RangeOrigin::difference(certificate.activations.as_ref(), file.ranges()) {
        return Ok(stated(verdict(&certificate.claim, Err(reason))));
    }
    let network = Tied::apply(arguments.tied, &file);
    match verify_certificate(&network, &certificate) {
        Err(fault) if fault.is_malformed() => {
            Err(BadInput::at(&arguments.certificate, fault).into())
        }
        verified => Ok(stated(verdict(
            &certificate.claim,
            verified.map_err(|refusal| refusal.to_string()),
        ))),
    }
}

fn verdict(claim: &str, verified: Result<String, String>) -> (Report, Exit) {
    match verified {
        Ok(statement) => {
            let text = format!("verified: {}\n", one_line(&statement));
            let json: Value = json!({"verified": true, "claim": claim, "statement": statement});
            (Report { text, json }, Exit::Done)
        }
        Err(reason) => {
            let text = format!("refused: {}\n", one_line(&reason));
            (
                Report {
                    text,
                    json: json!({"verified": false, "claim": claim, "reason": reason}),
                },
                Exit::False,
            )
        }
    }
}
