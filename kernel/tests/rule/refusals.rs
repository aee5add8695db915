//! What is refused, and with which reason.

use num_traits::Zero;
use synaptic_balance_kernel::{
    Block, Certificate, Entries, Form, Layout, MAX_BITS, Number, Problem, Rational, Reader, Refusal,
};

use crate::exact::{integer, ratio};
use crate::maker::*;

/// What arithmetic panics at: only `new_raw` makes it.
fn quotient_by_zero() -> Rational {
    Rational::new_raw(1.into(), 0.into())
}

fn block<'a>(entries: Entries<'a>, layout: Layout, rows: usize, columns: usize) -> Block<'a> {
    Block {
        entries,
        rows: vec![0; rows],
        columns: vec![0; columns],
        layout,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    }
}

/// Checks: blocks that do not fit.
#[test]
fn blocks_that_do_not_fit() {
    let weights: Vec<Rational> = (1..7).map(integer).collect();
    let entries = rationals(&weights);
    let refused = |block: Block| {
        let good = self::block(entries.clone(), Layout::Dense, 2, 3);
        match Problem::new(0, vec![Form::new()], vec![good, block]) {
            Err(Refusal::Block(1, reason)) => Some(reason),
            Err(other) => panic!("{other}"),
            Ok(problem) => {
                assert_eq!(problem.blocks().len(), 2);
                assert_eq!(problem.forms().len(), 1);
                None
            }
        }
    };
    let list = |places: &[(usize, usize)]| Layout::List(places.to_vec());
    let fit = "its entries do not fit its rows and columns";
    let outside = "its entries do not fit its rows and columns";
    let positive = "power and coefficient must be positive";
    let places = [(0, 0), (1, 2), (1, 2), (0, 1), (1, 0), (0, 2)];
    assert_eq!(refused(block(entries.clone(), Layout::Dense, 2, 3)), None);
    assert_eq!(
        refused(block(entries.clone(), Layout::Dense, 2, 2)),
        Some(fit)
    );
    assert_eq!(
        refused(block(entries.clone(), Layout::Dense, 7, 1)),
        Some(fit)
    );
    let empty = Entries::F64(&[]);
    assert_eq!(refused(block(empty.clone(), Layout::Dense, 7, 0)), None);
    assert_eq!(
        refused(block(empty.clone(), Layout::Dense, 1, 1)),
        Some(fit)
    );
    assert_eq!(refused(block(entries.clone(), list(&places), 2, 3)), None);
    assert_eq!(
        refused(block(entries.clone(), list(&places[1..]), 2, 3)),
        Some(fit)
    );
    assert_eq!(
        refused(block(entries.clone(), list(&places), 1, 3)),
        Some(outside)
    );
    assert_eq!(
        refused(block(entries.clone(), list(&places), 2, 2)),
        Some(outside)
    );
    let good = block(entries.clone(), Layout::Dense, 2, 3);
    let no_form = Some("a form does not exist");
    assert_eq!(
        refused(Block {
            rows: vec![0, 1],
            ..good.clone()
        }),
        no_form
    );
    assert_eq!(
        refused(Block {
            columns: vec![0, 0, 1],
            ..good.clone()
        }),
        no_form
    );
    for value in [integer(0), integer(-1), ratio(-1, 2), quotient_by_zero()] {
        assert_eq!(
            refused(Block {
                power: value.clone(),
                ..good.clone()
            }),
            Some(positive)
        );
        assert_eq!(
            refused(Block {
                coefficient: value,
                ..good.clone()
            }),
            Some(positive)
        );
    }
}

/// Checks: forms with variables that do not exist or twice, and exponents that are 0 or no number.
#[test]
fn forms_that_are_none() {
    let refused = |factors: &[(usize, Rational)]| {
        let forms = vec![Form::new(), factors.to_vec()];
        Problem::new(3, forms, vec![]).err()
    };
    let wrong = Some(Refusal::Form(1, FORM));
    assert_eq!(
        refused(&[(0, integer(1)), (2, integer(1)), (1, integer(-2))]),
        None
    );
    assert_eq!(refused(&[(3, integer(1))]), wrong);
    assert_eq!(
        refused(&[(2, integer(1)), (0, integer(1)), (2, integer(1))]),
        wrong
    );
    assert_eq!(refused(&[(1, integer(0))]), wrong);
    assert_eq!(refused(&[(1, quotient_by_zero())]), wrong);
    assert_eq!(
        refused(&[(1, Rational::new_raw(1.into(), (-2).into()))]),
        wrong
    );
}

/// `x + 4/x`, and a weight of 0.
fn simple(weights: &[Rational]) -> Problem<'_> {
    let exponent = |value| form([(0, integer(value))]);
    let block = Block {
        rows: vec![1, 2, 1],
        ..block(rationals(weights), Layout::Dense, 3, 1)
    };
    Problem::new(1, vec![Form::new(), exponent(1), exponent(-1)], vec![block]).unwrap()
}

fn weights() -> Vec<Rational> {
    vec![integer(1), integer(-4), integer(0)]
}

fn at(mantissa: u32) -> Certificate {
    let point = vec![Number::new(mantissa.into(), 0)];
    Certificate {
        point,
        bits: 40,
        grid: 10,
        ..Default::default()
    }
}

