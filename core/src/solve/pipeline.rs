//! The whole line in one call: existence, solution, cross-check, certificate.

use num_traits::{One, Signed, Zero};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::time::Instant;
use thiserror::Error;

use super::blocks::BlockOptions;
use super::compare::{difference, total_cost};
use super::energy::{EnergyError, EnergyProof};
use super::flat::MAX_DENSE;
use super::restricted::power_below;
use super::stochastic::{Unfinished, approach};
use super::{
    Balancing, CertifyError, Cyclic, DirectOptions, Existence, ExistenceError, RandomPermutation,
    Restricted, Restriction, Schedule, Solution, SolveError, StochasticOptions, balance_exactly,
    balance_exactly_in_limit, balance_stochastic, balance_within, existence, powers_of_two,
    solve_direct, solve_two_level,
};
use crate::kernel::{Balanced, Enclosed, Problem, Verified};
use crate::network::{Network, Regularizer, one_line};
use crate::numbers::{Rational, Wide};

/// Two methods whose weights differ by more than this, relatively, do not agree.
pub const AGREEMENT: f64 = 1e-6;

/// Synapses that the cross-check may read.
const SECOND_READS: usize = 1 << 23;

/// How to balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Newton on the convex problem, damped; beyond 4,000 multipliers the two-level method.
    Direct,
    /// Sweeps by layer with a correction of whole layers, in few reads of the weights: see [`blocks`](super::blocks).
    TwoLevel,
    /// The paper's algorithm, in random order.
    Stochastic,
    /// The same, unit after unit in their order.
    Sweep,
    /// Exact rational multipliers, if there are any.
    Exact,
}

impl Method {
    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Method::Direct => "direct",
            Method::TwoLevel => "two-level",
            Method::Stochastic => "stochastic",
            Method::Sweep => "sweep",
            Method::Exact => "exact",
        }
    }
}

/// What is asked of [`balance`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The method whose result is returned.
    pub method: Method,
    /// Seed of the stochastic algorithm, as method or as cross-check.
    pub seed: u64,
    /// The deficit to reach.
    pub tolerance: f64,
    /// Passes after which the stochastic algorithm and sweeps give up; as a cross-check, a tenth of them, and fewer on
    /// large networks.
    pub max_passes: usize,
    /// If the minimum is not attained, go to its limit?
    pub limit: bool,
    /// Enclose the balanced multipliers to so many digits? Done anyway, to 12, where the two methods do not agree and
    /// the network is small.
    pub certify: Option<u32>,
    /// Which multipliers are allowed? The optimum over all is found in any case, to compare.
    pub restriction: Option<Restriction>,
}

impl Default for Options {
    /// Direct, seed 0, deficit `1e-12`, 100,000 passes, no limit, no certificate.
    fn default() -> Self {
        Options {
            method: Method::Direct,
            seed: 0,
            tolerance: 1e-12,
            max_passes: 100_000,
            limit: false,
            certify: None,
            restriction: None,
        }
    }
}

/// How a balancing came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The minimum was found.
    Balanced,
    /// The infimum is not attained; its limit was found.
    Limit,
    /// The infimum is not attained, and the limit was not asked for: there are no multipliers.
    NotAttained,
    /// The infimum is not attained, but the minimum within a bound was asked for and found.
    WithinBound,
}

/// A second method's view of the same optimum.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossCheck {
    /// The second method.
    pub against: Method,
    /// The largest relative difference of a weight between the two results; the error if the second method failed.
    pub max_relative_difference: Result<f64, SolveError>,
    /// How often the second method went through all costs; `None` where it does not count that, or failed.
    pub passes: Option<f64>,
    /// How far the second method came, if its passes ended first: the difference says little then.
    pub unfinished: Option<Unfinished>,
}

impl CrossCheck {
    /// Did the second method end by its own rule, and do the results agree?
    pub fn agrees(&self) -> bool {
        let is_complete = self.unfinished.is_none();
        is_complete && matches!(self.max_relative_difference, Ok(found) if found <= AGREEMENT)
    }
}

/// Wall-clock seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seconds {
    /// Existence, solution and cross-check.
    pub solve: f64,
    /// The certificate.
    pub certify: f64,
}

