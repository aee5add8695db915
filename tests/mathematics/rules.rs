//! Every rule of the kernel and every premise of it: at least two accepts for each rule, at least one reject for each
//! premise.

use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance::kernel::{Obstacle, Problem, RULES, Refusal, Step, check};
use synaptic_balance::network::{
    Activation, Manifold, Network, Regularizer, Shape, Unit, UnitKind, chain, random_acyclic,
    random_recurrent,
};
use synaptic_balance::numbers::{Rational, parse_rational};

fn q(text: &str) -> Rational {
    parse_rational(text).unwrap()
}

fn qs(text: &str) -> Vec<Rational> {
    text.split_whitespace().map(q).collect()
}

fn chained(weights: &str) -> Problem {
    chain(&qs(weights)).problem(&Regularizer::l1())
}

fn rooted(weights: &str) -> Problem {
    chain(&qs(weights)).problem(&Regularizer::lp(q("1/2")).unwrap())
}

/// `x -> a -> b -> y` with units of the given degrees.
fn polynomial(degrees: &str, weights: &str) -> Network<Rational> {
    let unit = |(id, degree)| {
        let (above, below) = (q("1"), q("1"));
        let activation = Activation::BiPu {
            degree,
            above,
            below,
        };
        Unit::new(id, UnitKind::Hidden, activation)
    };
    let mut units = vec![Unit::new("x", UnitKind::Input, Activation::Linear)];
    units.extend(["a", "b"].into_iter().zip(qs(degrees)).map(unit));
    units.push(Unit::new("y", UnitKind::Output, Activation::Linear));
    let synapses = qs(weights).into_iter().enumerate();
    let synapses = synapses.map(|(index, weight)| (index, index + 1, weight));
    Network::new(units, synapses.collect(), vec![]).unwrap()
}

/// Two hidden units of degrees 1 and 2 on a cycle of their own: no common scaling, and no triangular order shows the
/// rank.
fn disagreeing() -> Network<Rational> {
    let apart = polynomial("1 2", "0 0 0");
    let units = (0..apart.units()).map(|unit| apart.unit(unit).clone());
    let synapses = vec![(1, 2, q("1")), (2, 1, q("1"))];
    Network::new(units.collect(), synapses, vec![]).unwrap()
}

type Terms = Vec<(usize, Rational)>;

/// `0*1 1*-1`: synapses with coefficients.
fn terms(text: &str) -> Terms {
    let term = |word: &str| {
        let (synapse, coefficient) = word.split_once('*').unwrap();
        (synapse.parse().unwrap(), q(coefficient))
    };
    text.split_whitespace().map(term).collect()
}

