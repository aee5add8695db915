//! The two-level solver: planted truth, agreement with the exact path, reads, threads, and sums from outside.

mod bounds;
mod second;
mod shares;
mod stored;
mod sums;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::network::{
    Activation, Regularizer, Shape as Sizes, chain, layered, planted, random_weight,
};
use synaptic_balance::numbers::{parse_rational, rational_to_f64};
use synaptic_balance::solve::blocks::{
    BlockError, BlockOptions, BlockSolution, Blocks, CostSums, Edge, Perceptron, SmallProblem,
    Weights, balance_blocks,
};
use synaptic_balance::solve::{
    Method, Options, SolveError, balance, certify, relative_width, solve_two_level,
};

/// A standard normal number.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

fn perceptron(sizes: &[usize], skew: f64, layers: f64, seed: u64) -> Perceptron {
    Perceptron::random(sizes, skew, layers, &mut ChaCha8Rng::seed_from_u64(seed))
}

fn solve(problem: &mut impl CostSums) -> BlockSolution {
    balance_blocks(problem, &BlockOptions::default(), &mut |_| {}).unwrap()
}

fn assert_close(one: &[f64], other: &[f64], tolerance: f64, what: &str) {
    assert_eq!(one.len(), other.len());
    for (unit, (one, other)) in one.iter().zip(other).enumerate() {
        assert!(
            (one / other - 1.0).abs() < tolerance,
            "{what}: unit {unit}: {one} and {other}"
        );
    }
}

/// Checks: the depth law's remedy (ours): reads do not grow with depth, where plain sweeps need more as its square.
#[test]
fn reads_do_not_depend_on_depth() {
    let reads = |width: usize, depth: usize| {
        let found = solve(&mut perceptron(&vec![width; depth + 1], 0.0, 0.0, 1).blocks(2.0));
        assert!(found.deficit <= 1e-12 && found.newton_steps == 0);
        found.reads
    };
    for depth in [2, 3, 5, 10, 20, 50, 100, 200] {
        let reads = reads(32, depth);
        assert!(reads <= 16.0, "depth {depth}: {reads} reads");
    }
    // Narrow layers mix more slowly, at any depth.
    for depth in [20, 200] {
        let reads = reads(16, depth);
        assert!(reads <= 16.0, "width 16, depth {depth}: {reads} reads");
    }
    let autoencoder = perceptron(&[784, 200, 100, 50, 100, 200, 784], 0.0, 0.0, 1);
    assert!(solve(&mut autoencoder.blocks(2.0)).reads <= 4.0);
}

/// Checks: weights over many orders, and layers of different orders, converge in few reads too.
#[test]
fn skewed_networks_take_few_reads() {
    for (sizes, seed) in [(vec![64; 21], 1), (vec![64; 21], 2), (vec![32; 101], 3)] {
        let found = solve(&mut perceptron(&sizes, 4.0, 0.0, seed).blocks(2.0));
        assert!(
            found.reads <= 40.0,
            "{} layers: {} reads",
            sizes.len(),
            found.reads
        );
    }
    for (skew, layers) in [(12.0, 0.0), (0.0, 4.0), (4.0, 4.0), (12.0, 4.0)] {
        let found = solve(&mut perceptron(&[32; 21], skew, layers, 4).blocks(2.0));
        assert!(found.deficit <= 1e-12, "skew {skew}, layers {layers}");
    }
}

/// A recurrent layer joined to inputs and outputs by weights `coupling` times as large as its own.
fn recurrent<'a>(units: usize, weights: &'a [Vec<f64>; 3]) -> Blocks<'a> {
    let mut blocks = Blocks::new(2.0).unwrap();
    let group = Some(blocks.add_group(units));
    let [input, own, output] = weights.each_ref().map(|weights| Weights::Double(weights));
    blocks.add_dense(group, None, units, 3, input).unwrap();
    blocks.add_dense(group, group, units, units, own).unwrap();
    blocks.add_dense(None, group, 3, units, output).unwrap();
    blocks
}

