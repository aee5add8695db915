//! Certificates: the comparison principle, and foreign results.

use num_traits::{One, Signed, Zero};
use rand::RngExt;

use super::convergence::grounded;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, many, positive, ratio, small};
use synaptic_balance_core::kernel::{Refusal, check};
use synaptic_balance_core::network::{
    Manifold, Network, Regularizer, Shape, planted, random_recurrent,
};
use synaptic_balance_core::numbers::{Rational, rational_power};
use synaptic_balance_core::solve::{DirectOptions, certify, solve_direct};

pub(super) fn comparison(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(66);
    let mut refused = 0;
    for _ in 0..30 {
        let (planted, optimum) = grounded(&mut rng)?;
        let problem = planted.network.problem(&Regularizer::l1());
        let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})?;
        let verified = certify(&problem, &solution, 8)?;
        let claim = verified
            .claim_about(&problem)
            .ok_or_else(|| Failure::new("about another problem"))?;
        for ((lower, best), upper) in claim.lower.iter().zip(&optimum).zip(&claim.upper) {
            ledger.holds(lower <= best && best <= upper, || {
                format!("{best} is outside [{lower}, {upper}]")
            })?;
        }
        // Both bounds on one side of the optimum: false, and to be refused.
        let above: Vec<Rational> = optimum.iter().map(|best| best * ratio(101, 100)).collect();
        let below: Vec<Rational> = optimum.iter().map(|best| best * ratio(99, 100)).collect();
        for (lower, upper) in [
            (&above, &claim.upper),
            (&claim.lower, &below),
            (&above, &below),
        ] {
            let verdict = check::enclosure(&problem, lower, upper);
            ledger.holds(verdict.is_err(), || "a false enclosure was accepted".into())?;
            refused += 1;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!("30 random planted networks: the enclosures to 8 digits hold the exact μ*, and {refused} false ones are refused"),
    )?;
    super::enclosures::check(ledger)?;
    without_ground(ledger)?;
    implication(ledger)
}

/// Whether `A <= B` at every node, and whether `A >= B`. Most points fail both at their first nodes, and no more of
/// them is computed.
fn premises(graph: &CostGraph, point: &[Rational]) -> (bool, bool) {
    let (mut low, mut high) = (true, true);
    for node in 0..graph.nodes {
        let (input, output) = graph.sides(node, point);
        low &= input <= output;
        high &= input >= output;
        if !low && !high {
            break;
        }
    }
    (low, high)
}

/// The principle itself, at random points that satisfy its premise.
fn implication(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(67);
    let (mut below, mut above, mut points) = (0, 0, 0);
    for _ in 0..200 {
        let (planted, optimum) = grounded(&mut rng)?;
        // The costs at the optimum, so that a point is its factors: these are short numbers, and every product of both
        // is the same.
        let graph = CostGraph::of(&planted.network).at_point(&optimum);
        for _ in 0..100 {
            let factors = many(graph.nodes, || ratio(rng.random_range(10..=14), 12));
            points += 1;
            let (low, high) = premises(&graph, &factors);
            if low {
                ledger.holds(
                    factors.iter().all(|factor| *factor <= Rational::one()),
                    || "μ > μ*".into(),
                )?;
                below += 1;
            }
            if high {
                ledger.holds(
                    factors.iter().all(|factor| *factor >= Rational::one()),
                    || "μ < μ*".into(),
                )?;
                above += 1;
            }
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{points} random points of 200 random planted networks: {below} have A <= B everywhere, and all of these are at most \
             μ*; {above} have A >= B everywhere, and all are at least μ*"
        ),
    )
}

fn without_ground(ledger: &mut Ledger) -> Result<(), Failure> {
    let pair = small(2, &[(1, 2, integer(1)), (2, 1, integer(1))])?;
    let graph = CostGraph::of(&pair);
    let twos = [integer(2), integer(2)];
    for node in 0..2 {
        let (input, output) = graph.sides(node, &twos);
        ledger.equal("A and B", &input, &output)?;
    }
    let problem = pair.problem(&Regularizer::l1());
    let verdict = check::enclosure(&problem, &twos, &twos).err();
    ledger.equal("the kernel", &verdict, &Some(Refusal::NotNormalised(0)))?;
    ledger.record(
        Kind::ExactCounterexample,
        "the ground is needed: two units joined to each other alone have A = B at (1, 1) and at (2, 2); the kernel asks that one of \
         them be fixed",
    )
}

/// `w'/w` where the weight is not 0.
fn ratios(before: &Network<Rational>, after: &[Rational]) -> Vec<Option<Rational>> {
    let pairs = before.weights().into_iter().zip(after);
    pairs
        .map(|(before, after)| (!before.is_zero()).then(|| after / before))
        .collect()
}

