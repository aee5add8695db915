//! What is checked of every operator.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::network::Manifold;
use synaptic_balance::numbers::Rational;

use super::builder::Builder;
use super::engine::{Engine, relative};

/// Rounding in `f32`, relative to the largest output.
const SAME: f32 = 2e-5;

/// What no rounding explains.
const CHANGED: f32 = 1e-3;

/// Inputs on which outputs are compared.
const INPUTS: u64 = 3;

pub fn read(bytes: &[u8]) -> OnnxFile {
    OnnxFile::read(bytes.to_vec(), None).unwrap()
}

/// Checks: the model has so many free multipliers; any scaling of them keeps the function; and no multiplier could be split in two,
/// nor one be freed that is pinned: where a part of the places that share one is scaled without the others, outputs change.
pub fn check(name: &str, builder: &Builder, free: usize) {
    let bytes = builder.bytes();
    let file = read(&bytes);
    assert_eq!(file.network().variables(), free, "{name}: free multipliers");
    let engine = Engine::new(&bytes);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    println!("{name}: seed 11");
    for _ in 0..3 {
        let mut multipliers = vec![1.0; file.network().units()];
        multipliers[2..]
            .iter_mut()
            .for_each(|value| *value = rng.random_range(-2.3f64..2.3).exp());
        let scaled = file.scaled(&multipliers, &[], false, "scaled").unwrap();
        let found = relative(&engine, &Engine::new(&scaled.model), INPUTS);
        assert!(found < SAME, "{name}: a scaling changes outputs by {found}");
    }
    let manifold = Manifold::of(file.network());
    for (unit, places) in &places(&file) {
        for part in parts(places.len(), &mut rng) {
            let chosen: Vec<&Place> = part.iter().map(|place| &places[*place]).collect();
            let exponents = exponents(&file, *unit, &chosen);
            let ratios: Vec<Option<Rational>> = exponents
                .iter()
                .map(|exponent| Some(Rational::from_integer(2.into()).pow(*exponent)))
                .collect();
            if manifold.multipliers(&ratios).is_ok() {
                continue;
            }
            let found = relative(
                &engine,
                &Engine::new(&apart(&file, builder, &exponents)),
                INPUTS,
            );
            assert!(
                found > CHANGED,
                "{name}: the rule is too narrow: `{}` scaled at {chosen:?} alone changes outputs by {found}",
                file.network().unit(*unit).id
            );
        }
    }
}

/// One tensor that a unit multiplies (`true`) or divides.
type Place = (String, bool);

/// The places of every unit; those of the world outside are one unit.
fn places(file: &OnnxFile) -> BTreeMap<usize, Vec<Place>> {
    let network = file.network();
    let mut places: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let tensor = file.place(synapse).0;
        for (unit, multiplies) in [(from, false), (to, true)] {
            let unit = if unit == 1 { 0 } else { unit };
            let known = places.entry(unit).or_default();
            let place = (tensor.to_owned(), multiplies);
            if !known.contains(&place) {
                known.push(place);
            }
        }
    }
    places
}

/// Parts of so many places: all parts where they are few, else a sample.
fn parts(count: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let part = |mask: &usize| (0..count).filter(|place| mask >> place & 1 == 1).collect();
    let masks: Vec<usize> = (1..1usize << count.min(16)).collect();
    masks.sample(rng, 12).map(part).collect()
}

/// For each synapse the power of 2 by which its weight changes if a unit is scaled at some of its places only.
fn exponents(file: &OnnxFile, unit: usize, chosen: &[&Place]) -> Vec<i32> {
    let network = file.network();
    let is = |end: usize| if end == 1 { unit == 0 } else { end == unit };
    let exponent = |synapse| {
        let (from, to) = network.endpoints(synapse);
        let tensor = file.place(synapse).0;
        let at = |multiplies: bool| {
            let mut chosen = chosen.iter();
            i32::from(chosen.any(|place| place.0 == tensor && place.1 == multiplies))
        };
        i32::from(is(to)) * at(true) - i32::from(is(from)) * at(false)
    };
    (0..network.synapses()).map(exponent).collect()
}

/// The model with the weight of each synapse multiplied by a power of 2.
fn apart(file: &OnnxFile, builder: &Builder, exponents: &[i32]) -> Vec<u8> {
    let mut model = builder.model.clone();
    let graph = model.graph.as_mut().unwrap();
    for (synapse, exponent) in exponents.iter().enumerate() {
        let (tensor, entry) = file.place(synapse);
        let mut tensors = graph.initializer.iter_mut();
        let tensor = tensors
            .find(|found| found.name.as_deref() == Some(tensor))
            .unwrap();
        let mut bytes = tensor.raw_data.as_ref().unwrap().to_vec();
        let slot = &mut bytes[4 * entry..4 * entry + 4];
        let value = f32::from_le_bytes(slot.try_into().unwrap()) * 2f32.powi(*exponent);
        slot.copy_from_slice(&value.to_le_bytes());
        tensor.raw_data = Some(bytes.into());
    }
    prost::Message::encode_to_vec(&model)
}
