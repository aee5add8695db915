//! Running models.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::onnx::message;
use tract_onnx::prelude::*;

#[path = "unrolled.rs"]
mod unrolled;

use unrolled::unroll;

/// The length of the sequences of recurrent models.
const STEPS: usize = 4;

/// A model ready to run, with the shapes of its inputs.
pub struct Engine {
    plan: Arc<TypedRunnableModel>,
    shapes: Vec<Vec<usize>>,
}

impl Engine {
    /// Unknown lengths of inputs are taken as 2.
    pub fn new(bytes: &[u8]) -> Self {
        let mut model: message::Model = prost::Message::decode(bytes).unwrap();
        // The messages hold only what balancing looks at: a model that the engine takes as it is is not encoded anew.
        let operators = model.graph.as_ref().unwrap().node.iter();
        let understood = |node: &message::Node| {
            !matches!(node.op_type.as_deref(), Some("RNN" | "ConstantOfShape"))
        };
        let bytes = match operators.clone().all(understood) {
            true => bytes.to_vec(),
            false => {
                unroll(&mut model, STEPS);
                with_zeros(&mut model)
            }
        };
        let mut inference = tract_onnx::onnx().model_for_read(&mut &bytes[..]).unwrap();
        let mut shapes = Vec::new();
        for (place, input) in model.graph.unwrap().input.iter().enumerate() {
            let info = input.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
            let dims = info.shape.as_ref().unwrap().dim.iter();
            let length =
                |dim: &message::Dimension| dim.dim_value.filter(|n| *n > 0).unwrap_or(2) as usize;
            let shape: Vec<usize> = dims.map(length).collect();
            inference = inference
                .with_input_fact(place, f32::fact(&shape).into())
                .unwrap();
            shapes.push(shape);
        }
        let plan = inference.into_optimized().unwrap().into_runnable().unwrap();
        Engine { plan, shapes }
    }

    /// The outputs, one after the other, for inputs drawn from a seed.
    pub fn run(&self, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let inputs = self.shapes.iter().map(|shape| {
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
            Tensor::from_shape(shape, &values).unwrap().into()
        });
        let outputs = self.plan.run(inputs.collect()).unwrap();
        let mut values = Vec::new();
        for output in outputs {
            let output = output.cast_to::<f32>().unwrap();
            let view = output.to_plain_array_view::<f32>().unwrap();
            values.extend(view.iter().copied());
        }
        values
    }
}

/// The model with the value of every `ConstantOfShape` written out: where none is given the standard means an `f32`, this engine an
/// `f64`.
fn with_zeros(model: &mut message::Model) -> Vec<u8> {
    let zero = message::Attribute {
        name: Some("value".into()),
        r#type: Some(4),
        t: Some(message::Tensor {
            dims: vec![1],
            data_type: Some(message::element::FLOAT),
            raw_data: Some(vec![0; 4].into()),
            ..Default::default()
        }),
        ..Default::default()
    };
    for node in &mut model.graph.as_mut().unwrap().node {
        if node.op_type.as_deref() == Some("ConstantOfShape") && node.attribute.is_empty() {
            node.attribute.push(zero.clone());
        }
    }
    prost::Message::encode_to_vec(model)
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
#[allow(dead_code, reason = "the example prints both")]
pub fn relative(one: &Engine, other: &Engine, seeds: u64) -> f32 {
    differences(one, other, seeds).relative
}
