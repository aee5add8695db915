//! A network as letters: units, synapses, ties, shared weights.

use super::{ArchitectureError, Laurent, Symbol};
use num_traits::One;
use synaptic_balance_core::numbers::Rational;

/// What a unit does to its input on one activation region: `x -> slope * x^degree`.
///
/// Degree 1 is a BiLU unit (Def 2.1), whose slope is one of its two; any other degree is a BiPU
/// unit (Prop 2.3) with a non-negative integer exponent. Degree 0 gives a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    slope: Option<Rational>,
    degree: u32,
}

impl Activation {
    /// BiLU with a symbolic slope, `s[unit]` (`s[unit,t]` at step `t`: the region may change from
    /// step to step).
    pub fn bilu() -> Self {
        Self::bipu(1)
    }

    /// BiPU `C x^degree` with a symbolic factor `C`, written like a slope.
    pub fn bipu(degree: u32) -> Self {
        Self {
            slope: None,
            degree,
        }
    }

    /// The same activation with a fixed slope or factor: 0 and 1 for ReLU, 1 for linear units.
    #[must_use]
    pub fn with_slope(mut self, slope: Rational) -> Self {
        self.slope = Some(slope);
        self
    }

    /// The degree of homogeneity `c`.
    pub fn degree(&self) -> u32 {
        self.degree
    }
}

/// A unit of an [`Architecture`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A visible source, with value `x[unit]`.
    Input,
    /// A visible source, with value 1.
    Bias,
    /// A unit that may be scaled.
    Hidden(Activation),
    /// A unit that is never scaled and whose value belongs to the network's function: an output,
    /// or any other visible unit.
    Output(Activation),
    /// The product of the values of the named units at the same time: no synapses enter it, and it has no scaling of
    /// its own.
    Product(Vec<String>),
}

impl Unit {
    /// A hidden BiLU unit with a symbolic slope.
    pub fn bilu() -> Self {
        Self::Hidden(Activation::bilu())
    }

    /// A hidden BiPU unit with a symbolic factor.
    pub fn bipu(degree: u32) -> Self {
        Self::Hidden(Activation::bipu(degree))
    }

    /// An output that passes its input on.
    pub fn linear_output() -> Self {
        Self::Output(Activation::bilu().with_slope(Rational::one()))
    }

    /// Whether this is an input or a bias.
    pub fn is_source(&self) -> bool {
        matches!(self, Self::Input | Self::Bias)
    }

    pub(super) fn activation(&self) -> Option<&Activation> {
        match self {
            Self::Input | Self::Bias | Self::Product(_) => None,
            Self::Hidden(activation) | Self::Output(activation) => Some(activation),
        }
    }
}

/// The graph of a network, with a letter for everything that is a number in the network.
///
/// | letter | meaning |
/// |---|---|
/// | `w[j->i]` | weight of the synapse from `j` to `i` |
/// | `x[j]`, `x[j,t]` | value of input `j` (at step `t`) |
/// | `s[i]`, `s[i,t]` | slope of `i` on the region (at step `t`) |
/// | `h[i]` | initial state of `i` in a run over steps |
/// | `y[i]`, `y[i,t]` | name of the value of output `i` (at step `t`) |
/// | `λ[i]` | scaling of `i`; tied units use the first one's |
/// | `c[j->i]` | cost of the synapse |
///
/// Biases are synapses from a [`Unit::Bias`]. Self-connections and directed cycles are allowed
/// and make the network recurrent. Units need not be connected.
///
/// Paper: Sections 2 and 4; the symbolic form is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    names: Vec<String>,
    units: Vec<Unit>,
    synapses: Vec<(usize, usize)>,
    /// Per synapse; the same symbol where a weight is shared.
    weights: Vec<Symbol>,
    /// Per unit the first unit it is tied to, itself if to none.
    leaders: Vec<usize>,
    /// Per unit the power of its leader's scaling that is its own.
    powers: Vec<i32>,
    /// Per unit its factors, if it is a product.
    factors: Vec<Vec<usize>>,
    /// The products, each after those among its factors.
    products: Vec<usize>,
}

