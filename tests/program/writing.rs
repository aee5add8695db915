//! Files complete or not at all, whatever happens while they are written.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use safetensors::tensor::{Dtype, TensorView, serialize};

use super::inputs::make_pipe;
use super::{Desk, chain, example, run};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn temporary(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_temporary = |path: &PathBuf| text(path).contains("/.synbal-");
    paths.filter(is_temporary).collect()
}

/// Waits for something to become true; false if the program ended before.
fn wait_for(child: &mut Child, is_true: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_true() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "nothing happens");
    }
    true
}

fn end(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    (status.code(), stderr)
}

/// Checks: a program that is interrupted or told to end while it writes leaves no temporary file, changes no output,
/// and ends as by the signal.
#[test]
fn signals_leave_nothing_behind() {
    let ignored = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        if ignored >> (number - 1) & 1 == 1 {
            continue;
        }
        let desk = Desk::new();
        let out = desk.write("out.json", "old");
        // The program waits for a reader of the pipe, the model complete beside its place.
        let pipe = make_pipe(&desk, "pipe");
        let net = example();
        let mut child = start(&[
            "balance",
            text(&net),
            "-o",
            text(&out),
            "--certificate",
            text(&pipe),
        ]);
        let is_staged = || {
            let files = temporary(&desk.path(""));
            files
                .iter()
                .any(|path| path.metadata().is_ok_and(|found| found.len() > 100))
        };
        assert!(wait_for(&mut child, is_staged), "{:?}", end(child));
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{status}");
        assert_eq!(
            temporary(&desk.path("")),
            Vec::<PathBuf>::new(),
            "SIG{name}"
        );
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
    }
}

/// Checks: a model in two files, of which the second cannot take its place when the time comes: the first is as it was.
#[test]
fn a_fault_at_the_second_file_takes_the_first_back() {
    for existed in [true, false] {
        let desk = Desk::new();
        let (model, _) = super::outputs::model_in_two_files(&desk);
        let folder = desk.path("to");
        std::fs::create_dir(&folder).unwrap();
        let pipe = make_pipe(&desk, "pipe");
        let (out, data) = (
            folder.join("out.onnx"),
            folder.join("out.onnx.weights_w.bin"),
        );
        if existed {
            std::fs::write(&data, "old").unwrap();
        }
        let mut child = start(&[
            "balance",
            text(&model),
            "-o",
            text(&out),
            "--certificate",
            text(&pipe),
        ]);
        assert!(
            wait_for(&mut child, || temporary(&folder).len() == 2),
            "{:?}",
            end(child)
        );
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("file"), "kept").unwrap();
        let proof = std::fs::read_to_string(&pipe).unwrap();
        assert!(proof.contains("synaptic-balance/certificate"), "{proof}");
        let (code, stderr) = end(child);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("out.onnx: cannot write"), "{stderr}");
        let found = std::fs::read_to_string(&data).ok();
        assert_eq!(found.as_deref(), existed.then_some("old"));
        assert_eq!(std::fs::read_to_string(out.join("file")).unwrap(), "kept");
        assert_eq!(temporary(&folder), Vec::<PathBuf>::new());
    }
}

/// A perceptron of so many layers, each in a file of its own, and its index.
fn shards(folder: &Path, layers: usize) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let mut map = serde_json::Map::new();
    for layer in 0..layers {
        let values = [1.0f32, 0.5, 0.25, 2.0].map(|value| value * (1 + layer % 7) as f32);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let view = TensorView::new(Dtype::F32, vec![2, 2], &bytes).unwrap();
        let (name, file) = (format!("l{layer}.weight"), format!("shard{layer:03}.st"));
        let content = serialize([(name.clone(), view)], None).unwrap();
        std::fs::write(folder.join(&file), content).unwrap();
        map.insert(name, file.into());
    }
    let index = folder.join("m.index.json");
    std::fs::write(&index, serde_json::json!({"weight_map": map}).to_string()).unwrap();
    index
}

