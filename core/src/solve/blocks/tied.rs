//! One multiplier for each group.

use super::Blocks;
use super::matrix::{Cost, Dense, Entries};

impl Blocks<'_> {
    /// The problem in which all units of a group share one multiplier: groups of one unit, joined by the sums of the
    /// costs between them; and the costs that no multiplier changes then. Paper: tied layer-wise balancing. Cost: one
    /// read of the weights.
    pub fn tied(&self) -> (Blocks<'static>, f64) {
        let mut tied = Blocks {
            power: 1.0,
            shape: Default::default(),
            matrices: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            ones: Vec::new(),
            stored: 0,
            lost: self.has_lost(),
            left_out: Vec::new(),
            takes_costs: false,
        };
        (0..self.shape.groups()).for_each(|_| {
            tied.add_group(1);
        });
        let mut fixed = 0.0;
        for (block, link) in self.shape.links().iter().enumerate() {
            let mut total = 0.0;
            self.each_edge_of(block, &mut |_, _, cost| total += cost);
            if link.to == link.from {
                fixed += total;
                continue;
            }
            let costs = Entries::Dense(Dense::Owned(vec![total]));
            // One unit by one unit fits.
            let _ = tied.push((link.to, link.from), (1, 1), Cost::First, costs);
        }
        (tied, fixed)
    }
}
