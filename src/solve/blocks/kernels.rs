//! The loops over weights: plain, of fixed shape, so that they vectorise and every machine adds in the same order.

/// A number as models store it.
pub trait Number: Copy + Send + Sync {
    /// As `f64`, exactly.
    fn wide(self) -> f64;
}

impl Number for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
}

impl Number for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

/// Rows worked on at once: each reading of `columns` serves so many.
pub const TILE: usize = 4;
const LANES: usize = 4;

/// `|w|^P` for `P` 1 or 2.
#[inline(always)]
fn cost<T: Number, const P: u8>(weight: T) -> f64 {
    let weight = weight.wide();
    if P == 1 {
        weight.abs()
    } else {
        weight * weight
    }
}

/// For each row of the tile, `Σ_j c_rj q_j`.
#[inline(always)]
pub fn dot<T: Number, const P: u8>(rows: [&[T]; TILE], q: &[f64]) -> [f64; TILE] {
    let mut lanes = [[0.0; LANES]; TILE];
    let (q, q_rest) = q.as_chunks::<LANES>();
    let chunks = rows.map(|row| row.as_chunks::<LANES>());
    let whole = chunks.map(|(whole, _)| &whole[..q.len()]);
    for (k, q) in q.iter().enumerate() {
        for r in 0..TILE {
            for l in 0..LANES {
                lanes[r][l] += cost::<T, P>(whole[r][k][l]) * q[l];
            }
        }
    }
    let mut sums = [0.0; TILE];
    for r in 0..TILE {
        let rest = chunks[r].1.iter().zip(q_rest);
        let rest: f64 = rest.map(|(weight, q)| cost::<T, P>(*weight) * q).sum();
        sums[r] = (lanes[r][0] + lanes[r][1]) + (lanes[r][2] + lanes[r][3]) + rest;
    }
    sums
}

/// `columns_j += Σ_r c_rj p_r` over the rows of the tile.
#[inline(always)]
pub fn spread<T: Number, const P: u8>(rows: [&[T]; TILE], p: [f64; TILE], columns: &mut [f64]) {
    let width = columns.len();
    let [a, b, c, d] = rows.map(|row| &row[..width]);
    for j in 0..width {
        let low = cost::<T, P>(a[j]) * p[0] + cost::<T, P>(b[j]) * p[1];
        let high = cost::<T, P>(c[j]) * p[2] + cost::<T, P>(d[j]) * p[3];
        columns[j] += low + high;
    }
}

/// The same for one row.
#[inline(always)]
pub fn dot_one<T: Number, const P: u8>(row: &[T], q: &[f64]) -> f64 {
    let (row, row_rest) = row.as_chunks::<LANES>();
    let (q, q_rest) = q.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (row, q) in row.iter().zip(q) {
        for l in 0..LANES {
            lanes[l] += cost::<T, P>(row[l]) * q[l];
        }
    }
    let rest = row_rest.iter().zip(q_rest);
    let rest: f64 = rest.map(|(weight, q)| cost::<T, P>(*weight) * q).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// The same for one row.
#[inline(always)]
pub fn spread_one<T: Number, const P: u8>(row: &[T], p: f64, columns: &mut [f64]) {
    for (weight, column) in row.iter().zip(columns) {
        *column += cost::<T, P>(*weight) * p;
    }
}
