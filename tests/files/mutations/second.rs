//! The second judge: `examples/check_certificate.py` in one process for all cases.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Case;

/// What a judge says; also the column of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Refused,
    Malformed,
}

/// Set where the absence of Python must not go unnoticed.
const REQUIRED: &str = "SYNBAL_REQUIRE_PYTHON";

const CHECKER: &str = "examples/check_certificate.py";

fn python(scripts: &[&str]) -> Command {
    let mut command = crate::python::python();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    command.args(scripts.iter().map(|script| root.join(script)));
    command
}

/// Verdict and sentence for each case; `None`, said aloud, where there is no Python.
pub fn second_opinions(cases: &[Case]) -> Option<Vec<(Verdict, String)>> {
    let line = |case: &Case| {
        let line = format!(
            r#"{{"network": {}, "certificate": {}}}"#,
            case.network, case.certificate
        );
        line.replace('\n', " ") + "\n"
    };
    let text = answers(
        python(&[CHECKER]).arg("--batch"),
        cases.iter().map(line).collect(),
    )?;
    Some(
        text.lines()
            .map(|line| (verdict(line), line.to_string()))
            .collect(),
    )
}

/// The optimum of each network to 80 digits with energy certificates about points near it; `null` where none is found.
pub fn references(networks: &[(String, &str)]) -> Option<Vec<Value>> {
    let line = |(network, regularizer): &(String, &str)| {
        let line = format!(r#"{{"network": {network}, "regularizer": "{regularizer}"}}"#);
        line.replace('\n', " ") + "\n"
    };
    let mut command = python(&["tests/files/mutations/reference.py", CHECKER]);
    let text = answers(&mut command, networks.iter().map(line).collect())?;
    let values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(values.collect())
}

/// What a script writes for an input; `None`, said aloud, where there is no Python.
fn answers(command: &mut Command, input: String) -> Option<String> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(fault) => {
            assert!(
                std::env::var_os(REQUIRED).is_none(),
                "{REQUIRED} is set, but python3: {fault}"
            );
            // Not `eprintln`, which the test runner hides where the test passes.
            let notice = format!("SKIPPED: the comparison with {CHECKER} (python3: {fault})\n");
            std::io::stderr().write_all(notice.as_bytes()).unwrap();
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "Python stopped: {}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

fn verdict(line: &str) -> Verdict {
    match line.split(':').next() {
        Some("accepted") => Verdict::Accepted,
        Some("refused") => Verdict::Refused,
        Some("malformed") => Verdict::Malformed,
        _ => panic!("no verdict: {line}"),
    }
}

/// Checks: the contract: as a program of its own the second judge ends as `synbal verify` does: 0 accepted, 1 refused,
/// 2 not a certificate, not a network, no file, no arguments.
#[test]
fn exit_codes() {
    if second_opinions(&[]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = super::bases()
        .into_iter()
        .find(|base| base.kind == "enclosure")
        .unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let network = write("network.json", base.network.clone());
    let good = base.certificate.to_string();
    let crossed = good
        .replace("lower", "held")
        .replace("upper", "lower")
        .replace("held", "upper");
    let step = if crate::in_full() { 1 } else { 2 };
    let cases = [
        ("good", good.clone(), 0),
        ("crossed", crossed, 1),
        ("cut", good[..good.len() / 2].to_string(), 2),
        ("claim", good.replace("enclosure", "everything"), 2),
    ];
    for (name, text, code) in cases.into_iter().step_by(step) {
        let output = python(&[CHECKER])
            .arg(&network)
            .arg(write(name, text))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
    }
    let certificate = write("certificate.json", good);
    let swapped = python(&[CHECKER])
        .arg(&certificate)
        .arg(&network)
        .output()
        .unwrap();
    assert_eq!(swapped.status.code(), Some(2));
    let missing = python(&[CHECKER])
        .arg(folder.path().join("none"))
        .arg(&certificate)
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(python(&[CHECKER]).output().unwrap().status.code(), Some(2));
}
