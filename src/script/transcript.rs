//! The record of a run: what was claimed, how it was checked, and how the run ended.

use std::fmt;

use serde_json::{Value as Json, json};

use crate::network::one_line;

/// A number of things.
fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

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
pub enum Standing {
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

impl Standing {
    /// The word in transcripts.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Verified => "verified",
            Standing::Refuted => "refuted",
            Standing::Assumed => "assumed",
            Standing::Unproved => "UNPROVED",
            Standing::Failed => "FAILED",
            Standing::Said => "",
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
    /// The claim as the script writes it; empty if there is none.
    pub expression: String,
    /// The claim with its exact values; empty if there is none.
    pub claim: String,
    /// How it was checked; empty if nothing was.
    pub how: String,
    /// Both sides where the claim is false, or why it is unproved; else empty.
    pub detail: String,
    /// What a claim that holds leaves open: that a proposal is the limit of what proposed it, or that anything computed
    /// was compared; else empty.
    pub left_open: String,
    /// What became of it.
    pub verdict: Standing,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every claim holds, and the script says `qed`. What a claim says in words is not judged.
    Checked,
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

impl Ending {
    /// The exit code: 0 checked, 1 failed, 2 faulty, 3 incomplete.
    pub fn exit_code(&self) -> u8 {
        match self {
            Ending::Checked => 0,
            Ending::Failed => 1,
            Ending::Faulty { .. } => 2,
            Ending::Incomplete(_) => 3,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Ending::Checked => "checked",
            Ending::Failed => "failed",
            Ending::Faulty { .. } => "faulty",
            Ending::Incomplete(_) => "incomplete",
        }
    }
}

/// The exit code of several runs: the worst, an error before a false claim before an incomplete proof. A script that
/// does not run says nothing of its claim, so it must not pass for a claim that was judged.
///
/// ```
/// use synaptic_balance::script::{Ending, worst};
/// let faulty = Ending::Faulty { line: None, message: String::new() };
/// assert_eq!(worst([&Ending::Checked, &Ending::Failed, &faulty]), 2);
/// assert_eq!(worst([]), 0);
/// ```
pub fn worst<'a>(outcomes: impl IntoIterator<Item = &'a Ending>) -> u8 {
    let rank = |code: &u8| [0, 2, 3, 1][usize::from(code % 4)];
    let codes = outcomes.into_iter().map(Ending::exit_code);
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
    pub outcome: Ending,
    /// The lines where the script looks at a proposal other than in a claim, so that what follows may depend on it.
    pub looked_at: Vec<usize>,
    /// The work done, of [`MAX_WORK`](super::MAX_WORK): the same on every machine.
    pub work: u64,
}

impl Transcript {
    /// The number of steps with a verdict.
    pub fn count(&self, verdict: Standing) -> usize {
        let steps = self.steps.iter();
        steps.filter(|step| step.verdict == verdict).count()
    }

    /// The number of claims that hold as the script says.
    pub fn claims(&self) -> usize {
        self.count(Standing::Verified) + self.count(Standing::Refuted)
    }

    /// What a reader of the outcome has to know besides: hypotheses in words, which no claim can use; claims that
    /// compare nothing computed; proposals that the script looked at.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let number = index + 1;
            if step.verdict == Standing::Assumed {
                let words = &step.text;
                remarks.push(format!(
                    "no claim uses the hypothesis in words of step {number}: {words}"
                ));
            }
            if step.left_open.starts_with("both sides") {
                remarks.push(format!("of step {number}, {}", step.left_open));
            }
        }
        for line in &self.looked_at {
            remarks.push(format!(
                "line {line} looks at a value that a solver proposed: what follows may depend on it"
            ));
        }
        remarks
    }

    /// The transcript as data.
    pub fn to_json(&self) -> Json {
        let steps = self.steps.iter().enumerate().map(|(index, step)| {
            json!({
                "number": index + 1, "line": step.line, "verb": step.verb.name(), "text": step.text,
                "expression": step.expression, "claim": step.claim, "left_open": step.left_open, "checked_by": step.how, "detail": step.detail,
                "verdict": step.verdict.name().to_lowercase(),
            })
        });
        let (line, message) = self.ending();
        json!({
            "script": self.name, "outcome": self.outcome.name(), "exit_code": self.outcome.exit_code(),
            "line": line, "message": message, "remarks": self.remarks(), "claims": self.claims(), "verified": self.count(Standing::Verified),
            "refuted": self.count(Standing::Refuted), "assumed": self.count(Standing::Assumed),
            "unproved": self.count(Standing::Unproved), "steps": steps.collect::<Vec<_>>(),
        })
    }

    /// The line of the ending, where it has one, and its words.
    fn ending(&self) -> (Option<usize>, String) {
        match &self.outcome {
            Ending::Checked => {
                let (shown, refuted) = (
                    self.count(Standing::Verified),
                    self.count(Standing::Refuted),
                );
                let claims = counted(self.claims(), "claim");
                (
                    None,
                    format!(
                        "checked: {claims} ({shown} verified, {refuted} refuted), as expressions and values, not as words"
                    ),
                )
            }
            Ending::Failed => match self.steps.last() {
                Some(step) => (Some(step.line), format!("{}: {}", step.text, step.detail)),
                None => (None, String::new()),
            },
            Ending::Faulty { line, message } => (*line, message.clone()),
            Ending::Incomplete(reason) => (None, reason.clone()),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, line) = (self.verb.name(), self.line);
        write!(f, "{verb:<6} line {line}: {}", self.text)?;
        if self.expression != self.claim && !self.expression.is_empty() {
            write!(f, "\n        {}", self.expression)?;
        }
        if !self.claim.is_empty() {
            write!(f, "\n        {}", self.claim)?;
        }
        let verdict = self.verdict.name();
        match (verdict, self.how.as_str()) {
            ("", _) => {}
            (_, "") => write!(f, "\n        {verdict}")?,
            (_, how) => write!(f, "\n        {verdict} by {how}")?,
        }
        for (mark, part) in [(": ", &self.detail), ("; ", &self.left_open)] {
            let mark = if self.detail.is_empty() { ": " } else { mark };
            if !part.is_empty() {
                write!(f, "{mark}{part}")?;
            }
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
            Ending::Checked => writeln!(f, "{message}")?,
            _ => writeln!(f, "{place}: {}: {message}", self.outcome.name())?,
        }
        self.remarks()
            .iter()
            .try_for_each(|remark| writeln!(f, "        {remark}"))
    }
}
