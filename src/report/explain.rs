//! The report of what a network's architecture and weights say before any balancing.

use serde_json::{Value, json};
use std::fmt::Write;

use super::deficits::{deficits, printed, units_shown};
use super::{Detail, SHOWN, Subject, list};
use crate::formats::Certificate;
use crate::kernel;
use crate::kernel::{Problem, Refusal, Verified, check};
use crate::network::{
    Constraint, Manifold, Multiplier, Network, Regularizer, SynapseIndex, UnitBalance, UnitKind,
};
use crate::numbers::{Rational, Wide};
use crate::solve::{
    Balancing, Existence, ExistenceClaim, ExistenceError, double_cover, existence,
    existence_by_components, existence_by_linear_program,
};

/// Above this number of synapses the linear programs, which take seconds there, are left out.
const LINEAR_PROGRAM_LIMIT: usize = 2_000;

/// Is a basis of the manifold's constraints wanted? It can be far longer than the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// With the kernel's verdict that it is complete.
    Wanted,
    /// Only the dimension.
    Omitted,
}

/// Units, synapses, manifold, existence with its witness, and the deficit by unit.
pub struct Explanation<'a> {
    network: Subject<'a>,
    regularizer: &'a Regularizer,
    /// Of the network under the regularizer: what was verified is about it.
    problem: Problem,
    dimension: usize,
    constraints: Vec<Constraint>,
    /// Whether the kernel verified that the constraints are complete and independent; `None` without a basis.
    basis: Option<Result<Verified<kernel::Basis>, Refusal>>,
    /// The synapses with which it did.
    spanning: Vec<SynapseIndex>,
    existence: Existence,
    second: Second,
    units: Vec<UnitRow>,
    deficit: f64,
}

/// Gathers what is to be explained.
///
/// # Errors
/// Existence that could not be decided.
pub fn explain<'a>(
    network: impl Into<Subject<'a>>,
    regularizer: &'a Regularizer,
    basis: Basis,
) -> Result<Explanation<'a>, ExistenceError> {
    let network = network.into();
    let manifold = Manifold::of(&network);
    let problem = network.problem(regularizer);
    let existence = existence(&problem)?;
    let mut state = Balancing::new(&problem);
    let active = problem
        .synapses()
        .iter()
        .filter(|synapse| synapse.is_active())
        .count();
    let by_components = existence_by_components(&problem);
    let no_graph = matches!(by_components, Err(ExistenceError::NotAGraph));
    let second = if no_graph && double_cover(&problem).is_none() {
        Second::NoGraph
    } else if active > LINEAR_PROGRAM_LIMIT {
        Second::TooLarge
    } else {
        let second = existence_by_linear_program(&problem)?;
        match second.vanishing() == existence.vanishing() {
            true => Second::Agrees,
            false => Second::Differs,
        }
    };
    let constraints = match basis {
        Basis::Wanted => manifold.constraints(),
        Basis::Omitted => Vec::new(),
    };
    let rows: Vec<_> = constraints.iter().map(|c| c.terms.clone()).collect();
    let spanning = manifold.spanning_synapses();
    let proved = (basis == Basis::Wanted).then(|| check::manifold(&problem, &rows, &spanning));
    Ok(Explanation {
        network,
        regularizer,
        dimension: manifold.dimension(),
        constraints,
        basis: proved,
        spanning,
        second,
        existence,
        units: balances(&network, regularizer, &state),
        deficit: state.max_deficit(),
        problem,
    })
}

/// What the linear programs say of what components showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    Agrees,
    Differs,
    /// They alone decided: the problem is no graph.
    NoGraph,
    TooLarge,
}

struct UnitRow {
    name: String,
    /// The same in full, for programs: shortened ids might be taken for each other.
    ids: String,
    balance: Result<UnitBalance, crate::network::BalanceError>,
    input: Wide,
    output: Wide,
    deficit: f64,
}

fn balances(
    network: &Network<Rational>,
    regularizer: &Regularizer,
    state: &Balancing,
) -> Vec<UnitRow> {
    let balances = network.balance_each(regularizer).into_iter().enumerate();
    balances
        .map(|(variable, balance)| {
            let (input, output) = state.sides(variable);
            let deficit = state.deficit(variable);
            UnitRow {
                name: network.variable_name(variable),
                ids: network.named_variable(variable, str::to_owned),
                balance,
                input,
                output,
                deficit,
            }
        })
        .collect()
}

