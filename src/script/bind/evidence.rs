//! Claims that the kernel decides.

use num_traits::{One, Signed, Zero};
use rhai::{Array, Dynamic, INT, ImmutableString, Map};

use super::balancing::{charge_check, charge_solver, direct, problem, regularizer};
use super::by_unit::{by_first_unit, by_unit, by_variable, of_first_units};
use crate::kernel::{Enclosed, Problem, Refusal, Verified, check};
use crate::network::{Inconsistent, Manifold, Network, Regularizer};
use crate::numbers::Rational;
use crate::script::fact::Fact;
use crate::script::library::Library;
use crate::script::limits::{Fault, Length, charge_sum, fault};
use crate::script::network_text::{named_values, summary};
use crate::script::session::{Session, Shared};
use crate::script::value::{Net, exact_list, numbers};
use crate::solve::{Existence, certify, existence};

/// Registers the claims about balance, existence, enclosures and scalings, and the data that facts hold.
pub fn register(library: &mut Library, session: &Shared) {
    // What the engine calls for `fact.name`.
    library.register_fn(
        "index$get$",
        |fact: &mut Fact, name: ImmutableString| -> Result<Dynamic, Fault> {
            let found = fact.data().get(name.as_str()).cloned();
            found.ok_or_else(|| fault(format!("this fact holds no `{name}`")))
        },
    );
    register_balanced(library, session);
    register_existence(library, session);
    register_enclosures(library, session);
    register_scalings(library, session);
}

fn register_balanced(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn("balanced", move |net: Net, text: &str| {
        balanced(&net, text, &Map::new(), &shared)
    });
    let shared = session.clone();
    library.register_fn("balanced", move |net: Net, text: &str, multipliers: Map| {
        balanced(&net, text, &multipliers, &shared)
    });
}

/// Why a claim about no unit proves nothing.
const NOTHING: &str = "the claim says nothing of this network, which has no unit to scale";

/// Equal costs at every unit at the multipliers `μ`, 1 where none is given.
fn balanced(net: &Net, text: &str, multipliers: &Map, session: &Session) -> Result<Fact, Fault> {
    let regularizer = regularizer(text)?;
    let problem = problem(net, &regularizer, session)?;
    let values = by_variable(&net.0, multipliers, &Rational::one())?;
    charge_check(net, &regularizer, &values, session)?;
    let mut claim = format!(
        "input and output cost of every unit are equal under {text} in [{}]",
        summary(&net.0)
    );
    if !multipliers.is_empty() {
        claim.push_str(&format!(" at {}", named_values(&net.0, &values)));
    }
    if net.0.variables() == 0 {
        return Ok(Fact::unproved("kernel, rule `balanced`", claim, NOTHING));
    }
    Ok(match check::balanced(&problem, &values) {
        Ok(evidence) => Fact::verified(&evidence, claim),
        Err(Refusal::Unbalanced(variable, input, output)) => {
            let claim = format!("{claim}; at {}", net.0.variable_name(variable));
            Fact::contradicted("kernel, rule `balanced`", claim, [&input, &output])
        }
        Err(Refusal::Undecided(variable)) => {
            let reason = format!(
                "the costs of {} are irrational",
                net.0.variable_name(variable)
            );
            Fact::unproved("kernel, rule `balanced`", claim, reason)
        }
        Err(refusal) => Fact::refused("kernel, rule `balanced`", claim, refusal.to_string()),
    })
}

fn register_existence(library: &mut Library, session: &Shared) {
    for (name, positive) in [("attained", true), ("not_attained", false)] {
        let shared = session.clone();
        library.register_fn(name, move |net: Net, text: &str| {
            decide_existence(&net, text, positive, &shared)
        });
    }
    let shared = session.clone();
    library.register_fn(
        "attained",
        move |net: Net, text: &str, flow: Array| -> Result<Fact, Fault> {
            let problem = problem(&net, &regularizer(text)?, &shared)?;
            let flow = exact_list(&Dynamic::from(flow))?;
            charge_sum(&flow, &shared.work)?;
            let claim = existence_claims(&net, text)[1].clone();
            Ok(match check::attained(&problem, &flow) {
                Ok(evidence) => Fact::verified(&evidence, claim),
                Err(refusal) => {
                    Fact::refused("kernel, rule `attained`", claim, refusal.to_string())
                }
            })
        },
    );
    let shared = session.clone();
    library.register_fn(
        "not_attained",
        move |net: Net, text: &str, direction: Map| -> Result<Fact, Fault> {
            let problem = problem(&net, &regularizer(text)?, &shared)?;
            let direction = by_first_unit(&net.0, &direction, &Rational::zero())?;
            charge_check(&net, &Regularizer::l1(), &direction, &shared)?;
            let claim = existence_claims(&net, text)[0].clone();
            Ok(match check::not_attained(&problem, &direction) {
                Ok(evidence) => {
                    let data = vanishing(&net.0, &claimed(&evidence, &problem)?.vanishing);
                    Fact::verified(&evidence, claim).with(data)
                }
                Err(refusal) => {
                    Fact::refused("kernel, rule `not_attained`", claim, refusal.to_string())
                }
            })
        },
    );
}

