//! Output files: complete or not at all, several of them all or none.

use std::cell::RefCell;
use std::fs::Metadata;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use synaptic_balance::formats::memory::{held, keep};
use synaptic_balance::formats::{Losses, cached, is_onnx, open_input};
use synaptic_balance::network::one_line;
use synaptic_balance::report::Report;

use super::arguments::Command;
use super::places::Place;
use super::temporary::{self, PREFIX, Temporary};
use super::{BadInput, called};

/// Writes the content of a file; says in words what is wrong if it cannot be made.
pub type Content<'a> = Box<dyn FnOnce(&mut dyn Write) -> Result<Losses, String> + 'a>;

thread_local! {
    /// What this command has written so far.
    static WRITTEN: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
}

/// Keeps in mind that something was written.
pub fn note_written(path: &Path) {
    WRITTEN.with_borrow_mut(|written| written.push(path.to_path_buf()));
}

/// Lines of a report about files.
const SHOWN: usize = 6;

/// Keeps in mind that what was written to a folder is now in the place of another one.
pub fn note_moved(from: &Path, to: &Path) {
    WRITTEN.with_borrow_mut(|written| {
        for path in written {
            if let Ok(rest) = path.strip_prefix(from) {
                *path = to.join(rest);
            }
        }
    });
}

/// Says at the end of a report what was written, if it does not say so itself.
pub fn state_written(report: &mut Report, command: &Command) {
    let written = WRITTEN.take();
    let says_itself = matches!(
        command,
        Command::Learn(_) | Command::Report(_) | Command::Vectors(_)
    );
    if says_itself {
        return;
    }
    for path in written.iter().take(SHOWN) {
        report.text += &format!("written   {}\n", one_line(&path.display().to_string()));
    }
    if written.len() > SHOWN {
        report.text += &format!("written   and {} more files\n", written.len() - SHOWN);
    }
}

/// Content that is at hand.
pub fn content<'a>(bytes: impl AsRef<[u8]> + 'a) -> Content<'a> {
    Box::new(move |into| {
        let written = into.write_all(bytes.as_ref());
        written.map_err(|fault| fault.to_string())?;
        Ok(Losses::default())
    })
}

/// Writes all files or none, as [`write()`] does.
pub fn write_all<P: Into<PathBuf>>(files: Vec<(P, Vec<u8>)>) -> Result<(), BadInput> {
    let files = files.into_iter();
    write(
        files
            .map(|(path, bytes)| (path.into(), content(bytes)))
            .collect(),
    )?;
    Ok(())
}

/// A file beside its place, complete.
struct Staged {
    path: PathBuf,
    place: PathBuf,
    file: Temporary,
    /// Where the former content is kept until all is done.
    old: Option<PathBuf>,
}

