//! Weights as they are stored: of any type, at any place, by rows or by columns.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::numbers::{bf16_to_f64, f16_to_f64};
use synaptic_balance::solve::blocks::{
    BlockOptions, BlockSolution, Blocks, CostSums, Perceptron, Weights, balance_blocks,
};

const SIZES: [usize; 5] = [12, 300, 40, 30, 5];

type Add = fn(&mut Blocks<'static>, [Option<usize>; 2], [usize; 2], &'static [u8]);

/// A type, its size, the layers in it and in `f64`, and how layers are added by rows and by columns.
type Case = (&'static str, usize, Vec<Vec<u8>>, Vec<Vec<u8>>, Add, Add);

/// Balances the chain of layers, each added in a way of its own.
fn solve(layers: &[&'static [u8]], power: f64, add: Add) -> (BlockSolution, f64) {
    let mut blocks = Blocks::new(power).unwrap();
    let mut from = None;
    for (layer, bytes) in layers.iter().enumerate() {
        let sizes = [SIZES[layer + 1], SIZES[layer]];
        let to = (layer + 2 < SIZES.len()).then(|| blocks.add_group(sizes[0]));
        add(&mut blocks, [to, from], sizes, bytes);
        from = to;
    }
    let found = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    assert!(!blocks.loses_costs());
    let total = blocks.total(Some(&found.multipliers));
    (found, total)
}

/// Bytes that start at an odd place.
fn misplaced(bytes: Vec<u8>) -> &'static [u8] {
    let all: &'static mut Vec<u8> = Box::leak(Box::new(vec![0; bytes.len() + 8]));
    let start = usize::from((all.as_ptr() as usize).is_multiple_of(2));
    all[start..start + bytes.len()].copy_from_slice(&bytes);
    &all[start..start + bytes.len()]
}

fn transposed(size: usize, rows: usize, bytes: &[u8]) -> Vec<u8> {
    let columns = bytes.len() / size / rows;
    let at = |row: usize, column: usize| (row * columns + column) * size;
    let entries = (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column)));
    entries
        .flat_map(|(row, column)| bytes[at(row, column)..at(row, column) + size].to_vec())
        .collect()
}

fn close(one: &BlockSolution, other: &BlockSolution, what: &str) {
    let pairs = one.multipliers.iter().zip(&other.multipliers);
    for (one, other) in pairs {
        assert!((one / other - 1.0).abs() < 1e-9, "{what}: {one} {other}");
    }
    assert!(one.reads < 30.0 && other.reads < 30.0, "{what}");
}

