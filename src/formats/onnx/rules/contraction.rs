//! Products of tensors with named axes, summed over those that the result has not.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::products::zero;
use crate::forms::{Exponent, Field, ONE, advance};

/// Products of labels beyond so many are not gone through.
const MOST: usize = 1 << 24;

/// Labels of a factor beyond so many are not split into those of rows and of columns.
const MOST_SPLIT: usize = 1 << 16;

/// Products of the forms of a weight's own axes with those beside it beyond so many are not told apart: each takes
/// memory.
const MOST_MADE: usize = 1 << 18;

/// Weights beside the largest one whose entries carry multipliers one by one: so many entries at most.
const MOST_LOOSE: usize = 1 << 18;

/// A factor, each of whose axes has a name of its own.
pub(super) struct Factor {
    pub value: Value,
    pub axes: Vec<usize>,
}

/// A field with the names of its axes.
struct Named {
    field: Field,
    names: Vec<usize>,
}

/// The lengths of a result.
pub(super) fn result_shape(
    inference: &mut Inference,
    factors: &[Factor],
    output: &[usize],
) -> Vec<Dim> {
    let mut shape = Vec::with_capacity(output.len());
    for name in output {
        let own = factors.iter().filter_map(|factor| {
            let axis = factor.axes.iter().position(|own| own == name)?;
            factor.value.shape.as_ref()?.get(axis).copied()
        });
        let own: Vec<Dim> = own.collect();
        let mut longer = own.iter().filter(|dim| **dim != Dim::Known(1));
        let known = longer.clone().find(|dim| dim.known().is_some());
        let found = known.or(longer.next()).or(own.first()).copied();
        shape.push(found.unwrap_or_else(|| inference.symbol()));
    }
    shape
}

/// A field whose axes have names, with its axes in another order; those that it does not have are of length 1.
pub(super) fn rearranged(
    inference: &mut Inference,
    field: &Field,
    axes: &[usize],
    output: &[usize],
) -> Result<Field, Stop> {
    let old = field.of_rank(axes.len());
    let place = |name: &usize| axes.iter().position(|own| own == name);
    let shape = output
        .iter()
        .map(|name| place(name).map_or(1, |axis| old.shape[axis]))
        .collect();
    let made = inference.channels.remapped(shape, |index| {
        let mut inner = vec![0; axes.len()];
        for (name, at) in output.iter().zip(index) {
            if let Some(axis) = place(name) {
                inner[axis] = *at;
            }
        }
        old.at(&inner)
    })?;
    Ok(made)
}

/// Several factors, summed over the axes that the result has not. The largest constant among them is a weight by its
/// axes, others are entry by entry.
pub(super) fn contracted(
    inference: &mut Inference,
    node: &Node,
    mut factors: Vec<Factor>,
    output: &[usize],
) -> Followed {
    let fits = |factor: &Factor| factor.value.rank() == Some(factor.axes.len());
    if !factors.iter().all(fits) {
        return pin("reads a tensor of another or unknown rank");
    }
    let shape = result_shape(inference, &factors, output);
    let is_zero = |factor: &Factor| matches!(factor.value.content, Content::Zero);
    if factors.iter().any(is_zero) {
        return Ok(vec![zero(Some(shape))]);
    }
    let size = |inference: &Inference, factor: &Factor| {
        let view = factor.value.constant();
        view.filter(|view| inference.constants[view.constant].place.is_ok())
            .map(View::len)
    };
    let sizes: Vec<Option<usize>> = factors.iter().map(|own| size(inference, own)).collect();
    if !sizes.contains(&None) && !sums(&factors, output) {
        return pin("multiplies constants");
    }
    let largest = (0..factors.len()).filter(|factor| sizes[*factor].is_some());
    let largest = largest.max_by_key(|factor| (sizes[*factor], *factor));
    let weight = largest.map(|factor| factors.remove(factor));
    let mut product: Option<Named> = None;
    for factor in &factors {
        let field = match factor.value.constant() {
            Some(view) if size(inference, factor).is_some() => {
                if view.len() > MOST_LOOSE {
                    return pin("multiplies two large constants");
                }
                let field = inference.constant_field(view)?;
                inference.weigh(view, field.clone(), Field::uniform(ONE))?;
                field
            }
            _ => inference.field(&factor.value, node.output())?,
        };
        let own = Named {
            field: field.of_rank(factor.axes.len()),
            names: factor.axes.clone(),
        };
        product = Some(match product {
            None => own,
            Some(known) => multiplied(inference, &known, &own)?,
        });
    }
    let Some(product) = product else {
        return pin("has one factor only");
    };
    let made = match &weight {
        None => summed(inference, &product, output)?,
        Some(weight) => match weight.value.constant() {
            Some(view) => weighed(inference, node, (view, &weight.axes), product, output)?,
            None => return pin("has a weight that is computed"),
        },
    };
    Ok(vec![Value::data(Some(shape), made)])
}

/// Are several products added up? Tables of constants are products of two vectors.
fn sums(factors: &[Factor], output: &[usize]) -> bool {
    factors.iter().any(|factor| {
        let dims = factor.value.shape.iter().flatten();
        let mut axes = factor.axes.iter().zip(dims);
        axes.any(|(name, dim)| !output.contains(name) && *dim != Dim::Known(1))
    })
}

