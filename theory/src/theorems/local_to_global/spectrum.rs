//! The Perron root of the walk on the hidden units of a balanced network, compared with the depth law exactly.
//!
//! The walk `P` leaves a unit along a synapse with probability `cost/(A + B)`. It is reversible: `P = D⁻¹ C` with
//! `D = diag(A + B)` and `C` symmetric. So its Perron root satisfies `ρ² <= s` exactly if `s D - C D⁻¹ C` is positive
//! semidefinite, and `ρ² < s` if it is definite; elimination over the rationals decides.
//!
//! **With biases and skips** `ρ <= cos(π/(L+1))` in acyclic networks, `L` being the most hidden units on a path between
//! visible units. Why: balanced costs are a circulation, a sum of flows along such paths. With `x` on the hidden units
//! and 0 on visible ones, `Σ_i (A_i + B_i) x_i² - Σ_e 2 c_e x_i x_j` is the sum over these paths of the same form of
//! the path, which for `m` hidden units is at least `1 - cos(π/(m+1)) >= 1 - cos(π/(L+1))` times `2 Σ x²` on it.
//! Equality needs `x = 0` on every path with fewer units, and on a path of `L` units a multiple of `sin(πl/(L+1))`,
//! which is 0 nowhere or everywhere: so `ρ` is the law's exactly if in some component of hidden units all paths pass
//! `L` of them. A bias into the first hidden layer changes nothing. A cycle of hidden units is a path without ends, of
//! form 0: then `ρ` can be larger.

use std::cmp::Ordering;

use num_traits::{One, Zero};

use super::manifold::walks;
use crate::theorems::support::{CostGraph, definiteness, integer, ratio};
use synaptic_balance_core::network::Network;
use synaptic_balance_core::numbers::Rational;

/// `ρ²` against `s`.
pub(in crate::theorems) fn compare_square(graph: &CostGraph, s: &Rational) -> Ordering {
    let ones = vec![Rational::one(); graph.nodes];
    let sides = (0..graph.nodes).map(|node| graph.sides(node, &ones));
    let costs: Vec<Rational> = sides.map(|(input, output)| input + output).collect();
    let visited: Vec<usize> = (0..graph.nodes)
        .filter(|node| !costs[*node].is_zero())
        .collect();
    let mut coupling = vec![vec![Rational::zero(); graph.nodes]; graph.nodes];
    for edge in &graph.edges {
        if let (Some(i), Some(j)) = (edge.from, edge.to) {
            coupling[i][j] += &edge.cost;
            coupling[j][i] += &edge.cost;
        }
    }
    let entry = |i: usize, j: usize| {
        let through = visited
            .iter()
            .map(|k| &coupling[i][*k] * &coupling[*k][j] / &costs[*k]);
        let twice = through.fold(Rational::zero(), |sum, term| sum + term);
        let diagonal = if i == j {
            s * &costs[i]
        } else {
            Rational::zero()
        };
        diagonal - twice
    };
    let row = |i: &usize| visited.iter().map(|j| entry(*i, *j)).collect();
    // The smallest eigenvalue of s D - C D⁻¹ C has the sign of s - ρ².
    definiteness(visited.iter().map(row).collect()).reverse()
}

/// `cos²(π/(L+1))` where it is rational and `L` is up to 5.
pub(in crate::theorems) fn squared_law(layers: usize) -> Option<Rational> {
    match layers {
        1 => Some(integer(0)),
        2 => Some(ratio(1, 4)),
        3 => Some(ratio(1, 2)),
        5 => Some(ratio(3, 4)),
        _ => None,
    }
}

/// The network with costs made of flows, one along every simple path between visible units and every simple cycle of
/// hidden ones. It is balanced under `L_1`, and its support are the synapses that lie on a cycle of the coalesced
/// graph.
pub(in crate::theorems) fn circulating(
    network: &Network<Rational>,
    mut flow: impl FnMut() -> Rational,
) -> Network<Rational> {
    let mut costs = vec![Rational::zero(); network.synapses()];
    for walk in walks(network) {
        let flow = flow();
        walk.into_iter().for_each(|synapse| costs[synapse] += &flow);
    }
    network.with_weights(costs)
}

/// A balanced network beside the law for its longest path.
pub(in crate::theorems) struct Compared {
    /// `ρ` against `cos(π/(L+1))`.
    pub order: Ordering,
    /// Do all paths of some component of hidden units pass `L` hidden units?
    pub some_even: bool,
}

/// Compares; `None` without hidden units on paths, or where the law is irrational. All synapses count, so none may
/// be 0.
pub(in crate::theorems) fn compare_with_law(network: &Network<Rational>) -> Option<Compared> {
    let ends = super::ends(network);
    let mut component: Vec<usize> = (0..network.variables()).collect();
    for (from, to) in &ends {
        if let (Some(i), Some(j)) = (from, to) {
            let (one, other) = (component[*i], component[*j]);
            component
                .iter_mut()
                .filter(|label| **label == one)
                .for_each(|label| *label = other);
        }
    }
    // The component of a path's hidden units, and their number.
    let paths: Vec<(usize, usize)> = walks(network)
        .iter()
        .filter(|walk| walk.first().is_some_and(|e| ends[*e].0.is_none()))
        .filter_map(|walk| Some((component[ends[*walk.first()?].1?], walk.len() - 1)))
        .collect();
    let most = *paths.iter().map(|(_, hidden)| hidden).max()?;
    let is_even = |label: usize| {
        let own = paths.iter().filter(|(of, _)| *of == label);
        own.clone().count() > 0 && own.into_iter().all(|(_, hidden)| *hidden == most)
    };
    Some(Compared {
        order: compare_square(&CostGraph::of(network), &squared_law(most)?),
        some_even: (0..network.variables()).any(is_even),
    })
}
