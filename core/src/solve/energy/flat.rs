//! Energy certificates of networks, from a solution of their flat problem.

use super::{EnergyError, EnergyProof, Within, prove_within};
use crate::kernel::Problem;
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, Wide};
use crate::solve::floats::{in_memory, over_floats};
use crate::solve::linear_system::LinearSystem;
use crate::solve::{Balancing, Solution};
use num_traits::Signed;
use synaptic_balance_kernel::{Number, Problem as ExactProblem};

/// The number in those of a certificate.
fn number(value: &Wide) -> Option<Number> {
    let rational = value.to_rational()?;
    let exponent = i64::try_from(rational.denom().bits()).ok()? - 1;
    rational
        .is_positive()
        .then(|| Number::new(rational.numer().magnitude().clone(), -exponent))
}

/// The problem of a network as the kernel reads it: over floats, where its weights are some.
fn with_problem<T>(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    prove: impl FnOnce(&ExactProblem) -> Result<T, EnergyError>,
) -> Result<T, EnergyError> {
    let exact = network.energy_problem(regularizer)?;
    let floats = in_memory(network.counted_weights().iter());
    let over = floats.as_ref();
    let over = over.and_then(|floats| over_floats(&exact, floats));
    prove(&over.unwrap_or(exact))
}

/// Has the kernel verify how near computed multipliers `μ` are to the minimum within bounds, refined by Newton steps to
/// so many digits.
///
/// # Errors
/// [`EnergyError`].
pub fn prove_network_within(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    multipliers: &[Wide],
    within: &Within,
    digits: u32,
) -> Result<EnergyProof, EnergyError> {
    let multipliers: Vec<f64> = multipliers.iter().map(|mu| mu.to_f64()).collect();
    let found = with_problem(network, regularizer, |problem| {
        prove_within(problem, &multipliers, within, digits)
    })?;
    match found.is_good(digits) {
        true => Ok(found),
        false => Err(EnergyError::TooCoarse(digits)),
    }
}

/// Has the kernel verify how near a solution is, refined by Newton steps to so many digits. The minimum must be
/// attained.
///
/// # Errors
/// [`EnergyError`].
pub fn prove_network(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    flat: &Problem,
    solution: &Solution,
    digits: u32,
) -> Result<EnergyProof, EnergyError> {
    let state = Balancing::at(flat, &solution.multipliers);
    let mut system = LinearSystem::new(flat, &state).map_err(|_| EnergyError::NotRefined)?;
    let computed = solution.multipliers.iter().map(number);
    let computed = computed.collect::<Option<Vec<Number>>>();
    let computed = computed.ok_or(EnergyError::NotRefined)?;
    let diagonal = system.diagonal(&state);
    let variables = system.variables().to_vec();
    let mut newton = |side: &[f64], scale: Wide| {
        let rows = variables.iter().zip(&diagonal);
        // All factors at once: a small part of the largest residual may be a large part of its own costs.
        let rows = rows.map(|(variable, diagonal)| {
            let size = (Wide::from_f64(side[*variable].abs()) * scale).ratio(*diagonal);
            size.copysign(side[*variable])
        });
        let rows: Vec<f64> = rows.collect();
        let are_finite = rows.iter().all(|entry| entry.is_finite());
        let solved = are_finite.then(|| system.solve(&rows))??;
        let mut step = vec![0.0; side.len()];
        for (variable, entry) in variables.iter().zip(solved) {
            step[*variable] = entry;
        }
        Some(step)
    };
    with_problem(network, regularizer, |problem| {
        EnergyProof::find(problem, computed, &mut newton, digits)
    })
}
