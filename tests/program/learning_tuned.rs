//! Arms with step sizes of their own: the rule that chooses them, the stored run, and the correction for many
//! comparisons.

use indexmap::IndexMap;
use synaptic_balance::learn::experiment::tuned::{
    GRID, TUNING_SEEDS, TuningResult, choice, mean_losses, rows,
};
use synaptic_balance::learn::experiment::{
    Experiment, Parameters, Run, SeedResult, Series, run_seeds, seed_result,
};
use synaptic_balance::learn::{DataSet, Part};
use synaptic_balance::report::learning::{learning_report, results_page};

use super::learning_results::all_stored;

fn stored(experiment: Experiment) -> Run {
    let mut runs = all_stored().iter();
    let found = runs.find(|run| run.experiment() == Some(experiment));
    found.unwrap().clone()
}

/// One seed of a tuning set with one arm.
fn tried(seed: u64, losses: &[(usize, f64)]) -> TuningResult {
    let mut all = vec![None; GRID.len()];
    for (at, loss) in losses {
        all[*at] = Some(*loss);
    }
    let measures = IndexMap::from([("validation loss".to_owned(), all)]);
    TuningResult {
        seed,
        arms: IndexMap::from([("arm".to_owned(), measures)]),
    }
}

/// Checks: the step size of the lowest mean validation loss is chosen, the smaller one of equals; a step size with
/// which one seed diverged counts as infinite, however good the others were; and the ends of the grid are told.
#[test]
fn the_rule_chooses_step_sizes() {
    let one = tried(0, &[(1, 3.0), (2, 1.0), (3, 2.0), (4, 0.1), (5, 2.0)]);
    let other = tried(1, &[(1, 3.0), (2, 3.0), (3, 2.0), (5, 1.0)]);
    let tuning = [one, other];
    assert_eq!(
        mean_losses(&tuning, "arm", "validation loss", GRID.len())[..6],
        [None, Some(3.0), Some(2.0), Some(2.0), None, Some(1.5)]
    );
    let chosen = choice(&GRID, &tuning, "arm").unwrap();
    assert_eq!((chosen.rate, chosen.loss), (GRID[5], 1.5));
    assert!(!chosen.at_an_end);
    let equal = [
        tried(0, &[(2, 1.0), (3, 1.0)]),
        tried(1, &[(2, 2.0), (3, 2.0)]),
    ];
    assert_eq!(choice(&GRID, &equal, "arm").unwrap().rate, GRID[2]);
    let first = choice(&GRID, &[tried(0, &[(0, 1.0), (1, 2.0)])], "arm").unwrap();
    let last = choice(&GRID, &[tried(0, &[(GRID.len() - 1, 1.0)])], "arm").unwrap();
    assert!(first.at_an_end && last.at_an_end);
    assert_eq!(choice(&GRID, &[tried(0, &[])], "arm"), None);
    assert_eq!(choice(&GRID, &tuning, "no such arm"), None);
    assert!(GRID.windows(2).all(|pair| pair[1] == 2.0 * pair[0]));
}

/// Checks: in the stored run every arm learned with the step size that its tuning set chooses, no choice lies at an end
/// of the grid, and where both step sizes are one, so are the results.
#[test]
fn the_stored_run_follows_its_rule() {
    let run = stored(Experiment::Tuned);
    let seeds: Vec<u64> = run.tuning.iter().map(|seed| seed.seed).collect();
    assert_eq!(seeds, TUNING_SEEDS);
    assert!(run.seeds.iter().all(|seed| !seeds.contains(&seed.seed)));
    let rows = rows(&run);
    let mut compared = 0;
    for row in &rows {
        let chosen = row.choice.unwrap();
        assert!(!chosen.at_an_end, "{}: {}", row.name, chosen.rate);
        for seed in &run.seeds {
            let own = &seed.arms[row.name.as_str()];
            // Stored numbers have six digits.
            assert!((own["step size"][0] / chosen.rate - 1.0).abs() < 1e-5);
            let untuned = seed
                .arms
                .get(&format!("{}, at the step size without", row.name));
            if let Some(untuned) = untuned
                && untuned["step size"] == own["step size"]
            {
                assert_eq!(untuned, own);
                compared += 1;
            }
        }
    }
    assert!(
        compared > 0,
        "some arms share the step size of the plain one"
    );
    let findings = rows
        .iter()
        .flat_map(|row| row.tuned.iter().chain(&row.untuned))
        .flatten();
    let all: usize = run.claims().iter().map(|claim| claim.findings.len()).sum();
    assert_eq!(findings.count(), all);
    let diverged = rows.iter().any(|row| row.diverged != [0, 0]);
    assert!(
        diverged || all == rows.len() * 3,
        "two measures at two step sizes"
    );
}

/// Checks: Holm's correction against a worked example: of probabilities 0.01, 0.04, 0.03 come 0.03, 0.06, 0.06; and in
/// every stored run a corrected probability is between the plain one and that times the number of findings, in the same
/// order.
#[test]
fn holm_corrects_for_the_number_of_findings() {
    for run in all_stored() {
        let claims = run.claims();
        let mut found: Vec<(f64, f64)> = claims
            .iter()
            .flat_map(|claim| &claim.findings)
            .map(|found| (found.p, found.adjusted))
            .collect();
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        let count = found.len() as f64;
        let mut least = 0.0f64;
        for (at, (p, adjusted)) in found.into_iter().enumerate() {
            least = least.max((count - at as f64) * p).min(1.0);
            assert_eq!(adjusted, least, "{}", run.parameters.experiment);
            assert!(adjusted >= p && adjusted <= count * p + 1e-300 || adjusted == 1.0);
        }
        for found in claims.iter().flat_map(|claim| &claim.findings) {
            let decided = found.supports() || found.contradicts();
            // The interval and the probability are two ways to say the same.
            assert_eq!(decided, found.p < 0.05, "{found:?}");
            assert!(decided || !found.survives());
        }
    }
}

