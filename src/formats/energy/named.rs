//! A problem as the kernel reads it, with the names that certificates know its units and terms by.

use num_traits::{One, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Certificate, Entries, Problem, Refusal};

use super::EnergyFileError;
use crate::network::{Network, Regularizer};
use crate::numbers::Rational;

/// What a term is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermNames {
    /// `tensor[entry]`, all axes counted as one: the tensor of each block.
    Tensors(Vec<String>),
    /// The number of the synapse; with `#k` for the `k`-th summand of a mixture. Each summand has a block, its entries are all synapses.
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
        })
    }
}

impl NamedProblem<'_> {
    /// The name of a term.
    pub fn term(&self, block: usize, entry: usize) -> String {
        match &self.terms {
            TermNames::Tensors(tensors) => {
                let tensor = tensors.get(block).map_or("", String::as_str);
                format!("{tensor}[{entry}]")
            }
            TermNames::Synapses => match self.problem.blocks().len() {
                1 => entry.to_string(),
                _ => format!("{entry}#{}", block + 1),
            },
        }
    }

    /// The term of a name.
    pub(super) fn find(&self, name: &str) -> Result<(usize, usize), EnergyFileError> {
        let found = match &self.terms {
            TermNames::Tensors(tensors) => name.strip_suffix(']').and_then(|name| {
                let (tensor, entry) = name.rsplit_once('[')?;
                let block = tensors.iter().position(|known| known == tensor)?;
                Some((block, number(entry)?))
            }),
            TermNames::Synapses => {
                let (synapse, summand) = name.split_once('#').unwrap_or((name, "1"));
                let is_whole = name.contains('#') == (self.problem.blocks().len() > 1);
                let block = number(summand).and_then(|summand| summand.checked_sub(1));
                block.zip(number(synapse)).filter(|_| is_whole)
            }
        };
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
