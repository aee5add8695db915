//! Factors of rows and columns, and models of costs that know no more than sums: each against brute force.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::solve::NumberType;
use synaptic_balance::solve::folds::{Band, Excuse, Joined, Piece, Rows, join};
use synaptic_balance::solve::general::{BlockSums, imbalance};

/// Numbers of f32 with a row before and after.
struct Scaled {
    before: Vec<Vec<f64>>,
    after: Vec<Vec<f64>>,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

fn short(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Random numbers, some of them 0, times random factors: powers of 2, or any.
fn scaled(rng: &mut ChaCha8Rng, [rows, width]: [usize; 2], powers: bool) -> Scaled {
    let factor = |rng: &mut ChaCha8Rng| match powers {
        true => f64::powi(2.0, rng.random_range(-4..5)),
        false => f64::exp(rng.random_range(-2.0..2.0)),
    };
    let of_rows: Vec<f64> = (0..rows).map(|_| factor(rng)).collect();
    let of_columns: Vec<f64> = (0..width).map(|_| factor(rng)).collect();
    let number = |rng: &mut ChaCha8Rng| match rng.random_range(0..6) {
        0 => 0.0,
        _ => short(rng.random_range(0.1..1.0) * if rng.random() { 1.0 } else { -1.0 }),
    };
    let before: Vec<Vec<f64>> = (0..rows)
        .map(|_| (0..width).map(|_| number(rng)).collect())
        .collect();
    let after = before.iter().zip(&of_rows).map(|(row, factor)| {
        let pairs = row.iter().zip(&of_columns);
        pairs
            .map(|(value, own)| short(value * factor * own))
            .collect()
    });
    Scaled {
        after: after.collect(),
        before,
        rows: of_rows,
        columns: of_columns,
    }
}

/// All rows, one after the other, with factors of columns from some of them.
fn seen(found: &Scaled) -> (Rows, Band) {
    let pairs = found
        .before
        .iter()
        .cloned()
        .zip(found.after.iter().cloned());
    let samples: Vec<_> = pairs.step_by(2).collect();
    let rows = Rows::new(
        found.columns.len(),
        &samples,
        Excuse::of(NumberType::F32, 0.0),
    );
    let mut band = Band::new();
    for (row, (before, after)) in found.before.iter().zip(&found.after).enumerate() {
        rows.see(row, before, after, &mut band);
    }
    (rows, band)
}

/// Checks: of a scaled matrix the product of each row's factor with each column's is that by which it was scaled,
/// exactly for powers of 2; entries that were changed besides are counted one by one, and the first is named. Seeds 0
/// to 39.
#[test]
fn factors_of_rows_and_columns() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let size = [rng.random_range(12..40), rng.random_range(9..30)];
        let powers = seed % 2 == 0;
        let mut found = scaled(&mut rng, size, powers);
        let (rows, band) = seen(&found);
        assert_eq!((band.count, band.lost, band.first), (0, 0, None), "{seed}");
        assert!(band.is_exact() || !powers, "{seed}");
        assert!(rows.are_told(), "{seed}");
        let places = (0..size[0]).flat_map(|row| (0..size[1]).map(move |column| (row, column)));
        for (row, column) in places.clone() {
            let expected = found.rows[row] * found.columns[column];
            let product = band.factors[row] * rows.columns[column];
            let off = (product / expected - 1.0).abs();
            assert!(
                if powers { off == 0.0 } else { off < 1e-6 },
                "{seed}: {off}"
            );
        }
        // Three entries of one row become something else.
        let row = rng.random_range(0..size[0]);
        let nonzero = (0..size[1]).filter(|column| found.before[row][*column] != 0.0);
        let changed: Vec<usize> = nonzero.take(3).collect();
        for column in &changed {
            found.after[row][*column] = short(found.after[row][*column] * 1.37);
        }
        let (_, band) = seen(&found);
        let first = band.first.map(|first| (first.row, first.column));
        assert_eq!(band.count, changed.len() as u64, "{seed}");
        assert_eq!(
            first,
            changed.first().map(|column| (row, *column)),
            "{seed}"
        );
    }
}

