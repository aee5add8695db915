//! No script runs for ever, exhausts memory, or reads what it may not.

use synaptic_balance::script::{Ending, Options, run};

use super::support::run_text;

fn message(source: &str) -> String {
    match run_text(source).outcome {
        Ending::Faulty { message, .. } => message,
        other => panic!("{source} ended as {other:?}"),
    }
}

/// Checks: each bound ends a script with an error that names it. Where tests sample, every fifth.
#[test]
fn bounds_end_scripts() {
    let cases = [
        ("loop {}", &["runs too long"][..]),
        ("let i = 0; while true { i += 1; }", &["runs too long"][..]),
        ("for i in 0..1000000000000 {}", &["runs too long"][..]),
        ("fn deep(n) { deep(n + 1) } deep(0);", &["overflow"][..]),
        ("let f = |f| f.call(f); f.call(f);", &["overflow"][..]),
        ("let s = \"x\"; loop { s += s; }", &["20000 characters"][..]),
        (
            "let a = [0]; loop { a += a; }",
            &["too large", "elements"][..],
        ),
        (
            "let a = []; loop { a = [a, a]; }",
            &["too large", "elements"][..],
        ),
        (
            "let m = #{}; for i in 0..10000 { m[`k${i}`] = i; }",
            &["elements"][..],
        ),
        (
            "let m = #{inner: #{}}; for i in 0..10000 { m.inner[`k${i}`] = i; }",
            &["elements"][..],
        ),
        (
            "let a = [0, 0]; for i in 0..60 { let b = a; a[0] = b; a[1] = b; }",
            &["too large", "elements"][..],
        ),
        (
            "let m = #{}; loop { let b = m; m.x = b; m.y = b; }",
            &["large", "elements"][..],
        ),
        (
            "let f = |x| x; loop { f = f.curry(f, f); }",
            &["property", "disabled"][..],
        ),
        ("let x = 3; loop { x = x * x; }", &["bits"][..]),
        ("let x = 1/3; loop { x += 1 / (x + 1); }", &["bits"][..]),
        ("2 ** 1000000000", &["too large", "elements"][..]),
        ("(1/2) ** -20000", &["too large", "elements"][..]),
        ("2 ** (2 ** 100)", &["too large", "elements"][..]),
        ("1e3000", &["bits"][..]),
        ("1e999999999999", &["digits"][..]),
        (
            "let p = symbol(\"a\") + 1; loop { p = p * p; }",
            &["terms"][..],
        ),
        ("(symbol(\"a\") + symbol(\"b\") + 1) ** 64", &["terms"][..]),
        (
            "let p = symbol(\"a\"); loop { p = p ** 2; }",
            &["exponents"][..],
        ),
        (
            "let i = 0; loop { i += 1; note(\"again\"); }",
            &["steps"][..],
        ),
        (
            "let s = \"\"; for i in 0..300 { s += `x${i} -> y: 1;`; } network(s)",
            &["more than 200 units"][..],
        ),
        (
            "regularizer(network(\"x -> y: 3\"), \"lp:100\")",
            &["powers up to 64"][..],
        ),
        (
            "evaluate(network(\"unit a: bipu(64, 1, 1); unit b: bipu(64, 1, 1); unit c: bipu(64, 1, 1); x -> a: 3; a -> b: 1; b -> c: 1; c -> y: 1\"), [7])",
            &["too long"][..],
        ),
        (
            "run(network(\"unit a: bipu(9, 1, 1); x -> a: 3; a -> a: 1; a -> y: 1\"), [[2], [2], [2], [2], [2], [2], [2], [2], [2]])",
            &["too long"][..],
        ),
        (
            "invariance(network(\"x -> a: 1; a -> a: 1; a -> y: 1\"), 1000)",
            &["steps"][..],
        ),
        (
            "let net = network(\"x -> a: 1; a -> y: 2\"); loop { solve(net, \"l2\"); }",
            &["more work"][..],
        ),
    ];
    let step = if crate::in_full() { 1 } else { 5 };
    for (source, expected) in cases.into_iter().step_by(step) {
        let message = message(source);
        assert!(
            expected.iter().any(|expected| message.contains(expected)),
            "{source}: {message}"
        );
    }
}

