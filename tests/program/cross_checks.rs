//! What is said where the second method does not end, and where costs are too light for the numbers that are fast.

use serde_json::json as value;

use super::graphs::onnx;
use super::in_place::weights;
use super::{Desk, json, run};

/// Checks: of a deep chain the cross-check is incomplete, with reads, difference and the passes that it would take; the
/// text does not say that it agrees, and what was proved counts.
#[test]
fn a_cross_check_can_be_incomplete() {
    const DEPTH: usize = 140;
    let unit = |place: usize| format!("u{place}");
    let mut units = vec![value!({"id": unit(0), "kind": "input"})];
    units.extend(
        (1..DEPTH).map(|place| value!({"id": unit(place), "kind": "hidden", "activation": "relu"})),
    );
    units.push(value!({"id": unit(DEPTH), "kind": "output"}));
    let given = weights(DEPTH, 5);
    let synapse = |place: usize| value!({"from": unit(place), "to": unit(place + 1), "weight": given[place].to_string()});
    let desk = Desk::new();
    let network = value!({
        "format": "synaptic-balance/network", "version": 1, "units": units,
        "synapses": (0..DEPTH).map(synapse).collect::<Vec<_>>(),
    });
    let path = desk.write("deep.json", network.to_string());
    let path = path.to_str().unwrap();
    let (code, found) = json(&["balance", path]);
    assert_eq!((code, &found["incomplete"]), (0, &value!(null)));
    let cross = &found["cross_check"];
    assert_eq!(cross["status"], "incomplete", "{cross}");
    let [reads, predicted] = ["passes", "predicted_passes"].map(|field| cross[field].as_f64());
    assert!(reads >= Some(1_000.0) && predicted > reads, "{cross}");
    assert!(cross["max_relative_difference"].as_f64() > Some(1e-9));
    assert!(cross["deficit"].as_f64() > Some(1e-12));
    let (code, text, _) = run(&["balance", path]);
    assert_eq!(code, 0);
    assert!(text.contains("is incomplete: after"), "{text}");
    assert!(!text.contains("agrees"), "{text}");
}

/// Checks: of a model with more weights than exact arithmetic takes, a unit whose costs are 10^-80 and another nearly
/// without input do not leave its own way: all weights are enclosed, and what is written is balanced.
#[test]
fn light_costs_are_enclosed_in_longer_numbers() {
    let (inputs, hidden, outputs) = (500, 220, 100);
    let mut first = weights(inputs * hidden, 1);
    let mut second = weights(hidden * outputs, 2);
    let mut bias = weights(hidden, 3);
    first[..2 * inputs].iter_mut().for_each(|w| *w *= 1e-40);
    second[..outputs].iter_mut().for_each(|w| *w *= 1e-40);
    bias[..2].iter_mut().for_each(|b| *b *= 1e-40);
    let bytes = |values: &[f32]| values.iter().flat_map(|w| w.to_le_bytes()).collect();
    let data = [bytes(&first), bytes(&bias), bytes(&second)];
    let sizes = [inputs, hidden, outputs].map(|size| size as i64);
    let desk = Desk::new();
    let model = desk.write("light.onnx", onnx(&data, sizes));
    let after = desk.path("after.onnx");
    let (code, found) = json(&[
        "balance",
        model.to_str().unwrap(),
        "-o",
        after.to_str().unwrap(),
    ]);
    assert_eq!((code, &found["method"]), (0, &value!("two-level")));
    assert_eq!(found["attained"], true);
    assert!(found["weights_within"].as_f64() < Some(1e-12), "{found}");
    assert!(found["deficit"].as_f64() < Some(1e-11));
    assert!(after.exists());
}
