//! Certificates of the minimum within bounds of multipliers.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::sync::atomic::{AtomicUsize, Ordering};
use synaptic_balance_kernel::{
    Block, Certificate, Form, Layout, Number, Problem, Rational, Refusal,
};

use crate::enclosures::{holds, made};
use crate::exact::{evaluate, integer, ratio, two_to};
use crate::maker::*;
use crate::planted::{Data, Planted, Sheet, general, network};

/// `x + 4/x`, least at 2.
fn simple(weights: &[Rational]) -> Problem<'_> {
    let exponent = |value| form([(0, integer(value))]);
    let block = Block {
        entries: rationals(weights),
        rows: vec![1, 2],
        columns: vec![0],
        layout: Layout::Dense,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    Problem::new(1, vec![Form::new(), exponent(1), exponent(-1)], vec![block]).unwrap()
}

fn at(mantissa: u32, exponent: i64, bounds: &[[Rational; 2]]) -> Certificate {
    Certificate {
        point: vec![Number::new(mantissa.into(), exponent)],
        bits: 80,
        grid: 40,
        bounds: bounds.to_vec(),
        ..Certificate::default()
    }
}

/// Checks: at a bound a variable may be pushed outwards; elsewhere, inwards, and without bounds what it could still
/// gain counts in full, or the certificate is refused.
#[test]
fn a_variable_at_its_bounds() {
    let weights = [integer(1), integer(4)];
    let problem = simple(&weights);
    let gap = |certificate: &Certificate| verify(&problem, certificate).map(|found| found.gap());
    let tiny = two_to(-60);
    // At 1, an upper bound: the costs are 1 and 4, and more of `x` would lower them.
    let held = at(1, 0, &[[ratio(1, 3), integer(1)]]);
    let certified = verify(&problem, &held).unwrap();
    assert!(certified.is_bounded() && !certified.is_attained());
    assert!(certified.gap() < tiny && certified.not_enclosed() == 0);
    for (entry, cost) in [1, 4].into_iter().enumerate() {
        let (low, high) = certified.balanced_cost(0, entry).unwrap();
        assert!(low <= integer(cost) && integer(cost) <= high && high - low < two_to(-28));
    }
    assert_eq!(gap(&at(1, 0, &[])), Err(Refusal::NotACirculation(0)));
    // At 8, a lower bound, less would.
    assert!(gap(&at(8, 0, &[[integer(8), integer(9)]])).unwrap() < tiny);
    // Not at the bound: three units push towards the upper one, two of them at 3/2 or at 4 away from 1; where the least
    // lies, nothing does.
    for (upper, gained) in [(ratio(3, 2), ratio(3, 2)), (integer(4), integer(9))] {
        for lower in [integer(1), ratio(1, 7)] {
            let found = gap(&at(1, 0, &[[lower, upper.clone()]])).unwrap();
            assert!(gained <= found && found < &gained + &tiny);
        }
    }
    let certified = at(1, 0, &[[ratio(1, 7), ratio(3, 2)]]);
    let certified = verify(&problem, &certified).unwrap();
    assert!(certified.balanced_cost(0, 0).is_none() && certified.radius().is_none());
    // `8 - 1/2` push down from 8 to 2.
    let found = gap(&at(8, 0, &[[integer(2), integer(8)]])).unwrap();
    assert!(ratio(45, 2) <= found && found < ratio(45, 2) + &tiny);
    assert!(gap(&at(2, 0, &[[integer(1), integer(4)]])).unwrap() < tiny);
    let free = at(2, 0, &[]);
    assert!(verify(&problem, &free).is_ok_and(|found| found.is_attained() && !found.is_bounded()));
}

