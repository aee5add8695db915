//! The largest magnitudes of a checkpoint's weights by channel, before and after multipliers.

use std::io::Result;

use super::{Checkpoint, NONE, Shards, Tensor};

/// Bytes read at once, at least a row.
const PAGE: usize = 1 << 20;

/// A tensor of two axes or more, and for each index along its first axis the largest magnitude of a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorRange {
    /// The tensor.
    pub tensor: String,
    /// As the weights are.
    pub before: Vec<f64>,
    /// With the multipliers.
    pub after: Vec<f64>,
}

/// The ranges of all tensors that multipliers change and that have two axes or more, in the order of blocks;
/// `multiplier` gives those of a group in a block. Cost: one read of these tensors.
///
/// # Errors
/// Those of the system.
///
/// # Panics
/// If a group is given fewer multipliers than it has.
pub fn ranges<'a>(
    checkpoint: &Checkpoint,
    shards: &Shards,
    multiplier: impl Fn(usize, usize) -> &'a [f64],
) -> Result<Vec<TensorRange>> {
    let mut found = Vec::new();
    for (number, block) in checkpoint.blocks.iter().enumerate() {
        for tensor in &block.tensors {
            let own = &checkpoint.tensors[*tensor];
            if own.shape.iter().filter(|length| **length > 1).count() < 2 {
                continue;
            }
            let mut factors: Vec<Vec<f64>> =
                own.shape.iter().map(|length| vec![1.0; *length]).collect();
            for (place, group) in block.groups.iter().enumerate() {
                let multipliers = multiplier(number, place);
                for member in group.members.iter().filter(|one| one.tensor == *tensor) {
                    let power = *member.exponent.numer() as f64 / *member.exponent.denom() as f64;
                    for (factor, channel) in factors[member.axis].iter_mut().zip(&*member.map) {
                        if *channel != NONE {
                            *factor *= multipliers[*channel as usize].powf(power);
                        }
                    }
                }
            }
            found.extend(range(own, shards, &factors)?);
        }
    }
    Ok(found)
}

/// One tensor, page by page; `None` if its numbers are no weights.
fn range(tensor: &Tensor, shards: &Shards, factors: &[Vec<f64>]) -> Result<Option<TensorRange>> {
    let (Some(storage), Some((rows, within))) = (tensor.storage, factors.split_first()) else {
        return Ok(None);
    };
    let row: usize = within.iter().map(Vec::len).product();
    let bytes = row * storage.size();
    let at_once = (PAGE / bytes.max(1)).clamp(1, rows.len().max(1));
    let mut before = vec![0.0f64; rows.len()];
    let mut after = before.clone();
    let mut page = vec![0; at_once * bytes];
    for first in (0..rows.len()).step_by(at_once) {
        let count = at_once.min(rows.len() - first);
        shards.read(tensor, first * bytes, &mut page[..count * bytes])?;
        for (index, entries) in page[..count * bytes].chunks_exact(bytes).enumerate() {
            let at = first + index;
            for (entry, number) in entries.chunks_exact(storage.size()).enumerate() {
                let weight = (storage.decode(number) + f64::from(tensor.offset)).abs();
                before[at] = before[at].max(weight);
                after[at] = after[at].max(weight * rows[at] * along(within, entry));
            }
        }
    }
    Ok(Some(TensorRange {
        tensor: tensor.name.clone(),
        before,
        after,
    }))
}

/// The factor of an entry of a row.
fn along(factors: &[Vec<f64>], mut entry: usize) -> f64 {
    let mut factor = 1.0;
    for axis in factors.iter().rev() {
        factor *= axis[entry % axis.len()];
        entry /= axis.len();
    }
    factor
}
