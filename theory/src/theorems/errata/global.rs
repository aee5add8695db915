//! E5 to E8.

use num_traits::Zero;

use crate::theorems::hunt;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::local_to_global::{Pair, rows, walks, walks_decide};
use crate::theorems::support::{CostGraph, integer, rank, ratio, small};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{Activation, Manifold, Network, Regularizer, layered};
use synaptic_balance_core::numbers::{Rational, sum};
use synaptic_balance_core::solve::existence_by_components;

/// 1-2-2-1, fully connected.
fn layered_1221() -> Network<Rational> {
    layered(&[1, 2, 2, 1], &Activation::Relu, |_, _, _| integer(1), None)
}

pub(super) fn covering_paths(ledger: &mut Ledger) -> Result<(), Failure> {
    let network = layered_1221();
    let manifold = Manifold::of(&network);
    let paths = walks(&network);
    ledger.equal("paths", &paths.len(), &4)?;
    ledger.equal(
        "|E| - dimension",
        &(network.synapses() - manifold.dimension()),
        &4,
    )?;
    let mut covering = 0;
    for (i, one) in paths.iter().enumerate() {
        for other in &paths[i + 1..] {
            let units: std::collections::BTreeSet<usize> = one
                .iter()
                .chain(other)
                .map(|e| network.endpoints(*e).1)
                .collect();
            // Four hidden units and the output.
            if units.len() == 5 {
                covering += 1;
                ledger.equal(
                    "rank",
                    &rank(rows(network.synapses(), &[one.clone(), other.clone()])),
                    &2,
                )?;
            }
        }
    }
    ledger.equal("pairs of paths that cover all units", &covering, &2)?;
    // x -> h1.0 -> h2.0 -> y and x -> h1.1 -> h2.1 -> y sum to 0 with this L, which changes one synapse alone.
    let crossing = (0..network.synapses()).find(|e| network.synapse_name(*e) == "h1.1 -> h2.0");
    let crossing = crossing.ok_or_else(|| Failure::new("there is no such synapse"))?;
    let mut logs = vec![Some(Rational::zero()); network.synapses()];
    logs[crossing] = Some(integer(1));
    ledger.holds(manifold.potentials(&logs).is_err(), || {
        "L is self-consistent".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "1-2-2-1, fully connected: both pairs of paths that cover all units have rank 2, and the manifold needs 4 constraints; L = 1 \
         on h1.1 -> h2.0 alone sums to 0 along one such pair and is not self-consistent",
    )?;
    let basis = manifold.constraints();
    ledger.equal("constraints", &basis.len(), &4)?;
    ledger.holds(basis.iter().all(|constraint| constraint.directed), || {
        "an undirected constraint".into()
    })?;
    let cycles: Vec<Vec<usize>> = basis
        .iter()
        .map(|c| c.terms.iter().map(|(e, _)| *e).collect())
        .collect();
    ledger.equal("rank", &rank(rows(network.synapses(), &cycles)), &4)?;
    ledger.record(
        Kind::ExactInstance,
        "the ear decomposition gives 4 independent directed cycles of the coalesced graph",
    )
}

pub(super) fn attained_minimum(ledger: &mut Ledger) -> Result<(), Failure> {
    let regularizer = Regularizer::l1();
    let dead = small(1, &[(0, 1, integer(1))])?;
    ledger.holds(dead.balance_unit(1, &regularizer).is_err(), || {
        "a dead end was balanced".into()
    })?;
    let falling = check::not_attained(&dead.problem(&regularizer), &[integer(-1)]);
    ledger.holds(falling.is_ok(), || format!("{falling:?}"))?;
    // x -> a, a <-> b: both units have A, B > 0, and x -> a lies on no cycle.
    let lasso = small(
        2,
        &[(0, 1, integer(3)), (1, 2, integer(1)), (2, 1, integer(1))],
    )?;
    let graph = CostGraph::of(&lasso);
    let ones = [integer(1), integer(1)];
    for node in 0..2 {
        ledger.holds(graph.step_squared(node, &ones).is_some(), || {
            "a step is undefined".into()
        })?;
    }
    let existence = existence_by_components(&lasso.problem(&regularizer))?;
    ledger.equal("vanishing", &existence.vanishing(), &[0].as_slice())?;
    let mut before = graph.regularizer(&ones);
    for halvings in 1..=40 {
        let small = ratio(1, 2).pow(halvings);
        let now = graph.regularizer(&[small.clone(), small]);
        ledger.holds(now < before && now > integer(2), || {
            "R does not fall towards 2".into()
        })?;
        before = now;
    }
    ledger.record(
        Kind::ExactCounterexample,
        "x -> a alone: B = 0 and no step; x -> a, a <-> b with weights 3, 1, 1: all steps are defined, R = 2 + 3 μ falls towards 2 at \
         μ = 1/2, ..., 2^-40, and the kernel verifies that the minimum is not attained",
    )?;
    uniqueness(ledger)?;
    let attained = small(
        2,
        &[
            (0, 1, integer(3)),
            (1, 2, integer(1)),
            (2, 1, integer(1)),
            (2, 3, integer(2)),
        ],
    )?;
    let existence = existence_by_components(&attained.problem(&regularizer))?;
    ledger.holds(existence.is_attained(), || "not attained".into())?;
    ledger.record(Kind::ExactInstance, "with b -> y added every synapse lies on a cycle, and the kernel verifies that the minimum is attained")
}

/// What is not unique: Λ of a floating pair, and L of a zero synapse into it.
fn uniqueness(ledger: &mut Ledger) -> Result<(), Failure> {
    let pair = small(
        2,
        &[(0, 1, integer(0)), (1, 2, integer(1)), (2, 1, integer(1))],
    )?;
    let problem = pair.problem(&Regularizer::l1());
    let mut logs = Vec::new();
    for factor in [1, 5] {
        let multipliers = [integer(factor), integer(factor)];
        let verdict = check::balanced(&problem, &multipliers);
        ledger.holds(verdict.is_ok(), || format!("{verdict:?}"))?;
        ledger.equal("W*", &pair.scaled(&multipliers)?.weights(), &pair.weights())?;
        logs.push(multipliers[0].clone());
    }
    ledger.holds(logs[0] != logs[1], || "exp L of x -> a is unique".into())?;
    ledger.record(
        Kind::ExactCounterexample,
        "a <-> b with weights 1, 1 and x -> a with weight 0: Λ = (1, 1) and (5, 5) both balance; W* is the same, Λ differs, and so \
         does L on x -> a (0 and log 5)",
    )
}

pub(super) fn uncovered_synapses(ledger: &mut Ledger) -> Result<(), Failure> {
    // x -> b -> y, and a is fed by x and b and read by nothing.
    let network = small(
        2,
        &[
            (0, 2, integer(1)),
            (2, 3, integer(1)),
            (0, 1, integer(1)),
            (2, 1, integer(1)),
        ],
    )?;
    let logs = [0, 0, 1, 2].map(|log| Some(integer(log)));
    for path in walks(&network) {
        let along: Vec<Rational> = path.iter().filter_map(|e| logs[*e].clone()).collect();
        ledger.equal("sum along a path", &sum(&along), &Rational::zero())?;
    }
    ledger.equal("paths and cycles", &walks(&network).len(), &1)?;
    ledger.holds(Manifold::of(&network).potentials(&logs).is_err(), || {
        "L is self-consistent".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "x -> b -> y, x -> a, b -> a: the one path x -> b -> y has sum 0 for L = (0, 0, 1, 2), which is not self-consistent",
    )?;
    let (mut networks, mut failing, mut smallest) = (0, 0, usize::MAX);
    for network in hunt::architectures(2)? {
        networks += 1;
        if !walks_decide(&network) {
            failing += 1;
            smallest = smallest.min(network.synapses());
        }
    }
    ledger.equal("synapses of the smallest counterexample", &smallest, &3)?;
    ledger.holds(failing > 0, || "none fails".into())?;
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "of the {networks} architectures of one input, one output and two hidden units it fails in {failing}; the smallest has \
             {smallest} synapses"
        ),
    )
}

