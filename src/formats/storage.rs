//! How models store floating-point numbers.

/// The types of numbers that can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Single,
    Double,
}

impl Storage {
    pub fn size(self) -> usize {
        match self {
            Storage::Single => 4,
            Storage::Double => 8,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Storage::Single => "f32",
            Storage::Double => "f64",
        }
    }

    /// The number that some bytes begin with; 0 if they are too few.
    pub fn decode(self, bytes: &[u8]) -> f64 {
        match self {
            Storage::Single => bytes.first_chunk().map_or(0.0, |bytes| f32::decode(*bytes)),
            Storage::Double => bytes.first_chunk().map_or(0.0, |bytes| f64::decode(*bytes)),
        }
    }

    /// Are all numbers finite?
    pub fn all_finite(self, bytes: &[u8]) -> bool {
        // A multiple of either size.
        const PART: usize = 1 << 18;
        let finite = |part: &[u8]| match self {
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
