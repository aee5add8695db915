//! `synbal check`.

use std::path::PathBuf;

use synaptic_balance::formats::Model;
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::report::{self, NumberType, SameFunction};
use synaptic_balance::solve::{self, Distance, JudgeError, Judgement, Reading};

use super::arguments::{CheckArguments, Tied};
use super::{BadInput, Failure, Outcome, Verdict, read};

pub fn check(arguments: &CheckArguments) -> Outcome {
    let file = |path: &Option<PathBuf>| {
        let path = path
            .as_ref()
            .ok_or_else(|| BadInput("two networks are needed".into()))?;
        read(path, arguments.arch.as_deref())
    };
    let (before, after) = (file(&arguments.before)?, file(&arguments.after)?);
    let question = Question {
        regularizer: &arguments.regularizer,
        tolerance: arguments.tolerance,
        tied: arguments.tied,
    };
    question
        .ask(&before, &after)
        .map_err(|failure| match failure {
            Failure::Input(BadInput(fault)) => {
                let path = arguments.after.as_deref().unwrap_or("after".as_ref());
                BadInput::at(path, fault).into()
            }
            incomplete => incomplete,
        })
}

/// What is asked of two networks.
pub struct Question<'a> {
    pub regularizer: &'a Regularizer,
    pub tolerance: f64,
    pub tied: Option<Tied>,
}

impl Question<'_> {
    /// Judges `after`; bad input is a fault of it.
    pub fn ask(&self, before: &Model, after: &Model) -> Outcome {
        let number_type = number_type(after);
        let models = (before, after);
        if let (Model::Onnx(before), Model::Onnx(after)) = models {
            let same = before.same_but_for_weights(after);
            same.map_err(|fault| Failure::Input(BadInput(fault)))?;
        }
        let tied = |file: &Model| Tied::apply(self.tied, file);
        let (before, after) = (tied(before), tied(after));
        let reading = Reading {
            number_type,
            // The units of an ONNX model stand for channels.
            computes: !matches!(models, (Model::Onnx(_), _) | (_, Model::Onnx(_))),
        };
        let judgement = solve::judge_as(&before, &after, self.regularizer, self.tolerance, reading);
        let judgement =
            judgement.map_err(|JudgeError::Structure(fault)| Failure::Input(BadInput(fault)))?;
        let mut checked = report::check_report(&before, &judgement, self.tolerance);
        if let Some(place) = self.astray(models, &before, &judgement) {
            checked.leave_undecided(&format!(
                "{place}, a statistic of a normalisation, does not follow"
            ));
        }
        let open = match judgement.distance {
            Distance::Undetermined(_) => true,
            Distance::Certified(distance) => distance > self.tolerance,
            _ => false,
        };
        let verdict = match (checked.same_function, checked.balanced) {
            (SameFunction::No, _) => Verdict::False,
            (SameFunction::Undecided, _) => Verdict::Incomplete,
            (SameFunction::Yes, false) => Verdict::False,
            (SameFunction::Yes, true) if open => Verdict::Incomplete,
            (SameFunction::Yes, true) => Verdict::Done,
        };
        Ok((checked.report, verdict))
    }
}

impl Question<'_> {
    /// A statistic of a normalisation, which is no weight, that did not scale with its channel.
    fn astray(
        &self,
        models: (&Model, &Model),
        network: &Network<Rational>,
        judgement: &Judgement,
    ) -> Option<String> {
        let (Model::Onnx(before), Model::Onnx(after)) = models else {
            return None;
        };
        let multipliers = judgement.multipliers()?;
        let of = |unit| match network.variable(unit) {
            Some(variable) => multipliers.get(variable).map_or(1.0, rational_to_f64),
            None => 1.0,
        };
        let by_unit: Vec<f64> = (0..network.units()).map(of).collect();
        before.astray(after, &by_unit, self.tolerance)
    }
}

fn number_type(file: &Model) -> NumberType {
    if file.is_exact() {
        return NumberType::Exact;
    }
    let weights = file.network().weights();
    let single = |weight: &Rational| {
        let value = rational_to_f64(weight);
        f64::from(value as f32) == value
    };
    if weights.iter().all(single) {
        NumberType::F32
    } else {
        NumberType::F64
    }
}
