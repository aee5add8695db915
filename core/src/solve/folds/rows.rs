//! The factors of one tensor's rows and columns.

use std::collections::BTreeSet;

use crate::numbers::{is_power_of_two, rational_to_f64};
use crate::solve::NumberType;

/// Sampled rows of which the median is taken, and those that refine it.
const MEDIANS: usize = 16;

/// What a number may be off by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excuse {
    /// Relatively.
    pub relative: f64,
    /// The smallest number with all its digits; below it, or for what becomes 0, `step` is excused.
    pub smallest: f64,
    /// The distance of numbers below the smallest.
    pub step: f64,
}

impl Excuse {
    /// That of a number type, of which the tolerance may be wider.
    pub fn of(number_type: NumberType, tolerance: f64) -> Self {
        let step = number_type.smallest();
        let allowed = number_type.allowed(tolerance);
        Excuse {
            relative: rational_to_f64(&allowed),
            smallest: number_type.smallest_normal(),
            step: step.map_or(0.0, |step| rational_to_f64(&step)),
        }
    }

    /// Is a number what was expected, and if not, how far off is it, relatively?
    fn judge(&self, expected: f64, found: f64) -> Judged {
        if expected == found || (expected.is_nan() && found.is_nan()) {
            return Judged::Same;
        }
        let off = (expected - found).abs() / expected.abs();
        if off.is_nan() || expected == 0.0 || found.is_infinite() {
            return Judged::Off(f64::INFINITY);
        }
        let lost = expected.abs() < self.smallest && (expected - found).abs() <= self.step;
        match lost && (found == 0.0 || found.signum() == expected.signum()) {
            true => Judged::Lost,
            false => Judged::Off(off),
        }
    }
}

enum Judged {
    Same,
    Lost,
    Off(f64),
}

/// An entry that is not what the factors of its row and its column make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// What stood there, and what stands there.
    pub values: [f64; 2],
    /// How far off it is, relatively; infinite where a sign or a zero is wrong.
    pub off: f64,
}

/// What was found in some rows.
#[derive(Debug, Clone, Default)]
pub struct Band {
    /// The factor of each row; NaN where no entry tells.
    pub factors: Vec<f64>,
    /// The largest deviation that is excused.
    pub most: f64,
    /// The first entry that is off by more, in the order of the file.
    pub first: Option<Deviation>,
    /// How many entries are off by more.
    pub count: u64,
    /// Entries that the number type could not hold with all their digits.
    pub lost: u64,
    /// Is every entry what it was?
    pub is_same: bool,
    /// Columns that no sample tells, and in which a number stands after all; it was judged with the factor 1.
    pub met: BTreeSet<usize>,
}

impl Band {
    /// A band without rows.
    pub fn new() -> Self {
        Band {
            is_same: true,
            ..Band::default()
        }
    }

    /// Is every entry exactly what is expected?
    pub fn is_exact(&self) -> bool {
        self.count == 0 && self.most == 0.0 && self.lost == 0
    }

    /// The rows that follow.
    pub fn append(&mut self, other: Band) {
        self.factors.extend(other.factors);
        self.most = self.most.max(other.most);
        self.first = self.first.or(other.first);
        self.count += other.count;
        self.lost += other.lost;
        self.is_same &= other.is_same;
        self.met.extend(other.met);
    }
}

/// A tensor whose columns have known factors.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The factors of the columns; NaN where no sample tells.
    pub columns: Vec<f64>,
    /// The same with 1 for those.
    used: Vec<f64>,
    /// The columns that no sample tells.
    untold: Vec<usize>,
    excuse: Excuse,
}

impl Rows {
    /// From some rows, before and after: the factors of the columns, up to one that all have in common. A fault in a
    /// few of the samples does no harm.
    pub fn new(width: usize, samples: &[(Vec<f64>, Vec<f64>)], excuse: Excuse) -> Self {
        let mut columns = vec![1.0; width];
        let step = samples.len().div_ceil(MEDIANS).max(1);
        let few: Vec<&(Vec<f64>, Vec<f64>)> = samples.iter().step_by(step).collect();
        let mut quotients: Vec<Vec<f64>> = few
            .iter()
            .map(|(before, after)| {
                let pairs = before.iter().zip(after);
                pairs
                    .map(|(before, after)| quotient(*before, *after))
                    .collect()
            })
            .collect();
        for _ in 0..2 {
            let factors: Vec<f64> = quotients
                .iter()
                .map(|row| {
                    let own = row
                        .iter()
                        .zip(&columns)
                        .map(|(value, column)| value / column);
                    median(&mut own.collect::<Vec<f64>>())
                })
                .collect();
            for (column, factor) in columns.iter_mut().enumerate() {
                let own = quotients
                    .iter()
                    .zip(&factors)
                    .map(|(row, factor)| row[column] / factor);
                let found = median(&mut own.collect::<Vec<f64>>());
                if found.is_finite() {
                    *factor = found;
                }
            }
        }
        let told: Vec<bool> = (0..width)
            .map(|column| quotients.iter().any(|row| row[column].is_finite()))
            .collect();
        quotients.clear();
        let mut rows = Rows {
            columns: Vec::new(),
            used: columns,
            untold: Vec::new(),
            excuse,
        };
        let told = rows.refine(samples, told);
        rows.untold = (0..width).filter(|column| !told[*column]).collect();
        rows.columns = rows
            .used
            .iter()
            .zip(told)
            .map(|(factor, told)| if told { *factor } else { f64::NAN })
            .collect();
        rows
    }

