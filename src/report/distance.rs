//! How far a result is from the optimum, as reports say it.

use serde_json::Value;

use super::up;
use crate::solve::Distance;

/// How far a result is from the optimum, in the fields of every judgement.
pub(super) struct DistanceFields {
    pub to_optimum: Value,
    pub bound: Value,
    pub missing: Value,
}

impl DistanceFields {
    pub fn of(distance: &Distance) -> Self {
        let (to_optimum, bound, missing) = match distance {
            // Where the optimum is 0 and the weight is not.
            Distance::Certified(f64::INFINITY) => {
                ("infinite".into(), "certified".into(), Value::Null)
            }
            Distance::Certified(distance) => ((*distance).into(), "certified".into(), Value::Null),
            Distance::Estimated(distance, _) => {
                ((*distance).into(), "estimated".into(), Value::Null)
            }
            Distance::NoOptimum => (
                Value::Null,
                Value::Null,
                "the minimum is not attained".into(),
            ),
            Distance::Undetermined(why) => (Value::Null, Value::Null, why.as_str().into()),
        };
        DistanceFields {
            to_optimum,
            bound,
            missing,
        }
    }
}

/// The same in words, with some about the weights and about the optimum; a bound for which `is_far` holds is too large,
/// however small the deficit.
pub(super) fn distance_line(
    distance: &Distance,
    [weights, optimum]: [&str; 2],
    is_far: &dyn Fn(f64) -> bool,
) -> String {
    let words = match distance {
        Distance::Certified(distance) => format!(
            "weights{weights} within {} relative of the one optimum{optimum}, proved{}",
            up(*distance),
            match is_far(*distance) {
                true => "; not within the tolerance, however small the deficit",
                false => "",
            }
        ),
        Distance::Estimated(distance, why) => {
            format!("about {distance:.3e} relative from the optimum, not proved: {why}")
        }
        Distance::NoOptimum => "none: the minimum is not attained".to_owned(),
        Distance::Undetermined(why) => format!("undecided: {why}"),
    };
    format!("distance           {words}\n")
}
