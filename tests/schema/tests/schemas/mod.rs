//! The schemas of `docs/schemas`, and documents that each of them must refuse.

use jsonschema::Registry;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The schemas by file name.
pub struct Schemas(BTreeMap<String, Value>);

/// Where they are taken to lie, so that their references to each other are resolved.
const PLACE: &str = "file:///schemas/";

impl Schemas {
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap());
        let named = entries.map(|entry| {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (
                entry.file_name().into_string().unwrap(),
                serde_json::from_str(&text).unwrap(),
            )
        });
        Schemas(named.collect())
    }

    pub fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    pub fn schema(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// What is wrong with a document under a schema, or a part of one: `NAME.json#/$defs/PART`.
    pub fn faults(&self, name: &str, document: &Value) -> Vec<String> {
        self.with(name, |validator| {
            let faults = validator.iter_errors(document);
            faults
                .map(|fault| format!("{}: {fault}", fault.instance_path()))
                .collect()
        })
    }

    pub fn accepts(&self, name: &str, document: &Value) -> bool {
        self.with(name, |validator| validator.is_valid(document))
    }

    /// Which of some documents, that are none, are taken for one.
    pub fn taken(&self, name: &str, documents: Vec<(String, Value)>) -> Vec<String> {
        self.with(name, |validator| {
            let taken = documents
                .into_iter()
                .filter(|(_, document)| validator.is_valid(document));
            taken.map(|(what, _)| what).collect()
        })
    }

    fn with<T>(&self, name: &str, ask: impl FnOnce(&jsonschema::Validator) -> T) -> T {
        let all = self
            .0
            .iter()
            .map(|(name, schema)| (format!("{PLACE}{name}"), schema.clone()));
        let registry = Registry::new().extend(all).unwrap().prepare().unwrap();
        let whole = json!({"$ref": format!("{PLACE}{name}")});
        let validator = jsonschema::options()
            .with_registry(&registry)
            .build(&whole)
            .unwrap();
        ask(&validator)
    }
}

/// How many places of a document are broken, the first ones.
const PLACES: usize = 400;

/// The document with one thing wrong: an object that has a field more, or a value of a type that none of them has.
pub fn breaks(document: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    walk(document, String::new(), &mut places);
    let mut broken = Vec::new();
    for place in places.iter().take(PLACES) {
        let mut other = document.clone();
        let value = other.pointer_mut(place).unwrap();
        if let Value::Object(fields) = value {
            fields.insert("unknown".into(), true.into());
            broken.push((format!("an unknown field at {place}"), other.clone()));
        }
        *other.pointer_mut(place).unwrap() = json!([[{}]]);
        broken.push((format!("a list of lists at {place}"), other));
    }
    assert!(!broken.is_empty());
    broken
}

fn walk(value: &Value, place: String, places: &mut Vec<String>) {
    places.push(place.clone());
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(inner, format!("{place}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                walk(inner, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}
