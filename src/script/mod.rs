#![doc = include_str!("../../docs/scripts.md")]

mod bind;
mod fact;
mod files;
mod library;
mod limits;
mod network_text;
mod provenance;
mod session;
mod source;
mod transcript;
mod value;

pub use limits::{
    MAX_BITS, MAX_CALL_DEPTH, MAX_ELEMENTS, MAX_OPERATIONS, MAX_SOURCE, MAX_STRING, MAX_SYNAPSES,
    MAX_TERMS, MAX_UNITS, MAX_WORK,
};
pub use network_text::{parse_activation, parse_network};
pub use source::literals;
pub use transcript::{Ending, Standing, Step, Transcript, Verb, worst};

use std::path::PathBuf;

use std::ops::{Range, RangeInclusive};

use rhai::{AST, Array, Engine, INT, OptimizationLevel, Position};

use library::{Library, Names};
use limits::{Fault, fault};
use session::{Session, Shared};
use source::{Kind, Source};

/// What a run may read, and how its script is called.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The script's name in its transcript.
    pub name: String,
    /// The folder whose network files the script may read; none if `None`.
    pub folder: Option<PathBuf>,
    /// Further network files that it may read, by exactly these names.
    pub files: Vec<PathBuf>,
}

/// Runs a proof script.
///
/// Never fails: what is wrong with the script is the [`Ending`] of its transcript. Deterministic, bounded in time and
/// memory, and without access to files other than the networks of the [`Options`].
///
/// ```
/// use synaptic_balance::script::{Options, Ending, run};
/// let transcript = run(r#"show("a third", 3 * (1 / 3), "==", 1); qed();"#, Options::default());
/// assert_eq!(transcript.outcome, Ending::Checked);
/// ```
pub fn run(source: &str, options: Options) -> Transcript {
    let too_long = source.len() > MAX_SOURCE;
    let source = if too_long { "" } else { source };
    let session = Session::new(Source::new(source), options);
    let result = match too_long {
        true => Err(fault(format!(
            "a script has at most {MAX_SOURCE} characters"
        ))),
        false => execute(&session),
    };
    session.finish(result)
}

fn execute(session: &Shared) -> Result<(), Fault> {
    let (engine, names) = engine(session);
    let script = engine.compile(&session.source.exact)?;
    refuse_definitions(&script, &session.source, &names)?;
    engine.run_ast(&script)
}

/// Refuses functions with the name of one that scripts can call, of whatever arity; and such a name as a key of a map
/// where the script calls it as a method, since a map's own function would be called.
fn refuse_definitions(script: &AST, source: &Source, names: &Names) -> Result<(), Fault> {
    let tokens = source.tokens();
    let text = |at: usize| tokens.get(at).map_or("", |token| source.text(token));
    let mut functions = script.iter_functions();
    if let Some(function) = functions.find(|function| names.contain(function.name)) {
        let mut defined = (0..tokens.len()).filter(|at| text(*at) == "fn");
        // Between the word `fn` and the name there may be the type of a method.
        let place = defined.find_map(|at| {
            (at + 1..at + 4).find(|at| text(*at) == function.name && text(at + 1) == "(")
        });
        return Err(at_token(source, place, library::taken(function.name)));
    }
    let is_method = |name: &str| {
        (1..tokens.len()).any(|at| text(at - 1) == "." && text(at) == name && text(at + 1) == "(")
    };
    for (at, token) in tokens.iter().enumerate() {
        let key = match token.kind {
            Kind::Word => text(at),
            Kind::Text => text(at).trim_matches(['"', '`', '#']),
            _ => continue,
        };
        let is_key = text(at + 1) == ":" && text(at + 2) != ":";
        if is_key && key.contains('\\') {
            let message = format!("the key `{key}` of a map is written with a backslash");
            return Err(at_token(source, Some(at), fault(message)));
        }
        if is_key && names.contain(key) && is_method(key) {
            return Err(at_token(source, Some(at), library::taken(key)));
        }
    }
    Ok(())
}

/// An error at a token.
fn at_token(source: &Source, token: Option<usize>, mut error: Fault) -> Fault {
    if let Some((line, column)) = token.and_then(|token| source.position(token)) {
        error.set_position(Position::new(line, column));
    }
    error
}

fn engine(session: &Shared) -> (Engine, Names) {
    let mut engine = Engine::new_raw();
    limits::bound(&mut engine);
    // The engine's own operators are never used: `1 / 3` must be a third, also when it is folded at compile time, and
    // what has no order must be refused.
    engine
        .set_fast_operators(false)
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true);
    for symbol in [
        "eval",
        "curry",
        "Fn",
        "try",
        "catch",
        "throw",
        "switch",
        "this",
        "type_of",
        "is_shared",
        "is_def_var",
        "is_def_fn",
        "^",
        "&",
        "<<",
        ">>",
        "/=",
        "%=",
        "**=",
        "^=",
        "&=",
        "|=",
        "<<=",
        ">>=",
    ] {
        engine.disable_symbol(symbol);
    }
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    engine.register_type_with_name::<value::Exact>("number");
    engine.register_type_with_name::<value::Computed>("computed number");
    engine.register_type_with_name::<value::Polynomial>("polynomial");
    engine.register_type_with_name::<value::Net>("network");
    engine.register_type_with_name::<fact::Fact>("fact");
    engine.register_iterator::<Array>();
    engine.register_iterator::<Range<INT>>();
    engine.register_iterator::<RangeInclusive<INT>>();
    let mut library = Library::new(&mut engine, session);
    session::register_verbs(&mut library, session);
    bind::register(&mut library, session);
    let names = library.names();
    (engine, names)
}
