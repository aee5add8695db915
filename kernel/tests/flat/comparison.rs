//! Enclosures by comparison.

use crate::check;
use synaptic_balance_kernel::Refusal;

use crate::Flat;

use crate::{chain, qs, synapse};

fn fate(problem: &Flat, lower: &str, upper: &str) -> Result<(), Refusal> {
    check::enclosure(problem, None, &qs(lower), &qs(upper)).map(|_| ())
}

fn sign(variable: usize, bound: &'static str, larger: &'static str) -> Result<(), Refusal> {
    Err(Refusal::Sign(variable, bound, larger))
}

/// Checks: bounds around the one optimum, the optimum itself, and no bounds beside it.
#[test]
fn rational_costs() {
    let problem = chain("1 8 1", "1");
    assert_eq!(fate(&problem, "1 1/4", "4 1"), Ok(()));
    assert_eq!(fate(&problem, "2 1/2", "2 1/2"), Ok(()));
    assert_eq!(fate(&problem, "3 1/2", "4 1"), sign(0, "lower", "input"));
    assert_eq!(fate(&problem, "1 1/4", "2 1/4"), sign(1, "upper", "output"));
    assert_eq!(fate(&problem, "2 1", "2 1/2"), Err(Refusal::Crossed(1)));
    assert!(matches!(
        fate(&problem, "0 1/4", "4 1"),
        Err(Refusal::NotPositive(_, 0))
    ));
    assert!(matches!(
        fate(&problem, "1", "4 1"),
        Err(Refusal::Arity(..))
    ));
    assert!(matches!(
        fate(&problem, "1 1/4", "4"),
        Err(Refusal::Arity(..))
    ));
}

/// Checks: irrational sums that differ in the 130th or the 900th bit are told apart; equal ones are undecided.
#[test]
fn irrational_costs() {
    // Balanced where sqrt(2) μ = sqrt(3)/μ: at μ² = sqrt(3/2).
    let problem = chain("2 3", "1/2");
    assert_eq!(fate(&problem, "110", "120"), sign(0, "lower", "input"));
    assert_eq!(fate(&problem, "11/10", "12/10"), Ok(()));
    assert_eq!(fate(&problem, "11/10", "11/10"), sign(0, "upper", "output"));
    assert_eq!(
        fate(&chain("2 2", "1/2"), "1", "1"),
        Err(Refusal::Undecided(0))
    );
    for bits in [130u32, 900] {
        let unit = num_bigint::BigInt::from(1) << bits;
        let above = format!("{}/{unit}", &unit + 1);
        let below = format!("{}/{unit}", &unit - 1);
        let problem = chain("2 2", "1/2");
        assert_eq!(fate(&problem, &below, &above), Ok(()), "{bits}");
        assert_eq!(
            fate(&problem, &above, &above),
            sign(0, "lower", "input"),
            "{bits}"
        );
        assert_eq!(
            fate(&problem, &below, &below),
            sign(0, "upper", "output"),
            "{bits}"
        );
    }
    let beyond = format!(
        "{}/{}",
        (num_bigint::BigInt::from(1) << 1100u32) + 1,
        num_bigint::BigInt::from(1) << 1100u32
    );
    assert_eq!(
        fate(&chain("2 2", "1/2"), "1/2", &beyond),
        Err(Refusal::Undecided(0))
    );
}

