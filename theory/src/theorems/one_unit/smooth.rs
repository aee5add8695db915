//! A range of activations against outgoing weights, under maximum norms and as their limit.

use num_traits::One;
use rand::RngExt;

use super::balance::{cost, l_p, star};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, ratio};
use synaptic_balance_core::network::{Activation, Multiplier};
use synaptic_balance_core::numbers::Rational;

/// The larger of what activations of range `x` and weights of largest magnitude `m` become.
fn larger(x: &Rational, m: &Rational, s: &Rational) -> Rational {
    (x / s).max(s * m)
}

pub(super) fn smooth(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(36);
    for _ in 0..60 {
        let (m, s) = (positive(&mut rng), positive(&mut rng));
        let x = &s * &s * &m;
        ledger.equal("X/s and s M", &(&x / &s), &(&s * &m))?;
        for factor in [ratio(1, 5), ratio(99, 100), ratio(101, 100), integer(7)] {
            let other = &s * factor;
            ledger.holds(&x / &other != &other * &m, || format!("equal at {other}"))?;
            ledger.holds(larger(&x, &m, &other) > larger(&x, &m, &s), || {
                format!("no larger at {other}")
            })?;
        }
    }
    for _ in 0..20 {
        enclosed(ledger, rng.random_range(0..4), rng.random_range(0..4))?;
    }
    ledger.record(
        Kind::PropertyTest,
        "60 random ranges X and magnitudes M with X/M = s²: X/s = s M, and at 4 other scales the two differ and the larger is larger; 20 random units with a range X >= |w| of up to \
         3 more incoming weights and up to 4 outgoing ones, p = 1, 2, 4, ..., 64: the multiplier that balances the unit has (M/X)^p <= n Λ^2p and Λ^2p <= m (M/X)^p",
    )?;
    tends(ledger)?;
    heavier(ledger)
}

/// `Λ^2p` of the multiplier that balances the unit.
fn power_of(input: &[Rational], output: &[Rational], power: i32) -> Result<Rational, Failure> {
    let network = star(Activation::Relu, input, output, None)?;
    match network.balance_unit(0, &l_p(power)?)?.multiplier {
        Multiplier::Rational(found) => Ok(found.pow(2 * power)),
        Multiplier::Irrational { ratio, degree } if degree == integer((2 * power).into()) => {
            Ok(ratio)
        }
        other => Err(Failure::new(format!("lp:{power} gave {other:?}"))),
    }
}

fn enclosed(ledger: &mut Ledger, more_in: usize, more_out: usize) -> Result<(), Failure> {
    let mut rng = generator((37 + 10 * more_in + more_out) as u64);
    let (x, m) = (positive(&mut rng), positive(&mut rng));
    let mut below = |largest: &Rational, count: usize| {
        let mut all = vec![largest.clone()];
        all.extend(many(count, || largest * ratio(rng.random_range(-9..=9), 9)));
        all
    };
    let (input, output) = (below(&x, more_in), below(&m, more_out));
    for power in [1, 2, 4, 8, 16, 32, 64] {
        let found = power_of(&input, &output, power)?;
        let smooth = (&m / &x).pow(power);
        ledger.holds(smooth <= &found * integer(input.len() as i64), || {
            format!("too small under lp:{power}")
        })?;
        ledger.holds(found <= &smooth * integer(output.len() as i64), || {
            format!("too large under lp:{power}")
        })?;
    }
    Ok(())
}

/// Where every count is no more than `(1 + e)^p`, the square is within a factor `1 + e`.
fn tends(ledger: &mut Ledger) -> Result<(), Failure> {
    // s = 3/2: of one weight alone for every p, of four alike nearer and nearer.
    for power in [1, 2, 8, 64] {
        let found = power_of(&[integer(9)], &[integer(-4)], power)?;
        ledger.equal("Λ of one weight", &found, &ratio(2, 3).pow(2 * power))?;
    }
    for (power, nearness) in [(16, ratio(1, 10)), (160, ratio(1, 100))] {
        let found = power_of(
            &[integer(9)],
            &[integer(4), integer(-4), integer(4), integer(4)],
            power,
        )?;
        let factor = Rational::one() + nearness;
        ledger.holds(integer(4) <= factor.pow(power), || "4 > (1 + e)^p".into())?;
        let smooth = ratio(4, 9);
        ledger.holds(found <= (&smooth * &factor).pow(power), || {
            "too large".into()
        })?;
        ledger.holds(found >= (&smooth / &factor).pow(power), || {
            "too small".into()
        })?;
        ledger.holds(found > smooth.pow(power), || {
            "four weights weigh no more than one".into()
        })?;
    }
    ledger.record(
        Kind::ExactInstance,
        "X = 9, M = 4, s = 3/2: with one outgoing weight Λ = 2/3 for p = 1, 2, 8, 64; with four alike Λ² exceeds 4/9, by less than a tenth at p = 16 and a hundredth at \
         p = 160",
    )
}

/// The range must be the largest of what leads to the unit.
fn heavier(ledger: &mut Ledger) -> Result<(), Failure> {
    let (input, output) = ([integer(1), integer(16)], [integer(1)]);
    for power in [2, 64] {
        let found = power_of(&input, &output, power)?;
        ledger.equal(
            "Λ^2p",
            &found,
            &(cost(&output, &Rational::one(), power) / cost(&input, &Rational::one(), power)),
        )?;
        ledger.holds(found < ratio(1, 16).pow(power), || "not below 1/16".into())?;
    }
    ledger.record(
        Kind::ExactCounterexample,
        "beside an incoming weight of 16 the range 1 does not decide: Λ² < 1/16 at p = 2 and 64, where M/X = 1",
    )
}
