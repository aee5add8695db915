//! The report on another implementation's result.

use num_traits::{One, Signed, Zero};
use serde_json::{Value, json};
use std::fmt::Write;

use super::balanced::{Balanced, balance_of, units};
use super::distance::{DistanceFields, distance_line};
use super::{Report, Subject, down, list, up, witness};
use crate::formats::OnnxFile;
use crate::kernel::Obstacle;
use crate::network::{SynapseIndex, UnitKind, one_line, printable};
use crate::numbers::{Rational, Wide, rational_from_f64, rational_to_f64_down, rational_to_f64_up};
use crate::solve::{Judgement, NumberType, ScalingFault, ScalingVerdict};

/// The answer to "the same function?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameFunction {
    /// A scaling: exactly, which is proved, or up to rounding or the tolerance.
    Yes,
    /// There is an input on which the outputs differ, beyond rounding.
    No,
    /// No scaling of the known manifold, which does not prove that the function differs.
    Undecided,
}

/// The verdict with its report.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// What to print.
    pub report: Report,
    /// Is the function the same?
    pub same_function: SameFunction,
    /// Is the deficit at most the tolerance, or, for weights of 16 bits, what rounding can leave?
    pub balanced: bool,
    /// If not: is every multiplier a power of two within a factor `√2` of that which balances, or the nearest
    /// that changes every weight by a power of two?
    pub to_powers_of_two: bool,
}

impl CheckReport {
    /// Something besides the weights does not scale, so that the result is none of the scalings that are known.
    pub fn leave_undecided(&mut self, obstacle: &str) {
        self.same_function = SameFunction::Undecided;
        let others = self
            .report
            .text
            .lines()
            .filter(|line| !line.starts_with("same function"));
        let rest: String = others.map(|line| format!("{line}\n")).collect();
        self.report.text = format!(
            "same function      undecided: {OUTSIDE}: {}\n{rest}",
            one_line(obstacle)
        );
        if let Value::Object(fields) = &mut self.report.json {
            fields.insert("same_function".into(), "undecided".into());
            fields.insert("known_scaling".into(), false.into());
            fields.insert("scaling".into(), "none".into());
            fields.insert("exact_scaling".into(), false.into());
            fields.insert("within_rounding".into(), false.into());
            fields.insert("witness".into(), json!({"reason": obstacle}));
        }
    }
}

/// What is said of a model that cannot be evaluated here.
const OUTSIDE: &str = "outside the manifold that the rules know";

impl Report {
    /// Says that a model has its outputs in another order than the one before; nothing where it has not.
    pub fn state_order(&mut self, before: &OnnxFile, after: &OnnxFile) {
        let Some(names) = before.reordered(after) else {
            return;
        };
        let shown: Vec<String> = names.iter().map(|name| printable(name)).collect();
        let shown = list(&shown, SHOWN);
        self.text.push_str(&format!(
            "note               the outputs stand in another order after: {shown}; they are compared by name\n"
        ));
        if let Value::Object(fields) = &mut self.json {
            fields.insert("outputs_reordered".into(), json!(names));
        }
    }
}

/// Puts a [`Judgement`] into words; `tolerance` is relative.
pub fn check_report<'a>(
    before: impl Into<Subject<'a>>,
    judgement: &'a Judgement,
    tolerance: f64,
) -> CheckReport {
    let number_type = judgement.number_type;
    let (same_function, how) = same_function(judgement, tolerance);
    let allowed = tolerance.max(judgement.excused_deficit);
    let balanced = balance_of(judgement.deficit <= allowed, judgement.to_powers_of_two);
    let words = Words {
        before: before.into(),
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
        balanced: balanced == Balanced::Yes,
        to_powers_of_two: matches!(balanced, Balanced::ToPowersOfTwo(_)),
    }
}

/// The verdict and the field `scaling`.
fn same_function(judgement: &Judgement, tolerance: f64) -> (SameFunction, &'static str) {
    let exact_tolerance = rational_from_f64(tolerance).unwrap_or_default();
    let otherwise = match judgement.witness {
        Some(_) => SameFunction::No,
        None => SameFunction::Undecided,
    };
    match &judgement.scaling {
        ScalingVerdict::Exact(_) if judgement.lost.is_empty() => (SameFunction::Yes, "exact"),
        ScalingVerdict::Exact(_) => (SameFunction::Yes, "within_rounding"),
        ScalingVerdict::Near { deviation, .. } if *deviation <= judgement.number_type.excused() => {
            (SameFunction::Yes, "within_rounding")
        }
        ScalingVerdict::Near { deviation, .. }
            if *deviation <= judgement.number_type.allowed(tolerance) =>
        {
            (SameFunction::Yes, "within_tolerance")
        }
        ScalingVerdict::Near { .. } if !refuted(judgement, &exact_tolerance) => {
            (otherwise, "none_found")
        }
        ScalingVerdict::Near { .. } | ScalingVerdict::Not(_) => (otherwise, "none"),
    }
}

