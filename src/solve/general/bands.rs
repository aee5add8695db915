//! Rows of numbers of 16 bits, four at a time.

use pulp::{Simd, WithSimd};

use crate::solve::blocks::kernels::{Number, TILE, dispatch, dot_and_spread, dot_one, spread_one};

/// `Σ_j c_ij q_j` by row and `Σ_i c_ij p_i` by column, `c = |w|^P`; there is at least one column.
pub(super) fn sums<T: Number, const P: u8>(
    weights: &[T],
    p: &[f64],
    q: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    dispatch(Work::<T, P> { weights, p, q })
}

struct Work<'a, T, const P: u8> {
    weights: &'a [T],
    p: &'a [f64],
    q: &'a [f64],
}

impl<T: Number, const P: u8> WithSimd for Work<'_, T, P> {
    type Output = (Vec<f64>, Vec<f64>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let width = self.q.len();
        let (mut rows, mut columns) = (Vec::with_capacity(self.p.len()), vec![0.0; width]);
        let row = |index: usize| &self.weights[index * width..(index + 1) * width];
        let (tiles, rest) = self.p.as_chunks::<TILE>();
        for (tile, p) in tiles.iter().enumerate() {
            let tile = [0, 1, 2, 3].map(|r| row(tile * TILE + r));
            rows.extend(dot_and_spread::<S, T, P>(
                simd,
                tile,
                self.q,
                tile,
                *p,
                &mut columns,
            ));
        }
        for p in rest {
            let weights = row(rows.len());
            rows.push(dot_one::<T, P>(weights, self.q));
            spread_one::<T, P>(weights, *p, &mut columns);
        }
        (rows, columns)
    }
}
