//! One unit, one scaling, one stochastic run, of networks as JSON.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use num_rational::BigRational as Rational;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use synaptic_balance::formats::{NetworkFile, Weight, read_network};
use synaptic_balance::network::{BalanceError, Multiplier, Network, Regularizer, UnitIndex};
use synaptic_balance::numbers::{
    parse_rational, rational_from_f64, rational_power, rational_to_f64,
};
use synaptic_balance::solve::{
    Balancing, Cyclic, Greedy, RandomPermutation, Schedule, StochasticOptions, UniformRandom,
    balance_stochastic,
};

fn wrong(fault: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(fault.to_string())
}

/// Nothing is wrong with the input, and there is no answer.
fn open(fault: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(fault.to_string())
}

fn parsed(network: &[u8], regularizer: &str) -> PyResult<(NetworkFile, Regularizer)> {
    let file = read_network(network).map_err(wrong)?;
    Ok((file, regularizer.parse().map_err(wrong)?))
}

fn found(network: &Network<Rational>, unit: &str) -> PyResult<UnitIndex> {
    let index = network.find(unit);
    index.ok_or_else(|| wrong(format!("there is no unit `{unit}`")))
}

fn exactly(file: &NetworkFile, network: &Network<Rational>) -> String {
    let weights = network.weights().into_iter();
    file.with_weights(&weights.map(Weight::Exact).collect::<Vec<_>>())
}

/// Balances units, each with those tied to it, in this order. Gives the network, its weights exact, and what each step
/// did: `unit`, `input_cost` and `output_cost` before it where they are rational, `multiplier` (of the first unit of a
/// tie with exponents), and whether that is `exact` or an `f64` near it, by which the network was scaled exactly all
/// the same.
#[pyfunction]
pub fn balance_units(
    py: Python<'_>,
    network: &[u8],
    regularizer: &str,
    units: Vec<String>,
) -> PyResult<(String, String)> {
    let (file, regularizer) = parsed(network, regularizer)?;
    let mut network = file.network.clone();
    let mut steps = Vec::new();
    for unit in units {
        let index = found(&network, &unit)?;
        let step = py.detach(|| step(&network, index, &regularizer));
        let (next, mut step) = step?;
        step["unit"] = unit.into();
        steps.push(step);
        network = next;
    }
    let steps = Value::from(steps).to_string();
    Ok((exactly(&file, &network), steps))
}

fn step(
    network: &Network<Rational>,
    unit: UnitIndex,
    regularizer: &Regularizer,
) -> PyResult<(Network<Rational>, Value)> {
    let balance = match network.balance_unit(unit, regularizer) {
        // Every multiplier balances it, 1 among them.
        Err(BalanceError::NoCost(_)) => {
            let none =
                json!({"input_cost": "0", "output_cost": "0", "multiplier": "1", "exact": true});
            return Ok((network.clone(), none));
        }
        Err(fault @ BalanceError::NotScalable(_)) => return Err(wrong(fault)),
        balance => balance.map_err(open)?,
    };
    let (multiplier, is_exact) = match &balance.multiplier {
        Multiplier::Rational(exact) => (exact.clone(), true),
        Multiplier::Irrational { ratio, degree } => {
            let log = synaptic_balance::numbers::natural_log(ratio) / rational_to_f64(degree);
            (positive(log.exp())?, false)
        }
        Multiplier::Enclosed { lower, upper } => {
            let middle = (lower + upper) / Rational::from_integer(2.into());
            (positive(rational_to_f64(&middle))?, false)
        }
    };
    let variable = network
        .variable(unit)
        .ok_or_else(|| wrong("it cannot be scaled"))?;
    let mut multipliers = vec![Rational::from_integer(1.into()); network.variables()];
    multipliers[variable] = multiplier.clone();
    let scaled = network.scaled(&multipliers).map_err(wrong)?;
    let text = |cost: &Option<Rational>| cost.as_ref().map(Rational::to_string);
    let told = json!({
        "input_cost": text(&balance.input_cost), "output_cost": text(&balance.output_cost),
        "multiplier": multiplier.to_string(), "exact": is_exact,
    });
    Ok((scaled, told))
}

fn positive(value: f64) -> PyResult<Rational> {
    let exact = rational_from_f64(value).filter(|_| value > 0.0);
    exact.ok_or_else(|| open("its multiplier is beyond the range of f64"))
}

