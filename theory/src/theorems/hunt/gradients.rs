//! Exact gradients of an error over time.

use crate::theorems::Failure;
use crate::theorems::support::integer;
use synaptic_balance_core::learn::{GradientError, GradientOverTime, gradient_over_time};
use synaptic_balance_core::network::{EvaluateError, Network, UnitKind};
use synaptic_balance_core::numbers::Rational;

const STEPS: usize = 3;
const INPUT: i64 = 7;
const TARGET: i64 = 28;

/// The derivatives of `E = ½ Σ_t Σ_y (y_t - 28)²` over three steps with all inputs 7, from initial values `initial` of
/// all hidden and output units; `None` at a kink, or where an activation has no rational value.
///
/// # Errors
/// An error other than that of the outputs of `Network::evaluate_over_time`.
pub(super) fn gradient(
    network: &Network<Rational>,
    initial: &Rational,
) -> Result<Option<GradientOverTime<Rational>>, Failure> {
    let inputs = vec![vec![integer(INPUT); network.units_of(UnitKind::Input).len()]; STEPS];
    let targets = vec![vec![integer(TARGET); network.units_of(UnitKind::Output).len()]; STEPS];
    let initial = vec![initial.clone(); network.units()];
    let found = match gradient_over_time(network, &inputs, &initial, &targets) {
        Err(
            GradientError::NoSlope { .. }
            | GradientError::Evaluate(EvaluateError::Activation { .. }),
        ) => return Ok(None),
        Err(fault) => return Err(fault.into()),
        Ok(found) => found,
    };
    let outputs = network.evaluate_over_time(&inputs, &initial)?;
    let mut twice = Rational::from_integer(0.into());
    for output in outputs.iter().flatten() {
        let difference = output - integer(TARGET);
        twice += &difference * &difference;
    }
    match found.error.clone() + found.error.clone() == twice {
        true => Ok(Some(found)),
        false => Err(Failure::new("two evaluations of a network differ")),
    }
}
