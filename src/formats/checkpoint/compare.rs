//! A tensor before and after, read side by side once: the factors of its rows and columns, and what they do not explain.

use super::{Shards, Tensor};
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
    /// Of the version after: the sums of costs by row and by column.
    pub costs: [Vec<f64>; 2],
    /// How many rows the factors of columns were taken from.
    pub samples: usize,
    /// Is every factor that is known a power of 2, in full?
    pub is_binary: bool,
}

/// Rows of which the factors of the columns are taken.
const SAMPLES: usize = 128;

/// Bytes of a band.
const BAND: usize = 1 << 21;

impl Version<'_> {
    fn storage(&self) -> Storage {
        self.tensor.storage.unwrap_or(Storage::Single)
    }

    /// Some rows, in bytes.
    fn rows(&self, first: usize, count: usize, width: usize) -> std::io::Result<Vec<u8>> {
        let row = width * self.storage().size();
        let mut bytes = vec![0; count * row];
        self.shards.read(self.tensor, first * row, &mut bytes)?;
        Ok(bytes)
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

/// Reads both versions of a tensor of so many rows and columns. Where nothing `scales` it, every entry has to be what it was. Costs are `|w|^power`.
///
/// # Errors
/// Those of the system.
pub fn compare(
    versions: [Version; 2],
    [rows, width]: [usize; 2],
    scales: bool,
    (excuse, power): (Excuse, f64),
) -> std::io::Result<Compared> {
    let mut found = Compared {
        rows: Vec::new(),
        columns: vec![0.0; width],
        band: Band::new(),
        costs: [Vec::with_capacity(rows), vec![0.0; width]],
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
            let samples = samples(versions, rows, width)?;
            found.samples = samples.len();
            Rows::new(width, &samples, excuse)
        }
        false => Rows::plain(width, excuse),
    };
    let size = versions[0]
        .storage()
        .size()
        .max(versions[1].storage().size());
    let step = (BAND / (width * size)).max(1);
    let work = Work {
        versions,
        width,
        scales,
        power,
        known: &known,
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
        let (band, [of_rows, of_columns]) = band?;
        found.band.append(band);
        found.costs[0].extend(of_rows);
        let sums = found.costs[1].iter_mut().zip(of_columns);
        sums.for_each(|(sum, own)| *sum += own);
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
) -> std::io::Result<Vec<(Vec<f64>, Vec<f64>)>> {
    let count = rows.min(SAMPLES);
    let sample = |number: usize| {
        let row = number * rows / count;
        let read = |version: &Version| {
            let mut numbers = Vec::with_capacity(width);
            version.numbers(&version.rows(row, 1, width)?, &mut numbers);
            std::io::Result::Ok(numbers)
        };
        Ok((read(&versions[0])?, read(&versions[1])?))
    };
    (0..count).map(sample).collect()
}

/// What is done with each band of rows.
struct Work<'a> {
    versions: [Version<'a>; 2],
    width: usize,
    scales: bool,
    power: f64,
    known: &'a Rows,
}

impl Work<'_> {
    fn band(&self, first: usize, count: usize) -> std::io::Result<(Band, [Vec<f64>; 2])> {
        let [before, after] = self.versions;
        let width = self.width;
        let bytes = [
            before.rows(first, count, width)?,
            after.rows(first, count, width)?,
        ];
        let mut band = Band::new();
        let mut costs = [Vec::with_capacity(count), vec![0.0; width]];
        let is_alike = before.tensor.storage == after.tensor.storage;
        let is_same = is_alike && bytes[0] == bytes[1];
        if is_same && !self.scales {
            // Nothing to be known of what nothing scales.
            return Ok((band, [Vec::new(), Vec::new()]));
        }
        let mut numbers = [Vec::with_capacity(width), Vec::with_capacity(width)];
        let lengths = [before, after].map(|version| width * version.storage().size());
        let rows = bytes[0].chunks_exact(lengths[0]);
        for (row, pair) in rows.zip(bytes[1].chunks_exact(lengths[1])).enumerate() {
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
            if self.scales {
                let [of_rows, of_columns] = &mut costs;
                of_rows.push(add_costs(new, self.power, of_columns));
            }
        }
        if !self.scales {
            costs[1].clear();
        }
        Ok((band, costs))
    }
}

/// The sum of costs, each added to its column too.
fn add_costs(row: &[f64], power: f64, columns: &mut [f64]) -> f64 {
    if power != 2.0 {
        let costs = row.iter().map(|value| value.abs().powf(power));
        let pairs = costs.zip(columns);
        return pairs
            .map(|(cost, column)| {
                *column += cost;
                cost
            })
            .sum();
    }
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (parts, rest) = row.as_chunks::<LANES>();
    let (of_parts, of_rest) = columns.as_chunks_mut::<LANES>();
    for (part, columns) in parts.iter().zip(of_parts) {
        for lane in 0..LANES {
            let square = part[lane] * part[lane];
            sums[lane] += square;
            columns[lane] += square;
        }
    }
    let mut sum: f64 = sums.iter().sum();
    for (value, column) in rest.iter().zip(of_rest) {
        sum += value * value;
        *column += value * value;
    }
    sum
}
