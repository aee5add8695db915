//! Gradients, gradient steps and stationary points.
//!
//! Throughout, `Σ_IN` and `Σ_OUT` run over the parameters a unit's scaling multiplies and divides,
//! each with the size of its exponent: 1, except that the outgoing weights of a BiPU unit of
//! degree `c` count `c` times. In a run from symbolic initial states, a unit's initial state is
//! one of its incoming parameters.

use crate::symbolic::{
    AlgebraError, Architecture, ArchitectureError, Claim, Laurent, Loss, Run, Scaling, Symbol,
};
use num_traits::Zero;
use std::collections::BTreeSet;

/// `Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w` for each hidden unit (or group of tied units).
///
/// Paper: Section 6, the Euler identity; the initial states and BiPU units are ours.
///
/// Hypotheses: the weights lie in the interior of an activation region, where the function is the
/// polynomial. [`Loss::OutputGradient`] covers every differentiable loss.
///
/// Self-connections of BiLU units cancel: their exponent is 0. In recurrent networks the identity
/// needs initial states that are zero, or `h ∂E/∂h` among the incoming terms; with fixed non-zero
/// initial states and weights alone it is false.
///
/// One identity per unit; none without hidden units that have parameters.
///
/// # Errors
///
/// Those of [`Architecture::function`] and [`Scaling::of`].
///
/// ```
/// use synaptic_balance::symbolic::{Architecture, Loss, Run, Unit, statements};
///
/// let network = Architecture::new(
///     &[
///         ("x", Unit::Input),
///         ("one", Unit::Bias),
///         ("a", Unit::bilu()),
///         ("y", Unit::linear_output()),
///     ],
///     &[("x", "a"), ("one", "a"), ("a", "a"), ("a", "y"), ("one", "y")],
/// )?;
/// let run = Run::StepsFromZero(3);
/// assert!(statements::euler(&network, run, Loss::OutputGradient)?.prove().is_ok());
/// assert!(statements::euler(&network, run, Loss::SquaredError)?.prove().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn euler(network: &Architecture, run: Run, loss: Loss) -> Result<Claim, ArchitectureError> {
    euler_under(network, run, loss, &Scaling::of(network)?)
}

/// [`euler`] with `IN` and `OUT` those of a given scaling. With biases or initial states left out
/// it is false.
///
/// # Errors
///
/// Those of [`Architecture::function`].
pub fn euler_under(
    network: &Architecture,
    run: Run,
    loss: Loss,
    scaling: &Scaling,
) -> Result<Claim, ArchitectureError> {
    let error = network.loss(run, loss)?;
    let mut claim = Claim::new("Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w");
    for potential in scaling.potentials() {
        let (incoming, outgoing) = sides(scaling, &potential, |parameter| {
            Ok(error.euler_derivative(parameter.name()))
        })?;
        claim = claim.and(potential.name(), incoming, outgoing);
    }
    Ok(claim)
}

/// One gradient step `w -> w - η ∂E/∂w` changes `Σ_IN w² - Σ_OUT w²` by exactly
/// `η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²)`.
///
/// Paper: ours (Section 6); its first order in `η` is the conservation law of gradient flow.
///
/// Hypotheses: those of [`euler`]. Only the gradient at the start enters, so the step may leave
/// the region, and [`Loss::OutputGradient`] covers every differentiable loss. Initial states, if
/// symbolic, are learned too.
///
/// Cost: the square of the number of terms of the gradient; with squared error that is the fourth
/// power of the number of paths, so prefer [`Loss::OutputGradient`].
///
/// # Errors
///
/// Those of [`euler`].
pub fn gradient_step(
    network: &Architecture,
    run: Run,
    loss: Loss,
) -> Result<Claim, ArchitectureError> {
    gradient_step_under(network, run, loss, &Scaling::of(network)?)
}

/// [`gradient_step`] with `IN` and `OUT` those of a given scaling.
///
/// # Errors
///
/// Those of [`Architecture::function`].
pub fn gradient_step_under(
    network: &Architecture,
    run: Run,
    loss: Loss,
    scaling: &Scaling,
) -> Result<Claim, ArchitectureError> {
    let error = network.loss(run, loss)?;
    let step = Laurent::symbol("η");
    let mut claim =
        Claim::new("a gradient step changes Σ_IN w² - Σ_OUT w² by η² (Σ_IN g² - Σ_OUT g²)");
    for potential in scaling.potentials() {
        let change = step_change(&error, scaling, &potential)?;
        let (incoming, outgoing) = sides(scaling, &potential, |parameter| {
            step.checked_mul(&error.derivative(parameter.name())?)?
                .pow(2)
        })?;
        claim = claim.and(potential.name(), change, incoming - outgoing);
    }
    Ok(claim)
}

