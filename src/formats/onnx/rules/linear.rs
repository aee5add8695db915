//! Layers: matrices and convolutions. A weight scales with its output and against its input.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::bilinear;
use super::pooling::window;
use crate::forms::{Exponent, Field, ONE, Slot};

/// The data that a layer reads: a constant there would make the layer a constant.
fn data<'a>(node: &'a Node, index: usize) -> Result<&'a Value, Stop> {
    let value = node.input(index)?;
    match value.content {
        Content::Data(_) | Content::Zero => Ok(value),
        _ => pin("multiplies two constants"),
    }
}

fn weight<'a>(node: &'a Node, index: usize) -> Result<&'a View, Stop> {
    match node.input(index)?.constant() {
        Some(view) => Ok(view),
        None => pin("multiplies two computed tensors"),
    }
}

/// Labels along an axis of so many entries: one for each, or one for all.
fn check_length(labels: &[Slot], length: usize) -> Result<(), Stop> {
    match labels.len() == 1 || labels.len() == length {
        true => Ok(()),
        false => pin("reads a tensor of another number of channels than its weight has"),
    }
}

/// `Y = A B + C`, one of `A` and `B` the weight.
pub(super) fn gemm(inference: &mut Inference, node: &Node) -> Followed {
    let is_transposed = |name| node.int(name).unwrap_or(0) != 0;
    let transposed = [is_transposed("transA"), is_transposed("transB")];
    let side = match (node.input(0)?.constant(), node.input(1)?.constant()) {
        (None, Some(_)) => 1,
        (Some(_), None) => 0,
        (None, None) => {
            let made = bilinear::gemm(inference, node, transposed)?;
            return with_bias(inference, node, made);
        }
        _ => return pin("multiplies two constants"),
    };
    let (input, view) = (data(node, 1 - side)?, weight(node, side)?.clone());
    // The axis over which is summed: the second of A, the first of B.
    let inner = |side: usize| side ^ usize::from(!transposed[side]);
    let &[_, _] = view.shape.as_slice() else {
        return pin("has a weight that is no matrix");
    };
    let field = inference.field(input, node.output())?;
    let summed = inner(1 - side);
    if field.varies(1 - summed, 2) && input.rank() == Some(2) {
        let made = bilinear::gemm(inference, node, transposed)?;
        return with_bias(inference, node, made);
    }
    let field = inference
        .channels
        .merged_along(&field, 2, |axis| axis != summed)?;
    let labels = field.labels_along(summed, 2);
    let (inner_axis, outer_axis) = (inner(side), 1 - inner(side));
    check_length(&labels, view.shape[inner_axis])?;
    let fresh = inference.fresh(node, view.shape[outer_axis])?;
    let (plus, minus) = (
        Field::along(fresh.clone(), 1 - outer_axis),
        Field::along(labels, 1 - inner_axis),
    );
    inference.weigh(&view, plus, minus)?;
    // Rows of the result come from A, columns from B.
    let made = Field::along(fresh, usize::from(side == 0));
    let kept = input
        .shape
        .as_ref()
        .and_then(|shape| shape.get(1 - summed).copied());
    let kept = kept.unwrap_or_else(|| inference.symbol());
    let mut shape = vec![kept, Dim::Known(view.shape[outer_axis])];
    if side == 0 {
        shape.reverse();
    }
    with_bias(inference, node, vec![Value::data(Some(shape), made)])
}

