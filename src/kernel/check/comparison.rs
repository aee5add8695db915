//! The comparison principle: two sign tests enclose every balanced multiplier.

use num_traits::One;

use super::{arity, exact_sides, existence::falling, positive};
use crate::kernel::{Costs, Enclosed, Problem, Refusal, Synapse, Verified};
use crate::numbers::{Order, Rational};

/// **The minimum is attained and `lower_v <= μ*_v <= upper_v`** if `A_v <= B_v` at every free variable at
/// `μ = lower`, and `A_v >= B_v` at every free variable at `μ = upper`.
///
/// A component that no non-zero synapse joins to the ground can, between BiLU units always, be scaled as a whole without
/// changing any weight: its multipliers are determined up to a common factor, and the statement is about those whose first variable is 1.
/// [`Enclosed::normalised`] names its variables. The balanced *weights* are unique all the same.
///
/// Hypotheses, all checked: `0 < lower <= upper`; in every active synapse at most one exponent is positive and at most one
/// negative, whatever their sizes, as in the ratios `μ_i/μ_j` of BiLU units and `μ_i/μ_j^c`, `c > 0`, of BiPU units, but not
/// after a product, nor where a multiplier and its inverse are read by one unit; the variables that are not
/// [free](Problem::free) (one for each component that can be scaled as a whole) have both bounds 1, which is how that
/// component is normalised.
///
/// Why: as a function of `x = log μ`, `R` is convex with gradient `g = A - B`, and `∂g_v/∂x_w = Σ_e d_ev d_ew q² · cost <= 0`
/// for `v != w`: `g_v` falls in every other variable. `R` has a minimum over the box between the bounds. Where it
/// touches `upper_v`, a minimum has `g_v <= 0`, while `g_v >= g_v(upper) >= 0`; so `g_v = 0`. Likewise below. Hence the
/// minimum over the box is stationary, and by convexity it is the minimum over all multipliers. It is unique: no
/// direction of the free variables leaves all ratios as they are (a synapse of one variable determines it, one of two the other
/// from one), so `R` is strictly convex in them. In a component that
/// can be scaled as a whole, along `z`, `Σ_v z_v g_v = 0`, so the variable that is fixed balances with the others.
/// Place: ours. The general proof (`enclosure_certificate`) does not cover components away from the ground in which no scaling is
/// common, as where BiPU units of a cycle disagree.
///
/// Cost: linear in the number of synapses unless two sums agree to 120 bits; then exact sums decide.
///
/// # Errors
/// Wrong lengths, signs or order; a synapse outside the hypotheses; a component that is not normalised; a
/// sign test that fails, or that irrational costs leave undecided.
pub fn enclosure(
    problem: &Problem,
    lower: &[Rational],
    upper: &[Rational],
) -> Result<Verified<Enclosed>, Refusal> {
    compare(problem, lower, upper, Vec::new())
}

/// **The infimum is not attained, and in the limit in which the synapses that fall along `direction` vanish,
/// the others are balanced within the bounds.**
///
/// Why: along `direction` the falling costs tend to 0 and the others do not change, so the infimum of `R`
/// equals that of the problem without the falling synapses, and that one has a minimum by [`enclosure`].
/// Place: ours.
///
/// # Errors
/// Those of [`not_attained`](super::not_attained) and of [`enclosure`] for the remaining problem.
pub fn limit_enclosure(
    problem: &Problem,
    direction: &[Rational],
    lower: &[Rational],
    upper: &[Rational],
) -> Result<Verified<Enclosed>, Refusal> {
    compare(problem, lower, upper, falling(problem, direction)?)
}

