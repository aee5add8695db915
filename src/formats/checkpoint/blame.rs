//! What is wrong with a fold: the tensor, the group and the first index, and what such a fault comes from.

use super::part::float;
use super::{Checkpoint, Compared, Part, Tensor};
use crate::solve::folds::{Deviation, Joined, Piece, median};

/// What was found along one axis of a tensor of a block.
#[derive(Debug)]
pub struct Axis<'a> {
    /// The tensor, by its place in the block.
    pub tensor: usize,
    /// 0 for its rows, 1 for its columns.
    pub side: usize,
    /// The logarithms of the factors.
    pub piece: Piece<'a>,
    /// How far one may be off.
    pub allowed: f64,
}

/// Why a checkpoint is no scaling of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The tensor.
    pub tensor: String,
    /// The kind of the group whose multipliers disagree, and its name; `None` where no group acts.
    pub group: Option<(String, String)>,
    /// The first entry that does not fit, by axis.
    pub index: Vec<usize>,
    /// What kind of fault it is, in a word or two.
    pub kind: &'static str,
    /// What was found, in words.
    pub reason: String,
}

impl Fault {
    /// Numbers that are no weights.
    pub(super) fn of_bytes(tensor: &str) -> Self {
        Fault {
            tensor: tensor.to_owned(),
            group: None,
            index: Vec::new(),
            kind: "not a weight",
            reason: "holds no weights, and is not what it was".to_owned(),
        }
    }

    /// A tensor that no multiplier changes.
    pub(super) fn of_fixed(
        tensor: &Tensor,
        first: Deviation,
        count: u64,
        pinned: Option<&str>,
    ) -> Self {
        let [old, new] = first.values;
        let why = pinned.map_or(String::new(), |reason| format!(" ({reason})"));
        Fault {
            tensor: tensor.name.clone(),
            group: None,
            index: place(&tensor.shape, first.row, first.column),
            kind: "pinned tensor changed",
            reason: format!(
                "nothing may scale this tensor{why}, and {count} of its numbers are not what they were: {old} became {new}"
            ),
        }
    }
}

/// The index by axis of an entry, the last axis being that of columns; of a vector, its row.
fn place(shape: &[usize], row: usize, column: usize) -> Vec<usize> {
    let width = match shape.len() {
        0 | 1 => 1,
        axes => shape[axes - 1].max(1),
    };
    let mut flat = row * width + column;
    if shape.len() == 1 {
        // Of what nothing scales, a vector is one row.
        flat = row + column;
    }
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let own = flat % size.max(&1);
            flat /= size.max(&1);
            own
        })
        .collect();
    index.reverse();
    index
}

/// Says what is wrong with a block that is no scaling.
pub(super) fn blame(
    checkpoint: &Checkpoint,
    part: &Part,
    compared: &[Compared],
    axes: &[Axis],
    joined: &Joined,
) -> Fault {
    let case = Case {
        checkpoint,
        part,
        compared,
        axes,
        logs: level(part, compared, axes),
    };
    let by_entry = compared.iter().position(|found| found.band.count > 0);
    if let Some(tensor) = by_entry {
        return case.entry(tensor);
    }
    let groups = 0..checkpoint.blocks[part.block].groups.len();
    let found = groups.filter_map(|group| case.group(group)).next();
    found
        .or_else(|| case.without_group())
        .unwrap_or_else(|| case.nearest(joined))
}

/// The factors along each axis, in which what rows and columns have in common stands where it most likely belongs.
fn level(part: &Part, compared: &[Compared], axes: &[Axis]) -> Vec<Vec<f64>> {
    let mut logs: Vec<Vec<f64>> = axes.iter().map(|axis| axis.piece.values.to_vec()).collect();
    for (tensor, found) in compared.iter().enumerate() {
        let own: Vec<usize> = (0..axes.len())
            .filter(|axis| axes[*axis].tensor == tensor)
            .collect();
        let &[rows, columns] = own.as_slice() else {
            continue;
        };
        if found.band.is_same {
            continue;
        }
        let allowed = axes[rows].allowed;
        let is_bare = |axis: usize| axes[axis].piece.forms.iter().all(|form| *form == 0);
        let level = |axis: usize| median(&mut logs[axis].clone());
        let is_level = |axis: usize| {
            let middle = level(axis);
            let mut known = logs[axis].iter().filter(|log| !log.is_nan());
            known.all(|log| (log - middle).abs() <= allowed)
        };
        // One side that is level, or that nothing may scale, has the factor 1.
        let (side, sign) = match (is_bare(rows) || is_level(rows), is_level(columns)) {
            (true, _) => (rows, 1.0),
            (false, true) => (columns, -1.0),
            (false, false) if is_bare(columns) => (columns, -1.0),
            _ => match anchor(part, axes, &logs, columns) {
                Some(shift) => {
                    logs[columns].iter_mut().for_each(|log| *log -= shift);
                    logs[rows].iter_mut().for_each(|log| *log += shift);
                    continue;
                }
                None => continue,
            },
        };
        let shift = sign * level(side);
        logs[rows].iter_mut().for_each(|log| *log -= shift);
        logs[columns].iter_mut().for_each(|log| *log += shift);
    }
    logs
}

