//! The report on a result that was judged where it lies: a scaling, exactly or to rounding.

use serde_json::{Map, Value, json};

use super::balanced::{balance_of, units};
use super::distance::{DistanceFields, distance_line};
use super::{Report, up};
use crate::solve::{Distance, NumberType};

/// Why there is no bound on the distance.
pub const FAR: &str =
    "some cost is not enclosed, or more than twice or less than half its balanced value";

/// What was found.
#[derive(Debug, Clone)]
pub struct InPlaceCheck {
    /// The multipliers `Λ` of the scaling, by unit.
    pub multipliers: Vec<(String, f64)>,
    /// How far weights are from that scaling at most, relatively; 0 for an exact one.
    pub deviation: f64,
    /// The number type of the weights.
    pub number_type: NumberType,
    /// The largest deficit.
    pub deficit: f64,
    /// How far any weight is from the balanced one.
    pub distance: Distance,
    /// Are the multipliers those that balance, rounded to powers of two? Then the largest step between them, as an
    /// exponent of 2.
    pub to_powers_of_two: Option<u64>,
    /// The deficit that counts as none.
    pub allowed: f64,
    /// The tolerance.
    pub tolerance: f64,
}

/// Says what was found, in the fields of every judgement.
pub fn in_place_check(found: &InPlaceCheck) -> Report {
    let is_exact = found.deviation == 0.0;
    let is_balanced = found.deficit <= found.allowed;
    let balanced = balance_of(is_balanced, found.to_powers_of_two);
    let multipliers: Map<String, Value> = found
        .multipliers
        .iter()
        .map(|(unit, value)| (unit.clone(), value.to_string().into()))
        .collect();
    let distance = DistanceFields::of(&found.distance);
    let json = json!({
        "same_function": true,
        "known_scaling": true,
        "scaling": match is_exact { true => "exact", false => "within_rounding" },
        "exact_scaling": match is_exact { true => Value::Bool(true), false => "undecided".into() },
        "within_rounding": true,
        "vanished": [],
        "lost": [],
        "scaling_deviation": found.deviation,
        "scaling_deviation_at_least": 0.0,
        "rounding_excused": {"type": found.number_type.name(), "units_in_the_last_place": found.number_type.excused_ulps()},
        "witness": {"multipliers": multipliers},
        "balanced": balanced.json(),
        "deficit": found.deficit,
        "distance_to_optimum": distance.to_optimum,
        "bound": distance.bound,
        "distance_missing": distance.missing,
        "tolerance": found.tolerance,
    });
    let mut text = match is_exact {
        true => "same function      yes: an exact scaling by powers of two\n".to_owned(),
        false => format!(
            "same function      yes, to rounding ({} in the last place of {}): a scaling is {} away, relatively\n",
            units(found.number_type),
            found.number_type.name(),
            up(found.deviation)
        ),
    };
    let answer = balanced.words();
    text += &format!(
        "balanced           {answer}: deficit {:.3e}\n",
        found.deficit
    );
    let is_far = |distance| is_balanced && distance > found.tolerance;
    text += &distance_line(&found.distance, ["", ""], &is_far);
    Report { text, json }
}
