//! Where results go: two places that are one, names that say something else, places that cannot be written.

use std::path::Path;

use super::{Desk, chain, example, run};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a command may not do to a desk: exit code 2, a complaint that names the place, and every file as it was.
fn refused(desk: &Desk, arguments: &[&str], words: &str) {
    let before = content(desk);
    let (code, stdout, stderr) = run(arguments);
    assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
    assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    assert_eq!(content(desk), before, "{arguments:?}");
}

/// The names on a desk, those in folders too, with what is in the files.
fn content(desk: &Desk) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut folders = vec![desk.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_folder = path.is_dir() && !path.is_symlink();
            found.push((text(&path).to_owned(), std::fs::read(&path).ok()));
            folders.extend(is_folder.then_some(path));
        }
    }
    found.sort();
    found
}

/// Checks: two outputs to one place are refused however the place is written: detours, links to files and folders,
/// links to nothing, two names of one file; places that differ are two.
#[cfg(unix)]
#[test]
fn two_outputs_need_two_places() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "8", "1"]));
    std::fs::create_dir_all(desk.path("a/b")).unwrap();
    symlink("a", desk.path("linked")).unwrap();
    symlink("a/new.json", desk.path("to_nothing.json")).unwrap();
    symlink("to_nothing.json", desk.path("twice.json")).unwrap();
    desk.write("one.json", "old");
    std::fs::hard_link(desk.path("one.json"), desk.path("two.json")).unwrap();
    symlink("loop.json", desk.path("loop.json")).unwrap();
    let at = |name: &str| format!("{}/{name}", text(&desk.path("")).trim_end_matches('/'));
    let pairs = [
        ("new.json", "./new.json"),
        ("a/new.json", "a/b/../new.json"),
        ("a/new.json", "linked/new.json"),
        ("a/new.json", "to_nothing.json"),
        ("linked/new.json", "twice.json"),
        ("one.json", "two.json"),
        ("one.json", "linked/../one.json"),
    ];
    for (one, two) in pairs
        .into_iter()
        .flat_map(|(one, two)| [(one, two), (two, one)])
    {
        let arguments = [
            "balance",
            text(&net),
            "-o",
            &at(one),
            "--certificate",
            &at(two),
        ];
        refused(&desk, &arguments, "would be overwritten");
    }
    refused(
        &desk,
        &["balance", text(&net), "-o", &at("loop.json")],
        "cannot write",
    );
    let relative = std::process::Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args([
            "balance",
            "net.json",
            "-o",
            "new.json",
            "--certificate",
            "./new.json",
        ])
        .current_dir(desk.path(""))
        .output()
        .unwrap();
    assert_eq!(relative.status.code(), Some(2));
    // The results page is not written over the report, nor over a run that it is made of.
    std::fs::create_dir(desk.path("runs")).unwrap();
    desk.write("runs/recurrent.json", "{}");
    let (page, runs) = (at("page"), at("runs"));
    refused(
        &desk,
        &["report", "-o", &page, "--results", &at("./page")],
        "would be overwritten",
    );
    let over = at("runs/recurrent.json");
    refused(
        &desk,
        &["report", &runs, "-o", &page, "--results", &over],
        "recurrent.json",
    );
    let (code, _, stderr) = run(&[
        "balance",
        text(&net),
        "-o",
        &at("twice.json"),
        "--certificate",
        &at("a/other.json"),
    ]);
    assert_eq!(code, 0, "{stderr}");
    assert!(desk.path("twice.json").is_symlink() && desk.path("to_nothing.json").is_symlink());
    assert!(
        std::fs::read_to_string(desk.path("a/new.json"))
            .unwrap()
            .contains("synaptic-balance/network")
    );
}

/// Checks: no output takes the place of an input, under another name either, but for the model that is balanced.
#[cfg(unix)]
#[test]
fn inputs_are_not_overwritten() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "8", "1"]));
    std::os::unix::fs::symlink("net.json", desk.path("link.json")).unwrap();
    std::fs::hard_link(&net, desk.path("same.json")).unwrap();
    let relu =
        r#"{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu"]}"#;
    let arch = desk.write("arch.json", relu);
    let (net, arch) = (text(&net), text(&arch));
    let (link, same) = (desk.path("link.json"), desk.path("same.json"));
    for other in [net, text(&link), text(&same)] {
        refused(
            &desk,
            &["balance", net, "--certificate", other],
            "would be overwritten",
        );
    }
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp.safetensors");
    for option in ["-o", "--certificate"] {
        refused(
            &desk,
            &["balance", model, "--arch", arch, option, arch],
            "arch.json",
        );
    }
    let dot = desk.write("net.dot", chain(&["1", "8", "1"]));
    refused(
        &desk,
        &["explain", text(&dot), "--dot", text(&dot)],
        "would be overwritten",
    );
    assert_eq!(run(&["balance", net, "-o", text(&link)]).0, 0);
    assert!(link.is_symlink(), "the model behind the link was replaced");
}

