//! A run that can be killed at any moment: what is finished is kept beside the result until all is.
//!
//! Beside the folder `NAME` stands `.NAME.synbal-run` with the plan, a record of each finished block, and the files of
//! the result as far as they are written. A record gets its name after the bytes of its block are on the disk, and the
//! result gets its own last of all.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::record::{Plan, Record};
use crate::cli::BadInput;
use crate::cli::places::Place;
use synaptic_balance::formats::{MAX_TEXT, read_input};

/// The end of the name of the folder of a run.
const RUN: &str = ".synbal-run";

/// The name of the plan in it, and in a part.
pub const PLAN: &str = "plan.json";

/// Said of a place where something is.
const TAKEN: &str = "is there already: nothing is overwritten";

/// Removes what a run left that was killed while it removed its folder, after its plan: records, halves of files, its
/// lock. Anything else stays, and so does what another run removes just now.
fn sweep(run: &Path) {
    let lock = File::open(run.join("lock"));
    if run.join("result").exists() || lock.as_ref().is_ok_and(|lock| lock.try_lock().is_err()) {
        return;
    }
    let halves = std::fs::read_dir(run).into_iter().flatten().flatten();
    let halves = halves.map(|entry| entry.path());
    let halves = halves.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let whole = name.strip_suffix("-half");
        whole.is_some_and(|name| name == PLAN || is_record(name))
    });
    let records = record_paths(run).unwrap_or_default();
    for left in halves.chain(records).chain([run.join("lock")]) {
        let _ = std::fs::remove_file(left);
    }
    let _ = std::fs::remove_dir(run);
}

/// A folder that is being made.
pub struct Job {
    /// Where it will be.
    target: PathBuf,
    /// Where it is made.
    run: PathBuf,
    /// Held as long as this run goes on.
    _lock: File,
    /// Was the result in its place already, and this folder only left over?
    pub is_done: bool,
}

impl Job {
    /// Begins a run, or goes on with the one that was begun here.
    pub fn open(target: &Path, source: &Path, plan: &Plan) -> Result<Self, BadInput> {
        let at = |fault: &dyn std::fmt::Display| BadInput::at(target, fault);
        let name = target
            .file_name()
            .ok_or_else(|| at(&"is no name of a folder"))?;
        let parent = parent(target)?;
        let target = parent.join(name);
        let source = source
            .canonicalize()
            .map_err(|fault| BadInput::at(source, fault))?;
        let reached = target.canonicalize().unwrap_or_else(|_| target.clone());
        if reached == source || reached.starts_with(&source) {
            let reason = "is the checkpoint itself, or within it: nothing written";
            return Err(at(&reason));
        }
        let mut run_name = std::ffi::OsString::from(".");
        run_name.push(name);
        run_name.push(RUN);
        let run = parent.join(run_name);
        let is_taken = !is_free(&target);
        if is_taken && !run.join(PLAN).is_file() {
            sweep(&run);
            return Err(at(&TAKEN));
        }
        std::fs::create_dir_all(&run).map_err(|fault| at(&fault))?;
        let lock = run.join("lock");
        let lock = File::options().create(true).append(true).open(&lock);
        let lock = lock.map_err(|fault| BadInput::at(&run, fault))?;
        if lock.try_lock().is_err() {
            return Err(BadInput::at(&run, "another run is about it now"));
        }
        let job = Job {
            is_done: is_taken && !run.join("result").exists(),
            target,
            run,
            _lock: lock,
        };
        if is_taken && !job.is_done {
            return Err(at(&TAKEN));
        }
        if !is_taken && !job.result().exists() {
            // The result of these records has its name, and was taken away: nothing of it is left to go on with.
            job.forget()?;
            let _ = std::fs::remove_file(job.run.join(PLAN));
        }
        job.agree(plan)?;
        if !job.is_done {
            let made = std::fs::create_dir_all(job.result());
            made.map_err(|fault| BadInput::at(&job.run, fault))?;
        }
        Ok(job)
    }

    /// The plan is that of the run that was begun, if one was.
    fn agree(&self, plan: &Plan) -> Result<(), BadInput> {
        let path = self.run.join(PLAN);
        if path.is_file() {
            let begun: Plan = read_json(&path)?;
            let other = begun
                .difference(plan)
                .or((begun.part != plan.part).then_some("the blocks"));
            let other = other.or((begun.certify != plan.certify).then_some("certificates"));
            return match other {
                None => Ok(()),
                Some(what) => Err(BadInput::at(
                    &self.run,
                    format!(
                        "holds a run that was stopped, with other arguments ({what}): repeat those, or remove this folder"
                    ),
                )),
            };
        }
        self.forget()?;
        self.keep(PLAN, &to_json(plan))
    }

