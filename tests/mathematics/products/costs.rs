//! Sums of products of powers as problems: the kernel, one variable, exact minima.

use num_traits::Zero;
use synaptic_balance::kernel::{Cost, Problem, Refusal, Surveyed, Synapse, check};
use synaptic_balance::solve::{Balancing, DirectOptions, balance_exactly, certify, solve_direct};

use super::{q, qs};

/// `Σ cost · exp<a, log μ>` as a problem, from exponents and costs.
fn posynomial(variables: usize, terms: &[(&str, &str)]) -> Problem {
    let synapse = |(cost, exponents): &(&str, &str)| {
        let direction = qs(exponents).into_iter().enumerate();
        Synapse {
            direction: direction
                .filter(|(_, exponent)| !exponent.is_zero())
                .collect(),
            costs: vec![Cost {
                coefficient: q(cost),
                base: q("1"),
                power: q("1"),
                exponent: q("1"),
            }],
        }
    };
    Problem::new(variables, terms.iter().map(synapse).collect()).unwrap()
}

/// Checks: `a + b + c + 16/(abc)` is least at (2, 2, 2), exactly; the kernel proves that and that the minimum is
/// attained, refuses a point beside it, and does not apply the comparison principle, nor ask for components.
#[test]
fn the_kernel_takes_synapses_of_many_variables() {
    let problem = posynomial(
        3,
        &[
            ("1", "1 0 0"),
            ("1", "0 1 0"),
            ("1", "0 0 1"),
            ("16", "-1 -1 -1"),
        ],
    );
    assert!(check::balanced(&problem, &qs("2 2 2")).is_ok());
    assert!(matches!(
        check::balanced(&problem, &qs("2 2 4")),
        Err(Refusal::Unbalanced(..))
    ));
    assert!(check::attained(&problem, &qs("1 1 1 1")).is_ok());
    assert!(matches!(
        check::attained(&problem, &qs("1 1 2 1")),
        Err(Refusal::NotACirculation(_))
    ));
    let three = Refusal::RaisesBoth(3);
    let wide = check::enclosure(&problem, &qs("1 1 1"), &qs("3 3 3"));
    assert_eq!(wide, Err(three.clone()));
    assert_eq!(problem.common_scaling(), Err(three.clone()));
    assert_eq!(problem.free(), Err(three));
    // Without the synapse of three variables everything can go to 0.
    let without = problem.without(&[3]);
    assert!(check::not_attained(&without, &qs("-1 -1 -1")).is_ok());
    assert!(check::enclosure(&without, &qs("1 1 1"), &qs("3 3 3")).is_err());
    let start = vec![q("1"); 4];
    let scaled = qs("2 3 5 1/30");
    assert!(check::scaling(&problem, &start, &scaled, &qs("2 3 5")).is_ok());
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
    let exact = balance_exactly(&problem, &solution).unwrap();
    assert_eq!(
        exact.claim_about(&problem).unwrap().multipliers,
        qs("2 2 2")
    );
}

/// Checks: the comparison principle fails on an odd cycle, and the kernel refuses it there: at (1, 2.9) both sign tests
/// of a lower bound pass, while the optimum is (4, 2).
#[test]
fn odd_cycles_are_refused_by_comparison() {
    let terms = [("1", "1 -1"), ("16", "-1 -1"), ("2", "0 1")];
    let problem = posynomial(2, &terms);
    let solution = solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).unwrap();
    let exact = balance_exactly(&problem, &solution).unwrap();
    assert_eq!(exact.claim_about(&problem).unwrap().multipliers, qs("4 2"));
    let sides = problem.sides(&problem.costs(128), &qs("1 29/10"));
    for (input, output) in sides {
        let (input, output) = (input.unwrap(), output.unwrap());
        assert!(input.hi().to_rational() <= output.lo().to_rational());
    }
    assert_eq!(
        check::enclosure(&problem, &qs("1 29/10"), &qs("9 9")),
        Err(Refusal::RaisesBoth(1))
    );
    // With one sign turned it is an ordinary problem, whatever the sizes of exponents.
    let even = posynomial(2, &[("1", "1 -1"), ("16", "-1 2"), ("2", "0 -1/2")]);
    let solution = solve_direct(&even, &DirectOptions::default(), &mut |_| {}).unwrap();
    assert!(certify(&even, &solution, 12).is_ok());
}

/// Checks: closed forms of one variable: exponents ±1 give `sqrt(B/A)`, ±q `(B/A)^(1/2q)`, 1 and -c `(cB/A)^(1/(1+c))`;
/// any others the root of `Σ a c μ^a`.
#[test]
fn one_variable_is_balanced_by_its_root() {
    let step = |terms: &[(&str, &str)]| {
        let problem = posynomial(1, terms);
        let mut state = Balancing::new(&problem);
        let log = state.balancing_log(0).unwrap().unwrap();
        state.shift(0, log);
        assert!(state.deficit(0) < 1e-14);
        log.exp()
    };
    let near =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14, "{found}");
    near(step(&[("2", "1"), ("18", "-1")]), 3.0);
    near(step(&[("2", "3"), ("18", "-3")]), 9f64.powf(1.0 / 6.0));
    near(step(&[("3", "1"), ("7", "-4")]), (28.0f64 / 3.0).powf(0.2));
    // 2μ² + 3μ - 4/μ - 3/μ³ = 0 has no closed form; μ = 1.
    near(
        step(&[("1", "2"), ("3", "1"), ("2", "-1"), ("1", "-3")]),
        1.0,
    );
}
