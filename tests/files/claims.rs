//! Reports call proved only what was verified of the network that they are about.

use synaptic_balance::network::{Network, Regularizer, chain};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::report::balance_report;
use synaptic_balance::solve::{Method, Options, balance};

fn network(weights: [&str; 3]) -> Network<Rational> {
    chain(&weights.map(|text| parse_rational(text).unwrap()))
}

/// Checks: the report of a balancing, exact, enclosed or in the limit, calls nothing proved and shows no exact
/// multiplier and no bound if it is asked about another network, about another regularizer, or about the network
/// without what vanishes.
#[test]
fn no_report_prints_a_claim_about_another_problem() {
    let (l1, l2) = (Regularizer::l1(), Regularizer::l2());
    let options = Options {
        method: Method::Exact,
        limit: true,
        certify: Some(12),
        ..Options::default()
    };
    for weights in [["1", "8", "1"], ["1", "8", "0"]] {
        let own = network(weights);
        let result = balance(&own, &l1, &options, &mut |_, _| {}).unwrap();
        let report = |network: &Network<Rational>, regularizer: &Regularizer| {
            balance_report(network, regularizer, Method::Exact, &result, (0.0, 0.0))
        };
        let about_own = report(&own, &l1);
        assert!(about_own.text.matches("proved").count() >= 3);
        assert!(about_own.json["exact"].is_object() && about_own.json["enclosure"].is_object());
        for (other, regularizer) in [
            (network(["1", "8", "2"]), &l1),
            (network(["1", "0", "0"]), &l1),
            (own.clone(), &l2),
        ] {
            let found = report(&other, regularizer);
            assert!(!found.text.contains("proved "), "{}", found.text);
            assert!(!found.text.contains("exactly"), "{}", found.text);
            assert!(found.text.contains("another problem"), "{}", found.text);
            assert!(found.json["exact"].is_null() && found.json["enclosure"].is_null());
        }
    }
}
