//! Costs of any exponents: products, inverse ties. Balancing, the comparison principle, the double cover.

use num_traits::{One, Zero};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, ratio};
use synaptic_balance_core::kernel::{Cost, Priced, Problem, Refusal, Synapse, check};
use synaptic_balance_core::network::{Shape, Values, random_general};
use synaptic_balance_core::numbers::{Rational, Wide, rational_to_f64, sum};
use synaptic_balance_core::solve::{
    Balancing, Cyclic, DirectOptions, Given, RandomPermutation, Schedule, StochasticOptions,
    balance_stochastic, double_cover, existence, existence_by_linear_program, solve_direct,
};

/// A cost, and the exponents of all variables.
type Term<'a> = (i64, &'a [i64]);

/// Costs `c Π μ_v^a_v`, from `c` and the exponents of all variables.
fn costs(variables: usize, terms: &[Term]) -> Result<Problem, Failure> {
    let terms = terms.iter().map(|(cost, exponents)| {
        let direction = exponents.iter().map(|a| integer(*a)).enumerate();
        synapse(integer(*cost), direction.collect())
    });
    Ok(Problem::new(variables, terms.collect())?)
}

fn synapse(cost: Rational, mut direction: Vec<(usize, Rational)>) -> Synapse {
    direction.retain(|(_, exponent)| !exponent.is_zero());
    direction.sort_by_key(|(variable, _)| *variable);
    let costs = vec![Cost {
        coefficient: cost,
        base: Rational::one(),
        power: Rational::one(),
        exponent: Rational::one(),
    }];
    Synapse { direction, costs }
}

/// `R` at integer powers, exactly.
fn value(problem: &Problem, point: &[Rational]) -> Option<Rational> {
    let costs = problem.synapses().iter().map(|synapse| {
        let ratio = synapse.direction.iter().try_fold(
            Rational::one(),
            |product, (variable, exponent)| {
                let power =
                    synaptic_balance_core::numbers::rational_power(&point[*variable], exponent)?;
                Some(product * power)
            },
        )?;
        Some(synapse.costs.first()?.exact()? * ratio)
    });
    Some(sum(&costs.collect::<Option<Vec<_>>>()?))
}

pub(super) fn balance(ledger: &mut Ledger) -> Result<(), Failure> {
    instances(ledger)?;
    convexity(ledger)?;
    orders(ledger)
}

fn instances(ledger: &mut Ledger) -> Result<(), Failure> {
    // (B/A), its power, and the root: exponents ±1, ±3, 1 and -2, and mixed ones.
    let cases: [(&[Term], i64); 4] = [
        (&[(2, &[1]), (18, &[-1])], 3),
        (&[(1, &[3]), (64, &[-3])], 2),
        (&[(2, &[1]), (27, &[-2])], 3),
        (&[(1, &[2]), (3, &[1]), (2, &[-1]), (1, &[-3])], 1),
    ];
    for (terms, root) in cases {
        let problem = costs(1, terms)?;
        let balanced = check::balanced(&problem, &[integer(root)]);
        ledger.holds(balanced.is_ok(), || format!("{terms:?}: {balanced:?}"))?;
        let mut state = Balancing::new(&problem);
        let step = state.balancing_log(0)?.map_or(0.0, f64::exp);
        ledger.agree("one step", step, root as f64)?;
    }
    ledger.record(
        Kind::ExactInstance,
        "one variable is balanced by sqrt(B/A) for exponents ±1, \
         (B/A)^(1/2q) for ±q, (cB/A)^(1/(1+c)) for 1 and -c, and by the root of 2μ² + 3μ = 2/μ + 3/μ³ where there is no formula",
    )
}

const SHAPE: Shape = Shape::new(2, 8, 2);

/// A random network under `L_1`, without what vanishes in the limit.
fn random_problem(round: u64, rng: &mut ChaCha8Rng) -> Result<Problem, Failure> {
    let network = random_general(SHAPE, round % 3 == 2, Values::Any, rng);
    let problem = network.problem(&synaptic_balance_core::network::Regularizer::l1());
    let found = existence(&problem)?;
    Ok(problem.without(found.vanishing()))
}

