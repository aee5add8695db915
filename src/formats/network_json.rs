//! Network JSON: exact, small, any graph.

use num_traits::One;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;

use super::activation_json::{activation, activation_json};
use super::ranges::RangeOrigin;
use super::strict::{Object, StrictValue};
use crate::network::{Activation, Network, NetworkError, Tie, Unit, UnitIndex, UnitKind};
use crate::numbers::{ParseRationalError, Rational, parse_rational, rational_from_f64};

/// Why a file is not a network. Each names the place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// Not JSON, or not of the right shape: a missing or unknown field, a wrong type.
    #[error("{place}: {reason}")]
    Json {
        /// Path in the document.
        place: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// The document is not what it should be.
    #[error("{place}: {reason}")]
    Content {
        /// Path in the document.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A number that cannot be read.
    #[error("{place}: {fault}")]
    Number {
        /// Path in the document.
        place: String,
        /// What is wrong.
        fault: ParseRationalError,
    },
    /// The parts do not make a network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The file is a model in a binary format.
    #[error(
        "not an ONNX model, a safetensors file or network JSON, nor anything else that is known here"
    )]
    Binary,
}

/// A network with the document it came from, so that writing it back changes nothing but weights.
#[derive(Debug, Clone)]
pub struct NetworkFile {
    /// The network; a weight given as a JSON number is the rational that its `f64` denotes.
    pub network: Network<Rational>,
    text: Vec<u8>,
    is_exact: bool,
    /// The ranges of activations that the network counts, which the document does not hold.
    pub(super) ranges: Option<RangeOrigin>,
}

/// A weight to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Weight {
    /// Written as a string, exactly.
    Exact(Rational),
    /// Written as a JSON number.
    Float(f64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'t> {
    format: String,
    version: u64,
    units: Vec<Object<UnitEntry>>,
    #[serde(borrow)]
    synapses: Vec<Object<SynapseEntry<'t>>>,
    #[serde(default)]
    ties: Vec<Vec<StrictValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitEntry {
    id: String,
    kind: Kind,
    #[serde(default, deserialize_with = "super::strict::present")]
    activation: Option<StrictValue>,
    #[serde(default, deserialize_with = "super::strict::present")]
    of: Option<Vec<String>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Input,
    Bias,
    Hidden,
    Output,
    Product,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SynapseEntry<'t> {
    #[serde(borrow)]
    from: Cow<'t, str>,
    #[serde(borrow)]
    to: Cow<'t, str>,
    weight: StrictValue,
}

/// What a rational that is an `f64` needs at the most, in bits.
const FLOAT_BITS: u64 = 2_200;

/// The bits that all weights together may need beyond [`FLOAT_BITS`] each: it bounds the time that a small file of long
/// numbers can ask for.
const MAX_BITS: u64 = 1 << 23;

/// The name of the format in its `format` field.
const FORMAT: &str = "synaptic-balance/network";

/// Reads a network.
///
/// # Errors
/// [`FormatError`], with the first fault in the order of the document.
///
/// ```
/// let text = br#"{"format": "synaptic-balance/network", "version": 1,
///   "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"},
///             {"id": "y", "kind": "output", "activation": "linear"}],
///   "synapses": [{"from": "x", "to": "a", "weight": "-3/4"}, {"from": "a", "to": "y", "weight": 0.5}]}"#;
/// let file = synaptic_balance::formats::read_network(text).unwrap();
/// assert_eq!(file.network.weight(0).to_string(), "-3/4");
/// ```
pub fn read_network(text: &[u8]) -> Result<NetworkFile, FormatError> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let is_text = std::str::from_utf8(text).is_ok();
        if !is_text || text.contains(&0) {
            return Err(FormatError::Binary);
        }
    }
    let json = |(place, reason)| FormatError::Json { place, reason };
    let Object(document): Object<Document> = super::read_json(text).map_err(json)?;
    check_header("format", &document.format, document.version, FORMAT)?;
    let mut units = Vec::with_capacity(document.units.len());
    let mut by_id: HashMap<String, UnitIndex> = HashMap::with_capacity(document.units.len());
    let mut named_factors = Vec::new();
    for (index, Object(mut entry)) in document.units.into_iter().enumerate() {
        let place = format!("units[{index}]");
        if let Some(first) = by_id.insert(entry.id.clone(), index) {
            return Err(NetworkError::DuplicateUnit {
                index,
                id: shorten(&entry.id),
                first,
            }
            .into());
        }
        let factors = factors(&place, &mut entry)?;
        named_factors.extend(factors.map(|factors| (index, factors)));
        units.push(unit(&place, entry)?);
    }
    let find = |place: &dyn Fn() -> String, id: &str| {
        let unknown = || content(&place(), format!("there is no unit `{}`", shorten(id)));
        by_id.get(id).copied().ok_or_else(unknown)
    };
    let mut products = BTreeMap::new();
    for (index, factors) in named_factors {
        let factors = factors.iter().enumerate();
        let factors = factors.map(|(k, id)| find(&|| format!("units[{index}].of[{k}]"), id));
        products.insert(index, factors.collect::<Result<Vec<_>, _>>()?);
    }
    let mut synapses = Vec::with_capacity(document.synapses.len());
    let (mut bits, mut is_exact) = (0, true);
    for (index, Object(entry)) in document.synapses.iter().enumerate() {
        let place = |field: &str| format!("synapses[{index}].{field}");
        let (from, to) = (
            find(&|| place("from"), &entry.from)?,
            find(&|| place("to"), &entry.to)?,
        );
        let weight = number_at(&|| place("weight"), &entry.weight.0)?;
        is_exact &= entry.weight.0.is_string();
        bits += (weight.numer().bits() + weight.denom().bits()).saturating_sub(FLOAT_BITS);
        if bits > MAX_BITS {
            let reason = "the weights up to here have too many digits together".to_string();
            return Err(content(&place("weight"), reason));
        }
        synapses.push((from, to, weight));
    }
    let mut ties = Vec::new();
    for (index, tie) in document.ties.iter().enumerate() {
        let tied = tie.iter().enumerate().map(|(k, StrictValue(entry))| {
            let place = format!("ties[{index}][{k}]");
            let (id, exponent) = tied(&place, entry)?;
            Ok((find(&|| place.clone(), id)?, exponent))
        });
        ties.push(tied.collect::<Result<Tie, FormatError>>()?);
    }
    let network = Network::with_products(units, products, synapses, ties)?;
    Ok(NetworkFile {
        network,
        text: text.to_vec(),
        is_exact,
        ranges: None,
    })
}

