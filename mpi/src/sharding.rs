//! Which rank holds which rows.

use clap::ValueEnum;
use std::ops::Range;
use synaptic_balance::formats::MappedTensor;
use synaptic_balance::solve::blocks::band_rows;

/// How weights are divided among ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sharding {
    /// Each rank has some rows of every tensor.
    Rows,
    /// Each has whole layers, those that follow each other.
    Layers,
    /// Each has whole files.
    Files,
}

impl Sharding {
    pub fn name(self) -> &'static str {
        match self {
            Sharding::Rows => "rows",
            Sharding::Layers => "layers",
            Sharding::Files => "files",
        }
    }
}

/// Some rows of a block that has so many, whole bands.
pub fn rows(rows: usize, columns: usize, rank: usize, ranks: usize) -> Range<usize> {
    let step = band_rows(rows, columns);
    let bands = rows.div_ceil(step);
    let end = |rank: usize| (bands * rank / ranks * step).min(rows);
    end(rank)..end(rank + 1)
}

/// For each tensor the rows that a rank has of it. Together the ranks have each once.
pub fn own_rows(
    tensors: &[MappedTensor],
    sharding: Sharding,
    rank: usize,
    ranks: usize,
) -> Vec<Range<usize>> {
    let whole = |owner: usize, tensor: &MappedTensor| match owner == rank {
        true => 0..tensor.rows,
        false => 0..0,
    };
    let size = |tensor: &MappedTensor| tensor.rows * tensor.columns;
    match sharding {
        Sharding::Rows => {
            let all = tensors.iter();
            all.map(|tensor| rows(tensor.rows, tensor.columns, rank, ranks))
                .collect()
        }
        Sharding::Layers => {
            let total: usize = tensors.iter().map(size).sum();
            let mut before = 0;
            let all = tensors.iter();
            all.map(|tensor| {
                // Where the middle of the tensor falls if weights are divided evenly.
                let middle = (2 * before + size(tensor)) as u128;
                before += size(tensor);
                let owner = middle * ranks as u128 / (2 * total.max(1)) as u128;
                whole((owner as usize).min(ranks - 1), tensor)
            })
            .collect()
        }
        Sharding::Files => {
            let all = tensors.iter();
            all.map(|tensor| whole(tensor.file % ranks, tensor))
                .collect()
        }
    }
}
