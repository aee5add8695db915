//! `synbal check`.

use std::path::{Path, PathBuf};

use synaptic_balance::formats::{Aligned, MAX_MODEL, Model, align, cached, read_model};
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::report::{self, NumberType, Report, SameFunction, Subject};
use synaptic_balance::solve::{self, Distance, JudgeError, Judgement, Reading};

use super::arguments::{CheckArguments, Tied};
use super::check_in_place::most_by_rounding;
use super::{
    BadInput, Exit, Failure, Reported, check_certificate, check_in_place, in_place, input, read,
};

pub fn check(arguments: &CheckArguments) -> Reported {
    let certificate = arguments.certificate.as_deref();
    let paths = [&arguments.before, &arguments.after].map(|path| path.as_deref());
    let paths: Vec<&Path> = paths.into_iter().flatten().collect();
    if !(certificate.is_some() && check_certificate::is_within_reach(&paths))
        && let Some(outcome) = check_in_place::check(arguments)?
    {
        let mut outcome = outcome?;
        if let Some(path) = certificate {
            check_certificate::write(path, Err(check_certificate::IN_PLACE), &mut outcome)?;
        }
        return Ok(outcome);
    }
    let file = |path: &Option<PathBuf>| {
        let path = path
            .as_ref()
            .ok_or_else(|| BadInput("two networks are needed".into()))?;
        read(path, &arguments.perceptron)
    };
    let is_perceptron = |path: &Option<PathBuf>| {
        let path = path.as_deref();
        path.is_some_and(|path| in_place::is_perceptron(path, &arguments.perceptron))
    };
    // Where one file holds weights only, --arch is about that one.
    let (before, after) = match (
        is_perceptron(&arguments.before),
        is_perceptron(&arguments.after),
    ) {
        (true, false) => (file(&arguments.before)?, alone(&arguments.after)?),
        (false, true) => (alone(&arguments.before)?, file(&arguments.after)?),
        _ => (file(&arguments.before)?, file(&arguments.after)?),
    };
    let before = arguments.roles.apply(before).map_err(|fault| {
        BadInput::at(
            arguments.before.as_deref().unwrap_or("before".as_ref()),
            fault,
        )
    })?;
    if let Some(path) = certificate {
        check_certificate::check_place(path, [&before, &after])?;
    }
    let question = Question {
        regularizer: &arguments.regularizer,
        tolerance: arguments.tolerance,
        tied: arguments.tied,
        certificate,
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

/// A file that says itself what its units compute.
fn alone(path: &Option<PathBuf>) -> Result<Model, BadInput> {
    let path = path.as_deref().unwrap_or("".as_ref());
    let bytes = input(&cached(path), MAX_MODEL)?;
    read_model(bytes, None, path.parent()).map_err(|fault| BadInput::at(path, fault))
}

/// What is asked of two networks.
pub struct Question<'a> {
    pub regularizer: &'a Regularizer,
    pub tolerance: f64,
    pub tied: Option<Tied>,
    /// Where the certificate of what is proved is to be written.
    pub certificate: Option<&'a Path>,
}

impl Question<'_> {
    /// Judges `after`; bad input is a fault of it.
    pub fn ask(&self, before: &Model, after: &Model) -> Reported {
        let number_type = number_type(after);
        let whole = after;
        let aligned = match align(before, after) {
            Ok(aligned) => aligned,
            Err(differences) => {
                let report = report::differences_report(&differences, self.tolerance);
                let mut outcome = (report, Exit::Incomplete);
                self.certify(Err("the networks were not compared"), &mut outcome)?;
                let relied = report::relied_on(&[before, after]);
                outcome.0.state_reliance(&relied);
                return Ok(outcome);
            }
        };
        let after = match &aligned {
            Aligned::After(model) => model,
            _ => after,
        };
        let models = (before, after);
        let tied = |file: &Model| Tied::apply(self.tied, file);
        let (before, after) = match &aligned {
            Aligned::Networks(networks) => Tied::both(self.tied, networks),
            _ => (tied(before), tied(after)),
        };
        let reading = Reading {
            number_type,
            // The units of an ONNX model stand for channels, but where it was read as a perceptron.
            computes: matches!(aligned, Aligned::Networks(_))
                || !matches!(models, (Model::Onnx(_), _) | (_, Model::Onnx(_))),
        };
        let types = match (&aligned, models.1) {
            (Aligned::After(_), Model::Onnx(model)) => model.synapse_types(),
            _ => vec![number_type; after.synapses()],
        };
        let judgement = solve::judge_of_types(
            (&before, &after),
            self.regularizer,
            self.tolerance,
            reading,
            &types,
        );
        let mut judgement =
            judgement.map_err(|JudgeError::Structure(fault)| Failure::Input(BadInput(fault)))?;
        let statistics = self.statistics(models, &before, &judgement);
        judgement.deviates_by(statistics.as_ref().map_or(0.0, |deviation| *deviation));
        let model = match &aligned {
            Aligned::Networks(_) => None,
            _ => models.0.onnx(),
        };
        let subject = Subject::new(&before, model);
        let mut checked = report::check_report(subject, &judgement, self.tolerance);
        // Of weights that are no scaling those are named that stand against it: the nearest one says nothing of
        // statistics.
        let statistics = statistics.err();
        let is_scaling = checked.same_function == SameFunction::Yes;
        if let Some(place) = statistics.filter(|_| is_scaling) {
            checked.leave_undecided(&format!(
                "{place}, a statistic of a normalisation, does not follow"
            ));
        }
        let broken = models.0.onnx().and_then(|model| model.broken_at_zero());
        if let Some(operator) = broken.filter(|_| !judgement.vanished.is_empty()) {
            checked.leave_undecided(&format!(
                "weights became 0, and {operator} compares what they make, or divides by it"
            ));
        }
        let open = match judgement.distance {
            Distance::Undetermined(_) => true,
            Distance::Certified(distance) => {
                distance > self.tolerance.max(most_by_rounding(number_type))
            }
            _ => false,
        };
        let balanced = (checked.balanced, checked.to_powers_of_two);
        let verdict = match (checked.same_function, balanced) {
            (SameFunction::No, _) => Exit::False,
            (SameFunction::Undecided, _) => Exit::Incomplete,
            (SameFunction::Yes, (false, false)) => Exit::False,
            (SameFunction::Yes, (true, _)) if open => Exit::Incomplete,
            (SameFunction::Yes, _) => Exit::Done,
        };
        let mut outcome = (checked.report, verdict);
        if self.certificate.is_some() {
            let alone = tied(models.0);
            let both = [&before, &after];
            let found = check_certificate::text(&alone, both, self.regularizer, &judgement);
            self.certify(found, &mut outcome)?;
        }
        let (mut report, verdict) = outcome;
        if let (Some(before), Some(after)) = (models.0.onnx(), whole.onnx()) {
            report.state_order(before, after);
        }
        let (layers, others) = (models.0.layers(), models.1.layers());
        if layers.is_some() && others.is_some() && layers != others {
            report.state_layers_after(others);
        }
        report.state_layers(layers.or(others));
        let relied = report::relied_on_by_judgement(&[models.0, models.1], checked.same_function);
        report.state_reliance(&relied);
        Ok((report, verdict))
    }
}

