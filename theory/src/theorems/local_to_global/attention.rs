//! A block of attention: a rotary pair, a head of keys and values that two heads of queries share, free gains.

use super::energy::proof;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{integer, many, ratio};
use synaptic_balance_core::kernel::{Refusal, check};
use synaptic_balance_core::network::{Activation, Network, Regularizer, Unit, UnitKind};
use synaptic_balance_core::numbers::{Rational, parse_rational};
use synaptic_balance_core::solve::energy::verify_energy;
use synaptic_balance_core::solve::{DirectOptions, balance_exactly, solve_direct};

/// Normalised values and mixing weights are inputs; scores are outputs.
const UNITS: [(UnitKind, &str); 3] = [
    (UnitKind::Input, "n0 n1 p1 p2"),
    (UnitKind::Hidden, "g0 g1 q1a q1b q2a q2b ka kb va vb"),
    (UnitKind::Output, "y1 y2 o0 o1"),
];

/// The queries and keys of the rotary pair, which share a multiplier and its inverse.
const TIE: [(&str, i64); 6] = [
    ("q1a", 1),
    ("q1b", 1),
    ("q2a", 1),
    ("q2b", 1),
    ("ka", -1),
    ("kb", -1),
];

/// Synapses with their weights, balanced under L2.
const WEIGHTS: &str = "n0 g0 5, n1 g1 5, \
    g0 q1a 3, g0 q1b 1, g0 q2a 1, g0 q2b 1, \
    g1 q1a 1, g1 q1b -1, g1 q2a 1, g1 q2b 1, \
    g0 ka 2, g0 kb 2, g1 ka -2, g1 kb 2, \
    g0 va 1, g0 vb 2, g1 va 2, g1 vb 3, \
    p1*va o0 3/2, p1*vb o0 2, p2*va o0 1/2, p2*vb o0 2, \
    p1*va o1 -1/2, p1*vb o1 2, p2*va o1 3/2, p2*vb o1 1";

/// The rotation of each head's scores by (3/5, 4/5): constants, which no multiplier changes.
const ROTATION: [(char, char, i64); 4] =
    [('a', 'a', 3), ('b', 'b', 3), ('a', 'b', 4), ('b', 'a', -4)];

/// The gains, the rotary pair, the two channels of values.
const MULTIPLIERS: [i64; 5] = [2, 3, 4, 5, 7];

/// The block.
fn block() -> Result<Network<Rational>, Failure> {
    let mut units: Vec<Unit<Rational>> = Vec::new();
    for (kind, ids) in UNITS {
        units.extend(
            ids.split(' ')
                .map(|id| Unit::new(id, kind, Activation::Linear)),
        );
    }
    let mut factors = std::collections::BTreeMap::new();
    let mut place = |id: &str| -> Result<usize, Failure> {
        let find = |units: &[Unit<Rational>], id: &str| {
            let found = units.iter().position(|unit| unit.id == id);
            found.ok_or_else(|| Failure::new(id))
        };
        if let (Err(_), Some((one, other))) = (find(&units, id), id.split_once('*')) {
            factors.insert(units.len(), vec![find(&units, one)?, find(&units, other)?]);
            units.push(Unit::new(id, UnitKind::Product, Activation::Linear));
        }
        find(&units, id)
    };
    let mut synapses = Vec::new();
    for synapse in WEIGHTS.split(", ") {
        let words: Vec<&str> = synapse.split(' ').collect();
        let [from, to, weight] = words.as_slice() else {
            return Err(Failure::new(synapse));
        };
        synapses.push((place(from)?, place(to)?, parse_rational(weight)?));
    }
    for head in ['1', '2'] {
        for (query, key, fifths) in ROTATION {
            let (product, score) = (format!("q{head}{query}*k{key}"), format!("y{head}"));
            synapses.push((place(&product)?, place(&score)?, ratio(fifths, 5)));
        }
    }
    let tie = TIE
        .iter()
        .map(|(id, power)| Ok((place(id)?, integer(*power))));
    let ties = vec![tie.collect::<Result<Vec<_>, Failure>>()?];
    Ok(Network::with_products(units, factors, synapses, ties)?)
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let planted = block()?;
    let hidden = planted.scaled(&MULTIPLIERS.map(integer))?;
    balanced(ledger, &planted, &hidden)?;
    certified(ledger, &planted, &hidden)
}

fn balanced(
    ledger: &mut Ledger,
    planted: &Network<Rational>,
    hidden: &Network<Rational>,
) -> Result<(), Failure> {
    let l2 = Regularizer::l2();
    let ones = many(MULTIPLIERS.len(), || integer(1));
    let found = check::balanced(&planted.problem(&l2), &ones);
    ledger.holds(found.is_ok(), || format!("planted: {found:?}"))?;
    let problem = hidden.problem(&l2);
    let solved = solve_direct(&problem, &DirectOptions::default(), &mut |_| {})?;
    let exact = balance_exactly(&problem, &solved);
    let exact = exact.as_ref().and_then(|exact| exact.claim_about(&problem));
    let found = exact.map(|exact| exact.multipliers.clone());
    let back = MULTIPLIERS.map(|by| ratio(1, by * by)).to_vec();
    ledger.equal("found again", &found, &Some(back))?;
    let comparison = check::enclosure(&problem, &ones, &ones);
    let refused = matches!(comparison, Err(Refusal::RaisesBoth(..)));
    ledger.holds(refused, || format!("comparison: {comparison:?}"))?;
    ledger.record(
        Kind::ExactInstance,
        "a block of 34 synapses, two heads of queries on one of keys and values, a rotary pair turned by (3/5, 4/5), free gains, planted \
         balanced under L2 with rational weights and hidden by 2, 3, 4, 5, 7: each multiplier is found again, exactly; no comparison applies",
    )
}

fn certified(
    ledger: &mut Ledger,
    planted: &Network<Rational>,
    hidden: &Network<Rational>,
) -> Result<(), Failure> {
    let l2 = Regularizer::l2();
    let found = proof(hidden, &l2)?;
    let problem = hidden.energy_problem(&l2)?;
    let certified = verify_energy(&problem, &found.certificate)?;
    let narrow = ratio(1, 1_000_000_000_000);
    for synapse in 0..WEIGHTS.split(", ").count() {
        let cost = planted.weight(synapse) * planted.weight(synapse);
        let bounds = certified.balanced_cost(0, synapse);
        let holds = bounds
            .is_some_and(|(low, high)| low <= cost && cost <= high && high - low < &cost * &narrow);
        ledger.holds(holds, || format!("synapse {synapse}"))?;
    }
    ledger.holds(certified.is_attained(), || "attained".into())?;
    ledger.record(
        Kind::ExactInstance,
        "an energy certificate encloses each of the 26 balanced costs within 1e-12 of what was planted, and proves that they are attained",
    )
}
