//! Inputs that are no files, or longer than any.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Desk, chain, example};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Exit code and standard error; a program that waits for ever fails the test.
fn run_in_time(arguments: &[&str], stdin: Stdio) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    (output.status.code(), stderr)
}

pub fn make_pipe(desk: &Desk, name: &str) -> PathBuf {
    let path = desk.path(name);
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path
}

/// Checks: pipes by name, devices and folders are refused at once, with exit code 2, as any input of any command.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    let desk = Desk::new();
    let net = example();
    let net = text(&net);
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp.safetensors");
    let pipe = make_pipe(&desk, "pipe");
    std::fs::create_dir(desk.path("folder")).unwrap();
    let folder = desk.path("folder");
    std::os::unix::fs::symlink("/dev/zero", desk.path("zero.json")).unwrap();
    let zero = desk.path("zero.json");
    for bad in [text(&pipe), "/dev/zero", text(&zero), text(&folder)] {
        let out = desk.path("out");
        let out = text(&out);
        let commands: [&[&str]; 9] = [
            &["balance", bad, "-o", out],
            &["balance", bad, "--arch", "relu", "-o", out],
            &["explain", bad],
            &["check", bad, net],
            &["check", net, bad],
            &["verify", net, bad],
            &["check", "--batch", bad],
            &["prove", bad],
            &["balance", model, "--arch", bad, "-o", out],
        ];
        for command in commands {
            let (code, stderr) = run_in_time(command, Stdio::null());
            assert_eq!(code, Some(2), "{command:?}: {stderr}");
            assert!(stderr.contains(bad), "{command:?}: {stderr}");
        }
    }
    assert_eq!(desk.files(), 3, "nothing was written");
}

/// Checks: the same for what a file names: the shards of an index, the data of a model, runs, images, a network in a
/// batch or a script.
#[cfg(unix)]
#[test]
fn what_a_file_names_is_a_file() {
    let desk = Desk::new();
    let (model, data) = super::outputs::model_in_two_files(&desk);
    std::fs::remove_file(&data).unwrap();
    make_pipe(&desk, "weights/w.bin");
    let pipe = make_pipe(&desk, "pipe");
    let index = desk.write("index.json", r#"{"weight_map": {"l.weight": "pipe"}}"#);
    let over = r#"{"weight_map": {"l.weight": ".."}}"#;
    let over = desk.write("over.json", over);
    std::fs::create_dir(desk.path("runs")).unwrap();
    make_pipe(&desk, "runs/recurrent.json");
    std::fs::create_dir(desk.path("images")).unwrap();
    make_pipe(&desk, "images/train-images-idx3-ubyte");
    std::fs::create_dir(desk.path("vectors")).unwrap();
    let script = desk.write("script.rhai", "let n = load(\"pipe\");");
    let line = serde_json::json!({"before": text(&pipe), "after": text(&pipe)});
    let batch = desk.write("batch.jsonl", line.to_string());
    let (runs, images) = (desk.path("runs"), desk.path("images"));
    let commands: [&[&str]; 7] = [
        &["balance", text(&model)],
        &["balance", text(&index), "--arch", "relu"],
        &["balance", text(&over), "--arch", "relu"],
        &["report", text(&runs), "-o", "/dev/null"],
        &["learn", "recurrent", "-o", text(&runs)],
        &["learn", "recurrent", "--data", text(&images)],
        &["check", "--batch", text(&batch)],
    ];
    for command in commands {
        assert_eq!(
            run_in_time(command, Stdio::null()).0,
            Some(2),
            "{command:?}"
        );
    }
    let (code, _) = run_in_time(&["prove", text(&script)], Stdio::null());
    assert!([Some(1), Some(2)].contains(&code), "{code:?}");
}

/// Checks: a pipe that is open already is read to its end: standard input, of any kind of model.
#[cfg(target_os = "linux")]
#[test]
fn open_pipes_are_read() {
    let root = |name: &str| format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    let cases: [(String, &[&str]); 3] = [
        (text(&example()).to_owned(), &[]),
        (root("tests/cases/sub2.onnx"), &[]),
        (root("data/digits-mlp.safetensors"), &["--arch", "relu"]),
    ];
    for (path, more) in cases {
        let mut cat = Command::new("cat")
            .arg(&path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipe = cat.stdout.take().unwrap();
        let command = [&["explain", "/dev/stdin"], more].concat();
        let (code, stderr) = run_in_time(&command, pipe.into());
        assert_eq!(code, Some(0), "{path}: {stderr}");
        cat.wait().unwrap();
        let file = std::fs::File::open(&path).unwrap();
        assert_eq!(run_in_time(&command, file.into()).0, Some(0), "{path}");
    }
}

/// Checks: a file longer than any model is refused by its size.
#[test]
fn lengths_are_looked_at_first() {
    let desk = Desk::new();
    let net = example();
    for name in ["long.json", "long.safetensors"] {
        let path = desk.write(name, chain(&["1", "2"]));
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        // Takes no room on the disk.
        if file.set_len(1 << 40).is_err() {
            return;
        }
        for command in [
            ["check", text(&net), text(&path)],
            ["verify", text(&net), text(&path)],
        ] {
            let (code, stderr) = run_in_time(&command, Stdio::null());
            assert_eq!(code, Some(2));
            assert!(stderr.contains("holds more than"), "{stderr}");
        }
        assert_eq!(
            run_in_time(&["prove", text(&path)], Stdio::null()).0,
            Some(2)
        );
    }
}

/// Checks: the header of an image file is believed only as far as memory goes.
#[test]
fn headers_of_images_ask_for_little() {
    let desk = Desk::new();
    for (count, rows, words) in [
        (200_000_000u32, 1u32, "200000000 images"),
        (1 << 20, 257, "dimension 1"),
        (1 << 20, 200, "cut off"),
    ] {
        let words_of = [0x803u32, count, rows, 1];
        let header: Vec<u8> = words_of
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        desk.write("train-images-idx3-ubyte", header);
        let folder = desk.path("");
        let (code, stderr) = run_in_time(
            &["learn", "recurrent", "--data", text(&folder)],
            Stdio::null(),
        );
        assert_eq!(code, Some(2));
        assert!(stderr.contains(words), "{stderr}");
    }
}
