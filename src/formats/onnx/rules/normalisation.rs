//! Normalisations: by stored statistics, channel by channel; by those of the data, where the ε pins what is normalised.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use crate::forms::{Field, ONE};

/// `y = s (x - m) / sqrt(v + ε) + b` in inference: the mean scales with the input, the scale with the output and
/// against the input, the shift with the output; the variance stays, as `ε` does. Scale and shift are weights; the mean
/// is a statistic, and follows uncounted where a weight feeds the channel (`held.rs`).
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

/// `LayerNormalization`, `RMSNormalization` and those of their kind: what is normalised carries no multiplier, because
/// of the ε; the result carries that of the gain, and the shift with it.
pub(super) fn layer(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let reason = inference.current.clone();
    inference.pin(&input.clone(), &reason);
    let made = gained(inference, node, 1, None)?;
    let mut outputs = vec![Value::data(input.shape.clone(), made)];
    for _ in 1..node.outputs() {
        outputs.push(Value::data(None, Field::uniform(ONE)));
    }
    Ok(outputs)
}

/// The same of a sum with a branch: `SkipLayerNormalization`, whose last output is the sum.
pub(super) fn layer_of_sum(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    let is_simple = node.operator() == "SkipSimplifiedLayerNormalization";
    let bias = if is_simple { 3 } else { 4 };
    for index in [0, 1, bias] {
        if let Some(value) = node.optional(index).cloned() {
            inference.pin(&value, &reason);
        }
    }
    let shape = node.input(0)?.shape.clone();
    let shift = (!is_simple).then_some(3);
    let made = gained(inference, node, 2, shift)?;
    Ok(with_sum(node, shape, made, 3))
}

/// The same of a sum of rows of tables, taken by computed indices: `EmbedLayerNormalization`, whose second output is a
/// mask, and whose third is the sum.
pub(super) fn layer_of_embeddings(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    for index in 2..5 {
        if let Some(table) = node.optional(index).cloned() {
            inference.pin(&table, &reason);
        }
    }
    let width = node.input(5)?.shape.as_ref().and_then(|shape| shape.last());
    let shape = node.input(0)?.shape.clone().zip(width.copied());
    let shape = shape.map(|(ids, width)| [ids, vec![width]].concat());
    let made = gained(inference, node, 5, None)?;
    Ok(with_sum(node, shape, made, 2))
}

/// What is normalised, and the other outputs, one of which is the sum that it was made of.
fn with_sum(node: &Node, shape: Option<Vec<Dim>>, made: Field, sum: usize) -> Vec<Value> {
    let mut outputs = vec![Value::data(shape.clone(), made)];
    for output in 1..node.outputs() {
        let shape = shape.clone().filter(|_| output == sum);
        outputs.push(Value::data(shape, Field::uniform(ONE)));
    }
    outputs
}

/// The multipliers of a gain along the last axes, its shift carrying the same; `shift` is the input after it if nothing
/// is said.
fn gained(
    inference: &mut Inference,
    node: &Node,
    gain: usize,
    shift: Option<usize>,
) -> Result<Field, Stop> {
    let Some(value) = node.optional(gain) else {
        return Ok(Field::uniform(ONE));
    };
    let made = weighed(inference, node, value, None)?;
    let shift = match node.operator() {
        "RMSNormalization"
        | "SimplifiedLayerNormalization"
        | "SkipSimplifiedLayerNormalization" => None,
        _ => node.optional(shift.unwrap_or(gain + 1)),
    };
    match shift {
        None => Ok(made),
        Some(shift) => shifted(inference, node, shift, made),
    }
}

/// The gain as a weight of its own channels, `after` axes from the end if it is a vector; a computed one as it is.
fn weighed(
    inference: &mut Inference,
    node: &Node,
    gain: &Value,
    after: Option<usize>,
) -> Result<Field, Stop> {
    let Some(view) = gain.constant().cloned() else {
        return inference.field(gain, node.output());
    };
    if inference.constants[view.constant].place.is_err() {
        return Ok(Field::uniform(ONE));
    }
    let fresh = inference.fresh(node, view.len())?;
    let own = Field {
        shape: view.shape.clone(),
        labels: fresh.clone().collect(),
    };
    inference.weigh(&view, own.clone(), Field::uniform(ONE))?;
    Ok(match after {
        Some(after) => Field::along(fresh, after),
        None => own,
    })
}

fn shifted(
    inference: &mut Inference,
    node: &Node,
    shift: &Value,
    made: Field,
) -> Result<Field, Stop> {
    match &shift.content {
        Content::Zero => Ok(made),
        Content::Constant(view) if inference.constants[view.constant].place.is_ok() => {
            let own = inference.bias(&view.clone(), node.output())?;
            let shape = made.shape.clone();
            let flat = |field: &Field| Field::along(field.labels.iter().copied(), 0);
            let tied = inference.channels.tied(&flat(&made), &flat(&own))?;
            Ok(Field {
                shape,
                labels: tied.labels,
            })
        }
        _ => {
            let own = inference.field(shift, node.output())?;
            Ok(inference.channels.tied(&made, &own)?)
        }
    }
}

/// `InstanceNormalization` and `GroupNormalization`: a gain for each channel, or each group.
pub(super) fn by_channel(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = input.shape.clone().filter(|shape| shape.len() > 1) else {
        return pin("reads a tensor of unknown rank");
    };
    let reason = inference.current.clone();
    inference.pin(&input.clone(), &reason);
    let (gain, shift) = (node.input(1)?, node.input(2)?);
    let Some(count) = gain
        .shape
        .as_deref()
        .and_then(|shape| shape.first()?.known())
    else {
        return pin("has gains of unknown number");
    };
    let made = weighed(inference, node, gain, Some(0))?;
    let made = shifted(inference, node, shift, made)?;
    let made = match (shape[1], made.labels.len()) {
        (_, 1) => Field::uniform(made.labels[0]),
        (Dim::Known(channels), own) if own == channels => {
            Field::along(made.labels.iter().copied(), shape.len() - 2)
        }
        // A gain for each group.
        (Dim::Known(channels), own) if count > 0 && channels.is_multiple_of(own) => {
            let size = channels / own;
            let labels = (0..channels).map(|channel| made.labels[channel / size]);
            Field::along(labels.collect::<Vec<_>>(), shape.len() - 2)
        }
        _ => inference.channels.merged(&made),
    };
    Ok(vec![Value::data(Some(shape), made)])
}
