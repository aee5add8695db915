//! How far from balance.

use num_traits::{One, Signed, Zero};

use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, positive};
use synaptic_balance_core::network::{Network, Regularizer, Shape, planted, random_recurrent};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};
use synaptic_balance_core::solve::Balancing;

/// The paper's deficit and the scale-free one.
fn deficits(network: &Network<Rational>) -> (Rational, Rational) {
    let graph = CostGraph::of(network);
    let ones = vec![Rational::one(); graph.nodes];
    let (mut total, mut largest) = (Rational::zero(), Rational::zero());
    for node in 0..graph.nodes {
        let (input, output) = graph.sides(node, &ones);
        let (difference, sum) = (&input - &output, input + output);
        total += &difference * &difference;
        if !sum.is_zero() {
            largest = largest.max(difference.abs() / sum);
        }
    }
    (total, largest)
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(83);
    let shape = Shape {
        inputs: 2,
        hidden: 5,
        outputs: 2,
    };
    let mut positive_deficits = 0;
    for case in 0..60 {
        let planted = planted(shape, case % 2 == 0, false, &mut rng);
        let balanced = planted.network.with_weights(planted.balanced.clone());
        ledger.equal(
            "in balance",
            &deficits(&balanced),
            &(Rational::zero(), Rational::zero()),
        )?;
        let network = random_recurrent(shape, 0.5, &mut rng);
        let (total, largest) = deficits(&network);
        let ones = vec![Rational::one(); network.variables()];
        let is_balanced = synaptic_balance_core::kernel::check::balanced(
            &network.problem(&Regularizer::l1()),
            &ones,
        )
        .is_ok();
        ledger.equal("0 in balance", &total.is_zero(), &is_balanced)?;
        ledger.equal("0 in balance", &largest.is_zero(), &is_balanced)?;
        ledger.holds(largest <= Rational::one(), || format!("{largest} > 1"))?;
        positive_deficits += usize::from(!is_balanced);
        let factor = positive(&mut rng);
        let scaled = network.with_weights(network.weights().iter().map(|w| w * &factor).collect());
        let expected = (&total * &factor * &factor, largest.clone());
        ledger.equal("R times a constant", &deficits(&scaled), &expected)?;
        let computed = Balancing::new(&network.problem(&Regularizer::l1())).max_deficit();
        ledger.agree("the solver's deficit", computed, rational_to_f64(&largest))?;
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "60 planted networks have both 0; of 60 random ones the {positive_deficits} that the kernel finds unbalanced have both \
             positive, at most 1 the second; both behave as stated when all costs are multiplied; the solver's and the exact one \
             agree to 1e-9"
        ),
    )
}
