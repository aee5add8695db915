//! The layers of a perceptron in the order of computation: given, or numbered by their names; never guessed.

use std::collections::{BTreeMap, BTreeSet};

use super::container::Place;
use super::safetensors_mlp::SafetensorsError;

/// A layer: a weight `[out, in]` with at least one output and one input, and perhaps a bias `[out]`.
#[derive(Debug)]
pub(super) struct Layer {
    pub name: String,
    pub weight: Place,
    pub bias: Option<Place>,
}

impl Layer {
    pub fn outputs(&self) -> usize {
        self.weight.shape.first().copied().unwrap_or(0)
    }

    pub fn inputs(&self) -> usize {
        self.weight.shape.get(1).copied().unwrap_or(0)
    }
}

/// The layers of all tensors, in the order `given`, or else in that of the numbers in their names; the outputs of each
/// are the inputs of the next.
///
/// # Errors
/// [`SafetensorsError`], naming the tensor, the layers, or what has to be said.
pub(super) fn chain(
    places: Vec<Place>,
    given: Option<&[String]>,
) -> Result<Vec<Layer>, SafetensorsError> {
    let mut layers = paired(places)?;
    match given {
        Some(given) => layers = in_order(layers, given)?,
        None => layers = numbered(layers)?,
    }
    for pair in layers.windows(2) {
        let [before, after] = pair else { continue };
        if before.outputs() != after.inputs() {
            return Err(SafetensorsError::Chain {
                before: before.name.clone(),
                outputs: before.outputs(),
                after: after.name.clone(),
                inputs: after.inputs(),
            });
        }
    }
    Ok(layers)
}

/// Weights with their biases, in the order of their names.
fn paired(places: Vec<Place>) -> Result<Vec<Layer>, SafetensorsError> {
    let (mut weights, mut biases) = (BTreeMap::new(), BTreeMap::new());
    for place in places {
        match place.name.rsplit_once('.') {
            Some((layer, "weight")) => weights.insert(layer.to_owned(), place),
            Some((layer, "bias")) => biases.insert(layer.to_owned(), place),
            _ => return Err(SafetensorsError::Name(place.name)),
        };
    }
    let mut layers = Vec::with_capacity(weights.len());
    for (name, weight) in weights {
        let bias = biases.remove(&name);
        let wrong = |place: &Place, expected: String| {
            Err(SafetensorsError::Shape {
                name: place.name.clone(),
                found: place.shape.clone(),
                expected,
            })
        };
        let &[outputs, inputs] = weight.shape.as_slice() else {
            return wrong(&weight, "[out, in]".into());
        };
        if outputs == 0 || inputs == 0 {
            return wrong(&weight, "at least one output and one input".into());
        }
        if let Some(bias) = bias.as_ref().filter(|bias| bias.shape != [outputs]) {
            return wrong(bias, format!("[{outputs}]"));
        }
        layers.push(Layer { name, weight, bias });
    }
    match biases.into_values().next() {
        Some(bias) => Err(SafetensorsError::NoWeight(bias.name)),
        None if layers.is_empty() => Err(SafetensorsError::Empty),
        None => Ok(layers),
    }
}

/// The layers in the order in which they are named: all of them, each once.
fn in_order(layers: Vec<Layer>, given: &[String]) -> Result<Vec<Layer>, SafetensorsError> {
    let fault = |reason: String| SafetensorsError::Layers(reason);
    let names = listed(layers.iter().map(|layer| format!("`{}`", layer.name)));
    let mut left: BTreeMap<String, Layer> = layers
        .into_iter()
        .map(|layer| (layer.name.clone(), layer))
        .collect();
    let mut ordered: Vec<Layer> = Vec::with_capacity(left.len());
    for name in given {
        let Some(layer) = left.remove(name) else {
            let twice = ordered.iter().any(|layer| layer.name == *name);
            return Err(fault(match twice {
                true => format!("the layer `{name}` is named twice"),
                false => format!("there is no layer `{name}`; the layers are {names}"),
            }));
        };
        ordered.push(layer);
    }
    match left.is_empty() {
        true => Ok(ordered),
        false => {
            let left = listed(left.keys().map(|name| format!("`{name}`")));
            Err(fault(format!(
                "all layers have to be named, and {left} are not"
            )))
        }
    }
}

/// Sorts layers by the number in their names, if the names of their weights are one stem, one number each, and one end.
fn numbered(layers: Vec<Layer>) -> Result<Vec<Layer>, SafetensorsError> {
    let names = layers.iter().map(|layer| layer.weight.name.as_str());
    let Some(numbers) = numbers(&names.collect::<Vec<_>>()) else {
        let tensors = layers.iter().map(|layer| {
            let Place { name, shape, .. } = &layer.weight;
            format!("`{name}` {shape:?}")
        });
        return Err(SafetensorsError::Order(listed(tensors)));
    };
    let ordered: BTreeMap<Number, Layer> = numbers.into_iter().zip(layers).collect();
    Ok(ordered.into_values().collect())
}

/// A number of any length, leading zeros aside: the more digits the larger, then digit by digit.
type Number = (usize, String);

/// The numbers by which names differ, if each pair differs in that one place and in nothing else; one name alone needs
/// none.
fn numbers(names: &[&str]) -> Option<Vec<Number>> {
    let words: Vec<Vec<&str>> = names.iter().map(|name| words(name)).collect();
    let (first, others) = words.split_first()?;
    if others.iter().any(|other| other.len() != first.len()) {
        return None;
    }
    let differs = |position: &usize| {
        others
            .iter()
            .any(|other| other[*position] != first[*position])
    };
    let mut different = (0..first.len()).filter(differs);
    let Some(position) = different.next() else {
        return Some(vec![(0, String::new()); names.len()]);
    };
    let is_number = |words: &Vec<&str>| words[position].starts_with(|c: char| c.is_ascii_digit());
    if different.next().is_some() || !words.iter().all(is_number) {
        return None;
    }
    let number = |words: &Vec<&str>| {
        let digits = words[position].trim_start_matches('0');
        (digits.len(), digits.to_owned())
    };
    let numbers: Vec<Number> = words.iter().map(number).collect();
    let distinct: BTreeSet<&Number> = numbers.iter().collect();
    (distinct.len() == numbers.len()).then_some(numbers)
}

/// A name as runs of ASCII digits and of everything else, in turn.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits);
        let (word, tail) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = tail;
    }
    words
}

/// Some names, and how many more there are.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 20;
    let more = names.len().saturating_sub(SHOWN);
    let mut text = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