/// `R(sqrt(μν)) <= (R(μ) + R(ν)) / 2`, exactly, for multipliers that are squares.
fn convexity(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(63);
    for round in 0..40 {
        let problem = random_problem(round, &mut rng)?;
        let mut roots = || many(problem.variables(), || positive(&mut rng).pow(4));
        let (one, two) = (roots(), roots());
        let square = |roots: &[Rational]| -> Vec<Rational> {
            roots.iter().map(|root| root * root).collect()
        };
        let middle: Vec<Rational> = one.iter().zip(&two).map(|(a, b)| a * b).collect();
        let at = |point: &[Rational]| {
            let found = value(&problem, point);
            found.ok_or_else(|| Failure::new("a cost is irrational"))
        };
        let (low, high) = (at(&middle)?, at(&square(&one))? + at(&square(&two))?);
        ledger.holds(low * integer(2) <= high, || format!("round {round}"))?;
    }
    ledger.record(
        Kind::PropertyTest,
        "40 random networks of products, powers and ties, L1: R at the geometric mean of two points is at most the mean of R there, \
         exactly",
    )
}

fn orders(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(64);
    for round in 0..30 {
        let problem = random_problem(round, &mut rng)?;
        let options = StochasticOptions {
            max_passes: 1_000_000,
            ..StochasticOptions::default()
        };
        let backwards = (0..problem.variables()).rev().collect();
        let mut schedules: [Box<dyn Schedule>; 3] = [
            Box::new(Cyclic::default()),
            Box::new(Given::new(backwards)),
            Box::new(RandomPermutation::new(generator(round))),
        ];
        let direct = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})?;
        let expected = weights(&problem, &direct.multipliers);
        for schedule in &mut schedules {
            let run = balance_stochastic(&problem, schedule.as_mut(), &options, &mut |_| {})?;
            let found = weights(&problem, &run.solution.multipliers);
            for (found, expected) in found.into_iter().zip(&expected) {
                ledger.agree(&format!("round {round}"), found, *expected)?;
            }
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "30 random networks of products, powers, ties and cycles: balancing one unit at a time in the order of the units, \
         backwards and in random order leads to the costs of the direct solution, to 1e-9",
    )
}

/// The ratios of all active synapses at multipliers.
fn weights(problem: &Problem, multipliers: &[Wide]) -> Vec<f64> {
    let active = problem.synapses().iter().filter(|one| one.is_active());
    let log = |synapse: &Synapse| -> f64 {
        let terms = synapse.direction.iter();
        terms
            .map(|(v, a)| multipliers[*v].ln() * rational_to_f64(a))
            .sum()
    };
    active.map(|synapse| log(synapse).exp()).collect()
}

/// `e^(x - y) + 16 e^(-x - y) + 2 e^y` in `(x, y)`.
fn odd() -> Result<Problem, Failure> {
    costs(2, &[(1, &[1, -1]), (16, &[-1, -1]), (2, &[0, 1])])
}

