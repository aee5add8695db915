//! Certificates of every kind, made by the crate, on networks small enough to mutate in every place.

use serde_json::{Value, json};
use synaptic_balance::formats::{Certificate, read_network};
use synaptic_balance::kernel::{Problem, check};
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::solve::{
    Existence, ExistenceClaim, Options, balance, balance_exactly, balance_exactly_in_limit,
    certify, certify_limit, existence,
};

/// A certificate and its network.
pub struct Base {
    pub name: &'static str,
    pub regularizer: &'static str,
    /// The claim, or `limit` for an enclosure with a direction.
    pub kind: String,
    /// The network's text.
    pub network: String,
    pub certificate: Value,
}

/// Name, units, synapses, ties, regularizers. A unit without a kind is hidden; `bipu:c` has `C = 1`, `D = 0`,
/// `product:a*b` is no hidden unit.
type Plan = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

static PLANS: [Plan; 19] = [
    (
        "chain",
        "x=input a=relu b=abs y=output",
        "x-a:3 a-b:1/2 b-y:-7",
        "",
        &["l2", "mix:1*2+1/2*1"],
    ),
    (
        "exact chain",
        "x=input a=relu b=linear y=output",
        "x-a:1 a-b:64 b-y:1",
        "",
        &["l1"],
    ),
    (
        "two chains",
        "x=input a=relu b=relu y=output",
        "x-a:1 a-y:16 x-b:9 b-y:4",
        "",
        &["l1", "l2"],
    ),
    (
        "layers with biases",
        "x=input one=bias a=relu b=relu c=relu y=output",
        "x-a:3 x-b:-1/2 a-c:2 b-c:1/3 c-y:5 one-a:1/4 one-b:-2 one-c:1",
        "",
        &["l2", "lp:3"],
    ),
    (
        "recurrent",
        "x=input a=relu b=relu y=output",
        "x-a:2 a-b:3 b-a:1/5 b-y:1/2",
        "",
        &["l2", "mix:1*2+1*1/3"],
    ),
    (
        "self-connected",
        "x=input a=relu y=output",
        "x-a:2 a-a:7 a-y:1/2",
        "",
        &["l2", "l1"],
    ),
    (
        "tied",
        "x=input a=relu b=relu c=relu y=output",
        "x-a:2 x-b:3 a-c:1 b-c:5 c-y:1/3 a-b:2",
        "a=b",
        &["l2"],
    ),
    (
        "tied to a sigmoid",
        "x=input a=relu b=sigmoid c=relu y=output",
        "x-a:2 a-b:3 b-c:2 c-y:8",
        "a=b",
        &["l1"],
    ),
    (
        "squares",
        "x=input a=bipu:2 b=relu y=output",
        "x-a:2 a-a:3 a-b:1/3 b-y:4",
        "",
        &["l2", "l1"],
    ),
    (
        "roots",
        "x=input a=bipu:1/2 b=relu y=output",
        "x-a:4 a-b:2 b-y:3 a-y:0",
        "",
        &["l2"],
    ),
    (
        "inverse",
        "x=input a=bipu:-1 b=relu y=output",
        "x-a:2 x-b:1 a-b:1 b-y:3",
        "",
        &["l2"],
    ),
    (
        "step",
        "x=input a=bipu:0 b=relu y=output",
        "x-a:2 a-b:1 b-y:3 b-a:1",
        "",
        &["l2"],
    ),
    (
        "away from the ground",
        "x=input a=relu b=relu c=relu y=output",
        "x-c:2 c-y:3 a-b:4 b-a:1 b-b:2",
        "",
        &["l2", "l1"],
    ),
    (
        "squares and roots in a ring",
        "x=input a=bipu:2 b=bipu:1/2 y=output",
        "x-y:1 a-b:4 b-a:3",
        "",
        &["l1"],
    ),
    (
        "squares in a ring",
        "x=input a=bipu:2 b=relu y=output",
        "x-y:1 a-b:4 b-a:3",
        "",
        &["l1"],
    ),
    (
        "irrational costs",
        "x=input a=relu b=relu y=output",
        "x-a:2 a-b:3 b-y:5",
        "",
        &["lp:1/2", "lp:2/3"],
    ),
    (
        "roots that cancel",
        "x=input a=relu y=output",
        "x-a:2 a-y:8",
        "",
        &["mix:1*2+1*1/2"],
    ),
    (
        "dead",
        "x=input a=relu b=relu c=relu y=output",
        "x-a:1 a-b:2 b-y:0 x-c:3 c-y:5 c-b:1",
        "",
        &["l2", "lp:1/2"],
    ),
    (
        "floats",
        "x=input one=bias a=prelu:1/4 y=output",
        "x-a:#0.1 one-a:#-0.2 a-y:#0.7",
        "",
        &["l2"],
    ),
];

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

