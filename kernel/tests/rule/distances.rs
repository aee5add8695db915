//! Enclosures of multipliers, and how far other weights are from balanced ones.

use num_traits::{One, Signed, ToPrimitive, Zero};
use synaptic_balance_kernel::{
    Block, Certificate, Certified, Entries, Form, Layout, Number, Problem, Rational, Refusal,
};

use crate::enclosures::made;
use crate::exact::{Evaluation, cost_down, evaluate, integer, raised, ratio, two_to};
use crate::maker::*;
use crate::planted::{Planted, general, network};

type Order = [(usize, (usize, usize))];

/// The radii, written out.
fn radii(certified: &Certified, order: &Order) -> Result<Vec<Option<Rational>>, Refusal> {
    let exact = |radius: Option<Number>| radius.map(|radius| radius.to_rational().expect("short"));
    Ok(certified
        .multiplier_radii(order)?
        .into_iter()
        .map(exact)
        .collect())
}

/// Variables, each with a term all of whose other variables come before.
fn order(evaluation: &Evaluation) -> Vec<(usize, (usize, usize))> {
    let variables = evaluation.point.len();
    let mut order: Vec<(usize, (usize, usize))> = Vec::new();
    loop {
        let next = evaluation.terms.iter().find_map(|enclosed| {
            let exponents = enclosed.term.exponents(variables);
            let mut left = (0..variables).filter(|variable| {
                !exponents[*variable].is_zero() && order.iter().all(|(known, _)| known != variable)
            });
            let (first, second) = (left.next()?, left.next());
            (second.is_none() && enclosed.y.is_positive())
                .then_some((first, (enclosed.term.block, enclosed.term.entry)))
        });
        match next {
            Some(next) => order.push(next),
            None => return order,
        }
    }
}

/// Is `|log quotient| <= radius`, shown by the first terms of the exponential?
fn is_within(quotient: &Rational, radius: &Rational) -> bool {
    let (mut sum, mut power) = (integer(1), integer(1));
    for degree in 1..12 {
        power = power * radius / integer(degree);
        sum += &power;
    }
    quotient <= &sum && quotient.recip() <= sum
}

fn multipliers_hold(planted: &Planted, evaluation: &Evaluation, certified: &Certified) {
    let order = order(evaluation);
    let found = radii(certified, &order).expect("terms in order");
    let mut expected: Vec<Option<Rational>> = vec![None; evaluation.point.len()];
    for (variable, place) in &order {
        let mut terms = evaluation.terms.iter().map(|enclosed| &enclosed.term);
        let term = terms
            .find(|term| (term.block, term.entry) == *place)
            .expect("a term");
        let exponents = term.exponents(evaluation.point.len());
        let mut sum = certified.term_radius(place.0, place.1);
        for (other, exponent) in exponents.iter().enumerate() {
            if other != *variable && !exponent.is_zero() {
                let known = expected[other].as_ref();
                sum = sum
                    .zip(known)
                    .map(|(sum, known)| sum + known * exponent.abs());
            }
        }
        expected[*variable] = sum.map(|sum| sum / exponents[*variable].abs());
    }
    for (variable, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.is_some(), expected.is_some());
        let (Some(found), Some(expected)) = (found, expected) else {
            continue;
        };
        assert!(found >= expected && found <= &(expected + two_to(-230)));
        let quotient = &planted.multipliers[variable] / &evaluation.point[variable];
        assert!(is_within(&quotient, found), "{quotient} {found}");
    }
}

/// Weights whose costs are about the balanced ones, and the quotients.
fn others(
    planted: &Planted,
    spread: i64,
    random: &mut Random,
) -> (Vec<Vec<Rational>>, Vec<Rational>) {
    let (mut all, mut quotients) = (Vec::new(), Vec::new());
    for (block, sheet) in planted.sheets.iter().enumerate() {
        let mut weights = Vec::new();
        for entry in 0..sheet.data.entries().len() {
            let Some(cost) = planted.costs.get(&(block, entry)) else {
                weights.push(Rational::zero());
                continue;
            };
            let times = sheet.power.numer().to_i64().expect("small");
            let degree = sheet.power.denom().to_i64().expect("small");
            let target = (cost / &sheet.coefficient).to_f64().expect("a float");
            let base = Rational::from_float(target.powf(1.0 / times as f64)).expect("finite");
            let base = base * (integer(1) + ratio(random.between(-9, 9), 10) * two_to(-spread));
            quotients.push(&sheet.coefficient * raised(&base, times) / cost);
            let sign = integer(if random.chance(50) { 1 } else { -1 });
            weights.push(raised(&base, degree) * sign);
        }
        all.push(weights);
    }
    (all, quotients)
}

