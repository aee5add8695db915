//! The demonstration: the main job on an embedded, really trained network.

use serde_json::{Value, json};
use std::fmt::Write;
use thiserror::Error;

use super::digits::{Digits, digits, digits_network, largest};
use super::{Report, figure::unit_balance_figure, up};
use crate::formats::SafetensorsError;
use crate::kernel::{Refusal, check};
use crate::network::{EvaluateError, Multiplier, Network, Regularizer, ScaleError};
use crate::numbers::{Direction, Dyadic, Rational, Scalar, rational_to_f64_up};
use crate::solve::{
    Balance, BalanceFailure, Balancing, ExistenceClaim, Options, balance, relative_width,
};

/// What the demonstration found.
#[derive(Debug, Clone)]
pub struct Demonstration {
    /// The report.
    pub report: Report,
    /// The figure that it contains, which the README shows.
    pub figure: String,
    /// Did everything come out as claimed?
    pub succeeded: bool,
}

/// Why the demonstration failed; none of it is to be expected.
#[derive(Debug, Error)]
pub enum DemonstrationError {
    /// The embedded network.
    #[error(transparent)]
    Network(#[from] SafetensorsError),
    /// Evaluation.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Balancing.
    #[error(transparent)]
    Balance(#[from] BalanceFailure),
    /// Scaling.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// The kernel.
    #[error(transparent)]
    Kernel(#[from] Refusal),
    /// A part of the result is missing.
    #[error("the balancing gave no {0}")]
    Missing(&'static str),
}

/// Bits of the multipliers with which the scaling is carried out exactly.
const BITS: u64 = 24;
/// Images whose outputs are compared in exact arithmetic.
const EXACT_IMAGES: usize = 3;
/// The largest relative difference between methods that counts as agreement.
const AGREEMENT: f64 = 1e-9;

struct Facts {
    units: usize,
    synapses: usize,
    images: usize,
    correct_before: usize,
    correct_after: usize,
    same_predictions: usize,
    largest_output: f64,
    output_difference: f64,
    rational_multipliers: usize,
    rational_cost_multipliers: usize,
    exact_outputs_equal: bool,
    width: Rational,
    figure: String,
}

/// Runs the main job on the digits classifier under `L_2`: diagnosis, exact arithmetic, both algorithms, certificate,
/// and the comparison of all outputs before and after.
///
/// # Errors
/// [`DemonstrationError`].
pub fn demonstrate(
    progress: &mut dyn FnMut(&str, f64),
) -> Result<Demonstration, DemonstrationError> {
    let network = digits_network()?;
    let images = digits();
    let regularizer = Regularizer::l2();
    let options = Options {
        certify: Some(12),
        ..Options::default()
    };
    let result = balance(&network, &regularizer, &options, progress)?;
    progress("comparing outputs", 0.0);
    let facts = gather(&network, &images, &regularizer, &result)?;
    let cross = result
        .cross_check
        .as_ref()
        .ok_or(DemonstrationError::Missing("cross-check"))?;
    let difference = cross
        .max_relative_difference
        .clone()
        .map_err(BalanceFailure::from)?;
    let succeeded = facts.exact_outputs_equal
        && facts.same_predictions == facts.images
        && cross.unfinished.is_none()
        && difference < AGREEMENT;
    let json = json(&facts, &result, difference);
    let text = text(&facts, &result, difference);
    Ok(Demonstration {
        report: Report { text, json },
        figure: facts.figure,
        succeeded,
    })
}

fn gather(
    network: &Network<Rational>,
    images: &Digits,
    regularizer: &Regularizer,
    result: &Balance,
) -> Result<Facts, DemonstrationError> {
    let weights = result
        .weights(network)
        .ok_or(DemonstrationError::Missing("weights"))?;
    let weights = weights.map_err(|_| DemonstrationError::Missing("representable weight"))?;
    let before = network.to_f64();
    let after = before.with_weights(weights.clone());
    let (outputs, new_outputs) = (images.outputs(&before)?, images.outputs(&after)?);
    let proved = result.proved_about(&network.problem(regularizer));
    let proved = proved.ok_or(DemonstrationError::Missing("proof about this network"))?;
    // The text says of this network that its minimum exists, and where.
    let ExistenceClaim::Attained(_) = proved.existence else {
        return Err(DemonstrationError::Missing("minimum"));
    };
    let enclosed = result.bounds();
    let enclosed = enclosed.ok_or(DemonstrationError::Missing("certificate"))?;
    let units = network.balance_each(regularizer);
    let rational = |pick: fn(&crate::network::UnitBalance) -> &Multiplier| {
        let found = units.iter().flatten();
        found
            .filter(|balance| matches!(pick(balance), Multiplier::Rational(_)))
            .count()
    };
    let pairs = || outputs.iter().flatten().zip(new_outputs.iter().flatten());
    let same = |(old, new): &(&Vec<f64>, &Vec<f64>)| largest(old) == largest(new);
    let exact_after: Vec<Rational> = weights.iter().filter_map(Scalar::to_rational).collect();
    Ok(Facts {
        units: network.variables(),
        synapses: network.synapses(),
        images: images.images.len(),
        correct_before: images.correct(&outputs),
        correct_after: images.correct(&new_outputs),
        same_predictions: outputs.iter().zip(&new_outputs).filter(same).count(),
        largest_output: pairs().map(|(old, _)| old.abs()).fold(0.0, f64::max),
        output_difference: pairs()
            .map(|(old, new)| (old - new).abs())
            .fold(0.0, f64::max),
        rational_multipliers: rational(|balance| &balance.multiplier),
        rational_cost_multipliers: rational(|balance| &balance.cost_multiplier),
        exact_outputs_equal: exact_scaling(network, images, result)?,
        width: relative_width(&enclosed),
        figure: unit_balance_figure(
            &ratios(network, regularizer),
            &ratios(&network.with_weights(exact_after), regularizer),
        ),
    })
}

/// Scales by multipliers of [`BITS`] bits in exact arithmetic, has the kernel verify that it is a scaling, and
/// compares exact outputs.
fn exact_scaling(
    network: &Network<Rational>,
    images: &Digits,
    result: &Balance,
) -> Result<bool, DemonstrationError> {
    let rounded = |value: crate::numbers::Wide| {
        let dyadic = Dyadic::from_rational(&value.to_rational()?, BITS, Direction::Down)?;
        Some(dyadic.to_rational())
    };
    let multipliers: Option<Vec<Rational>> =
        result.multipliers().into_iter().map(rounded).collect();
    let multipliers = multipliers.ok_or(DemonstrationError::Missing("multipliers"))?;
    let scaled = network.scaled(&multipliers)?;
    check::scaling(
        &network.problem(&Regularizer::l1()),
        &network.weights(),
        &scaled.weights(),
        &multipliers,
    )?;
    for image in 0..EXACT_IMAGES {
        let input: Vec<Rational> = images.input(image);
        if network.evaluate(&input)? != scaled.evaluate(&input)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn ratios(network: &Network<Rational>, regularizer: &Regularizer) -> Vec<f64> {
    let state = Balancing::new(&network.problem(regularizer));
    let ratio = |variable| {
        let (input, output) = state.sides(variable);
        input.ratio(output)
    };
    (0..state.variables()).map(ratio).collect()
}

fn json(facts: &Facts, result: &Balance, difference: f64) -> Value {
    json!({
        "network": "digits 64-100-50-10, ReLU",
        "hidden_units": facts.units,
        "synapses": facts.synapses,
        "images": facts.images,
        "correct_before": facts.correct_before,
        "correct_after": facts.correct_after,
        "same_predictions": facts.same_predictions,
        "largest_output": facts.largest_output,
        "largest_output_difference": facts.output_difference,
        "regularizer": "l2",
        "regularizer_before": super::wide(result.regularizer_before),
        "regularizer_after": result.regularizer_after.map(super::wide),
        "deficit_before": result.deficit_before,
        "deficit": result.solution.as_ref().map(|solution| solution.deficit),
        "cross_check": {"against": "stochastic", "max_relative_difference": difference},
        "units_with_rational_multiplier": facts.rational_multipliers,
        "units_with_rational_cost_multiplier": facts.rational_cost_multipliers,
        "exact_outputs_equal": facts.exact_outputs_equal,
        "exact_images": EXACT_IMAGES,
        "enclosure_width": rational_to_f64_up(&facts.width),
        "seconds": {"solve": result.seconds.solve, "certify": result.seconds.certify},
    })
}

fn text(facts: &Facts, result: &Balance, difference: f64) -> String {
    let mut text = String::new();
    let out = &mut text;
    let solution = result.solution.as_ref();
    let percent = |correct: usize| 100.0 * correct as f64 / facts.images as f64;
    let after = result
        .regularizer_after
        .map_or(String::new(), |after| after.to_string());
    let _ = write!(
        out,
        "\
A trained network: 64-100-50-10 ReLU classifier of handwritten digits, {synapses} weights with biases, {units} hidden units.

1. Diagnosis
   {before} of {images} images classified rightly ({before_percent:.2} %).
   L2 = {l2}; deficit max |in - out| / (in + out) = {deficit:.6}.

2. Exact arithmetic
   Every 32-bit weight is a rational number. Balanced alone, a unit needs λ with λ^4 = B/A: rational for {rational} of {units} units,
   and λ² (all that costs need) for {cost_rational}. The kernel proved that the minimum exists (a circulation through every weight).
   With the multipliers rounded to {BITS} bits the scaling was carried out in rationals; the kernel verified it weight by weight,
   and the outputs for {EXACT_IMAGES} images are {equal} as rationals.

3. Two algorithms
   Direct convex solve (Newton): deficit {after_deficit:.1e} after {passes:.0} reads of the weights.
   Stochastic balancing (random order): the weights differ by at most {difference:.1e} relative.

4. Certificate
   Rational bounds with lower <= optimum <= upper for all {units} units, relative width at most {width}, checked by the kernel.

5. Same function
   {same} of {images} predictions are the same, {after} of them right. Outputs reach {largest:.1}; they differ by at most {output_difference:.1e}.

   L2 {l2} -> {l2_after}

{figure}",
        synapses = facts.synapses,
        units = facts.units,
        before = facts.correct_before,
        images = facts.images,
        before_percent = percent(facts.correct_before),
        l2 = result.regularizer_before,
        l2_after = after,
        deficit = result.deficit_before,
        rational = facts.rational_multipliers,
        cost_rational = facts.rational_cost_multipliers,
        equal = if facts.exact_outputs_equal { "equal" } else { "NOT equal" },
        after_deficit = solution.map_or(f64::NAN, |solution| solution.deficit),
        passes = solution.map_or(f64::NAN, |solution| solution.passes),
        width = up(rational_to_f64_up(&facts.width)),
        same = facts.same_predictions,
        after = facts.correct_after,
        largest = facts.largest_output,
        output_difference = facts.output_difference,
        figure = facts.figure,
    );
    let _ = write!(
        out,
        "
Proved (rational arithmetic, trusted kernel): the minimum exists; each balanced multiplier lies in its interval; the rounded
scaling is a scaling, so the function is the same for every input. Only computed (floating point): the deficit, the agreement
of the two algorithms, the predictions and the differences of outputs.
"
    );
    text
}
