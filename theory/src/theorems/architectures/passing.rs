//! Operations that pass values on.

use num_traits::One;

use super::{Operation, largest, mean};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, many, positive, signed};
use synaptic_balance_core::numbers::{Rational, sum};

fn times(values: &[Rational], factor: &Rational) -> Vec<Rational> {
    values.iter().map(|value| value * factor).collect()
}

/// Operations on four values of one channel, or of channels with equal multipliers.
const PASSING: [(&str, Operation); 6] = [
    ("residual addition", |v| vec![&v[0] + &v[2], &v[1] + &v[3]]),
    ("maximum pooling", |v| v.chunks(2).map(largest).collect()),
    ("average pooling", |v| v.chunks(2).map(mean).collect()),
    ("concatenation", |v| v.to_vec()),
    ("transposition", |v| {
        vec![v[0].clone(), v[2].clone(), v[1].clone(), v[3].clone()]
    }),
    ("global sum", |v| vec![sum(v)]),
];

/// Inference-mode batch normalisation `γ (x - m) / s + β`.
#[derive(Clone)]
struct Normalisation {
    scale: Rational,
    mean: Rational,
    deviation: Rational,
    shift: Rational,
}

impl Normalisation {
    fn apply(&self, x: &Rational) -> Rational {
        &self.scale * (x - &self.mean) / &self.deviation + &self.shift
    }
}

pub(super) fn check(ledger: &mut Ledger) -> Result<(), Failure> {
    let mut rng = generator(43);
    for (name, operation) in PASSING {
        for _ in 0..50 {
            let (values, factor) = (many(4, || signed(&mut rng)), positive(&mut rng));
            ledger.equal(
                name,
                &operation(&times(&values, &factor)),
                &times(&operation(&values), &factor),
            )?;
        }
    }
    for _ in 0..50 {
        let [scale, mean, shift, x] = [(); 4].map(|()| signed(&mut rng));
        let plain = Normalisation {
            scale,
            mean,
            deviation: positive(&mut rng),
            shift,
        };
        let (read, made) = (positive(&mut rng), positive(&mut rng));
        let mut carrying = plain.clone();
        carrying.mean *= &read;
        carrying.shift *= &read;
        ledger.equal(
            "carried",
            &carrying.apply(&(&read * &x)),
            &(&read * plain.apply(&x)),
        )?;
        let mut changing = plain.clone();
        changing.scale *= &made / &read;
        changing.mean *= &read;
        changing.shift *= &made;
        ledger.equal(
            "changed",
            &changing.apply(&(&read * &x)),
            &(&made * plain.apply(&x)),
        )?;
        let mut absorbing = plain.clone();
        absorbing.scale *= &made / &read;
        let lost = &plain.scale * &plain.mean / &plain.deviation * (Rational::one() - read.recip());
        absorbing.shift = &made * (&plain.shift - lost);
        ledger.equal(
            "absorbed",
            &absorbing.apply(&(&read * &x)),
            &(&made * plain.apply(&x)),
        )?;
    }
    ledger.record(
        Kind::PropertyTest,
        "50 random cases each: addition, both poolings, concatenation, transposition and sum carry one multiplier; batch \
         normalisation carries it with m and β scaled, may change it by its γ, and may keep m if β absorbs the rest",
    )
}