    /// Columns that nothing scales.
    pub fn plain(width: usize, excuse: Excuse) -> Self {
        Rows {
            columns: vec![1.0; width],
            used: vec![1.0; width],
            untold: Vec::new(),
            excuse,
        }
    }

    /// Least squares over all samples for columns whose factor is no power of 2, without entries that are far off.
    fn refine(&mut self, samples: &[(Vec<f64>, Vec<f64>)], mut told: Vec<bool>) -> Vec<bool> {
        let mut sums = vec![(0.0, 0.0); self.used.len()];
        let far = 4.0 * self.excuse.relative;
        for (before, after) in samples {
            let factor = self.factor(before, after);
            if !factor.is_finite() {
                continue;
            }
            for (column, (before, after)) in before.iter().zip(after).enumerate() {
                let value = before * factor;
                if *before == 0.0 || !before.is_finite() {
                    continue;
                }
                let quotient = after / value;
                if !told[column] && quotient > 0.0 && quotient.is_finite() {
                    (self.used[column], told[column]) = (quotient, true);
                }
                if (quotient / self.used[column] - 1.0).abs() <= far {
                    // Each quotient counts alike, whatever the size of its weight.
                    sums[column].0 += quotient;
                    sums[column].1 += 1.0;
                }
            }
        }
        for (used, (sum, count)) in self.used.iter_mut().zip(sums) {
            if !is_power_of_two(*used) && count > 0.0 {
                *used = sum / count;
            }
        }
        told
    }

    /// The factor of a row.
    fn factor(&self, before: &[f64], after: &[f64]) -> f64 {
        let few = self.first_factor(before.len(), |at| [before[at], after[at]]);
        if is_power_of_two(few) {
            return few;
        }
        // Where most entries are 0, those few may have told nothing.
        let (above, below) = squares(before, after, &self.used);
        match above / below {
            mean if mean > 0.0 && mean.is_finite() => mean,
            _ => self.median_factor(before, after),
        }
    }

    /// What some entries say of the factor of a row, given what an entry was and is; NaN if they say nothing.
    pub fn first_factor(&self, width: usize, entry: impl Fn(usize) -> [f64; 2]) -> f64 {
        let step = (width / 9).max(1);
        let quotients = (0..width).step_by(step).map(|at| {
            let [before, after] = entry(at);
            quotient(before, after) / self.used[at]
        });
        median(&mut quotients.collect::<Vec<f64>>())
    }

    /// Does some sample tell the factor of every column?
    pub fn are_told(&self) -> bool {
        self.untold.is_empty()
    }

    fn median_factor(&self, before: &[f64], after: &[f64]) -> f64 {
        let pairs = before.iter().zip(after).zip(&self.used);
        let all = pairs.map(|((before, after), column)| quotient(*before, *after) / column);
        median(&mut all.collect::<Vec<f64>>())
    }

    /// Looks at a row that nothing scales.
    pub fn see_fixed(&self, row: usize, before: &[f64], after: &[f64], band: &mut Band) {
        band.is_same &= before == after;
        let mut found = match is_within(before, after, &self.used, 1.0, band.most) {
            true => Band::new(),
            false => self.slowly(row, (before, after), 1.0),
        };
        found.factors = vec![1.0];
        band.append(found);
    }

    /// Looks at a row of one entry, whose factor is what became of it.
    pub fn see_one(&self, row: usize, before: f64, after: f64, band: &mut Band) {
        band.is_same &= before == after;
        let factor = quotient(before, after);
        band.factors.push(factor);
        let is_kept = before == after || (before.is_nan() && after.is_nan());
        // What became 0 was lost if it was near it; what its factor should have been, others tell.
        if factor.is_nan() && !is_kept {
            band.count += 1;
            band.first.get_or_insert(Deviation {
                row,
                column: 0,
                values: [before, after],
                off: f64::INFINITY,
            });
        }
    }

