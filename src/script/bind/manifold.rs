//! The manifold of self-consistent scalings.

use rhai::{Array, Dynamic, INT, Map};

use super::by_unit::logs_by_unit;
use super::networks::synapse;
use crate::network::{Inconsistent, Manifold};
use crate::numbers::{Rational, sum};
use crate::script::fact::Fact;
use crate::script::library::Library;
use crate::script::limits::Fault;
use crate::script::session::{Session, Shared};
use crate::script::value::{Net, Value, exact, number};

/// Registers `dimension`, `constraints` and `self_consistent`.
pub fn register(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn("dimension", move |net: Net| -> Result<INT, Fault> {
        charge(&net, &shared)?;
        Ok(Manifold::of(&net.0).dimension() as INT)
    });
    let shared = session.clone();
    library.register_fn("constraints", move |net: Net| -> Result<Array, Fault> {
        charge(&net, &shared)?;
        let constraints = Manifold::of(&net.0).constraints().into_iter();
        let map = |constraint: crate::network::Constraint| {
            let terms = constraint.terms.into_iter();
            let terms = terms.map(|(at, coefficient)| {
                Ok((
                    net.0.synapse_name(at).into(),
                    number(coefficient, &shared.work)?,
                ))
            });
            Ok(Dynamic::from(terms.collect::<Result<Map, Fault>>()?))
        };
        constraints.map(map).collect()
    });
    let shared = session.clone();
    library.register_fn("self_consistent", move |net: Net, logs: Map| {
        self_consistent(&net, &logs, &shared)
    });
}

fn charge(net: &Net, session: &Session) -> Result<(), Fault> {
    let synapses = net.0.synapses() as u64;
    session
        .work
        .charge(20 * synapses * (synapses + net.0.units() as u64))
}

/// Are logarithmic scalings `L` of synapses the differences of potentials? Synapses that the map does not name are
/// free.
fn self_consistent(net: &Net, logs: &Map, session: &Session) -> Result<Fact, Fault> {
    charge(net, session)?;
    let mut values: Vec<Option<Rational>> = vec![None; net.0.synapses()];
    for (name, value) in logs {
        if let Some(slot) = values.get_mut(synapse(&net.0, name)?) {
            *slot = Some(exact(value)?);
        }
    }
    let manifold = Manifold::of(&net.0);
    let claim = "the logarithmic scalings come from potentials";
    let potentials = match manifold.potentials(&values) {
        Ok(potentials) => potentials,
        Err(Inconsistent::Synapse {
            synapse,
            found,
            expected,
        }) => {
            let claim = format!(
                "{claim}; {} and what the others force",
                net.0.synapse_name(synapse)
            );
            return Ok(Fact::contradicted(
                "exact comparison",
                claim,
                [&found, &expected],
            ));
        }
        Err(error) => return Ok(Fact::unproved("exact comparison", claim, error.to_string())),
    };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (value, row) in values.into_iter().zip(manifold.potential_matrix()) {
        let terms = row
            .iter()
            .filter_map(|(v, exponent)| Some(exponent * potentials.get(*v)?));
        if let Some(value) = value {
            left.push(Value::Exact(value));
            right.push(Value::Exact(sum(&terms.collect::<Vec<_>>())));
        }
    }
    let (left, right) = (Value::List(left), Value::List(right));
    let fact = Fact::comparison(&left, "==", &right, &session.work)?;
    let found = logs_by_unit(&net.0, &potentials, session)?;
    Ok(fact.with(Map::from([("potentials".into(), Dynamic::from(found))])))
}
