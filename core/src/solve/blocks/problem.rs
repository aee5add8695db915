//! The block form of a balancing problem.

use std::ops::Range;
use synaptic_balance_kernel as kernel;
use thiserror::Error;

use super::Edge;
use super::matrix::{Cost, Dense, Entries, Matrix, Sparse, is_lost};
use super::shape::Shape;

/// Why a block does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockError {
    /// A group that was not added before.
    #[error("there is no group {0}")]
    NoSuchGroup(usize),
    /// Another number of weights than rows times columns, or of rows than units.
    #[error("block {block}: {found} weights or rows where {expected} are needed")]
    Size {
        /// The block, counted from 0.
        block: usize,
        /// What was given.
        found: usize,
        /// What is needed.
        expected: usize,
    },
    /// A power that is not positive and finite.
    #[error("the power of the regularizer must be positive and finite")]
    Power,
    /// Rows that are not whole bands.
    #[error("block {block}: the rows {own:?} are not whole bands")]
    Bands {
        /// The block.
        block: usize,
        /// The rows.
        own: Range<usize>,
    },
    /// Rationals where floats are needed.
    #[error("block {0}: its weights are rationals, not floats")]
    Exact(usize),
    /// An entry of compressed rows that is out of range.
    #[error("block {block}: entry {entry} is out of range")]
    Entry {
        /// The block.
        block: usize,
        /// The entry.
        entry: usize,
    },
}

