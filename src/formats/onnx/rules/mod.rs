//! What each operator says of the multipliers of its tensors.
//!
//! A multiplier is positive, so every rule is about functions that commute with positive factors. An operator that is not here,
//! or not in the form that a rule covers, pins what it reads and what it makes.

mod constants;
mod elementwise;
mod linear;
mod moving;
mod normalisation;
mod padding;
mod pooling;
mod recurrent;
mod reshaping;

use super::infer::Inference;
use super::node::{Followed, Node, pin};

/// Follows one operator of ONNX itself.
pub(super) fn follow(inference: &mut Inference, node: &Node) -> Followed {
    match node.operator() {
        "Gemm" => linear::gemm(inference, node),
        "MatMul" => linear::matmul(inference, node),
        "Conv" => linear::convolution(inference, node),
        "ConvTranspose" => linear::transposed_convolution(inference, node),
        "Relu" | "LeakyRelu" | "Abs" | "Neg" => elementwise::homogeneous(inference, node),
        "Identity" => elementwise::identity(node),
        "Dropout" => constants::dropout(inference, node),
        "PRelu" => elementwise::prelu(inference, node),
        "Clip" => elementwise::clip(inference, node),
        "Cast" => constants::cast(inference, node),
        "CastLike" => constants::cast_like(inference, node),
        "DequantizeLinear" => constants::dequantize(inference, node),
        "Add" | "Sub" | "Sum" | "Mean" | "Max" | "Min" => elementwise::sum(inference, node),
        "Mul" => elementwise::product(inference, node),
        "Div" => elementwise::quotient(inference, node),
        "MaxPool" | "AveragePool" | "LpPool" => pooling::windows(inference, node),
        "GlobalMaxPool" | "GlobalAveragePool" | "GlobalLpPool" => pooling::global(inference, node),
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2" => {
            pooling::reduction(inference, node)
        }
        "BatchNormalization" => normalisation::batch(inference, node),
        "RNN" => recurrent::rnn(inference, node),
        "Concat" => moving::concatenation(inference, node),
        "Split" => moving::split(inference, node),
        "Slice" => moving::slice(inference, node),
        "Gather" => moving::gather(inference, node),
        "Pad" => padding::padding(inference, node),
        "Transpose" => reshaping::transposition(inference, node),
        "Reshape" => reshaping::reshape(inference, node),
        "Flatten" => reshaping::flatten(inference, node),
        "Squeeze" => reshaping::squeeze(inference, node),
        "Unsqueeze" => reshaping::unsqueeze(inference, node),
        "Expand" => reshaping::expand(inference, node),
        "DepthToSpace" | "SpaceToDepth" => reshaping::rearranged(inference, node),
        "Shape" => reshaping::shape(node),
        "Constant" => constants::constant(inference, node),
        "ConstantOfShape" => elementwise::constant_of_shape(inference, node),
        _ => pin("is not homogeneous, or not followed"),
    }
}

/// An axis, counted from the end if negative.
fn axis(axis: i64, rank: usize) -> Option<usize> {
    let from_end = i64::try_from(rank).ok()?;
    let axis = if axis < 0 {
        axis.checked_add(from_end)?
    } else {
        axis
    };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}
