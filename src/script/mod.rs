#![doc = include_str!("guide.md")]

mod bind;
mod fact;
mod files;
mod limits;
mod literal;
mod network_text;
mod session;
mod transcript;
mod value;

pub use limits::{
    MAX_BITS, MAX_CALL_DEPTH, MAX_ELEMENTS, MAX_OPERATIONS, MAX_STRING, MAX_SYNAPSES, MAX_TERMS,
    MAX_UNITS, MAX_WORK,
};
pub use literal::literals;
pub use network_text::{parse_activation, parse_network};
pub use transcript::{Outcome, Step, Transcript, Verb, Verdict, worst};

use std::path::PathBuf;

use rhai::packages::{
    BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicStringPackage, LogicPackage,
    Package,
};
use rhai::{Engine, OptimizationLevel};

use session::{Session, Shared};

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
/// Never fails: what is wrong with the script is the [`Outcome`] of its transcript. Deterministic, bounded in time and
/// memory, and without access to files other than the networks of the [`Options`].
///
/// ```
/// use synaptic_balance::script::{Options, Outcome, run};
/// let transcript = run(r#"show("a third", 3 * (1 / 3), "==", 1); qed();"#, Options::default());
/// assert_eq!(transcript.outcome, Outcome::Proved);
/// ```
pub fn run(source: &str, options: Options) -> Transcript {
    let session = Session::new(options);
    let engine = engine(&session);
    let exact = literal::exact_literals(source);
    let result = match engine.compile(&exact) {
        Ok(script) => match script
            .iter_functions()
            .find(|function| is_reserved(function.name))
        {
            None => engine.run_ast(&script),
            Some(function) => Err(limits::fault(format!(
                "`{}` is a function of the language and cannot be defined again",
                function.name
            ))),
        },
        Err(error) => Err(error.into()),
    };
    session.finish(result)
}

/// Is this the name of a function that a reader of scripts relies on? The guide lists them all, and a test sees to that.
fn is_reserved(name: &str) -> bool {
    const GUIDE: &str = include_str!("guide.md");
    name == "to_string" || GUIDE.contains(&format!("`{name}("))
}

fn engine(session: &Shared) -> Engine {
    let mut engine = Engine::new_raw();
    for package in [
        LogicPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(package);
    }
    limits::bound(&mut engine);
    // The engine's own integer operators are used only where none is registered: `1 / 3` must be a third, also
    // when it is folded at compile time and in `x /= 3`.
    engine
        .set_fast_operators(false)
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true);
    for symbol in [
        "eval", "curry", "Fn", "try", "catch", "throw", "^", "&", "<<", ">>", "/=", "%=", "**=",
        "^=", "&=", "|=", "<<=", ">>=",
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
    session::register_verbs(&mut engine, session);
    bind::register(&mut engine, session);
    engine
}
