//! What an answer relies on and does not prove.

use serde_json::{Value, json};

use super::{Report, SameFunction};
use crate::formats::Model;

/// Something that an answer takes for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reliance {
    /// The file is read for what it is.
    NetworkReader,
    /// The same, for weights in a safetensors file.
    WeightsReader,
    /// The order of layers and the activations that were given or taken from names.
    Architecture,
    /// The same, for an ONNX model.
    OnnxReader,
    /// Which tensors scale together.
    OperatorRules,
    /// The same, for ranges of activations.
    RangesReader,
    /// The files of a checkpoint are read for what they are, and its family is described as it computes.
    Family,
    /// What is computed from weights is computed without rounding.
    ExactArithmetic,
    /// The deficit is a computed number.
    Deficit,
    /// The scaling is a computed one.
    Scaling,
    /// What earlier runs recorded.
    Records,
    /// The outputs that differ.
    Evaluation,
}

impl Reliance {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Reliance::NetworkReader => "the reader of network JSON",
            Reliance::WeightsReader => "the reader of safetensors files",
            Reliance::Architecture => "the order of layers and the activations, as stated",
            Reliance::OnnxReader => "the reader of ONNX models",
            Reliance::OperatorRules => "the operator rules (which tensors scale together)",
            Reliance::RangesReader => "the reader of ranges of activations",
            Reliance::Family => {
                "the reader of checkpoints and the description of the family (which tensors scale together)"
            }
            Reliance::ExactArithmetic => "a network that computes without rounding",
            Reliance::Deficit => "the deficit, which is computed in f64",
            Reliance::Scaling => {
                "the scaling, which is computed in f64 with its rounding taken into account"
            }
            Reliance::Records => "what earlier runs recorded of their blocks, proofs included",
            Reliance::Evaluation => "the exact evaluation of both networks",
        }
    }

    fn of(model: &Model) -> &'static [Reliance] {
        match model {
            Model::Json(_) => &[Reliance::NetworkReader],
            Model::Perceptron(_) => &[Reliance::WeightsReader, Reliance::Architecture],
            Model::Onnx(_) => &[Reliance::OnnxReader, Reliance::OperatorRules],
        }
    }
}

/// How the files became the problem that an answer is about, which no kernel sees.
pub fn relied_on(models: &[&Model]) -> Vec<Reliance> {
    let relied = models.iter().flat_map(|model| Reliance::of(model));
    let mut relied: Vec<Reliance> = relied.copied().collect();
    if models.iter().any(|model| model.ranges().is_some()) {
        relied.push(Reliance::RangesReader);
    }
    relied.sort_unstable();
    relied.dedup();
    relied
}

/// What a judgement relies on besides.
pub fn relied_on_by_judgement(models: &[&Model], same: SameFunction) -> Vec<Reliance> {
    let mut relied = relied_on(models);
    relied.extend([Reliance::ExactArithmetic, Reliance::Deficit]);
    if same == SameFunction::No {
        relied.push(Reliance::Evaluation);
    }
    relied
}

impl Report {
    /// Ends with what the answer relies on and does not prove.
    pub fn state_reliance(&mut self, relied: &[Reliance]) {
        let words: Vec<&str> = relied.iter().map(|relied| relied.words()).collect();
        self.text
            .push_str(&format!("relied on, not proved: {}\n", words.join("; ")));
        if let Value::Object(fields) = &mut self.json {
            fields.insert("relies_on".into(), json!(words));
        }
    }
}
