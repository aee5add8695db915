//! The arms of a plan: tried with every step size, then run for the results. Each arm of each seed is kept as soon as
//! it is finished.

use indexmap::IndexMap;

use super::super::jobs::{Finished, run_each};
use super::super::{
    ExperimentError, Parameters, Progress, Run, SeedResult, Series, rounded, rounded_series,
};
use super::plan::{Arm, Plan};
use super::training::{Material, Measured, outcome};
use super::{TUNING_SEEDS, TuningResult, choice, in_words};
use crate::learn::{DataSet, Part};

/// Images in a batch, and how many times as many epochs, where there are few images.
const FEW: (usize, usize) = (20, 2);

/// A plan with the images that it is carried out on.
struct Study<'a> {
    plan: &'a Plan,
    parameters: &'a Parameters,
    /// Rows and columns of an image.
    shape: (usize, usize),
    all: Part,
    /// One in a hundred, at least one of each class.
    few: Part,
    validation: Part,
    test: &'a Part,
}

impl<'a> Study<'a> {
    fn new(plan: &'a Plan, data: &'a DataSet, parameters: &'a Parameters) -> Self {
        let (all, validation) = data.training.split(plan.validation);
        let count = (parameters.training_images / 100).max(data.count);
        Study {
            plan,
            parameters,
            shape: (data.rows, data.columns),
            few: all.with_fewer(count),
            all,
            validation,
            test: &data.test,
        }
    }

    fn material(&self, few: bool, seed: u64) -> Material<'_> {
        let Parameters { batch, epochs, .. } = *self.parameters;
        let (training, batch, epochs) = match few {
            true => (&self.few, FEW.0, epochs.saturating_mul(FEW.1)),
            false => (&self.all, batch, epochs),
        };
        Material {
            training,
            shape: self.shape,
            batch,
            epochs,
            seed,
        }
    }

    /// An arm at every step size: its losses.
    fn tried(
        &self,
        arm: &Arm,
        seed: u64,
        progress: Progress,
    ) -> Result<IndexMap<String, Vec<Option<f64>>>, ExperimentError> {
        let material = self.material(self.plan.two_sizes, seed);
        let names = match self.plan.two_sizes {
            true => &["validation loss"][..],
            false => &["validation loss", "test loss"],
        };
        let parts = [&self.validation, self.test];
        let measured = Measured {
            losses: &parts[..names.len()],
            test: None,
        };
        let mut losses: IndexMap<String, Vec<Option<f64>>> = IndexMap::new();
        for rate in self.plan.grid() {
            let found = outcome(&material, arm, *rate, &measured)?;
            for (at, name) in names.iter().enumerate() {
                let loss = found.as_ref().and_then(|found| found.losses.get(at));
                let loss = loss.filter(|loss| loss.is_finite()).copied().map(rounded);
                losses.entry((*name).to_owned()).or_default().push(loss);
            }
            progress(
                seed,
                &format!("{}, step size {}", arm.name(), in_words(*rate)),
            );
        }
        Ok(losses)
    }

    /// An arm at the step sizes of the results. If it diverges, it has the measure `diverged` and no other but its step
    /// size.
    fn measured(
        &self,
        tuning: &[TuningResult],
        arm: &Arm,
        seed: u64,
        progress: Progress,
    ) -> Result<IndexMap<String, Series>, ExperimentError> {
        let mut found: IndexMap<String, Series> = IndexMap::new();
        let mut before: Vec<(Option<f64>, String)> = Vec::new();
        for (name, rate) in self.plan.rates(tuning, arm) {
            let same = before.iter().find(|(other, _)| *other == rate);
            let same = same.and_then(|(_, name)| found.get(name)).cloned();
            let mut series = match (same, rate) {
                (Some(same), _) => same,
                (None, None) => Series::from([("diverged".to_owned(), vec![1.0])]),
                (None, Some(rate)) => self.series(arm, rate, seed)?,
            };
            rounded_series(&mut series);
            let told = match rate {
                Some(rate) => format!("{}, step size {}", arm.name(), in_words(rate)),
                None => arm.name(),
            };
            for _ in 0..trial_steps(self.plan, arm, self.parameters) {
                progress(seed, &told);
            }
            found.insert(name.clone(), series);
            before.push((rate, name));
        }
        Ok(found)
    }

    fn series(&self, arm: &Arm, rate: f64, seed: u64) -> Result<Series, ExperimentError> {
        let material = self.material(arm.few, seed);
        let parts = [self.test, &self.validation];
        let measured = Measured {
            losses: if self.plan.two_sizes {
                &parts
            } else {
                &parts[..1]
            },
            test: Some(self.test),
        };
        let mut series = Series::from([("step size".to_owned(), vec![rate])]);
        let found = outcome(&material, arm, rate, &measured)?;
        let finite = found.filter(|found| found.losses.iter().all(|loss| loss.is_finite()));
        let Some(found) = finite else {
            series.insert("diverged".to_owned(), vec![1.0]);
            return Ok(series);
        };
        series.insert("training loss".to_owned(), found.training);
        let names = ["test loss", "validation loss"].into_iter();
        for (name, loss) in names.zip(found.losses) {
            series.insert(name.to_owned(), vec![loss]);
        }
        let rest = [
            ("test error", found.error),
            ("weighted deficit", found.deficit),
        ];
        for (name, value) in rest {
            if let Some(value) = value {
                series.insert(name.to_owned(), vec![value]);
            }
        }
        Ok(series)
    }
}

