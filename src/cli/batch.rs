//! `synbal check --batch`: many requests through one pipe.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use synaptic_balance::formats::{Model, read_model};
use synaptic_balance::network::Regularizer;

use super::arguments::{CheckArguments, Tied, in_range};
use super::check::Question;
use super::{BadInput, Failure, Outcome, Progress, answer, complain, read};

/// Requests answered between two writes, for each thread.
const CHUNK: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `before` and `after`")]
struct Request<'a> {
    /// Repeated in the answer, see [`Id`].
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(borrow)]
    before: &'a RawValue,
    #[serde(borrow)]
    after: &'a RawValue,
    regularizer: Option<String>,
    tolerance: Option<f64>,
    tied: Option<String>,
}

/// The id alone, so that a request with any other fault is answered under it; as it stands, so that no digit is lost.
#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Answers the requests of a file (`-`: of stdin) in their order, one line each. What a request
/// leaves out is as on the command line.
pub fn answer_all(requests: &Path, arguments: &CheckArguments) -> ExitCode {
    let input: Box<dyn BufRead + Send> = if requests == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        match std::fs::File::open(requests) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(fault) => {
                complain(&format!("{}: {fault}", requests.display()));
                return ExitCode::from(2);
            }
        }
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    match stream(input, &mut output, arguments) {
        Ok(code) => ExitCode::from(code),
        // A reader that has gone away wants no more answers, and nobody heard whether all was well.
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(3),
        Err(fault) => {
            complain(&format!("{}: {fault}", requests.display()));
            ExitCode::from(3)
        }
    }
}

/// A line with its number, or why there are no more.
type Line = io::Result<(usize, Vec<u8>)>;

/// Answers whatever has arrived, so that a client that waits for an answer before it asks again is not left waiting.
fn stream(
    input: Box<dyn BufRead + Send>,
    output: &mut impl Write,
    arguments: &CheckArguments,
) -> io::Result<u8> {
    let progress = Progress::new();
    let chunk = CHUNK * rayon::current_num_threads();
    let (sender, receiver) = mpsc::sync_channel(chunk);
    // Not joined: after a failed write it would go on waiting for input.
    std::thread::spawn(move || send_lines(input, &sender));
    let mut worst = 0u8;
    while let Ok(first) = receiver.recv() {
        let arrived = std::iter::once(first).chain(receiver.try_iter().take(chunk - 1));
        let lines = arrived.collect::<io::Result<Vec<_>>>()?;
        let answers: Vec<(String, u8)> = lines
            .par_iter()
            .map(|(number, line)| respond(*number, line, arguments))
            .collect();
        for (answer, code) in answers {
            worst = worse(worst, code);
            output.write_all(answer.as_bytes())?;
        }
        output.flush()?;
        if let Some((number, _)) = lines.last() {
            progress.say(&format!("{number} lines answered"));
        }
    }
    Ok(worst)
}

/// Reads until the input ends, fails, or nobody listens any more.
fn send_lines(mut input: Box<dyn BufRead + Send>, sender: &mpsc::SyncSender<Line>) {
    for number in 1.. {
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line);
        let failed = read.is_err();
        match read {
            Ok(0) => return,
            read => {
                if sender.send(read.map(|_| (number, line))).is_err() || failed {
                    return;
                }
            }
        }
    }
}

/// Bad input before false claims before what was left open.
fn worse(one: u8, other: u8) -> u8 {
    let rank = |code: u8| [0, 3, 1, 2].iter().position(|known| *known == code);
    if rank(other) > rank(one) { other } else { one }
}

fn respond(number: usize, line: &[u8], arguments: &CheckArguments) -> (String, u8) {
    let id = match serde_json::from_slice::<Id>(line) {
        Ok(Id { id: Some(id) }) => id.get(),
        _ => "null",
    };
    let outcome = match serde_json::from_slice::<Request>(line) {
        Ok(request) => judge(&request, arguments),
        Err(_) if line.trim_ascii().is_empty() => Err(BadInput("an empty line".into()).into()),
        Err(fault) => Err(BadInput(fault.to_string()).into()),
    };
    let (report, code) = answer(outcome);
    let mut fields = format!("\"id\":{id},\"line\":{number},\"exit_code\":{code}");
    if let Value::Object(found) = &report.json {
        for (field, value) in found {
            fields.push_str(&format!(",{}:{value}", json!(field)));
        }
    }
    (format!("{{{fields}}}\n"), code)
}

fn judge(request: &Request, arguments: &CheckArguments) -> Outcome {
    let named = |field: &str, fault: String| Failure::Input(BadInput(format!("{field}: {fault}")));
    let regularizer = match &request.regularizer {
        None => arguments.regularizer.clone(),
        Some(text) => text
            .parse::<Regularizer>()
            .map_err(|fault| named("regularizer", fault.to_string()))?,
    };
    let tolerance = match request.tolerance {
        None => arguments.tolerance,
        Some(value) => in_range(value).map_err(|fault| named("tolerance", fault))?,
    };
    let tied = match request.tied.as_deref() {
        None => arguments.tied,
        Some("layer") => Some(Tied::Layer),
        Some(other) => {
            return Err(named(
                "tied",
                format!("`{other}` is not known, only `layer`"),
            ));
        }
    };
    let question = Question {
        regularizer: &regularizer,
        tolerance,
        tied,
    };
    let (before, after) = (
        network("before", request.before, arguments)?,
        network("after", request.after, arguments)?,
    );
    let before = arguments.roles.apply(before);
    let before = before.map_err(|fault| named("before", fault))?;
    question
        .ask(&before, &after)
        .map_err(|failure| match failure {
            Failure::Input(BadInput(fault)) => named("after", fault),
            incomplete => incomplete,
        })
}

/// A network written out, or the path of one.
fn network(field: &str, value: &RawValue, arguments: &CheckArguments) -> Result<Model, BadInput> {
    let named = |fault: String| BadInput(format!("{field}: {fault}"));
    if let Ok(path) = serde_json::from_str::<String>(value.get()) {
        let found = read(Path::new(&path), arguments.arch.as_deref());
        return found.map_err(|BadInput(fault)| named(fault));
    }
    read_model(value.get().into(), None, None).map_err(|fault| named(fault.to_string()))
}
