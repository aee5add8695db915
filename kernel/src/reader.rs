//! One read of the weights.

use ethnum::U256;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::certified::{Exception, Sums};
use crate::number::{Costs, Factor, GRID_BITS, exactly, long, on_grid, plus, product, times};
use crate::problem::is_number;
use crate::{Certified, Layout, Number, Problem, Rational, Refusal};

/// The most significant bits of a factor: three of them fit 256 bits.
pub const MAX_BITS: u32 = 85;

/// The finest grid, and the coarsest one.
const MAX_GRID: i64 = 1 << 14;

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
    products: Vec<Factor>,
    /// By block.
    costs: Vec<Costs<'a>>,
    /// What its bands are known by.
    mark: Arc<()>,
}

/// What one band of rows sums up to.
#[derive(Debug)]
pub struct Band {
    mark: Arc<()>,
    block: usize,
    rows: Range<usize>,
    /// Sums of `y` on the grid, by row and by column of the block; the rows of a list are all of them.
    by_row: Vec<U256>,
    by_column: Vec<U256>,
    pub(crate) sums: Sums,
}

impl<'a> Reader<'a> {
    /// Checks the certificate's shape and computes the products of multipliers.
    ///
    /// # Errors
    /// [`Refusal::Arity`], [`Refusal::NotPositive`], [`Refusal::Range`], [`Refusal::Product`].
    pub fn new(problem: &'a Problem<'a>, certificate: &'a Certificate) -> Result<Self, Refusal> {
        let (found, expected) = (certificate.point.len(), problem.variables());
        if found != expected {
            return Err(Refusal::Arity { found, expected });
        }
        let is_zero = |number: &Number| number.mantissa().is_zero();
        if let Some(variable) = certificate.point.iter().position(is_zero) {
            return Err(Refusal::NotPositive(variable));
        }
        if !(8..=MAX_BITS).contains(&certificate.bits) {
            return Err(Refusal::Range("the number of significant bits"));
        }
        if !(-MAX_GRID..=MAX_GRID).contains(&certificate.grid) {
            return Err(Refusal::Range("the grid"));
        }
        let forms = problem.forms().iter().enumerate();
        let products = forms.map(|(index, form)| {
            product(form, &certificate.point, certificate.bits).ok_or(Refusal::Product(index))
        });
        Ok(Reader {
            problem,
            certificate,
            products: products.collect::<Result<_, _>>()?,
            costs: problem
                .blocks()
                .iter()
                .map(|block| Costs::new(block, certificate.bits))
                .collect(),
            mark: Arc::new(()),
        })
    }

    /// Reads rows of a block; the entries of a list count as its rows.
    ///
    /// # Errors
    /// [`Refusal::Coverage`] for rows that do not exist, [`Refusal::Cost`], [`Refusal::Grid`].
    pub fn read(&self, block: usize, rows: Range<usize>) -> Result<Band, Refusal> {
        let missing = Refusal::Coverage(block);
        let content = self.problem.blocks().get(block).ok_or(missing.clone())?;
        if rows.start > rows.end || rows.end > content.bands() {
            return Err(missing);
        }
        let mut band = Band {
            mark: Arc::clone(&self.mark),
            block,
            rows: rows.clone(),
            by_row: vec![U256::ZERO; content.rows.len()],
            by_column: vec![U256::ZERO; content.columns.len()],
            sums: Sums::default(),
        };
        match &content.layout {
            Layout::Dense => {
                let columns = content.columns.iter().map(|form| self.product(*form));
                let columns: Option<Vec<Factor>> = columns.collect();
                let columns = columns.ok_or(missing)?;
                for row in rows {
                    self.read_row(&mut band, row, &columns)?;
                }
            }
            Layout::List(_) => {
                for entry in rows {
                    self.read_entry(&mut band, entry)?;
                }
            }
        }
        Ok(band)
    }