/// How much too large the factors of columns are, by those of a vector of the same group.
fn anchor(part: &Part, axes: &[Axis], logs: &[Vec<f64>], columns: usize) -> Option<f64> {
    let mut known = vec![f64::NAN; part.variables()];
    for (axis, logs) in axes
        .iter()
        .zip(logs)
        .filter(|(axis, _)| axis.piece.shared.is_none())
    {
        for (log, form) in logs.iter().zip(axis.piece.forms) {
            if let [(variable, exponent)] = part.forms[*form][..] {
                known[variable] = log / float(&exponent);
            }
        }
    }
    let shifts = logs[columns].iter().zip(axes[columns].piece.forms);
    let shifts = shifts.filter_map(|(log, form)| match part.forms[*form][..] {
        [(variable, exponent)] => {
            let exponent = float(&exponent);
            Some(log - exponent * known[variable])
        }
        _ => None,
    });
    let shift = median(&mut shifts.collect::<Vec<f64>>());
    shift.is_finite().then_some(shift)
}

/// What one axis of a tensor says about a multiplier of a group.
#[derive(Clone, Copy)]
struct Word {
    axis: usize,
    entry: usize,
    channel: usize,
    /// The logarithm of the multiplier.
    log: f64,
}

struct Case<'a> {
    checkpoint: &'a Checkpoint,
    part: &'a Part,
    compared: &'a [Compared],
    axes: &'a [Axis<'a>],
    logs: Vec<Vec<f64>>,
}

