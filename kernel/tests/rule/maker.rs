//! Certificates for tests: a point near the optimum, and `y` mended by exact elimination.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use quickcheck::{Arbitrary, Gen, QuickCheck};
use std::collections::BTreeMap;
use std::ops::Range;
use synaptic_balance_kernel::{
    Band, Certificate, Certified, Entries, Form, Layout, Number, Problem, Rational, Reader, Refusal,
};

use crate::exact::{Evaluation, evaluate, integer, two_to};

/// Where a random case starts.
#[derive(Debug, Clone, Copy)]
pub struct Seed(pub u64);

impl Arbitrary for Seed {
    fn arbitrary(g: &mut Gen) -> Self {
        Seed(u64::arbitrary(g))
    }
}

/// So many where tests run in full (`SYNBAL_FULL=1`), a third where they sample.
pub fn sampled(count: usize) -> usize {
    match std::env::var_os("SYNBAL_FULL") {
        Some(_) => count,
        None => count / 3,
    }
}

/// A property of so many random cases; the seed of one that fails is printed.
pub fn check(cases: usize, property: fn(Seed) -> bool) {
    QuickCheck::new()
        .tests(cases as u64)
        .quickcheck(property as fn(Seed) -> bool);
}

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: Seed) -> Self {
        Random(seed.0)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low + 1) as u64) as i64
    }

    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.between(0, all.len() as i64 - 1) as usize]
    }
}

/// A multiplier of about `bits` bits near a number: off by up to a few units of its last place.
pub fn near(value: &Rational, bits: i64, random: &mut Random) -> Number {
    let length = value.numer().bits() as i64 - value.denom().bits() as i64;
    let scaled = (value * two_to(bits - length)).floor().to_integer();
    let mantissa = scaled + BigInt::from(random.between(-3, 3));
    Number::new(mantissa.magnitude().clone(), length - bits)
}

/// Changes of as few terms as possible, heavy ones first, after which `Σ y a = 0`; on the grid.
pub fn repaired(evaluation: &Evaluation) -> Option<BTreeMap<(usize, usize), Rational>> {
    let variables = evaluation.point.len();
    let mut order: Vec<_> = evaluation.terms.iter().collect();
    order.sort_by(|one, other| other.rule.cmp(&one.rule));
    // Rows of the eliminated system: the exponents, reduced, and what they are made of.
    let mut basis: Vec<(usize, Vec<Rational>, Vec<Rational>)> = Vec::new();
    let mut chosen = Vec::new();
    for enclosed in order {
        let mut left = enclosed.term.exponents(variables);
        let mut made = vec![Rational::zero(); variables + 1];
        made[chosen.len()] = integer(1);
        for (pivot, row, parts) in &basis {
            subtract(&mut left, row, pivot, &mut made, parts);
        }
        if let Some(pivot) = left.iter().position(|value| !value.is_zero()) {
            let by = left[pivot].clone();
            left.iter_mut()
                .chain(&mut made)
                .for_each(|value| *value /= &by);
            basis.push((pivot, left, made));
            chosen.push(enclosed);
        }
    }
    let mut left: Vec<Rational> = evaluation
        .supply
        .iter()
        .map(|total| total / &evaluation.grid)
        .collect();
    let mut change = vec![Rational::zero(); variables + 1];
    for (pivot, row, parts) in &basis {
        subtract(&mut left, row, pivot, &mut change, parts);
    }
    if left.iter().any(|value| !value.is_zero()) {
        return None;
    }
    let mut exceptions = BTreeMap::new();
    for (enclosed, change) in chosen.iter().zip(change) {
        let y = Rational::from_integer(enclosed.rule.clone()) + &change;
        if y.is_negative() {
            return None;
        }
        if !change.is_zero() {
            exceptions.insert((enclosed.term.block, enclosed.term.entry), y);
        }
    }
    Some(exceptions)
}

