//! Exact gradients, by evaluating the network in dual numbers.
//!
//! Not by [`crate::learn::gradient`]: one-sided derivatives also decide where a unit is at its kink and `E` has a
//! derivative all the same, because nothing reads the unit.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use num_traits::{One, Zero};
use rhai::{Array, Dynamic};

use super::networks::{accept, charge_evaluation};
use crate::network::{Network, UnitKind};
use crate::numbers::{Rational, Scalar, rational_power};
use crate::script::library::Library;
use crate::script::limits::{Fault, Length, fault};
use crate::script::session::{Session, Shared};
use crate::script::value::{Net, exact, exact_list, number, numbers};

/// A value and its derivative in one direction: the value at `t` is `value + slope t` for small `t > 0`.
///
/// The order is that of small `t > 0`, so that a unit at its kink takes the branch it moves into.
#[derive(Debug, Clone, PartialEq)]
struct Dual {
    value: Rational,
    slope: Rational,
}

impl Dual {
    fn constant(value: Rational) -> Self {
        let slope = Rational::zero();
        Dual { value, slope }
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(
            self.value
                .cmp(&other.value)
                .then_with(|| self.slope.cmp(&other.slope)),
        )
    }
}

impl fmt::Display for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {} t", self.value, self.slope)
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Dual {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Dual {
            value: -self.value,
            slope: -self.slope,
        }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let slope = &self.value * other.slope + self.slope * &other.value;
        Dual {
            value: self.value * other.value,
            slope,
        }
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let slope =
            (self.slope * &other.value - &self.value * other.slope) / (&other.value * &other.value);
        Dual {
            value: self.value / other.value,
            slope,
        }
    }
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Self) {
        *self = self.clone() + other;
    }
}

impl MulAssign for Dual {
    fn mul_assign(&mut self, other: Self) {
        *self = self.clone() * other;
    }
}

impl Zero for Dual {
    fn zero() -> Self {
        Dual::constant(Rational::zero())
    }
    fn is_zero(&self) -> bool {
        self.value.is_zero() && self.slope.is_zero()
    }
}

impl One for Dual {
    fn one() -> Self {
        Dual::constant(Rational::one())
    }
}

impl Scalar for Dual {
    const EXACT: bool = true;

    fn from_rational(value: &Rational) -> Self {
        Dual::constant(value.clone())
    }

    fn to_rational(&self) -> Option<Rational> {
        Some(self.value.clone())
    }

    fn to_f64(&self) -> f64 {
        self.value.to_f64()
    }

    fn power(&self, exponent: &Rational) -> Option<Self> {
        let value = rational_power(&self.value, exponent)?;
        if self.slope.is_zero() || exponent.is_zero() {
            return Some(Dual::constant(value));
        }
        let inner = rational_power(&self.value, &(exponent - Rational::one()))?;
        Some(Dual {
            value,
            slope: exponent * inner * &self.slope,
        })
    }

    fn transcendental(&self, _function: fn(f64) -> f64) -> Option<Self> {
        None
    }
}

/// Inputs and targets.
struct Sample {
    input: Vec<Rational>,
    target: Vec<Rational>,
}

/// Reads data as an array of `[inputs, targets]`, and charges for `times` evaluations of the error.
fn samples(
    net: &Net,
    data: &[Dynamic],
    times: u64,
    session: &Session,
) -> Result<Vec<Sample>, Fault> {
    let outputs = net.0.units_of(UnitKind::Output).len();
    let mut total = Length::default();
    let read = |sample: &Dynamic| {
        let pair = sample.read_lock::<Array>();
        let pair = pair.filter(|pair| pair.len() == 2);
        let pair = pair.ok_or_else(|| fault("data is an array of samples [inputs, targets]"))?;
        let mut parts = pair.iter().map(exact_list);
        let mut next = || parts.next().unwrap_or_else(|| Ok(Vec::new()));
        let sample = Sample {
            input: next()?,
            target: next()?,
        };
        if sample.target.len() != outputs {
            let found = sample.target.len();
            return Err(fault(format!(
                "{found} targets were given, the network has {outputs} outputs"
            )));
        }
        let output = charge_evaluation(&net.0, &sample.input, None, times, session)?;
        for target in &sample.target {
            total = total.plus(output.plus(Length::of(target)).power(2));
            session
                .work
                .charge(total.operation(total).saturating_mul(times))?;
        }
        Ok(sample)
    };
    data.iter().map(read).collect()
}

