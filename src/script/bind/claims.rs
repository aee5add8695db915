//! Claims that the symbolic engine decides: statements about all weights of an architecture at once.

use rhai::INT;

use crate::network::{self, Network, UnitKind};
use crate::numbers::Rational;
use crate::script::fact::Fact;
use crate::script::library::Library;
use crate::script::limits::{Fault, MAX_POWER, MAX_TERMS, fault};
use crate::script::session::{Session, Shared};
use crate::script::value::{Net, Polynomial};
use crate::symbolic::{
    Activation, AlgebraError, Architecture, ArchitectureError, Claim, Loss, Run, Scaling, Unit,
    statements,
};

/// The most time steps that a network is unrolled for.
const MAX_RUN: INT = 12;

/// The network with letters for its numbers. BiLU units get a letter for their slope, so that a claim covers every
/// region; linear units have slope 1.
fn architecture(network: &Network<Rational>) -> Result<Architecture, Fault> {
    let id = |unit: usize| network.unit(unit).id.as_str();
    let mut units = Vec::with_capacity(network.units());
    for index in 0..network.units() {
        let unit = network.unit(index);
        let kind = match unit.kind {
            UnitKind::Input => Unit::Input,
            UnitKind::Bias => Unit::Bias,
            UnitKind::Hidden => Unit::Hidden(activation(unit)?),
            UnitKind::Output => Unit::Output(activation(unit)?),
            UnitKind::Product => {
                let factors = network.factors(index).iter();
                Unit::Product(factors.map(|factor| id(*factor).to_owned()).collect())
            }
        };
        units.push((id(index), kind));
    }
    let ends = (0..network.synapses()).map(|synapse| network.endpoints(synapse));
    let synapses: Vec<_> = ends.map(|(from, to)| (id(from), id(to))).collect();
    let mut letters = Architecture::new(&units, &synapses).map_err(description)?;
    if !network.has_plain_ties() {
        return tied_by_powers(network, letters);
    }
    for tie in network.ties() {
        let tied: Vec<_> = tie.iter().map(|(unit, _)| id(*unit)).collect();
        letters = letters.tie(&tied).map_err(description)?;
    }
    Ok(letters)
}

/// The same with the multipliers that a network with exponents in its ties has.
fn tied_by_powers(
    network: &Network<Rational>,
    mut letters: Architecture,
) -> Result<Architecture, Fault> {
    for unit in network.units_of(UnitKind::Hidden) {
        if network.variable(unit).is_none() {
            return Err(fault(
                "ties with exponents that leave only 1 are not taken here",
            ));
        }
    }
    for variable in 0..network.variables() {
        let members = network.members(variable).iter();
        let powers = members.map(|unit| {
            let exponent = network.exponent(*unit);
            let power = exponent
                .is_integer()
                .then(|| i32::try_from(exponent.numer()).ok());
            let power = power.flatten();
            let power =
                power.ok_or_else(|| fault("a symbolic tie has exponents that are integers"))?;
            Ok((network.unit(*unit).id.as_str(), power))
        });
        let powers = powers.collect::<Result<Vec<_>, Fault>>()?;
        if powers.len() > 1 {
            letters = letters.tie_powers(&powers).map_err(description)?;
        }
    }
    Ok(letters)
}

fn activation(unit: &network::Unit<Rational>) -> Result<Activation, Fault> {
    match &unit.activation {
        network::Activation::Linear => {
            Ok(Activation::bilu().with_slope(Rational::from_integer(1.into())))
        }
        network::Activation::BiPu { degree, .. } => {
            let degree = degree
                .is_integer()
                .then(|| u32::try_from(degree.numer()).ok())
                .flatten();
            let degree = degree.filter(|degree| *degree <= 8);
            let degree = degree
                .ok_or_else(|| fault("a symbolic BiPU unit has an integer degree from 0 to 8"))?;
            Ok(Activation::bipu(degree))
        }
        network::Activation::Other(name) => Err(fault(format!(
            "unit `{}`: {name} is not a polynomial on any region",
            unit.id
        ))),
        _ => Ok(Activation::bilu()),
    }
}

fn description(error: ArchitectureError) -> Fault {
    fault(error.to_string())
}

