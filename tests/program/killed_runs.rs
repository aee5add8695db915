//! Checkpoints whose balancing is killed, and gone on with.

use safetensors::tensor::Dtype;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::block_runs::{files, source};
use super::{Desk, json as answered};

/// Checks: what is kept of finished blocks counts for nothing where the files that they were written to are gone; where
/// the configuration has changed what scales together, the run is refused.
#[test]
fn records_without_bytes_are_forgotten() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 3);
    let [undisturbed, out] = ["undisturbed", "out"].map(|name| desk.path(name));
    let balance = |out: &Path| ["balance", &source, "-o", out.to_str().unwrap()].map(String::from);
    let (code, _) = answered(&balance(&undisturbed).each_ref().map(String::as_str));
    assert_eq!(code, 0);
    let run = desk.path(".out.synbal-run");
    for _ in 0..100 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_synbal"))
            .args(balance(&out))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !run.join("block-00000.json").exists() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        if run.join("block-00000.json").exists() && run.join("result").exists() {
            break;
        }
        let _ = std::fs::remove_dir_all(&out);
    }
    // What scales together is asked again: a run of another configuration is not gone on with.
    let config = Path::new(&source).join("config.json");
    let own = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, own.replacen("\"silu\"", "\"relu\"", 1)).unwrap();
    let (code, report) = answered(&balance(&out).each_ref().map(String::as_str));
    let message = report["message"].as_str().unwrap();
    assert!(
        code == 2 && message.contains("(the configuration, or"),
        "{message}"
    );
    std::fs::write(&config, own).unwrap();
    std::fs::remove_dir_all(run.join("result")).unwrap();
    let (code, report) = answered(&balance(&out).each_ref().map(String::as_str));
    assert_eq!((code, &report["blocks"]["resumed"]), (0, &json!(0)));
    assert_eq!(files(&out), files(&undisturbed));
}

/// Checks: a run that is killed at any moment, twenty times, and then repeated to the end gives the same bytes as one
/// that is not; nothing stands in the place of the result before, and nothing is left beside it after. Seed 5.
#[test]
fn killed_runs_go_on() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 3);
    let undisturbed = desk.path("undisturbed");
    let (code, _) = answered(&["balance", &source, "-o", undisturbed.to_str().unwrap()]);
    assert_eq!(code, 0);
    let out = desk.path("out");
    let mut state = 5u64;
    for kill in 0..if crate::in_full() { 20 } else { 8 } {
        if out.exists() {
            assert_eq!(files(&out), files(&undisturbed), "{kill}");
            std::fs::remove_dir_all(&out).unwrap();
        }
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let mut child = Command::new(env!("CARGO_BIN_EXE_synbal"))
            .args(["balance", &source, "-o", out.to_str().unwrap()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros((state >> 40) % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, report) = answered(&["balance", &source, "-o", out.to_str().unwrap()]);
    match code {
        0 => {}
        // The last one had come to its end.
        _ => assert!(
            report["message"]
                .as_str()
                .unwrap()
                .contains("nothing is overwritten"),
            "{report}"
        ),
    }
    assert_eq!(files(&out), files(&undisturbed));
    assert_eq!(desk.files(), 3);
}

/// Checks: what is left of a run that was killed while it removed its folder goes with the next call, and a file that
/// is none of its own stays.
#[test]
fn what_is_left_of_a_finished_run_goes() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 3);
    let out = desk.path("out");
    let balance = ["balance", &source, "-o", out.to_str().unwrap()];
    assert_eq!(answered(&balance).0, 0);
    let run = desk.path(".out.synbal-run");
    for own in [None, Some("notes.txt")] {
        std::fs::create_dir(&run).unwrap();
        for name in ["lock", "block-00001.json", "plan.json-half"]
            .into_iter()
            .chain(own)
        {
            std::fs::write(run.join(name), "").unwrap();
        }
        let (code, report) = answered(&balance);
        assert_eq!(code, 2, "{report}");
        let left: Vec<_> = std::fs::read_dir(&run).into_iter().flatten().collect();
        assert_eq!(
            (run.exists(), left.len()),
            (own.is_some(), own.iter().len())
        );
    }
}
