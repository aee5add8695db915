//! Conformance vectors: cases with verified answers, for other implementations.
//!
//! Each case is a network with what must come out of it: exact where it is rational, enclosed to 30 significant digits
//! where it is not, or a refusal and its reason. [`generate`] computes every answer and fails with the name of the case
//! if it is not verified: balanced states, limits and scalings by the [kernel](crate::kernel), optima within bounds by
//! the signs of `A - B` at the bounds, gradients by two exact computations. Where an answer is known in closed form or
//! by construction, it is held against that too. The same bytes come out on every machine. `tests/vectors/` holds them,
//! with a guide for implementers and a schema.

mod bounded;
mod case;
mod flags;
mod groups;
mod judge;
mod known;
mod learning;
mod number;
mod refused;
mod text;
mod truth;

pub use number::DIGITS;

use serde_json::{Value, json};
use thiserror::Error;

use case::Cases;
use groups::Group;

/// The name of the format in the `format` field of every file.
pub const FORMAT: &str = "synaptic-balance/vectors";

/// A file of vectors: one group of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorFile {
    /// The group, which is also the file's name before `.json`.
    pub group: &'static str,
    /// How many cases it holds.
    pub cases: usize,
    /// The content.
    pub text: String,
}

impl VectorFile {
    /// The file's name.
    pub fn name(&self) -> String {
        file_name(self.group)
    }
}

/// A case whose answer could not be verified; a defect of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the vector {case} was not verified: {reason}")]
pub struct VectorError {
    /// Its id.
    pub case: String,
    /// Why.
    pub reason: String,
}

/// The names of all files of vectors.
pub fn file_names() -> impl Iterator<Item = String> {
    groups::GROUPS.iter().map(|group| file_name(group.name))
}

fn file_name(group: &str) -> String {
    format!("{group}.json")
}

/// Makes all vectors. `progress` is told each group before it is made.
///
/// # Errors
/// The first case whose answer is not verified.
pub fn generate(progress: &mut dyn FnMut(&str)) -> Result<Vec<VectorFile>, VectorError> {
    let mut files = Vec::with_capacity(groups::GROUPS.len());
    for group in groups::GROUPS {
        progress(group.name);
        files.push(made(group)?);
    }
    Ok(files)
}

/// Makes the vectors of one group; `None` if there is none of that name.
///
/// # Errors
/// The first case whose answer is not verified.
///
/// ```
/// let file = synaptic_balance::vectors::generate_group("invalid").unwrap()?;
/// assert_eq!(file.name(), "invalid.json");
/// # Ok::<(), synaptic_balance::vectors::VectorError>(())
/// ```
pub fn generate_group(name: &str) -> Option<Result<VectorFile, VectorError>> {
    let mut groups = groups::GROUPS.iter();
    groups.find(|group| group.name == name).map(made)
}

fn made(group: &Group) -> Result<VectorFile, VectorError> {
    let mut cases = Cases::new(group.name);
    (group.fill)(&mut cases)?;
    let (cases, used) = cases.finish();
    let document = json!({
        "format": FORMAT, "version": 1, "group": group.name, "comment": group.comment,
        "digits": DIGITS, "flags": flags::explained(|flag| used.contains(flag)), "cases": cases,
    });
    Ok(VectorFile {
        group: group.name,
        cases: cases.len(),
        text: text::layout(&document),
    })
}

/// The JSON Schema of every file.
pub static SCHEMA: &str = include_str!("../../tests/vectors/schema.json");

/// Is the text a file of vectors or their schema, of any version?
pub fn is_vectors(text: &str) -> bool {
    let document = serde_json::from_str::<Value>(text);
    document.is_ok_and(|document| {
        let places = ["/format", "/properties/format/const"];
        let mut formats = places.iter().filter_map(|place| document.pointer(place));
        formats.any(|format| format == FORMAT)
    })
}
