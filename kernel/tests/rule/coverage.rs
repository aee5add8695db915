//! Bands must cover every row of every block once, and be the reader's own.

use synaptic_balance_kernel::{
    Band, Block, Certificate, Certified, Entries, Form, Layout, Number, Problem, Rational, Reader,
    Refusal,
};

use crate::exact::{integer, ratio};
use crate::maker::*;

/// 4 rows of 2 weights without variables, as a block; a block without columns; one without rows; a list of 3.
fn blocks(weights: &[Rational]) -> Vec<Block<'_>> {
    let block = |entries, rows: usize, columns: usize, layout| Block {
        entries,
        rows: vec![0; rows],
        columns: vec![0; columns],
        layout,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    vec![
        block(rationals(weights), 4, 2, Layout::Dense),
        block(rationals(&[]), 3, 0, Layout::Dense),
        block(Entries::F32(&[]), 0, 5, Layout::Dense),
        block(
            rationals(&weights[..3]),
            1,
            2,
            Layout::List(vec![(0, 0), (0, 1), (0, 1)]),
        ),
    ]
}

type Read<'a> = &'a dyn Fn(&Reader, &Reader) -> Result<Vec<Band>, Refusal>;

/// Runs a certificate without variables over the blocks, with such bands, and with all of them joined.
fn finish(bands: Read, check: &dyn Fn(Result<Certified, Refusal>)) {
    let weights: Vec<Rational> = (1..9).map(integer).collect();
    let all = blocks(&weights);
    let problem = Problem::new(0, vec![Form::new()], all).unwrap();
    let certificate = Certificate {
        bits: 40,
        grid: 10,
        ..Default::default()
    };
    let alone = |bands: Vec<Band>| bands;
    let joined = |bands: Vec<Band>| bands.into_iter().reduce(Band::join).into_iter().collect();
    for arrange in [&alone as &dyn Fn(Vec<Band>) -> Vec<Band>, &joined] {
        let reader = Reader::new(&problem, &certificate).unwrap();
        let other = Reader::new(&problem, &certificate).unwrap();
        let bands = bands(&reader, &other);
        check(bands.and_then(|bands| reader.finish(arrange(bands))));
    }
}

/// What is left to read beside the first block.
fn rest(reader: &Reader) -> Result<Vec<Band>, Refusal> {
    Ok(vec![
        reader.read_rows(1, 0..3)?,
        reader.read_rows(3, 0..2)?,
        reader.read_rows(3, 2..3)?,
    ])
}

fn refused(block: usize, first: &[(usize, std::ops::Range<usize>)]) {
    finish(
        &|reader, _| {
            let mut bands = rest(reader)?;
            for (block, rows) in first {
                bands.push(reader.read_rows(*block, rows.clone())?);
            }
            Ok(bands)
        },
        &|result| {
            assert_eq!(
                result.err(),
                Some(Refusal::Block(block, COVER)),
                "{first:?}"
            )
        },
    );
}

/// Checks: bands in any order, empty ones among them, even twice.
#[test]
fn bands_in_any_order() {
    finish(
        &|reader, _| {
            let mut bands = rest(reader)?;
            for rows in [3..4, 1..1, 0..1, 1..1, 4..4, 1..3, 0..0] {
                bands.push(reader.read_rows(0, rows)?);
            }
            bands.push(reader.read_rows(2, 0..0)?);
            Ok(bands)
        },
        &|result| {
            let certified = result.unwrap();
            assert!(certified.is_attained() && certified.not_enclosed() == 0);
            // Eleven weights, exactly on the grid: what is lost is at most its share of each.
            assert!(certified.gap() > integer(0) && certified.gap() < ratio(11, 1024));
        },
    );
}

