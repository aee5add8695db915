//! ONNX models: which multipliers their operators leave free, and their weights scaled in place.
//!
//! Every tensor carries a positive multiplier for each of its channels: a product of powers of free ones, whose
//! logarithm is a linear form ([`forms`](crate::forms)). An operator says how the forms of what it reads and makes hang
//! together, and how its weights scale. What is left free is a balancing problem like any other: a unit for each free
//! multiplier (others for its powers and products), a synapse for each weight. Weights that several places share are
//! counted once, and scale alike at all of them: `Λ_p / Λ_m = Λ_p' / Λ_m'` for each entry, which can be more than that
//! the channels of both places do. Functions that the model defines are entered.
//!
//! | operator | what it says |
//! |---|---|
//! | `Gemm`, `MatMul`, `Conv`, `ConvTranspose`, `Einsum` with a constant | weights scale with the output channel and against the input channel; biases with the output |
//! | `MatMul`, `Gemm`, `Einsum` of computed tensors, diagonals among them | all products that are added carry one product of multipliers; what is not summed over keeps its own |
//! | `Relu`, `LeakyRelu`, `PRelu`, `Abs`, `Neg`, `Identity`, `Dropout`, `Clip` at 0, `Trilu`, `Cast` between floating-point types, `MaxUnpool` | what is made carries what is read |
//! | `Add`, `Sub`, `Sum`, `Mean`, `Max`, `Min`, `Where` | all arguments carry the same; a constant added along the channels is a bias, any other stays as it is, and so does what it is added to, but where it is 0 or infinite |
//! | `Mul`, `Div`, `Pow` by a small fraction, `Sqrt`, `Reciprocal`, `ReduceSumSquare` of computed tensors | products, quotients and powers of multipliers |
//! | `Mul` by a constant | by the gain of a normalisation, or the scale of a branch, a diagonal layer, whose numbers are weights; by any other nothing, but that entries that become 0 carry any multiplier |
//! | `Div` by a constant | nothing |
//! | `BatchNormalization` | scale and shift are weights, the mean follows its input and is counted only where no weight other than 0 feeds the channel ([`Held`]), the variance stays |
//! | `LayerNormalization`, `RMSNormalization`, `SimplifiedLayerNormalization`, `InstanceNormalization`, `GroupNormalization`, `SkipLayerNormalization`, `SkipSimplifiedLayerNormalization`, `EmbedLayerNormalization` | nothing scales what is normalised; the result carries the multiplier of the gain, and the shift with it. Norms that are written out come to the same |
//! | `MaxPool`, `AveragePool`, `LpPool`, global ones, `ReduceMean`, `ReduceSum`, `ReduceMax`, `ReduceMin`, `ReduceL1`, `ReduceL2`, `CumSum`, `TopK`, `ArgMax`, `ArgMin`, `Sign`, `LpNormalization`, `ReverseSequence` | one multiplier for all that is brought together |
//! | comparisons, `NonZero`, `IsNaN`, `IsInf`, `Cast` to truth values | what is compared carries one multiplier, entry by entry; the answer none |
//! | `Concat`, `Split`, `Slice`, `Gather`, `GatherElements`, `GatherND`, `ScatterND`, `ScatterElements`, `Transpose`, `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`, `Expand`, `Tile`, `DepthToSpace`, `SpaceToDepth`, `Resize`, `Upsample`, `GridSample`, `RoiAlign`, `Pad` with zeros or infinities | multipliers move with the entries; where they cannot be followed, the tensor has one; zeros that are no weights carry any, in every shape |
//! | `Concat`, `Neg`, `Abs`, `Div`, `GatherND`, `Pad`, `Expand`, `Tile`, `Trilu`, `Where` beside zeros, ... of constants | what scales are the numbers that are stored; a sum of weights, or another function of them, stays as it is |
//! | `SplitToSequence`, `SequenceConstruct`, `SequenceInsert`, `SequenceErase`, `SequenceAt`, `ConcatFromSequence` | every tensor in a list keeps its multipliers; constants in lists stay as they are |
//! | `Attention`, `MultiHeadAttention`, `GroupQueryAttention` | queries against keys, values on to the result, by head, biases with them; what goes into a cache that something reads, or comes out of one, stays |
//! | `FusedConv`, `FusedGemm`, `FusedMatMul`, `MatMulNBits` | what their parts say; of integers the scales of blocks are weights |
//! | `DynamicQuantizeLinear`, `MatMulInteger`, `ConvInteger` | all that is rounded together carries one multiplier, which the scale carries on; constants times that scale are the scales of quantized weights, and weights |
//! | `RotaryEmbedding` | both channels of a pair carry one multiplier |
//! | `RNN`, `GRU`, `LSTM` | what they read scales against their weights; the state carries one multiplier for each unit where rectifiers make it, else none |
//! | `If` | both branches are entered; their results carry the same |
//! | `Softmax`, `Sigmoid`, `Tanh`, `Erf`, `Gelu` and all others, `Loop` and `Scan` | what they read and make stays as it is, with a [`Note`] |
//!
//! What is learned and what is a constant, where [`Roles`] do not say: a constant is whatever is no operand of a layer,
//! no bias along the channels, no gain or shift of a normalisation and no scale of a branch by channel; and every table
//! of sines and cosines. Operators on which no output depends say nothing.
//!
//! Restrictions beyond what the function needs: a weight used at two places has the same pair of multipliers at both (a
//! common factor of theirs is not used); reshapes to unknown lengths give a tensor one multiplier; bodies of loops are
//! not entered.
//!
//! Writing changes the bytes of weights and nothing else; tensors kept in other files are written beside the new model,
//! under new names. Numbers that are no `f16`, `bf16`, `f32` or `f64` are never changed: of quantized weights the scale
//! is.

