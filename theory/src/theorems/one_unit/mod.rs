//! Section 3: scaling one unit, and balancing it.

mod balance;
mod scaling;
mod smooth;

use super::Status;
use super::Theorem;
use super::ledger::Kind;
use super::support::{ENTRY, proved};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "scaling-invariance",
        title: "Scaling a unit changes no output",
        statement: "Multiplying a hidden unit's incoming weights (bias included) by λ > 0 and dividing its outgoing ones by \
                    λ (λ^c for a BiPU) leaves the input-output function as it is; in a recurrent network over any number \
                    of steps.",
        hypotheses: "In recurrent networks the unit's initial value is multiplied by λ (λ^c) too. The bias counts as an \
                     incoming weight.",
        place: "Section 3",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &[
                "scaling_invariance",
                "only_one_unit",
                "forward_is_the_function",
            ],
            "For every finite network, units of any real degree and sources and visible units of any \
                     activation: over any number of steps from any initial state scaled with the units, and for \
                     networks without cycles, in any topological order, whose function is shown to be well defined.",
        ),
        check: scaling::invariance,
        ..ENTRY
    },
    Theorem {
        id: "scaling-group",
        title: "Scalings form a commutative group",
        statement: "S_λ(i) S_κ(i) = S_{λκ}(i), S_λ(i) S_κ(j) = S_κ(j) S_λ(i), and S_{1/λ}(i) undoes S_λ(i).",
        hypotheses: "λ, κ > 0.",
        place: "Section 3",
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &["scaling_group", "scalings_compose"],
            "For every weight of every finite network, for units of any real degrees; also for multipliers of \
                     all units at once, with the identity.",
        ),
        check: scaling::group,
        ..ENTRY
    },
    Theorem {
        id: "thm-3.1-lp",
        title: "The optimal multiplier under L_p",
        statement: "R as a function of λ is λ^p A + λ^-p B + const. Its one minimum is at λ* = (B/A)^(1/2p); there both \
                    costs are sqrt(AB), and R has decreased by (sqrt A - sqrt B)². λ* exists iff A > 0 and B > 0, and is \
                    rational iff B/A is the 2p-th power of a rational.",
        hypotheses: "p > 0 (an integer for the last part); self-connections in neither sum (E4).",
        place: "Theorem 3.1",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "For A, B > 0, R has its one minimum at λ* = (B/A)^(1/2p), where both costs are sqrt(AB) and R has decreased by (sqrt A - sqrt B)²; λ* is rational iff B/A is the 2p-th power of a rational. If exactly one of A, B is 0 there is no λ*, and (sqrt A - sqrt B)² is by how much R exceeds its infimum; if both are, every λ is optimal.",
        ),
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &[
                "thm_3_1_lp",
                "optimum_exists_iff",
                "infimum_without_optimum",
                "optimum_rational_iff",
                "balance_minimises",
                "balanced_costs",
            ],
            "For every real p > 0 (an integer where rationality is concerned) and any numbers of incoming and \
                     outgoing weights; also in cost space: μA + B/μ >= 2 sqrt(AB), with equality exactly for μ² = B/A.",
        ),
        check: balance::lp,
        ..ENTRY
    },
    Theorem {
        id: "thm-3.1-general",
        title: "The optimal multiplier under any additive regularizer",
        statement: "For costs g_e(w), even, continuously differentiable off 0, increasing from 0 to infinity in |w|, a \
                    minimiser exists when both IN and OUT hold a non-zero weight, and satisfies \
                    λ² Σ_IN w g'(λw) = Σ_OUT w g'(w/λ). It is unique if every t -> g_e(exp t) is convex.",
        hypotheses: "A BiLU unit.",
        place: "Theorem 3.1 (general); uniqueness: ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "A minimiser exists when both IN and OUT hold a non-zero weight, and satisfies λ² Σ_IN w g'(λw) = Σ_OUT w g'(w/λ). It is unique if t -> g_e(exp t) is convex for all of the unit's synapses of non-zero weight and strictly convex for one of them; where all are logarithmic, minimisers can fill an interval. Mixtures Σ a_k |w|^p_k are strictly convex in this sense.",
        ),
        kinds: &[Kind::PropertyTest],
        general_proof: proved(
            &[
                "thm_3_1_general",
                "balance_after_scaling",
                "mixtures_are_strictly_convex",
                "minimisers_can_fill_an_interval",
            ],
            "For any numbers of incoming and outgoing weights, each with its own cost; the derivative need not \
                     be continuous. Mixtures have any number of terms and any real powers above 0. That minimisers can \
                     fill an interval is shown for |w| up to 1, 1 + ln |w| beyond.",
        ),
        check: balance::general,
        ..ENTRY
    },
    Theorem {
        id: "bipu-balance",
        title: "Balance of a BiPU unit",
        statement: "For a BiPU of degree c, R(λ) = λ^p A + λ^-cp B + const, and balance is A = c B. For c > 0 the minimiser is \
                    unique; for c <= 0 there is none.",
        hypotheses: "A, B > 0.",
        place: "ours",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "Without self-connection, balance is A = c B, the minimiser is unique for c > 0, and there is none for c <= 0. A self-connection of cost S scales by λ^(1-c), and balance is A + (1-c) S = c B; with c > 1 it can take the place of the outgoing cost.",
        ),
        kinds: &[Kind::SymbolicIdentity, Kind::PropertyTest],
        general_proof: proved(
            &["bipu_balance"],
            "For every real c and p > 0, any numbers of incoming and outgoing weights, with and without a \
                     self-connection: a multiplier is optimal exactly if it balances the unit.",
        ),
        check: balance::bipu,
        ..ENTRY
    },
    Theorem {
        id: "smooth-quant",
        title: "SmoothQuant at α = 1/2 is balance under maximum norms",
        statement: "Let a unit's activations have the range X, and its outgoing weights the largest magnitude M. Dividing the \
                    activations by s > 0 and multiplying those weights by s makes X/s = s M for s = sqrt(X/M) alone, which \
                    makes the larger of both least. With the range as one more incoming weight, and none of larger \
                    magnitude, the multiplier Λ that balances L_p has (M/X) n^(-1/p) <= Λ² <= (M/X) m^(1/p) for n \
                    incoming and m outgoing weights, so that it tends to 1/s as p grows.",
        hypotheses: "X, M > 0; a BiLU unit, no other incoming weight beyond X in magnitude.",
        place: "ours",
        kinds: &[
            Kind::PropertyTest,
            Kind::ExactInstance,
            Kind::ExactCounterexample,
        ],
        general_proof: proved(
            &[
                "smooth_quant",
                "balanced_multiplier_enclosed",
                "balanced_multiplier_tends",
            ],
            "For every real p > 0 and any numbers of incoming and outgoing weights; within any factor 1 + e for \
                     all p from some on.",
        ),
        check: smooth::smooth,
        ..ENTRY
    },
];
