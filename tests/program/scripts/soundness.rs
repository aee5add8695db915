//! Nothing false or empty passes for a claim that was checked: by text, by order, by redefinition, by emptiness.

use synaptic_balance::script::{Ending, Transcript};

use super::support::run_text;

/// A network and a balanced one.
const NET: &str = "let net = network(\"x -> a: 1; a -> b: 16; b -> y: 1\");";

/// The script is refused for a reason.
fn refused(source: &str, reason: &str) {
    match run_text(source).outcome {
        Ending::Faulty { message, .. } => {
            assert!(message.contains(reason), "{source}: {message}");
        }
        other => panic!("{source} ended as {other:?}"),
    }
}

fn checked(source: &str) -> Transcript {
    let transcript = run_text(source);
    assert_eq!(
        transcript.outcome,
        Ending::Checked,
        "{source}: {transcript}"
    );
    transcript
}

/// Checks: two computed values, networks, facts or functions are not made equal by being written as texts, however.
#[test]
fn values_without_a_text() {
    for [left, right] in [
        ["`${log(2)}`", "`${log(3)}`"],
        ["\"\" + log(2)", "\"\" + log(3)"],
        ["log(2) + \"\"", "log(3) + \"\""],
        ["log(2).to_string()", "log(3).to_string()"],
        ["to_debug(log(2))", "to_debug(log(3))"],
        ["print(log(2))", "print(log(3))"],
        ["`${[log(2)]}`", "`${[log(3)]}`"],
        ["`${#{a: [log(2)]}}`", "`${#{a: [log(3)]}}`"],
        ["[1, log(2)].to_string()", "[1, log(3)].to_string()"],
        [
            "`${solve(net, \"l1\")}`",
            "`${solve(net, \"l1\", [\"a\"])}`",
        ],
        ["`${net}`", "`${balance(net, \"l1\", \"a\")}`"],
        ["`${attained(net, \"l1\")}`", "`${attained(net, \"l2\")}`"],
        ["`${|x| x}`", "`${|x| x + 1}`"],
        ["`${()}`", "`${()}`"],
    ] {
        let source = format!("{NET} show(\"equal\", {left}, \"==\", {right}); qed();");
        assert_eq!(run_text(&source).outcome.exit_code(), 2, "{source}");
    }
    // The engine writes something in place of an error: the run ends all the same, also without a claim about it.
    refused("let t = `${log(2)}`; qed();", "no text");
    refused("let t = `${log(2)}`;", "no text");
    refused("show(`a ${log(2)}`, 1, \"==\", 1); qed();", "no text");
    checked(
        "show(\"texts\", `${[1/2, \"a, b\"]} ${#{k: true}}`, \"==\", \"[1/2, \\\"a, b\\\"] #{\\\"k\\\": true}\"); qed();",
    );
}

/// Checks: order and equality between values that have none are refused, not silently false.
#[test]
fn values_without_an_order() {
    for (condition, reason) in [
        ("log(3) > 1", "no order"),
        ("1 <= log(3)", "no order"),
        ("log(3) < log(2)", "no order"),
        ("log(3) == 1", "no equality"),
        ("log(3) != log(3)", "no equality"),
        ("[1, log(3)] == [1, 1]", "no equality"),
        ("#{a: log(3)} != #{a: 2}", "no equality"),
        ("log(3) in [1, 2]", "no equality"),
        ("1 in [1, log(3)]", "no equality"),
        ("[1, log(3)].contains(1)", "no equality"),
        ("[log(3)].index_of(1) == 0", "no equality"),
        ("\"a\" < \"b\"", "no order"),
        ("[1] < [2]", "no order"),
        ("true > false", "no order"),
        ("1 == \"1\"", "no equality"),
        ("1/2 == \"1/2\"", "no equality"),
        ("symbol(\"a\") > 0", "no order"),
        ("net == net", "no equality"),
        (
            "attained(net, \"l1\") == attained(net, \"l1\")",
            "no equality",
        ),
        ("(|x| x) == (|x| x)", "no equality"),
        ("() == ()", "no equality"),
        ("solve(net, \"l1\").a > 0", "no order"),
        ("(0..3) == (0..3)", "no equality"),
    ] {
        let source = format!(
            "{NET} let k = if {condition} {{ 1 }} else {{ 0 }}; show(\"k\", k, \"==\", 0); qed();"
        );
        refused(&source, reason);
    }
    for statement in [
        "[log(2), log(3)].sort()",
        "[log(2)].sort()",
        "let list = [net, net]; list.sort()",
        "max(log(2), log(3))",
        "switch log(2) { 0 => 1, _ => 2 }",
        "-log(2)",
        "log(2) + 1",
        "type_of(log(2))",
    ] {
        let outcome = run_text(&format!("{NET} {statement}; qed();")).outcome;
        assert_eq!(outcome.exit_code(), 2, "{statement}: {outcome:?}");
    }
    checked(
        "let p = symbol(\"p\"); if p + p == 2 * p && p != 1 && [p] == [p] && \"a\" == \"a\" && 1/2 in [0, 1/2] && !(3 in []) { show(\"yes\", 1 + 1, \"==\", 2); } qed();",
    );
    checked(
        "let l = [3, 1/2, -2, 2 ** 70]; l.sort(); show(\"sorted\", l, \"==\", [-2, 1/2, 3, 2 ** 70]); qed();",
    );
}