mod activations;
mod blocks;
mod changed;
mod compare;
mod constant;
mod direct;
mod energy;
mod files;
mod functions;
mod given;
mod graph;
mod held;
mod infer;
mod joined;
mod learned;
mod limit;
mod measure;
pub mod message;
mod node;
mod order;
mod perceptron;
mod reads;
mod relu6;
mod rules;
mod scattered;
mod shape;
mod shared;
mod side;
mod spelling;
mod tables;
mod units;
mod uses;
mod weights;
mod wire;
mod write;

pub use compare::Difference;
pub use held::Held;
pub use learned::{Kept, Roles};
pub use relu6::Relu6;
pub(crate) use units::SOURCE;
pub use write::Written;

use bytes::Bytes;
use prost::Message;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use thiserror::Error;

use crate::formats::cache::cached;
use crate::formats::file_bytes::file_bytes;
use crate::formats::ranges::{Ranges, RangesError};
use crate::forms::{FormsError, Slot};
use crate::network::{Network, NetworkError, SynapseIndex, UnitIndex};
use crate::numbers::Rational;
use constant::Constant;
use files::Files;
use functions::WrittenOut;
use infer::Inference;
use units::{SINK, Units};
use uses::Use;
use weights::Place;

/// Why a file is not an ONNX model that can be read.
#[derive(Debug, Error)]
pub enum OnnxError {
    /// The bytes end, or are no protobuf, near a place.
    #[error("not an ONNX model: damaged or cut off near byte {0}")]
    Truncated(usize),
    /// The messages are not those of a model.
    #[error("not an ONNX model: {0}")]
    Message(#[from] prost::DecodeError),
    /// There is nothing in it.
    #[error("not an ONNX model: it holds no graph")]
    NoGraph,
    /// A role was given to what is no constant tensor of the model.
    #[error("no constant tensor has the name `{0}`")]
    NoTensor(String),
    /// A tensor was declared both.
    #[error("tensor `{0}` cannot be both learned and a constant")]
    TwoRoles(String),
    /// More than any model has.
    #[error("the model has too many {0} to be read")]
    TooLarge(&'static str),
    /// A tensor whose shape and data do not agree, or whose data are not found.
    #[error("tensor `{name}`: {reason}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A tensor that is read before it is made.
    #[error("{place}: no tensor `{name}` is made before it is read")]
    Undefined {
        /// Who reads it.
        place: String,
        /// The tensor.
        name: String,
    },
    /// A tensor that is made twice.
    #[error("two tensors have the name `{0}`")]
    Twice(String),
    /// The model is too large for exact arithmetic.
    #[error("the model has {0} weights, more than the {MAX_WEIGHTS} that exact arithmetic takes")]
    Weights(usize),
    /// A multiplier that is not positive and finite: a negative one changes the function.
    #[error("the multiplier of unit {0} is not positive and finite")]
    Multiplier(UnitIndex),
    /// Weights were to become 0, and an operator compares what they make, or divides by it.
    #[error(
        "{0} compares, or divides by, what scales: where weights become 0 the function is another one; --max-scaling S keeps it"
    )]
    Limit(String),
    /// A scaled weight is outside the range of its number type.
    #[error(
        "tensor `{name}`: the new value of entry {entry} is outside the range of {number_type}"
    )]
    Range {
        /// The tensor.
        name: String,
        /// The entry.
        entry: usize,
        /// `f16`, `bf16`, `f32` or `f64`.
        number_type: &'static str,
    },
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// Its channels hang together in too many ways.
    #[error(transparent)]
    Forms(#[from] FormsError),
    /// The ranges are not those of its activations.
    #[error(transparent)]
    Ranges(#[from] RangesError),
    /// Two channels have one name.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// Weights beyond so many are too many for the rational network: such models are balanced, and judged where they are
/// plainly scaled, over the bytes of their tensors alone.
pub const MAX_WEIGHTS: usize = 4_000_000;

/// An operator that pins what it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The operator.
    pub operator: String,
    /// Its name, or that of the tensor that it makes.
    pub name: String,
    /// Why it is not followed.
    pub reason: String,
}

/// The channels of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelGroup {
    /// The tensor.
    pub tensor: String,
    /// The operator that makes it.
    pub operator: String,
    /// The unit of each channel; unit 0 where it is pinned.
    pub units: Vec<UnitIndex>,
    /// What pins the pinned ones.
    pub pinned_by: Vec<String>,
}

