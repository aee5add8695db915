//! The functions that scripts call: thin bindings to the rooms below.

pub mod activation;
pub mod arithmetic;
pub mod balancing;
pub mod claims;
pub mod evidence;
pub mod gradient;
pub mod manifold;
pub mod networks;
pub mod polynomials;

use rhai::Engine;

use super::session::Shared;

/// Registers all of them.
pub fn register(engine: &mut Engine, session: &Shared) {
    activation::register(engine, session);
    arithmetic::register(engine, session);
    balancing::register(engine, session);
    claims::register(engine, session);
    evidence::register(engine, session);
    gradient::register(engine, session);
    manifold::register(engine, session);
    networks::register(engine, session);
    polynomials::register(engine, session);
}
