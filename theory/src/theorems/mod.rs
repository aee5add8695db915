//! The theory as a catalogue: every statement with its place, its hypotheses, its status and a check that runs.
//!
//! | room | what it is about | source |
//! |---|---|---|
//! | `units` | which units can be scaled | Section 2 |
//! | `one-unit` | scaling and balancing one unit | Section 3 |
//! | `architectures` | recurrent, tied, mixed and pass-through structures | Section 4 |
//! | `local-to-global` | the manifold, the convex problem, convergence and certificates | Section 5 |
//! | `learning` | gradients, stationary points, deficits | Section 6 |
//! | `errata` | what fails as printed, with the smallest counterexample and what holds instead | all |
//!
//! One name leads everywhere: the id `thm-5.1` names the entry here, the proof script
//! `proofs/local-to-global/thm-5.1.rhai`, the snapshots and the row of the table in THEOREMS.md. The simulations of
//! Section 6 are claims about data, not theorems, and are not in the catalogue.
//!
//! A check writes into a [`Ledger`]: only a comparison that could have failed makes [`Evidence`]. Evidence says of
//! itself what it is ([`Kind`]): an identity proved for all values is not the same as agreement on a thousand
//! random networks, and neither is called the other. Randomness comes from fixed seeds, so that every run finds the
//! same; texts hold exact values only.
//!
//! Where the statement differs from the paper's, the page `divergences` of the crate `synaptic_balance` says why.
//!
//! ```
//! use synaptic_balance::theorems;
//! let verdicts = theorems::run(&["E1"]).unwrap();
//! assert!(verdicts[0].outcome.is_ok());
//! assert!(theorems::run(&["E99"]).is_err());
//! ```

mod architectures;
mod errata;
mod gallery;
pub mod hunt;
mod learning;
mod ledger;
mod local_to_global;
mod one_unit;
mod support;
mod table;
mod units;

pub use ledger::{Evidence, Failure, Kind, Ledger};
pub use table::{BEGIN, END, verified_properties};

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread;
use thiserror::Error;

/// The part of the theory that a statement belongs to, and the folder of its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Section 2.
    Units,
    /// Section 3.
    OneUnit,
    /// Section 4.
    Architectures,
    /// Section 5.
    LocalToGlobal,
    /// Section 6.
    Learning,
    /// What fails as printed.
    Errata,
}

impl Room {
    /// The rooms in the order of the theory.
    pub const ALL: [Room; 6] = [
        Room::Units,
        Room::OneUnit,
        Room::Architectures,
        Room::LocalToGlobal,
        Room::Learning,
        Room::Errata,
    ];

    /// The name of the folder in `proofs/`.
    pub fn folder(self) -> &'static str {
        match self {
            Room::Units => "units",
            Room::OneUnit => "one-unit",
            Room::Architectures => "architectures",
            Room::LocalToGlobal => "local-to-global",
            Room::Learning => "learning",
            Room::Errata => "errata",
        }
    }

    /// The heading in tables.
    pub fn title(self) -> &'static str {
        match self {
            Room::Units => "Units that can be scaled",
            Room::OneUnit => "One unit",
            Room::Architectures => "Architectures",
            Room::LocalToGlobal => "From local to global",
            Room::Learning => "Learning",
            Room::Errata => "Errata",
        }
    }
}

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// True as stated.
    Holds,
    /// True with the correction that the entry states.
    HoldsAsCorrected,
    /// False as printed; the entry states what holds instead.
    RefutedAsPrinted,
    /// No sentence says it, but it follows from a definition as it is given, and is false; the entry states what holds
    /// instead.
    RefutedAsDefined,
}

impl Status {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Holds => "holds",
            Status::HoldsAsCorrected => "holds as corrected",
            Status::RefutedAsPrinted => "refuted as printed",
            Status::RefutedAsDefined => "refuted as defined",
        }
    }
}

/// A proof in Coq, for all networks and not for instances, compiled by `proofs/check`.
///
/// Its file, `proofs/ROOM/ID.v`, holds the entry's words at its head, and `snapshots/proof_assumptions.txt` what its
/// theorems assume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneralProof {
    /// The theorems in it that are meant; the first has the entry's name, with `_` for `-` and `.`.
    pub theorems: &'static [&'static str],
    /// What they prove, in words: the object that they speak of, and its hypotheses.
    pub proves: &'static str,
    /// What of the entry's statement they do not prove; empty if nothing.
    pub open: &'static str,
}

/// A statement of the theory.
#[derive(Debug, Clone, Copy)]
pub struct Theorem {
    /// Its one name.
    pub id: &'static str,
    /// The part of the theory.
    pub room: Room,
    /// A few words.
    pub title: &'static str,
    /// The statement; for an erratum, as printed.
    pub statement: &'static str,
    /// What it needs; empty if nothing.
    pub hypotheses: &'static str,
    /// Where it stands in the paper, or `ours`.
    pub place: &'static str,
    /// What became of it.
    pub status: Status,
    /// What holds instead; present unless the status is [`Status::Holds`].
    pub corrected: Option<&'static str>,
    /// The kinds of evidence that the check finds, in order.
    pub kinds: &'static [Kind],
    /// Is there a proof script, `proofs/ROOM/ID.rhai`?
    pub scripted: bool,
    /// A proof for all cases that a proof assistant checks; where there is none, that is open.
    pub general_proof: Option<GeneralProof>,
    /// Runs the check.
    pub check: fn(&mut Ledger) -> Result<(), Failure>,
}