/// The result of [`balance`].
#[derive(Debug, Clone)]
pub struct Balance {
    /// How it came out.
    pub outcome: Outcome,
    /// Whether the minimum is attained, verified.
    pub existence: Existence,
    /// The solution in the problem's variables `μ`; `None` if [`Outcome::NotAttained`].
    pub solution: Option<Solution>,
    /// The regularizer before, all synapses counted.
    pub regularizer_before: Wide,
    /// The regularizer after; the infimum if [`Outcome::Limit`].
    pub regularizer_after: Option<Wide>,
    /// The largest deficit before.
    pub deficit_before: f64,
    /// The second method.
    pub cross_check: Option<CrossCheck>,
    /// Verified enclosures of `μ*`, or why there are none; `None` if they were not asked for and the two methods agree.
    pub enclosure: Option<Result<Verified<Enclosed>, CertifyError>>,
    /// What an energy certificate proves of this problem, to the digits asked for; `None` if none was found, or none
    /// sought: it is where the methods do not agree, and where the comparison principle does not apply. The solution is
    /// at its point, unless the paper's algorithm found it.
    pub energy: Option<EnergyProof>,
    /// Verified exact multipliers `μ*`, those of the limit if [`Outcome::Limit`]: with [`Method::Exact`] only, and
    /// `None` where none were found.
    pub exact: Option<Verified<Balanced>>,
    /// The multipliers within the restriction that was asked for, and the regularizer with them.
    pub restricted: Option<(Restricted, Wide)>,
    /// What an energy certificate proves of the minimum within the bounds that were asked for, to the digits asked for,
    /// or why there is none; `None` if it was not asked for.
    pub bounded: Option<Result<EnergyProof, EnergyError>>,
    /// Times.
    pub seconds: Seconds,
    /// What was balanced: whatever was verified is about it.
    pub(super) problem: Problem,
    pub(super) power: Rational,
}

/// Why [`balance`] has no result.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BalanceFailure {
    /// Existence was not decided.
    #[error(transparent)]
    Existence(#[from] ExistenceError),
    /// The method did not converge.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// A BiPU of degree 0 or below is discontinuous at 0: the limit need not compute the same function.
    #[error(
        "the limit is not defined: unit `{0}` has a degree of 0 or below and is discontinuous at 0"
    )]
    DiscontinuousLimit(String),
    /// Multipliers were to be restricted, but those of a tie are other powers of one number.
    #[error(
        "multipliers are restricted only where those of a tie are equal or inverse: that of `{0}` is another power"
    )]
    RestrictedPower(String),
}

/// Balances a network: decides existence, solves, cross-checks with a second method, and certifies if asked to.
///
/// In the limit ([`Outcome::Limit`]) the synapses of [`Existence::vanishing`] become 0; the function is the same, being
/// constant along the way and continuous in the weights (of a recurrent network, the one from initial state 0: other
/// initial states would have to be scaled without end). `progress` is told what is being done and the deficit.
///
/// # Errors
/// [`BalanceFailure`]. An infimum that is not attained is not an error.
///
/// ```
/// use synaptic_balance::network::{chain, Regularizer};
/// use synaptic_balance::solve::{balance, Options};
/// let network = chain(&["3", "1/2", "5"].map(|w| synaptic_balance::numbers::parse_rational(w).unwrap()));
/// let options = Options { certify: Some(12), ..Options::default() };
/// let result = balance(&network, &Regularizer::l2(), &options, &mut |_, _| {}).unwrap();
/// assert!(result.bounds().is_some());
/// ```
pub fn balance(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    options: &Options,
    progress: &mut dyn FnMut(&str, f64),
) -> Result<Balance, BalanceFailure> {
    let start = Instant::now();
    let problem = network.problem(regularizer);
    let existence = existence(&problem)?;
    let is_bounded = options
        .restriction
        .as_ref()
        .is_some_and(Restriction::is_bounded);
    let outcome = match (existence.is_attained(), options.limit) {
        (true, _) => Outcome::Balanced,
        (false, true) => Outcome::Limit,
        (false, false) if is_bounded => Outcome::WithinBound,
        (false, false) => Outcome::NotAttained,
    };
    if outcome == Outcome::Limit {
        check_continuity(network)?;
    }
    // Where there is no optimum, that is what has to be said.
    if options.restriction.is_some() && outcome != Outcome::NotAttained {
        check_powers(network)?;
    }
    let before = Balancing::new(&problem).max_deficit();
    let mut result = Balance {
        outcome,
        solution: None,
        regularizer_before: total_cost(&problem, None),
        regularizer_after: None,
        deficit_before: before,
        cross_check: None,
        enclosure: None,
        energy: None,
        exact: None,
        restricted: None,
        bounded: None,
        seconds: Seconds::default(),
        power: regularizer.variable_power(),
        problem: problem.clone(),
        existence,
    };
    if outcome == Outcome::WithinBound {
        result.restrict(&problem, options, progress)?;
        result.seconds.solve = start.elapsed().as_secs_f64();
        let start = Instant::now();
        result.certify_within((network, regularizer), options, progress);
        result.seconds.certify = start.elapsed().as_secs_f64();
    } else if outcome != Outcome::NotAttained {
        let reduced = problem.without(result.existence.vanishing());
        result.solve(&reduced, options, progress)?;
        result.seconds.solve = start.elapsed().as_secs_f64();
        let start = Instant::now();
        result.certify((network, regularizer), &reduced, options, progress);
        result.seconds.certify = start.elapsed().as_secs_f64();
        let start = Instant::now();
        result.restrict(&reduced, options, progress)?;
        result.seconds.solve += start.elapsed().as_secs_f64();
        let start = Instant::now();
        result.certify_within((network, regularizer), options, progress);
        result.seconds.certify += start.elapsed().as_secs_f64();
    }
    Ok(result)
}