/// Outcomes by rule, and every refusal in words.
#[derive(Default)]
struct Record(BTreeMap<&'static str, (usize, BTreeSet<String>)>, String);

impl Record {
    /// A case that must be accepted (`expected` empty), or refused with this variant of [`Refusal`].
    fn case<T: std::fmt::Debug, E: std::fmt::Debug + std::fmt::Display>(
        &mut self,
        rule: &'static str,
        expected: &str,
        outcome: Result<T, E>,
    ) {
        let (accepted, refused) = self.0.entry(rule).or_default();
        match outcome {
            Ok(_) => {
                assert_eq!(expected, "", "{rule} accepted what it should refuse");
                *accepted += 1;
            }
            Err(refusal) => {
                let text = format!("{refusal:?}");
                let name = text.split([' ', '{', '(']).next().unwrap();
                assert_eq!(name, expected, "{rule}: {refusal}");
                self.1.push_str(&format!("{rule}: {refusal}\n"));
                refused.insert(name.to_owned());
            }
        }
    }
}

fn existence(record: &mut Record) {
    let (problem, idle) = (chained("1 2 3"), chained("1 0 3"));
    let mut attained = |expected: &str, problem: &Problem, flow: &str| {
        record.case("attained", expected, check::attained(problem, &qs(flow)));
    };
    attained("", &problem, "1 1 1");
    attained("", &problem, "5/2 5/2 5/2");
    attained("Arity", &problem, "1 1 1 1");
    attained("Flow", &problem, "1/2 1/2 1/2");
    attained("Flow", &idle, "1 1 1");
    attained("NotACirculation", &problem, "1 2 2");
    let dead = chained("1 2 0");
    let mut not = |expected: &str, problem: &Problem, direction: &str| {
        let outcome = check::not_attained(problem, &qs(direction));
        record.case("not_attained", expected, outcome);
    };
    not("", &dead, "-1 -2");
    not("", &dead, "0 -1/3");
    not("Arity", &dead, "-1 -2 -3");
    not("Rises", &dead, "-2 -1");
    not("NothingFalls", &dead, "0 0");
    // Fractions that would take too long to add up.
    let unit: num_bigint::BigInt = num_bigint::BigInt::from(1) << 200_000u32;
    let long = [unit.clone() - 1u32, unit.clone() + 1u32];
    let long = long.map(|below| Rational::new(unit.clone() * 2u32, below));
    let flow = [&long[..], &[q("1")]].concat();
    let outcome = check::attained(&problem, &flow);
    record.case("attained", "Undecided", outcome);
    let outcome = check::not_attained(&dead, &long.map(|part| -part));
    record.case("not_attained", "Undecided", outcome);
}

fn enclosures(record: &mut Record) {
    let problem = chained("1 8 1");
    let mut enclosure = |expected: &str, problem: &Problem, lower: &str, upper: &str| {
        let outcome = check::enclosure(problem, &qs(lower), &qs(upper));
        record.case("enclosure", expected, outcome);
    };
    enclosure("", &problem, "2 1/2", "2 1/2");
    enclosure("", &problem, "1 1/4", "4 1");
    enclosure("Arity", &problem, "1", "4 1");
    enclosure("Arity", &problem, "1 1/4", "4 1 1");
    enclosure("NotPositive", &problem, "0 1/4", "4 1");
    enclosure("Crossed", &problem, "2 1", "2 1/2");
    enclosure("Sign", &problem, "3 1/2", "4 1");
    enclosure("Sign", &problem, "1 1/4", "2 1/4");
    enclosure("Undecided", &rooted("2 2"), "1", "1");
    let rising = polynomial("-1 1", "1 1 1").problem(&Regularizer::l1());
    enclosure("RaisesBoth", &rising, "1 1", "1 1");
    // b is joined to nothing but a synapse of weight 0.
    enclosure("NotNormalised", &chained("1 0 0"), "1 2", "1 2");
    let mut limit = |expected: &str, problem: &Problem, d: &str, lower: &str, upper: &str| {
        let outcome = check::limit_enclosure(problem, &qs(d), &qs(lower), &qs(upper));
        record.case("limit_enclosure", expected, outcome);
    };
    let dead = chained("1 2 0");
    limit("", &dead, "-1 -2", "1 1", "1 1");
    let branch = branching("1 4 7");
    limit("", &branch, "0 -1", "2 1", "2 1");
    limit("Arity", &branch, "0", "2 1", "2 1");
    limit("Rises", &branch, "0 1", "2 1", "2 1");
    limit("NothingFalls", &branch, "0 0", "2 1", "2 1");
    limit("NotPositive", &branch, "0 -1", "-2 1", "2 1");
    limit("Crossed", &branch, "0 -1", "3 1", "2 1");
    limit("NotNormalised", &branch, "0 -1", "2 2", "2 2");
    limit("Sign", &branch, "0 -1", "3 1", "4 1");
    let rooted = branching_network("2 2 7").problem(&Regularizer::lp(q("1/2")).unwrap());
    limit("Undecided", &rooted, "0 -1", "1 1", "1 1");
    // Two units of degree -1: their synapse rises in both, and x -> a falls away beside it.
    let rising = polynomial("-1 -1", "1 1 0").problem(&Regularizer::l1());
    limit("Rises", &rising, "-1 2", "1 1", "1 1");
    let rising = raising_beside_a_dead_end();
    limit("RaisesBoth", &rising, "0 0 -1", "1 1 1", "1 1 1");
}

/// `x -> a -> y` and `a -> b`, which nothing reads.
fn branching_network(weights: &str) -> Network<Rational> {
    let hidden = |id: &str| Unit::new(id, UnitKind::Hidden, Activation::Relu);
    let units = vec![
        Unit::new("x", UnitKind::Input, Activation::Linear),
        hidden("a"),
        hidden("b"),
        Unit::new("y", UnitKind::Output, Activation::Linear),
    ];
    let weights = qs(weights);
    let ends = [(0, 1), (1, 3), (1, 2)];
    let synapses = ends.iter().zip(weights).map(|((f, t), w)| (*f, *t, w));
    Network::new(units, synapses.collect(), vec![]).unwrap()
}

fn branching(weights: &str) -> Problem {
    branching_network(weights).problem(&Regularizer::l1())
}

/// `x -> a -> b -> y` with `a` of degree -1, and `b -> c`, which nothing reads.
fn raising_beside_a_dead_end() -> Problem {
    let line = polynomial("-1 1", "1 1 1");
    let mut units: Vec<_> = (0..4).map(|unit| line.unit(unit).clone()).collect();
    units.push(Unit::new("c", UnitKind::Hidden, Activation::Relu));
    let synapses = [(0, 1), (1, 2), (2, 3), (2, 4)].map(|(f, t)| (f, t, q("1")));
    let network = Network::new(units, synapses.to_vec(), vec![]).unwrap();
    network.problem(&Regularizer::l1())
}

fn multipliers(record: &mut Record) {
    let problem = chained("1 8 1");
    let mut balanced = |expected: &str, problem: &Problem, at: &str| {
        record.case("balanced", expected, check::balanced(problem, &qs(at)));
    };
    balanced("", &problem, "2 1/2");
    balanced("", &chained("3 -3 3"), "1 1");
    balanced("Arity", &problem, "2");
    balanced("NotPositive", &problem, "2 -1/2");
    balanced("Unbalanced", &problem, "2 1");
    balanced("Undecided", &rooted("2 2"), "1");
    let mut limit = |expected: &str, problem: &Problem, d: &str, at: &str| {
        let outcome = check::limit_balanced(problem, &qs(d), &qs(at));
        record.case("limit_balanced", expected, outcome);
    };
    limit("", &chained("1 2 0"), "-1 -2", "1 1");
    let branch = branching("1 4 7");
    limit("", &branch, "0 -1", "2 1");
    limit("Arity", &branch, "0", "2 1");
    limit("Arity", &branch, "0 -1", "2");
    limit("Rises", &branch, "0 1", "2 1");
    limit("NothingFalls", &branch, "0 0", "2 1");
    limit("NotPositive", &branch, "0 -1", "2 0");
    limit("Unbalanced", &branch, "0 -1", "3 1");
    let roots = branching_network("2 2 7").problem(&Regularizer::lp(q("1/2")).unwrap());
    limit("Undecided", &roots, "0 -1", "1 1");
    let network = polynomial("1/2 1", "1 2 3");
    let problem = network.problem(&Regularizer::l1());
    let mut scaling = |expected: &str, after: &str, by: &str| {
        let outcome = check::scaling(&problem, &network.weights(), &qs(after), &qs(by));
        record.case("scaling", expected, outcome);
    };
    scaling("", "4 1 3", "4 1");
    scaling("", "9 2 1", "9 3");
    scaling("Arity", "4 1", "4 1");
    scaling("Arity", "4 1 3", "4");
    scaling("NotPositive", "4 1 3", "0 1");
    scaling("Weight", "4 2 3", "4 1");
    scaling("Irrational", "2 1 3", "2 1");
}

fn not_scaled(record: &mut Record) {
    let network = polynomial("1/2 1", "1 2 3");
    let problem = network.problem(&Regularizer::l1());
    let mut case = |expected: &str, after: &str, obstacle: Obstacle, tolerance: &str| {
        let before = network.weights();
        let outcome = check::not_scaled(&problem, &before, &qs(after), &obstacle, &q(tolerance));
        record.case("not_scaled", expected, outcome);
    };
    let cycle = |text: &str| Obstacle::Cycle(terms(text));
    // x -> a -> b -> y with a of degree 1/2: the ratio of the first enters by its root.
    case("", "4 2 3", cycle("0*1 1*2 2*2"), "0");
    case("", "4 2 3", cycle("0*-1 1*-2 2*-2"), "1/10");
    case("", "1 -2 3", Obstacle::Synapse(1), "9/10");
    case("", "1 0 3", Obstacle::Synapse(1), "0");
    case("Arity", "4 2", cycle("0*1 1*2 2*2"), "0");
    case("Range", "4 2 3", cycle("0*1 1*2 2*2"), "1");
    case("Range", "4 2 3", cycle("0*1 1*2 2*2"), "-1/2");
    case("NoSuchSynapse", "4 2 3", Obstacle::Synapse(3), "0");
    case("NoSuchSynapse", "4 2 3", cycle("0*1 1*2 3*2"), "0");
    case("SameSign", "4 2 3", Obstacle::Synapse(0), "0");
    case("Coefficient", "4 2 3", cycle("0*1 1*2 2*1 2*1"), "0");
    case("Coefficient", "4 2 3", cycle("0*1 1*2 2*2 0*0"), "0");
    case("NotAConstraint", "4 2 3", cycle("0*1 1*1 2*1"), "0");
    case("Ratio", "4 -2 3", cycle("0*1 1*2 2*2"), "0");
    case("Ratio", "4 0 3", cycle("0*1 1*2 2*2"), "0");
    case("Irrational", "2 2 3", cycle("0*1/2 1*1 2*1"), "0");
    case("Consistent", "4 1 3", cycle("0*1 1*2 2*2"), "0");
    case("Consistent", "4 2 3", cycle(""), "0");
    // Five factors, each from 1 - t to 1 + t, reach 4 at t = 1/3, and not at 3/10.
    case("Consistent", "4 2 3", cycle("0*1 1*2 2*2"), "1/3");
    case("", "4 2 3", cycle("0*1 1*2 2*2"), "3/10");
}

fn manifold(record: &mut Record) {
    let network = branching_network("1 1 1");
    let problem = network.problem(&Regularizer::l1());
    let mut case = |expected: &str, problem: &Problem, rows: &[&str], spanning: &[usize]| {
        let rows: Vec<Terms> = rows.iter().map(|row| terms(row)).collect();
        let outcome = check::manifold(problem, &rows, spanning);
        record.case("manifold", expected, outcome);
    };
    case("", &problem, &["0*1 1*1"], &[0, 2]);
    case("", &problem, &["0*-2 1*-2"], &[1, 2]);
    case("NoSuchSynapse", &problem, &["0*1 3*1"], &[0, 2]);
    case("NoSuchSynapse", &problem, &["0*1 1*1"], &[0, 3]);
    case("Coefficient", &problem, &["0*1 1*1 2*0"], &[0, 2]);
    case("Coefficient", &problem, &["0*1 1*1 0*1"], &[0, 2]);
    case("NotAConstraint", &problem, &["0*1 1*-1"], &[0, 2]);
    case("Dependent", &problem, &["0*1 1*1", "0*2 1*2"], &[2]);
    case("Dependent", &problem, &["0*1 1*1"], &[0, 1]);
    case("Dependent", &problem, &["0*1 1*1", ""], &[2]);
    case("Arity", &problem, &["0*1 1*1"], &[0]);
    case("Arity", &problem, &[], &[0, 2]);
    // Independent rows of a BiPU cycle that no order of removal shows to be so.
    let disagreeing = disagreeing().problem(&Regularizer::l1());
    case("Dependent", &disagreeing, &[], &[0, 1]);
}

fn identities(record: &mut Record) {
    let constant = |value: &str| Step::Constant(q(value));
    let power = |variable, exponent| Step::Power { variable, exponent };
    let (a, b) = (power(0, 1), power(1, 1));
    // (a + b)² in two ways, and wrongly.
    let sum = [a.clone(), b.clone(), Step::Sum(2)];
    let square = [sum.as_slice(), &sum, &[Step::Product(2)]].concat();
    let expanded = |middle: &str| {
        vec![
            power(0, 2),
            constant(middle),
            a.clone(),
            b.clone(),
            Step::Product(3),
            power(1, 2),
            Step::Sum(3),
        ]
    };
    let mut case = |expected: &str, left: &[Step], right: &[Step]| {
        record.case("identity", expected, check::identity(left, right));
    };
    case("", &square, &expanded("2"));
    case(
        "",
        &[power(0, 3), power(0, -3), Step::Product(2)],
        &[constant("1")],
    );
    case("", &[constant("0")], &[Step::Sum(0)]);
    case("", &[power(4, 0)], &[Step::Product(0)]);
    case("Differs", &square, &expanded("3"));
    case(
        "Differs",
        std::slice::from_ref(&a),
        std::slice::from_ref(&b),
    );
    case("Formula", &[a.clone(), Step::Sum(2)], &[constant("1")]);
    case("Formula", &[], &[constant("1")]);
    case("Formula", &[constant("1")], &[a.clone(), b.clone()]);
    case(
        "Formula",
        &[power(0, i64::MAX), a, Step::Product(2)],
        &[constant("1")],
    );
}

/// Checks: every rule of the kernel accepts at least two true claims, and refuses for each of its premises at least
/// once, with the refusal that names it; nothing else is refused, and no rule or premise is missing from the table.
#[test]
fn every_rule_and_every_premise_is_exercised() {
    let mut record = Record::default();
    existence(&mut record);
    enclosures(&mut record);
    multipliers(&mut record);
    not_scaled(&mut record);
    manifold(&mut record);
    identities(&mut record);
    let listed: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
    let exercised: BTreeSet<&str> = record.0.keys().copied().collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), exercised);
    for (rule, premises) in RULES {
        let (accepted, refused) = &record.0[rule];
        assert!(*accepted >= 2, "{rule} accepted {accepted} claims");
        let premises: BTreeSet<String> = premises.split(' ').map(str::to_owned).collect();
        assert_eq!(&premises, refused, "the premises of {rule}");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("kernel_refusals", record.1));
    let page = include_str!("../../core/src/kernel/mod.rs");
    for (rule, _) in RULES {
        assert!(
            page.contains(&format!("(check::{rule})")),
            "{rule} is not described"
        );
    }
}

