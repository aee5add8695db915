//! Balancing with every multiplier of weights between `1/S` and `S`.

use num_traits::One;
use serde_json::{Map, Value, json};

use super::VectorError;
use super::case::{Cases, Note, multipliers, numbers, with_flags};
use super::known;
use super::number::Number;
use super::truth::{self, Optimum};
use crate::kernel::{Problem, Synapse};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, parse_rational, rational_power};
use crate::solve::balance_within;

/// Of the proposal from which it is seen which multipliers lie at a bound.
const TOLERANCE: f64 = 1e-12;

impl Cases {
    /// `balance_within`: the optimum among multipliers within the bound, whose weights are known where `weights` are
    /// given.
    pub fn within(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        regularizer: &str,
        bound: &str,
        weights: &[&str],
    ) -> Result<(), VectorError> {
        let parsed = self.regularizer(regularizer)?;
        let expected = answer(network, &parsed, bound, weights);
        let (expected, found) = expected.map_err(|reason| self.fault(reason))?;
        let mut note = with_flags(note, network, &parsed, &found, &expected);
        if expected["at_bound"] != json!({}) {
            note = note.flag("at_bound");
        }
        let inputs = vec![
            ("network", self.document(network)?),
            ("regularizer", regularizer.into()),
            ("max_scaling", bound.into()),
        ];
        self.push(note, "balance_within", inputs, expected);
        Ok(())
    }
}

/// Which multipliers lie at a bound is proposed in floats; that they lie there rightly is verified: at its upper bound
/// `A < B`, at its lower bound `A > B`, and the others are the optimum with those fixed. Of a convex problem that is a
/// proof.
fn answer(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    bound: &str,
    known: &[&str],
) -> Result<(Value, Optimum), String> {
    let problem = network.problem(regularizer);
    let power = regularizer.variable_power();
    let bound = parse_rational(bound).map_err(|fault| fault.to_string())?;
    let upper = rational_power(&bound, &power).ok_or("the bound of costs is irrational")?;
    let lower = upper.recip();
    let proposed = balance_within(&problem, &power, &bound, TOLERANCE, true, &mut |_| {});
    let proposed = proposed.map_err(|fault| fault.to_string())?;
    let fixed = |variable: usize| {
        let is_held = proposed.at_bound.contains(&variable);
        let is_above = proposed.multipliers[variable].ln() > 0.0;
        is_held.then(|| {
            if is_above {
                upper.clone()
            } else {
                lower.clone()
            }
        })
    };
    let fixed: Vec<Option<Rational>> = (0..problem.variables()).map(fixed).collect();
    let found = truth::optimum(&with_fixed(&problem, &fixed)?)?;
    if found.direction.is_some() || found.floating.iter().any(Option::is_some) {
        return Err("the free multipliers are not determined".into());
    }
    let mut free = found.multipliers.into_iter();
    let all = fixed.iter().map(|fixed| match fixed {
        Some(value) => Some(Number::Exact(value.clone())),
        None => free.next(),
    });
    let mut at = truth::identity(&problem);
    at.multipliers = all
        .collect::<Option<_>>()
        .ok_or("a multiplier is missing")?;
    let sides = held_sides(&problem, &at, &fixed, (&lower, &upper))?;
    let weights = truth::weights_after(network, regularizer, &at)?;
    if !known.is_empty() {
        known::agree(&weights, known)?;
    }
    let before = truth::regularizer(&problem, &truth::identity(&problem))?;
    let expected = json!({
        "status": "within_bound", "mu": multipliers(network, &at.multipliers)?, "weights": numbers(&weights)?,
        "regularizer_before": before.json(), "regularizer_after": truth::regularizer(&problem, &at)?.json(),
        "at_bound": by_side(network, &sides),
    });
    Ok((expected, at))
}

/// For each variable that a bound holds, whether it is the upper one; verified of all.
fn held_sides(
    problem: &Problem,
    at: &Optimum,
    fixed: &[Option<Rational>],
    (lower, upper): (&Rational, &Rational),
) -> Result<Vec<Option<bool>>, String> {
    let mut sides = Vec::with_capacity(fixed.len());
    for (variable, fixed) in fixed.iter().enumerate() {
        let value = &at.multipliers[variable];
        if fixed.is_none() {
            // That `A = B` there was verified with the optimum.
            if value.lower() < lower || value.upper() > upper {
                return Err("a multiplier passes a bound".into());
            }
            sides.push(None);
            continue;
        }
        let (input, output) = truth::sides_at(problem, variable, &at.multipliers)?;
        let (would_rise, would_fall) = (
            input.upper() < output.lower() && value.exact() == Some(upper),
            input.lower() > output.upper() && value.exact() == Some(lower),
        );
        if !(would_rise || would_fall) {
            return Err("a multiplier is kept at a bound that does not hold it".into());
        }
        sides.push(Some(would_rise));
    }
    Ok(sides)
}

/// `upper` or `lower` for each unit at a bound; that of an inverse multiplier is the other one.
fn by_side(network: &Network<Rational>, sides: &[Option<bool>]) -> Value {
    let mut units = Map::new();
    for unit in 0..network.units() {
        let side = network.variable(unit).and_then(|v| sides[v]);
        let Some(is_upper) = side else { continue };
        let side = match is_upper == network.exponent(unit).is_one() {
            true => "upper",
            false => "lower",
        };
        units.insert(network.unit(unit).id.clone(), side.into());
    }
    units.into()
}

/// The problem of the variables that are not fixed.
fn with_fixed(problem: &Problem, fixed: &[Option<Rational>]) -> Result<Problem, String> {
    let mut places = Vec::with_capacity(fixed.len());
    let mut count = 0;
    for value in fixed {
        places.push(count);
        count += usize::from(value.is_none());
    }
    let synapse = |synapse: &Synapse| {
        let mut rest = Synapse {
            direction: Vec::new(),
            costs: synapse.costs.clone(),
        };
        for (variable, exponent) in &synapse.direction {
            let Some(value) = &fixed[*variable] else {
                rest.direction.push((places[*variable], exponent.clone()));
                continue;
            };
            for cost in &mut rest.costs {
                cost.coefficient *= rational_power(value, &(exponent * &cost.exponent))?;
            }
        }
        Some(rest)
    };
    let synapses = problem
        .synapses()
        .iter()
        .map(synapse)
        .collect::<Option<_>>();
    let synapses = synapses.ok_or("a cost at a bound is irrational")?;
    Problem::new(count, synapses).map_err(|fault| fault.to_string())
}
