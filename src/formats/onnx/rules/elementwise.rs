//! Operators that treat every entry by itself.

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::{Dim, Integer};
use super::constants;
use super::integers::{few, length};
use super::products::is_free;
use crate::forms::{Field, ONE};

/// `f(λx) = λ f(x)`: what is made carries the multiplier of what is read.
pub(super) fn homogeneous(inference: &mut Inference, node: &Node) -> Followed {
    let input = node.input(0)?;
    if matches!(input.content, Content::Zero) {
        return Ok(vec![input.clone()]);
    }
    let field = inference.field(input, node.output())?;
    Ok(vec![Value::data(input.shape.clone(), field)])
}

pub(super) fn identity(node: &Node) -> Followed {
    Ok(vec![node.input(0)?.clone()])
}

/// A slope of any sign and size is homogeneous; it stays as it is.
pub(super) fn prelu(inference: &mut Inference, node: &Node) -> Followed {
    let slope = node.input(1)?;
    let Some(view) = slope.constant() else {
        return pin("has a slope that is computed");
    };
    inference.keep(view, &format!("the slope of PRelu `{}`", node.output()));
    homogeneous(inference, node)
}

/// Homogeneous only where every bound is 0.
pub(super) fn clip(inference: &mut Inference, node: &Node) -> Followed {
    let (low, high) = match inference.opset < 11 {
        true => (
            node.float("min").map(f64::from),
            node.float("max").map(f64::from),
        ),
        false => (bound(inference, node, 1)?, bound(inference, node, 2)?),
    };
    let zero_or_open = |bound: Option<f64>, open: fn(f64) -> bool| match bound {
        None => true,
        Some(bound) => bound == 0.0 || open(bound),
    };
    let low_fits = zero_or_open(low, |bound| bound <= f64::from(f32::MIN));
    let high_fits = zero_or_open(high, |bound| bound >= f64::from(f32::MAX));
    match low_fits && high_fits {
        true => homogeneous(inference, node),
        false => pin("has a bound other than 0"),
    }
}

fn bound(inference: &mut Inference, node: &Node, index: usize) -> Result<Option<f64>, Stop> {
    let Some(value) = node.optional(index) else {
        return Ok(None);
    };
    let Some(view) = value.constant().filter(|view| view.len() == 1) else {
        return pin("has a bound that is computed");
    };
    inference.keep(view, &format!("a bound of Clip `{}`", node.output()));
    match inference.number(view, 0) {
        Some(bound) => Ok(Some(bound)),
        None => pin("has a bound that is not read"),
    }
}

/// What is added must carry one multiplier; so must the arguments of a maximum.
pub(super) fn sum(inference: &mut Inference, node: &Node) -> Followed {
    if let Some(value) = constants::unmoved(inference, node) {
        return Ok(vec![value]);
    }
    let inputs: Vec<&Value> = node.inputs.iter().flatten().collect();
    if inputs.is_empty() {
        return pin("has no inputs");
    }
    let shape = inference.broadcast_all(&node.inputs);
    let mut tied: Option<Field> = None;
    let is_added = matches!(node.operator(), "Add" | "Sub" | "Sum");
    // What is computed tells which axis is that of the channels.
    let (constants, computed): (Vec<&Value>, Vec<&Value>) =
        inputs.iter().partition(|input| input.constant().is_some());
    let rank = shape.as_ref().map(Vec::len);
    for input in computed.into_iter().chain(constants) {
        if matches!(input.content, Content::Zero) || is_rectifier(inference, node, input) {
            continue;
        }
        if let Some(view) = input.constant()
            && !is_learnable(inference, view)
            && is_free(inference, view)
        {
            inference.keep(
                view,
                &format!("a summand of {} without a multiplier", inference.current),
            );
            continue;
        }
        let field = match is_added {
            true => inference.added(input, tied.as_ref(), rank, node.output())?,
            false => inference.field(input, node.output())?,
        };
        tied = Some(match tied {
            None => field,
            Some(tied) => inference.channels.tied(&tied, &field)?,
        });
    }
    Ok(vec![match tied {
        Some(field) => Value::data(shape, field),
        None => Value {
            shape,
            content: Content::Zero,
        },
    }])
}

/// Could the entries of a summand be weights, though they are 0 now? A single number is none unless that is said.
fn is_learnable(inference: &Inference, view: &View) -> bool {
    let mut numbers = (0..view.len()).map(|place| inference.number(view, place));
    let may_be = view.len() > 1 || inference.is_declared_learned(view);
    may_be && numbers.all(|number| number == Some(0.0))
}

/// Is it the 0 of `Max(x, 0)`, which is 0 at every multiplier?
fn is_rectifier(inference: &mut Inference, node: &Node, input: &Value) -> bool {
    let Some(view) = input.constant().filter(|view| view.len() == 1) else {
        return false;
    };
    let is_zero =
        matches!(node.operator(), "Max" | "Min") && inference.number(view, 0) == Some(0.0);
    if is_zero {
        inference.keep(
            view,
            &format!("the bound of {} `{}`", node.operator(), node.output()),
        );
    }
    is_zero
}

/// Zeros carry any multiplier; integers may say a shape.
pub(super) fn constant_of_shape(inference: &mut Inference, node: &Node) -> Followed {
    let shape = node.input(0)?;
    let asked: Option<Vec<Dim>> = inference.integers(shape).map(|integers| {
        let dim = |integer| length(inference, integer);
        integers.into_iter().map(dim).collect()
    });
    let is_zero = match node.tensor("value") {
        None => true,
        Some(tensor) => {
            let value = inference.constant(node.output(), tensor)?;
            if let Some([integer]) = inference.known_integers(&value).as_deref()
                && let Some(count) = asked.as_deref().and_then(few)
            {
                let content = Content::Integers(vec![Integer::Known(*integer); count]);
                return Ok(vec![Value {
                    shape: asked,
                    content,
                }]);
            }
            let number = value.constant().and_then(|view| inference.number(view, 0));
            number == Some(0.0)
        }
    };
    let content = match is_zero {
        true => Content::Zero,
        false => Content::Data(Field::uniform(ONE)),
    };
    Ok(vec![Value {
        shape: asked,
        content,
    }])
}
