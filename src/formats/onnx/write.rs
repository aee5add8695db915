//! A model with its weights scaled.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::constant::Constant;
use super::files::Files;
use super::limit::Out;
use super::scattered::{home, replaced};
use super::weights::{Scaled, scaled};
use super::{LayerRange, OnnxError, OnnxFile, wire};
use crate::formats::lost::{Loss, Losses, Settled};
use crate::formats::storage::{Brain, Half, Storage, Stored};
use crate::forms::Field;
use crate::network::SynapseIndex;
use crate::numbers::Wide;

/// Entries scaled at once, and pieces of so many entries worked on before they are written.
const PIECE: usize = 1 << 18;
const BATCH: usize = 16;

/// Entries of a tensor that stand together in a file.
struct Piece<'a> {
    bytes: Range<usize>,
    storage: Storage,
    constant: &'a Constant,
    scaled: Arc<Scaled<'a>>,
    entries: Range<usize>,
}

/// What entries are multiplied by: the quotient of two multipliers, which is 1 where they are equal.
struct Factors<'a> {
    /// The multiplier of each slot.
    of_slot: Vec<f64>,
    /// Is a number that has to be rounded an error?
    exactly: bool,
    /// Constants and entries that will be 0 in any case.
    vanished: BTreeSet<(usize, usize)>,
    /// Units whose weights become 0.
    out: Out<'a>,
}

/// Numbers that one product did not settle: the weights lost, and the first entry that cannot be scaled.
#[derive(Default)]
struct Found {
    lost: Losses,
    fault: Option<usize>,
}

impl Piece<'_> {
    /// Its bytes, scaled, and what was lost.
    fn scale(&self, bytes: &[u8], factors: &Factors) -> Result<(Vec<u8>, Losses), OnnxError> {
        let bytes = &*factors
            .out
            .cleared(&self.scaled, &self.entries, self.storage, bytes);
        let mut scaled = bytes.to_vec();
        let found = match self.storage {
            Storage::Half => self.scale_as::<Half, 2>(bytes, &mut scaled, factors),
            Storage::Brain => self.scale_as::<Brain, 2>(bytes, &mut scaled, factors),
            Storage::Single => self.scale_as::<f32, 4>(bytes, &mut scaled, factors),
            Storage::Double => self.scale_as::<f64, 8>(bytes, &mut scaled, factors),
        };
        let out_of_range = |entry: usize, storage: Storage| OnnxError::Range {
            name: self.constant.name.clone(),
            entry,
            number_type: storage.name(),
        };
        if let Some(entry) = found.fault {
            return Err(out_of_range(entry, self.storage));
        }
        let mut lost = found.lost;
        for cast in &self.constant.casts {
            self.recast(bytes, &scaled, *cast, &mut lost)
                .map_err(|entry| out_of_range(entry, *cast))?;
        }
        Ok((scaled, lost))
    }

    /// Looks for scaled entries that a type which they are cast to cannot hold; the error is the first that is too
    /// large.
    fn recast(
        &self,
        old: &[u8],
        scaled: &[u8],
        cast: Storage,
        lost: &mut Losses,
    ) -> Result<(), usize> {
        let size = self.storage.size();
        let pairs = old.chunks_exact(size).zip(scaled.chunks_exact(size));
        for (entry, (old, new)) in self.entries.clone().zip(pairs) {
            let new = self.storage.decode(new);
            if new == self.storage.decode(old) {
                continue;
            }
            let kept = cast.rounded(new);
            if !kept.is_finite() {
                return Err(entry);
            }
            if kept.abs() < cast.smallest() && kept != new {
                lost.push(Loss {
                    tensor: self.constant.name.clone(),
                    index: entry,
                    is_negative: new.is_sign_negative(),
                    exact: Wide::from_f64(new.abs()),
                    written: kept,
                });
            }
        }
        Ok(())
    }

    /// Scales entries of `SIZE` bytes.
    fn scale_as<T: Stored<SIZE>, const SIZE: usize>(
        &self,
        bytes: &[u8],
        scaled: &mut [u8],
        factors: &Factors,
    ) -> Found {
        let Factors {
            of_slot, exactly, ..
        } = factors;
        let (old, slots) = (bytes.as_chunks().0, scaled.as_chunks_mut::<SIZE>().0);
        let first = self.entries.start;
        let mut found = Found::default();
        let Some((one, places)) = self.scaled.plain() else {
            self.scaled
                .each_of(self.entries.clone(), |entry, plus, minus| {
                    let (up, down) = (of_slot[plus as usize], of_slot[minus as usize]);
                    let place = entry - first;
                    if !scale::<T, SIZE>(&mut slots[place], up / down, *exactly) {
                        let old = T::decode(old[place]);
                        slots[place] =
                            self.settle::<T, SIZE>(entry, old, [up, down], factors, &mut found);
                    }
                });
            return found;
        };
        let of = |field: &Field| -> Vec<f64> {
            let labels = field.labels.iter();
            labels.map(|slot| of_slot[*slot as usize]).collect()
        };
        let (up, down) = (of(&one.plus), of(&one.minus));
        let mut quotients = Vec::new();
        one.each_slice(first / places..self.entries.end / places, |slice| {
            quotients.clear();
            quotients.extend((0..slice.steps).map(|k| up[slice.plus(k)] / down[slice.minus(k)]));
            let start = slice.place - first;
            let own = start..start + slice.steps * slice.run;
            if scale_runs::<T, SIZE>(&mut slots[own.clone()], &quotients, slice.run, *exactly) {
                return;
            }
            for place in own {
                let step = (place - start) / slice.run;
                if !scale::<T, SIZE>(&mut old[place].clone(), quotients[step], *exactly) {
                    let ends = [up[slice.plus(step)], down[slice.minus(step)]];
                    let old = T::decode(old[place]);
                    slots[place] =
                        self.settle::<T, SIZE>(first + place, old, ends, factors, &mut found);
                }
            }
        });
        found
    }

    /// Scales one number with care: says whether it is lost, or cannot be scaled.
    fn settle<T: Stored<SIZE>, const SIZE: usize>(
        &self,
        entry: usize,
        old: f64,
        [up, down]: [f64; 2],
        factors: &Factors,
        found: &mut Found,
    ) -> [u8; SIZE] {
        if old == 0.0 {
            return T::encode(old);
        }
        let settled = Settled::scaled::<T>(old, up, down);
        let vanishes = || factors.vanished.contains(&(self.scaled.constant, entry));
        let is_rounded = factors.exactly && !settled.is_exact && !settled.is_lost;
        if (!settled.is_finite || is_rounded || settled.is_lost) && !vanishes() {
            match settled.loss::<T>(&self.constant.name, entry) {
                Some(loss) => found.lost.push(loss),
                None => found.fault = found.fault.or(Some(entry)),
            }
        }
        settled.slot
    }
}