/// Writes all files or none, and gives the weights that could not be held: each to a temporary file beside its place,
/// then all are renamed. A link stays a link; a file that is replaced passes on its permissions. Pipes, devices and
/// standard output are written to directly, after all files are complete.
pub fn write(files: Vec<(PathBuf, Content)>) -> Result<Losses, BadInput> {
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let mut lost = Losses::default();
    let (mut staged, mut direct, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (path, content) in files {
        let failed = |fault: std::io::Error| cannot_write(&path, &fault);
        match Place::of(&path).map_err(failed)? {
            Place::File(place) => {
                let (file, own) = stage(&path, &place, content)?;
                lost.append(own);
                staged.push(Staged {
                    path,
                    place,
                    file,
                    old: None,
                });
            }
            Place::Folder(_) => return Err(BadInput::at(&path, "cannot write: is a directory")),
            Place::Special(place) => direct.push((path, Some(place), content)),
            Place::Stdout => direct.push((path, None, content)),
            Place::Kept(place) => {
                let mut bytes = Vec::new();
                lost.append(filled(&path, &mut bytes, content)?);
                kept.push((place, bytes));
            }
        }
    }
    // A caller who wants no answer any more gets no file either.
    called::tell("writing", None);
    for (path, place, content) in direct {
        let failed = |fault: std::io::Error| cannot_write(&path, &fault);
        lost.append(match place {
            None => fill(&path, &mut std::io::stdout().lock(), content)?,
            Some(place) => {
                let file = std::fs::OpenOptions::new().write(true).open(place);
                fill(&path, &mut file.map_err(failed)?, content)?
            }
        });
    }
    commit(staged)?;
    kept.into_iter().for_each(|(path, bytes)| keep(path, bytes));
    paths.iter().for_each(|path| note_written(path));
    Ok(lost)
}

fn cannot_write(path: &Path, fault: &std::io::Error) -> BadInput {
    BadInput::at(path, format!("cannot write: {}", fault.kind()))
}

fn filled(path: &Path, into: &mut dyn Write, content: Content) -> Result<Losses, BadInput> {
    content(into).map_err(|fault| BadInput::at(path, format!("nothing written: {fault}")))
}

fn fill(path: &Path, into: &mut dyn Write, content: Content) -> Result<Losses, BadInput> {
    let mut into = BufWriter::with_capacity(1 << 20, into);
    let lost = filled(path, &mut into, content)?;
    let flushed = into.flush();
    flushed.map_err(|fault| cannot_write(path, &fault))?;
    Ok(lost)
}

fn stage(path: &Path, place: &Path, content: Content) -> Result<(Temporary, Losses), BadInput> {
    let failed = |fault: std::io::Error| cannot_write(path, &fault);
    let former = place.metadata().ok();
    let permissions = former.as_ref().map(Metadata::permissions);
    let folder = place.parent().unwrap_or(Path::new("/"));
    let mut file = Temporary::create(folder, permissions.as_ref()).map_err(failed)?;
    let lost = fill(path, file.file(), content)?;
    if let Some(former) = &former {
        keep_owner(file.file(), former);
        let kept = file.file().set_permissions(former.permissions());
        kept.map_err(failed)?;
    }
    file.file().sync_all().map_err(failed)?;
    Ok((file, lost))
}

/// The owner stays where the system lets it.
fn keep_owner(file: &std::fs::File, former: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let is_other = file
            .metadata()
            .is_ok_and(|found| (found.uid(), found.gid()) != (former.uid(), former.gid()));
        if is_other && fchown(file, Some(former.uid()), Some(former.gid())).is_err() {
            let _ = fchown(file, None, Some(former.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, former);
}

/// Gives all files their names. If one cannot be given, all that were are taken back.
fn commit(mut staged: Vec<Staged>) -> Result<(), BadInput> {
    // No signal between two names.
    let held = temporary::hold();
    let done = match staged.as_slice() {
        [] => Ok(()),
        [one] => std::fs::rename(one.file.path(), &one.place)
            .map_err(|fault| cannot_write(&one.path, &fault)),
        [.., last] => {
            let note = with_end(last.file.path(), UNFINISHED);
            match note_down(&note, &staged) {
                Ok(()) => give_names(&mut staged, &note),
                Err(fault) => Err(cannot_write(&note, &fault)),
            }
        }
    };
    drop(held);
    done
}

fn give_names(staged: &mut [Staged], note: &Path) -> Result<(), BadInput> {
    let mut done = Ok(());
    let mut begun = 0;
    while let (Ok(()), Some(next)) = (&done, staged.get_mut(begun)) {
        begun += 1;
        done = give_name(next);
    }
    let mut kept = Vec::new();
    if done.is_err() {
        let back = staged[..begun].iter().rev();
        kept.extend(back.filter(|next| !take_back(next)));
    }
    match (done, kept.as_slice()) {
        (Err(BadInput(fault)), [_, ..]) => {
            let kept = kept.iter().map(|next| match &next.old {
                Some(old) => format!("{} is in {}", next.path.display(), old.display()),
                None => format!("{} is new", next.path.display()),
            });
            let kept: Vec<String> = kept.collect();
            let kept = kept.join(", ");
            Err(BadInput(format!(
                "{fault}; not all files could be put back: {kept}"
            )))
        }
        (done, _) => {
            let old = staged.iter().filter_map(|next| next.old.as_ref());
            for path in old.chain([&note.to_path_buf()]) {
                let _ = std::fs::remove_file(path);
            }
            done
        }
    }
}

/// How the name of the script ends that is there while names are given.
const UNFINISHED: &str = "-unfinished";

/// Refuses a folder in which names were given to some files that belong together and not to others.
pub fn check_finished(folder: &Path) -> Result<(), BadInput> {
    let folder = match folder == Path::new("") {
        true => Path::new("."),
        false => folder,
    };
    // Another run that is about it now needs a moment.
    for _ in 0..20 {
        if script_in(folder).is_none() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    match script_in(folder) {
        Some(script) => Err(BadInput::at(
            &script,
            "an earlier run was stopped between two of its files; this script, run with sh, gives the others their names",
        )),
        None => Ok(()),
    }
}

fn script_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_script =
        |name: &[u8]| name.starts_with(PREFIX.as_bytes()) && name.ends_with(UNFINISHED.as_bytes());
    let mut scripts = entries.filter(|entry| is_script(entry.file_name().as_encoded_bytes()));
    scripts.next().map(|entry| entry.path())
}

/// How the name ends under which former content is kept.
const OLD: &str = "-old";

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Writes a script that gives all files their names, should this program not come to it.
fn note_down(note: &Path, staged: &[Staged]) -> std::io::Result<()> {
    let quoted = |path: &Path| {
        let text = path.as_os_str().as_encoded_bytes();
        let parts: Vec<&[u8]> = text.split(|byte| *byte == b'\'').collect();
        [b"'", parts.join(&b"'\\''"[..]).as_slice(), b"'"].concat()
    };
    let mut text = b"# synbal was stopped while it gave these files their names. Run this with sh to finish.\n".to_vec();
    for next in staged {
        let (new, place) = (quoted(next.file.path()), quoted(&next.place));
        let old = quoted(&with_end(next.file.path(), OLD));
        text.extend(
            [
                b"if [ -e ",
                &*new,
                b" ]; then mv -f ",
                &*new,
                b" ",
                &*place,
                b"; fi || exit 1\n",
            ]
            .concat(),
        );
        text.extend([b"rm -f ", &*old, b"\n"].concat());
    }
    text.extend([b"rm -f ", &*quoted(note), b"\n"].concat());
    // Whole as soon as it can be found.
    let half = with_end(note, "-half");
    let written = std::fs::File::create_new(&half).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&half, note)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&half);
    }
    written
}