/// Checks: no function of the guide, method, operator or keyword can be made to mean something else.
#[test]
fn nothing_is_defined_again() {
    let claim = "show(\"a\", 1 + 1, \"==\", 2); qed();";
    for definition in [
        "fn filter(f) { [] }",
        "fn filter() { [] }",
        "fn filter(a, b, c, d) { [] }",
        "fn map(list, f) { [] }",
        "fn len(x) { 0 }",
        "fn contains(a, b) { true }",
        "fn keys(m) { [] }",
        "fn sort(l) { }",
        "fn to_string(x) { \"\" }",
        "fn print(x) { \"\" }",
        "fn call(f, x) { 0 }",
        "fn show(t, l, o, r) { }",
        "fn qed(x) { }",
        "fn propose(a, b) { #{} }",
        "fn int.abs() { 0 }",
        "private fn weights(n) { [] }",
        "let weights = |n| [1]; weights.call(2);",
        "let sum = |n| 0; [1].map(sum);",
        "let m = #{}; m.keys = || []; m.keys();",
        "let m = #{}; m[\"ke\" + \"ys\"] = || []; m.keys();",
        "let k = #{keys: || []}.keys();",
        "let k = #{\"keys\": || []}.keys();",
        "let k = [#{ /* a */ keys : || [] }][0].keys();",
        "let k = #{\"\\x6beys\": || []}.keys();",
        "fn f() { #{keys: || []} } f().keys();",
        "let f = Fn(\"show\");",
        "let f = |x| x; let g = f.curry(1);",
        "let x = 2; x.call();",
    ] {
        let outcome = run_text(&format!("{definition} {claim}")).outcome;
        assert_eq!(outcome.exit_code(), 2, "{definition}: {outcome:?}");
    }
    refused(
        &format!(
            "{NET}\nfn filter(f) {{ [] }} show(\"none\", hidden(net).filter(|u| true), \"==\", []); qed();"
        ),
        "cannot be defined again",
    );
    let faulty = run_text("let a = 1;\n\nfn weights(n) { [] }");
    assert!(faulty.to_string().contains("script:3: faulty"), "{faulty}");
    // A number may be called like a function, and a map may have such a key where nothing is called by it.
    checked(
        "let len = 2; let f = |x| x * len; let m = #{min: 1, sum: 2}; show(\"four\", f.call(2), \"==\", 4); show(\"keys\", m.min + m.sum, \"==\", 3); qed();",
    );
}

/// Checks: what is empty on both sides says nothing, alone, within others, however it came to be empty.
#[test]
fn nothing_is_compared_with_nothing() {
    for [left, right] in [
        ["[]", "[]"],
        ["#{}", "#{}"],
        ["\"\"", "\"\""],
        ["``", "\"\""],
        ["[[], []]", "[[], []]"],
        ["[1, []]", "[1, []]"],
        ["#{a: 1, b: []}", "#{a: 1, b: []}"],
        ["[\"\"]", "[\"\"]"],
        ["hidden(net).filter(|u| false)", "[]"],
        ["#{}.keys()", "[]"],
        ["[].map(|x| x)", "[].map(|x| x + 1)"],
        ["synapses(net).extract(0, 0)", "[]"],
        ["()", "()"],
    ] {
        for verb in ["show", "refute", "assume"] {
            for operator in ["==", "!=", "<="] {
                let source =
                    format!("{NET} {verb}(\"empty\", {left}, \"{operator}\", {right}); qed();");
                assert_eq!(run_text(&source).outcome.exit_code(), 2, "{source}");
            }
        }
    }
    refused(
        "show(\"every network is balanced\", [], \"==\", []); qed();",
        "nothing with nothing",
    );
    refused(
        &format!("{NET} show(\"nothing given\", self_consistent(net, #{{}})); qed();"),
        "nothing with nothing",
    );
    checked(&format!(
        "{NET} show(\"none\", hidden(net).filter(|u| false).len(), \"==\", 0); qed();"
    ));
}

