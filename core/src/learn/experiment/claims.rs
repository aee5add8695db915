//! What the paper claims, tested by paired differences between arms.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::plan::{Task, arm_name, plan};
use super::{Experiment, Run, SeedResult, decay, fixpoint, tuned};

/// The confidence of every interval, which is of one finding alone. What is left after a correction for the number of
/// comparisons is said beside: [`Finding::adjusted`].
pub const CONFIDENCE: f64 = 0.95;

/// What a claim says of a mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison {
    /// It lies below.
    Below(f64),
    /// It lies above.
    Above(f64),
}

/// What the data say of one comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was measured, in words.
    pub what: String,
    /// Its unit.
    pub unit: &'static str,
    /// What the claim says.
    pub claimed: Comparison,
    /// Seeds.
    pub count: usize,
    /// Mean over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds.
    pub deviation: f64,
    /// The interval of the mean, by Student's distribution.
    pub interval: (f64, f64),
    /// The probability of a mean so far from what the claim says, on either side, if the true one lay right there
    /// (Student).
    pub p: f64,
    /// The same after Holm's correction over all findings of the experiment: where this is at most 1 less
    /// [`CONFIDENCE`], the finding holds together with all others of which that is true.
    pub adjusted: f64,
}

/// The outcome of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every interval lies where the claim says.
    Reproduced,
    /// None does.
    NotReproduced,
    /// Some do.
    Mixed,
}

impl Verdict {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::NotReproduced => "not reproduced",
            Verdict::Mixed => "mixed",
        }
    }
}

/// A claim of the paper with the findings about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The claim.
    pub statement: &'static str,
    /// Its findings.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// Mean, deviation and interval of at least two values.
    fn of(what: String, unit: &'static str, claimed: Comparison, values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values.iter().map(|value| (value - mean) * (value - mean));
        let freedom = (count - 1) as f64;
        let deviation = (squares.sum::<f64>() / freedom).sqrt();
        // Stored numbers have six digits: what is left where differences cancel is rounding.
        let mean = if mean.abs() < 1e-4 * deviation {
            0.0
        } else {
            mean
        };
        let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
        let error = deviation / (count as f64).sqrt();
        let reach = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * error;
        let (Comparison::Below(bound) | Comparison::Above(bound)) = claimed;
        let distance = (mean - bound).abs();
        let p = match (distance > 0.0, error > 0.0) {
            (false, _) => 1.0,
            (true, false) => 0.0,
            (true, true) => (2.0 * student.sf(distance / error)).min(1.0),
        };
        Some(Finding {
            what,
            unit,
            claimed,
            count,
            mean,
            deviation,
            interval: (mean - reach, mean + reach),
            p,
            adjusted: p,
        })
    }

    /// Is it decided, for the claim or against it, also after the correction for the number of comparisons?
    pub fn survives(&self) -> bool {
        (self.supports() || self.contradicts()) && self.adjusted <= 1.0 - CONFIDENCE
    }

    /// Does the whole interval lie where the claim says?
    pub fn supports(&self) -> bool {
        match self.claimed {
            Comparison::Below(bound) => self.interval.1 < bound,
            Comparison::Above(bound) => self.interval.0 > bound,
        }
    }

    /// Does the whole interval lie on the other side?
    pub fn contradicts(&self) -> bool {
        match self.claimed {
            Comparison::Below(bound) => self.interval.0 > bound,
            Comparison::Above(bound) => self.interval.1 < bound,
        }
    }
}

impl Claim {
    /// How many findings support the claim, and how many contradict it.
    pub fn counts(&self) -> (usize, usize) {
        let count =
            |of: fn(&Finding) -> bool| self.findings.iter().filter(|found| of(found)).count();
        (count(Finding::supports), count(Finding::contradicts))
    }

    /// How many of either are left after the correction for the number of comparisons.
    pub fn corrected_counts(&self) -> (usize, usize) {
        let left = || self.findings.iter().filter(|found| found.survives());
        let supporting = left().filter(|found| found.supports()).count();
        (supporting, left().count() - supporting)
    }

    /// What the findings come to.
    pub fn verdict(&self) -> Verdict {
        match self.counts().0 {
            0 => Verdict::NotReproduced,
            all if all == self.findings.len() => Verdict::Reproduced,
            _ => Verdict::Mixed,
        }
    }
}