/// Checks `format` and `version` of a document.
pub(super) fn check_header(
    place: &str,
    format: &str,
    version: u64,
    expected: &str,
) -> Result<(), FormatError> {
    if format != expected {
        return Err(content(
            place,
            format!("`{}` instead of `{expected}`", shorten(format)),
        ));
    }
    if version != 1 {
        return Err(content(
            "version",
            format!("version {version} is not known, only 1 is"),
        ));
    }
    Ok(())
}

pub(super) fn content(place: &str, reason: String) -> FormatError {
    FormatError::Content {
        place: place.to_string(),
        reason,
    }
}

pub(super) fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A unit of a tie: its name alone, or an object with its exponent.
fn tied<'v>(place: &str, entry: &'v Value) -> Result<(&'v str, Rational), FormatError> {
    let expected = || {
        let reason = "expected the name of a unit, or an object with `unit` and `exponent`";
        content(place, reason.to_string())
    };
    let fields = match entry {
        Value::String(id) => return Ok((id, Rational::one())),
        Value::Object(fields) => fields,
        _ => return Err(expected()),
    };
    if let Some(extra) = fields
        .keys()
        .find(|key| !["unit", "exponent"].contains(&key.as_str()))
    {
        return Err(content(
            place,
            format!("unknown field `{}`", shorten(extra)),
        ));
    }
    let id = fields
        .get("unit")
        .and_then(Value::as_str)
        .ok_or_else(expected)?;
    let exponent = match fields.get("exponent") {
        Some(exponent) => number(&format!("{place}.exponent"), exponent)?,
        None => Rational::one(),
    };
    Ok((id, exponent))
}

/// Takes the names of a product's factors out of its entry.
fn factors(place: &str, entry: &mut UnitEntry) -> Result<Option<Vec<String>>, FormatError> {
    let place = format!("{place}.of");
    match (entry.kind, entry.of.take()) {
        (Kind::Product, None) => {
            let reason = format!("the product `{}` needs its factors", shorten(&entry.id));
            Err(content(&place, reason))
        }
        (Kind::Product, factors) => Ok(factors),
        (_, Some(_)) => Err(content(&place, "only a product has factors".to_string())),
        (_, None) => Ok(None),
    }
}

