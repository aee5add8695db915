//! The trusted kernel: each rule accepts what is true and refuses, for the right reason, what is not.

use synaptic_balance::kernel::{Cost, Problem, Refusal, Synapse, check};
use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind, chain};
use synaptic_balance::numbers::{Rational, parse_rational};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn qs(text: &str) -> Vec<Rational> {
    text.split_whitespace().map(q).collect()
}

/// `x -> h1 -> h2 -> y` with the given weights.
fn chained(weights: &str, regularizer: &Regularizer) -> Problem {
    chain(&qs(weights)).problem(regularizer)
}

fn recurrent(weights: &str) -> Network<Rational> {
    let hidden = |id: &str| Unit::new(id, UnitKind::Hidden, Activation::Relu);
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        hidden("a"),
        hidden("b"),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let ends = [(0, 1), (1, 2), (2, 1), (2, 3), (1, 1)];
    let synapses = ends
        .into_iter()
        .zip(qs(weights))
        .map(|((from, to), weight)| (from, to, weight));
    Network::new(units, synapses.collect(), vec![]).unwrap()
}

/// Checks: Stiemke, first case (existence): circulations are accepted, and each premise refuses.
#[test]
fn attained_accepts_and_refuses() {
    let problem = chained("1 2 3", &Regularizer::l2());
    let recurrent = recurrent("1 2 3 4 5").problem(&Regularizer::l1());
    assert!(check::attained(&problem, &qs("1 1 1")).is_ok());
    assert!(check::attained(&problem, &qs("7/3 7/3 7/3")).is_ok());
    // The self-connection is not looked at.
    assert!(check::attained(&recurrent, &qs("1 2 1 1 -9")).is_ok());
    assert!(matches!(
        check::attained(&problem, &qs("1 1")),
        Err(Refusal::Arity(_, 2, 3))
    ));
    assert!(matches!(
        check::attained(&problem, &qs("1/2 1/2 1/2")),
        Err(Refusal::Flow(0, ..))
    ));
    assert!(matches!(
        check::attained(&problem, &qs("1 2 1")),
        Err(Refusal::NotACirculation(0))
    ));
    let with_zero = chained("1 0 3", &Regularizer::l2());
    assert!(matches!(
        check::attained(&with_zero, &qs("1 1 1")),
        Err(Refusal::Flow(1, ..))
    ));
}

/// Checks: Stiemke, second case: directions are accepted, and each premise refuses.
#[test]
fn not_attained_accepts_and_refuses() {
    let dead_end = chained("1 2 0", &Regularizer::l2());
    let verified = check::not_attained(&dead_end, &qs("-1 -2")).unwrap();
    assert_eq!(verified.claim_about(&dead_end).unwrap().vanishing, [0, 1]);
    assert_eq!(
        check::not_attained(&dead_end, &qs("0 -1"))
            .unwrap()
            .claim_about(&dead_end)
            .unwrap()
            .vanishing,
        [1]
    );
    assert!(matches!(
        check::not_attained(&dead_end, &qs("-1")),
        Err(Refusal::Arity(..))
    ));
    assert_eq!(
        check::not_attained(&dead_end, &qs("-2 -1")),
        Err(Refusal::Rises(1))
    );
    assert_eq!(
        check::not_attained(&dead_end, &qs("0 0")),
        Err(Refusal::NothingFalls)
    );
    let attained = chained("1 2 3", &Regularizer::l2());
    assert_eq!(
        check::not_attained(&attained, &qs("-1 -1")),
        Err(Refusal::Rises(2))
    );
}

/// Checks: the comparison principle on costs 1, 8, 1, balanced at `μ* = (2, 1/2)`: true bounds are accepted and each
/// premise refuses.
#[test]
fn enclosure_accepts_and_refuses() {
    // Costs 1, 8, 1 balance at 2 each: μ = (2, 1/2).
    let problem = chained("1 8 1", &Regularizer::l1());
    let verify = |lower: &str, upper: &str| check::enclosure(&problem, &qs(lower), &qs(upper));
    assert!(
        verify("2 1/2", "2 1/2").is_ok(),
        "exact bounds, decided by exact arithmetic"
    );
    assert!(verify("1 1/4", "4 1").is_ok());
    assert!(matches!(
        verify("1", "4 1"),
        Err(Refusal::Arity("lower", ..))
    ));
    assert!(matches!(
        verify("1 1/4", "4"),
        Err(Refusal::Arity("upper", ..))
    ));
    assert!(matches!(
        verify("0 1/4", "4 1"),
        Err(Refusal::NotPositive(_, 0))
    ));
    assert_eq!(verify("2 1", "2 1/2"), Err(Refusal::Crossed(1)));
    let lower = Refusal::Sign(0, "lower", "input");
    assert_eq!(verify("3 1/2", "4 1"), Err(lower));
    let upper = Refusal::Sign(1, "upper", "output");
    assert_eq!(verify("1 1/4", "2 1/4"), Err(upper));
    // Off by one part in 10^60, which only exact arithmetic sees.
    let above = "2000000000000000000000000000000000000000000000000000000000001/1000000000000000000000000000000000000000000000000000000000000";
    assert!(matches!(
        verify(&format!("{above} 1/2"), "4 1"),
        Err(Refusal::Sign(..))
    ));
}

