//! Vectors of products and attention against optima that Python finds by Newton's method to 80 digits.

use num_traits::{Pow, Signed, Zero};
use serde_json::Value;
use synaptic_balance::numbers::{Rational, natural_log, parse_rational, rational_to_f64};

use super::answers::{ends, network, regularizer};
use super::documents;
use crate::mutations::second::references;

/// Relative, of costs that Python writes with 80 digits or more.
const DIGITS: u32 = 70;
/// Of logarithms of costs whose power is no integer.
const LOGARITHMS: f64 = 1e-12;

/// Does the balanced cost `c` of Newton's method lie where the weight of the vector says?
fn agrees(cost: &Rational, weight: &Value, power: &Rational) -> bool {
    let (low, high) = ends(weight).unwrap();
    if !power.is_integer() {
        let power = rational_to_f64(power);
        let near = |end: &Rational| {
            (power * natural_log(&end.abs()) - natural_log(cost)).abs() <= LOGARITHMS
        };
        return near(&low) && near(&high);
    }
    let power = power.to_integer().to_string().parse::<u32>().unwrap();
    let [one, other] = [low, high].map(|end| Pow::pow(end.abs(), power));
    let (low, high) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    let tiny = Rational::new(1.into(), Pow::pow(num_bigint::BigInt::from(10), DIGITS));
    low - cost * &tiny <= *cost && *cost <= high + cost * tiny
}

/// Checks: the balanced weights of the vectors about products and attention are those of a second side, which knows
/// neither the solvers nor the kernel.
#[test]
fn products_and_attention_are_what_newton_finds() {
    let of_groups = documents()
        .into_iter()
        .filter(|(name, _)| ["products.json", "attention.json"].contains(&name.as_str()));
    let cases = of_groups.flat_map(|(_, document)| document["cases"].as_array().unwrap().clone());
    let cases: Vec<Value> = cases
        .filter(|case| case["operation"] == "balance" && case["expected"]["status"] == "balanced")
        .collect();
    let asked = cases.iter().map(|case| {
        let regularizer = case["regularizer"].as_str().unwrap();
        (case["network"].to_string(), regularizer)
    });
    let Some(references) = references(&asked.collect::<Vec<_>>()) else {
        return;
    };
    let mut costs = 0;
    for (case, reference) in cases.iter().zip(&references) {
        let id = &case["id"];
        let (network, power) = (network(case), regularizer(case).variable_power());
        let found = reference["costs"].as_object();
        let found = found.unwrap_or_else(|| panic!("{id}: Newton's method finds nothing"));
        for (synapse, cost) in found {
            let synapse: usize = synapse.parse().unwrap();
            assert!(!network.weight(synapse).is_zero());
            let cost = parse_rational(cost.as_str().unwrap()).unwrap();
            let weight = &case["expected"]["weights"][synapse];
            assert!(agrees(&cost, weight, &power), "{id}: {synapse}: {weight}");
            let changed =
                Value::from((cost.clone() * Rational::new(8.into(), 7.into())).to_string());
            assert!(!agrees(&cost, &changed, &power));
            costs += 1;
        }
    }
    println!("{costs} costs of {} networks", cases.len());
    assert!(cases.len() >= 30 && costs >= 150);
}
