//! What the kernel says of an energy certificate.

use serde_json::json;

use super::{Report, up};
use crate::network::{Regularizer, one_line};
use crate::numbers::Rational;
use crate::solve::energy::EnergyProof;

/// The verdict on an energy certificate: what it proves, or why it was refused.
pub fn energy_report(regularizer: &Regularizer, verified: Result<&EnergyProof, String>) -> Report {
    let proof = match verified {
        Ok(proof) => proof,
        Err(reason) => {
            return Report {
                text: format!("refused: {}\n", one_line(&reason)),
                json: json!({"verified": false, "claim": "energy", "reason": reason}),
            };
        }
    };
    let radius = proof.weight_radius(&regularizer.variable_power());
    let radius = radius.filter(|_| matches!(regularizer, Regularizer::Lp(_)));
    let mut statement = match proof.is_attained {
        true => format!("the minimum of {regularizer} is attained"),
        false if proof.is_bounded => format!(
            "{}, {regularizer} at the point exceeds its minimum by {} at most",
            within(&proof.certificate.bounds),
            up(proof.gap)
        ),
        false => format!(
            "{regularizer} at the point exceeds its infimum by {} at most",
            up(proof.gap)
        ),
    };
    if let (true, Some(radius)) = (proof.is_attained || proof.is_bounded, radius) {
        let value = match proof.is_bounded {
            true => "the value that it has at the minimum within them",
            false => "its one balanced value",
        };
        statement += &format!(
            ", and with the multipliers of the certificate every weight is within {} of {value}, relatively",
            up(radius)
        );
    }
    if proof.not_enclosed > 0 {
        let what = match regularizer {
            Regularizer::Lp(_) => "weights",
            Regularizer::Mixture(_) => "summands of costs",
        };
        statement += &format!("; of {} {what} nothing is said", proof.not_enclosed);
    }
    Report {
        text: format!("verified: {statement}\n"),
        json: json!({
            "verified": true,
            "claim": "energy",
            "statement": statement,
            "attained": proof.is_attained,
            "within_bounds": proof.is_bounded,
            "gap": proof.gap,
            "weights_within": radius,
            "multipliers_within": proof.within(),
            "not_enclosed": proof.not_enclosed,
        }),
    }
}

/// Characters of bounds that are written out.
const SHOWN: usize = 60;

/// The bounds that a certificate is about.
pub(super) fn within(bounds: &[[Rational; 2]]) -> String {
    let same = bounds
        .first()
        .filter(|first| bounds.iter().all(|pair| pair == *first));
    let short = same.map(|[lower, upper]| format!("{lower} and {upper}"));
    match short.filter(|short| short.len() <= SHOWN) {
        Some(short) => format!("within the bounds {short} of every multiplier of costs"),
        None => "within the bounds of the certificate, `lower` and `upper`".to_owned(),
    }
}
