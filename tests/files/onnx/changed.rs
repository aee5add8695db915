//! Weights held against scalings over the bytes of two models, against exact arithmetic.

use bytes::Bytes;
use prost::Message;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::onnx::message::{Model, Tensor, element};
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::solve::changed::{Fault, Followed};
use synaptic_balance::solve::{Judgement, Reading, ScalingFault, ScalingVerdict, judge_of_types};

use super::builder::{Builder, Setting, read};

const TOLERANCE: f64 = 1e-6;

/// One matrix after the other, products, normalisations, a state, numbers of 16 bits, weights that are shared.
const MODELS: &[&str] = &[
    "blocks/gpt2_preln_gelu",
    "blocks/lm_tied",
    "blocks/reglu",
    "blocks/squeeze_excite",
    "blocks/relu2_mlp",
    "blocks/where_leaky",
    "blocks/pad_axes",
    "base",
];

/// The model scaled by random multipliers, its bytes.
fn scaled(file: &OnnxFile, size: f64, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let free = (0..file.network().variables()).map(|_| rng.random_range(-size..size));
    let free: Vec<f64> = free.map(f64::exp).collect();
    let mut bytes = Vec::new();
    let multipliers = file.multipliers(&free).unwrap();
    file.write(0, &multipliers, "after.onnx", &mut bytes)
        .unwrap();
    bytes
}

/// The same bytes with another entry of a tensor that is stored as raw `f32`; `None` if there is none.
fn with_entry(
    bytes: &[u8],
    tensor: &str,
    entry: usize,
    change: impl Fn(f32) -> f32,
) -> Option<Vec<u8>> {
    let mut model = Model::decode(Bytes::copy_from_slice(bytes)).unwrap();
    let graph = model.graph.as_mut()?;
    let mut all = graph.initializer.iter_mut();
    let found = all.find(|own| own.name.as_deref() == Some(tensor) && own.data_type == Some(1))?;
    let mut data = found.raw_data.as_ref()?.to_vec();
    let slot = &mut data[4 * entry..][..4];
    let old = f32::from_le_bytes(slot.try_into().unwrap());
    slot.copy_from_slice(&change(old).to_le_bytes());
    found.raw_data = Some(data.into());
    Some(model.encode_to_vec())
}

/// What is found both ways.
fn both(before: &OnnxFile, after: &[u8]) -> (Followed, Judgement, OnnxFile) {
    let after = before.aligned(&read(after)).unwrap();
    let number_type = after.number_type();
    let reading = Reading {
        number_type,
        computes: false,
    };
    let (one, two) = (before.network(), after.network());
    let types = after.synapse_types();
    let exact = judge_of_types((one, two), &Regularizer::l2(), TOLERANCE, reading, &types);
    let exact = exact.unwrap();
    let found = before.followed(&after, (number_type, TOLERANCE), &|_| false);
    (found.unwrap(), exact, after)
}

