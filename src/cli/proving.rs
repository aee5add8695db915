//! What the kernel verifies of models that are balanced where they lie, and the second method.

use synaptic_balance::numbers::Wide;
use synaptic_balance::solve::blocks::{
    BlockOptions, BlockSolution, Blocks, CostSums, Cut, NewtonStep, RandomOptions, RandomRun,
    balance_blocks, balance_in_random_order,
};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, PLAIN_DIGITS, point_of_floats};
use synaptic_balance_kernel::{Number, Problem};

use super::Progress;
use super::limit_in_place::far;

/// Has the kernel verify what was found, refined by Newton steps; of weights that vanish by a `cut`, that they add next
/// to nothing.
pub fn prove(
    problem: &mut Blocks,
    solution: &BlockSolution,
    kernel: &Problem,
    cut: Option<&Cut>,
) -> Result<EnergyProof, EnergyError> {
    let mut computed = point_of_floats(&solution.multipliers).ok_or(EnergyError::NotRefined)?;
    if let Some(cut) = cut {
        computed = far(computed, cut);
    }
    let weights = problem.weights();
    let mut newton = NewtonStep::at(problem, solution);
    let mut solve = |side: &[f64]| newton.solve(side, NEWTON);
    find(kernel, computed, &mut solve, (weights, cut.is_some()))
}

/// Makes a certificate of a computed point and has the kernel verify it: in longer numbers where 256 bits do not hold
/// the lightest of so many weights' costs, and at the point itself where those do not suffice either, since what a grid
/// does not see could be moved from balance. `solve` solves the Newton system. In a limit some weights are left out.
pub fn find(
    kernel: &Problem,
    computed: Vec<Number>,
    solve: &mut dyn FnMut(&[f64]) -> Option<Vec<f64>>,
    (weights, in_limit): (usize, bool),
) -> Result<EnergyProof, EnergyError> {
    let mut step = |side: &[f64], scale: Wide| {
        let scale = scale.to_f64();
        let solved = solve(side)?;
        Some(solved.into_iter().map(|entry| entry * scale).collect())
    };
    let proof = EnergyProof::find(kernel, computed.clone(), &mut step, PLAIN_DIGITS)?;
    if proof.is_attained || in_limit {
        return Ok(proof);
    }
    if weights <= MOST_LONG {
        let finer = EnergyProof::find(kernel, computed.clone(), &mut step, PLAIN_DIGITS + 1);
        if let Some(finer) = finer.ok().filter(|finer| finer.is_attained) {
            return Ok(finer);
        }
    }
    let mut still = |side: &[f64], _| Some(vec![0.0; side.len()]);
    EnergyProof::find(kernel, computed, &mut still, PLAIN_DIGITS)
}

/// The same after balancing, if what is verified is that the minimum is attained.
pub fn prove_attained(problem: &mut Blocks, kernel: &Problem) -> Option<EnergyProof> {
    let progress = Progress::new();
    let solution = balance_blocks(problem, &BlockOptions::default(), &mut |deficit| {
        progress.report("two-level", deficit);
    });
    let proof = prove(problem, &solution.ok()?, kernel, None).ok()?;
    proof.is_attained.then_some(proof)
}

/// Weights for which numbers of any length are taken where 256 bits do not hold the lightest cost: some seconds.
const MOST_LONG: usize = 1 << 22;

/// The accuracy of Newton steps, as a share of the right side.
const NEWTON: f64 = 1e-9;

/// Weights that the second method may read: some seconds.
const SECOND_READS: usize = 1 << 27;

/// When the second method ends on so many weights.
pub fn second_options(weights: usize, seed: u64) -> RandomOptions {
    RandomOptions {
        seed,
        tolerance: 1e-12,
        max_reads: (SECOND_READS / weights.max(1)).clamp(1, 2_000),
    }
}

/// The paper's algorithm from the given weights, by its own rule.
pub fn second_run(problem: &Blocks, seed: u64, progress: &mut dyn FnMut(f64)) -> RandomRun {
    let options = second_options(problem.weights(), seed);
    balance_in_random_order(problem, &options, progress)
}
