//! Of units, of one unit, and of architectures.

use crate::theorems::GeneralProof;

pub(super) const PROOFS: &[(&str, GeneralProof)] = &[
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
        "smooth-quant",
        GeneralProof {
            file: "proofs/one-unit/smooth-quant.v",
            theorems: &[
                "smooth_quant",
                "balanced_multiplier_enclosed",
                "balanced_multiplier_tends",
            ],
            proves: "For every real p > 0 and any numbers of incoming and outgoing weights; within any factor 1 + e for \
                     all p from some on.",
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
            theorems: &["tied_scaling", "balance_of_a_group", "tied_balance"],
            proves: "For every finite network and grouping of its units: the function, that shared weights stay \
                     shared, and that a multiplier of a group of BiLUs is optimal under L_p, over any choice of one \
                     synapse for each shared weight, exactly if the summed costs of its scaled weights are equal; where \
                     both sums are positive there is such a multiplier.",
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
];
