//! Plain perceptrons in memory: random ones to measure with, their blocks, and scaling in place.

use rand::{Rng, RngExt};

use super::{Blocks, Weights};

/// A layered network without skips: weights `[out, in]` of every layer, biases of every layer but the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Perceptron {
    /// Numbers of units, inputs first.
    pub sizes: Vec<usize>,
    /// By layer, row after row.
    pub weights: Vec<Vec<f64>>,
    /// By layer; biases of outputs, which balancing does not change, are left out.
    pub biases: Vec<Vec<f64>>,
}

impl Perceptron {
    /// Random weights as networks start with them, `N(0, 2/inputs)` (Kaiming), biases a tenth of that; each weight
    /// times `exp(N(0, skew²))`, each layer times `exp(N(0, layers²))`.
    pub fn random(sizes: &[usize], skew: f64, layers: f64, rng: &mut impl Rng) -> Self {
        let mut network = Perceptron {
            sizes: sizes.to_vec(),
            weights: Vec::new(),
            biases: Vec::new(),
        };
        for (layer, pair) in sizes.windows(2).enumerate() {
            let scale = (2.0 / pair[0] as f64).sqrt() * (layers * normal(rng)).exp();
            let mut draw = |count: usize, scale: f64| -> Vec<f64> {
                let skewed = |rng: &mut _| match skew {
                    0.0 => 1.0,
                    skew => (skew * normal(rng)).exp(),
                };
                (0..count)
                    .map(|_| scale * normal(rng) * skewed(rng))
                    .collect()
            };
            network.weights.push(draw(pair[0] * pair[1], scale));
            if layer + 2 < sizes.len() {
                network.biases.push(draw(pair[1], 0.1 * scale));
            }
        }
        network
    }

    /// The balancing problem: groups are the hidden layers.
    ///
    /// # Panics
    /// If the sizes do not fit the weights, or the power is not positive.
    pub fn blocks(&self, power: f64) -> Blocks<'_> {
        let mut blocks = Blocks::new(power).expect("a positive power");
        let mut from = None;
        for (layer, weights) in self.weights.iter().enumerate() {
            let (inputs, units) = (self.sizes[layer], self.sizes[layer + 1]);
            let to = self.biases.get(layer).map(|_| blocks.add_group(units));
            let added = blocks.add_dense(to, from, units, inputs, Weights::Double(weights));
            added.expect("sizes that fit");
            if let Some(biases) = self.biases.get(layer) {
                let added = blocks.add_dense(to, None, units, 1, Weights::Double(biases));
                added.expect("sizes that fit");
            }
            from = to;
        }
        blocks
    }

    /// Scales all weights in place: by the multipliers `μ` of costs `|w|^power`, as
    /// [`balance_blocks`](super::balance_blocks) finds them.
    ///
    /// # Panics
    /// If there are not as many multipliers as hidden units.
    pub fn scale(&mut self, multipliers: &[f64], power: f64) {
        let roots: Vec<f64> = multipliers.iter().map(|mu| mu.powf(1.0 / power)).collect();
        let ends: Vec<f64> = vec![1.0; self.sizes.iter().copied().max().unwrap_or(0)];
        let (mut from, mut start) = (&ends[..], 0);
        for (layer, weights) in self.weights.iter_mut().enumerate() {
            let units = self.sizes[layer + 1];
            let to = match self.biases.get_mut(layer) {
                Some(biases) => {
                    let to = &roots[start..start + units];
                    biases
                        .iter_mut()
                        .zip(to)
                        .for_each(|(bias, factor)| *bias *= factor);
                    start += units;
                    to
                }
                None => &ends[..units],
            };
            scale_block(weights, to, &from[..self.sizes[layer]]);
            from = to;
        }
    }
}

/// Scales a dense block in place: `w_ij to_i / from_j`, with multipliers of weights.
///
/// # Panics
/// If the lengths do not fit.
pub fn scale_block<T: Copy + Into<f64> + Send>(weights: &mut [T], to: &[f64], from: &[f64])
where
    f64: RoundTo<T>,
{
    assert_eq!(
        weights.len(),
        to.len() * from.len(),
        "one weight for each pair"
    );
    if weights.is_empty() {
        return;
    }
    let inverse: Vec<f64> = from.iter().map(|factor| 1.0 / factor).collect();
    let row = |(row, to): (&mut [T], &f64)| {
        let entries = row.iter_mut().zip(&inverse);
        entries.for_each(|(weight, from)| *weight = ((*weight).into() * (to * from)).round_to());
    };
    #[cfg(feature = "parallel")]
    if weights.len() > 1 << 16 {
        use rayon::prelude::*;
        weights.par_chunks_mut(from.len()).zip(to).for_each(row);
        return;
    }
    weights.chunks_mut(from.len()).zip(to).for_each(row);
}

/// Rounding to the number type of a model.
pub trait RoundTo<T> {
    /// The nearest.
    fn round_to(self) -> T;
}

impl RoundTo<f64> for f64 {
    fn round_to(self) -> f64 {
        self
    }
}

impl RoundTo<f32> for f64 {
    fn round_to(self) -> f32 {
        self as f32
    }
}

/// A standard normal number.
fn normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
