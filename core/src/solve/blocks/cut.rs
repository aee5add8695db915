//! Units that no path of weights joins to the visible ones, and the direction in which their weights vanish.

use num_bigint::BigInt;
use num_traits::One;
use std::collections::BTreeSet;

use super::{Blocks, CostSums};
use crate::kernel::{NotAttained, Verified};
use crate::numbers::Rational;
use crate::solve::SolveError;
use crate::solve::merged::{Steps, moving, verified};

/// Passes after which units that are still moved are taken to go round, besides those for the groups.
const PATIENCE: usize = 16;

/// A direction that raises no cost and sends some to 0, so that the minimum is not attained.
///
/// Scaling by `exp(t · level)` with `t` to infinity sends every weight between units of different levels to 0, and
/// leaves the others alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// By unit: above 0 for one that nothing feeds, below 0 for another that nothing reads, 0 for what stays.
    pub levels: Vec<i64>,
    /// The levels of the ends of weights other than 0, where they differ: 1 at what they lead to, -1 at what they come
    /// from.
    steps: BTreeSet<Steps>,
}

impl Cut {
    /// Is the unit left out in the limit?
    pub fn is_out(&self, unit: usize) -> bool {
        self.levels.get(unit).is_some_and(|level| *level != 0)
    }

    /// Does a weight between these units (a number beyond all units is the ground) vanish?
    pub fn vanishes(&self, to: usize, from: usize) -> bool {
        let level = |unit: usize| self.levels.get(unit).copied().unwrap_or(0);
        level(to) != level(from)
    }

    /// The units that nothing feeds, and the others that nothing reads.
    pub fn dead(&self) -> [Vec<usize>; 2] {
        moving(&self.levels)
    }

    /// Has the kernel verify the direction, on the network in which the units of each level are one: a direction there
    /// is one here, and the other way round. That the weights lead from level to level as they do was read by this
    /// program, not by the kernel. `None` if it refuses.
    pub fn verified(&self) -> Option<Verified<NotAttained>> {
        verified(&self.levels, self.steps.iter(), BigInt::from)
    }
}

impl Blocks<'_> {
    /// Finds the units that no path joins to the ground. `None` where the minimum is attained as far as they are
    /// concerned: there are none with a weight other than 0. Ours. Cost: some reads of the weights, one for each level
    /// at worst.
    ///
    /// The other units, each with a path from the ground and one to it, make one strongly connected part with it, so
    /// that the minimum over them is attained.
    ///
    /// # Errors
    /// [`SolveError::NotFinite`]; [`SolveError::CostsLost`]; [`SolveError::CutCycle`] where such units form a cycle.
    pub fn cut(&mut self) -> Result<Option<Cut>, SolveError> {
        if self.loses_costs() {
            return Err(SolveError::CostsLost);
        }
        let finite = |(input, output): &(f64, f64)| input.is_finite() && output.is_finite();
        if let Some(variable) = self.sides().iter().position(|sides| !finite(sides)) {
            return Err(SolveError::NotFinite { variable });
        }
        let units = self.shape().units();
        let [fed, read] = self.joined();
        let mut levels = vec![0i64; units + 1];
        let (is_unfed, is_unread) = (
            |unit: usize| !fed[unit],
            |unit: usize| fed[unit] && !read[unit],
        );
        let (mut is_settled, mut passes) = (false, 0);
        while !is_settled {
            is_settled = true;
            passes += 1;
            // Each pass follows paths from group to group as far as they go.
            if passes > 2 * self.shape().groups() + PATIENCE {
                return Err(SolveError::CutCycle);
            }
            let mut settle = |levels: &mut Vec<i64>, unit: usize, level: i64, is_better: bool| {
                if is_better {
                    levels[unit] = level;
                    is_settled = false;
                }
            };
            self.walk(true, |to, from| {
                if is_unfed(from) && to != from {
                    let level = 1 + levels[to].max(0);
                    let is_better = level > levels[from];
                    settle(&mut levels, from, level, is_better);
                }
            });
            self.walk(false, |to, from| {
                if is_unread(to) && to != from {
                    let level = levels[from].min(0) - 1;
                    let is_better = level < levels[to];
                    settle(&mut levels, to, level, is_better);
                }
            });
        }
        let mut ends = BTreeSet::new();
        self.walk(false, |to, from| {
            if levels[to] != levels[from] {
                ends.insert((levels[to], levels[from]));
            }
        });
        levels.pop();
        let one = Rational::one();
        let steps = ends.into_iter();
        let steps = steps.map(|(to, from)| Steps::from([(to, one.clone()), (from, -&one)]));
        let steps: BTreeSet<Steps> = steps.collect();
        Ok((!steps.is_empty()).then_some(Cut { levels, steps }))
    }

    /// By unit, the ground last: do paths lead to it from the ground, and from it to the ground?
    fn joined(&self) -> [Vec<bool>; 2] {
        let units = self.shape().units();
        let mut found = [vec![false; units + 1], vec![false; units + 1]];
        found.iter_mut().for_each(|all| all[units] = true);
        let [fed, read] = &mut found;
        let mut more = true;
        while more {
            more = false;
            self.walk(false, |to, from| {
                more |= fed[from] && !fed[to];
                fed[to] |= fed[from];
            });
        }
        more = true;
        while more {
            more = false;
            self.walk(true, |to, from| {
                more |= read[to] && !read[from];
                read[from] |= read[to];
            });
        }
        found
    }

    /// Calls back with the ends of every weight other than 0, block by block or the last block first.
    fn walk(&self, backwards: bool, mut call: impl FnMut(usize, usize)) {
        let links = self.shape().links().len();
        for position in 0..links {
            let link = if backwards {
                links - 1 - position
            } else {
                position
            };
            self.each_edge_of(link, &mut |to, from, cost| {
                if cost != 0.0 {
                    call(to as usize, from as usize);
                }
            });
        }
    }
}