/// Checks: points outside, bounds that cross, are not positive or no numbers, and too many or too few of them.
#[test]
fn bounds_that_do_not_hold() {
    let weights = [integer(1), integer(4)];
    let problem = simple(&weights);
    let refused = |bounds: &[[Rational; 2]]| verify(&problem, &at(2, 0, bounds)).err();
    let outside = Some(Refusal::Outside(0));
    let no_number = Rational::new_raw(1.into(), 0.into());
    assert_eq!(refused(&[[integer(2), integer(2)]]), None);
    assert_eq!(refused(&[[ratio(1, 9), integer(9)]]), None);
    for [lower, upper] in [
        [ratio(1, 3), ratio(19, 10)],
        [ratio(21, 10), integer(3)],
        [integer(3), integer(1)],
        [integer(0), integer(3)],
        [integer(-1), integer(3)],
        [Rational::new_raw((-1).into(), (-1).into()), integer(3)],
        [no_number.clone(), integer(3)],
        [integer(1), no_number],
    ] {
        assert_eq!(refused(&[[lower, upper]]), outside);
    }
    let pair = [integer(1), integer(4)];
    let arity = Refusal::Arity("bounds", 2, 1);
    assert_eq!(refused(&[pair.clone(), pair.clone()]), Some(arity));
    // A point that cannot be written out is within no bounds that could be.
    let far = at(1, 1 << 40, &[pair]);
    assert_eq!(verify(&problem, &far).err(), Some(Refusal::Outside(0)));
}

/// Adds costs that push some variables of a planted optimum against a bound, and says where: whether each has its upper
/// bound there, or its lower one.
fn pushed(planted: &mut Planted, random: &mut Random) -> Vec<Option<bool>> {
    let mut sides = Vec::new();
    for (variable, value) in planted.multipliers.iter().enumerate() {
        let is_upper = random.chance(50);
        sides.push(random.chance(50).then_some(is_upper));
        if sides.last() == Some(&None) || random.chance(10) {
            continue;
        }
        let cost = ratio(random.between(1, 100), random.between(1, 9));
        let (exponent, weight) = match is_upper {
            true => (-1, &cost * value),
            false => (1, &cost / value),
        };
        planted.forms.push(vec![(variable, integer(exponent))]);
        planted.costs.insert((planted.sheets.len(), 0), cost);
        planted.sheets.push(Sheet {
            data: Data::Rational(vec![weight]),
            rows: vec![planted.forms.len() - 1],
            columns: vec![0],
            layout: Layout::Dense,
            power: integer(1),
            coefficient: integer(1),
        });
    }
    sides
}

/// A number near another one, not beyond it on the side of a bound; the number itself, if it is one.
fn inside(value: &Rational, bits: i64, is_upper: bool) -> Number {
    let length = value.numer().bits() as i64 - value.denom().bits() as i64;
    let scaled = value * two_to(bits - length);
    let whole = if is_upper {
        scaled.floor()
    } else {
        scaled.ceil()
    };
    Number::new(whole.to_integer().magnitude().clone(), length - bits)
}

static MADE: AtomicUsize = AtomicUsize::new(0);
static ENCLOSED: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

fn one_case(mut planted: Planted, random: &mut Random) {
    let Some(free) = made(&planted, &planted.problem(), random) else {
        return;
    };
    let sides = pushed(&mut planted, random);
    let problem = planted.problem();
    let four = integer(4);
    let mut point = free.point.clone();
    let mut bounds = Vec::new();
    for ((number, value), side) in point.iter_mut().zip(&planted.multipliers).zip(&sides) {
        let mut pair = [value / &four, value * &four];
        if let Some(is_upper) = side {
            *number = inside(value, number.mantissa.bits() as i64 + 20, *is_upper);
            pair[usize::from(*is_upper)] = value.clone();
        }
        bounds.push(pair);
    }
    // Exceptions make what is free a circulation at this point; the costs that were added push.
    let rest = Problem::new(
        problem.variables(),
        problem.forms().to_vec(),
        problem.blocks()[..=free_blocks(&planted, &sides)].to_vec(),
    );
    let Some(mended) = certificate(&rest.unwrap(), point, free.bits, free.grid) else {
        return;
    };
    let true_one = Certificate { bounds, ..mended };
    let certified = verify(&problem, &true_one).expect("a true certificate");
    let evaluation = evaluate(&problem, &true_one);
    evaluation.agrees(&certified);
    MADE.fetch_add(1, Ordering::Relaxed);
    ENCLOSED.fetch_add(holds(&planted, &evaluation, &certified), Ordering::Relaxed);
    let first = evaluation.supply.iter().position(|sum| !sum.is_zero());
    let unbounded = Certificate {
        bounds: vec![],
        ..true_one.clone()
    };
    let refused = verify(&problem, &unbounded).err();
    assert_eq!(refused, first.map(Refusal::NotACirculation));
    let variable = random.between(0, sides.len() as i64 - 1) as usize;
    let value = &evaluation.point[variable];
    for (side, factor) in [(0, ratio(11, 10)), (1, ratio(9, 10))] {
        let mut other = true_one.clone();
        other.bounds[variable][side] = value * factor;
        assert_eq!(
            verify(&problem, &other).err(),
            Some(Refusal::Outside(variable))
        );
        REFUSED.fetch_add(1, Ordering::Relaxed);
    }
    // A wider box, and one with its sides changed: what is claimed of it is what the formulas say.
    let mut wider = true_one.clone();
    wider.bounds[variable] = [value / integer(9), value * integer(9)];
    let supply = &evaluation.supply[variable];
    let found = verify(&problem, &wider).unwrap();
    evaluate(&problem, &wider).agrees(&found);
    assert!(found.gap() >= supply.abs() * integer(8));
    // What is no exception off by one: it pushes a variable that is free, and counts.
    let mut other = true_one;
    for y in other.exceptions.values_mut() {
        *y += Rational::one();
    }
    let found = verify(&problem, &other).unwrap();
    let evaluation = evaluate(&problem, &other);
    evaluation.agrees(&found);
    holds(&planted, &evaluation, &found);
}

