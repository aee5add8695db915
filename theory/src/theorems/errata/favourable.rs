//! E1: favourable scalings, and steps that converge though they do not balance.
//!
//! **Steps that gain a fixed fraction of what their unit can gain converge in any fair order**, whether they pass `λ*`
//! or not, if the minimum is attained. Place: ours. Why: let `g` be the gradient of `R` in `x = log Λ`. The gains sum
//! to at most `R` at the start less the minimum, so the gains, the derivatives `g_i` of the units visited, and the
//! lengths of the steps tend to 0. Level sets are compact in the space of weights; let `p` be a limit point that
//! balances the fewest units, `S` those. Near `p` no unit outside `S` is balanced, so late enough none is visited
//! there. All limit points near `p` balance exactly `S`, so late iterates near `p` nearly balance `S`; while only `S`
//! is visited the others stand still, `S` has one optimum (`R` is strictly convex in the `L` of non-zero synapses), and
//! the iterates stay as near to it as they are. So they do not leave, and only `S` is visited from then on. The order
//! is fair: `S` is all units, `p` is the optimum, and with it every limit point.
//!
//! A step that goes `1 - θ` of the way on the log scale, `-1 < θ < 1`, gains at least the fraction `1 - θ²`:
//! with `t` the distance on the log scale of costs `R` is `2 sqrt(AB) cosh t`, and `cosh θt - 1 <= θ² (cosh t - 1)`.

use num_traits::{Signed, Zero};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::symbolic::{Claim, Laurent};
use crate::theorems::ledger::{AGREEMENT, Failure, Kind, Ledger};
use crate::theorems::support::{CostGraph, generator, integer, ratio};
use synaptic_balance_core::network::{PlantedNetwork, Regularizer, Shape, planted};
use synaptic_balance_core::numbers::{Rational, rational_to_f64};
use synaptic_balance_core::solve::{StochasticOptions, UniformRandom, balance_stochastic};

pub(super) fn favourable_scalings(ledger: &mut Ledger) -> Result<(), Failure> {
    let r = |lambda: &Rational| integer(16) * lambda * lambda + (lambda * lambda).recip();
    ledger.equal("optimum", &r(&ratio(1, 2)), &integer(8))?;
    let limit = ratio(3, 4);
    ledger.equal("R at 3/4", &r(&limit), &ratio(97, 9))?;
    let mut before = r(&integer(1));
    for t in 1..=60 {
        let quarter = ratio(1, 2).pow(t) / integer(4);
        let now = r(&(&limit + &quarter));
        ledger.holds(now < before, || format!("step {t} does not lower R"))?;
        let excess = &now - ratio(97, 9);
        ledger.holds(
            excess.is_positive() && excess <= integer(100) * quarter,
            || "the limit is another".into(),
        )?;
        before = now;
    }
    ledger.record(
        Kind::ExactCounterexample,
        "one unit, A = 16, B = 1, p = 2, optimum R(1/2) = 8: Λ_t = 3/4 + 2^-t/4 lowers R in each of 60 steps, and R tends to \
         R(3/4) = 97/9 (it exceeds it by at most 25·2^-t)",
    )?;
    damped(ledger)
}

