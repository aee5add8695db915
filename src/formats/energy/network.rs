//! A network as the kernel reads it: a list of terms for each summand of the regularizer.

use num_traits::{One, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Problem, Refusal};

use super::{NamedProblem, TermNames};
use crate::network::{Network, Regularizer};
use crate::numbers::Rational;

/// The weights that count: those that are not 0 and that a scaling changes.
#[derive(Debug, Clone)]
pub struct WeightTerms {
    synapses: Vec<usize>,
    weights: Vec<Rational>,
}

impl WeightTerms {
    /// Those of a network.
    pub fn of(network: &Network<Rational>) -> Self {
        let counts = |synapse: &usize| {
            !network.weight(*synapse).is_zero() && !network.direction(*synapse).is_empty()
        };
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

/// The balancing problem of a network, over its weights.
///
/// # Errors
/// What the kernel refuses; nothing in practice.
pub fn network_problem<'a>(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    terms: &'a WeightTerms,
) -> Result<NamedProblem<'a>, Refusal> {
    let mut forms = Forms::default();
    let summands = regularizer.terms();
    let in_cost_space = matches!(regularizer, Regularizer::Lp(_));
    let mut blocks = Vec::new();
    for (coefficient, power) in summands {
        let share = match in_cost_space {
            true => Rational::one(),
            false => power.clone(),
        };
        let places = terms.synapses.iter().map(|synapse| {
            let [target, source] = network.contributions(*synapse);
            (forms.number(target, &share), forms.number(source, &share))
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
    let scaled = (0..network.units())
        .filter_map(|unit| Some((network.unit(unit).id.clone(), network.variable(unit)?)));
    Ok(NamedProblem {
        problem: Problem::new(network.variables(), forms.forms, blocks.collect())?,
        units: scaled.collect(),
        terms: TermNames::Synapses(terms.synapses.clone()),
    })
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
