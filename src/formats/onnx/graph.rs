//! The graph of a model's tensors with channels.

use std::collections::BTreeMap;

use super::OnnxFile;
use super::units::UnitForm;
use crate::formats::LayerGraph;
use crate::network::UnitIndex;

impl OnnxFile {
    /// The graph of the tensors with channels of their own, in which each multiplier belongs to the first that has it;
    /// no weight is decoded.
    pub fn layer_graph(&self) -> LayerGraph {
        let mut graph = LayerGraph {
            layers: vec![
                ("(from outside)".into(), 1, 0),
                ("(to outside)".into(), 1, 0),
            ],
            weights: BTreeMap::new(),
        };
        let mut layer_of: BTreeMap<UnitIndex, usize> = BTreeMap::from([(0, 0), (1, 1)]);
        for group in &self.groups {
            let mut own: Vec<UnitIndex> = group.units.clone();
            own.sort_unstable();
            own.dedup();
            own.retain(|unit| !layer_of.contains_key(unit));
            if own.is_empty() {
                continue;
            }
            let number = graph.layers.len();
            graph
                .layers
                .push((group.tensor.clone(), own.len(), own.len()));
            layer_of.extend(own.into_iter().map(|unit| (unit, number)));
        }
        // What carries a product or a power belongs to the first of its factors.
        let layer = |unit: UnitIndex, outside: usize| {
            let form: UnitForm = self.units.form(unit);
            let first = form.first().map(|(unit, _)| *unit);
            let found = layer_of.get(&unit).filter(|_| unit > 1);
            found
                .or_else(|| layer_of.get(&first?))
                .copied()
                .unwrap_or(outside)
        };
        // Ends that repeat are looked up once.
        let mut last = ([UnitIndex::MAX; 2], (0, 0));
        let mut weights = BTreeMap::new();
        for weight in &self.counted() {
            if self.constants[weight.constant].is_beside() {
                continue;
            }
            let count = self.constants[weight.constant].len();
            self.each_counted(weight, count, |_, to, from| {
                if last.0 != [to, from] {
                    last = ([to, from], (layer(from, 0), layer(to, 1)));
                }
                *weights.entry(last.1).or_insert(0) += 1;
            });
        }
        graph.weights = weights;
        graph
    }
}