/// What is added to a product of matrices: the third input.
pub(super) fn with_bias(inference: &mut Inference, node: &Node, product: Vec<Value>) -> Followed {
    // What is added 0 times is not read.
    let added = node.optional(2).filter(|_| node.float("beta") != Some(0.0));
    let Some(added) = added.filter(|added| !matches!(added.content, Content::Zero)) else {
        return Ok(product);
    };
    let [
        Value {
            shape,
            content: Content::Data(made),
        },
    ] = product.as_slice()
    else {
        let field = inference.field(added, node.output())?;
        let shape = product.first().and_then(|value| value.shape.clone());
        return Ok(vec![Value::data(shape, field)]);
    };
    let field = match added.constant() {
        // The bias of a single unit.
        Some(view) if view.len() == 1 && made.labels.len() == 1 => {
            inference.bias(view, node.output())?
        }
        _ => inference.added(added, Some(made), Some(2), node.output())?,
    };
    let made = inference.channels.tied(made, &field)?;
    Ok(vec![Value::data(shape.clone(), made)])
}

/// A product with a constant matrix on either side, over any axes before.
pub(super) fn matmul(inference: &mut Inference, node: &Node) -> Followed {
    let side = match (node.input(0)?.constant(), node.input(1)?.constant()) {
        (None, Some(_)) => 1,
        (Some(_), None) => 0,
        _ => return bilinear::matmul(inference, node),
    };
    let (input, view) = (data(node, 1 - side)?, weight(node, side)?.clone());
    // Several matrices, one for each index of the axes before: experts, or heads.
    let several =
        view.shape.len() > 2 && view.len() > view.shape[view.shape.len() - 2..].iter().product();
    if several && input.rank().is_some_and(|rank| rank > 1) {
        return bilinear::matmul(inference, node);
    }
    let field = inference.field(input, node.output())?;
    // Axes count from the last, so that a tensor left of its weight need not say its rank.
    let rank = match (input.rank(), field.shape.len()) {
        (Some(rank), _) => rank,
        (None, known) if side == 1 => known.max(2),
        (None, _) => return pin("reads a tensor of unknown rank"),
    };
    let width = view.shape.len();
    if rank == 0 || width == 0 {
        return pin("reads a single number");
    }
    let summed = match side {
        1 => rank - 1,
        _ => rank.saturating_sub(2),
    };
    let is_kept = |axis: usize| axis != summed && field.varies(axis, rank);
    if width > 1 && rank > 1 && input.rank() == Some(rank) && (0..rank).any(is_kept) {
        return bilinear::matmul(inference, node);
    }
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axis != summed)?;
    let labels = field.labels_along(summed, rank);
    let inner_axis = match side {
        1 => width.saturating_sub(2),
        _ => width - 1,
    };
    check_length(&labels, view.shape[inner_axis])?;
    let outer_axis = (width > 1).then(|| if side == 1 { width - 1 } else { width - 2 });
    let count = outer_axis.map_or(1, |axis| view.shape[axis]);
    let fresh = inference.fresh(node, count)?;
    let made = match outer_axis {
        // A product with a vector loses its axis.
        None => Field::uniform(fresh.start),
        Some(_) => Field::along(fresh.clone(), usize::from(side == 0 && rank > 1)),
    };
    let plus = match outer_axis {
        None => Field::uniform(fresh.start),
        Some(axis) => Field::along(fresh, width - 1 - axis),
    };
    inference.weigh(&view, plus, Field::along(labels, width - 1 - inner_axis))?;
    let shape = product_shape(inference, input, &view, summed, count);
    Ok(vec![Value::data(shape, made)])
}

fn product_shape(
    inference: &mut Inference,
    input: &Value,
    view: &View,
    summed: usize,
    count: usize,
) -> Option<Vec<Dim>> {
    let mut shape = input.shape.clone()?;
    match view.shape.len() {
        1 => {
            shape.remove(summed);
        }
        2 => shape[summed] = Dim::Known(count),
        // Axes before the matrix broadcast.
        width => {
            let own: Vec<Dim> = view.shape[..width - 2]
                .iter()
                .copied()
                .map(Dim::Known)
                .collect();
            if shape.len() < 2 {
                return None;
            }
            shape[summed] = Dim::Known(count);
            let matrix = shape.split_off(shape.len() - 2);
            let mut before = inference.broadcast(&shape, &own);
            before.extend(matrix);
            shape = before;
        }
    }
    Some(shape)
}

