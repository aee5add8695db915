//! Operators that repeat entries, or make new ones between them: all that are brought together carry one multiplier.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::axis;
use super::placing::are_zeros;
use super::products::zero;
use crate::forms::Field;

/// `Resize` and `Upsample`, by any mode.
pub(super) fn resized(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = input.shape.clone() else {
        return pin("reads a tensor of unknown rank");
    };
    let crops = node.text("coordinate_transformation_mode") == Some(b"tf_crop_and_resize");
    if crops && node.float("extrapolation_value").unwrap_or(0.0) != 0.0 {
        return pin("fills with a number that is not 0");
    }
    let rank = shape.len();
    let axes: Option<Vec<usize>> = match node.ints("axes") {
        None => Some((0..rank).collect()),
        Some(axes) => axes.iter().map(|found| axis(*found, rank)).collect(),
    };
    let Some(axes) = axes else {
        return pin("has an axis that its input has not");
    };
    let is_upsample = node.operator() == "Upsample";
    let scales = if is_upsample || inference.opset < 11 {
        1
    } else {
        2
    };
    let scales = numbers(inference, node, scales, axes.len());
    let sizes = (!is_upsample)
        .then(|| node.optional(3))
        .flatten()
        .and_then(|sizes| inference.integers(sizes))
        .filter(|sizes| sizes.len() == axes.len());
    let keeps_ratio = !matches!(
        node.text("keep_aspect_ratio_policy"),
        None | Some(b"stretch")
    );
    let sizes = sizes.filter(|_| !keeps_ratio);
    let mut after = shape.clone();
    let mut changes = vec![false; rank];
    for (place, axis) in axes.iter().enumerate() {
        let scale = scales.as_ref().map(|scales| scales[place]);
        let size = sizes.as_ref().map(|sizes| sizes[place]);
        let asked = match (scale, size, shape[*axis]) {
            (Some(1.0), None, dim) => Some(dim),
            (Some(scale), None, Dim::Known(length)) => {
                Some(Dim::Known((length as f64 * scale).floor() as usize))
            }
            (_, Some(size), dim) if Integer::from(dim) == size => Some(dim),
            (_, Some(Integer::Known(size)), _) => usize::try_from(size).ok().map(Dim::Known),
            _ => None,
        };
        let scales = scale.is_some_and(|scale| scale != 1.0);
        changes[*axis] = asked != Some(shape[*axis]) || crops || scales;
        after[*axis] = asked.unwrap_or_else(|| inference.symbol());
    }
    if matches!(input.content, Content::Zero) {
        return Ok(vec![zero(Some(after))]);
    }
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| changes[axis])?;
    Ok(vec![Value::data(Some(after), field)])
}

/// The scales, by attribute or as a constant.
fn numbers(inference: &Inference, node: &Node, index: usize, count: usize) -> Option<Vec<f64>> {
    if let Some(scales) = node.floats("scales") {
        let scales: Vec<f64> = scales.iter().map(|scale| f64::from(*scale)).collect();
        return (scales.len() == count).then_some(scales);
    }
    let view = node.optional(index)?.constant()?;
    let scales = (0..view.len()).map(|place| inference.number(view, place));
    let scales: Vec<f64> = scales.collect::<Option<_>>()?;
    (scales.len() == count).then_some(scales)
}

/// Copies carry the multiplier of what they are copies of.
pub(super) fn tiled(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let Some(shape) = input.shape.clone() else {
        return pin("reads a tensor of unknown rank");
    };
    let rank = shape.len();
    let repeats = inference.integers(node.input(1)?);
    let repeats = repeats.filter(|repeats| repeats.len() == rank);
    let repeat = |axis: usize| match repeats.as_ref()?[axis] {
        Integer::Known(repeat) => usize::try_from(repeat).ok(),
        Integer::Symbol(_) => None,
    };
    let mut after = Vec::with_capacity(rank);
    for (axis, dim) in shape.iter().copied().enumerate() {
        let repeat = repeat(axis);
        let length = dim.known().zip(repeat);
        after.push(match (repeat, length) {
            (Some(1), _) => dim,
            (_, Some((length, repeat))) => Dim::Known(length.saturating_mul(repeat)),
            _ => inference.symbol(),
        });
    }
    if are_zeros(inference, input, node) {
        return Ok(vec![zero(Some(after))]);
    }
    let field = inference.field(input, node.output())?;
    let repeats: Vec<Option<usize>> = (0..rank).map(repeat).collect();
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| repeats[axis].is_none())?;
    let repeats: Vec<usize> = repeats.iter().map(|own| own.unwrap_or(1)).collect();
    let field = repeated(inference, &field, &shape, &repeats)?;
    Ok(vec![Value::data(Some(after), field)])
}

