//! Generators, and a second implementation of what a network computes: numbers instead of letters,
//! real branches instead of regions, dual numbers instead of derivatives.

use num_traits::{One, Signed, Zero};
use quickcheck::{Arbitrary, Gen};
use std::collections::BTreeMap;
use synaptic_balance::numbers::Rational;
use synaptic_balance::symbolic::{
    Architecture, ArchitectureError, Claim, Expression, Loss, Point, Proved, Refuted, Run, Symbol,
    Unit,
};

pub fn rational(n: i64, d: i64) -> Rational {
    Rational::new(n.into(), d.into())
}

/// A non-zero rational that depends on the name and the seed alone.
pub fn value_of(name: &str, seed: u64) -> Rational {
    let step = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, step) >> 8;
    let size = rational((hash % 7 + 1) as i64, (hash / 7 % 5 + 1) as i64);
    if hash / 64 % 2 == 0 { size } else { -size }
}

/// An expression in `a`, `b`, `c`.
#[derive(Clone, Debug)]
pub struct Tree(pub Expression);

impl Arbitrary for Tree {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(grow(g, 3))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match &self.0 {
            Expression::Constant(value) if value.is_zero() => Box::new(std::iter::empty()),
            Expression::Constant(_) | Expression::Symbol(_) => {
                Box::new(std::iter::once(Self(Expression::integer(0))))
            }
            Expression::Sum(parts) => shrink_parts(parts, Expression::Sum),
            Expression::Product(parts) => shrink_parts(parts, Expression::Product),
            Expression::Power(base, exponent) => {
                let exponent = *exponent;
                let inner = Self((**base).clone())
                    .shrink()
                    .map(move |b| Self(b.0.pow(exponent)));
                Box::new(std::iter::once(Self((**base).clone())).chain(inner))
            }
        }
    }
}

fn shrink_parts(
    parts: &[Expression],
    make: fn(Vec<Expression>) -> Expression,
) -> Box<dyn Iterator<Item = Tree>> {
    let trees: Vec<Tree> = parts.iter().cloned().map(Tree).collect();
    let fewer = trees
        .shrink()
        .map(move |fewer| Tree(make(fewer.into_iter().map(|t| t.0).collect())));
    Box::new(trees.into_iter().chain(fewer))
}

fn grow(g: &mut Gen, depth: u32) -> Expression {
    let below = |g: &mut Gen, n: u32| u32::arbitrary(g) % n;
    let choice = if depth == 0 { below(g, 2) } else { below(g, 6) };
    match choice {
        0 => Expression::constant(rational(below(g, 9) as i64 - 4, below(g, 3) as i64 + 1)),
        1 => Expression::symbol(["a", "b", "c"][below(g, 3) as usize]),
        2 | 3 => Expression::Sum((0..below(g, 4)).map(|_| grow(g, depth - 1)).collect()),
        4 => Expression::Product((0..below(g, 4)).map(|_| grow(g, depth - 1)).collect()),
        _ => grow(g, depth - 1).pow(below(g, 6) as i32 - 2),
    }
}

/// A network of two inputs, a bias, one to four hidden units and two outputs.
#[derive(Clone, Debug)]
pub struct Net {
    pub hidden: usize,
    /// The hidden unit that is quadratic, if its number is below `hidden`.
    pub quadratic: usize,
    pub edges: Vec<(usize, usize)>,
    pub seed: u64,
}

const NAMES: [&str; 9] = ["x0", "x1", "one", "a", "b", "c", "d", "y0", "y1"];

impl Arbitrary for Net {
    fn arbitrary(g: &mut Gen) -> Self {
        let below = |g: &mut Gen, n: usize| usize::arbitrary(g) % n;
        let (hidden, quadratic) = (below(g, 4) + 1, below(g, 8));
        let count = below(g, 9) + 2;
        let edges = (0..count).map(|_| (below(g, 9), below(g, 9))).collect();
        Self {
            hidden,
            quadratic,
            edges,
            seed: u64::arbitrary(g),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let net = self.clone();
        let fewer = (0..self.edges.len()).map(move |at| {
            let mut smaller = net.clone();
            smaller.edges.remove(at);
            smaller
        });
        let linear = (self.quadratic < self.hidden).then(|| Self {
            quadratic: 9,
            ..self.clone()
        });
        Box::new(linear.into_iter().chain(fewer))
    }
}

impl Net {
    /// With synapses from earlier to later units only.
    pub fn acyclic(&self) -> Architecture {
        self.build(|from, to| from < to)
    }

    /// With all synapses, self-connections too.
    pub fn recurrent(&self) -> Architecture {
        self.build(|_, _| true)
    }

    /// Without the quadratic unit.
    pub fn bilu(mut self) -> Self {
        self.quadratic = 9;
        self
    }

