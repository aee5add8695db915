//! Damped Newton steps by conjugate gradients.

use super::costs::{FloatBlock, Margins, TermCosts};
use crate::solve::SolveError;
use crate::solve::conjugate::{by_diagonal, conjugate};
use crate::solve::energy::each_place;

/// When balancing ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneralOptions {
    /// The deficit to reach.
    pub tolerance: f64,
    /// Reads of the weights after which it gives up.
    pub max_reads: usize,
}

impl Default for GeneralOptions {
    fn default() -> Self {
        GeneralOptions {
            tolerance: 1e-12,
            max_reads: 4_000,
        }
    }
}

/// A point of small deficit.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneralSolution {
    /// The multipliers `μ` of costs.
    pub multipliers: Vec<f64>,
    /// The largest `|A - B| / (A + B)` of a variable, at multipliers 1 and at these.
    pub deficits: [f64; 2],
    /// The regularizer, at multipliers 1 and at these.
    pub regularizer: [f64; 2],
    /// Reads of the weights.
    pub reads: usize,
    /// Newton steps.
    pub steps: usize,
}

/// No term changes by more than this factor, in logarithms, in a step.
const LONGEST: f64 = 2.0;

/// Multipliers beyond `exp(±FAR)` are taken to run away: squares of `f32` never differ by so much.
const FAR: f64 = 350.0;

/// Steps are halved so often until the regularizer falls.
const HALVINGS: usize = 30;

/// What is known at a point.
pub(super) struct State {
    pub x: Vec<f64>,
    /// `exp <form, x>` for all forms.
    factors: Vec<f64>,
    /// The costs added up by row and column.
    pub margins: Margins,
    pub regularizer: f64,
    /// For each variable the costs that rise with it and those that fall, times their exponents, and the diagonal of
    /// the Hessian.
    sides: Vec<(f64, f64, f64)>,
}

impl State {
    pub fn deficit(&self) -> f64 {
        let sides = self.sides.iter().map(|(rising, falling, _)| {
            let all = rising + falling;
            if all > 0.0 {
                (rising - falling).abs() / all
            } else {
                0.0
            }
        });
        sides.fold(0.0, f64::max)
    }

    /// For each variable the costs that rise with it and those that fall, times their exponents.
    pub fn pairs(&self) -> Vec<(f64, f64)> {
        let sides = self.sides.iter();
        sides
            .map(|(rising, falling, _)| (*rising, *falling))
            .collect()
    }

    fn gradient(&self) -> Vec<f64> {
        let sides = self.sides.iter();
        sides.map(|(rising, falling, _)| rising - falling).collect()
    }
}

