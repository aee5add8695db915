//! The program as `mpirun` starts it: the same result on any number of ranks, and clean ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use synaptic_balance::formats::{Architecture, MappedPerceptron};
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks};
use tempfile::TempDir;

fn mpirun(ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "-n"]);
    command.arg(ranks.to_string());
    command.arg(env!("CARGO_BIN_EXE_synbal-mpi"));
    command.args(["--quiet", "--threads", "1"]);
    command
}

/// One test after the other: the ranks of several would wait for each other's cores.
static TURN: Mutex<()> = Mutex::new(());

/// `None`, with a word, where there is no `mpirun`; where it must be there, that is a fault.
fn turn() -> Option<MutexGuard<'static, ()>> {
    let found = Command::new("mpirun").arg("--version").output();
    let is_there = found.is_ok_and(|found| found.status.success());
    let must = std::env::var_os("SYNBAL_REQUIRE_MPI").is_some();
    assert!(is_there || !must, "there is no mpirun");
    if !is_there {
        eprintln!("skipped: there is no mpirun");
    }
    is_there.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

fn report(command: &mut Command) -> Value {
    let found = command.arg("--json").output().unwrap();
    let error = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{error}");
    serde_json::from_slice(&found.stdout).unwrap()
}

/// Random numbers of either sign, times others over some orders of magnitude.
fn weights(count: usize, skew: f64, state: &mut u64) -> Vec<f64> {
    let mut next = || {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
    };
    (0..count).map(|_| next() * (skew * next()).exp()).collect()
}

type Tensor = (String, Vec<usize>, Vec<f64>);

/// A safetensors file.
fn write(path: &Path, tensors: &[Tensor]) {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let place = [start, data.len()];
        let info = json!({"dtype": "F64", "shape": shape, "data_offsets": place});
        header.insert(name.clone(), info);
    }
    let header = Value::from(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(data);
    fs::write(path, bytes).unwrap();
}

