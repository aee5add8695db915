//! The network model: valid by construction.

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::BTreeMap;

use super::products::Products;
use super::text::printable;
use super::ties::{Tie, plain};
use super::validate::{check_synapse, check_ties, check_units, id};
use super::{Activation, NetworkError};
use crate::numbers::{Rational, Scalar};

/// A unit's place: units are numbered from 0 in the order in which the network was given.
pub type UnitIndex = usize;

/// A synapse's place, in the order in which the network was given.
pub type SynapseIndex = usize;

/// What a unit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// Given from outside; visible.
    Input,
    /// The constant 1, the source of biases; visible.
    Bias,
    /// May be scaled if its activation is homogeneous.
    Hidden,
    /// Read from outside; visible.
    Output,
    /// The product of the values of other units at the same time: no synapses enter it, and it has no multiplier of its
    /// own.
    Product,
}

/// A unit. The activation of an input, bias or product unit is not looked at; give [`Activation::Linear`].
#[derive(Debug, Clone, PartialEq)]
pub struct Unit<S> {
    /// A name, unique in the network.
    pub id: String,
    /// What it is for.
    pub kind: UnitKind,
    /// What it computes of the sum of its inputs.
    pub activation: Activation<S>,
}

impl<S> Unit<S> {
    /// A unit of a kind with an activation.
    pub fn new(id: impl Into<String>, kind: UnitKind, activation: Activation<S>) -> Self {
        Unit {
            id: id.into(),
            kind,
            activation,
        }
    }
}

/// A network: any directed graph of units, with at most one synapse between an ordered pair.
///
/// Cycles and self-connections are allowed; inputs, biases and products take no synapses. Hidden units whose activation
/// is homogeneous may be scaled; units in one tie share a multiplier, or have powers of one. Ties that overlap are one
/// tie; a tie that holds a unit which cannot be scaled, or exponents that contradict each other, fixes all its units.
/// Each independent multiplier is a *variable*, numbered by the first unit that has it. A [product](UnitKind::Product)
/// unit's value scales as those of its factors do together ([`form`](Network::form)).
///
/// ```
/// use synaptic_balance::network::{Activation, Network, Unit, UnitKind};
/// let units = vec![
///     Unit::new("x", UnitKind::Input, Activation::Linear),
///     Unit::new("a", UnitKind::Hidden, Activation::Relu),
///     Unit::new("y", UnitKind::Output, Activation::Linear),
/// ];
/// let network = Network::new(units, vec![(0, 1, 4.0), (1, 2, 0.25)], vec![]).unwrap();
/// assert_eq!(network.variables(), 1);
/// assert_eq!(network.evaluate(&[3.0]).unwrap(), [3.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Network<S> {
    pub(super) graph: DiGraph<Unit<S>, S>,
    pub(super) products: Products,
    pub(super) ties: Vec<Tie>,
    pub(super) variable: Vec<Option<usize>>,
    pub(super) members: Vec<Vec<UnitIndex>>,
    /// Of the units whose multiplier is not their variable itself.
    pub(super) exponents: BTreeMap<UnitIndex, Rational>,
}

impl<S: Scalar> Network<S> {
    /// Builds a network from units, synapses `(from, to, weight)` and ties, all by index.
    ///
    /// # Errors
    /// The first fault in the order units, synapses, ties; see [`NetworkError`].
    pub fn new(
        units: Vec<Unit<S>>,
        synapses: Vec<(UnitIndex, UnitIndex, S)>,
        ties: Vec<Vec<UnitIndex>>,
    ) -> Result<Self, NetworkError> {
        let ties = ties.into_iter().map(plain).collect();
        Network::build(
            units,
            BTreeMap::new(),
            synapses,
            ties,
            Some(BTreeMap::new()),
        )
    }

    /// The same with products, `factors` by the index of each product unit, and ties with exponents.
    ///
    /// # Errors
    /// As [`new`](Network::new), with the faults of products after those of units; see [`NetworkError`].
    ///
    /// ```
    /// use synaptic_balance::network::{Activation, Network, NetworkError, Unit, UnitKind};
    /// let unit = |id, kind| Unit::new(id, kind, Activation::Linear);
    /// let units = vec![unit("x", UnitKind::Input), unit("z", UnitKind::Product)];
    /// let fault = Network::<f64>::with_products(units, [(1, vec![0, 1])].into(), vec![], vec![]);
    /// assert_eq!(fault.unwrap_err(), NetworkError::ProductCycle { index: 1, id: "z".into() });
    /// ```
    pub fn with_products(
        units: Vec<Unit<S>>,
        factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
        synapses: Vec<(UnitIndex, UnitIndex, S)>,
        ties: Vec<Tie>,
    ) -> Result<Self, NetworkError> {
        Network::build(units, factors, synapses, ties, Some(BTreeMap::new()))
    }

