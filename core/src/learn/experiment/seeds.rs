//! The seeds of a run: several at a time, each kept as soon as it is finished.

use super::jobs::{Finished, run_each};
use super::{
    DataSet, Experiment, ExperimentError, Progress, Run, SeedResult, decay, fixpoint,
    rounded_series, trials, tuned,
};

/// Runs the seeds `0..count` that `run` does not hold yet, several at a time, and adds them; before them, those of the
/// tuning set, where the experiment has one.
///
/// `finished` is told the run after every seed that has finished, in whatever order they do, and after every arm where
/// [arms have step sizes of their own](tuned::run_plan); if it fails, nothing further begins. `progress` is told after
/// each of the [`Experiment::steps_before`], and of the [`Experiment::steps`] of a seed, what it was part of.
///
/// # Errors
/// The first failure in the order of the seeds; finished seeds are in `run` all the same.
pub fn run_seeds<F: Send>(
    run: &mut Run,
    experiment: Experiment,
    data: &DataSet,
    count: u64,
    finished: Finished<F>,
    progress: Progress,
) -> Result<Result<(), F>, ExperimentError> {
    experiment.fits(data)?;
    if let Some(plan) = experiment.plan() {
        return tuned::run_plan(run, &plan, data, count, finished, progress);
    }
    let held: Vec<u64> = run.seeds.iter().map(|result| result.seed).collect();
    let missing: Vec<u64> = (0..count).filter(|seed| !held.contains(seed)).collect();
    let head = Run::new(run.parameters.clone());
    let compute = |seed| seed_result(experiment, data, &head, seed, progress);
    let add = |run: &mut Run, _, result: SeedResult| {
        run.seeds.push(result);
        run.seeds.sort_by_key(|result| result.seed);
    };
    run_each(run, missing, &compute, &add, finished)
}

/// What one seed gives, by the parameters of a run and, where the experiment has one, by its tuning set; `progress` is
/// as for [`run_seeds`].
///
/// # Errors
/// [`ExperimentError`].
pub fn seed_result(
    experiment: Experiment,
    data: &DataSet,
    run: &Run,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    experiment.fits(data)?;
    let parameters = &run.parameters;
    let mut result = match (experiment, experiment.plan()) {
        (_, Some(plan)) => tuned::seed_result(&plan, data, run, seed, progress)?,
        (Experiment::OneFixpoint, _) => fixpoint::one_fixpoint(data, parameters, seed, progress)?,
        (Experiment::ReadsByDepth, _) => fixpoint::reads_by_depth(seed, progress)?,
        (Experiment::Decay, _) => decay::seed_result(data, parameters, seed, progress)?,
        _ => trials::train_arms(experiment, data, parameters, seed, progress)?,
    };
    let series = result.arms.values_mut().chain([&mut result.samples]);
    series.for_each(rounded_series);
    Ok(result)
}
