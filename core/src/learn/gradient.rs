//! Gradients on any network, by going backwards through its units, or through time.

use thiserror::Error;

use crate::network::{EvaluateError, Network, SynapseIndex, UnitIndex, UnitKind};
use crate::numbers::{Rational, Scalar};

/// Why there is no gradient.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GradientError {
    /// The network cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The activation of a unit has no derivative where it is: a kink, or no formula.
    #[error("unit `{unit}` has no derivative here: it is at its kink, or none is known")]
    NoSlope {
        /// The unit's id.
        unit: String,
    },
    /// Not one target for each output unit.
    #[error("{found} targets were given, the network has {expected} outputs")]
    Targets {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A loss that no rational has.
    #[error("the loss has no value in this number type")]
    Loss,
}

/// One input and what the outputs should be for it, in the order of the input and output units.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<S> {
    /// The inputs.
    pub input: Vec<S>,
    /// The targets.
    pub target: Vec<S>,
}

/// The derivatives of an error over time.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientOverTime<S> {
    /// The error itself.
    pub error: S,
    /// `∂E/∂w`, by synapse.
    pub weights: Vec<S>,
    /// `∂E/∂(initial value)`, by unit; 0 for input and bias units.
    pub initial: Vec<S>,
}

fn half<S: Scalar>() -> S {
    S::from_rational(&Rational::new(1.into(), 2.into()))
}

/// `E = ½ Σ (y - t)²` over samples and outputs, by evaluating the network.
///
/// # Errors
/// [`GradientError::Evaluate`], [`GradientError::Targets`].
pub fn squared_error<S: Scalar>(
    network: &Network<S>,
    samples: &[Sample<S>],
) -> Result<S, GradientError> {
    let mut total = S::zero();
    for sample in samples {
        let outputs = network.evaluate(&sample.input)?;
        check_targets(outputs.len(), &sample.target)?;
        for (output, target) in outputs.into_iter().zip(&sample.target) {
            let difference = output - target.clone();
            total += difference.clone() * difference;
        }
    }
    Ok(half::<S>() * total)
}

fn check_targets<S>(expected: usize, targets: &[S]) -> Result<(), GradientError> {
    match targets.len() == expected {
        true => Ok(()),
        false => Err(GradientError::Targets {
            found: targets.len(),
            expected,
        }),
    }
}

/// The product of the values of a unit's factors, without one of them if that is asked for.
fn multiplied<S: Scalar>(
    network: &Network<S>,
    unit: UnitIndex,
    values: &[S],
    without: Option<usize>,
) -> Result<S, GradientError> {
    let factors = network.factors(unit).iter().enumerate();
    let factors = factors.filter(|(place, _)| Some(*place) != without);
    let factors: Vec<S> = factors.map(|(_, factor)| values[*factor].clone()).collect();
    let product = S::product_of(&factors);
    let unit = || network.unit(unit).id.clone();
    Ok(product.ok_or_else(|| EvaluateError::Product { unit: unit() })?)
}

/// Hands the derivative by a product on to its factors.
fn spread<S: Scalar>(
    network: &Network<S>,
    unit: UnitIndex,
    values: &[S],
    adjoint: &mut [S],
) -> Result<(), GradientError> {
    let own = adjoint[unit].clone();
    for (place, factor) in network.factors(unit).iter().enumerate() {
        adjoint[*factor] += own.clone() * multiplied(network, unit, values, Some(place))?;
    }
    Ok(())
}

fn is_computed<S: Scalar>(network: &Network<S>, unit: UnitIndex) -> bool {
    matches!(network.unit(unit).kind, UnitKind::Hidden | UnitKind::Output)
}

