//! Any network of BiLU units as blocks: groups are strongly connected components, and levels of what lies in none.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

use super::blocks::{BlockOptions, Blocks, CostSums, Elimination, balance_blocks, solve_hessian};
use super::existence::endpoints;
use super::{Balancing, Solution, SolveError};
use crate::kernel::{Cost, Problem};
use crate::numbers::Wide;

/// The most multiplications for the problem between groups; beyond, all units are one group.
const COARSE_WORK: f64 = 1e8;
/// Costs may lie so many binary orders from the middle between the smallest and the largest.
const REACH: f64 = 480.0 * std::f64::consts::LN_2;

/// Solves the convex problem (5.4) of the paper in few reads of the weights, by
/// [`balance_blocks`](super::blocks::balance_blocks): groups are strongly connected components, and units of equal
/// depth. For networks of any size; [`solve_direct`](super::solve_direct) takes 4,000 multipliers at most.
///
/// # Errors
/// [`SolveError::NotBlocks`] for mixtures, units of degree other than 1, products, ties with exponents, and costs over
/// more than 960 binary orders; those of `balance_blocks`, with the variable.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{blocks::BlockOptions, solve_two_level};
/// let weights = ["1", "3", "2"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap());
/// let problem = chain(&weights).problem(&Regularizer::l2());
/// let solution = solve_two_level(&problem, &BlockOptions::default(), &mut |_| {}).unwrap();
/// assert!(solution.deficit <= 1e-12);
/// ```
pub fn solve_two_level(
    problem: &Problem,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<Solution, SolveError> {
    let mut levels = Levels::new(problem)?;
    let found = balance_blocks(&mut levels.blocks, options, progress);
    let found = found.map_err(|fault| levels.by_variable(fault))?;
    let multiplier = |unit: &usize| Wide::from_f64(found.multipliers[*unit]);
    let multipliers: Vec<Wide> = levels.unit.iter().map(multiplier).collect();
    let state = Balancing::at(problem, &multipliers);
    let mut solution = state.finish(found.sweeps + found.newton_steps);
    solution.passes = found.reads;
    Ok(solution)
}

/// A problem as blocks, and where its variables are in them.
pub(super) struct Levels {
    blocks: Blocks<'static>,
    /// The unit of each variable.
    unit: Vec<usize>,
}

/// A synapse into `to` from `from` (`None` is the ground), and its cost.
type Flow = (Option<usize>, Option<usize>, Wide);

impl Levels {
    pub fn new(problem: &Problem) -> Result<Self, SolveError> {
        let flows = flows(problem)?;
        let logs = flows.iter().map(|(_, _, cost)| cost.ln());
        let (low, high) = logs.fold((0.0f64, 0.0f64), |(low, high), log| {
            (low.min(log), high.max(log))
        });
        let middle = (low + high) / 2.0;
        if high - middle > REACH {
            return Err(SolveError::NotBlocks("costs span more than f64 holds"));
        }
        let unit = Wide::exp(middle);
        let mut groups = groups(problem.variables(), &flows);
        if coarse_work(&groups, &flows, problem.variables()) > COARSE_WORK {
            groups = vec![(0..problem.variables()).collect()];
        }
        Self::build(problem.variables(), &groups, &flows, unit)
            .ok_or(SolveError::NotBlocks("too many units"))
    }

    fn build(variables: usize, groups: &[Vec<usize>], flows: &[Flow], scale: Wide) -> Option<Self> {
        let mut blocks = Blocks::new(1.0).ok()?;
        let mut place = vec![(0, 0); variables];
        let mut unit = vec![0; variables];
        for members in groups {
            let group = blocks.add_group(members.len());
            let start = blocks.shape().group(group).start;
            for (position, variable) in members.iter().enumerate() {
                place[*variable] = (group, position);
                unit[*variable] = start + position;
            }
        }
        let mut links: BTreeMap<_, Vec<(usize, u32, f64)>> = BTreeMap::new();
        for (to, from, cost) in flows {
            let at = |end: Option<usize>| end.map(|variable| place[variable]);
            let (to, from) = (at(*to), at(*from));
            let key = (to.map(|(group, _)| group), from.map(|(group, _)| group));
            let position = |end: Option<(usize, usize)>| end.map_or(0, |(_, position)| position);
            let column = u32::try_from(position(from)).ok()?;
            let entry = (position(to), column, cost.ratio(scale));
            links.entry(key).or_default().push(entry);
        }
        for ((to, from), mut entries) in links {
            entries.sort_by_key(|(row, column, _)| (*row, *column));
            let size = |group: Option<usize>| group.map_or(1, |group: usize| groups[group].len());
            let mut starts = vec![0; size(to) + 1];
            entries.iter().for_each(|(row, _, _)| starts[row + 1] += 1);
            for row in 0..size(to) {
                starts[row + 1] += starts[row];
            }
            let entries = entries
                .into_iter()
                .map(|(_, column, cost)| (column, cost))
                .collect();
            blocks
                .add_sparse(to, from, size(from), starts, entries)
                .ok()?;
        }
        Some(Levels { blocks, unit })
    }

    /// The error with the variable in place of the unit.
    fn by_variable(&self, fault: SolveError) -> SolveError {
        let variable = |found: usize| {
            self.unit
                .iter()
                .position(|unit| *unit == found)
                .unwrap_or(found)
        };
        match fault {
            SolveError::OneSided {
                variable: unit,
                side,
            } => SolveError::OneSided {
                variable: variable(unit),
                side,
            },
            SolveError::NotFinite { variable: unit } => SolveError::NotFinite {
                variable: variable(unit),
            },
            fault => fault,
        }
    }

    /// Solves `H δ = diag(H) · side` at the multipliers of a solution, to `tolerance`, by conjugate gradients.
    pub fn solve(
        &mut self,
        multipliers: &[Wide],
        side: &[f64],
        tolerance: f64,
    ) -> Result<Vec<f64>, SolveError> {
        let (mut point, mut by_unit) = (vec![1.0; self.unit.len()], vec![0.0; self.unit.len()]);
        for (variable, unit) in self.unit.iter().enumerate() {
            (point[*unit], by_unit[*unit]) = (multipliers[variable].to_f64(), side[variable]);
        }
        let solved = solve_hessian(&mut self.blocks, &point, &by_unit, tolerance)?;
        Ok(self.unit.iter().map(|unit| solved[*unit]).collect())
    }
}

/// An active synapse into one variable from another (`None` is the ground), and its cost at multipliers 1.
pub(super) type ActiveSynapse<'a> = (Option<usize>, Option<usize>, &'a Cost);

