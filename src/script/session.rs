//! The state of a run, and the verbs that write to it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, NativeCallContext, Position};

use super::fact::{Fact, State};
use super::library::Library;
use super::limits::{Fault, MAX_STEPS, Work, fault};
use super::provenance::{Origin, origin};
use super::source::{Argument, Source};
use super::transcript::{Ending, Standing, Step, Transcript, Verb};
use super::value::Value;
use crate::network::one_line;
use crate::script::Options;

/// What the functions of one run share.
#[derive(Debug)]
pub struct Session {
    /// The work done.
    pub work: Work,
    /// What may be read.
    pub options: Options,
    /// The script.
    pub source: Source,
    steps: RefCell<Vec<Step>>,
    /// An error that the engine would have passed over, with its line.
    refused: RefCell<Option<(Option<usize>, String)>>,
    /// The lines where a script looks at a proposal other than in a claim.
    looked_at: RefCell<BTreeSet<usize>>,
}

/// A session, shared by the engine's functions.
pub type Shared = Rc<Session>;

impl Session {
    /// Nothing has been said yet.
    pub fn new(source: Source, options: Options) -> Shared {
        Rc::new(Session {
            work: Work::default(),
            options,
            source,
            steps: RefCell::default(),
            refused: RefCell::default(),
            looked_at: RefCell::default(),
        })
    }

    /// Ends the run at the next use of a variable or a function: the engine itself puts a text in place of an error
    /// where it writes a value into a text.
    pub fn refuse(&self, place: Position, error: &EvalAltResult) {
        let mut refused = self.refused.borrow_mut();
        refused.get_or_insert_with(|| (place.line(), words(error)));
    }

    /// Fails if something was refused.
    ///
    /// # Errors
    /// What was refused.
    pub fn standing(&self) -> Result<(), Fault> {
        match &*self.refused.borrow() {
            Some((_, message)) => Err(fault(message.clone())),
            None => Ok(()),
        }
    }

    /// A truth value or a text was made of a proposal, and what a script does next may depend on it.
    pub fn looks_at_proposal(&self, place: Position) {
        let line = place.line().unwrap_or(0);
        self.looked_at.borrow_mut().insert(line);
    }

    fn record(&self, mut step: Step) -> Result<(), Fault> {
        let parts = [
            &mut step.text,
            &mut step.expression,
            &mut step.claim,
            &mut step.detail,
            &mut step.left_open,
        ];
        for part in parts {
            *part = one_line(part).into_owned();
        }
        let mut steps = self.steps.borrow_mut();
        if steps.iter().any(|step| step.verb == Verb::Qed) {
            return Err(fault(format!(
                "nothing can follow qed(), not even {}()",
                step.verb.name()
            )));
        }
        if steps.len() >= MAX_STEPS {
            return Err(fault(format!("a transcript has at most {MAX_STEPS} steps")));
        }
        let failed = step.verdict == Standing::Failed;
        let length = step.text.len() + step.claim.len() + step.detail.len() + step.expression.len();
        steps.push(step);
        if failed {
            // Scripts cannot catch a termination, so a failed claim is the last step.
            return Err(Box::new(EvalAltResult::ErrorTerminated(
                Dynamic::UNIT,
                Position::NONE,
            )));
        }
        // Kept here, in the printed text and in the data.
        self.work.charge(8 * length as u64)
    }

