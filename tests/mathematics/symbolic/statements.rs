//! Each statement proved, and beside it a variant that is false and must be refuted at a point.

use super::support::{LOSSES, Net, chain, prove, proved, rational, refute};
use num_traits::Zero;
use quickcheck::quickcheck;
use synaptic_balance::symbolic::{
    Architecture, ArchitectureError, Claim, Laurent, Monomial, Run, Scaling, Unit, statements,
};

quickcheck! {
    /// Checks: Section 3, scaling leaves the function unchanged (acyclic, with BiPU units).
    fn invariance_acyclic(net: Net) -> bool {
        proved(statements::invariance(&net.acyclic(), Run::Acyclic))
    }

    /// Checks: Section 3, scaling leaves a recurrent network's function unchanged over any steps,
    /// the initial states being scaled too.
    fn invariance_recurrent(net: Net) -> bool {
        let network = net.recurrent();
        proved(statements::invariance(&network, Run::Steps(3)))
            && proved(statements::invariance(&network, Run::StepsFromZero(3)))
    }

    /// Checks: Section 3, scalings form a commutative group.
    fn group(net: Net) -> bool {
        proved(statements::scalings_form_a_group(&net.recurrent()))
    }

    /// Checks: E4, a self-connection of a BiLU unit is unchanged by scaling.
    fn self_connections(net: Net) -> bool {
        proved(statements::self_connections_unchanged(&net.bilu().recurrent()))
    }

    /// Checks: Section 5, the convex problem: gradient `p (A - B)`, Hessian `p²` times the Laplacian.
    fn laplacian(net: Net, p: i8) -> bool {
        let pair = if net.hidden > 1 { &["a", "b"][..] } else { &["a"] };
        let network = net.bilu().recurrent();
        let tied = network.clone().tie(pair).expect("hidden");
        proved(statements::laplacian(&network, p.into()))
            && proved(statements::laplacian(&tied, 2))
    }
}

/// Checks: W1, a scaling that leaves biases out changes the function.
#[test]
fn invariance_needs_the_bias() {
    let network = chain(Unit::bilu(), false);
    let scaling = Scaling::of(&network).expect("no shared weights");
    assert!(
        prove(statements::invariance_under(
            &network,
            Run::Acyclic,
            &scaling
        ))
        .is_ok()
    );
    let wrong = scaling.without("w[one->a]");
    let refuted = refute(statements::invariance_under(&network, Run::Acyclic, &wrong));
    assert_eq!(refuted.point()["λ[a]"], rational(2, 1));
    assert_eq!(refuted.label(), "y[y]");
}

/// Checks: Section 3, in recurrent networks the initial state must be scaled too.
#[test]
fn invariance_needs_the_initial_state() {
    let network = chain(Unit::bilu(), true);
    let wrong = Scaling::of(&network)
        .expect("no shared weights")
        .without("h[a]");
    refute(statements::invariance_under(
        &network,
        Run::Steps(2),
        &wrong,
    ));
    assert!(
        prove(statements::invariance_under(
            &network,
            Run::StepsFromZero(3),
            &wrong
        ))
        .is_ok()
    );
}

/// Checks: Prop 2.3, BiPU units of degrees 0 to 3 scale; with the exponent of a BiLU unit they do
/// not.
#[test]
fn invariance_of_bipu_units() {
    for degree in 0..=3 {
        let network = chain(Unit::bipu(degree), degree < 3);
        assert!(prove(statements::invariance(&network, Run::Steps(3))).is_ok());
        let as_bilu = Scaling::of(&chain(Unit::bilu(), degree < 3)).expect("no shared weights");
        let claim = statements::invariance_under(&network, Run::Steps(2), &as_bilu);
        assert_eq!(claim.expect("applies").prove().is_ok(), degree == 1);
    }
}

/// A two-channel convolution with kernel size 2 at two positions, then a shared readout.
fn convolution() -> Architecture {
    let units = [
        ("p", Unit::Input),
        ("q", Unit::Input),
        ("r", Unit::Input),
        ("one", Unit::Bias),
        ("a", Unit::bilu()),
        ("b", Unit::bilu()),
        ("y", Unit::linear_output()),
    ];
    let synapses = [
        ("p", "a"),
        ("q", "a"),
        ("q", "b"),
        ("r", "b"),
        ("one", "a"),
        ("one", "b"),
        ("a", "y"),
        ("b", "y"),
    ];
    let network = Architecture::new(&units, &synapses).expect("valid");
    let network = network.share(&[("p", "a"), ("q", "b")]).expect("exist");
    let network = network.share(&[("q", "a"), ("r", "b")]).expect("exist");
    network.share(&[("one", "a"), ("one", "b")]).expect("exist")
}

