//! Newton's method in numbers of many bits, for networks cut off from the ground beyond what `f64` resolves.

use num_traits::{One, Signed};

use super::Balancing;
use super::levels::{ActiveSynapse, links};
use crate::kernel::{Priced, Problem};
use crate::numbers::{
    Direction, Dyadic, Rational, natural_log, rational_from_f64, rational_to_f64,
};

/// The most variables, for some seconds: an elimination takes the cube of them in long multiplications.
const MAX_VARIABLES: usize = 32;
/// The least precision, doubled as long as it does not suffice, and the most.
const FIRST_BITS: u64 = 256;
const MAX_BITS: u64 = 1 << 13;
/// The most Newton steps at one precision.
const STEPS: usize = 100;
/// The farthest that a step moves a logarithm.
const LEAP: f64 = 100.0;
/// Below, `exp(t)` is taken for `1 + t`: what that leaves out is of the order of what a Newton step does.
const SMALL: f64 = 1e-8;

/// A synapse into `to` from `from` (`None` is the ground), and its cost at multipliers 1.
struct Flow {
    to: Option<usize>,
    from: Option<usize>,
    cost: Dyadic,
}

/// A solution, and the heights there: what `H h = diag(H)` gives.
pub(super) struct Precise {
    /// The variables of the heights.
    pub variables: Vec<usize>,
    /// The multipliers of all variables.
    pub point: Vec<Rational>,
    /// One for each of `variables`.
    pub heights: Vec<Rational>,
}

/// Refines a solution until its residuals are a small part of `width` over the heights. `None` for mixtures, units of
/// degree other than 1, too many variables, or where [`MAX_BITS`] do not suffice.
///
/// The Hessian is eliminated without subtraction (Grassmann, Taksar and Heyman): every entry of its factors, and of a
/// solution for a right side of one sign, keeps nearly all its bits, however nearly singular it is. Only residuals, and
/// the two parts of a step, are differences.
pub(super) fn solve_precisely(
    problem: &Problem,
    state: &Balancing,
    width: &Rational,
) -> Option<Precise> {
    let mut is_joined = vec![false; problem.variables()];
    let active = problem.synapses().iter().filter(|one| one.is_active());
    let ends = active.flat_map(|synapse| &synapse.direction);
    ends.for_each(|(variable, _)| is_joined[*variable] = true);
    let mut variables = state.free();
    variables.retain(|variable| is_joined[*variable]);
    if variables.len() > MAX_VARIABLES {
        return None;
    }
    let start = state.multipliers().iter().map(|value| value.to_rational());
    let mut point: Vec<Rational> = start.collect::<Option<_>>()?;
    let mut bits = first_bits(state);
    while bits <= MAX_BITS {
        let mut newton = Newton::new(problem, &variables, &point, bits)?;
        let is_refined = newton.run()?;
        point = newton.point.iter().map(Dyadic::to_rational).collect();
        if is_refined {
            let heights = newton.heights()?;
            let highest = heights.iter().max().cloned().unwrap_or_else(Rational::one);
            let goal = width / highest / Rational::from_integer(16.into());
            if goal > newton.goal {
                return Some(Precise {
                    variables,
                    point,
                    heights,
                });
            }
        }
        bits *= 2;
    }
    None
}

/// What it takes to see the smallest cost beside the largest, twice.
fn first_bits(state: &Balancing) -> u64 {
    let logs = state.current_terms().map(|(value, _)| value.ln());
    let logs = logs.filter(|log| log.is_finite());
    let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
        (low.min(log), high.max(log))
    });
    FIRST_BITS + (2.0 * (high - low).max(0.0) / std::f64::consts::LN_2) as u64
}

/// Newton's method at one precision.
struct Newton<'a> {
    bits: u64,
    /// Residuals to reach, as a share of `A + B`.
    goal: Rational,
    variables: &'a [usize],
    flows: Vec<Flow>,
    point: Vec<Dyadic>,
    system: Laplacian,
    /// `A` and `B` of each of `variables`.
    sides: Vec<(Dyadic, Dyadic)>,
}

