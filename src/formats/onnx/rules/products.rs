//! Products, quotients and powers: multipliers are multiplied, divided, raised.

use num_traits::{One, Zero};

use super::super::constant::View;
use super::super::infer::Inference;
use super::super::learned::is_unscaled;
use super::super::node::{Content, Followed, Node, Stop, Value, pin};
use super::super::shape::Dim;
use super::constants;
use crate::forms::{Exponent, Field, ONE, advance};

/// Exponents beyond so much, or with a larger denominator, are not followed.
const MOST: i64 = 64;

/// Entries of a constant with zeros beyond so many are not gone through.
const MAX_ENTRIES: usize = 1 << 22;

/// The gain of a normalisation and the scale of a branch are diagonal layers: their entries are weights. Any other
/// constant changes no multiplier, and is left; where it is 0, any multiplier will do.
pub(super) fn product(inference: &mut Inference, node: &Node) -> Followed {
    let (one, other) = (node.input(0)?, node.input(1)?);
    let shape = inference.broadcast_all(&node.inputs);
    if [one, other]
        .iter()
        .any(|value| matches!(value.content, Content::Zero))
    {
        return Ok(vec![zero(shape)]);
    }
    let (data, factor) = match (one.constant(), other.constant()) {
        (None, Some(factor)) => (one, factor.clone()),
        (Some(factor), None) => (other, factor.clone()),
        (Some(a), Some(b)) => match constants::product(inference, node, a, b) {
            Some(value) => return Ok(vec![value]),
            None => return pin("multiplies two constants"),
        },
        (None, None) => {
            let one = inference.field(one, node.output())?;
            let other = inference.field(other, node.output())?;
            let made = multiplied(inference, (&one, 1), (&other, 1))?;
            return Ok(vec![Value::data(shape, made)]);
        }
    };
    let field = inference.field(data, node.output())?;
    let is_scaled = inference.constants[factor.constant].place.is_ok();
    if !(is_scaled && inference.is_learned_factor(node, &factor, data, &field)) {
        inference.keep(&factor, &format!("a factor of Mul `{}`", node.output()));
        let made = masked(inference, node, &factor, field)?;
        return Ok(vec![Value::data(shape, made)]);
    }
    let reach = factor.shape.len();
    let fresh = inference.fresh(node, factor.len())?;
    let own = Field {
        shape: factor.shape.clone(),
        labels: fresh.collect(),
    };
    if covers(&factor, &field) {
        inference.weigh(&factor, own.clone(), field.of_rank(reach))?;
        return Ok(vec![Value::data(shape, own)]);
    }
    inference.weigh(&factor, own.clone(), Field::uniform(ONE))?;
    let made = multiplied(inference, (&field, 1), (&own, 1))?;
    Ok(vec![Value::data(shape, made)])
}

/// Does a constant have an entry for every multiplier of a field?
fn covers(factor: &View, field: &Field) -> bool {
    let rank = factor.shape.len().max(field.shape.len());
    let missing = rank - factor.shape.len();
    let lengths = field.of_rank(rank).shape;
    (0..rank).all(|axis| {
        lengths[axis] == 1 || (axis >= missing && lengths[axis] == factor.shape[axis - missing])
    })
}

/// The product with a constant that stays as it is: where it is 0, the entries of the result have multipliers of their
/// own.
pub(super) fn masked(
    inference: &mut Inference,
    node: &Node,
    factor: &View,
    field: Field,
) -> Result<Field, Stop> {
    let count = factor.len();
    if count > MAX_ENTRIES {
        return Ok(field);
    }
    let zeros: Vec<bool> = (0..count)
        .map(|place| inference.number(factor, place) == Some(0.0))
        .collect();
    if !zeros.contains(&true) {
        return Ok(field);
    }
    let rank = factor.shape.len().max(field.shape.len());
    let mask = Field {
        shape: factor.shape.clone(),
        labels: (0..count as u32).collect(),
    }
    .of_rank(rank);
    let old = field.of_rank(rank);
    let mut lengths = old.shape.iter().zip(&mask.shape);
    if !lengths.all(|(a, b)| a == b || *a == 1 || *b == 1) {
        return Ok(inference.channels.merged(&old));
    }
    let lengths = old.shape.iter().zip(&mask.shape);
    let shape: Vec<usize> = lengths.map(|(a, b)| (*a).max(*b)).collect();
    let places: usize = shape.iter().product();
    if places > MAX_ENTRIES {
        return Ok(field);
    }
    // Along axes that the field does not vary along, all entries must be 0.
    let mut is_zero = vec![true; old.labels.len()];
    let mut index = vec![0; rank];
    for _ in 0..places {
        is_zero[old.place(&index)] &= zeros[mask.at(&index) as usize];
        advance(&mut index, &shape);
    }
    let mut labels = old.labels.to_vec();
    for (label, is_zero) in labels.iter_mut().zip(is_zero) {
        if is_zero {
            *label = inference.channels.fresh(node.output(), "zero", 1)?.start;
        }
    }
    Ok(Field {
        shape: old.shape,
        labels: labels.into(),
    })
}

