//! Balancing one unit (Theorem 3.1 of the paper), exactly where that is possible.

use num_traits::{One, Signed, ToPrimitive};
use thiserror::Error;

use super::{Network, Penalty, Regularizer, UnitIndex, UnitKind};
use crate::kernel::{Cost, Priced, Problem};
use crate::numbers::{Enclosure, Order, Rational, Wide, nth_root, rational_power, sum};

/// The multiplier that balances a unit, said exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Multiplier {
    /// This rational, exactly.
    Rational(Rational),
    /// The positive irrational number `λ` with `λ^degree = ratio`.
    Irrational {
        /// The right-hand side; `B/A` for a BiLU under `L_p`.
        ratio: Rational,
        /// The power; `2p` for a BiLU under `L_p`.
        degree: Rational,
    },
    /// A number proved to lie between two rationals: costs are irrational, or several powers meet.
    Enclosed {
        /// The lower bound.
        lower: Rational,
        /// The upper bound.
        upper: Rational,
    },
}

/// What balancing a unit does to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitBalance {
    /// `A` before balancing, where it is rational. For a mixture and a BiPU the terms are weighted by their
    /// exponents, so that balance is always `A = B`.
    pub input_cost: Option<Rational>,
    /// `B` before balancing, where it is rational.
    pub output_cost: Option<Rational>,
    /// The multiplier of weights, `λ*`.
    pub multiplier: Multiplier,
    /// The multiplier of costs, `μ* = λ*^p` (`λ*` itself for a mixture): for a BiLU under `L_p` it needs only
    /// one square root.
    pub cost_multiplier: Multiplier,
}

/// Why a unit cannot be balanced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BalanceError {
    /// The unit is visible, or its activation is not homogeneous, or a tie fixes it.
    #[error("unit `{0}` cannot be scaled")]
    NotScalable(String),
    /// A BiPU of degree 0 or below: output costs do not fall as the multiplier grows, and no minimum exists.
    #[error("unit `{0}` has a degree of 0 or below: no multiplier balances it")]
    Degree(String),
    /// Under a general penalty, a unit that a product reads.
    #[error("unit `{0}` is a factor of a product: only sums of powers are balanced there")]
    Factor(String),
    /// `A = 0`: the minimum lies at an infinite multiplier, unless `B = 0` too.
    #[error("unit `{0}` has no input cost: no multiplier balances it")]
    NoInputCost(String),
    /// `B = 0`: the minimum lies at multiplier 0.
    #[error("unit `{0}` has no output cost: no multiplier balances it")]
    NoOutputCost(String),
    /// Neither, or only the unit's self-connection: every multiplier balances it.
    #[error("unit `{0}` has neither input nor output cost: every multiplier balances it")]
    NoCost(String),
    /// The enclosure could not be narrowed; costs of extreme size.
    #[error("the multiplier of unit `{0}` could not be enclosed")]
    NotEnclosed(String),
}

/// A summand of one side at multiplier 1: its exponent in `μ`, positive, and its cost.
type Summand<'a> = (Rational, &'a Cost);

impl Network<Rational> {
    /// The balancing multiplier of a unit, together with all units tied to it; where the tie has exponents, that of its
    /// first unit.
    ///
    /// Statement: `R` as a function of `λ` is `λ^p A + λ^-p B` plus a constant; its minimum is at
    /// `λ* = (B/A)^(1/2p)`, where both costs become `sqrt(AB)`. Paper: Theorem 3.1. For a BiPU of degree `c > 0`
    /// balance is `A = c B` (ours). Self-connections of a BiLU are in neither sum (E4).
    ///
    /// # Errors
    /// [`BalanceError`].
    ///
    /// ```
    /// use synaptic_balance::network::{chain, Multiplier, Regularizer};
    /// use synaptic_balance::numbers::parse_rational as q;
    /// let network = chain(&[q("1").unwrap(), q("3").unwrap()]);
    /// let found = network.balance_unit(1, &Regularizer::l2()).unwrap();
    /// assert_eq!(found.cost_multiplier, Multiplier::Rational(q("3").unwrap()));
    /// let equation = Multiplier::Irrational { ratio: q("9").unwrap(), degree: q("4").unwrap() };
    /// assert_eq!(found.multiplier, equation);
    /// ```
    pub fn balance_unit(
        &self,
        unit: UnitIndex,
        regularizer: &Regularizer,
    ) -> Result<UnitBalance, BalanceError> {
        let id = || self.unit(unit).id.clone();
        let variable = self
            .variable(unit)
            .ok_or_else(|| BalanceError::NotScalable(id()))?;
        let problem = self.problem(regularizer);
        balance_variable(&summands(&problem)[variable], regularizer)
            .map_err(|fault| self.named(fault(id()), variable))
    }