/// Scales runs of numbers, each run by its quotient; false if one is not settled by that.
fn scale_runs<T: Stored<SIZE>, const SIZE: usize>(
    slots: &mut [[u8; SIZE]],
    quotients: &[f64],
    run: usize,
    exactly: bool,
) -> bool {
    if run == 1 {
        let pairs = slots.iter_mut().zip(quotients);
        let sound = pairs.map(|(slot, quotient)| scale::<T, SIZE>(slot, *quotient, exactly));
        return sound.fold(true, |all, sound| all & sound);
    }
    let pairs = slots.chunks_mut(run).zip(quotients);
    let sound = pairs.map(|(slots, quotient)| {
        let sound = slots
            .iter_mut()
            .map(|slot| scale::<T, SIZE>(slot, *quotient, exactly));
        sound.fold(true, |all, sound| all & sound)
    });
    sound.fold(true, |all, sound| all & sound)
}

/// Scales one number; false if it leaves the normal numbers of its type, is rounded though it must not be, or the
/// quotient itself is not one.
#[inline(always)]
fn scale<T: Stored<SIZE>, const SIZE: usize>(
    slot: &mut [u8; SIZE],
    quotient: f64,
    exactly: bool,
) -> bool {
    let old = T::decode(*slot);
    let new = old * quotient;
    *slot = T::encode(new);
    let kept = T::decode(*slot);
    let is_normal = kept.is_finite() & ((kept.abs() >= T::SMALLEST) | (old == 0.0));
    let is_settled = is_normal & (quotient >= f64::MIN_POSITIVE);
    // Back again: a product that was rounded does not return.
    is_settled & (!exactly | ((kept == new) & (kept / quotient == old)))
}

/// A model as files.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The model.
    pub model: Vec<u8>,
    /// Files beside it, by their names.
    pub beside: Vec<(String, Vec<u8>)>,
    /// Weights that their number type could not hold.
    pub lost: Losses,
}

