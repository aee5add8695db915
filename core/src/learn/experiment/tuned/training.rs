//! One run: one arm, one step size, one seed.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::trials::{SWEEPS, TOLERANCE, share_named_wrongly};
use super::super::{ExperimentError, Parameters};
use super::plan::{Arm, STRENGTH, Times, start};
use crate::learn::{
    GradientError, Loss, Model, Norm, Optimizer, Part, Reproducible, WeightPenalty, mean_gradient,
};

/// What is learned from, how long, and what is random.
pub(super) struct Material<'a> {
    training: &'a Part,
    batch: usize,
    epochs: usize,
    seed: u64,
}

/// What came out.
pub(super) struct Trained {
    pub(super) model: Reproducible,
    /// For each epoch the mean loss of its batches, each before its step, without penalty.
    pub(super) losses: Vec<f64>,
}

impl<'a> Material<'a> {
    pub(super) fn new(training: &'a Part, parameters: &Parameters, seed: u64) -> Self {
        Material {
            training,
            batch: parameters.batch,
            epochs: parameters.epochs,
            seed,
        }
    }

    fn sizes(&self, arm: &Arm) -> Vec<usize> {
        let targets = arm.task.targets(self.training);
        let inputs = self.training.inputs.nrows();
        [&[inputs][..], arm.hidden, &[targets.nrows()]].concat()
    }

    /// The mean loss on images.
    pub(super) fn loss(
        &self,
        arm: &Arm,
        model: &Reproducible,
        part: &Part,
    ) -> Result<f64, GradientError> {
        let total = model.loss(&part.inputs, arm.task.targets(part), arm.task.loss())?;
        Ok(total / part.inputs.ncols() as f64)
    }

    /// Images that are named wrongly, in per cent, by a classifier.
    pub(super) fn error(&self, arm: &Arm, model: &Reproducible, part: &Part) -> Option<f64> {
        let classifies = arm.task.loss() == Loss::CrossEntropy;
        classifies.then(|| share_named_wrongly(model, &part.inputs, &part.classes))
    }
}

/// Trains an arm; `None` if its loss ceases to be finite.
pub(super) fn train(
    material: &Material,
    arm: &Arm,
    rate: f64,
) -> Result<Option<Trained>, ExperimentError> {
    let mut rng = ChaCha8Rng::seed_from_u64(material.seed);
    let first = start(&material.sizes(arm), arm.start, &mut rng)?;
    let mut model = Reproducible(first);
    let mut optimizer = Optimizer::new(arm.rule, &model);
    if arm.times == Times::Before {
        optimizer.balance_fully(&mut model, TOLERANCE, SWEEPS);
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
                optimizer.balance_fully(&mut model, TOLERANCE, SWEEPS);
            }
            Times::Partially => optimizer.sweep(&mut model, true),
            Times::Never | Times::Before => {}
        }
        order.shuffle(&mut rng);
        let (mut sum, mut batches) = (0.0, 0.0);
        for chosen in order.chunks(material.batch) {
            let inputs = inputs.select_columns(chosen.iter());
            let targets = targets.select_columns(chosen.iter());
            let (loss, mut gradient) = mean_gradient(&model, &inputs, &targets, arm.task.loss())?;
            if !loss.is_finite() {
                return Ok(None);
            }
            if let Some(penalty) = &penalty {
                penalty.add_slope(&model, &mut gradient);
            }
            optimizer.step(&mut model, &gradient, &rate)?;
            sum += loss;
            batches += 1.0;
        }
        losses.push(sum / batches);
    }
    let finite = Norm::L2.of(&model).is_finite();
    Ok(finite.then_some(Trained { model, losses }))
}