/// Checks: rows that are missing, read twice, or that overlap; of a block and of a list, at either end and between.
#[test]
fn bands_that_do_not_cover() {
    refused(0, &[]);
    refused(0, &[(0, 0..3)]);
    refused(0, &[(0, 1..4)]);
    refused(0, &[(0, 0..1), (0, 2..4)]);
    refused(0, &[(0, 0..4), (0, 0..4)]);
    refused(0, &[(0, 0..4), (0, 0..3)]);
    refused(0, &[(0, 0..2), (0, 1..4)]);
    refused(0, &[(0, 0..2), (0, 2..4), (0, 3..4)]);
    refused(0, &[(0, 0..4), (0, 2..3)]);
    refused(3, &[(0, 0..4), (3, 1..2)]);
    // Rows that are not there.
    refused(0, &[(0, 0..5)]);
    refused(0, &[(0, 5..5)]);
    refused(2, &[(2, 0..1)]);
    refused(3, &[(3, 3..4)]);
    refused(4, &[(4, 0..0)]);
    #[allow(clippy::reversed_empty_ranges)]
    refused(0, &[(0, 3..1)]);
}

/// Checks: rows that are not there are refused where they are to be read.
#[test]
fn rows_that_do_not_exist() {
    finish(
        &|reader, _| {
            #[allow(clippy::reversed_empty_ranges)]
            let wrong = [
                (0, 0..5),
                (0, 5..5),
                (0, 3..1),
                (3, 4..4),
                (2, 1..1),
                (4, 0..0),
            ];
            for (block, rows) in wrong {
                let refused = reader.read_rows(block, rows.clone()).err();
                assert_eq!(refused, Some(Refusal::Block(block, COVER)), "{rows:?}");
            }
            let mut bands = rest(reader)?;
            bands.push(reader.read_rows(0, 0..4)?);
            Ok(bands)
        },
        &|result| assert!(result.is_ok()),
    );
}

/// Checks: a band of another reader of the same problem and certificate, even an empty one.
#[test]
fn bands_of_another_reader() {
    for rows in [0..4, 0..0] {
        finish(
            &|reader, other| {
                let mut bands = rest(reader)?;
                bands.push(other.read_rows(0, rows.clone())?);
                if rows.is_empty() {
                    bands.push(reader.read_rows(0, 0..4)?);
                }
                Ok(bands)
            },
            &|result| assert_eq!(result.err(), Some(Refusal::Block(0, COVER))),
        );
    }
}

/// Checks: bands read for another certificate, in which the same sums would cancel.
#[test]
fn bands_of_another_certificate() {
    let weights = [integer(1), integer(4)];
    let exponent = |value| form([(0, integer(value))]);
    let block = Block {
        entries: rationals(&weights),
        rows: vec![1, 2],
        columns: vec![0],
        layout: Layout::Dense,
        power: integer(1),
        coefficient: integer(1),
        again: false,
    };
    let forms = vec![Form::new(), exponent(1), exponent(-1)];
    let problem = Problem::new(1, forms, vec![block]).unwrap();
    let at = |value: u32| Certificate {
        point: vec![Number::new(value.into(), 0)],
        bits: 40,
        grid: 10,
        ..Default::default()
    };
    let (right, wrong) = (at(2), at(3));
    let reader = Reader::new(&problem, &right).unwrap();
    let bands = vec![reader.read_rows(0, 0..2).unwrap()];
    let other = Reader::new(&problem, &wrong).unwrap();
    assert_eq!(other.finish(bands).err(), Some(Refusal::Block(0, COVER)));
    let other = Reader::new(&problem, &wrong).unwrap();
    let bands = vec![other.read_rows(0, 0..2).unwrap()];
    assert_eq!(other.finish(bands).err(), Some(Refusal::NotACirculation(0)));
    let bands = vec![reader.read_rows(0, 0..2).unwrap()];
    assert!(reader.finish(bands).unwrap().is_attained());
}

/// Checks: nothing at all is balanced.
#[test]
fn the_empty_problem() {
    let problem = Problem::new(0, vec![], vec![]).unwrap();
    let certificate = Certificate {
        bits: 8,
        ..Default::default()
    };
    let certified = Reader::new(&problem, &certificate)
        .unwrap()
        .finish(vec![])
        .unwrap();
    assert!(certified.is_attained());
    assert_eq!(&certified.gap(), &integer(0));
    assert_eq!(certified.radius(), Some(integer(0)));
    assert_eq!(certified.balanced_cost(0, 0), None);
    assert!(Entries::F64(&[]).is_empty() && !Entries::F16(&[[0, 0]]).is_empty());
}
