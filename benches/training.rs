//! An epoch of the paper's autoencoder, 784-200-100-50-100-200-784, on 60,000 images in batches of 200.
//!
//! `cargo bench --bench training` prints the seconds of an epoch in `f64` and `f32` and, where `python3` (or the
//! program named by `SYNBAL_PYTHON`) has NumPy, the ratio to the same epoch written in NumPy, `benches/training.py`.
//! The two take turns in one run, and the best of each counts, so that other load on the machine matters little. Data
//! are made up: their values do not matter for the time. On a machine of two cores the ratio was 0.82 in `f64` (1.95 s
//! against 2.37 s) and 1.05 in `f32` (1.19 s against 1.13 s), on another one, without AVX-512, in two runs 0.99 and
//! 1.05 (4.57 s against 4.62 s, 4.52 s against 4.32 s), and 0.97 and 1.00 (1.93 s against 1.98 s, 1.85 s against 1.86
//! s).
//!
//! The matrix products are nalgebra's, which are those of `matrixmultiply`. Measured against faer (`matrix_products`,
//! feature `matrix-kernels`) on one AVX-512 core they reach 45 to 52 of 50 to 55 GFLOP/s in `f64` and 80 to 101 of 100
//! to 110 in `f32`: not enough to pay for another large dependency. Threads share the images of a batch, in a fixed
//! number of parts.

use std::process::Command;
use std::time::Instant;

use nalgebra::DMatrix;
use num_traits::Float;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synaptic_balance::learn::{Descent, Loss, Perceptron};
use synaptic_balance::network::Activation;
use synaptic_balance::numbers::{Rational, Scalar};

const SIZES: [usize; 7] = [784, 200, 100, 50, 100, 200, 784];
const IMAGES: usize = 60_000;
const BATCH: usize = 200;
const ROUNDS: usize = 3;

/// Seconds of an epoch of so many images.
fn epoch<S: Scalar + Float>(images: usize) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model =
        Perceptron::<S>::random(&SIZES, Activation::Relu, &mut rng).expect("layers that fit");
    let inputs = DMatrix::from_fn(SIZES[0], images, |i, j| {
        let value = ((i * 31 + j * 17) % 256) as i64;
        <S as num_traits::NumCast>::from(value as f64 / 255.0).expect("a number")
    });
    let descent = Descent {
        loss: Loss::SquaredError,
        rate: S::from_rational(&Rational::new(1.into(), 1000.into())),
        penalty: None,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let order: Vec<usize> = (0..images).collect();
    let start = Instant::now();
    descent
        .epoch(&mut model, &inputs, &inputs, &order, BATCH)
        .expect("a gradient");
    start.elapsed().as_secs_f64()
}

/// The same by NumPy, with as many threads as its BLAS takes.
fn numpy(number: &str, images: usize) -> Option<f64> {
    let python = std::env::var("SYNBAL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/training.py");
    let output = Command::new(python)
        .args([script, number, &images.to_string(), &BATCH.to_string()])
        .env_remove("OPENBLAS_NUM_THREADS")
        .env_remove("OPENBLAS_CORETYPE")
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn main() {
    let images = std::env::var("SYNBAL_IMAGES")
        .ok()
        .and_then(|text| text.parse().ok());
    let images = images.unwrap_or(IMAGES);
    println!("{images} images | ours (s) | NumPy (s) | ratio");
    for number in ["f64", "f32"] {
        let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            ours = ours.min(match number {
                "f64" => epoch::<f64>(images),
                _ => epoch::<f32>(images),
            });
            theirs = theirs.min(numpy(number, images).unwrap_or(f64::INFINITY));
        }
        match theirs.is_finite() {
            true => println!("{number} | {ours:.2} | {theirs:.2} | {:.2}", ours / theirs),
            false => println!("{number} | {ours:.2} | no NumPy |"),
        }
    }
}