impl<'a> Newton<'a> {
    fn new(
        problem: &Problem,
        variables: &'a [usize],
        point: &[Rational],
        bits: u64,
    ) -> Option<Self> {
        let half = u32::try_from(bits / 2).ok()?;
        let point = point
            .iter()
            .map(|value| Dyadic::from_rational(value, bits, Direction::Down));
        Some(Newton {
            bits,
            goal: Rational::new(1.into(), num_bigint::BigInt::from(2).pow(half)),
            variables,
            flows: flows(problem, bits)?,
            point: point.collect::<Option<_>>()?,
            system: Laplacian::new(0, bits),
            sides: Vec::new(),
        })
    }

    /// Steps until the goal is reached; false if it is not.
    fn run(&mut self) -> Option<bool> {
        for _ in 0..STEPS {
            self.measure()?;
            let residual: Vec<Rational> = self
                .sides
                .iter()
                .map(|(input, output)| output.to_rational() - input.to_rational())
                .collect();
            let is_small = |(residual, (input, output)): (&Rational, &(Dyadic, Dyadic))| {
                residual.abs() <= (input.to_rational() + output.to_rational()) * &self.goal
            };
            if residual.iter().zip(&self.sides).all(is_small) {
                return Some(true);
            }
            self.system.factor()?;
            let part = |sign: i32| -> Option<Vec<Rational>> {
                let sign = Rational::from_integer(sign.into());
                let side = residual.iter().map(|value| {
                    let value = (value * &sign).max(Rational::default());
                    Dyadic::from_rational(&value, self.bits, Direction::Down)
                });
                let solved = self.system.solve(side.collect::<Option<_>>()?)?;
                Some(solved.iter().map(Dyadic::to_rational).collect())
            };
            let (up, down) = (part(1)?, part(-1)?);
            let step: Vec<Rational> = up.iter().zip(&down).map(|(up, down)| up - down).collect();
            self.shift(&step)?;
        }
        Some(false)
    }

    /// Costs at the point: the sides, and the Hessian.
    fn measure(&mut self) -> Option<()> {
        let (bits, down) = (self.bits, Direction::Down);
        let mut row = vec![None; self.point.len()];
        let rows = self.variables.iter().enumerate();
        rows.for_each(|(index, variable)| row[*variable] = Some(index));
        let inverse = self.point.iter().map(|value| value.reciprocal(bits, down));
        let inverse: Vec<Dyadic> = inverse.collect::<Option<_>>()?;
        self.sides = vec![(Dyadic::zero(), Dyadic::zero()); self.variables.len()];
        self.system = Laplacian::new(self.variables.len(), bits);
        for Flow { to, from, cost } in &self.flows {
            let mut cost = cost.clone();
            if let Some(to) = to {
                cost = cost.mul(&self.point[*to], bits, down)?;
            }
            if let Some(from) = from {
                cost = cost.mul(&inverse[*from], bits, down)?;
            }
            let of = |variable: &Option<usize>| variable.and_then(|variable| row[variable]);
            let (to, from) = (of(to), of(from));
            if let Some(to) = to {
                self.sides[to].0 = self.sides[to].0.add(&cost, bits, down)?;
            }
            if let Some(from) = from {
                self.sides[from].1 = self.sides[from].1.add(&cost, bits, down)?;
            }
            self.system.join(to, from, &cost)?;
        }
        Some(())
    }

    /// Moves the logarithms of the variables, not farther than is sure to lower the regularizer (see
    /// [`solve_direct`](super::solve_direct)).
    fn shift(&mut self, step: &[Rational]) -> Option<()> {
        let zero = Rational::default();
        let high = step.iter().fold(&zero, |high, entry| high.max(entry));
        let beta = high - step.iter().fold(&zero, |low, entry| low.min(entry));
        let is_small = rational_to_f64(&beta) <= SMALL;
        let length = natural_log(&(Rational::one() + &beta)).min(LEAP);
        for (variable, entry) in self.variables.iter().zip(step) {
            // The quotient first: steps may be larger than any `f64`.
            let factor = match is_small {
                true => Rational::one() + entry,
                false => rational_from_f64((length * rational_to_f64(&(entry / &beta))).exp())?,
            };
            let moved = self.point[*variable].to_rational() * factor;
            let moved = Dyadic::from_rational(&moved, self.bits, Direction::Down)?;
            self.point[*variable] = Some(moved).filter(|value| !value.is_zero())?;
        }
        Some(())
    }

