//! The units of a model's network: free multipliers, and the powers and products of them that its channels carry.

use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ChannelGroup;
use super::uses::Use;
use crate::forms::{Channels, Exponent, Forms, Slot};
use crate::network::{Activation, Network, NetworkError, Tie, Unit, UnitIndex, UnitKind};
use crate::numbers::Rational;

/// The unit that stands for everything that weights come from and no scaling changes: inputs, the constant 1 of biases.
pub const SOURCE: UnitIndex = 0;

/// The unit that stands for everything that weights lead to and no scaling changes.
pub(super) const SINK: UnitIndex = 1;

/// The first unit of a free multiplier.
const FIRST: UnitIndex = 2;

/// A product of powers of the multipliers of units, which increase; exponents are not 0.
pub(super) type UnitForm = Vec<(UnitIndex, Exponent)>;

/// A unit beside those of free multipliers.
#[derive(Debug, Clone)]
enum Derived {
    /// Its multiplier is a power of a free one.
    Power(UnitIndex, Exponent),
    /// Its value is the product of other units'.
    Product(Vec<UnitIndex>),
}

/// A unit for every multiplier that is left free, and for every other form that a channel carries.
#[derive(Debug, Clone)]
pub(super) struct Units {
    /// The unit of each slot; [`SOURCE`] where it is pinned, or scales nothing.
    of_slot: Vec<u32>,
    ids: Vec<String>,
    taken: BTreeSet<String>,
    /// Units from here on are derived.
    free: usize,
    derived: Vec<(Derived, UnitForm)>,
    of_form: HashMap<UnitForm, UnitIndex>,
    /// The source that stands for a source and a product as target: nothing leads into a product.
    turned: HashMap<(UnitIndex, UnitIndex), UnitIndex>,
    /// The units whose statistics are counted as weights, in order.
    held: Vec<UnitIndex>,
}

impl Units {
    /// Numbers the free multipliers that scale something and the forms in them, and explains all groups of channels.
    pub fn new(channels: &Channels, forms: &Forms, uses: &[Use]) -> (Self, Vec<ChannelGroup>) {
        let mut used = vec![false; forms.len()];
        for found in uses {
            for field in [&found.plus, &found.minus] {
                for slot in field.labels.iter() {
                    used[forms.class(*slot) as usize] = true;
                }
            }
        }
        let mut scales = vec![false; forms.len()];
        for slot in (0..forms.len()).filter(|slot| used[*slot]) {
            for (free, _) in forms.of(slot as Slot) {
                scales[*free as usize] = true;
            }
        }
        let mut units = Units {
            of_slot: vec![SOURCE as u32; forms.len()],
            ids: vec!["(from outside)".to_owned(), "(to outside)".to_owned()],
            taken: BTreeSet::new(),
            free: 0,
            derived: Vec::new(),
            of_form: HashMap::new(),
            turned: HashMap::new(),
            held: Vec::new(),
        };
        let of_free = units.number(channels, forms, &scales);
        units.free = units.ids.len();
        units.derive(channels, forms, &used, &of_free);
        units.turn(uses);
        let groups = explained(channels, forms, &units.of_slot);
        (units, groups)
    }

    /// Units for the free multipliers, in the order of the graph.
    fn number(
        &mut self,
        channels: &Channels,
        forms: &Forms,
        scales: &[bool],
    ) -> HashMap<Slot, UnitIndex> {
        let mut of_free: HashMap<Slot, UnitIndex> = HashMap::new();
        let mut own = |units: &mut Units, free: Slot, id: &dyn Fn() -> String| {
            if scales[free as usize] {
                of_free.entry(free).or_insert_with(|| units.named(&id()));
            }
        };
        for group in &channels.groups {
            for channel in 0..group.len {
                let slot = group.first + channel as Slot;
                if let [(free, exponent)] = forms.of(slot)
                    && exponent.is_one()
                {
                    own(self, *free, &|| format!("{}[{channel}]", group.tensor));
                }
            }
        }
        // Those that no channel carries by themselves.
        for free in (0..scales.len()).filter(|free| scales[*free]) {
            own(self, free as Slot, &|| format!("(multiplier {free})"));
        }
        of_free
    }

