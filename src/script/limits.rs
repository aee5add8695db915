//! Bounds, so that no script exhausts memory or runs for ever.

use std::cell::Cell;

use num_bigint::BigInt;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use crate::numbers::Rational;

use super::value::Exact;

/// Steps of the Rhai engine (statements, operators, calls).
pub const MAX_OPERATIONS: u64 = 400_000;
/// Calls of script functions within one another.
pub const MAX_CALL_DEPTH: usize = 24;
/// Variables alive in one scope.
pub const MAX_VARIABLES: usize = 100;
/// Functions that a script may define.
pub const MAX_FUNCTIONS: usize = 100;
/// Characters of a string.
pub const MAX_STRING: usize = 20_000;
/// Elements of an array with those of the arrays in it; the same for maps.
pub const MAX_ELEMENTS: usize = 2_000;
/// Bits of a numerator and of a denominator: about 2,466 decimal digits.
pub const MAX_BITS: u64 = 8_192;
/// Numerator and denominator of a power.
pub const MAX_POWER: u32 = 64;
/// Units of a network.
pub const MAX_UNITS: usize = 200;
/// Synapses of a network.
pub const MAX_SYNAPSES: usize = 1_000;
/// Terms of a polynomial.
pub const MAX_TERMS: usize = 5_000;
/// Steps of a transcript.
pub const MAX_STEPS: usize = 1_000;
/// Bytes of a network file.
pub const MAX_FILE: u64 = 1 << 20;
/// Levels of arrays and maps in one value.
pub const MAX_NESTING: usize = 16;
/// Characters of a script.
pub const MAX_SOURCE: usize = 1 << 18;
/// Work of a run: machine words read, multiplied, written and kept by all calls of the library and all uses of
/// variables, counted from above, so that a run ends at the same place on every machine.
pub const MAX_WORK: u64 = 1 << 27;
/// A message for the reader of the script; the engine adds the place.
pub type Fault = Box<EvalAltResult>;

/// An error of the script with a message.
pub fn fault(message: impl Into<String>) -> Fault {
    Box::new(EvalAltResult::ErrorRuntime(
        message.into().into(),
        rhai::Position::NONE,
    ))
}

/// Sets the engine's own bounds.
pub fn bound(engine: &mut Engine) {
    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_CALL_DEPTH)
        .set_max_variables(MAX_VARIABLES)
        .set_max_functions(MAX_FUNCTIONS)
        .set_max_string_size(MAX_STRING)
        .set_max_array_size(MAX_ELEMENTS)
        .set_max_map_size(MAX_ELEMENTS)
        .set_max_expr_depths(64, 32);
}

/// What a value holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Its elements, with those of its elements; long texts count as several.
    pub elements: usize,
    /// The machine words that a copy or a comparison of it reads.
    pub words: u64,
}

/// The size of a value; none beyond [`MAX_ELEMENTS`] or [`MAX_NESTING`]. Nesting is bounded, since the engine prints
/// and drops values recursively.
pub fn size(value: &Dynamic) -> Option<Size> {
    let mut size = Size::default();
    measure(value, MAX_NESTING, &mut size).then_some(size)
}

fn measure(value: &Dynamic, levels: usize, size: &mut Size) -> bool {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        size.elements += text.len() / 16;
        size.words += 1 + text.len() as u64 / 8;
        return true;
    }
    let mut take = |entries: &mut dyn Iterator<Item = &Dynamic>| {
        let Some(levels) = levels.checked_sub(1) else {
            return false;
        };
        for entry in entries {
            size.elements += 1;
            if !measure(entry, levels, size) || size.elements > MAX_ELEMENTS {
                return false;
            }
        }
        true
    };
    if let Some(map) = value.read_lock::<Map>() {
        return take(&mut map.values());
    }
    if let Some(array) = value.read_lock::<Array>() {
        return take(&mut array.iter());
    }
    size.words += 2;
    // Numbers, polynomials and networks are shared; of numbers the words are read wherever they are used.
    size.words += value
        .read_lock::<Exact>()
        .map_or(0, |number| words(&number.0));
    true
}

/// The work of a run so far.
#[derive(Debug, Default)]
pub struct Work(Cell<u64>);

