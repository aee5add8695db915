//! What the page asks, and what it is told. Each request holds all that it is about: the server remembers nothing of
//! the page.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use synaptic_balance::formats::{
    Architecture, Model, ModelError, read_model, read_network, write_network,
};
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, parse_rational};
use synaptic_balance::report::exploration::{optimum_report, orders_report, walk_state, walk_step};
use synaptic_balance::solve::walk::{random_orders, rounded};
use synaptic_balance::solve::{self, Options, SolveError, Walk, WalkError};

use super::{Start, Subject, layers};
use crate::cli::{BadInput, Failure};

/// Networks that are drawn, each unit and synapse for itself.
const MAX_UNITS: usize = 100;
const MAX_SYNAPSES: usize = 600;
/// Bytes of a perceptron, of which every weight is taken as a rational number.
pub const MAX_PERCEPTRON: u64 = 4 << 20;
/// Random orders at a time, the steps that all may take together, and the passes after which one that does not end is
/// given up.
const MAX_ORDERS: u64 = 12;
const MAX_STEPS: usize = 600_000;
const MAX_PASSES: usize = 2_000;
/// Digits of multipliers in the optimum that are proved.
const DIGITS: u32 = 12;

/// Why there is no answer.
pub enum Refused {
    /// The message names the place.
    BadInput(String),
    /// Nothing is wrong with the question, and yet it was not decided.
    Undecided(String),
    /// No such question.
    NotFound,
}

impl Refused {
    fn bad(fault: impl std::fmt::Display) -> Self {
        Refused::BadInput(fault.to_string())
    }

    fn undecided(fault: impl std::fmt::Display) -> Self {
        Refused::Undecided(fault.to_string())
    }
}

impl From<BadInput> for Refused {
    fn from(fault: BadInput) -> Self {
        Refused::BadInput(fault.0)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Input(fault) => Refused::BadInput(fault.0),
            Failure::Incomplete(message) => Refused::Undecided(message),
        }
    }
}

type Answer = Result<Value, Refused>;

/// A network on its way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question<'a> {
    /// Network JSON, where the way begins.
    #[serde(borrow)]
    network: &'a RawValue,
    /// The multiplier of every variable so far; 1 if there are none.
    multipliers: Option<Vec<String>>,
    regularizer: String,
    /// The unit to balance.
    unit: Option<String>,
    /// How many random orders.
    orders: Option<u64>,
}

impl<'a> Question<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Refused> {
        let text = std::str::from_utf8(body).map_err(Refused::bad)?;
        serde_json::from_str(text).map_err(Refused::bad)
    }

    fn regularizer(&self) -> Result<Regularizer, Refused> {
        self.regularizer.parse().map_err(Refused::bad)
    }

    fn network(&self) -> Result<Network<Rational>, Refused> {
        let read = read_network(self.network.get().as_bytes());
        let network = read.map_err(Refused::bad)?.network;
        match fits(&network) {
            true => Ok(network),
            false => Err(Refused::BadInput(format!(
                "network: {} units and {} synapses, more than are drawn: at most {MAX_UNITS} and {MAX_SYNAPSES}",
                network.units(),
                network.synapses()
            ))),
        }
    }

    fn walk(&self) -> Result<Walk, Refused> {
        let network = self.network()?;
        let one = || Rational::from_integer(1.into());
        let multipliers = match &self.multipliers {
            None => vec![one(); network.variables()],
            Some(given) => {
                let read = given.iter().enumerate().map(|(place, text)| {
                    let read = parse_rational(text);
                    read.map_err(|fault| {
                        Refused::BadInput(format!("multipliers[{place}]: {fault}"))
                    })
                });
                read.collect::<Result<Vec<_>, _>>()?
            }
        };
        Walk::new(network, multipliers)
            .map_err(|fault| Refused::BadInput(format!("multipliers: {fault}")))
    }
}

fn fits(network: &Network<Rational>) -> bool {
    network.units() <= MAX_UNITS && network.synapses() <= MAX_SYNAPSES
}

/// What the program was started with.
pub fn start(start: &Start) -> Answer {
    under(start, &start.regularizer)
}

/// The same under a regularizer that the page chose.
pub fn start_under(start: &Start, body: &[u8]) -> Answer {
    let text = std::str::from_utf8(body).map_err(Refused::bad)?;
    under(start, &text.parse().map_err(Refused::bad)?)
}

fn under(start: &Start, regularizer: &Regularizer) -> Answer {
    let mut answer = match &start.what {
        Subject::First => model_answer(&Subject::first()?, regularizer)?,
        Subject::File(path, perceptron) => {
            model_answer(&Subject::model(path, perceptron)?, regularizer)?
        }
        Subject::Checkpoint(path, family) => layers::checkpoint(path, family, regularizer)?,
    };
    answer["name"] = start.name.clone().into();
    answer["regularizer"] = regularizer.to_string().into();
    Ok(answer)
}

