//! Balancing by every method of the crate.

use num_traits::{One, Zero};
use serde_json::Value;
use synaptic_balance::kernel::{Problem, Surveyed, check};
use synaptic_balance::network::{BalanceError, Multiplier, Network, Penalty, Regularizer};
use synaptic_balance::numbers::{Rational, Wide, natural_log, rational_power, rational_to_f64};
use synaptic_balance::solve::{
    self, Balance, BalanceFailure, Balancing, Method, Options, Outcome, SolveError, balance_within,
};

use super::answers::{Answer, Answers, computed, exact, give, network, regularizer, sign, text};

fn wide(value: Wide) -> Answer {
    match value.is_zero() {
        true => Answer::Computed(0, f64::NEG_INFINITY),
        false => Answer::Computed(1, value.ln()),
    }
}

pub fn balance(case: &Value) -> Answers {
    let (network, regularizer) = (network(case), regularizer(case));
    let limit = case["operation"] == "limit";
    let mut answers = Answers::new();
    // Beyond comparison an energy certificate proves up to 15 digits.
    let is_plain = network.has_plain_ties() && network.products().is_empty();
    for (method, certify) in [
        (Method::Direct, Some(if is_plain { 20 } else { 12 })),
        (Method::Stochastic, None),
        (Method::TwoLevel, None),
        (Method::Exact, None),
    ] {
        let options = Options {
            method,
            certify,
            limit,
            seed: 3,
            ..Options::default()
        };
        let found = match solve::balance(&network, &regularizer, &options, &mut |_, _| {}) {
            // Mixtures, and degrees other than 1, have no block form.
            Err(BalanceFailure::Solve(SolveError::NotBlocks(_))) => continue,
            found => found.unwrap(),
        };
        let status = match found.outcome {
            Outcome::Balanced => "balanced",
            Outcome::Limit => "limit",
            Outcome::NotAttained => "not_attained",
            Outcome::WithinBound => unreachable!("no bound was asked for"),
        };
        text(&mut answers, "status", status);
        give(
            &mut answers,
            "regularizer_before",
            wide(found.regularizer_before),
        );
        for (index, synapse) in found.existence.vanishing().iter().enumerate() {
            give(
                &mut answers,
                format!("vanishing/{index}"),
                Answer::Index(*synapse as u64),
            );
        }
        if found.outcome != Outcome::NotAttained {
            solution(&network, &regularizer, &found, &mut answers);
        } else if let Ok(limit) = solve::balance(
            &network,
            &regularizer,
            &Options {
                limit: true,
                ..options
            },
            &mut |_, _| {},
        ) {
            give(
                &mut answers,
                "infimum",
                wide(limit.regularizer_after.unwrap()),
            );
        }
    }
    answers
}

fn solution(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    found: &Balance,
    answers: &mut Answers,
) {
    give(
        answers,
        "regularizer_after",
        wide(found.regularizer_after.unwrap()),
    );
    let problem = network.problem(regularizer);
    let rest = problem.without(found.existence.vanishing());
    // Of synapses of three variables none is left free in these cases.
    let scaling = rest.common_scaling();
    let scaling = scaling.unwrap_or_else(|_| vec![None; rest.variables()]);
    let logs: Vec<f64> = found
        .solution
        .as_ref()
        .unwrap()
        .multipliers
        .iter()
        .map(|mu| mu.ln())
        .collect();
    // Where only ratios are determined, the first of a set is fixed at 1.
    let normalised = |variable: usize| match &scaling[variable] {
        Some((first, exponent)) => logs[variable] - rational_to_f64(exponent) * logs[*first],
        None => logs[variable],
    };
    for unit in 0..network.units() {
        let Some(variable) = network.variable(unit) else {
            continue;
        };
        let place = format!("mu/{}", network.unit(unit).id);
        let exponent = network.exponent(unit);
        let own = rational_to_f64(&exponent) * normalised(variable);
        give(answers, place.clone(), Answer::Computed(1, own));
        if let Some(verified) = &found.exact {
            let value = &verified.claim_about(&problem).unwrap().multipliers[variable];
            if let Some(value) = rational_power(value, &exponent) {
                give(answers, place.clone(), Answer::Exact(value));
            }
        }
        let bounds = found
            .bounds()
            .map(|claim| (claim.lower[variable].clone(), claim.upper[variable].clone()));
        if let Some((low, high)) = bounds {
            let ends = [low, high].map(|end| rational_power(&end, &exponent));
            if let [Some(one), Some(other)] = ends {
                let (low, high) = if one <= other {
                    (one, other)
                } else {
                    (other, one)
                };
                give(answers, place, Answer::Between(low, high));
            }
        }
    }
    let power = rational_to_f64(&regularizer.variable_power());
    for synapse in 0..network.synapses() {
        let weight = network.weight(synapse);
        let answer = match found.existence.vanishing().contains(&synapse) {
            true => computed(&Rational::zero()),
            false => moved(network, synapse, weight, |variable| logs[variable] / power),
        };
        give(answers, format!("weights/{synapse}"), answer);
    }
    undetermined(network, &rest, answers);
}