    /// A missing output cost is blamed on the degree where that is the cause.
    fn named(&self, fault: BalanceError, variable: usize) -> BalanceError {
        match fault {
            BalanceError::NoOutputCost(id) if self.has_degree_below_zero(variable) => {
                BalanceError::Degree(id)
            }
            other => other,
        }
    }

    fn has_degree_below_zero(&self, variable: usize) -> bool {
        let degrees = self
            .members(variable)
            .iter()
            .filter_map(|unit| self.unit(*unit).activation.degree());
        degrees.into_iter().any(|degree| !degree.is_positive())
    }

    /// [`balance_unit`](Self::balance_unit) of every variable, each from the weights as they are; linear in the
    /// number of synapses.
    pub fn balance_each(
        &self,
        regularizer: &Regularizer,
    ) -> Vec<Result<UnitBalance, BalanceError>> {
        let problem = self.problem(regularizer);
        let sides = summands(&problem).into_iter().enumerate();
        sides
            .map(|(variable, sides)| {
                let name = || self.variable_name(variable);
                balance_variable(&sides, regularizer)
                    .map_err(|fault| self.named(fault(name()), variable))
            })
            .collect()
    }

    /// The balancing multiplier of a hidden BiLU or BiPU unit under any [`Penalty`]; in `f64`.
    ///
    /// # Errors
    /// As [`balance_unit`](Self::balance_unit).
    pub fn balance_unit_general(
        &self,
        unit: UnitIndex,
        penalty: &dyn Penalty,
    ) -> Result<f64, BalanceError> {
        let id = || self.unit(unit).id.clone();
        let degree = self.unit(unit).activation.degree();
        let scalable = self.unit(unit).kind == UnitKind::Hidden;
        let degree = degree
            .filter(|_| scalable)
            .ok_or_else(|| BalanceError::NotScalable(id()))?;
        if !degree.is_positive() {
            return Err(BalanceError::Degree(id()));
        }
        if self
            .products()
            .iter()
            .any(|z| self.factors(*z).contains(&unit))
        {
            return Err(BalanceError::Factor(id()));
        }
        let weights = |direction| -> Vec<f64> {
            let synapses = self.synapses_of(unit, direction).into_iter();
            let others = synapses.filter(|synapse| self.endpoints(*synapse) != (unit, unit));
            let weights =
                others.map(|synapse| crate::numbers::rational_to_f64(self.weight(synapse)));
            weights.filter(|weight| *weight != 0.0).collect()
        };
        let (input, output) = (
            weights(petgraph::Direction::Incoming),
            weights(petgraph::Direction::Outgoing),
        );
        balance_general(
            penalty,
            &input,
            &output,
            crate::numbers::rational_to_f64(&degree),
        )
        .ok_or_else(|| match (input.is_empty(), output.is_empty()) {
            (true, true) => BalanceError::NoCost(id()),
            (true, false) => BalanceError::NoInputCost(id()),
            (false, true) => BalanceError::NoOutputCost(id()),
            (false, false) => BalanceError::NotEnclosed(id()),
        })
    }
}

type TwoSides<'a> = (Vec<Summand<'a>>, Vec<Summand<'a>>);

/// The summands of both sides of every variable.
fn summands(problem: &Problem) -> Vec<TwoSides<'_>> {
    let mut sides: Vec<TwoSides<'_>> = vec![(Vec::new(), Vec::new()); problem.variables()];
    for synapse in problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active())
    {
        for (variable, exponent) in &synapse.direction {
            let (input, output) = &mut sides[*variable];
            let side = if exponent.is_positive() {
                input
            } else {
                output
            };
            side.extend(
                synapse
                    .costs
                    .iter()
                    .map(|cost| (exponent.abs() * &cost.exponent, cost)),
            );
        }
    }
    sides
}

