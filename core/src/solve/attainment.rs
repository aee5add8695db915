//! Is the minimum attained? By whichever of the four ways applies, the fastest first.

use super::cover::existence_by_cover;
use super::flat::MAX_DENSE;
use super::repair::existence_by_solution;
use super::{Existence, ExistenceError, existence_by_components, existence_by_linear_program};
use crate::kernel::Problem;

/// Decides existence: by components where the problem, or its double cover, is a graph, otherwise from a solution where
/// linear programs would take long, and by these.
///
/// # Errors
/// [`ExistenceError`].
pub fn existence(problem: &Problem) -> Result<Existence, ExistenceError> {
    match existence_by_components(problem) {
        Err(ExistenceError::NotAGraph) => match existence_by_cover(problem) {
            Some(Ok(decided)) => Ok(decided),
            _ => by_solution_or_program(problem),
        },
        decided => decided,
    }
}

/// Above this number of synapses linear programs take minutes.
const SMALL: usize = 2_000;

/// On large problems a solution is tried first.
fn by_solution_or_program(problem: &Problem) -> Result<Existence, ExistenceError> {
    let active = problem.synapses().iter().filter(|one| one.is_active());
    let large = active.count() > SMALL && problem.variables() <= MAX_DENSE;
    let found = large.then(|| existence_by_solution(problem)).flatten();
    match found {
        Some(attained) => Ok(attained),
        None => existence_by_linear_program(problem),
    }
}
