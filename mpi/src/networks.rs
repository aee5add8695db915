//! Random networks in memory, of which each rank makes the rows that it holds: the same network on any number of ranks.

use clap::ValueEnum;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::ops::Range;

use synaptic_balance::solve::blocks::{BlockError, Share, band_rows};
use synaptic_balance_kernel::Entries;

use crate::sharding::rows;

/// The kinds of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Layers of one width, with biases.
    Layered,
    /// The same, each weight times a number over many orders of magnitude.
    Skewed,
    /// One layer that reads itself.
    Recurrent,
}

/// Layers of weights of the layered networks.
const LAYERS: usize = 8;

/// How skewed: the standard deviation of the logarithms of weights.
const SKEW: f64 = 3.0;

/// A block: its groups, its size, the scale of its weights.
pub struct Block {
    pub ends: (Option<usize>, Option<usize>),
    pub size: (usize, usize),
    scale: f64,
}

/// A network without its weights.
pub struct Network {
    pub kind: Kind,
    pub groups: Vec<usize>,
    pub blocks: Vec<Block>,
    seed: u64,
}

impl Network {
    /// With about so many weights.
    pub fn new(kind: Kind, weights: usize, seed: u64) -> Self {
        let blocks = if kind == Kind::Recurrent { 3 } else { LAYERS };
        let width = ((weights as f64 / blocks as f64).sqrt().round() as usize).max(1);
        let block = |to, from, columns| Block {
            ends: (to, from),
            size: (width, columns),
            scale: (2.0 / width as f64).sqrt(),
        };
        let mut network = Network {
            kind,
            groups: Vec::new(),
            blocks: Vec::new(),
            seed,
        };
        let own = &mut network.blocks;
        match kind {
            Kind::Recurrent => {
                network.groups.push(width);
                own.push(block(Some(0), None, width));
                own.push(block(Some(0), Some(0), width));
                own.push(block(Some(0), None, 1));
                own.push(block(None, Some(0), width));
            }
            Kind::Layered | Kind::Skewed => {
                let mut from = None;
                for layer in 0..LAYERS {
                    let to = (layer + 1 < LAYERS).then_some(layer);
                    own.push(block(to, from, width));
                    if to.is_some() {
                        network.groups.push(width);
                        own.push(block(to, None, 1));
                    }
                    from = to;
                }
            }
        }
        network
    }

    /// The most synapses at a unit.
    pub fn fan(&self) -> usize {
        let at = |group: usize| {
            let sizes = self.blocks.iter().map(|block| {
                let into = if block.ends.0 == Some(group) {
                    block.size.1
                } else {
                    0
                };
                into + if block.ends.1 == Some(group) {
                    block.size.0
                } else {
                    0
                }
            });
            sizes.sum()
        };
        (0..self.groups.len()).map(at).max().unwrap_or(0)
    }

    /// The rows of each block that a rank holds.
    pub fn own_rows(&self, rank: usize, ranks: usize) -> Vec<Range<usize>> {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| rows(block.size.0, block.size.1, rank, ranks))
            .collect()
    }

    /// The weights of some rows of each block.
    pub fn weights(&self, own: &[Range<usize>]) -> Vec<Vec<f32>> {
        let blocks = self.blocks.iter().zip(own).enumerate();
        blocks
            .map(|(number, (block, own))| {
                let (rows, columns) = block.size;
                let step = band_rows(rows, columns);
                let starts: Vec<usize> = own.clone().step_by(step).collect();
                let bands = starts.into_par_iter().map(|start| {
                    let count = columns * (own.end.min(start + step) - start);
                    self.band(number, start, (count, block.scale))
                });
                bands.flatten().collect()
            })
            .collect()
    }

    fn band(&self, block: usize, start: usize, (count, scale): (usize, f64)) -> Vec<f32> {
        let place = ((block as u64) << 40) + start as u64;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(place);
        let mut draw = || {
            let skew = match self.kind {
                Kind::Skewed => (SKEW * normal(&mut rng)).exp(),
                _ => 1.0,
            };
            (scale * skew * normal(&mut rng)) as f32
        };
        (0..count).map(|_| draw()).collect()
    }

    /// What a rank holds of the balancing problem.
    pub fn share<'a>(
        &self,
        power: f64,
        own: &[Range<usize>],
        weights: &'a [Vec<f32>],
    ) -> Result<Share<'a>, BlockError> {
        let mut share = Share::new(power)?;
        for units in &self.groups {
            share.add_group(*units);
        }
        for ((block, own), weights) in self.blocks.iter().zip(own).zip(weights) {
            let bytes: &[[u8; 4]] = bytemuck::cast_slice(weights);
            share.add_rows(block.ends, block.size, own.clone(), Entries::F32(bytes))?;
        }
        Ok(share)
    }
}

/// A standard normal number.
fn normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
