//! When balancing two units commutes, decided exactly though square roots occur.

use num_traits::{Signed, Zero};
use rand::RngExt;

use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, many, small};
use synaptic_balance_core::network::{Multiplier, Network, Regularizer};
use synaptic_balance_core::numbers::{Rational, nth_root};

/// The costs that matter for balancing two units `i` and `j`.
#[derive(Debug, Clone)]
pub(in crate::theorems) struct Pair {
    /// Into and out of `i`, from and to others than `j`.
    pub first: [Rational; 2],
    /// Into and out of `j`, from and to others than `i`.
    pub second: [Rational; 2],
    /// From `i` to `j`.
    pub there: Rational,
    /// From `j` to `i`.
    pub back: Rational,
}

/// What is known of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::theorems) struct CommutingPair {
    /// Do both orders give the same weights?
    pub commutes: bool,
    /// Does a non-zero synapse join them?
    pub joined: bool,
    /// Are both balanced at the start?
    pub balanced: bool,
    /// Does either have a non-zero synapse with a third unit?
    pub has_third: bool,
}

impl Pair {
    /// Reads the costs of two units off a network under `L_1`.
    pub fn of(graph: &CostGraph, i: usize, j: usize) -> Self {
        let total = |from: &dyn Fn(Option<usize>) -> bool, to: &dyn Fn(Option<usize>) -> bool| {
            let edges = graph
                .edges
                .iter()
                .filter(|edge| from(edge.from) && to(edge.to));
            edges.fold(Rational::zero(), |sum, edge| sum + &edge.cost)
        };
        let is = |node: usize| move |end: Option<usize>| end == Some(node);
        let other = move |end: Option<usize>| end != Some(i) && end != Some(j);
        Pair {
            first: [total(&other, &is(i)), total(&is(i), &other)],
            second: [total(&other, &is(j)), total(&is(j), &other)],
            there: total(&is(i), &is(j)),
            back: total(&is(j), &is(i)),
        }
    }

    fn swapped(&self) -> Self {
        Pair {
            first: self.second.clone(),
            second: self.first.clone(),
            there: self.back.clone(),
            back: self.there.clone(),
        }
    }

    /// `(A, B)` of the first unit.
    fn sides(&self) -> (Rational, Rational) {
        (&self.first[0] + &self.back, &self.first[1] + &self.there)
    }

    /// Whether the first unit's multiplier is the same before and after the second has been balanced.
    ///
    /// With `s² = q` the second's squared multiplier, the first's are `B/A` and `(β + t s) / (α + b/s)`; both agree iff
    /// `(B/A) b - t q + ((B/A) α - β) s = 0`, which over the rationals is one condition if `s` is rational, and two if
    /// not.
    fn first_is_unmoved(&self) -> Option<bool> {
        let (input, output) = self.sides();
        let (other_input, other_output) = self.swapped().sides();
        let positive = [&input, &output, &other_input, &other_output]
            .iter()
            .all(|cost| cost.is_positive());
        if !positive {
            return None;
        }
        let (own, square) = (output / input, other_output / other_input);
        let constant = &own * &self.back - &self.there * &square;
        let linear = &own * &self.first[0] - &self.first[1];
        Some(match nth_root(&square, 2) {
            Some(root) => (constant + linear * root).is_zero(),
            None => constant.is_zero() && linear.is_zero(),
        })
    }

    /// Decides the pair; `None` unless both units have `A, B > 0`.
    pub fn decide(&self) -> Option<CommutingPair> {
        let same_multipliers = self.first_is_unmoved()? && self.swapped().first_is_unmoved()?;
        let externals = self.first.iter().chain(&self.second);
        let has_third = externals.clone().any(|cost| !cost.is_zero());
        let (input, output) = self.sides();
        let (other_input, other_output) = self.swapped().sides();
        Some(CommutingPair {
            // Joined to each other alone, only their ratio shows in weights, and either step sets it.
            commutes: same_multipliers || !has_third,
            joined: !self.there.is_zero() || !self.back.is_zero(),
            balanced: input == output && other_input == other_output,
            has_third,
        })
    }
}

impl CommutingPair {
    /// What the statement says.
    pub fn predicted(&self) -> bool {
        !self.joined || !self.has_third || self.balanced
    }
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let values = [0, 1, 2, 4].map(integer);
    let (mut decided, mut commuting) = (0, 0);
    for code in 0..values.len().pow(6) {
        let digit = |place: u32| values[code / values.len().pow(place) % values.len()].clone();
        let pair = Pair {
            first: [digit(0), digit(1)],
            second: [digit(2), digit(3)],
            there: digit(4),
            back: digit(5),
        };
        let Some(found) = pair.decide() else { continue };
        ledger.holds(found.commutes == found.predicted(), || {
            format!("{pair:?}: {found:?}")
        })?;
        decided += 1;
        commuting += usize::from(found.commutes);
    }
    ledger.record(
        Kind::ExhaustiveSearch,
        format!(
            "all 4096 pairs with costs 0, 1, 2, 4 to and from each other and third units: {decided} have A, B > 0 at both, of \
             which {commuting} commute, exactly those predicted"
        ),
    )?;
    random_networks(ledger)
}

/// The weights after balancing the units in the given order under `L_1`; `None` where a multiplier is irrational.
fn in_order(
    network: &Network<Rational>,
    units: &[usize],
) -> Result<Option<Vec<Rational>>, Failure> {
    let mut network = network.clone();
    for unit in units {
        let Multiplier::Rational(multiplier) =
            network.balance_unit(*unit, &Regularizer::l1())?.multiplier
        else {
            return Ok(None);
        };
        let mut multipliers = vec![integer(1); network.variables()];
        if let Some(variable) = network.variable(*unit) {
            multipliers[variable] = multiplier;
        }
        network = network.scaled(&multipliers)?;
    }
    Ok(Some(network.weights()))
}

fn random_networks(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(51);
    let (mut compared, mut joined) = (0, 0);
    for _ in 0..8_000 {
        // Three hidden units between an input and an output; squares make rational multipliers frequent.
        let mut synapses = Vec::new();
        for (from, to) in [
            (0, 1),
            (0, 2),
            (0, 3),
            (1, 2),
            (2, 1),
            (2, 3),
            (3, 1),
            (1, 4),
            (2, 4),
            (3, 4),
        ] {
            let weight = many(1, || [0, 0, 0, 0, 1, 1, 4, 4, 16][rng.random_range(0..9)])
                .into_iter()
                .sum::<i64>();
            synapses.push((
                from,
                to,
                integer(if rng.random() { weight } else { -weight }),
            ));
        }
        let network = small(3, &synapses)?;
        let Some(decided) = Pair::of(&CostGraph::of(&network), 0, 1).decide() else {
            continue;
        };
        let (Some(one), Some(other)) = (in_order(&network, &[1, 2])?, in_order(&network, &[2, 1])?)
        else {
            continue;
        };
        ledger.equal("same weights", &(one == other), &decided.predicted())?;
        compared += 1;
        joined += usize::from(decided.joined);
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{compared} random networks of three hidden units in which both orders are rational ({joined} with the two units \
             joined): the weights agree exactly where predicted"
        ),
    )
}
