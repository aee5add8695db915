//! Stochastic gradient descent.

use nalgebra::DMatrix;

use super::model::columns;
use super::{GradientError, Loss, Model, Norm};
use crate::numbers::Scalar;

/// Columns whose gradient one thread computes. Fixed, so that sums are formed in one order whatever the number of
/// threads.
const SHARE: usize = 100;

/// A penalty `R = strength · Σ |w|^p` on all parameters, biases included.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightPenalty<S> {
    /// Which norm.
    pub norm: Norm,
    /// Its factor in `E + R`, where `E` is the mean over the samples.
    pub strength: S,
}

impl<S: Scalar> WeightPenalty<S> {
    /// Adds the derivative of the penalty at `model` to a gradient of the loss.
    pub fn add_slope<M: Model<S>>(&self, model: &M, gradient: &mut M) {
        let arrays = model.parameters().into_iter();
        for (weights, slopes) in arrays.zip(gradient.parameters_mut()) {
            for (weight, slope) in weights.iter().zip(slopes) {
                *slope += self.strength.clone() * self.norm.slope(weight);
            }
        }
    }
}

/// The mean over at least one column of the loss, and of its gradient.
///
/// # Errors
/// [`GradientError`]: the loss has no value in this number type.
pub fn mean_gradient<S: Scalar, M: Model<S>>(
    model: &M,
    inputs: &DMatrix<S>,
    targets: &DMatrix<S>,
    loss: Loss,
) -> Result<(S, M), GradientError> {
    let (total, mut gradient) = model.gradient(inputs, targets, loss)?;
    let count = (0..inputs.ncols()).fold(S::zero(), |sum, _| sum + S::one());
    for slope in gradient.parameters_mut().into_iter().flatten() {
        *slope = slope.clone() / count.clone();
    }
    Ok((total / count, gradient))
}

/// How to descend.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent<S> {
    /// What is minimised.
    pub loss: Loss,
    /// The step size `η`, for the mean gradient of a batch.
    pub rate: S,
    /// Added to the loss.
    pub penalty: Option<WeightPenalty<S>>,
    /// Threads; the result does not depend on it.
    pub threads: usize,
}

impl<S: Scalar> Descent<S> {
    /// One gradient step `W -= η ∂(E + R)/∂W` on a batch of at least one column; returns the mean loss before it.
    ///
    /// # Errors
    /// [`GradientError`]: the loss has no value in this number type.
    pub fn step<M: Model<S>>(
        &self,
        model: &mut M,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
    ) -> Result<S, GradientError> {
        let (total, gradient) = self.total_gradient(model, inputs, targets)?;
        let count = (0..inputs.ncols()).fold(S::zero(), |sum, _| sum + S::one());
        let factor = self.rate.clone() / count.clone();
        let pairs = model
            .parameters_mut()
            .into_iter()
            .zip(gradient.parameters());
        for (weights, slopes) in pairs {
            match &self.penalty {
                None => {
                    for (weight, slope) in weights.iter_mut().zip(slopes) {
                        *weight = weight.clone() - factor.clone() * slope.clone();
                    }
                }
                Some(penalty) => {
                    let pull = self.rate.clone() * penalty.strength.clone();
                    for (weight, slope) in weights.iter_mut().zip(slopes) {
                        let shrink = pull.clone() * penalty.norm.slope(weight);
                        *weight = weight.clone() - factor.clone() * slope.clone() - shrink;
                    }
                }
            }
        }
        Ok(total / count)
    }

    /// The loss and gradient summed over all columns.
    fn total_gradient<M: Model<S>>(
        &self,
        model: &M,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
    ) -> Result<(S, M), GradientError> {
        let count = inputs.ncols();
        if count <= SHARE {
            return model.gradient(inputs, targets, self.loss);
        }
        let starts: Vec<usize> = (0..count).step_by(SHARE).collect();
        let share = |start: &usize| {
            let end = (start + SHARE).min(count);
            let (inputs, targets) = (columns(inputs, *start, end), columns(targets, *start, end));
            model.gradient(&inputs, &targets, self.loss)
        };
        let threads = self.threads.clamp(1, starts.len());
        let parts: Vec<Result<(S, M), GradientError>> = std::thread::scope(|scope| {
            let share = &share;
            let chunks: Vec<&[usize]> = starts.chunks(starts.len().div_ceil(threads)).collect();
            let (own, others) = chunks.split_at(1);
            let run = move |chunk: &[usize]| chunk.iter().map(share).collect::<Vec<_>>();
            let handles: Vec<_> = others
                .iter()
                .map(|chunk| {
                    let chunk = *chunk;
                    scope.spawn(move || run(chunk))
                })
                .collect();
            let mut parts: Vec<_> = own.iter().flat_map(|chunk| run(chunk)).collect();
            for handle in handles {
                parts.extend(handle.join().unwrap_or_default());
            }
            parts
        });
        let mut sum: Option<(S, M)> = None;
        for part in parts {
            let (loss, gradient) = part?;
            match &mut sum {
                None => sum = Some((loss, gradient)),
                Some((total, all)) => {
                    *total += loss;
                    for (all, new) in all.parameters_mut().into_iter().zip(gradient.parameters()) {
                        for (all, new) in all.iter_mut().zip(new) {
                            *all += new.clone();
                        }
                    }
                }
            }
        }
        sum.ok_or(GradientError::Loss)
    }

    /// One pass over all columns in batches, in the given order; the last batch may be smaller. Returns the mean loss
    /// of the batches.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    ///
    /// # Panics
    /// If an index of `order` is not that of a column, or `batch` is 0.
    pub fn epoch<M: Model<S>>(
        &self,
        model: &mut M,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        order: &[usize],
        batch: usize,
    ) -> Result<S, GradientError> {
        let mut total = S::zero();
        let mut batches = S::zero();
        for chosen in order.chunks(batch) {
            let (inputs, targets) = (
                inputs.select_columns(chosen.iter()),
                targets.select_columns(chosen.iter()),
            );
            total += self.step(model, &inputs, &targets)?;
            batches += S::one();
        }
        Ok(match batches.is_zero() {
            true => total,
            false => total / batches,
        })
    }
}
