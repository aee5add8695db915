//! From a graph of operators to multipliers: every operator says which of them must be equal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::constant::{Constant, View};
use super::functions::WrittenOut;
use super::learned::Roles;
use super::message;
use super::node::{Content, Node, Stop, Value, pin};
use super::reads::{live, read_by, read_within};
use super::rules::{self, Sequence};
use super::shape::{Dim, Integer, is_broadcast, is_entrywise};
use super::shared::share;
use super::uses::Use;
use super::{Files, Note, OnnxError};
use crate::forms::{Channels, Field, ONE, Slot};

/// Before, operators broadcast differently.
const OLDEST: i64 = 7;

/// The graph, as far as it has been followed.
pub(super) struct Inference<'a> {
    pub channels: Channels,
    pub constants: Vec<Constant>,
    pub uses: Vec<Use>,
    pub notes: Vec<Note>,
    pub opset: i64,
    pub files: &'a mut Files,
    pub roles: &'a Roles,
    pub(super) model: &'a message::Model,
    /// Constants that are never changed, each with the first reason.
    pub kept: BTreeMap<usize, String>,
    pub nodes: &'a [message::Node],
    /// The place of each, or of what it is part of, in the model's graph.
    places: &'a [usize],
    /// The conditions under which each is computed.
    guards: &'a [std::rc::Rc<[(String, bool)]>],
    /// The operator that makes each tensor, and those that read it.
    pub makers: HashMap<&'a str, usize>,
    pub readers: HashMap<&'a str, Vec<usize>>,
    /// Does any output depend on the operator?
    live: Vec<bool>,
    pub values: HashMap<&'a str, Value>,
    /// The operator that is being followed, in words.
    pub current: String,
    pub declared: HashMap<&'a str, &'a message::ValueInfo>,
    /// Operators of ONNX that the file defines anew.
    redefined: BTreeSet<String>,
    /// Constants that were looked at, and whether they are tables of waves.
    pub(super) waves: BTreeMap<usize, bool>,
    /// See [`rounds_powers`](Inference::rounds_powers).
    pub(super) rounded_powers: Vec<(Field, String, bool)>,
    /// Computed values that an operator rounds to 16 bits or fewer.
    pub(super) shortened: Vec<Field>,
    symbols: u32,
    /// The integers that tensors of floats hold, by name.
    pub whole: HashMap<String, Vec<Integer>>,
    /// The lists of tensors, by name.
    pub(super) sequences: HashMap<String, Sequence>,
    /// What they hold together.
    pub(super) listed: usize,
    /// Symbols of integers that need not be lengths: -1 and 0 mean something else.
    pub unsure: BTreeSet<u32>,
    parameters: HashMap<&'a str, u32>,
    /// The bytes that tensors lie on, by file and first byte: the end, and the tensor.
    pub(super) occupied: BTreeMap<(usize, usize), (usize, usize)>,
}

impl<'a> Inference<'a> {
    /// Follows a whole graph.
    pub fn run(
        model: &'a message::Model,
        written: &'a WrittenOut,
        files: &'a mut Files,
        roles: &'a Roles,
    ) -> Result<Self, OnnxError> {
        let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
        let own = |set: &&message::OperatorSet| is_own(set.domain.as_deref());
        let opset = model.opset_import.iter().find(own);
        let opset = opset.and_then(|set| set.version).unwrap_or(1);
        let mut inference = Inference {
            channels: Channels::new(),
            constants: Vec::new(),
            uses: Vec::new(),
            notes: Vec::new(),
            opset,
            files,
            roles,
            model,
            kept: BTreeMap::new(),
            nodes: &written.nodes,
            places: &written.places,
            guards: &written.guards,
            makers: HashMap::new(),
            readers: HashMap::new(),
            live: live(graph, &written.nodes),
            values: HashMap::new(),
            current: String::new(),
            declared: HashMap::new(),
            redefined: (model.defined().filter(|(domain, _)| is_own(Some(domain))))
                .map(|(_, name)| name)
                .collect(),
            waves: BTreeMap::new(),
            rounded_powers: Vec::new(),
            shortened: Vec::new(),
            symbols: 0,
            whole: HashMap::new(),
            sequences: HashMap::new(),
            listed: 0,
            unsure: BTreeSet::new(),
            parameters: HashMap::new(),
            occupied: BTreeMap::new(),
        };
        let given = graph.value_info.iter().chain(&graph.output);
        for info in given.chain(&graph.input) {
            inference
                .declared
                .insert(info.name.as_deref().unwrap_or(""), info);
        }
        inference.inputs(graph, model.ir_version.unwrap_or(0))?;
        for (place, node) in written.nodes.iter().enumerate() {
            let makers = node.output.iter().map(|name| (name.as_str(), place));
            inference.makers.extend(makers);
            for name in read_by(node) {
                inference.readers.entry(name).or_default().push(place);
            }
        }
        for (place, node) in written.nodes.iter().enumerate() {
            inference.node(place, node)?;
        }
        for output in &graph.output {
            let name = output.name.as_deref().unwrap_or("");
            let value = inference.values.get(name).cloned();
            let value = value.ok_or_else(|| OnnxError::Undefined {
                place: "the outputs".into(),
                name: name.into(),
            })?;
            inference.pin(&value, &format!("output `{name}` of the model"));
        }
        let constants = &inference.constants;
        share(
            &mut inference.channels,
            &inference.uses,
            |constant| constants[constant].len(),
            |constant| constants[constant].name.clone(),
        )?;
        // What is joined is stored in its parts.
        let constants = &mut inference.constants;
        for constant in constants.iter_mut().filter(|own| own.joined.is_some()) {
            constant.place = Err("it is joined of others".into());
        }
        let constants = constants.iter().filter(|own| own.joined.is_none());
        roles.check(&constants.map(|constant| constant.name.as_str()).collect())?;
        Ok(inference)
    }

