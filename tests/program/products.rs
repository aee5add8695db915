//! Networks with products and ties with exponents: every command that takes a network.

use serde_json::{Value, json};

use super::{Desk, is_tried, json as report, run};

/// Scores `q k` with `k` inverse to `q`, and a gate `z = g u` read by a hidden unit and an output.
fn network() -> Value {
    let unit = |id: &str, kind: &str| match kind {
        "hidden" => json!({"id": id, "kind": kind, "activation": "relu"}),
        _ => json!({"id": id, "kind": kind}),
    };
    let synapse = |text: &str| {
        let words: Vec<&str> = text.split(' ').collect();
        json!({"from": words[0], "to": words[1], "weight": words[2]})
    };
    let mut units: Vec<Value> = [
        ("x", "input"),
        ("x2", "input"),
        ("q", "hidden"),
        ("k", "hidden"),
        ("g", "hidden"),
        ("u", "hidden"),
        ("h", "hidden"),
        ("y", "output"),
        ("score", "output"),
    ]
    .map(|(id, kind)| unit(id, kind))
    .into();
    units.push(json!({"id": "s", "kind": "product", "of": ["q", "k"]}));
    units.push(json!({"id": "z", "kind": "product", "of": ["g", "u"]}));
    let synapses = [
        "x q 2",
        "x2 k 3",
        "x2 q 1/2",
        "s score 1",
        "x g 3",
        "x2 u 1",
        "z h 7",
        "z y 5",
        "h y 0.3",
    ];
    json!({
        "format": "synaptic-balance/network", "version": 1, "units": units,
        "synapses": synapses.map(synapse),
        "ties": [[{"unit": "q"}, {"unit": "k", "exponent": "-1"}]],
    })
}

/// Checks: `explain`, `balance`, `check` and `--dot` of a network with a gate and scores: the manifold is proved, the
/// methods agree, the result is the same function, a changed weight is found with a witness, and nothing is called
/// certified.
#[test]
fn every_command_takes_products() {
    let desk = Desk::new();
    let before = desk.write("before.json", network().to_string());
    let before = before.to_str().unwrap();
    let (code, found) = report(&["explain", before]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found["units"]["product"], 2);
    assert_eq!(found["manifold"]["dimension"], 4);
    assert_eq!(found["manifold"]["basis_proved"], true);
    assert_eq!(found["attained"], true);
    assert_eq!(found["linear_program_agrees"], Value::Null);
    assert!(found["by_unit"]["q = k^-1"]["deficit"].as_f64().unwrap() > 0.1);
    let dot = desk.path("graph.dot");
    let (code, ..) = run(&["explain", before, "--dot", dot.to_str().unwrap()]);
    let dot = std::fs::read_to_string(dot).unwrap();
    assert!(code == 0 && dot.contains("diamond") && dot.contains("style = dashed"));
    assert!(dot.trim_end().ends_with('}'));

    for method in ["direct", "stochastic", "sweep"] {
        let after = desk.path("after.json");
        let after = after.to_str().unwrap();
        let (code, found) = report(&["balance", before, "--method", method, "-o", after]);
        assert_eq!(
            (code, &found["status"]),
            (0, &"balanced".into()),
            "{found:#}"
        );
        let apart = &found["cross_check"]["max_relative_difference"];
        assert!(apart.as_f64().unwrap() < 1e-9);
        let of = |unit: &str| found["multipliers"][unit].as_f64().unwrap();
        assert!((of("q") * of("k") - 1.0).abs() < 1e-15);
        let (code, found) = report(&["check", before, after]);
        assert_eq!(code, 0, "{found:#}");
        assert_eq!(
            (&found["same_function"], &found["balanced"]),
            (&true.into(), &true.into())
        );
        assert_eq!(found["bound"], "certified");
        assert!(found["distance_to_optimum"].as_f64().unwrap() < 1e-12);
    }
    let (code, found) = report(&["balance", before, "--certify"]);
    assert_eq!(code, 0, "an energy certificate: {found:#}");
    assert!(found["enclosure"]["q"]["lo"].is_string());

    // The synapse out of the gate is one of three that must multiply to what they did.
    let mut changed = network();
    changed["synapses"][7]["weight"] = "6".into();
    let changed = desk.write("changed.json", changed.to_string());
    let (code, found) = report(&["check", before, changed.to_str().unwrap()]);
    assert_eq!(
        (code, &found["same_function"]),
        (1, &false.into()),
        "{found:#}"
    );
}

