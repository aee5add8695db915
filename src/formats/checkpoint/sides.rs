//! How far a checkpoint is from balance: the two sides of each multiplier, one read of the weights.

use std::collections::BTreeMap;

use super::super::cache::cached;
use super::super::file_bytes::{map, open_input};
use super::super::storage::Storage;
use super::part::float;
use super::{Checkpoint, CheckpointError, NONE, Tensor};

/// The costs of the weights that a multiplier raises, and of those that it lowers, each times its exponent; by group of
/// a block, by channel.
pub type Sides = Vec<Vec<(f64, f64)>>;

impl Checkpoint {
    /// The sides of all multipliers for the cost `|w|^power`, block by block. A gain that is stored as `gain - 1`
    /// counts as the gain.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn sides(&self, power: f64) -> Result<Vec<Sides>, CheckpointError> {
        let mut maps = Vec::with_capacity(self.files.len());
        for path in &self.files {
            let file = open_input(&cached(path)).and_then(|file| map(&file));
            let file = file.map_err(|fault| CheckpointError::File {
                path: path.clone(),
                fault,
            })?;
            maps.push(file);
        }
        let mut found = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let mut axes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for member in block.groups.iter().flat_map(|group| &group.members) {
                axes.entry(member.tensor).or_default().push(member.axis);
            }
            let mut sums: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
            for (number, mut own) in axes {
                own.sort_unstable();
                own.dedup();
                let tensor = &self.tensors[number];
                let bytes = maps[tensor.file].get(tensor.bytes.clone());
                let bytes = bytes.ok_or_else(|| CheckpointError::Content {
                    path: self.files[tensor.file].clone(),
                    reason: "has become shorter".into(),
                })?;
                for (axis, sum) in own.iter().zip(axis_sums(tensor, bytes, &own, power)) {
                    sums.insert((number, *axis), sum);
                }
            }
            let sides = block.groups.iter().map(|group| {
                let mut sides = vec![(0.0, 0.0); group.channels];
                for member in &group.members {
                    let exponent = float(&member.exponent);
                    let costs = &sums[&(member.tensor, member.axis)];
                    for (channel, cost) in member.map.iter().zip(costs) {
                        if *channel == NONE {
                            continue;
                        }
                        let (raised, lowered) = &mut sides[*channel as usize];
                        match exponent > 0.0 {
                            true => *raised += exponent * cost,
                            false => *lowered -= exponent * cost,
                        }
                    }
                }
                sides
            });
            found.push(sides.collect());
        }
        Ok(found)
    }
}

/// The costs of a tensor added up for each index along some axes.
fn axis_sums(tensor: &Tensor, bytes: &[u8], axes: &[usize], power: f64) -> Vec<Vec<f64>> {
    let mut sums: Vec<Vec<f64>> = axes
        .iter()
        .map(|axis| vec![0.0; tensor.shape[*axis]])
        .collect();
    let (Some(storage), Some(width)) = (tensor.storage, tensor.shape.last().copied()) else {
        return sums;
    };
    let last = tensor.shape.len() - 1;
    // Rows of the last axis for each index of an axis before it.
    let strides = axes.iter().map(|axis| match *axis == last {
        true => 0,
        false => tensor.shape[axis + 1..last].iter().product::<usize>(),
    });
    let strides: Vec<usize> = strides.collect();
    let mut costs = vec![0.0; width];
    for (row, bytes) in bytes
        .chunks_exact((width * storage.size()).max(1))
        .enumerate()
    {
        row_costs(storage, bytes, (tensor.offset, power), &mut costs);
        let total: f64 = costs.iter().sum();
        for (sum, stride) in sums.iter_mut().zip(&strides) {
            match row.checked_div(*stride) {
                Some(place) => {
                    let length = sum.len();
                    sum[place % length] += total;
                }
                None => sum
                    .iter_mut()
                    .zip(&costs)
                    .for_each(|(sum, cost)| *sum += cost),
            }
        }
    }
    sums
}

fn row_costs(storage: Storage, bytes: &[u8], (offset, power): (u8, f64), costs: &mut [f64]) {
    let offset = f64::from(offset);
    for (cost, number) in costs.iter_mut().zip(bytes.chunks_exact(storage.size())) {
        let value = (storage.decode(number) + offset).abs();
        *cost = if power == 2.0 {
            value * value
        } else if power == 1.0 {
            value
        } else {
            value.powf(power)
        };
    }
}
