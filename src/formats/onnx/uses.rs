//! How constants scale where operators use them.

use std::ops::Range;

use super::constant::View;
use crate::forms::{Field, Slot};
use crate::forms::{advance, set};

/// How the entries of a constant scale: by the ratio of two fields.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub view: View,
    pub plus: Field,
    pub minus: Field,
    /// Is it a weight, which the regularizer counts? A statistic of a normalisation follows without being counted.
    pub is_weight: bool,
}

impl Use {
    /// Calls back with every entry of the constant that is used, and the slots that multiply and divide it.
    pub fn each(&self, call: impl FnMut(usize, Slot, Slot)) {
        self.each_of(0..self.slices().0, call);
    }

    /// The number of slices that the places of the view fall into one after the other, and the places in each.
    pub fn slices(&self) -> (usize, usize) {
        let shape = &self.view.shape;
        let outer = shape.len().saturating_sub(self.fixed_axes() + 1);
        let (outer, inner) = shape.split_at(outer);
        match inner.iter().product() {
            0 => (0, 0),
            places => (outer.iter().product(), places),
        }
    }

    /// The last axes along which neither field varies: there, all entries share their slots.
    fn fixed_axes(&self) -> usize {
        let rank = self.view.shape.len();
        let varies = |axis: &usize| self.plus.varies(*axis, rank) || self.minus.varies(*axis, rank);
        (0..rank).rev().take_while(|axis| !varies(axis)).count()
    }

    /// The same for some of the [`slices`](Use::slices).
    pub fn each_of(&self, slices: Range<usize>, mut call: impl FnMut(usize, Slot, Slot)) {
        self.each_slice(slices, |slice| {
            for step in 0..slice.steps {
                let (plus, minus) = (slice.plus(step), slice.minus(step));
                let (plus, minus) = (self.plus.labels[plus], self.minus.labels[minus]);
                let first = slice.place + step * slice.run;
                for place in first..first + slice.run {
                    let entry = self.view.entry(place);
                    if entry != View::ABSENT as usize {
                        call(entry, plus, minus);
                    }
                }
            }
        });
    }

    /// Calls back with some of the [`slices`](Use::slices).
    pub fn each_slice(&self, slices: Range<usize>, mut call: impl FnMut(&Slice)) {
        if slices.is_empty() {
            return;
        }
        let shape = &self.view.shape;
        let rank = shape.len();
        let (plus, minus) = (self.plus.of_rank(rank), self.minus.of_rank(rank));
        let fixed = self.fixed_axes();
        // Along the axis before those, labels are taken one after the other.
        let (outer, steps) = match rank - fixed {
            0 => (&shape[..0], 1),
            varying => (&shape[..varying - 1], shape[varying - 1]),
        };
        let run: usize = shape[rank - fixed..].iter().product();
        let step =
            |field: &Field| usize::from((rank > fixed) && field.shape[rank - fixed - 1] != 1);
        let (up, down) = (step(&plus), step(&minus));
        let mut index = vec![0; rank];
        set(&mut index[..outer.len()], outer, slices.start);
        for slice in slices {
            call(&Slice {
                place: slice * steps * run,
                steps,
                run,
                plus: (plus.place(&index), up),
                minus: (minus.place(&index), down),
            });
            advance(&mut index[..outer.len()], outer);
        }
    }
}

/// Places that follow each other: some steps, each of a run of places with the same labels.
pub(super) struct Slice {
    pub place: usize,
    pub steps: usize,
    pub run: usize,
    /// The label of the first step, and how far on that of the next one is.
    plus: (usize, usize),
    minus: (usize, usize),
}

impl Slice {
    /// Which of the labels multiplies the entries of a step.
    pub fn plus(&self, step: usize) -> usize {
        self.plus.0 + step * self.plus.1
    }

    /// Which of the labels divides them.
    pub fn minus(&self, step: usize) -> usize {
        self.minus.0 + step * self.minus.1
    }
}
