//! The pictures of each experiment.

use super::{decay, tuned};
use crate::learn::experiment::{Experiment, Run};
use crate::report::chart::{Axis, Chart, ChartError, Curve, Scale, Style};

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its name in files: the experiment, a dash, what it shows.
    pub name: String,
    /// What it shows, for readers who do not see it.
    pub caption: String,
    /// The picture, with its title, its axes and its legend.
    pub svg: String,
    /// What the axes of the plot show, across and up, with their units.
    pub axes: (String, String),
    /// The plot with the numbers at its axes only.
    pub plot: String,
    /// The names of the curves, each with a picture of its line.
    pub legend: Vec<(String, String)>,
}

impl Figure {
    pub(super) fn of(name: String, caption: String, chart: &Chart) -> Result<Self, ChartError> {
        Ok(Figure {
            name,
            caption,
            svg: chart.whole()?,
            axes: (chart.x.title.clone(), chart.y.title.clone()),
            plot: chart.bare()?,
            legend: chart.legend()?,
        })
    }
}

pub(super) fn axis(title: &str, scale: Scale) -> Axis {
    Axis {
        title: title.to_owned(),
        scale,
    }
}

/// The name of the picture that the page begins with.
pub(super) const COSTS: &str = "one-fixpoint-costs";

/// The measures of balance, those of L2 costs; with ` L1` appended, those of L1 costs.
const BALANCE: [&str; 3] = ["deficit", "weighted deficit", "total deficit"];

/// The pictures of a run.
///
/// # Errors
/// [`ChartError`].
pub fn figures(run: &Run) -> Result<Vec<Figure>, ChartError> {
    let Some(experiment) = run.experiment() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    match experiment {
        Experiment::RegularizedBalances => {
            for measure in BALANCE
                .iter()
                .flat_map(|of| [of.to_string(), format!("{of} L1")])
            {
                found.extend(over_time(run, &measure, Scale::Logarithmic)?);
            }
            found.extend(over_time(run, "training loss", Scale::Logarithmic)?);
            found.extend(over_time(run, "norm", Scale::Linear)?);
        }
        Experiment::Recurrent => {
            for measure in BALANCE.into_iter().chain(["training loss"]) {
                found.extend(over_time(run, measure, Scale::Logarithmic)?);
            }
        }
        Experiment::BalanceIsLost => {
            found.extend(over_time(run, "deficit", Scale::Linear)?);
        }
        Experiment::OneFixpoint => {
            found.extend(trajectories(run)?);
            found.extend(costs(run)?);
        }
        Experiment::ReadsByDepth => found.push(reads(run)?),
        Experiment::Decay => found.extend(decay::decay_figures(run)?),
        Experiment::Tuned | Experiment::Sequences => found.extend(tuned::step_size_figures(run)?),
        Experiment::Paper => {
            found.extend(tuned::step_size_figures(run)?);
            found.extend(tuned::three_steps_figures(run)?);
        }
        _ => found.extend(over_time(run, "training loss", Scale::Logarithmic)?),
    }
    Ok(found)
}

/// The axis of a measure, its title with its unit.
fn measure_axis(measure: &str, task: &str, scale: Scale) -> Axis {
    let (of, costs) = match measure.strip_suffix(" L1") {
        Some(of) => (of, "L1"),
        None => (measure, "L2"),
    };
    let title = match of {
        "deficit" => format!("mean of |A - B| / (A + B) over units, {costs} costs (1)"),
        "weighted deficit" => format!("Σ |A - B| / Σ (A + B), {costs} costs (1)"),
        "total deficit" => format!("Σ |A - B|, {costs} costs (1)"),
        "training loss" if task == "autoencoder" => {
            "training loss (squared error per image)".to_owned()
        }
        "training loss" => "training loss (nats per image)".to_owned(),
        "norm" => "sum of squared weights (1)".to_owned(),
        other => other.to_owned(),
    };
    axis(&title, scale)
}

/// A measure over the epochs, one picture for each task, a band of one standard deviation about each mean.
fn over_time(run: &Run, measure: &str, scale: Scale) -> Result<Vec<Figure>, ChartError> {
    let mut tasks: Vec<&str> = Vec::new();
    for arm in run.arms() {
        let task = arm.split(": ").next().unwrap_or(arm);
        if !tasks.contains(&task) {
            tasks.push(task);
        }
    }
    let name = &run.parameters.experiment;
    let mut found = Vec::new();
    for task in tasks {
        let arms = run.arms().into_iter();
        let arms = arms.filter_map(|arm| Some((arm, arm.strip_prefix(task)?.strip_prefix(": ")?)));
        let curves: Vec<Curve> = arms
            .map(|(arm, short)| {
                let (points, band) = mean_and_band(&run.series(arm, measure), scale);
                Curve {
                    name: short.to_owned(),
                    points,
                    band,
                    style: Style::Line,
                }
            })
            .collect();
        let what = format!("{measure} of the {task}");
        let caption = format!(
            "{name}: {what}; mean and standard deviation over {}{}",
            crate::report::count(run.seeds.len(), "seed"),
            match scale {
                Scale::Linear => "",
                Scale::Logarithmic => ", bands cut off at a tenth of the mean",
            }
        );
        let chart = Chart {
            title: format!("{name}: {task}"),
            x: axis(epochs(run), Scale::Linear),
            y: measure_axis(measure, task, scale),
            curves,
        };
        let name = format!("{name}-{}", what.replace(' ', "-"));
        found.push(Figure::of(name, caption, &chart)?);
    }
    Ok(found)
}

