//! The terms of a problem in floating point.

use num_traits::ToPrimitive;
use std::rc::Rc;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Number, Problem};

use crate::numbers::{natural_log, rational_to_f64};

/// The logarithm, base 2, of a number.
pub(super) fn log2(number: &Number) -> f64 {
    let excess = number.mantissa.bits().saturating_sub(60);
    let leading = (&number.mantissa >> excess).to_f64().unwrap_or(f64::NAN);
    leading.log2() + (number.exponent as f64) + excess as f64
}

/// A point of finite positive floats in the numbers of a certificate.
pub fn point_of_floats(multipliers: &[f64]) -> Option<Vec<Number>> {
    let number = |value: &f64| {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
        let is_plain = *value > 0.0 && value.is_normal();
        is_plain.then(|| Number::new((fraction | (1 << 52)).into(), exponent - 1075))
    };
    multipliers.iter().map(number).collect()
}

/// By form, the logarithm of its product of multipliers.
pub(super) fn logs(problem: &Problem, point: &[Number]) -> Vec<f64> {
    let by_variable: Vec<f64> = point.iter().map(log2).collect();
    let of = |form: &Form| {
        let factors = form.iter();
        factors
            .map(|(variable, exponent)| rational_to_f64(exponent) * by_variable[*variable])
            .sum()
    };
    problem.forms().iter().map(of).collect()
}

/// About the logarithm of the magnitude of an entry, within a tenth; minus infinity for 0.
fn log2_entry(entries: &Entries, entry: usize) -> f64 {
    match entries {
        Entries::F64(all) => {
            let bits = u64::from_le_bytes(all[entry]) & (u64::MAX >> 1);
            // The upper half: a number whose upper half is 0 is subnormal.
            quick_log2(((bits >> 32) as u32).max((bits != 0).into()), 20, 1023.0)
        }
        Entries::F32(all) => {
            quick_log2(u32::from_le_bytes(all[entry]) & (u32::MAX >> 1), 23, 127.0)
        }
        Entries::F16(all) => quick_log2((u16::from_le_bytes(all[entry]) & 0x7fff).into(), 10, 15.0),
        Entries::Bf16(all) => {
            quick_log2((u16::from_le_bytes(all[entry]) & 0x7fff).into(), 7, 127.0)
        }
        Entries::Rational(all) => natural_log(&all[entry]) / std::f64::consts::LN_2,
    }
}

/// Exponent and fraction of an IEEE 754 number, read as one number with a binary point: its logarithm where the
/// fraction is 0, and linear between; the logarithm itself of what is subnormal.
fn quick_log2(bits: u32, fraction_bits: i32, bias: f64) -> f64 {
    match bits {
        0 => f64::NEG_INFINITY,
        bits if bits >> fraction_bits == 0 => {
            f64::from(bits).log2() - f64::from(fraction_bits) - bias + 1.0
        }
        bits => f64::from(bits) * f64::from(-fraction_bits).exp2() - bias,
    }
}

/// Costs of a block at a point.
pub(super) struct LogCosts<'a> {
    block: &'a Block<'a>,
    power: f64,
    coefficient: f64,
    logs: Rc<Vec<f64>>,
}

impl<'a> LogCosts<'a> {
    pub fn new(block: &'a Block<'a>, logs: &Rc<Vec<f64>>) -> Self {
        LogCosts {
            block,
            power: rational_to_f64(&block.power),
            coefficient: natural_log(&block.coefficient) / std::f64::consts::LN_2,
            logs: Rc::clone(logs),
        }
    }

    /// About the logarithm, base 2, of the cost of the entry in a row and a column; minus infinity for 0.
    pub fn at(&self, entry: usize, row: usize, column: usize) -> f64 {
        let block = self.block;
        let product = self.logs[block.rows[row]] + self.logs[block.columns[column]];
        self.coefficient + self.power * log2_entry(&block.entries, entry) + product
    }
}

/// Calls back with every entry of a block, its row and its column.
pub(in crate::solve) fn each_place(block: &Block, mut call: impl FnMut(usize, usize, usize)) {
    match &block.layout {
        Layout::Dense => {
            let width = block.columns.len();
            for row in 0..block.rows.len() {
                (0..width).for_each(|column| call(row * width + column, row, column));
            }
        }
        Layout::List(places) => {
            let places = places.iter().enumerate();
            places.for_each(|(entry, (row, column))| call(entry, *row, *column));
        }
    }
}

/// The logarithms of the lightest and of the heaviest cost that is not 0.
pub(super) struct Extremes {
    least: f64,
    most: f64,
}

impl Extremes {
    pub fn of(problem: &Problem, point: &[Number]) -> Self {
        let logs = Rc::new(logs(problem, point));
        let mut found = Extremes {
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        };
        for block in problem.blocks() {
            let costs = LogCosts::new(block, &logs);
            each_place(block, |entry, row, column| {
                let cost = costs.at(entry, row, column);
                if cost.is_finite() {
                    found.least = found.least.min(cost);
                    found.most = found.most.max(cost);
                }
            });
        }
        found
    }

    /// Both; `None` where there are no costs.
    pub fn range(&self) -> Option<(f64, f64)> {
        (self.least <= self.most).then_some((self.least, self.most))
    }
}
