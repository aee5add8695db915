//! The file of an energy certificate.

use indexmap::IndexMap;
use num_bigint::BigUint;
use num_traits::{One, Zero};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance_kernel::{Certificate, Number};

use super::{EnergyFileError, NamedProblem};
use crate::formats::network_json::FormatError;
use crate::formats::ranges::RangeOrigin;
use crate::formats::strict::{Object, UniqueMap, present};
use crate::network::Regularizer;
use crate::numbers::{Rational, parse_rational};

/// What is written: version 2 of certificates.
///
/// `point` gives for each unit the multiplier of costs as a mantissa and an exponent of 2, `F` the significant bits of
/// factors, `grid` the binary places of `y`, and `exceptions` the terms whose `y` is not that of the rule, in units of
/// `2^-grid`. With `lower` and `upper` it is about the minimum within these bounds of the same multipliers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyFile {
    format: String,
    version: u64,
    claim: String,
    /// The regularizer, as on the command line.
    pub regularizer: String,
    /// The ranges of activations that are counted too.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub activations: Option<RangeOrigin>,
    #[serde(deserialize_with = "crate::formats::strict::unique")]
    point: IndexMap<String, (String, i64)>,
    #[serde(rename = "F")]
    bits: u32,
    grid: i64,
    exceptions: UniqueMap,
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    lower: Option<UniqueMap>,
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    upper: Option<UniqueMap>,
}

/// A field that may be left out, but not be `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UniqueMap>, D::Error> {
    UniqueMap::deserialize(deserializer).map(Some)
}

const FORMAT: &str = "synaptic-balance/certificate";
const VERSION: u64 = 2;
const CLAIM: &str = "energy";

/// The claim of a certificate file, whatever its version; `None` if it has none.
#[derive(Deserialize)]
struct Claim {
    claim: String,
}

/// Reads an energy certificate; `None` if the file makes another claim.
///
/// # Errors
/// [`FormatError`] if the file claims to be one and is not.
pub fn read_energy(text: &[u8]) -> Result<Option<EnergyFile>, FormatError> {
    let is_other = serde_json::from_slice::<Claim>(text).is_ok_and(|found| found.claim != CLAIM);
    if is_other
        || !text
            .windows(CLAIM.len())
            .any(|part| part == CLAIM.as_bytes())
    {
        return Ok(None);
    }
    let json = |(place, reason)| FormatError::Json { place, reason };
    let Object(file): Object<EnergyFile> = crate::formats::read_json(text).map_err(json)?;
    if (file.format.as_str(), file.version) != (FORMAT, VERSION) {
        return Err(FormatError::Json {
            place: "version".to_owned(),
            reason: format!(
                "an energy certificate has the format `{FORMAT}` and version {VERSION}"
            ),
        });
    }
    Ok(Some(file))
}

impl EnergyFile {
    /// The file of a certificate about a problem; `None` if it is about another one.
    pub fn new(
        problem: &NamedProblem,
        certificate: &Certificate,
        regularizer: &Regularizer,
    ) -> Option<Self> {
        if !problem.fits(certificate) {
            return None;
        }
        let point = problem.units.iter().map(|(name, variable)| {
            let number = &certificate.point[*variable];
            (name.clone(), (number.mantissa.to_string(), number.exponent))
        });
        let exceptions = certificate.exceptions.iter();
        let exceptions =
            exceptions.map(|((block, entry), y)| (problem.term(*block, *entry), y.to_string()));
        let side = |side: usize| {
            let units = problem.units.iter();
            let bounds = units.map(|(name, variable)| {
                let bounds = certificate.bounds.get(*variable)?;
                Some((name.clone(), bounds[side].to_string()))
            });
            let bounds: Option<IndexMap<String, String>> = bounds.collect();
            bounds
                .filter(|_| !certificate.bounds.is_empty())
                .map(UniqueMap)
        };
        Some(EnergyFile {
            lower: side(0),
            upper: side(1),
            format: FORMAT.to_owned(),
            version: VERSION,
            claim: CLAIM.to_owned(),
            regularizer: regularizer.to_string(),
            activations: problem.ranges.clone(),
            point: point.collect(),
            bits: certificate.bits,
            grid: certificate.grid,
            exceptions: UniqueMap(exceptions.collect()),
        })
    }

