//! Large networks as blocks of weights, balanced in as few reads of them as possible.
//!
//! What balancing costs is reading the weights: everything else is a few numbers for each unit. [`balance_blocks`]
//! reads each block once in a pass, for both of its sides, and needs about a dozen passes whatever the depth:
//!
//! * **A sweep** goes through the groups from inputs to outputs. A row's input cost is summed, its unit balanced
//!   against the output cost known from the sweep before, and while the row is at hand the output costs of the units
//!   that it comes from are summed at the new potentials. So one read gives new potentials *and* the sums there: the
//!   deficit is known without another. Blocks from inputs or to outputs are read once only: their sums do not depend on
//!   potentials. A block that is stored column after column, as `MatMul` has it, is read twice in a sweep, each time as
//!   it lies: once for its rows, once for its columns.
//! * **A coarse correction** follows, free of reads: all units of a group share one more multiplier, and the tiny
//!   convex problem between groups is solved to the end. In a layered network without biases the slow error of sweeps
//!   is one number a layer (the depth law, `cos²(π/(L+1))` a sweep); that is what it removes. With one group a layer it
//!   is tied layer-wise balancing.
//! * **Anderson acceleration** combines the last iterates. What remains is the mixing within layers, fast where the
//!   layers are wide.
//! * **Skewed weights** mix slowly: few synapses carry most of a unit's cost. After a few sweeps those are gathered
//!   once and relaxed by themselves between sweeps, at a small fraction of a read each time.
//! * **Recurrent blocks** cannot be swept; there, and where sweeps make no progress, Newton steps are solved by
//!   conjugate gradients, one read a product, with groups as deflated directions.
//!
//! A *read* is as many weights as the network has; where only some blocks are read, or single synapses, their share
//! counts.
//!
//! # Many machines
//!
//! [`CostSums`] is all that the solver asks of the weights. Its [`read`](CostSums::read) takes potentials by unit and
//! returns two sums by unit and link, which are sums over weights: where each machine holds some rows of each block, it
//! computes its part, and one exchange of [`Shape::sums`] numbers gives the sums of all. [`Shared`] does that, over any
//! [`Exchange`]; the package in `mpi/` runs it. Everything else is done on each machine alike, from equal numbers, with
//! no further exchange, but that a sweep tells the potentials of each group before the next. Sums are those of fixed
//! bands of rows, added in twice the digits, so that results of different numbers of machines are the same; [`Blocks`]
//! add in another order, and agree within rounding. [`sweep`](CostSums::sweep) and [`strong`](CostSums::strong) are
//! optional; without them the solver takes Newton steps, so that it needs reads only.
//!
//! # Threads
//!
//! With the feature `parallel` blocks of more than 65,536 weights are divided into bands of rows for all cores, as many
//! whatever their number, and the bands' sums added in their order: results do not depend on the number of threads. Nor
//! do sums on the processor: every machine takes four numbers at a time, with or without instructions for that.

mod anderson;
mod bounded;
mod cut;
mod elimination;
mod enclose;
mod kernels;
pub(super) mod matrix;
mod newton_cg;
mod passes;
mod perceptron;
mod problem;
mod random;
mod rows;
mod scaling;
mod shape;
mod share;
mod small;
mod state;
mod strong;
mod tied;
mod two_level;

pub(super) use anderson::Anderson;
pub use bounded::{RestrictedBlocks, balance_blocks_within};
pub use cut::Cut;
pub(super) use elimination::Elimination;
pub use enclose::{BlockEnclosure, enclose_blocks};
pub use newton_cg::NewtonStep;
pub(super) use newton_cg::solve_hessian;
pub use perceptron::{Perceptron, scale_block};
pub use problem::{BlockError, Blocks, Weights};
pub(in crate::solve) use random::predicted;
pub use random::{RandomOptions, RandomRun, balance_in_random_order};
pub use rows::Edge;
pub use scaling::scaling_between;
pub use shape::{Link, Shape, Sums};
pub use share::{Alone, BoundsError, Exchange, Pair, Share, Shared, band_rows, confirm_bounds};
pub use small::{SmallProblem, deficit};

use super::SolveError;
use newton_cg::newton;
use state::State;

/// Which blocks a read takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All.
    All,
    /// Only those between groups. The sums of others do not depend on the potentials: the first read gives them once
    /// and for all.
    Inner,
}

/// Where the solver's sums over weights come from: [`Blocks`], or many machines that hold some of them each (see the
/// [module](self)).
pub trait CostSums {
    /// Groups and links; always the same.
    fn shape(&self) -> &Shape;

    /// The number of weights, to count reads.
    fn weights(&self) -> usize;

    /// One pass over the weights. For every link, `Σ_j c_ij q_j` by unit `i` entered and `Σ_i c_ij p_i` by unit `j`
    /// left, with `p` and `q` by unit of all groups, 1 at the ground. Sums of links that are not read stay as they are.
    /// Returns the share of all weights that was read.
    fn read(&mut self, extent: Extent, p: &[f64], q: &[f64], sums: &mut Sums) -> f64;

