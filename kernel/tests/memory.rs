//! Memory that a certificate can ask for.

#![cfg(target_os = "linux")]

use num_bigint::BigInt;
use synaptic_balance_kernel::{
    Block, Certificate, Entries, Layout, Number, Problem, Rational, Reader,
};

/// The most memory that this process held so far, in kilobytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    words[1].parse().unwrap()
}

/// Checks: a matrix of many columns with one form, all of whose costs have 200000 bits on the grid, is read in the
/// memory of a few such numbers: one for each column would take 500 MB.
#[test]
fn long_sums_are_kept_by_form() {
    let columns = 20_000;
    let weights = vec![1f32.to_le_bytes(); columns];
    let one = Rational::from_integer(1.into());
    let block = Block {
        entries: Entries::F32(&weights),
        rows: vec![1],
        columns: vec![0; columns],
        layout: Layout::Dense,
        power: one.clone(),
        coefficient: one.clone(),
        again: false,
    };
    let problem = Problem::new(1, vec![vec![], vec![(0, one)]], vec![block]).unwrap();
    let certificate = Certificate {
        point: vec![Number::new(1u32.into(), 200_000)],
        bits: 80,
        grid: 100,
        ..Certificate::default()
    };
    let reader = Reader::new(&problem, &certificate).unwrap();
    let before = peak();
    let band = reader.read(0, 0..columns).unwrap();
    let sum = &reader.imbalance(&[band]).unwrap()[&0];
    let all = BigInt::from(columns) << 200_100;
    assert!(*sum == Rational::from_integer(all));
    let taken = peak() - before;
    assert!(taken < 50_000, "{taken} kB");
}
