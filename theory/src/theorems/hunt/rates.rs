//! Section 5: the convex problem, fair orders, subsets, bounds, foreign scalings, and the local rate.

use std::cmp::Ordering;

use num_traits::{One, Signed, Zero};

use super::global::existence;
use super::hunted::{Domain, Held, Hunted};
use super::networks::{tied, with_activation};
use crate::theorems::Failure;
use crate::theorems::local_to_global::{
    Compared, circulating, compare_with_law, products_are_one, walks,
};
use crate::theorems::support::{CostGraph, definiteness, integer, ratio, without_zeros};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{Activation, Manifold, Network, Regularizer, UnitKind};
use synaptic_balance_core::numbers::{Rational, sum};

/// The rest of Section 5.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::holds(
        "convex-problem",
        "gradient A - B and Hessian the grounded Laplacian, read off R at a few scalings (L_1)",
        |network| derivatives(network, false),
    )
    .over(Domain::Few),
    Hunted::without(
        "convex-problem",
        "the Hessian's diagonal is A + B with self-connections in both",
        "self-connections in neither sum",
        "E4",
        |network| derivatives(network, true),
    )
    .over(Domain::Few),
    Hunted::holds(
        "convex-problem",
        "the Hessian is positive definite exactly if non-zero synapses join every hidden unit to the ground",
        |network| Ok(Some(definite(network) == CostGraph::of(network).is_grounded())),
    ),
    Hunted::without(
        "convex-problem",
        "the Hessian is positive definite",
        "units joined to the ground",
        "convex-problem",
        |network| Ok(Some(definite(network))),
    ),
    Hunted::holds(
        "fair-orders",
        "no step raises r, and a step ends strictly below exactly if a neighbour, or the ground, is",
        |network| fair_steps(network, Claimed::Steps),
    ),
    Hunted::holds(
        "fair-orders",
        "where r > 1, the step of some unit at the bound ends strictly below it",
        |network| fair_steps(network, Claimed::Progress { grounded: true }),
    ),
    Hunted::without(
        "fair-orders",
        "where r > 1, the step of some unit at the bound ends strictly below it",
        "units joined to the ground",
        "fair-orders",
        |network| fair_steps(network, Claimed::Progress { grounded: false }),
    ),
    Hunted::without(
        "fair-orders",
        "no step that goes 3/2 of the way raises r",
        "not passing λ*",
        "E1",
        |network| fair_steps(network, Claimed::Passing),
    ),
    Hunted::holds(
        "rem-5.7",
        "if the minimum is attained, it is for every subset and for all hidden units tied",
        |network| Ok(attained_in_parts(network)?.map(|[whole, subsets, tied]| !whole || (subsets && tied))),
    )
    .over(Domain::Architectures),
    Hunted::without(
        "rem-5.7",
        "if the minimum is attained for every subset of all units but one, it is for the whole",
        "the minimum of the problem concerned is attained",
        "rem-5.7",
        |network| Ok(attained_in_parts(network)?.map(|[whole, subsets, _]| whole || !subsets)),
    )
    .over(Domain::Architectures),
    Hunted::holds(
        "bounded-scalings",
        "with 1/2 <= Λ <= 2: at most one point of a grid is optimal, and points that pass the relaxed test are \
         below it",
        |network| bounded(network, true),
    ),
    Hunted::without(
        "bounded-scalings",
        "with 1/2 <= Λ <= 2: at most one point of a grid is optimal",
        "units joined to the ground",
        "bounded-scalings",
        |network| bounded(network, false),
    ),
    Hunted::holds(
        "foreign-scaling",
        "one weight doubled: products along a basis of cycles are 1 exactly if propagation finds multipliers",
        |network| foreign(network, Foreign::Doubled),
    )
    .over(Domain::Few),
    Hunted::without(
        "foreign-scaling",
        "one weight doubled: it is a scaling if the ratios along directed paths and cycles multiply to 1",
        "cycles in whatever direction",
        "E7",
        |network| foreign(network, Foreign::Directed),
    )
    .over(Domain::Few),
    Hunted::without(
        "foreign-scaling",
        "one sign turned: it is a scaling if the sizes of the ratios along a basis of cycles multiply to 1",
        "signs agree",
        "foreign-scaling",
        |network| foreign(network, Foreign::Turned),
    )
    .over(Domain::Few),
    Hunted::without(
        "foreign-scaling",
        "one weight set to 0: it is a scaling if the other ratios along a basis of cycles multiply to 1",
        "zeros agree",
        "foreign-scaling",
        |network| foreign(network, Foreign::Zeroed),
    )
    .over(Domain::Few),
    Hunted::holds(
        "depth-law",
        "ρ is at most cos(π/(L+1)), L the most hidden units on a path, in acyclic networks, and equal exactly \
         if in some component all paths pass L (costs from unit flows)",
        |network| Ok(rate(network, true)?.map(|found| found.order != Ordering::Greater && (found.order == Ordering::Equal) == found.some_even)),
    )
    .over(Domain::Architectures),
    Hunted::without(
        "depth-law",
        "ρ is cos(π/(L+1)), L the most hidden units on a path, in acyclic networks",
        "no skips, no biases but of the first layer",
        "depth-law",
        |network| Ok(rate(network, true)?.map(|found| found.order == Ordering::Equal)),
    )
    .over(Domain::Architectures),
    Hunted::without(
        "depth-law",
        "ρ is at most cos(π/(L+1)), L the most hidden units on a path",
        "no cycles of hidden units",
        "depth-law",
        |network| Ok(rate(network, false)?.map(|found| found.order != Ordering::Greater)),
    )
    .over(Domain::Architectures),
];