/// Checks: the comparison principle under a mixture and with irrational costs, where sums are only enclosed.
#[test]
fn enclosures_with_irrational_costs() {
    let mixture: Regularizer = "mix:1*2+1*1".parse().unwrap();
    // 2λ² + λ against 2(4/λ)² + 4/λ: equal at λ = 2.
    let problem = chained("1 4", &mixture);
    assert!(check::enclosure(&problem, &qs("2"), &qs("2")).is_ok());
    assert!(check::enclosure(&problem, &qs("21/10"), &qs("3")).is_err());
    let half = Regularizer::lp(q("1/2")).unwrap();
    let problem = chained("2 8", &half);
    // μ = λ^(1/2) = √2.
    assert!(check::enclosure(&problem, &qs("1.41421356"), &qs("1.41421357")).is_ok());
    assert!(check::enclosure(&problem, &qs("1.41421357"), &qs("1.41421358")).is_err());
    // μ* = 1 with costs √2 on both sides: a tie between irrational sums cannot be decided, and is not.
    let tie = chained("2 2", &half);
    assert_eq!(
        check::enclosure(&tie, &qs("1"), &qs("1")),
        Err(Refusal::Undecided(0))
    );
    assert!(matches!(
        check::balanced(&tie, &qs("1")),
        Err(Refusal::Undecided(0))
    ));
}

/// Checks: the hypothesis of the comparison principle that each component touches the ground: components that do not
/// are normalised, and a certificate that leaves them free is refused.
#[test]
fn components_away_from_the_ground_are_normalised() {
    // a and b on a cycle of their own: nothing joins them to x or y.
    let network = recurrent("0 4 1 0 0");
    let problem = network.problem(&Regularizer::l1());
    assert!(check::enclosure(&problem, &qs("1 1/2"), &qs("1 1/2")).is_ok());
    let free = check::enclosure(&problem, &qs("3 3/2"), &qs("3 3/2"));
    assert_eq!(free, Err(Refusal::NotNormalised(0)));
    assert!(matches!(
        check::enclosure(&problem, &qs("1 3"), &qs("1 4")),
        Err(Refusal::Sign(1, ..))
    ));
}

/// `x -> a -> b -> y` with BiPU units of the given degrees.
fn polynomial_chain(degrees: &str, weights: &str) -> Network<Rational> {
    let unit = |(id, degree)| {
        let activation = Activation::BiPu {
            degree,
            above: q("1"),
            below: q("1"),
        };
        Unit::new(id, UnitKind::Hidden, activation)
    };
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    units.extend(["a", "b", "c"].into_iter().zip(qs(degrees)).map(unit));
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    let synapses = qs(weights).into_iter().enumerate();
    let synapses = synapses.map(|(index, weight)| (index, index + 1, weight));
    Network::new(units, synapses.collect(), vec![]).unwrap()
}

/// Checks: the comparison principle covers BiPU units of positive degree, and only those.
#[test]
fn bipu_enclosures_accept_and_refuse() {
    let problem = polynomial_chain("2", "2 2").problem(&Regularizer::l1());
    // R = 2μ + 2μ^-2: μ* is the cube root of 2.
    assert!(check::enclosure(&problem, &qs("1.259921"), &qs("1.259922")).is_ok());
    let refused = check::enclosure(&problem, &qs("1.259922"), &qs("1.26")).unwrap_err();
    let lower = Refusal::Sign(0, "lower", "input");
    assert_eq!(refused, lower);
    let refused = check::enclosure(&problem, &qs("1"), &qs("1.259921")).unwrap_err();
    let upper = Refusal::Sign(0, "upper", "output");
    assert_eq!(refused, upper);
    // Costs 4, 2 of the second unit and 8: balance at 1 is A = 2B for a, A = 3B for b.
    let pair = polynomial_chain("2 3", "6 3 1").problem(&Regularizer::l1());
    assert!(check::balanced(&pair, &qs("1 1")).is_ok());
    assert!(check::enclosure(&pair, &qs("1 1"), &qs("1 1")).is_ok());
    // A negative degree: the synapse a -> b rises in both.
    let rising = polynomial_chain("-1 1", "1 1 1").problem(&Regularizer::l1());
    assert_eq!(
        check::enclosure(&rising, &qs("1 1"), &qs("1 1")),
        Err(Refusal::RaisesBoth(1))
    );
}

