//! What a network computes.

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use thiserror::Error;

use super::{Network, UnitIndex, UnitKind};
use crate::numbers::Scalar;

/// Why a network could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvaluateError {
    /// The number of inputs given is not the number of input units.
    #[error("{found} inputs were given, the network has {expected}")]
    Inputs {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// The initial state has not one value for each unit.
    #[error("the initial state has {found} values, the network has {expected} units")]
    State {
        /// How many were given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// The graph has a cycle; give a number of time steps.
    #[error("the network is recurrent (through `{unit}`): evaluate it over time steps")]
    Recurrent {
        /// A unit on a cycle.
        unit: String,
    },
    /// The activation has no value in this number type, or no formula that is known.
    #[error("unit `{unit}`: the activation has no value here ({activation})")]
    Activation {
        /// The unit's id.
        unit: String,
        /// The activation.
        activation: String,
    },
    /// The product of the factors' values is too long to be written out.
    #[error("unit `{unit}`: the product is too long a number")]
    Product {
        /// The unit's id.
        unit: String,
    },
}

impl<S: Scalar> Network<S> {
    /// The outputs of an acyclic network, in the order of the output units.
    ///
    /// `inputs` in the order of the input units. A unit without synapses into it computes its activation of 0.
    /// Cost: one multiplication a synapse.
    ///
    /// # Errors
    /// Wrong number of inputs, a cycle, an activation without a value.
    pub fn evaluate(&self, inputs: &[S]) -> Result<Vec<S>, EvaluateError> {
        self.evaluate_in(&self.acyclic_order()?, inputs, |unit| self.read_by(unit))
    }

    /// [`evaluate`](Self::evaluate) for each of many inputs, in less time: the units are put in order once.
    ///
    /// ```
    /// let network = synaptic_balance::network::chain(&[2.0, 3.0]);
    /// assert_eq!(network.evaluate_each([[1.0], [-1.0]])?, [[6.0], [0.0]]);
    /// # Ok::<(), synaptic_balance::network::EvaluateError>(())
    /// ```
    ///
    /// # Errors
    /// As there; also without any inputs for a network with a cycle.
    pub fn evaluate_each(
        &self,
        inputs: impl IntoIterator<Item = impl AsRef<[S]>>,
    ) -> Result<Vec<Vec<S>>, EvaluateError> {
        let order = self.acyclic_order()?;
        let incoming: Vec<Vec<(UnitIndex, &S)>> = (0..self.units())
            .map(|unit| self.read_by(unit).collect())
            .collect();
        let inputs = inputs.into_iter();
        let outputs = inputs.map(|inputs| {
            self.evaluate_in(&order, inputs.as_ref(), |unit| {
                incoming[unit].iter().copied()
            })
        });
        outputs.collect()
    }

    /// The units that a unit reads, with the weights.
    fn read_by(&self, unit: UnitIndex) -> impl Iterator<Item = (UnitIndex, &S)> {
        let node = NodeIndex::new(unit);
        let edges = self.graph.edges_directed(node, Direction::Incoming);
        edges.map(|edge| (edge.source().index(), edge.weight()))
    }

    fn acyclic_order(&self) -> Result<Vec<UnitIndex>, EvaluateError> {
        self.in_order().map_err(|unit| EvaluateError::Recurrent {
            unit: self.unit(unit).id.clone(),
        })
    }

    fn evaluate_in<'a, R>(
        &self,
        order: &[UnitIndex],
        inputs: &[S],
        read_by: impl Fn(UnitIndex) -> R,
    ) -> Result<Vec<S>, EvaluateError>
    where
        R: Iterator<Item = (UnitIndex, &'a S)>,
        S: 'a,
    {
        let mut state = self.source_state(inputs)?;
        let mut terms = Vec::new();
        for unit in order.iter().copied() {
            if self.unit(unit).kind == UnitKind::Product {
                state[unit] = self.multiplied(unit, &state)?;
            } else if self.is_computed(unit) {
                state[unit] =
                    self.activate(unit, read_by(unit), |from| &state[from], &mut terms)?;
            }
        }
        Ok(self.outputs(&state))
    }

    /// The outputs of any network over `inputs.len()` time steps, one vector a step.
    ///
    /// Synchronous: at each step every unit reads the step's own inputs and biases and, of all other units,
    /// their value one step before. `initial` holds one value for each unit, by index (those of input and
    /// bias units are not looked at). A product multiplies the values of the same step; its initial value is what
    /// other units read of it at the first step. Scaling unit `i` by `λ` leaves the outputs unchanged if its initial
    /// value is scaled by `λ` (`λ^c` for a BiPU) too, and that of a product as its [`form`](Self::form) says.
    ///
    /// # Errors
    /// Wrong lengths, an activation without a value.
    pub fn evaluate_over_time(
        &self,
        inputs: &[Vec<S>],
        initial: &[S],
    ) -> Result<Vec<Vec<S>>, EvaluateError> {
        if initial.len() != self.units() {
            return Err(EvaluateError::State {
                found: initial.len(),
                expected: self.units(),
            });
        }
        let mut state = initial.to_vec();
        let mut outputs = Vec::with_capacity(inputs.len());
        for step in inputs {
            let sources = self.source_state(step)?;
            let mut next = sources.clone();
            let mut terms = Vec::new();
            for unit in (0..self.units()).filter(|unit| self.is_computed(*unit)) {
                let value_of = |from| match self.unit(from).kind {
                    UnitKind::Input | UnitKind::Bias => &sources[from],
                    UnitKind::Hidden | UnitKind::Output | UnitKind::Product => &state[from],
                };
                next[unit] = self.activate(unit, self.read_by(unit), value_of, &mut terms)?;
            }
            for unit in self.products() {
                next[*unit] = self.multiplied(*unit, &next)?;
            }
            outputs.push(self.outputs(&next));
            state = next;
        }
        Ok(outputs)
    }

    /// The product of the values of a unit's factors.
    fn multiplied(&self, unit: UnitIndex, values: &[S]) -> Result<S, EvaluateError> {
        let factors = self.factors(unit).iter();
        let factors: Vec<S> = factors.map(|factor| values[*factor].clone()).collect();
        S::product_of(&factors).ok_or_else(|| EvaluateError::Product {
            unit: self.unit(unit).id.clone(),
        })
    }

    /// Does the unit compute its activation of a sum?
    fn is_computed(&self, unit: UnitIndex) -> bool {
        matches!(self.unit(unit).kind, UnitKind::Hidden | UnitKind::Output)
    }

    fn source_state(&self, inputs: &[S]) -> Result<Vec<S>, EvaluateError> {
        let units = self.units_of(UnitKind::Input);
        if units.len() != inputs.len() {
            return Err(EvaluateError::Inputs {
                found: inputs.len(),
                expected: units.len(),
            });
        }
        let mut state = vec![S::zero(); self.units()];
        for (unit, value) in units.into_iter().zip(inputs) {
            state[unit] = value.clone();
        }
        for unit in self.units_of(UnitKind::Bias) {
            state[unit] = S::one();
        }
        Ok(state)
    }

    /// The activation of the sum, given what is read and the value of each unit; `terms` is room to work in.
    fn activate<'a, 'b>(
        &self,
        unit: UnitIndex,
        read: impl Iterator<Item = (UnitIndex, &'a S)>,
        value_of: impl Fn(UnitIndex) -> &'b S,
        terms: &mut Vec<S>,
    ) -> Result<S, EvaluateError>
    where
        S: 'a + 'b,
    {
        terms.clear();
        for (from, weight) in read {
            let value = value_of(from);
            if !value.is_zero() {
                terms.push(weight.clone() * value.clone());
            }
        }
        let activation = &self.unit(unit).activation;
        activation
            .apply(&pairwise(terms))
            .ok_or_else(|| EvaluateError::Activation {
                unit: self.unit(unit).id.clone(),
                activation: format!("{activation:?}"),
            })
    }

    fn outputs(&self, state: &[S]) -> Vec<S> {
        self.units_of(UnitKind::Output)
            .into_iter()
            .map(|unit| state[unit].clone())
            .collect()
    }
}

/// A balanced tree of additions: fast for fractions, accurate for floats.
fn pairwise<S: Scalar>(terms: &[S]) -> S {
    match terms {
        [] => S::zero(),
        [one] => one.clone(),
        [one, other] => one.clone() + other.clone(),
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            pairwise(left) + pairwise(right)
        }
    }
}
