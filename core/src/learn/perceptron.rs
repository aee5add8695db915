//! Layered networks.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use thiserror::Error;

use super::model::loss_and_slope;
use super::reproducible::{Arithmetic, Fastest};
use super::{GradientError, Loss, Model, Norm};
use crate::network::{Activation, Network, layered};
use crate::numbers::{Rational, Scalar, rational_from_f64};

/// The weights into one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer<S> {
    /// One row for each unit of the layer, one column for each unit of the layer before.
    pub weights: DMatrix<S>,
    /// One bias for each unit of the layer.
    pub bias: DVector<S>,
}

/// A dense layered network: hidden units with one BiLU activation, linear outputs.
///
/// Hidden units are numbered layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Perceptron<S> {
    layers: Vec<Layer<S>>,
    activation: Activation<S>,
    /// The slopes of the activation.
    slopes: (S, S),
    /// For each hidden unit, its layer and its row there.
    places: Vec<(usize, usize)>,
}

/// Why layers do not make a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PerceptronError {
    /// No layers.
    #[error("a layered network has at least one layer of weights")]
    Empty,
    /// A layer whose shape does not fit what it reads, or its bias.
    #[error("layer {layer} does not fit: its weights are {rows} x {columns}")]
    Shape {
        /// The layer, from 0.
        layer: usize,
        /// Units.
        rows: usize,
        /// Units read.
        columns: usize,
    },
    /// Only BiLU units can be trained here.
    #[error("the activation is not a BiLU")]
    Activation,
}

impl<S: Scalar> Perceptron<S> {
    /// A network of layers, the one nearest to the inputs first.
    ///
    /// # Errors
    /// [`PerceptronError`].
    pub fn new(layers: Vec<Layer<S>>, activation: Activation<S>) -> Result<Self, PerceptronError> {
        if layers.is_empty() {
            return Err(PerceptronError::Empty);
        }
        for (index, layer) in layers.iter().enumerate() {
            let (rows, columns) = layer.weights.shape();
            let before = index.checked_sub(1).and_then(|before| layers.get(before));
            let fits = before.is_none_or(|before| before.weights.nrows() == columns);
            if !fits || layer.bias.len() != rows {
                return Err(PerceptronError::Shape {
                    layer: index,
                    rows,
                    columns,
                });
            }
        }
        let slopes = activation.slopes().ok_or(PerceptronError::Activation)?;
        let hidden = layers.iter().enumerate().take(layers.len() - 1);
        let places = hidden.flat_map(|(k, layer)| (0..layer.weights.nrows()).map(move |i| (k, i)));
        Ok(Perceptron {
            places: places.collect(),
            layers,
            activation,
            slopes,
        })
    }

    /// Random weights, uniform with variance `2 / fan-in` (He et al.), biases 0. `sizes` are the numbers of units of
    /// the layers, inputs first.
    ///
    /// # Errors
    /// [`PerceptronError`].
    pub fn random(
        sizes: &[usize],
        activation: Activation<S>,
        rng: &mut impl Rng,
    ) -> Result<Self, PerceptronError> {
        let layers = sizes.windows(2).map(|pair| Layer {
            weights: random_matrix(pair[1], pair[0], (6.0 / pair[0] as f64).sqrt(), rng),
            bias: DVector::from_element(pair[1], S::zero()),
        });
        Self::new(layers.collect(), activation)
    }

    /// The layers, the one nearest to the inputs first.
    pub fn layers(&self) -> &[Layer<S>] {
        &self.layers
    }

    /// The same network as a graph. Its synapses are the weights, layer by layer and row by row, then the biases.
    pub fn to_network(&self) -> Network<S> {
        let inputs = self.layers[0].weights.ncols();
        let sizes: Vec<usize> = std::iter::once(inputs)
            .chain(self.layers.iter().map(|layer| layer.weights.nrows()))
            .collect();
        layered(
            &sizes,
            &self.activation,
            |k, i, j| self.layers[k].weights[(i, j)].clone(),
            Some(&mut |k, i| self.layers[k].bias[i].clone()),
        )
    }