/// Checks: what some entries say of a row's factor is that factor, and nothing is said of a row of zeros.
#[test]
fn some_entries_tell_the_factor_of_a_row() {
    let rows = Rows::plain(20, Excuse::of(NumberType::F32, 0.0));
    assert_eq!(
        rows.first_factor(20, |at| [at as f64, 4.0 * at as f64]),
        4.0
    );
    assert!(rows.first_factor(20, |_| [0.0, 0.0]).is_nan());
}

/// Forms of random variables with exponents 1, -1 and 1/2.
fn forms(rng: &mut ChaCha8Rng, variables: usize, count: usize) -> Vec<Vec<(usize, f64)>> {
    let exponents = [1.0, -1.0, 0.5];
    let form = |rng: &mut ChaCha8Rng| {
        let mut form: Vec<(usize, f64)> = Vec::new();
        for variable in 0..variables {
            if rng.random_range(0..3) == 0 {
                form.push((variable, exponents[rng.random_range(0..3)]));
            }
        }
        form
    };
    (0..count).map(|_| form(rng)).collect()
}

/// The factors along one axis of a tensor.
struct Side {
    forms: Vec<usize>,
    values: Vec<f64>,
    shared: (usize, f64),
    weight: f64,
}

impl Side {
    fn piece(&self) -> Piece<'_> {
        Piece {
            values: &self.values,
            forms: &self.forms,
            shared: Some(self.shared),
            weight: self.weight,
        }
    }
}

/// How far an entry may be off.
const ALLOWED: f64 = 0.5;

/// Checks: the multipliers that are joined from factors with errors leave the residuals of least squares, computed by a
/// singular value decomposition; without errors they leave none; the first entry that is too far off is named. Seeds 0
/// to 29.
#[test]
fn joined_multipliers() {
    for seed in 0..30 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (variables, tensors) = (6, 3);
        let forms = forms(&mut rng, variables, 9);
        let logs: Vec<f64> = (0..variables)
            .map(|_| rng.random_range(-2.0..2.0))
            .collect();
        let free: Vec<f64> = (0..tensors).map(|_| rng.random_range(-1.0..1.0)).collect();
        let of_form = |form: usize| -> f64 {
            forms[form]
                .iter()
                .map(|(v, exponent)| exponent * logs[*v])
                .sum()
        };
        let noise = if seed % 3 == 0 { 0.0 } else { 1e-2 };
        let mut sides = Vec::new();
        for (tensor, own_factor) in free.iter().enumerate() {
            for exponent in [1.0, -1.0] {
                let own: Vec<usize> = (0..7).map(|_| rng.random_range(0..forms.len())).collect();
                let mut values: Vec<f64> = own
                    .iter()
                    .map(|form| {
                        let error = noise * rng.random_range(-1.0..1.0);
                        of_form(*form) + exponent * own_factor + error
                    })
                    .collect();
                values[3] = f64::NAN;
                sides.push(Side {
                    forms: own,
                    values,
                    shared: (tensor, exponent),
                    weight: rng.random_range(1.0..9.0),
                });
            }
        }
        let pieces = |sides: &[Side]| {
            let joined: Vec<Piece> = sides.iter().map(Side::piece).collect();
            join(
                (variables, &forms),
                tensors,
                &joined,
                &vec![ALLOWED; sides.len()],
            )
        };
        let found = pieces(&sides);
        assert!(found.first.iter().all(Option::is_none), "{seed}");
        let off = compare(
            &found,
            &least_squares(&forms, variables, tensors, &sides),
            seed,
        );
        if noise == 0.0 {
            assert!(off.iter().flatten().all(|off| off.abs() < 1e-9), "{seed}");
        }
        // An entry that is far off.
        sides[2].values[5] += 3.0;
        let found = pieces(&sides);
        let off = compare(
            &found,
            &least_squares(&forms, variables, tensors, &sides),
            seed,
        );
        for (piece, off) in off.iter().enumerate() {
            let expected = off.iter().position(|off| off.abs() > ALLOWED);
            assert_eq!(found.first[piece], expected, "{seed}: {piece}");
        }
        assert!(found.first.iter().any(Option::is_some), "{seed}");
    }
}

