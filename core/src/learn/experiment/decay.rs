//! The decay law held against training: how `D = Σ_IN w² - Σ_OUT w²` of every unit falls under `E + λ Σ w²`.

use indexmap::IndexMap;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::tuned::{SMALL, Start, start};
use super::{ExperimentError, Parameters, Progress, SeedResult, Series};
use crate::learn::{
    DataSet, Loss, Model, Norm, Optimizer, Reproducible, Rule, WeightPenalty, mean_gradient,
    reproducible_exp,
};
use crate::network::Activation;

/// `λ`, that of the experiments in which a penalty is to balance.
pub(super) const STRENGTH: f64 = 0.01;
/// The step size `η`.
pub(super) const RATE: f64 = 0.02;
/// By what the step size is divided and epochs are multiplied, with the names of the arms.
pub(super) const ARMS: [(usize, &str); 3] = [(1, "step η"), (2, "step η/2"), (4, "step η/4")];

/// Passes over the images that a seed makes in all.
pub(super) fn passes(epochs: usize) -> u64 {
    let slower: usize = ARMS.iter().map(|arm| arm.0).sum();
    (slower as u64).saturating_mul(epochs as u64)
}

/// The name under which an arm is stored.
pub(super) fn arm_name(short: &str) -> String {
    format!("autoencoder: {short}")
}

/// `D` of every unit: measured, and by either law.
struct Differences {
    start: Vec<f64>,
    /// By the law of one step, over all steps.
    steps: Vec<f64>,
    /// What the gradients have put in: the law of one step from `D = 0`.
    put_in: Vec<f64>,
    /// `e^(-4λt)`.
    decay: f64,
}

fn differences(model: &Reproducible) -> Vec<f64> {
    let of = |unit| {
        let (input, output) = model.sides(unit, Norm::L2);
        input - output
    };
    (0..model.units()).map(of).collect()
}

fn total(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value.abs())
}

impl Differences {
    fn measure(&self, model: &Reproducible, series: &mut Series) {
        let measured = differences(model);
        let whole = total(self.start.iter().copied());
        let flow = || self.start.iter().map(|start| start * self.decay);
        let from_flow = total(measured.iter().zip(flow()).map(|(d, law)| d - law));
        let from_steps = total(measured.iter().zip(&self.steps).map(|(d, law)| d - law));
        let values = [
            ("measured difference", total(measured.iter().copied())),
            ("difference by decay", total(flow())),
            ("put in by gradients", total(self.put_in.iter().copied())),
            ("departure from decay", from_flow / whole),
            ("departure from the law of steps", from_steps / whole),
        ];
        for (name, value) in values {
            series.entry(name.to_owned()).or_default().push(value);
        }
    }
}

/// Trains the arms of one seed.
pub(super) fn seed_result(
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    let mut result = SeedResult {
        seed,
        arms: IndexMap::new(),
        samples: Series::new(),
    };
    for (slower, short) in ARMS {
        let (name, mut series) = (arm_name(short), Series::new());
        // The picture of single units is that of the first seed at the step size itself.
        let samples = (seed == 0 && slower == 1).then_some(&mut result.samples);
        arm(
            data,
            parameters,
            (seed, progress),
            (slower, &name),
            (&mut series, samples),
        )?;
        result.arms.insert(name, series);
    }
    Ok(result)
}

/// Trains one arm: a series for it, and samples of its units where they are wanted.
fn arm(
    data: &DataSet,
    parameters: &Parameters,
    (seed, progress): (u64, Progress),
    (slower, name): (usize, &str),
    (series, mut samples): (&mut Series, Option<&mut Series>),
) -> Result<(), ExperimentError> {
    let inputs = &data.training.inputs;
    let pixels = inputs.nrows();
    let sizes = [&[pixels][..], SMALL[0].1, &[pixels]].concat();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut model = Reproducible(start(&sizes, Activation::Relu, Start::Today, &mut rng)?);
    let mut optimizer = Optimizer::new(Rule::Plain, &model);
    let rate = RATE / slower as f64;
    let penalty = WeightPenalty {
        norm: Norm::L2,
        strength: STRENGTH,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1);
    let mut order: Vec<usize> = (0..inputs.ncols()).collect();
    let start = differences(&model);
    let mut held = Differences {
        steps: start.clone(),
        put_in: vec![0.0; start.len()],
        start,
        decay: 1.0,
    };
    let mut taken = 0.0;
    held.measure(&model, series);
    sample(&held, &model, &mut samples);
    let keep = (1.0 - 2.0 * rate * STRENGTH) * (1.0 - 2.0 * rate * STRENGTH);
    for _ in 0..parameters.epochs {
        for _ in 0..slower {
            order.shuffle(&mut rng);
            for chosen in order.chunks(parameters.batch) {
                let batch = inputs.select_columns(chosen.iter());
                let (_, mut gradient) = mean_gradient(&model, &batch, &batch, Loss::SquaredError)?;
                let laws = held.steps.iter_mut().zip(&mut held.put_in);
                for (slopes, (law, put_in)) in differences(&gradient).into_iter().zip(laws) {
                    *law = keep * *law + rate * rate * slopes;
                    *put_in = keep * *put_in + rate * rate * slopes;
                }
                penalty.add_slope(&model, &mut gradient);
                optimizer.step(&mut model, &gradient, &rate)?;
                taken += 1.0;
            }
            progress(seed, name);
        }
        held.decay = reproducible_exp(-4.0 * STRENGTH * rate * taken);
        held.measure(&model, series);
        sample(&held, &model, &mut samples);
    }
    match Norm::L2.of(&model).is_finite() {
        true => Ok(()),
        false => Err(ExperimentError::Diverged {
            seed,
            arm: name.to_owned(),
        }),
    }
}

/// Keeps the differences of all units, measured and by decay.
fn sample(held: &Differences, model: &Reproducible, samples: &mut Option<&mut Series>) {
    let Some(samples) = samples else {
        return;
    };
    let units = differences(model).into_iter().zip(&held.start).enumerate();
    for (unit, (measured, start)) in units {
        let mut keep = |of: &str, value| {
            samples
                .entry(format!("unit {unit}, {of}"))
                .or_default()
                .push(value);
        };
        keep("measured", measured);
        keep("by decay", start * held.decay);
    }
}