fn perceptron(sizes: &[usize], skew: f64) -> Vec<Tensor> {
    let mut state = 1;
    let layers = sizes.windows(2).enumerate();
    let tensors = layers.flat_map(|(layer, pair)| {
        let weight = weights(pair[0] * pair[1], skew, &mut state);
        let bias = weights(pair[1], skew, &mut state);
        [
            (format!("l{layer}.weight"), vec![pair[1], pair[0]], weight),
            (format!("l{layer}.bias"), vec![pair[1]], bias),
        ]
    });
    tensors.collect()
}

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn model(&self, name: &str, tensors: &[Tensor]) -> PathBuf {
        let path = self.path(name);
        write(&path, tensors);
        path
    }

    /// The index of the same in several files.
    fn sharded(&self, tensors: Vec<Tensor>, files: usize) -> PathBuf {
        let mut parts = vec![Vec::new(); files];
        let mut map = serde_json::Map::new();
        for (number, tensor) in tensors.into_iter().enumerate() {
            let file = number / 2 % files;
            map.insert(tensor.0.clone(), part(file).into());
            parts[file].push(tensor);
        }
        for (number, own) in parts.iter().enumerate() {
            write(&self.path(&part(number)), own);
        }
        let path = self.path("model.safetensors.index.json");
        fs::write(&path, json!({"weight_map": map}).to_string()).unwrap();
        path
    }

    /// Nothing is left of a run that was given up.
    fn assert_clean(&self) {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names
            .filter(|name| name.to_string_lossy().starts_with(".synbal"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn part(file: usize) -> String {
    format!("part{file}.safetensors")
}

fn balance(ranks: usize, model: &Path, out: &Path) -> Command {
    let mut command = mpirun(ranks);
    command.arg("balance").arg(model).arg("-o").arg(out);
    command
}

const SIZES: [usize; 5] = [20, 90, 70, 80, 10];

/// Checks: one, two and four ranks, by rows and by layers, write the same bytes after as many reads, certified; the
/// library alone comes to nearly the same multipliers; and what was written is balanced.
#[test]
fn any_number_of_ranks_writes_the_same_file() {
    let Some(_turn) = turn() else { return };
    let desk = Desk::new();
    let model = desk.model("model.safetensors", &perceptron(&SIZES, 4.0));
    let mut first: Option<(Vec<u8>, Value)> = None;
    for (ranks, shard) in [
        (1, "rows"),
        (2, "rows"),
        (4, "rows"),
        (2, "layers"),
        (4, "layers"),
    ] {
        let out = desk.path("out");
        let mut command = balance(ranks, &model, &out);
        let report = report(command.args(["--shard", shard, "--certify"]));
        assert_eq!(report["bounds"], "certified");
        assert!(report["within"].as_f64().unwrap() < 1e-11);
        let held: Vec<u64> = serde_json::from_value(report["weights_by_rank"].clone()).unwrap();
        assert_eq!(report["weights"], held.iter().sum::<u64>());
        assert!(held.iter().filter(|own| **own > 0).count() >= ranks.min(3));
        let bytes = fs::read(&out).unwrap();
        let (same, before) = first.get_or_insert((bytes.clone(), report.clone()));
        assert!(bytes == *same, "{ranks} ranks by {shard}");
        for field in ["reads", "passes", "deficit", "multipliers", "enclosure"] {
            let what = format!("{field}: {ranks} ranks by {shard}");
            assert_eq!(report[field], before[field], "{what}");
        }
    }
    let (_, report) = first.unwrap();
    let layers = report["multipliers"].as_object().unwrap().values();
    let found = layers.flat_map(|layer| layer.as_array().unwrap());
    let found: Vec<f64> = found.map(|value| value.as_f64().unwrap()).collect();
    let mapped = MappedPerceptron::open(&model, &Architecture::named("relu").unwrap()).unwrap();
    let mut blocks = mapped.blocks(2.0).unwrap();
    let plain = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(found.len(), plain.multipliers.len());
    for (own, mu) in found.iter().zip(&plain.multipliers) {
        assert!((own / mu.sqrt() - 1.0).abs() < 1e-9, "{own} and {mu}");
    }
    let exacting = balance(2, &model, &desk.path("out"))
        .arg("--certify=15")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&exacting.stdout);
    assert_eq!(exacting.status.code(), Some(3));
    assert!(said.contains("not to 15 digits"), "{said}");
    let again = self::report(&mut balance(1, &desk.path("out"), &desk.path("again")));
    assert!(again["deficit_before"].as_f64().unwrap() < 1e-11);
    desk.assert_clean();
}

/// Checks: a model in several files, each of which one rank holds, is balanced as the same model in one file is; the
/// folder is there with all files or not at all.
#[test]
fn files_are_divided_among_ranks() {
    let Some(_turn) = turn() else { return };
    let desk = Desk::new();
    let tensors = perceptron(&SIZES, 1.0);
    let one = desk.model("one.safetensors", &tensors);
    let one = report(&mut balance(2, &one, &desk.path("out.safetensors")));
    let index = desk.sharded(tensors, 3);
    for (ranks, name) in [(1, "a"), (4, "b")] {
        let mut command = balance(ranks, &index, &desk.path(name));
        let report = report(command.args(["--shard", "files"]));
        for field in ["reads", "multipliers"] {
            assert_eq!(report[field], one[field]);
        }
    }
    let names = (0..3).map(part);
    for name in names.chain(["model.safetensors.index.json".to_owned()]) {
        let [a, b] = ["a", "b"].map(|folder| fs::read(desk.path(folder).join(&name)).unwrap());
        assert!(a == b, "{name}");
    }
    let refused = balance(2, &index, &desk.path("a")).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_says(&refused, "a new or empty folder");
    desk.assert_clean();
}

/// Checks: layered, skewed and recurrent networks have the same multipliers, to the last bit, on one, two and four
/// ranks, in as many reads, with certified bounds that overlap; and each rank sends as many bytes as the formula says.
#[test]
fn networks_of_each_kind_are_the_same_on_any_number_of_ranks() {
    let Some(_turn) = turn() else { return };
    for kind in ["layered", "skewed", "recurrent"] {
        let run = |ranks: usize| {
            let mut command = mpirun(ranks);
            command.args(["bench", "--network", kind, "--weights", "40000"]);
            report(command.args(["--certify", "--full"]))
        };
        let one = run(1);
        for ranks in [2, 4] {
            let found = run(ranks);
            for field in ["reads", "passes", "multipliers"] {
                assert_eq!(found[field], one[field], "{kind}: {field}");
            }
            let ends = |report: &Value, name: &str| -> Vec<f64> {
                serde_json::from_value(report[name].clone()).unwrap()
            };
            for report in [&one, &found] {
                assert_eq!(report["bounds"], "certified", "{kind}");
            }
            for (lower, upper) in [
                (ends(&one, "lower"), ends(&found, "upper")),
                (ends(&found, "lower"), ends(&one, "upper")),
            ] {
                assert!(!lower.is_empty() && lower.iter().zip(&upper).all(|(l, u)| l <= u));
            }
            for exchange in found["exchanges"].as_array().unwrap() {
                let field = |name: &str| exchange[name].as_u64().unwrap();
                let (ranks, numbers) = (ranks as u64, field("numbers"));
                let by_formula = 24 * (ranks - 1) * numbers.div_ceil(ranks) * field("times");
                assert_eq!(field("bytes_sent"), by_formula);
            }
        }
    }
}

fn assert_says(found: &Output, words: &str) {
    let text = String::from_utf8_lossy(&found.stderr);
    let own: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("synbal-mpi:"))
        .collect();
    assert!(own.len() == 1 && own[0].contains(words), "{text}");
}

/// Checks: a weight that is no number, wherever it lies, a shard that is cut or missing, and a unit without outputs end
/// all ranks with one message that names the place, and leave the destination as it was.
#[test]
fn bad_shards_end_all_ranks_with_one_message() {
    let Some(_turn) = turn() else { return };
    let desk = Desk::new();
    let out = desk.path("out");
    fs::write(&out, "before").unwrap();
    let refused = |model: &Path, code: i32, words: &str| {
        let found = balance(3, model, &out).output().unwrap();
        assert_says(&found, words);
        assert_eq!(found.status.code(), Some(code));
        assert!(found.stdout.is_empty());
        assert_eq!(fs::read(&out).unwrap(), b"before");
        desk.assert_clean();
    };
    let mut tensors = perceptron(&SIZES, 1.0);
    tensors[2].2[90 * 69 + 7] = f64::NAN;
    let model = desk.model("model.safetensors", &tensors);
    refused(&model, 2, "rank 2: ");
    refused(&model, 2, "tensor `l1.weight`: entry 6217 is not finite");
    let mut tensors = perceptron(&SIZES, 1.0);
    // Nothing reads the first unit of the first layer.
    (0..70).for_each(|row| tensors[2].2[90 * row] = 0.0);
    let model = desk.model("model.safetensors", &tensors);
    refused(&model, 3, "unit h1.0 has no output cost");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() - 8]).unwrap();
    refused(&model, 2, "model.safetensors");
    fs::remove_file(&out).unwrap();
    let index = desk.sharded(perceptron(&SIZES, 1.0), 3);
    fs::remove_file(desk.path(&part(2))).unwrap();
    let found = balance(3, &index, &out).output().unwrap();
    assert_says(&found, "part2.safetensors");
    assert!(found.status.code() == Some(2) && !out.exists());
    desk.assert_clean();
}