/// The last block of those that were there before costs were added.
fn free_blocks(planted: &Planted, sides: &[Option<bool>]) -> usize {
    let added = planted.forms.iter().rev().zip(planted.sheets.iter().rev());
    let added = added
        .take(sides.len())
        .enumerate()
        .take_while(|(number, (_, sheet))| {
            sheet.rows == [planted.forms.len() - 1 - number]
                && sheet.columns == [0]
                && sheet.power.is_one()
        });
    planted.sheets.len() - 1 - added.count()
}

/// Checks: optima that were planted within bounds lie in what is verified about them; a certificate without its bounds,
/// or with narrower ones, is refused.
#[test]
fn planted_optima_within_bounds() {
    check(40, |seed| {
        let mut random = Random::new(seed);
        let planted = match random.chance(30) {
            true => network(&mut random),
            false => general(&mut random),
        };
        if !planted.multipliers.is_empty() {
            one_case(planted, &mut random);
        }
        true
    });
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert!(
        count(&MADE) > 25 && count(&ENCLOSED) > 100 && count(&REFUSED) > 50,
        "{MADE:?} {ENCLOSED:?} {REFUSED:?}"
    );
}

/// Checks: exceptions whose sums take too long are refused at once, along a form and at a variable; shorter ones are
/// added up.
#[test]
fn exceptions_that_take_too_long() {
    for (bits, is_refused) in [(200u32, false), (200_000, true)] {
        for forms_each in [1, 2] {
            let weights = vec![integer(1); 4];
            // Of rows, for what flows in and what flows out; of columns, whose forms are empty.
            let mut forms = Vec::new();
            for factors in [form([(0, integer(1))]), form([(0, integer(-1))]), vec![]] {
                forms.extend(vec![factors; forms_each]);
            }
            let of = |kind: usize, entry: usize| kind * forms_each + entry % forms_each;
            let block = Block {
                entries: rationals(&weights),
                rows: (0..4).map(|entry| of(entry / 2, entry)).collect(),
                columns: (0..4).map(|entry| of(2, entry)).collect(),
                layout: Layout::List((0..4).map(|entry| (entry, entry)).collect()),
                power: integer(1),
                coefficient: integer(1),
                again: false,
            };
            let problem = Problem::new(1, forms, vec![block]).unwrap();
            let mut certificate = at(1, 0, &[]);
            // Two alone are refused for that, and not for what they leave over.
            for entry in 0..if is_refused { 2 } else { 4 } {
                // 2^bits - 1 and 2^bits + 1 have no common divisor.
                let unit = BigInt::from(1) << bits;
                let below = if entry % 2 == 0 { unit + 1 } else { unit - 1 };
                let y = Rational::new_raw((&below << 40) + 1, below);
                certificate.exceptions.insert((0, entry), y);
            }
            let found = verify(&problem, &certificate).err();
            let long = "the exceptions along it take too long to add up";
            let expected = match forms_each {
                1 => Refusal::Form(0, long),
                _ => Refusal::Undecided(0),
            };
            assert_eq!(found, is_refused.then_some(expected), "{bits} bits");
        }
    }
}
