//! Which multiplier each channel of a tensor carries.

use petgraph::unionfind::UnionFind;
use std::sync::Arc;

use super::OnnxError;
use super::constant::advance;

/// A multiplier before equal ones are found: every channel that an operator makes has one.
pub(super) type Slot = u32;

/// The slot that always stays 1.
pub(super) const ONE: Slot = 0;

/// Labels of all fields together; beyond, a file is not a model but an attack.
const MAX_LABELS: usize = 1 << 26;

/// The multipliers of a tensor's entries: an array of slots that broadcasts to the tensor's shape.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub shape: Vec<usize>,
    pub labels: Arc<[Slot]>,
}

impl Field {
    /// All entries carry one multiplier.
    pub fn uniform(slot: Slot) -> Self {
        Field {
            shape: Vec::new(),
            labels: Arc::new([slot]),
        }
    }

    /// Multipliers along one axis, `after` axes from the end.
    pub fn along(labels: impl IntoIterator<Item = Slot>, after: usize) -> Self {
        let labels: Arc<[Slot]> = labels.into_iter().collect();
        let mut shape = vec![labels.len()];
        shape.extend(std::iter::repeat_n(1, after));
        Field { shape, labels }
    }

    /// The shape with leading ones, for a tensor of a rank.
    pub fn aligned(&self, rank: usize) -> Vec<usize> {
        let missing = rank.saturating_sub(self.shape.len());
        let kept = self.shape.len().saturating_sub(rank);
        let mut shape = vec![1; missing];
        shape.extend(&self.shape[kept..]);
        shape
    }

    /// The same field with its leading ones written out.
    pub fn of_rank(&self, rank: usize) -> Self {
        Field {
            shape: self.aligned(rank),
            labels: self.labels.clone(),
        }
    }

    /// Does the multiplier vary along an axis of a tensor of a rank?
    pub fn varies(&self, axis: usize, rank: usize) -> bool {
        self.aligned(rank)
            .get(axis)
            .is_some_and(|length| *length != 1)
    }

    /// The label at an index of a tensor whose shape the field broadcasts to.
    pub fn at(&self, index: &[usize]) -> Slot {
        self.labels[self.place(index)]
    }

    /// Where that label stands.
    pub fn place(&self, index: &[usize]) -> usize {
        let skipped = index.len().saturating_sub(self.shape.len());
        let mut place = 0;
        for (at, length) in index[skipped..].iter().zip(&self.shape) {
            place = place * length + if *length == 1 { 0 } else { *at };
        }
        place
    }

    /// The labels along an axis of a tensor of a rank, where no other axis matters; one if it does not vary.
    pub fn labels_along(&self, axis: usize, rank: usize) -> Vec<Slot> {
        match self.varies(axis, rank) {
            true => self.labels.to_vec(),
            false => vec![self.labels.first().copied().unwrap_or(ONE)],
        }
    }
}

/// Channels that an operator makes.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The tensor.
    pub tensor: String,
    /// The operator that makes it.
    pub operator: String,
    /// Its first slot; the others follow.
    pub first: Slot,
    pub len: usize,
    /// Is it a constant that is added, and so a bias?
    pub is_constant: bool,
}

/// All slots, which of them are equal, and which are pinned to 1 by what.
pub(super) struct Channels {
    classes: UnionFind<Slot>,
    pub pins: Vec<(Slot, String)>,
    pub groups: Vec<Group>,
    labels: usize,
}

impl Channels {
    pub fn new() -> Self {
        let mut channels = Channels {
            classes: UnionFind::new_empty(),
            pins: Vec::new(),
            groups: Vec::new(),
            labels: 0,
        };
        channels.classes.new_set();
        channels.pins.push((ONE, "outside the network".to_owned()));
        channels
    }

    /// Representatives of all slots.
    pub fn representatives(&self) -> Vec<Slot> {
        self.classes.clone().into_labeling()
    }

    pub fn equal(&mut self, one: Slot, other: Slot) {
        self.classes.union(one, other);
    }