/// The active synapses, if each has one cost, of exponent 1, and joins BiLU units.
pub(super) fn links(problem: &Problem) -> Result<Vec<ActiveSynapse<'_>>, SolveError> {
    let synapses = problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active());
    let link = |synapse| {
        let (to, from) = endpoints(synapse).ok_or(SolveError::NotBlocks(
            "units of degree other than 1, products or ties with exponents",
        ))?;
        match synapse.costs.as_slice() {
            [cost] if num_traits::One::is_one(&cost.exponent) => Ok((to, from, cost)),
            _ => Err(SolveError::NotBlocks("a mixture of powers")),
        }
    };
    synapses.map(link).collect()
}

/// The same with computed costs.
fn flows(problem: &Problem) -> Result<Vec<Flow>, SolveError> {
    let flow = |(to, from, cost): ActiveSynapse| {
        let value = Wide::from(&cost.coefficient) * Wide::from(&cost.base).power(&cost.power);
        (to, from, value)
    };
    Ok(links(problem)?.into_iter().map(flow).collect())
}

/// Strongly connected components of more than one variable, and the other variables by the length of the longest path
/// to them, in the order of synapses.
fn groups(variables: usize, flows: &[Flow]) -> Vec<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::new();
    (0..variables).for_each(|_| {
        graph.add_node(());
    });
    for (to, from, _) in flows {
        if let (Some(to), Some(from)) = (to, from) {
            graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
        }
    }
    let mut components = kosaraju_scc(&graph);
    components.reverse();
    let mut level = vec![0; variables];
    let mut component_of = vec![0; variables];
    for (number, component) in components.iter().enumerate() {
        component
            .iter()
            .for_each(|node| component_of[node.index()] = number);
    }
    // Levels, each with its single variables (first) and its components.
    let mut levels: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (number, component) in components.iter().enumerate() {
        let own = component
            .iter()
            .map(|node| level[node.index()])
            .max()
            .unwrap_or(0);
        for node in component {
            level[node.index()] = own;
        }
        for node in component {
            for next in graph.neighbors(*node) {
                if component_of[next.index()] != number {
                    level[next.index()] = level[next.index()].max(own + 1);
                }
            }
        }
        let key = if component.len() == 1 {
            (own, 0)
        } else {
            (own, number + 1)
        };
        levels
            .entry(key)
            .or_default()
            .extend(component.iter().map(|node| node.index()));
    }
    let sorted = |mut members: Vec<usize>| {
        members.sort_unstable();
        members
    };
    levels.into_values().map(sorted).collect()
}

/// Multiplications to factor the problem between groups.
fn coarse_work(groups: &[Vec<usize>], flows: &[Flow], variables: usize) -> f64 {
    let mut group = vec![0; variables];
    for (number, members) in groups.iter().enumerate() {
        members
            .iter()
            .for_each(|variable| group[*variable] = number);
    }
    let pairs = flows
        .iter()
        .filter_map(|(to, from, _)| Some((group[(*to)?], group[(*from)?])));
    Elimination::new(groups.len(), pairs).work()
}
