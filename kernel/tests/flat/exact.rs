//! Existence, balance, scalings, obstacles, the manifold: what is evaluated.

use crate::check;
use crate::{Cost, Flat};
use synaptic_balance_kernel::{Obstacle, Rational, Refusal};

use crate::{chain, q, qs, synapse, terms};

/// Checks: a circulation is at least 1 on what counts, 0 on weights of 0, anything where no scaling acts, and
/// conserved.
#[test]
fn attained() {
    let synapses = vec![
        synapse("0*1", "1", "1"),
        synapse("0*-2 1*1", "3", "1"),
        synapse("1*-1", "2", "1"),
        synapse("0*1", "0", "1"),
        synapse("", "7", "1"),
    ];
    let problem = crate::flat(2, synapses).unwrap();
    let fate = |flow: &str| check::attained(&problem, &qs(flow)).map(|_| ());
    assert_eq!(fate("2 1 1 0 -5"), Ok(()));
    assert_eq!(fate("8/3 4/3 4/3 0 0"), Ok(()));
    assert!(matches!(fate("2 1 1 0"), Err(Refusal::Arity(_, 4, 5))));
    assert!(matches!(fate("2 1 1 1 0"), Err(Refusal::Flow(3, ..))));
    assert!(matches!(fate("1 1/2 1/2 0 0"), Err(Refusal::Flow(1, ..))));
    assert_eq!(fate("1 1 1 0 0"), Err(Refusal::NotACirculation(0)));
    assert_eq!(fate("2 1 2 0 0"), Err(Refusal::NotACirculation(1)));
}

/// Checks: a direction raises no cost, and lowers at least one: those are named.
#[test]
fn not_attained() {
    let problem = chain("1 2 0", "1");
    let fate = |direction: &str| {
        let found = check::not_attained(&problem, &qs(direction));
        found.map(|found| found.data().vanishing.clone())
    };
    assert_eq!(fate("-1 -2"), Ok(vec![0, 1]));
    assert_eq!(fate("0 -1/3"), Ok(vec![1]));
    assert_eq!(fate("-1 -1"), Ok(vec![0]));
    assert_eq!(fate("-2 -1"), Err(Refusal::Rises(1)));
    assert_eq!(fate("1 1"), Err(Refusal::Rises(0)));
    assert_eq!(fate("0 0"), Err(Refusal::NothingFalls));
    assert!(matches!(fate("-1"), Err(Refusal::Arity(..))));
}

/// Checks: balance is exact, for mixtures, fractional exponents and irrational factors that cancel; what is irrational
/// is undecided.
#[test]
fn balanced() {
    let fate = |problem: &Flat, point: &str| check::balanced(problem, None, &qs(point)).map(|_| ());
    assert_eq!(fate(&chain("1 8 1", "1"), "2 1/2"), Ok(()));
    assert_eq!(
        fate(&chain("1 8 1", "1"), "2 1"),
        Err(unbalanced(0, "2", "4"))
    );
    assert_eq!(fate(&chain("3 3", "1/2"), "1"), Err(Refusal::Undecided(0)));
    assert_eq!(fate(&chain("3 12", "3/2"), "8"), Err(Refusal::Undecided(0)));
    assert_eq!(
        fate(&chain("4 9", "1/2"), "3/2"),
        Err(unbalanced(0, "3", "2"))
    );
    // sqrt(2) · 8^(1/2) = 4 and sqrt(8) / ...: the product is rational, its factors are not.
    let roots = vec![synapse("0*1/2", "2", "1/2"), synapse("0*-1/2", "32", "1/2")];
    let roots = crate::flat(1, roots).unwrap();
    assert_eq!(fate(&roots, "8"), Err(unbalanced(0, "2", "1")));
    assert_eq!(fate(&roots, "4"), Err(Refusal::Undecided(0)));
    // 4 · 1 and 1 · 2 at 1/2: a mixture r + r² against 1/r.
    let cost = |coefficient: &str, exponent: &str| Cost {
        coefficient: q(coefficient),
        base: q("1"),
        power: q("1"),
        exponent: q(exponent),
    };
    let mut mixed = vec![synapse("0*1", "1", "1"), synapse("0*-1", "3", "1")];
    mixed[0].costs = vec![cost("1", "1"), cost("1", "2")];
    assert_eq!(fate(&crate::flat(1, mixed).unwrap(), "1"), Ok(()));
    assert!(matches!(
        fate(&chain("1 1", "1"), "0"),
        Err(Refusal::NotPositive(_, 0))
    ));
    assert!(matches!(
        fate(&chain("1 1", "1"), "1 1"),
        Err(Refusal::Arity(..))
    ));
    // Of no cost, of weight 0, of a number too long.
    assert_eq!(fate(&chain("0 0", "1"), "5"), Ok(()));
    assert_eq!(
        fate(&chain("2 2", "400000"), "1"),
        Err(Refusal::Undecided(0))
    );
}

