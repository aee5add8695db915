//! Two models compared as graphs: what they are called and how they are stored is no difference.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::constant::Constant;
use super::message::{Node, TensorType, element};
use super::side::{Side, Source};
use super::spelling;
use super::weights::{self, scaled};
use super::{OnnxError, OnnxFile, SOURCE};
use crate::formats::storage::Storage;

/// A place where the graphs of two models are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The operator or tensor of the first model.
    pub place: String,
    /// What is not the same, in words.
    pub reason: String,
}

/// What rounding can hide of the relative deviation of a statistic.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Differences beyond so many are not listed.
const LISTED: usize = 20;

impl OnnxFile {
    /// Another model as this one with other weights: names, the order of nodes and tensors, `value_info`, versions of
    /// operators that kept their meaning, attributes that say what is so anyway, and how entries are stored make no
    /// difference; neither do operators and tensors that no output needs, and `Identity`. Inputs and outputs belong
    /// together by name, or, where the names are others, by their order.
    ///
    /// # Errors
    /// Where the graphs, or constants that no scaling changes, differ, in this model's order: at most 20 places.
    pub fn aligned(&self, other: &OnnxFile) -> Result<OnnxFile, Vec<Difference>> {
        let (before, after) = (Side::new(self), Side::new(other));
        let mut matching = Matching {
            before: &before,
            after: &after,
            changing: self.changing(),
            leaves: BTreeMap::new(),
            differences: BTreeMap::new(),
        };
        matching.walk();
        let Matching {
            leaves,
            differences,
            ..
        } = matching;
        let listed: Vec<Difference> = differences
            .into_values()
            .flatten()
            .map(|(place, reason)| Difference { place, reason })
            .take(LISTED)
            .collect();
        if !listed.is_empty() {
            return Err(listed);
        }
        let names = leaves.into_iter();
        let names: HashMap<&str, &str> = names
            .map(|(one, second)| (before.leaves[one].name, after.leaves[second].name))
            .collect();
        self.with_data_of(other, &names)
            .map_err(|difference| vec![difference])
    }

    /// The outputs of another model in its order, if they have the names of this one's and stand in another order:
    /// outputs belong together by name, but a program that reads them by their places finds others.
    pub fn reordered(&self, other: &OnnxFile) -> Option<Vec<String>> {
        let names = |file: &OnnxFile| -> Vec<String> {
            let graph = file.model.graph.as_ref();
            let outputs = graph.map_or(&[][..], |graph| &graph.output).iter();
            outputs
                .map(|output| output.name.clone().unwrap_or_default())
                .collect()
        };
        let (own, others) = (names(self), names(other));
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
        let is_reordered = own != others && own.len() == others.len();
        (is_reordered && sorted(&own) == sorted(&others)).then_some(others)
    }