    /// Forgets the finished blocks: of their bytes nothing is left, or nobody knows with which arguments they were
    /// made.
    pub fn forget(&self) -> Result<(), BadInput> {
        let removed = record_paths(&self.run)?
            .into_iter()
            .try_for_each(std::fs::remove_file);
        removed.map_err(|fault| BadInput::at(&self.run, fault))?;
        sync_folder(&self.run);
        Ok(())
    }

    /// The folder in which the result is made.
    pub fn result(&self) -> PathBuf {
        self.run.join("result")
    }

    /// The folder of the run.
    pub fn place(&self) -> &Path {
        &self.run
    }

    /// The blocks that are finished.
    pub fn records(&self) -> Result<Vec<Record>, BadInput> {
        records(&self.run)
    }

    /// Keeps the record of a block, of which every byte is on the disk.
    pub fn finished(&self, record: &Record) -> Result<(), BadInput> {
        self.keep(&record_name(record.block), &to_json(record))
    }

    /// A file in the folder of the run: whole, or not there.
    pub fn keep(&self, name: &str, text: &str) -> Result<(), BadInput> {
        let path = self.run.join(name);
        let half = self.run.join(format!("{name}-half"));
        let kept = File::create(&half).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&half, &path)
        });
        kept.map_err(|fault| BadInput::at(&path, fault))
    }

    /// Gives the result its name, and removes what was kept.
    pub fn finish(self) -> Result<(), BadInput> {
        if !self.is_done {
            let at = |fault: std::io::Error| BadInput::at(&self.target, fault);
            // A folder takes the place of an empty one, and of nothing else.
            check_free(&self.target)?;
            std::fs::rename(self.result(), &self.target).map_err(at)?;
            sync_folder(&self.target);
        }
        std::fs::remove_dir_all(&self.run).map_err(|fault| BadInput::at(&self.run, fault))
    }

    /// Gives the run up.
    pub fn remove(self) {
        let _ = self.forget();
        let _ = std::fs::remove_dir_all(&self.run);
    }

    /// For a part: the records are the result.
    pub fn make_part(&self, plan: &Plan, records: &[Record]) -> Result<(), BadInput> {
        let folder = self.result();
        let texts = records
            .iter()
            .map(|record| (record_name(record.block), to_json(record)));
        let all = texts.chain([(PLAN.to_owned(), to_json(plan))]);
        for (name, text) in all {
            let path = folder.join(name);
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            written.map_err(|fault| BadInput::at(&path, fault))?;
        }
        Ok(())
    }
}

/// The folder in which something will be, in full.
pub fn parent(target: &Path) -> Result<PathBuf, BadInput> {
    let parent = target.parent().filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    parent.map_err(|_| BadInput::at(target, "cannot write: its folder does not exist"))
}

/// Refuses a place where something is, but for an empty folder.
pub fn check_free(target: &Path) -> Result<(), BadInput> {
    match is_free(target) {
        true => Ok(()),
        false => Err(BadInput::at(target, TAKEN)),
    }
}

/// Is nothing there, or an empty folder?
fn is_free(target: &Path) -> bool {
    match std::fs::symlink_metadata(target) {
        Err(_) => true,
        Ok(found) if found.is_dir() => {
            std::fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none())
        }
        Ok(_) => false,
    }
}

/// Refuses places that cannot be those of a folder.
pub fn check_place(target: &Path) -> Result<(), BadInput> {
    match Place::of(target) {
        Ok(Place::Special(_) | Place::Stdout) => Err(BadInput::at(
            target,
            "a checkpoint is written into a folder",
        )),
        _ => Ok(()),
    }
}

/// Makes the entries of a folder last, where the system lets it.
pub fn sync_folder(folder: &Path) {
    for folder in [Some(folder), folder.parent()].into_iter().flatten() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn record_name(block: usize) -> String {
    format!("block-{block:05}.json")
}

/// The records in a folder, in the order of blocks.
pub fn records(folder: &Path) -> Result<Vec<Record>, BadInput> {
    let paths = record_paths(folder)?;
    paths.iter().map(|path| read_json(path)).collect()
}

fn is_record(name: &str) -> bool {
    name.starts_with("block-") && name.ends_with(".json")
}

fn record_paths(folder: &Path) -> Result<Vec<PathBuf>, BadInput> {
    let entries = std::fs::read_dir(folder).map_err(|fault| BadInput::at(folder, fault))?;
    let names = entries.flatten().map(|entry| entry.path());
    let is_one =
        |path: &PathBuf| is_record(&path.file_name().unwrap_or_default().to_string_lossy());
    let mut paths: Vec<PathBuf> = names.filter(is_one).collect();
    paths.sort();
    Ok(paths)
}

/// Reads a document of this program.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, BadInput> {
    let text = read_input(path, MAX_TEXT).map_err(|fault| BadInput::at(path, fault))?;
    serde_json::from_slice(&text).map_err(|fault| BadInput::at(path, fault))
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}