    /// The units that it names.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.point.keys().map(String::as_str)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        text + "\n"
    }

    /// The certificate, for a problem with these names. What is no number is found first: that does not depend on the
    /// problem.
    ///
    /// # Errors
    /// [`EnergyFileError`].
    pub fn certificate(&self, problem: &NamedProblem) -> Result<Certificate, EnergyFileError> {
        let numbers = self.point.iter();
        let numbers = numbers.map(|(name, (mantissa, exponent))| {
            let number = multiplier(mantissa, *exponent);
            Ok((
                name.as_str(),
                number.ok_or_else(|| EnergyFileError::Multiplier(shown(name)))?,
            ))
        });
        let numbers: Vec<_> = numbers.collect::<Result<_, EnergyFileError>>()?;
        let values = rationals("exceptions", &self.exceptions)?;
        let bounds = match (&self.lower, &self.upper) {
            (None, None) => None,
            (Some(lower), Some(upper)) => {
                Some([rationals("lower", lower)?, rationals("upper", upper)?])
            }
            _ => return Err(EnergyFileError::OneSided),
        };
        if let Some(reason) =
            RangeOrigin::difference(self.activations.as_ref(), problem.ranges.as_ref())
        {
            return Err(EnergyFileError::Ranges(reason));
        }
        let exceptions = values
            .into_iter()
            .map(|(name, y)| Ok((problem.find(name)?, y)));
        Ok(Certificate {
            point: by_variable("point", problem, numbers, &Number::new(1u32.into(), 0))?,
            bounds: match bounds {
                None => Vec::new(),
                Some([lower, upper]) => {
                    let one = Rational::one();
                    let upper = by_variable("upper", problem, upper, &one)?;
                    let lower = by_variable("lower", problem, lower, &one)?.into_iter();
                    lower
                        .zip(upper)
                        .map(|(lower, upper)| [lower, upper])
                        .collect()
                }
            },
            bits: self.bits,
            grid: self.grid,
            exceptions: exceptions.collect::<Result<_, EnergyFileError>>()?,
        })
    }
}

/// Rationals by name.
fn rationals<'a>(
    place: &str,
    values: &'a UniqueMap,
) -> Result<Vec<(&'a str, Rational)>, EnergyFileError> {
    let values = values.0.iter().map(|(name, text)| {
        let value = parse_rational(text).map_err(|fault| EnergyFileError::Number {
            place: format!("{place}: {}", shown(name)),
            fault,
        })?;
        Ok((name.as_str(), value))
    });
    values.collect()
}

/// By variable, what stands for its units. Variables without any unit are not named, and nothing depends on them: they
/// get `other`.
fn by_variable<T: Clone + PartialEq>(
    place: &'static str,
    problem: &NamedProblem,
    values: Vec<(&str, T)>,
    other: &T,
) -> Result<Vec<T>, EnergyFileError> {
    let units = problem.units.iter();
    let known: BTreeMap<&str, usize> = units
        .map(|(name, variable)| (name.as_str(), *variable))
        .collect();
    let named: BTreeSet<&str> = values.iter().map(|(name, _)| *name).collect();
    let mut found: Vec<Option<T>> = vec![None; problem.problem.variables()];
    for (name, value) in values {
        let variable = known.get(name);
        let variable = *variable.ok_or_else(|| EnergyFileError::NoSuchUnit(place, shown(name)))?;
        match &found[variable] {
            Some(known) if *known != value => return Err(EnergyFileError::Tie(place, shown(name))),
            _ => found[variable] = Some(value),
        }
    }
    let missing = problem
        .units
        .iter()
        .find(|(name, _)| !named.contains(name.as_str()));
    if let Some((missing, _)) = missing {
        return Err(EnergyFileError::MissingUnit(place, shown(missing)));
    }
    let found = found.into_iter();
    Ok(found
        .map(|value| value.unwrap_or_else(|| other.clone()))
        .collect())
}

/// A positive mantissa of plain digits with an exponent of 2, so that equal numbers are written alike.
fn multiplier(mantissa: &str, exponent: i64) -> Option<Number> {
    let is_plain = mantissa.len() <= 400 && mantissa.bytes().all(|byte| byte.is_ascii_digit());
    let value: Option<BigUint> = mantissa.parse().ok().filter(|_| is_plain);
    let value = value.filter(|value| !value.is_zero() && exponent.unsigned_abs() < 1 << 20)?;
    let zeros = value.trailing_zeros().unwrap_or(0);
    Some(Number::new(
        value >> zeros,
        exponent.checked_add(i64::try_from(zeros).ok()?)?,
    ))
}

fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
