//! Energy certificates of networks, from a solution of their flat problem.

use super::{EnergyError, EnergyProof};
use crate::kernel::Problem;
use crate::network::{Network, Regularizer};
use crate::numbers::{Rational, Wide};
use crate::solve::floats::{in_memory, over_floats};
use crate::solve::newton::LinearSystem;
use crate::solve::{Balancing, Solution};
use num_traits::Signed;
use synaptic_balance_kernel::Number;

/// The number in those of a certificate.
fn number(value: &Wide) -> Option<Number> {
    let rational = value.to_rational()?;
    let exponent = i64::try_from(rational.denom().bits()).ok()? - 1;
    rational
        .is_positive()
        .then(|| Number::new(rational.numer().magnitude().clone(), -exponent))
}

/// Has the kernel verify how near a solution is, refined by Newton steps to so many digits. The minimum must be attained.
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
    let exact = network.energy_problem(regularizer)?;
    let floats = in_memory(network.counted_weights().iter());
    let problem = match floats
        .as_ref()
        .and_then(|floats| over_floats(&exact, floats))
    {
        Some(problem) => problem,
        None => exact,
    };
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
    EnergyProof::find(&problem, computed, &mut newton, digits)
}
