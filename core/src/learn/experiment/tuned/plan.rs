//! The arms, fixed beforehand.

use nalgebra::DMatrix;
use rand::Rng;

use super::super::plan::Task;
use crate::learn::{Layer, Perceptron, PerceptronError, Rule};
use crate::network::Activation;

/// Hidden units of the networks: small ones, as every arm learns dozens of times.
pub(in super::super) const SMALL: [(Task, &[usize]); 2] = [
    (Task::Autoencoder, &[24, 12, 24]),
    (Task::Classifier(3), &[24, 12]),
];

/// `R` is so many times the sum of squared weights.
pub(super) const STRENGTH: f64 = 0.001;

/// Where learning begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Start {
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

/// Rules and starts that are combined with every task, penalty and kind of balancing.
const SETTINGS: [(Rule<f64>, Start); 6] = [
    (Rule::Plain, Start::Today),
    (MOMENTUM, Start::Today),
    (ADAM, Start::Today),
    (Rule::Plain, Start::Orthogonal),
    (Rule::Plain, Start::Scaled),
    (Rule::Plain, Start::Unequal),
];

impl Arm {
    /// The network, the rule and the start: what arms are compared within.
    pub(super) fn setting(&self) -> String {
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
        format!("{}, {rule}{start}", self.task.name())
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

/// All arms, those of one setting together.
pub(super) fn arms() -> Vec<Arm> {
    let mut all = Vec::new();
    for (task, hidden) in SMALL {
        for (rule, start) in SETTINGS {
            for penalised in [false, true] {
                for times in [Times::Never, Times::Before, Times::During, Times::Partially] {
                    all.push(Arm {
                        task,
                        hidden,
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

/// The network that learning begins with.
pub(in super::super) fn start(
    sizes: &[usize],
    start: Start,
    rng: &mut impl Rng,
) -> Result<Perceptron<f64>, PerceptronError> {
    let usual = Perceptron::random(sizes, Activation::Relu, rng)?;
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
    Perceptron::new(changed.collect(), Activation::Relu)
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::learn::{Model, Norm};

    /// Checks: orthogonal starts are orthogonal to rounding, wide and tall ones; unequal gains leave the function the
    /// same bits.
    #[test]
    fn starts_are_what_they_are_said_to_be() {
        let sizes = [12, 7, 9, 4];
        let of = |how| start(&sizes, how, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        for layer in of(Start::Orthogonal).layers() {
            let w = &layer.weights;
            let square = match w.nrows() < w.ncols() {
                true => w * w.transpose(),
                false => w.transpose() * w,
            };
            let expected = DMatrix::identity(square.nrows(), square.ncols()) * 2.0;
            assert!((square - expected).amax() < 1e-14);
        }
        let inputs = DMatrix::from_fn(12, 5, |i, j| ((i * 5 + j) % 7) as f64 - 3.0);
        let (usual, unequal) = (of(Start::Today), of(Start::Unequal));
        assert_eq!(usual.outputs(&inputs), unequal.outputs(&inputs));
        assert_ne!(Norm::L2.of(&usual), Norm::L2.of(&unequal));
        assert_eq!(Norm::L2.of(&usual), 4.0 * Norm::L2.of(&of(Start::Scaled)));
    }
}
