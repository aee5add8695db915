//! Section 2: which units can be scaled.

mod approximation;

use std::collections::BTreeMap;

use num_traits::{One, Zero};

use super::ledger::{Failure, Kind, Ledger};
use super::support::{ENTRY, generator, integer, positive, proved, ratio, signed};
use super::{Status, Theorem};
use crate::symbolic::{Claim, Laurent};
use synaptic_balance_core::network::Activation;
use synaptic_balance_core::numbers::{Rational, rational_power};

pub(super) const THEOREMS: &[Theorem] = &[
    Theorem {
        id: "def-2.1",
        title: "BiLU activations",
        statement: "A BiLU is f(x) = a x for x < 0 and b x for x >= 0. Linear (a = b), ReLU (0, 1), leaky and parametric \
                    ReLU (s, 1) and the absolute value (-1, 1) are BiLUs.",
        place: "Definition 2.1",
        kinds: &[Kind::ExactInstance],
        general_proof: proved(
            &["def_2_1"],
            "The two branches, and the equalities with a x, max(0, x), max(0, x) + s min(0, x) and |x|, at \
                     every real x.",
        ),
        check: def_2_1,
        ..ENTRY
    },
    Theorem {
        id: "prop-2.2",
        title: "Homogeneous of degree 1 means BiLU",
        statement: "f(λx) = λ f(x) for all λ > 0 and all x if and only if f is a BiLU.",
        hypotheses: "All λ > 0: one λ is not enough.",
        place: "Proposition 2.2",
        kinds: &[Kind::SymbolicIdentity, Kind::SymbolicIdentity],
        general_proof: proved(
            &["prop_2_2"],
            "Both directions, for every function from the reals to the reals.",
        ),
        check: prop_2_2,
        ..ENTRY
    },
    Theorem {
        id: "prop-2.3",
        title: "Homogeneous of degree c means BiPU",
        statement: "f(λx) = λ^c f(x) for all λ > 0 if and only if f is C x^c above 0 and a multiple of x^c below.",
        hypotheses: "c any rational (any real number, in the paper).",
        place: "Proposition 2.3",
        status: Status::HoldsAsCorrected,
        corrected: Some(
            "f(λx) = λ^c f(x) for all λ > 0 if and only if f(x) = C x^c for x > 0 and D |x|^c for x < 0, with f(0) = 0 for c != 0 and \
             any f(0) for c = 0 (E3).",
        ),
        kinds: &[
            Kind::SymbolicIdentity,
            Kind::SymbolicIdentity,
            Kind::PropertyTest,
        ],
        general_proof: proved(
            &[
                "prop_2_3",
                "degree_zero_leaves_zero_free",
                "degree_one_is_bilu",
            ],
            "Both directions as corrected, for every real c and every function from the reals to the reals; \
                     that any value at 0 does for c = 0; and that c = 1 is BiLU.",
        ),
        check: prop_2_3,
        ..ENTRY
    },
    Theorem {
        id: "bipu-continuity",
        title: "Which homogeneous functions are continuous",
        statement: "A function that is homogeneous of degree c is continuous at 0 exactly if c > 0, or it is constant, or it is 0 \
                    everywhere. For c = 0 it is constant exactly if f(1) = f(0) = f(-1).",
        hypotheses: "f(λx) = λ^c f(x) for all λ > 0 and all x, 0 among them.",
        place: "ours, beside Proposition 2.3",
        kinds: &[Kind::ExactInstance],
        scripted: false,
        general_proof: proved(
            &["bipu_continuity"],
            "Both directions, for every real c and every function from the reals to the reals.",
        ),
        check: bipu_continuity,
        ..ENTRY
    },
    Theorem {
        id: "generalised-scaling",
        title: "Scaling beyond powers",
        statement: "If f(g x) = h f(x) for all x with h != 0, multiplying a unit's inputs by g and dividing its outputs \
                    by h does not change what its readers receive.",
        hypotheses: "The identity for this pair (g, h); g may be negative.",
        place: "Section 2",
        kinds: &[Kind::ExactInstance, Kind::ExactCounterexample],
        general_proof: proved(
            &["generalised_scaling"],
            "For every function and pair (g, h), any number of inputs with any weights, and every reader.",
        ),
        check: generalised_scaling,
        ..ENTRY
    },
    Theorem {
        id: "universal-approximation",
        title: "One hidden layer represents piecewise-linear functions",
        statement: "One hidden layer of BiLU units with a != b represents every continuous piecewise-linear function on a \
                    bounded interval exactly, and so approximates every continuous function there.",
        hypotheses: "a != b; biases; a linear output unit with a bias. Pieces plus at most one hidden unit suffice.",
        place: "Section 2 (universal approximation)",
        kinds: &[
            Kind::PropertyTest,
            Kind::ExactInstance,
            Kind::ExactCounterexample,
        ],
        general_proof: proved(
            &[
                "universal_approximation",
                "continuous_functions_are_approximated",
            ],
            "For all a != b, any number of pieces (as many hidden units), and every function that is \
                     continuous on the interval.",
        ),
        check: approximation::check,
        ..ENTRY
    },
];

