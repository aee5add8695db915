//! Section 6: gradients, stationary points and deficits. The simulations are claims about data and are not here.

mod deficit;
mod descent;
mod identities;
mod minima;

use super::ledger::Kind;
use super::support::ENTRY;
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
        script: Some("proofs/learning/euler-identity.rhai"),
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
        script: Some("proofs/learning/flow-conservation.rhai"),
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
        script: Some("proofs/learning/gradient-step.rhai"),
        check: identities::step,
        ..LEARNING
    },
    Theorem {
        id: "descent-leaves-balance",
        title: "Descent on the error alone neither reaches nor keeps balance",
        statement: "Gradient descent on E alone need not converge to balance, and need not keep it.",
        place: "Section 6",
        kinds: &[Kind::ExactInstance, Kind::ExactInstance],
        script: Some("proofs/learning/descent-leaves-balance.rhai"),
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
        script: Some("proofs/learning/stationary-balance.rhai"),
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
        script: Some("proofs/learning/deficit.rhai"),
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
        check: minima::decay,
        ..LEARNING
    },
];
