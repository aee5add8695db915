//! `synbal check` for ONNX models, over the bytes of their tensors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use synaptic_balance::formats::energy::NamedProblem;
use synaptic_balance::formats::onnx::MAX_WEIGHTS;
use synaptic_balance::formats::{Model, OnnxFile};
use synaptic_balance::numbers::{
    Rational, rational_from_f64, rational_to_f64, rational_to_f64_down,
};
use synaptic_balance::report::{self, InPlaceCheck, NumberType, Reliance, Report, Subject};
use synaptic_balance::solve::blocks::{Blocks, deficit};
use synaptic_balance::solve::changed::{Fault, Followed, Place};
use synaptic_balance::solve::energy::EnergyProof;
use synaptic_balance::solve::general::TermCosts;
use synaptic_balance::solve::{
    Balancing, Distance, Judgement, ScalingFault, ScalingVerdict, is_rounded, largest_step,
    refutations_of_part,
};

use super::Exit;
use super::arguments::CheckArguments;
use super::balance::open;
use super::channels_in_place::RATIONAL;
use super::check_in_place::{LEAST, distance, most_by_rounding, optimum_of_blocks};
use super::terms_in_place::optimum_of_terms;

/// What answers of models rely on.
const RELIED: &[Reliance] = &[
    Reliance::OnnxReader,
    Reliance::OperatorRules,
    Reliance::ExactArithmetic,
    Reliance::Scaling,
    Reliance::Deficit,
];

/// Judges models; `None` for small ones of which something else has to be said than that one is plainly a scaling of
/// the other, and for what cannot be told in place.
pub fn check(arguments: &CheckArguments, before: &Path, after: &Path) -> Option<(Report, Exit)> {
    let open = |path: &Path| match open(path, &arguments.perceptron).ok()? {
        Model::Onnx(model) => Some(*model),
        _ => None,
    };
    let before = open(before).filter(|model| model.weights() >= LEAST)?;
    let before = match arguments.roles.apply(Model::Onnx(Box::new(before))).ok()? {
        Model::Onnx(model) => *model,
        _ => return None,
    };
    let is_large = before.weights() > RATIONAL;
    let whole = open(after)?;
    let after: OnnxFile = match before.aligned(&whole) {
        Ok(after) => after,
        // A perceptron can be written with other operators; exact arithmetic compares them.
        Err(differences)
            if before.weights() > MAX_WEIGHTS || (is_large && before.perceptron().is_none()) =>
        {
            let mut report = report::differences_report(&differences, arguments.tolerance);
            report.state_reliance(&RELIED[..2]);
            return Some((report, Exit::Incomplete));
        }
        Err(_) => return None,
    };
    let question = Question {
        arguments,
        before: &before,
        after: &after,
        number_type: after.number_type(),
        power: arguments.regularizer.variable_power(),
    };
    let found = question.found()?;
    if !(is_large || found.is_plain(&question)) {
        return None;
    }
    let (mut report, verdict) = question.outcome(&found)?;
    report.state_order(&before, &whole);
    report.state_reliance(RELIED);
    Some((report, verdict))
}

struct Question<'a> {
    arguments: &'a CheckArguments,
    before: &'a OnnxFile,
    after: &'a OnnxFile,
    number_type: NumberType,
    power: Rational,
}

/// What is known of the second model.
struct Found {
    followed: Followed,
    /// Weights that it dropped as in the limit of an infimum that is not attained.
    vanished: Vec<Place>,
    deficit: f64,
    distance: Distance,
    /// The largest step between multipliers that are those that balance, rounded to powers of two.
    to_powers_of_two: Option<u64>,
    /// What else does not scale, or does not keep the function.
    astray: Option<String>,
}

impl Found {
    fn is_scaling(&self, question: &Question) -> bool {
        let tolerance = question.arguments.tolerance;
        let allowed = rational_to_f64_down(&question.number_type.allowed(tolerance));
        self.followed.fault.is_none() && self.followed.deviation <= allowed
    }

    fn is_balanced(&self, question: &Question) -> bool {
        let excused = question.number_type.excused_deficit(&question.power);
        self.deficit <= question.arguments.tolerance.max(excused)
    }

