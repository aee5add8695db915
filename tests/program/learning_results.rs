//! The stored runs, the results page and the pictures that are made of them, and the statistics.

use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use synaptic_balance::learn::DataSet;
use synaptic_balance::learn::experiment::{
    Experiment, Parameters, Run, SeedResult, Series, Verdict, seed_result,
};
use synaptic_balance::learn::idx::read_folder;
use synaptic_balance::report::learning::{Figure, figures, results_page, stored_runs};

use super::{is_tried, one_in};

/// The stored runs, read once for all tests.
pub fn all_stored() -> &'static [Run] {
    static RUNS: LazyLock<Vec<Run>> = LazyLock::new(|| stored_runs().unwrap());
    &RUNS
}

/// The figures of each, drawn once for all tests.
fn all_figures() -> &'static [Vec<Figure>] {
    static FIGURES: LazyLock<Vec<Vec<Figure>>> = LazyLock::new(|| {
        let runs = all_stored().iter();
        runs.map(|run| figures(run).unwrap()).collect()
    });
    &FIGURES
}

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

/// Checks: every experiment is stored, on the embedded digits, with the default parameters and at least as many seeds
/// as by default; but the one that reads sequences, on sentences, and the one that needs larger images, if it is, on
/// all of Fashion-MNIST.
#[test]
fn stored_runs_are_complete() {
    let runs = all_stored();
    let last = Experiment::ALL.len() - 1;
    assert_eq!(Experiment::ALL[last], Experiment::Paper);
    assert!(runs.len() >= last);
    let digits = DataSet::digits();
    for (number, (run, experiment)) in runs.iter().zip(Experiment::ALL).enumerate() {
        let mut expected = Parameters::new(experiment, &digits, None);
        if experiment == Experiment::Sequences {
            let folder = root().join("data/sentences");
            expected = Parameters::new(experiment, &read_folder(&folder).unwrap(), None);
        }
        if experiment == Experiment::Paper {
            let held = run.parameters.clone();
            assert_eq!(held.data, "fashion-mnist");
            assert_eq!((held.training_images, held.test_images), (60_000, 10_000));
            assert_eq!(held.epochs, expected.epochs);
            expected = held;
        }
        assert_eq!(run.parameters, expected);
        assert!(run.unfinished.is_empty(), "{}", experiment.name());
        let seeds = run.seeds.len() as u64;
        assert!(seeds >= experiment.default_seeds(), "{}", experiment.name());
        assert!(!run.claims().is_empty(), "{}", experiment.name());
        // Where tests sample, of every third.
        if is_tried(3, number, 0) {
            assert_eq!(&Run::read(&run.write()).unwrap(), run);
        }
    }
}

/// Checks: the results page and the pictures are those of the stored runs.
#[test]
fn the_results_page_is_that_of_the_stored_runs() {
    let runs = all_stored();
    holds(
        &root().join("docs/learning-results.md"),
        &results_page(runs),
    );
    for figure in all_figures().iter().flatten() {
        holds(
            &root().join(format!("data/learning/{}.svg", figure.name)),
            &figure.svg,
        );
    }
}

/// Checks: every seed tells of as many steps as its experiment has, so that a bar over them ends when the work does.
#[test]
fn seeds_tell_of_all_their_steps() {
    let digits = DataSet::digits();
    let data = DataSet {
        test: digits.with_fewer(30).training,
        ..digits.with_fewer(40)
    };
    let epochs = if crate::in_full() { 2 } else { 1 };
    let experiments = [
        Experiment::RegularizedBalances,
        Experiment::BalanceIsLost,
        Experiment::LittleData,
        Experiment::Recurrent,
        Experiment::ReadsByDepth,
        Experiment::Decay,
    ];
    for experiment in one_in(2, experiments) {
        let parameters = Parameters::new(experiment, &data, Some(epochs));
        let told = AtomicU64::new(0);
        let count = |seed: u64, part: &str| {
            assert!(seed == 3 && !part.is_empty());
            told.fetch_add(1, Ordering::Relaxed);
        };
        let steps = experiment.steps(&parameters);
        seed_result(experiment, &data, &Run::new(parameters), 3, &count).unwrap();
        assert_eq!(told.into_inner(), steps, "{}", experiment.name());
    }
}

/// The texts of a picture.
fn texts(svg: &str) -> Vec<&str> {
    let elements = svg.split("<text").skip(1);
    let inner = elements.filter_map(|element| element.split_once('>')?.1.split_once("</text>"));
    inner.map(|(text, _)| text.trim()).collect()
}

