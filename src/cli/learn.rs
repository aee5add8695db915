//! `synbal learn` and `synbal report`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use synaptic_balance::learn::experiment::{Experiment, Parameters, Run, run_seeds};
use synaptic_balance::learn::{DataSet, idx};
use synaptic_balance::network::one_line;
use synaptic_balance::report::Report;
use synaptic_balance::report::learning::{
    figures, html_report, learning_report, results_page, stored_runs,
};
use synaptic_balance::theorems;

use super::arguments::{LearnArguments, ReportArguments};
use super::outputs::{self, Kind, Output};
use super::{BadInput, Exit, Failure, Progress, Reported, files};

/// Runs one experiment, or all of them, and reports each.
pub fn learn(arguments: &LearnArguments) -> Reported {
    let experiments: Vec<Experiment> = match arguments.experiment.as_str() {
        "all" => {
            let all = Experiment::ALL.into_iter();
            all.filter(|experiment| experiment.is_quick()).collect()
        }
        name => vec![name.parse().map_err(|fault| {
            let known = Experiment::ALL.map(Experiment::name).join(", ");
            BadInput(format!("{fault}; there are {known}, and all"))
        })?],
    };
    let data = match &arguments.data {
        None => DataSet::digits(),
        Some(folder) => idx::read_folder(folder).map_err(|fault| BadInput(fault.to_string()))?,
    };
    // Everything that could be refused is refused before anything is computed.
    let mut runs = Vec::new();
    for experiment in experiments {
        experiment
            .fits(&data)
            .map_err(|fault| match &arguments.data {
                None => BadInput(format!("{fault}: name a folder of images by --data")),
                Some(folder) => BadInput::at(folder, fault),
            })?;
        let parameters = Parameters::new(experiment, &data, arguments.epochs);
        runs.push((experiment, resume(parameters, arguments.output.as_deref())?));
    }
    if let Some(folder) = &arguments.output {
        std::fs::create_dir_all(folder)
            .map_err(|fault| BadInput::at(folder, format!("no folder: {}", fault.kind())))?;
        let places = runs
            .iter()
            .map(|(experiment, _)| place(folder, experiment.name()));
        let places: Vec<PathBuf> = places.collect();
        let written = places.iter().map(|path| Output::new(path, Kind::Json));
        outputs::check(&written.collect::<Vec<_>>(), &[])?;
    }
    let mut reports = Vec::new();
    let count = runs.len();
    for (index, (experiment, mut run)) in runs.into_iter().enumerate() {
        let title = match count {
            1 => experiment.name().to_owned(),
            _ => format!("{} ({} of {count})", experiment.name(), index + 1),
        };
        complete(arguments, experiment, &data, &mut run, title)?;
        if let Some(folder) = &arguments.output {
            draw(folder, &run)?;
        }
        reports.push(learning_report(&run));
    }
    let text: Vec<String> = reports.iter().map(|report| report.text.clone()).collect();
    let json: Vec<_> = reports.into_iter().map(|report| report.json).collect();
    let report = Report {
        text: text.join("\n"),
        json: json!({"status": "done", "experiments": json}),
    };
    Ok((report, Exit::Done))
}

/// The file in which a run is kept.
fn place(folder: &Path, experiment: &str) -> PathBuf {
    folder.join(format!("{experiment}.json"))
}

/// The run so far, if its parameters are those asked for.
fn resume(parameters: Parameters, folder: Option<&Path>) -> Result<Run, BadInput> {
    let Some(folder) = folder else {
        return Ok(Run::new(parameters));
    };
    let path = place(folder, &parameters.experiment);
    if !path.exists() {
        return Ok(Run::new(parameters));
    }
    let run = read(&path)?;
    let differences = run.parameters.differences(&parameters);
    match differences.is_empty() {
        true => Ok(run),
        false => Err(BadInput::at(
            &path,
            format!(
                "holds a run with {}: name another folder, or move it away",
                differences.join("; ")
            ),
        )),
    }
}

fn read(path: &Path) -> Result<Run, BadInput> {
    let text = super::text(path)?;
    Run::read(&text).map_err(|fault| BadInput::at(path, fault))
}

