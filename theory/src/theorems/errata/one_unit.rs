//! E2 to E4.

use num_traits::{One, Signed, Zero};

use crate::symbolic::statements;
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, positive, ratio, small};
use synaptic_balance_core::network::{Activation, Multiplier, Regularizer, chain};
use synaptic_balance_core::numbers::{Rational, rational_power};

/// `g(w) = ((w - 2)³ + 8)/3 + w/2` for `w > 0`.
fn bumpy(w: &Rational) -> Rational {
    ((w - integer(2)).pow(3) + integer(8)) / integer(3) + w / integer(2)
}

/// `w g'(w)`.
pub(in crate::theorems) fn bumpy_slope(w: &Rational) -> Rational {
    w * ((w - integer(2)).pow(2) + ratio(1, 2))
}

pub(super) fn several_minima(ledger: &mut Ledger) -> Result<(), Failure> {
    ledger.equal("g(0)", &bumpy(&Rational::zero()), &Rational::zero())?;
    let grid: Vec<Rational> = (0..=200).map(|n| ratio(n, 20)).collect();
    ledger.holds(
        grid.windows(2)
            .all(|pair| bumpy(&pair[0]) < bumpy(&pair[1])),
        || "g does not increase".into(),
    )?;
    let r = |lambda: &Rational| bumpy(lambda) + bumpy(&lambda.recip());
    let (one, two) = (integer(1), integer(2));
    ledger.equal("R(1)", &r(&one), &ratio(17, 3))?;
    ledger.equal("R(2)", &r(&two), &ratio(131, 24))?;
    ledger.equal("R(1/2)", &r(&ratio(1, 2)), &r(&two))?;
    ledger.holds(r(&one) > r(&two), || "λ = 1 is better".into())?;
    for n in 1..=50 {
        let lambda = &one + ratio(1, 100 * n);
        ledger.holds(
            r(&lambda) < r(&one) && r(&lambda) == r(&lambda.recip()),
            || "no local maximum".into(),
        )?;
    }
    // The equation holds at 1 and changes sign on both sides of it: three solutions.
    let equation = |lambda: &Rational| bumpy_slope(lambda) - bumpy_slope(&lambda.recip());
    ledger.equal("equation at 1", &equation(&one), &Rational::zero())?;
    for (at, is_positive) in [
        ((1, 3), false),
        ((2, 3), true),
        ((3, 2), false),
        ((3, 1), true),
    ] {
        let at = ratio(at.0, at.1);
        ledger.equal("sign", &equation(&at).is_positive(), &is_positive)?;
    }
    ledger.record(
        Kind::ExactCounterexample,
        "g(w) = ((|w|-2)³ + 8)/3 + |w|/2 increases from 0; one input and one output weight, both 1: R(1) = 17/3 > R(2) = R(1/2) = \
         131/24; λ = 1 satisfies the balance equation and is a local maximum; two more solutions lie in (1/3, 2/3) and (3/2, 3)",
    )?;
    let powers: Vec<Rational> = grid
        .iter()
        .skip(1)
        .map(|lambda| lambda.pow(2) - lambda.recip().pow(2))
        .collect();
    ledger.holds(powers.windows(2).all(|pair| pair[0] < pair[1]), || {
        "L_2 has several".into()
    })?;
    let found = chain(&[one.clone(), one])
        .balance_unit(1, &Regularizer::l2())?
        .multiplier;
    ledger.equal("λ* under L_2", &found, &Multiplier::Rational(integer(1)))?;
    ledger.record(Kind::ExactInstance, "under L_2 the same weights have the one solution λ* = 1: the equation increases over 200 points")
}

