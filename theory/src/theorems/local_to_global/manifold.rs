//! Self-consistency, its constraints and their number.

use num_traits::{One, Zero};
use rand::RngExt;

use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, rank, ratio, signed, small};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{
    Activation, Manifold, Network, Regularizer, Shape, SynapseIndex, Unit, UnitKind,
    random_recurrent,
};
use synaptic_balance_core::numbers::Rational;

/// A synapse's ends among the variables; `None` is the ground.
type Ends = (Option<usize>, Option<usize>);

pub(in crate::theorems) fn ends(network: &Network<Rational>) -> Vec<Ends> {
    let synapses = (0..network.synapses()).map(|synapse| network.endpoints(synapse));
    synapses
        .map(|(from, to)| (network.variable(from), network.variable(to)))
        .collect()
}

/// All simple directed paths between visible units and all simple directed cycles of hidden ones.
pub(in crate::theorems) fn walks(network: &Network<Rational>) -> Vec<Vec<SynapseIndex>> {
    let ends = ends(network);
    let mut found = Vec::new();
    for (first, (start, _)) in ends.iter().enumerate() {
        extend(&ends, *start, &mut vec![first], &mut found);
    }
    found
}

/// Extends a walk in all ways that end at its start and pass no other node twice. Cycles among hidden units are found
/// from their smallest node only.
fn extend(
    ends: &[Ends],
    start: Option<usize>,
    walk: &mut Vec<SynapseIndex>,
    found: &mut Vec<Vec<SynapseIndex>>,
) {
    let Some(last) = walk.last() else { return };
    let here = ends[*last].1;
    if here == start {
        found.push(walk.clone());
        return;
    }
    // `None`, the ground, is smaller than any unit, and cycles through it start there.
    if here < start || walk.iter().any(|synapse| ends[*synapse].0 == here) {
        return;
    }
    for (next, (from, _)) in ends.iter().enumerate() {
        if *from == here {
            walk.push(next);
            extend(ends, start, walk, found);
            walk.pop();
        }
    }
}

/// `Σ L` along each walk, as rows.
pub(in crate::theorems) fn rows(
    synapses: usize,
    walks: &[Vec<SynapseIndex>],
) -> Vec<Vec<Rational>> {
    let row = |walk: &Vec<SynapseIndex>| {
        let mut row = vec![Rational::zero(); synapses];
        walk.iter()
            .for_each(|synapse| row[*synapse] += Rational::one());
        row
    };
    walks.iter().map(row).collect()
}

/// The matrix from potentials to L, dense.
fn potential_rows(manifold: &Manifold, variables: usize) -> Vec<Vec<Rational>> {
    let row = |sparse: &Vec<(usize, Rational)>| {
        let mut row = vec![Rational::zero(); variables];
        sparse
            .iter()
            .for_each(|(variable, exponent)| row[*variable] = exponent.clone());
        row
    };
    manifold.potential_matrix().iter().map(row).collect()
}

/// All networks of one input, `hidden` hidden units and one output in which each allowed synapse is there, with weight
/// 1, or not. Self-connections and the synapse from input to output are allowed if `everything`.
pub(in crate::theorems) fn all_architectures(
    hidden: usize,
    everything: bool,
) -> Result<Vec<Network<Rational>>, Failure> {
    let mut places = Vec::new();
    for from in 0..=hidden {
        for to in 1..=hidden + 1 {
            let idle = from == to || (from == 0 && to == hidden + 1);
            if everything || !idle {
                places.push((from, to));
            }
        }
    }
    let present = |code: usize| {
        let chosen = places
            .iter()
            .enumerate()
            .filter(move |(place, _)| code >> place & 1 == 1);
        chosen
            .map(|(_, (from, to))| (*from, *to, integer(1)))
            .collect::<Vec<_>>()
    };
    (0..1usize << places.len())
        .map(|code| small(hidden, &present(code)))
        .collect()
}

/// The nodes from which each node can be reached; node `variables` is the ground.
fn reachability(ends: &[Ends], variables: usize) -> Vec<Vec<bool>> {
    let node = |end: Option<usize>| end.unwrap_or(variables);
    let mut reached = vec![vec![false; variables + 1]; variables + 1];
    (0..=variables).for_each(|i| reached[i][i] = true);
    for (from, to) in ends {
        reached[node(*from)][node(*to)] = true;
    }
    for middle in 0..=variables {
        for from in 0..=variables {
            for to in 0..=variables {
                reached[from][to] |= reached[from][middle] && reached[middle][to];
            }
        }
    }
    reached
}

