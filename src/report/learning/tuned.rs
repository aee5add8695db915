//! Arms with step sizes of their own, and the decay law: pictures and tables.

use serde_json::{Value, json};
use std::fmt::Write;

use super::figures::{Figure, axis};
use super::{interval, mean_and_deviation, number, outcome};
use crate::learn::experiment::tuned::{GRID, Row, mean_losses, rows};
use crate::learn::experiment::{Claim, Experiment, Finding, Run};
use crate::report::chart::{Chart, ChartError, Curve, Scale, Style};

/// What lies so many times above the lowest loss of a picture is left out of it.
const CEILING: f64 = 30.0;

type Points = Vec<(f64, f64)>;

fn curve(name: &str, points: Points, style: Style) -> Curve {
    Curve {
        name: name.to_owned(),
        points,
        band: Vec::new(),
        style,
    }
}

/// The rows of one setting after those of another.
fn by_setting(rows: &[Row]) -> Vec<&[Row]> {
    rows.chunk_by(|one, other| one.setting == other.setting)
        .collect()
}

/// A setting in the name of a file.
fn in_names(setting: &str) -> String {
    setting.replace(',', "").replace(' ', "-")
}

/// Validation loss against step size, one picture for each setting.
pub(super) fn step_size_figures(run: &Run) -> Result<Vec<Figure>, ChartError> {
    let rows = rows(run);
    let mut found = Vec::new();
    for arms in by_setting(&rows) {
        let setting = arms[0].setting.as_str();
        let losses = arms.iter().map(|row| {
            let means = mean_losses(&run.tuning, &row.name, "validation loss");
            let points = GRID.into_iter().zip(means);
            points
                .filter_map(|(rate, loss)| Some((rate, loss?)))
                .collect::<Points>()
        });
        let losses: Vec<Points> = losses.collect();
        let all = losses.iter().flatten().map(|point| point.1);
        let most = CEILING * all.fold(f64::INFINITY, f64::min);
        let curves = arms.iter().zip(losses).map(|(row, mut points)| {
            points.retain(|point| point.1 <= most);
            curve(&row.short, points, Style::Line)
        });
        let unit = match setting.starts_with("autoencoder") {
            true => "squared error per image",
            false => "nats per image",
        };
        let chart = Chart {
            title: format!("tuned: {setting}"),
            x: axis("step size η", Scale::Logarithmic),
            y: axis(
                &format!("validation loss at the end ({unit})"),
                Scale::Logarithmic,
            ),
            curves: curves.collect(),
        };
        let caption = format!(
            "tuned: {setting}; validation loss after the last epoch against the step size, mean over {}; losses above {CEILING} times the lowest, and runs that diverged, are left out",
            crate::report::count(run.tuning.len(), "seed")
        );
        let name = format!("tuned-{}", in_names(setting));
        found.push(Figure::of(name, caption, &chart)?);
    }
    Ok(found)
}

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

/// The step sizes, for programs.
pub(super) fn step_sizes_json(run: &Run) -> Value {
    let one = |row: Row| {
        json!({
            "arm": row.name,
            "step_size": row.choice.map(|choice| choice.rate),
            "validation_loss": row.choice.map(|choice| choice.loss),
            "at_an_end": row.choice.is_some_and(|choice| choice.at_an_end),
            "diverged": row.diverged[0],
        })
    };
    rows(run).into_iter().map(one).collect()
}

/// A step size as it stands in the grid.
fn rate(value: f64) -> String {
    match value < 1.0 {
        true => format!("1/{}", 1.0 / value),
        false => value.to_string(),
    }
}