    /// Is it a scaling to rounding, and is everything else known?
    fn is_plain(&self, question: &Question) -> bool {
        let excused = rational_to_f64_down(&question.number_type.excused());
        let is_known = match &self.distance {
            Distance::Certified(_) => true,
            // Far from the optimum the bound is coarse.
            Distance::Undetermined(_) => !self.is_balanced(question),
            _ => false,
        };
        is_known
            && self.is_scaling(question)
            && self.followed.deviation <= excused
            && self.followed.lost.is_empty()
            && self.vanished.is_empty()
            && self.astray.is_none()
    }
}

impl Question<'_> {
    fn found(&self) -> Option<Found> {
        let (before, after) = (self.before, self.after);
        let costs = before.blocks(rational_to_f64(&self.power));
        let mut blocks = match before.is_plain() {
            true => Some(costs.problem().ok()?),
            false => None,
        };
        let vanished = self.vanished(blocks.as_mut());
        let out: BTreeSet<Place> = vanished.iter().map(|(place, _)| *place).collect();
        let ends: BTreeSet<[u32; 2]> = vanished.iter().map(|(_, ends)| *ends).collect();
        let tolerance = self.arguments.tolerance;
        let mut followed = before.followed(after, (self.number_type, tolerance), &|own| {
            ends.contains(&own)
        })?;
        let other = after.energy_problem(&self.power).ok()?;
        let deficit = self.deficit(match &blocks {
            Some(_) => after
                .blocks(rational_to_f64(&self.power))
                .problem()
                .ok()?
                .sides(),
            None => TermCosts::new(&other.problem).sides(),
        })?;
        let problem = before.energy_problem(&self.power).ok()?;
        let cleared: Vec<(Place, f64)> = out.iter().map(|place| (*place, 0.0)).collect();
        let cleared = values(before, &problem, &cleared);
        let kernel = with_entries(&problem, &cleared)?;
        let optimum = match &mut blocks {
            Some(blocks) => optimum_of_blocks(blocks, &kernel),
            None => optimum_of_terms(&kernel),
        };
        let lost = values(before, &other, &followed.lost);
        let distance = match &optimum {
            Ok(proof) => {
                let others = with_entries(&other, &lost)?;
                match distance(&kernel, proof, &others, &self.power) {
                    Distance::Certified(distance) => {
                        Distance::Certified(distance.max(followed.unscaled))
                    }
                    open => open,
                }
            }
            Err(distance) => distance.clone(),
        };
        let mut found = Found {
            astray: self.astray(&mut followed, !vanished.is_empty()),
            vanished: out.into_iter().collect(),
            to_powers_of_two: None,
            followed,
            deficit,
            distance,
        };
        if let (Ok(proof), false) = (&optimum, found.is_balanced(self)) {
            found.to_powers_of_two = self.rounded(&found.followed, proof, &kernel.steps());
        }
        Some(found)
    }

    /// The largest deficit of the second model, from its costs on both sides of each variable; in numbers of any
    /// exponent where `f64` does not hold those.
    fn deficit(&self, sides: Vec<(f64, f64)>) -> Option<f64> {
        let least = f64::MIN_POSITIVE * self.after.weights().max(1) as f64;
        let is_finite = sides.iter().all(|(one, other)| (one + other).is_finite());
        let mut sums = sides.iter().flat_map(|(one, other)| [*one, *other]);
        let is_small = sums.any(|sum| sum < least);
        if !is_finite || is_small && self.after.loses_costs(rational_to_f64(&self.power)) {
            let listed = self.after.clone().with_weights().ok()?;
            let problem = listed.network().problem(&self.arguments.regularizer);
            return Some(Balancing::new(&problem).max_deficit());
        }
        let deficits = sides.into_iter().map(|(one, other)| deficit(one, other));
        Some(deficits.fold(0.0, f64::max))
    }

    /// The weights dropped and the nodes that they join, if a verified direction sends all of them to 0; `blocks` are
    /// then without what vanishes.
    fn vanished(&self, blocks: Option<&mut Blocks>) -> Vec<(Place, [u32; 2])> {
        let dropped = self.before.dropped(self.after);
        let (false, Some(blocks)) = (dropped.is_empty(), blocks) else {
            return Vec::new();
        };
        let Ok(Some(cut)) = blocks.cut() else {
            return Vec::new();
        };
        let vanishes =
            |(_, [to, from]): &(Place, [u32; 2])| cut.vanishes(*to as usize, *from as usize);
        if cut.verified().is_none() || !dropped.iter().all(vanishes) {
            return Vec::new();
        }
        let (_, count) = self.before.vanishing(&|to, from| cut.vanishes(to, from), 0);
        if count == dropped.len() {
            blocks.leave_out(cut.levels.iter().map(|level| *level != 0).collect());
        }
        dropped
    }

    /// What beside the weights does not scale, or does not keep the function; a deviation of statistics counts as one
    /// of weights.
    fn astray(&self, followed: &mut Followed, is_limit: bool) -> Option<String> {
        if followed.fault.is_some() {
            return None;
        }
        let broken = self.before.broken_at_zero().filter(|_| is_limit);
        if let Some(operator) = broken {
            return Some(format!(
                "weights became 0, and {operator} compares what they make, or divides by it"
            ));
        }
        let by_unit = self.before.multipliers(&followed.multipliers).ok()?;
        let tolerance = self.arguments.tolerance;
        match self
            .before
            .statistics_follow(self.after, &by_unit, tolerance)
        {
            Ok(deviation) => {
                followed.deviation = followed.deviation.max(deviation);
                None
            }
            Err(place) => Some(format!(
                "{place}, a statistic of a normalisation, does not follow"
            )),
        }
    }

    /// Are the multipliers those that balance, rounded to powers of two? Then the largest of the steps between them,
    /// which are given by variable.
    fn rounded(&self, followed: &Followed, proof: &EnergyProof, steps: &[u64]) -> Option<u64> {
        let exponent = rational_to_f64(&self.power);
        let largest = largest_step(self.before.network(), steps)?;
        let mut all = followed.multipliers.iter().zip(steps).enumerate();
        let is_rounded = followed.fault.is_none()
            && followed.deviation == 0.0
            && all.all(|(variable, (value, step))| {
                let ends = proof.bounds(variable);
                ends.is_some_and(|(lo, hi)| is_rounded(*value, (&lo, &hi), exponent, *step))
            });
        is_rounded.then_some(largest)
    }

    fn outcome(&self, found: &Found) -> Option<(Report, Exit)> {
        let is_balanced = found.is_balanced(self);
        let reach = self
            .arguments
            .tolerance
            .max(most_by_rounding(self.number_type));
        let is_open = match &found.distance {
            Distance::Undetermined(_) => true,
            Distance::Certified(distance) => *distance > reach,
            _ => false,
        };
        let report = match found.is_plain(self) {
            true => self.plain_report(found),
            false => self.full_report(found)?,
        };
        let verdict = match found.is_scaling(self) && found.astray.is_none() {
            false => Exit::Incomplete,
            true if found.to_powers_of_two.is_some() => Exit::Done,
            true if !is_balanced => Exit::False,
            true if is_open => Exit::Incomplete,
            true => Exit::Done,
        };
        Some((report, verdict))
    }

    fn plain_report(&self, found: &Found) -> Report {
        let excused = self.number_type.excused_deficit(&self.power);
        let units = (0..found.followed.multipliers.len()).map(|variable| {
            let unit = self.before.network().unit(variable + 2);
            unit.id.clone()
        });
        report::in_place_check(&InPlaceCheck {
            multipliers: units.zip(found.followed.multipliers.clone()).collect(),
            deviation: found.followed.deviation,
            number_type: self.number_type,
            deficit: found.deficit,
            distance: found.distance.clone(),
            to_powers_of_two: found.to_powers_of_two,
            allowed: self.arguments.tolerance.max(excused),
            tolerance: self.arguments.tolerance,
        })
    }

    /// What is said of a judgement, through the weights that it is about.
    fn full_report(&self, found: &Found) -> Option<Report> {
        let Found {
            followed, vanished, ..
        } = found;
        let regularizer = &self.arguments.regularizer;
        let tolerance = self.arguments.tolerance;
        let is_scaling = found.is_scaling(self);
        let lost = followed.lost.iter().map(|(place, _)| place);
        let places = lost
            .chain(vanished)
            .chain(&followed.suspects)
            .chain(&followed.evidence)
            .chain(&followed.worst);
        let (before, numbers) = self.before.part(&places.copied().collect()).ok()?;
        let (after, _) = self.after.part(&numbers.keys().copied().collect()).ok()?;
        let numbered = |places: &mut dyn Iterator<Item = &Place>| -> Vec<usize> {
            let mut found: Vec<usize> = places.filter_map(|p| numbers.get(p).copied()).collect();
            found.sort_unstable();
            found
        };
        let suspects = numbered(&mut followed.suspects.iter());
        let types = match followed.explains_tiny {
            true => after.synapse_types(),
            false => vec![NumberType::Exact; after.network().synapses()],
        };
        let (cycle, obstacle) = match is_scaling {
            true => (None, None),
            false => refutations_of_part(
                (before.network(), after.network()),
                regularizer,
                tolerance,
                &types,
                &suspects,
            )
            .ok()?,
        };
        let scaling = match followed.fault {
            Some((place, Fault::Zero)) => {
                ScalingVerdict::Not(ScalingFault::Zero(*numbers.get(&place)?))
            }
            Some((place, Fault::Sign)) => {
                ScalingVerdict::Not(ScalingFault::Sign(*numbers.get(&place)?))
            }
            None => ScalingVerdict::Near {
                multipliers: followed
                    .multipliers
                    .iter()
                    .map(|value| rational_from_f64(*value))
                    .collect::<Option<_>>()?,
                deviation: rational_from_f64(followed.deviation)?,
                synapse: followed.worst.map_or(0, |place| numbers[&place]),
            },
        };
        let judgement = Judgement {
            scaling,
            suspects,
            cycle,
            obstacle,
            vanished: numbered(&mut vanished.iter()),
            lost: numbered(&mut followed.lost.iter().map(|(place, _)| place)),
            number_type: self.number_type,
            sought: false,
            witness: None,
            deficit: found.deficit,
            excused_deficit: self.number_type.excused_deficit(&self.power),
            to_powers_of_two: found.to_powers_of_two,
            distance: found.distance.clone(),
        };
        let subject = Subject::new(before.network(), Some(&before));
        let subject = subject.part_of(self.before.synapses(), followed.suspected);
        let mut checked = report::check_report(subject, &judgement, tolerance);
        if let Some(reason) = &found.astray {
            checked.leave_undecided(reason);
        }
        Some(checked.report)
    }
}

