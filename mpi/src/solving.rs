//! Balancing what all ranks hold, with bounds.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use synaptic_balance::numbers::{Rational, rational_to_f64};
use synaptic_balance::solve::SolveError;
use synaptic_balance::solve::blocks::{
    BlockEnclosure, BlockMethod, BlockOptions, BlockSolution, BoundsError, CostSums, Shared,
    balance_blocks, confirm_bounds, enclose_blocks,
};

use crate::machines::{Fault, Machines};

/// Bounds wider than this say too little to count as done.
const WIDTH: f64 = 1e-6;

/// How far apart lines of progress are.
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked of the solver.
pub struct Wanted<'a> {
    pub power: &'a Rational,
    pub method: BlockMethod,
    pub tolerance: f64,
    /// Has the kernel add up the sums at the bounds, which then have to be good for so many digits.
    pub certify: Option<u32>,
    /// Says how far it is on rank 0.
    pub progress: bool,
}

/// A solution with its bounds.
pub struct Solved {
    pub solution: BlockSolution,
    pub deficit_before: f64,
    /// Bounds on the multipliers `μ` of costs.
    pub bounds: Option<BlockEnclosure>,
    /// Did the kernel's sums confirm them?
    pub is_confirmed: bool,
    /// Why not everything that was asked for holds.
    pub incomplete: Option<String>,
    /// Solving and bounding.
    pub seconds: [f64; 2],
    /// What solving exchanged: numbers, times, bytes sent by this rank.
    pub adds: Vec<[u64; 3]>,
}

/// Balances; `fan` is the most synapses at a unit, `name` says which unit it is. Every rank takes the same steps, and comes to the same end.
pub fn solve(
    shared: &mut Shared<&Machines>,
    wanted: &Wanted,
    fan: usize,
    name: &dyn Fn(usize) -> String,
) -> Result<Solved, Fault> {
    let machines: &Machines = shared.exchange();
    let start = Instant::now();
    let options = BlockOptions {
        method: wanted.method,
        tolerance: wanted.tolerance,
        ..BlockOptions::default()
    };
    let (mut before, mut steps, mut said) = (None, 0, Instant::now());
    let is_told = wanted.progress && machines.is_first();
    let solution = balance_blocks(shared, &options, &mut |deficit| {
        before.get_or_insert(deficit);
        steps += 1;
        if is_told && said.elapsed() >= PAUSE {
            said = Instant::now();
            eprintln!("step {steps}: deficit {deficit:.2e}");
        }
    });
    let solution = solution.map_err(|fault| fault_of(fault, name))?;
    let adds = machines.adds();
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    if is_told {
        eprintln!("bounds");
    }
    let bounds = enclose_blocks(shared, &solution, fan);
    let mut incomplete = match bounds.as_ref().map(|bounds| bounds.width) {
        Some(width) if width <= WIDTH => None,
        _ => Some(
            "a small deficit says little in a network nearly cut off from its visible units"
                .to_owned(),
        ),
    };
    let mut is_confirmed = false;
    if let (Some(bounds), Some(digits)) = (&bounds, wanted.certify) {
        if is_told {
            eprintln!("certifying");
        }
        let ends = (bounds.lower.as_slice(), bounds.upper.as_slice());
        match confirm_bounds(shared, wanted.power, &solution, ends) {
            Ok(()) => is_confirmed = true,
            Err(BoundsError::Open(unit)) => {
                incomplete = Some(format!("the kernel's sums leave {} open", name(unit)));
            }
            Err(fault) => return Err(Fault::bad(fault)),
        }
        let wanted_width = 10f64.powi(-(digits as i32));
        // Of the multipliers of weights, `(1 + w)^(1/p) - 1 <= w/p (1 + w)^(1/p)`.
        let root = 1.0 / rational_to_f64(wanted.power);
        let width = bounds.width * root * (1.0 + bounds.width).powf(root);
        if is_confirmed && width > wanted_width {
            incomplete = Some(format!(
                "multipliers were certified to {width:.1e}, not to {digits} digits"
            ));
        }
    }
    Ok(Solved {
        solution,
        deficit_before: before.unwrap_or(0.0),
        bounds,
        is_confirmed,
        incomplete,
        seconds: [solve, start.elapsed().as_secs_f64()],
        adds,
    })
}

fn fault_of(fault: SolveError, name: &dyn Fn(usize) -> String) -> Fault {
    match fault {
        SolveError::OneSided { variable, side } => Fault::incomplete(format!(
            "unit {} has no {side} cost, so that no minimum exists; `synbal balance --limit` goes to the infimum",
            name(variable)
        )),
        SolveError::NotFinite { variable } => Fault::bad(format!(
            "the costs at unit {} are not finite: a weight is no number, or too large",
            name(variable)
        )),
        fault => Fault::incomplete(fault),
    }
}

impl Solved {
    /// What every report says of it.
    pub fn fields(&self, shared: &Shared<&Machines>, machines: &Machines) -> Value {
        let solution = &self.solution;
        let adds = self.adds.iter().map(|[numbers, times, bytes]| {
            json!({"numbers": numbers, "times": times, "bytes_sent": bytes})
        });
        let bounds = self.bounds.as_ref();
        json!({
            "status": "balanced",
            "ranks": machines.count(),
            "weights": shared.weights(),
            "units": solution.multipliers.len(),
            "deficit_before": self.deficit_before,
            "deficit": solution.deficit,
            "reads": solution.reads,
            "passes": solution.passes,
            "sweeps": solution.sweeps,
            "newton_steps": solution.newton_steps,
            "numbers_per_read": shared.numbers(),
            "exchanges": adds.collect::<Vec<Value>>(),
            "within": bounds.map(|bounds| bounds.width),
            "bounds": match (bounds, self.is_confirmed) {
                (None, _) => "none",
                (_, false) => "computed",
                (_, true) => "certified",
            },
            "incomplete": self.incomplete,
        })
    }
}