/// The networks of all certificates, each with its regularizers.
pub fn networks() -> Vec<(String, &'static str)> {
    let each = |plan: &'static Plan| {
        let network = document(plan.1, plan.2, plan.3);
        let regularizers = plan.4.iter().copied();
        regularizers.map(move |regularizer| (network.clone(), regularizer))
    };
    PLANS.iter().flat_map(each).collect()
}

fn text((_, units, synapses, ties, _): &Plan) -> String {
    document(units, synapses, ties)
}

/// A network as JSON, of texts as in the list above.
pub fn document(units: &str, synapses: &str, ties: &str) -> String {
    let unit = |text: &str| {
        let (id, what) = text.split_once('=').unwrap();
        match what.split_once(':') {
            Some(("bipu", c)) => {
                json!({"id": id, "kind": "hidden", "activation": {"bipu": {"c": c, "C": "1", "D": "0"}}})
            }
            Some(("product", of)) => {
                json!({"id": id, "kind": "product", "of": of.split('*').collect::<Vec<_>>()})
            }
            Some((name, slope)) => json!({"id": id, "kind": "hidden", "activation": {name: slope}}),
            None if ["input", "bias", "output"].contains(&what) => json!({"id": id, "kind": what}),
            None => json!({"id": id, "kind": "hidden", "activation": what}),
        }
    };
    let synapse = |text: &str| {
        let (ends, weight) = text.split_once(':').unwrap();
        let (from, to) = ends.split_once('-').unwrap();
        let weight = match weight.strip_prefix('#') {
            Some(float) => json!(float.parse::<f64>().unwrap()),
            None => json!(weight),
        };
        json!({"from": from, "to": to, "weight": weight})
    };
    let mut document = json!({
        "format": "synaptic-balance/network", "version": 1,
        "units": units.split(' ').map(unit).collect::<Value>(),
        "synapses": synapses.split(' ').map(synapse).collect::<Value>(),
    });
    if !ties.is_empty() {
        let tied = |unit: &str| match unit.split_once('^') {
            Some((unit, exponent)) => json!({"unit": unit, "exponent": exponent}),
            None => json!(unit),
        };
        document["ties"] = json!([ties.split('=').map(tied).collect::<Vec<_>>()]);
    }
    document.to_string()
}

/// A scaling in which the square root of 2 meets a weight of 0 only, and stays out of the weights.
fn root_of_a_zero_weight() -> Base {
    let plan = (
        "a root of a zero weight",
        "x=input a=bipu:1/2 y=output",
        "x-a:4 a-y:0",
        "",
        &["l2"] as &[_],
    );
    let network = text(&plan);
    let read = read_network(network.as_bytes()).unwrap().network;
    let certificate = Certificate::scaling(&read, &Regularizer::l2(), &[q("8"), q("0")], &[q("2")]);
    Base {
        name: plan.0,
        regularizer: "l2",
        kind: certificate.claim.clone(),
        network,
        certificate: serde_json::to_value(&certificate).unwrap(),
    }
}