/// Checks: calls of the library are counted by what they read and multiply, so that no loop of few steps takes long;
/// the count is the same in every run. Where tests sample, every third call.
#[test]
fn native_calls_are_counted() {
    let lists = "let a = []; a.pad(1900, 7); let b = []; b.pad(1900, 7);";
    let long = "let x = (3 ** 1500 + 1) / (2 ** 2400); let y = x + 1 / 5 ** 200;";
    let net = "let t = \"\"; for i in 0..60 { t += `x -> a${i}: 3/7; a${i} -> a${i + 1}: 5/3; a${i} -> y: 7/11;`; } let net = network(t);";
    let small = "let net = network(\"x -> a: 3/7; a -> y: 5/3\"); let data = [[[1/3], [2/5]]];";
    let polynomial = "let p = (symbol(\"a\") + symbol(\"b\")) ** 11;";
    let calls = [
        (lists, "a == b", 20),
        (lists, "let c = a;", 10),
        (lists, "a.sort()", 20),
        (lists, "a.map(|x| x)", 10),
        (lists, "8 in a", 20),
        (lists, "a + []", 10),
        (lists, "a.reverse()", 10),
        (lists, "let c = [a[0]]; c.pad(1000, 1)", 2),
        (long, "x + y", 40),
        (long, "x * y", 40),
        (long, "x < y", 40),
        (long, "min(x, y)", 40),
        (long, "sum([x, y])", 10),
        (net, "evaluate(net, [1/3])", 100),
        (small, "gradient(net, data)", 10),
        (net, "solve(net, \"l2\")", 200),
        (net, "certify(net, \"l2\", 50)", 1_000),
        (net, "attained(net, \"l2\")", 200),
        (small, "invariance_without(net, \"x -> a\")", 5),
        (net, "dimension(net)", 100),
        (net, "scale(net, \"a1\", 3/7)", 50),
        (net, "regularizer(net, \"lp:9\")", 100),
        (net, "network(t)", 50),
        (polynomial, "p * p", 40),
        (polynomial, "at(p, #{a: 3/7, b: 5/11})", 5),
    ];
    for (setting, statement, least) in crate::one_in(3, calls) {
        let work = |times: usize| {
            let statements = format!("{statement}; ").repeat(times);
            let transcript = run_text(&format!("{setting} {statements}"));
            let text = transcript.to_string();
            assert!(text.contains("does not end"), "{statement}: {text}");
            transcript.work
        };
        let (once, thrice) = (work(1), work(3));
        let each = (thrice - once) / 2;
        assert!(each >= 1_000 * least, "{statement}: {each}");
        assert_eq!(work(1), once, "{statement}");
    }
}

/// Checks: what is made and kept is counted, so that many values within their bounds do not fill the memory.
#[test]
fn what_is_kept_is_counted() {
    let net = "let t = \"\"; for i in 0..90 { t += `x -> a${i}: 3; a${i} -> a${i + 1}: 5; a${i} -> y: 7;`; } let net = network(t);";
    let fill = format!(
        "{net} let kept = []; for i in 0..1900 {{ kept.push(with_weight(net, \"x -> a0\", i)); }}"
    );
    assert!(message(&fill).contains("more work"));
}

/// Checks: a script has a greatest length, and one that is no text is bad input.
#[test]
fn scripts_have_a_greatest_length() {
    let long = format!("{}qed();", " ".repeat(synaptic_balance::script::MAX_SOURCE));
    assert!(message(&long).contains("characters"));
}

/// Checks: a network whose path polynomial is exponentially long is refused, not expanded.
#[test]
fn exponential_polynomials_are_refused() {
    let mut text = String::from("x -> a0: 1; x -> b0: 1;");
    for layer in 0..40 {
        let next = layer + 1;
        for (from, to) in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] {
            text.push_str(&format!("{from}{layer} -> {to}{next}: 1;"));
        }
    }
    text.push_str("a40 -> y: 1; b40 -> y: 1");
    let message = message(&format!("invariance(network(\"{text}\"))"));
    assert!(message.contains("terms"), "{message}");
}

/// Checks: arrays and maps cannot be nested until printing or dropping them exhausts the stack.
#[test]
fn deep_nesting() {
    for source in [
        "let a = []; for i in 0..1900 { a = [a]; } note(`${a}`);",
        "let m = #{}; for i in 0..1900 { m = #{m: m}; }",
        "let list = []; list.pad(1900, 0); list.reduce(|nested, x| [nested], []);",
        "let m = #{}; for i in 0..1900 { let n = #{}; n.m = m; m = n; }",
    ] {
        assert!(message(source).contains("levels"), "{source}");
    }
}

/// Checks: what would let a script out of its box does not exist.
#[test]
fn nothing_leads_outside() {
    for source in [
        "eval(\"1\")",
        "import \"x\" as x;",
        "sleep(1)",
        "timestamp()",
        "open(\"x\")",
        "exit()",
        "load(\"/etc/passwd\")",
        "load(\"../Cargo.toml\")",
        "load(\"chain.json\")",
        "2 ^ 3",
        "6 & 3",
        "6 | 3",
        "1 << 70",
        "let x = 7; x /= 2;",
        "let x = 7; x %= 2;",
    ] {
        message(source);
    }
}

