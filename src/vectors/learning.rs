//! Gradient steps in exact arithmetic: back-propagation, checked by symmetric differences.

use num_traits::Zero;
use petgraph::Direction;
use serde_json::{Map, Value, json};

use super::VectorError;
use super::case::{Cases, Note, with_flags};
use super::truth;
use crate::learn;
use crate::network::{Network, Regularizer, UnitKind};
use crate::numbers::Rational;

/// Inputs and targets, in the order of input and output units.
pub(super) type Sample = (Vec<Rational>, Vec<Rational>);

impl Cases {
    /// `gradient_step`: one step of size `step` down the gradient of `E = 1/2 Σ (y - t)²`, summed over samples and
    /// outputs. Acyclic networks of BiLU units, no unit at its kink.
    pub fn gradient_step(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        data: &[Sample],
        step: &Rational,
    ) -> Result<(), VectorError> {
        let expected = answer(network, data, step).map_err(|reason| self.fault(reason))?;
        let l2 = Regularizer::l2();
        let found = truth::identity(&network.problem(&l2));
        let note = with_flags(note, network, &l2, &found, &expected);
        let samples = data
            .iter()
            .map(|(input, target)| json!({"input": texts(input), "target": texts(target)}));
        let inputs = vec![
            ("network", self.document(network)?),
            ("data", samples.collect()),
            ("step", step.to_string().into()),
        ];
        self.push(note, "gradient_step", inputs, expected);
        Ok(())
    }
}

fn texts(values: &[Rational]) -> Value {
    values
        .iter()
        .map(|value| Value::from(value.to_string()))
        .collect()
}

fn answer(network: &Network<Rational>, data: &[Sample], step: &Rational) -> Result<Value, String> {
    let samples: Vec<learn::Sample<Rational>> = data
        .iter()
        .cloned()
        .map(|(input, target)| learn::Sample { input, target })
        .collect();
    let gradient = learn::gradient(network, &samples).map_err(|fault| fault.to_string())?;
    check_gradient(network, data, &gradient)?;
    let weights = network.weights();
    let after: Vec<Rational> = weights
        .iter()
        .zip(&gradient)
        .map(|(w, g)| w - step * g)
        .collect();
    let mut changes = Map::new();
    for unit in network.units_of(UnitKind::Hidden) {
        let id = network.unit(unit).id.clone();
        let change = difference(network, unit, &after) - difference(network, unit, &weights);
        if change != step * step * difference(network, unit, &gradient) {
            return Err(format!("the change at {id} is not η² (Σ_IN g² - Σ_OUT g²)"));
        }
        let euler = weights.iter().zip(&gradient).map(|(w, g)| w * g);
        if !signed_sum(network, unit, &euler.collect::<Vec<_>>()).is_zero() {
            return Err(format!("the Euler identity fails at {id}"));
        }
        changes.insert(id, change.to_string().into());
    }
    let error = error(network, data)?;
    Ok(json!({
        "status": "stepped", "error": error.to_string(), "gradient": texts(&gradient), "weights": texts(&after),
        "change": changes,
    }))
}

/// The sum over synapses into a unit less that over synapses out of it, self-connections in neither.
fn signed_sum(network: &Network<Rational>, unit: usize, values: &[Rational]) -> Rational {
    let sum = |direction| {
        let synapses = network.synapses_of(unit, direction);
        synapses
            .into_iter()
            .fold(Rational::zero(), |sum, synapse| sum + &values[synapse])
    };
    sum(Direction::Incoming) - sum(Direction::Outgoing)
}

/// `Σ_IN v² - Σ_OUT v²`.
fn difference(network: &Network<Rational>, unit: usize, values: &[Rational]) -> Rational {
    let squares: Vec<Rational> = values.iter().map(|value| value * value).collect();
    signed_sum(network, unit, &squares)
}

fn error(network: &Network<Rational>, data: &[Sample]) -> Result<Rational, String> {
    let mut total = Rational::zero();
    for (input, target) in data {
        let outputs = network.evaluate(input).map_err(|fault| fault.to_string())?;
        for (output, target) in outputs.iter().zip(target) {
            let difference = output - target;
            total += &difference * &difference;
        }
    }
    Ok(total / Rational::from_integer(2.into()))
}

/// In any one weight the error is a quadratic polynomial as long as no unit changes its branch, and then the symmetric
/// difference *is* the derivative. So the gradient is checked by evaluating the network only.
fn check_gradient(
    network: &Network<Rational>,
    data: &[Sample],
    gradient: &[Rational],
) -> Result<(), String> {
    let reach = Rational::new(1.into(), (1u64 << 40).into());
    for (synapse, expected) in gradient.iter().enumerate() {
        let at = |shift: &Rational| {
            let mut weights = network.weights();
            weights[synapse] += shift;
            error(&network.with_weights(weights), data)
        };
        let slope = (at(&reach)? - at(&-&reach)?) / (&reach + &reach);
        if slope != *expected {
            return Err(format!(
                "the gradient of synapse {synapse} is {slope}, not {expected}"
            ));
        }
    }
    Ok(())
}
