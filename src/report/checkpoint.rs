//! Reports about checkpoints.

use serde_json::{Map, Value, json};

use super::balanced::{half, units};
use super::lost::below_range;
use super::rounding::{rounded_words, rounding};
use super::{Report, cost, count, list, roots_of, up};
use crate::formats::checkpoint::Fault;
use crate::network::{Regularizer, one_line, printable};
use crate::numbers::rational_to_f64;
use crate::solve::NumberType;

/// A block, or a tensor outside all blocks, that is no scaling.
#[derive(Debug, Clone)]
pub struct WrongBlock {
    /// The block; `None` for a tensor that nothing scales.
    pub block: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// What was found of two checkpoints.
#[derive(Debug, Clone)]
pub struct CheckpointCheck {
    /// The family.
    pub family: String,
    /// The number of blocks, of free multipliers and of tensors.
    pub sizes: [usize; 3],
    /// By group the multipliers `Λ` of the scaling.
    pub multipliers: Vec<(String, Vec<f64>)>,
    /// What is no scaling, in the order of blocks.
    pub wrong: Vec<WrongBlock>,
    /// Is it an exact scaling by powers of 2?
    pub is_exact: bool,
    /// The same but for digits that number types could not hold?
    pub is_of_powers: bool,
    /// The groups that are left out of the question how well it is balanced: see
    /// [`BlockBalance`](crate::formats::checkpoint::BlockBalance).
    pub left: Vec<String>,
    /// Multipliers with costs on one side only.
    pub one_sided: usize,
    /// How far weights are from the scaling at most, relatively.
    pub deviation: f64,
    /// Weights that lost digits.
    pub lost: u64,
    /// The number type with the fewest digits after.
    pub number_type: NumberType,
    /// The largest deficit after, and the block with it.
    pub deficit: (f64, String),
    /// The deficit that counts as none.
    pub allowed: f64,
    /// Are the multipliers powers of 2 and nearest to balance, as far as sums tell? Then the largest step between them,
    /// as an exponent of 2.
    pub to_powers_of_two: Option<u64>,
    /// The tolerance.
    pub tolerance: f64,
    /// Seconds.
    pub seconds: f64,
}

/// Faults named in the text.
const SHOWN: usize = 8;

/// Why such gains keep their multipliers.
const NOT_CARRIED: &str = "powers of two cannot be carried by a gain stored less 1";

/// Why no bound is given.
const NO_DISTANCE: &str =
    "a checkpoint is read once: how far its weights are from the optimum is not computed";

/// Says what was found, in the fields of every judgement.
pub fn checkpoint_check(found: &CheckpointCheck) -> Report {
    let is_scaling = found.wrong.is_empty();
    let is_balanced = found.deficit.0 <= found.allowed;
    let excused = rational_to_f64(&found.number_type.excused());
    let is_rounding = found.deviation <= excused || found.tolerance <= excused;
    let balanced: Value = match (is_scaling, is_balanced, found.to_powers_of_two.is_some()) {
        (_, true, _) => true.into(),
        (true, false, true) => "to_powers_of_two".into(),
        _ => false.into(),
    };
    let wrong: Vec<Value> = found.wrong.iter().map(fault).collect();
    let undecided = || Value::from("undecided");
    let witness = match found.wrong.first() {
        None => {
            let all = found.multipliers.iter();
            let all: Map<String, Value> = all
                .map(|(name, values)| (name.clone(), json!(values)))
                .collect();
            json!({"multipliers": all})
        }
        Some(first) => fault(first),
    };
    let json = json!({
        "family": found.family,
        "blocks": found.sizes[0],
        "manifold": {"dimension": found.sizes[1]},
        "tensors": found.sizes[2],
        "same_function": if is_scaling { Value::Bool(true) } else { undecided() },
        "known_scaling": is_scaling,
        "scaling": match (is_scaling, found.is_exact) {
            (true, true) => "exact",
            (true, false) if is_rounding => "within_rounding",
            (true, false) => "within_tolerance",
            (false, _) => "none",
        },
        "exact_scaling": match (is_scaling, found.is_exact) {
            (true, true) => Value::Bool(true),
            (true, false) => undecided(),
            (false, _) => Value::Bool(false),
        },
        "within_rounding": match is_scaling && !is_rounding {
            true => undecided(),
            false => is_scaling.into(),
        },
        "scaling_deviation": is_scaling.then_some(found.deviation),
        "rounding_excused": {"type": found.number_type.name(), "units_in_the_last_place": found.number_type.excused_ulps()},
        "lost_count": found.lost,
        "witness": witness,
        "faults": wrong,
        "witness_sought": false,
        "balanced": balanced,
        "deficit": found.deficit.0,
        "fixed": found.left,
        "one_sided": found.one_sided,
        "distance_to_optimum": null,
        "bound": null,
        "distance_missing": NO_DISTANCE,
        "tolerance": found.tolerance,
        "seconds": {"read": found.seconds},
    });
    let [blocks, dimension, tensors] = found.sizes;
    let mut text = format!(
        "checkpoint         {}: {}, {}, {}\n",
        printable(&found.family),
        count(tensors, "tensor"),
        count(blocks, "block"),
        count(dimension, "free multiplier")
    );
    text += &match (is_scaling, found.is_exact) {
        (true, true) => "same function      yes: an exact scaling by powers of two\n".to_owned(),
        (true, false) if !is_rounding => format!(
            "same function      yes, to the tolerance, not shown to be rounding: a scaling is {} away, relatively\n",
            up(found.deviation)
        ),
        (true, false) if found.is_of_powers => {
            "same function      yes: a scaling by powers of two, exact but for digits that were lost\n".to_owned()
        }
        (true, false) => format!(
            "same function      yes, to rounding ({} in the last place of {}): a scaling is {} away, relatively\n",
            units(found.number_type),
            found.number_type.name(),
            up(found.deviation)
        ),
        (false, _) => format!(
            "same function      undecided: no scaling that the family {} knows (inputs on which outputs differ are not looked for)\n",
            printable(&found.family)
        ),
    };
    for wrong in found.wrong.iter().take(SHOWN) {
        text += &wrong_words(wrong);
    }
    if found.wrong.len() > SHOWN {
        text += &format!("  and {} more\n", found.wrong.len() - SHOWN);
    }
    if !is_scaling {
        text += "                   (adapters that were merged into weights are no scaling, and not judged)\n";
    }
    if found.lost > 0 {
        text += &format!("note               {}\n", below_range(found.lost));
    }
    let (deficit, block) = &found.deficit;
    let words = match balanced {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "NO".to_owned(),
        _ => format!(
            "to powers of two: every multiplier within about a factor {} of that which balances, computed",
            half(found.to_powers_of_two.unwrap_or(1))
        ),
    };
    text += &format!(
        "balanced           {words}: largest deficit {deficit:.3e} in {}\n",
        printable(block)
    );
    if found.one_sided > 0 {
        text += &format!(
            "note               {} costs on one side only (dead units), which nothing balances; `balance --limit` leaves them as they are\n",
            match found.one_sided {
                1 => "1 multiplier has".to_owned(),
                many => format!("{many} multipliers have"),
            }
        );
    }
    if !found.left.is_empty() {
        let left: Vec<String> = found.left.iter().map(|name| printable(name)).collect();
        text += &format!(
            "note               that is without the multipliers of {}: they stayed 1, as {NOT_CARRIED}\n",
            list(&left, SHOWN)
        );
    }
    Report { text, json }
}

fn fault(wrong: &WrongBlock) -> Value {
    let fault = &wrong.fault;
    json!({
        "block": wrong.block,
        "tensor": fault.tensor,
        "group": fault.group.as_ref().map(|(kind, name)| json!({"kind": kind, "name": name})),
        "index": fault.index,
        "kind": fault.kind,
        "reason": fault.reason,
    })
}

fn wrong_words(wrong: &WrongBlock) -> String {
    let fault = &wrong.fault;
    let index: Vec<String> = fault.index.iter().map(usize::to_string).collect();
    let group = match &fault.group {
        Some((kind, name)) => format!("group {} of `{}`", printable(kind), printable(name)),
        None => "no group".to_owned(),
    };
    format!(
        "  {}: `{}`[{}], {group}: {}\n",
        fault.kind.to_uppercase(),
        printable(&fault.tensor),
        index.join(", "),
        one_line(&fault.reason)
    )
}

/// What came of a checkpoint that was balanced block by block.
#[derive(Debug, Clone)]
pub struct CheckpointBalance<'a> {
    /// The family.
    pub family: &'a str,
    /// The regularizer.
    pub regularizer: &'a Regularizer,
    /// The blocks that were balanced, of how many.
    pub blocks: [usize; 3],
    /// The number of free multipliers of these blocks, and of weights.
    pub sizes: [usize; 2],
    /// Its value before and after, of the weights of these blocks.
    pub values: [f64; 2],
    /// The largest deficit before, of the multipliers that were found, and of those that were written.
    pub deficits: [f64; 3],
    /// If multipliers were rounded to powers of 2, the largest factor between one and what was found.
    pub factor: Option<f64>,
    /// The most reads of a block, the one that wrote it included.
    pub reads: usize,
    /// The deficit that was to be reached, and the blocks in which it was not.
    pub short: (f64, Vec<String>),
    /// Multipliers with costs on one side only, left as they are.
    pub one_sided: Vec<String>,
    /// Groups whose multipliers stay 1, and why.
    pub fixed: Vec<String>,
    /// Are gains fixed?
    pub gains_fixed: bool,
    /// By block, with a certificate: its name, whether the kernel verified it, and how far weights are from balance,
    /// relatively.
    pub certified: Option<Vec<(String, Option<f64>)>>,
    /// By group the multipliers `Λ`.
    pub multipliers: Vec<(String, Vec<f64>)>,
    /// Where they act.
    pub members: Value,
    /// Seconds to read, solve, certify and write.
    pub seconds: [f64; 4],
    /// Blocks that an earlier run had finished.
    pub resumed: usize,
    /// Files that were copied as they are and may hold weights too.
    pub copies: Vec<String>,
}