/// Charges for the path polynomials of the outputs, and refuses more terms than `limit`. An upper bound.
fn charge_paths(
    network: &Network<Rational>,
    steps: Option<usize>,
    limit: u64,
    session: &Session,
) -> Result<(), Fault> {
    let source = |unit: usize| matches!(network.unit(unit).kind, UnitKind::Input | UnitKind::Bias);
    let start = |unit: usize| u64::from(source(unit) || steps.is_some());
    let mut terms: Vec<u64> = (0..network.units()).map(start).collect();
    let computed = [UnitKind::Hidden, UnitKind::Product].map(|kind| network.units_of(kind).len());
    let rounds = steps.unwrap_or(computed.iter().sum::<usize>() + 1);
    let mut last = 0;
    for _ in 0..rounds {
        let mut next: Vec<u64> = (0..network.units())
            .map(|unit| u64::from(source(unit)))
            .collect();
        for synapse in 0..network.synapses() {
            let (from, to) = network.endpoints(synapse);
            let paths = terms.get(from).copied().unwrap_or(0);
            if let Some(slot) = next.get_mut(to) {
                *slot = slot.saturating_add(paths);
            }
        }
        for (unit, slot) in next.iter_mut().enumerate() {
            let degree = match &network.unit(unit).activation {
                network::Activation::BiPu { degree, .. } => {
                    u32::try_from(degree.numer()).unwrap_or(1)
                }
                _ => 1,
            };
            *slot = slot.saturating_pow(degree).max(u64::from(degree == 0));
        }
        for unit in network.products() {
            let factors = network
                .factors(*unit)
                .iter()
                .filter_map(|factor| next.get(*factor));
            let product = factors.fold(1u64, |product, terms| product.saturating_mul(*terms));
            if let Some(slot) = next.get_mut(*unit) {
                *slot = product;
            }
        }
        let total = next
            .iter()
            .fold(0u64, |total, terms| total.saturating_add(*terms));
        if total > limit {
            return Err(fault(format!(
                "the network's polynomial may have more than {limit} terms"
            )));
        }
        if steps.is_some() {
            session.work.charge(total.saturating_mul(2_000))?;
        }
        last = total;
        terms = next;
    }
    // Without cycles there is one polynomial, whose terms have a letter for each unit on the way.
    let letters = 8 + rounds as u64;
    match steps {
        None => session.work.charge(last.saturating_mul(400 * letters)),
        Some(_) => Ok(()),
    }
}

type Statement = fn(&Architecture, Run) -> Result<Claim, ArchitectureError>;

/// Statements about a network's function: name, claim, and the terms that are affordable.
const ABOUT_FUNCTIONS: [(&str, Statement, u64); 6] = [
    ("invariance", statements::invariance, MAX_TERMS as u64),
    (
        "euler",
        |network, run| statements::euler(network, run, Loss::OutputGradient),
        MAX_TERMS as u64,
    ),
    ("euler_fixed_state", euler_fixed_state, MAX_TERMS as u64),
    (
        "gradient_step",
        |network, run| statements::gradient_step(network, run, Loss::OutputGradient),
        100,
    ),
    (
        "gradient_step_conserves",
        |network, run| statements::gradient_step_conserves(network, run, Loss::OutputGradient),
        100,
    ),
    (
        "stationary_points",
        |network, run| statements::stationary_points(network, run, Loss::OutputGradient),
        MAX_TERMS as u64,
    ),
];

/// The Euler identity with the initial states left out of the incoming terms.
fn euler_fixed_state(network: &Architecture, run: Run) -> Result<Claim, ArchitectureError> {
    let (scaling, run) = match run {
        Run::StepsFromZero(steps) => (Scaling::of(network)?, Run::Steps(steps)),
        run => (Scaling::of(network)?, run),
    };
    let names = network.units().map(|(name, _)| format!("h[{name}]"));
    let scaling = names.fold(scaling, |scaling, state| scaling.without(&state));
    statements::euler_under(network, run, Loss::OutputGradient, &scaling)
}

/// Registers the statements.
pub fn register(library: &mut Library, session: &Shared) {
    for (name, statement, limit) in ABOUT_FUNCTIONS {
        let shared = session.clone();
        library.register_fn(name, move |net: Net| -> Result<Fact, Fault> {
            charge_paths(&net.0, None, limit, &shared)?;
            let claim = statement(&architecture(&net.0)?, Run::Acyclic).map_err(description)?;
            Ok(Fact::symbolic(claim))
        });
        let shared = session.clone();
        library.register_fn(name, move |net: Net, steps: INT| -> Result<Fact, Fault> {
            let count = usize::try_from(steps)
                .ok()
                .filter(|_| (1..=MAX_RUN).contains(&steps));
            let count = count.ok_or_else(|| fault(format!("a run has 1 to {MAX_RUN} steps")))?;
            charge_paths(&net.0, Some(count), limit, &shared)?;
            // Invariance holds from every state, since scaling acts on states too; the other statements need state 0.
            let run = if name == "invariance" {
                Run::Steps(count)
            } else {
                Run::StepsFromZero(count)
            };
            let claim = statement(&architecture(&net.0)?, run).map_err(description)?;
            Ok(Fact::symbolic(claim))
        });
    }
    register_architectures(library, session);
    register_one_unit(library, session);
}

