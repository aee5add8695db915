//! `synbal verify` of the certificate of a block.

use std::collections::BTreeSet;

use synaptic_balance::formats::checkpoint::{Checkpoint, Pages, Part, Shards};
use synaptic_balance::formats::energy::{EnergyFile, NamedProblem, TermNames};
use synaptic_balance::network::Regularizer;
use synaptic_balance::report::Reliance;

use super::{names, open};
use crate::cli::arguments::VerifyArguments;
use crate::cli::energy::judge;
use crate::cli::{BadInput, Reported};

/// Verifies a certificate about the block that it names.
pub fn verify(
    arguments: &VerifyArguments,
    certificate: &EnergyFile,
    regularizer: &Regularizer,
) -> Reported {
    let path = &arguments.network;
    if !matches!(regularizer, Regularizer::Lp(_)) {
        let reason = "certificates about checkpoints are about one power";
        return Err(BadInput::at(&arguments.certificate, reason).into());
    }
    let checkpoint = open(path, &arguments.family)?;
    let shards = Shards::open(&checkpoint).map_err(|fault| BadInput(fault.to_string()))?;
    let names = names(&checkpoint);
    let (part, units) = about(&checkpoint, &names, certificate).ok_or_else(|| {
        let reason = "is about the multipliers of no block of this checkpoint";
        BadInput::at(&arguments.certificate, reason)
    })?;
    let held = part.read(&checkpoint, &shards, Pages::default());
    let held = held.map_err(|fault| BadInput::at(path, fault))?;
    let power = regularizer.variable_power();
    let problem = part.problem(&checkpoint, &held, &power);
    let tensors = part.tensors.iter();
    let tensors = tensors.map(|tensor| checkpoint.tensors[tensor.tensor].name.clone());
    let named = NamedProblem {
        ranges: None,
        problem: problem.map_err(|fault| BadInput::at(path, fault))?,
        units,
        terms: TermNames::Tensors(tensors.collect()),
    };
    let (mut report, verdict) = judge(&arguments.certificate, certificate, regularizer, &named)?;
    report.text.insert_str(
        0,
        &format!("block {}\n", checkpoint.blocks[part.block].name),
    );
    report.json["block"] = checkpoint.blocks[part.block].name.clone().into();
    report.state_reliance(&[Reliance::Family]);
    Ok((report, verdict))
}

/// The block of which a certificate names multipliers, in which those that it does not name stay as they are.
fn about(
    checkpoint: &Checkpoint,
    names: &[Vec<String>],
    certificate: &EnergyFile,
) -> Option<(Part, Vec<(String, usize)>)> {
    let named: BTreeSet<&str> = certificate.units().collect();
    let is_named = |block: usize, group: usize, channel: usize| {
        let name = format!("{}[{channel}]", names[block][group]);
        named.contains(name.as_str())
    };
    let block = (0..checkpoint.blocks.len()).find(|block| {
        let groups = &checkpoint.blocks[*block].groups;
        let mut all = groups.iter().enumerate();
        all.any(|(group, content)| {
            (0..content.channels).any(|channel| is_named(*block, group, channel))
        })
    })?;
    let part = Part::new(checkpoint, block, &|group, channel| {
        is_named(block, group, channel)
    });
    let used: BTreeSet<usize> = part
        .forms
        .iter()
        .flatten()
        .map(|(variable, _)| *variable)
        .collect();
    let units = used.into_iter().map(|variable| {
        let (group, channel) = part.place(variable);
        (format!("{}[{channel}]", names[block][group]), variable)
    });
    let units = units.collect();
    Some((part, units))
}