fn repeated(
    inference: &mut Inference,
    field: &Field,
    shape: &[Dim],
    repeats: &[usize],
) -> Result<Field, Stop> {
    let old = field.of_rank(shape.len());
    let varies = |axis: usize| old.shape[axis] != 1 && repeats[axis] != 1;
    if !(0..shape.len()).any(varies) {
        return Ok(old);
    }
    let length = |axis: usize| match varies(axis) {
        true => old.shape[axis].saturating_mul(repeats[axis]),
        false => old.shape[axis],
    };
    let lengths = (0..shape.len()).map(length).collect();
    let made = inference.channels.remapped(lengths, |index| {
        let places = index.iter().zip(&old.shape);
        let inner: Vec<usize> = places.map(|(at, length)| at % length).collect();
        old.at(&inner)
    })?;
    Ok(made)
}

/// `DepthToSpace` and `SpaceToDepth`: channels whose pixels come to lie in one channel carry one multiplier.
pub(super) fn rearranged(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    let size = node
        .int("blocksize")
        .and_then(|size| usize::try_from(size).ok());
    let size = size.filter(|size| (1..=1 << 10).contains(size));
    let (Some(size), Some(&[batch, Dim::Known(channels), height, width])) =
        (size, input.shape.as_deref())
    else {
        return pin("reads a tensor of unknown shape");
    };
    let square = size * size;
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, 4, |axis| axis > 1)?;
    let grows = node.operator() == "DepthToSpace";
    if grows && !channels.is_multiple_of(square) {
        return pin("has channels that its blocks do not divide");
    }
    let of_space = |dim: Dim| {
        let length = dim.known()?;
        Some(Dim::Known(if grows {
            length.checked_mul(size)?
        } else {
            length / size
        }))
    };
    let height = of_space(height).unwrap_or_else(|| inference.symbol());
    let width = of_space(width).unwrap_or_else(|| inference.symbol());
    let made = if grows {
        channels / square
    } else {
        channels.saturating_mul(square)
    };
    let after = vec![batch, Dim::Known(made), height, width];
    if !field.varies(1, 4) {
        return Ok(vec![Value::data(Some(after), field)]);
    }
    let old = field.of_rank(4);
    let by_columns = node.text("mode") == Some(b"CRD");
    let label = |channel: usize, part: usize| match (grows, by_columns) {
        (false, _) => channel % channels,
        (true, true) => channel * square + part,
        (true, false) => part * made + channel,
    };
    let shape = vec![old.shape[0], made, 1, 1];
    let result = inference
        .channels
        .remapped(shape, |index| old.at(&[index[0], label(index[1], 0), 0, 0]))?;
    if grows {
        for first in 0..old.shape[0] {
            for channel in 0..made {
                for part in 1..square {
                    let one = result.at(&[first, channel, 0, 0]);
                    let other = old.at(&[first, label(channel, part), 0, 0]);
                    inference.channels.equal(one, other);
                }
            }
        }
    }
    Ok(vec![Value::data(Some(after), result)])
}

/// Samples of an image at computed places: all its pixels carry one multiplier.
pub(super) fn sampled(inference: &mut Inference, node: &Node) -> Followed {
    let reason = inference.current.clone();
    for index in 1..node.inputs.len() {
        if let Some(place) = node.optional(index).cloned() {
            inference.pin(&place, &reason);
        }
    }
    let input = node.input(0)?;
    let Some(rank) = input.rank() else {
        return pin("reads a tensor of unknown rank");
    };
    let is_region = node.operator() == "RoiAlign";
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axis > 1 || (is_region && axis == 0))?;
    let channels = input.shape.as_ref().and_then(|shape| shape.get(1).copied());
    let mut shape: Vec<Dim> = (0..rank).map(|_| inference.symbol()).collect();
    if let (Some(channels), true) = (channels, rank > 1) {
        shape[1] = channels;
    }
    Ok(vec![Value::data(Some(shape), field)])
}
