//! Training that gives the same bits on every machine: sums in one order, no fused operations, no functions of the
//! system's library.

use nalgebra::DMatrix;

use super::plain_product::{self, Columns};
use super::{GradientError, Loss, Model, Norm, Perceptron};
use crate::numbers::Scalar;

/// How matrices are multiplied, and what stands for `exp` and `ln`.
pub trait Arithmetic<S: Scalar> {
    /// `e^x`.
    const EXP: fn(f64) -> f64;
    /// The natural logarithm.
    const LN: fn(f64) -> f64;

    /// `sum += left · right`.
    fn add_product(sum: &mut DMatrix<S>, left: &DMatrix<S>, right: &DMatrix<S>);

    /// `left · right`.
    fn product(left: &DMatrix<S>, right: &DMatrix<S>) -> DMatrix<S>;
}

/// The fastest on this machine: products may fuse multiplication and addition.
pub struct Fastest;

impl<S: Scalar> Arithmetic<S> for Fastest {
    const EXP: fn(f64) -> f64 = f64::exp;
    const LN: fn(f64) -> f64 = f64::ln;

    fn add_product(sum: &mut DMatrix<S>, left: &DMatrix<S>, right: &DMatrix<S>) {
        sum.gemm(S::one(), left, right, S::one());
    }

    fn product(left: &DMatrix<S>, right: &DMatrix<S>) -> DMatrix<S> {
        let mut product = DMatrix::from_element(left.nrows(), right.ncols(), S::zero());
        product.gemm(S::one(), left, right, S::zero());
        product
    }
}

/// The same on every machine that rounds as IEEE 754 says: each entry is a sum from its first term to its last.
pub struct Portable;

impl Arithmetic<f64> for Portable {
    const EXP: fn(f64) -> f64 = exp;
    const LN: fn(f64) -> f64 = ln;

    fn add_product(sum: &mut DMatrix<f64>, left: &DMatrix<f64>, right: &DMatrix<f64>) {
        let [left, right] = [left, right].map(|matrix| Columns {
            entries: matrix.as_slice(),
            rows: matrix.nrows(),
        });
        plain_product::add_product(sum.as_mut_slice(), left, right);
    }

    fn product(left: &DMatrix<f64>, right: &DMatrix<f64>) -> DMatrix<f64> {
        let mut product = DMatrix::zeros(left.nrows(), right.ncols());
        Self::add_product(&mut product, left, right);
        product
    }
}

/// `ln 2` in two parts: the first ends in so many zeros that its product with an exponent is exact.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);

/// `2^exponent` for exponents of normal numbers.
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// `e^x` to about one unit in the last place, from additions and multiplications alone; the same bits on every machine.
///
/// ```
/// use synaptic_balance::learn::reproducible_exp;
/// assert_eq!(reproducible_exp(0.0), 1.0);
/// assert!((reproducible_exp(1.0) - std::f64::consts::E).abs() < 1e-15);
/// assert_eq!(reproducible_exp(-1000.0), 0.0);
/// ```
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 709.7 {
        return f64::INFINITY;
    }
    if x < -745.0 {
        return 0.0;
    }
    let whole = (x * std::f64::consts::LOG2_E).round();
    let rest = (x - whole * LN_2.0) - whole * LN_2.1;
    // Taylor's series: the term of degree 14 is below 1e-17 for arguments up to ln 2 / 2.
    let series = (1..=13)
        .rev()
        .fold(1.0, |sum, k| 1.0 + rest * sum / f64::from(k));
    // In two steps, as the power alone may be too small or too large for a number.
    let half = (whole as i64) / 2;
    series * power_of_two(half) * power_of_two(whole as i64 - half)
}

/// `ln x` to about one unit in the last place; the same bits on every machine. Minus infinity at 0, NaN below.
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    let (scaled, shift) = match x < f64::MIN_POSITIVE {
        true => (x * power_of_two(54), -54),
        false => (x, 0),
    };
    let bits = scaled.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023 + shift;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh s with |s| < 0.172: the term of s^27 is below 1e-21.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..=12)
        .rev()
        .fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    let exponent = exponent as f64;
    exponent * LN_2.0 + (2.0 * s * series + exponent * LN_2.1)
}

/// A model whose outputs, losses and gradients are the same bits on every machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Reproducible<M = Perceptron<f64>>(pub M);

impl<M: Model<f64>> Model<f64> for Reproducible<M> {
    type Arithmetic = Portable;

    fn parameters(&self) -> Vec<&[f64]> {
        self.0.parameters()
    }

    fn parameters_mut(&mut self) -> Vec<&mut [f64]> {
        self.0.parameters_mut()
    }

    fn outputs_by<A: Arithmetic<f64>>(&self, inputs: &DMatrix<f64>) -> DMatrix<f64> {
        self.0.outputs_by::<A>(inputs)
    }

    fn gradient_by<A: Arithmetic<f64>>(
        &self,
        inputs: &DMatrix<f64>,
        targets: &DMatrix<f64>,
        loss: Loss,
    ) -> Result<(f64, Self), GradientError> {
        let (total, gradient) = self.0.gradient_by::<A>(inputs, targets, loss)?;
        Ok((total, Reproducible(gradient)))
    }

    fn units(&self) -> usize {
        self.0.units()
    }

    fn sides(&self, unit: usize, norm: Norm) -> (f64, f64) {
        self.0.sides(unit, norm)
    }

    fn scale(&mut self, unit: usize, multiplier: &f64) {
        self.0.scale(unit, multiplier);
    }
}