    fn read_row(&self, band: &mut Band, row: usize, columns: &[Factor]) -> Result<(), Refusal> {
        let block = band.block;
        let missing = || Refusal::Coverage(block);
        let content = self.problem.blocks().get(block).ok_or_else(missing)?;
        let costs = self.costs.get(block).ok_or_else(missing)?;
        let form = content.rows.get(row).ok_or_else(missing)?;
        let factor = self.product(*form).ok_or_else(missing)?;
        let first = row.checked_mul(columns.len()).ok_or_else(missing)?;
        let mut total = U256::ZERO;
        for (entry, (column, sum)) in (first..).zip(columns.iter().zip(&mut band.by_column)) {
            let cost = costs.of(entry).ok_or(Refusal::Cost { block, entry })?;
            let Some(cost) = cost else { continue };
            let y = on_grid(cost, factor, *column, self.certificate.grid);
            let y = y.ok_or(Refusal::Grid { block, entry })?;
            *sum = sum.wrapping_add(y);
            total = total.wrapping_add(y);
            band.sums.add(y);
        }
        if let Some(sum) = band.by_row.get_mut(row) {
            *sum = sum.wrapping_add(total);
        }
        Ok(())
    }

    fn read_entry(&self, band: &mut Band, entry: usize) -> Result<(), Refusal> {
        let block = band.block;
        let fault = Refusal::Cost { block, entry };
        let Some([cost, row, column]) = self.factors(block, entry)? else {
            return Ok(());
        };
        let y = on_grid(cost, row, column, self.certificate.grid);
        let y = y.ok_or(Refusal::Grid { block, entry })?;
        let content = self.problem.blocks().get(block).ok_or(fault.clone())?;
        let (row, column) = content.place(entry).ok_or(fault)?;
        for (sums, index) in [(&mut band.by_row, row), (&mut band.by_column, column)] {
            if let Some(sum) = sums.get_mut(index) {
                *sum = sum.wrapping_add(y);
            }
        }
        band.sums.add(y);
        Ok(())
    }

    fn product(&self, form: usize) -> Option<Factor> {
        self.products.get(form).copied()
    }

    /// The three factors of a term; `None` if its weight is 0.
    pub(crate) fn factors(
        &self,
        block: usize,
        entry: usize,
    ) -> Result<Option<[Factor; 3]>, Refusal> {
        let fault = Refusal::Cost { block, entry };
        let content = self.problem.blocks().get(block).ok_or(fault.clone())?;
        let costs = self.costs.get(block).ok_or(fault.clone())?;
        let cost = costs.of(entry).ok_or(fault.clone())?;
        let Some(cost) = cost else { return Ok(None) };
        let (row, column) = content.place(entry).ok_or(fault.clone())?;
        let factor = |forms: &[usize], index: usize| self.product(*forms.get(index)?);
        let row = factor(&content.rows, row).ok_or(fault.clone())?;
        let column = factor(&content.columns, column).ok_or(fault)?;
        Ok(Some([cost, row, column]))
    }

    /// `2^grid · y` of a term by the rule. For whoever makes certificates. `None` for a weight of 0, and where the cost is out of range.
    pub fn by_rule(&self, block: usize, entry: usize) -> Option<Rational> {
        let [cost, row, column] = self.factors(block, entry).ok()??;
        let y = on_grid(cost, row, column, self.certificate.grid)?;
        Some(integer(y))
    }

    /// `2^grid · Σ y a` at every variable, with no exceptions made: what those have to cancel. For whoever makes certificates; nothing is verified.
    pub fn imbalance(&self, bands: &[Band]) -> Vec<Rational> {
        let (by_form, _) = self.totals(bands);
        self.by_variable(&by_form)
    }

