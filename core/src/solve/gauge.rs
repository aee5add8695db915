//! Scalings that change no weight, and the variables that are fixed so that the multipliers are determined.

use num_traits::One;

use crate::kernel::Problem;
use crate::network::kernel_basis;
use crate::numbers::Rational;

/// A basis of the directions in `log μ` along which no active synapse changes, each with a variable of its own at which
/// it is 1 and all others are 0: fixing these variables at 1 determines all multipliers. Ours.
#[derive(Debug, Clone)]
pub(super) struct Gauge {
    /// The fixed variable, and the direction; variables without active synapses have one of their own.
    vectors: Vec<(usize, Vec<(usize, Rational)>)>,
    variables: usize,
}

impl Gauge {
    /// Cost: linear where no synapse has more than two variables; else an elimination over the rationals.
    pub fn of(problem: &Problem) -> Self {
        let variables = problem.variables();
        let vectors = match problem.common_scaling() {
            Ok(scaling) => {
                let mut vectors: Vec<(usize, Vec<(usize, Rational)>)> = Vec::new();
                let mut place = vec![usize::MAX; variables];
                for (variable, entry) in scaling.into_iter().enumerate() {
                    let Some((first, exponent)) = entry else {
                        continue;
                    };
                    if first == variable {
                        place[first] = vectors.len();
                        vectors.push((first, Vec::new()));
                    }
                    vectors[place[first]].1.push((variable, exponent));
                }
                vectors
            }
            Err(_) => {
                let active = problem.synapses().iter().filter(|one| one.is_active());
                let rows: Vec<_> = active.map(|synapse| synapse.direction.clone()).collect();
                kernel_basis(&rows, variables)
            }
        };
        Gauge { vectors, variables }
    }

    /// For each variable, whether it is not fixed.
    pub fn free(&self) -> Vec<bool> {
        let mut free = vec![true; self.variables];
        for (fixed, _) in &self.vectors {
            free[*fixed] = false;
        }
        free
    }

    /// For each variable, whether some scaling changes it but no weight.
    pub fn undetermined(&self) -> Vec<bool> {
        let mut moves = vec![false; self.variables];
        for (variable, _) in self.vectors.iter().flat_map(|(_, vector)| vector) {
            moves[*variable] = true;
        }
        moves
    }

    /// The powers of fixed variables by which each variable is divided to bring these to 1: `(variable, fixed variable,
    /// exponent, is it 1?)`.
    pub fn shifts(&self) -> impl Iterator<Item = (usize, usize, &Rational, bool)> {
        self.vectors.iter().flat_map(|(fixed, vector)| {
            let moved = vector.iter();
            moved.map(|(variable, exponent)| (*variable, *fixed, exponent, exponent.is_one()))
        })
    }
}