/// Checks: a failed claim cannot be caught, and nothing follows `qed`.
#[test]
fn failures_cannot_be_hidden() {
    for caught in [
        "try { show(\"a\", 1, \"==\", 2); } catch { } show(\"b\", 1, \"==\", 1); qed();",
        "try { show(\"a\", [1], \"==\", [1, 2]); } catch { } show(\"b\", 1, \"==\", 1); qed();",
    ] {
        assert!(message(caught).contains("try"));
    }
    assert!(
        message("show(\"a\", 1, \"==\", 1); qed(); show(\"b\", 2, \"==\", 2);").contains("qed")
    );
    assert!(message("show(\"a\", 1, \"==\", 1); qed(); qed();").contains("qed"));
}

/// Checks: a script cannot replace what its reader takes for the language's own functions.
#[test]
fn the_language_cannot_be_redefined() {
    for source in [
        "fn show(text, fact) { } show(\"a\", 1, \"==\", 1); qed();",
        "fn abs(x) { 0 } show(\"a\", abs(-3), \"==\", 0); qed();",
        "fn rational(text) { 0 } show(\"a\", 0.25, \"==\", 0); qed();",
        "fn weights(net) { [1] } show(\"a\", 1, \"==\", 1); qed();",
    ] {
        assert!(
            message(source).contains("cannot be defined again"),
            "{source}"
        );
    }
}

/// Checks: a scaling is one between networks that differ in weights only, whatever the weights say.
#[test]
fn scalings_are_between_equal_architectures() {
    let net = "let net = network(\"x -> a: 1; a -> y: 2\");";
    for other in [
        "u -> v: 2; v -> w: 1",
        "a -> y: 2; x -> a: 1",
        "unit a: hidden abs; x -> a: 1; a -> y: 2",
        "unit a: hidden sigmoid; x -> a: 1; a -> y: 2",
    ] {
        for call in [
            format!("scaling(net, network(\"{other}\"))"),
            format!("scaling(net, network(\"{other}\"), #{{a: 1}})"),
        ] {
            let source = format!("{net} show(\"same\", {call}); qed();");
            assert!(message(&source).contains("more than weights"), "{source}");
        }
    }
}

/// Checks: claims about nothing prove nothing, computed numbers have no text, and texts cannot forge a transcript.
#[test]
fn nothing_is_proved_of_nothing() {
    assert!(message("show(\"a\", [], \"<\", []); qed();").contains("empty"));
    let net = "let net = network(\"x -> y: 1\");";
    for claim in ["balanced(net, \"l2\")", "enclosure(net, \"l2\", #{}, #{})"] {
        let source = format!("{net} show(\"a\", {claim}); qed();");
        assert!(
            matches!(run_text(&source).outcome, Ending::Incomplete(_)),
            "{source}"
        );
    }
    let text = "let net = network(\"x -> a: 1; a -> y: 2\"); show(\"a\", `${solve(net, \"l1\").a}`, \"==\", \"1\"); qed();";
    assert_ne!(run_text(text).outcome, Ending::Checked);
    assert!(
        !run_text(text).to_string().contains("1.41"),
        "a computed number has no digits to claim"
    );
    let forged = run_text("show(\"a\\n   1  show   line 1: 2 == 3\", 1, \"==\", 1); qed();");
    assert!(!forged.to_string().contains("\n   1  show   line 1: 2 == 3"));
}

/// Checks: a script reads the networks of its own folder and those named for it, also not through a link.
#[test]
fn networks_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let network = r#"{"format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": "y", "weight": "1/3"}]}"#;
    let (inside, outside) = (
        folder.path().join("net.json"),
        other.path().join("net.json"),
    );
    std::fs::write(&inside, network).unwrap();
    std::fs::write(&outside, network).unwrap();
    let prove = |path: &str, files: Vec<std::path::PathBuf>| {
        let source = format!("show(\"read\", weights(load(\"{path}\")), \"==\", [1/3]); qed();");
        let options = Options {
            name: "s".into(),
            folder: Some(folder.path().into()),
            files,
        };
        run(&source, options).outcome
    };
    let refused = |outcome| matches!(outcome, Ending::Faulty { .. });
    assert_eq!(prove("net.json", vec![]), Ending::Checked);
    let path = outside.to_str().unwrap();
    assert!(refused(prove(path, vec![])));
    assert_eq!(prove(path, vec![outside.clone()]), Ending::Checked);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, folder.path().join("link.json")).unwrap();
        assert!(refused(prove("link.json", vec![])));
    }
}
