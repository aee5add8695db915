//! `synbal vectors`: a folder of files, and what it must not overwrite.

use super::{Desk, json, run};

/// Checks: the files are written, written again, and counted; nothing else is left in the folder.
#[test]
fn vectors_are_written_and_replaced() {
    let desk = Desk::new();
    let folder = desk.path("new/vectors");
    for _ in 0..2 {
        let (code, report) = json(&["vectors", folder.to_str().unwrap()]);
        assert_eq!((code, &report["status"]), (0, &"written".into()));
        let files = report["files"].as_array().unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len() + 1);
        let schema = std::fs::read_to_string(folder.join(report["schema"].as_str().unwrap()));
        assert_eq!(schema.unwrap(), include_str!("../vectors/schema.json"));
        let counted: u64 = files
            .iter()
            .map(|file| file["cases"].as_u64().unwrap())
            .sum();
        assert_eq!(report["cases"], counted);
    }
}

/// Checks: someone else's file is not overwritten, and then nothing is written at all.
#[test]
fn other_files_are_never_overwritten() {
    let desk = Desk::new();
    let own = desk.write("basic.json", "{\"my\": \"work\"}");
    let (code, stdout, stderr) = run(&["vectors", own.parent().unwrap().to_str().unwrap()]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("basic.json") && stderr.contains("name another folder"),
        "{stderr}"
    );
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "{\"my\": \"work\"}");
    assert_eq!(desk.files(), 1);
}

/// Checks: a folder that cannot be made is bad input.
#[test]
fn a_file_is_no_folder() {
    let desk = Desk::new();
    let file = desk.write("file", "");
    for path in [file.clone(), file.join("inside")] {
        let (code, _, stderr) = run(&["vectors", path.to_str().unwrap()]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("no folder"), "{stderr}");
    }
    assert_eq!(run(&["vectors"]).0, 2);
}
