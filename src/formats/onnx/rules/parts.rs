//! Where the entries of a reshape go, part by part.

use super::super::infer::Inference;
use super::super::node::Stop;
use super::super::shape::{Dim, Segment};
use crate::forms::Field;

/// The field in the new shape, part by part; where it cannot be told where the entries of a part go, they share one
/// multiplier.
pub(super) fn follow(
    inference: &mut Inference,
    field: &Field,
    old: &[Dim],
    new: &[Dim],
    parts: &[Segment],
) -> Result<Field, Stop> {
    let mut before = field.of_rank(old.len());
    let mut lengths = vec![1; new.len()];
    let mut moves: Vec<Move> = Vec::new();
    for part in parts {
        let varies = part.old.clone().any(|axis| before.shape[axis] != 1);
        if !varies {
            continue;
        }
        let fits = |axis: usize, length: usize| new[axis].known().is_none_or(|own| own == length);
        let is_one = part.old.len() == 1 && part.new.len() == 1;
        let found = match is_one && fits(part.new.start, before.shape[part.old.start]) {
            true => Some(Move::whole(&before, part)),
            false => {
                let both = [
                    Move::leading(&before, old, new, part),
                    Move::trailing(&before, old, new, part),
                ];
                let found = both.into_iter().flatten();
                found.min_by_key(Move::count)
            }
        };
        match found.filter(|found| found.count() <= MOST_LABELS) {
            Some(found) => {
                lengths[found.new.clone()].copy_from_slice(&found.lengths);
                moves.push(found);
            }
            None => {
                before = inference
                    .channels
                    .merged_along(&before, old.len(), |axis| part.old.contains(&axis))?
                    .of_rank(old.len());
            }
        }
    }
    let label = |index: &[usize]| {
        let mut inner = vec![0; old.len()];
        for found in &moves {
            found.place(index, &mut inner);
        }
        before.at(&inner)
    };
    Ok(inference.channels.remapped(lengths.clone(), label)?)
}

/// Labels of one part of a reshape beyond so many are not told apart.
const MOST_LABELS: usize = 1 << 20;

/// Where the labels of some new axes come from; along the other new axes of the part they do not vary.
struct Move {
    new: std::ops::Range<usize>,
    lengths: Vec<usize>,
    old: std::ops::Range<usize>,
    olds: Vec<usize>,
    /// So many new places in a row lie at one old place.
    run: usize,
}

impl Move {
    fn whole(before: &Field, part: &Segment) -> Self {
        let lengths = vec![before.shape[part.old.start]];
        Move {
            new: part.new.clone(),
            olds: lengths.clone(),
            lengths,
            old: part.old.clone(),
            run: 1,
        }
    }

    /// The first old axes hold all that varies, and the first new ones are a finer division of the same entries.
    fn leading(before: &Field, old: &[Dim], new: &[Dim], part: &Segment) -> Option<Self> {
        let last = part.old.clone().rfind(|axis| before.shape[*axis] != 1)?;
        let held = part.old.start..last + 1;
        let olds: Vec<usize> = held
            .clone()
            .map(|axis| old[axis].known())
            .collect::<Option<_>>()?;
        let count = product(&olds)?;
        let mut lengths = Vec::new();
        let mut places = 1usize;
        for axis in part.new.clone() {
            let length = new[axis].known()?;
            lengths.push(length);
            places = places.checked_mul(length)?;
            if count == 0 || places == 0 {
                return None;
            }
            if places.is_multiple_of(count) {
                return Some(Move {
                    new: part.new.start..axis + 1,
                    lengths,
                    old: held,
                    olds,
                    run: places / count,
                });
            }
        }
        None
    }

    /// The last old axes hold all that varies, so that multipliers repeat: along the last new axes too. An axis of
    /// unknown length that comes first holds whole periods, since the others divide one.
    fn trailing(before: &Field, old: &[Dim], new: &[Dim], part: &Segment) -> Option<Self> {
        let first = part.old.clone().find(|axis| before.shape[*axis] != 1)?;
        let held = first..part.old.end;
        let length = |axis: usize| match old[axis] {
            Dim::Known(length) => Some(length),
            // As many labels as there are in one period.
            Dim::Symbol(_) if axis == first => Some(before.shape[axis]),
            Dim::Symbol(_) => None,
        };
        let olds: Vec<usize> = held.clone().map(length).collect::<Option<_>>()?;
        let count = product(&olds)?;
        let mut lengths = Vec::new();
        let mut places = 1usize;
        for axis in part.new.clone().rev() {
            let length = match new[axis] {
                Dim::Known(length) => length,
                Dim::Symbol(_) if axis == part.new.start && count.is_multiple_of(places) => {
                    count / places
                }
                Dim::Symbol(_) => return None,
            };
            lengths.insert(0, length);
            places = places.checked_mul(length)?;
            if count == 0 || places == 0 {
                return None;
            }
            if places.is_multiple_of(count) {
                return Some(Move {
                    new: axis..part.new.end,
                    lengths,
                    old: held,
                    olds,
                    run: 1,
                });
            }
        }
        None
    }

    fn count(&self) -> usize {
        product(&self.lengths).unwrap_or(usize::MAX)
    }

    /// The old place of a new one, among the axes that it knows of.
    fn place(&self, index: &[usize], inner: &mut [usize]) {
        let places = self.new.clone().zip(&self.lengths);
        let place = places.fold(0, |place, (axis, length)| place * length + index[axis]);
        let mut place = place / self.run;
        for (axis, length) in self.old.clone().zip(&self.olds).rev() {
            inner[axis] = place % length;
            place /= length;
        }
    }
}

fn product(lengths: &[usize]) -> Option<usize> {
    let mut lengths = lengths.iter();
    lengths.try_fold(1usize, |product, length| product.checked_mul(*length))
}
