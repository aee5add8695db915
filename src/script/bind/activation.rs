//! Activation functions by name.

use rhai::Dynamic;

use crate::network::Activation;
use crate::numbers::Rational;
use crate::script::library::Library;
use crate::script::limits::{Fault, MAX_BITS, MAX_POWER, bits, fault};
use crate::script::network_text::parse_activation;
use crate::script::session::Shared;
use crate::script::value::{exact, number};

/// Registers `apply`.
pub fn register(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "apply",
        move |name: &str, x: Dynamic| -> Result<Dynamic, Fault> {
            let activation = parse_activation(name).map_err(fault)?;
            let x = exact(&x)?;
            if let Activation::BiPu { degree, .. } = &activation {
                let limit = Rational::from_integer(MAX_POWER.into());
                if degree.numer().magnitude() > limit.numer().magnitude() || bits(&x) > MAX_BITS / 8
                {
                    return Err(fault("the degree or the number is too large"));
                }
            }
            let length = 1 + bits(&x) * u64::from(MAX_POWER) / 64;
            shared.work.charge(64 * length.pow(2))?;
            let value = activation.apply(&x);
            number(
                value.ok_or_else(|| fault(format!("`{name}` has no rational value at {x}")))?,
                &shared.work,
            )
        },
    );
}