fn unit(place: &str, entry: UnitEntry) -> Result<Unit<Rational>, FormatError> {
    let (kind, required) = match entry.kind {
        Kind::Input => (UnitKind::Input, None),
        Kind::Bias => (UnitKind::Bias, None),
        Kind::Product => (UnitKind::Product, None),
        Kind::Hidden => (UnitKind::Hidden, Some(true)),
        Kind::Output => (UnitKind::Output, Some(false)),
    };
    let place = format!("{place}.activation");
    let activation = match (entry.activation, required) {
        (Some(_), None) => {
            return Err(content(
                &place,
                "an input, bias or product unit has no activation".into(),
            ));
        }
        (None, Some(true)) => {
            return Err(content(
                &place,
                format!(
                    "the hidden unit `{}` needs an activation",
                    shorten(&entry.id)
                ),
            ));
        }
        (None, _) => Activation::Linear,
        (Some(StrictValue(value)), _) => activation(&place, &value)?,
    };
    Ok(Unit::new(entry.id, kind, activation))
}

/// A number: a string is exact, a JSON number is the `f64` that it denotes.
pub(super) fn number(place: &str, value: &Value) -> Result<Rational, FormatError> {
    number_at(&|| place.to_owned(), value)
}

fn number_at(place: &dyn Fn() -> String, value: &Value) -> Result<Rational, FormatError> {
    match value {
        Value::String(text) => parse_rational(text).map_err(|fault| FormatError::Number {
            place: place(),
            fault,
        }),
        Value::Number(number) => {
            let exact = number.as_f64().and_then(rational_from_f64);
            exact.ok_or_else(|| content(&place(), format!("{number} is not a finite number")))
        }
        _ => Err(content(
            &place(),
            "expected a number, or a string with an exact number".into(),
        )),
    }
}

/// The network as JSON, every number exact: what [`read_network`] reads back as the same network.
///
/// ```
/// use synaptic_balance::formats::{read_network, write_network};
/// let network = synaptic_balance::network::chain(&[synaptic_balance::numbers::Rational::new(1.into(), 3.into())]);
/// let text = write_network(&network);
/// assert_eq!(read_network(text.as_bytes()).unwrap().network.weights(), network.weights());
/// ```
pub fn write_network(network: &Network<Rational>) -> String {
    let id = |unit: UnitIndex| network.unit(unit).id.as_str();
    let units = (0..network.units()).map(|index| {
        let unit = network.unit(index);
        let (kind, computed) = match unit.kind {
            UnitKind::Input => ("input", false),
            UnitKind::Bias => ("bias", false),
            UnitKind::Hidden => ("hidden", true),
            UnitKind::Output => ("output", true),
            UnitKind::Product => ("product", false),
        };
        let mut entry = json!({"id": unit.id, "kind": kind});
        if computed {
            entry["activation"] = activation_json(&unit.activation);
        }
        if unit.kind == UnitKind::Product {
            let factors = network.factors(index).iter();
            entry["of"] = factors.map(|factor| id(*factor)).collect();
        }
        entry
    });
    let synapses = (0..network.synapses()).map(|synapse| {
        let (from, to) = network.endpoints(synapse);
        json!({"from": id(from), "to": id(to), "weight": network.weight(synapse).to_string()})
    });
    let tied_json = |(unit, exponent): &(UnitIndex, Rational)| match exponent.is_one() {
        true => id(*unit).into(),
        false => json!({"unit": id(*unit), "exponent": exponent.to_string()}),
    };
    let ties = network
        .ties()
        .iter()
        .map(|tie| tie.iter().map(tied_json).collect::<Value>());
    let mut document = json!({
        "format": FORMAT, "version": 1,
        "units": units.collect::<Value>(), "synapses": synapses.collect::<Value>(),
    });
    if !network.ties().is_empty() {
        document["ties"] = ties.collect();
    }
    format!("{document:#}\n")
}

impl NetworkFile {
    /// Are all weights given as strings, that is exactly?
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The document with other weights; where the new weight equals the old one, the old text stays.
    ///
    /// # Panics
    /// If there are not as many weights as synapses.
    pub fn with_weights(&self, weights: &[Weight]) -> String {
        assert_eq!(
            weights.len(),
            self.network.synapses(),
            "one weight for each synapse"
        );
        // It was read before, and more strictly.
        let mut document: Map<String, Value> =
            serde_json::from_slice(&self.text).unwrap_or_default();
        let entries = document.get_mut("synapses").and_then(Value::as_array_mut);
        for (synapse, (entry, weight)) in entries.into_iter().flatten().zip(weights).enumerate() {
            let new = match weight {
                Weight::Exact(exact) if exact == self.network.weight(synapse) => continue,
                Weight::Exact(exact) => Value::from(exact.to_string()),
                Weight::Float(float) => Value::from(*float),
            };
            if let Some(slot) = entry.get_mut("weight") {
                *slot = new;
            }
        }
        format!("{:#}\n", Value::Object(document))
    }
}
