//! One read of the weights.

use ethnum::U256;
use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::costs::powers;
use crate::number::{Base, Powers, is_number, plus, times};
use crate::short::{self, Short};
use crate::{Certified, Form, Number, Problem, Rational, Refusal};

/// The most significant bits of a factor.
pub const MAX_BITS: u32 = 1 << 12;

/// The finest grid, and the coarsest one.
const MAX_GRID: i64 = 1 << 14;

/// Why terms are refused.
pub(crate) const OUT_OF_RANGE: &str = "the cost is out of range";
const TOO_FINE: &str = "the grid is too fine for the cost there";

/// A point, and by a rule a number `y` for each term: `2^-grid · floor(2^grid · c · P · Q)`, where `c`, `P` and `Q` are the cost of the weight and the
/// products of multipliers of its row and its column, each its exact value rounded down to so many significant bits.
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
    pub(crate) lengths: Vec<u64>,
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
        self.lengths
            .resize(self.lengths.len().max(other.lengths.len()), 0);
        for (own, terms) in self.lengths.iter_mut().zip(other.lengths) {
            *own = own.saturating_add(terms);
        }
        self
    }

    fn add(&mut self, form: usize, y: &Rational) {
        let sum = self.by_form.entry(form).or_default();
        *sum = plus(sum, y);
    }

    #[inline]
    fn count(&mut self, bits: u64, terms: i64) {
        let bits = usize::try_from(bits).unwrap_or_default();
        if self.lengths.len() <= bits {
            self.lengths.resize(bits.saturating_add(1), 0);
        }
        if let Some(count) = self.lengths.get_mut(bits) {
            *count = count.saturating_add_signed(terms);
        }
    }
}