fn multiplied(
    inference: &mut Inference,
    (one, a): (&Field, i64),
    (other, b): (&Field, i64),
) -> Result<Field, Stop> {
    let (a, b) = (Exponent::from(a), Exponent::from(b));
    Ok(inference.channels.combined((one, a), (other, b))?)
}

pub(super) fn zero(shape: Option<Vec<Dim>>) -> Value {
    Value {
        shape,
        content: Content::Zero,
    }
}

/// The dividend's multiplier over the divisor's; a constant divisor changes nothing, and is left.
pub(super) fn quotient(inference: &mut Inference, node: &Node) -> Followed {
    let (data, divisor) = (node.input(0)?, node.input(1)?);
    let shape = inference.broadcast_all(&node.inputs);
    if matches!(data.content, Content::Zero) {
        return Ok(vec![zero(shape)]);
    }
    if let Some(value) = constants::ratio(inference, node) {
        return Ok(vec![value]);
    }
    let name = node.message.input.get(1).map_or("", String::as_str);
    let gain = data.constant().cloned();
    let field = match gain.filter(|gain| inference.is_gain_over(gain, name)) {
        Some(gain) => inference.bias(&gain, node.output())?,
        None => inference.field(data, node.output())?,
    };
    if let Some(view) = divisor.constant() {
        inference.keep(view, &format!("a divisor of Div `{}`", node.output()));
        return Ok(vec![Value::data(shape, field)]);
    }
    let below = inference.field(divisor, node.output())?;
    inference.channels.breaks_at_zero(&below);
    let made = multiplied(inference, (&field, 1), (&below, -1))?;
    Ok(vec![Value::data(shape, made)])
}

/// Roots, reciprocals and squares.
pub(super) fn power_of(inference: &mut Inference, node: &Node, exponent: Exponent) -> Followed {
    let input = node.input(0)?;
    if matches!(input.content, Content::Zero) && exponent > Exponent::zero() {
        return Ok(vec![input.clone()]);
    }
    let field = inference.field(input, node.output())?;
    if exponent < Exponent::zero() {
        inference.channels.breaks_at_zero(&field);
    }
    let made = inference.channels.power(&field, exponent)?;
    if !exponent.is_integer() {
        inference.rounds_powers(&made, false);
    }
    Ok(vec![Value::data(input.shape.clone(), made)])
}

/// `x^c`, `c` one constant.
pub(super) fn power(inference: &mut Inference, node: &Node) -> Followed {
    let exponent = node.input(1)?;
    let Some(view) = exponent.constant().filter(|view| view.len() == 1) else {
        return pin("has an exponent that is computed, or several");
    };
    let whole = inference.known_integers(exponent);
    let number = match whole.as_deref() {
        Some([one]) => Some(*one as f64),
        _ => inference.number(view, 0),
    };
    inference.keep(view, &format!("the exponent of Pow `{}`", node.output()));
    match number.and_then(exponent_of) {
        _ if node
            .input(0)?
            .rank()
            .is_some_and(|rank| Some(rank) < exponent.rank()) =>
        {
            pin("has an exponent of more axes than its base")
        }
        Some(exponent) if exponent.is_one() => Ok(vec![node.input(0)?.clone()]),
        Some(exponent) => {
            let is_product = [2, 3].map(Exponent::from).contains(&exponent);
            let made = power_of(inference, node, exponent)?;
            if let [
                Value {
                    content: Content::Data(field),
                    ..
                },
            ] = made.as_slice()
                && !is_product
            {
                inference.rounds_powers(field, true);
            }
            Ok(made)
        }
        None => pin("has an exponent that is no small fraction"),
    }
}

/// The fraction that a float is, if it is a small one.
fn exponent_of(number: f64) -> Option<Exponent> {
    let denominator = (1..=MOST).find(|denominator| {
        let above = number * *denominator as f64;
        above.fract() == 0.0 && above.abs() <= MOST as f64
    })?;
    let above = (number * denominator as f64) as i64;
    Some(Exponent::new(above, denominator))
}

/// What is not changed by positive factors: 0 and infinity. It stands here for all rules that go through constants.
pub(super) fn is_free(inference: &Inference, view: &View) -> bool {
    let mut places = 0..view.len();
    view.len() <= MAX_ENTRIES
        && places.all(|place| inference.number(view, place).is_some_and(is_unscaled))
}
