//! What a balancing found, read off.

use num_traits::Zero;

use super::ExistenceClaim;
use super::gauge::Gauge;
use super::pipeline::{AGREEMENT, Balance, Method, Outcome};
use crate::kernel::{Balanced, Enclosed, Problem};
use crate::network::Network;
use crate::numbers::{Enclosure, Rational, Wide, rational_from_f64, rational_to_f64_up};

/// Bits of the enclosures behind [`Balance::certified_distance`].
const BITS: u64 = 256;

/// What a [`Balance`] has verified of the problem that it was asked about.
#[derive(Debug, Clone, Copy)]
pub struct Proved<'a> {
    /// Whether the minimum is attained.
    pub existence: ExistenceClaim<'a>,
    /// Enclosures of the balanced multipliers, of the limit if synapses vanish.
    pub enclosed: Option<&'a Enclosed>,
    /// Exact multipliers, of the limit if synapses vanish.
    pub exact: Option<&'a Balanced>,
}

impl Balance {
    /// What was verified, if it was verified of this problem: of no other may it be reported.
    pub fn proved_about(&self, problem: &Problem) -> Option<Proved<'_>> {
        let enclosed = self
            .enclosure
            .as_ref()
            .and_then(|found| found.as_ref().ok());
        Some(Proved {
            existence: self.existence.claim_about(problem)?,
            enclosed: enclosed.and_then(|enclosed| enclosed.claim_about(problem)),
            exact: self
                .exact
                .as_ref()
                .and_then(|exact| exact.claim_about(problem)),
        })
    }

    /// Units whose multiplier is determined only up to a factor, which others may share: for each variable, whether
    /// some scaling changes it without changing any weight of the result.
    pub fn undetermined(&self) -> Vec<bool> {
        let rest = self.problem.without(self.vanished());
        Gauge::of(&rest).undetermined()
    }

    /// Verified bounds of the balanced multipliers `μ*`, by comparison or by an energy certificate; `None` where one
    /// has none.
    pub fn bounds(&self) -> Option<Enclosed> {
        if let Some(Ok(enclosed)) = &self.enclosure {
            return enclosed.claim_about(&self.problem).cloned();
        }
        let proof = self.energy.as_ref()?;
        let bounds = (0..self.problem.variables()).map(|variable| proof.bounds(variable));
        let (lower, upper) = bounds.collect::<Option<Vec<_>>>()?.into_iter().unzip();
        Some(Enclosed {
            lower,
            upper,
            normalised: vec![false; self.problem.variables()],
            ..Enclosed::default()
        })
    }

    /// How far the multipliers `Λ`, as `f64`, can be from the balanced ones, relatively: an upper bound by the verified
    /// enclosure, in exact arithmetic and rounded up. `None` without an enclosure, or where a multiplier has no `f64`.
    pub fn certified_distance(&self) -> Option<f64> {
        let enclosed = self.bounds()?;
        let root = self.power.recip();
        let power = |end| Enclosure::from_rational(end, 4 * BITS)?.power(&root, BITS);
        let mut largest = Rational::zero();
        let bounds = enclosed.lower.iter().zip(&enclosed.upper);
        for (computed, (lower, upper)) in self.optimal_multipliers().into_iter().zip(bounds) {
            let computed = rational_from_f64(computed.to_f64()).filter(|value| !value.is_zero())?;
            let (lower, upper) = (
                power(lower)?.lo().to_rational(),
                power(upper)?.hi().to_rational(),
            );
            for distance in [&computed - &lower, upper - &computed] {
                largest = largest.max(distance / &lower);
            }
        }
        Some(rational_to_f64_up(&largest))
    }

    /// Why not everything that was asked for was verified; `None` if it was.
    pub fn incomplete(&self, method: Method) -> Option<String> {
        if self.outcome == Outcome::NotAttained {
            return Some("the minimum is not attained and the limit was not asked for".into());
        }
        if method == Method::Exact && self.exact.is_none() {
            return Some("no rational multipliers were found".into());
        }
        match &self.bounded {
            Some(Ok(_)) => return None,
            Some(Err(fault)) => return Some(format!("within the bound: {fault}")),
            None => {}
        }
        let is_proved = matches!(&self.enclosure, Some(Ok(_))) || self.energy.is_some();
        // The bounds are not about where the paper's algorithm stopped.
        let is_own = matches!(method, Method::Stochastic | Method::Sweep);
        match &self.enclosure {
            Some(Err(failure)) => return Some(failure.to_string()),
            _ if !is_proved => {}
            _ => match self.certified_distance() {
                Some(distance) if distance > AGREEMENT => {
                    return Some(format!(
                        "the multipliers may be {distance:.1e} away from the balanced ones, which the enclosure holds: small \
                         deficits say little in a network nearly cut off from its visible units"
                    ));
                }
                None if is_own => {}
                _ => return None,
            },
        }
        let cross_check = self.cross_check.as_ref();
        if cross_check.is_some_and(|cross| cross.unfinished.is_some()) {
            // It is left open, and nothing else was proved.
            let reason =
                "a small deficit says little in a network nearly cut off from its visible units";
            return Some(reason.into());
        }
        match cross_check.map(|cross| &cross.max_relative_difference) {
            Some(Ok(difference)) if *difference <= AGREEMENT => None,
            Some(Ok(_)) => Some("the two methods disagree".into()),
            Some(Err(failure)) => Some(failure.to_string()),
            None => Some("there was no cross-check".into()),
        }
    }

    /// The multipliers `Λ` of weights, one for each variable, restricted if that was asked for; empty if there is no
    /// solution.
    pub fn multipliers(&self) -> Vec<Wide> {
        match &self.restricted {
            Some((restricted, _)) if restricted.rounding.is_some() => {
                let own = self.of_weights(&restricted.multipliers).into_iter();
                own.map(nearest_power_of_two).collect()
            }
            Some((restricted, _)) => self.of_weights(&restricted.multipliers),
            None => self.optimal_multipliers(),
        }
    }

    /// The synapses whose weights are 0 in the result: those that vanish, if the limit was gone to.
    pub fn vanished(&self) -> &[usize] {
        match self.outcome {
            Outcome::Limit => self.existence.vanishing(),
            _ => &[],
        }
    }

    fn optimal_multipliers(&self) -> Vec<Wide> {
        let solution = self.solution.as_ref();
        self.of_weights(solution.map_or(&[], |solution| &solution.multipliers))
    }

    fn of_weights(&self, multipliers: &[Wide]) -> Vec<Wide> {
        let power = self.power.recip();
        multipliers.iter().map(|mu| mu.power(&power)).collect()
    }

    /// The multiplier `Λ` of every unit of the network that was balanced, as `f64`; that of its value for a product, 1
    /// where it cannot be scaled.
    pub fn by_unit(&self, network: &Network<Rational>) -> Vec<f64> {
        let multipliers = self.multipliers();
        let power = |(variable, exponent): (usize, Rational)| {
            let multiplier = multipliers.get(variable);
            multiplier.map_or(Wide::ONE, |value| value.power(&exponent))
        };
        let of = |unit| match network.variable(unit) {
            Some(variable) => power((variable, network.exponent(unit))).to_f64(),
            None if network.factors(unit).is_empty() => 1.0,
            None => {
                let factors = network.form(unit).into_iter().map(power);
                factors
                    .fold(Wide::ONE, |product, factor| product * factor)
                    .to_f64()
            }
        };
        (0..network.units()).map(of).collect()
    }

    /// By how much, relatively, the restriction raises the regularizer above its minimum.
    pub fn price(&self) -> Option<f64> {
        let (_, restricted) = self.restricted.as_ref()?;
        Some((restricted.ratio(self.regularizer_after?) - 1.0).max(0.0))
    }

    /// Is there a solution?
    pub fn is_solved(&self) -> bool {
        self.solution.is_some() || self.restricted.is_some()
    }

    /// The balanced weights, 0 where they vanish; `None` without a solution.
    ///
    /// # Errors
    /// The index of the first synapse whose weight is outside the range in which `f64` has its full precision.
    pub fn weights(&self, network: &Network<Rational>) -> Option<Result<Vec<f64>, usize>> {
        let weights = self.wide_weights(network)?.into_iter().enumerate();
        let plain = weights.map(|(synapse, (is_negative, magnitude))| {
            let value = magnitude.to_f64();
            let is_held = value.is_finite() && value >= f64::MIN_POSITIVE || magnitude.is_zero();
            match (is_held, is_negative) {
                (false, _) => Err(synapse),
                (true, true) => Ok(-value),
                (true, false) => Ok(value),
            }
        });
        Some(plain.collect())
    }

    /// The same weights, in a range that holds them all: is each negative, and its magnitude.
    pub fn wide_weights(&self, network: &Network<Rational>) -> Option<Vec<(bool, Wide)>> {
        let multipliers = self.multipliers();
        if !self.is_solved() {
            return None;
        }
        let weights = (0..network.synapses()).map(|synapse| {
            if self.vanished().binary_search(&synapse).is_ok() {
                return (false, Wide::ZERO);
            }
            let weight = network.weight(synapse);
            let scaled = network
                .direction(synapse)
                .into_iter()
                .fold(Wide::from(weight), |value, (variable, exponent)| {
                    value * multipliers[variable].power(&exponent)
                });
            (num_traits::Signed::is_negative(weight), scaled)
        });
        Some(weights.collect())
    }
}

/// A root of a cost is a power of two up to its rounding, and is meant to be one.
fn nearest_power_of_two(value: Wide) -> Wide {
    let exponent = (value.ln() / std::f64::consts::LN_2).round();
    Wide::from_f64(2.0).power(&Rational::from_integer((exponent as i64).into()))
}
