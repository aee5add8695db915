//! Answers of the crate, and how they are compared with what is expected.

use num_traits::{Signed, Zero};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use synaptic_balance::formats::read_network;
use synaptic_balance::network::{Network, Regularizer, ScaleError, UnitKind};
use synaptic_balance::numbers::{
    Rational, Scalar, natural_log, parse_rational, rational_from_f64, rational_power,
};
use synaptic_balance::solve::{Distance, ScalingFault, ScalingVerdict, judge as judge_result};

/// Relative deviation allowed of computed numbers: the deepest chain amplifies a deficit of 1e-12 by about 1,000.
const TOLERANCE: f64 = 1e-8;
/// Absolute deviation allowed of deficits and distances, which are differences of numbers near 1.
const SMALL: f64 = 1e-11;

#[derive(Debug)]
pub enum Answer {
    Exact(Rational),
    /// Sign and logarithm of the magnitude, so that numbers of any size can be compared.
    Computed(i32, f64),
    Between(Rational, Rational),
    Text(String),
    Flag(bool),
    Index(u64),
    Null,
    /// The message of an error: it must name the place and say the kind.
    Message(String),
}

pub type Answers = BTreeMap<String, Vec<Answer>>;

pub fn give(answers: &mut Answers, place: impl Into<String>, answer: Answer) {
    answers.entry(place.into()).or_default().push(answer);
}

pub fn text(answers: &mut Answers, place: &str, value: impl Into<String>) {
    give(answers, place, Answer::Text(value.into()));
}

pub fn exact(value: &str) -> Rational {
    parse_rational(value).unwrap()
}

/// The ends of an expected number.
pub fn ends(value: &Value) -> Option<(Rational, Rational)> {
    if let Some(text) = value.as_str() {
        let number = parse_rational(text).ok()?;
        return Some((number.clone(), number));
    }
    Some((
        exact(value.get("lo")?.as_str()?),
        exact(value.get("hi")?.as_str()?),
    ))
}

pub fn computed(value: &Rational) -> Answer {
    Answer::Computed(sign(value), natural_log(value))
}

pub fn sign(value: &Rational) -> i32 {
    i32::from(value.is_positive()) - i32::from(Signed::is_negative(value))
}

impl Answer {
    pub fn agrees(&self, value: &Value) -> bool {
        let number = || ends(value);
        match self {
            Answer::Text(found) => value == found,
            Answer::Flag(found) => value == found,
            Answer::Index(found) => value == found,
            Answer::Null => value.is_null(),
            Answer::Message(message) => value.as_str().is_some_and(|text| says(message, text)),
            Answer::Exact(found) => {
                number().is_some_and(|(low, high)| low <= *found && *found <= high)
            }
            Answer::Between(a, b) => number().is_some_and(|(low, high)| *a <= high && low <= *b),
            Answer::Computed(sign_found, log) => number().is_some_and(|(low, high)| {
                [low, high].iter().all(|end| {
                    sign(end) == *sign_found
                        && (end.is_zero() || (natural_log(end) - log).abs() <= TOLERANCE)
                })
            }),
        }
    }
}

/// Does a message name a place, or speak of an error of a kind?
fn says(message: &str, wanted: &str) -> bool {
    const KINDS: &[(&str, &[&str])] = &[
        ("duplicate_unit", &["already taken"]),
        ("unknown_kind", &["unknown variant"]),
        ("unknown_field", &["unknown field"]),
        ("missing_field", &["missing field"]),
        ("activation", &["activation", "needs parameters"]),
        ("zero_denominator", &["zero denominator"]),
        ("too_large", &["up to 256"]),
        ("into_product", &["takes no synapses"]),
        ("no_factors", &["has no factors"]),
        ("no_product", &["only a product has factors"]),
        ("product_cycle", &["among its own factors"]),
        ("tie_exponent", &["the exponent of"]),
        ("wrong_type", &["invalid type", "expected a number"]),
        ("into_source", &["takes no synapses"]),
        ("duplicate_synapse", &["already given"]),
        ("no_such_unit", &["there is no unit"]),
        ("not_a_number", &["is not a number"]),
        ("too_long", &["digits is not accepted"]),
        ("duplicate_field", &["duplicate field"]),
        (
            "not_json",
            &["expected value", "EOF", "out of range", "expected ident"],
        ),
        ("tie_of_visible", &["no multiplier to share"]),
        ("tie_repeats", &["occurs twice"]),
        ("wrong_format", &["instead of"]),
        ("wrong_version", &["is not known"]),
        ("unknown_regularizer", &["is not a regularizer"]),
        ("not_positive", &["must be positive"]),
    ];
    match KINDS.iter().find(|(kind, _)| *kind == wanted) {
        Some((_, words)) => words.iter().any(|word| message.contains(word)),
        None if wanted == "regularizer" => message.contains("regularizer"),
        None => message.starts_with(&format!("{wanted}:")),
    }
}