    /// One pass over the blocks between groups in which each group is balanced as soon as its rows are read: `u`
    /// becomes the root of `outgoing`, the sum over outgoing synapses, over that of incoming ones, `v` its inverse, and
    /// sums of columns are taken at the new `u`. Returns the share of all weights that was read; `None`, before
    /// anything has changed, where that cannot be done.
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

    /// Is the cost of a weight that is not 0 too small for `f64` to hold in full? Asked only where sums are 0.
    fn loses_costs(&mut self) -> bool {
        false
    }

    /// The synapses between groups with `c_ij v_j > incoming_i` or `c_ij u_i > outgoing_j`, and the share of all
    /// weights that was read; `None` where they cannot be told.
    fn strong(
        &mut self,
        potentials: (&[f64], &[f64]),
        bounds: (&[f64], &[f64]),
    ) -> Option<(Vec<Edge>, f64)> {
        let _ = (potentials, bounds);
        None
    }
}

/// How [`balance_blocks`] goes about it. [`TwoLevel`](BlockMethod::TwoLevel) is best wherever it was measured; the
/// others are what it is made of, to be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockMethod {
    /// Everything that the [module](self) describes, as the network needs it.
    TwoLevel,
    /// Plain sweeps only: the paper's algorithm in the order of the layers.
    Sweeps,
    /// Newton steps by conjugate gradients only.
    NewtonCg,
}

impl BlockMethod {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            BlockMethod::TwoLevel => "two-level",
            BlockMethod::Sweeps => "sweeps",
            BlockMethod::NewtonCg => "newton-cg",
        }
    }
}

/// How [`balance_blocks`] works, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockOptions {
    /// The method.
    pub method: BlockMethod,
    /// The deficit to reach.
    pub tolerance: f64,
    /// Reads after which it gives up.
    pub max_reads: f64,
}

impl Default for BlockOptions {
    /// Two-level, deficit `1e-12`, 2,000 reads.
    fn default() -> Self {
        BlockOptions {
            method: BlockMethod::TwoLevel,
            tolerance: 1e-12,
            max_reads: 2_000.0,
        }
    }
}

/// What [`balance_blocks`] found: computed, not verified.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSolution {
    /// The multipliers `μ` of costs, by unit of all groups.
    pub multipliers: Vec<f64>,
    /// `max |A - B| / (A + B)`, from sums over the weights at these multipliers.
    pub deficit: f64,
    /// Those sums.
    pub sums: Sums,
    /// Reads of all the weights, the last one included.
    pub reads: f64,
    /// Passes over the weights, most of which leave out blocks from inputs and to outputs.
    pub passes: usize,
    /// Sweeps.
    pub sweeps: usize,
    /// Newton steps.
    pub newton_steps: usize,
}

/// Balances every unit of a problem given as blocks; see the [module](self) for how.
///
/// Paper: Theorem 5.1 (the solution); the method is ours. `progress` is told the deficit at multipliers 1, and after
/// each sweep or step. A unit without any cost keeps the multiplier 1. Cost: about a dozen reads for layers with
/// weights of one order, some dozens for weights over many orders; memory for some dozens of numbers a unit.
///
/// # Errors
/// [`SolveError::CostsLost`] (costs so small that `f64` loses them), [`SolveError::OneSided`] (a unit with cost on one
/// side only: there is no minimum; its number is that of the unit), [`SolveError::NotFinite`],
/// [`SolveError::NotConverged`]. In acyclic networks a minimum exists if no unit is one-sided; in recurrent ones that
/// is not enough, and a solution is not proved to be near one.
pub fn balance_blocks<C: CostSums>(
    problem: &mut C,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<BlockSolution, SolveError> {
    let mut state = State::new(problem)?;
    progress(state.deficit());
    let (mut sweeps, mut newton_steps) = (0, 0);
    let mut deficit = None;
    if options.method != BlockMethod::NewtonCg {
        (sweeps, deficit) = two_level::sweeps(&mut state, options, progress);
    }
    let mut deficit = deficit.unwrap_or_else(|| state.verify());
    if deficit > options.tolerance && options.method != BlockMethod::Sweeps {
        newton_steps = newton(&mut state, options, progress);
        deficit = state.verify();
    }
    progress(deficit);
    if deficit <= options.tolerance {
        return Ok(BlockSolution {
            multipliers: state.u,
            deficit,
            sums: state.sums,
            reads: state.reads,
            passes: state.passes,
            sweeps,
            newton_steps,
        });
    }
    Err(SolveError::NotConverged {
        deficit,
        tolerance: options.tolerance,
        passes: state.reads,
        reason: "neither more sweeps nor Newton steps were allowed, or of use",
    })
}
