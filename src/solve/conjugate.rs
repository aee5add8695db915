//! Conjugate gradients, preconditioned by the diagonal.

/// Solves `H d = side`, `H` symmetric and positive semidefinite with the given diagonal, until the residual has fallen to `accuracy` in the norm of the
/// preconditioner, or after so many products; an entry with diagonal 0 stays 0. Returns what it has where numbers are no longer finite or
/// the curvature is no longer positive, and the products that it took.
pub(super) fn conjugate(
    product: &mut dyn FnMut(&[f64]) -> Vec<f64>,
    side: &[f64],
    diagonal: &[f64],
    accuracy: f64,
    most: usize,
) -> (Vec<f64>, usize) {
    let preconditioned = |rest: &[f64]| -> Vec<f64> {
        let pairs = rest.iter().zip(diagonal);
        pairs
            .map(|(rest, own)| if *own > 0.0 { rest / own } else { 0.0 })
            .collect()
    };
    let mut solution = vec![0.0; side.len()];
    let mut rest = side.to_vec();
    let mut direction = preconditioned(&rest);
    let mut size = dot(&rest, &direction);
    let goal = accuracy * accuracy * size;
    let mut products = 0;
    while products < most && size > goal && size > 0.0 {
        let along = product(&direction);
        products += 1;
        let curvature = dot(&direction, &along);
        if !(curvature > 0.0 && curvature.is_finite()) {
            break;
        }
        let length = size / curvature;
        if !length.is_finite() {
            break;
        }
        for place in 0..rest.len() {
            solution[place] += length * direction[place];
            rest[place] -= length * along[place];
        }
        let next = preconditioned(&rest);
        let new = dot(&rest, &next);
        let share = new / size;
        for (own, next) in direction.iter_mut().zip(next) {
            *own = next + share * *own;
        }
        size = new;
    }
    (solution, products)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
