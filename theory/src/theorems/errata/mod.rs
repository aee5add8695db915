//! What fails as printed: each with a counterexample in exact arithmetic, and what holds instead checked beside it.

mod favourable;
mod global;
mod one_unit;

pub(super) use one_unit::bumpy_slope;

use super::ledger::Kind;
use super::support::{ENTRY, proved};
use super::{Status, Theorem};

const ERRATUM: Theorem = Theorem {
    status: Status::RefutedAsPrinted,
    ..ENTRY
};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "E1",
        title: "Favourable scalings need not converge to the optimum",
        statement: "Any sequence of scalings each of which lowers R converges to the same optimum.",
        place: "Remark 5.8",
        corrected: Some(
            "If the minimum is attained: in any fair order, if each step gains at least a fixed fraction of what its unit can gain, passing λ* or not. A step that goes at least a fixed fraction of the way from 1 to λ*, on the log scale, without passing it does.",
        ),
        kinds: &[
            Kind::ExactCounterexample,
            Kind::PropertyTest,
            Kind::SymbolicIdentity,
            Kind::PropertyTest,
        ],
        general_proof: proved(
            &[
                "E1",
                "fraction_of_the_gain_suffices",
                "fraction_of_the_way_suffices",
            ],
            "The counterexample: the scalings, that each lowers R, and the limits. Both sentences of the \
                     correction, for any finite list of terms, joined to the ground or not: R, weights, and \
                     multipliers where they are determined.",
        ),
        check: favourable::favourable_scalings,
        ..ERRATUM
    },
    Theorem {
        id: "E2",
        title: "A monotone cost can have several optimal multipliers",
        statement: "For every additive regularizer with g increasing in |w| there is one optimal λ*.",
        place: "Theorem 3.1 (general)",
        corrected: Some(
            "There is a minimiser; it is unique if t -> g(exp t) is convex for all of the unit's synapses of non-zero weight and strictly for one of them.",
        ),
        kinds: &[Kind::ExactCounterexample, Kind::ExactInstance],
        general_proof: proved(
            &["E2"],
            "The counterexample, with both minimisers; the correction is thm-3.1-general.",
        ),
        check: one_unit::several_minima,
        ..ERRATUM
    },
    Theorem {
        id: "E3",
        title: "The lower branch of a BiPU is D |x|^c",
        statement: "Homogeneity of degree c means f(x) = C x^c for x >= 0 and D x^c for x < 0, with C = f(1) and D = f(-1).",
        place: "Proposition 2.3",
        corrected: Some(
            "D |x|^c for x < 0. At 0: f(0) = 0 for c != 0 (for c < 0 the first branch is x > 0), and any value for c = 0.",
        ),
        kinds: &[Kind::ExactCounterexample, Kind::ExactInstance],
        general_proof: proved(
            &["E3"],
            "The counterexamples, and the correction (prop-2.3).",
        ),
        check: one_unit::lower_branch,
        ..ERRATUM
    },
    Theorem {
        id: "E4",
        title: "Self-connections belong to neither sum",
        statement: "By the definition of IN and OUT, all synapses into and out of a unit, a self-connection counts in both sums of λ*. \
                    (No sentence was found that counts it.)",
        place: "Equation 3.3 with the definition of IN and OUT, recurrent networks",
        status: Status::RefutedAsDefined,
        corrected: Some(
            "With the self-connection in neither sum. The condition of balance is the same either way; with it in both, the step goes in \
             the right direction, is too short, and has the same fixed points. For a BiPU the self-connection scales by λ^(1-c).",
        ),
        kinds: &[
            Kind::SymbolicIdentity,
            Kind::ExactCounterexample,
            Kind::PropertyTest,
        ],
        general_proof: proved(
            &["E4", "printed_step_is_too_short"],
            "For all positive costs, in cost space; what becomes of a self-connection is scaling-invariance.",
        ),
        check: one_unit::self_connections,
        ..ERRATUM
    },
    Theorem {
        id: "E5",
        title: "Paths that cover every unit do not suffice",
        statement: "The constraints Σ L = 0 along a set of input-output paths that covers every unit determine the manifold.",
        place: "Remark 5.6",
        corrected: Some(
            "A basis of |E| - |hidden| directed cycles of the coalesced graph does, if every synapse lies on one and every hidden \
             unit is connected to a visible one.",
        ),
        kinds: &[Kind::ExactCounterexample, Kind::ExactInstance],
        general_proof: proved(
            &["E5", "spanning_family_decides", "directed_basis_decides"],
            "The counterexample: both pairs of paths fail, all four are needed and decide. The correction, for \
                     every finite network, parallel synapses included: |E| - |hidden| directed cycles (closed \
                     walks), none a combination of the others, that decide. And that any family of paths and cycles that spans them \
                     decides, if every synapse lies on a walk between visible units.",
        ),
        check: global::covering_paths,
        ..ERRATUM
    },
    Theorem {
        id: "E6",
        title: "Convergence needs an attained minimum",
        statement: "Stochastic balancing converges to unique weights W*, with unique L and Λ, from any initial weights.",
        place: "Theorem 5.1, Remark 5.7",
        corrected: Some(
            "A step needs A, B > 0, and W* exists iff every non-zero synapse lies on a directed cycle of the coalesced graph. Then W* \
             is unique, L on non-zero synapses, Λ on components that non-zero synapses join to a visible unit.",
        ),
        kinds: &[
            Kind::ExactCounterexample,
            Kind::ExactCounterexample,
            Kind::ExactInstance,
        ],
        general_proof: proved(
            &["E6"],
            "The counterexamples; the correction is existence and thm-5.1.",
        ),
        check: global::attained_minimum,
        ..ERRATUM
    },
    Theorem {
        id: "E7",
        title: "Paths and cycles decide only where synapses lie on walks",
        statement: "L is self-consistent if and only if Σ L = 0 along every directed input-output path and every directed cycle.",
        place: "Proposition 5.4",
        corrected: Some(
            "If every synapse lies on a walk from a visible unit to a visible unit; see prop-5.4 for the exact condition.",
        ),
        kinds: &[Kind::ExactCounterexample, Kind::ExhaustiveSearch],
        general_proof: proved(
            &["E7", "hypothesis_fails"],
            "The counterexample; the correction is prop-5.4.",
        ),
        check: global::uncovered_synapses,
        ..ERRATUM
    },
    Theorem {
        id: "E8",
        title: "Balancing two directly connected units can commute",
        statement: "Balancing two directly connected units does not commute.",
        place: "Section 5 (non-commutativity)",
        corrected: Some(
            "It commutes if and only if both are already balanced or they are joined to each other alone (noncommutativity).",
        ),
        kinds: &[Kind::ExactCounterexample, Kind::ExhaustiveSearch],
        general_proof: proved(
            &["E8"],
            "The counterexample, for all positive costs; the correction is noncommutativity.",
        ),
        check: global::commuting_neighbours,
        ..ERRATUM
    },
];