/// `R` under `L_1` with two units scaled.
fn scaled_cost(network: &Network<Rational>, factors: &[(usize, i64)]) -> Result<Rational, Failure> {
    let mut multipliers = vec![Rational::one(); network.variables()];
    for (node, factor) in factors {
        multipliers[*node] = integer(*factor);
    }
    let weights = network.scaled(&multipliers)?.weights();
    Ok(sum(&weights.iter().map(Signed::abs).collect::<Vec<_>>()))
}

/// `-∂²R/∂x_i∂x_j`: twice `-(R(2, 2) - R(2, 1) - R(1, 2) + R(1, 1))`.
fn coupling(network: &Network<Rational>, i: usize, j: usize) -> Result<Rational, Failure> {
    let mixed = scaled_cost(network, &[(i, 2), (j, 2)])? + scaled_cost(network, &[])?
        - scaled_cost(network, &[(i, 2)])?
        - scaled_cost(network, &[(j, 2)])?;
    Ok(integer(-2) * mixed)
}

fn derivatives(network: &Network<Rational>, count_own: bool) -> Held {
    let graph = CostGraph::of(network);
    if graph.nodes > 3 {
        return Ok(None);
    }
    let ones = vec![Rational::one(); graph.nodes];
    let plain = scaled_cost(network, &[])?;
    for i in 0..graph.nodes {
        // R(λ) = A λ + B/λ + const: the values at 2 and 3 give A and B.
        let twice = scaled_cost(network, &[(i, 2)])? - &plain;
        let thrice = scaled_cost(network, &[(i, 3)])? - &plain;
        let output = integer(3) * (thrice - integer(2) * &twice);
        let input = twice + &output / integer(2);
        let (a, b) = graph.sides(i, &ones);
        let mut claimed = [&a - &b, a + b];
        if count_own {
            claimed[1] += integer(2) * own_cost(network, i);
        }
        if claimed != [&input - &output, input + output] {
            return Ok(Some(false));
        }
        for j in (0..graph.nodes).filter(|j| *j != i) {
            let joins = |from, to| from == Some(i) && to == Some(j);
            let edges = graph
                .edges
                .iter()
                .filter(|edge| joins(edge.from, edge.to) || joins(edge.to, edge.from));
            let joined = edges.fold(Rational::zero(), |sum, edge| sum + &edge.cost);
            if coupling(network, i, j)? != joined {
                return Ok(Some(false));
            }
        }
    }
    Ok(Some(true))
}

fn own_cost(network: &Network<Rational>, node: usize) -> Rational {
    let units = network.members(node).iter();
    let own = units.filter_map(|unit| network.find_synapse(*unit, *unit));
    sum(&own.map(|e| network.weight(e).abs()).collect::<Vec<_>>())
}

