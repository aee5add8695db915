//! The report of a balancing in place.

use serde_json::{Map, Value, json};

use super::energy::within;
use super::rounding::{rounded_words, rounding};
use super::{InLimit, Report, SHOWN, cost, list, root, roots_of, up, wide};
use crate::network::{Regularizer, printable};
use crate::numbers::{Rational, Wide};
use crate::solve::blocks::{BlockEnclosure, BlockSolution, RandomRun, RestrictedBlocks};
use crate::solve::energy::{EnergyError, EnergyProof};
use crate::solve::{Balance, Unfinished};

/// What the paper's algorithm came to by itself.
#[derive(Debug, Clone)]
pub struct SecondRun {
    /// The run.
    pub run: RandomRun,
    /// The largest relative difference of a weight.
    pub difference: f64,
}

/// Multipliers that were not chosen freely, and what they come to.
#[derive(Debug, Clone)]
pub struct RestrictedRun {
    /// The multipliers `μ`, and how far they are from balance.
    pub run: RestrictedBlocks,
    /// The multipliers `Λ`.
    pub multipliers: Vec<f64>,
    /// The regularizer at them.
    pub value: f64,
    /// The regularizer at the optimum, if there is one.
    pub optimum: Option<f64>,
    /// The units that are held at the bound, by names where they are known.
    pub at_bound: Vec<String>,
    /// What the kernel verified of the minimum within the bound, if that was asked for.
    pub bounded: Option<Result<EnergyProof, EnergyError>>,
}

impl RestrictedRun {
    /// What was verified of the minimum within the bound.
    pub fn proof(&self) -> Option<&EnergyProof> {
        self.bounded.as_ref().and_then(|found| found.as_ref().ok())
    }

    fn price(&self) -> Option<f64> {
        self.optimum.map(|optimum| self.value / optimum - 1.0)
    }
}

/// Multipliers rounded to the nearest powers of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundedRun {
    /// An upper bound of the factor between any of them and the balanced one, what is known of that one taken into
    /// account.
    pub factor: f64,
    /// The largest deficit with them.
    pub deficit: f64,
    /// The regularizer with them, where it is known.
    pub value: Option<f64>,
}

/// What was found in place, and what it took.
#[derive(Debug, Clone)]
pub struct InPlace<'a> {
    /// The regularizer.
    pub regularizer: &'a Regularizer,
    /// Its value before and after, of all weights that are scaled or lead to or from units that are.
    pub values: Option<[f64; 2]>,
    /// The number of weights.
    pub weights: usize,
    /// The method that found the solution, as on the command line.
    pub method: &'static str,
    /// The solution.
    pub solution: &'a BlockSolution,
    /// The deficit before.
    pub deficit_before: f64,
    /// Bounds in floating point, where any were found.
    pub enclosure: Option<&'a BlockEnclosure>,
    /// What the kernel verified.
    pub proof: Option<&'a EnergyProof>,
    /// The names of units and their variables, if their bounds are to be given.
    pub names: Option<&'a [(String, usize)]>,
    /// What was left out, where the minimum is not attained.
    pub limit: Option<&'a InLimit>,
    /// How far, relatively, the multipliers `Λ` of the units that stay can be from the balanced ones, as the kernel
    /// verified.
    pub within: Option<f64>,
    /// What was asked for in place of the optimum.
    pub restricted: Option<RestrictedRun>,
    /// The multipliers that were written, if they were rounded.
    pub rounded: Option<RoundedRun>,
    /// Is there an optimum without it, which was found?
    pub has_optimum: bool,
    /// Did the kernel verify that there is none, on the network in which units are one that the direction moves alike?
    pub is_unattained: bool,
    /// Units without any weight other than 0, as far as weights stay: their multipliers may be anything, and are 1.
    pub undetermined: Vec<String>,
    /// The second method.
    pub cross_check: Option<&'a SecondRun>,
    /// For each group, the name of its weight and the multipliers `Λ`.
    pub multipliers: Vec<(String, Vec<f64>)>,
    /// Why not everything that was asked for was verified.
    pub incomplete: Option<String>,
    /// Seconds to read, solve, bound and write.
    pub seconds: [f64; 4],
}

/// The report of a model that was balanced where it lies.
pub fn in_place_report(found: &InPlace) -> Report {
    let mut report = Report {
        text: text(found),
        json: fields(found),
    };
    if let Some(limit) = found.limit {
        if found.restricted.is_none() && found.rounded.is_none() {
            report.json["status"] = "limit".into();
        }
        limit.state(&mut report);
    }
    report
}

