//! `synbal check --batch`: many requests through one pipe.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

use rayon::prelude::*;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use synaptic_balance::formats::{Model, open_input, read_model};
use synaptic_balance::network::{Regularizer, plain_json};

use super::arguments::{CheckArguments, Layers, Perceptron, Tied, in_range};
use super::check::Question;
use super::guard::guarded;
use super::{BadInput, Failure, Progress, Reported, answer, complain, read};

/// Requests answered between two writes, for each thread.
const CHUNK: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `before` and `after`")]
struct Request<'a> {
    /// Repeated in the answer, see [`id_of`].
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(borrow)]
    before: &'a RawValue,
    #[serde(borrow)]
    after: &'a RawValue,
    regularizer: Option<String>,
    tolerance: Option<f64>,
    tied: Option<String>,
    layers: Option<Order>,
}

/// The layers of perceptrons, the first one first: a list, or as on the command line.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of names, or names separated by commas")]
enum Order {
    List(Vec<String>),
    Text(String),
}

impl Order {
    fn layers(&self) -> Result<Layers, String> {
        match self {
            Order::List(names) => Ok(Layers(names.clone())),
            Order::Text(names) => names.parse(),
        }
    }
}

/// The id of a request, as it stands, so that no digit is lost. Any other fault is answered under it, if it comes
/// before that fault or the fault is none of JSON.
fn id_of(line: &[u8]) -> Option<String> {
    struct Found<'a>(&'a mut Option<String>);
    impl<'de> Visitor<'de> for Found<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
            while let Some(key) = access.next_key::<Cow<str>>()? {
                if key == "id" && self.0.is_none() {
                    *self.0 = Some(access.next_value::<&RawValue>()?.get().to_owned());
                } else {
                    access.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }
    let mut id = None;
    // What is wrong with the line is said when the whole request is read.
    let _ = serde_json::Deserializer::from_slice(line).deserialize_map(Found(&mut id));
    id
}

/// Answers the requests of a file (`-`: of stdin) in their order, one line each. What a request
/// leaves out is as on the command line.
pub fn answer_all(requests: &Path, arguments: &CheckArguments) -> u8 {
    let input: Box<dyn BufRead + Send> = if requests == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        match open_input(requests) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(fault) => {
                complain(&format!("{}: {fault}", requests.display()));
                return 2;
            }
        }
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    match stream(input, &mut output, arguments) {
        Ok(code) => code,
        // A reader that has gone away wants no more answers, and nobody heard whether all was well.
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => 3,
        Err(fault) => {
            complain(&format!("{}: {fault}", requests.display()));
            3
        }
    }
}

/// A line with its number, or why there are no more.
type Line = io::Result<(usize, Vec<u8>)>;

/// The longest line, and all lines together that wait to be answered, in bytes: a network of a million weights. Larger
/// ones are named by their path.
const LONGEST: usize = 1 << 26;

/// The bytes of lines that are not answered yet. Those beyond [`LONGEST`] wait unread.
#[derive(Default)]
struct Waiting {
    bytes: Mutex<usize>,
    fewer: Condvar,
}

impl Waiting {
    fn add(&self, bytes: usize) {
        let held = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let too_many = |held: &mut usize| *held > 0 && held.saturating_add(bytes) > LONGEST;
        let held = self.fewer.wait_while(held, too_many);
        *held.unwrap_or_else(PoisonError::into_inner) += bytes;
    }

    fn remove(&self, bytes: usize) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
        self.fewer.notify_all();
    }
}

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
    let waiting = Arc::new(Waiting::default());
    let held = Arc::clone(&waiting);
    std::thread::spawn(move || send_lines(input, &sender, &held));
    let mut worst = 0u8;
    while let Ok(first) = receiver.recv() {
        let arrived = std::iter::once(first).chain(receiver.try_iter().take(chunk - 1));
        let lines = arrived.collect::<io::Result<Vec<_>>>()?;
        let answers: Vec<(String, u8)> = lines
            .par_iter()
            .map(|(number, line)| respond(*number, line, arguments))
            .collect();
        waiting.remove(lines.iter().map(|(_, line)| line.len()).sum());
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

/// Reads until the input ends, fails, or nobody listens any more. Of a line that is too long the rest is passed over.
fn send_lines(
    mut input: Box<dyn BufRead + Send>,
    sender: &mpsc::SyncSender<Line>,
    waiting: &Waiting,
) {
    for number in 1.. {
        let mut line = Vec::new();
        let limit = LONGEST as u64 + 1;
        let mut read = (&mut input).take(limit).read_until(b'\n', &mut line);
        if line.len() > LONGEST && line.last() != Some(&b'\n') {
            read = input.skip_until(b'\n');
        }
        let failed = read.is_err();
        match read {
            Ok(0) if line.is_empty() => return,
            read => {
                waiting.add(line.len());
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
    let id = id_of(line).unwrap_or_else(|| "null".to_owned());
    let outcome = guarded(|| {
        if line.trim_ascii().is_empty() {
            return Err(BadInput("an empty line".into()).into());
        }
        if line.len() > LONGEST {
            let fault = format!("a line of more than {LONGEST} bytes; name the networks by path");
            return Err(BadInput(fault).into());
        }
        match serde_json::from_slice::<Request>(line) {
            Ok(request) => judge(&request, arguments),
            Err(fault) => Err(BadInput(fault.to_string()).into()),
        }
    });
    let (report, code) = answer(outcome);
    let mut fields = format!("\"id\":{id},\"line\":{number},\"exit_code\":{code}");
    if let Value::Object(found) = &report.json {
        for (field, value) in found {
            fields.push_str(&format!(",{}:{value}", json!(field)));
        }
    }
    (plain_json(&format!("{{{fields}}}\n")).into_owned(), code)
}

fn judge(request: &Request, arguments: &CheckArguments) -> Reported {
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
        certificate: None,
    };
    let mut perceptron = arguments.perceptron.clone();
    if let Some(order) = &request.layers {
        perceptron.layers = Some(order.layers().map_err(|fault| named("layers", fault))?);
    }
    let (before, after) = (
        network("before", request.before, &perceptron)?,
        network("after", request.after, &perceptron)?,
    );
    if request.layers.is_some() && before.layers().or(after.layers()).is_none() {
        let fault = "neither network is a safetensors file";
        return Err(named("layers", fault.to_owned()));
    }
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
fn network(field: &str, value: &RawValue, perceptron: &Perceptron) -> Result<Model, BadInput> {
    let named = |fault: String| BadInput(format!("{field}: {fault}"));
    if let Ok(path) = serde_json::from_str::<String>(value.get()) {
        let found = read(Path::new(&path), perceptron);
        return found.map_err(|BadInput(fault)| named(fault));
    }
    read_model(value.get().into(), None, None).map_err(|fault| named(fault.to_string()))
}
