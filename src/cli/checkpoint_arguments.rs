//! The arguments that are about checkpoints alone.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Some blocks of a checkpoint, or parts of it.
#[derive(Debug, Args)]
pub struct PartArguments {
    /// For checkpoints: balance only the blocks from A up to, not including, B. OUT is then a part, to be joined
    /// by --merge.
    #[arg(long, value_name = "A..B", value_parser = blocks)]
    pub blocks: Option<[usize; 2]>,
    /// For checkpoints: join parts made by --blocks of all blocks of this checkpoint.
    #[arg(long, value_name = "PART", num_args = 1.., conflicts_with_all = ["blocks", "certify", "certificate"])]
    pub merge: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// The multipliers: the JSON that balancing a checkpoint prints.
    pub multipliers: PathBuf,
    /// A safetensors file, or a folder of them.
    pub model: PathBuf,
    /// What is written: a file, or a folder that is not there.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// The numbers are moments of gradients, though they have the names of weights.
    #[arg(long, value_enum)]
    pub moment: Option<Moment>,
}

/// Moments of gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Moment {
    /// Averages of gradients.
    First,
    /// Averages of their squares.
    Second,
}

/// A range of blocks, the second end not included.
fn blocks(text: &str) -> Result<[usize; 2], String> {
    let ends = text.split_once("..");
    let ends = ends.and_then(|(from, to)| Some([from.parse().ok()?, to.parse().ok()?]));
    ends.ok_or_else(|| "must be two numbers, as in 0..16".to_string())
}
