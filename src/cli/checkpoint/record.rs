//! What is kept of each block that was balanced: enough to write it again, and to go on after a kill.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use synaptic_balance::formats::checkpoint::BlockFigures;

/// A block that was balanced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number.
    pub block: usize,
    /// Its name.
    pub name: String,
    /// A sum over the bytes of its tensors before.
    pub weights_sum: String,
    /// The number of weights.
    pub weights: usize,
    /// By group the multipliers `Λ`, as they are written.
    pub multipliers: BTreeMap<String, Vec<f64>>,
    /// The regularizer before and after.
    pub values: [f64; 2],
    /// The largest deficit before, of the multipliers found, and of those written.
    pub deficits: [f64; 3],
    /// The largest factor of rounding; 1 without.
    pub factor: f64,
    /// Reads of the block.
    pub reads: usize,
    /// Was the deficit reached?
    pub is_enough: bool,
    /// Weights that lost digits: how many, and the first.
    pub lost: (usize, Vec<String>),
    /// Multipliers with costs on one side only.
    pub one_sided: Vec<String>,
    /// What the kernel verified: whether the minimum is attained, and how far weights are from balance.
    pub certified: Option<(bool, Option<f64>)>,
    /// The ranges of channels; none in records of earlier versions.
    #[serde(default)]
    pub figures: Option<BlockFigures>,
}

/// What a run is about: all of it must be the same where a run goes on, or parts are joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub format: String,
    pub version: u32,
    pub family: String,
    /// The names of the files with their lengths, and a sum over each header.
    pub files: Vec<(String, u64, String)>,
    pub blocks: usize,
    /// A sum over what scales together, which the configuration and the description of the family decide; none in runs
    /// of earlier versions.
    #[serde(default)]
    pub scales: String,
    pub regularizer: String,
    pub gains: String,
    pub rounded: bool,
    pub tolerance: f64,
    pub limit: bool,
    pub certify: bool,
    /// The blocks of this part, from one up to another.
    pub part: [usize; 2],
}

/// What decides which weights scale together.
pub const SCALES: &str = "the configuration, or the description of the family";

impl Plan {
    pub const FORMAT: &str = "synaptic-balance/part";

    /// Where it differs from another one, blocks aside.
    pub fn difference(&self, other: &Plan) -> Option<&'static str> {
        let differences = [
            (
                self.format != other.format || self.version != other.version,
                "the format",
            ),
            (self.family != other.family, "the family"),
            (
                self.files != other.files || self.blocks != other.blocks,
                "the checkpoint that it is about",
            ),
            (self.regularizer != other.regularizer, "the regularizer"),
            (self.gains != other.gains, "what is said of gains"),
            (self.scales != other.scales, SCALES),
            (self.rounded != other.rounded, "rounding"),
            (self.tolerance != other.tolerance, "the tolerance"),
            (self.limit != other.limit, "the limit"),
        ];
        let found = differences.into_iter().find(|(differs, _)| *differs);
        found.map(|(_, what)| what)
    }
}

/// A sum of 64 bits over bytes, in which every bit counts: against files that were changed or mixed up, not against
/// anybody who means to.
pub fn sum(bytes: &[u8], start: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(FACTOR).rotate_left(29);
    // Four sums side by side.
    let mut lanes = [start, start ^ 1, start ^ 2, start ^ 3];
    let (parts, rest) = bytes.as_chunks::<32>();
    for part in parts {
        for (lane, word) in lanes.iter_mut().zip(part.as_chunks::<8>().0) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let mut all = rest
        .iter()
        .fold(bytes.len() as u64, |sum, byte| mix(sum, u64::from(*byte)));
    for lane in lanes {
        all = mix(all, lane);
    }
    all ^ (all >> 32)
}