    /// The parameters in the order of the synapses of [`to_network`](Self::to_network).
    pub fn in_network_order(&self) -> Vec<S> {
        let rows = |layer: &Layer<S>| {
            let (rows, columns) = layer.weights.shape();
            let places = (0..rows).flat_map(move |i| (0..columns).map(move |j| (i, j)));
            places
                .map(|place| layer.weights[place].clone())
                .collect::<Vec<_>>()
        };
        let weights = self.layers.iter().flat_map(rows);
        let biases = self
            .layers
            .iter()
            .flat_map(|layer| layer.bias.iter().cloned());
        weights.chain(biases).collect()
    }

    fn sums<A: Arithmetic<S>>(&self, layer: &Layer<S>, inputs: &DMatrix<S>) -> DMatrix<S> {
        let mut sums = DMatrix::from_element(layer.weights.nrows(), inputs.ncols(), S::zero());
        for mut column in sums.column_iter_mut() {
            column.copy_from(&layer.bias);
        }
        A::add_product(&mut sums, &layer.weights, inputs);
        sums
    }

    /// The loss, its gradient, and its derivative by the sums into the first layer.
    fn backwards<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self, DMatrix<S>), GradientError> {
        let mut sums = vec![self.sums::<A>(&self.layers[0], inputs)];
        let mut values = Vec::with_capacity(self.layers.len());
        for layer in &self.layers[1..] {
            values.push(self.activate(&sums[sums.len() - 1]));
            sums.push(self.sums::<A>(layer, &values[values.len() - 1]));
        }
        let outputs = sums.pop().ok_or(GradientError::Loss)?;
        let (total, mut slope) = loss_and_slope::<S, A>(outputs, targets, loss)?;
        let mut layers = Vec::with_capacity(self.layers.len());
        for (k, layer) in self.layers.iter().enumerate().rev() {
            let read = if k == 0 { inputs } else { &values[k - 1] };
            layers.push(Layer {
                weights: A::product(&slope, &read.transpose()),
                bias: row_sums(&slope),
            });
            if k > 0 {
                let mut before = A::product(&layer.weights.transpose(), &slope);
                times_slopes(&mut before, &sums[k - 1], &self.slopes);
                slope = before;
            }
        }
        layers.reverse();
        let gradient = Perceptron {
            layers,
            activation: self.activation.clone(),
            slopes: self.slopes.clone(),
            places: self.places.clone(),
        };
        Ok((total, gradient, slope))
    }

    /// The loss, its gradient, and its derivative by the inputs.
    pub(super) fn gradients<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self, DMatrix<S>), GradientError> {
        let (total, gradient, slope) = self.backwards::<A>(inputs, targets, loss)?;
        let inner = A::product(&self.layers[0].weights.transpose(), &slope);
        Ok((total, gradient, inner))
    }

    /// The activation of the hidden units.
    pub(super) fn activation(&self) -> &Activation<S> {
        &self.activation
    }

    /// The slopes of the activation below 0 and from 0 on.
    pub(super) fn slopes(&self) -> &(S, S) {
        &self.slopes
    }

    /// The layers, to be changed in their weights and not in their shapes.
    pub(super) fn layers_mut(&mut self) -> &mut [Layer<S>] {
        &mut self.layers
    }

    /// Applies the activation. As its slopes are not negative unless it is `abs`-like, the sign of a sum can be lost:
    /// sums are kept beside values by [`gradient`](Model::gradient).
    fn activate(&self, sums: &DMatrix<S>) -> DMatrix<S> {
        activated(sums, &self.slopes)
    }
}

/// What the activation with these slopes makes of sums.
pub(super) fn activated<S: Scalar>(sums: &DMatrix<S>, (below, above): &(S, S)) -> DMatrix<S> {
    sums.map(|x| {
        let slope = if x.is_negative() { below } else { above };
        slope.clone() * x
    })
}

