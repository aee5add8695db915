//! One read of the weights.

use ethnum::U256;
use num_bigint::{BigInt, BigUint};
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::certified::Ends;
use crate::costs::{Costs, product};
use crate::number::{plus, times};
use crate::problem::is_number;
use crate::short::{self, SHORT_BITS, Short, ShortSums};
use crate::{Certified, Form, Layout, Number, Problem, Rational, Refusal};

/// The most significant bits of a factor.
pub const MAX_BITS: u32 = 1 << 12;

/// The finest grid, and the coarsest one.
pub(crate) const MAX_GRID: i64 = 1 << 14;

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
    /// By block.
    costs: Vec<Costs<'a>>,
    /// What its bands are known by.
    mark: Arc<()>,
}

/// Sums over terms whose `y` is that of the rule, on the grid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sums {
    /// `Σ y`.
    pub total: BigInt,
    /// By form, over the terms whose row or column names it.
    by_form: BTreeMap<usize, BigInt>,
    /// How many `y` have so many bits; those of 0 bits are 0.
    pub lengths: BTreeMap<u64, u64>,
}

impl Sums {
    /// Adds to the sums of forms.
    fn add(&mut self, forms: impl IntoIterator<Item = usize>, y: BigInt) {
        for form in forms {
            *self.by_form.entry(form).or_default() += &y;
        }
    }

    fn count(&mut self, bits: u64, terms: u64) {
        let count = self.lengths.entry(bits).or_default();
        *count = count.saturating_add(terms);
    }

    fn join(&mut self, other: &Sums) {
        self.total += &other.total;
        for (form, sum) in &other.by_form {
            self.add([*form], sum.clone());
        }
        for (bits, terms) in &other.lengths {
            self.count(*bits, *terms);
        }
    }

    /// Takes a term out of all but the sums of forms.
    fn remove(&mut self, y: &BigUint) {
        self.total -= BigInt::from(y.clone());
        if let Some(count) = self.lengths.get_mut(&y.bits()) {
            *count = count.saturating_sub(1);
        }
    }
}

/// A term whose `y` is given, all on the grid.
#[derive(Debug, Clone)]
pub(crate) struct Exception {
    pub y: Rational,
    /// The lower end of its cost.
    pub lower: Ends,
}

/// What bands of rows sum up to.
#[derive(Debug)]
pub struct Band {
    /// Each with the reader that read it, block and rows.
    parts: Vec<(Arc<()>, usize, Range<usize>)>,
    sums: Sums,
}

impl Band {
    /// Both together, in the memory of one.
    #[must_use]
    pub fn join(mut self, other: Band) -> Band {
        self.parts.extend(other.parts);
        self.sums.join(&other.sums);
        self
    }
}

