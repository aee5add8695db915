//! What the kernel verifies of models that are balanced where they lie, and the second method.

use synaptic_balance::numbers::Wide;
use synaptic_balance::solve::blocks::{
    BlockOptions, BlockSolution, Blocks, CostSums, Cut, NewtonStep, RandomOptions, RandomRun,
    balance_blocks, balance_in_random_order,
};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof, PLAIN_DIGITS, point_of_floats};
use synaptic_balance_kernel::Problem;

use super::Progress;
use super::limit_in_place::far;

/// Has the kernel verify what was found, refined by Newton steps; of weights that vanish by a `cut`, that they add next to nothing.
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
    let mut newton = NewtonStep::at(problem, solution);
    let mut step = |side: &[f64], scale: Wide| {
        let scale = scale.to_f64();
        let solved = newton.solve(side, NEWTON)?;
        Some(solved.into_iter().map(|entry| entry * scale).collect())
    };
    EnergyProof::find(kernel, computed, &mut step, PLAIN_DIGITS)
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

/// The accuracy of Newton steps, as a share of the right side.
const NEWTON: f64 = 1e-9;

/// Weights that the second method may read: some seconds.
pub const SECOND_READS: usize = 1 << 27;

/// The paper's algorithm from the given weights, by its own rule.
pub fn second_run(problem: &Blocks, seed: u64, progress: &mut dyn FnMut(f64)) -> RandomRun {
    let options = RandomOptions {
        seed,
        tolerance: 1e-12,
        max_reads: (SECOND_READS / problem.weights().max(1)).clamp(1, 2_000),
    };
    balance_in_random_order(problem, &options, progress)
}
