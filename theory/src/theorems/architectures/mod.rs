//! Section 4: mixed, recurrent, tied and pass-through structures.

mod passing;
mod products;
mod tied;

use num_traits::One;
use rand::RngExt;

use super::gallery;
use super::ledger::{Failure, Kind, Ledger};
use super::support::{ENTRY, generator, integer, many, positive, proved, signed};
use super::{Status, Theorem};
use crate::symbolic::{Run, statements};
use synaptic_balance_core::network::{
    Activation, Network, Regularizer, Shape, Unit, UnitKind, planted, random_acyclic,
};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};
use synaptic_balance_core::solve::{Cyclic, StochasticOptions, balance_stochastic};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "mixed-units",
        title: "Only homogeneous units are scaled",
        statement: "In a network that mixes activations, scaling and balancing the homogeneous hidden units leaves the function \
                    as it is; the other units are fixed at multiplier 1.",
        hypotheses: "Acyclic, or with scaled initial values.",
        place: "Section 4",
        kinds: &[Kind::PropertyTest],
        general_proof: proved(
            &["mixed_units"],
            "For every finite network whose units have any activations, acyclic or over any number of steps: \
                     the multipliers of the BiLU hidden units are arbitrary, all others 1.",
        ),
        check: mixed_units,
        ..ENTRY
    },
    Theorem {
        id: "recurrent",
        title: "Recurrent networks",
        statement: "Scaling and balancing apply to recurrent networks: the outputs at every step stay as they are, and \
                    balancing converges as it does without cycles.",
        hypotheses: "The initial values of hidden units are scaled with them; self-connections in neither sum (E4).",
        place: "Section 4",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &[
                "recurrent",
                "balancing_of_a_network_converges",
                "hypotheses_are_met",
            ],
            "The outputs at every step, for every finite network and units of any degree; a self-connection of \
                     a BiLU keeps its weight. Balancing by the algorithm under L_p, for every finite network with or \
                     without cycles and every fair order, if non-zero synapses join every unit that is balanced to the \
                     ground and lie on cycles of the coalesced graph: cost never rises, the weights converge to those \
                     of least cost among all scalings, and no output changes.",
        ),
        check: recurrent,
        ..ENTRY
    },
    Theorem {
        id: "tied-scaling",
        title: "Tied units and shared weights",
        statement: "Units may share one multiplier: a layer, or the places of a convolution's channel. The function stays as \
                    it is, shared weights stay shared, and balance holds between the summed costs of the group, each shared \
                    weight counted once.",
        hypotheses: "Where weights are shared, the units that read and feed them are tied accordingly. Ties that share a unit \
                     are one.",
        place: "Section 4",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &["tied_scaling", "balance_of_a_group", "tied_balance"],
            "For every finite network and grouping of its units: the function, that shared weights stay \
                     shared, and that a multiplier of a group of BiLUs is optimal under L_p, over any choice of one \
                     synapse for each shared weight, exactly if the summed costs of its scaled weights are equal; where \
                     both sums are positive there is such a multiplier.",
        ),
        check: tied::scaling,
        ..ENTRY
    },
    Theorem {
        id: "pass-through-ties",
        title: "Operations that pass values on tie multipliers",
        statement: "A residual addition forces the multipliers of its two branches to be equal. Maximum and average pooling, \
                    flattening, concatenation, transposition and inference-mode batch normalisation carry the channel's \
                    multiplier, the normalisation's own scale and shift being weights. An operation that is not homogeneous \
                    pins what it reads and what it makes to 1.",
        place: "Section 4 and ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "A residual addition forces the multipliers of its branches to be equal; poolings, flattening, concatenation and transposition carry the multiplier. So does inference-mode batch normalisation γ (x - m)/s + β if its running mean m is multiplied with the shift β; with m kept, β must absorb the difference. An operation pins what it reads and makes to 1 if along one entry it is continuous at 0, not 0 there and not constant, or is 0 there with a slope from above that is not 0, and not linear above: so sigmoid, tanh, SiLU, GELU, ReLU6, softmax, and layer normalisation with ε > 0 (with ε = 0 it is homogeneous, of degree 0). That it is not homogeneous is not enough: x (2 + sin (2π log₂ x)) lets the multiplier 2 through.",
        ),
        kinds: &[Kind::PropertyTest],
        general_proof: proved(
            &[
                "pass_through_ties",
                "layer_normalisation",
                "a_value_pins",
                "a_slope_pins",
                "operations_that_pin",
                "one_multiplier_may_pass",
            ],
            "Addition, poolings of any size, values in another order, batch normalisation with its mean scaled \
                     or kept. Both criteria of what pins, for every function; sigmoid, tanh, ReLU6, SiLU, x Φ(x) for \
                     every Φ that is continuous at 0 with Φ(0) = 1/2 and not constant above, softmax and layer \
                     normalisation of any size; the operation that lets 2 through.",
        ),
        check: passing::check,
        ..ENTRY
    },
    Theorem {
        id: "tied-closed-form",
        title: "Layer-wise balancing in closed form",
        statement: "A layered network without biases whose layers cost C_1, ..., C_N has, after optimal tied scaling, every layer \
                    costing (Π C_k)^(1/N).",
        hypotheses: "All C_k > 0; no synapse skips a layer. Biases of the first hidden layer do no harm; others do.",
        place: "Section 4",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &["tied_closed_form", "cost_of_a_scaled_layer"],
            "For any number of layers of any size and all positive costs, under every L_p: a tied scaling is \
                     optimal exactly if every layer costs (Π C_k)^(1/N), and there is one.",
        ),
        check: tied::closed_form,
        ..ENTRY
    },
    Theorem {
        id: "products",
        title: "Products of values scale too",
        statement: "Where a value is the product of other values, as in gates and attention, it is multiplied by what its factors are multiplied with together, and a synapse out of it is divided by that: then the function stays as it is. Units may have powers of one multiplier, as a key the inverse of its query's. The logarithms of the scalings of synapses form a linear space, which depends on the architecture only.",
        hypotheses: "In recurrent networks a product multiplies values of one step, no product is among its own factors then, and initial values are scaled as values are.",
        place: "ours",
        kinds: &[
            Kind::SymbolicIdentity,
            Kind::PropertyTest,
            Kind::PropertyTest,
        ],
        general_proof: proved(
            &["products", "function_stays"],
            "For every finite network of units that sum, of any real degree, and units that multiply, over any \
                     number of steps from initial values that are scaled along; with ties of any powers the logarithms \
                     of scalings are closed under linear combinations, and no weight occurs in what they must satisfy.",
        ),
        check: products::check,
        ..ENTRY
    },
];

