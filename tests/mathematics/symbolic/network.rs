//! Path polynomials against a network that is run on numbers, and refused descriptions.

use super::support::{Dual, Net, rational, run, value_of};
use num_traits::Zero;
use quickcheck::quickcheck;
use synaptic_balance::numbers::Rational;
use synaptic_balance::symbolic::{
    Activation, Architecture, ArchitectureError, Laurent, Point, Run, Scaling, Unit, statements,
};

/// Evaluates the polynomials at the numbers a run used, slopes of its region included.
fn evaluated(network: &Architecture, how: Run, seed: u64, slopes: &Point) -> Vec<Rational> {
    let function = network
        .function(how)
        .expect("small and, if asked for, acyclic");
    let at = |value: &Laurent| {
        let own = |name: &str| {
            slopes
                .get(name)
                .cloned()
                .unwrap_or_else(|| value_of(name, seed))
        };
        let point = value
            .symbols()
            .into_iter()
            .map(|s| (s.clone(), own(s.name())))
            .collect();
        value.evaluate(&point).expect("every symbol has a value")
    };
    function.values().map(at).collect()
}

fn agrees(network: &Architecture, how: Run, seed: u64) -> bool {
    let (outputs, slopes) = run(network, how, |name| Dual::constant(value_of(name, seed)));
    let expected: Vec<Rational> = outputs.into_values().map(|output| output.value).collect();
    evaluated(network, how, seed, &slopes) == expected
}

/// Runs the network with numerically scaled parameters, `λ_i` the size of a value drawn by name.
fn invariant(network: &Architecture, how: Run, seed: u64) -> bool {
    let scaling = Scaling::of(network).expect("no shared weights");
    let positive = |name: &str| {
        let value = value_of(name, seed);
        if value < Rational::zero() {
            -value
        } else {
            value
        }
    };
    let scaled = |name: &str| {
        let powers = scaling.multiplier(name);
        let factors = powers
            .powers()
            .map(|(symbol, n)| positive(symbol.name()).pow(n));
        Dual::constant(factors.fold(value_of(name, seed), |product, factor| product * factor))
    };
    let (plain, region) = run(network, how, |name| Dual::constant(value_of(name, seed)));
    let (after, same_region) = run(network, how, scaled);
    plain == after && region == same_region
}

quickcheck! {
    /// Checks: Section 3, the function of an acyclic network on the region of a point.
    fn acyclic_function(net: Net) -> bool {
        agrees(&net.acyclic(), Run::Acyclic, net.seed)
    }

    /// Checks: Section 3, the function of a recurrent network over steps.
    fn recurrent_function(net: Net) -> bool {
        let network = net.recurrent();
        [Run::Steps(2), Run::StepsFromZero(3)].into_iter().all(|run| agrees(&network, run, net.seed))
    }

    /// Checks: Section 3, scaling leaves the function unchanged (on numbers, across regions).
    fn scaling_on_numbers(net: Net) -> bool {
        invariant(&net.acyclic(), Run::Acyclic, net.seed)
            && invariant(&net.recurrent(), Run::Steps(3), net.seed)
    }

    /// Checks: Section 4, a tie of all hidden units leaves one potential, and the function alone.
    fn tying_everything(net: Net) -> bool {
        let network = net.recurrent();
        let names: Vec<String> = network
            .units()
            .filter(|(_, unit)| matches!(unit, Unit::Hidden(_)))
            .map(|(name, _)| name.to_owned())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tied = network.clone().tie(&names).expect("hidden");
        Scaling::of(&tied).is_ok_and(|scaling| scaling.potentials().len() <= 1)
            && statements::invariance(&tied, Run::Steps(2)).is_ok_and(|claim| claim.prove().is_ok())
            && tied.function(Run::Steps(2)) == network.function(Run::Steps(2))
    }
}

fn units() -> Vec<(&'static str, Unit)> {
    vec![
        ("x", Unit::Input),
        ("one", Unit::Bias),
        ("a", Unit::bilu()),
        ("b", Unit::bilu()),
        ("y", Unit::linear_output()),
    ]
}

/// Checks: Section 3, the path polynomial of two small networks, written out.
#[test]
fn written_out() {
    let network = Architecture::new(
        &units(),
        &[("x", "a"), ("a", "y"), ("x", "y"), ("one", "y")],
    )
    .expect("valid");
    let function = network.function(Run::Acyclic).expect("acyclic");
    assert_eq!(
        function["y[y]"].to_string(),
        "s[a]*w[a->y]*w[x->a]*x[x] + w[x->y]*x[x] + w[one->y]"
    );
    let network =
        Architecture::new(&units(), &[("x", "a"), ("a", "a"), ("a", "y")]).expect("valid");
    let function = network.function(Run::Steps(2)).expect("small");
    assert_eq!(function["y[y,1]"].to_string(), "h[a]*w[a->y]");
    assert_eq!(
        function["y[y,2]"].to_string(),
        "h[a]*s[a,1]*w[a->a]*w[a->y] + s[a,1]*w[a->y]*w[x->a]*x[x,1]"
    );
    assert!(
        network
            .function(Run::Steps(0))
            .is_ok_and(|function| function.is_empty())
    );
}