impl<'a> Reader<'a> {
    /// Checks the certificate's shape and computes the products of multipliers.
    ///
    /// # Errors
    /// [`Refusal::Arity`], [`Refusal::NotPositive`], [`Refusal::Range`], [`Refusal::Product`].
    pub fn new(problem: &'a Problem<'a>, certificate: &'a Certificate) -> Result<Self, Refusal> {
        Refusal::unless_equal("multipliers", certificate.point.len(), problem.variables())?;
        let is_zero = |number: &Number| number.mantissa().is_zero();
        if let Some(variable) = certificate.point.iter().position(is_zero) {
            let what = "multiplier";
            return Err(Refusal::NotPositive { what, variable });
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
        let sums = match self.read_short(block, rows.clone()) {
            Some(sums) => sums,
            None => self.read_long(block, content.entries_of(&rows).ok_or(missing)?)?,
        };
        let parts = vec![(Arc::clone(&self.mark), block, rows)];
        Ok(Band { parts, sums })
    }

    /// In numbers of any length.
    fn read_long(&self, block: usize, entries: Range<usize>) -> Result<Sums, Refusal> {
        let mut sums = Sums::default();
        for entry in entries {
            let Some(cost) = self.lower(block, entry)? else {
                continue;
            };
            let y = cost.on_grid(self.certificate.grid);
            let y = y.ok_or(Refusal::Grid { block, entry })?;
            sums.count(y.bits(), 1);
            let y = BigInt::from(y);
            sums.total += &y;
            sums.add(self.problem.forms_of(block, entry).into_iter().flatten(), y);
        }
        Ok(sums)
    }

    /// The same in 256 bits; `None` where they do not suffice, and where anything is to be refused.
    fn read_short(&self, block: usize, rows: Range<usize>) -> Option<Sums> {
        let (content, costs) = (self.problem.blocks().get(block)?, self.costs.get(block)?);
        if self.certificate.bits > SHORT_BITS {
            return None;
        }
        let shorts = |forms: &[usize]| {
            let products = forms.iter().map(|form| self.products.get(*form)?.short());
            products.collect::<Option<Vec<Short>>>()
        };
        let (row_forms, column_forms) = (content.rows_of(&rows)?, &content.columns);
        let (row_factors, column_factors) = (shorts(row_forms)?, shorts(column_forms)?);
        let mut by_row = vec![U256::ZERO; row_factors.len()];
        let mut by_column = vec![U256::ZERO; column_factors.len()];
        let (total, lengths) = (U256::ZERO, [0; 257]);
        let mut whole = ShortSums { total, lengths };
        let grid = self.certificate.grid;
        match &content.layout {
            Layout::Dense => {
                let mut entries = content.entries_of(&rows)?;
                for (row, in_row) in row_factors.iter().zip(&mut by_row) {
                    let columns = column_factors.iter().zip(&mut by_column);
                    // The entries come last: of them, none is to be lost.
                    for ((column, in_column), entry) in columns.zip(&mut entries) {
                        if let Some(cost) = costs.short(entry)? {
                            whole.add([cost, *row, *column], grid, [in_row, in_column])?;
                        }
                    }
                }
            }
            Layout::List(places) => {
                for (entry, (row, column)) in rows.clone().zip(places.get(rows)?) {
                    let sums = [by_row.get_mut(*row)?, by_column.get_mut(*column)?];
                    let (row, column) = (row_factors.get(*row)?, column_factors.get(*column)?);
                    if let Some(cost) = costs.short(entry)? {
                        whole.add([cost, *row, *column], grid, sums)?;
                    }
                }
            }
        }
        let mut sums = Sums {
            total: long(whole.total),
            ..Sums::default()
        };
        let forms = row_forms.iter().chain(column_forms);
        for (form, sum) in forms.zip(by_row.into_iter().chain(by_column)) {
            if sum != U256::ZERO {
                sums.add([*form], long(sum));
            }
        }
        for (bits, terms) in (0..).zip(whole.lengths).filter(|(_, terms)| *terms > 0) {
            sums.count(bits, terms);
        }
        Some(sums)
    }

    /// The lower end of the cost of a term at the point, the product of its three factors; `None` if its weight is 0.
    pub(crate) fn lower(&self, block: usize, entry: usize) -> Result<Option<Number>, Refusal> {
        let fault = || Refusal::Cost { block, entry };
        let costs = self.costs.get(block).ok_or_else(fault)?;
        let Some(mut product) = costs.of(entry).ok_or_else(fault)? else {
            return Ok(None);
        };
        let forms = self.problem.forms_of(block, entry).ok_or_else(fault)?;
        for form in forms {
            let factor = self.products.get(form).ok_or_else(fault)?;
            product = product.times(factor).ok_or_else(fault)?;
        }
        Ok(Some(product))
    }

    /// The same where it is short: mantissa and exponent.
    pub(crate) fn lower_short(&self, block: usize, entry: usize) -> Option<Option<(U256, i64)>> {
        let Some(cost) = self.costs.get(block)?.short(entry)? else {
            return Some(None);
        };
        let [row, column] = self.problem.forms_of(block, entry)?;
        let factor = |form: usize| self.products.get(form)?.short();
        short::product([cost, factor(row)?, factor(column)?]).map(Some)
    }

    /// `2^grid · y` of a term by the rule. For whoever makes certificates. `None` for a weight of 0, and where the cost is out of range.
    pub fn by_rule(&self, block: usize, entry: usize) -> Option<Rational> {
        let cost = self.lower(block, entry).ok()??;
        let y = cost.on_grid(self.certificate.grid)?;
        Some(Rational::from_integer(y.into()))
    }

    /// `2^grid · Σ y a` at every variable, with no exceptions made: what those have to cancel. For whoever makes certificates; nothing is verified.
    pub fn imbalance(&self, bands: &[Band]) -> Vec<Rational> {
        self.by_variable(&by_form(&total(bands)))
    }

    /// Adds up all bands, verifies that they are a circulation, and says what follows.
    ///
    /// # Errors
    /// [`Refusal::Coverage`], [`Refusal::Exception`], [`Refusal::NotACirculation`].
    pub fn finish(self, bands: Vec<Band>) -> Result<Certified<'a>, Refusal> {
        self.check_coverage(&bands)?;
        let mut sums = total(&bands);
        let mut by_form = by_form(&sums);
        let mut exceptions = Vec::new();
        for ((block, entry), y) in &self.certificate.exceptions {
            let (block, entry) = (*block, *entry);
            let fault = Refusal::Exception { block, entry };
            let lower = self.lower(block, entry).ok().flatten();
            let lower = lower.ok_or(fault.clone())?;
            if !is_number(y) || y.is_negative() {
                return Err(fault);
            }
            let rule = lower.on_grid(self.certificate.grid);
            let rule = rule.ok_or(Refusal::Grid { block, entry })?;
            sums.remove(&rule);
            let change = plus(y, &-Rational::from_integer(rule.into()));
            for form in self.problem.forms_of(block, entry).into_iter().flatten() {
                let sum = by_form.entry(form).or_default();
                *sum = plus(sum, &change);
            }
            let lower = Ends::new(&lower, self.certificate.grid);
            exceptions.push(Exception {
                y: y.clone(),
                lower: lower.ok_or(Refusal::Cost { block, entry })?,
            });
        }
        let at = self.by_variable(&by_form);
        if let Some(variable) = at.iter().position(|total| !total.is_zero()) {
            return Err(Refusal::NotACirculation(variable));
        }
        Ok(Certified::new(self, sums, exceptions))
    }

