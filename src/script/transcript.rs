//! The record of a run: what was claimed, how it was checked, and how the run ended.

use std::fmt;

use serde_json::{Value as Json, json};

use crate::network::one_line;

/// What a step of a transcript is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A remark.
    Note,
    /// A hypothesis.
    Assume,
    /// A claim said to be true.
    Show,
    /// A claim said to be false.
    Refute,
    /// The end of the proof.
    Qed,
}

impl Verb {
    /// The word in scripts and transcripts.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Note => "note",
            Verb::Assume => "assume",
            Verb::Show => "show",
            Verb::Refute => "refute",
            Verb::Qed => "qed",
        }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Shown true by the kernel, the symbolic engine or an exact comparison.
    Verified,
    /// Shown false by the same.
    Refuted,
    /// Taken as given.
    Assumed,
    /// Not proved: computed in floating point, or without evidence.
    Unproved,
    /// The opposite of what the step said.
    Failed,
    /// Nothing was claimed.
    Said,
}

impl Verdict {
    /// The word in transcripts.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Refuted => "refuted",
            Verdict::Assumed => "assumed",
            Verdict::Unproved => "UNPROVED",
            Verdict::Failed => "FAILED",
            Verdict::Said => "",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the script.
    pub line: usize,
    /// What the step is.
    pub verb: Verb,
    /// What it says, in the script's words.
    pub text: String,
    /// The claim with its exact values; empty if there is none.
    pub claim: String,
    /// How it was checked; empty if nothing was.
    pub how: String,
    /// Both sides where the claim is false, or why it is unproved; else empty.
    pub detail: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every claim was verified, and the script says `qed`.
    Proved,
    /// A claim failed; it is the last step.
    Failed,
    /// The script is wrong: an error of syntax, of its run, or of a bound.
    Faulty {
        /// The line, if it is known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// No claim failed, but not everything was proved; the reason.
    Incomplete(String),
}

impl Outcome {
    /// The exit code: 0 proved, 1 failed, 2 faulty, 3 incomplete.
    pub fn exit_code(&self) -> u8 {
        match self {
            Outcome::Proved => 0,
            Outcome::Failed => 1,
            Outcome::Faulty { .. } => 2,
            Outcome::Incomplete(_) => 3,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Outcome::Proved => "proved",
            Outcome::Failed => "failed",
            Outcome::Faulty { .. } => "faulty",
            Outcome::Incomplete(_) => "incomplete",
        }
    }
}

/// The exit code of several runs: the worst, an error before a false claim before an incomplete proof. A script that
/// does not run says nothing of its claim, so it must not pass for a claim that was judged.
///
/// ```
/// use synaptic_balance::script::{Outcome, worst};
/// let faulty = Outcome::Faulty { line: None, message: String::new() };
/// assert_eq!(worst([&Outcome::Proved, &Outcome::Failed, &faulty]), 2);
/// assert_eq!(worst([]), 0);
/// ```
pub fn worst<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> u8 {
    let rank = |code: &u8| [0, 2, 3, 1][usize::from(code % 4)];
    let codes = outcomes.into_iter().map(Outcome::exit_code);
    codes.max_by_key(rank).unwrap_or(0)
}

/// A run, printed as numbered steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The script's name, as given.
    pub name: String,
    /// The steps, in the order in which they ran.
    pub steps: Vec<Step>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Transcript {
    /// The number of steps with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let steps = self.steps.iter();
        steps.filter(|step| step.verdict == verdict).count()
    }

    /// The transcript as data.
    pub fn to_json(&self) -> Json {
        let steps = self.steps.iter().enumerate().map(|(index, step)| {
            json!({
                "number": index + 1, "line": step.line, "verb": step.verb.name(), "text": step.text,
                "claim": step.claim, "checked_by": step.how, "detail": step.detail,
                "verdict": step.verdict.name().to_lowercase(),
            })
        });
        let (line, message) = self.ending();
        json!({
            "script": self.name, "outcome": self.outcome.name(), "exit_code": self.outcome.exit_code(),
            "line": line, "message": message, "verified": self.count(Verdict::Verified),
            "refuted": self.count(Verdict::Refuted), "assumed": self.count(Verdict::Assumed),
            "unproved": self.count(Verdict::Unproved), "steps": steps.collect::<Vec<_>>(),
        })
    }

    /// The line of the ending, where it has one, and its words.
    fn ending(&self) -> (Option<usize>, String) {
        match &self.outcome {
            Outcome::Proved => {
                let (shown, refuted) =
                    (self.count(Verdict::Verified), self.count(Verdict::Refuted));
                let assumed = match self.count(Verdict::Assumed) {
                    0 => String::new(),
                    assumed => format!(", under {assumed} assumed"),
                };
                (
                    None,
                    format!("proved: {shown} verified, {refuted} refuted{assumed}"),
                )
            }
            Outcome::Failed => match self.steps.last() {
                Some(step) => (Some(step.line), format!("{}: {}", step.text, step.detail)),
                None => (None, String::new()),
            },
            Outcome::Faulty { line, message } => (*line, message.clone()),
            Outcome::Incomplete(reason) => (None, reason.clone()),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, line) = (self.verb.name(), self.line);
        write!(f, "{verb:<6} line {line}: {}", self.text)?;
        if !self.claim.is_empty() {
            write!(f, "\n        {}", self.claim)?;
        }
        let verdict = self.verdict.name();
        match (verdict, self.how.as_str()) {
            ("", _) => {}
            (_, "") => write!(f, "\n        {verdict}")?,
            (_, how) => write!(f, "\n        {verdict} by {how}")?,
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", one_line(&self.name))?;
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:>4}  {step}", index + 1)?;
        }
        let (line, message) = self.ending();
        let place = match line {
            Some(line) => format!("{}:{line}", one_line(&self.name)),
            None => one_line(&self.name).into_owned(),
        };
        match self.outcome {
            Outcome::Proved => writeln!(f, "{message}"),
            _ => writeln!(f, "{place}: {}: {message}", self.outcome.name()),
        }
    }
}
