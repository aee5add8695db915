//! Experiments with the solvers: one fixpoint for all orders, and reads against depth.

use indexmap::IndexMap;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{ExperimentError, Parameters, Progress, SeedResult, Series};
use crate::kernel::Problem;
use crate::learn::{DataSet, Descent, Loss, Perceptron, Reproducible, exactly};
use crate::network::{Activation, Regularizer};
use crate::numbers::{Rational, Wide, rational_to_f64};
use crate::solve::{
    Balancing, Cyclic, DirectOptions, RandomPermutation, Solution, SolveError, StochasticOptions,
    UniformRandom, balance_stochastic, certify, relative_width, solve_direct,
};

/// Orders of the stochastic algorithm.
pub(super) const ORDERS: u64 = 1000;
/// Significant digits of the enclosure.
const DIGITS: u32 = 9;
/// Orders whose way is kept for the picture, and points kept of each.
const DRAWN: u64 = 6;
const POINTS: usize = 150;
const EVERY: usize = 4;
/// The hidden layers of the classifier that is balanced.
const LAYERS: [usize; 2] = [24, 16];

/// Depths at which reads are counted: hidden layers.
pub(super) const DEPTHS: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// Units in a layer.
const WIDTH: usize = 8;
/// The deficit to reach.
const DEFICIT: f64 = 1e-9;

type Solver = fn(&Problem, u64) -> Result<Solution, SolveError>;

/// The methods of the picture of reads against depth. A further one is a further line.
const METHODS: &[(&str, Solver)] = &[
    ("stochastic", |problem, seed| {
        let mut order = UniformRandom(ChaCha8Rng::seed_from_u64(seed));
        Ok(balance_stochastic(problem, &mut order, &sweeps(), &mut |_| {})?.solution)
    }),
    ("random permutations", |problem, seed| {
        let mut order = RandomPermutation::new(ChaCha8Rng::seed_from_u64(seed));
        Ok(balance_stochastic(problem, &mut order, &sweeps(), &mut |_| {})?.solution)
    }),
    ("sweeps", |problem, _| {
        Ok(balance_stochastic(problem, &mut Cyclic::default(), &sweeps(), &mut |_| {})?.solution)
    }),
    ("direct (Newton)", |problem, _| {
        let options = DirectOptions {
            tolerance: DEFICIT,
            ..DirectOptions::default()
        };
        solve_direct(problem, &options, &mut |_| {})
    }),
];

fn sweeps() -> StochasticOptions {
    StochasticOptions {
        tolerance: DEFICIT,
        ..StochasticOptions::default()
    }
}

/// How many networks a seed of `reads_by_depth` balances.
pub(super) fn balanced_networks() -> u64 {
    (DEPTHS.len() * METHODS.len()) as u64
}

/// Balances random networks of several depths by every method.
pub(super) fn reads_by_depth(seed: u64, progress: Progress) -> Result<SeedResult, ExperimentError> {
    let mut arms: IndexMap<String, Series> = IndexMap::new();
    for depth in DEPTHS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sizes = vec![WIDTH; depth + 2];
        let model = Perceptron::random(&sizes, Activation::Relu, &mut rng)?;
        let network = exactly(&model)
            .ok_or(crate::learn::PerceptronError::Empty)?
            .to_network();
        let problem = network.problem(&Regularizer::l2());
        for (name, solver) in METHODS {
            let solution = solver(&problem, seed)?;
            let series = arms.entry((*name).to_owned()).or_default();
            for (measure, value) in [("hidden layers", depth as f64), ("reads", solution.passes)] {
                series.entry(measure.to_owned()).or_default().push(value);
            }
            progress(seed, &format!("{depth} hidden layers, {name}"));
        }
    }
    Ok(SeedResult {
        seed,
        arms,
        samples: Series::new(),
    })
}

/// A classifier after a few epochs, as a problem.
fn trained(
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: Progress,
) -> Result<Problem, ExperimentError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (inputs, classes) = (&data.training.inputs, &data.training.classes);
    let sizes = [inputs.nrows(), LAYERS[0], LAYERS[1], data.count];
    let mut model = Reproducible(Perceptron::random(&sizes, Activation::Relu, &mut rng)?);
    let descent = Descent {
        loss: Loss::CrossEntropy,
        rate: 0.05,
        penalty: None,
        threads: 1,
    };
    let mut order: Vec<usize> = (0..inputs.ncols()).collect();
    for _ in 0..parameters.epochs {
        order.shuffle(&mut rng);
        descent.epoch(&mut model, inputs, classes, &order, parameters.batch)?;
        progress(seed, "training");
    }
    let exact = exactly(&model.0).ok_or_else(|| ExperimentError::Diverged {
        seed,
        arm: "training".to_owned(),
    })?;
    Ok(exact.to_network().problem(&Regularizer::l2()))
}