/// The error lacks only the name of the unit.
fn balance_variable(
    (input, output): &TwoSides<'_>,
    regularizer: &Regularizer,
) -> Result<UnitBalance, fn(String) -> BalanceError> {
    match (input.is_empty(), output.is_empty()) {
        (true, true) => return Err(BalanceError::NoCost),
        (true, false) => return Err(BalanceError::NoInputCost),
        (false, true) => return Err(BalanceError::NoOutputCost),
        (false, false) => {}
    }
    let (input_cost, output_cost) = (exact_side(input), exact_side(output));
    let power = regularizer.variable_power();
    let exponents = common_exponent(input).zip(common_exponent(output));
    let sides = input_cost.as_ref().zip(output_cost.as_ref());
    let (multiplier, cost_multiplier) = match (exponents, sides) {
        (Some((a, b)), Some((input, output))) => {
            let ratio = output / input;
            let weights = root(&ratio, &power * (&a + &b));
            let costs = root(&ratio, a + b);
            weights
                .zip(costs)
                .ok_or(BalanceError::NotEnclosed as fn(String) -> _)?
        }
        _ => {
            let enclosed =
                enclose(input, output).ok_or(BalanceError::NotEnclosed as fn(String) -> _)?;
            let root = enclosed_root(&enclosed, &power);
            (
                root.ok_or(BalanceError::NotEnclosed as fn(String) -> _)?,
                enclosed,
            )
        }
    };
    Ok(UnitBalance {
        input_cost,
        output_cost,
        multiplier,
        cost_multiplier,
    })
}

fn exact_side(side: &[Summand]) -> Option<Rational> {
    let terms = side
        .iter()
        .map(|(exponent, cost)| Some(exponent * cost.exact()?));
    Some(sum(&terms.collect::<Option<Vec<_>>>()?))
}

fn common_exponent(side: &[Summand]) -> Option<Rational> {
    let (first, _) = side.first()?;
    side.iter()
        .all(|(exponent, _)| exponent == first)
        .then(|| first.clone())
}

/// `ratio^(1/degree)`. With `degree = n/d` in lowest terms it is rational iff the ratio is an `n`-th power.
fn root(ratio: &Rational, degree: Rational) -> Option<Multiplier> {
    let exponent = degree.recip();
    if let Some(value) = rational_power(ratio, &exponent) {
        return Some(Multiplier::Rational(value));
    }
    match nth_root(ratio, degree.numer().to_u32()?) {
        None => Some(Multiplier::Irrational {
            ratio: ratio.clone(),
            degree,
        }),
        // Rational, but too long to be written out.
        Some(_) => {
            let enclosed = Enclosure::from_rational(ratio, BITS)?.power(&exponent, BITS)?;
            let (lower, upper) = (enclosed.lo().to_rational(), enclosed.hi().to_rational());
            Some(Multiplier::Enclosed { lower, upper })
        }
    }
}

/// Bits of the enclosures that prove an [`Multiplier::Enclosed`].
const BITS: u64 = 192;

/// The floating-point root, widened until the signs at both ends are proved.
fn enclose(input: &[Summand], output: &[Summand]) -> Option<Multiplier> {
    let wide = |side: &[Summand]| -> Vec<(f64, Wide)> {
        let term = |(exponent, cost): &Summand| {
            let value = Wide::from(&cost.coefficient) * Wide::from(&cost.base).power(&cost.power);
            (crate::numbers::rational_to_f64(exponent), value)
        };
        side.iter().map(term).collect()
    };
    let root = Wide::exp(balancing_log(&wide(input), &wide(output))?).to_rational()?;
    let mut width = Rational::new(1.into(), (1i64 << 45).into());
    for _ in 0..8 {
        let (lower, upper) = (
            &root * (Rational::one() - &width),
            &root * (Rational::one() + &width),
        );
        let below = sides_at(&lower, input, output)?;
        let above = sides_at(&upper, input, output)?;
        if below.0.order(&below.1)? == Order::AtMost && above.1.order(&above.0)? == Order::AtMost {
            return Some(Multiplier::Enclosed { lower, upper });
        }
        width *= Rational::from_integer(8.into());
    }
    None
}

/// `(A, B)` at a multiplier, enclosed.
fn sides_at(
    at: &Rational,
    input: &[Summand],
    output: &[Summand],
) -> Option<(Enclosure, Enclosure)> {
    let at = Enclosure::from_rational(at, BITS)?;
    let side = |terms: &[Summand], sign: i32| {
        terms
            .iter()
            .try_fold(Enclosure::zero(), |total, (exponent, cost)| {
                let power = at.power(&(exponent * Rational::from_integer(sign.into())), BITS)?;
                let term =
                    Enclosure::from_rational(exponent, BITS)?.mul(&cost.enclosed(BITS)?, BITS)?;
                total.add(&term.mul(&power, BITS)?, BITS)
            })
    };
    Some((side(input, 1)?, side(output, -1)?))
}

