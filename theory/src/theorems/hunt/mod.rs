//! The hunt: statements as printed, as they hold, and with one hypothesis dropped, against all small networks and then
//! random ones.
//!
//! What fails must be known: an erratum, or an entry whose hypotheses exclude it. A failure that nothing explains is a
//! new erratum. The counterexample shown is the smallest of those met: the fewest hidden units, then the fewest
//! non-zero synapses, then without bias, then with the smallest sum of weights. Enumerated networks have one input, one
//! output and, up to two hidden units, also a bias; the random ones have more. Statements about products are tried on
//! random networks that have products.
//!
//! A statement about an equation that a gradient satisfies, or about a step, is decided exactly on each network. One
//! about convergence is decided by its exact invariants (existence, strict progress of a step) or, where it says so, in
//! `f64`.
//!
//! Entries that cannot be hunted over networks are listed with the reason in [`NOT_HUNTED`].
//!
//! A test fails if an entry is neither hunted nor listed, or both.

mod global;
mod gradients;
mod hunted;
mod learning;
mod networks;
mod products;
mod rates;
mod scalings;
mod units;

pub use hunted::{Domain, Hunted, Test};
pub use networks::{
    activations, architectures, architectures_with_bias, weighted, weighted_of, weighted_with_bias,
};

use std::fmt::Write;
use std::sync::LazyLock;

use num_traits::{Signed, Zero};

use super::Failure;
use synaptic_balance_core::network::{Activation, Network, UnitKind};
use synaptic_balance_core::numbers::{Rational, sum};

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

/// What is hunted, in the order of the theory.
pub static STATEMENTS: LazyLock<Vec<Hunted>> = LazyLock::new(|| {
    let parts: [&[Hunted]; 6] = [
        units::STATEMENTS,
        scalings::STATEMENTS,
        products::STATEMENTS,
        global::STATEMENTS,
        rates::STATEMENTS,
        learning::STATEMENTS,
    ];
    parts.concat()
});

/// Entries that are not hunted over networks, with the reason.
pub const NOT_HUNTED: &[(&str, &str)] = &[
    ("def-2.1", "a definition"),
    (
        "universal-approximation",
        "about functions; its networks are constructed from them",
    ),
    (
        "pass-through-ties",
        "about operations that a network of this crate does not have: pooling, normalisation",
    ),
    (
        "smooth-quant",
        "about the largest magnitudes at single units",
    ),
    (
        "double-cover",
        "about any costs of two multipliers, which its check draws at random",
    ),
    (
        "attention",
        "about one architecture, larger than those that are searched",
    ),
    ("bipu-continuity", "about functions"),
    (
        "convex-in-multipliers",
        "about costs of single units, and one chain",
    ),
    (
        "representative",
        "about scalings of planted networks; `foreign-scaling` hunts",
    ),
    (
        "local-minimum",
        "about all losses and all points nearby, of which scalings are enough",
    ),
    (
        "decay-law",
        "about a flow in time, and a step of a given loss, which `gradient-step` hunts",
    ),
];

/// Hunts through all small networks, and `level` times 200 random ones of up to 5 hidden units with a bias.
///
/// Statements about architectures: all choices of synapses among up to three hidden units, up to two with a bias. About
/// weights: all networks of up to two hidden units with weights 0, 1, 4 and all of three with weights 0 and 1, from
/// level 2 on 0, 1 and 4; with a bias one hidden unit and weights 0, 1, 4 and two with weights 0 and 1, from level 2 on
/// 0, 1 and 4. Those whose tests take longer: one hidden unit with weights 0, 1, 4, two with weights 0 and 1, both also
/// with a bias, from level 2 on 0, 1 and 4. About activations: see [`activations`]. About products: `level` times 200
/// random networks that have some. Level 1 takes seconds, level 2 minutes. No level below 1.
///
/// # Errors
/// A computation without result; no statement's failure is an error.
pub fn hunt(level: u32) -> Result<Hunt, Failure> {
    let level = level.max(1);
    let (visited, findings) = search(level, 1)?;
    let searched = searched(level, visited);
    Ok(Hunt { searched, findings })
}

/// What is found on every so-many-th of these networks alone, for tests that sample: it is right, but what is smallest
/// may have been passed over.
///
/// # Errors
/// As [`hunt`].
#[doc(hidden)]
pub fn hunt_every(level: u32, step: u64) -> Result<Vec<Finding>, Failure> {
    Ok(search(level.max(1), step)?.1)
}