    fn named(&mut self, id: &str) -> UnitIndex {
        let mut id = id.to_owned();
        while !self.taken.insert(id.clone()) {
            id.push('\'');
        }
        self.ids.push(id);
        self.ids.len() - 1
    }

    /// The unit of each slot, named after the first channel that carries its form.
    fn derive(
        &mut self,
        channels: &Channels,
        forms: &Forms,
        used: &[bool],
        of_free: &HashMap<Slot, UnitIndex>,
    ) {
        let mut names: HashMap<Slot, String> = HashMap::new();
        for group in &channels.groups {
            for channel in 0..group.len {
                let class = forms.class(group.first + channel as Slot);
                if forms.of(class).len() > 1 || !forms.of(class).iter().all(|(_, e)| e.is_one()) {
                    let name = || format!("{}[{channel}]", group.tensor);
                    names.entry(class).or_insert_with(name);
                }
            }
        }
        for slot in 0..forms.len() as Slot {
            let own = forms.of(slot).iter();
            let form: Option<UnitForm> = own
                .map(|(free, exponent)| Some((*of_free.get(free)?, *exponent)))
                .collect();
            let Some(mut form) = form.filter(|form| !form.is_empty()) else {
                continue;
            };
            let class = forms.class(slot);
            let named = names.get(&class);
            if !used[class as usize] && named.is_none() {
                continue;
            }
            form.sort_unstable();
            self.of_slot[slot as usize] = self.unit_of(form, named.map(String::as_str)) as u32;
        }
    }

    /// The unit of a form.
    fn unit_of(&mut self, form: UnitForm, name: Option<&str>) -> UnitIndex {
        match form.as_slice() {
            [] => return SOURCE,
            [(unit, exponent)] if exponent.is_one() => return *unit,
            _ => {}
        }
        if let Some(unit) = self.of_form.get(&form) {
            return *unit;
        }
        let derived = match form.as_slice() {
            [(unit, exponent)] => Derived::Power(*unit, *exponent),
            several => {
                let several = several.to_vec();
                let factors = several.into_iter();
                Derived::Product(
                    factors
                        .map(|factor| self.unit_of(vec![factor], None))
                        .collect(),
                )
            }
        };
        let factors: Vec<String> = form
            .iter()
            .map(|(unit, exponent)| match exponent.is_one() {
                true => self.ids[*unit].clone(),
                false => format!("{}^{exponent}", self.ids[*unit]),
            })
            .collect();
        let unit = self.named(&name.map_or_else(|| factors.join(" "), str::to_owned));
        self.derived.push((derived, form.clone()));
        self.of_form.insert(form, unit);
        unit
    }

    /// Finds a source for each weight that leads into a product.
    pub fn turn(&mut self, uses: &[Use]) {
        for found in uses {
            let is_product =
                |slot: &Slot| self.is_product(self.of_slot[*slot as usize] as UnitIndex);
            if !found.plus.labels.iter().any(is_product) {
                continue;
            }
            let mut pairs = BTreeSet::new();
            found.each(|_, plus, minus| {
                pairs.insert((self.source(plus), self.source(minus)));
            });
            for (to, from) in pairs {
                if self.is_product(to) {
                    let mut sum: BTreeMap<UnitIndex, Exponent> =
                        self.form(from).into_iter().collect();
                    for (unit, exponent) in self.form(to) {
                        *sum.entry(unit).or_insert_with(Exponent::zero) -= exponent;
                    }
                    sum.retain(|_, exponent| !exponent.is_zero());
                    let source = self.unit_of(sum.into_iter().collect(), None);
                    self.turned.insert((to, from), source);
                }
            }
        }
    }

    fn is_product(&self, unit: UnitIndex) -> bool {
        let derived = unit
            .checked_sub(self.free)
            .and_then(|place| self.derived.get(place));
        matches!(derived, Some((Derived::Product(_), _)))
    }

    /// The form of a unit in those of free multipliers.
    pub fn form(&self, unit: UnitIndex) -> UnitForm {
        match unit.checked_sub(self.free) {
            Some(place) => self.derived[place].1.clone(),
            None if unit >= FIRST => vec![(unit, Exponent::one())],
            None => Vec::new(),
        }
    }

    /// Does every channel carry a free multiplier itself, or none?
    pub fn is_plain(&self) -> bool {
        self.derived.is_empty()
    }

