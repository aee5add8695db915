//! Files: network JSON, ONNX, safetensors, certificates, DOT. Only translation, no mathematics.

mod activation_json;
mod align;
mod architecture;
mod cache;
mod certificate;
pub mod checkpoint;
mod container;
mod dot;
mod dot_layers;
pub mod energy;
mod file_bytes;
mod foreign;
mod layers;
mod lost;
mod mapped;
mod mapped_problem;
mod mapped_share;
pub(crate) mod measure;
pub mod memory;
mod model;
mod network_json;
pub mod onnx;
mod powers;
mod ranges;
mod safetensors_mlp;
mod storage;
mod strict;

pub use align::{Aligned, align};
pub use architecture::{Activations, Architecture};
pub use cache::cached;
pub use certificate::{Certificate, CertificateError, read_certificate, verify_certificate};
pub use dot::to_dot;
pub use dot_layers::LayerGraph;
pub use file_bytes::{MAX_MODEL, MAX_TEXT, open_input, read_input};
pub use lost::{Loss, Losses};
pub use mapped::{MAPPED_WEIGHTS, MappedError, MappedPerceptron};
pub use mapped_share::MappedTensor;
pub use measure::{LayerFigures, Measured, MeasuredLayer, measure_network};
pub use model::{BalancedWeights, Model, ModelError, holds_weights_only, is_onnx, read_model};
pub use network_json::{FormatError, NetworkFile, Weight, read_network, write_network};
pub use onnx::{Difference, OnnxError, OnnxFile, Relu6, Roles, Written};
pub use ranges::{RangeArray, RangeOrigin, Ranges, RangesError};
pub use safetensors_mlp::{PerceptronFile, SafetensorsError, read_perceptron};

pub use strict::UniqueMap;

use serde::Deserialize;

/// Reads a JSON document into a type; the error names the path of the fault in the document, with line and column.
fn read_json<'t, T: Deserialize<'t>>(text: &'t [u8]) -> Result<T, (String, String)> {
    // Keeping account of paths takes longer than reading.
    if let Ok(value) = serde_json::from_slice(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => "the document".to_string(),
            path => path,
        };
        (place, error.into_inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| ("after the document".to_string(), error.to_string()))?;
    Ok(value)
}
