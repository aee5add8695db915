//! Products and ties with exponents in scripts.

use synaptic_balance::script::Ending;

use super::support::run_text;

const SCORES: &str =
    "let net = network(\"x -> q: 2; x -> k: 8; product s: q k; s -> y: 1; tie q k^-1\");\n";

/// Checks: a unit of a tie with exponents has its own multiplier in maps, bounds are said of the tie's first unit,
/// logarithms are multiples of each other.
#[test]
fn maps_by_unit_with_exponents() {
    let claims = [
        r#"show("by the query", weights(scale(net, #{q: 4})), "==", [8, 2, 1]);"#,
        r#"show("by the key", weights(scale(net, #{k: 1/4})), "==", [8, 2, 1]);"#,
        r#"show("by both", weights(scale(net, #{q: 4, k: 1/4})), "==", [8, 2, 1]);"#,
        r#"show("balanced", balanced(net, "l1", #{k: 1/2}));"#,
        r#"show("bounds", enclosure(net, "l1", #{q: 3/2}, #{q: 5/2}));"#,
        r#"show("named once", keys(certify(net, "l1", 6).lower), "==", ["q"]);"#,
        r#"show("both multipliers", scaling(net, scale(net, "q", 3)).multipliers, "==", #{q: 3, k: 1/3});"#,
        r#"show("costs", [input_cost(net, "l1", "q"), output_cost(net, "l1", "q")], "==", [2, 8]);"#,
        r#"show("gradient", gradient(net, [[[1], [1]]]), "==", [120, 30, 240]);"#,
        r#"show("logarithms", self_consistent(net, #{"x -> q": 5}).potentials, "==", #{q: 5, k: -5});"#,
    ];
    let text = format!("{SCORES}{}\nqed();", claims.join("\n"));
    let transcript = run_text(&text);
    assert_eq!(transcript.outcome, Ending::Checked, "{transcript}");
}

/// Checks: what would be said of the wrong power of a multiplier is refused, and so is text that is no network.
#[test]
fn faults_with_products() {
    let wrong = [
        r#"scale(net, #{q: 4, k: 4})"#,
        r#"scale(net, #{k: 0})"#,
        r#"scale(net, #{k: -2})"#,
        r#"enclosure(net, "l1", #{k: 1/4}, #{k: 1})"#,
        r#"not_attained(net, "l1", #{k: 1})"#,
        r#"input_cost(net, "l1", "k")"#,
        r#"multiplier(net, "l1", "k")"#,
        r#"balance(net, "l1", "k")"#,
        r#"input_cost(net, "l1", "s")"#,
        r#"scale(net, #{s: 2})"#,
        r#"network("x -> a: 1; product z: a; product z: a; z -> y: 1")"#,
        r#"network("x -> z: 1; product z: x; z -> y: 1")"#,
        r#"network("product z: ; z -> y: 1")"#,
        r#"network("product z: z; z -> y: 1")"#,
        r#"network("unit z: relu; product z: x; z -> y: 1")"#,
        r#"network("x -> a: 1; a -> y: 1; x -> b: 1; b -> y: 1; tie a b^0")"#,
        r#"network("x -> a: 1; a -> y: 1; x -> b: 1; b -> y: 1; tie a b^1/0")"#,
    ];
    for wrong in wrong {
        let transcript = run_text(&format!("{SCORES}let found = {wrong};\nqed();"));
        let faulty = matches!(transcript.outcome, Ending::Faulty { .. });
        assert!(faulty, "{wrong}: {transcript}");
    }
}
