//! Arithmetic on exact numbers: `/` of integers is a rational, and no integer overflows.

use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use rhai::{Dynamic, Engine, INT};

use crate::numbers::{
    Rational, natural_log, parse_rational, rational_from_f64, rational_power, simplest_between,
};
use crate::script::limits::{Fault, MAX_BITS, Work, bits, fault};
use crate::script::session::Shared;
use crate::script::value::{Computed, Exact, exact, exact_list, number};

/// A type of exact number.
trait Operand: Clone + 'static {
    fn rational(&self) -> Rational;
}

impl Operand for INT {
    fn rational(&self) -> Rational {
        Rational::from_integer((*self).into())
    }
}

impl Operand for Exact {
    fn rational(&self) -> Rational {
        self.0.as_ref().clone()
    }
}

type Operation = fn(Rational, Rational) -> Result<Rational, Fault>;

const OPERATIONS: [(&str, Operation); 6] = [
    ("+", |a, b| Ok(a + b)),
    ("-", |a, b| Ok(a - b)),
    ("*", |a, b| Ok(a * b)),
    ("/", divide),
    ("%", remainder),
    ("**", power),
];

type Map = fn(Rational) -> Rational;

const MAPS: [(&str, Map); 2] = [("-", |x| -x), ("abs", |x| x.abs())];

type Choice = fn(Rational, Rational) -> Rational;

const CHOICES: [(&str, Choice); 2] = [("min", Ord::min), ("max", Ord::max)];

type Comparison = fn(&Rational, &Rational) -> bool;

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", |a, b| a == b),
    ("!=", |a, b| a != b),
    ("<", |a, b| a < b),
    ("<=", |a, b| a <= b),
    (">", |a, b| a > b),
    (">=", |a, b| a >= b),
];

fn divide(a: Rational, b: Rational) -> Result<Rational, Fault> {
    if b.is_zero() {
        return Err(fault("division by zero"));
    }
    Ok(a / b)
}

fn remainder(a: Rational, b: Rational) -> Result<Rational, Fault> {
    if b.is_zero() {
        return Err(fault("division by zero"));
    }
    if !a.is_integer() || !b.is_integer() {
        return Err(fault("% is for integers"));
    }
    Ok(Rational::from_integer(a.numer().mod_floor(b.numer())))
}

/// A rational power of a rational, where it is rational; negative bases have integer powers only.
pub fn power(base: Rational, exponent: Rational) -> Result<Rational, Fault> {
    let small = |part: &num_bigint::BigInt| {
        part.magnitude()
            .to_u32()
            .filter(|part| *part <= MAX_BITS as u32)
    };
    let too_large = || fault(format!("the exponent {exponent} is too large"));
    let numerator = small(exponent.numer()).ok_or_else(too_large)?;
    let degree = small(exponent.denom()).ok_or_else(too_large)?;
    if u64::from(numerator) * bits(&base) / u64::from(degree.max(1)) > 2 * MAX_BITS {
        return Err(fault("the power is too large a number"));
    }
    if base.is_zero() && exponent.is_negative() {
        return Err(fault("0 has no negative power"));
    }
    let irrational = || {
        fault(format!(
            "{base} to the power {exponent} is not a rational number"
        ))
    };
    if base.is_negative() {
        let integer = exponent
            .is_integer()
            .then(|| rational_power(&-&base, &exponent))
            .flatten();
        let magnitude = integer.ok_or_else(irrational)?;
        return Ok(if exponent.numer().is_odd() {
            -magnitude
        } else {
            magnitude
        });
    }
    rational_power(&base, &exponent).ok_or_else(irrational)
}

fn register_pair<A: Operand, B: Operand>(engine: &mut Engine, session: &Shared) {
    for (name, operation) in OPERATIONS {
        let session = session.clone();
        engine.register_fn(name, move |a: A, b: B| -> Result<Dynamic, Fault> {
            number(operation(a.rational(), b.rational())?, &session.work)
        });
    }
    for (name, comparison) in COMPARISONS {
        engine.register_fn(name, move |a: A, b: B| {
            comparison(&a.rational(), &b.rational())
        });
    }
}