/// Is the grounded Laplacian of the costs positive definite?
fn definite(network: &Network<Rational>) -> bool {
    let graph = CostGraph::of(network);
    let mut matrix = vec![vec![Rational::zero(); graph.nodes]; graph.nodes];
    for edge in &graph.edges {
        for end in [edge.from, edge.to].into_iter().flatten() {
            matrix[end][end] += &edge.cost;
        }
        if let (Some(i), Some(j)) = (edge.from, edge.to) {
            matrix[i][j] -= &edge.cost;
            matrix[j][i] -= &edge.cost;
        }
    }
    definiteness(matrix) == Ordering::Greater
}

/// All points with entries 1/2, 1, 2.
fn grid(nodes: usize) -> impl Iterator<Item = Vec<Rational>> {
    let entries = [ratio(1, 2), integer(1), integer(2)];
    (0..entries.len().pow(nodes as u32)).map(move |code| {
        let digit = |place: usize| code / entries.len().pow(place as u32) % entries.len();
        (0..nodes)
            .map(|place| entries[digit(place)].clone())
            .collect()
    })
}

fn is_balanced(network: &Network<Rational>, graph: &CostGraph) -> bool {
    let ones = vec![Rational::one(); graph.nodes];
    check::balanced(&network.problem(&Regularizer::l1()), &ones).is_ok()
}

#[derive(Clone, Copy)]
enum Claimed {
    Steps,
    Progress { grounded: bool },
    Passing,
}

/// On networks that are balanced as they are, so that `μ* = 1`, with `A, B > 0`, at all points of the grid.
fn fair_steps(network: &Network<Rational>, claimed: Claimed) -> Held {
    let graph = CostGraph::of(network);
    let ones = vec![Rational::one(); graph.nodes];
    let defined = (0..graph.nodes).all(|node| graph.step_squared(node, &ones).is_some());
    let unlike = matches!(claimed, Claimed::Progress { grounded: true }) && !graph.is_grounded();
    if graph.nodes == 0 || graph.nodes > 3 || !defined || unlike || !is_balanced(network, &graph) {
        return Ok(None);
    }
    Ok(Some(grid(graph.nodes).all(|point| {
        let r = point
            .iter()
            .fold(Rational::one(), |r, mu| r.max(mu.clone()));
        step_is_fair(&graph, &point, &r, claimed)
    })))
}

fn step_is_fair(graph: &CostGraph, point: &[Rational], r: &Rational, claimed: Claimed) -> bool {
    let bound = r * r;
    let squares: Vec<Rational> = (0..graph.nodes)
        .filter_map(|node| graph.step_squared(node, point))
        .collect();
    let below = |end: Option<usize>| end.map_or(*r > Rational::one(), |node| point[node] < *r);
    let must_fall = |node: usize| {
        let edges = graph.edges.iter();
        let mut ends = edges.filter_map(|edge| match (edge.from, edge.to) {
            (Some(i), other) if i == node => Some(other),
            (other, Some(i)) if i == node => Some(other),
            _ => None,
        });
        ends.any(below)
    };
    let mut steps = squares.iter().enumerate();
    match claimed {
        Claimed::Steps => {
            steps.all(|(node, square)| *square <= bound && (*square < bound) == must_fall(node))
        }
        Claimed::Progress { .. } => {
            r.is_one() || steps.any(|(node, square)| point[node] == *r && *square < bound)
        }
        // μ (T/μ)^(3/2), to the fourth power: T⁶/μ².
        Claimed::Passing => {
            steps.all(|(node, square)| square.pow(3) <= bound.pow(2) * point[node].pow(2))
        }
    }
}

/// Whether the minimum is attained for the whole, for all units but any one, and for all of them tied.
fn attained_in_parts(network: &Network<Rational>) -> Result<Option<[bool; 3]>, Failure> {
    let hidden = network.units_of(UnitKind::Hidden);
    if hidden.len() < 2 {
        return Ok(None);
    }
    let tied = existence(&tied(network, vec![hidden.clone()])?)?.is_attained();
    let mut subsets = true;
    for frozen in 0..hidden.len() {
        let pinned = with_activation(network, |place| match place == frozen {
            true => Activation::Other("sigmoid".into()),
            false => Activation::Linear,
        })?;
        subsets &= existence(&pinned)?.is_attained();
    }
    Ok(Some([existence(network)?.is_attained(), subsets, tied]))
}