fn unbalanced(variable: usize, input: &str, output: &str) -> Refusal {
    let (input, output) = (Box::new(q(input)), Box::new(q(output)));
    Refusal::Unbalanced(variable, input, output)
}

/// Checks: in the limit what vanishes does not count, and the direction is checked.
#[test]
fn balanced_in_the_limit() {
    let synapses = vec![
        synapse("0*1", "1", "1"),
        synapse("0*-1", "4", "1"),
        synapse("0*-1 1*1", "7", "1"),
    ];
    let branch = crate::flat(2, synapses).unwrap();
    let fate = |direction: &str, point: &str| {
        let found = check::balanced(&branch, Some(&qs(direction)), &qs(point));
        found.map(|found| found.data().vanishing.clone())
    };
    assert_eq!(fate("0 -1", "2 1"), Ok(vec![2]));
    assert_eq!(fate("0 -1", "1 1"), Err(unbalanced(0, "1", "4")));
    assert_eq!(fate("0 1", "2 1"), Err(Refusal::Rises(2)));
    assert!(matches!(
        check::balanced(&branch, None, &qs("2 1")),
        Err(Refusal::Unbalanced(..))
    ));
}

/// Checks: weights are those scaled, exactly, 0 stays 0 whatever the ratio, and irrational ratios are refused.
#[test]
fn scaling() {
    let problem = chain("1 1 1", "2");
    let fate = |before: &str, after: &str, by: &str| {
        check::scaling(&problem, &qs(before), &qs(after), &qs(by)).map(|_| ())
    };
    assert_eq!(fate("1 -4 3", "2 -6 1", "2 3"), Ok(()));
    assert_eq!(fate("1 0 3", "2 0 1", "2 3"), Ok(()));
    assert!(matches!(
        fate("1 -4 3", "2 6 1", "2 3"),
        Err(Refusal::Weight(1, ..))
    ));
    assert!(matches!(
        fate("1 -4 3", "2 -6 1", "2 -3"),
        Err(Refusal::NotPositive(_, 1))
    ));
    assert!(matches!(
        fate("1 -4", "2 -6 1", "2 3"),
        Err(Refusal::Arity(..))
    ));
    assert!(matches!(
        fate("1 -4 3", "2 -6", "2 3"),
        Err(Refusal::Arity(..))
    ));
    let half = crate::flat(1, vec![synapse("0*1/2", "1", "1")]).unwrap();
    assert!(check::scaling(&half, &qs("3"), &qs("6"), &qs("4")).is_ok());
    let refused = check::scaling(&half, &qs("3"), &qs("6"), &qs("2")).map(|_| ());
    assert_eq!(refused, Err(Refusal::Irrational(0)));
    assert!(check::scaling(&half, &qs("0"), &qs("0"), &qs("2")).is_ok());
}