    /// This model with the data that another one holds under other names.
    fn with_data_of(
        &self,
        other: &OnnxFile,
        names: &HashMap<&str, &str>,
    ) -> Result<OnnxFile, Difference> {
        let held: HashMap<&str, &Constant> = other
            .constants
            .iter()
            .map(|constant| (constant.name.as_str(), constant))
            .collect();
        let needed: BTreeSet<usize> = self.uses.iter().map(|found| found.view.constant).collect();
        let mut constants = self.constants.clone();
        for (index, constant) in constants.iter_mut().enumerate() {
            let fault = |reason: &str| Difference {
                place: format!("tensor `{}`", constant.name),
                reason: reason.to_owned(),
            };
            let of_other = names.get(constant.name.as_str()).copied();
            let partner = held.get(of_other.unwrap_or(constant.name.as_str()));
            let partner = partner.filter(|partner| partner.shape == constant.shape);
            match partner {
                Some(partner) => {
                    if let (Ok(_), Err(reason)) = (&constant.place, &partner.place) {
                        return Err(fault(&format!("after, {reason}")));
                    }
                    constant.data = partner.data.clone();
                    constant.place = match &constant.place {
                        Ok(_) => partner.place.clone(),
                        Err(reason) => Err(reason.clone()),
                    };
                }
                None if needed.contains(&index) && self.is_weight(index) => {
                    return Err(fault("is not there after"));
                }
                None => {
                    constant.data = None;
                    constant.place = Err("it is in another model".into());
                }
            }
        }
        // A model that was opened without its weights is compared without them.
        let (synapses, places) = match self.places.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => {
                weights::synapses(&other.files, &constants, &self.uses, &self.units, &|_| true)
            }
        };
        let network = self.units.network(synapses);
        let network = network.map_err(|fault: crate::network::NetworkError| Difference {
            place: "the model".into(),
            reason: OnnxError::from(fault).to_string(),
        })?;
        Ok(OnnxFile {
            files: other.files.clone(),
            model: self.model.clone(),
            written: self.written.clone(),
            constants,
            uses: self.uses.clone(),
            units: self.units.clone(),
            places,
            network,
            groups: self.groups.clone(),
            notes: self.notes.clone(),
            kept: self.kept.clone(),
            counted_ranges: self.counted_ranges.clone(),
            rounded: self.rounded.clone(),
            broken: self.broken.clone(),
        })
    }

    /// Does an operator use it as a weight, or as a statistic that scales?
    fn is_weight(&self, constant: usize) -> bool {
        let changing = self.changing();
        let mut uses = self
            .uses
            .iter()
            .filter(|found| found.view.constant == constant);
        changing.contains(self.constants[constant].name.as_str())
            || uses.any(|found| found.is_weight)
    }

    /// The tensors that scalings change, and those that count as weights though nothing scales them: both are judged.
    fn changing(&self) -> BTreeSet<&str> {
        let constants = self.uses.iter().filter(|found| {
            let mut labels = found.plus.labels.iter().chain(found.minus.labels.iter());
            found.is_weight || labels.any(|slot| self.units.source(*slot) != SOURCE)
        });
        constants
            .map(|found| self.constants[found.view.constant].name.as_str())
            .collect()
    }

    /// How far the statistics of normalisations are from following the multipliers, one for each unit: at most this,
    /// relatively, with the rounding of this computation; 0 where they follow exactly. Weights are not looked at.
    ///
    /// # Errors
    /// The tensor and entry of the first one that deviates by more than a tolerance.
    ///
    /// # Panics
    /// If there are not as many multipliers as units.
    pub fn statistics_follow(
        &self,
        after: &OnnxFile,
        multipliers: &[f64],
        tolerance: f64,
    ) -> Result<f64, String> {
        let statistics = scaled(&self.uses)
            .into_iter()
            .filter(|scaled| !scaled.is_weight());
        let mut largest = 0.0f64;
        for statistic in statistics {
            let (before, second) = (
                &self.constants[statistic.constant],
                &after.constants[statistic.constant],
            );
            let (Ok((file, start, storage)), Ok((other_file, other_start, other_storage))) =
                (&before.place, &second.place)
            else {
                continue;
            };
            let mut astray = None;
            statistic.each(before.len(), |entry, plus, minus| {
                let value = |model: &OnnxFile, file: usize, start: usize, storage: Storage| {
                    let at = start + entry * storage.size();
                    storage.decode(&model.files.bytes(file)[at..])
                };
                let ratio =
                    multipliers[self.units.source(plus)] / multipliers[self.units.source(minus)];
                let expected = value(self, *file, *start, *storage) * ratio;
                let found = value(after, *other_file, *other_start, *other_storage);
                if found == expected {
                    return;
                }
                let off = (found - expected).abs();
                if off <= tolerance * expected.abs() {
                    largest = largest.max(off / expected.abs() + ROUNDING);
                } else {
                    astray = astray.take().or(Some(entry));
                }
            });
            if let Some(entry) = astray {
                return Err(format!("entry {entry} of `{}`", before.name));
            }
        }
        Ok(largest)
    }
}

/// What is found when two graphs are walked side by side, from their outputs on.
struct Matching<'a> {
    before: &'a Side<'a>,
    after: &'a Side<'a>,
    changing: BTreeSet<&'a str>,
    /// The constant of the second model for each of the first that was met.
    leaves: BTreeMap<usize, usize>,
    /// By the place of the operator where they were found; the first operator comes first.
    differences: BTreeMap<usize, Vec<(String, String)>>,
}

