//! Networks whose first hidden layer reads small windows of an image: convolutional and locally connected ones.

use nalgebra::{DMatrix, DVector, Dyn};
use rand::Rng;

use super::perceptron::{activated, random_matrix, row_sums, times_slopes};
use super::recurrent::repeated;
use super::reproducible::{Arithmetic, Fastest};
use super::{GradientError, Layer, Loss, Model, Norm, Perceptron, PerceptronError};
use crate::network::Activation;
use crate::numbers::Scalar;

/// Images whose windows are held at once where only outputs are asked for.
const IMAGES: usize = 100;

/// Where windows lie on an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    rows: usize,
    columns: usize,
    side: usize,
    stride: usize,
}

impl Windows {
    /// Squares of `side` x `side` pixels on images of `rows` x `columns`, the first in the corner, the next ones
    /// `stride` pixels farther; what is left over at the right and below is not read. `None` if none fits, or if a
    /// length is 0.
    pub fn new(rows: usize, columns: usize, side: usize, stride: usize) -> Option<Self> {
        let fits = side > 0 && stride > 0 && side <= rows.min(columns);
        fits.then_some(Windows {
            rows,
            columns,
            side,
            stride,
        })
    }

    /// The number of windows.
    pub fn count(&self) -> usize {
        let along = |length: usize| (length - self.side) / self.stride + 1;
        along(self.rows) * along(self.columns)
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Pixels of a window.
    fn size(&self) -> usize {
        self.side * self.side
    }

    /// The first pixel of every window, row by row.
    fn corners(&self) -> impl Iterator<Item = usize> + '_ {
        let starts = |length: usize| (0..=length - self.side).step_by(self.stride);
        starts(self.rows).flat_map(move |row| {
            let columns = starts(self.columns);
            columns.map(move |column| row * self.columns + column)
        })
    }

    /// The pixels of the windows at these corners, one column for each; all windows of an image before the next.
    fn read<S: Scalar>(&self, images: &DMatrix<S>, corners: &[usize]) -> DMatrix<S> {
        let count = corners.len() * images.ncols();
        let mut read = Vec::with_capacity(self.size() * count);
        for pixels in images.as_slice().chunks_exact(self.pixels()) {
            for corner in corners {
                for row in 0..self.side {
                    let start = corner + row * self.columns;
                    read.extend_from_slice(&pixels[start..start + self.side]);
                }
            }
        }
        DMatrix::from_vec(self.size(), count, read)
    }
}

/// The weights with which windows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// The same in every window: a convolution. A channel is one unit, with one multiplier.
    Shared,
    /// Those of the window: locally connected. Each unit has a multiplier of its own.
    Own,
}

/// A hidden layer of `channels` units for each window of an image, then dense layers.
///
/// A column of inputs is an image, row by row. Units of the first layer are numbered window by window and, within one,
/// by channel; that is the order in which the dense layers read them. Hidden units that have multipliers: the channels
/// (kernels shared) or units (kernels of their own) of the first layer, then those of the dense layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Patches<S> {
    windows: Windows,
    kernels: Kernels,
    channels: usize,
    /// One row for each channel or unit, one column for each pixel of a window.
    first: Layer<S>,
    rest: Perceptron<S>,
}

impl<S: Scalar> Patches<S> {
    /// `first` has one row for each channel (kernels shared), or for each unit (kernels of their own), and one column for
    /// each pixel of a window; `rest` reads all units of the first layer, which have its activation.
    ///
    /// # Errors
    /// [`PerceptronError::Shape`]: layer 0 is `first`, layer 1 what reads it.
    pub fn new(
        windows: Windows,
        kernels: Kernels,
        first: Layer<S>,
        rest: Perceptron<S>,
    ) -> Result<Self, PerceptronError> {
        let wrong = |layer, weights: &DMatrix<S>| PerceptronError::Shape {
            layer,
            rows: weights.nrows(),
            columns: weights.ncols(),
        };
        let rows = first.weights.nrows();
        let channels = match kernels {
            Kernels::Shared => rows,
            Kernels::Own => rows / windows.count(),
        };
        let whole =
            channels > 0 && (kernels == Kernels::Shared || rows.is_multiple_of(windows.count()));
        if !whole || first.weights.ncols() != windows.size() || first.bias.len() != rows {
            return Err(wrong(0, &first.weights));
        }
        let reader = &rest.layers()[0].weights;
        if reader.ncols() != channels * windows.count() {
            return Err(wrong(1, reader));
        }
        Ok(Patches {
            windows,
            kernels,
            channels,
            first,
            rest,
        })
    }

