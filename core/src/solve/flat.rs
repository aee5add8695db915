//! The problem in floating point of unbounded exponent, and the state of a solver.

use num_traits::{One, Signed};
use thiserror::Error;

use super::gauge::Gauge;
use crate::kernel::Problem;
use crate::numbers::{Rational, Wide, rational_to_f64};

/// The most variables for which the dense system is set up: 128 MB, and some seconds a factorisation.
pub const MAX_DENSE: usize = 4_000;

/// The share of a step along which every cost changes by a rate of at most `beta` that is sure to lower the
/// regularizer.
pub(super) fn damping(beta: f64) -> f64 {
    match beta > 1e-8 {
        true => beta.ln_1p() / beta,
        false => 1.0,
    }
}

/// What a solver found: computed, not verified.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The multipliers `μ`, one for each variable.
    pub multipliers: Vec<Wide>,
    /// `max_v |A_v - B_v| / (A_v + B_v)`, recomputed at these multipliers.
    pub deficit: f64,
    /// How often all weights were read.
    pub passes: f64,
    /// Newton steps, or steps at single units.
    pub steps: usize,
}

/// Why a solver gave up.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SolveError {
    /// A variable with cost on one side only: the minimum is not attained.
    #[error("variable {variable} has no {side} cost, so that no minimum exists")]
    OneSided {
        /// The variable.
        variable: usize,
        /// `input` or `output`.
        side: &'static str,
    },
    /// A weight that is not finite, or costs beyond the range of `f64`.
    #[error(
        "variable {variable}: its weights are not finite, or their costs beyond the range of f64"
    )]
    NotFinite {
        /// The variable.
        variable: usize,
    },
    /// A multiplier grows or shrinks beyond all that weights account for: whether the minimum is attained is not
    /// decided.
    #[error("the multiplier of variable {variable} runs away; the deficit is {deficit:.3e}")]
    RunsAway {
        /// The variable.
        variable: usize,
        /// The deficit reached.
        deficit: f64,
    },
    /// The tolerance was not reached.
    #[error(
        "after {passes:.0} reads of the weights the deficit is {deficit:.3e}, above the tolerance {tolerance:.3e}; {reason}"
    )]
    NotConverged {
        /// The deficit reached.
        deficit: f64,
        /// The deficit wanted.
        tolerance: f64,
        /// Reads of all weights.
        passes: f64,
        /// What stood in the way.
        reason: &'static str,
    },
    /// The direct method cannot take so many variables.
    #[error("{0} independent multipliers are too many for the dense direct method (at most {limit}); the two-level method and sweeps can take them", limit = MAX_DENSE)]
    TooLarge(usize),
    /// The costs of some weights are too small for `f64`.
    #[error(
        "the costs of some weights are too small for f64: take a smaller power, or larger weights"
    )]
    CostsLost,
    /// Units that nothing joins to the visible ones on one side, in a cycle.
    #[error("units that nothing feeds, or nothing reads, form a cycle")]
    CutCycle,
    /// A problem without a block form.
    #[error("the two-level method does not take this problem: {0}")]
    NotBlocks(&'static str),
    /// A subset or order names a variable that does not exist.
    #[error("there is no variable {0}")]
    NoSuchVariable(usize),
    /// A fraction outside `(0, 1]`.
    #[error("the fraction of a partial step must be above 0 and at most 1")]
    Fraction,
}

#[derive(Debug, Clone)]
enum Exponent {
    One,
    MinusOne,
    Other(Rational),
}

#[derive(Debug, Clone)]
struct Factor {
    variable: usize,
    exponent: Exponent,
    value: f64,
}

#[derive(Debug, Clone)]
struct Term {
    cost: Wide,
    factors: Vec<Factor>,
}

/// A balancing under way: the multipliers so far, and what every synapse costs at them.
#[derive(Debug, Clone)]
pub struct Balancing {
    terms: Vec<Term>,
    /// For each variable, its terms with the exponent of the variable in each.
    touching: Vec<Vec<(usize, f64)>>,
    multipliers: Vec<Wide>,
    values: Vec<Wide>,
    /// The variables of the Newton system.
    free: Vec<bool>,
    /// Those not fixed to normalise a component without visible units.
    movable: Vec<bool>,
    gauge: Gauge,
    reads: usize,
}

