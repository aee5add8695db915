//! Where numbers become too long: refused there, right just before, and nowhere a panic.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{
    Block, Certificate, Entries, Form, Layout, Number, Problem, Rational, Reader, Refusal,
};

use crate::exact::{integer, ratio, two_to};
use crate::maker::*;

/// One term with a rational weight.
fn term<'a>(weight: &'a [Rational], row: Form, column: Form) -> Problem<'a> {
    powered(weight, row, column, integer(1))
}

fn powered<'a>(weight: &'a [Rational], row: Form, column: Form, power: Rational) -> Problem<'a> {
    let block = Block {
        entries: rationals(weight),
        rows: vec![0],
        columns: vec![1],
        layout: Layout::Dense,
        power,
        coefficient: integer(1),
        again: false,
    };
    Problem::new(2, vec![row, column], vec![block]).unwrap()
}

fn at(bits: u32, grid: i64, exponents: [i64; 2]) -> Certificate {
    let point = exponents
        .map(|exponent| Number::new(BigUint::one(), exponent))
        .to_vec();
    Certificate {
        point,
        bits,
        grid,
        ..Default::default()
    }
}

fn variable(index: usize) -> Form {
    form([(index, integer(1))])
}

/// Checks: a common denominator of exponents that overflows 32 bits must not wrap to a small one; below 4096 it is
/// computed.
#[test]
fn denominators_of_exponents() {
    let weight = [integer(1)];
    let fate = |below: &[i64], bits: u32| {
        let factors = below.iter().enumerate();
        let form = form(factors.map(|(index, below)| (index, ratio(1, *below))));
        let problem = term(&weight, form, Form::new());
        let certificate = at(bits, 20, [below[0], 0]);
        let reader = Reader::new(&problem, &certificate)?;
        Ok(reader.by_rule(0, 0))
    };
    let refused = Err(Refusal::Form(0, PRODUCT));
    // 3 · 1431655766 = 2^32 + 2.
    assert_eq!(fate(&[3, 1_431_655_766], 8), refused);
    assert_eq!(fate(&[1_431_655_766, 3], 8), refused);
    assert_eq!(fate(&[4096, 1], 8), refused);
    assert_eq!(fate(&[64, 65], 8), refused);
    assert_eq!(fate(&[1 << 40, 1], 8), refused);
    let two = Ok(Some(integer(2 << 20)));
    assert_eq!(fate(&[4095, 1], 8), two);
    assert_eq!(fate(&[63, 64], 8), two);
    assert_eq!(fate(&[64, 32], 8), two);
}

/// Checks: weights of up to 65,535 bits, numerators and denominators, and not of more.
#[test]
fn long_weights() {
    let one = BigInt::one();
    let fate = |weight: Rational, exponent: i64| {
        let weight = [weight];
        let problem = term(&weight, variable(0), Form::new());
        let certificate = at(8, 0, [exponent, 0]);
        Reader::new(&problem, &certificate).unwrap().by_rule(0, 0)
    };
    let long = Rational::from_integer((&one << 262143u32) - 1);
    assert_eq!(fate(long.clone(), -262133), Some(integer(1020)));
    assert_eq!(fate(&long + integer(1), -262133), None);
    // A numerator is shifted to at most 262,144 bits.
    assert_eq!(fate(two_to(-262133), 262143), Some(integer(1024)));
    assert_eq!(fate(two_to(-262134), 262144), None);
    // Ten thousand digits over ten thousand others.
    let digits = BigInt::from(10u32).pow(10_000u32);
    let fraction = Rational::new(&digits * 3 + 1, digits * 2 + 1);
    // Just below 3/2.
    assert_eq!(fate(fraction.clone(), 20), Some(integer(191 << 13)));
    let [power] = [[fraction]];
    let problem = powered(&power, variable(0), Form::new(), integer(8));
    let certificate = at(8, 0, [20, 0]);
    let reader = Reader::new(&problem, &certificate).unwrap();
    assert_eq!(
        reader.read_rows(0, 0..1).err(),
        Some(Refusal::Term(0, 0, COST))
    );
}