    /// Random weights, uniform with variance `2 / fan-in` (He et al.), biases 0. `sizes` are the numbers of units of
    /// the dense layers, outputs last.
    ///
    /// # Errors
    /// [`PerceptronError`].
    pub fn random(
        windows: Windows,
        kernels: Kernels,
        channels: usize,
        sizes: &[usize],
        activation: Activation<S>,
        rng: &mut impl Rng,
    ) -> Result<Self, PerceptronError> {
        let rows = match kernels {
            Kernels::Shared => channels,
            Kernels::Own => channels * windows.count(),
        };
        let reach = (6.0 / windows.size() as f64).sqrt();
        let first = Layer {
            weights: random_matrix(rows, windows.size(), reach, rng),
            bias: DVector::from_element(rows, S::zero()),
        };
        let sizes = [&[channels * windows.count()], sizes].concat();
        let rest = Perceptron::random(&sizes, activation, rng)?;
        Self::new(windows, kernels, first, rest)
    }

    /// The same function as a dense network: each window with weights of its own, 0 where it does not reach.
    pub fn to_perceptron(&self) -> Perceptron<S> {
        let rows = self.windows.count() * self.channels;
        let mut weights = DMatrix::from_element(rows, self.windows.pixels(), S::zero());
        let mut bias = DVector::from_element(rows, S::zero());
        for (window, corner) in self.windows.corners().enumerate() {
            for channel in 0..self.channels {
                let unit = window * self.channels + channel;
                let row = self.row_of(unit);
                bias[unit] = self.first.bias[row].clone();
                for (k, weight) in self.first.weights.row(row).iter().enumerate() {
                    let (down, across) = (k / self.windows.side, k % self.windows.side);
                    let pixel = corner + down * self.windows.columns + across;
                    weights[(unit, pixel)] = weight.clone();
                }
            }
        }
        let first = std::iter::once(Layer { weights, bias });
        let layers = first.chain(self.rest.layers().iter().cloned()).collect();
        Perceptron::new(layers, self.rest.activation().clone()).expect("it reads what it read")
    }

    /// The row of weights of a unit of the first layer.
    fn row_of(&self, unit: usize) -> usize {
        match self.kernels {
            Kernels::Shared => unit % self.channels,
            Kernels::Own => unit,
        }
    }

    /// The units of the first layer that have a row of weights.
    fn units_of(&self, row: usize) -> impl Iterator<Item = usize> + use<S> {
        let all = self.channels * self.windows.count();
        let apart = match self.kernels {
            Kernels::Shared => self.channels,
            Kernels::Own => all,
        };
        (row..all).step_by(apart)
    }

    /// The windows that are read with the same weights, by their corners, and the first row of those weights.
    fn readings(&self) -> Vec<(Vec<usize>, usize)> {
        let corners = self.windows.corners();
        match self.kernels {
            Kernels::Shared => vec![(corners.collect(), 0)],
            Kernels::Own => {
                let each = corners.enumerate();
                each.map(|(window, corner)| (vec![corner], window * self.channels))
                    .collect()
            }
        }
    }

    /// The sums into the units of the first layer, one column for each image.
    fn sums<A: Arithmetic<S>>(&self, images: &DMatrix<S>) -> DMatrix<S> {
        let (units, count) = (self.channels * self.windows.count(), images.ncols());
        let mut sums = DMatrix::from_element(units, count, S::zero());
        for (corners, row) in self.readings() {
            let read = self.windows.read(images, &corners);
            let weights = self.first.weights.rows(row, self.channels).into_owned();
            let bias = self.first.bias.rows(row, self.channels).into_owned();
            let mut part = repeated(&bias, read.ncols());
            A::add_product(&mut part, &weights, &read);
            // By columns, the units of one image follow one another.
            let part = part.reshape_generic(Dyn(self.channels * corners.len()), Dyn(count));
            sums.rows_mut(row, part.nrows()).copy_from(&part);
        }
        sums
    }

