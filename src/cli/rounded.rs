//! Multipliers rounded to powers of two: what is written instead of the optimum.

use synaptic_balance::formats::Losses;
use synaptic_balance::report::{Report, RoundedRun, function_kept};
use synaptic_balance::solve::blocks::Blocks;

use super::Verdict;
use super::arguments::BalanceArguments;
use super::found::Found;

/// Rounds the multipliers `Λ` that were found to the nearest powers of two; costs are `|w|^power`.
pub fn round(found: &mut Found, problem: &mut Blocks, power: f64) {
    let nearest = found
        .multipliers
        .iter()
        .map(|value| value.log2().round().exp2());
    let rounded: Vec<f64> = nearest.collect();
    let pairs = found.multipliers.iter().zip(&rounded);
    let factors = pairs.map(|(value, nearest)| (value / nearest).max(nearest / value));
    // How far the optimum may be from what was found.
    let proved = found.within();
    let within = proved.or(found.enclosed.as_ref().map(|enclosed| enclosed.width));
    let costs: Vec<f64> = rounded.iter().map(|value| value.powf(power)).collect();
    found.rounded = Some(RoundedRun {
        factor: factors.fold(1.0, f64::max) * (1.0 + within.unwrap_or(0.0)).powf(1.0 / power),
        deficit: problem.deficit_at(&costs),
        value: found.regularizer.map(|_| problem.total(Some(&costs))),
    });
    found.multipliers = rounded;
}

/// Says what is left of the function. Powers of two that were asked for are complete where no weight was lost.
pub fn judge(
    arguments: &BalanceArguments,
    report: &mut Report,
    lost: &Losses,
    verdict: Verdict,
) -> Verdict {
    function_kept(report, lost);
    if !arguments.power_of_two || lost.count == 0 {
        return verdict;
    }
    let reason = "powers of two are exact where no weight is lost";
    report.json["incomplete"] = reason.into();
    report.text += &format!("INCOMPLETE {reason}\n");
    match verdict {
        Verdict::Done => Verdict::Incomplete,
        verdict => verdict,
    }
}
