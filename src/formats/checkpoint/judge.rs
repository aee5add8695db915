//! Is one checkpoint a scaling of another? Block by block, from the factors of rows and columns.

use std::f64::consts::LN_2;

use super::blame::{Axis, Fault, blame};
use super::part::float;
use super::{Checkpoint, Compared, Held, Part, PartTensor, Pool, Shards, Version, compare};
use crate::formats::storage::Storage;
use crate::forms::Exponent;
use crate::numbers::rational_from_f64;
use crate::solve::folds::{Band, Excuse, Joined, Piece, join};
use crate::solve::general::{FewReads, TermCosts, balance_from_sums, imbalance};

/// Two checkpoints of one architecture.
#[derive(Debug)]
pub struct Judge<'a> {
    /// Before and after.
    pub checkpoints: [&'a Checkpoint; 2],
    /// Their files.
    pub shards: [Shards; 2],
    /// The deviation that is allowed whatever the number type.
    pub tolerance: f64,
    /// Costs are `|w|^power`.
    pub power: f64,
    /// Memory for blocks, and for bands of rows.
    pub memory: [Pool; 2],
}

/// What was found of a block.
#[derive(Debug, Clone)]
pub struct BlockFound {
    /// The multipliers `Λ` by variable of the block, those that come nearest.
    pub multipliers: Vec<f64>,
    /// Is the scaling one by powers of 2, and exact?
    pub is_exact: bool,
    /// The same but for digits that a number type could not hold?
    pub is_of_powers: bool,
    /// How far a weight is from the scaled one at most, relatively; of weights that no scaling explains nothing is
    /// said.
    pub deviation: f64,
    /// Weights that their number type could not hold with all their digits.
    pub lost: u64,
    /// What is no scaling.
    pub fault: Option<Fault>,
    /// How well it is balanced after.
    pub balance: BlockBalance,
}

/// How well a block is balanced.
#[derive(Debug, Clone, Default)]
pub struct BlockBalance {
    /// The largest deficit.
    pub deficit: f64,
    /// Are the multipliers the powers of 2 that are nearest to balance, as far as sums of costs by row and column tell?
    /// Then the largest step between them, as an exponent of 2.
    pub near: Option<u64>,
    /// The groups whose multipliers all stayed 1, and are left out of both, as powers of 2 are not exact on a gain that
    /// is stored less 1.
    pub left: Vec<usize>,
    /// How many multipliers have costs on one side only: nothing balances them.
    pub one_sided: usize,
}

/// How well a block is balanced to know what powers of 2 are nearest.
const NEARLY: FewReads = FewReads {
    tolerance: 1e-3,
    reads: 6,
    enough: 0.05,
    at_most: 100,
};

/// How far beyond half a step a multiplier of 2 may seem to be from balance, which is computed in few reads.
const NEAR: f64 = 0.55;

/// The share of what an entry may be off by that the mean of so many may be.
fn share(entries: usize) -> f64 {
    (2.0 / (entries as f64).sqrt()).clamp(0.25, 1.0)
}

