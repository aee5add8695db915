//! Attention and rotary embedding as single operators.
//!
//! Scores are products of queries and keys, and nothing scales them: a channel of a key carries the reciprocal of the
//! multiplier of the queries that meet it. Values carry theirs on to the result, channel by channel, shared by all
//! query heads of a group.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use crate::forms::{Exponent, Field, ONE, Slot};

/// Heads of queries, and of keys and values.
#[derive(Clone, Copy)]
struct Heads {
    queries: usize,
    keys: usize,
}

fn count(node: &Node, name: &str) -> Option<usize> {
    let count = node.int(name).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| (1..1 << 16).contains(count))
}

/// The multipliers of the last axis of a tensor of three axes, one for each of its channels.
fn channels(inference: &mut Inference, node: &Node, value: &Value) -> Result<Vec<Slot>, Stop> {
    let Some(&[_, _, Dim::Known(width)]) = value.shape.as_deref() else {
        return pin("reads a tensor of unknown shape, or not of three axes");
    };
    let field = inference.field(value, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, 3, |axis| axis != 2)?;
    let labels = field.labels_along(2, 3);
    match labels.len() {
        1 => Ok(vec![labels[0]; width]),
        own if own == width => Ok(labels),
        _ => pin("reads a tensor of another number of channels"),
    }
}

/// Ties queries and keys, and gives the result's channels from those of the values.
fn attended(
    inference: &mut Inference,
    [queries, keys, values]: [&[Slot]; 3],
    heads: Heads,
    rotary: Option<Rotary>,
) -> Result<Vec<Slot>, Stop> {
    let Heads {
        queries: of_queries,
        keys: of_keys,
    } = heads;
    let shares = of_queries.is_multiple_of(of_keys)
        && queries.len().is_multiple_of(of_queries)
        && keys.len().is_multiple_of(of_keys)
        && values.len().is_multiple_of(of_keys);
    if !shares || queries.len() / of_queries != keys.len() / of_keys {
        return pin("has heads that do not divide its channels");
    }
    let width = keys.len() / of_keys;
    if let Some(rotary) = rotary {
        rotated(inference, queries, width, rotary)?;
        rotated(inference, keys, width, rotary)?;
    }
    let group = of_queries / of_keys;
    for head in 0..of_queries {
        for channel in 0..width {
            let query = queries[head * width + channel];
            let key = keys[head / group * width + channel];
            let factors = [(query, Exponent::from(1)), (key, Exponent::from(1))];
            let score = inference.channels.combination(&factors)?;
            let why = inference.current.clone();
            let pinned = inference.channels.pinned(&why);
            inference.channels.equal(score, pinned);
        }
    }
    let of_value = values.len() / of_keys;
    let labels = (0..of_queries * of_value).map(|place| {
        let (head, channel) = (place / of_value, place % of_value);
        values[head / group * of_value + channel]
    });
    Ok(labels.collect())
}

/// Which channels of a head are rotated into each other.
#[derive(Clone, Copy)]
struct Rotary {
    /// How many of a head's channels, from the first, are rotated; all if 0.
    width: usize,
    interleaved: bool,
}

/// Both channels of a pair carry one multiplier.
fn rotated(
    inference: &mut Inference,
    slots: &[Slot],
    head: usize,
    rotary: Rotary,
) -> Result<(), Stop> {
    let width = if rotary.width == 0 {
        head
    } else {
        rotary.width
    };
    if width > head || !width.is_multiple_of(2) || head == 0 {
        return pin("rotates channels that its heads have not");
    }
    for head in slots.chunks(head) {
        for pair in 0..width / 2 {
            let (one, other) = match rotary.interleaved {
                true => (2 * pair, 2 * pair + 1),
                false => (pair, pair + width / 2),
            };
            inference.channels.equal(head[one], head[other]);
        }
    }
    Ok(())
}

