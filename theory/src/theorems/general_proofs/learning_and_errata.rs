//! Of learning, and of the errata.

use crate::theorems::GeneralProof;

pub(super) const PROOFS: &[(&str, GeneralProof)] = &[
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
                     every finite network, parallel synapses included: |E| - |hidden| directed cycles (closed \
                     walks), none a combination of the others, that decide. And that any family of paths and cycles that spans them \
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
