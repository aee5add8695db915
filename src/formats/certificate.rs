//! Certificates: claims about a network, with what the kernel needs to check them.

mod reader;
mod written;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::network_json::{FormatError, check_header};
use super::ranges::RangeOrigin;
use super::strict::{Object, UniqueMap, present};
use crate::kernel::{Enclosed, Obstacle, Refusal, check};
use crate::network::{Network, Regularizer, RegularizerError};
use crate::numbers::{ParseRationalError, Rational};
use reader::Reader;

/// A certificate file. Numbers are rational strings; values by unit are for every unit that can be scaled, tied
/// units having equal ones; units whose multiplier is another power of a tie's are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// `synaptic-balance/certificate`.
    pub format: String,
    /// 1.
    pub version: u64,
    /// `enclosure`, `attained`, `not_attained`, `balanced`, `scaling`, `not_scaled` or `manifold`.
    pub claim: String,
    /// The regularizer, as on the command line.
    pub regularizer: String,
    /// The ranges of activations that are counted too, as synapses after those of the network.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub activations: Option<RangeOrigin>,
    /// `enclosure`: lower bounds of `μ*`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub lower: Option<UniqueMap>,
    /// `enclosure`: upper bounds of `μ*`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub upper: Option<UniqueMap>,
    /// `attained`: a circulation, in the order of the synapses.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub circulation: Option<Vec<String>>,
    /// `not_attained`, and `enclosure` or `balanced` of the limit: a direction that lowers costs.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub direction: Option<UniqueMap>,
    /// `balanced`: `μ`; `scaling`: `Λ`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub multipliers: Option<UniqueMap>,
    /// `scaling`, `not_scaled`: the other weights, in the order of the synapses.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub weights: Option<Vec<String>>,
    /// `not_scaled`: by how much each weight may deviate, relatively.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub tolerance: Option<String>,
    /// `not_scaled`: the number of a synapse whose sign changed, or that is 0 on one side only.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub synapse: Option<usize>,
    /// `not_scaled`: synapses by number, each with its coefficient, around which all multipliers cancel.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub cycle: Option<UniqueMap>,
    /// `manifold`: the constraints, each as such synapses.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constraints: Option<Vec<UniqueMap>>,
    /// `manifold`: the numbers of as many synapses as the manifold has dimensions, whose scalings can be chosen freely.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub spanning: Option<Vec<usize>>,
}

