//! What follows from the sums.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

use crate::number::{MAX_LENGTH, plus, times};
use crate::reader::{Exception, MAX_GRID, Sums};
use crate::{Number, Problem, Rational, Reader, Refusal};

/// What was verified: at the point of the certificate the regularizer exceeds its infimum by at most [`gap`](Certified::gap), and balanced costs lie where
/// [`balanced_cost`](Certified::balanced_cost) says. It holds the problem that it speaks of, and the kernel alone makes one.
#[derive(Debug)]
pub struct Certified<'a> {
    reader: Reader<'a>,
    gap: Rational,
    regularizer: Rational,
    /// The gap on the grid, over `2^places`.
    gap_on_grid: BigInt,
    /// Binary places to which contributions are rounded up, on the grid: sums of such numbers stay short.
    places: i64,
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
        let places = i64::from(certificate.bits).saturating_mul(3).max(256);
        let ceiling = |value: &Rational| (value.numer() << places).div_ceil(value.denom());
        let whole = |count: u64| Rational::from_integer(count.into());
        let (one, width) = (Rational::one(), width(certificate.bits));
        let upper = &one + &width;
        let (mut zeros, mut count) = (0u64, 0u64);
        let (mut reciprocals, mut least) = (Rational::zero(), None);
        for (bits, terms) in sums.lengths.iter().filter(|(_, terms)| **terms > 0) {
            let Some(bits) = bits.checked_sub(1) else {
                zeros = *terms;
                continue;
            };
            // At least 2^bits each.
            count = count.saturating_add(*terms);
            let least_here = Rational::from_integer(BigInt::one() << bits);
            reciprocals += whole(*terms) / &least_here;
            least.get_or_insert(least_here);
        }
        let total = Rational::from_integer(sums.total);
        let rule = &width * &width * &total
            + whole(2) * &width * &upper * whole(count)
            + &upper * &upper * reciprocals
            + whole(zeros) * &upper;
        let mut gap = ceiling(&rule);
        let mut regularizer = ceiling(&((total + whole(count.saturating_add(zeros))) * &upper));
        for Exception { y, lower: low } in &exceptions {
            let high = low.times(&upper);
            regularizer += high.ceiling(places);
            if y.is_zero() {
                zeros = zeros.saturating_add(1);
                gap += high.ceiling(places);
                continue;
            }
            gap += low.excess(y, places).max(high.excess(y, places));
            let low = low.floor();
            least = Some(match least {
                Some(least) if least <= low => least,
                _ => low,
            });
        }
        let finest = BigInt::one() << places.saturating_add(MAX_GRID);
        let unit = BigInt::one() << MAX_GRID.saturating_sub(certificate.grid);
        let off_grid = |value: BigInt| Rational::new(value * &unit, finest.clone());
        Certified {
            gap: off_grid(gap.clone()),
            gap_on_grid: gap,
            places,
            regularizer: off_grid(regularizer),
            least,
            zeros,
            reader,
        }
    }

    /// The problem that this is about.
    pub fn problem(&self) -> &'a Problem<'a> {
        self.reader.problem()
    }

    pub(crate) fn reader(&self) -> &Reader<'a> {
        &self.reader
    }

    /// How much the upper end of a cost exceeds the lower one, as a share.
    pub(crate) fn width(&self) -> Rational {
        width(self.reader.certificate().bits)
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
            Some(least) => {
                let (top, bottom) = (least.numer().clone(), least.denom().clone());
                let radius = self.radius_at(&Ends { top, bottom });
                radius.map(|radius| self.off_places(radius))
            }
        }
    }

    /// The same for a term whose cost on the grid is at least this, over `2^places`: `2 sqrt(gap/cost)`, if that is at most a half.
    fn radius_at(&self, lower: &Ends) -> Option<BigInt> {
        let share = &self.gap_on_grid * &lower.bottom;
        if &share * 16 > (&lower.top << self.places) {
            return None;
        }
        if share.is_zero() {
            return Some(BigInt::zero());
        }
        let scaled: BigInt = (share * 4) << self.places;
        let square: BigInt = scaled.div_ceil(&lower.top);
        let half = BigInt::one() << self.places.saturating_sub(1);
        // Rounding up may take it a little above.
        Some((square.sqrt() + BigInt::one()).min(half))
    }

    fn off_places(&self, value: BigInt) -> Rational {
        Rational::new(value, BigInt::one() << self.places)
    }

    /// The lower end of a term's cost at the point, and its radius over `2^places`; `None` as in [`cost_bounds`](Certified::cost_bounds).
    fn enclosed(&self, block: usize, entry: usize) -> Result<Option<(Number, BigInt)>, Refusal> {
        let Some(lower) = self.reader.lower(block, entry)? else {
            return Ok(None);
        };
        let certificate = self.reader.certificate();
        let fault = || Refusal::Cost { block, entry };
        let is_zero = match certificate.exceptions.get(&(block, entry)) {
            Some(y) => y.is_zero(),
            None => lower.on_grid(certificate.grid).ok_or_else(fault)?.is_zero(),
        };
        if is_zero {
            return Ok(None);
        }
        let ends = Ends::new(&lower, certificate.grid).ok_or_else(fault)?;
        let radius = self.radius_at(&ends);
        Ok(radius.map(|radius| (lower, radius)))
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
        let Some((lower, radius)) = self.enclosed(block, entry)? else {
            return Ok(None);
        };
        let lower = lower.to_rational().ok_or(Refusal::Cost { block, entry })?;
        let upper = &lower * (Rational::one() + self.width());
        let rest = Rational::one() - self.off_places(radius);
        Ok(Some((lower * &rest, upper / rest)))
    }

    /// As [`cost_bounds`](Certified::cost_bounds), `None` also for an entry that is not there.
    pub fn balanced_cost(&self, block: usize, entry: usize) -> Option<(Rational, Rational)> {
        self.cost_bounds(block, entry).ok().flatten()
    }

    /// The radius of one term: `|log(balanced cost / cost at the point)| <= r`, for the true cost at the point. `None` as there.
    pub fn term_radius(&self, block: usize, entry: usize) -> Option<Rational> {
        let (_, radius) = self.enclosed(block, entry).ok()??;
        Some(self.off_places(radius))
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
        // Over 2^places.
        let mut radii: Vec<Option<Rational>> = vec![None; problem.variables()];
        for (variable, (block, entry)) in order {
            let misfit = Refusal::Exception {
                block: *block,
                entry: *entry,
            };
            let exponents = problem.exponents(*block, *entry).ok_or(misfit.clone())?;
            let own = exponents.get(variable).ok_or(misfit.clone())?;
            let Some((_, radius)) = self.enclosed(*block, *entry).ok().flatten() else {
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
            Number::new(mantissa, self.places.saturating_neg())
        };
        let radii = radii.into_iter();
        Ok(radii.map(|radius| radius.map(exact)).collect())
    }
}

