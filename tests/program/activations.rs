//! Names of activations: one list for network JSON, `--arch`, architecture files and scripts; nothing that is misspelt
//! is left unscaled.

use serde_json::{Value, json};

use synaptic_balance::network::NOT_HOMOGENEOUS;

use super::{Desk, json, one_in, run};

/// Weights of a perceptron with one hidden layer.
const NET: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/cases/st_square.safetensors"
);

fn network(activation: &Value) -> String {
    let document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "hidden", "activation": activation}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "x", "to": "a", "weight": "1"}, {"from": "a", "to": "y", "weight": "4"}],
    });
    document.to_string()
}

fn architecture(activation: &Value) -> String {
    let layers = ["input_layer", "hidden", "output"];
    let document = json!({"format": "synaptic-balance/architecture", "version": 1,
        "activations": [activation, "relu"], "layers": layers});
    document.to_string()
}

/// Exit code and message of network JSON, an architecture file and, for a name, `--arch` and a script, with this
/// activation.
fn tried(desk: &Desk, activation: &Value) -> Vec<(i32, String)> {
    let net = desk.write("net.json", network(activation));
    let file = desk.write("arch.json", architecture(activation));
    let order = ["--layers", "input_layer,hidden,output"];
    let mut found = vec![
        run(&["explain", net.to_str().unwrap()]),
        run(&["explain", NET, "--arch", file.to_str().unwrap()]),
    ];
    if let Some(name) = activation.as_str() {
        found.push(run(
            &[&["explain", NET, "--arch", name], &order[..]].concat()
        ));
        let script = format!("let net = network(\"x -> a: 1; a -> y: 4; unit a: hidden {name}\");");
        let script = desk.write("script.rhai", script);
        let (code, stdout, stderr) = run(&["prove", script.to_str().unwrap()]);
        // A script that claims nothing is incomplete, not faulty.
        found.push((
            if code == 2 { 2 } else { 0 },
            String::new(),
            format!("{stdout}{stderr}"),
        ));
    }
    let ends = found.into_iter().map(|(code, _, stderr)| (code, stderr));
    ends.collect()
}

/// Checks: an unknown name is an error everywhere, and offers the nearest one.
#[test]
fn unknown_names_offer_the_nearest() {
    let desk = Desk::new();
    let misspelt = [
        ("ReLU", "relu"),
        ("Relu", "relu"),
        ("RELU", "relu"),
        ("rleu", "relu"),
        ("relu2", "relu"),
        ("ReLU6", "relu6"),
        ("leakyrelu", "leaky_relu"),
        ("LeakyReLU", "leaky_relu"),
        ("PReLU", "prelu"),
        ("Linear", "linear"),
        ("Abs", "abs"),
        ("Sigmoid", "sigmoid"),
        ("sigmod", "sigmoid"),
        ("hardswish", "hard_swish"),
        ("GELU", "gelu"),
        ("Tanh", "tanh"),
        ("soft_plus", "softplus"),
    ];
    for (name, nearest) in one_in(3, misspelt) {
        for (code, message) in tried(&desk, &name.into()) {
            assert_eq!(code, 2, "{name}: {message}");
            assert!(
                message.contains(&format!("`{name}`; the nearest is `{nearest}`")),
                "{message}"
            );
            assert!(message.contains("not_homogeneous"), "{message}");
        }
    }
    for (activation, named) in [
        (json!(""), "name"),
        (json!({"not_homogeneous": "relu"}), "`relu` is homogeneous"),
        (
            json!({"not_homogeneous": "leaky_relu"}),
            "`leaky_relu` is homogeneous",
        ),
        (json!({"not_homogeneous": ""}), "name"),
        (json!({"not_homogeneous": 3}), "name"),
        (json!({"not_homogenous": "gate"}), "takes parameters"),
    ] {
        let (code, message) = tried(&desk, &activation).swap_remove(0);
        assert!(
            code == 2 && message.contains(named),
            "{activation}: {message}"
        );
    }
}

/// Checks: the well-known names that are not homogeneous, and any name that is declared so, leave their unit unscaled;
/// balancing keeps the declaration as it stands.
#[test]
fn what_is_not_homogeneous_is_known_or_declared() {
    let desk = Desk::new();
    for name in one_in(3, NOT_HOMOGENEOUS) {
        let found = run(&[
            "explain",
            desk.write("net.json", network(&name.into()))
                .to_str()
                .unwrap(),
        ]);
        assert!(
            found.0 == 0 && found.1.contains("fixed at 1: a\n"),
            "{name}: {found:?}"
        );
    }
    for activation in [
        json!("sigmoid"),
        json!("relu6"),
        json!({"not_homogeneous": "my-gate"}),
    ] {
        for (code, message) in tried(&desk, &activation) {
            assert_eq!(code, 0, "{activation}: {message}");
        }
        let net = desk.write("net.json", network(&activation));
        let out = desk.path("out.json");
        let arguments = [
            "balance",
            net.to_str().unwrap(),
            "-o",
            out.to_str().unwrap(),
        ];
        let (code, report) = json(&arguments);
        assert_eq!((code, &report["multipliers"]), (0, &json!({})));
        let written: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
        assert_eq!(written["units"][1]["activation"], activation);
    }
    let script =
        "let net = network(\"x -> a: 1; a -> y: 4; unit a: hidden not_homogeneous(my_gate)\");";
    let script = desk.write("script.rhai", script);
    assert_ne!(run(&["prove", script.to_str().unwrap()]).0, 2);
}

/// Checks: a network that is written by the library is read back as the same network, whatever its activations.
#[test]
fn declarations_are_written_as_they_are_read() {
    use synaptic_balance::formats::{read_network, write_network};
    for activation in [
        json!("tanh"),
        json!("relu"),
        json!({"not_homogeneous": "ReLU"}),
    ] {
        let read = read_network(network(&activation).as_bytes())
            .unwrap()
            .network;
        let again = read_network(write_network(&read).as_bytes())
            .unwrap()
            .network;
        assert_eq!(read.unit(1), again.unit(1), "{activation}");
    }
}