/// Every value with its place; an enclosure is one value.
pub fn flatten(value: &Value) -> Vec<(String, Value)> {
    let join = |key: &str, inner: &Value| {
        let inner = flatten(inner).into_iter();
        inner
            .map(|(place, leaf)| match place.as_str() {
                "" => (key.to_string(), leaf),
                place => (format!("{key}/{place}"), leaf),
            })
            .collect::<Vec<_>>()
    };
    match value {
        Value::Object(entries) if !entries.contains_key("lo") => entries
            .iter()
            .flat_map(|(key, inner)| join(key, inner))
            .collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .flat_map(|(index, inner)| join(&index.to_string(), inner))
                .collect()
        }
        leaf => vec![(String::new(), leaf.clone())],
    }
}

/// Another value of the same kind: a number off by a millionth, a text with a letter more.
pub fn wrong(place: &str, value: &Value) -> Value {
    let millionth = Rational::new(1.into(), 1_000_000.into());
    let shift =
        |number: &Rational| match number.is_zero() || place == "deficit" || place == "distance" {
            true => number + &millionth,
            false => number + number * &millionth,
        };
    match (value, ends(value)) {
        (_, Some((low, high))) if low == high => shift(&low).to_string().into(),
        (_, Some((low, high))) => {
            json!({"lo": shift(&low).to_string(), "hi": shift(&high).to_string()})
        }
        (Value::Bool(flag), _) => (!flag).into(),
        (Value::Number(number), _) => (number.as_u64().unwrap() + 1).into(),
        (Value::String(text), _) => format!("{text}x").into(),
        _ => "something".into(),
    }
}

pub fn network(case: &Value) -> Network<Rational> {
    read_network(case["network"].to_string().as_bytes())
        .unwrap()
        .network
}

pub fn regularizer(case: &Value) -> Regularizer {
    case["regularizer"].as_str().unwrap().parse().unwrap()
}

pub fn exacts(value: &Value) -> Vec<Rational> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| exact(text.as_str().unwrap()))
        .collect()
}

pub fn scale(case: &Value) -> Answers {
    let (network, mut answers) = (network(case), Answers::new());
    let mut multipliers = vec![Rational::from_integer(1.into()); network.variables()];
    let mut given = vec![false; network.variables()];
    let mut refuse = |error: &str, unit: &str| {
        text(&mut answers, "status", "refused");
        text(&mut answers, "error", error);
        text(&mut answers, "unit", unit);
    };
    for (id, value) in case["multipliers"].as_object().unwrap() {
        let value = exact(value.as_str().unwrap());
        let Some(variable) = network.variable(network.find(id).unwrap()) else {
            refuse("not_scalable", id);
            return answers;
        };
        let exponent = network.exponent(network.find(id).unwrap());
        let value = rational_power(&value, &exponent.recip()).unwrap_or(value);
        if std::mem::replace(&mut given[variable], true) && multipliers[variable] != value {
            refuse("tie_broken", id);
            return answers;
        }
        multipliers[variable] = value;
    }
    match network.scaled(&multipliers) {
        Err(ScaleError::NotPositive { unit }) => refuse("not_positive", &unit),
        Err(fault) => panic!("{fault}"),
        Ok(scaled) => {
            text(&mut answers, "status", "scaled");
            for (index, weight) in scaled.weights().into_iter().enumerate() {
                give(
                    &mut answers,
                    format!("weights/{index}"),
                    Answer::Exact(weight),
                );
            }
        }
    }
    answers
}

