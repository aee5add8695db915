//! What all trained models have in common: parameters, a gradient, and units that can be balanced.

use nalgebra::DMatrix;

use super::GradientError;
use super::reproducible::Arithmetic;
use crate::numbers::Scalar;

/// What is minimised, summed over the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `½ Σ (y - t)²`.
    SquaredError,
    /// `-Σ t log softmax(y)`; in floating point only.
    CrossEntropy,
}

/// A model of some architecture, its numbers of type `S`. The gradient of a loss has the shape of the model itself.
pub trait Model<S: Scalar>: Clone + Send + Sync {
    /// How it computes where no other arithmetic is asked for.
    type Arithmetic: Arithmetic<S>;

    /// All parameters, array by array; weights and biases alike.
    fn parameters(&self) -> Vec<&[S]>;

    /// The same, to be changed.
    fn parameters_mut(&mut self) -> Vec<&mut [S]>;

    /// The outputs in some arithmetic, one column for each column of inputs.
    fn outputs_by<A: Arithmetic<S>>(&self, inputs: &DMatrix<S>) -> DMatrix<S>;

    /// The loss, summed over the columns, and its derivative by every parameter, in some arithmetic.
    ///
    /// At a kink the branch from 0 on counts.
    ///
    /// # Errors
    /// [`GradientError::Loss`]: cross-entropy in rationals.
    fn gradient_by<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self), GradientError>;

    /// The outputs, one column for each column of inputs.
    fn outputs(&self, inputs: &DMatrix<S>) -> DMatrix<S> {
        self.outputs_by::<Self::Arithmetic>(inputs)
    }

    /// The loss, summed over the columns.
    ///
    /// # Errors
    /// [`GradientError::Loss`]: cross-entropy in rationals.
    fn loss(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<S, GradientError> {
        Ok(loss_and_slope::<S, Self::Arithmetic>(self.outputs(inputs), targets, loss)?.0)
    }

    /// [`gradient_by`](Self::gradient_by) the model's own arithmetic.
    ///
    /// # Errors
    /// As there.
    fn gradient(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self), GradientError> {
        self.gradient_by::<Self::Arithmetic>(inputs, targets, loss)
    }

    /// The number of hidden units.
    fn units(&self) -> usize;

    /// Input and output cost of a hidden unit under `L_p`, `p` = 1 or 2; self-connections left out.
    fn sides(&self, unit: usize, norm: Norm) -> (S, S);

    /// Scales a hidden unit: incoming weights and bias times `multiplier`, outgoing ones divided by it.
    fn scale(&mut self, unit: usize, multiplier: &S);
}

/// The norms that training works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// `Σ |w|`.
    L1,
    /// `Σ w²`.
    L2,
}

impl Norm {
    /// The exponent `p`.
    pub fn power(self) -> u32 {
        match self {
            Norm::L1 => 1,
            Norm::L2 => 2,
        }
    }

    /// `|w|^p`.
    #[inline]
    pub fn cost<S: Scalar>(self, weight: &S) -> S {
        match self {
            Norm::L1 => weight.magnitude(),
            Norm::L2 => weight.clone() * weight.clone(),
        }
    }

    /// The derivative of `|w|^p`; 0 at 0.
    #[inline]
    pub fn slope<S: Scalar>(self, weight: &S) -> S {
        match self {
            Norm::L2 => weight.clone() + weight.clone(),
            Norm::L1 if weight.is_zero() => S::zero(),
            Norm::L1 if weight.is_negative() => -S::one(),
            Norm::L1 => S::one(),
        }
    }

    /// The sum of all costs.
    pub fn of<S: Scalar, M: Model<S>>(self, model: &M) -> S {
        let arrays = model.parameters().into_iter().flatten();
        arrays.fold(S::zero(), |sum, weight| sum + self.cost(weight))
    }
}

/// Columns `from..to` of a matrix as a matrix.
pub(super) fn columns<S: Scalar>(matrix: &DMatrix<S>, from: usize, to: usize) -> DMatrix<S> {
    matrix.columns(from, to - from).into_owned()
}

/// The loss summed over columns, and its derivative by the outputs.
pub(super) fn loss_and_slope<S: Scalar, A: Arithmetic<S>>(
    mut outputs: DMatrix<S>,
    targets: &DMatrix<S>,
    loss: Loss,
) -> Result<(S, DMatrix<S>), GradientError> {
    let mut total = S::zero();
    match loss {
        Loss::SquaredError => {
            for (output, target) in outputs.iter_mut().zip(targets.iter()) {
                *output = output.clone() - target.clone();
                total += output.clone() * output.clone();
            }
            let two = S::one() + S::one();
            total = total / two;
        }
        Loss::CrossEntropy => {
            for (mut column, target) in outputs.column_iter_mut().zip(targets.column_iter()) {
                let largest = column.iter().cloned().fold(None, |best: Option<S>, value| {
                    Some(match best {
                        Some(best) if best >= value => best,
                        _ => value,
                    })
                });
                let largest = largest.unwrap_or_else(S::zero);
                let mut sum = S::zero();
                for (value, target) in column.iter_mut().zip(target.iter()) {
                    let shifted = value.clone() - largest.clone();
                    total += -(target.clone() * shifted.clone());
                    *value = shifted.transcendental(A::EXP).ok_or(GradientError::Loss)?;
                    sum += value.clone();
                }
                let weight = target.iter().cloned().fold(S::zero(), |sum, t| sum + t);
                total += weight.clone() * sum.transcendental(A::LN).ok_or(GradientError::Loss)?;
                for (value, target) in column.iter_mut().zip(target.iter()) {
                    *value = weight.clone() * value.clone() / sum.clone() - target.clone();
                }
            }
        }
    }
    Ok((total, outputs))
}
