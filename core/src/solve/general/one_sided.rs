//! Variables with costs on one side only: what vanishes as they run away, so that there is no minimum.

use num_bigint::BigInt;
use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};

use super::costs::{FloatBlock, TermCosts};
use crate::kernel::{NotAttained, Verified};
use crate::solve::energy::each_place;
use crate::solve::merged::{Steps, moving, verified};
use synaptic_balance_kernel::Number;

/// Rounds after which the search ends: each takes the variables that are on one side only without the terms of those
/// before. Cost: a read.
const ROUNDS: i64 = 64;

/// By how much, in binary digits, the variables of a round move faster than those of the next: more than exponents add
/// up to.
const FASTER: i64 = 10;

/// Binary digits by which the slowest variables move to where what vanishes costs nothing that floats could tell, and
/// the most levels for which those of the fastest are numbers.
const STRIDE: i64 = 4096;
const MOST_LEVELS: i64 = 4;

/// A direction that raises no cost and sends some to 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runaway {
    /// By variable: 0 for one that stays; otherwise the number of its round, above 0 if it grows and below 0 if it
    /// shrinks.
    pub levels: Vec<i64>,
    /// For each kind of term other than 0, its exponent at each level.
    steps: BTreeSet<Steps>,
}

impl Runaway {
    /// The variables that grow without end, and those that shrink.
    pub fn variables(&self) -> [Vec<usize>; 2] {
        moving(&self.levels)
    }

    /// A point at which what vanishes costs next to nothing; what stays is not moved. `None` where numbers would be too
    /// long.
    pub fn far(&self, point: Vec<Number>) -> Option<Vec<Number>> {
        let last = self.levels.iter().map(|level| level.abs()).max()?;
        if last > MOST_LEVELS {
            return None;
        }
        let moved = point.into_iter().zip(&self.levels);
        let moved = moved.map(|(number, level)| match level {
            0 => number,
            level => {
                let speed = STRIDE << (FASTER * (last - level.abs()));
                Number::new(number.mantissa, number.exponent + level.signum() * speed)
            }
        });
        Some(moved.collect())
    }

    /// Has the kernel verify the direction, on the problem in which the variables of each level are one. That the terms
    /// lie at these levels was read by this program, not by the kernel. `None` if it refuses.
    pub fn verified(&self) -> Option<Verified<NotAttained>> {
        let last = self.levels.iter().map(|level| level.abs()).max()?;
        verified(&self.levels, self.steps.iter(), |level| {
            BigInt::from(level.signum()) << (FASTER * (last - level.abs()))
        })
    }
}