fn distances_hold(
    planted: &Planted,
    certificate: &Certificate,
    certified: &Certified,
    random: &mut Random,
) {
    let problem = certified.reader().problem();
    let evaluation = evaluate(problem, certificate);
    let spread = random.between(1, 50);
    let (weights, quotients) = others(planted, spread, random);
    let lists: Vec<Entries> = weights.iter().map(|weights| rationals(weights)).collect();
    let found = certified
        .factors_from_balance(&lists)
        .expect("lists that fit");
    let (mut least, mut most) = (integer(1), integer(1));
    for enclosed in &evaluation.terms {
        let term = &enclosed.term;
        let weight = weights[term.block][term.entry].abs();
        let cost = cost_down(&weight, &term.power, &term.coefficient, certificate.bits);
        let quotient = cost / &enclosed.low;
        least = least.min(quotient.clone());
        most = most.max(quotient);
    }
    let small = two_to(-57);
    let is_clear = least > ratio(1, 2) + &small && most < integer(2) - &small;
    let Some((low, high)) = found else {
        assert!(certified.radius().is_none() || !is_clear);
        return;
    };
    for quotient in &quotients {
        assert!(&low <= quotient && quotient <= &high);
    }
    let rest = integer(1) - certified.radius().expect("all are enclosed");
    let upper = raised(&(integer(1) + two_to(1 - i64::from(certificate.bits))), 3);
    let (least, most) = (least * &rest / &upper, most * upper / rest);
    assert!(low <= least && low >= &least * (integer(1) - &small));
    assert!(high >= most && high <= &most * (integer(1) + &small));
}

/// Checks: multipliers that were planted lie within their radii, weights near balance within the factors stated; both
/// by the formulas.
#[test]
fn planted_multipliers_and_distances() {
    check(sampled(60), |seed| {
        let mut random = Random::new(seed);
        let random = &mut random;
        let planted = if random.chance(40) {
            network(random)
        } else {
            general(random)
        };
        let problem = planted.problem();
        let Some(certificate) = made(&planted, &problem, random) else {
            return true;
        };
        let certified = verify(&problem, &certificate).expect("a true certificate");
        multipliers_hold(&planted, &evaluate(&problem, &certificate), &certified);
        distances_hold(&planted, &certificate, &certified, random);
        true
    });
}