/// Everything else that an operator reads stays as it is.
fn pin_from(inference: &mut Inference, node: &Node, first: usize) {
    let reason = inference.current.clone();
    for index in first..node.inputs.len() {
        if let Some(value) = node.optional(index).cloned() {
            inference.pin(&value, &reason);
        }
    }
}

fn made(inference: &mut Inference, node: &Node, outer: &[Dim], labels: Vec<Slot>) -> Followed {
    let mut shape = outer.to_vec();
    shape.push(Dim::Known(labels.len()));
    let mut outputs = vec![Value::data(Some(shape), Field::along(labels, 0))];
    for _ in 1..node.outputs() {
        let why = inference.current.clone();
        let pinned = inference.channels.pinned(&why);
        outputs.push(Value::data(None, Field::uniform(pinned)));
    }
    Ok(outputs)
}

/// The outputs after the first that are caches; one behind them is made of scores.
const CACHES: usize = 2;

/// Keys and values in a cache that it is given, or that something reads, carry no multiplier.
fn pin_cached(inference: &mut Inference, node: &Node, slots: [&[Slot]; 2]) {
    let mut handed_on = node.message.output.iter().skip(1).take(CACHES);
    let is_cached = handed_on.any(|name| inference.is_read(name))
        || (3..node.inputs.len()).any(|index| is_cache(node, index));
    if is_cached {
        let why = format!("the cache of {}", inference.current);
        for slots in slots {
            inference
                .channels
                .pin(&Field::along(slots.iter().copied(), 0), &why);
        }
    }
}

fn is_cache(node: &Node, index: usize) -> bool {
    let caches: &[usize] = match node.operator() {
        // Of the contributed one, which has one cache for both, the next input is added to scores.
        "Attention" if node.message.domain.as_deref() == Some("com.microsoft") => &[4],
        "Attention" => &[4, 5],
        "MultiHeadAttention" => &[6, 7],
        _ => &[3, 4],
    };
    caches.contains(&index) && node.optional(index).is_some()
}

/// `Attention` of ONNX itself, with queries, keys and values of three axes.
pub(super) fn plain(inference: &mut Inference, node: &Node) -> Followed {
    let (Some(queries), Some(keys)) = (count(node, "q_num_heads"), count(node, "kv_num_heads"))
    else {
        return four_axes(inference, node);
    };
    of_three(inference, node, Heads { queries, keys }, None, None)
}

/// Queries, keys and values are the first three inputs, and their biases, one after the other, may be another.
fn of_three(
    inference: &mut Inference,
    node: &Node,
    heads: Heads,
    rotary: Option<Rotary>,
    bias: Option<usize>,
) -> Followed {
    let outer = match node.input(0)?.shape.as_deref() {
        Some([batch, steps, _]) => vec![*batch, *steps],
        _ => return pin("reads a tensor of unknown shape, or not of three axes"),
    };
    let (query, key, value) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let queries = channels(inference, node, query)?;
    let keys = channels(inference, node, key)?;
    let values = channels(inference, node, value)?;
    if let Some(bias) = bias {
        let own = [&*queries, &keys, &values].concat();
        packed_bias(inference, node, bias, &own)?;
    }
    pin_cached(inference, node, [&keys, &values]);
    let labels = attended(inference, [&queries, &keys, &values], heads, rotary)?;
    pin_from(inference, node, bias.map_or(3, |bias| bias + 1));
    made(inference, node, &outer, labels)
}