/// Why a certificate does not prove its claim about the network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// The claim has no such name.
    #[error("the claim `{0}` is not known")]
    UnknownClaim(String),
    /// A field that the claim needs is missing, or one that it has no use for is there.
    #[error("a certificate of `{claim}` must {need} `{field}`")]
    Field {
        /// The claim.
        claim: String,
        /// `hold` or `not hold`.
        need: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The regularizer cannot be read.
    #[error(transparent)]
    Regularizer(#[from] RegularizerError),
    /// A number cannot be read.
    #[error("{place}: {fault}")]
    Number {
        /// Field and unit or position.
        place: String,
        /// What is wrong.
        fault: ParseRationalError,
    },
    /// The field names a unit that the network does not have or cannot scale.
    #[error("{field}: `{unit}` is not a unit of the network that can be scaled")]
    NotScalable {
        /// The field.
        field: &'static str,
        /// The name given.
        unit: String,
    },
    /// A unit is missing.
    #[error("{field}: unit `{unit}` is missing")]
    MissingUnit {
        /// The field.
        field: &'static str,
        /// The unit.
        unit: String,
    },
    /// Tied units have different values.
    #[error("{field}: `{unit}` is tied to a unit with another value")]
    Tie {
        /// The field.
        field: &'static str,
        /// The unit.
        unit: String,
    },
    /// The kernel refused.
    #[error("{0}")]
    Refused(String),
}

impl CertificateError {
    /// Is the file no certificate at all, rather than one that proves nothing about this network?
    pub fn is_malformed(&self) -> bool {
        use CertificateError::{Field, Number, Regularizer, UnknownClaim};
        matches!(
            self,
            UnknownClaim(_) | Field { .. } | Regularizer(_) | Number { .. }
        )
    }
}

const FORMAT: &str = "synaptic-balance/certificate";

/// Reads a certificate file; its claim is not looked at.
///
/// # Errors
/// [`FormatError`] if the file is not a certificate.
pub fn read_certificate(text: &[u8]) -> Result<Certificate, FormatError> {
    let json = |(place, reason)| FormatError::Json { place, reason };
    let Object(certificate): Object<Certificate> = super::read_json(text).map_err(json)?;
    check_header("format", &certificate.format, certificate.version, FORMAT)?;
    Ok(certificate)
}

/// Verifies the claim of a certificate about a network with the trusted kernel. The problem is rebuilt from the
/// network; nothing is read from the certificate but the claim, the regularizer that it speaks of, and witnesses.
///
/// Returns the claim in words.
///
/// # Errors
/// [`CertificateError`]: the certificate does not prove its claim.
pub fn verify_certificate(
    network: &Network<Rational>,
    certificate: &Certificate,
) -> Result<String, CertificateError> {
    let regularizer: Regularizer = certificate.regularizer.parse()?;
    let problem = match certificate.claim.as_str() {
        // Costs of power 1 scale as the weights do.
        "scaling" => network.problem(&Regularizer::l1()),
        _ => network.problem(&regularizer),
    };
    let reader = Reader {
        network,
        certificate,
    };
    let refused = |refusal| CertificateError::Refused(explain(network, &refusal));
    match certificate.claim.as_str() {
        "enclosure" => {
            reader.only(&["lower", "upper", "direction"])?;
            let lower = reader.named("lower", &certificate.lower)?;
            let upper = reader.named("upper", &certificate.upper)?;
            let direction = reader.direction()?;
            let (lower, upper) = (reader.by_variable(lower)?, reader.by_variable(upper)?);
            let verified = match direction {
                None => check::enclosure(&problem, &lower, &upper),
                Some(direction) => {
                    let direction = reader.by_variable(direction)?;
                    check::limit_enclosure(&problem, &direction, &lower, &upper)
                }
            };
            let verified = verified.map_err(refused)?;
            let enclosed = verified.claim_about(&problem).ok_or_else(another)?;
            let statement = within(network, enclosed);
            Ok(match enclosed.vanishing.as_slice() {
                [] => format!("the minimum of {regularizer} exists, and {statement}"),
                vanishing => format!("{}, {statement}", limit(network, &regularizer, vanishing)),
            })
        }
        "attained" => {
            reader.only(&["circulation"])?;
            let circulation = reader.in_order("circulation", &certificate.circulation)?;
            check::attained(&problem, &circulation).map_err(refused)?;
            Ok(format!("the minimum of {regularizer} is attained"))
        }
        "not_attained" => {
            reader.only(&["direction"])?;
            let direction = reader.named("direction", &certificate.direction)?;
            let direction = reader.by_variable(direction)?;
            let verified = check::not_attained(&problem, &direction).map_err(refused)?;
            let claim = verified.claim_about(&problem).ok_or_else(another)?;
            let names = names(network, &claim.vanishing);
            Ok(format!(
                "the infimum of {regularizer} is not attained; {names} can be sent to 0 at no cost"
            ))
        }
        "balanced" => {
            reader.only(&["multipliers", "direction"])?;
            let multipliers = reader.named("multipliers", &certificate.multipliers)?;
            let direction = reader.direction()?;
            let multipliers = reader.by_variable(multipliers)?;
            let verified = match direction {
                None => check::balanced(&problem, &multipliers),
                Some(direction) => {
                    let direction = reader.by_variable(direction)?;
                    check::limit_balanced(&problem, &direction, &multipliers)
                }
            };
            let verified = verified.map_err(refused)?;
            let claim = verified.claim_about(&problem).ok_or_else(another)?;
            Ok(match claim.vanishing.as_slice() {
                [] => format!("the multipliers balance {regularizer} exactly"),
                vanishing => {
                    let limit = limit(network, &regularizer, vanishing);
                    format!("{limit}, the multipliers balance it exactly")
                }
            })
        }
        "scaling" => {
            reader.only(&["multipliers", "weights"])?;
            let multipliers = reader.named("multipliers", &certificate.multipliers)?;
            let weights = reader.in_order("weights", &certificate.weights)?;
            let multipliers = reader.by_variable(multipliers)?;
            check::scaling(&problem, &network.weights(), &weights, &multipliers)
                .map_err(refused)?;
            Ok("the weights are an exact scaling of the network: the same function".to_string())
        }
        "not_scaled" => {
            reader.only(&["weights", "tolerance", "synapse", "cycle"])?;
            let weights = reader.in_order("weights", &certificate.weights)?;
            let tolerance = reader.number("tolerance", &certificate.tolerance)?;
            let obstacle = match (certificate.synapse, &certificate.cycle) {
                (Some(synapse), None) => Obstacle::Synapse(synapse),
                (_, cycle) => {
                    reader.none("synapse", certificate.synapse.is_some())?;
                    Obstacle::Cycle(reader.terms("cycle", cycle.as_ref())?)
                }
            };
            let before = network.weights();
            check::not_scaled(&problem, &before, &weights, &obstacle, &tolerance)
                .map_err(refused)?;
            Ok(format!(
                "no multipliers give every weight up to a relative deviation of {tolerance}"
            ))
        }
        "manifold" => {
            reader.only(&["constraints", "spanning"])?;
            let constraints = reader.given("constraints", certificate.constraints.as_ref())?;
            let spanning = reader.given("spanning", certificate.spanning.as_ref())?;
            let rows = constraints.iter();
            let rows = rows.map(|row| reader.terms("constraints", Some(row)));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            check::manifold(&problem, &rows, spanning).map_err(refused)?;
            let constraints = match rows.len() {
                1 => "1 constraint, which cannot be spared, describes".to_owned(),
                count => format!("{count} constraints, none of which can be spared, describe"),
            };
            Ok(format!(
                "{constraints} the scalings, which form a space of dimension {}",
                spanning.len()
            ))
        }
        other => Err(CertificateError::UnknownClaim(
            other.chars().take(80).collect(),
        )),
    }
}

/// What was verified speaks of something else; a defect of this crate.
fn another() -> CertificateError {
    CertificateError::Refused("what was verified is about another problem".to_owned())
}

/// What an enclosure says of the multipliers.
fn within(network: &Network<Rational>, enclosed: &Enclosed) -> String {
    let floating = enclosed
        .normalised
        .iter()
        .enumerate()
        .filter(|(_, normalised)| **normalised);
    let names: Vec<String> = floating
        .map(|(variable, _)| network.variable_name(variable))
        .collect();
    let statement = "every balanced multiplier lies within its bounds";
    if names.is_empty() {
        return statement.to_string();
    }
    format!(
        "{statement}, but for a common factor, which no weight depends on, for: {}",
        names.join(", ")
    )
}

/// The limit that a claim is about.
fn limit(network: &Network<Rational>, regularizer: &Regularizer, vanishing: &[usize]) -> String {
    let verb = if vanishing.len() == 1 {
        "becomes"
    } else {
        "become"
    };
    let names = names(network, vanishing);
    format!("in the limit of {regularizer} in which {names} {verb} 0")
}

fn names(network: &Network<Rational>, synapses: &[usize]) -> String {
    let names: Vec<_> = synapses
        .iter()
        .map(|synapse| network.synapse_name(*synapse))
        .collect();
    names.join(", ")
}

/// A refusal with ids in place of indices.
fn explain(network: &Network<Rational>, refusal: &Refusal) -> String {
    let subject = match refusal {
        Refusal::Flow(synapse, ..)
        | Refusal::Rises(synapse)
        | Refusal::RaisesBoth(synapse)
        | Refusal::Weight(synapse, ..)
        | Refusal::Irrational(synapse)
        | Refusal::Coefficient(_, synapse)
        | Refusal::SameSign(synapse)
        | Refusal::Ratio(synapse) => {
            format!(" (synapse {synapse} is {})", network.synapse_name(*synapse))
        }
        Refusal::NotACirculation(variable)
        | Refusal::NotPositive(_, variable)
        | Refusal::Crossed(variable)
        | Refusal::NotNormalised(variable)
        | Refusal::Sign(variable, ..)
        | Refusal::Unbalanced(variable, ..)
        | Refusal::NotAConstraint(_, variable)
        | Refusal::Undecided(variable) => {
            format!(
                " (variable {variable} is that of {})",
                network.variable_name(*variable)
            )
        }
        _ => String::new(),
    };
    format!("{refusal}{subject}")
}
