//! Balancing by hand: one unit after another, every network on the way in exact numbers.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::compare::{difference, total_cost};
use super::{
    Balancing, RandomPermutation, Solution, SolveError, StochasticOptions, TraceStep,
    balance_stochastic,
};
use crate::kernel::{Priced, Problem};
use crate::network::{
    BalanceError, Multiplier, Network, Regularizer, ScaleError, UnitBalance, UnitIndex,
};
use crate::numbers::{Direction, Dyadic, Rational, Wide, sum};

/// Bits of a multiplier that is irrational, or too long to be kept exactly.
pub const WALK_BITS: u64 = 48;
/// Bits up to which numerators and denominators are kept exactly.
const LONGEST: u64 = 256;

/// A network on its way to balance: where it started, and the multipliers so far.
#[derive(Debug, Clone)]
pub struct Walk {
    start: Network<Rational>,
    multipliers: Vec<Rational>,
    now: Network<Rational>,
}

/// What one step did.
#[derive(Debug, Clone)]
pub struct WalkStep {
    /// The variable that was balanced.
    pub variable: usize,
    /// The balancing multiplier, as exactly as it can be said.
    pub balance: UnitBalance,
    /// Was it taken as it is? Otherwise one of [`WALK_BITS`] bits was, which changes no more of the function: it is a
    /// scaling too.
    pub is_exact: bool,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WalkError {
    /// The unit has no balancing multiplier.
    #[error(transparent)]
    Balance(#[from] BalanceError),
    /// The network cannot be scaled so in rational numbers.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// The multiplier is no number that can be computed with.
    #[error("the multiplier of unit `{0}` is out of range")]
    OutOfRange(String),
}

impl Walk {
    /// The network scaled by multipliers `Λ`, one for each variable.
    ///
    /// # Errors
    /// Another number of them, one that is not positive, a weight that is irrational.
    pub fn new(start: Network<Rational>, multipliers: Vec<Rational>) -> Result<Self, ScaleError> {
        let now = start.scaled(&multipliers)?;
        Ok(Walk {
            start,
            multipliers,
            now,
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network<Rational> {
        &self.now
    }

    /// The multipliers `Λ` so far, one for each variable.
    pub fn multipliers(&self) -> &[Rational] {
        &self.multipliers
    }

    /// Balances a unit, and those tied to it.
    ///
    /// # Errors
    /// [`WalkError`]; nothing is changed then.
    ///
    /// ```
    /// use synaptic_balance::network::{Regularizer, chain};
    /// use synaptic_balance::numbers::parse_rational as q;
    /// use synaptic_balance::solve::Walk;
    /// let mut walk = Walk::new(chain(&[q("4").unwrap(), q("1").unwrap()]), vec![q("1").unwrap()]).unwrap();
    /// let step = walk.balance(1, &Regularizer::l2()).unwrap();
    /// assert!(step.is_exact && walk.network().weights() == [q("2").unwrap(), q("2").unwrap()]);
    /// ```
    pub fn balance(
        &mut self,
        unit: UnitIndex,
        regularizer: &Regularizer,
    ) -> Result<WalkStep, WalkError> {
        let balance = self.now.balance_unit(unit, regularizer)?;
        let name = || self.now.unit(unit).id.clone();
        let variable = self.now.variable(unit);
        let variable = variable.ok_or_else(|| BalanceError::NotScalable(name()))?;
        let exact = match &balance.multiplier {
            Multiplier::Rational(factor) => Some(&self.multipliers[variable] * factor),
            _ => None,
        };
        let exact = exact.filter(is_short);
        let is_exact = exact.is_some();
        let multiplier = match exact {
            Some(multiplier) => multiplier,
            None => self
                .rounded(variable, regularizer)
                .ok_or_else(|| WalkError::OutOfRange(name()))?,
        };
        let mut multipliers = self.multipliers.clone();
        multipliers[variable] = multiplier;
        self.now = self.start.scaled(&multipliers)?;
        self.multipliers = multipliers;
        Ok(WalkStep {
            variable,
            balance,
            is_exact,
        })
    }

    /// The multiplier that balances a variable, to [`WALK_BITS`] bits.
    fn rounded(&self, variable: usize, regularizer: &Regularizer) -> Option<Rational> {
        let mut state = Balancing::new(&self.now.problem(regularizer));
        let log = state.balancing_log(variable).ok()??;
        let factor = Wide::exp(log).power(&regularizer.variable_power().recip());
        rounded(Wide::from(&self.multipliers[variable]) * factor)
    }
}

fn is_short(value: &Rational) -> bool {
    value.numer().bits() <= LONGEST && value.denom().bits() <= LONGEST
}

/// A multiplier to [`WALK_BITS`] bits; `None` beyond what numbers of reasonable length hold.
pub fn rounded(value: Wide) -> Option<Rational> {
    let exact = value.to_rational()?;
    let rounded = Dyadic::from_rational(&exact, WALK_BITS, Direction::Down)?.to_rational();
    let length = rounded.numer().bits().max(rounded.denom().bits());
    (length <= 4 * LONGEST).then_some(rounded)
}

/// The regularizer, all synapses counted: exactly where it is rational, and as a number.
pub fn price(problem: &Problem) -> (Option<Rational>, Wide) {
    let costs = problem.synapses().iter().flat_map(|synapse| &synapse.costs);
    let exact: Option<Vec<Rational>> = costs.map(Priced::exact).collect();
    (exact.map(|costs| sum(&costs)), total_cost(problem, None))
}

/// What the synapses cost that no scaling changes.
pub fn fixed_cost(problem: &Problem) -> Wide {
    let synapses = problem.synapses().iter();
    let fixed = synapses.filter(|synapse| !synapse.is_active());
    let costs = fixed.flat_map(|synapse| &synapse.costs);
    costs
        .map(|cost| Wide::from(&cost.coefficient) * Wide::from(&cost.base).power(&cost.power))
        .sum()
}

/// Runs of the paper's algorithm from one start, each in an order of its own.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Each run: its steps, and where it ended.
    pub runs: Vec<(Vec<TraceStep>, Solution)>,
    /// The largest relative difference of a weight between the ends of any run and of the first.
    pub difference: f64,
}

/// Balances in so many random orders, the seeds of which are 0, 1, and so on, each to a deficit of `1e-12`.
///
/// # Errors
/// Those of [`balance_stochastic`], which a run of more than `passes` passes ends with.
pub fn random_orders(
    problem: &Problem,
    regularizer: &Regularizer,
    orders: u64,
    passes: usize,
) -> Result<Orders, SolveError> {
    let options = StochasticOptions {
        max_passes: passes,
        trace: true,
        ..StochasticOptions::default()
    };
    let run = |seed| {
        let mut schedule = RandomPermutation::new(ChaCha8Rng::seed_from_u64(seed));
        let run = balance_stochastic(problem, &mut schedule, &options, &mut |_| {})?;
        Ok((run.trace, run.solution))
    };
    let runs: Vec<(Vec<TraceStep>, Solution)> = (0..orders).map(run).collect::<Result<_, _>>()?;
    let power = regularizer.variable_power();
    let from_first = runs.iter().flat_map(|(_, end)| {
        let (_, first) = runs.first()?;
        Some(difference(
            problem,
            &power,
            &end.multipliers,
            &first.multipliers,
        ))
    });
    let difference = from_first.fold(0.0, f64::max);
    Ok(Orders { runs, difference })
}
