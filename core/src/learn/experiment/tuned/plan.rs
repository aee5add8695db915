//! The arms, fixed beforehand.

use nalgebra::DMatrix;
use rand::Rng;

use super::super::Experiment;
use super::super::plan::Task;
use super::{GRID, UNTUNED, WIDE_GRID};
use crate::learn::{Layer, Perceptron, PerceptronError, Rule};
use crate::network::Activation;

/// Hidden units of the small networks of `tuned`, on which every rule begins in every way.
pub(in super::super) const SMALL: [(Task, &[usize]); 2] = [
    (Task::Autoencoder, &[24, 12, 24]),
    (Task::Classifier(3), &[24, 12]),
];

/// The tasks of `tuned` whose networks are also those of the other experiments on small images.
const WIDE: [Task; 4] = [
    Task::Autoencoder,
    Task::Classifier(2),
    Task::Classifier(3),
    Task::Classifier(5),
];

/// The tasks of `paper`; the classifiers of [`ON_FEW`] learn from few images too.
const LARGE: [Task; 7] = [
    Task::Autoencoder,
    Task::Classifier(2),
    Task::Classifier(3),
    Task::Classifier(5),
    Task::Local,
    Task::Convolutional,
    Task::Rows,
];
const ON_FEW: &[Task] = &[
    Task::Classifier(2),
    Task::Classifier(3),
    Task::Classifier(5),
];

/// `R` is so many times the sum of squared weights.
pub(super) const STRENGTH: f64 = 0.001;

/// Where learning begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Uniform with variance `2 / fan-in`, biases 0.
    Today,
    /// Rows orthogonal, or columns where they are fewer, of squared length 2.
    Orthogonal,
    /// Half of the usual weights.
    Scaled,
    /// The usual weights, the first layer times 4, the last divided by 4: the same function.
    Unequal,
}

/// How often an arm is balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Never,
    Before,
    During,
    Partially,
}

/// One way to train one network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arm {
    pub(super) task: Task,
    pub(super) hidden: &'static [usize],
    /// Is it told from a small network by its name?
    pub(super) wide: bool,
    /// Does it learn from one image in a hundred?
    pub(super) few: bool,
    pub(super) rule: Rule<f64>,
    pub(super) start: Start,
    pub(super) penalised: bool,
    pub(super) times: Times,
}

const MOMENTUM: Rule<f64> = Rule::Momentum { kept: 0.9 };
const ADAM: Rule<f64> = Rule::Adam {
    first: 0.9,
    second: 0.999,
    floor: 1e-8,
};

const RULES: [Rule<f64>; 3] = [Rule::Plain, MOMENTUM, ADAM];
const STARTS: [Start; 4] = [
    Start::Today,
    Start::Orthogonal,
    Start::Scaled,
    Start::Unequal,
];

impl Arm {
    /// The network, the rule and the start: what arms are compared within.
    pub(super) fn setting(&self) -> String {
        let wide = if self.wide { "wide " } else { "" };
        let few = if self.few { " on few images" } else { "" };
        let rule = match self.rule {
            Rule::Plain => "plain descent",
            Rule::Momentum { .. } => "momentum",
            Rule::Adam { .. } => "Adam",
        };
        let start = match self.start {
            Start::Today => "",
            Start::Orthogonal => ", orthogonal start",
            Start::Scaled => ", start of halved weights",
            Start::Unequal => ", start of unequal gains",
        };
        format!("{wide}{}{few}, {rule}{start}", self.task.name())
    }

    /// What is descended on, and how often is balanced.
    pub(super) fn short(&self) -> String {
        let minimised = if self.penalised { "E + R" } else { "E" };
        let times = match self.times {
            Times::Never => "",
            Times::Before => ", before",
            Times::During => ", during",
            Times::Partially => ", partially",
        };
        format!("{minimised}{times}")
    }

    /// The name under which it is stored.
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.setting(), self.short())
    }

    /// The arm whose step sizes count for it: where two arms differ in the number of images alone, the one.
    pub(super) fn for_tuning(&self) -> Arm {
        Arm {
            few: false,
            ..*self
        }
    }

    pub(super) fn is_balanced(&self) -> bool {
        self.times != Times::Never
    }

    /// The arm that it is compared with.
    pub(super) fn without_balancing(&self) -> Arm {
        Arm {
            times: Times::Never,
            ..*self
        }
    }
}

/// What is appended to the name of an arm that learns with half of its step size, and with twice as much.
const NEIGHBOURS: [(&str, f64); 3] = [
    (", half the step size", 0.5),
    ("", 1.0),
    (", twice the step size", 2.0),
];

/// Every arm of an experiment, and how their step sizes are found.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) arms: Vec<Arm>,
    pub(super) grid: Vec<f64>,
    /// One image to learn from in so many is for validation.
    pub(super) validation: usize,
    /// Are step sizes found on few images, and do the results learn from all of them, with the step size that was
    /// found, half and twice of it? If not, the results learn with it and, where an arm balances, with that of the arm
    /// without.
    pub(super) two_sizes: bool,
}

