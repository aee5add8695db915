//! The scaling nearest to given ratios of weights: the largest logarithmic deviation of a weight is as small as
//! possible.
//!
//! With ratios `r_e` and `x = log Λ` it minimises `max_e |log r_e - Σ_v d_ev x_v|`. Between BiLU units these are
//! differences of potentials on the coalesced graph, and the minimum is the largest `|log Π r| / length` of a cycle
//! walked in any direction: the cycle is the proof that nothing nearer exists.

use num_bigint::BigInt;
use num_traits::{One, Signed};

use crate::network::{Network, SynapseIndex};
use crate::numbers::{Rational, natural_log, rational_from_f64, rational_to_f64};

/// Steps of the search for a cycle of larger mean; each raises the mean, and few are ever needed.
const MAX_STEPS: usize = 200;

/// What was found, computed and not verified.
pub(super) struct Nearest {
    /// `log Λ` by variable.
    pub logs: Vec<f64>,
    /// The cycle that allows no smaller deviation, synapses with `1` along and `-1` against them; none if all ratios
    /// are 1.
    pub cycle: Vec<(SynapseIndex, Rational)>,
}

/// A synapse in the coalesced graph with the logarithm of its ratio.
struct Arc {
    synapse: SynapseIndex,
    from: usize,
    to: usize,
    log: f64,
}

/// A step of a walk: arc, and whether along it.
type Walked = (usize, bool);

/// The nearest scaling to the ratios whose logarithms are given (`None`: the weight is 0 and says nothing); `None` if
/// BiPU units make the problem more general than one of potentials. Cost: for each cycle tried, at most variables times
/// synapses, in practice a few passes over the synapses.
pub(super) fn nearest(network: &Network<Rational>, logs: &[Option<f64>]) -> Option<Nearest> {
    let ground = network.variables();
    let mut arcs = Vec::new();
    for (synapse, log) in logs.iter().enumerate() {
        let Some(log) = *log else { continue };
        let (mut from, mut to) = (ground, ground);
        for (variable, exponent) in network.direction(synapse) {
            if !exponent.abs().is_one() {
                return None;
            }
            let end = if exponent.is_positive() {
                &mut to
            } else {
                &mut from
            };
            if *end != ground {
                return None;
            }
            *end = variable;
        }
        arcs.push(Arc {
            synapse,
            from,
            to,
            log,
        });
    }
    let (deviation, worst) = widest_mean(&arcs, ground + 1);
    let potentials = match feasible(&arcs, ground + 1, deviation) {
        Search::Potentials(potentials) | Search::Cycle(_, potentials) => potentials,
    };
    let term = |(arc, along): &Walked| {
        let coefficient = if *along {
            Rational::one()
        } else {
            -Rational::one()
        };
        (arcs[*arc].synapse, coefficient)
    };
    Some(Nearest {
        logs: (0..ground)
            .map(|variable| potentials[variable] - potentials[ground])
            .collect(),
        cycle: worst.iter().map(term).collect(),
    })
}

/// The largest mean of `|Σ log|` over the cycles, and a cycle that has it: as long as some cycle exceeds the mean so
/// far, take its mean instead.
fn widest_mean(arcs: &[Arc], nodes: usize) -> (f64, Vec<Walked>) {
    let (mut mean, mut widest) = (0.0, Vec::new());
    for (index, arc) in arcs
        .iter()
        .enumerate()
        .filter(|(_, arc)| arc.from == arc.to)
    {
        if arc.log.abs() > mean {
            (mean, widest) = (arc.log.abs(), vec![(index, true)]);
        }
    }
    for _ in 0..MAX_STEPS {
        let Search::Cycle(cycle, _) = feasible(arcs, nodes, mean) else {
            break;
        };
        let signed = |(arc, along): &Walked| {
            if *along {
                arcs[*arc].log
            } else {
                -arcs[*arc].log
            }
        };
        let next = cycle.iter().map(signed).sum::<f64>().abs() / cycle.len() as f64;
        if next <= mean {
            break;
        }
        (mean, widest) = (next, cycle);
    }
    (mean, widest)
}

enum Search {
    /// Potentials within the deviation.
    Potentials(Vec<f64>),
    /// A cycle beyond it, and the potentials when it was found.
    Cycle(Vec<Walked>, Vec<f64>),
}

