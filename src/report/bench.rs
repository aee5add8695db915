//! Measurements of the solvers on this machine, in one run.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use std::f64::consts::PI;
use std::fmt::Write;
use std::hint::black_box;
use std::iter::Sum;
use std::ops::AddAssign;
use std::time::Instant;

use super::Report;
use crate::network::{Activation, Regularizer, layered};
use crate::numbers::{Rational, rational_from_f64};
use crate::solve::blocks::{
    BlockMethod, BlockOptions, BlockSolution, Blocks, CostSums, Edge, Perceptron, SmallProblem,
    Weights, balance_blocks, enclose_blocks,
};
use crate::solve::{Method, RandomPermutation, StochasticOptions, balance_stochastic};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchOptions {
    /// The network of 32 million weights too?
    pub large: bool,
    /// The methods that need thousands of reads on deep networks too?
    pub slow: bool,
}

/// Reads by depth for one method.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The method.
    pub name: &'static str,
    /// `(depth, reads)`.
    pub points: Vec<(f64, f64)>,
}

/// Tables, and the curves of reads against depth.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The tables.
    pub report: Report,
    /// Reads by depth, measured, and the depth law.
    pub curves: Vec<Curve>,
}

/// The paper's autoencoder.
pub const AUTOENCODER: [usize; 7] = [784, 200, 100, 50, 100, 200, 784];
/// The paper's largest network: 32 million weights.
pub const LARGE: [usize; 7] = [3072, 5000, 2592, 1296, 300, 100, 10];
const DEPTHS: [usize; 9] = [2, 3, 5, 8, 13, 20, 50, 100, 200];
const WIDTH: usize = 64;
/// Depths to which methods are followed that need reads as its square, or in proportion to it.
const SLOW_DEPTH: usize = 50;
const TOLERANCE: f64 = 1e-12;

/// Runs all measurements; `say` is told what is being measured.
pub fn bench(options: BenchOptions, say: &mut dyn FnMut(&str)) -> Bench {
    let mut text = String::new();
    let mut rows = Vec::new();
    let _ = writeln!(
        text,
        "Reads of all the weights to a deficit of 1e-12 (f64, p = 2), milliseconds, and multiples of T, one streaming read of them\n\n\
         | network | method | reads | passes | ms | T | GB/s | of streaming |\n|---|---|---|---|---|---|---|---|"
    );
    for (name, network) in networks() {
        say(name);
        let stream = streaming(&network);
        for method in [
            BlockMethod::TwoLevel,
            BlockMethod::NewtonCg,
            BlockMethod::Sweeps,
        ] {
            let deep = network.sizes.len() > 60;
            if method == BlockMethod::Sweeps && deep && !options.slow {
                continue;
            }
            let row = measured(name, &network, method, stream);
            let _ = writeln!(text, "{}", line(&row));
            rows.push(row);
        }
        if options.slow && !name.starts_with("the ") && network.sizes.len() < 60 {
            let row = stochastic(name, &network, stream);
            let _ = writeln!(text, "{}", line(&row));
            rows.push(row);
        }
    }
    say("small networks");
    let [small, shared] = small_networks();
    let _ = writeln!(
        text,
        "\nA random acyclic network of 30 units, synapses in memory to multipliers and deficit in memory (of 1,000): {small:.1} µs, \
         {shared:.1} µs where all cores share the networks"
    );
    text.push_str(COLUMNS);
    let mut json = json!({"rows": rows, "small_network_microseconds": small, "small_network_microseconds_shared": shared});
    if options.large {
        say("32 million weights");
        let large = large(&mut text);
        json["large"] = large;
    }
    say("reads by depth");
    let curves = curves();
    let _ = writeln!(
        text,
        "\n| width {WIDTH}, depth | {} |\n|---|---|---|---|---|",
        names(&curves)
    );
    for depth in DEPTHS {
        let reads = curves.iter().map(|curve| {
            let found = curve.points.iter().find(|(x, _)| *x == depth as f64);
            found.map_or("-".to_owned(), |(_, reads)| format!("{reads:.1}"))
        });
        let _ = writeln!(
            text,
            "| {depth} | {} |",
            reads.collect::<Vec<_>>().join(" | ")
        );
    }
    let points = curves
        .iter()
        .map(|curve| json!({"method": curve.name, "depth_reads": curve.points}));
    json["reads_by_depth"] = points.collect();
    Bench {
        report: Report { text, json },
        curves,
    }
}

