//! The report on another implementation's result.

use num_traits::{One, Signed, Zero};
use serde_json::{Value, json};
use std::fmt::Write;

use super::{Report, down, list, up};
use crate::kernel::Obstacle;
use crate::network::{Network, SynapseIndex, UnitKind, one_line, printable};
use crate::numbers::{Rational, Wide, rational_from_f64, rational_to_f64_down, rational_to_f64_up};
use crate::solve::{Distance, Judgement, ScalingFault, ScalingVerdict};

/// The number type in which a result is written, which bounds what rounding alone can do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberType {
    /// Exact numbers: no rounding is excused.
    Exact,
    /// Every weight is a 32-bit float.
    F32,
    /// 64-bit floats.
    F64,
}

/// Rounding errors that a scaled weight is excused, in units in the last place: a product, a quotient, and the rounding
/// of the multiplier itself, twice.
pub const EXCUSED_ULPS: i64 = 4;

impl NumberType {
    fn name(self) -> &'static str {
        match self {
            NumberType::Exact => "exact",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
        }
    }

    /// [`EXCUSED_ULPS`], relative to a weight.
    fn excused(self) -> Rational {
        let unit = match self {
            NumberType::Exact => return Rational::default(),
            NumberType::F32 => 23,
            NumberType::F64 => 52,
        };
        Rational::new(EXCUSED_ULPS.into(), (1i64 << unit).into())
    }
}

/// The answer to "the same function?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameFunction {
    /// A scaling, exactly or within rounding or tolerance.
    Yes,
    /// Proved not to be one.
    No,
    /// No scaling within the tolerance was found, and no proof that there is none.
    Undecided,
}

/// The verdict with its report.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// What to print.
    pub report: Report,
    /// Is the function the same?
    pub same_function: SameFunction,
    /// Is the deficit at most the tolerance?
    pub balanced: bool,
}

impl CheckReport {
    /// Something besides the weights shows that the function is not the same.
    pub fn contradict(&mut self, reason: &str) {
        self.same_function = SameFunction::No;
        let others = self
            .report
            .text
            .lines()
            .filter(|line| !line.starts_with("same function"));
        let rest: String = others.map(|line| format!("{line}\n")).collect();
        self.report.text = format!("same function      NO: {}\n{rest}", one_line(reason));
        if let Value::Object(fields) = &mut self.report.json {
            fields.insert("same_function".into(), false.into());
            fields.insert("scaling".into(), "none".into());
            fields.insert("witness".into(), reason.into());
        }
    }
}

/// Puts a [`Judgement`] into words. `number_type` is that of the file judged, `tolerance` relative.
pub fn check_report(
    before: &Network<Rational>,
    judgement: &Judgement,
    number_type: NumberType,
    tolerance: f64,
) -> CheckReport {
    let (same_function, how) = same_function(judgement, number_type, tolerance);
    let balanced = judgement.deficit <= tolerance;
    let words = Words {
        before,
        judgement,
        number_type,
        same_function,
        how,
        balanced,
        tolerance,
    };
    let report = Report {
        text: words.text(),
        json: words.json(),
    };
    CheckReport {
        report,
        same_function,
        balanced,
    }
}

/// The verdict and the field `scaling`.
fn same_function(
    judgement: &Judgement,
    number_type: NumberType,
    tolerance: f64,
) -> (SameFunction, &'static str) {
    let exact_tolerance = rational_from_f64(tolerance).unwrap_or_default();
    match &judgement.scaling {
        ScalingVerdict::Exact(_) => (SameFunction::Yes, "exact"),
        ScalingVerdict::Near { deviation, .. } if *deviation <= number_type.excused() => {
            (SameFunction::Yes, "within_rounding")
        }
        ScalingVerdict::Near { deviation, .. } if *deviation <= exact_tolerance => {
            (SameFunction::Yes, "within_tolerance")
        }
        ScalingVerdict::Near { .. } if refuted(judgement, &exact_tolerance) => {
            (SameFunction::No, "none")
        }
        ScalingVerdict::Near { .. } => (SameFunction::Undecided, "none_found"),
        ScalingVerdict::Not(_) => (SameFunction::No, "none"),
    }
}