impl UnitRow {
    fn json(&self) -> Value {
        let (input, output) = match &self.balance {
            Ok(found) => (
                text_of(found.input_cost.as_ref()),
                text_of(found.output_cost.as_ref()),
            ),
            Err(_) => (Value::Null, Value::Null),
        };
        let multiplier = match &self.balance {
            Ok(found) => multiplier_json(&found.multiplier),
            Err(fault) => json!({"none": fault.to_string()}),
        };
        json!({
            "input_cost": super::wide(self.input), "output_cost": super::wide(self.output),
            "input_cost_exact": input, "output_cost_exact": output,
            "deficit": self.deficit, "multiplier": multiplier,
        })
    }
}

impl Explanation<'_> {
    /// What is said of each variable, in their order.
    pub(super) fn by_variable(&self) -> Vec<Value> {
        self.units.iter().map(UnitRow::json).collect()
    }

    /// The certificate of the constraints; `None` where the kernel verified none.
    pub fn certificate(&self) -> Option<Certificate> {
        let proof = self.basis.as_ref()?.as_ref().ok()?;
        let basis = proof.claim_about(&self.problem)?;
        Some(Certificate::manifold(
            self.regularizer,
            basis,
            &self.spanning,
        ))
    }

    fn constraint(&self, constraint: &Constraint) -> Value {
        let terms = constraint.terms.iter().map(|(synapse, coefficient)| {
            let mut term = self.network.synapse(*synapse);
            term["coefficient"] = coefficient.to_string().into();
            term
        });
        json!({"directed_cycle": constraint.directed, "terms": terms.collect::<Value>()})
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let network = &self.network;
        let count = |kind| network.units_of(kind).len();
        let witness = self.existence.claim_about(&self.problem);
        let witness = witness.map(|claim| match claim {
            ExistenceClaim::Attained(claim) => {
                Certificate::attained(self.regularizer, &claim.circulation)
            }
            ExistenceClaim::NotAttained(claim) => {
                Certificate::not_attained(network, self.regularizer, claim)
            }
        });
        let vanishing = self
            .existence
            .vanishing()
            .iter()
            .map(|s| Value::from(network.name(*s)));
        let by_unit = self.units.iter();
        let by_unit = by_unit.map(|row| (row.ids.clone(), row.json()));
        json!({
            "units": {
                "input": count(UnitKind::Input), "bias": count(UnitKind::Bias), "hidden": count(UnitKind::Hidden),
                "output": count(UnitKind::Output), "product": count(UnitKind::Product), "variables": network.variables(), "pinned": self.pinned(),
            },
            "synapses": network.synapses(),
            "manifold": {
                "dimension": self.dimension,
                "constraints": network.synapses() - self.dimension,
                "basis_proved": self.basis.as_ref().map(Result::is_ok),
                "basis": self.basis.as_ref().map(|_| self.constraints.iter().map(|c| self.constraint(c)).collect::<Value>()),
            },
            "regularizer": self.regularizer.to_string(),
            "attained": self.existence.is_attained(),
            "vanishing": vanishing.collect::<Value>(),
            "linear_program_agrees": match self.second {
                Second::Agrees => Some(true),
                Second::Differs => Some(false),
                Second::NoGraph | Second::TooLarge => None,
            },
            "witness": serde_json::to_value(witness).unwrap_or_default(),
            "deficit": self.deficit,
            "by_unit": Value::Object(by_unit.collect()),
        })
    }

    /// Hidden units that cannot be scaled.
    fn pinned(&self) -> Vec<String> {
        let hidden = self.network.units_of(UnitKind::Hidden).into_iter();
        let pinned = hidden.filter(|unit| self.network.variable(*unit).is_none());
        pinned
            .map(|unit| self.network.unit(unit).id.clone())
            .collect()
    }

    /// For a person.
    pub fn text(&self, detail: Detail) -> String {
        let shown = units_shown(detail);
        let network = &self.network;
        let mut text = String::new();
        let out = &mut text;
        let count = |kind| network.units_of(kind).len();
        let products = match count(UnitKind::Product) {
            0 => String::new(),
            count => format!(", {}", super::count(count, "product")),
        };
        let _ = writeln!(
            out,
            "units     {} input, {} bias, {} hidden, {} output{products}; {}",
            count(UnitKind::Input),
            count(UnitKind::Bias),
            count(UnitKind::Hidden),
            count(UnitKind::Output),
            super::count(network.synapses(), "synapse")
        );
        let _ = writeln!(
            out,
            "scaling   {}",
            super::count(network.variables(), "independent multiplier")
        );
        if !self.pinned().is_empty() {
            let pinned = printed(&self.pinned());
            let _ = writeln!(out, "          fixed at 1: {}", list(&pinned, shown));
        }
        let _ = writeln!(
            out,
            "manifold  dimension {} in a space of {}; {}, {}",
            self.dimension,
            super::count(network.synapses(), "synapse"),
            super::count(
                network.synapses() - self.dimension,
                "independent constraint"
            ),
            match &self.basis {
                Some(Ok(_)) => "proved complete".to_owned(),
                Some(Err(refusal)) => format!("computed, not proved: {refusal}"),
                None => "not listed".to_owned(),
            }
        );
        for constraint in self.constraints.iter().take(SHOWN) {
            let _ = writeln!(out, "            {}", self.equation(constraint));
        }
        if self.constraints.len() > SHOWN {
            let _ = writeln!(
                out,
                "            ... and {} more; --json prints all",
                self.constraints.len() - SHOWN
            );
        }
        let name = |synapse: &usize| network.name(*synapse);
        let _ = match self.existence.claim_about(&self.problem) {
            Some(ExistenceClaim::Attained(_)) if network.variables() == 0 => writeln!(
                out,
                "minimum   of {} attained: no scaling changes a weight",
                self.regularizer
            ),
            Some(ExistenceClaim::Attained(_)) => writeln!(
                out,
                "minimum   of {} attained: proved by a circulation that is positive on every non-zero synapse that scalings change",
                self.regularizer
            ),
            Some(ExistenceClaim::NotAttained(claim)) => writeln!(
                out,
                "minimum   of {} not attained: proved by a direction that sends to 0, at no cost: {}",
                self.regularizer,
                list(&claim.vanishing.iter().map(name).collect::<Vec<_>>(), SHOWN)
            ),
            None => writeln!(out, "minimum   not decided"),
        };
        let _ = match self.second {
            Second::Agrees => writeln!(out, "          components and linear programs agree"),
            Second::Differs => writeln!(
                out,
                "          WARNING: linear programs give other synapses: a defect of this program"
            ),
            Second::NoGraph => writeln!(
                out,
                "          (by linear programs alone: this is no graph, for its powers, products or ties with exponents)"
            ),
            Second::TooLarge => writeln!(
                out,
                "          (linear programs not run: more than {LINEAR_PROGRAM_LIMIT} synapses)"
            ),
        };
        let _ = writeln!(
            out,
            "deficit   {:.6} at most; by unit, largest first:",
            self.deficit
        );
        self.units_text(out, shown);
        text
    }

    fn equation(&self, constraint: &Constraint) -> String {
        let one = Rational::from_integer(1.into());
        let terms = constraint.terms.iter().map(|(synapse, coefficient)| {
            let name = self.network.name(*synapse);
            if *coefficient == one {
                format!("L({name})")
            } else {
                format!("({coefficient}) L({name})")
            }
        });
        format!("{} = 0", terms.collect::<Vec<_>>().join(" + "))
    }

    fn units_text(&self, out: &mut String, shown: usize) {
        let mut rows: Vec<&UnitRow> = self.units.iter().collect();
        rows.sort_by(|a, b| b.deficit.total_cmp(&a.deficit));
        let rows = rows.into_iter().map(|row| {
            let by = match &row.balance {
                Ok(found) => multiplier_text(&found.multiplier),
                Err(fault) => fault.to_string(),
            };
            let deficit = format!("{:.6}", row.deficit);
            (row.name.clone(), [row.input, row.output], deficit, by)
        });
        deficits(out, self.regularizer, rows.collect(), shown);
    }
}

