//! Products of two computed matrices.

use super::super::infer::Inference;
use super::super::node::{Followed, Node, Value, pin};
use super::contraction::{Factor, contracted};

fn factor(value: &Value, axes: &[usize]) -> Factor {
    Factor {
        value: value.clone(),
        axes: axes.to_vec(),
    }
}

/// `Σ_k a_ik b_kj`: all products that are added carry one product of multipliers.
pub(super) fn matmul(inference: &mut Inference, node: &Node) -> Followed {
    matrices(inference, node, [false; 2])
}

/// The same, of matrices that are transposed first.
pub(super) fn matrices(inference: &mut Inference, node: &Node, transposed: [bool; 2]) -> Followed {
    let (one, other) = (node.input(0)?, node.input(1)?);
    let (Some(first), Some(second)) = (&one.shape, &other.shape) else {
        return pin("multiplies tensors of unknown rank");
    };
    let (a, b) = (first.len(), second.len());
    if a < 2 || b < 2 || a > 24 || b > 24 {
        return pin("multiplies vectors");
    }
    // Batch axes from the end, then rows, the axis summed over, columns.
    let batches = a.max(b) - 2;
    let batch = |axis: usize, rank: usize| {
        let after = rank - 3 - axis;
        batches - 1 - after
    };
    let (row, column, inner) = (batches, batches + 1, batches + 2);
    let mut left: Vec<usize> = (0..a - 2).map(|axis| batch(axis, a)).collect();
    left.extend(match transposed[0] {
        true => [inner, row],
        false => [row, inner],
    });
    let mut right: Vec<usize> = (0..b - 2).map(|axis| batch(axis, b)).collect();
    right.extend(match transposed[1] {
        true => [column, inner],
        false => [inner, column],
    });
    let made: Vec<usize> = (0..=column).collect();
    contracted(
        inference,
        node,
        vec![factor(one, &left), factor(other, &right)],
        &made,
    )
}

/// The product of `Gemm`.
pub(super) fn gemm(inference: &mut Inference, node: &Node, transposed: [bool; 2]) -> Followed {
    let (row, column, inner) = (0, 1, 2);
    let left = if transposed[0] {
        [inner, row]
    } else {
        [row, inner]
    };
    let right = if transposed[1] {
        [column, inner]
    } else {
        [inner, column]
    };
    let factors = vec![
        factor(node.input(0)?, &left),
        factor(node.input(1)?, &right),
    ];
    contracted(inference, node, factors, &[row, column])
}
