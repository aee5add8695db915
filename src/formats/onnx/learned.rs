//! What is learned, and what is a constant that no scaling changes, where the file does not say.
//!
//! Learned is an operand of a layer (matrix product, convolution, recurrent layer, embedding), the scale of one that is
//! quantized, a bias added along the channels, gain and shift of a normalisation, spelt out or not, and a vector by
//! channel that multiplies a branch before it is added to what it branched off from. Everything else is a constant:
//! single numbers, masks, tables that vary with the position, slopes, and every other operand of a product, a sum or a
//! choice. Its form is 0: what it is added to keeps its values, and what it multiplies keeps its multiplier. So is a
//! table of sines and cosines, wherever it stands.

use std::collections::{BTreeSet, HashSet};

use super::OnnxError;
use super::constant::View;
use super::infer::Inference;
use super::message;
use super::node::{Content, Node, Stop, Value};
use super::shape::Integer;
use super::spelling;
use super::uses::Use;
use crate::forms::{Field, ONE};

/// What a caller says of tensors, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// These are learned, wherever an operator can scale them.
    pub learned: Vec<String>,
    /// These are never changed.
    pub constant: Vec<String>,
}

impl Roles {
    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.learned.is_empty() && self.constant.is_empty()
    }

    /// Every name must be that of a tensor, and have one role.
    pub(super) fn check(&self, tensors: &BTreeSet<&str>) -> Result<(), OnnxError> {
        let mut names = self.learned.iter().chain(&self.constant);
        if let Some(name) = names.find(|name| !tensors.contains(name.as_str())) {
            return Err(OnnxError::NoTensor(name.clone()));
        }
        match self
            .learned
            .iter()
            .find(|name| self.constant.contains(name))
        {
            Some(name) => Err(OnnxError::TwoRoles(name.clone())),
            None => Ok(()),
        }
    }
}

/// Is a number the same after every scaling: 0, or infinite?
pub(super) fn is_unscaled(number: f64) -> bool {
    number == 0.0 || number.is_infinite()
}

/// A tensor that no scaling changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The tensor.
    pub tensor: String,
    /// Why it was taken for a constant.
    pub reason: String,
}

/// Operators that hand on what they read, in another shape.
const CARRIERS: &[&str] = &[
    "Identity",
    "Cast",
    "Reshape",
    "Transpose",
    "Dropout",
    "Squeeze",
    "Unsqueeze",
    "Flatten",
    "Expand",
];

/// Normalisations that are one operator.
const FUSED: &[&str] = &[
    "LayerNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "SimplifiedLayerNormalization",
    "MeanVarianceNormalization",
    "LpNormalization",
];

/// Operators on the way from a norm's result to its spread; more are no norm.
const NORM: usize = 12;

/// Operators of a branch that are gone through in search of where it branched off.
const BRANCH: usize = 4096;

impl<'a> Inference<'a> {
    /// Is a constant, or a part of it, among those of some names?
    fn is_named(&self, view: &View, names: &[String]) -> bool {
        match self.pieces(view) {
            Some(pieces) => pieces.iter().any(|piece| self.is_named(piece, names)),
            None => names.contains(&self.constants[view.constant].name),
        }
    }

    pub(super) fn is_declared_learned(&self, view: &View) -> bool {
        self.is_named(view, &self.roles.learned)
    }

    pub(super) fn is_declared_constant(&self, view: &View) -> bool {
        self.is_named(view, &self.roles.constant)
    }

    /// New channels for the entries of a constant.
    pub fn constant_field(&mut self, view: &View) -> Result<Field, Stop> {
        let name = self.constants[view.constant].name.clone();
        let fresh = self.channels.fresh(&name, "constant", view.len())?;
        if let Some(group) = self.channels.groups.last_mut() {
            group.is_constant = true;
        }
        Ok(Field {
            shape: view.shape.clone(),
            labels: fresh.collect(),
        })
    }

