//! Channels that nothing but the mean of a normalisation feeds.
//!
//! A mean scales with its channel and is no weight. Where no weight other than 0 feeds the channel, it carries the mean
//! alone: if its multiplier grew without end, what reads it would go to 0 and the mean beyond all bounds, and no limit
//! would compute the same. There, and nowhere else, the mean is counted as a weight.

use petgraph::graph::DiGraph;

use super::constant::Constant;
use super::units::{SOURCE, Units};
use super::uses::Use;
use super::weights::scaled;
use super::{Files, OnnxFile};
use crate::network::UnitIndex;
use crate::solve::joined;

/// Entries of a statistic that are counted as weights, since nothing else feeds their channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The tensor.
    pub tensor: String,
    /// The entries, each with the unit of its channel.
    pub entries: Vec<(usize, UnitIndex)>,
}

impl OnnxFile {
    /// The statistics that are counted as weights; most models have none.
    pub fn held(&self) -> Vec<Held> {
        if !self.units.holds() {
            return Vec::new();
        }
        let statistics = scaled(&self.uses)
            .into_iter()
            .filter(|scaled| !scaled.is_weight());
        let held = statistics.map(|statistic| {
            let constant = &self.constants[statistic.constant];
            let mut entries = Vec::new();
            statistic.each(constant.len(), |entry, plus, _| {
                if self.units.is_held(plus) {
                    entries.push((entry, self.units.source(plus)));
                }
            });
            Held {
                tensor: constant.name.clone(),
                entries,
            }
        });
        held.filter(|held| !held.entries.is_empty()).collect()
    }
}

/// The units that a statistic other than 0 feeds, and no weight other than 0, and that lead on to an output. Cost: one
/// read of the weights where there are such statistics; 24 bytes for each pair of channels where a first look leaves
/// some unfed.
pub(super) fn held(
    units: &Units,
    files: &Files,
    constants: &[Constant],
    uses: &[Use],
) -> Vec<UnitIndex> {
    let mut fed = vec![false; units.count()];
    each_link(units, files, constants, uses, false, |_, to, is_zero| {
        fed[to] = fed[to] || !is_zero();
    });
    fed[SOURCE] = false;
    if !fed.contains(&true) {
        return Vec::new();
    }
    // Operators stand after those whose results they read, and so do the uses of weights.
    let mut reached = vec![false; units.count()];
    reached[SOURCE] = true;
    each_link(units, files, constants, uses, true, |from, to, is_zero| {
        reached[to] = reached[to] || (reached[from] && !is_zero());
    });
    if (0..units.count()).all(|unit| !fed[unit] || reached[unit]) {
        return Vec::new();
    }
    let mut links: Vec<(u32, u32)> = Vec::new();
    each_link(units, files, constants, uses, true, |from, to, is_zero| {
        let link = (from as u32, to as u32);
        if links.last() != Some(&link) && !is_zero() {
            links.push(link);
        }
    });
    if links.is_empty() {
        return Vec::new();
    }
    let graph: DiGraph<(), ()> = DiGraph::from_edges(links);
    let [forth, back] = joined(&graph, units.count());
    let is_held = |unit: &UnitIndex| fed[*unit] && !forth[*unit] && back[*unit];
    (0..units.count()).filter(is_held).collect()
}

/// Calls back with the entries of all weights, or of all statistics: the units that they come from and lead to, and
/// whether the entry is 0.
fn each_link(
    units: &Units,
    files: &Files,
    constants: &[Constant],
    uses: &[Use],
    weights: bool,
    mut call: impl FnMut(UnitIndex, UnitIndex, &dyn Fn() -> bool),
) {
    for found in uses.iter().filter(|found| found.is_weight == weights) {
        let Ok((file, start, storage)) = constants[found.view.constant].place else {
            continue;
        };
        let bytes = &files.bytes(file)[start..];
        found.each(|entry, plus, minus| {
            let is_zero = || storage.decode(&bytes[entry * storage.size()..]) == 0.0;
            let (from, to) = (units.source(minus), units.source(plus));
            if from != to {
                call(from, to, &is_zero);
            }
        });
    }
}