/// Do the synapses on no directed cycle close no cycle between strongly connected components?
pub(in crate::theorems) fn crossing_synapses_form_a_forest(
    ends: &[Ends],
    variables: usize,
) -> bool {
    let reached = reachability(ends, variables);
    let node = |end: Option<usize>| end.unwrap_or(variables);
    // The label of a tree of components: the smallest node in it.
    let component = |i: usize| {
        (0..=variables)
            .find(|j| reached[i][*j] && reached[*j][i])
            .unwrap_or(i)
    };
    let mut label: Vec<usize> = (0..=variables).map(component).collect();
    for (from, to) in ends
        .iter()
        .filter(|(from, to)| !reached[node(*to)][node(*from)])
    {
        let (one, other) = (label[node(*from)], label[node(*to)]);
        if one == other {
            return false;
        }
        label
            .iter_mut()
            .filter(|l| **l == one)
            .for_each(|l| *l = other);
    }
    true
}

/// Does every synapse lie on a walk from one visible unit to another?
pub(in crate::theorems) fn covered_by_visible_walks(ends: &[Ends], variables: usize) -> bool {
    let reached = reachability(ends, variables);
    let node = |end: Option<usize>| end.unwrap_or(variables);
    ends.iter()
        .all(|(from, to)| reached[variables][node(*from)] && reached[node(*to)][variables])
}

/// Is L self-consistent exactly when all sums along directed paths and cycles are 0?
pub(in crate::theorems) fn walks_decide(network: &Network<Rational>) -> bool {
    let constraints = rank(rows(network.synapses(), &walks(network)));
    let potentials = rank(potential_rows(&Manifold::of(network), network.variables()));
    constraints == network.synapses() - potentials
}

pub(super) fn paths_and_cycles(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut networks = all_architectures(2, true)?;
    networks.extend(all_architectures(3, false)?);
    let (mut covered, mut decided) = (0, 0);
    for network in &networks {
        let (ends, variables) = (ends(network), network.variables());
        let walks_decide = walks_decide(network);
        let hypothesis = covered_by_visible_walks(&ends, variables);
        ledger.holds(!hypothesis || walks_decide, || format!("{ends:?}"))?;
        let forest = crossing_synapses_form_a_forest(&ends, variables);
        ledger.holds(forest == walks_decide, || format!("{ends:?}"))?;
        covered += usize::from(hypothesis);
        decided += usize::from(walks_decide);
    }
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "all {} architectures of one input, one output and 2 hidden units (self-connections included) or 3: in the \
             {covered} with every synapse on a walk between visible units, and in {decided} in all, the sums along paths and \
             cycles decide; these are exactly those in which the other synapses form a forest between components",
            networks.len()
        ),
    )?;
    random_vectors(ledger)?;
    visible_sources(ledger)
}

fn random_vectors(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(54);
    let (mut consistent, mut inconsistent) = (0, 0);
    while consistent < 60 {
        let network = random_recurrent(Shape::new(2, 4, 2), 0.5, &mut rng);
        let ends = ends(&network);
        if !covered_by_visible_walks(&ends, network.variables()) {
            continue;
        }
        let manifold = Manifold::of(&network);
        let walks = walks(&network);
        let potentials = many(network.variables(), || signed(&mut rng));
        let at = |end: Option<usize>| end.map_or_else(Rational::zero, |v| potentials[v].clone());
        let mut logs: Vec<Rational> = ends.iter().map(|(from, to)| at(*to) - at(*from)).collect();
        for disturbed in [false, true] {
            if disturbed {
                let place = rng.random_range(0..logs.len().max(1));
                if let Some(log) = logs.get_mut(place) {
                    *log += ratio(1, 7);
                }
            }
            let sum = |walk: &Vec<SynapseIndex>| {
                walk.iter().fold(Rational::zero(), |sum, e| sum + &logs[*e])
            };
            let vanish = walks.iter().all(|walk| sum(walk).is_zero());
            let values: Vec<Option<Rational>> = logs.iter().cloned().map(Some).collect();
            ledger.equal(
                "self-consistent",
                &manifold.potentials(&values).is_ok(),
                &vanish,
            )?;
            ledger.equal("sums vanish", &vanish, &(!disturbed || logs.is_empty()))?;
            inconsistent += usize::from(!vanish);
        }
        consistent += 1;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{consistent} random recurrent networks of 4 hidden units with biases, L from random potentials: all sums vanish \
             and potentials are found; with one entry changed ({inconsistent} times) neither"
        ),
    )
}

