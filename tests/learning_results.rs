//! The stored runs, the results page and the pictures that are made of them, and the statistics.

use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use synaptic_balance::learn::DataSet;
use synaptic_balance::learn::experiment::{
    Experiment, Parameters, Run, SeedResult, Series, Verdict,
};
use synaptic_balance::report::learning::{figures, results_page, stored_runs};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The file holds the text; `SYNBAL_WRITE_PAGE=1` writes it anew.
fn holds(path: &Path, text: &str) {
    if std::env::var_os("SYNBAL_WRITE_PAGE").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == text,
        "{} is not what the stored runs give; SYNBAL_WRITE_PAGE=1 writes it anew",
        path.display()
    );
}

/// Checks: every experiment is stored, with at least eight seeds, on the embedded digits and with the default parameters.
#[test]
fn stored_runs_are_complete() {
    let runs = stored_runs().unwrap();
    assert_eq!(runs.len(), Experiment::ALL.len());
    let digits = DataSet::digits();
    for (run, experiment) in runs.iter().zip(Experiment::ALL) {
        assert_eq!(run.parameters, Parameters::new(experiment, &digits, None));
        assert!(run.seeds.len() >= 8, "{}", experiment.name());
        assert!(!run.claims().is_empty(), "{}", experiment.name());
        assert_eq!(&Run::read(&run.write()).unwrap(), run);
    }
}

/// Checks: the results page and the pictures are those of the stored runs.
#[test]
fn the_results_page_is_that_of_the_stored_runs() {
    let runs = stored_runs().unwrap();
    holds(&root().join("src/learn/results.md"), &results_page(&runs));
    for figure in runs.iter().flat_map(|run| figures(run).unwrap()) {
        holds(
            &root().join(format!("data/learning/{}.svg", figure.name)),
            &figure.svg,
        );
    }
}

/// A run in which the share of the deficit that is left with `E` alone is as given, and 0 with penalties.
fn run_with(shares: &[f64]) -> Run {
    let mut run = Run::new(Parameters::new(
        Experiment::RegularizedBalances,
        &DataSet::digits(),
        None,
    ));
    for (seed, share) in shares.iter().enumerate() {
        let arm = |last: f64| {
            let series = |name: &str| (name.to_owned(), vec![2.0, 2.0 * last]);
            Series::from_iter([series("deficit"), series("deficit L1")])
        };
        run.seeds.push(SeedResult {
            seed: seed as u64,
            arms: IndexMap::from([
                ("autoencoder: E".to_owned(), arm(*share)),
                ("autoencoder: E + L2".to_owned(), arm(0.0)),
                ("autoencoder: E + L1".to_owned(), arm(0.0)),
            ]),
            samples: Series::new(),
        });
    }
    run
}

/// Checks: mean, deviation and Student's interval against a worked example (1 to 5: quantile 2.776445 at 4 degrees of freedom), and that
/// verdicts follow from where the interval lies.
#[test]
fn intervals_and_verdicts() {
    let claims = run_with(&[1.0, 2.0, 3.0, 4.0, 5.0]).claims();
    let found = &claims[0].findings[0];
    assert!((found.mean - 3.0).abs() < 1e-12 && (found.deviation - 2.5f64.sqrt()).abs() < 1e-12);
    let reach = 2.776_445_105 * (2.5f64 / 5.0).sqrt();
    assert!(
        (found.interval.0 - (3.0 - reach)).abs() < 1e-7,
        "{:?}",
        found.interval
    );
    assert!(
        (found.interval.1 - (3.0 + reach)).abs() < 1e-7,
        "{:?}",
        found.interval
    );
    assert_eq!(claims[0].verdict(), Verdict::Reproduced);
    assert_eq!(claims[1].verdict(), Verdict::Reproduced);
    // Around the threshold of 1/2 nothing is decided; below it, the claim fails, and so does that E + R ends lower.
    let undecided = run_with(&[0.2, 0.8, 0.4, 0.6]).claims();
    assert_eq!(undecided[0].verdict(), Verdict::NotReproduced);
    assert!(!undecided[0].findings[0].contradicts());
    let opposite = run_with(&[0.0, 0.0, 0.0]).claims();
    assert!(opposite[0].findings[0].contradicts());
    assert_eq!(opposite[1].verdict(), Verdict::Mixed);
    assert!(
        run_with(&[1.0]).claims().is_empty(),
        "one seed gives no verdict"
    );
}
