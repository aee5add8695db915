//! A block of a checkpoint as a balancing problem over the bytes of its tensors.

use num_traits::Zero;
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Block as Terms, Entries, Form, Layout, Problem, Refusal};

use super::{Checkpoint, NONE, Pages, Shards, Tensor};
use crate::formats::lost::Settled;
use crate::formats::powers::{exponent, exponents};
use crate::formats::storage::{Brain, Half, Storage, Stored};
use crate::formats::{Loss, Losses};
use crate::forms::Exponent;
use crate::numbers::{Rational, rational_from_f64};
use crate::solve::common_step;

/// A block: its multipliers are variables, numbered group by group.
#[derive(Debug)]
pub struct Part {
    /// Its number.
    pub block: usize,
    /// The first variable of each group, and their number.
    pub starts: Vec<usize>,
    /// Products of powers of variables; the first is the empty one.
    pub forms: Vec<Vec<(usize, Exponent)>>,
    /// Its tensors.
    pub tensors: Vec<PartTensor>,
}

/// A tensor as a matrix: the last axis counts its columns, all others together its rows. A vector is one column.
#[derive(Debug)]
pub struct PartTensor {
    /// Its number in the checkpoint.
    pub tensor: usize,
    /// By row, the form that the row's multipliers make.
    pub rows: Vec<usize>,
    /// By column.
    pub columns: Vec<usize>,
}

/// The numbers of a block's tensors.
#[derive(Debug)]
pub struct Held {
    bytes: Pages,
    /// Of gains that are stored less 1, the gains.
    gains: Vec<Vec<Rational>>,
}

impl Held {
    /// The memory, to be used again.
    pub fn into_pages(self) -> Pages {
        self.bytes
    }
}

/// A weight that would be too large for its number type: its tensor and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// The tensor, by its number in the checkpoint.
    pub tensor: usize,
    /// The place, all axes counted as one.
    pub index: usize,
}

impl Part {
    /// The block of a number. Variables that are not free have no part in any form.
    pub fn new(
        checkpoint: &Checkpoint,
        block: usize,
        is_free: &dyn Fn(usize, usize) -> bool,
    ) -> Self {
        let own = &checkpoint.blocks[block];
        let mut starts = vec![0];
        for group in &own.groups {
            starts.push(starts.last().copied().unwrap_or(0) + group.channels);
        }
        let mut known = Known::default();
        let tensors = own.tensors.iter().map(|number| {
            let shape = &checkpoint.tensors[*number].shape;
            let (width, split) = match shape.len() {
                0 | 1 => (1, shape.len()),
                axes => (shape[axes - 1], axes - 1),
            };
            let rows = shape[..split].iter().product::<usize>();
            let mut sides = [
                vec![BTreeMap::<usize, Exponent>::new(); rows],
                vec![BTreeMap::new(); width],
            ];
            for (group, content) in own.groups.iter().enumerate() {
                for member in content
                    .members
                    .iter()
                    .filter(|member| member.tensor == *number)
                {
                    let (side, inner) = match member.axis < split {
                        true => (0, shape[member.axis + 1..split].iter().product::<usize>()),
                        false => (1, 1),
                    };
                    let size = shape.get(member.axis).copied().unwrap_or(1).max(1);
                    for (entry, form) in sides[side].iter_mut().enumerate() {
                        let channel = member.map[entry / inner.max(1) % size];
                        if channel == NONE || !is_free(group, channel as usize) {
                            continue;
                        }
                        let sum = form.entry(starts[group] + channel as usize).or_default();
                        *sum += member.exponent;
                    }
                }
            }
            let [rows, columns] = sides.map(|side| {
                let forms = side.into_iter();
                forms.map(|form| known.number(form)).collect::<Vec<usize>>()
            });
            PartTensor {
                tensor: *number,
                rows,
                columns,
            }
        });
        let tensors = tensors.collect();
        Part {
            block,
            starts,
            forms: known.forms,
            tensors,
        }
    }

