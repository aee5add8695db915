//! What follows from the sums.

use ethnum::U256;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

use crate::number::{Factor, exactly, on_grid, plus, times};
use crate::reader::{integer, power_of_two};
use crate::{Number, Problem, Rational, Reader, Refusal};

/// Sums over terms whose `y` is that of the rule.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// `Σ y`, on the grid.
    total: U256,
    /// How many `y` have so many bits; those of 0 bits are 0.
    lengths: [u64; 257],
}

impl Default for Sums {
    fn default() -> Self {
        Sums {
            total: U256::ZERO,
            lengths: [0; 257],
        }
    }
}

impl Sums {
    #[inline]
    pub(crate) fn add(&mut self, y: U256) {
        self.total = self.total.wrapping_add(y);
        if let Some(count) = self.lengths.get_mut(length(y)) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn join(&mut self, other: &Sums) {
        self.total = self.total.wrapping_add(other.total);
        for (count, more) in self.lengths.iter_mut().zip(&other.lengths) {
            *count = count.saturating_add(*more);
        }
    }

    pub(crate) fn remove(&mut self, y: U256) {
        self.total = self.total.wrapping_sub(y);
        if let Some(count) = self.lengths.get_mut(length(y)) {
            *count = count.saturating_sub(1);
        }
    }
}

fn length(y: U256) -> usize {
    usize::try_from(256u32.saturating_sub(y.leading_zeros())).unwrap_or(256)
}

/// A term whose `y` is given, all on the grid.
#[derive(Debug, Clone)]
pub(crate) struct Exception {
    pub y: Rational,
    /// The lower end of its cost: mantissa and exponent.
    pub lower: (BigUint, i64),
    /// What the rule would give.
    pub rule: U256,
}

/// What was verified: at the point of the certificate the regularizer exceeds its infimum by at most [`gap`](Certified::gap), and balanced costs lie where
/// [`balanced_cost`](Certified::balanced_cost) says. It holds the problem that it speaks of, and the kernel alone makes one.
#[derive(Debug)]
pub struct Certified<'a> {
    reader: Reader<'a>,
    gap: Rational,
    regularizer: Rational,
    /// The same on the grid, over `2^PLACES`.
    gap_on_grid: BigInt,
    /// No cost of a term with `y > 0` is below this one, on the grid.
    least: Option<Rational>,
    zeros: u64,
}

impl<'a> Certified<'a> {
    /// With `g = 2^-grid`, and `ε` how much the upper end of a product of three rounded factors exceeds the lower one: a term of the rule with
    /// `y > 0` costs between `y` and `(y + g)(1 + ε)`, so that it adds at most `(ε y + g (1 + ε))² / y` to the gap; one with `y = 0` at most its cost,
    /// `g (1 + ε)`. An exception adds the larger value of `(y - w)²/w` at the two ends of its cost.
    pub(crate) fn new(reader: Reader<'a>, sums: Sums, exceptions: Vec<Exception>) -> Self {
        let certificate = reader.certificate();
        let one = Rational::one();
        let width = width(certificate.bits);
        let upper = &one + &width;
        let (mut count, mut reciprocals, mut least) = (0u64, Rational::zero(), None);
        let [zeros, lengths @ ..] = sums.lengths;
        for (bits, terms) in (0i64..).zip(lengths).filter(|(_, terms)| *terms > 0) {
            // At least 2^bits each.
            count = count.saturating_add(terms);
            let least_here = power_of_two(bits);
            reciprocals += Rational::from_integer(terms.into()) / &least_here;
            least.get_or_insert(least_here);
        }
        let total = integer(sums.total);
        let rule = &width * &width * &total
            + (&one + &one) * &width * &upper * Rational::from_integer(count.into())
            + &upper * &upper * reciprocals
            + Rational::from_integer(zeros.into()) * &upper;
        let mut gap = ceiling(&rule);
        let mut regularizer = ceiling(
            &((total + Rational::from_integer(count.saturating_add(zeros).into())) * &upper),
        );
        let mut missing = zeros;
        for exception in &exceptions {
            let (mantissa, exponent) = &exception.lower;
            let low = Ends::new(mantissa.clone(), *exponent);
            let high = Ends::new(mantissa.clone(), *exponent).times(&upper);
            regularizer += high.ceiling();
            if exception.y.is_zero() {
                missing = missing.saturating_add(1);
                gap += high.ceiling();
                continue;
            }
            gap += low.excess(&exception.y).max(high.excess(&exception.y));
            let low = low.floor();
            least = Some(match least {
                Some(least) if least <= low => least,
                _ => low,
            });
        }
        let grid = power_of_two(certificate.grid.saturating_neg());
        let places = power_of_two(PLACES.saturating_neg());
        let off_grid = |value: BigInt| Rational::from_integer(value) * &grid * &places;
        Certified {
            gap: off_grid(gap.clone()),
            gap_on_grid: gap,
            regularizer: off_grid(regularizer),
            least,
            zeros: missing,
            reader,
        }
    }