    /// A tensor as one whose entries carry multipliers; those of a constant stay 1, but for entries that are 0.
    pub fn field(&mut self, value: &Value, tensor: &str) -> Result<Field, Stop> {
        match &value.content {
            Content::Data(field) => Ok(field.clone()),
            Content::Zero => {
                let fresh = self.channels.fresh(tensor, "zero", 1)?;
                Ok(Field::uniform(fresh.start))
            }
            Content::Integers(_) => Ok(Field::uniform(ONE)),
            Content::Constant(view) => {
                let constant = &self.constants[view.constant];
                let is_stored = constant.data.is_some() || constant.joined.is_some();
                let has_numbers = constant.storage.is_some() && is_stored;
                if let (Err(reason), false) = (&constant.place, has_numbers) {
                    let reason = format!("`{}`, which is left alone: {reason}", constant.name);
                    return Ok(Field::uniform(self.channels.pinned(&reason)));
                }
                let reason = format!("an operand of {} that is not learned", self.current);
                if self.is_declared_learned(view) && constant.place.is_ok() {
                    let field = self.constant_field(view)?;
                    self.weigh(view, field.clone(), Field::uniform(ONE))?;
                    return Ok(field);
                }
                let mut numbers = (0..view.len()).map(|place| self.number(view, place));
                let has_free = numbers.any(|number| number.is_some_and(is_unscaled));
                if !has_free {
                    self.keep(view, &reason);
                    let tensor = &self.constants[view.constant].name;
                    let why = format!("the constant `{tensor}` in {}", self.current);
                    return Ok(Field::uniform(self.channels.pinned(&why)));
                }
                let field = self.constant_field(view)?;
                self.hold(view, field.clone(), Field::uniform(ONE), &reason)?;
                Ok(field)
            }
        }
    }

    /// The integers of a tensor that says a shape, or axes.
    pub fn integers(&self, value: &Value) -> Option<Vec<Integer>> {
        match &value.content {
            Content::Integers(integers) => Some(integers.clone()),
            Content::Constant(view) if !view.is_part => {
                let integers = self.constants[view.constant].integers.as_ref()?;
                let entry = |place| integers.get(view.entry(place)).copied().map(Integer::Known);
                (0..view.len()).map(entry).collect()
            }
            _ => None,
        }
    }

    /// The same where all of them are known.
    pub fn known_integers(&self, value: &Value) -> Option<Vec<i64>> {
        let integers = self.integers(value)?.into_iter();
        integers
            .map(|integer| match integer {
                Integer::Known(value) => Some(value),
                Integer::Symbol(_) => None,
            })
            .collect()
    }

    /// A number of a floating-point constant that is stored, by its entry.
    pub fn entry(&self, constant: usize, entry: usize) -> Option<f64> {
        let constant = &self.constants[constant];
        let (storage, (file, range)) = (constant.storage?, constant.data.clone()?);
        let at = range.start + entry * storage.size();
        let bytes = self.files.bytes(file).get(at..at + storage.size())?;
        Some(storage.decode(bytes))
    }

    /// The entries of a constant stay as they are: where one is neither 0 nor infinite, what scales it must be what it
    /// is scaled against.
    pub(super) fn hold(
        &mut self,
        view: &View,
        plus: Field,
        minus: Field,
        reason: &str,
    ) -> Result<(), Stop> {
        if let Some(apart) = self.apart(view, &plus, &minus)? {
            for (part, plus, minus) in apart {
                self.hold(&part, plus, minus, reason)?;
            }
            return Ok(());
        }
        let found = Use {
            view: view.clone(),
            plus,
            minus,
            is_weight: false,
        };
        let mut pairs = Vec::new();
        found.each(|entry, plus, minus| {
            if !self.entry(view.constant, entry).is_some_and(is_unscaled) {
                pairs.push((plus, minus));
            }
        });
        for (plus, minus) in pairs {
            self.channels.equal(plus, minus);
        }
        self.keep(view, reason);
        Ok(())
    }

    /// What is added along the channels of a tensor that carries `field`, and has so many axes, is a bias; anything
    /// else added is a constant.
    pub(super) fn added(
        &mut self,
        value: &Value,
        field: Option<&Field>,
        rank: Option<usize>,
        tensor: &str,
    ) -> Result<Field, Stop> {
        let Content::Constant(view) = &value.content else {
            return self.field(value, tensor);
        };
        let is_bias = match field {
            Some(field) => by_channel(&view.unrepeated(), field, rank),
            None => false,
        };
        match is_bias || self.is_declared_learned(view) {
            true => self.bias(view, tensor),
            false => self.field(value, tensor),
        }
    }

    /// Is a factor learned: the gain of a normalisation, or the scale of a branch?
    pub(super) fn is_learned_factor(
        &self,
        node: &Node,
        factor: &View,
        data: &Value,
        field: &Field,
    ) -> bool {
        if self.is_declared_learned(factor) {
            return true;
        }
        let names = &node.message.input;
        let own = names.iter().find(|name| {
            let value = self.values.get(name.as_str());
            value.is_some_and(|value| value.constant().is_none())
        });
        let Some(read) = own else { return false };
        if self.is_dynamic_scale(read) {
            return true;
        }
        let is_vector = factor.shape.iter().filter(|length| **length > 1).count() == 1;
        let is_gain = || self.is_normalised(read, NORM) || self.is_divided(node.output());
        if is_vector && is_gain() {
            return true;
        }
        by_channel(&factor.shape, field, data.rank()) && self.is_branch(read, node.output())
    }