/// `x + 4/x + 3 x y/y + 5 x² y² + 5/(x² y²)`, and a weight of 0; at (2, 1/2).
fn with_example(check: &dyn Fn(&Certified)) {
    let weights = [1, 4, 3, 5, 5, 0].map(integer);
    let form = |exponents: &[i64]| {
        let all = exponents
            .iter()
            .enumerate()
            .filter(|(_, exponent)| **exponent != 0);
        form(all.map(|(variable, exponent)| (variable, integer(*exponent))))
    };
    let forms = vec![
        form(&[1, 0]),
        form(&[-1, 0]),
        form(&[0, 1]),
        form(&[2, 2]),
        form(&[-2, -2]),
        form(&[0, -1]),
        Form::new(),
    ];
    let block = Block {
        entries: rationals(&weights),
        rows: vec![0, 1, 2, 3, 4],
        columns: vec![6, 5],
        layout: Layout::List(vec![(0, 0), (1, 0), (2, 1), (3, 0), (4, 0), (2, 0)]),
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    let problem = Problem::new(2, forms, vec![block]).unwrap();
    let point = vec![Number::new(2u32.into(), 0), Number::new(1u32.into(), -1)];
    let certificate = Certificate {
        point,
        bits: 85,
        grid: 100,
        ..Certificate::default()
    };
    check(&verify(&problem, &certificate).unwrap());
}

/// Checks: terms that do not hold their variable, or are not there; variables that are not in the order, or come later,
/// or whose term is not enclosed.
#[test]
fn orders_that_prove_nothing() {
    with_example(&|certified| {
        let fault = |entry| Err(Refusal::Term(0, entry, MISFIT));
        let radii = |order: &Order| radii(certified, order);
        assert_eq!(radii(&[]), Ok(vec![None, None]));
        assert_eq!(radii(&[(1, (0, 0))]), fault(0));
        assert_eq!(radii(&[(1, (0, 2))]), fault(2), "y cancels");
        assert_eq!(radii(&[(2, (0, 0))]), fault(0));
        assert_eq!(radii(&[(0, (0, 6))]), fault(6));
        assert_eq!(radii(&[(0, (1, 0))]), Err(Refusal::Term(1, 0, MISFIT)));
        assert_eq!(radii(&[(1, (0, 5))]), Ok(vec![None, None]), "a weight of 0");
        assert_eq!(radii(&[(1, (0, 3))]), Ok(vec![None, None]), "x comes later");
        let both = radii(&[(0, (0, 0)), (1, (0, 3))]).unwrap();
        let [Some(x), Some(y)] = both.as_slice() else {
            panic!("both are bounded")
        };
        let [first, second] = [0, 3].map(|entry| certified.term_radius(0, entry).unwrap());
        assert!(x >= &first && x <= &(&first + two_to(-250)));
        let exact = &first + second / integer(2);
        assert!(y >= &exact && y <= &(exact + two_to(-250)));
    });
}

/// Checks: lists of other weights that do not fit, zeros on one side, quotients beyond 2, infinities; and weights that
/// are balanced.
#[test]
fn other_weights() {
    with_example(&|certified| {
        let with = |entry: usize, value: Rational| {
            let mut all = [2, 2, 3, 5, 5, 0].map(integer);
            all[entry] = value;
            certified.factors_from_balance(&[rationals(&all)])
        };
        let (low, high) = with(0, integer(2)).unwrap().expect("balanced");
        assert!(low < Rational::one() && low > integer(1) - two_to(-40));
        assert!(high > Rational::one() && high < integer(1) + two_to(-40));
        let (low, high) = with(0, integer(3)).unwrap().expect("half as much again");
        assert!(low < Rational::one() && low > integer(1) - two_to(-40));
        assert!(high > ratio(3, 2) && high < ratio(3, 2) + two_to(-40));
        let (low, _) = with(3, integer(-3)).unwrap().expect("less");
        assert!(low < ratio(3, 5) && low > ratio(3, 5) - two_to(-40));
        for (entry, value) in [
            (0, integer(0)),
            (5, integer(1)),
            (1, integer(5)),
            (3, integer(2)),
        ] {
            assert_eq!(with(entry, value), Ok(None), "{entry}");
        }
        let infinite = Rational::new_raw(1.into(), 0.into());
        assert_eq!(with(4, infinite), Err(Refusal::Term(0, 4, COST)));
        let short = [integer(2)];
        for lists in [vec![], vec![rationals(&short)], vec![Entries::F32(&[]); 2]] {
            let refused = certified.factors_from_balance(&lists);
            assert!(matches!(refused, Err(Refusal::Block(0, ..))));
        }
    });
}

/// Between which factors a weight without multipliers lies of another one.
fn factors_alone(own: Rational, other: Rational, grid: i64) -> Option<(Rational, Rational)> {
    let (own, other) = ([own], [other]);
    let block = Block {
        entries: rationals(&own),
        rows: vec![0],
        columns: vec![0],
        layout: Layout::Dense,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    let problem = Problem::new(0, vec![Form::new()], vec![block]).unwrap();
    let certificate = Certificate {
        bits: 85,
        grid,
        ..Default::default()
    };
    let certified = verify(&problem, &certificate).unwrap();
    certified
        .factors_from_balance(&[rationals(&other)])
        .unwrap()
}

/// Checks: quotients at 1/2 and 2, to the last bit that is kept; a term that is not enclosed.
#[test]
fn quotients_at_their_limits() {
    let wide = two_to(63);
    let twice = |more: i64, less: i64| {
        factors_alone(
            &wide + integer(more),
            (&wide + integer(less)) * integer(2),
            20,
        )
    };
    assert!(twice(4, 2).is_some() && twice(4, 3).is_none() && twice(4, 4).is_none());
    let half = |more: i64, less: i64| {
        factors_alone(
            &wide + integer(more),
            (&wide + integer(less)) / integer(2),
            20,
        )
    };
    assert!(half(4, 5).is_some() && half(4, 4).is_none());
    assert!(factors_alone(integer(1), integer(4), 20).is_none());
    assert!(factors_alone(integer(1), ratio(1, 4), 20).is_none());
    assert!(factors_alone(integer(1), two_to(200), 20).is_none());
    assert!(factors_alone(integer(1), integer(1), -1).is_none());
    // Seven eighths, whose first 64 bits are exact.
    let (low, high) = factors_alone(integer(8), integer(7), 100).expect("near");
    assert!(low <= ratio(7, 8) && low > ratio(7, 8) - two_to(-40));
    assert!(high >= Rational::one() && high < integer(1) + two_to(-40));
}