fn text_of(value: Option<&Rational>) -> Value {
    value.map_or(Value::Null, |value| value.to_string().into())
}

pub(super) fn multiplier_json(multiplier: &Multiplier) -> Value {
    match multiplier {
        Multiplier::Rational(value) => json!({"rational": value.to_string()}),
        Multiplier::Irrational { ratio, degree } => {
            json!({"irrational": {"power": degree.to_string(), "equals": ratio.to_string()}})
        }
        Multiplier::Enclosed { lower, upper } => {
            json!({"enclosed": {"lo": lower.to_string(), "hi": upper.to_string()}})
        }
    }
}

fn multiplier_text(multiplier: &Multiplier) -> String {
    let short = |value: &Rational| {
        let text = value.to_string();
        if text.len() > 24 {
            format!("about {}", Wide::from(value))
        } else {
            text
        }
    };
    match multiplier {
        Multiplier::Rational(value) => format!("λ = {}", short(value)),
        Multiplier::Irrational { ratio, degree } => {
            let power = if degree.is_integer() {
                degree.to_string()
            } else {
                format!("({degree})")
            };
            format!("irrational λ with λ^{power} = {}", short(ratio))
        }
        Multiplier::Enclosed { lower, .. } => format!("λ = about {}, enclosed", Wide::from(lower)),
    }
}
