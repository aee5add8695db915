//! Documents that are no networks, and what must be reported about them.

use serde_json::json;

use super::VectorError;
use super::case::{Cases, Note};
use crate::formats::{FormatError, read_network};
use crate::network::{NetworkError, RegularizerError};
use crate::numbers::ParseRationalError;

impl Cases {
    /// `read`: a document, as text, that must be refused with an error of a kind and place.
    pub fn invalid(&mut self, note: Note, text: &str, kind: &str) -> Result<(), VectorError> {
        let Err(fault) = read_network(text.as_bytes()) else {
            return Err(self.fault("the document was read"));
        };
        let (found, place) = describe(&fault);
        if found != kind {
            return Err(self.fault(format!("refused as {found}: {fault}")));
        }
        let expected = json!({"status": "invalid", "error": kind, "place": place});
        self.push(note, "read", vec![("text", text.into())], expected);
        Ok(())
    }

    /// `read_regularizer`: the same for the text of a regularizer.
    pub fn invalid_regularizer(
        &mut self,
        note: Note,
        text: &str,
        kind: &str,
    ) -> Result<(), VectorError> {
        let found = match text.parse::<crate::network::Regularizer>() {
            Ok(_) => "none",
            Err(RegularizerError::Unknown(_)) => "unknown_regularizer",
            Err(RegularizerError::Number(fault)) => number(&fault),
            Err(RegularizerError::NotPositive(_)) => "not_positive",
            Err(RegularizerError::TooLarge(_)) => "too_large",
        };
        if found != kind {
            return Err(self.fault(format!("refused as {found}")));
        }
        let expected = json!({"status": "invalid", "error": kind, "place": "regularizer"});
        self.push(
            note,
            "read_regularizer",
            vec![("text", text.into())],
            expected,
        );
        Ok(())
    }
}

fn number(fault: &ParseRationalError) -> &'static str {
    match fault {
        ParseRationalError::NotANumber(_) => "not_a_number",
        ParseRationalError::ZeroDenominator(_) => "zero_denominator",
        ParseRationalError::TooLong => "too_long",
    }
}

/// Kind and place of an error; no place where the text is not JSON, since readers differ in where they notice.
fn describe(fault: &FormatError) -> (&'static str, Option<String>) {
    match fault {
        FormatError::Json { place, reason } => {
            let kinds = [
                ("unknown field", "unknown_field"),
                ("unknown variant", "unknown_kind"),
                ("missing field", "missing_field"),
                ("duplicate field", "duplicate_field"),
                ("invalid type", "wrong_type"),
            ];
            let found = kinds.iter().find(|(start, _)| reason.starts_with(start));
            match found {
                Some((_, kind)) => (kind, Some(place.clone())),
                None => ("not_json", None),
            }
        }
        FormatError::Content { place, reason } => {
            let kind = match reason.as_str() {
                _ if place == "format" => "wrong_format",
                _ if place == "version" => "wrong_version",
                "only a product has factors" => "no_product",
                reason if reason.starts_with("there is no unit") => "no_such_unit",
                reason if reason.starts_with("expected a number") => "wrong_type",
                reason if reason.contains("activation") || reason.contains("needs parameters") => {
                    "activation"
                }
                reason if reason.contains("unknown field") => "unknown_field",
                reason if reason.contains("missing field") => "missing_field",
                _ => "content",
            };
            (kind, Some(place.clone()))
        }
        FormatError::Number { place, fault } => (number(fault), Some(place.clone())),
        FormatError::Network(fault) => network(fault),
        FormatError::Binary => ("not_json", None),
    }
}

fn network(fault: &NetworkError) -> (&'static str, Option<String>) {
    let (kind, list, index) = match fault {
        NetworkError::DuplicateUnit { index, .. } => ("duplicate_unit", "units", index),
        NetworkError::ParameterNotFinite { index, .. } => ("not_finite", "units", index),
        NetworkError::DegreesMultiply { index, .. }
        | NetworkError::DegreeTooLarge { index, .. } => ("too_large", "units", index),
        NetworkError::DuplicateSynapse { index, .. } => ("duplicate_synapse", "synapses", index),
        NetworkError::IntoSource { index, .. } => ("into_source", "synapses", index),
        NetworkError::IntoProduct { index, .. } => ("into_product", "synapses", index),
        NetworkError::NoFactors { index, .. } => ("no_factors", "units", index),
        NetworkError::NoProduct { index, .. } => ("no_product", "units", index),
        NetworkError::ProductCycle { index, .. } => ("product_cycle", "units", index),
        NetworkError::ProductTooLong { index, .. }
        | NetworkError::ProductsTooLong { index, .. } => ("too_large", "units", index),
        NetworkError::TieExponent { index, .. } => ("tie_exponent", "ties", index),
        NetworkError::ExponentsMultiply { index, .. } => ("too_large", "ties", index),
        NetworkError::NotFinite { index, .. } => ("not_finite", "synapses", index),
        NetworkError::TieOfVisible { index, .. } => ("tie_of_visible", "ties", index),
        NetworkError::TieRepeats { index, .. } => ("tie_repeats", "ties", index),
        NetworkError::NoSuchUnit { place, .. } => return ("no_such_unit", Some(place.clone())),
    };
    (kind, Some(format!("{list}[{index}]")))
}
