//! The main job on random networks: stochastic, direct and planted solutions agree, and certificates hold.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::check;
use synaptic_balance::network::{
    Network, PlantedNetwork, Regularizer, Shape, chain, planted, random_acyclic, random_recurrent,
    random_weight,
};
use synaptic_balance::numbers::{Rational, Scalar, parse_rational};
use synaptic_balance::solve::{
    DirectOptions, Existence, Method, Options, Outcome, StochasticOptions, UniformRandom, balance,
    balance_stochastic, existence_by_components, existence_by_linear_program, solve_direct,
};

/// A recipe for a random network; shrinks to fewer units and to simpler kinds.
#[derive(Debug, Clone)]
struct Recipe {
    seed: u64,
    inputs: usize,
    hidden: usize,
    outputs: usize,
    kind: Kind,
    dead: bool,
    power: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Chain,
    Acyclic,
    Recurrent,
}

const POWERS: [&str; 4] = ["1/2", "1", "2", "3"];

impl Recipe {
    fn shape(&self) -> Shape {
        Shape {
            inputs: self.inputs,
            hidden: self.hidden,
            outputs: self.outputs,
        }
    }

    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }

    fn regularizer(&self) -> Regularizer {
        Regularizer::lp(parse_rational(POWERS[self.power]).unwrap()).unwrap()
    }

    fn random_network(&self) -> Network<Rational> {
        let density = if self.dead { 0.2 } else { 0.6 };
        let mut rng = self.rng();
        match self.kind {
            Kind::Chain => chain(
                &(0..=self.hidden)
                    .map(|_| random_weight(&mut rng))
                    .collect::<Vec<_>>(),
            ),
            Kind::Acyclic => random_acyclic(self.shape(), density, &mut rng),
            Kind::Recurrent => random_recurrent(self.shape(), density, &mut rng),
        }
    }

    /// A network with known balanced weights.
    fn planted_network(&self) -> PlantedNetwork {
        let mut rng = self.rng();
        match self.kind {
            Kind::Chain => {
                let magnitude = random_weight(&mut rng);
                let signed = |k: usize| {
                    if k.is_multiple_of(2) {
                        magnitude.clone()
                    } else {
                        -magnitude.clone()
                    }
                };
                let balanced: Vec<Rational> = (0..=self.hidden).map(signed).collect();
                let hiding = (0..self.hidden).map(|_| random_weight(&mut rng).magnitude());
                let network = chain(&balanced)
                    .scaled(&hiding.collect::<Vec<_>>())
                    .unwrap();
                PlantedNetwork {
                    network,
                    balanced,
                    vanishing: vec![],
                }
            }
            kind => planted(self.shape(), kind == Kind::Recurrent, self.dead, &mut rng),
        }
    }
}

impl Arbitrary for Recipe {
    fn arbitrary(g: &mut Gen) -> Self {
        Recipe {
            seed: u64::arbitrary(g),
            inputs: 1 + usize::arbitrary(g) % 3,
            hidden: 1 + usize::arbitrary(g) % 7,
            outputs: 1 + usize::arbitrary(g) % 3,
            kind: *g
                .choose(&[Kind::Chain, Kind::Acyclic, Kind::Recurrent])
                .unwrap(),
            dead: bool::arbitrary(g),
            power: usize::arbitrary(g) % POWERS.len(),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let base = self.clone();
        let mut smaller = Vec::new();
        if base.hidden > 1 {
            smaller.push(Recipe {
                hidden: base.hidden - 1,
                ..base.clone()
            });
        }
        if base.inputs > 1 {
            smaller.push(Recipe {
                inputs: 1,
                ..base.clone()
            });
        }
        if base.outputs > 1 {
            smaller.push(Recipe {
                outputs: 1,
                ..base.clone()
            });
        }
        if base.kind != Kind::Chain {
            smaller.push(Recipe {
                kind: Kind::Chain,
                ..base.clone()
            });
        }
        if base.kind == Kind::Recurrent {
            smaller.push(Recipe {
                kind: Kind::Acyclic,
                ..base.clone()
            });
        }
        if base.dead {
            smaller.push(Recipe {
                dead: false,
                ..base.clone()
            });
        }
        Box::new(smaller.into_iter())
    }
}

/// Runs a property on random recipes; a failure prints the smallest recipe, its seed included.
/// An eighth of them where tests sample.
fn check_all(count: u64, property: fn(Recipe) -> Result<(), String>) {
    let count = if crate::in_full() { count } else { count / 8 };
    QuickCheck::new()
        .tests(count)
        .max_tests(count)
        .min_tests_passed(count)
        .quickcheck(property);
}

/// Deficits are brought to the edge of `f64`, since a slowly mixing network multiplies what is left of them, and the
/// stochastic algorithm is given the passes that such a network takes.
fn thorough(recipe: &Recipe) -> Options {
    Options {
        limit: true,
        certify: Some(12),
        seed: recipe.seed,
        tolerance: 1e-14,
        max_passes: 20_000_000,
        ..Options::default()
    }
}

fn ensure(holds: bool, fault: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(fault()) }
}