/// `x -> a`, `x -> b`, `a -> b` and out of both: a cycle, and synapses that no cycle holds.
fn diamond() -> Flat {
    let directions = ["0*1", "1*1", "0*-1 1*1", "0*-1", "1*-1"];
    let synapses = directions.map(|direction| synapse(direction, "1", "1"));
    crate::flat(2, synapses.to_vec()).unwrap()
}

/// Checks: signs, zeros and products around cycles that no multipliers give, up to a tolerance that is exact.
#[test]
fn not_scaled() {
    let problem = diamond();
    let before = qs("1 2 3 4 5");
    let fate = |after: &str, obstacle: &Obstacle, tolerance: &str| {
        let found = check::not_scaled(&problem, &before, &qs(after), obstacle, &q(tolerance));
        found.map(|found| found.data().product.clone())
    };
    let sign = |synapse| Obstacle::Synapse(synapse);
    assert_eq!(fate("1 2 3 -4 5", &sign(3), "1/2"), Ok(None));
    assert_eq!(fate("1 2 3 0 5", &sign(3), "0"), Ok(None));
    assert_eq!(fate("1 2 3 4 5", &sign(3), "0"), Err(Refusal::SameSign(3)));
    assert_eq!(
        fate("1 2 3 4 5", &sign(5), "0"),
        Err(Refusal::NoSuchSynapse(5))
    );
    let cycle = |text: &str| Obstacle::Cycle(terms(text));
    let around = cycle("0*1 2*1 1*-1");
    assert_eq!(fate("2 2 3 4 5", &around, "0"), Ok(Some(q("2"))));
    assert_eq!(fate("2 4 3 4 5", &around, "0"), Err(consistent("1")));
    // (11/10)² over 9/10, and just beyond.
    assert_eq!(
        fate("121/90 2 3 4 5", &around, "1/10"),
        Err(consistent("121/90"))
    );
    assert!(fate("122/90 2 3 4 5", &around, "1/10").is_ok());
    assert_eq!(
        fate("81/110 2 3 4 5", &around, "1/10"),
        Err(consistent("81/110"))
    );
    assert!(fate("80/110 2 3 4 5", &around, "1/10").is_ok());
    assert!(fate("2 2 3 4 5", &cycle("0*1/2 2*1/2 1*-1/2"), "0").is_err());
    assert!(fate("4 2 3 4 5", &cycle("0*1/2 2*1/2 1*-1/2"), "0").is_ok());
    assert_eq!(fate("-2 2 3 4 5", &around, "0"), Err(Refusal::Ratio(0)));
    for turned in ["0 2 3 4 5", "-1/2 2 3 4 5"] {
        assert_eq!(fate(turned, &around, "0"), Err(Refusal::Ratio(0)));
    }
    assert_eq!(
        fate("2 2 3 4 5", &around, "1"),
        Err(Refusal::Range("the tolerance"))
    );
    assert_eq!(
        fate("2 2 3 4 5", &around, "-1/9"),
        Err(Refusal::Range("the tolerance"))
    );
    let not = |constraint, variable| Err(Refusal::NotAConstraint(constraint, variable));
    assert_eq!(fate("2 2 3 4 5", &cycle("0*1 2*1"), "0"), not(0, 1));
    let twice = |synapse| Err(Refusal::Coefficient(0, synapse));
    assert_eq!(fate("2 2 3 4 5", &cycle("0*1 2*1 1*-1 0*0"), "0"), twice(0));
    assert_eq!(fate("2 2 3 4 5", &cycle("0*1 2*0 1*-1"), "0"), twice(2));
    assert_eq!(
        fate("2 2 3 4 5", &cycle("9*1"), "0"),
        Err(Refusal::NoSuchSynapse(9))
    );
    assert!(matches!(
        fate("2 2 3 4", &around, "0"),
        Err(Refusal::Arity(..))
    ));
}

fn consistent(product: &str) -> Refusal {
    Refusal::Consistent(Box::new(q(product)))
}