    /// Looks at one more row.
    pub fn see(&self, row: usize, before: &[f64], after: &[f64], band: &mut Band) {
        let is_number = |column: &&usize| before[**column] != 0.0 && before[**column].is_finite();
        band.met.extend(self.untold.iter().filter(is_number));
        if before == after {
            let is_plain = self.used.iter().all(|factor| *factor == 1.0);
            if is_plain && before.iter().all(|value| value.is_finite()) {
                let told = before.iter().any(|value| *value != 0.0);
                band.factors.push(if told { 1.0 } else { f64::NAN });
                return;
            }
        } else {
            band.is_same = false;
        }
        let mut factor = self.factor(before, after);
        let mut used = if factor.is_finite() { factor } else { 1.0 };
        if is_within(before, after, &self.used, used, band.most) {
            band.factors.push(factor);
            return;
        }
        let mut found = self.slowly(row, (before, after), used);
        if found.count > 0 || found.most > 0.0 {
            // An entry that is far off, or a factor that only some entries have, has moved the mean.
            let (above, below) = squares(before, after, &self.used);
            for other in [above / below, self.median_factor(before, after)] {
                if !(other > 0.0 && other.is_finite()) || other == used {
                    continue;
                }
                let second = self.slowly(row, (before, after), other);
                if (second.count, second.most) < (found.count, found.most) {
                    (found, factor, used) = (second, other, other);
                }
            }
        }
        found.factors = vec![factor];
        found.is_same = band.is_same;
        band.append(found);
    }

    fn slowly(&self, row: usize, (before, after): (&[f64], &[f64]), factor: f64) -> Band {
        let mut found = Band::new();
        let entries = before.iter().zip(after).zip(&self.used).enumerate();
        for (column, ((before, after), own)) in entries {
            match self.excuse.judge(before * factor * own, *after) {
                // The product was rounded as the weight was.
                Judged::Same
                    if after.abs() < f64::MIN_POSITIVE && after / factor / own != *before =>
                {
                    found.lost += 1;
                }
                Judged::Same => {}
                Judged::Lost => found.lost += 1,
                Judged::Off(off) if off <= self.excuse.relative => found.most = found.most.max(off),
                Judged::Off(off) => {
                    found.count += 1;
                    found.first.get_or_insert(Deviation {
                        row,
                        column,
                        values: [*before, *after],
                        off,
                    });
                }
            }
        }
        found
    }
}

/// Rows of numbers worked on side by side.
const LANES: usize = 8;

/// `Σ b a c` and `Σ (b c)²`: the factor by least squares is their quotient.
fn squares(before: &[f64], after: &[f64], columns: &[f64]) -> (f64, f64) {
    let (mut above, mut below) = ([0.0; LANES], [0.0; LANES]);
    let parts = before.as_chunks::<LANES>().0.iter();
    let parts = parts.zip(after.as_chunks::<LANES>().0);
    for ((before, after), columns) in parts.zip(columns.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let value = before[lane] * columns[lane];
            above[lane] += value * after[lane];
            below[lane] += value * value;
        }
    }
    let done = before.len() / LANES * LANES;
    let (mut above, mut below) = (above.iter().sum(), below.iter().sum());
    for at in done..before.len() {
        let value = before[at] * columns[at];
        above += value * after[at];
        below += value * value;
    }
    (above, below)
}

/// Is every entry within a share of what is expected, and no product so small that it was rounded itself?
fn is_within(before: &[f64], after: &[f64], columns: &[f64], factor: f64, most: f64) -> bool {
    let is_near = |before: f64, after: f64, column: f64| {
        let expected = before * factor * column;
        let is_in_full = (before == 0.0) | (after.abs() >= f64::MIN_POSITIVE);
        ((after - expected).abs() <= most * expected.abs()) & is_in_full
    };
    let mut bad = [false; LANES];
    let parts = before.as_chunks::<LANES>().0.iter();
    let parts = parts.zip(after.as_chunks::<LANES>().0);
    for ((before, after), columns) in parts.zip(columns.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            bad[lane] |= !is_near(before[lane], after[lane], columns[lane]);
        }
    }
    let done = before.len() / LANES * LANES;
    let mut rest = done..before.len();
    bad == [false; LANES] && rest.all(|at| is_near(before[at], after[at], columns[at]))
}

/// The positive quotient of two weights; NaN where there is none.
fn quotient(before: f64, after: f64) -> f64 {
    match after / before {
        value if value > 0.0 && value.is_finite() => value,
        _ => f64::NAN,
    }
}

/// One of the values in the middle, of those that are numbers.
pub fn median(values: &mut Vec<f64>) -> f64 {
    values.retain(|value| value.is_finite());
    match values.len() {
        0 => f64::NAN,
        count => *values.select_nth_unstable_by(count / 2, f64::total_cmp).1,
    }
}
