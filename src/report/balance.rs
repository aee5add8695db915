//! The report of a balancing.

use num_traits::One;
use serde_json::{Map, Value, json};
use std::fmt::Write;

use super::blocks::{bounded_words, exact_cross_check, state_bounded, unfinished_words};
use super::by_unit::{enclosure, exact, multipliers, scalable};
use super::limit::left_alone;
use super::rounding::{rounded_words, rounding};
use super::{Report, SHOWN, Subject, list, root, roots_words, up, wide};
use crate::kernel::Balanced;
use crate::network::{Network, Regularizer, UnitIndex, printable};
use crate::numbers::{Rational, rational_to_f64_up};
use crate::solve::{Balance, ExistenceClaim, Method, Outcome, Proved, Restricted, relative_width};

/// The report of [`balance`](crate::solve::balance); `read` and `write` are the seconds that files took.
///
/// What it calls proved was verified of this network under this regularizer; of the balancing of another one it says
/// so, and calls nothing proved.
pub fn balance_report<'a>(
    network: impl Into<Subject<'a>>,
    regularizer: &Regularizer,
    method: Method,
    result: &Balance,
    (read, write): (f64, f64),
) -> Report {
    let network = &network.into();
    let mut json = Map::new();
    let proved = result.proved_about(&network.problem(regularizer));
    let status = match result.outcome {
        Outcome::Balanced => "balanced",
        Outcome::Limit => "limit",
        Outcome::NotAttained => "not_attained",
        Outcome::WithinBound => "restricted",
    };
    // With a restriction, what is written is not the optimum.
    let status = match &result.restricted {
        Some((restricted, _)) if restricted.rounding.is_some() => "rounded",
        Some(_) => "restricted",
        None => status,
    };
    let after = match &result.restricted {
        Some((_, regularizer)) => Some(*regularizer),
        None => result.regularizer_after,
    };
    json.insert("status".into(), status.into());
    json.insert("regularizer".into(), regularizer.to_string().into());
    json.insert("regularizer_before".into(), wide(result.regularizer_before));
    json.insert("regularizer_after".into(), after.map_or(Value::Null, wide));
    let roots = [Some(result.regularizer_before), after];
    let roots = roots.map(|value| root(regularizer, value?));
    if let [Some(before), after] = roots {
        json.insert("root_before".into(), wide(before));
        json.insert("root_after".into(), after.map_or(Value::Null, wide));
    }
    json.insert("deficit_before".into(), result.deficit_before.into());
    json.insert(
        "deficit".into(),
        match (&result.restricted, &result.solution) {
            // Before rounding.
            (Some((restricted, _)), Some(solution)) if restricted.rounding.is_some() => {
                solution.deficit.into()
            }
            (Some((restricted, _)), _) => restricted.deficit.into(),
            (None, Some(solution)) => solution.deficit.into(),
            (None, None) => Value::Null,
        },
    );
    if let Some((restricted, _)) = &result.restricted
        && let Some(factor) = restricted.rounding
    {
        json.insert("deficit_written".into(), restricted.deficit.into());
        json.insert("rounding".into(), rounding(factor));
    }
    json.insert("method".into(), method.name().into());
    json.insert(
        "passes".into(),
        result
            .solution
            .as_ref()
            .map_or(Value::Null, |solution| solution.passes.into()),
    );
    let seconds = json!({"read": read, "solve": result.seconds.solve, "certify": result.seconds.certify, "write": write});
    json.insert("seconds".into(), seconds);
    let multipliers = result.multipliers();
    let by_unit = scalable(network).filter_map(|(id, variable, exponent)| {
        Some((id, wide(multipliers.get(variable)?.power(&exponent))))
    });
    json.insert("multipliers".into(), Value::Object(by_unit.collect()));
    json.insert("cross_check".into(), exact_cross_check(result));
    json.insert("vanished".into(), vanished(network, result));
    if method == Method::Exact {
        let found = proved.and_then(|proved| proved.exact);
        json.insert("exact".into(), exact(network, found));
    }
    match (&result.enclosure, proved.and_then(|proved| proved.enclosed)) {
        (Some(Ok(_)), Some(enclosed)) => {
            json.insert("enclosure".into(), enclosure(network, enclosed));
            json.insert(
                "multipliers_within".into(),
                result.certified_distance().into(),
            );
        }
        (Some(Ok(_)), None) => missing(&mut json, ANOTHER),
        (Some(Err(failure)), _) => {
            missing(&mut json, &failure.to_string());
        }
        (None, _) if result.energy.is_some() && proved.is_none() => missing(&mut json, ANOTHER),
        (None, _) => {
            if let (Some(_), Some(bounds)) = (&result.energy, result.bounds()) {
                json.insert("enclosure".into(), enclosure(network, &bounds));
                json.insert(
                    "multipliers_within".into(),
                    result.certified_distance().into(),
                );
            }
        }
    }
    if let Some((restricted, _)) = &result.restricted {
        json.insert(
            "restriction".into(),
            restriction(network, regularizer, result, restricted),
        );
    }
    json.insert("undetermined".into(), undetermined(network, result).into());
    json.insert("incomplete".into(), result.incomplete(method).into());
    Report {
        text: text(network, regularizer, method, result, proved),
        json: Value::Object(json),
    }
}

