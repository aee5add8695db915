//! Stiemke's alternative as two linear programs: solved in floating point, rounded, verified exactly.

use good_lp::{
    Expression, ProblemVariables, Solution as _, SolverModel, Variable, microlp, variable,
};
use num_traits::Zero;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Existence, ExistenceError};
use crate::kernel::{Problem, check};
use crate::numbers::{Rational, rational_from_f64, rational_to_f64, simplest_between};

/// Decides existence by linear programming, independently of the graph and for any exponents: BiPU units, products.
/// Ours.
///
/// First a circulation, `y >= 1` on the active synapses with `Σ_e y_e d_ev = 0`; if none can be verified, a direction
/// `δ` with `d_e · δ <= -s_e`, `0 <= s_e <= 1`, of largest `Σ s`, which lowers every cost that any direction lowers.
/// The solver's own verdict is not believed: only the kernel's is.
///
/// # Errors
/// [`ExistenceError::Undecided`] if neither is verified. Its payload says what both attempts gave.
pub fn existence_by_linear_program(problem: &Problem) -> Result<Existence, ExistenceError> {
    let first = match circulation(problem) {
        Ok(flow) => match check::attained(problem, &flow) {
            Ok(claim) => return Ok(Existence::Attained(claim)),
            Err(refusal) => refusal.to_string(),
        },
        Err(failure) => failure,
    };
    let second = match direction(problem) {
        Ok(direction) => match check::not_attained(problem, &direction) {
            Ok(claim) => return Ok(Existence::NotAttained(claim)),
            Err(refusal) => refusal.to_string(),
        },
        Err(failure) => failure,
    };
    Err(ExistenceError::Undecided(format!(
        "circulation: {first}; direction: {second}"
    )))
}

fn circulation(problem: &Problem) -> Result<Vec<Rational>, String> {
    let mut program = ProblemVariables::new();
    let mut flows: Vec<Option<Variable>> = Vec::new();
    let mut balance = vec![Expression::default(); problem.variables()];
    let mut total = Expression::default();
    for synapse in problem.synapses() {
        if !synapse.is_active() {
            flows.push(None);
            continue;
        }
        let flow = program.add(variable().min(1.0));
        for (v, exponent) in &synapse.direction {
            balance[*v].add_mul(rational_to_f64(exponent), flow);
        }
        total.add_mul(1.0, flow);
        flows.push(Some(flow));
    }
    let mut model = program.minimise(total).using(microlp);
    for sum in balance {
        model.add_constraint(sum.eq(0.0));
    }
    let solution = solved(model)?;
    let round = |flow: Option<Variable>| match flow {
        Some(flow) => rounded(solution.value(flow)),
        None => Ok(Rational::zero()),
    };
    flows.into_iter().map(round).collect()
}

fn direction(problem: &Problem) -> Result<Vec<Rational>, String> {
    let mut program = ProblemVariables::new();
    let logs: Vec<Variable> = (0..problem.variables())
        .map(|_| program.add(variable()))
        .collect();
    let mut falls = Vec::new();
    let mut total = Expression::default();
    for synapse in problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active())
    {
        let fall = program.add(variable().min(0.0).max(1.0));
        let mut slope = Expression::from(fall);
        for (v, exponent) in &synapse.direction {
            slope.add_mul(rational_to_f64(exponent), logs[*v]);
        }
        total.add_mul(1.0, fall);
        falls.push(slope);
    }
    let mut model = program.maximise(total).using(microlp);
    for slope in falls {
        model.add_constraint(slope.leq(0.0));
    }
    let solution = solved(model)?;
    logs.into_iter()
        .map(|log| rounded(solution.value(log)))
        .collect()
}

/// The solver asserts that its own numbers stay finite; where they do not, it has no answer.
fn solved<M: SolverModel>(model: M) -> Result<M::Solution, String>
where
    M::Error: std::fmt::Display,
{
    let outcome = catch_unwind(AssertUnwindSafe(|| model.solve()));
    let outcome = outcome.map_err(|_| "the numbers of the linear program overflow".to_string())?;
    outcome.map_err(|failure| failure.to_string())
}

/// Half the width of the interval in which the simplest rational replaces a solver's value.
const ROUNDING: f64 = 1e-7;

fn rounded(value: f64) -> Result<Rational, String> {
    let width = ROUNDING * value.abs().max(1.0);
    let end = |end: f64| {
        rational_from_f64(end).ok_or_else(|| "the solver's value is not finite".to_string())
    };
    let (low, high) = (end(value - width)?, end(value + width)?);
    simplest_between(&low, &high).ok_or_else(|| "an empty interval".to_string())
}
