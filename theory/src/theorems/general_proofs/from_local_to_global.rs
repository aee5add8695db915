//! Of section 5: from local to global.

use crate::theorems::GeneralProof;

pub(super) const PROOFS: &[(&str, GeneralProof)] = &[
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
                     directed cycles do not suffice. Cycles are closed walks here: they may pass a synapse again.",
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
                     every fair order and every start: R never rises and tends to its minimum, λ* tends to 1 if \
                     every unit has a non-zero synapse, weights converge, and so do the multipliers of units that \
                     non-zero synapses join to the ground. Uniqueness as corrected. With the step of L_p in closed \
                     form.",
            open: "",
        },
    ),
    (
        "fair-orders",
        GeneralProof {
            file: "proofs/local-to-global/fair-orders.v",
            theorems: &[
                "fair_orders",
                "contraction",
                "linear_rate",
                "few_orders_omit_a_unit",
            ],
            proves: "For any finite list of terms whose units have degree 1, any bound r of the ratios, and any \
                     further steps between the passes. For L_p an explicit factor: if every synapse has at least the \
                     share s of the cost of its unit in balance, D passes multiply the bound by f(D) < 1, f(0) = 1/r, \
                     f(n+1) = sqrt(1 - s (1 - f(n))); and a rate from any start: if all ratios are within r of 1, above \
                     and below, they are within 1 + q^m (r - 1) after m D passes, q = 1 - (s/2)^D. Of the N^n orders of \
                     length n at most N (N-1)^n omit a unit, a share that tends to 0.",
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
                "sweeps_of_balancing",
            ],
            proves: "For every balanced network of L hidden layers without biases and skips, of any widths and costs: \
                     the steps of the walk, the positive eigenvector, that nothing shrinks more slowly, that no real \
                     eigenvalue is larger, and the square for sweeps. For every balanced network without cycles, with \
                     biases and skips: the bound, and that it is reached exactly if in some component all paths pass L \
                     units. The walk is the derivative of a step of L_p at a balanced point, the sweep of the walk \
                     that of a sweep of the algorithm, layer by layer.",
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
                     roundings included. Of a checker that computes them from a file's numbers \
                     (proofs/checker/energy_checker_sound.v), that what it accepts is true; that the kernel in Rust \
                     computes the same is compared, not proved.",
            open: "",
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
];
