//! Answers are computed by processes of their own, which can be ended: exact numbers may grow without end, and who
//! asked may go away.
//!
//! Such a process is this program once more, with the arguments of the page's and the question on its standard input,
//! which stays open as long as an answer is wanted.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Start;
use super::http::{Request, Sent};
use super::server::{error, reply};
use crate::cli::Failure;

/// Set for a process that answers one question and serves no page.
const ANSWERS: &str = "SYNBAL_EXPLORE_ANSWERS";

/// Is this one?
pub fn is_answering() -> bool {
    std::env::var_os(ANSWERS).is_some()
}

/// How often is seen whether the answer is still wanted.
const GLANCE: Duration = Duration::from_millis(50);

/// What is asked, but for the bytes that it is about.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Question {
    /// The path below the token, and whether something was sent along.
    pub path: String,
    pub is_post: bool,
    pub regularizer: Option<String>,
    pub activation: Option<String>,
    /// Bytes sent along.
    pub length: usize,
}

/// Has a question answered, as long as the client waits for it, and in this time.
pub fn answer(
    request: &mut Request,
    question: &Question,
    body: &[u8],
    limit: Option<Duration>,
) -> Sent {
    let defect = |what: &str| error(500, "defect", &format!("the computation {what}"));
    let mut process = match Process::start() {
        Ok(process) => process,
        Err(fault) => return defect(&format!("could not be started: {fault}")),
    };
    let end = limit.map(|limit| Instant::now() + limit);
    let answer = process.told();
    // One that has ended already gives no answer, which is seen below.
    let _ = process.ask(question, body);
    loop {
        match answer.recv_timeout(GLANCE) {
            Ok(bytes) => return read(&bytes).unwrap_or_else(|| defect("ended without an answer")),
            Err(RecvTimeoutError::Disconnected) => return defect("ended without an answer"),
            // Nobody reads this.
            Err(RecvTimeoutError::Timeout) if request.is_gone() => return defect("was given up"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let (Some(end), Some(limit)) = (end, limit)
            && Instant::now() >= end
        {
            return error(422, "undecided", &too_long(limit.as_secs()));
        }
    }
}

fn too_long(seconds: u64) -> String {
    format!(
        "not computed within {seconds} s: exact numbers grow with every weight, digit and power. Take fewer, or start `synbal explore` with a longer \
         --time-limit; nothing was changed"
    )
}

/// A process that is ended when its answer is not wanted.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start() -> std::io::Result<Self> {
        let mut given = std::env::args_os();
        let mut command = itself(given.next())?;
        command.args(given).env(ANSWERS, "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().map(Process)
    }

    /// What it says, when it has said it.
    fn told(&mut self) -> std::sync::mpsc::Receiver<Vec<u8>> {
        let (send, receive) = channel();
        if let Some(mut stdout) = self.0.stdout.take() {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                if stdout.read_to_end(&mut bytes).is_ok() {
                    let _ = send.send(bytes);
                }
            });
        }
        receive
    }

    fn ask(&mut self, question: &Question, body: &[u8]) -> std::io::Result<()> {
        let mut head = serde_json::to_vec(question)?;
        head.push(b'\n');
        // The field stays where it is: when it is closed the process ends.
        let stdin = self.0.stdin.as_mut();
        let stdin = stdin.ok_or_else(|| std::io::Error::from(ErrorKind::BrokenPipe))?;
        stdin.write_all(&head)?;
        stdin.write_all(body)?;
        stdin.flush()
    }
}

/// This program, under the name that it was called by: an interpreter that carries it finds its libraries by that.
#[cfg(unix)]
fn itself(name: Option<OsString>) -> std::io::Result<Command> {
    use std::os::unix::process::CommandExt;
    // There it is found after its file was replaced, too.
    let mut command = match cfg!(target_os = "linux") {
        true => Command::new("/proc/self/exe"),
        false => Command::new(std::env::current_exe()?),
    };
    if let Some(name) = name {
        command.arg0(name);
    }
    Ok(command)
}

#[cfg(not(unix))]
fn itself(_: Option<OsString>) -> std::io::Result<Command> {
    std::env::current_exe().map(Command::new)
}

/// An answer as [`compute`] writes it.
fn read(bytes: &[u8]) -> Option<Sent> {
    let (code, body) = bytes.split_first_chunk::<3>()?;
    let code = std::str::from_utf8(code).ok()?.parse().ok()?;
    Some(Sent {
        code,
        kind: "application/json",
        bytes: body.to_vec(),
    })
}

/// The other side: reads a question, answers it, and ends, or ends at once when the answer is not wanted any more.
pub fn compute(start: &Start) -> Result<(), Failure> {
    let failed = |fault: std::io::Error| Failure::Incomplete(format!("the question: {fault}"));
    let mut input = BufReader::new(std::io::stdin());
    let mut head = String::new();
    input.read_line(&mut head).map_err(failed)?;
    let question: Question = serde_json::from_str(&head).map_err(|fault| failed(fault.into()))?;
    let mut body = vec![0; question.length];
    input.read_exact(&mut body).map_err(failed)?;
    std::thread::spawn(move || {
        let _ = input.read(&mut [0]);
        std::process::exit(0);
    });
    let sent = reply(&question, body, start);
    let mut stdout = std::io::stdout().lock();
    let written = write!(stdout, "{:03}", sent.code);
    let written = written.and_then(|()| stdout.write_all(&sent.bytes));
    written.and_then(|()| stdout.flush()).map_err(failed)
}