/// The report of it.
pub fn checkpoint_balance(found: &CheckpointBalance) -> Report {
    let [read, solve, certify, write] = found.seconds;
    let [before, computed, written] = found.deficits;
    let all: Map<String, Value> = found
        .multipliers
        .iter()
        .map(|(name, values)| (name.clone(), json!(values)))
        .collect();
    let mut json = json!({
        "status": match found.factor { Some(_) => "rounded", None => "balanced" },
        "family": found.family,
        "blocks": {"from": found.blocks[0], "to": found.blocks[1], "of": found.blocks[2], "resumed": found.resumed},
        "manifold": {"dimension": found.sizes[0]},
        "weights": found.sizes[1],
        "regularizer": found.regularizer.to_string(),
        "regularizer_before": found.values[0],
        "regularizer_after": found.values[1],
        "gains": if found.gains_fixed { "fixed" } else { "counted" },
        "fixed": found.fixed,
        "left": found.one_sided,
        "deficit_before": before,
        "deficit": computed,
        "deficit_written": written,
        "method": "direct",
        "passes": found.reads,
        "seconds": {"read": read, "solve": solve, "certify": certify, "write": write},
        "multipliers": all,
        "members": found.members,
        "cross_check": null,
        "vanished": [],
        "not_reached": found.short.1,
        "copied_weights": found.copies,
    });
    if let Some(factor) = found.factor {
        json["rounding"] = rounding(factor);
    }
    if let Some(certified) = &found.certified {
        let blocks = certified.iter().map(|(name, within)| {
            (
                name.clone(),
                json!({"verified": within.is_some(), "weights_within": within}),
            )
        });
        json["certified"] = Value::Object(blocks.collect());
    }
    let mut text = format!(
        "checkpoint {}: blocks {}..{} of {}, {}, gains {}\n",
        printable(found.family),
        found.blocks[0],
        found.blocks[1],
        found.blocks[2],
        count(found.sizes[0], "free multiplier"),
        if found.gains_fixed {
            "fixed"
        } else {
            "counted"
        }
    );
    text += &format!(
        "computed  {} from {} to {}{} over {} weights, largest deficit from {before:.3e} to {computed:.3e} (each block read {} times at most)\n",
        found.regularizer,
        cost(found.values[0]),
        cost(found.values[1]),
        roots_of(found.regularizer, found.values).unwrap_or_default(),
        found.sizes[1],
        found.reads
    );
    if let Some(factor) = found.factor {
        text += &rounded_words(factor, written);
    }
    if let Some(certified) = &found.certified {
        let known: Vec<f64> = certified.iter().filter_map(|(_, within)| *within).collect();
        let widest = known.iter().copied().fold(0.0, f64::max);
        text += &format!(
            "proved    in {} of {} blocks the minimum is attained, and with the multipliers found, before they are rounded, every weight is within {} of its one balanced value, relatively\n",
            known.len(),
            certified.len(),
            up(widest)
        );
    }
    let notes = [
        (format!("stay as they are ({NOT_CARRIED})"), &found.fixed),
        (
            "have costs on one side only and stay as they are".to_owned(),
            &found.one_sided,
        ),
        (
            "copied as they are, though they may hold weights that do not go with those written"
                .to_owned(),
            &found.copies,
        ),
    ];
    for (what, names) in notes {
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
            text += &format!("note      {what}: {}\n", list(&names, SHOWN));
        }
    }
    if !found.short.1.is_empty() {
        text += &format!(
            "note      a deficit of {:.1e} was not reached in {}\n",
            found.short.0,
            list(&found.short.1, SHOWN)
        );
    }
    if found.resumed > 0 {
        text += &format!(
            "note      finished by an earlier run: {}\n",
            count(found.resumed, "block")
        );
    }
    Report { text, json }
}
