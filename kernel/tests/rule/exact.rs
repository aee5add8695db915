//! The rule once more, in exact rationals and by search in place of roots: slow, and nothing of it is the kernel's.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};
use synaptic_balance_kernel::{Certificate, Certified, Entries, Layout, Problem, Rational};

use crate::maker::*;

pub fn integer(value: i64) -> Rational {
    Rational::from_integer(value.into())
}

pub fn ratio(above: i64, below: i64) -> Rational {
    Rational::new(above.into(), below.into())
}

pub fn two_to(exponent: i64) -> Rational {
    let power = Rational::from_integer(BigInt::one() << exponent.unsigned_abs());
    if exponent < 0 { power.recip() } else { power }
}

/// `base^exponent` for an integer exponent.
pub fn raised(base: &Rational, exponent: i64) -> Rational {
    let exponent = i32::try_from(exponent).expect("small exponents");
    base.pow(exponent)
}

/// Is `(mantissa · 2^exponent)^degree <= top/bottom`?
fn is_below(mantissa: &BigUint, exponent: i64, degree: u32, value: &Rational) -> bool {
    let shift = exponent * i64::from(degree);
    let mut left = Pow::pow(mantissa, degree) * value.denom().magnitude();
    let mut right = value.numer().magnitude().clone();
    if shift >= 0 {
        left <<= shift.unsigned_abs();
    } else {
        right <<= shift.unsigned_abs();
    }
    left <= right
}

/// The `degree`-th root of a positive number, rounded down to so many significant bits.
pub fn root_down(value: &Rational, degree: u32, bits: u32) -> Rational {
    let long = |part: &BigInt| part.bits().to_i64().expect("short");
    let length = (long(value.numer()) - long(value.denom())).div_euclid(i64::from(degree));
    let mut exponent = length - i64::from(bits) - 2;
    let full = BigUint::one() << bits;
    while is_below(&full, exponent, degree, value) {
        exponent += 1;
    }
    let mut mantissa = BigUint::zero();
    for bit in (0..bits).rev() {
        let larger = &mantissa | (BigUint::one() << bit);
        if is_below(&larger, exponent, degree, value) {
            mantissa = larger;
        }
    }
    assert!(mantissa.bits() == u64::from(bits));
    Rational::from_integer(mantissa.into()) * two_to(exponent)
}

/// A term of a problem, written out.
#[derive(Debug, Clone)]
pub struct Term {
    pub block: usize,
    pub entry: usize,
    /// The magnitude of its weight, not 0.
    pub weight: Rational,
    pub power: Rational,
    pub coefficient: Rational,
    pub row: Vec<(usize, Rational)>,
    pub column: Vec<(usize, Rational)>,
}

impl Term {
    pub fn exponents(&self, variables: usize) -> Vec<Rational> {
        let mut all = vec![Rational::zero(); variables];
        for (variable, exponent) in self.row.iter().chain(&self.column) {
            all[*variable] += exponent;
        }
        all
    }

    /// The exact cost at a point; `None` if it is not rational by its form.
    pub fn cost_at(&self, point: &[Rational]) -> Option<Rational> {
        if !self.power.is_integer() {
            return None;
        }
        let mut cost = &self.coefficient * raised(&self.weight, self.power.to_i64()?);
        for (exponent, value) in self.exponents(point.len()).iter().zip(point) {
            if !exponent.is_integer() {
                return None;
            }
            cost *= raised(value, exponent.to_i64()?);
        }
        Some(cost)
    }
}

fn half(bits: [u8; 2]) -> f64 {
    let bits = u16::from_le_bytes(bits);
    let fraction = f64::from(bits & 0x3ff);
    match (bits >> 10) & 0x1f {
        0 => fraction * 2f64.powi(-24),
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    }
}

/// The magnitude of an entry, read by the floats of the language.
pub fn magnitude(entries: &Entries, entry: usize) -> Rational {
    let float = |value: f64| Rational::from_float(value).expect("finite");
    match entries {
        Entries::F64(all) => float(f64::from_le_bytes(all[entry])),
        Entries::F32(all) => float(f32::from_le_bytes(all[entry]).into()),
        Entries::F16(all) => float(half(all[entry])),
        Entries::Bf16(all) => {
            let [low, high] = all[entry];
            float(f32::from_le_bytes([0, 0, low, high]).into())
        }
        Entries::Rational(all) => all[entry].clone(),
    }
    .abs()
}

