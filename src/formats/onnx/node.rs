//! Tensors and operators, as the rules see them.

use super::OnnxError;
use super::constant::View;
use super::message;
use super::shape::{Dim, Integer};
use crate::forms::{Field, FormsError};

/// What is known of a tensor.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub shape: Option<Vec<Dim>>,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Computed from the inputs; each entry carries a multiplier.
    Data(Field),
    /// All entries are 0, so that any multiplier will do.
    Zero,
    /// A constant, or a view of one.
    Constant(View),
    /// Integers that say a shape.
    Integers(Vec<Integer>),
}

impl Value {
    pub fn data(shape: Option<Vec<Dim>>, field: Field) -> Self {
        Value {
            shape,
            content: Content::Data(field),
        }
    }

    pub fn rank(&self) -> Option<usize> {
        self.shape.as_ref().map(Vec::len)
    }

    pub fn constant(&self) -> Option<&View> {
        match &self.content {
            Content::Constant(view) => Some(view),
            _ => None,
        }
    }
}

/// Why an operator was not followed: the tensors that it touches are pinned.
pub(super) enum Stop {
    Pin(String),
    Fault(OnnxError),
}

impl From<OnnxError> for Stop {
    fn from(fault: OnnxError) -> Self {
        Stop::Fault(fault)
    }
}

impl From<FormsError> for Stop {
    fn from(fault: FormsError) -> Self {
        Stop::Fault(fault.into())
    }
}

/// The values of an operator's outputs.
pub(super) type Followed = Result<Vec<Value>, Stop>;

/// An operator is not followed for a reason.
pub(super) fn pin<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Pin(reason.into()))
}

/// An operator with what is known of its inputs.
pub(super) struct Node<'a> {
    pub message: &'a message::Node,
    pub inputs: Vec<Option<Value>>,
}

impl Node<'_> {
    pub fn operator(&self) -> &str {
        self.message.op_type.as_deref().unwrap_or("")
    }

    fn attribute(&self, name: &str) -> Option<&message::Attribute> {
        let mut attributes = self.message.attribute.iter();
        attributes.find(|attribute| attribute.name.as_deref() == Some(name))
    }

    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        Some(self.attribute(name)?.i.unwrap_or(0))
    }

    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        Some(&self.attribute(name)?.ints)
    }

    pub fn float(&self, name: &str) -> Option<f32> {
        Some(self.attribute(name)?.f.unwrap_or(0.0))
    }

    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        Some(&self.attribute(name)?.floats)
    }

    pub fn sparse_tensor(&self, name: &str) -> Option<&message::SparseTensor> {
        self.attribute(name)?.sparse_tensor.as_ref()
    }

    pub fn text(&self, name: &str) -> Option<&[u8]> {
        self.attribute(name)?.s.as_deref()
    }

    pub fn texts(&self, name: &str) -> Vec<&[u8]> {
        let strings = self.attribute(name).map(|found| &found.strings);
        strings.into_iter().flatten().map(AsRef::as_ref).collect()
    }

    pub fn tensor(&self, name: &str) -> Option<&message::Tensor> {
        self.attribute(name)?.t.as_ref()
    }

    pub fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index)?.as_ref()
    }

    pub fn input(&self, index: usize) -> Result<&Value, Stop> {
        self.optional(index)
            .ok_or_else(|| Stop::Pin("an input is missing".into()))
    }

    /// The name of the tensor that it makes first.
    pub fn output(&self) -> &str {
        self.message.output.first().map_or("", String::as_str)
    }

    /// How many outputs are asked for.
    pub fn outputs(&self) -> usize {
        let names = &self.message.output;
        names
            .iter()
            .rposition(|name| !name.is_empty())
            .map_or(0, |last| last + 1)
    }
}
