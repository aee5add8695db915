//! From solved equations to groups: which multipliers act on which entries of which tensors.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::build::{Axis, Section, System, Use};
use super::folder::Store;
use super::groups::changed;
use super::{Block, Group, Member, NONE, Pinned};
use crate::forms::{Exponent, Forms, Slot};

/// What is found of a checkpoint.
pub(super) struct Derived {
    pub blocks: Vec<Block>,
    pub pinned: Vec<Pinned>,
    /// Tensors that are gains of norms, and those that are stored without the 1 that belongs to them.
    pub gains: Vec<usize>,
    pub offsets: Vec<usize>,
}

/// A member of one group, for all repetitions of its tensor.
struct Pattern {
    used: usize,
    axis: usize,
    map: Arc<[u32]>,
    exponent: Exponent,
}

/// Solves the equations and collects the groups.
///
/// # Errors
/// Equations that tie multipliers of repetitions to others: such a family is not described by one repetition.
pub(super) fn derive(system: &System, store: &Store) -> Result<Derived, String> {
    let forms = system.channels.solve().map_err(|fault| fault.to_string())?;
    let numbers = numbers(system, &forms)?;
    let patterns = patterns(system, &forms, &numbers);
    let mut groups: Vec<(Group, Option<(usize, u64)>)> = Vec::new();
    for (made, members) in patterns.iter().enumerate() {
        let slots = &system.made[made].slots;
        let section = system
            .sections
            .iter()
            .position(|section| holds(&section.slots, slots.start));
        let numbers = section.map_or(0..1, |section| system.sections[section].numbers.clone());
        for number in numbers {
            let own = section.map(|section| (section, number));
            if let Some(group) = group(system, store, made, members, own) {
                groups.push((group, own));
            }
        }
    }
    let mut found = Derived {
        blocks: blocks(groups, store),
        pinned: Vec::new(),
        gains: Vec::new(),
        offsets: Vec::new(),
    };
    for used in &system.uses {
        found.pinned.extend(pinned(used, &forms));
        let tensors = instances(used, &system.sections, store, None);
        if used.is_offset {
            found.offsets.extend(&tensors);
        }
        if used.is_gain {
            found.gains.extend(&tensors);
        }
    }
    Ok(found)
}

fn holds(slots: &Range<Slot>, slot: Slot) -> bool {
    slots.contains(&slot)
}

/// The free multipliers that act on some tensor: for each its statement, and its number among those of that statement.
fn numbers(system: &System, forms: &Forms) -> Result<HashMap<Slot, (usize, u32)>, String> {
    let mut free: BTreeSet<Slot> = BTreeSet::new();
    for used in &system.uses {
        for slot in used.axes.iter().flat_map(|axis| axis.slots.iter()) {
            for (variable, _) in forms.of(*slot) {
                free.insert(*variable);
                let section = system
                    .sections
                    .iter()
                    .position(|section| holds(&section.slots, *variable));
                if section.is_some() && section != used.section {
                    return Err(format!(
                        "`{}` would scale with what other repetitions make: the description does not say how",
                        used.pattern
                    ));
                }
            }
        }
    }
    for section in &system.sections {
        for slot in section.passed.iter().flat_map(|value| value.iter()) {
            let mut own = forms.of(*slot).iter();
            if own.any(|(variable, _)| holds(&section.slots, *variable)) {
                return Err(format!(
                    "what one `{}` passes to the next carries multipliers of its own: the description does not say how",
                    section.counter
                ));
            }
        }
    }
    let (mut found, mut counts) = (HashMap::new(), vec![0u32; system.made.len()]);
    for slot in free {
        // Statements make their slots one after the other.
        let made = system.made.partition_point(|made| made.slots.end <= slot);
        let is_own = system
            .made
            .get(made)
            .is_some_and(|made| holds(&made.slots, slot));
        if !is_own {
            return Err("a product of values is free where none of its factors is".into());
        }
        found.insert(slot, (made, counts[made]));
        counts[made] += 1;
    }
    Ok(found)
}

/// The members of each statement's group.
fn patterns(
    system: &System,
    forms: &Forms,
    numbers: &HashMap<Slot, (usize, u32)>,
) -> Vec<Vec<Pattern>> {
    let mut found: Vec<Vec<Pattern>> = system.made.iter().map(|_| Vec::new()).collect();
    for (number, used) in system.uses.iter().enumerate() {
        for axis in &used.axes {
            // Several multipliers of one group on one entry need several members.
            let mut maps: BTreeMap<(usize, usize, Exponent), Vec<u32>> = BTreeMap::new();
            for (entry, slot) in axis.slots.iter().enumerate() {
                let mut seen: Vec<usize> = Vec::new();
                for (variable, exponent) in forms.of(*slot) {
                    let (made, channel) = numbers[variable];
                    let nth = seen.iter().filter(|own| **own == made).count();
                    seen.push(made);
                    let exponent = exponent * Exponent::from(axis.sign);
                    let map = maps.entry((made, nth, exponent));
                    map.or_insert_with(|| vec![NONE; axis.slots.len()])[entry] = channel;
                }
            }
            for ((made, _, exponent), map) in maps {
                found[made].push(Pattern {
                    used: number,
                    axis: axis.axis,
                    map: map.into(),
                    exponent,
                });
            }
        }
    }
    found
}

