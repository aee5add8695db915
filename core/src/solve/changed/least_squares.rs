//! Multipliers by least squares, where weights scale with several.

use super::fit::{Fit, each_own};
use super::{Pair, Reading};
use crate::solve::conjugate::{by_diagonal, conjugate};

/// Rounds of reweighting.
const ROUNDS: usize = 3;

/// Readings for one step.
const READS: usize = 30;

/// The part of a residue that counts as solved.
const SOLVED: f64 = 1e-4;

/// Deviations below count as this much.
const LEAST: f64 = 1e-9;

/// A fit moved to the least squares of what it leaves; if `is_robust`, each weight is divided by its deviation, so that
/// a few wrong ones do not move it. `None` if numbers leave the range of `f64`.
pub(super) fn corrected(reading: &Reading, start: &Fit, is_robust: bool) -> Option<Fit> {
    let mut fit = start.clone();
    for _ in 0..if is_robust { ROUNDS } else { 1 } {
        let weight = |rest: f64| match is_robust {
            true => 1.0 / rest.abs().max(LEAST),
            false => 1.0,
        };
        let step = step(reading, &fit, &weight);
        let logs = fit.logs.iter().zip(step);
        let logs: Vec<f64> = logs.map(|(log, step)| log + step).collect();
        if !logs.iter().all(|log| log.is_finite()) {
            return None;
        }
        fit = Fit::new(reading.change, logs);
    }
    Some(fit)
}

/// Solves for the step by conjugate gradients, one reading each.
fn step(reading: &Reading, fit: &Fit, weight: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let count = fit.logs.len();
    let (mut side, mut diagonal) = (vec![0.0; count], vec![0.0; count]);
    each(reading, fit, weight, &mut |pair, weight, rest| {
        each_own(reading.change, pair, |variable, exponent| {
            side[variable] += weight * exponent * rest;
            diagonal[variable] += weight * exponent * exponent;
        });
    });
    let product = |along: &[f64]| {
        let mut product = vec![0.0; count];
        each(reading, fit, weight, &mut |pair, weight, _| {
            let mut change = 0.0;
            each_own(reading.change, pair, |variable, exponent| {
                change += exponent * along[variable];
            });
            each_own(reading.change, pair, |variable, exponent| {
                product[variable] += weight * exponent * change;
            });
        });
        product
    };
    let scaled = |rest: &[f64]| by_diagonal(rest, &diagonal);
    conjugate(side, (READS, SOLVED * SOLVED), scaled, product).0
}

fn each(
    reading: &Reading,
    fit: &Fit,
    weight: &dyn Fn(f64) -> f64,
    call: &mut dyn FnMut(&Pair, f64, f64),
) {
    reading.each(&mut |pair| {
        let rest = fit.rest(pair).ln_1p();
        call(pair, weight(rest), rest);
    });
}
