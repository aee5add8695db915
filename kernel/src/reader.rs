//! One read of the weights.

use ethnum::U256;
use num_bigint::{BigInt, BigUint};
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::natural::Natural;
use crate::number::{Base, Powers, is_number, plus, powers, times};
use crate::problem::{Exponents, totals};
use crate::refusal::Held;
use crate::{Block, Certified, Form, Number, Problem, Rational, Refusal};

/// The most significant bits of a factor.
pub const MAX_BITS: u32 = 1 << 12;

/// The finest grid, and the coarsest one.
const MAX_GRID: i64 = 1 << 14;

/// Why terms are refused.
pub(crate) const OUT_OF_RANGE: &str = "the cost is out of range";
const COVER: &str = "the bands read do not cover it once each";
const TOO_FINE: &str = "the grid is too fine for the cost there";

/// A point, and by a rule a number `y` for each term: `2^-grid · floor(2^grid · c · P · Q)`, where `c`, `P` and `Q` are
/// the cost of the weight and the products of multipliers of its row and its column, each its exact value rounded down
/// to so many significant bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// The multipliers, one for each variable.
    pub point: Vec<Number>,
    /// Significant bits of the three factors, from 8 to [`MAX_BITS`].
    pub bits: u32,
    /// The grid is `2^-grid`.
    pub grid: i64,
    /// The terms, as block and entry, whose `y` is not that of the rule: `2^grid · y`.
    pub exceptions: BTreeMap<(usize, usize), Rational>,
    /// The lower and the upper bound of every multiplier; empty where there are none. With them all that is verified is
    /// about the minimum *within* the bounds.
    pub bounds: Vec<[Rational; 2]>,
}

/// Reads the weights of a problem for a certificate, band by band, so that many threads can.
#[derive(Debug)]
pub struct Reader<'a> {
    problem: &'a Problem<'a>,
    certificate: &'a Certificate,
    /// By form.
    products: Vec<Number>,
    /// What its bands are known by.
    mark: Arc<()>,
}

/// What bands of weights sum up to, all on the grid; of terms whose `y` is that of the rule.
#[derive(Debug, Default)]
pub struct Band {
    /// Each with the reader that read it, block and entries.
    parts: Vec<(Arc<()>, usize, Range<usize>)>,
    /// `Σ y`.
    pub(crate) total: BigInt,
    /// By form, over the terms whose row or column names it.
    by_form: BTreeMap<usize, Rational>,
    /// How many `y` have so many bits; those of 0 bits are 0.
    pub(crate) lengths: Vec<i64>,
}

impl Band {
    /// Both together, in the memory of one.
    #[must_use]
    pub fn join(mut self, other: Band) -> Band {
        self.parts.extend(other.parts);
        self.total += other.total;
        for (form, sum) in other.by_form {
            self.add(form, &sum);
        }
        for (bits, terms) in other.lengths.into_iter().enumerate() {
            self.count(bits, terms);
        }
        self
    }

    fn add(&mut self, form: usize, y: &Rational) {
        let sum = self.by_form.entry(form).or_default();
        *sum = plus(sum, y);
    }

    #[inline]
    fn count(&mut self, bits: usize, terms: i64) {
        if self.lengths.len() <= bits {
            self.lengths.resize(bits.saturating_add(1), 0);
        }
        if let Some(count) = self.lengths.get_mut(bits) {
            *count = count.saturating_add(terms);
        }
    }
}

impl<'a> Reader<'a> {
    /// Checks the certificate's shape and computes the products of multipliers.
    ///
    /// # Errors
    /// [`Refusal::Arity`], [`Refusal::NotPositive`], [`Refusal::Range`], [`Refusal::Outside`], [`Refusal::Form`].
    pub fn new(problem: &'a Problem<'a>, certificate: &'a Certificate) -> Result<Self, Refusal> {
        let (point, bits) = (&certificate.point, certificate.bits);
        Refusal::unless_equal("multipliers", point.len(), problem.variables())?;
        if let Some(variable) = point.iter().position(|number| number.mantissa.is_zero()) {
            return Err(Refusal::NotPositive("multiplier", variable));
        }
        if !(8..=MAX_BITS).contains(&bits) {
            return Err(Refusal::Range("the number of significant bits"));
        }
        if !(-MAX_GRID..=MAX_GRID).contains(&certificate.grid) {
            return Err(Refusal::Range("the grid"));
        }
        if !certificate.bounds.is_empty() {
            Refusal::unless_equal("bounds", certificate.bounds.len(), point.len())?;
        }
        for (variable, (bounds, number)) in certificate.bounds.iter().zip(point).enumerate() {
            let [lower, upper] = bounds;
            let is_positive = bounds.iter().all(is_number) && lower.is_positive();
            let value = number.to_rational().filter(|_| is_positive);
            if !value.is_some_and(|value| *lower <= value && value <= *upper) {
                return Err(Refusal::Outside(variable));
            }
        }
        let point: Vec<Base> = point.iter().map(Base::from).collect();
        let product = |(index, form): (usize, &Form)| {
            let form = form.iter().cloned().collect();
            let product = powers(&form, &point).and_then(|all| Powers::of(&all)?.rounded(bits));
            product.ok_or(Refusal::Form(
                index,
                "the product of multipliers is out of range",
            ))
        };
        let products = problem.forms().iter().enumerate().map(product);
        let products = products.collect::<Result<Vec<_>, _>>()?;
        Ok(Reader {
            problem,
            certificate,
            products,
            mark: Arc::default(),
        })
    }

