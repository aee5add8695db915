//! Commands called by other programs, with models in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value;
use synaptic_balance::cli::{Answer, call};
use synaptic_balance::formats::memory::{Held, HeldTensor};
use synaptic_balance::solve::NumberType;

use crate::Desk;

const DIGITS: &str = "data/digits-mlp.safetensors";

fn arguments(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The tensors of a file of `f32`, each in memory of its own.
fn tensors(bytes: &[u8]) -> Vec<HeldTensor> {
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: BTreeMap<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(number).collect();
    let tensor = |(name, entry): (String, Value)| {
        let ends: Vec<usize> = numbers(&entry["data_offsets"]);
        let own = bytes[8 + length + ends[0]..8 + length + ends[1]].to_vec();
        HeldTensor::new(name, numbers(&entry["shape"]), NumberType::F32, own.into()).unwrap()
    };
    let entries = header.into_iter();
    let entries = entries.filter(|(name, _)| name != "__metadata__");
    entries.map(tensor).collect()
}

fn balanced(files: BTreeMap<PathBuf, Held>) -> Answer {
    let words = ["balance", "<model>", "--arch", "relu", "-o", "<balanced>"];
    let kept = BTreeSet::from([PathBuf::from("<balanced>")]);
    call(&arguments(&words), files, kept, None)
}

fn without_seconds(text: &str) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap();
    document.as_object_mut().unwrap().remove("seconds");
    document
}

/// Checks: a file, its bytes and its tensors in memory have one report and are balanced to the same bytes.
#[test]
fn models_in_memory_are_balanced_as_files_are() {
    let desk = Desk::new();
    let out = desk.path("balanced.safetensors");
    let words = [
        "balance",
        DIGITS,
        "--arch",
        "relu",
        "-o",
        out.to_str().unwrap(),
    ];
    let of_file = call(&arguments(&words), BTreeMap::new(), BTreeSet::new(), None);
    let (bytes, written) = (std::fs::read(DIGITS).unwrap(), std::fs::read(&out).unwrap());
    let name = PathBuf::from("<model>");
    let own = tensors(&bytes);
    let of_bytes = balanced([(name.clone(), Held::Bytes(bytes.into()))].into());
    let of_tensors = balanced([(name, Held::Tensors(own.clone()))].into());
    for answer in [&of_bytes, &of_tensors] {
        assert_eq!(answer.code, 0, "{}", answer.json);
        assert_eq!(
            without_seconds(&answer.json),
            without_seconds(&of_file.json)
        );
    }
    assert_eq!(of_bytes.written[&PathBuf::from("<balanced>")], written);
    for (number, tensor) in tensors(&written).iter().enumerate() {
        let place = PathBuf::from("<balanced>").join(number.to_string());
        assert_eq!(tensor.name, own[number].name);
        assert_eq!(of_tensors.written[&place], tensor.bytes);
    }
}

/// Checks: names in memory lead nowhere once the call is over, and what is wrong is an answer.
#[test]
fn what_is_wrong_is_an_answer() {
    let of = |words: &[&str]| call(&arguments(words), BTreeMap::new(), BTreeSet::new(), None);
    for words in [
        &["explain", "<model>"][..],
        &["balance"],
        &["check", "--batch", "-"],
    ] {
        let answer = of(words);
        let document: Value = serde_json::from_str(&answer.json).unwrap();
        assert_eq!((answer.code, &document["error"]), (2, &"bad_input".into()));
    }
}

/// Checks: a listener hears of progress, and stops a command that then decides nothing and writes nothing.
#[test]
fn a_listener_stops_a_command() {
    use std::sync::{Arc, Mutex};
    let heard = Arc::new(Mutex::new(Vec::new()));
    let own = heard.clone();
    let listener = Box::new(move |what: &str, deficit: Option<f64>| {
        own.lock().unwrap().push((what.to_owned(), deficit));
        false
    });
    let bytes = std::fs::read(DIGITS).unwrap();
    let words = ["balance", "<model>", "--arch", "relu", "-o", "<balanced>"];
    let files = [(PathBuf::from("<model>"), Held::Bytes(bytes.into()))].into();
    let kept = BTreeSet::from([PathBuf::from("<balanced>")]);
    let answer = call(&arguments(&words), files, kept, Some(listener));
    assert_eq!((answer.code, answer.written.len()), (3, 0));
    assert!(answer.json.contains("interrupted"), "{}", answer.json);
    assert!(!heard.lock().unwrap().is_empty());
}

/// Checks: who stops a command when its files are complete finds none of them, and the process keeps its own answer to
/// interrupts.
#[test]
fn no_file_is_written_by_a_command_that_was_stopped() {
    let desk = Desk::new();
    let out = desk.path("balanced.safetensors");
    let output = out.to_str().unwrap();
    let words = ["balance", DIGITS, "--arch", "relu", "-o", output];
    let listener = Box::new(|what: &str, _: Option<f64>| what != "writing");
    let files = BTreeMap::new;
    let answer = call(&arguments(&words), files(), BTreeSet::new(), Some(listener));
    assert_eq!(answer.code, 3, "{}", answer.json);
    let folder = out.parent().unwrap();
    let left = || std::fs::read_dir(folder).unwrap().count();
    assert_eq!(left(), 0);
    let answer = call(&arguments(&words), files(), BTreeSet::new(), None);
    assert_eq!((answer.code, left()), (0, 1));
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        assert_eq!(caught >> (2 - 1) & 1, 0, "SIGINT has a handler");
    }
}

/// Checks: a tensor whose bytes are not those of its shape is refused.
#[test]
fn tensors_have_the_bytes_of_their_shapes() {
    let new = |shape, number_type| {
        HeldTensor::new("a.weight".into(), shape, number_type, vec![0; 8].into())
    };
    assert!(new(vec![1, 2], NumberType::F32).is_ok());
    assert!(new(vec![2, 2], NumberType::F32).is_err());
    assert!(new(vec![usize::MAX, 2], NumberType::F64).is_err());
    assert!(new(vec![1, 1], NumberType::Exact).is_err());
}