    /// The number of variables, those that are not free included.
    pub fn variables(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The group and the channel of a variable.
    pub fn place(&self, variable: usize) -> (usize, usize) {
        let group = self.starts.partition_point(|start| *start <= variable) - 1;
        (group, variable - self.starts[group])
    }

    /// How many bytes its tensors have.
    pub fn length(&self, checkpoint: &Checkpoint) -> usize {
        let tensors = self.tensors.iter();
        tensors
            .map(|part| checkpoint.tensors[part.tensor].bytes.len())
            .sum()
    }

    /// Reads the tensors, into memory that may have been used.
    ///
    /// # Errors
    /// Those of the system.
    pub fn read(
        &self,
        checkpoint: &Checkpoint,
        shards: &Shards,
        mut pages: Pages,
    ) -> std::io::Result<Held> {
        let tensors = self
            .tensors
            .iter()
            .map(|part| &checkpoint.tensors[part.tensor]);
        pages.lay_tensors(tensors.clone());
        let pairs: Vec<_> = tensors.zip(pages.all_mut()).collect();
        let read = |(tensor, bytes): (&Tensor, &mut [u8])| shards.read(tensor, 0, bytes);
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            pairs.into_par_iter().try_for_each(read)?;
        }
        #[cfg(not(feature = "parallel"))]
        pairs.into_iter().try_for_each(read)?;
        let gains = self.tensors.iter().zip(pages.all());
        let gains = gains.map(|(part, bytes)| {
            let tensor = &checkpoint.tensors[part.tensor];
            if tensor.offset == 0 {
                return Vec::new();
            }
            let storage = tensor.storage.unwrap_or(Storage::Single);
            let numbers = bytes.chunks_exact(storage.size());
            let offset = Rational::from_integer(tensor.offset.into());
            let exact = numbers.map(|bytes| {
                rational_from_f64(storage.decode(bytes)).unwrap_or_default() + &offset
            });
            exact.collect()
        });
        let gains = gains.collect();
        Ok(Held {
            bytes: pages,
            gains,
        })
    }

    /// The first number that is not finite: its tensor and its place.
    pub fn not_finite(&self, checkpoint: &Checkpoint, held: &Held) -> Option<(usize, usize)> {
        let mut pairs = self.tensors.iter().zip(held.bytes.all());
        pairs.find_map(|(part, bytes)| {
            let storage = checkpoint.tensors[part.tensor].storage;
            let storage = storage.unwrap_or(Storage::Single);
            if storage.all_finite(bytes) {
                return None;
            }
            let mut numbers = bytes.chunks_exact(storage.size());
            let place = numbers.position(|bytes| !storage.decode(bytes).is_finite());
            Some((part.tensor, place?))
        })
    }

