//! Units whose value is the product of other units' values, and the linear forms that values carry.

use num_traits::Zero;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::validate::LARGEST_POWER;
use super::{Network, NetworkError, Unit, UnitIndex, UnitKind};
use crate::numbers::{Rational, Scalar};

/// A linear form in the logarithms of the variables: `(variable, coefficient)`, variables increasing, coefficients not
/// zero.
pub type Form = Vec<(usize, Rational)>;

/// The factors of all product units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Products {
    pub factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
    /// The product units, each after those among its factors.
    pub order: Vec<UnitIndex>,
    /// The forms of their values.
    pub forms: BTreeMap<UnitIndex, Form>,
    /// The factors of each with those of the products among them.
    lengths: BTreeMap<UnitIndex, usize>,
}

impl Products {
    /// Checks the factors; the forms are found later.
    pub fn new<S>(
        graph: &DiGraph<Unit<S>, S>,
        factors: BTreeMap<UnitIndex, Vec<UnitIndex>>,
    ) -> Result<Self, NetworkError> {
        check_factors(graph, &factors)?;
        let mut among = DiGraph::<UnitIndex, ()>::new();
        let nodes: BTreeMap<UnitIndex, NodeIndex> = factors
            .keys()
            .map(|unit| (*unit, among.add_node(*unit)))
            .collect();
        for (unit, own) in &factors {
            for factor in own.iter().filter_map(|factor| nodes.get(factor)) {
                among.add_edge(*factor, nodes[unit], ());
            }
        }
        let fault = |unit: UnitIndex| (unit, graph[NodeIndex::new(unit)].id.clone());
        let order = petgraph::algo::toposort(&among, None).map_err(|cycle| {
            let (index, id) = fault(among[cycle.node_id()]);
            NetworkError::ProductCycle { index, id }
        })?;
        let order: Vec<UnitIndex> = order.into_iter().map(|node| among[node]).collect();
        let mut lengths: BTreeMap<UnitIndex, usize> = BTreeMap::new();
        for unit in &order {
            let own = factors[unit].iter();
            let length = own.fold(0usize, |sum, factor| {
                sum.saturating_add(lengths.get(factor).copied().unwrap_or(1))
            });
            if length > LARGEST_POWER as usize {
                let (index, id) = fault(*unit);
                let limit = LARGEST_POWER;
                return Err(NetworkError::ProductTooLong { index, id, limit });
            }
            lengths.insert(*unit, length);
        }
        Ok(Products {
            factors,
            order,
            forms: BTreeMap::new(),
            lengths,
        })
    }

    /// The forms of products, and of the synapses out of them, must not be longer than what was given by more than some
    /// factor.
    pub fn check_size<S>(&self, graph: &DiGraph<Unit<S>, S>) -> Result<(), NetworkError> {
        let given = graph.node_count() + graph.edge_count();
        let mut left = given.saturating_mul(8).saturating_add(1 << 20);
        for (unit, length) in &self.lengths {
            let node = NodeIndex::new(*unit);
            let readers = graph.edges(node).count();
            match left.checked_sub(length * (readers + 1)) {
                Some(rest) => left = rest,
                None => {
                    let (index, id) = (*unit, graph[node].id.clone());
                    return Err(NetworkError::ProductsTooLong { index, id });
                }
            }
        }
        Ok(())
    }
}

fn check_factors<S>(
    graph: &DiGraph<Unit<S>, S>,
    factors: &BTreeMap<UnitIndex, Vec<UnitIndex>>,
) -> Result<(), NetworkError> {
    let units = graph.node_count();
    if let Some(unit) = factors.keys().find(|unit| **unit >= units) {
        return Err(NetworkError::NoSuchUnit {
            place: "a product".to_string(),
            unit: *unit,
            units,
        });
    }
    for node in graph.node_indices() {
        let (index, id) = (node.index(), || graph[node].id.clone());
        let is_product = graph[node].kind == UnitKind::Product;
        match factors.get(&index) {
            Some(_) if !is_product => return Err(NetworkError::NoProduct { index, id: id() }),
            None if !is_product => {}
            None => return Err(NetworkError::NoFactors { index, id: id() }),
            Some(own) if own.is_empty() => return Err(NetworkError::NoFactors { index, id: id() }),
            Some(own) => {
                if let Some(unit) = own.iter().find(|unit| **unit >= units) {
                    return Err(NetworkError::NoSuchUnit {
                        place: format!("units[{index}].of"),
                        unit: *unit,
                        units,
                    });
                }
            }
        }
    }
    Ok(())
}

