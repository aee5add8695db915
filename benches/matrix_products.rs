//! Which matrix kernel for training: nalgebra's (that is `matrixmultiply`) or faer's, on the products of the paper's
//! autoencoder.
//!
//! `cargo bench --bench matrix_products --features matrix-kernels` prints GFLOP/s and the ratio.

use std::hint::black_box;
use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use nalgebra::DMatrix;

/// Rows, inner dimension, columns: forward and backward products for 200 images.
const SHAPES: [(usize, usize, usize); 5] = [
    (200, 784, 200),
    (784, 200, 200),
    (100, 200, 200),
    (50, 100, 200),
    (200, 200, 784),
];

/// Seconds of one product, the best of seven times twenty.
fn best(mut product: impl FnMut()) -> f64 {
    let times = (0..7).map(|_| {
        let start = Instant::now();
        (0..20).for_each(|_| product());
        start.elapsed().as_secs_f64() / 20.0
    });
    times.fold(f64::INFINITY, f64::min)
}

macro_rules! compare {
    ($number:ty, $m:expr, $k:expr, $n:expr) => {{
        let (m, k, n) = ($m, $k, $n);
        let a = DMatrix::<$number>::from_fn(m, k, |i, j| ((i * 7 + j * 3) % 11) as $number);
        let b = DMatrix::<$number>::from_fn(k, n, |i, j| ((i * 5 + j * 2) % 13) as $number);
        let mut c = DMatrix::<$number>::zeros(m, n);
        let nalgebra = best(|| c.gemm(1.0, black_box(&a), &b, 0.0));
        let faer = best(|| {
            matmul(
                MatMut::from_column_major_slice_mut(c.as_mut_slice(), m, n),
                Accum::Replace,
                MatRef::from_column_major_slice(black_box(a.as_slice()), m, k),
                MatRef::from_column_major_slice(b.as_slice(), k, n),
                1.0,
                Par::Seq,
            );
        });
        let speed = |seconds: f64| 2.0e-9 * (m * k * n) as f64 / seconds;
        let (name, ratio) = (stringify!($number), nalgebra / faer);
        let (ours, theirs) = (speed(nalgebra), speed(faer));
        println!("{name} {m}x{k}x{n} | {ours:.1} | {theirs:.1} | {ratio:.2}");
    }};
}

fn main() {
    println!("product | nalgebra (GFLOP/s) | faer (GFLOP/s) | ratio of the times");
    for (m, k, n) in SHAPES {
        compare!(f64, m, k, n);
        compare!(f32, m, k, n);
    }
}