/// Checks: the outcome counts claims and does not call words proved; a hypothesis in words is named; sides that hold
/// constants only, or are one expression, are said to be so.
#[test]
fn words_are_not_checked() {
    let silly = checked("show(\"every ReLU network balances in one step\", 1, \"==\", 1); qed();");
    let text = silly.to_string();
    assert!(!text.contains("proved"), "{text}");
    assert!(
        text.contains("checked: 1 claim (1 verified, 0 refuted)"),
        "{text}"
    );
    assert!(
        text.contains("of step 1, both sides are written down as constants"),
        "{text}"
    );
    let same = checked(&format!(
        "{NET} show(\"t\", weights(net), \"==\", weights( net )); qed();"
    ));
    assert!(
        !same.to_string().contains("same expression"),
        "written differently"
    );
    let same = checked(&format!(
        "{NET} show(\"t\", weights(net), \"==\", weights(net)); qed();"
    ));
    assert!(
        same.to_string()
            .contains("both sides are the same expression")
    );
    let given = checked(
        "assume(\"it commutes\");\nassume(\"p\tq\"); show(\"so\", [1].len(), \"==\", 1); qed();",
    );
    let named: Vec<_> = given.remarks();
    assert_eq!(
        named,
        [
            "no claim uses the hypothesis in words of step 1: it commutes",
            "no claim uses the hypothesis in words of step 2: p\\tq"
        ]
    );
}

/// Checks: a step shows its expressions as they are written, over lines, with exact literals, within loops and calls.
#[test]
fn expressions_are_shown() {
    let expression = |source: &str| run_text(source).steps[0].expression.clone();
    for (source, expected) in [
        (
            "show(\"a, (b\", f(1, [2, 3]), \"==\", 0.25); fn f(a, b) { 1/4 }",
            "f(1, [2, 3]) == 0.25",
        ),
        (
            "let x = 0.5; let y = 1e3; show(\"a\", x +\n  /* b */ 0.25, \"<\", y);",
            "x + /* b */ 0.25 < y",
        ),
        (
            "show(`a ${1 + 1}`, `b ${[1, 2][0]}`, \"==\", \"b 1\");",
            "`b ${[1, 2][0]}` == \"b 1\"",
        ),
        (
            "let o = \">\"; for i in [1] { show(\"a\", i + 1, o, i); }",
            "i + 1 > i",
        ),
        ("\"said\".show(3 * 0.5, \"==\", 3/2);", "3 * 0.5 == 3/2"),
        (
            "let n = network(\"x -> a: 1; a -> y: 1\"); let c = 0.5; show(\"é\", balanced(n, \"l1\"));",
            "balanced(n, \"l1\")",
        ),
        (
            "/* é */ let y = 0xffffffffffffffffff; show(\"é\", y, \">\", 0x10);",
            "y > 0x10",
        ),
    ] {
        assert_eq!(expression(source), expected, "{source}");
    }
}

/// Checks: what came out of a solver stays a proposal through arithmetic, networks, arrays, maps, texts and functions,
/// and a claim that holds of it says what it leaves open; what is exact carries no such mark.
#[test]
fn proposals_are_marked() {
    let marked = |claims: &str, left_open: &str| {
        let source =
            format!("{NET} let p = propose(solve(net, \"l1\", [\"a\"]), 1e-9); {claims} qed();");
        let transcript = checked(&source);
        let step = transcript
            .steps
            .iter()
            .find(|step| !step.claim.is_empty())
            .unwrap();
        assert_eq!(step.left_open, left_open, "{claims}");
        transcript
    };
    let order = "not that the order converges there";
    let said = format!("said of the proposal, {order}");
    marked(
        "show(\"p\", p, \"==\", #{a: 4, b: 1});",
        &format!("the proposal equals {{a: 4, b: 1}}, {order}"),
    );
    marked(
        "show(\"p\", 4, \"==\", p.a);",
        &format!("the proposal equals 4, {order}"),
    );
    marked(
        "show(\"p\", [1, p.a * 2 - 1], \"==\", [1, 7]);",
        &format!("the proposal equals [1, 7], {order}"),
    );
    marked(
        "let q = p.a; q += 1; show(\"p\", q, \"==\", 5);",
        &format!("the proposal equals 5, {order}"),
    );
    marked("show(\"p\", p.a, \">\", 3);", &said);
    marked("refute(\"p\", p.a, \"==\", 3);", &said);
    marked(
        "fn f(x) { [x, 1] } show(\"p\", f(p.a)[0] / 4, \"==\", 1);",
        &format!("the proposal equals 1, {order}"),
    );
    marked(
        "let f = || p.a; show(\"p\", f.call(), \"==\", 4);",
        &format!("the proposal equals 4, {order}"),
    );
    marked(
        "show(\"p\", weights(scale(net, p))[0], \"==\", 4);",
        &format!("the proposal equals 4, {order}"),
    );
    marked(
        "let n = scale(net, \"a\", p.a); show(\"p\", input_cost(n, \"l1\", \"a\"), \"==\", 4);",
        &format!("the proposal equals 4, {order}"),
    );
    marked("show(\"p\", scaling(net, scale(net, p)));", &said);
    marked(
        "let s = symbol(\"s\"); show(\"p\", at(p.a * s, #{s: 1}), \"==\", 4);",
        &format!("the proposal equals 4, {order}"),
    );
    marked(
        "for x in [p.a] { show(\"p\", x, \"==\", 4); }",
        &format!("the proposal equals 4, {order}"),
    );
    marked("show(\"exact\", weights(net), \"==\", [1, 16, 1]);", "");
    marked(
        "show(\"exact\", balanced(balance(net, \"l1\", \"a\").without([\"b -> y\", \"x -> a\", \"a -> b\"]), \"l1\"));",
        "",
    );
    let direct = checked(&format!(
        "{NET} show(\"d\", propose(solve(net, \"l2\"), 1).a, \">\", 0); show(\"l\", simplest(log(2), 1/10), \"<\", 1); qed();"
    ));
    assert_eq!(
        direct.steps[0].left_open,
        "said of the proposal, not that the solver converges there"
    );
    assert_eq!(
        direct.steps[1].left_open,
        "said of the proposal, not that the logarithm has this value"
    );
    // A branch on a proposal, or its text, is named, since what follows may depend on it.
    let looked = marked(
        "\nlet k = if p.a == 4 { 1 } else { 0 };\nshow(\"k\", k, \"==\", 1);",
        "",
    );
    assert_eq!(looked.looked_at, [2]);
    let looked = marked("\n\nlet k = `${p.a}`; show(\"k\", k, \"==\", \"4\");", "");
    assert_eq!(looked.looked_at, [3]);
    assert!(
        looked
            .to_string()
            .contains("line 3 looks at a value that a solver proposed")
    );
}

