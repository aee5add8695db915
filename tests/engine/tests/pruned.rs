//! Random pruned models with batch normalisation, taken to the limit.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::builder::{Builder, Setting::*};
use super::feeding::{limit, written};
use engine_tests::{Engine, differences};

/// More than rounding in `f32` explains where large values nearly cancel, relative to the largest output.
const CHANGED: f32 = 1e-3;

/// A model under construction, its parts drawn at random.
struct Pruned {
    builder: Builder,
    rng: ChaCha8Rng,
    /// Are these images, or vectors?
    convolves: bool,
    /// Are all means 0?
    centred: bool,
    /// Tensors so far, for names.
    made: usize,
    channels: i64,
    last: String,
}

impl Pruned {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let convolves = rng.random();
        let centred = rng.random();
        let channels = rng.random_range(2..4);
        let shape: &[i64] = match convolves {
            true => &[1, channels, 4, 4],
            false => &[3, channels],
        };
        Pruned {
            builder: Builder::new(13).input("x", shape),
            rng,
            convolves,
            centred,
            made: 0,
            channels,
            last: "x".into(),
        }
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability)
    }

    fn numbers(&mut self, count: i64, zeros: f64) -> Vec<f32> {
        let mut number = || match self.rng.random_bool(zeros) {
            true => 0.0,
            false => {
                let magnitude: f32 = self.rng.random_range(-1.5f32..1.5).exp();
                if self.rng.random() {
                    magnitude
                } else {
                    -magnitude
                }
            }
        };
        (0..count).map(|_| number()).collect()
    }

    fn add(&mut self, tensor: &str, shape: &[i64], values: &[f32]) -> String {
        self.made += 1;
        let name = format!("{tensor}{}", self.made);
        let builder = std::mem::replace(&mut self.builder, Builder::new(13));
        self.builder = builder.floats(&name, shape, values);
        name
    }

    fn apply(&mut self, operator: &str, inputs: &str, settings: &[super::builder::Setting]) {
        self.made += 1;
        let output = format!("{}{}", operator.to_lowercase(), self.made);
        let builder = std::mem::replace(&mut self.builder, Builder::new(13));
        self.builder = builder.node(operator, inputs, &output, settings);
        self.last = output;
    }

    /// A layer with whole filters and whole columns of zeros.
    fn layer(&mut self, outputs: i64) {
        let (inputs, side) = (self.channels, if self.happens(0.5) { 3 } else { 1 });
        let kernel = if self.convolves { side * side } else { 1 };
        let mut weights = self.numbers(outputs * inputs * kernel, 0.2);
        let (filters, columns) = (self.numbers(outputs, 0.3), self.numbers(inputs, 0.2));
        for (place, weight) in weights.iter_mut().enumerate() {
            let place = place as i64 / kernel;
            let (filter, column) = (place / inputs, place % inputs);
            if filters[filter as usize] == 0.0 || columns[column as usize] == 0.0 {
                *weight = 0.0;
            }
        }
        let mut read = self.last.clone() + " ";
        read += &match self.convolves {
            true => self.add("w", &[outputs, inputs, side, side], &weights),
            false => self.add("w", &[outputs, inputs], &weights),
        };
        if self.happens(0.4) {
            let bias = self.numbers(outputs, 0.5);
            read += " ";
            read += &self.add("b", &[outputs], &bias);
        }
        let pad = side / 2;
        match self.convolves {
            true => self.apply("Conv", &read, &[Ints("pads", &[pad; 4])]),
            false => self.apply("Gemm", &read, &[Int("transB", 1)]),
        }
        self.channels = outputs;
    }

    fn normalise(&mut self) {
        let count = self.channels;
        let mut read = self.last.clone();
        for (name, zeros) in [("scale", 0.15), ("shift", 0.4), ("mean", 0.3)] {
            let zeros = if name == "mean" && self.centred {
                1.0
            } else {
                zeros
            };
            let values = self.numbers(count, zeros);
            read += " ";
            read += &self.add(name, &[count], &values);
        }
        let variance: Vec<f32> = self.numbers(count, 0.0).iter().map(|v| v.abs()).collect();
        read += " ";
        read += &self.add("variance", &[count], &variance);
        self.apply("BatchNormalization", &read, &[]);
    }

    fn block(&mut self) {
        let before = (self.last.clone(), self.channels);
        let keeps = self.happens(0.5);
        let outputs = if keeps {
            self.channels
        } else {
            self.rng.random_range(2..5)
        };
        self.layer(outputs);
        if self.happens(0.85) {
            self.normalise();
        }
        if keeps && before.0 != "x" && self.happens(0.6) {
            let both = format!("{} {}", self.last, before.0);
            self.apply("Add", &both, &[]);
        }
        let read = self.last.clone();
        match self.rng.random_range(0..3) {
            0 => self.apply("Relu", &read, &[]),
            1 => self.apply("LeakyRelu", &read, &[Float("alpha", 0.25)]),
            _ => {}
        }
        // Some normalise what is activated.
        if self.happens(0.2) {
            self.normalise();
        }
    }

    fn model(mut self) -> Vec<u8> {
        for _ in 0..self.rng.random_range(1..4) {
            self.block();
        }
        if self.convolves && self.happens(0.5) {
            let read = self.last.clone();
            self.apply("GlobalAveragePool", &read, &[]);
        }
        self.layer(2);
        // The shape of an output need not be said.
        let last = self.last.clone();
        self.builder.output(&last, &[]).bytes()
    }
}

/// What became of so many models.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    /// Of these, those whose minimum is not attained, and those with a mean that is counted.
    limits: usize,
    counted: usize,
    changed: Vec<u64>,
}

fn tally(seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let bytes = Pruned::new(seed).model();
        let file = super::builder::read(&bytes);
        assert!(file.notes().is_empty(), "seed {seed}: {:?}", file.notes());
        let found = limit(&file);
        tally.answered += usize::from(found.is_solved());
        tally.limits += usize::from(!found.existence.is_attained());
        tally.counted += usize::from(!file.held().is_empty());
        let before = Engine::new(&bytes);
        let change = |round: fn(f64) -> f64| {
            let after = Engine::new(&written(&file, &found, round));
            differences(&before, &after, 2).relative
        };
        // Multiplied by powers of two no number is rounded in another way.
        let exact = change(|multiplier| multiplier.log2().round().exp2());
        let rounded = change(|multiplier| multiplier);
        if exact != 0.0 || rounded >= CHANGED {
            println!("seed {seed}: outputs change by {exact} and {rounded}");
            tally.changed.push(seed);
        }
    }
    println!("{tally:?}");
    tally
}

/// Checks: whole filters, columns, gains, shifts and biases that are 0, means that are and are not: every model is
/// balanced in the limit, and computes the same, to the last bit with multipliers that are powers of two.
#[test]
fn limits_of_pruned_models() {
    let models = if crate::in_full() { 500 } else { 100 };
    let tally = tally(0..models);
    assert!(
        tally.changed.is_empty() && tally.answered == models as usize,
        "{tally:?}"
    );
    assert!(tally.limits > 30 && tally.counted > 10, "{tally:?}");
}
