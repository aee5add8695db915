//! The costs of a problem's terms in floating point, read from where the weights lie.

use synaptic_balance_kernel::{Block, Entries, Layout, Problem};

use super::bands;
use crate::numbers::{bf16_to_f64, f16_to_f64, rational_to_f64};
use crate::solve::blocks::kernels::{HalfBytes, Number};

/// Weights of a band: enough to be worth a thread.
const BAND: usize = 1 << 17;

/// A form: variables with their exponents.
pub(super) type FloatForm = Vec<(usize, f64)>;

/// A problem's costs.
#[derive(Debug)]
pub struct TermCosts<'a> {
    problem: &'a Problem<'a>,
    pub(super) forms: Vec<FloatForm>,
    pub(super) blocks: Vec<FloatBlock<'a>>,
}

/// A block with its numbers in floating point.
#[derive(Debug)]
pub(super) struct FloatBlock<'a> {
    pub block: &'a Block<'a>,
    power: f64,
    coefficient: f64,
    /// Do some terms have a variable in both of their forms? Their exponents add up.
    pub overlaps: bool,
}

/// Sums over the rows and the columns of all blocks.
#[derive(Debug, Clone)]
pub(super) struct Margins {
    /// By block: by row, then by column.
    pub blocks: Vec<(Vec<f64>, Vec<f64>)>,
}

impl<'a> TermCosts<'a> {
    /// The costs of a problem; its weights are read when they are asked for.
    pub fn new(problem: &'a Problem<'a>) -> Self {
        let float = |form: &synaptic_balance_kernel::Form| -> FloatForm {
            let factors = form.factors().iter();
            factors
                .map(|(variable, exponent)| (*variable, rational_to_f64(exponent)))
                .collect()
        };
        let forms: Vec<FloatForm> = problem.forms().iter().map(float).collect();
        let blocks = problem.blocks().iter().map(|block| {
            let mut of_rows = vec![false; problem.variables()];
            for (variable, _) in block.rows.iter().flat_map(|form| &forms[*form]) {
                of_rows[*variable] = true;
            }
            let mut of_columns = block.columns.iter().flat_map(|form| &forms[*form]);
            FloatBlock {
                block,
                power: rational_to_f64(&block.power),
                coefficient: rational_to_f64(&block.coefficient),
                overlaps: of_columns.any(|(variable, _)| of_rows[*variable]),
            }
        });
        let blocks = blocks.collect();
        TermCosts {
            problem,
            forms,
            blocks,
        }
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.problem.variables()
    }

    /// The forms of the problem, with exact exponents.
    pub(super) fn exact_forms(&self) -> &[synaptic_balance_kernel::Form] {
        self.problem.forms()
    }

    /// The number of weights.
    pub fn weights(&self) -> usize {
        let blocks = self.blocks.iter();
        blocks.map(|block| block.block.entries.len()).sum()
    }

    /// `<form, x>` for all forms.
    pub(super) fn logs(&self, x: &[f64]) -> Vec<f64> {
        let of = |form: &FloatForm| form.iter().map(|(v, exponent)| exponent * x[*v]).sum();
        self.forms.iter().map(of).collect()
    }

    /// For every block the products of its matrix of costs (at multipliers 1) with a number for each row and one for each column, by form.
    pub(super) fn multiply(&self, of_rows: &[f64], of_columns: &[f64]) -> Margins {
        let blocks = self.blocks.iter().map(|block| {
            let at = |forms: &[usize], values: &[f64]| -> Vec<f64> {
                forms.iter().map(|form| values[*form]).collect()
            };
            let p = at(&block.block.rows, of_rows);
            let q = at(&block.block.columns, of_columns);
            block.multiply(&p, &q)
        });
        Margins {
            blocks: blocks.collect(),
        }
    }
}