    fn check_coverage(&self, bands: &[Band]) -> Result<(), Refusal> {
        let parts = || bands.iter().flat_map(|band| &band.parts);
        let mut marks = parts().map(|(mark, block, _)| (mark, block));
        if let Some((_, block)) = marks.find(|(mark, _)| !Arc::ptr_eq(mark, &self.mark)) {
            return Err(Refusal::Coverage(*block));
        }
        let read = parts().filter(|(_, _, rows)| !rows.is_empty());
        let mut read: Vec<_> = read
            .map(|(_, block, rows)| (*block, rows.start, rows.end))
            .collect();
        read.sort_unstable();
        for (block, content) in self.problem.blocks().iter().enumerate() {
            let mut next = 0;
            for (_, start, end) in read.iter().filter(|(other, _, _)| *other == block) {
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
    fn by_variable(&self, by_form: &BTreeMap<usize, Rational>) -> Vec<Rational> {
        let mut at = vec![Rational::zero(); self.problem.variables()];
        for (form, sum) in by_form {
            let form = self.problem.forms().get(*form);
            for (variable, exponent) in form.into_iter().flat_map(Form::factors) {
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

fn total(bands: &[Band]) -> Sums {
    let mut sums = Sums::default();
    bands.iter().for_each(|band| sums.join(&band.sums));
    sums
}

fn by_form(sums: &Sums) -> BTreeMap<usize, Rational> {
    let by_form = sums.by_form.iter();
    by_form
        .map(|(form, sum)| (*form, Rational::from_integer(sum.clone())))
        .collect()
}

fn long(value: U256) -> BigInt {
    BigUint::from_bytes_le(&value.to_le_bytes()).into()
}
