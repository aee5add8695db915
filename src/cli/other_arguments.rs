//! The arguments of commands that are about no network of the user.

use clap::Args;
use std::path::PathBuf;
use synaptic_balance::network::one_line;

#[derive(Debug, Args)]
pub struct LearnArguments {
    /// The experiment, or `all`.
    pub experiment: String,
    /// Seeds to run: 0 to K - 1; 8 if not given, of paper 3. Verdicts need at least two, and are weak with fewer than
    /// eight.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: Option<u64>,
    /// Epochs; each experiment has a default.
    #[arg(long, value_name = "N", value_parser = epochs)]
    pub epochs: Option<usize>,
    /// Images in the IDX format of MNIST and Fashion-MNIST, plain or as .gz, instead of the embedded digits.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep each run (NAME.json) and its pictures here, and go on from what is there.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// A folder of runs made by `synbal learn -o`; the runs that come with the program if not given.
    #[arg(value_name = "DIR")]
    pub runs: Option<PathBuf>,
    /// The page.
    #[arg(short, long, default_value = "report.html", value_name = "FILE")]
    pub output: PathBuf,
    /// Write the results as Markdown too.
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
}

impl ReportArguments {
    /// The command that writes the page again.
    pub fn command(&self) -> String {
        let runs = self.runs.iter().map(|runs| format!(" {}", runs.display()));
        let output = self.output.display();
        let text = format!("synbal report{} -o {output}", runs.collect::<String>());
        one_line(&text).into_owned()
    }
}

#[cfg(feature = "script")]
#[derive(Debug, Args)]
pub struct ProveArguments {
    /// The scripts.
    #[arg(required = true, value_name = "SCRIPT")]
    pub scripts: Vec<PathBuf>,
    /// Let the scripts load this network, by the path given here; they may always load those in their own folder.
    #[arg(long = "network", value_name = "NET")]
    pub networks: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Leave out the network of 32 million weights, and the methods that need thousands of reads on deep ones.
    #[arg(long)]
    pub quick: bool,
    /// Write a figure of reads against depth, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct TheoremsArguments {
    /// The entries to run; all of them if none is named.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Instead, hunt for counterexamples among small networks: 1 takes seconds, 2 some minutes; beyond that, more
    /// random networks.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u32).range(1..=9), conflicts_with = "ids")]
    pub hunt: Option<u32>,
    /// Instead, print the table of verified properties of THEOREMS.md, without running anything.
    #[arg(long, conflicts_with_all = ["ids", "hunt", "json"])]
    pub markdown: bool,
}

#[derive(Debug, Args)]
pub struct VectorsArguments {
    /// The folder to write to; it is made if it does not exist. Vectors in it are replaced, other files never.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

fn epochs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("must be a number from 1 on".to_string()),
        Ok(number) => Ok(number),
    }
}