/// Has the kernel verified that no scaling gives every weight up to the tolerance?
fn refuted(judgement: &Judgement, tolerance: &Rational) -> bool {
    let mut proofs = judgement.cycle.iter().chain(&judgement.obstacle);
    proofs.any(|proof| proof.claim().tolerance >= *tolerance)
}

struct Words<'a> {
    before: &'a Network<Rational>,
    judgement: &'a Judgement,
    number_type: NumberType,
    same_function: SameFunction,
    how: &'static str,
    balanced: bool,
    tolerance: f64,
}

/// Synapses named in the text.
const SHOWN: usize = 6;

impl Words<'_> {
    fn synapse(&self, synapse: SynapseIndex) -> Value {
        let (from, to) = self.before.endpoints(synapse);
        json!({"from": self.before.unit(from).id, "to": self.before.unit(to).id})
    }

    fn multipliers(&self, multipliers: &[Rational]) -> Value {
        let units =
            (0..self.before.units()).filter_map(|unit| Some((unit, self.before.variable(unit)?)));
        units
            .map(|(unit, variable)| {
                (
                    self.before.unit(unit).id.clone(),
                    Value::from(multipliers[variable].to_string()),
                )
            })
            .collect()
    }

    fn witness(&self) -> Value {
        match (&self.judgement.scaling, self.same_function) {
            (ScalingVerdict::Exact(verified), _) => {
                json!({"multipliers": self.multipliers(&verified.claim().multipliers)})
            }
            (ScalingVerdict::Near { multipliers, .. }, SameFunction::Yes) => {
                json!({"multipliers": self.multipliers(multipliers)})
            }
            (ScalingVerdict::Not(fault), _) => {
                let (synapse, reason) = fault_words(fault);
                json!({"synapse": self.synapse(synapse), "reason": reason})
            }
            (ScalingVerdict::Near { .. }, _) => {
                let synapses: Vec<Value> = self
                    .judgement
                    .suspects
                    .iter()
                    .map(|s| self.synapse(*s))
                    .collect();
                json!({"synapses": synapses, "cycle": self.cycle()})
            }
        }
    }

    /// The verified cycle that tells most: one through a suspect, or else the one that keeps all scalings farthest away.
    fn verified_cycle(&self) -> Option<(&[(SynapseIndex, Rational)], &Rational)> {
        let proofs = self.judgement.cycle.iter().chain(&self.judgement.obstacle);
        let cycles = proofs.filter_map(|proof| match &proof.claim().obstacle {
            Obstacle::Cycle(terms) => Some((terms.as_slice(), proof.claim().product.as_ref()?)),
            Obstacle::Synapse(_) => None,
        });
        cycles.into_iter().next()
    }

    fn cycle(&self) -> Value {
        let Some((terms, product)) = self.verified_cycle() else {
            return Value::Null;
        };
        let step = |(synapse, coefficient): &(SynapseIndex, Rational)| {
            let mut step = self.synapse(*synapse);
            step["along"] = coefficient.is_positive().into();
            if !coefficient.abs().is_one() {
                step["times"] = coefficient.abs().to_string().into();
            }
            step
        };
        json!({"steps": terms.iter().map(step).collect::<Value>(), "product_of_ratios": product.to_string()})
    }

    /// Is the result a scaling up to a deviation: proved, refuted by the kernel, or neither?
    fn within(&self, tolerance: &Rational) -> Value {
        match &self.judgement.scaling {
            ScalingVerdict::Exact(_) => true.into(),
            ScalingVerdict::Near { deviation, .. } if deviation <= tolerance => true.into(),
            ScalingVerdict::Near { .. } if !refuted(self.judgement, tolerance) => {
                "undecided".into()
            }
            _ => false.into(),
        }
    }

    fn distance(&self) -> (Value, Value) {
        match &self.judgement.distance {
            // Where the optimum is 0 and the weight is not.
            Distance::Certified(f64::INFINITY) => ("infinite".into(), "certified".into()),
            Distance::Certified(distance) => ((*distance).into(), "certified".into()),
            Distance::Estimated(distance, _) => ((*distance).into(), "estimated".into()),
            Distance::NoOptimum | Distance::Undetermined(_) => (Value::Null, Value::Null),
        }
    }

    fn json(&self) -> Value {
        let (distance, bound) = self.distance();
        let same = match self.same_function {
            SameFunction::Yes => Value::Bool(true),
            SameFunction::No => Value::Bool(false),
            SameFunction::Undecided => "undecided".into(),
        };
        let deviation = match &self.judgement.scaling {
            ScalingVerdict::Exact(_) => 0.0.into(),
            ScalingVerdict::Near { deviation, .. } => rational_to_f64_up(deviation).into(),
            ScalingVerdict::Not(_) => Value::Null,
        };
        json!({
            "same_function": same,
            "scaling": self.how,
            "exact_scaling": self.within(&Rational::zero()),
            "within_rounding": self.within(&self.number_type.excused()),
            "vanished": self.judgement.vanished.iter().map(|s| self.synapse(*s)).collect::<Value>(),
            "scaling_deviation": deviation,
            "scaling_deviation_at_least": self.at_least(),
            "rounding_excused": {"type": self.number_type.name(), "units_in_the_last_place": EXCUSED_ULPS},
            "witness": self.witness(),
            "balanced": self.balanced,
            "deficit": self.judgement.deficit,
            "distance_to_optimum": distance,
            "bound": bound,
            "distance_missing": match &self.judgement.distance {
                Distance::NoOptimum => Value::from("the minimum is not attained"),
                Distance::Undetermined(why) => why.as_str().into(),
                _ => Value::Null,
            },
            "tolerance": self.tolerance,
        })
    }

    /// By its function and its deficit.
    fn seems_right(&self) -> bool {
        self.balanced && self.same_function == SameFunction::Yes
    }

    /// What the kernel verified that the nearest scaling deviates by, rounded down.
    fn at_least(&self) -> f64 {
        let proofs = self.judgement.cycle.iter().chain(&self.judgement.obstacle);
        let most = proofs.map(|proof| &proof.claim().tolerance).max();
        most.map_or(0.0, rational_to_f64_down)
    }

    fn names(&self, synapses: &[SynapseIndex]) -> String {
        let biases: Option<Vec<String>> = synapses.iter().map(|s| self.bias_of(*s)).collect();
        match biases {
            Some(units) if units.len() > 1 => format!("the biases of {}", list(&units, SHOWN)),
            _ => list(
                &synapses.iter().map(|s| self.name(*s)).collect::<Vec<_>>(),
                SHOWN,
            ),
        }
    }

    fn name(&self, synapse: SynapseIndex) -> String {
        match self.bias_of(synapse) {
            Some(unit) => format!("the bias of {unit}"),
            None => self.before.synapse_name(synapse),
        }
    }

    /// The target of a synapse from the constant unit.
    fn bias_of(&self, synapse: SynapseIndex) -> Option<String> {
        let (from, to) = self.before.endpoints(synapse);
        let is_bias = self.before.unit(from).kind == UnitKind::Bias;
        is_bias.then(|| printable(&self.before.unit(to).id))
    }

    /// What is wrong with the suspects: they changed where no scaling changes a weight, or not as their units did.
    fn accusation(&self) -> &'static str {
        let suspects = &self.judgement.suspects;
        let fixed = |synapse: &SynapseIndex| self.before.direction(*synapse).is_empty();
        match !suspects.is_empty() && suspects.iter().all(fixed) {
            true => "changed, though no scaling changes them",
            false => "disagree with the other weights of their units",
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let out = &mut text;
        let _ = match (&self.judgement.scaling, self.same_function) {
            (ScalingVerdict::Exact(_), _) => {
                writeln!(out, "same function      yes: an exact scaling, proved")
            }
            (ScalingVerdict::Near { deviation, .. }, SameFunction::Yes) => {
                self.nearly(out, deviation)
            }
            (ScalingVerdict::Not(fault), _) => {
                let (synapse, reason) = fault_words(fault);
                writeln!(
                    out,
                    "same function      NO, it is no scaling: {} {reason}",
                    self.name(synapse)
                )
            }
            (ScalingVerdict::Near { .. }, verdict) => self.not_near(out, verdict),
        };
        if !self.judgement.vanished.is_empty() {
            let _ = writeln!(
                out,
                "                   without {}, which lie on no cycle and change no output, from initial state 0",
                self.names(&self.judgement.vanished)
            );
        }
        let answer = if self.balanced { "yes" } else { "NO" };
        let nothing = match self.before.variables() {
            0 => ", since no unit can be scaled",
            _ => "",
        };
        let _ = writeln!(
            out,
            "balanced           {answer}: deficit {:.3e}{nothing}",
            self.judgement.deficit
        );
        let _ = match &self.judgement.distance {
            Distance::Certified(distance) => {
                writeln!(
                    out,
                    "distance           weights within {} relative of the one optimum, proved{}",
                    up(*distance),
                    match self.seems_right() && *distance > self.tolerance {
                        true => "; not within the tolerance, however small the deficit",
                        false => "",
                    }
                )
            }
            Distance::Estimated(distance, why) => {
                writeln!(
                    out,
                    "distance           about {distance:.3e} relative from the optimum, not proved: {why}"
                )
            }
            Distance::NoOptimum => {
                writeln!(out, "distance           none: the minimum is not attained")
            }
            Distance::Undetermined(why) => writeln!(out, "distance           undecided: {why}"),
        };
        text
    }

    fn nearly(&self, out: &mut String, deviation: &Rational) -> std::fmt::Result {
        let within = match self.how {
            "within_rounding" => format!(
                "within rounding ({EXCUSED_ULPS} units in the last place of {})",
                self.number_type.name()
            ),
            _ => "within the tolerance, though not within rounding".to_owned(),
        };
        writeln!(
            out,
            "same function      yes, {within}: the nearest scaling is {} away, relatively",
            up(rational_to_f64_up(deviation))
        )
    }

    fn not_near(&self, out: &mut String, verdict: SameFunction) -> std::fmt::Result {
        let suspects = &self.judgement.suspects;
        let word = if verdict == SameFunction::No {
            "NO, it is no scaling"
        } else {
            "undecided"
        };
        writeln!(
            out,
            "same function      {word}: {} of {} weights {}: {}",
            suspects.len(),
            self.before.synapses(),
            self.accusation(),
            self.names(suspects)
        )?;
        if let Some((terms, product)) = self.verified_cycle() {
            let steps: Vec<SynapseIndex> = terms.iter().map(|(synapse, _)| *synapse).collect();
            writeln!(
                out,
                "                   around the cycle {} the ratios multiply to {}, not 1",
                self.names(&steps),
                Wide::from(&product.abs())
            )?;
        }
        if let ScalingVerdict::Near { deviation, .. } = &self.judgement.scaling {
            writeln!(
                out,
                "nearest scaling    {} away, relatively; proved: none is nearer than {}",
                up(rational_to_f64_up(deviation)),
                down(self.at_least())
            )?;
        }
        Ok(())
    }
}

fn fault_words(fault: &ScalingFault) -> (SynapseIndex, &'static str) {
    match fault {
        ScalingFault::Zero(synapse) => (*synapse, "is zero on one side only"),
        ScalingFault::Sign(synapse) => (*synapse, "changed its sign"),
    }
}
