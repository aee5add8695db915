//! Terms, read from where they lie.

use num_bigint::BigUint;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use crate::natural::Natural;
use crate::number::{Base, Factor, Number, Powers, Work, is_number, plus};
use crate::{Rational, Refusal};

/// A product of powers of multipliers: variables, each once, with their exponents, none of them 0. The empty one is
/// that of what nothing scales.
pub type Form = Vec<(usize, Rational)>;

static ONE: LazyLock<Rational> = LazyLock::new(Rational::one);

/// Variables with their exponents.
pub type Exponents = BTreeMap<usize, Rational>;

/// The weights of a block, in the order in which they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entries<'a> {
    /// IEEE 754 numbers of 8 bytes, little-endian.
    F64(&'a [[u8; 8]]),
    /// IEEE 754 numbers of 4 bytes, little-endian.
    F32(&'a [[u8; 4]]),
    /// IEEE 754 numbers of 2 bytes, little-endian.
    F16(&'a [[u8; 2]]),
    /// The upper 2 bytes of IEEE 754 numbers of 4 bytes, little-endian.
    Bf16(&'a [[u8; 2]]),
    /// Rationals.
    Rational(Cow<'a, [Rational]>),
}

impl Entries<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Entries::F64(all) => all.len(),
            Entries::F32(all) => all.len(),
            Entries::F16(all) | Entries::Bf16(all) => all.len(),
            Entries::Rational(all) => all.len(),
        }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `None` for NaN, infinities, quotients by 0, and where there is no such entry.
    #[inline]
    pub(crate) fn magnitude(&self, entry: usize) -> Option<Base> {
        let Entries::Rational(all) = self else {
            let (mantissa, shift) = self.float(entry)?;
            let (top, bottom) = (mantissa.into(), BigUint::one());
            return Some(Base { top, bottom, shift });
        };
        let value = all.get(entry).filter(|value| is_number(value));
        value.map(Base::from)
    }

    /// Mantissa and exponent
    #[inline]
    pub(crate) fn float(&self, entry: usize) -> Option<(u64, i64)> {
        match self {
            Entries::F64(all) => binary(u64::from_le_bytes(*all.get(entry)?), 52, 11),
            Entries::F32(all) => binary(u32::from_le_bytes(*all.get(entry)?).into(), 23, 8),
            Entries::F16(all) => binary(u16::from_le_bytes(*all.get(entry)?).into(), 10, 5),
            Entries::Bf16(all) => binary(u16::from_le_bytes(*all.get(entry)?).into(), 7, 8),
            Entries::Rational(_) => None,
        }
    }
}

/// The magnitude that an IEEE 754 number denotes, whose bits are those of a sign, an exponent and a fraction of these
/// lengths.
#[inline]
fn binary(bits: u64, fraction_bits: u32, exponent_bits: u32) -> Option<(u64, i64)> {
    let leading = 1u64.checked_shl(fraction_bits)?;
    let fraction = bits & leading.checked_sub(1)?;
    let all_ones = 1u64.checked_shl(exponent_bits)?.checked_sub(1)?;
    let exponent = bits.checked_shr(fraction_bits)? & all_ones;
    let (mantissa, exponent) = match exponent {
        0 => (fraction, 1),
        _ if exponent == all_ones => return None,
        _ => (fraction | leading, i64::try_from(exponent).ok()?),
    };
    let bias = i64::try_from(all_ones >> 1).ok()?;
    let exponent = exponent
        .checked_sub(bias)?
        .checked_sub(fraction_bits.into())?;
    Some((mantissa, exponent))
}

/// Where the entries of a block stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Row after row, all columns.
    Dense,
    /// Each entry with its row and its column.
    List(Vec<(usize, usize)>),
}

/// A block of terms `coefficient · |entry|^power · P · Q`, `P` the form of the entry's row, `Q` that of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// The weights.
    pub entries: Entries<'a>,
    /// The form of each row: what the target of a synapse contributes to its cost.
    pub rows: Vec<usize>,
    /// The form of each column: what the source contributes.
    pub columns: Vec<usize>,
    /// Which entry is whose.
    pub layout: Layout,
    /// Positive.
    pub power: Rational,
    /// Positive.
    pub coefficient: Rational,
    /// Are the entries the weights of the block before, once more? Then their terms are further summands of the costs
    /// of those.
    pub again: bool,
}