/// A weight of a layer, channel by channel.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRange {
    /// The tensor.
    pub tensor: String,
    /// The largest magnitude and the median of the nonzero ones, for each output channel that has any.
    pub channels: Vec<(f64, f64)>,
}

/// An ONNX model with its files, so that writing it back changes nothing but weights.
#[derive(Debug, Clone)]
pub struct OnnxFile {
    files: Files,
    model: message::Model,
    written: WrittenOut,
    constants: Vec<Constant>,
    uses: Vec<Use>,
    units: Units,
    places: Vec<Place>,
    network: Network<Rational>,
    groups: Vec<ChannelGroup>,
    notes: Vec<Note>,
    kept: Vec<Kept>,
    counted_ranges: activations::Counted,
    rounded: Rounded,
    /// An operator that has no limit where multipliers tend to 0.
    broken: Option<String>,
}

/// What operators round of computed values that scale.
#[derive(Debug, Clone)]
struct Rounded {
    /// To 16 bits or fewer.
    to_short: bool,
    /// The first operator that takes powers which engines round.
    powers: Option<String>,
}

impl OnnxFile {
    /// Reads a model and follows its graph; `folder` is where tensors kept in other files are looked for.
    ///
    /// # Errors
    /// [`OnnxError`], with the first fault. Operators that cannot be followed are no fault.
    pub fn read(bytes: Vec<u8>, folder: Option<&Path>) -> Result<Self, OnnxError> {
        OnnxFile::open(bytes, folder)?.with_weights()
    }

    /// The same without the weights: [`network`](OnnxFile::network) has units only, so that a model of any size is
    /// opened in the time that it takes to read it. [`blocks`](OnnxFile::blocks) balances such a model.
    ///
    /// # Errors
    /// As [`read`](OnnxFile::read).
    pub fn open(bytes: impl Into<Bytes>, folder: Option<&Path>) -> Result<Self, OnnxError> {
        let bytes = bytes.into();
        wire::check(&bytes)?;
        let model = message::Model::decode(bytes.clone())?;
        OnnxFile::follow(model, Files::new(bytes, folder), &Roles::default(), None)
    }

    /// The same model with what a caller says of its tensors.
    ///
    /// # Errors
    /// [`OnnxError::NoTensor`] for a name that no constant tensor has, [`OnnxError::TwoRoles`]; then as
    /// [`read`](OnnxFile::read).
    pub fn with_roles(self, roles: &Roles) -> Result<Self, OnnxError> {
        let has_weights = self.network.synapses() > 0;
        let followed = OnnxFile::follow(self.model, self.files, roles, None)?;
        match has_weights {
            true => followed.with_weights(),
            false => Ok(followed),
        }
    }

