//! Block form and two-level solver.

mod anderson;
mod elimination;
mod kernels;
mod matrix;
mod newton_cg;
mod problem;
mod shape;
mod small;
mod state;
mod two_level;

pub use elimination::Elimination;
pub use problem::{BlockError, Blocks, Weights};
pub use shape::{Link, Shape, Sums};
pub use small::{Edge, Small};

use super::SolveError;
use newton_cg::newton;
use state::State;
use two_level::sweeps;

/// Which blocks a read takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All.
    All,
    /// Only those between groups. The sums of others do not depend on the potentials: the first read gives them once and for all.
    Inner,
}

/// Where the solver's sums over weights come from.
pub trait CostSums {
    /// Groups and links.
    fn shape(&self) -> &Shape;

    /// One pass over the weights: for every link `Σ_j c_ij q_j` by row and `Σ_i c_ij p_i` by column, with `p` and `q` by unit and 1 at the
    /// ground. Returns the share of all weights that was read.
    fn read(&mut self, extent: Extent, p: &[f64], q: &[f64], sums: &mut Sums) -> f64;

    /// One pass in which each group is balanced as soon as its rows are read.
    fn sweep(
        &mut self,
        outgoing: &[f64],
        u: &mut [f64],
        v: &mut [f64],
        sums: &mut Sums,
    ) -> Option<f64> {
        let _ = (outgoing, u, v, sums);
        None
    }
}

/// Options.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockOptions {
    /// The deficit to reach.
    pub tolerance: f64,
    /// Reads after which the solver gives up.
    pub max_reads: f64,
    /// memory
    pub memory: usize,
    /// stall
    pub patience: usize,
}

impl Default for BlockOptions {
    fn default() -> Self {
        BlockOptions {
            tolerance: 1e-12,
            max_reads: 2000.0,
            memory: 10,
            patience: 1000,
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct BlockSolution {
    /// multipliers of costs, by unit.
    pub multipliers: Vec<f64>,
    /// deficit, recomputed
    pub deficit: f64,
    /// reads
    pub reads: f64,
    /// passes
    pub passes: usize,
    /// sweeps
    pub sweeps: usize,
    /// newton steps
    pub newton_steps: usize,
}

/// Balances.
pub fn balance_blocks<C: CostSums>(
    problem: &mut C,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<BlockSolution, SolveError> {
    let mut state = State::new(problem)?;
    let deficit = state.deficit();
    progress(deficit);
    let mut sweeps_made = 0;
    let mut newton_steps = 0;
    if state.shape().is_sweepable() {
        sweeps_made = sweeps(&mut state, options, progress);
    }
    let mut deficit = state.verify();
    progress(deficit);
    if deficit > options.tolerance {
        newton_steps = newton(&mut state, options, progress);
        deficit = state.verify();
        progress(deficit);
    }
    if !(deficit <= options.tolerance) {
        return Err(SolveError::NotConverged {
            deficit,
            tolerance: options.tolerance,
            passes: state.reads,
            reason: "",
        });
    }
    Ok(BlockSolution {
        multipliers: state.u.clone(),
        deficit,
        reads: state.reads,
        passes: state.passes,
        sweeps: sweeps_made,
        newton_steps,
    })
}