impl Theorem {
    /// The proof script, from the root of the repository.
    pub fn script(&self) -> Option<String> {
        self.scripted.then(|| self.file("rhai"))
    }

    /// The file of the general proof, from the root of the repository.
    pub fn proof_file(&self) -> Option<String> {
        self.general_proof.map(|_| self.file("v"))
    }

    fn file(&self, extension: &str) -> String {
        format!("proofs/{}/{}.{extension}", self.room.folder(), self.id)
    }

    /// Runs the check into a fresh ledger.
    pub fn verdict(&'static self) -> CheckedTheorem {
        let mut ledger = Ledger::new();
        CheckedTheorem {
            theorem: self,
            outcome: (self.check)(&mut ledger).map(|()| ledger.into_evidence()),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone)]
pub struct CheckedTheorem {
    /// The statement.
    pub theorem: &'static Theorem,
    /// The evidence, or the first comparison that failed.
    pub outcome: Result<Vec<Evidence>, Failure>,
}

/// An id that no statement has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no theorem `{id}`; there are {known}")]
pub struct UnknownId {
    /// What was asked for.
    pub id: String,
    /// All ids, by commas.
    pub known: String,
}

/// All statements, room by room in the order of the theory.
pub fn catalogue() -> &'static [Theorem] {
    static CATALOGUE: LazyLock<Vec<Theorem>> = LazyLock::new(|| {
        let rooms: [&[Theorem]; 6] = [
            units::THEOREMS,
            one_unit::THEOREMS,
            architectures::THEOREMS,
            local_to_global::THEOREMS,
            learning::THEOREMS,
            errata::THEOREMS,
        ];
        let rooms = Room::ALL.into_iter().zip(rooms);
        let entries = rooms.flat_map(|(room, entries)| {
            entries
                .iter()
                .map(move |theorem| Theorem { room, ..*theorem })
        });
        entries.collect()
    });
    &CATALOGUE
}

/// The statements with the given ids, in the order given; all of them for no ids. A place in the paper, such as
/// `rem-5.6` or `thm-5.1`, that is no id stands for all statements that deal with it.
///
/// # Errors
/// The first id that no statement has.
///
/// ```
/// let found = synaptic_balance::theorems::find(&["rem-5.6"]).unwrap();
/// assert!(found.iter().any(|theorem| theorem.id == "E5"));
/// ```
pub fn find<S: AsRef<str>>(ids: &[S]) -> Result<Vec<&'static Theorem>, UnknownId> {
    if ids.is_empty() {
        return Ok(catalogue().iter().collect());
    }
    let mut found: Vec<&'static Theorem> = Vec::new();
    for id in ids {
        let id = id.as_ref();
        let before = found.len();
        match catalogue().iter().find(|theorem| theorem.id == id) {
            Some(theorem) => found.push(theorem),
            None => found.extend(at_place(id)),
        }
        if found.len() == before {
            let known = catalogue().iter().map(|theorem| theorem.id);
            return Err(UnknownId {
                id: id.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(found)
}

/// The statements about `rem-5.6`, that is Remark 5.6 of the paper.
fn at_place(id: &str) -> impl Iterator<Item = &'static Theorem> {
    let place = id.split_once('-').and_then(|(kind, number)| {
        let kind = match kind {
            "def" => "Definition",
            "prop" => "Proposition",
            "thm" => "Theorem",
            "rem" => "Remark",
            _ => return None,
        };
        Some(format!("{kind} {number}"))
    });
    let longer = |c: char| c.is_ascii_digit() || c == '.';
    catalogue().iter().filter(move |theorem| {
        place.as_ref().is_some_and(|place| {
            let mut ends = theorem.place.match_indices(place.as_str());
            ends.any(|(at, _)| !theorem.place[at + place.len()..].starts_with(longer))
        })
    })
}

/// Runs the checks of the statements with the given ids, of all for no ids, beside one another; verdicts are in the
/// order of the ids.
///
/// # Errors
/// The first id that no statement has; nothing is run then.
pub fn run<S: AsRef<str>>(ids: &[S]) -> Result<Vec<CheckedTheorem>, UnknownId> {
    let theorems = find(ids)?;
    Ok(thread::scope(|scope| {
        let checks = theorems.iter().map(|one| scope.spawn(|| one.verdict()));
        let checks: Vec<_> = checks.collect();
        let verdicts = checks.into_iter().map(|check| check.join());
        let whole = verdicts.map(|verdict| verdict.unwrap_or_else(|panic| resume_unwind(panic)));
        whole.collect()
    }))
}
