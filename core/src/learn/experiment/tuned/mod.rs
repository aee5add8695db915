//! Every arm with a step size of its own.
//!
//! The rule, fixed before the first run: on the seeds of the tuning set, which are not those of the results, every arm
//! learns with every step size of one grid. Its step size is the one with the lowest mean loss on validation images
//! after the last epoch, the smaller one of equals; a run that diverges counts as infinite. Then the seeds of the
//! results learn with it, and are tested on images that no choice looked at.
//!
//! Where learning is dear, step sizes are found on few images. Then the results learn with the one that was found, with
//! half and with twice of it, and the best of the three on validation images counts, by the same rule.

mod claims;
mod plan;
mod study;
mod training;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Run;
use super::claims::last;
pub(super) use claims::claims;
pub use claims::{Row, rows};
pub(super) use plan::SMALL;
pub use plan::{Plan, Start, start};
pub use study::run_plan;
pub(super) use study::{seed_result, steps, steps_held, tuning_steps};

/// Step sizes of `tuned` and `sequences`: powers of two.
pub const GRID: [f64; 14] = powers_of_two(-11);

/// Step sizes of `paper`: powers of two.
pub const WIDE_GRID: [f64; 19] = powers_of_two(-17);

/// So many powers of two, the first with this exponent, which is at most 0.
const fn powers_of_two<const N: usize>(first: i32) -> [f64; N] {
    let mut powers = [1.0; N];
    let mut at = 0;
    while at < N {
        let mut exponent = first + at as i32;
        while exponent < 0 {
            powers[at] /= 2.0;
            exponent += 1;
        }
        while exponent > 0 {
            powers[at] *= 2.0;
            exponent -= 1;
        }
        at += 1;
    }
    powers
}

/// The seeds of the tuning set: far from those of the results, which are 0, 1, 2 and so on.
pub const TUNING_SEEDS: [u64; 3] = [1 << 32, (1 << 32) + 1, (1 << 32) + 2];

/// What is appended to the name of an arm that learns with the step size of the arm without balancing.
pub(super) const UNTUNED: &str = ", at the step size without";

/// What one seed of the tuning set gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningResult {
    /// The seed.
    pub seed: u64,
    /// For each arm its losses at the end, one for each step size of the grid; `None` where it diverged.
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

/// A step size in words: powers of two below 1 as fractions.
pub fn in_words(rate: f64) -> String {
    match rate < 1.0 {
        true => format!("1/{}", 1.0 / rate),
        false => rate.to_string(),
    }
}

/// The mean of a loss of an arm over the seeds of the tuning set, for each of so many step sizes; `None` where any
/// diverged.
pub fn mean_losses(
    tuning: &[TuningResult],
    arm: &str,
    loss: &str,
    count: usize,
) -> Vec<Option<f64>> {
    let series: Vec<&Vec<Option<f64>>> = tuning
        .iter()
        .filter_map(|seed| seed.arms.get(arm)?.get(loss))
        .collect();
    let mean = |at: usize| {
        let values: Option<Vec<f64>> = series.iter().map(|one| *one.get(at)?).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    (0..count).map(mean).collect()
}

/// The mean over the seeds of what a measure of the results is at the end; `None` where a seed does not have it.
pub fn mean_of(run: &Run, name: &str, measure: &str) -> Option<f64> {
    let each = run.seeds.iter().map(|seed| last(seed, name, measure));
    let values = each.collect::<Option<Vec<f64>>>();
    let values = values.filter(|values| !values.is_empty())?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// The step size of an arm by the rule, among those of a grid; `None` if it diverged with every one.
pub fn choice(grid: &[f64], tuning: &[TuningResult], arm: &str) -> Option<Choice> {
    let losses = mean_losses(tuning, arm, "validation loss", grid.len());
    let found = grid.iter().zip(losses).enumerate();
    let found = found.filter_map(|(at, (rate, loss))| Some((at, *rate, loss?)));
    let best = found.reduce(|best, other| if other.2 < best.2 { other } else { best });
    best.map(|(at, rate, loss)| Choice {
        rate,
        loss,
        at_an_end: at == 0 || at + 1 == grid.len(),
    })
}
