//! Every way in which a JSON document can be a little wrong.

use serde_json::{Map, Value, json};
use synaptic_balance::numbers::{Rational, parse_rational};

/// One step into a document.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// What was done, and the text of the document it was done to.
pub type Mutant = (String, String);

/// Every so many of all mutants that are met, of one document after the other, so that all kinds of them are among
/// them. The others are not written.
pub struct Sample {
    step: usize,
    met: usize,
}

impl Sample {
    /// One in so many, or all of them where tests run in full.
    pub fn one_in(few: usize) -> Self {
        let step = if crate::in_full() { 1 } else { few };
        Sample { step, met: 0 }
    }

    /// Is the next one taken?
    pub fn takes(&mut self) -> bool {
        self.met += 1;
        self.met.is_multiple_of(self.step)
    }
}

/// Mutants of a document, and its objects with a key given twice.
pub fn mutants(document: &Value, sample: &mut Sample) -> Vec<Mutant> {
    let mut found = Vec::new();
    let mut paths = Vec::new();
    walk(document, &mut Vec::new(), &mut paths);
    for path in &paths {
        let name = name(path);
        let value = at(&mut document.clone(), path).clone();
        let mut replaced = |what: &str, new: Value| {
            if !sample.takes() {
                return;
            }
            let mut mutant = document.clone();
            *at(&mut mutant, path) = new;
            found.push((format!("{name} {what}"), mutant.to_string()));
        };
        if path.is_empty() {
            replaced("empty", json!({}));
        } else {
            for (what, new) in other_types(&value) {
                replaced(what, new);
            }
        }
        match &value {
            Value::String(text) => texts(path, text)
                .into_iter()
                .for_each(|(what, new)| replaced(&what, new)),
            Value::Number(_) => [json!(0), json!(2), json!(-1), json!(1.0), json!(0.5)]
                .into_iter()
                .for_each(|new| replaced("another number", new)),
            Value::Array(items) => lists(items)
                .into_iter()
                .for_each(|(what, new)| replaced(&what, new)),
            Value::Object(entries) => {
                maps(entries)
                    .into_iter()
                    .for_each(|(what, new)| replaced(&what, new));
                if sample.takes() {
                    let text = twice(document, path, entries);
                    found.extend(text.map(|text| (format!("{name} with a key twice"), text)));
                }
            }
            _ => {}
        }
    }
    found
}

/// The first document with each field, in turn, of the second.
pub fn fields_of_another(document: &Value, other: &Value, sample: &mut Sample) -> Vec<Mutant> {
    let fields = other.as_object().into_iter().flatten();
    let differing = fields.filter(|(field, value)| document.get(field.as_str()) != Some(*value));
    let differing = differing.filter(|_| sample.takes());
    differing
        .map(|(field, value)| {
            let mut mutant = document.clone();
            mutant[field.as_str()] = value.clone();
            (field.clone(), mutant.to_string())
        })
        .collect()
}

fn walk(value: &Value, path: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    paths.push(path.clone());
    let children: Vec<(Step, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (Step::Index(index), item))
            .collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, item)| (Step::Key(key.clone()), item))
            .collect(),
        _ => Vec::new(),
    };
    for (step, child) in children {
        path.push(step);
        walk(child, path, paths);
        path.pop();
    }
}

fn at<'a>(document: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

fn name(path: &[Step]) -> String {
    path.iter()
        .map(|step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Index(index) => format!("[{index}]"),
        })
        .collect()
}

fn other_types(value: &Value) -> Vec<(&'static str, Value)> {
    let all = [
        json!(null),
        json!(true),
        json!(7),
        json!("text"),
        json!(["1"]),
        json!({"a": "1"}),
        json!([]),
        json!({}),
    ];
    let differ = all.into_iter().filter(|other| other != value);
    differ
        .map(|other| ("of another type or kind", other))
        .collect()
}

