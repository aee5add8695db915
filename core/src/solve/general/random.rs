//! The paper's algorithm on problems of any forms: one variable after another, in random order. It knows nothing of any
//! other solution.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;

use super::costs::TermCosts;
use crate::solve::blocks::{RandomOptions, RandomRun, predicted};
use crate::solve::energy::each_place;

/// The terms of all variables, those of one exponent vector and one pair of forms brought together.
struct Terms {
    /// The cost of each term at multipliers 1, and its form.
    terms: Vec<(f64, Vec<(usize, f64)>)>,
    /// By variable: its terms, each with its exponent.
    of_variable: Vec<Vec<(u32, f64)>>,
}

impl Terms {
    fn of(costs: &TermCosts) -> Self {
        let mut sums: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for block in &costs.blocks {
            let inner = block.block;
            each_place(inner, |entry, row, column| {
                let forms = (inner.rows[row], inner.columns[column]);
                *sums.entry(forms).or_insert(0.0) += block.cost(entry);
            });
        }
        let mut found = Terms {
            terms: Vec::with_capacity(sums.len()),
            of_variable: vec![Vec::new(); costs.variables()],
        };
        for ((row, column), cost) in sums {
            let mut form: BTreeMap<usize, f64> = BTreeMap::new();
            for (variable, exponent) in costs.forms[row].iter().chain(&costs.forms[column]) {
                *form.entry(*variable).or_insert(0.0) += exponent;
            }
            form.retain(|_, exponent| *exponent != 0.0);
            if cost > 0.0 && !form.is_empty() {
                for (variable, exponent) in &form {
                    found.of_variable[*variable].push((found.terms.len() as u32, *exponent));
                }
                found.terms.push((cost, form.into_iter().collect()));
            }
        }
        found
    }
}

/// Newton steps for one variable whose exponents differ.
const STEPS: usize = 60;

/// Balances variable after variable, each pass in a new random order, from the given weights. Theory of products: the
/// costs converge to those of the minimum under every fair order. Cost: a pass takes every term at each of its
/// variables; some dozens of bytes for each.
pub fn balance_terms_in_random_order(
    costs: &TermCosts,
    options: &RandomOptions,
    progress: &mut dyn FnMut(f64),
) -> RandomRun {
    let terms = Terms::of(costs);
    let mut x = vec![0.0; costs.variables()];
    let mut values: Vec<f64> = terms.terms.iter().map(|(cost, _)| *cost).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut order: Vec<usize> = (0..x.len()).collect();
    let mut deficits: Vec<f64> = Vec::new();
    while deficits.len() < options.max_reads {
        (1..order.len()).for_each(|last| order.swap(last, rng.random_range(0..=last)));
        let mut largest = 0.0f64;
        for variable in &order {
            let own = &terms.of_variable[*variable];
            let (deficit, step) = step(own, &values);
            largest = largest.max(deficit);
            x[*variable] += step;
            for (term, exponent) in own {
                values[*term as usize] *= (exponent * step).exp();
            }
        }
        // Products of many factors drift: they are made anew.
        for ((cost, form), value) in terms.terms.iter().zip(&mut values) {
            let log: f64 = form
                .iter()
                .map(|(variable, exponent)| exponent * x[*variable])
                .sum();
            *value = cost * log.exp();
        }
        deficits.push(largest);
        progress(largest);
        if largest <= options.tolerance {
            break;
        }
    }
    let deficit = deficits.last().copied().unwrap_or(0.0);
    RandomRun {
        multipliers: x.into_iter().map(f64::exp).collect(),
        deficit,
        reads: deficits.len(),
        is_complete: deficit <= options.tolerance,
        predicted: match deficit <= options.tolerance {
            true => None,
            false => predicted(&deficits, options.tolerance),
        },
    }
}

/// The deficit of a variable, and the step in its logarithm that balances it; none where it has costs on one side only.
fn step(own: &[(u32, f64)], values: &[f64]) -> (f64, f64) {
    let mut shift = 0.0;
    let mut first = None;
    for _ in 0..STEPS {
        let (mut rising, mut falling, mut curvature) = (0.0, 0.0, 0.0);
        for (term, exponent) in own {
            let change = exponent * values[*term as usize] * (exponent * shift).exp();
            if *exponent > 0.0 {
                rising += change;
            } else {
                falling -= change;
            }
            curvature += exponent * change;
        }
        if rising == 0.0 || falling == 0.0 {
            return (0.0, 0.0);
        }
        let deficit = (rising - falling).abs() / (rising + falling);
        first.get_or_insert(deficit);
        if deficit < 1e-15 {
            break;
        }
        // Where all exponents have one magnitude this is the root itself.
        let spread = curvature / (rising + falling);
        shift += (falling / rising).ln() / (2.0 * spread);
    }
    (first.unwrap_or(0.0), shift)
}

impl TermCosts<'_> {
    /// The largest relative difference of a weight between two sets of multipliers `μ`, for costs `|w|^power`.
    pub fn largest_difference(&self, one: &[f64], other: &[f64], power: f64) -> f64 {
        let logs: Vec<f64> = one
            .iter()
            .zip(other)
            .map(|(one, other)| (one / other).ln())
            .collect();
        let slopes = self.logs(&logs);
        let mut largest = 0.0f64;
        for block in &self.blocks {
            let inner = block.block;
            each_place(inner, |entry, row, column| {
                let change = (slopes[inner.rows[row]] + slopes[inner.columns[column]]).abs();
                if change > largest && block.cost(entry) > 0.0 {
                    largest = change;
                }
            });
        }
        (largest / power).exp_m1()
    }
}