/// What is said of a result that belongs to another network, or another regularizer.
const ANOTHER: &str = "what was verified is about another problem, and nothing is claimed here";

/// The optimum without the restriction, and what the restriction costs.
fn restriction(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    result: &Balance,
    restricted: &Restricted,
) -> Value {
    let at_bound = restricted.at_bound.iter();
    let names: Vec<String> = at_bound
        .map(|variable| network.variable_name(*variable))
        .collect();
    let mut fields = json!({
        "optimum": result.regularizer_after.map_or(Value::Null, wide),
        "price": result.price(),
        "residual": restricted.residual,
        "at_bound": names,
    });
    if let (Some(Ok(proof)), Regularizer::Lp(power)) = (&result.bounded, regularizer) {
        state_bounded(&mut fields, proof, power);
    }
    fields
}

/// Replaces the field `multipliers` by one list for each group of units, in their order; 1 for units that cannot be
/// scaled. A field without multipliers stays empty.
pub fn group_multipliers(
    report: &mut Value,
    network: &Network<Rational>,
    groups: &[(String, Vec<UnitIndex>)],
) {
    let Some(Value::Object(by_unit)) = report.get_mut("multipliers") else {
        return;
    };
    if by_unit.is_empty() {
        return;
    }
    let one = || Value::from(1.0);
    let of = |unit: &UnitIndex| {
        by_unit
            .get(&network.unit(*unit).id)
            .cloned()
            .unwrap_or_else(one)
    };
    let grouped = groups
        .iter()
        .map(|(name, units)| (name.clone(), units.iter().map(of).collect()));
    let grouped: Map<String, Value> = grouped.collect();
    *by_unit = grouped;
}

/// Synapses that go to 0 (or could, without `--limit`); none within a bound, where nothing vanishes.
fn vanished(network: &Subject, result: &Balance) -> Value {
    let vanishing = match result.outcome {
        Outcome::WithinBound => &[],
        _ => result.existence.vanishing(),
    };
    vanishing
        .iter()
        .map(|synapse| network.synapse(*synapse))
        .collect()
}

/// Units whose multiplier is determined only up to a factor that they share with others.
fn undetermined(network: &Network<Rational>, result: &Balance) -> Vec<String> {
    let free = match result.is_solved() {
        true => result.undetermined(),
        false => Vec::new(),
    };
    let units = scalable(network).filter(|(_, variable, _)| free.get(*variable) == Some(&true));
    units.map(|(id, ..)| id).collect()
}

