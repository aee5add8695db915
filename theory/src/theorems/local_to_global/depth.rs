//! The depth law: the local rate of convergence depends on the number of layers alone.

use std::cmp::Ordering;

use num_traits::{One, Zero};
use rand::RngExt;

use super::spectrum::{circulating, compare_square, compare_with_law};
use crate::symbolic::{Claim, Laurent};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{
    CostGraph, balanced_layers, generator, integer, many, positive, ratio, small, without_zeros,
};
use synaptic_balance_core::network::{Activation, Network, Shape, layered, random_acyclic};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};

/// `P` applied to a vector: the mean of the neighbours' entries, weighted by costs; the ground counts 0.
fn walk(graph: &CostGraph, vector: &[Rational]) -> Vec<Rational> {
    let ones = vec![Rational::one(); graph.nodes];
    let value = |end: Option<usize>| end.map_or_else(Rational::zero, |node| vector[node].clone());
    let entry = |node| {
        let (input, output) = graph.sides(node, &ones);
        let steps = graph
            .edges
            .iter()
            .filter_map(|edge| match (edge.from, edge.to) {
                (Some(i), other) if i == node => Some(&edge.cost * value(other)),
                (other, Some(i)) if i == node => Some(&edge.cost * value(other)),
                _ => None,
            });
        steps.fold(Rational::zero(), |sum, step| sum + step) / (input + output)
    };
    (0..graph.nodes).map(entry).collect()
}

/// The hidden layer, from 0, of each variable of a layered network.
fn layers(sizes: &[usize]) -> Vec<usize> {
    let hidden = sizes
        .iter()
        .skip(1)
        .take(sizes.len().saturating_sub(2))
        .enumerate();
    hidden
        .flat_map(|(layer, size)| vec![layer; *size])
        .collect()
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(70);
    for case in 0..40 {
        let hidden = 1 + case % 6;
        let sizes = many(hidden + 2, || rng.random_range(1..=4));
        let graph = CostGraph::of(&balanced_layers(&sizes, 8, &mut rng));
        let layer = layers(&sizes);
        for marked in 0..hidden {
            let indicator: Vec<Rational> = layer
                .iter()
                .map(|l| integer(i64::from(*l == marked)))
                .collect();
            let path: Vec<Rational> = layer
                .iter()
                .map(|l| ratio(i64::from(l.abs_diff(marked) == 1), 2))
                .collect();
            ledger.equal("P on a layer", &walk(&graph, &indicator), &path)?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "40 random balanced networks of 1 to 6 hidden layers of 1 to 4 units, rational costs: P takes the indicator of a layer to \
         1/2 on the layers beside it, exactly, as the path graph does",
    )?;
    perron_vector(ledger)?;
    measured(ledger)?;
    other_orders(ledger)
}

/// With `z = e^iθ`: `z^l - z^-l` satisfies the recursion, and the path's characteristic polynomial is Chebyshev's.
fn perron_vector(ledger: &mut Ledger) -> Result<(), Failure> {
    let sine = |l: i32| Laurent::power("z", l) - Laurent::power("z", -l);
    let half = Laurent::constant(ratio(1, 2));
    let cosine = &half * (Laurent::power("z", 1) + Laurent::power("z", -1));
    let mut claim = Claim::new("(v_{l-1} + v_{l+1})/2 = cos θ v_l for v_l = sin lθ");
    for l in 1..=12 {
        claim = claim.and(
            format!("l = {l}"),
            &half * (sine(l - 1) + sine(l + 1)),
            &cosine * sine(l),
        );
    }
    ledger.proved(claim)?;
    let mut claim =
        Claim::new("det(cos θ - P) = sin((L+1)θ) / (2^L sin θ) for the path of L layers");
    let (mut before, mut now) = (Laurent::zero(), Laurent::one());
    for size in 1..=12_i32 {
        let next = &cosine * &now - Laurent::constant(ratio(1, 4)) * &before;
        (before, now) = (now, next);
        let left = Laurent::integer(1 << size) * &now * sine(1);
        claim = claim.and(format!("L = {size}"), left, sine(size + 1));
    }
    ledger.proved(claim)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "with z = e^iθ, for l and L up to 12: (v_{l-1} + v_{l+1})/2 = cos θ v_l for v_l = sin lθ, and the path's characteristic \
         polynomial at cos θ is sin((L+1)θ) / (2^L sin θ); so θ = π/(L+1) gives a positive eigenvector, and the Perron root",
    )
}

/// The contraction of one sweep over the units in the given order, near the balanced point 1; a power iteration.
fn sweep_rate(graph: &CostGraph, order: &[usize], simultaneous: bool) -> f64 {
    let edges: Vec<_> = graph
        .edges
        .iter()
        .map(|edge| (edge.from, edge.to, rational_to_f64(&edge.cost)))
        .collect();
    let step = |node: usize, errors: &[f64]| {
        let (mut sum, mut total) = (0.0, 0.0);
        for (from, to, cost) in &edges {
            let other = if *from == Some(node) { *to } else { *from };
            if *from == Some(node) || *to == Some(node) {
                sum += cost * other.map_or(0.0, |k| errors[k]);
                total += cost;
            }
        }
        sum / total
    };
    let mut errors = vec![1.0; graph.nodes];
    let mut rate = 0.0;
    for _ in 0..4_000 {
        let before = errors.clone();
        for node in order {
            errors[*node] = step(*node, if simultaneous { &before } else { &errors });
        }
        rate = errors.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        errors.iter_mut().for_each(|error| *error /= rate);
    }
    rate
}

