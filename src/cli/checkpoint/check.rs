//! `synbal check` of two checkpoints.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value;
use synaptic_balance::formats::checkpoint::{BlockFound, Checkpoint, Judge, Part, Shards, Tensor};
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::{self, CheckpointCheck, NumberType, Reliance, WrongBlock};

use super::stages::ROOM;
use super::{config, names, never, open};
use crate::cli::arguments::CheckArguments;
use crate::cli::{BadInput, Exit, Progress, Reported};

/// Fields of a configuration that say nothing about what is computed, unless the family takes them.
const ELSEWHERE: [&str; 12] = [
    "_name_or_path",
    "_commit_hash",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "use_cache",
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "base_model_name_or_path",
    "inference_mode",
    "revision",
];

/// Judges a checkpoint; `None` unless both are some.
pub fn check(arguments: &CheckArguments) -> Option<Reported> {
    let (before, after) = (arguments.before.as_deref()?, arguments.after.as_deref()?);
    let is_some = [before, after].map(Checkpoint::is_at);
    match is_some {
        [false, false] => None,
        [true, true] => Some(judge(arguments, before, after)),
        _ => {
            let reason = "of the two, only one is a checkpoint: a folder with config.json";
            Some(Err(BadInput::at(after, reason).into()))
        }
    }
}

fn judge(arguments: &CheckArguments, before: &Path, after: &Path) -> Reported {
    refuse(arguments, before)?;
    let start = Instant::now();
    let [old, new] = [
        open(before, &arguments.family)?,
        open(after, &arguments.family)?,
    ];
    let of = |checkpoint: &Checkpoint| -> BTreeSet<String> {
        let tensors = checkpoint.tensors.iter();
        tensors.map(|tensor| tensor.name.clone()).collect()
    };
    let (before_has, after_has) = (of(&old), of(&new));
    let checkpoints = [
        old.without_spare(&after_has),
        new.without_spare(&before_has),
    ];
    alike(&checkpoints, [before, after])?;
    let [old, new] = &checkpoints;
    let shards = |checkpoint: &Checkpoint| {
        Shards::open(checkpoint).map_err(|fault| BadInput(fault.to_string()))
    };
    let power = arguments.regularizer.variable_power();
    let judge = Judge {
        checkpoints: [old, new],
        shards: [shards(old)?, shards(new)?],
        tolerance: arguments.tolerance,
        power: rational_to_f64(&power),
        memory: Default::default(),
    };
    let failed = |fault: std::io::Error| BadInput::at(after, fault);
    let names = names(old);
    let changed: BTreeSet<usize> = old
        .blocks
        .iter()
        .flat_map(|block| &block.tensors)
        .copied()
        .collect();
    let fixed = (0..old.tensors.len()).filter(|tensor| !changed.contains(tensor));
    let steps = old.blocks.len() + old.tensors.len() - changed.len();
    let progress = Progress::over("reading both".to_owned(), steps as u64, 0);
    let shortest = |tensors: &mut dyn Iterator<Item = &Tensor>| {
        let types = tensors.filter_map(Tensor::number_type);
        types.min().unwrap_or(NumberType::F32)
    };
    let number_type = shortest(&mut new.tensors.iter());
    // What nothing scales excuses no deficit.
    let of_scaled = shortest(&mut changed.iter().map(|tensor| &new.tensors[*tensor]));
    let mut found = CheckpointCheck {
        family: old.family.clone(),
        sizes: [old.blocks.len(), old.dimension(), old.tensors.len()],
        multipliers: Vec::new(),
        wrong: Vec::new(),
        is_exact: true,
        is_of_powers: true,
        left: Vec::new(),
        one_sided: 0,
        deviation: 0.0,
        lost: 0,
        number_type,
        deficit: (
            0.0,
            old.blocks
                .first()
                .map_or(String::new(), |block| block.name.clone()),
        ),
        allowed: arguments.tolerance.max(of_scaled.excused_deficit(&power)),
        to_powers_of_two: Some(1),
        tolerance: arguments.tolerance,
        seconds: 0.0,
    };
    let blocks: Vec<usize> = (0..old.blocks.len()).collect();
    let judged = |number: &usize| {
        let part = Part::new(old, *number, &|_, _| true);
        let own = judge.block(&part);
        progress.step(&old.blocks[*number].name);
        own.map(|own| (part.starts, own))
    };
    for numbers in blocks.chunks(at_once(new)) {
        let all: Vec<std::io::Result<_>> = numbers.par_iter().map(judged).collect();
        for (number, own) in numbers.iter().zip(all) {
            let (starts, own) = own.map_err(failed)?;
            add(
                &mut found,
                &old.blocks[*number].name,
                (&names[*number], &starts),
                own,
            );
        }
    }
    for tensor in fixed {
        progress.step(&old.tensors[tensor].name);
        let (fault, own) = judge.fixed(tensor).map_err(failed)?;
        found.is_exact &= own.is_exact();
        found.is_of_powers &= own.count == 0 && own.most == 0.0;
        found.deviation = found.deviation.max(own.most);
        found.lost += own.lost;
        found
            .wrong
            .extend(fault.map(|fault| WrongBlock { block: None, fault }));
    }
    drop(progress);
    found.seconds = start.elapsed().as_secs_f64();
    found.to_powers_of_two = found
        .to_powers_of_two
        .filter(|_| found.is_of_powers && found.wrong.is_empty());
    let is_balanced = found.deficit.0 <= found.allowed || found.to_powers_of_two.is_some();
    if !is_balanced {
        found.left.clear();
    }
    let mut report = report::checkpoint_check(&found);
    report.state_reliance(&[Reliance::Family, Reliance::Deficit, Reliance::Scaling]);
    let verdict = match (found.wrong.is_empty(), is_balanced) {
        (false, _) => Exit::Incomplete,
        (true, false) => Exit::False,
        (true, true) => Exit::Done,
    };
    Ok((report, verdict))
}

