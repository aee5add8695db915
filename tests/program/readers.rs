//! Hostile bytes for every reader, and for the program: the entries of the fuzz targets, with mutations from a fixed
//! seed.

#[path = "../../fuzz/entries.rs"]
mod entries;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Desk, run};

const SEED: u64 = 16;

/// Numbers and words at which readers have been seen to fail.
const WORDS: [&[u8]; 26] = [
    b"0",
    b"-1",
    b"1e999999999",
    b"1e-3999",
    b"1/0",
    b"255/256",
    b"18446744073709551616",
    b"9223372036854775807",
    b"4294967295",
    b"null",
    b"\"\"",
    b"{}",
    b"[]",
    b"[[[[[[[[[[[[[[[[",
    b"NaN",
    b"\xff\xfe",
    b"\x1b[2J",
    "\u{202e}".as_bytes(),
    b"\\u0000",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\0\0\0\0\0\0\0\x80",
    b"bipu",
    b"x",
    b"\0",
    b"\n",
];

fn mutated(seed: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..12)).min(bytes.len());
        match rng.random_range(0..8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 | 3 => drop(bytes.splice(
                at..end,
                WORDS[rng.random_range(0..WORDS.len())].iter().copied(),
            )),
            4 => {
                let from = rng.random_range(0..=bytes.len());
                let copied = bytes[from..(from + 40).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, copied));
            }
            5 => bytes[at..end].fill(rng.random()),
            // A number where a number stands.
            6 => {
                let digit = |at: &usize| bytes[*at].is_ascii_digit();
                if let Some(at) = (at..bytes.len()).find(digit) {
                    let word = WORDS[rng.random_range(0..9)];
                    drop(bytes.splice(at..at + 1, word.iter().copied()));
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8u8);
                }
            }
        }
    }
    bytes
}

/// Checks: every reader, on files that are read and on mutations of them: no panic, none that takes long, and what the
/// entries assert.
#[test]
fn readers_survive_mutations() {
    let seeds = entries::seeds(Path::new(env!("CARGO_MANIFEST_DIR")));
    let (most, time) = if crate::in_full() {
        (400, 200)
    } else {
        (100, 50)
    };
    for entry in entries::entries() {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let own: Vec<_> = seeds
            .iter()
            .filter(|(name, _)| *name == entry.name)
            .collect();
        assert!(!own.is_empty(), "{} has no seed", entry.name);
        own.iter().for_each(|(_, seed)| (entry.run)(seed));
        let start = Instant::now();
        let mut runs = 0;
        while runs < most && start.elapsed() < Duration::from_millis(time) {
            let seed = &own[runs % own.len()].1;
            let bytes = mutated(seed, &mut rng);
            let single = Instant::now();
            let outcome = std::panic::catch_unwind(|| (entry.run)(&bytes));
            let shown = || {
                format!(
                    "{}, seed {SEED}, run {runs}: {}",
                    entry.name,
                    bytes.escape_ascii()
                )
            };
            assert!(outcome.is_ok(), "{}", shown());
            assert!(single.elapsed() < Duration::from_secs(5), "{}", shown());
            runs += 1;
        }
    }
}

/// Checks: every command on mutated files keeps to its exit codes, and writes nothing where it ends with 2.
#[test]
fn the_program_survives_mutations() {
    let desk = Desk::new();
    let seeds = entries::seeds(Path::new(env!("CARGO_MANIFEST_DIR")));
    let kinds = [
        "network_json",
        "perceptron",
        "onnx",
        "certificate",
        "architecture",
        "script",
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    let (model, out, proof, dot) = (path("model"), path("out"), path("proof"), path("dot"));
    let net = super::example();
    let net = net.to_str().unwrap();
    for (name, seed) in seeds.iter().filter(|(name, _)| kinds.contains(name)) {
        std::fs::write(&model, mutated(seed, &mut rng)).unwrap();
        let arch: &[&str] = match *name {
            "perceptron" => &["--arch", "relu"],
            _ => &[],
        };
        let commands: &[&[&str]] = match *name {
            "certificate" => &[&["verify", net, &model]],
            "architecture" => &[&["explain", net, "--arch", &model]],
            "script" => &[&["prove", &model]],
            _ => &[
                &[
                    "balance",
                    &model,
                    "-o",
                    &out,
                    "--certificate",
                    &proof,
                    "--limit",
                ],
                &["explain", &model, "--dot", &dot],
                &["check", &model, &model],
            ],
        };
        for command in commands {
            let (code, _, stderr) = run(&[command, arch].concat());
            let shown = || format!("{name}, seed {SEED}: {command:?} ended with {code}: {stderr}");
            assert!((0..=3).contains(&code), "{}", shown());
            assert!(code != 2 || desk.files() == 1, "{}", shown());
            for written in [&out, &proof, &dot] {
                let _ = std::fs::remove_file(written);
            }
        }
    }
}
