//! Building cases: each operation computes its expected answer, has it proved, and writes it down.

use num_traits::{One, Zero};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

use super::VectorError;
use super::number::Number;
use super::truth::{self, Optimum};
use crate::formats::{read_network, write_network};
use crate::kernel::{Priced, check};
use crate::network::{Network, Regularizer, UnitKind};
use crate::numbers::{Rational, parse_rational, rational_power};

/// What a person says of a case: a comment, the statement it comes from, and flags that cannot be seen from the data.
#[derive(Debug, Clone)]
pub(super) struct Note {
    comment: String,
    source: &'static str,
    flags: Vec<&'static str>,
}

/// A note without flags.
pub(super) fn note(comment: impl Into<String>, source: &'static str) -> Note {
    Note {
        comment: comment.into(),
        source,
        flags: Vec::new(),
    }
}

impl Note {
    /// The same with a flag more.
    pub fn flag(mut self, flag: &'static str) -> Self {
        self.flags.push(flag);
        self
    }
}

/// The cases of one group.
#[derive(Debug)]
pub(super) struct Cases {
    group: &'static str,
    cases: Vec<Value>,
    used: BTreeSet<&'static str>,
}

/// The inputs of a case, by field.
pub(super) type Fields = Vec<(&'static str, Value)>;

impl Cases {
    pub fn new(group: &'static str) -> Self {
        Cases {
            group,
            cases: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// The cases, and the flags that occur.
    pub fn finish(self) -> (Vec<Value>, BTreeSet<&'static str>) {
        (self.cases, self.used)
    }

    pub fn next_id(&self) -> String {
        format!("{}-{:03}", self.group, self.cases.len() + 1)
    }

    pub fn fault(&self, reason: impl Into<String>) -> VectorError {
        VectorError {
            case: self.next_id(),
            reason: reason.into(),
        }
    }

    /// Adds a case; flags are sorted and without repetition.
    pub fn push(&mut self, note: Note, operation: &str, inputs: Fields, expected: Value) {
        let flags: BTreeSet<&'static str> = note.flags.into_iter().collect();
        self.used.extend(&flags);
        let mut case = Map::new();
        case.insert("id".into(), self.next_id().into());
        case.insert("comment".into(), note.comment.into());
        case.insert("source".into(), note.source.into());
        case.insert("flags".into(), flags.into_iter().collect());
        case.insert("operation".into(), operation.into());
        case.extend(inputs.into_iter().map(|(key, value)| (key.into(), value)));
        case.insert("expected".into(), expected);
        self.cases.push(case.into());
    }

    pub fn regularizer(&self, text: &str) -> Result<Regularizer, VectorError> {
        text.parse()
            .map_err(|fault| self.fault(format!("{text}: {fault}")))
    }

    /// `balance`: the balanced network; where the minimum is not attained, the refusal and why.
    pub fn balance(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        regularizer: &str,
    ) -> Result<(), VectorError> {
        let document = self.document(network)?;
        self.balance_document(note, document, network, regularizer, false)
    }

    /// `limit`: the same, but an infimum that is not attained is followed to its limit.
    pub fn limit(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        regularizer: &str,
    ) -> Result<(), VectorError> {
        let document = self.document(network)?;
        self.balance_document(note, document, network, regularizer, true)
    }

    /// `balance` of a network given as a document of its own, whose weights may be JSON numbers.
    pub fn balance_file(
        &mut self,
        note: Note,
        document: Value,
        regularizer: &str,
    ) -> Result<(), VectorError> {
        let read = read_network(document.to_string().as_bytes());
        let network = read.map_err(|fault| self.fault(fault.to_string()))?.network;
        self.balance_document(note, document, &network, regularizer, false)
    }

    fn balance_document(
        &mut self,
        note: Note,
        document: Value,
        network: &Network<Rational>,
        regularizer: &str,
        limit: bool,
    ) -> Result<(), VectorError> {
        let parsed = self.regularizer(regularizer)?;
        let expected = balance_answer(network, &parsed, limit);
        let (expected, found) = expected.map_err(|reason| self.fault(reason))?;
        let note = with_flags(note, network, &parsed, &found, &expected);
        let operation = if limit { "limit" } else { "balance" };
        let inputs = vec![("network", document), ("regularizer", regularizer.into())];
        self.push(note, operation, inputs, expected);
        Ok(())
    }

    /// A network as a document.
    pub fn document(&self, network: &Network<Rational>) -> Result<Value, VectorError> {
        serde_json::from_str(&write_network(network)).map_err(|fault| self.fault(fault.to_string()))
    }

    /// `balance_units`: one optimal step at each named unit, in this order, the others being left alone.
    pub fn balance_units(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        regularizer: &str,
        units: &[&str],
    ) -> Result<(), VectorError> {
        let parsed = self.regularizer(regularizer)?;
        let expected = steps_answer(network, &parsed, units);
        let expected = expected.map_err(|reason| self.fault(reason))?;
        let found = truth::identity(&network.problem(&parsed));
        let note = with_flags(note, network, &parsed, &found, &expected);
        let inputs = vec![
            ("network", self.document(network)?),
            ("regularizer", regularizer.into()),
            ("units", units.iter().copied().collect()),
        ];
        self.push(note, "balance_units", inputs, expected);
        Ok(())
    }

    /// `scale`: the weights after an exact scaling, or why it must be refused.
    pub fn scale(
        &mut self,
        note: Note,
        network: &Network<Rational>,
        multipliers: &[(&str, &str)],
    ) -> Result<(), VectorError> {
        let expected = scale_answer(network, multipliers).map_err(|reason| self.fault(reason))?;
        let l1 = Regularizer::l1();
        let found = truth::identity(&network.problem(&l1));
        let note = with_flags(note, network, &l1, &found, &expected);
        let multipliers = multipliers.iter();
        let multipliers: Map<String, Value> = multipliers
            .map(|(unit, value)| ((*unit).into(), (*value).into()))
            .collect();
        let inputs = vec![
            ("network", self.document(network)?),
            ("multipliers", multipliers.into()),
        ];
        self.push(note, "scale", inputs, expected);
        Ok(())
    }
}

/// A value for each hidden unit that can be scaled, from that of its variable and the power of it that the unit has.
pub(super) fn by_unit<T>(
    network: &Network<Rational>,
    values: &[T],
    json: impl Fn(&T, &Rational) -> Option<Value>,
) -> Result<Value, String> {
    let mut units = Map::new();
    for unit in 0..network.units() {
        let Some(value) = network.variable(unit).and_then(|v| values.get(v)) else {
            continue;
        };
        let id = &network.unit(unit).id;
        let value = json(value, &network.exponent(unit));
        let value = value.ok_or_else(|| format!("{id} has no number"))?;
        units.insert(id.clone(), value);
    }
    Ok(units.into())
}

/// `μ` of each unit, rounded outward to the digits that are written.
pub(super) fn multipliers(network: &Network<Rational>, mu: &[Number]) -> Result<Value, String> {
    by_unit(network, mu, |value, exponent| {
        Some(truth::narrow(value.power(exponent)?).ok()?.json())
    })
}

pub(super) fn numbers(values: &[Number]) -> Result<Value, String> {
    let narrow = values.iter().cloned().map(truth::narrow);
    narrow.map(|value| Ok(value?.json())).collect()
}

fn balance_answer(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    limit: bool,
) -> Result<(Value, Optimum), String> {
    let problem = network.problem(regularizer);
    let found = truth::optimum(&problem)?;
    let before = truth::regularizer(&problem, &truth::identity(&problem))?;
    let after = truth::regularizer(&problem, &found)?;
    let weights = truth::weights(network, regularizer, &found)?;
    if let Some(direction) = &found.direction
        && !limit
    {
        let names = found.vanishing.iter().map(|s| network.synapse_name(*s));
        let reason = format!(
            "along `direction` no cost rises, and these fall to 0: {}",
            names.collect::<Vec<_>>().join(", ")
        );
        let expected = json!({
            "status": "not_attained", "reason": reason, "vanishing": found.vanishing,
            "direction": by_unit(network, direction, |d, exponent| Some((d * exponent).to_string().into()))?,
            "regularizer_before": before.json(), "infimum": after.json(),
        });
        return Ok((expected, found));
    }
    let mut expected = json!({
        "status": if found.direction.is_some() { "limit" } else { "balanced" },
        "mu": multipliers(network, &found.multipliers)?,
        "weights": numbers(&weights)?,
        "regularizer_before": before.json(), "regularizer_after": after.json(),
    });
    if found.direction.is_some() {
        expected["vanishing"] = found.vanishing.iter().copied().collect();
    }
    let sets = undetermined(network, &found);
    if !sets.is_empty() {
        expected["undetermined"] = sets.into();
    }
    Ok((expected, found))
}

/// The sets of units that can be scaled together, by their ids.
fn undetermined(network: &Network<Rational>, found: &Optimum) -> Vec<Value> {
    let firsts: BTreeSet<usize> = found.floating.iter().flatten().copied().collect();
    let set = |first: usize| {
        let units = (0..network.units()).filter(|unit| {
            let variable = network.variable(*unit);
            variable.is_some_and(|variable| found.floating.get(variable) == Some(&Some(first)))
        });
        units.map(|unit| network.unit(unit).id.clone()).collect()
    };
    firsts.into_iter().map(set).collect()
}

fn steps_answer(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    units: &[&str],
) -> Result<Value, String> {
    let root = regularizer.variable_power().recip();
    let mut current = network.clone();
    let mut steps = Vec::new();
    let mut last = None;
    for (position, id) in units.iter().enumerate() {
        let unit = current
            .find(id)
            .ok_or_else(|| format!("there is no unit {id}"))?;
        let Some(variable) = current.variable(unit) else {
            return Ok(json!({"status": "refused", "error": "not_scalable", "unit": id}));
        };
        if !current.exponent(unit).is_one() {
            return Err(format!("{id} has another multiplier than its variable"));
        }
        let problem = current.problem(regularizer);
        let (input, output) = truth::sides(&problem, variable)?;
        let (input, output) = (truth::narrow(input)?, truth::narrow(output)?);
        let found = truth::optimum(&truth::restricted(&problem, variable)?)?;
        if found.direction.is_some() {
            return Ok(
                json!({"status": "not_attained", "unit": id, "input_cost": input.json(), "output_cost": output.json()}),
            );
        }
        let mut all = truth::identity(&problem);
        all.multipliers[variable] = found.multipliers[0].clone();
        let lambda = found.multipliers[0]
            .power(&root)
            .ok_or("a root could not be computed")?;
        steps.push(json!({
            "unit": id, "input_cost": input.json(), "output_cost": output.json(), "lambda": truth::narrow(lambda)?.json(),
        }));
        let weights = truth::weights_after(&current, regularizer, &all)?;
        let exact: Option<Vec<Rational>> = weights.iter().map(|w| w.exact().cloned()).collect();
        last = Some((weights, truth::regularizer(&problem, &all)?));
        match exact {
            Some(exact) => current = current.with_weights(exact),
            None if position + 1 < units.len() => {
                return Err("a sequence of steps must stay rational".into());
            }
            None => {}
        }
    }
    let (weights, after) = last.ok_or("a sequence has a step")?;
    Ok(json!({
        "status": "balanced", "steps": steps, "weights": numbers(&weights)?, "regularizer_after": after.json(),
    }))
}

fn scale_answer(
    network: &Network<Rational>,
    multipliers: &[(&str, &str)],
) -> Result<Value, String> {
    let mut values: Vec<Option<Rational>> = vec![None; network.variables()];
    for (id, text) in multipliers {
        let unit = network
            .find(id)
            .ok_or_else(|| format!("there is no unit {id}"))?;
        let value = parse_rational(text).map_err(|fault| fault.to_string())?;
        let Some(variable) = network.variable(unit) else {
            return Ok(json!({"status": "refused", "error": "not_scalable", "unit": id}));
        };
        if !num_traits::Signed::is_positive(&value) {
            return Ok(json!({"status": "refused", "error": "not_positive", "unit": id}));
        }
        let value = rational_power(&value, &network.exponent(unit).recip());
        let value = value.ok_or_else(|| format!("the root of {text} is irrational"))?;
        if let Some(other) = &values[variable]
            && *other != value
        {
            return Ok(json!({"status": "refused", "error": "tie_broken", "unit": id}));
        }
        values[variable] = Some(value);
    }
    let values: Vec<Rational> = values
        .into_iter()
        .map(|value| value.unwrap_or_else(Rational::one))
        .collect();
    let scaled = network.scaled(&values).map_err(|fault| fault.to_string())?;
    let problem = network.problem(&Regularizer::l1());
    let (before, after) = (network.weights(), scaled.weights());
    check::scaling(&problem, &before, &after, &values).map_err(|fault| fault.to_string())?;
    let weights: Vec<Value> = after.iter().map(|w| w.to_string().into()).collect();
    Ok(json!({"status": "scaled", "weights": weights}))
}

/// Adds the flags that can be seen from the data.
pub(super) fn with_flags(
    mut note: Note,
    network: &Network<Rational>,
    regularizer: &Regularizer,
    found: &Optimum,
    expected: &Value,
) -> Note {
    let mut add = |condition: bool, flag| {
        if condition {
            note.flags.push(flag);
        }
    };
    let synapses = || 0..network.synapses();
    let bias = |s: usize| network.unit(network.endpoints(s).0).kind == UnitKind::Bias;
    add(
        synapses().any(|s| bias(s) && !network.weight(s).is_zero()),
        "bias",
    );
    let own = |s: usize| network.endpoints(s).0 == network.endpoints(s).1;
    add(synapses().any(own), "self_connection");
    let components = petgraph::algo::kosaraju_scc(network.graph());
    add(components.iter().any(|units| units.len() > 1), "cycle");
    add(!network.ties().is_empty(), "tie");
    add(!network.has_plain_ties(), "tie_power");
    add(!network.units_of(UnitKind::Product).is_empty(), "product");
    add(
        synapses().any(|s| network.weight(s).is_zero()),
        "zero_weight",
    );
    let hidden = || network.units_of(UnitKind::Hidden).into_iter();
    add(
        hidden().any(|u| network.variable(u).is_none()),
        "fixed_unit",
    );
    let one = Rational::one();
    let degree = |u: usize| network.unit(u).activation.degree();
    add(
        hidden().any(|u| degree(u).is_some_and(|c| c != one)),
        "bipu",
    );
    let terms = regularizer.terms();
    add(terms.len() > 1, "mixture");
    add(
        terms.iter().any(|(_, power)| !power.is_integer()),
        "fractional_power",
    );
    add(found.direction.is_some(), "not_attained");
    add(found.floating.iter().any(Option::is_some), "undetermined");
    add(expected.to_string().contains("\"lo\""), "irrational");
    let problem = network.problem(regularizer);
    let costs = problem.synapses().iter().flat_map(|s| &s.costs);
    let large = |cost: &crate::kernel::Cost| {
        let value = cost.exact().unwrap_or_else(|| cost.base.clone());
        truth::is_beyond_f64(&value) || truth::is_beyond_f64(&cost.base)
    };
    add(costs.into_iter().any(large), "beyond_f64");
    let dead = |variable: usize| {
        let sides = truth::sides(&problem, variable);
        sides.is_ok_and(|(a, b)| a.upper().is_zero() || b.upper().is_zero())
    };
    add((0..problem.variables()).any(dead), "dead_unit");
    note
}
