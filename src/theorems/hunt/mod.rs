//! The hunt: statements as printed, and with one hypothesis dropped, against all small networks and then random ones.
//!
//! What fails must be known: an erratum, or an entry whose hypotheses exclude it. A failure that nothing explains is a
//! new erratum. The counterexample shown is the smallest of those met: the fewest hidden units, then the fewest non-zero
//! synapses, then without bias, then with the smallest sum of weights. Enumerated networks have one input, one output and
//! no bias; the random ones have more.
//!
//! Hunted are the statements about one network and one regularizer that the errata grew from: eight entries of the
//! catalogue, see [`STATEMENTS`]. Statements about activations, scalings, ties, rates and learning are checked by their own
//! entries only; E1 and E2 are about sequences and about costs.

mod networks;
mod statements;

pub use networks::{architectures, weighted};
pub use statements::{Hunted, STATEMENTS};

use std::fmt::Write;

use num_traits::{Signed, Zero};

use super::Failure;
use super::support::generator;
use crate::network::{Network, Shape, UnitKind, random_recurrent};
use crate::numbers::{Rational, sum};

/// What the hunt found about one statement.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The statement hunted.
    pub hunted: &'static Hunted,
    /// Networks to which it applies.
    pub cases: u64,
    /// Networks in which it fails.
    pub failures: u64,
    /// The smallest of them.
    pub smallest: Option<String>,
}

impl Finding {
    /// Is the outcome the one that the catalogue accounts for: a failure where an entry explains it, none elsewhere?
    pub fn is_accounted_for(&self) -> bool {
        self.cases > 0 && (self.failures > 0) == self.hunted.explained_by.is_some()
    }
}

/// What was searched, and what was found.
#[derive(Debug, Clone)]
pub struct Hunt {
    /// The sizes, in words.
    pub searched: String,
    /// One finding for each statement, in the order of [`STATEMENTS`].
    pub findings: Vec<Finding>,
}

/// Hunts through all small networks, and `level` times 200 random ones of up to 5 hidden units with a bias.
///
/// Statements about architectures: all choices of synapses among up to three hidden units. Others: all networks of up to
/// two hidden units with weights 0, 1, 4 and all of three with weights 0 and 1, from level 2 on 0, 1 and 4. Level 1 takes
/// seconds, level 2 minutes. No level below 1.
///
/// # Errors
/// A computation without result; no statement's failure is an error.
pub fn hunt(level: u32) -> Result<Hunt, Failure> {
    let level = level.max(1);
    let (about_architectures, others): (Vec<&Hunted>, Vec<&Hunted>) = STATEMENTS
        .iter()
        .partition(|hunted| hunted.about_architecture);
    let mut patterns = Search::new(about_architectures);
    for hidden in 1..=3 {
        architectures(hidden)?
            .iter()
            .try_for_each(|network| patterns.visit(network))?;
    }
    let mut weights = Search::new(others);
    for network in weighted(1).chain(weighted(2)) {
        weights.visit(&network?)?;
    }
    if level > 1 {
        weighted(3).try_for_each(|network| weights.visit(&network?))?;
    } else {
        architectures(3)?
            .iter()
            .try_for_each(|network| weights.visit(network))?;
    }
    let three = if level > 1 { "0, 1 and 4" } else { "0 and 1" };
    let searched = format!(
        "one input and one output. Architectures: all {} choices of synapses among up to three hidden units. Weights: all {} \
         networks of one or two hidden units with weights 0, 1 and 4, self-connections included, and of three with weights \
         {three}, without. Then {} random networks of up to five hidden units with a bias and self-connections.",
        patterns.visited,
        weights.visited,
        RANDOM * level
    );
    for network in random_networks(level) {
        patterns.visit(&network)?;
        weights.visit(&network)?;
    }
    let mut findings: Vec<Finding> = patterns.findings().chain(weights.findings()).collect();
    let place = |finding: &Finding| {
        STATEMENTS
            .iter()
            .position(|hunted| std::ptr::eq(hunted, finding.hunted))
    };
    findings.sort_by_key(place);
    Ok(Hunt { searched, findings })
}

/// Random networks for each level.
const RANDOM: u32 = 200;

fn random_networks(level: u32) -> Vec<Network<Rational>> {
    let mut rng = generator(u64::from(level));
    let random = |case: u32| {
        let shape = Shape {
            inputs: 1,
            hidden: 1 + (case % 5) as usize,
            outputs: 1,
        };
        random_recurrent(shape, 0.4, &mut rng)
    };
    (0..RANDOM * level).map(random).collect()
}

/// Statements under search, with what was found so far.
struct Search {
    found: Vec<(Finding, Option<Size>)>,
    visited: u64,
}

impl Search {
    fn new(statements: Vec<&'static Hunted>) -> Self {
        let finding = |hunted| Finding {
            hunted,
            cases: 0,
            failures: 0,
            smallest: None,
        };
        Search {
            found: statements
                .into_iter()
                .map(|hunted| (finding(hunted), None))
                .collect(),
            visited: 0,
        }
    }

    fn visit(&mut self, network: &Network<Rational>) -> Result<(), Failure> {
        self.visited += 1;
        for (finding, least) in &mut self.found {
            let Some(holds) = (finding.hunted.test)(network)? else {
                continue;
            };
            finding.cases += 1;
            if holds {
                continue;
            }
            finding.failures += 1;
            let size = size(network);
            if least.as_ref().is_none_or(|least| size < *least) {
                finding.smallest = Some(describe(network));
                *least = Some(size);
            }
        }
        Ok(())
    }

    fn findings(self) -> impl Iterator<Item = Finding> {
        self.found.into_iter().map(|(finding, _)| finding)
    }
}

/// Hidden units, non-zero synapses, whether there is a bias (random networks), sum of weights.
type Size = (usize, usize, bool, Rational);

fn size(network: &Network<Rational>) -> Size {
    let active: Vec<usize> = (0..network.synapses())
        .filter(|e| !network.weight(*e).is_zero())
        .collect();
    let weights: Vec<Rational> = active.iter().map(|e| network.weight(*e).abs()).collect();
    let hidden = network.units_of(UnitKind::Hidden).len();
    let bias = !network.units_of(UnitKind::Bias).is_empty();
    (hidden, active.len(), bias, sum(&weights))
}

/// `hidden a, b: x -> a (1), a -> b (4)`; synapses of weight 0 are left out.
fn describe(network: &Network<Rational>) -> String {
    let hidden = network
        .units_of(UnitKind::Hidden)
        .into_iter()
        .map(|unit| network.unit(unit).id.clone());
    let mut text = format!("hidden {}", hidden.collect::<Vec<_>>().join(", "));
    let mut separator = ": ";
    for synapse in (0..network.synapses()).filter(|e| !network.weight(*e).is_zero()) {
        let _ = write!(
            text,
            "{separator}{} ({})",
            network.synapse_name(synapse),
            network.weight(synapse)
        );
        separator = ", ";
    }
    if separator == ": " {
        text.push_str(", no synapses");
    }
    text
}