/// All terms whose weight is not 0.
pub fn terms(problem: &Problem) -> Vec<Term> {
    let mut all = Vec::new();
    for (index, block) in problem.blocks().iter().enumerate() {
        for entry in 0..block.entries.len() {
            let (row, column) = match &block.layout {
                Layout::Dense => (entry / block.columns.len(), entry % block.columns.len()),
                Layout::List(places) => places[entry],
            };
            let weight = magnitude(&block.entries, entry);
            let form = |form: usize| problem.forms()[form].clone();
            if !weight.is_zero() {
                all.push(Term {
                    block: index,
                    entry,
                    weight,
                    power: block.power.clone(),
                    coefficient: block.coefficient.clone(),
                    row: form(block.rows[row]),
                    column: form(block.columns[column]),
                });
            }
        }
    }
    all
}

/// `(Π base^exponent)` rounded down to so many significant bits.
fn product_down<'a>(
    factors: impl Iterator<Item = (&'a Rational, &'a Rational)> + Clone,
    bits: u32,
) -> Rational {
    let mut degree = BigInt::one();
    for (_, exponent) in factors.clone() {
        degree = degree.lcm(exponent.denom());
    }
    let mut value = Rational::one();
    for (base, exponent) in factors {
        let times = (exponent * Rational::from_integer(degree.clone())).to_integer();
        value *= raised(base, times.to_i64().expect("small exponents"));
    }
    root_down(&value, degree.to_u32().expect("small roots"), bits)
}

/// The cost of a weight where all multipliers are 1, rounded down.
pub fn cost_down(
    weight: &Rational,
    power: &Rational,
    coefficient: &Rational,
    bits: u32,
) -> Rational {
    let one = Rational::one();
    product_down([(coefficient, &one), (weight, power)].into_iter(), bits)
}

/// The three factors of a term at a point, each rounded down, multiplied.
pub fn lower_end(term: &Term, point: &[Rational], bits: u32) -> Rational {
    let form = |form: &[(usize, Rational)]| {
        product_down(
            form.iter()
                .map(|(variable, exponent)| (&point[*variable], exponent)),
            bits,
        )
    };
    let cost = cost_down(&term.weight, &term.power, &term.coefficient, bits);
    cost * form(&term.row) * form(&term.column)
}

/// What the rule makes of one term.
#[derive(Debug, Clone)]
pub struct Enclosed {
    pub term: Term,
    pub low: Rational,
    pub high: Rational,
    /// `2^grid · y` of the rule.
    pub rule: BigInt,
    /// `y`, exceptions made.
    pub y: Rational,
}

/// What a certificate proves, by the formulas of the rule.
pub struct Evaluation {
    pub grid: Rational,
    pub point: Vec<Rational>,
    pub terms: Vec<Enclosed>,
    /// `Σ y a` at each variable.
    pub supply: Vec<Rational>,
    /// Before anything is rounded up.
    pub gap: Rational,
    pub zeros: u64,
    /// Are there bounds?
    pub is_bounded: bool,
    /// A lower bound of the costs with `y > 0`.
    pub least: Option<Rational>,
}

fn excess(y: &Rational, cost: &Rational) -> Rational {
    (y - cost) * (y - cost) / cost
}

