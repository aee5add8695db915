//! One run: one arm, one step size, one seed.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::ExperimentError;
use super::super::plan::Task;
use super::super::trials::{SWEEPS, TOLERANCE, share_named_wrongly};
use super::plan::{Arm, STRENGTH, Times, start};
use crate::learn::{
    Kernels, Loss, Model, Norm, Optimizer, Part, Patches, PerceptronError, Recurrent, Reproducible,
    WeightPenalty, Windows, deficits, mean_gradient,
};

/// Windows of so many pixels at either side, so many pixels apart, and the units that read each.
const WINDOW: (usize, usize) = (5, 2);
const CHANNELS: usize = 8;

/// What is learned from, how long, and what is random.
pub(super) struct Material<'a> {
    pub(super) training: &'a Part,
    /// Rows and columns of an image.
    pub(super) shape: (usize, usize),
    pub(super) batch: usize,
    pub(super) epochs: usize,
    pub(super) seed: u64,
}

/// What came out.
pub(super) struct Learned {
    /// For each epoch the mean loss of its batches, each before its step, without penalty.
    pub(super) training: Vec<f64>,
    /// At the end, the mean loss on each of the parts asked for.
    pub(super) losses: Vec<f64>,
    /// Images of the test that are named wrongly, in per cent, by a classifier.
    pub(super) error: Option<f64>,
    /// `Σ |A - B| / Σ (A + B)` under `L2` at the end, where there is a test.
    pub(super) deficit: Option<f64>,
}

/// On which images losses are measured at the end, and on which errors are counted.
pub(super) struct Measured<'a> {
    pub(super) losses: &'a [&'a Part],
    pub(super) test: Option<&'a Part>,
}

/// Trains an arm; `None` if its loss ceases to be finite.
pub(super) fn outcome(
    material: &Material,
    arm: &Arm,
    rate: f64,
    measured: &Measured,
) -> Result<Option<Learned>, ExperimentError> {
    let mut rng = ChaCha8Rng::seed_from_u64(material.seed);
    let (rows, columns) = material.shape;
    let outputs = arm.task.targets(material.training).nrows();
    let sizes = [arm.hidden, &[outputs]].concat();
    let activation = arm.task.activation();
    match arm.task {
        Task::Rows => {
            let hidden = arm.hidden.iter().sum();
            let model = Recurrent::random(columns, hidden, outputs, activation, &mut rng);
            let model = model.ok_or(PerceptronError::Activation)?;
            trained(material, arm, rate, Reproducible(model), measured)
        }
        Task::Convolutional | Task::Local => {
            let kernels = match arm.task {
                Task::Local => Kernels::Own,
                _ => Kernels::Shared,
            };
            let windows = Windows::new(rows, columns, WINDOW.0, WINDOW.1);
            let windows = windows.ok_or(super::super::Unfit::Small { rows, columns })?;
            let model = Patches::random(windows, kernels, CHANNELS, &sizes, activation, &mut rng)?;
            trained(material, arm, rate, Reproducible(model), measured)
        }
        Task::Autoencoder | Task::Classifier(_) => {
            let sizes = [&[material.training.inputs.nrows()][..], &sizes].concat();
            let model = start(&sizes, activation, arm.start, &mut rng)?;
            trained(material, arm, rate, Reproducible(model), measured)
        }
    }
}

fn trained<M: Model<f64>>(
    material: &Material,
    arm: &Arm,
    rate: f64,
    mut model: M,
    measured: &Measured,
) -> Result<Option<Learned>, ExperimentError> {
    let Some(training) = train(material, arm, rate, &mut model)? else {
        return Ok(None);
    };
    let mut losses = Vec::new();
    for part in measured.losses {
        let total = model.loss(&part.inputs, arm.task.targets(part), arm.task.loss())?;
        losses.push(total / part.inputs.ncols() as f64);
    }
    let classifies = arm.task.loss() == Loss::CrossEntropy;
    let named = measured.test.filter(|_| classifies);
    Ok(Some(Learned {
        training,
        losses,
        error: named.map(|test| share_named_wrongly(&model, &test.inputs, &test.classes)),
        deficit: measured.test.map(|_| deficits(&model, Norm::L2).weighted),
    }))
}

/// Trains a model; the losses of its epochs, or `None` if they cease to be finite.
fn train<M: Model<f64>>(
    material: &Material,
    arm: &Arm,
    rate: f64,
    model: &mut M,
) -> Result<Option<Vec<f64>>, ExperimentError> {
    let mut optimizer = Optimizer::new(arm.rule, model);
    if arm.times == Times::Before {
        optimizer.balance_fully(model, TOLERANCE, SWEEPS);
    }
    let penalty = arm.penalised.then_some(WeightPenalty {
        norm: Norm::L2,
        strength: STRENGTH,
    });
    // The order of the images is the same for all arms.
    let mut rng = ChaCha8Rng::seed_from_u64(material.seed);
    rng.set_stream(1);
    let (inputs, targets) = (
        &material.training.inputs,
        arm.task.targets(material.training),
    );
    let mut order: Vec<usize> = (0..inputs.ncols()).collect();
    let mut losses = Vec::with_capacity(material.epochs);
    for _ in 0..material.epochs {
        match arm.times {
            Times::During => {
                optimizer.balance_fully(model, TOLERANCE, SWEEPS);
            }
            Times::Partially => optimizer.sweep(model, true),
            Times::Never | Times::Before => {}
        }
        order.shuffle(&mut rng);
        let (mut sum, mut batches) = (0.0, 0.0);
        for chosen in order.chunks(material.batch) {
            let inputs = inputs.select_columns(chosen.iter());
            let targets = targets.select_columns(chosen.iter());
            let (loss, mut gradient) = mean_gradient(model, &inputs, &targets, arm.task.loss())?;
            if !loss.is_finite() {
                return Ok(None);
            }
            if let Some(penalty) = &penalty {
                penalty.add_slope(model, &mut gradient);
            }
            optimizer.step(model, &gradient, &rate)?;
            sum += loss;
            batches += 1.0;
        }
        losses.push(sum / batches);
    }
    let finite = Norm::L2.of(model).is_finite();
    Ok(finite.then_some(losses))
}