/// Checks: certificates of a wrong shape.
#[test]
fn certificates_of_a_wrong_shape() {
    let weights = weights();
    let problem = simple(&weights);
    let refused = |certificate: Certificate| verify(&problem, &certificate).err();
    assert_eq!(refused(at(2)), None);
    assert_eq!(refused(at(3)), Some(Refusal::NotACirculation(0)));
    let two = vec![Number::new(2u32.into(), 0); 2];
    let arity = |found| Some(Refusal::Arity("multipliers", found, 1));
    assert_eq!(
        refused(Certificate {
            point: vec![],
            ..at(2)
        }),
        arity(0)
    );
    assert_eq!(
        refused(Certificate {
            point: two,
            ..at(2)
        }),
        arity(2)
    );
    assert_eq!(refused(at(0)), Some(Refusal::NotPositive("multiplier", 0)));
    for (bits, is_good) in [
        (7, false),
        (8, true),
        (MAX_BITS, true),
        (MAX_BITS + 1, false),
    ] {
        let expected = Some(Refusal::Range("the number of significant bits"));
        assert_eq!(
            refused(Certificate { bits, ..at(2) }),
            expected.filter(|_| !is_good)
        );
    }
    let limit = 1i64 << 14;
    let grid = |grid| Certificate { grid, ..at(2) };
    let range = Some(Refusal::Range("the grid"));
    for value in [limit + 1, -limit - 1, i64::MAX, i64::MIN] {
        assert_eq!(refused(grid(value)), range);
    }
    // With the coarsest one every term is light.
    assert_eq!(refused(grid(limit)), None);
    let coarse = grid(-limit);
    let certified = verify(&problem, &coarse).unwrap();
    assert_eq!(
        (certified.not_enclosed(), certified.is_attained()),
        (2, false)
    );
}

/// Checks: exceptions that are negative, no number, of a weight of 0, of an entry or a block that is not there.
#[test]
fn exceptions_of_no_term() {
    let weights = weights();
    let problem = simple(&weights);
    let refused = |block, entry, y: Rational| {
        let mut certificate = at(2);
        certificate.exceptions.insert((block, entry), y);
        verify(&problem, &certificate).err()
    };
    let fault = |block, entry| Some(Refusal::Term(block, entry, EXCEPTION));
    assert_eq!(refused(0, 0, integer(2048)), None);
    assert_eq!(
        refused(0, 0, integer(2047)),
        Some(Refusal::NotACirculation(0))
    );
    assert_eq!(refused(0, 0, integer(-2048)), fault(0, 0));
    assert_eq!(refused(0, 0, quotient_by_zero()), fault(0, 0));
    assert_eq!(
        refused(0, 0, Rational::new_raw((-4096).into(), (-2).into())),
        fault(0, 0)
    );
    assert_eq!(refused(0, 2, integer(0)), fault(0, 2));
    assert_eq!(refused(0, 2, integer(1)), fault(0, 2));
    assert_eq!(refused(0, 3, integer(0)), fault(0, 3));
    assert_eq!(refused(1, 0, integer(0)), fault(1, 0));
    assert_eq!(refused(0, usize::MAX, integer(0)), fault(0, usize::MAX));
    // In lowest terms or not, it is the same number.
    assert_eq!(
        refused(0, 0, Rational::new_raw(4096.into(), 2.into())),
        None
    );
}

/// Checks: NaN, infinities and quotients by 0 among the weights; zeros of either sign are no terms.
#[test]
fn weights_that_are_none() {
    fn fate(entries: Entries) -> Result<bool, Refusal> {
        let problem = Problem::new(
            0,
            vec![Form::new()],
            vec![block(entries.clone(), Layout::Dense, 1, entries.len())],
        )?;
        let certificate = Certificate {
            bits: 40,
            grid: 10,
            ..Default::default()
        };
        let reader = Reader::new(&problem, &certificate)?;
        let term = reader.by_rule(0, 1).is_some();
        let bands = vec![reader.read_rows(0, 0..1)?];
        let certified = reader.finish(bands)?;
        assert_eq!(certified.balanced_cost(0, 1).is_some(), term);
        Ok(term)
    }
    let refused = Err(Refusal::Term(0, 1, COST));
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1.0] {
        let expected = match value.is_finite() {
            true => Ok(value != 0.0),
            false => refused.clone(),
        };
        let [double, single] = [[1.0, value], [1.0, value]];
        assert_eq!(fate(Entries::F64(&double.map(f64::to_le_bytes))), expected);
        let single = single.map(|value| (value as f32).to_le_bytes());
        assert_eq!(fate(Entries::F32(&single)), expected);
        assert_eq!(
            fate(Entries::Bf16(&single.map(|[_, _, low, high]| [low, high]))),
            expected
        );
    }
    for (bits, expected) in [
        (0x7c00u16, None),
        (0xfc00, None),
        (0x7c01, None),
        (0x8000, Some(false)),
        (0, Some(false)),
    ] {
        let halves = [0x3c00u16.to_le_bytes(), bits.to_le_bytes()];
        assert_eq!(
            fate(Entries::F16(&halves)),
            expected.ok_or(refused.clone().unwrap_err())
        );
    }
    let refused = Err(Refusal::Block(0, "an entry is no number"));
    assert_eq!(fate(rationals(&[integer(1), quotient_by_zero()])), refused);
    assert_eq!(fate(rationals(&[integer(1), Rational::zero()])), Ok(false));
}
