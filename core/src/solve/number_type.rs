//! Number types of files, and what rounding to them can do to a weight.

use num_traits::{One, Signed, Zero};

use crate::numbers::{Rational, rational_from_f64, rational_to_f64};

/// The number type in which a result is written, which bounds what rounding alone can do to it.
///
/// In the order of their digits, exact numbers first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberType {
    /// Exact numbers: no rounding is excused.
    Exact,
    /// Some weights that scale are floats of 16 bits, with 8 of exponent; no others have fewer digits.
    Bf16,
    /// Some weights that scale are floats of 16 bits, with 5 of exponent; no others have fewer digits.
    F16,
    /// Every weight is a 32-bit float.
    F32,
    /// 64-bit floats.
    F64,
}

/// Rounding errors that a scaled weight is excused, in units in the last place: a product, a quotient, and the rounding
/// of the multiplier itself, twice. Where numbers have 16 bits, nobody computes in them: one unit.
pub const EXCUSED_ULPS: i64 = 4;

impl NumberType {
    /// `exact`, `bf16`, `f16`, `f32` or `f64`.
    pub fn name(self) -> &'static str {
        match self {
            NumberType::Exact => "exact",
            NumberType::Bf16 => "bf16",
            NumberType::F16 => "f16",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
        }
    }

    /// Does it take 16 bits, so that powers of two are what multipliers are rounded to?
    pub fn is_short(self) -> bool {
        matches!(self, NumberType::Bf16 | NumberType::F16)
    }

    /// The units in the last place that a scaled weight is excused: [`EXCUSED_ULPS`], of 16-bit numbers one.
    pub fn excused_ulps(self) -> i64 {
        if self.is_short() { 1 } else { EXCUSED_ULPS }
    }

    /// The same relative to a weight.
    pub fn excused(self) -> Rational {
        match self.unit() {
            Some(unit) => Rational::new(self.excused_ulps().into(), unit.into()),
            None => Rational::default(),
        }
    }

    /// So many units in the last place are 1; `None` for exact numbers.
    fn unit(self) -> Option<i64> {
        match self {
            NumberType::Exact => None,
            NumberType::Bf16 => Some(1 << 7),
            NumberType::F16 => Some(1 << 10),
            NumberType::F32 => Some(1 << 23),
            NumberType::F64 => Some(1 << 52),
        }
    }

    /// The deficit that rounding every weight of an optimum to 16 bits can leave; of other types nothing is excused.
    pub fn excused_deficit(self, power: &Rational) -> f64 {
        match self.is_short() {
            true => rational_to_f64(&(self.excused() * power)),
            false => 0.0,
        }
    }

    /// The relative deviation of a weight at which a result still counts as a scaling: rounding, or the tolerance where
    /// that is wider. Of exact numbers none: a tolerance for weights bounds no output, and exact outputs can be
    /// compared.
    pub fn allowed(self, tolerance: f64) -> Rational {
        match self {
            NumberType::Exact => Rational::default(),
            _ => rational_from_f64(tolerance)
                .unwrap_or_default()
                .max(self.excused()),
        }
    }

    /// The smallest positive number, where there is one.
    pub fn smallest(self) -> Option<Rational> {
        match self {
            NumberType::Exact => None,
            NumberType::Bf16 => Some(power_of_half(133)),
            NumberType::F16 => Some(power_of_half(24)),
            NumberType::F32 => Some(power_of_half(149)),
            NumberType::F64 => Some(power_of_half(1074)),
        }
    }

    /// The smallest positive number that it holds with all its digits; 0 for exact ones.
    pub fn smallest_normal(self) -> f64 {
        match self {
            NumberType::Exact => 0.0,
            NumberType::F16 => 1.0 / f64::from(1 << 14),
            NumberType::Bf16 | NumberType::F32 => f32::MIN_POSITIVE.into(),
            NumberType::F64 => f64::MIN_POSITIVE,
        }
    }

    /// The [smallest](NumberType::smallest) positive number, which is the distance of those with fewer digits; 0 for
    /// exact ones.
    pub(super) fn step(self) -> f64 {
        self.unit()
            .map_or(0.0, |unit| self.smallest_normal() / unit as f64)
    }

    /// Is a number so small that this type holds it with fewer digits, or not at all?
    pub(super) fn is_subnormal(self, value: &Rational) -> bool {
        let exponent = match self {
            NumberType::Exact => return false,
            NumberType::F16 => 14,
            NumberType::Bf16 | NumberType::F32 => 126,
            NumberType::F64 => 1022,
        };
        // By the lengths of the two parts, in nearly every case.
        let (above, below) = (value.numer().bits(), value.denom().bits());
        value.is_zero() || below >= above + exponent && value.abs() < power_of_half(exponent)
    }
}

fn power_of_half(exponent: u64) -> Rational {
    let one = num_bigint::BigInt::one();
    Rational::new(one.clone(), one << exponent)
}
