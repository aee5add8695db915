//! The language of scripts: exact numbers, networks as text, facts.

use synaptic_balance::script::{Ending, literals, parse_network};

use super::support::run_text;

/// Each line is a claim `left == right`.
fn all_equal(claims: &[(&str, &str)]) {
    for (left, right) in claims {
        let source = format!("show(\"equal\", {left}, \"==\", {right}); qed();");
        let transcript = run_text(&source);
        assert_eq!(
            transcript.outcome,
            Ending::Checked,
            "{left} == {right}: {transcript}"
        );
    }
}

fn message(source: &str) -> String {
    match run_text(source).outcome {
        Ending::Faulty { message, .. } => message,
        other => panic!("{source} ended as {other:?}"),
    }
}

/// Checks: arithmetic is exact, on integers of any size, on fractions and on decimals.
#[test]
fn numbers_are_rational() {
    all_equal(&[
        ("1/3 + 1/6", "1/2"),
        ("0.1 + 0.2", "3/10"),
        ("1.5e-3 * 2e3", "3"),
        ("-0.25", "-1/4"),
        ("7 / 2 * 2", "7"),
        ("9223372036854775807 + 1", "9223372036854775808"),
        ("-9223372036854775807 - 2", "-9223372036854775809"),
        (
            "9223372036854775807 * 9223372036854775807",
            "85070591730234615847396907784232501249",
        ),
        ("(2 ** 64 - 1) % 10", "5"),
        ("-7 % 3", "2"),
        ("2 ** -3", "1/8"),
        ("(-2/3) ** 3", "-8/27"),
        ("(4/9) ** (3/2)", "8/27"),
        ("0 ** 0", "1"),
        ("1_000_000 / 0x10", "62500"),
        ("abs(-1/2) + min(1/3, 1/2) + max(0.5, 0)", "4/3"),
        ("sqrt(49/4)", "7/2"),
        ("sum([1/2, 1/3, 1/6])", "1"),
        ("simplest(rational(\"0.3333\"), 1e-3)", "1/3"),
        ("[1, 2, 3].map(|x| x / 2)", "[1/2, 1, 3/2]"),
        ("[4, 5][2 / 4 * 2]", "5"),
        ("0x1e5", "485"),
        ("0x_ff + 0b11 + 0o17 + 0xE", "255 + 3 + 15 + 14"),
        ("0xffff_ffff_ffff_ffff", "2 ** 64 - 1"),
        ("0x1e5.max(0x2E2)", "738"),
        ("`${0.5}`", "\"1/2\""),
        ("`0.5 and 1e3`", "\"0.5 and 1e3\""),
        ("`a \\${0.25} b`", "\"a ${0.25} b\""),
        ("`${`${1e2} ${0x1e}`}`", "\"100 30\""),
    ]);
    let grown = "let x = 9223372036854775807; x += 1; x *= 2; let y = x; y -= 1/2; show(\"x\", [x, y], \"==\", [2 ** 64, 2 ** 64 - 1/2]); qed();";
    assert_eq!(run_text(grown).outcome, Ending::Checked);
    let loops = "let x = 0; for i in 0..4 { x += i / 2; } show(\"x\", x, \"==\", 3); qed();";
    assert_eq!(run_text(loops).outcome, Ending::Checked);
    assert!(message("1/3 % 1").contains("integers"));
    assert!(message("sqrt(2)").contains("not a rational number"));
    assert!(message("(-4) ** (1/2)").contains("not a rational number"));
    assert!(message("0 ** -1").contains("negative power"));
}

