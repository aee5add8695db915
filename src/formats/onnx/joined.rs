//! Constants that are joined of others: what scales are the numbers of the parts, wherever the joined tensor is used.

use super::constant::{Constant, View};
use super::infer::Inference;
use super::learned::is_unscaled;
use super::node::Stop;
use crate::forms::{Field, set};

/// Tensors one after the other along an axis.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    along: usize,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    /// The lengths of its axes.
    shape: Vec<usize>,
    /// Its numbers; `None` if all of them are 0 and stored nowhere.
    view: Option<View>,
}

/// What is joined: a constant, or zeros of a shape.
pub(super) enum Piece<'a> {
    Constant(&'a View),
    Zeros(Vec<usize>),
}

/// A constant scales by the ratio of two fields.
pub(super) type Weighed = (View, Field, Field);

/// Entries of a joined tensor beyond so many are not numbered one by one.
const MOST: usize = 1 << 26;

impl Joined {
    /// The part that an entry of the joined tensor is in, and where it stands there.
    fn part(&self, shape: &[usize], entry: usize) -> (&Part, usize) {
        let mut index = vec![0; shape.len()];
        set(&mut index, shape, entry);
        let mut parts = self.parts.iter();
        let part = parts.find(|part| {
            let is_here = index[self.along] < part.shape[self.along];
            if !is_here {
                index[self.along] -= part.shape[self.along];
            }
            is_here
        });
        // Lengths of parts add up to that of the whole.
        let part = part.unwrap_or(&self.parts[0]);
        let place = index.iter().zip(&part.shape);
        (
            part,
            place.fold(0, |at, (index, length)| at * length + index),
        )
    }
}

impl Inference<'_> {
    /// The pieces, at least one of them a constant, one after the other along an axis, as a constant; `None` if they
    /// are not all stored in one type of numbers that scale, or their shapes do not fit.
    pub fn joined(&mut self, name: &str, pieces: &[Piece], along: usize) -> Option<View> {
        let parts = pieces.iter().map(|piece| match piece {
            Piece::Constant(view) => Part {
                shape: view.shape.clone(),
                view: Some((*view).clone()),
            },
            Piece::Zeros(shape) => Part {
                shape: shape.clone(),
                view: None,
            },
        });
        let parts: Vec<Part> = parts.collect();
        let views = || parts.iter().filter_map(|part| part.view.as_ref());
        let storage = self.constants[views().next()?.constant].storage?;
        let scales = |view: &View| {
            let constant = &self.constants[view.constant];
            constant.place.is_ok() && constant.storage == Some(storage)
        };
        if !views().all(scales) {
            return None;
        }
        let mut shape = parts[0].shape.clone();
        shape[along] = 0;
        for part in &parts {
            let mut axes = part.shape.iter().zip(&shape).enumerate();
            if part.shape.len() != shape.len()
                || !axes.all(|(axis, (own, length))| axis == along || own == length)
            {
                return None;
            }
            shape[along] = shape[along].checked_add(part.shape[along])?;
        }
        let count = shape.iter().try_fold(1usize, |a, b| a.checked_mul(*b))?;
        u32::try_from(count)
            .ok()
            .filter(|count| *count < View::ABSENT)?;
        let view = View::whole(self.constants.len(), &shape);
        self.constants.push(Constant {
            joined: Some(Joined { along, parts }),
            ..Constant::made(name.to_owned(), shape, (0, 0, storage))
        });
        Some(view)
    }

    /// The tensors that a joined one is made of, where it is one.
    pub fn pieces(&self, view: &View) -> Option<Vec<View>> {
        let joined = self.constants[view.constant].joined.as_ref()?;
        Some(
            joined
                .parts
                .iter()
                .filter_map(|part| part.view.clone())
                .collect(),
        )
    }

    /// How the parts of a joined constant scale where it scales by two fields; `None` if it is none.
    pub fn apart(
        &mut self,
        view: &View,
        plus: &Field,
        minus: &Field,
    ) -> Result<Option<Vec<Weighed>>, Stop> {
        let constant = &self.constants[view.constant];
        let Some(joined) = constant.joined.clone() else {
            return Ok(None);
        };
        let shape = constant.shape.clone();
        if view.entries.is_none() && view.shape == shape {
            return self.cut(view, &joined, [plus, minus]).map(Some);
        }
        if view.len() > MOST {
            return Err(Stop::Pin(
                "moves the entries of a joined tensor that is too large".into(),
            ));
        }
        let mut apart: Vec<Weighed> = Vec::new();
        for part in &joined.parts {
            let Some(own) = &part.view else { continue };
            let mut entries = vec![View::ABSENT; view.len()];
            for (place, found) in entries.iter_mut().enumerate() {
                let entry = view.entry(place);
                if entry == View::ABSENT as usize {
                    continue;
                }
                let (met, at) = joined.part(&shape, entry);
                if std::ptr::eq(met, part) {
                    *found = own.entry(at) as u32;
                }
            }
            let moved = View {
                constant: own.constant,
                shape: view.shape.clone(),
                entries: Some(entries.into()),
                is_part: own.is_part || view.is_part,
            };
            apart.push((moved, plus.clone(), minus.clone()));
        }
        Ok(Some(apart))
    }

    /// The same where the joined tensor is used as it is: fields are cut along the axis.
    fn cut(
        &mut self,
        view: &View,
        joined: &Joined,
        fields: [&Field; 2],
    ) -> Result<Vec<Weighed>, Stop> {
        let (rank, along) = (view.shape.len(), joined.along);
        let mut first = 0;
        let mut apart: Vec<Weighed> = Vec::new();
        for part in &joined.parts {
            let length = part.shape[along];
            if let Some(own) = &part.view {
                let mut cut = Vec::with_capacity(2);
                for field in fields {
                    let old = field.of_rank(rank);
                    cut.push(match field.varies(along, rank) {
                        false => old,
                        true => {
                            let mut shape = old.shape.clone();
                            shape[along] = length;
                            self.channels.remapped(shape, |index| {
                                let mut index = index.to_vec();
                                index[along] += first;
                                old.at(&index)
                            })?
                        }
                    });
                }
                let own = View {
                    is_part: own.is_part || view.is_part,
                    ..own.clone()
                };
                if let (Some(minus), Some(plus)) = (cut.pop(), cut.pop()) {
                    apart.push((own, plus, minus));
                }
            }
            first += length;
        }
        Ok(apart)
    }

    /// A number of a floating-point constant, finite or not. Of a product only zeros are known: no factor changes them.
    pub fn number(&self, view: &View, place: usize) -> Option<f64> {
        let entry = view.entry(place);
        if entry == View::ABSENT as usize {
            return Some(0.0);
        }
        let constant = &self.constants[view.constant];
        let number = match &constant.joined {
            None => self.entry(view.constant, entry),
            Some(joined) => {
                let (part, at) = joined.part(&constant.shape, entry);
                part.view
                    .as_ref()
                    .map_or(Some(0.0), |own| self.number(own, at))
            }
        };
        number.filter(|number| !view.is_part || *number == 0.0)
    }

    /// Is every number of a constant known, and neither 0 nor infinite?
    pub fn has_no_unscaled(&self, view: &View) -> bool {
        let plain = View {
            is_part: false,
            ..view.clone()
        };
        let mut numbers = (0..view.len()).map(|place| self.number(&plain, place));
        numbers.all(|number| number.is_some_and(|number| !is_unscaled(number)))
    }
}
