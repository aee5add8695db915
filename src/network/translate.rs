//! From a network to the kernel's problem. Part of what has to be trusted.

use num_traits::One;

use super::{Network, Regularizer};
use crate::kernel::{Cost, Problem, Refusal, Synapse};
use crate::numbers::{Rational, Scalar};

impl Network<Rational> {
    /// The balancing problem of the network: minimise the regularizer over all scalings.
    ///
    /// Variable `v` of the problem is `μ_v = Λ_v^p` for `L_p`, so that costs scale by ratios of variables, and
    /// `Λ_v` itself for a mixture. Synapses keep their order; those of weight 0 keep their place.
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
        let factors = vec![Rational::one(); self.synapses()];
        self.weighted_problem(regularizer, &factors)
            .expect("a network makes a well-formed problem")
    }

    /// The same with the cost of each synapse multiplied by a positive factor of its own.
    ///
    /// # Errors
    /// The wrong number of factors, or one that is not positive.
    pub fn weighted_problem(
        &self,
        regularizer: &Regularizer,
        factors: &[Rational],
    ) -> Result<Problem, Refusal> {
        if factors.len() != self.synapses() {
            let (found, expected) = (factors.len(), self.synapses());
            return Err(Refusal::Arity {
                what: "factors",
                found,
                expected,
            });
        }
        let terms = regularizer.terms();
        let in_cost_space = matches!(regularizer, Regularizer::Lp(_));
        let synapses = (0..self.synapses()).map(|index| Synapse {
            direction: self.direction(index),
            costs: terms
                .iter()
                .map(|(factor, power)| Cost {
                    coefficient: factor * &factors[index],
                    base: self.weight(index).magnitude(),
                    power: power.clone(),
                    exponent: if in_cost_space {
                        Rational::one()
                    } else {
                        power.clone()
                    },
                })
                .collect(),
        });
        Problem::new(self.variables(), synapses.collect())
    }
}
