//! Two models in one form, so that their weights can be compared one by one.

use petgraph::graph::NodeIndex;
use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use super::onnx::Difference;
use crate::network::{Network, SynapseIndex, Tie, UnitIndex, UnitKind};
use crate::numbers::Rational;
use num_traits::Zero;

/// What two models are compared as.
#[derive(Debug)]
pub enum Aligned {
    /// As they are: one has the units and synapses of the other, in the same order.
    AsTheyAre,
    /// The second one is brought into the form of the first.
    After(Box<Model>),
    /// Both are taken as networks of units, the second with the units of the first.
    Networks(Box<(Network<Rational>, Network<Rational>)>),
}

/// Brings the second model into the form of the first: ONNX models graph by graph
/// ([`OnnxFile::aligned`](super::OnnxFile::aligned)), networks and perceptrons unit by unit, also across formats. Units
/// belong together by their ids; where the ids are others, inputs and outputs by their order, hidden units layer by
/// layer by their order. A synapse that only one of two networks has is one of weight 0 in the other.
///
/// # Errors
/// What differs, the first difference first.
pub fn align(before: &Model, after: &Model) -> Result<Aligned, Vec<Difference>> {
    if let (Model::Onnx(one), Model::Onnx(second)) = (before, after) {
        let differences = match one.aligned(second) {
            Ok(aligned) => return Ok(Aligned::After(Box::new(Model::Onnx(Box::new(aligned))))),
            Err(differences) => differences,
        };
        // A perceptron can be written with other operators.
        let both = one.perceptron().zip(second.perceptron());
        let aligned = both.and_then(|(one, second)| networks(&one, &second).ok());
        return aligned.ok_or(differences);
    }
    let (one, second) = (units(before)?, units(after)?);
    if one.same_architecture(&second).is_ok() && !is_onnx(before) && !is_onnx(after) {
        return Ok(Aligned::AsTheyAre);
    }
    networks(&one, &second).map_err(|difference| vec![difference])
}

fn is_onnx(model: &Model) -> bool {
    matches!(model, Model::Onnx(_))
}

/// A model as a network of units.
fn units(model: &Model) -> Result<Network<Rational>, Vec<Difference>> {
    let Model::Onnx(file) = model else {
        return Ok(model.network().clone());
    };
    file.perceptron().ok_or_else(|| {
        vec![Difference {
            place: "the ONNX model".into(),
            reason:
                "is no plain perceptron, and no other model can be compared with a network of units"
                    .into(),
        }]
    })
}

/// The second network with the units of the first, and both with the synapses of both.
fn networks(before: &Network<Rational>, after: &Network<Rational>) -> Result<Aligned, Difference> {
    let by_unit = partners(before, after)?;
    let mut units: Vec<_> = (0..before.units())
        .map(|unit| before.unit(unit).clone())
        .collect();
    let mut back: BTreeMap<UnitIndex, UnitIndex> = BTreeMap::new();
    for (unit, partner) in by_unit.iter().enumerate() {
        back.extend(partner.map(|partner| (partner, unit)));
    }
    // A constant unit that only one of them has.
    for unit in after.units_of(UnitKind::Bias) {
        back.entry(unit).or_insert_with(|| {
            let mut own = after.unit(unit).clone();
            while units.iter().any(|known| known.id == own.id) {
                own.id.push('\'');
            }
            units.push(own);
            units.len() - 1
        });
    }
    let mut weights: BTreeMap<(UnitIndex, UnitIndex), Rational> = BTreeMap::new();
    for synapse in 0..after.synapses() {
        let (from, to) = after.endpoints(synapse);
        let ends = back.get(&from).zip(back.get(&to));
        let ends = ends.map(|(from, to)| (*from, *to));
        // Every unit has a partner by now.
        weights.extend(ends.map(|ends| (ends, after.weight(synapse).clone())));
    }
    let mut synapses: Vec<[Rational; 2]> = Vec::new();
    let mut ends: Vec<(UnitIndex, UnitIndex)> = Vec::new();
    for synapse in 0..before.synapses() {
        let own = before.endpoints(synapse);
        let other = weights.remove(&own).unwrap_or_default();
        ends.push(own);
        synapses.push([before.weight(synapse).clone(), other]);
    }
    for (own, other) in weights.into_iter().filter(|(_, weight)| !weight.is_zero()) {
        ends.push(own);
        synapses.push([Rational::zero(), other]);
    }
    let ties = same_ties(before, after, &back)?;
    let products = same_products(before, after, &back)?;
    let build = |which: usize| {
        let synapse = |synapse: SynapseIndex| {
            let (from, to) = ends[synapse];
            (from, to, synapses[synapse][which].clone())
        };
        let synapses = (0..ends.len()).map(synapse).collect();
        Network::with_products(units.clone(), products.clone(), synapses, ties.clone())
    };
    let fault = |fault: crate::network::NetworkError| Difference {
        place: "the network".into(),
        reason: fault.to_string(),
    };
    Ok(Aligned::Networks(Box::new((
        build(0).map_err(fault)?,
        build(1).map_err(fault)?,
    ))))
}

