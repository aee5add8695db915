//! Loops over four numbers at once.

use pulp::{Simd, WithSimd};

/// Runs a loop with the instructions of this machine that take four numbers at once, or without: in the same order, so
/// that sums are the same.
#[inline(always)]
pub fn in_lanes<Op: WithSimd>(work: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    pulp::Scalar256b.vectorize(work)
}