fn damped(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(91);
    for case in 0..12 {
        let planted = planted(Shape::new(2, 5, 1), case % 2 == 0, false, &mut rng);
        let problem = planted.network.problem(&Regularizer::l1());
        for fraction in [0.25, 0.5, 0.75] {
            let options = StochasticOptions {
                fraction,
                tolerance: 1e-13,
                ..StochasticOptions::default()
            };
            let mut schedule = UniformRandom(generator(rng.random()));
            let run = balance_stochastic(&problem, &mut schedule, &options, &mut |_| {})?;
            let multipliers: Vec<f64> = run
                .solution
                .multipliers
                .iter()
                .map(|mu| mu.to_f64())
                .collect();
            let scaled = planted.network.to_f64().scaled(&multipliers)?;
            let error = planted.error(&scaled.weights());
            ledger.holds(error <= AGREEMENT, || {
                format!("weights are off by {error:e}")
            })?;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        "12 random planted networks, steps that go 1/4, 1/2 and 3/4 of the way in uniform random order: the planted weights are found; they agree to 1e-9",
    )?;
    gain_of_passing_steps(ledger)?;
    passing(ledger)
}

/// What the step `μ*^(n/2)` gains at one unit with `A = a⁴`, `B = b⁴`, so that `μ* = (b/a)²`.
fn gain(halves: i32) -> Laurent {
    let letter = Laurent::power;
    letter("a", 4) + letter("b", 4)
        - letter("a", 4) * letter("b", halves) * letter("a", -halves)
        - letter("b", 4) * letter("a", halves) * letter("b", -halves)
}

fn gain_of_passing_steps(ledger: &mut Ledger) -> Result<(), Failure> {
    let difference = Laurent::symbol("a") - Laurent::symbol("b");
    let four = Laurent::integer(4);
    let three = Laurent::integer(3);
    for halves in [1, 3] {
        let excess = &four * gain(halves) - &three * gain(2);
        let claim = Claim::new("half of the way, and 3/2 of it, gain 3/4 and more");
        ledger.proved(claim.and(format!("{halves}/2"), excess, difference.pow(4)?))?;
    }
    let claim = Claim::new("twice the way gains nothing");
    ledger.proved(claim.and("4/2", gain(4), Laurent::zero()))?;
    ledger.refuted(Claim::new("half of the way gains all").and("1/2", gain(1), gain(2)))?;
    ledger.record(
        Kind::SymbolicIdentity,
        "with A = a⁴, B = b⁴ a step 1/2 or 3/2 of the way gains more than 3/4 of (√A - √B)² by exactly (a - b)⁴/4; one twice the \
         way gains 0, and repeated goes to and fro for ever",
    )
}

/// An order that is fair and no more.
#[derive(Clone, Copy)]
enum Order {
    Random,
    /// In round n the last unit once, the others n times each, shuffled: its visits are farther and farther apart.
    Rare,
    /// In round n each unit in turn n times over, before the next.
    Blocks,
    /// The unit with the smallest deficit that is not 0, and every so often, ever more rarely, each once.
    Timid,
}

/// Runs steps that go between 1/4 and 7/4 of the way, at random; gives the potentials of costs.
struct Run {
    edges: Vec<(Option<usize>, Option<usize>, f64)>,
    potentials: Vec<f64>,
    /// The smallest fraction of the possible gain that a step made, where rounding leaves it meaningful.
    least: f64,
}

impl Run {
    fn new(graph: &CostGraph) -> Self {
        let edges = graph.edges.iter();
        let edges = edges.map(|edge| (edge.from, edge.to, rational_to_f64(&edge.cost)));
        Run {
            edges: edges.collect(),
            potentials: vec![1.0; graph.nodes],
            least: 1.0,
        }
    }

    fn sides(&self, node: usize) -> (f64, f64) {
        let at = |end: Option<usize>| end.map_or(1.0, |other| self.potentials[other]);
        let (mut input, mut output) = (0.0, 0.0);
        for (from, to, cost) in &self.edges {
            let cost = cost * at(*to) / at(*from);
            if *to == Some(node) {
                input += cost;
            }
            if *from == Some(node) {
                output += cost;
            }
        }
        (input, output)
    }

    fn deficit(&self, node: usize) -> f64 {
        let (input, output) = self.sides(node);
        (input - output).abs() / (input + output)
    }

    fn step(&mut self, node: usize, way: f64) {
        let (input, output) = self.sides(node);
        if input + output == 0.0 {
            return;
        }
        let factor = (output / input).powf(way / 2.0);
        let gained = input + output - input * factor - output / factor;
        let possible = (input.sqrt() - output.sqrt()).powi(2);
        if possible > 1e-6 * (input + output) {
            self.least = self.least.min(gained / possible);
        }
        self.potentials[node] *= factor;
    }

    fn timid(&self) -> usize {
        let nodes = 0..self.potentials.len();
        let left = nodes.filter(|node| self.deficit(*node) > 1e-13);
        left.min_by(|i, j| self.deficit(*i).total_cmp(&self.deficit(*j)))
            .unwrap_or(0)
    }

    /// The units visited in a round, but for the timid order.
    fn round(&self, order: Order, round: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let nodes = self.potentials.len();
        let all: Vec<usize> = (0..nodes).collect();
        match order {
            Order::Random => all.iter().map(|_| rng.random_range(0..nodes)).collect(),
            Order::Rare => {
                let mut many = all[..nodes - 1].repeat(round);
                many.shuffle(rng);
                many.push(nodes - 1);
                many
            }
            Order::Blocks => all.into_iter().flat_map(|node| vec![node; round]).collect(),
            Order::Timid => all,
        }
    }

    fn go(&mut self, order: Order, rounds: usize, rng: &mut ChaCha8Rng) {
        for round in 1..=rounds {
            let repeats = 1 + round / 16;
            for node in self.round(order, repeats, rng) {
                self.step(node, rng.random_range(0.25..1.75));
            }
            for _ in 0..if matches!(order, Order::Timid) {
                repeats
            } else {
                0
            } {
                self.step(self.timid(), rng.random_range(0.25..1.75));
            }
        }
    }
}

/// The largest relative error of the weights that potentials give.
fn error(planted: &PlantedNetwork, potentials: &[f64]) -> Result<f64, Failure> {
    let scaled = planted.network.to_f64().scaled(potentials)?;
    Ok(planted.error(&scaled.weights()))
}

fn passing(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(95);
    let orders = [Order::Random, Order::Rare, Order::Blocks, Order::Timid];
    for case in 0..12 {
        let shape = Shape::new(2, 5, 1);
        let planted = planted(shape, case % 2 == 0, false, &mut rng);
        let graph = CostGraph::of(&planted.network);
        for order in orders {
            let mut run = Run::new(&graph);
            run.go(order, ROUNDS, &mut rng);
            let (error, least) = (error(&planted, &run.potentials)?, run.least);
            ledger.holds(error <= AGREEMENT, || {
                format!("weights are off by {error:e}")
            })?;
            ledger.holds(least >= 0.4375 - 1e-6, || format!("a step gained {least}"))?;
        }
    }
    // To and fro: R(μ*²) = R(1).
    let mut stuck = Run::new(&CostGraph::of(&synaptic_balance_core::network::chain(&[
        integer(16),
        integer(1),
    ])));
    (0..50).for_each(|_| stuck.step(0, 2.0));
    ledger.holds(stuck.deficit(0) > 0.8, || "twice the way converges".into())?;
    ledger.record(
        Kind::PropertyTest,
        "computed: 12 random planted networks, steps of 1/4 to 7/4 of the way, which may pass λ* and gain at least 7/16 of what can \
         be gained, in orders that are fair: uniform random, one unit more and more rarely, blocks of growing length, the most nearly \
         balanced unit first: the planted weights are found; they agree to 1e-9",
    )
}

/// Enough for all orders.
const ROUNDS: usize = 200;
