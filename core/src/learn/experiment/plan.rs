//! What is trained: the networks of every experiment, and the arms that are compared.

use nalgebra::DMatrix;

use super::Experiment;
use crate::learn::{Loss, Norm, Part};
use crate::network::Activation;

/// Hidden units of the recurrent network.
pub(super) const HIDDEN: usize = 32;

/// Which network is trained, on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// The paper's autoencoder.
    Autoencoder,
    /// A classifier with so many layers of weights.
    Classifier(usize),
    /// A recurrent classifier of rows of pixels.
    Rows,
    /// A convolutional classifier.
    Convolutional,
    /// A locally connected classifier.
    Local,
}

/// Are images of so many pixels small? They get smaller networks and larger steps.
fn is_small(pixels: usize) -> bool {
    pixels < 200
}

impl Task {
    pub(super) fn name(self) -> String {
        match self {
            Task::Autoencoder => "autoencoder".to_owned(),
            Task::Classifier(layers) => format!("{layers}-layer classifier"),
            Task::Rows => "recurrent classifier".to_owned(),
            Task::Convolutional => "convolutional classifier".to_owned(),
            Task::Local => "locally connected classifier".to_owned(),
        }
    }

    /// The step size `η`. Curvature grows with the pixels; on large images it is so small that the first epochs of
    /// every arm stay finite on Fashion-MNIST, those balanced under L1 and over time too.
    pub(super) fn rate(self, pixels: usize) -> f64 {
        match (self, is_small(pixels)) {
            (Task::Autoencoder, true) => 0.02,
            (Task::Autoencoder, false) => 0.0002,
            (Task::Rows, false) => 0.002,
            (_, true) => 0.05,
            (_, false) => 0.01,
        }
    }

    pub(super) fn loss(self) -> Loss {
        match self {
            Task::Autoencoder => Loss::SquaredError,
            _ => Loss::CrossEntropy,
        }
    }

    /// What is to come out for the inputs of a part.
    pub(super) fn targets(self, part: &Part) -> &DMatrix<f64> {
        match self {
            Task::Autoencoder => &part.inputs,
            _ => &part.classes,
        }
    }

    /// The activation of the hidden units.
    pub(super) fn activation(self) -> Activation<f64> {
        match self {
            Task::Classifier(5) => Activation::LeakyRelu(0.1),
            _ => Activation::Relu,
        }
    }

    /// Hidden units, layer by layer; of networks that read windows, those of the dense layer. The paper's autoencoder
    /// for images of its size; half as wide for small ones.
    pub(super) fn hidden(self, small: bool) -> &'static [usize] {
        match self {
            Task::Autoencoder if small => &[100, 50, 25, 50, 100],
            Task::Autoencoder => &[200, 100, 50, 100, 200],
            Task::Classifier(2) => &[100],
            Task::Classifier(3) => &[100, 50],
            Task::Classifier(_) => &[100, 80, 60, 40],
            Task::Rows => &[HIDDEN],
            Task::Convolutional | Task::Local => &[64],
        }
    }

    /// The numbers of units of the layers of a perceptron.
    pub(super) fn sizes(self, inputs: usize, classes: usize) -> Vec<usize> {
        let outputs = if self == Task::Autoencoder {
            inputs
        } else {
            classes
        };
        let hidden = self.hidden(is_small(inputs));
        [&[inputs], hidden, &[outputs]].concat()
    }
}

/// The trained networks, as cells of a table: name, units of the layers on images of 8 x 8 and of 28 x 28 pixels in ten
/// classes, activation of hidden units, loss, step size (those for either size of images, if they differ).
pub fn networks() -> Vec<[String; 6]> {
    let all = [
        Task::Autoencoder,
        Task::Classifier(2),
        Task::Classifier(3),
        Task::Classifier(5),
        Task::Rows,
    ];
    let row = |task: Task| {
        let units = |side: usize| match task {
            Task::Rows => format!("{side} a step, {HIDDEN}, 10"),
            _ => {
                let sizes = task.sizes(side * side, 10).into_iter();
                sizes
                    .map(|size| size.to_string())
                    .collect::<Vec<_>>()
                    .join("-")
            }
        };
        let activation = match task.activation() {
            Activation::LeakyRelu(slope) => format!("leaky ReLU of slope {slope}"),
            _ => "ReLU".to_owned(),
        };
        let loss = match task.loss() {
            Loss::SquaredError => "squared error",
            Loss::CrossEntropy => "cross-entropy",
        };
        let (small, large) = (units(8), units(28));
        let rate = match task.rate(64) == task.rate(784) {
            true => task.rate(64).to_string(),
            false => format!("{}, {}", task.rate(64), task.rate(784)),
        };
        [task.name(), small, large, activation, loss.to_owned(), rate]
    };
    all.map(row).into()
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
    pub(super) balancing: Balancing,
    pub(super) penalty: Option<(Norm, f64)>,
    /// The step size is divided, and epochs are multiplied, by this.
    pub(super) slower: usize,
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
                slower("step η", 1),
                slower("step η/2", 2),
                slower("step η/4", 4),
                slower("step η/8", 8),
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

/// Passes over the images between two measurements. With few images a pass is a step or two.
pub(super) fn stretch(experiment: Experiment) -> usize {
    match experiment {
        Experiment::LittleData => 5,
        _ => 1,
    }
}

/// Passes over the images that a seed makes in all.
pub(super) fn passes(experiment: Experiment, epochs: usize) -> u64 {
    let (tasks, arms) = plan(experiment);
    let each: usize = arms.iter().map(|arm| arm.slower).sum();
    let in_an_epoch = (tasks.len() * each * stretch(experiment)) as u64;
    in_an_epoch.saturating_mul(epochs as u64)
}
