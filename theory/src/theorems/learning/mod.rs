//! Section 6: gradients, stationary points and deficits. The simulations are claims about data and are not here.

mod deficit;
mod descent;
mod identities;
mod minima;

use super::ledger::Kind;
use super::support::{ENTRY, proved};
use super::{Room, Status, Theorem};

const LEARNING: Theorem = Theorem {
    room: Room::Learning,
    ..ENTRY
};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "euler-identity",
        title: "The Euler identity",
        statement: "For a hidden unit and any differentiable loss E, Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w.",
        hypotheses: "A BiLU unit; weights inside an activation region. Self-connections cancel. Tied units: sums over the group.",
        place: "Section 6",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w for BiLU units of acyclic networks, and of recurrent ones if the initial states are 0 or h ∂E/∂h is among the incoming terms. For a BiPU of degree c it reads Σ_IN w ∂E/∂w + (1-c) Σ_SELF w ∂E/∂w = c Σ_OUT w ∂E/∂w.",
        ),
        kinds: &[Kind::SymbolicIdentity, Kind::ExactCounterexample],
        general_proof: proved(
            &[
                "euler_identity",
                "euler_identity_bilu",
                "euler_identity_learned_initial_states",
                "euler_identity_tied",
                "backpropagated_gradients",
            ],
            "For every finite network, acyclic or over any number of steps, any data, any loss of the other \
                     units' values that is differentiable in the weights, units of any real degree, with initial state \
                     0 or learned; for tied BiLUs with shared weights; and for the gradients of backpropagation, \
                     without differentiability.",
        ),
        check: identities::euler,
        ..LEARNING
    },
    Theorem {
        id: "flow-conservation",
        title: "Gradient flow conserves the difference of squared norms",
        statement: "Gradient flow on E alone conserves Σ_IN w² - Σ_OUT w² of every hidden unit.",
        hypotheses: "As for the Euler identity (corrected); the flow stays where E is differentiable.",
        place: "Section 6",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "Gradient flow on E alone conserves Σ_IN w² - Σ_OUT w² of every hidden BiLU unit; in recurrent networks with initial state 0, or with learned initial states counted among the incoming weights. For a BiPU of degree c, Σ_IN w² + (1-c) Σ_SELF w² - c Σ_OUT w² is conserved.",
        ),
        kinds: &[Kind::SymbolicIdentity, Kind::ExactInstance],
        general_proof: proved(
            &[
                "flow_conservation",
                "flow_conservation_bilu",
                "flow_conservation_learned_initial_states",
                "flow_conservation_tied",
            ],
            "For every finite network, data and loss as in euler-identity, during any interval in which the \
                     weights follow the flow and the loss is differentiable.",
        ),
        check: identities::flow,
        ..LEARNING
    },
    Theorem {
        id: "gradient-step",
        title: "What one gradient step does",
        statement: "A step of size η changes Σ_IN w² - Σ_OUT w² by exactly η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²).",
        hypotheses: "As for the Euler identity (corrected), at the start of the step; the step may leave the region.",
        place: "ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "A step of size η changes Σ_IN w² - Σ_OUT w² by exactly η² (Σ_IN (∂E/∂w)² - Σ_OUT (∂E/∂w)²); in recurrent networks with initial state 0, or with learned initial states counted among the incoming weights.",
        ),
        kinds: &[
            Kind::SymbolicIdentity,
            Kind::PropertyTest,
            Kind::ExactCounterexample,
        ],
        general_proof: proved(
            &[
                "gradient_step",
                "gradient_step_learned_initial_states",
                "gradient_step_tied",
            ],
            "For every finite network, data and loss as in euler-identity, and every step size.",
        ),
        check: identities::step,
        ..LEARNING
    },
    Theorem {
        id: "descent-leaves-balance",
        title: "Descent on the error alone neither reaches nor keeps balance",
        statement: "Gradient descent on E alone need not converge to balance, and need not keep it.",
        place: "Section 6",
        kinds: &[Kind::ExactInstance, Kind::ExactInstance],
        general_proof: proved(
            &["descent_leaves_balance"],
            "The two networks, with the gradients of their losses.",
        ),
        check: descent::leaves_balance,
        ..LEARNING
    },
    Theorem {
        id: "stationary-balance",
        title: "Stationary points of E + R are balanced",
        statement: "At a stationary point of E + R, Σ_IN w ∂R/∂w = Σ_OUT w ∂R/∂w at every hidden unit.",
        hypotheses: "As for the Euler identity; R differentiable at the point.",
        place: "Section 6",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "At a stationary point of E + R, Σ_IN w ∂R/∂w = Σ_OUT w ∂R/∂w at every hidden unit; in recurrent networks with initial state 0, or with learned initial states counted among the incoming weights. The converse is false: balance does not make a point stationary.",
        ),
        kinds: &[
            Kind::SymbolicIdentity,
            Kind::ExactInstance,
            Kind::ExactCounterexample,
        ],
        general_proof: proved(
            &[
                "stationary_balance",
                "stationary_balance_bilu",
                "stationary_balance_learned_initial_states",
                "stationary_balance_tied",
                "balance_is_not_stationary",
            ],
            "For every finite network, data and loss as in euler-identity, units of any real degree, and every \
                     regularizer that is differentiable at the point; a balanced point that is not stationary.",
        ),
        check: descent::stationary_points,
        ..LEARNING
    },
    Theorem {
        id: "deficit",
        title: "Deficits",
        statement: "Σ_i (A_i - B_i)² and max_i |A_i - B_i|/(A_i + B_i) are 0 exactly in balance. The second lies in [0, 1] and does \
                    not change when R is multiplied by a constant; the first is multiplied by its square.",
        hypotheses: "Units without cost count 0.",
        place: "Section 6; the scale-free one: ours",
        kinds: &[Kind::PropertyTest],
        general_proof: proved(
            &["deficit"],
            "For any number of units and all costs that are not negative.",
        ),
        check: deficit::check,
        ..LEARNING
    },
    Theorem {
        id: "local-minimum",
        title: "Local minima of E + L_p are balanced",
        statement: "At every local minimum of E + L_p the input cost of every hidden unit is its output cost. E and L_p need not be \
                    differentiable there.",
        hypotheses: "BiLU units, p > 0; any loss of the other units' values. In recurrent networks initial state 0.",
        place: "ours",
        kinds: &[Kind::PropertyTest, Kind::ExactInstance],
        scripted: false,
        general_proof: proved(
            &["local_minimum"],
            "For every finite network, acyclic or over any number of steps from initial state 0, any data, any \
                     loss of the other units' values, and every real p > 0.",
        ),
        check: minima::local_minima,
        ..LEARNING
    },
    Theorem {
        id: "decay-law",
        title: "How fast weight decay balances",
        statement: "Under the gradient flow on E + λ Σ w² the difference D = Σ_IN w² - Σ_OUT w² of every hidden unit is e^(-4λt) times \
                    what it was, whatever the loss. One step of size η makes it (1-2ηλ)² D + η² G, G being the difference of \
                    squared derivatives of E.",
        hypotheses: "BiLU units, E differentiable. In recurrent networks initial state 0.",
        place: "ours",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        scripted: false,
        general_proof: proved(
            &["decay_law", "decay_in_a_step"],
            "For every finite network, acyclic or over any number of steps from initial state 0, any data, and \
                     any loss of the other units' values that is differentiable in the weights.",
        ),
        check: minima::decay,
        ..LEARNING
    },
];