/// Rationals on both sides of 0, and 0.
fn samples() -> Vec<Rational> {
    (-15..=15).map(|n| ratio(n, 3)).collect()
}

fn value(activation: &Activation<Rational>, x: &Rational) -> Result<Rational, Failure> {
    let undefined = || Failure::new(format!("{activation:?} has no value at {x}"));
    activation.apply(x).ok_or_else(undefined)
}

fn def_2_1(ledger: &mut Ledger) -> Result<(), Failure> {
    let slope = ratio(1, 10);
    let named = [
        (Activation::Linear, Rational::one(), Rational::one()),
        (Activation::Relu, Rational::zero(), Rational::one()),
        (
            Activation::LeakyRelu(slope.clone()),
            slope.clone(),
            Rational::one(),
        ),
        (Activation::Prelu(-slope.clone()), -slope, Rational::one()),
        (Activation::Abs, integer(-1), Rational::one()),
    ];
    for (activation, below, above) in &named {
        for x in samples() {
            let expected = if x < Rational::zero() {
                below * &x
            } else {
                above * &x
            };
            ledger.equal("BiLU", &value(activation, &x)?, &expected)?;
            let general = Activation::BiLu {
                below: below.clone(),
                above: above.clone(),
            };
            ledger.equal("general BiLU", &value(&general, &x)?, &expected)?;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "linear, ReLU, leaky ReLU, PReLU and |x| equal a x below 0 and b x above at 31 rational points each",
    )
}

/// What homogeneity of each degree forces, on both sides of 0.
///
/// The residual `E(λ, u) = f(λu) - λ^c f(u)` vanishes for all `λ, u > 0` on a side exactly if `d(x) = f(x) - x^c f(1)`
/// does: `E(x, 1) = d(x)`, and `E(λ, u) = d(λu) - λ^c d(u)`. `u = |x|` is the distance from 0. Both are identities in
/// the coefficients of `f`, a Laurent polynomial as the engine has no letters for functions; wrong degrees are refuted.
fn forced_form(ledger: &mut Ledger, degrees: impl IntoIterator<Item = i32>) -> Result<(), Failure> {
    let (lambda, u, one) = (Laurent::symbol("λ"), Laurent::symbol("u"), Laurent::one());
    for degree in degrees {
        for side in ["above", "below"] {
            let term =
                |k: i32| Laurent::symbol(format!("{side}[{}]", k + 3)) * Laurent::power("u", k);
            let f = (-3..=6)
                .map(term)
                .fold(Laurent::zero(), |sum, term| sum + term);
            let at = |function: &Laurent, u: &Laurent, lambda: &Laurent| {
                function.substitute(&BTreeMap::from([
                    ("u".into(), u.clone()),
                    ("λ".into(), lambda.clone()),
                ]))
            };
            let scaled = at(&f, &(&lambda * &u), &lambda)?;
            let residual = scaled - Laurent::power("λ", degree) * &f;
            let form = &f - Laurent::power("u", degree) * at(&f, &one, &lambda)?;
            let substituted = at(&residual, &one, &u)?;
            let claim = Claim::new("λ = |x| forces the form");
            ledger.proved(claim.and(side, substituted.clone(), form.clone()))?;
            let back = at(&form, &(&lambda * &u), &lambda)? - Laurent::power("λ", degree) * &form;
            let claim = Claim::new("the form makes f homogeneous");
            ledger.proved(claim.and(side, residual, back))?;
            let other = &f - Laurent::power("u", degree + 1) * at(&f, &one, &lambda)?;
            ledger.refuted(Claim::new("another degree is forced").and(side, substituted, other))?;
        }
    }
    Ok(())
}

/// The largest power of two that is at most `x`, 0 for `x <= 0`: homogeneous for `λ` a power of two only.
fn power_of_two_below(x: &Rational) -> Rational {
    if *x <= Rational::zero() {
        return Rational::zero();
    }
    let two = integer(2);
    let mut power = Rational::one();
    while &power * &two <= *x {
        power *= &two;
    }
    while power > *x {
        power /= &two;
    }
    power
}

fn prop_2_2(ledger: &mut Ledger) -> Result<(), Failure> {
    let product = |names: [&str; 3]| names.map(Laurent::symbol).into_iter().product::<Laurent>();
    let mut claim = Claim::new("a BiLU is homogeneous");
    for slope in ["a", "b"] {
        let scaled = Laurent::symbol(slope) * (Laurent::symbol("λ") * Laurent::symbol("x"));
        claim = claim.and(format!("slope {slope}"), scaled, product(["λ", slope, "x"]));
    }
    ledger.proved(claim)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "if: s (λx) = λ (s x) on both branches, and λ > 0 keeps x on its branch",
    )?;
    forced_form(ledger, [1])?;
    ledger.record(
        Kind::SymbolicIdentity,
        "only if: for f with any 10 coefficients on either side of 0, λ = |x| takes f(±λ) - λ f(±1) to f(x) - |x| f(±1), so the \
         first vanishes only if the second does; and the first is the second at ±λx less λ times it",
    )
}

