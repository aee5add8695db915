//! What is checked of every operator.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::network::{Manifold, Network};
use synaptic_balance::numbers::Rational;

use super::builder::{Builder, read};
use engine_tests::{Engine, relative};

/// Rounding in `f32`, relative to the largest output.
const SAME: f32 = 2e-5;

/// What no rounding explains.
const CHANGED: f32 = 1e-3;

/// Inputs on which outputs are compared.
const INPUTS: u64 = 3;

/// Checks: the model has so many free multipliers; any scaling of them keeps the function; and no multiplier could be
/// split in two, nor one be freed that is pinned: where a part of the places that share one is scaled without the
/// others, outputs change.
pub fn check(name: &str, builder: &Builder, free: usize) {
    let bytes = builder.bytes();
    let file = read(&bytes);
    assert_eq!(file.network().variables(), free, "{name}: free multipliers");
    let engine = Engine::new(&bytes);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    println!("{name}: seed 11");
    for _ in 0..3 {
        let free = (0..free).map(|_| rng.random_range(-2.3f64..2.3).exp());
        let multipliers = file.multipliers(&free.collect::<Vec<f64>>()).unwrap();
        let scaled = file.scaled(&multipliers, &[], false, "scaled").unwrap();
        let found = relative(&engine, &Engine::new(&scaled.model), INPUTS);
        assert!(found < SAME, "{name}: a scaling changes outputs by {found}");
    }
    let manifold = Manifold::of(file.network());
    for (variable, places) in &places(&file) {
        for part in parts(places.len(), &mut rng) {
            let chosen: Vec<&Place> = part.iter().map(|place| &places[*place]).collect();
            let exponents = exponents(&file, *variable, &chosen);
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
                "{name}: the rule is too narrow: variable {variable:?} scaled at {chosen:?} alone changes outputs by {found}"
            );
        }
    }
}

/// What the target and the source of a synapse contribute to its exponents.
fn contributions(network: &Network<Rational>, synapse: usize) -> [Vec<(usize, Rational)>; 2] {
    let (from, to) = network.endpoints(synapse);
    let ([target, _], [_, source]) = (network.contributions(to), network.contributions(from));
    [target, source]
}

/// One tensor that a variable scales through its target (`true`) or its source.
type Place = (String, bool);

/// The places of every variable; those of the world outside are one (`None`).
fn places(file: &OnnxFile) -> BTreeMap<Option<usize>, Vec<Place>> {
    let network = file.network();
    let mut places: BTreeMap<Option<usize>, Vec<Place>> = BTreeMap::new();
    for synapse in 0..network.synapses() {
        let tensor = file.place(synapse).0;
        let ends = contributions(network, synapse)
            .into_iter()
            .zip([true, false]);
        for (form, is_target) in ends {
            let mut variables: Vec<Option<usize>> =
                form.iter().map(|(own, _)| Some(*own)).collect();
            if variables.is_empty() {
                variables.push(None);
            }
            for variable in variables {
                let known = places.entry(variable).or_default();
                let place = (tensor.to_owned(), is_target);
                if !known.contains(&place) {
                    known.push(place);
                }
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

/// For each synapse the power of 2 by which its weight changes if a variable is multiplied by 4 at some of its places
/// only.
fn exponents(file: &OnnxFile, variable: Option<usize>, chosen: &[&Place]) -> Vec<i32> {
    let network = file.network();
    let exponent = |synapse| {
        let tensor = file.place(synapse).0;
        let at = |is_target: bool| {
            let mut chosen = chosen.iter();
            chosen.any(|place| place.0 == tensor && place.1 == is_target)
        };
        let [target, source] = contributions(network, synapse);
        let of = |form: Vec<(usize, Rational)>, sign: i32| match variable {
            None if form.is_empty() => 2 * sign,
            None => 0,
            Some(variable) => {
                let own = form.into_iter().find(|(own, _)| *own == variable);
                let twice = own.map(|(_, exponent)| exponent * Rational::from_integer(2.into()));
                twice.map_or(0, |twice| twice.to_integer().try_into().unwrap())
            }
        };
        let mut sum = 0;
        if at(true) {
            sum += of(target, 1);
        }
        if at(false) {
            sum += of(source, -1);
        }
        sum
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
