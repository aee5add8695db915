//! Networks: building, reading, looking at, scaling, composing and evaluating them.

use std::rc::Rc;

use num_traits::{One, Signed, ToPrimitive, Zero};
use rhai::{Array, Dynamic, Map};

use super::by_unit::by_variable;
use super::composition::composed;
use crate::formats::read_network;
use crate::network::{Activation, Network, SynapseIndex, UnitIndex, UnitKind};
use crate::numbers::Rational;
use crate::script::files;
use crate::script::library::Library;
use crate::script::limits::{
    Fault, Length, MAX_BITS, MAX_POWER, MAX_SYNAPSES, MAX_UNITS, bits, fault,
};
use crate::script::network_text::parse_network;
use crate::script::session::{Session, Shared};
use crate::script::value::{Net, exact, exact_list, number, numbers, texts};

/// Accepts a network within the bounds.
pub fn accept(network: Network<Rational>, session: &Session) -> Result<Net, Fault> {
    if network.units() > MAX_UNITS || network.synapses() > MAX_SYNAPSES {
        return Err(fault(format!(
            "a network has at most {MAX_UNITS} units and {MAX_SYNAPSES} synapses"
        )));
    }
    let (units, synapses) = (network.units() as u64, network.synapses() as u64);
    session.work.charge(400 * (units + synapses))?;
    for weight in network.weights() {
        session.work.charge_number(&weight)?;
    }
    for unit in 0..network.units() {
        let too_large = |degree: &Rational| {
            let part = degree.numer().magnitude().max(degree.denom().magnitude());
            part.to_u32().is_none_or(|part| part > MAX_POWER)
        };
        match &network.unit(unit).activation {
            Activation::BiPu { degree, .. } if too_large(degree) => {
                return Err(fault(format!(
                    "a degree has numerator and denominator up to {MAX_POWER}"
                )));
            }
            Activation::LeakyRelu(a) | Activation::Prelu(a) => session.work.charge_number(a)?,
            Activation::BiLu { below: a, above: b }
            | Activation::BiPu {
                above: a, below: b, ..
            } => {
                session.work.charge_number(a)?;
                session.work.charge_number(b)?;
            }
            _ => {}
        }
    }
    Ok(Net(Rc::new(network)))
}

/// The unit of an id.
pub fn unit(network: &Network<Rational>, id: &str) -> Result<UnitIndex, Fault> {
    network
        .find(id)
        .ok_or_else(|| fault(format!("there is no unit `{id}`")))
}

/// The synapse written as `from -> to`.
pub fn synapse(network: &Network<Rational>, name: &str) -> Result<SynapseIndex, Fault> {
    let unknown = || fault(format!("there is no synapse `{name}`"));
    let (from, to) = name.split_once("->").ok_or_else(unknown)?;
    let ends = (network.find(from.trim()), network.find(to.trim()));
    let (Some(from), Some(to)) = ends else {
        return Err(unknown());
    };
    network.find_synapse(from, to).ok_or_else(unknown)
}

/// The length of a weight to a power, times the multipliers that act on it.
pub fn scaled_length(
    network: &Network<Rational>,
    synapse: SynapseIndex,
    power: u64,
    multipliers: &[Rational],
) -> Length {
    let weight = Length::of(network.weight(synapse)).power(power);
    let factor = |(variable, exponent): (usize, Rational)| {
        let multiplier = multipliers
            .get(variable)
            .map(Length::of)
            .unwrap_or_default();
        let exponent = exponent.abs().ceil().to_integer().to_u64();
        let longest = multiplier.max();
        Length {
            above: longest,
            below: longest,
        }
        .power(exponent.unwrap_or(u64::MAX))
    };
    let factors = network.direction(synapse).into_iter().map(factor);
    factors.fold(weight, Length::times)
}

/// The network scaled by `Λ` of each variable.
pub fn scaled(
    network: &Network<Rational>,
    multipliers: &[Rational],
    session: &Session,
) -> Result<Net, Fault> {
    for multiplier in multipliers {
        session.work.charge_number(multiplier)?;
        if bits(multiplier) * u64::from(MAX_POWER) > 16 * MAX_BITS {
            return Err(fault("a multiplier is too long a number"));
        }
    }
    for synapse in 0..network.synapses() {
        let length = scaled_length(network, synapse, 1, multipliers);
        session.work.charge(400 + 2 * length.operation(length))?;
    }
    let scaled = network
        .scaled(multipliers)
        .map_err(|error| fault(error.to_string()))?;
    accept(scaled, session)
}