    /// Is it in a branch that is never taken?
    fn is_skipped(&self, place: usize) -> bool {
        self.guards[place].iter().any(|(condition, wanted)| {
            let value = self.values.get(condition.as_str());
            let known = value.and_then(|value| self.known_integers(value));
            matches!(known.as_deref(), Some([truth]) if (*truth != 0) != *wanted)
        })
    }

    fn node(&mut self, place: usize, message: &'a message::Node) -> Result<(), OnnxError> {
        if self.is_skipped(place) {
            let skipped = Value {
                shape: None,
                content: Content::Zero,
            };
            let names = message.output.iter().filter(|name| !name.is_empty());
            self.values
                .extend(names.map(|name| (name.as_str(), skipped.clone())));
            return Ok(());
        }
        let mut inputs = Vec::with_capacity(message.input.len());
        for name in &message.input {
            inputs.push(match name.is_empty() {
                true => None,
                false => Some(self.values.get(name.as_str()).cloned().ok_or_else(|| {
                    OnnxError::Undefined {
                        place: describe(self.places[place], message),
                        name: name.clone(),
                    }
                })?),
            });
        }
        if !self.live[place] {
            return self.unread(message);
        }
        let node = Node { message, inputs };
        self.current = describe(self.places[place], message);
        self.channels.begin(&self.current);
        let followed = match is_own(message.domain.as_deref()) {
            true if self.opset < OLDEST => {
                pin(format!("is of opset {}, before {OLDEST}", self.opset))
            }
            true if self.redefined.contains(node.operator()) => {
                pin("is defined anew by a function of the file")
            }
            true => rules::follow(self, &node),
            false if message.domain.as_deref() == Some("com.microsoft") => {
                rules::follow_contributed(self, &node)
            }
            false => pin(format!(
                "is of the domain `{}`",
                message.domain.as_deref().unwrap_or("")
            )),
        };
        let outputs = match followed {
            Ok(outputs) => outputs,
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Pin(reason)) => self.pin_all(place, &node, &reason),
        };
        let outputs: Vec<Value> = outputs
            .into_iter()
            .map(|value| self.consistent(value))
            .collect();
        for (name, value) in message.output.iter().zip(outputs) {
            if !name.is_empty() && self.values.insert(name, value).is_some() {
                return Err(OnnxError::Twice(name.clone()));
            }
        }
        Ok(())
    }

    /// What no output depends on may be anything.
    fn unread(&mut self, message: &'a message::Node) -> Result<(), OnnxError> {
        for name in message.output.iter().filter(|name| !name.is_empty()) {
            let value = Value {
                shape: None,
                content: Content::Zero,
            };
            if self.values.insert(name, value).is_some() {
                return Err(OnnxError::Twice(name.clone()));
            }
        }
        Ok(())
    }

    /// A value whose multipliers vary along axes of the same length, or repeat along those of unknown length; in a
    /// model that is not valid they may not.
    fn consistent(&mut self, mut value: Value) -> Value {
        let (Some(shape), Content::Data(field)) = (&value.shape, &value.content) else {
            return value;
        };
        let missing = shape.len().checked_sub(field.shape.len());
        let fits = missing.is_some_and(|missing| {
            let mut lengths = field.shape.iter().zip(&shape[missing..]);
            lengths.all(|(length, dim)| *length == 1 || dim.known().unwrap_or(*length) == *length)
        });
        if !fits {
            value.content = Content::Data(self.channels.merged(field));
        }
        value
    }

    /// Everything that an operator reads, and makes, keeps its values.
    fn pin_all(&mut self, place: usize, node: &Node<'a>, reason: &str) -> Vec<Value> {
        let operator = describe(self.places[place], node.message);
        for input in node.inputs.iter().flatten() {
            match &input.content {
                Content::Constant(view) => {
                    self.keep(view, &format!("read by {operator}, which is not followed"));
                }
                _ => self.pin(input, &operator),
            }
        }
        for name in read_within(node.message) {
            if let Some(value) = self.values.get(name).cloned() {
                self.pin(&value, &operator);
            }
        }
        let name = node.message.name.as_deref().unwrap_or("");
        let name = if name.is_empty() { node.output() } else { name };
        self.note(node.operator(), name, reason);
        let outputs = &node.message.output;
        let read = node
            .inputs
            .first()
            .and_then(|input| input.as_ref()?.shape.clone());
        let is_known = matches!(
            node.message.domain.as_deref(),
            None | Some("" | "ai.onnx" | "ai.onnx.ml" | "com.microsoft")
        ) && !self.redefined.contains(node.operator());
        let read = match node.operator() {
            operator if is_known && is_broadcast(operator) => self.broadcast_all(&node.inputs),
            operator => read.filter(|_| is_known && is_entrywise(operator)),
        };
        let pinned = outputs.iter().enumerate().map(|(number, output)| {
            let slot = self.channels.pinned(&operator);
            let declared = self.declared.get(output.as_str()).copied();
            let shape = self.shape_of(declared);
            let shape = shape.or_else(|| read.clone().filter(|_| number == 0));
            Value::data(shape, Field::uniform(slot))
        });
        pinned.collect()
    }

    pub(super) fn note(&mut self, operator: &str, name: &str, reason: &str) {
        self.notes.push(Note {
            operator: operator.to_owned(),
            name: name.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// Does anything read a tensor, within the model or outside of it?
    pub fn is_read(&self, name: &str) -> bool {
        let mut outputs = self.model.graph.iter().flat_map(|graph| &graph.output);
        let is_output = outputs.any(|output| output.name.as_deref() == Some(name));
        !name.is_empty() && (is_output || self.readers.contains_key(name))
    }

    /// A tensor that no scaling may change.
    pub fn pin(&mut self, value: &Value, reason: &str) {
        match &value.content {
            Content::Data(field) => self.channels.pin(field, reason),
            Content::Constant(view) => self.keep(view, reason),
            Content::Zero | Content::Integers(_) => {}
        }
    }

    /// A constant that is read as it is: its entries are never changed.
    pub fn keep(&mut self, view: &View, reason: &str) {
        if let Some(pieces) = self.pieces(view) {
            pieces.iter().for_each(|piece| self.keep(piece, reason));
            return;
        }
        if self.constants[view.constant].storage.is_some() {
            let reason = match self.is_declared_constant(view) {
                true => "it was declared a constant",
                false => reason,
            };
            self.kept
                .entry(view.constant)
                .or_insert_with(|| reason.to_owned());
        }
        if self.constants[view.constant].place.is_ok() {
            let field = Field::uniform(self.channels.pinned(reason));
            self.uses.push(Use {
                view: View::whole(view.constant, &self.constants[view.constant].shape),
                plus: field.clone(),
                minus: Field::uniform(ONE),
                is_weight: false,
            });
        }
    }

    /// The entries of a constant as weights.
    pub fn weigh(&mut self, view: &View, plus: Field, minus: Field) -> Result<(), Stop> {
        self.scale(view, plus, minus, true)
    }

    /// The entries of a constant scale along; the regularizer may count them.
    pub fn scale(
        &mut self,
        view: &View,
        plus: Field,
        minus: Field,
        is_weight: bool,
    ) -> Result<(), Stop> {
        let fits = [&plus, &minus].into_iter().all(|field| {
            let lengths = field.of_rank(view.shape.len()).shape;
            let known: usize = field.shape.iter().product();
            let mut pairs = lengths.iter().zip(&view.shape);
            lengths.iter().product::<usize>() == known
                && pairs.all(|(length, own)| *length == 1 || length == own)
        });
        if !fits {
            return pin("has a weight of another shape than its tensors");
        }
        if let Some(apart) = self.apart(view, &plus, &minus)? {
            for (part, plus, minus) in apart {
                self.scale(&part, plus, minus, is_weight)?;
            }
            return Ok(());
        }
        if let Err(reason) = &self.constants[view.constant].place {
            let constant = &self.constants[view.constant];
            return pin(format!(
                "reads `{}`, which is left alone: {reason}",
                constant.name
            ));
        }
        if self.is_declared_constant(view) {
            return self.hold(view, plus, minus, "it was declared a constant");
        }
        if !self.is_declared_learned(view) && self.is_table_of_waves(view) {
            let reason = "its columns are sines and cosines of the position";
            return self.hold(view, plus, minus, reason);
        }
        self.uses.push(Use {
            view: view.clone(),
            plus,
            minus,
            is_weight,
        });
        Ok(())
    }

    /// New channels of the tensor that a node makes.
    pub fn fresh(&mut self, node: &Node, len: usize) -> Result<std::ops::Range<Slot>, Stop> {
        Ok(self.channels.fresh(node.output(), node.operator(), len)?)
    }

    /// The lengths of a result whose arguments broadcast, axis by axis.
    pub fn broadcast(&mut self, one: &[Dim], other: &[Dim]) -> Vec<Dim> {
        let rank = one.len().max(other.len());
        let own = |dims: &[Dim], axis: usize| {
            let place = (axis + dims.len()).checked_sub(rank);
            place.map_or(Dim::Known(1), |place| dims[place])
        };
        let mut dims = Vec::with_capacity(rank);
        for axis in 0..rank {
            dims.push(match (own(one, axis), own(other, axis)) {
                (Dim::Known(1), dim) | (dim, Dim::Known(1)) => dim,
                (one, other) if one == other => one,
                (Dim::Known(length), Dim::Symbol(_)) | (Dim::Symbol(_), Dim::Known(length)) => {
                    Dim::Known(length)
                }
                _ => self.symbol(),
            });
        }
        dims
    }

    /// The shape to which those of all inputs broadcast, where they are known.
    pub fn broadcast_all(&mut self, inputs: &[Option<Value>]) -> Option<Vec<Dim>> {
        let mut all = Vec::new();
        for input in inputs.iter().flatten() {
            all = self.broadcast(&all, input.shape.as_ref()?);
        }
        Some(all)
    }

    /// An operator takes powers of, or makes by powers, what carries these multipliers, and engines round them: at any
    /// multiplier, or only where that of the result is no power of two.
    pub fn rounds_powers(&mut self, field: &Field, always: bool) {
        let operator = self.current.clone();
        self.rounded_powers.push((field.clone(), operator, always));
    }

    /// An unknown length.
    pub fn symbol(&mut self) -> Dim {
        self.symbols += 1;
        Dim::Symbol(self.symbols)
    }

    /// The shape that a file states.
    pub(super) fn shape_of(&mut self, info: Option<&'a message::ValueInfo>) -> Option<Vec<Dim>> {
        let shape = info?
            .r#type
            .as_ref()?
            .tensor_type
            .as_ref()?
            .shape
            .as_ref()?;
        let mut dims = Vec::with_capacity(shape.dim.len());
        for dimension in &shape.dim {
            let known = dimension
                .dim_value
                .and_then(|length| usize::try_from(length).ok());
            let named = dimension
                .dim_param
                .as_deref()
                .filter(|name| !name.is_empty());
            dims.push(match (known, named) {
                (Some(length), _) => Dim::Known(length),
                (None, Some(name)) => match self.parameters.get(name) {
                    Some(symbol) => Dim::Symbol(*symbol),
                    None => {
                        let symbol = self.symbol();
                        self.parameters.insert(name, self.symbols);
                        symbol
                    }
                },
                (None, None) => self.symbol(),
            });
        }
        Some(dims)
    }
}

fn is_own(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

fn describe(place: usize, node: &message::Node) -> String {
    let operator = node.op_type.as_deref().unwrap_or("");
    let named = node.name.as_deref().filter(|name| !name.is_empty());
    let name = named
        .or(node.output.first().map(String::as_str))
        .unwrap_or("");
    format!("{operator} `{name}` (nodes[{place}])")
}
