//! What each operator says of the multipliers of its tensors.
//!
//! A multiplier is positive, so every rule is about functions that commute with positive factors. An operator that is
//! not here, or not in the form that a rule covers, pins what it reads and what it makes.

mod attention;
mod bilinear;
mod casting;
mod choosing;
mod constants;
mod contraction;
mod cutting;
mod einsum;
mod elementwise;
mod fused;
mod gated;
mod gathering;
mod integers;
mod linear;
mod moving;
mod normalisation;
mod padding;
mod parts;
mod placing;
mod pooling;
mod products;
mod quantized;
mod recurrent;
mod reshaping;
mod resizing;
mod sequences;

pub(super) use sequences::Sequence;

use super::infer::Inference;
use super::node::{Followed, Node, pin};
use crate::forms::Exponent;

/// Follows one operator of ONNX itself.
pub(super) fn follow(inference: &mut Inference, node: &Node) -> Followed {
    if let Some(value) = placing::placed(inference, node) {
        return Ok(vec![value]);
    }
    if let Some(value) = integers::calculated(inference, node) {
        return Ok(vec![value]);
    }
    match node.operator() {
        "Gemm" => linear::gemm(inference, node),
        "MatMul" => linear::matmul(inference, node),
        "Einsum" => einsum::einsum(inference, node),
        "Conv" => linear::convolution(inference, node),
        "ConvTranspose" => linear::transposed_convolution(inference, node),
        "Relu" | "LeakyRelu" | "Abs" | "Trilu" => elementwise::homogeneous(inference, node),
        "ThresholdedRelu" if node.float("alpha") == Some(0.0) => {
            elementwise::homogeneous(inference, node)
        }
        "Neg" => constants::negation(inference, node),
        "Identity" => match sequences::list(inference, node) {
            Some(list) => sequences::made(inference, node, list),
            None => elementwise::identity(node),
        },
        "SplitToSequence" | "SequenceEmpty" | "SequenceConstruct" | "SequenceInsert"
        | "SequenceErase" | "SequenceAt" | "SequenceLength" | "ConcatFromSequence" => {
            sequences::follow(inference, node)
        }
        "Dropout" => constants::dropout(inference, node),
        "PRelu" => elementwise::prelu(inference, node),
        "Clip" => elementwise::clip(inference, node),
        "Cast" => casting::cast(inference, node),
        "CastLike" => casting::cast_like(inference, node),
        "DequantizeLinear" => constants::dequantize(inference, node),
        "DynamicQuantizeLinear" => quantized::dynamic(inference, node),
        "MatMulInteger" => quantized::matrices(inference, node),
        "ConvInteger" => quantized::convolution(inference, node),
        "Add" | "Sub" | "Sum" | "Mean" | "Max" | "Min" => elementwise::sum(inference, node),
        "Mul" => products::product(inference, node),
        "Div" => products::quotient(inference, node),
        "Pow" => products::power(inference, node),
        "Sqrt" => products::power_of(inference, node, Exponent::new(1, 2)),
        "Reciprocal" => products::power_of(inference, node, Exponent::from(-1)),
        "MaxPool" | "AveragePool" | "LpPool" => pooling::windows(inference, node),
        "MaxUnpool" => pooling::unpooled(inference, node),
        "GlobalMaxPool" | "GlobalAveragePool" | "GlobalLpPool" => pooling::global(inference, node),
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2" => {
            pooling::reduction(inference, node)
        }
        "ReduceSumSquare" => pooling::sum_of_squares(inference, node),
        "BatchNormalization" => normalisation::batch(inference, node),
        "LayerNormalization" | "RMSNormalization" | "SimplifiedLayerNormalization" => {
            normalisation::layer(inference, node)
        }
        "InstanceNormalization" | "GroupNormalization" => {
            normalisation::by_channel(inference, node)
        }
        "RNN" => recurrent::rnn(inference, node),
        "GRU" => gated::gru(inference, node),
        "LSTM" => gated::lstm(inference, node),
        "Attention" => attention::plain(inference, node),
        "RotaryEmbedding" => attention::rotary(inference, node),
        "Where" => choosing::choice(inference, node),
        "If" => choosing::branches(inference, node),
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => {
            choosing::comparison(inference, node)
        }
        "And" | "Or" | "Xor" | "Not" => choosing::logic(inference, node),
        "TopK" => choosing::top(inference, node),
        "ArgMax" | "ArgMin" => choosing::largest(inference, node),
        "NonZero" => choosing::nonzero(inference, node),
        "Sign" | "LpNormalization" | "IsNaN" | "IsInf" => choosing::unscaled(inference, node),
        "CumSum" => choosing::cumulative(inference, node),
        "ReverseSequence" => choosing::reversed(inference, node),
        "OneHot" => choosing::one_hot(inference, node),
        "ScatterND" | "ScatterElements" | "Scatter" => choosing::scattered(inference, node),
        "GatherND" | "GatherElements" => gathering::gathered(inference, node),
        "Concat" => moving::concatenation(inference, node),
        "Split" => cutting::split(inference, node),
        "Slice" => cutting::slice(inference, node),
        "Gather" => moving::gather(inference, node),
        "Pad" => padding::padding(inference, node),
        "Transpose" => reshaping::transposition(inference, node),
        "Reshape" => reshaping::reshape(inference, node),
        "Flatten" => reshaping::flatten(inference, node),
        "Squeeze" => reshaping::squeeze(inference, node),
        "Unsqueeze" => reshaping::unsqueeze(inference, node),
        "Expand" => reshaping::expand(inference, node),
        "Tile" => resizing::tiled(inference, node),
        "Resize" | "Upsample" => resizing::resized(inference, node),
        "GridSample" | "RoiAlign" => resizing::sampled(inference, node),
        "DepthToSpace" | "SpaceToDepth" => resizing::rearranged(inference, node),
        "Shape" => reshaping::shape(node),
        "Size" => reshaping::size(inference, node),
        "Range" => reshaping::range(inference, node),
        "Constant" => constants::constant(inference, node),
        "ConstantOfShape" => elementwise::constant_of_shape(inference, node),
        _ => pin("is not homogeneous, or not followed"),
    }
}

/// Follows one of the operators that runtimes contribute.
pub(super) fn follow_contributed(inference: &mut Inference, node: &Node) -> Followed {
    match node.operator() {
        "FusedConv" => fused::convolution(inference, node),
        "FusedGemm" => fused::gemm(inference, node),
        "FusedMatMul" | "TransposeMatMul" => fused::matmul(inference, node),
        "MatMulNBits" => fused::quantized_matmul(inference, node),
        "Attention" => attention::packed(inference, node),
        "MultiHeadAttention" => attention::multi_head(inference, node),
        "GroupQueryAttention" => attention::grouped(inference, node),
        "RotaryEmbedding" => attention::rotary(inference, node),
        "EmbedLayerNormalization" => normalisation::layer_of_embeddings(inference, node),
        "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization" => {
            normalisation::layer_of_sum(inference, node)
        }
        "SimplifiedLayerNormalization" => normalisation::layer(inference, node),
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