/// Runs the seeds that are missing; every one that finishes, or every arm of one, is kept at once.
fn complete(
    arguments: &LearnArguments,
    experiment: Experiment,
    data: &DataSet,
    run: &mut Run,
    title: String,
) -> Result<(), Failure> {
    let seeds = arguments.seeds.unwrap_or(experiment.default_seeds());
    let steps = experiment.steps(&run.parameters).saturating_mul(seeds);
    let total = steps.saturating_add(experiment.steps_before());
    let done = experiment.steps_held(run, seeds);
    let progress = Progress::over(title, total, done);
    let say = |seed: u64, what: &str| progress.step(&format!("seed {seed}, {what}"));
    let folder = arguments.output.as_deref();
    let mut keep = |run: &Run| match folder {
        None => Ok(()),
        Some(folder) => {
            let path = place(folder, experiment.name());
            files::write_all(vec![(path, run.write().into_bytes())])
        }
    };
    let done = run_seeds(run, experiment, data, seeds, &mut keep, &say);
    drop(progress);
    Ok(done.map_err(|failure| Failure::Incomplete(failure.to_string()))??)
}

/// Writes the pictures of a run beside it.
fn draw(folder: &Path, run: &Run) -> Result<(), Failure> {
    let drawn = figures(run).map_err(|fault| Failure::Incomplete(fault.to_string()))?;
    let named: Vec<(PathBuf, Vec<u8>)> = drawn
        .into_iter()
        .map(|figure| {
            let path = folder.join(format!("{}.svg", figure.name));
            (path, figure.svg.into_bytes())
        })
        .collect();
    Ok(files::write_all(named)?)
}

/// Checks the theorems and writes the page.
pub fn report(arguments: &ReportArguments) -> Reported {
    let runs = match &arguments.runs {
        None => stored_runs().map_err(|fault| Failure::Incomplete(fault.to_string()))?,
        Some(folder) => read_folder(folder)?,
    };
    let progress = Progress::new();
    progress.say("checking the theorems");
    let verdicts = theorems::run::<&str>(&[]).map_err(|fault| BadInput(fault.to_string()))?;
    drop(progress);
    let page = html_report(&arguments.command(), &verdicts, &runs);
    let page = page.map_err(|fault| Failure::Incomplete(fault.to_string()))?;
    let mut outputs = vec![(&arguments.output, page.into_bytes())];
    if let Some(path) = &arguments.results {
        outputs.push((path, results_page(&runs).into_bytes()));
    }
    files::write_all(outputs)?;
    let failed: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| verdict.outcome.is_err())
        .map(|verdict| verdict.theorem.id)
        .collect();
    let experiments: Vec<&str> = runs
        .iter()
        .map(|run| run.parameters.experiment.as_str())
        .collect();
    let plural = if runs.len() == 1 { "" } else { "s" };
    let text = format!(
        "{} theorems checked, {} failed; {} experiment{plural}; written to {}\n",
        verdicts.len(),
        failed.len(),
        runs.len(),
        one_line(&arguments.output.display().to_string())
    );
    let verdict = match failed.is_empty() {
        true => Exit::Done,
        false => Exit::False,
    };
    let json = json!({
        "status": "written",
        "file": arguments.output.display().to_string(),
        "theorems": verdicts.len(),
        "failed": failed,
        "experiments": experiments,
    });
    Ok((Report { text, json }, verdict))
}

/// The runs in a folder, in the order of the experiments.
fn read_folder(folder: &Path) -> Result<Vec<Run>, BadInput> {
    let mut found = BTreeMap::new();
    for (position, experiment) in Experiment::ALL.into_iter().enumerate() {
        let path = place(folder, experiment.name());
        if path.exists() {
            let run = read(&path)?;
            if run.experiment() != Some(experiment) {
                let held = &run.parameters.experiment;
                return Err(BadInput::at(&path, format!("holds the experiment {held}")));
            }
            found.insert(position, run);
        }
    }
    match found.is_empty() {
        true => Err(BadInput::at(folder, "holds no runs of experiments")),
        false => Ok(found.into_values().collect()),
    }
}
