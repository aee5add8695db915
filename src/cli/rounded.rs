//! Multipliers rounded to powers of two: what is written instead of the optimum.

use synaptic_balance::formats::Losses;
use synaptic_balance::report::{Report, RoundedRun, function_kept};
use synaptic_balance::solve::blocks::Blocks;

use super::Verdict;
use super::arguments::BalanceArguments;

/// The powers of two nearest to multipliers `Λ`, each of which is known within a share of its cost `Λ^power`, if that is known.
pub fn nearest(
    multipliers: &[f64],
    problem: &mut Blocks,
    power: f64,
    within: Option<f64>,
) -> (Vec<f64>, RoundedRun) {
    let nearest = multipliers.iter().map(|value| value.log2().round().exp2());
    let rounded: Vec<f64> = nearest.collect();
    let pairs = multipliers.iter().zip(&rounded);
    let factors = pairs.map(|(value, nearest)| (value / nearest).max(nearest / value));
    let costs: Vec<f64> = rounded.iter().map(|value| value.powf(power)).collect();
    let run = RoundedRun {
        factor: factors.fold(1.0, f64::max) * (1.0 + within.unwrap_or(0.0)).powf(1.0 / power),
        deficit: problem.deficit_at(&costs),
        value: Some(problem.total(Some(&costs))),
    };
    (rounded, run)
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
