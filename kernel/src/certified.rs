//! What follows from the sums.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Pow, Signed, Zero};
use std::ops::Add;

use crate::number::{plus, times};
use crate::{Band, Number, Rational, Reader, Refusal};

/// What was verified: at the point of the certificate the regularizer exceeds its infimum by at most
/// [`gap`](Certified::gap), and balanced costs lie where [`balanced_cost`](Certified::balanced_cost) says. It holds the
/// problem that it speaks of, and the kernel alone makes one.
///
/// Where multipliers have bounds ([`is_bounded`](Certified::is_bounded)), infimum and minimum are everywhere those
/// within them, and *balanced* is what has it.
#[derive(Debug)]
pub struct Certified<'a> {
    reader: Reader<'a>,
    /// On the grid, over `2^places`.
    gap: BigInt,
    /// Binary places to which contributions are rounded up, on the grid: sums of such numbers stay short.
    places: i64,
    /// No cost of a term with `y > 0` is below this one, on the grid.
    least: Option<Rational>,
    zeros: i64,
    /// How much the upper end of a cost exceeds the lower one, as a factor.
    pub(crate) upper: Rational,
}

impl<'a> Certified<'a> {
    /// With `g = 2^-grid`, and `ε` how much the upper end of a product of three rounded factors exceeds the lower
    /// one: a term of the rule with `y > 0` costs between `y` and `(y + g)(1 + ε)`, so that it adds at most `(ε y + g
    /// (1 + ε))² / y` to the gap; one with `y = 0` at most its cost, `g (1 + ε)`. An exception adds the larger value
    /// of `(y - w)²/w` at the two ends of its cost. What bounds leave to multipliers adds its `slack`.
    pub(crate) fn new(
        reader: Reader<'a>,
        band: Band,
        given: Vec<(&Rational, Rational)>,
        slack: Vec<Rational>,
    ) -> Self {
        let bits = reader.certificate().bits;
        let places = i64::from(bits).saturating_mul(3).max(256);
        let whole = |count: i64| Rational::from_integer(count.into());
        // Three factors, each rounded down to so many bits.
        let unit = BigInt::one() << bits.saturating_sub(1);
        let factor = Rational::new(&unit + BigInt::one(), unit);
        let upper = &factor * &factor * &factor;
        let width = &upper - Rational::one();
        let (mut count, mut reciprocals, mut least) = (0i64, Rational::zero(), None);
        let mut lengths = band.lengths.into_iter();
        let mut zeros = lengths.next().unwrap_or_default();
        for (bits, terms) in lengths.enumerate().filter(|(_, terms)| *terms > 0) {
            // At least 2^bits each.
            let least_here = Rational::from_integer(BigInt::one() << bits);
            count = count.saturating_add(terms);
            reciprocals += whole(terms) / &least_here;
            least.get_or_insert(least_here);
        }
        let total = Rational::from_integer(band.total);
        let rule = &width * &width * &total
            + whole(2) * &width * &upper * whole(count)
            + &upper * &upper * reciprocals
            + whole(zeros) * &upper;
        let rounded = |value: &Rational| ceiling(value, places);
        let mut gap = slack.iter().map(rounded).fold(rounded(&rule), Add::add);
        for (y, low) in given {
            let high = Rational::new_raw(low.numer() * upper.numer(), low.denom() * upper.denom());
            if y.is_zero() {
                zeros = zeros.saturating_add(1);
                gap += ceiling(&high, places);
                continue;
            }
            gap += excess(&low, y, places).max(excess(&high, y, places));
            // The integer below it, which is shorter, unless that is 0.
            let whole = low.numer().div_floor(low.denom());
            let low = if whole.is_zero() { low } else { whole.into() };
            least = least.into_iter().chain([low]).min();
        }
        Certified {
            reader,
            gap,
            places,
            least,
            zeros,
            upper,
        }
    }

