//! Problems of exact weights, synapse by synapse: what all rules but that of energy are about.

use num_traits::{One, Signed, Zero};
use std::sync::Arc;

use crate::number::{Base, Number, Powers};
use crate::problem::is_number;
use crate::work::Work;
use crate::{Rational, Refusal};

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

    /// `Π μ_v^{d_v}` where it is rational.
    pub(crate) fn ratio(&self, multipliers: &[Rational]) -> Option<Rational> {
        let factors = self.factors(multipliers, &Rational::one())?;
        Powers::of(&factors)?.exact(&mut Work::new(1))
    }

    fn factors(&self, point: &[Rational], power: &Rational) -> Option<Vec<(Base, Rational)>> {
        let factors = self.direction.iter();
        factors
            .map(|(variable, d)| Some((Base::from(point.get(*variable)?), d * power)))
            .collect()
    }
}

/// A balancing problem: the variables `μ_v > 0` enter the *ratio* `r_e = Π_v μ_v^{d_ev}` of synapse `e`, whose cost is
/// `Σ_k a_k b_k^{p_k} r_e^{q_k}`. The regularizer is the sum of all costs.
/// For variable `v`, `A_v` sums `d_ev q_k · cost` over the synapses with `d_ev > 0` and `B_v` the same with
/// `-d_ev` over those with `d_ev < 0`; the gradient of the regularizer in `log μ_v` is `A_v - B_v`.
///
/// Copies share their synapses, so that whatever is said of a problem can hold it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flat {
    variables: usize,
    synapses: Arc<Vec<Synapse>>,
}

impl Flat {
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
                if !is_number(exponent) || exponent.is_zero() {
                    return malformed("an exponent of a variable is zero");
                }
                next = variable.saturating_add(1);
            }
            for cost in &synapse.costs {
                let mut numbers = [&cost.coefficient, &cost.power, &cost.exponent].into_iter();
                let positive = numbers.all(|number| is_number(number) && number.is_positive());
                if !positive || !is_number(&cost.base) || cost.base.is_negative() {
                    return malformed(
                        "coefficients, powers and exponents are positive, bases not negative",
                    );
                }
            }
        }
        let synapses = Arc::new(synapses);
        Ok(Flat {
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
    pub(crate) fn active(&self) -> impl Iterator<Item = &Synapse> {
        self.synapses.iter().filter(|synapse| synapse.is_active())
    }

    /// The problem with the cost of some synapses set to zero.
    pub fn without(&self, vanishing: &[usize]) -> Flat {
        let mut reduced = self.clone();
        for index in vanishing {
            if let Some(synapse) = Arc::make_mut(&mut reduced.synapses).get_mut(*index) {
                synapse.costs.clear();
            }
        }
        reduced
    }

    /// The summands of `A_v` and of `B_v`, for every variable.
    pub(crate) fn shares(&self) -> Vec<[Vec<Share<'_>>; 2]> {
        let mut sides = vec![[Vec::new(), Vec::new()]; self.variables];
        for synapse in self.active() {
            for (variable, exponent) in &synapse.direction {
                let Some([input, output]) = sides.get_mut(*variable) else {
                    continue;
                };
                let side = match exponent.is_positive() {
                    true => input,
                    false => output,
                };
                let costs = synapse.costs.iter().filter(|cost| !cost.base.is_zero());
                side.extend(costs.map(|cost| Share {
                    synapse,
                    cost,
                    exponent,
                }));
            }
        }
        sides
    }
}

/// `|d| q a b^p r^q`: what one summand of a synapse's cost adds to a side of a variable with exponent `d`.
#[derive(Clone, Copy)]
pub(crate) struct Share<'a> {
    synapse: &'a Synapse,
    cost: &'a Cost,
    exponent: &'a Rational,
}

impl Share<'_> {
    fn coefficient(&self) -> Rational {
        &self.cost.coefficient * &self.cost.exponent * self.exponent.abs()
    }

    fn factors(&self, point: &[Rational]) -> Option<Vec<(Base, Rational)>> {
        let mut factors = self.synapse.factors(point, &self.cost.exponent)?;
        factors.push((Base::from(&self.cost.base), self.cost.power.clone()));
        Some(factors)
    }

    /// The value at a point, rounded down.
    pub(crate) fn rounded(&self, point: &[Rational], bits: u32) -> Option<Number> {
        let mut factors = self.factors(point)?;
        factors.push((Base::from(&self.coefficient()), Rational::one()));
        Powers::of(&factors)?.rounded(bits)
    }

    /// The value where it is rational and not too long.
    pub(crate) fn exact(&self, point: &[Rational], work: &mut Work) -> Option<Rational> {
        let product = Powers::of(&self.factors(point)?)?.exact(work)?;
        work.product(&self.coefficient(), &product)
    }
}
