//! Whether a result is balanced, in the words of reports.

use serde_json::Value;

use crate::solve::NumberType;

/// The answer to "balanced?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Balanced {
    /// The deficit is at most the tolerance, or, for weights of 16 bits, what rounding can leave.
    Yes,
    /// Up to multipliers rounded to powers of two, each within a factor `√2` of that which balances.
    ToPowersOfTwo,
    /// Neither.
    No,
}

/// By the deficit, and by what else is known.
pub(super) fn balance_of(is_balanced: bool, to_powers_of_two: bool) -> Balanced {
    match (is_balanced, to_powers_of_two) {
        (true, _) => Balanced::Yes,
        (false, true) => Balanced::ToPowersOfTwo,
        (false, false) => Balanced::No,
    }
}

impl Balanced {
    /// The value of the field `balanced`.
    pub(super) fn json(self) -> Value {
        match self {
            Balanced::Yes => true.into(),
            Balanced::ToPowersOfTwo => "to_powers_of_two".into(),
            Balanced::No => false.into(),
        }
    }

    /// The answer in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Balanced::Yes => "yes",
            Balanced::ToPowersOfTwo => {
                "to powers of two: every multiplier within a factor √2 of that which balances, proved"
            }
            Balanced::No => "NO",
        }
    }
}

/// The units in the last place that are excused.
pub(super) fn units(number_type: NumberType) -> String {
    match number_type.excused_ulps() {
        1 => "1 unit".to_owned(),
        units => format!("{units} units"),
    }
}
