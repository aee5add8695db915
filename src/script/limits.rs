//! Bounds, so that no script exhausts memory or runs for ever.

use std::cell::Cell;

use num_bigint::BigInt;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use crate::numbers::Rational;

/// Steps of the Rhai engine (statements, operators, calls).
pub const MAX_OPERATIONS: u64 = 400_000;
/// Calls of script functions within one another.
pub const MAX_CALL_DEPTH: usize = 24;
/// Variables alive in one scope.
pub const MAX_VARIABLES: usize = 200;
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
/// Work of all library calls together; about one unit for each machine word written.
pub const MAX_WORK: u64 = 1 << 25;

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
    // The engine looks neither at the size of a map when a key is added, nor at nesting: that is done at each use.
    #[allow(deprecated)] // Not deprecated, says its author: it may change.
    engine.on_var(|name, _, context| {
        let mut room = MAX_ELEMENTS;
        match context
            .scope()
            .get(name)
            .is_none_or(|value| fits(value, MAX_NESTING, &mut room))
        {
            true => Ok(None),
            false => Err(fault(format!(
                "`{name}` has more than {MAX_ELEMENTS} elements, or more than {MAX_NESTING} levels"
            ))),
        }
    });
}

/// Has a value no more than `room` elements, with those of its elements? Long texts count as several. Nesting is
/// bounded, since the engine prints and drops values recursively.
fn fits(value: &Dynamic, levels: usize, room: &mut usize) -> bool {
    let mut take = |entries: &mut dyn Iterator<Item = &Dynamic>| {
        for entry in entries {
            let text = entry.read_lock::<ImmutableString>();
            let cost = 1 + text.map_or(0, |text| text.len() / 16);
            let Some(left) = room.checked_sub(cost) else {
                return false;
            };
            *room = left;
            let Some(levels) = levels.checked_sub(1) else {
                return false;
            };
            if !fits(entry, levels, room) {
                return false;
            }
        }
        true
    };
    if let Some(map) = value.read_lock::<Map>() {
        return take(&mut map.values());
    }
    match value.read_lock::<Array>() {
        Some(array) => take(&mut array.iter()),
        None => true,
    }
}

/// The work that library calls have done so far.
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
        if total > MAX_WORK {
            return Err(fault("the script asks for more work than is allowed"));
        }
        Ok(())
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
}

/// The bits of the longer of numerator and denominator.
pub fn bits(value: &Rational) -> u64 {
    BigInt::bits(value.numer()).max(value.denom().bits())
}
