//! Batch normalisation in inference: `y = s (x - m) / sqrt(v + ε) + b`, channel by channel.

use super::super::field::{Field, ONE};
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Value, pin};

/// The mean scales with the input, the scale with the output and against the input, the shift with the output; the variance
/// stays, as `ε` does. Scale and shift are weights; the mean is a statistic, and follows uncounted where a weight feeds the
/// channel (`held.rs`).
pub(super) fn batch(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let (Some(shape), Content::Data(field)) = (&input.shape, &input.content) else {
        return pin("reads a tensor of unknown rank, or a constant");
    };
    let trains = node.int("training_mode").unwrap_or(0) != 0 || node.outputs() > 1;
    if trains || node.int("spatial").unwrap_or(1) == 0 || inference.opset < 7 {
        return pin("is not in the form of inference");
    }
    let rank = shape.len();
    let mut views = Vec::new();
    for index in 1..5 {
        let Some(view) = node.input(index)?.constant() else {
            return pin("has computed parameters");
        };
        views.push(view.clone());
    }
    let [scale, shift, mean, variance] = views.as_slice() else {
        return pin("lacks a parameter");
    };
    let channels = scale.len();
    let fits = views.iter().all(|view| view.shape == [channels]);
    let field = inference
        .channels
        .merged_along(field, rank, |axis| axis != 1)?;
    let labels = field.labels_along(1, rank);
    if rank < 2 || !fits || (labels.len() != 1 && labels.len() != channels) {
        return pin("has parameters of another length than its channels");
    }
    let before = Field::along(labels, 0);
    let fresh = inference.fresh(node, channels)?;
    let after = Field::along(fresh.clone(), 0);
    inference.weigh(scale, after.clone(), before.clone())?;
    inference.weigh(shift, after, Field::uniform(ONE))?;
    inference.scale(mean, before, Field::uniform(ONE), false)?;
    inference.keep(
        variance,
        &format!("the variance of BatchNormalization `{}`", node.output()),
    );
    Ok(vec![Value::data(
        Some(shape.clone()),
        Field::along(fresh, rank - 2),
    )])
}
