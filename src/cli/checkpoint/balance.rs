//! `synbal balance` of a checkpoint: block by block, all of them or some, or joined from parts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use synaptic_balance::formats::checkpoint::{Checkpoint, Held, Pages, Part, Shards};
use synaptic_balance::formats::{LayerFigures, Losses, Measured, MeasuredLayer};
use synaptic_balance::network::Regularizer;
use synaptic_balance::report::{self, CheckpointBalance, NumberType, Reliance, Report};

use super::carry::members;
use super::copy::{Files, copy_others, others, weights_among};
use super::job::{self, Job};
use super::parts::{merged, plan};
use super::record::{Plan, Record};
use super::solve::{ReadBlock, Task};
use super::stages::{Stages, Stopped};
use super::{names, never, open};
use crate::cli::arguments::{BalanceArguments, MethodName};
use crate::cli::files::{self, note_written};
use crate::cli::{BadInput, Exit, Progress, Reported, layers, rounded};

/// Balances a checkpoint; `None` if it is none.
pub fn balance(arguments: &BalanceArguments) -> Option<Reported> {
    let path = &arguments.network;
    if !Checkpoint::is_at(path) {
        let asked = [
            (arguments.parts.blocks.is_some(), "--blocks"),
            (!arguments.parts.merge.is_empty(), "--merge"),
        ];
        let asked = asked.into_iter().find(|(is_asked, _)| *is_asked);
        return asked.map(|(_, what)| {
            let reason = format!("{what} is for checkpoints: folders with config.json");
            Err(BadInput::at(path, reason).into())
        });
    }
    Some(balance_checkpoint(arguments))
}

fn balance_checkpoint(arguments: &BalanceArguments) -> Reported {
    refuse(arguments)?;
    let checkpoint = open(&arguments.network, &arguments.family)?;
    let shards = Shards::open(&checkpoint).map_err(|fault| BadInput(fault.to_string()))?;
    let names = names(&checkpoint);
    let is_short = checkpoint
        .tensors
        .iter()
        .any(|tensor| tensor.number_type().is_some_and(NumberType::is_short));
    let mut task = Task {
        arguments,
        checkpoint: &checkpoint,
        shards: &shards,
        names: &names,
        power: arguments.regularizer.variable_power(),
        rounds: arguments.rounds(is_short),
        certify: arguments.certify.is_some() || arguments.certificate.is_some(),
    };
    let mut plan = plan(&task)?;
    let mut given = BTreeMap::new();
    if !arguments.parts.merge.is_empty() {
        let joined = merged(arguments, &plan)?;
        task.rounds = joined.0.rounded;
        (plan, given) = joined;
        plan.part = [0, checkpoint.blocks.len()];
    }
    if let Some(folder) = &arguments.certificate {
        std::fs::create_dir_all(folder).map_err(|fault| BadInput::at(folder, fault))?;
    }
    let run = Run::new(&task, plan, given)?;
    run.go()
}

/// What is not done with checkpoints.
fn refuse(arguments: &BalanceArguments) -> Result<(), BadInput> {
    let asked = [
        (
            !matches!(arguments.method, MethodName::Direct),
            "another method than the direct one: it is the one that reads blocks few times",
        ),
        (
            arguments.cross_check,
            "--cross-check: --certify has the result of every block verified",
        ),
        (
            arguments.max_scaling.is_some(),
            "--max-scaling: bound the multipliers of the report (--json) and carry them with `synbal apply`",
        ),
        (
            arguments.certify.is_some_and(|digits| digits > 15),
            "certificates of more than 15 digits: give at most 15",
        ),
    ];
    let always = never(
        arguments.tied,
        (&arguments.perceptron, &arguments.roles),
        &arguments.regularizer,
    );
    if let Some((_, what)) = asked
        .into_iter()
        .chain(always)
        .find(|(is_asked, _)| *is_asked)
    {
        let reason = format!("checkpoints are balanced without {what}");
        return Err(BadInput::at(&arguments.network, reason));
    }
    match (&arguments.output, arguments.parts.merge.is_empty()) {
        (None, false) => Err(BadInput(
            "--merge needs -o, the folder of the result".into(),
        )),
        (Some(output), _) => job::check_place(output),
        _ => Ok(()),
    }
}

/// A run over blocks.
struct Run<'a> {
    task: &'a Task<'a>,
    plan: Plan,
    /// Records of parts that are joined.
    given: BTreeMap<usize, Record>,
    job: Option<Job>,
    /// Files that are copied as they are.
    others: Vec<PathBuf>,
    seconds: [f64; 4],
}

impl<'a> Run<'a> {
    fn new(
        task: &'a Task<'a>,
        plan: Plan,
        given: BTreeMap<usize, Record>,
    ) -> Result<Self, BadInput> {
        let output = task.arguments.output.as_ref();
        let own = task.checkpoint.files.iter().cloned().collect();
        // What cannot be copied is found before anything is computed.
        let others = match output.is_some() {
            true => others(&task.checkpoint.folder, &own)
                .map_err(|fault| BadInput(fault.to_string()))?,
            false => Vec::new(),
        };
        let job = output.map(|output| Job::open(output, &task.checkpoint.folder, &plan));
        Ok(Run {
            task,
            plan,
            given,
            job: job.transpose()?,
            others,
            seconds: [0.0; 4],
        })
    }