/// The tensors of a use: all repetitions, or one.
fn instances(used: &Use, sections: &[Section], store: &Store, number: Option<u64>) -> Vec<usize> {
    let Some(section) = used.section.map(|section| &sections[section]) else {
        return store.find(&used.pattern).into_iter().collect();
    };
    let counter = format!("{{{}}}", section.counter);
    let numbers = number.map_or(section.numbers.clone(), |number| number..number + 1);
    let names = numbers.map(|number| used.pattern.replace(&counter, &number.to_string()));
    names.filter_map(|name| store.find(&name)).collect()
}

fn group(
    system: &System,
    store: &Store,
    made: usize,
    patterns: &[Pattern],
    own: Option<(usize, u64)>,
) -> Option<Group> {
    let mut members = Vec::new();
    let mut channels = 0;
    for pattern in patterns {
        let used = &system.uses[pattern.used];
        let largest = pattern.map.iter().filter(|own| **own != NONE).max();
        channels = channels.max(largest.map_or(0, |largest| *largest as usize + 1));
        let number = own.map(|(_, number)| number);
        for tensor in instances(used, &system.sections, store, number) {
            members.push(Member {
                tensor,
                axis: pattern.axis,
                map: pattern.map.clone(),
                exponent: pattern.exponent,
            });
        }
    }
    let first = members.first()?;
    Some(Group {
        kind: system.made[made]
            .kind
            .clone()
            .unwrap_or_else(|| "other".into()),
        name: store.tensors[first.tensor].name.clone(),
        channels,
        members,
    })
}

/// Groups that change a common tensor, or belong to one repetition, stand in one block.
fn blocks(groups: Vec<(Group, Option<(usize, u64)>)>, store: &Store) -> Vec<Block> {
    let mut joined = petgraph::unionfind::UnionFind::<usize>::new(groups.len());
    let mut by_tensor: HashMap<usize, usize> = HashMap::new();
    let mut by_repetition: HashMap<(usize, u64), usize> = HashMap::new();
    for (number, (group, own)) in groups.iter().enumerate() {
        for member in &group.members {
            joined.union(number, *by_tensor.entry(member.tensor).or_insert(number));
        }
        if let Some(own) = own {
            joined.union(number, *by_repetition.entry(*own).or_insert(number));
        }
    }
    let labels = joined.into_labeling();
    let mut blocks: Vec<(Option<(usize, u64)>, Block)> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for ((group, own), label) in groups.into_iter().zip(labels) {
        let place = *places.entry(label).or_insert_with(|| {
            let block = Block {
                name: String::new(),
                groups: Vec::new(),
                tensors: Vec::new(),
            };
            blocks.push((own, block));
            blocks.len() - 1
        });
        blocks[place].0 = blocks[place].0.min(own);
        blocks[place].1.groups.push(group);
    }
    // What is not repeated comes after what is: heads after layers.
    blocks.sort_by_key(|(own, _)| (own.is_none(), *own));
    let mut blocks: Vec<Block> = blocks.into_iter().map(|(_, block)| block).collect();
    for block in &mut blocks {
        block.tensors = changed(&block.groups);
        block.name = common_start(block, store);
    }
    blocks
}

/// The common start of the names of a block's tensors; the first name if they have none.
fn common_start(block: &Block, store: &Store) -> String {
    let mut names = block
        .tensors
        .iter()
        .map(|own| store.tensors[*own].name.as_str());
    let Some(first) = names.next() else {
        return String::new();
    };
    let mut parts: Vec<&str> = first.split('.').collect();
    for name in names {
        let same = parts
            .iter()
            .zip(name.split('.'))
            .take_while(|(one, other)| **one == *other);
        parts.truncate(same.count());
    }
    match parts.is_empty() {
        true => first.to_owned(),
        false => parts.join("."),
    }
}

/// What of a tensor nothing scales, by reason.
fn pinned(used: &Use, forms: &Forms) -> Vec<Pinned> {
    let of_axis = |axis: &Axis| {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in axis.slots.iter().filter_map(|slot| forms.pinned_by(*slot)) {
            *reasons.entry(reason).or_default() += 1;
        }
        let found = reasons.into_iter().map(|(reason, entries)| Pinned {
            tensor: used.pattern.clone(),
            axis: axis.axis,
            entries,
            reason: reason.to_owned(),
        });
        found.collect::<Vec<_>>()
    };
    used.axes.iter().flat_map(of_axis).collect()
}
