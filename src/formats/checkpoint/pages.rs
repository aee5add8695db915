//! Memory for the bytes of several tensors.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::Tensor;

/// The length of a page, of memory and of what is written past it. Where it is another one, copies are slower and no
/// less right.
pub const PAGE: usize = 4096;

/// Bytes of tensors that lie in memory as they do in their files, counted from the start of a page: copies between the
/// two are several times slower if they do not. What was used once can be used again.
#[derive(Debug, Default)]
pub struct Pages {
    buffer: Vec<u8>,
    /// In the order of the buffer.
    ranges: Vec<Range<usize>>,
}

impl Pages {
    /// Makes room for so many bytes from each of these places of files; what is in it is anything.
    pub(super) fn lay(&mut self, places: impl Iterator<Item = Range<usize>> + Clone) {
        let all: usize = places.clone().map(|place| place.len() + PAGE).sum();
        if self.buffer.len() < all {
            // First, so that both do not stand side by side.
            self.buffer = Vec::new();
            self.buffer = vec![0; all];
        }
        let first = self.buffer.as_ptr().addr();
        self.ranges.clear();
        let mut free = 0;
        for place in places {
            let gap = place.start.wrapping_sub(first + free) % PAGE;
            let start = free + gap;
            free = start + place.len();
            self.ranges.push(start..free);
        }
    }

    /// The same for whole tensors.
    pub(super) fn lay_tensors<'t>(&mut self, tensors: impl Iterator<Item = &'t Tensor> + Clone) {
        self.lay(tensors.map(|tensor| tensor.bytes.clone()));
    }

    /// The bytes of a tensor, by its number in the order in which room was made.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        &self.buffer[self.ranges[number].clone()]
    }

    /// Those of all.
    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges.iter().map(|range| &self.buffer[range.clone()])
    }

    /// The same, to be changed.
    pub(super) fn all_mut(&mut self) -> Vec<&mut [u8]> {
        let (mut rest, mut done) = (&mut self.buffer[..], 0);
        let mut found = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            let (_, after) = rest.split_at_mut(range.start - done);
            let (own, after) = after.split_at_mut(range.len());
            found.push(own);
            (rest, done) = (after, range.end);
        }
        found
    }
}

/// Memory that is not in use.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Vec<Pages>>);

impl Pool {
    /// Some of it, or new memory.
    pub fn take(&self) -> Pages {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    /// Gives some back.
    pub fn give(&self, pages: Pages) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(pages);
    }
}
