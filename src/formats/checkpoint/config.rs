//! The configuration of a checkpoint, field by field: every one is used, known not to matter, or refused.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::expression::Sizes;
use super::language::{Condition, Setting, Test};

/// Fields that change nothing of the function in any family: what training, tokens, printing and search for words need.
const COMMON: &str = include_str!("families/ignored.txt");

/// The scalars of `config.json` by their path: `rope_scaling.type`, `layer_types.0`.
#[derive(Debug)]
pub(super) struct Config {
    fields: BTreeMap<String, Value>,
}

/// What a description takes from a configuration.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub sizes: Sizes,
    pub flags: BTreeMap<String, bool>,
    pub words: BTreeMap<String, String>,
    /// What stands for `{name}` in the names of tensors.
    pub names: BTreeMap<String, String>,
    given: BTreeSet<String>,
    pub reading: Reading,
}

/// How a configuration was read; nothing is known of an adapter's.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The fields that say what is computed.
    taken: BTreeSet<String>,
    /// What fields say, given or by default.
    said: BTreeMap<String, String>,
}

/// The patterns of [`COMMON`].
fn common() -> impl Iterator<Item = &'static str> {
    let lines = COMMON
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    lines.flat_map(str::split_whitespace)
}

impl Reading {
    /// Does a field say what is computed?
    pub fn takes(&self, field: &str) -> bool {
        self.taken.contains(field)
    }

    /// Is a field known to change no function?
    pub fn ignores(&self, field: &str) -> bool {
        !self.takes(field) && common().any(|pattern| matches(pattern, field))
    }

    /// Is a field known to say the same in both, given or by default?
    pub fn agrees(&self, other: &Reading, field: &str) -> bool {
        let said = self.said.get(field);
        said.is_some() && said == other.said.get(field)
    }
}

impl Config {
    /// The fields of an object; the values of nested ones by their path.
    pub fn new(value: &Value) -> Result<Config, String> {
        if !value.is_object() {
            return Err("holds no JSON object".into());
        }
        let mut fields = BTreeMap::new();
        flatten(String::new(), value, &mut fields);
        Ok(Config { fields })
    }

    /// The value of a field that is there and not null.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// All fields by their path.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.fields.iter()
    }

    /// The text of a field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).and_then(Value::as_str)
    }

    /// What a description takes from it.
    ///
    /// # Errors
    /// A field that is missing, not of the kind that is needed, not among the values that are known; a field that the
    /// description does not name.
    pub fn settings(
        &self,
        lines: &[(usize, Setting)],
        has: &dyn Fn(&str) -> bool,
    ) -> Result<Settings, String> {
        let mut settings = Settings::default();
        for field in self.fields.keys() {
            if self.get(field).is_some() {
                settings.given.insert(field.clone());
            }
        }
        let mut known: Vec<&str> = vec!["model_type"];
        let mut only: Vec<(&str, &[String])> = Vec::new();
        // What a family ignores beside these may change the function, but not what scales.
        let mut ignored: Vec<&str> = common().collect();
        for (number, setting) in lines {
            let at = |fault: String| format!("line {number} of the family: {fault}");
            match setting {
                Setting::Ignore(fields) => ignored.extend(fields.iter().map(String::as_str)),
                Setting::Only { field, values } => {
                    // One value, which is that of a field left out.
                    if let [value, absent] = values.as_slice()
                        && absent == "absent"
                    {
                        settings.reading.said.insert(field.clone(), value.clone());
                    }
                    only.push((field, values));
                }
                Setting::Prefix {
                    name,
                    options,
                    probe,
                } => {
                    let start = prefix(options, probe, has)?;
                    settings.names.insert(name.clone(), start);
                }
                Setting::Size { name, field, or } => {
                    known.extend(field.as_deref());
                    let found = match field
                        .as_deref()
                        .and_then(|field| self.get(field).map(|value| (field, value)))
                    {
                        Some((field, value)) => Some(whole(field, value)?),
                        None => match or {
                            Some(or) => or.value(&settings.sizes).map_err(at)?,
                            None => return Err(missing(field.as_deref().unwrap_or(name))),
                        },
                    };
                    if let Some(field) = field {
                        settings
                            .reading
                            .said
                            .insert(field.clone(), format!("{found:?}"));
                    }
                    settings.sizes.insert(name.clone(), found);
                }
                Setting::Share {
                    name,
                    field,
                    of,
                    or,
                } => {
                    known.push(field);
                    let given = self.get(field).and_then(Value::as_f64);
                    let share = match (given, or, self.get(field).is_some()) {
                        (Some(share), _, _) => share,
                        (None, Some(or), false) => or.parse().unwrap_or(f64::NAN),
                        (None, None, false) => return Err(missing(field)),
                        (None, _, true) => f64::NAN,
                    };
                    let of = of.value(&settings.sizes).map_err(at)?;
                    let is_share = (0.0..=1.0).contains(&share);
                    let of = of
                        .filter(|_| is_share)
                        .ok_or_else(|| format!("the field `{field}` is no number from 0 to 1"))?;
                    // At most 2^40, so exact.
                    let found = (of as f64 * share) as u64;
                    settings
                        .reading
                        .said
                        .insert(field.clone(), share.to_string());
                    settings.sizes.insert(name.clone(), Some(found));
                }
                Setting::Flag { name, field, or } => {
                    known.push(field);
                    // Null is not the default here: where it is read it counts as false.
                    let found = match self.fields.get(field) {
                        Some(value) => value.as_bool().ok_or_else(|| {
                            format!("the field `{field}` is neither true nor false")
                        })?,
                        None => or.ok_or_else(|| missing(field))?,
                    };
                    settings
                        .reading
                        .said
                        .insert(field.clone(), found.to_string());
                    settings.flags.insert(name.clone(), found);
                }
                Setting::Word { name, field, or } => {
                    known.push(field);
                    let found = match self.get(field) {
                        Some(value) => value
                            .as_str()
                            .ok_or_else(|| format!("the field `{field}` is no text"))?
                            .to_owned(),
                        None => or.clone().ok_or_else(|| missing(field))?,
                    };
                    settings.reading.said.insert(field.clone(), found.clone());
                    settings.words.insert(name.clone(), found);
                }
            }
        }
        self.refuse_unknown(&known, &only, &ignored)?;
        settings.reading.taken = known.into_iter().map(str::to_owned).collect();
        Ok(settings)
    }

    fn refuse_unknown(
        &self,
        known: &[&str],
        only: &[(&str, &[String])],
        ignored: &[&str],
    ) -> Result<(), String> {
        for (pattern, values) in only {
            let mut found = self
                .fields
                .keys()
                .filter(|field| matches(pattern, field))
                .peekable();
            let is_absent = found.peek().is_none();
            if is_absent && !pattern.contains('*') && !values.iter().any(|value| value == "absent")
            {
                return Err(missing(pattern));
            }
            for field in found {
                check_value(field, &self.fields[field], values)?;
            }
        }
        for (field, value) in &self.fields {
            let is_known = known.contains(&field.as_str());
            let is_known = is_known || only.iter().any(|(pattern, _)| matches(pattern, field));
            if is_known || is_nothing(value) {
                continue;
            }
            if !ignored.iter().any(|pattern| matches(pattern, field)) {
                return Err(unknown(field));
            }
        }
        Ok(())
    }
}