fn fields(found: &InPlace) -> Value {
    let solution = found.solution;
    let [read, solve, certify, write] = found.seconds;
    let multipliers = found.multipliers.iter();
    let multipliers: Map<String, Value> = multipliers
        .map(|(name, values)| (name.clone(), json!(values)))
        .collect();
    let power = found.regularizer.variable_power();
    let mut fields = json!({
        "status": match found.rounded { Some(_) => "rounded", None => "balanced" },
        "regularizer": found.regularizer.to_string(),
        "regularizer_before": found.values.map(|[before, _]| before),
        "regularizer_after": match found.rounded {
            Some(rounded) => rounded.value,
            None => found.values.map(|[_, after]| after),
        },
        "deficit_before": found.deficit_before,
        "deficit": solution.deficit,
        "method": found.method,
        "passes": solution.reads,
        "seconds": {"read": read, "solve": solve, "certify": certify, "write": write},
        "multipliers": multipliers,
        "cross_check": found.cross_check.map(cross_check),
        "vanished": [],
        "undetermined": found.undetermined,
        "computed_bounds_width": found.enclosure.map(|enclosed| enclosed.width),
        "attained": match found.is_unattained {
            true => Some(false),
            false => found.proof.map(|proof| proof.is_attained),
        },
        "weights_within": found.proof.and_then(|proof| proof.weight_radius(&power)),
        "multipliers_within": found.within,
        "incomplete": found.incomplete,
    });
    if let Some(restricted) = &found.restricted {
        fields["status"] = "restricted".into();
        fields["regularizer_after"] = restricted.value.into();
        fields["deficit"] = restricted.run.deficit.into();
        fields["restriction"] = json!({
            "optimum": restricted.optimum,
            "price": restricted.price(),
            "residual": restricted.run.residual,
            "at_bound": restricted.at_bound,
            "bound": "computed",
        });
        if let Some(proof) = restricted.proof() {
            state_bounded(&mut fields["restriction"], proof, &power);
        }
    }
    if let Some(rounded) = found.rounded {
        fields["deficit_written"] = rounded.deficit.into();
        fields["rounding"] = rounding(rounded.factor);
        fields["restriction"] = json!({
            "optimum": found.values.map(|[_, after]| after),
            "price": rounding_price(found),
            "residual": solution.deficit,
            "at_bound": [],
        });
    }
    let costs = ["regularizer_before", "regularizer_after"].map(|field| fields[field].as_f64());
    let roots = costs.map(|value| root(found.regularizer, Wide::from_f64(value?)));
    if let [Some(before), after] = roots {
        fields["root_before"] = wide(before);
        fields["root_after"] = after.map_or(Value::Null, wide);
    }
    if let (Some(names), Some(proof)) = (found.names, found.proof) {
        let bounds = names.iter().filter_map(|(name, variable)| {
            let (low, high) = proof.bounds(*variable)?;
            let bounds = json!({"lo": low.to_string(), "hi": high.to_string()});
            Some((name.clone(), bounds))
        });
        fields["enclosure"] = Value::Object(bounds.collect());
    }
    fields
}

fn cross_check(second: &SecondRun) -> Value {
    let run = &second.run;
    json!({
        "against": "stochastic",
        "status": match run.is_complete { true => "complete", false => "incomplete" },
        "passes": run.reads,
        "deficit": run.deficit,
        "predicted_passes": run.predicted,
        "max_relative_difference": second.difference,
    })
}

/// The same of exact arithmetic's second method.
pub(super) fn exact_cross_check(result: &Balance) -> Value {
    let Some(cross) = &result.cross_check else {
        return Value::Null;
    };
    let against = cross.against.name();
    match (&cross.max_relative_difference, cross.unfinished) {
        (Ok(difference), None) => {
            let mut found = json!({"against": against, "status": "complete", "max_relative_difference": difference});
            if let Some(passes) = cross.passes {
                found["passes"] = json!(passes);
            }
            found
        }
        (Ok(difference), Some(unfinished)) => json!({
            "against": against,
            "status": "incomplete",
            "passes": unfinished.reads,
            "deficit": unfinished.deficit,
            "predicted_passes": unfinished.predicted,
            "max_relative_difference": difference,
        }),
        (Err(failure), _) => {
            json!({"against": against, "status": "failed", "max_relative_difference": null, "reason": failure.to_string()})
        }
    }
}

fn text(found: &InPlace) -> String {
    let mut text = String::new();
    if found.has_optimum {
        text += &optimum(found);
    }
    if found.is_unattained {
        text += &format!(
            "proved    the minimum of {} is not attained without the bound\n",
            found.regularizer
        );
    }
    if let Some(restricted) = &found.restricted {
        text += &restriction(found, restricted);
    }
    if let Some(reason) = &found.incomplete {
        text += &format!("INCOMPLETE {reason}\n");
    }
    text
}

/// How much more the regularizer is with rounded multipliers than at its minimum, as a share.
fn rounding_price(found: &InPlace) -> Option<f64> {
    let [_, optimum] = found.values?;
    let value = found.rounded?.value?;
    Some((value / optimum - 1.0).max(0.0))
}

