//! Operators that bring many entries together: one multiplier for all of them.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Value, pin};
use super::super::shape::Dim;
use super::super::spelling;
use super::axis;
use crate::forms::{Exponent, Field, ONE};

/// Pooling over windows, channel by channel.
pub(super) fn windows(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let (Some(shape), Content::Data(field)) = (&input.shape, &input.content) else {
        return pin("reads a tensor of unknown rank, or a constant");
    };
    let rank = shape.len();
    let Some(kernel) = node
        .ints("kernel_shape")
        .filter(|kernel| kernel.len() + 2 == rank)
    else {
        return pin("has windows of another rank than its input");
    };
    let field = inference
        .channels
        .merged_along(field, rank, |axis| axis > 1)?;
    let mut after = shape[..2].to_vec();
    for (place, length) in kernel.iter().enumerate() {
        let known = usize::try_from(*length)
            .ok()
            .and_then(|length| window(node, place, kernel.len(), shape[place + 2], length));
        after.push(known.unwrap_or_else(|| inference.symbol()));
    }
    rounds(inference, node, &field);
    let mut outputs = vec![Value::data(Some(after.clone()), field)];
    if node.outputs() > 1 {
        // Where the maxima are does not change.
        outputs.push(Value::data(Some(after), Field::uniform(ONE)));
    }
    Ok(outputs)
}

/// A norm whose power is neither 1 nor 2 takes roots that engines round.
fn rounds(inference: &mut Inference, node: &Node, field: &Field) {
    let is_norm = matches!(node.operator(), "LpPool" | "GlobalLpPool");
    if is_norm && !matches!(node.int("p"), None | Some(1 | 2)) {
        inference.rounds_powers(field, true);
    }
}

/// The lengths of the axes of an image that `MaxUnpool` makes, where they are known.
fn unpooled_plane(inference: &Inference, node: &Node, shape: &[Dim]) -> Option<Vec<Dim>> {
    if let Some(asked) = node.optional(2) {
        let asked = inference.known_integers(asked)?;
        let lengths = asked.get(2..)?.iter();
        return lengths
            .map(|length| Some(Dim::Known(usize::try_from(*length).ok()?)))
            .collect();
    }
    let number = |name: &str, place: usize, default: usize| listed(node, name, place, default);
    let axes = shape.get(2..)?;
    let length = |(place, dim): (usize, &Dim)| {
        let steps = dim.known()?.checked_sub(1)?;
        let reach = steps.checked_mul(number("strides", place, 1)?)?;
        let kernel = number("kernel_shape", place, 1)?;
        let pads = number("pads", place, 0)?.checked_add(number("pads", axes.len() + place, 0)?)?;
        Some(Dim::Known(reach.checked_add(kernel)?.checked_sub(pads)?))
    };
    axes.iter().enumerate().map(length).collect()
}

/// Entries put back where `MaxPool` took them from, between zeros, channel by channel.
pub(super) fn unpooled(inference: &mut Inference, node: &Node) -> Followed {
    let places = node.message.input.get(1).map_or("", String::as_str);
    let maker = inference.maker(places).map(spelling::operator);
    let (input, shape) = (node.input(0)?, node.input(0)?.shape.clone());
    let Some(shape) = shape.filter(|_| maker == Some("MaxPool")) else {
        return pin("places entries at places that are not those of a MaxPool");
    };
    let reason = inference.current.clone();
    inference.pin(&node.input(1)?.clone(), &reason);
    let field = inference.field(input, node.output())?;
    // Places count through all channels: of planes of another size they are those of other channels.
    let keeps_channels = unpooled_plane(inference, node, &shape).is_some_and(|plane| {
        let pooled = inference.maker(places).and_then(|node| node.input.first());
        let pooled = pooled.and_then(|name| inference.values.get(name.as_str())?.shape.as_ref());
        pooled.is_some_and(|pooled| pooled.get(2..) == Some(&plane))
    });
    let field = inference
        .channels
        .merged_along(&field, shape.len(), |axis| axis > 1 || !keeps_channels)?;
    let length = |(axis, dim): (usize, &Dim)| match axis > 1 {
        true => inference.symbol(),
        false => *dim,
    };
    let after = shape.iter().enumerate().map(length).collect();
    Ok(vec![Value::data(Some(after), field)])
}