/// Registers everything about networks that needs no solver.
pub fn register(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn("network", move |text: &str| {
        shared.work.charge(100 * text.len() as u64)?;
        accept(parse_network(text).map_err(fault)?, &shared)
    });
    let shared = session.clone();
    library.register_fn("load", move |name: &str| -> Result<Net, Fault> {
        let text = files::read(&shared.options, name).map_err(fault)?;
        shared.work.charge(100 * text.len() as u64)?;
        let file = read_network(&text).map_err(|error| fault(format!("{name}: {error}")))?;
        accept(file.network, &shared)
    });
    register_views(library, session);
    register_changes(library, session);
    register_evaluation(library, session);
}

fn register_views(library: &mut Library, session: &Shared) {
    library.register_fn("synapses", |net: Net| -> Array {
        let names = (0..net.0.synapses()).map(|synapse| Dynamic::from(net.0.synapse_name(synapse)));
        names.collect()
    });
    library.register_fn("ends", |net: Net, name: &str| -> Result<Array, Fault> {
        let (from, to) = net.0.endpoints(synapse(&net.0, name)?);
        let ids = [from, to].map(|unit| Dynamic::from(net.0.unit(unit).id.clone()));
        Ok(ids.into_iter().collect())
    });
    library.register_fn("hidden", |net: Net| -> Array {
        let units = (0..net.0.units()).filter(|unit| net.0.variable(*unit).is_some());
        units
            .map(|unit| Dynamic::from(net.0.unit(unit).id.clone()))
            .collect()
    });
    let shared = session.clone();
    library.register_fn("weights", move |net: Net| {
        numbers(net.0.weights(), &shared.work)
    });
    let shared = session.clone();
    library.register_fn(
        "weight",
        move |net: Net, name: &str| -> Result<Dynamic, Fault> {
            number(net.0.weight(synapse(&net.0, name)?).clone(), &shared.work)
        },
    );
}

