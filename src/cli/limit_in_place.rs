//! Models whose minimum is not attained, balanced where they lie.

use num_traits::{One, Signed};
use synaptic_balance::numbers::{Rational, rational_to_f64_up};
use synaptic_balance::report::{InLimit, Report, not_attained_report};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{BlockSolution, Blocks, CostSums, Cut};
use synaptic_balance::solve::energy::EnergyProof;
use synaptic_balance_kernel::Number;

use super::Exit;
use super::Reported;
use super::arguments::BalanceArguments;
use super::offered::EXACT;

/// Why nothing was balanced.
pub enum Unsolved {
    /// There is no minimum.
    NotAttained(Cut),
    /// The same of a model with products or powers of multipliers.
    RunsAway(Box<InLimit>),
    /// The solver gave up.
    Solver(SolveError),
}

impl Unsolved {
    /// What stood in the way; a unit with cost on one side only is looked into.
    pub fn of(fault: SolveError, problem: &mut Blocks) -> Self {
        if !matches!(fault, SolveError::OneSided { .. }) {
            return Unsolved::Solver(fault);
        }
        match problem.cut() {
            Ok(Some(cut)) => Unsolved::NotAttained(cut),
            Ok(None) => Unsolved::Solver(fault),
            Err(fault) => Unsolved::Solver(fault),
        }
    }
}

/// Leaves out what vanishes in the limit, if that was asked for.
pub fn leave_out(
    arguments: &BalanceArguments,
    problem: &mut Blocks,
) -> Result<Option<Cut>, SolveError> {
    let cut = match arguments.limit {
        true => problem.cut()?,
        false => None,
    };
    if let Some(cut) = &cut {
        problem.leave_out(cut.levels.iter().map(|level| *level != 0).collect());
    }
    Ok(cut)
}

/// Is a model so small that exact arithmetic says more of its limit, or asked for what it alone can write?
pub fn is_for_exact_arithmetic(
    arguments: &BalanceArguments,
    weights: usize,
    is_large: bool,
) -> bool {
    !is_large && (weights < EXACT || (arguments.certificate.is_some() && !arguments.limit))
}

/// The most weights that are named.
pub const NAMED: usize = 1_000;

/// What vanishes, by names: those of units by their variables, and of weights of which `vanishes(to, from)` holds.
pub fn in_limit(
    cut: &Cut,
    name: &dyn Fn(usize) -> String,
    vanishing: impl Fn(&dyn Fn(usize, usize) -> bool, usize) -> (Vec<(String, usize)>, usize),
) -> InLimit {
    let (first, count) = vanishing(&|to, from| cut.vanishes(to, from), NAMED);
    InLimit {
        dead: cut
            .dead()
            .map(|units| units.into_iter().map(name).collect()),
        vanishing: count,
        first,
        is_plain: true,
        is_verified: cut.verified().is_some(),
    }
}

/// The outcome for a model that is left as it is.
pub fn not_attained(
    arguments: &BalanceArguments,
    weights: usize,
    (found, has_limit): (&InLimit, bool),
    seconds: [f64; 2],
) -> (Report, Exit) {
    let report = not_attained_report(&arguments.regularizer, weights, (found, has_limit), seconds);
    (report, Exit::Incomplete)
}

/// Was it left as it is?
pub fn is_left(outcome: &Reported) -> bool {
    let status = |(report, _): &(Report, Exit)| report.json["status"] == "not_attained";
    outcome.as_ref().is_ok_and(status)
}

/// A point at which what vanishes costs next to nothing; the others stay.
pub fn far(point: Vec<Number>, cut: &Cut) -> Vec<Number> {
    let levels = point.into_iter().zip(&cut.levels);
    let moved = |(number, level): (Number, &i64)| match level {
        0 => number,
        level => Number::new(number.mantissa.clone(), number.exponent + STRIDE * level),
    };
    levels.map(moved).collect()
}

/// Binary digits by which a level lowers a cost: more than floats can tell apart.
const STRIDE: i64 = 4096;

/// How far, relatively, the multipliers `μ` can be from the balanced ones, rounded up, but for those of units that are
/// `free`; `None` if one has no bounds.
pub fn within(proof: &EnergyProof, free: &[bool]) -> Option<f64> {
    let radii = proof.radii.iter().zip(free).filter(|(_, free)| !**free);
    let radii = radii.map(|(radius, _)| radius.as_ref()?.to_rational());
    let largest = radii.collect::<Option<Vec<Rational>>>()?.into_iter().max();
    let radius = largest.unwrap_or_default();
    let rest = Rational::one() - &radius;
    rest.is_positive()
        .then(|| rational_to_f64_up(&(radius / rest)))
}

/// By unit: has it no cost, so that any multiplier does?
pub fn free(problem: &Blocks, solution: &BlockSolution) -> Vec<bool> {
    let shape = problem.shape();
    let (mut incoming, mut outgoing) = (vec![0.0; shape.units()], vec![0.0; shape.units()]);
    solution.sums.incoming(shape, &mut incoming);
    solution.sums.outgoing(shape, &mut outgoing);
    let pairs = incoming.into_iter().zip(outgoing);
    pairs.map(|pair| pair == (0.0, 0.0)).collect()
}