/// Is the product of the ratios along each constraint of the non-zero synapses 1?
pub(in crate::theorems) fn products_are_one(
    network: &Network<Rational>,
    after: &[Rational],
) -> Result<bool, Failure> {
    let active: Vec<usize> = (0..network.synapses())
        .filter(|e| !network.weight(*e).is_zero())
        .collect();
    let synapses = active.iter().map(|synapse| {
        let (from, to) = network.endpoints(*synapse);
        (from, to, network.weight(*synapse).clone())
    });
    let reduced = network.with_synapses(synapses.collect())?;
    for constraint in Manifold::of(&reduced).constraints() {
        let mut product = Rational::one();
        for (place, exponent) in &constraint.terms {
            let ratio = &after[active[*place]] / network.weight(active[*place]);
            let power = rational_power(&ratio.abs(), exponent)
                .ok_or_else(|| Failure::new("irrational product"))?;
            product *= power;
        }
        if !product.is_one() {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn foreign(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(68);
    let (mut changed, mut still_scalings) = (0, 0);
    for _ in 0..60 {
        let network = random_recurrent(Shape::new(2, 4, 2), 0.5, &mut rng);
        let scaled = network
            .scaled(&many(network.variables(), || positive(&mut rng)))?
            .weights();
        let manifold = Manifold::of(&network);
        let problem = network.problem(&Regularizer::l2());
        let found = manifold.multipliers(&ratios(&network, &scaled))?;
        let verdict = check::scaling(&problem, &network.weights(), &scaled, &found);
        ledger.holds(verdict.is_ok(), || format!("{verdict:?}"))?;
        ledger.holds(products_are_one(&network, &scaled)?, || {
            "a product is not 1".into()
        })?;
        // One weight changed: both criteria have to say the same.
        let Some(place) = (0..scaled.len()).nth(rng.random_range(0..scaled.len().max(1))) else {
            continue;
        };
        let mut other = scaled.clone();
        other[place] *= ratio(3, 2);
        let propagated = manifold.multipliers(&ratios(&network, &other));
        let products = products_are_one(&network, &other)?;
        ledger.equal("both criteria", &propagated.is_ok(), &products)?;
        if let Ok(multipliers) = propagated {
            let verdict = check::scaling(&problem, &network.weights(), &other, &multipliers);
            ledger.holds(verdict.is_ok(), || format!("{verdict:?}"))?;
            still_scalings += 1;
        }
        changed += 1;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "60 random scalings of recurrent networks: Λ found and accepted by the kernel, all cycle products 1; with one weight \
             changed ({changed} times), products and propagation agree ({still_scalings} are still scalings, the weight lying on no cycle)"
        ),
    )?;
    signs_and_zeros(ledger)
}

fn signs_and_zeros(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(69);
    for _ in 0..30 {
        let network = random_recurrent(Shape::new(1, 3, 1), 0.7, &mut rng);
        let problem = network.problem(&Regularizer::l2());
        let weights = network.weights();
        let Some(place) = (0..weights.len()).nth(rng.random_range(0..weights.len().max(1))) else {
            continue;
        };
        for replacement in [-&weights[place], Rational::zero()] {
            let mut other = weights.clone();
            other[place] = replacement;
            let ones = vec![Rational::one(); network.variables()];
            let verdict = check::scaling(&problem, &weights, &other, &ones);
            let named = matches!(verdict, Err(Refusal::Weight(synapse, ..)) if synapse == place);
            ledger.holds(named, || format!("{verdict:?}"))?;
            // No positive multiplier turns the sign, and none makes a zero.
            let ratio = &other[place] / &weights[place];
            ledger.holds(!ratio.is_positive(), || "the ratio is positive".into())?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "30 random networks with the sign of a weight turned, or the weight set to 0: ratios of -1 and 0, refused with that weight named",
    )
}

/// Scalings of planted networks have the planted balanced weights, other networks have others.
pub(super) fn representative(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(103);
    let shape = Shape::new(2, 4, 2);
    let size = |weights: &[Rational]| {
        let sizes = weights.iter().map(Signed::abs);
        sizes.fold(Rational::zero(), |sum, size| sum + size)
    };
    let (mut others, mut still) = (0, 0);
    for round in 0..40 {
        let planted = planted(shape, round % 2 == 0, false, &mut rng);
        let network = &planted.network;
        let best = &planted.balanced;
        let scaled = network.scaled(&many(network.variables(), || positive(&mut rng)))?;
        for one in [network, &scaled] {
            let problem = one.problem(&Regularizer::l1());
            let found = Manifold::of(one).multipliers(&ratios(one, best))?;
            let verdict = check::scaling(&problem, &one.weights(), best, &found);
            ledger.holds(verdict.is_ok(), || format!("{verdict:?}"))?;
            let ones = vec![Rational::one(); one.variables()];
            let balanced = check::balanced(&problem, &ones).is_ok();
            ledger.equal(
                "R is that of W*",
                &(size(&one.weights()) == size(best)),
                &balanced,
            )?;
            ledger.holds(size(&one.weights()) >= size(best), || {
                "R below its minimum".into()
            })?;
        }
        let stays = network.with_weights(best.clone());
        let ones = vec![Rational::one(); stays.variables()];
        let verdict = check::balanced(&stays.problem(&Regularizer::l1()), &ones);
        ledger.holds(verdict.is_ok(), || format!("{verdict:?}"))?;
        // One weight changed: a scaling of the network exactly if W* is one of it.
        let mut weights = network.weights();
        let place = rng.random_range(0..weights.len());
        weights[place] *= ratio(3, 2);
        let other = network.with_weights(weights.clone());
        let scaling = Manifold::of(network)
            .multipliers(&ratios(network, &weights))
            .is_ok();
        let same = Manifold::of(&other)
            .multipliers(&ratios(&other, best))
            .is_ok();
        ledger.equal("the same W*", &same, &scaling)?;
        others += 1;
        still += usize::from(scaling);
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "40 planted networks and a scaling of each: the planted balanced weights are scalings of both, and R is theirs exactly if the \
             network is balanced; with one weight changed ({others} times, {still} of them still scalings) W* is that of the \
             network exactly if the change is a scaling"
        ),
    )
}
