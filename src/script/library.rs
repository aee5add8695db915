//! The functions that a script can call, and what all of them have in common: they are counted in work, they carry on
//! where their values come from, and none can be defined again.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;

use rhai::{
    Dynamic, Engine, EvalAltResult, FnPtr, INT, ImmutableString, Map, NativeCallContext, Position,
    RhaiNativeFunc,
};

use super::limits::{Fault, MAX_ELEMENTS, MAX_NESTING, fault, size};
use super::provenance::{Origin, mark, origin};
use super::session::{Session, Shared};
use super::source::INDEX;
use super::value::{Net, Polynomial};

/// Words of the language that are called like functions.
const KEYWORDS: [&str; 12] = [
    "call",
    "print",
    "debug",
    "type_of",
    "eval",
    "curry",
    "Fn",
    "is_def_var",
    "is_def_fn",
    "is_shared",
    "to_string",
    "this",
];

/// The names of all functions, shared with the engine's callbacks.
#[derive(Debug, Clone, Default)]
pub struct Names(Rc<RefCell<BTreeSet<String>>>);

impl Names {
    /// Is this the name of a function that a script can call?
    pub fn contain(&self, name: &str) -> bool {
        KEYWORDS.contains(&name) || self.0.borrow().contains(name)
    }
}

/// The engine with the functions registered so far.
pub struct Library<'e> {
    engine: &'e mut Engine,
    session: Shared,
    names: Names,
}

impl<'e> Library<'e> {
    /// A library without functions. From now on every use of a variable is measured.
    pub fn new(engine: &'e mut Engine, session: &Shared) -> Self {
        let names = Names::default();
        watch_variables(engine, session.clone(), names.clone());
        let session = session.clone();
        Library {
            engine,
            session,
            names,
        }
    }

    /// The names of the functions.
    pub fn names(&self) -> Names {
        self.names.clone()
    }

    /// Registers a function. Each of its calls is counted and marked, see [`called`].
    pub fn register_fn<
        A: 'static,
        const N: usize,
        const X: bool,
        R: 'static,
        const F: bool,
        FUNC: RhaiNativeFunc<A, N, X, R, F> + 'static,
    >(
        &mut self,
        name: &'static str,
        function: FUNC,
    ) {
        self.names.0.borrow_mut().insert(name.to_string());
        // The engine holds texts of one type, whatever a function calls them.
        let types = FUNC::param_types().map(|found| match found == TypeId::of::<&str>() {
            true => TypeId::of::<ImmutableString>(),
            false => found,
        });
        let native = function.into_rhai_function(true, true);
        let by_reference = native.is_method();
        let native = native.get_native_fn().cloned();
        let session = self.session.clone();
        let call = move |context: NativeCallContext, arguments: &mut [&mut Dynamic]| {
            let native = native
                .as_ref()
                .ok_or_else(|| fault(format!("`{name}` cannot be called")))?;
            let place = context.call_position();
            called(&session, name, place, arguments, |arguments| {
                // What is taken by value must not be taken out of a script's variable.
                if by_reference || arguments.is_empty() {
                    return native(Some(context), arguments);
                }
                let mut first = arguments[0].flatten_clone();
                let mut copied: Vec<&mut Dynamic> = vec![&mut first];
                copied.extend(arguments.iter_mut().skip(1).map(|argument| &mut **argument));
                native(Some(context), &mut copied)
            })
        };
        self.engine.register_raw_fn(name, types, call);
    }
}

/// One call: what it reads is charged before it, what it makes after it, and its result is marked with the origin of
/// its arguments.
fn called(
    session: &Session,
    name: &str,
    place: Position,
    arguments: &mut [&mut Dynamic],
    run: impl FnOnce(&mut [&mut Dynamic]) -> Result<Dynamic, Box<EvalAltResult>>,
) -> Result<Dynamic, Fault> {
    /// Of a call by itself.
    const CALL: u64 = 200;
    session.standing()?;
    let mut from = Origin::made_by(name, arguments.len());
    session.work.charge(CALL)?;
    let mut elements = 0u64;
    for argument in arguments.iter() {
        let size = size(argument).ok_or_else(|| too_large(name))?;
        session
            .work
            .charge(8 * (size.words + shared_words(argument)))?;
        elements += size.elements as u64;
        from = from.max(origin(argument));
    }
    let places = match name {
        "sort" => arguments.first(),
        "insert" | "remove" | "pad" => arguments.get(1),
        _ => None,
    };
    let places = places.and_then(|value| origin(value));
    let mut result = run(arguments).inspect_err(|error| {
        if name == "to_string" {
            session.refuse(place, error);
        }
    })?;
    session.standing()?;
    // What stands where in the list that was changed follows from a proposal.
    if let (Some(from), Some(list)) = (places, arguments.first_mut()) {
        mark(list, from);
    }
    let made = size(&result).ok_or_else(|| too_large(name))?;
    session.work.charge(8 * made.words)?;
    if result.is_string() {
        session.work.charge(elements.saturating_mul(200))?;
    }
    if let Some(from) = from {
        mark(&mut result, from);
        // How often a loop runs is looked at as well.
        let is_range = result.is::<Range<INT>>() || result.is::<RangeInclusive<INT>>();
        if result.is_bool() || result.is_string() || is_range || name == INDEX {
            session.looks_at_proposal(place);
        }
    }
    Ok(result)
}

/// The words that a function may read of a value that is not copied.
fn shared_words(value: &Dynamic) -> u64 {
    if let Some(net) = value.read_lock::<Net>() {
        return (net.0.units() + net.0.synapses()) as u64;
    }
    let polynomial = value.read_lock::<Polynomial>();
    polynomial.map_or(0, |polynomial| 2 * polynomial.0.terms().len() as u64)
}

fn too_large(what: &str) -> Fault {
    fault(format!(
        "`{what}` has more than {MAX_ELEMENTS} elements, or more than {MAX_NESTING} levels"
    ))
}

/// The engine looks neither at the size of a map when a key is added, nor at nesting, and copies a variable at each
/// use: so each use is measured and charged. No variable stands for a function of the library.
fn watch_variables(engine: &mut Engine, session: Shared, names: Names) {
    #[allow(deprecated)] // Not deprecated, says its author: it may change.
    engine.on_var(move |name, _, context| {
        session.standing()?;
        let Some(value) = context.scope().get(name) else {
            return Ok(None);
        };
        let size = size(value).ok_or_else(|| too_large(name))?;
        session.work.charge(20 + 8 * size.words)?;
        if value.is::<FnPtr>() && names.contain(name) {
            return Err(taken(name));
        }
        match method_of_map(value, &names) {
            Some(name) => Err(taken(&name)),
            None => Ok(None),
        }
    });
}

/// A key of a map that holds a function and would be called in place of one of the library.
fn method_of_map(value: &Dynamic, names: &Names) -> Option<String> {
    if let Some(map) = value.read_lock::<Map>() {
        return map.iter().find_map(|(key, entry)| {
            let replaces = entry.is::<FnPtr>() && names.contain(key);
            match replaces {
                true => Some(key.to_string()),
                false => method_of_map(entry, names),
            }
        });
    }
    let array = value.read_lock::<rhai::Array>()?;
    array.iter().find_map(|entry| method_of_map(entry, names))
}

/// What is said of a definition that would take the place of a function of the library.
pub fn taken(name: &str) -> Fault {
    fault(format!(
        "`{name}` is a function of the language and cannot be defined again"
    ))
}