/// Checks: the form of the file stays: products and ties as they were given, weights in their places; and what is
/// written is read again as the same network.
#[test]
fn the_document_stays() {
    let desk = Desk::new();
    let before = desk.write("before.json", network().to_string());
    let after = desk.path("after.json");
    let (code, ..) = run(&[
        "balance",
        before.to_str().unwrap(),
        "-o",
        after.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    let written: Value = serde_json::from_slice(&std::fs::read(after).unwrap()).unwrap();
    for part in ["units", "ties", "format"] {
        assert_eq!(written[part], network()[part]);
    }
    // Not changed by any scaling, so left as it stands.
    assert_eq!(written["synapses"][3], network()["synapses"][3]);
    let text = network().to_string();
    let file = synaptic_balance::formats::read_network(text.as_bytes()).unwrap();
    let again = synaptic_balance::formats::write_network(&file.network);
    let again = synaptic_balance::formats::read_network(again.as_bytes()).unwrap();
    assert_eq!(file.network.same_architecture(&again.network), Ok(()));
    assert_eq!(file.network.weights(), again.network.weights());
}

/// Checks: certificates of a network with an inverse tie hold the multiplier of the tie's first unit; they verify, and
/// a wrong bound is refused.
#[test]
fn certificates_with_inverse_ties() {
    let desk = Desk::new();
    let mut scores = network();
    for synapse in 4..9 {
        scores["synapses"][synapse]["weight"] = "0".into();
    }
    scores["synapses"][2]["weight"] = "0".into();
    let path = desk.write("scores.json", scores.to_string());
    let path = path.to_str().unwrap();
    let certificate = desk.path("certificate.json");
    let certificate = certificate.to_str().unwrap();
    let options = [
        "balance",
        path,
        "--regularizer",
        "l2",
        "--certify",
        "--certificate",
        certificate,
    ];
    let (code, found) = report(&options);
    assert_eq!(code, 0, "{found:#}");
    // 4 μ + 9 / μ.
    let bound = |unit: &str, end: &str| -> f64 {
        let text = found["enclosure"][unit][end].as_str().unwrap();
        let value = synaptic_balance::numbers::parse_rational(text).unwrap();
        synaptic_balance::numbers::rational_to_f64(&value)
    };
    for (unit, expected) in [("q", 1.5), ("k", 2.0 / 3.0)] {
        assert!(bound(unit, "lo") <= expected && expected <= bound(unit, "hi"));
        assert!(bound(unit, "hi") / bound(unit, "lo") < 1.0 + 1e-11);
    }
    let (code, text, _) = run(&["verify", path, certificate]);
    assert_eq!(code, 0, "{text}");
    let text = std::fs::read_to_string(certificate).unwrap();
    let mut wrong: Value = serde_json::from_str(&text).unwrap();
    assert!(wrong["lower"].get("k").is_none());
    wrong["lower"]["q"] = "151/100".into();
    wrong["upper"]["q"] = "152/100".into();
    let wrong = desk.write("wrong.json", wrong.to_string());
    let (code, ..) = run(&["verify", path, wrong.to_str().unwrap()]);
    assert_eq!(code, 1);
    let (code, found) = report(&[
        "balance",
        path,
        "--method",
        "exact",
        "--certificate",
        certificate,
    ]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(
        (&found["exact"]["q"], &found["exact"]["k"]),
        (&"3/2".into(), &"2/3".into())
    );
    let (code, ..) = run(&["verify", path, certificate]);
    assert_eq!(code, 0);
}

/// Checks: every fault of products and ties has exit code 2 and its place, and nothing is written.
#[test]
fn faults_have_their_place() {
    let desk = Desk::new();
    let with = |place: &str, value: Value| {
        let mut changed = network();
        *changed.pointer_mut(place).unwrap() = value;
        changed
    };
    let gate = |of: Value| with("/units/10", json!({"id": "z", "kind": "product", "of": of}));
    let cases = [
        (gate(json!([])), "units[10]"),
        (gate(json!(["g", "nobody"])), "units[10].of[1]"),
        (gate(json!(["z"])), "units[10]"),
        (gate(json!("g")), "units[10].of"),
        (gate(Value::Null), "units[10].of"),
        (gate(json!(vec!["g"; 257])), "units[10]"),
        (
            with("/units/10", json!({"id": "z", "kind": "product"})),
            "units[10].of",
        ),
        (
            with(
                "/units/10",
                json!({"id": "z", "kind": "product", "of": ["g"], "activation": "relu"}),
            ),
            "units[10].activation",
        ),
        (
            with(
                "/units/7",
                json!({"id": "y", "kind": "output", "of": ["g"]}),
            ),
            "units[7].of",
        ),
        (with("/synapses/0/to", json!("z")), "synapses[0]"),
        (with("/ties/0/1/exponent", json!("0")), "ties[0]"),
        (
            with("/ties/0/1/exponent", json!("1/0")),
            "ties[0][1].exponent",
        ),
        (with("/ties/0/1/exponent", json!("257")), "ties[0]"),
        (
            with("/ties/0/1/exponent", Value::Null),
            "ties[0][1].exponent",
        ),
        (with("/ties/0/1/unit", json!("nobody")), "ties[0][1]"),
        (with("/ties/0/1/unit", json!("q")), "ties[0]"),
        (with("/ties/0/1/unit", json!("z")), "ties[0]"),
        (with("/ties/0/1/unit", json!(3)), "ties[0][1]"),
        (with("/ties/0/1", json!({"exponent": "1"})), "ties[0][1]"),
        (
            with("/ties/0/1", json!({"unit": "k", "power": "1"})),
            "ties[0][1]",
        ),
        (with("/ties/0/1", json!(["k"])), "ties[0][1]"),
    ];
    for (index, (document, place)) in cases.iter().enumerate() {
        let path = desk.write("bad.json", document.to_string());
        let path = path.to_str().unwrap();
        let out = desk.path("out.json");
        let commands = [
            &["explain", path][..],
            &["balance", path, "-o", out.to_str().unwrap()],
            &["check", path, path],
        ];
        for (number, command) in commands.into_iter().enumerate() {
            if !is_tried(3, index, number) {
                continue;
            }
            let (code, output, fault) = run(command);
            assert_eq!(code, 2, "{index}: {output}{fault}");
            assert!(fault.contains(place), "{index}: {place} in {fault}");
        }
    }
    assert_eq!(desk.files(), 1);
}

/// Checks: `--max-scaling` and `--power-of-two` hold for both units of an inverse tie, and are refused where one
/// multiplier is another power of a tie's.
#[test]
fn restrictions_of_ties() {
    let desk = Desk::new();
    let path = desk.write("network.json", network().to_string());
    let path = path.to_str().unwrap();
    let (code, found) = report(&["balance", path, "--max-scaling", "11/10"]);
    assert_eq!(code, 0, "{found:#}");
    for unit in ["q", "k", "g", "u", "h"] {
        let multiplier = found["multipliers"][unit].as_f64().unwrap();
        assert!(
            (1.0 / 1.1 - 1e-12..=1.1 + 1e-12).contains(&multiplier),
            "{unit}: {multiplier}"
        );
    }
    let (code, found) = report(&["balance", path, "--power-of-two"]);
    assert_eq!(code, 0, "{found:#}");
    for unit in ["q", "k", "g", "u", "h"] {
        assert_eq!(
            found["multipliers"][unit].as_f64().unwrap().log2().fract(),
            0.0
        );
    }
    let mut squared = network();
    squared["ties"][0][1]["exponent"] = "-2".into();
    let path = desk.write("squared.json", squared.to_string());
    let path = path.to_str().unwrap();
    assert_eq!(run(&["balance", path]).0, 0);
    let (code, _, fault) = run(&["balance", path, "--max-scaling", "2"]);
    assert!(code != 0 && fault.contains("`k`"), "{code}: {fault}");
}

/// `x` feeds `h` and `k`, whose product feeds `y`; `c` and `d` are joined to each other alone.
fn with_a_loop(desk: &Desk) -> String {
    let hidden = |id: &str| json!({"id": id, "kind": "hidden", "activation": "relu"});
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, hidden("h"), hidden("k"), {"id": "p", "kind": "product", "of": ["h", "k"]},
                  {"id": "y", "kind": "output"}, hidden("c"), hidden("d")],
        "synapses": [synapse("x", "h", "1"), synapse("x", "k", "3"), synapse("p", "y", "5"), synapse("c", "d", "2"), synapse("d", "c", "9")],
    });
    let path = desk.write("loop.json", document.to_string());
    path.to_str().unwrap().to_owned()
}