    /// Is it the scale by which an operator has rounded what it read? A constant that multiplies it is the scale of a
    /// quantized weight.
    fn is_dynamic_scale(&self, name: &str) -> bool {
        let name = self.carried(name);
        self.maker(name).is_some_and(|node| {
            spelling::operator(node) == "DynamicQuantizeLinear"
                && node.output.get(1).is_some_and(|scale| scale == name)
        })
    }

    /// Is it a vector of gains, divided by a root mean square before it scales anything?
    pub(super) fn is_gain_over(&self, gain: &View, divisor: &str) -> bool {
        let is_vector = gain.shape.iter().filter(|length| **length > 1).count() == 1;
        let is_stored = self.constants[gain.constant].place.is_ok();
        is_vector && is_stored && self.is_deviation(divisor, NORM)
    }

    /// The operator that makes a tensor.
    pub(super) fn maker(&self, name: &str) -> Option<&'a message::Node> {
        self.makers.get(name).map(|place| &self.nodes[*place])
    }

    /// The tensor that others carry on in other shapes.
    fn carried<'b>(&self, mut name: &'b str) -> &'b str
    where
        'a: 'b,
    {
        for _ in 0..NORM {
            match self.maker(name) {
                Some(node) if CARRIERS.contains(&spelling::operator(node)) => {
                    match node.input.first() {
                        Some(read) => name = read,
                        None => break,
                    }
                }
                _ => break,
            }
        }
        name
    }

    /// Is the product `made` divided by a root mean square that is not its own? Then its factor is a gain that comes
    /// first.
    fn is_divided(&self, made: &str) -> bool {
        let mut readers = self.readers_of(made).into_iter();
        readers.any(|(name, node)| {
            let reads = |place: usize| node.input.get(place).map_or("", String::as_str);
            let (divisor, divides) = match spelling::operator(node) {
                "Div" if reads(0) == name => (reads(1), self.is_deviation(reads(1), NORM)),
                "Mul" => {
                    let other = reads(usize::from(reads(0) == name));
                    (other, self.is_reciprocal(other, NORM))
                }
                _ => return false,
            };
            divides && !self.is_computed_from(divisor, &HashSet::from([made]))
        })
    }

    /// Is it a tensor divided by its root mean square, or what an operator that does so makes?
    fn is_normalised(&self, name: &str, left: usize) -> bool {
        let Some(node) = self.maker(self.carried(name)) else {
            return false;
        };
        let reads = |place: usize| node.input.get(place).map_or("", String::as_str);
        match spelling::operator(node) {
            "Div" => self.is_deviation(reads(1), left - 1),
            "Mul" => (0..2).any(|place| {
                let (own, other) = (reads(place), reads(1 - place));
                let is_scaled = left > 1 && self.single(other).is_some();
                self.is_reciprocal(own, left - 1)
                    || (is_scaled && self.is_normalised(own, left - 1))
            }),
            // The gain may come before what it scales.
            "Reciprocal" | "Pow" => self.is_reciprocal(name, left),
            _ => FUSED.contains(&node.op_type.as_deref().unwrap_or("")),
        }
    }

    fn is_reciprocal(&self, name: &str, left: usize) -> bool {
        let Some(node) = self.maker(self.carried(name)).filter(|_| left > 0) else {
            return false;
        };
        let reads = |place: usize| node.input.get(place).map_or("", String::as_str);
        match spelling::operator(node) {
            "Reciprocal" => self.is_deviation(reads(0), left - 1),
            "Div" => self.single(reads(0)).is_some() && self.is_deviation(reads(1), left - 1),
            "Pow" => self.single(reads(1)) == Some(-0.5) && self.is_spread(reads(0), left - 1),
            _ => false,
        }
    }

    fn is_deviation(&self, name: &str, left: usize) -> bool {
        let Some(node) = self.maker(self.carried(name)).filter(|_| left > 0) else {
            return false;
        };
        let reads = |place: usize| node.input.get(place).map_or("", String::as_str);
        match spelling::operator(node) {
            "Sqrt" => self.is_spread(reads(0), left - 1),
            "Pow" => self.single(reads(1)) == Some(0.5) && self.is_spread(reads(0), left - 1),
            "Add" | "Max" | "Clip" => (0..2).any(|place| self.is_deviation(reads(place), left - 1)),
            "Mul" => (0..2).any(|place| {
                self.single(reads(1 - place)).is_some() && self.is_deviation(reads(place), left - 1)
            }),
            "Div" => self.single(reads(1)).is_some() && self.is_deviation(reads(0), left - 1),
            "ReduceL2" => true,
            _ => false,
        }
    }

    /// Is it a mean, with ε or without?
    fn is_spread(&self, name: &str, left: usize) -> bool {
        let Some(node) = self.maker(self.carried(name)).filter(|_| left > 0) else {
            return false;
        };
        match spelling::operator(node) {
            "ReduceMean" | "ReduceSumSquare" | "ReduceSum" | "GlobalAveragePool" => true,
            "Add" | "Sub" | "Max" | "Clip" | "Div" | "Mul" => {
                let mut reads = node.input.iter().take(2);
                reads.any(|name| self.is_spread(name, left - 1))
            }
            _ => false,
        }
    }

    /// Is the product `made`, of something computed from `read`, added to what `read` was itself computed from?
    fn is_branch(&self, read: &str, made: &str) -> bool {
        let readers = self.readers_of(made).into_iter();
        let sums = readers.filter(|(_, node)| matches!(spelling::operator(node), "Add" | "Sum"));
        let others = sums.flat_map(|(name, node)| {
            let reads = node.input.iter().map(String::as_str);
            reads.filter(move |other| *other != name)
        });
        let others: HashSet<&str> = others.map(|name| self.carried(name)).collect();
        !others.is_empty() && self.is_computed_from(read, &others)
    }

    /// The operators that read a tensor, or what others carry on of it in other shapes, each after the name that it
    /// reads.
    fn readers_of<'b>(&self, made: &'b str) -> Vec<(&'b str, &'a message::Node)>
    where
        'a: 'b,
    {
        let mut names = vec![made];
        let mut found = Vec::new();
        for _ in 0..NORM {
            let Some(name) = names.pop() else { break };
            for place in self.readers.get(name).into_iter().flatten() {
                let node = &self.nodes[*place];
                found.push((name, node));
                if CARRIERS.contains(&spelling::operator(node)) {
                    names.extend(node.output.first().map(String::as_str));
                }
            }
        }
        found
    }

    /// Is a tensor one of some computed ones, or computed from one?
    fn is_computed_from(&self, name: &str, sources: &HashSet<&str>) -> bool {
        let mut met: HashSet<&str> = HashSet::new();
        let mut open = std::collections::VecDeque::from([name]);
        while let Some(name) = open.pop_front() {
            if met.len() > BRANCH || !met.insert(name) {
                continue;
            }
            let is_constant = self
                .values
                .get(name)
                .is_some_and(|value| value.constant().is_some());
            if sources.contains(name) && !is_constant {
                return true;
            }
            let reads = self.maker(name).map_or(&[][..], |node| &node.input);
            open.extend(reads.iter().map(String::as_str));
        }
        false
    }

    /// A bias: its entries scale with what they are added to.
    pub(super) fn bias(&mut self, view: &View, tensor: &str) -> Result<Field, Stop> {
        let constant = &self.constants[view.constant];
        if constant.place.is_err() {
            let value = Value {
                shape: None,
                content: Content::Constant(view.clone()),
            };
            return self.field(&value, tensor);
        }
        let field = self.constant_field(view)?;
        self.weigh(view, field.clone(), Field::uniform(ONE))?;
        Ok(field)
    }
}

/// Does a constant of several entries vary along channels alone: axes along which multipliers vary, or, where none do,
/// the last axis or that of an image's channels?
fn by_channel(shape: &[usize], field: &Field, rank: Option<usize>) -> bool {
    let rank = rank.unwrap_or(0).max(shape.len()).max(field.shape.len());
    let missing = rank - shape.len();
    let varying: Vec<usize> = (0..shape.len())
        .filter(|axis| shape[*axis] > 1)
        .map(|axis| axis + missing)
        .collect();
    if varying.is_empty() {
        return false;
    }
    if (0..rank).any(|axis| field.varies(axis, rank)) {
        return varying.iter().all(|axis| field.varies(*axis, rank));
    }
    match varying.as_slice() {
        [axis] => axis + 1 == rank || (*axis == 1 && rank >= 4),
        _ => false,
    }
}
