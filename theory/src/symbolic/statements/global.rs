//! Statements about all units together: tied layers, and the Laplacian behind the convex problem.

use crate::symbolic::{
    AlgebraError, Architecture, ArchitectureError, Claim, Laurent, Monomial, Scaling, Symbol, Unit,
};
use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};

/// A layered network of `layers` layers of weights, without biases, scaled by one multiplier per
/// hidden layer: with [`tied_multipliers`] every layer costs `(Π C_k)^(1/N)`.
///
/// The costs are `C_k = c_k^N`, so that the root is the monomial `Π c_k`. As all layers then cost
/// the same, every hidden layer is balanced.
///
/// Paper: Section 4, the closed form of tied balancing.
///
/// One identity per layer; none for 0 layers. One layer has no multiplier and costs `C_1`.
///
/// # Errors
///
/// [`AlgebraError::ExponentOverflow`] for more layers than fit `i32`.
///
/// ```
/// use synaptic_balance::symbolic::statements;
///
/// for layers in [2, 3] {
///     assert!(statements::tied_closed_form(layers)?.prove().is_ok());
/// }
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
pub fn tied_closed_form(layers: usize) -> Result<Claim, AlgebraError> {
    layer_costs(&tied_multipliers(layers)?, layers)
}

/// `μ_k = G^k / (C_1 ... C_k)` for the hidden layers `k = 1..N-1`, where `G = Π c_k` and
/// `C_k = c_k^N`.
///
/// # Errors
///
/// [`AlgebraError::ExponentOverflow`] for more layers than fit `i32`.
pub fn tied_multipliers(layers: usize) -> Result<Vec<Monomial>, AlgebraError> {
    let target = geometric_mean(layers)?;
    let mut multiplier = Monomial::one();
    let mut multipliers = Vec::new();
    for layer in 1..layers {
        multiplier = multiplier
            .checked_mul(&target)?
            .checked_mul(&layer_cost(layer, layers)?.inverse()?)?;
        multipliers.push(multiplier.clone());
    }
    Ok(multipliers)
}

/// With the given multipliers of the hidden layers (1 for those not given), every one of `layers`
/// layers costs `Π c_k`: `C_k μ_k / μ_(k-1) = Π c_k`.
///
/// # Errors
///
/// [`AlgebraError::ExponentOverflow`].
pub fn layer_costs(multipliers: &[Monomial], layers: usize) -> Result<Claim, AlgebraError> {
    let target = geometric_mean(layers)?;
    let hidden = multipliers
        .get(..layers.saturating_sub(1))
        .unwrap_or(multipliers);
    let mut before = Monomial::one();
    let mut claim = Claim::new("every layer costs the geometric mean");
    for layer in 1..=layers {
        let after = hidden.get(layer - 1).cloned().unwrap_or_default();
        let scaling = after.checked_mul(&before.inverse()?)?;
        let cost = layer_cost(layer, layers)?.checked_mul(&scaling)?;
        before = after;
        claim = claim.and(format!("layer {layer}"), cost.into(), target.clone().into());
    }
    Ok(claim)
}

fn layer_cost(layer: usize, layers: usize) -> Result<Monomial, AlgebraError> {
    let exponent = i32::try_from(layers).map_err(|_| AlgebraError::ExponentOverflow)?;
    Ok(Monomial::power(format!("c[{layer}]"), exponent))
}

fn geometric_mean(layers: usize) -> Result<Monomial, AlgebraError> {
    let mut factors = (1..=layers).map(|layer| Monomial::symbol(format!("c[{layer}]")));
    factors.try_fold(Monomial::one(), |product, factor| {
        product.checked_mul(&factor)
    })
}

