//! How far a result is from the one optimum.

use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::CertifyError;
use super::pipeline::{Options, balance};
use super::ratios::BITS;
use super::short::short_distance;
use crate::kernel::{Enclosed, Problem};
use crate::network::{Network, Regularizer, SynapseIndex};
use crate::numbers::{Dyadic, Enclosure, Rational, rational_to_f64, rational_to_f64_up};

/// How far a result is from the optimum of the network that it came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Distance {
    /// Proved: at most this, from verified enclosures, in exact numbers and such as are rounded outward.
    Certified(f64),
    /// Computed from the solution only, since there is no certificate.
    Estimated(f64, CertifyError),
    /// The minimum is not attained.
    NoOptimum,
    /// The optimum was not found, for the reason given.
    Undetermined(String),
}

/// Digits of the enclosures behind [`Distance::Certified`].
const DIGITS: u32 = 15;

pub(super) fn distance(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    problem: &Problem,
    lost: &[SynapseIndex],
) -> Distance {
    if lost.is_empty()
        && let Some(bound) = short_distance(before, after, regularizer, problem)
    {
        return Distance::Certified(bound);
    }
    let options = Options {
        certify: Some(DIGITS),
        max_passes: 1_000,
        ..Options::default()
    };
    let optimum = match balance(before, regularizer, &options, &mut |_, _| {}) {
        Ok(optimum) => optimum,
        Err(failure) => return Distance::Undetermined(failure.to_string()),
    };
    let beyond = || Distance::Undetermined("numbers beyond the range of f64".to_owned());
    if optimum.energy.is_some() {
        let Some(bounds) = optimum.bounds() else {
            let reason = "the certificate bounds every weight, but some multipliers only up to a common factor";
            return Distance::Undetermined(reason.to_owned());
        };
        let power = regularizer.variable_power();
        let bound = certified_distance((before, after), problem, &power, &bounds, lost);
        return bound.map_or_else(beyond, Distance::Certified);
    }
    match &optimum.enclosure {
        None => Distance::NoOptimum,
        Some(Ok(verified)) => {
            let power = regularizer.variable_power();
            let claim = verified.claim_about(problem);
            let bound = claim.and_then(|claim| {
                certified_distance((before, after), problem, &power, claim, lost)
            });
            bound.map_or_else(beyond, Distance::Certified)
        }
        // The computed optimum can be far off as well.
        Some(Err(
            failure
            @ (CertifyError::Singular | CertifyError::NotRefined | CertifyError::Refused(_)),
        )) => Distance::Undetermined(failure.to_string()),
        Some(Err(failure)) => {
            let Some(Ok(weights)) = optimum.weights(before) else {
                return beyond();
            };
            let pairs = after
                .weights()
                .into_iter()
                .zip(weights)
                .enumerate()
                .filter(|(synapse, (_, best))| *best != 0.0 && lost.binary_search(synapse).is_err())
                .map(|(_, pair)| pair);
            let worst = pairs
                .map(|(found, best)| (rational_to_f64(&found) / best - 1.0).abs())
                .fold(0.0, f64::max);
            Distance::Estimated(worst, failure.clone())
        }
    }
}

/// `|w' / w - end|`, in any terms: it is rounded next, and to find the lowest would take most of the time. `w` is not 0.
fn apart(after: &Rational, before: &Rational, end: &Dyadic) -> Rational {
    let end = end.to_rational();
    let above = after.numer() * before.denom();
    let below = after.denom() * before.numer();
    let difference = above * end.denom() - end.numer() * &below;
    Rational::new_raw(difference.abs(), (below * end.denom()).abs())
}

/// The largest `|w' - w*| / |w*|`, bounded from above over the enclosures of `w*`; a weight that no scaling changes has
/// `w* = w`. Infinite where `w* = 0` and `w'` is not. Ratios are rounded outward to 128 bits: exact ones take most of the
/// time of judging a network.
fn certified_distance(
    (before, after): (&Network<Rational>, &Network<Rational>),
    problem: &Problem,
    power: &Rational,
    enclosed: &Enclosed,
    lost: &[SynapseIndex],
) -> Option<f64> {
    let root = power.recip();
    let mut worst = Dyadic::zero();
    // Bounds on `Λ_v^|d|`, from below and from above.
    let mut raised: BTreeMap<(usize, Rational), [Enclosure; 2]> = BTreeMap::new();
    for (synapse, entry) in problem.synapses().iter().enumerate() {
        if lost.binary_search(&synapse).is_ok() {
            continue;
        }
        if entry.is_zero() {
            if !after.weight(synapse).is_zero() {
                return Some(f64::INFINITY);
            }
            continue;
        }
        // The weight's own ratio, Π μ_v^(d_v / p).
        let one = Enclosure::from_rational(&Rational::one(), BITS)?;
        let (mut low, mut high) = (one.clone(), one);
        for (variable, exponent) in &entry.direction {
            let key = (*variable, exponent.abs());
            if !raised.contains_key(&key) {
                let share = &key.1 * &root;
                let power =
                    |end: &Rational| Enclosure::from_rational(end, BITS)?.power(&share, BITS);
                let least = power(&enclosed.lower[*variable])?;
                let most = power(&enclosed.upper[*variable])?;
                raised.insert(key.clone(), [least, most]);
            }
            let [least, most] = &raised[&key];
            let (below, above) = match exponent.is_positive() {
                true => (least.clone(), most.clone()),
                false => (most.reciprocal(BITS)?, least.reciprocal(BITS)?),
            };
            (low, high) = (low.mul(&below, BITS)?, high.mul(&above, BITS)?);
        }
        let per_weight = low.reciprocal(BITS)?;
        for end in [low.lo(), high.hi()] {
            let away = apart(after.weight(synapse), before.weight(synapse), end);
            let relative = Enclosure::from_rational(&away, BITS)?.mul(&per_weight, BITS)?;
            if relative.hi().compare(&worst)? == Ordering::Greater {
                worst = relative.hi().clone();
            }
        }
    }
    Some(rational_to_f64_up(&worst.to_rational()))
}