/// Checks: constraints that vanish and are independent, and spanning synapses, in the right numbers, and no others.
#[test]
fn manifold() {
    let problem = diamond();
    let fate = |rows: &[&str], spanning: &[usize]| {
        let rows: Vec<_> = rows.iter().map(|row| terms(row)).collect();
        let found = check::manifold(&problem, &rows, spanning);
        found.map(|found| found.data().spanning.len())
    };
    let rows = ["0*1 3*1", "1*1 4*1", "0*1 2*1 1*-1"];
    assert_eq!(fate(&rows, &[0, 1]), Ok(2));
    assert_eq!(fate(&rows, &[2, 4]), Ok(2));
    assert!(matches!(fate(&rows, &[0, 3]), Err(Refusal::Dependent(..))));
    assert!(matches!(fate(&rows, &[0]), Err(Refusal::Arity(_, 4, 5))));
    assert!(matches!(fate(&rows[..2], &[0, 1]), Err(Refusal::Arity(..))));
    let twice = ["0*1 3*1", "0*2 3*2", "0*1 2*1 1*-1"];
    assert!(matches!(fate(&twice, &[0, 1]), Err(Refusal::Dependent(..))));
    let wrong = ["0*1 3*2", "1*1 4*1", "0*1 2*1 1*-1"];
    assert!(matches!(
        fate(&wrong, &[0, 1]),
        Err(Refusal::NotAConstraint(0, 0))
    ));
    assert_eq!(fate(&rows, &[0, 7]), Err(Refusal::NoSuchSynapse(7)));
    let wrong = ["0*1 3*1 3*1", "1*1 4*1", "0*1 2*1 1*-1"];
    assert!(matches!(
        fate(&wrong, &[0, 1]),
        Err(Refusal::Coefficient(0, 3))
    ));
    assert!(matches!(
        fate(&["0*1 3*1", "", rows[2]], &[0, 1]),
        Err(Refusal::Dependent(..))
    ));
}

/// Checks: a mixture, whose blocks list the same weights again, has one flow, one direction and one weight for each
/// synapse; all its summands count.
#[test]
fn mixtures() {
    let block = |power: &str, sign: usize, again: bool| synaptic_balance_kernel::Block {
        entries: synaptic_balance_kernel::Entries::Rational(qs("2 1 0").into()),
        rows: vec![0; 3],
        columns: vec![1 + sign, 2 + sign, 1 + sign],
        layout: synaptic_balance_kernel::Layout::List(vec![(0, 0), (1, 1), (2, 2)]),
        power: q(power),
        coefficient: q("1"),
        again,
    };
    // In and out of one unit, and a weight of 0; |w| + w²: costs 2 μ + 4 μ², 1/μ + 1/μ².
    let forms = ["", "0*1", "0*-1", "0*2", "0*-2"].map(terms).to_vec();
    let blocks = vec![block("1", 0, false), block("2", 2, true)];
    let problem = synaptic_balance_kernel::Problem::new(1, forms.clone(), blocks.clone()).unwrap();
    assert!(check::attained(&problem, &qs("1 1 0")).is_ok());
    assert_eq!(
        check::attained(&problem, &qs("1 1 1")).err(),
        Some(Refusal::Flow(
            2,
            Box::new(q("1")),
            "0, since its weight is 0"
        ))
    );
    assert!(matches!(
        check::attained(&problem, &qs("1 1 0 1 1 0")),
        Err(Refusal::Arity("circulation", 6, 3))
    ));
    let unbalanced = |point: &str, input: &str, output: &str| {
        let refused = check::balanced(&problem, None, &qs(point)).err();
        let expected = Refusal::Unbalanced(0, Box::new(q(input)), Box::new(q(output)));
        assert_eq!(refused, Some(expected));
    };
    unbalanced("1", "10", "3");
    unbalanced("1/2", "3", "10");
    // Without what flows out, the cost falls: both summands of one synapse.
    let falling = |weights: &str, direction: &str| {
        let mut blocks = blocks.clone();
        for block in &mut blocks {
            block.entries = synaptic_balance_kernel::Entries::Rational(qs(weights).into());
        }
        let problem = synaptic_balance_kernel::Problem::new(1, forms.clone(), blocks).unwrap();
        let found = check::not_attained(&problem, &qs(direction));
        found.map(|found| found.data().vanishing.clone())
    };
    assert_eq!(falling("2 0 3", "-1"), Ok(vec![0, 2]));
    assert_eq!(falling("2 0 0", "1"), Err(Refusal::Rises(0)));
    let basis = check::manifold(&problem, &[terms("0*1 1*1"), terms("1*1 2*1")], &[0]);
    assert_eq!(basis.unwrap().data().spanning, [0]);
    let scaled = check::scaling(&problem, &qs("2 1 0"), &qs("6 1/3 0"), &qs("3"));
    assert!(scaled.is_ok());
    // Other weights are no further summands, nor does a first block repeat anything.
    let mut other = blocks.clone();
    other[1].entries = synaptic_balance_kernel::Entries::Rational(qs("2 1").into());
    other[1].layout = synaptic_balance_kernel::Layout::List(vec![(0, 0), (1, 1)]);
    let reason = "its entries are not those of the block before";
    let fate = |blocks| synaptic_balance_kernel::Problem::new(1, forms.clone(), blocks).err();
    assert_eq!(fate(other), Some(Refusal::Block(1, reason)));
    let first = vec![block("1", 0, true)];
    assert_eq!(fate(first), Some(Refusal::Block(0, reason)));
}