/// Checks: Proposition 5.4 and Remark 5.6, corrected: on 600 random graphs the basis of constraints found is verified
/// as complete and independent, one constraint fewer or one changed coefficient is refused.
#[test]
fn bases_of_random_networks_are_verified() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    let (mut constraints, mut directed) = (0, 0);
    for seed in 0..600 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shape = Shape {
            inputs: 1 + (seed % 2) as usize,
            hidden: 1 + (seed % 7) as usize,
            outputs: (seed % 3) as usize,
        };
        let network = match seed % 2 {
            0 => random_acyclic(shape, 0.6, &mut rng),
            _ => random_recurrent(shape, 0.5, &mut rng),
        };
        let problem = network.problem(&Regularizer::l1());
        let manifold = Manifold::of(&network);
        let found = manifold.constraints();
        directed += found.iter().filter(|c| c.directed).count();
        let rows: Vec<Terms> = found.into_iter().map(|c| c.terms).collect();
        constraints += rows.len();
        let spanning = manifold.spanning_synapses();
        let verified = check::manifold(&problem, &rows, &spanning)
            .unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
        assert_eq!(
            verified.claim_about(&problem).unwrap().spanning.len(),
            manifold.dimension()
        );
        let Some((last, fewer)) = rows.split_last() else {
            continue;
        };
        let refused = check::manifold(&problem, fewer, &spanning);
        assert!(matches!(refused, Err(Refusal::Arity(..))), "seed {seed}");
        let mut doubled = rows.clone();
        doubled.push(last.clone());
        let refused = check::manifold(&problem, &doubled, &spanning);
        assert!(matches!(refused, Err(Refusal::Dependent(..))));
        for (index, (synapse, _)) in last.iter().enumerate() {
            if problem.synapses()[*synapse].direction.is_empty() {
                continue;
            }
            let mut changed = rows.clone();
            changed[fewer.len()][index].1 += q("1/7");
            let refused = check::manifold(&problem, &changed, &spanning);
            assert!(matches!(refused, Err(Refusal::NotAConstraint(..))));
        }
    }
    assert!(
        constraints > 3_000 && directed > 1_000,
        "{constraints} constraints, {directed} directed"
    );
}