impl TermCosts<'_> {
    pub(super) fn state(&self, x: Vec<f64>) -> State {
        let factors = self.factors(&x);
        let margins = self.multiply(&factors, &factors);
        self.state_of((x, factors), margins)
    }

    /// The state at a point with the factors there, from the products of the costs with those.
    pub(super) fn state_of(
        &self,
        (x, factors): (Vec<f64>, Vec<f64>),
        mut margins: Margins,
    ) -> State {
        let mut regularizer = 0.0;
        for (block, (rows, columns)) in self.blocks.iter().zip(&mut margins.blocks) {
            let own = rows.iter_mut().zip(&block.block.rows);
            own.for_each(|(sum, form)| *sum *= factors[*form]);
            let own = columns.iter_mut().zip(&block.block.columns);
            own.for_each(|(sum, form)| *sum *= factors[*form]);
            regularizer += rows.iter().sum::<f64>();
        }
        let mut state = State {
            sides: vec![(0.0, 0.0, 0.0); x.len()],
            x,
            factors,
            margins,
            regularizer,
        };
        self.add_sides(&mut state);
        state
    }

    fn add_sides(&self, state: &mut State) {
        let mut by_form = vec![0.0; self.forms.len()];
        for (block, (rows, columns)) in self.blocks.iter().zip(&state.margins.blocks) {
            if block.overlaps {
                self.add_terms(block, &state.factors, &mut state.sides);
                continue;
            }
            let ends = [(&block.block.rows, rows), (&block.block.columns, columns)];
            for (forms, sums) in ends {
                forms
                    .iter()
                    .zip(sums)
                    .for_each(|(form, sum)| by_form[*form] += sum);
            }
        }
        for (form, sum) in self.forms.iter().zip(by_form) {
            for (variable, exponent) in form {
                add(&mut state.sides[*variable], *exponent, sum);
            }
        }
    }

    /// Term by term, where exponents of both forms add up.
    fn add_terms(&self, block: &FloatBlock, factors: &[f64], sides: &mut [(f64, f64, f64)]) {
        each_place(block.block, |entry, row, column| {
            let (row, column) = (block.block.rows[row], block.block.columns[column]);
            let cost = block.cost(entry) * factors[row] * factors[column];
            let (rows, columns) = (&self.forms[row], &self.forms[column]);
            for (variable, exponent) in rows {
                let other = columns.iter().find(|(own, _)| own == variable);
                let sum = exponent + other.map_or(0.0, |(_, exponent)| *exponent);
                add(&mut sides[*variable], sum, cost);
            }
            for (variable, exponent) in columns {
                if !rows.iter().any(|(own, _)| own == variable) {
                    add(&mut sides[*variable], *exponent, cost);
                }
            }
        });
    }

    /// The product of the Hessian at a state with a direction. Cost: a read.
    fn hessian(&self, state: &State, direction: &[f64]) -> Vec<f64> {
        let slopes = self.logs(direction);
        let factors: Vec<f64> = slopes
            .iter()
            .zip(&state.factors)
            .map(|(slope, factor)| slope * factor)
            .collect();
        let crossed = self.multiply(&factors, &factors);
        let mut by_form = vec![0.0; self.forms.len()];
        let blocks = self
            .blocks
            .iter()
            .zip(&state.margins.blocks)
            .zip(&crossed.blocks);
        for ((block, (rows, columns)), (of_rows, of_columns)) in blocks {
            let ends = [
                (&block.block.rows, rows, of_rows),
                (&block.block.columns, columns, of_columns),
            ];
            for (forms, sums, crossed) in ends {
                for ((form, sum), crossed) in forms.iter().zip(sums).zip(crossed) {
                    by_form[*form] += slopes[*form] * sum + state.factors[*form] * crossed;
                }
            }
        }
        let mut product = vec![0.0; direction.len()];
        for (form, sum) in self.forms.iter().zip(by_form) {
            for (variable, exponent) in form {
                product[*variable] += exponent * sum;
            }
        }
        product
    }

    /// Solves `H d = side` at a state in the variables that are free to move by conjugate gradients, preconditioned by
    /// the diagonal; the reads with it.
    pub(super) fn conjugate(
        &self,
        state: &State,
        side: &[f64],
        (accuracy, most): (f64, usize),
        is_free: impl Fn(usize) -> bool,
    ) -> (Vec<f64>, usize) {
        // What is 0 on the diagonal is not moved.
        let diagonal = state.sides.iter().enumerate();
        let diagonal = diagonal.map(|(variable, (.., own))| match is_free(variable) {
            true => *own,
            false => 0.0,
        });
        let diagonal: Vec<f64> = diagonal.collect();
        let scaled = |rest: &[f64]| by_diagonal(rest, &diagonal);
        let until = (most, accuracy * accuracy);
        conjugate(side.to_vec(), until, scaled, |along| {
            self.hessian(state, along)
        })
    }

    /// The longest change of a term's logarithm along a direction, or more.
    fn length(&self, direction: &[f64]) -> f64 {
        let slopes = self.logs(direction);
        let most = |forms: &[usize]| {
            let slopes = forms.iter().map(|form| slopes[*form].abs());
            slopes.fold(0.0, f64::max)
        };
        let blocks = self.blocks.iter();
        blocks
            .map(|block| most(&block.block.rows) + most(&block.block.columns))
            .fold(0.0, f64::max)
    }

    /// The share of a step that may be taken at once; `None` if it is not finite.
    pub(super) fn share(&self, step: &[f64]) -> Option<f64> {
        let longest = self.length(step);
        let share = if longest > LONGEST {
            LONGEST / longest
        } else {
            1.0
        };
        longest.is_finite().then_some(share)
    }

    /// Newton steps of [`EnergyProof::find`](crate::solve::energy::EnergyProof::find) at a point: solves `H d = side`
    /// in the variables that are free to move.
    pub fn newton_at(
        &self,
        multipliers: &[f64],
        is_free: impl Fn(usize) -> bool,
    ) -> impl FnMut(&[f64]) -> Option<Vec<f64>> {
        let x = multipliers.iter().map(|value| value.ln()).collect();
        let state = self.state(x);
        move |side: &[f64]| {
            let (solution, _) = self.conjugate(&state, side, (REFINING, MOST_REFINING), &is_free);
            let is_finite = solution.iter().all(|value| value.is_finite());
            is_finite.then_some(solution)
        }
    }

    /// The costs that rise with each variable and those that fall, times their exponents, for the weights as they are.
    pub fn sides(&self) -> Vec<(f64, f64)> {
        self.state(vec![0.0; self.variables()]).pairs()
    }

    /// The largest deficit at some multipliers `μ`, and the regularizer.
    pub fn at(&self, multipliers: &[f64]) -> (f64, f64) {
        let state = self.state(multipliers.iter().map(|value| value.ln()).collect());
        (state.deficit(), state.regularizer)
    }
}