fn register_changes(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "with_weights",
        move |net: Net, weights: Dynamic| -> Result<Net, Fault> {
            let weights = exact_list(&weights)?;
            if weights.len() != net.0.synapses() {
                let (found, needed) = (weights.len(), net.0.synapses());
                return Err(fault(format!(
                    "{found} weights were given, the network has {needed} synapses"
                )));
            }
            accept(net.0.with_weights(weights), &shared)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "with_weight",
        move |net: Net, name: &str, weight: Dynamic| -> Result<Net, Fault> {
            let place = synapse(&net.0, name)?;
            let mut weights = net.0.weights();
            if let Some(slot) = weights.get_mut(place) {
                *slot = exact(&weight)?;
            }
            accept(net.0.with_weights(weights), &shared)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "without",
        move |net: Net, names: Dynamic| -> Result<Net, Fault> {
            let mut weights = net.0.weights();
            for name in texts(&names)? {
                if let Some(slot) = weights.get_mut(synapse(&net.0, &name)?) {
                    *slot = Rational::zero();
                }
            }
            accept(net.0.with_weights(weights), &shared)
        },
    );
    library.register_fn("tied_by_layer", |net: Net| {
        Net(Rc::new(net.0.tied_by_layer()))
    });
    let shared = session.clone();
    library.register_fn(
        "scale",
        move |net: Net, multipliers: Map| -> Result<Net, Fault> {
            let multipliers = by_variable(&net.0, &multipliers, &Rational::one())?;
            scaled(&net.0, &multipliers, &shared)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "scale",
        move |net: Net, id: &str, multiplier: Dynamic| -> Result<Net, Fault> {
            let map = Map::from([(id.into(), multiplier)]);
            let multipliers = by_variable(&net.0, &map, &Rational::one())?;
            scaled(&net.0, &multipliers, &shared)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "compose",
        move |first: Map, second: Map| -> Result<Map, Fault> {
            let mut product = first;
            for (id, value) in second {
                let value = exact(&value)?;
                let value = match product.get(&id) {
                    Some(other) => {
                        let other = exact(other)?;
                        shared.work.charge_operation(&other, &value)?;
                        other * value
                    }
                    None => value,
                };
                product.insert(id, number(value, &shared.work)?);
            }
            Ok(product)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "compose",
        move |first: Net, second: Net| -> Result<Net, Fault> {
            accept(composed(&first.0, &second.0)?, &shared)
        },
    );
}

/// Charges for `times` evaluations, over `steps` time steps or once through a network without cycles, and gives the
/// length of the longest value; refuses what would be too long. An upper bound, since denominators of a sum multiply.
pub fn charge_evaluation(
    network: &Network<Rational>,
    inputs: &[Rational],
    steps: Option<usize>,
    times: u64,
    session: &Session,
) -> Result<Length, Fault> {
    const MAX_TOTAL: u64 = 1 << 17;
    let longest = |lengths: &[Length]| {
        lengths
            .iter()
            .copied()
            .fold(Length::default(), Length::longer)
    };
    let given = longest(&inputs.iter().map(Length::of).collect::<Vec<_>>());
    let mut lengths = vec![given; network.units()];
    let computed = [UnitKind::Hidden, UnitKind::Product].map(|kind| network.units_of(kind).len());
    let rounds = steps.unwrap_or(computed.iter().sum::<usize>() + 1);
    let mut last = 0;
    for _ in 0..rounds {
        let (next, work) = one_pass(network, &lengths, given);
        if longest(&next).max() > MAX_TOTAL {
            return Err(fault(
                "the values of the network are too long to be computed exactly",
            ));
        }
        session.work.charge(20 * network.synapses() as u64)?;
        let settled = next == lengths && steps.is_none();
        lengths = next;
        last = work;
        if steps.is_some() {
            session.work.charge(work.saturating_mul(times))?;
        }
        if settled {
            break;
        }
    }
    if steps.is_none() {
        session.work.charge(last.saturating_mul(times))?;
    }
    Ok(longest(&lengths))
}

/// The lengths of all values after every unit has been evaluated once, and the work of it.
fn one_pass(network: &Network<Rational>, lengths: &[Length], given: Length) -> (Vec<Length>, u64) {
    let source = |unit| matches!(network.unit(unit).kind, UnitKind::Input | UnitKind::Bias);
    let units = 0..network.units();
    let start = |unit| {
        if source(unit) {
            given
        } else {
            Length::default()
        }
    };
    let mut next: Vec<Length> = units.map(start).collect();
    let mut work = 0u64;
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let value = lengths.get(from).copied().unwrap_or(given);
        let weight = Length::of(network.weight(synapse));
        let term = value.times(weight);
        if let Some(slot) = next.get_mut(to) {
            work = work
                .saturating_add(value.operation(weight))
                .saturating_add(slot.operation(term))
                .saturating_add(100);
            *slot = slot.plus(term);
        }
    }
    for (unit, slot) in next.iter_mut().enumerate() {
        let (degree, factor) = match &network.unit(unit).activation {
            Activation::LeakyRelu(a) | Activation::Prelu(a) => (1, Length::of(a)),
            Activation::BiLu { below, above } => (1, Length::of(below).longer(Length::of(above))),
            Activation::BiPu {
                degree,
                above,
                below,
            } => {
                let degree = degree.abs().ceil().to_integer().to_u64();
                let factor = Length::of(below).longer(Length::of(above));
                (degree.unwrap_or(u64::MAX).max(1), factor)
            }
            _ => continue,
        };
        *slot = slot.power(degree).times(factor);
        work = work.saturating_add(slot.operation(*slot));
    }
    for unit in network.products() {
        let factors = network.factors(*unit).iter();
        let factors = factors.filter_map(|factor| next.get(*factor).copied());
        let mut product = Length::default();
        for factor in factors {
            work = work.saturating_add(product.operation(factor));
            product = product.times(factor);
        }
        if let Some(slot) = next.get_mut(*unit) {
            *slot = product;
        }
    }
    (next, work)
}

fn register_evaluation(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "evaluate",
        move |net: Net, inputs: Dynamic| -> Result<Dynamic, Fault> {
            let inputs = exact_list(&inputs)?;
            charge_evaluation(&net.0, &inputs, None, 1, &shared)?;
            let outputs = net
                .0
                .evaluate(&inputs)
                .map_err(|error| fault(error.to_string()))?;
            numbers(outputs, &shared.work)
        },
    );
    let shared = session.clone();
    library.register_fn("run", move |net: Net, steps: Array, initial: Map| {
        run(&net, &steps, &initial, &shared)
    });
    let shared = session.clone();
    library.register_fn("run", move |net: Net, steps: Array| {
        run(&net, &steps, &Map::new(), &shared)
    });
}

/// The outputs at each step; units that are not named start at 0.
fn run(net: &Net, steps: &[Dynamic], initial: &Map, session: &Session) -> Result<Array, Fault> {
    let steps: Vec<Vec<Rational>> = steps.iter().map(exact_list).collect::<Result<_, _>>()?;
    let mut state = vec![Rational::zero(); net.0.units()];
    for (id, value) in initial {
        if let Some(slot) = state.get_mut(unit(&net.0, id)?) {
            *slot = exact(value)?;
        }
    }
    let given: Vec<Rational> = steps.iter().flatten().chain(&state).cloned().collect();
    charge_evaluation(&net.0, &given, Some(steps.len()), 1, session)?;
    let outputs = net
        .0
        .evaluate_over_time(&steps, &state)
        .map_err(|error| fault(error.to_string()))?;
    outputs
        .into_iter()
        .map(|step| numbers(step, &session.work))
        .collect()
}
