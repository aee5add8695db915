//! Multipliers that fit ratios of weights where these are no differences of potentials: products, ties with exponents.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::newton::MAX_DENSE;
use crate::network::Network;
use crate::numbers::{Rational, rational_to_f64};

/// Rounds of reweighting, and of improving what is left.
const ROUNDS: usize = 30;
const POLISH: usize = 3;
/// Deviations below count as this much.
const LEAST: f64 = 1e-9;
/// Deviations above this many times the median of all are left out at the end.
const FAR: f64 = 1e3;

/// Do products or exponents make the ratios more than differences of potentials?
pub(super) fn is_general(network: &Network<Rational>) -> bool {
    !network.has_plain_ties() || !network.products().is_empty()
}

/// Logarithmic multipliers with a small sum of deviations from the given logarithms of ratios, so that a few wrong weights do not
/// move them: least squares again and again, each weight divided by its deviation; at the end those of what fits. `None` for too
/// many variables.
pub(super) fn least_deviations(
    network: &Network<Rational>,
    logs: &[Option<f64>],
) -> Option<Vec<f64>> {
    let count = network.variables();
    if count == 0 || count > MAX_DENSE / 2 {
        return None;
    }
    let rows: Vec<(Vec<(usize, f64)>, f64)> = logs
        .iter()
        .enumerate()
        .filter_map(|(synapse, log)| {
            let direction = network.direction(synapse).into_iter();
            let direction = direction.map(|(v, d)| (v, rational_to_f64(&d)));
            Some((direction.collect(), (*log)?))
        })
        .filter(|(direction, _): &(Vec<_>, f64)| !direction.is_empty())
        .collect();
    let rest = |(direction, log): &(Vec<(usize, f64)>, f64), point: &DVector<f64>| {
        log - direction.iter().map(|(v, d)| d * point[*v]).sum::<f64>()
    };
    let mut point = DVector::zeros(count);
    let mut weights = vec![1.0; rows.len()];
    for _ in 0..ROUNDS {
        point += correction(&rows, &weights, &point, &rest)?;
        let sizes = rows.iter().map(|row| rest(row, &point).abs().max(LEAST));
        weights = sizes.map(|size| 1.0 / size).collect();
    }
    let mut sizes: Vec<f64> = rows.iter().map(|row| rest(row, &point).abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let limit = sizes
        .get(sizes.len() / 2)
        .map_or(LEAST, |median| FAR * median.max(LEAST));
    for (weight, row) in weights.iter_mut().zip(&rows) {
        *weight = f64::from(u8::from(rest(row, &point).abs() <= limit));
    }
    for _ in 0..POLISH {
        point += correction(&rows, &weights, &point, &rest)?;
    }
    let found: Vec<f64> = point.iter().copied().collect();
    found.iter().all(|value| value.is_finite()).then_some(found)
}

type Row = (Vec<(usize, f64)>, f64);

/// The step to the weighted least squares; what no row determines stays.
fn correction(
    rows: &[Row],
    weights: &[f64],
    point: &DVector<f64>,
    rest: &dyn Fn(&Row, &DVector<f64>) -> f64,
) -> Option<DVector<f64>> {
    let mut matrix = DMatrix::<f64>::zeros(point.len(), point.len());
    let mut side = DVector::zeros(point.len());
    for (row, weight) in rows.iter().zip(weights) {
        let left = rest(row, point);
        for (v, d) in &row.0 {
            side[*v] += weight * d * left;
            for (w, e) in &row.0 {
                matrix[(*v, *w)] += weight * d * e;
            }
        }
    }
    let largest = matrix.diagonal().max().max(f64::MIN_POSITIVE);
    for entry in 0..point.len() {
        matrix[(entry, entry)] += 1e-13 * largest;
    }
    Some(Cholesky::new(matrix)?.solve(&side))
}