/// How many architectures, weights, few of these and activations there were, and what was found.
fn search(level: u32, step: u64) -> Result<([u64; 4], Vec<Finding>), Failure> {
    let search = |domain| Search::new(domain, step);
    let mut patterns = search(Domain::Architectures);
    for hidden in 1..=3 {
        patterns.visit_all(architectures(hidden)?.into_iter().map(Ok))?;
    }
    for hidden in 1..=2 {
        patterns.visit_all(architectures_with_bias(hidden))?;
    }
    let mut weights = search(Domain::Weights);
    weights.visit_all(weighted(1).chain(weighted(2)))?;
    let values: &[i64] = if level > 1 { &[0, 1, 4] } else { &[0, 1] };
    let biased = || weighted_with_bias(1, &[0, 1, 4]).chain(weighted_with_bias(2, values));
    weights.visit_all(biased())?;
    let mut few = search(Domain::Few);
    few.visit_all(weighted(1).chain(weighted_of(2, values)).chain(biased()))?;
    if level > 1 {
        weights.visit_all(weighted(3))?;
    } else {
        weights.visit_all(architectures(3)?.into_iter().map(Ok))?;
    }
    let mut kinds = search(Domain::Activations);
    kinds.visit_all(activations()?.into_iter().map(Ok))?;
    let visited = [&patterns, &weights, &few, &kinds].map(|search| search.visited);
    for network in networks::random_networks(RANDOM * level, u64::from(level)) {
        patterns.visit(&network)?;
        weights.visit(&network)?;
        few.visit(&network)?;
    }
    let mut products = search(Domain::Products);
    let with_products = networks::random_products(RANDOM * level, u64::from(level));
    products.visit_all(with_products.into_iter().map(Ok))?;
    let all = [kinds, patterns, weights, few, products].map(Search::findings);
    let mut findings: Vec<Finding> = all.into_iter().flatten().collect();
    let place = |finding: &Finding| {
        STATEMENTS
            .iter()
            .position(|hunted| std::ptr::eq(hunted, finding.hunted))
    };
    findings.sort_by_key(place);
    Ok((visited, findings))
}

fn searched(level: u32, [patterns, weights, few, kinds]: [u64; 4]) -> String {
    let values = if level > 1 { "0, 1 and 4" } else { "0 and 1" };
    format!(
        "one input and one output. Architectures: all {patterns} choices of synapses among up to three hidden units, or up to two \
         and a bias. Weights: all {weights} networks of one or two hidden units with weights 0, 1 and 4, self-connections \
         included; of three with weights {values}, without; of one and a bias with weights 0, 1 and 4; of two and a bias with \
         weights {values}. For tests that take longer {few} of these: two hidden units with weights {values} \
         only, and not three. Activations: {kinds}, of one unit. Then {0} random networks of up to five hidden units with a bias \
         and self-connections. Products: {0} random networks of up to five hidden units and products, with a bias, powers and ties.",
        RANDOM * level
    )
}

/// Random networks for each level.
const RANDOM: u32 = 200;

/// Statements under search, with what was found so far.
struct Search {
    found: Vec<(Finding, Option<Size>)>,
    visited: u64,
    step: u64,
}

impl Search {
    fn new(domain: Domain, step: u64) -> Self {
        let finding = |hunted| Finding {
            hunted,
            cases: 0,
            failures: 0,
            smallest: None,
        };
        Search {
            found: STATEMENTS
                .iter()
                .filter(|hunted| hunted.domain == domain)
                .map(|hunted| (finding(hunted), None))
                .collect(),
            visited: 0,
            step,
        }
    }

    fn visit_all(
        &mut self,
        mut networks: impl Iterator<Item = Result<Network<Rational>, Failure>>,
    ) -> Result<(), Failure> {
        networks.try_for_each(|network| self.visit(&network?))
    }

    fn visit(&mut self, network: &Network<Rational>) -> Result<(), Failure> {
        self.visited += 1;
        if !self.visited.is_multiple_of(self.step) {
            return Ok(());
        }
        for (finding, least) in &mut self.found {
            let about = finding.hunted.about;
            let outcome = (finding.hunted.test)(network)
                .map_err(|failure| Failure::new(format!("{about}: {failure}")))?;
            let Some(holds) = outcome else { continue };
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

/// An activation in the words of network files, as far as the hunt meets it.
fn name(activation: &Activation<Rational>) -> String {
    match activation {
        Activation::BiLu { below, above } => format!("bilu({below}, {above})"),
        Activation::BiPu {
            degree,
            above,
            below,
        } => format!("bipu({degree}, {above}, {below})"),
        Activation::Other(name) => name.clone(),
        Activation::Prelu(slope) | Activation::LeakyRelu(slope) => format!("leaky_relu({slope})"),
        Activation::Linear => "linear".into(),
        Activation::Relu => "relu".into(),
        Activation::Abs => "abs".into(),
    }
}

/// `hidden a, b: x -> a (1), a -> b (4)`; synapses of weight 0 are left out.
fn describe(network: &Network<Rational>) -> String {
    let hidden = network.units_of(UnitKind::Hidden).into_iter().map(|unit| {
        let unit = network.unit(unit);
        match &unit.activation {
            Activation::Linear => unit.id.clone(),
            activation => format!("{} ({})", unit.id, name(activation)),
        }
    });
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
    let id = |unit: &usize| network.unit(*unit).id.as_str();
    for product in network.products() {
        let factors = network.factors(*product).iter().map(id);
        let factors = factors.collect::<Vec<_>>().join(" ");
        let _ = write!(text, "; {} = {factors}", id(product));
    }
    for variable in (0..network.variables()).filter(|v| network.members(*v).len() > 1) {
        let _ = write!(text, "; tied {}", network.variable_name(variable));
    }
    text
}