impl<'a> Reader<'a> {
    /// Checks the certificate's shape and computes the products of multipliers.
    ///
    /// # Errors
    /// [`Refusal::Arity`], [`Refusal::NotPositive`], [`Refusal::Range`], [`Refusal::Form`].
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
        let point: Vec<Base> = point.iter().map(Number::base).collect();
        let product = |(index, form): (usize, &Form)| {
            let factors = powers(&form.iter().cloned().collect(), &point);
            let product = factors.and_then(|factors| Powers::of(&factors)?.rounded(bits));
            product.ok_or(Refusal::Form(
                index,
                "the product of multipliers is out of range",
            ))
        };
        let products = problem.forms().iter().enumerate().map(product);
        let (products, mark) = (products.collect::<Result<_, _>>()?, Arc::default());
        Ok(Reader {
            problem,
            certificate,
            products,
            mark,
        })
    }

    /// Reads some entries of a block.
    ///
    /// # Errors
    /// [`Refusal::Coverage`] where there are none such, [`Refusal::Term`].
    pub fn read(&self, block: usize, entries: Range<usize>) -> Result<Band, Refusal> {
        let blocks = self.problem.blocks();
        let content = blocks.get(block).ok_or(Refusal::Coverage(block))?;
        if entries.start > entries.end || entries.end > content.entries.len() {
            return Err(Refusal::Coverage(block));
        }
        // Rows, then columns: their forms, the products of those, and the sums of their terms.
        let forms: Vec<usize> = content
            .rows
            .iter()
            .chain(&content.columns)
            .copied()
            .collect();
        let short = |form: &usize| self.products.get(*form).and_then(Short::of);
        let shorts: Vec<Option<Short>> = forms.iter().map(short).collect();
        let mut sums = vec![U256::ZERO; forms.len()];
        let (grid, rows, mut band) = (self.certificate.grid, content.rows.len(), Band::default());
        let how = (self.certificate.bits, content.small_power());
        for entry in entries.clone() {
            let cost = content.short(&content.entries, entry, how);
            if let Some(None) = cost {
                continue;
            }
            let find = || {
                let (row, column) = content.place(entry)?;
                let lines = [row, rows.checked_add(column)?];
                let [row, column] = lines.map(|line| shorts.get(line).copied().flatten());
                Some((short::on_grid([cost??, row?, column?], grid)?, lines))
            };
            let Some((y, lines)) = find() else {
                self.read_long(&mut band, block, entry)?;
                continue;
            };
            for line in lines {
                if let Some(sum) = sums.get_mut(line) {
                    // It does not overflow.
                    *sum = sum.wrapping_add(y);
                }
            }
            band.count(u64::from(256u32.saturating_sub(y.leading_zeros())), 1);
        }
        band.parts.push((Arc::clone(&self.mark), block, entries));
        for (line, (form, sum)) in forms.into_iter().zip(sums).enumerate() {
            if sum != U256::ZERO {
                let sum = BigInt::from(BigUint::from_bytes_le(&sum.to_le_bytes()));
                // Every term has one row.
                if line < rows {
                    band.total += &sum;
                }
                band.add(form, &sum.into());
            }
        }
        Ok(band)
    }

    /// In numbers of any length, where 256 bits do not suffice.
    fn read_long(&self, band: &mut Band, block: usize, entry: usize) -> Result<(), Refusal> {
        if let Some(cost) = self.lower(block, entry)? {
            let y = cost.on_grid(self.certificate.grid);
            let y = y.ok_or(Refusal::Term(block, entry, TOO_FINE))?;
            band.count(y.bits(), 1);
            band.total += &y;
            let y = Rational::from_integer(y);
            for form in self.problem.forms_of(block, entry).into_iter().flatten() {
                band.add(form, &y);
            }
        }
        Ok(())
    }

    /// The lower end of the cost of a term at the point, the product of its three factors; `None` if its weight is 0.
    ///
    /// # Errors
    /// [`Refusal::Term`].
    pub fn lower(&self, block: usize, entry: usize) -> Result<Option<Number>, Refusal> {
        let find = || {
            let content = self.problem.blocks().get(block)?;
            let cost = content.cost(&content.entries, entry, self.certificate.bits)?;
            let Some(cost) = cost else { return Some(None) };
            let [row, column] = self.problem.forms_of(block, entry)?;
            let product = cost.times(self.products.get(row)?)?;
            product.times(self.products.get(column)?).map(Some)
        };
        find().ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))
    }

    /// The same where it is short, for costs of this small power: mantissa and exponent.
    pub(crate) fn lower_short(
        &self,
        block: usize,
        entry: usize,
        power: Option<u8>,
    ) -> Option<(U256, i64)> {
        let content = self.problem.blocks().get(block)?;
        let cost = content.short(&content.entries, entry, (self.certificate.bits, power))??;
        let [row, column] = self.problem.forms_of(block, entry)?;
        let factor = |form: usize| self.products.get(form).and_then(Short::of);
        short::product([cost, factor(row)?, factor(column)?])
    }

    /// Adds up all bands, verifies that they are a circulation, and says what follows.
    ///
    /// # Errors
    /// [`Refusal::Coverage`], [`Refusal::Term`], [`Refusal::NotACirculation`].
    pub fn finish(self, bands: Vec<Band>) -> Result<Certified<'a>, Refusal> {
        let mut band = bands.into_iter().fold(Band::default(), Band::join);
        self.check_coverage(&band)?;
        let mut exceptions = Vec::new();
        for ((block, entry), y) in &self.certificate.exceptions {
            let (block, entry) = (*block, *entry);
            let lower = self.lower(block, entry).ok().flatten();
            let fits = is_number(y) && !y.is_negative();
            let fault = Refusal::Term(block, entry, "this exception is negative, or of no term");
            let lower = lower.filter(|_| fits).ok_or(fault)?;
            let rule = lower.on_grid(self.certificate.grid);
            let rule = rule.ok_or(Refusal::Term(block, entry, TOO_FINE))?;
            band.count(rule.bits(), -1);
            band.total -= &rule;
            let change = plus(y, &-Rational::from_integer(rule));
            for form in self.problem.forms_of(block, entry).into_iter().flatten() {
                band.add(form, &change);
            }
            let lower = lower.scaled(self.certificate.grid);
            exceptions.push((y, lower.ok_or(Refusal::Term(block, entry, OUT_OF_RANGE))?));
        }
        let at = self.imbalance(std::slice::from_ref(&band));
        match at.iter().position(|sum| !sum.is_zero()) {
            Some(variable) => Err(Refusal::NotACirculation(variable)),
            None => Ok(Certified::new(self, band, exceptions)),
        }
    }

    fn check_coverage(&self, band: &Band) -> Result<(), Refusal> {
        let is_foreign = |(mark, ..): &&(Arc<()>, _, _)| !Arc::ptr_eq(mark, &self.mark);
        if let Some((_, block, _)) = band.parts.iter().find(is_foreign) {
            return Err(Refusal::Coverage(*block));
        }
        for (block, content) in self.problem.blocks().iter().enumerate() {
            let own = band.parts.iter().filter(|(_, number, _)| *number == block);
            let mut own: Vec<_> = own.map(|(_, _, part)| (part.start, part.end)).collect();
            own.sort_unstable();
            let mut own = own.into_iter();
            let end = own.try_fold(0, |next, (start, end)| (start == next).then_some(end));
            if end != Some(content.entries.len()) {
                return Err(Refusal::Coverage(block));
            }
        }
        Ok(())
    }

    /// `2^grid · Σ y a` at every variable.
    pub fn imbalance(&self, bands: &[Band]) -> Vec<Rational> {
        let mut at = vec![Rational::zero(); self.problem.variables()];
        for (form, sum) in bands.iter().flat_map(|band| &band.by_form) {
            for (variable, exponent) in self.problem.forms().get(*form).into_iter().flatten() {
                if let Some(total) = at.get_mut(*variable) {
                    *total = plus(total, &times(exponent, sum));
                }
            }
        }
        at
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
