//! Sections 3 and 4: what a scaling leaves as it is, for one unit, several, and tied ones.

use num_traits::{One, Signed, Zero};

use super::hunted::{Domain, Held, Hunted};
use super::networks::{tied, with_activation};
use crate::theorems::Failure;
use crate::theorems::support::{CostGraph, integer, ratio};
use synaptic_balance_core::kernel::check;
use synaptic_balance_core::network::{Activation, Network, Regularizer, UnitIndex, UnitKind};
use synaptic_balance_core::numbers::{Rational, sum};

/// Sections 3 and 4.
pub(super) static STATEMENTS: &[Hunted] = &[
    Hunted::holds(
        "scaling-invariance",
        "scaling a unit by 2 or 1/3 changes no output (leaky ReLUs, three steps, initial state scaled too)",
        |network| {
            each_unit(&leaky(network)?, |unit| UnitScaling {
                factors: vec![integer(2), ratio(1, 3)],
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::holds(
        "scaling-invariance",
        "scaling a unit that squares by λ in and λ² out changes no output (initial state scaled too)",
        |network| {
            each_unit(&squaring(network)?, |unit| UnitScaling {
                degree: 2,
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "scaling-invariance",
        "scaling a unit by -1 changes no output",
        "λ > 0",
        "scaling-invariance",
        |network| {
            each_unit(&leaky(network)?, |unit| UnitScaling {
                factors: vec![integer(-1)],
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "scaling-invariance",
        "scaling a unit and not its bias changes no output",
        "the bias counts as an incoming weight",
        "scaling-invariance",
        |network| {
            each_unit(&leaky(network)?, |unit| UnitScaling {
                bias: false,
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "scaling-invariance",
        "scaling a unit changes no output from initial state 1",
        "the initial value is scaled",
        "scaling-invariance",
        |network| {
            each_unit(&leaky(network)?, |unit| UnitScaling {
                initial: false,
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "scaling-invariance",
        "scaling a unit that squares by λ in and λ out changes no output",
        "λ^c for a BiPU",
        "scaling-invariance",
        |network| each_unit(&squaring(network)?, UnitScaling::of),
    )
    .over(Domain::Few),
    Hunted::without(
        "mixed-units",
        "scaling a unit that clips at 6 changes no output",
        "a homogeneous activation",
        "mixed-units",
        |network| each_unit(&with_activation(network, |_| clipped())?, UnitScaling::of),
    )
    .over(Domain::Few),
    Hunted::holds(
        "mixed-units",
        "scaling all leaky units beside one that clips at 6 changes no output",
        mixed,
    )
    .over(Domain::Few),
    Hunted::holds(
        "scaling-group",
        "two scalings compose to their product, in either order, and the inverse undoes",
        group,
    )
    .over(Domain::Few),
    Hunted::holds(
        "recurrent",
        "with cycles among hidden units: scaling all of them changes no output in three steps from initial \
         state 0",
        |network| cyclic(network, &integer(0)),
    )
    .over(Domain::Few),
    Hunted::without(
        "recurrent",
        "with cycles among hidden units: scaling all of them changes no output in three steps",
        "initial values are scaled (all are 1)",
        "recurrent",
        |network| cyclic(network, &integer(1)),
    )
    .over(Domain::Few),
    Hunted::without(
        "recurrent",
        "a scaling multiplies the self-connection as an incoming weight and changes no output",
        "self-connections in neither sum",
        "E4",
        |network| {
            each_unit(&leaky(network)?, |unit| UnitScaling {
                own: true,
                ..UnitScaling::of(unit)
            })
        },
    )
    .over(Domain::Few),
    Hunted::holds(
        "tied-scaling",
        "all hidden units tied: a common multiplier changes no output, and balance is that of the summed costs",
        tied_sums,
    )
    .over(Domain::Few),
    Hunted::without(
        "tied-scaling",
        "all hidden units tied: if the group is balanced, each unit is",
        "sums over the group",
        "tied-scaling",
        |network| {
            Ok(tie_all(network)?
                .filter(|_| sides_agree(network, true))
                .map(|_| sides_agree(network, false)))
        },
    )
    .over(Domain::Few),
    Hunted::without(
        "tied-scaling",
        "each of two ties has its own multiplier",
        "ties that overlap are one",
        "tied-scaling",
        overlapping_ties,
    ),
    Hunted::holds(
        "tied-closed-form",
        "a layered network tied by layer is balanced exactly if all layers cost the same",
        |network| closed_form(network, true, true),
    ),
    Hunted::without(
        "tied-closed-form",
        "a layered network tied by layer is balanced exactly if all layers cost the same",
        "no biases but of the first hidden layer",
        "tied-closed-form",
        |network| closed_form(network, false, true),
    ),
    Hunted::without(
        "tied-closed-form",
        "a layered network tied by layer is balanced exactly if all layers cost the same",
        "no synapse skips a layer",
        "tied-closed-form",
        |network| closed_form(network, true, false),
    ),
];

/// What is done to one unit; written independently of `Network::scaled`.
struct UnitScaling {
    unit: UnitIndex,
    factors: Vec<Rational>,
    /// Outgoing weights are divided by the factor to this power, initial values multiplied by it.
    degree: i32,
    /// Is the bias scaled?
    bias: bool,
    /// Is the initial value scaled?
    initial: bool,
    /// Is the self-connection multiplied as if it came from elsewhere?
    own: bool,
}

impl UnitScaling {
    fn of(unit: UnitIndex) -> Self {
        UnitScaling {
            unit,
            factors: vec![integer(2)],
            degree: 1,
            bias: true,
            initial: true,
            own: false,
        }
    }

    fn apply(&self, network: &Network<Rational>, factor: &Rational) -> Network<Rational> {
        let weights = (0..network.synapses()).map(|synapse| {
            let (from, to) = network.endpoints(synapse);
            let mut weight = network.weight(synapse).clone();
            let kept = !self.bias && network.unit(from).kind == UnitKind::Bias;
            if to == self.unit && !kept {
                weight *= factor;
            }
            if from == self.unit && !(self.own && to == self.unit) {
                weight /= factor.pow(self.degree);
            }
            weight
        });
        network.with_weights(weights.collect())
    }

    fn keeps(&self, network: &Network<Rational>) -> Result<bool, Failure> {
        let ones = vec![Rational::one(); network.units()];
        let before = outputs(network, &ones)?;
        for factor in &self.factors {
            let mut initial = ones.clone();
            if self.initial {
                initial[self.unit] = factor.pow(self.degree);
            }
            if outputs(&self.apply(network, factor), &initial)? != before {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn each_unit(network: &Network<Rational>, scaling: impl Fn(UnitIndex) -> UnitScaling) -> Held {
    for unit in network.units_of(UnitKind::Hidden) {
        if !scaling(unit).keeps(network)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

/// Outputs over three steps on both sides of the kinks.
pub(super) fn outputs(
    network: &Network<Rational>,
    initial: &[Rational],
) -> Result<Vec<Vec<Rational>>, Failure> {
    let inputs = network.units_of(UnitKind::Input).len();
    let steps = [5, -3, 1].map(|value| vec![integer(value); inputs]);
    Ok(network.evaluate_over_time(&steps, initial)?)
}

fn leaky(network: &Network<Rational>) -> Result<Network<Rational>, Failure> {
    with_activation(network, |_| Activation::LeakyRelu(ratio(1, 2)))
}

fn squaring(network: &Network<Rational>) -> Result<Network<Rational>, Failure> {
    let square = Activation::BiPu {
        degree: integer(2),
        above: integer(1),
        below: integer(3),
    };
    with_activation(network, |_| square.clone())
}

fn clipped() -> Activation<Rational> {
    Activation::Other("relu6".into())
}

/// One multiplier for each variable, all different.
fn multipliers(count: usize) -> Vec<Rational> {
    let several = [(2, 1), (1, 3), (5, 1), (3, 2), (1, 7)];
    let cycle = several.iter().cycle().take(count);
    cycle.map(|(n, d)| ratio(*n, *d)).collect()
}

/// The first hidden unit clips, the others are leaky.
fn mixed(network: &Network<Rational>) -> Held {
    let mixed = with_activation(network, |place| match place {
        0 => clipped(),
        _ => Activation::LeakyRelu(ratio(1, 2)),
    })?;
    if mixed.variables() == 0 {
        return Ok(None);
    }
    let zeros = vec![Rational::zero(); mixed.units()];
    let scaled = mixed.scaled(&multipliers(mixed.variables()))?;
    Ok(Some(outputs(&scaled, &zeros)? == outputs(&mixed, &zeros)?))
}

fn group(network: &Network<Rational>) -> Held {
    let first = multipliers(network.variables());
    let second: Vec<Rational> = first.iter().map(|m| m + integer(1)).collect();
    let product: Vec<Rational> = first.iter().zip(&second).map(|(a, b)| a * b).collect();
    let inverse: Vec<Rational> = first.iter().map(Rational::recip).collect();
    let once = network.scaled(&first)?;
    let both = once.scaled(&second)?.weights();
    let composes = both == network.scaled(&product)?.weights();
    let commutes = both == network.scaled(&second)?.scaled(&first)?.weights();
    let undone = once.scaled(&inverse)?.weights() == network.weights();
    Ok(Some(composes && commutes && undone))
}

/// All units scaled at once, where hidden units form a cycle.
fn cyclic(network: &Network<Rational>, initial: &Rational) -> Held {
    if !super::rates::has_hidden_cycle(network, true) {
        return Ok(None);
    }
    let network = leaky(network)?;
    let state = vec![initial.clone(); network.units()];
    let scaled = network.scaled(&multipliers(network.variables()))?;
    Ok(Some(
        outputs(&scaled, &state)? == outputs(&network, &state)?,
    ))
}

/// All hidden units tied; `None` for fewer than two.
fn tie_all(network: &Network<Rational>) -> Result<Option<Network<Rational>>, Failure> {
    let hidden = network.units_of(UnitKind::Hidden);
    if hidden.len() < 2 {
        return Ok(None);
    }
    tied(&leaky(network)?, vec![hidden]).map(Some)
}

/// `A = B` for the sums over all units, or at each.
fn sides_agree(network: &Network<Rational>, summed: bool) -> bool {
    let graph = CostGraph::of(network);
    let ones = vec![Rational::one(); graph.nodes];
    let sides: Vec<_> = (0..graph.nodes)
        .map(|node| graph.sides(node, &ones))
        .collect();
    let (input, output): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
    if summed {
        sum(&input) == sum(&output)
    } else {
        input == output
    }
}

fn tied_sums(network: &Network<Rational>) -> Held {
    let Some(tied) = tie_all(network)? else {
        return Ok(None);
    };
    let zeros = vec![Rational::zero(); tied.units()];
    let kept = outputs(&tied.scaled(&[integer(3)])?, &zeros)? == outputs(&tied, &zeros)?;
    let balanced = check::balanced(&tied.problem(&Regularizer::l1()), &[integer(1)]).is_ok();
    Ok(Some(kept && balanced == sides_agree(network, true)))
}

/// Ties of the first two hidden units and of the last two: one multiplier, not two, if they share a unit.
fn overlapping_ties(network: &Network<Rational>) -> Held {
    let hidden = network.units_of(UnitKind::Hidden);
    if hidden.len() < 3 {
        return Ok(None);
    }
    let ties = vec![hidden[..2].to_vec(), hidden[hidden.len() - 2..].to_vec()];
    let tied = tied(network, ties)?;
    let groups = (0..tied.variables()).filter(|variable| tied.members(*variable).len() > 1);
    Ok(Some(groups.count() == 2))
}

/// The longest distance from a visible source of each unit along non-zero synapses; `None` with a cycle.
fn levels(network: &Network<Rational>) -> Option<Vec<usize>> {
    let mut level = vec![0; network.units()];
    for _ in 0..=network.units() {
        let before = level.clone();
        for synapse in (0..network.synapses()).filter(|e| !network.weight(*e).is_zero()) {
            let (from, to) = network.endpoints(synapse);
            level[to] = level[to].max(level[from] + 1);
        }
        if level == before {
            return Some(level);
        }
    }
    None
}

/// The closed form under `L_1`; the layer of a synapse is that of the unit it leads to.
fn closed_form(network: &Network<Rational>, no_biases: bool, no_skips: bool) -> Held {
    let Some(level) = levels(network) else {
        return Ok(None);
    };
    let hidden = network.units_of(UnitKind::Hidden);
    let last = network
        .units_of(UnitKind::Output)
        .iter()
        .map(|unit| level[*unit])
        .max()
        .unwrap_or(0);
    let dead = hidden
        .iter()
        .any(|unit| level[*unit] == 0 || level[*unit] >= last);
    if hidden.is_empty() || dead {
        return Ok(None);
    }
    let mut costs = vec![Rational::zero(); last];
    for synapse in (0..network.synapses()).filter(|e| !network.weight(*e).is_zero()) {
        let (from, to) = network.endpoints(synapse);
        let bias = network.unit(from).kind == UnitKind::Bias;
        let excluded = if bias {
            no_biases && level[to] > 1
        } else {
            no_skips && level[to] != level[from] + 1
        };
        if excluded {
            return Ok(None);
        }
        costs[level[to] - 1] += network.weight(synapse).abs();
    }
    let layer = |l: usize| hidden.iter().copied().filter(|u| level[*u] == l).collect();
    let ties: Vec<Vec<usize>> = (1..last).map(layer).collect();
    let ties = ties.into_iter().filter(|tie: &Vec<_>| tie.len() > 1);
    let tied = tied(network, ties.collect())?;
    let ones = vec![Rational::one(); tied.variables()];
    let balanced = check::balanced(&tied.problem(&Regularizer::l1()), &ones).is_ok();
    let equal = costs.windows(2).all(|pair| pair[0] == pair[1]);
    Ok(Some(balanced == equal))
}