fn subtract(
    left: &mut [Rational],
    row: &[Rational],
    pivot: &usize,
    made: &mut [Rational],
    parts: &[Rational],
) {
    let factor = left[*pivot].clone();
    if factor.is_zero() {
        return;
    }
    for (value, other) in left.iter_mut().chain(made).zip(row.iter().chain(parts)) {
        *value -= &factor * other;
    }
}

/// A certificate at a point; `None` where no `y >= 0` was found near the rule's.
pub fn certificate(
    problem: &Problem,
    point: Vec<Number>,
    bits: u32,
    grid: i64,
) -> Option<Certificate> {
    let plain = Certificate {
        point,
        bits,
        grid,
        ..Certificate::default()
    };
    let exceptions = repaired(&evaluate(problem, &plain))?;
    Some(Certificate {
        exceptions,
        ..plain
    })
}

/// Reads every block at once.
pub fn verify<'a>(
    problem: &'a Problem<'a>,
    certificate: &'a Certificate,
) -> Result<Certified<'a>, Refusal> {
    let reader = Reader::new(problem, certificate)?;
    let bands: Result<Vec<_>, _> = problem
        .blocks()
        .iter()
        .enumerate()
        .map(|(block, content)| {
            let rows = match content.layout {
                synaptic_balance_kernel::Layout::Dense => content.rows.len(),
                synaptic_balance_kernel::Layout::List(_) => content.entries.len(),
            };
            reader.read_rows(block, 0..rows)
        })
        .collect();
    reader.finish(bands?)
}

/// Why terms and forms are refused.
pub const COST: &str = "the cost is out of range";
pub const COVER: &str = "the bands read do not cover it once each";
pub const GRID: &str = "the grid is too fine for the cost there";
pub const EXCEPTION: &str = "this exception is negative, or of no term";
pub const MISFIT: &str = "there is no such term of this variable";
pub const PRODUCT: &str = "the product of multipliers is out of range";
pub const FORM: &str = "its variables must exist and differ, and its exponents may not be 0";

/// A form of factors.
pub fn form(factors: impl IntoIterator<Item = (usize, Rational)>) -> Form {
    factors.into_iter().collect()
}

/// Weights that are borrowed.
pub fn rationals(weights: &[Rational]) -> Entries<'_> {
    Entries::Rational(weights.into())
}

/// What tests ask of a reader besides.
pub trait Reads {
    /// `2^grid · y` of a term by the rule.
    fn by_rule(&self, block: usize, entry: usize) -> Option<Rational>;

    /// Whole rows of a dense block, or entries of a list.
    fn read_rows(&self, block: usize, rows: Range<usize>) -> Result<Band, Refusal>;
}

impl Reads for Reader<'_> {
    fn by_rule(&self, block: usize, entry: usize) -> Option<Rational> {
        let lower = self.lower(block, entry).ok()?;
        let y = lower.on_grid(self.certificate().grid)?;
        (!lower.mantissa.is_zero()).then(|| Rational::from_integer(y.into()))
    }

    fn read_rows(&self, block: usize, rows: Range<usize>) -> Result<Band, Refusal> {
        let width = match self.problem().blocks().get(block) {
            Some(content) if content.layout == Layout::Dense => content.columns.len(),
            _ => 1,
        };
        let at = |row: usize| row.saturating_mul(width);
        self.read(block, at(rows.start)..at(rows.end))
    }
}

/// What tests ask of what was certified besides.
pub trait Radius {
    /// How far, as a logarithm, the balanced cost of a term can be from that at the point.
    fn term_radius(&self, block: usize, entry: usize) -> Option<Rational>;
}

impl Radius for Certified<'_> {
    fn term_radius(&self, block: usize, entry: usize) -> Option<Rational> {
        let (low, _) = self.balanced_cost(block, entry)?;
        let lower = self.reader().lower(block, entry).ok()?.to_rational()?;
        Some(integer(1) - low / lower)
    }
}