/// What is in the files of a folder, but for temporary ones.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.map(|entry| PathBuf::from(entry.file_name()));
    let mut names: Vec<PathBuf> = names
        .filter(|name| !text(name).starts_with(".synbal-"))
        .collect();
    names.sort();
    names.retain(|name| folder.join(name).is_file());
    let read = |name: PathBuf| {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// Checks: a model of many files balanced into its own folder, whose last file cannot take its place: all files are the
/// old ones.
#[test]
fn a_fault_at_the_last_of_many_files_takes_all_back() {
    let desk = Desk::new();
    let folder = desk.path("model");
    let index = shards(&folder, 60);
    let before = content(&folder);
    let mut child = start(&[
        "balance",
        text(&index),
        "--arch",
        "relu",
        "-o",
        text(&folder),
    ]);
    assert!(
        wait_for(&mut child, || temporary(&folder).len() > 1),
        "{:?}",
        end(child)
    );
    std::fs::remove_file(&index).unwrap();
    std::fs::create_dir(&index).unwrap();
    std::fs::write(index.join("file"), "kept").unwrap();
    let (code, stderr) = end(child);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("m.index.json: cannot write"), "{stderr}");
    assert_eq!(content(&folder), before[1..], "all but the index");
    assert_eq!(temporary(&folder), Vec::<PathBuf>::new());
}

/// Checks: the same model, the program killed while names are given: a script is left that the next run speaks of, and
/// that finishes.
#[test]
fn what_was_killed_can_be_finished() {
    let desk = Desk::new();
    let (folder, other) = (desk.path("it's model"), desk.path("other"));
    let index = shards(&folder, 60);
    std::fs::create_dir(&other).unwrap();
    assert_eq!(
        run(&[
            "balance",
            text(&index),
            "--arch",
            "relu",
            "-o",
            text(&other)
        ])
        .0,
        0
    );
    let (before, after) = (content(&folder), content(&other));
    assert_ne!(before, after);
    let arguments = [
        "balance",
        text(&index),
        "--arch",
        "relu",
        "-o",
        text(&folder),
    ];
    let mut child = start(&arguments);
    let script = || {
        temporary(&folder)
            .into_iter()
            .find(|path| text(path).ends_with("-unfinished"))
    };
    wait_for(&mut child, || script().is_some());
    let _ = child.kill();
    child.wait().unwrap();
    match script() {
        Some(script) => {
            let (code, _, stderr) = run(&arguments[..4]);
            assert_eq!(code, 2, "{stderr}");
            assert!(
                stderr.contains("-unfinished") && stderr.contains("run with sh"),
                "{stderr}"
            );
            assert!(Command::new("sh").arg(&script).status().unwrap().success());
            assert_eq!(content(&folder), after);
            assert_eq!(temporary(&folder), Vec::<PathBuf>::new());
        }
        None => assert_eq!(content(&folder), after, "it came to its end"),
    }
    assert_eq!(run(&arguments).0, 0);
}

/// Checks: a model that is cut while it is read ends the program with exit code 2, and the output is as it was.
#[cfg(target_os = "linux")]
#[test]
fn an_input_that_shrinks_changes_no_output() {
    let desk = Desk::new();
    let header = r#"{"l1.weight":{"dtype":"F32","shape":[8192,8192],"data_offsets":[0,268435456]},"l2.weight":{"dtype":"F32","shape":[8192,8192],"data_offsets":[268435456,536870912]}}"#;
    let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let start_of = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let model = desk.write("model.safetensors", &start_of);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&model)
        .unwrap();
    // Takes no room on the disk.
    file.set_len(start_of.len() as u64 + 536_870_912).unwrap();
    let out = desk.write("out.safetensors", "old");
    let mut child = start(&[
        "balance",
        text(&model),
        "--arch",
        "relu",
        "-o",
        text(&out),
        "--json",
    ]);
    let maps = format!("/proc/{}/maps", child.id());
    let is_mapped =
        || std::fs::read_to_string(&maps).is_ok_and(|maps| maps.contains("model.safetensors"));
    assert!(wait_for(&mut child, is_mapped), "{:?}", end(child));
    file.set_len(0).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{} {stderr}", output.status);
    assert!(stderr.contains("cut while it was read"), "{stderr}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["error"], "bad_input");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
    assert_eq!(temporary(&desk.path("")), Vec::<PathBuf>::new());
}