    /// The reader.
    pub fn reader(&self) -> &Reader<'a> {
        &self.reader
    }

    /// An upper bound of `R(point) - inf R`.
    pub fn gap(&self) -> Rational {
        self.over(&self.gap, self.reader.certificate().grid)
    }

    /// `value / 2^(places + grid)`.
    fn over(&self, value: &BigInt, grid: i64) -> Rational {
        let places = self.places.saturating_add(grid).saturating_neg();
        let unit = Pow::pow(Rational::from_integer(2.into()), places);
        unit * value
    }

    /// Terms with `y = 0`: of those nothing is said.
    pub fn not_enclosed(&self) -> u64 {
        self.zeros.unsigned_abs()
    }

    /// Is the minimum attained? Proved if every `y` is positive and there are no bounds; nothing is said otherwise.
    pub fn is_attained(&self) -> bool {
        self.zeros == 0 && !self.is_bounded()
    }

    /// Have multipliers bounds? Then all this is about the minimum within them, the
    /// [`bounds`](crate::Certificate::bounds) of the certificate, and not about any other.
    pub fn is_bounded(&self) -> bool {
        !self.reader.certificate().bounds.is_empty()
    }

    /// `r` such that *every* balanced cost lies between `(1 - r)` times the lower end and `1/(1 - r)` times the upper
    /// end of the cost at the point; `None` where some term is not enclosed. Both ends are within `width` of the
    /// factors' rounding of each other, which is far below `r`.
    pub fn radius(&self) -> Option<Rational> {
        match &self.least {
            _ if self.zeros > 0 => None,
            None => Some(Rational::zero()),
            Some(least) => Some(self.over(&self.radius_at(least)?, 0)),
        }
    }

    /// The same for a term whose cost on the grid is at least this, over `2^places`: `2 sqrt(gap/cost)`, if that is at
    /// most a half.
    fn radius_at(&self, lower: &Rational) -> Option<BigInt> {
        let share = &self.gap * lower.denom();
        if share.is_zero() || &share * 16 > (lower.numer() << self.places) {
            return share.is_zero().then(BigInt::zero);
        }
        let scaled: BigInt = (share * 4) << self.places;
        let square: BigInt = scaled.div_ceil(lower.numer());
        let half = BigInt::one() << self.places.saturating_sub(1);
        // Rounding up may take it a little above.
        Some((square.sqrt() + BigInt::one()).min(half))
    }

    /// The lower end of a term's cost at the point, and its radius over `2^places`; `None` as in
    /// [`balanced_cost`](Certified::balanced_cost).
    fn enclosed(&self, block: usize, entry: usize) -> Option<(Number, BigInt)> {
        let lower = self.reader.lower(block, entry).ok()?;
        let certificate = self.reader.certificate();
        let is_zero = match certificate.exceptions.get(&(block, entry)) {
            Some(y) => y.is_zero(),
            None => lower.on_grid(certificate.grid)?.is_zero(),
        };
        let ends = lower.scaled(certificate.grid).filter(|_| !is_zero)?;
        let radius = self.radius_at(&ends)?;
        Some((lower, radius))
    }

    /// Where the balanced cost of a term lies. `None` for a weight of 0 or none, where `y = 0`, and where the gap is
    /// more than a sixteenth of the cost.
    pub fn balanced_cost(&self, block: usize, entry: usize) -> Option<(Rational, Rational)> {
        let (lower, radius) = self.enclosed(block, entry)?;
        let lower = lower.to_rational()?;
        let upper = &lower * &self.upper;
        let rest = Rational::one() - self.over(&radius, 0);
        Some((lower * &rest, upper / rest))
    }

    /// How far multipliers can be from balanced ones: by variable a `ρ` with `|log(μ*/μ)| <= ρ`, `μ` that of the point.
    ///
    /// `order` gives variables, each with a term (block and entry) whose other variables come before it: its cost is
    /// enclosed, and so is the multiplier. `None` for variables that are not in the order, and those whose terms are
    /// not enclosed or hold a variable that does not come before.
    ///
    /// # Errors
    /// [`Refusal::Term`] for a term that is not there or does not hold the variable.
    pub fn multiplier_radii(
        &self,
        order: &[(usize, (usize, usize))],
    ) -> Result<Vec<Option<Number>>, Refusal> {
        let problem = self.reader.problem();
        // Over 2^places.
        let mut radii: Vec<Option<Rational>> = vec![None; problem.variables()];
        for (variable, (block, entry)) in order {
            let misfit = Refusal::Term(*block, *entry, "there is no such term of this variable");
            let mut others = problem.exponents(*block, *entry).ok_or(misfit.clone())?;
            let own = others.remove(variable).ok_or(misfit.clone())?;
            let radius = self.enclosed(*block, *entry);
            let mut total = radius.map(|(_, radius)| Rational::from_integer(radius));
            for (other, exponent) in &others {
                let known = radii.get(*other).and_then(Option::as_ref);
                let share = known.map(|known| times(known, &exponent.abs()));
                total = total.zip(share).map(|(total, share)| plus(&total, &share));
            }
            let bound = total.map(|total| times(&total, &own.abs().recip()).ceil());
            *radii.get_mut(*variable).ok_or(misfit)? = bound;
        }
        let exponent = self.places.saturating_neg();
        let exact = |radius: Rational| Number::new(radius.numer().magnitude().clone(), exponent);
        Ok(radii.into_iter().map(|radius| radius.map(exact)).collect())
    }
}

/// The integer over `2^places` that is at least this.
fn ceiling(value: &Rational, places: i64) -> BigInt {
    (value.numer() << places).div_ceil(value.denom())
}

/// `(y - cost)² / cost`, an integer over `2^places` that is at least this; nothing is reduced.
fn excess(cost: &Rational, y: &Rational, places: i64) -> BigInt {
    let difference = y.numer() * cost.denom() - cost.numer() * y.denom();
    let divisor = y.denom() * y.denom() * cost.denom() * cost.numer();
    ((&difference * &difference) << places).div_ceil(&divisor)
}
