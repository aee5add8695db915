//! What of a checkpoint is free, by block and by kind, and what is not, and why.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, count};
use crate::formats::checkpoint::{Checkpoint, Group, NONE, Pinned, Sides};
use crate::network::{one_line, printable};
use crate::solve::blocks;

/// Blocks and pinned tensors named in the text.
const SHOWN: usize = 24;

/// The multipliers of one kind.
#[derive(Default)]
struct Kind {
    groups: usize,
    multipliers: usize,
    deficit: f64,
}

/// Groups, dimension and deficits of a checkpoint; `sides` as [`Checkpoint::sides`] gives them; `fixes_gains` says that
/// gains of norms are fixed.
pub fn checkpoint_groups(checkpoint: &Checkpoint, sides: &[Sides], fixes_gains: bool) -> Report {
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    for (block, sides) in checkpoint.blocks.iter().zip(sides) {
        for (group, sides) in block.groups.iter().zip(sides) {
            let kind = kinds.entry(&group.kind).or_default();
            kind.groups += 1;
            kind.multipliers += group.channels;
            kind.deficit = kind.deficit.max(deficit(sides));
        }
    }
    Report {
        text: text(checkpoint, &kinds, fixes_gains),
        json: json!({
            "family": checkpoint.family,
            "tensors": checkpoint.tensors.len(),
            "files": checkpoint.files.len(),
            "gains": if fixes_gains { "fixed" } else { "counted" },
            "manifold": {"dimension": checkpoint.dimension()},
            "kinds": kinds.iter().map(|(kind, own)| ((*kind).to_owned(), json!({"groups": own.groups, "multipliers": own.multipliers, "deficit": own.deficit}))).collect::<Map<String, Value>>(),
            "blocks": blocks(checkpoint, sides),
            "pinned": checkpoint.pinned.iter().map(|own| json!({"tensor": own.tensor, "axis": own.axis, "entries": own.entries, "reason": own.reason})).collect::<Value>(),
        }),
    }
}

/// The largest relative difference of the two sides.
fn deficit(sides: &[(f64, f64)]) -> f64 {
    let own = sides
        .iter()
        .map(|(raised, lowered)| blocks::deficit(*raised, *lowered));
    own.fold(0.0, f64::max)
}

fn blocks(checkpoint: &Checkpoint, sides: &[Sides]) -> Value {
    let blocks = checkpoint.blocks.iter().zip(sides).map(|(block, sides)| {
        let groups = block.groups.iter().zip(sides);
        json!({
            "block": block.name,
            "dimension": block.groups.iter().map(|group| group.channels).sum::<usize>(),
            "groups": groups.map(|(group, sides)| group_json(checkpoint, group, sides)).collect::<Value>(),
        })
    });
    blocks.collect()
}

fn group_json(checkpoint: &Checkpoint, group: &Group, sides: &[(f64, f64)]) -> Value {
    let members = group.members.iter().map(|member| {
        let tensor = &checkpoint.tensors[member.tensor];
        let index = |own: &u32| match *own {
            NONE => Value::Null,
            own => own.into(),
        };
        let mut json = json!({
            "tensor": tensor.name,
            "axis": member.axis,
            "exponent": member.exponent.to_string(),
            "channels": member.map.iter().map(index).collect::<Value>(),
        });
        if tensor.offset != 0 {
            json["offset"] = tensor.offset.into();
        }
        json
    });
    json!({
        "kind": group.kind,
        "name": group.name,
        "multipliers": group.channels,
        "deficit": deficit(sides),
        "members": members.collect::<Value>(),
    })
}

fn text(checkpoint: &Checkpoint, kinds: &BTreeMap<&str, Kind>, fixes_gains: bool) -> String {
    let mut text = String::new();
    let out = &mut text;
    let _ = writeln!(
        out,
        "family    {}: {} in {}",
        printable(&checkpoint.family),
        count(checkpoint.tensors.len(), "tensor"),
        count(checkpoint.files.len(), "file")
    );
    let gains = match fixes_gains {
        true => "; gains of norms are fixed",
        false => "",
    };
    let _ = writeln!(
        out,
        "scaling   {} in {}{gains}",
        count(checkpoint.dimension(), "independent multiplier"),
        count(checkpoint.blocks.len(), "block")
    );
    let _ = writeln!(
        out,
        "by kind   multipliers, groups, largest deficit |A - B| / (A + B):"
    );
    for (kind, own) in kinds {
        let (kind, groups) = (printable(kind), count(own.groups, "group"));
        let _ = writeln!(
            out,
            "            {kind:<18} {:>9}  {groups:<12} {:.6}",
            own.multipliers, own.deficit
        );
    }
    let _ = writeln!(out, "blocks    each is balanced by itself:");
    for block in checkpoint.blocks.iter().take(SHOWN) {
        let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for group in &block.groups {
            *of_kind.entry(&group.kind).or_default() += group.channels;
        }
        let parts = of_kind
            .iter()
            .map(|(kind, number)| format!("{} {number}", printable(kind)));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "            {}: {parts}", printable(&block.name));
    }
    more(out, checkpoint.blocks.len());
    if !checkpoint.pinned.is_empty() {
        let _ = writeln!(out, "pinned    not scaled, and what keeps it:");
        for own in checkpoint.pinned.iter().take(SHOWN) {
            let _ = writeln!(out, "            {}", pinned(own));
        }
        more(out, checkpoint.pinned.len());
    }
    text
}

fn pinned(own: &Pinned) -> String {
    format!(
        "{}, axis {}, {}: {}",
        one_line(&own.tensor),
        own.axis,
        match own.entries {
            1 => "1 index".to_owned(),
            entries => format!("{entries} indices"),
        },
        one_line(&own.reason)
    )
}

fn more(out: &mut String, all: usize) {
    if all > SHOWN {
        let _ = writeln!(
            out,
            "            ... and {} more; --json prints all",
            all - SHOWN
        );
    }
}
