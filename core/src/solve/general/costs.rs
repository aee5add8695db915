//! The costs of a problem's terms in floating point, read from where the weights lie.

use synaptic_balance_kernel::{Block, Entries, Layout, Problem};

use crate::numbers::{bf16_to_f64, f16_to_f64, rational_to_f64};
use crate::solve::blocks::Weights;
use crate::solve::blocks::matrix::{Cost, Entries as Numbers, Matrix, RowsAndColumns, TILE};

/// Weights of a band: enough to be worth a thread.
const BAND: usize = 1 << 17;

/// A form: variables with their exponents.
pub(super) type FloatForm = Vec<(usize, f64)>;

/// Sums of costs by row and by column, with the form of each row and column: what is known of a block without its
/// weights.
#[derive(Debug, Clone)]
pub struct BlockSums<'a> {
    /// The forms of rows, then those of columns.
    pub forms: [&'a [usize]; 2],
    /// The sums.
    pub sums: [Vec<f64>; 2],
}

/// A problem's costs.
#[derive(Debug)]
pub struct TermCosts<'a> {
    problem: &'a Problem<'a>,
    pub(super) forms: Vec<FloatForm>,
    /// By form: has it a variable that runs away, so that its terms are 0 in the limit?
    pub(super) is_out: Vec<bool>,
    pub(super) blocks: Vec<FloatBlock<'a>>,
}

/// A block with its numbers in floating point.
#[derive(Debug)]
pub(super) struct FloatBlock<'a> {
    pub block: &'a Block<'a>,
    power: f64,
    coefficient: f64,
    /// Dense weights with costs `|w|` or `w²`, for the loops of [`blocks`](crate::solve::blocks).
    matrix: Option<Matrix<'a>>,
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
            let factors = form.iter();
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
            let power = rational_to_f64(&block.power);
            FloatBlock {
                block,
                power,
                matrix: matrix_of(block, power),
                coefficient: rational_to_f64(&block.coefficient),
                overlaps: of_columns.any(|(variable, _)| of_rows[*variable]),
            }
        });
        let blocks = blocks.collect();
        TermCosts {
            problem,
            is_out: vec![false; forms.len()],
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

    /// The factors of costs at a point by form, 0 for what is left out.
    pub(super) fn factors(&self, x: &[f64]) -> Vec<f64> {
        let logs = self.logs(x).into_iter().zip(&self.is_out);
        logs.map(|(log, is_out)| if *is_out { 0.0 } else { log.exp() })
            .collect()
    }

    /// The sums of costs by row and by column of every block, at multipliers 1. Cost: a read.
    pub fn sums(&self) -> Vec<BlockSums<'_>> {
        let ones = vec![1.0; self.forms.len()];
        let margins = self.multiply(&ones, &ones).blocks.into_iter();
        let blocks = self.blocks.iter().zip(margins);
        let sums = blocks.map(|(block, (rows, columns))| BlockSums {
            forms: [&block.block.rows, &block.block.columns],
            sums: [rows, columns],
        });
        sums.collect()
    }

    /// For every block the products of its matrix of costs (at multipliers 1) with a number for each row and one for
    /// each column, by form.
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
        self.coefficient * power_of(value_of(&self.block.entries, entry).abs(), self.power)
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
        // Bands of whole tiles, so that sums do not depend on them.
        let step = (BAND / q.len().max(1)).max(1).next_multiple_of(TILE);
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

    /// Rows from `first` on, one for each entry of `p`.
    fn band(&self, first: usize, p: &[f64], q: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut rows, mut columns) = (vec![0.0; p.len()], vec![0.0; q.len()]);
        if let Some(matrix) = &self.matrix {
            let range = first..first + p.len();
            matrix.step(RowsAndColumns {
                rows: range.clone(),
                q,
                sums: &mut rows,
                p,
                spread: range,
                columns: &mut columns,
            });
            let sums = rows.iter_mut().chain(&mut columns);
            sums.for_each(|sum| *sum *= self.coefficient);
            return (rows, columns);
        }
        for (row, (sum, factor)) in rows.iter_mut().zip(p).enumerate() {
            let start = (first + row) * q.len();
            for (column, (total, q)) in columns.iter_mut().zip(q).enumerate() {
                let cost = self.cost(start + column);
                *sum += cost * q;
                *total += cost * factor;
            }
        }
        (rows, columns)
    }
}

/// An entry of a block; exactly, but for rational ones.
pub(in crate::solve) fn value_of(entries: &Entries, entry: usize) -> f64 {
    match entries {
        Entries::F64(all) => f64::from_le_bytes(all[entry]),
        Entries::F32(all) => f32::from_le_bytes(all[entry]).into(),
        Entries::F16(all) => f16_to_f64(u16::from_le_bytes(all[entry])),
        Entries::Bf16(all) => bf16_to_f64(u16::from_le_bytes(all[entry])),
        Entries::Rational(all) => rational_to_f64(&all[entry]),
    }
}

fn matrix_of<'a>(block: &Block<'a>, power: f64) -> Option<Matrix<'a>> {
    let cost = match power {
        1.0 => Cost::First,
        2.0 => Cost::Second,
        _ => return None,
    };
    let weights = Weights::of(&block.entries)?;
    matches!(block.layout, Layout::Dense).then(|| Matrix {
        rows: block.rows.len(),
        columns: block.columns.len(),
        cost,
        is_transposed: false,
        diagonal: None,
        entries: Numbers::Dense(weights.dense()),
    })
}

fn power_of(magnitude: f64, power: f64) -> f64 {
    match power {
        2.0 => magnitude * magnitude,
        1.0 => magnitude,
        _ => magnitude.powf(power),
    }
}