    /// Closes the run.
    pub fn finish(&self, result: Result<(), Fault>) -> Transcript {
        let steps = self.steps.take();
        let failed = steps.iter().any(|step| step.verdict == Standing::Failed);
        let unproved: Vec<String> = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.verdict == Standing::Unproved)
            .map(|(index, _)| (index + 1).to_string())
            .collect();
        let outcome = match result {
            _ if failed => Ending::Failed,
            _ if self.refused.borrow().is_some() => self.refusal(),
            Err(error) => explain(*error),
            Ok(()) if steps.last().map(|step| step.verb) != Some(Verb::Qed) => {
                Ending::Incomplete("the script does not end with qed()".to_string())
            }
            Ok(()) if !unproved.is_empty() => {
                Ending::Incomplete(format!("not proved: step {}", unproved.join(", ")))
            }
            Ok(())
                if !steps
                    .iter()
                    .any(|step| matches!(step.verb, Verb::Show | Verb::Refute)) =>
            {
                Ending::Incomplete("the script claims nothing".to_string())
            }
            Ok(()) => Ending::Checked,
        };
        Transcript {
            name: one_line(&self.options.name).into_owned(),
            steps,
            outcome,
            looked_at: self.looked_at.take().into_iter().collect(),
            work: self.work.done(),
        }
    }

    fn refusal(&self) -> Ending {
        let (line, message) = self.refused.take().unwrap_or_default();
        Ending::Faulty { line, message }
    }

    /// Records a remark.
    ///
    /// # Errors
    /// What follows `qed`, and what is beyond the bounds.
    pub fn remark(&self, place: Position, text: &str) -> Result<(), Fault> {
        remark(self, place, Verb::Note, text, Standing::Said)
    }

    /// The arguments of a claim as they were written.
    fn written(&self, verb: Verb, place: Position, count: usize) -> Vec<Argument> {
        let found = place.line().zip(place.position());
        let found = found
            .and_then(|(line, column)| self.source.arguments(verb.name(), line, column, count));
        found.unwrap_or_default()
    }
}

/// The line and the words of an error, innermost where script functions call one another.
fn explain(error: EvalAltResult) -> Ending {
    let outer = error.position().line();
    let mut inner = innermost(error);
    let line = inner.take_position().line().or(outer);
    let message = one_line(&words(&inner)).into_owned();
    Ending::Faulty { line, message }
}

fn words(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        EvalAltResult::ErrorTooManyOperations(_) => "the script runs too long".to_string(),
        other => other.to_string(),
    }
}

fn innermost(error: EvalAltResult) -> EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(.., inner, _) => innermost(*inner),
        error => error,
    }
}

/// A claim as a verb takes it: a fact, or something that is none and proves nothing.
fn claim_of(value: &Dynamic) -> Result<Fact, Fault> {
    if let Some(fact) = value.read_lock::<Fact>() {
        return Ok(fact.clone());
    }
    match value.as_bool() {
        Ok(value) => Ok(Fact::unproved(
            "the script itself",
            value.to_string(),
            "a truth value carries no evidence; give both sides, as in show(text, left, \"==\", right)",
        )),
        Err(_) => Err(fault(
            "a claim is a fact, or two sides with a comparison between them",
        )),
    }
}

/// Where a claim stands, what it says in words, how it is written, and where its values come from.
struct Place<'a> {
    at: Position,
    verb: Verb,
    text: &'a str,
    expression: String,
    /// What is said of a claim that holds.
    left_open: String,
}

fn say(session: &Session, place: Place, fact: &Fact) -> Result<(), Fault> {
    let verdict = match (place.verb, fact.state()) {
        (Verb::Assume | Verb::Show, State::Verified) => Standing::Verified,
        (Verb::Refute, State::Refuted(_)) => Standing::Refuted,
        (_, State::Unproved(_)) | (Verb::Refute, State::Refused(_)) => Standing::Unproved,
        _ => Standing::Failed,
    };
    let detail = match fact.state() {
        State::Verified if verdict == Standing::Failed => "the claim is true".to_string(),
        State::Verified => String::new(),
        State::Refuted(why) | State::Refused(why) | State::Unproved(why) => why.clone(),
    };
    let holds = matches!(verdict, Standing::Verified | Standing::Refuted);
    session.record(Step {
        line: place.at.line().unwrap_or(0),
        verb: place.verb,
        text: place.text.to_string(),
        expression: place.expression,
        claim: fact.claim().to_string(),
        how: fact.how().to_string(),
        detail,
        left_open: if holds {
            place.left_open
        } else {
            String::new()
        },
        verdict,
    })
}

