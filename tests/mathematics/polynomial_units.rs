//! Networks with BiPU units: planted balanced weights are found, and certificates hold.

use quickcheck::{Arbitrary, Gen, QuickCheck, TestResult};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::{Problem, Surveyed, check};
use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind};
use synaptic_balance::numbers::{Rational, Scalar, Wide, parse_rational, rational_power};
use synaptic_balance::solve::{
    DirectOptions, Distance, Existence, Options, StochasticOptions, UniformRandom, balance,
    balance_stochastic, certify, existence, judge, solve_direct,
};

const DEGREES: [&str; 5] = ["1", "2", "1/2", "3", "3/2"];

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn whole(number: i64) -> Rational {
    Rational::from_integer(number.into())
}

/// A recipe for a recurrent network of BiPU units; shrinks to fewer units.
#[derive(Debug, Clone)]
struct Recipe {
    seed: u64,
    hidden: usize,
    /// Synapses to and from visible units.
    grounded: bool,
}

impl Arbitrary for Recipe {
    fn arbitrary(g: &mut Gen) -> Self {
        Recipe {
            seed: u64::arbitrary(g),
            hidden: 1 + usize::arbitrary(g) % 5,
            grounded: u8::arbitrary(g) % 4 > 0,
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let smaller = (1..self.hidden).map(|hidden| Recipe {
            hidden,
            ..self.clone()
        });
        Box::new(smaller.collect::<Vec<_>>().into_iter())
    }
}

struct Planted {
    /// Balanced for `L_1` at multipliers 1, then scaled.
    network: Network<Rational>,
    /// What it was scaled by.
    hiding: Vec<Rational>,
}

impl Recipe {
    /// Weights from a circulation of a random architecture: at every unit `Σ y d = 0`, which is balance. `None` where
    /// the architecture has no circulation, so that no minimum exists.
    fn planted(&self) -> Option<Planted> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
        for index in 0..self.hidden {
            let activation = Activation::BiPu {
                degree: q(DEGREES[rng.random_range(0..DEGREES.len())]),
                above: q("1"),
                below: q("1/2"),
            };
            units.push(Unit::new(format!("h{index}"), UnitKind::Hidden, activation));
        }
        units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
        let mut synapses = Vec::new();
        for from in 0..=self.hidden {
            for to in 1..units.len() {
                let visible = from == 0 || to > self.hidden;
                if (self.grounded || !visible) && rng.random_bool(0.7) {
                    synapses.push((from, to, q("1")));
                }
            }
        }
        let network = Network::new(units, synapses, vec![]).unwrap();
        let problem = network.problem(&Regularizer::l1());
        let Existence::Attained(circulation) = existence(&problem).ok()? else {
            return None;
        };
        let flows = circulation
            .claim_about(&problem)
            .unwrap()
            .circulation
            .iter();
        let weights = flows.zip(problem.synapses()).map(|(flow, synapse)| {
            let size = if synapse.is_active() {
                flow.clone()
            } else {
                q("5")
            };
            if rng.random_bool(0.5) { size } else { -size }
        });
        let balanced = network.with_weights(weights.collect());
        let hiding: Vec<Rational> = (0..self.hidden)
            .map(|_| {
                let root = whole(rng.random_range(1..6)) / whole(rng.random_range(1..6));
                &root * &root
            })
            .collect();
        let network = balanced.scaled(&hiding).unwrap();
        Some(Planted { network, hiding })
    }
}

/// `μ*` of the scaled network with floating components normalised; `None` where that is irrational.
fn optimum(problem: &Problem, hiding: &[Rational]) -> Vec<Option<Rational>> {
    let scaling = problem.common_scaling().unwrap().into_iter().zip(hiding);
    let values = scaling.map(|(scaling, hidden_by)| match scaling {
        None => Some(hidden_by.recip()),
        Some((first, exponent)) => Some(rational_power(&hiding[first], &exponent)? / hidden_by),
    });
    values.collect()
}

fn close(found: Wide, expected: &Rational) -> bool {
    found
        .relative_difference(Wide::from_rational(expected))
        .abs()
        < 1e-8
}

