//! Energy certificates of the minimum within bounds of multipliers.

use num_traits::{Signed, Zero};
use synaptic_balance_kernel::{Number, Problem};

use super::terms::point_of_floats;
use super::{EnergyError, EnergyProof};
use crate::numbers::{Direction, Dyadic, Enclosure, Rational, Wide, rational_power};
use crate::solve::general::TermCosts;

/// Bits of a bound of costs that is the irrational power of one of weights: it is rounded inwards.
const BOUND_BITS: u64 = 128;

/// Bounds of multipliers `μ` of costs, and which of these are held there; without bounds all are free.
#[derive(Debug, Clone, Default)]
pub struct Within {
    /// The lower and the upper bound of each variable.
    pub bounds: Vec<[Rational; 2]>,
    /// By variable: 1 at the upper bound, -1 at the lower one, 0 elsewhere.
    pub held: Vec<i8>,
}

impl Within {
    /// Bounds `1/bound` and `bound` of all multipliers `Λ`, `Λ^power = μ`; irrational ones are rounded inwards. `None`
    /// if they are too long to be written out.
    pub fn scaling(bound: &Rational, power: &Rational, held: &[i8]) -> Option<Self> {
        let enclosed = || Enclosure::from_rational(bound, 4 * BOUND_BITS)?.power(power, BOUND_BITS);
        let upper = match rational_power(bound, power) {
            Some(upper) => upper,
            None => enclosed()?.lo().to_rational(),
        };
        Some(Within {
            bounds: vec![[upper.recip(), upper]; held.len()],
            held: held.to_vec(),
        })
    }

    /// The variables that are held.
    pub(super) fn held(&self) -> impl Iterator<Item = usize> {
        let held = self.held.iter().enumerate();
        held.filter(|(_, side)| **side != 0)
            .map(|(variable, _)| variable)
    }

    /// Nothing, for the variables that are held.
    pub(super) fn leave_held(&self, imbalance: &mut [Rational]) {
        self.held()
            .for_each(|variable| imbalance[variable] = Rational::zero());
    }

    /// A multiplier of so many bits within its bounds; at its bound if it is held, or so near it, in more bits, that
    /// the distance adds nothing to the gap.
    pub(super) fn moved_inside(&self, variable: usize, number: Number, bits: u64) -> Number {
        let (Some([lower, upper]), Some(side)) =
            (self.bounds.get(variable), self.held.get(variable))
        else {
            return number;
        };
        let value = number.to_rational();
        let is_above = *side > 0 || value.as_ref().is_some_and(|value| value > upper);
        let is_below = *side < 0 || value.as_ref().is_some_and(|value| value < lower);
        let inside = match (is_above, is_below) {
            (true, _) => short(upper, 2 * bits, Direction::Down),
            (_, true) => short(lower, 2 * bits, Direction::Up),
            _ => None,
        };
        inside.unwrap_or(number)
    }
}

/// A positive number rounded to so many bits.
fn short(value: &Rational, bits: u64, direction: Direction) -> Option<Number> {
    let rounded = Dyadic::from_rational(value, bits, direction)?.to_rational();
    let exponent = i64::try_from(rounded.denom().bits()).ok()? - 1;
    let mantissa = rounded.numer().magnitude().clone();
    rounded
        .is_positive()
        .then(|| Number::new(mantissa, -exponent))
}

/// Makes a certificate of the minimum within bounds from computed multipliers `μ`, refined by Newton steps in those
/// that are not held, and has the kernel verify it.
///
/// # Errors
/// [`EnergyError`].
pub fn prove_within(
    problem: &Problem,
    multipliers: &[f64],
    within: &Within,
    digits: u32,
) -> Result<EnergyProof, EnergyError> {
    let computed = point_of_floats(multipliers).ok_or(EnergyError::NotRefined)?;
    let costs = TermCosts::new(problem);
    let is_free = |variable: usize| within.held.get(variable) == Some(&0);
    let mut solve = costs.newton_at(multipliers, is_free);
    let mut step = |side: &[f64], scale: Wide| {
        let scale = scale.to_f64();
        let solved = solve(side)?;
        Some(solved.into_iter().map(|entry| entry * scale).collect())
    };
    EnergyProof::find_within(problem, computed, &mut step, digits, within)
}