/// Grouped, depthwise and dilated convolutions with any number of spatial axes.
pub(super) fn convolution(inference: &mut Inference, node: &Node) -> Followed {
    if node.input(1)?.constant().is_none() {
        return computed_convolution(inference, node);
    }
    let (input, view) = (data(node, 0)?, weight(node, 1)?.clone());
    let [outputs, inputs, kernel @ ..] = view.shape.as_slice() else {
        return pin("has a weight of fewer than two axes");
    };
    let (outputs, inputs, rank) = (*outputs, *inputs, view.shape.len());
    let groups = groups(node)?;
    if !outputs.is_multiple_of(groups) {
        return pin("has a weight that its groups do not divide");
    }
    let labels = channels(inference, node, input, rank)?;
    let Some(all) = inputs.checked_mul(groups) else {
        return pin("has a weight that is too large");
    };
    check_length(&labels, all)?;
    let fresh = inference.fresh(node, outputs)?;
    let minus = match groups == 1 || labels.len() == 1 {
        true => Field::along(labels, kernel.len()),
        false => {
            let of_group = outputs / groups;
            let mut shape = vec![outputs, inputs];
            shape.extend(std::iter::repeat_n(1, kernel.len()));
            let label = |index: &[usize]| labels[index[0] / of_group * inputs + index[1]];
            inference.channels.remapped(shape, label)?
        }
    };
    let plus = Field::along(fresh.clone(), rank - 1);
    inference.weigh(&view, plus, minus)?;
    image(inference, node, input, kernel, fresh.collect())
}

/// Products of computed weights and inputs beyond so many are not gone through.
const MOST_COMPUTED: usize = 1 << 18;

/// A convolution whose weight is computed: all products that are added carry one product of multipliers.
fn computed_convolution(inference: &mut Inference, node: &Node) -> Followed {
    let (input, weight) = (data(node, 0)?, data(node, 1)?);
    let lengths = weight.shape.iter().flatten().map(|dim| dim.known());
    let lengths: Option<Vec<usize>> = lengths.collect();
    let Some([outputs, inputs, kernel @ ..]) = lengths.as_deref() else {
        return pin("has a weight of unknown shape");
    };
    let (outputs, inputs, rank) = (*outputs, *inputs, kernel.len() + 2);
    let groups = groups(node)?;
    let all = inputs.checked_mul(groups);
    let products = outputs.checked_mul(inputs);
    let (Some(all), true) = (all, outputs.is_multiple_of(groups)) else {
        return pin("has a weight that its groups do not divide");
    };
    if outputs == 0 || inputs == 0 || products.is_none_or(|count| count > MOST_COMPUTED) {
        return pin("has a computed weight that is too large");
    }
    let labels = channels(inference, node, input, rank)?;
    check_length(&labels, all)?;
    let field = inference.field(weight, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axis > 1)?
        .of_rank(rank);
    let mut made = Vec::with_capacity(outputs);
    for output in 0..outputs {
        for entry in 0..inputs {
            let mut index = vec![0; rank];
            index[0] = if field.shape[0] == 1 { 0 } else { output };
            index[1] = if field.shape[1] == 1 { 0 } else { entry };
            let channel = output / (outputs / groups) * inputs + entry;
            let read = labels[if labels.len() == 1 { 0 } else { channel }];
            let one = Exponent::from(1);
            let form = [(read, one), (field.at(&index), one)];
            let form = inference.channels.combination(&form)?;
            match entry {
                0 => made.push(form),
                _ => inference.channels.equal(made[output], form),
            }
        }
    }
    image(inference, node, input, kernel, made)
}

