//! Flags: what an implementer may want to select or leave out, and why.

use serde_json::{Map, Value, json};

/// `(name, what it means, whom it concerns)`.
pub(super) const FLAGS: &[(&str, &str, &str)] = &[
    (
        "beyond_f64",
        "A weight or cost of the case overflows or underflows in binary64.",
        "Implementations that hold weights or costs in binary64: compute with logarithms, or report the case as skipped, not as passed.",
    ),
    (
        "at_bound",
        "Some multiplier ends at a bound that it was given.",
        "Implementations of bounded scalings: the unit is not balanced there, and must not be.",
    ),
    (
        "bias",
        "The network has a bias unit with synapses of non-zero weight.",
        "Everyone: the bias of a unit is one of its incoming weights. Code that scales only weight matrices changes the function.",
    ),
    (
        "bipu",
        "A unit is homogeneous of a degree c other than 1; balance is A + (1-c) S = c B.",
        "Implementations of power units; others may skip, since BiLU units are all that the main theorems need.",
    ),
    (
        "convolution",
        "A convolution written out: the units of a tie are the places of a channel.",
        "Implementations that scale channels: each tie has one multiplier.",
    ),
    (
        "cycle",
        "Hidden units lie on a directed cycle.",
        "Implementations of recurrent networks; others may skip.",
    ),
    (
        "dead_unit",
        "A hidden unit has non-zero cost on one side only, or on none.",
        "Everyone: a step that divides by A or B must not be taken there.",
    ),
    (
        "deep",
        "The textbook algorithm needs many sweeps: its rate is cos² (pi / (L + 1)) for L hidden layers.",
        "Implementations that stop after a fixed number of sweeps or on a small change instead of on the deficit.",
    ),
    (
        "erratum",
        "The statement as printed in the paper would give another answer; `source` names the correction.",
        "Implementations written from the printed text.",
    ),
    (
        "fixed_unit",
        "A hidden unit is not homogeneous (or tied to one that is not) and must stay as it is.",
        "Everyone: such a unit counts as visible, its multiplier is 1.",
    ),
    (
        "float_weights",
        "Weights are JSON numbers: each means exactly the binary64 number that it denotes.",
        "Implementations in exact arithmetic: 0.1 here is not 1/10.",
    ),
    (
        "fractional_power",
        "The regularizer has a power that is not an integer.",
        "Implementations that know L1 and L2 only may skip.",
    ),
    (
        "irrational",
        "Some expected values are irrational and enclosed: `lo` <= value <= `hi`.",
        "Implementations in exact arithmetic: compare with the enclosure, not with a fraction.",
    ),
    (
        "mixture",
        "The regularizer is a sum of several powers: there is no closed form for a step.",
        "Implementations of general additive regularizers; others may skip.",
    ),
    (
        "not_attained",
        "The minimum is not attained: there is an infimum only, and some weights tend to 0.",
        "Everyone: iterating without this test ends at a network that depends on when it stops, or overflows.",
    ),
    (
        "planted",
        "The balanced network was made first and hidden behind an exact scaling.",
        "Nobody in particular: the answer is known by construction as well as by proof.",
    ),
    (
        "product",
        "A unit's value is the product of those of other units, as in gates and attention.",
        "Implementations of products: the value scales as its factors together; others may skip.",
    ),
    (
        "published_mistake",
        "The result to judge repeats a mistake seen in published implementations.",
        "Authors of test suites: their oracle must tell this result from a right one.",
    ),
    (
        "random",
        "Seeded random network; small fractions as weights.",
        "Nobody in particular.",
    ),
    (
        "rounded",
        "The result to judge was rounded to a floating-point type.",
        "Oracles: exact equality must not be asked for; the case's `tolerance` says what is.",
    ),
    (
        "self_connection",
        "A unit has a synapse to itself; scaling a BiLU unit leaves it as it is.",
        "Implementations of recurrent networks: it belongs neither to the input nor to the output cost.",
    ),
    (
        "tie",
        "Several hidden units share one multiplier.",
        "Implementations of layer-wise or channel-wise balancing; others may skip.",
    ),
    (
        "tie_power",
        "Units of a tie have powers of one multiplier, as a key the inverse of its query's.",
        "Implementations of attention; others may skip. Multipliers are given by unit, each with its own power.",
    ),
    (
        "undetermined",
        "A set of units can be scaled together without changing any weight.",
        "Everyone who compares multipliers: those of the set are given with the first one at 1; the weights are unique.",
    ),
    (
        "zero_weight",
        "Synapses of weight 0 are written out.",
        "Everyone: they cost nothing, stay 0, and must not make a cycle or a path.",
    ),
];

/// The flags that occur, with their explanations, in the order of the list.
pub(super) fn explained(used: impl Fn(&str) -> bool) -> Map<String, Value> {
    let used = FLAGS.iter().filter(|(name, _, _)| used(name));
    used.map(|(name, meaning, for_whom)| {
        (
            (*name).to_string(),
            json!({"meaning": meaning, "for_whom": for_whom}),
        )
    })
    .collect()
}