fn recurrent_weights(units: usize, skew: f64, coupling: f64, seed: u64) -> [Vec<f64>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    [
        (3 * units, coupling),
        (units * units, 1.0),
        (3 * units, coupling),
    ]
    .map(|(count, scale)| {
        let mut weight = || scale * normal(&mut rng) * (skew * normal(&mut rng)).exp();
        (0..count).map(|_| weight()).collect()
    })
}

/// Checks: recurrent networks nearly cut off from the ground, where sweeps stall, take few Newton steps; the result is
/// that of the dense elimination without subtraction.
#[test]
fn recurrent_networks_take_few_newton_steps() {
    for (skew, coupling) in [(0.0, 1e-3), (1.0, 1e-3), (0.0, 1e-5), (4.0, 1e-3)] {
        for seed in 0..4 {
            let weights = recurrent_weights(100, skew, coupling, seed);
            let mut blocks = recurrent(100, &weights);
            let found = solve(&mut blocks);
            let what = format!("skew {skew}, coupling {coupling}, seed {seed}");
            assert!(
                found.newton_steps <= 10,
                "{what}: {} steps",
                found.newton_steps
            );
            let mut small = SmallProblem::new(100, blocks.edges());
            let (deficit, _) = small.balance(1e-14);
            assert!(deficit <= 1e-12, "{what}: {deficit:e}");
            // A deficit of 1e-12 can be so far from the optimum at this coupling.
            let reach = 1e-10 / (coupling * coupling);
            assert_close(
                &found.multipliers,
                small.multipliers(),
                reach.max(1e-9),
                &what,
            );
        }
    }
}

/// Checks: planted truth: layers that are balanced by construction, hidden by a scaling that is exact in `f64`.
#[test]
fn planted_layers_are_found() {
    let sizes = [3, 8, 5, 9, 4];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    // What flows through each unit: 1 through each layer. Blocks with these sums of rows and columns, and circulations
    // added.
    let shares = sizes.map(|size| {
        let parts: Vec<f64> = (0..size).map(|_| rng.random_range(0.5..1.5)).collect();
        let total: f64 = parts.iter().sum();
        parts.iter().map(|part| part / total).collect::<Vec<f64>>()
    });
    let hidden: Vec<Vec<f64>> = sizes[1..4]
        .iter()
        .map(|size| {
            (0..*size)
                .map(|_| f64::powi(2.0, rng.random_range(-20..20)))
                .collect()
        })
        .collect();
    let one = vec![1.0; 9];
    let scale = |layer: usize| {
        if (1..4).contains(&layer) {
            &hidden[layer - 1]
        } else {
            &one
        }
    };
    let costs: Vec<Vec<f64>> = (0..4)
        .map(|k| {
            let (rows, columns) = (sizes[k + 1], sizes[k]);
            let mut costs = vec![0.0; rows * columns];
            for i in 0..rows {
                for j in 0..columns {
                    costs[i * columns + j] = shares[k + 1][i] * shares[k][j];
                }
            }
            let flow = 0.5 * costs.iter().copied().fold(1.0, f64::min);
            for (entry, sign) in [(0, 1.0), (1, -1.0), (columns, -1.0), (columns + 1, 1.0)] {
                costs[entry] += sign * flow;
            }
            for i in 0..rows {
                for j in 0..columns {
                    costs[i * columns + j] *= scale(k)[j] / scale(k + 1)[i];
                }
            }
            costs
        })
        .collect();
    let mut blocks = Blocks::new(1.0).unwrap();
    let mut from = None;
    for (k, costs) in costs.iter().enumerate() {
        let to = (k < 3).then(|| blocks.add_group(sizes[k + 1]));
        let added = blocks.add_dense(to, from, sizes[k + 1], sizes[k], Weights::Double(costs));
        added.unwrap();
        from = to;
    }
    let found = solve(&mut blocks);
    assert_close(&found.multipliers, &hidden.concat(), 1e-10, "planted");
}