/// The same with the roles of input and output exchanged.
pub(super) fn transposed_convolution(inference: &mut Inference, node: &Node) -> Followed {
    let (input, view) = (data(node, 0)?, weight(node, 1)?.clone());
    let [inputs, of_group, kernel @ ..] = view.shape.as_slice() else {
        return pin("has a weight of fewer than two axes");
    };
    let (inputs, of_group, rank) = (*inputs, *of_group, view.shape.len());
    let groups = groups(node)?;
    let Some(outputs) = of_group
        .checked_mul(groups)
        .filter(|_| inputs.is_multiple_of(groups))
    else {
        return pin("has a weight that its groups do not divide");
    };
    let labels = channels(inference, node, input, rank)?;
    check_length(&labels, inputs)?;
    let fresh = inference.fresh(node, outputs)?;
    let plus = match groups {
        1 => Field::along(fresh.clone(), kernel.len()),
        _ => {
            let mut shape = vec![inputs, of_group];
            shape.extend(std::iter::repeat_n(1, kernel.len()));
            let share = inputs / groups;
            let label =
                |index: &[usize]| fresh.start + (index[0] / share * of_group + index[1]) as Slot;
            inference.channels.remapped(shape, label)?
        }
    };
    let minus = Field::along(labels, rank - 1);
    inference.weigh(&view, plus, minus)?;
    image(inference, node, input, kernel, fresh.collect())
}

/// The image that a convolution makes, its bias with it.
fn image(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    kernel: &[usize],
    made: Vec<Slot>,
) -> Followed {
    bias(inference, node, &made)?;
    let shape = shape_after(inference, node, input, made.len(), kernel);
    let made = Field::along(made, kernel.len());
    Ok(vec![Value::data(Some(shape), made)])
}

fn groups(node: &Node) -> Result<usize, Stop> {
    let groups = usize::try_from(node.int("group").unwrap_or(1)).unwrap_or(0);
    match groups {
        0 => pin("has no groups"),
        groups => Ok(groups),
    }
}

/// The multipliers of the channels of an image; all its pixels must agree on them.
fn channels(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    rank: usize,
) -> Result<Vec<Slot>, Stop> {
    if input.rank().is_some_and(|found| found != rank) {
        return pin("reads a tensor of another rank than its weight has");
    }
    let field = inference.field(input, node.output())?;
    let field = inference
        .channels
        .merged_along(&field, rank, |axis| axis != 1)?;
    Ok(field.labels_along(1, rank))
}

/// The bias scales with the output.
fn bias(inference: &mut Inference, node: &Node, made: &[Slot]) -> Result<(), Stop> {
    let Some(bias) = node.optional(2) else {
        return Ok(());
    };
    match (bias.constant(), &bias.content) {
        (Some(view), _) if view.shape == [made.len()] => {
            let made = Field::along(made.iter().copied(), 0);
            inference.weigh(view, made, Field::uniform(ONE))
        }
        (_, Content::Zero) => Ok(()),
        (None, Content::Data(_)) => {
            let field = inference.field(bias, node.output())?;
            let made = Field::along(made.iter().copied(), 0);
            inference.channels.tied(&field, &made)?;
            Ok(())
        }
        _ => pin("has a bias of another shape than its output"),
    }
}

/// The lengths of an image after a convolution.
pub(super) fn shape_after(
    inference: &mut Inference,
    node: &Node,
    input: &Value,
    outputs: usize,
    kernel: &[usize],
) -> Vec<Dim> {
    let rank = kernel.len() + 2;
    let transposed = node.operator() == "ConvTranspose";
    let unknown = (0..rank).map(|_| inference.symbol()).collect();
    let before: Vec<Dim> = input.shape.clone().unwrap_or(unknown);
    let mut shape = vec![before[0], Dim::Known(outputs)];
    for axis in 0..kernel.len() {
        let known = match transposed {
            true => None,
            false => window(node, axis, kernel.len(), before[axis + 2], kernel[axis]),
        };
        shape.push(known.unwrap_or_else(|| inference.symbol()));
    }
    shape
}
