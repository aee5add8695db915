//! Judging another implementation's result: is it a scaling, is it balanced, how far is it from the one optimum?

use num_traits::Zero;
use thiserror::Error;

use super::distance::{Distance, distance};
use super::fit::is_general;
use super::pipeline::check_continuity;
use super::ratios::{Cycle, Ratios};
use super::rounded::balance_rounded;
use super::scaling_verdict::{ScalingFault, ScalingVerdict};
use super::{Balancing, Existence, NumberType, Witness, existence, find_witness};
use crate::kernel::{NotScaled, Obstacle, Problem, Verified, check};
use crate::network::{Network, Regularizer, SynapseIndex};
use crate::numbers::{Rational, rational_from_f64, rational_to_f64_up};

/// What is known of a result.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The answer to the first question.
    pub scaling: ScalingVerdict,
    /// The synapses whose weight disagrees with what the others say about their units, by more than the tolerance.
    pub suspects: Vec<SynapseIndex>,
    /// The kernel's proof, through the first of them where there is one, that no scaling gives every weight up to the
    /// tolerance.
    pub cycle: Option<Verified<NotScaled>>,
    /// The kernel's proof that no scaling comes nearer than its tolerance, as close to the nearest as was found.
    pub obstacle: Option<Verified<NotScaled>>,
    /// Synapses that the second network has dropped (their weight is 0 there only) as in the limit of an infimum that
    /// is not attained: they lie on no cycle, so that no output changes, from initial state 0. The other answers are
    /// about the first network without them.
    pub vanished: Vec<SynapseIndex>,
    /// Synapses whose weight was lost in writing: the number type of the second network holds it as 0 or with fewer
    /// digits than its others, and the multipliers of the other weights predict a value that rounds to what stands
    /// there.
    pub lost: Vec<SynapseIndex>,
    /// The number type of the second network, whose rounding is excused.
    pub number_type: NumberType,
    /// Were inputs sought on which the outputs differ? Not where the second network is a scaling of the first, exactly,
    /// to rounding or within the tolerance, nor where it cannot be evaluated.
    pub sought: bool,
    /// Such inputs.
    pub witness: Option<Witness>,
    /// The deficit of the second network.
    pub deficit: f64,
    /// What of it rounding to 16 bits can leave.
    pub excused_deficit: f64,
    /// Is it the scaling that balances the first one with every multiplier rounded to a power of two, within a factor
    /// `2^(step/2)` of what it would be, as far as verified bounds show? Then the largest step: 1, but where only powers
    /// of `2^step` change every weight by a power of two. Not asked where the deficit is within the tolerance.
    pub to_powers_of_two: Option<u64>,
    /// An upper bound on the largest relative difference of a weight to the balanced one, but for weights that were
    /// lost.
    pub distance: Distance,
}

impl Judgement {
    /// The multipliers `Λ` of the scaling that was found, exact or nearest; `None` if none can do it.
    pub fn multipliers(&self) -> Option<&[Rational]> {
        self.scaling.multipliers()
    }

    /// Something beside the weights, as the statistics of a normalisation, is so far from following the scaling: it is
    /// no exact one then.
    pub fn deviates_by(&mut self, deviation: f64) {
        let Some(other) = rational_from_f64(deviation).filter(|other| !other.is_zero()) else {
            return;
        };
        match &mut self.scaling {
            ScalingVerdict::Near { deviation, .. } if *deviation < other => *deviation = other,
            ScalingVerdict::Exact(claim) => {
                self.scaling = ScalingVerdict::Near {
                    multipliers: claim.data().multipliers.clone(),
                    deviation: other,
                    synapse: 0,
                };
            }
            _ => {}
        }
    }
}

/// How the second of two networks is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The number type in which it was written, which bounds what rounding alone can do.
    pub number_type: NumberType,
    /// Does the network compute what the model computes? Not where units stand for channels of a tensor.
    pub computes: bool,
}

impl Reading {
    /// A network of exact weights, which computes what it says.
    pub const EXACT: Reading = Reading {
        number_type: NumberType::Exact,
        computes: true,
    };
}

/// Why a result could not be judged.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum JudgeError {
    /// The networks have not the same units, synapses and ties.
    #[error("{0}")]
    Structure(String),
}

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
    judge_as(before, after, regularizer, tolerance, Reading::EXACT)
}

/// [`judge`] of a second network whose weights were rounded, or that stands for a model which it cannot compute.
///
/// # Errors
/// [`JudgeError`].
pub fn judge_as(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    tolerance: f64,
    reading: Reading,
) -> Result<Judgement, JudgeError> {
    let types = vec![reading.number_type; after.synapses()];
    judge_of_types((before, after), regularizer, tolerance, reading, &types)
}

