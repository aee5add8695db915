//! The state of a run, and the verbs that write to it.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext, Position};

use super::fact::{Fact, State};
use super::limits::{Fault, MAX_STEPS, Work, fault};
use super::transcript::{Outcome, Step, Transcript, Verb, Verdict};
use super::value::Value;
use crate::script::Options;

/// What the functions of one run share.
#[derive(Debug)]
pub struct Session {
    /// The work done.
    pub work: Work,
    /// What may be read.
    pub options: Options,
    steps: RefCell<Vec<Step>>,
}

/// A session, shared by the engine's functions.
pub type Shared = Rc<Session>;

impl Session {
    /// Nothing has been said yet.
    pub fn new(options: Options) -> Shared {
        Rc::new(Session {
            work: Work::default(),
            options,
            steps: RefCell::default(),
        })
    }

    fn record(&self, mut step: Step) -> Result<(), Fault> {
        for part in [&mut step.text, &mut step.claim, &mut step.detail] {
            *part = one_line(part);
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
        let failed = step.verdict == Verdict::Failed;
        let length = step.text.len() + step.claim.len() + step.detail.len();
        steps.push(step);
        if failed {
            // Scripts cannot catch a termination, so a failed claim is the last step.
            return Err(Box::new(EvalAltResult::ErrorTerminated(
                Dynamic::UNIT,
                Position::NONE,
            )));
        }
        self.work.charge(length as u64)
    }

    /// Closes the run.
    pub fn finish(&self, result: Result<(), Fault>) -> Transcript {
        let steps = self.steps.take();
        let failed = steps.iter().any(|step| step.verdict == Verdict::Failed);
        let unproved: Vec<String> = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.verdict == Verdict::Unproved)
            .map(|(index, _)| (index + 1).to_string())
            .collect();
        let outcome = match result {
            _ if failed => Outcome::Failed,
            Err(error) => explain(*error),
            Ok(()) if steps.last().map(|step| step.verb) != Some(Verb::Qed) => {
                Outcome::Incomplete("the script does not end with qed()".to_string())
            }
            Ok(()) if !unproved.is_empty() => {
                Outcome::Incomplete(format!("not proved: step {}", unproved.join(", ")))
            }
            Ok(())
                if !steps
                    .iter()
                    .any(|step| matches!(step.verb, Verb::Show | Verb::Refute)) =>
            {
                Outcome::Incomplete("the script claims nothing".to_string())
            }
            Ok(()) => Outcome::Proved,
        };
        let name = self.options.name.clone();
        Transcript {
            name,
            steps,
            outcome,
        }
    }
}

/// A text that cannot pass for other lines of the transcript.
fn one_line(text: &str) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// The line and the words of an error, innermost where script functions call one another.
fn explain(error: EvalAltResult) -> Outcome {
    let outer = error.position().line();
    let mut inner = innermost(error);
    let line = inner.take_position().line().or(outer);
    let message = match &inner {
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        EvalAltResult::ErrorTooManyOperations(_) => "the script runs too long".to_string(),
        other => other.to_string(),
    };
    Outcome::Faulty { line, message }
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

fn say(
    session: &Session,
    place: Position,
    verb: Verb,
    text: &str,
    fact: &Fact,
) -> Result<(), Fault> {
    let verdict = match (verb, fact.state()) {
        (Verb::Assume | Verb::Show, State::Verified) => Verdict::Verified,
        (Verb::Refute, State::Refuted(_)) => Verdict::Refuted,
        (_, State::Unproved(_)) | (Verb::Refute, State::Refused(_)) => Verdict::Unproved,
        _ => Verdict::Failed,
    };
    let detail = match fact.state() {
        State::Verified if verdict == Verdict::Failed => "the claim is true".to_string(),
        State::Verified => String::new(),
        State::Refuted(why) | State::Refused(why) | State::Unproved(why) => why.clone(),
    };
    session.record(Step {
        line: place.line().unwrap_or(0),
        verb,
        text: text.to_string(),
        claim: fact.claim().to_string(),
        how: fact.how().to_string(),
        detail,
        verdict,
    })
}

fn remark(
    session: &Session,
    place: Position,
    verb: Verb,
    text: &str,
    verdict: Verdict,
) -> Result<(), Fault> {
    session.record(Step {
        line: place.line().unwrap_or(0),
        verb,
        text: text.to_string(),
        claim: String::new(),
        how: String::new(),
        detail: String::new(),
        verdict,
    })
}

/// Registers `note`, `assume`, `show`, `refute` and `qed`.
pub fn register_verbs(engine: &mut Engine, session: &Shared) {
    for verb in [Verb::Assume, Verb::Show, Verb::Refute] {
        let shared = session.clone();
        let claim = move |context: NativeCallContext, text: &str, value: Dynamic| {
            say(
                &shared,
                context.call_position(),
                verb,
                text,
                &claim_of(&value)?,
            )
        };
        engine.register_fn(verb.name(), claim);
        let shared = session.clone();
        let sides = move |context: NativeCallContext,
                          text: &str,
                          left: Dynamic,
                          operator: &str,
                          right: Dynamic| {
            let (left, right) = (Value::read(&left)?, Value::read(&right)?);
            let fact = Fact::comparison(&left, operator, &right)?;
            say(&shared, context.call_position(), verb, text, &fact)
        };
        engine.register_fn(verb.name(), sides);
    }
    for (verb, verdict) in [
        (Verb::Note, Verdict::Said),
        (Verb::Assume, Verdict::Assumed),
    ] {
        let shared = session.clone();
        let remark = move |context: NativeCallContext, text: &str| {
            remark(&shared, context.call_position(), verb, text, verdict)
        };
        engine.register_fn(verb.name(), remark);
    }
    let shared = session.clone();
    let qed = move |context: NativeCallContext| {
        remark(
            &shared,
            context.call_position(),
            Verb::Qed,
            "the proof ends",
            Verdict::Said,
        )
    };
    engine.register_fn(Verb::Qed.name(), qed);
}
