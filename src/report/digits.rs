//! The embedded real problem: a classifier of handwritten digits and the images it was trained for.
//!
//! `data/digits.csv` holds 1,797 images of 8x8 pixels from the UCI data set *Optical Recognition of Handwritten Digits*
//! (Alpaydin and Kaynak 1998, CC BY 4.0); `data/digits-mlp.safetensors` a 64-100-50-10 ReLU classifier of them.

use crate::formats::{SafetensorsError, read_perceptron};
use crate::network::{Activation, EvaluateError, Network};
use crate::numbers::{Rational, Scalar};

static NETWORK: &[u8] = include_bytes!("../../data/digits-mlp.safetensors");

/// Images and labels.
#[derive(Debug, Clone)]
pub struct Digits {
    /// One vector of 64 pixels from 0 to 16 for each image.
    pub images: Vec<Vec<u8>>,
    /// The digit that each shows.
    pub labels: Vec<u8>,
}

/// The embedded images.
///
/// ```
/// assert_eq!(synaptic_balance::report::digits().images.len(), 1797);
/// ```
pub fn digits() -> Digits {
    let images = crate::learn::digit_images();
    Digits {
        images: images.images,
        labels: images.labels,
    }
}

/// The embedded trained classifier, its 32-bit weights as the rationals that they denote.
///
/// # Errors
/// None with the embedded file.
pub fn digits_network() -> Result<Network<Rational>, SafetensorsError> {
    read_perceptron(NETWORK, &Activation::Relu)
}

impl Digits {
    /// An image as the network reads it: pixels divided by 16.
    pub fn input<S: Scalar>(&self, image: usize) -> Vec<S> {
        let pixel = |value: &u8| S::from_rational(&Rational::new((*value).into(), 16.into()));
        self.images[image].iter().map(pixel).collect()
    }

    /// The outputs for every image, in `f64`.
    ///
    /// # Errors
    /// A network that does not have 64 inputs, or cannot be evaluated.
    pub fn outputs(&self, network: &Network<f64>) -> Result<Vec<Vec<f64>>, EvaluateError> {
        network.evaluate_each((0..self.images.len()).map(|image| self.input(image)))
    }

    /// How many images have their label as the largest output.
    pub fn correct(&self, outputs: &[Vec<f64>]) -> usize {
        let pairs = outputs.iter().zip(&self.labels);
        pairs
            .filter(|(output, label)| largest(output) == Some(usize::from(**label)))
            .count()
    }
}

/// The position of the largest entry, the first of equals.
pub(super) fn largest(values: &[f64]) -> Option<usize> {
    let entries = values.iter().enumerate();
    entries
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(index, _)| index)
}