/// Queries, keys and values with an axis of heads.
fn four_axes(inference: &mut Inference, node: &Node) -> Followed {
    let mut lists = Vec::new();
    let mut lengths = Vec::new();
    for index in 0..3 {
        let value = node.input(index)?;
        let Some(&[batch, Dim::Known(heads), steps, Dim::Known(width)]) = value.shape.as_deref()
        else {
            return pin("reads a tensor of unknown shape");
        };
        let field = inference.field(value, node.output())?;
        let field = inference
            .channels
            .merged_along(&field, 4, |axis| axis == 0 || axis == 2)?
            .of_rank(4);
        let slots: Vec<Slot> = (0..heads * width)
            .map(|place| field.at(&[0, place / width, 0, place % width]))
            .collect();
        lists.push(slots);
        lengths.push((batch, heads, steps, width));
    }
    let heads = Heads {
        queries: lengths[0].1,
        keys: lengths[1].1,
    };
    if lengths[2].1 != heads.keys || heads.keys == 0 {
        return pin("has different heads of keys and values");
    }
    pin_cached(inference, node, [&lists[1], &lists[2]]);
    let labels = attended(inference, [&lists[0], &lists[1], &lists[2]], heads, None)?;
    pin_from(inference, node, 3);
    let (batch, count, steps, _) = lengths[0];
    let width = lengths[2].3;
    let shape = vec![batch, Dim::Known(count), steps, Dim::Known(width)];
    let field = Field {
        shape: vec![count, 1, width],
        labels: labels.into(),
    };
    let mut outputs = made(inference, node, &[], Vec::new())?;
    outputs[0] = Value::data(Some(shape), field);
    Ok(outputs)
}

/// `MultiHeadAttention` of the contributed operators: queries, keys and values apart.
pub(super) fn multi_head(inference: &mut Inference, node: &Node) -> Followed {
    let Some(queries) = count(node, "num_heads") else {
        return pin("has no number of heads");
    };
    if node.optional(1).is_none() || node.optional(2).is_none() {
        return pin("has packed queries, keys and values");
    }
    let keys = queries;
    of_three(inference, node, Heads { queries, keys }, None, Some(3))
}

/// The inputs of `GroupQueryAttention` that are known.
const GROUPED_INPUTS: usize = 12;

/// `GroupQueryAttention` of the contributed operators.
pub(super) fn grouped(inference: &mut Inference, node: &Node) -> Followed {
    let (Some(queries), Some(keys)) = (count(node, "num_heads"), count(node, "kv_num_heads"))
    else {
        return pin("has no number of heads");
    };
    if node.inputs.len() > GROUPED_INPUTS {
        return pin("reads more than is known of it");
    }
    let rotary = (node.int("do_rotary").unwrap_or(0) != 0).then_some(Rotary {
        width: 0,
        interleaved: node.int("rotary_interleaved") == Some(1),
    });
    let heads = Heads { queries, keys };
    match (node.optional(1), node.optional(2)) {
        (None, None) => in_a_row(inference, node, heads, rotary),
        (Some(_), Some(_)) => of_three(inference, node, heads, rotary, None),
        _ => pin("has keys or values only"),
    }
}

/// Queries, keys and values one after the other in the first input.
fn in_a_row(
    inference: &mut Inference,
    node: &Node,
    heads: Heads,
    rotary: Option<Rotary>,
) -> Followed {
    let Some(&[batch, steps, Dim::Known(all)]) = node.input(0)?.shape.as_deref() else {
        return pin("reads a tensor of unknown shape, or not of three axes");
    };
    let count = heads.keys.checked_mul(2);
    let count = count.and_then(|both| both.checked_add(heads.queries));
    let Some(count) = count.filter(|count| all.is_multiple_of(*count)) else {
        return pin("has heads that its channels do not fill");
    };
    let width = all / count;
    let slots = channels(inference, node, node.input(0)?)?;
    let (queries, rest) = slots.split_at(heads.queries * width);
    let (keys, values) = rest.split_at(heads.keys * width);
    pin_cached(inference, node, [keys, values]);
    let labels = attended(inference, [queries, keys, values], heads, rotary)?;
    pin_from(inference, node, 3);
    made(inference, node, &[batch, steps], labels)
}

