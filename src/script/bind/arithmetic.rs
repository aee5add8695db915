//! Arithmetic on exact numbers: `/` of integers is a rational, and no integer overflows.

use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use rhai::{Dynamic, INT};

use crate::numbers::{
    Rational, natural_log, parse_rational, rational_from_f64, rational_power, simplest_between,
};
use crate::script::library::Library;
use crate::script::limits::{Fault, MAX_BITS, Work, bits, charge_sum, fault, words};
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

type Operation = fn(Rational, Rational, &Work) -> Result<Rational, Fault>;

const OPERATIONS: [(&str, Operation); 6] = [
    ("+", |a, b, _| Ok(a + b)),
    ("-", |a, b, _| Ok(a - b)),
    ("*", |a, b, _| Ok(a * b)),
    ("/", divide),
    ("%", remainder),
    ("**", power),
];

type Map = fn(Rational) -> Rational;

const MAPS: [(&str, Map); 2] = [("-", |x| -x), ("abs", |x| x.abs())];

type Choice = fn(Rational, Rational) -> Rational;

const CHOICES: [(&str, Choice); 2] = [("min", Ord::min), ("max", Ord::max)];

fn divide(a: Rational, b: Rational, _: &Work) -> Result<Rational, Fault> {
    if b.is_zero() {
        return Err(fault("division by zero"));
    }
    Ok(a / b)
}

fn remainder(a: Rational, b: Rational, _: &Work) -> Result<Rational, Fault> {
    if b.is_zero() {
        return Err(fault("division by zero"));
    }
    if !a.is_integer() || !b.is_integer() {
        return Err(fault("% is for integers"));
    }
    Ok(Rational::from_integer(a.numer().mod_floor(b.numer())))
}

/// A rational power of a rational, where it is rational; negative bases have integer powers only.
pub fn power(base: Rational, exponent: Rational, work: &Work) -> Result<Rational, Fault> {
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
    // A root is found by Newton steps on numbers as long as the base, a power has as many bits as were bounded above.
    let length = 1 + (bits(&base) + u64::from(numerator) * bits(&base)) / 64;
    work.charge(64 * length.pow(2) + 64 * u64::from(degree))?;
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

fn register_pair<A: Operand, B: Operand>(library: &mut Library, session: &Shared) {
    for (name, operation) in OPERATIONS {
        let session = session.clone();
        library.register_fn(name, move |a: A, b: B| -> Result<Dynamic, Fault> {
            let (a, b) = (a.rational(), b.rational());
            // A power is bounded and charged by itself.
            if name != "**" {
                session.work.charge_operation(&a, &b)?;
            }
            number(operation(a, b, &session.work)?, &session.work)
        });
    }
}

/// Registers the operators and functions of numbers.
pub fn register(library: &mut Library, session: &Shared) {
    register_pair::<INT, INT>(library, session);
    register_pair::<INT, Exact>(library, session);
    register_pair::<Exact, INT>(library, session);
    register_pair::<Exact, Exact>(library, session);
    // The bar stays a symbol, for closures.
    library.register_fn("|", |_: INT, _: INT| -> Result<Dynamic, Fault> {
        Err(fault("numbers have no operator |"))
    });
    for (name, operation) in MAPS {
        let (first, second) = (session.clone(), session.clone());
        library.register_fn(name, move |x: INT| {
            number(operation(x.rational()), &first.work)
        });
        library.register_fn(name, move |x: Exact| {
            number(operation(x.rational()), &second.work)
        });
    }
    register_functions(library, session);
}

/// The simplest rational within `width` of a number, computed or exact.
pub fn simplest(value: &Dynamic, width: &Rational, work: &Work) -> Result<Dynamic, Fault> {
    let centre = match value.read_lock::<Computed>() {
        Some(computed) => rational_from_f64(computed.0)
            .ok_or_else(|| fault("the computed number is not finite"))?,
        None => exact(value)?,
    };
    let size = bits(&centre).max(bits(width));
    work.charge(64 * (1 + size / 64).pow(2))?;
    let found = simplest_between(&(&centre - width), &(centre + width));
    number(found.ok_or_else(|| fault("the width is negative"))?, work)
}

fn register_functions(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn("rational", move |text: &str| -> Result<Dynamic, Fault> {
        if text.len() > MAX_BITS as usize {
            return Err(fault("the number is too long"));
        }
        shared.work.charge(4 * (text.len() as u64).pow(2))?;
        let value = parse_rational(text).map_err(|error| fault(error.to_string()))?;
        // A short text can stand for a long power of ten, which is reduced to lowest terms.
        shared.work.charge(words(&value).pow(2) / 8)?;
        number(value, &shared.work)
    });
    let shared = session.clone();
    library.register_fn("sqrt", move |x: Dynamic| -> Result<Dynamic, Fault> {
        number(
            power(exact(&x)?, Rational::new(1.into(), 2.into()), &shared.work)?,
            &shared.work,
        )
    });
    let shared = session.clone();
    library.register_fn("simplest", move |x: Dynamic, width: Dynamic| {
        simplest(&x, &exact(&width)?, &shared.work)
    });
    let shared = session.clone();
    library.register_fn("log", move |x: Dynamic| -> Result<Computed, Fault> {
        let value = exact(&x)?;
        shared.work.charge(64 * words(&value))?;
        match value.is_positive() {
            true => Ok(Computed(natural_log(&value))),
            false => Err(fault("the logarithm is for positive numbers")),
        }
    });
    for (name, choose) in CHOICES {
        let shared = session.clone();
        library.register_fn(
            name,
            move |a: Dynamic, b: Dynamic| -> Result<Dynamic, Fault> {
                let (a, b) = (exact(&a)?, exact(&b)?);
                shared.work.charge_operation(&a, &b)?;
                number(choose(a, b), &shared.work)
            },
        );
    }
    let shared = session.clone();
    library.register_fn("sum", move |list: Dynamic| -> Result<Dynamic, Fault> {
        let terms = exact_list(&list)?;
        charge_sum(&terms, &shared.work)?;
        number(crate::numbers::sum(&terms), &shared.work)
    });
}
