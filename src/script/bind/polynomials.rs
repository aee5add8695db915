//! Polynomials as numbers with letters in them; `==` in a claim is then an identity.

use std::rc::Rc;

use rhai::{Dynamic, INT};

use crate::numbers::Rational;
use crate::script::library::Library;
use crate::script::limits::{Fault, Length, MAX_POWER, MAX_TERMS, Work, bits, fault};
use crate::script::session::Shared;
use crate::script::value::{Exact, Polynomial, exact, number};
use crate::symbolic::{AlgebraError, Laurent, Point};

/// The largest exponent of a letter.
const MAX_EXPONENT: i32 = 1_024;

/// Charges for a polynomial and refuses one that is too large.
pub fn polynomial(value: Laurent, work: &Work) -> Result<Dynamic, Fault> {
    if value.terms().len() > MAX_TERMS {
        return Err(too_large());
    }
    for (monomial, coefficient) in value.terms() {
        work.charge_number(coefficient)?;
        if monomial
            .powers()
            .any(|(_, exponent)| exponent.abs() > MAX_EXPONENT)
        {
            return Err(too_large());
        }
    }
    Ok(Dynamic::from(Polynomial(Rc::new(value))))
}

fn too_large() -> Fault {
    fault(format!(
        "a polynomial has at most {MAX_TERMS} terms, and exponents up to {MAX_EXPONENT}"
    ))
}

/// An error of the symbolic engine, for the reader of the script.
pub fn algebra(error: AlgebraError) -> Fault {
    fault(error.to_string())
}

trait Operand: Clone + 'static {
    fn laurent(&self) -> Laurent;
}

impl Operand for INT {
    fn laurent(&self) -> Laurent {
        Laurent::integer(*self)
    }
}

impl Operand for Exact {
    fn laurent(&self) -> Laurent {
        Laurent::constant(self.0.as_ref().clone())
    }
}

impl Operand for Polynomial {
    fn laurent(&self) -> Laurent {
        self.0.as_ref().clone()
    }
}

type Operation = fn(&Laurent, &Laurent) -> Result<Laurent, AlgebraError>;

const OPERATIONS: [(&str, Operation); 4] = [
    ("+", |a, b| Ok(a + b)),
    ("-", |a, b| Ok(a - b)),
    ("*", Laurent::checked_mul),
    ("/", |a, b| a.checked_mul(&b.pow(-1)?)),
];

fn register_pair<A: Operand, B: Operand>(library: &mut Library, session: &Shared) {
    for (name, operation) in OPERATIONS {
        let session = session.clone();
        library.register_fn(name, move |a: A, b: B| -> Result<Dynamic, Fault> {
            let (a, b) = (a.laurent(), b.laurent());
            let pairs = a.terms().len().saturating_mul(b.terms().len());
            if matches!(name, "*") && pairs > 4 * MAX_TERMS {
                return Err(too_large());
            }
            let each = 400 + longest(&a).operation(longest(&b));
            let pairs = if matches!(name, "*") {
                pairs
            } else {
                a.terms().len() + b.terms().len()
            };
            session.work.charge((pairs as u64).saturating_mul(each))?;
            polynomial(operation(&a, &b).map_err(algebra)?, &session.work)
        });
    }
}

fn raise(base: &Laurent, exponent: INT, work: &Work) -> Result<Laurent, Fault> {
    let exponent = i32::try_from(exponent)
        .ok()
        .filter(|e| e.unsigned_abs() <= MAX_POWER);
    let exponent =
        exponent.ok_or_else(|| fault(format!("a power of a polynomial is at most {MAX_POWER}")))?;
    let terms = base.terms().len().saturating_pow(exponent.unsigned_abs());
    let longest = base
        .terms()
        .map(|(_, coefficient)| bits(coefficient))
        .max()
        .unwrap_or(0);
    let length = longest.saturating_mul(exponent.unsigned_abs().into());
    if terms > MAX_TERMS || length > 1 << 14 {
        return Err(too_large());
    }
    let power = Length {
        above: length,
        below: length,
    };
    let products = (terms as u64) * base.terms().len() as u64 * u64::from(exponent.unsigned_abs());
    work.charge(products.saturating_mul(400 + power.operation(power)))?;
    base.pow(exponent).map_err(algebra)
}

