//! Section 5: the manifold, the convex problem, convergence and certificates.

mod attention;
mod certificates;
mod commuting;
mod convergence;
mod convex;
mod depth;
mod enclosures;
mod energy;
mod existence;
mod manifold;
mod products;
mod spectrum;

pub(super) use certificates::products_are_one;
pub(super) use commuting::{CommutingPair, Pair};
pub(super) use existence::on_no_cycle;
pub(super) use manifold::{
    all_architectures, covered_by_visible_walks, ends, rows, walks, walks_decide,
};
pub(super) use spectrum::{Compared, circulating, compare_with_law};

use super::ledger::Kind;
use super::support::ENTRY;
use super::{Status, Theorem};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "noncommutativity",
        title: "When balancing two units commutes",
        statement: "If no non-zero synapse joins hidden units i and j, balancing them commutes. If one does, and either has a \
                    non-zero synapse with a third unit, they commute if and only if both are already balanced. Two units \
                    joined to each other alone always commute.",
        hypotheses: "i != j, BiLU units, A, B > 0 at both.",
        place: "ours (the paper: E8)",
        kinds: &[Kind::ExhaustiveSearch, Kind::PropertyTest],
        script: Some("proofs/local-to-global/noncommutativity.rhai"),
        check: commuting::check,
        ..ENTRY
    },
    Theorem {
        id: "prop-5.4",
        title: "Self-consistency by paths and cycles",
        statement: "L comes from multipliers Λ, 1 on visible units, if and only if Σ L = 0 along every directed input-output path \
                    and every directed cycle.",
        hypotheses: "Every synapse lies on a walk from an input to an output (E7).",
        place: "Definition 5.2, Proposition 5.4",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "If every synapse lies on a walk between visible units, L comes from multipliers if and only if Σ L = 0 along every directed path between visible units (inputs, biases, outputs, units that are not homogeneous) and every directed cycle. Exactly: the sums decide if and only if the synapses on no directed cycle of the coalesced graph form a forest once its strongly connected components are contracted.",
        ),
        kinds: &[
            Kind::ExhaustiveSearch,
            Kind::PropertyTest,
            Kind::ExactCounterexample,
        ],
        script: Some("proofs/local-to-global/prop-5.4.rhai"),
        check: manifold::paths_and_cycles,
        ..ENTRY
    },
    Theorem {
        id: "manifold-dimension",
        title: "The dimension of the manifold, and a basis of its constraints",
        statement: "The manifold of self-consistent L depends only on the architecture. Its dimension is the number of hidden \
                    units when each is connected to a visible one; |E| less that many directed cycles of the coalesced graph \
                    are a basis of its constraints.",
        hypotheses: "Connections in whatever direction. Directed cycles suffice if every synapse lies on one.",
        place: "Section 5.3, Remark 5.6",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "The dimension is the number of hidden units less the number of components without a visible unit. |E| less the dimension independent cycles of the coalesced graph are a basis of the constraints; they can all be directed if every synapse lies on a directed cycle, while other synapses may need cycles walked in both directions.",
        ),
        kinds: &[Kind::ExhaustiveSearch, Kind::PropertyTest],
        script: Some("proofs/local-to-global/manifold-dimension.rhai"),
        check: manifold::dimension,
        ..ENTRY
    },
    Theorem {
        id: "convex-problem",
        title: "Balancing is a convex problem, and matrix balancing",
        statement: "min Σ c_e exp(p L_e) over the manifold has, in x = log Λ, the gradient p (A_i - B_i) and as Hessian p² times \
                    the Laplacian of the graph weighted by the current costs, grounded at the visible units. A step of \
                    balancing is a step of Osborne's matrix balancing of the coalesced cost matrix.",
        hypotheses: "BiLU units. Strictly convex in x if non-zero synapses join every hidden unit to the ground; always strictly \
                     convex in the L of non-zero synapses.",
        place: "Section 5.4; Laplacian and matrix balancing: ours",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        script: Some("proofs/local-to-global/convex-problem.rhai"),
        check: convex::check,
        ..ENTRY
    },
    Theorem {
        id: "convex-in-multipliers",
        title: "Convex in the multipliers themselves?",
        statement: "In the multipliers Λ themselves, not their logarithms, R is convex for p >= 1 if no non-zero synapse joins two \
                    hidden units, as with one hidden layer. If one does it need not be: for the chain x -> a -> b -> y of costs 1 \
                    under L_2 it is not.",
        place: "ours, beside Section 5.4",
        kinds: &[Kind::PropertyTest, Kind::ExactCounterexample],
        check: convex::in_multipliers,
        ..ENTRY
    },
    Theorem {
        id: "existence",
        title: "When the minimum is attained",
        statement: "The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a \
                    directed cycle of the coalesced graph. Exactly one exists: a circulation that is at least 1 on every \
                    non-zero synapse, or a direction that raises no cost and lowers one. If it is not attained, the infimum is \
                    reached in the limit in which the synapses on no cycle vanish, and no output changes.",
        hypotheses: "BiLU units.",
        place: "ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "The minimum is attained if and only if every synapse of non-zero cost (self-connections aside) lies on a directed cycle of the coalesced graph, and exactly one of circulation and direction exists. If it is not attained, the infimum is reached in the limit in which the synapses on no cycle vanish. No output changes in acyclic networks, nor in recurrent ones from initial state 0; from others a unit that nothing feeds can pass its state on through a synapse that vanishes.",
        ),
        kinds: &[
            Kind::ExhaustiveSearch,
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::ExactCounterexample,
        ],
        script: Some("proofs/local-to-global/existence.rhai"),
        check: existence::check,
        ..ENTRY
    },
    Theorem {
        id: "thm-5.1",
        title: "Stochastic balancing converges to one balanced network",
        statement: "If every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights \
                    converge to the same W*, whatever the order.",
        hypotheses: "",
        place: "Theorem 5.1",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "If the minimum is attained (E6) and every unit is visited infinitely often, R decreases to its minimum, λ* tends to 1, and the weights converge to the same W*, whatever the order. L is unique on non-zero synapses, Λ on components that non-zero synapses join to a visible unit.",
        ),
        kinds: &[Kind::PropertyTest, Kind::ExactInstance],
        script: Some("proofs/local-to-global/thm-5.1.rhai"),
        check: convergence::theorem,
        ..ENTRY
    },
    Theorem {
        id: "fair-orders",
        title: "Why every fair order converges",
        statement: "Let r = max μ_i/μ*_i >= 1. No balancing step raises r; a step at i ends strictly below the bound r μ*_i if a \
                    neighbour (or the ground, for r > 1) is strictly below its own. After D passes of any orders, D being the \
                    distance of the farthest unit from the ground, r has fallen strictly if it was above 1.",
        hypotheses: "The minimum is attained; non-zero synapses join every hidden unit to the ground.",
        place: "ours",
        kinds: &[Kind::PropertyTest, Kind::PropertyTest],
        script: Some("proofs/local-to-global/fair-orders.rhai"),
        check: convergence::fair_orders,
        ..ENTRY
    },
    Theorem {
        id: "comparison-principle",
        title: "Two sign tests enclose the optimum",
        statement: "If μ has A <= B at every hidden unit then μ <= μ* everywhere; if A >= B everywhere, μ >= μ*. Two such vectors \
                    lower <= upper prove that every balanced multiplier lies between them. So too for mixtures of L_p and for tied units.",
        hypotheses: "Units of positive degree; μ* exists; non-zero synapses join every hidden unit to the ground. Passing both tests \
                     proves existence.",
        place: "ours",
        kinds: &[
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::ExactCounterexample,
            Kind::PropertyTest,
        ],
        script: Some("proofs/local-to-global/comparison-principle.rhai"),
        check: certificates::comparison,
        ..ENTRY
    },
    Theorem {
        id: "foreign-scaling",
        title: "Is another network a scaling of this one?",
        statement: "W' is a scaling of W if and only if signs and zeros agree and the ratios w'/w multiply to 1 along a basis of \
                    the cycles of the coalesced graph; the Λ found by propagation then reproduces every weight.",
        hypotheses: "BiLU units; cycles of non-zero synapses, in whatever direction.",
        place: "ours, from Definition 5.2",
        kinds: &[Kind::PropertyTest, Kind::PropertyTest],
        script: Some("proofs/local-to-global/foreign-scaling.rhai"),
        check: certificates::foreign,
        ..ENTRY
    },
    Theorem {
        id: "representative",
        title: "The balanced network stands for its class",
        statement: "W and W' are scalings of each other if and only if they have the same balanced weights W*. R is the same at W \
                    and at W* exactly if W is balanced.",
        hypotheses: "BiLU units; the minimum is attained for both.",
        place: "ours, from Theorem 5.1",
        kinds: &[Kind::PropertyTest],
        check: certificates::representative,
        ..ENTRY
    },
    Theorem {
        id: "rem-5.7",
        title: "Deterministic orders, subsets, and layers",
        statement: "Convergence to one balanced state holds as well for deterministic orders, for a subset of the units, and for \
                    layer-wise (tied) balancing.",
        hypotheses: "",
        place: "Remark 5.7",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "If the minimum of the problem concerned is attained (E6; for a subset, of the problem in which all other units count as visible) and every unit concerned is visited infinitely often, convergence to one balanced state holds as well for deterministic orders, for a subset of the units, and for layer-wise (tied) balancing. Without an attained minimum each of the three fails, though every step be defined.",
        ),
        kinds: &[
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::ExactCounterexample,
        ],
        script: Some("proofs/local-to-global/rem-5.7.rhai"),
        check: convergence::remark_5_7,
        ..ENTRY
    },
    Theorem {
        id: "depth-law",
        title: "The local rate is cos(π/(L+1)), for all weights and widths",
        statement: "In a balanced network without biases and skips, of L hidden layers, the walk that leaves a unit along a synapse \
                    with probability cost/(A + B) steps up or down one layer with probability 1/2 each. Its Perron root is \
                    cos(π/(L+1)), with Perron vector sin(πl/(L+1)), constant on layers. With biases and skips, in acyclic networks, it is \
                    at most cos(π/(L+1)), L being the most hidden units on a path between visible units, and equal exactly if \
                    in some component of hidden units all paths pass L of them.",
        hypotheses: "No ties and no cycles of hidden units: with them it can be larger. A bias of the first hidden layer changes nothing. \
                     Simultaneous balancing contracts by the root; cyclic sweeps by its square if they go layer by layer.",
        place: "ours",
        kinds: &[
            Kind::PropertyTest,
            Kind::SymbolicIdentity,
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::PropertyTest,
            Kind::ExactInstance,
        ],
        script: Some("proofs/local-to-global/depth-law.rhai"),
        check: depth::check,
        ..ENTRY
    },
    Theorem {
        id: "bounded-scalings",
        title: "Balancing within bounds",
        statement: "With 1/S <= Λ <= S prescribed there is one solution; the step becomes clamp(T), still monotone, so that \
                    convergence and the comparison principle carry over, with the sign test relaxed at units at a bound.",
        hypotheses: "S > 1; no attained minimum is needed.",
        place: "ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "With 1/S <= Λ <= S prescribed there is one solution if non-zero synapses join every hidden unit to the ground; the step becomes clamp(T), still monotone, so that convergence and the comparison principle carry over, with the sign test relaxed at units at a bound. Away from the ground Λ is not unique.",
        ),
        kinds: &[Kind::PropertyTest],
        script: Some("proofs/local-to-global/bounded-scalings.rhai"),
        check: convergence::bounded,
        ..ENTRY
    },
    Theorem {
        id: "product-balance",
        title: "Balancing with products",
        statement: "With products and ties of powers the cost is Σ c_e exp<a_e, x> with rational exponents a_e: convex in x = log μ. Where its minimum is attained, the balanced costs are unique, and balancing one variable at a time leads to them in every fair order. One variable is balanced by μ = sqrt(B/A) for exponents ±1, by (B/A)^(1/2q) for ±q, by (cB/A)^(1/(1+c)) for 1 and -c, else by the one root of Σ a c μ^a. Balancing all variables at once can diverge.",
        hypotheses: "A, B > 0 at the variable that is balanced.",
        place: "ours",
        kinds: &[Kind::ExactInstance, Kind::PropertyTest, Kind::PropertyTest],
        script: Some("proofs/local-to-global/product-balance.rhai"),
        check: products::balance,
        ..ENTRY
    },
    Theorem {
        id: "odd-cycle",
        title: "Where the comparison principle fails",
        statement: "If costs rise in two multipliers at once, as those of a query and of a key under one gain do, multipliers with A <= B everywhere can lie above the balanced ones.",
        hypotheses: "",
        place: "ours",
        kinds: &[Kind::ExactCounterexample, Kind::ExactInstance],
        script: Some("proofs/local-to-global/odd-cycle.rhai"),
        check: products::odd_cycle,
        ..ENTRY
    },
    Theorem {
        id: "double-cover",
        title: "The double cover",
        statement: "Costs of at most two variables each, with exponents ±1, become those of an ordinary problem when each variable is taken twice, once as x and once as -x, and each cost twice, so that every copy rises in one and falls in one: its minimum is twice that of the problem and attained if and only if that is, μ = sqrt(v+/v-), and comparison holds there.",
        hypotheses: "",
        place: "ours",
        kinds: &[Kind::PropertyTest],
        script: Some("proofs/local-to-global/double-cover.rhai"),
        check: products::cover,
        ..ENTRY
    },
    Theorem {
        id: "energy-certificate",
        title: "The energy certificate",
        statement: "A point of positive multipliers and a circulation of the terms, y_e >= 0 with Σ y_e a_e = 0 exactly, prove \
                    that the regularizer there is at most G = Σ (y_e - w_e)²/w_e above its infimum, w_e the costs at the \
                    point, and enclose every balanced cost: it lies in [w_e (1-r), w_e/(1-r)] if 0 < r < 1 and \
                    G <= w_e (1-r) r²/2. If every y_e is positive, the minimum is attained.",
        hypotheses: "",
        place: "ours",
        kinds: &[Kind::ExactInstance, Kind::PropertyTest],
        script: Some("proofs/local-to-global/energy-certificate.rhai"),
        check: energy::energy,
        ..ENTRY
    },
    Theorem {
        id: "attention",
        title: "A block of attention",
        statement: "In a block of attention a query has the inverse multiplier of its key, one for each pair of channels that a rotation \
                    mixes and each head of keys, whose query heads share it; a value's is divided out of the outputs that read it, \
                    in all heads that share it; a gain's out of all that reads it. Scores and outputs stay as they are. The costs \
                    of gains and keys rise or fall in two multipliers at once, so that no comparison applies; the energy \
                    certificate does.",
        hypotheses: "Normalised values and mixing weights are inputs, scores are outputs; rotations are constants.",
        place: "ours",
        kinds: &[Kind::ExactInstance, Kind::ExactInstance],
        script: Some("proofs/local-to-global/attention.rhai"),
        check: attention::check,
        ..ENTRY
    },
];