impl OnnxFile {
    /// The model with the multiplier `Λ` of every unit of [`network`](OnnxFile::network) applied, and the weights of
    /// some synapses 0; `name` is the file name that it will have. Each number is rounded once, to its own type.
    ///
    /// # Errors
    /// [`OnnxError::Multiplier`]; [`OnnxError::Limit`] where weights vanish that may not; [`OnnxError::Range`] for a
    /// number that overflows; with `exactly`, for any that is rounded and not among those lost.
    ///
    /// # Panics
    /// If there are not as many multipliers as units, or a synapse does not exist.
    pub fn scaled(
        &self,
        multipliers: &[f64],
        vanished: &[SynapseIndex],
        exactly: bool,
        name: &str,
    ) -> Result<Written, OnnxError> {
        let mut factors = self.factors(multipliers, exactly)?;
        self.check_limit(!vanished.is_empty())?;
        let places = vanished.iter().map(|synapse| self.places[*synapse]);
        let entries = places.map(|place| (place.constant as usize, place.entry as usize));
        factors.vanished = entries.collect();
        let (mut files, mut lost) = (Vec::new(), Losses::default());
        for file in 0..self.files.len() {
            let mut bytes = Vec::with_capacity(self.files.bytes(file).len());
            lost.append(self.write_scaled(file, &factors, &mut bytes)?);
            files.push(bytes);
        }
        let mut gathered = self.gathered(&factors, &mut lost)?;
        for (constant, entry) in factors.vanished {
            let constant = &self.constants[constant];
            if let (Ok((file, start, storage)), false) =
                (constant.place.clone(), constant.is_beside())
            {
                let at = start + entry * storage.size();
                let own = gathered.iter_mut().find(|(number, _)| *number == file);
                let bytes = match own {
                    Some((_, bytes)) => bytes,
                    None => &mut files[file],
                };
                bytes[at..at + storage.size()].fill(0);
            }
        }
        let beside = files.split_off(1);
        Ok(Written {
            model: self.relocated(self.scattered(files.remove(0), gathered)?, name)?,
            beside: self.names(name).into_iter().skip(1).zip(beside).collect(),
            lost,
        })
    }

    /// Does the function keep its values where weights tend to 0?
    fn check_limit(&self, vanishes: bool) -> Result<(), OnnxError> {
        match self.broken_at_zero().filter(|_| vanishes) {
            Some(operator) => Err(OnnxError::Limit(operator.to_owned())),
            None => Ok(()),
        }
    }

    /// The names of the files of the model once it has this one: itself, then those beside it.
    pub fn names(&self, name: &str) -> Vec<String> {
        let beside = self.files.beside().map(|(file, location)| {
            let flat = location.replace(['/', '\\'], "_");
            match self.files.len() {
                2 => format!("{name}.{flat}"),
                _ => format!("{name}.{file}.{flat}"),
            }
        });
        std::iter::once(name.to_owned()).chain(beside).collect()
    }

    /// Writes one of the files, with all multipliers applied, as it is made; `name` is the model's new name, and files
    /// are in the order of [`names`](OnnxFile::names). A multiplier 0 stands for a unit whose counted weights, to and
    /// from other units, become 0. Gives the weights that their number type could not hold. Cost: one read of the file,
    /// and memory for a small part of it.
    ///
    /// # Errors
    /// As [`scaled`](OnnxFile::scaled), and those of writing.
    ///
    /// # Panics
    /// If there are not as many multipliers as units, or there is no such file.
    pub fn write(
        &self,
        file: usize,
        multipliers: &[f64],
        name: &str,
        into: &mut dyn Write,
    ) -> Result<Losses, OnnxError> {
        let out = Out::of(&self.units, multipliers);
        self.check_limit(multipliers.contains(&0.0))?;
        let mut factors = self.factors(&out.multipliers(multipliers), false)?;
        factors.out = out;
        let is_as_long = self.files.len() == 1 && !self.files.has_gathered();
        if file > 0 || is_as_long {
            return self.write_scaled(file, &factors, into);
        }
        // The names of the other files change, or numbers of any length, so that the length of this one does.
        let mut bytes = Vec::new();
        let mut lost = self.write_scaled(file, &factors, &mut bytes)?;
        let gathered = self.gathered(&factors, &mut lost)?;
        into.write_all(&self.relocated(self.scattered(bytes, gathered)?, name)?)?;
        Ok(lost)
    }

    /// The numbers that stand one by one in the model, scaled, by the number of what they were gathered in.
    fn gathered(
        &self,
        factors: &Factors,
        lost: &mut Losses,
    ) -> Result<Vec<(usize, Vec<u8>)>, OnnxError> {
        let mut scaled = Vec::new();
        for constant in &self.constants {
            let Ok((file, ..)) = constant.place else {
                continue;
            };
            if Files::is_gathered(file) && !constant.is_beside() {
                let mut bytes = Vec::new();
                lost.append(self.write_scaled(file, factors, &mut bytes)?);
                scaled.push((file, bytes));
            }
        }
        Ok(scaled)
    }

    /// The model with those numbers where they stand.
    fn scattered(
        &self,
        model: Vec<u8>,
        gathered: Vec<(usize, Vec<u8>)>,
    ) -> Result<Vec<u8>, OnnxError> {
        let mut changed = Vec::new();
        for (file, bytes) in gathered {
            if bytes[..] == self.files.bytes(file)[..] {
                continue;
            }
            let own =
                |constant: &&Constant| constant.place.as_ref().is_ok_and(|place| place.0 == file);
            let name = self.constants.iter().find(own).map_or("", |own| &own.name);
            let home = home(&self.model, name).ok_or_else(|| OnnxError::NoTensor(name.into()))?;
            changed.push((home, bytes));
        }
        match changed.is_empty() {
            true => Ok(model),
            false => replaced(&model, &changed),
        }
    }