    /// Adds up all bands, verifies that they are a circulation, and says what follows.
    ///
    /// # Errors
    /// [`Refusal::Coverage`], [`Refusal::Exception`], [`Refusal::NotACirculation`].
    pub fn finish(self, bands: Vec<Band>) -> Result<Certified<'a>, Refusal> {
        self.check_coverage(&bands)?;
        let (mut by_form, mut sums) = self.totals(&bands);
        let mut add = |form: Option<&usize>, amount: &Rational| {
            if let Some(sum) = form.and_then(|form| by_form.get_mut(*form)) {
                *sum = plus(sum, amount);
            }
        };
        let mut exceptions = Vec::new();
        for ((block, entry), y) in &self.certificate.exceptions {
            let exception = self.exception(*block, *entry, y)?;
            let change = plus(y, &-integer(exception.rule));
            let content = self.problem.blocks().get(*block);
            let place = content.and_then(|content| Some((content, content.place(*entry)?)));
            if let Some((content, (row, column))) = place {
                for form in [content.rows.get(row), content.columns.get(column)] {
                    add(form, &change);
                }
            }
            sums.remove(exception.rule);
            exceptions.push(exception);
        }
        let at = self.by_variable(&by_form);
        if let Some(variable) = at.iter().position(|total| !total.is_zero()) {
            return Err(Refusal::NotACirculation(variable));
        }
        Ok(Certified::new(self, sums, exceptions))
    }

    /// The sums of all bands, by form, and over all terms.
    fn totals(&self, bands: &[Band]) -> (Vec<Rational>, Sums) {
        let mut by_form = vec![Rational::zero(); self.problem.forms().len()];
        let mut sums = Sums::default();
        for band in bands {
            let Some(content) = self.problem.blocks().get(band.block) else {
                continue;
            };
            let rows = content.rows.iter().zip(&band.by_row);
            for (form, sum) in rows.chain(content.columns.iter().zip(&band.by_column)) {
                if let (true, Some(total)) = (*sum != U256::ZERO, by_form.get_mut(*form)) {
                    *total = plus(total, &integer(*sum));
                }
            }
            sums.join(&band.sums);
        }
        (by_form, sums)
    }

    fn exception(&self, block: usize, entry: usize, y: &Rational) -> Result<Exception, Refusal> {
        let fault = Refusal::Exception { block, entry };
        let factors = self.factors(block, entry).ok().flatten();
        let [cost, row, column] = factors.ok_or(fault.clone())?;
        if !is_number(y) || y.is_negative() {
            return Err(fault);
        }
        let rule = on_grid(cost, row, column, self.certificate.grid);
        let (mantissa, exponent) =
            exactly(cost, row, column).ok_or(Refusal::Cost { block, entry })?;
        Ok(Exception {
            y: y.clone(),
            lower: (mantissa, exponent.saturating_add(self.certificate.grid)),
            rule: rule.ok_or(Refusal::Grid { block, entry })?,
        })
    }

    fn check_coverage(&self, bands: &[Band]) -> Result<(), Refusal> {
        let mut read: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
        for band in bands {
            let own = Arc::ptr_eq(&band.mark, &self.mark);
            let is_new = read.insert((band.block, band.rows.start, band.rows.end));
            if !own || !(is_new || band.rows.is_empty()) {
                return Err(Refusal::Coverage(band.block));
            }
        }
        for (block, content) in self.problem.blocks().iter().enumerate() {
            let mut next = 0;
            for (_, start, end) in read.range((block, 0, 0)..=(block, usize::MAX, usize::MAX)) {
                if start == end {
                    continue;
                }
                if *start != next {
                    return Err(Refusal::Coverage(block));
                }
                next = *end;
            }
            if next != content.bands() {
                return Err(Refusal::Coverage(block));
            }
        }
        Ok(())
    }

    /// `Σ y a` at every variable, on the grid.
    fn by_variable(&self, by_form: &[Rational]) -> Vec<Rational> {
        let mut at = vec![Rational::zero(); self.problem.variables()];
        for (form, sum) in self.problem.forms().iter().zip(by_form) {
            for (variable, exponent) in form.factors() {
                if let Some(total) = at.get_mut(*variable) {
                    *total = plus(total, &times(exponent, sum));
                }
            }
        }
        at
    }

    pub(crate) fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The problem.
    pub fn problem(&self) -> &'a Problem<'a> {
        self.problem
    }
}

/// An integer on the grid.
pub(crate) fn integer(value: U256) -> Rational {
    Rational::from_integer(BigInt::from(long(value)))
}

/// `2^exponent`; exponents are bounded by [`MAX_GRID`] and [`GRID_BITS`].
pub(crate) fn power_of_two(exponent: i64) -> Rational {
    let power = BigInt::one() << exponent.unsigned_abs();
    match exponent >= 0 {
        true => Rational::from_integer(power),
        false => Rational::new(BigInt::one(), power),
    }
}

const _: () = assert!(GRID_BITS < 256);
