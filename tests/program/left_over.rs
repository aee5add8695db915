//! What a run of `synbal balance` over blocks left behind.

use safetensors::tensor::Dtype;
use serde_json::json;

use super::block_runs::{files, source};
use super::small_llama::{LAYERS, Small};
use super::{Desk, json as answered, run};

/// Checks: what a run left beside its result when it was killed after all was done counts for nothing once the result
/// was taken away: all blocks are balanced again.
#[test]
fn left_over_records() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 1);
    let [part, out, again] = ["part", "out", "again"].map(|name| desk.path(name));
    let blocks = format!("0..{}", LAYERS + 1);
    let (code, _) = answered(&[
        "balance",
        &source,
        "-o",
        part.to_str().unwrap(),
        "--blocks",
        &blocks,
    ]);
    assert_eq!(code, 0);
    let (code, _) = answered(&["balance", &source, "-o", out.to_str().unwrap()]);
    assert_eq!(code, 0);
    for with_plan in [true, false] {
        let run_folder = desk.path(".again.synbal-run");
        std::fs::create_dir(&run_folder).unwrap();
        for (name, bytes) in files(&part) {
            if with_plan || name != "plan.json" {
                std::fs::write(run_folder.join(name), bytes).unwrap();
            }
        }
        let (code, report) = answered(&["balance", &source, "-o", again.to_str().unwrap()]);
        assert_eq!((code, &report["blocks"]["resumed"]), (0, &json!(0)));
        assert_eq!(files(&again), files(&out));
        assert!(!run_folder.exists());
        std::fs::remove_dir_all(&again).unwrap();
    }
}

/// Checks: a run does not go on where the weights of a finished block are others now.
#[test]
fn changed_weights() {
    let desk = Desk::new();
    let source = source(&desk, "llama", Dtype::BF16, 1);
    let [part, again] = ["part", "again"].map(|name| desk.path(name));
    let blocks = format!("0..{}", LAYERS + 1);
    let part = part.to_str().unwrap();
    let (code, _) = answered(&["balance", &source, "-o", part, "--blocks", &blocks]);
    assert_eq!(code, 0);
    let run_folder = desk.path(".again.synbal-run");
    std::fs::create_dir_all(run_folder.join("result")).unwrap();
    for (name, bytes) in files(part.as_ref()) {
        std::fs::write(run_folder.join(name), bytes).unwrap();
    }
    let mut other = Small::new("llama");
    other.get("model.layers.1.mlp.up_proj.weight")[0] *= 2.0;
    other.write(source.as_ref(), Dtype::BF16, 1);
    let (code, _, stderr) = run(&["balance", &source, "-o", again.to_str().unwrap()]);
    assert!(code == 2 && stderr.contains("other weights"), "{stderr}");
    assert!(!again.exists());
}