    fn spend(&mut self, labels: usize) -> Result<(), OnnxError> {
        self.labels = self.labels.saturating_add(labels);
        match self.labels > MAX_LABELS {
            true => Err(OnnxError::TooLarge("channels")),
            false => Ok(()),
        }
    }

    /// New channels of a tensor.
    pub fn fresh(
        &mut self,
        tensor: &str,
        operator: &str,
        len: usize,
    ) -> Result<std::ops::Range<Slot>, OnnxError> {
        self.spend(len)?;
        let first = self.classes.len() as Slot;
        for _ in 0..len {
            self.classes.new_set();
        }
        self.groups.push(Group {
            tensor: tensor.to_owned(),
            operator: operator.to_owned(),
            first,
            len,
            is_constant: false,
        });
        Ok(first..first + len as Slot)
    }

    /// A slot that stays 1, and why.
    pub fn pinned(&mut self, reason: &str) -> Slot {
        let slot = self.classes.new_set();
        self.pins.push((slot, reason.to_owned()));
        slot
    }

    /// All labels of a field stay 1.
    pub fn pin(&mut self, field: &Field, reason: &str) {
        let slot = self.pinned(reason);
        for label in field.labels.iter() {
            self.equal(slot, *label);
        }
    }

    /// A field in another shape, its labels taken from the places of the old one.
    pub fn remapped(
        &mut self,
        shape: Vec<usize>,
        label: impl Fn(&[usize]) -> Slot,
    ) -> Result<Field, OnnxError> {
        let count = shape
            .iter()
            .try_fold(1usize, |count, length| count.checked_mul(*length))
            .unwrap_or(usize::MAX);
        self.spend(count)?;
        let mut index = vec![0; shape.len()];
        let mut labels = Vec::with_capacity(count);
        for _ in 0..count {
            labels.push(label(&index));
            advance(&mut index, &shape);
        }
        Ok(Field {
            shape,
            labels: labels.into(),
        })
    }

    /// One multiplier for the whole field.
    pub fn merged(&mut self, field: &Field) -> Field {
        let first = field.labels.first().copied().unwrap_or(ONE);
        for label in field.labels.iter() {
            self.equal(first, *label);
        }
        Field::uniform(first)
    }

    /// One multiplier along some axes of a tensor of a rank.
    pub fn merged_along(
        &mut self,
        field: &Field,
        rank: usize,
        axes: impl Fn(usize) -> bool,
    ) -> Result<Field, OnnxError> {
        let old = field.of_rank(rank);
        let varying = |axis: &usize| old.shape[*axis] != 1 && axes(*axis);
        if !(0..rank).any(|axis| varying(&axis)) {
            return Ok(old);
        }
        let kept: Vec<usize> = (0..rank)
            .map(|axis| if axes(axis) { 1 } else { old.shape[axis] })
            .collect();
        if old.labels.is_empty() {
            return Ok(Field::uniform(ONE).of_rank(rank));
        }
        let merged = self.remapped(kept, |index| old.at(index))?;
        let mut index = vec![0; rank];
        for label in old.labels.iter() {
            self.equal(merged.at(&index), *label);
            advance(&mut index, &old.shape);
        }
        Ok(merged)
    }

    /// Two tensors that are added, or are one: entry by entry the same multiplier, broadcasting as ONNX does.
    pub fn tied(&mut self, one: &Field, other: &Field) -> Result<Field, OnnxError> {
        let rank = one.shape.len().max(other.shape.len());
        let (a, b) = (one.of_rank(rank), other.of_rank(rank));
        let lengths = a.shape.iter().zip(&b.shape);
        let fits = lengths.clone().all(|(a, b)| a == b || *a == 1 || *b == 1);
        if !fits {
            let both = self.merged(one);
            let other = self.merged(other);
            self.equal(both.labels[0], other.labels[0]);
            return Ok(both);
        }
        let shape: Vec<usize> = lengths
            .map(|(a, b)| if *a == 1 { *b } else { *a })
            .collect();
        let result = self.remapped(shape.clone(), |index| a.at(index))?;
        let mut index = vec![0; rank];
        for label in result.labels.iter() {
            self.equal(*label, b.at(&index));
            advance(&mut index, &shape);
        }
        Ok(result)
    }
}
