//! The numbers under everything else: exact roots, outward rounding, unbounded exponents.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use quickcheck::quickcheck;
use synaptic_balance::numbers::{
    Direction, Dyadic, Enclosure, Order, Rational, Wide, nth_root, parse_rational,
    rational_from_f64, rational_power, rational_to_f64, simplest_between, sum,
};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn fraction(numerator: i64, denominator: u32) -> Rational {
    Rational::new(numerator.into(), (i64::from(denominator) + 1).into())
}

/// Checks: what the network format promises of exact numbers.
#[test]
fn texts_are_read_exactly_or_refused() {
    let good = [
        ("-3/4", "-3/4"),
        ("0.25", "1/4"),
        ("1e-3", "1/1000"),
        ("+2.50E1", "25"),
        ("-0", "0"),
        ("6/4", "3/2"),
    ];
    for (text, value) in good {
        assert_eq!(q(text).to_string(), value);
    }
    let bad = [
        "",
        "-",
        "1/0",
        "1/-2",
        "NaN",
        "inf",
        "-inf",
        "0x10",
        "1.",
        ".5",
        "1e",
        "1e1.5",
        " 1",
        "1 ",
        "1/2/3",
        "1,5",
        "--1",
        "1e99999999999999999999",
        "1e100001",
        "٣",
    ];
    for text in bad {
        assert!(parse_rational(text).is_err(), "{text:?} was read");
    }
}