impl FloatBlock<'_> {
    /// The cost of an entry at multipliers 1.
    pub fn cost(&self, entry: usize) -> f64 {
        let magnitude = match &self.block.entries {
            Entries::F64(all) => f64::from_le_bytes(all[entry]).abs(),
            Entries::F32(all) => f64::from(f32::from_le_bytes(all[entry])).abs(),
            Entries::F16(all) => f16_to_f64(u16::from_le_bytes(all[entry])).abs(),
            Entries::Bf16(all) => bf16_to_f64(u16::from_le_bytes(all[entry])).abs(),
            Entries::Rational(all) => rational_to_f64(&all[entry]).abs(),
        };
        self.coefficient * power_of(magnitude, self.power)
    }

    /// `Σ_j c_ij q_j` by row and `Σ_i c_ij p_i` by column.
    fn multiply(&self, p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        match &self.block.layout {
            Layout::List(places) => {
                let (mut rows, mut columns) = (vec![0.0; p.len()], vec![0.0; q.len()]);
                for (entry, (row, column)) in places.iter().enumerate() {
                    let cost = self.cost(entry);
                    rows[*row] += cost * q[*column];
                    columns[*column] += cost * p[*row];
                }
                (rows, columns)
            }
            Layout::Dense => self.multiply_dense(p, q),
        }
    }

    fn multiply_dense(&self, p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let step = (BAND / q.len().max(1)).max(1);
        let bands: Vec<(usize, &[f64])> = p
            .chunks(step)
            .enumerate()
            .map(|(band, part)| (band * step, part))
            .collect();
        let read = |(first, part): &(usize, &[f64])| self.band(*first, part, q);
        #[cfg(feature = "parallel")]
        let parts: Vec<_> = {
            use rayon::prelude::*;
            bands.par_iter().map(read).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let parts: Vec<_> = bands.iter().map(read).collect();
        let (mut rows, mut columns) = (Vec::with_capacity(p.len()), vec![0.0; q.len()]);
        for (own, sums) in parts {
            rows.extend(own);
            columns
                .iter_mut()
                .zip(sums)
                .for_each(|(all, own)| *all += own);
        }
        (rows, columns)
    }

    /// Squares of numbers of 16 bits.
    fn short<T: Number>(&self, weights: &[T], p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        if q.is_empty() {
            return (vec![0.0; p.len()], Vec::new());
        }
        let (mut rows, mut columns) = bands::sums::<T, 2>(weights, p, q);
        if self.coefficient != 1.0 {
            let all = rows.iter_mut().chain(&mut columns);
            all.for_each(|sum| *sum *= self.coefficient);
        }
        (rows, columns)
    }

    /// Rows from `first` on, one for each entry of `p`.
    fn band(&self, first: usize, p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let range = first * q.len()..(first + p.len()) * q.len();
        match (&self.block.entries, self.power == 2.0) {
            (Entries::F32(all), true) => rows_of(&all[range], p, q, |bytes| {
                let value = f64::from(f32::from_le_bytes(*bytes));
                self.coefficient * value * value
            }),
            (Entries::F64(all), true) => rows_of(&all[range], p, q, |bytes| {
                let value = f64::from_le_bytes(*bytes);
                self.coefficient * value * value
            }),
            (Entries::F32(all), false) => rows_of(&all[range], p, q, |bytes| {
                let value = f64::from(f32::from_le_bytes(*bytes)).abs();
                self.coefficient * power_of(value, self.power)
            }),
            (Entries::Bf16(all), true) => self.short::<[u8; 2]>(&all[range], p, q),
            (Entries::F16(all), true) => {
                let bytes = all[range].as_flattened().as_chunks().0;
                self.short::<HalfBytes>(bytes.as_chunks().0, p, q)
            }
            _ => {
                let places: Vec<usize> = range.collect();
                rows_of(&places, p, q, |entry| self.cost(*entry))
            }
        }
    }
}

/// Entries of a row that are added up side by side.
const LANES: usize = 8;

fn rows_of<T>(
    entries: &[T],
    p: &[f64],
    q: &[f64],
    cost: impl Fn(&T) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut columns = vec![0.0; q.len()];
    if q.is_empty() {
        return (vec![0.0; p.len()], columns);
    }
    let rows = entries.chunks_exact(q.len()).zip(p).map(|(row, factor)| {
        let mut lanes = [0.0; LANES];
        let own = row.chunks_exact(LANES).zip(q.chunks_exact(LANES));
        for ((entries, q), sums) in own.zip(columns.chunks_exact_mut(LANES)) {
            for lane in 0..LANES {
                let cost = cost(&entries[lane]);
                lanes[lane] += cost * q[lane];
                sums[lane] += cost * factor;
            }
        }
        let done = q.len() / LANES * LANES;
        let mut sum: f64 = lanes.iter().sum();
        for place in done..q.len() {
            let cost = cost(&row[place]);
            sum += cost * q[place];
            columns[place] += cost * factor;
        }
        sum
    });
    (rows.collect(), columns)
}

fn power_of(magnitude: f64, power: f64) -> f64 {
    match power {
        2.0 => magnitude * magnitude,
        1.0 => magnitude,
        _ => magnitude.powf(power),
    }
}