/// Checks: Section 2, fixed slopes: a ReLU that is off passes nothing, a linear unit everything.
#[test]
fn fixed_slopes() {
    let with = |slope| {
        let hidden = Unit::Hidden(Activation::bilu().with_slope(rational(slope, 1)));
        let units = [
            ("x", Unit::Input),
            ("a", hidden),
            ("y", Unit::linear_output()),
        ];
        let network = Architecture::new(&units, &[("x", "a"), ("a", "y")]).expect("valid");
        network.function(Run::Acyclic).expect("acyclic")["y[y]"].to_string()
    };
    assert_eq!(with(0), "0");
    assert_eq!(with(1), "w[a->y]*w[x->a]*x[x]");
}

fn refused(synapses: &[(&str, &str)]) -> ArchitectureError {
    Architecture::new(&units(), synapses).unwrap_err()
}

/// Checks: descriptions that are no network are refused, each for its own reason.
#[test]
fn refused_descriptions() {
    let name = |name: &str| name.to_owned();
    let pair = [("a", Unit::bilu()), ("a", Unit::Input)];
    let twice = Architecture::new(&pair, &[]).unwrap_err();
    assert_eq!(twice, ArchitectureError::DuplicateUnit { name: name("a") });
    for bad in ["", "a->b", "a]", "a,1"] {
        let error = Architecture::new(&[(bad, Unit::Input)], &[]).unwrap_err();
        assert_eq!(error, ArchitectureError::Name { name: name(bad) });
    }
    let steep = Architecture::new(&[("a", Unit::bipu(5000))], &[]).unwrap_err();
    let limit = Architecture::MAX_DEGREE;
    assert_eq!(
        steep,
        ArchitectureError::Degree {
            name: name("a"),
            limit
        }
    );
    assert_eq!(
        refused(&[("x", "z")]),
        ArchitectureError::UnknownUnit { name: name("z") }
    );
    let (from, to) = (name("a"), name("x"));
    assert_eq!(
        refused(&[("a", "x")]),
        ArchitectureError::IntoSource { from, to }
    );
    let (from, to) = (name("x"), name("a"));
    assert_eq!(
        refused(&[("x", "a"), ("x", "a")]),
        ArchitectureError::DuplicateSynapse { from, to }
    );
}

/// Checks: ties and shared weights that make no sense are refused, each for its own reason.
#[test]
fn refused_ties() {
    let name = |name: &str| name.to_owned();
    let network =
        Architecture::new(&units(), &[("x", "a"), ("x", "b"), ("a", "y")]).expect("valid");
    let tie = |units: &[&str]| network.clone().tie(units).unwrap_err();
    assert_eq!(
        tie(&["a", "y"]),
        ArchitectureError::TiedVisible { name: name("y") }
    );
    assert_eq!(
        tie(&["a", "q"]),
        ArchitectureError::UnknownUnit { name: name("q") }
    );
    let missing = network
        .clone()
        .share(&[("x", "a"), ("b", "y")])
        .unwrap_err();
    let (from, to) = (name("b"), name("y"));
    assert_eq!(missing, ArchitectureError::UnknownSynapse { from, to });
    let shared = network
        .share(&[("x", "a"), ("x", "b")])
        .expect("both exist");
    let weight = "w[x->a]".into();
    assert_eq!(
        Scaling::of(&shared),
        Err(ArchitectureError::SharedDifferently { weight })
    );
    assert!(Scaling::of(&shared.tie(&["a", "b"]).expect("hidden")).is_ok());
}

/// Checks: a directed cycle and an excessive degree are refused when the function is asked for.
#[test]
fn refused_runs() {
    let network =
        Architecture::new(&units(), &[("x", "a"), ("b", "b"), ("a", "y")]).expect("valid");
    let cycle = ArchitectureError::Cycle {
        name: "b".to_owned(),
    };
    assert_eq!(network.function(Run::Acyclic), Err(cycle));
    let quartic = [("x", Unit::Input), ("a", Unit::bipu(4))];
    let growing = Architecture::new(&quartic, &[("x", "a"), ("a", "a")]).expect("valid");
    let limit = Architecture::MAX_DEGREE;
    let degree = ArchitectureError::Degree {
        name: "a".to_owned(),
        limit,
    };
    assert_eq!(growing.function(Run::StepsFromZero(9)), Err(degree));
}
