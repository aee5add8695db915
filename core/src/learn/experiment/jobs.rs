//! Work in parts that are computed several at a time, each kept as soon as it is finished.

use std::sync::Mutex;

use rayon::prelude::*;

use super::{ExperimentError, Run};

/// Told the run after every part that has finished.
pub(super) type Finished<'a, F> = &'a mut (dyn FnMut(&Run) -> Result<(), F> + Send);

/// Computes the parts that are missing, and adds each to the run when it is finished. If `finished` fails, no further
/// part begins.
///
/// # Errors
/// The failure of the first part in order; finished parts are in the run all the same.
pub(super) fn run_each<J: Copy + Ord + Send, R: Send, F: Send>(
    run: &mut Run,
    missing: Vec<J>,
    compute: &(dyn Fn(J) -> Result<R, ExperimentError> + Sync),
    add: &(dyn Fn(&mut Run, J, R) + Sync),
    finished: Finished<F>,
) -> Result<Result<(), F>, ExperimentError> {
    let state = Mutex::new((run, finished, None));
    let failures: Vec<(J, ExperimentError)> = missing
        .into_par_iter()
        // Parts differ in length: whoever is idle takes the next one.
        .with_max_len(1)
        .filter_map(|part| {
            let stopped = state.lock().map_or(true, |state| state.2.is_some());
            if stopped {
                return None;
            }
            match compute(part) {
                Err(failure) => Some((part, failure)),
                Ok(result) => {
                    if let Ok(mut state) = state.lock() {
                        let (run, finished, stop) = &mut *state;
                        add(run, part, result);
                        if let Err(failure) = finished(run) {
                            stop.get_or_insert(failure);
                        }
                    }
                    None
                }
            }
        })
        .collect();
    if let Some((_, failure)) = failures.into_iter().min_by_key(|(part, _)| *part) {
        return Err(failure);
    }
    let stop = state.into_inner().map_or(None, |(_, _, stop)| stop);
    Ok(stop.map_or(Ok(()), Err))
}
