//! The kernel of the equations: which slots are left free, and the forms of all others in them.

use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, One, Signed, Zero};
use std::collections::{BTreeMap, HashMap};

use super::channels::{Channels, Exponent, FormsError, Slot};

/// A linear form in the logarithms of free multipliers: `(slot, exponent)`, slots increasing, exponents not 0.
pub type Form = Vec<(Slot, Exponent)>;

/// A slot that is not free: its form, and where that is empty what pins it.
#[derive(Debug, Clone)]
struct Bound {
    form: Form,
    reason: usize,
}

/// The forms of all slots.
#[derive(Debug)]
pub struct Forms {
    /// The first slot of each slot's class.
    class: Vec<Slot>,
    bound: HashMap<Slot, Bound>,
    reasons: Vec<String>,
    /// The form of each free slot that was asked for.
    free: HashMap<Slot, Form>,
}

impl Forms {
    /// The form of a slot in the free ones; empty for what nothing scales.
    ///
    /// # Panics
    /// If the slot is not one of these channels.
    pub fn of(&self, slot: Slot) -> &[(Slot, Exponent)] {
        let class = self.class[slot as usize];
        match (self.bound.get(&class), self.free.get(&class)) {
            (Some(bound), _) => &bound.form,
            (None, Some(own)) => own,
            (None, None) => &[],
        }
    }

    /// What pins a slot; `None` if something scales it.
    ///
    /// # Panics
    /// If the slot is not one of these channels.
    pub fn pinned_by(&self, slot: Slot) -> Option<&str> {
        let bound = self.bound.get(&self.class[slot as usize])?;
        bound
            .form
            .is_empty()
            .then(|| self.reasons[bound.reason].as_str())
    }

    /// The slot that stands for all that are equal to one.
    ///
    /// # Panics
    /// If the slot is not one of these channels.
    pub fn class(&self, slot: Slot) -> Slot {
        self.class[slot as usize]
    }

    /// The number of slots.
    pub fn len(&self) -> usize {
        self.class.len()
    }

    /// Is there no slot? Never: there is [`ONE`](super::ONE).
    pub fn is_empty(&self) -> bool {
        self.class.is_empty()
    }
}

impl Channels {
    /// Solves all equations. The earliest slots are left free; where there is a choice, exponents stay integers. Cost:
    /// linear where equations have two unknowns left, as in trained models nearly all have; else an elimination over
    /// the rationals.
    ///
    /// # Errors
    /// [`FormsError::Exponents`].
    pub fn solve(&self) -> Result<Forms, FormsError> {
        let mut forms = Forms {
            class: self.first_of_class(),
            bound: HashMap::new(),
            reasons: self.reasons.clone(),
            free: HashMap::new(),
        };
        for (slot, reason) in &self.pins {
            let class = forms.class[*slot as usize];
            let pinned = || Bound {
                form: Form::new(),
                reason: *reason,
            };
            forms.bound.entry(class).or_insert_with(pinned);
        }
        for equation in &self.equations {
            forms.impose(&equation.terms, equation.origin)?;
        }
        forms.finish()?;
        Ok(forms)
    }

    fn first_of_class(&self) -> Vec<Slot> {
        let labels = self.classes.clone().into_labeling();
        let mut first: Vec<Slot> = vec![Slot::MAX; labels.len()];
        let of = labels.iter().enumerate().map(|(slot, label)| {
            let first = &mut first[*label as usize];
            if *first == Slot::MAX {
                *first = slot as Slot;
            }
            *first
        });
        of.collect()
    }
}

