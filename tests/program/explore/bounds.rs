//! What is bounded: the time of an answer, that of a client, and the connections.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Served;
use crate::chain;

/// A network whose costs under a high power are a sum of fractions, each with a denominator of many thousand digits of
/// its own.
fn long() -> String {
    let (inputs, hidden) = (40, 12);
    let input = |i: usize| json!({"id": format!("x{i}"), "kind": "input"});
    let relu = |h: usize| json!({"id": format!("h{h}"), "kind": "hidden", "activation": "relu"});
    let mut units: Vec<Value> = (0..inputs).map(input).collect();
    units.extend((1..=hidden).map(relu));
    units.push(json!({"id": "y", "kind": "output"}));
    let mut synapses = Vec::new();
    for h in 1..=hidden {
        for i in 0..inputs {
            let denominator = format!("1{:0>150}", 2 * (h * inputs + i) + 1);
            let weight = format!("1/{denominator}");
            synapses
                .push(json!({"from": format!("x{i}"), "to": format!("h{h}"), "weight": weight}));
        }
        synapses.push(json!({"from": format!("h{h}"), "to": "y", "weight": "1"}));
    }
    json!({"format": "synaptic-balance/network", "version": 1, "units": units, "synapses": synapses})
        .to_string()
}

/// Sends a question about a network without waiting for its answer.
fn asked(served: &Served, path: &str, network: &str, more: Value) -> TcpStream {
    let network: Value = serde_json::from_str(network).unwrap();
    let mut question = json!({"network": network, "regularizer": "lp:256"});
    let fields = question.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let body = question.to_string();
    let head = format!(
        "POST /{}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\r\n",
        served.token,
        served.port,
        body.len()
    );
    let mut stream = served.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

/// The processes that compute for the page.
#[cfg(target_os = "linux")]
fn computing(served: &Served) -> usize {
    let own = format!("\nPPid:\t{}\n", served.program.id());
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let status = all.filter_map(|one| std::fs::read_to_string(one.path().join("status")).ok());
    status
        .filter(|status| status.contains(&own) && !status.contains("State:\tZ"))
        .count()
}

#[cfg(target_os = "linux")]
fn wait_for(served: &Served, wanted: usize) {
    let end = Instant::now() + Duration::from_secs(20);
    while computing(served) != wanted {
        assert!(Instant::now() < end, "{} compute", computing(served));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Checks: a question whose numbers grow without end is refused in the time that was set, with a reason; others are
/// answered meanwhile.
#[test]
fn what_takes_too_long_is_refused() {
    let served = Served::new(&["--time-limit", "1"]);
    let start = Instant::now();
    let mut slow = asked(&served, "state", &long(), json!({}));
    let quick = served.about("step", &chain(&["4", "1"]), json!({"unit": "h1"}));
    assert_eq!(quick.json()["cost_exact"], "8");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains("not computed within 1 s") && answer.contains("--time-limit"));
    assert!(start.elapsed() >= Duration::from_secs(1));
    #[cfg(target_os = "linux")]
    wait_for(&served, 0);
}

/// Checks: nothing is computed for a client that has gone away, nor for a page that is served no more.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_computed_for_those_who_left() {
    let mut served = Served::new(&["--time-limit", "3600"]);
    let slow: Vec<TcpStream> = ["state", "step", "optimum"]
        .iter()
        .map(|path| asked(&served, path, &long(), json!({"unit": "h1"})))
        .collect();
    wait_for(&served, 3);
    drop(slow);
    wait_for(&served, 0);
    let _slow = asked(&served, "state", &long(), json!({}));
    wait_for(&served, 1);
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let own = format!("\nPPid:\t{}\n", served.program.id());
    let child = all
        .map(|one| one.path())
        .find(|path| {
            std::fs::read_to_string(path.join("status")).is_ok_and(|status| status.contains(&own))
        })
        .unwrap();
    served.program.kill().unwrap();
    served.program.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let lives = |path: &std::path::Path| {
        let status = std::fs::read_to_string(path.join("status"));
        status.is_ok_and(|status| !status.contains("State:\tZ"))
    };
    while lives(&child) {
        assert!(Instant::now() < end, "it computes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Checks: connections beyond those that are served are told so, however many they are, and the page is served again
/// when some have ended.
#[test]
fn too_many_connections_are_told_so() {
    let served = Served::new(&[]);
    let mut idle: Vec<TcpStream> = (0..64).map(|_| served.connect()).collect();
    // They are counted in the order in which they came.
    let answer = served.get("");
    assert_eq!(answer.code, 503);
    assert_eq!(answer.json()["error"], "busy");
    assert!(answer.message().contains("try again"));
    let mut more: Vec<TcpStream> = (0..100).map(|_| served.connect()).collect();
    for stream in &mut more {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.ends_with('}') && answer.contains("try again"));
    }
    idle.truncate(10);
    let end = Instant::now() + Duration::from_secs(20);
    while served.get("").code != 200 {
        assert!(Instant::now() < end, "nobody is served");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Checks: weights and costs beyond the range of `f64` are told as text, in a drawing and in every point of a curve;
/// none is told as 0.
#[test]
fn extreme_costs_are_told_in_full() {
    let served = Served::new(&[]);
    for (weights, cost) in [
        (["1e300", "1e-300", "1e300"], "e600"),
        (["-1e-300", "1e-310", "1e-305"], "e-6"),
        (["1e-400", "-1e400", "1"], "e800"),
    ] {
        let network = chain(&weights);
        let found = served.about("state", &network, json!({})).json();
        assert!(found["cost"].as_str().unwrap().contains(cost), "{found}");
        for synapse in found["network"]["synapses"].as_array().unwrap() {
            let weight = synapse["weight"].as_str().unwrap();
            let number = &synapse["number"];
            let text = number.as_str().map_or(number.to_string(), str::to_owned);
            assert_eq!(text.starts_with('-'), weight.starts_with('-'), "{number}");
            assert!(number.as_f64() != Some(0.0) && !number.is_null());
        }
        let found = served
            .about("orders", &network, json!({"orders": 2}))
            .json();
        for run in found["runs"].as_array().unwrap() {
            let costs = run["costs"].as_array().unwrap();
            assert!(costs[0][1].as_str().unwrap().contains(cost), "{}", costs[0]);
            for point in costs {
                assert!(
                    !point[1].is_null() && point[1].as_f64() != Some(0.0),
                    "{point}"
                );
            }
        }
    }
    // Nothing scales the weight beside: it is in every point.
    let mut network: Value = serde_json::from_str(&chain(&["1e-200", "1e-200"])).unwrap();
    let own = network["synapses"].as_array_mut().unwrap();
    own.push(json!({"from": "x", "to": "y", "weight": "1e-190"}));
    let network = network.to_string();
    let found = served
        .about("orders", &network, json!({"orders": 1}))
        .json();
    for point in found["runs"][0]["costs"].as_array().unwrap() {
        assert_eq!(point[1], "1.00000e-380");
    }
}