/// Checks: of factors of a product that nothing reads it is said that they can shrink, not that weights are 0 which are
/// not there.
#[test]
fn what_is_true_of_dead_factors() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(with_a_loop(&desk)).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["synapses"][2]["weight"] = json!("0");
    let path = desk.write("unread.json", document.to_string());
    let (code, text, _) = run(&["balance", path.to_str().unwrap()]);
    assert_eq!(code, 3, "{text}");
    let mut lines = text.lines().filter(|line| line.starts_with("dead"));
    let is_said = |line: &str| line.contains("can shrink") && line.ends_with("h, k");
    assert!(lines.any(is_said), "{text}");
    assert!(!text.contains("lead on are 0"), "{text}");
}

/// Checks: of units that nothing feeds but each other it is not said that all weights to them are 0, nor that those on
/// their cycle become 0 in the limit, where they do not.
#[test]
fn what_is_true_of_dead_units_in_a_cycle() {
    let desk = Desk::new();
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [
            {"id": "x", "kind": "input"}, {"id": "y", "kind": "output", "activation": "linear"},
            {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "b", "kind": "hidden", "activation": "relu"},
        ],
        "synapses": [synapse("x", "y", "3"), synapse("a", "b", "4"), synapse("b", "a", "1"), synapse("b", "y", "5")],
    });
    let path = desk.write("cycle.json", document.to_string());
    let (path, out) = (path.to_str().unwrap(), desk.path("out.json"));
    let (code, text, _) = run(&["balance", path, "--limit", "-o", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    let said = "2 units that nothing feeds: but among themselves all weights that lead to them are 0: a, b";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("but for those on cycles"), "{text}");
    let after: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    let weights = after["synapses"].as_array().unwrap().iter();
    let weights: Value = weights.map(|one| one["weight"].clone()).collect();
    assert_eq!(weights, json!(["3", 2.0, 2.0, 0.0]));
}

