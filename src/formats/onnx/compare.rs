//! Two models that should differ in their weights alone.

use std::collections::BTreeSet;

use super::message::{Graph, Model, Tensor};
use super::weights::scaled;
use super::{OnnxFile, SOURCE};

impl OnnxFile {
    /// Is another model the same but for the weights, and the statistics, that scalings change?
    ///
    /// # Errors
    /// What differs, in words.
    pub fn same_but_for_weights(&self, other: &OnnxFile) -> Result<(), String> {
        if self.without_weights() != other.without_weights() {
            return Err("the models differ in more than their weights".into());
        }
        let changing = self.changing();
        for (one, second) in self.constants.iter().zip(&other.constants) {
            if changing.contains(one.name.as_str()) {
                continue;
            }
            let data = |file: &OnnxFile, constant: &super::Constant| {
                let (number, range) = constant.data.clone()?;
                file.files.bytes(number).get(range).map(<[u8]>::to_vec)
            };
            if data(self, one) != data(other, second) {
                return Err(format!(
                    "tensor `{}`, which no scaling changes, is not the same",
                    one.name
                ));
            }
        }
        Ok(())
    }

    /// The tensors that scalings change.
    fn changing(&self) -> BTreeSet<&str> {
        let constants = self.uses.iter().filter(|found| {
            let labels = found.plus.labels.iter().chain(found.minus.labels.iter());
            labels
                .into_iter()
                .any(|slot| self.units.source(*slot) != SOURCE)
        });
        constants
            .map(|found| self.constants[found.view.constant].name.as_str())
            .collect()
    }

    /// The messages, with the data of what scalings change left out, and the places of data in other files.
    fn without_weights(&self) -> Model {
        let mut model = self.model.clone();
        let changing = self.changing();
        if let Some(graph) = &mut model.graph {
            blank(graph, &changing);
        }
        model
    }

    /// The first statistic of a normalisation that does not follow the multipliers, one for each unit, up to a relative tolerance:
    /// its tensor and entry. Weights are not looked at.
    ///
    /// # Panics
    /// If there are not as many multipliers as units.
    pub fn astray(&self, after: &OnnxFile, multipliers: &[f64], tolerance: f64) -> Option<String> {
        let statistics = scaled(&self.uses)
            .into_iter()
            .filter(|scaled| !scaled.is_weight());
        for statistic in statistics {
            let (before, second) = (
                &self.constants[statistic.constant],
                after.constants.get(statistic.constant)?,
            );
            let (Ok((file, start, storage)), Ok((other_file, other_start, other_storage))) =
                (&before.place, &second.place)
            else {
                continue;
            };
            let mut astray = None;
            statistic.each(before.len(), |entry, plus, minus| {
                let value =
                    |model: &OnnxFile,
                     file: usize,
                     start: usize,
                     storage: crate::formats::storage::Storage| {
                        let at = start + entry * storage.size();
                        storage.decode(&model.files.bytes(file)[at..])
                    };
                let ratio =
                    multipliers[self.units.source(plus)] / multipliers[self.units.source(minus)];
                let expected = value(self, *file, *start, *storage) * ratio;
                let found = value(after, *other_file, *other_start, *other_storage);
                let differs =
                    found != expected && (found - expected).abs() > tolerance * expected.abs();
                if differs || found.is_nan() {
                    astray = astray.take().or(Some(entry));
                }
            });
            if let Some(entry) = astray {
                return Some(format!("entry {entry} of `{}`", before.name));
            }
        }
        None
    }
}

fn blank(graph: &mut Graph, changing: &BTreeSet<&str>) {
    for tensor in &mut graph.initializer {
        let changes = tensor
            .name
            .as_deref()
            .is_some_and(|name| changing.contains(name));
        empty(tensor, changes);
    }
    for node in &mut graph.node {
        let name = node.output.first().map_or("", String::as_str);
        let changes = changing.contains(name);
        for attribute in &mut node.attribute {
            attribute
                .t
                .iter_mut()
                .for_each(|tensor| empty(tensor, changes));
        }
    }
}

fn empty(tensor: &mut Tensor, changes: bool) {
    if changes {
        tensor.float_data.clear();
        tensor.double_data.clear();
        tensor.raw_data = None;
    }
    tensor.external_data.clear();
}