pub fn gradient_step(case: &Value) -> Answers {
    let (network, mut answers) = (network(case), Answers::new());
    let step = exact(case["step"].as_str().unwrap());
    let half = Rational::new(1.into(), 2.into());
    let error = |weights: Vec<Rational>| {
        let changed = network.with_weights(weights);
        let samples = case["data"].as_array().unwrap().iter();
        let errors = samples.map(|sample| {
            let outputs = changed.evaluate(&exacts(&sample["input"])).unwrap();
            let pairs = outputs.into_iter().zip(exacts(&sample["target"]));
            pairs
                .map(|(y, t)| &half * (&y - &t) * (y - t))
                .sum::<Rational>()
        });
        errors.sum::<Rational>()
    };
    // In one weight the error is a quadratic polynomial near the point: three values determine its slope.
    let reach = Rational::new(1.into(), (1u64 << 50).into());
    let before = network.weights();
    let at = |synapse: usize, times: i64| {
        let mut weights = before.clone();
        weights[synapse] += Rational::from_integer(times.into()) * &reach;
        error(weights)
    };
    let here = error(before.clone());
    let slope = |s| {
        (at(s, 1) * Rational::from_integer(4.into())
            - at(s, 2)
            - &here * Rational::from_integer(3.into()))
            / (&reach + &reach)
    };
    let gradient: Vec<Rational> = (0..before.len()).map(slope).collect();
    let after: Vec<Rational> = before
        .iter()
        .zip(&gradient)
        .map(|(w, g)| w - &step * g)
        .collect();
    text(&mut answers, "status", "stepped");
    give(&mut answers, "error", Answer::Exact(here));
    for (synapse, slope) in gradient.iter().enumerate() {
        give(
            &mut answers,
            format!("gradient/{synapse}"),
            Answer::Exact(slope.clone()),
        );
        give(
            &mut answers,
            format!("weights/{synapse}"),
            Answer::Exact(after[synapse].clone()),
        );
    }
    for unit in network.units_of(UnitKind::Hidden) {
        let total = |values: &[Rational]| {
            let synapses = (0..values.len()).map(|synapse| {
                let (from, to) = network.endpoints(synapse);
                let sign = i32::from(to == unit) - i32::from(from == unit);
                &values[synapse] * &values[synapse] * Rational::from_integer(sign.into())
            });
            synapses.sum::<Rational>()
        };
        let place = format!("change/{}", network.unit(unit).id);
        give(
            &mut answers,
            place.clone(),
            Answer::Exact(total(&after) - total(&before)),
        );
        give(
            &mut answers,
            place,
            Answer::Exact(&step * &step * total(&gradient)),
        );
    }
    answers
}

fn near(value: f64) -> Answer {
    let end = |value: f64| rational_from_f64(value).unwrap();
    Answer::Between(
        end(value - SMALL * (1.0 + value)),
        end(value + SMALL * (1.0 + value)),
    )
}

pub fn judge(case: &Value) -> Answers {
    let (before, mut answers) = (network(case), Answers::new());
    let after = before.with_weights(exacts(&case["after"]));
    let tolerance = exact(case["tolerance"].as_str().unwrap());
    let judged = judge_result(&before, &after, &regularizer(case), 1e-6).unwrap();
    let (scaling, exactly) = match (&judged.scaling, &judged.cycle) {
        (ScalingVerdict::Exact(verified), _) => {
            for unit in 0..before.units() {
                if let Some(variable) = before.variable(unit) {
                    let value = &verified.data().multipliers[variable];
                    let value = before.unit_multiplier(unit, value).unwrap();
                    give(
                        &mut answers,
                        format!("multipliers/{}", before.unit(unit).id),
                        Answer::Exact(value),
                    );
                }
            }
            (true, true)
        }
        (ScalingVerdict::Near { deviation, .. }, None) => (*deviation <= tolerance, false),
        (ScalingVerdict::Near { .. }, Some(_)) => (false, false),
        (ScalingVerdict::Not(_), _) => (false, false),
    };
    let kind = match &judged.scaling {
        ScalingVerdict::Not(ScalingFault::Zero(_)) => "zero",
        ScalingVerdict::Not(ScalingFault::Sign(_)) => "sign",
        _ => "cycle",
    };
    text(&mut answers, "fault/kind", kind);
    let same = match (scaling, &judged.witness) {
        (true, _) => Answer::Flag(true),
        (false, Some(_)) => Answer::Flag(false),
        (false, None) => Answer::Text("undecided".to_string()),
    };
    give(&mut answers, "same_function", same);
    give(&mut answers, "exact_scaling", Answer::Flag(exactly));
    give(
        &mut answers,
        "balanced",
        Answer::Flag(judged.deficit <= 1e-6),
    );
    give(&mut answers, "deficit", near(judged.deficit));
    let distance = match judged.distance {
        Distance::Certified(f64::INFINITY) => Answer::Text("infinite".to_string()),
        Distance::Certified(bound) => near(bound),
        Distance::NoOptimum => Answer::Null,
        other => panic!("no proof: {other:?}"),
    };
    give(&mut answers, "distance", distance);
    answers
}