/// Has the kernel verified that no scaling gives every weight up to the tolerance?
fn refuted(judgement: &Judgement, tolerance: &Rational) -> bool {
    let mut proofs = judgement.cycle.iter().chain(&judgement.obstacle);
    proofs.any(|proof| proof.data().tolerance >= *tolerance)
}

struct Words<'a> {
    before: Subject<'a>,
    judgement: &'a Judgement,
    number_type: NumberType,
    same_function: SameFunction,
    how: &'static str,
    balanced: Balanced,
    tolerance: f64,
}

/// Synapses named in the text.
const SHOWN: usize = 6;

impl Words<'_> {
    fn multipliers(&self, multipliers: &[Rational]) -> Value {
        let units =
            (0..self.before.units()).filter_map(|unit| Some((unit, self.before.variable(unit)?)));
        units
            .map(|(unit, variable)| {
                let value = self.before.unit_multiplier(unit, &multipliers[variable]);
                let value = value.map(|value| value.to_string());
                (self.before.unit(unit).id.clone(), Value::from(value))
            })
            .collect()
    }

    /// The multipliers; or what breaks the scaling, and the inputs on which the outputs differ.
    fn witness(&self) -> Value {
        let mut witness = self.obstacle();
        if let (Some(found), Value::Object(fields)) = (&self.judgement.witness, &mut witness) {
            fields.extend(witness::fields(&self.before, found));
        }
        witness
    }

    fn obstacle(&self) -> Value {
        match (&self.judgement.scaling, self.same_function) {
            (ScalingVerdict::Exact(verified), _) => {
                json!({"multipliers": self.multipliers(&verified.data().multipliers)})
            }
            (ScalingVerdict::Near { multipliers, .. }, SameFunction::Yes) => {
                json!({"multipliers": self.multipliers(multipliers)})
            }
            (ScalingVerdict::Not(fault), _) => {
                let (synapse, reason) = fault_words(fault);
                json!({"synapse": self.before.synapse(synapse), "reason": reason})
            }
            (ScalingVerdict::Near { .. }, _) => {
                let synapses: Vec<Value> = self
                    .judgement
                    .suspects
                    .iter()
                    .map(|s| self.before.synapse(*s))
                    .collect();
                let (_, count) = self.before.counts(synapses.len());
                json!({"synapses": synapses, "suspected": count, "cycle": self.cycle()})
            }
        }
    }

    /// The verified cycle that tells most: one through a suspect, or else the one that keeps all scalings farthest
    /// away.
    fn verified_cycle(&self) -> Option<(&[(SynapseIndex, Rational)], &Rational)> {
        let proofs = self.judgement.cycle.iter().chain(&self.judgement.obstacle);
        let cycles = proofs.filter_map(|proof| match &proof.data().obstacle {
            Obstacle::Cycle(terms) => Some((terms.as_slice(), proof.data().product.as_ref()?)),
            Obstacle::Synapse(_) => None,
        });
        cycles.into_iter().next()
    }

    fn cycle(&self) -> Value {
        let Some((terms, product)) = self.verified_cycle() else {
            return Value::Null;
        };
        let step = |(synapse, coefficient): &(SynapseIndex, Rational)| {
            let mut step = self.before.synapse(*synapse);
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

    fn json(&self) -> Value {
        let distance = DistanceFields::of(&self.judgement.distance);
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
            "known_scaling": self.is_known_scaling(),
            "scaling": self.how,
            "exact_scaling": match self.judgement.lost.is_empty() {
                true => self.within(&Rational::zero()),
                false => false.into(),
            },
            "within_rounding": self.within(&self.number_type.excused()),
            "vanished": self.judgement.vanished.iter().map(|s| self.before.synapse(*s)).collect::<Value>(),
            "lost": self.judgement.lost.iter().map(|s| self.before.synapse(*s)).collect::<Value>(),
            "scaling_deviation": deviation,
            "scaling_deviation_at_least": self.at_least(),
            "rounding_excused": {"type": self.number_type.name(), "units_in_the_last_place": self.number_type.excused_ulps()},
            "witness": self.witness(),
            "balanced": self.balanced.json(),
            "deficit": self.judgement.deficit,
            "distance_to_optimum": distance.to_optimum,
            "bound": distance.bound,
            "distance_missing": distance.missing,
            "tolerance": self.tolerance,
        })
    }

    /// Is it a scaling, exactly or to rounding? One without the synapses that vanish in a limit is none.
    fn is_known_scaling(&self) -> bool {
        let scaling = matches!(self.how, "exact" | "within_rounding");
        scaling && self.judgement.vanished.is_empty()
    }

    /// By its function and its deficit.
    fn seems_right(&self) -> bool {
        self.balanced == Balanced::Yes && self.same_function == SameFunction::Yes
    }

    /// What the kernel verified that the nearest scaling deviates by, rounded down.
    fn at_least(&self) -> f64 {
        let proofs = self.judgement.cycle.iter().chain(&self.judgement.obstacle);
        let most = proofs.map(|proof| &proof.data().tolerance).max();
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
            None => self.before.name(synapse),
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
        let _ = self.function(out);
        let answer = self.balanced.words();
        let nothing = match self.before.variables() {
            0 => ", since no unit can be scaled",
            _ => "",
        };
        let _ = writeln!(
            out,
            "balanced           {answer}: deficit {:.3e}{nothing}",
            self.judgement.deficit
        );
        let others = match self.judgement.lost.is_empty() {
            true => "",
            false => " but for those lost in writing",
        };
        let limit = match self.judgement.vanished.is_empty() {
            true => "",
            false => " in the limit",
        };
        let is_far = |distance| self.seems_right() && distance > self.tolerance;
        text += &distance_line(&self.judgement.distance, [others, limit], &is_far);
        text
    }

    /// The lines about the function.
    fn function(&self, out: &mut String) -> std::fmt::Result {
        let vanished = &self.judgement.vanished;
        match (&self.judgement.scaling, self.same_function) {
            (ScalingVerdict::Exact(_), SameFunction::Yes) if self.how == "exact" => {
                let what = match vanished.is_empty() {
                    true => "an exact scaling, proved",
                    false => "in the limit, an exact scaling of what is left",
                };
                writeln!(out, "same function      yes: {what}")?;
            }
            (ScalingVerdict::Exact(_), _) => self.nearly(out, &Rational::zero())?,
            (ScalingVerdict::Near { deviation, .. }, SameFunction::Yes) => {
                self.nearly(out, deviation)?;
            }
            (scaling, _) => {
                if let Some(witness) = &self.judgement.witness {
                    let difference = witness::words(&self.before, witness);
                    writeln!(out, "same function      NO: {difference}")?;
                }
                match scaling {
                    ScalingVerdict::Not(fault) => {
                        let (synapse, reason) = fault_words(fault);
                        writeln!(out, "{}: {} {reason}", self.headline(), self.name(synapse))?;
                    }
                    _ => self.not_near(out)?,
                }
            }
        }
        if !self.judgement.lost.is_empty() {
            let names = self.names(&self.judgement.lost);
            writeln!(
                out,
                "                   lost in writing: {names}, whose scaled values round, as they are held, to what stands there"
            )?;
        }
        if !vanished.is_empty() {
            let names = self.names(vanished);
            let which = match vanished.len() {
                1 => "which lies on no cycle and changes",
                _ => "which lie on no cycle and change",
            };
            writeln!(
                out,
                "                   without {names}, {which} no output, from initial state 0"
            )?;
        }
        Ok(())
    }

    /// How the line begins that says what is no scaling.
    fn headline(&self) -> String {
        match (self.same_function, self.judgement.sought) {
            (SameFunction::No, _) => "known scaling      none".to_owned(),
            (_, true) => "same function      undecided: no input was found on which outputs differ, and no scaling is known".to_owned(),
            (_, false) => format!("same function      undecided: {OUTSIDE}"),
        }
    }

    fn nearly(&self, out: &mut String, deviation: &Rational) -> std::fmt::Result {
        let within = match self.how {
            "within_rounding" => format!(
                "to rounding ({} in the last place of {})",
                units(self.number_type),
                self.number_type.name()
            ),
            _ if refuted(self.judgement, &self.number_type.excused()) => {
                "within the tolerance, though not within rounding".to_owned()
            }
            _ => "within the tolerance, whether or not within rounding".to_owned(),
        };
        // Others may be nearer where weights scale with several multipliers.
        let one = match self.before.has_nearest() {
            true => "the nearest scaling",
            false => "a scaling",
        };
        let limit = match self.judgement.vanished.is_empty() {
            true => one.to_owned(),
            false => format!("in the limit, {one} of what is left"),
        };
        writeln!(
            out,
            "same function      yes, {within}: {limit} is {} away, relatively",
            up(rational_to_f64_up(deviation))
        )
    }

    fn not_near(&self, out: &mut String) -> std::fmt::Result {
        let suspects = &self.judgement.suspects;
        let (weights, suspected) = self.before.counts(suspects.len());
        let others = match suspected - suspects.len() {
            0 => String::new(),
            others => format!(", and {others} others"),
        };
        writeln!(
            out,
            "{}: {suspected} of {weights} weights {}: {}{others}",
            self.headline(),
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
            let proved = match self.at_least() {
                0.0 => "that none is nearer is not proved".to_owned(),
                bound => format!("proved: none is nearer than {}", down(bound)),
            };
            writeln!(
                out,
                "nearest scaling    {} away, relatively; {proved}",
                up(rational_to_f64_up(deviation))
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
