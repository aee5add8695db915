//! Real models: balanced, certified, and still the same function.

use synaptic_balance::formats::OnnxFile;
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::{Rational, parse_rational, rational_to_f64};
use synaptic_balance::solve::{Balance, Options, Restriction, balance};

use engine_tests::{Engine, relative};

fn model(name: &str) -> (Vec<u8>, OnnxFile) {
    let bytes = crate::file(&format!("data/{name}"));
    let file = OnnxFile::read(bytes.clone(), None).unwrap();
    (bytes, file)
}

fn balanced(file: &OnnxFile, options: &Options) -> Balance {
    balance(file.network(), &Regularizer::l2(), options, &mut |_, _| {}).unwrap()
}

fn written(file: &OnnxFile, found: &Balance, exactly: bool) -> Vec<u8> {
    let multipliers = found.by_unit(file.network());
    file.scaled(&multipliers, &[], exactly, "balanced")
        .unwrap()
        .model
}

const MODELS: [(&str, usize, usize, u64); 2] = [
    ("digits-mlp-sklearn.onnx", 150, 12_060, 1_000),
    ("blazeface-front-128.onnx", 1_074, 100_412, 20),
];

/// Checks: both models have so many free multipliers and weights, balance, certify to 12 digits, and compute the same
/// function to 1e-5; of the larger one a few inputs tell, where tests sample.
#[test]
fn balance_certify_and_keep_the_function() {
    for (name, free, weights, inputs) in MODELS {
        let (bytes, file) = model(name);
        assert_eq!(
            (file.network().variables(), file.network().synapses()),
            (free, weights),
            "{name}"
        );
        let found = balanced(
            &file,
            &Options {
                certify: Some(12),
                ..Options::default()
            },
        );
        assert!(found.existence.is_attained());
        let enclosed = found.enclosure.as_ref().is_some_and(Result::is_ok);
        assert!(enclosed || found.energy.is_some(), "{name}");
        assert!(
            found
                .certified_distance()
                .is_some_and(|distance| distance < 1e-11),
            "{name}"
        );
        assert_eq!(
            found.incomplete(synaptic_balance::solve::Method::Direct),
            None
        );
        let after = written(&file, &found, false);
        let inputs = match crate::in_full() || inputs > 100 {
            true => inputs,
            false => inputs / 4,
        };
        let difference = relative(&Engine::new(&bytes), &Engine::new(&after), inputs);
        assert!(difference < 1e-5, "{name}: {difference}");
        let read = OnnxFile::read(after, None).unwrap();
        file.aligned(&read).unwrap();
    }
}

/// Checks: with powers of two every scaled weight is exact, so that the file is an exact scaling, and on this engine
/// every output is the same to the bit; the price is reported.
#[test]
fn powers_of_two_change_nothing_at_all() {
    let models = if crate::in_full() {
        &MODELS[..]
    } else {
        &MODELS[..1]
    };
    for (name, _, _, inputs) in models.iter().copied() {
        let (bytes, file) = model(name);
        let options = Options {
            restriction: Some(Restriction::PowersOfTwo),
            ..Options::default()
        };
        let found = balanced(&file, &options);
        let price = found.price().unwrap();
        assert!(price > 0.0 && price < 0.25, "{name}: {price}");
        let after = written(&file, &found, true);
        assert_ne!(after, bytes);
        let read = OnnxFile::read(after.clone(), None).unwrap();
        let exact = synaptic_balance::network::Manifold::of(file.network());
        let (before, scaled) = (file.network().weights(), read.network().weights());
        let ratio = |(before, after): (&Rational, &Rational)| {
            (*before != Rational::default()).then(|| after / before)
        };
        let ratios: Vec<_> = before.iter().zip(&scaled).map(ratio).collect();
        assert!(exact.multipliers(&ratios).is_ok(), "{name}");
        assert_eq!(
            relative(&Engine::new(&bytes), &Engine::new(&after), inputs.min(50)),
            0.0
        );
    }
}

/// Checks: bounded multipliers keep within their bound, some lie at it, and the regularizer is between the optimum and
/// the beginning.
#[test]
fn bounded_multipliers_stay_within() {
    let (name, bound) = match crate::in_full() {
        true => ("blazeface-front-128.onnx", "2"),
        false => ("digits-mlp-sklearn.onnx", "5/4"),
    };
    let (_, file) = model(name);
    let most = rational_to_f64(&parse_rational(bound).unwrap());
    let bound = parse_rational(bound).unwrap();
    let options = Options {
        restriction: Some(Restriction::Within(bound)),
        ..Options::default()
    };
    let found = balanced(&file, &options);
    let (restricted, regularizer) = found.restricted.as_ref().unwrap();
    assert!(!restricted.at_bound.is_empty() && restricted.residual <= 1e-12);
    assert!(
        *regularizer > found.regularizer_after.unwrap() && *regularizer < found.regularizer_before
    );
    let within = |multiplier: f64| (1.0 / most - 1e-12..=most + 1e-12).contains(&multiplier);
    assert!(found.by_unit(file.network()).into_iter().all(within));
}

/// Checks: the residual stream of BlazeFace ties channels over many layers: a group's multipliers are shared, not its
/// own.
#[test]
fn residual_streams_are_tied() {
    let (_, file) = model("blazeface-front-128.onnx");
    let mut tensors: std::collections::BTreeMap<usize, usize> = Default::default();
    for unit in file
        .groups()
        .iter()
        .flat_map(|group| &group.units)
        .filter(|unit| **unit != 0)
    {
        *tensors.entry(*unit).or_default() += 1;
    }
    assert!(
        tensors.values().any(|count| *count >= 5),
        "one channel is made by five layers or more"
    );
    assert!(file.notes().is_empty(), "{:?}", file.notes());
}