/// An acyclic network some of whose hidden units are clipped at 6, which is rational and not homogeneous.
fn mixed(rng: &mut rand_chacha::ChaCha8Rng) -> Result<Network<Rational>, Failure> {
    let plain = random_acyclic(Shape::new(2, 5, 1), 0.7, rng);
    let units = (0..plain.units()).map(|unit| {
        let mut unit = plain.unit(unit).clone();
        if unit.kind == UnitKind::Hidden && rng.random_bool(0.4) {
            unit.activation = Activation::Other("relu6".into());
        }
        unit
    });
    let units: Vec<Unit<Rational>> = units.collect();
    let synapses = (0..plain.synapses()).map(|synapse| {
        let (from, to) = plain.endpoints(synapse);
        (from, to, plain.weight(synapse).clone())
    });
    Ok(Network::new(units, synapses.collect(), vec![])?)
}

fn mixed_units(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(41);
    let (mut networks, mut pinned) = (0, 0);
    while networks < 60 {
        let network = mixed(&mut rng)?;
        let homogeneous = |unit: &usize| {
            let unit = network.unit(*unit);
            unit.kind == UnitKind::Hidden && unit.activation.degree().is_some()
        };
        ledger.equal(
            "variables",
            &network.variables(),
            &(0..network.units()).filter(homogeneous).count(),
        )?;
        pinned += network.units_of(UnitKind::Hidden).len() - network.variables();
        let scaled = network.scaled(&many(network.variables(), || positive(&mut rng)))?;
        for _ in 0..3 {
            let inputs = many(2, || integer(6) * signed(&mut rng));
            ledger.equal(
                "outputs",
                &scaled.evaluate(&inputs)?,
                &network.evaluate(&inputs)?,
            )?;
        }
        networks += 1;
    }
    ledger.record(
        Kind::PropertyTest,
        format!("60 random networks with {pinned} units clipped at 6 among 300: only the others are scaled, outputs equal exactly"),
    )
}

fn recurrent(ledger: &mut Ledger) -> Result<(), Failure> {
    let exhibit = gallery::recurrent(Run::Steps(4))?;
    ledger.proved(statements::invariance(&exhibit.network, Run::Steps(4))?)?;
    ledger.proved(statements::self_connections_unchanged(&exhibit.network)?)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "every output of 4 steps with initial states h -> λ h; self-connections keep their weights",
    )?;
    let mut rng = generator(42);
    let options = StochasticOptions {
        tolerance: 1e-13,
        ..StochasticOptions::default()
    };
    for _ in 0..20 {
        let planted = planted(Shape::new(1, 5, 1), true, false, &mut rng);
        let problem = planted.network.problem(&Regularizer::l1());
        let run = balance_stochastic(&problem, &mut Cyclic::default(), &options, &mut |_| {})?;
        let multipliers: Vec<f64> = run
            .solution
            .multipliers
            .iter()
            .map(|m| m.to_f64())
            .collect();
        for synapse in 0..planted.network.synapses() {
            let (from, to) = planted.network.endpoints(synapse);
            let at = |unit| {
                planted
                    .network
                    .variable(unit)
                    .map_or(1.0, |v: usize| multipliers[v])
            };
            let found = rational_to_f64(planted.network.weight(synapse)) * at(to) / at(from);
            ledger.agree("weight", found, rational_to_f64(&planted.balanced[synapse]))?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "20 random recurrent networks, planted balanced and hidden by a scaling: cyclic balancing finds every weight again; they agree to 1e-9",
    )
}

/// `x -> value` for pooling, addition and so on, over lists.
type Operation = fn(&[Rational]) -> Vec<Rational>;

/// The mean of some numbers.
fn mean(values: &[Rational]) -> Rational {
    synaptic_balance_core::numbers::sum(values) / integer(values.len() as i64)
}

/// The largest of some numbers.
fn largest(values: &[Rational]) -> Rational {
    values.iter().max().cloned().unwrap_or_else(Rational::one)
}
