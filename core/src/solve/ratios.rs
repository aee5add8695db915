//! Ratios of the weights of two networks, and the multipliers that explain them best.

use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, VecDeque};

use super::NumberType;
use super::fit::{is_general, least_deviations, least_squares};
use super::nearest::{nearest, refutable, rest};
use super::scaling_verdict::{ScalingFault, ScalingVerdict};
use crate::kernel::{NotScaled, Obstacle, Problem, Verified, check};
use crate::network::{Manifold, Network, Regularizer, SynapseIndex, vanishing_with};
use crate::numbers::{Enclosure, Rational, Wide, natural_log, rational_from_f64, rational_to_f64};

/// Synapses with coefficients.
pub(super) type Cycle = Vec<(SynapseIndex, Rational)>;

/// The ratio of each weight after to the one before, where neither is zero; 1 is what a weight that no scaling changes
/// should have.
pub(super) struct Ratios {
    exact: Vec<Option<Rational>>,
    logs: Vec<Option<f64>>,
    pub fault: Option<ScalingFault>,
    /// All synapses of which one of the faults is true.
    pub faulty: Vec<SynapseIndex>,
    /// Weights that became 0 or subnormal, whose ratios say nothing.
    tiny: Vec<SynapseIndex>,
}

impl Ratios {
    /// `types` are those of the weights of `after`: what its own type holds as 0 or with fewer digits is left out, for
    /// [`lost`](Ratios::lost) to account for.
    pub fn new(
        before: &Network<Rational>,
        after: &Network<Rational>,
        types: &[NumberType],
    ) -> Self {
        let mut ratios = Ratios {
            exact: Vec::new(),
            logs: Vec::new(),
            fault: None,
            faulty: Vec::new(),
            tiny: Vec::new(),
        };
        for (synapse, number_type) in types.iter().enumerate() {
            let (old, new) = (before.weight(synapse), after.weight(synapse));
            let tiny = number_type.is_subnormal(new)
                && !old.is_zero()
                && (new.is_zero() || old.is_negative() == new.is_negative());
            if tiny {
                ratios.tiny.push(synapse);
            }
            let fault = if tiny {
                None
            } else if old.is_zero() != new.is_zero() {
                Some(ScalingFault::Zero(synapse))
            } else if old.is_negative() != new.is_negative() {
                Some(ScalingFault::Sign(synapse))
            } else {
                None
            };
            let usable = fault.is_none() && !tiny && !old.is_zero();
            ratios.faulty.extend(fault.as_ref().map(|_| synapse));
            ratios.fault = ratios.fault.take().or(fault);
            let ratio = usable.then(|| new / old);
            ratios.logs.push(ratio.as_ref().map(natural_log));
            ratios.exact.push(ratio);
        }
        ratios
    }

    /// The weights left out that are not what they were in another scale, if the multipliers predict each of them: the
    /// predicted value, with the excused rounding, lies within half a step of what stands there. `None` if they do not.
    pub fn lost(
        &self,
        before: &Network<Rational>,
        after: &Network<Rational>,
        (types, number_type): (&[NumberType], NumberType),
        multipliers: &[Rational],
    ) -> Option<Vec<SynapseIndex>> {
        let predicted = |synapse: &SynapseIndex| {
            let half = types[*synapse].smallest()? / Rational::from_integer(2.into());
            let old = before.weight(*synapse).abs();
            let ratio = enclosed_ratio(before, *synapse, multipliers)?;
            let ends = [ratio.lo().to_rational(), ratio.hi().to_rational()];
            let near = |end: &Rational| {
                let value = end * &old;
                let off = (&value - after.weight(*synapse).abs()).abs();
                off <= &half + value * number_type.excused()
            };
            ends.iter().all(near).then_some(*synapse)
        };
        self.tiny.iter().map(predicted).collect()
    }

    /// The fit by lower or upper medians that leaves fewer synapses suspect.
    pub fn fit(&self, network: &Network<Rational>, tolerance: f64) -> Vec<f64> {
        if is_general(network)
            && let Some(found) = least_deviations(network, &self.logs)
        {
            return found;
        }
        let (lower, upper) = (self.medians(network, false), self.medians(network, true));
        let count = |fit: &[f64]| self.suspects(network, fit, tolerance).len();
        if count(&upper) < count(&lower) {
            upper
        } else {
            lower
        }
    }

