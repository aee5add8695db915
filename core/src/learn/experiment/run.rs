//! What a run gives, seed by seed, and how it is stored.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Claim, Experiment, Parameters, UnknownExperiment, claims, tuned};

/// Measures over time, by name.
pub type Series = IndexMap<String, Vec<f64>>;

/// What one seed gave. Numbers are kept to six significant digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// For each arm its measures, one value an epoch, the start included.
    pub arms: IndexMap<String, Series>,
    /// Points for pictures, from seed 0 only.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub samples: Series,
}

/// The name of the format of stored runs.
pub const FORMAT: &str = "synaptic-balance/learning";

/// A run, finished or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// [`FORMAT`].
    pub format: String,
    /// 1.
    pub version: u32,
    /// What it depends on.
    pub parameters: Parameters,
    /// The finished seeds of the tuning set, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tuning: Vec<tuned::TuningResult>,
    /// Seeds of which some arms are finished, where arms are kept one by one.
    #[serde(default, skip_serializing_if = "Unfinished::is_empty")]
    pub unfinished: Unfinished,
    /// The finished seeds, in order.
    pub seeds: Vec<SeedResult>,
}

/// What is known of seeds that are not finished: their finished arms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// Those of the tuning set, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tuning: Vec<tuned::TuningResult>,
    /// Those of the results, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<SeedResult>,
}

impl Unfinished {
    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.tuning.is_empty() && self.seeds.is_empty()
    }
}

/// Why a stored run cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunError {
    /// Not such a document.
    #[error("is no stored run: {0}")]
    Document(String),
    /// Another format or version.
    #[error("holds {format} version {version}, not {FORMAT} version 1")]
    Format {
        /// The format.
        format: String,
        /// The version.
        version: u32,
    },
    /// An experiment that does not exist.
    #[error(transparent)]
    Experiment(#[from] UnknownExperiment),
}

impl Run {
    /// A run without seeds.
    pub fn new(parameters: Parameters) -> Self {
        Run {
            format: FORMAT.to_owned(),
            version: 1,
            parameters,
            tuning: Vec::new(),
            unfinished: Unfinished::default(),
            seeds: Vec::new(),
        }
    }

    /// Reads a stored run.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn read(text: &str) -> Result<Self, RunError> {
        let run: Run =
            serde_json::from_str(text).map_err(|fault| RunError::Document(fault.to_string()))?;
        if run.format != FORMAT || run.version != 1 {
            let (format, version) = (run.format, run.version);
            return Err(RunError::Format { format, version });
        }
        run.parameters.experiment.parse::<Experiment>()?;
        Ok(run)
    }

    /// The document that [`read`](Self::read) reads, one line for each seed.
    pub fn write(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(line).collect();
        let tuning: Vec<String> = self.tuning.iter().map(line).collect();
        let tuning = match tuning.is_empty() {
            true => String::new(),
            false => format!("\"tuning\": [\n{}\n],\n", tuning.join(",\n")),
        };
        let unfinished = match self.unfinished.is_empty() {
            true => String::new(),
            false => format!("\"unfinished\": {},\n", line(&self.unfinished)),
        };
        format!(
            "{{\"format\": \"{FORMAT}\", \"version\": 1,\n\"parameters\": {},\n{tuning}{unfinished}\"seeds\": [\n{}\n]}}\n",
            line(&self.parameters),
            seeds.join(",\n")
        )
    }

    /// The experiment.
    pub fn experiment(&self) -> Option<Experiment> {
        self.parameters.experiment.parse().ok()
    }

    /// The claims that the experiment is about, with the verdicts that the seeds give.
    pub fn claims(&self) -> Vec<Claim> {
        self.experiment()
            .map_or_else(Vec::new, |experiment| claims::claims(experiment, self))
    }

    /// The values of a measure of an arm, by seed.
    pub fn series(&self, arm: &str, measure: &str) -> Vec<&[f64]> {
        let found = self
            .seeds
            .iter()
            .filter_map(|seed| seed.arms.get(arm)?.get(measure));
        found.map(Vec::as_slice).collect()
    }

    /// The names of the arms.
    pub fn arms(&self) -> Vec<&str> {
        let first = self.seeds.first().into_iter();
        first
            .flat_map(|seed| seed.arms.keys())
            .map(String::as_str)
            .collect()
    }
}

/// A value as one line of JSON.
fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
