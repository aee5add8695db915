//! Pictures of the decay law.

use super::figures::{Figure, axis};
use super::tuned::curve;
use crate::learn::experiment::Run;
use crate::report::chart::{Chart, ChartError, Scale, Style};

/// The differences that the decay law is about: their sum, and those of single units.
pub(super) fn decay_figures(run: &Run) -> Result<Vec<Figure>, ChartError> {
    let mut found = Vec::new();
    let Some(arm) = run.arms().first().copied() else {
        return Ok(found);
    };
    let time = "epochs at step size η";
    let mean = |measure: &str| {
        let (points, _) = super::figures::mean_and_band(&run.series(arm, measure), Scale::Linear);
        points
    };
    let lines = [
        ("measured", "measured difference"),
        ("decay of the start", "difference by decay"),
        ("put in by steps", "put in by gradients"),
    ];
    let lines = lines.map(|(name, measure)| {
        let mut points = mean(measure);
        points.retain(|point| point.1 > 0.0);
        curve(name, points, Style::Line)
    });
    let chart = Chart {
        title: "decay: Σ |D| over all units".to_owned(),
        x: axis(time, Scale::Linear),
        y: axis("Σ |D|, sum of squared weights (1)", Scale::Logarithmic),
        curves: lines.into(),
    };
    let caption = format!(
        "decay: Σ |D| measured, what decay leaves of that at the start, and what the steps have put in; means over {}",
        crate::report::count(run.seeds.len(), "seed")
    );
    found.push(Figure::of(
        "decay-of-the-total".to_owned(),
        caption,
        &chart,
    )?);
    let Some(samples) = run.seeds.first().map(|seed| &seed.samples) else {
        return Ok(found);
    };
    let of = |unit: usize, what: &str| samples.get(&format!("unit {unit}, {what}"));
    let mut units: Vec<(usize, f64)> = (0..)
        .map_while(|unit| Some((unit, *of(unit, "measured")?.first()?)))
        .collect();
    units.sort_by(|one, other| one.1.total_cmp(&other.1));
    let ends = || samples.keys().len() / 2;
    if units.is_empty() || units.len() != ends() {
        return Ok(found);
    }
    let shown = [
        units[0].0,
        units[units.len() / 2].0,
        units[units.len() - 1].0,
    ];
    let words = ["lowest D", "median D", "highest D"];
    let curves = shown.into_iter().zip(words).flat_map(|(unit, word)| {
        [
            ("measured", word.to_owned()),
            ("by decay", format!("{word}, law")),
        ]
        .map(|(what, name)| {
            let values = of(unit, what).into_iter().flatten().copied();
            let points = values
                .enumerate()
                .map(|(epoch, value)| (epoch as f64, value));
            curve(&name, points.collect(), Style::Line)
        })
    });
    let chart = Chart {
        title: "decay: D of three units over training".to_owned(),
        x: axis(time, Scale::Linear),
        y: axis("D, sum of squared weights (1)", Scale::Linear),
        curves: curves.collect(),
    };
    let caption = "decay: D of the units with the lowest, the median and the highest D at the start, measured and by the law e^(-4λt), one seed";
    found.push(Figure::of(
        "decay-of-three-units".to_owned(),
        caption.to_owned(),
        &chart,
    )?);
    let length = of(0, "measured").map_or(0, Vec::len);
    let whens = [
        (length / 6, "early"),
        (length / 2, "half-way"),
        (length - 1, "at the end"),
    ];
    let clouds = whens.map(|(at, when)| {
        let point = |(unit, _): &(usize, f64)| {
            Some((
                *of(*unit, "by decay")?.get(at)?,
                *of(*unit, "measured")?.get(at)?,
            ))
        };
        let points = units.iter().filter_map(point).collect();
        curve(&format!("epoch {at}, {when}"), points, Style::Points)
    });
    let chart = Chart {
        title: "decay: D of every unit, predicted and measured".to_owned(),
        x: axis("D by the law e^(-4λt) (1)", Scale::Linear),
        y: axis("D measured (1)", Scale::Linear),
        curves: clouds.into(),
    };
    let caption = "decay: D of every hidden unit, measured against predicted from the start, at three times of training, one seed";
    found.push(Figure::of(
        "decay-of-every-unit".to_owned(),
        caption.to_owned(),
        &chart,
    )?);
    Ok(found)
}
