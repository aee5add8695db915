//! Multipliers found one after the other, each from what weights say whose other multipliers are known.

use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, BTreeSet};

use super::fit::{Sample, each_own};
use super::{Change, Pair, Place, Reading};

/// By variable the weight from which it was found, and the variables that were known before.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    from: BTreeMap<usize, (Place, Vec<usize>)>,
}

impl Tree {
    /// `log Λ` by variable, each the median of some of the weights that `counts` and that the first known variables
    /// leave open; what is left free is 1.
    pub fn grown(
        reading: &Reading,
        sample: usize,
        counts: &dyn Fn(&Pair) -> bool,
    ) -> (Vec<f64>, Self) {
        let change = reading.change;
        let mut growth = Growth {
            change,
            logs: vec![None; change.variables],
            samples: BTreeMap::new(),
            others: BTreeMap::new(),
            tree: Tree::default(),
        };
        loop {
            let mut tensor = None;
            let mut is_grown = false;
            reading.each(&mut |pair| {
                // Within a tensor a variable is found from all weights at once.
                if tensor.replace(pair.place.0) != Some(pair.place.0) {
                    is_grown |= growth.settle();
                }
                if counts(pair) {
                    growth.ask(pair, sample);
                }
            });
            is_grown |= growth.settle();
            if growth.logs.iter().all(Option::is_some) {
                break;
            }
            is_grown = is_grown || growth.settle_tiny(reading);
            if !is_grown && !growth.start(reading, counts) {
                break;
            }
        }
        let logs = growth.logs.iter().map(|log| log.unwrap_or(0.0)).collect();
        (logs, growth.tree)
    }

    /// The weights from which the multipliers were found that weights with these ends scale with.
    pub fn ways(&self, change: &Change, ends: &[[u32; 2]]) -> Vec<Place> {
        let nodes = ends.iter().flatten();
        let forms = nodes.flat_map(|node| &change.forms[*node as usize]);
        let mut open: Vec<usize> = forms.map(|(variable, _)| *variable).collect();
        let (mut met, mut places) = (BTreeSet::new(), BTreeSet::new());
        while let Some(variable) = open.pop() {
            if met.insert(variable)
                && let Some((place, before)) = self.from.get(&variable)
            {
                places.insert(*place);
                open.extend(before);
            }
        }
        places.into_iter().collect()
    }
}

struct Growth<'a> {
    change: &'a Change<'a>,
    logs: Vec<Option<f64>>,
    /// Of the variables that weights read since the last settlement say something of.
    samples: BTreeMap<usize, Sample>,
    /// The other variables of the weights kept.
    others: BTreeMap<(usize, Place), Vec<usize>>,
    tree: Tree,
}

impl Growth<'_> {
    fn ask(&mut self, pair: &Pair, most: usize) {
        let (mut open, mut count) = (None, 0);
        each_own(self.change, pair, |variable, exponent| {
            if self.logs[variable].is_none() {
                (open, count) = (Some((variable, exponent)), count + 1);
            }
        });
        let (Some((variable, exponent)), 1) = (open, count) else {
            return;
        };
        let sample = self.samples.entry(variable).or_default();
        let Some(slot) = sample.slot(most) else {
            return;
        };
        let [old, new] = pair.values;
        let (mut log, mut known) = ((new / old).ln(), Vec::new());
        each_own(self.change, pair, |other, exponent| {
            if let Some(own) = self.logs[other] {
                log -= exponent * own;
                known.push(other);
            }
        });
        sample.put(slot, (log / exponent, pair.place));
        self.others.insert((variable, pair.place), known);
    }

    fn settle(&mut self) -> bool {
        let is_grown = !self.samples.is_empty();
        for (variable, sample) in std::mem::take(&mut self.samples) {
            if let Some((log, place)) = sample.median() {
                self.logs[variable] = Some(log);
                let known = self.others.remove(&(variable, place)).unwrap_or_default();
                self.tree.from.insert(variable, (place, known));
            }
        }
        self.others.clear();
        is_grown
    }

    /// Finds variables of which only weights say something that have lost digits: in the middle of what all of them
    /// allow.
    fn settle_tiny(&mut self, reading: &Reading) -> bool {
        let mut allowed: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        reading.each_tiny(&mut |pair, [low, high]| {
            let (mut open, mut count, mut known) = (None, 0, 0.0);
            each_own(self.change, pair, |variable, exponent| {
                match self.logs[variable] {
                    Some(log) => known += exponent * log,
                    None => (open, count) = (Some((variable, exponent)), count + 1),
                }
            });
            let (Some((variable, exponent)), 1) = (open, count) else {
                return;
            };
            let ends =
                [low, high].map(|end| ((end / pair.values[0].abs()).ln() - known) / exponent);
            let (own_low, own_high) = allowed
                .entry(variable)
                .or_insert((f64::NEG_INFINITY, f64::INFINITY));
            *own_low = own_low.max(ends[0].min(ends[1]));
            *own_high = own_high.min(ends[0].max(ends[1]));
        });
        let mut is_grown = false;
        for (variable, (low, high)) in allowed {
            let middle = match (low.is_finite(), high.is_finite()) {
                (true, true) => (low + high) / 2.0,
                (true, false) => low + 1.0,
                (false, true) => high - 1.0,
                (false, false) => continue,
            };
            self.logs[variable] = Some(middle);
            is_grown = true;
        }
        is_grown
    }

    /// Sets the first variable of each part that hangs together, of those that are open, to 1; false if none is open.
    fn start(&mut self, reading: &Reading, counts: &dyn Fn(&Pair) -> bool) -> bool {
        let mut parts = UnionFind::<usize>::new(self.logs.len());
        let mut is_met = vec![false; self.logs.len()];
        reading.each(&mut |pair| {
            if !counts(pair) {
                return;
            }
            let mut first = None;
            each_own(self.change, pair, |variable, _| {
                if self.logs[variable].is_none() {
                    is_met[variable] = true;
                    let first = *first.get_or_insert(variable);
                    parts.union(first, variable);
                }
            });
        });
        let mut started = BTreeSet::new();
        for (variable, is_met) in is_met.into_iter().enumerate() {
            if is_met && started.insert(parts.find(variable)) {
                self.logs[variable] = Some(0.0);
            }
        }
        !started.is_empty()
    }
}
