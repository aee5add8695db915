//! Operations that pass values on.

use num_traits::One;

use super::{Operation, largest, mean, root};
use crate::network::Activation;
use crate::numbers::{Rational, sum};
use crate::theorems::ledger::{Failure, Kind, Ledger};
use crate::theorems::support::{generator, integer, many, positive, ratio, signed};

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
    )?;
    counterexamples(ledger)
}

fn counterexamples(ledger: &mut Ledger) -> Result<(), Failure> {
    // Branches 1 and 1 with multipliers 2 and 3: no one multiplier for their sum and for that of 1 and 2.
    let factor = |u: i64, v: i64| ratio(2 * u + 3 * v, u + v);
    ledger.holds(factor(1, 1) != factor(1, 2), || {
        "the branches need not be equal".into()
    })?;
    let plain = Normalisation {
        scale: integer(1),
        mean: integer(1),
        deviation: integer(1),
        shift: integer(0),
    };
    let mut kept = plain.clone();
    kept.shift *= integer(2);
    let (scaled, wanted) = (
        kept.apply(&integer(6)),
        integer(2) * plain.apply(&integer(3)),
    );
    ledger.holds(scaled != wanted, || {
        "the running mean need not be scaled".into()
    })?;
    ledger.equal("kept mean", &scaled, &integer(5))?;
    let clip = Activation::Other("relu6".into());
    for (x, factor) in [(integer(4), integer(2)), (integer(12), ratio(1, 3))] {
        let (scaled, plain) = (
            clip.apply(&(&x * &factor)),
            clip.apply(&x).map(|value| value * &factor),
        );
        ledger.holds(scaled != plain, || format!("clipping passes {factor} on"))?;
    }
    layer_normalisation(ledger)?;
    ledger.record(
        Kind::ExactCounterexample,
        "branches scaled by 2 and 3 leave their sum scaled by 5/2 or 8/3; a normalisation with m = 1 kept gives 5 instead of 4; \
         clipping at 6 passes neither 2 nor 1/3 on; layer normalisation of (0, 2) is the same for (0, 22/5) with ε = 0, and \
         goes from 1/2 to 11/14 with ε = 3",
    )
}

/// The second of two values, normalised over both.
fn normalised(values: &[Rational; 2], epsilon: &Rational) -> Result<Rational, Failure> {
    let centre = mean(values);
    let squares = values.each_ref().map(|value| (value - &centre).pow(2));
    Ok((&values[1] - &centre) / root(&(mean(&squares) + epsilon))?)
}

fn layer_normalisation(ledger: &mut Ledger) -> Result<(), Failure> {
    let (plain, scaled) = ([integer(0), integer(2)], [integer(0), ratio(22, 5)]);
    let (none, some) = (integer(0), integer(3));
    ledger.equal(
        "ε = 0",
        &normalised(&scaled, &none)?,
        &normalised(&plain, &none)?,
    )?;
    ledger.equal("ε = 3", &normalised(&plain, &some)?, &ratio(1, 2))?;
    ledger.equal(
        "ε = 3, scaled",
        &normalised(&scaled, &some)?,
        &ratio(11, 14),
    )
}