impl Plan {
    /// The step size of an arm by the rule.
    pub(super) fn choice(&self, tuning: &[TuningResult], arm: &Arm) -> Option<super::Choice> {
        choice(self.grid(), tuning, &arm.for_tuning().name())
    }

    /// The names under which the results of an arm are stored, and their step sizes; `None` where no step size was
    /// found.
    pub(super) fn rates(&self, tuning: &[TuningResult], arm: &Arm) -> Vec<(String, Option<f64>)> {
        let rate = |arm: &Arm| self.choice(tuning, arm).map(|choice| choice.rate);
        let (own, plain) = (rate(arm), rate(&arm.without_balancing()));
        let stored = self.stored(arm).into_iter().enumerate();
        let each = stored.map(|(at, (name, times))| match self.two_sizes {
            true => (name, own.map(|rate| times * rate)),
            false => (name, if at == 0 { own } else { plain }),
        });
        each.collect()
    }

    fn names(&self, arm: &Arm) -> Vec<String> {
        self.stored(arm).into_iter().map(|(name, _)| name).collect()
    }
}

/// What one seed gave, arm by arm.
trait Seed {
    type Arm;

    fn new(seed: u64) -> Self;
    fn seed(&self) -> u64;
    fn arms(&self) -> &IndexMap<String, Self::Arm>;
    fn arms_mut(&mut self) -> &mut IndexMap<String, Self::Arm>;
}

impl Seed for TuningResult {
    type Arm = IndexMap<String, Vec<Option<f64>>>;

    fn new(seed: u64) -> Self {
        let arms = IndexMap::new();
        TuningResult { seed, arms }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn arms(&self) -> &IndexMap<String, Self::Arm> {
        &self.arms
    }

    fn arms_mut(&mut self) -> &mut IndexMap<String, Self::Arm> {
        &mut self.arms
    }
}

impl Seed for SeedResult {
    type Arm = Series;