pub(super) type Measure<'a> = &'a dyn Fn(&SeedResult) -> Option<f64>;

pub(super) fn finding(
    run: &Run,
    what: String,
    unit: &'static str,
    claimed: Comparison,
    measure: Measure,
) -> Option<Finding> {
    let values: Option<Vec<f64>> = run.seeds.iter().map(measure).collect();
    Finding::of(what, unit, claimed, &values?)
}

fn series<'a>(seed: &'a SeedResult, arm: &str, measure: &str) -> Option<&'a [f64]> {
    Some(seed.arms.get(arm)?.get(measure)?.as_slice())
}

pub(super) fn last(seed: &SeedResult, arm: &str, measure: &str) -> Option<f64> {
    series(seed, arm, measure)?.last().copied()
}

/// The deficit at the end as a share of that at the start.
fn share_left(seed: &SeedResult, arm: &str, measure: &str) -> Option<f64> {
    let values = series(seed, arm, measure)?;
    Some(values.last()? / values.first()?)
}

/// The mean over the epochs after the start.
fn area(seed: &SeedResult, arm: &str) -> Option<f64> {
    let values = series(seed, arm, "training loss")?.get(1..)?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// The claims of an experiment; empty for fewer than two seeds.
pub(super) fn claims(experiment: Experiment, run: &Run) -> Vec<Claim> {
    let claims = match experiment {
        Experiment::RegularizedBalances => regularized(run, Task::Autoencoder, true),
        Experiment::BalanceIsLost => lost(run),
        Experiment::OneFixpoint => vec![one_fixpoint(run)],
        Experiment::BalancedStart => helps(
            run,
            experiment,
            "Balancing before learning improves learning speed.",
            "Balancing before learning improves the final performance.",
        ),
        Experiment::BalancedDuring => helps(
            run,
            experiment,
            "Full or partial balancing in alternation with epochs improves learning speed.",
            "Full or partial balancing in alternation with epochs improves the final performance.",
        ),
        Experiment::LittleData => helps(
            run,
            experiment,
            "Balancing improves learning speed where data are few.",
            "Balancing improves the final performance where data are few.",
        ),
        Experiment::Recurrent => {
            let mut all = regularized(run, Task::Rows, false);
            all.extend(helps(
                run,
                experiment,
                "Balancing improves the learning speed of recurrent networks.",
                "Balancing improves the final performance of recurrent networks.",
            ));
            all
        }
        Experiment::ReadsByDepth => vec![depth_law(run)],
        Experiment::Tuned | Experiment::Sequences | Experiment::Paper => {
            tuned::claims(experiment, run)
        }
        Experiment::Decay => decay_law(run),
    };
    let mut claims: Vec<Claim> = claims
        .into_iter()
        .filter(|claim| !claim.findings.is_empty())
        .collect();
    correct(&mut claims);
    claims
}

/// Holm's correction over all findings of an experiment: the smallest probability counts as often as there are
/// findings, the next one once less, and none less than one before it.
fn correct(claims: &mut [Claim]) {
    let mut all: Vec<&mut Finding> = claims.iter_mut().flat_map(|c| &mut c.findings).collect();
    all.sort_by(|one, other| one.p.total_cmp(&other.p));
    let (count, mut least) = (all.len(), 0.0f64);
    for (at, found) in all.into_iter().enumerate() {
        least = least.max((count - at) as f64 * found.p).min(1.0);
        found.adjusted = least;
    }
}

fn decay_law(run: &Run) -> Vec<Claim> {
    let departure = |law: &'static str, bound: f64| {
        let of = move |(_, short): &(usize, &'static str)| {
            let arm = decay::arm_name(short);
            let what = format!("{arm}, {law} at the end, as a share of Σ |D| at the start");
            finding(run, what, "1", Comparison::Below(bound), &|seed| {
                last(seed, &arm, law)
            })
        };
        decay::ARMS.iter().filter_map(of).collect::<Vec<_>>()
    };
    let names = decay::ARMS.map(|(_, short)| decay::arm_name(short));
    let [largest, _, smallest] = &names;
    let law = "departure from decay";
    let mut falls = departure(law, 0.05);
    falls.extend(finding(
        run,
        format!("{law} at the end, {largest} over {smallest}"),
        "1",
        Comparison::Above(2.0),
        &|seed| Some(last(seed, largest, law)? / last(seed, smallest, law)?),
    ));
    vec![
        Claim {
            statement: "Ours: every step of size η makes D of every unit (1-2ηλ)² D + η² G, G being the difference of squared derivatives of E (here: over all steps together, to 1e-9).",
            findings: departure("departure from the law of steps", 1e-9),
        },
        Claim {
            statement: "Ours: D of every unit decays as e^(-4λt), up to what the steps put in, which falls with the step size (here: less than 0.05 of what there was is off, and with a quarter of the step size less than half as much).",
            findings: falls,
        },
    ]
}