/// Checks: a component that nothing joins to the ground is held at 1 in its first variable, and named; one whose cycle
/// disagrees is not.
#[test]
fn components() {
    let cycle = |degree: &str| {
        let back = format!("0*1 1*-{degree}");
        let synapses = vec![synapse("0*-1 1*1", "4", "1"), synapse(&back, "1", "1")];
        crate::flat(2, synapses).unwrap()
    };
    let floating = cycle("1");
    assert_eq!(fate(&floating, "1 1/4", "1 1"), Ok(()));
    let found = check::enclosure(&floating, None, &qs("1 1/4"), &qs("1 1")).unwrap();
    assert_eq!(found.data().normalised, [true, true]);
    assert_eq!(
        fate(&floating, "1/2 1/8", "1/2 1/2"),
        Err(Refusal::NotNormalised(0))
    );
    for (lower, upper) in [("1 1/4", "2 1"), ("1/2 1/8", "1 1")] {
        let refused = fate(&floating, lower, upper);
        assert_eq!(refused, Err(Refusal::NotNormalised(0)));
    }
    assert_eq!(fate(&floating, "1 1", "1 2"), sign(1, "lower", "input"));
    // With its exponents disagreeing: 4 b/a and 4 a/b², balanced where b = 1 and a = 1 alone makes both 4, and (2, 1)
    // does not.
    let disagreeing = vec![
        synapse("0*-1 1*1", "4", "1"),
        synapse("0*1 1*-2", "4", "1"),
        synapse("1*1", "4", "1"),
    ];
    let disagreeing = crate::flat(2, disagreeing).unwrap();
    assert_eq!(fate(&disagreeing, "1 1", "1 1"), Ok(()));
    let found = check::enclosure(&disagreeing, None, &qs("1 1"), &qs("1 1")).unwrap();
    assert_eq!(found.data().normalised, [false, false]);
    // A cycle of exponents 2 and 1/2 agrees: (1, 1/2) does not change it.
    let agreeing = vec![
        synapse("0*1 1*-2", "3", "1"),
        synapse("0*-1/2 1*1", "6", "1"),
    ];
    let agreeing = crate::flat(2, agreeing).unwrap();
    let found = check::enclosure(&agreeing, None, &qs("1 1"), &qs("1 1")).unwrap();
    assert_eq!(found.data().normalised, [true, true]);
    // 4 b/a against a/b²: 4 b/a = a/b² at a, and 4 b/a = 2 a/b² at b, which no point is.
    assert!(fate(&cycle("2"), "1 1/2", "1 1").is_err());
    // Joined to the ground behind both: neither can be scaled with the other.
    let grounded = ["0*-1 1*1", "1*-1", "0*1"].map(|direction| synapse(direction, "1", "1"));
    let grounded = crate::flat(2, grounded.into()).unwrap();
    let found = check::enclosure(&grounded, None, &qs("1 1"), &qs("1 1")).unwrap();
    assert_eq!(found.data().normalised, [false, false]);
    // Joined to the ground by a weight of 0 only.
    let apart = crate::flat(
        2,
        vec![
            synapse("0*1", "1", "1"),
            synapse("0*-1", "1", "1"),
            synapse("1*1", "0", "1"),
        ],
    );
    assert_eq!(fate(&apart.clone().unwrap(), "1/2 1", "2 1"), Ok(()));
    assert_eq!(
        fate(&apart.unwrap(), "1/2 1/2", "2 2"),
        Err(Refusal::NotNormalised(1))
    );
}

/// Checks: in whatever order synapses are listed, a component of many is walked through in a short time; with its way
/// walked to the end for each synapse, this takes minutes.
#[test]
fn a_component_of_many() {
    let last = match std::env::var_os("SYNBAL_FULL") {
        Some(_) => 10_000,
        None => 4_000,
    };
    let there = |first: usize| synapse(&format!("{first}*-1 {last}*1"), "1", "1");
    let back = |first: usize| synapse(&format!("{first}*1 {last}*-1"), "1", "1");
    // From the last one on, each row leads to the next one before it.
    let synapses = (0..last).rev().map(there).chain((0..last).map(back));
    let problem = crate::flat(last + 1, synapses.collect()).unwrap();
    let ones = vec![crate::q("1"); last + 1];
    let found = check::enclosure(&problem, None, &ones, &ones).unwrap();
    assert_eq!(found.data().normalised, vec![true; last + 1]);
}

/// Checks: a synapse that rises, or falls, in two variables is outside the principle.
#[test]
fn hypotheses() {
    for direction in ["0*1 1*1", "0*-1 1*-1/2", "0*1 1*-1 2*1"] {
        let synapses = vec![synapse("0*1", "1", "1"), synapse(direction, "1", "1")];
        let problem = crate::flat(3, synapses).unwrap();
        assert_eq!(
            fate(&problem, "1 1 1", "1 1 1"),
            Err(Refusal::RaisesBoth(1)),
            "{direction}"
        );
        let synapses = vec![synapse("0*1", "1", "1"), synapse(direction, "0", "1")];
        let problem = crate::flat(3, synapses).unwrap();
        let refused = fate(&problem, "1 1 1", "1 1 1");
        assert_eq!(refused, sign(0, "lower", "input"), "of weight 0");
    }
}

/// Checks: in the limit what vanishes does not count.
#[test]
fn limits() {
    let synapses = vec![
        synapse("0*1", "1", "1"),
        synapse("0*-1", "4", "1"),
        synapse("0*-1 1*1", "7", "1"),
    ];
    let branch = crate::flat(2, synapses).unwrap();
    let fate = |direction: &str, lower: &str, upper: &str| {
        let found = check::enclosure(&branch, Some(&qs(direction)), &qs(lower), &qs(upper));
        found.map(|found| found.data().vanishing.clone())
    };
    assert_eq!(fate("0 -1", "1 1", "3 1"), Ok(vec![2]));
    assert_eq!(fate("0 -1", "2 1", "2 1"), Ok(vec![2]));
    assert_eq!(fate("0 -1", "1 2", "3 2"), Err(Refusal::NotNormalised(1)));
    assert!(matches!(
        fate("0 -1", "3 1", "4 1"),
        Err(Refusal::Sign(0, ..))
    ));
    assert_eq!(fate("0 1", "1 1", "3 1"), Err(Refusal::Rises(2)));
    assert_eq!(fate("0 0", "1 1", "3 1"), Err(Refusal::NothingFalls));
}
