//! `synbal check` for models of many weights, read where they lie.

use std::path::Path;

use synaptic_balance::formats::MappedPerceptron;
use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::{Rational, rational_to_f64, rational_to_f64_down};
use synaptic_balance::report::{self, InPlaceCheck, NumberType, Reliance, Report};
use synaptic_balance::solve::blocks::{
    BlockOptions, Blocks, CostSums, balance_blocks, scaling_between,
};
use synaptic_balance::solve::energy::{
    EnergyError, EnergyProof, distance_to_balance, verify_energy,
};
use synaptic_balance::solve::{Distance, is_rounded};
use synaptic_balance_kernel::Entries;

use super::arguments::CheckArguments;
use super::limit_in_place::Unsolved;
use super::proving::{self, prove};
use super::{BadInput, Exit, Progress, Reported, check_channels, files, in_place};

/// Smaller models are judged in rationals.
pub const LEAST: usize = 10_000;

/// Judges a result that is plainly a scaling; `None` for whatever else has to be looked into more closely.
pub fn check(arguments: &CheckArguments) -> Result<Option<Reported>, BadInput> {
    let (Some(before), Some(after)) = (&arguments.before, &arguments.after) else {
        return Ok(None);
    };
    let is_plain = arguments.tied.is_none() && matches!(arguments.regularizer, Regularizer::Lp(_));
    if !is_plain {
        return Ok(None);
    }
    if files::begins_as_onnx(before) && files::begins_as_onnx(after) {
        return Ok(check_channels::check(arguments, before, after).map(Ok));
    }
    let is_perceptron = |path| in_place::is_perceptron(path, &arguments.perceptron);
    if !is_perceptron(before) || !is_perceptron(after) {
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
            true => check_perceptrons(arguments, &before, &after).map(Ok),
            false => None,
        },
    )
}

fn check_perceptrons(
    arguments: &CheckArguments,
    before: &MappedPerceptron,
    after: &MappedPerceptron,
) -> Option<(Report, Exit)> {
    let power = arguments.regularizer.variable_power();
    let number_type = after.number_type()?;
    let scaling = scaling_between(&before.blocks(1.0).ok()?, &after.blocks(1.0).ok()?)?;
    let deficit = largest_deficit(&mut after.blocks(rational_to_f64(&power)).ok()?);
    let (mut report, verdict) = judge(
        arguments,
        &mut before.blocks(rational_to_f64(&power)).ok()?,
        [
            &in_place::named_problem(before, &power, false).ok()?,
            &in_place::named_problem(after, &power, false).ok()?,
        ],
        scaling,
        number_type,
        deficit,
    )?;
    report.state_layers(Some(&before.layers()));
    report.state_reliance(&[
        Reliance::WeightsReader,
        Reliance::Architecture,
        Reliance::ExactArithmetic,
        Reliance::Scaling,
        Reliance::Deficit,
    ]);
    Some((report, verdict))
}

/// The optimum of blocks, proved by the kernel; what is known of a distance to it where there is none.
pub fn optimum_of_blocks(
    blocks: &mut Blocks,
    kernel: &NamedProblem,
) -> Result<EnergyProof, Distance> {
    let progress = Progress::new();
    let solution = balance_blocks(blocks, &BlockOptions::default(), &mut |deficit| {
        progress.report("two-level", deficit);
    });
    let solution = solution.map_err(|fault| {
        let reason = fault.to_string();
        match Unsolved::of(fault, blocks) {
            Unsolved::NotAttained(cut) if cut.verified().is_some() => Distance::NoOptimum,
            _ => Distance::Undetermined(reason),
        }
    })?;
    attained(prove(blocks, &solution, &kernel.problem, None))
}

/// A proof, if it is that the minimum is attained.
pub fn attained(proof: Result<EnergyProof, EnergyError>) -> Result<EnergyProof, Distance> {
    let reason = match proof {
        Ok(proof) if proof.is_attained => return Ok(proof),
        Ok(_) => "that the minimum is attained was not verified".to_owned(),
        Err(fault) => fault.to_string(),
    };
    Err(Distance::Undetermined(reason))
}

/// How far the weights of another problem are from a proved optimum.
pub fn distance(
    problem: &NamedProblem,
    proof: &EnergyProof,
    other: &NamedProblem,
    power: &Rational,
) -> Distance {
    let others = other
        .problem
        .blocks()
        .iter()
        .map(|block| block.entries.clone());
    let others: Vec<Entries> = others.collect();
    let found = verify_energy(&problem.problem, &proof.certificate)
        .and_then(|certified| distance_to_balance(&certified, &others, power));
    match found {
        Ok(Some(distance)) => Distance::Certified(distance),
        Ok(None) => Distance::Undetermined(report::FAR.to_owned()),
        Err(refusal) => Distance::Undetermined(refusal.to_string()),
    }
}

fn largest_deficit(costs: &mut Blocks) -> f64 {
    costs.deficit_at(&vec![1.0; costs.shape().units()])
}

/// Judges a scaling by multipliers that are known, up to a deviation; `None` where it is more than rounding, or less
/// can be said than of most models.
fn judge(
    arguments: &CheckArguments,
    blocks: &mut Blocks,
    [problem, other]: [&NamedProblem; 2],
    (multipliers, deviation): (Vec<f64>, f64),
    number_type: NumberType,
    deficit: f64,
) -> Option<(Report, Exit)> {
    let power: Rational = arguments.regularizer.variable_power();
    if deviation > rational_to_f64_down(&number_type.excused()) {
        return None;
    }
    let proof = proving::prove_attained(blocks, &problem.problem)?;
    let distance = distance(problem, &proof, other, &power);
    let allowed = arguments.tolerance.max(number_type.excused_deficit(&power));
    let is_balanced = deficit <= allowed;
    let exponent = rational_to_f64(&power);
    let is_near = |(value, (_, variable)): (&f64, &(String, usize))| {
        proof
            .bounds(*variable)
            .is_some_and(|(lo, hi)| is_rounded(*value, (&lo, &hi), exponent, 1))
    };
    let mut pairs = multipliers.iter().zip(&problem.units);
    let is_rounded = !is_balanced && deviation == 0.0 && pairs.all(is_near);
    // Far from the optimum the bound is coarse.
    if is_balanced && !matches!(distance, Distance::Certified(_)) {
        return None;
    }
    let reach = arguments.tolerance.max(most_by_rounding(number_type));
    let verdict = match distance {
        _ if is_rounded => Exit::Done,
        _ if !is_balanced => Exit::False,
        Distance::Certified(distance) if distance > reach => Exit::Incomplete,
        _ => Exit::Done,
    };
    let units = problem.units.iter().map(|(name, _)| name.clone());
    let report = report::in_place_check(&InPlaceCheck {
        multipliers: units.zip(multipliers).collect(),
        deviation,
        number_type,
        deficit,
        distance,
        to_powers_of_two: is_rounded.then_some(1),
        allowed,
        tolerance: arguments.tolerance,
    });
    Some((report, verdict))
}

/// How far rounding to 16 bits can take a weight from the balanced one.
pub fn most_by_rounding(number_type: NumberType) -> f64 {
    match number_type.is_short() {
        true => rational_to_f64(&number_type.excused()),
        false => 0.0,
    }
}