impl Architecture {
    /// Largest degree of a unit, and largest total degree of a value a run may reach. Far above
    /// what can be expanded in practice, and low enough that no exponent of a loss or a scaled
    /// loss can leave `i32`.
    pub const MAX_DEGREE: u32 = 1024;

    /// An architecture of named units and of synapses `(from, to)`.
    ///
    /// # Errors
    ///
    /// The first fault, units before synapses: [`ArchitectureError::Name`],
    /// [`DuplicateUnit`](ArchitectureError::DuplicateUnit),
    /// [`Degree`](ArchitectureError::Degree), [`NoFactors`](ArchitectureError::NoFactors),
    /// [`UnknownUnit`](ArchitectureError::UnknownUnit), [`Cycle`](ArchitectureError::Cycle) of products;
    /// [`IntoSource`](ArchitectureError::IntoSource),
    /// [`DuplicateSynapse`](ArchitectureError::DuplicateSynapse).
    pub fn new<S: AsRef<str>>(
        units: &[(S, Unit)],
        synapses: &[(S, S)],
    ) -> Result<Self, ArchitectureError> {
        let mut network = Self {
            names: Vec::new(),
            units: Vec::new(),
            synapses: Vec::new(),
            weights: Vec::new(),
            leaders: Vec::new(),
            powers: Vec::new(),
            factors: Vec::new(),
            products: Vec::new(),
        };
        for (name, unit) in units {
            network.add_unit(name.as_ref(), unit)?;
        }
        for (at, (_, unit)) in units.iter().enumerate() {
            if let Unit::Product(factors) = unit {
                let factors = factors.iter().map(|factor| network.find(factor));
                network.factors[at] = factors.collect::<Result<_, _>>()?;
            }
        }
        network.order_products()?;
        for (from, to) in synapses {
            network.add_synapse(from.as_ref(), to.as_ref())?;
        }
        Ok(network)
    }