impl Case<'_> {
    fn tensor(&self, axis: usize) -> &Tensor {
        self.of_part(self.axes[axis].tensor)
    }

    fn of_part(&self, tensor: usize) -> &Tensor {
        &self.checkpoint.tensors[self.part.tensors[tensor].tensor]
    }

    fn fault(
        &self,
        axis: usize,
        entry: usize,
        group: Option<usize>,
        (kind, reason): (&'static str, String),
    ) -> Fault {
        let tensor = self.tensor(axis);
        let (row, column) = match self.axes[axis].side {
            0 => (entry, 0),
            _ => (0, entry),
        };
        Fault {
            tensor: tensor.name.clone(),
            group: group.map(|group| self.named(group)),
            index: place(&tensor.shape, row, column),
            kind,
            reason,
        }
    }

    fn named(&self, group: usize) -> (String, String) {
        let group = &self.checkpoint.blocks[self.part.block].groups[group];
        (group.kind.clone(), group.name.clone())
    }

    /// An entry that the factors of its row and column do not explain.
    fn entry(&self, tensor: usize) -> Fault {
        let content = &self.part.tensors[tensor];
        let found = &self.compared[tensor].band;
        let Some(first) = found.first else {
            return self.fault(0, 0, None, ("changed", String::new()));
        };
        let forms = [content.columns[first.column], content.rows[first.row]];
        let variable = forms.iter().find_map(|form| self.part.forms[*form].first());
        let group = variable.map(|(variable, _)| self.part.place(*variable).0);
        let [old, new] = first.values;
        let tensor = self.of_part(tensor);
        let (kind, what) = match () {
            () if !new.is_finite() || !old.is_finite() => ("not finite", "a number is not finite"),
            () if old != 0.0 && new == 0.0 => ("became zero", "a weight became 0"),
            () if old == 0.0 => ("was zero", "a weight that was 0 is not any more"),
            () if old.signum() != new.signum() => ("sign changed", "a weight changed its sign"),
            () if found.count == 1 => ("weight changed", "one weight was changed by itself"),
            () => (
                "not by rows and columns",
                "no factors of rows and columns make one of the other, as where only a part of a fused tensor was corrected, or other weights were merged in",
            ),
        };
        Fault {
            tensor: tensor.name.clone(),
            group: group.map(|group| self.named(group)),
            index: place(&tensor.shape, first.row, first.column),
            kind,
            reason: format!(
                "{what} ({old} became {new}; entries that do not fit: {})",
                found.count
            ),
        }
    }

    /// What all members of a group say about its multipliers.
    fn words(&self, group: usize) -> Vec<Word> {
        let range = self.part.starts[group]..self.part.starts[group + 1];
        let mut words = Vec::new();
        for (number, axis) in self.axes.iter().enumerate() {
            for (entry, form) in axis.piece.forms.iter().enumerate() {
                let log = self.logs[number][entry];
                if let ([(variable, exponent)], false) = (&self.part.forms[*form][..], log.is_nan())
                    && range.contains(variable)
                {
                    let exponent = float(exponent);
                    words.push(Word {
                        axis: number,
                        entry,
                        channel: variable - range.start,
                        log: log / exponent,
                    });
                }
            }
        }
        words
    }

    /// The multipliers on which most axes of a group agree; of two that as many agree on, the one that is not 1.
    fn agreed(&self, words: &[Word], channels: usize) -> Vec<f64> {
        let mut by_channel: Vec<Vec<&Word>> = vec![Vec::new(); channels];
        words
            .iter()
            .for_each(|word| by_channel[word.channel].push(word));
        let agreed = by_channel.iter().map(|words| {
            let mut best = (0, false, 0.0);
            for word in words {
                let allowed = 2.0 * self.axes[word.axis].allowed;
                let near = words
                    .iter()
                    .filter(|other| (other.log - word.log).abs() <= allowed);
                let mut axes: Vec<usize> = near.map(|word| word.axis).collect();
                axes.dedup();
                let rank = (axes.len(), word.log.abs() > allowed, word.log);
                if (rank.0, rank.1) > (best.0, best.1) {
                    best = rank;
                }
            }
            best.2
        });
        agreed.collect()
    }

    /// What is wrong with a group, if anything is.
    fn group(&self, group: usize) -> Option<Fault> {
        let content = &self.checkpoint.blocks[self.part.block].groups[group];
        let words = self.words(group);
        let agreed = self.agreed(&words, content.channels);
        let is_off = |word: &&Word| {
            let allowed = 2.0 * self.axes[word.axis].allowed;
            (word.log - agreed[word.channel]).abs() > allowed
        };
        let off: Vec<&Word> = words.iter().filter(is_off).collect();
        let first = *off.first()?;
        let own: Vec<&Word> = words
            .iter()
            .filter(|word| word.axis == first.axis)
            .collect();
        let off_here = off.iter().filter(|word| word.axis == first.axis);
        let allowed = 2.0 * self.axes[first.axis].allowed;
        let untouched = off_here.clone().all(|word| word.log.abs() <= allowed);
        let is_vector = self.axes[first.axis].piece.shared.is_none();
        let is_gain = self.tensor(first.axis).is_gain;
        // Another entry of the same multiplier that fits.
        let other = own
            .iter()
            .find(|word| word.channel == first.channel && !is_off(word));
        let moved = |word: &&&Word| agreed[word.channel].abs() > allowed;
        let is_whole = off_here.count() == own.iter().filter(moved).count();
        let name = &self.tensor(first.axis).name;
        let (found, expected) = (first.log.exp(), agreed[first.channel].exp());
        let mut others: Vec<usize> = words.iter().map(|word| word.axis).collect();
        others.retain(|axis| *axis != first.axis);
        others.dedup();
        let others = match others.as_slice() {
            // Of two, either may be at fault.
            [one] => format!("`{}`", self.tensor(*one).name),
            _ => "the others".to_owned(),
        };
        let numbers = format!(
            "by it the multiplier {} of this group is {found:.6}, by {others} {expected:.6}",
            first.channel
        );
        let said = match () {
            () if is_gain && untouched => (
                "wrong norm",
                format!(
                    "the readers of this norm were divided, and its gain was not multiplied{}; {numbers}",
                    self.elsewhere(group, &agreed)
                ),
            ),
            () if is_gain => {
                let mut gain = agreed.clone();
                own.iter().for_each(|word| gain[word.channel] = word.log);
                let is_alone = agreed.iter().all(|log| log.abs() <= allowed);
                let elsewhere = self.elsewhere(group, &gain);
                match (is_alone, elsewhere.is_empty()) {
                    (true, true) => (
                        "no reader corrected",
                        format!(
                            "the gain of this norm was multiplied, and no reader was divided; {numbers}"
                        ),
                    ),
                    (true, false) => (
                        "wrong norm",
                        format!(
                            "the gain of this norm was multiplied, and its readers were not divided{elsewhere}; {numbers}"
                        ),
                    ),
                    (false, _) => (
                        "wrong norm",
                        format!(
                            "the gain was multiplied by other factors than its readers were divided by{elsewhere}; {numbers}"
                        ),
                    ),
                }
            }
            () if other.is_some() => (
                "head or pair forgotten",
                format!(
                    "entries {} and {} along axis {} share one multiplier (a rotary pair, or the heads that share a key and value head) and were scaled by different factors; {numbers}",
                    other.map_or(0, |word| word.entry),
                    first.entry,
                    self.axes[first.axis].side
                ),
            ),
            () if is_vector && untouched => (
                "bias forgotten",
                format!("the weights that go with `{name}` were scaled, and it was not; {numbers}"),
            ),
            () if untouched && is_whole => (
                "reader not corrected",
                format!(
                    "other tensors of the group were scaled, `{name}` was not{}; {numbers}",
                    self.elsewhere(group, &agreed)
                ),
            ),
            () if untouched => (
                "head forgotten",
                format!(
                    "some channels of `{name}` were scaled with their group, others were not; {numbers}"
                ),
            ),
            () => (
                "other factors",
                format!(
                    "`{name}` was scaled by other factors than the rest of its group; {numbers}"
                ),
            ),
        };
        Some(self.fault(first.axis, first.entry, Some(group), said))
    }

    /// Where else in the block these multipliers were used, in words.
    fn elsewhere(&self, group: usize, agreed: &[f64]) -> String {
        let groups = &self.checkpoint.blocks[self.part.block].groups;
        for (number, other) in groups.iter().enumerate() {
            if number == group || other.channels != agreed.len() {
                continue;
            }
            let words = self.words(number);
            let mut axes: Vec<usize> = words.iter().map(|word| word.axis).collect();
            axes.dedup();
            for axis in axes {
                let mut own = words.iter().filter(|word| word.axis == axis);
                let allowed = 2.0 * self.axes[axis].allowed;
                let follows = own.all(|word| (word.log - agreed[word.channel]).abs() <= allowed);
                let moves = agreed.iter().any(|log| log.abs() > allowed);
                if follows && moves {
                    let name = &self.tensor(axis).name;
                    return format!(" (`{name}`, of another group, carries these multipliers)");
                }
            }
        }
        String::new()
    }

    /// Entries on which no multiplier acts.
    fn without_group(&self) -> Option<Fault> {
        for (number, axis) in self.axes.iter().enumerate() {
            let logs = self.logs[number].iter().zip(axis.piece.forms);
            let mut logs = logs.enumerate();
            let off = logs.find(|(_, (log, form))| **form == 0 && log.abs() > 2.0 * axis.allowed);
            if let Some((entry, (log, _))) = off {
                let said = (
                    "pinned entries changed",
                    format!(
                        "no multiplier acts here along axis {}, and it was scaled by {:.6}",
                        axis.side,
                        log.exp()
                    ),
                );
                return Some(self.fault(number, entry, None, said));
            }
        }
        None
    }

    /// What is farthest from the nearest multipliers, where nothing more can be said.
    fn nearest(&self, joined: &Joined) -> Fault {
        let axis = joined.first.iter().position(Option::is_some).unwrap_or(0);
        let entry = joined.first.get(axis).copied().flatten().unwrap_or(0);
        let form = self.axes[axis].piece.forms.get(entry).copied().unwrap_or(0);
        let variable = self.part.forms[form].first();
        let group = variable.map(|(variable, _)| self.part.place(*variable).0);
        let reason = "no multipliers explain the factors of all tensors of the group".to_owned();
        self.fault(axis, entry, group, ("other factors", reason))
    }
}