/// Multiplies units, each with those tied to it, by exact numbers.
#[pyfunction]
pub fn scale(network: &[u8], multipliers: BTreeMap<String, String>) -> PyResult<String> {
    let file = read_network(network).map_err(wrong)?;
    let network = &file.network;
    let mut values: Vec<Option<Rational>> = vec![None; network.variables()];
    for (unit, text) in multipliers {
        let index = found(network, &unit)?;
        let value = parse_rational(&text).map_err(wrong)?;
        let variable = network.variable(index);
        let variable = variable.ok_or_else(|| wrong(format!("unit `{unit}` cannot be scaled")))?;
        let zero = Rational::from_integer(0.into());
        let own = match value > zero {
            true => rational_power(&value, &network.exponent(index).recip()),
            false => None,
        };
        let own = own.ok_or_else(|| wrong(format!("unit `{unit}` cannot be scaled by {value}")))?;
        if values[variable].as_ref().is_some_and(|other| *other != own) {
            let reason = format!("unit `{unit}`: another multiplier was given for its tie");
            return Err(wrong(reason));
        }
        values[variable] = Some(own);
    }
    let one = || Rational::from_integer(1.into());
    let values = values.into_iter().map(|value| value.unwrap_or_else(one));
    let scaled = network.scaled(&values.collect::<Vec<_>>());
    Ok(exactly(&file, &scaled.map_err(wrong)?))
}

/// Runs the paper's algorithm to a tolerance, or as many passes as it may take, and gives a document: `variables` by
/// name, `start` and for each step the `variable`, the logarithm `log` of the factor of its multiplier of weights, and
/// the `regularizer` after it, without costs that scaling does not change; `deficit` and `passes` at the end.
#[pyfunction]
pub fn trace(
    py: Python<'_>,
    network: &[u8],
    regularizer: &str,
    seed: u64,
    order: &str,
    end: (f64, usize),
) -> PyResult<String> {
    let (file, regularizer) = parsed(network, regularizer)?;
    let (tolerance, max_passes) = end;
    let network = &file.network;
    let mut schedule: Box<dyn Schedule + Send> = match order {
        "uniform" => Box::new(UniformRandom(ChaCha8Rng::seed_from_u64(seed))),
        "permutation" => Box::new(RandomPermutation::new(ChaCha8Rng::seed_from_u64(seed))),
        "cyclic" => Box::new(Cyclic::default()),
        "greedy" => Box::new(Greedy),
        _ => return Err(wrong("order: uniform, permutation, cyclic or greedy")),
    };
    let run = py.detach(|| {
        // Runs on this thread, so that Python is asked between two passes whether the user wants to stop.
        let mut ask = |_| {
            if let Err(exception) = Python::attach(|py| py.check_signals()) {
                resume_unwind(Box::new(exception));
            }
        };
        let problem = network.problem(&regularizer);
        let start = Balancing::new(&problem).regularizer();
        let options = StochasticOptions {
            tolerance,
            max_passes,
            trace: true,
            ..StochasticOptions::default()
        };
        let run = || balance_stochastic(&problem, schedule.as_mut(), &options, &mut ask);
        catch_unwind(AssertUnwindSafe(run)).map(|run| run.map(|run| (start, run)))
    });
    let run = run.map_err(|reason| match reason.downcast::<PyErr>() {
        Ok(exception) => *exception,
        Err(_) => open("a defect of the library: nothing was decided"),
    });
    let (start, run) = run?.map_err(open)?;
    let power = rational_to_f64(&regularizer.variable_power());
    let variables: Vec<String> = (0..network.variables())
        .map(|variable| network.variable_name(variable))
        .collect();
    let steps = run.trace.iter();
    let logs: Vec<f64> = steps.clone().map(|step| step.factor.ln() / power).collect();
    let values: Vec<f64> = steps
        .clone()
        .map(|step| step.regularizer.to_f64())
        .collect();
    let order: Vec<usize> = steps.map(|step| step.variable).collect();
    let document = json!({
        "variables": variables, "start": start.to_f64(), "variable": order, "log": logs, "regularizer": values,
        "deficit": run.solution.deficit, "passes": run.solution.passes,
    });
    Ok(document.to_string())
}