fn text(
    network: &Subject,
    regularizer: &Regularizer,
    method: Method,
    result: &Balance,
    proved: Option<Proved>,
) -> String {
    let mut text = String::new();
    let out = &mut text;
    existence(out, network, regularizer, result.outcome, proved);
    let Some(solution) = &result.solution else {
        if result.restricted.is_some() {
            restricted_text(out, network, result);
            multipliers(out, network, regularizer, result, None);
        }
        return text;
    };
    let after = result
        .regularizer_after
        .map_or(String::new(), |after| after.to_string());
    let roots = result.regularizer_after.and_then(|after| {
        let [before, after] =
            [result.regularizer_before, after].map(|value| root(regularizer, value));
        Some(roots_words(&before?.to_string(), &after?.to_string()))
    });
    let roots = roots.unwrap_or_default();
    let _ = writeln!(
        out,
        "computed  {regularizer} from {} to {after}{roots}, deficit from {:.3e} to {:.3e} ({}, {:.0} reads of the weights)",
        result.regularizer_before,
        result.deficit_before,
        solution.deficit,
        method.name(),
        solution.passes
    );
    if let Some(cross) = &result.cross_check {
        let name = cross.against.name();
        let _ = match (&cross.max_relative_difference, cross.unfinished) {
            (Ok(difference), Some(unfinished)) => {
                write!(out, "{}", unfinished_words(&unfinished, *difference))
            }
            (Ok(difference), None) => {
                let verdict = if cross.agrees() {
                    "agrees"
                } else {
                    "DISAGREES"
                };
                let _ = writeln!(
                    out,
                    "computed  {name} {verdict}: weights differ by at most {difference:.2e} relative"
                );
                match cross.agrees() || result.incomplete(method).is_some() {
                    true => Ok(()),
                    false => writeln!(
                        out,
                        "note      the {name} method stopped elsewhere, by its own rule; what is proved does not rest on it"
                    ),
                }
            }
            (Err(failure), _) => writeln!(
                out,
                "note      no cross-check by the {name} method: {failure}"
            ),
        };
    }
    let exact = proved.and_then(|proved| proved.exact);
    if method == Method::Exact && network.variables() > 0 {
        let _ = match exact {
            Some(exact) => writeln!(out, "proved    {}", exactly(network, result, exact)),
            None if result.exact.is_some() => writeln!(out, "note      {ANOTHER}"),
            None => writeln!(
                out,
                "note      no rational multipliers were found: irrational, or too long"
            ),
        };
    }
    certificate(out, network, regularizer, result, proved);
    restricted_text(out, network, result);
    if let Some(reason) = result.incomplete(method) {
        let _ = writeln!(out, "INCOMPLETE {reason}");
    }
    multipliers(out, network, regularizer, result, exact);
    text
}

/// Whether the minimum is attained, as far as that was verified of this network.
fn existence(
    out: &mut String,
    network: &Subject,
    regularizer: &Regularizer,
    outcome: Outcome,
    proved: Option<Proved>,
) {
    let _ = match (proved.map(|proved| proved.existence), outcome) {
        (None, _) => writeln!(out, "note      {ANOTHER}"),
        (Some(ExistenceClaim::Attained(_)), _) => {
            writeln!(out, "proved    the minimum of {regularizer} is attained")
        }
        (Some(ExistenceClaim::NotAttained(claim)), Outcome::Limit) => {
            writeln!(
                out,
                "proved    the minimum of {regularizer} is not attained; in the limit these vanish: {}",
                names(network, &claim.vanishing)
            )
        }
        (Some(ExistenceClaim::NotAttained(_)), Outcome::WithinBound) => {
            writeln!(
                out,
                "proved    the minimum of {regularizer} is not attained without the bound"
            )
        }
        (Some(ExistenceClaim::NotAttained(claim)), _) => writeln!(
            out,
            "proved    the minimum of {regularizer} is not attained: {} can be sent to 0 at no cost.\n          {}",
            names(network, &claim.vanishing),
            left_alone(network.has_limit())
        ),
    };
}

fn names(network: &Subject, synapses: &[usize]) -> String {
    let names = synapses.iter().map(|synapse| network.name(*synapse));
    list(&names.collect::<Vec<_>>(), SHOWN)
}

/// Nothing, or the limit that a claim is about.
fn in_limit(network: &Subject, vanishing: &[usize]) -> String {
    let vanish = if vanishing.len() == 1 {
        "vanishes"
    } else {
        "vanish"
    };
    match vanishing.is_empty() {
        true => String::new(),
        false => format!(
            " in the limit in which {} {vanish}",
            names(network, vanishing)
        ),
    }
}

/// What exact multipliers balance: those that are shown, unless others were asked for.
fn exactly(network: &Subject, result: &Balance, exact: &Balanced) -> String {
    let limit = in_limit(network, &exact.vanishing);
    match result.restricted {
        None => format!("these rational multipliers balance every unit exactly{limit}"),
        Some(_) => format!(
            "without the restriction, rational multipliers (--json) balance every unit exactly{limit}"
        ),
    }
}

