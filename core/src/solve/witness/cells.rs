//! Inputs at which given units act: the signs of all units before them are chosen one after another, and a linear
//! program says which inputs have them.

use good_lp::{Expression, ProblemVariables, Solution as _, SolverModel, microlp, variable};
use num_traits::{One, Signed, Zero};

use super::plan::Plan;
use crate::network::{Activation, Network, UnitIndex};
use crate::numbers::{Rational, rational_from_f64, rational_to_f64, simplest_between};

/// A unit at a time step.
pub(super) type Node = (usize, UnitIndex);

/// `Σ c_k x_k + constant` in the inputs of all time steps.
#[derive(Clone)]
struct Affine {
    coefficients: Vec<Rational>,
    constant: Rational,
}

impl Affine {
    fn at(&self, point: &[Rational]) -> Rational {
        let terms = self.coefficients.iter().zip(point);
        let terms = terms.filter(|(c, _)| !c.is_zero()).map(|(c, x)| c * x);
        crate::numbers::sum(&terms.collect::<Vec<_>>()) + &self.constant
    }

    fn scaled(&self, factor: &Rational) -> Self {
        Affine {
            coefficients: self.coefficients.iter().map(|c| c * factor).collect(),
            constant: &self.constant * factor,
        }
    }

    fn add(&mut self, other: &Self, factor: &Rational) {
        for (sum, term) in self.coefficients.iter_mut().zip(&other.coefficients) {
            if !term.is_zero() {
                *sum += term * factor;
            }
        }
        self.constant += &other.constant * factor;
    }

    fn largest(&self) -> Rational {
        let sizes = self.coefficients.iter().map(Signed::abs);
        sizes.max().unwrap_or_default()
    }
}

/// Which side of 0 the sum of a unit is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
}

/// A unit whose side was chosen.
struct Choice {
    place: usize,
    other: Option<Side>,
    constraints: usize,
}

/// A search for inputs at which the units of a path act, in the order in which they are tried.
pub(super) struct Cells<'a> {
    network: &'a Network<Rational>,
    plan: &'a Plan,
    steps: usize,
    /// What the path depends on, sources first.
    nodes: Vec<Node>,
    required: Vec<bool>,
    preferred: Vec<Side>,
    values: Vec<Option<Affine>>,
    constraints: Vec<Affine>,
    point: Vec<Rational>,
    chosen: Vec<Choice>,
    started: bool,
}

/// What a search may cost, in entries of the tables of linear programs.
pub(super) struct Budget(pub usize);

impl Budget {
    fn spend(&mut self, cost: usize) -> bool {
        let enough = cost <= self.0;
        self.0 = self.0.saturating_sub(cost);
        enough
    }
}

impl<'a> Cells<'a> {
    /// A search over `steps` time steps for inputs at which the units of a path all act; its last unit comes last in
    /// time.
    pub fn new(
        network: &'a Network<Rational>,
        plan: &'a Plan,
        steps: usize,
        path: &[Node],
    ) -> Self {
        let index = |(step, unit): Node| step * network.units() + unit;
        let mut needed = vec![false; steps * network.units()];
        let mut weight = vec![0.0f64; steps * network.units()];
        for node in path {
            needed[index(*node)] = true;
        }
        let all = (0..steps).flat_map(|step| plan.order.iter().map(move |unit| (step, *unit)));
        let all: Vec<Node> = all.collect();
        let on_path = |node: &Node| path.contains(node);
        for node in all.iter().rev() {
            if !needed[index(*node)] {
                continue;
            }
            // The units before the path are wanted on the side that moves the path up.
            let pull = if on_path(node) {
                1.0
            } else {
                weight[index(*node)].signum()
            };
            for (source, synapse) in &plan.into[node.1] {
                let value = network.weight(*synapse);
                let Some(before) = plan.read(network, node.0, *source) else {
                    continue;
                };
                if value.is_zero() || plan.is_source(network, *source) {
                    continue;
                }
                needed[index(before)] = true;
                weight[index(before)] += pull * rational_to_f64(value);
            }
        }
        let nodes: Vec<Node> = all
            .into_iter()
            .filter(|node| needed[index(*node)])
            .collect();
        let preferred =
            nodes
                .iter()
                .map(|node| match weight[index(*node)] < 0.0 && !on_path(node) {
                    true => Side::Below,
                    false => Side::Above,
                });
        Cells {
            preferred: preferred.collect(),
            required: nodes.iter().map(on_path).collect(),
            values: vec![None; steps * network.units()],
            constraints: Vec::new(),
            point: vec![Rational::zero(); steps * plan.inputs.len()],
            chosen: Vec::new(),
            started: false,
            nodes,
            network,
            plan,
            steps,
        }
    }

