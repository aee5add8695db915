//! Every arm with a step size of its own.
//!
//! The rule, fixed before the first run: on the seeds of the tuning set, which are not those of the results, every arm
//! learns with every step size of one grid. Its step size is the one with the lowest mean loss on validation images
//! after the last epoch, the smaller one of equals; a run that diverges counts as infinite. Then the seeds of the
//! results learn with it, and are tested on images that no choice looked at.

mod claims;
mod plan;
mod training;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{ExperimentError, Parameters, Progress, Run, SeedResult, Series};
use crate::learn::{DataSet, Part};
pub(super) use claims::claims;
pub use claims::{Row, rows};
use plan::{Arm, arms};
pub(super) use plan::{SMALL, Start, start};
use training::{Material, train};

/// Step sizes: powers of two.
pub const GRID: [f64; 12] = [
    1.0 / 2048.0,
    1.0 / 1024.0,
    1.0 / 512.0,
    1.0 / 256.0,
    1.0 / 128.0,
    1.0 / 64.0,
    1.0 / 32.0,
    1.0 / 16.0,
    1.0 / 8.0,
    1.0 / 4.0,
    1.0 / 2.0,
    1.0,
];

/// The seeds of the tuning set: far from those of the results, which are 0, 1, 2 and so on.
pub const TUNING_SEEDS: [u64; 3] = [1 << 32, (1 << 32) + 1, (1 << 32) + 2];

/// One image to learn from in so many is for validation.
const VALIDATION: usize = 5;

/// What is appended to the name of an arm that learns with the step size of the arm without balancing.
pub(super) const UNTUNED: &str = ", at the step size without";

/// What one seed of the tuning set gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningResult {
    /// The seed.
    pub seed: u64,
    /// For each arm its losses at the end, one for each step size of [`GRID`]; `None` where it diverged.
    pub arms: IndexMap<String, IndexMap<String, Vec<Option<f64>>>>,
}

/// An arm's step size, chosen on the tuning set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The step size.
    pub rate: f64,
    /// The mean loss on validation images.
    pub loss: f64,
    /// Is it the smallest or the largest of the grid? Then a better one may lie beyond.
    pub at_an_end: bool,
}

/// The mean of a loss of an arm over the seeds of the tuning set, for each step size; `None` where any diverged.
pub fn mean_losses(tuning: &[TuningResult], arm: &str, loss: &str) -> Vec<Option<f64>> {
    let series: Vec<&Vec<Option<f64>>> = tuning
        .iter()
        .filter_map(|seed| seed.arms.get(arm)?.get(loss))
        .collect();
    let mean = |at: usize| {
        let values: Option<Vec<f64>> = series.iter().map(|one| *one.get(at)?).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    (0..GRID.len()).map(mean).collect()
}

/// The step size of an arm by the rule; `None` if it diverged with every one.
pub fn choice(tuning: &[TuningResult], arm: &str) -> Option<Choice> {
    let losses = mean_losses(tuning, arm, "validation loss");
    let found = losses
        .iter()
        .enumerate()
        .filter_map(|(at, loss)| Some((at, (*loss)?)));
    let best = found.reduce(|best, other| if other.1 < best.1 { other } else { best });
    best.map(|(at, loss)| Choice {
        rate: GRID[at],
        loss,
        at_an_end: at == 0 || at + 1 == GRID.len(),
    })
}

/// The images that are learned from, those of validation, and those of the test.
fn parts(data: &DataSet) -> (Part, Part, &Part) {
    let (training, validation) = data.training.split(VALIDATION);
    (training, validation, &data.test)
}

/// In how many steps a seed of the tuning set tells of its progress.
pub(super) fn tuning_steps() -> u64 {
    (arms().len() * GRID.len()) as u64
}

/// In how many steps a seed of the results tells of its progress.
pub(super) fn steps() -> u64 {
    let balanced = arms().iter().filter(|arm| arm.is_balanced()).count();
    (arms().len() + balanced) as u64
}

/// What a seed of the tuning set gives: every arm at every step size.
pub(super) fn tuning_result(
    data: &DataSet,
    parameters: &Parameters,
    seed: u64,
    progress: Progress,
) -> Result<TuningResult, ExperimentError> {
    let (training, validation, test) = parts(data);
    let mut found = IndexMap::new();
    for arm in arms() {
        let name = arm.name();
        let material = Material::new(&training, parameters, seed);
        let mut losses = [Vec::new(), Vec::new()];
        for rate in GRID {
            let trained = train(&material, &arm, rate)?;
            for (part, losses) in [&validation, test].into_iter().zip(&mut losses) {
                let loss = match &trained {
                    Some(trained) => Some(material.loss(&arm, &trained.model, part)?),
                    None => None,
                };
                losses.push(loss.filter(|loss| loss.is_finite()).map(super::rounded));
            }
            progress(seed, &name);
        }
        let names = ["validation loss", "test loss"].map(str::to_owned);
        found.insert(name, names.into_iter().zip(losses).collect());
    }
    Ok(TuningResult { seed, arms: found })
}

/// What a seed of the results gives: every arm at its own step size, and those that balance at that of the arm that
/// does not. An arm that diverges has the measure `diverged` and no other but its step size.
pub(super) fn seed_result(
    data: &DataSet,
    run: &Run,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    let (training, _, test) = parts(data);
    let mut found: IndexMap<String, Series> = IndexMap::new();
    let rate_of = |arm: &Arm| choice(&run.tuning, &arm.name()).map(|choice| choice.rate);
    for arm in arms() {
        let material = Material::new(&training, &run.parameters, seed);
        let name = arm.name();
        let own = rate_of(&arm);
        let plain = rate_of(&arm.without_balancing());
        let untuned = arm
            .is_balanced()
            .then(|| (format!("{name}{UNTUNED}"), plain));
        for (name, rate) in std::iter::once((name.clone(), own)).chain(untuned) {
            let same = found.get(&arm.name()).filter(|_| rate == own).cloned();
            let series = match (same, rate) {
                (Some(same), _) => same,
                (None, None) => Series::from([("diverged".to_owned(), vec![1.0])]),
                (None, Some(rate)) => measured(&material, &arm, rate, test)?,
            };
            found.insert(name.clone(), series);
            progress(seed, &name);
        }
    }
    Ok(SeedResult {
        seed,
        arms: found,
        samples: Series::new(),
    })
}

fn measured(
    material: &Material,
    arm: &Arm,
    rate: f64,
    test: &Part,
) -> Result<Series, ExperimentError> {
    let mut series = Series::from([("step size".to_owned(), vec![rate])]);
    let Some(trained) = train(material, arm, rate)? else {
        series.insert("diverged".to_owned(), vec![1.0]);
        return Ok(series);
    };
    series.insert("training loss".to_owned(), trained.losses.clone());
    series.insert(
        "test loss".to_owned(),
        vec![material.loss(arm, &trained.model, test)?],
    );
    if let Some(error) = material.error(arm, &trained.model, test) {
        series.insert("test error".to_owned(), vec![error]);
    }
    let deficit = crate::learn::deficits(&trained.model, crate::learn::Norm::L2).weighted;
    series.insert("weighted deficit".to_owned(), vec![deficit]);
    Ok(series)
}
