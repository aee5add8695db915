//! The rules, with claims made of what they are about.

use synaptic_balance_kernel::check::{self, Checked};
use synaptic_balance_kernel::{
    Attained, Balanced, Basis, Enclosed, NotAttained, NotScaled, Obstacle, Problem, Rational,
    Scaled,
};

pub fn attained<'a>(problem: &Problem<'a>, circulation: &[Rational]) -> Checked<'a, Attained> {
    let circulation = circulation.to_vec();
    check::attained(problem, Attained { circulation })
}

pub fn not_attained<'a>(problem: &Problem<'a>, direction: &[Rational]) -> Checked<'a, NotAttained> {
    let claim = NotAttained {
        direction: direction.to_vec(),
        // The rule knows better.
        vanishing: vec![7],
    };
    check::not_attained(problem, claim)
}

pub fn balanced<'a>(
    problem: &Problem<'a>,
    direction: Option<&[Rational]>,
    multipliers: &[Rational],
) -> Checked<'a, Balanced> {
    let claim = Balanced {
        multipliers: multipliers.to_vec(),
        direction: direction.map(<[Rational]>::to_vec),
        vanishing: vec![7],
    };
    check::balanced(problem, claim)
}

pub fn enclosure<'a>(
    problem: &Problem<'a>,
    direction: Option<&[Rational]>,
    lower: &[Rational],
    upper: &[Rational],
) -> Checked<'a, Enclosed> {
    let claim = Enclosed {
        lower: lower.to_vec(),
        upper: upper.to_vec(),
        direction: direction.map(<[Rational]>::to_vec),
        normalised: vec![true; 7],
        vanishing: vec![7],
    };
    check::enclosure(problem, claim)
}

pub fn scaling<'a>(
    problem: &Problem<'a>,
    before: &[Rational],
    after: &[Rational],
    multipliers: &[Rational],
) -> Checked<'a, Scaled> {
    let [before, after, multipliers] = [before, after, multipliers].map(<[Rational]>::to_vec);
    let claim = Scaled {
        before,
        after,
        multipliers,
    };
    check::scaling(problem, claim)
}

pub fn not_scaled<'a>(
    problem: &Problem<'a>,
    before: &[Rational],
    after: &[Rational],
    obstacle: &Obstacle,
    tolerance: &Rational,
) -> Checked<'a, NotScaled> {
    let claim = NotScaled {
        before: before.to_vec(),
        after: after.to_vec(),
        obstacle: obstacle.clone(),
        tolerance: tolerance.clone(),
        product: Some(crate::q("7")),
    };
    check::not_scaled(problem, claim)
}

pub fn manifold<'a>(
    problem: &Problem<'a>,
    constraints: &[Vec<(usize, Rational)>],
    spanning: &[usize],
) -> Checked<'a, Basis> {
    let claim = Basis {
        constraints: constraints.to_vec(),
        spanning: spanning.to_vec(),
    };
    check::manifold(problem, claim)
}