/// The enclosure of `Λ` from that of `μ = Λ^power`.
fn enclosed_root(enclosed: &Multiplier, power: &Rational) -> Option<Multiplier> {
    let Multiplier::Enclosed { lower, upper } = enclosed else {
        return None;
    };
    let end = |value| Enclosure::from_rational(value, BITS)?.power(&power.recip(), BITS);
    let (lower, upper) = (
        end(lower)?.lo().to_rational(),
        end(upper)?.hi().to_rational(),
    );
    Some(Multiplier::Enclosed { lower, upper })
}

/// The `s` with `Σ_in a C e^{as} = Σ_out b D e^{-bs}`, for `(a, C)` in `input` and `(b, D)` in `output`; `None` if
/// a side is zero. Computed in `f64`.
///
/// The logarithm of the quotient of both sides grows with a slope of at least `min a + min b`, so safeguarded
/// Newton steps find the root; one step does if all exponents of a side are equal.
pub fn balancing_log(input: &[(f64, Wide)], output: &[(f64, Wide)]) -> Option<f64> {
    let side = |terms: &[(f64, Wide)], s: f64| {
        let mut total = Wide::ZERO;
        let mut slope = Wide::ZERO;
        for (exponent, cost) in terms {
            let value = *cost * Wide::from_f64(*exponent) * Wide::exp(exponent * s);
            total = total + value;
            slope = slope + value * Wide::from_f64(exponent.abs());
        }
        (total, slope)
    };
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut s = 0.0f64;
    for _ in 0..200 {
        let (a, a_slope) = side(input, s);
        let (b, b_slope) = side(output, -s);
        if a.is_zero() || b.is_zero() {
            return None;
        }
        let difference = a.ln() - b.ln();
        if difference > 0.0 {
            high = high.min(s)
        } else {
            low = low.max(s)
        }
        let newton = s - difference / (a_slope.ratio(a) + b_slope.ratio(b));
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - s).abs() <= 1e-16 * s.abs().max(1.0) || !next.is_finite() {
            return Some(if next.is_finite() { next } else { s });
        }
        s = next;
    }
    Some(s)
}

/// A multiplier `λ` that balances weights under any penalty: a root of the consistency equation
/// `λ Σ_IN w g'(λw) = c λ^-c Σ_OUT w g'(λ^-c w)`, in `f64`. Paper: Theorem 3.1, general regularizer.
///
/// `input` and `output` are the non-zero weights, without self-connections; `degree` is `c`, 1 for a BiLU. The
/// root is bracketed and `R` falls on its left and rises on its right: a local minimum, and the only one if
/// `t -> g(exp t)` is convex; E2 shows that it need not be. `None` if a side is empty, `degree <= 0`, or no
/// bracket is found for `λ` between `2^-1000` and `2^1000`.
///
/// ```
/// use synaptic_balance::network::{balance_general, Regularizer};
/// let multiplier = balance_general(&Regularizer::l2(), &[4.0], &[1.0], 1.0).unwrap();
/// assert!((multiplier - 0.5).abs() < 1e-14);
/// ```
pub fn balance_general(
    penalty: &dyn Penalty,
    input: &[f64],
    output: &[f64],
    degree: f64,
) -> Option<f64> {
    let positive = degree > 0.0;
    if input.is_empty() || output.is_empty() || !positive {
        return None;
    }
    let slope = |log: f64| {
        let sum = |weights: &[f64], factor: f64| -> f64 {
            weights
                .iter()
                .map(|w| factor * w * penalty.derivative(factor * w))
                .sum()
        };
        sum(input, log.exp2()) - degree * sum(output, (-degree * log).exp2())
    };
    let mut reach = 1.0;
    while slope(-reach).partial_cmp(&0.0)?.is_ge() || slope(reach).partial_cmp(&0.0)?.is_le() {
        reach *= 2.0;
        if reach > 1000.0 {
            return None;
        }
    }
    let (mut low, mut high) = (-reach, reach);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            high = middle
        } else {
            low = middle
        }
    }
    Some((0.5 * (low + high)).exp2())
}