/// How far each value is from what joined multipliers make of it, which has to be what least squares leave.
fn compare(found: &Joined, left: &[Vec<f64>], seed: u64) -> Vec<Vec<f64>> {
    for (most, left) in found.most.iter().zip(left) {
        let expected = left.iter().map(|off| off.abs()).fold(0.0, f64::max);
        assert!((most - expected).abs() < 1e-6, "{seed}: {most} {expected}");
    }
    left.to_vec()
}

/// The residuals of least squares, by a singular value decomposition; 0 where there is no value.
fn least_squares(
    forms: &[Vec<(usize, f64)>],
    variables: usize,
    tensors: usize,
    sides: &[Side],
) -> Vec<Vec<f64>> {
    let entries = sides.iter().flat_map(|side| {
        let pairs = side.forms.iter().zip(&side.values);
        pairs.map(move |(form, value)| (side, *form, *value))
    });
    let entries: Vec<_> = entries.collect();
    let weight = |side: &Side, value: f64| {
        if value.is_nan() {
            0.0
        } else {
            side.weight.sqrt()
        }
    };
    let mut plain = DMatrix::zeros(entries.len(), variables + tensors);
    for (row, (side, form, _)) in entries.iter().enumerate() {
        for (variable, exponent) in &forms[*form] {
            plain[(row, *variable)] += exponent;
        }
        plain[(row, variables + side.shared.0)] = side.shared.1;
    }
    let values = entries
        .iter()
        .map(|(_, _, value)| if value.is_nan() { 0.0 } else { *value });
    let values = DVector::from_iterator(entries.len(), values);
    let weights = entries.iter().map(|(side, _, value)| weight(side, *value));
    let weights = DMatrix::from_diagonal(&DVector::from_iterator(entries.len(), weights));
    let best = (&weights * &plain).svd(true, true);
    let best = best.solve(&(&weights * &values), 1e-9).unwrap();
    let off = values - plain * best;
    let mut off = entries.iter().zip(off.iter());
    let mut next = |_| match off.next() {
        Some(((_, _, value), off)) if !value.is_nan() => *off,
        _ => 0.0,
    };
    let rows = sides
        .iter()
        .map(|side| (0..side.values.len()).map(&mut next).collect());
    rows.collect()
}

/// A block of costs that are products of a number for each row and one for each column.
struct Product {
    rows: Vec<(usize, f64)>,
    columns: Vec<(usize, f64)>,
}

impl Product {
    /// Each cost, with the forms that act on it.
    fn costs(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        self.rows.iter().flat_map(|(row, p)| {
            let columns = self.columns.iter();
            columns.map(move |(column, q)| (*row, *column, p * q))
        })
    }
}

/// By variable the costs that rise with it and those that fall, at a point, entry by entry; and their sum.
fn sides(forms: &[Vec<(usize, f64)>], blocks: &[Product], x: &[f64]) -> (Vec<(f64, f64)>, f64) {
    let (mut found, mut all) = (vec![(0.0, 0.0); x.len()], 0.0);
    for (row, column, cost) in blocks.iter().flat_map(Product::costs) {
        let exponents = || forms[row].iter().chain(&forms[column]);
        let log: f64 = exponents().map(|(v, exponent)| exponent * x[*v]).sum();
        let cost = cost * log.exp();
        all += cost;
        for (variable, exponent) in exponents() {
            match *exponent > 0.0 {
                true => found[*variable].0 += exponent * cost,
                false => found[*variable].1 -= exponent * cost,
            }
        }
    }
    (found, all)
}

fn deficit((rising, falling): (f64, f64)) -> f64 {
    match rising + falling > 0.0 {
        true => (rising - falling).abs() / (rising + falling),
        false => 0.0,
    }
}

