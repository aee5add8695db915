//! Bounds on balanced multipliers from sums that the kernel takes of each share, rounded outward.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Signed};
use synaptic_balance_kernel as kernel;
use thiserror::Error;

use super::{Exchange, Shared};
use crate::numbers::Rational;
use crate::solve::blocks::{BlockSolution, CostSums, Shape};
use crate::solve::energy::{point_of_floats, read_all};

/// Significant bits of the three factors of a cost: the most for which the kernel is fast.
const FACTOR_BITS: u32 = 85;

/// Bits, besides those of the number of weights, of the smallest sum on the grid: so much finer than any gap between
/// bounds.
const LEAST_BITS: f64 = 64.0;

/// The finest grid that the kernel takes.
const FINEST: i64 = 1 << 14;

/// Why bounds are not confirmed. Nothing is claimed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BoundsError {
    /// A bound is no positive number of the usual range, or the lower one is above the upper one.
    #[error("the bounds of unit {0} are no bounds")]
    Bounds(usize),
    /// The kernel refuses this machine's share.
    #[error("the kernel refuses a share: {0}")]
    Refused(#[from] kernel::Refusal),
    /// It refuses that of another machine.
    #[error("the kernel refuses the share of another machine")]
    Elsewhere,
    /// The sums of a unit do not show that its balanced multiplier lies between the bounds.
    #[error("unit {0}: its sums do not confirm the bounds")]
    Open(usize),
}

/// Confirms, at a computed solution, `lower <= μ* <= upper` for the balanced multipliers `μ*` of all units, for costs
/// `|w|^power`; on all machines, which then agree. Ours.
///
/// By the comparison principle: `A < B` at every unit at `lower` and `A > B` at every unit at `upper`, with `lower <=
/// upper`, prove it, whatever the network of such synapses, see [`enclosure`](kernel::check::enclosure). As both are
/// strict, every unit is joined to what cannot be scaled: over a component that is not, `A` and `B` add up to the same.
///
/// Each machine has the kernel add up the costs of its own share at both points, each cost rounded down to an integer
/// on a grid; the integers are added exactly over all machines; and a side of `n` terms is below `(S + n)(1 + 2^-82)`
/// if the kernel's sum is `S`, as each of a cost's three factors is rounded down to 85 bits. Self-connections count on
/// both sides alike. Relied on, besides the kernel: that the shares make up the problem, that what is exchanged
/// arrives, and this comparison of integers.
///
/// Cost: two reads by the kernel, and one exchange of some two dozen bytes a unit and side for each.
///
/// # Errors
/// [`BoundsError`].
pub fn confirm_bounds<E: Exchange>(
    shared: &mut Shared<E>,
    power: &Rational,
    solution: &BlockSolution,
    (lower, upper): (&[f64], &[f64]),
) -> Result<(), BoundsError> {
    let bounds = lower.iter().zip(upper);
    let is_crossed = |(lower, upper): (&f64, &f64)| !(*lower > 0.0 && lower <= upper);
    if let Some(unit) = bounds.map(is_crossed).position(|crossed| crossed) {
        return Err(BoundsError::Bounds(unit));
    }
    let terms = BigInt::from(shared.weights());
    let grid = LEAST_BITS + ((shared.weights() + 1) as f64).log2()
        - least_side(shared.shape(), solution).log2();
    let grid = (grid as i64).clamp(-FINEST, FINEST);
    for (point, is_lower) in [(lower, true), (upper, false)] {
        let sides = sides(shared, power, point, grid)?;
        for (unit, [input, output]) in sides.into_iter().enumerate() {
            let (smaller, larger) = match is_lower {
                true => (input, output),
                false => (output, input),
            };
            // Times 2^82.
            let up: BigInt = (smaller + &terms) * ((BigInt::one() << 82) + BigInt::one());
            if up >= (larger << 82) {
                return Err(BoundsError::Open(unit));
            }
        }
    }
    Ok(())
}

/// The smallest sum over a side of a unit at a solution; 1 where there is none.
fn least_side(shape: &Shape, solution: &BlockSolution) -> f64 {
    let (mut incoming, mut outgoing) = (vec![0.0; shape.units()], vec![0.0; shape.units()]);
    solution.sums.incoming(shape, &mut incoming);
    solution.sums.outgoing(shape, &mut outgoing);
    let sums = incoming.iter().zip(&outgoing).zip(&solution.multipliers);
    let sides = sums.flat_map(|((input, output), mu)| [mu * input, output / mu]);
    let least = sides
        .filter(|side| *side > 0.0)
        .fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 1.0 }
}

