//! One block of a checkpoint, balanced in few reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use synaptic_balance::formats::checkpoint::{Checkpoint, Held, Pages, Part, Shards};
use synaptic_balance::formats::energy::{EnergyFile, NamedProblem, TermNames};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::energy::{EnergyProof, point_of_floats};
use synaptic_balance::solve::general::{FewReads, Reached, TermCosts, balance_in_few_reads};
use synaptic_balance_kernel::Problem;

use super::record::{Record, sum};
use crate::cli::arguments::BalanceArguments;
use crate::cli::proving::find;
use crate::cli::rounded::nearest;
use crate::cli::{BadInput, Failure};

/// What every block is balanced with.
pub struct Task<'a> {
    pub arguments: &'a BalanceArguments,
    pub checkpoint: &'a Checkpoint,
    pub shards: &'a Shards,
    /// By block and group.
    pub names: &'a [Vec<String>],
    /// Costs are `|w|^power`.
    pub power: Rational,
    /// Are multipliers rounded to powers of 2?
    pub rounds: bool,
    pub certify: bool,
}

/// A block that was read, with a sum over its bytes.
pub struct ReadBlock {
    pub part: Part,
    held: Held,
    sum: u64,
}

impl ReadBlock {
    /// The memory, to be used again.
    pub fn into_pages(self) -> Pages {
        self.held.into_pages()
    }
}

/// A block, balanced and scaled.
pub struct Solved {
    pub part: Part,
    pub held: Held,
    pub record: Record,
    pub certificate: Option<String>,
    /// Seconds to solve and certify.
    pub seconds: [f64; 2],
}

/// Multipliers that are written.
struct Chosen {
    multipliers: Vec<f64>,
    /// The largest factor of rounding.
    factor: f64,
    /// Before and after rounding.
    deficits: [f64; 2],
    value: f64,
    reads: usize,
}

/// The deficit that is sought where multipliers are rounded, and in so many reads; and that which has to be reached.
const ROUNDED: FewReads = FewReads {
    tolerance: 1e-5,
    reads: 4,
    enough: 0.1,
    at_most: 400,
};

