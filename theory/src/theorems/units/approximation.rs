//! Universal approximation, by construction.

use num_traits::{One, Zero};
use rand::RngExt;

use super::super::ledger::{Failure, Kind, Ledger};
use super::super::support::{generator, integer, positive, ratio, signed};
use synaptic_balance_core::network::{Activation, Network, Unit, UnitKind};
use synaptic_balance_core::numbers::Rational;

/// A continuous piecewise-linear function on an interval: its corners, ends included, by increasing argument.
type Corners = Vec<(Rational, Rational)>;

/// The network of one input, one hidden BiLU layer with biases and a linear output that equals the function.
///
/// With `σ(x) = a x + (b - a) max(0, x)`, a corner at `t` in which the slope grows by `d` is `d / (b - a) σ(x - t)`, up
/// to a linear function. What remains is linear, and on the interval one more unit gives it: `σ(x - first)` is
/// `b (x - first)` there, and if `b = 0`, `σ(x - last)` is `a (x - last)`.
fn represent(
    corners: &Corners,
    below: &Rational,
    above: &Rational,
) -> Result<Network<Rational>, Failure> {
    let (Some((first, start)), Some((last, _))) = (corners.first(), corners.last()) else {
        return Err(Failure::new("a function has corners"));
    };
    let slopes: Vec<Rational> = corners
        .windows(2)
        .map(|pair| (&pair[1].1 - &pair[0].1) / (&pair[1].0 - &pair[0].0))
        .collect();
    let jump = above - below;
    // (where the unit bends, its output weight), and the linear rest as slope and value at `first`.
    let mut units: Vec<(Rational, Rational)> = Vec::new();
    let mut slope = slopes.first().cloned().unwrap_or_else(Rational::zero);
    let mut value = start.clone();
    for (pair, (corner, _)) in slopes.windows(2).zip(corners.iter().skip(1)) {
        let weight = (&pair[1] - &pair[0]) / &jump;
        slope -= below * &weight;
        value += below * &weight * (corner - first);
        units.push((corner.clone(), weight));
    }
    let (bend, factor) = if above.is_zero() {
        (last, below)
    } else {
        (first, above)
    };
    value += &slope * (bend - first);
    units.push((bend.clone(), slope / factor));
    let activation = Activation::BiLu {
        below: below.clone(),
        above: above.clone(),
    };
    build(&units, &activation, value)
}

fn build(
    hidden: &[(Rational, Rational)],
    activation: &Activation<Rational>,
    bias: Rational,
) -> Result<Network<Rational>, Failure> {
    let mut units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        Unit::new("one", UnitKind::Bias, Activation::Linear),
    ];
    let output = hidden.len() + 2;
    let mut synapses = vec![(1, output, bias)];
    for (index, (bend, weight)) in hidden.iter().enumerate() {
        units.push(Unit::new(
            format!("h{index}"),
            UnitKind::Hidden,
            activation.clone(),
        ));
        synapses.push((0, index + 2, Rational::one()));
        synapses.push((1, index + 2, -bend));
        synapses.push((index + 2, output, weight.clone()));
    }
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    Ok(Network::new(units, synapses, vec![])?)
}

fn output(network: &Network<Rational>, x: &Rational) -> Result<Rational, Failure> {
    let outputs = network.evaluate(std::slice::from_ref(x))?;
    outputs
        .into_iter()
        .next()
        .ok_or_else(|| Failure::new("the network has no output"))
}

/// Slopes below and above 0 of the activations that are tried.
fn activations() -> [(Rational, Rational); 6] {
    [(0, 1), (1, 10), (-1, 1), (2, -3), (1, 0), (-2, 0)].map(|(a, b)| (integer(a), integer(b)))
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(2_024);
    let (mut functions, mut pieces) = (0, 0);
    for (below, above) in activations() {
        for _ in 0..20 {
            let mut x = signed(&mut rng);
            let mut corners: Corners = Vec::new();
            for _ in 0..rng.random_range(2..=8) {
                corners.push((
                    x.clone(),
                    if rng.random_bool(0.2) {
                        Rational::zero()
                    } else {
                        signed(&mut rng)
                    },
                ));
                x += positive(&mut rng);
            }
            let network = represent(&corners, &below, &above)?;
            ledger.equal("hidden units", &network.variables(), &(corners.len() - 1))?;
            for pair in corners.windows(2) {
                // A network bends only at corners: two points of a piece and its ends decide the whole piece.
                for third in 0..=3 {
                    let share = ratio(third, 3);
                    let x = &pair[0].0 + &share * (&pair[1].0 - &pair[0].0);
                    let y = &pair[0].1 + &share * (&pair[1].1 - &pair[0].1);
                    ledger.equal("value", &output(&network, &x)?, &y)?;
                }
                pieces += 1;
            }
            functions += 1;
        }
    }
    ledger.record(
        Kind::PropertyTest,
        format!(
            "{functions} random functions with {pieces} pieces, for the slopes (0, 1), (1, 10), (-1, 1), (2, -3), (1, 0), \
             (-2, 0): one hidden unit a piece, equal at the ends and at two points of every piece, \
             and the network bends at corners only"
        ),
    )?;
    square(ledger)?;
    linear_units_do_not(ledger)
}

/// x² on [0, 1] by n equal pieces: the error is largest in the middle of a piece, `1 / (4 n²)`.
fn square(ledger: &mut Ledger) -> Result<(), Failure> {
    for pieces in [2, 5, 10] {
        let corners: Corners = (0..=pieces)
            .map(|i| (ratio(i, pieces), ratio(i * i, pieces * pieces)))
            .collect();
        let network = represent(&corners, &Rational::zero(), &Rational::one())?;
        for i in 0..pieces {
            let middle = ratio(2 * i + 1, 2 * pieces);
            let error = output(&network, &middle)? - &middle * &middle;
            ledger.equal("error for x²", &error, &ratio(1, 4 * pieces * pieces))?;
        }
    }
    ledger.record(
        Kind::ExactInstance,
        "approximation: x² on [0, 1] with 2, 5 and 10 ReLU pieces is off by 1/16, 1/100 and 1/400 at most",
    )
}

fn linear_units_do_not(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(2_025);
    for _ in 0..30 {
        let slope = signed(&mut rng);
        let activation = Activation::BiLu {
            below: slope.clone(),
            above: slope,
        };
        let hidden = [
            (signed(&mut rng), signed(&mut rng)),
            (signed(&mut rng), signed(&mut rng)),
        ];
        let network = build(&hidden, &activation, signed(&mut rng))?;
        let [left, middle, right] = [-1, 0, 1].map(|x| output(&network, &integer(x)));
        let (left, middle, right) = (left?, middle?, right?);
        ledger.equal("no bend", &(integer(2) * middle), &(left + right))?;
    }
    ledger.record(
        Kind::ExactCounterexample,
        "a != b is needed: 30 random networks with a = b have f(-1) + f(1) = 2 f(0), which |x| has not",
    )
}