    /// The number of free multipliers.
    pub fn variables(&self) -> usize {
        self.free - FIRST
    }

    /// The multipliers of all units from those of the free ones.
    pub fn expanded(&self, free: &[f64]) -> Vec<f64> {
        let mut all = vec![1.0; FIRST];
        all.extend(free);
        let of = |form: &UnitForm| -> f64 {
            // What is sent to 0 takes all products and powers of it along.
            if form.iter().any(|(unit, _)| free[unit - FIRST] == 0.0) {
                return 0.0;
            }
            let factors = form.iter().map(|(unit, exponent)| {
                let (above, below) = (*exponent.numer() as f64, *exponent.denom() as f64);
                free[unit - FIRST].powf(above / below)
            });
            factors.product()
        };
        all.extend(self.derived.iter().map(|(_, form)| of(form)));
        all
    }

    /// Counts the statistics of some units, in order, as weights.
    pub fn hold(&mut self, held: Vec<UnitIndex>) {
        self.held = held;
    }

    /// Are the statistics of any unit counted?
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Are those that scale with a slot?
    pub fn is_held(&self, slot: Slot) -> bool {
        self.holds() && self.held.binary_search(&self.source(slot)).is_ok()
    }

    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// The unit of each slot, as [`source`](Units::source).
    pub fn of_slots(&self) -> impl Iterator<Item = UnitIndex> {
        self.of_slot.iter().map(|unit| *unit as UnitIndex)
    }

    pub fn source(&self, slot: Slot) -> UnitIndex {
        self.of_slot[slot as usize] as UnitIndex
    }

    /// The units that the synapse of a weight joins, which these slots multiply and divide: its source and its target.
    pub fn ends(&self, plus: Slot, minus: Slot) -> (UnitIndex, UnitIndex) {
        let (to, from) = (self.source(plus), self.source(minus));
        match self.turned.get(&(to, from)) {
            Some(source) => (*source, SINK),
            None if to == SOURCE => (from, SINK),
            None => (from, to),
        }
    }

    /// The network of the units, with these synapses.
    pub fn network(
        &self,
        synapses: Vec<(UnitIndex, UnitIndex, Rational)>,
    ) -> Result<Network<Rational>, NetworkError> {
        let kind = |unit: UnitIndex| match unit {
            SOURCE => UnitKind::Input,
            SINK => UnitKind::Output,
            unit if self.is_product(unit) => UnitKind::Product,
            _ => UnitKind::Hidden,
        };
        let ids = self.ids.iter().enumerate();
        let units = ids.map(|(unit, id)| Unit::new(id, kind(unit), Activation::Linear));
        let (mut factors, mut ties) = (BTreeMap::new(), BTreeMap::<UnitIndex, Tie>::new());
        for (place, (derived, _)) in self.derived.iter().enumerate() {
            let unit = self.free + place;
            match derived {
                Derived::Product(own) => {
                    factors.insert(unit, own.clone());
                }
                Derived::Power(base, exponent) => {
                    let (above, below) = (*exponent.numer(), *exponent.denom());
                    let tie = ties.entry(*base);
                    let tie = tie.or_insert_with(|| vec![(*base, Rational::one())]);
                    tie.push((unit, Rational::new(above.into(), below.into())));
                }
            }
        }
        let ties = ties.into_values().collect();
        Network::with_parallel_synapses(units.collect(), factors, synapses, ties)
    }
}

/// The units of all channels, and what pins those that have none.
fn explained(channels: &Channels, forms: &Forms, of_slot: &[u32]) -> Vec<ChannelGroup> {
    let groups = channels.groups.iter();
    let shown =
        groups.filter(|group| !group.is_constant && group.len > 0 && group.operator != "zero");
    let explained = shown.map(|group| {
        let slots = group.first..group.first + group.len as Slot;
        let mut pinned_by: Vec<String> = Vec::new();
        for reason in slots.clone().filter_map(|slot| forms.pinned_by(slot)) {
            if !pinned_by.iter().any(|known| known == reason) {
                pinned_by.push(reason.to_owned());
            }
        }
        ChannelGroup {
            tensor: group.tensor.clone(),
            operator: group.operator.clone(),
            units: slots
                .map(|slot| of_slot[slot as usize] as UnitIndex)
                .collect(),
            pinned_by,
        }
    });
    explained.collect()
}