impl Work {
    /// Charges for work before it is done.
    ///
    /// # Errors
    /// The script has used up [`MAX_WORK`].
    pub fn charge(&self, amount: u64) -> Result<(), Fault> {
        let total = self.0.get().saturating_add(amount);
        self.0.set(total);
        match total <= MAX_WORK {
            true => Ok(()),
            false => Err(fault("the script asks for more work than is allowed")),
        }
    }

    /// The work so far.
    pub fn done(&self) -> u64 {
        self.0.get()
    }

    /// Charges for a number and refuses one that is too long.
    ///
    /// # Errors
    /// More than [`MAX_BITS`] bits, or the work is used up.
    pub fn charge_number(&self, value: &Rational) -> Result<(), Fault> {
        let bits = bits(value);
        if bits > MAX_BITS {
            return Err(fault(format!(
                "a number of more than {MAX_BITS} bits in its numerator or denominator is not accepted"
            )));
        }
        self.charge(1 + bits / 64)
    }

    /// Charges for an operation on two numbers, or a comparison, before it is done.
    ///
    /// # Errors
    /// The work is used up.
    pub fn charge_operation(&self, a: &Rational, b: &Rational) -> Result<(), Fault> {
        self.charge(Length::of(a).operation(Length::of(b)))
    }
}

/// Bits of numerator and denominator, from above: what an exact result can need is known before it is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Length {
    /// Of the numerator.
    pub above: u64,
    /// Of the denominator, less 1: an integer has 0.
    pub below: u64,
}

impl Length {
    /// The length of a number.
    pub fn of(value: &Rational) -> Self {
        Length {
            above: BigInt::bits(value.numer()),
            below: value.denom().bits().saturating_sub(1),
        }
    }

    /// The longer of both.
    pub fn max(self) -> u64 {
        self.above.max(self.below)
    }

    /// A length that covers both.
    #[must_use]
    pub fn longer(self, other: Self) -> Self {
        Length {
            above: self.above.max(other.above),
            below: self.below.max(other.below),
        }
    }

    /// The length of a product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Length {
            above: self.above.saturating_add(other.above),
            below: self.below.saturating_add(other.below),
        }
    }

    /// The length of a sum: denominators multiply.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let above = self.above.saturating_add(other.below);
        Length {
            above: above.max(other.above.saturating_add(self.below)) + 1,
            below: self.below.saturating_add(other.below),
        }
    }

    /// The length of a power.
    #[must_use]
    pub fn power(self, exponent: u64) -> Self {
        Length {
            above: self.above.saturating_mul(exponent),
            below: self.below.saturating_mul(exponent),
        }
    }

    /// The work of an operation: of integers the product of their words; of fractions a greatest common divisor, whose
    /// work is the square of the bits.
    pub fn operation(self, other: Self) -> u64 {
        let (a, b) = (1 + self.max() / 64, 1 + other.max() / 64);
        match self.below + other.below {
            0 => a.saturating_mul(b),
            _ => 8u64.saturating_mul(a.saturating_add(b).saturating_pow(2)),
        }
    }
}

/// Charges for a sum of numbers before it is computed, pairwise as [`sum`](crate::numbers::sum) does.
///
/// # Errors
/// The sum would be too long, or the work is used up.
pub fn charge_sum<'a>(
    terms: impl IntoIterator<Item = &'a Rational>,
    work: &Work,
) -> Result<Length, Fault> {
    let mut total = Length::default();
    let mut count = 0u64;
    for term in terms {
        total = total.plus(Length::of(term));
        count += 1;
    }
    if total.max() > 64 * MAX_BITS {
        return Err(fault("the sum is of too many long numbers"));
    }
    // Each level of the pairs costs no more than the last; the last few only are long.
    let levels = u64::from(count.max(1).ilog2()) + 1;
    let half = Length {
        above: total.above / 2 + 1,
        below: total.below.div_ceil(2),
    };
    work.charge(levels.saturating_mul(half.operation(half)) + 16 * count)?;
    Ok(total)
}

/// The bits of the longer of numerator and denominator.
pub fn bits(value: &Rational) -> u64 {
    BigInt::bits(value.numer()).max(value.denom().bits())
}

/// The machine words of a number.
pub fn words(value: &Rational) -> u64 {
    2 + BigInt::bits(value.numer()) / 64 + value.denom().bits() / 64
}