pub(super) fn commuting_neighbours(ledger: &mut Ledger) -> Result<(), Failure> {
    let decide = |network: &Network<Rational>| {
        let found = Pair::of(&CostGraph::of(network), 0, 1).decide();
        found.ok_or_else(|| Failure::new("a step is undefined"))
    };
    let balanced = decide(&small(
        2,
        &[(0, 1, integer(1)), (1, 2, integer(1)), (2, 3, integer(1))],
    )?)?;
    ledger.holds(balanced.joined && balanced.commutes, || {
        format!("{balanced:?}")
    })?;
    let alone = decide(&small(2, &[(1, 2, integer(1)), (2, 1, integer(4))])?)?;
    ledger.holds(alone.joined && alone.commutes && !alone.balanced, || {
        format!("{alone:?}")
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "two units joined to each other alone with costs 1 and 4: either step gives 2 and 2, and the other then does nothing; so do \
         both steps in x -> a -> b -> y with equal costs",
    )?;
    let (mut joined, mut commuting) = (0, 0);
    for network in hunt::weighted(2) {
        let Some(found) = Pair::of(&CostGraph::of(&network?), 0, 1).decide() else {
            continue;
        };
        ledger.equal("commutes", &found.commutes, &found.predicted())?;
        joined += usize::from(found.joined);
        commuting += usize::from(found.joined && found.commutes);
    }
    ledger.holds(commuting > 0 && commuting < joined, || {
        format!("{commuting} of {joined}")
    })?;
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "of all networks of two hidden units with weights 0, 1, 4, {joined} have the units joined and both steps defined; they \
             commute in {commuting}, exactly those that the corrected statement names"
        ),
    )
}
