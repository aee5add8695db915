//! The Newton system of a balancing: the grounded Laplacian, scaled to unit diagonal.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::Balancing;
use super::envelope::Envelope;
use crate::numbers::Wide;

/// The least rows, and the most of the work that a matrix without zeros takes, for which zeros are left out.
const MANY: usize = 128;
const SPARSE: f64 = 0.25;

/// The Cholesky factor of a matrix with 1 on its diagonal.
enum Factor {
    Dense(Cholesky<f64, Dyn>),
    Sparse(Envelope),
}

impl Factor {
    /// Of the entries beside the diagonal, each given once; `None` if the matrix is not numerically positive definite.
    fn new(rows: usize, entries: &[(usize, usize, f64)]) -> Option<Self> {
        if rows > MANY {
            let pairs: Vec<(usize, usize)> = entries.iter().map(|(i, j, _)| (*i, *j)).collect();
            let envelope = Envelope::new(rows, &pairs);
            if envelope.work() < SPARSE * (rows as f64).powi(3) / 3.0 {
                return envelope.factored(entries).map(Factor::Sparse);
            }
        }
        let mut matrix = DMatrix::<f64>::identity(rows, rows);
        for (i, j, entry) in entries {
            matrix[(*i, *j)] += entry;
            matrix[(*j, *i)] += entry;
        }
        Cholesky::new(matrix).map(Factor::Dense)
    }

    fn solve(&self, side: &[f64]) -> Vec<f64> {
        match self {
            Factor::Dense(factor) => {
                let side = DVector::from_column_slice(side);
                factor.solve(&side).as_slice().to_vec()
            }
            Factor::Sparse(factor) => factor.solve(side),
        }
    }
}

/// A factored Hessian `H_vw = Σ a_v a_w cost` over the free variables (where units sum their inputs, `p²` times the
/// Laplacian of the graph weighted by the current costs, grounded at the visible units), scaled by the roots of its
/// diagonal.
pub(super) struct NewtonSystem {
    /// The variables of the rows.
    pub variables: Vec<usize>,
    /// The diagonal of the Hessian at the rows.
    pub diagonal: Vec<Wide>,
    factor: Factor,
    /// Is no entry beside the diagonal positive? Then none of the inverse is negative.
    is_stieltjes: bool,
}

impl NewtonSystem {
    /// `None` if the scaled Hessian is not numerically positive definite: the network is cut off from its visible
    /// units beyond what `f64` resolves.
    pub fn new(state: &Balancing) -> Option<Self> {
        let mut row = vec![None; state.variables()];
        let mut diagonal = vec![Wide::ZERO; state.variables()];
        for (value, links) in state.current_terms() {
            for (variable, exponent) in links {
                diagonal[variable] =
                    diagonal[variable] + value * Wide::from_f64(exponent * exponent);
            }
        }
        let free: Vec<usize> = state
            .free()
            .into_iter()
            .filter(|v| !diagonal[*v].is_zero())
            .collect();
        free.iter()
            .enumerate()
            .for_each(|(index, variable)| row[*variable] = Some(index));
        let diagonal: Vec<Wide> = free.iter().map(|variable| diagonal[*variable]).collect();
        let mut entries: Vec<(usize, usize, f64)> = Vec::new();
        for (value, links) in state.current_terms() {
            for (place, (v, a)) in links.iter().enumerate() {
                for (w, b) in &links[place + 1..] {
                    if let (Some(i), Some(j)) = (row[*v], row[*w]) {
                        let scale = diagonal[i].sqrt() * diagonal[j].sqrt();
                        entries.push((i.min(j), i.max(j), a * b * value.ratio(scale)));
                    }
                }
            }
        }
        entries.sort_by_key(|(i, j, _)| (*i, *j));
        entries.dedup_by(|next, kept| {
            let is_same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if is_same { next.2 } else { 0.0 };
            is_same
        });
        let is_stieltjes = entries.iter().all(|(_, _, entry)| *entry <= 0.0);
        let factor = Factor::new(free.len(), &entries)?;
        Some(NewtonSystem {
            variables: free,
            diagonal,
            factor,
            is_stieltjes,
        })
    }

