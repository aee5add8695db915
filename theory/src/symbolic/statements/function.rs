//! Scalings and the function they leave alone.

use crate::symbolic::{Architecture, ArchitectureError, Claim, Laurent, Run, Scaling};
use std::collections::BTreeMap;

/// Scaling all hidden units by any `λ > 0` changes no output, at any step.
///
/// Paper: Section 3; BiPU Prop 2.3; tied units and shared weights Section 4.
///
/// Hypotheses: as for [`Architecture::function`]. Since the `λ` are letters, one proof covers all
/// scalings of all hidden units, all weights, inputs and initial states, on every region.
///
/// One identity per output and step; none without outputs.
///
/// # Errors
///
/// Those of [`Architecture::function`] and [`Scaling::of`].
///
/// ```
/// use synaptic_balance::symbolic::{Architecture, Run, Unit, statements};
///
/// let network = Architecture::new(
///     &[
///         ("x", Unit::Input),
///         ("a", Unit::bilu()),
///         ("b", Unit::bipu(2)),
///         ("y", Unit::linear_output()),
///     ],
///     &[("x", "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("b", "y")],
/// )?;
/// let proved = statements::invariance(&network, Run::Steps(3))?.prove()?;
/// assert_eq!(proved.identities().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn invariance(network: &Architecture, run: Run) -> Result<Claim, ArchitectureError> {
    invariance_under(network, run, &Scaling::of(network)?)
}

/// [`invariance`] for a given scaling. With biases left out it is false.
///
/// # Errors
///
/// Those of [`Architecture::function`].
pub fn invariance_under(
    network: &Architecture,
    run: Run,
    scaling: &Scaling,
) -> Result<Claim, ArchitectureError> {
    let mut claim = Claim::new("scaling hidden units leaves the function unchanged");
    for (output, value) in network.function(run)? {
        claim = claim.and(output.name(), scaling.apply(&value)?, value);
    }
    Ok(claim)
}

/// Scalings form a commutative group: on every parameter `S_λ S_κ = S_{λκ} = S_κ S_λ`, and
/// `S_{1/λ} S_λ = 1`.
///
/// Paper: Section 3. Not to be confused with *balancing*, which commutes only between units that
/// no synapse joins (Section 5).
///
/// Three identities per parameter; the architecture may be recurrent, tied and have BiPU units.
///
/// # Errors
///
/// Those of [`Scaling::of`].
pub fn scalings_form_a_group(network: &Architecture) -> Result<Claim, ArchitectureError> {
    let first = Scaling::of(network)?;
    let second = Scaling::with_letter(network, "κ")?;
    let (mut to_product, mut to_inverse) = (BTreeMap::new(), BTreeMap::new());
    for (a, b) in first.potentials().into_iter().zip(second.potentials()) {
        let product = Laurent::symbol(a.clone()).checked_mul(&Laurent::symbol(b))?;
        to_product.insert(a.clone(), product);
        to_inverse.insert(a.clone(), Laurent::power(a, -1));
    }
    let mut claim = Claim::new("scalings form a commutative group");
    for (parameter, _) in first.parameters() {
        let own = Laurent::symbol(parameter.clone());
        let scaled = first.apply(&own)?;
        let product = scaled.substitute(&to_product)?;
        let inverse = scaled.substitute(&to_inverse)?;
        let twice = first.apply(&second.apply(&own)?)?;
        let swapped = second.apply(&first.apply(&own)?)?;
        claim = claim
            .and(format!("{parameter}: composition"), twice.clone(), product)
            .and(format!("{parameter}: order"), twice, swapped)
            .and(format!("{parameter}: inverse"), first.apply(&inverse)?, own);
    }
    Ok(claim)
}

/// A self-connection keeps its weight when its unit is scaled.
///
/// Paper: not stated; E4 rests on it.
///
/// True of BiLU units; false of BiPU units of degree `c != 1`, where the weight is multiplied by
/// `λ^(1-c)`. Synapses within a group of tied units are included: tied, they act like
/// self-connections.
///
/// One identity per such synapse; none without.
///
/// # Errors
///
/// Those of [`Scaling::of`].
pub fn self_connections_unchanged(network: &Architecture) -> Result<Claim, ArchitectureError> {
    let scaling = Scaling::of(network)?;
    let mut claim = Claim::new("self-connections are unchanged by scaling");
    for (weight, from, to) in network.wiring() {
        let alike = network.power(from) == network.power(to);
        let (from, to) = (network.potential(from, "λ"), network.potential(to, "λ"));
        if from.is_some() && from == to && alike {
            let own = Laurent::symbol(weight.clone());
            claim = claim.and(weight.name(), scaling.apply(&own)?, own);
        }
    }
    Ok(claim)
}