/// Checks: Theorem 5.1 and the comparison principle. On 1,000 planted networks the direct solution, the stochastic
/// one and the planted weights agree to 1e-9, the kernel accepts the certificate, and refuses it once any one bound is
/// moved to the wrong side of the optimum.
#[test]
fn planted_networks_are_recovered_and_certified() {
    check_all(1_000, |recipe| {
        let planted = recipe.planted_network();
        let regularizer = recipe.regularizer();
        let options = thorough(&recipe);
        let result = balance(&planted.network, &regularizer, &options, &mut |_, _| {})
            .map_err(|failure| failure.to_string())?;
        let expected = if recipe.dead && recipe.kind != Kind::Chain {
            Outcome::Limit
        } else {
            Outcome::Balanced
        };
        ensure(result.outcome == expected, || {
            format!("{:?} instead of {expected:?}", result.outcome)
        })?;
        ensure(result.existence.vanishing() == planted.vanishing, || {
            "wrong synapses vanish".into()
        })?;
        let weights = result.weights(&planted.network).unwrap().unwrap();
        let error = planted.error(&weights);
        ensure(error < 1e-9, || {
            format!("direct and planted differ by {error:e}")
        })?;
        let cross = result.cross_check.clone().unwrap();
        let difference = cross
            .max_relative_difference
            .map_err(|failure| failure.to_string())?;
        ensure(difference < 1e-9, || {
            format!("stochastic and direct differ by {difference:e}")
        })?;
        let enclosed = result.bounds().ok_or("no verified bounds")?;
        corrupt_each_bound(&planted.network, &regularizer, &result, &enclosed)
    });
}

fn corrupt_each_bound(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    result: &synaptic_balance::solve::Balance,
    enclosed: &synaptic_balance::kernel::Enclosed,
) -> Result<(), String> {
    let problem = network.problem(regularizer);
    let verify = |lower: &[Rational], upper: &[Rational]| match &result.existence {
        Existence::Attained(_) => check::enclosure(&problem, lower, upper).is_ok(),
        Existence::NotAttained(claim) => check::limit_enclosure(
            &problem,
            &claim.claim_about(&problem).unwrap().direction,
            lower,
            upper,
        )
        .is_ok(),
    };
    let half = parse_rational("1/2").unwrap();
    for variable in 0..problem.variables() {
        let (mut lower, mut upper) = (enclosed.lower.clone(), enclosed.upper.clone());
        // Both bounds above, then both below the one optimum: a claim that is false.
        lower[variable] = &upper[variable] + &half;
        upper[variable] = &lower[variable] + &half;
        ensure(!verify(&lower, &upper), || {
            format!("false bounds above accepted at {variable}")
        })?;
        let (mut lower, mut upper) = (enclosed.lower.clone(), enclosed.upper.clone());
        upper[variable] = &lower[variable] * &half;
        lower[variable] = &upper[variable] * &half;
        ensure(!verify(&lower, &upper), || {
            format!("false bounds below accepted at {variable}")
        })?;
    }
    Ok(())
}