/// Checks: powers whose numerator or denominator is beyond 32 bits, or whose roots are too long.
#[test]
fn strange_powers() {
    let fate = |weight: Rational, power: Rational| {
        let weight = [weight];
        let problem = powered(&weight, Form::new(), Form::new(), power);
        let certificate = at(8, 10, [0, 0]);
        Reader::new(&problem, &certificate).unwrap().by_rule(0, 0)
    };
    let big = Rational::from_integer(BigInt::one() << 40u32);
    assert_eq!(fate(integer(1), big.clone()), None);
    assert_eq!(fate(integer(1), big.recip()), None);
    assert_eq!(fate(integer(2), integer(257)), Some(two_to(267)));
    assert_eq!(
        fate(integer(2), integer(1 << 17)),
        Some(two_to((1 << 17) + 10))
    );
    assert_eq!(fate(integer(2), integer((1 << 17) + 1)), None, "too long");
    assert_eq!(fate(ratio(1, 2), integer(258)), Some(integer(0)));
    assert_eq!(fate(integer(1), ratio(1, 4095)), Some(integer(1024)));
    assert_eq!(fate(integer(1), ratio(1, 4096)), None);
    assert_eq!(
        fate(integer(4), Rational::new_raw(4.into(), 2.into())),
        Some(integer(16 << 10))
    );
    assert_eq!(
        fate(integer(4), Rational::new_raw(2.into(), 4.into())),
        Some(integer(2 << 10))
    );
}

/// Checks: more than the 192 bits of a short term on the grid, and a shift by 256 bits, which leaves 0.
#[test]
fn the_grid() {
    let full: BigInt = (BigInt::one() << 85u32) - 1;
    let weight = [Rational::from_integer(full.clone() << 107u32)];
    let problem = term(&weight, Form::new(), Form::new());
    let fate = |grid: i64| {
        let certificate = at(85, grid, [0, 0]);
        Reader::new(&problem, &certificate).unwrap().by_rule(0, 0)
    };
    assert_eq!(fate(0), Some(weight[0].clone()));
    for grid in [1, 63, 64, 65, 16384] {
        assert_eq!(fate(grid), Some(&weight[0] * two_to(grid)), "{grid}");
    }
    for grid in 1..300 {
        let down = (&full << 107u32) >> (grid as u32);
        assert_eq!(fate(-grid), Some(Rational::from_integer(down)), "{grid}");
    }
    // Factors with exponents of their own, whose sum is beyond what is counted.
    let weight = [integer(1)];
    let problem = term(&weight, variable(0), variable(1));
    for exponents in [
        [i64::MAX - 1000, i64::MAX - 1000],
        [i64::MIN + 1000, i64::MIN + 1000],
    ] {
        let certificate = at(85, 0, exponents);
        let refused = verify(&problem, &certificate).err();
        assert_eq!(refused, Some(Refusal::Term(0, 0, COST)));
    }
    let certificate = at(85, 0, [i64::MAX - 1000, -(i64::MAX - 1000)]);
    assert_eq!(
        Reader::new(&problem, &certificate).unwrap().by_rule(0, 0),
        Some(integer(1))
    );
}

/// Checks: exponents of multipliers at the ends of 64 bits.
#[test]
fn exponents_of_multipliers() {
    let weight = [integer(1)];
    let fate = |exponent: i64, power: Rational| {
        let problem = term(&weight, form([(0, power)]), Form::new());
        let certificate = at(8, 0, [exponent, 0]);
        Reader::new(&problem, &certificate).map(|_| ()).err()
    };
    let refused = Some(Refusal::Form(0, PRODUCT));
    for exponent in [i64::MIN, i64::MIN + 1, i64::MAX] {
        assert_eq!(fate(exponent, integer(2)), refused);
        assert_eq!(fate(exponent, integer(-3)), refused);
    }
    assert_eq!(fate(i64::MIN, integer(-1)), refused);
    assert_eq!(fate(i64::MIN, integer(1)), refused);
    assert_eq!(fate(i64::MAX, integer(1)), None);
    assert_eq!(fate(i64::MAX / 2, integer(2)), None);
    assert_eq!(
        fate(0, Rational::from_integer(BigInt::one() << 40u32)),
        refused
    );
    assert_eq!(fate(0, integer(1 << 19)), refused);
}

