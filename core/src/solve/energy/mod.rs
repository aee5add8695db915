//! Energy certificates: a computed solution refined in long numbers, with the few terms that make its costs a
//! circulation exactly.

mod flat;
mod precision;
mod read;
mod repair;
mod terms;
mod within;

pub use flat::{prove_network, prove_network_within};
pub use read::read_all;
pub(super) use terms::each_place;
pub use terms::point_of_floats;
pub use within::{Within, prove_within};

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use synaptic_balance_kernel::{Certificate, Certified, Entries, Number, Problem, Reader, Refusal};
use thiserror::Error;

use crate::numbers::{Direction, Dyadic, Rational, Wide, rational_from_f64, rational_to_f64_up};
pub use precision::PLAIN_DIGITS;
use precision::Precision;
use repair::Repair;
use terms::{Extremes, log2};

/// Why no energy certificate was made. Nothing is claimed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnergyError {
    /// The kernel refused it.
    #[error("the certificate was refused: {0}")]
    Refused(#[from] Refusal),
    /// The Newton system could not be solved.
    #[error(
        "the solution could not be refined: the network is nearly cut off from its visible units"
    )]
    NotRefined,
    /// It would not be good for the digits that were asked for.
    #[error("the certificate would not be good for {0} digits")]
    TooCoarse(u32),
    /// No terms were found that make the costs a circulation.
    #[error("the costs could not be made a circulation")]
    NotRepaired,
}

/// Solves `H d = scale · side` in the logarithms of the multipliers, `H` the Hessian at the computed point; `None`
/// where it cannot.
pub type Newton<'a> = dyn FnMut(&[f64], Wide) -> Option<Vec<f64>> + 'a;

/// Makes a certificate for a problem from a computed point, which is refined first by Newton steps.
///
/// It is to be good for so many digits. Each refinement is one read of the weights and one solution of the Newton
/// system. Variables that are held at bounds stay there, and need not balance. Given with it is the forest that its
/// exceptions lie on. Ours.
fn energy_certificate(
    problem: &Problem,
    computed: Vec<Number>,
    newton: &mut Newton,
    digits: u32,
    within: &Within,
) -> Result<(Certificate, Repair), EnergyError> {
    let precision = Precision::of(&Extremes::of(problem, &computed), problem, digits);
    let kept_point = |point: &[Number]| -> Vec<Number> {
        let short = point.iter().map(|number| kept(number, precision.kept));
        let short = short.enumerate();
        short
            .map(|(variable, number)| within.moved_inside(variable, number, precision.kept))
            .collect()
    };
    let imbalance_at = |certificate: &Certificate| {
        let mut found = imbalance(problem, certificate)?;
        within.leave_held(&mut found);
        Ok::<_, Refusal>(found)
    };
    let mut certificate = Certificate {
        point: kept_point(&computed),
        bits: precision.factors,
        grid: precision.grid,
        exceptions: BTreeMap::new(),
        bounds: within.bounds.clone(),
    };
    let mut point = computed;
    let mut imbalance = imbalance_at(&certificate)?;
    for _ in 0..precision.steps {
        let size = largest(&imbalance);
        if size.is_zero() {
            break;
        }
        let side = imbalance.iter().map(|value| ratio(value, &size));
        let scale = Wide::from_rational(&size) * Wide::exp(-LN_2 * certificate.grid as f64);
        let step = newton(&side.collect::<Vec<f64>>(), scale).ok_or(EnergyError::NotRefined)?;
        let next_point = point.iter().zip(&step);
        let next_point = next_point.map(|(number, step)| moved(number, -step, precision.working));
        let next_point: Option<Vec<Number>> = next_point.collect();
        let next_point = next_point.ok_or(EnergyError::NotRefined)?;
        let next = Certificate {
            point: kept_point(&next_point),
            ..certificate.clone()
        };
        let found = imbalance_at(&next)?;
        let left = largest(&found);
        if left >= size {
            break;
        }
        (certificate, point, imbalance) = (next, next_point, found);
        if left * Rational::from_integer(16.into()) > size {
            break;
        }
    }
    let repair = Repair::around(problem, &certificate.point, within);
    let exceptions = repair.exceptions(problem, &certificate, imbalance);
    certificate.exceptions = exceptions.ok_or(EnergyError::NotRepaired)?;
    Ok((certificate, repair))
}

/// What the kernel verified of a certificate.
#[derive(Debug, Clone)]
pub struct EnergyProof {
    /// The certificate.
    pub certificate: Certificate,
    /// An upper bound of how much the regularizer exceeds its infimum at the point, rounded up.
    pub gap: f64,
    /// A bound of `|log(balanced cost / cost at the point)|` for every term; `None` where some term is not enclosed.
    pub radius: Option<Rational>,
    /// Is the minimum attained? Proved, or not known.
    pub is_attained: bool,
    /// Is all this about the minimum within the bounds of the certificate, and not about any other?
    pub is_bounded: bool,
    /// Terms of which nothing is said.
    pub not_enclosed: u64,
    /// By variable: a `ρ` with `|log(μ*/μ)| <= ρ`, `μ` the multiplier of the point and `μ*` a balanced one; `None`
    /// where none is known, as for what nothing joins to the ground.
    pub radii: Vec<Option<Number>>,
}

