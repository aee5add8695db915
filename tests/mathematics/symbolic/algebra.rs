//! The algebra itself: normal form, operations, verdicts, errors.

use super::support::{Tree, rational, value_of};
use num_traits::{One, Signed, Zero};
use quickcheck::{TestResult, quickcheck};
use std::collections::BTreeMap;
use synaptic_balance::kernel::{NotIdentical, Step, check};
use synaptic_balance::symbolic::{
    AlgebraError, Claim, Expression, Identity, Laurent, Monomial, Point, Symbol,
};

fn point(seed: u64) -> Point {
    ["a", "b", "c"]
        .into_iter()
        .map(|name| (name.into(), value_of(name, seed)))
        .collect()
}

fn monomial(exponents: (i8, i8, i8)) -> Monomial {
    let powers = [("a", exponents.0), ("b", exponents.1), ("c", exponents.2)];
    let product = powers
        .into_iter()
        .try_fold(Monomial::one(), |product, (name, n)| {
            product.checked_mul(&Monomial::power(name, n.into()))
        });
    product.expect("small exponents")
}

/// The tree as a formula of the kernel in the given variables; `None` for negative powers of anything but a variable.
fn formula(tree: &Expression, symbols: &[Symbol]) -> Option<Vec<Step>> {
    let all = |parts: &[Expression], last: Step| {
        let steps: Option<Vec<_>> = parts.iter().map(|part| formula(part, symbols)).collect();
        Some([steps?.concat(), vec![last]].concat())
    };
    let power = |symbol: &Symbol, exponent| {
        let variable = symbols.iter().position(|known| known == symbol)?;
        Some(vec![Step::Power { variable, exponent }])
    };
    match tree {
        Expression::Constant(value) => Some(vec![Step::Constant(value.clone())]),
        Expression::Symbol(symbol) => power(symbol, 1),
        Expression::Sum(parts) => all(parts, Step::Sum(parts.len())),
        Expression::Product(parts) => all(parts, Step::Product(parts.len())),
        Expression::Power(base, exponent) => match (&**base, usize::try_from(*exponent)) {
            (Expression::Symbol(symbol), _) => power(symbol, i64::from(*exponent)),
            (base, Ok(count)) => all(&vec![base.clone(); count], Step::Product(count)),
            _ => None,
        },
    }
}

