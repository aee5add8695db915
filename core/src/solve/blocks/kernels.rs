//! The loops over weights: four numbers at a time on every machine, so that all add in the same order.

use pulp::Simd;

use crate::numbers::{bf16_to_f64, f16_to_f64};

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

/// Little-endian, wherever it lies.
impl Number for [u8; 8] {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from_le_bytes(self)
    }
}

impl Number for [u8; 4] {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(f32::from_le_bytes(self))
    }
}

/// `bf16`.
impl Number for [u8; 2] {
    #[inline(always)]
    fn wide(self) -> f64 {
        bf16_to_f64(u16::from_le_bytes(self))
    }
}

/// The bytes of an `f16`: another type than those of a `bf16`.
pub type HalfBytes = [[u8; 1]; 2];

impl Number for HalfBytes {
    #[inline(always)]
    fn wide(self) -> f64 {
        let [[low], [high]] = self;
        f16_to_f64(u16::from_le_bytes([low, high]))
    }
}

/// Rows worked on at once: each reading of `columns` serves so many.
pub const TILE: usize = 4;
const LANES: usize = 4;

#[inline(always)]
fn splat<S: Simd>(simd: S, [a, b, c, d]: [f64; TILE]) -> [S::f64s; TILE] {
    [
        simd.splat_f64s(a),
        simd.splat_f64s(b),
        simd.splat_f64s(c),
        simd.splat_f64s(d),
    ]
}

#[inline(always)]
fn load<S: Simd>(numbers: [f64; LANES]) -> S::f64s {
    pulp::cast(numbers)
}

/// `|w|^P` for `P` 1 or 2.
#[inline(always)]
fn costs<S: Simd, T: Number, const P: u8>(simd: S, weights: &[T; LANES]) -> S::f64s {
    let [a, b, c, d] = *weights;
    let weights = load::<S>([a.wide(), b.wide(), c.wide(), d.wide()]);
    if P == 1 {
        simd.abs_f64s(weights)
    } else {
        simd.mul_f64s(weights, weights)
    }
}

/// The same for one weight.
#[inline(always)]
fn cost<T: Number, const P: u8>(weight: T) -> f64 {
    let weight = weight.wide();
    if P == 1 {
        weight.abs()
    } else {
        weight * weight
    }
}

/// `sums_r + c_r q`, lane by lane.
#[inline(always)]
fn add_products<S: Simd>(
    simd: S,
    [a, b, c, d]: [S::f64s; TILE],
    q: S::f64s,
    sums: [S::f64s; TILE],
) -> [S::f64s; TILE] {
    [
        simd.add_f64s(sums[0], simd.mul_f64s(a, q)),
        simd.add_f64s(sums[1], simd.mul_f64s(b, q)),
        simd.add_f64s(sums[2], simd.mul_f64s(c, q)),
        simd.add_f64s(sums[3], simd.mul_f64s(d, q)),
    ]
}

/// `columns += Σ_r c_r p_r`, lane by lane.
#[inline(always)]
fn add_columns<S: Simd>(
    simd: S,
    [a, b, c, d]: [S::f64s; TILE],
    p: [S::f64s; TILE],
    columns: &mut [f64; LANES],
) {
    let low = simd.add_f64s(simd.mul_f64s(a, p[0]), simd.mul_f64s(b, p[1]));
    let high = simd.add_f64s(simd.mul_f64s(c, p[2]), simd.mul_f64s(d, p[3]));
    let sum = simd.add_f64s(load::<S>(*columns), simd.add_f64s(low, high));
    *columns = pulp::cast(sum);
}