/// Shortest paths with lengths `deviation + log` along each arc and `deviation - log` against it: potentials within the
/// deviation, or a cycle of negative length.
fn feasible(arcs: &[Arc], nodes: usize, deviation: f64) -> Search {
    let largest = arcs.iter().map(|arc| arc.log.abs()).fold(0.0, f64::max);
    // Below this a shorter path is rounding.
    let slack = 1e-13 * largest;
    let mut lengths = vec![0.0; nodes];
    let mut came: Vec<Option<Walked>> = vec![None; nodes];
    for _ in 0..=nodes {
        let mut shortened = false;
        for (index, arc) in arcs
            .iter()
            .enumerate()
            .filter(|(_, arc)| arc.from != arc.to)
        {
            for (along, near, far) in [(true, arc.from, arc.to), (false, arc.to, arc.from)] {
                let log = if along { arc.log } else { -arc.log };
                let length = lengths[near] + deviation + log;
                if length < lengths[far] - slack {
                    lengths[far] = length;
                    came[far] = Some((index, along));
                    shortened = true;
                }
            }
        }
        if !shortened {
            break;
        }
        if let Some(cycle) = cycle_of(arcs, &came) {
            return Search::Cycle(cycle, lengths);
        }
    }
    Search::Potentials(lengths)
}

/// A cycle among the steps by which the nodes were reached.
fn cycle_of(arcs: &[Arc], came: &[Option<Walked>]) -> Option<Vec<Walked>> {
    let before = |(arc, along): Walked| if along { arcs[arc].from } else { arcs[arc].to };
    let mut visited = vec![usize::MAX; came.len()];
    for start in 0..came.len() {
        let mut node = start;
        while visited[node] == usize::MAX {
            visited[node] = start;
            let Some(step) = came[node] else { break };
            node = before(step);
        }
        if visited[node] != start || came[node].is_none() {
            continue;
        }
        let (mut cycle, mut at) = (Vec::new(), node);
        while let Some(step) = came[at] {
            cycle.push(step);
            at = before(step);
            if at == node {
                cycle.reverse();
                return Some(cycle);
            }
        }
    }
    None
}

/// Slightly below the smallest relative deviation of each weight that lets ratios along the cycle multiply to what they
/// do: a tolerance for the kernel to refute. `None` where the product is 1.
pub(super) fn refutable(
    cycle: &[(SynapseIndex, Rational)],
    product: &Rational,
) -> Option<Rational> {
    // Near 1 the logarithm would lose the digits that matter.
    let log = match rational_to_f64(&(product - Rational::one())) {
        excess if excess.abs() < 0.5 => excess.ln_1p(),
        _ => natural_log(product),
    };
    if log == 0.0 {
        return None;
    }
    let sizes = |positive: bool| -> f64 {
        let chosen = cycle.iter().filter(|(_, c)| c.is_positive() == positive);
        chosen.map(|(_, c)| natural_log(c).exp()).sum()
    };
    let (with, against) = match log > 0.0 {
        true => (sizes(true), sizes(false)),
        false => (sizes(false), sizes(true)),
    };
    // Concave and increasing in the tolerance, so that bisection on a logarithmic scale finds where it reaches the
    // product.
    let reached = |tolerance: f64| with * tolerance.ln_1p() - against * (-tolerance).ln_1p();
    let (mut low, mut high) = (1e-300f64, 1.0f64 - 1e-12);
    for _ in 0..2_000 {
        let middle = (low * high).sqrt();
        if middle <= low || middle >= high {
            break;
        }
        if reached(middle) < log.abs() {
            low = middle;
        } else {
            high = middle;
        }
    }
    rational_from_f64(low * (1.0 - 1e-9))
}

/// `ratio / Π Λ_v^{d_v} - 1`, not in lowest terms: numerator and denominator. `None` if some exponent is not 1 or -1.
pub(super) fn rest(
    ratio: &Rational,
    direction: Vec<(usize, Rational)>,
    multipliers: &[Rational],
) -> Option<(BigInt, BigInt)> {
    let (mut top, mut bottom) = (ratio.numer().clone(), ratio.denom().clone());
    for (variable, exponent) in direction {
        if !exponent.abs().is_one() {
            return None;
        }
        let multiplier = &multipliers[variable];
        let (up, down) = match exponent.is_positive() {
            true => (multiplier.denom(), multiplier.numer()),
            false => (multiplier.numer(), multiplier.denom()),
        };
        top *= up;
        bottom *= down;
    }
    Some((top - &bottom, bottom))
}
