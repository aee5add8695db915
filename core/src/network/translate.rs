//! The problem of a network as solvers take it.

use num_traits::One;

use super::{Network, Regularizer};
use crate::kernel::{Cost, Problem, Synapse};
use crate::numbers::{Rational, Scalar};

impl Network<Rational> {
    /// The balancing problem of the network, as in [`energy_problem`](Network::energy_problem), with its synapses
    /// listed for solvers.
    ///
    /// # Panics
    /// For a [`Regularizer`] put together by hand with a power or factor that is not positive.
    ///
    /// ```
    /// use synaptic_balance::network::{chain, Regularizer};
    /// use synaptic_balance::numbers::parse_rational as q;
    /// let problem = chain(&[q("1").unwrap(), q("4").unwrap()]).problem(&Regularizer::l2());
    /// let balanced = synaptic_balance::kernel::check::balanced(&problem, &[q("4").unwrap()]);
    /// assert!(balanced.is_ok());
    /// ```
    pub fn problem(&self, regularizer: &Regularizer) -> Problem {
        let in_cost_space = matches!(regularizer, Regularizer::Lp(_));
        let cost = |index: usize, (coefficient, power): &(Rational, Rational)| Cost {
            coefficient: coefficient.clone(),
            base: self.weight(index).magnitude(),
            power: power.clone(),
            exponent: match in_cost_space {
                true => Rational::one(),
                false => power.clone(),
            },
        };
        let terms = regularizer.terms();
        let synapses = (0..self.synapses()).map(|index| Synapse {
            direction: self.direction(index),
            costs: terms.iter().map(|term| cost(index, term)).collect(),
        });
        let problem = self
            .energy_problem(regularizer)
            .expect("a network makes a well-formed problem");
        Problem::listed(problem, synapses.collect())
    }
}