fn restricted_text(out: &mut String, network: &Network<Rational>, result: &Balance) {
    let Some((restricted, regularizer)) = &result.restricted else {
        return;
    };
    let price = result.price().map_or(String::new(), |price| {
        format!(", {:.3} % above the minimum", 100.0 * price)
    });
    if let Some(factor) = restricted.rounding {
        *out += &rounded_words(factor, restricted.deficit);
    }
    let _ = writeln!(
        out,
        "computed  within the restriction the regularizer is {regularizer}{price}, residual deficit {:.3e}",
        restricted.residual
    );
    if let Some(Ok(proof)) = &result.bounded {
        *out += &bounded_words(proof);
    }
    let at_bound = restricted.at_bound.iter();
    let names: Vec<String> = at_bound
        .map(|variable| network.variable_name(*variable))
        .collect();
    if !names.is_empty() {
        let _ = writeln!(out, "note      at the bound: {}", list(&names, SHOWN));
    }
}

fn certificate(
    out: &mut String,
    network: &Subject,
    regularizer: &Regularizer,
    result: &Balance,
    proved: Option<Proved>,
) {
    match (&result.enclosure, proved.and_then(|proved| proved.enclosed)) {
        // Nothing lies anywhere.
        (Some(Ok(_)), _) if network.variables() == 0 => {}
        (Some(Ok(_)), Some(enclosed)) => {
            let width = up(rational_to_f64_up(&relative_width(enclosed)));
            let _ = writeln!(
                out,
                "proved    every balanced multiplier{} lies in a rational interval of relative width {width} or less{}",
                of_costs(regularizer),
                in_limit(network, &enclosed.vanishing)
            );
            let names: Vec<String> = undetermined(network, result)
                .iter()
                .map(|id| printable(id))
                .collect();
            if !names.is_empty() {
                let _ = writeln!(
                    out,
                    "          but for a common factor, which no weight depends on, for: {}",
                    list(&names, SHOWN)
                );
            }
            computed_within(out, result, &enclosed.vanishing);
        }
        (Some(Ok(_)), None) => {
            let _ = writeln!(out, "note      {ANOTHER}");
        }
        (Some(Err(failure)), _) => {
            let _ = writeln!(out, "note      no bounds on the multipliers: {failure}");
        }
        (None, _) if result.energy.is_some() && proved.is_none() => {
            let _ = writeln!(out, "note      {ANOTHER}");
        }
        (None, _) => energy(out, regularizer, result),
    }
}

/// Why there are no bounds.
fn missing(json: &mut Map<String, Value>, reason: &str) {
    json.insert("enclosure".into(), Value::Null);
    json.insert("enclosure_missing".into(), reason.into());
}

/// What an energy certificate proves.
fn energy(out: &mut String, regularizer: &Regularizer, result: &Balance) {
    let Some(proof) = &result.energy else {
        return;
    };
    let radius = match regularizer {
        Regularizer::Lp(power) => proof.weight_radius(power).map(|radius| ("weight", radius)),
        Regularizer::Mixture(_) => proof
            .weight_radius(&Rational::one())
            .map(|radius| ("cost", radius)),
    };
    if let Some((what, radius)) = radius {
        let _ = writeln!(
            out,
            "proved    every balanced {what} is known to within {} of it, by an energy certificate",
            up(radius)
        );
    }
    computed_within(out, result, &[]);
}

/// How far the multipliers that are reported can be from those that are proved.
fn computed_within(out: &mut String, result: &Balance, vanishing: &[usize]) {
    let distance = result.certified_distance();
    if let Some(distance) = distance.filter(|_| result.restricted.is_none()) {
        let _ = writeln!(
            out,
            "proved    the computed multipliers, all their digits taken (--json), are within {} relative of {}",
            up(distance),
            match vanishing {
                [] => "the balanced ones",
                _ => "those balanced in the limit",
            }
        );
    }
}

/// What the kernel's variables multiply: costs `|w|^p`, or the weights of a mixture.
fn of_costs(regularizer: &Regularizer) -> &'static str {
    match regularizer {
        Regularizer::Lp(_) => " of costs",
        Regularizer::Mixture(_) => "",
    }
}