fn measured(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(72);
    for hidden in [2, 3, 5, 10, 20] {
        let sizes = many(hidden + 2, || rng.random_range(1..=3));
        let graph = CostGraph::of(&balanced_layers(&sizes, 6, &mut rng));
        let order: Vec<usize> = (0..graph.nodes).collect();
        let cosine = (std::f64::consts::PI / (hidden as f64 + 1.0)).cos();
        ledger.agree("sweep", sweep_rate(&graph, &order, false), cosine * cosine)?;
        // A positive start has no part in the eigenvalue -ρ of the same size once squared.
        let backwards: Vec<usize> = order.into_iter().rev().collect();
        ledger.agree(
            "sweep backwards",
            sweep_rate(&graph, &backwards, false),
            cosine * cosine,
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        "random balanced networks of 2, 3, 5, 10 and 20 hidden layers: the contraction of a sweep, forwards and backwards, and \
         cos²(π/(L+1)) agree to 1e-9",
    )
}

/// Hypotheses dropped: an order that mixes layers, biases, skips, cycles.
fn other_orders(ledger: &mut Ledger) -> Result<(), Failure> {
    // Two layers of two units, all costs 1: balanced, since 1 + 1 flow in and out everywhere.
    let dense: Network<Rational> = layered(
        &[2, 2, 2, 2],
        &Activation::Relu,
        |_, _, _| Rational::one(),
        None,
    );
    let graph = CostGraph::of(&dense);
    let layerwise = sweep_rate(&graph, &[0, 1, 2, 3], false);
    let mixed = sweep_rate(&graph, &[0, 2, 1, 3], false);
    ledger.agree("layer by layer", layerwise, 0.25)?;
    ledger.holds((mixed - 0.25).abs() > 1e-3, || {
        "the order does not matter".into()
    })?;
    ledger.record(
        Kind::PropertyTest,
        "computed: sweeps must go layer by layer: on 2-2-2-2 with all costs 1 a layerwise order contracts by 1/4 to 1e-9, an order \
         that alternates between the layers does not, by more than 1e-3",
    )?;
    skips_and_biases(ledger)?;
    exact_skips(ledger)
}

/// Random balanced networks with skips and biases against the law of their longest path.
fn skips_and_biases(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(73);
    let (mut networks, mut equal) = (0, 0);
    while networks < 120 {
        let hidden = rng.random_range(2..=6);
        let shape = Shape {
            inputs: 1,
            hidden,
            outputs: 1,
        };
        let network = random_acyclic(shape, 0.5, &mut rng);
        let balanced = without_zeros(&circulating(&network, || positive(&mut rng)))?;
        let Some(found) = compare_with_law(&balanced) else {
            continue;
        };
        let (order, even) = (found.order, found.some_even);
        ledger.holds(order != Ordering::Greater, || "ρ is above the law".into())?;
        ledger.equal("at the law", &(order == Ordering::Equal), &even)?;
        networks += 1;
        equal += usize::from(even);
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{networks} random balanced acyclic networks of 2 to 6 units with biases and skips, L = 1, 2, 3 or 5: ρ² is at most \
             cos²(π/(L+1)), exactly, and equal in {equal}, those with a component all of whose paths pass L units"
        ),
    )
}

/// A network of hidden units in a row, with further synapses.
fn row(hidden: usize, synapses: &[(usize, usize, i64)]) -> Result<CostGraph, Failure> {
    let synapses: Vec<_> = synapses
        .iter()
        .map(|(from, to, cost)| (*from, *to, integer(*cost)))
        .collect();
    Ok(CostGraph::of(&small(hidden, &synapses)?))
}

fn exact_skips(ledger: &mut Ledger) -> Result<(), Failure> {
    // A further source into the second layer, and one into the first.
    let second = row(2, &[(0, 1, 1), (1, 2, 1), (0, 2, 1), (2, 3, 2)])?;
    let image = walk(&second, &[integer(1), integer(1)]);
    ledger.equal("P 1", &image, &vec![ratio(1, 2), ratio(1, 4)])?;
    let square = compare_square(&second, &ratio(1, 8));
    ledger.equal("ρ²", &square, &Ordering::Equal)?;
    let first = row(2, &[(0, 1, 2), (1, 2, 2), (2, 3, 2)])?;
    let square = compare_square(&first, &ratio(1, 4));
    ledger.equal(
        "ρ² with a bias of the first layer",
        &square,
        &Ordering::Equal,
    )?;
    // h1 -> h3 beside h1 -> h2 -> h3.
    let skip = row(3, &[(0, 1, 2), (1, 2, 1), (2, 3, 1), (1, 3, 1), (3, 4, 2)])?;
    for (square, order) in [
        (ratio(4, 9), Ordering::Less),
        (ratio(2, 5), Ordering::Greater),
    ] {
        ledger.equal("ρ² with a skip", &compare_square(&skip, &square), &order)?;
    }
    ledger.record(
        Kind::ExactInstance,
        "a bias into the second of two layers lowers ρ² from 1/4 to 1/8, one into the first leaves it at 1/4; a skip from the first \
         to the third of three layers lowers it from 1/2 to between 2/5 and 4/9",
    )
}