/// Balances one network in many orders and holds the results against a verified enclosure.
pub(super) fn one_fixpoint(
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    let problem = trained(data, parameters, seed, progress)?;
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})?;
    let enclosure = certify(&problem, &solution, DIGITS)?;
    let enclosed = enclosure.claim_about(&problem);
    let enclosed = enclosed.ok_or(crate::solve::CertifyError::NotRefined)?;
    let (lower, upper) = (&enclosed.lower, &enclosed.upper);
    let mut low = vec![f64::INFINITY; problem.variables()];
    let mut high = vec![0.0f64; problem.variables()];
    let mut outside = 0u64;
    let mut passes = Vec::new();
    let mut samples = Series::new();
    for order in 0..ORDERS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(order + 2);
        let drawn = seed == 0 && order < DRAWN;
        let options = StochasticOptions {
            trace: drawn,
            ..StochasticOptions::default()
        };
        let run = balance_stochastic(&problem, &mut UniformRandom(rng), &options, &mut |_| {})?;
        let multipliers = &run.solution.multipliers;
        let ends = lower.iter().zip(upper).zip(multipliers);
        outside += u64::from(!ends.into_iter().all(|((lower, upper), found)| {
            let found: Option<Rational> = found.to_rational();
            found.is_some_and(|found| *lower <= found && found <= *upper)
        }));
        for (unit, found) in multipliers.iter().enumerate() {
            // Relative to one and the same point, so that nothing is lost in the subtraction.
            let relative = found.ratio(solution.multipliers[unit]);
            low[unit] = low[unit].min(relative);
            high[unit] = high[unit].max(relative);
        }
        passes.push(run.solution.passes);
        progress(seed, "random orders");
        if drawn {
            let steps = run
                .trace
                .iter()
                .map(|step| (step.variable, step.factor.ln()));
            draw(order, steps, &mut samples);
        }
    }
    if seed == 0 {
        costs(&problem, &solution, &mut samples);
    }
    let spread = low.iter().zip(&high).map(|(low, high)| high / low - 1.0);
    let mut series = Series::new();
    let mut add = |name: &str, value: f64| series.insert(name.to_owned(), vec![value]);
    add("orders", ORDERS as f64);
    add("outside", outside as f64);
    add("spread", spread.fold(0.0, f64::max));
    add(
        "enclosure width",
        rational_to_f64(&relative_width(enclosed)),
    );
    add(
        "fewest reads",
        passes.iter().copied().fold(f64::INFINITY, f64::min),
    );
    add("most reads", passes.iter().copied().fold(0.0, f64::max));
    Ok(SeedResult {
        seed,
        arms: IndexMap::from([("stochastic".to_owned(), series)]),
        samples,
    })
}

/// The way of a run, as the mean of `log μ` over each hidden layer: two orthogonal directions of the manifold.
fn draw(order: u64, steps: impl Iterator<Item = (usize, f64)>, samples: &mut Series) {
    let mut point = [0.0f64; 2];
    let (mut xs, mut ys) = (vec![0.0], vec![0.0]);
    for (index, (variable, log)) in steps.enumerate() {
        let layer = usize::from(variable >= LAYERS[0]);
        point[layer] += log / LAYERS[layer] as f64;
        if index % EVERY == EVERY - 1 && xs.len() < POINTS {
            xs.push(point[0]);
            ys.push(point[1]);
        }
    }
    samples.insert(format!("order {order}, layer 1"), xs);
    samples.insert(format!("order {order}, layer 2"), ys);
}

/// Input and output cost of every unit before and after.
fn costs(problem: &Problem, solution: &Solution, samples: &mut Series) {
    let mut state = Balancing::new(problem);
    for when in ["before", "after"] {
        let sides: Vec<(Wide, Wide)> = (0..state.variables()).map(|v| state.sides(v)).collect();
        let side =
            |pick: fn(&(Wide, Wide)) -> Wide| sides.iter().map(|s| pick(s).to_f64()).collect();
        samples.insert(format!("input cost {when}"), side(|s| s.0));
        samples.insert(format!("output cost {when}"), side(|s| s.1));
        for (variable, multiplier) in solution.multipliers.iter().enumerate() {
            state.shift(variable, multiplier.ln());
        }
    }
}
