//! Entries of constants that are used at several places: what scales them is the same at all of them.
//!
//! An entry is multiplied by `Λ_p / Λ_m` at one place and by `Λ_p' / Λ_m'` at another one. That these are equal is one
//! equation in four channels for each entry, of which few say something new: where `p` and `p'` vary along the same
//! axes, `Λ_p / Λ_p'` is the same for all entries of a row, and equal to `Λ_m / Λ_m'`, which is the same for all of a
//! column. Where the weight is transposed at the other place, `Λ_p Λ_m'` and `Λ_m Λ_p'` are.

use num_traits::One;
use std::collections::{BTreeMap, HashMap};

use super::uses::Use;
use crate::forms::{Channels, Exponent, FormsError, Slot};

/// Pairs of channels beyond which an entry's ends are not told apart: each takes memory, and an equation.
const MOST_PAIRS: usize = 1 << 18;

/// The slots that multiply and divide an entry at one place.
type Ends = (Slot, Slot);

/// States that each entry scales alike wherever it is used. `length` tells the entries of a constant, `name` what it is
/// called.
///
/// # Errors
/// [`FormsError`].
pub(super) fn share(
    channels: &mut Channels,
    uses: &[Use],
    length: impl Fn(usize) -> usize,
    name: impl Fn(usize) -> String,
) -> Result<(), FormsError> {
    let mut by_constant: BTreeMap<usize, Vec<&Use>> = BTreeMap::new();
    for found in uses {
        let own = by_constant.entry(found.view.constant).or_default();
        own.push(found);
    }
    for (constant, uses) in by_constant {
        if uses.len() == 1 && uses[0].view.entries.is_none() {
            continue;
        }
        channels.begin(&format!("`{}`, used several times", name(constant)));
        let mut first = vec![NOWHERE; length(constant)];
        for found in uses {
            let pairing = Pairing::of(&mut first, found, channels.slots());
            let mut pairs = [(); 2].map(|()| Pairs::new(channels.slots()));
            let mut fault = None;
            found.each(|entry, plus, minus| {
                let (own, ends) = (first[entry], (plus, minus));
                if own != ends && fault.is_none() {
                    fault = pairing.state(channels, &mut pairs, own, ends).err();
                }
            });
            fault.map_or(Ok(()), Err)?;
        }
    }
    Ok(())
}

/// Of entries that are not used yet.
const NOWHERE: Ends = (Slot::MAX, Slot::MAX);

/// Which sides of an entry are put together, one from each place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairing {
    /// `p` with `p'`: their quotient.
    Same,
    /// `p` with `m'`: their product.
    Crossed,
    /// Too many of either: `p = p'` and `m = m'`, which is enough.
    Equal,
}

impl Pairing {
    /// That with the fewest pairs; where entries are first used here, that is kept.
    fn of(first: &mut [Ends], found: &Use, slots: Slot) -> Self {
        let mut pairs = [(); 4].map(|()| Pairs::new(slots));
        found.each(|entry, plus, minus| {
            if first[entry] == NOWHERE {
                first[entry] = (plus, minus);
            }
            let (p, m) = first[entry];
            if (p, m) != (plus, minus) {
                let own = [(p, plus), (m, minus), (p, minus), (m, plus)];
                for (pairs, pair) in pairs.iter_mut().zip(own) {
                    pairs.meet(pair);
                }
            }
        });
        let [p, m, crossed_p, crossed_m] = pairs.map(|pairs| pairs.all.len());
        let (same, crossed) = (p + m, crossed_p + crossed_m);
        let is_full = |one: usize, other: usize| one.max(other) > MOST_PAIRS;
        match (is_full(p, m), is_full(crossed_p, crossed_m)) {
            (true, true) => Pairing::Equal,
            (false, false) if crossed < same => Pairing::Crossed,
            (true, false) => Pairing::Crossed,
            _ => Pairing::Same,
        }
    }

    fn state(
        self,
        channels: &mut Channels,
        known: &mut [Pairs; 2],
        (p, m): Ends,
        (plus, minus): Ends,
    ) -> Result<(), FormsError> {
        let (pairs, exponent) = match self {
            Pairing::Same => ([(p, plus), (m, minus)], -Exponent::one()),
            Pairing::Crossed => ([(p, minus), (m, plus)], Exponent::one()),
            Pairing::Equal => {
                channels.equal(p, plus);
                channels.equal(m, minus);
                return Ok(());
            }
        };
        let mut slots = [0; 2];
        for ((slot, known), pair) in slots.iter_mut().zip(known).zip(pairs) {
            *slot = known.slot(pair, || {
                channels.combination(&[(pair.0, Exponent::one()), (pair.1, exponent)])
            })?;
        }
        channels.equal(slots[0], slots[1]);
        Ok(())
    }
}

/// Pairs that were met, each with a slot.
struct Pairs {
    slots: Slot,
    /// By the later slot of a pair the last one with it, and its slot: mostly the next one too.
    last: Vec<(Ends, Slot)>,
    all: HashMap<Ends, Slot>,
}

impl Pairs {
    fn new(slots: Slot) -> Self {
        Pairs {
            slots,
            last: Vec::new(),
            all: HashMap::new(),
        }
    }

    /// Most constants have no entry that is used twice.
    fn last(&mut self, (one, other): Ends) -> &mut (Ends, Slot) {
        if self.last.is_empty() {
            self.last = vec![(NOWHERE, 0); self.slots as usize];
        }
        &mut self.last[one.max(other) as usize]
    }

    /// Takes note of a pair, as long as they are few.
    fn meet(&mut self, pair: Ends) {
        if self.all.len() > MOST_PAIRS {
            return;
        }
        let last = self.last(pair);
        if last.0 != pair {
            *last = (pair, 0);
            self.all.insert(pair, 0);
        }
    }

    fn slot(
        &mut self,
        pair: Ends,
        make: impl FnOnce() -> Result<Slot, FormsError>,
    ) -> Result<Slot, FormsError> {
        let last = *self.last(pair);
        if last.0 == pair {
            return Ok(last.1);
        }
        let slot = match self.all.get(&pair) {
            Some(slot) => *slot,
            None => make()?,
        };
        self.all.insert(pair, slot);
        *self.last(pair) = (pair, slot);
        Ok(slot)
    }
}
