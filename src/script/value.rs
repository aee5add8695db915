//! Values of scripts: exact numbers, computed numbers, polynomials, and lists and records of these.

use std::fmt;
use std::rc::Rc;

use num_traits::ToPrimitive;
use rhai::{Array, Dynamic, ImmutableString, Map};

use super::fact::Fact;
use super::limits::{Fault, MAX_NESTING, Work, fault};
use crate::network::Network;
use crate::numbers::Rational;
use crate::symbolic::Laurent;

/// A rational that is not a 64-bit integer. Shared, so that copies of arrays stay small.
#[derive(Debug, Clone)]
pub struct Exact(pub Rc<Rational>);

/// A floating-point result: a proposal, never evidence.
#[derive(Debug, Clone, Copy)]
pub struct Computed(pub f64);

/// A polynomial with rational coefficients.
#[derive(Debug, Clone)]
pub struct Polynomial(pub Rc<Laurent>);

/// A network with exact weights.
#[derive(Debug, Clone)]
pub struct Net(pub Rc<Network<Rational>>);

/// A value that can be claimed about.
#[derive(Debug, Clone)]
pub enum Value {
    /// An exact rational.
    Exact(Rational),
    /// A floating-point number.
    Computed(f64),
    /// A polynomial.
    Polynomial(Rc<Laurent>),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// A map.
    Record(Vec<(String, Value)>),
}

/// A number as a script sees it: an integer of 64 bits where it is one.
pub fn number(value: Rational, work: &Work) -> Result<Dynamic, Fault> {
    work.charge_number(&value)?;
    Ok(
        match value.is_integer().then(|| value.numer().to_i64()).flatten() {
            Some(integer) => Dynamic::from(integer),
            None => Dynamic::from(Exact(Rc::new(value))),
        },
    )
}

/// An array of exact numbers.
pub fn numbers(values: Vec<Rational>, work: &Work) -> Result<Dynamic, Fault> {
    let numbers = values.into_iter().map(|value| number(value, work));
    Ok(Dynamic::from_array(numbers.collect::<Result<Array, _>>()?))
}

/// The exact number in a script's value.
///
/// # Errors
/// The value is something else.
pub fn exact(value: &Dynamic) -> Result<Rational, Fault> {
    if let Ok(integer) = value.as_int() {
        return Ok(Rational::from_integer(integer.into()));
    }
    match value.read_lock::<Exact>() {
        Some(exact) => Ok(exact.0.as_ref().clone()),
        None if value.is::<Computed>() => Err(fault(
            "a computed number cannot be used as an exact one: propose a rational with simplest(x, width)",
        )),
        None => Err(fault(format!("a number is needed, not {}", kind(value)))),
    }
}

/// The exact numbers of an array.
///
/// # Errors
/// Not an array, or one that holds something else.
pub fn exact_list(value: &Dynamic) -> Result<Vec<Rational>, Fault> {
    let array = value.read_lock::<Array>();
    let array = array.ok_or_else(|| {
        fault(format!(
            "an array of numbers is needed, not {}",
            kind(value)
        ))
    })?;
    array.iter().map(exact).collect()
}

/// The texts of an array.
///
/// # Errors
/// Not an array, or one that holds something else.
pub fn texts(value: &Dynamic) -> Result<Vec<String>, Fault> {
    let array = value.read_lock::<Array>();
    let array =
        array.ok_or_else(|| fault(format!("an array of names is needed, not {}", kind(value))))?;
    let text = |entry: &Dynamic| {
        let text = entry.read_lock::<ImmutableString>();
        text.map(|text| text.to_string())
            .ok_or_else(|| fault(format!("a name is needed, not {}", kind(entry))))
    };
    array.iter().map(text).collect()
}

/// What a value is, for messages.
pub fn kind(value: &Dynamic) -> &'static str {
    match value {
        _ if value.is::<Exact>() || value.is_int() => "a number",
        _ if value.is::<Computed>() => "a computed number",
        _ if value.is::<Polynomial>() => "a polynomial",
        _ if value.is::<Net>() => "a network",
        _ if value.is::<Fact>() => "a fact",
        _ if value.is_string() => "a text",
        _ if value.is_array() => "an array",
        _ if value.is_map() => "a map",
        _ if value.is_bool() => "a truth value",
        _ if value.is_char() => "a character",
        _ if value.is_unit() => "nothing",
        _ if value.is_fnptr() => "a function",
        _ => "this",
    }
}

impl Value {
    /// Reads a script's value.
    ///
    /// # Errors
    /// A kind of value that no claim is about, or nesting beyond the limit.
    pub fn read(value: &Dynamic) -> Result<Self, Fault> {
        Self::read_nested(value, 0)
    }

    fn read_nested(value: &Dynamic, depth: usize) -> Result<Self, Fault> {
        if depth > MAX_NESTING {
            return Err(fault("arrays and maps are nested too deeply"));
        }
        if let Some(list) = value.read_lock::<Array>() {
            let entries = list.iter().map(|entry| Self::read_nested(entry, depth + 1));
            return Ok(Value::List(entries.collect::<Result<_, _>>()?));
        }
        if let Some(record) = value.read_lock::<Map>() {
            let entries = record
                .iter()
                .map(|(key, entry)| Ok((key.to_string(), Self::read_nested(entry, depth + 1)?)));
            return Ok(Value::Record(entries.collect::<Result<_, Fault>>()?));
        }
        if let Some(computed) = value.read_lock::<Computed>() {
            return Ok(Value::Computed(computed.0));
        }
        if let Some(polynomial) = value.read_lock::<Polynomial>() {
            return Ok(Value::Polynomial(polynomial.0.clone()));
        }
        if let Some(text) = value.read_lock::<ImmutableString>() {
            return Ok(Value::Text(text.to_string()));
        }
        match exact(value) {
            Ok(number) => Ok(Value::Exact(number)),
            Err(_) => Err(fault(format!("nothing can be claimed of {}", kind(value)))),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Exact(number) => write!(f, "{number}"),
            Value::Computed(number) => write!(f, "about {number:.6e}"),
            Value::Polynomial(polynomial) => write!(f, "{polynomial}"),
            Value::Text(text) => write!(f, "{text}"),
            Value::List(entries) => {
                f.write_str("[")?;
                for (at, entry) in entries.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{entry}")?;
                }
                f.write_str("]")
            }
            Value::Record(entries) => {
                f.write_str("{")?;
                for (at, (key, entry)) in entries.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}: {entry}")?;
                }
                f.write_str("}")
            }
        }
    }
}