impl Forms {
    /// The combination in slots that are free so far, and what pins the first pinned slot met.
    fn reduced(
        &mut self,
        terms: &[(Slot, Exponent)],
    ) -> Result<(BTreeMap<Slot, Exponent>, Option<usize>), FormsError> {
        let mut sum: BTreeMap<Slot, Exponent> = BTreeMap::new();
        let mut pinned = None;
        for (slot, factor) in terms {
            let class = self.class[*slot as usize];
            let Some(bound) = self.bound.get(&class) else {
                add(&mut sum, class, factor)?;
                continue;
            };
            if bound.form.is_empty() {
                pinned = pinned.or(Some(bound.reason));
                continue;
            }
            // What it was bound to may be bound itself by now; what is found is kept.
            let form = bound.form.clone();
            let form = match form.iter().any(|(slot, _)| self.bound.contains_key(slot)) {
                false => form,
                true => {
                    let (own, reason) = self.reduced(&form)?;
                    let own: Form = own.into_iter().collect();
                    let kept = self.bound.entry(class).or_insert_with(|| Bound {
                        form: Form::new(),
                        reason: 0,
                    });
                    kept.form.clone_from(&own);
                    if own.is_empty() {
                        kept.reason = reason.unwrap_or(kept.reason);
                        pinned = pinned.or(Some(kept.reason));
                    }
                    own
                }
            };
            for (slot, exponent) in form {
                let product = exponent.checked_mul(factor).ok_or(FormsError::Exponents)?;
                add(&mut sum, slot, &product)?;
            }
        }
        Ok((sum, pinned))
    }

    /// `Σ exponent · slot = 0`, said by an operator.
    fn impose(&mut self, terms: &[(Slot, Exponent)], origin: usize) -> Result<(), FormsError> {
        let (sum, pinned) = self.reduced(terms)?;
        let is_unit = |(_, exponent): &(&Slot, &Exponent)| exponent.abs().is_one();
        let latest = sum.iter().rev().find(is_unit).or(sum.iter().next_back());
        let Some((pivot, divisor)) = latest.map(|(slot, exponent)| (*slot, *exponent)) else {
            return Ok(());
        };
        let mut form = Form::with_capacity(sum.len() - 1);
        for (slot, exponent) in sum {
            if slot != pivot {
                let quotient = exponent.checked_div(&-divisor);
                form.push((slot, quotient.ok_or(FormsError::Exponents)?));
            }
        }
        let reason = pinned.unwrap_or(origin);
        if form.iter().any(|(_, exponent)| is_long(exponent)) {
            let slots = form.into_iter().map(|(slot, _)| slot);
            self.pin_all(slots.chain([pivot]), reason);
            return Ok(());
        }
        self.bound.insert(pivot, Bound { form, reason });
        Ok(())
    }

    /// Leaves slots as they are that were free so far.
    fn pin_all(&mut self, slots: impl IntoIterator<Item = Slot>, reason: usize) {
        for slot in slots {
            let form = Form::new();
            self.bound.insert(slot, Bound { form, reason });
        }
    }

    fn finish(&mut self) -> Result<(), FormsError> {
        let mut bound: Vec<Slot> = self.bound.keys().copied().collect();
        bound.sort_unstable();
        loop {
            let mut long: BTreeMap<Slot, usize> = BTreeMap::new();
            for slot in &bound {
                self.reduced(&[(*slot, Exponent::one())])?;
                let found = &self.bound[slot];
                if found.form.iter().any(|(_, exponent)| is_long(exponent)) {
                    long.extend(found.form.iter().map(|(free, _)| (*free, found.reason)));
                }
            }
            if long.is_empty() {
                break;
            }
            for (slot, reason) in long {
                self.pin_all([slot], reason);
                bound.push(slot);
            }
        }
        let classes = self.class.iter().enumerate();
        let firsts = classes.filter(|(slot, class)| *slot == **class as usize);
        let free = firsts.filter(|(_, class)| !self.bound.contains_key(class));
        self.free = free
            .map(|(_, class)| (*class, vec![(*class, Exponent::one())]))
            .collect();
        Ok(())
    }
}

/// Exponents beyond are not followed: after some squarings one after the other, what they scale is left as it is.
const LONGEST: i64 = 256;

fn is_long(exponent: &Exponent) -> bool {
    exponent.numer().abs() > LONGEST || *exponent.denom() > LONGEST
}

fn add(
    sum: &mut BTreeMap<Slot, Exponent>,
    slot: Slot,
    exponent: &Exponent,
) -> Result<(), FormsError> {
    let known = sum.entry(slot).or_insert_with(Exponent::zero);
    *known = known.checked_add(exponent).ok_or(FormsError::Exponents)?;
    if known.is_zero() {
        sum.remove(&slot);
    }
    Ok(())
}