/// Checks: the fast path, the direct one and verified enclosures agree, on acyclic and recurrent networks of any shape
/// and for every power.
#[test]
fn the_fast_path_agrees_with_the_certified_one() {
    for seed in (0..40).step_by(if crate::in_full() { 1 } else { 3 }) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sizes = Sizes {
            inputs: 2,
            hidden: 8,
            outputs: 2,
        };
        let network = planted(sizes, seed % 2 == 0, false, &mut rng).network;
        for power in ["1/2", "1", "2", "3"] {
            let regularizer = Regularizer::lp(parse_rational(power).unwrap()).unwrap();
            let problem = network.problem(&regularizer);
            let found = solve_two_level(&problem, &BlockOptions::default(), &mut |_| {}).unwrap();
            let what = format!("seed {seed}, p = {power}");
            assert!(found.deficit <= 2e-12, "{what}: {:e}", found.deficit);
            let enclosed = certify(&problem, &found, 10).unwrap();
            let bounds = enclosed
                .claim_about(&problem)
                .unwrap()
                .lower
                .iter()
                .zip(&enclosed.claim_about(&problem).unwrap().upper);
            for (multiplier, (lower, upper)) in found.multipliers.iter().zip(bounds) {
                let found = multiplier.to_f64();
                let within = rational_to_f64(lower) * (1.0 - 1e-9) <= found
                    && found <= rational_to_f64(upper) * (1.0 + 1e-9);
                assert!(within, "{what}: {found} outside [{lower}, {upper}]");
            }
        }
    }
}

/// Checks: in one call, as method and with ties; the cross-check is the direct method.
#[test]
fn the_method_is_offered_by_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut weight = |_: usize, _: usize, _: usize| random_weight(&mut rng);
    let network = layered(&[3, 5, 4, 2], &Activation::Relu, &mut weight, None);
    let options = Options {
        method: Method::TwoLevel,
        certify: Some(12),
        ..Options::default()
    };
    for network in [network.tied_by_layer(), network] {
        let result = balance(&network, &Regularizer::l2(), &options, &mut |_, _| {}).unwrap();
        let cross = result.cross_check.as_ref().unwrap();
        assert_eq!(cross.against, Method::Direct);
        assert!(*cross.max_relative_difference.as_ref().unwrap() < 1e-9);
        assert!(result.incomplete(Method::TwoLevel).is_none());
    }
    let mixture = "mix:1*2+1*1".parse::<Regularizer>().unwrap();
    let problem = chain(&["1", "2"].map(|w| parse_rational(w).unwrap())).problem(&mixture);
    let refused = solve_two_level(&problem, &BlockOptions::default(), &mut |_| {});
    assert!(matches!(refused.unwrap_err(), SolveError::NotBlocks(_)));
}

/// Checks: beyond the limit of the dense method, or with a quarter of as many units where tests sample, an optimum is found
/// and its enclosure verified by the kernel.
#[test]
fn large_networks_are_certified() {
    let count = if crate::in_full() { 4_200 } else { 1_050 };
    let weights: Vec<_> = (0..count)
        .map(|k| parse_rational(["3", "1/2", "5", "7/3", "2"][k % 5]).unwrap())
        .collect();
    let problem = chain(&weights).problem(&Regularizer::l2());
    assert!(problem.variables() > 4_000 || !crate::in_full());
    let found = solve_two_level(&problem, &BlockOptions::default(), &mut |_| {}).unwrap();
    let enclosed = certify(&problem, &found, 12).unwrap();
    assert!(
        relative_width(enclosed.claim_about(&problem).unwrap()) <= parse_rational("1e-12").unwrap()
    );
}