quickcheck! {
    /// Checks: the kernel's expansion of a tree, which shares no code with the engine's, against the engine's normal
    /// form; one more is refused.
    fn the_kernel_expands_as_the_engine_does(tree: Tree) -> TestResult {
        let Ok(normal) = tree.0.expand() else { return TestResult::discard() };
        let proved = Identity::check(&normal, &normal).expect("equal to itself");
        let expanded = proved.verified()[0].left();
        let symbols: Vec<Symbol> = normal.symbols().into_iter().collect();
        // A variable that cancels has no number in the normal form.
        let Some(steps) = formula(&tree.0, &symbols) else { return TestResult::discard() };
        let more = [expanded.to_vec(), vec![Step::Constant(rational(1, 1)), Step::Sum(2)]].concat();
        let differs = matches!(check::identity(&steps, &more), Err(NotIdentical::Differs { .. }));
        TestResult::from_bool(check::identity(&steps, expanded).is_ok() && differs)
    }

    /// Checks: the engine, expansion against direct evaluation of the tree.
    fn expanding_and_evaluating_agree(tree: Tree, seed: u64) -> TestResult {
        let (Ok(normal), Ok(value)) = (tree.0.expand(), tree.0.evaluate(&point(seed))) else {
            return TestResult::discard();
        };
        TestResult::from_bool(normal.evaluate(&point(seed)) == Ok(value))
    }

    /// Checks: the engine, ring operations are those of the values.
    fn operations_act_on_values(p: Tree, q: Tree, seed: u64) -> TestResult {
        let (Ok(p), Ok(q)) = (p.0.expand(), q.0.expand()) else { return TestResult::discard() };
        let point = point(seed);
        let at = |polynomial: &Laurent| polynomial.evaluate(&point).expect("no zero coordinate");
        let same = at(&(&p + &q)) == at(&p) + at(&q)
            && at(&(&p - &q)) == at(&p) - at(&q)
            && at(&(&p * &q)) == at(&p) * at(&q)
            && at(&-&p) == -at(&p);
        TestResult::from_bool(same)
    }

    /// Checks: the engine, the normal form is canonical (ring laws hold as equality of terms).
    fn ring_laws(p: Tree, q: Tree, r: Tree) -> TestResult {
        let (Ok(p), Ok(q), Ok(r)) = (p.0.expand(), q.0.expand(), r.0.expand()) else {
            return TestResult::discard();
        };
        let laws = &p + &q == &q + &p
            && &p * &q == &q * &p
            && &p * (&q + &r) == &p * &q + &p * &r
            && (&p + &q) + &r == &p + (&q + &r)
            && (&p - &p).is_zero()
            && &p * Laurent::one() == p
            && p.pow(2) == p.checked_mul(&p);
        TestResult::from_bool(laws)
    }

    /// Checks: the engine, the derivative is linear and satisfies the product rule.
    fn derivatives(p: Tree, q: Tree) -> TestResult {
        let (Ok(p), Ok(q)) = (p.0.expand(), q.0.expand()) else { return TestResult::discard() };
        let d = |p: &Laurent| p.derivative("a").expect("small exponents");
        let rules = d(&(&p + &q)) == d(&p) + d(&q)
            && d(&(&p * &q)) == d(&p) * &q + &p * d(&q)
            && Laurent::symbol("a") * d(&p) == p.euler_derivative("a");
        TestResult::from_bool(rules)
    }

    /// Checks: the engine, the derivative is the linear coefficient of a shift.
    fn derivative_is_the_linear_coefficient(p: Tree) -> TestResult {
        let Ok(p) = p.0.expand() else { return TestResult::discard() };
        let [a, e] = ["a", "e"].map(Laurent::symbol);
        let shift = BTreeMap::from([(Symbol::new("a"), a + e)]);
        let Ok(shifted) = p.substitute(&shift) else { return TestResult::discard() };
        let linear = shifted
            .terms()
            .filter(|(monomial, _)| monomial.exponent("e") == 1)
            .map(|(monomial, coefficient)| Laurent::term(coefficient.clone(), monomial.clone()))
            .sum::<Laurent>();
        TestResult::from_bool(Ok(linear) == p.derivative("a").map(|d| d * Laurent::symbol("e")))
    }

    /// Checks: the engine, substituting then evaluating is evaluating at the substituted point.
    fn substitution_composes_with_evaluation(p: Tree, q: Tree, seed: u64) -> TestResult {
        let (Ok(p), Ok(q)) = (p.0.expand(), q.0.expand()) else { return TestResult::discard() };
        let Ok(value) = q.evaluate(&point(seed)) else { return TestResult::discard() };
        let Ok(replaced) = p.substitute(&BTreeMap::from([(Symbol::new("b"), q)])) else {
            return TestResult::discard();
        };
        let mut inner = point(seed);
        inner.insert("b".into(), value);
        let Ok(expected) = p.evaluate(&inner) else { return TestResult::discard() };
        TestResult::from_bool(replaced.evaluate(&point(seed)) == Ok(expected))
    }

    /// Checks: the engine, a refutation is a point with positive coordinates where the *trees*
    /// differ, and its values are theirs.
    fn refutations_are_genuine(p: Tree, q: Tree) -> TestResult {
        let (Ok(left), Ok(right)) = (p.0.expand(), q.0.expand()) else {
            return TestResult::discard();
        };
        let Err(refuted) = Identity::check(&left, &right) else {
            return TestResult::from_bool(left == right);
        };
        let at = refuted.point();
        let trees_agree_with = |mut at: Point| {
            for name in ["a", "b", "c"] {
                at.entry(name.into()).or_insert_with(|| rational(1, 1));
            }
            let tree = |tree: &Tree, value| tree.0.evaluate(&at).is_ok_and(|v| v != value);
            !tree(&p, refuted.left().clone()) && !tree(&q, refuted.right().clone())
        };
        TestResult::from_bool(
            refuted.left() != refuted.right()
                && at.values().all(Signed::is_positive)
                && left.evaluate(at).as_ref() == Ok(refuted.left())
                && right.evaluate(at).as_ref() == Ok(refuted.right())
                && trees_agree_with(at.clone()),
        )
    }

    /// Checks: the engine, proof and sampling never contradict each other.
    fn sampling_agrees_with_the_verdict(p: Tree, q: Tree, seed: u64) -> TestResult {
        let (Ok(left), Ok(right)) = (p.0.expand(), q.0.expand()) else {
            return TestResult::discard();
        };
        let sampled = Identity::sample(&p.0, &q.0, seed, 20);
        TestResult::from_bool(match Identity::check(&left, &right) {
            Ok(_) => sampled.is_ok(),
            Err(_) => sampled.map_or_else(|found| found.left() != found.right(), |_| true),
        })
    }

    /// Checks: the engine, the monomial order is total and invariant under multiplication.
    fn monomial_order(x: (i8, i8, i8), y: (i8, i8, i8), z: (i8, i8, i8)) -> bool {
        let (x, y, z) = (monomial(x), monomial(y), monomial(z));
        let times = |m: &Monomial| m.checked_mul(&z).expect("small exponents");
        let transitive = !(x <= y && y <= z) || x <= z;
        times(&x).cmp(&times(&y)) == x.cmp(&y) && x.cmp(&y) == y.cmp(&x).reverse() && transitive
    }

    /// Checks: the engine, monomials form a group.
    fn monomials_invert(x: (i8, i8, i8)) -> bool {
        let x = monomial(x);
        x.inverse().and_then(|inverse| x.checked_mul(&inverse)) == Ok(Monomial::one())
    }
}

