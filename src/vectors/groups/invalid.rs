//! What a reader must refuse.

use super::super::VectorError;
use super::super::case::{Cases, note};

const SOURCE: &str = "network format";

/// A document with the given units, synapses and further fields, as text.
fn document(units: &str, synapses: &str, rest: &str) -> String {
    format!(
        "{{\"format\": \"synaptic-balance/network\", \"version\": 1, \"units\": [{units}], \"synapses\": [{synapses}]{rest}}}"
    )
}

const UNITS: &str = r#"{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}"#;
const SYNAPSES: &str =
    r#"{"from": "x", "to": "a", "weight": "1"}, {"from": "a", "to": "y", "weight": "2"}"#;

pub(super) fn fill(cases: &mut Cases) -> Result<(), VectorError> {
    units(cases)?;
    synapses(cases)?;
    documents(cases)?;
    products(cases)?;
    for (text, kind, comment) in [
        (
            "l3",
            "unknown_regularizer",
            "Other powers are written lp:P.",
        ),
        ("lp:0", "not_positive", "p must be positive."),
        ("lp:-1", "not_positive", "p must be positive."),
        ("lp:1/0", "zero_denominator", "No zero denominator."),
        ("mix:1*1+0*2", "not_positive", "Factors must be positive."),
        ("mix:1*1+x*2", "not_a_number", "Factors are numbers."),
    ] {
        cases.invalid_regularizer(note(comment, "regularizer format"), text, kind)?;
    }
    Ok(())
}

fn units(cases: &mut Cases) -> Result<(), VectorError> {
    for (units, kind, comment) in [
        (
            r#"{"id": "x", "kind": "input"}, {"id": "x", "kind": "output"}"#,
            "duplicate_unit",
            "Two units have one id.",
        ),
        (
            r#"{"id": "x", "kind": "inputs"}"#,
            "unknown_kind",
            "No such kind of unit.",
        ),
        (
            r#"{"id": "x", "kind": "input", "color": "red"}"#,
            "unknown_field",
            "An unknown field could be a misspelt one.",
        ),
        (r#"{"id": "x"}"#, "missing_field", "The kind is missing."),
        (
            r#"{"id": "a", "kind": "hidden"}"#,
            "activation",
            "A hidden unit needs an activation.",
        ),
        (
            r#"{"id": "x", "kind": "input", "activation": "relu"}"#,
            "activation",
            "An input has none.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": "leaky_relu"}"#,
            "activation",
            "The slope is missing.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": "ReLU"}"#,
            "activation",
            "No such activation: a misspelt name must not leave its unit unscaled.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": {"not_homogeneous": "relu"}}"#,
            "activation",
            "A homogeneous function cannot be declared not to be.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": {"leaky_relu": "1/0"}}"#,
            "zero_denominator",
            "A slope with zero denominator.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": {"bilu": {"a": "1"}}}"#,
            "missing_field",
            "One slope of two.",
        ),
        (
            r#"{"id": "a", "kind": "hidden", "activation": {"bipu": {"c": "1000", "C": "1", "D": "0"}}}"#,
            "too_large",
            "A degree beyond 256.",
        ),
        (
            r#"{"id": 7, "kind": "input"}"#,
            "wrong_type",
            "Ids are strings.",
        ),
    ] {
        cases.invalid(note(comment, SOURCE), &document(units, "", ""), kind)?;
    }
    Ok(())
}

