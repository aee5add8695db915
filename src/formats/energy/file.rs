//! The file of an energy certificate.

use indexmap::IndexMap;
use num_bigint::BigUint;
use num_traits::Zero;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Certificate, Number};

use super::{EnergyFileError, NamedProblem};
use crate::formats::network_json::FormatError;
use crate::formats::ranges::RangeOrigin;
use crate::formats::strict::{Object, UniqueMap, present};
use crate::network::Regularizer;
use crate::numbers::parse_rational;

/// What is written: version 2 of certificates.
///
/// `point` gives for each unit the multiplier of costs as a mantissa and an exponent of 2, `F` the significant bits of factors, `grid` the
/// binary places of `y`, and `exceptions` the terms whose `y` is not that of the rule, in units of `2^-grid`.
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
        Some(EnergyFile {
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

    /// The certificate, for a problem with these names. What is no number is found first: that does not depend on the problem.
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
        let values = self.exceptions.0.iter().map(|(name, y)| {
            let y = parse_rational(y).map_err(|fault| EnergyFileError::Number {
                place: format!("exceptions: {}", shown(name)),
                fault,
            })?;
            Ok((name.as_str(), y))
        });
        let values: Vec<_> = values.collect::<Result<_, EnergyFileError>>()?;
        if let Some(reason) =
            RangeOrigin::difference(self.activations.as_ref(), problem.ranges.as_ref())
        {
            return Err(EnergyFileError::Ranges(reason));
        }
        let exceptions = values
            .into_iter()
            .map(|(name, y)| Ok((problem.find(name)?, y)));
        Ok(Certificate {
            point: self.point(problem, numbers)?,
            bits: self.bits,
            grid: self.grid,
            exceptions: exceptions.collect::<Result<_, EnergyFileError>>()?,
        })
    }

    fn point(
        &self,
        problem: &NamedProblem,
        numbers: Vec<(&str, Number)>,
    ) -> Result<Vec<Number>, EnergyFileError> {
        let known: BTreeMap<&str, usize> = problem
            .units
            .iter()
            .map(|(name, variable)| (name.as_str(), *variable))
            .collect();
        let mut point: Vec<Option<Number>> = vec![None; problem.problem.variables()];
        for (name, number) in numbers {
            let variable = known.get(name);
            let variable = *variable.ok_or_else(|| EnergyFileError::NoSuchUnit(shown(name)))?;
            match &point[variable] {
                Some(other) if *other != number => return Err(EnergyFileError::Tie(shown(name))),
                _ => point[variable] = Some(number),
            }
        }
        if let Some((missing, _)) = problem
            .units
            .iter()
            .find(|(name, _)| !self.point.contains_key(name))
        {
            return Err(EnergyFileError::MissingUnit(shown(missing)));
        }
        // Variables without any unit are not named, and nothing depends on them.
        let one = || Number::new(1u32.into(), 0);
        Ok(point
            .into_iter()
            .map(|number| number.unwrap_or_else(one))
            .collect())
    }
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