/// `Attention` of the contributed operators: one weight makes queries, keys and values, one after the other.
pub(super) fn packed(inference: &mut Inference, node: &Node) -> Followed {
    let Some(heads) = count(node, "num_heads") else {
        return pin("has no number of heads");
    };
    let weight = node.optional(1).and_then(Value::constant).cloned();
    let Some(view) = weight.filter(|view| view.shape.len() == 2) else {
        return pin("has a computed weight");
    };
    let widths = match node.ints("qkv_hidden_sizes") {
        None => vec![view.shape[1] / 3; 3],
        Some(sizes) => sizes
            .iter()
            .map(|size| usize::try_from(*size).unwrap_or(0))
            .collect(),
    };
    let fits = widths.len() == 3 && widths.iter().sum::<usize>() == view.shape[1];
    if !fits || node.int("unidirectional").is_some_and(|causal| causal > 1) {
        return pin("has sizes that its weight has not");
    }
    let outer = match node.input(0)?.shape.as_deref() {
        Some([batch, steps, _]) => vec![*batch, *steps],
        _ => return pin("reads a tensor of unknown shape, or not of three axes"),
    };
    let read = channels(inference, node, node.input(0)?)?;
    if read.len() != view.shape[0] {
        return pin("reads a tensor of another number of channels than its weight has");
    }
    let own: Vec<Slot> = inference.fresh(node, view.shape[1])?.collect();
    inference.weigh(&view, Field::along(own.clone(), 0), Field::along(read, 1))?;
    packed_bias(inference, node, 2, &own)?;
    let (queries, rest) = own.split_at(widths[0]);
    let (keys, values) = rest.split_at(widths[1]);
    pin_cached(inference, node, [keys, values]);
    let rotary = (node.int("do_rotary").unwrap_or(0) != 0).then_some(Rotary {
        width: count(node, "rotary_embedding_dim").unwrap_or(0),
        interleaved: false,
    });
    let heads = Heads {
        queries: heads,
        keys: heads,
    };
    let labels = attended(inference, [queries, keys, values], heads, rotary)?;
    pin_from(inference, node, 3);
    made(inference, node, &outer, labels)
}

/// The biases of queries, keys and values, one after the other.
fn packed_bias(
    inference: &mut Inference,
    node: &Node,
    index: usize,
    own: &[Slot],
) -> Result<(), Stop> {
    match node.optional(index).map(|value| &value.content) {
        None | Some(Content::Zero) => Ok(()),
        Some(Content::Constant(view)) if view.shape == [own.len()] => {
            let field = Field::along(own.iter().copied(), 0);
            inference.weigh(view, field, Field::uniform(ONE))
        }
        _ => pin("has a computed bias, or of another shape"),
    }
}

/// `RotaryEmbedding`, contributed or of ONNX itself: both channels of a pair carry one multiplier.
pub(super) fn rotary(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    pin_from(inference, node, 1);
    let field = inference.field(input, node.output())?;
    let rotary = |width: usize| Rotary {
        width,
        interleaved: node.int("interleaved").unwrap_or(0) != 0,
    };
    let width = count(node, "rotary_embedding_dim").unwrap_or(0);
    match input.shape.as_deref() {
        Some(&[_, _, Dim::Known(all)]) => {
            let Some(heads) = count(node, "num_heads").filter(|heads| all.is_multiple_of(*heads))
            else {
                return merged(inference, input, &field);
            };
            let slots = channels(inference, node, input)?;
            rotated(inference, &slots, all / heads, rotary(width))?;
            Ok(vec![Value::data(
                input.shape.clone(),
                Field::along(slots, 0),
            )])
        }
        Some(&[_, _, _, Dim::Known(head)]) if field.varies(3, 4) => {
            let field = inference
                .channels
                .merged_along(&field, 4, |axis| axis == 0 || axis == 2)?;
            let slots = field.labels.to_vec();
            rotated(inference, &slots, head, rotary(width))?;
            Ok(vec![Value::data(input.shape.clone(), field)])
        }
        Some(&[_, _, _, _]) => Ok(vec![Value::data(input.shape.clone(), field)]),
        _ => merged(inference, input, &field),
    }
}

/// Heads that are not known: one multiplier for all channels.
fn merged(inference: &mut Inference, input: &Value, field: &Field) -> Followed {
    let merged = inference.channels.merged(field);
    Ok(vec![Value::data(input.shape.clone(), merged)])
}