/// Checks: Stiemke's alternative: where a circulation holds every weight, no unit shrinks without end. Here the square
/// of one unit is read by another one that feeds it: each lowers a weight of which the other is held, and together they
/// raise one.
#[test]
fn units_that_hold_each_other_are_not_dead() {
    let desk = Desk::new();
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [
            {"id": "x", "kind": "input"}, {"id": "y", "kind": "output", "activation": "linear"},
            {"id": "a", "kind": "hidden", "activation": "relu"}, {"id": "b", "kind": "hidden", "activation": "relu"},
            {"id": "q", "kind": "product", "of": ["b", "b"]},
        ],
        "synapses": [synapse("x", "a", "2"), synapse("a", "b", "3"), synapse("q", "a", "1"), synapse("b", "y", "0")],
    });
    let path = desk.write("held.json", document.to_string());
    let (code, told) = report(&["explain", path.to_str().unwrap()]);
    assert_eq!((code, &told["attained"]), (0, &json!(true)));
    assert_eq!(told["dead"], Value::Null);
}

/// Checks: Definition 5.2 where a choice decides whether multipliers are rational: behind the square of a unit the one
/// that reads it takes the change, and a unit of degree 0 takes it from the weight into it. Exact scalings are called
/// exact.
#[test]
fn exact_scalings_are_found() {
    let desk = Desk::new();
    let synapse =
        |from: &str, to: &str, weight: &str| json!({"from": from, "to": to, "weight": weight});
    let hidden = |id: &str| json!({"id": id, "kind": "hidden", "activation": "relu"});
    let flat = json!({"bipu": {"c": "0", "C": "2", "D": "2"}});
    let write = |name: &str, units: Value, synapses: Vec<Value>| {
        let document = json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses});
        let path = desk.write(name, document.to_string());
        path.to_str().unwrap().to_owned()
    };
    let squared =
        json!([hidden("h"), hidden("k"), {"id": "q", "kind": "product", "of": ["h", "h"]}]);
    let of_degree_0 = json!([
        {"id": "x", "kind": "input"}, hidden("h"), {"id": "k", "kind": "hidden", "activation": flat},
        {"id": "y", "kind": "output"},
    ]);
    let chain = |weights: [&str; 4]| {
        let ends = [("x", "h"), ("h", "k"), ("k", "y"), ("h", "y")];
        let pairs = ends.into_iter().zip(weights);
        pairs
            .map(|((from, to), weight)| synapse(from, to, weight))
            .collect::<Vec<_>>()
    };
    for [before, after] in [
        ["8", "16/25"].map(|weight| {
            write(
                weight.split('/').next().unwrap(),
                squared.clone(),
                vec![synapse("q", "k", weight)],
            )
        }),
        [["3", "5", "7", "1"], ["1", "50", "7", "3"]].map(|weights| {
            write(
                &format!("chain-{}", weights[0]),
                of_degree_0.clone(),
                chain(weights),
            )
        }),
    ] {
        let (code, told) = report(&["check", &before, &after]);
        assert_ne!(code, 2, "{told:#}");
        assert_eq!(told["scaling"], "exact", "{told:#}");
    }
}

/// Checks: energy-certificate where the paper's algorithm stopped early: what is proved is said of the optimum, not of
/// where it stopped, and nothing is done; and where multipliers have no bounds, that the minimum is attained is not
/// denied.
#[test]
fn proofs_are_about_the_optimum() {
    let desk = Desk::new();
    let net = with_a_loop(&desk);
    let net = net.as_str();
    let early = [
        "balance",
        net,
        "--method",
        "sweep",
        "--tolerance",
        "1e-2",
        "--certify",
    ];
    let (code, found) = report(&early);
    assert!(
        found["cross_check"]["max_relative_difference"].as_f64() > Some(1e-6),
        "{found:#}"
    );
    assert_eq!(code, 3, "{found:#}");
    let (_, text, _) = run(&early);
    assert!(!text.contains("multipliers found"), "{text}");
    let out = desk.path("out.json");
    let out = out.to_str().unwrap();
    assert_eq!(report(&["balance", net, "--certify", "-o", out]).0, 0);
    let (code, found) = report(&["check", net, out]);
    assert_eq!(code, 3, "{found:#}");
    let missing = found["distance_missing"].as_str().unwrap();
    assert!(missing.contains("common factor"), "{missing}");
}
