//! From a network to the problem of energy certificates: a list of terms for each summand of the regularizer. Part of what has to be trusted.

use num_traits::{One, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Problem, Refusal};

use super::{Network, Regularizer};
use crate::numbers::Rational;

/// The weights that count: those that are not 0 and that a scaling changes.
#[derive(Debug, Clone)]
pub struct WeightTerms {
    /// Their synapses, in order.
    pub synapses: Vec<usize>,
    weights: Vec<Rational>,
}

impl WeightTerms {
    /// Those of a network.
    pub fn of(network: &Network<Rational>) -> Self {
        let counts =
            |synapse: &usize| !network.weight(*synapse).is_zero() && network.is_scaled(*synapse);
        let synapses: Vec<usize> = (0..network.synapses()).filter(counts).collect();
        let weights = synapses
            .iter()
            .map(|synapse| network.weight(*synapse).clone());
        WeightTerms {
            weights: weights.collect(),
            synapses,
        }
    }
}

impl Network<Rational> {
    /// The balancing problem over the weights of the network: variables as in [`problem`](Network::problem), a block for each summand of the regularizer.
    ///
    /// # Errors
    /// What the kernel refuses; nothing in practice.
    pub fn energy_problem<'a>(
        &self,
        regularizer: &Regularizer,
        terms: &'a WeightTerms,
    ) -> Result<Problem<'a>, Refusal> {
        let mut forms = Forms::default();
        let in_cost_space = matches!(regularizer, Regularizer::Lp(_));
        let mut blocks = Vec::new();
        for (coefficient, power) in regularizer.terms() {
            let share = match in_cost_space {
                true => Rational::one(),
                false => power.clone(),
            };
            // What a unit contributes is the same for all its synapses.
            let mut known = [vec![None; self.units()], vec![None; self.units()]];
            let places = terms.synapses.iter().map(|synapse| {
                let (from, to) = self.endpoints(*synapse);
                if let (Some(row), Some(column)) = (known[0][to], known[1][from]) {
                    return (row, column);
                }
                let [target, source] = self.contributions(*synapse);
                let (row, column) = (forms.number(target, &share), forms.number(source, &share));
                (known[0][to], known[1][from]) = (Some(row), Some(column));
                (row, column)
            });
            let layout = Layout::List(places.collect());
            blocks.push((coefficient, power, layout));
        }
        let all: Vec<usize> = (0..forms.forms.len()).collect();
        let blocks = blocks
            .into_iter()
            .map(|(coefficient, power, layout)| Block {
                entries: Entries::Rational(&terms.weights),
                rows: all.clone(),
                columns: all.clone(),
                layout,
                power,
                coefficient,
            });
        Problem::new(self.variables(), forms.forms, blocks.collect())
    }
}

/// Forms by their factors, each once.
#[derive(Default)]
struct Forms {
    forms: Vec<Form>,
    numbers: BTreeMap<Vec<(usize, Rational)>, usize>,
}

impl Forms {
    fn number(&mut self, factors: Vec<(usize, Rational)>, share: &Rational) -> usize {
        let scaled = factors.into_iter();
        let scaled: Vec<(usize, Rational)> = scaled
            .map(|(variable, exponent)| (variable, exponent * share))
            .collect();
        let next = self.forms.len();
        let number = *self.numbers.entry(scaled.clone()).or_insert(next);
        if number == next {
            self.forms.push(Form::new(scaled));
        }
        number
    }
}