    fn factors(&self, multipliers: &[f64], exactly: bool) -> Result<Factors<'_>, OnnxError> {
        let units = self.units.count();
        assert_eq!(multipliers.len(), units, "one multiplier for each unit");
        let is_wrong = |multiplier: &f64| !(*multiplier > 0.0 && multiplier.is_finite());
        if let Some(unit) = multipliers.iter().position(is_wrong) {
            return Err(OnnxError::Multiplier(unit));
        }
        let of_slot = self.units.of_slots().map(|unit| multipliers[unit]);
        Ok(Factors {
            of_slot: of_slot.collect(),
            exactly,
            vanished: BTreeSet::new(),
            out: Out::default(),
        })
    }

    /// The model with the new names of the files beside it.
    fn relocated(&self, model: Vec<u8>, name: &str) -> Result<Vec<u8>, OnnxError> {
        if self.files.len() == 1 {
            return Ok(model);
        }
        let locations = self.files.beside().map(|(_, location)| location);
        let new = self.names(name).into_iter().skip(1);
        let names: BTreeMap<&str, String> = locations.zip(new).collect();
        wire::relocate(&model, &|old| names.get(old).cloned())
    }

    /// Writes a file, batch after batch of pieces scaled, in parallel where that is built in, and what lies between
    /// them.
    fn write_scaled(
        &self,
        file: usize,
        factors: &Factors,
        into: &mut dyn Write,
    ) -> Result<Losses, OnnxError> {
        let mut lost = Losses::default();
        let bytes = self.files.bytes(file);
        let scale = |piece: &Piece| piece.scale(&bytes[piece.bytes.clone()], factors);
        let mut written = 0;
        for batch in self.pieces(file).chunks(BATCH) {
            #[cfg(feature = "parallel")]
            let scaled: Vec<_> = batch.par_iter().map(scale).collect();
            #[cfg(not(feature = "parallel"))]
            let scaled: Vec<_> = batch.iter().map(scale).collect();
            for (piece, scaled) in batch.iter().zip(scaled) {
                into.write_all(&bytes[written..piece.bytes.start])?;
                let (scaled, own) = scaled?;
                into.write_all(&scaled)?;
                lost.append(own);
                written = piece.bytes.end;
            }
        }
        into.write_all(&bytes[written..])?;
        Ok(lost)
    }

    /// What scales in a file, in order.
    fn pieces(&self, file: usize) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        for scaled in scaled(&self.uses) {
            let constant = &self.constants[scaled.constant];
            let Ok((place, start, storage)) = constant.place else {
                continue;
            };
            if place != file {
                continue;
            }
            let scaled = Arc::new(scaled);
            let parts = scaled.parts(constant.len(), PIECE).into_iter();
            pieces.extend(parts.map(|entries| Piece {
                bytes: start + entries.start * storage.size()..start + entries.end * storage.size(),
                storage,
                constant,
                scaled: scaled.clone(),
                entries,
            }));
        }
        pieces.sort_by_key(|piece| piece.bytes.start);
        pieces
    }

    /// The magnitudes of every weight of at least two axes, by output channel, after multipliers have been applied.
    ///
    /// # Panics
    /// If there are not as many multipliers as units.
    pub fn ranges(&self, multipliers: &[f64]) -> Vec<LayerRange> {
        let layers = scaled(&self.uses).into_iter().filter(Scaled::is_weight);
        let mut ranges = Vec::new();
        for layer in layers {
            let constant = &self.constants[layer.constant];
            let Ok((file, start, storage)) = constant.place else {
                continue;
            };
            if constant.shape.iter().filter(|length| **length > 1).count() < 2 {
                continue;
            }
            let bytes = &self.files.bytes(file)[start..];
            let mut channels: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            layer.each(constant.len(), |entry, plus, minus| {
                let at = entry * storage.size();
                let ratio =
                    multipliers[self.units.source(plus)] / multipliers[self.units.source(minus)];
                let value = (storage.decode(&bytes[at..]) * ratio).abs();
                if value > 0.0 {
                    channels.entry(plus).or_default().push(value);
                }
            });
            let summary = channels.into_values().map(|mut magnitudes| {
                magnitudes.sort_by(f64::total_cmp);
                let largest = magnitudes.last().copied().unwrap_or(0.0);
                (largest, magnitudes[magnitudes.len() / 2])
            });
            ranges.push(LayerRange {
                tensor: constant.name.clone(),
                channels: summary.collect(),
            });
        }
        ranges
    }
}
