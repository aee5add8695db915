//! Multipliers rounded to powers of two: what is written instead of the optimum.

use synaptic_balance::formats::Losses;
use synaptic_balance::network::printable;
use synaptic_balance::report::{Report, RoundedRun, function_kept, function_near};
use synaptic_balance::solve::blocks::Blocks;

use super::Exit;
use super::arguments::BalanceArguments;
use super::found::Found;

/// Rounds the multipliers `Λ` that were found to the nearest powers of two; costs are `|w|^power`.
pub fn round(found: &mut Found, problem: &mut Blocks, power: f64) {
    // How far the optimum may be from what was found.
    let proved = found.within();
    let within = proved.or(found.enclosed.as_ref().map(|enclosed| enclosed.width));
    let knows_value = found.regularizer.is_some();
    let at = |costs: &[f64]| {
        let value = knows_value.then(|| problem.total(Some(costs)));
        (problem.deficit_at(costs), value)
    };
    let count = found.multipliers.len();
    let lattice = (vec![1; count], vec![1.0; count]);
    let (nearest, run) = nearest(&found.multipliers, &lattice, (power, within), at);
    (found.multipliers, found.rounded) = (nearest, Some(run));
}

/// The powers of `2^step` nearest to multipliers `Λ`, each known within a share of its cost `Λ^power`, if that is
/// known; and what comes of them, by the deficit and the regularizer `at` costs. By variable the steps are given, and
/// the highest power of it that is the multiplier of a channel.
pub fn nearest(
    multipliers: &[f64],
    (steps, powers): &(Vec<u64>, Vec<f64>),
    (power, within): (f64, Option<f64>),
    at: impl FnOnce(&[f64]) -> (f64, Option<f64>),
) -> (Vec<f64>, RoundedRun) {
    let pairs = multipliers.iter().zip(steps);
    let nearest = pairs.map(|(value, step)| {
        let step = *step as f64;
        ((value.log2() / step).round() * step).exp2()
    });
    let nearest: Vec<f64> = nearest.collect();
    let pairs = multipliers.iter().zip(&nearest).zip(powers);
    let factors =
        pairs.map(|((value, nearest), power)| (value / nearest).max(nearest / value).powf(*power));
    let costs: Vec<f64> = nearest.iter().map(|value| value.powf(power)).collect();
    let (deficit, value) = at(&costs);
    let run = RoundedRun {
        factor: factors.fold(1.0, f64::max) * (1.0 + within.unwrap_or(0.0)).powf(1.0 / power),
        deficit,
        value,
    };
    (nearest, run)
}

/// Says what is left of the function; an operator may take powers that do not commute with those of two. Powers of two
/// that were asked for are complete where no weight was lost.
pub fn judge(
    arguments: &BalanceArguments,
    report: &mut Report,
    (lost, rounding): (&Losses, Option<&str>),
    verdict: Exit,
) -> Exit {
    match rounding {
        None => function_kept(report, lost),
        Some(operator) => {
            let operator = printable(operator);
            let why = format!("{operator} takes powers that engines round");
            function_near(report, lost, &why);
        }
    }
    if !arguments.power_of_two || lost.count == 0 {
        return verdict;
    }
    let reason = "powers of two are exact where no weight is lost";
    report.json["incomplete"] = reason.into();
    report.text += &format!("INCOMPLETE {reason}\n");
    match verdict {
        Exit::Done => Exit::Incomplete,
        verdict => verdict,
    }
}