/// A number of a list that is an attribute, which may be left out.
fn listed(node: &Node, name: &str, place: usize, default: usize) -> Option<usize> {
    match node.ints(name) {
        None => Some(default),
        Some(found) => usize::try_from(*found.get(place)?).ok(),
    }
}

/// The length of an axis after windows have passed over it, where it is plain.
pub(super) fn window(
    node: &Node,
    place: usize,
    count: usize,
    before: Dim,
    kernel: usize,
) -> Option<Dim> {
    let number = |name: &str, place: usize, default: usize| listed(node, name, place, default);
    if node.int("ceil_mode").unwrap_or(0) != 0 {
        return None;
    }
    match node.text("auto_pad") {
        None | Some(b"" | b"NOTSET") => {}
        Some(b"SAME_UPPER" | b"SAME_LOWER") => {
            let stride = number("strides", place, 1)?.max(1);
            return Some(Dim::Known(before.known()?.div_ceil(stride)));
        }
        Some(_) => return None,
    }
    let (stride, dilation) = (number("strides", place, 1)?, number("dilations", place, 1)?);
    let pads = number("pads", place, 0)?.checked_add(number("pads", count + place, 0)?)?;
    let reach = kernel
        .checked_sub(1)?
        .checked_mul(dilation)?
        .checked_add(1)?;
    let room = before.known()?.checked_add(pads)?.checked_sub(reach)?;
    Some(Dim::Known(room.checked_div(stride)? + 1))
}

/// Pooling over all of an image.
pub(super) fn global(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let (Some(shape), Content::Data(field)) = (&input.shape, &input.content) else {
        return pin("reads a tensor of unknown rank, or a constant");
    };
    let field = inference
        .channels
        .merged_along(field, shape.len(), |axis| axis > 1)?;
    rounds(inference, node, &field);
    let length = |(axis, dim): (usize, &Dim)| if axis > 1 { Dim::Known(1) } else { *dim };
    let after = shape.iter().enumerate().map(length).collect();
    Ok(vec![Value::data(Some(after), field)])
}

/// Sums, means, extremes and norms over axes.
pub(super) fn reduction(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = &input.shape else {
        return pin("reads a tensor of unknown rank");
    };
    if matches!(input.content, Content::Integers(_)) {
        return pin("reads integers that say a shape");
    }
    let rank = shape.len();
    let asked = match node.optional(1) {
        Some(axes) => match inference.known_integers(axes) {
            Some(axes) => Some(axes),
            None => return pin("has axes that are computed"),
        },
        None => node.ints("axes").map(<[i64]>::to_vec),
    };
    let asked = asked.filter(|axes| !axes.is_empty());
    if asked.is_none() && node.int("noop_with_empty_axes").unwrap_or(0) != 0 {
        return Ok(vec![input.clone()]);
    }
    let axes: Option<Vec<usize>> = match asked {
        None => Some((0..rank).collect()),
        Some(axes) => axes.into_iter().map(|found| axis(found, rank)).collect(),
    };
    let Some(axes) = axes else {
        return pin("has an axis that its input has not");
    };
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axes.contains(&axis))?;
    let keep = node.int("keepdims").unwrap_or(1) != 0;
    let kept = |axis: &usize| keep || !axes.contains(axis);
    let of = field.of_rank(rank);
    let made = Field {
        shape: (0..rank).filter(kept).map(|axis| of.shape[axis]).collect(),
        labels: of.labels,
    };
    let length = |axis: usize| match axes.contains(&axis) {
        true => Dim::Known(1),
        false => shape[axis],
    };
    let after = (0..rank).filter(kept).map(length).collect();
    Ok(vec![Value::data(Some(after), made)])
}

/// Squares are added.
pub(super) fn sum_of_squares(inference: &mut Inference, node: &Node) -> Followed {
    let mut outputs = reduction(inference, node)?;
    if let [
        Value {
            content: Content::Data(field),
            ..
        },
    ] = outputs.as_mut_slice()
    {
        *field = inference.channels.power(field, Exponent::from(2))?;
    }
    Ok(outputs)
}
