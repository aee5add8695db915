//! The paper's networks with step sizes of their own: runs that are stopped and go on, what counts of three step sizes,
//! and what is refused.

use indexmap::IndexMap;
use std::sync::atomic::{AtomicU64, Ordering};
use synaptic_balance::learn::experiment::tuned::{
    Plan, TUNING_SEEDS, TuningResult, WIDE_GRID, choice, rows, run_plan,
};
use synaptic_balance::learn::experiment::{
    Experiment, ExperimentError, Parameters, Run, SeedResult, Series, Unfit, run_seeds,
};
use synaptic_balance::learn::{DataSet, Images};
use synaptic_balance::report::learning::{learning_report, results_page};

use super::learning::idx;
use super::learning_results::all_stored;
use super::{Desk, run};

/// So many made-up images of so many pixels at either side, in two classes.
fn images(side: usize, count: usize) -> Images {
    let pixel = |at: usize, image: usize| ((at * 7 + image * 31 + image % 2 * 90) % 256) as u8;
    let image = |image| (0..side * side).map(|at| pixel(at, image)).collect();
    Images {
        rows: side,
        columns: side,
        white: 255,
        images: (0..count).map(image).collect(),
        labels: (0..count).map(|image| (image % 2) as u8).collect(),
    }
}

fn data(side: usize, count: usize) -> DataSet {
    DataSet::new("made up", &images(side, count), &images(side, 6))
}

/// A few arms and step sizes: all kinds of networks but the deep ones, on all images and on few.
fn plan() -> Plan {
    let names = [
        "locally connected classifier, plain descent: E",
        "convolutional classifier, plain descent: E + R, before",
        "recurrent classifier, plain descent: E, during",
        "2-layer classifier on few images, plain descent: E",
    ];
    let whole = Experiment::Paper.plan().unwrap();
    assert_eq!(whole.grid(), WIDE_GRID);
    whole.only(&names, &[1.0 / 1024.0, 1.0 / 512.0])
}

/// Checks: a run that is stopped after every arm, written and read again, ends with the same bytes as one that is not,
/// whatever the number of threads; finished arms are kept and not run again; arms on few images use the step sizes that
/// the same networks were tried with; and no step is told twice.
#[test]
fn a_stopped_run_goes_on_at_its_arm() {
    let (data, plan) = (data(28, 24), plan());
    let parameters = Parameters::new(Experiment::Paper, &data, Some(1));
    let told = AtomicU64::new(0);
    let count = |_: u64, part: &str| {
        assert!(part.contains(": E"), "{part}");
        told.fetch_add(1, Ordering::Relaxed);
    };
    let mut whole = Run::new(parameters.clone());
    let mut parts = 0;
    let mut keep = |_: &Run| {
        parts += 1;
        Ok::<(), ()>(())
    };
    run_plan(&mut whole, &plan, &data, 1, &mut keep, &count)
        .unwrap()
        .unwrap();
    // Four arms on three seeds, then on one.
    assert_eq!(parts, 4 * 3 + 4);
    let steps = told.swap(0, Ordering::Relaxed);
    assert_eq!(steps, 4 * 3 * 2 + 4 * 3);

    // On one thread, so that no other arm is at work when the first one stops the run.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone = alone.unwrap();
    let mut broken = Run::new(parameters);
    let mut in_between = [0, 0];
    loop {
        let mut stop = |_: &Run| Err(());
        let ended = alone.install(|| run_plan(&mut broken, &plan, &data, 1, &mut stop, &count));
        let text = broken.write();
        broken = Run::read(&text).unwrap();
        assert_eq!(broken.write(), text);
        in_between[0] += usize::from(!broken.unfinished.tuning.is_empty());
        in_between[1] += usize::from(!broken.unfinished.seeds.is_empty());
        if ended.unwrap().is_ok() {
            break;
        }
    }
    assert_eq!(in_between, [3 * 3, 3], "all but the last arm of a seed");
    assert_eq!(told.into_inner(), steps);
    assert!(broken.unfinished.is_empty());
    assert_eq!(broken.write(), whole.write());

    let tried: Vec<&String> = whole.tuning[0].arms.keys().collect();
    assert_eq!(tried.len(), 4);
    assert!(tried.iter().all(|name| !name.contains("few")));
    let few = whole.arms().into_iter().filter(|name| name.contains("few"));
    assert_eq!(few.count(), 3);
    let chosen = choice(plan.grid(), &whole.tuning, ARM).unwrap().rate;
    let own = "2-layer classifier on few images, plain descent: E, half the step size";
    for rate in whole.series(own, "step size") {
        // Stored numbers have six digits.
        assert!(
            (rate[0] / (chosen / 2.0) - 1.0).abs() < 1e-5,
            "{rate:?} {chosen}"
        );
    }
    assert_eq!(whole.series(own, "step size").len(), 1);

    // A finished run of fewer arms lacks those that were added: they alone are run.
    let mut fewer = whole.clone();
    fewer.tuning[1].arms.shift_remove(ARM);
    fewer.seeds[0].arms.shift_remove(own);
    // What was tried with a narrower grid is tried with all of it.
    let losses = fewer.tuning[2].arms.get_mut(ARM).unwrap();
    losses.get_mut("validation loss").unwrap().pop();
    // Results of another step size than is chosen now are not kept.
    let arm = fewer.seeds[0].arms.get_mut(BALANCED_ON_LARGE).unwrap();
    arm.insert("step size".to_owned(), vec![3.0]);
    let mut parts = 0;
    let mut keep = |_: &Run| {
        parts += 1;
        Ok::<(), ()>(())
    };
    let ended = run_plan(&mut fewer, &plan, &data, 1, &mut keep, &|_, _| {});
    ended.unwrap().unwrap();
    assert_eq!(parts, 4);
    assert_eq!(fewer.write(), whole.write());
}

