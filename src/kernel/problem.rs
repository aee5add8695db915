//! The flat problem that claims are about.

use num_traits::{One, Signed, Zero};

use super::Refusal;
use crate::numbers::{Enclosure, Rational, rational_power};

/// One summand of a synapse's cost: `coefficient · base^power · r^exponent`, `r` the synapse's ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Positive.
    pub coefficient: Rational,
    /// The magnitude of the weight.
    pub base: Rational,
    /// Positive; the cost is irrational where `base^power` is.
    pub power: Rational,
    /// Positive; 1 where the variables are `μ = Λ^p`, `p` where they are `Λ`.
    pub exponent: Rational,
}

impl Cost {
    /// `coefficient · base^power` if it is rational.
    pub fn exact(&self) -> Option<Rational> {
        Some(&self.coefficient * rational_power(&self.base, &self.power)?)
    }

    /// `coefficient · base^power`, enclosed.
    pub fn enclosed(&self, bits: u64) -> Option<Enclosure> {
        let base = Enclosure::from_rational(&self.base, bits.checked_mul(2)?)?;
        Enclosure::from_rational(&self.coefficient, bits)?
            .mul(&base.power(&self.power, bits)?, bits)
    }
}

/// A synapse: how the variables enter its ratio, and its cost as a function of the ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synapse {
    /// `(variable, exponent)`, exponents non-zero, variables strictly increasing. Empty where no scaling
    /// changes the weight: between visible units, within a tie, from a BiLU unit to itself.
    pub direction: Vec<(usize, Rational)>,
    /// The summands; none, or only zero ones, where the weight is 0.
    pub costs: Vec<Cost>,
}

impl Synapse {
    /// Does the synapse take part in balancing: is its cost non-zero, and does a scaling change it?
    pub fn is_active(&self) -> bool {
        !self.direction.is_empty() && !self.is_zero()
    }

    /// Is the cost zero?
    pub fn is_zero(&self) -> bool {
        self.costs.iter().all(|cost| cost.base.is_zero())
    }

    /// The ratio as `(entered variable, left variable)`, `None` standing for the ground, if it is `μ_i/μ_j`,
    /// `μ_i` or `1/μ_j`; the outer `None` otherwise.
    pub fn endpoints(&self) -> Option<(Option<usize>, Option<usize>)> {
        let unit = |exponent: &Rational| exponent.is_one() || (-exponent).is_one();
        match self.direction.as_slice() {
            [(v, exponent)] if unit(exponent) => Some(if exponent.is_positive() {
                (Some(*v), None)
            } else {
                (None, Some(*v))
            }),
            [(v, a), (w, b)] if unit(a) && unit(b) && a.is_positive() != b.is_positive() => {
                Some(if a.is_positive() {
                    (Some(*v), Some(*w))
                } else {
                    (Some(*w), Some(*v))
                })
            }
            _ => None,
        }
    }
}

/// A balancing problem: see the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    variables: usize,
    synapses: Vec<Synapse>,
}

impl Problem {
    /// Checks the shape: variables in range and increasing within a synapse, exponents non-zero, signs right.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] with the first synapse that is not as [`Synapse`] and [`Cost`] demand.
    pub fn new(variables: usize, synapses: Vec<Synapse>) -> Result<Self, Refusal> {
        for (index, synapse) in synapses.iter().enumerate() {
            let malformed = |reason| {
                Err(Refusal::Malformed {
                    synapse: index,
                    reason,
                })
            };
            let mut next = 0;
            for (variable, exponent) in &synapse.direction {
                if *variable < next || *variable >= variables {
                    return malformed("variables must exist and increase");
                }
                if exponent.is_zero() {
                    return malformed("an exponent of a variable is zero");
                }
                next = variable.saturating_add(1);
            }
            for cost in &synapse.costs {
                let positive = [&cost.coefficient, &cost.power, &cost.exponent]
                    .iter()
                    .all(|q| q.is_positive());
                if !positive || cost.base.is_negative() {
                    return malformed(
                        "coefficients, powers and exponents are positive, bases not negative",
                    );
                }
            }
        }
        Ok(Problem {
            variables,
            synapses,
        })
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The synapses, in the order of the network.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// The problem with the cost of some synapses set to zero.
    pub fn without(&self, vanishing: &[usize]) -> Problem {
        let mut reduced = self.clone();
        for index in vanishing {
            if let Some(synapse) = reduced.synapses.get_mut(*index) {
                synapse.costs.clear();
            }
        }
        reduced
    }

    /// For each variable, the first variable of its component if no synapse of non-zero cost joins that component
    /// to the ground, directly or through others; `None` if one does.
    ///
    /// A component away from the ground can be scaled as a whole without changing any weight, so its first
    /// variable is fixed at 1.
    pub fn floating(&self) -> Vec<Option<usize>> {
        // Union-find by smallest member; the ground is node `variables`.
        let mut parent: Vec<usize> = (0..=self.variables).collect();
        for synapse in self.synapses.iter().filter(|synapse| synapse.is_active()) {
            let mut nodes = synapse.direction.iter().map(|(variable, _)| *variable);
            let Some(first) = nodes.next() else { continue };
            join(&mut parent, first, nodes.next().unwrap_or(self.variables));
            for other in nodes {
                join(&mut parent, first, other);
            }
        }
        let ground = root(&mut parent, self.variables);
        let roots = (0..self.variables).map(|variable| root(&mut parent, variable));
        roots.map(|root| (root != ground).then_some(root)).collect()
    }

    /// For each variable, whether it is free: not the first of a component away from the ground.
    pub fn free(&self) -> Vec<bool> {
        let floating = self.floating().into_iter().enumerate();
        floating
            .map(|(variable, first)| first != Some(variable))
            .collect()
    }
}

fn join(parent: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parent, one), root(parent, other));
    if let Some(slot) = parent.get_mut(one.max(other)) {
        *slot = one.min(other);
    }
}

/// The smallest member of the node's component as far as it is known; halves the path on the way.
fn root(parent: &mut [usize], mut node: usize) -> usize {
    loop {
        let Some(next) = parent.get(node).copied() else {
            return node;
        };
        let Some(after) = parent.get(next).copied() else {
            return node;
        };
        if next == after {
            return next;
        }
        if let Some(slot) = parent.get_mut(node) {
            *slot = after;
        }
        node = after;
    }
}
