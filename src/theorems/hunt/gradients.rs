//! Exact gradients of an error over time, by going through the steps backwards.

use num_traits::{One, Zero};

use crate::network::{Activation, Network, UnitKind};
use crate::numbers::Rational;
use crate::theorems::Failure;
use crate::theorems::support::integer;

/// The derivatives of `E = ½ Σ_t Σ_y (y_t - 28)²` over three steps with all inputs 7.
pub(super) struct Gradient {
    /// By synapse.
    pub weights: Vec<Rational>,
    /// By unit, with respect to its initial value.
    pub initial: Vec<Rational>,
}

const STEPS: usize = 3;
const INPUT: i64 = 7;
const TARGET: i64 = 28;

/// The derivative of an activation; `None` at a kink.
fn slope(activation: &Activation<Rational>, x: &Rational) -> Option<Rational> {
    match activation {
        Activation::Linear => Some(Rational::one()),
        Activation::Other(name) if name == "relu6" => {
            let inside = *x > Rational::zero() && *x < integer(6);
            let kink = x.is_zero() || *x == integer(6);
            (!kink).then(|| integer(i64::from(inside)))
        }
        // x f'(x) = c f(x), from homogeneity.
        _ if !x.is_zero() => Some(activation.degree()? * activation.apply(x)? / x),
        _ => None,
    }
}

/// Values and slopes of all units at all steps, the initial ones first.
struct Trajectory {
    values: Vec<Vec<Rational>>,
    slopes: Vec<Vec<Rational>>,
}

fn is_computed(network: &Network<Rational>, unit: usize) -> bool {
    matches!(network.unit(unit).kind, UnitKind::Hidden | UnitKind::Output)
}

/// The value that a synapse reads at step `t`: sources of the step itself, other units one step before.
fn read(network: &Network<Rational>, values: &[Vec<Rational>], from: usize, t: usize) -> Rational {
    values[if is_computed(network, from) { t - 1 } else { t }][from].clone()
}

fn forward(network: &Network<Rational>, initial: &Rational) -> Option<Trajectory> {
    let sources = (0..network.units()).map(|unit| match network.unit(unit).kind {
        UnitKind::Input => integer(INPUT),
        UnitKind::Bias => Rational::one(),
        _ => initial.clone(),
    });
    let start: Vec<Rational> = sources.collect();
    let mut values = vec![start.clone()];
    let mut slopes = vec![vec![Rational::zero(); network.units()]];
    for t in 1..=STEPS {
        values.push(start.clone());
        slopes.push(vec![Rational::zero(); network.units()]);
        let mut sums = vec![Rational::zero(); network.units()];
        for synapse in 0..network.synapses() {
            let (from, to) = network.endpoints(synapse);
            sums[to] += network.weight(synapse) * read(network, &values, from, t);
        }
        for unit in (0..network.units()).filter(|unit| is_computed(network, *unit)) {
            let activation = &network.unit(unit).activation;
            slopes[t][unit] = slope(activation, &sums[unit])?;
            values[t][unit] = activation.apply(&sums[unit])?;
        }
    }
    Some(Trajectory { values, slopes })
}

/// The gradient from initial values `initial` of all hidden and output units; `None` at a kink.
///
/// # Errors
/// Outputs other than those of `Network::evaluate_over_time`.
pub(super) fn gradient(
    network: &Network<Rational>,
    initial: &Rational,
) -> Result<Option<Gradient>, Failure> {
    let Some(trajectory) = forward(network, initial) else {
        return Ok(None);
    };
    let outputs = network.units_of(UnitKind::Output);
    let inputs = vec![vec![integer(INPUT); network.units_of(UnitKind::Input).len()]; STEPS];
    let expected = network.evaluate_over_time(&inputs, &vec![initial.clone(); network.units()])?;
    let mut weights = vec![Rational::zero(); network.synapses()];
    // ∂E/∂(value of the unit) at the step looked at.
    let mut adjoint = vec![Rational::zero(); network.units()];
    for t in (1..=STEPS).rev() {
        for (place, unit) in outputs.iter().enumerate() {
            let value = &trajectory.values[t][*unit];
            if *value != expected[t - 1][place] {
                return Err(Failure::new("two evaluations of a network differ"));
            }
            adjoint[*unit] += value - integer(TARGET);
        }
        let mut before = vec![Rational::zero(); network.units()];
        for (synapse, weight) in weights.iter_mut().enumerate() {
            let (from, to) = network.endpoints(synapse);
            let push = &adjoint[to] * &trajectory.slopes[t][to];
            if push.is_zero() {
                continue;
            }
            *weight += &push * read(network, &trajectory.values, from, t);
            if is_computed(network, from) {
                before[from] += push * network.weight(synapse);
            }
        }
        adjoint = before;
    }
    Ok(Some(Gradient {
        weights,
        initial: adjoint,
    }))
}
