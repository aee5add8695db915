//! A tensor before and after, read side by side once: the factors of its rows and columns, and what they do not
//! explain.

use std::io::{Error, ErrorKind};

use super::pages::{Pages, Pool};
use super::{Shards, Tensor};
use crate::formats::powers::{exponent, exponents};
use crate::formats::storage::Storage;
use crate::numbers::is_power_of_two;
use crate::solve::folds::{Band, Excuse, Rows};

/// One version of a tensor.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Where its bytes are.
    pub shards: &'a Shards,
    /// The tensor.
    pub tensor: &'a Tensor,
    /// Its bytes, where they were read already.
    pub held: Option<&'a [u8]>,
}

/// What is known of a tensor of two versions.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The logarithms of the factors of the rows; NaN where no entry tells.
    pub rows: Vec<f64>,
    /// The same for the columns, up to a factor that all rows have in common.
    pub columns: Vec<f64>,
    /// Entries that no factors explain, and how far the others are off.
    pub band: Band,
    /// How many rows the factors of columns were taken from.
    pub samples: usize,
    /// Is every factor that is known a power of 2, in full?
    pub is_binary: bool,
}

/// Rows of which the factors of the columns are taken.
const SAMPLES: usize = 128;

/// Bytes of a band, and the rows that it has at least.
const BAND: usize = 1 << 19;
const ROWS: usize = 32;

impl<'a> Version<'a> {
    fn storage(&self) -> Storage {
        self.tensor.storage.unwrap_or(Storage::Single)
    }

    /// Some rows, in bytes: those that are held, or read into memory.
    fn rows<'p>(
        &self,
        (first, count): (usize, usize),
        width: usize,
        pages: &'p mut Pages,
    ) -> std::io::Result<&'p [u8]>
    where
        'a: 'p,
    {
        let row = width * self.storage().size();
        let (start, end) = (first * row, (first + count) * row);
        if let Some(held) = self.held {
            let found = held.get(start..end);
            return found.ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "beyond the tensor"));
        }
        let place = self.tensor.bytes.start;
        pages.lay(std::iter::once(place + start..place + end));
        for bytes in pages.all_mut() {
            self.shards.read(self.tensor, start, bytes)?;
        }
        Ok(pages.get(0))
    }

    /// Numbers with what is added to them; are the sums exact?
    fn numbers(&self, bytes: &[u8], into: &mut Vec<f64>) -> bool {
        self.storage().numbers(bytes, into);
        let mut is_exact = true;
        if self.tensor.offset != 0 {
            let offset = f64::from(self.tensor.offset);
            for value in into {
                let sum = *value + offset;
                let added = sum - *value;
                is_exact &= (*value - (sum - added)) + (offset - added) == 0.0;
                *value = sum;
            }
        }
        is_exact
    }
}