/// Checks: Section 4, one scaling per channel; without the tie the kernel cannot be scaled.
#[test]
fn tied_channel() {
    assert!(matches!(
        statements::invariance(&convolution(), Run::Acyclic),
        Err(ArchitectureError::SharedDifferently { .. })
    ));
    let network = convolution().tie(&["a", "b"]).expect("hidden");
    assert!(prove(statements::invariance(&network, Run::Acyclic)).is_ok());
    let scaling = Scaling::of(&network).expect("tied");
    let weights = scaling
        .exponents("λ[a]")
        .filter(|(name, _)| name.name().starts_with('w'));
    assert_eq!(
        weights
            .map(|(name, exponent)| format!("{name} {exponent}"))
            .collect::<Vec<_>>(),
        [
            "w[a->y] -1",
            "w[b->y] -1",
            "w[one->a] 1",
            "w[p->a] 1",
            "w[q->a] 1"
        ],
        "the kernel's weights are counted once"
    );
    for loss in LOSSES {
        assert!(prove(statements::euler(&network, Run::Acyclic, loss)).is_ok());
        assert!(prove(statements::stationary_points(&network, Run::Acyclic, loss)).is_ok());
    }
    assert!(prove(statements::laplacian(&network, 2)).is_ok());
}

/// Checks: Section 3, commutation of scalings; scaling twice is not scaling once.
#[test]
fn scaling_twice_is_not_scaling_once() {
    let network = chain(Unit::bilu(), false);
    let scaling = Scaling::of(&network).expect("no shared weights");
    let once = scaling.apply(&Laurent::symbol("w[x->a]")).expect("small");
    let twice = scaling.apply(&once).expect("small");
    refute(Ok::<_, ArchitectureError>(
        Claim::new("S S = S").and("", twice, once),
    ));
}

/// Checks: E4, a self-connection of a BiPU unit of degree `c != 1` is multiplied by `λ^(1-c)`.
#[test]
fn self_connection_of_a_bipu_unit_changes() {
    let unchanged = statements::self_connections_unchanged(&chain(Unit::bilu(), true));
    assert_eq!(prove(unchanged).expect("BiLU").identities().len(), 1);
    let network = chain(Unit::bipu(3), true);
    let refuted = refute(statements::self_connections_unchanged(&network));
    assert_eq!(refuted.label(), "w[a->a]");
    let multiplier = Scaling::of(&network)
        .expect("no shared weights")
        .multiplier("w[a->a]");
    assert_eq!(multiplier, Monomial::power("λ[a]", -2));
}

/// Checks: Thm 3.1 (L_p), the decrease; with the inverse multiplier it is false.
#[test]
fn decrease() {
    assert!(prove(statements::decrease()).is_ok());
    let inverse = Laurent::symbol("a") * Laurent::power("b", -1);
    refute(statements::decrease_at(&inverse));
    let sum = Laurent::symbol("a") + Laurent::symbol("b");
    assert!(statements::decrease_at(&sum).is_err());
}

/// Checks: Thm 3.1 (L_p), balance at the minimum, which is unique; at another multiplier there is
/// none.
#[test]
fn balance() {
    assert!(prove(statements::balance()).is_ok());
    assert!(prove(statements::minimum()).is_ok());
    refute(statements::balance_at(&Laurent::power("m", 1)));
    let claim = statements::minimum().expect("applies");
    let [identity] = claim.identities() else {
        panic!("one identity")
    };
    let no_excess = Claim::new("flat").and("", identity.left.clone(), Laurent::zero());
    refute(Ok::<_, ArchitectureError>(no_excess));
}