fn register_architectures(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "invariance_without",
        move |net: Net, synapse: &str| -> Result<Fact, Fault> {
            charge_paths(&net.0, None, MAX_TERMS as u64, &shared)?;
            super::networks::synapse(&net.0, synapse)?;
            let letters = architecture(&net.0)?;
            let weight = format!("w[{}]", synapse.replace(' ', ""));
            let scaling = Scaling::of(&letters).map_err(description)?.without(&weight);
            let claim = statements::invariance_under(&letters, Run::Acyclic, &scaling)
                .map_err(description)?;
            Ok(Fact::symbolic(claim))
        },
    );
    let shared = session.clone();
    library.register_fn("scaling_group", move |net: Net| -> Result<Fact, Fault> {
        let synapses = net.0.synapses() as u64;
        let each = synapses.saturating_mul(400).saturating_add(20_000);
        shared.work.charge(synapses.saturating_mul(each))?;
        let claim =
            statements::scalings_form_a_group(&architecture(&net.0)?).map_err(description)?;
        Ok(Fact::symbolic(claim))
    });
    let shared = session.clone();
    library.register_fn(
        "laplacian",
        move |net: Net, power: INT| -> Result<Fact, Fault> {
            let power = i32::try_from(power)
                .ok()
                .filter(|power| power.unsigned_abs() <= MAX_POWER);
            let power = power.ok_or_else(|| fault(format!("a power is at most {MAX_POWER}")))?;
            let (variables, synapses) = (net.0.variables() as u64, net.0.synapses() as u64);
            let entries = variables * (variables + 1) * synapses;
            shared
                .work
                .charge(2_000 * entries * u64::from(power.unsigned_abs().max(1)))?;
            let claim =
                statements::laplacian(&architecture(&net.0)?, power).map_err(description)?;
            Ok(Fact::symbolic(claim))
        },
    );
}

fn of(claim: Result<Claim, AlgebraError>) -> Result<Fact, Fault> {
    claim
        .map(Fact::symbolic)
        .map_err(super::polynomials::algebra)
}

/// Theorem 3.1 in letters `a`, `b` with `A = a²`, `B = b²`, and what is like it.
fn register_one_unit(library: &mut Library, session: &Shared) {
    /// What a short identity is charged.
    const IDENTITY: u64 = 10_000;
    type Constant = fn() -> Result<Fact, Fault>;
    let constants: [(&str, Constant); 5] = [
        ("decrease", || of(statements::decrease())),
        ("minimum", || of(statements::minimum())),
        ("balance_identity", || of(statements::balance())),
        ("counting_self_connections", || {
            Ok(Fact::symbolic(statements::counting_self_connections()))
        }),
        ("lag_of_counting_self_connections", || {
            Ok(Fact::symbolic(
                statements::lag_of_counting_self_connections(),
            ))
        }),
    ];
    for (name, statement) in constants {
        let shared = session.clone();
        library.register_fn(name, move || -> Result<Fact, Fault> {
            shared.work.charge(IDENTITY)?;
            statement()
        });
    }
    let shared = session.clone();
    library.register_fn("decrease_at", move |multiplier: Polynomial| {
        shared.work.charge(IDENTITY)?;
        of(statements::decrease_at(&multiplier.0))
    });
    let shared = session.clone();
    library.register_fn("balance_at", move |multiplier: Polynomial| {
        shared.work.charge(IDENTITY)?;
        of(statements::balance_at(&multiplier.0))
    });
    let shared = session.clone();
    library.register_fn("bipu_balance", move |degree: INT| -> Result<Fact, Fault> {
        let degree = u32::try_from(degree)
            .ok()
            .filter(|degree| *degree <= MAX_POWER);
        let degree = degree.ok_or_else(|| fault("a degree is a small natural number"))?;
        shared.work.charge(IDENTITY * u64::from(degree + 1))?;
        of(statements::bipu_balance(degree))
    });
    let shared = session.clone();
    library.register_fn(
        "tied_closed_form",
        move |layers: INT| -> Result<Fact, Fault> {
            let layers = usize::try_from(layers)
                .ok()
                .filter(|layers| *layers <= MAX_POWER as usize);
            let layers = layers.ok_or_else(|| fault("a small number of layers is needed"))?;
            shared
                .work
                .charge(IDENTITY + 500 * (layers as u64).pow(2))?;
            of(statements::tied_closed_form(layers))
        },
    );
}