/// Entry by entry the product of two factors, along all axes of both.
fn multiplied(inference: &mut Inference, one: &Named, other: &Named) -> Result<Named, Stop> {
    let mut names = one.names.clone();
    for name in &other.names {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    let a = rearranged(inference, &one.field, &one.names, &names)?;
    let b = rearranged(inference, &other.field, &other.names, &names)?;
    let mut count = Some(1usize);
    for (a, b) in a.shape.iter().zip(&b.shape) {
        if a != b && *a != 1 && *b != 1 {
            return pin("multiplies tensors whose axes do not fit");
        }
        count = count.and_then(|count| count.checked_mul(*a.max(b)));
    }
    if count.is_none_or(|count| count > MOST) {
        return pin("multiplies tensors with too many different multipliers");
    }
    let one = Exponent::from(1);
    let field = inference.channels.combined((&a, one), (&b, one))?;
    Ok(Named { field, names })
}

/// All summands of an entry carry one multiplier.
fn summed(inference: &mut Inference, product: &Named, output: &[usize]) -> Result<Field, Stop> {
    let names = &product.names;
    let merged = inference
        .channels
        .merged_along(&product.field, names.len(), |axis| {
            !output.contains(&names[axis])
        })?;
    rearranged(inference, &merged, names, output)
}

/// One factor is a weight: the result has channels along the weight's own axes, beside those along axes of the other
/// factors that the weight does not have; what it is summed along divides it.
fn weighed(
    inference: &mut Inference,
    node: &Node,
    (view, axes): (&View, &[usize]),
    data: Named,
    output: &[usize],
) -> Result<Field, Stop> {
    if view.shape.len() != axes.len() {
        return pin("has a weight of another rank");
    }
    // Where the weight has no axis, or one of length 1, its entries meet all of the other factor's.
    let is_own = |name: &usize| {
        let axis = axes.iter().position(|own| own == name);
        axis.is_some_and(|axis| view.shape[axis] != 1)
    };
    let names = &data.names;
    let is_apart = |axis: usize| !is_own(&names[axis]) && output.contains(&names[axis]);
    let field = inference
        .channels
        .merged_along(&data.field, names.len(), |axis| {
            !is_own(&names[axis]) && !is_apart(axis)
        })?;
    let length = |name: &usize| {
        let axis = axes.iter().position(|own| own == name);
        axis.map_or(1, |axis| view.shape[axis])
    };
    // Forms of the result, where those beside the weight's own are told apart.
    let beside = (0..names.len()).filter(|axis| is_apart(*axis));
    let lengths = beside.map(|axis| field.of_rank(names.len()).shape[axis]);
    let mut lengths = lengths.chain(output.iter().map(length));
    let forms = lengths.try_fold(1usize, |all, own| all.checked_mul(own));
    let field = match forms.is_some_and(|forms| forms <= MOST_MADE) {
        true => field,
        false => inference
            .channels
            .merged_along(&field, names.len(), is_apart)?,
    };
    let is_summed = |axis: usize| is_own(&names[axis]) && !output.contains(&names[axis]);
    let (field, beside) = split(inference, field, names.len(), is_apart, is_summed)?;
    let minus = rearranged(inference, &field, names, axes)?;
    let shape: Vec<usize> = output.iter().map(length).collect();
    let count = shape
        .iter()
        .try_fold(1usize, |all, own| all.checked_mul(*own));
    let fresh = inference.fresh(node, count.unwrap_or(usize::MAX))?;
    let made = Field {
        shape,
        labels: fresh.collect(),
    };
    let plus = rearranged(inference, &made, output, axes)?;
    inference.weigh(view, plus, minus)?;
    let Some(beside) = beside else {
        return Ok(made);
    };
    let beside = rearranged(inference, &beside, names, output)?;
    let one = Exponent::from(1);
    Ok(inference.channels.combined((&made, one), (&beside, one))?)
}

/// A field as the product of one that does not vary along axes that stand apart, which divides a weight, and one that
/// does not vary along those that are summed over, which the result carries on; `None` where that is 1. All entries
/// must be such products; where there are too many, they share one multiplier along the axes that stand apart.
fn split(
    inference: &mut Inference,
    field: Field,
    rank: usize,
    is_apart: impl Fn(usize) -> bool,
    is_summed: impl Fn(usize) -> bool,
) -> Result<(Field, Option<Field>), Stop> {
    let old = field.of_rank(rank);
    let varies =
        |of: &dyn Fn(usize) -> bool| (0..rank).any(|axis| old.shape[axis] != 1 && of(axis));
    if !varies(&is_apart) {
        return Ok((old, None));
    }
    if old.labels.len() > MOST_SPLIT {
        let merged = inference.channels.merged_along(&old, rank, is_apart)?;
        return Ok((merged, None));
    }
    if !varies(&|axis| !is_apart(axis)) {
        return Ok((Field::uniform(ONE).of_rank(rank), Some(old)));
    }
    // The field at the first index of some axes.
    let first = |inference: &mut Inference, of: &dyn Fn(usize) -> bool| {
        let shape = (0..rank).map(|axis| if of(axis) { 1 } else { old.shape[axis] });
        inference
            .channels
            .remapped(shape.collect(), |index| old.at(index))
    };
    let rows = first(inference, &is_apart)?;
    let columns = first(inference, &is_summed)?;
    let corner = first(inference, &|axis| is_apart(axis) || is_summed(axis))?;
    let (one, minus) = (Exponent::from(1), Exponent::from(-1));
    let beside = inference
        .channels
        .combined((&columns, one), (&corner, minus))?;
    let product = inference
        .channels
        .combined((&rows, one), (&beside, one))?
        .of_rank(rank);
    let mut index = vec![0; rank];
    for label in old.labels.iter() {
        inference.channels.equal(*label, product.at(&index));
        advance(&mut index, &old.shape);
    }
    Ok((rows, Some(beside)))
}
