//! What the page is told: steps, orders, the optimum, layers.

use serde_json::{Value, json};
use std::path::Path;
use synaptic_balance::numbers::parse_rational;

use super::Served;
use crate::small_llama::{INNER, Small, read};
use crate::{Desk, chain, example, run};

/// Checks: a click balances exactly where it can, to 48 bits of one multiplier where it cannot, never raises the costs,
/// and six orders and the direct method come to one end, which is proved.
#[test]
fn networks_are_balanced_in_exact_numbers() {
    let served = Served::new(&[example().to_str().unwrap()]);
    let found = served
        .about("step", &chain(&["4", "1"]), json!({"unit": "h1"}))
        .json();
    assert_eq!(found["step"]["multiplier"]["rational"], "1/2");
    assert_eq!(found["step"]["is_exact"], true);
    assert_eq!(
        (&found["cost_exact"], &found["deficit"]),
        (&json!("8"), &json!(0.0))
    );
    assert_eq!(found["network"]["synapses"][0]["weight"], "2");
    assert_eq!(found["variables"][0]["by_now"], "1/2");
    assert_eq!(
        found["manifold"]["basis"][0]["terms"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(found["manifold"]["basis_proved"], true);

    let start = served.get("start").json();
    assert_eq!(
        (&start["kind"], &start["name"]),
        (&json!("network"), &json!("chain.json"))
    );
    let network = chain(&["3", "-1/2", "5", "7"]);
    let mut multipliers = json!(["1", "1", "1"]);
    let mut cost = f64::INFINITY;
    for unit in ["h2", "h1", "h3"].iter().cycle().take(60) {
        let more = json!({"unit": unit, "multipliers": multipliers});
        let found = served.about("step", &network, more).json();
        let now = found["cost"].as_f64().unwrap();
        assert!(now <= cost * (1.0 + 1e-12), "{now} after {cost}");
        cost = now;
        let own = found["variables"].as_array().unwrap().iter();
        multipliers = own.map(|own| own["by_now"].clone()).collect();
        // The product of the weights of a chain is what it computes.
        let weights = found["network"]["synapses"].as_array().unwrap().iter();
        let weights = weights.map(|own| parse_rational(own["weight"].as_str().unwrap()).unwrap());
        assert_eq!(
            weights
                .product::<synaptic_balance::numbers::Rational>()
                .to_string(),
            "-105/2"
        );
    }
    // All four weights become the fourth root of 105/2, and cost its square.
    let optimum = 4.0 * 52.5f64.sqrt();
    assert!((cost - optimum).abs() < 1e-9 * optimum, "{cost} {optimum}");
    let orders = served
        .about("orders", &network, json!({"orders": 5}))
        .json();
    assert!(orders["difference"].as_f64().unwrap() < 1e-9);
    for run in orders["runs"].as_array().unwrap() {
        let costs = run["costs"].as_array().unwrap();
        let last = costs.last().unwrap();
        assert!((last[1].as_f64().unwrap() - optimum).abs() < 1e-9 * optimum);
        assert_eq!((&last[0], &costs[0][0]), (&run["steps"], &json!(0)));
    }
    assert_eq!(orders["runs"].as_array().unwrap().len(), 5);
    let found = served.about("optimum", &network, json!({})).json();
    assert_eq!(found["is_attained"], true);
    for (bounds, multiplier) in found["cost_multipliers_within"]
        .as_array()
        .unwrap()
        .iter()
        .zip(found["multipliers"].as_array().unwrap())
    {
        let [low, high] = [0, 1].map(|end| {
            let text = bounds[end].as_str().unwrap();
            synaptic_balance::numbers::rational_to_f64(&parse_rational(text).unwrap())
        });
        let squared = multiplier.as_f64().unwrap().powi(2);
        assert!(low * (1.0 - 1e-9) <= squared && squared <= high * (1.0 + 1e-9));
    }
    assert!(found["state"]["deficit"].as_f64().unwrap() < 1e-12);
}

/// Checks: what is not attained is said to be so, by every way.
#[test]
fn a_missing_optimum_is_said() {
    let served = Served::new(&[]);
    let network = chain(&["2", "0"]);
    let state = served.about("state", &network, json!({})).json();
    assert_eq!(
        (&state["attained"], &state["vanishing"][0]),
        (&json!(false), &json!("x -> h1"))
    );
    let step = served.about("step", &network, json!({"unit": "h1"}));
    assert_eq!(step.code, 400);
    assert!(
        step.message().contains("no output cost"),
        "{}",
        step.message()
    );
    let orders = served.about("orders", &network, json!({}));
    assert_eq!(orders.code, 422);
    assert!(orders.message().contains("unit `h1` has no output cost"));
    let optimum = served.about("optimum", &network, json!({})).json();
    assert_eq!(
        (&optimum["is_attained"], &optimum["multipliers"]),
        (&json!(false), &json!([]))
    );
}

/// Checks: a model that is dropped is told by its layers; a perceptron needs its activation, which is a name and never
/// a path; tensors in files of this machine are not read.
#[test]
fn dropped_models_are_told_by_their_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| std::fs::read(root.join(name)).unwrap();
    let served = Served::new(&[]);
    let onnx = served
        .post("drop", file("tests/cases/mobilenet-like-relu6.onnx"))
        .json();
    assert_eq!(onnx["kind"], "layers");
    let perceptron = file("data/digits-mlp.safetensors");
    assert_eq!(
        served.post("drop", &perceptron).json()["kind"],
        "no_activation"
    );
    let told = served
        .ask(
            "POST",
            "drop",
            "Activation: relu\r\nRegularizer: l1\r\n",
            &perceptron,
        )
        .json();
    let layers = told["layers"].as_array().unwrap();
    let channels: Vec<&Value> = layers.iter().map(|layer| &layer["channels"]).collect();
    assert_eq!(channels, [100, 50, 10]);
    for layer in layers {
        assert!(layer["spread_before"].as_f64().unwrap() >= 1.0);
        assert_eq!(
            layer["before"].as_array().unwrap().len(),
            layer["after"].as_array().unwrap().len()
        );
    }
    let desk = Desk::new();
    let arch = desk.write("arch.json", r#"{"format": "synaptic-balance/architecture", "version": 1, "activations": ["relu", "relu"]}"#);
    let header = format!("Activation: {}\r\n", arch.display());
    assert_eq!(served.ask("POST", "drop", &header, &perceptron).code, 400);
    let network = served.post("drop", file("examples/chain.json")).json();
    assert_eq!(network["kind"], "network");
    for bytes in [&b"hello"[..], b"", b"%PDF-1.4"] {
        let answer = served.post("drop", bytes);
        assert_eq!(answer.code, 400);
        assert!(!answer.message().is_empty());
    }
}

/// Checks: the ranges of a checkpoint's layers after balancing are those of the checkpoint that `synbal balance`
/// writes.
#[test]
fn ranges_of_a_checkpoint_are_those_of_its_balanced_one() {
    let desk = Desk::new();
    let (before, after) = (desk.path("before"), desk.path("after"));
    let mut small = Small::new("llama");
    small.rows("model.layers.1.mlp.up_proj.weight", |row| {
        if row == 3 { 64.0 } else { 1.0 }
    });
    small.write(&before, safetensors::Dtype::F32, 1);
    let (code, _, stderr) = run(&[
        "balance",
        before.to_str().unwrap(),
        "-o",
        after.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{stderr}");
    let served = Served::new(&[before.to_str().unwrap()]);
    let found = served.get("start").json();
    assert_eq!(
        (&found["kind"], &found["is_balanced"]),
        (&json!("layers"), &json!(true)),
        "{}",
        found["message"]
    );
    let weights = [("before", read(&before)), ("after", read(&after))];
    let name = "model.layers.1.mlp.up_proj.weight";
    let layer = found["layers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|layer| layer["name"] == name)
        .unwrap();
    for (when, tensors) in weights {
        let rows = tensors[name].chunks(tensors[name].len() / INNER);
        let mut largest: Vec<f64> = rows
            .map(|row| {
                row.iter()
                    .fold(0.0f64, |most, w| most.max(f64::from(w.abs())))
            })
            .collect();
        largest.sort_by(f64::total_cmp);
        let told = layer[when].as_array().unwrap();
        assert_eq!(told.len(), INNER);
        for (told, own) in told.iter().zip(&largest) {
            let told = told.as_f64().unwrap();
            assert!((told - own).abs() <= 1e-6 * own, "{when}: {told} {own}");
        }
    }
    let [wide, narrow] =
        ["spread_before", "spread_after"].map(|field| layer[field].as_f64().unwrap());
    assert!(wide > 2.0 * narrow, "{wide} {narrow}");
    // Under other costs it is another balance.
    let other = served.post("start", "l1").json();
    assert_eq!(other["regularizer"], "l1");
    assert_ne!(other["layers"], found["layers"]);
}