/// Checks: the engine, the printed form.
#[test]
fn printing_is_canonical() {
    let [x, y, z] = ["x", "y", "z"].map(Laurent::symbol);
    let sum =
        &z + &y * &y + &x * &y + &x * &x - Laurent::constant(rational(1, 2)) * &x + Laurent::one();
    assert_eq!(sum.to_string(), "x^2 + x*y + y^2 - 1/2*x + z + 1");
    assert_eq!((-(&x) * Laurent::power("y", -2)).to_string(), "-x*y^-2");
    assert_eq!(Laurent::zero().to_string(), "0");
    assert_eq!((Laurent::integer(-3)).to_string(), "-3");
    let tree = (Expression::symbol("x") + Expression::integer(2)).pow(-1) * Expression::symbol("y");
    assert_eq!(tree.to_string(), "((x + (2))^-1 * y)");
}

/// Checks: the engine, queries.
#[test]
fn queries() {
    let p = Laurent::integer(3) * Laurent::power("a", 2) + Laurent::power("b", -1);
    assert!(!p.is_polynomial());
    assert!(Laurent::power("a", 2).is_polynomial() && Laurent::zero().is_polynomial());
    assert_eq!(p.coefficient(&Monomial::power("a", 2)), rational(3, 1));
    assert_eq!(p.coefficient(&Monomial::one()), rational(0, 1));
    assert_eq!(p.symbols(), ["a", "b"].map(Symbol::new).into());
    assert_eq!(p.terms().len(), 2);
}

/// Checks: the engine, a variable with negative exponents may be replaced by a monomial only.
#[test]
fn substitution_errors() {
    let p = Laurent::power("a", -2);
    let by = |replacement| p.substitute(&BTreeMap::from([(Symbol::new("a"), replacement)]));
    let monomial = Laurent::integer(2) * Laurent::symbol("b");
    assert_eq!(
        by(monomial),
        Ok(Laurent::constant(rational(1, 4)) * Laurent::power("b", -2))
    );
    let base = "b + 1".to_owned();
    assert_eq!(
        by(Laurent::symbol("b") + Laurent::one()),
        Err(AlgebraError::NotInvertible { base })
    );
    assert_eq!(
        by(Laurent::zero()),
        Err(AlgebraError::NotInvertible {
            base: "0".to_owned()
        })
    );
    // Both replacements act on the original variables.
    let swap = [("a", "b"), ("b", "a")].map(|(from, to)| (Symbol::new(from), Laurent::symbol(to)));
    let ratio = Laurent::symbol("a") * Laurent::power("b", -1);
    assert_eq!(ratio.substitute(&swap.into()), ratio.pow(-1));
}