impl Block<'_> {
    /// The row and the column of an entry.
    #[inline]
    pub(crate) fn place(&self, entry: usize) -> Option<(usize, usize)> {
        match &self.layout {
            Layout::Dense => {
                let row = entry.checked_div(self.columns.len())?;
                Some((row, entry.checked_rem(self.columns.len())?))
            }
            Layout::List(places) => places.get(entry).copied(),
        }
    }

    /// `coefficient · |weight|^power` times other factors, for a weight of these entries; `None` where it is no number
    /// or out of range.
    pub(crate) fn cost(&self, of: &Entries, entry: usize, others: &[Factor]) -> Option<Powers> {
        let (weight, coefficient) = (of.magnitude(entry)?, Base::from(&self.coefficient));
        let own = [(&weight, &self.power), (&coefficient, &*ONE)];
        Powers::of(&[&own, others].concat())
    }

    /// The power, if it is a small integer and the coefficient is 1: then the costs of floats are powers of integers.
    pub(crate) fn plain_power(&self) -> Option<u8> {
        let is_plain = self.power.is_integer() && self.coefficient.is_one();
        self.power.numer().to_u8().filter(|_| is_plain)
    }

    /// The same without others, rounded down to so many significant bits; given the plain power.
    #[inline]
    pub(crate) fn lower<N: Natural>(
        &self,
        of: &Entries,
        entry: usize,
        (bits, plain): (u32, Option<u8>),
    ) -> Option<Number<N>> {
        // A cost of 0 is 0 for any power and coefficient: no root is taken of it.
        let is_zero = matches!(of.float(entry), Some((0, _)));
        let plain = if is_zero { Some(1) } else { plain };
        if let (Some(power), Some((mantissa, exponent))) = (plain, of.float(entry)) {
            let own = N::from(mantissa);
            let mantissa = (1..power).try_fold(N::from(mantissa), |cost, _| cost.times(&own))?;
            let exponent = exponent.checked_mul(power.into())?;
            return Number { mantissa, exponent }.kept(bits);
        }
        Number::of(&self.cost(of, entry, &[])?.rounded(bits)?)
    }

    fn fault(&self, forms: usize, before: Option<&Block>) -> Option<&'static str> {
        let (entries, rows, columns) = (self.entries.len(), self.rows.len(), self.columns.len());
        let fits = match &self.layout {
            Layout::Dense => rows.checked_mul(columns) == Some(entries),
            Layout::List(places) => {
                let is_inside = |(row, column): &(usize, usize)| *row < rows && *column < columns;
                places.len() == entries && places.iter().all(is_inside)
            }
        };
        let mut named = self.rows.iter().chain(&self.columns);
        let is_positive = |value: &Rational| is_number(value) && value.is_positive();
        let repeats = before.is_some_and(|before| before.entries.len() == entries);
        Some(match &self.entries {
            _ if !fits => "its entries do not fit its rows and columns",
            _ if !named.all(|form| *form < forms) => "a form does not exist",
            _ if !is_positive(&self.power) || !is_positive(&self.coefficient) => {
                "power and coefficient must be positive"
            }
            Entries::Rational(all) if !all.iter().all(is_number) => "an entry is no number",
            _ if self.again && !repeats => "its entries are not those of the block before",
            _ => return None,
        })
    }
}

/// A balancing problem; it borrows the weights, or holds them. Copies share what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem<'a> {
    variables: usize,
    forms: Arc<[Form]>,
    blocks: Arc<[Block<'a>]>,
}

impl<'a> Problem<'a> {
    /// Checks that everything that is named exists, and that sizes fit.
    ///
    /// # Errors
    /// [`Refusal::Form`], [`Refusal::Block`].
    pub fn new(
        variables: usize,
        forms: Vec<Form>,
        blocks: Vec<Block<'a>>,
    ) -> Result<Self, Refusal> {
        for (index, form) in forms.iter().enumerate() {
            let named: BTreeSet<usize> = form.iter().map(|(variable, _)| *variable).collect();
            let is_valid = |(variable, exponent): &(usize, Rational)| {
                *variable < variables && is_number(exponent) && !exponent.is_zero()
            };
            if named.len() != form.len() || !form.iter().all(is_valid) {
                let reason = "its variables must exist and differ, and its exponents may not be 0";
                return Err(Refusal::Form(index, reason));
            }
        }
        let mut before = None;
        for (index, block) in blocks.iter().enumerate() {
            if let Some(reason) = block.fault(forms.len(), before) {
                return Err(Refusal::Block(index, reason));
            }
            before = Some(block);
        }
        let (forms, blocks) = (forms.into(), blocks.into());
        Ok(Problem {
            variables,
            forms,
            blocks,
        })
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The forms that rows and columns name.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block<'a>] {
        &self.blocks
    }

    /// The forms of the row and of the column of a term; `None` where there is no such term.
    #[inline]
    pub(crate) fn forms_of(&self, block: usize, entry: usize) -> Option<[usize; 2]> {
        let content = self.blocks.get(block)?;
        let (row, column) = content.place(entry)?;
        Some([*content.rows.get(row)?, *content.columns.get(column)?])
    }

    /// The exponents of all variables in a term; those that cancel are left out. `None` where there is no such term.
    pub fn exponents(&self, block: usize, entry: usize) -> Option<Exponents> {
        let forms = self.forms_of(block, entry)?.into_iter();
        let factors = forms.filter_map(|form| self.forms.get(form)).flatten();
        Some(summed(factors.cloned()))
    }
}

/// Shares of variables, added up for each; those that cancel are left out.
pub(crate) fn summed(shares: impl Iterator<Item = (usize, Rational)>) -> Exponents {
    let mut all = Exponents::new();
    for (variable, share) in shares {
        let sum = all.entry(variable).or_default();
        *sum = plus(sum, &share);
    }
    all.retain(|_, sum| !sum.is_zero());
    all
}

/// The same of many shares with denominators of any kind: the first one whose sum would take too long stands in place
/// of the sums.
pub(crate) fn totals(shares: impl Iterator<Item = (usize, Rational)>) -> Result<Exponents, usize> {
    let mut all: BTreeMap<usize, Vec<Rational>> = BTreeMap::new();
    for (of, share) in shares {
        all.entry(of).or_default().push(share);
    }
    let mut work = Work::new(all.values().map(Vec::len).sum());
    let sums = all
        .into_iter()
        .map(|(of, shares)| Ok((of, work.sum(&shares).ok_or(of)?)));
    let mut sums = sums.collect::<Result<Exponents, usize>>()?;
    sums.retain(|_, sum| !sum.is_zero());
    Ok(sums)
}