/// Checks: the ends of a cost are written out up to 262,144 binary places.
#[test]
fn ends_that_are_written_out() {
    let number = |mantissa: u32, exponent| Number::new(mantissa.into(), exponent).to_rational();
    assert_eq!(number(1, 262143), Some(two_to(262143)));
    assert_eq!(number(1, 262144), None);
    assert_eq!(number(3, -262143), Some(integer(3) * two_to(-262143)));
    assert_eq!(number(3, -262144), None);
    assert_eq!(number(0, 5), Some(integer(0)));
    assert_eq!(number(6, -1), Some(integer(3)));
    assert_eq!((number(1, i64::MIN), number(1, i64::MAX)), (None, None));
    let long = |bits: u32| Number::new(BigUint::one() << (bits - 1), 0).to_rational();
    assert_eq!(long(262144), Some(two_to(262143)));
    assert_eq!(long(262145), None);
    // Three factors of 8 bits add 21 places, and their product has 22 bits.
    let weight = [integer(1)];
    let problem = term(&weight, variable(0), Form::new());
    let fate = |exponent: i64| {
        let certificate = Certificate {
            exceptions: BTreeMap::from([((0, 0), Rational::zero())]),
            ..at(8, 0, [exponent, 0])
        };
        let certified = verify(&problem, &certificate)?;
        assert_eq!(
            (certified.not_enclosed(), certified.balanced_cost(0, 0)),
            (1, None)
        );
        Ok(())
    };
    let refused = Err(Refusal::Term(0, 0, EXCEPTION));
    assert_eq!(fate(-262143 + 21), Ok(()));
    assert_eq!(fate(-262144 + 21), Err(Refusal::Term(0, 0, COST)));
    assert_eq!(fate(i64::MAX), refused.or(Err(Refusal::Term(0, 0, GRID))));
}

/// A number at or near one of the limits.
fn extreme(random: &mut Random) -> i64 {
    let near = random.between(-3, 3);
    let ends = [
        0,
        0,
        1,
        192,
        256,
        4096,
        1 << 14,
        1 << 16,
        1 << 32,
        i64::MAX,
        i64::MIN,
        -256,
        -262144,
    ];
    random.pick(&ends).saturating_add(near)
}

fn any(random: &mut Random) -> Rational {
    let above = BigInt::from(extreme(random));
    let below = BigInt::from(extreme(random));
    match random.chance(10) || below.is_zero() {
        // Neither reduced nor, maybe, a number.
        true => Rational::new_raw(above, below),
        false if random.chance(5) => Rational::new(above.pow(1100), below.pow(900)),
        false => Rational::new(above, below),
    }
}

