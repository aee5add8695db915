//! Networks as text: `x -> a: 1; a -> y: 3/4`.

use num_traits::One;
use std::collections::BTreeMap;

use crate::network::{Activation, ActivationNameError, Network, Tie, Unit, UnitIndex, UnitKind};
use crate::numbers::{Rational, parse_rational};

use super::limits::{MAX_SYNAPSES, MAX_UNITS};

#[derive(Default)]
struct Declared {
    kind: Option<UnitKind>,
    activation: Option<Activation<Rational>>,
}

#[derive(Default)]
struct Draft {
    ids: Vec<String>,
    declared: Vec<Declared>,
    by_id: BTreeMap<String, UnitIndex>,
    synapses: Vec<(UnitIndex, UnitIndex, Rational)>,
    products: BTreeMap<UnitIndex, Vec<UnitIndex>>,
    ties: Vec<Tie>,
}

/// Reads a network from entries separated by `;` or ends of lines:
///
/// * `x -> a: 3/4`, a synapse; a unit exists once it is mentioned;
/// * `unit a: leaky_relu(1/10)` or `unit a: hidden abs`, a unit's kind, activation or both;
/// * `product z: g u`, a unit whose value is the product of those of other units;
/// * `tie a b`, hidden units that share one multiplier; `tie q k^-1`, units with powers of one.
///
/// A unit without a kind is the bias if its id is `one`; an input if no synapse enters it; an output if none leaves it
/// for another unit and no product has it; else hidden. A hidden unit without an activation is a ReLU, an output
/// linear.
///
/// # Errors
/// The first entry that cannot be read, or what is wrong with the network, in words.
pub fn parse_network(text: &str) -> Result<Network<Rational>, String> {
    let mut draft = Draft::default();
    let entries = text.split([';', '\n']).map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        draft
            .read(entry)
            .map_err(|reason| format!("network: `{entry}`: {reason}"))?;
        if draft.ids.len() > MAX_UNITS || draft.synapses.len() > MAX_SYNAPSES {
            return Err(format!(
                "network: more than {MAX_UNITS} units or {MAX_SYNAPSES} synapses"
            ));
        }
    }
    draft.finish()
}

impl Draft {
    fn read(&mut self, entry: &str) -> Result<(), String> {
        if let Some((from, rest)) = entry.split_once("->") {
            let (to, weight) = rest
                .split_once(':')
                .ok_or("a synapse is `from -> to: weight`")?;
            let (from, to) = (self.unit(from)?, self.unit(to)?);
            let weight = parse_rational(weight.trim()).map_err(|error| error.to_string())?;
            self.synapses.push((from, to, weight));
            return Ok(());
        }
        match entry.split_once(char::is_whitespace) {
            Some(("unit", rest)) => {
                let (id, what) = rest
                    .split_once(':')
                    .ok_or("a unit is `unit id: kind activation`")?;
                let unit = self.unit(id)?;
                let declared = declaration(what.trim())?;
                match self.declared.get_mut(unit) {
                    Some(slot) if slot.kind.is_none() && slot.activation.is_none() => {
                        *slot = declared
                    }
                    _ => return Err("the unit is declared twice".to_string()),
                }
                Ok(())
            }
            Some(("product", rest)) => {
                let (id, factors) = rest
                    .split_once(':')
                    .ok_or("a product is `product id: factors`")?;
                let unit = self.unit(id)?;
                let factors = factors.split_whitespace().map(|id| self.unit(id));
                let factors = factors.collect::<Result<_, _>>()?;
                match self.products.insert(unit, factors) {
                    None => Ok(()),
                    Some(_) => Err("the product is declared twice".to_string()),
                }
            }
            Some(("tie", rest)) => {
                let units = rest.split_whitespace().map(|entry| {
                    let (id, exponent) = entry.split_once('^').unwrap_or((entry, "1"));
                    let exponent = parse_rational(exponent).map_err(|error| error.to_string())?;
                    Ok((self.unit(id)?, exponent))
                });
                let tie = units.collect::<Result<_, String>>()?;
                self.ties.push(tie);
                Ok(())
            }
            _ => Err("neither a synapse, nor a unit, a product or a tie".to_string()),
        }
    }

    fn unit(&mut self, id: &str) -> Result<UnitIndex, String> {
        let id = id.trim();
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if id.is_empty() || id.len() > 40 || !id.chars().all(plain) {
            return Err("an id has up to 40 letters, digits, `_` and `.`".to_string());
        }
        if let Some(unit) = self.by_id.get(id) {
            return Ok(*unit);
        }
        let unit = self.ids.len();
        self.by_id.insert(id.to_string(), unit);
        self.ids.push(id.to_string());
        self.declared.push(Declared::default());
        Ok(unit)
    }

    fn finish(self) -> Result<Network<Rational>, String> {
        let count = self.ids.len();
        let (mut entered, mut left) = (vec![false; count], vec![false; count]);
        for (from, to, _) in &self.synapses {
            if let Some(flag) = entered.get_mut(*to) {
                *flag = true;
            }
            if let Some(flag) = left.get_mut(*from).filter(|_| from != to) {
                *flag = true;
            }
        }
        for factor in self.products.values().flatten() {
            if let Some(flag) = left.get_mut(*factor) {
                *flag = true;
            }
        }
        let products = &self.products;
        let flags = entered.into_iter().zip(left);
        let units = self.ids.into_iter().zip(self.declared).zip(flags);
        let units = units
            .enumerate()
            .map(|(index, ((id, declared), (entered, left)))| {
                let is_product = products.contains_key(&index);
                if is_product && (declared.kind.is_some() || declared.activation.is_some()) {
                    return Err(format!(
                        "network: the product `{id}` is declared as another unit too"
                    ));
                }
                let kind = declared.kind.unwrap_or(match (entered, left) {
                    _ if is_product => UnitKind::Product,
                    (false, _) if id == "one" => UnitKind::Bias,
                    (false, _) => UnitKind::Input,
                    (true, false) => UnitKind::Output,
                    (true, true) => UnitKind::Hidden,
                });
                let given = matches!(kind, UnitKind::Input | UnitKind::Bias);
                let activation = match (declared.activation, kind) {
                    (Some(activation), _) if given && activation != Activation::Linear => {
                        return Err(format!(
                            "network: `{id}` is given from outside and has no activation"
                        ));
                    }
                    (Some(activation), _) => activation,
                    (None, UnitKind::Hidden) => Activation::Relu,
                    (None, _) => Activation::Linear,
                };
                Ok(Unit::new(id, kind, activation))
            });
        let units = units.collect::<Result<_, String>>()?;
        Network::with_products(units, self.products, self.synapses, self.ties)
            .map_err(|error| format!("network: {error}"))
    }
}

