//! General proofs, held against the catalogue without the proof assistant: `proofs/check` compiles them.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{files, root};
use synaptic_balance::theorems::{self, GeneralProof, Theorem};

/// What a theorem may assume: the axioms of the reals in Coq's standard library, classical logic, functional
/// extensionality.
const ALLOWED: [&str; 4] = [
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "Classical_Prop.classic",
    "FunctionalExtensionality.functional_extensionality_dep",
];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// Entries with their general proofs and the files of these.
fn proved() -> impl Iterator<Item = (&'static Theorem, GeneralProof, String)> {
    theorems::catalogue()
        .iter()
        .filter_map(|theorem| Some((theorem, theorem.general_proof?, theorem.proof_file()?)))
}

/// The name of a theorem in Coq.
fn mangled(id: &str) -> String {
    id.replace(['-', '.'], "_")
}

/// Words with single spaces between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The comment that a file begins with.
fn head(source: &str) -> &str {
    let inside = source.strip_prefix("(*").unwrap_or_default();
    inside.split_once("*)").map_or("", |(comment, _)| comment)
}

/// The theorems of a file, in its order.
fn stated(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let keyword = words.next()?;
            (keyword == "Theorem" || keyword == "Corollary").then_some(())?;
            words.next().map(|name| name.trim_end_matches(':'))
        })
        .collect()
}

/// `snapshots/proof_assumptions.txt`: what each theorem of each file assumes.
fn assumptions() -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut file = String::new();
    for line in read("snapshots/proof_assumptions.txt").lines() {
        match line.strip_prefix("  ") {
            Some(entry) => {
                let (theorem, list) = entry.split_once(": ").expect("THEOREM: AXIOMS");
                let axioms = list.split(", ").filter(|axiom| *axiom != "nothing");
                let axioms = axioms.map(str::to_owned).collect();
                let theorems = found.get_mut(&file).expect("a file before its theorems");
                assert!(
                    theorems.insert(theorem.to_owned(), axioms).is_none(),
                    "{theorem} twice"
                );
            }
            None if line.starts_with("proofs/") => {
                file = line.to_owned();
                assert!(
                    found.insert(file.clone(), BTreeMap::new()).is_none(),
                    "{file} twice"
                );
            }
            None => {}
        }
    }
    found
}

/// Checks: a general proof lies beside the entry's script, has the entry's words at its head, and states theorems of
/// the names that the entry gives, the first being the entry's own.
#[test]
fn entries_name_proofs_that_exist() {
    for (theorem, proof, file) in proved() {
        let id = theorem.id;
        assert!(
            !proof.proves.is_empty(),
            "{id} does not say what its general proof proves"
        );
        let source = read(&file);
        let head = words(head(&source));
        for text in [Some(theorem.statement), theorem.corrected]
            .into_iter()
            .flatten()
        {
            assert!(
                head.contains(&words(text)),
                "{file} does not begin with the words of {id}: {text}"
            );
        }
        assert_eq!(
            proof.theorems.first().copied(),
            Some(mangled(id).as_str()),
            "the first theorem of {id}"
        );
        let stated = stated(&source);
        for name in proof.theorems {
            assert!(stated.contains(name), "{file} states no {name}");
        }
    }
}

/// Checks: what is recorded of assumptions covers exactly the theorems that the files state, those of the catalogue
/// among them, and holds no axiom but the standard library's.
#[test]
fn theorems_assume_the_standard_library_only() {
    let recorded = assumptions();
    for (file, theorems) in &recorded {
        let source = read(file);
        let stated: BTreeSet<&str> = stated(&source).into_iter().collect();
        let listed: BTreeSet<&str> = theorems.keys().map(String::as_str).collect();
        assert_eq!(stated, listed, "{file}: run proofs/check --update");
        for (theorem, axioms) in theorems {
            for axiom in axioms {
                assert!(
                    ALLOWED.contains(&axiom.as_str()),
                    "{file}: {theorem} assumes {axiom}"
                );
            }
        }
    }
    for source in files(&root().join("proofs"), "v") {
        assert!(
            recorded.contains_key(&source) || stated(&read(&source)).is_empty(),
            "{source} is not recorded: run proofs/check --update"
        );
    }
    for (theorem, proof, file) in proved() {
        let theorems = recorded.get(&file);
        for name in proof.theorems {
            assert!(
                theorems.is_some_and(|theorems| theorems.contains_key(*name)),
                "{}: what {name} assumes is not recorded",
                theorem.id
            );
        }
    }
}

/// Checks: `snapshots/proof_statements.txt` has the statement of every theorem of the files, and of none that there is
/// not.
#[test]
fn statements_are_recorded() {
    let text = read("snapshots/proof_statements.txt");
    let (theorems, _) = text
        .split_once("## What they rest on")
        .expect("the definitions after the theorems");
    let names = theorems
        .lines()
        .filter(|line| !line.starts_with([' ', '#']) && !line.is_empty());
    let recorded: BTreeSet<String> = names
        .filter_map(|line| Some(line.split_once(" [")?.0.to_owned()))
        .collect();
    let expected: BTreeSet<String> = files(&root().join("proofs"), "v")
        .iter()
        .flat_map(|source| {
            let name = source.rsplit('/').next().unwrap_or_default();
            let module = mangled(name.trim_end_matches(".v"));
            let stated: Vec<String> = stated(&read(source))
                .into_iter()
                .map(|theorem| format!("{module}.{theorem}"))
                .collect();
            stated
        })
        .collect();
    assert_eq!(recorded, expected, "run proofs/check --update");
}

/// Checks: every proof beside the scripts is named by an entry, what proofs share is used by one, and none takes
/// anything for granted.
#[test]
fn no_proof_is_an_orphan_or_incomplete() {
    let named: BTreeSet<String> = proved().map(|(_, _, file)| file).collect();
    let sources = files(&root().join("proofs"), "v");
    let required = |source: &String| {
        let text = read(source);
        let lines = text.lines().filter_map(|line| {
            let rest = line.strip_prefix("From Synbal Require ")?;
            Some(rest.trim_end_matches('.').to_owned())
        });
        lines
            .flat_map(|line| {
                line.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect::<BTreeSet<_>>()
    };
    let used: BTreeSet<String> = sources.iter().flat_map(required).collect();
    for source in &sources {
        if source.starts_with("proofs/checker/") {
            continue;
        }
        let shared = source.strip_prefix("proofs/general/");
        match shared.and_then(|name| name.strip_suffix(".v")) {
            Some(name) => assert!(used.contains(&mangled(name)), "{source} is used nowhere"),
            None => assert!(
                named.contains(source.as_str()),
                "{source} is named by no entry of the catalogue"
            ),
        }
        let text = read(source);
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let forbidden = [
                "Admitted",
                "admit",
                "give_up",
                "Axiom",
                "Axioms",
                "Parameter",
                "Parameters",
                "Conjecture",
                "Conjectures",
            ];
            assert!(!forbidden.contains(&word), "{source} has the word {word}");
        }
    }
}