    /// Logarithmic multipliers by medians: each variable takes the median of what its synapses say, so that a few wrong
    /// weights do not move it. Starts from a spanning forest.
    fn medians(&self, network: &Network<Rational>, upper: bool) -> Vec<f64> {
        let directions: Vec<Vec<(usize, f64)>> = (0..network.synapses())
            .map(|synapse| {
                network
                    .direction(synapse)
                    .iter()
                    .map(|(v, d)| (*v, rational_to_f64(d)))
                    .collect()
            })
            .collect();
        let mut touching: Vec<Vec<SynapseIndex>> = vec![Vec::new(); network.variables()];
        for (synapse, direction) in directions
            .iter()
            .enumerate()
            .filter(|(s, _)| self.logs[*s].is_some())
        {
            direction
                .iter()
                .for_each(|(variable, _)| touching[*variable].push(synapse));
        }
        let mut known: Vec<Option<f64>> = vec![None; network.variables()];
        let said = |known: &[Option<f64>], variable: usize| -> Vec<f64> {
            let each = touching[variable].iter().filter_map(|synapse| {
                let mut rest = self.logs[*synapse]?;
                let mut own = 0.0;
                for (other, exponent) in &directions[*synapse] {
                    if *other == variable {
                        own = *exponent
                    } else {
                        rest -= exponent * known[*other]?
                    }
                }
                Some(rest / own)
            });
            each.collect()
        };
        for sweep in 0..2 * network.variables() + 20 {
            let mut changed = 0.0f64;
            for variable in 0..network.variables() {
                let mut values = said(&known, variable);
                if values.is_empty() {
                    continue;
                }
                values.sort_by(f64::total_cmp);
                let median = values[(values.len() - usize::from(!upper)) / 2];
                changed =
                    changed.max(known[variable].map_or(f64::INFINITY, |old| (old - median).abs()));
                known[variable] = Some(median);
            }
            if changed == 0.0 && sweep > 0 {
                // What no visible unit reaches is free; start it at 1.
                let Some(open) =
                    (0..known.len()).find(|v| known[*v].is_none() && !touching[*v].is_empty())
                else {
                    break;
                };
                known[open] = Some(0.0);
            }
        }
        known
            .into_iter()
            .map(|value| value.unwrap_or(0.0))
            .collect()
    }

    pub fn suspects(
        &self,
        network: &Network<Rational>,
        fit: &[f64],
        tolerance: f64,
    ) -> Vec<SynapseIndex> {
        let deviates = |synapse: &SynapseIndex| {
            self.logs[*synapse].is_some_and(|log| {
                let direction = network.direction(*synapse);
                let fitted: f64 = direction
                    .iter()
                    .map(|(v, d)| rational_to_f64(d) * fit[*v])
                    .sum();
                (log - fitted).exp_m1().abs() > tolerance
            })
        };
        (0..network.synapses()).filter(deviates).collect()
    }