/// Checks: where something stands in a list is known from a proposal too, if it was put, sorted or looked up there by
/// one.
#[test]
fn places_come_from_proposals() {
    let left_open = |claims: &str| {
        let source = format!("let k = simplest(log(20), 1/10);\n{claims}\nqed();");
        let transcript = checked(&source);
        let last = transcript
            .steps
            .iter()
            .rev()
            .find(|step| !step.claim.is_empty());
        (last.unwrap().left_open.clone(), transcript.looked_at)
    };
    for claims in [
        "let l = [k, 2]; l.sort(); show(\"sorted\", l[0], \"==\", 2);",
        "let l = [1, 2, 3, 4]; l.remove(k); show(\"removed\", l, \"==\", [1, 2, 3]);",
        "let l = [1, 2]; l.insert(k - 3, 9); show(\"inserted\", l, \"==\", [9, 1, 2]);",
        "let l = [7]; l.pad(k, 0); show(\"padded\", l, \"==\", [7, 0, 0]);",
    ] {
        let (open, _) = left_open(claims);
        assert!(
            open.contains("not that the logarithm has this value"),
            "{claims}: {open}"
        );
    }
    for claims in [
        "let l = [10, 20, 30, 40]; show(\"found\", l[k], \"==\", 40);",
        "let l = [[10, 20], [30, 40]]; show(\"found\", l[0][k - 2], \"==\", 20);",
        "show(\"found\", { [10, 20, 30, 40] }[k], \"==\", 40);",
        "let l = [10, 20, 30, 40]; show(\"found\", l?[k], \"==\", 40);",
        "show(\"found\", #{a: 40}[`${if k == 3 { \"a\" } else { \"b\" }}`], \"==\", 40);",
        "let n = 0; for i in 0..k { n += 1; } show(\"counted\", n, \"==\", 3);",
        "let n = 0; for i in 1..=k { n += 1; } show(\"counted\", n, \"==\", 3);",
        "let l = [10, 20, 30, 40]; l[k] = 1; show(\"put\", l, \"==\", [10, 20, 30, 1]);",
    ] {
        assert_eq!(left_open(claims).1, [2], "{claims}");
    }
    for claims in [
        "let i = 1; let l = [1, 2]; show(\"exact\", l[i], \"==\", 2);",
        "let l = [k, 2]; l.push(5); show(\"exact\", l[1] + [4][0], \"==\", 6);",
        "let l = () ?? [k, 2]; show(\"exact\", l[1], \"==\", 2);",
        "if true { } [1].len(); let i = 1; show(\"exact\", [5, 2][i], \"==\", 2);",
        "let l = [2, 1]; l.sort(); for x in [l.len()] { show(\"exact\", l[x - 1], \"==\", 2); }",
    ] {
        assert_eq!(left_open(claims), (String::new(), Vec::new()), "{claims}");
    }
}