/// Balancing within a bound, by Newton steps and by clamped steps alone.
pub fn within(case: &Value) -> Answers {
    let (network, regularizer) = (network(case), regularizer(case));
    let problem = network.problem(&regularizer);
    let bound = exact(case["max_scaling"].as_str().unwrap());
    let power = regularizer.variable_power();
    let mut answers = Answers::new();
    text(&mut answers, "status", "within_bound");
    let total = |answers: &[Answer]| {
        let costs = answers.iter().map(|answer| match answer {
            Answer::Computed(sign, log) if *sign != 0 => regularizer.cost(log.exp()),
            _ => 0.0,
        });
        let sum: f64 = costs.sum();
        Answer::Computed(i32::from(sum > 0.0), sum.ln())
    };
    let before: Vec<Answer> = network.weights().iter().map(computed).collect();
    give(&mut answers, "regularizer_before", total(&before));
    for newton in [true, false] {
        let found = balance_within(&problem, &power, &bound, 1e-12, newton, &mut |_| {}).unwrap();
        let logs: Vec<f64> = found.multipliers.iter().map(|mu| mu.ln()).collect();
        for unit in 0..network.units() {
            let Some(variable) = network.variable(unit) else {
                continue;
            };
            let (id, exponent) = (
                &network.unit(unit).id,
                rational_to_f64(&network.exponent(unit)),
            );
            let log = exponent * logs[variable];
            give(&mut answers, format!("mu/{id}"), Answer::Computed(1, log));
            if found.at_bound.contains(&variable) {
                // With S = 1 both bounds are where the multiplier was.
                let (input, output) = Balancing::new(&problem).sides(variable);
                let rises = logs[variable] > 0.0 || logs[variable] == 0.0 && output > input;
                let is_upper = rises == (exponent > 0.0);
                let side = if is_upper { "upper" } else { "lower" };
                text(&mut answers, &format!("at_bound/{id}"), side);
            }
        }
        let root = rational_to_f64(&power);
        let weights = network.weights().into_iter().enumerate();
        let after: Vec<Answer> = weights
            .map(|(synapse, weight)| moved(&network, synapse, &weight, |v| logs[v] / root))
            .collect();
        give(&mut answers, "regularizer_after", total(&after));
        for (synapse, answer) in after.into_iter().enumerate() {
            give(&mut answers, format!("weights/{synapse}"), answer);
        }
    }
    answers
}

fn moved(
    network: &Network<Rational>,
    synapse: usize,
    weight: &Rational,
    log: impl Fn(usize) -> f64,
) -> Answer {
    let terms = network.direction(synapse).into_iter();
    let shift: f64 = terms
        .map(|(variable, exponent)| rational_to_f64(&exponent) * log(variable))
        .sum();
    Answer::Computed(sign(weight), natural_log(weight) + shift)
}

fn undetermined(network: &Network<Rational>, problem: &Problem, answers: &mut Answers) {
    let floating = problem.floating().unwrap_or_default();
    let mut firsts: Vec<usize> = floating.iter().flatten().copied().collect();
    firsts.sort_unstable();
    firsts.dedup();
    for (index, first) in firsts.into_iter().enumerate() {
        let of_set = |unit: &usize| {
            network
                .variable(*unit)
                .is_some_and(|v| floating[v] == Some(first))
        };
        for (place, unit) in (0..network.units()).filter(of_set).enumerate() {
            text(
                answers,
                &format!("undetermined/{index}/{place}"),
                network.unit(unit).id.clone(),
            );
        }
    }
}

