//! The flat problem that claims are about.

use num_traits::{Signed, Zero};
use std::sync::Arc;

use super::Refusal;
use crate::numbers::{Enclosure, Rational, rational_power};

/// One summand of a synapse's cost: `coefficient · base^power · r^exponent`, `r` the synapse's ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Positive.
    pub coefficient: Rational,
    /// The magnitude of the weight.
    pub base: Rational,
    /// Positive; the cost is irrational where `base^power` is.
    pub power: Rational,
    /// Positive; 1 where the variables are `μ = Λ^p`, `p` where they are `Λ`.
    pub exponent: Rational,
}

impl Cost {
    /// `coefficient · base^power` if it is rational.
    pub fn exact(&self) -> Option<Rational> {
        Some(&self.coefficient * rational_power(&self.base, &self.power)?)
    }

    /// `coefficient · base^power`, enclosed.
    pub fn enclosed(&self, bits: u64) -> Option<Enclosure> {
        let base = Enclosure::from_rational(&self.base, bits.checked_mul(2)?)?;
        base.power(&self.power, bits)?
            .times(&self.coefficient, bits)
    }
}

/// A synapse: how the variables enter its ratio, and its cost as a function of the ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synapse {
    /// `(variable, exponent)`, any number of them, exponents non-zero, variables strictly increasing: two at the most between
    /// units that sum their inputs, more after products. Empty where no scaling changes the weight: between visible units,
    /// within a tie, from a BiLU unit to itself.
    pub direction: Vec<(usize, Rational)>,
    /// The summands; none, or only zero ones, where the weight is 0.
    pub costs: Vec<Cost>,
}

impl Synapse {
    /// Does the synapse take part in balancing: is its cost non-zero, and does a scaling change it?
    pub fn is_active(&self) -> bool {
        !self.direction.is_empty() && !self.is_zero()
    }

    /// Is the cost zero?
    pub fn is_zero(&self) -> bool {
        self.costs.iter().all(|cost| cost.base.is_zero())
    }

    /// Is the synapse active, with two exponents of one sign? BiPU units of negative degree make such synapses, products, and
    /// ties with negative exponents. With three variables or more it always is.
    pub fn raises_both(&self) -> bool {
        let exponents = || self.direction.iter();
        let rising = exponents().filter(|(_, exponent)| exponent.is_positive());
        let falling = exponents().filter(|(_, exponent)| exponent.is_negative());
        self.is_active() && (rising.count() > 1 || falling.count() > 1)
    }
}

/// A balancing problem: see the [module](super). Copies share their synapses, so that whatever is said of a problem can hold it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    variables: usize,
    synapses: Arc<Vec<Synapse>>,
}

impl Problem {
    /// Checks the shape: variables of a synapse in range and increasing, exponents non-zero, signs right.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] with the first synapse that is not as [`Synapse`] and [`Cost`] demand.
    pub fn new(variables: usize, synapses: Vec<Synapse>) -> Result<Self, Refusal> {
        for (index, synapse) in synapses.iter().enumerate() {
            let malformed = |reason| {
                let synapse = index;
                Err(Refusal::Malformed { synapse, reason })
            };
            let mut next = 0;
            for (variable, exponent) in &synapse.direction {
                if *variable < next || *variable >= variables {
                    return malformed("variables must exist and increase");
                }
                if exponent.is_zero() {
                    return malformed("an exponent of a variable is zero");
                }
                next = variable.saturating_add(1);
            }
            for cost in &synapse.costs {
                let mut numbers = [&cost.coefficient, &cost.power, &cost.exponent].into_iter();
                let positive = numbers.all(|number| number.is_positive());
                if !positive || cost.base.is_negative() {
                    return malformed(
                        "coefficients, powers and exponents are positive, bases not negative",
                    );
                }
            }
        }
        let synapses = Arc::new(synapses);
        Ok(Problem {
            variables,
            synapses,
        })
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The synapses, in the order of the network.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// The synapses that take part.
    pub(super) fn active(&self) -> impl Iterator<Item = &Synapse> {
        self.synapses.iter().filter(|synapse| synapse.is_active())
    }

    /// The problem with the cost of some synapses set to zero.
    pub fn without(&self, vanishing: &[usize]) -> Problem {
        let mut reduced = self.clone();
        for index in vanishing {
            if let Some(synapse) = Arc::make_mut(&mut reduced.synapses).get_mut(*index) {
                synapse.costs.clear();
            }
        }
        reduced
    }
}