/// A recurrent network of BiPU units `a`, `b`, `c` of degrees 2, 1/2 and the one given, each joined to each; `x` and
/// `y` are apart.
fn polynomial_cycle(degree: &str, weights: &str) -> Network<Rational> {
    let apart = polynomial_chain(&format!("2 1/2 {degree}"), "0 0 0 0");
    let ends = [(1, 2), (2, 1), (1, 3), (3, 1), (3, 2), (2, 3)];
    let synapses = ends.into_iter().zip(qs(weights));
    let synapses = synapses.map(|((from, to), weight)| (from, to, weight));
    let units = (0..apart.units()).map(|unit| apart.unit(unit).clone());
    Network::new(units.collect(), synapses.collect(), vec![]).unwrap()
}

/// Checks: a component of BiPU units away from the ground can be scaled as a whole only where its synapses agree on
/// how; otherwise its multipliers are determined although no synapse reaches the ground.
#[test]
fn components_of_bipu_units_may_determine_their_multipliers() {
    // The circulation 1, 3, 1, 1, 1, 1 balances all three at 1.
    let disagreeing = polynomial_cycle("1", "1 3 1 1 1 1").problem(&Regularizer::l1());
    assert_eq!(disagreeing.common_scaling().unwrap(), [None, None, None]);
    assert!(check::attained(&disagreeing, &qs("1 3 1 1 1 1")).is_ok());
    assert!(check::balanced(&disagreeing, &qs("1 1 1")).is_ok());
    assert!(check::enclosure(&disagreeing, &qs("1 1 1"), &qs("1 1 1")).is_ok());
    let shifted = check::enclosure(&disagreeing, &qs("2 4 2"), &qs("2 4 2"));
    assert!(matches!(shifted, Err(Refusal::Sign(..))));
    // The synapses with c ask for z_b = z_c / 2 and z_b = z_c. Without them a and b agree: z_b = 2 z_a.
    let agreeing = polynomial_cycle("1", "1 2 0 0 0 0").problem(&Regularizer::l1());
    let expected = [Some((0, q("1"))), Some((0, q("2"))), Some((2, q("1")))];
    assert_eq!(agreeing.common_scaling().unwrap(), expected);
    assert!(check::enclosure(&agreeing, &qs("1 1 1"), &qs("1 1 1")).is_ok());
    assert_eq!(
        check::enclosure(&agreeing, &qs("2 4 1"), &qs("2 4 1")),
        Err(Refusal::NotNormalised(0))
    );
}

/// Checks: the limit of an infimum that is not attained: direction and bounds together.
#[test]
fn limits_accept_and_refuse() {
    // b reads a but is read by nothing; a is balanced between x and y.
    let hidden = |id: &str| Unit::new(id, UnitKind::Hidden, Activation::Relu);
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        hidden("a"),
        hidden("b"),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let network = Network::new(
        units,
        vec![(0, 1, q("1")), (1, 3, q("4")), (1, 2, q("7"))],
        vec![],
    )
    .unwrap();
    let problem = network.problem(&Regularizer::l1());
    let verified = check::limit_enclosure(&problem, &qs("0 -1"), &qs("2 1"), &qs("2 1")).unwrap();
    assert_eq!(verified.claim_about(&problem).unwrap().vanishing, [2]);
    let verify = |direction: &str, lower: &str, upper: &str| {
        check::limit_enclosure(&problem, &qs(direction), &qs(lower), &qs(upper))
    };
    assert_eq!(verify("0 0", "2 1", "2 1"), Err(Refusal::NothingFalls));
    assert!(matches!(
        verify("0 1", "2 1", "2 1"),
        Err(Refusal::Rises(2))
    ));
    assert!(matches!(
        verify("0 -1", "2 2", "2 2"),
        Err(Refusal::NotNormalised(1))
    ));
    assert!(matches!(
        verify("0 -1", "3 1", "4 1"),
        Err(Refusal::Sign(0, ..))
    ));
    // Without the direction the same bounds are no enclosure: b has no output cost.
    assert!(check::enclosure(&problem, &qs("2 1"), &qs("2 1")).is_err());
    // Exact balance in the limit is not exact balance.
    let exact = check::limit_balanced(&problem, &qs("0 -1"), &qs("2 1")).unwrap();
    assert_eq!(exact.claim_about(&problem).unwrap().vanishing, [2]);
    assert!(matches!(
        check::balanced(&problem, &qs("2 1")),
        Err(Refusal::Unbalanced(0, ..))
    ));
}

