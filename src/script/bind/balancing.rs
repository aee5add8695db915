//! Costs and balancing: exactly where it is possible, computed where it is not.

use num_traits::{Signed, ToPrimitive, Zero};
use rhai::{Dynamic, Map};

use super::arithmetic::simplest;
use super::by_unit::{by_variable, own_variable};
use super::networks::{scaled, scaled_length, synapse, unit};
use crate::kernel::{Priced, Problem};
use crate::network::{Multiplier, Network, Regularizer};
use crate::numbers::{Rational, rational_power, sum};
use crate::script::library::Library;
use crate::script::limits::{Fault, Length, MAX_POWER, bits, charge_sum, fault};
use crate::script::session::{Session, Shared};
use crate::script::value::{Computed, Net, exact, number, texts};
use crate::solve::{
    DirectOptions, Given, Solution, StochasticOptions, balance_exactly, balance_stochastic,
    solve_direct,
};

/// Reads a regularizer within the bounds.
pub fn regularizer(text: &str) -> Result<Regularizer, Fault> {
    let regularizer: Regularizer = text.parse().map_err(|error| fault(format!("{error}")))?;
    let small = |part: &num_bigint::BigInt| part.to_u32().is_some_and(|part| part <= MAX_POWER);
    let terms = regularizer.terms();
    let fits = |(factor, power): &(Rational, Rational)| {
        small(power.numer()) && small(power.denom()) && bits(factor) <= 256
    };
    match terms.len() <= 16 && terms.iter().all(fits) {
        true => Ok(regularizer),
        false => Err(fault(format!(
            "a regularizer has up to 16 terms, with powers up to {MAX_POWER}"
        ))),
    }
}

/// The balancing problem of a network.
pub fn problem(net: &Net, regularizer: &Regularizer, session: &Session) -> Result<Problem, Fault> {
    let highest = regularizer
        .terms()
        .into_iter()
        .map(|(_, power)| power.ceil())
        .max();
    let highest = highest
        .and_then(|power| power.to_integer().to_u64())
        .unwrap_or(1);
    let terms = regularizer.terms().len() as u64;
    for synapse in 0..net.0.synapses() {
        let length = scaled_length(&net.0, synapse, highest, &[]);
        let work = length.operation(length).saturating_add(1_000);
        session.work.charge(work.saturating_mul(terms))?;
    }
    Ok(net.0.problem(regularizer))
}

/// Charges for an exact check of a network at given multipliers: each cost times its multipliers, all added up.
pub fn charge_check(
    net: &Net,
    regularizer: &Regularizer,
    multipliers: &[Rational],
    session: &Session,
) -> Result<(), Fault> {
    let powers = regularizer
        .terms()
        .into_iter()
        .map(|(_, power)| power.ceil());
    let highest = powers.max().and_then(|power| power.to_integer().to_u64());
    let mut sums = vec![Length::default(); net.0.variables()];
    for synapse in 0..net.0.synapses() {
        let term = scaled_length(&net.0, synapse, highest.unwrap_or(1), multipliers);
        session.work.charge(400 + 4 * term.operation(term))?;
        for (variable, _) in net.0.direction(synapse) {
            if let Some(sum) = sums.get_mut(variable) {
                *sum = sum.plus(term);
                session.work.charge(4 * sum.operation(term))?;
            }
        }
    }
    Ok(())
}

/// What each synapse costs, exactly, with its exponent in the problem's variables.
fn costs(net: &Net, text: &str, session: &Session) -> Result<Vec<[Rational; 2]>, Fault> {
    let regularizer = regularizer(text)?;
    let problem = problem(net, &regularizer, session)?;
    charge_check(net, &regularizer, &[], session)?;
    let of = |(index, synapse): (usize, &crate::kernel::Synapse)| {
        let terms = synapse
            .costs
            .iter()
            .map(|cost| Some((cost.exact()?, cost.exponent.clone())));
        let terms: Option<Vec<_>> = terms.collect();
        let terms = terms.ok_or_else(|| {
            fault(format!(
                "the cost of {} is irrational",
                net.0.synapse_name(index)
            ))
        })?;
        let weighted: Vec<_> = terms
            .iter()
            .map(|(cost, exponent)| cost * exponent)
            .collect();
        let plain: Vec<_> = terms.into_iter().map(|(cost, _)| cost).collect();
        Ok([sum(&plain), sum(&weighted)])
    };
    problem.synapses().iter().enumerate().map(of).collect()
}