/// A bias and an input that feed one unit: read literally, the bias lies on no input-output walk.
fn visible_sources(ledger: &mut Ledger) -> Result<(), Failure> {
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        Unit::new("one", UnitKind::Bias, Activation::Linear),
        Unit::new("a", UnitKind::Hidden, Activation::Relu),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let synapses = vec![(0, 2, integer(1)), (1, 2, integer(1)), (2, 3, integer(1))];
    let network = Network::new(units, synapses, vec![])?;
    // Self-consistent along x -> a -> y, but not along one -> a -> y.
    let logs = [integer(0), integer(1), integer(0)].map(Some);
    let contradiction = Manifold::of(&network).potentials(&logs);
    ledger.holds(contradiction.is_err(), || "the bias is free".into())?;
    ledger.holds(walks_decide(&network), || {
        "paths from the bias do not count".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "biases must begin paths: with x -> a, one -> a, a -> y, the vector L = (0, 1, 0) sums to 0 along x -> a -> y and is \
         not self-consistent",
    )
}

/// The number of components that no synapse joins to the ground.
fn floating(ends: &[Ends], variables: usize) -> usize {
    let node = |end: Option<usize>| end.unwrap_or(variables);
    let mut label: Vec<usize> = (0..=variables).collect();
    for (from, to) in ends {
        let (one, other) = (label[node(*from)], label[node(*to)]);
        label
            .iter_mut()
            .filter(|l| **l == one)
            .for_each(|l| *l = other);
    }
    label.sort_unstable();
    label.dedup();
    label.len() - 1
}

/// Dimension and basis of one network, against what elimination says.
fn dimension_of(ledger: &mut Ledger, network: &Network<Rational>) -> Result<usize, Failure> {
    let manifold = Manifold::of(network);
    let (ends, variables) = (ends(network), network.variables());
    let potentials = potential_rows(&manifold, variables);
    let dimension = rank(potentials.clone());
    ledger.equal("dimension", &manifold.dimension(), &dimension)?;
    ledger.equal(
        "hidden units less floating components",
        &(variables - floating(&ends, variables)),
        &dimension,
    )?;
    let constraints = manifold.constraints();
    ledger.equal(
        "number of constraints",
        &constraints.len(),
        &(network.synapses() - dimension),
    )?;
    let mut dense = Vec::new();
    for constraint in &constraints {
        let mut row = vec![Rational::zero(); network.synapses()];
        constraint
            .terms
            .iter()
            .for_each(|(synapse, factor)| row[*synapse] += factor);
        let total = |variable: usize| {
            let terms = constraint.terms.iter();
            terms.fold(Rational::zero(), |sum, (synapse, factor)| {
                sum + factor * &potentials[*synapse][variable]
            })
        };
        for variable in 0..variables {
            let total = total(variable);
            ledger.equal("constraint on potentials", &total, &Rational::zero())?;
        }
        dense.push(row);
    }
    ledger.equal("independent constraints", &rank(dense), &constraints.len())?;
    let rows: Vec<_> = constraints.iter().map(|c| c.terms.clone()).collect();
    let problem = network.problem(&Regularizer::l1());
    let verified = check::manifold(&problem, &rows, &manifold.spanning_synapses())?;
    let found = verified
        .claim_about(&problem)
        .map(|basis| basis.spanning.len());
    ledger.equal("dimension verified", &found, &Some(dimension))?;
    let reached = reachability(&ends, variables);
    let node = |end: Option<usize>| end.unwrap_or(variables);
    let cyclic = ends
        .iter()
        .all(|(from, to)| reached[node(*to)][node(*from)]);
    let directed = constraints.iter().all(|constraint| constraint.directed);
    ledger.holds(directed || !cyclic, || {
        format!("{ends:?}: a constraint is undirected")
    })?;
    Ok(dimension)
}

pub(super) fn dimension(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut networks = all_architectures(2, true)?;
    networks.extend(all_architectures(3, false)?);
    let mut full = 0;
    for network in &networks {
        full += usize::from(dimension_of(ledger, network)? == network.variables());
    }
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "all {} architectures of one input, one output and 2 or 3 hidden units: dimension, number and independence of the \
             constraints, by elimination and by the kernel; the dimension is the number of hidden units in {full}, in the others it is less by the number of \
             floating components",
            networks.len()
        ),
    )?;
    let mut rng = generator(55);
    for _ in 0..40 {
        let shape = Shape::new(1, rng.random_range(4..=9), 2);
        dimension_of(ledger, &random_recurrent(shape, 0.3, &mut rng))?;
    }
    ledger.record(
        Kind::PropertyTest,
        "the same on 40 random recurrent networks of 4 to 9 hidden units with biases",
    )
}
