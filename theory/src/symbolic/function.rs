//! What a network computes on an activation region, as a polynomial.

use super::{Architecture, ArchitectureError, Laurent, Symbol, Unit};
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance_core::numbers::Rational;

/// How a network is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Each unit once, after the units it reads. For networks without directed cycles.
    Acyclic,
    /// Synchronous steps `1..=T`: a synapse from an input or bias acts at the current step, any
    /// other carries the previous step's state. The states before step 1 are symbols `h[i]`. No
    /// steps give no outputs.
    Steps(usize),
    /// The same with all initial states 0.
    StepsFromZero(usize),
}

/// The error function of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `1/2 Σ (y - t)²` over outputs and steps, with targets `t[i]`, `t[i,t]`.
    SquaredError,
    /// `Σ g y` with symbols `g[i]`, `g[i,t]`. With `g = ∂E/∂y` it has the gradient of any
    /// differentiable `E`, by the chain rule.
    OutputGradient,
}

impl Architecture {
    /// The value of every output as a polynomial in weights, inputs, slopes and initial states,
    /// by the name `y[i]` (`y[i,t]` at step `t`).
    ///
    /// Paper: Section 3; the path polynomial of a region is ours.
    ///
    /// Hypotheses: all unit inputs stay in one activation region (per step), away from its
    /// boundary where derivatives are concerned.
    ///
    /// A hidden unit without incoming synapses has value 0, or its factor if its degree is 0. A product multiplies
    /// values of the same step.
    ///
    /// Cost: one monomial per path, so exponential in the depth.
    ///
    /// # Errors
    ///
    /// [`ArchitectureError::Cycle`] for [`Run::Acyclic`]; [`ArchitectureError::Degree`].
    pub fn function(&self, run: Run) -> Result<BTreeMap<Symbol, Laurent>, ArchitectureError> {
        match run {
            Run::Acyclic => self.acyclic(),
            Run::Steps(steps) => self.steps(steps, |name| Laurent::symbol(format!("h[{name}]"))),
            Run::StepsFromZero(steps) => self.steps(steps, |_| Laurent::zero()),
        }
    }

    /// The error as a polynomial in the same letters and those of [`Loss`].
    ///
    /// Paper: Section 6.
    ///
    /// # Errors
    ///
    /// Those of [`function`](Architecture::function).
    pub fn loss(&self, run: Run, loss: Loss) -> Result<Laurent, ArchitectureError> {
        let mut error = Laurent::zero();
        for (name, value) in self.function(run)? {
            let named = |letter| Laurent::symbol(name.name().replacen('y', letter, 1));
            error += match loss {
                Loss::OutputGradient => named("g") * value,
                Loss::SquaredError => {
                    let half = Laurent::constant(Rational::new(1.into(), 2.into()));
                    half * (value - named("t")).pow(2)?
                }
            };
        }
        Ok(error)
    }

    fn acyclic(&self) -> Result<BTreeMap<Symbol, Laurent>, ArchitectureError> {
        let mut values = vec![Laurent::zero(); self.units().len()];
        for unit in self.order()? {
            let name = self.name(unit);
            values[unit] = match self.unit(unit) {
                Unit::Input => Laurent::symbol(format!("x[{name}]")),
                Unit::Bias => Laurent::one(),
                Unit::Product(_) => self.multiply(unit, |factor| &values[factor])?,
                _ => self.activate(unit, name, &self.net(unit, |from| &values[from]))?,
            };
        }
        let outputs = values
            .into_iter()
            .enumerate()
            .filter(|(unit, _)| self.is_output(*unit));
        Ok(outputs
            .map(|(unit, value)| (self.output_symbol(self.name(unit)), value))
            .collect())
    }

    fn steps(
        &self,
        steps: usize,
        initial: impl Fn(&str) -> Laurent,
    ) -> Result<BTreeMap<Symbol, Laurent>, ArchitectureError> {
        let mut states: Vec<Laurent> = self.units().map(|(name, _)| initial(name)).collect();
        let mut outputs = BTreeMap::new();
        for step in 1..=steps {
            for (unit, (name, kind)) in self.units().enumerate() {
                match kind {
                    Unit::Input => states[unit] = Laurent::symbol(format!("x[{name},{step}]")),
                    Unit::Bias => states[unit] = Laurent::one(),
                    _ => {}
                }
            }
            let mut next = states.clone();
            for (unit, (name, kind)) in self.units().enumerate() {
                if kind.is_source() || !self.factors(unit).is_empty() {
                    continue;
                }
                let tag = format!("{name},{step}");
                next[unit] = self.activate(unit, &tag, &self.net(unit, |from| &states[from]))?;
                if self.is_output(unit) {
                    outputs.insert(self.output_symbol(&tag), next[unit].clone());
                }
            }
            for unit in self.products() {
                next[*unit] = self.multiply(*unit, |factor| &next[factor])?;
            }
            states = next;
        }
        Ok(outputs)
    }

    /// `Σ_{j -> unit} w * value(j)`.
    fn net<'a>(&self, unit: usize, value: impl Fn(usize) -> &'a Laurent) -> Laurent {
        let incoming = self.wiring().filter(|(_, _, to)| *to == unit);
        incoming
            .map(|(weight, from, _)| Laurent::symbol(weight.clone()) * value(from))
            .sum()
    }

    /// The units, each after those it reads; the first declared of those that are ready first.
    fn order(&self) -> Result<Vec<usize>, ArchitectureError> {
        let count = self.units().len();
        let mut waiting = vec![0_usize; count];
        for (_, _, to) in self.wiring() {
            waiting[to] += 1;
        }
        for unit in self.products() {
            waiting[*unit] += self.factors(*unit).len();
        }
        let mut ready: BTreeSet<usize> = (0..count).filter(|unit| waiting[*unit] == 0).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(unit) = ready.pop_first() {
            order.push(unit);
            for (_, _, to) in self.wiring().filter(|(_, from, _)| *from == unit) {
                waiting[to] -= 1;
                if waiting[to] == 0 {
                    ready.insert(to);
                }
            }
            for product in self.products() {
                let times = self
                    .factors(*product)
                    .iter()
                    .filter(|factor| **factor == unit);
                let times = times.count();
                waiting[*product] -= times;
                if times > 0 && waiting[*product] == 0 {
                    ready.insert(*product);
                }
            }
        }
        match waiting.iter().position(|count| *count > 0) {
            Some(unit) => Err(ArchitectureError::Cycle {
                name: self.name(unit).to_owned(),
            }),
            None => Ok(order),
        }
    }

    fn is_output(&self, unit: usize) -> bool {
        matches!(self.unit(unit), Unit::Output(_))
    }

    fn output_symbol(&self, tag: &str) -> Symbol {
        Symbol::new(format!("y[{tag}]"))
    }
}
