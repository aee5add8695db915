//! The fields of a certificate, as numbers.

use indexmap::IndexMap;
use num_traits::One;

use super::{Certificate, CertificateError};
use crate::formats::strict::UniqueMap;
use crate::network::Network;
use crate::numbers::{ParseRationalError, Rational, parse_rational};

pub(super) struct Reader<'a> {
    pub network: &'a Network<Rational>,
    pub certificate: &'a Certificate,
}

impl Reader<'_> {
    /// Refuses fields that the claim has no use for: a reader could take them for verified.
    pub fn only(&self, used: &[&str]) -> Result<(), CertificateError> {
        let c = self.certificate;
        let present = [
            ("lower", c.lower.is_some()),
            ("upper", c.upper.is_some()),
            ("circulation", c.circulation.is_some()),
            ("direction", c.direction.is_some()),
            ("multipliers", c.multipliers.is_some()),
            ("weights", c.weights.is_some()),
            ("tolerance", c.tolerance.is_some()),
            ("synapse", c.synapse.is_some()),
            ("cycle", c.cycle.is_some()),
            ("constraints", c.constraints.is_some()),
            ("spanning", c.spanning.is_some()),
        ];
        match present
            .into_iter()
            .find(|(field, present)| *present && !used.contains(field))
        {
            Some((field, _)) => Err(self.field("not hold", field)),
            None => Ok(()),
        }
    }

    fn field(&self, need: &'static str, field: &'static str) -> CertificateError {
        CertificateError::Field {
            claim: self.certificate.claim.clone(),
            need,
            field,
        }
    }

    pub fn in_order(
        &self,
        field: &'static str,
        values: &Option<Vec<String>>,
    ) -> Result<Vec<Rational>, CertificateError> {
        let values = values.as_ref().ok_or_else(|| self.field("hold", field))?;
        let number = |(index, text): (usize, &String)| number(format!("{field}[{index}]"), text);
        values.iter().enumerate().map(number).collect()
    }

    /// A field that the claim needs.
    pub fn given<'v, T>(
        &self,
        field: &'static str,
        value: Option<&'v T>,
    ) -> Result<&'v T, CertificateError> {
        value.ok_or_else(|| self.field("hold", field))
    }

    /// Refuses a field that another one stands for.
    pub fn none(&self, field: &'static str, is_there: bool) -> Result<(), CertificateError> {
        match is_there {
            true => Err(self.field("not hold", field)),
            false => Ok(()),
        }
    }

    pub fn number(
        &self,
        field: &'static str,
        value: &Option<String>,
    ) -> Result<Rational, CertificateError> {
        number(field.to_owned(), self.given(field, value.as_ref())?)
    }

    /// Synapses by number, with coefficients.
    pub fn terms(
        &self,
        field: &'static str,
        values: Option<&UniqueMap>,
    ) -> Result<Vec<(usize, Rational)>, CertificateError> {
        let term = |(name, text): (&String, &String)| {
            let place = format!("{field}.{name}");
            let synapse = name
                .parse()
                .ok()
                .filter(|number: &usize| number.to_string() == *name);
            let synapse = synapse.ok_or_else(|| CertificateError::Number {
                place: place.clone(),
                fault: ParseRationalError::NotANumber(name.chars().take(60).collect()),
            })?;
            Ok((synapse, number(place, text)?))
        };
        self.given(field, values)?.0.iter().map(term).collect()
    }

    /// The direction, where the claim is about a limit.
    pub fn direction(&self) -> Result<Option<Named<'_>>, CertificateError> {
        let direction = &self.certificate.direction;
        let named = direction
            .is_some()
            .then(|| self.named("direction", direction));
        named.transpose()
    }

    /// The values of a field by unit; that they are numbers does not depend on the network.
    pub fn named<'v>(
        &self,
        field: &'static str,
        values: &'v Option<UniqueMap>,
    ) -> Result<Named<'v>, CertificateError> {
        let given = &values.as_ref().ok_or_else(|| self.field("hold", field))?.0;
        let entries = given.iter().map(|(unit, text)| {
            let value = number(format!("{field}.{unit}"), text);
            value.map(|value| (unit.as_str(), value))
        });
        let values = entries.collect::<Result<_, CertificateError>>()?;
        Ok(Named {
            field,
            given,
            values,
        })
    }

    /// One value for each variable of the network.
    pub fn by_variable(&self, named: Named) -> Result<Vec<Rational>, CertificateError> {
        let Named {
            field,
            given,
            mut values,
        } = named;
        let network = self.network;
        let mut by_variable = Vec::with_capacity(network.variables());
        for variable in 0..network.variables() {
            let mut value: Option<Rational> = None;
            let members = network.members(variable).iter();
            for member in members.filter(|unit| network.exponent(**unit).is_one()) {
                let unit = network.unit(*member).id.clone();
                let Some(own) = values.swap_remove(unit.as_str()) else {
                    return Err(CertificateError::MissingUnit { field, unit });
                };
                if value.as_ref().is_some_and(|value| *value != own) {
                    return Err(CertificateError::Tie { field, unit });
                }
                value = Some(own);
            }
            by_variable.extend(value);
        }
        match given.keys().find(|unit| values.contains_key(unit.as_str())) {
            Some(unit) => Err(CertificateError::NotScalable {
                field,
                unit: unit.clone(),
            }),
            None => Ok(by_variable),
        }
    }
}

/// The values of one field by unit.
pub(super) struct Named<'v> {
    field: &'static str,
    given: &'v IndexMap<String, String>,
    values: IndexMap<&'v str, Rational>,
}

fn number(place: String, text: &str) -> Result<Rational, CertificateError> {
    parse_rational(text).map_err(|fault| CertificateError::Number { place, fault })
}