/// Adds a form to another.
fn add(sum: &mut BTreeMap<usize, Rational>, form: Form) {
    for (variable, coefficient) in form {
        match sum.entry(variable) {
            Entry::Vacant(place) => {
                place.insert(coefficient);
            }
            Entry::Occupied(mut place) => *place.get_mut() += coefficient,
        }
    }
}

impl<S: Scalar> Network<S> {
    /// The factors of a product unit, as given: a unit may be there several times. Empty for all other units.
    pub fn factors(&self, unit: UnitIndex) -> &[UnitIndex] {
        let factors = self.products.factors.get(&unit);
        factors.map_or(&[], Vec::as_slice)
    }

    /// The product units, each after those among its factors.
    pub fn products(&self) -> &[UnitIndex] {
        &self.products.order
    }

    /// How the logarithm of a unit's value depends on those of the variables: the value scales by `Π Λ_v^{l_v}`.
    ///
    /// Nothing for visible units and those that cannot be scaled; `c` times the exponent of its multiplier for a unit
    /// of degree `c`; the sum over its factors for a product. Ours: theory of products.
    ///
    /// ```
    /// use synaptic_balance::network::{Activation, Network, Unit, UnitKind};
    /// let unit = |id, kind| Unit::new(id, kind, Activation::Relu);
    /// let units = vec![unit("x", UnitKind::Input), unit("r", UnitKind::Hidden), unit("z", UnitKind::Product), unit("y", UnitKind::Output)];
    /// let square = [(2, vec![1, 1])].into();
    /// let network = Network::with_products(units, square, vec![(0, 1, 3.0), (2, 3, 1.0)], vec![]).unwrap();
    /// assert_eq!(network.form(2), [(0, num_rational::BigRational::from_integer(2.into()))]);
    /// assert_eq!(network.evaluate(&[2.0]).unwrap(), [36.0]);
    /// ```
    pub fn form(&self, unit: UnitIndex) -> Form {
        if let Some(form) = self.products.forms.get(&unit) {
            return form.clone();
        }
        let degree = self.unit(unit).activation.degree();
        let known = self.variable(unit).zip(degree);
        let own = known.map(|(variable, degree)| match self.exponents.get(&unit) {
            Some(exponent) => (variable, exponent * degree),
            None => (variable, degree),
        });
        own.filter(|(_, exponent)| !exponent.is_zero())
            .into_iter()
            .collect()
    }

    /// The forms of all products, from the variables of the other units.
    pub(super) fn assign_forms(&mut self) {
        self.products.forms.clear();
        for unit in self.products.order.clone() {
            let mut sum = BTreeMap::new();
            for factor in self.factors(unit) {
                add(&mut sum, self.form(*factor));
            }
            sum.retain(|_, coefficient| !coefficient.is_zero());
            self.products.forms.insert(unit, sum.into_iter().collect());
        }
    }

    /// The target's form before its activation, less that of the source's value.
    pub(super) fn difference_of_forms(&self, from: UnitIndex, to: UnitIndex) -> Form {
        let mut sum = BTreeMap::new();
        if let Some(variable) = self.variable(to) {
            sum.insert(variable, self.exponent(to));
        }
        let source = self.form(from).into_iter();
        let negated = source.map(|(variable, coefficient)| (variable, -coefficient));
        add(&mut sum, negated.collect());
        sum.retain(|_, coefficient| !coefficient.is_zero());
        sum.into_iter().collect()
    }

    /// The graph along which values depend on each other: synapses, in their order, and then an edge from each factor
    /// to its product.
    pub fn dataflow(&self) -> DiGraph<(), ()> {
        let mut graph = self.graph.map(|_, _| (), |_, _| ());
        for (unit, factors) in &self.products.factors {
            for factor in factors {
                graph.add_edge(NodeIndex::new(*factor), NodeIndex::new(*unit), ());
            }
        }
        graph
    }

    /// All units, each after those on which its value depends.
    ///
    /// # Errors
    /// A unit on a cycle.
    pub fn in_order(&self) -> Result<Vec<UnitIndex>, UnitIndex> {
        let sorted = match self.products.order.is_empty() {
            true => petgraph::algo::toposort(&self.graph, None),
            false => petgraph::algo::toposort(&self.dataflow(), None),
        };
        match sorted {
            Ok(nodes) => Ok(nodes.into_iter().map(NodeIndex::index).collect()),
            Err(cycle) => Err(cycle.node_id().index()),
        }
    }
}
