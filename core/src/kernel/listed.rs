//! The problem as solvers take it: synapse by synapse, beside what the kernel reads. Nothing here is trusted.

use num_traits::{CheckedDiv, One, Signed, Zero};
use std::ops::Deref;
use std::sync::Arc;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Problem as Trusted};

use super::Refusal;
use crate::numbers::Rational;

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
    /// `(variable, exponent)`, any number of them, exponents non-zero, variables strictly increasing: two at the most
    /// between units that sum their inputs, more after products. Empty where no scaling changes the weight: between
    /// visible units, within a tie, from a BiLU unit to itself.
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

    /// Is the synapse active, with two exponents of one sign? BiPU units of negative degree make such synapses,
    /// products, and ties with negative exponents. With three variables or more it always is.
    pub fn raises_both(&self) -> bool {
        let exponents = || self.direction.iter();
        let rising = exponents().filter(|(_, exponent)| exponent.is_positive());
        let falling = exponents().filter(|(_, exponent)| exponent.is_negative());
        self.is_active() && (rising.count() > 1 || falling.count() > 1)
    }
}

/// A balancing problem, which is that of the kernel, with its synapses listed: the variables `μ_v > 0` enter
/// the *ratio* `r_e = Π_v μ_v^{d_ev}` of synapse `e`, whose cost is `Σ_k a_k b_k^{p_k} r_e^{q_k}`. The
/// regularizer is the sum of all costs. For variable `v`, `A_v` sums `d_ev q_k · cost` over the synapses with
/// `d_ev > 0` and `B_v` the same with `-d_ev` over those with `d_ev < 0`; the gradient of the regularizer in
/// `log μ_v` is `A_v - B_v`.
///
/// Claims are about the kernel's problem, which alone is trusted: a list that does not agree with it makes solvers
/// fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    trusted: Trusted<'static>,
    synapses: Arc<Vec<Synapse>>,
}

impl Deref for Problem {
    type Target = Trusted<'static>;

    fn deref(&self) -> &Trusted<'static> {
        &self.trusted
    }
}

impl Problem {
    /// A problem with its weights listed.
    pub(crate) fn listed(trusted: Trusted<'static>, synapses: Vec<Synapse>) -> Self {
        let synapses = Arc::new(synapses);
        Problem { trusted, synapses }
    }

    /// The problem of these synapses: a block for each summand of each cost.
    ///
    /// # Errors
    /// [`Refusal::Form`] and [`Refusal::Block`], where variables do not exist, exponents are 0, or coefficients, powers
    /// and exponents of costs are not positive.
    pub fn new(variables: usize, synapses: Vec<Synapse>) -> Result<Self, Refusal> {
        let (mut forms, mut blocks) = (vec![Form::new()], Vec::new());
        for synapse in &synapses {
            let is_sorted = synapse.direction.is_sorted_by(|one, other| one.0 < other.0);
            let nothing = [Cost {
                coefficient: Rational::one(),
                base: Rational::zero(),
                power: Rational::one(),
                exponent: Rational::one(),
            }];
            let costs = match synapse.costs.as_slice() {
                [] => &nothing,
                costs => costs,
            };
            for (place, cost) in costs.iter().enumerate() {
                let number = forms.len();
                let reason = match () {
                    () if !is_sorted => "the variables of a synapse increase",
                    () if !cost.exponent.is_positive() => "the exponent of a cost is positive",
                    () if cost.base.is_negative() => "the magnitude of a weight is not negative",
                    () => "",
                };
                if !reason.is_empty() {
                    return Err(Refusal::Form(number, reason));
                }
                let factors = synapse.direction.iter();
                let factors = factors.map(|(variable, d)| (*variable, d * &cost.exponent));
                forms.push(factors.collect());
                blocks.push(Block {
                    entries: Entries::Rational(vec![cost.base.clone()].into()),
                    rows: vec![number],
                    columns: vec![0],
                    layout: Layout::Dense,
                    power: cost.power.clone(),
                    coefficient: cost.coefficient.clone(),
                    again: place > 0,
                });
            }
        }
        Ok(Problem::listed(
            Trusted::new(variables, forms, blocks)?,
            synapses,
        ))
    }

