//! The arms that are trained.

use indexmap::IndexMap;
use nalgebra::DMatrix;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::plan::{Arm, Balancing, HIDDEN, Task, arm_name, plan, stretch};
use super::{Experiment, ExperimentError, Parameters, Progress, SeedResult, Series};
use crate::learn::{
    DataSet, Descent, Model, Norm, Perceptron, PerceptronError, Recurrent, Reproducible,
    WeightPenalty, balance_fully, deficits, sweep,
};
use crate::network::Activation;

/// The deficit that full balancing reaches, and the sweeps after which it gives up.
pub(super) const TOLERANCE: f64 = 1e-10;
pub(super) const SWEEPS: usize = 2000;
/// Images on which losses are measured after an epoch.
const MEASURED: usize = 2000;

/// Inputs and targets to learn from and to test with.
struct Material<'a> {
    training: (&'a DMatrix<f64>, &'a DMatrix<f64>),
    test: (&'a DMatrix<f64>, &'a DMatrix<f64>),
    task: Task,
    batch: usize,
    epochs: usize,
    /// Passes over the images in an epoch.
    stretch: usize,
    seed: u64,
    /// Norms whose total deficits are measured as well: those of the penalties.
    norms: &'a [Norm],
    progress: Progress<'a>,
}

pub(super) fn train_arms(
    experiment: Experiment,
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    let few = experiment == Experiment::LittleData;
    let fewer = few.then(|| data.with_fewer((parameters.training_images / 100).max(data.count)));
    let data = fewer.as_ref().unwrap_or(data);
    let (tasks, arms) = plan(experiment);
    let penalties = arms.iter().filter_map(|arm| arm.penalty);
    let norms: Vec<Norm> = penalties.map(|(norm, _)| norm).collect();
    let mut found = IndexMap::new();
    for task in tasks {
        let material = Material {
            training: (&data.training.inputs, task.targets(&data.training)),
            test: (&data.test.inputs, task.targets(&data.test)),
            task: *task,
            batch: parameters.batch,
            epochs: parameters.epochs,
            stretch: stretch(experiment),
            seed,
            norms: &norms,
            progress,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        found.extend(if *task == Task::Rows {
            let (columns, classes) = (data.columns, data.count);
            let model = Recurrent::random(columns, HIDDEN, classes, Activation::Relu, &mut rng);
            let model = model.ok_or(PerceptronError::Activation)?;
            material.train_all(&Reproducible(model), &arms)?
        } else {
            let sizes = task.sizes(data.rows * data.columns, data.count);
            let model = Perceptron::random(&sizes, task.activation(), &mut rng)?;
            material.train_all(&Reproducible(model), &arms)?
        });
    }
    Ok(SeedResult {
        seed,
        arms: found,
        samples: Series::new(),
    })
}

impl Material<'_> {
    /// Trains a copy of the same model in every arm.
    fn train_all<M: Model<f64>>(
        &self,
        start: &M,
        arms: &[Arm],
    ) -> Result<IndexMap<String, Series>, ExperimentError> {
        let trained = arms.iter().map(|arm| {
            let name = arm_name(self.task, arm);
            let series = self.train(start, arm, &name)?;
            Ok((name, series))
        });
        trained.collect()
    }

    fn train<M: Model<f64>>(
        &self,
        start: &M,
        arm: &Arm,
        name: &str,
    ) -> Result<Series, ExperimentError> {
        let mut model = start.clone();
        if let Balancing::Start(norm) = arm.balancing {
            balance_fully(&mut model, norm, TOLERANCE, SWEEPS);
        }
        let pixels = self.training.0.nrows();
        let descent = Descent {
            loss: self.task.loss(),
            rate: self.task.rate(pixels) / arm.slower as f64,
            penalty: arm
                .penalty
                .map(|(norm, strength)| WeightPenalty { norm, strength }),
            threads: 1,
        };
        // The order of the images is the same for all arms.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(1);
        let (inputs, targets) = self.training;
        let mut order: Vec<usize> = (0..inputs.ncols()).collect();
        let mut series = Series::new();
        self.measure(&model, name, &mut series)?;
        for _ in 0..self.epochs {
            match arm.balancing {
                Balancing::Full(norm) => {
                    balance_fully(&mut model, norm, TOLERANCE, SWEEPS);
                }
                Balancing::Partial(norm) => sweep(&mut model, norm, 0.5),
                _ => {}
            }
            for _ in 0..arm.slower * self.stretch {
                order.shuffle(&mut rng);
                descent.epoch(&mut model, inputs, targets, &order, self.batch)?;
                (self.progress)(self.seed, name);
            }
            self.measure(&model, name, &mut series)?;
        }
        Ok(series)
    }

    fn measure<M: Model<f64>>(
        &self,
        model: &M,
        name: &str,
        series: &mut Series,
    ) -> Result<(), ExperimentError> {
        let mut add = |name: &str, value: f64| {
            series.entry(name.to_owned()).or_default().push(value);
            value.is_finite()
        };
        let mean = |(inputs, targets): (&DMatrix<f64>, &DMatrix<f64>)| {
            let count = inputs.ncols().min(MEASURED);
            let (inputs, targets) = (inputs.columns(0, count), targets.columns(0, count));
            let loss = model.loss(&inputs.into(), &targets.into(), self.task.loss())?;
            Ok::<f64, ExperimentError>(loss / count as f64)
        };
        let mut finite = add("training loss", mean(self.training)?);
        finite &= add("test loss", mean(self.test)?);
        if self.task != Task::Autoencoder {
            let (inputs, targets) = self.test;
            add("test error", share_named_wrongly(model, inputs, targets));
        }
        let (two, one) = (deficits(model, Norm::L2), deficits(model, Norm::L1));
        add("deficit", two.mean);
        add("deficit L1", one.mean);
        add("largest deficit", two.largest);
        for norm in self.norms {
            let (found, of) = match norm {
                Norm::L2 => (&two, ""),
                Norm::L1 => (&one, " L1"),
            };
            add(&format!("total deficit{of}"), found.total);
            add(&format!("weighted deficit{of}"), found.weighted);
        }
        finite &= add("norm", Norm::L2.of(model));
        match finite {
            true => Ok(()),
            false => Err(ExperimentError::Diverged {
                seed: self.seed,
                arm: name.to_owned(),
            }),
        }
    }
}

/// Images that are named wrongly, in per cent.
pub(super) fn share_named_wrongly<M: Model<f64>>(
    model: &M,
    inputs: &DMatrix<f64>,
    classes: &DMatrix<f64>,
) -> f64 {
    let outputs = model.outputs(inputs);
    let pairs = outputs.column_iter().zip(classes.column_iter());
    let wrong = pairs.filter(|(output, class)| output.argmax().0 != class.argmax().0);
    100.0 * wrong.count() as f64 / inputs.ncols() as f64
}