impl EnergyProof {
    /// Makes a certificate for a problem from a computed point, refined by Newton steps so far that it is good for so
    /// many digits, and has the kernel verify it.
    ///
    /// # Errors
    /// [`EnergyError`].
    pub fn find(
        problem: &Problem,
        computed: Vec<Number>,
        newton: &mut Newton,
        digits: u32,
    ) -> Result<Self, EnergyError> {
        let free = Within::default();
        let (certificate, forest) = energy_certificate(problem, computed, newton, digits, &free)?;
        let certified = verify_energy(problem, &certificate)?;
        Ok(Self::of(&certified, &certificate, &forest)?)
    }

    /// The same of the minimum within bounds; steps do not move what is held there.
    ///
    /// # Errors
    /// [`EnergyError`].
    pub fn find_within(
        problem: &Problem,
        computed: Vec<Number>,
        newton: &mut Newton,
        digits: u32,
        within: &Within,
    ) -> Result<Self, EnergyError> {
        // How far multipliers can be is known along paths from the ground, and not from a bound: the forest of the
        // exceptions does not serve.
        let (certificate, _) = energy_certificate(problem, computed, newton, digits, within)?;
        Ok(Self::new(problem, certificate)?)
    }

    /// Has the kernel verify a certificate, and takes from it what it proves.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn new(problem: &Problem, certificate: Certificate) -> Result<Self, Refusal> {
        let certified = verify_energy(problem, &certificate)?;
        let forest = Repair::of(problem, &certificate.point);
        Self::of(&certified, &certificate, &forest)
    }

    fn of(
        certified: &Certified,
        certificate: &Certificate,
        forest: &Repair,
    ) -> Result<Self, Refusal> {
        Ok(EnergyProof {
            gap: rational_to_f64_up(&certified.gap()),
            radius: certified.radius(),
            is_attained: certified.is_attained(),
            is_bounded: certified.is_bounded(),
            not_enclosed: certified.not_enclosed(),
            radii: certified.multiplier_radii(&forest.order())?,
            certificate: certificate.clone(),
        })
    }

    /// How far, relatively, a balanced weight can be from the one at the point, rounded up, for costs `|w|^power`;
    /// `None` where some term is not enclosed, or next to nothing is known.
    ///
    /// `(1 + s)^(1/p) - 1` is at most `s/p` for `p >= 1`, and at most `(s/p)/(1 - s/p)` in any case.
    pub fn weight_radius(&self, power: &Rational) -> Option<f64> {
        let radius = self.radius.as_ref()?;
        let one = Rational::one();
        let rest = &one - radius;
        let share = radius / (rest.is_positive().then_some(rest)? * power);
        let bound = match *power >= one {
            true => share,
            false => {
                let rest = &one - &share;
                share / rest.is_positive().then_some(rest)?
            }
        };
        Some(rational_to_f64_up(&bound))
    }

    /// How far, relatively, a balanced multiplier `μ` can be from that of the point, rounded up; `None` if one has no
    /// bounds.
    pub fn within(&self) -> Option<f64> {
        let radii = self.radii.iter().map(Option::as_ref);
        let radii = radii.collect::<Option<Vec<&Number>>>()?;
        // Numbers over one power of 2.
        let largest = radii.into_iter().max_by_key(|radius| &radius.mantissa);
        let radius = largest.map_or(Some(Rational::zero()), Number::to_rational)?;
        let rest = Rational::one() - &radius;
        rest.is_positive()
            .then(|| rational_to_f64_up(&(radius / rest)))
    }

    /// Is every multiplier enclosed?
    pub fn is_enclosed(&self) -> bool {
        self.radii.iter().all(Option::is_some)
    }

    /// Is the minimum attained, or within bounds, and is every weight, as far as costs go, and every multiplier that is
    /// determined known to so many digits?
    pub fn is_good(&self, digits: u32) -> bool {
        let widest = Number::new(1u32.into(), -(f64::from(digits) * 3.33).ceil() as i64);
        let Some(widest) = widest.to_rational() else {
            return false;
        };
        let is_narrow =
            |radius: &Number| radius.to_rational().is_some_and(|radius| radius <= widest);
        let known = self.radius.as_ref().is_some_and(|radius| *radius <= widest);
        (self.is_attained || self.is_bounded) && known && self.radii.iter().flatten().all(is_narrow)
    }

    /// Bounds on the balanced multiplier `μ` of a variable, as short dyadics; `None` where none are known.
    pub fn bounds(&self, variable: usize) -> Option<(Rational, Rational)> {
        let number = self.certificate.point.get(variable)?;
        let radius = self.radii.get(variable)?.as_ref()?;
        around(number, &radius.to_rational()?)
    }

    /// The multipliers `μ` of the point.
    pub fn multipliers(&self) -> Vec<f64> {
        let point = self.certificate.point.iter();
        point.map(|number| log2(number).exp2()).collect()
    }
}