/// What was verified of this problem; of another, it would be a defect.
fn claimed<'a, T>(evidence: &'a Verified<T>, problem: &Problem) -> Result<&'a T, Fault> {
    let claim = evidence.claim_about(problem);
    claim.ok_or_else(|| fault("the evidence is about another problem"))
}

fn vanishing(network: &Network<Rational>, synapses: &[usize]) -> Map {
    let names = synapses
        .iter()
        .map(|synapse| Dynamic::from(network.synapse_name(*synapse)));
    Map::from([("vanishing".into(), Dynamic::from_array(names.collect()))])
}

/// That the infimum is not attained, and that it is.
fn existence_claims(net: &Net, text: &str) -> [String; 2] {
    let of = format!("{text} over the scalings of [{}]", summary(&net.0));
    [
        format!("the infimum of {of} is not attained"),
        format!("the minimum of {of} is attained"),
    ]
}

/// Lets the solvers look for a witness of one case or the other; the kernel has verified what they return.
fn decide_existence(
    net: &Net,
    text: &str,
    positive: bool,
    session: &Session,
) -> Result<Fact, Fault> {
    charge_solver(&net.0, session)?;
    let problem = problem(net, &regularizer(text)?, session)?;
    let claims = existence_claims(net, text);
    let [claim, opposite] = [
        claims[usize::from(positive)].clone(),
        claims[usize::from(!positive)].clone(),
    ];
    let found = match existence(&problem) {
        Ok(found) => found,
        Err(error) => return Ok(Fact::unproved("linear programs", claim, error.to_string())),
    };
    Ok(match &found {
        Existence::Attained(evidence) => {
            let flow = numbers(
                claimed(evidence, &problem)?.circulation.clone(),
                &session.work,
            )?;
            let data = Map::from([("circulation".into(), flow)]);
            let fact = match positive {
                true => Fact::verified(evidence, claim),
                false => Fact::refuted(evidence, claim, opposite),
            };
            fact.with(data)
        }
        Existence::NotAttained(evidence) => {
            let claimed = claimed(evidence, &problem)?;
            let mut data = vanishing(&net.0, &claimed.vanishing);
            let direction = of_first_units(&net.0, &claimed.direction, session)?;
            data.insert("direction".into(), Dynamic::from(direction));
            let fact = match positive {
                true => Fact::refuted(evidence, claim, opposite),
                false => Fact::verified(evidence, claim),
            };
            fact.with(data)
        }
    })
}

fn register_enclosures(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "certify",
        move |net: Net, text: &str, digits: INT| -> Result<Fact, Fault> {
            charge_solver(&net.0, &shared)?;
            let problem = problem(&net, &regularizer(text)?, &shared)?;
            let digits = u32::try_from(digits).ok().filter(|digits| *digits <= 100);
            let digits =
                digits.ok_or_else(|| fault("between 1 and 100 digits can be certified"))?;
            let terms = regularizer(text)?.terms();
            let roots = !terms.iter().all(|(_, power)| power.is_integer());
            let each = if roots { 3_200 } else { 400 };
            let synapses = 1 + net.0.synapses() as u64;
            shared.work.charge(u64::from(digits) * each * synapses)?;
            let claim = format!(
                "every balanced multiplier of [{}] under {text} is enclosed to {digits} digits",
                summary(&net.0)
            );
            if net.0.variables() == 0 {
                return Ok(Fact::unproved("kernel, rule `enclosure`", claim, NOTHING));
            }
            match certify(&problem, &direct(&problem)?, digits) {
                Ok(evidence) => {
                    let data = bounds(&net, claimed(&evidence, &problem)?, &shared)?;
                    Ok(Fact::verified(&evidence, claim).with(data))
                }
                Err(error) => Ok(Fact::unproved(
                    "kernel, rule `enclosure`",
                    claim,
                    error.to_string(),
                )),
            }
        },
    );
    let shared = session.clone();
    library.register_fn(
        "enclosure",
        move |net: Net, text: &str, lower: Map, upper: Map| -> Result<Fact, Fault> {
            let problem = problem(&net, &regularizer(text)?, &shared)?;
            let one = Rational::one();
            let (lower, upper) = (
                by_first_unit(&net.0, &lower, &one)?,
                by_first_unit(&net.0, &upper, &one)?,
            );
            let claim = format!(
                "the balanced multipliers of [{}] under {text} lie between {} and {}",
                summary(&net.0),
                named_values(&net.0, &lower),
                named_values(&net.0, &upper)
            );
            if net.0.variables() == 0 {
                return Ok(Fact::unproved("kernel, rule `enclosure`", claim, NOTHING));
            }
            for bounds in [&lower, &upper] {
                charge_check(&net, &regularizer(text)?, bounds, &shared)?;
            }
            Ok(match check::enclosure(&problem, &lower, &upper) {
                Ok(evidence) => {
                    let data = bounds(&net, claimed(&evidence, &problem)?, &shared)?;
                    Fact::verified(&evidence, claim).with(data)
                }
                Err(refusal) => {
                    Fact::refused("kernel, rule `enclosure`", claim, refusal.to_string())
                }
            })
        },
    );
}