/// The same answer to whether it is a scaling, and the same weights accused; that of exact arithmetic is proved.
fn agree(name: &str, before: &OnnxFile, (found, exact, after): &(Followed, Judgement, OnnxFile)) {
    let allowed = rational_to_f64(&after.number_type().allowed(TOLERANCE));
    let place = |(tensor, entry)| (before.tensor(tensor).to_owned(), entry);
    let exact_place = |synapse| {
        let (tensor, entry) = before.place(synapse);
        (tensor.to_owned(), entry)
    };
    match (&exact.scaling, found.fault) {
        (ScalingVerdict::Exact(_), None) => assert!(found.deviation <= allowed, "{name}"),
        (ScalingVerdict::Near { deviation, .. }, None) => {
            let deviation = rational_to_f64(deviation);
            let (one, two) = (deviation <= allowed, found.deviation <= allowed);
            assert_eq!(one, two, "{name}: {deviation} {}", found.deviation);
            if !one {
                let (ours, theirs) = (found.suspects.iter(), exact.suspects.iter());
                let mut ours: Vec<_> = ours.map(|own| place(*own)).collect();
                let mut theirs: Vec<_> = theirs.map(|own| exact_place(*own)).collect();
                ours.sort();
                theirs.sort();
                assert_eq!(ours, theirs, "{name}");
                assert_eq!(found.suspected, theirs.len());
            }
        }
        (ScalingVerdict::Not(fault), Some((at, kind))) => {
            let (synapse, wanted) = match fault {
                ScalingFault::Zero(synapse) => (*synapse, Fault::Zero),
                ScalingFault::Sign(synapse) => (*synapse, Fault::Sign),
            };
            assert_eq!((exact_place(synapse), wanted), (place(at), kind), "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
    let mut lost: Vec<_> = found.lost.iter().map(|(at, _)| place(*at)).collect();
    let mut theirs: Vec<_> = exact.lost.iter().map(|own| exact_place(*own)).collect();
    lost.sort();
    theirs.sort();
    assert_eq!(lost, theirs, "{name}");
}

/// Checks: scalings are found, and one weight that is moved, turned or zeroed is named, as by exact arithmetic, in
/// models of every kind; also where many weights leave the range of their type.
#[test]
fn as_exact_arithmetic_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(18);
    let mut changed = 0;
    for name in MODELS {
        let path = format!("tests/cases/{name}.onnx");
        let before = read(&std::fs::read(path).unwrap());
        let after = scaled(&before, 1.0, &mut rng);
        agree(name, &before, &both(&before, &after));
        let synapses = before.network().synapses();
        for change in [
            |value: f32| value * 1.001,
            |value: f32| -value,
            |_: f32| 0.0,
            |value: f32| value * 1e30,
        ] {
            let (tensor, entry) = before.place(rng.random_range(0..synapses));
            if let Some(bytes) = with_entry(&after, tensor, entry, change) {
                let found = both(&before, &bytes);
                let (followed, exact, _) = &found;
                // An entry that was 0 stays it; a weight alone at its unit can be anything.
                changed += usize::from(followed.suspected == 1);
                if !exact.vanished.is_empty() {
                    continue;
                }
                agree(&format!("{name} {tensor}[{entry}]"), &before, &found);
            }
        }
    }
    assert!(changed > 16, "{changed}");
}

/// Checks: weights that their number type holds as 0 or with fewer digits are accounted for, also those of a channel
/// that has no others; where they are not what the others predict they count as they stand.
#[test]
fn lost_weights() {
    let before = read(&std::fs::read("tests/cases/base.onnx").unwrap());
    let name = before.network().unit(2).id.clone();
    let free = |first: f64| {
        let mut free = vec![1.0; before.network().variables()];
        free[0] = first;
        let mut bytes = Vec::new();
        let multipliers = before.multipliers(&free).unwrap();
        before
            .write(0, &multipliers, "after.onnx", &mut bytes)
            .unwrap();
        bytes
    };
    let after = free(1e-38);
    let (found, ..) = both(&before, &after);
    assert!(!found.lost.is_empty(), "{name}");
    assert!(found.fault.is_none() && found.deviation < 1e-6, "{found:?}");
    let ((tensor, entry), value) = found.lost[0];
    let tensor = before.tensor(tensor).to_owned();
    assert!(value.abs() < 1.2e-38 && value != 0.0);
    // A few units in the last place of what is left of it are more than rounding.
    let moved = with_entry(&after, &tensor, entry, |old| {
        f32::from_bits(old.to_bits() + 40)
    });
    let (found, ..) = both(&before, &moved.unwrap());
    assert!(found.lost.is_empty());
    assert!(found.suspected > 0, "{found:?}");
}

/// Checks: a tiny weight that its own type holds in full is not lost, though the model has weights in a type that would
/// lose it.
#[test]
fn tiny_weights_are_lost_by_their_own_type() {
    let tiny = |first: f32| {
        let mut values = [1e-8f32; 12];
        values[0] = first;
        let half = Tensor {
            dims: vec![3, 4],
            data_type: Some(element::FLOAT16),
            name: Some("u".into()),
            raw_data: Some([0u8, 60].repeat(12).into()),
            ..Tensor::default()
        };
        let mut builder = Builder::new(17)
            .input("x", &[1, 3])
            .floats("v", &[4, 3], &values)
            .node("Cast", "u", "w", &[Setting::Int("to", 1)])
            .node("MatMul", "x w", "a", &[])
            .node("Relu", "a", "r", &[])
            .node("MatMul", "r v", "y", &[])
            .output("y", &[1, 3]);
        builder.graph().initializer.push(half);
        builder.bytes()
    };
    let before = read(&tiny(1e-8));
    for first in [1.5e-8, 0.0] {
        let after = tiny(first);
        let found = both(&before, &after);
        assert!(found.0.lost.is_empty() && found.1.lost.is_empty());
        assert!(found.0.suspected > 0, "{first}: {:?}", found.0);
        agree("tiny", &before, &found);
    }
    let (found, exact, _) = both(&before, &tiny(1e-8));
    assert!(found.deviation == 0.0 && found.lost.is_empty());
    assert!(matches!(exact.scaling, ScalingVerdict::Exact(_)) && exact.lost.is_empty());
}

/// Checks: how far statistics of a normalisation are from following is told, though it be within the tolerance, and a
/// scaling of the weights is no exact one then.
#[test]
fn statistics_that_nearly_follow() {
    let model = |mean: f32| {
        let builder = Builder::new(17).input("x", &[1, 2, 4, 4]);
        let mut builder = builder.weight("w", &[3, 2, 1, 1]).positive("g", &[3]);
        builder = builder
            .weight("b", &[3])
            .floats("m", &[3], &[mean, 0.25, -0.5]);
        builder = builder.positive("d", &[3]).weight("z", &[2, 3, 1, 1]);
        let builder = builder
            .node("Conv", "x w", "a", &[])
            .node("BatchNormalization", "a g b m d", "n", &[])
            .node("Relu", "n", "r", &[])
            .node("Conv", "r z", "y", &[])
            .output("y", &[1, 2, 4, 4]);
        builder.bytes()
    };
    let before = read(&model(0.5));
    let ones = before.multipliers(&vec![1.0; before.network().variables()]);
    let of = |mean: f32| {
        let (_, mut exact, after) = both(&before, &model(mean));
        let found = before.statistics_follow(&after, ones.as_ref().unwrap(), TOLERANCE);
        exact.deviates_by(found.clone().unwrap_or(1.0));
        (found, exact.scaling)
    };
    let (found, scaling) = of(0.5);
    assert_eq!(found, Ok(0.0));
    assert!(matches!(scaling, ScalingVerdict::Exact(_)));
    let (found, scaling) = of(0.500_000_3);
    assert!(found.is_ok_and(|found| found > 5e-7 && found < TOLERANCE));
    assert!(matches!(scaling, ScalingVerdict::Near { .. }));
    assert_eq!(of(0.51).0, Err("entry 0 of `m`".to_owned()));
}