/// The values of input and bias units; 0 elsewhere.
fn sources<S: Scalar>(network: &Network<S>, input: &[S]) -> Result<Vec<S>, GradientError> {
    let expected = network.units_of(UnitKind::Input).len();
    if input.len() != expected {
        let found = input.len();
        return Err(EvaluateError::Inputs { found, expected }.into());
    }
    let mut values = vec![S::zero(); network.units()];
    for (unit, value) in network.units_of(UnitKind::Input).into_iter().zip(input) {
        values[unit] = value.clone();
    }
    for unit in network.units_of(UnitKind::Bias) {
        values[unit] = S::one();
    }
    Ok(values)
}

/// Value and slope of a unit whose inputs sum to `sum`.
fn activate<S: Scalar>(
    network: &Network<S>,
    unit: UnitIndex,
    sum: &S,
) -> Result<(S, S), GradientError> {
    let activation = &network.unit(unit).activation;
    let id = || network.unit(unit).id.clone();
    let value = activation.apply(sum).ok_or_else(|| {
        GradientError::Evaluate(EvaluateError::Activation {
            unit: id(),
            activation: format!("{activation:?}"),
        })
    })?;
    let slope = activation.slope(sum);
    Ok((
        value,
        slope.ok_or_else(|| GradientError::NoSlope { unit: id() })?,
    ))
}

/// `∂E/∂w` of every weight of an acyclic network for `E = ½ Σ (y - t)²`, summed over samples and outputs.
///
/// Generic over the number: exact in rationals. Cost: two multiplications a synapse and sample.
///
/// # Errors
/// A cycle; a unit at its kink, even where nothing reads it; wrong numbers of inputs or targets.
///
/// ```
/// use synaptic_balance::learn::{Sample, gradient};
/// use synaptic_balance::network::chain;
/// // y = 3 · 2 · x at x = 1, target 4: E = ½ (6 - 4)².
/// let sample = Sample { input: vec![1.0], target: vec![4.0] };
/// assert_eq!(gradient(&chain(&[2.0, 3.0]), &[sample]).unwrap(), [6.0, 4.0]);
/// ```
pub fn gradient<S: Scalar>(
    network: &Network<S>,
    samples: &[Sample<S>],
) -> Result<Vec<S>, GradientError> {
    let order = network.in_order().map_err(|unit| {
        let unit = network.unit(unit).id.clone();
        EvaluateError::Recurrent { unit }
    })?;
    let given =
        |unit: &UnitIndex| matches!(network.unit(*unit).kind, UnitKind::Input | UnitKind::Bias);
    let order: Vec<UnitIndex> = order.into_iter().filter(|unit| !given(unit)).collect();
    let incoming: Vec<Vec<SynapseIndex>> = (0..network.units())
        .map(|unit| network.synapses_of(unit, petgraph::Direction::Incoming))
        .collect();
    let outputs = network.units_of(UnitKind::Output);
    let mut total = vec![S::zero(); network.synapses()];
    for sample in samples {
        check_targets(outputs.len(), &sample.target)?;
        let mut values = sources(network, &sample.input)?;
        let mut slopes = vec![S::one(); network.units()];
        for unit in &order {
            if !network.factors(*unit).is_empty() {
                values[*unit] = multiplied(network, *unit, &values, None)?;
                continue;
            }
            let mut sum = S::zero();
            for synapse in &incoming[*unit] {
                sum += network.weight(*synapse).clone()
                    * values[network.endpoints(*synapse).0].clone();
            }
            (values[*unit], slopes[*unit]) = activate(network, *unit, &sum)?;
        }
        let mut adjoint = vec![S::zero(); network.units()];
        for (unit, target) in outputs.iter().zip(&sample.target) {
            adjoint[*unit] = values[*unit].clone() - target.clone();
        }
        for unit in order.iter().rev() {
            if !network.factors(*unit).is_empty() {
                spread(network, *unit, &values, &mut adjoint)?;
                continue;
            }
            let push = adjoint[*unit].clone() * slopes[*unit].clone();
            if push.is_zero() {
                continue;
            }
            for synapse in &incoming[*unit] {
                let (from, _) = network.endpoints(*synapse);
                total[*synapse] += push.clone() * values[from].clone();
                adjoint[from] += push.clone() * network.weight(*synapse).clone();
            }
        }
    }
    Ok(total)
}