    /// The problem that this is about.
    pub fn problem(&self) -> &'a Problem<'a> {
        self.reader.problem()
    }

    pub(crate) fn factors(
        &self,
        block: usize,
        entry: usize,
    ) -> Result<Option<[Factor; 3]>, Refusal> {
        self.reader.factors(block, entry)
    }

    pub(crate) fn bits(&self) -> u32 {
        self.reader.certificate().bits
    }

    /// How much the upper end of a cost exceeds the lower one, as a share.
    pub(crate) fn width(&self) -> Rational {
        width(self.bits())
    }

    /// An upper bound of `R(point) - inf R`.
    pub fn gap(&self) -> &Rational {
        &self.gap
    }

    /// An upper bound of `R(point)`.
    pub fn regularizer(&self) -> &Rational {
        &self.regularizer
    }

    /// Terms with `y = 0`: of those nothing is said.
    pub fn not_enclosed(&self) -> u64 {
        self.zeros
    }

    /// Is the minimum attained? Proved if every `y` is positive; nothing is said otherwise.
    pub fn is_attained(&self) -> bool {
        self.zeros == 0
    }

    /// `r` such that *every* balanced cost lies between `(1 - r)` times the lower end and `1/(1 - r)` times the upper end of the cost at the point; `None`
    /// where some term is not enclosed. Both ends are within `width` of the factors' rounding of each other, which is far below `r`.
    pub fn radius(&self) -> Option<Rational> {
        match &self.least {
            _ if self.zeros > 0 => None,
            None => Some(Rational::zero()),
            Some(least) => self.radius_at(&Ends::of(least)).map(off_places),
        }
    }

    /// The same for a term whose cost on the grid is at least this, over `2^PLACES`: `2 sqrt(gap/cost)`, if that is at most a half.
    fn radius_at(&self, lower: &Ends) -> Option<BigInt> {
        let share = &self.gap_on_grid * &lower.bottom;
        if &share * 16 > (&lower.top << PLACES) {
            return None;
        }
        if share.is_zero() {
            return Some(BigInt::zero());
        }
        let scaled: BigInt = (share * 4) << PLACES;
        let square: BigInt = scaled.div_ceil(&lower.top);
        let half = BigInt::one() << PLACES.saturating_sub(1);
        // Rounding up may take it a little above.
        Some((square.sqrt() + BigInt::one()).min(half))
    }

    /// Where the balanced cost of a term lies. `None` for a weight of 0, where `y = 0`, and where the gap is more than a sixteenth of the cost.
    ///
    /// # Errors
    /// [`Refusal::Cost`] for an entry that is not there.
    pub fn cost_bounds(
        &self,
        block: usize,
        entry: usize,
    ) -> Result<Option<(Rational, Rational)>, Refusal> {
        let Some([cost, row, column]) = self.reader.factors(block, entry)? else {
            return Ok(None);
        };
        let found = self.lower(block, entry, [cost, row, column]);
        let Some((mantissa, exponent)) = found.ok_or(Refusal::Cost { block, entry })? else {
            return Ok(None);
        };
        let Some(radius) = self.radius_of(&mantissa, exponent) else {
            return Ok(None);
        };
        let lower = Number::new(mantissa, exponent).to_rational();
        let lower = lower.ok_or(Refusal::Cost { block, entry })?;
        let upper = &lower * (Rational::one() + self.width());
        let rest = Rational::one() - off_places(radius);
        Ok(Some((lower * &rest, upper / rest)))
    }

    /// As [`cost_bounds`](Certified::cost_bounds), `None` also for an entry that is not there.
    pub fn balanced_cost(&self, block: usize, entry: usize) -> Option<(Rational, Rational)> {
        self.cost_bounds(block, entry).ok().flatten()
    }

    /// The radius of one term: `|log(balanced cost / cost at the point)| <= r`, for the true cost at the point. `None` as there.
    pub fn term_radius(&self, block: usize, entry: usize) -> Option<Rational> {
        self.radius_of_term(block, entry).map(off_places)
    }

    fn radius_of_term(&self, block: usize, entry: usize) -> Option<BigInt> {
        let factors = self.reader.factors(block, entry).ok().flatten()?;
        let (mantissa, exponent) = self.lower(block, entry, factors)??;
        self.radius_of(&mantissa, exponent)
    }

    fn radius_of(&self, mantissa: &BigUint, exponent: i64) -> Option<BigInt> {
        let exponent = exponent.checked_add(self.reader.certificate().grid)?;
        self.radius_at(&Ends::new(mantissa.clone(), exponent))
    }