/// Checks: comparisons inside scripts agree with claims, whatever the types of the numbers.
#[test]
fn comparisons() {
    let source = "if 1/2 < 1 && 1 > 1/2 && 1/2 == 2/4 && 1/2 != 1 && 2 ** 80 >= 5 && 3 <= 2 ** 80 { note(\"yes\"); }
        show(\"a\", 1/2, \"<\", 0.51); refute(\"b\", 2 ** 80, \"<=\", 3); qed();";
    let transcript = run_text(source);
    assert_eq!(
        (&transcript.outcome, transcript.steps.len()),
        (&Ending::Checked, 4)
    );
    for wrong in [
        "1, \"=\", 1",
        "[1], \"==\", [1, 2]",
        "#{a: 1}, \"==\", #{b: 1}",
        "\"x\", \"<\", \"y\"",
        "1, \"==\", \"1\"",
    ] {
        message(&format!("show(\"a\", {wrong}); qed();"));
    }
}

/// Checks: literals are found outside texts and comments, and nowhere else.
#[test]
fn literals_are_found() {
    let source = "let a1 = 1.5; /* 2 /* 3 */ 4 */ f(\"5 \\\" 6\", `7 ${8}`, 9..10, 0xff, 1e-3); // 11\n#\"12\"# 13";
    let found: Vec<_> = literals(source).into_iter().map(|at| &source[at]).collect();
    assert_eq!(found, ["1.5", "8", "9", "10", "0xff", "1e-3", "13"]);
    let nested = "`a ${f(`b ${1 + `2`} 3`, #{c: 4})} \\${5} \\` + 6 + #\"7\"#";
    let found: Vec<_> = literals(nested).into_iter().map(|at| &nested[at]).collect();
    assert_eq!(found, ["1", "4", "6"]);
}

/// Checks: kinds and activations that a text does not give are the documented ones.
#[test]
fn network_defaults() {
    let net = parse_network(
        "x -> a: 1; one -> a: 2; a -> a: 3\n a -> y: -1/2; unit d: hidden abs; x -> d: 1",
    )
    .unwrap();
    let kinds: Vec<String> = (0..net.units())
        .map(|unit| {
            format!(
                "{} {:?} {:?}",
                net.unit(unit).id,
                net.unit(unit).kind,
                net.unit(unit).activation
            )
        })
        .collect();
    let expected = [
        "x Input Linear",
        "a Hidden Relu",
        "one Bias Linear",
        "y Output Linear",
        "d Hidden Abs",
    ];
    assert_eq!(kinds, expected);
    for (text, reason) in [
        ("x - a: 1", "neither"),
        ("x -> a", "a synapse is"),
        ("x -> a: 1/0", "zero denominator"),
        ("x -> a b: 1", "an id has"),
        ("x -> a: 1; x -> a: 2", "already given"),
        ("unit a: relu; unit a: abs", "declared twice"),
        ("unit a: leaky_relu; a -> y: 1", "parameters"),
        ("unit a: bilu(1", "`)`"),
        ("unit x: input; y -> x: 1", "takes no synapses"),
        ("x -> y: 1; tie x", "not a hidden unit"),
    ] {
        let error = parse_network(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

/// Checks: networks are composed output by input, with their functions.
#[test]
fn composition() {
    all_equal(&[(
        "evaluate(compose(network(\"x -> a: 2; one -> a: 1; a -> y: 3\"), network(\"x -> a: 5; one -> a: -1; a -> y: 7\")), [1])",
        "[7 * (5 * 9 - 1)]",
    )]);
    assert!(
        message("compose(network(\"x -> y: 1\"), network(\"u -> y: 1; v -> y: 1\"))")
            .contains("cannot be joined")
    );
}

/// Checks: a gradient is exact on both sides of a kink, and does not exist at it.
#[test]
fn gradients() {
    all_equal(&[
        (
            "gradient(network(\"x -> a: 1; a -> y: 3\"), [[[2], [1]]])",
            "[30, 10]",
        ),
        (
            "gradient(network(\"x -> a: 1; a -> y: 3\"), [[[-2], [1]]])",
            "[0, 0]",
        ),
        (
            "gradient(network(\"unit a: bipu(2, 1, 1); x -> a: 3; a -> y: 1\"), [[[1], [8]]])",
            "[6, 9]",
        ),
        (
            "error(network(\"x -> y: 3\"), [[[1], [1]], [[2], [5]]])",
            "5/2",
        ),
    ]);
    assert!(message("gradient(network(\"x -> a: 0; a -> y: 3\"), [[[2], [1]]])").contains("kink"));
}

/// Checks: what is not evidence proves nothing, in either direction.
#[test]
fn no_evidence_no_proof() {
    let net = "let net = network(\"x -> a: 1; a -> b: 2; b -> y: 3\");";
    for claim in [
        "show(\"bare\", true)",
        "show(\"computed\", log(2), \"<\", 1)",
        "refute(\"computed\", log(2), \">\", 1)",
        "show(\"computed parts\", [1, log(2)], \"==\", [1, log(2)])",
        "show(\"computed solution\", solve(net, \"l1\"), \"==\", #{a: 2, b: 2})",
        "refute(\"a refused certificate\", attained(net, \"l1\", [1, 1, 2]))",
        "refute(\"refused bounds\", enclosure(net, \"l1\", #{a: 1, b: 1}, #{a: 1, b: 1}))",
        "show(\"irrational costs\", balanced(net, \"lp:1/2\"))",
        "show(\"nothing said\", invariance(network(\"unit a: hidden relu; x -> a: 1\")))",
    ] {
        let transcript = run_text(&format!("{net} {claim}; qed();"));
        assert_eq!(transcript.outcome.exit_code(), 3, "{claim}: {transcript}");
    }
    for claim in [
        "show(\"refused\", attained(net, \"l1\", [1, 1, 2]))",
        "show(\"false\", balanced(net, \"l1\"))",
    ] {
        let transcript = run_text(&format!("{net} {claim}; qed();"));
        assert_eq!(transcript.outcome, Ending::Failed, "{claim}");
    }
    assert!(message(&format!("{net} scale(net, solve(net, \"l1\"))")).contains("propose"));
}

/// Checks: an assumption is counted where it is taken as given, and must hold where it is checked.
#[test]
fn assumptions() {
    let given = run_text("assume(\"p > 0\"); show(\"a\", 1, \"==\", 1); qed();");
    let named = "no claim uses the hypothesis in words of step 1: p > 0";
    assert!(given.remarks().contains(&named.to_string()));
    assert!(given.to_string().contains(named));
    let wrong = run_text("assume(\"two is one\", 2, \"==\", 1); show(\"a\", 1, \"==\", 1); qed();");
    assert_eq!(wrong.outcome, Ending::Failed);
    assert_eq!(
        run_text("assume(\"everything\"); qed();")
            .outcome
            .exit_code(),
        3
    );
}