impl Settings {
    /// Does a condition hold? `has` says whether a tensor is there.
    ///
    /// # Errors
    /// A flag or a word that no line sets.
    pub fn holds(
        &self,
        condition: &Condition,
        has: &mut dyn FnMut(&str) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let holds = match &condition.what {
            Test::Flag(name) => self.flag(name)?,
            Test::Has(tensor) => has(tensor)?,
            Test::Given(field) => self.given.contains(field),
            Test::Is(name, values) => {
                let word = self.words.get(name).or_else(|| self.names.get(name));
                let word = word.ok_or_else(|| format!("no word has the name `{name}`"))?;
                let is_none = word.is_empty() && values.iter().any(|value| value == "none");
                is_none || values.contains(word)
            }
        };
        Ok(holds != condition.negated)
    }

    /// The value of a flag.
    ///
    /// # Errors
    /// A flag that no line sets.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        let found = self.flags.get(name).copied();
        found.ok_or_else(|| format!("no flag has the name `{name}`"))
    }
}

fn missing(field: &str) -> String {
    format!("the field `{field}` is missing, which matters to the family")
}

/// Null and what is empty say no more than a field that is left out.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn unknown(field: &str) -> String {
    let start = field.split('.').next().unwrap_or(field);
    match start {
        "quantization_config" | "compression_config" => format!(
            "the field `{start}` says that weights are quantized: their codes are not read; balance the model before it is quantized"
        ),
        _ => format!("the family does not know the field `{field}`, which could matter"),
    }
}

/// Scalars by their path; an empty object or list stands for itself.
fn flatten(path: String, value: &Value, into: &mut BTreeMap<String, Value>) {
    let below = |key: &str| match path.is_empty() {
        true => key.to_owned(),
        false => format!("{path}.{key}"),
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                flatten(below(key), value, into);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, value) in items.iter().enumerate() {
                flatten(below(&number.to_string()), value, into);
            }
        }
        value => {
            into.insert(path, value.clone());
        }
    }
}

/// Does a pattern fit, in which `*` stands for anything?
pub(super) fn matches(pattern: &str, field: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == field;
    };
    let Some(field) = field.strip_prefix(start) else {
        return false;
    };
    match rest.is_empty() {
        true => true,
        false => field
            .char_indices()
            .map(|(place, _)| &field[place..])
            .any(|tail| matches(rest, tail)),
    }
}

fn check_value(field: &str, value: &Value, values: &[String]) -> Result<(), String> {
    let own = match value {
        Value::String(text) => text.clone(),
        Value::Null => "absent".to_owned(),
        other => other.to_string(),
    };
    match values.contains(&own) {
        true => Ok(()),
        false => Err(format!(
            "the field `{field}` has the value `{own}`, and the family knows {} only",
            values.join(", ")
        )),
    }
}

/// A number of units, heads, layers.
fn whole(field: &str, value: &Value) -> Result<u64, String> {
    let found = value.as_u64().filter(|value| *value < 1 << 32);
    found.ok_or_else(|| format!("the field `{field}` is no whole number below 2^32"))
}

/// The start with which the tensor exists.
fn prefix(options: &[String], probe: &str, has: &dyn Fn(&str) -> bool) -> Result<String, String> {
    let mut found = options
        .iter()
        .filter(|start| has(&format!("{start}{probe}")));
    match (found.next(), found.next()) {
        (Some(start), None) => Ok(start.clone()),
        (Some(one), Some(other)) => Err(format!(
            "there are both `{one}{probe}` and `{other}{probe}`: which is the model?"
        )),
        (None, _) => {
            let names = options.iter().map(|start| format!("`{start}{probe}`"));
            let names = names.collect::<Vec<_>>().join(" or ");
            Err(format!(
                "the tensor {names} is missing, which the family needs"
            ))
        }
    }
}