fn declaration(text: &str) -> Result<Declared, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let kind = match word {
        "input" => Some(UnitKind::Input),
        "bias" => Some(UnitKind::Bias),
        "hidden" => Some(UnitKind::Hidden),
        "output" => Some(UnitKind::Output),
        _ => None,
    };
    let activation = if kind.is_some() { rest.trim() } else { text };
    Ok(Declared {
        kind,
        activation: (!activation.is_empty())
            .then(|| parse_activation(activation))
            .transpose()?,
    })
}

/// Reads an activation: `linear`, `relu`, `abs`, `leaky_relu(s)`, `prelu(s)`, `bilu(a, b)`, `bipu(c, C, D)`, the name
/// of a well-known function that is not homogeneous, or `not_homogeneous(name)` for any other.
///
/// # Errors
/// A name that is not known, or wrong parameters, in words.
pub fn parse_activation(text: &str) -> Result<Activation<Rational>, String> {
    let Some((name, rest)) = text.split_once('(') else {
        return named(text.trim());
    };
    let (name, inner) = (
        name.trim(),
        rest.trim_end()
            .strip_suffix(')')
            .ok_or("a `)` is missing")?,
    );
    if name == "not_homogeneous" {
        let declared = inner.trim();
        if !declared.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err("a name has letters, digits and `_`".to_string());
        }
        return Activation::declared(declared).map_err(|fault| fault.to_string());
    }
    let number = |part: &str| parse_rational(part.trim()).map_err(|error| error.to_string());
    let parameters = inner
        .split(',')
        .map(number)
        .collect::<Result<Vec<_>, _>>()?;
    let mut given = parameters.into_iter();
    let values = (given.next(), given.next(), given.next(), given.next());
    match (name, values) {
        ("leaky_relu", (Some(slope), None, ..)) => Ok(Activation::LeakyRelu(slope)),
        ("prelu", (Some(slope), None, ..)) => Ok(Activation::Prelu(slope)),
        ("bilu", (Some(below), Some(above), None, _)) => Ok(Activation::BiLu { below, above }),
        ("bipu", (Some(degree), Some(above), Some(below), None)) => Ok(Activation::BiPu {
            degree,
            above,
            below,
        }),
        ("linear" | "relu" | "abs" | "leaky_relu" | "prelu" | "bilu" | "bipu", _) => {
            Err(format!("`{name}` does not take these parameters"))
        }
        _ => Err("no activation of this name takes parameters".to_string()),
    }
}

fn named(name: &str) -> Result<Activation<Rational>, String> {
    Activation::named(name).map_err(|fault| match fault {
        ActivationNameError::Parameters(name) => format!("`{name}` does not take these parameters"),
        ActivationNameError::Unknown { .. } => format!(
            "{fault} (a function that is not homogeneous is declared as `not_homogeneous(its_name)`)"
        ),
        fault => fault.to_string(),
    })
}

/// What of a network a claim names: units that are no plain ReLU or linear ones, ties, and synapses.
pub(super) fn summary(network: &Network<Rational>) -> String {
    const SHOWN: usize = 24;
    let units = (0..network.units()).filter_map(|index| {
        let unit = network.unit(index);
        let plain = match unit.kind {
            UnitKind::Hidden => unit.activation == Activation::Relu,
            _ => unit.activation == Activation::Linear,
        };
        (!plain).then(|| format!("unit {}: {:?}", unit.id, unit.activation))
    });
    let id = |unit: &usize| network.unit(*unit).id.as_str();
    let products = network.products().iter().map(|unit| {
        let factors: Vec<_> = network.factors(*unit).iter().map(id).collect();
        format!("product {}: {}", id(unit), factors.join(" "))
    });
    let ties = network.ties().iter().map(|tie| {
        let tied = tie.iter().map(|(unit, exponent)| match exponent.is_one() {
            true => id(unit).to_string(),
            false => format!("{}^{exponent}", id(unit)),
        });
        format!("tie {}", tied.collect::<Vec<_>>().join(" "))
    });
    let synapses = (0..network.synapses()).map(|synapse| {
        format!(
            "{}: {}",
            network.synapse_name(synapse),
            network.weight(synapse)
        )
    });
    let mut parts: Vec<String> = units
        .chain(products)
        .chain(ties)
        .chain(synapses.take(SHOWN))
        .collect();
    if network.synapses() > SHOWN {
        parts.push(format!("and {} more synapses", network.synapses() - SHOWN));
    }
    parts.join("; ")
}

/// Values of variables by the names of their units.
pub(super) fn named_values(network: &Network<Rational>, values: &[Rational]) -> String {
    let named = values
        .iter()
        .enumerate()
        .map(|(variable, value)| format!("{} = {value}", network.variable_name(variable)));
    named.collect::<Vec<_>>().join(", ")
}
