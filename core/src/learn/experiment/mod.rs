//! The simulations of the paper, with statistics and verdicts.
//!
//! Every experiment trains (or balances) the same arms from the same start for each seed, so that arms can be compared
//! in pairs. A run is a list of seed results; the same seed gives the same bits again, on any number of threads.
//! (Another processor may round differently: its matrix products may use fused multiply-adds.)
//!
//! What is random for a seed: the initial weights and the order of the images; both are the same for all arms.

mod claims;
mod decay;
mod fixpoint;
mod jobs;
mod plan;
mod run;
mod seeds;
mod trials;
pub mod tuned;

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use thiserror::Error;

use super::{DataSet, GradientError};
pub use claims::{CONFIDENCE, Claim, Comparison, Finding, Verdict};
pub use plan::networks;
pub use run::{FORMAT, Run, RunError, SeedResult, Series, Unfinished};
pub use seeds::{run_seeds, seed_result};

/// A simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Experiment {
    /// Does `E` alone balance, does `E + R`?
    RegularizedBalances,
    /// Is balance kept by descent on `E`?
    BalanceIsLost,
    /// Do all orders of the stochastic algorithm end at one point?
    OneFixpoint,
    /// Does balancing before learning help?
    BalancedStart,
    /// Does balancing in alternation with epochs help?
    BalancedDuring,
    /// Does it help with one image in a hundred?
    LittleData,
    /// The same questions for recurrent networks.
    Recurrent,
    /// How often must the weights be read to balance a deep network?
    ReadsByDepth,
    /// Does training under `E + R` balance as fast as the decay law says?
    Decay,
    /// Does balancing help where every arm has a step size of its own?
    Tuned,
    /// The same for a recurrent network that reads sequences.
    Sequences,
    /// The same with the paper's networks, on large images.
    Paper,
}