    /// Reads some entries of a block.
    ///
    /// # Errors
    /// [`Refusal::Block`] where there are none such, [`Refusal::Term`].
    pub fn read(&self, block: usize, entries: Range<usize>) -> Result<Band, Refusal> {
        let content = self.problem.blocks().get(block);
        let is_there =
            |content: &&Block| entries.start <= entries.end && entries.end <= content.entries.len();
        let content = content
            .filter(is_there)
            .ok_or(Refusal::Block(block, COVER))?;
        // What 256 bits do not suffice for, and what is refused, is read again in numbers of any length.
        let band = self.read_in::<U256>(content, block, entries.clone());
        band.or_else(|_| self.read_in::<BigUint>(content, block, entries))
    }

    /// Reads entries of a block in one kind of numbers.
    fn read_in<N: Natural>(
        &self,
        content: &Block,
        block: usize,
        entries: Range<usize>,
    ) -> Result<Band, Refusal> {
        let (grid, width, mut band) = (self.certificate.grid, content.rows.len(), Band::default());
        let how = (self.certificate.bits, content.plain_power());
        // By form, since lines can be many and sums long: what it multiplies, and the sum of its terms.
        let named = || content.rows.iter().chain(&content.columns).copied();
        let forms: Vec<usize> = BTreeSet::from_iter(named()).into_iter().collect();
        let factor = |form: &usize| Number::<N>::of(self.products.get(*form)?);
        let factors: Vec<_> = forms.iter().map(factor).collect();
        let mut sums: Vec<N> = forms.iter().map(|_| N::from(0)).collect();
        let mut total = N::from(0);
        // Of rows, then of columns: which of these forms.
        let place = |form| forms.binary_search(&form).ok();
        let lines: Vec<_> = named().map(place).collect();
        for entry in entries.clone() {
            let find = || {
                let (row, column) = content.place(entry)?;
                let (row, column) = (lines.get(row)?, lines.get(width.checked_add(column)?)?);
                let places = [(*row)?, (*column)?];
                let cost = content.lower::<N>(&content.entries, entry, how)?;
                let [row, column] = places.map(|place| factors.get(place)?.as_ref());
                Some((cost.times(row?)?.times(column?)?, places))
            };
            let Some((lower, places)) = find() else {
                return Err(Refusal::Term(block, entry, OUT_OF_RANGE));
            };
            if lower.mantissa.bits() == 0 {
                continue;
            }
            let mut add = || {
                let y = lower.on_grid(grid)?;
                for place in places {
                    let sum = sums.get_mut(place)?;
                    *sum = sum.plus(&y)?;
                }
                total = total.plus(&y)?;
                usize::try_from(y.bits()).ok()
            };
            let Some(bits) = add() else {
                return Err(Refusal::Term(block, entry, TOO_FINE));
            };
            band.count(bits, 1);
        }
        band.parts.push((Arc::clone(&self.mark), block, entries));
        for (form, sum) in forms.into_iter().zip(sums) {
            if sum.bits() > 0 {
                band.add(form, &BigInt::from(sum.long()).into());
            }
        }
        band.total = total.long().into();
        Ok(band)
    }

