//! Components away from the ground, and the scalings that change none of their weights.

use num_traits::{CheckedDiv, One};

use super::Problem;
use crate::numbers::Rational;

impl Problem {
    /// For each variable `v`, `(first, z_v)` if its component can be scaled as a whole without changing any weight:
    /// `first` is its smallest variable, `z_first = 1`, and multiplying every `μ_v` of the component by `t^{z_v}` leaves every
    /// ratio as it is. `None` where the weights determine the multipliers.
    ///
    /// That is the case where no synapse of non-zero cost joins the component to the ground and all its synapses agree:
    /// `Σ_v d_ev z_v = 0` determines each `z_v` from a neighbour's. Between BiLU units every `z` is 1; BiPU units of a cycle
    /// may disagree, and then only `z = 0` is left. A variable without active synapses is a component of its own.
    /// Cost: linear, in exact products of exponents along the component.
    pub fn common_scaling(&self) -> Vec<Option<(usize, Rational)>> {
        let components = self.away_from_ground();
        let mut scaling: Vec<Option<(usize, Rational)>> = vec![None; self.variables()];
        if components.iter().all(Option::is_none) {
            return scaling;
        }
        let neighbours = self.neighbours();
        for (first, component) in components.iter().enumerate() {
            if *component != Some(first) {
                continue;
            }
            let (reached, agree) = spread(first, &neighbours, &mut scaling);
            if !agree {
                for variable in reached {
                    if let Some(slot) = scaling.get_mut(variable) {
                        *slot = None;
                    }
                }
            }
        }
        scaling
    }

    /// For each variable, the first variable of its component if that component can be scaled as a whole without
    /// changing any weight, see [`Problem::common_scaling`]; the first variable is then fixed at 1.
    pub fn floating(&self) -> Vec<Option<usize>> {
        let scaling = self.common_scaling().into_iter();
        scaling.map(|entry| entry.map(|(first, _)| first)).collect()
    }

    /// For each variable, whether it is free: not fixed at 1 as the first of a [floating](Problem::floating) component.
    pub fn free(&self) -> Vec<bool> {
        let floating = self.floating().into_iter().enumerate();
        floating
            .map(|(variable, first)| first != Some(variable))
            .collect()
    }

    /// For each variable, the smallest variable of its component if no synapse of non-zero cost joins that component to
    /// the ground, directly or through others.
    fn away_from_ground(&self) -> Vec<Option<usize>> {
        let ground = self.variables();
        let mut parent: Vec<usize> = (0..=ground).collect();
        for synapse in self.synapses().iter().filter(|synapse| synapse.is_active()) {
            match synapse.direction.as_slice() {
                [(one, _), (other, _)] => join(&mut parent, *one, *other),
                [(one, _)] => join(&mut parent, *one, ground),
                _ => {}
            }
        }
        let ground = root(&mut parent, ground);
        let roots = (0..self.variables()).map(|variable| root(&mut parent, variable));
        roots.map(|root| (root != ground).then_some(root)).collect()
    }

    /// For each variable `v`, every `(w, f)` such that a synapse demands `z_w = f z_v`.
    fn neighbours(&self) -> Vec<Vec<(usize, Rational)>> {
        let mut neighbours = vec![Vec::new(); self.variables()];
        for synapse in self.synapses().iter().filter(|synapse| synapse.is_active()) {
            let [(one, a), (other, b)] = synapse.direction.as_slice() else {
                continue;
            };
            let (Some(forward), Some(backward)) = (a.checked_div(b), b.checked_div(a)) else {
                continue;
            };
            if let Some(entries) = neighbours.get_mut(*one) {
                entries.push((*other, -forward));
            }
            if let Some(entries) = neighbours.get_mut(*other) {
                entries.push((*one, -backward));
            }
        }
        neighbours
    }
}

/// Carries `z_first = 1` through the component of `first`; the variables reached, and whether all synapses agree.
fn spread(
    first: usize,
    neighbours: &[Vec<(usize, Rational)>],
    scaling: &mut [Option<(usize, Rational)>],
) -> (Vec<usize>, bool) {
    if let Some(slot) = scaling.get_mut(first) {
        *slot = Some((first, Rational::one()));
    }
    let (mut reached, mut waiting, mut agree) = (vec![first], vec![first], true);
    while let Some(variable) = waiting.pop() {
        let known = scaling.get(variable).cloned().flatten();
        let (Some((_, own)), Some(entries)) = (known, neighbours.get(variable)) else {
            continue;
        };
        for (other, factor) in entries {
            let demanded = &own * factor;
            match scaling.get_mut(*other) {
                Some(Some((_, found))) => agree &= *found == demanded,
                Some(slot) => {
                    *slot = Some((first, demanded));
                    reached.push(*other);
                    waiting.push(*other);
                }
                None => {}
            }
        }
    }
    (reached, agree)
}

fn join(parent: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parent, one), root(parent, other));
    if let Some(slot) = parent.get_mut(one.max(other)) {
        *slot = one.min(other);
    }
}

/// The smallest member of the node's component as far as it is known; halves the path on the way.
fn root(parent: &mut [usize], mut node: usize) -> usize {
    loop {
        let Some(next) = parent.get(node).copied() else {
            return node;
        };
        let Some(after) = parent.get(next).copied() else {
            return node;
        };
        if next == after {
            return next;
        }
        if let Some(slot) = parent.get_mut(node) {
            *slot = after;
        }
        node = after;
    }
}