/// Back-propagation through time: the derivatives of `E = ½ Σ_t Σ (y_t - t_t)²` for any network, evaluated as by
/// [`Network::evaluate_over_time`], by weights and by initial values.
///
/// `inputs` and `targets` hold one vector a step, `initial` one value a unit (those of input and bias units are not
/// looked at). Cost: two multiplications a synapse and step.
///
/// # Errors
/// A unit at its kink at some step, even where nothing reads it; wrong lengths.
pub fn gradient_over_time<S: Scalar>(
    network: &Network<S>,
    inputs: &[Vec<S>],
    initial: &[S],
    targets: &[Vec<S>],
) -> Result<GradientOverTime<S>, GradientError> {
    let (found, expected) = (initial.len(), network.units());
    if found != expected {
        return Err(EvaluateError::State { found, expected }.into());
    }
    let steps = forward_over_time(network, inputs, initial)?;
    let outputs = network.units_of(UnitKind::Output);
    let mut result = GradientOverTime {
        error: S::zero(),
        weights: vec![S::zero(); network.synapses()],
        initial: Vec::new(),
    };
    let mut adjoint = vec![S::zero(); network.units()];
    check_targets(inputs.len() * outputs.len(), &targets.concat())?;
    for (step, targets) in steps.iter().zip(targets).rev() {
        check_targets(outputs.len(), targets)?;
        for (unit, target) in outputs.iter().zip(targets) {
            let difference = step.values[*unit].clone() - target.clone();
            result.error += half::<S>() * difference.clone() * difference.clone();
            adjoint[*unit] += difference;
        }
        for unit in network.products().iter().rev() {
            spread(network, *unit, &step.values, &mut adjoint)?;
        }
        let mut before = vec![S::zero(); network.units()];
        for (synapse, total) in result.weights.iter_mut().enumerate() {
            let (from, to) = network.endpoints(synapse);
            let push = adjoint[to].clone() * step.slopes[to].clone();
            if push.is_zero() {
                continue;
            }
            *total += push.clone() * step.read[from].clone();
            if is_computed(network, from) || !network.factors(from).is_empty() {
                before[from] += push * network.weight(synapse).clone();
            }
        }
        adjoint = before;
    }
    result.initial = adjoint;
    Ok(result)
}

/// One step: what synapses read at it, and what the units made of it.
struct Moment<S> {
    read: Vec<S>,
    values: Vec<S>,
    slopes: Vec<S>,
}

fn forward_over_time<S: Scalar>(
    network: &Network<S>,
    inputs: &[Vec<S>],
    initial: &[S],
) -> Result<Vec<Moment<S>>, GradientError> {
    let computed: Vec<UnitIndex> = (0..network.units())
        .filter(|unit| is_computed(network, *unit))
        .collect();
    let mut steps: Vec<Moment<S>> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut read = sources(network, input)?;
        let before = steps
            .last()
            .map_or(initial, |step: &Moment<S>| step.values.as_slice());
        for unit in computed.iter().chain(network.products()) {
            read[*unit] = before[*unit].clone();
        }
        let mut sums = vec![S::zero(); network.units()];
        for synapse in 0..network.synapses() {
            let (from, to) = network.endpoints(synapse);
            sums[to] += network.weight(synapse).clone() * read[from].clone();
        }
        let (mut values, mut slopes) = (read.clone(), vec![S::zero(); network.units()]);
        for unit in &computed {
            (values[*unit], slopes[*unit]) = activate(network, *unit, &sums[*unit])?;
        }
        for unit in network.products() {
            values[*unit] = multiplied(network, *unit, &values, None)?;
        }
        steps.push(Moment {
            read,
            values,
            slopes,
        });
    }
    Ok(steps)
}
