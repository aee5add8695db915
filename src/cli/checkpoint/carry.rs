//! Where multipliers act, for programs that carry them elsewhere.

use serde_json::{Map, Value, json};
use synaptic_balance::formats::checkpoint::{Checkpoint, NONE};

/// By tensor its shape, and the groups that scale it: along which axis, with which exponent, and by runs `[first index,
/// how many, first channel]` which multiplier each index along the axis takes.
pub fn members(checkpoint: &Checkpoint, names: &[Vec<String>]) -> Value {
    let mut all: Map<String, Value> = checkpoint
        .tensors
        .iter()
        .map(|tensor| {
            (
                tensor.name.clone(),
                json!({"shape": tensor.shape, "offset": tensor.offset, "scales": []}),
            )
        })
        .collect();
    for (block, names) in checkpoint.blocks.iter().zip(names) {
        for (group, name) in block.groups.iter().zip(names) {
            for member in &group.members {
                let tensor = &checkpoint.tensors[member.tensor].name;
                let scale = json!({
                    "group": name,
                    "axis": member.axis,
                    "exponent": member.exponent.to_string(),
                    "map": runs(&member.map),
                });
                let scales = all
                    .get_mut(tensor)
                    .and_then(|entry| entry["scales"].as_array_mut());
                if let Some(scales) = scales {
                    scales.push(scale);
                }
            }
        }
    }
    Value::Object(all)
}

fn runs(map: &[u32]) -> Vec<[usize; 3]> {
    let mut runs: Vec<[usize; 3]> = Vec::new();
    for (index, channel) in map.iter().enumerate() {
        if *channel == NONE {
            continue;
        }
        let channel = *channel as usize;
        match runs.last_mut() {
            Some([first, count, start])
                if *first + *count == index && *start + *count == channel =>
            {
                *count += 1;
            }
            _ => runs.push([index, 1, channel]),
        }
    }
    runs
}
