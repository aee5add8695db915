//! The files: what the program writes. What their schema allows is tested in `tests/schema`.

use std::collections::BTreeSet;

use super::{documents, folder};

/// Checks: ids are unique, every flag used is explained and every flag explained is used, groups hold eight cases or
/// more, 200 together, in less than 3 MB.
#[test]
fn ids_flags_and_sizes() {
    let (mut ids, mut total, mut bytes) = (BTreeSet::new(), 0, 0);
    for (name, document) in documents() {
        let cases = document["cases"].as_array().unwrap();
        let explained: BTreeSet<&str> = document["flags"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let flags = cases
            .iter()
            .flat_map(|case| case["flags"].as_array().unwrap());
        let used: BTreeSet<&str> = flags.map(|flag| flag.as_str().unwrap()).collect();
        assert_eq!(explained, used, "{name}");
        assert_eq!(
            format!("{}.json", document["group"].as_str().unwrap()),
            name
        );
        assert!(cases.len() >= 8, "{name} has {} cases", cases.len());
        for case in cases {
            assert!(
                ids.insert(case["id"].as_str().unwrap().to_string()),
                "{}",
                case["id"]
            );
        }
        total += cases.len();
        bytes += std::fs::metadata(folder().join(&name)).unwrap().len();
    }
    assert!(
        total >= 200 && bytes < 3_000_000,
        "{total} cases, {bytes} bytes"
    );
}

/// Checks: the guide names every group, operation, flag and status that occurs, and no file is missing from it.
#[test]
fn the_guide_names_everything_that_occurs() {
    let guide = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut words = BTreeSet::new();
    for (_, document) in documents() {
        words.insert(document["group"].as_str().unwrap().to_string());
        words.extend(document["flags"].as_object().unwrap().keys().cloned());
        for case in document["cases"].as_array().unwrap() {
            words.insert(case["operation"].as_str().unwrap().to_string());
            words.extend(case["expected"].as_object().unwrap().keys().cloned());
            words.extend(case["expected"]["status"].as_str().map(String::from));
            words.extend(
                case["expected"]["error"]
                    .as_str()
                    .filter(|e| e.starts_with(char::is_alphabetic))
                    .map(String::from),
            );
        }
    }
    for word in words {
        assert!(
            guide.contains(&format!("`{word}`")),
            "the guide does not explain `{word}`"
        );
    }
}