    fn is_part(&self) -> bool {
        self.task.arguments.parts.blocks.is_some()
    }

    fn go(mut self) -> Reported {
        let mut records: BTreeMap<usize, Record> = BTreeMap::new();
        if let Some(job) = &self.job {
            let [from, to] = self.plan.part;
            let mut pages = Pages::default();
            for record in job.records()? {
                if !(from..to).contains(&record.block) {
                    let reason = format!("holds block {}, which is not of this run", record.block);
                    return Err(BadInput(format!("{}: {reason}", job.place().display())).into());
                }
                let read = self.task.read_part(self.task.part(record.block), pages)?;
                self.task
                    .is_about(&read, &record)
                    .map_err(|BadInput(reason)| {
                        let what = "holds a run about other weights: remove this folder";
                        BadInput::at(job.place(), format!("{what} ({reason})"))
                    })?;
                pages = read.into_pages();
                records.insert(record.block, record);
            }
        }
        let target = self.task.arguments.output.clone();
        let failed = |fault: std::io::Error| {
            let path = target.clone().unwrap_or_default();
            BadInput::at(&path, format!("cannot write: {fault}"))
        };
        let is_written = self.job.as_ref().is_some_and(|job| !job.is_done) && !self.is_part();
        let files = match (&self.job, is_written) {
            (Some(job), true) => {
                // Records without the bytes that they speak of, after a result was renamed or removed. They go first:
                // files are there as soon as they are made.
                if !Files::are_there(self.task.checkpoint, &job.result()) {
                    job.forget()?;
                    records.clear();
                }
                Some(Files::open(self.task.checkpoint, &job.result()).map_err(failed)?)
            }
            _ => None,
        };
        let resumed = records.len();
        if let Err(stopped) = self.blocks(&mut records, files.as_ref()) {
            // What is wrong with the checkpoint will be so again; room on a disk can be made.
            if let (Some(job), false) = (self.job.take(), stopped.by_disk) {
                job.remove();
            }
            return Err(stopped.failure);
        }
        let start = Instant::now();
        if let (Some(job), Some(files)) = (&self.job, &files) {
            files.sync_all().map_err(failed)?;
            let from = &self.task.checkpoint.folder;
            copy_others(from, &job.result(), &self.others).map_err(failed)?;
            job::sync_folder(&job.result());
        }
        let records: Vec<Record> = records.into_values().collect();
        if let Some(job) = self.job.take() {
            if self.is_part() && !job.is_done {
                job.make_part(&self.plan, &records)?;
            }
            job.finish()?;
            target.iter().for_each(|folder| note_written(folder));
        }
        self.seconds[3] += start.elapsed().as_secs_f64();
        self.report(&records, resumed)
    }

    /// Balances what is missing.
    fn blocks(
        &mut self,
        records: &mut BTreeMap<usize, Record>,
        files: Option<&Files>,
    ) -> Result<(), Stopped> {
        let [from, to] = self.plan.part;
        let progress = Progress::over(
            "balancing".to_owned(),
            (to - from) as u64,
            records.len() as u64,
        );
        let (given, task) = (&self.given, self.task);
        let missing: Vec<usize> = (from..to)
            .filter(|block| !records.contains_key(block))
            .collect();
        let stages = Stages {
            task,
            files,
            job: self.job.as_ref(),
        };
        let mut solving = [0.0; 2];
        let seconds = stages.go(&missing, |read| {
            let block = read.part.block;
            let name = &task.checkpoint.blocks[block].name;
            progress.say(name);
            let found = one(task, read, given.get(&block), &mut solving)?;
            records.insert(block, found.2.clone());
            progress.step(name);
            Ok(found)
        })?;
        self.seconds = [seconds[0], solving[0], solving[1], seconds[1]];
        Ok(())
    }

