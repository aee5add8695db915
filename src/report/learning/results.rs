//! The results page, written from stored runs.

use std::fmt::Write;

use super::tuned::{arms_table, settings_table, three_ways};
use super::{
    claimed, corrected, has_step_sizes, interval, mean_and_deviation, number, outcome, parameters,
    unit,
};
use crate::learn::experiment::{CONFIDENCE, Claim, Run, networks};

/// The results page as Markdown: the verdict on every claim, then the numbers of each experiment.
pub fn results_page(runs: &[Run]) -> String {
    let mut text = format!(
        "# What the learning experiments found

Written by the program from the stored runs in `data/learning`; `synbal learn all -o DIR` makes such runs, `synbal report DIR` shows them
with pictures. Each seed trains all arms from the same initial weights with the images in the same order, so that arms are compared in
pairs. All arms of a task use one step size, which was not tuned, so that another step size might do the same as balancing; in `tuned`,
in `sequences`, and in `paper` on larger images, every arm has its own, chosen by [a rule fixed beforehand](learning.md). On
images of 28 x 28 pixels it is smaller: with that of small images, arms that balance diverged at once on Fashion-MNIST.

**The rule.** A finding supports a claim if its whole {0:.0} % interval (Student's distribution, over the seeds) lies where the claim says, and
contradicts it if the whole interval lies on the other side. A claim is *reproduced* if all its findings support it, *not reproduced* if none
does, else *mixed*. Of single findings about one in forty would pass by chance alone; so beside their numbers stands how many are left after
Holm's correction over all findings of the experiment.

**What was changed after the data were seen.** The rule and all thresholds were fixed beforehand. Epochs and penalties of
`regularized-balances` and `recurrent` were not: after a first look both were given more epochs and a stronger penalty. The claims by the
weighted and by the total deficit, with the thresholds of the first measure, were added after that one had come out mixed; its verdict
stands beside theirs.

**The networks.** On the embedded digits of 8 x 8 pixels the autoencoder is half as wide as the paper's, which images of 200
pixels or more are given:

| network | on 8 x 8 pixels | on 28 x 28 pixels | hidden units | descends on | step size η |
|---|---|---|---|---|---|
{1}
**Speed.** An epoch of the paper's autoencoder, 784-200-100-50-100-200-784, on 60,000 images in batches of 200 takes 0.82 to 1.05
times what NumPy with a threaded BLAS takes in `f64` and 0.97 to 1.05 times in `f32`, measured by `cargo bench --bench training`, each pair
in one run, three runs on two machines of two cores (1.95 s against 2.37 s and 1.19 s against 1.13 s; 4.57 s against 4.62 s and 1.93 s
against 1.98 s; 4.52 s against 4.32 s and 1.85 s against 1.86 s).

",
        100.0 * CONFIDENCE,
        networks()
            .iter()
            .map(|network| format!("| {} |\n", network.join(" | ")))
            .collect::<String>()
    );
    text.push_str(
        "| experiment | claim | verdict | findings for it | against it | undecided | for it, corrected | against it, corrected |\n|---|---|---|---|---|---|---|---|\n",
    );
    for run in runs {
        for claim in run.claims() {
            let (supporting, contradicting) = claim.counts();
            let (left, left_against) = claim.corrected_counts();
            let _ = writeln!(
                text,
                "| `{}` | {} | **{}** | {supporting} | {contradicting} | {} | {left} | {left_against} |",
                run.parameters.experiment,
                table_cell(claim.statement),
                claim.verdict().name(),
                claim.findings.len() - supporting - contradicting
            );
        }
    }
    text.push_str(&three_ways(runs));
    for run in runs {
        experiment(&mut text, run);
    }
    text
}

fn experiment(text: &mut String, run: &Run) {
    let description = run
        .experiment()
        .map_or("", |experiment| experiment.description());
    let _ = write!(
        text,
        "\n## `{}`\n\n{description}\n\nThe run: {}.\n",
        run.parameters.experiment,
        parameters(run)
    );
    if has_step_sizes(run) {
        text.push_str(&settings_table(run));
        text.push_str(&arms_table(run));
        return;
    }
    for claim in run.claims() {
        findings(text, &claim);
    }
    last_values(text, run);
}

fn findings(text: &mut String, claim: &Claim) {
    let _ = write!(
        text,
        "\n**{}** {}.\n\n| what | mean ± standard deviation | interval | claimed | supported |\n|---|---|---|---|---|\n",
        claim.statement,
        capitalised(claim.verdict().name())
    );
    for found in &claim.findings {
        let _ = writeln!(
            text,
            "| {}{} | {} ± {} | {} | {} | {}{} |",
            found.what,
            unit(found),
            number(found.mean),
            number(found.deviation),
            interval(found),
            claimed(found),
            outcome(found),
            corrected(found)
        );
    }
}

/// Text in which no bar ends the cell of a table.
fn table_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The last value of every measure of every arm.
fn last_values(text: &mut String, run: &Run) {
    let mut measures: Vec<&str> = Vec::new();
    for name in run
        .seeds
        .iter()
        .flat_map(|seed| seed.arms.values())
        .flat_map(|arm| arm.keys())
    {
        if !measures.contains(&name.as_str()) {
            measures.push(name);
        }
    }
    let _ = write!(
        text,
        "\nAt the end:\n\n| arm | {} |\n|---|{}\n",
        measures.join(" | "),
        "---|".repeat(measures.len())
    );
    for arm in run.arms() {
        let cell = |measure: &&str| {
            let series = run.series(arm, measure);
            let last: Vec<f64> = series
                .iter()
                .filter_map(|values| values.last().copied())
                .collect();
            mean_and_deviation(&last)
        };
        let cells: Vec<String> = measures.iter().map(cell).collect();
        let _ = writeln!(text, "| {arm} | {} |", cells.join(" | "));
    }
}