/// What the columns of the first table say.
const COLUMNS: &str = "
reads: how often all the weights were gone through, parts of a pass counted as parts; passes: turns of the method, of which some go through one layer only;
ms: milliseconds to solve; T: the same in streaming reads of the weights; GB/s: bytes of weights gone through in a second; of streaming: that rate over the
streaming one, and beyond 100 % where weights stay in the caches. Times vary with what else the machine does: compare ratios.
";

fn names(curves: &[Curve]) -> String {
    let names: Vec<&str> = curves.iter().map(|curve| curve.name).collect();
    names.join(" | ")
}

fn random(sizes: &[usize], skew: f64, layers: f64) -> Perceptron {
    Perceptron::random(sizes, skew, layers, &mut ChaCha8Rng::seed_from_u64(1))
}

fn networks() -> Vec<(&'static str, Perceptron)> {
    vec![
        ("784-200-100-50-100-200-784", random(&AUTOENCODER, 0.0, 0.0)),
        ("width 64, depth 20", random(&[WIDTH; 21], 0.0, 0.0)),
        ("width 64, depth 100", random(&[WIDTH; 101], 0.0, 0.0)),
        (
            "the first, weights times exp(N(0, 4²))",
            random(&AUTOENCODER, 4.0, 0.0),
        ),
        (
            "the second, weights times exp(N(0, 4²))",
            random(&[WIDTH; 21], 4.0, 0.0),
        ),
        (
            "the second, weights times exp(N(0, 12²))",
            random(&[WIDTH; 21], 12.0, 0.0),
        ),
        (
            "the second, layers times exp(N(0, 4²))",
            random(&[WIDTH; 21], 0.0, 4.0),
        ),
    ]
}

/// The shortest of some runs, in seconds, and the last result.
fn fastest<R>(runs: usize, mut run: impl FnMut() -> R) -> (f64, R) {
    let mut timed = || {
        let start = Instant::now();
        let result = run();
        (start.elapsed().as_secs_f64(), result)
    };
    let (mut best, mut result) = timed();
    for _ in 1..runs {
        let (seconds, again) = timed();
        best = best.min(seconds);
        result = again;
    }
    (best, result)
}

/// Seconds for one streaming read: the sum of all the weights, on all cores.
pub fn streaming(network: &Perceptron) -> f64 {
    stream(&network.weights)
}

fn stream<T: Copy + Default + Sum + AddAssign + Send + Sync>(layers: &[Vec<T>]) -> f64 {
    let sum = |weights: &[T]| -> T {
        let (chunks, rest) = weights.as_chunks::<16>();
        let mut lanes = [T::default(); 16];
        for chunk in chunks {
            lanes
                .iter_mut()
                .zip(chunk)
                .for_each(|(lane, weight)| *lane += *weight);
        }
        lanes.iter().chain(rest).copied().sum()
    };
    let all = || -> T {
        let layer = |weights: &Vec<T>| -> T {
            #[cfg(feature = "parallel")]
            if weights.len() > 1 << 16 {
                use rayon::prelude::*;
                return weights.par_chunks(1 << 16).map(sum).sum();
            }
            sum(weights)
        };
        layers.iter().map(layer).sum()
    };
    fastest(20, || black_box(all())).0
}

/// A network's weights, without its biases, in `f32`: solving as multiples of a streaming read of those bytes, and the
/// reads.
fn single_precision(network: &Perceptron) -> Option<(f64, f64)> {
    let narrow = |weights: &Vec<f64>| weights.iter().map(|weight| *weight as f32).collect();
    let layers: Vec<Vec<f32>> = network.weights.iter().map(narrow).collect();
    let mut blocks = Blocks::new(2.0).ok()?;
    let mut from = None;
    for (layer, (sizes, weights)) in network.sizes.windows(2).zip(&layers).enumerate() {
        let is_hidden = layer + 1 < layers.len();
        let to = is_hidden.then(|| blocks.add_group(sizes[1]));
        let weights = Weights::Single(weights);
        blocks
            .add_dense(to, from, sizes[1], sizes[0], weights)
            .ok()?;
        from = to;
    }
    let options = BlockOptions {
        tolerance: TOLERANCE,
        ..BlockOptions::default()
    };
    let (seconds, found) = fastest(5, || balance_blocks(&mut blocks, &options, &mut |_| {}));
    Some((seconds / stream(&layers), found.ok()?.reads))
}

