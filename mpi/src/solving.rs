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

/// Balances; `fan` is the most synapses at a unit, `name` says which unit it is. Every rank takes the same steps, and
/// comes to the same end.
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
    let solve = start.elapsed().as_secs_f64();
    let start = Instant::now();
    if is_told {
        eprintln!("bounds");
    }
    let mut bounds = enclose_blocks(shared, &solution, fan);
    let mut incomplete = match bounds.as_ref().map(|bounds| bounds.width) {
        Some(width) if width <= WIDTH => None,
        _ => Some(
            "a small deficit says little in a network nearly cut off from its visible units"
                .to_owned(),
        ),
    };
    let adds = machines.adds();
    let mut is_confirmed = false;
    if let (Some(bounds), Some(digits)) = (&mut bounds, wanted.certify) {
        if is_told {
            eprintln!("certifying");
        }
        match certify(shared, wanted.power, &solution, bounds)? {
            Some(unit) => {
                incomplete = Some(format!("the kernel's sums leave {} open", name(unit)));
            }
            None => {
                is_confirmed = true;
                incomplete = too_wide(bounds.width, wanted.power, digits).or(incomplete);
            }
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

/// Shares of the bounds' width, which allows for the rounding of floating-point sums, at which the kernel's sums are
/// asked.
const SHARES: [f64; 3] = [1.0 / 64.0, 1.0 / 8.0, 1.0];

/// Has the kernel's sums confirm bounds, the narrow ones if they can, and puts them in place of those given. Gives a
/// unit that they leave open.
fn certify(
    shared: &mut Shared<&Machines>,
    power: &Rational,
    solution: &BlockSolution,
    bounds: &mut BlockEnclosure,
) -> Result<Option<usize>, Fault> {
    let mut open = None;
    for share in SHARES {
        let nearer = |ends: &[f64]| -> Vec<f64> {
            let pairs = ends.iter().zip(&solution.multipliers);
            pairs
                .map(|(end, mu)| {
                    if share < 1.0 {
                        mu * (end / mu).powf(share)
                    } else {
                        *end
                    }
                })
                .collect()
        };
        let (lower, upper) = (nearer(&bounds.lower), nearer(&bounds.upper));
        match confirm_bounds(shared, power, solution, (&lower, &upper)) {
            Ok(()) => {
                let widths = lower.iter().zip(&upper).map(|(low, high)| high / low - 1.0);
                bounds.width = widths.fold(0.0, f64::max);
                (bounds.lower, bounds.upper) = (lower, upper);
                return Ok(None);
            }
            Err(BoundsError::Open(unit)) => open = Some(unit),
            Err(fault) => {
                let machines: &Machines = shared.exchange();
                let own = format!("rank {}: {fault}", machines.rank());
                // Whose share it is says so.
                let here = match fault {
                    BoundsError::Elsewhere => Ok(()),
                    _ => Err(Fault::bad(own)),
                };
                machines.agree(here)?;
            }
        }
    }
    Ok(open)
}

/// Why bounds of this relative width on multipliers of costs are not good for so many digits of multipliers of weights.
fn too_wide(width: f64, power: &Rational, digits: u32) -> Option<String> {
    // `(1 + w)^(1/p) - 1 <= w/p (1 + w)^(1/p)`.
    let root = 1.0 / rational_to_f64(power);
    let width = width * root * (1.0 + width).powf(root);
    let is_wide = width > 10f64.powi(-(digits.min(300) as i32));
    is_wide.then(|| format!("multipliers were certified to {width:.1e}, not to {digits} digits"))
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