/// Checks: `f32` and `f64`, dense and sparse, powers computed on the fly and beforehand, self-connections or not: one
/// optimum.
#[test]
fn storage_does_not_matter() {
    let weights = recurrent_weights(30, 0.0, 0.5, 1);
    let single = weights
        .each_ref()
        .map(|w| w.iter().map(|w| *w as f32).collect::<Vec<f32>>());
    let double = single
        .each_ref()
        .map(|w| w.iter().map(|w| f64::from(*w)).collect::<Vec<f64>>());
    let found = solve(&mut recurrent(30, &double));
    let mut blocks = Blocks::new(2.0).unwrap();
    let group = Some(blocks.add_group(30));
    let [input, own, output] = single.each_ref().map(|weights| Weights::Single(weights));
    blocks.add_dense(group, None, 30, 3, input).unwrap();
    blocks.add_dense(group, group, 30, 30, own).unwrap();
    blocks.add_dense(None, group, 3, 30, output).unwrap();
    assert_close(
        &solve(&mut blocks).multipliers,
        &found.multipliers,
        1e-10,
        "f32",
    );
    // Squares as given costs, sparse, and without self-connections.
    let mut sparse = Blocks::new(1.0).unwrap();
    let group = Some(sparse.add_group(30));
    let squares = |weights: &[f64]| weights.iter().map(|w| w * w).collect::<Vec<f64>>();
    let [input, own, output] = double.each_ref().map(|weights| squares(weights));
    sparse
        .add_dense(group, None, 30, 3, Weights::Double(&input))
        .unwrap();
    let (mut starts, mut entries) = (vec![0], Vec::new());
    for (row, costs) in own.chunks(30).enumerate() {
        let others = costs
            .iter()
            .enumerate()
            .filter(|(column, _)| *column != row);
        entries.extend(others.map(|(column, cost)| (column as u32, *cost)));
        starts.push(entries.len());
    }
    sparse
        .add_sparse(group, group, 30, starts, entries)
        .unwrap();
    sparse
        .add_dense(None, group, 3, 30, Weights::Double(&output))
        .unwrap();
    assert_close(
        &solve(&mut sparse).multipliers,
        &found.multipliers,
        1e-10,
        "sparse",
    );
    // |w|^3 beforehand is |w³| on the fly.
    let network = perceptron(&[4, 9, 7, 3], 0.0, 0.0, 2);
    let cubes = |layers: &[Vec<f64>]| {
        layers
            .iter()
            .map(|w| w.iter().map(|w| w.powi(3)).collect())
            .collect()
    };
    let cubed = Perceptron {
        sizes: network.sizes.clone(),
        weights: cubes(&network.weights),
        biases: cubes(&network.biases),
    };
    assert_close(
        &solve(&mut network.blocks(3.0)).multipliers,
        &solve(&mut cubed.blocks(1.0)).multipliers,
        1e-10,
        "cubes",
    );
}

/// Checks: skips over layers and streams that additions tie (one group, entered and left by many blocks).
#[test]
fn skips_and_residual_streams_are_balanced() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| normal(&mut rng)).collect() };
    let (input, output, skip) = (draw(6 * 12), draw(4 * 12), draw(12 * 8));
    let branches: Vec<_> = (0..5).map(|_| (draw(8 * 12), draw(12 * 8))).collect();
    let mut blocks = Blocks::new(2.0).unwrap();
    let stream = Some(blocks.add_group(12));
    blocks
        .add_dense(stream, None, 12, 6, Weights::Double(&input))
        .unwrap();
    let mut last = None;
    for (down, up) in &branches {
        let hidden = Some(blocks.add_group(8));
        blocks
            .add_dense(hidden, stream, 8, 12, Weights::Double(down))
            .unwrap();
        blocks
            .add_dense(stream, hidden, 12, 8, Weights::Double(up))
            .unwrap();
        if last.is_none() {
            blocks
                .add_dense(stream, hidden, 12, 8, Weights::Double(&skip))
                .unwrap();
        }
        last = hidden;
    }
    blocks
        .add_dense(None, stream, 4, 12, Weights::Double(&output))
        .unwrap();
    let found = solve(&mut blocks);
    let mut small = SmallProblem::new(52, blocks.edges());
    assert!(small.balance(1e-14).0 <= 1e-12);
    assert_close(&found.multipliers, small.multipliers(), 1e-9, "stream");
}