fn solve(network: &Perceptron, method: BlockMethod) -> (f64, Result<BlockSolution, String>) {
    let options = BlockOptions {
        method,
        tolerance: TOLERANCE,
        max_reads: 1e5,
    };
    let run = || {
        let found = balance_blocks(&mut network.blocks(2.0), &options, &mut |_| {});
        found.map_err(|fault| fault.to_string())
    };
    let (seconds, found) = fastest(1, run);
    if seconds > 0.5 {
        return (seconds, found);
    }
    let runs = ((0.5 / seconds) as usize).clamp(1, 50);
    let (again, _) = fastest(runs, run);
    (seconds.min(again), found)
}

fn measured(name: &str, network: &Perceptron, method: BlockMethod, stream: f64) -> Value {
    let (seconds, found) = solve(network, method);
    match found {
        Ok(found) => {
            let bytes = found.reads * network.blocks(2.0).bytes() as f64;
            row(
                name,
                method.name(),
                found.reads,
                Some(found.passes),
                seconds,
                bytes,
                stream,
                network,
            )
        }
        Err(reason) => json!({"network": name, "method": method.name(), "failed": reason}),
    }
}

#[expect(clippy::too_many_arguments, reason = "the columns of a table")]
fn row(
    name: &str,
    method: &str,
    reads: f64,
    passes: Option<usize>,
    seconds: f64,
    bytes: f64,
    stream: f64,
    network: &Perceptron,
) -> Value {
    let rate = bytes / seconds;
    let streaming = network.blocks(2.0).bytes() as f64 / stream;
    json!({"network": name, "method": method, "reads": reads, "passes": passes, "seconds": seconds,
           "streaming_reads": seconds / stream, "bytes_per_second": rate, "share_of_streaming": rate / streaming})
}

fn line(row: &Value) -> String {
    let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    if row.get("failed").is_some() {
        return format!(
            "| {} | {} | failed: {} |",
            text("network"),
            text("method"),
            text("failed")
        );
    }
    let passes = row["passes"]
        .as_u64()
        .map_or("-".to_owned(), |passes| passes.to_string());
    format!(
        "| {} | {} | {:.1} | {passes} | {:.2} | {:.0} | {:.1} | {:.0} % |",
        text("network"),
        text("method"),
        number("reads"),
        1e3 * number("seconds"),
        number("streaming_reads"),
        number("bytes_per_second") / 1e9,
        100.0 * number("share_of_streaming"),
    )
}

/// The paper's algorithm on the network unit by unit.
fn stochastic(name: &str, network: &Perceptron, stream: f64) -> Value {
    let exact = |value: f64| -> Rational { rational_from_f64(value).unwrap_or_default() };
    let weight = |k: usize, i: usize, j: usize| exact(network.weights[k][i * network.sizes[k] + j]);
    let mut bias = |k: usize, i: usize| {
        let bias = network.biases.get(k).map_or(0.0, |biases| biases[i]);
        exact(bias)
    };
    let graph = layered(&network.sizes, &Activation::Relu, weight, Some(&mut bias));
    let problem = graph.problem(&Regularizer::l2());
    let mut order = RandomPermutation::new(ChaCha8Rng::seed_from_u64(1));
    let options = StochasticOptions {
        tolerance: TOLERANCE,
        ..StochasticOptions::default()
    };
    let (seconds, run) = fastest(1, || {
        balance_stochastic(&problem, &mut order, &options, &mut |_| {})
    });
    let method = Method::Stochastic.name();
    match run {
        Ok(run) => {
            let reads = run.solution.passes;
            let bytes = reads * network.blocks(2.0).bytes() as f64;
            row(name, method, reads, None, seconds, bytes, stream, network)
        }
        Err(fault) => json!({"network": name, "method": method, "failed": fault.to_string()}),
    }
}

/// Synapses into and from 30 units and the ground, number 30: half of all pairs in their order, a bias for each unit,
/// and an output for some and for each that would lead nowhere.
pub fn acyclic(rng: &mut impl Rng) -> Vec<(u32, u32, f64)> {
    let mut synapses = Vec::new();
    for from in 0..30u32 {
        synapses.push((from, 30, rng.random_range(-1.0..1.0)));
        let before = synapses.len();
        for to in from + 1..30 {
            if rng.random_bool(0.5) {
                synapses.push((to, from, rng.random_range(-1.0..1.0)));
            }
        }
        if synapses.len() == before || rng.random_bool(0.3) {
            synapses.push((30, from, rng.random_range(-1.0..1.0)));
        }
    }
    synapses
}

