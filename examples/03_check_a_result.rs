//! Hold another implementation's result against the oracle: the same function, balanced, how far from the one optimum?

use synaptic_balance::network::{Network, Regularizer, chain};
use synaptic_balance::numbers::{ParseRationalError, Rational, parse_rational, rational_to_f64_up};
use synaptic_balance::solve::{Distance, JudgeError, ScalingVerdict, judge};

fn network(weights: &[&str]) -> Result<Network<Rational>, ParseRationalError> {
    let weights: Result<Vec<_>, _> = weights.iter().map(|text| parse_rational(text)).collect();
    Ok(chain(&weights?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let before = network(&["1", "4", "1"])?;
    let results = [
        (
            "balanced",
            [
                "1.587401051968199",
                "1.587401051968199",
                "1.587401051968199",
            ],
        ),
        ("stopped early", ["2", "1", "2"]),
        ("wrong at one weight", ["1.6", "1.6", "1.7"]),
    ];
    for (name, weights) in results {
        println!("{name}:");
        report(&before, &network(&weights)?)?;
    }
    Ok(())
}

fn report(before: &Network<Rational>, after: &Network<Rational>) -> Result<(), JudgeError> {
    let tolerance = 1e-6;
    let judgement = judge(before, after, &Regularizer::l2(), tolerance)?;
    match &judgement.scaling {
        ScalingVerdict::Exact(_) => println!("  an exact scaling, verified by the kernel"),
        ScalingVerdict::Near { deviation, .. } => println!(
            "  the nearest scaling is {:.2e} away",
            rational_to_f64_up(deviation)
        ),
        ScalingVerdict::Not(fault) => println!("  no scaling: {fault:?}"),
    }
    if let Some(proof) = &judgement.cycle {
        println!(
            "  no scaling up to {tolerance}, verified by the kernel: {:?}",
            proof.data().obstacle
        );
    }
    if let Some(witness) = &judgement.witness {
        println!("  another function, at the inputs {:?}", witness.inputs);
    }
    println!("  deficit {:.2e}", judgement.deficit);
    if let Distance::Certified(distance) = judgement.distance {
        println!("  within {distance:.2e} of the one optimum, proved");
    }
    Ok(())
}