/// `(A, B)` of every variable, as in the kernel's balance: weighted by exponents for mixtures and BiPU units.
pub fn sides(net: &Net, text: &str, session: &Session) -> Result<Vec<(Rational, Rational)>, Fault> {
    let costs = costs(net, text, session)?;
    let mut sides = vec![(Vec::new(), Vec::new()); net.0.variables()];
    for (index, [_, slope]) in costs.iter().enumerate() {
        for (variable, exponent) in net.0.direction(index) {
            if let Some((input, output)) = sides.get_mut(variable) {
                let side = if exponent.is_positive() {
                    input
                } else {
                    output
                };
                side.push(slope * exponent.abs());
            }
        }
    }
    Ok(sides
        .into_iter()
        .map(|(input, output)| (sum(&input), sum(&output)))
        .collect())
}

/// Charges for a solver.
pub fn charge_solver(network: &Network<Rational>, session: &Session) -> Result<(), Fault> {
    let (variables, synapses) = (network.variables() as u64, network.synapses() as u64);
    session
        .work
        .charge(variables.pow(3) + 4_000 * synapses + 16_000)
}

/// The direct solution: computed.
pub fn direct(problem: &Problem) -> Result<Solution, Fault> {
    solve_direct(problem, &DirectOptions::default(), &mut |_| {})
        .map_err(|error| fault(error.to_string()))
}

/// Registers costs, multipliers and balancing.
pub fn register(library: &mut Library, session: &Shared) {
    register_costs(library, session);
    register_one_unit(library, session);
    register_whole(library, session);
}

fn register_costs(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "regularizer",
        move |net: Net, text: &str| -> Result<Dynamic, Fault> {
            let costs = costs(&net, text, &shared)?;
            let costs: Vec<Rational> = costs.into_iter().map(|[cost, _]| cost).collect();
            charge_sum(&costs, &shared.work)?;
            number(sum(&costs), &shared.work)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "cost",
        move |net: Net, text: &str, name: &str| -> Result<Dynamic, Fault> {
            let place = synapse(&net.0, name)?;
            let costs = costs(&net, text, &shared)?;
            let cost = costs.get(place).map(|[cost, _]| cost.clone());
            number(cost.unwrap_or_default(), &shared.work)
        },
    );
    for (name, output) in [("input_cost", false), ("output_cost", true)] {
        let shared = session.clone();
        library.register_fn(
            name,
            move |net: Net, text: &str, id: &str| -> Result<Dynamic, Fault> {
                let variable = own_variable(&net.0, id)?;
                let (input, output_cost) = sides(&net, text, &shared)?.swap_remove(variable);
                number(if output { output_cost } else { input }, &shared.work)
            },
        );
    }
    let shared = session.clone();
    library.register_fn(
        "deficit",
        move |net: Net, text: &str| -> Result<Dynamic, Fault> {
            let sides = sides(&net, text, &shared)?;
            let mut squares = Vec::with_capacity(sides.len());
            for (input, output) in &sides {
                let length = Length::of(input).plus(Length::of(output));
                shared.work.charge(4 * length.operation(length))?;
                squares.push((input - output).pow(2));
            }
            charge_sum(&squares, &shared.work)?;
            number(sum(&squares), &shared.work)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "relative_deficit",
        move |net: Net, text: &str| -> Result<Dynamic, Fault> {
            let sides = sides(&net, text, &shared)?;
            for (input, output) in &sides {
                let length = Length::of(input).plus(Length::of(output));
                shared.work.charge(16 * length.operation(length))?;
            }
            let sides = sides.into_iter();
            let relative = sides.filter(|(input, output)| !(input + output).is_zero());
            let relative =
                relative.map(|(input, output)| (&input - &output).abs() / (input + output));
            number(relative.max().unwrap_or_default(), &shared.work)
        },
    );
}

/// The exact multipliers `(λ*, μ*)` of a unit.
fn unit_multipliers(
    net: &Net,
    text: &str,
    id: &str,
    session: &Session,
) -> Result<[Multiplier; 2], Fault> {
    let regularizer = regularizer(text)?;
    problem(net, &regularizer, session)?;
    charge_check(net, &regularizer, &[], session)?;
    own_variable(&net.0, id)?;
    let balance = net.0.balance_unit(unit(&net.0, id)?, &regularizer);
    let balance = balance.map_err(|error| fault(error.to_string()))?;
    Ok([balance.multiplier, balance.cost_multiplier])
}

fn rational(multiplier: Multiplier, id: &str) -> Result<Rational, Fault> {
    match multiplier {
        Multiplier::Rational(value) => Ok(value),
        Multiplier::Irrational { ratio, degree } => Err(fault(format!(
            "the multiplier of `{id}` is irrational: its power {degree} is {ratio}"
        ))),
        Multiplier::Enclosed { .. } => Err(fault(format!(
            "the multiplier of `{id}` is not known to be rational"
        ))),
    }
}

fn register_one_unit(library: &mut Library, session: &Shared) {
    for (name, in_cost_space) in [("multiplier", false), ("cost_multiplier", true)] {
        let shared = session.clone();
        library.register_fn(
            name,
            move |net: Net, text: &str, id: &str| -> Result<Dynamic, Fault> {
                let [weight, cost] = unit_multipliers(&net, text, id, &shared)?;
                let chosen = if in_cost_space { cost } else { weight };
                number(rational(chosen, id)?, &shared.work)
            },
        );
    }
    let shared = session.clone();
    library.register_fn(
        "balance",
        move |net: Net, text: &str, id: &str| -> Result<Net, Fault> {
            let [multiplier, _] = unit_multipliers(&net, text, id, &shared)?;
            let map = Map::from([(id.into(), number(rational(multiplier, id)?, &shared.work)?)]);
            let multipliers = by_variable(&net.0, &map, &Rational::from_integer(1.into()))?;
            scaled(&net.0, &multipliers, &shared)
        },
    );
}

fn register_whole(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "balance",
        move |net: Net, text: &str| -> Result<Net, Fault> {
            let regularizer = regularizer(text)?;
            charge_solver(&net.0, &shared)?;
            let problem = problem(&net, &regularizer, &shared)?;
            let found = balance_exactly(&problem, &direct(&problem)?);
            let irrational =
                || fault("no rational multipliers balance the network exactly: use certify");
            let found = found.as_ref().and_then(|found| found.claim_about(&problem));
            let found = found.ok_or_else(irrational)?;
            let root = regularizer.variable_power().recip();
            let multipliers = found
                .multipliers
                .iter()
                .map(|value| rational_power(value, &root));
            let multipliers: Option<Vec<_>> = multipliers.collect();
            let irrational =
                || fault("the balanced weights are irrational, though their costs are not");
            scaled(&net.0, &multipliers.ok_or_else(irrational)?, &shared)
        },
    );
    let shared = session.clone();
    library.register_fn("solve", move |net: Net, text: &str| -> Result<Map, Fault> {
        charge_solver(&net.0, &shared)?;
        let problem = problem(&net, &regularizer(text)?, &shared)?;
        Ok(computed(&net, &direct(&problem)?))
    });
    let shared = session.clone();
    library.register_fn(
        "solve",
        move |net: Net, text: &str, order: Dynamic| -> Result<Map, Fault> {
            Ok(computed(
                &net,
                &in_order(&net, text, &texts(&order)?, &shared)?,
            ))
        },
    );
    let shared = session.clone();
    library.register_fn(
        "propose",
        move |computed: Map, width: Dynamic| -> Result<Map, Fault> {
            let width = exact(&width)?;
            let mut near = Map::new();
            for (id, value) in computed {
                near.insert(id, simplest(&value, &width, &shared.work)?);
            }
            Ok(near)
        },
    );
}