    fn follow(
        model: message::Model,
        mut files: Files,
        roles: &Roles,
        ranges: Option<&Ranges>,
    ) -> Result<Self, OnnxError> {
        let written = functions::entered(&model)?;
        let followed = Inference::run(&model, &written, &mut files, roles)?;
        let placed = |ranges| Ok::<_, OnnxError>((ranges, followed.placed(ranges)?));
        let ranges = ranges.map(placed).transpose()?;
        let Inference {
            channels,
            mut constants,
            mut uses,
            notes,
            kept,
            rounded_powers,
            shortened,
            ..
        } = followed;
        let counted: BTreeSet<usize> = uses
            .iter()
            .filter(|found| found.is_weight)
            .map(|found| found.view.constant)
            .collect();
        let kept = kept
            .into_iter()
            .filter(|(constant, _)| !counted.contains(constant));
        let kept = kept.map(|(constant, reason)| Kept {
            tensor: constants[constant].name.clone(),
            reason,
        });
        let kept = kept.collect();
        let forms = channels.solve()?;
        let broken = channels.broken(&forms).map(str::to_owned);
        let (mut units, groups) = Units::new(&channels, &forms, &uses);
        let mut powers = rounded_powers.into_iter();
        let scales = |slot: &Slot| forms.pinned_by(*slot).is_none();
        // Powers of two are asked of the multipliers of weights alone.
        let may_round = |slot: &Slot| scales(slot) && units.source(*slot) <= SINK;
        let mut shortened = shortened.iter().flat_map(|field| field.labels.iter());
        let rounded = Rounded {
            to_short: shortened.any(scales),
            powers: powers.find_map(|(field, operator, always)| {
                let mut slots = field.labels.iter();
                let rounds = match always {
                    true => slots.any(scales),
                    false => slots.any(may_round),
                };
                rounds.then_some(operator)
            }),
        };
        units.hold(held::held(&units, &files, &constants, &uses));
        let counted_ranges = match ranges {
            Some(placed) => {
                let parts = (&mut files, &mut constants, &mut uses);
                activations::count(placed, &mut units, parts)
            }
            None => activations::Counted::default(),
        };
        let network = units.network(vec![])?;
        Ok(OnnxFile {
            files,
            model,
            written,
            constants,
            uses,
            units,
            places: Vec::new(),
            network,
            groups,
            notes,
            kept,
            counted_ranges,
            rounded,
            broken,
        })
    }

    /// [`open`](OnnxFile::open) for a file and those beside it. Large ones are mapped into memory: whoever changes them
    /// meanwhile changes the model.
    ///
    /// # Errors
    /// [`OnnxError`]; [`OnnxError::File`] if the file cannot be read.
    pub fn open_file(path: &Path) -> Result<Self, OnnxError> {
        OnnxFile::open(file_bytes(&cached(path))?, path.parent())
    }

    /// The first operator that compares what scales, or divides by it: no scaling changes what it makes, but it has no
    /// limit where weights tend to 0, so that none may become 0.
    pub fn broken_at_zero(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// The first operator that takes powers of what scales which are more than products and square roots: engines round
    /// them, so that not even powers of two leave the outputs as they are to the last bit.
    pub fn rounds_powers(&self) -> Option<&str> {
        self.rounded.powers.as_deref()
    }

    /// The files beside the model that it keeps tensors in.
    pub fn data_files(&self) -> Vec<PathBuf> {
        self.files.paths_beside()
    }

    /// The number of weights, [`held`](OnnxFile::held) statistics among them.
    pub fn weights(&self) -> usize {
        let scaled = weights::scaled(&self.uses).into_iter();
        let is_range = |scaled: &weights::Scaled| self.constants[scaled.constant].is_beside();
        let weights = scaled.filter(|scaled| scaled.is_weight() && !is_range(scaled));
        let weights = weights.map(|scaled| self.constants[scaled.constant].len());
        let held = self.held().into_iter().map(|held| held.entries.len());
        weights.chain(held).sum()
    }

    /// The model with its weights as the synapses of its network.
    ///
    /// # Errors
    /// [`OnnxError::Weights`] for more than [`MAX_WEIGHTS`].
    pub fn with_weights(mut self) -> Result<Self, OnnxError> {
        let count = self.weights();
        if count > MAX_WEIGHTS {
            return Err(OnnxError::Weights(count));
        }
        let (synapses, places) = weights::synapses(
            &self.files,
            &self.constants,
            &self.uses,
            &self.units,
            &|_| true,
        );
        self.network = self.units.network(synapses)?;
        self.places = places;
        Ok(self)
    }

    /// One unit for each free multiplier, one synapse for each weight; unit 0 stands for what is read from outside,
    /// unit 1 for what leads outside.
    pub fn network(&self) -> &Network<Rational> {
        &self.network
    }

    /// Where the weight of a synapse stands: its tensor, and its entry there.
    ///
    /// # Panics
    /// If there is no such synapse.
    pub fn place(&self, synapse: SynapseIndex) -> (&str, usize) {
        let place = self.places[synapse];
        (
            &self.constants[place.constant as usize].name,
            place.entry as usize,
        )
    }

    /// The channels of every tensor that has channels of its own, in the order of the graph.
    pub fn groups(&self) -> &[ChannelGroup] {
        &self.groups
    }

    /// The tensors of floating-point numbers that were taken for constants, which no scaling changes, and why.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Does every channel carry a free multiplier itself, or none? Else some carry powers or products of them.
    pub fn is_plain(&self) -> bool {
        self.units.is_plain()
    }

    /// The operators that were not followed.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}