    /// Tables beyond this are not worth the time.
    pub fn is_small(&self) -> bool {
        self.nodes.len() * (self.point.len() + 1) <= 20_000 && self.nodes.len() <= 600
    }

    /// The next inputs at which the units of the path act, well inside their cell; `None` when there are no more, or
    /// the budget is spent.
    pub fn next(&mut self, budget: &mut Budget) -> Option<Vec<Vec<Rational>>> {
        let mut place = match std::mem::replace(&mut self.started, true) {
            false => 0,
            true => self.back(budget)?,
        };
        loop {
            let Some(node) = self.nodes.get(place).copied() else {
                let inside = self.inside(budget).unwrap_or_else(|| self.point.clone());
                let wide = self.plan.inputs.len();
                let step = |step: usize| inside[step * wide..(step + 1) * wide].to_vec();
                return Some((0..self.steps).map(step).collect());
            };
            place = match self.enter(place, node, budget) {
                true => place + 1,
                false => self.back(budget)?,
            };
        }
    }

    /// Takes the last choice back that has another side left, and that side; the place after it.
    fn back(&mut self, budget: &mut Budget) -> Option<usize> {
        loop {
            let choice = self.chosen.pop()?;
            self.constraints.truncate(choice.constraints);
            let Some(side) = choice.other else { continue };
            if !budget.spend(1) {
                return None;
            }
            let sum = self.sum(self.nodes[choice.place]);
            if let Some(sum) = sum
                && self.choose(choice.place, &sum, side, None, budget)
            {
                return Some(choice.place + 1);
            }
        }
    }

    /// What a unit sums up; `None` where it is not affine.
    fn sum(&self, node: Node) -> Option<Affine> {
        let wide = self.plan.inputs.len();
        let mut sum = Affine {
            coefficients: vec![Rational::zero(); self.point.len()],
            constant: Rational::zero(),
        };
        for (source, synapse) in &self.plan.into[node.1] {
            let weight = self.network.weight(*synapse);
            if weight.is_zero() {
                continue;
            }
            if let Some(input) = self.plan.inputs.iter().position(|unit| unit == source) {
                sum.coefficients[node.0 * wide + input] += weight;
            } else if self.plan.is_source(self.network, *source) {
                sum.constant += weight;
            } else if let Some((step, unit)) = self.plan.read(self.network, node.0, *source) {
                let value = self.values[step * self.network.units() + unit].as_ref()?;
                sum.add(value, weight);
            }
        }
        Some(sum)
    }

    /// Chooses a side for a unit; `false` if none is possible.
    fn enter(&mut self, place: usize, node: Node, budget: &mut Budget) -> bool {
        let index = node.0 * self.network.units() + node.1;
        let activation = &self.network.unit(node.1).activation;
        let sum = self.sum(node);
        self.values[index] = None;
        let Some(sum) = sum else { return true };
        if let Some((below, above)) = activation.slopes()
            && below == above
        {
            self.values[index] = Some(sum.scaled(&above));
            return !(self.required[place] && above.is_zero());
        }
        let acts = |side| acts(activation, side);
        if sum.coefficients.iter().all(Zero::is_zero) {
            let side = if sum.constant.is_negative() {
                Side::Below
            } else {
                Side::Above
            };
            self.values[index] = value(activation, &sum, side);
            let still = sum.constant.is_zero() || !acts(side);
            return !(self.required[place] && still);
        }
        if !matches!(activation, Activation::BiPu { .. }) && activation.slopes().is_none() {
            return true;
        }
        let first = self.preferred[place];
        let second = match first {
            Side::Below => Side::Above,
            Side::Above => Side::Below,
        };
        let allowed = |side: &Side| !self.required[place] || acts(*side);
        let sides: Vec<Side> = [first, second].into_iter().filter(allowed).collect();
        let (side, other) = match sides[..] {
            [] => return false,
            [one] => (one, None),
            [one, two, ..] => (one, Some(two)),
        };
        self.choose(place, &sum, side, other, budget)
            || other.is_some_and(|other| self.choose(place, &sum, other, None, budget))
    }

