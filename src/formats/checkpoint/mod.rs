//! Checkpoints of transformers: a folder with `config.json` and safetensors files, or with an adapter.

mod blame;
mod carry;
mod compare;
mod groups;
mod judge;
mod part;
mod shards;

pub use blame::Fault;
pub use carry::{Carrier, Multipliers, Role, mapped};
pub use compare::{Compared, Version, compare};
pub use groups::{Block, Checkpoint, Group, Member, NONE, Pinned, Tensor};
pub use judge::{BlockFound, Judge};
pub use part::{Held, Part, PartTensor, TooLarge};
pub use shards::{Shards, write_at};

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a folder is not a checkpoint of a known family. Every text names the file, the field or the tensor.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// A file cannot be read.
    #[error("{path}: {fault}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        fault: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The family does not allow it: a model type, a field or a tensor that it does not know, a wrong shape, a missing tensor.
    #[error("{0}")]
    Family(String),
}

impl Checkpoint {
    /// Is it a folder with a configuration, or an index of safetensors files in such a folder?
    pub fn is_at(path: &Path) -> bool {
        let folder = match path.is_dir() {
            true => Some(path),
            false if path.extension().is_some_and(|end| end == "json") => path.parent(),
            false => None,
        };
        folder.is_some_and(|folder| {
            folder.join("config.json").is_file() || folder.join("adapter_config.json").is_file()
        })
    }

    /// Reads the configuration, the index and the headers of the files, and derives the groups; no weight is read. `family` is a description that takes the place of the known ones.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path, family: Option<&str>) -> Result<Checkpoint, CheckpointError> {
        let _ = family;
        Err(CheckpointError::Family(format!(
            "{}: no family is known",
            path.display()
        )))
    }
}