/// A measure of the deficit.
struct Deficit {
    /// Its name in stored runs.
    measure: &'static str,
    /// What findings call it.
    words: &'static str,
    /// What is claimed of it.
    statement: &'static str,
}

/// The first is the one that thresholds were chosen for. The others are there because a unit that `E` no longer needs
/// keeps its `|A - B| / (A + B)` while all its weights vanish.
const DEFICITS: [Deficit; 3] = [
    Deficit {
        measure: "deficit",
        words: "mean deficit",
        statement: "Descent on E + R balances, by the mean of |A - B| / (A + B) over units (here: less than a tenth of it is left, and less than with E alone).",
    },
    Deficit {
        measure: "weighted deficit",
        words: "weighted deficit",
        statement: "Descent on E + R balances, by the same mean weighted by cost, Σ |A - B| / Σ (A + B) (here: less than a tenth of it is left, and less than with E alone).",
    },
    Deficit {
        measure: "total deficit",
        words: "total deficit",
        statement: "Descent on E + R balances, by the total Σ |A - B|, which falls with the weights even if no unit comes nearer to balance (here: less than a tenth of it is left, and less than with E alone).",
    },
];

fn regularized(run: &Run, task: Task, with_l1: bool) -> Vec<Claim> {
    let plain = format!("{}: E", task.name());
    let alone = DEFICITS.iter().filter_map(|deficit| {
        let what = format!(
            "{plain}, share of the {} that is left at the end",
            deficit.words
        );
        finding(run, what, "1", Comparison::Above(0.5), &|seed| {
            share_left(seed, &plain, deficit.measure)
        })
    });
    let alone = Claim {
        statement: "Descent on E alone does not balance (here: more than half of the deficit is left, by any of three measures).",
        findings: alone.collect(),
    };
    let with = DEFICITS
        .iter()
        .map(|deficit| with_penalty(run, task, with_l1, deficit));
    std::iter::once(alone).chain(with).collect()
}

/// The claim that descent on `E + R` balances, by one measure.
fn with_penalty(run: &Run, task: Task, with_l1: bool, deficit: &Deficit) -> Claim {
    let name = |arm: &str| format!("{}: {arm}", task.name());
    let (plain, two, one) = (name("E"), name("E + L2"), name("E + L1"));
    let Deficit {
        measure,
        words,
        statement,
    } = *deficit;
    let left = |arm: &str, measure: &str, of: &str| {
        let what = format!("{arm}, share of the {words} that is left at the end{of}");
        finding(run, what, "1", Comparison::Below(0.1), &|seed| {
            share_left(seed, arm, measure)
        })
    };
    let less = finding(
        run,
        format!("{words} at the end, {two} less {plain}"),
        "1",
        Comparison::Below(0.0),
        &|seed| Some(last(seed, &two, measure)? - last(seed, &plain, measure)?),
    );
    let mut findings = vec![left(&two, measure, ""), less];
    if with_l1 {
        findings.push(left(&one, &format!("{measure} L1"), " (of L1 costs)"));
    }
    Claim {
        statement,
        findings: findings.into_iter().flatten().collect(),
    }
}

