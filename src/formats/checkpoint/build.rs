//! From a description and a configuration to equations: statements are carried out on linear forms instead of numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::config::Settings;
use super::expression::Expression;
use super::folder::Store;
use super::language::Statement;
use crate::forms::{Channels, Slot};

/// The forms of a value along its channels.
pub(super) type Value = Arc<[Slot]>;

/// An axis of a tensor along which forms vary.
#[derive(Debug)]
pub(super) struct Axis {
    pub axis: usize,
    pub slots: Value,
    /// The exponent with which weights carry the form.
    pub sign: i64,
}

/// A tensor and the forms of its entries: the sum over its axes.
#[derive(Debug)]
pub(super) struct Use {
    /// Its name, in which the counter of its section stands as `{layer}`.
    pub pattern: String,
    pub axes: Vec<Axis>,
    /// The section that repeats it.
    pub section: Option<usize>,
    pub is_gain: bool,
    pub is_offset: bool,
}

/// Statements that are repeated with a counter, of which one repetition is carried out for all.
#[derive(Debug)]
pub(super) struct Section {
    pub counter: String,
    pub numbers: Range<u64>,
    /// The slots that belong to it.
    pub slots: Range<Slot>,
    /// Values that it passes from one repetition to the next.
    pub passed: Vec<Value>,
    /// Names that were asked for, and whether they were there.
    pub(super) asked: Vec<(String, bool)>,
}

/// Multipliers that one statement makes.
#[derive(Debug)]
pub(super) struct Made {
    pub slots: Range<Slot>,
    pub kind: Option<String>,
}

/// The equations of a checkpoint, and which forms its tensors carry.
pub(super) struct System {
    pub channels: Channels,
    pub uses: Vec<Use>,
    pub sections: Vec<Section>,
    pub made: Vec<Made>,
    /// Tensors that may be missing: buffers, and copies of others.
    pub spare: BTreeSet<usize>,
}

pub(super) struct Builder<'a> {
    pub(super) settings: Settings,
    pub(super) store: &'a Store,
    pub(super) values: BTreeMap<String, Value>,
    /// Values that nothing has read yet, by their address: each with its name and the line that makes it.
    pub(super) unread: BTreeMap<usize, (Value, String, usize)>,
    /// The line of the statement that is carried out.
    pub(super) line: usize,
    pub(super) section: Option<usize>,
    /// Loops that are open.
    depth: usize,
    /// The use of each tensor.
    pub(super) used: BTreeMap<usize, usize>,
    /// The tensors that the description accounts for.
    known: BTreeSet<usize>,
    /// What the multipliers of the values that are made are called.
    pub(super) kinds: Vec<String>,
    pub(super) system: System,
}

type Statements = [(usize, Statement)];

/// What the line of a fault is said with.
const LINE: &str = "line";

impl<'a> Builder<'a> {
    pub fn new(settings: Settings, store: &'a Store) -> Self {
        Builder {
            settings,
            store,
            values: BTreeMap::new(),
            unread: BTreeMap::new(),
            line: 0,
            section: None,
            depth: 0,
            used: BTreeMap::new(),
            known: BTreeSet::new(),
            kinds: Vec::new(),
            system: System {
                channels: Channels::new(),
                uses: Vec::new(),
                sections: Vec::new(),
                made: Vec::new(),
                spare: BTreeSet::new(),
            },
        }
    }

    /// Carries out all statements; every tensor must be accounted for.
    ///
    /// # Errors
    /// What does not fit, by name; a tensor that the description does not know.
    pub fn build(mut self, body: &Statements) -> Result<System, String> {
        let done = self.all(body);
        let done = done.and_then(|()| self.all_read());
        done.map_err(|fault| match fault.line {
            Some(line) => format!("{} ({LINE} {line} of the family)", fault.reason),
            None => fault.reason,
        })?;
        let tensors = self.store.tensors.iter().enumerate();
        let spare = &self.system.spare;
        let unknown =
            tensors.filter(|(number, _)| !self.known.contains(number) && !spare.contains(number));
        let unknown: Vec<&str> = unknown.map(|(_, tensor)| tensor.name.as_str()).collect();
        match unknown.as_slice() {
            [] => Ok(self.system),
            [one] => Err(format!("the family does not know the tensor `{one}`")),
            [first, rest @ ..] => Err(format!(
                "the family does not know the tensor `{first}`, and {} more",
                rest.len()
            )),
        }
    }

