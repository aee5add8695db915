//! The arguments of every command.

pub use super::activations::ActivationArguments;
pub use super::checkpoint_arguments::{ApplyArguments, Moment, PartArguments};
pub use super::other_arguments::*;
use super::relu6::Relu6Arguments;
pub use super::shell::{CompletionsArguments, ManArguments};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use synaptic_balance::formats::{Model, Roles};
use synaptic_balance::network::{Network, Regularizer};
use synaptic_balance::numbers::{Rational, parse_rational, rational_to_f64};
use synaptic_balance::solve::{MAX_DIGITS, Method};

/// Synaptic neural balance: exact where possible, certified where not.
///
/// Without a command: the demonstration on an embedded, really trained network.
#[derive(Debug, Parser)]
#[command(name = "synbal", version, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Print one JSON document on stdout, and nothing else there.
    #[arg(long, global = true)]
    pub json: bool,

    /// Print no report and draw no bars: the exit code says it. What went wrong is said, and --json printed.
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Verdicts in colour: auto is on a terminal, unless NO_COLOR is set or CLICOLOR is 0.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: clap::ColorChoice,

    /// Threads to use; as many as there are cores if not given. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, and everything claimed was verified; 1 the claim is false; 2 bad usage or bad input;
3 undecided or incomplete.

Example: synbal --json";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What the architecture and the weights say: manifold, existence of the optimum, deficit by unit.
    #[command(after_help = "\
Example: synbal explain examples/chain.json --dot chain.dot
         synbal explain llama-folder --json > groups.json")]
    Explain(ExplainArguments),
    /// Balance a network.
    #[command(after_help = "\
Example: synbal balance examples/chain.json -o balanced.json --certify --certificate proof.json
         synbal verify examples/chain.json proof.json
         synbal balance data/digits-mlp.safetensors --arch relu -o balanced.safetensors
         synbal balance model.onnx -o balanced.onnx --power-of-two
         synbal balance model.onnx -o balanced.onnx --activations ranges.npz --regularizer lp:32
         synbal balance llama-folder -o balanced-folder
         synbal balance llama-folder -o part-1 --blocks 0..16
         synbal balance llama-folder --merge part-1 part-2 -o balanced-folder

A checkpoint (a folder with config.json) is balanced block by block into a new folder; a run that was stopped goes on when it is repeated, from what it keeps in .NAME.synbal-run beside it.

An architecture file: {\"format\": \"synaptic-balance/architecture\", \"version\": 1, \"activations\": [\"relu\", {\"leaky_relu\": \"1/10\"}]}, \
one activation for each hidden layer. Layers of which the names are not numbered are put in order by --layers encoder,middle,decoder, or by \
\"layers\": [\"encoder\", \"middle\", \"decoder\"] in the file.")]
    Balance(BalanceArguments),
    /// Judge another implementation's result: the same function, balanced, how far from the optimum.
    #[command(after_help = "\
Example: synbal check examples/chain.json balanced.json --regularizer l2
         synbal check examples/chain.json other.json --certificate proof.json
         synbal check llama-folder quantised-folder
         synbal check --batch requests.jsonl > answers.jsonl

Exit code: 0 the same function, and balanced; 1 another function, shown by an input, or the same and not balanced; 3 undecided: it is no scaling \
that is known, and no such input was found, or, of ONNX models and checkpoints, sought: run both models on inputs of your own.

A line of a batch is {\"id\": any, \"before\": NET, \"after\": NET, \"regularizer\": \"l2\", \"tolerance\": 1e-6, \"tied\": \"layer\", \
\"layers\": [\"a\", \"b\"]}; NET is a network or the path of one, and only before and after are needed. Each answer repeats the id and holds the exit code \
that the request alone would have had. Exit code of a batch: 2 if a line is bad input; else 1 if a claim is false; else \
3 if one is undecided; else 0.")]
    Check(CheckArguments),
    /// Check a certificate with the trusted kernel only.
    #[command(after_help = "Example: synbal verify examples/chain.json proof.json")]
    Verify(VerifyArguments),
    /// Carry the multipliers of a checkpoint to what belongs to it: other number types, adapters, states of optimizers.
    #[command(after_help = "\
Example: synbal balance llama -o balanced --json > multipliers.json
         synbal apply multipliers.json adapter -o balanced-adapter
         synbal apply multipliers.json optimizer.safetensors -o balanced-optimizer.safetensors

