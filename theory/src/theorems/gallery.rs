//! The architectures for which identities are proved symbolically: one of each sort that the theory names.

use super::Failure;
use crate::symbolic::{Architecture, Run, Scaling, Unit};

/// An architecture, how it is run, and what to call it.
pub(super) struct Exhibit {
    pub name: &'static str,
    pub network: Architecture,
    pub run: Run,
}

/// Units by what they are, in their order, and synapses as `from to, from to`; names are letters or words without
/// spaces.
fn exhibit(
    name: &'static str,
    units: &[(&str, Unit)],
    synapses: &str,
    run: Run,
) -> Result<Exhibit, Failure> {
    let units = units.iter().flat_map(|(names, unit)| {
        let names = names.split_whitespace();
        names.map(move |name| (name, unit.clone()))
    });
    let synapses = synapses.split(", ").filter_map(|ends| ends.split_once(' '));
    let network = Architecture::new(&units.collect::<Vec<_>>(), &synapses.collect::<Vec<_>>())?;
    Ok(Exhibit { name, network, run })
}

/// Two hidden layers with biases.
pub(super) fn layered() -> Result<Exhibit, Failure> {
    exhibit(
        "two hidden layers with biases",
        &[
            ("x z", Unit::Input),
            ("one", Unit::Bias),
            ("a b c", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        "x a, z a, one a, x b, one b, a c, b c, one c, c y, one y",
        Run::Acyclic,
    )
}

/// A skip connection around a hidden layer, two outputs.
pub(super) fn skipping() -> Result<Exhibit, Failure> {
    exhibit(
        "skip connections and two outputs",
        &[
            ("x", Unit::Input),
            ("one", Unit::Bias),
            ("a b", Unit::bilu()),
            ("y z", Unit::linear_output()),
        ],
        "x a, a b, x b, one b, a y, b y, b z",
        Run::Acyclic,
    )
}

/// Two hidden units that feed each other, one of them itself, over three steps.
pub(super) fn recurrent(run: Run) -> Result<Exhibit, Failure> {
    exhibit(
        "recurrent with a self-connection, three steps",
        &[
            ("x", Unit::Input),
            ("one", Unit::Bias),
            ("a b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        "x a, one a, a a, a b, b a, b y",
        run,
    )
}

/// A unit that squares with a self-connection, read by a BiLU, over three steps.
pub(super) fn power_units(run: Run) -> Result<Exhibit, Failure> {
    exhibit(
        "a BiPU of degree 2 with a self-connection",
        &[
            ("x", Unit::Input),
            ("a", Unit::bipu(2)),
            ("b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        "x a, a a, a b, b y",
        run,
    )
}

/// A convolution: one kernel of two weights at two places, its channel tied, read by a second shared weight.
pub(super) fn convolution() -> Result<Exhibit, Failure> {
    let mut exhibit = exhibit(
        "a convolution of two places",
        &[
            ("u v w", Unit::Input),
            ("a b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        "u a, v a, v b, w b, a y, b y",
        Run::Acyclic,
    )?;
    exhibit.network = exhibit
        .network
        .tie(&["a", "b"])?
        .share(&[("u", "a"), ("v", "b")])?
        .share(&[("v", "a"), ("w", "b")])?
        .share(&[("a", "y"), ("b", "y")])?;
    Ok(exhibit)
}

/// A recurrent network over two steps from initial states that no scaling moves, with the scaling of all the rest.
pub(super) fn fixed_states() -> Result<(Exhibit, Scaling), Failure> {
    let recurrent = recurrent(Run::Steps(2))?;
    let scaling = Scaling::of(&recurrent.network)?
        .without("h[a]")
        .without("h[b]");
    Ok((recurrent, scaling))
}
