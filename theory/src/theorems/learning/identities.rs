//! Identities between gradients.

use crate::symbolic::{Laurent, Loss, Point, Run, Symbol, statements};
use crate::theorems::Failure;
use crate::theorems::gallery::{self, Exhibit};
use crate::theorems::ledger::{Kind, Ledger};
use crate::theorems::support::{generator, positive, ratio};

/// The architectures for which gradients are expanded; the recurrent ones start from state 0 or count it.
fn exhibits() -> Result<Vec<Exhibit>, Failure> {
    Ok(vec![
        gallery::layered()?,
        gallery::skipping()?,
        gallery::recurrent(Run::StepsFromZero(3))?,
        gallery::recurrent(Run::Steps(2))?,
        gallery::power_units(Run::StepsFromZero(3))?,
        gallery::convolution()?,
    ])
}

const NAMES: &str = "two hidden layers with biases, skip connections, a recurrent network from state 0 and with its initial \
                     states counted, a BiPU of degree 2 with self-connection, a convolution (by groups)";

pub(super) fn euler(ledger: &mut Ledger) -> Result<(), Failure> {
    for exhibit in exhibits()? {
        ledger.proved(statements::euler(
            &exhibit.network,
            exhibit.run,
            Loss::OutputGradient,
        )?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        format!("for every loss, all weights and regions: {NAMES}"),
    )?;
    let (recurrent, fixed) = gallery::fixed_states()?;
    let claim = statements::euler_under(
        &recurrent.network,
        recurrent.run,
        Loss::OutputGradient,
        &fixed,
    )?;
    let states = ledger.refuted(claim)?;
    let power = gallery::power_units(Run::StepsFromZero(3))?;
    let unweighted = unweighted_euler(&power)?;
    ledger.holds(unweighted, || {
        "a BiPU unit satisfies the identity of a BiLU".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        format!(
            "with initial states fixed at 1 and all letters 1, a recurrent network has {} on the left and {} on the right; and \
             without the weights 1-c and c a BiPU of degree 2 with self-connection violates it",
            states.left(),
            states.right()
        ),
    )
}

/// Does `Σ_IN = Σ_OUT` without exponents as weights fail for the BiPU unit `a`?
fn unweighted_euler(power: &Exhibit) -> Result<bool, Failure> {
    let error = power.network.loss(power.run, Loss::OutputGradient)?;
    let difference = error.euler_derivative("w[x->a]") - error.euler_derivative("w[a->b]");
    Ok(!num_traits::Zero::is_zero(&difference))
}

/// The terms of a polynomial of each degree in `η`.
fn by_degree(polynomial: &Laurent) -> Vec<i32> {
    let mut degrees: Vec<i32> = polynomial
        .terms()
        .map(|(monomial, _)| monomial.exponent("η"))
        .collect();
    degrees.sort_unstable();
    degrees.dedup();
    degrees
}

pub(super) fn flow(ledger: &mut Ledger) -> Result<(), Failure> {
    for exhibit in exhibits()? {
        // The change in a step has no term of first order in η: its derivative along the flow is 0.
        let claim = statements::gradient_step(&exhibit.network, exhibit.run, Loss::OutputGradient)?;
        for identity in claim.identities() {
            ledger.equal("orders in η", &by_degree(&identity.left), &vec![2])?;
        }
        ledger.proved(statements::euler(
            &exhibit.network,
            exhibit.run,
            Loss::OutputGradient,
        )?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        format!("d/dt (Σ_IN w² - Σ_OUT w²) = -2 (Σ_IN w ∂E/∂w - Σ_OUT w ∂E/∂w) = 0, and a step changes it to second order only: {NAMES}"),
    )?;
    halved_steps(ledger)
}

/// Half the step, a quarter of the change: along the flow nothing remains.
fn halved_steps(ledger: &mut Ledger) -> Result<(), Failure> {
    let layered = gallery::layered()?;
    let claim = statements::gradient_step(&layered.network, layered.run, Loss::OutputGradient)?;
    let mut rng = generator(81);
    for _ in 0..20 {
        for identity in claim.identities() {
            let mut point: Point = identity
                .left
                .symbols()
                .into_iter()
                .map(|symbol| (symbol, positive(&mut rng)))
                .collect();
            let step = Symbol::from("η");
            point.insert(step.clone(), ratio(1, 8));
            let whole = identity.left.evaluate(&point)?;
            point.insert(step, ratio(1, 16));
            ledger.equal(
                "half a step",
                &(identity.left.evaluate(&point)? * ratio(4, 1)),
                &whole,
            )?;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "two hidden layers with biases at 20 random rational points: half the step changes the difference by a quarter, exactly",
    )
}

pub(super) fn step(ledger: &mut Ledger) -> Result<(), Failure> {
    for exhibit in exhibits()? {
        ledger.proved(statements::gradient_step(
            &exhibit.network,
            exhibit.run,
            Loss::OutputGradient,
        )?)?;
    }
    ledger.record(
        Kind::SymbolicIdentity,
        format!("for every loss and step size: {NAMES}"),
    )?;
    let skipping = gallery::skipping()?;
    let claim = statements::gradient_step(&skipping.network, skipping.run, Loss::SquaredError)?;
    let mut rng = generator(82);
    for _ in 0..20 {
        for identity in claim.identities() {
            let symbols = identity
                .left
                .symbols()
                .into_iter()
                .chain(identity.right.symbols());
            let point: Point = symbols.map(|symbol| (symbol, positive(&mut rng))).collect();
            ledger.equal(
                "both sides",
                &identity.left.evaluate(&point)?,
                &identity.right.evaluate(&point)?,
            )?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "squared error on the skipping network at 20 random rational points: both sides equal",
    )?;
    let refuted = ledger.refuted(statements::gradient_step_conserves(
        &skipping.network,
        skipping.run,
        Loss::OutputGradient,
    )?)?;
    ledger.holds(
        !num_traits::One::is_one(&(refuted.left() + ratio(1, 1))),
        || "nothing changed".into(),
    )?;
    let (recurrent, fixed) = gallery::fixed_states()?;
    let claim = statements::gradient_step_under(
        &recurrent.network,
        recurrent.run,
        Loss::OutputGradient,
        &fixed,
    )?;
    let states = ledger.refuted(claim)?;
    ledger.holds(
        [refuted.point(), states.point()]
            .iter()
            .all(|point| point.values().all(num_traits::One::is_one)),
        || "another point than all letters 1".into(),
    )?;
    ledger.holds(states.left() != states.right(), || "no difference".into())?;
    ledger.record(
        Kind::ExactCounterexample,
        format!(
            "a step does not conserve the difference: with all letters 1 it changes by {}; and with initial states fixed at 1 the \
             formula gives {} for a change of {}",
            refuted.left(),
            states.right(),
            states.left()
        ),
    )
}