impl Balancing {
    /// Starts at multipliers 1.
    pub fn new(problem: &Problem) -> Self {
        let mut terms = Vec::new();
        for synapse in problem
            .synapses()
            .iter()
            .filter(|synapse| synapse.is_active())
        {
            for cost in synapse
                .costs
                .iter()
                .filter(|cost| !cost.base.numer().eq(&0.into()))
            {
                let factors = synapse.direction.iter().map(|(variable, exponent)| {
                    let exponent = match cost.exponent.is_one() {
                        true => exponent.clone(),
                        false => exponent * &cost.exponent,
                    };
                    let value = rational_to_f64(&exponent);
                    let exponent = if exponent.is_one() {
                        Exponent::One
                    } else if exponent.is_negative() && exponent.abs().is_one() {
                        Exponent::MinusOne
                    } else {
                        Exponent::Other(exponent)
                    };
                    Factor {
                        variable: *variable,
                        exponent,
                        value,
                    }
                });
                let value =
                    Wide::from(&cost.coefficient) * Wide::from(&cost.base).power(&cost.power);
                terms.push(Term {
                    cost: value,
                    factors: factors.collect(),
                });
            }
        }
        let mut touching = vec![Vec::new(); problem.variables()];
        for (index, term) in terms.iter().enumerate() {
            for factor in &term.factors {
                touching[factor.variable].push((index, factor.value));
            }
        }
        let values = terms.iter().map(|term| term.cost).collect();
        let multipliers = vec![Wide::ONE; problem.variables()];
        let gauge = Gauge::of(problem);
        let movable = gauge.free();
        Balancing {
            terms,
            touching,
            multipliers,
            values,
            free: movable.clone(),
            movable,
            gauge,
            reads: 0,
        }
    }

    /// Starts at the given multipliers.
    pub(super) fn at(problem: &Problem, multipliers: &[Wide]) -> Self {
        let mut state = Self::new(problem);
        state.multipliers = multipliers.to_vec();
        state.shift_all(&[]);
        state
    }

    /// The multipliers `μ` so far.
    pub fn multipliers(&self) -> &[Wide] {
        &self.multipliers
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.multipliers.len()
    }

    /// Variables that are not fixed to normalise a component without visible units.
    pub(super) fn free(&self) -> Vec<usize> {
        (0..self.variables())
            .filter(|variable| self.free[*variable])
            .collect()
    }

    /// The sum of all costs that scaling changes: the regularizer up to a constant.
    pub fn regularizer(&self) -> Wide {
        self.values.iter().copied().sum()
    }

    /// Reads of all the weights so far.
    pub fn passes(&self) -> f64 {
        self.reads as f64 / self.terms.len().max(1) as f64
    }

    /// Input and output cost of a variable.
    pub fn sides(&self, variable: usize) -> (Wide, Wide) {
        let (mut input, mut output) = (Wide::ZERO, Wide::ZERO);
        for (term, exponent) in &self.touching[variable] {
            let slope = self.values[*term] * Wide::from_f64(exponent.abs());
            if *exponent > 0.0 {
                input = input + slope
            } else {
                output = output + slope
            }
        }
        (input, output)
    }

    /// Takes variables out of the Newton system, besides those that a component without visible units fixes.
    pub(super) fn hold(&mut self, is_held: impl Fn(usize) -> bool) {
        for variable in 0..self.variables() {
            self.free[variable] = self.movable[variable] && !is_held(variable);
        }
    }

    /// `|A - B| / (A + B)` of a variable; 0 if both are zero.
    pub fn deficit(&self, variable: usize) -> f64 {
        let (input, output) = self.sides(variable);
        input.relative_difference(output).abs()
    }

    /// The largest deficit of all variables.
    pub fn max_deficit(&mut self) -> f64 {
        self.reads += self.terms.len();
        (0..self.variables())
            .map(|variable| self.deficit(variable))
            .fold(0.0, f64::max)
    }

