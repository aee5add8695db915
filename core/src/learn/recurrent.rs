//! Recurrent networks of BiLU units that read a sequence and answer at its end.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::model::loss_and_slope;
use super::perceptron::{activated, random_matrix, row_sums, times_slopes};
use super::reproducible::{Arithmetic, Fastest};
use super::{GradientError, Loss, Model, Norm};
use crate::network::{Activation, Network, Unit, UnitKind};
use crate::numbers::Scalar;

/// `h_t = f(W x_t + U h_{t-1} + b)` from `h_0 = 0`, and `y = V h_T + c` at the end.
///
/// A column of inputs holds the whole sequence: the first step first, `W`'s number of columns a step. The weights are
/// the same at every step, so that a hidden unit is one unit, with one multiplier.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurrent<S> {
    /// `W`, hidden x inputs of a step.
    pub input: DMatrix<S>,
    /// `U`, hidden x hidden; its diagonal holds the self-connections.
    pub hidden: DMatrix<S>,
    /// `b`.
    pub bias: DVector<S>,
    /// `V`, outputs x hidden.
    pub output: DMatrix<S>,
    /// `c`.
    pub output_bias: DVector<S>,
    /// `f` and its slopes.
    activation: (Activation<S>, (S, S)),
}

impl<S: Scalar> Recurrent<S> {
    /// Random weights: `W` and `V` uniform with variance `2 / fan-in`, `U` with variance `1 / fan-in`, biases 0.
    pub fn random(
        inputs: usize,
        hidden: usize,
        outputs: usize,
        activation: Activation<S>,
        rng: &mut impl Rng,
    ) -> Option<Self> {
        let slopes = activation.slopes()?;
        let reach = |variance: f64, fan: usize| (3.0 * variance / fan as f64).sqrt();
        Some(Recurrent {
            input: random_matrix(hidden, inputs, reach(2.0, inputs), rng),
            hidden: random_matrix(hidden, hidden, reach(1.0, hidden), rng),
            bias: DVector::from_element(hidden, S::zero()),
            output: random_matrix(outputs, hidden, reach(2.0, hidden), rng),
            output_bias: DVector::from_element(outputs, S::zero()),
            activation: (activation, slopes),
        })
    }

    /// The same network as a graph. [`Network::evaluate_over_time`] delays the answer by one step: outputs read the
    /// hidden units of the step before.
    ///
    /// Synapses: `W` by rows, `U` by rows, `V` by rows, `b`, `c`.
    pub fn to_network(&self) -> Network<S> {
        let (hidden, inputs) = self.input.shape();
        let outputs = self.output.nrows();
        let linear = || Activation::Linear;
        let mut units: Vec<Unit<S>> = (0..inputs)
            .map(|i| Unit::new(format!("x{i}"), UnitKind::Input, linear()))
            .collect();
        units.extend(
            (0..hidden)
                .map(|i| Unit::new(format!("h{i}"), UnitKind::Hidden, self.activation.0.clone())),
        );
        units.extend((0..outputs).map(|i| Unit::new(format!("y{i}"), UnitKind::Output, linear())));
        let one = units.len();
        units.push(Unit::new("one", UnitKind::Bias, linear()));
        let mut synapses = Vec::new();
        let blocks = [
            (&self.input, 0, inputs),
            (&self.hidden, inputs, inputs),
            (&self.output, inputs, inputs + hidden),
        ];
        for (matrix, from, to) in blocks {
            for i in 0..matrix.nrows() {
                synapses.extend(
                    (0..matrix.ncols()).map(|j| (from + j, to + i, matrix[(i, j)].clone())),
                );
            }
        }
        for (bias, to) in [(&self.bias, inputs), (&self.output_bias, inputs + hidden)] {
            synapses.extend(
                bias.iter()
                    .enumerate()
                    .map(|(i, b)| (one, to + i, b.clone())),
            );
        }
        Network::new(units, synapses, vec![]).expect("the blocks make a network")
    }

    /// The parameters in the order of the synapses of [`to_network`](Self::to_network).
    pub fn in_network_order(&self) -> Vec<S> {
        let rows = |matrix: &DMatrix<S>| matrix.transpose().as_slice().to_vec();
        [
            rows(&self.input),
            rows(&self.hidden),
            rows(&self.output),
            self.bias.as_slice().to_vec(),
            self.output_bias.as_slice().to_vec(),
        ]
        .concat()
    }