impl TermCosts<'_> {
    /// Finds variables that run away, round by round. `None` where all have costs on both sides, or none: whether there
    /// is a minimum is not decided then. Ours.
    pub fn runaway(&self) -> Option<Runaway> {
        let mut levels = vec![0i64; self.variables()];
        for round in 1..=ROUNDS {
            let mut found = false;
            for (variable, sides) in self.live_sides(&levels).into_iter().enumerate() {
                match sides {
                    [true, false] => levels[variable] = -round,
                    [false, true] => levels[variable] = round,
                    _ => continue,
                }
                found = true;
            }
            if !found {
                break;
            }
        }
        let moves = levels.iter().any(|level| *level != 0);
        moves.then(|| Runaway {
            steps: self.steps(&levels),
            levels,
        })
    }

    /// Leaves out the terms that vanish as variables run away. `false`, and nothing is left out, where two forms that
    /// move make a term other than 0 that stays.
    pub fn leave_out(&mut self, runaway: &Runaway) -> bool {
        let levels = &runaway.levels;
        let moves = |form: &Vec<(usize, f64)>| {
            let mut form = form.iter();
            form.any(|(variable, exponent)| levels[*variable] != 0 && *exponent != 0.0)
        };
        let moving: Vec<bool> = self.forms.iter().map(moves).collect();
        let mut stays = false;
        for block in self.blocks.iter().filter(|block| block.overlaps) {
            let inner = block.block;
            each_place(inner, |entry, row, column| {
                let forms = [inner.rows[row], inner.columns[column]];
                let is_met = forms.iter().any(|form| moving[*form]) && !block.is_zero(entry);
                stays |= is_met && !self.is_out(levels, forms, true);
            });
        }
        if !stays {
            self.is_out = moving;
        }
        !stays
    }

    /// Terms other than 0 that vanish: the first of them, by block and entry, and their number.
    pub fn vanishing(&self, runaway: &Runaway, most: usize) -> (Vec<(usize, usize)>, usize) {
        let (mut first, mut count) = (Vec::new(), 0);
        for (number, block) in self.blocks.iter().enumerate() {
            let inner = block.block;
            each_place(inner, |entry, row, column| {
                let forms = [inner.rows[row], inner.columns[column]];
                let vanishes = || self.is_out(&runaway.levels, forms, block.overlaps);
                if !block.is_zero(entry) && vanishes() {
                    count += 1;
                    if first.len() < most {
                        first.push((number, entry));
                    }
                }
            });
        }
        (first, count)
    }

    /// By variable: has it a term without variables that run away, other than 0, that rises with it, and one that
    /// falls?
    fn live_sides(&self, levels: &[i64]) -> Vec<[bool; 2]> {
        let mut sides = vec![[false; 2]; levels.len()];
        let mut see = |form: &[(usize, f64)]| {
            for (variable, exponent) in form {
                sides[*variable][usize::from(*exponent < 0.0)] |= *exponent != 0.0;
            }
        };
        for block in &self.blocks {
            let inner = block.block;
            let (mut rows, mut columns) = (
                vec![false; inner.rows.len()],
                vec![false; inner.columns.len()],
            );
            each_place(inner, |entry, row, column| {
                let forms = [inner.rows[row], inner.columns[column]];
                let is_seen = rows[row] && columns[column] && !block.overlaps;
                if is_seen || block.is_zero(entry) || self.is_out(levels, forms, block.overlaps) {
                    return;
                }
                if block.overlaps {
                    see(&self.term(forms));
                }
                (rows[row], columns[column]) = (true, true);
            });
            if block.overlaps {
                continue;
            }
            for (forms, seen) in [(&inner.rows, rows), (&inner.columns, columns)] {
                let seen = forms.iter().zip(seen).filter(|(_, seen)| *seen);
                seen.for_each(|(form, _)| see(&self.forms[*form]));
            }
        }
        sides
    }

    /// The exponents of a term of two forms.
    fn term(&self, forms: [usize; 2]) -> Vec<(usize, f64)> {
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for (variable, exponent) in forms.iter().flat_map(|form| &self.forms[*form]) {
            *sums.entry(*variable).or_insert(0.0) += exponent;
        }
        sums.into_iter().collect()
    }

    /// Has a term of two forms a variable that runs away?
    fn is_out(&self, levels: &[i64], forms: [usize; 2], overlaps: bool) -> bool {
        let moves =
            |(variable, exponent): &(usize, f64)| levels[*variable] != 0 && *exponent != 0.0;
        match overlaps {
            true => self.term(forms).iter().any(moves),
            false => forms.iter().any(|form| self.forms[*form].iter().any(moves)),
        }
    }

    /// The exponents at levels of all terms other than 0, exactly.
    fn steps(&self, levels: &[i64]) -> BTreeSet<Steps> {
        let forms = self.exact_forms().iter();
        let of_forms: Vec<Steps> = forms
            .map(|form| {
                let mut sums = Steps::new();
                for (variable, exponent) in form {
                    if levels[*variable] != 0 {
                        *sums.entry(levels[*variable]).or_default() += exponent;
                    }
                }
                sums
            })
            .collect();
        let kinds: BTreeSet<&Steps> = of_forms.iter().collect();
        let numbers: BTreeMap<_, usize> = kinds.iter().copied().zip(0..).collect();
        let kind_of: Vec<usize> = of_forms.iter().map(|form| numbers[form]).collect();
        let mut met = vec![false; kinds.len() * kinds.len()];
        for block in &self.blocks {
            let inner = block.block;
            each_place(inner, |entry, row, column| {
                let (row, column) = (kind_of[inner.rows[row]], kind_of[inner.columns[column]]);
                let place = row * kinds.len() + column;
                met[place] = met[place] || !block.is_zero(entry);
            });
        }
        let kinds: Vec<_> = kinds.into_iter().collect();
        let places = met.iter().enumerate().filter(|(_, met)| **met);
        let sums = places.map(|(place, _)| {
            let mut sum = kinds[place / kinds.len()].clone();
            for (level, exponent) in kinds[place % kinds.len()] {
                *sum.entry(*level).or_default() += exponent;
            }
            sum.retain(|_, exponent| !exponent.is_zero());
            sum
        });
        sums.collect()
    }
}

impl FloatBlock<'_> {
    /// Is the weight of an entry 0, its cost not merely too small for floats?
    fn is_zero(&self, entry: usize) -> bool {
        use synaptic_balance_kernel::Entries;
        match &self.block.entries {
            Entries::F64(all) => f64::from_le_bytes(all[entry]) == 0.0,
            Entries::F32(all) => f32::from_le_bytes(all[entry]) == 0.0,
            Entries::F16(all) | Entries::Bf16(all) => u16::from_le_bytes(all[entry]) & 0x7fff == 0,
            Entries::Rational(all) => all[entry].is_zero(),
        }
    }
}