impl Question<'_> {
    /// Writes the certificate, if one was asked for.
    fn certify(
        &self,
        found: Result<(String, String), &str>,
        outcome: &mut (Report, Exit),
    ) -> Result<(), BadInput> {
        match self.certificate {
            Some(path) => check_certificate::write(path, found, outcome),
            None => Ok(()),
        }
    }

    /// How far statistics of normalisations, which are no weights, are from scaling with their channels; the first one
    /// that does not.
    fn statistics(
        &self,
        models: (&Model, &Model),
        network: &Network<Rational>,
        judgement: &Judgement,
    ) -> Result<f64, String> {
        let ((Model::Onnx(before), Model::Onnx(after)), Some(multipliers)) =
            (models, judgement.multipliers())
        else {
            return Ok(0.0);
        };
        let of = |unit| {
            let variable = network.variable(unit)?;
            let value = network.unit_multiplier(unit, multipliers.get(variable)?)?;
            Some(rational_to_f64(&value))
        };
        // The units of a model begin with two that stand for what is outside.
        let units = 2..before.network().variables() + 2;
        let free: Vec<f64> = units.map(|unit| of(unit).unwrap_or(1.0)).collect();
        match before.multipliers(&free) {
            Ok(by_unit) => before.statistics_follow(after, &by_unit, self.tolerance),
            Err(_) => Ok(0.0),
        }
    }
}

fn number_type(file: &Model) -> NumberType {
    if file.is_exact() {
        return NumberType::Exact;
    }
    match file {
        Model::Onnx(model) => return model.number_type(),
        _ if file.short_type().is_some() => return file.short_type().unwrap_or(NumberType::F32),
        _ => {}
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