    /// The derivative by the weights of the first layer, from that by its sums.
    fn first_gradient<A: Arithmetic<S>>(
        &self,
        images: &DMatrix<S>,
        slopes: &DMatrix<S>,
    ) -> Layer<S> {
        let mut gradient = self.first.clone();
        for (corners, row) in self.readings() {
            let read = self.windows.read(images, &corners);
            let part = slopes.rows(row, self.channels * corners.len()).into_owned();
            let part = part.reshape_generic(Dyn(self.channels), Dyn(read.ncols()));
            let weights = A::product(&part, &read.transpose());
            gradient
                .weights
                .rows_mut(row, self.channels)
                .copy_from(&weights);
            gradient
                .bias
                .rows_mut(row, self.channels)
                .copy_from(&row_sums(&part));
        }
        gradient
    }
}

impl<S: Scalar> Model<S> for Patches<S> {
    type Arithmetic = Fastest;

    fn parameters(&self) -> Vec<&[S]> {
        let first = [self.first.weights.as_slice(), self.first.bias.as_slice()];
        first.into_iter().chain(self.rest.parameters()).collect()
    }

    fn parameters_mut(&mut self) -> Vec<&mut [S]> {
        let Layer { weights, bias } = &mut self.first;
        let first = [weights.as_mut_slice(), bias.as_mut_slice()];
        let rest = self.rest.parameters_mut();
        first.into_iter().chain(rest).collect()
    }

    fn outputs_by<A: Arithmetic<S>>(&self, inputs: &DMatrix<S>) -> DMatrix<S> {
        let count = self.rest.layers().last().map_or(0, |last| last.bias.len());
        let mut outputs = DMatrix::from_element(count, inputs.ncols(), S::zero());
        for start in (0..inputs.ncols()).step_by(IMAGES) {
            let some = IMAGES.min(inputs.ncols() - start);
            let images = inputs.columns(start, some).into_owned();
            let values = activated(&self.sums::<A>(&images), self.rest.slopes());
            let part = self.rest.outputs_by::<A>(&values);
            outputs.columns_mut(start, some).copy_from(&part);
        }
        outputs
    }

    fn gradient_by<A: Arithmetic<S>>(
        &self,
        inputs: &DMatrix<S>,
        targets: &DMatrix<S>,
        loss: Loss,
    ) -> Result<(S, Self), GradientError> {
        let sums = self.sums::<A>(inputs);
        let values = activated(&sums, self.rest.slopes());
        let (total, rest, mut slopes) = self.rest.gradients::<A>(&values, targets, loss)?;
        times_slopes(&mut slopes, &sums, self.rest.slopes());
        let gradient = Patches {
            first: self.first_gradient::<A>(inputs, &slopes),
            rest,
            ..*self
        };
        Ok((total, gradient))
    }

    fn units(&self) -> usize {
        self.first.weights.nrows() + self.rest.units()
    }

    fn sides(&self, unit: usize, norm: Norm) -> (S, S) {
        let Some(bias) = self.first.bias.get(unit) else {
            return self.rest.sides(unit - self.first.bias.len(), norm);
        };
        let incoming = self.first.weights.row(unit);
        let input = incoming
            .iter()
            .fold(norm.cost(bias), |sum, w| sum + norm.cost(w));
        let reader = &self.rest.layers()[0].weights;
        let mut output = S::zero();
        for read in self.units_of(unit) {
            for weight in reader.column(read).iter() {
                output += norm.cost(weight);
            }
        }
        (input, output)
    }

    fn scale(&mut self, unit: usize, multiplier: &S) {
        let rows = self.first.weights.nrows();
        if unit >= rows {
            self.rest.scale(unit - rows, multiplier);
            return;
        }
        self.first.bias[unit] *= multiplier.clone();
        for weight in self.first.weights.row_mut(unit).iter_mut() {
            *weight *= multiplier.clone();
        }
        let readers = self.units_of(unit);
        for read in readers {
            let reader = &mut self.rest.layers_mut()[0].weights;
            for weight in reader.column_mut(read).iter_mut() {
                *weight = weight.clone() / multiplier.clone();
            }
        }
    }
}