/// Dense weights as a model stores them, row after row.
#[derive(Debug, Clone, Copy)]
pub enum Weights<'a> {
    /// `f32`.
    Single(&'a [f32]),
    /// `f64`.
    Double(&'a [f64]),
    /// The bytes of `f16` numbers, little-endian, wherever they lie.
    F16(&'a [u8]),
    /// Those of `bf16` numbers.
    Bf16(&'a [u8]),
    /// Those of `f32` numbers.
    F32(&'a [u8]),
    /// Those of `f64` numbers.
    F64(&'a [u8]),
}

impl<'a> Weights<'a> {
    /// The entries of a block as the kernel reads it; `None` of rationals.
    pub(in crate::solve) fn of(entries: &kernel::Entries<'a>) -> Option<Self> {
        match entries {
            kernel::Entries::F64(all) => Some(Weights::F64(all.as_flattened())),
            kernel::Entries::F32(all) => Some(Weights::F32(all.as_flattened())),
            kernel::Entries::F16(all) => Some(Weights::F16(all.as_flattened())),
            kernel::Entries::Bf16(all) => Some(Weights::Bf16(all.as_flattened())),
            kernel::Entries::Rational(_) => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Weights::Single(weights) => weights.len(),
            Weights::Double(weights) => weights.len(),
            Weights::F16(bytes) | Weights::Bf16(bytes) => bytes.len() / 2,
            Weights::F32(bytes) => bytes.len() / 4,
            Weights::F64(bytes) => bytes.len() / 8,
        }
    }

    pub(in crate::solve) fn dense(self) -> Dense<'a> {
        match self {
            Weights::Single(weights) => Dense::Single(weights),
            Weights::Double(weights) => Dense::Double(weights),
            Weights::F16(bytes) => Dense::Half(bytes.as_chunks::<1>().0.as_chunks().0),
            Weights::Bf16(bytes) => Dense::Brain(bytes.as_chunks().0),
            Weights::F32(bytes) => Dense::Bytes4(bytes.as_chunks().0),
            Weights::F64(bytes) => Dense::Bytes8(bytes.as_chunks().0),
        }
    }
}

/// A balancing problem as blocks of weights, for one `L_p` and units of degree 1.
///
/// Groups are the units that can be scaled, layer by layer; whatever cannot be scaled is the ground: inputs, outputs,
/// the constant that biases come from, layers whose activation is not homogeneous. Groups that an addition ties are one
/// group. A block is what a model stores: `[out, in]`, a bias a block of one column from the ground. Between a group
/// and itself the diagonal (self-connections) is left out. For `p` 1 and 2 nothing is copied: costs are computed on the
/// fly; for other `p` once.
///
/// Costs are `f64`: weights of magnitude below `1e-154` count as 0 for `p = 2`, and costs beyond `1e308` are refused
/// when they are first read.
///
/// ```
/// use synaptic_balance::solve::blocks::{Blocks, BlockOptions, Weights, balance_blocks};
/// // One input, hidden layers of 2 and 1 units, one output.
/// let (w1, w2, w3) = ([3.0, 1.0], [0.5, 2.0], [4.0]);
/// let mut blocks = Blocks::new(2.0).unwrap();
/// let (one, two) = (blocks.add_group(2), blocks.add_group(1));
/// blocks.add_dense(Some(one), None, 2, 1, Weights::Double(&w1)).unwrap();
/// blocks.add_dense(Some(two), Some(one), 1, 2, Weights::Double(&w2)).unwrap();
/// blocks.add_dense(None, Some(two), 1, 1, Weights::Double(&w3)).unwrap();
/// let found = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
/// assert!(found.deficit <= 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    pub(super) power: f64,
    pub(super) shape: Shape,
    pub(super) matrices: Vec<Matrix<'a>>,
    /// The blocks into each group, and those into the ground.
    pub(super) inputs: Vec<Vec<usize>>,
    pub(super) outputs: Vec<usize>,
    pub(super) ones: Vec<f64>,
    pub(super) stored: usize,
    /// Did a cost that was computed beforehand leave the range of `f64`?
    pub(super) lost: bool,
    /// Are blocks added as costs?
    pub(super) takes_costs: bool,
    /// The units that are left out; empty for none.
    pub(super) left_out: Vec<bool>,
}

impl<'a> Blocks<'a> {
    /// A problem without units, for the regularizer `Σ |w|^power`.
    ///
    /// # Errors
    /// [`BlockError::Power`].
    pub fn new(power: f64) -> Result<Self, BlockError> {
        if !(power > 0.0 && power.is_finite()) {
            return Err(BlockError::Power);
        }
        Ok(Blocks {
            power,
            shape: Shape::default(),
            matrices: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            ones: Vec::new(),
            stored: 0,
            lost: false,
            takes_costs: false,
            left_out: Vec::new(),
        })
    }

    /// Adds a group of units that can be scaled, and returns its number. Groups are balanced in the order in which they
    /// were added: layers should be added from the inputs to the outputs.
    pub fn add_group(&mut self, units: usize) -> usize {
        self.inputs.push(Vec::new());
        self.shape.add_group(units)
    }

    /// Adds a dense block of `rows` units entered and `columns` units left; `None` is the ground.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn add_dense(
        &mut self,
        to: Option<usize>,
        from: Option<usize>,
        rows: usize,
        columns: usize,
        weights: Weights<'a>,
    ) -> Result<(), BlockError> {
        self.add_stored((to, from), (rows, columns), weights, false)
    }

    /// The same for weights that are stored column after column: those that come from one unit follow each other.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn add_transposed(
        &mut self,
        to: Option<usize>,
        from: Option<usize>,
        rows: usize,
        columns: usize,
        weights: Weights<'a>,
    ) -> Result<(), BlockError> {
        self.add_stored((to, from), (rows, columns), weights, true)
    }

    /// Takes the numbers of blocks that are added from now on as costs, whatever the power.
    pub fn take_costs(&mut self) {
        self.takes_costs = true;
    }

    fn add_stored(
        &mut self,
        (to, from): (Option<usize>, Option<usize>),
        (rows, columns): (usize, usize),
        weights: Weights<'a>,
        is_transposed: bool,
    ) -> Result<(), BlockError> {
        let block = self.matrices.len();
        let expected = rows.saturating_mul(columns);
        if weights.len() != expected {
            let found = weights.len();
            return Err(BlockError::Size {
                block,
                found,
                expected,
            });
        }
        // A loop leaves out its diagonal row by row.
        let is_loop = is_transposed && to.is_some() && to == from;
        let (cost, entries) = match self.cost() {
            Some(cost) if is_loop => {
                let (mut costs, mut at) = (vec![0.0; expected], 0);
                weights.dense().each(|weight| {
                    costs[at % rows * columns + at / rows] = cost.of(weight);
                    at += 1;
                });
                (Cost::First, Dense::Owned(costs))
            }
            Some(cost) => (cost, weights.dense()),
            None => {
                let mut costs = Vec::with_capacity(expected);
                let mut lost = false;
                weights.dense().each(|weight| {
                    let cost = weight.abs().powf(self.power);
                    lost |= is_lost(weight, cost);
                    costs.push(cost);
                });
                self.lost |= lost;
                (Cost::First, Dense::Owned(costs))
            }
        };
        self.push((to, from), (rows, columns), cost, Entries::Dense(entries))?;
        if let Some(matrix) = self.matrices.last_mut() {
            matrix.is_transposed = is_transposed && !is_loop;
        }
        Ok(())
    }

    /// Adds a sparse block in compressed rows: row `i` has the entries `starts[i]..starts[i + 1]`, with their columns
    /// and the magnitudes of their weights.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn add_sparse(
        &mut self,
        to: Option<usize>,
        from: Option<usize>,
        columns: usize,
        starts: Vec<usize>,
        entries: Vec<(u32, f64)>,
    ) -> Result<(), BlockError> {
        let block = self.matrices.len();
        let increasing = starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if starts.first() != Some(&0) || starts.last() != Some(&entries.len()) || !increasing {
            let found = starts.last().copied().unwrap_or(0);
            return Err(BlockError::Size {
                block,
                found,
                expected: entries.len(),
            });
        }
        if let Some(entry) = entries
            .iter()
            .position(|(column, _)| *column as usize >= columns)
        {
            return Err(BlockError::Entry { block, entry });
        }
        let costs = entries.iter().map(|(_, weight)| match self.cost() {
            Some(cost) => cost.of(*weight),
            None => weight.abs().powf(self.power),
        });
        let costs: Vec<f64> = costs.collect();
        self.lost |= entries
            .iter()
            .zip(&costs)
            .any(|((_, w), c)| is_lost(*w, *c));
        let sparse = Sparse {
            costs,
            columns: entries.iter().map(|(column, _)| *column).collect(),
            starts,
        };
        let rows = sparse.starts.len() - 1;
        self.push(
            (to, from),
            (rows, columns),
            Cost::First,
            Entries::Sparse(sparse),
        )
    }

    /// Says that of costs handed over some that are not 0 were already lost below the range of `f64`, so that sums of 0
    /// are not believed.
    pub fn lose_costs(&mut self) {
        self.lost = true;
    }

    /// Leaves out the self-connections of the last block, some rows of one from a group to itself: that of its first
    /// row is in this column.
    pub(super) fn leave_out_diagonal(&mut self, first: usize) {
        if let Some(matrix) = self.matrices.last_mut() {
            matrix.diagonal = Some(first);
        }
    }

    /// Leaves out units, with all weights that lead to them or come from them: they have no cost from now on, so that
    /// their multipliers stay 1.
    ///
    /// # Panics
    /// If there is not one entry for each unit.
    pub fn leave_out(&mut self, units: Vec<bool>) {
        assert_eq!(units.len(), self.shape.units(), "one entry for each unit");
        self.left_out = units;
    }

    pub(super) fn is_left_out(&self, unit: usize) -> bool {
        self.left_out.get(unit).copied().unwrap_or(false)
    }

    fn cost(&self) -> Option<Cost> {
        match self.power {
            _ if self.takes_costs => Some(Cost::First),
            1.0 => Some(Cost::First),
            2.0 => Some(Cost::Second),
            _ => None,
        }
    }

    pub(super) fn push(
        &mut self,
        (to, from): (Option<usize>, Option<usize>),
        (rows, columns): (usize, usize),
        cost: Cost,
        entries: Entries<'a>,
    ) -> Result<(), BlockError> {
        let block = self.matrices.len();
        for (group, found) in [(to, rows), (from, columns)] {
            let Some(group) = group else { continue };
            if group >= self.shape.groups() {
                return Err(BlockError::NoSuchGroup(group));
            }
            let expected = self.shape.group(group).len();
            if found != expected {
                return Err(BlockError::Size {
                    block,
                    found,
                    expected,
                });
            }
        }
        self.shape.add_link(to, from);
        match to {
            Some(group) => self.inputs[group].push(block),
            None => self.outputs.push(block),
        }
        let visible = if from.is_none() { columns } else { 0 };
        let visible = visible.max(if to.is_none() { rows } else { 0 });
        self.ones.resize(self.ones.len().max(visible), 1.0);
        let matrix = Matrix {
            rows,
            columns,
            cost,
            is_transposed: false,
            diagonal: (to.is_some() && to == from).then_some(0),
            entries,
        };
        self.stored += matrix.stored();
        self.matrices.push(matrix);
        Ok(())
    }

    /// The power `p`.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// Bytes that one read of all the weights takes from memory.
    pub fn bytes(&self) -> usize {
        self.matrices.iter().map(Matrix::bytes).sum()
    }

    /// Every synapse, units numbered through all groups, the ground after them.
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::with_capacity(self.stored);
        self.each_edge(|to, from, cost| edges.push(Edge { to, from, cost }));
        edges
    }

    /// Calls back with every synapse: the unit that it leads to, the one that it comes from, its cost.
    pub(super) fn each_edge(&self, mut call: impl FnMut(u32, u32, f64)) {
        (0..self.matrices.len()).for_each(|block| self.each_edge_of(block, &mut call));
    }

    /// The same for the synapses of a block.
    pub(super) fn each_edge_of(&self, block: usize, call: &mut impl FnMut(u32, u32, f64)) {
        let ground = self.shape.units();
        let link = &self.shape.links()[block];
        let node = |group: Option<usize>, unit: usize| match group {
            Some(group) => self.shape.group(group).start + unit,
            None => ground,
        };
        self.matrices[block].visit(|row, column, cost| {
            let (to, from) = (node(link.to, row), node(link.from, column));
            if !self.is_left_out(to) && !self.is_left_out(from) {
                call(to as u32, from as u32, cost);
            }
        });
    }
}
