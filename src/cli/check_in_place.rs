//! `synbal check` for perceptrons of many weights, read where they lie.

use std::path::Path;

use synaptic_balance::formats::{MappedPerceptron, holds_weights_only};
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::{rational_to_f64, rational_to_f64_down};
use synaptic_balance::report::{self, InPlaceCheck, Reliance, Report};
use synaptic_balance::solve::blocks::{BlockOptions, balance_blocks, deficit, scaling_between};
use synaptic_balance::solve::energy::{distance_to_balance, verify_energy};
use synaptic_balance_kernel::Entries;

use super::arguments::CheckArguments;
use super::{BadInput, Outcome, Progress, Verdict, in_place};

/// Smaller models are judged in rationals.
const LEAST: usize = 10_000;

/// Judges a result that is plainly a scaling; `None` for whatever else has to be looked into more closely.
pub fn check(arguments: &CheckArguments) -> Result<Option<Outcome>, BadInput> {
    let (Some(before), Some(after)) = (&arguments.before, &arguments.after) else {
        return Ok(None);
    };
    let is_plain = arguments.tied.is_none() && matches!(arguments.regularizer, Regularizer::Lp(_));
    if !is_plain || !holds_weights_only(before) || !holds_weights_only(after) {
        return Ok(None);
    }
    let Some(architecture) = arguments.perceptron.architecture()? else {
        return Ok(None);
    };
    let open = |path: &Path| MappedPerceptron::open(path, &architecture).ok();
    let (Some(before), Some(after)) = (open(before), open(after)) else {
        return Ok(None);
    };
    let are_alike = before.is_like(&after) && before.weights() >= LEAST;
    Ok(
        match are_alike && before.signs_agree(&after) && before.agrees_in_what_is_fixed(&after) {
            true => judge(arguments, &before, &after).map(Ok),
            false => None,
        },
    )
}

fn judge(
    arguments: &CheckArguments,
    before: &MappedPerceptron,
    after: &MappedPerceptron,
) -> Option<(Report, Verdict)> {
    let power = arguments.regularizer.variable_power();
    let number_type = after.number_type()?;
    let (multipliers, deviation) =
        scaling_between(&before.blocks(1.0).ok()?, &after.blocks(1.0).ok()?)?;
    if deviation > rational_to_f64_down(&number_type.excused()) {
        return None;
    }
    let mut costs = after.blocks(rational_to_f64(&power)).ok()?;
    let largest = costs.sides().into_iter().map(deficit).fold(0.0, f64::max);
    let progress = Progress::new();
    let mut blocks = before.blocks(rational_to_f64(&power)).ok()?;
    let solution = balance_blocks(&mut blocks, &BlockOptions::default(), &mut |deficit| {
        progress.report("two-level", deficit);
    });
    let solution = solution.ok()?;
    let problem = in_place::named_problem(before, &power).ok()?;
    let proof = in_place::prove(&mut blocks, &solution, &problem.problem).ok()?;
    let certified = verify_energy(&problem.problem, &proof.certificate).ok()?;
    let other = in_place::named_problem(after, &power).ok()?;
    let others = other.problem.blocks().iter().map(|block| block.entries);
    let others: Vec<Entries> = others.collect();
    let distance = distance_to_balance(&certified, &others, &power).ok()?;
    let is_balanced = largest <= arguments.tolerance;
    // Far from the optimum the bound is coarse.
    if distance.is_none() && is_balanced {
        return None;
    }
    let units = problem.units.iter().map(|(name, _)| name.clone());
    let mut report = report::in_place_check(&InPlaceCheck {
        multipliers: units.zip(multipliers).collect(),
        deviation,
        number_type,
        deficit: largest,
        distance,
        tolerance: arguments.tolerance,
    });
    report.state_layers(Some(&before.layers()));
    report.state_reliance(&[
        Reliance::WeightsReader,
        Reliance::Architecture,
        Reliance::ExactArithmetic,
        Reliance::Scaling,
        Reliance::Deficit,
    ]);
    let verdict = match distance {
        _ if !is_balanced => Verdict::False,
        Some(distance) if distance > arguments.tolerance => Verdict::Incomplete,
        _ => Verdict::Done,
    };
    Some((report, verdict))
}
