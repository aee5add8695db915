//! Ratios of the weights of two networks, and the multipliers that explain them best.

use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, VecDeque};

use super::judge::{BrokenCycle, ScalingFault, ScalingVerdict};
use crate::kernel::{Problem, check};
use crate::network::{Manifold, Network, SynapseIndex};
use crate::numbers::{Enclosure, Rational, Wide, natural_log, rational_from_f64, rational_to_f64};

/// The ratio of each weight after to the one before, where neither is zero; 1 is what a weight that no scaling changes
/// should have.
pub(super) struct Ratios {
    exact: Vec<Option<Rational>>,
    logs: Vec<Option<f64>>,
    pub fault: Option<ScalingFault>,
}

impl Ratios {
    pub fn new(before: &Network<Rational>, after: &Network<Rational>) -> Self {
        let mut ratios = Ratios {
            exact: Vec::new(),
            logs: Vec::new(),
            fault: None,
        };
        for synapse in 0..before.synapses() {
            let (old, new) = (before.weight(synapse), after.weight(synapse));
            let fault = if old.is_zero() != new.is_zero() {
                Some(ScalingFault::Zero(synapse))
            } else if old.is_negative() != new.is_negative() {
                Some(ScalingFault::Sign(synapse))
            } else {
                None
            };
            let usable = fault.is_none() && !old.is_zero();
            ratios.fault = ratios.fault.take().or(fault);
            let ratio = usable.then(|| new / old);
            ratios.logs.push(ratio.as_ref().map(natural_log));
            ratios.exact.push(ratio);
        }
        ratios
    }

    /// The fit by lower or upper medians that leaves fewer synapses suspect.
    pub fn fit(&self, network: &Network<Rational>, tolerance: f64) -> Vec<f64> {
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

    /// A cycle through a suspect that proves that no scaling explains all weights, closed by synapses that are not
    /// suspected if possible; one that exceeds the tolerance if there is one.
    pub fn broken_cycle(
        &self,
        network: &Network<Rational>,
        suspects: &[SynapseIndex],
        tolerance: f64,
    ) -> Option<BrokenCycle> {
        let tolerance = rational_from_f64(tolerance)?;
        let mut found = None;
        for avoid_all in [true, false] {
            for suspect in suspects {
                let avoided = if avoid_all {
                    suspects
                } else {
                    std::slice::from_ref(suspect)
                };
                let cycle = self.closed(network, *suspect, avoided);
                if cycle
                    .as_ref()
                    .is_some_and(|cycle| cycle.exceeds(&tolerance))
                {
                    return cycle;
                }
                found = found.or(cycle);
            }
        }
        found
    }

    /// A synapse closed by a shortest path that avoids some (in increasing order), if the ratios do not multiply to 1.
    fn closed(
        &self,
        network: &Network<Rational>,
        suspect: SynapseIndex,
        avoided: &[SynapseIndex],
    ) -> Option<BrokenCycle> {
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
        let is_graph = steps
            .iter()
            .all(|(s, _)| network.direction(*s).iter().all(|(_, d)| d.abs().is_one()));
        let product = steps
            .iter()
            .try_fold(Rational::one(), |product, (synapse, along)| {
                let ratio = self.exact[*synapse].as_ref()?;
                Some(if *along {
                    product * ratio
                } else {
                    product / ratio
                })
            })?;
        (is_graph && !product.is_one()).then_some(BrokenCycle { steps, product })
    }

    pub fn verdict(
        &self,
        before: &Network<Rational>,
        after: &Network<Rational>,
        problem: &Problem,
        fit: &[f64],
    ) -> ScalingVerdict {
        if let Some(fault) = &self.fault {
            return ScalingVerdict::Not(fault.clone());
        }
        if let Ok(multipliers) = Manifold::of(before).multipliers(&self.exact)
            && let Ok(verified) =
                check::scaling(problem, &before.weights(), &after.weights(), &multipliers)
        {
            return ScalingVerdict::Exact(verified);
        }
        let multipliers: Vec<Rational> = fit
            .iter()
            .map(|log| Wide::exp(*log).to_rational().unwrap_or_else(Rational::one))
            .collect();
        let mut worst = (Rational::zero(), 0);
        for (synapse, ratio) in self.exact.iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            if let Some(fitted) = enclosed_ratio(before, synapse, &multipliers) {
                let ends = [fitted.lo().to_rational(), fitted.hi().to_rational()];
                let deviation = ends
                    .iter()
                    .map(|end| (ratio / end - Rational::one()).abs())
                    .max();
                worst = worst.max((deviation.unwrap_or_default(), synapse));
            }
        }
        ScalingVerdict::Near {
            multipliers,
            deviation: worst.0,
            synapse: worst.1,
        }
    }
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