fn holds(recipe: &Recipe) -> Result<(), String> {
    let Some(Planted { network, hiding }) = recipe.planted() else {
        return Err(String::new());
    };
    let problem = network.problem(&Regularizer::l1());
    let options = DirectOptions {
        tolerance: 1e-13,
        ..DirectOptions::default()
    };
    let direct =
        solve_direct(&problem, &options, &mut |_| {}).map_err(|e| format!("direct: {e}"))?;
    let stochastic = StochasticOptions {
        tolerance: 1e-12,
        max_passes: 1_000_000,
        ..StochasticOptions::default()
    };
    let mut schedule = UniformRandom(ChaCha8Rng::seed_from_u64(recipe.seed));
    let stochastic = balance_stochastic(&problem, &mut schedule, &stochastic, &mut |_| {})
        .map_err(|e| format!("stochastic: {e}"))?;
    let enclosure = certify(&problem, &direct, 20).map_err(|e| format!("certificate: {e}"))?;
    let (lower, upper) = (
        &enclosure.claim_about(&problem).unwrap().lower,
        &enclosure.claim_about(&problem).unwrap().upper,
    );
    for (variable, optimum) in optimum(&problem, &hiding).into_iter().enumerate() {
        let Some(optimum) = optimum else { continue };
        let fault = |what: &str| format!("{what} of variable {variable}, planted {optimum}");
        if !(lower[variable] <= optimum && optimum <= upper[variable]) {
            return Err(fault("the enclosure"));
        }
        if !close(direct.multipliers[variable], &optimum) {
            return Err(fault("the direct solution"));
        }
        if !close(stochastic.solution.multipliers[variable], &optimum) {
            return Err(fault("the stochastic solution"));
        }
        if problem.free().unwrap()[variable] {
            let mut beyond = lower.clone();
            beyond[variable] = &upper[variable] * q("101/100");
            let mut wide = upper.clone();
            wide[variable] = &upper[variable] * q("2");
            if check::enclosure(&problem, &beyond, &wide).is_ok() {
                return Err(fault("a false lower bound"));
            }
            let mut short = upper.clone();
            short[variable] = &lower[variable] * q("99/100");
            let mut low = lower.clone();
            low[variable] = &lower[variable] / q("2");
            if check::enclosure(&problem, &low, &short).is_ok() {
                return Err(fault("a false upper bound"));
            }
        }
    }
    Ok(())
}

/// Checks: Theorem 5.1 and the comparison principle for BiPU units of positive degree (ours), on recurrent networks,
/// some of them away from the ground: the direct and the stochastic method find the planted weights, the enclosure
/// holds them, and bounds that leave them out are refused.
#[test]
fn planted_weights_are_found_and_enclosed() {
    fn property(recipe: Recipe) -> TestResult {
        match holds(&recipe) {
            Ok(()) => TestResult::passed(),
            Err(fault) if fault.is_empty() => TestResult::discard(),
            Err(fault) => TestResult::error(format!("{recipe:?}: {fault}")),
        }
    }
    let tests = if crate::in_full() { 200 } else { 50 };
    QuickCheck::new()
        .tests(tests)
        .max_tests(15 * tests)
        .min_tests_passed(tests)
        .quickcheck(property as fn(Recipe) -> TestResult);
}

/// Checks: Theorem 5.1 for BiPU units of degree `c`: the oracle's distance takes `Λ^c` where the theory does, so that a
/// right result is at the optimum, and the certified distance of a wrong one is that to the balanced weights.
#[test]
fn distances_follow_the_degree() {
    for degree in DEGREES {
        let activation = Activation::BiPu {
            degree: q(degree),
            above: q("1"),
            below: q("0"),
        };
        let units = vec![
            Unit::new("x", UnitKind::Input, Activation::Linear),
            Unit::new("a", UnitKind::Hidden, activation),
            Unit::new("y", UnitKind::Output, Activation::Linear),
        ];
        let synapses = vec![(0, 1, q("3")), (1, 2, q("5"))];
        let before = Network::new(units, synapses, vec![]).unwrap();
        let result = balance(
            &before,
            &Regularizer::l2(),
            &Options::default(),
            &mut |_, _| {},
        );
        let best = result.unwrap().weights(&before).unwrap().unwrap();
        let exact = best.iter().map(|w| w.to_rational().unwrap()).collect();
        let distance = |after: &Network<Rational>| {
            let judgement = judge(&before, after, &Regularizer::l2(), 1e-6).unwrap();
            let Distance::Certified(distance) = judgement.distance else {
                panic!("degree {degree}: {:?}", judgement.distance);
            };
            distance
        };
        assert!(
            distance(&before.with_weights(exact)) < 1e-12,
            "degree {degree}"
        );
        let farthest = (3.0 / best[0] - 1.0).abs().max((5.0 / best[1] - 1.0).abs());
        let found = distance(&before);
        assert!(
            (found - farthest).abs() < 1e-12,
            "degree {degree}: {found} {farthest}"
        );
    }
}