/// Checks: a logarithmic axis is labelled with powers of ten if it is long, with 1, 2 and 5 times them if it is short;
/// and each line of the legend is drawn as its curve is, dashes, marker and colour.
#[test]
fn axes_and_legends_are_legible() {
    let reads = (all_stored().iter().zip(all_figures()))
        .find(|(run, _)| run.experiment() == Some(Experiment::ReadsByDepth));
    let picture = &reads.unwrap().1[0].svg;
    let labels = texts(picture);
    for label in ["1", "2", "5", "10", "20", "10¹", "10²", "10³"] {
        assert!(labels.contains(&label), "{label} in {labels:?}");
    }
    let is_title = |text: &&str| text.contains(|letter: char| letter.is_alphabetic());
    let numbers = labels.iter().filter(|text| !is_title(text));
    assert!(numbers.count() <= 9, "{labels:?}");
    // Of the solid curve there are two lines, one of them in the legend; of the dashed ones, the legend holds several
    // dashes.
    let in_legend = |colour: &str| {
        let lines = picture.split("<polyline").skip(1);
        let own = lines.filter(|line| line.contains(colour));
        let starts = own.filter_map(|line| {
            let points = line.split_once("points=\"")?.1;
            points.split_once(',')?.0.parse::<u32>().ok()
        });
        starts.filter(|x| *x >= 660).count()
    };
    assert_eq!(in_legend("stroke=\"#0072B2\""), 1);
    assert!(in_legend("stroke=\"#D55E00\"") > 1);
    assert!(in_legend("stroke=\"#009E73\"") > 1);
}

/// Checks: in no picture are there too few numbers at the axes to read a value, or so many that they run together; and
/// the lines of a legend differ without their colours.
#[test]
fn plots_can_be_read_without_colours() {
    for all in all_figures() {
        for figure in all {
            let numbers = texts(&figure.plot).len();
            assert!((6..=20).contains(&numbers), "{}: {numbers}", figure.name);
            let grey = |svg: &str| {
                let parts = svg.split('#').enumerate();
                let parts = parts.map(|(at, part)| if at == 0 { part } else { &part[6..] });
                parts.collect::<String>()
            };
            let lines: Vec<String> = figure.legend.iter().map(|(_, svg)| grey(svg)).collect();
            let distinct: std::collections::BTreeSet<&String> = lines.iter().collect();
            assert_eq!(distinct.len(), lines.len(), "{}", figure.name);
        }
    }
}

/// A run in which the share of the deficit that is left with `E` alone is as given, and 0 with penalties, by all
/// measures.
fn run_with(shares: &[f64]) -> Run {
    let mut run = Run::new(Parameters::new(
        Experiment::RegularizedBalances,
        &DataSet::digits(),
        None,
    ));
    for (seed, share) in shares.iter().enumerate() {
        let arm = |last: f64| {
            let measures = ["deficit", "weighted deficit", "total deficit"];
            let names = measures
                .iter()
                .flat_map(|of| [of.to_string(), format!("{of} L1")]);
            names
                .map(|name| (name, vec![2.0, 2.0 * last]))
                .collect::<Series>()
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

/// Checks: mean, deviation and Student's interval against a worked example (1 to 5: quantile 2.776445 at 4 degrees of
/// freedom), and that verdicts follow from where the interval lies.
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
    assert!(
        claims[1..]
            .iter()
            .all(|claim| claim.verdict() == Verdict::Reproduced)
    );
    assert_eq!(
        claims.len(),
        4,
        "E alone, and E + R by each of three measures"
    );
    // Around the threshold of 1/2 nothing is decided; below it, the claim fails, and so does that E + R ends lower.
    let undecided = run_with(&[0.2, 0.8, 0.4, 0.6]).claims();
    assert_eq!(undecided[0].verdict(), Verdict::NotReproduced);
    assert!(!undecided[0].findings[0].contradicts());
    let opposite = run_with(&[0.0, 0.0, 0.0]).claims();
    assert!(opposite[0].findings[0].contradicts());
    assert_eq!(
        (opposite[0].counts(), opposite[1].counts()),
        ((0, 3), (2, 0))
    );
    assert_eq!(opposite[1].verdict(), Verdict::Mixed);
    // A total that falls says nothing of the mean that does not.
    let mut shrinking = run_with(&[1.0, 1.1, 1.2]);
    for seed in &mut shrinking.seeds {
        for name in ["autoencoder: E + L2", "autoencoder: E + L1"] {
            let arm = &mut seed.arms[name];
            arm["deficit"] = vec![1.0, 0.9];
            arm["deficit L1"] = vec![1.0, 0.9];
        }
    }
    let verdicts: Vec<Verdict> = shrinking.claims()[1..]
        .iter()
        .map(|claim| claim.verdict())
        .collect();
    assert_eq!(
        verdicts,
        [Verdict::Mixed, Verdict::Reproduced, Verdict::Reproduced]
    );
    assert!(
        run_with(&[1.0]).claims().is_empty(),
        "one seed gives no verdict"
    );
}
