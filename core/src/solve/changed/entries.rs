//! Weights with others in some places.

use synaptic_balance_kernel::Entries;

use crate::solve::general::value_of;

/// The entries of a block as `f64`, with other values in some places.
pub fn with_values(entries: &Entries, values: &[(usize, f64)]) -> Vec<[u8; 8]> {
    let all = (0..entries.len()).map(|entry| value_of(entries, entry));
    let mut all: Vec<[u8; 8]> = all.map(f64::to_le_bytes).collect();
    for (entry, value) in values {
        all[*entry] = value.to_le_bytes();
    }
    all
}
