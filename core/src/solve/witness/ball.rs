//! Real numbers known up to a radius: rational balls.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use crate::network::Activation;
use crate::numbers::Rational;

/// Every real number within `radius` of `middle`; exactly `middle` where the radius is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ball {
    /// The middle.
    pub middle: Rational,
    /// The radius, at least 0.
    pub radius: Rational,
}

/// Bits of a middle that is not exact.
const BITS: u64 = 256;

/// Numbers longer than this are given up.
const MOST_BITS: u64 = 1 << 17;

impl Ball {
    /// Exactly a number.
    pub fn exactly(middle: Rational) -> Self {
        Ball {
            middle,
            radius: Rational::zero(),
        }
    }

    /// Have two balls no number in common?
    pub fn is_apart_from(&self, other: &Self) -> bool {
        (&self.middle - &other.middle).abs() > &self.radius + &other.radius
    }

    fn new(middle: Rational, radius: Rational) -> Option<Self> {
        Ball { middle, radius }.shortened()
    }

    /// The same number with a middle of few digits, unless it is exact; `None` beyond what is worth computing.
    pub(super) fn shortened(self) -> Option<Self> {
        if bits(&self.middle) > MOST_BITS {
            return None;
        }
        if self.radius.is_zero() {
            return Some(self);
        }
        if bits(&self.middle) <= 2 * BITS {
            let radius = rounded_up(&self.radius);
            return Some(Ball { radius, ..self });
        }
        let unit = unit_of(&self.middle, BITS);
        let middle = (&self.middle / &unit).floor() * &unit;
        let radius = rounded_up(&(self.radius + unit));
        Some(Ball { middle, radius })
    }

    /// The product.
    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        let radius = self.middle.abs() * &other.radius
            + other.middle.abs() * &self.radius
            + &self.radius * &other.radius;
        Ball::new(&self.middle * &other.middle, radius)
    }

    /// What an activation makes of it; `None` where that is not known.
    pub(super) fn activated(&self, activation: &Activation<Rational>) -> Option<Self> {
        if let Some((below, above)) = activation.slopes() {
            let slope = match self.middle.abs() > self.radius {
                true if self.middle.is_negative() => below.abs(),
                true => above.abs(),
                false => below.abs().max(above.abs()),
            };
            let middle = activation.apply(&self.middle)?;
            return Ball::new(middle, slope * &self.radius);
        }
        match activation {
            Activation::BiPu { degree, .. } => self.powered(activation, degree),
            Activation::Other(name) => match name.as_str() {
                "relu6" => Ball::new(activation.apply(&self.middle)?, self.radius.clone()),
                "sigmoid" => self.sigmoid(),
                "tanh" => {
                    let two = Rational::from_integer(2.into());
                    let twice = Ball::new(&self.middle * &two, &self.radius * &two)?;
                    let sigmoid = twice.sigmoid()?;
                    Ball::new(
                        sigmoid.middle * &two - Rational::one(),
                        sigmoid.radius * &two,
                    )
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A BiPU is monotonic on each side of 0, and continuous at 0 where its degree is positive.
    fn powered(&self, activation: &Activation<Rational>, degree: &Rational) -> Option<Self> {
        let size = degree.abs().ceil().to_integer();
        if BigInt::from(bits(&self.middle)) * size > BigInt::from(MOST_BITS) {
            return None;
        }
        if self.radius.is_zero() {
            return Some(Ball::exactly(activation.apply(&self.middle)?));
        }
        let spans = self.middle.abs() <= self.radius;
        if spans && !degree.is_positive() {
            return None;
        }
        let ends = [&self.middle - &self.radius, &self.middle + &self.radius];
        let mut values = vec![activation.apply(&ends[0])?, activation.apply(&ends[1])?];
        if spans {
            values.push(Rational::zero());
        }
        let (least, most) = (values.iter().min()?, values.iter().max()?);
        let half = Rational::new(1.into(), 2.into());
        Ball::new((least + most) * &half, (most - least) * &half)
    }

    /// `1 / (1 + e^-x)`, of slope at most 1/4.
    fn sigmoid(&self) -> Option<Self> {
        let far = Rational::from_integer(512.into());
        let spread = &self.radius / Rational::from_integer(4.into());
        if self.middle.abs() > far {
            // e^-512 < 2^-700.
            let limit = if self.middle.is_negative() {
                Rational::zero()
            } else {
                Rational::one()
            };
            return Ball::new(limit, power_of_two(-700) + spread);
        }
        let power = exponential(&-&self.middle)?;
        let below = power.middle + Rational::one();
        let radius = &power.radius / (&below * (&below - &power.radius));
        Ball::new(below.recip(), radius + spread)
    }
}

/// `e^x` for `|x| <= 512`: the series of `e^(x / 1024)` to the 50th term, squared ten times.
fn exponential(x: &Rational) -> Option<Ball> {
    let small = Ball {
        middle: x * power_of_two(-10),
        // Anything but 0, so that long numbers are shortened.
        radius: power_of_two(-300),
    }
    .shortened()?;
    let mut term = Ball::exactly(Rational::one());
    let mut sum = term.clone();
    for number in 1..=50u32 {
        let next = term.times(&small)?;
        let number = Rational::from_integer(number.into());
        term = Ball::new(next.middle / &number, next.radius / number)?;
        sum = Ball::new(sum.middle + &term.middle, sum.radius + &term.radius)?;
    }
    // The rest is below 2 |x|^51 / 51! for |x| <= 1/2.
    sum.radius += power_of_two(-250);
    for _ in 0..10 {
        sum = sum.times(&sum)?;
    }
    Some(sum)
}

fn bits(value: &Rational) -> u64 {
    value.numer().bits() + value.denom().bits()
}

fn power_of_two(exponent: i64) -> Rational {
    let power = BigInt::one() << exponent.unsigned_abs();
    match exponent.is_negative() {
        true => Rational::new(BigInt::one(), power),
        false => Rational::from_integer(power),
    }
}

/// The power of two of which a number that is not 0 has about `digits` binary digits.
fn unit_of(value: &Rational, digits: u64) -> Rational {
    let size = value.numer().bits() as i64 - value.denom().bits() as i64;
    power_of_two(size - digits as i64)
}

/// A number of few digits that is not below.
fn rounded_up(value: &Rational) -> Rational {
    if value.is_zero() || bits(value) <= 128 {
        return value.clone();
    }
    let unit = unit_of(value, 64);
    (value / &unit).ceil() * unit
}