/// Sum of `|w|^p` of the synapses into or out of a unit, self-connections aside.
fn cost(
    network: &Network<Rational>,
    unit: usize,
    regularizer: &Regularizer,
    into: bool,
) -> Rational {
    let [(factor, power)] = &regularizer.terms()[..] else {
        panic!("one power")
    };
    let synapses = (0..network.synapses()).filter(|synapse| {
        let (from, to) = network.endpoints(*synapse);
        from != to && (if into { to } else { from }) == unit
    });
    let costs = synapses.map(|s| {
        factor * rational_power(&num_traits::Signed::abs(network.weight(s)), power).unwrap()
    });
    costs.sum()
}

pub fn units(case: &Value) -> Answers {
    let (mut network, regularizer) = (network(case), regularizer(case));
    let mut answers = Answers::new();
    for (index, id) in case["units"].as_array().unwrap().iter().enumerate() {
        let id = id.as_str().unwrap();
        let unit = network.find(id).unwrap();
        let step = |field: &str| format!("steps/{index}/{field}");
        let (input, output, lambda) = match network.balance_unit(unit, &regularizer) {
            Ok(found) => (found.input_cost, found.output_cost, found.multiplier),
            Err(BalanceError::NoCost(_)) => (
                Some(Rational::zero()),
                Some(Rational::zero()),
                Multiplier::Rational(Rational::one()),
            ),
            Err(fault) => {
                let refused = matches!(fault, BalanceError::NotScalable(_));
                text(
                    &mut answers,
                    "status",
                    if refused { "refused" } else { "not_attained" },
                );
                text(&mut answers, "error", "not_scalable");
                text(&mut answers, "unit", id);
                give(
                    &mut answers,
                    "input_cost",
                    Answer::Exact(cost(&network, unit, &regularizer, true)),
                );
                give(
                    &mut answers,
                    "output_cost",
                    Answer::Exact(cost(&network, unit, &regularizer, false)),
                );
                return answers;
            }
        };
        text(&mut answers, &step("unit"), id);
        give(
            &mut answers,
            step("input_cost"),
            Answer::Exact(input.unwrap()),
        );
        give(
            &mut answers,
            step("output_cost"),
            Answer::Exact(output.unwrap()),
        );
        let log = match &lambda {
            Multiplier::Rational(value) => natural_log(value),
            Multiplier::Irrational { ratio, degree } => {
                natural_log(ratio) / rational_to_f64(degree)
            }
            Multiplier::Enclosed { lower, .. } => natural_log(lower),
        };
        let answer = match lambda.clone() {
            Multiplier::Rational(value) => Answer::Exact(value),
            Multiplier::Irrational { .. } => Answer::Computed(1, log),
            Multiplier::Enclosed { lower, upper } => Answer::Between(lower, upper),
        };
        give(&mut answers, step("lambda"), answer);
        let variable = network.variable(unit).unwrap();
        answers.retain(|place, _| !place.starts_with("weights") && place != "regularizer_after");
        let mut total = 0.0;
        for synapse in 0..network.synapses() {
            let answer = moved(&network, synapse, network.weight(synapse), |v| {
                if v == variable { log } else { 0.0 }
            });
            if let Answer::Computed(_, size) = answer {
                total += regularizer.cost(size.exp());
            }
            give(&mut answers, format!("weights/{synapse}"), answer);
        }
        give(
            &mut answers,
            "regularizer_after",
            Answer::Computed(i32::from(total > 0.0), total.ln()),
        );
        if let Multiplier::Rational(value) = lambda {
            let mut multipliers = vec![Rational::one(); network.variables()];
            multipliers[variable] = value;
            network = network.scaled(&multipliers).unwrap();
        }
    }
    text(&mut answers, "status", "balanced");
    answers
}

pub fn check_direction(case: &Value, direction: &Value) {
    let network = network(case);
    let mut values = vec![Rational::zero(); network.variables()];
    for (id, value) in direction.as_object().unwrap() {
        let unit = network.find(id).unwrap();
        let variable = network.variable(unit).unwrap();
        values[variable] = exact(value.as_str().unwrap()) / network.exponent(unit);
    }
    let problem = network.problem(&regularizer(case));
    let verified = check::not_attained(&problem, &values).unwrap();
    let vanishing: Vec<Value> = verified
        .claim_about(&problem)
        .unwrap()
        .vanishing
        .iter()
        .map(|s| Value::from(*s))
        .collect();
    assert_eq!(
        case["expected"]["vanishing"],
        Value::from(vanishing),
        "{}",
        case["id"]
    );
}