/// **False in general**: one gradient step leaves `Σ_IN w² - Σ_OUT w²` as it is.
///
/// True of gradient flow, to first order in `η`; the refutation is a point where a step changes
/// the difference.
///
/// Paper: Section 6 for the flow; the refutation for steps is ours.
///
/// # Errors
///
/// Those of [`euler`].
pub fn gradient_step_conserves(
    network: &Architecture,
    run: Run,
    loss: Loss,
) -> Result<Claim, ArchitectureError> {
    let scaling = Scaling::of(network)?;
    let error = network.loss(run, loss)?;
    let mut claim = Claim::new("a gradient step conserves Σ_IN w² - Σ_OUT w²");
    for potential in scaling.potentials() {
        claim = claim.and(
            potential.name(),
            step_change(&error, &scaling, &potential)?,
            Laurent::zero(),
        );
    }
    Ok(claim)
}

/// `Σ_IN w ∂(E+R)/∂w - Σ_OUT w ∂(E+R)/∂w = Σ_IN w ∂R/∂w - Σ_OUT w ∂R/∂w`, with `R = Σ w²` over all
/// weights.
///
/// At a stationary point of `E + R` the left side is 0, so the right side is: the weights are
/// balanced, `Σ_IN w² = Σ_OUT w²`. `E` drops out whatever `R` is.
///
/// Paper: Section 6.
///
/// Hypotheses: those of [`euler`]; initial states, if symbolic, are learned too and not
/// regularized. A shared weight is counted once in `R`.
///
/// # Errors
///
/// Those of [`euler`].
pub fn stationary_points(
    network: &Architecture,
    run: Run,
    loss: Loss,
) -> Result<Claim, ArchitectureError> {
    stationary_points_under(network, run, loss, &Scaling::of(network)?)
}

/// [`stationary_points`] with `IN` and `OUT` those of a given scaling.
///
/// # Errors
///
/// Those of [`Architecture::function`].
pub fn stationary_points_under(
    network: &Architecture,
    run: Run,
    loss: Loss,
    scaling: &Scaling,
) -> Result<Claim, ArchitectureError> {
    let weights: BTreeSet<_> = network.synapses().map(|(weight, ..)| weight).collect();
    let regularizer: Laurent = weights
        .into_iter()
        .map(|w| Laurent::power(w.clone(), 2))
        .sum();
    let objective = network.loss(run, loss)? + &regularizer;
    let mut claim = Claim::new("stationary points of E + R are balanced");
    for potential in scaling.potentials() {
        let difference = |function: &Laurent| {
            let derivative = |parameter: &Symbol| Ok(function.euler_derivative(parameter.name()));
            sides(scaling, &potential, derivative).map(|(incoming, outgoing)| incoming - outgoing)
        };
        claim = claim.and(
            potential.name(),
            difference(&objective)?,
            difference(&regularizer)?,
        );
    }
    Ok(claim)
}

/// `Σ_IN` and `Σ_OUT` of a term per parameter.
fn sides(
    scaling: &Scaling,
    potential: &Symbol,
    term: impl Fn(&Symbol) -> Result<Laurent, AlgebraError>,
) -> Result<(Laurent, Laurent), AlgebraError> {
    let (mut incoming, mut outgoing) = (Laurent::zero(), Laurent::zero());
    for (parameter, exponent) in scaling.exponents(potential.name()) {
        let term = Laurent::integer(exponent.unsigned_abs().into()) * term(parameter)?;
        match exponent > 0 {
            true => incoming += term,
            false => outgoing += term,
        }
    }
    Ok((incoming, outgoing))
}

/// `Σ_IN w² - Σ_OUT w²` after a step `w -> w - η ∂E/∂w`, less the same before.
fn step_change(
    error: &Laurent,
    scaling: &Scaling,
    potential: &Symbol,
) -> Result<Laurent, AlgebraError> {
    let (incoming, outgoing) = sides(scaling, potential, |parameter| {
        let before = Laurent::symbol(parameter.clone());
        let step = Laurent::symbol("η").checked_mul(&error.derivative(parameter.name())?)?;
        Ok((&before - step).pow(2)? - before.pow(2)?)
    })?;
    Ok(incoming - outgoing)
}
