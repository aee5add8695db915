//! How constants scale where operators use them.

use super::constant::{View, advance};
use super::field::{Field, Slot};

/// How the entries of a constant scale: by the ratio of two fields.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub view: View,
    pub plus: Field,
    pub minus: Field,
    /// Is it a weight, which the regularizer counts? A statistic of a normalisation follows without being counted.
    pub is_weight: bool,
}

impl Use {
    /// Calls back with every entry of the constant that is used, and the slots that multiply and divide it.
    pub fn each(&self, mut call: impl FnMut(usize, Slot, Slot)) {
        let shape = &self.view.shape;
        let rank = shape.len();
        let (plus, minus) = (self.plus.of_rank(rank), self.minus.of_rank(rank));
        // Along the last axes on which neither varies, all entries share their slots; along the one before, slots are taken
        // one after the other.
        let fixed = |axis: &usize| plus.shape[*axis] == 1 && minus.shape[*axis] == 1;
        let fixed = (0..rank).rev().take_while(fixed).count();
        let (outer, inner) = match rank - fixed {
            0 => (&shape[..0], 1),
            varying => (&shape[..varying - 1], shape[varying - 1]),
        };
        let run: usize = shape[rank - fixed..].iter().product();
        let step =
            |field: &Field| usize::from((rank > fixed) && field.shape[rank - fixed - 1] != 1);
        let (up, down) = (step(&plus), step(&minus));
        let count = if inner == 0 || run == 0 {
            0
        } else {
            outer.iter().product()
        };
        let mut index = vec![0; rank];
        let mut place = 0;
        for _ in 0..count {
            let (first, second) = (plus.place(&index), minus.place(&index));
            for step in 0..inner {
                let (one, other) = (
                    plus.labels[first + step * up],
                    minus.labels[second + step * down],
                );
                for place in place..place + run {
                    call(self.view.entry(place), one, other);
                }
                place += run;
            }
            advance(&mut index[..outer.len()], outer);
        }
    }
}
