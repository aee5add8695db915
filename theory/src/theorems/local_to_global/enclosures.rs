//! The comparison principle for mixtures of costs and for tied units.

use num_traits::One;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::convergence::grounded;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, many, positive, ratio};
use synaptic_balance_core::kernel::{Problem, Refusal, check};
use synaptic_balance_core::network::{Network, Regularizer, UnitKind};
use synaptic_balance_core::numbers::Rational;
use synaptic_balance_core::solve::{DirectOptions, certify, solve_direct};

fn times(values: &[Rational], factor: &Rational) -> Vec<Rational> {
    values.iter().map(|value| value * factor).collect()
}

/// True bounds are accepted, the solver's among them; false ones are refused by the sign test that they fail.
///
/// `c μ*` with `c > 1` has `A >= B` everywhere, and `A > B` next to the ground; with `c < 1` the other way round.
fn encloses(ledger: &mut Ledger, problem: &Problem, optimum: &[Rational]) -> Result<(), Failure> {
    let [half, below, above, twice] =
        [(1, 2), (99, 100), (101, 100), (2, 1)].map(|(n, d)| times(optimum, &ratio(n, d)));
    for (lower, upper) in [(&half, &twice), (&below, &above)] {
        let verdict = check::enclosure(problem, lower, upper);
        ledger.holds(verdict.is_ok(), || format!("true bounds: {verdict:?}"))?;
    }
    let exact = check::enclosure(problem, optimum, optimum);
    ledger.holds(exact.is_ok(), || format!("the optimum: {exact:?}"))?;
    for (lower, upper, failed) in [(&above, &twice, "lower"), (&half, &below, "upper")] {
        let verdict = check::enclosure(problem, lower, upper).err();
        let named = matches!(&verdict, Some(Refusal::Sign(_, bound, ..)) if *bound == failed);
        ledger.holds(named, || format!("false bounds: {verdict:?}"))?;
    }
    let solution = solve_direct(problem, &DirectOptions::default(), &mut |_| {})?;
    let verified = certify(problem, &solution, 8)?;
    let claim = verified
        .claim_about(problem)
        .ok_or_else(|| Failure::new("about another problem"))?;
    for ((lower, best), upper) in claim.lower.iter().zip(optimum).zip(&claim.upper) {
        ledger.holds(lower <= best && best <= upper, || {
            format!("{best} is outside [{lower}, {upper}]")
        })?;
    }
    Ok(())
}

/// The planted weights, tied in random pairs of hidden units, hidden by a random scaling of the groups; with the `Λ*`
/// of these. A sum of balanced units is balanced.
fn tied_pairs(rng: &mut ChaCha8Rng) -> Result<(Network<Rational>, Vec<Rational>), Failure> {
    loop {
        let (planted, _) = grounded(rng)?;
        let balanced = planted.network.with_weights(planted.balanced);
        let mut hidden = balanced.units_of(UnitKind::Hidden);
        (1..hidden.len()).for_each(|last| hidden.swap(last, rng.random_range(0..=last)));
        let ties = hidden.chunks_exact(2).map(<[usize]>::to_vec).collect();
        let units = (0..balanced.units()).map(|unit| balanced.unit(unit).clone());
        let synapses = (0..balanced.synapses()).map(|e| {
            let (from, to) = balanced.endpoints(e);
            (from, to, balanced.weight(e).clone())
        });
        let tied = Network::new(units.collect(), synapses.collect(), ties)?;
        // Groups without a synapse to others would be determined by nothing.
        if !CostGraph::of(&tied).is_grounded() {
            continue;
        }
        let optimum = many(tied.variables(), || positive(rng));
        let inverse: Vec<Rational> = optimum.iter().map(Rational::recip).collect();
        return Ok((tied.scaled(&inverse)?, optimum));
    }
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(74);
    let mixtures: [Regularizer; 2] = ["mix:1*1+2*3".parse()?, "mix:3*2+1/2*4".parse()?];
    for case in 0..16 {
        // Under a mixture the variables are those of the weights, as under L_1, and so is their optimum.
        let (planted, optimum) = grounded(&mut rng)?;
        let mixture = &mixtures[case % 2];
        let rational = mixture.variable_power().is_one();
        ledger.holds(rational, || "not the multipliers of weights".into())?;
        encloses(ledger, &planted.network.problem(mixture), &optimum)?;
    }
    ledger.record(
        Kind::PropertyTest,
        "mixtures: 16 random planted networks under |w| + 2|w|³ and 3 w² + w⁴/2: true bounds accepted, among them μ* itself and \
         the solver's to 8 digits; bounds above and below μ* refused by the sign test of that side",
    )?;
    for case in 0..16 {
        let (network, optimum) = tied_pairs(&mut rng)?;
        let regularizer = [&Regularizer::l1(), &mixtures[0]][case % 2].clone();
        encloses(ledger, &network.problem(&regularizer), &optimum)?;
    }
    ledger.record(
        Kind::PropertyTest,
        "ties: the same for 16 networks with units tied in random pairs, planted balanced and hidden by a scaling of the groups, \
         under l1 and |w| + 2|w|³",
    )
}
