//! What operations make of forms: the rules of linear maps, norms, activations and attention.

use super::build::{Axis, Builder, Fault, Made, Use, Value};
use super::expression::Expression;
use super::language::{Operation, Presence, Rotary};
use crate::forms::{Exponent, FormsError, ONE, Slot};

/// Channels of a value; beyond, a file is not a model but an attack.
const MAX_CHANNELS: u64 = 1 << 26;

/// Activations by name in configurations that are not homogeneous: what they read is not scaled.
const FIXED: [&str; 14] = [
    "gelu",
    "gelu_10",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_pytorch_tanh",
    "mish",
    "quick_gelu",
    "relu6",
    "sigmoid",
    "silu",
    "swish",
    "tanh",
    "softmax",
];

pub(super) type Found<T> = Result<T, Fault>;

impl From<FormsError> for Fault {
    fn from(fault: FormsError) -> Self {
        fault.to_string().into()
    }
}

impl Builder<'_> {
    /// The values that an operation makes.
    pub(super) fn operation(&mut self, operation: &Operation) -> Found<Vec<Value>> {
        let found = match operation {
            Operation::Input(length) => {
                let length = channels(self.length(length)?, 1)?;
                let slot = self.system.channels.pinned("it is an input");
                repeated(&[slot].into(), length)
            }
            Operation::Embed { tensor, shape } => self.embed(tensor, shape)?,
            Operation::Linear {
                input,
                tensor,
                shape,
                bias,
                transposed,
                parts,
            } => return self.linear(input, tensor, shape, (bias, *transposed, parts.as_ref())),
            Operation::Bias {
                input,
                tensor,
                shape,
            } => {
                let value = self.value(input)?;
                self.vector(tensor, shape, &value, (false, false))?;
                value
            }
            Operation::Norm {
                input,
                tensor,
                shape,
                bias,
                offset,
                heads,
            } => {
                let roles = (bias, *offset, heads.as_ref());
                self.norm(input, tensor, shape, roles)?
            }
            Operation::Act { input, activation } => self.act(input, activation)?,
            Operation::Multiply(one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                self.of_length(&other, one.len() as u64, "a product")?;
                self.system.channels.begin("a product");
                let pairs = one.iter().zip(other.iter());
                let products = pairs.map(|(one, other)| self.product([(*one, 1), (*other, 1)]));
                products.collect::<Found<Vec<Slot>>>()?.into()
            }
            Operation::Add(names) => {
                let values = names.iter().map(|name| self.value(name));
                let values = values.collect::<Result<Vec<Value>, String>>()?;
                for pair in values.windows(2) {
                    self.equal(&pair[0], &pair[1])?;
                }
                values[0].clone()
            }
            Operation::Attend {
                values,
                sizes,
                rotary,
            } => self.attend(values, sizes, rotary.as_ref())?,
            Operation::Join {
                inputs,
                groups,
                parts,
            } => self.join(inputs, groups, parts)?,
            Operation::Repeat { input, times } => {
                let (value, times) = (self.value(input)?, self.length(times)?);
                channels(value.len() as u64, times)?;
                repeated(&value, times)
            }
        };
        Ok(vec![found])
    }

    /// Gives a value a name.
    pub(super) fn name(&mut self, name: &str, value: Value) {
        let made = (value.clone(), name.to_owned(), self.line);
        self.unread.insert(value.as_ptr().addr(), made);
        self.values.insert(name.to_owned(), value);
    }

    /// The value of a name, for an operation that reads it.
    pub(super) fn value(&mut self, name: &str) -> Result<Value, String> {
        let found = self.values.get(name).cloned();
        let found = found.ok_or_else(|| format!("no value has the name `{name}`"))?;
        self.unread.remove(&found.as_ptr().addr());
        Ok(found)
    }

    pub(super) fn length(&self, expression: &Expression) -> Result<u64, String> {
        match expression.value(&self.settings.sizes)? {
            Some(0) => Err("a length is 0".into()),
            Some(length) => Ok(length),
            None => Err("a length that matters is left open".into()),
        }
    }

    pub(super) fn of_length(&self, value: &Value, length: u64, what: &str) -> Result<(), String> {
        match value.len() as u64 == length {
            true => Ok(()),
            false => Err(format!(
                "`{what}` has {} channels, where {length} are needed",
                value.len()
            )),
        }
    }

    /// Both carry the same forms.
    pub(super) fn equal(&mut self, one: &Value, other: &Value) -> Result<(), String> {
        self.of_length(other, one.len() as u64, "a sum")?;
        for (one, other) in one.iter().zip(other.iter()) {
            self.system.channels.equal(*one, *other);
        }
        Ok(())
    }

    /// Nothing scales the value.
    pub(super) fn pin(&mut self, value: &Value, reason: &str) {
        let slot = self.system.channels.pinned(reason);
        for own in value.iter() {
            self.system.channels.equal(slot, *own);
        }
    }

    fn product(&mut self, factors: [(Slot, i64); 2]) -> Found<Slot> {
        let factors = factors.map(|(slot, exponent)| (slot, Exponent::from(exponent)));
        Ok(self.system.channels.combination(&factors)?)
    }

    /// New multipliers; those of the part of this number.
    pub(super) fn make(&mut self, tensor: &str, length: usize, part: usize) -> Found<Value> {
        let slots = self.system.channels.fresh(tensor, "", length)?;
        let kind = self.kinds.get(part).cloned();
        let value = slots.clone().collect();
        self.system.made.push(Made { slots, kind });
        Ok(value)
    }

    pub(super) fn is_there(&self, presence: &Presence) -> Result<bool, String> {
        match presence {
            Presence::Never => Ok(false),
            Presence::Always => Ok(true),
            Presence::If(flag) => self.settings.flag(flag),
        }
    }

    /// Remembers the forms of a tensor's entries; those of a tensor that was used before are the same.
    fn used(&mut self, number: usize, used: Use) -> Found<()> {
        let Some(before) = self.used.get(&number).copied() else {
            self.used.insert(number, self.system.uses.len());
            self.system.uses.push(used);
            return Ok(());
        };
        let known = &self.system.uses[before];
        if known.is_offset != used.is_offset {
            return Err(format!("`{}` is used with and without 1 added", used.pattern).into());
        }
        let known = known
            .axes
            .iter()
            .map(|own| (own.axis, own.slots.clone(), own.sign));
        let mut pairs = known.collect::<Vec<_>>();
        for own in used.axes {
            let place = pairs.iter().position(|(axis, ..)| *axis == own.axis);
            match place.map(|place| pairs.swap_remove(place)) {
                Some((_, slots, sign)) => {
                    for (one, other) in slots.iter().zip(own.slots.iter()) {
                        let slot = self.product([(*one, sign), (*other, -own.sign)])?;
                        self.system.channels.equal(slot, ONE);
                    }
                }
                None => self.pin(&own.slots, "a tensor is used twice"),
            }
        }
        for (_, slots, _) in pairs {
            self.pin(&slots, "a tensor is used twice");
        }
        Ok(())
    }

    fn section_of(&self, pattern: &str) -> Option<usize> {
        let section = self.section?;
        let counter = format!("{{{}}}", self.system.sections[section].counter);
        pattern.contains(&counter).then_some(section)
    }

    /// Rows are picked by numbers of tokens or positions; their forms are those of the last axis.
    fn embed(&mut self, tensor: &str, shape: &[Expression]) -> Found<Value> {
        let pattern = self.with_counter(tensor)?;
        let (number, shape) = self.tensor(&pattern, shape)?;
        let axis = shape.len() - 1;
        let value = self.make(&pattern, shape[axis], 0)?;
        let axes = vec![Axis {
            axis,
            slots: value.clone(),
            sign: 1,
        }];
        self.remember(number, pattern, axes, (false, false))?;
        Ok(value)
    }

    fn remember(
        &mut self,
        number: usize,
        pattern: String,
        axes: Vec<Axis>,
        (is_gain, is_offset): (bool, bool),
    ) -> Found<()> {
        let section = self.section_of(&pattern);
        self.used(
            number,
            Use {
                pattern,
                axes,
                section,
                is_gain,
                is_offset,
            },
        )
    }

    /// A vector that carries the forms of a value: a bias, a shift.
    pub(super) fn vector(
        &mut self,
        tensor: &str,
        shape: &[Expression],
        value: &Value,
        roles: (bool, bool),
    ) -> Found<()> {
        let pattern = self.with_counter(tensor)?;
        let (number, shape) = self.tensor(&pattern, shape)?;
        let axis = shape.len() - 1;
        self.of_length(value, shape[axis] as u64, tensor)?;
        let axes = vec![Axis {
            axis,
            slots: value.clone(),
            sign: 1,
        }];
        self.remember(number, pattern, axes, roles)
    }

    fn linear(
        &mut self,
        input: &str,
        tensor: &str,
        shape: &[Expression],
        (bias, transposed, parts): (&Presence, bool, Option<&(Expression, Vec<Expression>)>),
    ) -> Found<Vec<Value>> {
        let value = self.value(input)?;
        let pattern = self.with_counter(&format!("{tensor}.weight"))?;
        let (number, lengths) = self.tensor(&pattern, shape)?;
        if lengths.len() < 2 {
            return Err(format!("`{pattern}` is no matrix").into());
        }
        let (to, from) = match transposed {
            true => (1, 0),
            false => (0, 1),
        };
        if value.len() != lengths[from] {
            let reason = format!(
                "the tensor `{}` has the shape {lengths:?}, and `{input}`, which it reads, {} channels",
                self.first_of(&pattern),
                value.len()
            );
            return Err(reason.into());
        }
        let mut values = Vec::new();
        let made = match parts {
            None => {
                values.push(self.make(&pattern, lengths[to], 0)?);
                values[0].clone()
            }
            Some((groups, parts)) => {
                let (groups, parts) = self.parts(groups, parts)?;
                if groups * parts.iter().sum::<usize>() != lengths[to] {
                    let reason = format!("`{pattern}` does not consist of these parts");
                    return Err(reason.into());
                }
                for (number, part) in parts.iter().enumerate() {
                    values.push(self.make(&pattern, groups * part, number)?);
                }
                joined(&values, groups, &parts)
            }
        };
        let axes = vec![
            Axis {
                axis: to,
                slots: made.clone(),
                sign: 1,
            },
            Axis {
                axis: from,
                slots: value,
                sign: -1,
            },
        ];
        self.remember(number, pattern, axes, (false, false))?;
        if self.is_there(bias)? {
            let shape = [shape[to].clone()];
            self.vector(&format!("{tensor}.bias"), &shape, &made, (false, false))?;
        }
        Ok(values)
    }

    fn act(&mut self, input: &str, activation: &str) -> Found<Value> {
        let value = self.value(input)?;
        let word = match self.settings.words.get(activation) {
            Some(word) => word.clone(),
            None => activation.to_owned(),
        };
        match word.as_str() {
            "relu" | "leaky_relu" | "linear" | "identity" => Ok(value),
            "relu2" | "squared_relu" => {
                let squares = value
                    .iter()
                    .map(|slot| self.product([(*slot, 2), (ONE, 1)]));
                Ok(squares.collect::<Found<Vec<Slot>>>()?.into())
            }
            fixed if FIXED.contains(&fixed) => {
                self.pin(&value, &format!("`{fixed}` reads it"));
                let made = self.system.channels.pinned(&format!("`{fixed}` makes it"));
                Ok(repeated(&[made].into(), value.len() as u64))
            }
            _ => Err(format!("the activation `{word}` is not known").into()),
        }
    }

    fn attend(
        &mut self,
        names: &[String; 3],
        sizes: &[Expression; 4],
        rotary: Option<&(Rotary, Expression)>,
    ) -> Found<Value> {
        let [query, key, value] = names;
        let mut lengths = [0; 4];
        for (length, expression) in lengths.iter_mut().zip(sizes) {
            *length = self.length(expression)?;
        }
        let [heads, keys, head, width] = lengths;
        if heads % keys != 0 {
            let reason = format!("{heads} heads of queries cannot share {keys} heads of keys");
            return Err(reason.into());
        }
        let (queries, shared) = (self.value(query)?, self.value(key)?);
        let values = self.value(value)?;
        self.of_length(&queries, channels(heads, head)?, query)?;
        self.of_length(&shared, channels(keys, head)?, key)?;
        self.of_length(&values, channels(keys, width)?, value)?;
        channels(heads, width)?;
        let rotated = match rotary {
            Some((_, length)) => length.value(&self.settings.sizes)?.unwrap_or(head),
            None => 0,
        };
        if rotated > head || rotated % 2 != 0 {
            let reason = format!("{rotated} entries of a head of {head} cannot rotate in pairs");
            return Err(reason.into());
        }
        let (each, head, width) = ((heads / keys) as usize, head as usize, width as usize);
        let (half, layout) = (rotated as usize / 2, rotary.map(|(layout, _)| *layout));
        let partner = |entry: usize| match layout {
            Some(Rotary::Halves) if entry < half => entry + half,
            Some(Rotary::Pairs) if entry < 2 * half && entry.is_multiple_of(2) => entry + 1,
            _ => entry,
        };
        self.system.channels.begin("softmax reads the scores");
        for number in 0..keys as usize {
            let own = &shared[number * head..][..head];
            for entry in 0..head {
                let channels = &mut self.system.channels;
                channels.equal(own[entry], own[partner(entry)]);
                let first = queries[number * each * head + entry];
                for other in 0..each {
                    let query = &queries[(number * each + other) * head..][..head];
                    channels.equal(first, query[entry]);
                    channels.equal(query[entry], query[partner(entry)]);
                }
            }
            for entry in 0..head {
                let first = queries[number * each * head + entry];
                let score = self.product([(first, 1), (own[entry], 1)])?;
                self.system.channels.equal(score, ONE);
            }
        }
        let heads = 0..keys as usize * each;
        Ok(heads
            .flat_map(|number| values[number / each * width..][..width].iter().copied())
            .collect())
    }

    fn parts(
        &self,
        groups: &Expression,
        parts: &[Expression],
    ) -> Result<(usize, Vec<usize>), String> {
        let groups = self.length(groups)?;
        let parts = parts.iter().map(|part| self.length(part));
        let parts = parts.collect::<Result<Vec<u64>, String>>()?;
        let all = parts
            .iter()
            .try_fold(0u64, |all, part| all.checked_add(*part));
        channels(groups, all.unwrap_or(u64::MAX))?;
        let parts = parts.into_iter().map(|part| part as usize);
        Ok((groups as usize, parts.collect()))
    }

    fn join(
        &mut self,
        inputs: &[String],
        groups: &Expression,
        parts: &[Expression],
    ) -> Found<Value> {
        let (groups, parts) = self.parts(groups, parts)?;
        let values = inputs.iter().map(|name| self.value(name));
        let values = values.collect::<Result<Vec<Value>, String>>()?;
        for ((value, part), name) in values.iter().zip(&parts).zip(inputs) {
            self.of_length(value, (groups * part) as u64, name)?;
        }
        Ok(joined(&values, groups, &parts))
    }
}

/// Values with so many groups of parts each, group by group.
fn joined(values: &[Value], groups: usize, parts: &[usize]) -> Value {
    let mut found = Vec::new();
    for group in 0..groups {
        for (value, part) in values.iter().zip(parts) {
            found.extend_from_slice(&value[group * part..][..*part]);
        }
    }
    found.into()
}

pub(super) fn repeated(value: &Value, times: u64) -> Value {
    (0..times).flat_map(|_| value.iter().copied()).collect()
}

/// So many times so many channels.
fn channels(one: u64, other: u64) -> Result<u64, String> {
    let found = one.checked_mul(other);
    let found = found.filter(|found| *found <= MAX_CHANNELS);
    found.ok_or_else(|| format!("{one} times {other} channels are too many"))
}
