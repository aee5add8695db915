//! What of a checkpoint scales together: groups of multipliers, and where each of them acts.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::forms::Exponent;
use crate::solve::NumberType;

use super::super::storage::Storage;
use super::Reading;

/// In an [index map](Member::map): no multiplier acts on this entry.
pub const NONE: u32 = u32::MAX;

/// A checkpoint: its tensors, and the groups of multipliers that leave its function as it is.
#[derive(Debug)]
pub struct Checkpoint {
    /// The name of the family, as in the field `model_type`; `lora` for an adapter.
    pub family: String,
    /// How its configuration was read.
    pub reading: Reading,
    /// The folder that holds it.
    pub folder: PathBuf,
    /// The files of tensors, in the order of their names.
    pub files: Vec<PathBuf>,
    /// The index of the files, if there are several.
    pub index: Option<PathBuf>,
    /// All tensors in the order of their names.
    pub tensors: Vec<Tensor>,
    /// The parts that can be balanced by themselves: no two change one tensor in a common entry, and no group stands in
    /// two.
    pub blocks: Vec<Block>,
    /// What nothing scales, and why.
    pub pinned: Vec<Pinned>,
    /// The tensors that may be missing, as numbers among all: buffers, and copies of others.
    pub spare: Vec<usize>,
}

/// A tensor, and where its bytes lie.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The file that holds it, as a number in [`Checkpoint::files`].
    pub file: usize,
    /// Its bytes in the file.
    pub bytes: Range<usize>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// `None` for numbers that are never scaled: indices, masks of truth values.
    pub(in crate::formats) storage: Option<Storage>,
    /// What is added to each stored number before it is used: 1 for a gain that is stored as `gain - 1`, else 0. Such a
    /// number `w` becomes `(w + offset) · Λ - offset`.
    pub offset: u8,
    /// Is it the gain of a norm?
    pub is_gain: bool,
}

/// A part that can be balanced by itself.
#[derive(Debug, Clone)]
pub struct Block {
    /// The common start of its tensors' names, as in `model.layers.0`, or what it is.
    pub name: String,
    /// Its groups.
    pub groups: Vec<Group>,
    /// The tensors that its groups change, in the order of their names, as numbers in [`Checkpoint::tensors`].
    pub tensors: Vec<usize>,
}

/// Multipliers of one kind: any positive values of them leave the function as it is.
#[derive(Debug, Clone)]
pub struct Group {
    /// What hangs together: `norm`, `query-key`, `value-output`, `up-down`, `gate-down`, `lora`, ...
    pub kind: String,
    /// The tensor whose entries each multiplier raises; the first of the members.
    pub name: String,
    /// The number of multipliers.
    pub channels: usize,
    /// Where they act.
    pub members: Vec<Member>,
}

/// Where the multipliers of a group act on a tensor: the entries with the index `i` along the axis are multiplied by
/// `Λ[map[i]]^exponent`. A weight's factor is the product over all members of its tensor.
#[derive(Debug, Clone)]
pub struct Member {
    /// The tensor, as a number in [`Checkpoint::tensors`].
    pub tensor: usize,
    /// The axis.
    pub axis: usize,
    /// The multiplier for each index along the axis; [`NONE`] where none acts. Blocks of one shape share it.
    pub map: Arc<[u32]>,
    /// The exponent.
    pub exponent: Exponent,
}

/// Entries of a tensor that no multiplier changes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The tensor.
    pub tensor: String,
    /// The axis along which they would scale.
    pub axis: usize,
    /// How many indices along the axis.
    pub entries: usize,
    /// What keeps them.
    pub reason: String,
}

impl Tensor {
    /// Its number type; `None` for numbers that are never scaled.
    pub fn number_type(&self) -> Option<NumberType> {
        self.storage.map(Storage::number_type)
    }
}

impl Group {
    /// Does it change the gain of a norm?
    pub fn has_gain(&self, tensors: &[Tensor]) -> bool {
        let mut members = self.members.iter();
        members.any(|member| tensors[member.tensor].is_gain)
    }

    /// Does it change what is stored less a number? Powers of two are not exact there.
    pub fn has_offset(&self, tensors: &[Tensor]) -> bool {
        let mut members = self.members.iter();
        members.any(|member| tensors[member.tensor].offset != 0)
    }
}

impl Checkpoint {
    /// The number of free multipliers.
    pub fn dimension(&self) -> usize {
        self.groups().map(|group| group.channels).sum()
    }

    /// All groups, block by block.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.blocks.iter().flat_map(|block| &block.groups)
    }

    /// The same without tensors that may be missing, that nothing scales, and that another checkpoint does not have.
    /// Some programs store them, and others do not.
    pub fn without_spare(mut self, other: &BTreeSet<String>) -> Self {
        let scaled = self.blocks.iter().flat_map(|block| &block.tensors);
        let scaled: BTreeSet<usize> = scaled.copied().collect();
        let is_dropped = |number: &usize| {
            !scaled.contains(number) && !other.contains(&self.tensors[*number].name)
        };
        let (dropped, kept): (BTreeSet<usize>, BTreeSet<usize>) =
            self.spare.iter().partition(|number| is_dropped(number));
        if dropped.is_empty() {
            return self;
        }
        let numbers = (0..self.tensors.len()).filter(|number| !dropped.contains(number));
        let left: Vec<usize> = numbers.collect();
        let place = |number: usize| left.partition_point(|own| *own < number);
        for block in &mut self.blocks {
            for tensor in &mut block.tensors {
                *tensor = place(*tensor);
            }
            let members = block.groups.iter_mut().flat_map(|group| &mut group.members);
            for member in members {
                member.tensor = place(member.tensor);
            }
        }
        self.spare = kept.into_iter().map(place).collect();
        self.tensors = left.iter().map(|own| self.tensors[*own].clone()).collect();
        self
    }

    /// The same with all gains of norms fixed: groups that change one are left out.
    pub fn with_fixed_gains(mut self) -> Self {
        for block in &mut self.blocks {
            block.groups.retain(|group| !group.has_gain(&self.tensors));
            block.tensors = changed(&block.groups);
        }
        self.blocks.retain(|block| !block.groups.is_empty());
        self
    }
}

/// The tensors that groups change, in the order of their numbers.
pub(super) fn changed(groups: &[Group]) -> Vec<usize> {
    let members = groups.iter().flat_map(|group| &group.members);
    let mut tensors: Vec<usize> = members.map(|member| member.tensor).collect();
    tensors.sort_unstable();
    tensors.dedup();
    tensors
}
