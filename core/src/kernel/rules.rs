//! The table of rules.

/// All rules: the function of [`check`](super::check), and the variants of [`Refusal`](super::Refusal) that it can
/// refuse with.
///
/// The tests exercise every rule and every premise, and fail if one is left out on either side.
pub static RULES: &[(&str, &str)] = &[
    ("attained", "Arity Flow NotACirculation Undecided"),
    ("not_attained", "Arity Rises NothingFalls Undecided"),
    (
        "enclosure",
        "Arity NotPositive Crossed RaisesBoth NotNormalised Sign Undecided",
    ),
    (
        "limit_enclosure",
        "Arity Rises NothingFalls NotPositive Crossed RaisesBoth NotNormalised Sign Undecided",
    ),
    ("balanced", "Arity NotPositive Unbalanced Undecided"),
    (
        "limit_balanced",
        "Arity Rises NothingFalls NotPositive Unbalanced Undecided",
    ),
    ("scaling", "Arity NotPositive Weight Irrational"),
    (
        "not_scaled",
        "Arity Range NoSuchSynapse SameSign Coefficient NotAConstraint Ratio Irrational Consistent",
    ),
    (
        "manifold",
        "NoSuchSynapse Coefficient NotAConstraint Dependent Arity",
    ),
    ("identity", "Formula Differs"),
];
