//! `synbal vectors`: a folder of files, and what it must not overwrite.

use std::collections::BTreeSet;
use std::path::Path;
use synaptic_balance::vectors::{file_names, generate_group};

use super::{Desk, json, run};

/// Checks: the committed files are what the program writes, byte for byte, and there are no others, twice, and vectors
/// of another version are replaced; where tests sample, every third file is what the library makes.
#[test]
fn the_committed_vectors_are_what_the_program_writes() {
    let desk = Desk::new();
    let folder = desk.path("new/vectors");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.ends_with(".json"))
            .collect::<BTreeSet<String>>()
    };
    if !crate::in_full() {
        let all: BTreeSet<String> = file_names().chain(["schema.json".to_owned()]).collect();
        assert_eq!(all, names(&committed));
        for name in file_names().step_by(3) {
            let made = generate_group(name.strip_suffix(".json").unwrap());
            let made = made.unwrap().unwrap_or_else(|fault| panic!("{fault}"));
            let known = std::fs::read_to_string(committed.join(&name)).unwrap();
            let is_same = (&made.name(), &made.text) == (&name, &known);
            assert!(is_same, "{name} is not what `synbal vectors` writes");
        }
        return;
    }
    for _ in 0..2 {
        let (code, report) = json(&["vectors", folder.to_str().unwrap()]);
        assert_eq!((code, &report["status"]), (0, &"written".into()));
        assert_eq!(names(&folder), names(&committed));
        for name in names(&folder) {
            let [found, known] = [&folder, &committed]
                .map(|folder| std::fs::read_to_string(folder.join(&name)).unwrap());
            let pairs = known.lines().zip(found.lines()).enumerate();
            let differing = pairs.into_iter().find(|(_, (old, new))| old != new);
            assert!(
                known == found,
                "{name} is not what `synbal vectors tests/vectors` writes: {differing:?}"
            );
        }
        let files = report["files"].as_array().unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len() + 1);
        let counted: u64 = files
            .iter()
            .map(|file| file["cases"].as_u64().unwrap())
            .sum();
        assert_eq!(report["cases"], counted);
        let old = "{\"format\": \"synaptic-balance/vectors\", \"version\": 0}";
        std::fs::write(folder.join("basic.json"), old).unwrap();
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
