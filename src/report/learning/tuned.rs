//! Arms with step sizes of their own: pictures and tables.

use serde_json::{Value, json};
use std::fmt::Write;

use super::figures::{Figure, axis};
use super::{interval, mean_and_deviation, number, outcome};
use crate::learn::experiment::tuned::{Row, in_words, mean_losses, mean_of, rows};
use crate::learn::experiment::{Claim, Experiment, Finding, Run};
use crate::report::chart::{Chart, ChartError, Curve, Scale, Style};

/// What lies so many times above the lowest loss of a picture is left out of it.
const CEILING: f64 = 30.0;

type Points = Vec<(f64, f64)>;

pub(super) fn curve(name: &str, points: Points, style: Style) -> Curve {
    Curve {
        name: name.to_owned(),
        points,
        band: Vec::new(),
        style,
    }
}

fn has_three(run: &Run) -> bool {
    let plan = run.experiment().and_then(Experiment::plan);
    plan.is_some_and(|plan| plan.has_three())
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

/// Validation loss against step size on the tuning set, one picture for each setting that was tried.
pub(super) fn step_size_figures(run: &Run) -> Result<Vec<Figure>, ChartError> {
    let Some(plan) = run.experiment().and_then(Experiment::plan) else {
        return Ok(Vec::new());
    };
    let mut rows = rows(run);
    rows.retain(|row| row.tried == row.name);
    let of = |row: &Row| {
        let count = plan.grid().len();
        let means = mean_losses(&run.tuning, &row.tried, "validation loss", count);
        let points = plan.grid().iter().zip(means);
        points
            .filter_map(|(rate, loss)| Some((*rate, loss?)))
            .collect::<Points>()
    };
    let mut seeds = crate::report::count(run.tuning.len(), "seed");
    if has_three(run) {
        seeds.push_str(" that learn from one image in a hundred");
    }
    by_setting(&rows)
        .into_iter()
        .map(|arms| loss_figure(run, arms, "", &seeds, &of))
        .collect()
}

/// Validation loss of the results against their step sizes, one picture for each setting.
pub(super) fn three_steps_figures(run: &Run) -> Result<Vec<Figure>, ChartError> {
    let rows = rows(run);
    let of = |row: &Row| {
        let stored = row.stored.iter();
        let points = stored.filter_map(|(name, rate)| {
            Some((*rate.as_ref()?, mean_of(run, name, "validation loss")?))
        });
        points.collect::<Points>()
    };
    let seeds = format!(
        "{} of the results",
        crate::report::count(run.seeds.len(), "seed")
    );
    let each = by_setting(&rows).into_iter();
    let drawn = each.filter(|arms| arms.iter().any(|row| !of(row).is_empty()));
    drawn
        .map(|arms| loss_figure(run, arms, "-results", &seeds, &of))
        .collect()
}

/// The losses of the arms of one setting against their step sizes.
fn loss_figure(
    run: &Run,
    arms: &[Row],
    ending: &str,
    seeds: &str,
    of: &dyn Fn(&Row) -> Points,
) -> Result<Figure, ChartError> {
    let (name, setting) = (&run.parameters.experiment, arms[0].setting.as_str());
    let losses: Vec<Points> = arms.iter().map(of).collect();
    let all = losses.iter().flatten().map(|point| point.1);
    let most = CEILING * all.fold(f64::INFINITY, f64::min);
    let curves = arms.iter().zip(losses).map(|(row, mut points)| {
        points.retain(|point| point.1 <= most);
        curve(&row.short, points, Style::Line)
    });
    let unit = match setting.contains("autoencoder") {
        true => "squared error per image",
        false if run.experiment() == Some(Experiment::Sequences) => "nats per sequence",
        false => "nats per image",
    };
    let chart = Chart {
        title: format!("{name}: {setting}"),
        x: axis("step size η", Scale::Logarithmic),
        y: axis(
            &format!("validation loss at the end ({unit})"),
            Scale::Logarithmic,
        ),
        curves: curves.collect(),
    };
    let caption = format!(
        "{name}: {setting}; validation loss after the last epoch against the step size, mean over {seeds}; losses above {CEILING} times the lowest, and runs that diverged, are left out"
    );
    let name = format!("{name}-{}{ending}", in_names(setting));
    Figure::of(name, caption, &chart)
}

/// The step sizes, for programs.
pub(super) fn step_sizes_json(run: &Run) -> Value {
    let one = |row: Row| {
        let mut told = json!({
            "arm": row.name,
            "step_size": row.choice.map(|choice| choice.rate),
            "validation_loss": row.choice.map(|choice| choice.loss),
            "at_an_end": row.choice.is_some_and(|choice| choice.at_an_end),
            "diverged": row.diverged[0],
        });
        if has_three(run) {
            told["counting"] = json!(row.counting.map(|(_, rate)| rate));
        }
        told
    };
    rows(run).into_iter().map(one).collect()
}

/// What is said of step sizes above the table: whether the grid was wide enough, and what diverged.
fn remarks(rows: &[Row], three: bool) -> String {
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
    let own = match three {
        true => told(
            &list(|row| row.counting.is_none()),
            "each of three step sizes",
        ),
        false => told(&diverged, "its own step size"),
    };
    if three {
        return format!("{ends}{own}");
    }
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

/// What the table by arm says above its parts.
const TWO_WAYS: &str = "The last four columns are intervals of the difference to the arm that is never balanced: of the mean training loss
over the epochs in % (speed), and of the test loss, or test error in % (performance); each with the arm's own step size, and
with that of the arm never balanced.";
const THREE_STEPS: &str = "The step size on few images is that of the lowest validation loss there; then every arm learned with it, half and twice of it, and
the one with the lowest validation loss counts. The last two columns are intervals of the difference to the arm that is never balanced: of the
mean training loss over the epochs in % (speed), and of the test loss, or test error in % (performance).";

/// The table by arm, in Markdown.
pub(super) fn arms_table(run: &Run) -> String {
    if run.seeds.is_empty() {
        return "\n**Every arm.** No seed of the results is finished.\n".to_owned();
    }
    let (rows, three) = (rows(run), has_three(run));
    let mut text = format!(
        "\n**Every arm.** {} {} *Better* and *worse* are said where the whole interval lies on one side of 0, in bold where this
survives Holm's correction.\n",
        remarks(&rows, three),
        if three { THREE_STEPS } else { TWO_WAYS }
    );
    for arms in by_setting(&rows) {
        let measure = arms[0].measure;
        let columns = match three {
            true => vec![
                "arm",
                "step size on few images",
                "step size that counts",
                "validation loss",
                measure,
                "speed",
                "performance",
            ],
            false => vec![
                "arm",
                "step size",
                "validation loss",
                measure,
                "speed",
                "performance",
                "speed, one step size",
                "performance, one step size",
            ],
        };
        let _ = write!(
            text,
            "\n{}:\n\n| {} |\n|{}\n",
            capital(&arms[0].setting),
            columns.join(" | "),
            "---|".repeat(columns.len())
        );
        for row in arms {
            let _ = writeln!(text, "| {} |", cells(run, row).join(" | "));
        }
    }
    text
}

/// The cells of an arm.
fn cells(run: &Run, row: &Row) -> Vec<String> {
    let missing = || "-".to_owned();
    let found = row.choice.map(|choice| in_words(choice.rate));
    let counting = row.counting.as_ref();
    let last = |(name, _): &(String, f64)| {
        let series = run.series(name, row.measure).into_iter();
        let last: Vec<f64> = series.filter_map(|values| values.last().copied()).collect();
        mean_and_deviation(&last)
    };
    let mut cells = vec![row.short.clone(), found.unwrap_or_else(missing)];
    let comparisons: Vec<&[Option<Finding>; 2]> = match has_three(run) {
        true => {
            let own = counting.map(|(_, rate)| in_words(*rate));
            let loss = counting.and_then(|(name, _)| mean_of(run, name, "validation loss"));
            cells.push(own.unwrap_or_else(missing));
            cells.push(loss.map_or_else(missing, number));
            vec![&row.tuned]
        }
        false => {
            cells.push(
                row.choice
                    .map_or_else(missing, |choice| number(choice.loss)),
            );
            vec![&row.tuned, &row.untuned]
        }
    };
    cells.push(counting.map_or_else(missing, last));
    cells.extend(
        comparisons
            .into_iter()
            .flatten()
            .map(|found| cell(found.as_ref())),
    );
    cells
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
    let (rows, three) = (rows(run), has_three(run));
    let columns = match three {
        true => "speed | performance |\n|---|---|---|\n",
        false => {
            "speed, tuned | performance, tuned | speed, one step size | performance, one step size |\n|---|---|---|---|---|\n"
        }
    };
    let mut text = format!(
        "\n**By network, rule and start.** Comparisons better (after Holm's correction) / worse (after it) / undecided:\n\n| network, rule, start | {columns}"
    );
    for arms in by_setting(&rows) {
        let of = |pair: fn(&Row) -> &[Option<Finding>; 2], at: usize| {
            counts(arms.iter().filter_map(|row| pair(row)[at].as_ref()))
        };
        let mut cells = vec![of(|row| &row.tuned, 0), of(|row| &row.tuned, 1)];
        if !three {
            cells.extend([of(|row| &row.untuned, 0), of(|row| &row.untuned, 1)]);
        }
        let _ = writeln!(text, "| {} | {} |", arms[0].setting, cells.join(" | "));
    }
    text
}

/// What findings come to, in a cell.
fn verdict(claim: Option<&Claim>) -> String {
    claim.map_or("not run".to_owned(), |claim| {
        let (better, worse) = claim.counts();
        let (corrected, corrected_worse) = claim.corrected_counts();
        format!(
            "**{}**: {better} for ({corrected}), {worse} against ({corrected_worse}), of {}",
            claim.verdict().name(),
            claim.findings.len()
        )
    })
}

/// The findings of some claims together, of those about networks with these words in their names.
fn pooled(claims: &[Claim], places: [usize; 2], network: &str) -> Option<Claim> {
    let chosen = places.into_iter().filter_map(|at| claims.get(at));
    let findings = chosen.flat_map(|claim| &claim.findings);
    let findings = findings.filter(|found| found.what.contains(network));
    let findings: Vec<Finding> = findings.cloned().collect();
    let statement = claims.first()?.statement;
    (!findings.is_empty()).then_some(Claim {
        statement,
        findings,
    })
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
    let paper = runs.iter().find(|run| has_three(run));
    let size = paper.map_or_else(String::new, |run| {
        format!(
            " At the paper's size: {} and {}, with plain descent; on few images with momentum and Adam too.",
            crate::report::count(run.seeds.len(), "seed"),
            crate::report::count(run.parameters.epochs, "epoch")
        )
    });
    let paper = claims(Experiment::Paper);
    let large = |claim: Option<&Claim>| match paper.is_empty() {
        true => "not yet run".to_owned(),
        false => verdict(claim),
    };
    let mut text = format!("\n**One step size, or each its best.** Findings for and against, in brackets those that Holm's correction leaves. At one step size: in
experiments of their own with the usual networks, and in `tuned`, where it is the best one of the arm without balancing.{size} The last
four rows are about some of the networks alone, balanced before learning or in alternation with it.\n\n| claim | at one step size | in `tuned`, at one step size | in `tuned`, each at its best | at the paper's size |\n|---|---|---|---|---|\n");
    let asked = [
        (
            "Balancing before learning improves",
            Experiment::BalancedStart,
        ),
        (
            "Full or partial balancing in alternation with epochs improves",
            Experiment::BalancedDuring,
        ),
    ];
    for (group, (claim, experiment)) in asked.into_iter().enumerate() {
        let once = claims(experiment);
        let measured = ["learning speed", "the final performance"];
        for (own, what) in measured.into_iter().enumerate() {
            let at = 2 * group + own;
            let _ = writeln!(
                text,
                "| {claim} {what}. | {} | {} | {} | {} |",
                verdict(once.get(own)),
                verdict(tuned.get(at + 4)),
                verdict(tuned.get(at)),
                large(paper.get(at))
            );
        }
    }
    text.push_str(&some_networks(&claims, &large));
    text
}

/// The same where data are few, and for recurrent networks.
fn some_networks(
    claims: &dyn Fn(Experiment) -> Vec<Claim>,
    large: &dyn Fn(Option<&Claim>) -> String,
) -> String {
    let [few, recurrent, sequences, paper] = [
        Experiment::LittleData,
        Experiment::Recurrent,
        Experiment::Sequences,
        Experiment::Paper,
    ]
    .map(claims);
    let mut text = String::new();
    for (at, claim) in few.iter().enumerate() {
        let paper = pooled(&paper, [at, at + 2], "on few images");
        let _ = writeln!(
            text,
            "| {} | {} | - | - | {} |",
            claim.statement,
            verdict(Some(claim)),
            large(paper.as_ref())
        );
    }
    let first = recurrent.len().saturating_sub(2);
    for (at, claim) in recurrent[first..].iter().enumerate() {
        let of_sentences = |at| {
            format!(
                "in `sequences`: {}",
                verdict(pooled(&sequences, [at, at + 2], "").as_ref())
            )
        };
        let paper = pooled(&paper, [at, at + 2], "recurrent");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            claim.statement,
            verdict(Some(claim)),
            of_sentences(at + 4),
            of_sentences(at),
            large(paper.as_ref())
        );
    }
    text
}
