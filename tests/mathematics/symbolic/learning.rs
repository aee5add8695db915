//! Gradients, gradient steps, stationary points: each proved, and a false variant refuted.

use super::support::{
    Dual, LOSSES, Net, chain, degree, prove, proved, rational, refute, run, value_of,
};
use num_traits::Zero;
use quickcheck::{TestResult, quickcheck};
use synaptic_balance::numbers::Rational;
use synaptic_balance::symbolic::{Laurent, Loss, Run, Scaling, Unit, statements};

quickcheck! {
    /// Checks: Section 6, the Euler identity, for any differentiable loss.
    fn euler(net: Net) -> bool {
        proved(statements::euler(&net.acyclic(), Run::Acyclic, Loss::OutputGradient))
            && proved(statements::euler(&net.recurrent(), Run::Steps(2), Loss::OutputGradient))
    }

    /// Checks: Section 6, the Euler identity: the claim's sides are the sums over `IN` and `OUT`
    /// read off the graph, without self-connections.
    fn euler_reads_the_graph(net: Net) -> bool {
        let network = net.bilu().recurrent();
        let how = Run::StepsFromZero(2);
        let error = network.loss(how, Loss::OutputGradient).expect("small");
        let claim = statements::euler(&network, how, Loss::OutputGradient).expect("small");
        claim.identities().iter().all(|identity| {
            let sum = |end: fn(&str, &str) -> (String, bool)| -> Laurent {
                let chosen = network.synapses().filter(|(_, from, to)| {
                    end(from, to) == (identity.label.clone(), true)
                });
                chosen.map(|(weight, ..)| error.euler_derivative(weight.name())).sum()
            };
            identity.left == sum(|from, to| (format!("λ[{to}]"), from != to))
                && identity.right == sum(|from, to| (format!("λ[{from}]"), from != to))
        })
    }

    /// Checks: Section 6, the Euler identity on numbers: dual numbers through real branches.
    fn euler_on_numbers(net: Net) -> bool {
        let (network, how) = (net.recurrent(), Run::StepsFromZero(3));
        let mut hidden = network.units().filter(|(_, unit)| matches!(unit, Unit::Hidden(_)));
        hidden.all(|(unit, kind)| {
            // The direction in which the unit's scaling moves each weight.
            let direction = |name: &str| {
                let ends = network.synapses().find(|(weight, ..)| weight.name() == name);
                let exponent = ends.map_or(0, |(_, from, to)| {
                    i64::from(to == unit) - i64::from(from == unit) * i64::from(degree(kind))
                });
                let value = value_of(name, net.seed);
                Dual::new(value.clone(), value * rational(exponent, 1))
            };
            let (outputs, _) = run(&network, how, direction);
            outputs.values().all(|output| output.slope.is_zero())
        })
    }

    /// Checks: Section 6, derivatives of the error, against dual numbers.
    fn gradients_on_numbers(net: Net) -> TestResult {
        let (network, how) = (net.recurrent(), Run::Steps(2));
        let Some((weight, ..)) = network.synapses().next() else { return TestResult::discard() };
        let seeded = |name: &str| {
            Dual::new(value_of(name, net.seed), rational((name == weight.name()).into(), 1))
        };
        let (outputs, slopes) = run(&network, how, seeded);
        let gradient = |name: &str| value_of(&name.replacen('y', "g", 1), net.seed);
        let expected: Rational =
            outputs.iter().map(|(name, output)| gradient(name.name()) * &output.slope).sum();
        let error = network.loss(how, Loss::OutputGradient).expect("small");
        let derivative = error.derivative(weight.name()).expect("small exponents");
        let drawn = |name: &str| value_of(name, net.seed);
        let value = |name: &str| slopes.get(name).cloned().unwrap_or_else(|| drawn(name));
        let symbols = derivative.symbols().into_iter();
        let point = symbols.map(|symbol| (symbol.clone(), value(symbol.name()))).collect();
        TestResult::from_bool(derivative.evaluate(&point) == Ok(expected))
    }

    /// Checks: Section 6, the exact effect of one gradient step, and stationary points of `E + R`.
    fn gradient_step_and_stationary_points(net: Net) -> bool {
        let (network, how) = (net.acyclic(), Run::Acyclic);
        proved(statements::gradient_step(&network, how, Loss::OutputGradient))
            && proved(statements::stationary_points(&network, how, Loss::OutputGradient))
    }
}

/// Checks: Section 6, the Euler identity with squared error, self-connections cancelling; without
/// the bias, or as if a BiPU unit were a BiLU unit, it is false.
#[test]
fn euler_and_its_hypotheses() {
    let (looped, run) = (chain(Unit::bilu(), true), Run::StepsFromZero(3));
    let bipu = chain(Unit::bipu(2), true);
    let scaling = Scaling::of(&looped).expect("no shared weights");
    for loss in LOSSES {
        assert!(prove(statements::euler(&looped, run, loss)).is_ok());
        assert!(prove(statements::euler(&bipu, run, loss)).is_ok());
        assert!(
            prove(statements::euler(
                &chain(Unit::bilu(), false),
                Run::Acyclic,
                loss
            ))
            .is_ok()
        );
        let wrong = scaling.clone().without("w[one->a]");
        refute(statements::euler_under(&looped, run, loss, &wrong));
        refute(statements::euler_under(&bipu, run, loss, &scaling));
    }
}

/// Checks: Section 6, the Euler identity of weights alone fails for fixed non-zero initial states.
#[test]
fn euler_needs_the_initial_state() {
    let network = chain(Unit::bilu(), true);
    let weights = Scaling::of(&network)
        .expect("no shared weights")
        .without("h[a]");
    for loss in LOSSES {
        assert!(prove(statements::euler(&network, Run::Steps(2), loss)).is_ok());
        refute(statements::euler_under(
            &network,
            Run::Steps(2),
            loss,
            &weights,
        ));
    }
}

/// Checks: Section 6, one gradient step changes the difference by exactly the second-order term,
/// so it does not conserve it.
#[test]
fn gradient_step() {
    for (network, run) in [
        (chain(Unit::bilu(), false), Run::Acyclic),
        (chain(Unit::bilu(), true), Run::StepsFromZero(2)),
        (chain(Unit::bipu(2), false), Run::Acyclic),
    ] {
        let wrong = Scaling::of(&network)
            .expect("no shared weights")
            .without("w[one->a]");
        for loss in LOSSES {
            assert!(prove(statements::gradient_step(&network, run, loss)).is_ok());
            refute(statements::gradient_step_conserves(&network, run, loss));
            refute(statements::gradient_step_under(&network, run, loss, &wrong));
        }
    }
}

/// Checks: Section 6, stationary points of `E + R` are balanced; not with the bias left out.
#[test]
fn stationary_points() {
    let network = chain(Unit::bilu(), true);
    let run = Run::StepsFromZero(2);
    let wrong = Scaling::of(&network)
        .expect("no shared weights")
        .without("w[one->a]");
    for loss in LOSSES {
        let claim = statements::stationary_points(&network, run, loss).expect("applies");
        let [identity] = claim.identities() else {
            panic!("one identity")
        };
        assert_eq!(
            identity.right.to_string(),
            "-2*w[a->y]^2 + 2*w[one->a]^2 + 2*w[x->a]^2"
        );
        assert!(claim.prove().is_ok());
        refute(statements::stationary_points_under(
            &network, run, loss, &wrong,
        ));
    }
}