impl Balance {
    fn solve(
        &mut self,
        problem: &Problem,
        options: &Options,
        progress: &mut dyn FnMut(&str, f64),
    ) -> Result<(), SolveError> {
        let against = match options.method {
            Method::TwoLevel if problem.variables() > MAX_DENSE => Method::Stochastic,
            Method::Direct | Method::Exact => Method::Stochastic,
            _ => Method::Direct,
        };
        let passes = second_passes(problem, options.max_passes);
        let mut first = || {
            let passes = options.max_passes;
            run(problem, options.method, options, passes, &mut *progress)
        };
        let (solution, second) = match is_worth_a_thread(problem) {
            true => std::thread::scope(|scope| {
                let mut unseen = |_: &str, _| {};
                let second =
                    scope.spawn(move || second_run(problem, against, options, passes, &mut unseen));
                let solution = first();
                let second = second.join();
                // As it would have gone on in this thread.
                (
                    solution,
                    second.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                )
            }),
            false => {
                let solution = first()?;
                (
                    Ok(solution),
                    second_run(problem, against, options, passes, progress),
                )
            }
        };
        let solution = solution?;
        let (second, unfinished) = match second {
            Ok((second, unfinished)) => (Ok(second), unfinished),
            Err(fault) => (Err(fault), None),
        };
        let passes = second.as_ref().ok().map(|second| second.passes);
        let (power, own) = (&self.power, &solution.multipliers);
        let difference = second.map(|found| difference(problem, power, own, &found.multipliers));
        self.cross_check = Some(CrossCheck {
            against,
            max_relative_difference: difference,
            passes,
            unfinished,
        });
        self.regularizer_after = Some(total_cost(problem, Some(&solution.multipliers)));
        if options.method == Method::Exact {
            self.exact = match &self.existence {
                Existence::Attained(_) => balance_exactly(&self.problem, &solution),
                Existence::NotAttained(claim) => {
                    balance_exactly_in_limit(&self.problem, claim.data(), &solution)
                }
            };
        }
        self.solution = Some(solution);
        Ok(())
    }

    fn restrict(
        &mut self,
        problem: &Problem,
        options: &Options,
        progress: &mut dyn FnMut(&str, f64),
    ) -> Result<(), SolveError> {
        let restricted = match (&options.restriction, &self.solution) {
            (None, _) | (Some(Restriction::PowersOfTwo), None) => return Ok(()),
            (Some(Restriction::PowersOfTwo), Some(solution)) => {
                powers_of_two(problem, &self.power, &solution.multipliers)
            }
            (Some(Restriction::Within(bound) | Restriction::PowersOfTwoWithin(bound)), _) => {
                let rounds = matches!(options.restriction, Some(Restriction::PowersOfTwoWithin(_)));
                let bound = &match rounds {
                    true => power_below(bound),
                    false => bound.clone(),
                };
                let mut within = |newton: bool| {
                    let mut report = |residual| progress("balancing within the bound", residual);
                    balance_within(
                        problem,
                        &self.power,
                        bound,
                        options.tolerance,
                        newton,
                        &mut report,
                    )
                };
                let found = within(true)?;
                let second = within(false);
                let compared = second.map(|second| {
                    difference(
                        problem,
                        &self.power,
                        &found.multipliers,
                        &second.multipliers,
                    )
                });
                self.cross_check = Some(CrossCheck {
                    against: Method::Sweep,
                    max_relative_difference: compared,
                    passes: None,
                    unfinished: None,
                });
                match rounds {
                    true => Restricted {
                        at_bound: found.at_bound,
                        residual: found.residual,
                        ..powers_of_two(problem, &self.power, &found.multipliers)
                    },
                    false => found,
                }
            }
        };
        let regularizer = total_cost(problem, Some(&restricted.multipliers));
        self.restricted = Some((restricted, regularizer));
        Ok(())
    }
}

