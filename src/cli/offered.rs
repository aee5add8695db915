//! What is done with models where they lie, and what is not.

use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::Rational;

use super::arguments::{BalanceArguments, MethodName};
use super::{BadInput, Failure};

/// Digits that an energy certificate can reach; for more there is another kind, for smaller models.
pub const MOST_DIGITS: u32 = 15;

/// Where something else has to be said of a model of fewer weights than that it is balanced, exact arithmetic says more
/// of it, in about a second.
pub const EXACT: usize = 1 << 14;

/// Was nothing asked for that is not done in place?
pub fn is_plain(arguments: &BalanceArguments) -> bool {
    let many_digits = arguments.certify.is_some_and(|digits| digits > MOST_DIGITS);
    not_offered(arguments, false).is_none() && !many_digits
}

/// The same of a perceptron, whose layers can be tied.
pub fn is_plain_for_perceptrons(arguments: &BalanceArguments) -> bool {
    let many_digits = arguments.certify.is_some_and(|digits| digits > MOST_DIGITS);
    not_offered(arguments, true).is_none() && !many_digits
}

/// What was asked for that is not done in place.
fn not_offered(arguments: &BalanceArguments, has_layers: bool) -> Option<&'static str> {
    let is_two_level = matches!(arguments.method, MethodName::Direct | MethodName::TwoLevel);
    let not_offered = [
        (!is_two_level, "another method than two-level"),
        (arguments.tied.is_some() && !has_layers, "--tied"),
        (
            matches!(arguments.regularizer, Regularizer::Mixture(_)),
            "a mixture of powers",
        ),
    ];
    let not_offered = not_offered.into_iter().find(|(is_asked, _)| *is_asked);
    not_offered.map(|(_, what)| what)
}

/// The power of the regularizer, and that nothing was asked for which is not done in place; are there layers that can
/// be tied?
pub fn power(arguments: &BalanceArguments, has_layers: bool) -> Result<Rational, Failure> {
    if let Some(what) = not_offered(arguments, has_layers) {
        let reason = format!(
            "models of this size are balanced where they lie, without {what}; only smaller ones are with it"
        );
        return Err(BadInput::at(&arguments.network, reason).into());
    }
    Ok(arguments.regularizer.variable_power())
}
