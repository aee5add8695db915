//! Numbers that come to be of another type.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::message::element;
use super::super::node::{Content, Followed, Node, Value, pin};
use super::super::shape::Integer;
use super::super::spelling;
use super::choosing;
use super::elementwise::homogeneous;
use super::integers::{self, MOST_INTEGERS, unknown};
use crate::formats::storage::Storage;

/// Between floating-point types numbers stay what they are, but for rounding.
pub(super) fn cast(inference: &mut Inference, node: &Node) -> Followed {
    let to = node.int("to").and_then(|to| i32::try_from(to).ok());
    recast(inference, node, to)
}

/// The same to the type of another tensor.
pub(super) fn cast_like(inference: &mut Inference, node: &Node) -> Followed {
    let like = node.message.input.get(1).map_or("", String::as_str);
    let to = inference.type_of(like);
    recast(inference, node, to)
}

fn recast(inference: &mut Inference, node: &Node, to: Option<i32>) -> Followed {
    let input = node.input(0)?;
    let name = node.message.input.first().map_or("", String::as_str);
    let held = inference.whole.get(name).cloned();
    let integers = held.clone().or_else(|| inference.integers(input));
    if let (Some(element::INT64 | element::INT32), Some(integers)) = (to, &integers) {
        let largest = match to {
            Some(element::INT32) => i32::MAX.into(),
            _ => i64::MAX,
        };
        return Ok(vec![Value {
            shape: input.shape.clone(),
            content: Content::Integers(within(inference, integers, largest)),
        }]);
    }
    if to == Some(element::BOOL)
        && held.is_none()
        && let Some(known) = inference.known_integers(input)
    {
        let truth = |number: i64| Integer::Known(i64::from(number != 0));
        return Ok(vec![Value {
            shape: input.shape.clone(),
            content: Content::Integers(known.into_iter().map(truth).collect()),
        }]);
    }
    if to == Some(element::BOOL) && matches!(input.content, Content::Data(_) | Content::Zero) {
        return choosing::unscaled(inference, node);
    }
    let Some(to) = to.and_then(Storage::of_element) else {
        return pin("makes numbers of another type");
    };
    if let Some(integers) = integers.filter(|integers| integers.len() <= MOST_INTEGERS) {
        let integers = within(inference, &integers, exact(to));
        let value = integers::held(inference, node, input.shape.clone(), integers);
        if matches!(input.content, Content::Integers(_)) {
            return Ok(vec![value]);
        }
    }
    match &input.content {
        // Of a product the parts alone would be known to fit.
        Content::Constant(view) if inference.fits(view, to) => {
            inference.read_as(&view.clone(), to);
            Ok(vec![input.clone()])
        }
        _ => {
            let made = homogeneous(inference, node)?;
            if matches!(to, Storage::Half | Storage::Brain)
                && let Some(Content::Data(field)) = made.first().map(|value| &value.content)
            {
                inference.shortened.push(field.clone());
            }
            Ok(made)
        }
    }
}

/// Integers beyond so much are not known in another type; neither are those of which nothing is known but that they are
/// lengths, where the type holds few.
fn within(inference: &mut Inference, integers: &[Integer], largest: i64) -> Vec<Integer> {
    let kept = |integer: &Integer| match integer {
        Integer::Known(known) if (-largest..=largest).contains(known) => *integer,
        Integer::Symbol(_) if largest >= exact(Storage::Single) => *integer,
        _ => unknown(inference, false),
    };
    integers.iter().map(kept).collect()
}

/// Up to which integer a type holds all of them.
fn exact(storage: Storage) -> i64 {
    match storage {
        Storage::Half => 1 << 11,
        Storage::Brain => 1 << 8,
        Storage::Single => 1 << 24,
        Storage::Double => 1 << 53,
    }
}

/// Operators whose results are of the type of their first input.
const OF_INPUT: &[&str] = &[
    "Identity",
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Abs",
    "Neg",
    "Clip",
    "Dropout",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Sum",
    "Mean",
    "Max",
    "Min",
    "Gemm",
    "MatMul",
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "BatchNormalization",
    "LayerNormalization",
    "Softmax",
    "Sigmoid",
    "Tanh",
    "Erf",
    "Gelu",
    "Reshape",
    "Transpose",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Concat",
    "Split",
    "Slice",
    "Gather",
    "Expand",
    "Pad",
    "ReduceMean",
    "ReduceSum",
    "Sqrt",
    "Pow",
    "Exp",
];

/// Operators gone through in search of a type.
const DEPTH: usize = 64;

impl Inference<'_> {
    /// The type of a tensor's entries, where the graph tells it.
    pub(super) fn type_of(&self, name: &str) -> Option<i32> {
        self.element_type(name, DEPTH)
    }

    fn element_type(&self, name: &str, left: usize) -> Option<i32> {
        if let Some(Content::Constant(view)) = self.values.get(name).map(|value| &value.content) {
            let constant = &self.constants[view.constant];
            let stored = constant.casts.last().copied().or(constant.storage);
            return stored.map(Storage::element);
        }
        if let Some(declared) = self.declared_type(name) {
            return Some(declared);
        }
        let node = &self.nodes[*self.makers.get(name)?];
        let reads = node.input.first().map_or("", String::as_str);
        match spelling::operator(node) {
            "Cast" => {
                let to = node
                    .attribute
                    .iter()
                    .find(|own| own.name.as_deref() == Some("to"))?;
                i32::try_from(to.i?).ok()
            }
            "CastLike" if left > 0 => self.element_type(node.input.get(1)?, left - 1),
            operator if left > 0 && OF_INPUT.contains(&operator) => {
                self.element_type(reads, left - 1)
            }
            _ => None,
        }
    }

    /// The type of entries that the file declares for a tensor.
    pub fn declared_type(&self, name: &str) -> Option<i32> {
        let declared = self.declared.get(name)?.r#type.as_ref()?;
        declared
            .tensor_type
            .as_ref()?
            .elem_type
            .filter(|found| *found > 0)
    }

    /// An operator casts a constant.
    fn read_as(&mut self, view: &View, to: Storage) {
        self.constants[view.constant].read_as(to);
        for piece in self.pieces(view).into_iter().flatten() {
            self.read_as(&piece, to);
        }
    }

    /// Are all numbers of a constant finite in another type? Of one without floating-point numbers nothing is asked.
    fn fits(&self, view: &View, to: Storage) -> bool {
        if let Some(pieces) = self.pieces(view) {
            return pieces.iter().all(|piece| self.fits(piece, to));
        }
        let constant = &self.constants[view.constant];
        let Some(storage) = constant.storage.filter(|storage| !to.holds(*storage)) else {
            return true;
        };
        if view.is_part {
            return false;
        }
        let Some((file, range)) = &constant.data else {
            return false;
        };
        let mut numbers = self.files.bytes(*file)[range.clone()].chunks_exact(storage.size());
        numbers.all(|number| to.rounded(storage.decode(number)).is_finite())
    }
}
