//! Balancing an ONNX model of f32 matrices beside as many streaming reads of its bytes, in one run.
//!
//! `SYNBAL_MODEL=FILE cargo bench --bench model`; without a file, on a small one that is here, which the caches of a
//! processor hold. The two take turns, each on all cores; what counts is the ratio, whose median is printed last.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks};

const TURNS: usize = 9;

/// Bytes that a thread reads at a time.
const PART: usize = 1 << 20;

/// All bytes added up as numbers of 8 bytes; those that are left over are not read.
fn streamed(bytes: &[u8]) -> u64 {
    let words = |part: &[u8]| {
        let (words, _) = part.as_chunks::<8>();
        let each = words.iter().map(|word| u64::from_le_bytes(*word));
        each.fold(0, u64::wrapping_add)
    };
    bytes
        .par_chunks(PART)
        .map(words)
        .reduce(|| 0, u64::wrapping_add)
}

fn main() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/data/blazeface-front-128.onnx");
    let path = std::env::var_os("SYNBAL_MODEL").map_or_else(|| PathBuf::from(own), PathBuf::from);
    let bytes = std::fs::read(&path).expect("the model's file");
    let model = OnnxFile::open_file(&path).expect("a model");
    println!("{} weights, {} bytes", model.weights(), bytes.len());
    println!("reads | solve (ms) | a streaming read (ms) | streaming reads a read");
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let start = Instant::now();
        black_box(streamed(black_box(&bytes)));
        let streaming = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let costs = model.blocks(2.0);
        let mut blocks = costs.problem().expect("blocks that fit");
        let found = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {});
        let found = black_box(found.expect("a balanced model"));
        let solving = start.elapsed().as_secs_f64();
        let ratio = solving / (found.reads * streaming);
        println!(
            "{:.1} | {:.2} | {:.2} | {ratio:.2}",
            found.reads,
            1e3 * solving,
            1e3 * streaming
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median: {:.2}", ratios[TURNS / 2]);
}