    /// Cycles through suspects, each closed by synapses that are not suspected and then, for those without such a
    /// cycle, by any.
    pub fn suspicious_cycles<'a>(
        &'a self,
        network: &'a Network<Rational>,
        suspects: &'a [SynapseIndex],
    ) -> impl Iterator<Item = Cycle> + 'a {
        [true, false].into_iter().flat_map(move |avoid_all| {
            suspects.iter().filter_map(move |suspect| {
                let avoided = match avoid_all {
                    true => suspects,
                    false => std::slice::from_ref(suspect),
                };
                self.closed(network, *suspect, avoided)
            })
        })
    }

    /// Combinations of synapses with non-zero weights among a basis of the constraints, with integer coefficients.
    pub fn constraints(&self, network: &Network<Rational>) -> Vec<Cycle> {
        let found = Manifold::of(network).constraints().into_iter();
        found
            .map(|constraint| whole(constraint.terms))
            .filter(|terms| terms.iter().all(|(e, _)| self.exact[*e].is_some()))
            .collect()
    }

    /// Combinations of synapses that vanish, each of one suspect, the first ones, and of synapses that are not
    /// suspected, with integer coefficients: where products make cycles of a graph useless.
    pub fn combinations(
        &self,
        network: &Network<Rational>,
        suspects: &[SynapseIndex],
    ) -> Vec<Cycle> {
        let is_suspect = |synapse: &SynapseIndex| suspects.binary_search(synapse).is_ok();
        let rows: Vec<_> = (0..network.synapses())
            .map(|synapse| match self.exact[synapse] {
                Some(_) if !is_suspect(&synapse) => network.direction(synapse),
                _ => Vec::new(),
            })
            .collect();
        let tried = suspects.iter().take(PLACES);
        let wanted: Vec<_> = tried
            .map(|suspect| (*suspect, network.direction(*suspect)))
            .collect();
        let found = vanishing_with(&rows, &wanted).into_iter();
        found.map(whole).collect()
    }

    /// Are the ratios along a combination, computed, farther from those of a scaling than the tolerance allows?
    pub fn may_refute(&self, cycle: &Cycle, tolerance: &Rational) -> bool {
        let allowed = -(-rational_to_f64(tolerance)).ln_1p();
        let (mut total, mut size) = (0.0, 0.0);
        for (synapse, coefficient) in cycle {
            let coefficient = rational_to_f64(coefficient);
            total += coefficient * self.logs[*synapse].unwrap_or(f64::NAN);
            size += coefficient.abs();
        }
        total.abs() > allowed * size * (1.0 - 1e-9)
    }

    /// A synapse closed by a shortest path that avoids some (in increasing order): it comes first, then the path from
    /// its end.
    fn closed(
        &self,
        network: &Network<Rational>,
        suspect: SynapseIndex,
        avoided: &[SynapseIndex],
    ) -> Option<Cycle> {
        let ground = network.variables();
        let ends = |synapse: SynapseIndex| {
            let (from, to) = network.endpoints(synapse);
            (
                network.variable(from).unwrap_or(ground),
                network.variable(to).unwrap_or(ground),
            )
        };
        let mut touching: Vec<Vec<SynapseIndex>> = vec![Vec::new(); ground + 1];
        for synapse in (0..network.synapses())
            .filter(|s| self.exact[*s].is_some() && avoided.binary_search(s).is_err())
        {
            let (from, to) = ends(synapse);
            touching[from].push(synapse);
            touching[to].push(synapse);
        }
        let (goal, start) = ends(suspect);
        let mut came: BTreeMap<usize, (SynapseIndex, bool, usize)> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for synapse in &touching[node] {
                let (from, to) = ends(*synapse);
                let (along, other) = if from == node {
                    (true, to)
                } else {
                    (false, from)
                };
                if other != start && !came.contains_key(&other) {
                    came.insert(other, (*synapse, along, node));
                    queue.push_back(other);
                }
            }
        }
        let mut back = Vec::new();
        let mut node = goal;
        while node != start {
            let (synapse, along, previous) = came.get(&node)?;
            back.push((*synapse, *along));
            node = *previous;
        }
        let mut steps = vec![(suspect, true)];
        steps.extend(back.into_iter().rev());
        let coefficient = |along| {
            if along {
                Rational::one()
            } else {
                -Rational::one()
            }
        };
        let terms = steps.into_iter().map(|(s, along)| (s, coefficient(along)));
        Some(terms.collect())
    }

    /// Is there exactly a scaling, and if not, which is the nearest that was found?
    pub fn verdict(
        &self,
        before: &Network<Rational>,
        after: &Network<Rational>,
        fit: &[f64],
    ) -> (ScalingVerdict, Option<Cycle>) {
        if let Some(fault) = &self.fault {
            return (ScalingVerdict::Not(fault.clone()), None);
        }
        if let Ok(multipliers) = Manifold::of(before).multipliers(&self.exact)
            && let problem = before.problem(&Regularizer::l1())
            && let Ok(verified) =
                check::scaling(&problem, &before.weights(), &after.weights(), &multipliers)
        {
            return (ScalingVerdict::Exact(verified), None);
        }
        let start: Vec<Rational> = fit
            .iter()
            .map(|log| Wide::exp(*log).to_rational().unwrap_or_else(Rational::one))
            .collect();
        let (multipliers, cycle) = if is_general(before) {
            (self.refitted(before, &start).unwrap_or(start), None)
        } else {
            match self.refined(before, &start) {
                Some((multipliers, cycle)) => (multipliers, Some(cycle)),
                None => (start, None),
            }
        };
        let mut worst = (Rational::zero(), 0);
        for synapse in self.far(before, &multipliers) {
            let Some(ratio) = &self.exact[synapse] else {
                continue;
            };
            if let Some(rest) = rest(ratio, before.direction(synapse), &multipliers) {
                let deviation = Rational::new(rest.0.abs(), rest.1);
                worst = worst.max((deviation, synapse));
            } else if let Some(fitted) = enclosed_ratio(before, synapse, &multipliers) {
                let ends = [fitted.lo().to_rational(), fitted.hi().to_rational()];
                let deviation = ends
                    .iter()
                    .map(|end| (ratio / end - Rational::one()).abs())
                    .max();
                worst = worst.max((deviation.unwrap_or_default(), synapse));
            }
        }
        let verdict = ScalingVerdict::Near {
            multipliers,
            deviation: worst.0,
            synapse: worst.1,
        };
        (verdict, cycle)
    }

    /// The synapses at which the largest deviation can be, as far as that can be told in floats.
    fn far(&self, network: &Network<Rational>, multipliers: &[Rational]) -> Vec<SynapseIndex> {
        let mut sizes = Vec::with_capacity(self.exact.len());
        for (synapse, ratio) in self.exact.iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            let size = match rest(ratio, network.direction(synapse), multipliers) {
                Some((top, bottom)) => rational_to_f64(&Rational::new_raw(top.abs(), bottom)),
                None => f64::INFINITY,
            };
            sizes.push((synapse, size));
        }
        let largest = sizes
            .iter()
            .map(|(_, size)| *size)
            .filter(|size| size.is_finite());
        let least = (1.0 - 1e-9) * largest.fold(0.0, f64::max);
        let far = sizes.into_iter().filter(|(_, size)| *size >= least);
        far.map(|(synapse, _)| synapse).collect()
    }

    /// The nearest scaling, found as a correction of multipliers near to it: what is left of the ratios is computed
    /// exactly, so that no digits are lost where they are close to 1.
    fn refined(
        &self,
        network: &Network<Rational>,
        start: &[Rational],
    ) -> Option<(Vec<Rational>, Cycle)> {
        let mut logs = Vec::with_capacity(self.exact.len());
        for (synapse, ratio) in self.exact.iter().enumerate() {
            let Some(ratio) = ratio else {
                logs.push(None);
                continue;
            };
            let (top, bottom) = rest(ratio, network.direction(synapse), start)?;
            let log = rational_to_f64(&Rational::new_raw(top, bottom)).ln_1p();
            logs.push(Some(log).filter(|log| log.is_finite()));
        }
        let found = nearest(network, &logs)?;
        let corrected = start.iter().zip(&found.logs).map(|(multiplier, log)| {
            let change = rational_from_f64(log.exp_m1())? + Rational::one();
            Some(multiplier * change).filter(Rational::is_positive)
        });
        Some((corrected.collect::<Option<_>>()?, found.cycle))
    }

    /// A fit, found as a correction in the same way, where there is no nearest scaling to be had.
    fn refitted(&self, network: &Network<Rational>, start: &[Rational]) -> Option<Vec<Rational>> {
        let left = self.exact.iter().enumerate().map(|(synapse, ratio)| {
            let fitted = enclosed_ratio(network, synapse, start)?.lo().to_rational();
            let rest = ratio.as_ref()? / fitted - Rational::one();
            Some(rational_to_f64(&rest).ln_1p()).filter(|log| log.is_finite())
        });
        let found = least_squares(network, &left.collect::<Vec<_>>())?;
        let corrected = start.iter().zip(&found).map(|(multiplier, log)| {
            let change = rational_from_f64(log.exp_m1())? + Rational::one();
            Some(multiplier * change).filter(Rational::is_positive)
        });
        corrected.collect()
    }

    /// The kernel's proof that no scaling comes nearer than a cycle allows, up to rounding.
    pub fn refutation(
        &self,
        before: &Network<Rational>,
        after: &Network<Rational>,
        problem: &Problem,
        cycle: Cycle,
    ) -> Option<Verified<NotScaled>> {
        let mut product = Rational::one();
        for (synapse, coefficient) in &cycle {
            let ratio = self.exact[*synapse].as_ref()?;
            product *= crate::numbers::rational_power(ratio, coefficient)?;
        }
        let tolerance = refutable(&cycle, &product);
        let (before, after) = (before.weights(), after.weights());
        let obstacle = Obstacle::Cycle(cycle);
        let mut tolerances = tolerance.into_iter().chain([Rational::zero()]);
        tolerances.find_map(|tolerance| {
            check::not_scaled(problem, &before, &after, &obstacle, &tolerance).ok()
        })
    }
}

/// Suspects through which combinations are sought.
const PLACES: usize = 16;

/// The same combination with integers for coefficients.
fn whole(terms: Cycle) -> Cycle {
    let common = terms
        .iter()
        .fold(num_bigint::BigInt::one(), |lcm, (_, c)| lcm.lcm(c.denom()));
    let scaled = terms.into_iter().map(|(e, c)| (e, c * common.clone()));
    scaled.collect()
}

/// Bits of the enclosures of ratios.
pub(super) const BITS: u64 = 128;

/// `Π Λ_v^{d_v}` for a synapse, enclosed.
fn enclosed_ratio(
    network: &Network<Rational>,
    synapse: SynapseIndex,
    multipliers: &[Rational],
) -> Option<Enclosure> {
    let one = Enclosure::from_rational(&Rational::one(), BITS)?;
    network
        .direction(synapse)
        .iter()
        .try_fold(one, |product, (variable, exponent)| {
            let factor =
                Enclosure::from_rational(&multipliers[*variable], BITS)?.power(exponent, BITS)?;
            product.mul(&factor, BITS)
        })
}