    /// How far multipliers can be from balanced ones: by variable a `ρ` with `|log(μ*/μ)| <= ρ`, `μ` that of the point.
    ///
    /// `order` gives variables, each with a term (block and entry) whose other variables come before it: its cost is enclosed, and so is the multiplier. `None` for
    /// variables that are not in the order, and those whose terms are not enclosed or hold a variable that does not come before.
    ///
    /// # Errors
    /// [`Refusal::Exception`] for a term that is not there or does not hold the variable.
    pub fn multiplier_radii(
        &self,
        order: &[(usize, (usize, usize))],
    ) -> Result<Vec<Option<Number>>, Refusal> {
        let problem = self.reader.problem();
        // Over 2^PLACES.
        let mut radii: Vec<Option<Rational>> = vec![None; problem.variables()];
        for (variable, (block, entry)) in order {
            let misfit = Refusal::Exception {
                block: *block,
                entry: *entry,
            };
            let exponents = problem.exponents(*block, *entry).ok_or(misfit.clone())?;
            let own = exponents.get(variable).ok_or(misfit.clone())?;
            let Some(radius) = self.radius_of_term(*block, *entry) else {
                continue;
            };
            let mut total = Some(Rational::from_integer(radius));
            for (other, exponent) in exponents.iter().filter(|(other, _)| *other != variable) {
                let known = radii.get(*other).ok_or(misfit.clone())?;
                let share = known.as_ref().map(|known| times(known, &exponent.abs()));
                total = total.zip(share).map(|(total, share)| plus(&total, &share));
            }
            let bound = total.map(|total| times(&total, &own.abs().recip()).ceil());
            *radii.get_mut(*variable).ok_or(misfit)? = bound;
        }
        let exact = |radius: Rational| {
            let mantissa = radius.numer().magnitude().clone();
            Number::new(mantissa, PLACES.saturating_neg())
        };
        let radii = radii.into_iter();
        Ok(radii.map(|radius| radius.map(exact)).collect())
    }

    /// The lower end of the cost at the point, as mantissa and exponent; the inner `None` where `y` is 0, the outer one where it is out of range.
    fn lower(
        &self,
        block: usize,
        entry: usize,
        [cost, row, column]: [Factor; 3],
    ) -> Option<Option<(BigUint, i64)>> {
        let certificate = self.reader.certificate();
        let y_is_zero = match certificate.exceptions.get(&(block, entry)) {
            Some(y) => y.is_zero(),
            None => on_grid(cost, row, column, certificate.grid)? == U256::ZERO,
        };
        match y_is_zero {
            true => Some(None),
            false => exactly(cost, row, column).map(Some),
        }
    }
}

/// `(1 + 2^(1-bits))³ - 1`: three factors, each rounded down to so many bits.
fn width(bits: u32) -> Rational {
    let one = Rational::one();
    let factor = &one + power_of_two(1i64.saturating_sub(bits.into()));
    &factor * &factor * &factor - one
}

/// Binary places to which contributions are rounded up, on the grid: sums of such numbers stay short.
const PLACES: i64 = 256;

/// The integer over `2^PLACES` that is at least this.
fn ceiling(value: &Rational) -> BigInt {
    (value.numer() << PLACES).div_ceil(value.denom())
}

/// A positive number as a quotient that is not reduced, which would take most of the time.
struct Ends {
    top: BigInt,
    bottom: BigInt,
}

impl Ends {
    fn of(value: &Rational) -> Self {
        Ends {
            top: value.numer().clone(),
            bottom: value.denom().clone(),
        }
    }

    fn new(mantissa: BigUint, exponent: i64) -> Self {
        let mantissa = BigInt::from(mantissa);
        let power = BigInt::one() << exponent.unsigned_abs();
        let (top, bottom) = match exponent >= 0 {
            true => (mantissa * power, BigInt::one()),
            false => (mantissa, power),
        };
        Ends { top, bottom }
    }

    fn times(self, factor: &Rational) -> Self {
        Ends {
            top: self.top * factor.numer(),
            bottom: self.bottom * factor.denom(),
        }
    }

    fn ceiling(&self) -> BigInt {
        (&self.top << PLACES).div_ceil(&self.bottom)
    }

    /// The integer below it; the number itself if it is below 1.
    fn floor(&self) -> Rational {
        let whole = self.top.div_floor(&self.bottom);
        match whole.is_zero() {
            true => Rational::new(self.top.clone(), self.bottom.clone()),
            false => Rational::from_integer(whole),
        }
    }

    /// `(y - cost)² / cost`, an integer over `2^PLACES` that is at least this.
    fn excess(&self, y: &Rational) -> BigInt {
        let difference = y.numer() * &self.bottom - &self.top * y.denom();
        let square = &difference * &difference;
        let divisor = y.denom() * y.denom() * &self.bottom * &self.top;
        (square << PLACES).div_ceil(&divisor)
    }
}

/// An integer over `2^PLACES`.
fn off_places(value: BigInt) -> Rational {
    Rational::new(value, BigInt::one() << PLACES)
}