const BALANCED_ON_LARGE: &str = "convolutional classifier, plain descent: E + R, before";
const ARM: &str = "2-layer classifier, plain descent: E";
const BALANCED: &str = "2-layer classifier, plain descent: E, before";

/// A run of which two arms are known: their step sizes on few images, and for each of the three step sizes of the
/// results validation loss and test error, one for each seed; `None` where the seed diverged.
fn made(own: [usize; 2], results: [[[Option<f64>; 2]; 3]; 2]) -> Run {
    let mut run = Run::new(Parameters::new(Experiment::Paper, &data(28, 2), Some(1)));
    let tried = |best: usize| {
        let losses = (0..WIDE_GRID.len()).map(|at| Some(if at == best { 1.0 } else { 2.0 }));
        IndexMap::from([("validation loss".to_owned(), losses.collect())])
    };
    let arms = [ARM, BALANCED].into_iter().zip(own);
    let arms: IndexMap<_, _> = arms
        .map(|(arm, best)| (arm.to_owned(), tried(best)))
        .collect();
    for seed in TUNING_SEEDS {
        let arms = arms.clone();
        run.tuning.push(TuningResult { seed, arms });
    }
    for seed in 0..2 {
        let mut arms = IndexMap::new();
        for (arm, results) in [ARM, BALANCED].into_iter().zip(results) {
            let ends = [", half the step size", "", ", twice the step size"];
            for (end, results) in ends.into_iter().zip(results) {
                let series = match results[seed] {
                    None => Series::from([("diverged".to_owned(), vec![1.0])]),
                    Some(loss) => Series::from([
                        ("training loss".to_owned(), vec![loss]),
                        ("validation loss".to_owned(), vec![loss]),
                        ("test error".to_owned(), vec![10.0 * loss]),
                    ]),
                };
                arms.insert(format!("{arm}{end}"), series);
            }
        }
        let (seed, samples) = (seed as u64, Series::new());
        run.seeds.push(SeedResult {
            seed,
            arms,
            samples,
        });
    }
    run
}

/// Checks: of three step sizes the one with the lowest mean validation loss over the seeds counts, the smaller one of
/// equals; one with which a seed diverged does not; and findings are differences between those that count.
#[test]
fn the_best_of_three_step_sizes_counts() {
    let some = |one, other| [Some(one), Some(other)];
    let plain = [some(3.0, 3.0), some(2.0, 2.5), some(2.5, 2.0)];
    let balanced = [some(1.5, 1.5), some(1.0, 1.5), [Some(0.1), None]];
    let run = made([5, 7], [plain, balanced]);
    let all = rows(&run);
    let row = |name: &str| all.iter().find(|row| row.name == name).unwrap();
    let counting = |name: &str| row(name).counting.clone().unwrap();
    assert_eq!(counting(ARM), (ARM.to_owned(), WIDE_GRID[5]));
    assert_eq!(counting(BALANCED), (BALANCED.to_owned(), WIDE_GRID[7]));
    let speed = row(BALANCED).tuned[0].clone().unwrap();
    assert!(
        (speed.mean - (-50.0 - 40.0) / 2.0).abs() < 1e-9,
        "{speed:?}"
    );
    let performance = row(BALANCED).tuned[1].clone().unwrap();
    assert!((performance.mean - -10.0).abs() < 1e-9, "{performance:?}");
    assert_eq!(row(BALANCED).untuned, [None, None]);
    assert_eq!(row(ARM).tuned, [None, None]);
    let claims = run.claims();
    let findings: usize = claims.iter().map(|claim| claim.findings.len()).sum();
    assert_eq!((claims.len(), findings), (2, 2));

    let half = [some(1.0, 1.0), some(1.0, 1.0), some(2.0, 2.0)];
    let nothing = [[None, Some(1.0)]; 3];
    let run = made([5, 7], [half, nothing]);
    let all = rows(&run);
    let of = |name: &str| all.iter().find(|row| row.name == name).unwrap();
    let halved = (format!("{ARM}, half the step size"), WIDE_GRID[4]);
    assert_eq!(of(ARM).counting, Some(halved));
    assert_eq!(of(BALANCED).counting, None);
    assert!(run.claims().is_empty());
}

