//! How far the magnitudes of a block's channels are spread, before and after.

use serde::{Deserialize, Serialize};

use super::Checkpoint;
use super::part::{Held, Part};
use crate::formats::measure::{self, Law, Matrix, Sides};
use crate::formats::storage::Storage;
use crate::network::Regularizer;

/// The channels of a block: the rows of its matrices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockFigures {
    /// Before and after, the largest magnitude by channel: where it is smallest, in the median one, and where it is
    /// largest.
    pub ranges: [[f64; 3]; 2],
    /// Before and after, the largest norm of a channel over the smallest, of the matrix where that is most; `None`
    /// without matrices of two channels.
    pub spread: [Option<f64>; 2],
    /// The number of channels.
    pub channels: usize,
}

impl Part {
    /// Measures a block with its multipliers, in one go through the numbers that are held.
    ///
    /// # Panics
    /// If there are not as many multipliers as variables.
    pub fn figures(
        &self,
        checkpoint: &Checkpoint,
        held: &Held,
        multipliers: &[f64],
        regularizer: &Regularizer,
    ) -> BlockFigures {
        let law = Law::of(regularizer);
        let factors = self.factors(multipliers);
        let mut ranges: [Vec<f64>; 2] = Default::default();
        let mut spread: [Option<f64>; 2] = [None; 2];
        for (part, (tensor, bytes)) in self.tensors.iter().zip(self.bytes(held)) {
            if part.rows.len() < 2 || part.columns.len() < 2 {
                continue;
            }
            let storage = checkpoint.tensors[tensor]
                .storage
                .unwrap_or(Storage::Single);
            let of = |forms: &[usize]| Some(forms.iter().map(|form| factors[*form]).collect());
            let matrix = Matrix {
                bytes,
                storage,
                rows: part.rows.len(),
                columns: part.columns.len(),
                by_row: of(&part.rows),
                by_column: of(&part.columns),
            };
            let mut rows: Vec<Sides> = Vec::with_capacity(matrix.rows);
            matrix.measure(&law, false, |_, (found, _)| rows.extend(found));
            for side in 0..2 {
                let own = rows
                    .iter()
                    .map(|row| row[side])
                    .filter(|sum| sum.largest > 0.0);
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                for sum in own {
                    ranges[side].push(sum.largest);
                    let norm = law.ln_norm(&sum);
                    (low, high) = (low.min(norm), high.max(norm));
                }
                if low <= high {
                    let own = (high - low).exp();
                    spread[side] = Some(spread[side].map_or(own, |most| most.max(own)));
                }
            }
        }
        let channels = ranges[0].len();
        BlockFigures {
            ranges: ranges.map(measure::ranges),
            spread,
            channels,
        }
    }
}
