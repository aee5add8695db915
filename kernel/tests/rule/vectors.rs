//! Known values of the rule, computed in another language by bisection.

use num_bigint::BigUint;
use std::str::FromStr;
use synaptic_balance_kernel::{
    Block, Certificate, Entries, Layout, Number, Problem, Rational, Reader,
};

use crate::maker::*;

/// The format, the weight (floats by their bits), the power, the coefficient, the two forms, the point, significant
/// bits, the grid; `2^grid · y`.
type Vector = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(usize, &'static str)],
    &'static [(usize, &'static str)],
    [(&'static str, i64); 3],
    u32,
    i64,
    &'static str,
);

const SMALL: [(&str, i64); 3] = [("3", 0), ("5", -1), ("7", 3)];
const LONG: [(&str, i64); 3] = [
    ("fedcba9876543210f", -67),
    ("123456789abcdef01", -66),
    ("deadbeefcafebabe1", -68),
];
const SQUARE: [(&str, i64); 3] = [("9", 0), ("1", 0), ("1", 0)];

#[rustfmt::skip]
const VECTORS: &[Vector] = &[
    ("Rational", "-7", "1", "1", &[(0, "1")], &[(1, "-1")], SMALL, 8, 20, "8773632"),
    ("Rational", "1/3", "1", "1", &[(0, "1")], &[(1, "-1")], SMALL, 8, 20, "416160"),
    ("Rational", "1/3", "2", "1", &[(0, "1")], &[(1, "-1")], SMALL, 85, 100, "169020080030430586866227086950"),
    ("Rational", "22/7", "1/2", "1", &[], &[], SMALL, 8, 10, "1808"),
    ("Rational", "22/7", "1/2", "1", &[], &[], SMALL, 85, 160, "2590965478908256089384959480067252111691470602240"),
    ("Rational", "2", "1/2", "5/3", &[(0, "1/2")], &[(1, "-1/3")], SMALL, 64, 80, "3636447804773821228846859"),
    ("Rational", "-10/9", "3/2", "7/5", &[(0, "1/2"), (1, "-2/3"), (2, "5/4")], &[(2, "-1")], SMALL, 53, 60, "4862709286353178608"),
    ("Rational", "10/9", "3", "1/11", &[(0, "2"), (1, "-3")], &[(2, "1"), (0, "-3")], SMALL, 85, 120, "198027731508215425385012438764836577"),
    ("Rational", "123456789/1000", "2/3", "1", &[(0, "1/6")], &[(1, "1/10")], LONG, 85, 150, "3500190345874462869468718646255891777781938093817"),
    ("Rational", "9/4", "7/5", "3", &[(0, "-7/12")], &[(1, "11/12")], LONG, 33, 40, "2169711055070"),
    ("F64", "3ff199999999999a", "1", "1", &[(0, "1")], &[(1, "-1")], LONG, 85, 150, "10989807233835892115162010637283978750313854243"),
    ("F64", "bfb999999999999a", "2", "1", &[(0, "1")], &[(1, "-1")], LONG, 85, 150, "99907338489417204072002661716630946011273551"),
    ("F64", "3fb999999999999a", "2", "1", &[(0, "1")], &[(1, "-1")], LONG, 8, 50, "78143658393600"),
    ("F64", "400d99999999999a", "1/2", "1", &[(0, "1")], &[(1, "-1")], LONG, 20, 50, "15159970807488000"),
    ("F64", "1a56e1fc2f8f359", "3/2", "1", &[], &[], SMALL, 60, 1600, "44462416477094046245482303324160"),
    ("F64", "1", "1", "1", &[], &[], SMALL, 85, 1100, "67108864"),
    ("F64", "fffffffffffff", "2", "1", &[], &[], SMALL, 85, 2100, "72057594037927904"),
    ("F64", "7fefffffffffffff", "1", "1", &[], &[(2, "-2")], SMALL, 85, -900, "6781775488698549619029869665805123"),
    ("F64", "8000000000000003", "3", "2/7", &[], &[], SMALL, 50, 3300, "2331499794971068710518784"),
    ("F32", "bf333333", "1", "1", &[(0, "1/2")], &[(1, "-1/2")], LONG, 85, 120, "2461764656862586533162609397159487456"),
    ("F32", "3f333333", "2", "1", &[(0, "1/2")], &[(1, "-1/2")], LONG, 24, 30, "1392018206"),
    ("F32", "1", "1", "1", &[], &[], SMALL, 85, 160, "2048"),
    ("F32", "7fffff", "2", "1", &[], &[], SMALL, 40, 300, "281474909601792"),
    ("F32", "7f7fffff", "3", "1/3", &[], &[], SMALL, 85, -300, "6447603218356586377728000"),
    ("F16", "3555", "1", "1", &[(0, "1")], &[], SMALL, 85, 30, "1073479680"),
    ("F16", "8001", "2", "1", &[(0, "1")], &[], SMALL, 85, 60, "12288"),
    ("F16", "3ff", "1/2", "1", &[(0, "1")], &[], SMALL, 30, 60, "27008400378298368"),
    ("F16", "7bff", "2", "1", &[], &[(1, "-2")], LONG, 10, 10, "54304022986752"),
    ("Bf16", "3eab", "1", "1", &[(0, "1")], &[], SMALL, 85, 30, "1075838976"),
    ("Bf16", "1", "2", "1", &[], &[], SMALL, 85, 280, "16384"),
    ("Bf16", "ff7f", "1", "1", &[], &[], SMALL, 8, -100, "267386880"),
    ("Bf16", "4049", "3/2", "1/2", &[], &[(2, "1/3")], LONG, 85, 90, "3288566586176122073937025774"),
    ("Rational", "4", "1/2", "1", &[], &[], SMALL, 85, 4, "32"),
    ("Rational", "1606938044258990275541962092341162602522202993782792835301375/1606938044258990275541962092341162602522202993782792835301376", "1", "1", &[], &[], SMALL, 8, 8, "255"),
    ("Rational", "1606938044258990275541962092341162602522202993782792835301377/1606938044258990275541962092341162602522202993782792835301376", "1", "1", &[], &[], SMALL, 8, 8, "256"),
    ("Rational", "8", "2/3", "1", &[], &[(0, "-1")], SQUARE, 12, 12, "1820"),
    ("F64", "bff199999999999a", "3", "1", &[], &[(1, "1")], SMALL, 85, 90, "4119245480722103862533637920"),
    ("F32", "3f8ccccd", "3", "1", &[], &[(1, "1")], SMALL, 30, 40, "3658625177600"),
];

fn number(text: &str) -> Rational {
    Rational::from_str(text).expect("a rational")
}

/// Checks: `y` of 38 terms: all formats, subnormals, the largest floats, fractional powers of weights, coefficients and
/// multipliers, perfect roots, and values just below and above a power of two.
#[test]
fn known_values() {
    for vector in VECTORS {
        let (format, weight, power, coefficient, row, column, point, bits, grid, expected) =
            *vector;
        let raw = u64::from_str_radix(weight, 16).unwrap_or(0);
        let [low, high, ..] = raw.to_le_bytes();
        let double = [raw.to_le_bytes()];
        let single = [(raw as u32).to_le_bytes()];
        let short = [[low, high]];
        let rational = [if format == "Rational" {
            number(weight)
        } else {
            number("1")
        }];
        let entries = match format {
            "F64" => Entries::F64(&double),
            "F32" => Entries::F32(&single),
            "F16" => Entries::F16(&short),
            "Bf16" => Entries::Bf16(&short),
            _ => rationals(&rational),
        };
        let form = |factors: &[(usize, &str)]| {
            form(
                factors
                    .iter()
                    .map(|(variable, exponent)| (*variable, number(exponent))),
            )
        };
        let block = Block {
            entries,
            rows: vec![0],
            columns: vec![1],
            layout: Layout::Dense,
            power: number(power),
            coefficient: number(coefficient),
            again: false,
        };
        let problem = Problem::new(3, vec![form(row), form(column)], vec![block]).expect("valid");
        let point = point.map(|(mantissa, exponent)| {
            Number::new(
                BigUint::parse_bytes(mantissa.as_bytes(), 16).expect("hexadecimal"),
                exponent,
            )
        });
        let certificate = Certificate {
            point: point.to_vec(),
            bits,
            grid,
            ..Default::default()
        };
        let reader = Reader::new(&problem, &certificate).expect("in range");
        assert_eq!(reader.by_rule(0, 0), Some(number(expected)), "{vector:?}");
    }
}
