//! A folder for one test, small models in it, and the program.

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A folder that is empty at first.
pub struct Desk(PathBuf);

/// The program, built as the tests are.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let profile = own.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--package",
            "synaptic-balance",
            "--bin",
            "synbal",
        ]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(
            build.status().unwrap().success(),
            "the program is not built"
        );
        profile.join("synbal")
    })
}

impl Desk {
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schemas-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Desk(folder)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Exit code, and the one document on the standard output.
    pub fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let run = Command::new(program())
            .args(arguments)
            .arg("--json")
            .current_dir(&self.0)
            .output()
            .unwrap();
        let answer = serde_json::from_slice(&run.stdout);
        let said = String::from_utf8_lossy(&run.stderr);
        (
            run.status.code().unwrap(),
            answer.unwrap_or_else(|fault| panic!("{arguments:?}: {fault}: {said}")),
        )
    }

    /// The lines of `check --batch`.
    pub fn batch(&self, lines: &str) -> Vec<Value> {
        let mut run = Command::new(program());
        let run = run.args(["check", "--batch", "-"]).current_dir(&self.0);
        let mut run = run
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        run.stdin
            .take()
            .unwrap()
            .write_all(lines.as_bytes())
            .unwrap();
        let found = run.wait_with_output().unwrap().stdout;
        let lines = std::str::from_utf8(&found).unwrap().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The commands that the help names.
    pub fn commands(&self) -> Vec<String> {
        let help = Command::new(program())
            .arg("--help")
            .output()
            .unwrap()
            .stdout;
        let help = String::from_utf8(help).unwrap();
        let part = help
            .split("Commands:\n")
            .nth(1)
            .unwrap()
            .split("\n\n")
            .next()
            .unwrap();
        let names = part
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
        let names: Vec<String> = names.filter(|name| name != "help").collect();
        assert!(names.len() > 8);
        names
    }
}

/// A file in safetensors of `f32`, with numbers from a fixed sequence.
fn safetensors(shapes: &[(String, Vec<usize>)]) -> Vec<u8> {
    let (mut head, mut data, mut state) = (serde_json::Map::new(), Vec::new(), 1u32);
    for (name, shape) in shapes {
        let first = data.len();
        for _ in 0..shape.iter().product() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = 0.1 + (state >> 8) as f32 / (1 << 24) as f32;
            data.extend((if state & 1 << 7 == 0 { number } else { -number }).to_le_bytes());
        }
        head.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [first, data.len()]}),
        );
    }
    let mut head = Value::Object(head).to_string().into_bytes();
    head.resize(head.len().next_multiple_of(8), b' ');
    [&(head.len() as u64).to_le_bytes()[..], &head, &data].concat()
}

/// A perceptron 3-4-2.
pub fn perceptron() -> Vec<u8> {
    let shapes = [
        ("l1.weight", vec![4, 3]),
        ("l1.bias", vec![4]),
        ("l2.weight", vec![2, 4]),
        ("l2.bias", vec![2]),
    ];
    safetensors(&shapes.map(|(name, shape)| (name.to_owned(), shape)))
}

/// A small checkpoint of the first family.
pub fn checkpoint(desk: &Desk) -> String {
    let all: Value =
        serde_json::from_str(include_str!("../../../cases/tiny_checkpoints.json")).unwrap();
    let model = &all["llama"];
    desk.write("llama/config.json", model["config"].to_string().as_bytes());
    let shapes = model["tensors"].as_object().unwrap().iter();
    let shapes: Vec<_> = shapes
        .map(|(name, shape)| (name.clone(), serde_json::from_value(shape.clone()).unwrap()))
        .collect();
    desk.write("llama/model.safetensors", &safetensors(&shapes));
    desk.path("llama")
}