/// The rule, term by term.
pub fn evaluate(problem: &Problem, certificate: &Certificate) -> Evaluation {
    let grid = two_to(-certificate.grid);
    let value = |number: &synaptic_balance_kernel::Number| {
        Rational::from_integer(number.mantissa.clone().into()) * two_to(number.exponent)
    };
    let point: Vec<Rational> = certificate.point.iter().map(value).collect();
    let upper = raised(&(integer(1) + two_to(1 - i64::from(certificate.bits))), 3);
    let width = &upper - integer(1);
    let (mut supply, mut enclosed) = (vec![Rational::zero(); point.len()], Vec::new());
    let (mut gap, mut zeros, mut least) = (Rational::zero(), 0, None);
    for term in terms(problem) {
        let low = lower_end(&term, &point, certificate.bits);
        let high = &low * &upper;
        let rule = (&low / &grid).floor().to_integer();
        let given = certificate.exceptions.get(&(term.block, term.entry));
        let y = given.cloned().unwrap_or_else(|| rule.clone().into()) * &grid;
        for (total, exponent) in supply.iter_mut().zip(term.exponents(point.len())) {
            *total += exponent * &y;
        }
        let bound = if y.is_zero() {
            zeros += 1;
            match given {
                Some(_) => high.clone(),
                None => &grid * &upper,
            }
        } else if given.is_some() {
            excess(&y, &low).max(excess(&y, &high))
        } else {
            // 1/m is bounded by the length of m.
            let shortest = Rational::from_integer(BigInt::one() << (rule.bits() - 1));
            let m = Rational::from_integer(rule.clone());
            &grid
                * (&width * &width * m + integer(2) * &width * &upper + &upper * &upper / shortest)
        };
        gap += bound;
        if !y.is_zero() {
            let bound = match given {
                Some(_) if low >= grid => (&low / &grid).floor() * &grid,
                Some(_) => low.clone(),
                None => Rational::from_integer(BigInt::one() << (rule.bits() - 1)) * &grid,
            };
            least = Some(match least {
                Some(other) if other < bound => other,
                _ => bound,
            });
        }
        enclosed.push(Enclosed {
            term,
            low,
            high,
            rule,
            y,
        });
    }
    for ([lower, upper], (supply, value)) in
        certificate.bounds.iter().zip(supply.iter().zip(&point))
    {
        gap += match supply.is_negative() {
            true => (upper / value - integer(1)) * -supply,
            false => (value / lower - integer(1)) * supply,
        };
    }
    Evaluation {
        is_bounded: !certificate.bounds.is_empty(),
        grid,
        point,
        terms: enclosed,
        supply,
        gap,
        zeros,
        least,
    }
}

/// Is `r` the square root of `value` but for `2^-60` of it, from above, and at most a half?
fn is_root(r: &Rational, value: &Rational) -> bool {
    let smaller = r * (integer(1) - two_to(-60));
    r <= &ratio(1, 2) && &(r * r) >= value && &(&smaller * &smaller) <= value
}

impl Evaluation {
    /// Checks that the kernel claims just what the formulas say, but for its last places.
    pub fn agrees(&self, certified: &Certified) {
        let rounded = 1 + self.terms.len() + self.point.len();
        let places = integer(rounded as i64) * &self.grid * two_to(-256);
        let (found, exact) = (certified.gap(), &self.gap);
        assert!(
            found >= *exact && found <= exact + &places,
            "{found} for {exact}"
        );
        assert_eq!(certified.not_enclosed(), self.zeros);
        assert_eq!(certified.is_bounded(), self.is_bounded);
        assert_eq!(certified.is_attained(), self.zeros == 0 && !self.is_bounded);
        let four = integer(4) * &certified.gap();
        let root_at = |found: Option<Rational>, low: &Rational| match found {
            Some(r) => assert!(integer(4) * &four <= *low && is_root(&r, &(&four / low))),
            None => assert!(integer(4) * &four > *low),
        };
        match &self.least {
            _ if self.zeros > 0 => assert_eq!(certified.radius(), None),
            None => assert_eq!(certified.radius(), Some(integer(0))),
            Some(least) => root_at(certified.radius(), least),
        }
        for enclosed in &self.terms {
            let (block, entry) = (enclosed.term.block, enclosed.term.entry);
            let bounds = certified.balanced_cost(block, entry);
            let radius = certified.term_radius(block, entry);
            if enclosed.y.is_zero() {
                assert!(bounds.is_none() && radius.is_none());
                continue;
            }
            root_at(radius.clone(), &enclosed.low);
            let expected = radius.map(|r| {
                let rest = integer(1) - r;
                (&enclosed.low * &rest, &enclosed.high / rest)
            });
            assert_eq!(bounds, expected);
        }
    }
}