/// A matrix with entries uniform in `[-reach, reach]`.
pub(super) fn random_matrix<S: Scalar>(
    rows: usize,
    columns: usize,
    reach: f64,
    rng: &mut impl Rng,
) -> DMatrix<S> {
    DMatrix::from_fn(rows, columns, |_, _| {
        S::from_float(rng.random_range(-1.0..1.0f64) * reach)
    })
}

/// Sums of rows.
pub(super) fn row_sums<S: Scalar>(matrix: &DMatrix<S>) -> DVector<S> {
    let mut sums = DVector::from_element(matrix.nrows(), S::zero());
    for column in matrix.column_iter() {
        sums += column;
    }
    sums
}

/// Multiplies by the slope of the activation at each sum.
pub(super) fn times_slopes<S: Scalar>(slope: &mut DMatrix<S>, sums: &DMatrix<S>, slopes: &(S, S)) {
    for (slope, x) in slope.iter_mut().zip(sums.iter()) {
        let factor = if x.is_negative() {
            &slopes.0
        } else {
            &slopes.1
        };
        *slope *= factor.clone();
    }
}

impl<S: Scalar> Model<S> for Perceptron<S> {
    type Arithmetic = Fastest;

    fn parameters(&self) -> Vec<&[S]> {
        let arrays = self.layers.iter();
        arrays
            .flat_map(|layer| [layer.weights.as_slice(), layer.bias.as_slice()])
            .collect()
    }

    fn parameters_mut(&mut self) -> Vec<&mut [S]> {
        let arrays = self.layers.iter_mut();
        arrays
            .flat_map(|layer| [layer.weights.as_mut_slice(), layer.bias.as_mut_slice()])
            .collect()
    }

    fn outputs_by<A: Arithmetic<S>>(&self, inputs: &DMatrix<S>) -> DMatrix<S> {
        let mut sums = self.sums::<A>(&self.layers[0], inputs);
        for layer in &self.layers[1..] {
            sums = self.sums::<A>(layer, &self.activate(&sums));
        }
        sums
    }

    fn gradient_by<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self), GradientError> {
        let (total, gradient, _) = self.backwards::<A>(inputs, targets, loss)?;
        Ok((total, gradient))
    }

    fn units(&self) -> usize {
        self.places.len()
    }

    fn sides(&self, unit: usize, norm: Norm) -> (S, S) {
        let (layer, row) = self.places[unit];
        let own = &self.layers[layer];
        let incoming = own.weights.row(row);
        let input = incoming
            .iter()
            .fold(norm.cost(&own.bias[row]), |sum, w| sum + norm.cost(w));
        let outgoing = self.layers[layer + 1].weights.column(row);
        let output = outgoing.iter().fold(S::zero(), |sum, w| sum + norm.cost(w));
        (input, output)
    }

    fn scale(&mut self, unit: usize, multiplier: &S) {
        let (layer, row) = self.places[unit];
        let own = &mut self.layers[layer];
        own.bias[row] *= multiplier.clone();
        for weight in own.weights.row_mut(row).iter_mut() {
            *weight *= multiplier.clone();
        }
        for weight in self.layers[layer + 1].weights.column_mut(row).iter_mut() {
            *weight = weight.clone() / multiplier.clone();
        }
    }
}

/// A perceptron in exact rationals: the numbers that its floats denote; `None` where one is not finite.
pub fn exactly(model: &Perceptron<f64>) -> Option<Perceptron<Rational>> {
    let convert = |value: &f64| rational_from_f64(*value);
    let mut layers = Vec::with_capacity(model.layers.len());
    for layer in &model.layers {
        let (rows, columns) = layer.weights.shape();
        let weights: Option<Vec<Rational>> = layer.weights.iter().map(convert).collect();
        let bias: Option<Vec<Rational>> = layer.bias.iter().map(convert).collect();
        layers.push(Layer {
            weights: DMatrix::from_vec(rows, columns, weights?),
            bias: DVector::from_vec(bias?),
        });
    }
    let activation = model
        .activation
        .map(|value| Scalar::to_rational(value).unwrap_or_else(num_traits::Zero::zero));
    Perceptron::new(layers, activation).ok()
}