/// Does the point minimise `R` over the box `[1/2, 2]`? By convexity, if each derivative is 0 or points outwards.
fn is_optimal(graph: &CostGraph, point: &[Rational]) -> bool {
    (0..graph.nodes).all(|node| {
        let (input, output) = graph.sides(node, point);
        input == output
            || (point[node] == integer(2) && input < output)
            || (point[node] == ratio(1, 2) && input > output)
    })
}

fn bounded(network: &Network<Rational>, grounded: bool) -> Held {
    let graph = CostGraph::of(network);
    if graph.nodes > 2 || (grounded && !graph.is_grounded()) {
        return Ok(None);
    }
    let optimal: Vec<Vec<Rational>> = grid(graph.nodes)
        .filter(|point| is_optimal(&graph, point))
        .collect();
    let [best] = optimal.as_slice() else {
        return Ok((!optimal.is_empty()).then_some(false));
    };
    let mut passing = grid(graph.nodes).filter(|point| {
        (0..graph.nodes).all(|node| {
            let (input, output) = graph.sides(node, point);
            input <= output || point[node] == ratio(1, 2)
        })
    });
    let is_below = |point: Vec<Rational>| point.iter().zip(best).all(|(mu, best)| mu <= best);
    Ok(Some(!grounded || passing.all(is_below)))
}

#[derive(Clone, Copy, PartialEq)]
enum Foreign {
    Doubled,
    Directed,
    Turned,
    Zeroed,
}

/// One weight changed, each in turn.
fn foreign(network: &Network<Rational>, change: Foreign) -> Held {
    let network = without_zeros(network)?;
    if network.variables() > 3 || network.synapses() == 0 {
        return Ok(None);
    }
    let (manifold, walks) = (Manifold::of(&network), walks(&network));
    let problem = network.problem(&Regularizer::l1());
    for synapse in 0..network.synapses() {
        let mut after = network.weights();
        match change {
            Foreign::Doubled | Foreign::Directed => after[synapse] *= integer(2),
            Foreign::Turned => after[synapse] = -&after[synapse],
            Foreign::Zeroed => after[synapse] = Rational::zero(),
        }
        let pairs = network.weights().into_iter().zip(&after);
        let ratios: Vec<Option<Rational>> = pairs
            .map(|(before, after)| (!after.is_zero()).then(|| (after / before).abs()))
            .collect();
        let multipliers = manifold.multipliers(&ratios).ok();
        let is_scaling = multipliers.as_ref().is_some_and(|found| {
            check::scaling(&problem, &network.weights(), &after, found).is_ok()
        });
        let holds = match change {
            Foreign::Doubled => {
                products_are_one(&network, &after)? == is_scaling
                    && is_scaling == multipliers.is_some()
            }
            Foreign::Directed => is_scaling || walks.iter().any(|walk| walk.contains(&synapse)),
            Foreign::Turned | Foreign::Zeroed => is_scaling || multipliers.is_none(),
        };
        if !holds {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

/// Do hidden units form a directed cycle of non-zero synapses; self-connections count on request?
pub(super) fn has_hidden_cycle(network: &Network<Rational>, own: bool) -> bool {
    let graph = CostGraph::of(network);
    let mut alive: Vec<bool> = vec![true; graph.nodes];
    // A unit that no unit left feeds is on no cycle.
    for _ in 0..graph.nodes {
        for node in 0..graph.nodes {
            let mut edges = graph.edges.iter();
            alive[node] &= edges
                .any(|edge| edge.to == Some(node) && edge.from.is_some_and(|from| alive[from]));
        }
    }
    let looped = own && (0..graph.nodes).any(|node| !own_cost(network, node).is_zero());
    looped || alive.into_iter().any(|alive| alive)
}

/// The Perron root of the balanced network with unit flows, against the law for the most hidden units on a path.
fn rate(network: &Network<Rational>, acyclic: bool) -> Result<Option<Compared>, Failure> {
    if network.variables() > 3 || (acyclic && has_hidden_cycle(network, false)) {
        return Ok(None);
    }
    let balanced = without_zeros(&circulating(network, Rational::one))?;
    let graph = CostGraph::of(&balanced);
    if !is_balanced(&balanced, &graph) {
        return Err(Failure::new("unit flows are not balanced"));
    }
    Ok(compare_with_law(&balanced))
}