/// The accuracy of steps that refine a solution, and the reads for each.
const REFINING: f64 = 1e-9;
const MOST_REFINING: usize = 1_000;

fn add(side: &mut (f64, f64, f64), exponent: f64, cost: f64) {
    let change = exponent * cost;
    if exponent > 0.0 {
        side.0 += change;
    } else {
        side.1 -= change;
    }
    side.2 += exponent * change;
}

/// Balances all variables of a problem of any forms. `progress` is told the deficit at multipliers 1 and after each
/// step. A variable without any cost keeps the multiplier 1. Cost: some dozens of reads of the weights, more where they
/// are skewed; a few numbers for each row and column.
///
/// # Errors
/// [`SolveError::OneSided`] (a variable with costs on one side only: there is no minimum), [`SolveError::NotFinite`],
/// [`SolveError::RunsAway`] and
/// [`SolveError::NotConverged`]: also where there is no minimum for another reason, which is not decided here.
pub fn balance_terms(
    costs: &TermCosts,
    options: &GeneralOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<GeneralSolution, SolveError> {
    let mut state = costs.state(vec![0.0; costs.variables()]);
    let (mut reads, mut steps) = (1, 0);
    check(&state)?;
    let before = (state.deficit(), state.regularizer);
    let mut deficit = before.0;
    progress(deficit);
    while deficit > options.tolerance {
        let accuracy = deficit.sqrt().clamp(1e-6, 0.1);
        let side: Vec<f64> = state.gradient().into_iter().map(|value| -value).collect();
        let left = options.max_reads.saturating_sub(reads);
        let (step, own) = costs.conjugate(&state, &side, (accuracy, left), |_| true);
        reads += own;
        let next = descended(costs, &state, &step, &mut reads);
        let stuck = |reason| SolveError::NotConverged {
            deficit,
            tolerance: options.tolerance,
            passes: reads as f64,
            reason,
        };
        if left == 0 {
            return Err(stuck("the reads are used up"));
        }
        let next = next.ok_or_else(|| stuck("no step lowers the regularizer"))?;
        if let Some(variable) = next.x.iter().position(|x| x.abs() > FAR) {
            return Err(SolveError::RunsAway { variable, deficit });
        }
        let reached = next.deficit();
        // Rounding leaves something that no step removes.
        if reached >= deficit && deficit < 1e-9 {
            return Err(stuck("rounding allows no better"));
        }
        (state, deficit) = (next, reached);
        steps += 1;
        progress(deficit);
    }
    Ok(GeneralSolution {
        multipliers: state.x.iter().map(|value| value.exp()).collect(),
        deficits: [before.0, deficit],
        regularizer: [before.1, state.regularizer],
        reads,
        steps,
    })
}

/// The state after a step, shortened until the regularizer does not rise by more than rounding.
fn descended(costs: &TermCosts, state: &State, step: &[f64], reads: &mut usize) -> Option<State> {
    let mut share = costs.share(step)?;
    for _ in 0..HALVINGS {
        let moved = state.x.iter().zip(step);
        let next = costs.state(moved.map(|(x, step)| x + share * step).collect());
        *reads += 1;
        if next.regularizer <= state.regularizer * (1.0 + 1e-14) {
            return Some(next);
        }
        share /= 2.0;
    }
    None
}

pub(super) fn check(state: &State) -> Result<(), SolveError> {
    for (variable, (rising, falling, _)) in state.sides.iter().enumerate() {
        if !(rising.is_finite() && falling.is_finite()) {
            return Err(SolveError::NotFinite { variable });
        }
        let side = match (*rising > 0.0, *falling > 0.0) {
            (true, false) => "output",
            (false, true) => "input",
            _ => continue,
        };
        return Err(SolveError::OneSided { variable, side });
    }
    Ok(())
}