/// Checks: weights that are no numbers are refused where it matters whether they are 0.
#[test]
fn weights_that_are_no_numbers() {
    let weights = [f32::NAN.to_le_bytes(), 1f32.to_le_bytes()];
    let block = synaptic_balance_kernel::Block {
        entries: synaptic_balance_kernel::Entries::F32(&weights),
        rows: vec![0, 1],
        columns: vec![2],
        layout: synaptic_balance_kernel::Layout::Dense,
        power: q("2"),
        coefficient: q("1"),
        again: false,
    };
    let forms = ["0*1", "0*-1", ""].map(terms).to_vec();
    let problem = synaptic_balance_kernel::Problem::new(1, forms, vec![block]).unwrap();
    let refused = Refusal::Term(0, 0, "the weight is no number");
    assert_eq!(
        check::attained(&problem, &qs("1 1")).err(),
        Some(refused.clone())
    );
    assert_eq!(
        check::balanced(&problem, None, &qs("1")).err(),
        Some(refused)
    );
}

/// Checks: constraints, and spanning synapses, must come in an order in which each holds a synapse, or a variable, that
/// no later one holds.
#[test]
fn orders_of_constraints() {
    let problem = diamond();
    let rows = ["0*1 3*1 1*1 4*1", "0*1 3*1", "0*1 2*1 1*-1"].map(terms);
    let fate = |order: &[usize], spanning: &[usize]| {
        let rows: Vec<_> = order.iter().map(|place| rows[*place].clone()).collect();
        check::manifold(&problem, &rows, spanning).map(|_| ())
    };
    let dependent = |what| Err(Refusal::Dependent(what));
    assert_eq!(fate(&[0, 1, 2], &[0, 1]), Ok(()));
    assert_eq!(fate(&[0, 2, 1], &[0, 1]), Ok(()));
    // All of the second one is in the two that then follow it.
    assert_eq!(fate(&[1, 0, 2], &[0, 1]), dependent("constraints"));
    assert_eq!(fate(&[0, 1, 1], &[0, 1]), dependent("constraints"));
    // Both variables of synapse 2, then one of them; the one first.
    assert_eq!(fate(&[0, 1, 2], &[2, 0]), Ok(()));
    assert_eq!(fate(&[0, 1, 2], &[0, 2]), dependent("spanning synapses"));
    assert_eq!(fate(&[0, 1, 2], &[0, 3]), dependent("spanning synapses"));
}

