//! The energy certificate: what the kernel crate proves, held against exact optima, comparison and corruption.

use num_traits::One;
use rand::RngExt;
use synaptic_balance_kernel::Certificate;

use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, ratio};
use synaptic_balance_core::network::{
    Activation, Network, Regularizer, Shape, Unit, UnitKind, Values, random_general,
};
use synaptic_balance_core::numbers::Rational;
use synaptic_balance_core::solve::energy::{
    EnergyProof, PLAIN_DIGITS, prove_network, verify_energy,
};
use synaptic_balance_core::solve::{DirectOptions, certify, existence, solve_direct};

pub(super) fn energy(ledger: &mut Ledger) -> Result<(), Failure> {
    exact_instance(ledger)?;
    random_networks(ledger)
}

/// The certificate of a network whose minimum is attained.
pub(super) fn proof(
    network: &Network<Rational>,
    regularizer: &Regularizer,
) -> Result<EnergyProof, Failure> {
    let problem = network.problem(regularizer);
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})
        .map_err(|fault| Failure::new(fault.to_string()))?;
    prove_network(network, regularizer, &problem, &solution, PLAIN_DIGITS)
        .map_err(|fault| Failure::new(fault.to_string()))
}

/// `a + b + c + 16/(abc)`, in which no comparison is possible.
fn exact_instance(ledger: &mut Ledger) -> Result<(), Failure> {
    let network = one_product()?;
    let l1 = Regularizer::l1();
    let found = proof(&network, &l1)?;
    let problem = network.energy_problem(&l1)?;
    let certified = verify_energy(&problem, &found.certificate)?;
    let two = integer(2);
    for term in 0..4 {
        let bounds = certified.balanced_cost(0, term);
        let holds = bounds.is_some_and(|(low, high)| {
            low <= two && two <= high && high - low < ratio(1, 1_000_000_000_000)
        });
        ledger.holds(holds, || format!("term {term}"))?;
    }
    ledger.holds(certified.is_attained(), || "attained".into())?;
    ledger.record(
        Kind::ExactInstance,
        "a + b + c + 16/(abc), least at (2, 2, 2): every cost is enclosed within 1e-12 of 2, which it is; comparison does not apply",
    )
}

/// An input that feeds three units, of which an output reads the product.
fn one_product() -> Result<Network<Rational>, Failure> {
    let mut units = vec![Unit::new("in", UnitKind::Input, Activation::Linear)];
    for name in ["a", "b", "c"] {
        units.push(Unit::new(name, UnitKind::Hidden, Activation::Linear));
    }
    units.push(Unit::new("s", UnitKind::Product, Activation::Linear));
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    let mut synapses: Vec<_> = (1..4).map(|unit| (0, unit, integer(1))).collect();
    synapses.push((4, 5, integer(16)));
    Ok(Network::with_products(
        units,
        [(4, vec![1, 2, 3])].into(),
        synapses,
        vec![],
    )?)
}

/// One more on the grid, in one exception.
fn corrupted(certificate: &Certificate) -> Option<Certificate> {
    let mut other = certificate.clone();
    let y = other.exceptions.values_mut().next()?;
    *y += Rational::one();
    Some(other)
}

fn random_networks(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(71);
    let shape = Shape::new(2, 6, 2);
    let (mut proved, mut compared, mut refused) = (0, 0, 0);
    for number in 0..24 {
        let network = random_general(shape, number % 3 == 2, Values::Any, &mut rng);
        let regularizers = ["l2", "l1", "lp:1/2", "lp:3"];
        let regularizer = regularizers[rng.random_range(0..regularizers.len())];
        let regularizer: Regularizer = regularizer
            .parse()
            .map_err(|_| Failure::new("a regularizer"))?;
        let flat = network.problem(&regularizer);
        let is_attained = existence(&flat).is_ok_and(|found| found.is_attained());
        if !is_attained || flat.variables() == 0 {
            continue;
        }
        let found = proof(&network, &regularizer)?;
        proved += 1;
        let solution = solve_direct(&flat, &DirectOptions::default(), &mut |_| {})
            .map_err(|fault| Failure::new(fault.to_string()))?;
        if let Ok(verified) = certify(&flat, &solution, 15) {
            let other = verified.claim_about(&flat);
            let other = other.ok_or_else(|| Failure::new("another problem"))?;
            // Two proofs of one number: their intervals have it in common.
            for variable in 0..flat.variables() {
                let Some((low, high)) = found.bounds(variable) else {
                    continue;
                };
                let meet = low <= other.upper[variable] && other.lower[variable] <= high;
                ledger.holds(meet, || format!("network {number}, variable {variable}"))?;
                compared += 1;
            }
        }
        let problem = network.energy_problem(&regularizer)?;
        if let Some(other) = corrupted(&found.certificate) {
            let verified = verify_energy(&problem, &other);
            ledger.holds(verified.is_err(), || format!("network {number}: {other:?}"))?;
            refused += 1;
        }
    }
    ledger.holds(compared > 20 && refused > 5, || {
        format!("{compared} compared, {refused} refused")
    })?;
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{proved} random networks with products and ties of powers, for p = 2, 1, 1/2, 3, have a certificate; for {compared} multipliers of those that comparison covers, the interval that the energy certificate proves and the one that comparison proves have a number in common; \
             {refused} certificates with one flow changed by one unit of the grid are refused"
        ),
    )
}