    /// Puts a unit on a side, if some inputs do.
    fn choose(
        &mut self,
        place: usize,
        sum: &Affine,
        side: Side,
        other: Option<Side>,
        budget: &mut Budget,
    ) -> bool {
        let before = self.constraints.len();
        let largest = sum.largest();
        let scale = match side {
            Side::Above => largest.recip(),
            Side::Below => -largest.recip(),
        };
        self.constraints.push(sum.scaled(&scale));
        let satisfied = self.constraints[before].at(&self.point).is_positive();
        if !satisfied {
            match self.inside(budget) {
                Some(point) => self.point = point,
                None => {
                    self.constraints.truncate(before);
                    return false;
                }
            }
        }
        let (step, unit) = self.nodes[place];
        let activation = &self.network.unit(unit).activation;
        self.values[step * self.network.units() + unit] = value(activation, sum, side);
        self.chosen.push(Choice {
            place,
            other,
            constraints: before,
        });
        true
    }

    /// Inputs at which all constraints hold, as far inside as 1; verified exactly.
    fn inside(&self, budget: &mut Budget) -> Option<Vec<Rational>> {
        let (rows, columns) = (self.constraints.len(), self.point.len() + 1);
        if rows == 0 || !budget.spend(2_000 + rows * columns * (rows + columns)) {
            return None;
        }
        let mut program = ProblemVariables::new();
        let inputs: Vec<_> = self.point.iter().map(|_| program.add(variable())).collect();
        let margin = program.add(variable().max(1.0));
        let mut model = program.maximise(margin).using(microlp);
        for constraint in &self.constraints {
            let mut slack = Expression::default();
            for (coefficient, input) in constraint.coefficients.iter().zip(&inputs) {
                if !coefficient.is_zero() {
                    slack.add_mul(rational_to_f64(coefficient), *input);
                }
            }
            slack.add_mul(-1.0, margin);
            let constant = rational_to_f64(&constraint.constant);
            if !constant.is_finite() {
                return None;
            }
            model.add_constraint(slack.geq(-constant));
        }
        let solution = model.solve().ok()?;
        let found: Option<Vec<f64>> = inputs
            .iter()
            .map(|input| Some(solution.value(*input)).filter(|value| value.is_finite()))
            .collect();
        let found = found?;
        let holds = |point: &Vec<Rational>| {
            self.constraints
                .iter()
                .all(|row| row.at(point).is_positive())
        };
        // Simple numbers if they do, else those that were found.
        let widths = [Some(0.25), Some(1e-3), Some(1e-6), None];
        let mut points = widths.into_iter().filter_map(|width| {
            let near = |value: &f64| {
                let Some(width) = width else {
                    return rational_from_f64(*value);
                };
                let width = width * value.abs().clamp(1e-6, 1.0);
                simplest_between(
                    &rational_from_f64(value - width)?,
                    &rational_from_f64(value + width)?,
                )
            };
            found.iter().map(near).collect::<Option<Vec<_>>>()
        });
        points.find(holds)
    }
}

/// Does a unit pass on what changes on a side of 0?
fn acts(activation: &Activation<Rational>, side: Side) -> bool {
    let factor = match (activation.slopes(), activation, side) {
        (Some((below, _)), _, Side::Below) => below,
        (Some((_, above)), _, Side::Above) => above,
        (None, Activation::BiPu { below, .. }, Side::Below) => below.clone(),
        (None, Activation::BiPu { above, .. }, Side::Above) => above.clone(),
        _ => Rational::one(),
    };
    !factor.is_zero()
}

/// What a unit computes on a side of 0, if that is affine.
fn value(activation: &Activation<Rational>, sum: &Affine, side: Side) -> Option<Affine> {
    let (below, above) = activation.slopes()?;
    Some(match side {
        Side::Below => sum.scaled(&below),
        Side::Above => sum.scaled(&above),
    })
}