    /// The lower end of the cost of a term at the point, the product of its three factors; 0 if its weight is.
    ///
    /// # Errors
    /// [`Refusal::Term`].
    pub fn lower(&self, block: usize, entry: usize) -> Result<Number, Refusal> {
        let lower = self.lower_in(block, entry);
        lower.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))
    }

    /// The same in one kind of numbers.
    #[inline]
    pub(crate) fn lower_in<N: Natural>(&self, block: usize, entry: usize) -> Option<Number<N>> {
        let content = self.problem.blocks().get(block)?;
        let how = (self.certificate.bits, content.plain_power());
        let cost = content.lower(&content.entries, entry, how)?;
        let forms = self.problem.forms_of(block, entry)?;
        let [row, column] = forms.map(|form| Number::of(self.products.get(form)?));
        cost.times(&row?)?.times(&column?)
    }

    /// Adds up all bands, verifies that they are a circulation, but for what pushes multipliers against their bounds,
    /// and says what follows.
    ///
    /// # Errors
    /// [`Refusal::Block`], [`Refusal::Term`], [`Refusal::NotACirculation`]; [`Refusal::Form`] and
    /// [`Refusal::Undecided`] where sums of exceptions would take too long.
    pub fn finish(self, bands: Vec<Band>) -> Result<Certified<'a>, Refusal> {
        let mut band = bands.into_iter().fold(Band::default(), Band::join);
        self.check_coverage(&mut band)?;
        let (mut exceptions, mut changes) = (Vec::new(), Vec::new());
        for ((block, entry), y) in &self.certificate.exceptions {
            let (block, entry) = (*block, *entry);
            let lower = self.lower(block, entry).ok();
            let lower = lower.filter(|lower| !lower.mantissa.is_zero());
            let fits = is_number(y) && !y.is_negative();
            let fault = Refusal::Term(block, entry, "this exception is negative, or of no term");
            let lower = lower.filter(|_| fits).ok_or(fault)?;
            let rule = lower.on_grid(self.certificate.grid);
            let rule = rule.ok_or(Refusal::Term(block, entry, TOO_FINE))?;
            band.count(usize::try_from(rule.bits()).unwrap_or(0), -1);
            let rule = BigInt::from(rule);
            band.total -= &rule;
            let change = plus(y, &-Rational::from_integer(rule));
            let forms = self.problem.forms_of(block, entry).into_iter().flatten();
            changes.extend(forms.map(|form| (form, change.clone())));
            let lower = lower.scaled(self.certificate.grid);
            exceptions.push((y, lower.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))?));
        }
        let long = |form| Refusal::Form(form, "the exceptions along it take too long to add up");
        for (form, change) in totals(changes.into_iter()).map_err(long)? {
            band.add(form, &change);
        }
        let slack = self.slack(&self.imbalance(std::slice::from_ref(&band))?)?;
        Ok(Certified::new(self, band, exceptions, slack))
    }

    /// On the grid, how much less `Σ y · (log cost)` can be within the bounds than at the point, by variable: for a sum
    /// `s = Σ y a < 0` at most `|s| (upper/μ - 1)`, for `s > 0` at most `s (μ/lower - 1)`, as `log t <= t - 1`.
    /// Nothing, where the multiplier lies on that bound.
    fn slack(&self, sums: &Exponents) -> Result<Vec<Rational>, Refusal> {
        let of = |(variable, sum): (&usize, &Rational)| {
            let [lower, upper] = self.certificate.bounds.get(*variable)?;
            let value = self.certificate.point.get(*variable)?.to_rational()?;
            let rise = match sum.is_negative() {
                true => upper / value,
                false => value / lower,
            };
            Some(sum.abs() * (rise - Rational::one()))
        };
        let all = sums.iter();
        all.map(|sum| of(sum).ok_or(Refusal::NotACirculation(*sum.0)))
            .collect()
    }

    fn check_coverage(&self, band: &mut Band) -> Held {
        let blocks = self.problem.blocks();
        let mut ends = vec![0; blocks.len()];
        band.parts
            .sort_by_key(|(_, block, part)| (*block, part.start, part.end));
        for (mark, block, part) in &band.parts {
            let end = ends.get_mut(*block).filter(|end| **end == part.start);
            let end = end.filter(|_| Arc::ptr_eq(mark, &self.mark));
            *end.ok_or(Refusal::Block(*block, COVER))? = part.end;
        }
        let mut lengths = blocks.iter().map(|content| content.entries.len());
        match ends.into_iter().position(|end| lengths.next() != Some(end)) {
            Some(block) => Err(Refusal::Block(block, COVER)),
            None => Ok(()),
        }
    }

    /// `2^grid · Σ y a` at every variable where it is not 0.
    ///
    /// # Errors
    /// [`Refusal::Undecided`] where that would take too long, which sums of integers never do.
    pub fn imbalance(&self, bands: &[Band]) -> Result<Exponents, Refusal> {
        let sums = bands.iter().flat_map(|band| &band.by_form);
        let shares = sums.flat_map(|(form, sum)| {
            let form = self.problem.forms().get(*form).into_iter().flatten();
            form.map(move |(variable, exponent)| (*variable, times(exponent, sum)))
        });
        totals(shares).map_err(Refusal::Undecided)
    }

    /// The certificate.
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The problem.
    pub fn problem(&self) -> &'a Problem<'a> {
        self.problem
    }
}