impl Judge<'_> {
    /// Which number of the other checkpoint a tensor has: both have the same names.
    fn versions<'v>(&'v self, tensor: usize, after: Option<&'v [u8]>) -> [Version<'v>; 2] {
        [0, 1].map(|version| Version {
            shards: &self.shards[version],
            tensor: &self.checkpoints[version].tensors[tensor],
            held: after.filter(|_| version == 1),
        })
    }

    /// What rounding to the number type after can do.
    fn excuse(&self, tensor: usize) -> Excuse {
        let storage = self.checkpoints[1].tensors[tensor].storage;
        let number_type = storage.unwrap_or(Storage::Single).number_type();
        Excuse::of(number_type, self.tolerance)
    }

    /// Judges a tensor that no multiplier changes: what is wrong with it, if it is not what it was, and what was found
    /// in its numbers.
    ///
    /// # Errors
    /// Those of the system.
    pub fn fixed(&self, tensor: usize) -> std::io::Result<(Option<Fault>, Band)> {
        let versions = self.versions(tensor, None);
        let old = versions[0].tensor;
        let are_weights = versions.map(|version| version.tensor.storage.is_some());
        if are_weights != [true; 2] {
            let [one, other] = versions.map(|version| version.shards.all(version.tensor));
            let is_other = are_weights[0] != are_weights[1] || one? != other?;
            let fault = is_other.then(|| Fault::of_bytes(&old.name));
            return Ok((fault, Band::new()));
        }
        let width = old.shape.last().copied().unwrap_or(1);
        let rows = old.shape.iter().rev().skip(1).product();
        let excuse = self.excuse(tensor);
        let found = compare(versions, [rows, width], false, excuse, &self.memory[1])?;
        let pinned = &self.checkpoints[0].pinned;
        let reason = pinned.iter().find(|pinned| pinned.tensor == old.name);
        let reason = reason.map(|pinned| pinned.reason.as_str());
        let first = found.band.first;
        let fault = first.map(|first| Fault::of_fixed(old, first, found.band.count, reason));
        Ok((fault, found.band))
    }

    /// Judges a block. The version after is held as long as it takes, the one before read by bands of rows.
    ///
    /// # Errors
    /// Those of the system.
    pub fn block(&self, part: &Part) -> std::io::Result<BlockFound> {
        let after = part.read(self.checkpoints[1], &self.shards[1], self.memory[0].take())?;
        let found = self.held(part, &after);
        self.memory[0].give(after.into_pages());
        found
    }

    /// What was found of each tensor of a block.
    fn compared(&self, part: &Part, after: &Held) -> std::io::Result<Vec<Compared>> {
        let tensors: Vec<(&PartTensor, &[u8])> = part
            .tensors
            .iter()
            .zip(part.bytes(after).map(|(_, bytes)| bytes))
            .collect();
        let compare = |(tensor, bytes): &(&PartTensor, &[u8])| {
            let size = [tensor.rows.len(), tensor.columns.len()];
            let versions = self.versions(tensor.tensor, Some(bytes));
            let excuse = self.excuse(tensor.tensor);
            compare(versions, size, true, excuse, &self.memory[1])
        };
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            tensors.par_iter().map(compare).collect()
        }
        #[cfg(not(feature = "parallel"))]
        tensors.iter().map(compare).collect()
    }

    fn held(&self, part: &Part, after: &Held) -> std::io::Result<BlockFound> {
        let compared = self.compared(part, after)?;
        let forms = of_floats(part, 1.0);
        let axes = self.axes(part, &compared);
        let pieces: Vec<Piece> = axes.iter().map(|axis| axis.piece.clone()).collect();
        let allowed: Vec<f64> = axes.iter().map(|axis| axis.allowed).collect();
        let joined = join(
            (part.variables(), &forms),
            part.tensors.len(),
            &pieces,
            &allowed,
        );
        let is_clean = compared.iter().all(|found| found.band.count == 0);
        let is_joined = joined.first.iter().all(Option::is_none);
        let fault = match is_clean && is_joined {
            true => None,
            false => Some(blame(self.checkpoints[0], part, &compared, &axes, &joined)),
        };
        let bands = compared.iter().map(|found| found.band.most);
        let off = (0..part.tensors.len()).map(|tensor| {
            let own = axes
                .iter()
                .zip(&joined.most)
                .filter(|(axis, _)| axis.tensor == tensor);
            own.map(|(_, most)| *most).sum::<f64>()
        });
        let most = bands.zip(off).map(|(band, off)| band + off.exp_m1());
        let powers = powers_of_two(&compared, &pieces, &joined, &forms);
        let deviation = most.fold(0.0, f64::max);
        let balance = self.balance(part, after, powers.as_deref());
        let logs = joined.logs.iter().map(|log| log.exp());
        let lost = compared.iter().map(|found| found.band.lost).sum();
        Ok(BlockFound {
            lost,
            is_exact: powers.is_some() && lost == 0 && fault.is_none(),
            is_of_powers: powers.is_some() && fault.is_none(),
            deviation: if powers.is_some() { 0.0 } else { deviation },
            multipliers: powers.unwrap_or_else(|| logs.collect()),
            fault,
            balance,
        })
    }

    /// The axes of all tensors, with what was found along them.
    fn axes<'b>(&self, part: &'b Part, compared: &'b [Compared]) -> Vec<Axis<'b>> {
        let mut axes = Vec::new();
        for (number, (tensor, found)) in part.tensors.iter().zip(compared).enumerate() {
            let relative = self.excuse(tensor.tensor).relative;
            let width = tensor.columns.len();
            // What one column has in common may be a multiplier of it: so it is of adapters of rank 1.
            let is_vector = width <= 1 && tensor.columns.iter().all(|form| *form == 0);
            axes.push(Axis {
                tensor: number,
                side: 0,
                // A vector's entries are each rounded for itself.
                allowed: if is_vector {
                    relative
                } else {
                    relative * share(width)
                },
                piece: Piece {
                    values: &found.rows,
                    forms: &tensor.rows,
                    shared: (!is_vector).then_some((number, 1.0)),
                    weight: width as f64,
                },
            });
            if !is_vector {
                axes.push(Axis {
                    tensor: number,
                    side: 1,
                    allowed: relative * share(found.samples.max(1)),
                    piece: Piece {
                        values: &found.columns,
                        forms: &tensor.columns,
                        shared: Some((number, -1.0)),
                        weight: found.samples.max(1) as f64,
                    },
                });
            }
        }
        axes
    }

    /// How well a block is balanced after, given its multipliers if they are powers of 2.
    fn balance(&self, part: &Part, after: &Held, powers: Option<&[f64]>) -> BlockBalance {
        let all = self.balance_of(part, after, powers.is_some());
        let left = powers.map_or_else(Vec::new, |powers| self.left(part, powers));
        let is_balanced = all.deficit <= self.tolerance || all.near.is_some();
        if is_balanced || left.is_empty() {
            return all;
        }
        let is_free = |group: usize, _: usize| !left.contains(&group);
        let part = Part::new(self.checkpoints[0], part.block, &is_free);
        let found = self.balance_of(&part, after, true);
        match found.near.is_some() || found.deficit <= self.tolerance {
            true => BlockBalance { left, ..found },
            false => all,
        }
    }

    /// The groups that change a gain which is stored less 1, where all of their multipliers are 1.
    fn left(&self, part: &Part, powers: &[f64]) -> Vec<usize> {
        let checkpoint = self.checkpoints[0];
        let groups = checkpoint.blocks[part.block].groups.iter().enumerate();
        let left = groups.filter(|(number, group)| {
            let range = part.starts[*number]..part.starts[*number + 1];
            group.has_offset(&checkpoint.tensors) && powers[range].iter().all(|power| *power == 1.0)
        });
        left.map(|(number, _)| number).collect()
    }

    /// The largest deficit after, and, of powers of 2, whether others could hardly do better.
    fn balance_of(&self, part: &Part, after: &Held, are_powers: bool) -> BlockBalance {
        let mut found = BlockBalance {
            deficit: f64::NAN,
            ..BlockBalance::default()
        };
        let power = rational_from_f64(self.power).unwrap_or_default();
        let Ok(problem) = part.problem(self.checkpoints[1], after, &power) else {
            return found;
        };
        let costs = TermCosts::new(&problem);
        let sums = costs.sums();
        let forms = of_floats(part, self.power);
        let (deficit, mut logs) = imbalance(part.variables(), &forms, &sums);
        found.deficit = deficit;
        if deficit >= 1.0 {
            found.one_sided = costs.one_sided().map_or(0, |all| all.len());
        }
        // Only of a result by powers of 2 is it asked, and the block gone through once more for it.
        if are_powers && (deficit.is_nan() || deficit > self.tolerance) {
            match balance_from_sums(&costs, sums, &NEARLY, &mut |_| {}) {
                Ok(nearly) => {
                    let beyond = nearly.beyond.iter();
                    logs = beyond.map(|mu| mu.ln() / self.power).collect();
                }
                Err(_) => return found,
            }
        }
        let steps = part.steps();
        let largest = steps.iter().copied().fold(1, u64::max);
        let mut pairs = logs.iter().zip(steps);
        let is_near = pairs.all(|(log, step)| log.abs() <= NEAR * LN_2 * step as f64);
        found.near = is_near.then_some(largest);
        found
    }
}