    fn new(seed: u64) -> Self {
        SeedResult {
            seed,
            arms: IndexMap::new(),
            samples: Series::new(),
        }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn arms(&self) -> &IndexMap<String, Series> {
        &self.arms
    }

    fn arms_mut(&mut self) -> &mut IndexMap<String, Series> {
        &mut self.arms
    }
}

/// Does a seed hold all that is stored under these names? A finished one may not: it may be of a plan with fewer arms.
fn holds<T: Seed>(finished: &[T], unfinished: &[T], seed: u64, names: &[String]) -> bool {
    let in_part = |held: &T| names.iter().all(|name| held.arms().contains_key(name));
    let mut own = finished.iter().chain(unfinished);
    own.any(|held| held.seed() == seed && in_part(held))
}

/// Adds an arm to a seed. When none is missing any more, they stand in the order of `names`, what is not among them
/// after those, and the seed is finished.
fn keep<T: Seed>(
    (finished, unfinished): (&mut Vec<T>, &mut Vec<T>),
    seed: u64,
    found: impl IntoIterator<Item = (String, T::Arm)>,
    names: &[String],
) {
    let taken = [&mut *unfinished, &mut *finished]
        .into_iter()
        .find_map(|all| {
            let at = all.iter().position(|held| held.seed() == seed)?;
            Some(all.remove(at))
        });
    let mut held = taken.unwrap_or_else(|| T::new(seed));
    held.arms_mut().extend(found);
    if names.iter().all(|name| held.arms().contains_key(name)) {
        let mut all = std::mem::take(held.arms_mut());
        let in_order = names.iter().filter_map(|name| all.shift_remove_entry(name));
        let in_order: IndexMap<_, _> = in_order.collect();
        *held.arms_mut() = in_order.into_iter().chain(all).collect();
        finished.push(held);
        finished.sort_by_key(Seed::seed);
    } else {
        unfinished.push(held);
        unfinished.sort_by_key(Seed::seed);
    }
}

/// The arms of some seeds that a run does not hold.
fn missing(
    seeds: impl Iterator<Item = u64>,
    arms: usize,
    is_held: &dyn Fn(u64, usize) -> bool,
) -> Vec<(u64, usize)> {
    let all = seeds.flat_map(|seed| (0..arms).map(move |at| (seed, at)));
    all.filter(|(seed, at)| !is_held(*seed, *at)).collect()
}

fn tuning_names(plan: &Plan) -> Vec<String> {
    plan.tuning_arms().iter().map(Arm::name).collect()
}

/// Was an arm tried with every step size? Fewer are those of a narrower grid.
fn holds_tuning(run: &Run, plan: &Plan, name: &str, seed: u64) -> bool {
    let mut all = run.tuning.iter().chain(&run.unfinished.tuning);
    all.any(|held| {
        let arm = held.arms.get(name).filter(|_| held.seed == seed);
        arm.is_some_and(|arm| arm.values().all(|losses| losses.len() == plan.grid().len()))
    })
}

fn holds_arm(run: &Run, plan: &Plan, arm: &Arm, seed: u64) -> bool {
    holds(&run.seeds, &run.unfinished.seeds, seed, &plan.names(arm))
}

/// Are the results of an arm those of the step sizes that the tuning set chooses?
fn is_current(run: &Run, plan: &Plan, arm: &Arm, seed: u64) -> bool {
    let all = run.seeds.iter().chain(&run.unfinished.seeds);
    let mut own = all.filter(|held| held.seed == seed);
    let rates = plan.rates(&run.tuning, arm);
    own.any(|held| {
        rates.iter().all(|(name, rate)| {
            let stored = held.arms.get(name).and_then(|arm| arm.get("step size"));
            stored.and_then(|values| values.first()).copied() == rate.map(rounded)
        })
    })
}

/// Runs what is missing of a plan: the seeds of the tuning set, then the seeds `0..count` of the results, arm by arm
/// and several at a time. `finished` is told the run after every arm.
///
/// # Errors
/// The first failure in the order of seeds and arms; finished arms are in the run all the same.
pub fn run_plan<F: Send>(
    run: &mut Run,
    plan: &Plan,
    data: &DataSet,
    count: u64,
    finished: Finished<F>,
    progress: Progress,
) -> Result<Result<(), F>, ExperimentError> {
    let parameters = run.parameters.clone();
    let study = Study::new(plan, data, &parameters);
    if let Err(stop) = tune(run, &study, finished, progress)? {
        return Ok(Err(stop));
    }
    let tuning = run.tuning.clone();
    let names: Vec<String> = plan.arms.iter().flat_map(|arm| plan.names(arm)).collect();
    let left = missing(0..count, plan.arms.len(), &|seed, at| {
        let arm = &plan.arms[at];
        holds_arm(run, plan, arm, seed) && is_current(run, plan, arm, seed)
    });
    let compute = |(seed, at): (u64, usize)| {
        let arm = &plan.arms[at];
        study.measured(&tuning, arm, seed, progress)
    };
    let add = |run: &mut Run, (seed, _): (u64, usize), found| {
        let places = (&mut run.seeds, &mut run.unfinished.seeds);
        keep(places, seed, found, &names);
    };
    run_each(run, left, &compute, &add, finished)
}

fn tune<F: Send>(
    run: &mut Run,
    study: &Study,
    finished: Finished<F>,
    progress: Progress,
) -> Result<Result<(), F>, ExperimentError> {
    let arms = study.plan.tuning_arms();
    let names = tuning_names(study.plan);
    let left = missing(TUNING_SEEDS.into_iter(), arms.len(), &|seed, at| {
        holds_tuning(run, study.plan, &names[at], seed)
    });
    let compute = |(seed, at): (u64, usize)| study.tried(&arms[at], seed, progress);
    let add = |run: &mut Run, (seed, at): (u64, usize), losses| {
        let places = (&mut run.tuning, &mut run.unfinished.tuning);
        keep(places, seed, [(names[at].clone(), losses)], &names);
    };
    run_each(run, left, &compute, &add, finished)
}

/// What a seed of the results gives, by the tuning set of a run.
pub(in super::super) fn seed_result(
    plan: &Plan,
    data: &DataSet,
    run: &Run,
    seed: u64,
    progress: Progress,
) -> Result<SeedResult, ExperimentError> {
    let study = Study::new(plan, data, &run.parameters);
    let mut result = SeedResult::new(seed);
    for arm in &plan.arms {
        result
            .arms
            .extend(study.measured(&run.tuning, arm, seed, progress)?);
    }
    Ok(result)
}

/// In how many steps one training for the results tells of its progress: where it takes long, by its epochs.
fn trial_steps(plan: &Plan, arm: &Arm, parameters: &Parameters) -> u64 {
    match plan.two_sizes && !arm.few {
        true => parameters.epochs as u64,
        false => 1,
    }
}

fn arm_steps(plan: &Plan, arm: &Arm, parameters: &Parameters) -> u64 {
    let trials = plan.stored(arm).len() as u64;
    trials.saturating_mul(trial_steps(plan, arm, parameters))
}

/// In how many steps the seeds of the tuning set tell of their progress.
pub(in super::super) fn tuning_steps(plan: &Plan) -> u64 {
    (plan.tuning_arms().len() * plan.grid().len() * TUNING_SEEDS.len()) as u64
}

/// In how many steps a seed of the results tells of its progress.
pub(in super::super) fn steps(plan: &Plan, parameters: &Parameters) -> u64 {
    let each = plan.arms.iter();
    each.map(|arm| arm_steps(plan, arm, parameters))
        .fold(0, u64::saturating_add)
}

/// How many of these steps a run with so many seeds has behind it.
pub(in super::super) fn steps_held(plan: &Plan, run: &Run, count: u64) -> u64 {
    let names = tuning_names(plan);
    let pairs = TUNING_SEEDS
        .into_iter()
        .flat_map(|seed| names.iter().map(move |name| (seed, name)));
    let tuned = pairs.filter(|(seed, name)| holds_tuning(run, plan, name, *seed));
    let tuned = tuned.count() * plan.grid().len();
    let seeds = run.seeds.iter().map(|held| held.seed);
    let seeds = seeds.chain(run.unfinished.seeds.iter().map(|held| held.seed));
    let mut total = tuned as u64;
    for seed in seeds.filter(|seed| *seed < count) {
        for arm in &plan.arms {
            if holds_arm(run, plan, arm, seed) {
                total = total.saturating_add(arm_steps(plan, arm, &run.parameters));
            }
        }
    }
    total
}
