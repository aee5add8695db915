//! What a run is about, and parts that are joined.

use std::collections::BTreeMap;
use std::path::PathBuf;

use synaptic_balance::formats::checkpoint::Checkpoint;

use super::job::{self, PLAN};
use super::record::{Plan, Record, SCALES, sum};
use super::solve::Task;
use crate::cli::BadInput;
use crate::cli::arguments::{BalanceArguments, Gains};

/// What this run is about.
pub fn plan(task: &Task) -> Result<Plan, BadInput> {
    let (checkpoint, arguments) = (task.checkpoint, task.arguments);
    let blocks = checkpoint.blocks.len();
    let part = match arguments.parts.blocks {
        None => [0, blocks],
        Some([from, to]) if from < to && to <= blocks => [from, to],
        Some([from, to]) => {
            let reason = format!("has the blocks 0..{blocks}, of which {from}..{to} are none");
            return Err(BadInput::at(&arguments.network, reason));
        }
    };
    let mut files = Vec::new();
    for (file, path) in checkpoint.files.iter().enumerate() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let fault = |fault: std::io::Error| BadInput::at(path, fault);
        let length = task.shards.length(file).map_err(fault)?;
        let tensors = checkpoint
            .tensors
            .iter()
            .filter(|tensor| tensor.file == file);
        let start = tensors.map(|tensor| tensor.bytes.start).min().unwrap_or(0);
        let header = task.shards.start(file, start).map_err(fault)?;
        files.push((
            name.into_owned(),
            length,
            format!("{:016x}", sum(&header, 0)),
        ));
    }
    Ok(Plan {
        format: Plan::FORMAT.to_owned(),
        version: 1,
        family: checkpoint.family.clone(),
        files,
        blocks,
        scales: format!("{:016x}", scales(checkpoint)),
        regularizer: arguments.regularizer.to_string(),
        gains: match arguments.family.gains {
            Gains::Counted => "counted".to_owned(),
            Gains::Fixed => "fixed".to_owned(),
        },
        rounded: task.rounds,
        tolerance: arguments.tolerance,
        limit: arguments.limit,
        certify: task.certify,
        part,
    })
}

/// A sum over the groups of all blocks, and where they act.
fn scales(checkpoint: &Checkpoint) -> u64 {
    let mut all = 0;
    for group in checkpoint.groups() {
        let name = format!("{} {} {}", group.kind, group.name, group.channels);
        all = sum(name.as_bytes(), all);
        for member in &group.members {
            let place = format!("{} {} {}", member.tensor, member.axis, member.exponent);
            let map = member.map.iter().flat_map(|index| index.to_le_bytes());
            all = sum(&map.collect::<Vec<u8>>(), sum(place.as_bytes(), all));
        }
    }
    all
}

/// The records of all parts, each block once.
pub fn merged(
    arguments: &BalanceArguments,
    own: &Plan,
) -> Result<(Plan, BTreeMap<usize, Record>), BadInput> {
    let mut all: BTreeMap<usize, (Record, &PathBuf)> = BTreeMap::new();
    let mut first: Option<(Plan, &PathBuf)> = None;
    for folder in &arguments.parts.merge {
        let plan: Plan = job::read_json(&folder.join(PLAN))?;
        if own.files != plan.files || own.family != plan.family {
            let reason = format!("is no part of {}", arguments.network.display());
            return Err(BadInput::at(folder, reason));
        }
        if own.gains != plan.gains || own.blocks != plan.blocks {
            let reason = format!(
                "was made with other arguments: what is said of gains, which are {} in it",
                plan.gains
            );
            return Err(BadInput::at(folder, reason));
        }
        if own.scales != plan.scales {
            let reason = format!("was made with another state of {SCALES}");
            return Err(BadInput::at(folder, reason));
        }
        if let Some((first, other)) = &first
            && let Some(what) = first.difference(&plan)
        {
            let reason = format!(
                "was made with other arguments than {}: {what}",
                other.display()
            );
            return Err(BadInput::at(folder, reason));
        }
        for record in job::records(folder)? {
            let block = record.block;
            if block < plan.part[0] || block >= plan.part[1].min(plan.blocks) {
                let reason = format!("holds block {block}, which is not of its part");
                return Err(BadInput::at(folder, reason));
            }
            if let Some((_, other)) = all.insert(block, (record, folder)) {
                let reason = format!("block {block} is in {} too", other.display());
                return Err(BadInput::at(folder, reason));
            }
        }
        first.get_or_insert((plan, folder));
    }
    let missing: Vec<String> = (0..own.blocks)
        .filter(|block| !all.contains_key(block))
        .map(|block| block.to_string())
        .collect();
    if !missing.is_empty() {
        let reason = format!("blocks are missing in the parts: {}", missing.join(", "));
        return Err(BadInput::at(&arguments.network, reason));
    }
    let Some((plan, _)) = first else {
        return Err(BadInput("no parts to join".into()));
    };
    let records = all.into_iter().map(|(block, (record, _))| (block, record));
    Ok((plan, records.collect()))
}