/// Rows of equal length, in parts of four numbers, and what is left over.
struct Tile<'a, T> {
    whole: [&'a [[T; LANES]]; TILE],
    rest: [&'a [T]; TILE],
}

impl<'a, T: Number> Tile<'a, T> {
    #[inline(always)]
    fn new(rows: [&'a [T]; TILE], width: usize) -> Self {
        let split = rows.map(|row| row[..width].as_chunks());
        Tile {
            whole: split.map(|(whole, _)| &whole[..width / LANES]),
            rest: split.map(|(_, rest)| &rest[..width % LANES]),
        }
    }

    #[inline(always)]
    fn dot_part<S: Simd, const P: u8>(
        &self,
        simd: S,
        part: usize,
        q: S::f64s,
        sums: [S::f64s; TILE],
    ) -> [S::f64s; TILE] {
        add_products(simd, self.costs::<S, P>(simd, part), q, sums)
    }

    // Without closures, which would not be compiled for the instructions of their surroundings.
    #[inline(always)]
    fn costs<S: Simd, const P: u8>(&self, simd: S, part: usize) -> [S::f64s; TILE] {
        let [a, b, c, d] = self.whole;
        [
            costs::<S, T, P>(simd, &a[part]),
            costs::<S, T, P>(simd, &b[part]),
            costs::<S, T, P>(simd, &c[part]),
            costs::<S, T, P>(simd, &d[part]),
        ]
    }

    /// The sums of rows from those of their lanes and what is left over.
    #[inline(always)]
    fn finish<S: Simd, const P: u8>(&self, lanes: [S::f64s; TILE], q: &[f64]) -> [f64; TILE] {
        let lanes: [[f64; LANES]; TILE] = lanes.map(pulp::cast);
        let mut sums = [0.0; TILE];
        for r in 0..TILE {
            let pairs = self.rest[r].iter().zip(q);
            let rest: f64 = pairs.map(|(weight, q)| cost::<T, P>(*weight) * q).sum();
            sums[r] = (lanes[r][0] + lanes[r][1]) + (lanes[r][2] + lanes[r][3]) + rest;
        }
        sums
    }

    #[inline(always)]
    fn spread_part<S: Simd, const P: u8>(
        &self,
        simd: S,
        part: usize,
        p: [S::f64s; TILE],
        columns: &mut [f64; LANES],
    ) {
        add_columns(simd, self.costs::<S, P>(simd, part), p, columns);
    }

    #[inline(always)]
    fn spread_rest<const P: u8>(&self, p: [f64; TILE], columns: &mut [f64]) {
        let [a, b, c, d] = self.rest;
        for (l, column) in columns.iter_mut().enumerate() {
            let [a, b, c, d] = [a[l], b[l], c[l], d[l]].map(cost::<T, P>);
            *column += (a * p[0] + b * p[1]) + (c * p[2] + d * p[3]);
        }
    }
}

/// For each row of a tile, `Σ_j c_rj q_j`; and `columns_j += Σ_r c_rj p_r` over the rows of another tile, read before:
/// while those come from a processor's own memory, the first come from that of the machine.
#[inline(always)]
pub fn dot_and_spread<S: Simd, T: Number, const P: u8>(
    simd: S,
    rows: [&[T]; TILE],
    q: &[f64],
    before: [&[T]; TILE],
    p: [f64; TILE],
    columns: &mut [f64],
) -> [f64; TILE] {
    let (rows, before) = (Tile::new(rows, q.len()), Tile::new(before, q.len()));
    let (q, q_rest) = q.as_chunks::<LANES>();
    let (columns, columns_rest) = columns.as_chunks_mut::<LANES>();
    let columns = &mut columns[..q.len()];
    let all_p = splat(simd, p);
    let mut sums = [simd.splat_f64s(0.0); TILE];
    for (part, q) in q.iter().enumerate() {
        sums = rows.dot_part::<S, P>(simd, part, load::<S>(*q), sums);
        before.spread_part::<S, P>(simd, part, all_p, &mut columns[part]);
    }
    before.spread_rest::<P>(p, columns_rest);
    rows.finish::<S, P>(sums, q_rest)
}

/// Both of the same tile, whose costs are computed once.
#[inline(always)]
pub fn dot_and_spread_again<S: Simd, T: Number, const P: u8>(
    simd: S,
    rows: [&[T]; TILE],
    q: &[f64],
    p: [f64; TILE],
    columns: &mut [f64],
) -> [f64; TILE] {
    let rows = Tile::new(rows, q.len());
    let (q, q_rest) = q.as_chunks::<LANES>();
    let (columns, columns_rest) = columns.as_chunks_mut::<LANES>();
    let columns = &mut columns[..q.len()];
    let all_p = splat(simd, p);
    let mut sums = [simd.splat_f64s(0.0); TILE];
    for (part, q) in q.iter().enumerate() {
        let costs = rows.costs::<S, P>(simd, part);
        sums = add_products(simd, costs, load::<S>(*q), sums);
        add_columns(simd, costs, all_p, &mut columns[part]);
    }
    rows.spread_rest::<P>(p, columns_rest);
    rows.finish::<S, P>(sums, q_rest)
}

/// For each row of the tile, `Σ_j c_rj q_j`.
#[inline(always)]
pub fn dot<S: Simd, T: Number, const P: u8>(simd: S, rows: [&[T]; TILE], q: &[f64]) -> [f64; TILE] {
    let rows = Tile::new(rows, q.len());
    let (q, q_rest) = q.as_chunks::<LANES>();
    let mut sums = [simd.splat_f64s(0.0); TILE];
    for (part, q) in q.iter().enumerate() {
        sums = rows.dot_part::<S, P>(simd, part, load::<S>(*q), sums);
    }
    rows.finish::<S, P>(sums, q_rest)
}

/// `columns_j += Σ_r c_rj p_r` over the rows of the tile.
#[inline(always)]
pub fn spread<S: Simd, T: Number, const P: u8>(
    simd: S,
    rows: [&[T]; TILE],
    p: [f64; TILE],
    columns: &mut [f64],
) {
    let rows = Tile::new(rows, columns.len());
    let (columns, columns_rest) = columns.as_chunks_mut::<LANES>();
    let all_p = splat(simd, p);
    for (part, columns) in columns.iter_mut().enumerate() {
        rows.spread_part::<S, P>(simd, part, all_p, columns);
    }
    rows.spread_rest::<P>(p, columns_rest);
}

/// `Σ_j c_j q_j` for one row.
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

/// `columns_j += c_j p` for one row.
#[inline(always)]
pub fn spread_one<T: Number, const P: u8>(row: &[T], p: f64, columns: &mut [f64]) {
    for (weight, column) in row.iter().zip(columns) {
        *column += cost::<T, P>(*weight) * p;
    }
}
