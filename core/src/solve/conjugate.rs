//! Conjugate gradients.

/// Solves `M x = side` for a symmetric matrix without directions of negative curvature, of which only the product with
/// a direction is known; as far as it gets in so many steps, or until the square of what is left, on the scale of the
/// unknowns, is this share of that at the start. `scaled` is a product with the inverse of a diagonal that is near to
/// the matrix. Gives the steps too.
pub(super) fn conjugate(
    mut rest: Vec<f64>,
    (steps, share): (usize, f64),
    scaled: impl Fn(&[f64]) -> Vec<f64>,
    mut product: impl FnMut(&[f64]) -> Vec<f64>,
) -> (Vec<f64>, usize) {
    let mut solution = vec![0.0; rest.len()];
    let mut direction = scaled(&rest);
    let mut size = dot(&rest, &direction);
    let goal = share * size;
    let mut done = 0;
    while done < steps && size > goal && size > 0.0 {
        let product = product(&direction);
        done += 1;
        let length = size / dot(&direction, &product);
        if !(length > 0.0 && length.is_finite()) {
            break;
        }
        for place in 0..rest.len() {
            solution[place] += length * direction[place];
            rest[place] -= length * product[place];
        }
        let next = scaled(&rest);
        let new = dot(&rest, &next);
        let share = new / size;
        for (own, next) in direction.iter_mut().zip(next) {
            *own = next + share * *own;
        }
        size = new;
    }
    (solution, done)
}

/// Quotients by a diagonal; 0 where it is.
pub(super) fn by_diagonal(values: &[f64], diagonal: &[f64]) -> Vec<f64> {
    let pairs = values.iter().zip(diagonal);
    pairs
        .map(|(value, own)| if *own > 0.0 { value / own } else { 0.0 })
        .collect()
}

pub(super) fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
