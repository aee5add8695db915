//! Running models.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rten::{Dimension, Model, ModelOptions, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use synaptic_balance::formats::onnx::message;

mod adapted;
mod attended;
mod unrolled;

use adapted::{adapt, is_lacking};

/// The length of the sequences of recurrent models.
const STEPS: usize = 4;

/// A model ready to run, with the shapes of its inputs.
pub struct Engine {
    model: Model,
    shapes: Vec<Vec<usize>>,
}

impl Engine {
    /// Unknown lengths of inputs are taken as 2.
    pub fn new(bytes: &[u8]) -> Self {
        let mut message: message::Model = prost::Message::decode(bytes).unwrap();
        // The messages hold only what balancing looks at: a model that the engine takes as it is is not encoded anew.
        let bytes = match is_lacking(&message) {
            true => {
                adapt(&mut message, STEPS);
                prost::Message::encode_to_vec(&message)
            }
            false => bytes.to_vec(),
        };
        let model = ModelOptions::with_all_ops().load(bytes).unwrap();
        let length = |dim: Dimension| match dim {
            Dimension::Fixed(length) if length > 0 => length,
            _ => 2,
        };
        let shape = |place| model.input_shape(place).unwrap().into_iter().map(length);
        let shapes = (0..model.input_ids().len()).map(|place| shape(place).collect());
        Engine {
            shapes: shapes.collect(),
            model,
        }
    }

    /// The outputs, one after the other, for inputs drawn from a seed.
    pub fn run(&self, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let inputs = self.model.input_ids().iter().zip(&self.shapes);
        let inputs = inputs.map(|(id, shape)| {
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
            (*id, Tensor::from_data(shape, values).into())
        });
        let outputs = self
            .model
            .run(inputs.collect(), self.model.output_ids(), None);
        let mut values = Vec::new();
        for output in outputs.unwrap() {
            match output {
                Value::FloatTensor(output) => values.extend(output.iter()),
                Value::Int32Tensor(output) => {
                    values.extend(output.iter().map(|value| *value as f32))
                }
                other => panic!("an output of type {:?}", other.dtype()),
            }
        }
        values
    }
}

/// How far the outputs of two models are apart.
#[derive(Debug, Default)]
pub struct Difference {
    /// The largest difference of an output.
    pub absolute: f32,
    /// The same relative to the largest output for the same input.
    pub relative: f32,
}

/// The largest differences over inputs from so many seeds.
pub fn differences(one: &Engine, other: &Engine, seeds: u64) -> Difference {
    let mut worst = Difference::default();
    for seed in 0..seeds {
        let (one, other) = (one.run(seed), other.run(seed));
        assert_eq!(
            one.len(),
            other.len(),
            "the models have outputs of different shapes"
        );
        let scale = one
            .iter()
            .fold(1e-30f32, |scale, value| scale.max(value.abs()));
        for (one, other) in one.iter().zip(&other) {
            assert!(one.is_finite(), "an output is not finite");
            let distance = (one - other).abs();
            worst.absolute = worst.absolute.max(distance);
            worst.relative = worst.relative.max(distance / scale);
        }
    }
    worst
}

/// The largest relative difference.
pub fn relative(one: &Engine, other: &Engine, seeds: u64) -> f32 {
    differences(one, other, seeds).relative
}