impl Task<'_> {
    /// Are the multipliers of a group left as they are? Powers of two are not exact on a gain that is stored less 1.
    pub fn is_fixed(&self, block: usize, group: usize) -> bool {
        let group = &self.checkpoint.blocks[block].groups[group];
        self.rounds && group.has_offset(&self.checkpoint.tensors)
    }

    /// A block with all its free multipliers.
    pub fn part(&self, block: usize) -> Part {
        self.part_without(block, &BTreeSet::new())
    }

    fn part_without(&self, block: usize, frozen: &BTreeSet<usize>) -> Part {
        let own = &self.checkpoint.blocks[block];
        let mut starts = vec![0];
        starts.extend(own.groups.iter().scan(0, |all, group| {
            *all += group.channels;
            Some(*all)
        }));
        Part::new(self.checkpoint, block, &|group, channel| {
            !self.is_fixed(block, group) && !frozen.contains(&(starts[group] + channel))
        })
    }

    fn failed(&self, block: usize, fault: impl std::fmt::Display) -> Failure {
        let name = &self.checkpoint.blocks[block].name;
        Failure::Incomplete(format!("block {block} ({name}): {fault}"))
    }

    /// Reads a block, into memory that may have been used.
    pub fn read_part(&self, part: Part, pages: Pages) -> Result<ReadBlock, BadInput> {
        let path = &self.arguments.network;
        let held = part.read(self.checkpoint, self.shards, pages);
        let held = held.map_err(|fault| BadInput::at(path, fault))?;
        if let Some((tensor, place)) = part.not_finite(self.checkpoint, &held) {
            let name = &self.checkpoint.tensors[tensor].name;
            let reason = format!("tensor `{name}`: number {place} is not finite");
            return Err(BadInput::at(path, reason));
        }
        let sum = part.bytes(&held).fold(0, |all, (_, bytes)| sum(bytes, all));
        Ok(ReadBlock { part, held, sum })
    }

    /// Balances a block.
    pub fn solve(&self, read: ReadBlock) -> Result<Solved, Failure> {
        let ReadBlock {
            mut part,
            mut held,
            sum,
        } = read;
        let block = part.block;
        let start = Instant::now();
        let mut frozen = BTreeSet::new();
        let mut extra = 0;
        let (reached, problem) = loop {
            let problem = part.problem(self.checkpoint, &held, &self.power);
            let problem = problem.map_err(|fault| self.failed(block, fault))?;
            let costs = TermCosts::new(&problem);
            let options = match self.rounds {
                true => FewReads {
                    tolerance: ROUNDED.tolerance.max(self.arguments.tolerance),
                    ..ROUNDED
                },
                false => FewReads::until(self.arguments.tolerance),
            };
            let found = balance_in_few_reads(&costs, &options, &mut |_| {});
            match found {
                Ok(reached) => break (reached, problem),
                Err(SolveError::OneSided { .. }) if self.arguments.limit => {}
                Err(SolveError::OneSided { variable, .. }) => {
                    let name = self.variable(&part, variable);
                    let reason = format!(
                        "not attained: the weights of one side of {name} are all 0; with --limit such multipliers stay as they are"
                    );
                    return Err(self.failed(block, reason));
                }
                Err(fault) => return Err(self.failed(block, fault)),
            }
            let more = costs
                .one_sided()
                .map_err(|fault| self.failed(block, fault))?;
            extra += 2;
            frozen.extend(more.into_iter().map(|(variable, _)| variable));
            part = self.part_without(block, &frozen);
        };
        let costs = TermCosts::new(&problem);
        let is_enough = reached.is_enough;
        if !is_enough {
            let reason = format!(
                "a deficit of {:.1e} was reached, not {:.1e}",
                reached.deficits[1], self.arguments.tolerance
            );
            return Err(self.failed(block, reason));
        }
        let solve = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let proof = self.certify.then(|| self.prove(&costs, &problem, &reached));
        let certificate = proof.as_ref().and_then(|proof| {
            let proof = proof.as_ref().ok()?;
            let named = self.named(&part, problem.clone());
            let file = EnergyFile::new(&named, &proof.certificate, &self.arguments.regularizer)?;
            Some(file.to_json())
        });
        let certify = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let proof = proof.and_then(Result::ok);
        let chosen = self.choose(&part, &costs, &reached, proof.as_ref());
        let solve = solve + start.elapsed().as_secs_f64();
        let certified = self.certify.then(|| match &proof {
            Some(proof) => (proof.is_attained, proof.weight_radius(&self.power)),
            None => (false, None),
        });
        let reads = extra + reached.reads + chosen.reads;
        let multipliers = chosen.multipliers;
        let weights = costs.weights();
        drop(costs);
        drop(problem);
        let names = frozen
            .iter()
            .map(|variable| self.variable(&part, *variable));
        let mut record = Record {
            block,
            name: self.checkpoint.blocks[block].name.clone(),
            weights_sum: format!("{sum:016x}"),
            weights,
            multipliers: self.by_group(&part, &multipliers),
            values: [reached.regularizer[0], chosen.value],
            deficits: [reached.deficits[0], chosen.deficits[0], chosen.deficits[1]],
            factor: chosen.factor,
            reads,
            is_enough,
            lost: (0, Vec::new()),
            one_sided: names.collect(),
            certified,
            figures: Some(part.figures(
                self.checkpoint,
                &held,
                &multipliers,
                &self.arguments.regularizer,
            )),
        };
        if self.arguments.output.is_some() {
            record.reads += 1;
        }
        self.scale(&part, &mut held, &multipliers, &mut record)?;
        Ok(Solved {
            part,
            held,
            record,
            certificate,
            seconds: [solve, certify],
        })
    }

    /// The multipliers that are written: those that were verified, or found, rounded if they are to be.
    fn choose(
        &self,
        part: &Part,
        costs: &TermCosts,
        reached: &Reached,
        proof: Option<&EnergyProof>,
    ) -> Chosen {
        let power = rational_to_f64(&self.power);
        let (mut deficits, mut value) = ([reached.deficits[1]; 2], reached.regularizer[1]);
        let mut reads = 0;
        let of_costs = match (proof, self.rounds) {
            (Some(proof), _) => {
                let of_costs = proof.multipliers();
                let (deficit, at) = costs.at(&of_costs);
                (deficits, value, reads) = ([deficit; 2], at, 1);
                of_costs
            }
            (None, true) => reached.beyond.clone(),
            (None, false) => reached.multipliers.clone(),
        };
        let roots = of_costs.iter().map(|mu| mu.powf(1.0 / power));
        let mut multipliers: Vec<f64> = roots.collect();
        let mut factor = 1.0;
        if self.rounds {
            let at = |of_costs: &[f64]| {
                let (deficit, value) = costs.at(of_costs);
                (deficit, Some(value))
            };
            let within = proof.and_then(EnergyProof::within);
            let lattice = (part.steps(), part.powers());
            let (rounded, run) = nearest(&multipliers, &lattice, (power, within), at);
            reads += 1;
            multipliers = rounded;
            (factor, deficits[1]) = (run.factor, run.deficit);
            value = run.value.unwrap_or(value);
        }
        Chosen {
            multipliers,
            factor,
            deficits,
            value,
            reads,
        }
    }

    /// Refuses a block that is not what a record is about.
    pub fn is_about(&self, read: &ReadBlock, record: &Record) -> Result<(), BadInput> {
        if format!("{:016x}", read.sum) != record.weights_sum {
            let reason = format!(
                "its tensors are not those that block {} ({}) was balanced with",
                record.block, record.name
            );
            return Err(BadInput::at(&self.arguments.network, reason));
        }
        Ok(())
    }

    /// Scales a block by the multipliers of a record.
    pub fn repeat(&self, read: ReadBlock, record: &Record) -> Result<(Part, Held), Failure> {
        self.is_about(&read, record)?;
        let ReadBlock { part, mut held, .. } = read;
        let mut multipliers = Vec::new();
        for (group, name) in self.names[record.block].iter().enumerate() {
            let channels = part.starts[group + 1] - part.starts[group];
            let own = record
                .multipliers
                .get(name)
                .filter(|own| own.len() == channels);
            let is_sane = |value: &f64| *value > 0.0 && value.is_finite();
            let own = own.filter(|own| own.iter().all(is_sane)).ok_or_else(|| {
                let reason = format!(
                    "the multipliers of `{name}` are missing, too few, or no positive numbers"
                );
                BadInput(format!("block {}: {reason}", record.block))
            })?;
            multipliers.extend_from_slice(own);
        }
        let mut again = record.clone();
        self.scale(&part, &mut held, &multipliers, &mut again)?;
        Ok((part, held))
    }

    fn scale(
        &self,
        part: &Part,
        held: &mut Held,
        multipliers: &[f64],
        record: &mut Record,
    ) -> Result<(), BadInput> {
        let lost = part.scale(self.checkpoint, held, multipliers);
        let lost = lost.map_err(|large| {
            let name = &self.checkpoint.tensors[large.tensor].name;
            let reason = format!(
                "tensor `{name}`: number {} would be too large for its number type",
                large.index
            );
            BadInput::at(&self.arguments.network, reason)
        })?;
        let first = lost.first.iter().take(3);
        let first = first.map(|loss| format!("{}[{}]", loss.tensor, loss.index));
        record.lost = (lost.count, first.collect());
        Ok(())
    }

    fn by_group(&self, part: &Part, multipliers: &[f64]) -> BTreeMap<String, Vec<f64>> {
        let names = self.names[part.block].iter().enumerate();
        names
            .map(|(group, name)| {
                let range = part.starts[group]..part.starts[group + 1];
                (name.clone(), multipliers[range].to_vec())
            })
            .collect()
    }

    fn variable(&self, part: &Part, variable: usize) -> String {
        let (group, channel) = part.place(variable);
        format!("{}[{channel}]", self.names[part.block][group])
    }

    fn prove(
        &self,
        costs: &TermCosts,
        problem: &Problem,
        reached: &Reached,
    ) -> Result<EnergyProof, String> {
        let computed = point_of_floats(&reached.multipliers).ok_or("no point")?;
        let mut newton = costs.newton_at(&reached.multipliers, |_| true);
        find(problem, computed, &mut newton, (costs.weights(), false))
            .map_err(|fault| fault.to_string())
    }

    /// The problem of a block, with names.
    pub fn named<'p>(&self, part: &Part, problem: Problem<'p>) -> NamedProblem<'p> {
        let used: BTreeSet<usize> = part
            .forms
            .iter()
            .flatten()
            .map(|(variable, _)| *variable)
            .collect();
        let units = used
            .into_iter()
            .map(|variable| (self.variable(part, variable), variable));
        let tensors = part.tensors.iter();
        let tensors = tensors.map(|tensor| self.checkpoint.tensors[tensor.tensor].name.clone());
        NamedProblem {
            ranges: None,
            problem,
            units: units.collect(),
            terms: TermNames::Tensors(tensors.collect()),
        }
    }
}