/// [`judge_as`] of weights of several number types, one for each synapse: tiny ones are lost by their own.
///
/// # Errors
/// [`JudgeError`].
pub fn judge_of_types(
    (before, after): (&Network<Rational>, &Network<Rational>),
    regularizer: &Regularizer,
    tolerance: f64,
    reading: Reading,
    types: &[NumberType],
) -> Result<Judgement, JudgeError> {
    let whole = before;
    before
        .same_architecture(after)
        .map_err(JudgeError::Structure)?;
    let vanished = vanished(before, after, regularizer);
    let reduced = (!vanished.is_empty()).then(|| without(before, &vanished));
    let before = reduced.as_ref().unwrap_or(before);
    let problem = before.problem(regularizer);
    let Compared {
        ratios,
        suspects,
        scaling,
        widest,
        lost,
    } = Compared::of(before, after, tolerance, (types, reading.number_type));
    let (cycle, obstacle) = refutations(
        (before, after),
        &problem,
        (&ratios, &suspects),
        &scaling,
        widest,
        tolerance,
    );
    let explained = match &scaling {
        ScalingVerdict::Exact(_) => true,
        ScalingVerdict::Near { deviation, .. } => {
            *deviation <= reading.number_type.allowed(tolerance)
        }
        ScalingVerdict::Not(_) => false,
    };
    let sought = reading.computes && !explained;
    let witness = sought.then(|| {
        let proofs = cycle.iter().chain(&obstacle);
        let around = proofs.flat_map(|proof| places(&proof.data().obstacle));
        let mut places: Vec<SynapseIndex> = Vec::new();
        for place in ratios.faulty.iter().chain(&suspects).copied().chain(around) {
            if !places.contains(&place) && places.len() < PLACES {
                places.push(place);
            }
        }
        find_witness(whole, after, &places, reading.number_type)
    });
    let deficit = Balancing::new(&after.problem(regularizer)).max_deficit();
    let found = match &scaling {
        ScalingVerdict::Exact(found) => Some((found.data().multipliers.as_slice(), 0.0)),
        ScalingVerdict::Near { multipliers, .. } if explained => {
            let excused = reading.number_type.excused();
            Some((multipliers.as_slice(), rational_to_f64_up(&excused)))
        }
        _ => None,
    };
    let found = found.filter(|_| deficit > tolerance);
    let to_powers_of_two = found.and_then(|found| balance_rounded(before, regularizer, found));
    Ok(Judgement {
        scaling,
        deficit,
        excused_deficit: reading
            .number_type
            .excused_deficit(&regularizer.variable_power()),
        to_powers_of_two,
        distance: distance(before, after, regularizer, &problem, &lost),
        suspects,
        cycle,
        obstacle,
        vanished,
        lost,
        number_type: reading.number_type,
        sought,
        witness: witness.flatten(),
    })
}

/// Proofs that no scaling gives some of the weights of two models, and so none all of them: up to the tolerance, and as
/// close to the nearest as was found. They go through suspects, in increasing order.
///
/// # Errors
/// [`JudgeError`].
pub fn refutations_of_part(
    (before, after): (&Network<Rational>, &Network<Rational>),
    regularizer: &Regularizer,
    tolerance: f64,
    types: &[NumberType],
    suspects: &[SynapseIndex],
) -> Result<Refutations, JudgeError> {
    let same = before.same_architecture(after);
    same.map_err(JudgeError::Structure)?;
    let problem = before.problem(regularizer);
    let ratios = Ratios::new(before, after, types);
    let widest = match is_general(before) {
        true => ratios.combinations(before, suspects).into_iter().next(),
        false => ratios.suspicious_cycles(before, suspects).next(),
    };
    let scaling = match &ratios.fault {
        Some(fault) => ScalingVerdict::Not(fault.clone()),
        None => ScalingVerdict::Near {
            multipliers: Vec::new(),
            deviation: Rational::zero(),
            synapse: 0,
        },
    };
    Ok(refutations(
        (before, after),
        &problem,
        (&ratios, suspects),
        &scaling,
        widest,
        tolerance,
    ))
}

/// As [`Judgement::cycle`] and [`Judgement::obstacle`].
pub type Refutations = (Option<Verified<NotScaled>>, Option<Verified<NotScaled>>);

