//! Weights that their number type could not hold with all their digits.

use super::storage::Stored;
use crate::numbers::Wide;

/// A weight that became 0, or a number below the normal ones of its type, and is not what it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The tensor.
    pub tensor: String,
    /// The position in it, all axes counted as one.
    pub index: usize,
    /// Is the weight negative?
    pub is_negative: bool,
    /// The magnitude that scaling gives, before it is rounded to the type.
    pub exact: Wide,
    /// What was written.
    pub written: f64,
}

/// The losses of a model in the order of its files: the first by name, all by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Losses {
    /// The first, at most [`Losses::NAMED`].
    pub first: Vec<Loss>,
    /// How many there are.
    pub count: usize,
}

impl Losses {
    /// So many are kept by name.
    pub const NAMED: usize = 1_000;

    /// One more.
    pub fn push(&mut self, loss: Loss) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(loss);
        }
    }

    /// Those of what follows.
    pub fn append(&mut self, mut other: Losses) {
        self.count += other.count;
        other.first.truncate(Self::NAMED - self.first.len());
        self.first.append(&mut other.first);
    }
}

/// A number rounded to its type.
pub(super) struct Settled<const SIZE: usize> {
    pub slot: [u8; SIZE],
    /// Is it finite?
    pub is_finite: bool,
    /// Is it what it should be?
    pub is_exact: bool,
    /// Is it 0 or below the normal numbers of its type, and not what it should be?
    pub is_lost: bool,
    pub exact: Wide,
}

impl<const SIZE: usize> Settled<SIZE> {
    /// A number of this magnitude, with the sign of `old`, as it is written.
    pub fn new<T: Stored<SIZE>>(old: f64, exact: Wide) -> Self {
        let slot = T::encode(exact.to_f64().copysign(old));
        let kept = T::decode(slot).abs();
        let is_finite = kept.is_finite();
        let is_exact = is_finite && Wide::from_f64(kept) == exact;
        Settled {
            slot,
            is_finite,
            is_exact,
            is_lost: kept < T::SMALLEST && !is_exact,
            exact,
        }
    }

    /// A finite number times the quotient of two multipliers, without overflow or underflow on the way.
    pub fn scaled<T: Stored<SIZE>>(old: f64, up: f64, down: f64) -> Self {
        let [magnitude, up, down] = [old.abs(), up, down].map(Wide::from_f64);
        Self::new::<T>(old, magnitude * up / down)
    }

    /// Its loss, if it is one, at a place of a tensor.
    pub fn loss<T: Stored<SIZE>>(&self, tensor: &str, index: usize) -> Option<Loss> {
        let written = T::decode(self.slot);
        self.is_lost.then(|| Loss {
            tensor: tensor.to_owned(),
            index,
            is_negative: written.is_sign_negative(),
            exact: self.exact,
            written,
        })
    }
}