/// Checks: the engine, evaluation errors, on both sides.
#[test]
fn evaluation_errors() {
    let zero = Point::from([("a".into(), rational(0, 1))]);
    let division = |base: &str| AlgebraError::DivisionByZero {
        base: base.to_owned(),
    };
    let unassigned = AlgebraError::Unassigned { symbol: "b".into() };
    assert_eq!(Laurent::power("a", -1).evaluate(&zero), Err(division("a")));
    assert_eq!(Laurent::power("a", 2).evaluate(&zero), Ok(rational(0, 1)));
    assert_eq!(
        Laurent::symbol("b").evaluate(&zero),
        Err(unassigned.clone())
    );
    assert_eq!(
        Expression::symbol("a").pow(-1).evaluate(&zero),
        Err(division("a"))
    );
    assert_eq!(
        Expression::symbol("a").pow(0).evaluate(&zero),
        Ok(rational(1, 1))
    );
    assert_eq!(Expression::symbol("b").evaluate(&zero), Err(unassigned));
    let vanishing = (Expression::symbol("a") - Expression::symbol("a")).pow(-1);
    assert_eq!(
        vanishing.expand(),
        Err(AlgebraError::NotInvertible {
            base: "0".to_owned()
        })
    );
    let found = Identity::sample(&vanishing, &Expression::integer(0), 1, 5).map(|s| s.undefined);
    assert_eq!(found, Ok(5));
}

/// Checks: the engine, exponents never wrap.
#[test]
fn exponents_overflow_as_errors() {
    let large = Laurent::power("a", i32::MAX);
    let overflow = || Err(AlgebraError::ExponentOverflow);
    assert_eq!(large.checked_mul(&large), overflow());
    assert_eq!(large.pow(2), overflow());
    assert_eq!((&large + Laurent::one()).pow(2), overflow());
    assert_eq!(Laurent::power("a", i32::MIN).derivative("a"), overflow());
    assert_eq!(Laurent::power("a", i32::MIN).pow(-1), overflow());
    assert_eq!(
        Expression::symbol("a").pow(i32::MAX).pow(2).expand(),
        overflow()
    );
    let tree = Expression::symbol("a").pow(i32::MAX) * Expression::symbol("a");
    assert_eq!(tree.expand(), overflow());
}

/// Checks: the engine, the operator reports an overflow rather than wrapping.
#[test]
#[should_panic(expected = "an exponent leaves the range")]
fn the_operator_stops_at_an_overflow() {
    let _ = Laurent::power("a", i32::MAX) * Laurent::symbol("a");
}

/// Checks: the engine, a difference that vanishes at the first candidates is still refuted.
#[test]
fn refutation_passes_over_roots() {
    let [a, b] = ["a", "b"].map(Laurent::symbol);
    let roots = [1, 2, 3].map(|root| &a - Laurent::integer(root));
    let product = roots.into_iter().product::<Laurent>() * (&b - Laurent::one());
    let refuted =
        Identity::check(&(&product * Laurent::power("b", -3)), &Laurent::zero()).unwrap_err();
    assert_eq!(refuted.point()["a"], rational(1, 2));
    assert_eq!(refuted.point()["b"], rational(2, 1));
    assert_eq!(
        refuted.to_string(),
        "refuted at a = 1/2, b = 2: left -15/64, right 0"
    );
}

/// Checks: the engine, verdicts of claims: the first failure is reported, none means proved.
#[test]
fn claims() {
    let [a, b] = ["a", "b"].map(Laurent::symbol);
    assert!(
        Claim::new("nothing")
            .prove()
            .is_ok_and(|proved| proved.identities().is_empty())
    );
    let good = Claim::new("doubling").and("2a", &a + &a, Laurent::integer(2) * &a);
    let proved = good.clone().prove().expect("true");
    assert_eq!(
        proved.to_string(),
        "proved: doubling (1 identities, 1 monomials)"
    );
    let refuted = good
        .and("first", a.clone(), b)
        .and("second", a, Laurent::zero())
        .prove()
        .unwrap_err();
    assert_eq!((refuted.title(), refuted.label()), ("doubling", "first"));
    let constant = Identity::check(&Laurent::one(), &Laurent::zero()).unwrap_err();
    assert_eq!(
        constant.to_string(),
        "refuted at every point: left 1, right 0"
    );
}
