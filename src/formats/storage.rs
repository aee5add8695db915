//! How models store floating-point numbers.

use synaptic_balance_kernel::Entries;

use super::powers::{is_shifted, shift};
use crate::numbers::{bf16_to_f64, f16_to_f64};
use crate::solve::NumberType;
use crate::solve::blocks::Weights;

/// The types of numbers that can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// `f16`: 5 bits of exponent, 10 of fraction.
    Half,
    /// `bf16`: the upper half of an `f32`.
    Brain,
    Single,
    Double,
}

impl Storage {
    pub fn size(self) -> usize {
        match self {
            Storage::Half | Storage::Brain => 2,
            Storage::Single => 4,
            Storage::Double => 8,
        }
    }

    pub fn name(self) -> &'static str {
        self.number_type().name()
    }

    pub fn number_type(self) -> NumberType {
        match self {
            Storage::Half => NumberType::F16,
            Storage::Brain => NumberType::Bf16,
            Storage::Single => NumberType::F32,
            Storage::Double => NumberType::F64,
        }
    }

    /// Does it hold every number of another type?
    pub fn holds(self, other: Storage) -> bool {
        match self {
            Storage::Double => true,
            Storage::Single => other != Storage::Double,
            short => short == other,
        }
    }

    /// A number rounded to the type.
    pub fn rounded(self, value: f64) -> f64 {
        match self {
            Storage::Half => Half::decode(Half::encode(value)),
            Storage::Brain => Brain::decode(Brain::encode(value)),
            Storage::Single => f32::decode(f32::encode(value)),
            Storage::Double => value,
        }
    }

    /// The smallest number with all its digits.
    pub fn smallest(self) -> f64 {
        match self {
            Storage::Half => Half::SMALLEST,
            Storage::Brain => Brain::SMALLEST,
            Storage::Single => f32::SMALLEST,
            Storage::Double => f64::SMALLEST,
        }
    }

    /// Numbers as the kernel reads them.
    pub fn entries(self, bytes: &[u8]) -> Entries<'_> {
        match self {
            Storage::Half => Entries::F16(bytes.as_chunks().0),
            Storage::Brain => Entries::Bf16(bytes.as_chunks().0),
            Storage::Single => Entries::F32(bytes.as_chunks().0),
            Storage::Double => Entries::F64(bytes.as_chunks().0),
        }
    }

    /// Numbers as blocks read them, wherever they lie.
    pub fn weights(self, bytes: &[u8]) -> Weights<'_> {
        let single = || bytemuck::try_cast_slice(bytes).map(Weights::Single);
        let double = || bytemuck::try_cast_slice(bytes).map(Weights::Double);
        match self {
            Storage::Half => Weights::F16(bytes),
            Storage::Brain => Weights::Bf16(bytes),
            Storage::Single => single().unwrap_or(Weights::F32(bytes)),
            Storage::Double => double().unwrap_or(Weights::F64(bytes)),
        }
    }

    /// The number that some bytes begin with; 0 if they are too few.
    pub fn decode(self, bytes: &[u8]) -> f64 {
        match self {
            Storage::Half => bytes
                .first_chunk()
                .map_or(0.0, |bytes| Half::decode(*bytes)),
            Storage::Brain => bytes
                .first_chunk()
                .map_or(0.0, |bytes| Brain::decode(*bytes)),
            Storage::Single => bytes.first_chunk().map_or(0.0, |bytes| f32::decode(*bytes)),
            Storage::Double => bytes.first_chunk().map_or(0.0, |bytes| f64::decode(*bytes)),
        }
    }

    /// All numbers, as `f64`, exactly.
    pub fn numbers(self, bytes: &[u8], into: &mut Vec<f64>) {
        fn all<T: Stored<SIZE>, const SIZE: usize>(bytes: &[u8], into: &mut Vec<f64>) {
            let numbers = bytes.as_chunks().0.iter();
            into.extend(numbers.map(|bytes| T::decode(*bytes)));
        }
        into.clear();
        match self {
            Storage::Half => all::<Half, 2>(bytes, into),
            Storage::Brain => all::<Brain, 2>(bytes, into),
            Storage::Single => all::<f32, 4>(bytes, into),
            Storage::Double => all::<f64, 8>(bytes, into),
        }
    }

    /// Is each number of a row after `2^(row + column)` times the one before, and are both normal, or the same 0? Of
    /// other types than those of 16 bits nothing is said: `false`.
    pub fn is_shifted(self, pair: [&[u8]; 2], row: i16, columns: &[i16]) -> bool {
        let [before, after] = pair.map(|bytes| bytes.as_chunks().0);
        match self {
            Storage::Half => is_shifted::<10, 31>(before, after, row, columns),
            Storage::Brain => is_shifted::<7, 255>(before, after, row, columns),
            Storage::Single | Storage::Double => false,
        }
    }

    /// Are all numbers finite?
    pub fn all_finite(self, bytes: &[u8]) -> bool {
        // A multiple of either size.
        const PART: usize = 1 << 18;
        let finite = |part: &[u8]| match self {
            Storage::Half => Half::all_finite(part),
            Storage::Brain => Brain::all_finite(part),
            Storage::Single => f32::all_finite(part),
            Storage::Double => f64::all_finite(part),
        };
        #[cfg(feature = "parallel")]
        if bytes.len() > PART {
            use rayon::prelude::*;
            return bytes.par_chunks(PART).all(finite);
        }
        bytes.chunks(PART).all(finite)
    }
}