/// Reads both versions of a tensor of so many rows and columns, with memory from a pool. Where nothing `scales` it,
/// every entry has to be what it was.
///
/// # Errors
/// Those of the system.
pub fn compare(
    versions: [Version; 2],
    [rows, width]: [usize; 2],
    scales: bool,
    excuse: Excuse,
    pool: &Pool,
) -> std::io::Result<Compared> {
    let mut found = Compared {
        rows: Vec::new(),
        columns: vec![0.0; width],
        band: Band::new(),
        samples: 0,
        is_binary: true,
    };
    if rows == 0 || width == 0 {
        return Ok(found);
    }
    // A vector tells its factors itself.
    let is_sampled = scales && width > 1;
    let known = match is_sampled {
        true => {
            let samples = samples(versions, rows, width, pool)?;
            found.samples = samples.len();
            Rows::new(width, &samples, excuse)
        }
        false => Rows::plain(width, excuse),
    };
    let size = versions[0]
        .storage()
        .size()
        .max(versions[1].storage().size());
    let step = (BAND / (width * size)).max(ROWS);
    let [before, after] = versions.map(|version| version.tensor);
    let is_alike = before.storage == after.storage && before.offset == 0 && after.offset == 0;
    let powers = match is_sampled && is_alike && known.are_told() {
        true => exponents(&known.columns),
        false => None,
    };
    let work = Work {
        versions,
        width,
        scales,
        known: &known,
        powers,
        pool,
    };
    let firsts: Vec<usize> = (0..rows).step_by(step).collect();
    let read = |first: &usize| work.band(*first, step.min(rows - first));
    #[cfg(feature = "parallel")]
    let bands: Vec<std::io::Result<_>> = {
        use rayon::prelude::*;
        firsts.par_iter().map(read).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let bands: Vec<std::io::Result<_>> = firsts.iter().map(read).collect();
    for band in bands {
        found.band.append(band?);
    }
    let factors = std::mem::take(&mut found.band.factors);
    let columns = &known.columns;
    let mut known = factors.iter().chain(columns);
    found.is_binary = known.all(|factor| factor.is_nan() || is_power_of_two(*factor));
    found.rows = factors.iter().map(|factor| factor.ln()).collect();
    found.columns = columns.iter().map(|factor| factor.ln()).collect();
    for column in &found.band.met {
        // Judged with the factor 1.
        found.columns[*column] = 0.0;
    }
    Ok(found)
}

/// Some rows of both versions, evenly over the tensor.
fn samples(
    versions: [Version; 2],
    rows: usize,
    width: usize,
    pool: &Pool,
) -> std::io::Result<Vec<(Vec<f64>, Vec<f64>)>> {
    let count = rows.min(SAMPLES);
    let mut pages = pool.take();
    let mut sample = |number: usize| {
        let row = number * rows / count;
        let mut read = |version: &Version| {
            let mut numbers = Vec::with_capacity(width);
            version.numbers(version.rows((row, 1), width, &mut pages)?, &mut numbers);
            std::io::Result::Ok(numbers)
        };
        Ok((read(&versions[0])?, read(&versions[1])?))
    };
    let samples = (0..count).map(&mut sample).collect();
    pool.give(pages);
    samples
}

/// What is done with each band of rows.
struct Work<'a> {
    versions: [Version<'a>; 2],
    width: usize,
    scales: bool,
    known: &'a Rows,
    /// The exponents of the columns' factors, where all are powers of 2 and numbers of 16 bits can be judged by theirs.
    powers: Option<Vec<i16>>,
    pool: &'a Pool,
}

impl Work<'_> {
    fn band(&self, first: usize, count: usize) -> std::io::Result<Band> {
        let mut pages = [self.pool.take(), self.pool.take()];
        let found = self.band_with(first, count, &mut pages);
        pages.into_iter().for_each(|pages| self.pool.give(pages));
        found
    }

    fn band_with(
        &self,
        first: usize,
        count: usize,
        pages: &mut [Pages; 2],
    ) -> std::io::Result<Band> {
        let [before, after] = self.versions;
        let (width, rows) = (self.width, (first, count));
        let [one, other] = pages;
        let bytes = [
            before.rows(rows, width, one)?,
            after.rows(rows, width, other)?,
        ];
        let mut band = Band::new();
        let is_alike = before.tensor.storage == after.tensor.storage;
        let is_same = is_alike && bytes[0] == bytes[1];
        if is_same && !self.scales {
            // Nothing to be known of what nothing scales.
            return Ok(band);
        }
        let mut numbers = [Vec::with_capacity(width), Vec::with_capacity(width)];
        let lengths = [before, after].map(|version| width * version.storage().size());
        let rows = bytes[0].chunks_exact(lengths[0]);
        for (row, pair) in rows.zip(bytes[1].chunks_exact(lengths[1])).enumerate() {
            if self.is_shifted([pair.0, pair.1], &mut band) {
                continue;
            }
            let is_exact =
                before.numbers(pair.0, &mut numbers[0]) & after.numbers(pair.1, &mut numbers[1]);
            if !is_exact && !is_same {
                // Of a quotient of two rounded sums.
                band.most = band.most.max(f64::EPSILON);
            }
            let [old, new] = &numbers;
            match (width, self.scales) {
                (1, true) => self.known.see_one(first + row, old[0], new[0], &mut band),
                (_, true) => self.known.see(first + row, old, new, &mut band),
                (_, false) => self.known.see_fixed(first + row, old, new, &mut band),
            }
        }
        Ok(band)
    }

    /// Looks at a row by the exponents of its numbers: is each what powers of 2 make of it, exactly? Others have to be
    /// looked at number by number.
    fn is_shifted(&self, pair: [&[u8]; 2], band: &mut Band) -> bool {
        let Some(columns) = &self.powers else {
            return false;
        };
        let storage = self.versions[0].storage();
        let number =
            |bytes: &[u8], column: usize| storage.decode(&bytes[column * storage.size()..]);
        let factor = self
            .known
            .first_factor(self.width, |column| pair.map(|bytes| number(bytes, column)));
        let is_shifted = exponent(factor).is_some_and(|row| storage.is_shifted(pair, row, columns));
        if is_shifted {
            band.factors.push(factor);
            band.is_same &= pair[0] == pair[1];
        }
        is_shifted
    }
}