/// Checks: whatever the numbers, the kernel answers or refuses: no panic, no overflow.
#[test]
fn nonsense_is_refused() {
    check(sampled(800), |seed| {
        let mut random = Random::new(seed);
        let random = &mut random;
        let weights: Vec<Rational> = (0..4).map(|_| any(random)).collect();
        let floats: Vec<[u8; 8]> = (0..4).map(|_| random.bits().to_le_bytes()).collect();
        let small = |random: &mut Random| match random.chance(80) {
            true => ratio(random.between(1, 3), random.between(1, 3)),
            false => any(random),
        };
        let form = |random: &mut Random| {
            let variables = random.between(0, 2) as usize;
            form((0..variables).map(|variable| (variable, small(random))))
        };
        let forms: Vec<Form> = (0..3).map(|_| form(random)).collect();
        let is_list = random.chance(50);
        let block = Block {
            entries: match random.chance(50) {
                true => rationals(&weights),
                false => Entries::F64(&floats),
            },
            rows: vec![0, 1],
            columns: vec![2, 0],
            layout: match is_list {
                true => Layout::List(vec![(0, 1), (1, 0), (1, 1), (0, 0)]),
                false => Layout::Dense,
            },
            power: small(random),
            coefficient: small(random),
            again: false,
        };
        let Ok(problem) = Problem::new(2, forms, vec![block]) else {
            return true;
        };
        let point = (0..2).map(|_| Number::new(random.bits().into(), extreme(random)));
        let certificate = Certificate {
            point: point.collect(),
            bits: random.between(7, 86) as u32,
            grid: if random.chance(50) {
                random.between(-300, 300)
            } else {
                extreme(random)
            },
            exceptions: (0..random.between(0, 4))
                .map(|entry| {
                    (
                        (random.between(0, 1) as usize, entry as usize),
                        small(random),
                    )
                })
                .collect(),
            ..Certificate::default()
        };
        let Ok(reader) = Reader::new(&problem, &certificate) else {
            return true;
        };
        let end = extreme(random).unsigned_abs() as usize;
        let start = extreme(random).unsigned_abs() as usize;
        let _ = reader.read_rows(0, start..end);
        for entry in 0..5 {
            let _ = reader.by_rule(0, entry);
        }
        let Ok(band) = reader.read_rows(0, 0..if is_list { 4 } else { 2 }) else {
            return true;
        };
        let bands = vec![band];
        if let Ok(left) = reader.imbalance(&bands) {
            assert!(left.len() <= 2);
        }
        let Ok(certified) = reader.finish(bands) else {
            return true;
        };
        for entry in 0..5 {
            let _ = (
                certified.balanced_cost(0, entry),
                certified.term_radius(0, entry),
            );
        }
        let _ = certified.radius();
        let place = |random: &mut Random| {
            let variable = random.between(0, 2) as usize;
            (
                variable,
                (random.between(0, 1) as usize, random.between(0, 4) as usize),
            )
        };
        let order: Vec<_> = (0..3).map(|_| place(random)).collect();
        let _ = certified.multiplier_radii(&order);
        let lists = [Entries::F64(&floats), rationals(&weights)];
        for list in lists {
            let _ = certified.factors_from_balance(&[list]);
        }
        true
    });
}

/// Checks: a gap of exactly a sixteenth of the cost gives the radius 1/2, not more; above it nothing is enclosed.
#[test]
fn the_largest_radius() {
    let weight = [integer(3)];
    let problem = term(&weight, Form::new(), Form::new());
    let fate = |y: Rational| {
        let certificate = Certificate {
            exceptions: BTreeMap::from([((0, 0), y)]),
            ..at(85, 0, [0, 0])
        };
        let certified = verify(&problem, &certificate).unwrap();
        (
            certified.gap(),
            certified.radius(),
            certified.balanced_cost(0, 0),
        )
    };
    // (15/4 - 3)²/3 = 3/16.
    let (gap, radius, bounds) = fate(ratio(15, 4));
    assert_eq!((gap, radius), (ratio(3, 16), Some(ratio(1, 2))));
    let (low, high) = bounds.unwrap();
    assert!(low == ratio(3, 2) && high > integer(6) && high < integer(6) + two_to(-79));
    let (gap, radius, bounds) = fate(ratio(15, 4) + two_to(-30));
    assert!(gap > ratio(3, 16) && radius.is_none() && bounds.is_none());
}