fn lost(run: &Run) -> Vec<Claim> {
    let (tasks, arms) = plan(Experiment::BalanceIsLost);
    let names: Vec<String> = arms.iter().map(|arm| arm_name(tasks[0], arm)).collect();
    let (Some(largest), Some(smallest)) = (names.first(), names.last()) else {
        return Vec::new();
    };
    let is_lost = finding(
        run,
        format!("{largest}, deficit at the end"),
        "1",
        Comparison::Above(0.001),
        &|seed| last(seed, largest, "deficit"),
    );
    let with_rate = finding(
        run,
        format!("deficit at the end, {largest} over {smallest}"),
        "1",
        Comparison::Above(1.0),
        &|seed| Some(last(seed, largest, "deficit")? / last(seed, smallest, "deficit")?),
    );
    vec![Claim {
        statement: "From a balanced start, descent on E alone loses balance at a large step size (here: the deficit exceeds 0.001, and that of a small step size).",
        findings: [is_lost, with_rate].into_iter().flatten().collect(),
    }]
}

fn one_fixpoint(run: &Run) -> Claim {
    let outside = finding(
        run,
        format!(
            "of {} orders, those that end outside the verified enclosure",
            fixpoint::ORDERS
        ),
        "orders",
        Comparison::Below(0.5),
        &|seed| last(seed, "stochastic", "outside"),
    );
    let spread = finding(
        run,
        "largest spread of a multiplier over all orders, as a share of the enclosure's width"
            .to_owned(),
        "1",
        Comparison::Below(1.0),
        &|seed| {
            let width = last(seed, "stochastic", "enclosure width")?;
            Some(last(seed, "stochastic", "spread")? / width)
        },
    );
    Claim {
        statement: "The stochastic algorithm reaches one point, whatever the order.",
        findings: [outside, spread].into_iter().flatten().collect(),
    }
}

/// Every arm against the first, for every task: speed, then performance.
fn helps(
    run: &Run,
    experiment: Experiment,
    faster: &'static str,
    better: &'static str,
) -> Vec<Claim> {
    let (tasks, arms) = plan(experiment);
    let (mut speed, mut performance) = (Vec::new(), Vec::new());
    for task in tasks {
        let plain = arm_name(*task, &arms[0]);
        let balanced = arms[1..].iter().filter(|arm| !arm.name.starts_with("E +"));
        for arm in balanced {
            let name = arm_name(*task, arm);
            speed.extend(finding(
                run,
                format!(
                    "{name}, mean training loss over the epochs, relative to {}",
                    arms[0].name
                ),
                "%",
                Comparison::Below(0.0),
                &|seed| Some(100.0 * (area(seed, &name)? / area(seed, &plain)? - 1.0)),
            ));
            let (measure, unit) = match task {
                Task::Autoencoder => ("test loss", "squared error"),
                _ => ("test error", "% of images"),
            };
            performance.extend(finding(
                run,
                format!("{name}, {measure} at the end less that of {}", arms[0].name),
                unit,
                Comparison::Below(0.0),
                &|seed| Some(last(seed, &name, measure)? - last(seed, &plain, measure)?),
            ));
        }
    }
    vec![
        Claim {
            statement: faster,
            findings: speed,
        },
        Claim {
            statement: better,
            findings: performance,
        },
    ]
}

fn depth_law(run: &Run) -> Claim {
    let deepest = fixpoint::DEPTHS.len() - 1;
    let growth = |method: &'static str| {
        move |seed: &SeedResult| {
            let reads = series(seed, method, "reads")?;
            let ratio = reads.get(deepest)? / reads.get(deepest - 1)?;
            let depths = fixpoint::DEPTHS[deepest] as f64 / fixpoint::DEPTHS[deepest - 1] as f64;
            Some(ratio.ln() / depths.ln())
        }
    };
    let exponent = |method: &'static str, claimed| {
        let what = format!("{method}: exponent of the depth in the number of reads, deepest two");
        finding(run, what, "1", claimed, &growth(method))
    };
    let findings = [
        exponent("sweeps", Comparison::Above(1.5)),
        exponent("stochastic", Comparison::Above(1.5)),
        exponent("direct (Newton)", Comparison::Below(1.0)),
    ];
    Claim {
        statement: "Ours: reads of sweeps and of the stochastic algorithm grow with about the square of the depth (here: exponent above 3/2), those of the direct method do not (below 1).",
        findings: findings.into_iter().flatten().collect(),
    }
}