/// Checks: data of a model in a file beside it are neither overwritten nor forgotten.
#[test]
fn data_beside_a_model_are_not_overwritten() {
    let desk = Desk::new();
    let (model, data) = model_in_two_files(&desk);
    let kept = std::fs::read(&data).unwrap();
    for option in ["-o", "--certificate"] {
        let arguments = ["balance", text(&model), option, text(&data)];
        refused(&desk, &arguments, "would be overwritten");
    }
    refused(
        &desk,
        &["explain", text(&model), "--dot", text(&data)],
        "would be overwritten",
    );
    // The data of the result would go where the certificate goes.
    let beside = desk.path("out.onnx.weights_w.bin");
    let out = desk.path("out.onnx");
    let arguments = [
        "balance",
        text(&model),
        "-o",
        text(&out),
        "--certificate",
        text(&beside),
    ];
    refused(&desk, &arguments, "would be overwritten");
    assert_eq!(run(&["balance", text(&model), "-o", text(&model)]).0, 0);
    assert_eq!(std::fs::read(&data).unwrap(), kept);
    assert_eq!(run(&["explain", text(&model)]).0, 0);
}

/// A copy of a model with its weights in a file of a folder beside it.
pub fn model_in_two_files(desk: &Desk) -> (std::path::PathBuf, std::path::PathBuf) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/checksum_sub");
    std::fs::create_dir_all(desk.path("weights")).unwrap();
    let copy = |name: &str| desk.write(name, std::fs::read(from.join(name)).unwrap());
    (copy("m.onnx"), copy("weights/w.bin"))
}

/// Checks: an output that cannot be written is noticed before anything is solved: this network would come to exit
/// code 3.
#[test]
fn places_are_tried_before_solving() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "2", "0"]));
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk.write("file", "");
    assert_eq!(run(&["balance", text(&net)]).0, 3);
    let mut places = vec![
        "missing/x.json",
        "folder",
        "folder/",
        "file/x.json",
        "..",
        "new/",
    ];
    if cfg!(target_os = "linux") {
        places.push("/proc/x");
    }
    for place in places {
        let path = desk.path(place);
        for option in ["-o", "--certificate"] {
            refused(
                &desk,
                &["balance", text(&net), option, text(&path)],
                "cannot write",
            );
        }
        refused(
            &desk,
            &["explain", text(&net), "--dot", text(&path)],
            "cannot write",
        );
        refused(
            &desk,
            &["bench", "--quick", "--plot", text(&path)],
            "cannot write",
        );
        refused(&desk, &["report", "-o", text(&path)], "cannot write");
        let page = desk.path("page.html");
        refused(
            &desk,
            &["report", "-o", text(&page), "--results", text(&path)],
            "cannot write",
        );
    }
}

/// Checks: a name that says something else than what would be written is refused before solving, in any case; names
/// that say nothing are not.
#[test]
fn names_do_not_lie() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "2", "0"]));
    let net = text(&net);
    let data = |name: &str| format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let (onnx, tensors) = (
        data("digits-mlp-sklearn.onnx"),
        data("digits-mlp.safetensors"),
    );
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["balance", net, "-o"],
            &[
                "x.onnx",
                "x.safetensors",
                "x.npz",
                "x.pt",
                "x.ONNX",
                "x.dot",
            ],
        ),
        (
            &["balance", &onnx, "-o"],
            &["x.json", "x.safetensors", "x.pth", "x.Json"],
        ),
        (
            &["balance", &tensors, "--arch", "relu", "-o"],
            &["x.json", "x.onnx", "x.npy", "x.ckpt"],
        ),
        (
            &["balance", net, "--certificate"],
            &["x.onnx", "x.html", "x.svg"],
        ),
        (&["explain", net, "--dot"], &["x.svg", "x.png", "x.json"]),
        (&["bench", "--quick", "--plot"], &["x.png", "x.json"]),
        (&["report", "-o"], &["x.json", "x.pdf", "x.md"]),
        (&["report", "--results"], &["x.html"]),
    ];
    for (command, names) in cases {
        for name in names {
            let path = desk.path(name);
            refused(
                &desk,
                &[command, &[text(&path)]].concat(),
                "the name says something else",
            );
        }
    }
    let sound = example();
    for name in ["x", "x.txt", "x.JSON", "x.json.tmp", "x.v1.2"] {
        let path = desk.path(name);
        assert_eq!(
            run(&["balance", text(&sound), "-o", text(&path)]).0,
            0,
            "{name}"
        );
    }
}

/// Checks: a result may take the place of its model, but not where a certificate is asked for, which is about that
/// model and could never be verified again.
#[test]
fn a_certified_model_stays() {
    let desk = Desk::new();
    let net = desk.write("net.json", chain(&["1", "8", "1"]));
    let (net, certificate) = (text(&net), desk.path("certificate.json"));
    let words = "would be overwritten: it is an input";
    refused(
        &desk,
        &[
            "balance",
            net,
            "-o",
            net,
            "--certificate",
            text(&certificate),
        ],
        words,
    );
    let (code, _, stderr) = run(&["balance", net, "-o", net]);
    assert_eq!(code, 0, "{stderr}");
}