/// `(1 + 2^(1-bits))³ - 1`: three factors, each rounded down to so many bits.
fn width(bits: u32) -> Rational {
    let unit = BigInt::one() << bits.saturating_sub(1);
    let factor = Rational::new(&unit + BigInt::one(), unit);
    &factor * &factor * &factor - Rational::one()
}

/// A positive number as a quotient that is not reduced, which would take most of the time.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    top: BigInt,
    bottom: BigInt,
}

impl Ends {
    /// `2^grid` times a number; `None` if it is too long to be written out.
    pub(crate) fn new(value: &Number, grid: i64) -> Option<Self> {
        let exponent = value.exponent().checked_add(grid)?;
        let amount = exponent.unsigned_abs();
        let power = (amount <= MAX_LENGTH).then(|| BigInt::one() << amount)?;
        let top = BigInt::from(value.mantissa().clone());
        Some(match exponent >= 0 {
            true => Ends {
                top: top * power,
                bottom: BigInt::one(),
            },
            false => Ends { top, bottom: power },
        })
    }

    fn times(&self, factor: &Rational) -> Self {
        Ends {
            top: &self.top * factor.numer(),
            bottom: &self.bottom * factor.denom(),
        }
    }

    /// The integer over `2^places` that is at least this.
    fn ceiling(&self, places: i64) -> BigInt {
        (&self.top << places).div_ceil(&self.bottom)
    }

    /// The integer below it; the number itself if it is below 1.
    fn floor(&self) -> Rational {
        let whole = self.top.div_floor(&self.bottom);
        match whole.is_zero() {
            true => Rational::new(self.top.clone(), self.bottom.clone()),
            false => Rational::from_integer(whole),
        }
    }

    /// `(y - cost)² / cost`, an integer over `2^places` that is at least this.
    fn excess(&self, y: &Rational, places: i64) -> BigInt {
        let difference = y.numer() * &self.bottom - &self.top * y.denom();
        let square = &difference * &difference;
        let divisor = y.denom() * y.denom() * &self.bottom * &self.top;
        (square << places).div_ceil(&divisor)
    }
}
