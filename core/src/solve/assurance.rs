//! What is proved of a solution: by comparison, or by an energy certificate.

use super::certify::{MAX_DIGITS, certify_limit_refined, certify_refined};
use super::compare::total_cost;
use super::energy::{EnergyError, EnergyProof, Within, prove_network, prove_network_within};
use super::linear_system::{LinearSystem, Unsolvable};
use super::pipeline::{AGREEMENT, Balance, CrossCheck, Method, Options, Outcome};
use super::{Balancing, CertifyError, Existence, Restriction, Solution};
use crate::kernel::{Enclosed, Problem, Verified};
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, Wide};
use synaptic_balance_kernel::Number;

/// Digits certified where two methods do not agree and no certificate was asked for.
const DIGITS: u32 = 12;

/// Up to so many synapses enclosures by comparison are sought: beyond, they take minutes.
const COMPARED: usize = 1 << 14;

/// Up to so many synapses an energy certificate is sought without being asked for: of a list of exact weights it takes
/// minutes beyond.
const PROVED_UNASKED: usize = 1 << 17;

/// Verified bounds, and the point that they are around.
type Refined = (Verified<Enclosed>, Vec<Rational>);

impl Balance {
    /// `reduced` is the problem without the synapses that vanish.
    pub(super) fn certify(
        &mut self,
        named: (&Network<Rational>, &Regularizer),
        reduced: &Problem,
        options: &Options,
        progress: &mut dyn FnMut(&str, f64),
    ) {
        let Some(solution) = &self.solution else {
            return;
        };
        let agree = self.cross_check.as_ref().is_some_and(CrossCheck::agrees);
        let is_large = self.problem.synapses().len() > COMPARED;
        // Two methods that stop at the same small deficit can both be far from the optimum.
        let settled =
            agree && (is_large || reach(reduced, solution).is_none_or(|reach| reach <= AGREEMENT));
        let digits = match options.certify {
            Some(digits) => digits,
            None if settled || self.problem.synapses().len() > PROVED_UNASKED => return,
            None => DIGITS,
        };
        progress("certifying", solution.deficit);
        let has_energy = self.existence.is_attained()
            && self.problem.variables() > 0
            && (1..=MAX_DIGITS).contains(&digits);
        let proof = match has_energy {
            true => self.energy_proof(named, digits),
            false => None,
        };
        let is_enclosed = proof.as_ref().is_some_and(EnergyProof::is_enclosed);
        let is_too_much = is_large && options.certify.is_none();
        if !(is_enclosed || is_too_much) {
            match self.enclose(digits) {
                Some(Ok((enclosed, point))) => {
                    self.enclosure = Some(Ok(enclosed));
                    self.take(reduced, &point, options);
                    return;
                }
                Some(Err(fault)) if proof.is_none() => self.enclosure = Some(Err(fault)),
                _ => {}
            }
        }
        if let Some(proof) = proof {
            let point = proof.certificate.point.iter().map(Number::to_rational);
            if let Some(point) = point.collect::<Option<Vec<Rational>>>() {
                self.take(reduced, &point, options);
                self.energy = Some(proof);
            }
        }
    }

    /// Has the kernel verify the minimum within bounds, if digits were asked for: of the whole problem, and not of
    /// multipliers that were rounded.
    pub(super) fn certify_within(
        &mut self,
        (network, regularizer): (&Network<Rational>, &Regularizer),
        options: &Options,
        progress: &mut dyn FnMut(&str, f64),
    ) {
        let (Some(Restriction::Within(bound)), Some((restricted, _)), Some(digits)) =
            (&options.restriction, &self.restricted, options.certify)
        else {
            return;
        };
        if self.outcome == Outcome::Limit || self.problem.variables() == 0 {
            return;
        }
        progress("certifying", restricted.residual);
        let mut held = vec![0i8; restricted.multipliers.len()];
        for variable in &restricted.at_bound {
            held[*variable] = match restricted.multipliers[*variable] > Wide::ONE {
                true => 1,
                false => -1,
            };
        }
        let within = Within::scaling(bound, &self.power, &held);
        let prove = |within: Within| {
            let multipliers = &restricted.multipliers;
            prove_network_within(network, regularizer, multipliers, &within, digits)
        };
        self.bounded = Some(within.map_or(Err(EnergyError::NotRefined), prove));
    }

    /// Bounds by comparison, with the point that they are around.
    fn enclose(&self, digits: u32) -> Option<Result<Refined, CertifyError>> {
        let solution = self.solution.as_ref()?;
        Some(match &self.existence {
            Existence::Attained(_) => certify_refined(&self.problem, solution, digits),
            Existence::NotAttained(claim) => {
                certify_limit_refined(&self.problem, claim.data(), solution, digits)
            }
        })
    }

    /// An energy certificate that is good for so many digits, verified.
    fn energy_proof(
        &self,
        (network, regularizer): (&Network<Rational>, &Regularizer),
        digits: u32,
    ) -> Option<EnergyProof> {
        let solution = self.solution.as_ref()?;
        let found = prove_network(network, regularizer, &self.problem, solution, digits);
        let found = found.ok();
        found.filter(|proof| proof.is_good(digits))
    }

    /// Puts the point that certifying refined the solution to in its place.
    fn take(&mut self, reduced: &Problem, point: &[Rational], options: &Options) {
        // What the paper's algorithm comes to is reported as it is.
        if matches!(options.method, Method::Stochastic | Method::Sweep) {
            return;
        }
        if let Some(solution) = &mut self.solution {
            solution.multipliers = point.iter().map(Wide::from_rational).collect();
            solution.deficit = Balancing::at(reduced, &solution.multipliers).max_deficit();
            self.regularizer_after = Some(total_cost(reduced, Some(&solution.multipliers)));
        }
    }
}

/// How far, relatively, a solution can be from the optimum with the deficit that it has and the rounding of `f64`, to
/// first order; infinite where the Newton system is singular in `f64`, `None` where it is too large.
fn reach(problem: &Problem, solution: &Solution) -> Option<f64> {
    let state = Balancing::at(problem, &solution.multipliers);
    let system = match LinearSystem::new(problem, &state) {
        Err(Unsolvable::TooLarge(_)) => return None,
        system => system.ok(),
    };
    let highest = system.map_or(f64::INFINITY, |mut system| system.reach());
    Some(highest * (solution.deficit + 8.0 * f64::EPSILON))
}