/// Checks: BiPU [ours], balance is `A = c B`; with `A = B` it is false for `c != 1`.
#[test]
fn bipu_balance() {
    for degree in 0..=4 {
        let claim = statements::bipu_balance(degree).expect("small");
        let [identity] = claim.identities() else {
            panic!("one identity")
        };
        let as_bilu = Laurent::symbol("A") * Laurent::symbol("μ")
            - Laurent::symbol("B") * Laurent::power("μ", -(degree as i32));
        let wrong = Claim::new("A = B")
            .and("", identity.left.clone(), as_bilu)
            .prove();
        assert_eq!(wrong.is_ok(), degree == 1);
        assert!(claim.prove().is_ok());
    }
}

/// Checks: E4, counting a self-connection changes the optimal step, and how.
#[test]
fn counting_self_connections() {
    let refuted = statements::counting_self_connections().prove().unwrap_err();
    let at = |name: &str| refuted.point()[name].clone();
    let step = (at("B") + at("s")) / (at("A") + at("s"));
    assert_ne!(step, at("B") / at("A"));
    assert!(
        statements::lag_of_counting_self_connections()
            .prove()
            .is_ok()
    );
}

/// Checks: Section 4, the closed form of tied balancing, for one to six layers; with other
/// multipliers it is false.
#[test]
fn tied_closed_form() {
    for layers in 0..=6 {
        let proved = prove(statements::tied_closed_form(layers)).expect("the closed form");
        assert_eq!(proved.identities().len(), layers);
    }
    let expected = [
        "c[1]^-1*c[2]",
        "c[1]^-2*c[2]*c[3]",
        "c[1]^-1*c[2]^-1*c[3]^2",
    ];
    let printed = |layers| -> Vec<String> {
        let multipliers = statements::tied_multipliers(layers).expect("few layers");
        multipliers.iter().map(ToString::to_string).collect()
    };
    assert_eq!(printed(2), expected[..1]);
    assert_eq!(printed(3), expected[1..]);
    refute(statements::layer_costs(&[Monomial::one()], 2));
    let reversed: Vec<Monomial> = statements::tied_multipliers(3)
        .expect("few layers")
        .into_iter()
        .rev()
        .collect();
    refute(statements::layer_costs(&reversed, 3));
}

/// Checks: Section 5, the Laplacian, written out for a chain; counting the self-connection on its
/// diagonal, or the other sign off it, is false; BiPU units are refused.
#[test]
fn laplacian_entries() {
    let units = [
        ("x", Unit::Input),
        ("a", Unit::bilu()),
        ("b", Unit::bilu()),
        ("y", Unit::linear_output()),
    ];
    let synapses = [("x", "a"), ("a", "b"), ("b", "a"), ("b", "y"), ("a", "a")];
    let network = Architecture::new(&units, &synapses).expect("valid");
    let claim = statements::laplacian(&network, 2).expect("BiLU");
    let entry = |label: &str| {
        claim
            .identities()
            .iter()
            .find(|identity| identity.label == label)
            .expect("listed")
            .clone()
    };
    assert_eq!(
        entry("entry Λ[a], Λ[b]").right.to_string(),
        "-2*c[a->b]*Λ[a]^-2*Λ[b]^2 - 2*c[b->a]*Λ[a]^2*Λ[b]^-2"
    );
    let diagonal = entry("entry Λ[a], Λ[a]");
    let counted = &diagonal.right + Laurent::integer(4) * Laurent::symbol("c[a->a]");
    let wrong = Claim::new("counting the self-connection").and("", diagonal.left, counted);
    refute(Ok::<_, ArchitectureError>(wrong));
    let off = entry("entry Λ[a], Λ[b]");
    refute(Ok::<_, ArchitectureError>(
        Claim::new("wrong sign").and("", off.left, -off.right),
    ));
    assert_eq!(
        prove(Ok::<_, ArchitectureError>(claim))
            .expect("Laplacian")
            .identities()
            .len(),
        6
    );
    let refused = statements::laplacian(&chain(Unit::bipu(2), false), 2);
    assert_eq!(
        refused,
        Err(ArchitectureError::NotBilu {
            name: "a".to_owned(),
            degree: 2
        })
    );
}

