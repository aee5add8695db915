//! Judging another implementation's result: is it a scaling, is it balanced, how far is it from the one optimum?

use num_traits::{One, Signed, Zero};
use thiserror::Error;

use super::pipeline::{BalanceFailure, Options, balance};
use super::ratios::{BITS, Ratios};
use super::{Balancing, CertifyError};
use crate::kernel::{Enclosed, Problem, Scaled, Verified};
use crate::network::{Network, Regularizer, SynapseIndex};
use crate::numbers::{Enclosure, Rational, rational_to_f64, rational_to_f64_up};

/// Is the second network a scaling of the first?
#[derive(Debug, Clone)]
pub enum ScalingVerdict {
    /// Exactly; the kernel verified it weight by weight.
    Exact(Verified<Scaled>),
    /// There are multipliers that give every weight up to a relative deviation, both in exact arithmetic.
    Near {
        /// The multipliers `Λ`, one for each variable.
        multipliers: Vec<Rational>,
        /// The largest relative deviation of a weight from the scaled one; the nearest scaling may be nearer.
        deviation: Rational,
        /// The synapse where it is reached.
        synapse: SynapseIndex,
    },
    /// No multipliers can do it.
    Not(ScalingFault),
}

/// Why a network is no scaling of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalingFault {
    /// A weight became zero, or was zero and is not any more.
    Zero(SynapseIndex),
    /// A weight changed its sign.
    Sign(SynapseIndex),
}

/// A cycle of the coalesced graph around which the ratios of weights should multiply to 1 and do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenCycle {
    /// The synapses with `true` where the cycle runs along and `false` where it runs against them; the first is the one
    /// that disagrees with the others.
    pub steps: Vec<(SynapseIndex, bool)>,
    /// The product of the ratios, exactly.
    pub product: Rational,
}

impl BrokenCycle {
    /// Does the cycle prove that no scaling gives every weight up to a relative deviation of `tolerance < 1`? Each of its
    /// `n` synapses could contribute a factor between `1 - tolerance` and `1 + tolerance`, and all multipliers cancel.
    pub fn exceeds(&self, tolerance: &Rational) -> bool {
        let (low, high) = (Rational::one() - tolerance, Rational::one() + tolerance);
        if !low.is_positive() {
            return false;
        }
        let bound = num_traits::pow(high / low, self.steps.len());
        self.product > bound || (self.product.is_positive() && self.product.recip() > bound)
    }
}

/// What is known of a result.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The answer to the first question.
    pub scaling: ScalingVerdict,
    /// The synapses whose weight disagrees with what the others say about their units, by more than the tolerance.
    pub suspects: Vec<SynapseIndex>,
    /// A cycle through the first of them that proves the disagreement.
    pub cycle: Option<BrokenCycle>,
    /// The deficit of the second network.
    pub deficit: f64,
    /// An upper bound on the largest relative difference of a weight to the balanced one.
    pub distance: Distance,
}

/// How far a result is from the optimum of the network that it came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Distance {
    /// Proved: at most this, from verified enclosures and in exact arithmetic, rounded up.
    Certified(f64),
    /// Computed from the solution only, since there is no certificate.
    Estimated(f64, CertifyError),
    /// The minimum is not attained.
    NoOptimum,
}

/// Why a result could not be judged.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum JudgeError {
    /// The networks have not the same units, synapses and ties.
    #[error("{0}")]
    Structure(String),
    /// The optimum could not be found.
    #[error(transparent)]
    Balance(#[from] BalanceFailure),
}

/// Digits of the enclosures behind [`Distance::Certified`].
const DIGITS: u32 = 15;

