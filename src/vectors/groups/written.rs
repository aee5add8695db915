//! Networks of products, written as scripts write them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::VectorError;
use super::q;
use crate::network::{Activation, Network, Tie, Unit, UnitKind};
use crate::numbers::Rational;

/// Units by place, and what is said of them.
#[derive(Default)]
struct Written<'a> {
    ids: Vec<&'a str>,
    declared: BTreeMap<usize, &'a str>,
    products: BTreeMap<usize, Vec<usize>>,
    synapses: Vec<(usize, usize, Rational)>,
    ties: Vec<Tie>,
}

/// `x -> a: 1; product z: a b; tie a b^-1; unit a: linear`: a unit that nothing enters is an input, or the bias if it
/// is `one`; one that leads nowhere an output; else hidden, a ReLU. `unit` says `input`, `relu`, `linear` or `square`
/// of one.
pub(super) fn text(network: &str) -> Result<Network<Rational>, VectorError> {
    let mut written = Written::default();
    for entry in network.split([';', '\n']).map(str::trim) {
        if !entry.is_empty() {
            let read = written.read(entry)?;
            read.ok_or_else(|| VectorError::from(format!("`{entry}` says nothing")))?;
        }
    }
    written.finish()
}

impl<'a> Written<'a> {
    fn unit(&mut self, id: &'a str) -> usize {
        let known = self.ids.iter().position(|known| *known == id);
        known.unwrap_or_else(|| {
            self.ids.push(id);
            self.ids.len() - 1
        })
    }

    fn read(&mut self, entry: &'a str) -> Result<Option<()>, VectorError> {
        let (head, rest) = entry.split_once(':').unwrap_or((entry, ""));
        let mut words = head.split_whitespace();
        match (words.next(), words.next()) {
            (Some("product"), Some(id)) => {
                let unit = self.unit(id);
                let factors = rest.split_whitespace().map(|factor| self.unit(factor));
                let factors = factors.collect();
                self.products.insert(unit, factors);
            }
            (Some("unit"), Some(id)) => {
                let unit = self.unit(id);
                self.declared.insert(unit, rest.trim());
            }
            (Some("tie"), Some(_)) => {
                let mut tie = Vec::new();
                for word in entry.split_whitespace().skip(1) {
                    let (id, exponent) = word.split_once('^').unwrap_or((word, "1"));
                    tie.push((self.unit(id), q(exponent)?));
                }
                self.ties.push(tie);
            }
            (Some(from), Some("->")) => {
                let Some(to) = words.next() else {
                    return Ok(None);
                };
                let (from, to) = (self.unit(from), self.unit(to));
                self.synapses.push((from, to, q(rest.trim())?));
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn finish(self) -> Result<Network<Rational>, VectorError> {
        let entered: BTreeSet<usize> = self.synapses.iter().map(|(_, to, _)| *to).collect();
        let leading = self.synapses.iter().map(|(from, ..)| *from);
        let leading: BTreeSet<usize> = leading
            .chain(self.products.values().flatten().copied())
            .collect();
        let mut units = Vec::with_capacity(self.ids.len());
        for (place, id) in self.ids.iter().enumerate() {
            let (kind, activation) = match self.declared.get(&place) {
                _ if self.products.contains_key(&place) => (UnitKind::Product, Activation::Linear),
                Some(&"input") => (UnitKind::Input, Activation::Linear),
                Some(&"linear") => (UnitKind::Hidden, Activation::Linear),
                Some(&"relu") => (UnitKind::Hidden, Activation::Relu),
                Some(&"square") => (UnitKind::Hidden, super::bipu::power("2")?),
                Some(other) => return Err(format!("`{other}` is no unit").into()),
                None if entered.contains(&place) && leading.contains(&place) => {
                    (UnitKind::Hidden, Activation::Relu)
                }
                None if entered.contains(&place) => (UnitKind::Output, Activation::Linear),
                None if *id == "one" => (UnitKind::Bias, Activation::Linear),
                None => (UnitKind::Input, Activation::Linear),
            };
            units.push(Unit::new(*id, kind, activation));
        }
        let built = Network::with_products(units, self.products, self.synapses, self.ties);
        built.map_err(|fault| fault.to_string().into())
    }
}
