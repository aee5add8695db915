#![doc = include_str!("../../../docs/families.md")]

mod adapter;
mod blame;
mod build;
mod carry;
mod compare;
mod config;
mod derive;
mod expression;
mod families;
mod figures;
mod folder;
mod groups;
mod judge;
mod language;
mod lines;
mod norms;
mod operations;
mod pages;
mod part;
mod ranges;
mod shards;
mod sides;
mod values;

pub use adapter::says_input_first;
pub use blame::Fault;
pub use carry::{Carrier, Multipliers, Role, mapped};
pub use compare::{Compared, Version, compare};
pub use config::Reading;
pub use figures::BlockFigures;
pub use groups::{Block, Checkpoint, Group, Member, NONE, Pinned, Tensor};
pub use judge::{BlockBalance, BlockFound, Judge};
pub use pages::{PAGE, Pages, Pool};
pub use part::{Held, Part, PartTensor, TooLarge};
pub use ranges::{TensorRange, ranges};
pub use shards::{Shards, write_at};
pub use sides::Sides;

use std::path::{Path, PathBuf};
use thiserror::Error;

use build::Builder;
use config::Config;
use folder::Store;

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
    /// The family does not allow it: a model type, a field or a tensor that it does not know, a wrong shape, a missing
    /// tensor.
    #[error("{path}: {reason}")]
    Family {
        /// The checkpoint.
        path: PathBuf,
        /// What is not known of it.
        reason: String,
    },
}

impl Checkpoint {
    /// Is it a folder with a configuration, or an index of safetensors files in such a folder?
    pub fn is_at(path: &Path) -> bool {
        match folder::place(path) {
            Some((folder, _)) => {
                let is_there = |name: &str| folder.join(name).is_file();
                is_there("config.json") || is_there("adapter_config.json")
            }
            None => false,
        }
    }

    /// Reads the configuration, the index and the headers of the files, and derives the groups; no weight is read, but
    /// for a copy of a tied tensor. `family` is a description that takes the place of the known ones.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path, family: Option<&str>) -> Result<Checkpoint, CheckpointError> {
        let (folder, index) =
            folder::place(path).ok_or_else(|| folder::content(path, "is no checkpoint"))?;
        let place = folder.join("config.json");
        let is_adapter = !place.is_file();
        if is_adapter {
            return adapter::open(&folder, index, family);
        }
        let adapter = folder.join("adapter_config.json");
        if adapter.is_file() {
            let reason = "stands beside `config.json`: which is the model?";
            return Err(folder::content(&adapter, reason));
        }
        let at = |reason: String| CheckpointError::Family {
            path: path.to_path_buf(),
            reason,
        };
        let config = Config::new(&folder::read_value(&place)?);
        let config = config.map_err(|reason| folder::content(&place, reason))?;
        let model_type = config.text("model_type").ok_or_else(|| {
            folder::content(&place, "has no field `model_type`, which names the family")
        })?;
        let description = match family {
            Some(text) => language::read(text).map_err(&at)?,
            None => families::family(model_type).map_err(&at)?,
        };
        if !description.types.iter().any(|own| own == model_type) {
            return Err(at(format!(
                "the model type `{model_type}` is none of those that the description is for: {}",
                description.types.join(", ")
            )));
        }
        let mut store = Store::open(&folder, index, "model")?;
        let has = |name: &str| store.find(name).is_some();
        let named = |reason: String| at(format!("{model_type}: {reason}"));
        let settings = config
            .settings(&description.settings, &has)
            .map_err(&named)?;
        let reading = settings.reading.clone();
        let system = Builder::new(settings, &store);
        let system = system.build(&description.body).map_err(&named)?;
        let spare = system.spare.iter().copied().collect();
        let derived = derive::derive(&system, &store).map_err(&named)?;
        store.mark(&derived.gains, &derived.offsets);
        let found = store.checkpoint(model_type, derived.blocks, derived.pinned);
        Ok(Checkpoint {
            reading,
            spare,
            ..found
        })
    }
}