fn epochs(run: &Run) -> &'static str {
    match run.experiment() {
        Some(Experiment::BalanceIsLost) => "learning time (epochs at step size η)",
        Some(Experiment::LittleData) => "epochs (of five passes over the images)",
        _ => "epochs",
    }
}

type Points = Vec<(f64, f64)>;

pub(super) fn mean_and_band(series: &[&[f64]], scale: Scale) -> (Points, Points) {
    let length = series.iter().map(|values| values.len()).min().unwrap_or(0);
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for epoch in 0..length {
        let values: Vec<f64> = series.iter().map(|values| values[epoch]).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean) * (value - mean));
        let deviation = (squares.sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
        points.push((epoch as f64, mean));
        let low = match scale {
            Scale::Linear => mean - deviation,
            // A band that reaches 0 has no lower end on this scale.
            Scale::Logarithmic => (mean - deviation).max(mean / 10.0),
        };
        band.push((low, mean + deviation));
    }
    (points, band)
}

/// The ways of stochastic runs, projected on two directions of the manifold.
fn trajectories(run: &Run) -> Result<Option<Figure>, ChartError> {
    let Some(samples) = run.seeds.first().map(|seed| &seed.samples) else {
        return Ok(None);
    };
    let curves: Vec<Curve> = (0..)
        .map_while(|order| {
            let xs = samples.get(&format!("order {order}, layer 1"))?;
            let ys = samples.get(&format!("order {order}, layer 2"))?;
            Some(Curve {
                name: format!("order {}", order + 1),
                points: xs.iter().copied().zip(ys.iter().copied()).collect(),
                band: Vec::new(),
                style: Style::Line,
            })
        })
        .collect();
    if curves.is_empty() {
        return Ok(None);
    }
    let chart = Chart {
        title: "one-fixpoint: six random orders, one end".to_owned(),
        x: axis(
            "mean log multiplier of costs, hidden layer 1 (1)",
            Scale::Linear,
        ),
        y: axis(
            "mean log multiplier of costs, hidden layer 2 (1)",
            Scale::Linear,
        ),
        curves,
    };
    let caption = "one-fixpoint: the ways of six random orders from one set of weights to the one optimum, projected on two directions of the manifold";
    Figure::of(
        "one-fixpoint-trajectories".to_owned(),
        caption.to_owned(),
        &chart,
    )
    .map(Some)
}

/// Input and output cost of each unit before and after.
fn costs(run: &Run) -> Result<Option<Figure>, ChartError> {
    let Some(samples) = run.seeds.first().map(|seed| &seed.samples) else {
        return Ok(None);
    };
    let curve = |when: &str| {
        let inputs = samples.get(&format!("input cost {when}"))?;
        let outputs = samples.get(&format!("output cost {when}"))?;
        Some(Curve {
            name: format!("{when} balancing"),
            points: inputs
                .iter()
                .copied()
                .zip(outputs.iter().copied())
                .collect(),
            band: Vec::new(),
            style: Style::Points,
        })
    };
    let (Some(before), Some(after)) = (curve("before"), curve("after")) else {
        return Ok(None);
    };
    let chart = Chart {
        title: "one-fixpoint: each hidden unit before and after".to_owned(),
        x: axis(
            "input cost A, sum of squared weights (1)",
            Scale::Logarithmic,
        ),
        y: axis(
            "output cost B, sum of squared weights (1)",
            Scale::Logarithmic,
        ),
        curves: vec![before, after],
    };
    let caption =
        "one-fixpoint: input and output cost of each hidden unit; after balancing they are equal";
    Figure::of(COSTS.to_owned(), caption.to_owned(), &chart).map(Some)
}

/// Reads of all weights against the number of hidden layers.
fn reads(run: &Run) -> Result<Figure, ChartError> {
    let curves: Vec<Curve> = run
        .arms()
        .into_iter()
        .map(|arm| {
            let depths = run.series(arm, "hidden layers");
            let depths = depths.first().copied().unwrap_or(&[]);
            let (points, band) = mean_and_band(&run.series(arm, "reads"), Scale::Logarithmic);
            let means = points.iter().map(|point| point.1);
            Curve {
                name: arm.to_owned(),
                points: depths.iter().copied().zip(means).collect(),
                band,
                style: Style::Line,
            }
        })
        .collect();
    let chart = Chart {
        title: "reads-by-depth: random networks of width 8".to_owned(),
        x: axis("hidden layers", Scale::Logarithmic),
        y: axis("reads of all weights", Scale::Logarithmic),
        curves,
    };
    let caption = "reads-by-depth: how often all weights are read until the deficit is 1e-9";
    Figure::of("reads-by-depth".to_owned(), caption.to_owned(), &chart)
}