/// Evaluates both networks on the inputs of a witness, exactly or, where a sigmoid has no rational values, in `f64`:
/// the outputs are those expected, and those of the last step differ.
pub fn check_witness(case: &Value, witness: &Value) -> Result<(), String> {
    let before = network(case);
    let after = before.with_weights(exacts(&case["after"]));
    let steps: Vec<Vec<Rational>> = witness["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(exacts)
        .collect();
    let mut last = Vec::new();
    for (network, field) in [(before, "before"), (after, "after")] {
        let found = outputs(&network, &steps).unwrap_or_else(|| {
            let inputs: Vec<Vec<f64>> = steps
                .iter()
                .map(|step| step.iter().map(Scalar::to_f64).collect())
                .collect();
            let found = outputs(&network.to_f64(), &inputs).unwrap();
            found
                .iter()
                .map(|step| step.iter().map(|y| y.to_rational().unwrap()).collect())
                .collect()
        });
        let expected = witness[field].as_array().unwrap();
        for (step, values) in found.iter().zip(expected) {
            for (found, expected) in step.iter().zip(values.as_array().unwrap()) {
                let agrees = match expected.is_string() {
                    true => Answer::Exact(found.clone()).agrees(expected),
                    false => near_to(found).agrees(expected),
                };
                if !agrees {
                    return Err(format!("{field}: {found} instead of {expected}"));
                }
            }
        }
        if expected.len() != steps.len() || found.len() != steps.len() {
            return Err(format!("{field}: not every step has outputs"));
        }
        last.extend(expected.last().cloned());
    }
    let mut pairs = last[0]
        .as_array()
        .unwrap()
        .iter()
        .zip(last[1].as_array().unwrap());
    let apart = |(one, other): (&Value, &Value)| {
        let (one, other) = (ends(one).unwrap(), ends(other).unwrap());
        one.1 < other.0 || other.1 < one.0
    };
    match pairs.any(apart) {
        true => Ok(()),
        false => Err("the outputs of the last step do not differ".to_string()),
    }
}

fn near_to(value: &Rational) -> Answer {
    let off = Rational::new(1.into(), 1_000_000_000.into());
    Answer::Between(value - &off, value + &off)
}

/// `None` where an activation has no value in this number type.
fn outputs<S: Scalar>(network: &Network<S>, steps: &[Vec<S>]) -> Option<Vec<Vec<S>>> {
    match steps {
        [step] if network.evaluate(step).is_ok() => Some(vec![network.evaluate(step).ok()?]),
        _ => {
            let initial = vec![S::zero(); network.units()];
            network.evaluate_over_time(steps, &initial).ok()
        }
    }
}

pub fn read(case: &Value) -> Answers {
    let document = case["text"].as_str().unwrap();
    let fault = match case["operation"].as_str().unwrap() {
        "read" => read_network(document.as_bytes())
            .err()
            .map(|fault| fault.to_string()),
        _ => document
            .parse::<Regularizer>()
            .err()
            .map(|fault| fault.to_string()),
    };
    let mut answers = Answers::new();
    text(
        &mut answers,
        "status",
        if fault.is_some() { "invalid" } else { "read" },
    );
    give(
        &mut answers,
        "error",
        Answer::Message(fault.clone().unwrap_or_default()),
    );
    give(
        &mut answers,
        "place",
        Answer::Message(fault.unwrap_or_default()),
    );
    answers
}