MULTIPLIERS is the JSON that balance prints. Factors lora_A and lora_B follow the columns and rows of their weights; numbers called exp_avg go by 1/Λ, \
exp_avg_sq by 1/Λ², with the name of a weight before or after that word. Names that belong to no weight are refused.")]
    Apply(ApplyArguments),
    /// Run the theorem catalogue and print its table.
    #[command(after_help = "\
Example: synbal theorems thm-5.1 E6
         synbal theorems --hunt 1")]
    Theorems(TheoremsArguments),
    /// Write the conformance vectors for other implementations.
    #[command(after_help = "Example: synbal vectors conformance")]
    Vectors(VectorsArguments),
    /// Measure the solvers on this machine: reads of the weights, time, and how near memory's own rate.
    #[command(after_help = "\
Example: synbal bench --quick --plot reads.svg

T is the time of one streaming read of all the weights, measured in the same run. Compare ratios: times vary with what else runs.")]
    Bench(BenchArguments),
    /// Run the learning experiments: one of regularized-balances, balance-is-lost, one-fixpoint, balanced-start,
    /// balanced-during, little-data, recurrent, reads-by-depth, decay, or all; or one that is not among all, as it
    /// takes longer: tuned, sequences, or paper, which needs --data and takes hours.
    #[command(after_help = "\
Example: synbal learn regularized-balances
         synbal learn all -o runs && synbal report runs -o report.html
         synbal learn balanced-start --data fashion-mnist --epochs 5 -o fashion
         synbal learn paper --data /usr/share/datasets/fashion-mnist -o paper

With -o a run that is killed goes on from its finished seeds; tuned, sequences and paper, from their finished arms. The verdicts are about data: exit code 0 says that all seeds \
were run, whatever they show.")]
    Learn(LearnArguments),
    /// Write one HTML page with the theorems, the experiments and their pictures; it needs no network.
    #[command(after_help = "Example: synbal report -o report.html")]
    Report(ReportArguments),
    /// Serve a page to this machine: balance a network by hand, or look at the ranges of a model's layers.
    #[cfg(feature = "explore")]
    #[command(after_help = "Example: synbal explore examples/chain.json")]
    Explore(super::explore::ExploreArguments),
    /// Print a script with which a shell completes commands and options.
    #[command(
        after_help = "Example: synbal completions bash > ~/.local/share/bash-completion/completions/synbal"
    )]
    Completions(CompletionsArguments),
    /// Write the pages of the manual.
    #[command(after_help = "Example: synbal man ~/.local/share/man/man1 && man synbal-balance")]
    Man(ManArguments),
    /// Run proof scripts.
    #[cfg(feature = "script")]
    #[command(after_help = "\
Example: synbal prove proofs/one-unit/thm-3.1-lp.rhai

Exit code: the worst of all scripts: 2 a script is wrong; 1 a claim failed; 3 a claim was left unproved, or there is no qed(); 0 checked.")]
    Prove(ProveArguments),
}

/// What tensors of ONNX models are, where the rules take them for something else.
#[derive(Debug, Args, Default)]
pub struct RoleArguments {
    /// For ONNX models: this tensor is learned, and may be scaled (repeatable).
    #[arg(long, value_name = "NAME")]
    pub learned: Vec<String>,
    /// For ONNX models: this tensor is a constant, and is never changed (repeatable).
    #[arg(long, value_name = "NAME")]
    pub constant: Vec<String>,
}

impl RoleArguments {
    /// The roles.
    pub fn roles(&self) -> Roles {
        Roles {
            learned: self.learned.clone(),
            constant: self.constant.clone(),
        }
    }

    /// The model with these roles.
    pub fn apply(&self, file: Model) -> Result<Model, String> {
        let roles = self.roles();
        match file {
            file if roles.is_empty() => Ok(file),
            Model::Onnx(model) => {
                let model = model.with_roles(&roles).map_err(|fault| fault.to_string())?;
                Ok(Model::Onnx(Box::new(model)))
            }
            _ => Err("--learned and --constant are for ONNX models: in other files all weights are learned".into()),
        }
    }
}

/// How checkpoints of transformers are read.
#[derive(Debug, Clone, Args)]
pub struct FamilyArguments {
    /// For checkpoints: the description of a family that is not known, in the language of docs/families.md.
    #[arg(long, value_name = "FILE")]
    pub family: Option<PathBuf>,
    /// For checkpoints: whether gains of norms take part.
    #[arg(long, value_enum, default_value_t = Gains::Counted)]
    pub gains: Gains,
}

/// Whether gains of norms are weights like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Gains {
    /// They are scaled and counted.
    Counted,
    /// They stay as they are.
    Fixed,
}

