//! Terms, read from where they lie.

use num_traits::{Signed, Zero};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::number::plus;
use crate::{Rational, Refusal};

/// A product of powers of multipliers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Form(Vec<(usize, Rational)>);

impl Form {
    /// The empty product: what nothing scales.
    pub fn one() -> Self {
        Form::default()
    }

    /// `Π μ_v^exponent`, from pairs of a variable and its exponent.
    pub fn new(factors: impl IntoIterator<Item = (usize, Rational)>) -> Self {
        Form(factors.into_iter().collect())
    }

    /// The variables with their exponents.
    pub fn factors(&self) -> &[(usize, Rational)] {
        &self.0
    }

    fn is_valid(&self, variables: usize) -> bool {
        let mut seen: Vec<usize> = self.0.iter().map(|(variable, _)| *variable).collect();
        seen.sort_unstable();
        let twice = seen.windows(2).any(|pair| pair.first() == pair.last());
        let exist = seen.iter().all(|variable| *variable < variables);
        let mut exponents = self.0.iter().map(|(_, exponent)| exponent);
        exist && !twice && exponents.all(|exponent| is_number(exponent) && !exponent.is_zero())
    }
}

/// The weights of a block, in the order in which they lie.
#[derive(Debug, Clone, Copy)]
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
    Rational(&'a [Rational]),
}

/// The magnitude of a weight.
pub(crate) enum Magnitude<'a> {
    Zero,
    /// `mantissa · 2^exponent`.
    Binary(u64, i64),
    Exact(&'a Rational),
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
    pub(crate) fn magnitude(&self, entry: usize) -> Option<Magnitude<'_>> {
        match self {
            Entries::F64(all) => binary(u64::from_le_bytes(*all.get(entry)?), 52, 11),
            Entries::F32(all) => binary(u32::from_le_bytes(*all.get(entry)?).into(), 23, 8),
            Entries::F16(all) => binary(u16::from_le_bytes(*all.get(entry)?).into(), 10, 5),
            Entries::Bf16(all) => binary(u16::from_le_bytes(*all.get(entry)?).into(), 7, 8),
            Entries::Rational(all) => match all.get(entry).filter(|value| is_number(value))? {
                value if value.is_zero() => Some(Magnitude::Zero),
                value => Some(Magnitude::Exact(value)),
            },
        }
    }
}

/// The magnitude that an IEEE 754 number denotes, whose bits are those of a sign, an exponent and a fraction of these lengths.
fn binary(bits: u64, fraction_bits: u32, exponent_bits: u32) -> Option<Magnitude<'static>> {
    let leading = 1u64.checked_shl(fraction_bits)?;
    let fraction = bits & leading.checked_sub(1)?;
    let all_ones = 1u64.checked_shl(exponent_bits)?.checked_sub(1)?;
    let exponent = bits.checked_shr(fraction_bits)? & all_ones;
    if exponent == all_ones {
        return None;
    }
    let (mantissa, exponent) = match exponent {
        0 => (fraction, 1),
        _ => (fraction | leading, i64::try_from(exponent).ok()?),
    };
    let bias = i64::try_from(all_ones >> 1).ok()?;
    let exponent = exponent
        .checked_sub(bias)?
        .checked_sub(fraction_bits.into())?;
    Some(match mantissa {
        0 => Magnitude::Zero,
        _ => Magnitude::Binary(mantissa, exponent),
    })
}

/// Where the entries of a block stand.
#[derive(Debug, Clone)]
pub enum Layout {
    /// Row after row, all columns.
    Dense,
    /// Each entry with its row and its column. Such a block counts as one row to be read.
    List(Vec<(usize, usize)>),
}

/// A block of terms `coefficient · |entry|^power · P · Q`, `P` the form of the entry's row, `Q` that of its column.
#[derive(Debug, Clone)]
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
}

impl Block<'_> {
    /// The row and the column of an entry.
    pub(crate) fn place(&self, entry: usize) -> Option<(usize, usize)> {
        match &self.layout {
            Layout::Dense => Some((
                entry.checked_div(self.columns.len())?,
                entry.checked_rem(self.columns.len())?,
            )),
            Layout::List(places) => places.get(entry).copied(),
        }
    }

    /// The entries that are read with these rows.
    pub(crate) fn entries_of(&self, rows: &Range<usize>) -> Option<Range<usize>> {
        let width = match self.layout {
            Layout::Dense => self.columns.len(),
            Layout::List(_) => 1,
        };
        Some(rows.start.checked_mul(width)?..rows.end.checked_mul(width)?)
    }

    /// The forms of the rows that these entries stand in: of a list, all of them.
    pub(crate) fn rows_of(&self, rows: &Range<usize>) -> Option<&[usize]> {
        match self.layout {
            Layout::Dense => self.rows.get(rows.clone()),
            Layout::List(_) => Some(&self.rows),
        }
    }

    /// The rows that are read one by one.
    pub(crate) fn bands(&self) -> usize {
        match self.layout {
            Layout::Dense => self.rows.len(),
            Layout::List(_) => self.entries.len(),
        }
    }

    fn fault(&self, forms: usize) -> Option<&'static str> {
        let expected = match &self.layout {
            Layout::Dense => self.rows.len().checked_mul(self.columns.len()),
            Layout::List(places) => Some(places.len()),
        };
        if expected != Some(self.entries.len()) {
            return Some("its entries do not fit its rows and columns");
        }
        if let Layout::List(places) = &self.layout {
            let outside = |(row, column): &(usize, usize)| {
                *row >= self.rows.len() || *column >= self.columns.len()
            };
            if places.iter().any(outside) {
                return Some("an entry stands outside its rows and columns");
            }
        }
        let mut named = self.rows.iter().chain(&self.columns);
        if named.any(|form| *form >= forms) {
            return Some("a form does not exist");
        }
        match self.power.is_positive() && self.coefficient.is_positive() {
            true => None,
            false => Some("power and coefficient must be positive"),
        }
    }
}

/// A balancing problem; it borrows the weights.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    variables: usize,
    forms: Vec<Form>,
    blocks: Vec<Block<'a>>,
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
        if let Some(form) = forms.iter().position(|form| !form.is_valid(variables)) {
            return Err(Refusal::Form(form));
        }
        for (block, content) in blocks.iter().enumerate() {
            if let Some(reason) = content.fault(forms.len()) {
                return Err(Refusal::Block { block, reason });
            }
        }
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

    /// The forms of the row and of the column of a term; `None` where there is no such term.
    pub(crate) fn forms_of(&self, block: usize, entry: usize) -> Option<[usize; 2]> {
        let content = self.blocks.get(block)?;
        let (row, column) = content.place(entry)?;
        Some([*content.rows.get(row)?, *content.columns.get(column)?])
    }

    /// The exponents of all variables in a term; those that cancel are left out. `None` where there is no such term.
    pub fn exponents(&self, block: usize, entry: usize) -> Option<BTreeMap<usize, Rational>> {
        let mut all: BTreeMap<usize, Rational> = BTreeMap::new();
        for form in self.forms_of(block, entry)? {
            for (variable, exponent) in self.forms.get(form)?.factors() {
                let sum = all.entry(*variable).or_default();
                *sum = plus(sum, exponent);
            }
        }
        all.retain(|_, exponent| !exponent.is_zero());
        Some(all)
    }

    /// The forms that rows and columns name.
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block<'a>] {
        &self.blocks
    }
}

/// Is the denominator positive? It may be 0 or negative in what `Ratio::new_raw` made, and arithmetic panics there.
pub(crate) fn is_number(value: &Rational) -> bool {
    value.denom().is_positive()
}
