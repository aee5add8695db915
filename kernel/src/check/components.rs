//! Components away from the ground, and the scalings that change none of their weights.

use num_traits::{CheckedDiv, One};

use crate::{Flat, Rational, Refusal, Synapse};

impl Flat {
    /// For each variable `v`, `(first, z_v)` if its component can be scaled as a whole without changing any weight:
    /// `first` is its smallest variable, `z_first = 1`, and multiplying every `μ_v` of the component by `t^{z_v}` leaves every
    /// ratio as it is. `None` where the weights determine the multipliers.
    ///
    /// That is the case where no synapse of non-zero cost joins the component to the ground and all its synapses agree:
    /// `Σ_v d_ev z_v = 0` determines each `z_v` from a neighbour's. Between BiLU units every `z` is 1; BiPU units of a cycle
    /// may disagree, and then only `z = 0` is left. A variable without active synapses is a component of its own.
    /// Cost: linear, in exact products of exponents along components away from the ground.
    ///
    /// # Errors
    /// [`Refusal::RaisesBoth`] with a synapse of three variables or more: a component can then be scaled in several ways, or in
    /// part, which is not looked into here. Of two variables the exponents may be any.
    pub fn common_scaling(&self) -> Result<Vec<Option<(usize, Rational)>>, Refusal> {
        let is_wide = |synapse: &Synapse| synapse.is_active() && synapse.direction.len() > 2;
        if let Some(synapse) = self.synapses().iter().position(is_wide) {
            return Err(Refusal::RaisesBoth(synapse));
        }
        let mut around: Vec<Vec<&Synapse>> = vec![Vec::new(); self.variables()];
        for synapse in self.active() {
            for (variable, _) in &synapse.direction {
                if let Some(synapses) = around.get_mut(*variable) {
                    synapses.push(synapse);
                }
            }
        }
        let mut seen = vec![false; self.variables()];
        let mut scaling: Vec<Option<(usize, Rational)>> = vec![None; self.variables()];
        for first in 0..self.variables() {
            if seen.get(first) == Some(&true) {
                continue;
            }
            let (reached, agree) = spread(first, &around, &mut scaling);
            for variable in reached {
                if let Some(seen) = seen.get_mut(variable) {
                    *seen = true;
                }
                if let (Some(slot), false) = (scaling.get_mut(variable), agree) {
                    *slot = None;
                }
            }
        }
        Ok(scaling)
    }
}

/// Carries `z_first = 1` through the component of `first`; the variables reached, and whether all synapses agree, none of which joins the ground.
fn spread(
    first: usize,
    around: &[Vec<&Synapse>],
    scaling: &mut [Option<(usize, Rational)>],
) -> (Vec<usize>, bool) {
    if let Some(slot) = scaling.get_mut(first) {
        *slot = Some((first, Rational::one()));
    }
    let (mut reached, mut waiting, mut agree) = (vec![first], vec![first], true);
    while let Some(variable) = waiting.pop() {
        let Some(Some((_, own))) = scaling.get(variable).cloned() else {
            continue;
        };
        for synapse in around.get(variable).into_iter().flatten() {
            let (a, other, b) = match synapse.direction.as_slice() {
                [(one, a), (other, b)] if *one == variable => (a, other, b),
                [(other, b), (_, a)] => (a, other, b),
                _ => {
                    agree = false;
                    continue;
                }
            };
            // Once they disagree the numbers do not matter.
            let demanded = agree.then(|| (-&own * a).checked_div(b)).flatten();
            let demanded = demanded.unwrap_or_else(Rational::one);
            match scaling.get_mut(*other) {
                Some(Some((_, found))) => agree &= *found == demanded,
                Some(slot) => {
                    *slot = Some((first, demanded));
                    reached.push(*other);
                    waiting.push(*other);
                }
                None => agree = false,
            }
        }
    }
    (reached, agree)
}
