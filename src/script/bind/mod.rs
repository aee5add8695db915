//! The functions that scripts call: thin bindings to the rooms below.

pub mod activation;
pub mod arithmetic;
pub mod balancing;
pub mod by_unit;
pub mod claims;
pub mod collections;
pub mod comparisons;
pub mod composition;
pub mod evidence;
pub mod gradient;
pub mod manifold;
pub mod networks;
pub mod polynomials;
pub mod texts;

use super::library::Library;
use super::session::Shared;

/// Registers all of them.
pub fn register(library: &mut Library, session: &Shared) {
    activation::register(library, session);
    arithmetic::register(library, session);
    balancing::register(library, session);
    claims::register(library, session);
    collections::register(library, session);
    comparisons::register(library, session);
    evidence::register(library, session);
    gradient::register(library, session);
    manifold::register(library, session);
    networks::register(library, session);
    polynomials::register(library, session);
    texts::register(library, session);
}
