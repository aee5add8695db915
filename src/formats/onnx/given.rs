//! What a graph is given: its inputs and its constants.

use super::constant::{Constant, View};
use super::infer::Inference;
use super::message;
use super::node::{Content, Value};
use super::scattered::home;
use super::shape::Dim;
use super::spelling;
use super::{Files, OnnxError};
use crate::formats::storage::Storage;
use crate::forms::Field;

impl<'a> Inference<'a> {
    /// Inputs and initializers.
    pub(super) fn inputs(
        &mut self,
        graph: &'a message::Graph,
        ir_version: i64,
    ) -> Result<(), OnnxError> {
        for input in &graph.input {
            let name = input.name.as_deref().unwrap_or("");
            let slot = self
                .channels
                .pinned(&format!("input `{name}` of the model"));
            let value = Value::data(self.shape_of(Some(input)), Field::uniform(slot));
            self.values.insert(name, value);
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.name();
            let value = self.sparse_constant(name, sparse)?;
            self.values.insert(name, value);
        }
        for tensor in &graph.initializer {
            let name = tensor.name.as_deref().unwrap_or("");
            match self.values.get(name).map(|value| &value.content) {
                Some(Content::Data(_)) if ir_version >= 4 => {
                    // The constant is only what a caller gets who gives nothing.
                    self.note(
                        "initializer",
                        name,
                        "it is also an input, which a caller may set",
                    );
                    continue;
                }
                Some(Content::Data(_)) | None => {}
                Some(_) => return Err(OnnxError::Twice(name.to_owned())),
            }
            let value = self.constant(name, tensor)?;
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// The number that a constant of one entry is, which may stand in an operator that is followed later.
    pub(super) fn single(&self, name: &str) -> Option<f64> {
        let Some(value) = self.values.get(name) else {
            return stated(self.maker(name)?);
        };
        let view = value.constant().filter(|view| view.len() == 1)?;
        self.number(view, 0)
    }

    /// A constant tensor, of an initializer or an operator.
    pub fn constant(&mut self, name: &str, tensor: &message::Tensor) -> Result<Value, OnnxError> {
        let mut constant = Constant::read(name, tensor, self.files)?;
        self.part(&mut constant);
        let is_gathered = |place: &(usize, usize, _)| Files::is_gathered(place.0);
        if constant.place.as_ref().is_ok_and(is_gathered) && home(self.model, name).is_none() {
            constant.place =
                Err("its entries stand within a function or a graph of its own".into());
        }
        let view = View::whole(self.constants.len(), &constant.shape);
        self.constants.push(constant);
        Ok(Value {
            shape: Some(view.shape.iter().copied().map(Dim::Known).collect()),
            content: Content::Constant(view),
        })
    }

    /// Tensors that lie on the same bytes (of another file, or of a function called twice) are all left alone: a number
    /// there cannot scale for one of them only.
    fn part(&mut self, constant: &mut Constant) {
        let Some((file, range)) = constant.data.clone().filter(|(_, range)| !range.is_empty())
        else {
            return;
        };
        let before = self.occupied.range(..(file, range.end)).rev();
        let overlapping =
            before.take_while(|((other, _), (end, _))| *other == file && *end > range.start);
        let earlier: Vec<usize> = overlapping.map(|(_, (_, earlier))| *earlier).collect();
        let reason = "its bytes are another tensor's too";
        for earlier in &earlier {
            let view = View::whole(*earlier, &self.constants[*earlier].shape);
            self.keep(
                &view,
                &format!("`{}`: {reason}", self.constants[*earlier].name),
            );
        }
        match earlier.is_empty() {
            true => {
                self.occupied
                    .insert((file, range.start), (range.end, self.constants.len()));
            }
            false => constant.place = Err(reason.into()),
        }
    }
}

/// The one number that an operator `Constant` holds.
fn stated(node: &message::Node) -> Option<f64> {
    if spelling::operator(node) != "Constant" {
        return None;
    }
    let [attribute] = node.attribute.as_slice() else {
        return None;
    };
    let Some(tensor) = &attribute.t else {
        return attribute.f.map(f64::from);
    };
    let storage = Storage::of_element(tensor.data_type?)?;
    let bytes = tensor.raw_data.as_ref().or(tensor.float_data.first())?;
    (bytes.len() == storage.size()).then(|| storage.decode(bytes))
}