    /// The sums into the hidden units at every step, and the values that they become.
    fn run<A: Arithmetic<S>>(&self, inputs: &DMatrix<S>) -> (Vec<DMatrix<S>>, Vec<DMatrix<S>>) {
        let width = self.input.ncols();
        let (mut sums, mut values) = (Vec::new(), Vec::<DMatrix<S>>::new());
        for step in 0..inputs.nrows() / width.max(1) {
            let mut sum = repeated(&self.bias, inputs.ncols());
            let now = inputs.rows(step * width, width).into_owned();
            A::add_product(&mut sum, &self.input, &now);
            if let Some(before) = values.last() {
                A::add_product(&mut sum, &self.hidden, before);
            }
            values.push(activated(&sum, &self.activation.1));
            sums.push(sum);
        }
        (sums, values)
    }

    fn answer<A: Arithmetic<S>>(&self, last: Option<&DMatrix<S>>, columns: usize) -> DMatrix<S> {
        let mut outputs = repeated(&self.output_bias, columns);
        if let Some(last) = last {
            A::add_product(&mut outputs, &self.output, last);
        }
        outputs
    }
}

/// A matrix of so many times the same column.
pub(super) fn repeated<S: Scalar>(column: &DVector<S>, count: usize) -> DMatrix<S> {
    DMatrix::from_fn(column.len(), count, |row, _| column[row].clone())
}

impl<S: Scalar> Model<S> for Recurrent<S> {
    type Arithmetic = Fastest;

    fn parameters(&self) -> Vec<&[S]> {
        vec![
            self.input.as_slice(),
            self.hidden.as_slice(),
            self.bias.as_slice(),
            self.output.as_slice(),
            self.output_bias.as_slice(),
        ]
    }

    fn parameters_mut(&mut self) -> Vec<&mut [S]> {
        vec![
            self.input.as_mut_slice(),
            self.hidden.as_mut_slice(),
            self.bias.as_mut_slice(),
            self.output.as_mut_slice(),
            self.output_bias.as_mut_slice(),
        ]
    }

    fn outputs_by<A: Arithmetic<S>>(&self, inputs: &DMatrix<S>) -> DMatrix<S> {
        let (_, values) = self.run::<A>(inputs);
        self.answer::<A>(values.last(), inputs.ncols())
    }

    /// Back-propagation through time.
    fn gradient_by<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self), GradientError> {
        let (sums, values) = self.run::<A>(inputs);
        let outputs = self.answer::<A>(values.last(), inputs.ncols());
        let (total, slope) = loss_and_slope::<S, A>(outputs, targets, loss)?;
        let mut gradient = self.clone();
        gradient
            .parameters_mut()
            .into_iter()
            .for_each(|array| array.fill(S::zero()));
        gradient.output_bias = row_sums(&slope);
        let Some(last) = values.last() else {
            return Ok((total, gradient));
        };
        gradient.output = A::product(&slope, &last.transpose());
        let mut adjoint = A::product(&self.output.transpose(), &slope);
        let width = self.input.ncols();
        for step in (0..sums.len()).rev() {
            times_slopes(&mut adjoint, &sums[step], &self.activation.1);
            let now = inputs.rows(step * width, width).transpose();
            A::add_product(&mut gradient.input, &adjoint, &now);
            gradient.bias += row_sums(&adjoint);
            if step > 0 {
                let before = values[step - 1].transpose();
                A::add_product(&mut gradient.hidden, &adjoint, &before);
                adjoint = A::product(&self.hidden.transpose(), &adjoint);
            }
        }
        Ok((total, gradient))
    }

    fn units(&self) -> usize {
        self.hidden.nrows()
    }

    fn sides(&self, unit: usize, norm: Norm) -> (S, S) {
        let mut input = norm.cost(&self.bias[unit]);
        for weight in self.input.row(unit).iter() {
            input += norm.cost(weight);
        }
        let mut output = S::zero();
        for weight in self.output.column(unit).iter() {
            output += norm.cost(weight);
        }
        for other in (0..self.hidden.nrows()).filter(|other| *other != unit) {
            input += norm.cost(&self.hidden[(unit, other)]);
            output += norm.cost(&self.hidden[(other, unit)]);
        }
        (input, output)
    }

    fn scale(&mut self, unit: usize, multiplier: &S) {
        self.bias[unit] *= multiplier.clone();
        for weight in self.input.row_mut(unit).iter_mut() {
            *weight *= multiplier.clone();
        }
        for weight in self.output.column_mut(unit).iter_mut() {
            *weight = weight.clone() / multiplier.clone();
        }
        for other in (0..self.hidden.nrows()).filter(|other| *other != unit) {
            self.hidden[(unit, other)] *= multiplier.clone();
            let outgoing = self.hidden[(other, unit)].clone();
            self.hidden[(other, unit)] = outgoing / multiplier.clone();
        }
    }
}
