//! The convex problem behind balancing.

use num_traits::{One, Signed, Zero};
use rand::RngExt;

use crate::symbolic::{Run, statements};
use crate::theorems::gallery;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, many, positive, ratio, signed};
use synaptic_balance_core::network::{
    Multiplier, Network, Regularizer, Shape, planted, random_recurrent,
};
use synaptic_balance_core::numbers::{Rational, sum};

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let exhibits = [
        gallery::layered()?,
        gallery::skipping()?,
        gallery::recurrent(Run::Steps(1))?,
        gallery::convolution()?,
    ];
    for exhibit in &exhibits {
        for power in 1..=3 {
            ledger.proved(statements::laplacian(&exhibit.network, power)?)?;
        }
    }
    ledger.record(
        Kind::SymbolicIdentity,
        "gradient p (A - B) and Hessian p² times the grounded Laplacian, p = 1, 2, 3, for a layered, a skipping, a recurrent \
         and a convolutional network",
    )?;
    let mut rng = generator(56);
    let (mut steps, mut grounded) = (0, 0);
    for case in 0..60 {
        let shape = Shape::new(2, 4, 1);
        let network = match case % 2 {
            0 => random_recurrent(shape, 0.5, &mut rng),
            _ => planted(shape, true, false, &mut rng).network,
        };
        steps += osborne(ledger, &network)?;
        let graph = CostGraph::of(&network);
        let potentials = many(graph.nodes, || positive(&mut rng));
        let direction = many(graph.nodes, || signed(&mut rng));
        let form = quadratic_form(&graph, &potentials, &direction);
        ledger.equal(
            "Hessian form",
            &form,
            &sum_of_squares(&graph, &potentials, &direction),
        )?;
        if graph.is_grounded() {
            grounded += 1;
            let moves = direction.iter().any(|entry| !entry.is_zero());
            ledger.holds(!moves || form.is_positive(), || {
                "the Hessian is not definite".into()
            })?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "60 random recurrent networks: d'Hd = Σ c_e (d_i - d_j)² exactly, positive in the {grounded} grounded ones; {steps} \
             steps of Osborne's iteration on the coalesced matrix have the multiplier of balancing, exactly"
        ),
    )
}

/// `d' H d` from the entries of the Laplacian: `A + B` on the diagonal, minus the joining costs beside it.
fn quadratic_form(graph: &CostGraph, potentials: &[Rational], direction: &[Rational]) -> Rational {
    let mut terms = Vec::new();
    for (i, entry) in direction.iter().enumerate() {
        let (input, output) = graph.sides(i, potentials);
        terms.push((input + output) * entry * entry);
    }
    for edge in &graph.edges {
        if let (Some(i), Some(j)) = (edge.from, edge.to) {
            terms.push(
                -integer(2) * CostGraph::cost(edge, potentials) * &direction[i] * &direction[j],
            );
        }
    }
    sum(&terms)
}

fn sum_of_squares(graph: &CostGraph, potentials: &[Rational], direction: &[Rational]) -> Rational {
    let at = |end: Option<usize>| end.map_or_else(Rational::zero, |v| direction[v].clone());
    let square = |edge| -> Rational {
        let edge: &crate::theorems::support::Edge = edge;
        let difference = at(edge.to) - at(edge.from);
        CostGraph::cost(edge, potentials) * &difference * &difference
    };
    sum(&graph.edges.iter().map(square).collect::<Vec<_>>())
}

/// One step of matrix balancing at every index of the coalesced cost matrix, against balancing the unit: row sum over
/// column sum, off the diagonal, is the square of the multiplier.
fn osborne(ledger: &mut Ledger, network: &Network<Rational>) -> Result<usize, Failure> {
    let ground = network.variables();
    let mut matrix = vec![vec![Rational::zero(); ground + 1]; ground + 1];
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let node = |unit| network.variable(unit).unwrap_or(ground);
        matrix[node(from)][node(to)] += network.weight(synapse).abs();
    }
    let mut steps = 0;
    for (variable, found) in network
        .balance_each(&Regularizer::l1())
        .into_iter()
        .enumerate()
    {
        let off_diagonal = (0..=ground).filter(|other| *other != variable);
        let row = off_diagonal
            .clone()
            .fold(Rational::zero(), |sum, k| sum + &matrix[variable][k]);
        let column = off_diagonal.fold(Rational::zero(), |sum, k| sum + &matrix[k][variable]);
        let Ok(found) = found else {
            ledger.holds(row.is_zero() || column.is_zero(), || {
                "balancing refused a step".into()
            })?;
            continue;
        };
        let square = match found.cost_multiplier {
            Multiplier::Rational(multiplier) => &multiplier * &multiplier,
            Multiplier::Irrational { ratio, degree } if degree == integer(2) => ratio,
            other => return Err(Failure::new(format!("an unexpected multiplier: {other:?}"))),
        };
        ledger.equal("squared step", &square, &(row / column))?;
        steps += 1;
    }
    let total: Rational = matrix
        .iter()
        .flatten()
        .fold(Rational::zero(), |sum, cost| sum + cost);
    let weights: Vec<Rational> = network.weights().iter().map(Signed::abs).collect();
    ledger.equal(
        "sum of the matrix",
        &(total * Rational::one()),
        &sum(&weights),
    )?;
    Ok(steps)
}

/// `Σ c Λ^(±p)` over single hidden units, and the chain, in `Λ`.
pub(super) fn in_multipliers(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(101);
    for _ in 0..60 {
        let power = rng.random_range(1..=3);
        let [price, x, y] = [(); 3].map(|()| positive(&mut rng));
        let middle = (&x + &y) / integer(2);
        for exponent in [power, -power] {
            let value = |at: &Rational| &price * at.pow(exponent);
            let mean = (value(&x) + value(&y)) / integer(2);
            ledger.holds(value(&middle) <= mean, || {
                format!("{price} Λ^{exponent} between {x} and {y}")
            })?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "60 random costs c Λ^p and c Λ^-p, p = 1, 2, 3: the value half way is at most the mean of the values at the ends",
    )?;
    let chain = |a: &Rational, b: &Rational| a.pow(2) + (b / a).pow(2) + b.pow(-2);
    let (low, high) = ([ratio(1, 10), integer(2)], [ratio(1, 5), integer(8)]);
    let middle = [0, 1].map(|side: usize| (&low[side] + &high[side]) / integer(2));
    let mean = (chain(&low[0], &low[1]) + chain(&high[0], &high[1])) / integer(2);
    ledger.equal(
        "half way, above the mean",
        &(chain(&middle[0], &middle[1]) - mean),
        &ratio(639_451, 5760),
    )?;
    ledger.record(
        Kind::ExactCounterexample,
        "x -> a -> b -> y, costs 1, p = 2: half way between Λ = (1/10, 2) and (1/5, 8) R is above the mean by 639451/5760",
    )
}