/// Checks: sums that need more than the 192 bits of a term.
#[test]
fn long_sums() {
    let full: BigInt = ((BigInt::one() << 85u32) - 1) << 107u32;
    let weight = Rational::from_integer(full.clone());
    let weights = vec![weight.clone(); 10];
    let exponent = |value| form([(0, integer(value))]);
    let block = Block {
        entries: rationals(&weights),
        rows: vec![1, 2],
        columns: vec![0; 5],
        layout: Layout::Dense,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    let forms = vec![Form::new(), exponent(1), exponent(-1)];
    let problem = Problem::new(1, forms, vec![block]).unwrap();
    let point = vec![Number::new(BigUint::one(), 0)];
    let certificate = Certificate {
        point,
        bits: 85,
        grid: 0,
        ..Default::default()
    };
    let reader = Reader::new(&problem, &certificate).unwrap();
    let bands = vec![reader.read_rows(0, 0..1).unwrap()];
    let expected = BTreeMap::from([(0, integer(5) * &weight)]);
    assert_eq!(reader.imbalance(&bands), Ok(expected));
    let certified = verify(&problem, &certificate).unwrap();
    let sum = integer(10) * &weight;
    assert!(certified.gap() <= (&sum * two_to(-163)));
    let (low, high) = certified.balanced_cost(0, 7).unwrap();
    assert!(low <= weight && weight <= high);
}

/// Checks: terms, and sums of terms, of just below and just above 256 bits, a weight of 0 among them, are those of
/// numbers of any length.
#[test]
fn terms_and_sums_about_256_bits() {
    for shift in (165u32..175).chain([300]) {
        let full: BigInt = ((BigInt::one() << 85u32) - 1) << shift;
        let weight = Rational::from_integer(full);
        let row = [1, 1, 0, 1].map(|times| &weight * integer(times));
        let weights = [row.clone(), row].concat();
        let exponent = |value| form([(0, integer(value))]);
        let block = Block {
            entries: rationals(&weights),
            rows: vec![1, 2],
            columns: vec![0; 4],
            layout: Layout::Dense,
            power: integer(1),
            coefficient: integer(1),
            again: false,
        };
        let forms = vec![Form::new(), exponent(1), exponent(-1)];
        let problem = Problem::new(1, forms, vec![block]).unwrap();
        let certificate = Certificate {
            point: vec![Number::new(BigUint::one(), 0)],
            bits: 85,
            grid: 0,
            ..Default::default()
        };
        let reader = Reader::new(&problem, &certificate).unwrap();
        let bands = vec![reader.read_rows(0, 1..2).unwrap()];
        let expected = BTreeMap::from([(0, integer(-3) * &weight)]);
        assert_eq!(reader.imbalance(&bands), Ok(expected), "{shift}");
        let certified = verify(&problem, &certificate).unwrap();
        assert!(certified.gap() <= (integer(6) * &weight * two_to(-163)));
        assert!(certified.balanced_cost(0, 2).is_none());
        let (low, high) = certified.balanced_cost(0, 7).unwrap();
        assert!(low <= weight && weight <= high);
        let factors = certified.factors_from_balance(&[rationals(&weights)]);
        let (low, high) = factors.unwrap().unwrap();
        assert!(integer(1) - two_to(-58) < low && low <= integer(1));
        assert!(integer(1) <= high && high < integer(1) + two_to(-58));
    }
}

/// Checks: weights of 0 are passed over also where a root of a high degree would be out of range; so they take no time.
#[test]
fn zeros_under_a_root() {
    let weights = [0f32.to_le_bytes(), (-0f32).to_le_bytes()];
    let block = Block {
        entries: Entries::F32(&weights),
        rows: vec![0],
        columns: vec![0; 2],
        layout: Layout::Dense,
        power: Rational::new(1.into(), 4000.into()),
        coefficient: Rational::new(3.into(), 7.into()),
        again: false,
    };
    let problem = Problem::new(0, vec![vec![]], vec![block]).unwrap();
    let certificate = Certificate {
        bits: 80,
        ..Certificate::default()
    };
    let reader = Reader::new(&problem, &certificate).unwrap();
    let band = reader.read(0, 0..2).unwrap();
    let certified = reader.finish(vec![band]).unwrap();
    assert_eq!(certified.not_enclosed(), 0);
    assert_eq!(certified.balanced_cost(0, 0), None);
}