/// Registers letters, operators, derivative and evaluation.
pub fn register(library: &mut Library, session: &Shared) {
    register_pair::<Polynomial, Polynomial>(library, session);
    register_pair::<Polynomial, INT>(library, session);
    register_pair::<Polynomial, Exact>(library, session);
    register_pair::<INT, Polynomial>(library, session);
    register_pair::<Exact, Polynomial>(library, session);
    let shared = session.clone();
    library.register_fn("-", move |a: Polynomial| {
        polynomial(-a.0.as_ref(), &shared.work)
    });
    let shared = session.clone();
    library.register_fn(
        "**",
        move |a: Polynomial, exponent: INT| -> Result<Dynamic, Fault> {
            polynomial(raise(&a.0, exponent, &shared.work)?, &shared.work)
        },
    );
    library.register_fn("symbol", |name: &str| -> Result<Polynomial, Fault> {
        match !name.is_empty()
            && name.len() <= 40
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            true => Ok(Polynomial(Rc::new(Laurent::symbol(name)))),
            false => Err(fault("a symbol has up to 40 letters, digits and `_`")),
        }
    });
    let shared = session.clone();
    library.register_fn(
        "derivative",
        move |a: Polynomial, symbol: Polynomial| -> Result<Dynamic, Fault> {
            shared.work.charge(400 * a.0.terms().len() as u64)?;
            let derivative = a.0.derivative(&letter(&symbol)?).map_err(algebra)?;
            polynomial(derivative, &shared.work)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "at",
        move |a: Polynomial, values: rhai::Map| -> Result<Dynamic, Fault> {
            let mut point = Point::new();
            for (name, value) in &values {
                point.insert(name.as_str().into(), small(exact(value)?)?);
            }
            charge_value(&a.0, &point, &shared.work)?;
            number(a.0.evaluate(&point).map_err(algebra)?, &shared.work)
        },
    );
}

/// A length that covers all coefficients.
fn longest(polynomial: &Laurent) -> Length {
    let coefficients = polynomial
        .terms()
        .map(|(_, coefficient)| Length::of(coefficient));
    coefficients.fold(Length::default(), Length::longer)
}

/// Charges for the value of a polynomial at a point.
fn charge_value(polynomial: &Laurent, point: &Point, work: &Work) -> Result<(), Fault> {
    let mut total = Length::default();
    for (monomial, coefficient) in polynomial.terms() {
        let mut term = Length::of(coefficient);
        for (symbol, exponent) in monomial.powers() {
            let longest = point.get(symbol).map_or(0, bits);
            let both = Length {
                above: longest,
                below: longest,
            };
            term = term.times(both.power(exponent.unsigned_abs().into()));
        }
        total = total.plus(term);
        let steps = term.operation(term).saturating_add(total.operation(term));
        work.charge(400 + steps)?;
    }
    Ok(())
}

/// The name of a polynomial that is a single letter.
fn letter(symbol: &Polynomial) -> Result<String, Fault> {
    let mut symbols = symbol.0.symbols().into_iter();
    match (symbols.next(), symbols.next()) {
        (Some(name), None) if *symbol.0 == Laurent::symbol(name.clone()) => {
            Ok(name.name().to_string())
        }
        _ => Err(fault("a derivative is taken by a single symbol")),
    }
}

fn small(value: Rational) -> Result<Rational, Fault> {
    match bits(&value) <= 256 {
        true => Ok(value),
        false => Err(fault(
            "a polynomial is evaluated at numbers of up to 256 bits",
        )),
    }
}