/// Are both methods to run at the same time? They share nothing but the problem.
fn is_worth_a_thread(problem: &Problem) -> bool {
    #[cfg(feature = "parallel")]
    let threads = rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    let threads = 1;
    threads > 1 && problem.synapses().len() > 4_096
}

/// Passes of the cross-check: a tenth, and no more than some seconds on a large network.
fn second_passes(problem: &Problem, max_passes: usize) -> usize {
    let affordable = SECOND_READS / problem.synapses().len().max(1);
    max_passes.div_ceil(10).min(affordable.max(1))
}

/// Is every unit continuous at 0, so that synapses can vanish?
pub(super) fn check_continuity(network: &Network<Rational>) -> Result<(), BalanceFailure> {
    let zero = Rational::zero();
    for unit in (0..network.units()).map(|unit| network.unit(unit)) {
        if unit
            .activation
            .degree()
            .is_some_and(|degree| degree <= zero)
        {
            return Err(BalanceFailure::DiscontinuousLimit(
                one_line(&unit.id).into_owned(),
            ));
        }
    }
    Ok(())
}

/// Is each multiplier its variable or the inverse, so that what is asked of the one holds for the other?
fn check_powers(network: &Network<Rational>) -> Result<(), BalanceFailure> {
    match (0..network.units()).find(|unit| !network.exponent(*unit).abs().is_one()) {
        Some(unit) => Err(BalanceFailure::RestrictedPower(
            one_line(&network.unit(unit).id).into_owned(),
        )),
        None => Ok(()),
    }
}

/// The paper's algorithm as far as its passes go; another method as it is.
fn second_run(
    problem: &Problem,
    method: Method,
    options: &Options,
    max_passes: usize,
    progress: &mut dyn FnMut(&str, f64),
) -> Result<(Solution, Option<Unfinished>), SolveError> {
    if method != Method::Stochastic {
        let solution = run(problem, method, options, max_passes, progress)?;
        return Ok((solution, None));
    }
    let mut schedule = RandomPermutation::new(ChaCha8Rng::seed_from_u64(options.seed));
    let stochastic = StochasticOptions {
        tolerance: options.tolerance,
        max_passes,
        ..StochasticOptions::default()
    };
    let mut report = |deficit| progress(method.name(), deficit);
    let found = approach(problem, &mut schedule, &stochastic, &mut report)?;
    Ok((found.run.solution, found.unfinished))
}

fn run(
    problem: &Problem,
    method: Method,
    options: &Options,
    max_passes: usize,
    progress: &mut dyn FnMut(&str, f64),
) -> Result<Solution, SolveError> {
    let mut report = |deficit| progress(method.name(), deficit);
    let tolerance = options.tolerance;
    let mut schedule: Box<dyn Schedule> = match method {
        Method::TwoLevel => return two_level(problem, tolerance, &mut report),
        Method::Direct | Method::Exact if problem.variables() > MAX_DENSE => {
            return two_level(problem, tolerance, &mut report);
        }
        Method::Direct | Method::Exact => {
            let options = DirectOptions {
                tolerance,
                ..DirectOptions::default()
            };
            return solve_direct(problem, &options, &mut report);
        }
        Method::Stochastic => Box::new(RandomPermutation::new(ChaCha8Rng::seed_from_u64(
            options.seed,
        ))),
        Method::Sweep => Box::new(Cyclic::default()),
    };
    let options = StochasticOptions {
        tolerance,
        max_passes,
        ..StochasticOptions::default()
    };
    Ok(balance_stochastic(problem, schedule.as_mut(), &options, &mut report)?.solution)
}

fn two_level(
    problem: &Problem,
    tolerance: f64,
    report: &mut dyn FnMut(f64),
) -> Result<Solution, SolveError> {
    let options = BlockOptions {
        tolerance,
        ..BlockOptions::default()
    };
    solve_two_level(problem, &options, report)
}
