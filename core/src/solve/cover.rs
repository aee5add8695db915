//! The double cover: problems of two variables a synapse, of whatever signs, as ordinary ones.

use num_traits::{One, Signed, Zero};

use super::existence::{Witness, witness_by_components};
use super::{Existence, ExistenceError};
use crate::kernel::{Cost, Problem, Synapse, check};
use crate::numbers::Rational;

/// A problem in which each variable `v` has become two, `2v` for `log μ_v` and `2v + 1` for its negative, and each
/// synapse two copies that rise in one variable and fall in one at the most.
#[derive(Debug, Clone)]
pub struct DoubleCover {
    /// The cover: synapse `2e` and `2e + 1` are the copies of `e`, with its costs; exponents are 1 and -1.
    pub problem: Problem,
    /// For each synapse the magnitude `q` of its exponents; 1 where it has none.
    pub magnitudes: Vec<Rational>,
}

/// The double cover, if every active synapse has at most two variables, with exponents of one magnitude. Ours.
///
/// A synapse `e^(x - y)` becomes `e^(x+ - y+)` and `e^(y- - x-)`, `e^(x + y)` becomes `e^(x+ - y-)` and `e^(y+ - x-)`,
/// `e^x` becomes `e^(x+)` and `e^(-x-)`. Exponents `±q` are taken as `±1`. Where all are `±1`, the cover's minimum is
/// twice that of the problem, reached at `x+ = x`, `x- = -x`, and attained iff that is.
///
/// ```
/// use synaptic_balance::kernel::{Cost, Problem, Synapse};
/// use synaptic_balance::numbers::Rational;
/// use synaptic_balance::solve::double_cover;
/// let q = |value: i64| Rational::from_integer(value.into());
/// let cost = Cost { coefficient: q(16), base: q(1), power: q(1), exponent: q(1) };
/// let synapse = Synapse { direction: vec![(0, q(-1)), (1, q(-1))], costs: vec![cost] };
/// let cover = double_cover(&Problem::new(2, vec![synapse]).unwrap()).unwrap();
/// assert_eq!(cover.problem.synapses()[0].direction, [(1, q(1)), (2, q(-1))]);
/// ```
pub fn double_cover(problem: &Problem) -> Option<DoubleCover> {
    let mut synapses = Vec::with_capacity(2 * problem.synapses().len());
    let mut magnitudes = Vec::with_capacity(problem.synapses().len());
    for synapse in problem.synapses() {
        let direction = synapse.direction.as_slice();
        let magnitude = direction
            .first()
            .map_or_else(Rational::one, |(_, a)| a.abs());
        let is_plain = direction.len() <= 2 && direction.iter().all(|(_, a)| a.abs() == magnitude);
        if !is_plain && synapse.is_active() {
            return None;
        }
        magnitudes.push(magnitude);
        // The variable that stands for the sum's part, and that for its negative.
        let ends: Vec<(usize, usize)> = match is_plain {
            true => direction.iter().map(|(v, a)| ends(*v, a)).collect(),
            false => Vec::new(),
        };
        let copies: [Vec<(usize, i32)>; 2] = match ends.as_slice() {
            [(rise, fall)] => [vec![(*rise, 1)], vec![(*fall, -1)]],
            [(rise, fall), (other, opposite)] => [
                vec![(*rise, 1), (*opposite, -1)],
                vec![(*other, 1), (*fall, -1)],
            ],
            _ => [Vec::new(), Vec::new()],
        };
        synapses.extend(copies.map(|copy| copied(copy, &synapse.costs)));
    }
    let problem = Problem::new(2 * problem.variables(), synapses).ok()?;
    Some(DoubleCover {
        problem,
        magnitudes,
    })
}

/// The copy of a variable that rises with the synapse, and the one that falls.
fn ends(variable: usize, exponent: &Rational) -> (usize, usize) {
    match exponent.is_positive() {
        true => (2 * variable, 2 * variable + 1),
        false => (2 * variable + 1, 2 * variable),
    }
}

fn copied(mut direction: Vec<(usize, i32)>, costs: &[Cost]) -> Synapse {
    direction.sort_unstable();
    let direction = direction.into_iter();
    Synapse {
        direction: direction
            .map(|(v, a)| (v, Rational::from_integer(a.into())))
            .collect(),
        costs: costs.to_vec(),
    }
}

/// Existence by the strongly connected components of the double cover; `None` where there is none. Cost: linear.
///
/// The flow of a synapse is that of both copies, over `q`; a direction is the difference of those of `v+` and `v-`. As
/// the cover is its own reverse, one copy vanishes iff the other does.
pub(super) fn existence_by_cover(problem: &Problem) -> Option<Result<Existence, ExistenceError>> {
    let cover = double_cover(problem)?;
    let checked = match witness_by_components(&cover.problem)? {
        Witness::Circulation(flow) => {
            let largest = cover.magnitudes.iter().max().cloned();
            let largest = largest.unwrap_or_else(Rational::one);
            let flows = flow.chunks_exact(2).zip(&cover.magnitudes);
            let flows = flows.map(|(copies, magnitude)| {
                let sum = copies.iter().sum::<Rational>();
                match *magnitude == largest {
                    true => sum,
                    false => sum * &largest / magnitude,
                }
            });
            check::attained(problem, &flows.collect::<Vec<_>>()).map(Existence::Attained)
        }
        Witness::Direction(direction) => {
            let pairs = direction.chunks_exact(2);
            let direction = pairs.map(|pair| match pair {
                [own, negative] => own - negative,
                _ => Rational::zero(),
            });
            check::not_attained(problem, &direction.collect::<Vec<_>>()).map(Existence::NotAttained)
        }
    };
    Some(checked.map_err(ExistenceError::Refused))
}
