//! What an oracle must say of a result: the same function or not, balanced or not, and how far from the optimum.

use num_traits::{One, Signed, ToPrimitive, Zero};
use serde_json::{Value, json};

use super::VectorError;
use super::case::{Cases, Note, by_unit, with_flags};
use super::number::Number;
use super::truth;
use crate::kernel::{NotScaled, Obstacle, Problem, check};
use crate::network::{Manifold, Network, Regularizer};
use crate::numbers::{Rational, rational_power, rational_to_f64};
use crate::solve::{Ball, Judgement, ScalingFault, ScalingVerdict, Witness};

/// The relative deviation that counts as none in these cases, as a rational.
const TOLERANCE: &str = "1/1000000";

impl Cases {
    /// `judge`: what must be said of `after` as the result of balancing `before`. Powers of the regularizer are
    /// integers.
    pub fn judge(
        &mut self,
        note: Note,
        before: &Network<Rational>,
        after: &Network<Rational>,
        regularizer: &str,
    ) -> Result<(), VectorError> {
        let parsed = self.regularizer(regularizer)?;
        let expected = answer(before, after, &parsed).map_err(|reason| self.fault(reason))?;
        let found = truth::identity(&before.problem(&parsed));
        let note = with_flags(note, before, &parsed, &found, &expected);
        let inputs = vec![
            ("network", self.document(before)?),
            (
                "after",
                after
                    .weights()
                    .iter()
                    .map(|w| Value::from(w.to_string()))
                    .collect(),
            ),
            ("regularizer", regularizer.into()),
            ("tolerance", TOLERANCE.into()),
        ];
        self.push(note, "judge", inputs, expected);
        Ok(())
    }
}

fn answer(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
) -> Result<Value, String> {
    before.same_architecture(after)?;
    let tolerance = Rational::new(1.into(), 1_000_000.into());
    let mut answer = same_function(before, after, regularizer, &tolerance)?;
    let deficit = deficit(&after.problem(regularizer))?;
    answer["balanced"] = (deficit <= tolerance).into();
    answer["deficit"] = deficit.to_string().into();
    answer["distance"] = match distance(before, after, regularizer)? {
        Distance::Finite(distance) => truth::narrow(distance)?.json(),
        Distance::Infinite => "infinite".into(),
        Distance::NoOptimum => Value::Null,
    };
    Ok(answer)
}

/// `None` for a synapse of weight 0, which no scaling changes; else its ratio, if sign and zeros agree.
fn ratios(
    before: &Network<Rational>,
    after: &Network<Rational>,
) -> Result<Vec<Option<Rational>>, (usize, &'static str)> {
    let pairs = before.weights().into_iter().zip(after.weights());
    let ratio =
        |(synapse, (old, new)): (usize, (Rational, Rational))| match (old.is_zero(), new.is_zero())
        {
            (true, true) => Ok(None),
            (false, false) if (&new / &old).is_positive() => Ok(Some(new / old)),
            (false, false) => Err((synapse, "sign")),
            _ => Err((synapse, "zero")),
        };
    pairs.enumerate().map(ratio).collect()
}

fn same_function(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
    tolerance: &Rational,
) -> Result<Value, String> {
    let judged = crate::solve::judge(before, after, regularizer, rational_to_f64(tolerance));
    let judged = judged.map_err(|fault| fault.to_string())?;
    let ratios = match ratios(before, after) {
        Ok(ratios) => ratios,
        Err((synapse, kind)) => {
            let agrees = match &judged.scaling {
                ScalingVerdict::Not(ScalingFault::Zero(found)) => {
                    kind == "zero" && *found == synapse
                }
                ScalingVerdict::Not(ScalingFault::Sign(found)) => {
                    kind == "sign" && *found == synapse
                }
                _ => false,
            };
            let fault = json!({"kind": kind, "synapses": [synapse]});
            let answer = no_scaling((before, after), &judged, fault)?;
            return agrees.then_some(answer).ok_or("two verdicts differ".into());
        }
    };
    if let Ok(multipliers) = Manifold::of(before).multipliers(&ratios) {
        let problem = before.problem(&Regularizer::l1());
        check::scaling(&problem, &before.weights(), &after.weights(), &multipliers)
            .map_err(|fault| fault.to_string())?;
        let multipliers = by_unit(before, &multipliers, |value, exponent| {
            Some(rational_power(value, exponent)?.to_string().into())
        })?;
        return Ok(
            json!({"same_function": true, "exact_scaling": true, "multipliers": multipliers}),
        );
    }
    if let Some(cycle) = &judged.cycle {
        let problem = before.problem(regularizer);
        let (old, new) = (before.weights(), after.weights());
        let proof = check::not_scaled(&problem, &old, &new, &cycle.data().obstacle, tolerance);
        let proof = proof.map_err(|refusal| refusal.to_string())?;
        let fault = broken(before, &ratios, proof.data())?;
        return no_scaling((before, after), &judged, fault);
    }
    let ScalingVerdict::Near { multipliers, .. } = &judged.scaling else {
        return Err("neither a scaling nor a fault was found".into());
    };
    let scaled = before
        .scaled(multipliers)
        .map_err(|fault| fault.to_string())?;
    for (found, expected) in after.weights().iter().zip(scaled.weights()) {
        if (found - &expected).abs() > expected.abs() * tolerance {
            return Err("the nearest scaling that was found is not within the tolerance".into());
        }
    }
    Ok(json!({"same_function": true, "exact_scaling": false}))
}