/// How far, relatively, other weights (one list for each block of the problem) are at most from the balanced ones, for
/// costs `|w|^power`, rounded up. `None` where nothing is proved: a weight that is 0 on one side only, a term that is
/// not enclosed, costs that differ by more than a factor of 2.
///
/// Of a quotient `q` of costs `|q^(1/p) - 1|` is at most `|q - 1|/p` if `p >= 1` and `q >= 1`, and otherwise at most
/// `s/(1 - s)` with `s = |q - 1|/(p · min(q, 1))`.
///
/// # Errors
/// What the kernel refuses.
pub fn distance_to_balance(
    certified: &Certified,
    others: &[Entries],
    power: &Rational,
) -> Result<Option<f64>, Refusal> {
    let Some((low, high)) = certified.factors_from_balance(others)? else {
        return Ok(None);
    };
    let one = Rational::one();
    let bound = |quotient: &Rational| {
        let change = (quotient - &one).abs() / power;
        if *power >= one && *quotient >= one {
            return Some(change);
        }
        let share = change / quotient.min(&one);
        let rest = &one - &share;
        rest.is_positive().then(|| share / rest)
    };
    let bounds = bound(&low).zip(bound(&high));
    Ok(bounds.map(|(low, high)| rational_to_f64_up(&low.max(high))))
}

/// `number · exp(±radius)`, rounded outward to short dyadics.
fn around(number: &Number, radius: &Rational) -> Option<(Rational, Rational)> {
    let value = number.to_rational()?;
    let rest = Rational::one() - radius;
    if !rest.is_positive() {
        return None;
    }
    // Some more significant bits than are known.
    let known = radius.denom().bits().saturating_sub(radius.numer().bits());
    let bits = if radius.is_zero() { 0 } else { known + 32 }.max(96);
    let low = Dyadic::from_rational(&(&value * &rest), bits, Direction::Down)?;
    let high = Dyadic::from_rational(&(value / rest), bits, Direction::Up)?;
    Some((low.to_rational(), high.to_rational()))
}

/// Has the kernel verify a certificate.
///
/// # Errors
/// What the kernel refuses.
pub fn verify_energy<'a>(
    problem: &'a Problem<'a>,
    certificate: &'a Certificate,
) -> Result<Certified<'a>, Refusal> {
    let reader = Reader::new(problem, certificate)?;
    let bands = read_all(&reader)?;
    reader.finish(bands)
}

/// `2^grid · Σ y a` at the point of a certificate.
fn imbalance(problem: &Problem, certificate: &Certificate) -> Result<Vec<Rational>, Refusal> {
    let reader = Reader::new(problem, certificate)?;
    let bands = read_all(&reader)?;
    let found = reader.imbalance(&bands)?;
    let at = |variable: usize| found.get(&variable).cloned().unwrap_or_default();
    Ok((0..problem.variables()).map(at).collect())
}

/// The quotient of a number and a larger one.
fn ratio(value: &Rational, largest: &Rational) -> f64 {
    let magnitude = Wide::from_rational(&value.abs()).ratio(Wide::from_rational(largest));
    if value.is_negative() {
        -magnitude
    } else {
        magnitude
    }
}

fn largest(values: &[Rational]) -> Rational {
    let mut largest = Rational::zero();
    for value in values {
        if value.abs() > largest {
            largest = value.abs();
        }
    }
    largest
}

/// The number with at most so many bits.
fn kept(number: &Number, bits: u64) -> Number {
    let excess = number.mantissa.bits().saturating_sub(bits);
    Number::new(&number.mantissa >> excess, number.exponent + excess as i64)
}

/// `number · exp(step)` with so many bits; `None` unless the step is finite and not too far.
fn moved(number: &Number, step: f64, bits: u64) -> Option<Number> {
    if step == 0.0 {
        return Some(number.clone());
    }
    if !(step.is_finite() && step.abs() < 1.0) {
        return None;
    }
    // The step as an integer over 2^bits, and four terms of the series: each step is far smaller than the one before,
    // and an error only costs a refinement.
    let exact = rational_from_f64(step)?;
    let scaled: BigInt = (exact.numer() << bits) / exact.denom();
    let one = BigInt::from(1) << bits;
    let mut factor = one.clone();
    let mut term = one;
    for order in 1..=16 {
        term = ((term * &scaled) >> bits) / order;
        if term.is_zero() {
            break;
        }
        factor += &term;
    }
    let mantissa: BigUint = &number.mantissa * factor.to_biguint()?;
    let exponent = number.exponent - bits as i64;
    Some(kept(&Number::new(mantissa, exponent), bits))
}
