//! Commands about checkpoints of transformers: folders that are read block by block.

mod apply;
mod balance;
mod carry;
mod check;
mod copy;
mod job;
mod parts;
mod record;
mod solve;
mod stages;
mod verify;

pub use apply::apply;
pub use balance::balance;
pub use check::check;
pub use verify::verify;

use std::path::Path;

use synaptic_balance::formats::MAX_TEXT;
use synaptic_balance::formats::checkpoint::{Checkpoint, CheckpointError};
use synaptic_balance::network::Regularizer;

use super::arguments::{FamilyArguments, Gains, Perceptron, RoleArguments, Tied};
use super::{BadInput, text};

/// Reads a checkpoint, as its family and the arguments say.
pub fn open(path: &Path, arguments: &FamilyArguments) -> Result<Checkpoint, BadInput> {
    let family = arguments.family.as_deref().map(text).transpose()?;
    let opened = Checkpoint::open(path, family.as_deref());
    // Every fault names its file.
    let checkpoint = opened.map_err(|fault: CheckpointError| BadInput(fault.to_string()))?;
    Ok(match arguments.fixes_gains() {
        false => checkpoint,
        true => checkpoint.with_fixed_gains(),
    })
}

/// The configuration of a checkpoint.
fn config(checkpoint: &Checkpoint) -> Result<serde_json::Value, BadInput> {
    let names = ["config.json", "adapter_config.json"];
    let paths = names.map(|name| checkpoint.folder.join(name));
    let path = paths.iter().find(|path| path.is_file());
    let path = path.unwrap_or(&paths[0]);
    let bytes = super::input(path, MAX_TEXT)?;
    serde_json::from_slice(&bytes).map_err(|fault| BadInput::at(path, fault))
}

/// By block and group a name that no other group has.
pub fn names(checkpoint: &Checkpoint) -> Vec<Vec<String>> {
    let mut counts = std::collections::BTreeMap::new();
    for group in checkpoint.groups() {
        *counts.entry(group.name.as_str()).or_insert(0) += 1;
    }
    let mut taken = std::collections::BTreeSet::new();
    let blocks = checkpoint.blocks.iter().map(|block| {
        let groups = block.groups.iter().map(|group| {
            let mut name = group.name.clone();
            if counts[group.name.as_str()] > 1 {
                name = format!("{} {}", group.name, group.kind);
            }
            let mut number = 1;
            while !taken.insert(name.clone()) {
                number += 1;
                name = format!("{} {} {number}", group.name, group.kind);
            }
            name
        });
        groups.collect()
    });
    blocks.collect()
}

/// Is something else than a checkpoint asked about gains or families?
pub fn refuse_elsewhere(path: &Path, arguments: &FamilyArguments) -> Result<(), BadInput> {
    let reason = match (&arguments.family, arguments.gains) {
        (Some(_), _) => "--family describes checkpoints: folders with config.json",
        (None, Gains::Fixed) => "--gains is for checkpoints: folders with config.json",
        (None, Gains::Counted) => return Ok(()),
    };
    Err(BadInput::at(path, reason))
}

/// What is not done with checkpoints by any command: was it asked for, and what it is, with what takes its place.
fn never(
    tied: Option<Tied>,
    (perceptron, roles): (&Perceptron, &RoleArguments),
    regularizer: &Regularizer,
) -> [(bool, &'static str); 4] {
    [
        (
            tied.is_some(),
            "--tied: which tensors are tied follows from the configuration",
        ),
        (
            perceptron.arch.is_some(),
            "--arch: what is computed follows from the configuration",
        ),
        (
            !(roles.learned.is_empty() && roles.constant.is_empty()),
            "--learned and --constant: a description with the tensors that are `fixed` is given with --family",
        ),
        (
            matches!(regularizer, Regularizer::Mixture(_)),
            "a mixture of powers: give one of its powers, as in --regularizer l2",
        ),
    ]
}