/// `E = 1/2 Σ (y - t)²` over samples and outputs.
fn error<S: Scalar>(network: &Network<S>, samples: &[Sample]) -> Result<S, Fault> {
    let half = S::from_rational(&Rational::new(1.into(), 2.into()));
    let mut total = S::zero();
    for sample in samples {
        let input: Vec<S> = sample.input.iter().map(S::from_rational).collect();
        let outputs = network
            .evaluate(&input)
            .map_err(|error| fault(error.to_string()))?;
        for (output, target) in outputs.into_iter().zip(&sample.target) {
            let difference = output - S::from_rational(target);
            total += half.clone() * difference.clone() * difference;
        }
    }
    Ok(total)
}

/// `∂E/∂w` of every weight, where both one-sided derivatives agree.
fn gradient(net: &Net, data: &[Dynamic], session: &Session) -> Result<Vec<Rational>, Fault> {
    // Two evaluations for each synapse, in dual numbers: twice as long, and some five operations for one.
    let samples = samples(net, data, 40 * net.0.synapses() as u64, session)?;
    let plain = net.0.convert(|weight| Dual::constant(weight.clone()));
    let mut gradient = Vec::with_capacity(net.0.synapses());
    for synapse in 0..net.0.synapses() {
        let slope = |direction: i64| {
            let mut weights = plain.weights();
            if let Some(weight) = weights.get_mut(synapse) {
                weight.slope = Rational::from_integer(direction.into());
            }
            Ok::<_, Fault>(error(&plain.with_weights(weights), &samples)?.slope)
        };
        let (forward, backward) = (slope(1)?, -slope(-1)?);
        if forward != backward {
            let name = net.0.synapse_name(synapse);
            return Err(fault(format!(
                "E has no derivative in the weight of {name}: a unit is at its kink"
            )));
        }
        gradient.push(forward);
    }
    Ok(gradient)
}

/// Registers `error`, `gradient` and `descend`.
pub fn register(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "error",
        move |net: Net, data: Array| -> Result<Dynamic, Fault> {
            number(
                error(&net.0, &samples(&net, &data, 1, &shared)?)?,
                &shared.work,
            )
        },
    );
    let shared = session.clone();
    library.register_fn(
        "gradient",
        move |net: Net, data: Array| -> Result<Dynamic, Fault> {
            numbers(gradient(&net, &data, &shared)?, &shared.work)
        },
    );
    let shared = session.clone();
    library.register_fn(
        "descend",
        move |net: Net, gradient: Dynamic, rate: Dynamic| -> Result<Net, Fault> {
            let (gradient, rate) = (exact_list(&gradient)?, exact(&rate)?);
            if gradient.len() != net.0.synapses() {
                let (found, needed) = (gradient.len(), net.0.synapses());
                return Err(fault(format!(
                    "{found} derivatives were given, the network has {needed} synapses"
                )));
            }
            for (weight, slope) in net.0.weights().iter().zip(&gradient) {
                let step = Length::of(&rate).times(Length::of(slope));
                let work = step.operation(step) + step.operation(Length::of(weight));
                shared.work.charge(work)?;
            }
            let moved = net.0.weights().into_iter().zip(gradient);
            let weights = moved.map(|(weight, slope)| weight - &rate * slope);
            accept(net.0.with_weights(weights.collect()), &shared)
        },
    );
}