/// Keeps what stands in the place, and gives the new file its name.
fn give_name(staged: &mut Staged) -> Result<(), BadInput> {
    let failed = |fault: std::io::Error| cannot_write(&staged.path, &fault);
    if staged.place.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    if staged.place.exists() {
        let old = with_end(staged.file.path(), OLD);
        // A second name; without those, the only one.
        let kept = std::fs::hard_link(&staged.place, &old);
        let kept = kept.or_else(|_| std::fs::rename(&staged.place, &old));
        kept.map_err(failed)?;
        staged.old = Some(old);
    }
    std::fs::rename(staged.file.path(), &staged.place).map_err(failed)
}

/// Puts back what stood in the place.
fn take_back(staged: &Staged) -> bool {
    match (&staged.old, staged.file.path().exists()) {
        (Some(old), _) => {
            let back = std::fs::rename(old, &staged.place).is_ok();
            // Two names of one file both stay.
            back && (std::fs::remove_file(old).is_ok() || !old.exists())
        }
        (None, true) => true,
        (None, false) => std::fs::remove_file(&staged.place).is_ok(),
    }
}

/// Does a file begin as an ONNX model does? A pipe is not looked into.
pub fn begins_as_onnx(path: &Path) -> bool {
    if let Some(held) = held(path) {
        return is_onnx(&held.start());
    }
    if !path.is_file() {
        return false;
    }
    let mut start = [0; 16];
    let read = open_input(&cached(path)).and_then(|mut file| file.read(&mut start));
    read.is_ok_and(|length| is_onnx(&start[..length]))
}
