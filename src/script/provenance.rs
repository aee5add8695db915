//! Where values come from: what a solver proposed stays marked, through whatever is computed with it.
//!
//! The mark is the tag of the engine's value, so a 64-bit integer or a text can carry it as well as a fraction.

use rhai::{Array, Dynamic, Map};

/// Where a value comes from, if it is not exact from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A logarithm, computed in floating point.
    Logarithm,
    /// The direct solver.
    Solver,
    /// Balancing in a given order again and again.
    Order,
}

impl Origin {
    /// What a verified claim about a value of this origin does not say.
    pub fn left_open(self) -> &'static str {
        match self {
            Origin::Logarithm => "not that the logarithm has this value",
            Origin::Solver => "not that the solver converges there",
            Origin::Order => "not that the order converges there",
        }
    }

    fn tag(self) -> i32 {
        match self {
            Origin::Logarithm => 1,
            Origin::Solver => 2,
            Origin::Order => 3,
        }
    }

    fn read(tag: i32) -> Option<Self> {
        match tag {
            1 => Some(Origin::Logarithm),
            2 => Some(Origin::Solver),
            3 => Some(Origin::Order),
            _ => None,
        }
    }

    /// Where the values that a function of the library makes come from, if it makes proposals.
    pub fn made_by(function: &str, arguments: usize) -> Option<Self> {
        match (function, arguments) {
            ("log", _) => Some(Origin::Logarithm),
            ("solve", 2) => Some(Origin::Solver),
            ("solve", _) => Some(Origin::Order),
            _ => None,
        }
    }
}

/// Where a value or any of its elements comes from. Shared variables hold their mark inside.
pub fn origin(value: &Dynamic) -> Option<Origin> {
    if value.is_shared() {
        return origin(&value.flatten_clone());
    }
    let own = Origin::read(value.tag());
    let inner = if let Some(array) = value.read_lock::<Array>() {
        array.iter().filter_map(origin).max()
    } else if let Some(map) = value.read_lock::<Map>() {
        map.values().filter_map(origin).max()
    } else {
        None
    };
    own.max(inner)
}

/// Marks a value and all its elements.
pub fn mark(value: &mut Dynamic, from: Origin) {
    if let Some(mut array) = value.write_lock::<Array>() {
        array.iter_mut().for_each(|entry| mark(entry, from));
    } else if let Some(mut map) = value.write_lock::<Map>() {
        map.values_mut().for_each(|entry| mark(entry, from));
    }
    let own = Origin::read(value.tag());
    value.set_tag(own.max(Some(from)).map_or(0, Origin::tag));
}
