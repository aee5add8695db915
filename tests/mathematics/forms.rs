//! Linear forms: the kernel of the equations that operators state.

use nalgebra::DMatrix;
use num_traits::Zero;
use quickcheck::{Arbitrary, Gen, QuickCheck};
use std::collections::{BTreeMap, BTreeSet};
use synaptic_balance::forms::{Channels, Exponent, Form, Forms, ONE, Slot};

/// What is said of some slots, in order.
#[derive(Debug, Clone)]
enum Said {
    Equal(usize, usize),
    Pinned(usize),
    /// Both are combined, and the new slot joins those that can be named.
    Combined([(usize, i64); 2], i64),
}

#[derive(Debug, Clone)]
struct Story(Vec<Said>);

const SLOTS: usize = 8;

impl Arbitrary for Story {
    fn arbitrary(g: &mut Gen) -> Self {
        let length = usize::arbitrary(g) % 14;
        let said = (0..length).map(|_| {
            let (one, other) = (usize::arbitrary(g), usize::arbitrary(g));
            let exponents = [-2, -1, 1, 1, 2];
            let exponent = |g: &mut Gen| *g.choose(&exponents).unwrap();
            match u8::arbitrary(g) % 8 {
                0..3 => Said::Equal(one, other),
                3 => Said::Pinned(one),
                _ => {
                    let factors = [(one, exponent(g)), (other, exponent(g))];
                    Said::Combined(factors, *g.choose(&[1, 1, 2, 3]).unwrap())
                }
            }
        });
        Story(said.collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let all = self.0.clone();
        let fewer = (0..all.len()).map(move |out| {
            let mut rest = all.clone();
            rest.remove(out);
            Story(rest)
        });
        Box::new(fewer)
    }
}

/// The forms, the slots that were named, and every equation `Σ exponent · slot = 0`.
type Told = (Forms, Vec<Slot>, Vec<Vec<(Slot, Exponent)>>);

fn told(story: &Story) -> Told {
    let mut channels = Channels::new();
    let mut slots: Vec<Slot> = channels.fresh("t", "Test", SLOTS).unwrap().collect();
    let one = Exponent::from(1);
    let mut equations = Vec::new();
    for said in &story.0 {
        let at = |place: &usize| slots[place % slots.len()];
        match said {
            Said::Equal(a, b) => {
                channels.equal(at(a), at(b));
                equations.push(vec![(at(a), one), (at(b), -one)]);
            }
            Said::Pinned(a) => {
                let pinned = channels.pinned("pinned");
                channels.equal(pinned, at(a));
                equations.push(vec![(at(a), one)]);
            }
            Said::Combined(factors, below) => {
                let terms = factors.map(|(slot, above)| (at(&slot), Exponent::new(above, *below)));
                let made = channels.combination(&terms).unwrap();
                let mut equation = terms.to_vec();
                equation.push((made, -one));
                equations.push(equation);
                slots.push(made);
            }
        }
    }
    (channels.solve().unwrap(), slots, equations)
}

/// `Σ exponent · form(slot)`.
fn sum(forms: &Forms, terms: &[(Slot, Exponent)]) -> Form {
    let mut total: BTreeMap<Slot, Exponent> = BTreeMap::new();
    for (slot, factor) in terms {
        for (free, exponent) in forms.of(*slot) {
            *total.entry(*free).or_insert_with(Exponent::zero) += exponent * factor;
        }
    }
    total.retain(|_, exponent| !exponent.is_zero());
    total.into_iter().collect()
}

/// Checks: forms satisfy every equation, and no fewer multipliers are free than the rank of the equations leaves, found
/// apart by singular values.
#[test]
fn forms_are_the_kernel_of_the_equations() {
    let property = |story: Story| {
        let (forms, slots, equations) = told(&story);
        let holds = equations.iter().all(|terms| sum(&forms, terms).is_empty());
        let names: BTreeSet<Slot> = slots.iter().copied().filter(|slot| *slot != ONE).collect();
        let names: Vec<Slot> = names.into_iter().collect();
        let mut matrix = DMatrix::<f64>::zeros(equations.len().max(1), names.len());
        for (row, terms) in equations.iter().enumerate() {
            for (slot, exponent) in terms {
                if let Ok(column) = names.binary_search(slot) {
                    let value = *exponent.numer() as f64 / *exponent.denom() as f64;
                    matrix[(row, column)] += value;
                }
            }
        }
        let free: BTreeSet<Slot> = names
            .iter()
            .flat_map(|slot| forms.of(*slot))
            .map(|(free, _)| *free)
            .collect();
        let is_own = free
            .iter()
            .all(|slot| forms.of(*slot) == [(*slot, 1.into())]);
        let pins = names
            .iter()
            .all(|slot| forms.of(*slot).is_empty() == forms.pinned_by(*slot).is_some());
        holds && is_own && pins && free.len() == names.len() - matrix.rank(1e-9)
    };
    QuickCheck::new()
        .tests(if crate::in_full() { 2_000 } else { 500 })
        .quickcheck(property as fn(Story) -> bool);
}

/// Checks: what pins a slot through others is what pinned these.
#[test]
fn what_pins_is_named_through_equations() {
    let mut channels = Channels::new();
    channels.begin("Pow `square`");
    let slot = channels.fresh("x", "MatMul", 1).unwrap().start;
    let square = channels.combination(&[(slot, 2.into())]).unwrap();
    let epsilon = channels.pinned("the constant `eps` in Add");
    channels.equal(square, epsilon);
    let forms = channels.solve().unwrap();
    assert!(forms.of(slot).is_empty());
    assert_eq!(forms.pinned_by(slot), Some("the constant `eps` in Add"));
    // Equal to its own inverse: the operator that said so.
    let mut channels = Channels::new();
    let slot = channels.fresh("x", "MatMul", 1).unwrap().start;
    channels.begin("Reciprocal `r`");
    let inverse = channels.combination(&[(slot, (-1).into())]).unwrap();
    channels.equal(slot, inverse);
    let forms = channels.solve().unwrap();
    assert_eq!(forms.pinned_by(slot), Some("Reciprocal `r`"));
}
