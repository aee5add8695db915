//! What a report says of weights that their number type could not hold.

use serde_json::{Value, json};

use super::Report;
use crate::formats::{Loss, Losses};
use crate::network::printable;

/// Weights named in the text.
const SHOWN: usize = 3;

/// Adds the weights that became 0, or lost digits, when they were written: the field `lost` names the first
/// [`Losses::NAMED`], `lost_count` says how many there are.
pub fn lost_weights(report: &mut Report, lost: &Losses) {
    if let Value::Object(fields) = &mut report.json {
        let entry = |loss: &Loss| json!({"tensor": loss.tensor, "index": loss.index, "exact": exact(loss), "written": loss.written});
        fields.insert("lost".into(), lost.first.iter().map(entry).collect());
        fields.insert("lost_count".into(), lost.count.into());
    }
    if lost.count == 0 {
        return;
    }
    let shown = lost.first.iter().take(SHOWN).map(|loss| {
        let (tensor, sign) = (
            printable(&loss.tensor),
            if loss.is_negative { "-" } else { "" },
        );
        format!(
            "{tensor}[{}] is {:e} instead of {sign}{}",
            loss.index, loss.written, loss.exact
        )
    });
    let mut names: Vec<String> = shown.collect();
    if lost.count > names.len() {
        names.push(format!("and {} more", lost.count - names.len()));
    }
    report.text += &format!(
        "note      {}: {}\n",
        below_range(lost.count as u64),
        names.join(", ")
    );
}

/// That so many weights lost digits.
pub fn below_range(count: u64) -> String {
    let is = if count == 1 { "is" } else { "are" };
    format!(
        "{count} of the weights written {is} below the range in which their number type has all its digits"
    )
}

/// Says what multipliers that are powers of two leave of the function: all of it, bit for bit, but for weights that
/// were lost, and for results within the model that leave the range of their number type.
pub fn function_kept(report: &mut Report, lost: &Losses) {
    let but = but_for_lost(report, lost, "bit_for_bit");
    report.text += &format!(
        "function  the same bit for bit{but}, as long as no result within the model leaves the range of its number type\n"
    );
}

/// Says what multipliers that are powers of two leave of the function where something does not commute with them.
pub fn function_near(report: &mut Report, lost: &Losses, why: &str) {
    let but = but_for_lost(report, lost, "to_rounding");
    report.text += &format!("function  the same to rounding{but}: {why}\n");
}

/// States how the function is kept, and gives the words for what was lost of it.
fn but_for_lost(report: &mut Report, lost: &Losses, kept: &str) -> &'static str {
    let (kept, words) = match lost.count {
        0 => (kept, ""),
        _ => ("but_for_lost", ", but for the weights that lost digits"),
    };
    report.json["function"] = kept.into();
    words
}

/// The value as a number; as a text where `f64` has not all its digits either.
fn exact(loss: &Loss) -> Value {
    let value = loss.exact.to_f64();
    match (value >= f64::MIN_POSITIVE, loss.is_negative) {
        (true, true) => (-value).into(),
        (true, false) => value.into(),
        (false, true) => format!("-{}", loss.exact).into(),
        (false, false) => loss.exact.to_string().into(),
    }
}
