//! A problem in which every block of costs is the product of its sums by row and by column: what is known after one
//! read, minimised without another.

use super::costs::{BlockSums, FloatForm, Margins, TermCosts};
use crate::solve::blocks;
use crate::solve::conjugate::{by_diagonal, conjugate, dot};

/// Newton steps on the model, and products with its Hessian for each.
const STEPS: usize = 40;
const PRODUCTS: usize = 60;

/// The gradient, as a share of that at the start, at which the model counts as minimised.
const ENOUGH: f64 = 1e-3;

/// No form changes by more than this, in logarithms, in a step.
const LONGEST: f64 = 3.0;

/// Sums of costs by form: those of the rows of a block, then those of its columns.
type Sides = [Vec<(usize, f64)>; 2];

/// The model at some point: the sums of each block there.
#[derive(Clone)]
pub(super) struct Model<'a> {
    forms: &'a [FloatForm],
    variables: usize,
    blocks: Vec<Sides>,
}

impl<'a> Model<'a> {
    /// From the sums of costs at the point.
    pub fn new(costs: &'a TermCosts, margins: &Margins) -> Self {
        let blocks = costs.blocks.iter().zip(&margins.blocks);
        let sides = blocks.map(|(block, (rows, columns))| {
            let block = block.block;
            [(&block.rows[..], &rows[..]), (&block.columns, columns)]
        });
        Self::of(costs.variables(), &costs.forms, sides)
    }

    /// From the forms of the rows and of the columns of each block, each with its sum.
    fn of<'b>(
        variables: usize,
        forms: &'a [FloatForm],
        sides: impl Iterator<Item = [(&'b [usize], &'b [f64]); 2]>,
    ) -> Self {
        let together = |(forms, sums): (&[usize], &[f64])| {
            let mut all: Vec<(usize, f64)> = Vec::new();
            for (form, sum) in forms.iter().zip(sums) {
                match all.last_mut().filter(|(last, _)| last == form) {
                    Some((_, own)) => *own += sum,
                    None => all.push((*form, *sum)),
                }
            }
            all
        };
        Model {
            forms,
            variables,
            blocks: sides.map(|sides| sides.map(together)).collect(),
        }
    }

    /// The step from the point to the minimum of the model; as far as it gets.
    pub fn step(&self) -> Vec<f64> {
        let mut point = vec![0.0; self.variables];
        let mut here = self.clone();
        let mut value = here.value();
        let mut goal = None;
        for _ in 0..STEPS {
            let gradient = here.by_variable(&here.by_form());
            let diagonal = here.diagonal();
            let size = size(&gradient, &diagonal);
            let goal = *goal.get_or_insert(size * ENOUGH * ENOUGH);
            if size <= goal || !size.is_finite() {
                break;
            }
            let step = here.newton(&gradient, &diagonal);
            let longest = logs(self.forms, &step);
            let longest = longest.iter().map(|x| x.abs()).fold(0.0, f64::max);
            if !longest.is_finite() {
                break;
            }
            let mut share = (LONGEST / longest.max(LONGEST)).min(1.0);
            let mut lower = None;
            while lower.is_none() && share > 1e-3 {
                let next: Vec<f64> = point
                    .iter()
                    .zip(&step)
                    .map(|(x, step)| x + share * step)
                    .collect();
                let there = self.at(&next);
                let reached = there.value();
                if reached <= value * (1.0 + 1e-14) {
                    lower = Some((next, there, reached));
                }
                share /= 2.0;
            }
            let Some((next, there, reached)) = lower else {
                break;
            };
            (point, here, value) = (next, there, reached);
        }
        point
    }

    fn value(&self) -> f64 {
        let totals = self.blocks.iter().map(|[rows, _]| total(rows));
        totals.sum()
    }

    /// The model after a step.
    fn at(&self, step: &[f64]) -> Self {
        let factors: Vec<f64> = logs(self.forms, step).into_iter().map(f64::exp).collect();
        let blocks = self.blocks.iter().map(|sides| {
            let all = total(&sides[0]);
            let mut moved = sides.clone();
            for (form, sum) in moved.iter_mut().flatten() {
                *sum *= factors[*form];
            }
            let shares = [&moved[1], &moved[0]].map(|side| match all > 0.0 {
                true => total(side) / all,
                false => 0.0,
            });
            for (side, share) in moved.iter_mut().zip(shares) {
                side.iter_mut().for_each(|(_, sum)| *sum *= share);
            }
            moved
        });
        Model {
            forms: self.forms,
            variables: self.variables,
            blocks: blocks.collect(),
        }
    }

    /// The costs of each form.
    fn by_form(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.forms.len()];
        for (form, sum) in self.blocks.iter().flatten().flatten() {
            sums[*form] += sum;
        }
        sums
    }

    fn by_variable(&self, by_form: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.variables];
        for (form, sum) in self.forms.iter().zip(by_form) {
            for (variable, exponent) in form {
                sums[*variable] += exponent * sum;
            }
        }
        sums
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.variables];
        for (form, sum) in self.forms.iter().zip(self.by_form()) {
            for (variable, exponent) in form {
                sums[*variable] += exponent * exponent * sum;
            }
        }
        sums
    }

    /// The product of the model's Hessian with a direction.
    fn product(&self, direction: &[f64]) -> Vec<f64> {
        let slopes = logs(self.forms, direction);
        let mut by_form = vec![0.0; self.forms.len()];
        for [rows, columns] in &self.blocks {
            let all = total(rows);
            if all <= 0.0 {
                continue;
            }
            let mean = |side: &[(usize, f64)]| {
                let sums = side.iter().map(|(form, sum)| sum * slopes[*form]);
                sums.sum::<f64>() / all
            };
            for (side, others) in [(rows, mean(columns)), (columns, mean(rows))] {
                for (form, sum) in side {
                    by_form[*form] += sum * (slopes[*form] + others);
                }
            }
        }
        self.by_variable(&by_form)
    }

    /// Solves `H d = -gradient` by conjugate gradients.
    fn newton(&self, gradient: &[f64], diagonal: &[f64]) -> Vec<f64> {
        let side = gradient.iter().map(|value| -value).collect();
        let scaled = |rest: &[f64]| by_diagonal(rest, diagonal);
        conjugate(side, (PRODUCTS, 1e-8), scaled, |along| self.product(along)).0
    }
}

