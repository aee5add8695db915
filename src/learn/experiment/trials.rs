//! The arms that are trained.

use indexmap::IndexMap;
use nalgebra::DMatrix;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Experiment, ExperimentError, Parameters, SeedResult, Series};
use crate::learn::{
    DataSet, Descent, Loss, Model, Norm, Part, Perceptron, Recurrent, WeightPenalty, balance_fully,
    deficits, sweep,
};
use crate::network::Activation;

/// The deficit that full balancing reaches, and the sweeps after which it gives up.
const TOLERANCE: f64 = 1e-10;
const SWEEPS: usize = 2000;
/// Images on which losses are measured after an epoch.
const MEASURED: usize = 2000;
/// Hidden units of the recurrent network.
const HIDDEN: usize = 32;

/// Which network is trained, on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// The paper's autoencoder.
    Autoencoder,
    /// A classifier with so many layers of weights.
    Classifier(usize),
    /// A recurrent classifier of rows of pixels.
    Rows,
}

impl Task {
    pub(super) fn name(self) -> String {
        match self {
            Task::Autoencoder => "autoencoder".to_owned(),
            Task::Classifier(layers) => format!("{layers}-layer classifier"),
            Task::Rows => "recurrent classifier".to_owned(),
        }
    }

    /// The step size.
    fn rate(self) -> f64 {
        match self {
            Task::Autoencoder => 0.02,
            Task::Classifier(_) | Task::Rows => 0.05,
        }
    }

    fn loss(self) -> Loss {
        match self {
            Task::Autoencoder => Loss::SquaredError,
            Task::Classifier(_) | Task::Rows => Loss::CrossEntropy,
        }
    }

    /// What is to come out for the inputs of a part.
    fn targets(self, part: &Part) -> &DMatrix<f64> {
        match self {
            Task::Autoencoder => &part.inputs,
            Task::Classifier(_) | Task::Rows => &part.classes,
        }
    }

    /// The numbers of units of the layers. The paper's autoencoder for images of its size; half as wide for small ones.
    fn sizes(self, inputs: usize, classes: usize) -> Vec<usize> {
        let narrow = if inputs < 200 { 2 } else { 1 };
        let hidden: Vec<usize> = match self {
            Task::Autoencoder => [200, 100, 50, 100, 200].map(|size| size / narrow).to_vec(),
            Task::Classifier(2) => vec![100],
            Task::Classifier(3) => vec![100, 50],
            Task::Classifier(_) | Task::Rows => vec![100, 80, 60, 40],
        };
        let outputs = if self == Task::Autoencoder {
            inputs
        } else {
            classes
        };
        [vec![inputs], hidden, vec![outputs]].concat()
    }
}

/// How often balancing is done, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Balancing {
    Never,
    Start(Norm),
    Full(Norm),
    Partial(Norm),
}

/// One way to train.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arm {
    pub(super) name: &'static str,
    balancing: Balancing,
    penalty: Option<(Norm, f64)>,
    /// The step size is divided, and epochs are multiplied, by this.
    slower: usize,
}

const fn arm(name: &'static str, balancing: Balancing) -> Arm {
    Arm {
        name,
        balancing,
        penalty: None,
        slower: 1,
    }
}

const fn penalised(name: &'static str, norm: Norm, strength: f64) -> Arm {
    Arm {
        penalty: Some((norm, strength)),
        ..arm(name, Balancing::Never)
    }
}

const fn slower(name: &'static str, slower: usize) -> Arm {
    Arm {
        slower,
        ..arm(name, Balancing::Start(Norm::L2))
    }
}

const PLAIN: Arm = arm("E", Balancing::Never);

/// The tasks of an experiment, and the arms that each is trained in; the first is what others are compared with.
pub(super) fn plan(experiment: Experiment) -> (&'static [Task], Vec<Arm>) {
    use Balancing::{Full, Partial, Start};
    const CLASSIFIERS: &[Task] = &[
        Task::Classifier(2),
        Task::Classifier(3),
        Task::Classifier(5),
    ];
    const ALL: &[Task] = &[
        Task::Autoencoder,
        Task::Classifier(2),
        Task::Classifier(3),
        Task::Classifier(5),
    ];
    match experiment {
        Experiment::RegularizedBalances => (
            &[Task::Autoencoder],
            vec![
                PLAIN,
                penalised("E + L2", Norm::L2, 0.01),
                penalised("E + L1", Norm::L1, 0.004),
            ],
        ),
        Experiment::BalanceIsLost => (
            &[Task::Autoencoder],
            vec![
                slower("step 0.02", 1),
                slower("step 0.01", 2),
                slower("step 0.005", 4),
                slower("step 0.0025", 8),
            ],
        ),
        Experiment::BalancedStart => (
            ALL,
            vec![
                PLAIN,
                arm("L2 at the start", Start(Norm::L2)),
                arm("L1 at the start", Start(Norm::L1)),
            ],
        ),
        Experiment::BalancedDuring => (
            &[Task::Autoencoder, Task::Classifier(3), Task::Classifier(5)],
            vec![
                PLAIN,
                arm("L2 fully", Full(Norm::L2)),
                arm("L2 partially", Partial(Norm::L2)),
                arm("L1 fully", Full(Norm::L1)),
                arm("L1 partially", Partial(Norm::L1)),
            ],
        ),
        Experiment::LittleData => (
            CLASSIFIERS,
            vec![
                PLAIN,
                arm("L2 at the start", Start(Norm::L2)),
                arm("L2 fully", Full(Norm::L2)),
            ],
        ),
        _ => (
            &[Task::Rows],
            vec![
                PLAIN,
                penalised("E + L2", Norm::L2, 0.01),
                arm("L2 at the start", Start(Norm::L2)),
                arm("L2 fully", Full(Norm::L2)),
                arm("L2 partially", Partial(Norm::L2)),
            ],
        ),
    }
}

