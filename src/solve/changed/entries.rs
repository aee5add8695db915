//! Weights with others in some places.

use synaptic_balance_kernel::Entries;

use crate::numbers::{bf16_to_f64, f16_to_f64, rational_to_f64};

/// The entries of a block as `f64`, with other values in some places.
pub fn with_values(entries: &Entries, values: &[(usize, f64)]) -> Vec<[u8; 8]> {
    let all = (0..entries.len()).map(|entry| match entries {
        Entries::F64(all) => f64::from_le_bytes(all[entry]),
        Entries::F32(all) => f32::from_le_bytes(all[entry]).into(),
        Entries::F16(all) => f16_to_f64(u16::from_le_bytes(all[entry])),
        Entries::Bf16(all) => bf16_to_f64(u16::from_le_bytes(all[entry])),
        Entries::Rational(all) => rational_to_f64(&all[entry]),
    });
    let mut all: Vec<[u8; 8]> = all.map(f64::to_le_bytes).collect();
    for (entry, value) in values {
        all[*entry] = value.to_le_bytes();
    }
    all
}