/// What breaks the scaling, and inputs on which the outputs differ, evaluated once more where that can be done exactly;
/// without such inputs the function is undecided.
fn no_scaling(
    (before, after): (&Network<Rational>, &Network<Rational>),
    judged: &Judgement,
    fault: Value,
) -> Result<Value, String> {
    let Some(witness) = &judged.witness else {
        return Ok(json!({"same_function": "undecided", "exact_scaling": false, "fault": fault}));
    };
    let output = |network: &Network<Rational>, found: &[Vec<Ball>]| {
        let exact = found.iter().flatten().all(|ball| ball.radius.is_zero());
        if exact && evaluated(network, witness)? != middles(found) {
            return Err("two evaluations differ".to_string());
        }
        let numbers = found
            .iter()
            .map(|step| step.iter().map(number).collect::<Value>());
        Ok(numbers.collect::<Value>())
    };
    let inputs = witness.inputs.iter();
    let inputs = inputs.map(|step| step.iter().map(|x| Value::from(x.to_string())).collect());
    let witness = json!({
        "inputs": inputs.collect::<Vec<Value>>(),
        "before": output(before, &witness.before)?,
        "after": output(after, &witness.after)?,
    });
    Ok(json!({"same_function": false, "exact_scaling": false, "fault": fault, "witness": witness}))
}

fn middles(found: &[Vec<Ball>]) -> Vec<Vec<Rational>> {
    let middles = |step: &Vec<Ball>| step.iter().map(|ball| ball.middle.clone()).collect();
    found.iter().map(middles).collect()
}

/// By the evaluation that networks have themselves.
fn evaluated(network: &Network<Rational>, witness: &Witness) -> Result<Vec<Vec<Rational>>, String> {
    let found = match witness.over_time {
        true => {
            let initial = vec![Rational::zero(); network.units()];
            network.evaluate_over_time(&witness.inputs, &initial)
        }
        false => {
            let steps = witness.inputs.iter().map(|step| network.evaluate(step));
            steps.collect()
        }
    };
    found.map_err(|fault| fault.to_string())
}

fn number(ball: &Ball) -> Value {
    let (low, high) = (&ball.middle - &ball.radius, &ball.middle + &ball.radius);
    let number = match low == high {
        true => Number::Exact(low),
        false => Number::Between(low, high),
    };
    number.json()
}

/// The cycle of the kernel's proof as a witness, after its product was taken again and all multipliers were seen to
/// cancel.
fn broken(
    network: &Network<Rational>,
    ratios: &[Option<Rational>],
    proof: &NotScaled,
) -> Result<Value, String> {
    let Obstacle::Cycle(terms) = &proof.obstacle else {
        return Err("no cycle proves that there is no scaling".into());
    };
    let mut product = Rational::one();
    let mut exponents = vec![Rational::zero(); network.variables()];
    let mut signs = Vec::new();
    for (synapse, coefficient) in terms {
        let ratio = ratios[*synapse]
            .as_ref()
            .ok_or("a cycle has a zero weight")?;
        let times = coefficient.to_integer().to_i32();
        let times = times.filter(|_| coefficient.is_integer() && !coefficient.is_zero());
        let times = times.ok_or("a combination of synapses has no small integers")?;
        signs.push(times);
        product *= ratio.pow(times);
        for (variable, exponent) in network.direction(*synapse) {
            exponents[variable] += coefficient * exponent;
        }
    }
    let cancel = exponents.iter().all(Zero::is_zero);
    if !cancel || Some(&product) != proof.product.as_ref() {
        return Err("the cycle does not prove that there is no scaling".into());
    }
    let synapses: Vec<usize> = terms.iter().map(|(synapse, _)| *synapse).collect();
    Ok(
        json!({"kind": "cycle", "synapses": synapses, "signs": signs, "product": product.to_string()}),
    )
}

/// The largest `|A - B| / (A + B)`, exactly.
fn deficit(problem: &Problem) -> Result<Rational, String> {
    let mut largest = Rational::zero();
    for variable in 0..problem.variables() {
        let (input, output) = truth::sides(problem, variable)?;
        let (Some(a), Some(b)) = (input.exact(), output.exact()) else {
            return Err("the deficit is irrational".into());
        };
        let total = a + b;
        if !total.is_zero() {
            largest = largest.max((a - b).abs() / total);
        }
    }
    let ones = vec![Rational::one(); problem.variables()];
    let balanced = check::balanced(problem, &ones).is_ok();
    match balanced == largest.is_zero() {
        true => Ok(largest),
        false => Err("the kernel does not agree with the deficit".into()),
    }
}

/// The largest `|w' - w*| / |w*|`.
enum Distance {
    Finite(Number),
    /// A weight is not 0 although the balanced one is.
    Infinite,
    NoOptimum,
}

fn distance(
    before: &Network<Rational>,
    after: &Network<Rational>,
    regularizer: &Regularizer,
) -> Result<Distance, String> {
    let found = truth::optimum(&before.problem(regularizer))?;
    if found.direction.is_some() {
        return Ok(Distance::NoOptimum);
    }
    let best = truth::weights(before, regularizer, &found)?;
    let one = Rational::one();
    let mut worst = Number::zero();
    for (weight, best) in after.weights().iter().zip(&best) {
        if best.lower().is_zero() {
            if !weight.is_zero() {
                return Ok(Distance::Infinite);
            }
            continue;
        }
        let (a, b) = (weight / best.lower() - &one, weight / best.upper() - &one);
        let distance = match (best.exact(), a.is_negative() == b.is_negative()) {
            (Some(_), _) => Number::Exact(a.abs()),
            (None, true) => Number::Between(a.abs().min(b.abs()), a.abs().max(b.abs())),
            (None, false) => Number::Between(Rational::zero(), a.abs().max(b.abs())),
        };
        worst = worst.max(&distance);
    }
    Ok(Distance::Finite(worst))
}