/// How far a problem is from balance, by sums of costs alone: the largest deficit, exactly but for rounding; and by
/// variable about the logarithm of the multiplier of costs that would balance it, as if every block were the product of
/// its sums.
pub fn imbalance(
    variables: usize,
    forms: &[Vec<(usize, f64)>],
    blocks: &[BlockSums],
) -> (f64, Vec<f64>) {
    let sides = blocks.iter().map(|block| {
        let side = |at: usize| (block.forms[at], &block.sums[at][..]);
        [side(0), side(1)]
    });
    let model = Model::of(variables, forms, sides);
    let mut both = vec![(0.0, 0.0); variables];
    for (form, sum) in forms.iter().zip(model.by_form()) {
        for (variable, exponent) in form {
            let side = &mut both[*variable];
            match *exponent > 0.0 {
                true => side.0 += exponent * sum,
                false => side.1 -= exponent * sum,
            }
        }
    }
    let sides = both.into_iter();
    let deficits = sides.map(|(rising, falling)| blocks::deficit(rising, falling));
    // A cost that is not finite is not passed over.
    let most = deficits.fold(0.0, |most, own| match own.is_nan() || own > most {
        true => own,
        false => most,
    });
    (most, model.step())
}

/// `<form, x>` for all forms.
fn logs(forms: &[FloatForm], x: &[f64]) -> Vec<f64> {
    let of = |form: &FloatForm| form.iter().map(|(v, exponent)| exponent * x[*v]).sum();
    forms.iter().map(of).collect()
}

fn total(side: &[(usize, f64)]) -> f64 {
    side.iter().map(|(_, sum)| sum).sum()
}

/// The squared length of a gradient, each variable on its own scale.
fn size(gradient: &[f64], diagonal: &[f64]) -> f64 {
    dot(gradient, &by_diagonal(gradient, diagonal))
}
