//! Bounds on the balanced multipliers of a block problem, in floating point with its rounding taken into account.

use super::newton_cg::solve_at;
use super::state::State;
use super::{BlockSolution, CostSums, Extent};

/// The accuracy of the heights, as a share.
const ACCURACY: f64 = 0.1;
/// How often the bounds are widened before giving up.
const WIDENINGS: usize = 6;

/// Bounds on every balanced multiplier `μ*`.
///
/// Both pass the sign tests of the comparison principle with more to spare than the rounding of sums of so many terms
/// can be, in whatever order they are added. That is a proof if the processor rounds as IEEE 754 says and this program
/// is right; the [kernel](crate::kernel) has not seen it, so that it counts as computed, not as verified.
/// [`certify`](crate::solve::certify) has the kernel verify bounds, in rational arithmetic, at hundreds of times the
/// cost.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockEnclosure {
    /// Lower bounds by unit.
    pub lower: Vec<f64>,
    /// Upper bounds by unit.
    pub upper: Vec<f64>,
    /// The largest relative width.
    pub width: f64,
    /// Reads of all the weights that finding and testing the bounds took.
    pub reads: f64,
}

/// Encloses the balanced multipliers, starting from a computed solution of this problem; `fan` is the largest number of
/// synapses at a unit. Ours.
///
/// With `H h = diag(H)` (solved to a tenth) the points `u exp(∓ ε h)` have `A < B` and `A > B` everywhere, see
/// [`certify`](crate::solve::certify). Returns `None` where no bounds pass: the network is nearly cut off from the
/// ground, or not joined to it at all; or where costs are lost below the range of `f64`. Sums that do not depend on the
/// multipliers are taken from the solution. Cost: two reads of the weights between units, and a few for the heights.
pub fn enclose_blocks<C: CostSums>(
    problem: &mut C,
    solution: &BlockSolution,
    fan: usize,
) -> Option<BlockEnclosure> {
    let units = problem.shape().units();
    let mut state = State::at(problem, solution);
    // Sums that losses matter in have no bound on their rounding. At the bounds tested below, potentials are hardly
    // larger.
    if state.is_at_risk() {
        return None;
    }
    let heights = solve_at(&mut state, &vec![1.0; units], ACCURACY);
    let mut reads = state.reads;
    // A sum of n positive terms, each of a few roundings, is off by less than (n + 8) units of 2^-53, relatively.
    let rounding = (fan as f64 + 8.0) * f64::EPSILON;
    let mut epsilon = 2.0 * (solution.deficit + 2.0 * rounding) / (1.0 - ACCURACY);
    let mut sums = solution.sums.clone();
    for _ in 0..WIDENINGS {
        let bound = |sign: f64| -> Vec<f64> {
            let points = solution.multipliers.iter().zip(&heights);
            points
                .map(|(u, height)| u * (sign * epsilon * height).exp())
                .collect()
        };
        let (lower, upper) = (bound(-1.0), bound(1.0));
        let mut passes = |point: &[f64], below: bool| {
            let inverse: Vec<f64> = point.iter().map(|u| 1.0 / u).collect();
            reads += problem.read(Extent::Inner, point, &inverse, &mut sums);
            let (mut incoming, mut outgoing) = (vec![0.0; units], vec![0.0; units]);
            sums.incoming(problem.shape(), &mut incoming);
            sums.outgoing(problem.shape(), &mut outgoing);
            (0..units).all(|unit| {
                let (input, output) = (point[unit] * incoming[unit], outgoing[unit] / point[unit]);
                let (small, large) = if below {
                    (input, output)
                } else {
                    (output, input)
                };
                small * (1.0 + rounding) < large * (1.0 - rounding) || input + output == 0.0
            })
        };
        if passes(&lower, true) && passes(&upper, false) {
            let widths = lower
                .iter()
                .zip(&upper)
                .map(|(lower, upper)| upper / lower - 1.0);
            let width = widths.fold(0.0, f64::max);
            return Some(BlockEnclosure {
                lower,
                upper,
                width,
                reads,
            });
        }
        epsilon *= 4.0;
    }
    None
}
