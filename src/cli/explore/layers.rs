//! Models that are too large to be drawn: their layers with the ranges of channels, before and after balancing.

use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};
use synaptic_balance::formats::checkpoint::{Shards, ranges};
use synaptic_balance::formats::{Model, OnnxFile};
use synaptic_balance::network::Regularizer;
use synaptic_balance::report::exploration::{Channels, network_ranges, ranges_report};

use crate::cli::arguments::{Arguments, Command, FamilyArguments};
use crate::cli::{BadInput, Failure, checkpoint as checkpoints, explain, layers};

fn answer(layers: &[Channels], multipliers: usize, is_balanced: bool) -> Value {
    json!({
        "kind": "layers",
        "multipliers": multipliers,
        "is_balanced": is_balanced,
        "layers": ranges_report(layers),
    })
}

pub fn onnx(model: &OnnxFile, regularizer: &Regularizer) -> Value {
    let network = model.network();
    let multipliers = explain::channel_multipliers(model, regularizer);
    let before = model.ranges(&vec![1.0; network.units()]);
    let after = multipliers
        .as_ref()
        .map(|multipliers| model.ranges(multipliers));
    let largest = |channels: &[(f64, f64)]| channels.iter().map(|(largest, _)| *largest).collect();
    let layers = before.iter().enumerate().map(|(place, layer)| Channels {
        name: layer.tensor.clone(),
        before: largest(&layer.channels),
        after: after
            .as_ref()
            .map_or(Vec::new(), |after| largest(&after[place].channels)),
    });
    let layers: Vec<Channels> = layers.collect();
    answer(&layers, network.variables(), multipliers.is_some())
}

pub fn perceptron(model: &Model, regularizer: &Regularizer) -> Value {
    let network = model.network();
    let multipliers = explain::balanced_multipliers(network, regularizer);
    let groups = layers::groups(model, network).unwrap_or_default();
    let layers = network_ranges(network, &groups, multipliers.as_deref());
    answer(&layers, network.variables(), multipliers.is_some())
}

/// A checkpoint: balanced as `synbal balance` without an output does it, and read once more.
pub fn checkpoint(
    path: &Path,
    family: &FamilyArguments,
    regularizer: &Regularizer,
) -> Result<Value, Failure> {
    let checkpoint = checkpoints::open(path, family)?;
    let shards = Shards::open(&checkpoint).map_err(|fault| BadInput(fault.to_string()))?;
    let names = checkpoints::names(&checkpoint);
    let found = balanced(path, family, regularizer)?;
    let of = |name: &String| {
        let own = found["multipliers"][name].as_array();
        let own = own.into_iter().flatten().filter_map(Value::as_f64);
        own.collect::<Vec<f64>>()
    };
    let multipliers: Vec<Vec<Vec<f64>>> = names
        .iter()
        .map(|names| names.iter().map(of).collect())
        .collect();
    let groups = checkpoint
        .blocks
        .iter()
        .zip(&multipliers)
        .flat_map(|(block, own)| block.groups.iter().zip(own));
    if groups
        .into_iter()
        .any(|(group, own)| group.channels != own.len())
    {
        let reason = "a multiplier is beyond the range of numbers";
        return Err(Failure::Incomplete(reason.to_owned()));
    }
    let layers = ranges(&checkpoint, &shards, |block, group| {
        &multipliers[block][group]
    });
    let layers = layers.map_err(|fault| BadInput::at(path, fault))?;
    let layers = layers.into_iter().map(|layer| Channels {
        name: layer.tensor,
        before: layer.before,
        after: layer.after,
    });
    let layers: Vec<Channels> = layers.collect();
    Ok(answer(&layers, checkpoint.dimension(), true))
}

fn balanced(
    path: &Path,
    family: &FamilyArguments,
    regularizer: &Regularizer,
) -> Result<Value, Failure> {
    let defaults = ["synbal", "balance", "."];
    let parsed = Arguments::try_parse_from(defaults);
    let Ok(Some(Command::Balance(mut arguments))) = parsed.map(|parsed| parsed.command) else {
        return Err(Failure::Incomplete("no arguments".to_owned()));
    };
    arguments.network = path.to_owned();
    arguments.regularizer = regularizer.clone();
    arguments.family = family.clone();
    let Some(outcome) = checkpoints::balance(&arguments) else {
        return Err(BadInput::at(path, "is no checkpoint any more").into());
    };
    outcome.map(|(report, _)| report.json)
}