    /// The heights at the point measured last. Rounded one by one they would not do: where they are huge and nearly
    /// equal, all depends on their small differences.
    fn heights(&mut self) -> Option<Vec<Rational>> {
        self.system.factor()?;
        let totals = self
            .sides
            .iter()
            .map(|(input, output)| input.add(output, self.bits, Direction::Down));
        let heights = self.system.solve(totals.collect::<Option<_>>()?)?;
        Some(heights.iter().map(Dyadic::to_rational).collect())
    }
}

/// The synapses that balancing knows, in a problem of one power on units of degree 1.
fn flows(problem: &Problem, bits: u64) -> Option<Vec<Flow>> {
    let flow = |(to, from, cost): ActiveSynapse| {
        let cost = cost.enclosed(bits)?.lo().clone();
        Some(Flow { to, from, cost })
    };
    links(problem).ok()?.into_iter().map(flow).collect()
}

/// A matrix `H_ii = g_i + Σ_j w_ij`, `H_ij = -w_ij`, and its elimination without subtraction.
struct Laplacian {
    bits: u64,
    ground: Vec<Dyadic>,
    /// Above the diagonal: conductances, then shares of what leaves the eliminated node.
    rows: Vec<Vec<Dyadic>>,
    pivots: Vec<Dyadic>,
}

impl Laplacian {
    fn new(nodes: usize, bits: u64) -> Self {
        Laplacian {
            bits,
            ground: vec![Dyadic::zero(); nodes],
            rows: (0..nodes)
                .map(|node| vec![Dyadic::zero(); nodes - node - 1])
                .collect(),
            pivots: Vec::new(),
        }
    }

    /// Adds a conductance between two nodes, or to the ground.
    fn join(
        &mut self,
        one: Option<usize>,
        other: Option<usize>,
        conductance: &Dyadic,
    ) -> Option<()> {
        let entry = match (one, other) {
            (Some(one), Some(other)) if one == other => return Some(()),
            (Some(one), Some(other)) => {
                let low = one.min(other);
                &mut self.rows[low][one.max(other) - low - 1]
            }
            (Some(node), None) | (None, Some(node)) => &mut self.ground[node],
            (None, None) => return Some(()),
        };
        *entry = entry.add(conductance, self.bits, Direction::Down)?;
        Some(())
    }

    /// Eliminates all nodes in their order.
    fn factor(&mut self) -> Option<()> {
        let (bits, down) = (self.bits, Direction::Down);
        self.pivots.clear();
        for node in 0..self.ground.len() {
            let row = std::mem::take(&mut self.rows[node]);
            let mut pivot = self.ground[node].clone();
            for flow in &row {
                pivot = pivot.add(flow, bits, down)?;
            }
            let inverse = pivot.reciprocal(bits, down)?;
            let shares = row.iter().map(|flow| flow.mul(&inverse, bits, down));
            let shares: Vec<Dyadic> = shares.collect::<Option<_>>()?;
            for (i, share) in shares
                .iter()
                .enumerate()
                .filter(|(_, share)| !share.is_zero())
            {
                let other = node + 1 + i;
                let carried = share.mul(&self.ground[node], bits, down)?;
                self.ground[other] = self.ground[other].add(&carried, bits, down)?;
                for (entry, flow) in self.rows[other].iter_mut().zip(&row[i + 1..]) {
                    *entry = entry.add(&share.mul(flow, bits, down)?, bits, down)?;
                }
            }
            self.pivots.push(pivot);
            self.rows[node] = shares;
        }
        Some(())
    }

    /// The solution for a right side `>= 0`.
    fn solve(&self, mut side: Vec<Dyadic>) -> Option<Vec<Dyadic>> {
        let (bits, down) = (self.bits, Direction::Down);
        for (node, row) in self.rows.iter().enumerate() {
            let value = side[node].clone();
            for (entry, share) in side[node + 1..].iter_mut().zip(row) {
                *entry = entry.add(&share.mul(&value, bits, down)?, bits, down)?;
            }
        }
        for (node, row) in self.rows.iter().enumerate().rev() {
            let inverse = self.pivots[node].reciprocal(bits, down)?;
            let mut value = side[node].mul(&inverse, bits, down)?;
            for (share, above) in row.iter().zip(&side[node + 1..]) {
                value = value.add(&share.mul(above, bits, down)?, bits, down)?;
            }
            side[node] = value;
        }
        Some(side)
    }
}