/// The most blocks that are judged at the same time.
const AT_ONCE: usize = 8;

/// How many blocks are judged at the same time: of each the version after is held.
fn at_once(checkpoint: &Checkpoint) -> usize {
    let lengths = checkpoint.blocks.iter().map(|block| {
        let tensors = block.tensors.iter();
        tensors
            .map(|tensor| checkpoint.tensors[*tensor].bytes.len())
            .sum()
    });
    let longest: usize = lengths.max().unwrap_or(0);
    (ROOM / longest.max(1)).clamp(1, AT_ONCE)
}

/// Adds what was found of a block, whose groups have these names and begin with these variables.
fn add(
    found: &mut CheckpointCheck,
    block: &str,
    (names, starts): (&[String], &[usize]),
    own: BlockFound,
) {
    let left = own.balance.left.iter().map(|group| names[*group].clone());
    found.left.extend(left);
    found.one_sided += own.balance.one_sided;
    for (name, range) in names.iter().zip(starts.windows(2)) {
        let multipliers = own.multipliers[range[0]..range[1]].to_vec();
        found.multipliers.push((name.clone(), multipliers));
    }
    found.is_exact &= own.is_exact;
    found.is_of_powers &= own.is_of_powers;
    let pair = found.to_powers_of_two.zip(own.balance.near);
    found.to_powers_of_two = pair.map(|(one, other)| one.max(other));
    found.deviation = found.deviation.max(own.deviation);
    found.lost += own.lost;
    let deficit = own.balance.deficit;
    if deficit > found.deficit.0 || deficit.is_nan() {
        found.deficit = (deficit, block.to_owned());
    }
    found.wrong.extend(own.fault.map(|fault| WrongBlock {
        block: Some(block.to_owned()),
        fault,
    }));
}

/// What is not done with checkpoints.
fn refuse(arguments: &CheckArguments, path: &Path) -> Result<(), BadInput> {
    let asked = [(
        arguments.certificate.is_some(),
        "--certificate: certificates of blocks are written by `synbal balance`",
    )];
    let always = never(
        arguments.tied,
        (&arguments.perceptron, &arguments.roles),
        &arguments.regularizer,
    );
    match asked
        .into_iter()
        .chain(always)
        .find(|(is_asked, _)| *is_asked)
    {
        Some((_, what)) => Err(BadInput::at(
            path,
            format!("checkpoints are judged without {what}"),
        )),
        None => Ok(()),
    }
}

/// Refuses checkpoints that are not of one architecture.
fn alike(checkpoints: &[Checkpoint; 2], paths: [&Path; 2]) -> Result<(), BadInput> {
    let [old, new] = checkpoints;
    if old.family != new.family {
        let reason = format!(
            "is of the family {}, the other of {}",
            new.family, old.family
        );
        return Err(BadInput::at(paths[1], reason));
    }
    let [one, other] = [config(old)?, config(new)?];
    let fields = |config: &Value| -> BTreeSet<String> {
        let fields = config.as_object().into_iter().flatten();
        fields.map(|(field, _)| field.clone()).collect()
    };
    let all = fields(&one).into_iter().chain(fields(&other));
    let mut all = all.filter(|field| {
        let is_elsewhere = ELSEWHERE.contains(&field.as_str()) && !old.reading.takes(field);
        !is_elsewhere && !old.reading.ignores(field)
    });
    let value = |config: &Value, field: &str| {
        let value = config.get(field).cloned();
        value.filter(|value| !value.is_null())
    };
    // A tool that writes a configuration anew writes defaults too.
    let agree = |field: &str| {
        value(&one, field) == value(&other, field) || old.reading.agrees(&new.reading, field)
    };
    if let Some(field) = all.find(|field| !agree(field)) {
        let shown = |value: Option<&Value>| value.map_or("missing".to_owned(), Value::to_string);
        let reason = format!(
            "another architecture: `{field}` is {}, and {} before",
            shown(other.get(&field)),
            shown(one.get(&field))
        );
        return Err(BadInput::at(paths[1], reason));
    }
    let mut pairs = old.tensors.iter().zip(&new.tensors);
    let differs = pairs.find(|(one, other)| one.name != other.name || one.shape != other.shape);
    match differs {
        Some((one, other)) if one.name == other.name => {
            let reason = format!(
                "the tensor `{}` has the shape {:?}, and {:?} before",
                one.name, other.shape, one.shape
            );
            Err(BadInput::at(paths[1], reason))
        }
        Some((one, other)) => {
            let (path, name) = match one.name < other.name {
                true => (paths[1], &one.name),
                false => (paths[0], &other.name),
            };
            Err(BadInput::at(
                path,
                format!("the tensor `{name}` is missing"),
            ))
        }
        None if old.tensors.len() != new.tensors.len() => {
            let at = old.tensors.len().min(new.tensors.len());
            let (path, more) = match old.tensors.get(at) {
                Some(tensor) => (paths[1], tensor),
                None => (paths[0], &new.tensors[at]),
            };
            let reason = format!("the tensor `{}` is missing", more.name);
            Err(BadInput::at(path, reason))
        }
        None => Ok(()),
    }
}
