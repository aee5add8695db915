//! What it costs to check an enclosure of a million synapses.
//!
//! `cargo bench --bench enclosure` prints a table. Machines differ: what to compare is the ratio to a plain pass in
//! `f64` that multiplies and adds once for each synapse.

use std::hint::black_box;
use std::time::Instant;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::kernel::check;
use synaptic_balance::network::{Activation, Regularizer, layered};
use synaptic_balance::numbers::{Rational, rational_from_f64};
use synaptic_balance::solve::{DirectOptions, certify, solve_direct};

const SIZES: [usize; 5] = [500; 5];

fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let weight = |_, _, _| -> Rational {
        rational_from_f64(rng.random_range(-1.0..1.0)).expect("a finite number")
    };
    let network = layered(&SIZES, &Activation::Relu, weight, None);
    println!(
        "{} synapses, {} multipliers",
        network.synapses(),
        network.variables()
    );
    println!("regularizer | check (s) | plain passes");
    for name in ["l2", "l1", "lp:1/2", "lp:3"] {
        let regularizer: Regularizer = name.parse().expect("a regularizer");
        let problem = network.problem(&regularizer);
        let solution =
            solve_direct(&problem, &DirectOptions::default(), &mut |_| {}).expect("a minimum");
        let enclosure = certify(&problem, &solution, 10).expect("an enclosure");
        let enclosed = enclosure.claim_about(&problem).expect("the same problem");
        let (lower, upper) = (&enclosed.lower, &enclosed.upper);
        let start = Instant::now();
        check::enclosure(&problem, lower, upper).expect("accepted before");
        let seconds = start.elapsed().as_secs_f64();
        println!("{name} | {seconds:.2} | {:.0}", seconds / plain_pass());
    }
}

/// Seconds for one pass over as many costs as there are synapses, the best of five.
fn plain_pass() -> f64 {
    let costs: Vec<f64> = (0..1_000_000).map(f64::from).collect();
    let times = (0..5).map(|_| {
        let start = Instant::now();
        black_box(black_box(&costs).iter().map(|cost| cost * 0.5).sum::<f64>());
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