/// Restricted multipliers.
fn restriction(found: &InPlace, restricted: &RestrictedRun) -> String {
    let price = restricted.price().map_or(String::new(), |price| {
        format!(", {:.3} % above the minimum", 100.0 * price)
    });
    let reads = match found.has_optimum {
        true => String::new(),
        false => format!(" ({:.1} reads of the weights)", restricted.run.reads),
    };
    let mut text = format!(
        "computed  within the restriction {} is {}{price}, residual deficit {:.3e}{reads}\n",
        found.regularizer,
        cost(restricted.value),
        restricted.run.residual
    );
    text += &restricted.proof().map_or(String::new(), bounded_words);
    if !restricted.at_bound.is_empty() {
        let names: Vec<String> = restricted
            .at_bound
            .iter()
            .map(|name| printable(name))
            .collect();
        text += &format!("note      at the bound: {}\n", list(&names, SHOWN));
    }
    text
}

/// What a certificate says of the minimum within the bound.
pub(super) fn state_bounded(restriction: &mut Value, proof: &EnergyProof, power: &Rational) {
    restriction["bound"] = "certified".into();
    restriction["weights_within"] = proof.weight_radius(power).into();
    restriction["multipliers_within"] = proof.within().into();
}

/// The same in a line, of the bounds as the certificate has them: irrational ones are rounded there.
pub(super) fn bounded_words(proof: &EnergyProof) -> String {
    format!(
        "verified  {}, the regularizer at the point of the certificate exceeds its minimum by {} at most\n",
        within(&proof.certificate.bounds),
        up(proof.gap)
    )
}

/// What was found without a restriction.
fn optimum(found: &InPlace) -> String {
    let solution = found.solution;
    let power = found.regularizer.variable_power();
    let mut text = String::new();
    if let Some(limit) = found.limit {
        text += &limit.existence(found.regularizer, None);
        if let Some(within) = found.within {
            text += &format!(
                "proved    in the limit every multiplier of costs, before it is rounded, is within {} of the balanced one, relatively\n",
                up(within)
            );
        }
    } else if let Some(proof) = found.proof {
        text += &match (proof.is_attained, proof.weight_radius(&power)) {
            (true, Some(radius)) => format!(
                "proved    the minimum of {} is attained, and with the multipliers found, before they are rounded, every weight is within {} of its one balanced value, relatively\n",
                found.regularizer,
                up(radius)
            ),
            (is_attained, _) => format!(
                "proved    {}with the multipliers found, before they are rounded, {} exceeds its infimum by {} at most; not every weight is enclosed\n",
                match is_attained {
                    true => "the minimum is attained; ",
                    false => "",
                },
                found.regularizer,
                up(proof.gap),
            ),
        };
    }
    let change = match found.values {
        Some([before, after]) => {
            let roots = roots_of(found.regularizer, [before, after]).unwrap_or_default();
            format!(" from {} to {}{roots}", cost(before), cost(after))
        }
        None => String::new(),
    };
    text += &format!(
        "computed  {}{change} over {} weights, deficit from {:.3e} to {:.3e} ({}, {:.1} reads of the weights)\n",
        found.regularizer,
        found.weights,
        found.deficit_before,
        solution.deficit,
        found.method,
        solution.reads
    );
    if let Some(rounded) = found.rounded {
        text += &rounded_words(rounded.factor, rounded.deficit);
        if let (Some(price), Some(value)) = (rounding_price(found), rounded.value) {
            text += &format!(
                "computed  within the restriction {} is {}, {:.3} % above the minimum\n",
                found.regularizer,
                cost(value),
                100.0 * price
            );
        }
    }
    if let Some(second) = found.cross_check {
        text += &second_words(second);
    }
    match found.enclosure {
        Some(enclosed) => {
            text += &format!(
                "computed  every balanced multiplier of costs lies in an interval of relative width {} or less, rounding taken into account\n",
                up(enclosed.width)
            );
        }
        None if found.proof.is_none() => {
            text += "note      no bounds on the balanced multipliers were found\n";
        }
        None => {}
    }
    // Of smaller models the values are known, and a proof was sought.
    if found.proof.is_none() && found.values.is_none() {
        text += "note      at this size the kernel verifies what is asked for only: --certify\n";
    }
    text
}

fn second_words(second: &SecondRun) -> String {
    let (run, difference) = (&second.run, second.difference);
    if run.is_complete {
        return format!(
            "computed  the stochastic method, from the given weights, in {} reads: weights differ by {difference:.1e} at most, relatively\n",
            run.reads
        );
    }
    let found = Unfinished {
        reads: run.reads as f64,
        deficit: run.deficit,
        predicted: run.predicted,
    };
    unfinished_words(&found, difference)
}

/// A cross-check by the paper's algorithm whose reads ended first.
pub(super) fn unfinished_words(found: &Unfinished, difference: f64) -> String {
    let predicted = match found.predicted {
        Some(predicted) => format!("; it would take about {predicted:.0}"),
        None => String::new(),
    };
    format!(
        "note      the cross-check by the stochastic method is incomplete: after {:.0} reads its deficit is {:.1e}, its weights differ by {difference:.1e}{predicted}\n",
        found.reads, found.deficit
    )
}
