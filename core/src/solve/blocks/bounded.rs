//! Multipliers that may not be chosen freely, on blocks: within a bound, or powers of two.

use super::matrix::{Cost, Dense, Entries};
use super::small::deficit;
use super::{BlockOptions, Blocks, CostSums, Extent, Sums, balance_blocks};
use crate::solve::SolveError;

/// Restricted multipliers: computed, not verified.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedBlocks {
    /// The multipliers `μ` of costs, by unit of all groups.
    pub multipliers: Vec<f64>,
    /// By unit: 1 at the upper bound, -1 at the lower one, 0 elsewhere.
    pub held: Vec<i8>,
    /// The largest deficit.
    pub deficit: f64,
    /// The largest deficit of the units that no bound holds; with powers of two, of all.
    pub residual: f64,
    /// Reads of all the weights.
    pub reads: f64,
}

/// Rounds in which units are held and released.
const ROUNDS: usize = 60;

/// A multiplier beyond the bound by less than this share is at it.
const SLACK: f64 = 1e-13;

/// Minimises the regularizer over `1/bound <= μ <= bound`, in the multipliers `μ` of costs. There is a solution whether
/// or not the minimum is attained without the bound.
///
/// Units that would pass the bound are held at it, and what they cost others counts as the ground's; the others are
/// balanced as [`balance_blocks`] does it; a held unit whose costs pull it back is released; until nothing changes.
/// Then it is the solution: no unit gains by moving, and the regularizer is convex in the logarithms. Ours: theory of
/// bounded scalings. Cost: some rounds, each one of [`balance_blocks`].
///
/// # Errors
/// Those of [`balance_blocks`] but for [`SolveError::OneSided`]; [`SolveError::NotConverged`] where rounds run out.
pub fn balance_blocks_within(
    problem: &Blocks,
    bound: f64,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<RestrictedBlocks, SolveError> {
    let mut whole = problem.clone();
    let units = whole.shape().units();
    let mut held = vec![0i8; units];
    if let Some(cut) = whole.cut()? {
        let levels = held.iter_mut().zip(&cut.levels);
        levels.for_each(|(held, level)| *held = level.signum() as i8);
    }
    let mut free = Free::new(&whole);
    let mut reads = 0.0;
    for _ in 0..ROUNDS {
        reads += free.hold(&mut whole, &held, bound);
        let solved = match balance_blocks(&mut free.blocks, options, progress) {
            Err(SolveError::OneSided { variable, side }) => {
                held[variable] = if side == "input" { 1 } else { -1 };
                continue;
            }
            solved => solved?,
        };
        reads += solved.reads;
        let mut multipliers = solved.multipliers;
        let at_bound = multipliers.iter_mut().zip(&held);
        at_bound.for_each(|(mu, held)| match held {
            0 => {}
            side => *mu = bound.powi(i32::from(*side)),
        });
        let sides = whole.sides_at(&multipliers);
        reads += 1.0;
        let mut is_settled = true;
        for (unit, (input, output)) in sides.iter().enumerate() {
            let next = next(held[unit], multipliers[unit], bound, (*input, *output));
            is_settled &= next == held[unit];
            held[unit] = next;
        }
        if is_settled {
            let of = |unit: usize| deficit(sides[unit].0, sides[unit].1);
            let free = (0..units).filter(|unit| held[*unit] == 0);
            return Ok(RestrictedBlocks {
                deficit: (0..units).map(of).fold(0.0, f64::max),
                residual: free.map(of).fold(0.0, f64::max),
                multipliers,
                held,
                reads,
            });
        }
    }
    Err(SolveError::NotConverged {
        deficit: f64::NAN,
        tolerance: options.tolerance,
        passes: reads,
        reason: "units were held at the bound and released again and again",
    })
}

/// Where a unit is held in the next round.
fn next(held: i8, mu: f64, bound: f64, (input, output): (f64, f64)) -> i8 {
    let pull = 1.0 + SLACK;
    match held {
        1 if input > output * pull => 0,
        -1 if output > input * pull => 0,
        0 if mu > bound * pull => 1,
        0 if mu * bound * pull < 1.0 => -1,
        held => held,
    }
}

/// The problem of the units that are not held: costs between them and the others lead from and to the ground.
struct Free<'a> {
    blocks: Blocks<'a>,
    /// The first of the blocks from and to the ground that stand for the others, two for each group.
    first: usize,
}

impl<'a> Free<'a> {
    fn new(whole: &Blocks<'a>) -> Self {
        let mut blocks = whole.clone();
        let first = blocks.matrices.len();
        for group in 0..blocks.shape.groups() {
            let size = blocks.shape.group(group).len();
            let zeros = || Entries::Dense(Dense::Owned(vec![0.0; size]));
            // Their sizes fit.
            let _ = blocks.push((Some(group), None), (size, 1), Cost::First, zeros());
            let _ = blocks.push((None, Some(group)), (1, size), Cost::First, zeros());
        }
        Free { blocks, first }
    }

    /// Holds units at the bound; the share of all weights that was read.
    fn hold(&mut self, whole: &mut Blocks, held: &[i8], bound: f64) -> f64 {
        let shape = whole.shape().clone();
        let potentials = |sign: i8| -> Vec<f64> {
            let value = |held: &i8| match held * sign {
                0 => 0.0,
                side => bound.powi(i32::from(side)),
            };
            held.iter().map(value).collect()
        };
        let mut sums = Sums::new(&shape);
        let read = whole.read(Extent::Inner, &potentials(1), &potentials(-1), &mut sums);
        let (mut incoming, mut outgoing) = (vec![0.0; held.len()], vec![0.0; held.len()]);
        sums.incoming(&shape, &mut incoming);
        sums.outgoing(&shape, &mut outgoing);
        for group in 0..shape.groups() {
            for (offset, sums) in [&incoming, &outgoing].into_iter().enumerate() {
                let costs = sums[shape.group(group)].to_vec();
                let block = self.first + 2 * group + offset;
                self.blocks.matrices[block].entries = Entries::Dense(Dense::Owned(costs));
            }
        }
        let is_out = |(unit, side): (usize, &i8)| *side != 0 || whole.is_left_out(unit);
        self.blocks
            .leave_out(held.iter().enumerate().map(is_out).collect());
        read
    }
}