impl Matching<'_> {
    fn differ(&mut self, at: usize, place: String, reason: String) {
        let found = self.differences.entry(at).or_default();
        if !found.iter().any(|(known, _)| *known == place) {
            found.push((place, reason));
        }
    }

    fn walk(&mut self) {
        let mut open = Vec::new();
        let end = self.before.nodes.len();
        for (one, second) in self.outputs() {
            open.push((one, second, end));
        }
        let mut met = HashSet::new();
        // One operator may stand for several that do the same, but not for many times as many as there are.
        let bound = 4 * (self.before.nodes.len() + self.after.nodes.len()) + 16;
        while let Some((one, second, at)) = open.pop() {
            match (one, second) {
                (Source::Input(one), Source::Input(second)) => self.inputs(one, second, at),
                (Source::Constant(one), Source::Constant(second)) => {
                    self.constants(one, second, at);
                }
                (Source::Made(one, number), Source::Made(second, other)) if number == other => {
                    if met.insert((one, second)) && met.len() <= bound {
                        self.nodes(one, second, &mut open);
                    }
                }
                (Source::Nothing, Source::Nothing) => {}
                _ => {
                    let place = match at < end {
                        true => self.before.describe(at),
                        false => "the outputs".into(),
                    };
                    let (one, second) = (self.before.name(one), self.after.name(second));
                    self.differ(at, place, format!("reads {one} before and {second} after"));
                }
            }
        }
        if met.len() > bound {
            self.differ(
                end,
                "the graph".into(),
                "has other shared operators after".into(),
            );
        }
    }

    /// Outputs that belong together.
    fn outputs(&mut self) -> Vec<(Source, Source)> {
        fn names<'a>(side: &Side<'a>) -> Vec<&'a str> {
            let graph = side.file.model.graph.as_ref();
            let outputs = graph.map_or(&[][..], |graph| &graph.output).iter();
            outputs
                .map(|output| output.name.as_deref().unwrap_or(""))
                .collect()
        }
        let (one, second) = (names(self.before), names(self.after));
        if one.len() != second.len() {
            let reason = format!("{} before, {} after", one.len(), second.len());
            self.differ(self.before.nodes.len(), "the outputs".into(), reason);
        }
        paired(&one, &second)
            .into_iter()
            .map(|(place, other)| {
                (
                    self.before.source(one[place]),
                    self.after.source(second[other]),
                )
            })
            .collect()
    }

    fn inputs(&mut self, one: usize, second: usize, at: usize) {
        let (before, after) = (self.before, self.after);
        if !paired(&before.inputs, &after.inputs).contains(&(one, second)) {
            let (one, second) = (before.inputs[one], after.inputs[second]);
            let reason = format!("reads the input `{one}` before and `{second}` after");
            let place = match at < before.nodes.len() {
                true => before.describe(at),
                false => "the outputs".into(),
            };
            return self.differ(at, place, reason);
        }
        let types = before.types[one].zip(after.types[second]);
        let apart = types.and_then(|(own, other)| declared_apart(own, other));
        let given = before.default_differs(one, after, second);
        for reason in apart.into_iter().chain(given.map(str::to_owned)) {
            self.differ(at, format!("input `{}`", before.inputs[one]), reason);
        }
    }

    fn constants(&mut self, one: usize, second: usize, at: usize) {
        let (before, after) = (self.before, self.after);
        let (leaf, other) = (&before.leaves[one], &after.leaves[second]);
        let place = format!("tensor `{}`", leaf.name);
        if leaf.shape != other.shape {
            let reason = format!(
                "has the shape {:?} before and {:?} after",
                leaf.shape, other.shape
            );
            return self.differ(at, place, reason);
        }
        if leaf.data_type != other.data_type {
            return self.differ(at, place, "has another number type after".into());
        }
        if !self.changing.contains(leaf.name) {
            if let Some(reason) = entries_differ(before, one, after, second) {
                self.differ(at, place, format!("which no scaling changes, {reason}"));
            }
            return;
        }
        match self.leaves.insert(one, second) {
            Some(known) if known != second && after.data(known) != after.data(second) => {
                let known = after.leaves[known].name;
                let reason = format!("is two tensors after, `{known}` and `{}`", other.name);
                self.differ(at, place, reason);
            }
            _ => {}
        }
    }

    fn nodes(&mut self, one: usize, second: usize, open: &mut Vec<(Source, Source, usize)>) {
        let (before, after) = (self.before, self.after);
        let (node, other) = (&before.nodes[one], &after.nodes[second]);
        if let Some(reason) = self.meaning(node, other) {
            return self.differ(one, before.describe(one), reason);
        }
        let (attributes, others) = (spelling::attributes(node), spelling::attributes(other));
        if attributes != others {
            let named: BTreeMap<_, _> = others.iter().cloned().collect();
            let own: BTreeMap<_, _> = attributes.into_iter().collect();
            let name = own
                .keys()
                .chain(named.keys())
                .find(|name| own.get(*name) != named.get(*name));
            let name = name.map_or("", String::as_str);
            let reason = format!("its attribute `{name}` is not the same after");
            self.differ(one, before.describe(one), reason);
        }
        let (mut reads, mut others) = (before.inputs_of(node), after.inputs_of(other));
        if reads.len() != others.len() {
            let reason = format!(
                "reads {} tensors before and {} after",
                reads.len(),
                others.len()
            );
            self.differ(one, before.describe(one), reason);
        }
        if spelling::is_symmetric(node) {
            self.ordered(&mut reads, &mut others);
        }
        // The first input is looked at first.
        let pairs = reads.into_iter().zip(others).rev();
        open.extend(pairs.map(|(read, other)| (read, other, one)));
    }

    /// Brings inputs whose order does not matter into one in which equal ones meet.
    fn ordered(&self, reads: &mut Vec<Source>, others: &mut Vec<Source>) {
        let (before, after) = (self.before, self.after);
        reads.sort_by_key(|source| before.key(*source));
        others.sort_by_key(|source| after.key(*source));
        let mut left: Vec<Source> = Vec::new();
        let mut matched = (Vec::new(), Vec::new());
        for read in reads.drain(..) {
            let same = |other: &Source| after.key(*other).0 == before.key(read).0;
            match others.iter().position(same) {
                Some(place) => {
                    matched.0.push(read);
                    matched.1.push(others.remove(place));
                }
                None => left.push(read),
            }
        }
        matched.0.extend(left);
        matched.1.append(others);
        (*reads, *others) = matched;
    }

    /// Why an operator is not the same one.
    fn meaning(&self, node: &Node, other: &Node) -> Option<String> {
        let domain = |node: &Node| match spelling::operator(node) {
            "" => node.domain.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let operator = |node: &Node| node.op_type.clone().unwrap_or_default();
        if operator(node) != operator(other) || domain(node) != domain(other) {
            let place = self
                .after
                .nodes
                .iter()
                .position(|found| std::ptr::eq(found, other));
            let other = place
                .map(|place| self.after.describe(place))
                .unwrap_or_default();
            return Some(format!("is {other} after"));
        }
        let version = |side: &Side| side.version(&domain(node));
        let (one, second) = (version(self.before), version(self.after));
        let same = match spelling::operator(node) {
            "" => {
                let functions = |side: &Side| side.file.model.functions.clone();
                one == second && functions(self.before) == functions(self.after)
            }
            operator => spelling::means_the_same(operator, one, second),
        };
        (!same).then(|| {
            format!("is of opset {one} before and {second} after, where it may mean something else")
        })
    }
}

