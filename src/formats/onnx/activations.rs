//! Ranges of activations as weights of a kind: each leads to its channel and comes from nowhere, and none is written.

use super::constant::{Constant, View};
use super::infer::Inference;
use super::node::Content;
use super::units::{SOURCE, Units};
use super::uses::Use;
use super::{Files, OnnxError, OnnxFile, Roles};
use crate::formats::ranges::{RangeArray, RangeOrigin, Ranges, RangesError};
use crate::formats::storage::Storage;
use crate::forms::{Field, ONE};

/// The ranges that a model counts beside its weights.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    /// Where they are from.
    pub origin: Option<RangeOrigin>,
    /// The arrays of which no channel scales.
    pub fixed: Vec<String>,
}

impl OnnxFile {
    /// The same model, its roles given once more, with the costs of ranges of activations: for each tensor that they
    /// name one number for each channel, or any number of them where all its channels carry one multiplier. They are
    /// tensors `range of NAME` of the model for every question but how it is written.
    ///
    /// # Errors
    /// [`OnnxError::Ranges`], naming the array; else as [`with_roles`](OnnxFile::with_roles).
    pub fn with_ranges(self, roles: &Roles, ranges: &Ranges) -> Result<Self, OnnxError> {
        let has_weights = self.network.synapses() > 0;
        let followed = OnnxFile::follow(self.model, self.files, roles, Some(ranges))?;
        match has_weights {
            true => followed.with_weights(),
            false => Ok(followed),
        }
    }

    /// Where the ranges are from that it counts.
    pub fn range_origin(&self) -> Option<&RangeOrigin> {
        self.counted_ranges.origin.as_ref()
    }

    /// The arrays of ranges of which no channel scales: they are not counted.
    pub fn fixed_ranges(&self) -> &[String] {
        &self.counted_ranges.fixed
    }
}

/// An array with the multipliers of its channels.
pub(super) type Placed<'r> = (&'r RangeArray, Field);

impl Inference<'_> {
    /// Finds the channels of ranges.
    pub fn placed<'r>(&self, ranges: &'r Ranges) -> Result<Vec<Placed<'r>>, OnnxError> {
        let placed = ranges.arrays.iter().map(|array| {
            let name = array.name.as_str();
            let field = match self.values.get(name).map(|value| &value.content) {
                Some(Content::Data(field)) => field,
                Some(Content::Zero) => return Ok((array, Field::uniform(ONE))),
                Some(_) => {
                    let reason = "it is a constant of the model, not an activation";
                    return Err(RangesError::array(name, reason));
                }
                None => {
                    let data = |name: &&str| matches!(self.values[*name].content, Content::Data(_));
                    let known = self.values.keys().copied().filter(data);
                    return Err(RangesError::no_tensor(name, "computed tensor", known));
                }
            };
            let (found, channels) = (array.values.len(), field.labels.len());
            if found != channels && (channels != 1 || found == 0) {
                let reason = format!("it has {found} numbers, the tensor {channels} channels");
                return Err(RangesError::array(name, reason));
            }
            let labels = field.labels.clone();
            let shape = if channels == 1 {
                Vec::new()
            } else {
                vec![channels]
            };
            Ok((array, Field { shape, labels }))
        });
        Ok(placed.collect::<Result<_, RangesError>>()?)
    }
}

/// Counts ranges: the constants that hold them stand behind all others.
pub(super) fn count(
    (ranges, placed): (&Ranges, Vec<Placed>),
    units: &mut Units,
    (files, constants, uses): (&mut Files, &mut Vec<Constant>, &mut Vec<Use>),
) -> Counted {
    let first = constants.len();
    let mut fixed = Vec::new();
    for (array, field) in placed {
        if field
            .labels
            .iter()
            .all(|slot| units.source(*slot) == SOURCE)
        {
            fixed.push(array.name.clone());
            continue;
        }
        let mut name = format!("range of {}", array.name);
        while constants.iter().any(|constant| constant.name == name) {
            name.push('\'');
        }
        let bytes = array.values.iter().flat_map(|value| value.to_le_bytes());
        let file = files.hold(bytes.collect::<Vec<u8>>().into());
        uses.push(Use {
            view: View::whole(constants.len(), &[array.values.len()]),
            plus: field,
            minus: Field::uniform(ONE),
            is_weight: true,
        });
        let place = (file, 0, Storage::Double);
        constants.push(Constant::made(name, vec![array.values.len()], place));
    }
    units.turn(&uses[uses.len() - (constants.len() - first)..]);
    Counted {
        origin: Some(ranges.origin.clone()),
        fixed,
    }
}

impl Constant {
    /// Is it none of the model's, but ranges that are counted?
    pub fn is_beside(&self) -> bool {
        self.place.is_ok() && self.data.is_none()
    }
}