/// Checks: the existence statement of Section 5 (ours). On 1,000 random networks, most of them with dead units,
/// strongly connected components and the two linear programs give the same verdict and the same vanishing synapses.
#[test]
fn components_and_linear_programs_agree_on_existence() {
    check_all(1_000, |recipe| {
        let problem = recipe.random_network().problem(&recipe.regularizer());
        let components =
            existence_by_components(&problem).map_err(|failure| failure.to_string())?;
        let program =
            existence_by_linear_program(&problem).map_err(|failure| failure.to_string())?;
        ensure(components.is_attained() == program.is_attained(), || {
            "different verdicts".into()
        })?;
        ensure(components.vanishing() == program.vanishing(), || {
            "different synapses vanish".into()
        })
    });
}

/// Checks: Theorem 5.1 on 1,000 random networks with random weights: wherever the minimum exists, three methods give
/// one set of weights, which a certificate encloses.
#[test]
fn methods_agree_on_random_networks() {
    check_all(1_000, |recipe| {
        let network = recipe
            .random_network()
            .tied_by_layer_if(recipe.seed % 4 == 0);
        let regularizer = recipe.regularizer();
        for method in [Method::Direct, Method::Sweep] {
            let options = Options {
                method,
                ..thorough(&recipe)
            };
            let result = balance(&network, &regularizer, &options, &mut |_, _| {})
                .map_err(|failure| failure.to_string())?;
            let bounds = result.bounds();
            let difference = result
                .cross_check
                .unwrap()
                .max_relative_difference
                .map_err(|failure| failure.to_string())?;
            ensure(difference < 1e-9, || {
                format!("{} differs by {difference:e}", method.name())
            })?;
            ensure(bounds.is_some(), || "no verified bounds".into())?;
        }
        Ok(())
    });
}

trait TiedIf {
    fn tied_by_layer_if(self, tied: bool) -> Self;
}

impl TiedIf for Network<Rational> {
    fn tied_by_layer_if(self, tied: bool) -> Self {
        if tied { self.tied_by_layer() } else { self }
    }
}

/// Checks: Theorem 5.1 with the schedule as the paper has it (units drawn uniformly) and Remark 5.7 (other orders).
#[test]
fn every_schedule_reaches_the_same_optimum() {
    use synaptic_balance::solve::{Cyclic, Given, Greedy, RandomPermutation, Schedule};
    let shape = Shape {
        inputs: 2,
        hidden: 6,
        outputs: 2,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let planted = planted(shape, true, false, &mut rng);
    let problem = planted.network.problem(&Regularizer::l2());
    let direct = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
    let seeded = || ChaCha8Rng::seed_from_u64(1);
    let backwards = (0..problem.variables()).rev().collect();
    let schedules: Vec<Box<dyn Schedule>> = vec![
        Box::new(UniformRandom(seeded())),
        Box::new(RandomPermutation::new(seeded())),
        Box::new(Cyclic::default()),
        Box::new(Greedy),
        Box::new(Given::new(backwards)),
    ];
    for mut schedule in schedules {
        for fraction in [1.0, 0.3] {
            let options = StochasticOptions {
                fraction,
                trace: true,
                ..StochasticOptions::default()
            };
            let run =
                balance_stochastic(&problem, schedule.as_mut(), &options, &mut |_| {}).unwrap();
            for (one, other) in run.solution.multipliers.iter().zip(&direct.multipliers) {
                assert!((one.ratio(*other) - 1.0).abs() < 1e-9);
            }
            let costs: Vec<_> = run.trace.iter().map(|step| step.regularizer).collect();
            assert!(
                costs
                    .windows(2)
                    .all(|pair| pair[1].ratio(pair[0]) < 1.0 + 1e-14)
            );
        }
    }
}