impl Experiment {
    /// All of them, in the order of the results page.
    pub const ALL: [Experiment; 12] = [
        Experiment::RegularizedBalances,
        Experiment::BalanceIsLost,
        Experiment::OneFixpoint,
        Experiment::BalancedStart,
        Experiment::BalancedDuring,
        Experiment::LittleData,
        Experiment::Recurrent,
        Experiment::ReadsByDepth,
        Experiment::Decay,
        Experiment::Tuned,
        Experiment::Sequences,
        Experiment::Paper,
    ];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Experiment::RegularizedBalances => "regularized-balances",
            Experiment::BalanceIsLost => "balance-is-lost",
            Experiment::OneFixpoint => "one-fixpoint",
            Experiment::BalancedStart => "balanced-start",
            Experiment::BalancedDuring => "balanced-during",
            Experiment::LittleData => "little-data",
            Experiment::Recurrent => "recurrent",
            Experiment::ReadsByDepth => "reads-by-depth",
            Experiment::Decay => "decay",
            Experiment::Tuned => "tuned",
            Experiment::Sequences => "sequences",
            Experiment::Paper => "paper",
        }
    }

    /// What is done, in a sentence or two.
    pub fn description(self) -> &'static str {
        match self {
            Experiment::RegularizedBalances => {
                "An autoencoder descends on the squared error E alone, on E + L2 (R = 0.01 times the sum of squared weights) and on E + L1 (0.004 times the sum of magnitudes). The claim is about convergence: weaker penalties or fewer epochs leave more of the deficit. A unit that E no longer needs keeps its |A - B| / (A + B) under L2, as all its weights shrink by one factor; the total Σ |A - B| falls with the weights alone. So balance is judged by both, and by Σ |A - B| / Σ (A + B), in which units count by their costs."
            }
            Experiment::BalanceIsLost => {
                "An autoencoder is balanced (L2), then descends on E alone at several step sizes, for the same learning time (step size times steps)."
            }
            Experiment::OneFixpoint => {
                "The stochastic algorithm balances one trained classifier 1,000 times, in different random orders, to a deficit of 1e-12; the kernel has verified rational bounds on the one optimum, to 9 digits."
            }
            Experiment::BalancedStart => {
                "Networks are balanced fully before they descend on E: an autoencoder and classifiers with 2, 3 and 5 layers of weights."
            }
            Experiment::BalancedDuring => {
                "Networks are balanced before every epoch, fully or partially (each unit once, half of the way), and descend on E: an autoencoder and classifiers with 3 and 5 layers of weights."
            }
            Experiment::LittleData => {
                "Classifiers with 2, 3 and 5 layers of weights learn from one image in a hundred (at least one of each class); all test images count. An epoch is five passes over the images."
            }
            Experiment::Recurrent => {
                "A recurrent network of ReLU units reads an image row by row and names its class at the end. It descends on the cross-entropy E alone, on E + L2 (R = 0.01 times the sum of squared weights), and on E with balancing before learning or before every epoch."
            }
            Experiment::ReadsByDepth => {
                "Random layered networks of width 8 are balanced to a deficit of 1e-9; a read is one look at all weights."
            }
            Experiment::Decay => {
                "A small autoencoder (hidden units 24-12-24) descends on E + L2 (λ = 0.01) at several step sizes, for the same learning time t. D of a unit is the sum of its squared incoming weights less that of its outgoing ones; two laws predict it from the start: the decay e^(-4λt) of the gradient flow, and the law of single steps, which also counts what the gradients of E put in."
            }
            Experiment::Tuned => {
                "A small autoencoder (hidden units 24-12-24) and a small classifier (24-12) learn by plain descent, momentum or Adam, each from four kinds of weights; the networks of the other experiments, here called wide (an autoencoder and classifiers with 2, 3 and 5 layers of weights), by the three rules from the usual weights. All do so on E or on E + L2 (R = 0.001 times the sum of squared weights), not balanced, balanced before learning, before every epoch, or partially before every epoch (each unit once, half of the way). What momentum and Adam remember is rescaled with the weights. Every arm has a step size of its own, chosen from one grid of powers of two on three other seeds: that of the lowest mean loss on validation images (a fifth of those to learn from) after the last epoch, the smaller one of equals; a run that diverges counts as infinite."
            }
            Experiment::Sequences => {
                "A recurrent classifier (32 ReLU units) reads sequences, row by row: sentences of which it is to say whether they are meant well, or images. It learns by plain descent on E or on E + L2 (R = 0.001 times the sum of squared weights), not balanced, balanced before learning, before every epoch, or partially before every epoch. Every arm has a step size of its own, by the rule of `tuned`."
            }
            Experiment::Paper => {
                "The paper's networks, at its size, on images of at least 28 x 28 pixels: its autoencoder, classifiers with 2, 3 and 5 layers of weights on all images and on one in a hundred, a locally connected and a convolutional one (5 x 5 pixels, 2 apart, 8 channels, 64 dense units), and a recurrent one that reads rows. They learn by plain descent, on few images also with momentum and with Adam, on E or on E + L2 (R = 0.001 times the sum of squared weights), not balanced, balanced before learning, before every epoch, or partially before every epoch (each unit once, half of the way). Step sizes are found on one image in a hundred, for twice as many epochs, by the rule of `tuned`; then every arm learns with the step size found, half and twice of it, and the best of the three on validation images (one in twelve of those to learn from) counts."
            }
        }
    }

    /// Epochs, unless others are asked for.
    ///
    /// Where a penalty is to balance they are many times the relaxation time of `Σ_IN w² - Σ_OUT w²`, which is `1/(4 ·
    /// strength · step size)` steps for `L2`: at first the norm falls as fast as that difference does, and the deficit
    /// hardly.
    pub fn default_epochs(self) -> usize {
        match self {
            Experiment::RegularizedBalances => 300,
            Experiment::Recurrent => 80,
            Experiment::BalanceIsLost => 10,
            Experiment::OneFixpoint => 5,
            Experiment::ReadsByDepth => 1,
            Experiment::Decay => 60,
            Experiment::Tuned | Experiment::Sequences => 5,
            Experiment::Paper => 10,
            _ => 40,
        }
    }

    /// Seeds, unless others are asked for.
    pub fn default_seeds(self) -> u64 {
        match self {
            Experiment::Paper => 3,
            _ => 8,
        }
    }

    /// In how many steps a seed tells of its progress: passes over the images, random orders, networks balanced. They
    /// are of about one length within an arm.
    pub fn steps(self, parameters: &Parameters) -> u64 {
        match self {
            Experiment::OneFixpoint => fixpoint::ORDERS.saturating_add(parameters.epochs as u64),
            Experiment::ReadsByDepth => fixpoint::balanced_networks(),
            Experiment::Decay => decay::passes(parameters.epochs),
            _ => match self.plan() {
                Some(plan) => tuned::steps(&plan, parameters),
                None => plan::passes(self, parameters.epochs),
            },
        }
    }

    /// The same before the first seed.
    pub fn steps_before(self) -> u64 {
        self.plan().map_or(0, |plan| tuned::tuning_steps(&plan))
    }

    /// How many of the steps of so many seeds, and of those before, a run has behind it.
    pub fn steps_held(self, run: &Run, count: u64) -> u64 {
        if let Some(plan) = self.plan() {
            return tuned::steps_held(&plan, run, count);
        }
        let held = run.seeds.iter().filter(|held| held.seed < count);
        self.steps(&run.parameters)
            .saturating_mul(held.count() as u64)
    }

    /// Its plan, where every arm has a step size of its own.
    pub fn plan(self) -> Option<tuned::Plan> {
        tuned::Plan::of(self)
    }

    /// Is it over in minutes on the embedded digits, so that it is one of `all`?
    pub fn is_quick(self) -> bool {
        self.plan().is_none()
    }

    /// Can it be run on these data?
    ///
    /// # Errors
    /// [`Unfit`]: `paper` needs images to learn from and of a size that its networks are made for.
    pub fn fits(self, data: &DataSet) -> Result<(), Unfit> {
        let (rows, columns) = (data.rows, data.columns);
        let images = data.training.inputs.ncols();
        match self {
            Experiment::Paper if rows < LARGE || columns < LARGE => {
                Err(Unfit::Small { rows, columns })
            }
            Experiment::Paper if images < FEWEST => Err(Unfit::Few(images)),
            _ => Ok(()),
        }
    }

    /// What its data are samples of.
    pub fn samples(self) -> &'static str {
        match self {
            Experiment::Sequences => "sequences",
            _ => "images",
        }
    }

    /// Does it use a data set?
    pub fn uses_data(self) -> bool {
        self != Experiment::ReadsByDepth
    }
}