    /// Solves `H δ = diag(H) · rhs`; `rhs` and the result have one entry for each of `variables`.
    pub fn solve(&self, rhs: &[f64]) -> Vec<f64> {
        let roots: Vec<Wide> = self.diagonal.iter().map(|value| value.sqrt()).collect();
        let sizes = roots
            .iter()
            .zip(rhs)
            .map(|(root, rhs)| *root * Wide::from_f64(rhs.abs()));
        let largest = sizes.fold(Wide::ZERO, |a, b| if b > a { b } else { a });
        if largest.is_zero() {
            return vec![0.0; rhs.len()];
        }
        let entries = roots.iter().zip(rhs).map(|(root, rhs)| {
            let size = (*root * Wide::from_f64(rhs.abs())).ratio(largest);
            if *rhs < 0.0 { -size } else { size }
        });
        let solved = self.factor.solve(&entries.collect::<Vec<f64>>());
        let scaled = |(entry, root): (&f64, &Wide)| match entry.is_finite() {
            true => {
                let size = (Wide::from_f64(entry.abs()) * largest).ratio(*root);
                size.copysign(*entry)
            }
            // Pivots that small are cut off from the visible units beyond what `f64` resolves: callers see it.
            false => *entry,
        };
        solved.iter().zip(&roots).map(scaled).collect()
    }

    /// How far, to first order, a deficit of up to 1 everywhere, of whatever signs, moves a row at the most.
    pub fn reach(&self) -> f64 {
        if self.is_stieltjes {
            let heights = self.heights();
            return heights.map_or(f64::INFINITY, |heights| {
                heights.into_iter().fold(0.0, f64::max)
            });
        }
        let roots: Vec<Wide> = self.diagonal.iter().map(|value| value.sqrt()).collect();
        let row = |(index, root): (usize, &Wide)| -> f64 {
            let mut unit = vec![0.0; roots.len()];
            unit[index] = 1.0;
            let inverse = self.factor.solve(&unit);
            if inverse.iter().any(|entry| !entry.is_finite()) {
                return f64::INFINITY;
            }
            let entries = inverse.iter().zip(&roots);
            entries
                .map(|(entry, other)| (Wide::from_f64(entry.abs()) * *other).ratio(*root))
                .sum()
        };
        roots.iter().enumerate().map(row).fold(0.0, f64::max)
    }

    /// The solution of `H h = diag(H)`: how far, to first order, a deficit of 1 everywhere moves each row. `None` where
    /// it is not positive and finite, as it would be but for rounding.
    pub fn heights(&self) -> Option<Vec<f64>> {
        let heights = self.solve(&vec![1.0; self.variables.len()]);
        let sound = |height: &f64| *height > 0.0 && height.is_finite();
        heights.iter().all(sound).then_some(heights)
    }

    /// `(B_v - A_v) / H_vv` for each row.
    pub fn residual(&self, state: &Balancing) -> Vec<f64> {
        let rows = self.variables.iter().zip(&self.diagonal);
        rows.map(|(variable, diagonal)| {
            let (input, output) = state.sides(*variable);
            output.relative_difference(input) * (input + output).ratio(*diagonal)
        })
        .collect()
    }

    /// `(A_v + B_v) / H_vv` for each row: 1 for `L_p` on BiLU units.
    pub fn side_ratio(&self, state: &Balancing) -> Vec<f64> {
        let rows = self.variables.iter().zip(&self.diagonal);
        rows.map(|(variable, diagonal)| {
            let (input, output) = state.sides(*variable);
            (input + output).ratio(*diagonal)
        })
        .collect()
    }
}
