//! Floating-point numbers of 16 bits.

/// The number of these bits as IEEE 754 `f16`, exactly; infinities and NaN stay what they are.
///
/// ```
/// use synaptic_balance::numbers::f16_to_f64;
/// assert_eq!((f16_to_f64(0x3c00), f16_to_f64(0x8001)), (1.0, -2f64.powi(-24)));
/// ```
#[inline(always)]
pub fn f16_to_f64(bits: u16) -> f64 {
    // The fields of an `f32` whose exponent is 112 too small: right for subnormal numbers too. Without a branch, so
    // that many are decoded at once.
    let fields = u32::from(bits & 0x7fff) << 13;
    let magnitude = f32::from_bits(fields) * f32::from_bits(0x7780_0000);
    let special = if fields >= 0x0f80_0000 {
        0x7f80_0000
    } else {
        0
    };
    let sign = u32::from(bits & 0x8000) << 16;
    f64::from(f32::from_bits(magnitude.to_bits() | special | sign))
}

/// The number of these bits as `bf16`, the upper half of an `f32`.
#[inline(always)]
pub fn bf16_to_f64(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}
