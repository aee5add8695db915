//! Arrays of slots that broadcast to the shape of a tensor.

use std::sync::Arc;

use super::channels::{Channels, Exponent, FormsError, ONE, Slot};

/// The multipliers of a tensor's entries: an array of slots that broadcasts to the tensor's shape.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its shape, whose axes are the last ones of the tensor.
    pub shape: Vec<usize>,
    /// Its slots, row after row.
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

impl Channels {
    /// A field in another shape, its labels taken from the places of the old one.
    ///
    /// # Errors
    /// [`FormsError::TooMany`].
    pub fn remapped(
        &mut self,
        shape: Vec<usize>,
        label: impl Fn(&[usize]) -> Slot,
    ) -> Result<Field, FormsError> {
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
    ///
    /// # Errors
    /// [`FormsError::TooMany`].
    pub fn merged_along(
        &mut self,
        field: &Field,
        rank: usize,
        axes: impl Fn(usize) -> bool,
    ) -> Result<Field, FormsError> {
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

    /// Entry by entry the product of powers of two tensors, broadcasting.
    ///
    /// # Errors
    /// [`FormsError`].
    pub fn combined(
        &mut self,
        (one, a): (&Field, Exponent),
        (other, b): (&Field, Exponent),
    ) -> Result<Field, FormsError> {
        let rank = one.shape.len().max(other.shape.len());
        let (first, second) = (one.of_rank(rank), other.of_rank(rank));
        let lengths = first.shape.iter().zip(&second.shape);
        let fits = lengths.clone().all(|(a, b)| a == b || *a == 1 || *b == 1);
        if !fits {
            let (first, second) = (self.merged(one), self.merged(other));
            return self.combined((&first, a), (&second, b));
        }
        let shape: Vec<usize> = lengths
            .map(|(a, b)| if *a == 1 { *b } else { *a })
            .collect();
        let count = shape.iter().product();
        self.spend(count)?;
        let mut index = vec![0; rank];
        let mut labels = Vec::with_capacity(count);
        for _ in 0..count {
            labels.push(self.combination(&[(first.at(&index), a), (second.at(&index), b)])?);
            advance(&mut index, &shape);
        }
        Ok(Field {
            shape,
            labels: labels.into(),
        })
    }

    /// Entry by entry a power.
    ///
    /// # Errors
    /// [`FormsError`].
    pub fn power(&mut self, field: &Field, exponent: Exponent) -> Result<Field, FormsError> {
        self.combined((field, exponent), (&Field::uniform(ONE), Exponent::from(1)))
    }

    /// Two tensors that are added, or are one: entry by entry the same multiplier, broadcasting as ONNX does.
    ///
    /// # Errors
    /// [`FormsError::TooMany`].
    pub fn tied(&mut self, one: &Field, other: &Field) -> Result<Field, FormsError> {
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

/// The index of a place in row-major order.
pub fn set(index: &mut [usize], shape: &[usize], mut place: usize) {
    for (at, length) in index.iter_mut().zip(shape).rev() {
        (*at, place) = (place % length, place / length);
    }
}

/// The next index in row-major order.
pub fn advance(index: &mut [usize], shape: &[usize]) {
    for (place, length) in index.iter_mut().zip(shape).rev() {
        *place += 1;
        if *place < *length {
            return;
        }
        *place = 0;
    }
}