quickcheck! {
    /// Checks: products and sums of mantissas of up to 128 bits, and of longer ones, are the nearest dyadics of the
    /// precision asked for on the side asked for.
    fn dyadics_are_rounded_to_the_last_place(a: (u128, u128), b: (u128, u128), shift: u8, bits: u8) -> bool {
        let bits = u64::from(bits) + 1;
        // One word long, or two.
        let number = |(low, high): (u128, u128), shift: u32| {
            let high = BigInt::from(if high % 2 == 0 { high } else { 0 });
            Rational::from_integer(((high << 128u32) + low) << shift)
        };
        let (x, y) = (number(a, 0), number(b, shift.into()));
        let dyadic = |value: &Rational| Dyadic::from_rational(value, 600, Direction::Down).unwrap();
        let (p, r) = (dyadic(&x), dyadic(&y));
        let rounded = |exact: &Rational, found: &dyn Fn(Direction) -> Dyadic| {
            let unit = BigInt::from(1) << exact.numer().bits().saturating_sub(bits);
            let lower = exact - found(Direction::Down).to_rational();
            let upper = found(Direction::Up).to_rational() - exact;
            [lower, upper].iter().all(|gap| !gap.is_negative() && *gap < Rational::from_integer(unit.clone()))
        };
        rounded(&(&x * &y), &|direction| p.mul(&r, bits, direction).unwrap())
            && rounded(&(&x + &y), &|direction| p.add(&r, bits, direction).unwrap())
    }

    /// Checks: the ends of an enclosed root have powers on both sides of the radicand, as near as the precision allows;
    /// where the root is short enough they are equal.
    fn roots_are_enclosed_to_the_last_place(base: u64, extra: u64, degree: u8, bits: u8) -> bool {
        let degree = u32::from(degree % 5) + 1;
        let bits = u64::from(bits) + 1;
        let whole = |value: u64| Rational::from_integer(value.into());
        [whole(base), whole(base).pow(degree as i32), whole(base).pow(degree as i32) + whole(extra)].iter().all(|value| {
            let exponent = Rational::new(1.into(), degree.into());
            let root = Enclosure::from_rational(value, 2_000).unwrap().power(&exponent, bits).unwrap();
            let (lo, hi) = (root.lo().to_rational(), root.hi().to_rational());
            let ulp = &lo / Rational::from_integer(BigInt::from(1) << (bits - 1));
            let exact = nth_root(value, degree).is_some_and(|root| root.numer().bits() <= bits);
            lo.pow(degree as i32) <= *value
                && *value <= hi.pow(degree as i32)
                && &hi - &lo <= ulp
                && (!exact || lo == hi)
        })
    }

    /// Checks: Thm 3.1, "rational iff B/A is the 2p-th power of a rational": the root is found exactly when it exists.
    fn roots_are_exact(numerator: i32, denominator: u16, degree: u8) -> bool {
        let degree = u32::from(degree % 40) + 1;
        let base = fraction(i64::from(numerator).abs(), u32::from(denominator));
        let power = num_traits::pow(base.clone(), degree as usize);
        let next = &power + Rational::one();
        let neighbour = nth_root(&next, degree).is_none_or(|root| num_traits::pow(root, degree as usize) == next);
        nth_root(&power, degree) == Some(base) && neighbour
    }

    /// Checks: enclosures hold the exact result of every operation, at any precision.
    fn enclosures_enclose(a: (i64, u32), b: (i64, u32), bits: u8) -> bool {
        let bits = u64::from(bits % 100) + 2;
        let (a, b) = (fraction(a.0, a.1).abs(), fraction(b.0, b.1).abs() + Rational::one());
        let (x, y) = (Enclosure::from_rational(&a, bits).unwrap(), Enclosure::from_rational(&b, bits).unwrap());
        let holds = |e: &Enclosure, v: &Rational| e.lo().to_rational() <= *v && *v <= e.hi().to_rational();
        let third = q("1/3");
        let root = y.power(&third, bits).unwrap();
        let cube = |value: Rational| num_traits::pow(value, 3);
        holds(&x, &a)
            && holds(&x.add(&y, bits).unwrap(), &(&a + &b))
            && holds(&x.mul(&y, bits).unwrap(), &(&a * &b))
            && holds(&y.reciprocal(bits).unwrap(), &b.recip())
            && holds(&y.power(&q("-3"), bits).unwrap(), &cube(b.recip()))
            && cube(root.lo().to_rational()) <= b && b <= cube(root.hi().to_rational())
    }

    /// Checks: sums of numbers of very different size stay enclosed when the small one is far below the last bit.
    fn distant_sums_are_enclosed(a: u32, b: u32, gap: u16, bits: u8) -> bool {
        let bits = u64::from(bits % 60) + 2;
        let large = Rational::from_integer((u64::from(a) + 1).into());
        let small = Rational::new((u64::from(b) + 1).into(), num_bigint::BigInt::one() << u64::from(gap));
        let sum = Enclosure::from_rational(&large, 80).unwrap()
            .add(&Enclosure::from_rational(&small, 80).unwrap(), bits).unwrap();
        sum.lo().to_rational() <= &large + &small && &large + &small <= sum.hi().to_rational()
    }

    /// Checks: comparison is three-valued and never claims what is not so.
    fn orders_are_true(a: (i64, u32), b: (i64, u32), bits: u8) -> bool {
        let bits = u64::from(bits % 20) + 2;
        let (a, b) = (fraction(a.0, a.1).abs(), fraction(b.0, b.1).abs());
        let enclose = |value| Enclosure::from_rational(value, bits).unwrap();
        match enclose(&a).order(&enclose(&b)).unwrap() {
            Order::AtMost => a <= b,
            Order::Greater => a > b,
            Order::Unknown => true,
        }
    }

    /// Checks: the simplest rational lies in its interval and has the least denominator there.
    fn simplest_is_simplest(a: (i16, u8), b: (i16, u8)) -> bool {
        let (a, b) = (fraction(a.0.into(), a.1.into()), fraction(b.0.into(), b.1.into()));
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        let found = simplest_between(&low, &high).unwrap();
        let smaller_denominators = 1..found.denom().try_into().unwrap_or(1u32);
        let none_smaller = smaller_denominators.into_iter().all(|denominator| {
            let scaled = Rational::from_integer(denominator.into());
            (&low * &scaled).ceil() > (&high * &scaled).floor()
        });
        low <= found && found <= high && none_smaller
    }

    /// Checks: pairwise sums equal sums from left to right.
    fn sums_are_sums(terms: Vec<(i32, u16)>) -> bool {
        let terms: Vec<_> = terms.into_iter().map(|(n, d)| fraction(n.into(), d.into())).collect();
        sum(&terms) == terms.iter().fold(Rational::zero(), |total, term| total + term)
    }

    /// Checks: conversions between f64 and rationals lose nothing that f64 can hold.
    fn floats_survive(value: f64) -> bool {
        match rational_from_f64(value) {
            Some(exact) => rational_to_f64(&exact) == value,
            None => !value.is_finite(),
        }
    }

    /// Checks: floats of unbounded exponent agree with rationals to the precision of f64, far outside its range.
    fn wide_agrees_with_rationals(a: (u32, u16), b: (u32, u16), shift: i16) -> bool {
        let positive = |(n, d): (u32, u16)| Rational::new((u64::from(n) + 1).into(), (u64::from(d) + 1).into());
        // Up to 2^8191, eight times as far as `f64` goes.
        let shift = usize::from(shift.unsigned_abs() / 4);
        let scale = num_traits::pow(Rational::from_integer(2.into()), shift);
        let (a, b) = (positive(a) * scale, positive(b));
        let (x, y) = (Wide::from_rational(&a), Wide::from_rational(&b));
        let close = |wide: Wide, exact: &Rational| {
            let error = (wide.to_rational().unwrap() / exact - Rational::one()).abs();
            error < q("1e-14")
        };
        close(x * y, &(&a * &b)) && close(x / y, &(&a / &b)) && close(x + y, &(&a + &b))
            && close(y.power(&q("3")), &num_traits::pow(b.clone(), 3))
            && close(y.sqrt() * y.sqrt(), &b)
            && close(Wide::exp(y.ln()), &b)
    }
}

/// Checks: powers that are irrational, undefined or too large are refused rather than rounded.
#[test]
fn powers_are_exact_or_absent() {
    assert_eq!(rational_power(&q("8/27"), &q("-2/3")), Some(q("9/4")));
    assert_eq!(rational_power(&q("2"), &q("1/2")), None);
    assert_eq!(rational_power(&q("0"), &q("0")), Some(q("1")));
    assert_eq!(rational_power(&q("0"), &q("-1")), None);
    assert_eq!(rational_power(&q("-2"), &q("3")), Some(q("-8")));
    assert_eq!(rational_power(&q("2"), &q("9999999999")), None);
}
