//! From a network to the kernel's problem: a list of terms for each summand of the regularizer. Part of what has to be
//! trusted.

use num_traits::{One, Zero};
use synaptic_balance_kernel::{Block, Entries, Layout, Problem, Refusal};

use super::{Network, Regularizer};
use crate::numbers::Rational;

impl Network<Rational> {
    /// The weights that a scaling changes, in the order of the synapses; 0 in place of the others.
    pub fn counted_weights(&self) -> Vec<Rational> {
        let weight = |synapse| match self.is_scaled(synapse) {
            true => self.weight(synapse).clone(),
            false => Rational::zero(),
        };
        (0..self.synapses()).map(weight).collect()
    }

    /// The balancing problem over the weights of the network: minimise the regularizer over all scalings. Its weights
    /// are the synapses, in their order; what no scaling changes counts as 0. A block for each summand of the
    /// regularizer.
    ///
    /// Variable `v` of the problem is `μ_v = Λ_v^p` for `L_p`, so that costs scale by ratios of variables, and
    /// `Λ_v` itself for a mixture.
    ///
    /// # Errors
    /// What the kernel refuses; for a [`Regularizer`] put together by hand with a power or factor that is not positive.
    pub fn energy_problem(&self, regularizer: &Regularizer) -> Result<Problem<'static>, Refusal> {
        let (mut forms, mut blocks) = (Vec::new(), Vec::new());
        // What a unit contributes as a target, and as a source, is the same for all its synapses.
        let place = |synapse| {
            let (from, to) = self.endpoints(synapse);
            (2 * to, 2 * from + 1)
        };
        for (coefficient, power) in regularizer.terms() {
            let share = match regularizer {
                Regularizer::Lp(_) => Rational::one(),
                _ => power.clone(),
            };
            let first = forms.len();
            for form in (0..self.units()).flat_map(|unit| self.contributions(unit)) {
                let factors = form.into_iter();
                let factors = factors.map(|(variable, exponent)| (variable, exponent * &share));
                forms.push(factors.collect());
            }
            let all: Vec<usize> = (first..forms.len()).collect();
            blocks.push(Block {
                entries: Entries::Rational(self.counted_weights().into()),
                rows: all.clone(),
                columns: all,
                layout: Layout::List((0..self.synapses()).map(place).collect()),
                power,
                coefficient,
                again: first > 0,
            });
        }
        Problem::new(self.variables(), forms, blocks)
    }
}