/// Checks: weights of 16, 32 and 64 bits at odd places, stored by rows or by columns, have the optimum of the same
/// numbers in `f64`.
#[test]
fn every_storage_has_the_same_optimum() {
    let network = Perceptron::random(&SIZES, 0.0, 0.5, &mut ChaCha8Rng::seed_from_u64(4));
    println!("seed 4");
    let bits = |weight: &f64| (*weight as f32).to_bits();
    let f16 = |weight: &f64| {
        // Rounded towards 0, and far from the ends of the range.
        let [exponent, fraction] = [bits(weight) >> 23 & 0xff, bits(weight) >> 13 & 0x3ff];
        let exponent = exponent.clamp(114, 140) - 112;
        (exponent << 10 | fraction) as u16
    };
    let bf16 = |weight: &f64| (bits(weight) >> 16) as u16;
    let short = |of: &dyn Fn(&f64) -> u16| -> Vec<Vec<u8>> {
        let layers = network.weights.iter();
        layers
            .map(|layer| {
                layer
                    .iter()
                    .flat_map(|weight| of(weight).to_le_bytes())
                    .collect()
            })
            .collect()
    };
    let wide = |layers: &[Vec<u8>], decode: fn(u16) -> f64| -> Vec<Vec<u8>> {
        let wide = |bytes: &Vec<u8>| {
            let numbers = bytes.as_chunks().0.iter();
            numbers
                .flat_map(|number| decode(u16::from_le_bytes(*number)).to_le_bytes())
                .collect()
        };
        layers.iter().map(wide).collect()
    };
    let single: Vec<Vec<u8>> = network
        .weights
        .iter()
        .map(|layer| {
            layer
                .iter()
                .flat_map(|weight| (*weight as f32).to_le_bytes())
                .collect()
        })
        .collect();
    let single_wide: Vec<Vec<u8>> = network
        .weights
        .iter()
        .map(|layer| {
            layer
                .iter()
                .flat_map(|weight| f64::from(*weight as f32).to_le_bytes())
                .collect()
        })
        .collect();
    let (half, brain) = (short(&f16), short(&bf16));
    let cases: [Case; 3] = [
        (
            "f16",
            2,
            half.clone(),
            wide(&half, f16_to_f64),
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_dense(to, from, rows, columns, Weights::F16(bytes))
                    .unwrap()
            },
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_transposed(to, from, rows, columns, Weights::F16(bytes))
                    .unwrap()
            },
        ),
        (
            "bf16",
            2,
            brain.clone(),
            wide(&brain, bf16_to_f64),
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_dense(to, from, rows, columns, Weights::Bf16(bytes))
                    .unwrap()
            },
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_transposed(to, from, rows, columns, Weights::Bf16(bytes))
                    .unwrap()
            },
        ),
        (
            "f32",
            4,
            single,
            single_wide,
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_dense(to, from, rows, columns, Weights::F32(bytes))
                    .unwrap()
            },
            |blocks, [to, from], [rows, columns], bytes| {
                blocks
                    .add_transposed(to, from, rows, columns, Weights::F32(bytes))
                    .unwrap()
            },
        ),
    ];
    for (name, size, stored, wide, by_rows, by_columns) in cases {
        let layers = |layers: &[Vec<u8>]| -> Vec<&'static [u8]> {
            layers.iter().cloned().map(misplaced).collect()
        };
        let turned: Vec<Vec<u8>> = stored
            .iter()
            .enumerate()
            .map(|(layer, bytes)| transposed(size, SIZES[layer + 1], bytes))
            .collect();
        for power in [2.0, if size == 4 { 1.5 } else { 1.0 }] {
            let expected = solve(
                &layers(&wide),
                power,
                |blocks, [to, from], [rows, columns], bytes| {
                    blocks
                        .add_dense(to, from, rows, columns, Weights::F64(bytes))
                        .unwrap();
                },
            );
            let found = solve(&layers(&stored), power, by_rows);
            assert_eq!(
                found.0.multipliers, expected.0.multipliers,
                "{name}, p = {power}"
            );
            let found = solve(&layers(&turned), power, by_columns);
            close(&found.0, &expected.0, name);
            assert!(
                (found.1 / expected.1 - 1.0).abs() < 1e-9,
                "{name}, p = {power}"
            );
        }
    }
}

/// Checks: a block that leads from a group to itself leaves out its diagonal, stored either way.
#[test]
fn loops_stored_by_columns() {
    let own = [9.0, 2.0, 0.5, 9.0];
    let [input, output] = [[1.0, 3.0], [5.0, 0.25]];
    let solve = |is_transposed: bool, own: [f64; 4]| {
        let mut blocks = Blocks::new(2.0).unwrap();
        let group = Some(blocks.add_group(2));
        blocks
            .add_dense(group, None, 2, 1, Weights::Double(&input))
            .unwrap();
        match is_transposed {
            true => blocks
                .add_transposed(group, group, 2, 2, Weights::Double(&own))
                .unwrap(),
            false => blocks
                .add_dense(group, group, 2, 2, Weights::Double(&own))
                .unwrap(),
        }
        blocks
            .add_dense(None, group, 1, 2, Weights::Double(&output))
            .unwrap();
        balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {})
            .unwrap()
            .multipliers
    };
    let [a, b, c, d] = own;
    let (one, other) = (solve(false, own), solve(true, [a, c, b, d]));
    assert!(
        one.iter()
            .zip(&other)
            .all(|(one, other)| (one / other - 1.0).abs() < 1e-12)
    );
    assert_ne!(solve(true, own), other);
}
