//! Sweeps over groups, each followed by a correction of the groups as wholes, and accelerated.

use super::anderson::Anderson;
use super::state::State;
use super::strong::{STRONG, Strong};
use super::{BlockMethod, BlockOptions, CostSums};

/// Sweeps after which a network still unbalanced by more than [`SLOW`] is taken for a skewed one; again after as many
/// as [`RENEWAL`], since what is strong depends on the potentials.
const FIRST: usize = 4;
const SLOW: f64 = 1e-2;
const RENEWAL: usize = 40;
/// Sweeps without progress after which another method has to go on.
const PATIENCE: usize = 20;
/// Differences kept for the acceleration.
const MEMORY: usize = 10;
/// The farthest that acceleration may move the logarithm of a sum; beyond, it starts anew.
const LEAP: f64 = 10.0;

/// Sweeps until the deficit is at most the tolerance, or progress ends. Returns the number of sweeps, and the deficit
/// where the state's sums are those that the last sweep found at the state's potentials: then they need not be read
/// again.
///
/// What a sweep needs to know at its start are the sums over outgoing synapses by unit (and, along links against the
/// order of the groups, the potentials). The iteration is one on their logarithms: sweep, correct, relax the strong
/// synapses, extrapolate. They need not belong to any potentials, so that extrapolated ones are as good as others.
pub(super) fn sweeps<C: CostSums>(
    state: &mut State<C>,
    options: &BlockOptions,
    progress: &mut dyn FnMut(f64),
) -> (usize, Option<f64>) {
    let plain = options.method == BlockMethod::Sweeps;
    let mut anderson = Anderson::new(MEMORY);
    let mut strong: Option<Strong> = None;
    if !plain {
        state.correct();
    }
    let mut outgoing = state.outgoing.clone();
    let mut start = logarithms(&outgoing);
    let (mut best, mut since) = (f64::INFINITY, 0);
    let mut count = 0;
    while state.reads < options.max_reads && since <= PATIENCE {
        if !state.sweep(&outgoing) {
            break;
        }
        count += 1;
        let mut deficit = state.deficit();
        if deficit <= options.tolerance && state.shape().is_acyclic() {
            progress(deficit);
            return (count, Some(deficit));
        }
        if !plain {
            state.correct();
            deficit = state.deficit();
        }
        progress(deficit);
        if deficit <= options.tolerance || deficit.is_nan() {
            break;
        }
        if plain {
            outgoing.copy_from_slice(&state.outgoing);
            continue;
        }
        since += 1;
        if deficit < 0.9 * best {
            (best, since) = (deficit, 0);
        }
        if count >= FIRST && (count - FIRST).is_multiple_of(RENEWAL) && deficit > SLOW {
            let edges = state.strong(STRONG);
            strong = edges.map(|edges| Strong::new(state.shape(), &edges));
            anderson.restart();
        }
        outgoing.copy_from_slice(&state.outgoing);
        if let Some(strong) = &strong {
            state.count(strong.relax(state, &mut outgoing));
        }
        start = extrapolate(&mut anderson, &start, &mut outgoing);
    }
    (count, None)
}

/// Replaces sums by extrapolated ones, from the logarithms of those before; returns the logarithms.
fn extrapolate(anderson: &mut Anderson, start: &[f64], sums: &mut [f64]) -> Vec<f64> {
    let end = logarithms(sums);
    let pairs = end.iter().zip(start);
    let next = anderson.next(&end, pairs.map(|(end, start)| end - start).collect());
    let leap = next.iter().zip(&end).map(|(next, end)| (next - end).abs());
    if leap.fold(0.0, f64::max) >= LEAP {
        anderson.restart();
        return end;
    }
    let sums = sums.iter_mut().zip(&next);
    let positive = sums.filter(|(sum, _)| **sum > 0.0);
    positive.for_each(|(sum, log)| *sum = log.exp());
    next
}

/// Logarithms, with 0 for the sums of units without synapses.
fn logarithms(sums: &[f64]) -> Vec<f64> {
    sums.iter()
        .map(|sum| if *sum > 0.0 { sum.ln() } else { 0.0 })
        .collect()
}