/// Other entries for the blocks of a problem of which some weights have other values.
type OtherEntries = BTreeMap<usize, Vec<[u8; 8]>>;

fn values(model: &OnnxFile, problem: &NamedProblem, places: &[(Place, f64)]) -> OtherEntries {
    use synaptic_balance::formats::energy::TermNames;
    let TermNames::Tensors(tensors) = &problem.terms else {
        return BTreeMap::new();
    };
    let mut by_tensor: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
    for ((tensor, entry), value) in places {
        let own = by_tensor.entry(model.tensor(*tensor)).or_default();
        own.push((*entry, *value));
    }
    let blocks = problem.problem.blocks().iter().zip(tensors).enumerate();
    blocks
        .filter_map(|(block, (content, tensor))| {
            let own = by_tensor.get(tensor.as_str())?;
            let entries = synaptic_balance::solve::changed::with_values(&content.entries, own);
            Some((block, entries))
        })
        .collect()
}

fn with_entries<'a>(
    problem: &'a NamedProblem,
    entries: &'a OtherEntries,
) -> Option<NamedProblem<'a>> {
    use synaptic_balance_kernel::{Block, Entries, Problem};
    let own = &problem.problem;
    let blocks = own.blocks().iter().enumerate().map(|(block, content)| {
        let entries = entries.get(&block).map(|all| Entries::F64(all));
        Block {
            entries: entries.unwrap_or(content.entries.clone()),
            ..content.clone()
        }
    });
    let (forms, blocks) = (own.forms().to_vec(), blocks.collect());
    Some(NamedProblem {
        ranges: None,
        units: problem.units.clone(),
        terms: problem.terms.clone(),
        problem: Problem::new(own.variables(), forms, blocks).ok()?,
    })
}
