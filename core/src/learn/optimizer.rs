//! Rules of descent with a memory, and what balancing does to that memory.

use super::{GradientError, Model};
use crate::numbers::Scalar;

/// How a gradient becomes a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule<S> {
    /// `w -= η g`.
    Plain,
    /// `v = μ v + g`, `w -= η v`.
    Momentum {
        /// `μ`, the share of `v` that is kept.
        kept: S,
    },
    /// `m = β₁ m + (1 - β₁) g`, `s = β₂ s + (1 - β₂) g²`, `w -= η m̂ / (√ŝ + ε)`, with `m̂ = m / (1 - β₁^t)` and `ŝ = s
    /// / (1 - β₂^t)` (Kingma and Ba 2015).
    Adam {
        /// `β₁`.
        first: S,
        /// `β₂`.
        second: S,
        /// `ε`.
        floor: S,
    },
}

/// A rule with what it remembers: `v`, or `m` and `s`, one number for each weight.
///
/// Where a unit is scaled by `λ`, so that a weight becomes `c w` (`c = λ` coming in, `1/λ` going out) and the function
/// stays the same, its derivative becomes `1/c` of what it was. What is remembered of derivatives is rescaled in the
/// same way ([`rescale`](Self::rescale)): `v` and `m` by `1/c`, `s` by `1/c²`. Then they are what they would be, had
/// all gradients been taken at the scaled weights. (What they hold of the gradient of a penalty is rescaled as well,
/// though the penalty is not invariant; and `ε` is not rescaled.)
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer<S, M> {
    rule: Rule<S>,
    /// `v` or `m`, and `s`.
    memory: Vec<M>,
    /// `β₁^t` and `β₂^t`.
    powers: (S, S),
}

impl<S: Scalar, M: Model<S>> Optimizer<S, M> {
    /// A rule that remembers nothing yet, for models of this shape.
    pub fn new(rule: Rule<S>, model: &M) -> Self {
        let mut zero = model.clone();
        for array in zero.parameters_mut() {
            array.fill(S::zero());
        }
        let count = match rule {
            Rule::Plain => 0,
            Rule::Momentum { .. } => 1,
            Rule::Adam { .. } => 2,
        };
        Optimizer {
            rule,
            memory: vec![zero; count],
            powers: (S::one(), S::one()),
        }
    }

    /// What is remembered: nothing, `v`, or `m` and `s`, each in the shape of the model.
    pub fn memory(&self) -> &[M] {
        &self.memory
    }

    /// One step of size `rate` along a gradient.
    ///
    /// # Errors
    /// [`GradientError::Loss`]: Adam in rationals, which have no square roots.
    pub fn step(&mut self, model: &mut M, gradient: &M, rate: &S) -> Result<(), GradientError> {
        let arrays = model
            .parameters_mut()
            .into_iter()
            .zip(gradient.parameters());
        match (&self.rule, self.memory.as_mut_slice()) {
            (Rule::Momentum { kept }, [velocity]) => {
                for ((weights, slopes), kept_slopes) in arrays.zip(velocity.parameters_mut()) {
                    let entries = weights.iter_mut().zip(slopes).zip(kept_slopes);
                    for ((weight, slope), v) in entries {
                        *v = kept.clone() * v.clone() + slope.clone();
                        *weight = weight.clone() - rate.clone() * v.clone();
                    }
                }
            }
            (
                Rule::Adam {
                    first,
                    second,
                    floor,
                },
                [means, squares],
            ) => {
                self.powers.0 *= first.clone();
                self.powers.1 *= second.clone();
                let one = S::one;
                let memory = means.parameters_mut().into_iter();
                let memory = memory.zip(squares.parameters_mut());
                let (so_far, squares_so_far) =
                    (one() - self.powers.0.clone(), one() - self.powers.1.clone());
                for ((weights, slopes), (means, squares)) in arrays.zip(memory) {
                    let entries = weights
                        .iter_mut()
                        .zip(slopes)
                        .zip(means.iter_mut().zip(squares));
                    for ((weight, slope), (mean, square)) in entries {
                        *mean =
                            first.clone() * mean.clone() + (one() - first.clone()) * slope.clone();
                        *square = second.clone() * square.clone()
                            + (one() - second.clone()) * (slope.clone() * slope.clone());
                        if mean.is_zero() {
                            continue;
                        }
                        let root = (square.clone() / squares_so_far.clone())
                            .transcendental(f64::sqrt)
                            .ok_or(GradientError::Loss)?;
                        let direction = mean.clone() / so_far.clone() / (root + floor.clone());
                        *weight = weight.clone() - rate.clone() * direction;
                    }
                }
            }
            _ => {
                for (weights, slopes) in arrays {
                    for (weight, slope) in weights.iter_mut().zip(slopes) {
                        *weight = weight.clone() - rate.clone() * slope.clone();
                    }
                }
            }
        }
        Ok(())
    }

    /// Rescales what is remembered after a unit of the model was scaled by `multiplier`, which is not 0.
    pub fn rescale(&mut self, unit: usize, multiplier: &S) {
        let mut inverse = S::one() / multiplier.clone();
        for memory in &mut self.memory {
            memory.scale(unit, &inverse);
            inverse = inverse.clone() * inverse;
        }
    }
}