/// Checks: the results page says what came out at the paper's size, with how many seeds and epochs, beside the other
/// columns; and the report has the step sizes that were found and those that count.
#[test]
fn the_page_has_a_column_for_the_papers_size() {
    let some = |one, other| [Some(one), Some(other)];
    let plain = [some(3.0, 3.0), some(2.0, 2.5), some(2.5, 2.0)];
    let run = made(
        [5, 7],
        [plain, plain.map(|pair| pair.map(|x| x.map(|x| x + 1.0)))],
    );
    let json = learning_report(&run).json;
    let step_sizes = json["step_sizes"].as_array().unwrap();
    let own = |name: &str| step_sizes.iter().find(|own| own["arm"] == name).unwrap();
    assert_eq!(own(BALANCED)["step_size"], WIDE_GRID[7]);
    assert_eq!(own(BALANCED)["counting"], WIDE_GRID[7]);
    let mut runs = all_stored().to_vec();
    runs.retain(|run| run.experiment() != Some(Experiment::Paper));
    assert!(results_page(&runs).contains("| not yet run |"));
    runs.push(run);
    let page = results_page(&runs);
    assert!(!page.contains("| not yet run |"));
    for said in [
        "At the paper's size: 2 seeds and 1 epoch, with plain descent; on few images with momentum and Adam too.",
        "improves learning speed. | **",
        "| **not reproduced**: 0 for (0), 1 against (1), of 1 |",
        "| E, before | 1/1024 | 1/1024 | 3.25 |",
        "where data are few. | **reproduced**: 6 for (6), 0 against (0), of 6 | - | - | not run |",
        "| in `sequences`: **mixed**: ",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

/// Checks: `paper` is refused on the embedded digits, on small images and on few of them, before anything is computed
/// or written; the library refuses the same; and it is not one of `all`.
#[test]
fn unfit_data_are_refused() {
    let (code, stdout, stderr) = run(&["learn", "paper"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("28 x 28") && stderr.contains("--data"),
        "{stderr}"
    );
    let cases = [
        (27, 120, "27 x 27"),
        (28, 99, "at least 100 images to learn from, these are 99"),
    ];
    for (side, count, said) in cases {
        let desk = Desk::new();
        for (part, images) in [("train", images(side, count)), ("t10k", images(side, 2))] {
            let sizes = [images.images.len() as u32, side as u32, side as u32];
            let pixels = idx(0x803, &sizes, &images.images.concat());
            desk.write(&format!("{part}-images-idx3-ubyte"), pixels);
            let labels = idx(0x801, &sizes[..1], &images.labels);
            desk.write(&format!("{part}-labels-idx1-ubyte"), labels);
        }
        let (folder, output) = (desk.0.path().to_str().unwrap(), desk.path("runs"));
        let asked = [
            "learn",
            "paper",
            "--data",
            folder,
            "-o",
            output.to_str().unwrap(),
        ];
        let (code, stdout, stderr) = run(&asked);
        assert_eq!((code, stdout.as_str()), (2, ""));
        assert!(stderr.contains(said) && stderr.contains(folder), "{stderr}");
        assert!(!output.exists());
    }
    let small = data(27, 120);
    let mut refused = Run::new(Parameters::new(Experiment::Paper, &small, Some(1)));
    let mut keep = |_: &Run| Ok::<(), ()>(());
    let progress = |_: u64, _: &str| ();
    let result = run_seeds(
        &mut refused,
        Experiment::Paper,
        &small,
        1,
        &mut keep,
        &progress,
    );
    let unfit = Unfit::Small {
        rows: 27,
        columns: 27,
    };
    assert_eq!(result.unwrap_err(), ExperimentError::Unfit(unfit));
    assert!(!Experiment::Paper.is_quick());
}