/// Checks: the first deficit that is told is the one before anything has moved, and the last one is that of the
/// solution.
#[test]
fn progress_begins_with_the_deficit_before() {
    let network = perceptron(&[6, 20, 15, 5], 1.0, 0.0, 2);
    let mut told = Vec::new();
    let mut blocks = network.blocks(2.0);
    let say = &mut |deficit| told.push(deficit);
    let found = balance_blocks(&mut blocks, &BlockOptions::default(), say).unwrap();
    let (mut input, mut output) = ([0.0; 36], [0.0; 36]);
    for edge in network.blocks(2.0).edges() {
        input[edge.to as usize] += edge.cost;
        output[edge.from as usize] += edge.cost;
    }
    let deficits = input.iter().zip(&output).take(35);
    let deficits = deficits.map(|(a, b): (&f64, &f64)| (a - b).abs() / (a + b));
    let before = deficits.fold(0.0, f64::max);
    assert!((told[0] - before).abs() < 1e-12, "{} {before}", told[0]);
    assert_eq!(told.last(), Some(&found.deficit));
}

/// Checks: results do not depend on the number of threads, to the last bit.
#[test]
#[cfg(feature = "parallel")]
fn threads_do_not_change_results() {
    let network = perceptron(&[300, 400, 500, 20], 2.0, 0.0, 1);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| solve(&mut network.blocks(2.0)))
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

/// Checks: a small acyclic network unit by unit, the balanced deficits and a handful of Newton steps.
#[test]
fn small_networks_take_few_newton_steps() {
    for seed in 0..50 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut edges = Vec::new();
        let mut cost = || rng.random_range(-1.0f64..1.0).powi(2);
        for from in 0..30u32 {
            for (to, from) in (from + 1..=30).map(|to| (to, from)).chain([(from, 30)]) {
                edges.push(Edge {
                    to,
                    from,
                    cost: cost(),
                });
            }
        }
        let (deficit, steps) = SmallProblem::new(30, edges).balance(1e-12);
        assert!(
            deficit <= 1e-12 && steps <= 10,
            "seed {seed}: {deficit:e}, {steps} steps"
        );
    }
}

/// Checks: what is no problem, or has no minimum, is refused with the place.
#[test]
fn bad_blocks_are_refused() {
    assert_eq!(Blocks::new(0.0).unwrap_err(), BlockError::Power);
    let mut blocks = Blocks::new(2.0).unwrap();
    let group = blocks.add_group(2);
    let short = blocks.add_dense(Some(group), None, 2, 2, Weights::Double(&[1.0; 3]));
    let size = |block, found, expected| {
        Err(BlockError::Size {
            block,
            found,
            expected,
        })
    };
    assert_eq!(short, size(0, 3, 4));
    let rows = blocks.add_dense(Some(group), None, 3, 1, Weights::Double(&[1.0; 3]));
    assert_eq!(rows, size(0, 3, 2));
    let nobody = blocks.add_dense(Some(9), None, 1, 1, Weights::Double(&[1.0]));
    assert_eq!(nobody, Err(BlockError::NoSuchGroup(9)));
    let beyond = blocks.add_sparse(
        Some(group),
        None,
        1,
        vec![0, 1, 2],
        vec![(0, 1.0), (1, 1.0)],
    );
    assert_eq!(beyond, Err(BlockError::Entry { block: 0, entry: 1 }));
    let fails = |input: [f64; 2], output: [f64; 2]| {
        let mut blocks = Blocks::new(2.0).unwrap();
        let group = Some(blocks.add_group(2));
        blocks
            .add_dense(group, None, 2, 1, Weights::Double(&input))
            .unwrap();
        blocks
            .add_dense(None, group, 1, 2, Weights::Double(&output))
            .unwrap();
        balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap_err()
    };
    let one_sided = SolveError::OneSided {
        variable: 1,
        side: "output",
    };
    assert_eq!(fails([1.0, 2.0], [3.0, 0.0]), one_sided);
    for weight in [f64::NAN, f64::INFINITY, 1e200] {
        let refused = fails([1.0, weight], [3.0, 1.0]);
        assert_eq!(refused, SolveError::NotFinite { variable: 1 }, "{weight}");
    }
}
