//! How multipliers rounded to powers of two are told.

use serde_json::{Value, json};

/// What multipliers were rounded to, and the largest factor between one and that which it was rounded from.
pub(super) fn rounding(factor: f64) -> Value {
    json!({"to": "powers_of_two", "largest_factor": factor})
}

/// The line about multipliers that were rounded.
pub(super) fn rounded_words(factor: f64, deficit: f64) -> String {
    // Further than to the nearest power of two of all: where a weight follows a root, only powers of four will do.
    let which = match factor > std::f64::consts::SQRT_2 * (1.0 + 1e-9) {
        true => " that change every weight by one",
        false => "",
    };
    format!(
        "rounded   to the nearest powers of two{which}, by a factor of {factor:.4} at most, deficit then {deficit:.3e}\n"
    )
}
