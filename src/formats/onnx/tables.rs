//! Tables of sines and cosines by position, as rotary embeddings and transforms of Fourier read them: they are numbers
//! of formulas, and no scaling changes them.

use std::ops::Range;

use super::constant::View;
use super::infer::Inference;
use crate::formats::storage::Storage;

/// Fewer positions could be anything.
const FEWEST_ROWS: usize = 8;

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
                let waves = |rows| are_waves(rows, columns, tolerance(storage), &number);
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

/// How far rounded entries of a wave may be from it, relatively.
fn tolerance(storage: Storage) -> f64 {
    match storage {
        Storage::Half => 4e-3,
        Storage::Brain => 3e-2,
        Storage::Single | Storage::Double => 1e-4,
    }
}

/// Are all columns waves `a sin(wp + b)` of the row `p`, and is one of them seen to turn? `None` where an entry is not
/// stored.
fn are_waves(
    rows: Range<usize>,
    columns: usize,
    tolerance: f64,
    number: &dyn Fn(usize) -> Option<f64>,
) -> Option<bool> {
    let mut turns = false;
    for column in 0..columns {
        let entries = rows.clone().map(|row| number(row * columns + column));
        let wave = entries.collect::<Option<Vec<f64>>>()?;
        if !is_wave(&wave, tolerance) {
            return Some(false);
        }
        let (low, high) = wave.iter().fold((0f64, 0f64), |(low, high), own| {
            (low.min(*own), high.max(*own))
        });
        turns |= low < -0.5 * high && high > 0.0;
    }
    Some(turns)
}

/// Is every entry `2 cos w` times the one before it, less the one before that?
fn is_wave(entries: &[f64], tolerance: f64) -> bool {
    let largest = entries.iter().fold(0f64, |all, own| all.max(own.abs()));
    let inner = || entries.windows(3).map(|own| (own[1], own[0] + own[2]));
    let square: f64 = inner().map(|(own, _)| own * own).sum();
    if square == 0.0 {
        return largest == 0.0;
    }
    let factor = inner().map(|(own, both)| own * both).sum::<f64>() / square;
    inner().all(|(own, both)| (both - factor * own).abs() <= tolerance * largest)
}