    /// The logarithm of the factor that balances a variable; `None` if it has no terms.
    ///
    /// # Errors
    /// [`SolveError::OneSided`].
    pub fn balancing_log(&mut self, variable: usize) -> Result<Option<f64>, SolveError> {
        self.reads += self.touching[variable].len();
        let (input, output) = self.sides(variable);
        match (input.is_zero(), output.is_zero()) {
            (true, true) => return Ok(None),
            (true, false) => {
                return Err(SolveError::OneSided {
                    variable,
                    side: "input",
                });
            }
            (false, true) => {
                return Err(SolveError::OneSided {
                    variable,
                    side: "output",
                });
            }
            (false, false) => {}
        }
        let plain = self.touching[variable]
            .iter()
            .all(|(_, exponent)| exponent.abs() == 1.0);
        if plain {
            return Ok(Some(0.5 * (output / input).ln()));
        }
        let side = |sign: f64| -> Vec<(f64, Wide)> {
            let terms = self.touching[variable]
                .iter()
                .filter(|(_, exponent)| exponent * sign > 0.0);
            terms
                .map(|(term, exponent)| (exponent.abs(), self.values[*term]))
                .collect()
        };
        Ok(crate::network::balancing_log(&side(1.0), &side(-1.0)))
    }

    /// Multiplies the multiplier of a variable by `e^log`.
    pub fn shift(&mut self, variable: usize, log: f64) {
        self.set(variable, self.multipliers[variable] * Wide::exp(log));
    }

    /// Gives a variable a multiplier.
    pub(super) fn set(&mut self, variable: usize, multiplier: Wide) {
        self.multipliers[variable] = multiplier;
        for position in 0..self.touching[variable].len() {
            let term = self.touching[variable][position].0;
            self.values[term] = self.value(&self.terms[term]);
        }
    }

    /// Moves all multipliers at once, as `logs[v]` says.
    pub(super) fn shift_all(&mut self, logs: &[(usize, f64)]) {
        for (variable, log) in logs {
            self.multipliers[*variable] = self.multipliers[*variable] * Wide::exp(*log);
        }
        self.values = self.terms.iter().map(|term| self.value(term)).collect();
        self.reads += self.terms.len();
    }

    fn value(&self, term: &Term) -> Wide {
        term.factors.iter().fold(term.cost, |value, factor| {
            let multiplier = self.multipliers[factor.variable];
            match &factor.exponent {
                Exponent::One => value * multiplier,
                Exponent::MinusOne => value / multiplier,
                Exponent::Other(exponent) => value * multiplier.power(exponent),
            }
        })
    }

    /// What each synapse of the problem costs now, weighted by the exponents of its costs; `None` for those that take
    /// no part.
    pub(super) fn costs(&self, problem: &Problem) -> Vec<Option<Wide>> {
        let mut values = self.values.iter();
        let of = |synapse: &crate::kernel::Synapse| {
            let own = synapse
                .costs
                .iter()
                .filter(|cost| !cost.base.numer().eq(&0.into()));
            let own = own.map(|cost| {
                let value = values.next().copied().unwrap_or(Wide::ZERO);
                value * Wide::from(&cost.exponent)
            });
            synapse.is_active().then(|| own.sum())
        };
        problem.synapses().iter().map(of).collect()
    }

    /// The terms as (cost now, exponents of the variables).
    pub(super) fn current_terms(&self) -> impl Iterator<Item = (Wide, Vec<(usize, f64)>)> + '_ {
        let pairs = self.terms.iter().zip(&self.values);
        pairs.map(|(term, value)| {
            (
                *value,
                term.factors
                    .iter()
                    .map(|factor| (factor.variable, factor.value))
                    .collect(),
            )
        })
    }

    /// Normalises components without visible units, and closes the run.
    pub(super) fn finish(mut self, steps: usize) -> Solution {
        self.normalise();
        let deficit = self.max_deficit();
        Solution {
            deficit,
            passes: self.passes(),
            multipliers: self.multipliers,
            steps,
        }
    }

    /// Scales what can be scaled without changing a weight until the fixed variables are 1: a component away from the
    /// ground until its first one is.
    fn normalise(&mut self) {
        if self.movable.iter().all(|free| *free) {
            return;
        }
        let before = self.multipliers.clone();
        for (variable, fixed, exponent, is_one) in self.gauge.shifts() {
            let factor = match is_one {
                true => before[fixed],
                false => before[fixed].power(exponent),
            };
            self.multipliers[variable] = self.multipliers[variable] / factor;
        }
        self.shift_all(&[]);
    }
}