/// A number type of `SIZE` bytes.
pub(super) trait Stored<const SIZE: usize> {
    /// The smallest number with all its digits.
    const SMALLEST: f64;

    /// As `f64`, exactly.
    fn decode(bytes: [u8; SIZE]) -> f64;

    /// Rounded to the type.
    fn encode(value: f64) -> [u8; SIZE];

    /// Scales numbers by factors if all of them, old and new, are normal or 0; otherwise nothing is changed.
    fn scale(slots: &mut [[u8; SIZE]], factors: &[f64]) -> bool {
        let scaled = |(slot, factor): (&[u8; SIZE], &f64)| {
            let old = Self::decode(*slot);
            let new = Self::encode(old * factor);
            let is_whole = {
                let kept = Self::decode(new).abs();
                old == 0.0 || (kept >= Self::SMALLEST && kept.is_finite())
            };
            (new, is_whole && factor.is_normal())
        };
        let pairs = slots.iter().zip(factors).map(scaled);
        let new: Vec<[u8; SIZE]> = pairs
            .map_while(|(new, is_whole)| is_whole.then_some(new))
            .collect();
        if new.len() < slots.len() {
            return false;
        }
        slots.copy_from_slice(&new);
        true
    }

    /// Scales numbers of 16 bits by `2^(row + column)` if all of them, old and new, are normal or 0; otherwise, and of
    /// other types, nothing is changed.
    fn shift(_: &mut [[u8; SIZE]], _: i16, _: &[i16]) -> bool {
        false
    }

    /// Are all numbers finite? They are looked at many at a time.
    fn all_finite(bytes: &[u8]) -> bool {
        let finite = |numbers: &[[u8; SIZE]]| {
            let numbers = numbers.iter().map(|bytes| Self::decode(*bytes).is_finite());
            numbers.fold(true, |all, finite| all & finite)
        };
        bytes.as_chunks().0.chunks(256).all(finite)
    }
}

impl Stored<4> for f32 {
    const SMALLEST: f64 = f32::MIN_POSITIVE as f64;

    fn decode(bytes: [u8; 4]) -> f64 {
        f32::from_le_bytes(bytes).into()
    }

    fn encode(value: f64) -> [u8; 4] {
        (value as f32).to_le_bytes()
    }
}

impl Stored<8> for f64 {
    const SMALLEST: f64 = f64::MIN_POSITIVE;

    fn decode(bytes: [u8; 8]) -> f64 {
        f64::from_le_bytes(bytes)
    }

    fn encode(value: f64) -> [u8; 8] {
        value.to_le_bytes()
    }
}

/// `f16`.
pub(super) struct Half;

/// `bf16`.
pub(super) struct Brain;

impl Stored<2> for Half {
    const SMALLEST: f64 = 1.0 / (1u64 << 14) as f64;

    fn decode(bytes: [u8; 2]) -> f64 {
        f16_to_f64(u16::from_le_bytes(bytes))
    }

    fn shift(slots: &mut [[u8; 2]], row: i16, columns: &[i16]) -> bool {
        shift::<10, 31>(slots, row, columns)
    }

    fn encode(value: f64) -> [u8; 2] {
        short::<10, 15>(value).to_le_bytes()
    }
}

impl Stored<2> for Brain {
    const SMALLEST: f64 = f32::MIN_POSITIVE as f64;

    fn decode(bytes: [u8; 2]) -> f64 {
        bf16_to_f64(u16::from_le_bytes(bytes))
    }

    fn shift(slots: &mut [[u8; 2]], row: i16, columns: &[i16]) -> bool {
        shift::<7, 255>(slots, row, columns)
    }

    fn encode(value: f64) -> [u8; 2] {
        short::<7, 127>(value).to_le_bytes()
    }
}

/// The bits of the nearest number of 16 bits, ties to even, with so many bits of fraction and this bias of the
/// exponent; what is too large becomes infinite.
fn short<const FRACTION: u32, const BIAS: i32>(value: f64) -> u16 {
    let sign = u16::from(value.is_sign_negative()) << 15;
    let infinity = ((2 * BIAS + 1) as u16) << FRACTION;
    let magnitude = value.abs();
    if magnitude.is_nan() {
        return sign | infinity | 1 << (FRACTION - 1);
    }
    // The exponent of f64, that of the smallest normal number at least.
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(1 - BIAS);
    if exponent > BIAS {
        return sign | infinity;
    }
    // Counted in units in the last place: exactly, and below 2^(FRACTION + 1).
    let unit = f64::from_bits(((exponent - FRACTION as i32 + 1023) as u64) << 52);
    let units = (magnitude / unit).round_ties_even() as u16;
    // A leading bit adds one to the field of the exponent, and so does one carried into the next binade, infinity
    // included.
    sign | ((((exponent + BIAS - 1) as u16) << FRACTION) + units)
}