impl FamilyArguments {
    /// Do gains stay as they are?
    pub fn fixes_gains(&self) -> bool {
        self.gains == Gains::Fixed
    }
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The network: JSON, ONNX, a safetensors file with --arch, or a checkpoint: a folder with config.json or
    /// adapter_config.json, or the index in it.
    pub network: PathBuf,
    /// l1, l2, lp:P or mix:a1*P1+a2*P2.
    #[arg(long, default_value = "l2")]
    pub regularizer: Regularizer,
    /// Let units share one multiplier.
    #[arg(long, value_enum)]
    pub tied: Option<Tied>,
    /// Write a basis of the constraints, however long it is; up to 10,000 synapses it is written anyway, of ONNX models
    /// never.
    #[arg(long)]
    pub basis: bool,
    /// Say everything: all layers, the channels of every tensor, what pins them, constants, more units.
    #[arg(long)]
    pub full: bool,
    /// Write the graph in Graphviz DOT: of units up to 200 synapses, of layers beyond.
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
    /// With --dot: draw units and their weights, however many they are.
    #[arg(long, requires = "dot")]
    pub dot_units: bool,
    /// Write the certificate of the constraints; not for ONNX models.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    #[command(flatten)]
    pub perceptron: Perceptron,
    #[command(flatten)]
    pub roles: RoleArguments,
    #[command(flatten)]
    pub relu6: Relu6Arguments,
    #[command(flatten)]
    pub activations: ActivationArguments,
    #[command(flatten)]
    pub family: FamilyArguments,
}

#[derive(Debug, Args)]
pub struct BalanceArguments {
    /// The network: JSON, ONNX, a safetensors file with --arch, or a checkpoint: a folder with config.json, or the
    /// index in it.
    pub network: PathBuf,
    /// Write the balanced network.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// l1, l2, lp:P or mix:a1*P1+a2*P2.
    #[arg(long, default_value = "l2")]
    pub regularizer: Regularizer,
    /// How to balance.
    #[arg(long, value_enum, default_value_t = MethodName::Direct)]
    pub method: MethodName,
    /// Seed of the stochastic algorithm.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Let units share one multiplier.
    #[arg(long, value_enum)]
    pub tied: Option<Tied>,
    /// Accept an infimum that is not attained, and go to its limit.
    #[arg(long)]
    pub limit: bool,
    /// The deficit to reach.
    #[arg(long, default_value = "1e-12", value_parser = tolerance)]
    pub tolerance: f64,
    /// Enclose every balanced multiplier, to so many significant digits, and have the kernel verify it.
    #[arg(long, value_name = "DIGITS", num_args = 0..=1, require_equals = true, default_missing_value = "12",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DIGITS)))]
    pub certify: Option<u32>,
    /// Write the certificate (implies --certify); of a checkpoint a folder with one for each block.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Draw the ranges of channels by layer, before and after, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Let the paper's algorithm check the result whatever the size; it does by default up to two million weights.
    #[arg(long)]
    pub cross_check: bool,
    /// Round multipliers to powers of two: in binary floating point the scaled weights are then exact, and so is the
    /// function. The default for weights of 16 bits.
    #[arg(long)]
    pub power_of_two: bool,
    /// For weights of 16 bits: round each weight of the optimum instead.
    #[arg(long, conflicts_with = "power_of_two")]
    pub round: bool,
    /// Keep every multiplier between 1/S and S (a rational of 1 or more).
    #[arg(long, value_name = "S", value_parser = bound)]
    pub max_scaling: Option<Rational>,
    #[command(flatten)]
    pub parts: PartArguments,
    #[command(flatten)]
    pub family: FamilyArguments,
    #[command(flatten)]
    pub perceptron: Perceptron,
    #[command(flatten)]
    pub roles: RoleArguments,
    #[command(flatten)]
    pub relu6: Relu6Arguments,
    #[command(flatten)]
    pub activations: ActivationArguments,
}

impl BalanceArguments {
    /// Are multipliers rounded to powers of two, for weights of 16 bits or more?
    pub fn rounds(&self, is_short: bool) -> bool {
        self.power_of_two || (is_short && !self.round)
    }

    /// The digits to certify, if any.
    pub fn digits(&self) -> Option<u32> {
        let unnamed = self.certificate.as_ref().map(|_| DEFAULT_DIGITS);
        self.certify.or(unnamed)
    }
}