    fn build(&self, allowed: impl Fn(usize, usize) -> bool) -> Architecture {
        let kind = |at: usize| match at {
            0 | 1 => Some(Unit::Input),
            2 => Some(Unit::Bias),
            7 | 8 => Some(Unit::linear_output()),
            _ if at - 3 >= self.hidden => None,
            _ if at - 3 == self.quadratic => Some(Unit::bipu(2)),
            _ => Some(Unit::bilu()),
        };
        let units: Vec<_> = (0..9)
            .filter_map(|at| Some((NAMES[at], kind(at)?)))
            .collect();
        let mut edges = self.edges.clone();
        edges.sort_unstable();
        edges.dedup();
        let usable = |&&(from, to): &&(usize, usize)| {
            to > 2 && allowed(from, to) && kind(from).is_some() && kind(to).is_some()
        };
        let synapses: Vec<_> = edges
            .iter()
            .filter(usable)
            .map(|&(from, to)| (NAMES[from], NAMES[to]))
            .collect();
        Architecture::new(&units, &synapses).expect("built to be valid")
    }
}

/// `value + slope ε` with `ε² = 0`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dual {
    pub value: Rational,
    pub slope: Rational,
}

impl Dual {
    pub fn new(value: Rational, slope: Rational) -> Self {
        Self { value, slope }
    }

    pub fn constant(value: Rational) -> Self {
        Self::new(value, Rational::zero())
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self::new(&self.value + &other.value, &self.slope + &other.slope)
    }

    pub fn times(&self, other: &Self) -> Self {
        let slope = &self.slope * &other.value + &self.value * &other.slope;
        Self::new(&self.value * &other.value, slope)
    }
}

/// Runs a network on numbers with units `x -> x^c / 3` for `x < 0` and `2 x^c` for `x >= 0`.
///
/// `given` tells the value of every weight, input and initial state. The result holds the outputs
/// by the names of [`Architecture::function`], and the slopes of the region that was met.
pub fn run(
    network: &Architecture,
    run: Run,
    given: impl Fn(&str) -> Dual,
) -> (BTreeMap<Symbol, Dual>, Point) {
    let steps = match run {
        // Repeating the synchronous step as often as there are units settles an acyclic network.
        Run::Acyclic => network.units().len(),
        Run::Steps(steps) | Run::StepsFromZero(steps) => steps,
    };
    let initial = |name: &str| match run {
        Run::Steps(_) => given(&format!("h[{name}]")),
        _ => Dual::constant(Rational::zero()),
    };
    let mut state: State = network
        .units()
        .map(|(name, _)| (name, initial(name)))
        .collect();
    let (mut outputs, mut slopes) = (BTreeMap::new(), Point::new());
    for step in 1..=steps {
        for (name, unit) in network.units() {
            let value = match unit {
                Unit::Input => given(&format!("x[{}]", tag(run, name, step))),
                Unit::Bias => Dual::constant(Rational::one()),
                _ => continue,
            };
            state.insert(name, value);
        }
        let mut next = state.clone();
        for (name, unit) in network.units().filter(|(_, unit)| !unit.is_source()) {
            let incoming = network.synapses().filter(|(_, _, to)| *to == name);
            let net = incoming.fold(
                Dual::constant(Rational::zero()),
                |sum, (weight, from, _)| sum.plus(&given(weight.name()).times(&state[from])),
            );
            let tag = tag(run, name, step);
            let slope = slope(unit, &net);
            slopes.insert(format!("s[{tag}]").into(), slope.clone());
            let factors = std::iter::repeat_n(&net, degree(unit) as usize);
            let value = factors.fold(Dual::constant(slope), |product, net| product.times(net));
            if matches!(unit, Unit::Output(_)) {
                outputs.insert(format!("y[{tag}]").into(), value.clone());
            }
            next.insert(name, value);
        }
        state = next;
    }
    (outputs, slopes)
}

type State<'a> = BTreeMap<&'a str, Dual>;

fn slope(unit: &Unit, net: &Dual) -> Rational {
    match unit {
        Unit::Hidden(_) if net.value.is_negative() => rational(1, 3),
        Unit::Hidden(_) => rational(2, 1),
        _ => Rational::one(),
    }
}

fn tag(run: Run, name: &str, step: usize) -> String {
    match run {
        Run::Acyclic => name.to_owned(),
        _ => format!("{name},{step}"),
    }
}

pub fn degree(unit: &Unit) -> u32 {
    match unit {
        Unit::Hidden(activation) | Unit::Output(activation) => activation.degree(),
        Unit::Input | Unit::Bias | Unit::Product(_) => 1,
    }
}

pub type Outcome = Result<Claim, ArchitectureError>;

pub fn proved(claim: Outcome) -> bool {
    claim.is_ok_and(|claim| claim.prove().is_ok())
}

pub fn prove<E: std::fmt::Debug>(claim: Result<Claim, E>) -> Result<Proved, Box<Refuted>> {
    claim
        .expect("the statement applies")
        .prove()
        .map_err(Box::new)
}

pub fn refute<E: std::fmt::Debug>(claim: Result<Claim, E>) -> Refuted {
    let refuted = claim
        .expect("the statement applies")
        .prove()
        .expect_err("the statement is false");
    assert_ne!(refuted.left(), refuted.right());
    refuted
}

/// A chain with a bias, and a self-connection if asked for.
pub fn chain(hidden: Unit, looped: bool) -> Architecture {
    let units = [
        ("x", Unit::Input),
        ("one", Unit::Bias),
        ("a", hidden),
        ("y", Unit::linear_output()),
    ];
    let synapses = [("x", "a"), ("one", "a"), ("a", "y"), ("a", "a")];
    let count = if looped { 4 } else { 3 };
    Architecture::new(&units, &synapses[..count]).expect("valid")
}

pub const LOSSES: [Loss; 2] = [Loss::SquaredError, Loss::OutputGradient];