/// By unit, the sums over incoming and over outgoing synapses on all machines, of costs rounded down on the grid.
fn sides<E: Exchange>(
    shared: &mut Shared<E>,
    power: &Rational,
    point: &[f64],
    grid: i64,
) -> Result<Vec<[BigInt; 2]>, BoundsError> {
    let here = sides_here(shared, power, point, grid);
    if shared.exchange.any(here.is_err()) {
        return Err(here.err().unwrap_or(BoundsError::Elsewhere));
    }
    let here = here?;
    let digits: Vec<Vec<u32>> = here
        .iter()
        .map(|sum| sum.magnitude().to_u32_digits())
        .collect();
    let longest = digits.iter().map(Vec::len).max().unwrap_or(0);
    let longest = shared.exchange.gather(&[longest as u64]).into_iter();
    let longest = longest.max().unwrap_or(0) as usize;
    let mut words = vec![0u64; longest * here.len()];
    for (words, digits) in words.chunks_mut(longest.max(1)).zip(&digits) {
        let pairs = words.iter_mut().zip(digits);
        pairs.for_each(|(word, digit)| *word = u64::from(*digit));
    }
    shared.exchange.add_integers(&mut words);
    let sum = |words: &[u64]| {
        let places = words.iter().rev();
        let sum = places.fold(BigUint::default(), |sum, word| (sum << 32) + *word);
        BigInt::from_biguint(Sign::Plus, sum)
    };
    let sums: Vec<BigInt> = match longest {
        0 => vec![BigInt::default(); here.len()],
        longest => words.chunks(longest).map(sum).collect(),
    };
    let pairs = sums.as_chunks::<2>().0.iter().cloned();
    Ok(pairs.collect())
}

/// The same of the share here: incoming and outgoing sums in turn.
fn sides_here<E>(
    shared: &Shared<E>,
    power: &Rational,
    point: &[f64],
    grid: i64,
) -> Result<Vec<BigInt>, BoundsError> {
    let is_plain = |value: &f64| *value > 0.0 && value.is_normal();
    let numbers = point_of_floats(point);
    let numbers = numbers.ok_or_else(|| {
        BoundsError::Bounds(point.iter().position(|value| !is_plain(value)).unwrap_or(0))
    })?;
    // A unit's multiplier stands twice, so that the sums of both its sides stay apart.
    let doubled = numbers
        .into_iter()
        .flat_map(|number| [number.clone(), number]);
    let certificate = kernel::Certificate {
        point: doubled.collect(),
        bits: FACTOR_BITS,
        grid,
        ..Default::default()
    };
    let problem = problem(shared, power)?;
    let reader = kernel::Reader::new(&problem, &certificate)?;
    let bands = read_all(&reader)?;
    let sums = reader.imbalance(&bands)?;
    let sum = |variable: usize| sums.get(&variable).map(|sum| sum.abs().to_integer());
    let variables = 0..problem.variables();
    Ok(variables.map(|v| sum(v).unwrap_or_default()).collect())
}

/// The share here as the kernel reads it. Of unit `i`, variable `2i` and form `2i + 1` belong to what leads into it,
/// the next ones to what comes from it.
fn problem<'a, E>(
    shared: &Shared<'a, E>,
    power: &Rational,
) -> Result<kernel::Problem<'a>, kernel::Refusal> {
    let share = &shared.share;
    let units = share.shape.units();
    let mut forms = vec![kernel::Form::new()];
    for unit in 0..units {
        for (variable, exponent) in [(2 * unit, 1), (2 * unit + 1, -1)] {
            forms.push(vec![(variable, Rational::from_integer(exponent.into()))]);
        }
    }
    let mut blocks = Vec::new();
    for part in &share.parts {
        let link = &share.shape.links()[part.link];
        if link.to.is_none() && link.from.is_none() {
            continue;
        }
        let columns = part.entries.len() / part.rows.len();
        let rows = match link.to {
            Some(group) => {
                let first = share.shape.group(group).start;
                let rows = part.rows.clone();
                rows.map(|row| 1 + 2 * (first + row)).collect()
            }
            None => vec![0; part.rows.len()],
        };
        let columns = match link.from {
            Some(group) => share.shape.group(group).map(|unit| 2 + 2 * unit).collect(),
            None => vec![0; columns],
        };
        blocks.push(kernel::Block {
            entries: part.entries.clone(),
            rows,
            columns,
            layout: kernel::Layout::Dense,
            power: power.clone(),
            coefficient: Rational::one(),
            again: false,
        });
    }
    kernel::Problem::new(2 * units, forms, blocks)
}