/// Proofs that the second network is no scaling: up to the tolerance, through a suspect where there is one; and as
/// close to the nearest scaling as was found.
fn refutations(
    (before, after): (&Network<Rational>, &Network<Rational>),
    problem: &Problem,
    (ratios, suspects): (&Ratios, &[SynapseIndex]),
    scaling: &ScalingVerdict,
    widest: Option<Cycle>,
    tolerance: f64,
) -> Refutations {
    let refute = |obstacle: Obstacle, tolerance: &Rational| {
        let (before, after) = (before.weights(), after.weights());
        check::not_scaled(problem, &before, &after, &obstacle, tolerance).ok()
    };
    match scaling {
        ScalingVerdict::Exact(_) => (None, None),
        ScalingVerdict::Not(ScalingFault::Zero(s) | ScalingFault::Sign(s)) => {
            (None, refute(Obstacle::Synapse(*s), &nearly_one()))
        }
        ScalingVerdict::Near { .. } => {
            let tolerance = rational_from_f64(tolerance).unwrap_or_default();
            let at_tolerance = |found| refute(Obstacle::Cycle(found), &tolerance);
            let mut cycle = match is_general(before) {
                true => {
                    let mut closed = ratios.combinations(before, suspects).into_iter();
                    let far = |found: &Cycle| ratios.may_refute(found, &tolerance);
                    closed.find(far).and_then(at_tolerance)
                }
                false => {
                    let mut suspicious = ratios.suspicious_cycles(before, suspects);
                    suspicious.find_map(at_tolerance)
                }
            };
            // Without suspects every weight is within the tolerance, and nothing can be refuted.
            if cycle.is_none() && widest.is_none() && !suspects.is_empty() {
                let mut basis = ratios.constraints(before).into_iter();
                let far = |found: &Cycle| ratios.may_refute(found, &tolerance);
                cycle = basis.find(far).and_then(at_tolerance);
            }
            let nearest = widest
                .and_then(|widest| ratios.refutation(before, after, problem, widest))
                .or_else(|| cycle.clone());
            (cycle, nearest)
        }
    }
}

/// Synapses around which a witness is sought.
const PLACES: usize = 16;

fn places(obstacle: &Obstacle) -> Vec<SynapseIndex> {
    match obstacle {
        Obstacle::Synapse(synapse) => vec![*synapse],
        Obstacle::Cycle(terms) => terms.iter().map(|(synapse, _)| *synapse).collect(),
    }
}

/// What the ratios of the weights say.
struct Compared {
    ratios: Ratios,
    suspects: Vec<SynapseIndex>,
    scaling: ScalingVerdict,
    widest: Option<Cycle>,
    lost: Vec<SynapseIndex>,
}

impl Compared {
    /// Weights that the number type holds as 0 or with fewer digits are first left out; where the others do not predict
    /// them, they count as they stand.
    fn of(
        before: &Network<Rational>,
        after: &Network<Rational>,
        tolerance: f64,
        types: (&[NumberType], NumberType),
    ) -> Self {
        let mut found = Self::as_in(before, after, tolerance, types.0);
        let multipliers = found.scaling.multipliers();
        let lost = multipliers
            .and_then(|multipliers| found.ratios.lost(before, after, types, multipliers));
        match lost {
            Some(lost) => {
                found.lost = lost;
                found
            }
            None => {
                let exact = vec![NumberType::Exact; after.synapses()];
                Self::as_in(before, after, tolerance, &exact)
            }
        }
    }

    fn as_in(
        before: &Network<Rational>,
        after: &Network<Rational>,
        tolerance: f64,
        types: &[NumberType],
    ) -> Self {
        let ratios = Ratios::new(before, after, types);
        let fit = ratios.fit(before, tolerance);
        let suspects: Vec<SynapseIndex> = match &ratios.fault {
            Some(ScalingFault::Zero(s) | ScalingFault::Sign(s)) => vec![*s],
            None => ratios.suspects(before, &fit, tolerance),
        };
        let (scaling, widest) = ratios.verdict(before, after, &fit);
        Compared {
            ratios,
            suspects,
            scaling,
            widest,
            lost: Vec::new(),
        }
    }
}

/// The network with some weights set to 0.
fn without(network: &Network<Rational>, synapses: &[SynapseIndex]) -> Network<Rational> {
    let mut weights = network.weights();
    let zero = |synapse: &SynapseIndex| weights[*synapse] = Rational::zero();
    synapses.iter().for_each(zero);
    network.with_weights(weights)
}

/// The synapses dropped, if a verified direction sends all of them to 0 and no unit is discontinuous at 0; else none.
fn vanished(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
) -> Vec<SynapseIndex> {
    let is_dropped = |synapse: &SynapseIndex| {
        !before.weight(*synapse).is_zero() && after.weight(*synapse).is_zero()
    };
    let dropped: Vec<SynapseIndex> = (0..before.synapses()).filter(is_dropped).collect();
    if dropped.is_empty() || check_continuity(before).is_err() {
        return Vec::new();
    }
    let problem = before.problem(regularizer);
    match existence(&problem) {
        Ok(found @ Existence::NotAttained(_)) => {
            let vanishing = found.vanishing();
            let all = dropped.iter().all(|s| vanishing.binary_search(s).is_ok());
            if all { dropped } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// A weight of another sign is no scaling at any tolerance below 1.
fn nearly_one() -> Rational {
    Rational::new(999_999.into(), 1_000_000.into())
}