/// The paper's algorithm, visiting units in a given order again and again: computed.
fn in_order(net: &Net, text: &str, order: &[String], session: &Session) -> Result<Solution, Fault> {
    let problem = problem(net, &regularizer(text)?, session)?;
    let mut variables = Vec::with_capacity(order.len());
    for id in order {
        let variable = net.0.variable(unit(&net.0, id)?);
        variables.push(variable.ok_or_else(|| fault(format!("unit `{id}` cannot be scaled")))?);
    }
    let mut subset = variables.clone();
    subset.sort_unstable();
    subset.dedup();
    if subset.is_empty() {
        return Err(fault("an order names at least one unit"));
    }
    let options = StochasticOptions {
        max_passes: 2_000,
        subset: (subset.len() < net.0.variables()).then_some(subset),
        ..StochasticOptions::default()
    };
    session
        .work
        .charge(16_000 + 8_000 * net.0.synapses() as u64)?;
    let run = balance_stochastic(&problem, &mut Given::new(variables), &options, &mut |_| {});
    Ok(run.map_err(|error| fault(error.to_string()))?.solution)
}

fn computed(net: &Net, solution: &Solution) -> Map {
    let units = (0..net.0.units()).filter_map(|unit| {
        let value = solution.multipliers.get(net.0.variable(unit)?)?;
        let value = value.power(&net.0.exponent(unit));
        let computed = Dynamic::from(Computed(value.to_f64()));
        Some((net.0.unit(unit).id.as_str().into(), computed))
    });
    units.collect()
}