/// In the coordinates `x_i = log Λ_i`, the gradient of the regularizer is `p (A_i - B_i)` and its
/// Hessian is `p²` times the Laplacian of the graph weighted by the current costs, grounded at the
/// visible units.
///
/// With costs `c_e Λ_i^p Λ_j^-p` and `∂/∂x_j = Λ_j ∂/∂Λ_j`, for hidden units `i`, `j`:
///
/// * `∂R/∂x_i = p (A_i - B_i)`;
/// * `∂(A_i - B_i)/∂x_j = -p * (cost of the synapses joining i and j)` for `j != i`;
/// * `∂(A_i - B_i)/∂x_i = p (A_i + B_i)`.
///
/// With `p = 1` this is the Jacobian of the balance map in cost space, with `μ_j ∂/∂μ_j`.
///
/// Paper: Section 5.4 (convexity); the Laplacian is ours.
///
/// Hypotheses: BiLU units. Tied units are one node. Self-connections, and synapses within a group
/// of tied units or between visible units, have constant cost and count nowhere. `h` hidden units
/// give `h² + h` identities. Every integer `p` satisfies them; a regularizer has `p > 0`.
///
/// # Errors
///
/// [`ArchitectureError::NotBilu`]; those of [`Scaling::of`]; [`AlgebraError::ExponentOverflow`]
/// for `p = i32::MIN`.
pub fn laplacian(network: &Architecture, p: i32) -> Result<Claim, ArchitectureError> {
    let graph = Graph::of(network, p)?;
    let power = Laurent::integer(p.into());
    let total: Laurent = graph.edges.iter().map(|edge| edge.cost.clone()).sum();
    let mut claim = Claim::new("the Hessian is p^2 times a grounded Laplacian");
    for i in &graph.nodes {
        let input = graph.cost(|from, to| to == Some(i) && from != to);
        let output = graph.cost(|from, to| from == Some(i) && from != to);
        let deficit = &input - &output;
        let gradient = total.euler_derivative(i.name());
        claim = claim.and(format!("gradient at {i}"), gradient, &power * &deficit);
        for j in &graph.nodes {
            let entry = if i == j {
                &input + &output
            } else {
                -graph.joining(i, j)
            };
            let derivative = deficit.euler_derivative(j.name());
            claim = claim.and(format!("entry {i}, {j}"), derivative, &power * entry);
        }
    }
    Ok(claim)
}

/// The cost graph: a node per potential, an edge per weight with its scaled cost.
struct Graph {
    nodes: BTreeSet<Symbol>,
    edges: Vec<Edge>,
}

struct Edge {
    from: Option<Symbol>,
    to: Option<Symbol>,
    cost: Laurent,
}

impl Graph {
    fn of(network: &Architecture, p: i32) -> Result<Self, ArchitectureError> {
        // Where a weight is shared, its synapses join the same nodes: one edge stands for all.
        Scaling::of(network)?;
        let mut nodes = BTreeSet::new();
        for (at, (name, unit)) in network.units().enumerate() {
            if !network.factors(at).is_empty() || network.power(at) != 1 {
                let name = name.to_owned();
                return Err(ArchitectureError::NotAGraph { name });
            }
            if let Unit::Hidden(activation) = unit {
                if activation.degree() != 1 {
                    let degree = activation.degree();
                    return Err(ArchitectureError::NotBilu {
                        name: name.to_owned(),
                        degree,
                    });
                }
                nodes.extend(network.potential(at, "Λ"));
            }
        }
        let by_weight: BTreeMap<_, _> = network
            .wiring()
            .map(|(w, from, to)| (w, (from, to)))
            .collect();
        let edges = by_weight.into_iter().map(|(weight, (from, to))| {
            let (from, to) = (network.potential(from, "Λ"), network.potential(to, "Λ"));
            let factor = |end: &Option<Symbol>, exponent| {
                end.clone()
                    .map_or_else(Monomial::one, |end| Monomial::power(end, exponent))
            };
            let divisor = factor(&from, p).inverse()?;
            let letter = Monomial::symbol(weight.name().replacen('w', "c", 1));
            let cost = letter
                .checked_mul(&factor(&to, p))?
                .checked_mul(&divisor)?
                .into();
            Ok(Edge { from, to, cost })
        });
        let edges = edges.collect::<Result<_, AlgebraError>>()?;
        Ok(Self { nodes, edges })
    }

    /// The summed cost of the edges between two nodes, in either direction.
    fn joining(&self, i: &Symbol, j: &Symbol) -> Laurent {
        let (i, j) = (Some(i), Some(j));
        self.cost(|from, to| (from == i && to == j) || (from == j && to == i))
    }

    /// The summed cost of the edges whose ends satisfy a condition.
    fn cost(&self, of: impl Fn(Option<&Symbol>, Option<&Symbol>) -> bool) -> Laurent {
        let chosen = self
            .edges
            .iter()
            .filter(|edge| of(edge.from.as_ref(), edge.to.as_ref()));
        chosen.fold(Laurent::zero(), |sum, edge| sum + &edge.cost)
    }
}