/// All certificates.
pub fn bases() -> Vec<Base> {
    let mut found = vec![root_of_a_zero_weight()];
    for plan in &PLANS {
        let network = text(plan);
        for regularizer in plan.4 {
            let read = read_network(network.as_bytes()).unwrap().network;
            for certificate in certificates(&read, &regularizer.parse().unwrap()) {
                let kind = match (certificate.claim.as_str(), &certificate.direction) {
                    ("enclosure", Some(_)) => "limit",
                    ("balanced", Some(_)) => "balanced_limit",
                    (claim, _) => claim,
                };
                found.push(Base {
                    name: plan.0,
                    regularizer,
                    kind: kind.to_string(),
                    network: network.clone(),
                    certificate: serde_json::to_value(&certificate).unwrap(),
                });
            }
        }
    }
    found
}

/// What can be certified of a network.
fn certificates(network: &Network<Rational>, regularizer: &Regularizer) -> Vec<Certificate> {
    let problem = network.problem(regularizer);
    let existence = existence(&problem).unwrap();
    let limit = match &existence {
        Existence::Attained(_) => None,
        Existence::NotAttained(claim) => claim.claim_about(&problem),
    };
    let mut found = vec![match existence.claim_about(&problem).unwrap() {
        ExistenceClaim::Attained(claim) => Certificate::attained(regularizer, &claim.circulation),
        ExistenceClaim::NotAttained(claim) => {
            Certificate::not_attained(network, regularizer, claim)
        }
    }];
    let options = Options {
        limit: true,
        ..Options::default()
    };
    let optimum = balance(network, regularizer, &options, &mut |_, _| {}).ok();
    // Bounds by comparison, as in files of version 1.
    let enclosed = optimum.as_ref().and_then(|optimum| {
        let solution = optimum.solution.as_ref()?;
        let found = match limit {
            None => certify(&problem, solution, 6),
            Some(limit) => certify_limit(&problem, limit, solution, 6),
        };
        found.ok()
    });
    if let Some(enclosed) = enclosed {
        found.push(Certificate::enclosure(
            network,
            regularizer,
            enclosed.claim_about(&problem).unwrap(),
            limit,
        ));
    }
    let solution = optimum.and_then(|optimum| optimum.solution);
    let exact = solution.and_then(|solution| match limit {
        None => balance_exactly(&problem, &solution),
        Some(limit) => balance_exactly_in_limit(&problem, limit, &solution),
    });
    let guess = || limit.map_or_else(|| guessed(&problem), |_| None);
    if let Some(exact) = exact.or_else(guess) {
        let exact = exact.claim_about(&problem).unwrap();
        found.push(Certificate::balanced(network, regularizer, exact, limit));
    }
    // Squares, so that units of degree 1/2 have rational weights.
    let square = |variable: usize| q(["4", "9/4", "1/9"][variable % 3]);
    let multipliers: Vec<Rational> = (0..network.variables()).map(square).collect();
    let after = network.scaled(&multipliers).unwrap().weights();
    found.push(Certificate::scaling(
        network,
        regularizer,
        &after,
        &multipliers,
    ));
    found
}

/// Multipliers that balance exactly, found by trying small ones, where the solver finds none.
fn guessed(
    problem: &Problem,
) -> Option<synaptic_balance::kernel::Verified<synaptic_balance::kernel::Balanced>> {
    let values = ["1", "2", "1/2", "4", "1/4"].map(q);
    let number = values.len().pow(problem.variables() as u32);
    let choose = |mut index: usize| {
        let mut digit = || {
            let digit = index % values.len();
            index /= values.len();
            values[digit].clone()
        };
        (0..problem.variables())
            .map(|_| digit())
            .collect::<Vec<_>>()
    };
    (0..number.min(1_000)).find_map(|index| check::balanced(problem, &choose(index)).ok())
}
