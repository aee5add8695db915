//! Equality and order in scripts: of values that have them, and of no others.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, ImmutableString, Map};

use crate::numbers::Rational;
use crate::script::library::Library;
use crate::script::limits::{Fault, Work, fault};
use crate::script::session::Shared;
use crate::script::value::{Exact, Polynomial, exact, kind};
use crate::symbolic::Laurent;

type Test = fn(Ordering) -> bool;

const ORDERS: [(&str, Test); 4] = [
    ("<", Ordering::is_lt),
    ("<=", Ordering::is_le),
    (">", Ordering::is_gt),
    (">=", Ordering::is_ge),
];

/// Registers the six operators for every pair of values, so that the engine's own answer is never asked for: of values
/// without an order it would silently be no.
pub fn register(library: &mut Library, session: &Shared) {
    for (name, expected) in [("==", true), ("!=", false)] {
        let shared = session.clone();
        library.register_fn(name, move |left: Dynamic, right: Dynamic| {
            equal(&left, &right, &shared.work).map(|equal| equal == expected)
        });
    }
    for (name, test) in ORDERS {
        let shared = session.clone();
        library.register_fn(name, move |left: Dynamic, right: Dynamic| {
            order(&left, &right, &shared.work).map(test)
        });
    }
}

fn is_number(value: &Dynamic) -> bool {
    value.is_int() || value.is::<Exact>()
}

/// The order of two numbers.
///
/// # Errors
/// Other values: computed numbers, polynomials, texts, arrays have none.
pub fn order(left: &Dynamic, right: &Dynamic, work: &Work) -> Result<Ordering, Fault> {
    work.charge(40)?;
    if let (Ok(left), Ok(right)) = (left.as_int(), right.as_int()) {
        return Ok(left.cmp(&right));
    }
    if !is_number(left) || !is_number(right) {
        let (left, right) = (kind(left), kind(right));
        return Err(fault(format!("{left} and {right} have no order")));
    }
    let (left, right) = (exact(left)?, exact(right)?);
    work.charge_operation(&left, &right)?;
    Ok(left.cmp(&right))
}

/// Are two values the same number, text, truth value, polynomial, or entry by entry the same array or map?
///
/// # Errors
/// Values that have no equality, also within arrays and maps: computed numbers, networks, facts, functions, nothing;
/// and values of different kinds.
pub fn equal(left: &Dynamic, right: &Dynamic, work: &Work) -> Result<bool, Fault> {
    if is_number(left) && is_number(right) {
        return order(left, right, work).map(Ordering::is_eq);
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Array>(), right.read_lock::<Array>()) {
        let pairs = left.iter().zip(right.iter());
        let same = left.len() == right.len();
        return all_equal(pairs, same, work);
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Map>(), right.read_lock::<Map>()) {
        let same = left.keys().eq(right.keys());
        let pairs = left
            .iter()
            .filter_map(|(key, value)| Some((value, right.get(key)?)));
        return all_equal(pairs, same, work);
    }
    if let (Ok(left), Ok(right)) = (left.as_bool(), right.as_bool()) {
        return Ok(left == right);
    }
    if let (Ok(left), Ok(right)) = (left.as_char(), right.as_char()) {
        return Ok(left == right);
    }
    let texts = (
        left.read_lock::<ImmutableString>(),
        right.read_lock::<ImmutableString>(),
    );
    if let (Some(left), Some(right)) = texts {
        work.charge(40 + left.len().min(right.len()) as u64)?;
        return Ok(*left == *right);
    }
    match (polynomial(left), polynomial(right)) {
        (Some(left), Some(right)) => {
            let terms = left.terms().len().min(right.terms().len()) as u64;
            work.charge(64 * terms)?;
            Ok(left == right)
        }
        _ => Err(fault(format!(
            "{} and {} have no equality",
            kind(left),
            kind(right)
        ))),
    }
}

/// Every pair is looked at, so that a value without equality is refused wherever it stands.
fn all_equal<'a>(
    pairs: impl Iterator<Item = (&'a Dynamic, &'a Dynamic)>,
    same: bool,
    work: &Work,
) -> Result<bool, Fault> {
    let mut result = same;
    for (left, right) in pairs {
        result &= equal(left, right, work)?;
    }
    Ok(result)
}

fn polynomial(value: &Dynamic) -> Option<Laurent> {
    if let Some(polynomial) = value.read_lock::<Polynomial>() {
        return Some(polynomial.0.as_ref().clone());
    }
    let number: Rational = exact(value).ok()?;
    Some(Laurent::constant(number))
}