/// Judges `after` as the result of balancing `before`. Deviations up to `tolerance` do not make a synapse suspect.
///
/// Paper: Section 3 (same function) and Theorem 5.1 (the one optimum). Both networks must have the same units, ties and
/// synapses, in the same order.
///
/// # Errors
/// [`JudgeError`].
///
/// ```
/// use synaptic_balance::network::{Regularizer, chain};
/// use synaptic_balance::solve::{ScalingVerdict, judge};
/// let weights = |texts: [&str; 2]| texts.map(|text| synaptic_balance::numbers::parse_rational(text).unwrap());
/// let (before, after) = (chain(&weights(["1", "16"])), chain(&weights(["4", "4"])));
/// let judgement = judge(&before, &after, &Regularizer::l2(), 1e-6).unwrap();
/// assert!(matches!(judgement.scaling, ScalingVerdict::Exact(_)) && judgement.deficit == 0.0);
/// ```
pub fn judge(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    tolerance: f64,
) -> Result<Judgement, JudgeError> {
    before
        .same_architecture(after)
        .map_err(JudgeError::Structure)?;
    let problem = before.problem(regularizer);
    let ratios = Ratios::new(before, after);
    let fit = ratios.fit(before, tolerance);
    let suspects: Vec<SynapseIndex> = match &ratios.fault {
        Some(ScalingFault::Zero(s) | ScalingFault::Sign(s)) => vec![*s],
        None => ratios.suspects(before, &fit, tolerance),
    };
    let cycle = match &ratios.fault {
        None => ratios.broken_cycle(before, &suspects, tolerance),
        Some(_) => None,
    };
    let scaling = ratios.verdict(before, after, &problem, &fit);
    let deficit = Balancing::new(&after.problem(regularizer)).max_deficit();
    Ok(Judgement {
        scaling,
        suspects,
        cycle,
        deficit,
        distance: distance(before, after, regularizer, &problem)?,
    })
}

fn distance(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    problem: &Problem,
) -> Result<Distance, JudgeError> {
    let options = Options {
        certify: Some(DIGITS),
        max_passes: 1_000,
        ..Options::default()
    };
    let optimum = balance(before, regularizer, &options, &mut |_, _| {})?;
    match &optimum.enclosure {
        None => Ok(Distance::NoOptimum),
        Some(Ok(verified)) => {
            let power = regularizer.variable_power();
            let bound = certified_distance(before, after, problem, &power, verified.claim());
            Ok(bound.map_or(Distance::NoOptimum, Distance::Certified))
        }
        Some(Err(failure)) => {
            let Some(Ok(weights)) = optimum.weights(before) else {
                return Ok(Distance::NoOptimum);
            };
            let pairs = after
                .weights()
                .into_iter()
                .zip(weights)
                .filter(|(_, best)| *best != 0.0);
            let worst = pairs
                .map(|(found, best)| (rational_to_f64(&found) / best - 1.0).abs())
                .fold(0.0, f64::max);
            Ok(Distance::Estimated(worst, failure.clone()))
        }
    }
}

/// The largest `|w' - w*| / |w*|`, bounded from above over the enclosures of `w*`; weights that no scaling changes count too.
fn certified_distance(
    before: &Network<Rational>,
    after: &Network<Rational>,
    problem: &Problem,
    power: &Rational,
    enclosed: &Enclosed,
) -> Option<f64> {
    let root = power.recip();
    let mut worst = Rational::zero();
    for (synapse, entry) in problem
        .synapses()
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.is_zero())
    {
        let mut ends = (Rational::one(), Rational::one());
        for (variable, exponent) in &entry.direction {
            let (low, high) = (&enclosed.lower[*variable], &enclosed.upper[*variable]);
            let (low, high) = if exponent.is_positive() {
                (low.clone(), high.clone())
            } else {
                (high.recip(), low.recip())
            };
            ends = (ends.0 * low, ends.1 * high);
        }
        let power = |end: &Rational| Enclosure::from_rational(end, BITS)?.power(&root, BITS);
        let (low, high) = (
            power(&ends.0)?.lo().to_rational(),
            power(&ends.1)?.hi().to_rational(),
        );
        let ratio = after.weight(synapse) / before.weight(synapse);
        for end in [&low, &high] {
            worst = worst.max((&ratio - end).abs() / &low);
        }
    }
    Some(rational_to_f64_up(&worst))
}