pub(super) fn odd_cycle(ledger: &mut Ledger) -> Result<(), Failure> {
    let problem = odd()?;
    let best = [integer(4), integer(2)];
    let balanced = check::balanced(&problem, &best);
    ledger.holds(balanced.is_ok(), || format!("(4, 2): {balanced:?}"))?;
    ledger.equal("the minimum", &value(&problem, &best), &Some(integer(8)))?;
    let point = [integer(1), ratio(29, 10)];
    // A and B of both, written out.
    let (x, y) = (&point[0], &point[1]);
    let rising = [x / y, integer(2) * y];
    let falling = [integer(16) / (x * y), x / y + integer(16) / (x * y)];
    for (variable, (input, output)) in rising.iter().zip(&falling).enumerate() {
        ledger.holds(input <= output, || format!("variable {variable}"))?;
    }
    ledger.holds(*y > best[1], || "the point lies below".into())?;
    let refused = check::enclosure(&problem, &point, &[integer(9), integer(9)]);
    let expected = Err(Refusal::RaisesBoth(1));
    ledger.holds(refused == expected, || format!("{refused:?}"))?;
    ledger.record(
        Kind::ExactCounterexample,
        "e^(x-y) + 16 e^(-x-y) + 2 e^y is least at μ = (4, 2), with value 8; at μ = (1, 2.9) A <= B at both variables, yet 2.9 > 2; \
         the kernel refuses to compare there",
    )?;
    // The same with the sign of one exponent changed is an ordinary problem.
    let even = costs(
        2,
        &[(1, &[1, -1]), (16, &[-1, 1]), (2, &[0, 1]), (2, &[0, -1])],
    )?;
    let enclosed = check::enclosure(
        &even,
        &[ratio(94, 25), ratio(19, 20)],
        &[ratio(106, 25), ratio(21, 20)],
    );
    ledger.holds(enclosed.is_ok(), || format!("{enclosed:?}"))?;
    ledger.record(
        Kind::ExactInstance,
        "e^(x-y) + 16 e^(y-x) + 2 e^y + 2 e^-y, least at (4, 1): bounds beside it are verified by comparison",
    )
}

pub(super) fn cover(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(65);
    let mut attained = 0;
    for round in 0..60 {
        let problem = random_pairs(&mut rng)?;
        let cover = double_cover(&problem).ok_or_else(|| Failure::new("no cover"))?;
        let (one, two) = (
            existence_by_linear_program(&problem)?,
            existence(&cover.problem)?,
        );
        let vanishing = two.vanishing().iter().map(|copy| copy / 2);
        let mut vanishing: Vec<usize> = vanishing.collect();
        vanishing.dedup();
        ledger.equal("what vanishes", &vanishing.as_slice(), &one.vanishing())?;
        ledger.equal(
            "both copies",
            &two.vanishing().len(),
            &(2 * vanishing.len()),
        )?;
        attained += usize::from(one.is_attained());
        let (rest, rest_of_cover) = (
            problem.without(one.vanishing()),
            cover.problem.without(two.vanishing()),
        );
        let (below, above) = (
            solve_direct(&rest, &DirectOptions::default(), &mut |_| {})?,
            solve_direct(&rest_of_cover, &DirectOptions::default(), &mut |_| {})?,
        );
        let half: Vec<Wide> = above
            .multipliers
            .chunks_exact(2)
            .map(|pair| (pair[0] / pair[1]).sqrt())
            .collect();
        let pairs = weights(&rest, &below.multipliers)
            .into_iter()
            .zip(weights(&rest, &half));
        for (own, covered) in pairs {
            ledger.agree(&format!("round {round}"), covered, own)?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "60 random problems of up to two variables a term, with exponents ±1 ({attained} attained): the cover, by components, and \
             the problem, by linear programs, lose the same terms, verified exactly; sqrt(v+/v-) gives the balanced costs to 1e-9"
        ),
    )
}

/// Two to five variables, each alone in a term or in none, and terms of two with any signs.
fn random_pairs(rng: &mut ChaCha8Rng) -> Result<Problem, Failure> {
    let variables = rng.random_range(2..=5usize);
    let mut terms = Vec::new();
    let sign = |rng: &mut ChaCha8Rng| integer(if rng.random() { 1 } else { -1 });
    for variable in 0..variables {
        if rng.random_bool(0.6) {
            terms.push(synapse(positive(rng), vec![(variable, sign(rng))]));
        }
    }
    for _ in 0..2 * variables {
        let one = rng.random_range(0..variables);
        let other = (one + rng.random_range(1..variables)) % variables;
        let direction = vec![(one, sign(rng)), (other, sign(rng))];
        terms.push(synapse(positive(rng), direction));
    }
    Ok(Problem::new(variables, terms)?)
}
