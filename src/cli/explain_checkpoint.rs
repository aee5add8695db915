//! `synbal explain` for checkpoints.

use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::rational_to_f64;
use synaptic_balance::report::checkpoint_groups;

use super::arguments::ExplainArguments;
use super::checkpoint::open;
use super::{BadInput, Exit, Reported};

/// Explains a checkpoint; `None` if the path is none.
pub fn explain(arguments: &ExplainArguments) -> Option<Reported> {
    let is_asked = arguments.family.family.is_some();
    let is_one = arguments.perceptron.arch.is_none() && Checkpoint::is_at(&arguments.network);
    match is_asked || is_one {
        true => Some(explain_groups(arguments)),
        false => None,
    }
}

fn explain_groups(arguments: &ExplainArguments) -> Reported {
    let path = &arguments.network;
    let refused = [
        (arguments.tied.is_some(), "--tied"),
        (arguments.basis, "--basis"),
        (arguments.dot.is_some(), "--dot"),
        (arguments.certificate.is_some(), "--certificate"),
        (!arguments.roles.learned.is_empty(), "--learned"),
        (!arguments.roles.constant.is_empty(), "--constant"),
        (arguments.perceptron.arch.is_some(), "--arch"),
    ];
    if let Some((_, option)) = refused.iter().find(|(is_given, _)| *is_given) {
        let reason = format!("{option} is not for checkpoints");
        return Err(BadInput::at(path, reason).into());
    }
    let Regularizer::Lp(power) = &arguments.regularizer else {
        let reason = "checkpoints are explained with l1, l2 or lp:P";
        return Err(BadInput::at(path, reason).into());
    };
    let checkpoint = open(path, &arguments.family)?;
    let sides = checkpoint.sides(rational_to_f64(power));
    let sides = sides.map_err(|fault| BadInput(fault.to_string()))?;
    let fixes = arguments.family.fixes_gains();
    Ok((checkpoint_groups(&checkpoint, &sides, fixes), Exit::Done))
}
