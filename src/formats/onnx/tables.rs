//! Tables of sines and cosines by position, as rotary embeddings and transforms of Fourier read them: they are numbers
//! of formulas, and no scaling changes them.

use std::ops::Range;

use super::constant::View;
use super::infer::Inference;
use crate::formats::storage::Storage;

/// Fewer positions could be anything.
const FEWEST_ROWS: usize = 8;

/// Columns of so much beside others are 0, but for rounding.
const NOTHING: f64 = 1e-6;

/// What falls, rises or alternates from row to row has a factor nearer to 2 or -2 than this, and could be anything.
const TURNING: f64 = 1.99;

impl Inference<'_> {
    /// Does a stored constant have a row for each position, or frequency, and in each column a wave?
    pub(super) fn is_table_of_waves(&mut self, view: &View) -> bool {
        if let Some(known) = self.waves.get(&view.constant) {
            return *known;
        }
        let constant = &self.constants[view.constant];
        let long = constant.shape.iter().copied().filter(|length| *length > 1);
        let is_table = match (long.collect::<Vec<_>>().as_slice(), constant.storage) {
            (&[rows, columns], Some(storage)) if rows >= FEWEST_ROWS => {
                let number = |entry| self.entry(view.constant, entry);
                let waves =
                    |own: Range<usize>| are_waves(own, columns, tolerance(storage, rows), &number);
                let half = rows / 2;
                waves(0..rows) == Some(true)
                    // Real parts, and imaginary ones below them.
                    || half >= FEWEST_ROWS
                        && rows == 2 * half
                        && waves(0..half) == Some(true)
                        && waves(half..rows) == Some(true)
            }
            _ => false,
        };
        self.waves.insert(view.constant, is_table);
        is_table
    }
}

/// How far rounded entries of a wave of so many rows may be from it: angles are rounded too, the more the larger they
/// are.
fn tolerance(storage: Storage, rows: usize) -> f64 {
    let of_entries = match storage {
        Storage::Half => 4e-3,
        Storage::Brain => 3e-2,
        Storage::Single | Storage::Double => 1e-4,
    };
    let of_angles = rows as f64 * f64::from(f32::EPSILON) * 2.0;
    of_angles.clamp(of_entries, 5e-2)
}

/// Are all columns waves `a sin(wp + b)` of the row `p`, and is one of them seen to turn? `None` where an entry is not
/// stored.
fn are_waves(
    rows: Range<usize>,
    columns: usize,
    tolerance: f64,
    number: &dyn Fn(usize) -> Option<f64>,
) -> Option<bool> {
    let (mut turns, mut largest) = (false, 0f64);
    for column in 0..columns {
        let entries = rows.clone().map(|row| number(row * columns + column));
        let entries = entries.collect::<Option<Vec<f64>>>()?;
        let own = entries.iter().fold(0f64, |all, own| all.max(own.abs()));
        largest = largest.max(own);
        // What should be 0 is so to rounding.
        if own <= NOTHING * largest {
            continue;
        }
        match wave(&entries, tolerance * own) {
            Some(factor) => turns |= factor.abs() < TURNING && changes_sign(&entries, own),
            None => return Some(false),
        }
    }
    Some(turns)
}

/// The factor `2 cos w` by which every entry is that times the one before it, less the one before that; `None` if they
/// are no wave.
fn wave(entries: &[f64], tolerance: f64) -> Option<f64> {
    let inner = || entries.windows(3).map(|own| (own[1], own[0] + own[2]));
    let square: f64 = inner().map(|(own, _)| own * own).sum();
    let factor = inner().map(|(own, both)| own * both).sum::<f64>() / square;
    let mut rest = inner().map(|(own, both)| (both - factor * own).abs());
    (factor.abs() <= 2.0 + tolerance && rest.all(|rest| rest <= tolerance)).then_some(factor)
}

fn changes_sign(entries: &[f64], largest: f64) -> bool {
    let beyond = |sign: f64| entries.iter().any(|own| own * sign > 0.3 * largest);
    beyond(1.0) && beyond(-1.0)
}
