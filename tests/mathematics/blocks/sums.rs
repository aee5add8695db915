//! Sums over weights from outside.

use synaptic_balance::solve::blocks::{Blocks, CostSums, Extent, Perceptron, Shape, Sums};

use super::{assert_close, perceptron, solve};

/// Every machine holds some of the blocks; their sums are added.
struct Machines<'a> {
    whole: Blocks<'a>,
    parts: Vec<Blocks<'a>>,
}

impl CostSums for Machines<'_> {
    fn shape(&self) -> &Shape {
        self.whole.shape()
    }

    fn weights(&self) -> usize {
        self.whole.weights()
    }

    fn read(&mut self, extent: Extent, p: &[f64], q: &[f64], sums: &mut Sums) -> f64 {
        let links = self.whole.shape().links().iter();
        links
            .filter(|link| extent == Extent::All || link.is_inner())
            .for_each(|link| {
                sums.values[link.rows.start..link.columns.end].fill(0.0);
            });
        for part in &mut self.parts {
            let mut own = Sums::new(part.shape());
            part.read(extent, p, q, &mut own);
            sums.values
                .iter_mut()
                .zip(&own.values)
                .for_each(|(sum, own)| *sum += own);
        }
        1.0
    }
}

/// Checks: the sums over blocks can be supplied from outside, in parts, and nothing else is asked of the weights.
#[test]
fn sums_can_come_from_many_machines() {
    let network = perceptron(&[5, 12, 9, 12, 4], 1.0, 0.0, 8);
    // Machine m holds the rows whose number leaves the rest m, the others being zero.
    let part = |machine: usize| {
        let rows = |values: &[f64], columns: usize| -> Vec<f64> {
            let entries = values.iter().enumerate();
            let own = |index: usize| (index / columns) % 3 == machine;
            entries
                .map(|(index, value)| if own(index) { *value } else { 0.0 })
                .collect()
        };
        Perceptron {
            sizes: network.sizes.clone(),
            weights: network
                .weights
                .iter()
                .zip(&network.sizes)
                .map(|(w, n)| rows(w, *n))
                .collect(),
            biases: network
                .biases
                .iter()
                .map(|biases| rows(biases, 1))
                .collect(),
        }
    };
    let parts = [part(0), part(1), part(2)];
    let mut machines = Machines {
        whole: network.blocks(2.0),
        parts: parts.iter().map(|part| part.blocks(2.0)).collect(),
    };
    let found = solve(&mut machines);
    assert!(found.newton_steps > 0 && found.sweeps == 0);
    assert_close(
        &found.multipliers,
        &solve(&mut network.blocks(2.0)).multipliers,
        1e-9,
        "machines",
    );
}
