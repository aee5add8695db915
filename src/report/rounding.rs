//! How multipliers rounded to powers of two are told.

use serde_json::{Value, json};

/// What multipliers were rounded to, and the largest factor between one and that which it was rounded from.
pub(super) fn rounding(factor: f64) -> Value {
    json!({"to": "powers_of_two", "largest_factor": factor})
}

/// The line about multipliers that were rounded.
pub(super) fn rounded_words(factor: f64, deficit: f64) -> String {
    format!(
        "rounded   to the nearest powers of two, by a factor of {factor:.4} at most, deficit then {deficit:.3e}\n"
    )
}