/// Places of names that belong together: by name where both have the same ones, else by their order.
fn paired(one: &[&str], second: &[&str]) -> Vec<(usize, usize)> {
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort_unstable();
        names
    };
    let by_name = sorted(one) == sorted(second);
    let partner = |place: usize| match by_name {
        true => second.iter().position(|name| *name == one[place]),
        false => Some(place).filter(|place| *place < second.len()),
    };
    (0..one.len())
        .filter_map(|place| Some((place, partner(place)?)))
        .collect()
}

/// What differs between the entries of two constants of one shape and type.
fn entries_differ(before: &Side, one: usize, after: &Side, second: usize) -> Option<String> {
    let ((own, is_plain), (other, _)) = (before.data(one), after.data(second));
    if own == other {
        return None;
    }
    let storage = match before.leaves[one].data_type {
        element::FLOAT => Some(Storage::Single),
        element::DOUBLE => Some(Storage::Double),
        element::FLOAT16 => Some(Storage::Half),
        element::BFLOAT16 => Some(Storage::Brain),
        _ => None,
    };
    let Some(storage) = storage.filter(|_| is_plain && own.len() == other.len()) else {
        return Some("is not the same after".into());
    };
    let size = storage.size();
    let entry = own
        .chunks(size)
        .zip(other.chunks(size))
        .position(|(own, other)| own != other)?;
    let value = |bytes: &[u8]| storage.decode(&bytes[entry * size..]);
    Some(format!(
        "has another entry {entry} after: {} before, {} after",
        value(&own),
        value(&other)
    ))
}

/// How the declarations of an input contradict each other; lengths that are not said fit all.
fn declared_apart(one: &TensorType, second: &TensorType) -> Option<String> {
    let (own, other) = (one.elem_type.unwrap_or(0), second.elem_type.unwrap_or(0));
    if own != other {
        return Some(format!(
            "has entries of the type {own} before and {other} after"
        ));
    }
    let lengths = |of: &TensorType| -> Option<Vec<Option<i64>>> {
        let dims = of.shape.as_ref()?.dim.iter();
        Some(dims.map(|dim| dim.dim_value.filter(|n| *n > 0)).collect())
    };
    let (own, other) = (lengths(one)?, lengths(second)?);
    let apart = |(own, other): (&Option<i64>, &Option<i64>)| {
        own.is_some() && other.is_some() && own != other
    };
    (own.len() != other.len() || own.iter().zip(&other).any(apart))
        .then(|| "is declared with other lengths".to_owned())
}
