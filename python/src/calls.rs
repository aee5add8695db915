//! Commands, called on a thread of their own, so that Python goes on meanwhile and can interrupt them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use synaptic_balance::cli;
use synaptic_balance::formats::memory::Held;

use super::memory::{Written, held};

/// Bytes of stack, as the program's threads have.
const STACK: usize = 8 << 20;

/// How often Python is asked whether the user wants to stop.
const TICK: Duration = Duration::from_millis(50);

/// How long a command that was told to stop is waited for; its answer is dropped in any case.
const GRACE: Duration = Duration::from_millis(500);

/// What a worker says.
enum Said {
    Progress(String, Option<f64>),
    Answer(Box<cli::Answer>),
}

/// The exit code, the document, the text, and what was written by name.
type Answered = (u8, String, String, BTreeMap<PathBuf, Written>);

/// Runs a command of `synbal`: its arguments after the program's name, files in memory by name, the names of which what
/// is written is kept, what is to be told of progress as (what, deficit), and threads to use.
#[pyfunction]
#[pyo3(signature = (arguments, files, kept, progress=None, threads=None))]
pub fn call(
    py: Python<'_>,
    arguments: Vec<OsString>,
    files: &Bound<'_, PyDict>,
    kept: BTreeSet<PathBuf>,
    progress: Option<Py<PyAny>>,
    threads: Option<usize>,
) -> PyResult<Answered> {
    let pairs = files.iter();
    let files = pairs.map(|(name, file)| Ok((name.extract()?, held(&file)?)));
    let files = files.collect::<PyResult<BTreeMap<PathBuf, Held>>>()?;
    let (say, hear) = channel();
    let stop = Arc::new(AtomicBool::new(false));
    let listener = listener(say.clone(), stop.clone(), progress.is_some());
    let threads = pool_of_its_own(threads);
    let work = move || {
        let call = || cli::call(&arguments, files, kept, Some(Box::new(listener)));
        let answer = match threads {
            None => Ok(call()),
            Some(threads) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.stack_size(STACK)
                    .build()
                    .map(|pool| pool.install(call))
            }
        };
        // Nobody listens any more after an interrupt; without an answer the caller says so.
        let _ = answer.map(|answer| say.send(Said::Answer(Box::new(answer))));
    };
    let worker = thread::Builder::new().name("synbal".into());
    worker.stack_size(STACK).spawn(work)?;
    let answer = wait(py, hear, &stop, progress.as_ref())?;
    let written = answer.written.into_iter();
    let written = written.map(|(name, bytes)| (name, Written(bytes)));
    Ok((answer.code, answer.json, answer.text, written.collect()))
}

/// Tells the caller of progress, at most once in a tick, and the command whether to go on.
fn listener(
    say: Sender<Said>,
    stop: Arc<AtomicBool>,
    tells: bool,
) -> impl FnMut(&str, Option<f64>) -> bool + Send + 'static {
    let mut last: Option<Instant> = None;
    move |what, deficit| {
        if tells && last.is_none_or(|last| last.elapsed() >= TICK) {
            last = Some(Instant::now());
            let _ = say.send(Said::Progress(what.to_owned(), deficit));
        }
        !stop.load(Ordering::Relaxed)
    }
}

/// Waits for the answer; an exception of a signal or of the caller's progress stops the command.
fn wait(
    py: Python<'_>,
    mut hear: Receiver<Said>,
    stop: &AtomicBool,
    progress: Option<&Py<PyAny>>,
) -> PyResult<Box<cli::Answer>> {
    loop {
        let said;
        (said, hear) = py.detach(move || (hear.recv_timeout(TICK), hear));
        let told = match said {
            Ok(Said::Answer(answer)) => return Ok(answer),
            Ok(Said::Progress(what, deficit)) => match progress {
                Some(progress) => progress.call1(py, (what, deficit)).map(drop),
                None => Ok(()),
            },
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err(
                    "the command ended without an answer",
                ));
            }
        };
        if let Err(exception) = told.and_then(|()| py.check_signals()) {
            stop.store(true, Ordering::Relaxed);
            let end = Instant::now() + GRACE;
            py.detach(move || {
                let left = || end.saturating_duration_since(Instant::now());
                while let Ok(Said::Progress(..)) = hear.recv_timeout(left()) {}
            });
            return Err(exception);
        }
    }
}

/// How many threads a pool of the call's own is to have (0: as many as there are cores); `None` where the common pool
/// does. The threads of that pool are not there in a process that was forked from the one that made it.
fn pool_of_its_own(threads: Option<usize>) -> Option<usize> {
    static MAKER: OnceLock<u32> = OnceLock::new();
    let maker = *MAKER.get_or_init(|| {
        // Another user of the pool in this process may have made it already.
        let _ = rayon::ThreadPoolBuilder::new()
            .stack_size(STACK)
            .build_global();
        std::process::id()
    });
    threads.or((maker != std::process::id()).then_some(0))
}