/// A gate `z = g u` beside scores `s = q k`, read by `h`, which is recurrent, and by `y`.
fn gated() -> Architecture {
    let named = |factors: [&str; 2]| Unit::Product(factors.map(str::to_owned).to_vec());
    Architecture::new(
        &[
            ("x", Unit::Input),
            ("z", named(["g", "u"])),
            ("zz", named(["z", "x"])),
            ("s", named(["q", "k"])),
            ("g", Unit::bipu(2)),
            ("u", Unit::bilu()),
            ("q", Unit::bilu()),
            ("k", Unit::bilu()),
            ("h", Unit::bilu()),
            ("y", Unit::linear_output()),
        ],
        &[
            ("x", "g"),
            ("x", "u"),
            ("x", "q"),
            ("x", "k"),
            ("z", "h"),
            ("zz", "h"),
            ("h", "y"),
            ("s", "y"),
        ],
    )
    .expect("an architecture")
}

/// Checks: a synapse out of a product is divided by what its factors are multiplied with; then the function stays, and
/// it does not if that is left out; over steps too, where a product multiplies values of one step. With a tie of powers
/// the scores keep their weight.
#[test]
fn products_and_ties_with_exponents() {
    let network = gated();
    let scaling = Scaling::of(&network).expect("no shared weights");
    let written = |name: &str| scaling.multiplier(name).to_string();
    assert_eq!(written("w[z->h]"), "λ[g]^-2*λ[h]*λ[u]^-1");
    assert_eq!(written("w[s->y]"), "λ[k]^-1*λ[q]^-1");
    assert_eq!(written("h[z]"), "λ[g]^2*λ[u]");
    for run in [Run::Acyclic, Run::Steps(3), Run::StepsFromZero(4)] {
        assert!(proved(statements::invariance(&network, run)), "{run:?}");
    }
    assert!(proved(statements::scalings_form_a_group(&network)));
    let loss = LOSSES[0];
    assert!(proved(statements::euler(&network, Run::Acyclic, loss)));
    let wrong = scaling.without("w[z->h]");
    refute(statements::invariance_under(&network, Run::Acyclic, &wrong));
    let tied = network.clone().tie_powers(&[("q", 1), ("k", -1)]);
    let tied = tied.expect("both are hidden");
    let scaling = Scaling::of(&tied).expect("no shared weights");
    assert!(scaling.multiplier("w[s->y]").is_one());
    assert_eq!(scaling.multiplier("w[x->k]").to_string(), "λ[q]^-1");
    assert!(proved(statements::invariance(&tied, Run::Acyclic)));
    assert!(proved(statements::self_connections_unchanged(&tied)));
    for refused in [
        statements::laplacian(&network, 2),
        statements::laplacian(&tied, 2),
    ] {
        assert!(matches!(refused, Err(ArchitectureError::NotAGraph { .. })));
    }
}

/// Checks: descriptions with products and exponents that make no network are refused.
#[test]
fn faults_of_products() {
    let named = |factors: &[&str]| Unit::Product(factors.iter().map(|f| f.to_string()).collect());
    let of = |units: &[(&str, Unit)], synapses: &[(&str, &str)]| {
        Architecture::new(units, synapses).expect_err("a fault")
    };
    let name = |name: &str| name.to_owned();
    let x = ("x", Unit::Input);
    assert_eq!(
        of(&[("z", named(&[]))], &[]),
        ArchitectureError::NoFactors { name: name("z") }
    );
    assert_eq!(
        of(&[("z", named(&["nobody"]))], &[]),
        ArchitectureError::UnknownUnit {
            name: name("nobody")
        }
    );
    assert_eq!(
        of(
            &[x.clone(), ("z", named(&["v", "x"])), ("v", named(&["z"]))],
            &[]
        ),
        ArchitectureError::Cycle { name: name("z") }
    );
    assert!(matches!(
        of(&[x, ("z", named(&["x"]))], &[("x", "z")]),
        ArchitectureError::IntoSource { .. }
    ));
    let tie = |units: &[(&str, i32)]| gated().tie_powers(units).expect_err("a fault");
    for wrong in [
        &[("q", 1), ("k", 0)][..],
        &[("q", 2), ("k", 1)],
        &[("q", 1), ("q", -1)],
    ] {
        assert!(
            matches!(tie(wrong), ArchitectureError::TieExponent { .. }),
            "{wrong:?}"
        );
    }
    let once = gated().tie(&["q", "u"]).expect("hidden");
    assert!(once.tie_powers(&[("q", 1), ("k", -1)]).is_err());
    assert!(matches!(
        tie(&[("z", 1)]),
        ArchitectureError::TiedVisible { .. }
    ));
}
