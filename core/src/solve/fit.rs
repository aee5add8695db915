//! Multipliers that fit ratios of weights where these are no differences of potentials: products, ties with exponents.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::flat::MAX_DENSE;
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

/// Logarithmic multipliers with a small sum of deviations from the given logarithms of ratios, so that a few wrong
/// weights do not move them: least squares again and again, each weight divided by its deviation; at the end those of
/// what fits. `None` for too many variables.
pub(super) fn least_deviations(
    network: &Network<Rational>,
    logs: &[Option<f64>],
) -> Option<Vec<f64>> {
    let count = network.variables();
    if count == 0 || count > MAX_DENSE / 2 {
        return None;
    }
    let rows = rows(network, logs);
    let mut point = DVector::zeros(count);
    let mut weights = vec![1.0; rows.len()];
    for _ in 0..ROUNDS {
        point += correction(&rows, &weights, &point)?;
        let sizes = rows.iter().map(|row| rest(row, &point).abs().max(LEAST));
        weights = sizes.map(|size| 1.0 / size).collect();
    }
    polished(&rows, point)
}

/// The same by least squares of what fits about as well as the others.
pub(super) fn least_squares(network: &Network<Rational>, logs: &[Option<f64>]) -> Option<Vec<f64>> {
    let count = network.variables();
    if count == 0 || count > MAX_DENSE / 2 {
        return None;
    }
    polished(&rows(network, logs), DVector::zeros(count))
}

/// Least squares from a point, without what lies far off there.
fn polished(rows: &[Row], mut point: DVector<f64>) -> Option<Vec<f64>> {
    let mut sizes: Vec<f64> = rows.iter().map(|row| rest(row, &point).abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
    let limit = FAR * median.max(LEAST);
    let weight = |row: &Row| f64::from(u8::from(rest(row, &point).abs() <= limit));
    let weights: Vec<f64> = rows.iter().map(weight).collect();
    for _ in 0..POLISH {
        point += correction(rows, &weights, &point)?;
    }
    let found: Vec<f64> = point.iter().copied().collect();
    found.iter().all(|value| value.is_finite()).then_some(found)
}

/// The synapses that say something, each with its direction and the logarithm of its ratio.
fn rows(network: &Network<Rational>, logs: &[Option<f64>]) -> Vec<Row> {
    let known = logs.iter().enumerate().filter_map(|(synapse, log)| {
        let direction = network.direction(synapse).into_iter();
        let direction = direction.map(|(v, d)| (v, rational_to_f64(&d)));
        Some((direction.collect(), (*log)?))
    });
    known
        .filter(|(direction, _): &Row| !direction.is_empty())
        .collect()
}

/// What a point leaves of the logarithm of a ratio.
fn rest((direction, log): &Row, point: &DVector<f64>) -> f64 {
    log - direction.iter().map(|(v, d)| d * point[*v]).sum::<f64>()
}

type Row = (Vec<(usize, f64)>, f64);

/// The step to the weighted least squares; what no row determines stays.
fn correction(rows: &[Row], weights: &[f64], point: &DVector<f64>) -> Option<DVector<f64>> {
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