fn texts(path: &[Step], text: &str) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = match parse_rational(text) {
        Ok(value) => numbers(&value),
        Err(_) => vec![(
            String::from("with a letter more"),
            json!(format!("{text}a")),
        )],
    };
    let vocabulary: &[&str] = match path.last() {
        Some(Step::Key(key)) if key == "claim" => &[
            "enclosure",
            "attained",
            "not_attained",
            "balanced",
            "scaling",
            "manifold",
        ],
        Some(Step::Key(key)) if key == "regularizer" => &[
            "l1",
            "l2",
            "lp:1/2",
            "lp:2",
            "lp:3",
            "lp:4",
            "mix:1*2",
            "mix:1*2+1/2*1",
            "mix:2*2",
            "mix:1/3*2",
            "mix:2*1+1*2",
            "lp:257",
            "lp:1/257",
            "lp:-1",
            "lp:0",
            "lp:",
            "mix:",
            "mix:1",
            "mix:1*2+",
            "mix:0*2",
            "mix:-1*2",
            "mix:1*2*3",
            "l3",
            "L2",
            "l2 ",
            "lp:1/0",
            "lp:2e0",
            "lp:1e999999999",
        ],
        Some(Step::Key(key)) if key == "kind" => &["input", "bias", "hidden", "output", "visible"],
        Some(Step::Key(key)) if key == "activation" => {
            &["linear", "relu", "abs", "sigmoid", "leaky_relu", "bipu", ""]
        }
        Some(Step::Key(key)) if key == "from" || key == "to" || key == "id" => {
            &["x", "a", "b", "y", "nobody"]
        }
        _ => &[],
    };
    found.extend(
        vocabulary
            .iter()
            .filter(|word| **word != text)
            .map(|word| (format!("as {word}"), json!(word))),
    );
    found
}

/// A number negated, doubled, halved, off by one in the last digit, in other spellings, and no number any more.
fn numbers(value: &Rational) -> Vec<(String, Value)> {
    let whole = |n: i64| Rational::from_integer(n.into());
    let (top, bottom) = (value.numer(), value.denom());
    let mut found: Vec<(String, Value)> = [
        ("negated", -value),
        ("doubled", value * whole(2)),
        ("halved", value / whole(2)),
        ("zero", whole(0)),
        (
            "last digit of the numerator up",
            Rational::new(top + 1, bottom.clone()),
        ),
        (
            "last digit of the numerator down",
            Rational::new(top - 1, bottom.clone()),
        ),
        (
            "last digit of the denominator up",
            Rational::new(top.clone(), bottom + 1),
        ),
        (
            "a little up",
            value * (whole(1) + Rational::new(1.into(), 1_000_000.into())),
        ),
        (
            "a little down",
            value * (whole(1) - Rational::new(1.into(), 1_000_000.into())),
        ),
    ]
    .map(|(what, value)| (what.to_string(), json!(value.to_string())))
    .into();
    let spellings = [
        format!("{}/{}", top * 2, bottom * 2),
        format!("{top}/{bottom}0"),
        format!("{top}/0"),
        format!("{top}/-{bottom}"),
        format!("{top}/{bottom}/1"),
        format!(" {top}/{bottom}"),
        format!("{top}."),
        format!(".{bottom}"),
        format!("{top}.0"),
        format!("{top}e0"),
        format!("{top}e"),
        format!("{top}e-1"),
        format!("{top}e4001"),
        format!("{top}.5e-3999"),
        format!("0x{top}"),
        format!("{top}_0"),
        format!("{top}\u{661}"),
        "NaN".into(),
        "inf".into(),
        String::new(),
        "-".into(),
        "+1".into(),
        "1".repeat(4001),
    ];
    found.extend(spellings.map(|text| (format!("written {text:.20}"), json!(text))));
    found
}

