//! How many bits a certificate needs for so many digits.

use synaptic_balance_kernel::{MAX_BITS, Problem};

use super::terms::Extremes;

/// Digits that certificates are made for where no number was asked for.
pub const PLAIN_DIGITS: u32 = 15;

/// Three factors of so many bits fit the 256 bits in which the kernel is fast.
const SHORT_BITS: u32 = 85;

/// Bits that the heaviest cost may have on the grid there.
const MOST_BITS: f64 = 188.0;

/// Bits that the lightest cost should have on the grid whatever the digits.
const LEAST_BITS: f64 = 90.0;

/// Digits that are tried for in 256 bits, whatever the costs: where those do not suffice for the lightest, nearly all
/// weights are enclosed all the same.
const SHORT_DIGITS: u32 = PLAIN_DIGITS;

/// The finest grid that the kernel takes.
const FINEST: i64 = 1 << 14;

/// The bits of a certificate, and those of the numbers that it is made with.
pub(super) struct Precision {
    /// Significant bits of the three factors.
    pub factors: u32,
    /// The grid is `2^-grid`.
    pub grid: i64,
    /// Bits of a multiplier in the certificate.
    pub kept: u64,
    /// Bits of a multiplier while it is refined.
    pub working: u64,
    /// Refinements after which the point is taken as it is.
    pub steps: usize,
}

impl Precision {
    /// With `b` bits asked for, `N` terms, and costs from `w` to `W`: what is lost to the grid adds about `N² g²/w` to
    /// the gap, and what is lost to the factors `ε² N W`; both must be below `w 2^(-2b-2)` for a radius of `2^-b` at
    /// the lightest cost. Multipliers add up radii along paths, of at most all variables.
    pub fn of(extremes: &Extremes, problem: &Problem, digits: u32) -> Self {
        let terms: usize = problem
            .blocks()
            .iter()
            .map(|block| block.entries.len())
            .sum();
        let log = |count: usize| ((count + 1) as f64).log2();
        let bits = f64::from(digits) * 3.33 + 8.0 + log(problem.variables());
        let (least, most) = extremes.range().unwrap_or_default();
        let factors = bits + 6.0 + (most - least + log(terms)) / 2.0;
        let on_grid = bits + 4.0 + log(terms);
        let grid = LEAST_BITS.max(on_grid) - least;
        let is_short = factors <= f64::from(SHORT_BITS) && on_grid <= MOST_BITS - most + least;
        let factors = match is_short || digits <= SHORT_DIGITS {
            true => SHORT_BITS,
            false => (factors.ceil() as u32).clamp(SHORT_BITS, MAX_BITS),
        };
        let grid = match factors == SHORT_BITS {
            true => grid.min(MOST_BITS - most),
            false => grid,
        };
        let kept = u64::from(factors) + 43;
        Precision {
            factors,
            grid: (grid.floor() as i64).clamp(-FINEST, FINEST),
            kept,
            working: 2 * kept,
            steps: 6 + digits as usize / 8,
        }
    }
}
