//! A problem as the kernel reads it, with the names that certificates know its units and terms by.

use num_traits::{One, ToPrimitive, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Block, Certificate, Entries, Form, Problem, Refusal};

use super::EnergyFileError;
use crate::formats::ranges::RangeOrigin;
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, rational_to_f64};
use crate::solve::common_step;

/// What a term is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermNames {
    /// `tensor[entry]`, all axes counted as one. Each of these tensors has a block, or, of a mixture, one for each
    /// summand.
    Tensors(Vec<String>),
    /// The number of the synapse. Each summand has a block, its entries are all synapses.
    Synapses,
}

/// A problem with names.
#[derive(Debug, Clone)]
pub struct NamedProblem<'a> {
    /// The problem.
    pub problem: Problem<'a>,
    /// Every unit that can be scaled, and its variable.
    pub units: Vec<(String, usize)>,
    /// What terms are called by.
    pub terms: TermNames,
    /// The ranges of activations that are among its terms.
    pub ranges: Option<RangeOrigin>,
}

impl NamedProblem<'static> {
    /// The problem of a network, with the ids of its units.
    ///
    /// # Errors
    /// What the kernel refuses; nothing in practice.
    pub fn of_network(
        network: &Network<Rational>,
        regularizer: &Regularizer,
    ) -> Result<Self, Refusal> {
        // The multiplier of a unit that is tied by another exponent is a power of that of its variable.
        let is_plain = |unit: &usize| network.exponent(*unit).is_one();
        let scaled = (0..network.units())
            .filter(is_plain)
            .filter_map(|unit| Some((network.unit(unit).id.clone(), network.variable(unit)?)));
        Ok(NamedProblem {
            problem: network.energy_problem(regularizer)?,
            units: scaled.collect(),
            terms: TermNames::Synapses,
            ranges: None,
        })
    }
}

impl<'a> NamedProblem<'a> {
    /// By variable, the power of two of which its multiplier must be a power so that every weight changes by a power of
    /// two, as an exponent: where a weight takes the root of a multiplier, 2, for powers of four.
    pub fn steps(&self) -> Vec<u64> {
        let mut steps = vec![1u64; self.problem.variables()];
        for (variable, exponent) in self.problem.forms().iter().flatten() {
            steps[*variable] = common_step(steps[*variable], exponent.denom().to_u64());
        }
        steps
    }

    /// By variable, the highest power of its multiplier that one channel carries.
    pub fn powers(&self) -> Vec<f64> {
        let mut powers = vec![1.0f64; self.problem.variables()];
        for form in self.problem.forms() {
            if let [(variable, exponent)] = form.as_slice() {
                powers[*variable] = powers[*variable].max(rational_to_f64(exponent).abs());
            }
        }
        powers
    }

    /// The same problem, which these ranges of activations are part of.
    pub fn about(mut self, ranges: Option<&RangeOrigin>) -> Self {
        self.ranges = ranges.cloned();
        self
    }

    /// The problem of a model of tensors: that of one power, which `of_power` makes, or, of a mixture, that of all its
    /// summands.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn of_tensors(
        regularizer: &Regularizer,
        of_power: impl FnOnce(&Rational) -> Result<Self, Refusal>,
    ) -> Result<Self, Refusal> {
        let found = of_power(&regularizer.variable_power())?;
        match regularizer {
            Regularizer::Lp(_) => Ok(found),
            // Exponents of costs `|w|` are those of the weights.
            Regularizer::Mixture(_) => Ok(NamedProblem {
                problem: mixed(&found.problem, &regularizer.terms())?,
                ..found
            }),
        }
    }
}

/// A problem of costs `|w|` with the summands of a mixture in their place.
fn mixed<'a>(
    problem: &Problem<'a>,
    terms: &[(Rational, Rational)],
) -> Result<Problem<'a>, Refusal> {
    let all = problem.forms();
    let powers = terms.iter().map(|(_, power)| power);
    let forms = powers.flat_map(|power| {
        let scaled = move |(variable, exponent): &(usize, Rational)| (*variable, exponent * power);
        all.iter()
            .map(move |form| form.iter().map(scaled).collect::<Form>())
    });
    let blocks = problem.blocks().iter().flat_map(|block| {
        let summands = terms.iter().enumerate();
        summands.map(|(number, (coefficient, power))| {
            let own =
                |forms: &[usize]| forms.iter().map(|form| form + number * all.len()).collect();
            Block {
                rows: own(&block.rows),
                columns: own(&block.columns),
                power: power.clone(),
                coefficient: coefficient.clone(),
                again: number > 0,
                ..block.clone()
            }
        })
    });
    Problem::new(problem.variables(), forms.collect(), blocks.collect())
}

impl NamedProblem<'_> {
    /// The name of a term; with `#k` of the `k`-th summand of a mixture.
    pub fn term(&self, block: usize, entry: usize) -> String {
        let summands = self.summands();
        let (name, summand) = match &self.terms {
            TermNames::Tensors(tensors) => {
                let tensor = tensors.get(block / summands).map_or("", String::as_str);
                (format!("{tensor}[{entry}]"), block % summands)
            }
            TermNames::Synapses => (entry.to_string(), block),
        };
        match summands {
            1 => name,
            _ => format!("{name}#{}", summand + 1),
        }
    }

    /// The summands of the regularizer.
    fn summands(&self) -> usize {
        let blocks = self.problem.blocks().len();
        let summands = match &self.terms {
            TermNames::Tensors(tensors) => blocks.checked_div(tensors.len()),
            TermNames::Synapses => Some(blocks),
        };
        summands.unwrap_or(1).max(1)
    }

    /// The term of a name.
    pub(super) fn find(&self, name: &str) -> Result<(usize, usize), EnergyFileError> {
        let summands = self.summands();
        let (term, summand) = match name.rsplit_once('#') {
            _ if summands == 1 => (name, Some(1)),
            Some((term, summand)) => (term, number(summand)),
            None => (name, None),
        };
        let summand = summand
            .and_then(|summand| summand.checked_sub(1))
            .filter(|summand| *summand < summands);
        let found = summand.and_then(|summand| match &self.terms {
            TermNames::Tensors(tensors) => {
                let (tensor, entry) = term.strip_suffix(']')?.rsplit_once('[')?;
                let block = tensors.iter().position(|known| known == tensor)?;
                Some((block * summands + summand, number(entry)?))
            }
            TermNames::Synapses => Some((summand, number(term)?)),
        });
        // A synapse that no scaling changes, or of weight 0, has no term.
        let is_there = |(block, entry): &(usize, usize)| {
            let block = self.problem.blocks().get(*block);
            block.is_some_and(|block| match &block.entries {
                Entries::Rational(all) => all.get(*entry).is_some_and(|weight| !weight.is_zero()),
                entries => *entry < entries.len(),
            })
        };
        let found = found.filter(is_there);
        found.ok_or_else(|| EnergyFileError::NoSuchTerm(name.chars().take(80).collect()))
    }

    /// The units of each variable.
    pub fn names(&self) -> BTreeMap<usize, Vec<&str>> {
        let mut names: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (name, variable) in &self.units {
            names.entry(*variable).or_default().push(name);
        }
        names
    }

    /// Is it a certificate that this problem's kernel can read back from a file? Every variable needs a unit.
    pub(super) fn fits(&self, certificate: &Certificate) -> bool {
        certificate.point.len() == self.problem.variables()
    }
}

/// A number as it is written: without sign, without leading zeros.
fn number(text: &str) -> Option<usize> {
    let value: usize = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}
