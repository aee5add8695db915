//! Layers that runtimes join with what comes before or after them.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Value, pin};
use super::{bilinear, linear};
use crate::forms::{Field, ONE};

/// A convolution, what is added to it, and an activation.
pub(super) fn convolution(inference: &mut Inference, node: &Node) -> Followed {
    let mut made = linear::convolution(inference, node)?;
    let added = node.optional(3);
    let added = added.filter(|added| !matches!(added.content, Content::Zero));
    if let (Some(added), [value]) = (added, made.as_mut_slice()) {
        let (one, other) = (
            inference.field(value, node.output())?,
            inference.field(added, node.output())?,
        );
        value.content = Content::Data(inference.channels.tied(&one, &other)?);
    }
    activated(inference, node, made)
}

/// `Gemm` and an activation.
pub(super) fn gemm(inference: &mut Inference, node: &Node) -> Followed {
    let made = linear::gemm(inference, node)?;
    activated(inference, node, made)
}

/// An activation that is not homogeneous keeps what it reads, and what it makes.
fn activated(inference: &mut Inference, node: &Node, made: Vec<Value>) -> Followed {
    let activation = node.text("activation").unwrap_or_default();
    if matches!(activation, b"" | b"Relu" | b"LeakyRelu") {
        return Ok(made);
    }
    let reason = inference.current.clone();
    let activation = String::from_utf8_lossy(activation).into_owned();
    inference.note(
        node.operator(),
        node.output(),
        &format!("has the activation {activation}, which is not homogeneous"),
    );
    let pinned = made.into_iter().map(|value| {
        inference.pin(&value, &reason);
        Value::data(value.shape, Field::uniform(ONE))
    });
    Ok(pinned.collect())
}

/// A number times a product of matrices, either of them transposed.
pub(super) fn matmul(inference: &mut Inference, node: &Node) -> Followed {
    let is_set = |name| node.int(name).unwrap_or(0) != 0;
    if is_set("transBatchA") || is_set("transBatchB") {
        return pin("moves axes before matrices");
    }
    if node.float("alpha").is_some_and(|alpha| alpha == 0.0) {
        return pin("multiplies by 0");
    }
    match [is_set("transA"), is_set("transB")] {
        [false, false] => linear::matmul(inference, node),
        transposed => bilinear::matrices(inference, node, transposed),
    }
}
