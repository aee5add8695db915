//! The Newton system at a solution, whatever the size: dense, or by conjugate gradients.

use super::Balancing;
use super::flat::MAX_DENSE;
use super::levels::Levels;
use super::newton::NewtonSystem;
use crate::kernel::Problem;
use crate::numbers::Wide;

/// Residuals to which heights are solved, and corrections, as a share of what they correct.
const HEIGHTS: f64 = 1e-3;
const CORRECTION: f64 = 1e-10;

/// Why no system was set up.
pub(super) enum Unsolvable {
    /// The Hessian is not numerically positive definite.
    Singular,
    /// So many variables are too many for the dense system, and the problem has no block form.
    TooLarge(usize),
}

/// Solves with the Hessian at a solution, whatever the size.
pub(super) enum LinearSystem {
    /// Up to [`MAX_DENSE`] variables.
    Dense(NewtonSystem),
    /// Beyond, by conjugate gradients: only with every variable free, and one power on BiLU units.
    Iterative {
        levels: Levels,
        multipliers: Vec<Wide>,
        variables: Vec<usize>,
    },
}

impl LinearSystem {
    /// # Errors
    /// [`Unsolvable`].
    pub fn new(problem: &Problem, state: &Balancing) -> Result<Self, Unsolvable> {
        let count = state.variables();
        if count <= MAX_DENSE {
            let dense = NewtonSystem::new(state).ok_or(Unsolvable::Singular)?;
            return Ok(LinearSystem::Dense(dense));
        }
        let variables = state.free();
        match Levels::new(problem) {
            Ok(levels) if variables.len() == count => Ok(LinearSystem::Iterative {
                levels,
                multipliers: state.multipliers().to_vec(),
                variables,
            }),
            _ => Err(Unsolvable::TooLarge(count)),
        }
    }

    /// The variables of the rows.
    pub fn variables(&self) -> &[usize] {
        match self {
            LinearSystem::Dense(dense) => &dense.variables,
            LinearSystem::Iterative { variables, .. } => variables,
        }
    }

    /// The diagonal of the Hessian at the rows.
    pub fn diagonal(&self, state: &Balancing) -> Vec<Wide> {
        match self {
            LinearSystem::Dense(dense) => dense.diagonal.clone(),
            LinearSystem::Iterative { variables, .. } => {
                let sides = variables.iter().map(|variable| state.sides(*variable));
                sides.map(|(input, output)| input + output).collect()
            }
        }
    }

    /// See [`NewtonSystem::solve`].
    pub fn solve(&mut self, rhs: &[f64]) -> Option<Vec<f64>> {
        match self {
            LinearSystem::Dense(dense) => Some(dense.solve(rhs)),
            LinearSystem::Iterative {
                levels,
                multipliers,
                ..
            } => levels.solve(multipliers, rhs, CORRECTION).ok(),
        }
    }

    /// See [`NewtonSystem::heights`].
    pub fn heights(&mut self) -> Option<Vec<f64>> {
        match self {
            LinearSystem::Dense(dense) => dense.heights(),
            LinearSystem::Iterative {
                levels,
                multipliers,
                variables,
            } => {
                let heights = levels
                    .solve(multipliers, &vec![1.0; variables.len()], HEIGHTS)
                    .ok()?;
                let sound = |height: &f64| *height > 0.0 && height.is_finite();
                heights.iter().all(sound).then_some(heights)
            }
        }
    }

    /// See [`NewtonSystem::reach`].
    pub fn reach(&mut self) -> f64 {
        if let LinearSystem::Dense(dense) = self {
            return dense.reach();
        }
        self.heights().map_or(f64::INFINITY, |heights| {
            heights.into_iter().fold(0.0, f64::max)
        })
    }

    /// See [`NewtonSystem::side_ratio`].
    pub fn side_ratio(&self, state: &Balancing) -> Vec<f64> {
        match self {
            LinearSystem::Dense(dense) => dense.side_ratio(state),
            LinearSystem::Iterative { variables, .. } => vec![1.0; variables.len()],
        }
    }
}
