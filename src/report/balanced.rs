//! Whether a result is balanced, in the words of reports.

use serde_json::Value;

use crate::solve::NumberType;

/// The answer to "balanced?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Balanced {
    /// The deficit is at most the tolerance, or, for weights of 16 bits, what rounding can leave.
    Yes,
    /// Up to multipliers rounded to powers of two, each within a factor `2^(step/2)` of that which balances; the
    /// largest step.
    ToPowersOfTwo(u64),
    /// Neither.
    No,
}

/// By the deficit, and by what else is known.
pub(super) fn balance_of(is_balanced: bool, to_powers_of_two: Option<u64>) -> Balanced {
    match (is_balanced, to_powers_of_two) {
        (true, _) => Balanced::Yes,
        (false, Some(step)) => Balanced::ToPowersOfTwo(step),
        (false, None) => Balanced::No,
    }
}

impl Balanced {
    /// The value of the field `balanced`.
    pub(super) fn json(self) -> Value {
        match self {
            Balanced::Yes => true.into(),
            Balanced::ToPowersOfTwo(_) => "to_powers_of_two".into(),
            Balanced::No => false.into(),
        }
    }

    /// The answer in words.
    pub(super) fn words(self) -> String {
        match self {
            Balanced::Yes => "yes".to_owned(),
            Balanced::ToPowersOfTwo(step) => format!(
                "to powers of two: every multiplier within a factor {} of that which balances, proved",
                half(step)
            ),
            Balanced::No => "NO".to_owned(),
        }
    }
}

/// `2^(step/2)` in words.
pub(super) fn half(step: u64) -> String {
    match step {
        1 => "√2".to_owned(),
        2 => "2".to_owned(),
        step if step % 2 == 0 => format!("2^{}", step / 2),
        step => format!("2^({step}/2)"),
    }
}

/// The units in the last place that are excused.
pub(super) fn units(number_type: NumberType) -> String {
    match number_type.excused_ulps() {
        1 => "1 unit".to_owned(),
        units => format!("{units} units"),
    }
}