/// Checks: what was verified of one problem is not given out for another: not for the one without a synapse, not for
/// another regularizer, not for other weights; for the same one made anew it is.
#[test]
fn claims_are_about_one_problem() {
    let weights = "1 8 1";
    let problem = chained(weights, &Regularizer::l1());
    let others = [
        problem.without(&[1]),
        chained(weights, &Regularizer::lp(q("2")).unwrap()),
        chained("1 8 2", &Regularizer::l1()),
        chained("1 8 1 1", &Regularizer::l1()),
    ];
    let attained = check::attained(&problem, &qs("1 1 1")).unwrap();
    let enclosed = check::enclosure(&problem, &qs("2 1/2"), &qs("2 1/2")).unwrap();
    let balanced = check::balanced(&problem, &qs("2 1/2")).unwrap();
    let again = chained(weights, &Regularizer::l1());
    assert!(attained.claim_about(&again).is_some());
    assert!(enclosed.claim_about(&again).is_some());
    assert!(balanced.claim_about(&again).is_some());
    for other in &others {
        assert!(attained.claim_about(other).is_none());
        assert!(enclosed.claim_about(other).is_none());
        assert!(balanced.claim_about(other).is_none());
    }
    // What a limit proves is about the whole problem, and says what it leaves out.
    let dead = chained("1 2 0", &Regularizer::l1());
    let limit = check::limit_balanced(&dead, &qs("-1 -2"), &qs("1 1")).unwrap();
    assert!(limit.claim_about(&dead.without(&[0, 1])).is_none());
    assert_eq!(limit.claim_about(&dead).unwrap().vanishing, [0, 1]);
}

/// Checks: exact balance.
#[test]
fn balanced_accepts_and_refuses() {
    let problem = chained("1 8 1", &Regularizer::l1());
    assert!(check::balanced(&problem, &qs("2 1/2")).is_ok());
    assert!(check::balanced(&chained("2 -2 2", &Regularizer::l2()), &qs("1 1")).is_ok());
    let refused = check::balanced(&problem, &qs("2 1")).unwrap_err();
    let expected = Refusal::Unbalanced(0, Box::new(q("2")), Box::new(q("4")));
    assert_eq!(refused, expected);
    assert!(matches!(
        check::balanced(&problem, &qs("2")),
        Err(Refusal::Arity(..))
    ));
    assert!(matches!(
        check::balanced(&problem, &qs("2 -1/2")),
        Err(Refusal::NotPositive(_, 1))
    ));
}

/// Checks: exact scaling, Section 3.
#[test]
fn scaling_accepts_and_refuses() {
    let network = recurrent("1 2 3 4 5");
    let problem = network.problem(&Regularizer::l2());
    let before = network.weights();
    let verify = |after: &str, multipliers: &str| {
        check::scaling(&problem, &before, &qs(after), &qs(multipliers))
    };
    assert!(verify("2 3 2 4/3 5", "2 3").is_ok());
    assert!(verify("1 2 3 4 5", "1 1").is_ok());
    let wrong = Refusal::Weight(4, Box::new(q("10")), Box::new(q("5")));
    assert_eq!(verify("2 3 2 4/3 10", "2 3"), Err(wrong));
    assert!(matches!(
        verify("2 3 2 4/3", "2 3"),
        Err(Refusal::Arity("weights after", ..))
    ));
    assert!(matches!(
        verify("2 3 2 4/3 5", "2"),
        Err(Refusal::Arity("multipliers", ..))
    ));
    assert!(matches!(
        verify("-1 -2 3 4 5", "-1 1"),
        Err(Refusal::NotPositive(_, 0))
    ));
    assert!(matches!(
        verify("2 3 -2 4/3 5", "2 3"),
        Err(Refusal::Weight(2, ..))
    ));
}

/// Checks: malformed problems are refused before any claim is looked at.
#[test]
fn malformed_problems_are_refused() {
    let cost = |base: &str, power: &str| Cost {
        coefficient: q("1"),
        base: q(base),
        power: q(power),
        exponent: q("1"),
    };
    let synapse = |direction: Vec<(usize, Rational)>, cost| Synapse {
        direction,
        costs: vec![cost],
    };
    let refused = |synapse| {
        matches!(
            Problem::new(2, vec![synapse]),
            Err(Refusal::Form(..) | Refusal::Block(..))
        )
    };
    assert!(refused(synapse(vec![(2, q("1"))], cost("1", "1"))));
    assert!(refused(synapse(
        vec![(1, q("1")), (0, q("-1"))],
        cost("1", "1")
    )));
    assert!(refused(synapse(vec![(0, q("0"))], cost("1", "1"))));
    assert!(refused(synapse(
        vec![(0, q("1")), (0, q("-1"))],
        cost("1", "1")
    )));
    assert!(refused(synapse(vec![(0, q("1"))], cost("-1", "1"))));
    assert!(refused(synapse(vec![(0, q("1"))], cost("1", "0"))));
    assert!(
        Problem::new(
            2,
            vec![synapse(vec![(0, q("1")), (1, q("-1"))], cost("1", "1"))]
        )
        .is_ok()
    );
}