pub(super) fn lower_branch(ledger: &mut Ledger) -> Result<(), Failure> {
    let half = rational_power(&integer(-4), &ratio(1, 2));
    ledger.equal("(-4)^(1/2)", &half, &None)?;
    let cube = Activation::BiPu {
        degree: integer(3),
        above: integer(1),
        below: integer(1),
    };
    let (one, two) = (cube.apply(&integer(-1)), cube.apply(&integer(-2)));
    // |x|³ is homogeneous with D = f(-1) = 1; the printed D x³ has the other sign.
    ledger.equal("f(-2)", &two, &one.clone().map(|one| one * integer(8)))?;
    let printed = one.map(|below| below * integer(-2).pow(3));
    ledger.equal("printed", &printed, &Some(integer(-8)))?;
    ledger.holds(printed != two, || "D x^c is right".into())?;
    ledger.record(
        Kind::ExactCounterexample,
        "c = 1/2: (-4)^(1/2) is no real number; c = 3, f = |x|³: D = f(-1) = 1 and f(-2) = 8, while D x³ = -8",
    )?;
    let mut rng = generator(93);
    for (numerator, denominator) in [(1, 2), (3, 1), (-1, 1), (5, 3)] {
        let degree = ratio(numerator, denominator);
        let f = Activation::BiPu {
            degree: degree.clone(),
            above: positive(&mut rng),
            below: -positive(&mut rng),
        };
        let root = positive(&mut rng);
        let (lambda, x) = (
            root.pow(denominator as i32),
            -integer(3).pow(denominator as i32),
        );
        let factor = rational_power(&lambda, &degree);
        let expected = f
            .apply(&x)
            .zip(factor)
            .map(|(value, factor)| value * factor);
        ledger.equal("f(λx)", &f.apply(&(&lambda * &x)), &expected)?;
        ledger.equal("f(0)", &f.apply(&Rational::zero()), &Some(Rational::zero()))?;
    }
    ledger.record(
        Kind::ExactInstance,
        "D |x|^c is homogeneous at a negative point for c = 1/2, 3, -1, 5/3 and random C, D, with f(0) = 0",
    )
}

pub(super) fn self_connections(ledger: &mut Ledger) -> Result<(), Failure> {
    ledger.proved(statements::lag_of_counting_self_connections())?;
    ledger.record(
        Kind::SymbolicIdentity,
        "A (B + s) - B (A + s) = s (A - B): the printed step lies between 1 and the optimum, and is 1 only in balance",
    )?;
    ledger.refuted(statements::counting_self_connections())?;
    let network = small(
        1,
        &[(0, 1, integer(1)), (1, 1, integer(4)), (1, 2, integer(16))],
    )?;
    let found = network.balance_unit(1, &Regularizer::l1())?.multiplier;
    ledger.equal("μ*", &found, &Multiplier::Rational(integer(4)))?;
    let printed = rational_power(
        &((integer(16) + integer(4)) / (integer(1) + integer(4))),
        &ratio(1, 2),
    );
    ledger.equal("printed", &printed, &Some(integer(2)))?;
    let r = |mu: i64| integer(mu) + ratio(16, mu) + integer(4);
    ledger.equal("R", &[r(1), r(2), r(4)], &[21, 14, 12].map(integer))?;
    let scaled = network.scaled(&[integer(4)])?.weights();
    ledger.equal("scaled", &scaled, &vec![integer(4), integer(4), integer(4)])?;
    ledger.record(
        Kind::ExactCounterexample,
        "costs 1 in, 16 out, 4 to itself, p = 1: μ* = 4 with R = 12; the printed step is sqrt(20/5) = 2 with R = 14; the \
         self-connection keeps its weight",
    )?;
    let mut rng = generator(94);
    for _ in 0..100 {
        let [a, b, s] = [(); 3].map(|()| positive(&mut rng));
        let (square, printed) = (&b / &a, (&b + &s) / (&a + &s));
        let between = if square >= Rational::one() {
            Rational::one() <= printed && printed <= square
        } else {
            square <= printed && printed <= Rational::one()
        };
        ledger.holds(between, || format!("A = {a}, B = {b}, s = {s}"))?;
        ledger.equal("fixed points", &printed.is_one(), &square.is_one())?;
    }
    ledger.record(Kind::PropertyTest, "100 random (A, B, s): the squared printed step lies between 1 and B/A, and is 1 exactly if B/A is")
}
