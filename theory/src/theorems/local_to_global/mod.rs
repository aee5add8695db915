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
use super::support::{ENTRY, proved};
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
        general_proof: proved(
            &["noncommutativity", "noncommutativity_in_closed_form"],
            "For any finite list of terms, parallel synapses and mixtures included, at any multipliers; the \
                     first two parts for units of any positive degree.",
        ),
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
        general_proof: proved(
            &[
                "prop_5_4",
                "multipliers_make_sums_vanish",
                "paths_and_cycles_decide_exactly",
                "walks_between_visible_units_suffice",
            ],
            "For every finite directed graph and set of visible units whose synapses lie on walks between \
                     visible units, with paths that visit no unit twice and cycles that repeat only their first; the \
                     forward direction needs no hypothesis. The exact condition, for every finite network, parallel \
                     synapses included; and that the hypothesis implies it.",
        ),
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
        general_proof: proved(
            &[
                "manifold_dimension",
                "multipliers_determined",
                "basis_of_cycles",
                "basis_of_directed_cycles",
                "directed_cycles_may_not_suffice",
            ],
            "For every finite directed graph and set of visible units: with one unit left out of each \
                     component without a visible unit, which can always be chosen, the columns of the other hidden \
                     units are a basis of the manifold; |E| less their number independent cycles decide, parallel \
                     synapses included, directed ones if every synapse lies on a directed cycle; a network in which \
                     directed cycles do not suffice. Cycles are closed walks here: they may pass a synapse again.",
        ),
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
        general_proof: proved(
            &[
                "convex_problem",
                "strictly_convex",
                "term_of_a_synapse",
                "step_of_osborne",
            ],
            "For any finite list of terms: gradient, quadratic form of the Hessian, its positivity where \
                     non-zero synapses join every hidden unit to the ground, and strict convexity in that case and in \
                     the L of non-zero synapses. For L_p and units of degree 1: a step changes the coalesced cost \
                     matrix as Osborne's does.",
        ),
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
        scripted: false,
        general_proof: proved(
            &["convex_in_multipliers"],
            "For every real p >= 1 and any finite list of synapses with at most one hidden end; the chain.",
        ),
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
        general_proof: proved(
            &[
                "existence",
                "attained_certificate",
                "not_attained_certificate",
                "limit_certificate",
                "no_output_changes",
                "no_output_changes_without_cycles",
                "a_state_is_passed_on",
                "attained_by_a_circulation",
                "not_attained_by_a_direction",
                "limit_by_a_direction",
            ],
            "For any finite list of terms whose units have degree 1, grounded or not: attained exactly if all \
                     non-zero terms lie on cycles, exactly if a positive circulation exists, and not attained exactly \
                     if a direction does; what the infimum is, and that weights tend to those of the minimum without \
                     the terms on no cycle. Outputs: for every finite network of BiLUs and other units over any number \
                     of steps, with a counterexample for other initial states. Of the kernel's rules, for units of any \
                     degree and any exponents: `attained`, `not_attained` and the limit.",
        ),
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
        general_proof: proved(
            &[
                "thm_5_1",
                "balanced_weights_are_unique",
                "balancing_converges",
            ],
            "For any finite list of terms with units of any positive degree, joined to the ground or not, \
                     every fair order and every start: R never rises and tends to its minimum, λ* tends to 1 if \
                     every unit has a non-zero synapse, weights converge, and so do the multipliers of units that \
                     non-zero synapses join to the ground. Uniqueness as corrected. With the step of L_p in closed \
                     form.",
        ),
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
        general_proof: proved(
            &[
                "fair_orders",
                "contraction",
                "linear_rate",
                "few_orders_omit_a_unit",
            ],
            "For any finite list of terms whose units have degree 1, any bound r of the ratios, and any \
                     further steps between the passes. For L_p an explicit factor: if every synapse has at least the \
                     share s of the cost of its unit in balance, D passes multiply the bound by f(D) < 1, f(0) = 1/r, \
                     f(n+1) = sqrt(1 - s (1 - f(n))); and a rate from any start: if all ratios are within r of 1, above \
                     and below, they are within 1 + q^m (r - 1) after m D passes, q = 1 - (s/2)^D. Of the N^n orders of \
                     length n at most N (N-1)^n omit a unit, a share that tends to 0.",
        ),
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
        general_proof: proved(
            &[
                "comparison_principle",
                "balanced_state_is_unique",
                "enclosure_certificate",
                "enclosure_of_a_grounded_network",
                "enclosure_by_ratios",
            ],
            "For any finite list of terms: every L_p, mixtures, ties, units of any positive degree; and that \
                     what the kernel's rule `enclosure` compares, on the reals, proves existence, uniqueness and the \
                     bounds, in components joined to the ground, held at one variable, or without a common scaling.",
        ),
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
        general_proof: proved(
            &[
                "foreign_scaling",
                "propagated_multipliers_reproduce_every_weight",
            ],
            "For every finite network of BiLUs, parallel synapses included, and any family of cycles of \
                     non-zero synapses, walked in whatever direction, of which all others are linear combinations.",
        ),
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
        scripted: false,
        general_proof: proved(
            &["representative"],
            "For every finite network of BiLUs, parallel synapses included, under every L_p, where both minima \
                     are attained.",
        ),
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
        general_proof: proved(
            &["rem_5_7", "cyclic_sweeps_are_fair", "without_a_minimum"],
            "For any finite list of terms whose units have degree 1, any ties, any subset, every fair order; \
                     sweeps in any sequence of the units are fair. Without an attained minimum: an order, a subset and \
                     a tied layer for which every step is defined and nothing balances.",
        ),
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
        general_proof: proved(
            &[
                "depth_law",
                "depth_law_with_skips",
                "sweep_law",
                "walk_is_the_derivative",
                "sweeps_of_balancing",
            ],
            "For every balanced network of L hidden layers without biases and skips, of any widths and costs: \
                     the steps of the walk, the positive eigenvector, that nothing shrinks more slowly, that no real \
                     eigenvalue is larger, and the square for sweeps. For every balanced network without cycles, with \
                     biases and skips: the bound, and that it is reached exactly if in some component all paths pass L \
                     units. The walk is the derivative of a step of L_p at a balanced point, the sweep of the walk \
                     that of a sweep of the algorithm, layer by layer.",
        ),
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
        general_proof: proved(
            &[
                "bounded_scalings",
                "clamped_step",
                "not_unique_away_from_the_ground",
            ],
            "For any finite list of terms, each unit with bounds of its own: one solution, relaxed sign tests, \
                     convergence under every fair order; the clamped step of L_p; and two units away from the ground \
                     with many solutions.",
        ),
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
        general_proof: proved(
            &["product_balance", "one_variable", "all_at_once_can_diverge"],
            "For any finite list of terms with any real exponents: convexity, that minima are where every \
                     variable is balanced, unique costs, and convergence of balancing one variable at a time in every \
                     fair order. The four formulas, the last with existence and uniqueness of the root. For a + b + c \
                     + d + 32/(abcd), that balancing all at once from equal multipliers moves away from the minimum by \
                     3/2 each time.",
        ),
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
        general_proof: proved(&["odd_cycle"], "The counterexample, with its one minimum."),
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
        general_proof: proved(
            &["double_cover"],
            "For any finite list of costs of at most two variables each, with exponents ±1: minima of one give \
                     minima of the other, with twice the value; comparison holds in the cover where non-zero costs \
                     join all copies to the ground.",
        ),
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
        general_proof: proved(
            &[
                "energy_certificate",
                "energy_certificate_of_intervals",
                "energy_certificate_sound",
                "attained_or_falling",
            ],
            "For any finite list of terms of any exponents; with costs enclosed; and from the integers that the kernel sums, \
                     roundings included. Of a checker that computes them from a file's numbers \
                     (proofs/checker/energy_checker_sound.v), that what it accepts is true; that the kernel in Rust \
                     computes the same is compared, not proved.",
        ),
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
        general_proof: proved(
            &["attention", "scores_and_outputs_stay"],
            "For blocks of any numbers of channels, heads, pairs and positions, any sharing of key heads, any \
                     rotations, and mixing weights that are any function of the scores: scores and outputs. What costs \
                     are multiplied with; a block of one channel and one pair is the problem of odd-cycle, to which \
                     the energy certificate applies.",
        ),
        check: attention::check,
        ..ENTRY
    },
];