fn lists(items: &[Value]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for index in 0..items.len() {
        let mut removed = items.to_vec();
        removed.remove(index);
        found.push((format!("without entry {index}"), removed.into()));
        let mut repeated = items.to_vec();
        repeated.insert(index, items[index].clone());
        found.push((format!("with entry {index} twice"), repeated.into()));
        if index > 0 && items[index - 1] != items[index] {
            let mut swapped = items.to_vec();
            swapped.swap(index - 1, index);
            found.push((
                format!("with entry {index} and the one before swapped"),
                swapped.into(),
            ));
        }
    }
    found.extend(
        throughout(items.iter())
            .into_iter()
            .map(|(what, items)| (what, items.into())),
    );
    found
}

fn maps(entries: &Map<String, Value>) -> Vec<(String, Value)> {
    let keys: Vec<&String> = entries.keys().collect();
    let mut found = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let mut removed = entries.clone();
        removed.remove(*key);
        found.push((format!("without {key}"), removed.into()));
        for new in ["x", "a", "nobody"]
            .into_iter()
            .filter(|new| !entries.contains_key(*new))
        {
            let rename = |(old, value): (&String, &Value)| {
                (
                    if old == *key {
                        new.to_string()
                    } else {
                        old.clone()
                    },
                    value.clone(),
                )
            };
            let renamed: Map<String, Value> = entries.iter().map(rename).collect();
            found.push((format!("with {key} named {new}"), renamed.into()));
        }
        if index > 0 && entries[keys[index - 1]] != entries[*key] {
            let mut swapped = entries.clone();
            let value = swapped.insert(keys[index - 1].clone(), entries[*key].clone());
            swapped.insert((*key).clone(), value.unwrap());
            found.push((
                format!("with {key} and the one before swapped"),
                swapped.into(),
            ));
        }
    }
    for (key, value) in [
        ("extra", json!("1")),
        ("x", json!("1")),
        ("direction", json!({})),
        ("circulation", json!([])),
        ("activation", json!("relu")),
        ("activation", json!(null)),
    ] {
        if !entries.contains_key(key) {
            let mut more = entries.clone();
            more.insert(key.to_string(), value);
            found.push((format!("with {key} more"), more.into()));
        }
    }
    let changed = throughout(entries.values()).into_iter();
    let named = changed.map(|(what, values)| {
        (
            what,
            keys.iter()
                .map(|key| (*key).clone())
                .zip(values)
                .collect::<Map<_, _>>()
                .into(),
        )
    });
    found.extend(named);
    found
}

type Way = fn(&Rational) -> Rational;

/// All numbers of a list or map changed in one way.
fn throughout<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<(String, Vec<Value>)> {
    let values = values.map(|value| value.as_str().and_then(|text| parse_rational(text).ok()));
    let Some(values) = values.collect::<Option<Vec<Rational>>>() else {
        return Vec::new();
    };
    let ways: [(&str, Way); 5] = [
        ("negated", |value| -value),
        ("doubled", |value| value * Rational::from_integer(2.into())),
        ("halved", |value| value / Rational::from_integer(2.into())),
        ("up by 1", |value| value + Rational::from_integer(1.into())),
        ("zero", |_| Rational::default()),
    ];
    let change = |way: Way| {
        values
            .iter()
            .map(|value| json!(way(value).to_string()))
            .collect()
    };
    ways.map(|(what, way)| (format!("all {what}"), change(way)))
        .into()
}

/// The document's text with the first entry of an object given once more before it.
fn twice(document: &Value, path: &[Step], entries: &Map<String, Value>) -> Option<String> {
    let (key, value) = entries.iter().next()?;
    let mut marked = document.clone();
    let object: Map<String, Value> = std::iter::once(("MARK".to_string(), json!(0)))
        .chain(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), value.clone())),
        )
        .collect();
    *at(&mut marked, path) = object.into();
    Some(
        marked
            .to_string()
            .replace("\"MARK\":0", &format!("{}:{value}", json!(key))),
    )
}
