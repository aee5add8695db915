//! Anderson acceleration: the next iterate is the combination of the last ones whose residual is smallest.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::shape::inner;

/// What is added to the unit diagonal of the normal equations, so that directions which add nothing new do no harm.
const RIDGE: f64 = 1e-13;

/// The last differences of a fixed-point iteration.
pub(in crate::solve) struct Anderson {
    memory: usize,
    history: Vec<Change>,
    previous: Option<(Vec<f64>, Vec<f64>)>,
}

/// What changed from one iterate to the next, scaled so that the change of the residual has length 1.
struct Change {
    image: Vec<f64>,
    residual: Vec<f64>,
    /// Inner products of the residual's change with those in the history before it, and with itself.
    products: Vec<f64>,
}

impl Anderson {
    pub fn new(memory: usize) -> Self {
        Anderson {
            memory,
            history: Vec::new(),
            previous: None,
        }
    }

    /// Forgets everything.
    pub fn restart(&mut self) {
        self.history.clear();
        self.previous = None;
    }

    /// The next iterate from the image of the last one and the residual, image less iterate.
    pub fn next(&mut self, image: &[f64], residual: Vec<f64>) -> Vec<f64> {
        if let Some((old_image, old_residual)) = self.previous.take() {
            let change = difference(&residual, &old_residual, 1.0);
            let length = inner(&change, &change).sqrt();
            if length > 0.0 && length.is_finite() {
                let scale = 1.0 / length;
                let image = difference(image, &old_image, scale);
                let residual = difference(&residual, &old_residual, scale);
                if self.history.len() == self.memory {
                    self.history.remove(0);
                    self.history.iter_mut().for_each(|change| {
                        change.products.remove(0);
                    });
                }
                let others = self.history.iter().map(|other| &other.residual);
                let products = others.chain([&residual]);
                let products = products.map(|other| inner(&residual, other)).collect();
                self.history.push(Change {
                    image,
                    residual,
                    products,
                });
            }
        }
        let mut next = image.to_vec();
        for (change, weight) in self.history.iter().zip(&self.weights(&residual)) {
            let entries = next.iter_mut().zip(&change.image);
            entries.for_each(|(entry, change)| *entry -= weight * change);
        }
        self.previous = Some((image.to_vec(), residual));
        next
    }

    /// The least squares solution of `Σ_k weight_k ΔF_k = residual`.
    fn weights(&self, residual: &[f64]) -> Vec<f64> {
        let count = self.history.len();
        let product = |a: usize, b: usize| match a >= b {
            true => self.history[a].products[b],
            false => 0.0,
        };
        let mut matrix = DMatrix::from_fn(count, count, product);
        (0..count).for_each(|k| matrix[(k, k)] += RIDGE);
        let changes = self.history.iter();
        let side = changes.map(|change| inner(&change.residual, residual));
        let side = DVector::from_iterator(count, side);
        // Only the lower triangle is read.
        match Cholesky::new(matrix) {
            Some(factor) => factor.solve(&side).iter().copied().collect(),
            None => vec![0.0; count],
        }
    }
}

fn difference(new: &[f64], old: &[f64], scale: f64) -> Vec<f64> {
    new.iter()
        .zip(old)
        .map(|(new, old)| (new - old) * scale)
        .collect()
}