/// The name under which an arm of a task is stored.
pub(super) fn arm_name(task: Task, arm: &Arm) -> String {
    format!("{}: {}", task.name(), arm.name)
}

/// Inputs and targets to learn from and to test with.
struct Material<'a> {
    training: (&'a DMatrix<f64>, &'a DMatrix<f64>),
    test: (&'a DMatrix<f64>, &'a DMatrix<f64>),
    task: Task,
    batch: usize,
    epochs: usize,
    seed: u64,
}

pub(super) fn train_arms(
    experiment: Experiment,
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: &(dyn Fn(u64, &str) + Sync),
) -> Result<SeedResult, ExperimentError> {
    let few = experiment == Experiment::LittleData;
    let fewer = few.then(|| data.with_fewer((parameters.training_images / 100).max(data.count)));
    let data = fewer.as_ref().unwrap_or(data);
    let (tasks, arms) = plan(experiment);
    let mut found = IndexMap::new();
    for task in tasks {
        let material = Material {
            training: (&data.training.inputs, task.targets(&data.training)),
            test: (&data.test.inputs, task.targets(&data.test)),
            task: *task,
            batch: parameters.batch,
            epochs: parameters.epochs,
            seed,
        };
        // With few images an epoch is a step or two: more of them between two measurements.
        let stretch = if few { 5 } else { 1 };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        if *task == Task::Rows {
            let (columns, classes) = (data.columns, data.count);
            let model = Recurrent::random(columns, HIDDEN, classes, Activation::Relu, &mut rng)
                .ok_or(crate::learn::PerceptronError::Activation)?;
            for arm in &arms {
                let name = arm_name(*task, arm);
                found.insert(name.clone(), material.train(&model, arm, stretch)?);
                progress(seed, &name);
            }
        } else {
            let activation = match task {
                Task::Classifier(5) => Activation::LeakyRelu(0.1),
                _ => Activation::Relu,
            };
            let sizes = task.sizes(data.rows * data.columns, data.count);
            let model = Perceptron::random(&sizes, activation, &mut rng)?;
            for arm in &arms {
                let name = arm_name(*task, arm);
                found.insert(name.clone(), material.train(&model, arm, stretch)?);
                progress(seed, &name);
            }
        }
    }
    Ok(SeedResult {
        seed,
        arms: found,
        samples: Series::new(),
    })
}

impl Material<'_> {
    fn train<M: Model<f64>>(
        &self,
        start: &M,
        arm: &Arm,
        stretch: usize,
    ) -> Result<Series, ExperimentError> {
        let mut model = start.clone();
        if let Balancing::Start(norm) = arm.balancing {
            balance_fully(&mut model, norm, TOLERANCE, SWEEPS);
        }
        let descent = Descent {
            loss: self.task.loss(),
            rate: self.task.rate() / arm.slower as f64,
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
        self.measure(&model, arm, &mut series)?;
        for _ in 0..self.epochs {
            match arm.balancing {
                Balancing::Full(norm) => {
                    balance_fully(&mut model, norm, TOLERANCE, SWEEPS);
                }
                Balancing::Partial(norm) => sweep(&mut model, norm, 0.5),
                _ => {}
            }
            for _ in 0..arm.slower * stretch {
                order.shuffle(&mut rng);
                descent.epoch(&mut model, inputs, targets, &order, self.batch)?;
            }
            self.measure(&model, arm, &mut series)?;
        }
        Ok(series)
    }

    fn measure<M: Model<f64>>(
        &self,
        model: &M,
        arm: &Arm,
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
            add("test error", self.test_error(model));
        }
        let (two, one) = (deficits(model, Norm::L2), deficits(model, Norm::L1));
        add("deficit", two.mean);
        add("deficit L1", one.mean);
        add("largest deficit", two.largest);
        finite &= add("norm", Norm::L2.of(model));
        match finite {
            true => Ok(()),
            false => Err(ExperimentError::Diverged {
                seed: self.seed,
                arm: arm_name(self.task, arm),
            }),
        }
    }

    /// Test images that are named wrongly, in per cent.
    fn test_error<M: Model<f64>>(&self, model: &M) -> f64 {
        let (inputs, targets) = self.test;
        let outputs = model.outputs(inputs);
        let pairs = outputs.column_iter().zip(targets.column_iter());
        let wrong = pairs.filter(|(output, target)| output.argmax().0 != target.argmax().0);
        100.0 * wrong.count() as f64 / inputs.ncols() as f64
    }
}