    fn report(&self, records: &[Record], resumed: usize) -> Reported {
        let (task, plan) = (self.task, &self.plan);
        let checkpoint = task.checkpoint;
        let most = |of: &dyn Fn(&Record) -> f64| records.iter().map(of).fold(0.0, f64::max);
        let total = |of: &dyn Fn(&Record) -> f64| records.iter().map(of).sum::<f64>();
        let mut multipliers = Vec::new();
        let mut fixed = Vec::new();
        let mut dimension = 0;
        for record in records {
            let block = &checkpoint.blocks[record.block];
            for (group, name) in task.names[record.block].iter().enumerate() {
                let own = record.multipliers.get(name).cloned().unwrap_or_default();
                match task.is_fixed(record.block, group) {
                    true => fixed.push(name.clone()),
                    false => dimension += block.groups[group].channels,
                }
                multipliers.push((name.clone(), own));
            }
        }
        let certified = records.iter().filter_map(|record| {
            let (is_attained, within) = record.certified?;
            Some((record.name.clone(), within.filter(|_| is_attained)))
        });
        let certified: Vec<(String, Option<f64>)> = certified.collect();
        let all_certified = certified.iter().all(|(_, within)| within.is_some());
        let regularizer = plan.regularizer.parse::<Regularizer>();
        let regularizer = regularizer.map_err(|fault| BadInput(fault.to_string()))?;
        let one_sided: Vec<String> = records
            .iter()
            .flat_map(|record| record.one_sided.clone())
            .collect();
        let short = records.iter().filter(|record| !record.is_enough);
        let found = CheckpointBalance {
            family: &checkpoint.family,
            regularizer: &regularizer,
            blocks: [plan.part[0], plan.part[1], plan.blocks],
            sizes: [dimension, records.iter().map(|record| record.weights).sum()],
            values: [0, 1].map(|at| total(&|record: &Record| record.values[at])),
            deficits: [0, 1, 2].map(|at| most(&|record: &Record| record.deficits[at])),
            factor: plan
                .rounded
                .then(|| most(&|record: &Record| record.factor).max(1.0)),
            reads: records.iter().map(|record| record.reads).max().unwrap_or(0),
            short: (
                plan.tolerance,
                short.map(|record| record.name.clone()).collect(),
            ),
            one_sided,
            fixed,
            gains_fixed: plan.gains == "fixed",
            certified: (!certified.is_empty()).then_some(certified),
            multipliers,
            members: members(checkpoint, task.names),
            seconds: self.seconds,
            resumed,
            copies: weights_among(&self.others),
        };
        let mut report = report::checkpoint_balance(&found);
        let mut verdict = match task.certify && !all_certified {
            true => Exit::Incomplete,
            false => Exit::Done,
        };
        let lost = Losses {
            first: Vec::new(),
            count: records.iter().map(|record| record.lost.0).sum(),
        };
        if plan.rounded {
            verdict = rounded::judge(task.arguments, &mut report, (&lost, None), verdict);
        }
        state_lost(&mut report, records, lost.count);
        let measured = measured(records, found.values);
        report::layers_report(&mut report, &measured, &regularizer, layers::ROWS);
        if let Some((path, picture)) = layers::plot(task.arguments, &measured)? {
            files::write_all(vec![(path, picture.into_bytes())])?;
        }
        let mut relied = vec![Reliance::Family, Reliance::Deficit];
        if resumed > 0 || !self.given.is_empty() {
            relied.push(Reliance::Records);
        }
        report.state_reliance(&relied);
        Ok((report, verdict))
    }
}

/// The blocks as layers; the spread of a block is that of its widest matrix.
fn measured(records: &[Record], values: [f64; 2]) -> Measured {
    let layers = records.iter().filter_map(|record| {
        let found = record.figures.as_ref()?;
        let side = |at: usize, deficit: f64| LayerFigures {
            ranges: found.ranges[at],
            spread: found.spread[at],
            deficit: Some(deficit),
            share: if values[at] > 0.0 {
                record.values[at] / values[at]
            } else {
                0.0
            },
        };
        Some(MeasuredLayer {
            name: record.name.clone(),
            channels: found.channels,
            before: side(0, record.deficits[0]),
            after: Some(side(1, record.deficits[2])),
        })
    });
    Measured::new(layers.collect(), None)
}

fn state_lost(report: &mut Report, records: &[Record], count: usize) {
    let first: Vec<&String> = records.iter().flat_map(|record| &record.lost.1).collect();
    report.json["lost_count"] = count.into();
    report.json["lost"] = first.iter().map(|name| name.as_str()).collect();
    if let Some(name) = first.first() {
        let said = report::below_range(count as u64);
        report.text += &format!("note      {said}, {name} first\n");
    }
}

/// Balances a block, or repeats what a part says of it.
fn one(
    task: &Task,
    read: ReadBlock,
    given: Option<&Record>,
    seconds: &mut [f64; 2],
) -> Result<(Part, Held, Record), Stopped> {
    if let Some(record) = given {
        let (part, held) = task.repeat(read, record)?;
        return Ok((part, held, record.clone()));
    }
    let block = read.part.block;
    let solved = task.solve(read)?;
    let times = seconds.iter_mut().zip(solved.seconds);
    times.for_each(|(all, own)| *all += own);
    if let (Some(folder), Some(text)) = (&task.arguments.certificate, &solved.certificate) {
        certificate(folder, block, text).map_err(Stopped::by_disk)?;
    }
    Ok((solved.part, solved.held, solved.record))
}

/// Writes the certificate of a block.
fn certificate(folder: &Path, block: usize, text: &str) -> Result<(), BadInput> {
    let path = folder.join(format!("block-{block:05}.json"));
    crate::cli::files::write_all(vec![(path, text.as_bytes().to_vec())])
}
