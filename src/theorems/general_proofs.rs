//! What is proved in general: the proofs in `proofs/`, which `proofs/check` compiles. What is not here is open.

use super::GeneralProof;

/// The general proof of the statement with this id.
pub(super) fn of(id: &str) -> Option<GeneralProof> {
    let mut proofs = PROOFS.iter();
    proofs.find(|(of, _)| *of == id).map(|(_, proof)| *proof)
}

const PROOFS: &[(&str, GeneralProof)] = &[
    (
        "def-2.1",
        GeneralProof {
            file: "proofs/units/def-2.1.v",
            theorems: &["def_2_1"],
            proves: "The two branches, and the equalities with a x, max(0, x), max(0, x) + s min(0, x) and |x|, at \
                     every real x.",
            open: "",
        },
    ),
    (
        "prop-2.2",
        GeneralProof {
            file: "proofs/units/prop-2.2.v",
            theorems: &["prop_2_2"],
            proves: "Both directions, for every function from the reals to the reals.",
            open: "",
        },
    ),
    (
        "prop-2.3",
        GeneralProof {
            file: "proofs/units/prop-2.3.v",
            theorems: &[
                "prop_2_3",
                "degree_zero_leaves_zero_free",
                "degree_one_is_bilu",
            ],
            proves: "Both directions as corrected, for every real c and every function from the reals to the reals; \
                     that any value at 0 does for c = 0; and that c = 1 is BiLU.",
            open: "",
        },
    ),
    (
        "bipu-continuity",
        GeneralProof {
            file: "proofs/units/bipu-continuity.v",
            theorems: &["bipu_continuity"],
            proves: "Both directions, for every real c and every function from the reals to the reals.",
            open: "",
        },
    ),
    (
        "generalised-scaling",
        GeneralProof {
            file: "proofs/units/generalised-scaling.v",
            theorems: &["generalised_scaling"],
            proves: "For every function and pair (g, h), any number of inputs with any weights, and every reader.",
            open: "",
        },
    ),
    (
        "universal-approximation",
        GeneralProof {
            file: "proofs/units/universal-approximation.v",
            theorems: &[
                "universal_approximation",
                "continuous_functions_are_approximated",
            ],
            proves: "For all a != b, any number of pieces (as many hidden units), and every function that is \
                     continuous on the interval.",
            open: "",
        },
    ),
    (
        "scaling-invariance",
        GeneralProof {
            file: "proofs/one-unit/scaling-invariance.v",
            theorems: &[
                "scaling_invariance",
                "only_one_unit",
                "forward_is_the_function",
            ],
            proves: "For every finite network, units of any real degree and sources and visible units of any \
                     activation: over any number of steps from any initial state scaled with the units, and for \
                     networks without cycles, in any topological order, whose function is shown to be well defined.",
            open: "",
        },
    ),
    (
        "scaling-group",
        GeneralProof {
            file: "proofs/one-unit/scaling-group.v",
            theorems: &["scaling_group", "scalings_compose"],
            proves: "For every weight of every finite network, for units of any real degrees; also for multipliers of \
                     all units at once, with the identity.",
            open: "",
        },
    ),
    (
        "thm-3.1-lp",
        GeneralProof {
            file: "proofs/one-unit/thm-3.1-lp.v",
            theorems: &[
                "thm_3_1_lp",
                "optimum_exists_iff",
                "infimum_without_optimum",
                "optimum_rational_iff",
                "balance_minimises",
                "balanced_costs",
            ],
            proves: "For every real p > 0 (an integer where rationality is concerned) and any numbers of incoming and \
                     outgoing weights; also in cost space: μA + B/μ >= 2 sqrt(AB), with equality exactly for μ² = B/A.",
            open: "",
        },
    ),
    (
        "thm-3.1-general",
        GeneralProof {
            file: "proofs/one-unit/thm-3.1-general.v",
            theorems: &[
                "thm_3_1_general",
                "balance_after_scaling",
                "mixtures_are_strictly_convex",
                "minimisers_can_fill_an_interval",
            ],
            proves: "For any numbers of incoming and outgoing weights, each with its own cost; the derivative need not \
                     be continuous. Mixtures have any number of terms and any real powers above 0. That minimisers can \
                     fill an interval is shown for |w| up to 1, 1 + ln |w| beyond.",
            open: "",
        },
    ),
    (
        "bipu-balance",
        GeneralProof {
            file: "proofs/one-unit/bipu-balance.v",
            theorems: &["bipu_balance"],
            proves: "For every real c and p > 0, any numbers of incoming and outgoing weights, with and without a \
                     self-connection: a multiplier is optimal exactly if it balances the unit.",
            open: "",
        },
    ),
    (
        "mixed-units",
        GeneralProof {
            file: "proofs/architectures/mixed-units.v",
            theorems: &["mixed_units"],
            proves: "For every finite network whose units have any activations, acyclic or over any number of steps: \
                     the multipliers of the BiLU hidden units are arbitrary, all others 1.",
            open: "",
        },
    ),
    (
        "recurrent",
        GeneralProof {
            file: "proofs/architectures/recurrent.v",
            theorems: &[
                "recurrent",
                "balancing_of_a_network_converges",
                "hypotheses_are_met",
            ],
            proves: "The outputs at every step, for every finite network and units of any degree; a self-connection of \
                     a BiLU keeps its weight. Balancing by the algorithm under L_p, for every finite network with or \
                     without cycles and every fair order, if non-zero synapses join every unit that is balanced to the \
                     ground and lie on cycles of the coalesced graph: cost never rises, the weights converge to those \
                     of least cost among all scalings, and no output changes.",
            open: "",
        },
    ),
    (
        "tied-scaling",
        GeneralProof {
            file: "proofs/architectures/tied-scaling.v",
            theorems: &["tied_scaling", "balance_of_a_group"],
            proves: "For every finite network and grouping of its units: the function, that shared weights stay \
                     shared, and that a multiplier of a group of BiLUs is optimal exactly if the summed costs are \
                     equal.",
            open: "",
        },
    ),
    (
        "pass-through-ties",
        GeneralProof {
            file: "proofs/architectures/pass-through-ties.v",
            theorems: &[
                "pass_through_ties",
                "layer_normalisation",
                "a_value_pins",
                "a_slope_pins",
                "operations_that_pin",
                "one_multiplier_may_pass",
            ],
            proves: "Addition, poolings of any size, values in another order, batch normalisation with its mean scaled \
                     or kept. Both criteria of what pins, for every function; sigmoid, tanh, ReLU6, SiLU, x Φ(x) for \
                     every Φ that is continuous at 0 with Φ(0) = 1/2 and not constant above, softmax and layer \
                     normalisation of any size; the operation that lets 2 through.",
            open: "",
        },
    ),
    (
        "tied-closed-form",
        GeneralProof {
            file: "proofs/architectures/tied-closed-form.v",
            theorems: &["tied_closed_form", "cost_of_a_scaled_layer"],
            proves: "For any number of layers of any size and all positive costs, under every L_p: a tied scaling is \
                     optimal exactly if every layer costs (Π C_k)^(1/N), and there is one.",
            open: "",
        },
    ),
    (
        "products",
        GeneralProof {
            file: "proofs/architectures/products.v",
            theorems: &["products", "function_stays"],
            proves: "For every finite network of units that sum, of any real degree, and units that multiply, over any \
                     number of steps from initial values that are scaled along; with ties of any powers the logarithms \
                     of scalings are closed under linear combinations, and no weight occurs in what they must satisfy.",
            open: "",
        },
    ),
    (
        "noncommutativity",
        GeneralProof {
            file: "proofs/local-to-global/noncommutativity.v",
            theorems: &["noncommutativity", "noncommutativity_in_closed_form"],
            proves: "For any finite list of terms, parallel synapses and mixtures included, at any multipliers; the \
                     first two parts for units of any positive degree.",
            open: "",
        },
    ),
    (
        "prop-5.4",
        GeneralProof {
            file: "proofs/local-to-global/prop-5.4.v",
            theorems: &[
                "prop_5_4",
                "multipliers_make_sums_vanish",
                "paths_and_cycles_decide_exactly",
                "walks_between_visible_units_suffice",
            ],
            proves: "For every finite directed graph and set of visible units whose synapses lie on walks between \
                     visible units, with paths that visit no unit twice and cycles that repeat only their first; the \
                     forward direction needs no hypothesis. The exact condition, for every finite network, parallel \
                     synapses included; and that the hypothesis implies it.",
            open: "",
        },
    ),
    (
        "manifold-dimension",
        GeneralProof {
            file: "proofs/local-to-global/manifold-dimension.v",
            theorems: &[
                "manifold_dimension",
                "multipliers_determined",
                "basis_of_cycles",
                "basis_of_directed_cycles",
                "directed_cycles_may_not_suffice",
            ],
            proves: "For every finite directed graph and set of visible units: with one unit left out of each \
                     component without a visible unit, which can always be chosen, the columns of the other hidden \
                     units are a basis of the manifold; |E| less their number independent cycles decide, parallel \
                     synapses included, directed ones if every synapse lies on a directed cycle; a network in which \
                     directed cycles do not suffice.",
            open: "",
        },
    ),
    (
        "convex-problem",
        GeneralProof {
            file: "proofs/local-to-global/convex-problem.v",
            theorems: &[
                "convex_problem",
                "strictly_convex",
                "term_of_a_synapse",
                "step_of_osborne",
            ],
            proves: "For any finite list of terms: gradient, quadratic form of the Hessian, its positivity where \
                     non-zero synapses join every hidden unit to the ground, and strict convexity in that case and in \
                     the L of non-zero synapses. For L_p and units of degree 1: a step changes the coalesced cost \
                     matrix as Osborne's does.",
            open: "",
        },
    ),
    (
        "convex-in-multipliers",
        GeneralProof {
            file: "proofs/local-to-global/convex-in-multipliers.v",
            theorems: &["convex_in_multipliers"],
            proves: "For every real p >= 1 and any finite list of synapses with at most one hidden end; the chain.",
            open: "",
        },
    ),
    (
        "existence",
        GeneralProof {
            file: "proofs/local-to-global/existence.v",
            theorems: &[
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
            proves: "For any finite list of terms whose units have degree 1, grounded or not: attained exactly if all \
                     non-zero terms lie on cycles, exactly if a positive circulation exists, and not attained exactly \
                     if a direction does; what the infimum is, and that weights tend to those of the minimum without \
                     the terms on no cycle. Outputs: for every finite network of BiLUs and other units over any number \
                     of steps, with a counterexample for other initial states. Of the kernel's rules, for units of any \
                     degree and any exponents: `attained`, `not_attained` and the limit.",
            open: "",
        },
    ),
    (
        "thm-5.1",
        GeneralProof {
            file: "proofs/local-to-global/thm-5.1.v",
            theorems: &[
                "thm_5_1",
                "balanced_weights_are_unique",
                "balancing_converges",
            ],
            proves: "For any finite list of terms with units of any positive degree, joined to the ground or not, \
                     every fair order and every start: R never rises and tends to its minimum, λ* tends to 1, weights \
                     converge, and so do the multipliers of units that non-zero synapses join to the ground. \
                     Uniqueness as corrected. With the step of L_p in closed form.",
            open: "",
        },
    ),
    (
        "fair-orders",
        GeneralProof {
            file: "proofs/local-to-global/fair-orders.v",
            theorems: &["fair_orders", "contraction", "few_orders_omit_a_unit"],
            proves: "For any finite list of terms whose units have degree 1, any bound r of the ratios, and any \
                     further steps between the passes. For L_p an explicit factor: if every synapse has at least the \
                     share s of the cost of its unit in balance, D passes multiply the bound by f(D) < 1, f(0) = 1/r, \
                     f(n+1) = sqrt(1 - s (1 - f(n))). Of the N^n orders of length n at most N (N-1)^n omit a unit, a \
                     share that tends to 0.",
            open: "",
        },
    ),
    (
        "comparison-principle",
        GeneralProof {
            file: "proofs/local-to-global/comparison-principle.v",
            theorems: &[
                "comparison_principle",
                "balanced_state_is_unique",
                "enclosure_certificate",
                "enclosure_of_a_grounded_network",
                "enclosure_by_ratios",
            ],
            proves: "For any finite list of terms: every L_p, mixtures, ties, units of any positive degree; and that \
                     what the kernel's rule `enclosure` compares, on the reals, proves existence, uniqueness and the \
                     bounds, in components joined to the ground, held at one variable, or without a common scaling.",
            open: "",
        },
    ),
    (
        "foreign-scaling",
        GeneralProof {
            file: "proofs/local-to-global/foreign-scaling.v",
            theorems: &[
                "foreign_scaling",
                "propagated_multipliers_reproduce_every_weight",
            ],
            proves: "For every finite network of BiLUs, parallel synapses included, and any family of cycles of \
                     non-zero synapses, walked in whatever direction, of which all others are linear combinations.",
            open: "",
        },
    ),
    (
        "representative",
        GeneralProof {
            file: "proofs/local-to-global/representative.v",
            theorems: &["representative"],
            proves: "For every finite network of BiLUs, parallel synapses included, under every L_p, where both minima \
                     are attained.",
            open: "",
        },
    ),
    (
        "rem-5.7",
        GeneralProof {
            file: "proofs/local-to-global/rem-5.7.v",
            theorems: &["rem_5_7", "cyclic_sweeps_are_fair", "without_a_minimum"],
            proves: "For any finite list of terms whose units have degree 1, any ties, any subset, every fair order; \
                     sweeps in any sequence of the units are fair. Without an attained minimum: an order, a subset and \
                     a tied layer for which every step is defined and nothing balances.",
            open: "",
        },
    ),
    (
        "depth-law",
        GeneralProof {
            file: "proofs/local-to-global/depth-law.v",
            theorems: &[
                "depth_law",
                "depth_law_with_skips",
                "sweep_law",
                "walk_is_the_derivative",
            ],
            proves: "For every balanced network of L hidden layers without biases and skips, of any widths and costs: \
                     the steps of the walk, the positive eigenvector, that nothing shrinks more slowly, that no real \
                     eigenvalue is larger, and the square for sweeps. For every balanced network without cycles, with \
                     biases and skips: the bound, and that it is reached exactly if in some component all paths pass L \
                     units. The walk is the derivative of a step of L_p at a balanced point.",
            open: "",
        },
    ),
    (
        "bounded-scalings",
        GeneralProof {
            file: "proofs/local-to-global/bounded-scalings.v",
            theorems: &[
                "bounded_scalings",
                "clamped_step",
                "not_unique_away_from_the_ground",
            ],
            proves: "For any finite list of terms, each unit with bounds of its own: one solution, relaxed sign tests, \
                     convergence under every fair order; the clamped step of L_p; and two units away from the ground \
                     with many solutions.",
            open: "",
        },
    ),
    (
        "product-balance",
        GeneralProof {
            file: "proofs/local-to-global/product-balance.v",
            theorems: &["product_balance", "one_variable", "all_at_once_can_diverge"],
            proves: "For any finite list of terms with any real exponents: convexity, that minima are where every \
                     variable is balanced, unique costs, and convergence of balancing one variable at a time in every \
                     fair order. The four formulas, the last with existence and uniqueness of the root. For a + b + c \
                     + d + 32/(abcd), that balancing all at once from equal multipliers moves away from the minimum by \
                     3/2 each time.",
            open: "",
        },
    ),
    (
        "odd-cycle",
        GeneralProof {
            file: "proofs/local-to-global/odd-cycle.v",
            theorems: &["odd_cycle"],
            proves: "The counterexample, with its one minimum.",
            open: "",
        },
    ),
    (
        "double-cover",
        GeneralProof {
            file: "proofs/local-to-global/double-cover.v",
            theorems: &["double_cover"],
            proves: "For any finite list of costs of at most two variables each, with exponents ±1: minima of one give \
                     minima of the other, with twice the value; comparison holds in the cover where non-zero costs \
                     join all copies to the ground.",
            open: "",
        },
    ),
    (
        "energy-certificate",
        GeneralProof {
            file: "proofs/local-to-global/energy-certificate.v",
            theorems: &[
                "energy_certificate",
                "energy_certificate_of_intervals",
                "energy_certificate_sound",
                "attained_or_falling",
            ],
            proves: "For any finite list of terms of any exponents; with costs enclosed; and from the integers that the kernel sums, \
                     roundings included.",
            open: "that the program computes these integers.",
        },
    ),
    (
        "attention",
        GeneralProof {
            file: "proofs/local-to-global/attention.v",
            theorems: &["attention", "scores_and_outputs_stay"],
            proves: "For blocks of any numbers of channels, heads, pairs and positions, any sharing of key heads, any \
                     rotations, and mixing weights that are any function of the scores: scores and outputs. What costs \
                     are multiplied with; a block of one channel and one pair is the problem of odd-cycle, to which \
                     the energy certificate applies.",
            open: "",
        },
    ),
    (
        "euler-identity",
        GeneralProof {
            file: "proofs/learning/euler-identity.v",
            theorems: &[
                "euler_identity",
                "euler_identity_bilu",
                "euler_identity_learned_initial_states",
                "euler_identity_tied",
                "backpropagated_gradients",
            ],
            proves: "For every finite network, acyclic or over any number of steps, any data, any loss of the other \
                     units' values that is differentiable in the weights, units of any real degree, with initial state \
                     0 or learned; for tied BiLUs with shared weights; and for the gradients of backpropagation, \
                     without differentiability.",
            open: "",
        },
    ),
    (
        "flow-conservation",
        GeneralProof {
            file: "proofs/learning/flow-conservation.v",
            theorems: &[
                "flow_conservation",
                "flow_conservation_bilu",
                "flow_conservation_learned_initial_states",
                "flow_conservation_tied",
            ],
            proves: "For every finite network, data and loss as in euler-identity, during any interval in which the \
                     weights follow the flow and the loss is differentiable.",
            open: "",
        },
    ),
    (
        "gradient-step",
        GeneralProof {
            file: "proofs/learning/gradient-step.v",
            theorems: &[
                "gradient_step",
                "gradient_step_learned_initial_states",
                "gradient_step_tied",
            ],
            proves: "For every finite network, data and loss as in euler-identity, and every step size.",
            open: "",
        },
    ),
    (
        "descent-leaves-balance",
        GeneralProof {
            file: "proofs/learning/descent-leaves-balance.v",
            theorems: &["descent_leaves_balance"],
            proves: "The two networks, with the gradients of their losses.",
            open: "",
        },
    ),
    (
        "stationary-balance",
        GeneralProof {
            file: "proofs/learning/stationary-balance.v",
            theorems: &[
                "stationary_balance",
                "stationary_balance_bilu",
                "stationary_balance_learned_initial_states",
                "stationary_balance_tied",
                "balance_is_not_stationary",
            ],
            proves: "For every finite network, data and loss as in euler-identity, units of any real degree, and every \
                     regularizer that is differentiable at the point; a balanced point that is not stationary.",
            open: "",
        },
    ),
    (
        "deficit",
        GeneralProof {
            file: "proofs/learning/deficit.v",
            theorems: &["deficit"],
            proves: "For any number of units and all costs that are not negative.",
            open: "",
        },
    ),
    (
        "local-minimum",
        GeneralProof {
            file: "proofs/learning/local-minimum.v",
            theorems: &["local_minimum"],
            proves: "For every finite network, acyclic or over any number of steps from initial state 0, any data, any \
                     loss of the other units' values, and every real p > 0.",
            open: "",
        },
    ),
    (
        "decay-law",
        GeneralProof {
            file: "proofs/learning/decay-law.v",
            theorems: &["decay_law", "decay_in_a_step"],
            proves: "For every finite network, acyclic or over any number of steps from initial state 0, any data, and \
                     any loss of the other units' values that is differentiable in the weights.",
            open: "",
        },
    ),
    (
        "E1",
        GeneralProof {
            file: "proofs/errata/E1.v",
            theorems: &[
                "E1",
                "fraction_of_the_gain_suffices",
                "fraction_of_the_way_suffices",
            ],
            proves: "The counterexample: the scalings, that each lowers R, and the limits. Both sentences of the \
                     correction, for any finite list of terms, joined to the ground or not: R, weights, and \
                     multipliers where they are determined.",
            open: "",
        },
    ),
    (
        "E2",
        GeneralProof {
            file: "proofs/errata/E2.v",
            theorems: &["E2"],
            proves: "The counterexample, with both minimisers; the correction is thm-3.1-general.",
            open: "",
        },
    ),
    (
        "E3",
        GeneralProof {
            file: "proofs/errata/E3.v",
            theorems: &["E3"],
            proves: "The counterexamples, and the correction (prop-2.3).",
            open: "",
        },
    ),
    (
        "E4",
        GeneralProof {
            file: "proofs/errata/E4.v",
            theorems: &["E4", "printed_step_is_too_short"],
            proves: "For all positive costs, in cost space; what becomes of a self-connection is scaling-invariance.",
            open: "",
        },
    ),
    (
        "E5",
        GeneralProof {
            file: "proofs/errata/E5.v",
            theorems: &["E5", "spanning_family_decides", "directed_basis_decides"],
            proves: "The counterexample: both pairs of paths fail, all four are needed and decide. The correction, for \
                     every finite network, parallel synapses included: |E| - |hidden| directed cycles, none a \
                     combination of the others, that decide. And that any family of paths and cycles that spans them \
                     decides, if every synapse lies on a walk between visible units.",
            open: "",
        },
    ),
    (
        "E6",
        GeneralProof {
            file: "proofs/errata/E6.v",
            theorems: &["E6"],
            proves: "The counterexamples; the correction is existence and thm-5.1.",
            open: "",
        },
    ),
    (
        "E7",
        GeneralProof {
            file: "proofs/errata/E7.v",
            theorems: &["E7", "hypothesis_fails"],
            proves: "The counterexample; the correction is prop-5.4.",
            open: "",
        },
    ),
    (
        "E8",
        GeneralProof {
            file: "proofs/errata/E8.v",
            theorems: &["E8"],
            proves: "The counterexample, for all positive costs; the correction is noncommutativity.",
            open: "",
        },
    ),
];