/// What was dropped on the page. Nothing else is read: tensors that an ONNX model keeps in other files are missing.
pub fn dropped(bytes: Vec<u8>, regularizer: Option<&str>, activation: Option<&str>) -> Answer {
    let regularizer = regularizer.unwrap_or("l2").parse().map_err(Refused::bad)?;
    let architecture = activation.map(Architecture::named).transpose();
    let architecture = architecture.map_err(Refused::bad)?;
    if architecture.is_some() && bytes.len() as u64 > MAX_PERCEPTRON {
        return Err(Refused::BadInput(too_large_a_perceptron()));
    }
    let model = match read_model(bytes, architecture.as_ref(), None) {
        Ok(model) => model,
        // The page asks for it then.
        Err(ModelError::NoArchitecture) => return Ok(json!({"kind": "no_activation"})),
        Err(fault) => return Err(Refused::bad(fault)),
    };
    model_answer(&model, &regularizer)
}

/// What is said of a perceptron with more weights than the page takes.
pub fn too_large_a_perceptron() -> String {
    let most = MAX_PERCEPTRON >> 20;
    format!(
        "a perceptron of more than {most} MiB: `synbal explain` and `synbal balance` take it where it lies"
    )
}

fn model_answer(model: &Model, regularizer: &Regularizer) -> Answer {
    match model {
        Model::Onnx(model) => Ok(layers::onnx(model, regularizer)),
        model if fits(model.network()) => {
            Ok(json!({"kind": "network", "document": write_network(model.network())}))
        }
        Model::Perceptron(_) => Ok(layers::perceptron(model, regularizer)),
        Model::Json(file) => Err(Refused::BadInput(format!(
            "{} units and {} synapses, more than are drawn: at most {MAX_UNITS} and {MAX_SYNAPSES}",
            file.network.units(),
            file.network.synapses()
        ))),
    }
}

/// A network as it stands.
pub fn state(body: &[u8]) -> Answer {
    let question = Question::read(body)?;
    let (walk, regularizer) = (question.walk()?, question.regularizer()?);
    walk_state(&walk, &regularizer).map_err(Refused::undecided)
}

/// One unit is balanced.
pub fn step(body: &[u8]) -> Answer {
    let question = Question::read(body)?;
    let (mut walk, regularizer) = (question.walk()?, question.regularizer()?);
    let id = question.unit.as_deref();
    let id = id.ok_or_else(|| Refused::bad("unit: which one is to be balanced"))?;
    let unit = walk.network().find(id);
    let unit = unit.ok_or_else(|| Refused::BadInput(format!("unit: there is no `{id}`")))?;
    let step = walk
        .balance(unit, &regularizer)
        .map_err(|fault| match fault {
            WalkError::OutOfRange(_) => Refused::undecided(fault),
            fault => Refused::bad(fault),
        })?;
    let mut answer = walk_state(&walk, &regularizer).map_err(Refused::undecided)?;
    answer["step"] = walk_step(&step);
    Ok(answer)
}

/// Random orders from where the network stands.
pub fn orders(body: &[u8]) -> Answer {
    let question = Question::read(body)?;
    let (walk, regularizer) = (question.walk()?, question.regularizer()?);
    let count = question.orders.unwrap_or(6);
    if !(1..=MAX_ORDERS).contains(&count) {
        return Err(Refused::BadInput(format!("orders: from 1 to {MAX_ORDERS}")));
    }
    let problem = walk.network().problem(&regularizer);
    let steps_of_a_pass = problem.variables().max(1) * usize::try_from(count).unwrap_or(1);
    let passes = MAX_PASSES.min(MAX_STEPS / steps_of_a_pass);
    let found = random_orders(&problem, &regularizer, count, passes);
    let found = found.map_err(|fault| match fault {
        SolveError::OneSided { variable, side } => {
            let name = walk.network().variable_name(variable);
            Refused::Undecided(format!(
                "unit `{name}` has no {side} cost: there is no optimum"
            ))
        }
        fault => Refused::undecided(fault),
    })?;
    Ok(orders_report(&problem, &regularizer, &found))
}

/// The one optimum, found directly and proved.
pub fn optimum(body: &[u8]) -> Answer {
    let question = Question::read(body)?;
    let (walk, regularizer) = (question.walk()?, question.regularizer()?);
    let network = walk.network();
    let options = Options {
        certify: Some(DIGITS),
        max_passes: MAX_PASSES,
        ..Options::default()
    };
    let found = solve::balance(network, &regularizer, &options, &mut |_, _| {});
    let found = found.map_err(Refused::undecided)?;
    let mut report = optimum_report(&found, &network.problem(&regularizer));
    report["digits"] = DIGITS.into();
    // There the page goes on, in numbers of reasonable length.
    let factors = found.multipliers();
    let there = walk.multipliers().iter().zip(factors);
    let there: Option<Vec<Rational>> = there
        .map(|(own, factor)| rounded(synaptic_balance::numbers::Wide::from(own) * factor))
        .collect();
    let there = there.filter(|there| there.len() == network.variables());
    if let Some(multipliers) = there {
        let start = question.network()?;
        let walk = Walk::new(start, multipliers).map_err(Refused::undecided)?;
        report["state"] = walk_state(&walk, &regularizer).map_err(Refused::undecided)?;
    }
    Ok(report)
}
