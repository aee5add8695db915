//! Sweeps with a coarse correction after each, accelerated.

use super::anderson::Anderson;
use super::state::State;
use super::{BlockOptions, CostSums};

pub(super) fn sweeps<C: CostSums>(state: &mut State<C>, options: &BlockOptions, progress: &mut dyn FnMut(f64)) -> usize {
    let mut anderson = Anderson::new(options.memory);
    state.correct();
    let ln = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| if *v > 0.0 { v.ln() } else { 0.0 }).collect() };
    let mut message = state.outgoing.clone();
    let mut point = ln(&message);
    let mut count = 0;
    let mut best = f64::INFINITY;
    let mut since = 0;
    while state.reads + 1.0 < options.max_reads {
        let Some(read) = state.problem.sweep(&message, &mut state.u, &mut state.v, &mut state.sums) else { break };
        state.reads += read;
        state.passes += 1;
        count += 1;
        state.collect();
        state.correct();
        let deficit = state.deficit();
        progress(deficit);
        if deficit <= options.tolerance { break; }
        if deficit < 0.9 * best { best = deficit; since = 0; } else { since += 1; }
        if since > options.patience { break; }
        let g = ln(&state.outgoing);
        let f: Vec<f64> = g.iter().zip(&point).map(|(a, b)| a - b).collect();
        let mut next = anderson.next(g.clone(), f);
        let jump = next.iter().zip(&g).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if !(jump < 10.0) { anderson.restart(); next = g; }
        message.iter_mut().zip(&next).for_each(|(m, x)| if *m > 0.0 { *m = x.exp() });
        point = next;
    }
    count
}