/// Digits certified where a certificate file is asked for without a number of digits.
pub const DEFAULT_DIGITS: u32 = 12;

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The network before balancing: JSON, ONNX, a safetensors file with --arch, or the folder of a checkpoint.
    #[arg(required_unless_present = "batch")]
    pub before: Option<PathBuf>,
    /// The result to judge: the same network with other weights.
    #[arg(required_unless_present = "batch")]
    pub after: Option<PathBuf>,
    /// Answer a file of requests instead, one JSON document a line, in order; `-` reads them from stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["before", "after"])]
    pub batch: Option<PathBuf>,
    /// l1, l2, lp:P or mix:a1*P1+a2*P2.
    #[arg(long, default_value = "l2")]
    pub regularizer: Regularizer,
    /// The relative deviation that counts as none, of scaled weights and of the deficit.
    #[arg(long, default_value = "1e-6", value_parser = tolerance)]
    pub tolerance: f64,
    /// Let units share one multiplier.
    #[arg(long, value_enum)]
    pub tied: Option<Tied>,
    /// Write the certificate of what was proved: an exact scaling, or what stands against every scaling.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    pub certificate: Option<PathBuf>,
    #[command(flatten)]
    pub family: FamilyArguments,
    #[command(flatten)]
    pub perceptron: Perceptron,
    #[command(flatten)]
    pub roles: RoleArguments,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The network: JSON, ONNX, a safetensors file with --arch, or the folder of a checkpoint.
    pub network: PathBuf,
    /// The certificate; of a checkpoint that of one block.
    pub certificate: PathBuf,
    /// Let units share one multiplier, as the certificate does.
    #[arg(long, value_enum)]
    pub tied: Option<Tied>,
    /// Refuse a certificate about any other regularizer.
    #[arg(long)]
    pub regularizer: Option<Regularizer>,
    #[command(flatten)]
    pub family: FamilyArguments,
    #[command(flatten)]
    pub perceptron: Perceptron,
    #[command(flatten)]
    pub roles: RoleArguments,
    #[command(flatten)]
    pub relu6: Relu6Arguments,
    #[command(flatten)]
    pub activations: ActivationArguments,
}

/// What a safetensors file does not say of its perceptron.
#[derive(Debug, Clone, Args)]
pub struct Perceptron {
    /// For safetensors files: the activation of all hidden layers, or a file with one for each.
    #[arg(long, value_name = "ACTIVATION|FILE")]
    pub arch: Option<String>,
    /// For safetensors files: all layers in the order of computation, where their names are not numbered.
    #[arg(long, value_name = "A,B,C", requires = "arch")]
    pub layers: Option<Layers>,
}

/// Names of layers, the first one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers(pub Vec<String>);

impl FromStr for Layers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        match names.iter().any(String::is_empty) {
            true => Err("names of layers are separated by single commas".to_string()),
            false => Ok(Layers(names)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Newton on the convex problem, damped; beyond 4,000 multipliers, and for tensors where they lie that no gate
    /// multiplies, the two-level method.
    Direct,
    /// Sweeps by layer, corrected layer by layer: about a dozen reads of the weights at any depth.
    TwoLevel,
    /// The paper's algorithm, in random order.
    Stochastic,
    /// The same, unit after unit.
    Sweep,
    /// Exact rational multipliers, if there are any.
    Exact,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Direct => Method::Direct,
            MethodName::TwoLevel => Method::TwoLevel,
            MethodName::Stochastic => Method::Stochastic,
            MethodName::Sweep => Method::Sweep,
            MethodName::Exact => Method::Exact,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tied {
    /// One multiplier for each layer.
    Layer,
}

impl Tied {
    /// The network with the ties that were asked for.
    pub fn apply(tied: Option<Self>, file: &Model) -> Network<Rational> {
        match tied {
            Some(Tied::Layer) => file.tied_by_layer(),
            None => file.network().clone(),
        }
    }

    /// The same for two networks.
    pub fn both(
        tied: Option<Self>,
        networks: &(Network<Rational>, Network<Rational>),
    ) -> (Network<Rational>, Network<Rational>) {
        match tied {
            Some(Tied::Layer) => (networks.0.tied_by_layer(), networks.1.tied_by_layer()),
            None => networks.clone(),
        }
    }
}

fn bound(text: &str) -> Result<Rational, String> {
    let bound = parse_rational(text).map_err(|fault| fault.to_string())?;
    match bound >= Rational::from_integer(1.into()) && rational_to_f64(&bound).is_finite() {
        true => Ok(bound),
        false => Err("must be a number of 1 or more".to_string()),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    in_range(text.parse().map_err(|_| "not a number".to_string())?)
}

/// A tolerance between 0 and 1.
pub fn in_range(value: f64) -> Result<f64, String> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("must lie between 0 and 1".to_string())
    }
}