/// Checks: exact numbers that would take too long to reduce are not looked at; shorter ones are.
#[test]
fn numbers_that_take_too_long() {
    for (bits, fate) in [(2_000u32, Ok(())), (262_000, Err(Refusal::Undecided(0)))] {
        let unit = num_bigint::BigInt::from(1) << bits;
        let mut synapses = vec![synapse("0*1", "1", "1"), synapse("0*-1", "1", "1")];
        for synapse in &mut synapses {
            // Its numerator is odd: it is reduced.
            synapse.costs[0].base = Rational::new_raw(&unit - 1, unit.clone());
        }
        let problem = crate::flat(1, synapses).unwrap();
        let found = check::balanced(&problem, None, &qs("1")).map(|_| ());
        assert_eq!(found, fate, "{bits}");
    }
}

/// Checks: a cycle of fractions that have no small common denominator is refused at once; adding them up takes minutes.
#[test]
fn a_cycle_of_many_denominators() {
    let synapses = 20_000;
    let problem = crate::flat(1, vec![synapse("0*1", "1", "1"); synapses]).unwrap();
    // They cancel in pairs.
    let coefficient = |synapse: usize| {
        let sign = if synapse.is_multiple_of(2) { 1 } else { -1 };
        Rational::new(sign.into(), (synapse / 2 * 2 + 5001).into())
    };
    let cycle = (0..synapses).map(|synapse| (synapse, coefficient(synapse)));
    let obstacle = Obstacle::Cycle(cycle.collect());
    let ones = vec![q("1"); synapses];
    let refused = check::not_scaled(&problem, &ones, &ones, &obstacle, &q("0"));
    assert_eq!(refused.err(), Some(Refusal::Irrational(0)));
}

/// Fractions whose denominators are so many different primes of 64 bits, or nearly.
fn denominators(count: u64) -> impl Iterator<Item = Rational> {
    (0..count)
        .map(|place| Rational::new(1.into(), (u64::MAX - 2 * place * place - 6 * place).into()))
}

/// Checks: flows of thousands of different denominators are refused at once, which adding them up would take long to
/// judge; so are long changes of one cost. Fewer and shorter ones are added up.
#[test]
fn sums_of_many_denominators() {
    for (count, fate) in [(50, Ok(())), (4_000, Err(Refusal::Undecided(0)))] {
        // What flows in flows out again.
        let ends = ["0*1", "0*-1"].map(|end| vec![synapse(end, "1", "1"); count as usize]);
        let problem = crate::flat(1, ends.concat()).unwrap();
        let flows: Vec<Rational> = denominators(count).map(|part| part + q("1")).collect();
        let found = check::attained(&problem, &[flows.clone(), flows].concat()).map(|_| ());
        assert_eq!(found, fate, "{count} flows");
    }
    let product = crate::flat(2, vec![synapse("0*1 1*1", "1", "1")]).unwrap();
    for (bits, fate) in [(200u32, Ok(())), (200_000, Err(Refusal::Undecided(0)))] {
        let unit = num_bigint::BigInt::from(1) << bits;
        // In lowest terms as they are: to find that out would take longer than all else.
        let direction = [&unit - 1, unit + 1].map(|below| Rational::new_raw((-1).into(), below));
        let found = check::not_attained(&product, &direction).map(|_| ());
        assert_eq!(found, fate, "{bits} bits");
    }
    // An integer and a fraction make a fraction.
    let long = num_bigint::BigInt::from(1) << 200_000u32;
    let direction = [
        -Rational::from(long.clone()),
        Rational::new_raw((-1).into(), long - 1),
    ];
    let found = check::not_attained(&product, &direction).map(|_| ());
    assert_eq!(found, Err(Refusal::Undecided(0)));
}