/// What is said of step sizes above the table: whether the grid was wide enough, and what diverged.
fn remarks(rows: &[Row]) -> String {
    let list = |chosen: fn(&Row) -> bool| {
        let names = rows.iter().filter(|row| chosen(row));
        names
            .map(|row| row.name.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let at_ends = list(|row| row.choice.is_none_or(|choice| choice.at_an_end));
    let diverged = list(|row| row.diverged[0] > 0);
    let untuned = list(|row| row.diverged[1] > 0);
    let ends = match at_ends.is_empty() {
        true => "No arm's best step size lies at an end of the grid.".to_owned(),
        false => format!("At an end of the grid lies the best step size of: {at_ends}."),
    };
    let told = |names: &str, at: &str| match names.is_empty() {
        true => format!(" No arm diverged at {at}."),
        false => format!(" At {at} seeds diverged, so that no comparison is made, of: {names}."),
    };
    let own = told(&diverged, "its own step size");
    let other = told(&untuned, "the step size of the arm never balanced");
    format!("{ends}{own}{other}")
}

/// A comparison in a cell: the interval, and a word on what it comes to.
fn cell(finding: Option<&Finding>) -> String {
    let Some(found) = finding else {
        return "-".to_owned();
    };
    let mark = match (found.survives(), outcome(found)) {
        (true, "yes") => " **better**",
        (true, _) => " **worse**",
        (false, "yes") => " better",
        (false, "undecided") => "",
        (false, _) => " worse",
    };
    format!("{}{mark}", interval(found))
}

/// The table by arm, in Markdown.
pub(super) fn arms_table(run: &Run) -> String {
    let rows = rows(run);
    let mut text = format!(
        "\n**Every arm.** {} The last four columns are intervals of the difference to the arm that is never balanced: of the mean training loss
over the epochs in % (speed), and of the test loss, or test error in % of images (performance); each with the arm's own step size, and
with that of the arm never balanced. *Better* and *worse* are said where the whole interval lies on one side of 0, in bold where this
survives Holm's correction.\n",
        remarks(&rows)
    );
    for arms in by_setting(&rows) {
        let _ = write!(
            text,
            "\n{}:\n\n| arm | step size | validation loss | {} | speed | performance | speed, one step size | performance, one step size |\n|---|---|---|---|---|---|---|---|\n",
            capital(&arms[0].setting),
            arms[0].measure
        );
        for row in arms {
            let last: Vec<f64> = run
                .series(&row.name, row.measure)
                .iter()
                .filter_map(|values| values.last().copied())
                .collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                row.short,
                row.choice
                    .map_or("-".to_owned(), |choice| rate(choice.rate)),
                row.choice
                    .map_or("-".to_owned(), |choice| number(choice.loss)),
                mean_and_deviation(&last),
                cell(row.tuned[0].as_ref()),
                cell(row.tuned[1].as_ref()),
                cell(row.untuned[0].as_ref()),
                cell(row.untuned[1].as_ref()),
            );
        }
    }
    text
}

fn capital(text: &str) -> String {
    super::results::capitalised(text)
}

/// How many findings are for, against and undecided, and how many of either are left after the correction.
fn counts<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let mut all = [0; 5];
    for found in findings {
        let at = match (found.supports(), found.contradicts()) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        };
        all[at] += 1;
        if found.survives() {
            all[3 + at] += 1;
        }
    }
    let [better, worse, undecided, corrected, corrected_worse] = all;
    format!("{better} ({corrected}) / {worse} ({corrected_worse}) / {undecided}")
}

/// How the findings about a claim come out.
pub(super) fn counts_in_words(claim: &Claim) -> String {
    let ((better, worse), (corrected, corrected_worse)) =
        (claim.counts(), claim.corrected_counts());
    let undecided = claim.findings.len() - better - worse;
    format!(
        "{better} findings for it ({corrected} after correction), {worse} against it ({corrected_worse}), {undecided} undecided"
    )
}

/// For each setting, how the comparisons come out.
pub(super) fn settings_table(run: &Run) -> String {
    let rows = rows(run);
    let mut text = "\n**By network, rule and start.** Comparisons better (after Holm's correction) / worse (after it) / undecided:\n\n| network, rule, start | speed, tuned | performance, tuned | speed, one step size | performance, one step size |\n|---|---|---|---|---|\n".to_owned();
    for arms in by_setting(&rows) {
        let of = |tuned: bool, at: usize| {
            let pairs = arms
                .iter()
                .map(|row| if tuned { &row.tuned } else { &row.untuned });
            counts(pairs.filter_map(|pair| pair[at].as_ref()))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            arms[0].setting,
            of(true, 0),
            of(true, 1),
            of(false, 0),
            of(false, 1)
        );
    }
    text
}

/// For each claim of the paper about learning: at one step size, at tuned ones, at the paper's size.
pub(super) fn three_ways(runs: &[Run]) -> String {
    let claims = |experiment| {
        let run = runs.iter().find(|run| run.experiment() == Some(experiment));
        run.map_or_else(Vec::new, Run::claims)
    };
    let tuned = claims(Experiment::Tuned);
    if tuned.is_empty() {
        return String::new();
    }
    let verdict = |claims: &[Claim], at: usize| {
        claims.get(at).map_or("not run".to_owned(), |claim| {
            let (better, worse) = claim.counts();
            let (corrected, corrected_worse) = claim.corrected_counts();
            format!(
                "**{}**: {better} for ({corrected}), {worse} against ({corrected_worse}), of {}",
                claim.verdict().name(),
                claim.findings.len()
            )
        })
    };
    let mut text = "\n**One step size, or each its best.** Findings for and against, in brackets those that Holm's correction leaves. At one step size: in
experiments of their own with the usual networks, and in `tuned`, where it is the best one of the arm without balancing.\n\n| claim | at one step size | in `tuned`, at one step size | in `tuned`, each at its best | at the paper's size |\n|---|---|---|---|---|\n"
        .to_owned();
    let questions = [
        (
            "Balancing before learning improves learning speed.",
            Experiment::BalancedStart,
            0,
        ),
        (
            "Balancing before learning improves the final performance.",
            Experiment::BalancedStart,
            1,
        ),
        (
            "Full or partial balancing in alternation with epochs improves learning speed.",
            Experiment::BalancedDuring,
            0,
        ),
        (
            "Full or partial balancing in alternation with epochs improves the final performance.",
            Experiment::BalancedDuring,
            1,
        ),
    ];
    for (at, (claim, experiment, own)) in questions.into_iter().enumerate() {
        let _ = writeln!(
            text,
            "| {claim} | {} | {} | {} | not yet run |",
            verdict(&claims(experiment), own),
            verdict(&tuned, at + questions.len()),
            verdict(&tuned, at)
        );
    }
    text
}