/// `x -> C x^degree` above 0 and `D |x|^degree` below.
fn bipu(degree: &Rational, above: &Rational, below: &Rational) -> Activation<Rational> {
    Activation::BiPu {
        degree: degree.clone(),
        above: above.clone(),
        below: below.clone(),
    }
}

fn prop_2_3(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut claim = Claim::new("C x^c is homogeneous of degree c");
    for degree in -3..=6 {
        let scaled = (Laurent::symbol("λ") * Laurent::symbol("x")).pow(degree)?;
        let left = Laurent::symbol("C") * scaled;
        let right =
            Laurent::power("λ", degree) * (Laurent::symbol("C") * Laurent::power("x", degree));
        claim = claim.and(format!("c = {degree}"), left, right);
    }
    ledger.proved(claim)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "if: C (λx)^c = λ^c C x^c for c = -3, ..., 6",
    )?;
    forced_form(ledger, -3..=6)?;
    ledger.record(
        Kind::SymbolicIdentity,
        "only if, c = -3, ..., 6: for f with any 10 coefficients on either side of 0, λ = |x| takes f(±λ) - λ^c f(±1) to \
         f(x) - |x|^c f(±1), so the first vanishes only if the second does",
    )?;
    let mut rng = generator(23);
    let degrees = [(1, 2), (2, 3), (-1, 2), (3, 2), (-2, 1), (2, 1), (3, 1)];
    for (numerator, denominator) in degrees {
        let degree = ratio(numerator, denominator);
        for _ in 0..20 {
            let activation = bipu(&degree, &signed(&mut rng), &signed(&mut rng));
            // Perfect powers keep fractional degrees rational.
            let power = |root: Rational| root.pow(denominator as i32);
            let (multiplier, x) = (power(positive(&mut rng)), power(positive(&mut rng)));
            let factor = rational_power(&multiplier, &degree)
                .ok_or_else(|| Failure::new("irrational power"))?;
            for x in [x.clone(), -x] {
                let scaled = value(&activation, &(&multiplier * &x))?;
                ledger.equal("f(λx)", &scaled, &(&factor * value(&activation, &x)?))?;
                let side = value(
                    &activation,
                    &if x < Rational::zero() {
                        integer(-1)
                    } else {
                        integer(1)
                    },
                )?;
                let size = if x < Rational::zero() { -&x } else { x.clone() };
                let forced = rational_power(&size, &degree).map(|power| power * side);
                ledger.equal("forced by λ = |x|", &Some(value(&activation, &x)?), &forced)?;
            }
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "the identity, and the form that λ = |x| forces, at 140 random pairs (λ, ±x) of perfect powers, for c = 1/2, 2/3, -1/2, 3/2, -2, 2, 3",
    )
}