    /// The synapses, in the order of the network.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// The problem with the cost of some synapses set to zero.
    pub fn without(&self, vanishing: &[usize]) -> Problem {
        if vanishing.is_empty() {
            return self.clone();
        }
        let mut synapses = self.synapses.to_vec();
        for index in vanishing {
            if let Some(synapse) = synapses.get_mut(*index) {
                synapse.costs.clear();
            }
        }
        let reduced = Problem::new(self.variables(), synapses);
        reduced.unwrap_or_else(|_| self.clone())
    }

    fn active(&self) -> impl Iterator<Item = &Synapse> {
        self.synapses.iter().filter(|synapse| synapse.is_active())
    }

    /// For each variable `v`, `(first, z_v)` if its component can be scaled as a whole without changing any weight:
    /// `first` is its smallest variable, `z_first = 1`, and multiplying every `μ_v` of the component by `t^{z_v}`
    /// leaves every ratio as it is. `None` where the weights determine the multipliers.
    ///
    /// That is the case where no synapse of non-zero cost joins the component to the ground and all its synapses agree:
    /// `Σ_v d_ev z_v = 0` determines each `z_v` from a neighbour's. Between BiLU units every `z` is 1; BiPU units of a
    /// cycle may disagree, and then only `z = 0` is left. A variable without active synapses is a component of its own.
    /// Cost: linear, in exact products of exponents along components away from the ground.
    ///
    /// # Errors
    /// [`Refusal::RaisesBoth`] with a synapse of three variables or more: a component can then be scaled in several
    /// ways, or in part, which is not looked into here. Of two variables the exponents may be any.
    pub fn common_scaling(&self) -> Result<Vec<Option<(usize, Rational)>>, Refusal> {
        let is_wide = |synapse: &Synapse| synapse.is_active() && synapse.direction.len() > 2;
        if let Some(synapse) = self.synapses().iter().position(is_wide) {
            return Err(Refusal::RaisesBoth(synapse));
        }
        let mut around: Vec<Vec<&Synapse>> = vec![Vec::new(); self.variables()];
        for synapse in self.active() {
            for (variable, _) in &synapse.direction {
                if let Some(synapses) = around.get_mut(*variable) {
                    synapses.push(synapse);
                }
            }
        }
        let mut seen = vec![false; self.variables()];
        let mut scaling: Vec<Option<(usize, Rational)>> = vec![None; self.variables()];
        for first in 0..self.variables() {
            if seen.get(first) == Some(&true) {
                continue;
            }
            let (reached, agree) = spread(first, &around, &mut scaling);
            for variable in reached {
                if let Some(seen) = seen.get_mut(variable) {
                    *seen = true;
                }
                if let (Some(slot), false) = (scaling.get_mut(variable), agree) {
                    *slot = None;
                }
            }
        }
        Ok(scaling)
    }
}

/// Carries `z_first = 1` through the component of `first`; the variables reached, and whether all synapses agree, none
/// of which joins the ground.
fn spread(
    first: usize,
    around: &[Vec<&Synapse>],
    scaling: &mut [Option<(usize, Rational)>],
) -> (Vec<usize>, bool) {
    if let Some(slot) = scaling.get_mut(first) {
        *slot = Some((first, Rational::one()));
    }
    let (mut reached, mut waiting, mut agree) = (vec![first], vec![first], true);
    while let Some(variable) = waiting.pop() {
        let Some(Some((_, own))) = scaling.get(variable).cloned() else {
            continue;
        };
        for synapse in around.get(variable).into_iter().flatten() {
            let (a, other, b) = match synapse.direction.as_slice() {
                [(one, a), (other, b)] if *one == variable => (a, other, b),
                [(other, b), (_, a)] => (a, other, b),
                _ => {
                    agree = false;
                    continue;
                }
            };
            // Once they disagree the numbers do not matter.
            let demanded = agree.then(|| (-&own * a).checked_div(b)).flatten();
            let demanded = demanded.unwrap_or_else(Rational::one);
            match scaling.get_mut(*other) {
                Some(Some((_, found))) => agree &= *found == demanded,
                Some(slot) => {
                    *slot = Some((first, demanded));
                    reached.push(*other);
                    waiting.push(*other);
                }
                None => agree = false,
            }
        }
    }
    (reached, agree)
}