/// Checks: when a rank is killed, the first one or another, all end with one message, and the destination stays as it
/// was.
#[test]
#[cfg(target_os = "linux")]
fn a_rank_that_dies_ends_all() {
    let Some(_turn) = turn() else { return };
    let desk = Desk::new();
    let model = desk.model("model.safetensors", &perceptron(&[300, 900, 900, 300], 6.0));
    let out = desk.path("out");
    fs::write(&out, "before").unwrap();
    for rank in [0, 1] {
        let mut command = balance(2, &model, &out);
        command.arg("--certify").stdout(Stdio::null());
        let running = command.stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        let begun = || {
            let entries = fs::read_dir(desk.0.path()).unwrap();
            let mut names = entries.map(|entry| entry.unwrap().file_name());
            names.any(|name| name.to_string_lossy().starts_with(".synbal"))
        };
        while !begun() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "it does not begin"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut kill = Command::new("kill");
        kill.args(["-KILL", &process(running.id(), rank)]);
        assert!(kill.status().unwrap().success());
        let found = running.wait_with_output().unwrap();
        assert_says(&found, "nothing was written to");
        assert!(!found.status.success());
        assert_eq!(fs::read(&out).unwrap(), b"before");
        desk.assert_clean();
    }
}

/// The process of a rank that this `mpirun` started.
#[cfg(target_os = "linux")]
fn process(mpirun: u32, rank: usize) -> String {
    let of_rank = format!("OMPI_COMM_WORLD_RANK={rank}").into_bytes();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut all = entries.map(|entry| entry.path());
    let found = all.find(|path| {
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        status.contains(&format!("PPid:\t{mpirun}\n"))
            && environment
                .split(|byte| *byte == 0)
                .any(|own| *own == of_rank)
    });
    let name = found.expect("the rank").file_name().unwrap().to_owned();
    name.into_string().unwrap()
}

/// Checks: what messages and reads take is measured, and the model's table follows from it; rates can be given.
#[test]
fn rates_are_measured() {
    let Some(_turn) = turn() else { return };
    let small = ["bench", "--weights", "200000"];
    let found = report(mpirun(2).args(small));
    let rates = ["latency", "bandwidth", "reading"].map(|name| found["rates"][name].as_f64());
    assert!(rates.into_iter().all(|rate| rate.unwrap() > 0.0));
    let rates = "--latency 1e-5 --bandwidth 1e9 --reading 1e9 --adding 1e-8";
    let found = report(mpirun(2).args(small).args(rates.split(' ')));
    let rows = found["model"].as_array().unwrap();
    assert_eq!(rows.len(), 28);
    // 10^12 weights in 100 layers of 10^5 units on 8 machines.
    let row = &rows[21];
    assert_eq!(
        (&row["weights"], &row["machines"]),
        (&json!(1e12), &json!(8.0))
    );
    let numbers = 2.0 * 98.0 * 1e5;
    let messages = 14.0 * 1e-5 + 24.0 * numbers * 7.0 / 8.0 / 1e9;
    let read = 1e12 / 8e9 + messages + numbers * 1e-8;
    assert!((row["read_seconds"].as_f64().unwrap() / read - 1.0).abs() < 1e-12);
}
