//! Few reads of the weights: after each one a model of the costs is minimised that needs no more than their sums by row
//! and column.
//!
//! Sums by row and column are what a read gives. The model takes each block for the product of the two, which large
//! blocks nearly are: what is left of the error after a step is what the block's next singular values are, compared
//! with its first. Anderson acceleration combines the steps. (Ours.)

use super::costs::BlockSums;
use super::costs::{Margins, TermCosts};
use super::model::Model;
use super::newton::State;
use crate::solve::SolveError;
use crate::solve::blocks::Anderson;

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FewReads {
    /// The deficit that is sought,
    pub tolerance: f64,
    /// in so many reads.
    pub reads: usize,
    /// The deficit that has to be reached,
    pub enough: f64,
    /// in so many reads at most.
    pub at_most: usize,
}

impl FewReads {
    /// Until a deficit is reached.
    pub fn until(tolerance: f64) -> Self {
        FewReads {
            tolerance,
            reads: MOST,
            enough: tolerance,
            at_most: MOST,
        }
    }

    /// Is another read asked for?
    fn goes_on(&self, deficit: f64, reads: usize) -> bool {
        (deficit > self.tolerance && reads < self.reads)
            || (deficit > self.enough && reads < self.at_most)
    }
}

/// Reads after which it gives up where there is no other bound.
const MOST: usize = 400;

/// The point of the smallest deficit that was met.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The multipliers `μ` of costs.
    pub multipliers: Vec<f64>,
    /// One step of the model further: nearer still in nearly every case, but not read.
    pub beyond: Vec<f64>,
    /// The largest deficit, at multipliers 1 and at these.
    pub deficits: [f64; 2],
    /// The regularizer, at multipliers 1 and at these.
    pub regularizer: [f64; 2],
    /// Reads of the weights.
    pub reads: usize,
    /// Is the deficit as small as was asked for?
    pub is_enough: bool,
}

/// Steps that are combined.
const MEMORY: usize = 5;

/// Multipliers beyond `exp(±FAR)` are taken to run away.
const FAR: f64 = 350.0;

impl TermCosts<'_> {
    /// Variables with costs on one side only, at multipliers 1: for each, whether that is the one which rises with it.
    /// Cost: a read.
    ///
    /// # Errors
    /// [`SolveError::NotFinite`].
    pub fn one_sided(&self) -> Result<Vec<(usize, bool)>, SolveError> {
        let mut found = Vec::new();
        for (variable, (rising, falling)) in self.sides().into_iter().enumerate() {
            if !(rising.is_finite() && falling.is_finite()) {
                return Err(SolveError::NotFinite { variable });
            }
            if (rising > 0.0) != (falling > 0.0) {
                found.push((variable, rising > 0.0));
            }
        }
        Ok(found)
    }
}

/// Balances in few reads; see there. `progress` is told each deficit. What was reached is given even where it is not
/// enough.
///
/// # Errors
/// [`SolveError::OneSided`], [`SolveError::NotFinite`]; [`SolveError::RunsAway`] where multipliers do, so that there
/// seems to be no minimum.
pub fn balance_in_few_reads(
    costs: &TermCosts,
    options: &FewReads,
    progress: &mut dyn FnMut(f64),
) -> Result<Reached, SolveError> {
    let state = costs.state(vec![0.0; costs.variables()]);
    balance_from(costs, state, options, progress)
}

/// The same from what the first read has given, as [`TermCosts::sums`].
///
/// # Errors
/// Those of [`balance_in_few_reads`].
pub fn balance_from_sums(
    costs: &TermCosts,
    sums: Vec<BlockSums>,
    options: &FewReads,
    progress: &mut dyn FnMut(f64),
) -> Result<Reached, SolveError> {
    let blocks = sums.into_iter().map(|block| block.sums.into());
    let margins = Margins {
        blocks: blocks.collect(),
    };
    let point = (vec![0.0; costs.variables()], vec![1.0; costs.forms.len()]);
    balance_from(costs, costs.state_of(point, margins), options, progress)
}

fn balance_from(
    costs: &TermCosts,
    mut state: State,
    options: &FewReads,
    progress: &mut dyn FnMut(f64),
) -> Result<Reached, SolveError> {
    super::newton::check(&state)?;
    let before = (state.deficit(), state.regularizer);
    let mut best = (before.0, state.x.clone(), state.regularizer);
    let mut reads = 1;
    let mut accelerated = Anderson::new(MEMORY);
    progress(best.0);
    while options.goes_on(best.0, reads) {
        let (image, residual) = moved(costs, &state);
        if let Some(variable) = image.iter().position(|x| x.abs() > FAR || x.is_nan()) {
            let deficit = best.0;
            return Err(SolveError::RunsAway { variable, deficit });
        }
        let next = accelerated.next(&image, residual);
        let is_sane = next.iter().all(|x| x.abs() <= FAR);
        let (last, deficit) = (state.regularizer, state.deficit());
        state = costs.state(if is_sane { next } else { image });
        reads += 1;
        let reached = state.deficit();
        progress(reached);
        if reached < best.0 {
            best = (reached, state.x.clone(), state.regularizer);
        }
        // A combination that leads up the hill.
        if !(state.regularizer <= last * (1.0 + 1e-12) || reached < deficit) {
            accelerated.restart();
        }
    }
    let (image, _) = moved(costs, &state);
    let is_sane = image.iter().all(|x| x.abs() <= FAR) && state.deficit() <= best.0;
    let (deficit, x, value) = best;
    let beyond = if is_sane { image } else { x.clone() };
    Ok(Reached {
        beyond: beyond.into_iter().map(f64::exp).collect(),
        multipliers: x.into_iter().map(f64::exp).collect(),
        deficits: [before.0, deficit],
        regularizer: [before.1, value],
        reads,
        is_enough: deficit <= options.enough,
    })
}

/// Where the model's minimum is, and the way there.
fn moved(costs: &TermCosts, state: &State) -> (Vec<f64>, Vec<f64>) {
    let step = Model::new(costs, &state.margins).step();
    let image = state.x.iter().zip(&step).map(|(x, step)| x + step);
    (image.collect(), step)
}
