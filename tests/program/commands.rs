//! What each command says and returns.

use super::{Desk, chain, example, json, run};

/// Checks: the main job: existence, optimum, cross-check, certificate, the fields of the contract.
#[test]
fn balance_reports_what_the_contract_promises() {
    let net = example();
    let (code, report) = json(&["balance", net.to_str().unwrap(), "--certify=20"]);
    assert_eq!(code, 0);
    assert_eq!(report["status"], "balanced");
    assert_eq!(report["regularizer"], "l2");
    assert_eq!(report["regularizer_before"], 17.625);
    assert!(report["deficit"].as_f64().unwrap() <= 1e-12);
    for field in ["read", "solve", "certify", "write"] {
        assert!(report["seconds"][field].as_f64().unwrap() >= 0.0);
    }
    assert_eq!(report["cross_check"]["against"], "stochastic");
    assert!(
        report["cross_check"]["max_relative_difference"]
            .as_f64()
            .unwrap()
            < 1e-9
    );
    for unit in ["a", "b"] {
        let multiplier = report["multipliers"][unit].as_f64().unwrap();
        let bound = |end: &str| {
            let text = report["enclosure"][unit][end].as_str().unwrap();
            synaptic_balance::numbers::rational_to_f64(
                &synaptic_balance::numbers::parse_rational(text).unwrap(),
            )
        };
        let cost = multiplier * multiplier;
        assert!(bound("lo") <= cost * (1.0 + 1e-12) && cost <= bound("hi") * (1.0 + 1e-12));
    }
    assert_eq!(report["vanished"], serde_json::json!([]));
}

/// Checks: all methods and regularizers on the command line end with the same weights.
#[test]
fn methods_agree_on_the_command_line() {
    let net = example();
    for regularizer in ["l1", "l2", "lp:1/2", "lp:3", "mix:1*2+1/2*1"] {
        let mut found = Vec::new();
        for method in ["direct", "two-level", "stochastic", "sweep"] {
            if method == "two-level" && regularizer.starts_with("mix") {
                continue;
            }
            let arguments = [
                "balance",
                net.to_str().unwrap(),
                "--regularizer",
                regularizer,
                "--method",
                method,
            ];
            let (code, report) = json(&arguments);
            assert_eq!((code, report["method"].as_str()), (0, Some(method)));
            found.push(report["multipliers"]["a"].as_f64().unwrap());
        }
        assert!(
            found
                .iter()
                .all(|value| (value / found[0] - 1.0).abs() < 1e-9),
            "{regularizer}: {found:?}"
        );
    }
}

/// Checks: exact where possible, and exit code 3 where not.
#[test]
fn exact_is_exact_or_undecided() {
    let desk = Desk::new();
    let rational = desk.write("rational.json", chain(&["1", "8", "1"]));
    let output = desk.path("out.json");
    let arguments = [
        "balance",
        rational.to_str().unwrap(),
        "--method",
        "exact",
        "--regularizer",
        "l1",
    ];
    let (code, report) = json(&[&arguments[..], &["-o", output.to_str().unwrap()]].concat());
    assert_eq!(
        (
            code,
            report["exact"]["h1"].as_str(),
            report["exact"]["h2"].as_str()
        ),
        (0, Some("2"), Some("1/2"))
    );
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    let weights: Vec<_> = (0..3)
        .map(|i| written["synapses"][i]["weight"].as_str().unwrap())
        .collect();
    assert_eq!(weights, ["2", "2", "2"]);
    let irrational = desk.write("irrational.json", chain(&["1", "2"]));
    let (code, report) = json(&[
        "balance",
        irrational.to_str().unwrap(),
        "--method",
        "exact",
        "--regularizer",
        "l1",
    ]);
    assert_eq!((code, report["exact"].is_null()), (3, true));
}

