//! The few synapses that carry most of a skewed network's cost, relaxed by themselves between sweeps.

use super::rows::Rows;
use super::shape::Shape;
use super::state::State;
use super::{CostSums, Edge};

/// A synapse is strong if it carries more than this share of the input cost of the unit that it enters, or of the
/// output cost of the unit that it leaves.
pub(super) const STRONG: f64 = 0.2;
/// Passes over the strong synapses between two sweeps.
const PASSES: usize = 6;

/// Strong synapses by the unit that they enter and by the unit that they leave.
pub(super) struct Strong {
    into: Rows,
    out_of: Rows,
}

impl Strong {
    /// The strong synapses among `edges` between units.
    pub fn new(shape: &Shape, edges: &[Edge]) -> Self {
        Strong {
            into: Rows::new(shape.units(), edges, |edge| (edge.to, edge.from)),
            out_of: Rows::new(shape.units(), edges, |edge| (edge.from, edge.to)),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.into.len()
    }

    /// Balances unit after unit, to and fro, as if all but the strong synapses led from and to the ground; replaces the
    /// sums over outgoing synapses by those at the potentials found. Returns how many synapses were read.
    ///
    /// At the solution nothing moves. Elsewhere the next sweep starts from better sums than the last one left.
    pub fn relax<C: CostSums>(&self, state: &State<C>, outgoing: &mut [f64]) -> usize {
        let (mut u, mut v) = (state.u.clone(), state.v.clone());
        let units = u.len();
        let rest = |sums: &[f64], rows: &Rows, potentials: &[f64]| -> Vec<f64> {
            let sums = sums.iter().enumerate();
            sums.map(|(unit, sum)| (sum - rows.sum(unit, potentials)).max(0.0))
                .collect()
        };
        let incoming_rest = rest(&state.incoming, &self.into, &v);
        let outgoing_rest = rest(&state.outgoing, &self.out_of, &u);
        for pass in 0..PASSES {
            for position in 0..units {
                let unit = if pass % 2 == 0 {
                    units - 1 - position
                } else {
                    position
                };
                let input = self.into.sum(unit, &v) + incoming_rest[unit];
                let output = self.out_of.sum(unit, &u) + outgoing_rest[unit];
                let balanced = (output / input).sqrt();
                if balanced > 0.0 && balanced.is_finite() {
                    (u[unit], v[unit]) = (balanced, 1.0 / balanced);
                }
            }
        }
        for (unit, sum) in outgoing.iter_mut().enumerate() {
            *sum = self.out_of.sum(unit, &u) + outgoing_rest[unit];
        }
        (PASSES + 2) * self.len()
    }
}
