//! Balance a network, cross-check the result and certify it: the three things most users want, in one call.

use synaptic_balance::network::{Activation, Network, Regularizer, Unit, UnitKind};
use synaptic_balance::numbers::parse_rational;
use synaptic_balance::solve::{Options, balance};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        Unit::new("one", UnitKind::Bias, Activation::Linear),
        Unit::new("a", UnitKind::Hidden, Activation::Relu),
        Unit::new(
            "b",
            UnitKind::Hidden,
            Activation::LeakyRelu(parse_rational("1/10")?),
        ),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    // (from, to, weight); a recurrent synapse b -> a is as good as any other.
    let weights = [
        (0, 2, "1"),
        (1, 2, "-3/4"),
        (2, 3, "4"),
        (3, 2, "1/8"),
        (3, 4, "0.25"),
    ];
    let synapses = weights
        .iter()
        .map(|(from, to, weight)| Ok((*from, *to, parse_rational(weight)?)));
    let network = Network::new(
        units,
        synapses.collect::<Result<_, Box<dyn std::error::Error>>>()?,
        vec![],
    )?;

    let options = Options {
        certify: Some(20),
        ..Options::default()
    };
    let result = balance(&network, &Regularizer::l2(), &options, &mut |_, _| {})?;

    let solution = result
        .solution
        .as_ref()
        .ok_or("the minimum is not attained")?;
    println!(
        "deficit {:.1e} before, {:.1e} after",
        result.deficit_before, solution.deficit
    );
    if let Some(cross) = &result.cross_check {
        println!(
            "{} against direct: {:?}",
            cross.against.name(),
            cross.max_relative_difference
        );
    }
    let bounds = result.bounds().ok_or("no bounds were verified")?;
    for variable in 0..network.variables() {
        println!(
            "{}: Λ = {}, and Λ² lies between {} and {}",
            network.variable_name(variable),
            result.multipliers()[variable],
            bounds.lower[variable],
            bounds.upper[variable]
        );
    }
    Ok(())
}