/// Checks: an infimum that is not attained: exit code 3, named synapses, and the limit on request.
#[test]
fn infima_are_reported_and_limits_taken() {
    let desk = Desk::new();
    let net = desk.write("dead.json", chain(&["1", "2", "0"]));
    let (net, output) = (net.to_str().unwrap(), desk.path("out.json"));
    let (code, report) = json(&["balance", net, "-o", output.to_str().unwrap()]);
    assert_eq!((code, report["status"].as_str()), (3, Some("not_attained")));
    assert_eq!(
        report["vanished"],
        serde_json::json!([{"from": "x", "to": "h1"}, {"from": "h1", "to": "h2"}])
    );
    assert!(!output.exists() && report["regularizer_after"].is_null());
    let (code, report) = json(&[
        "balance",
        net,
        "--limit",
        "--certify",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!((code, report["status"].as_str()), (0, Some("limit")));
    assert_eq!(report["regularizer_after"], 0.0);
    assert!(output.exists());
}

/// Checks: the output is the same document with other weights, and is balanced.
#[test]
fn written_networks_are_balanced() {
    let desk = Desk::new();
    let output = desk.path("balanced.json");
    let net = example();
    let (code, _, _) = run(&[
        "balance",
        net.to_str().unwrap(),
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    let (code, again) = json(&["balance", output.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(again["deficit_before"].as_f64().unwrap() < 1e-12);
    let before: serde_json::Value = serde_json::from_slice(&std::fs::read(&net).unwrap()).unwrap();
    let after: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(before["units"], after["units"]);
}

/// Checks: `check` tells a right result, an unbalanced scaling and a changed function apart.
#[test]
fn check_judges_results() {
    let desk = Desk::new();
    let net = example();
    let net = net.to_str().unwrap();
    let good = desk.path("good.json");
    let good = good.to_str().unwrap();
    assert_eq!(run(&["balance", net, "-o", good]).0, 0);
    let (code, report) = json(&["check", net, good]);
    assert_eq!(
        (
            code,
            report["same_function"].as_bool(),
            report["balanced"].as_bool()
        ),
        (0, Some(true), Some(true))
    );
    assert_eq!(
        (report["scaling"].as_str(), report["bound"].as_str()),
        (Some("within_rounding"), Some("certified"))
    );
    assert!(report["distance_to_optimum"].as_f64().unwrap() < 1e-12);
    let (code, report) = json(&["check", net, net]);
    assert_eq!(
        (
            code,
            report["scaling"].as_str(),
            report["balanced"].as_bool()
        ),
        (1, Some("exact"), Some(false))
    );
    assert_eq!(report["witness"]["multipliers"]["a"], "1");
    let text = std::fs::read_to_string(net).unwrap();
    let wrong = desk.write("wrong.json", text.replace("-3/4", "-9/10"));
    let (code, report) = json(&["check", net, wrong.to_str().unwrap()]);
    assert_eq!((code, report["same_function"].as_bool()), (1, Some(false)));
    assert_eq!(
        report["witness"]["synapses"],
        serde_json::json!([{"from": "one", "to": "a"}])
    );
    assert_eq!(report["witness"]["cycle"]["product_of_ratios"], "6/5");
    let other = desk.write("other.json", chain(&["1", "2"]));
    let (code, report) = json(&["check", net, other.to_str().unwrap()]);
    assert_eq!((code, &report["same_function"]), (3, &"undecided".into()));
    assert_eq!(report["known_scaling"], false);
}

/// Checks: the architecture report.
#[test]
fn explain_names_manifold_existence_and_deficit() {
    let desk = Desk::new();
    let dot = desk.path("chain.dot");
    let net = example();
    let (code, report) = json(&[
        "explain",
        net.to_str().unwrap(),
        "--dot",
        dot.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    assert_eq!(report["manifold"]["dimension"], 2);
    assert_eq!(report["manifold"]["basis"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            report["attained"].as_bool(),
            report["linear_program_agrees"].as_bool()
        ),
        (Some(true), Some(true))
    );
    assert_eq!(report["by_unit"]["b"]["multiplier"]["rational"], "1/4");
    assert_eq!(
        report["by_unit"]["a"]["multiplier"]["irrational"]["equals"],
        "256/25"
    );
    assert_eq!(report["witness"]["claim"], "attained");
    assert!(
        std::fs::read_to_string(&dot)
            .unwrap()
            .starts_with("digraph")
    );
    let (_, text, _) = run(&["explain", net.to_str().unwrap()]);
    assert!(
        text.contains("λ = 1/4") && text.contains("dimension 2"),
        "{text}"
    );
}

/// Checks: the demonstration does the main job and says that it succeeded. Where tests sample, it is run once, below.
#[test]
fn the_demonstration_succeeds() {
    if !crate::in_full() {
        return;
    }
    let (code, report) = json(&[]);
    assert_eq!(code, 0);
    assert_eq!(report["images"], 1797);
    assert_eq!(report["same_predictions"], 1797);
    assert_eq!(report["exact_outputs_equal"], true);
    assert!(report["largest_output_difference"].as_f64().unwrap() < 1e-11);
    assert!(report["enclosure_width"].as_f64().unwrap() <= 1e-12);
}

/// Checks: the demonstration does the main job, and README shows its figure.
#[test]
fn the_readme_shows_the_figure_of_the_demonstration() {
    let (code, text, _) = run(&[]);
    assert_eq!(code, 0, "{text}");
    let start = text.find("  input / output cost").expect("the figure");
    let figure = text[start..].split("\n\n").next().unwrap();
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    assert!(
        readme.contains(figure),
        "README.md should hold this figure:\n{figure}"
    );
}

/// Checks: help of every command has an example.
#[test]
fn help_shows_examples() {
    let commands: [&[&str]; 4] = [
        &["--help"],
        &["explain", "--help"],
        &["balance", "--help"],
        &["verify", "--help"],
    ];
    for command in commands {
        let (code, text, _) = run(command);
        assert!(code == 0 && text.contains("Example: synbal"), "{command:?}");
    }
}