/// Checks: Student's probabilities by a worked example: four values of mean 3 and standard error 1 lie 3 errors above
/// 0, which at 3 degrees of freedom has probability 0.0577 on either side.
#[test]
fn probabilities_are_those_of_student() {
    let parameters = Parameters::new(Experiment::BalanceIsLost, &DataSet::digits(), None);
    let mut run = Run::new(parameters);
    let root = 3f64.sqrt();
    for (seed, value) in [-root, root, -root, root].into_iter().enumerate() {
        let deficit = |last: f64| Series::from([("deficit".to_owned(), vec![1.0, last])]);
        run.seeds.push(SeedResult {
            seed: seed as u64,
            arms: IndexMap::from([
                ("autoencoder: step η".to_owned(), deficit(3.001 + value)),
                ("autoencoder: step η/8".to_owned(), deficit(1.0)),
            ]),
            samples: Series::new(),
        });
    }
    let claims = run.claims();
    let found = &claims[0].findings[0];
    assert!((found.p - 0.057_669).abs() < 1e-5, "{}", found.p);
    assert!(!found.supports() && !found.survives());
}

/// Checks: the decay law in the stored run: the law of single steps holds over all steps to 1e-9 of the start, with
/// every seed.
#[test]
fn the_law_of_steps_holds_in_the_stored_run() {
    let run = stored(Experiment::Decay);
    for arm in run.arms() {
        for series in run.series(arm, "departure from the law of steps") {
            assert!(series.iter().all(|departure| *departure < 1e-9), "{arm}");
        }
    }
}

/// Checks: the first epoch of the stored run on the decay law comes out again to the last stored digit, at the
/// optimisation and on the machine of this test: every step but the ones of later epochs is the same.
#[test]
fn the_stored_run_begins_as_it_is_run_again() {
    let (stored, digits) = (stored(Experiment::Decay), DataSet::digits());
    let parameters = Parameters::new(Experiment::Decay, &digits, Some(1));
    let begun = seed_result(
        Experiment::Decay,
        &digits,
        &Run::new(parameters),
        0,
        &|_, _| {},
    );
    let begun = begun.unwrap();
    assert_eq!(begun.arms.len(), stored.arms().len());
    for (arm, measures) in &begun.arms {
        for (measure, values) in measures {
            let whole = &stored.seeds[0].arms[arm][measure];
            assert_eq!(values[..], whole[..2], "{arm}, {measure}");
        }
    }
    for (name, values) in &begun.samples {
        assert_eq!(values[..], stored.seeds[0].samples[name][..2], "{name}");
    }
}

/// A few digits.
fn little(count: usize) -> DataSet {
    let digits = DataSet::digits();
    let part = |part: Part, count: usize| Part {
        inputs: part.inputs.columns(0, count).into_owned(),
        classes: part.classes.columns(0, count).into_owned(),
    };
    DataSet {
        training: part(digits.training.clone(), count),
        test: part(digits.test.clone(), 10),
        ..digits
    }
}

/// Checks: results of a seed follow from its number and the tuning set alone, to the bit; an arm without a step size is
/// told to have diverged; and reports say what was chosen.
#[test]
fn seeds_learn_with_the_step_sizes_of_their_arms() {
    let data = little(if crate::in_full() { 25 } else { 12 });
    let mut run = Run::new(Parameters::new(Experiment::Tuned, &data, Some(1)));
    let names: Vec<String> = rows(&run).into_iter().map(|row| row.name).collect();
    let mut arms = IndexMap::new();
    for (at, name) in names.iter().enumerate() {
        let mut losses = vec![None; GRID.len()];
        if at > 0 {
            losses[at % 5] = Some(1.0);
        }
        arms.insert(
            name.clone(),
            IndexMap::from([("validation loss".to_owned(), losses)]),
        );
    }
    for seed in TUNING_SEEDS {
        let arms = arms.clone();
        run.tuning.push(TuningResult { seed, arms });
    }
    let told = std::sync::atomic::AtomicU64::new(0);
    let count = |_: u64, _: &str| {
        told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let mut keep = |_: &Run| Ok::<(), ()>(());
    let seeds = if crate::in_full() { 2 } else { 1 };
    run_seeds(&mut run, Experiment::Tuned, &data, seeds, &mut keep, &count)
        .unwrap()
        .unwrap();
    let steps = Experiment::Tuned.steps(&run.parameters);
    assert_eq!(told.into_inner(), seeds * steps);
    for (at, name) in names.iter().enumerate().skip(1) {
        assert_eq!(
            run.series(name, "step size")[0],
            [GRID[at % 5]].map(|rate| { format!("{rate:.5e}").parse::<f64>().unwrap() })
        );
    }
    let diverged = run.series(&names[0], "diverged");
    assert_eq!(diverged, vec![[1.0]; run.seeds.len()]);
    let again = seed_result(Experiment::Tuned, &data, &run, seeds - 1, &|_, _| {}).unwrap();
    assert_eq!(Some(&again), run.seeds.last());
    assert_eq!(Run::read(&run.write()).unwrap(), run);
    let report = learning_report(&run);
    let step_sizes = &report.json["step_sizes"];
    assert_eq!(step_sizes[1]["step_size"], GRID[1]);
    assert_eq!(step_sizes[0]["diverged"], seeds);
    let page = results_page(&[run]);
    assert!(
        page.contains("At an end of the grid lies the best step size of:"),
        "{page}"
    );
    assert!(
        page.contains("At its own step size seeds diverged, so that no comparison is made, of:")
    );
}