fn bounds(net: &Net, enclosed: &Enclosed, session: &Session) -> Result<Map, Fault> {
    let map = |values| Ok::<_, Fault>(Dynamic::from(of_first_units(&net.0, values, session)?));
    Ok(Map::from([
        ("lower".into(), map(&enclosed.lower)?),
        ("upper".into(), map(&enclosed.upper)?),
    ]))
}

fn register_scalings(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn(
        "scaling",
        move |before: Net, after: Net| -> Result<Fact, Fault> {
            same_architecture(&before, &after)?;
            charge_ratios(&before, &after, &shared)?;
            match foreign_scaling(&before.0, &after.0)? {
                Ok(multipliers) => scaling(&before, &after, &multipliers, &shared),
                Err(fact) => Ok(fact),
            }
        },
    );
    let shared = session.clone();
    library.register_fn(
        "scaling",
        move |before: Net, after: Net, multipliers: Map| -> Result<Fact, Fault> {
            same_architecture(&before, &after)?;
            let multipliers = by_variable(&before.0, &multipliers, &Rational::one())?;
            scaling(&before, &after, &multipliers, &shared)
        },
    );
}

/// The kernel compares weights by their place, so both networks must be the same but for them.
fn same_architecture(before: &Net, after: &Net) -> Result<(), Fault> {
    let same = before.0.same_architecture(&after.0);
    same.map_err(|difference| {
        fault(format!(
            "the networks differ in more than weights: {difference}"
        ))
    })
}

/// What is claimed of two networks.
fn scaling_claim(before: &Network<Rational>, after: &Network<Rational>) -> String {
    format!("[{}] is a scaling of [{}]", summary(after), summary(before))
}

/// Charges for following the ratios of weights along the paths of a network: each multiplier is a product of at most as
/// many ratios as there are units to scale.
fn charge_ratios(before: &Net, after: &Net, session: &Session) -> Result<(), Fault> {
    let mut longest = Length::default();
    for weight in before.0.weights().iter().chain(&after.0.weights()) {
        longest = longest.longer(Length::of(weight));
    }
    let ratio = Length {
        above: longest.max(),
        below: longest.max(),
    };
    let multiplier = ratio.power(2 * before.0.variables().min(64) as u64);
    let work = multiplier.operation(multiplier);
    let synapses = before.0.synapses() as u64;
    session.work.charge(synapses.saturating_mul(400 + work))
}

/// The multipliers that a scaling must have, or what shows that there is none.
fn foreign_scaling(
    before: &Network<Rational>,
    after: &Network<Rational>,
) -> Result<Result<Vec<Rational>, Fact>, Fault> {
    let exact = "exact comparison";
    let mut ratios = Vec::with_capacity(before.synapses());
    for synapse in 0..before.synapses() {
        let (old, new) = (before.weight(synapse), after.weight(synapse));
        let sign = |weight: &Rational| weight.signum();
        if sign(old) != sign(new) {
            let claim = format!(
                "{}; sign of {}",
                scaling_claim(before, after),
                before.synapse_name(synapse)
            );
            return Ok(Err(Fact::contradicted(
                exact,
                claim,
                [&sign(old), &sign(new)],
            )));
        }
        ratios.push((!old.is_zero()).then(|| new / old));
    }
    Ok(match Manifold::of(before).multipliers(&ratios) {
        Ok(multipliers) => Ok(multipliers),
        Err(Inconsistent::Synapse {
            synapse,
            found,
            expected,
        }) => {
            let name = before.synapse_name(synapse);
            let claim = format!(
                "{}; ratio of {name} and what the others force",
                scaling_claim(before, after)
            );
            Err(Fact::contradicted(exact, claim, [&found, &expected]))
        }
        Err(error) => Err(Fact::unproved(
            exact,
            scaling_claim(before, after),
            error.to_string(),
        )),
    })
}

fn scaling(
    before: &Net,
    after: &Net,
    multipliers: &[Rational],
    session: &Session,
) -> Result<Fact, Fault> {
    let problem = problem(before, &Regularizer::l1(), session)?;
    charge_check(before, &Regularizer::l1(), multipliers, session)?;
    let verified = check::scaling(
        &problem,
        &before.0.weights(),
        &after.0.weights(),
        multipliers,
    );
    let how = "kernel, rule `scaling`";
    let claim = scaling_claim(&before.0, &after.0);
    Ok(match verified {
        Ok(evidence) => {
            let found = by_unit(&before.0, &evidence.data().multipliers, session)?;
            let data = Map::from([("multipliers".into(), Dynamic::from(found))]);
            let by = named_values(&before.0, &evidence.data().multipliers);
            Fact::verified(&evidence, format!("{claim}, by {by}")).with(data)
        }
        Err(Refusal::Weight(synapse, found, expected)) => {
            let claim = format!(
                "{claim}, by {}; weight of {}",
                named_values(&before.0, multipliers),
                before.0.synapse_name(synapse)
            );
            Fact::contradicted(how, claim, [&found, &expected])
        }
        Err(refusal) => Fact::refused(how, claim, refusal.to_string()),
    })
}