fn compare(
    whole: &Problem,
    lower: &[Rational],
    upper: &[Rational],
    vanishing: Vec<usize>,
) -> Result<Verified<Enclosed>, Refusal> {
    let problem = &whole.without(&vanishing);
    arity("lower", lower.len(), problem.variables())?;
    arity("upper", upper.len(), problem.variables())?;
    positive("lower", lower)?;
    if let Some(variable) = lower
        .iter()
        .zip(upper)
        .position(|(lower, upper)| lower > upper)
    {
        return Err(Refusal::Crossed { variable });
    }
    if let Some(synapse) = problem.synapses().iter().position(Synapse::raises_both) {
        return Err(Refusal::RaisesBoth { synapse });
    }
    let free = problem.free()?;
    let one = Rational::one();
    for (variable, (lower, upper)) in lower.iter().zip(upper).enumerate() {
        if free.get(variable) == Some(&false) && (*lower != one || *upper != one) {
            return Err(Refusal::NotNormalised { variable });
        }
    }
    let tests = SignTests {
        problem,
        free: &free,
        costs: problem.costs(PRECISIONS[0]),
    };
    tests.run(lower, Side::Lower)?;
    tests.run(upper, Side::Upper)?;
    let claim = Enclosed {
        lower: lower.to_vec(),
        upper: upper.to_vec(),
        normalised: problem.floating()?.iter().map(Option::is_some).collect(),
        vanishing,
    };
    Ok(Verified::new(whole, claim))
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Lower,
    Upper,
}

impl Side {
    /// What `(A, B)` must satisfy, as the order of the side that must not be larger against the other.
    fn ordered<T>(self, input: T, output: T) -> (T, T) {
        match self {
            Side::Lower => (input, output),
            Side::Upper => (output, input),
        }
    }

    fn refusal(self, variable: usize) -> Refusal {
        let (bound, larger) = match self {
            Side::Lower => ("lower", "input"),
            Side::Upper => ("upper", "output"),
        };
        Refusal::Sign {
            variable,
            bound,
            larger,
        }
    }
}

/// Working precisions, in bits, of the outward-rounded sums; beyond them exact arithmetic decides.
const PRECISIONS: [u64; 2] = [128, 1024];

struct SignTests<'a> {
    problem: &'a Problem,
    free: &'a [bool],
    /// To the first of [`PRECISIONS`].
    costs: Costs,
}

impl SignTests<'_> {
    fn run(&self, point: &[Rational], side: Side) -> Result<(), Refusal> {
        let free = self.free.iter().enumerate().filter(|(_, free)| **free);
        let open: Vec<usize> = free.map(|(variable, _)| variable).collect();
        let open = self.decide(&self.costs, point, side, open)?;
        if open.is_empty() {
            return Ok(());
        }
        let finer = self.problem.costs(PRECISIONS[1]);
        let open = self.decide(&finer, point, side, open)?;
        self.decide_exactly(point, side, &open)
    }

    /// Returns the variables whose sums overlap.
    fn decide(
        &self,
        costs: &Costs,
        point: &[Rational],
        side: Side,
        open: Vec<usize>,
    ) -> Result<Vec<usize>, Refusal> {
        let sides = self.problem.sides(costs, point);
        let mut undecided = Vec::new();
        for variable in open {
            let order = sides.get(variable).and_then(|(input, output)| {
                let (smaller, larger) = side.ordered(input.as_ref()?, output.as_ref()?);
                smaller.order(larger)
            });
            match order {
                Some(Order::AtMost) => {}
                Some(Order::Greater) => return Err(side.refusal(variable)),
                Some(Order::Unknown) | None => undecided.push(variable),
            }
        }
        Ok(undecided)
    }

    fn decide_exactly(
        &self,
        point: &[Rational],
        side: Side,
        open: &[usize],
    ) -> Result<(), Refusal> {
        let sides = exact_sides(self.problem, point, |variable| {
            open.binary_search(&variable).is_ok()
        });
        for variable in open {
            let variable = *variable;
            let Some(Some((input, output))) = sides.get(variable) else {
                return Err(Refusal::Undecided { variable });
            };
            let (smaller, larger) = side.ordered(input, output);
            if smaller > larger {
                return Err(side.refusal(variable));
            }
        }
        Ok(())
    }
}