    /// The problem that the kernel reads, for costs `|w|^power`.
    ///
    /// # Errors
    /// What the kernel refuses: exponents that add up to nothing else than they should do.
    pub fn problem<'a>(
        &self,
        checkpoint: &Checkpoint,
        held: &'a Held,
        power: &Rational,
    ) -> Result<Problem<'a>, Refusal> {
        // Variables are multipliers of costs, `Λ^power`.
        let forms = self.forms.iter().map(|form| -> Form {
            let exact = form.iter().map(|(variable, exponent)| {
                let above = (*exponent.numer()).into();
                (*variable, Rational::new(above, (*exponent.denom()).into()))
            });
            exact.collect()
        });
        let one = Rational::from_integer(1.into());
        let forms: Vec<Form> = forms.collect();
        let terms = self.tensors.iter().zip(held.bytes.all());
        let terms = terms.zip(&held.gains);
        let terms = terms.map(|((part, bytes), gains)| {
            let tensor = &checkpoint.tensors[part.tensor];
            let storage = tensor.storage.unwrap_or(Storage::Single);
            Terms {
                entries: match tensor.offset {
                    0 => storage.entries(bytes),
                    _ => Entries::Rational(gains.as_slice().into()),
                },
                rows: part.rows.clone(),
                columns: part.columns.clone(),
                layout: Layout::Dense,
                power: power.clone(),
                coefficient: one.clone(),
                again: false,
            }
        });
        Problem::new(self.variables(), forms, terms.collect())
    }

    /// The factor of each form at multipliers `Λ`.
    pub fn factors(&self, multipliers: &[f64]) -> Vec<f64> {
        let power = |(variable, exponent): &(usize, Exponent)| {
            let value = multipliers[*variable];
            match (*exponent.numer(), *exponent.denom()) {
                (1, 1) => value,
                (-1, 1) => value.recip(),
                _ => value.powf(float(exponent)),
            }
        };
        let forms = self.forms.iter();
        forms.map(|form| form.iter().map(power).product()).collect()
    }

    /// By variable, the power of 2 of which its multiplier must be a power so that every weight changes by a power
    /// of 2.
    pub fn steps(&self) -> Vec<u64> {
        let mut steps = vec![1u64; self.variables()];
        for (variable, exponent) in self.forms.iter().flatten() {
            let below = exponent.denom().unsigned_abs();
            steps[*variable] = common_step(steps[*variable], Some(below));
        }
        steps
    }

    /// By variable, the highest power of its multiplier that is one of a channel.
    pub fn powers(&self) -> Vec<f64> {
        let mut powers = vec![1.0f64; self.variables()];
        for form in &self.forms {
            if let [(variable, exponent)] = form.as_slice() {
                let size = exponent.numer().unsigned_abs() as f64 / *exponent.denom() as f64;
                powers[*variable] = powers[*variable].max(size);
            }
        }
        powers
    }

    /// Scales the tensors where they are held. Gives the weights that their number types could not hold.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn scale(
        &self,
        checkpoint: &Checkpoint,
        held: &mut Held,
        multipliers: &[f64],
    ) -> Result<Losses, TooLarge> {
        let factors = self.factors(multipliers);
        let mut lost = Losses::default();
        for (part, bytes) in self.tensors.iter().zip(held.bytes.all_mut()) {
            let of =
                |forms: &[usize]| -> Vec<f64> { forms.iter().map(|form| factors[*form]).collect() };
            let (rows, columns) = (of(&part.rows), of(&part.columns));
            let tensor = &checkpoint.tensors[part.tensor];
            let storage = tensor.storage.unwrap_or(Storage::Single);
            let scaled = Scaled {
                name: &tensor.name,
                rows: &rows,
                columns: &columns,
                offset: tensor.offset.into(),
            };
            let found = match storage {
                Storage::Half => scaled.all::<Half, 2>(bytes),
                Storage::Brain => scaled.all::<Brain, 2>(bytes),
                Storage::Single => scaled.all::<f32, 4>(bytes),
                Storage::Double => scaled.all::<f64, 8>(bytes),
            };
            let too_large = |index| TooLarge {
                tensor: part.tensor,
                index,
            };
            lost.append(found.map_err(too_large)?);
        }
        Ok(lost)
    }

    /// The bytes of each tensor.
    pub fn bytes<'a>(&'a self, held: &'a Held) -> impl Iterator<Item = (usize, &'a [u8])> {
        let tensors = self.tensors.iter().map(|part| part.tensor);
        tensors.zip(held.bytes.all())
    }
}

/// An exponent, rounded where it is no sum of powers of 2.
pub(super) fn float(exponent: &Exponent) -> f64 {
    *exponent.numer() as f64 / *exponent.denom() as f64
}

/// Forms by their content.
struct Known {
    forms: Vec<Vec<(usize, Exponent)>>,
    numbers: BTreeMap<Vec<(usize, Exponent)>, usize>,
}