/// The forms of a block, each exponent times a factor.
fn of_floats(part: &Part, factor: f64) -> Vec<Vec<(usize, f64)>> {
    let of_form = |form: &Vec<(usize, Exponent)>| {
        let pairs = form.iter();
        pairs
            .map(|(variable, exponent)| (*variable, float(exponent) * factor))
            .collect()
    };
    part.forms.iter().map(of_form).collect()
}

/// The multipliers, if they are powers of 2 and every entry is exactly what they make of it, but for digits that its
/// number type could not hold.
fn powers_of_two(
    compared: &[Compared],
    pieces: &[Piece],
    joined: &Joined,
    forms: &[Vec<(usize, f64)>],
) -> Option<Vec<f64>> {
    let is_plain =
        |found: &Compared| found.is_binary && found.band.count == 0 && found.band.most == 0.0;
    if !compared.iter().all(is_plain) {
        return None;
    }
    let near = |value: f64| {
        let binary = value / LN_2;
        ((binary - binary.round()).abs() < 1e-6).then(|| binary.round())
    };
    let whole =
        |values: &[f64]| -> Option<Vec<f64>> { values.iter().map(|value| near(*value)).collect() };
    let (logs, shared) = (whole(&joined.logs)?, whole(&joined.shared)?);
    let of_forms: Vec<f64> = forms
        .iter()
        .map(|form| form.iter().map(|(v, exponent)| exponent * logs[*v]).sum())
        .collect();
    for piece in pieces {
        let own = piece
            .shared
            .map_or(0.0, |(tensor, exponent)| exponent * shared[tensor]);
        for (value, form) in piece.values.iter().zip(piece.forms) {
            // What is exactly a power of 2 has its logarithm, rounded.
            let expected = (of_forms[*form] + own).exp2().ln();
            if !value.is_nan() && *value != expected {
                return None;
            }
        }
    }
    Some(logs.into_iter().map(f64::exp2).collect())
}