    fn add_unit(&mut self, name: &str, unit: &Unit) -> Result<(), ArchitectureError> {
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(ArchitectureError::Name {
                name: name.to_owned(),
            });
        }
        if self.find(name).is_ok() {
            return Err(ArchitectureError::DuplicateUnit {
                name: name.to_owned(),
            });
        }
        if unit
            .activation()
            .is_some_and(|activation| activation.degree > Self::MAX_DEGREE)
        {
            return Err(Self::degree_error(name));
        }
        if matches!(unit, Unit::Product(factors) if factors.is_empty()) {
            let name = name.to_owned();
            return Err(ArchitectureError::NoFactors { name });
        }
        self.leaders.push(self.names.len());
        self.powers.push(1);
        self.factors.push(Vec::new());
        self.names.push(name.to_owned());
        self.units.push(unit.clone());
        Ok(())
    }

    fn add_synapse(&mut self, from: &str, to: &str) -> Result<(), ArchitectureError> {
        let ends = (self.find(from)?, self.find(to)?);
        let (from, to) = (from.to_owned(), to.to_owned());
        if self.units[ends.1].is_source() || !self.factors[ends.1].is_empty() {
            return Err(ArchitectureError::IntoSource { from, to });
        }
        if self.synapses.contains(&ends) {
            return Err(ArchitectureError::DuplicateSynapse { from, to });
        }
        self.weights.push(Symbol::new(format!("w[{from}->{to}]")));
        self.synapses.push(ends);
        Ok(())
    }

    /// Gives hidden units one scaling: layers (tied by layer), channels (convolution), branches
    /// of a residual addition. Their weights remain their own; see [`share`](Architecture::share).
    /// Ties join: a unit tied to two groups makes them one.
    ///
    /// Paper: Section 4.
    ///
    /// # Errors
    ///
    /// [`ArchitectureError::UnknownUnit`], [`ArchitectureError::TiedVisible`].
    pub fn tie(mut self, units: &[&str]) -> Result<Self, ArchitectureError> {
        let mut leaders = Vec::new();
        for name in units {
            let unit = self.find(name)?;
            if !matches!(self.units[unit], Unit::Hidden(_)) {
                return Err(ArchitectureError::TiedVisible {
                    name: (*name).to_owned(),
                });
            }
            leaders.push(self.leaders[unit]);
        }
        if let Some(&first) = leaders.iter().min() {
            for leader in &mut self.leaders {
                if leaders.contains(leader) {
                    *leader = first;
                }
            }
        }
        Ok(self)
    }

    /// Gives hidden units powers of one scaling, as where a key is divided by what a query is multiplied with: the
    /// first has exponent 1.
    ///
    /// Paper: ours.
    ///
    /// # Errors
    ///
    /// [`ArchitectureError::UnknownUnit`], [`ArchitectureError::TiedVisible`], [`ArchitectureError::TieExponent`].
    pub fn tie_powers(mut self, units: &[(&str, i32)]) -> Result<Self, ArchitectureError> {
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
        let mut leader = None;
        for (name, power) in units {
            let at = self.find(name)?;
            let tied = self.leaders.iter().filter(|leader| **leader == at).count() != 1;
            let first = *leader.get_or_insert(at);
            if tied || self.leaders[at] != at || *power == 0 || (first == at && *power != 1) {
                let name = (*name).to_owned();
                return Err(ArchitectureError::TieExponent { name });
            }
        }
        self = self.tie(&names)?;
        if let Some(first) = leader {
            for (name, power) in units {
                let at = self.find(name)?;
                (self.leaders[at], self.powers[at]) = (first, *power);
            }
        }
        Ok(self)
    }

    /// Gives synapses one weight, that of the first: a convolution's kernel. The weight is counted
    /// once in every cost. The units concerned must be tied so that the weight scales in one way;
    /// [`Scaling::of`](super::Scaling::of) checks that.
    ///
    /// Paper: Section 4.
    ///
    /// # Errors
    ///
    /// [`ArchitectureError::UnknownUnit`], [`ArchitectureError::UnknownSynapse`].
    pub fn share(mut self, synapses: &[(&str, &str)]) -> Result<Self, ArchitectureError> {
        let mut shared = Vec::new();
        for (from, to) in synapses {
            let ends = (self.find(from)?, self.find(to)?);
            let (from, to) = ((*from).to_owned(), (*to).to_owned());
            let at = self.synapses.iter().position(|synapse| *synapse == ends);
            let at = at.ok_or(ArchitectureError::UnknownSynapse { from, to })?;
            shared.push(self.weights[at].clone());
        }
        if let Some(first) = shared.first().cloned() {
            for weight in &mut self.weights {
                if shared.contains(weight) {
                    *weight = first.clone();
                }
            }
        }
        Ok(self)
    }

    fn find(&self, name: &str) -> Result<usize, ArchitectureError> {
        let unknown = || ArchitectureError::UnknownUnit {
            name: name.to_owned(),
        };
        self.names
            .iter()
            .position(|other| other == name)
            .ok_or_else(unknown)
    }

    /// The units and their names, in the order of declaration.
    pub fn units(&self) -> impl ExactSizeIterator<Item = (&str, &Unit)> {
        self.names.iter().map(String::as_str).zip(&self.units)
    }

    /// The synapses as `(weight, from, to)`, in the order of declaration.
    pub fn synapses(&self) -> impl ExactSizeIterator<Item = (&Symbol, &str, &str)> {
        let ends = self.synapses.iter();
        let named = ends.map(|&(from, to)| (self.names[from].as_str(), self.names[to].as_str()));
        self.weights
            .iter()
            .zip(named)
            .map(|(weight, (from, to))| (weight, from, to))
    }

    /// The synapses by number: weight, from, to.
    pub(super) fn wiring(&self) -> impl Iterator<Item = (&Symbol, usize, usize)> {
        self.weights
            .iter()
            .zip(&self.synapses)
            .map(|(weight, &(from, to))| (weight, from, to))
    }

    /// The products, each after those among its factors.
    fn order_products(&mut self) -> Result<(), ArchitectureError> {
        let count = self.names.len();
        let mut left: Vec<usize> = (0..count)
            .filter(|at| !self.factors[*at].is_empty())
            .collect();
        while !left.is_empty() {
            let is_ready = |at: &usize| {
                self.factors[*at]
                    .iter()
                    .all(|factor| !left.contains(factor))
            };
            let (ready, waiting): (Vec<usize>, Vec<usize>) =
                left.iter().partition(|at| is_ready(at));
            if let ([], Some(at)) = (ready.as_slice(), waiting.first()) {
                let name = self.names[*at].clone();
                return Err(ArchitectureError::Cycle { name });
            }
            self.products.extend(ready);
            left = waiting;
        }
        Ok(())
    }

    /// The products, each after those among its factors.
    pub(super) fn products(&self) -> &[usize] {
        &self.products
    }

    /// The factors of a product; none of any other unit.
    pub(super) fn factors(&self, at: usize) -> &[usize] {
        &self.factors[at]
    }

    /// The power of its [potential](Architecture::potential) that is the unit's scaling.
    pub(super) fn power(&self, at: usize) -> i32 {
        self.powers[at]
    }

    /// The product of the factors' values.
    pub(super) fn multiply<'a>(
        &self,
        at: usize,
        value: impl Fn(usize) -> &'a Laurent,
    ) -> Result<Laurent, ArchitectureError> {
        let mut product = Laurent::one();
        let mut degree = 0;
        for factor in &self.factors[at] {
            let terms = value(*factor).terms();
            degree += terms
                .map(|(monomial, _)| monomial.degree())
                .max()
                .unwrap_or(0);
            if degree > i64::from(Self::MAX_DEGREE) {
                return Err(Self::degree_error(&self.names[at]));
            }
            product *= value(*factor);
        }
        Ok(product)
    }

    pub(super) fn unit(&self, at: usize) -> &Unit {
        &self.units[at]
    }

    pub(super) fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// The unit's scaling under a letter, if the unit is hidden.
    pub(super) fn potential(&self, at: usize, letter: &str) -> Option<Symbol> {
        let hidden = matches!(self.units[at], Unit::Hidden(_));
        hidden.then(|| Symbol::new(format!("{letter}[{}]", self.names[self.leaders[at]])))
    }

    /// A unit's value for its net input, its slope marked by `tag`.
    pub(super) fn activate(
        &self,
        at: usize,
        tag: &str,
        net: &Laurent,
    ) -> Result<Laurent, ArchitectureError> {
        let Some(Activation { slope, degree }) = self.units[at].activation() else {
            return Ok(net.clone());
        };
        let reached = net
            .terms()
            .map(|(monomial, _)| monomial.degree())
            .max()
            .unwrap_or(0);
        let exponent = i32::try_from(*degree).map_err(|_| Self::degree_error(&self.names[at]))?;
        if reached * i64::from(exponent) + 1 > i64::from(Self::MAX_DEGREE) {
            return Err(Self::degree_error(&self.names[at]));
        }
        let slope = match slope {
            Some(value) => Laurent::constant(value.clone()),
            None => Laurent::symbol(format!("s[{tag}]")),
        };
        Ok(slope * net.pow(exponent)?)
    }

    fn degree_error(name: &str) -> ArchitectureError {
        ArchitectureError::Degree {
            name: name.to_owned(),
            limit: Self::MAX_DEGREE,
        }
    }
}