    /// [`with_products`](Network::with_products) where several synapses may join one ordered pair of units: a unit then
    /// stands for a channel of a tensor, and its synapses for all weights between two channels. Their costs add up; the
    /// network is balanced, not evaluated.
    ///
    /// # Errors
    /// As [`new`](Network::new), but for synapses given twice.
    pub fn with_parallel_synapses(
        units: Vec<Unit<S>>,
        factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
        synapses: Vec<(UnitIndex, UnitIndex, S)>,
        ties: Vec<Tie>,
    ) -> Result<Self, NetworkError> {
        Network::build(units, factors, synapses, ties, None)
    }

    /// `seen` holds the synapse of each ordered pair, where there may be only one.
    fn build(
        units: Vec<Unit<S>>,
        factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
        synapses: Vec<(UnitIndex, UnitIndex, S)>,
        ties: Vec<Tie>,
        mut seen: Option<BTreeMap<(UnitIndex, UnitIndex), SynapseIndex>>,
    ) -> Result<Self, NetworkError> {
        check_units(&units)?;
        let mut graph = DiGraph::with_capacity(units.len(), synapses.len());
        for unit in units {
            graph.add_node(unit);
        }
        let products = Products::new(&graph, factors)?;
        for (index, (from, to, weight)) in synapses.into_iter().enumerate() {
            check_synapse(&graph, index, from, to, &weight)?;
            let earlier = seen
                .as_mut()
                .and_then(|seen| seen.insert((from, to), index));
            if let Some(first) = earlier {
                let (from, to) = (id(&graph, from), id(&graph, to));
                return Err(NetworkError::DuplicateSynapse {
                    index,
                    from,
                    to,
                    first,
                });
            }
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), weight);
        }
        products.check_size(&graph)?;
        check_ties(&graph, &ties)?;
        let mut network = Network {
            graph,
            products,
            ties,
            variable: Vec::new(),
            members: Vec::new(),
            exponents: BTreeMap::new(),
        };
        network.assign_variables();
        Ok(network)
    }

    /// The same network with ties beside those that it has.
    ///
    /// # Errors
    /// A unit that does not exist, or a tie of one unit; see [`NetworkError`].
    pub fn tied(&self, ties: Vec<Vec<UnitIndex>>) -> Result<Self, NetworkError> {
        let ties: Vec<Tie> = ties.into_iter().map(plain).collect();
        check_ties(&self.graph, &ties)?;
        let mut network = self.clone();
        network.ties.extend(ties);
        network.assign_variables();
        Ok(network)
    }

    /// The number of units.
    pub fn units(&self) -> usize {
        self.graph.node_count()
    }

    /// The number of synapses.
    pub fn synapses(&self) -> usize {
        self.graph.edge_count()
    }

    /// The number of independent multipliers.
    pub fn variables(&self) -> usize {
        self.members.len()
    }

    /// A unit.
    ///
    /// # Panics
    /// If the index is not below [`units`](Self::units).
    pub fn unit(&self, unit: UnitIndex) -> &Unit<S> {
        &self.graph[NodeIndex::new(unit)]
    }

    /// The unit with an id.
    pub fn find(&self, id: &str) -> Option<UnitIndex> {
        (0..self.units()).find(|unit| self.unit(*unit).id == id)
    }

    /// A unit's variable; `None` if it cannot be scaled.
    pub fn variable(&self, unit: UnitIndex) -> Option<usize> {
        self.variable.get(unit).copied().flatten()
    }

    /// The units that share a variable; empty if there is no such variable.
    pub fn members(&self, variable: usize) -> &[UnitIndex] {
        self.members.get(variable).map_or(&[], Vec::as_slice)
    }

    /// The ids of the units that share a variable, joined by `=`; a unit whose multiplier is another power of it stands
    /// with the exponent that makes it the variable, as in `q = k^-1`.
    pub fn variable_name(&self, variable: usize) -> String {
        self.named_variable(variable, printable)
    }

    /// The same with ids as `shown`.
    #[doc(hidden)]
    pub fn named_variable(&self, variable: usize, shown: impl Fn(&str) -> String) -> String {
        let members = self.members(variable);
        let ids = members.iter().filter_map(|unit| {
            let id = &self.unit(*unit).id;
            let exponent = self.exponents.get(unit);
            // A unit that is called the power of another one says nothing more.
            let is_said = exponent.is_some_and(|exponent| {
                let mut others = members.iter().filter(|other| *other != unit);
                others.any(|other| *id == format!("{}^{exponent}", self.unit(*other).id))
            });
            if is_said {
                return None;
            }
            let id = shown(id);
            Some(match exponent.map(Rational::recip) {
                Some(exponent) if exponent.is_integer() => format!("{id}^{exponent}"),
                Some(exponent) => format!("{id}^({exponent})"),
                None => id,
            })
        });
        ids.collect::<Vec<_>>().join(" = ")
    }

    /// The ties as given.
    pub fn ties(&self) -> &[Tie] {
        &self.ties
    }

    /// Source and target of a synapse.
    ///
    /// # Panics
    /// If the index is not below [`synapses`](Self::synapses).
    pub fn endpoints(&self, synapse: SynapseIndex) -> (UnitIndex, UnitIndex) {
        let (from, to) = self
            .graph
            .edge_endpoints(EdgeIndex::new(synapse))
            .expect("synapse index out of range");
        (from.index(), to.index())
    }

    /// The synapse between an ordered pair of units.
    pub fn find_synapse(&self, from: UnitIndex, to: UnitIndex) -> Option<SynapseIndex> {
        self.graph
            .find_edge(NodeIndex::new(from), NodeIndex::new(to))
            .map(EdgeIndex::index)
    }

    /// `from -> to` in ids, for messages.
    pub fn synapse_name(&self, synapse: SynapseIndex) -> String {
        let (from, to) = self.endpoints(synapse);
        let name = |unit| printable(&self.unit(unit).id);
        format!("{} -> {}", name(from), name(to))
    }

    /// A synapse's weight.
    ///
    /// # Panics
    /// If the index is not below [`synapses`](Self::synapses).
    pub fn weight(&self, synapse: SynapseIndex) -> &S {
        &self.graph[EdgeIndex::new(synapse)]
    }

    /// All weights, in the order of the synapses.
    pub fn weights(&self) -> Vec<S> {
        self.graph.edge_weights().cloned().collect()
    }

    /// The synapses out of (or into) a unit, in their order; a self-connection is in both.
    pub fn synapses_of(
        &self,
        unit: UnitIndex,
        direction: petgraph::Direction,
    ) -> Vec<SynapseIndex> {
        let edges = self.graph.edges_directed(NodeIndex::new(unit), direction);
        let mut synapses: Vec<_> = edges.map(|edge| edge.id().index()).collect();
        synapses.sort_unstable();
        synapses
    }

    /// The units of a kind, in their order.
    pub fn units_of(&self, kind: UnitKind) -> Vec<UnitIndex> {
        (0..self.units())
            .filter(|unit| self.unit(*unit).kind == kind)
            .collect()
    }

    /// The petgraph graph itself, for algorithms of one's own.
    pub fn graph(&self) -> &DiGraph<Unit<S>, S> {
        &self.graph
    }

    /// The same network with other weights.
    ///
    /// # Panics
    /// If there are not as many weights as synapses.
    pub fn with_weights(&self, weights: Vec<S>) -> Self {
        assert_eq!(
            weights.len(),
            self.synapses(),
            "one weight for each synapse"
        );
        let mut network = self.clone();
        network
            .graph
            .edge_weights_mut()
            .zip(weights)
            .for_each(|(slot, weight)| *slot = weight);
        network
    }

    /// The same network, its units with other activations where some are given.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_activations(
        &self,
        mut activation: impl FnMut(&Unit<S>) -> Option<Activation<S>>,
    ) -> Result<Self, NetworkError> {
        let units = (0..self.units()).map(|unit| {
            let mut unit = self.unit(unit).clone();
            if let Some(other) = activation(&unit) {
                unit.activation = other;
            }
            unit
        });
        let synapse = |synapse: SynapseIndex| {
            let (from, to) = self.endpoints(synapse);
            (from, to, self.weight(synapse).clone())
        };
        let synapses = (0..self.synapses()).map(synapse).collect();
        let factors = self.products.factors.clone();
        Network::with_products(units.collect(), factors, synapses, self.ties.clone())
    }

    /// The same units, products and ties with other synapses.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_synapses(
        &self,
        synapses: Vec<(UnitIndex, UnitIndex, S)>,
    ) -> Result<Self, NetworkError> {
        let units = (0..self.units()).map(|unit| self.unit(unit).clone());
        let factors = self.products.factors.clone();
        Network::with_products(units.collect(), factors, synapses, self.ties.clone())
    }

    /// The same network with every number converted; exact numbers become the nearest ones.
    pub fn convert<T: Scalar>(&self, convert: impl Fn(&S) -> T) -> Network<T> {
        Network {
            graph: self.graph.map(
                |_, unit| Unit::new(unit.id.clone(), unit.kind, unit.activation.map(&convert)),
                |_, weight| convert(weight),
            ),
            products: self.products.clone(),
            ties: self.ties.clone(),
            variable: self.variable.clone(),
            members: self.members.clone(),
            exponents: self.exponents.clone(),
        }
    }

    /// Do both networks have the same units with the same activations, the same synapses in the same order, and the
    /// same ties, so that only weights differ?
    ///
    /// # Errors
    /// The first difference, in words.
    pub fn same_architecture(&self, other: &Self) -> Result<(), String> {
        if self.units() != other.units() {
            return Err(format!(
                "{} units before, {} after",
                self.units(),
                other.units()
            ));
        }
        for unit in 0..self.units() {
            let same = self.unit(unit) == other.unit(unit);
            if !same || self.factors(unit) != other.factors(unit) {
                let id = printable(&self.unit(unit).id);
                return Err(format!(
                    "units[{unit}] (`{id}` before) is not the same unit after"
                ));
            }
        }
        if self.synapses() != other.synapses() {
            return Err(format!(
                "{} synapses before, {} after",
                self.synapses(),
                other.synapses()
            ));
        }
        for synapse in 0..self.synapses() {
            if self.endpoints(synapse) != other.endpoints(synapse) {
                let (one, two) = (self.synapse_name(synapse), other.synapse_name(synapse));
                return Err(format!(
                    "synapses[{synapse}] is {one} before and {two} after"
                ));
            }
        }
        match self.variable == other.variable && self.exponents == other.exponents {
            true => Ok(()),
            false => Err("the ties are not the same".to_string()),
        }
    }

    /// The length of the longest path to each unit, taken between strongly connected components.
    pub fn depths(&self) -> Vec<usize> {
        let graph = self.dataflow();
        let components = petgraph::algo::kosaraju_scc(&graph);
        let mut number = vec![0usize; self.units()];
        for (index, component) in components.iter().enumerate() {
            component
                .iter()
                .for_each(|node| number[node.index()] = index);
        }
        let mut depth = vec![0usize; components.len()];
        // The components come targets first; paths grow from the sources.
        for (index, component) in components.iter().enumerate().rev() {
            for target in component.iter().flat_map(|node| graph.neighbors(*node)) {
                let target = number[target.index()];
                if target != index {
                    depth[target] = depth[target].max(depth[index] + 1);
                }
            }
        }
        number.into_iter().map(|own| depth[own]).collect()
    }

    /// The same network with the hidden units of each layer tied, which makes balancing layer-wise.
    ///
    /// A unit's layer is the length of the longest path to it, taken between strongly connected components:
    /// units on a common cycle are in one layer. Units that cannot be scaled are left out of the ties.
    pub fn tied_by_layer(&self) -> Self {
        let depths = self.depths();
        let mut by_layer: BTreeMap<usize, Vec<UnitIndex>> = BTreeMap::new();
        for unit in (0..self.units()).filter(|unit| self.variable(*unit).is_some()) {
            by_layer.entry(depths[unit]).or_default().push(unit);
        }
        let mut network = self.clone();
        network.ties.extend(by_layer.into_values().map(plain));
        network.assign_variables();
        network
    }
}

impl Network<Rational> {
    /// The network in `f64`, every weight rounded to nearest.
    pub fn to_f64(&self) -> Network<f64> {
        self.convert(crate::numbers::rational_to_f64)
    }
}
