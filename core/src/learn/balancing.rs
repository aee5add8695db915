//! Balancing between gradient steps, on the weights themselves and in floating point.

use num_traits::Float;

use super::{Model, Norm, Optimizer};
use crate::numbers::Scalar;

/// How far the units of a model are from balance. Units without any cost are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deficits {
    /// `Σ_i (A_i - B_i)²`, the paper's.
    pub squares: f64,
    /// `Σ_i |A_i - B_i|`: it falls with the weights even if no unit comes nearer to balance.
    pub total: f64,
    /// `Σ_i |A_i - B_i| / Σ_i (A_i + B_i)`, the mean of `|A - B| / (A + B)` weighted by cost: free of scale, and units
    /// that have lost nearly all their weights hardly count.
    pub weighted: f64,
    /// `max_i |A_i - B_i| / (A_i + B_i)`, free of scale.
    pub largest: f64,
    /// The mean of the same over units.
    pub mean: f64,
}

/// The deficits of a model; all 0 if no unit has any cost.
pub fn deficits<S: Scalar, M: Model<S>>(model: &M, norm: Norm) -> Deficits {
    let mut found = Deficits {
        squares: 0.0,
        total: 0.0,
        weighted: 0.0,
        largest: 0.0,
        mean: 0.0,
    };
    let mut counted = 0usize;
    let mut costs = 0.0;
    for unit in 0..model.units() {
        let (input, output) = model.sides(unit, norm);
        let (input, output) = (Scalar::to_f64(&input), Scalar::to_f64(&output));
        let (difference, sum) = (input - output, input + output);
        if sum > 0.0 {
            counted += 1;
            costs += sum;
            found.squares += difference * difference;
            found.total += difference.abs();
            found.largest = found.largest.max(difference.abs() / sum);
            found.mean += difference.abs() / sum;
        }
    }
    if counted > 0 {
        found.mean /= counted as f64;
        found.weighted = found.total / costs;
    }
    found
}

/// Balances every hidden unit once, in order, each going the given fraction of the way on the logarithmic scale: 1 is
/// the paper's step. Units with cost on one side only are left as they are.
pub fn sweep<S: Scalar + Float, M: Model<S>>(model: &mut M, norm: Norm, fraction: f64) {
    let exponent = fraction / f64::from(2 * norm.power());
    each_unit(model, norm, &|ratio| ratio.powf(exponent), &mut |_, _| {});
}

/// Scales every hidden unit with cost on both sides by what `multiplier` makes of its output cost over its input cost.
fn each_unit<S: Scalar + Float, M: Model<S>>(
    model: &mut M,
    norm: Norm,
    multiplier: &dyn Fn(f64) -> f64,
    scaled: &mut dyn FnMut(usize, &S),
) {
    for unit in 0..model.units() {
        let (input, output) = model.sides(unit, norm);
        let (input, output) = (Scalar::to_f64(&input), Scalar::to_f64(&output));
        if let Some(multiplier) = <S as num_traits::NumCast>::from(multiplier(output / input))
            && input > 0.0
            && output > 0.0
        {
            model.scale(unit, &multiplier);
            scaled(unit, &multiplier);
        }
    }
}

/// Is a unit with cost on both sides farther from balance than `tolerance`?
fn is_far<S: Scalar, M: Model<S>>(model: &M, norm: Norm, tolerance: f64) -> bool {
    (0..model.units()).any(|unit| {
        let (input, output) = model.sides(unit, norm);
        let (input, output) = (Scalar::to_f64(&input), Scalar::to_f64(&output));
        input > 0.0 && output > 0.0 && (input - output).abs() > tolerance * (input + output)
    })
}

/// Sweeps until the largest deficit of the units with cost on both sides is at most `tolerance`, at most `limit` times;
/// the number of sweeps.
pub fn balance_fully<S: Scalar + Float, M: Model<S>>(
    model: &mut M,
    norm: Norm,
    tolerance: f64,
    limit: usize,
) -> usize {
    let mut sweeps = 0;
    while sweeps < limit && is_far(model, norm, tolerance) {
        sweep(model, norm, 1.0);
        sweeps += 1;
    }
    sweeps
}

/// Balancing under `L2` in the middle of training: what an optimizer remembers is rescaled with the weights.
/// Multipliers are square roots of square roots, so that they are the same bits on every machine.
impl<S: Scalar + Float, M: Model<S>> Optimizer<S, M> {
    /// As [`sweep`] under `L2`, each unit going all the way (`halfway` false) or half of it.
    pub fn sweep(&mut self, model: &mut M, halfway: bool) {
        let multiplier = |ratio: f64| {
            let whole = ratio.sqrt().sqrt();
            if halfway { whole.sqrt() } else { whole }
        };
        each_unit(model, Norm::L2, &multiplier, &mut |unit, multiplier| {
            self.rescale(unit, multiplier);
        });
    }

    /// As [`balance_fully`] under `L2`.
    pub fn balance_fully(&mut self, model: &mut M, tolerance: f64, limit: usize) -> usize {
        let mut sweeps = 0;
        while sweeps < limit && is_far(model, Norm::L2, tolerance) {
            self.sweep(model, false);
            sweeps += 1;
        }
        sweeps
    }
}