/// Registers the operators and functions of numbers.
pub fn register(engine: &mut Engine, session: &Shared) {
    register_pair::<INT, INT>(engine, session);
    register_pair::<INT, Exact>(engine, session);
    register_pair::<Exact, INT>(engine, session);
    register_pair::<Exact, Exact>(engine, session);
    // The bar stays a symbol, for closures.
    engine.register_fn("|", |_: INT, _: INT| -> Result<Dynamic, Fault> {
        Err(fault("numbers have no operator |"))
    });
    for (name, operation) in MAPS {
        let (first, second) = (session.clone(), session.clone());
        engine.register_fn(name, move |x: INT| {
            number(operation(x.rational()), &first.work)
        });
        engine.register_fn(name, move |x: Exact| {
            number(operation(x.rational()), &second.work)
        });
    }
    for name in ["to_string", "to_debug", "print", "debug"] {
        engine.register_fn(name, |x: &mut Exact| x.0.to_string());
        engine.register_fn(name, |_: &mut Computed| -> Result<String, Fault> {
            Err(fault("a computed number has no text, which could pass for an exact one: propose a rational with simplest(x, width)"))
        });
    }
    register_functions(engine, session);
}

/// The simplest rational within `width` of a number, computed or exact.
pub fn simplest(value: &Dynamic, width: &Rational, work: &Work) -> Result<Dynamic, Fault> {
    let centre = match value.read_lock::<Computed>() {
        Some(computed) => rational_from_f64(computed.0)
            .ok_or_else(|| fault("the computed number is not finite"))?,
        None => exact(value)?,
    };
    let size = bits(&centre).max(bits(width));
    work.charge(size * size / 64)?;
    let found = simplest_between(&(&centre - width), &(centre + width));
    number(found.ok_or_else(|| fault("the width is negative"))?, work)
}

fn register_functions(engine: &mut Engine, session: &Shared) {
    let shared = session.clone();
    engine.register_fn("rational", move |text: &str| -> Result<Dynamic, Fault> {
        if text.len() > MAX_BITS as usize {
            return Err(fault("the number is too long"));
        }
        let value = parse_rational(text).map_err(|error| fault(error.to_string()))?;
        number(value, &shared.work)
    });
    let shared = session.clone();
    engine.register_fn("sqrt", move |x: Dynamic| -> Result<Dynamic, Fault> {
        number(
            power(exact(&x)?, Rational::new(1.into(), 2.into()))?,
            &shared.work,
        )
    });
    let shared = session.clone();
    engine.register_fn("simplest", move |x: Dynamic, width: Dynamic| {
        simplest(&x, &exact(&width)?, &shared.work)
    });
    engine.register_fn("log", |x: Dynamic| -> Result<Computed, Fault> {
        let value = exact(&x)?;
        match value.is_positive() {
            true => Ok(Computed(natural_log(&value))),
            false => Err(fault("the logarithm is for positive numbers")),
        }
    });
    for (name, choose) in CHOICES {
        let shared = session.clone();
        engine.register_fn(
            name,
            move |a: Dynamic, b: Dynamic| -> Result<Dynamic, Fault> {
                number(choose(exact(&a)?, exact(&b)?), &shared.work)
            },
        );
    }
    let shared = session.clone();
    engine.register_fn("sum", move |list: Dynamic| -> Result<Dynamic, Fault> {
        let terms = exact_list(&list)?;
        let total = terms
            .iter()
            .try_fold(0u64, |total, term| total.checked_add(bits(term)));
        if total.is_none_or(|total| total > 64 * MAX_BITS) {
            return Err(fault("the sum is of too many long numbers"));
        }
        number(crate::numbers::sum(&terms), &shared.work)
    });
}
