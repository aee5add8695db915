//! What balancing does to each layer, for reports and pictures.

use std::path::PathBuf;

use synaptic_balance::formats::{Measured, Model, measure_network};
use synaptic_balance::network::{Network, Regularizer, UnitIndex, UnitKind};
use synaptic_balance::numbers::{Rational, Wide};
use synaptic_balance::report::plot_layers;
use synaptic_balance::solve::Balance;

use super::arguments::BalanceArguments;
use super::{BadInput, Failure};

/// Rows in the text.
pub const ROWS: usize = 24;

/// The layers of a model that was balanced in exact arithmetic's way, after it if there is a solution.
pub fn of_result(
    regularizer: &Regularizer,
    file: &Model,
    network: &Network<Rational>,
    result: &Balance,
) -> Measured {
    let multipliers: Vec<f64> = result.multipliers().into_iter().map(Wide::to_f64).collect();
    let has_after = network.variables() > 0 && multipliers.len() == network.variables();
    let vanished = if has_after { result.vanished() } else { &[] };
    match file {
        Model::Onnx(model) => {
            let by_unit = has_after.then(|| result.by_unit(network));
            model.measure(network, regularizer, by_unit.as_deref(), vanished)
        }
        file => {
            let groups = groups(file, network);
            let after = has_after.then_some(multipliers.as_slice());
            measure_network(network, regularizer, after, vanished, groups.as_deref())
        }
    }
}

/// The layers of a perceptron with their units, outputs among them.
pub fn groups(file: &Model, network: &Network<Rational>) -> Option<Vec<(String, Vec<UnitIndex>)>> {
    let last = file.layers()?.last()?;
    let mut groups = file.groups()?;
    groups.push((format!("{last}.weight"), network.units_of(UnitKind::Output)));
    Some(groups)
}

/// The picture that was asked for.
pub fn plot(
    arguments: &BalanceArguments,
    measured: &Measured,
) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(path) = &arguments.plot else {
        return Ok(None);
    };
    let title = format!(
        "Ranges of channels by layer, balanced for {}",
        arguments.regularizer
    );
    let picture = plot_layers(&measured.layers, &title);
    let picture =
        picture.map_err(|fault| BadInput::at(path, format!("nothing written: {fault}")))?;
    Ok(Some((path.clone(), picture)))
}