/// Microseconds for each of 1,000 small networks: one after the other, and shared among all cores.
fn small_networks() -> [f64; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let networks: Vec<_> = (0..1_000).map(|_| acyclic(&mut rng)).collect();
    let one_by_one = || {
        let deficits = networks.iter().map(|synapses| balance_small(synapses));
        deficits.fold(0.0, f64::max)
    };
    let shared = || {
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            let deficits = networks.par_iter().map(|synapses| balance_small(synapses));
            deficits.reduce(|| 0.0, f64::max)
        }
        #[cfg(not(feature = "parallel"))]
        one_by_one()
    };
    let (alone, worst) = fastest(5, one_by_one);
    let (together, _) = fastest(5, shared);
    debug_assert!(worst <= TOLERANCE, "{worst}");
    [alone, together].map(|seconds| seconds * 1e3)
}

/// The deficit of 30 units balanced.
pub fn balance_small(synapses: &[(u32, u32, f64)]) -> f64 {
    let edges = synapses.iter().map(|(to, from, weight)| Edge {
        to: *to,
        from: *from,
        cost: weight * weight,
    });
    SmallProblem::new(30, edges.collect()).balance(TOLERANCE).0
}

/// The phases on the large network.
fn large(text: &mut String) -> Value {
    let mut network = random(&LARGE, 0.0, 0.0);
    let stream = streaming(&network);
    let (solving, found) = solve(&network, BlockMethod::TwoLevel);
    let Ok(found) = found else {
        return json!({"failed": "not solved"});
    };
    let single = single_precision(&network);
    let fan = LARGE.iter().max().copied().unwrap_or(0) * 2;
    let (enclosing, enclosed) =
        fastest(3, || enclose_blocks(&mut network.blocks(2.0), &found, fan));
    let (scaling, ()) = fastest(1, || network.scale(&found.multipliers, 2.0));
    let mut after = network.blocks(2.0);
    let units = after.shape().units();
    let width = enclosed
        .as_ref()
        .map_or(f64::NAN, |enclosed| enclosed.width);
    let total = solving + enclosing + scaling;
    let _ = writeln!(
        text,
        "\n3072-5000-2592-1296-300-100-10, {:.1} M weights, {units} multipliers; T = {:.1} ms ({:.1} GB/s)\n\
         solve {:.1} T ({:.2} reads), bounds of width {width:.1e} {:.1} T ({:.2} reads), scaling in place {:.1} T; together {:.1} T",
        after.weights() as f64 / 1e6,
        1e3 * stream,
        after.bytes() as f64 / stream / 1e9,
        solving / stream,
        found.reads,
        enclosing / stream,
        enclosed
            .as_ref()
            .map_or(f64::NAN, |enclosed| enclosed.reads),
        scaling / stream,
        total / stream,
    );
    if let Some((solving, reads)) = single {
        let _ = writeln!(
            text,
            "in f32: solve {solving:.1} T of its own bytes ({reads:.2} reads), {:.2} T a read",
            solving / reads
        );
    }
    let deficit = balance_blocks(
        &mut after,
        &BlockOptions {
            max_reads: 0.0,
            ..BlockOptions::default()
        },
        &mut |_| {},
    );
    json!({"stream_seconds": stream, "solve": solving / stream, "enclose": enclosing / stream, "scale": scaling / stream,
           "together": total / stream, "reads": found.reads, "deficit": found.deficit, "width": width,
           "single_precision": single.map(|(solving, reads)| json!({"solve": solving, "reads": reads})),
           "deficit_after_scaling": deficit.map_or(f64::NAN, |found| found.deficit)})
}

/// Reads by depth at width 64, and the depth law `cos²(π/(L + 1))` of plain sweeps without biases from the same first
/// deficit.
fn curves() -> Vec<Curve> {
    let reads = |method: BlockMethod, slow: bool| {
        let depths = DEPTHS.iter().filter(|depth| !slow || **depth <= SLOW_DEPTH);
        let points = depths.filter_map(|depth| {
            let network = random(&vec![WIDTH; depth + 1], 0.0, 0.0);
            let (_, found) = solve(&network, method);
            Some((*depth as f64, found.ok()?.reads))
        });
        points.collect()
    };
    let law = |depth: &usize| {
        let rate = (PI / *depth as f64).cos().powi(2);
        (*depth as f64, (TOLERANCE.ln() / rate.ln()).max(1.0))
    };
    let curve = |name, points| Curve { name, points };
    vec![
        curve("two-level", reads(BlockMethod::TwoLevel, false)),
        curve("newton-cg", reads(BlockMethod::NewtonCg, true)),
        curve("sweeps", reads(BlockMethod::Sweeps, true)),
        curve(
            "depth law of sweeps",
            DEPTHS.iter().filter(|depth| **depth > 2).map(law).collect(),
        ),
    ]
}
