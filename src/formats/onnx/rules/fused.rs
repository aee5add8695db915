//! Layers that runtimes join with what comes before or after them.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::{bilinear, constants, linear};
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

/// The `accuracy_level` that lets inputs be rounded to 8 bits.
const INT8: i64 = 4;

/// A product with a matrix of integers of few bits, which blocks of its rows restore by a scale each.
pub(super) fn quantized_matmul(inference: &mut Inference, node: &Node) -> Followed {
    let count = |name: &str| node.int(name).and_then(|count| usize::try_from(count).ok());
    let (Some(inputs), Some(outputs), Some(block)) = (count("K"), count("N"), count("block_size"))
    else {
        return pin("does not say its size");
    };
    let constant = |index: usize| Ok::<_, Stop>(node.input(index)?.constant().cloned());
    let (Some(quantized), Some(scale)) = (constant(1)?, constant(2)?) else {
        return pin("has a computed weight, or a computed scale");
    };
    if node.optional(4).is_some() {
        return pin("has blocks in an order of their own");
    }
    // What it reads is then rounded to 8 bits, block by block of several channels.
    if node.int("accuracy_level") == Some(INT8) {
        return pin("rounds what it reads to 8 bits");
    }
    let bits = count("bits").unwrap_or(4);
    let stored = block.checked_mul(bits).filter(|bits| bits % 8 == 0);
    let Some(stored) = stored.filter(|bits| *bits > 0) else {
        return pin("has blocks that are no bytes");
    };
    let blocks = inputs.div_ceil(block);
    let fits = quantized.shape == [outputs, blocks, stored / 8];
    if !fits || bits < 2 || Some(scale.len()) != outputs.checked_mul(blocks) {
        return pin("has a weight or scales of another shape");
    }
    if !inference.is_there(&quantized) {
        return pin("restores numbers that are not in the file");
    }
    let place = |index: &[usize]| index[1] * blocks + index[0] / block;
    let Some(view) = scale.spread(vec![inputs, outputs], place) else {
        return pin("restores too many entries");
    };
    inference.restores(&scale, &quantized, node);
    if let Some(zero) = node.optional(3).cloned() {
        let reason = inference.current.clone();
        inference.pin(&zero, &reason);
    }
    let input = node.input(0)?.clone();
    let bias = node.optional(5).cloned();
    let written_out = Node {
        message: node.message,
        inputs: vec![Some(input), Some(constants::made(view)), bias],
    };
    let product = linear::matmul(inference, &written_out)?;
    linear::with_bias(inference, &written_out, product)
}