impl Plan {
    /// The plan of an experiment; `None` if its arms have no step sizes of their own.
    pub fn of(experiment: Experiment) -> Option<Plan> {
        match experiment {
            Experiment::Tuned => {
                let mut arms = combined(&SMALL, &RULES, &STARTS);
                let wide = with_hidden(&WIDE, true);
                let wide = combined(&wide, &RULES, &STARTS[..1]).into_iter();
                arms.extend(wide.map(|arm| Arm { wide: true, ..arm }));
                Some(Plan {
                    arms,
                    grid: GRID.to_vec(),
                    validation: 5,
                    two_sizes: false,
                })
            }
            Experiment::Sequences => Some(Plan {
                arms: combined(&with_hidden(&[Task::Rows], true), &RULES[..1], &STARTS[..1]),
                grid: GRID.to_vec(),
                validation: 5,
                two_sizes: false,
            }),
            Experiment::Paper => {
                let mut arms = combined(&with_hidden(&LARGE, false), &RULES[..1], &STARTS[..1]);
                let few = with_hidden(ON_FEW, false);
                let few = combined(&few, &RULES, &STARTS[..1]).into_iter();
                arms.extend(few.map(|arm| Arm { few: true, ..arm }));
                Some(Plan {
                    arms,
                    grid: WIDE_GRID.to_vec(),
                    validation: 12,
                    two_sizes: true,
                })
            }
            _ => None,
        }
    }

    /// The same with the arms of these names and these step sizes only.
    pub fn only(self, names: &[&str], grid: &[f64]) -> Plan {
        let mut arms = self.arms;
        arms.retain(|arm| names.contains(&arm.name().as_str()));
        Plan {
            arms,
            grid: grid.to_vec(),
            ..self
        }
    }

    /// The step sizes that every arm tries.
    pub fn grid(&self) -> &[f64] {
        &self.grid
    }

    /// Do the results of every arm learn with three step sizes, of which the best counts?
    pub fn has_three(&self) -> bool {
        self.two_sizes
    }

    /// The arms for which a step size is found.
    pub(super) fn tuning_arms(&self) -> Vec<Arm> {
        let mut found: Vec<Arm> = Vec::new();
        for arm in self.arms.iter().map(Arm::for_tuning) {
            if !found.contains(&arm) {
                found.push(arm);
            }
        }
        found
    }

    /// The names under which the results of an arm are stored. Where there are `two_sizes`, each with its step size as
    /// a multiple of the arm's own.
    pub(super) fn stored(&self, arm: &Arm) -> Vec<(String, f64)> {
        let name = arm.name();
        if self.two_sizes {
            let each = NEIGHBOURS.iter();
            return each
                .map(|(at, times)| (format!("{name}{at}"), *times))
                .collect();
        }
        let untuned = arm.is_balanced().then(|| format!("{name}{UNTUNED}"));
        let names = std::iter::once(name).chain(untuned);
        names.map(|name| (name, 1.0)).collect()
    }
}

/// Tasks with the hidden units of their networks on small images, or on large ones.
fn with_hidden(tasks: &[Task], small: bool) -> Vec<(Task, &'static [usize])> {
    let each = tasks.iter();
    each.map(|task| (*task, task.hidden(small))).collect()
}

/// Networks x starts x rules x penalties x kinds of balancing, those of one setting together.
fn combined(
    networks: &[(Task, &'static [usize])],
    rules: &[Rule<f64>],
    starts: &[Start],
) -> Vec<Arm> {
    let mut all = Vec::new();
    for (task, hidden) in networks {
        for (start, rule) in starts
            .iter()
            .flat_map(|start| rules.iter().map(move |rule| (*start, *rule)))
        {
            for penalised in [false, true] {
                for times in [Times::Never, Times::Before, Times::During, Times::Partially] {
                    all.push(Arm {
                        task: *task,
                        hidden,
                        wide: false,
                        few: false,
                        rule,
                        start,
                        penalised,
                        times,
                    });
                }
            }
        }
    }
    all
}

/// The network that learning begins with: layers of these sizes, inputs first.
///
/// # Errors
/// [`PerceptronError`].
pub fn start(
    sizes: &[usize],
    activation: Activation<f64>,
    start: Start,
    rng: &mut impl Rng,
) -> Result<Perceptron<f64>, PerceptronError> {
    let usual = Perceptron::random(sizes, activation.clone(), rng)?;
    let last = usual.layers().len() - 1;
    let changed = usual.layers().iter().enumerate().map(|(at, layer)| Layer {
        weights: match start {
            Start::Today => layer.weights.clone(),
            Start::Orthogonal => orthogonal(&layer.weights) * 2f64.sqrt(),
            Start::Scaled => &layer.weights * 0.5,
            Start::Unequal if at == 0 => &layer.weights * 4.0,
            Start::Unequal if at == last => &layer.weights * 0.25,
            Start::Unequal => layer.weights.clone(),
        },
        bias: layer.bias.clone(),
    });
    Perceptron::new(changed.collect(), activation)
}

/// Orthonormal rows, or columns where they are fewer, made of those of a matrix one after the other.
fn orthogonal(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let wide = matrix.nrows() < matrix.ncols();
    let mut columns = if wide {
        matrix.transpose()
    } else {
        matrix.clone()
    };
    // Sums in one order, so that no machine rounds otherwise.
    let product = |columns: &DMatrix<f64>, one: usize, other: usize| {
        let rows = columns.nrows();
        let column = |at: usize| &columns.as_slice()[at * rows..(at + 1) * rows];
        let pairs = column(one).iter().zip(column(other));
        pairs.fold(0.0, |sum, (a, b)| sum + a * b)
    };
    for at in 0..columns.ncols() {
        // Twice, as once leaves what rounding adds.
        for before in (0..at).chain(0..at) {
            let share = product(&columns, before, at);
            for row in 0..columns.nrows() {
                columns[(row, at)] -= share * columns[(row, before)];
            }
        }
        let length = product(&columns, at, at).sqrt();
        for row in 0..columns.nrows() {
            columns[(row, at)] /= length;
        }
    }
    if wide { columns.transpose() } else { columns }
}