fn synapses(cases: &mut Cases) -> Result<(), VectorError> {
    for (synapse, kind, comment) in [
        (
            r#"{"from": "a", "to": "x", "weight": "1"}"#,
            "into_source",
            "An input takes no synapses.",
        ),
        (
            r#"{"from": "x", "to": "a", "weight": "3"}"#,
            "duplicate_synapse",
            "A second synapse between the same ordered pair.",
        ),
        (
            r#"{"from": "x", "to": "z", "weight": "3"}"#,
            "no_such_unit",
            "An unknown target.",
        ),
        (
            r#"{"from": "w", "to": "a", "weight": "3"}"#,
            "no_such_unit",
            "An unknown source.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "NaN"}"#,
            "not_a_number",
            "NaN as a string.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "inf"}"#,
            "not_a_number",
            "Infinity as a string.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "1/0"}"#,
            "zero_denominator",
            "A zero denominator.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "1 /2"}"#,
            "not_a_number",
            "No spaces within a number.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "1e999999999"}"#,
            "too_long",
            "A number that would fill the memory.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": null}"#,
            "wrong_type",
            "Null is no weight.",
        ),
        (
            r#"{"from": "x", "to": "y"}"#,
            "missing_field",
            "The weight is missing.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "1", "delay": 1}"#,
            "unknown_field",
            "A field that would change the meaning.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": NaN}"#,
            "not_json",
            "NaN is not JSON, though some writers write it.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": 1e999}"#,
            "not_json",
            "A number beyond binary64; some readers make it infinite.",
        ),
        (
            r#"{"from": "x", "to": "y", "weight": "1", "weight": "2"}"#,
            "duplicate_field",
            "Two weights for one synapse.",
        ),
    ] {
        cases.invalid(
            note(comment, SOURCE),
            &document(UNITS, &format!("{SYNAPSES}, {synapse}"), ""),
            kind,
        )?;
    }
    Ok(())
}

fn documents(cases: &mut Cases) -> Result<(), VectorError> {
    for (rest, kind, comment) in [
        (
            r#", "ties": [["a", "x"]]"#,
            "tie_of_visible",
            "An input has no multiplier to share.",
        ),
        (
            r#", "ties": [["a", "a"]]"#,
            "tie_repeats",
            "A unit twice in a tie.",
        ),
        (
            r#", "ties": [["a", "q"]]"#,
            "no_such_unit",
            "An unknown unit in a tie.",
        ),
        (r#", "tie": []"#, "unknown_field", "A misspelt field."),
    ] {
        cases.invalid(
            note(comment, SOURCE),
            &document(UNITS, SYNAPSES, rest),
            kind,
        )?;
    }
    let whole = document(UNITS, SYNAPSES, "");
    for (text, kind, comment) in [
        (
            whole.replace("/network", "/certificate"),
            "wrong_format",
            "Another format.",
        ),
        (
            whole.replace("\"version\": 1", "\"version\": 2"),
            "wrong_version",
            "A version that is not known.",
        ),
        (
            whole.replace("\"version\": 1, ", ""),
            "missing_field",
            "Without a version.",
        ),
        (
            whole[..whole.len() - 1].to_string(),
            "not_json",
            "Cut short.",
        ),
        (String::new(), "not_json", "Empty."),
    ] {
        cases.invalid(note(comment, SOURCE), &text, kind)?;
    }
    Ok(())
}

fn products(cases: &mut Cases) -> Result<(), VectorError> {
    let product = |of: &str| format!(r#"{UNITS}, {{"id": "z", "kind": "product"{of}}}"#);
    let read =
        r#"{"from": "x", "to": "a", "weight": "1"}, {"from": "x", "to": "z", "weight": "1"}"#;
    for (units, synapses, rest, kind, comment) in [
        (
            product(r#", "of": ["a", "x"]"#),
            read,
            "",
            "into_product",
            "A synapse into a product.",
        ),
        (
            product(r#", "of": []"#),
            SYNAPSES,
            "",
            "no_factors",
            "A product of nothing.",
        ),
        (
            product(r#", "of": ["a", "z"]"#),
            SYNAPSES,
            "",
            "product_cycle",
            "A product that is its own factor.",
        ),
        (
            product(r#", "of": ["a", "b"]"#),
            SYNAPSES,
            "",
            "no_such_unit",
            "A factor that is no unit.",
        ),
        (
            UNITS.replace(r#""relu"}"#, r#""relu", "of": ["x"]}"#),
            SYNAPSES,
            "",
            "no_product",
            "Factors of a unit that adds.",
        ),
        (
            UNITS.into(),
            SYNAPSES,
            r#", "ties": [[{"unit": "a", "exponent": "0"}]]"#,
            "tie_exponent",
            "A multiplier to the power 0 is no tie.",
        ),
        (
            UNITS.into(),
            SYNAPSES,
            r#", "ties": [[{"unit": "a", "exponent": "1/0"}]]"#,
            "zero_denominator",
            "No zero denominator in an exponent.",
        ),
    ] {
        cases.invalid(
            note(comment, SOURCE),
            &document(&units, synapses, rest),
            kind,
        )?;
    }
    Ok(())
}
