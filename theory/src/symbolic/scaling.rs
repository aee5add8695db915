//! Scalings of a network, with a letter for each multiplier.

use super::{AlgebraError, Architecture, ArchitectureError, Laurent, Monomial, Symbol};
use std::collections::{BTreeMap, BTreeSet};

/// A symbolic scaling: each parameter times a monomial in the units' multipliers.
///
/// A weight becomes `w λ_i / λ_j^c` for its synapse `j -> i`, with `c` the degree of `j` and `λ = 1` on visible units;
/// an initial state becomes `h λ_i^c`. A synapse out of a product is divided by what all its factors' values are
/// multiplied with. So `IN(i)` are the parameters in whose multiplier `λ_i` has a positive exponent and `OUT(i)` those
/// where it has a negative one; a self-connection of a BiLU unit has exponent 0 and is in neither.
///
/// Paper: Section 3 (BiLU), Prop 2.3 (BiPU), Section 4 (tied); the symbolic form is ours.
///
/// ```
/// use synaptic_balance::symbolic::{Architecture, Scaling, Unit};
///
/// let network = Architecture::new(
///     &[("x", Unit::Input), ("a", Unit::bipu(2)), ("b", Unit::bilu())],
///     &[("x", "a"), ("a", "b"), ("b", "b")],
/// )?;
/// let scaling = Scaling::of(&network)?;
/// assert_eq!(scaling.multiplier("w[x->a]").to_string(), "λ[a]");
/// assert_eq!(scaling.multiplier("w[a->b]").to_string(), "λ[a]^-2*λ[b]");
/// assert!(scaling.multiplier("w[b->b]").is_one());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    multipliers: BTreeMap<Symbol, Monomial>,
}

impl Scaling {
    /// The scaling of all hidden units by `λ[i] > 0`, tied units by one.
    ///
    /// # Errors
    ///
    /// [`ArchitectureError::SharedDifferently`] if a shared weight would have to become two.
    pub fn of(network: &Architecture) -> Result<Self, ArchitectureError> {
        Self::with_letter(network, "λ")
    }

    /// The same under another letter, one the table of [`Architecture`] does not use.
    pub(super) fn with_letter(
        network: &Architecture,
        letter: &str,
    ) -> Result<Self, ArchitectureError> {
        let mut multipliers: BTreeMap<Symbol, Monomial> = BTreeMap::new();
        for (weight, from, to) in network.wiring() {
            let multiplier = value_multiplier(network, from, letter)?.inverse()?;
            let multiplier = multiplier.checked_mul(&unit_multiplier(network, to, letter)?)?;
            match multipliers.get(weight) {
                Some(other) if *other != multiplier => {
                    return Err(ArchitectureError::SharedDifferently {
                        weight: weight.clone(),
                    });
                }
                _ => multipliers.insert(weight.clone(), multiplier),
            };
        }
        for (unit, (name, kind)) in network.units().enumerate() {
            if !kind.is_source() {
                let state = Symbol::new(format!("h[{name}]"));
                multipliers.insert(state, value_multiplier(network, unit, letter)?);
            }
        }
        Ok(Self { multipliers })
    }

    /// The same scaling with one parameter left as it is. Leaving out a bias is a mistake seen in
    /// published implementations: the function then changes.
    #[must_use]
    pub fn without(mut self, parameter: &str) -> Self {
        self.multipliers.remove(parameter);
        self
    }

    /// The multiplier of a parameter; 1 if it is not scaled.
    pub fn multiplier(&self, parameter: &str) -> Monomial {
        self.multipliers.get(parameter).cloned().unwrap_or_default()
    }

    /// The parameters and their multipliers: weights, then initial states, each in the order of
    /// their names.
    pub fn parameters(&self) -> impl Iterator<Item = (&Symbol, &Monomial)> {
        let initial = |name: &Symbol| name.name().starts_with('h');
        let (states, weights): (Vec<_>, Vec<_>) =
            self.multipliers.iter().partition(|(name, _)| initial(name));
        weights.into_iter().chain(states)
    }

    /// The multipliers' letters, one per hidden unit or group of tied units that has a parameter.
    pub fn potentials(&self) -> BTreeSet<Symbol> {
        let all = self.multipliers.values().flat_map(Monomial::powers);
        all.map(|(symbol, _)| symbol.clone()).collect()
    }

    /// The parameters that contain a potential, with their exponents.
    pub fn exponents(&self, potential: &str) -> impl Iterator<Item = (&Symbol, i32)> {
        let all = self
            .parameters()
            .map(|(name, multiplier)| (name, multiplier.exponent(potential)));
        all.filter(|(_, exponent)| *exponent != 0)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// A polynomial in the scaled parameters.
    ///
    /// # Errors
    ///
    /// [`AlgebraError::ExponentOverflow`].
    pub fn apply(&self, polynomial: &Laurent) -> Result<Laurent, AlgebraError> {
        polynomial.substitute(&self.replacements()?)
    }

    fn replacements(&self) -> Result<BTreeMap<Symbol, Laurent>, AlgebraError> {
        let scaled = self.multipliers.iter().map(|(name, multiplier)| {
            let product = multiplier.checked_mul(&Monomial::symbol(name.clone()))?;
            Ok((name.clone(), product.into()))
        });
        scaled.collect()
    }
}

/// `λ_i`, or the power of it that a tie says, or 1 on a visible unit.
fn unit_multiplier(
    network: &Architecture,
    unit: usize,
    letter: &str,
) -> Result<Monomial, AlgebraError> {
    let own = network.potential(unit, letter);
    let own = own.map_or_else(Monomial::one, Monomial::symbol);
    own.pow(network.power(unit))
}

/// `λ_i^c`, by which the unit's value is multiplied; for a product what its factors' values are.
fn value_multiplier(
    network: &Architecture,
    unit: usize,
    letter: &str,
) -> Result<Monomial, AlgebraError> {
    if !network.factors(unit).is_empty() {
        let factors = network.factors(unit).iter();
        return factors
            .map(|factor| value_multiplier(network, *factor, letter))
            .try_fold(Monomial::one(), |product, factor| {
                product.checked_mul(&factor?)
            });
    }
    let degree = network
        .unit(unit)
        .activation()
        .map_or(1, |activation| activation.degree());
    let degree = i32::try_from(degree).map_err(|_| AlgebraError::ExponentOverflow)?;
    unit_multiplier(network, unit, letter)?.pow(degree)
}
