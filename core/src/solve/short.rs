//! The certified distance from the optimum on the shortest way: single synapses between a few units, an energy
//! certificate.

use num_traits::{One, Signed, Zero};
use synaptic_balance_kernel::Entries;

use super::blocks::{Edge, Elimination, SmallProblem};
use super::energy::{EnergyProof, PLAIN_DIGITS, point_of_floats, verify_energy};
use super::existence::endpoints;
use super::floats::{in_memory, over_floats};
use super::ratios::BITS;
use crate::kernel::Problem;
use crate::network::{Network, Regularizer};
use crate::numbers::{Enclosure, Rational, Wide, rational_to_f64, rational_to_f64_up};

/// The most synapses: for more a factorisation of all units can take long.
const MOST: usize = 4_096;

/// The deficit from which on a certificate is sought.
const NEAR: f64 = 1e-9;

/// An upper bound on the largest relative difference of a weight to the balanced one, which the kernel verified. `None`
/// where this way leads nowhere: no graph, mixtures, no minimum, many synapses, a weight of another sign, or that is 0
/// on one side only, a result that is far off.
pub(super) fn short_distance(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    problem: &Problem,
) -> Option<f64> {
    let Regularizer::Lp(power) = regularizer else {
        return None;
    };
    // Costs know nothing of signs.
    let agree = |s: usize| before.weight(s).signum() == after.weight(s).signum();
    let count = before.synapses();
    if count > MOST || !(0..count).all(agree) {
        return None;
    }
    let edges = edges(before, power, problem)?;
    let mut small = SmallProblem::new(problem.variables(), edges.clone());
    let (deficit, _) = small.balance(1e-14);
    if deficit.is_nan() || deficit > NEAR {
        return None;
    }
    let multipliers = small.multipliers()[..problem.variables()].to_vec();
    let exact = before.energy_problem(regularizer).ok()?;
    let weights = after.counted_weights();
    let (old, new) = (
        in_memory(before.counted_weights().iter()),
        in_memory(weights.iter()),
    );
    let exact = match &old {
        Some(old) => over_floats(&exact, old)?,
        None => exact,
    };
    let system = system(problem.variables(), &edges, &multipliers);
    let mut newton = |side: &[f64], scale: Wide| {
        let scale = scale.to_f64();
        let mut step = side.to_vec();
        system.solve(&mut step);
        step.iter_mut().for_each(|entry| *entry *= scale);
        step.iter().all(|entry| entry.is_finite()).then_some(step)
    };
    let proof = EnergyProof::find(
        &exact,
        point_of_floats(&multipliers)?,
        &mut newton,
        PLAIN_DIGITS,
    )
    .ok()?;
    let certified = verify_energy(&exact, &proof.certificate).ok()?;
    if !certified.is_attained() {
        return None;
    }
    let others = match &new {
        Some(new) => Entries::F64(new),
        None => Entries::Rational(weights.into()),
    };
    let (low, high) = certified.factors_from_balance(&[others]).ok()??;
    let root =
        |factor: &Rational| Enclosure::from_rational(factor, BITS)?.power(&power.recip(), BITS);
    let (low, high) = (
        root(&low)?.lo().to_rational(),
        root(&high)?.hi().to_rational(),
    );
    let moved = (Rational::one() - low).max(high - Rational::one());
    // What no scaling changes is balanced as it is.
    let fixed = (0..count).filter(|s| !before.is_scaled(*s));
    let fixed = fixed.filter(|s| !before.weight(*s).is_zero());
    let changes = fixed.map(|s| (after.weight(s) / before.weight(s) - Rational::one()).abs());
    Some(rational_to_f64_up(
        &changes.max().unwrap_or_default().max(moved),
    ))
}

/// The synapses that balancing moves; `None` if some are no edges of a graph, or their costs are beyond `f64`.
fn edges(network: &Network<Rational>, power: &Rational, problem: &Problem) -> Option<Vec<Edge>> {
    let power = rational_to_f64(power);
    let ground = problem.variables();
    let active = problem.synapses().iter().enumerate();
    let active = active.filter(|(_, synapse)| synapse.is_active());
    let edge = |(number, synapse)| {
        let (to, from) = endpoints(synapse)?;
        let cost = rational_to_f64(network.weight(number)).abs().powf(power);
        cost.is_normal().then_some(Edge {
            to: to.unwrap_or(ground) as u32,
            from: from.unwrap_or(ground) as u32,
            cost,
        })
    };
    active.map(edge).collect()
}

/// The factored Hessian at multipliers.
fn system(nodes: usize, edges: &[Edge], multipliers: &[f64]) -> Elimination {
    let is_inner = |edge: &&Edge| (edge.to as usize) < nodes && (edge.from as usize) < nodes;
    let inner = edges.iter().filter(is_inner);
    let pairs = inner.map(|edge| (edge.to as usize, edge.from as usize));
    let mut system = Elimination::new(nodes, pairs);
    let of = |node: u32| multipliers.get(node as usize).copied().unwrap_or(1.0);
    for edge in edges {
        let cost = edge.cost * of(edge.to) / of(edge.from);
        let (to, from) = (edge.to as usize, edge.from as usize);
        match (to < nodes, from < nodes) {
            (true, true) if to != from => system.add(to, from, cost),
            (true, false) => system.add_ground(to, cost),
            (false, true) => system.add_ground(from, cost),
            _ => {}
        }
    }
    system.factor();
    system
}
