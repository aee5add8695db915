//! Weights that blocks read where they lie: matrices, stored by rows or by columns, between all units of one group and
//! all of another.

use super::weights::Scaled;
use super::{OnnxFile, SOURCE};
use crate::network::UnitIndex;
use crate::solve::blocks::Weights;

/// Of smaller tensors the costs are added up.
const LEAST: usize = 1 << 14;

/// A tensor as a block.
#[derive(Debug)]
pub(super) struct Direct<'a> {
    pub constant: usize,
    /// The groups of its rows and of its columns; `None` is outside.
    pub to: Option<usize>,
    pub from: Option<usize>,
    pub rows: usize,
    pub columns: usize,
    /// Do columns follow each other?
    pub is_transposed: bool,
    pub weights: Weights<'a>,
}

impl OnnxFile {
    /// A weight as a block of the groups of units given, if it is one.
    pub(super) fn direct(
        &self,
        weight: &Scaled,
        groups: &[std::ops::Range<UnitIndex>],
    ) -> Option<Direct<'_>> {
        let (one, _) = weight.plain().filter(|_| weight.is_weight())?;
        let constant = &self.constants[weight.constant];
        let (file, start, storage) = *constant.place.as_ref().ok()?;
        let shape = &one.view.shape;
        let long = (0..shape.len()).filter(|axis| shape[*axis] != 1);
        let [outer, inner] = long.collect::<Vec<_>>()[..] else {
            return None;
        };
        if shape[outer].checked_mul(shape[inner])? < LEAST {
            return None;
        }
        // The axis along which a field varies, if it is one at most.
        let [plus, minus] = [&one.plus, &one.minus].map(|field| {
            let mut axes = (0..shape.len()).filter(|axis| field.varies(*axis, shape.len()));
            let first = axes.next();
            axes.next().is_none().then_some(first)
        });
        let (plus, minus) = (plus?, minus?);
        let is_transposed = match (plus, minus) {
            (Some(to), _) => to == inner,
            (None, Some(from)) => from == outer,
            (None, None) => return None,
        };
        let (to_axis, from_axis) = match is_transposed {
            true => (inner, outer),
            false => (outer, inner),
        };
        if minus == plus || minus.is_some_and(|axis| axis != from_axis) {
            return None;
        }
        let (rows, columns) = (shape[to_axis], shape[from_axis]);
        let ends = [(&one.plus, rows), (&one.minus, columns)];
        let [to, from] = ends.map(|(field, length)| {
            let units = field.labels.iter().map(|slot| self.units.source(*slot));
            let units: Vec<UnitIndex> = units.collect();
            if units.iter().all(|unit| *unit == SOURCE) {
                return Some(None);
            }
            let group = groups.iter().position(|group| group.start == units[0])?;
            let is_whole = units.len() == length && groups[group].clone().eq(units);
            is_whole.then_some(Some(group))
        });
        let (to, from) = (to?, from?);
        if to == from {
            return None;
        }
        let bytes = &self.files.bytes(file)[start..][..constant.len() * storage.size()];
        Some(Direct {
            constant: weight.constant,
            to,
            from,
            rows,
            columns,
            is_transposed,
            weights: storage.weights(bytes),
        })
    }
}
