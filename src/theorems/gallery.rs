//! The architectures for which identities are proved symbolically: one of each sort that the theory names.

use super::Failure;
use crate::symbolic::{Architecture, Run, Scaling, Unit};

/// An architecture, how it is run, and what to call it.
pub(super) struct Exhibit {
    pub name: &'static str,
    pub network: Architecture,
    pub run: Run,
}

/// Two hidden layers with biases.
pub(super) fn layered() -> Result<Exhibit, Failure> {
    let network = Architecture::new(
        &[
            ("x", Unit::Input),
            ("z", Unit::Input),
            ("one", Unit::Bias),
            ("a", Unit::bilu()),
            ("b", Unit::bilu()),
            ("c", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        &[
            ("x", "a"),
            ("z", "a"),
            ("one", "a"),
            ("x", "b"),
            ("one", "b"),
            ("a", "c"),
            ("b", "c"),
            ("one", "c"),
            ("c", "y"),
            ("one", "y"),
        ],
    )?;
    Ok(Exhibit {
        name: "two hidden layers with biases",
        network,
        run: Run::Acyclic,
    })
}

/// A skip connection around a hidden layer, two outputs.
pub(super) fn skipping() -> Result<Exhibit, Failure> {
    let network = Architecture::new(
        &[
            ("x", Unit::Input),
            ("one", Unit::Bias),
            ("a", Unit::bilu()),
            ("b", Unit::bilu()),
            ("y", Unit::linear_output()),
            ("z", Unit::linear_output()),
        ],
        &[
            ("x", "a"),
            ("a", "b"),
            ("x", "b"),
            ("one", "b"),
            ("a", "y"),
            ("b", "y"),
            ("b", "z"),
        ],
    )?;
    Ok(Exhibit {
        name: "skip connections and two outputs",
        network,
        run: Run::Acyclic,
    })
}

/// Two hidden units that feed each other, one of them itself, over three steps.
pub(super) fn recurrent(run: Run) -> Result<Exhibit, Failure> {
    let network = Architecture::new(
        &[
            ("x", Unit::Input),
            ("one", Unit::Bias),
            ("a", Unit::bilu()),
            ("b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        &[
            ("x", "a"),
            ("one", "a"),
            ("a", "a"),
            ("a", "b"),
            ("b", "a"),
            ("b", "y"),
        ],
    )?;
    Ok(Exhibit {
        name: "recurrent with a self-connection, three steps",
        network,
        run,
    })
}

/// A unit that squares with a self-connection, read by a BiLU, over three steps.
pub(super) fn power_units(run: Run) -> Result<Exhibit, Failure> {
    let network = Architecture::new(
        &[
            ("x", Unit::Input),
            ("a", Unit::bipu(2)),
            ("b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        &[("x", "a"), ("a", "a"), ("a", "b"), ("b", "y")],
    )?;
    Ok(Exhibit {
        name: "a BiPU of degree 2 with a self-connection",
        network,
        run,
    })
}

/// A convolution: one kernel of two weights at two places, its channel tied, read by a second shared weight.
pub(super) fn convolution() -> Result<Exhibit, Failure> {
    let network = Architecture::new(
        &[
            ("u", Unit::Input),
            ("v", Unit::Input),
            ("w", Unit::Input),
            ("a", Unit::bilu()),
            ("b", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        &[
            ("u", "a"),
            ("v", "a"),
            ("v", "b"),
            ("w", "b"),
            ("a", "y"),
            ("b", "y"),
        ],
    )?
    .tie(&["a", "b"])?
    .share(&[("u", "a"), ("v", "b")])?
    .share(&[("v", "a"), ("w", "b")])?
    .share(&[("a", "y"), ("b", "y")])?;
    Ok(Exhibit {
        name: "a convolution of two places",
        network,
        run: Run::Acyclic,
    })
}

/// A recurrent network over two steps from initial states that no scaling moves, with the scaling of all the rest.
pub(super) fn fixed_states() -> Result<(Exhibit, Scaling), Failure> {
    let recurrent = recurrent(Run::Steps(2))?;
    let scaling = Scaling::of(&recurrent.network)?
        .without("h[a]")
        .without("h[b]");
    Ok((recurrent, scaling))
}
