//! The seeds of a run: several at a time, each kept as soon as it is finished.

use std::sync::Mutex;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::{
    DataSet, Experiment, ExperimentError, Progress, Run, SeedResult, decay, fixpoint, rounded,
    trials, tuned,
};

/// Told the run after every finished seed.
type Finished<'a, F> = &'a mut (dyn FnMut(&Run) -> Result<(), F> + Send);

/// Runs the seeds `0..count` that `run` does not hold yet, several at a time, and adds them; before them, those of the
/// tuning set, where the experiment has one.
///
/// `finished` is told the run after every seed that has finished, in whatever order they do; if it fails, no further
/// seed begins. `progress` is told after each of the [`Experiment::steps_before`], and of the [`Experiment::steps`] of
/// a seed, what it was part of.
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
    if experiment == Experiment::Tuned {
        let held: Vec<u64> = run.tuning.iter().map(|result| result.seed).collect();
        let missing = tuned::TUNING_SEEDS.into_iter();
        let missing = missing.filter(|seed| !held.contains(seed)).collect();
        let parameters = run.parameters.clone();
        let compute = |seed| tuned::tuning_result(data, &parameters, seed, progress);
        let add = |run: &mut Run, result| {
            run.tuning.push(result);
            run.tuning.sort_by_key(|result| result.seed);
        };
        if let Err(stop) = run_each(run, missing, &compute, &add, finished)? {
            return Ok(Err(stop));
        }
    }
    let held: Vec<u64> = run.seeds.iter().map(|result| result.seed).collect();
    let missing: Vec<u64> = (0..count).filter(|seed| !held.contains(seed)).collect();
    let head = Run {
        seeds: Vec::new(),
        ..run.clone()
    };
    let compute = |seed| seed_result(experiment, data, &head, seed, progress);
    let add = |run: &mut Run, result: SeedResult| {
        run.seeds.push(result);
        run.seeds.sort_by_key(|result| result.seed);
    };
    run_each(run, missing, &compute, &add, finished)
}

fn run_each<R: Send, F: Send>(
    run: &mut Run,
    missing: Vec<u64>,
    compute: &(dyn Fn(u64) -> Result<R, ExperimentError> + Sync),
    add: &(dyn Fn(&mut Run, R) + Sync),
    finished: Finished<F>,
) -> Result<Result<(), F>, ExperimentError> {
    let state = Mutex::new((run, finished, None));
    let failures: Vec<(u64, ExperimentError)> = missing
        .into_par_iter()
        .filter_map(|seed| {
            let stopped = state.lock().map_or(true, |state| state.2.is_some());
            if stopped {
                return None;
            }
            match compute(seed) {
                Err(failure) => Some((seed, failure)),
                Ok(result) => {
                    if let Ok(mut state) = state.lock() {
                        let (run, finished, stop) = &mut *state;
                        add(run, result);
                        if let Err(failure) = finished(run) {
                            stop.get_or_insert(failure);
                        }
                    }
                    None
                }
            }
        })
        .collect();
    if let Some((_, failure)) = failures.into_iter().min_by_key(|(seed, _)| *seed) {
        return Err(failure);
    }
    let stop = state.into_inner().map_or(None, |(_, _, stop)| stop);
    Ok(stop.map_or(Ok(()), Err))
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
    let parameters = &run.parameters;
    let mut result = match experiment {
        Experiment::OneFixpoint => fixpoint::one_fixpoint(data, parameters, seed, progress)?,
        Experiment::ReadsByDepth => fixpoint::reads_by_depth(seed, progress)?,
        Experiment::Decay => decay::seed_result(data, parameters, seed, progress)?,
        Experiment::Tuned => tuned::seed_result(data, run, seed, progress)?,
        _ => trials::train_arms(experiment, data, parameters, seed, progress)?,
    };
    let series = result.arms.values_mut().flat_map(IndexMap::values_mut);
    for values in series.chain(result.samples.values_mut()) {
        values.iter_mut().for_each(|value| *value = rounded(*value));
    }
    Ok(result)
}
