//! Directions in which what has no minimum runs away, variables of one level moving alike.

use num_bigint::BigInt;
use num_traits::One;
use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::{Cost, NotAttained, Problem, Synapse, Verified, check};
use crate::numbers::Rational;

/// The exponents of a term at the levels of its variables; level 0 stays.
pub(super) type Steps = BTreeMap<i64, Rational>;

/// The variables above level 0, and those below.
pub(super) fn moving(levels: &[i64]) -> [Vec<usize>; 2] {
    let of = |sign: i64| {
        let levels = levels.iter().enumerate();
        let own = levels.filter(|(_, level)| level.signum() == sign);
        own.map(|(variable, _)| variable).collect()
    };
    [of(1), of(-1)]
}

/// Has the kernel verify a direction, given by the speed of each level, on the problem in which the variables of a
/// level are one: a direction there is one here, and the other way round. That the terms lie at these levels was read
/// by this program, not by the kernel. `None` if it refuses.
pub(super) fn verified<'a>(
    levels: &[i64],
    steps: impl Iterator<Item = &'a Steps>,
    speed: impl Fn(i64) -> BigInt,
) -> Option<Verified<NotAttained>> {
    let levels: BTreeSet<i64> = levels.iter().copied().filter(|l| *l != 0).collect();
    let numbers: BTreeMap<i64, usize> = levels.iter().copied().zip(0..).collect();
    let synapse = |step: &Steps| {
        let ends = step
            .iter()
            .filter_map(|(level, exponent)| Some((*numbers.get(level)?, exponent.clone())));
        Synapse {
            direction: ends.collect(),
            costs: vec![Cost {
                coefficient: Rational::one(),
                base: Rational::one(),
                power: Rational::one(),
                exponent: Rational::one(),
            }],
        }
    };
    let problem = Problem::new(levels.len(), steps.map(synapse).collect()).ok()?;
    let direction = levels
        .iter()
        .map(|level| Rational::from_integer(speed(*level)));
    check::not_attained(&problem, &direction.collect::<Vec<_>>()).ok()
}