/// Checks: from sums by row and by column alone follow the deficits that all costs have, one by one; and where every
/// block is the product of its sums, as a chain of layers with gains is here, the multipliers that are told lead to the
/// minimum that steps in one variable at a time find. Seeds 0 to 19, every fourth where tests sample.
#[test]
fn imbalance_from_sums() {
    for seed in (0..20).step_by(if crate::in_full() { 1 } else { 4 }) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Layers: rows rise with a layer's own variables, columns fall with those before it.
        let (layers, width) = (4, 5);
        let variables = (layers - 1) * width;
        let mut forms = vec![Vec::new()];
        forms.extend((0..variables).map(|v| vec![(v, 1.0)]));
        forms.extend((0..variables).map(|v| vec![(v, -1.0)]));
        let mut blocks = Vec::new();
        for layer in 0..layers {
            let mut cost = |form: usize| (form, f64::exp(rng.random_range(-3.0..3.0)));
            let rows = (0..width).map(|unit| match layer < layers - 1 {
                true => cost(1 + layer * width + unit),
                false => cost(0),
            });
            let rows = rows.collect();
            let columns = (0..width).map(|unit| match layer > 0 {
                true => cost(1 + variables + (layer - 1) * width + unit),
                false => cost(0),
            });
            let columns = columns.collect();
            blocks.push(Product { rows, columns });
        }
        let split =
            |side: &[(usize, f64)]| -> (Vec<usize>, Vec<f64>) { side.iter().copied().unzip() };
        let known: Vec<_> = blocks
            .iter()
            .map(|block| {
                let ((rows, p), (columns, q)) = (split(&block.rows), split(&block.columns));
                let (of_p, of_q): (f64, f64) = (p.iter().sum(), q.iter().sum());
                let p: Vec<f64> = p.iter().map(|own| own * of_q).collect();
                let q: Vec<f64> = q.iter().map(|own| own * of_p).collect();
                (rows, columns, [p, q])
            })
            .collect();
        let sums: Vec<BlockSums> = known
            .iter()
            .map(|(rows, columns, sums)| BlockSums {
                forms: [rows, columns],
                sums: sums.clone(),
            })
            .collect();
        let (most, logs) = imbalance(variables, &forms, &sums);
        let mut x = vec![0.0; variables];
        let (all, start) = sides(&forms, &blocks, &x);
        let expected = all.into_iter().map(deficit).fold(0.0, f64::max);
        assert!((most - expected).abs() < 1e-12, "{seed}: {most} {expected}");
        for _ in 0..200 {
            for variable in 0..variables {
                let (rising, falling) = sides(&forms, &blocks, &x).0[variable];
                x[variable] += (falling / rising).ln() / 2.0;
            }
        }
        let (least, reached) = (
            sides(&forms, &blocks, &x).1,
            sides(&forms, &blocks, &logs).1,
        );
        assert!(least < 0.9 * start, "{seed}");
        assert!(reached < least * (1.0 + 1e-4), "{seed}: {reached} {least}");
        for (own, x) in logs.iter().zip(&x) {
            assert!((own - x).abs() < 0.05, "{seed}: {own} {x}");
        }
    }
}

/// Checks: a cost that is not finite makes the deficit none, and is not passed over.
#[test]
fn imbalance_of_what_is_not_finite() {
    let forms = vec![vec![], vec![(0, 1.0)], vec![(0, -1.0)]];
    let (rows, columns, fixed) = ([1, 1], [2], [0]);
    let block = |sum: f64| {
        let up = BlockSums {
            forms: [&rows, &fixed],
            sums: [vec![1.0, sum], vec![1.0 + sum]],
        };
        let down = BlockSums {
            forms: [&fixed, &columns],
            sums: [vec![2.0], vec![2.0]],
        };
        imbalance(1, &forms, &[up, down]).0
    };
    assert_eq!(block(1.0), 0.0);
    assert_eq!(block(0.0), 1.0 / 3.0);
    assert!(block(f64::NAN).is_nan());
}
