//! Why something that was found in place is not all that was to be said.

use synaptic_balance::network::Regularizer;
use synaptic_balance::report::RestrictedRun;
use synaptic_balance::solve::AGREEMENT;
use synaptic_balance::solve::energy::EnergyError;

use super::arguments::{BalanceArguments, DEFAULT_DIGITS};
use super::found::Found;
use super::offered::MOST_DIGITS;

/// Bounds wider than this say too little to count as done.
const WIDTH: f64 = 1e-6;

/// Why not everything that was asked for was verified; `None` if it was.
pub fn incomplete(arguments: &BalanceArguments, found: &Found) -> Option<String> {
    if found.limit.as_ref().is_some_and(|limit| !limit.is_verified) {
        return Some("the kernel did not verify that the minimum is not attained".into());
    }
    if let Some(restricted) = &found.restricted
        && let Some(digits) = arguments.digits()
    {
        return unknown_within(restricted, &arguments.regularizer, digits.min(MOST_DIGITS));
    }
    if !found.has_optimum {
        return None;
    }
    let complete = found
        .cross_check
        .as_ref()
        .filter(|check| check.run.is_complete);
    if let Some(check) = complete
        && check.difference > AGREEMENT
    {
        return Some("the two methods disagree".into());
    }
    let asked = arguments.certify.is_some() || arguments.certificate.is_some();
    match &found.proof {
        Some(Ok(proof)) if asked || proof.is_attained || found.is_in_limit() => {
            if !proof.is_attained && !found.is_in_limit() {
                return Some("that the minimum is attained was not verified".into());
            }
            let digits = arguments
                .digits()
                .unwrap_or(DEFAULT_DIGITS)
                .min(MOST_DIGITS);
            let wanted = 10f64.powi(-(digits as i32));
            let known = 10f64.powi(-(UNASKED_DIGITS as i32));
            // Where every multiplier is known, so is every weight.
            let is_known = || found.within().is_some_and(|within| within <= known);
            match found.within().filter(|_| asked) {
                _ if !asked && (proof.is_good(UNASKED_DIGITS) || is_known()) => None,
                _ if !asked => Some("too little was proved of the balanced weights".into()),
                Some(within) if within <= wanted => None,
                Some(within) => Some(format!(
                    "multipliers were certified to {within:.1e}, not to {digits} digits"
                )),
                None => Some("not every multiplier is enclosed".into()),
            }
        }
        Some(Err(fault)) if asked => Some(fault.to_string()),
        None if asked => Some("models of this kind are not certified at this size".into()),
        _ => match found.enclosed.as_ref().map(|enclosed| enclosed.width) {
            Some(width) if width <= WIDTH => None,
            _ if complete.is_some() => None,
            _ => Some(
                "a small deficit says little in a network nearly cut off from its visible units"
                    .into(),
            ),
        },
    }
}

/// Why the minimum within the bound is not known to so many digits; `None` if it is.
fn unknown_within(
    restricted: &RestrictedRun,
    regularizer: &Regularizer,
    digits: u32,
) -> Option<String> {
    let proof = match &restricted.bounded {
        Some(Ok(proof)) => proof,
        Some(Err(fault)) => return Some(format!("within the bound: {fault}")),
        None => return Some("models of this kind are not certified at this size".into()),
    };
    let known = proof.weight_radius(&regularizer.variable_power());
    match known.filter(|known| *known <= 10f64.powi(-(digits as i32))) {
        Some(_) => None,
        None => Some(format!(
            "within the bound weights were not certified to {digits} digits"
        )),
    }
}

/// Digits to which weights are known where nobody asked, so that a result counts as done.
const UNASKED_DIGITS: u32 = 6;

/// Why something else may have to be said of a model small enough for exact arithmetic; `None` if nothing has.
pub fn unsettled(arguments: &BalanceArguments, found: &Found) -> Option<String> {
    let open = match &found.proof {
        Some(Ok(proof)) if !proof.is_attained && !found.is_in_limit() => {
            Some("that the minimum is attained was not verified".to_owned())
        }
        // Such as weights that are not finite, where no unit reads them.
        Some(Err(fault @ EnergyError::Refused(_))) => Some(fault.to_string()),
        _ => None,
    };
    incomplete(arguments, found).or(open)
}
