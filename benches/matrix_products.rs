use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use nalgebra::DMatrix;
use std::hint::black_box;
use std::time::Instant;

fn best(mut f: impl FnMut()) -> f64 {
    (0..7)
        .map(|_| {
            let s = Instant::now();
            f();
            s.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}
fn main() {
    for (m, k, n) in [
        (200, 784, 200),
        (784, 200, 200),
        (100, 200, 200),
        (50, 100, 200),
        (200, 200, 784),
    ] {
        let flop = 2.0 * (m * k * n) as f64;
        macro_rules! go {
            ($t:ty, $g:path) => {{
                let a = DMatrix::<$t>::from_fn(m, k, |i, j| ((i * 7 + j * 3) % 11) as $t - 5.0);
                let b = DMatrix::<$t>::from_fn(k, n, |i, j| ((i * 5 + j * 2) % 13) as $t - 6.0);
                let mut c = DMatrix::<$t>::zeros(m, n);
                let mm = best(|| {
                    for _ in 0..20 {
                        unsafe {
                            $g(
                                m,
                                k,
                                n,
                                1.0,
                                black_box(a.as_ptr()),
                                1,
                                m as isize,
                                b.as_ptr(),
                                1,
                                k as isize,
                                0.0,
                                c.as_mut_ptr(),
                                1,
                                m as isize,
                            )
                        }
                    }
                }) / 20.0;
                let mut f = |par: Par| {
                    best(|| {
                        for _ in 0..20 {
                            matmul(
                                MatMut::from_column_major_slice_mut(c.as_mut_slice(), m, n),
                                Accum::Replace,
                                MatRef::from_column_major_slice(black_box(a.as_slice()), m, k),
                                MatRef::from_column_major_slice(b.as_slice(), k, n),
                                1.0,
                                par,
                            )
                        }
                    }) / 20.0
                };
                let f1 = f(Par::Seq);
                let f2 = f(Par::rayon(2));
                println!(
                    "{} {m}x{k}x{n}: matrixmultiply {:.1} faer1 {:.1} faer2 {:.1} GFLOP/s",
                    stringify!($t),
                    flop / mm / 1e9,
                    flop / f1 / 1e9,
                    flop / f2 / 1e9
                );
            }};
        }
        go!(f64, matrixmultiply::dgemm);
        go!(f32, matrixmultiply::sgemm);
    }
}