type Function = fn(&Rational) -> Rational;

fn generalised_scaling(ledger: &mut Ledger) -> Result<(), Failure> {
    let cube: Function = |x| x * x * x;
    let square: Function = |x| x * x;
    let magnitude: Function = |x| if *x < Rational::zero() { -x } else { x.clone() };
    let constant: Function = |_| integer(4);
    let cases = [
        ("x³", cube, integer(-2), integer(-8)),
        ("x²", square, ratio(-1, 3), ratio(1, 9)),
        ("|x|", magnitude, integer(-5), integer(5)),
        ("4", constant, integer(-7), integer(1)),
        (
            "the largest power of two up to x",
            power_of_two_below,
            integer(8),
            integer(8),
        ),
    ];
    let (weight, read) = (ratio(3, 2), ratio(-5, 4));
    for (name, f, g, h) in &cases {
        for x in samples() {
            let plain = &read * f(&(&weight * &x));
            let scaled = (&read / h) * f(&(&weight * g * &x));
            ledger.equal(name, &scaled, &plain)?;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "x³ with (g, h) = (-2, -8), x² with (-1/3, 1/9), |x| with (-5, 5), a constant with (-7, 1), and the largest \
         power of two up to x with (8, 8), at 31 points each",
    )?;
    let (plain, scaled) = (
        power_of_two_below(&integer(1)),
        power_of_two_below(&integer(3)) / integer(3),
    );
    ledger.holds(plain != scaled, || {
        "(3, 3) scales the largest power of two up to x".into()
    })?;
    ledger.record(
        Kind::ExactCounterexample,
        "the pair (3, 3) fails for the largest power of two up to x: 2/3 instead of 1",
    )
}

/// `f(2^-k)` and `f(-2^-k)` tend to `f(0)`, keep a distance from it, or grow.
fn bipu_continuity(ledger: &mut Ledger) -> Result<(), Failure> {
    let half = ratio(1, 2);
    let (above, below) = (integer(3), integer(-2));
    for degree in -3..=3 {
        let degree = integer(degree);
        // 1 at 0 for degree 0, so that neither side fits.
        let at_zero = if degree.is_zero() {
            Rational::one()
        } else {
            Rational::zero()
        };
        let mut point = Rational::one();
        let mut before: Option<[Rational; 2]> = None;
        for _ in 0..12 {
            let power = rational_power(&point, &degree).ok_or_else(|| Failure::new("no power"))?;
            let distances = [&above, &below].map(|side| {
                let distance = &power * side - &at_zero;
                if distance < Rational::zero() {
                    -distance
                } else {
                    distance
                }
            });
            if let Some(before) = before {
                for (now, before) in distances.iter().zip(&before) {
                    let expected = if degree > Rational::zero() {
                        now * integer(2) <= *before
                    } else if degree.is_zero() {
                        now == before && !now.is_zero()
                    } else {
                        *now >= before * integer(2)
                    };
                    ledger.holds(expected, || {
                        format!("degree {degree}, {point}: {before}, {now}")
                    })?;
                }
            }
            before = Some(distances);
            point *= &half;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "3 x^c and -2 |x|^c at ±2^-k, k = 0, ..., 11: the distance from f(0) at least halves each time for c = 1, 2, 3, stays as it is for \
         c = 0 with f(0) = 1, and at least doubles for c = -1, -2, -3",
    )
}