/// Checks: a file that is replaced passes on its permissions, and its owner where the system lets it; a new one is like
/// any new file.
#[test]
fn permissions_stay() {
    let desk = Desk::new();
    let net = example();
    for mode in [0o600, 0o640, 0o664, 0o666, 0o755, 0o444] {
        let out = desk.write("out.json", "old");
        std::fs::set_permissions(&out, PermissionsExt::from_mode(mode)).unwrap();
        let is_given = chown(&out, Some(1), Some(1)).is_ok();
        assert_eq!(run(&["balance", text(&net), "-o", text(&out)]).0, 0);
        let found = out.metadata().unwrap();
        assert_eq!(found.mode() & 0o7777, mode, "{mode:o}");
        assert!(!is_given || (found.uid(), found.gid()) == (1, 1));
        assert!(found.len() > 100);
        std::fs::remove_file(&out).unwrap();
    }
    let (new, other) = (desk.path("new.json"), desk.write("other.json", ""));
    assert_eq!(run(&["balance", text(&net), "-o", text(&new)]).0, 0);
    assert_eq!(
        new.metadata().unwrap().mode(),
        other.metadata().unwrap().mode()
    );
    symlink("new.json", desk.path("link.json")).unwrap();
    std::fs::set_permissions(&new, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(
        run(&["balance", text(&net), "-o", text(&desk.path("link.json"))]).0,
        0
    );
    assert_eq!(new.metadata().unwrap().mode() & 0o777, 0o600);
}

/// Checks: standard output as an output, into a file and into a pipe, holds the model and nothing else; the report goes
/// to standard error. With `--json`, twice, or under the report, it is refused.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_is_an_output() {
    let desk = Desk::new();
    let (net, plain) = (example(), desk.path("plain.json"));
    assert_eq!(run(&["balance", text(&net), "-o", text(&plain)]).0, 0);
    let plain = std::fs::read_to_string(plain).unwrap();
    symlink("/dev/stdout", desk.path("link")).unwrap();
    let link = desk.path("link");
    let names = [
        "/dev/stdout",
        "/dev/fd/1",
        "/proc/self/fd/1",
        "/proc/thread-self/fd/1",
        text(&link),
    ];
    for name in names {
        let into = desk.write("into.json", "");
        let mut command = Command::new(env!("CARGO_BIN_EXE_synbal"));
        command.args(["balance", text(&net), "-o", name]);
        let file = std::fs::File::options().append(true).open(&into).unwrap();
        let output = command
            .stdout(file)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert_eq!(std::fs::read_to_string(&into).unwrap(), plain, "{name}");
        let (code, stdout, stderr) = run(&["balance", text(&net), "-o", name]);
        assert_eq!((code, &stdout), (0, &plain), "{name}");
        assert!(stderr.contains("computed"), "{name}: {stderr}");
        let (code, stdout, _) = run(&["balance", text(&net), "-o", name, "--json"]);
        let refused: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(
            (code, refused["error"].as_str()),
            (2, Some("bad_input")),
            "{name}"
        );
        let both = [
            "balance",
            text(&net),
            "-o",
            name,
            "--certificate",
            "/dev/fd/1",
        ];
        assert_eq!(run(&both).0, 2, "{name}");
        let (code, graph, _) = run(&["explain", text(&net), "--dot", name]);
        assert!(code == 0 && graph.starts_with("digraph"), "{graph}");
    }
    let into = desk.write("into.json", "");
    let file = std::fs::File::create(&into).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_synbal"));
    command.args(["balance", text(&net), "-o", text(&into)]);
    let output = command.stdout(file).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "the report would go to the same place"
    );
}

/// Checks: a pipe by name gets the whole model; a model with data beside it is not written to one.
#[test]
fn pipes_are_outputs() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "8", "1"]));
    let pipe = make_pipe(&desk, "pipe.json");
    let child = start(&["balance", text(&net), "-o", text(&pipe)]);
    let model = std::fs::read_to_string(&pipe).unwrap();
    assert_eq!(end(child).0, Some(0));
    assert!(model.contains("synaptic-balance/network"));
    let (model, _) = super::outputs::model_in_two_files(&desk);
    for place in [text(&pipe), "/dev/stdout"] {
        let arguments = ["balance", text(&model), "-o", place];
        let (code, _, stderr) = run(&arguments);
        assert_eq!(code, 2, "{place}: {stderr}");
    }
}