impl Default for Known {
    fn default() -> Self {
        Known {
            forms: vec![Vec::new()],
            numbers: BTreeMap::from([(Vec::new(), 0)]),
        }
    }
}

impl Known {
    fn number(&mut self, form: BTreeMap<usize, Exponent>) -> usize {
        let form: Vec<_> = form
            .into_iter()
            .filter(|(_, exponent)| !exponent.is_zero())
            .collect();
        let next = self.forms.len();
        let number = *self.numbers.entry(form.clone()).or_insert(next);
        if number == next {
            self.forms.push(form);
        }
        number
    }
}

/// How a tensor is scaled.
pub(super) struct Scaled<'a> {
    pub name: &'a str,
    pub rows: &'a [f64],
    pub columns: &'a [f64],
    pub offset: f64,
}

/// Numbers of a band of rows.
const BAND: usize = 1 << 18;

impl Scaled<'_> {
    /// Scales all numbers of a tensor; the place of the first that is too large where there is one.
    pub fn all<T: Stored<SIZE>, const SIZE: usize>(
        &self,
        bytes: &mut [u8],
    ) -> Result<Losses, usize> {
        let width = self.columns.len();
        if width == 0 || self.rows.is_empty() {
            return Ok(Losses::default());
        }
        let rows = (BAND / width).max(1);
        let columns = match self.offset == 0.0 {
            true => exponents(self.columns),
            false => None,
        };
        let columns = columns.as_deref();
        let band =
            |(number, part): (usize, &mut [u8])| self.band::<T, SIZE>(number * rows, part, columns);
        #[cfg(feature = "parallel")]
        let parts: Vec<Result<Losses, usize>> = {
            use rayon::prelude::*;
            let parts = bytes.par_chunks_mut(rows * width * SIZE).enumerate();
            parts.map(band).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let parts: Vec<Result<Losses, usize>> = {
            let parts = bytes.chunks_mut(rows * width * SIZE).enumerate();
            parts.map(band).collect()
        };
        let mut lost = Losses::default();
        for part in parts {
            lost.append(part?);
        }
        Ok(lost)
    }

    fn band<T: Stored<SIZE>, const SIZE: usize>(
        &self,
        first: usize,
        bytes: &mut [u8],
        exponents: Option<&[i16]>,
    ) -> Result<Losses, usize> {
        let width = self.columns.len();
        let mut lost = Losses::default();
        let mut factors = Vec::with_capacity(width);
        for (row, bytes) in bytes.chunks_mut(width * SIZE).enumerate() {
            let factor = self.rows[first + row];
            let slots = bytes.as_chunks_mut::<SIZE>().0;
            if let (Some(columns), Some(row)) = (exponents, exponent(factor))
                && T::shift(slots, row, columns)
            {
                continue;
            }
            factors.clear();
            factors.extend(self.columns.iter().map(|column| factor * column));
            if factors.iter().all(|factor| *factor == 1.0) {
                continue;
            }
            if self.offset == 0.0 && T::scale(slots, &factors) {
                continue;
            }
            for (column, slot) in slots.iter_mut().enumerate() {
                let index = (first + row) * width + column;
                let (old, factor) = (T::decode(*slot), factors[column]);
                if factor == 1.0 || !old.is_finite() {
                    continue;
                }
                if self.offset != 0.0 {
                    *slot = T::encode((old + self.offset) * factor - self.offset);
                    match T::decode(*slot).is_finite() {
                        true => continue,
                        false => return Err(index),
                    }
                }
                let settled = Settled::scaled::<T>(old, factor, 1.0);
                if old == 0.0 {
                    continue;
                }
                if !settled.is_finite {
                    return Err(index);
                }
                let loss: Option<Loss> = settled.loss::<T>(self.name, index);
                loss.into_iter().for_each(|loss| lost.push(loss));
                *slot = settled.slot;
            }
        }
        Ok(lost)
    }
}
