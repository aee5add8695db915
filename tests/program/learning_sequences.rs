//! Recurrent networks on sequences: the files that are made of sentences, and the experiment on them.

use synaptic_balance::learn::experiment::tuned::run_plan;
use synaptic_balance::learn::experiment::{Experiment, Parameters, Run};
use synaptic_balance::learn::idx;

use super::learning_results::all_stored;
use super::sampling::in_full;
use super::{Desk, json};

/// Ten rated sentences: two for the test. `fine` and `dull` tell most of the other eight.
const RATED: &str = "1\t2.5\tA fine film.\n2\t-1.0\tA dull film\n3\t1\tFine, fine!\n4\t-2\tdull\n5\t1\ta fine test\n\
    6\t0.5\tfine\n7\t-0.5\tso dull\n8\t3\tfine acting\n9\t-3\tdull acting\n10\t0\ta dull test\n";

/// Checks: every fifth sentence is for the test; a sentence is its last words that tell anything, a row each, rows of
/// zeros first; labels say whether ratings are above 0; and the experiment learns from such files, each of its arms
/// with a step size of its own.
#[test]
fn sentences_become_sequences() {
    let desk = Desk::new();
    desk.write("rated.txt", RATED);
    let folder = desk.path("sentences");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python/sentences.py");
    let mut python = crate::python::python();
    python.args([script.as_ref(), desk.path("rated.txt").as_os_str()]);
    python.arg("-o").arg(&folder);
    match python.output() {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(fault) => {
            let demanded = std::env::var_os("SYNBAL_REQUIRE_PYTHON").is_some();
            assert!(!demanded, "python3: {fault}");
            return;
        }
    }
    let data = idx::read_folder(&folder).unwrap();
    assert_eq!((data.rows, data.columns, data.count), (12, 256, 2));
    assert_eq!(data.name, "sentences");
    let labels = |part: &synaptic_balance::learn::Part| {
        let classes = part.classes.column_iter();
        classes.map(|one| one[1] == 1.0).collect::<Vec<bool>>()
    };
    let well = [true, false, true, false, true, false, true, false];
    assert_eq!(labels(&data.training), well);
    assert_eq!(labels(&data.test), [true, false]);
    // Sentences 3 and 4: the words that tell most are the first two columns, the word of the alphabet first.
    let steps = |sentence: usize| {
        let inputs = data.training.inputs.column(sentence);
        let places = inputs.iter().enumerate();
        let set = places.filter(|(_, value)| **value != 0.0);
        set.map(|(place, value)| {
            assert_eq!(*value, 1.0);
            (place / 256, place % 256)
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(steps(2), [(10, 1), (11, 1)]);
    assert_eq!(steps(3), [(11, 0)]);

    let folder = folder.to_str().unwrap();
    let (code, told) = json(&[
        "learn",
        "sequences",
        "--data",
        folder,
        "--epochs",
        "1",
        "--seeds",
        if in_full() { "2" } else { "1" },
    ]);
    assert_eq!(code, 0);
    let run = &told["experiments"][0];
    assert_eq!(run["parameters"]["training_images"], 8);
    let step_sizes = run["step_sizes"].as_array().unwrap();
    assert_eq!(step_sizes.len(), 8);
    for arm in step_sizes {
        let name = arm["arm"].as_str().unwrap();
        assert!(name.starts_with("recurrent classifier, plain descent: E"));
    }
}

/// Checks: an arm of the stored run comes out again to the last stored digit, with the step size that it has.
#[test]
fn an_arm_of_the_stored_run_is_run_again() {
    if !in_full() {
        return;
    }
    let mut runs = all_stored().iter();
    let stored = runs.find(|run| run.experiment() == Some(Experiment::Sequences));
    let stored = stored.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sentences");
    let data = idx::read_folder(folder.as_ref()).unwrap();
    let parameters = Parameters::new(Experiment::Sequences, &data, None);
    assert_eq!(parameters, stored.parameters);
    let name = "recurrent classifier, plain descent: E + R, before";
    let mut again = Run::new(parameters);
    again.tuning = stored.tuning.clone();
    let plan = Experiment::Sequences.plan().unwrap();
    let grid = plan.grid().to_vec();
    let plan = plan.only(&[name], &grid);
    run_plan(
        &mut again,
        &plan,
        &data,
        1,
        &mut |_| Ok::<(), ()>(()),
        &|_, _| {},
    )
    .unwrap()
    .unwrap();
    assert_eq!(again.seeds[0].arms[name], stored.seeds[0].arms[name]);
}
