//! Depth is no danger: what is done with a chain takes no more stack, however long it is.

use num_traits::One;
use synaptic_balance::kernel::check;
use synaptic_balance::network::{Manifold, Network, Regularizer, chain};
use synaptic_balance::numbers::{Rational, nth_root, parse_rational, root_of_power};
use synaptic_balance::solve::blocks::BlockOptions;
use synaptic_balance::solve::{existence, solve_two_level};

/// Checks: chains and rings of 6,000 units, on a stack on which one call for each unit would not fit.
#[test]
fn long_chains_need_no_stack() {
    const UNITS: usize = 6_000;
    let work = || {
        let weights = vec![Rational::one(); UNITS + 1];
        let open = chain(&weights);
        let units = (0..open.units()).map(|unit| open.unit(unit).clone());
        let ends = (0..open.synapses()).map(|synapse| open.endpoints(synapse));
        let back = std::iter::once((UNITS, 1));
        let synapses = ends
            .chain(back)
            .map(|(from, to)| (from, to, Rational::one()));
        let ring = Network::new(units.collect(), synapses.collect(), vec![]).unwrap();
        for (network, max_reads) in [(open, 2_000.0), (ring, 20.0)] {
            let problem = network.problem(&Regularizer::l1());
            assert!(existence(&problem).unwrap().is_attained());
            let options = BlockOptions {
                max_reads,
                ..BlockOptions::default()
            };
            // So large a ring takes long to balance.
            let solution = solve_two_level(&problem, &options, &mut |_| {});
            assert!(solution.is_ok() || max_reads < 100.0);
            assert_eq!(network.tied_by_layer().units(), UNITS + 2);
            let manifold = Manifold::of(&network);
            assert_eq!(manifold.dimension(), UNITS);
            let constraints = manifold.constraints();
            let terms: Vec<_> = constraints.into_iter().map(|found| found.terms).collect();
            assert!(check::manifold(&problem, &terms, &manifold.spanning_synapses()).is_ok());
        }
    };
    let thread = std::thread::Builder::new().stack_size(320 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

/// Checks: roots of long numbers, of degrees where a logarithm in `f64` is not near enough, are exact, and soon found.
#[test]
fn long_roots_are_exact() {
    for (digits, degree) in [(300, 256), (900, 97), (2_000, 31), (20, 509), (4, 1_021)] {
        let root = parse_rational(&"7".repeat(digits)).unwrap();
        let power = num_traits::Pow::pow(&root, degree as i32);
        assert_eq!(
            nth_root(&power, degree).as_ref(),
            Some(&root),
            "degree {degree}"
        );
        assert_eq!(nth_root(&(&power + Rational::one()), degree), None);
        let exponent = Rational::new(3.into(), degree.into());
        let reduced = root_of_power(&power, &exponent);
        assert_eq!(reduced, (root, Rational::from_integer(3.into())));
    }
    // A factor of the degree is taken where the whole is not.
    let four = Rational::from_integer(4.into());
    let sixth = Rational::new(1.into(), 6.into());
    let expected = (
        Rational::from_integer(2.into()),
        Rational::new(1.into(), 3.into()),
    );
    assert_eq!(root_of_power(&four, &sixth), expected);
}
