//! What is a problem, what is said of which, and numbers that are none.

use crate::check;
use synaptic_balance_kernel::{Obstacle, Rational, Refusal};

use crate::{chain, q, qs, synapse, terms};

/// Checks: variables that do not exist or come twice, exponents of 0, numbers of the wrong sign and quotients by 0 make
/// no problem.
#[test]
fn malformed_problems() {
    let fate = |changed: &dyn Fn(&mut crate::Synapse)| {
        let mut wrong = synapse("0*1 1*-1", "3", "2");
        changed(&mut wrong);
        crate::flat(2, vec![synapse("", "0", "1"), wrong]).is_ok()
    };
    assert!(fate(&|_| {}));
    assert!(fate(&|synapse| synapse.costs.clear()));
    assert!(!fate(&|synapse| synapse.direction = terms("0*1 2*-1")));
    assert!(fate(&|synapse| synapse.direction = terms("1*1 0*-1")));
    assert!(!fate(&|synapse| synapse.direction = terms("0*1 0*-1")));
    assert!(!fate(&|synapse| synapse.direction = terms("0*0")));
    let none = || Rational::new_raw(1.into(), 0.into());
    assert!(!fate(&|synapse| synapse.direction[0].1 = none()));
    let minus_one_over = |bottom: i64| Rational::new_raw((-1).into(), bottom.into());
    for (value, is_number) in [
        (q("0"), true),
        (q("-1"), true),
        (none(), false),
        (minus_one_over(-2), false),
    ] {
        assert!(!fate(
            &|synapse| synapse.costs[0].coefficient = value.clone()
        ));
        assert!(!fate(&|synapse| synapse.costs[0].power = value.clone()));
        let base = fate(&|synapse| synapse.costs[0].base = value.clone());
        assert_eq!(base, is_number);
    }
    let refused = crate::flat(1, vec![synapse("", "0", "1"), synapse("1*1", "1", "1")]);
    assert!(matches!(refused, Err(Refusal::Form(2, _))));
}

/// Checks: a claim is said of the problem that it was verified of, and of copies, and of no other.
#[test]
fn claims_are_about_one_problem() {
    let problem = chain("1 4", "1");
    let verified = check::balanced(&problem, None, &qs("2")).unwrap();
    assert_eq!(
        verified.claim_about(&problem.clone()).unwrap().multipliers,
        qs("2")
    );
    assert!(verified.claim_about(&chain("1 4", "1")).is_some());
    for other in [chain("1 5", "1"), chain("1 4", "2"), chain("1 0", "1")] {
        assert!(verified.claim_about(&other).is_none());
    }
    assert_eq!(verified.data().vanishing, [0usize; 0]);
    let scaled = check::scaling(&problem, &qs("1 4"), &qs("2 2"), &qs("2")).unwrap();
    assert_eq!(
        (&scaled.data().before, &scaled.data().after),
        (&qs("1 4"), &qs("2 2"))
    );
}

/// Checks: a quotient by 0 anywhere in a certificate is refused, without a panic.
#[test]
fn quotients_by_zero() {
    let problem = chain("1 4", "1");
    let none = || vec![Rational::new_raw(1.into(), 0.into())];
    let two = |first: Vec<Rational>| [first, qs("4")].concat();
    let zero = none().remove(0);
    let outcomes = [
        check::attained(&problem, &two(none())).err(),
        check::not_attained(&problem, &none()).err(),
        check::balanced(&problem, None, &none()).err(),
        check::balanced(&problem, Some(&none()), &qs("2")).err(),
        check::enclosure(&problem, None, &none(), &qs("2")).err(),
        check::enclosure(&problem, None, &qs("2"), &none()).err(),
        check::scaling(&problem, &two(none()), &qs("1 4"), &qs("1")).err(),
        check::scaling(&problem, &qs("1 4"), &two(none()), &qs("1")).err(),
        check::scaling(&problem, &qs("1 4"), &qs("1 4"), &none()).err(),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        assert!(
            matches!(outcome, Some(Refusal::Range(_))),
            "{index}: {outcome:?}"
        );
    }
    let cycle = Obstacle::Cycle(vec![(0, zero.clone())]);
    let one = q("1");
    assert!(check::not_scaled(&problem, &qs("1 4"), &qs("1 5"), &cycle, &q("0")).is_err());
    let obstacle = Obstacle::Synapse(0);
    assert_eq!(
        check::not_scaled(&problem, &qs("1 4"), &qs("0 4"), &obstacle, &zero).err(),
        Some(Refusal::Range("the tolerance"))
    );
    assert!(check::not_scaled(&problem, &qs("1 4"), &qs("0 4"), &obstacle, &one).is_err());
    assert!(check::manifold(&problem, &[vec![(0, zero), (1, one)]], &[0]).is_err());
}