fn remark(
    session: &Session,
    place: Position,
    verb: Verb,
    text: &str,
    verdict: Standing,
) -> Result<(), Fault> {
    session.record(Step {
        line: place.line().unwrap_or(0),
        verb,
        text: text.to_string(),
        expression: String::new(),
        claim: String::new(),
        how: String::new(),
        detail: String::new(),
        left_open: String::new(),
        verdict,
    })
}

/// What a comparison that holds leaves open.
fn left_open(
    sides: [&Dynamic; 2],
    values: [&Value; 2],
    equal: bool,
    written: &[Argument],
) -> String {
    let [left, right] = sides.map(origin);
    if let Some(from) = left.max(right) {
        let other = if left.is_some() { values[1] } else { values[0] };
        let open = from.left_open();
        return match equal {
            true => format!("the proposal equals {other}, {open}"),
            false => format!("said of the proposal, {open}"),
        };
    }
    match written {
        [left, _, right] if left.constant && right.constant => {
            "both sides are written down as constants".to_string()
        }
        [left, _, right] if left.text == right.text => {
            "both sides are the same expression".to_string()
        }
        _ => String::new(),
    }
}

/// Registers `note`, `assume`, `show`, `refute` and `qed`.
pub fn register_verbs(library: &mut Library, session: &Shared) {
    for verb in [Verb::Assume, Verb::Show, Verb::Refute] {
        register_claims(library, session, verb);
    }
    for (verb, verdict) in [
        (Verb::Note, Standing::Said),
        (Verb::Assume, Standing::Assumed),
    ] {
        let shared = session.clone();
        let remark = move |context: NativeCallContext, text: &str| {
            remark(&shared, context.call_position(), verb, text, verdict)
        };
        library.register_fn(verb.name(), remark);
    }
    let shared = session.clone();
    let qed = move |context: NativeCallContext| {
        remark(
            &shared,
            context.call_position(),
            Verb::Qed,
            "the script ends",
            Standing::Said,
        )
    };
    library.register_fn(Verb::Qed.name(), qed);
}

fn register_claims(library: &mut Library, session: &Shared, verb: Verb) {
    let shared = session.clone();
    let claim = move |context: NativeCallContext, text: &str, value: Dynamic| {
        let at = context.call_position();
        let written = shared.written(verb, at, 1);
        let place = Place {
            at,
            verb,
            text,
            expression: texts(&written).join(" "),
            left_open: origin(&value).map_or(String::new(), |from: Origin| {
                format!("said of the proposal, {}", from.left_open())
            }),
        };
        say(&shared, place, &claim_of(&value)?)
    };
    library.register_fn(verb.name(), claim);
    let shared = session.clone();
    let sides = move |context: NativeCallContext,
                      text: &str,
                      left: Dynamic,
                      operator: &str,
                      right: Dynamic| {
        let at = context.call_position();
        let sides = [&left, &right];
        let (left, right) = (Value::read(&left)?, Value::read(&right)?);
        let fact = Fact::comparison(&left, operator, &right, &shared.work)?;
        let written = shared.written(verb, at, 3);
        let expression = match texts(&written).as_slice() {
            [left, _, right] => format!("{left} {operator} {right}"),
            _ => String::new(),
        };
        let place = Place {
            at,
            verb,
            text,
            expression,
            left_open: left_open(
                sides,
                [&left, &right],
                operator == "==" && verb != Verb::Refute,
                &written,
            ),
        };
        say(&shared, place, &fact)
    };
    library.register_fn(verb.name(), sides);
}

fn texts(written: &[Argument]) -> Vec<&str> {
    written
        .iter()
        .map(|argument| argument.text.as_str())
        .collect()
}