/// Pixels at either side of the images that `paper` learns from, at least.
const LARGE: usize = 28;
/// Images that `paper` learns from, at least: it takes one in a hundred.
const FEWEST: usize = 100;

/// Data that an experiment cannot be run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Images too small for the networks.
    #[error(
        "`paper` needs images of at least {LARGE} x {LARGE} pixels, these have {rows} x {columns}"
    )]
    Small {
        /// Rows of pixels.
        rows: usize,
        /// Pixels in a row.
        columns: usize,
    },
    /// Too few images to learn from.
    #[error("`paper` needs at least {FEWEST} images to learn from, these are {0}")]
    Few(usize),
}

/// A name that no experiment has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no experiment `{0}`")]
pub struct UnknownExperiment(String);

impl FromStr for Experiment {
    type Err = UnknownExperiment;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Experiment::ALL.into_iter();
        all.find(|experiment| experiment.name() == name)
            .ok_or_else(|| UnknownExperiment(name.to_owned()))
    }
}

/// What a run depends on besides its seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The experiment's name.
    pub experiment: String,
    /// The data set's name.
    pub data: String,
    /// A hash of the data.
    pub fingerprint: String,
    /// Images to learn from.
    pub training_images: usize,
    /// Images to test with.
    pub test_images: usize,
    /// Epochs.
    pub epochs: usize,
    /// Images in a batch.
    pub batch: usize,
}

impl Parameters {
    /// The parameters of an experiment on a data set.
    pub fn new(experiment: Experiment, data: &DataSet, epochs: Option<usize>) -> Self {
        let images = data.training.inputs.ncols();
        let name = experiment.name().to_owned();
        let epochs = epochs.unwrap_or(experiment.default_epochs());
        match experiment.uses_data() {
            true => Parameters {
                experiment: name,
                data: data.name.clone(),
                fingerprint: format!("{:016x}", data.fingerprint),
                training_images: images,
                test_images: data.test.inputs.ncols(),
                epochs,
                // The paper's 200 would leave few steps an epoch of a small set.
                batch: if images >= 20_000 { 200 } else { 20 },
            },
            false => Parameters {
                experiment: name,
                data: "none".to_owned(),
                fingerprint: String::new(),
                training_images: 0,
                test_images: 0,
                epochs: 1,
                batch: 0,
            },
        }
    }

    /// Where two sets of parameters differ, in words; empty if nowhere.
    pub fn differences(&self, asked: &Parameters) -> Vec<String> {
        let number = |value: usize| value.to_string();
        let pairs = [
            (
                "experiment",
                self.experiment.clone(),
                asked.experiment.clone(),
            ),
            ("data", self.data.clone(), asked.data.clone()),
            (
                "data fingerprint",
                self.fingerprint.clone(),
                asked.fingerprint.clone(),
            ),
            (
                "training images",
                number(self.training_images),
                number(asked.training_images),
            ),
            (
                "test images",
                number(self.test_images),
                number(asked.test_images),
            ),
            ("epochs", number(self.epochs), number(asked.epochs)),
            ("batch", number(self.batch), number(asked.batch)),
        ];
        let different = pairs.into_iter().filter(|(_, held, asked)| held != asked);
        different
            .map(|(name, held, asked)| format!("{name} {held}, not {asked}"))
            .collect()
    }
}

/// Why a seed has no result.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExperimentError {
    /// No gradient.
    #[error(transparent)]
    Gradient(#[from] GradientError),
    /// The layers do not fit.
    #[error(transparent)]
    Perceptron(#[from] super::PerceptronError),
    /// Balancing failed.
    #[error(transparent)]
    Balance(#[from] crate::solve::SolveError),
    /// No certificate.
    #[error(transparent)]
    Certify(#[from] crate::solve::CertifyError),
    /// Data that the experiment cannot be run on.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Weights that are no longer finite: the step size is too large.
    #[error(
        "seed {seed}, {arm}: the weights are no longer finite: the step size is too large for these data"
    )]
    Diverged {
        /// The seed.
        seed: u64,
        /// The arm.
        arm: String,
    },
}

/// What is told of a step: the seed, and what the step was part of.
pub type Progress<'a> = &'a (dyn Fn(u64, &str) + Sync);

/// Six significant digits of every value.
fn rounded_series(series: &mut Series) {
    for value in series.values_mut().flatten() {
        *value = rounded(*value);
    }
}

/// Six significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
