//! What a report is about, and how it names synapses.

use serde_json::{Value, json};
use std::ops::Deref;

use crate::formats::OnnxFile;
use crate::network::{Network, SynapseIndex, printable};
use crate::numbers::Rational;

/// A network; where it stands for a model of tensors, with that model, whose entries are what its synapses are called
/// by.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    network: &'a Network<Rational>,
    model: Option<&'a OnnxFile>,
    /// Of how many weights it holds some, and how many of those are suspected.
    whole: Option<(usize, usize)>,
}

impl<'a> Subject<'a> {
    /// The network of a model, whatever its ties; `None` for one that says itself what its units are called.
    pub fn new(network: &'a Network<Rational>, model: Option<&'a OnnxFile>) -> Self {
        Subject {
            network,
            model,
            whole: None,
        }
    }

    /// Some of so many weights, of which so many are suspected.
    pub fn part_of(self, weights: usize, suspected: usize) -> Self {
        let whole = Some((weights, suspected));
        Subject { whole, ..self }
    }

    /// May weights tend to 0? Not in a model that compares what scales, or divides by it.
    pub(super) fn has_limit(&self) -> bool {
        self.model
            .is_none_or(|model| model.broken_at_zero().is_none())
    }

    /// Does the judge find the nearest scaling, but for rounding? Not where weights scale with products or powers of
    /// multipliers, nor among many weights.
    pub(super) fn has_nearest(&self) -> bool {
        let network = self.network;
        self.whole.is_none() && network.has_plain_ties() && network.products().is_empty()
    }

    /// How many weights there are, and how many are suspected where the network has so many of those.
    pub(super) fn counts(&self, suspected: usize) -> (usize, usize) {
        self.whole.unwrap_or((self.network.synapses(), suspected))
    }

    /// The name of a synapse in a text: `tensor[entry]`, or the units that it joins.
    pub(super) fn name(&self, synapse: SynapseIndex) -> String {
        match self.model.map(|model| model.place(synapse)) {
            Some((tensor, entry)) => format!("{}[{entry}]", printable(tensor)),
            None => self.network.synapse_name(synapse),
        }
    }

    /// A synapse in JSON: the units that it joins; in a model its tensor and its place there as well, all axes counted
    /// as one.
    pub(super) fn synapse(&self, synapse: SynapseIndex) -> Value {
        let (from, to) = self.network.endpoints(synapse);
        let [from, to] = [from, to].map(|unit| &self.network.unit(unit).id);
        match self.model.map(|model| model.place(synapse)) {
            Some((tensor, index)) => {
                json!({"from": from, "to": to, "tensor": tensor, "index": index})
            }
            None => json!({"from": from, "to": to}),
        }
    }
}

impl<'a> From<&'a Network<Rational>> for Subject<'a> {
    fn from(network: &'a Network<Rational>) -> Self {
        Subject::new(network, None)
    }
}

impl Deref for Subject<'_> {
    type Target = Network<Rational>;

    fn deref(&self) -> &Network<Rational> {
        self.network
    }
}
