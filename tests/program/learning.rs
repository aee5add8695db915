//! `synbal learn` and `synbal report`: seeds, resumption, data files, the page.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use synaptic_balance::report::learning::html_report;
use synaptic_balance::theorems::{Theorem, catalogue};

use super::learning_results::all_stored;
use super::{Desk, json, run};

/// The header of an IDX file and its bytes.
pub fn idx(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let words = std::iter::once(&magic).chain(sizes);
    let header = words.flat_map(|word| word.to_be_bytes());
    header.chain(bytes.iter().copied()).collect()
}

const IMAGES: u32 = 24;

/// Small images of two classes.
fn images(count: u32) -> Vec<u8> {
    let pixels = (0..count * 16).map(|i| ((i * 37 + (i / 16) % 2 * 90) % 256) as u8);
    idx(0x803, &[count, 4, 4], &pixels.collect::<Vec<_>>())
}

fn labels(count: u32) -> Vec<u8> {
    let classes: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
    idx(0x801, &[count], &classes)
}

/// A data set of four plain files.
fn data(desk: &Desk) {
    for (part, count) in [("train", IMAGES), ("t10k", 10)] {
        desk.write(&format!("{part}-images-idx3-ubyte"), images(count));
        desk.write(&format!("{part}-labels-idx1-ubyte"), labels(count));
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs `little-data` on the small images into a folder.
fn little(data: &Desk, folder: &Path, more: &[&str]) -> (i32, String, String) {
    let start = [
        "learn",
        "little-data",
        "--data",
        text(data.0.path()),
        "-o",
        text(folder),
    ];
    run(&[&start, more].concat())
}

/// Checks: the same seeds give the same bytes, one by one or together, on one thread or three; an extended run keeps
/// its seeds.
#[test]
fn a_seed_repeats_to_the_bit() {
    let desk = Desk::new();
    data(&desk);
    let (one, other) = (desk.path("one"), desk.path("other"));
    let arguments = ["--epochs", "2", "--seeds", "3", "--threads"];
    assert_eq!(little(&desk, &one, &[&arguments[..], &["1"]].concat()).0, 0);
    assert_eq!(
        little(&desk, &other, &["--epochs", "2", "--seeds", "1"]).0,
        0
    );
    let (code, stdout, stderr) = little(&desk, &other, &[&arguments[..], &["3"]].concat());
    assert_eq!(
        (code, stderr.as_str()),
        (0, ""),
        "no bar where there is no terminal"
    );
    assert!(stdout.contains("Fewer than 8 seeds"), "{stdout}");
    let files = |folder: &Path| {
        let mut found: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        found
            .into_iter()
            .map(|path| std::fs::read(path).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&one), files(&other));
    assert!(files(&one).len() >= 4, "a run and a picture for each task");
}

/// Checks: with `--json` stdout holds one document and stderr nothing, also where runs are complete already.
#[test]
fn json_is_one_document() {
    let desk = Desk::new();
    data(&desk);
    let more = ["--epochs", "1", "--seeds", "2", "--json"];
    let first = little(&desk, &desk.path("runs"), &more);
    assert_eq!((first.0, first.2.as_str()), (0, ""));
    let document: serde_json::Value = serde_json::from_str(&first.1).unwrap();
    assert_eq!(
        document["experiments"][0]["seeds"],
        serde_json::json!([0, 1])
    );
    assert_eq!(little(&desk, &desk.path("runs"), &more), first);
}

/// Checks: a run that is killed keeps every finished seed, and goes on to the same end.
#[test]
fn a_killed_run_loses_no_finished_seed() {
    let desk = Desk::new();
    data(&desk);
    let (whole, broken) = (desk.path("whole"), desk.path("broken"));
    let (epochs, seeds) = if crate::in_full() {
        ("20", "4")
    } else {
        ("6", "3")
    };
    let more = ["--epochs", epochs, "--seeds", seeds];
    let mut child = Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args([
            "learn",
            "little-data",
            "--data",
            text(desk.0.path()),
            "-o",
            text(&broken),
        ])
        .args(more)
        .args(["--threads", "1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let state = broken.join("little-data.json");
    let start = Instant::now();
    while !state.exists() && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    let kept = kept["seeds"].as_array().unwrap().clone();
    assert!(!kept.is_empty());
    assert_eq!(little(&desk, &broken, &more).0, 0);
    assert_eq!(little(&desk, &whole, &more).0, 0);
    let end = std::fs::read_to_string(&state).unwrap();
    assert_eq!(
        end,
        std::fs::read_to_string(whole.join("little-data.json")).unwrap()
    );
    let end: serde_json::Value = serde_json::from_str(&end).unwrap();
    assert!(
        kept.iter()
            .all(|seed| end["seeds"].as_array().unwrap().contains(seed))
    );
}

/// Checks: a run is not continued with other parameters, nor over a file that is none; both are named.
#[test]
fn other_parameters_are_refused_by_name() {
    let desk = Desk::new();
    data(&desk);
    let folder = desk.path("runs");
    assert_eq!(
        little(&desk, &folder, &["--epochs", "1", "--seeds", "1"]).0,
        0
    );
    let before = std::fs::read(folder.join("little-data.json")).unwrap();
    let (code, stdout, stderr) = little(&desk, &folder, &["--epochs", "2", "--seeds", "2"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("epochs 1, not 2") && stderr.contains("little-data.json"),
        "{stderr}"
    );
    let (code, _, stderr) = run(&["learn", "little-data", "--epochs", "1", "-o", text(&folder)]);
    assert_eq!(code, 2);
    assert!(stderr.contains("data fingerprint"), "{stderr}");
    assert_eq!(
        std::fs::read(folder.join("little-data.json")).unwrap(),
        before
    );
    std::fs::write(folder.join("little-data.json"), "{\"my\": \"work\"}").unwrap();
    let (code, _, stderr) = little(&desk, &folder, &["--epochs", "1"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no stored run"), "{stderr}");
    assert_eq!(run(&["learn", "nonsense"]).0, 2);
    assert_eq!(run(&["learn", "little-data", "--seeds", "0"]).0, 2);
    assert_eq!(run(&["learn", "little-data", "--epochs", "0"]).0, 2);
}

/// Checks: every way in which a data file can be wrong names the file and the fault, and nothing is written.
#[test]
fn a_bad_data_file_names_its_fault() {
    use std::io::Write;
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let whole = images(IMAGES);
    let cut = &packed(&whole)[..100];
    let cases: [(&str, Vec<u8>, &str); 11] = [
        (
            "train-images-idx3-ubyte",
            labels(IMAGES),
            "the magic number is 0x00000801, not 0x00000803",
        ),
        (
            "train-images-idx3-ubyte",
            whole[..200].to_vec(),
            "cut off: the header asks for 400 bytes, there are 200",
        ),
        (
            "train-images-idx3-ubyte",
            whole[..9].to_vec(),
            "cut off: the header asks for 16 bytes, there are 9",
        ),
        ("train-images-idx3-ubyte", Vec::new(), "cut off"),
        (
            "train-images-idx3-ubyte",
            [whole.clone(), vec![0; 3]].concat(),
            "3 bytes too many after the 400",
        ),
        (
            "train-images-idx3-ubyte",
            idx(0x803, &[IMAGES, 0, 4], &[]),
            "dimension 1 is 0",
        ),
        (
            "train-images-idx3-ubyte",
            idx(0x803, &[u32::MAX, u32::MAX, 4], &[]),
            "dimension 0 is 4294967295",
        ),
        (
            "train-labels-idx1-ubyte",
            labels(IMAGES - 1),
            "holds 23 labels for 24 images",
        ),
        (
            "t10k-labels-idx1-ubyte",
            images(10),
            "the magic number is 0x00000803, not 0x00000801",
        ),
        (
            "t10k-images-idx3-ubyte",
            idx(0x803, &[10, 2, 2], &[0; 40]),
            "(2, 2) pixels, those to learn from (4, 4)",
        ),
        (
            "train-images-idx3-ubyte",
            cut.to_vec(),
            "the gzip data are damaged or cut off",
        ),
    ];
    for (name, bytes, fault) in cases {
        let desk = Desk::new();
        data(&desk);
        desk.write(name, bytes);
        let folder = desk.path("runs");
        let (code, stdout, stderr) = little(&desk, &folder, &[]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(name) && stderr.contains(fault), "{stderr}");
        assert!(!folder.exists());
    }
    let desk = Desk::new();
    data(&desk);
    std::fs::remove_file(desk.path("t10k-labels-idx1-ubyte")).unwrap();
    let (code, _, stderr) = little(&desk, &desk.path("runs"), &[]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("t10k-labels-idx1-ubyte: there is no such file"),
        "{stderr}"
    );
    // Packed, it is read all the same.
    desk.write("t10k-labels-idx1-ubyte.gz", packed(&labels(10)));
    assert_eq!(
        little(
            &desk,
            &desk.path("runs"),
            &["--epochs", "1", "--seeds", "1"]
        )
        .0,
        0
    );
}

/// The page and the theorems on it: as the program writes them; where tests sample, with every seventh theorem, as the
/// library does.
fn report(page: &Path, results: &Path) -> (String, Vec<&'static Theorem>) {
    let theorems = catalogue().iter();
    if crate::in_full() {
        let (code, report) = json(&["report", "-o", text(page), "--results", text(results)]);
        assert_eq!((code, &report["status"]), (0, &"written".into()));
        assert_eq!(report["theorems"], theorems.len());
        let results = std::fs::read_to_string(results).unwrap();
        assert_eq!(results, include_str!("../../docs/learning-results.md"));
        return (std::fs::read_to_string(page).unwrap(), theorems.collect());
    }
    let theorems: Vec<_> = theorems.step_by(7).collect();
    let verdicts: Vec<_> = theorems.iter().map(|theorem| theorem.verdict()).collect();
    let command = format!("synbal report -o {}", text(page));
    let html = html_report(&command, &verdicts, all_stored()).unwrap();
    (html, theorems)
}

/// Checks: the page holds the verdicts, the pictures and every theorem, and asks nothing of the network.
#[test]
fn the_report_is_one_page() {
    let desk = Desk::new();
    let (page, results) = (desk.path("report.html"), desk.path("results.md"));
    let (html, theorems) = report(&page, &results);
    for theorem in &theorems {
        assert!(
            html.contains(&format!("<code>{}</code>", theorem.id)),
            "{}",
            theorem.id
        );
    }
    assert!(html.matches("<svg ").count() >= 8);
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("width=device-width"));
    // The only addresses are the name of the SVG name space, and the paper's, where one who clicks is led.
    let addresses = html.matches("http").count();
    assert_eq!(
        addresses,
        1 + html.matches("http://www.w3.org/2000/svg").count()
    );
    assert_eq!(
        html.matches("<a href=\"https://arxiv.org/abs/2405.09688\">")
            .count(),
        1
    );
    // It says who wrote it and how, defines its letters, and tells of each theorem whether it is proved in general.
    let command = format!("synbal report -o {}", text(&page));
    let version = format!("<code>synbal</code> {}", env!("CARGO_PKG_VERSION"));
    for said in [command.as_str(), &version, "Balancing"] {
        assert!(html.contains(said), "{said}");
    }
    for letter in ["E", "R", "A, B", "deficit"] {
        assert!(html.contains(&format!("<dt>{letter}</dt>")), "{letter}");
    }
    let column = html.matches("<td data-column=\"general proof\"").count();
    assert_eq!(column, theorems.len());
    for file in theorems.iter().filter_map(|theorem| theorem.proof_file()) {
        let shown = file.replace('/', "/<wbr>");
        assert!(html.contains(&shown), "{shown}");
    }
    assert!(html.find("<figure").unwrap() < html.find("<table").unwrap());
    assert!(!html.contains("<script") && !html.contains("src="));
    let empty = desk.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let (code, _, stderr) = run(&["report", text(&empty), "-o", text(&desk.path("no.html"))]);
    assert_eq!(code, 2);
    assert!(stderr.contains("holds no runs"), "{stderr}");
    assert!(!desk.path("no.html").exists());
}

/// Checks: the picture that the page begins with shows what the crate computes: 4 and 1 are balanced by 1/2, to 2
/// and 2.
#[test]
fn the_first_picture_is_true() {
    use synaptic_balance::network::{Multiplier, Regularizer};
    let chain = r#"{"format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": "h", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output", "activation": "linear"}],
        "synapses": [{"from": "x", "to": "h", "weight": "4"}, {"from": "h", "to": "y", "weight": "1"}]}"#;
    let read = synaptic_balance::formats::read_network(chain.as_bytes()).unwrap();
    let balanced = read
        .network
        .balance_each(&Regularizer::l2())
        .remove(0)
        .unwrap();
    let half = synaptic_balance::numbers::parse_rational("1/2").unwrap();
    assert_eq!(balanced.multiplier, Multiplier::Rational(half));
    let picture = include_str!("../../src/report/learning/page/unit.svg");
    for said in [
        "λ = ½",
        "A = 4²",
        "B = 1²",
        "A + B = 17",
        "A = 2²",
        "B = 2²",
        "A + B = 8",
    ] {
        assert!(picture.contains(&format!(">{said}<")), "{said}");
    }
}