    fn all(&mut self, body: &Statements) -> Result<(), Fault> {
        for (line, statement) in body {
            self.line = *line;
            self.one(statement).map_err(|fault| fault.at(*line))?;
        }
        Ok(())
    }

    /// A value that nothing reads and nothing pins would be free, whatever becomes of it: a line was forgotten.
    fn all_read(&self) -> Result<(), Fault> {
        let first = self.unread.values().min_by_key(|(_, _, line)| *line);
        match first {
            None => Ok(()),
            Some((_, name, line)) => {
                let reason = format!(
                    "the value `{name}` is never read: is it an output that has to be pinned?"
                );
                Err(Fault::from(reason).at(*line))
            }
        }
    }

    fn one(&mut self, statement: &Statement) -> Result<(), Fault> {
        match statement {
            Statement::Let {
                names,
                operation,
                kinds,
            } => {
                self.kinds.clone_from(kinds);
                let found = self.operation(operation)?;
                if found.len() != names.len() {
                    let reason = format!("{} values have {} names", found.len(), names.len());
                    return Err(reason.into());
                }
                for (name, value) in names.iter().zip(found) {
                    self.name(name, value);
                }
            }
            Statement::Sum { name, value } => {
                let value = self.value(value)?;
                match self.values.get(name).cloned() {
                    Some(known) => self.equal(&known, &value)?,
                    None => self.name(name, value),
                }
            }
            Statement::Each {
                name,
                from,
                to,
                body,
            } => self.each(name, from, to, body)?,
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                let mut asked = Vec::new();
                let mut has = |name: &str| {
                    let own = self.with_counter(name)?;
                    let found = self.store.find(&self.first_of(&own)).is_some();
                    asked.push((own, found));
                    Ok(found)
                };
                let holds = self.settings.holds(condition, &mut has)?;
                if let Some(section) = self.section {
                    self.system.sections[section].asked.extend(asked);
                }
                self.all(if holds { then } else { otherwise })?;
            }
            Statement::Pin { value, reason } => {
                let value = self.value(value)?;
                self.pin(&value, reason);
            }
            Statement::Fixed { name, shape } => {
                let pattern = self.with_counter(name)?;
                self.tensor(&pattern, shape)?;
            }
            Statement::Buffer(name) => {
                let pattern = self.with_counter(name)?;
                for own in self.instances(&pattern) {
                    self.system.spare.extend(self.store.find(&own));
                }
            }
            Statement::Same { copy, of } => self.same(copy, of)?,
            Statement::Refuse(reason) => return Err(reason.clone().into()),
        }
        Ok(())
    }

    /// A loop that stands in no other is carried out once for all its repetitions, which are alike; every other as
    /// often as it says.
    fn each(
        &mut self,
        name: &str,
        from: &Expression,
        to: &Expression,
        body: &Statements,
    ) -> Result<(), Fault> {
        let bound = |expression: &Expression| {
            let found = expression.value(&self.settings.sizes)?;
            found.ok_or_else(|| format!("the bounds of `each {name}` are left open"))
        };
        let numbers = bound(from)?..bound(to)?;
        if self.settings.names.contains_key(name) || self.settings.sizes.contains_key(name) {
            return Err(format!("the name `{name}` has a meaning already").into());
        }
        let tensors = self.store.tensors.len();
        if numbers.end.saturating_sub(numbers.start) > tensors as u64 {
            let reason = format!(
                "`each {name}` goes from {} to {}, and there are {tensors} tensors only",
                numbers.start, numbers.end
            );
            return Err(reason.into());
        }
        let is_unrolled = self.depth > 0 || numbers.end.saturating_sub(numbers.start) < 2;
        self.depth += 1;
        match is_unrolled {
            true => self.unrolled(name, numbers, body)?,
            false => self.repeated(name, numbers, body)?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn unrolled(
        &mut self,
        name: &str,
        numbers: Range<u64>,
        body: &Statements,
    ) -> Result<(), Fault> {
        let mut kept: BTreeSet<String> = self.values.keys().cloned().collect();
        summed(body, &mut kept);
        for number in numbers {
            self.settings.names.insert(name.into(), number.to_string());
            self.all(body)?;
            // What a repetition makes for itself ends with it.
            self.values.retain(|own, _| kept.contains(own));
        }
        self.settings.names.remove(name);
        Ok(())
    }

    fn repeated(
        &mut self,
        name: &str,
        numbers: Range<u64>,
        body: &Statements,
    ) -> Result<(), Fault> {
        let passed = self.section(name, numbers.clone(), body)?;
        let channels = &self.system.channels;
        let is_one = |(old, new): &(Value, Value)| {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new.iter())
                    .all(|(old, new)| channels.are_equal(*old, *new))
        };
        if passed.iter().all(is_one) {
            return Ok(());
        }
        // What the last repetition makes goes elsewhere than what the others make: it is carried out by itself.
        for (old, new) in &passed {
            self.equal(old, new)?;
        }
        let last = numbers.end - 1;
        if let Some(section) = self.system.sections.last_mut() {
            section.numbers.end = last;
        }
        self.unrolled(name, last..numbers.end, body)
    }

    /// Carries statements out for all numbers at once; gives the values that they take from outside and give back,
    /// before and after.
    fn section(
        &mut self,
        name: &str,
        numbers: Range<u64>,
        body: &Statements,
    ) -> Result<Vec<(Value, Value)>, Fault> {
        let before = self.values.clone();
        let number = self.system.sections.len();
        let first = self.system.channels.slots();
        self.system.sections.push(Section {
            counter: name.to_owned(),
            numbers: numbers.clone(),
            slots: first..first,
            passed: Vec::new(),
            asked: Vec::new(),
        });
        self.section = Some(number);
        self.all(body)?;
        self.section = None;
        self.values.retain(|own, _| before.contains_key(own));
        let mut passed = Vec::new();
        for (own, old) in before {
            match self.values.get(&own) {
                Some(new) if !Arc::ptr_eq(&old, new) => passed.push((old, new.clone())),
                _ => {}
            }
        }
        let section = &mut self.system.sections[number];
        section.slots.end = self.system.channels.slots();
        section.passed = passed.iter().map(|(_, new)| new.clone()).collect();
        let asked = std::mem::take(&mut section.asked);
        for (pattern, found) in asked {
            for number in numbers.clone() {
                let own = pattern.replace(&format!("{{{name}}}"), &number.to_string());
                if self.store.find(&own).is_some() != found {
                    let first = pattern.replace(&format!("{{{name}}}"), &numbers.start.to_string());
                    let (there, missing) = match found {
                        true => (first, own),
                        false => (own, first),
                    };
                    let reason = format!(
                        "there is a tensor `{there}`, but no `{missing}` that goes with it"
                    );
                    return Err(reason.into());
                }
            }
        }
        Ok(passed)
    }

    /// A name with its prefixes and counters, but for that of the section.
    pub(super) fn with_counter(&self, name: &str) -> Result<String, String> {
        let (mut found, mut rest) = (String::new(), name);
        while let Some((start, after)) = rest.split_once('{') {
            let (own, after) = after
                .split_once('}')
                .ok_or_else(|| format!("`{name}`: a brace is not closed"))?;
            found.push_str(start);
            match (self.settings.names.get(own), self.counter()) {
                (Some(text), _) => found.push_str(text),
                (None, Some(counter)) if counter == own => found.push_str(&format!("{{{own}}}")),
                _ => return Err(format!("`{name}`: nothing is known of `{own}`")),
            }
            rest = after;
        }
        found.push_str(rest);
        Ok(found)
    }

    fn counter(&self) -> Option<&str> {
        let section = self.system.sections.get(self.section?)?;
        Some(&section.counter)
    }

    /// All names of a pattern.
    pub(super) fn instances(&self, pattern: &str) -> Vec<String> {
        let section = self.section.map(|section| &self.system.sections[section]);
        let counter = section.map(|section| format!("{{{}}}", section.counter));
        match (section, counter) {
            (Some(section), Some(counter)) if pattern.contains(&counter) => {
                let numbers = section.numbers.clone();
                numbers
                    .map(|number| pattern.replace(&counter, &number.to_string()))
                    .collect()
            }
            _ => vec![pattern.to_owned()],
        }
    }

    pub(super) fn first_of(&self, pattern: &str) -> String {
        match self.section.map(|section| &self.system.sections[section]) {
            Some(section) => {
                let counter = format!("{{{}}}", section.counter);
                pattern.replace(&counter, &section.numbers.start.to_string())
            }
            None => pattern.to_owned(),
        }
    }

    /// A tensor with all its repetitions: there, of the shape, of numbers that can be scaled. Gives the first, and its
    /// shape.
    pub(super) fn tensor(
        &mut self,
        pattern: &str,
        shape: &[Expression],
    ) -> Result<(usize, Vec<usize>), String> {
        let expected = shape
            .iter()
            .map(|length| length.value(&self.settings.sizes));
        let expected = expected.collect::<Result<Vec<Option<u64>>, String>>()?;
        let mut first: Option<(usize, Vec<usize>)> = None;
        for name in self.instances(pattern) {
            let number = self.store.find(&name);
            let number = number
                .ok_or_else(|| format!("the tensor `{name}` is missing, which the family needs"))?;
            let tensor = &self.store.tensors[number];
            let lengths = tensor.shape.iter().map(|length| *length as u64);
            let fits = lengths.len() == expected.len()
                && lengths
                    .zip(&expected)
                    .all(|(own, length)| own > 0 && length.is_none_or(|length| length == own));
            let is_like = first
                .as_ref()
                .is_none_or(|(_, shape)| *shape == tensor.shape);
            if !fits || !is_like {
                let expected = expected.iter().enumerate().map(|(axis, length)| {
                    let like = first.as_ref().and_then(|(_, shape)| shape.get(axis));
                    match (length, like) {
                        (Some(length), _) => length.to_string(),
                        (None, Some(like)) => like.to_string(),
                        (None, None) => "any".to_owned(),
                    }
                });
                let expected = expected.collect::<Vec<_>>().join(", ");
                return Err(format!(
                    "the tensor `{name}` has the shape {:?}, where the configuration asks for [{expected}]",
                    tensor.shape
                ));
            }
            if tensor.storage.is_none() {
                return Err(format!(
                    "the tensor `{name}` does not hold numbers of the types f16, bf16, f32 or f64, which are read"
                ));
            }
            self.known.insert(number);
            first = first.or_else(|| Some((number, tensor.shape.clone())));
        }
        first.ok_or_else(|| format!("no tensor is named by `{pattern}`"))
    }

    /// A copy of a tensor that files may hold besides: the same numbers.
    fn same(&mut self, copy: &str, of: &str) -> Result<(), String> {
        let (copy, of) = (self.with_counter(copy)?, self.with_counter(of)?);
        let (Some(own), Some(other)) = (self.store.find(&copy), self.store.find(&of)) else {
            return Ok(());
        };
        let (one, two) = (&self.store.tensors[own], &self.store.tensors[other]);
        let is_same = one.shape == two.shape
            && one.storage == two.storage
            && self.store.bytes(own) == self.store.bytes(other);
        self.system.spare.insert(own);
        match is_same {
            true => Ok(()),
            false => Err(format!(
                "the tensor `{copy}` differs from `{of}`, and the configuration says that they are one"
            )),
        }
    }
}

/// A fault, and the line of the description where it came up.
pub(super) struct Fault {
    reason: String,
    line: Option<usize>,
}

impl Fault {
    fn at(mut self, line: usize) -> Self {
        self.line = self.line.or(Some(line));
        self
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Fault { reason, line: None }
    }
}

/// The names of sums that statements begin.
fn summed(body: &Statements, names: &mut BTreeSet<String>) {
    for (_, statement) in body {
        match statement {
            Statement::Sum { name, .. } => {
                names.insert(name.clone());
            }
            Statement::If {
                then, otherwise, ..
            } => {
                summed(then, names);
                summed(otherwise, names);
            }
            _ => {}
        }
    }
}