/// The unit of the second network for each of the first; constant units may have none.
fn partners(
    before: &Network<Rational>,
    after: &Network<Rational>,
) -> Result<Vec<Option<UnitIndex>>, Difference> {
    fn ids(network: &Network<Rational>) -> BTreeSet<&str> {
        let units = (0..network.units()).map(|unit| network.unit(unit));
        let units = units.filter(|unit| unit.kind != UnitKind::Bias);
        units.map(|unit| unit.id.as_str()).collect()
    }
    let mut partners = vec![None; before.units()];
    let biases = before.units_of(UnitKind::Bias).into_iter();
    for (unit, partner) in biases.zip(after.units_of(UnitKind::Bias)) {
        partners[unit] = Some(partner);
    }
    if ids(before) == ids(after) {
        for (unit, partner) in partners.iter_mut().enumerate() {
            let own = before.unit(unit);
            if own.kind == UnitKind::Bias {
                continue;
            }
            *partner = after.find(&own.id);
        }
    } else {
        let (one, second) = (in_order(before), in_order(after));
        for (what, one, second) in one
            .into_iter()
            .zip(second)
            .map(|(one, second)| (one.0, one.1, second.1))
        {
            if one.len() != second.len() {
                return Err(Difference {
                    place: what,
                    reason: format!("{} units before, {} after", one.len(), second.len()),
                });
            }
            for (unit, partner) in one.into_iter().zip(second) {
                partners[unit] = Some(partner);
            }
        }
        let layers = |network: &Network<Rational>| in_order(network).len() - 2;
        if layers(before) != layers(after) {
            return Err(Difference {
                place: "the network".into(),
                reason: format!(
                    "has {} hidden layers before and {} after",
                    layers(before),
                    layers(after)
                ),
            });
        }
    }
    for (unit, partner) in partners.iter().enumerate() {
        let own = before.unit(unit);
        let Some(other) = partner.map(|partner| after.unit(partner)) else {
            continue;
        };
        // One function may have several names.
        let slopes = own
            .activation
            .slopes()
            .filter(|slopes| other.activation.slopes().as_ref() == Some(slopes));
        if own.kind != other.kind || (slopes.is_none() && own.activation != other.activation) {
            return Err(Difference {
                place: format!("unit `{}`", own.id),
                reason: "has another kind or activation after".into(),
            });
        }
    }
    Ok(partners)
}

/// Units by what they are, in their order: inputs, outputs, and the hidden units layer by layer; units of recurrent
/// networks are one layer.
fn in_order(network: &Network<Rational>) -> Vec<(String, Vec<UnitIndex>)> {
    let mut depth = vec![0usize; network.units()];
    if let Ok(order) = network.in_order() {
        let graph = network.dataflow();
        for unit in order {
            for target in graph.neighbors(NodeIndex::new(unit)) {
                depth[target.index()] = depth[target.index()].max(depth[unit] + 1);
            }
        }
    }
    let mut layers: BTreeMap<usize, Vec<UnitIndex>> = BTreeMap::new();
    let inner = |unit: &UnitIndex| {
        let kind = network.unit(*unit).kind;
        matches!(kind, UnitKind::Hidden | UnitKind::Product)
    };
    for unit in (0..network.units()).filter(inner) {
        layers.entry(depth[unit]).or_default().push(unit);
    }
    let mut found = vec![
        ("the inputs".to_owned(), network.units_of(UnitKind::Input)),
        ("the outputs".to_owned(), network.units_of(UnitKind::Output)),
    ];
    let layers = layers.into_values().enumerate();
    found.extend(layers.map(|(layer, units)| (format!("hidden layer {}", layer + 1), units)));
    found
}

/// The ties of the first network, if the second has the same.
fn same_ties(
    before: &Network<Rational>,
    after: &Network<Rational>,
    back: &BTreeMap<UnitIndex, UnitIndex>,
) -> Result<Vec<Tie>, Difference> {
    let sets = |ties: Vec<Tie>| -> BTreeSet<BTreeSet<(UnitIndex, Rational)>> {
        ties.into_iter()
            .map(|tie| tie.into_iter().collect())
            .collect()
    };
    let moved = after.ties().iter().map(|tie| {
        let units = tie
            .iter()
            .filter_map(|(unit, exponent)| Some((*back.get(unit)?, exponent.clone())));
        units.collect()
    });
    match sets(before.ties().to_vec()) == sets(moved.collect()) {
        true => Ok(before.ties().to_vec()),
        false => Err(Difference {
            place: "the ties".into(),
            reason: "are not the same after".into(),
        }),
    }
}

/// The factors of the first network's products, if those of the second are the same units.
fn same_products(
    before: &Network<Rational>,
    after: &Network<Rational>,
    back: &BTreeMap<UnitIndex, UnitIndex>,
) -> Result<BTreeMap<UnitIndex, Vec<UnitIndex>>, Difference> {
    let mut moved: BTreeMap<UnitIndex, Vec<Option<UnitIndex>>> = BTreeMap::new();
    for unit in after.products() {
        let factors = after.factors(*unit).iter();
        let mut factors: Vec<_> = factors.map(|factor| back.get(factor).copied()).collect();
        factors.sort_unstable();
        moved.extend(back.get(unit).map(|own| (*own, factors)));
    }
    let mut found = BTreeMap::new();
    for unit in before.products() {
        let own = before.factors(*unit).to_vec();
        let mut sorted: Vec<_> = own.iter().copied().map(Some).collect();
        sorted.sort_unstable();
        if moved.get(unit) != Some(&sorted) {
            return Err(Difference {
                place: format!("unit `{}`", before.unit(*unit).id),
                reason: "is a product of other units after".into(),
            });
        }
        found.insert(*unit, own);
    }
    Ok(found)
}
