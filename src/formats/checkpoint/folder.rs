//! The files of a checkpoint: its configuration, its index, and the headers of its tensors. No weight is read.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::super::cache::{cached, is_within};
use super::super::container::listed;
use super::super::file_bytes::{self, open_input, read_input};
use super::super::strict::StrictValue;
use super::{Block, Checkpoint, CheckpointError, Pinned, Reading, Tensor};

/// The longest configuration or index that is read.
const MAX_JSON: u64 = 1 << 26;

/// The tensors of a checkpoint by name, and their files.
pub(super) struct Store {
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
    pub index: Option<PathBuf>,
    pub tensors: Vec<Tensor>,
    by_name: BTreeMap<String, usize>,
    maps: Vec<Bytes>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The folder of a checkpoint, and the index if one was named; `None` if it is no checkpoint.
pub(super) fn place(path: &Path) -> Option<(PathBuf, Option<PathBuf>)> {
    let has_config = |folder: &Path| {
        folder.join("config.json").is_file() || folder.join("adapter_config.json").is_file()
    };
    if path.is_dir() {
        return Some((path.to_path_buf(), None));
    }
    let folder = path.parent()?;
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let text = has_config(folder).then(|| read_input(path, MAX_JSON).ok())??;
    let fields: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(&text).ok()?;
    fields
        .contains_key("weight_map")
        .then(|| (folder.to_path_buf(), Some(path.to_path_buf())))
}

/// The JSON of a file beside the tensors, no key twice.
pub(super) fn read_value(path: &Path) -> Result<Value, CheckpointError> {
    let text = read_input(&cached(path), MAX_JSON).map_err(|fault| CheckpointError::File {
        path: path.to_path_buf(),
        fault,
    })?;
    match serde_json::from_slice::<StrictValue>(&text) {
        Ok(StrictValue(value)) => Ok(value),
        Err(fault) => Err(content(path, fault.to_string())),
    }
}

pub(super) fn content(path: &Path, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Content {
        path: path.to_path_buf(),
        reason: reason.into(),
    }
}

impl Store {
    /// The tensors in a folder: those of the index, or of the one file `NAME.safetensors`.
    ///
    /// # Errors
    /// No such file, or both; those of [`CheckpointError`].
    pub fn open(
        folder: &Path,
        index: Option<PathBuf>,
        name: &str,
    ) -> Result<Store, CheckpointError> {
        let single = folder.join(format!("{name}.safetensors"));
        let usual = folder.join(format!("{name}.safetensors.index.json"));
        let (is_one, is_indexed) = (single.exists(), usual.exists());
        let (names, index, map) = match index.or(is_indexed.then_some(usual)) {
            Some(index) if is_one && single.metadata().is_ok() && !names_it(&index, &single) => {
                let reason = format!("stands beside `{name}.safetensors`: which is the model?");
                return Err(content(&index, reason));
            }
            Some(index) => {
                let (names, map) = read_index(&index)?;
                (names, Some(index), Some(map))
            }
            None if is_one => (vec![format!("{name}.safetensors")], None, None),
            None => {
                let reason = format!(
                    "holds neither `{name}.safetensors` nor `{name}.safetensors.index.json`"
                );
                return Err(content(folder, reason));
            }
        };
        let mut store = Store {
            folder: folder.to_path_buf(),
            files: Vec::new(),
            index,
            tensors: Vec::new(),
            by_name: BTreeMap::new(),
            maps: Vec::new(),
        };
        for name in &names {
            store.add(&folder.join(name))?;
        }
        store
            .tensors
            .sort_by(|one, other| one.name.cmp(&other.name));
        for (number, tensor) in store.tensors.iter().enumerate() {
            store.by_name.insert(tensor.name.clone(), number);
        }
        if let (Some(map), Some(index)) = (map, &store.index) {
            store.check_index(index, &names, &map)?;
        }
        Ok(store)
    }

    fn add(&mut self, path: &Path) -> Result<(), CheckpointError> {
        let at = |fault| CheckpointError::File {
            path: path.to_path_buf(),
            fault,
        };
        let real = cached(path);
        let file = open_input(&real).map_err(at)?;
        if !is_within(&self.folder, &real).map_err(at)? {
            return Err(content(path, "lies outside the folder"));
        }
        let number = self.files.len();
        let map = match file.metadata().map_err(at)?.len() {
            0 => return Err(content(path, "is empty")),
            _ => file_bytes::map(&file).map_err(at)?,
        };
        let listed = listed(&map).map_err(|fault| content(path, fault.to_string()))?;
        for entry in listed {
            if let Some(other) = self.by_name.insert(entry.name.clone(), number) {
                let other = self.files[other].display();
                let reason = format!("the tensor `{}` stands in `{other}` too", entry.name);
                return Err(content(path, reason));
            }
            self.tensors.push(Tensor {
                storage: entry.storage(),
                name: entry.name,
                file: number,
                bytes: entry.bytes,
                shape: entry.shape,
                offset: 0,
                is_gain: false,
            });
        }
        self.files.push(path.to_path_buf());
        self.maps.push(map);
        Ok(())
    }

    fn check_index(
        &self,
        index: &Path,
        names: &[String],
        map: &BTreeMap<String, String>,
    ) -> Result<(), CheckpointError> {
        for (name, file) in map {
            let found = self
                .find(name)
                .map(|tensor| &names[self.tensors[tensor].file]);
            if found != Some(file) {
                let reason = format!("`{file}` does not hold the tensor `{name}`");
                return Err(content(index, reason));
            }
        }
        match self.tensors.iter().find(|own| !map.contains_key(&own.name)) {
            Some(own) => {
                let reason = format!("the tensor `{}` is missing in it", own.name);
                Err(content(index, reason))
            }
            None => Ok(()),
        }
    }

    /// The tensor of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Says which tensors are gains, and which of these are stored without the 1 that belongs to them.
    pub fn mark(&mut self, gains: &[usize], offsets: &[usize]) {
        for gain in gains {
            self.tensors[*gain].is_gain = true;
        }
        for offset in offsets {
            self.tensors[*offset].offset = 1;
        }
    }

    /// The checkpoint with its groups.
    pub fn checkpoint(self, family: &str, blocks: Vec<Block>, pinned: Vec<Pinned>) -> Checkpoint {
        Checkpoint {
            family: family.to_owned(),
            reading: Reading::default(),
            folder: self.folder,
            files: self.files,
            index: self.index,
            tensors: self.tensors,
            blocks,
            pinned,
            spare: Vec::new(),
        }
    }

    /// The bytes of a tensor.
    pub fn bytes(&self, tensor: usize) -> &[u8] {
        let tensor = &self.tensors[tensor];
        &self.maps[tensor.file][tensor.bytes.clone()]
    }
}

/// Does the index name this file? Then the two do not compete.
fn names_it(index: &Path, file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    read_index(index).is_ok_and(|(names, _)| names.iter().any(|own| Some(own.as_str()) == name))
}

/// The files that an index names, in the order of their names, and its map.
fn read_index(path: &Path) -> Result<(Vec<String>, BTreeMap<String, String>), CheckpointError> {
    let value = read_value(path)?;
    let index: Index =
        serde_json::from_value(value).map_err(|fault| content(path, fault.to_string()))?;
    let mut names: Vec<String> = index.weight_map.values().cloned().collect();
    names.sort_unstable();
    names.dedup();
    let is_beside = |name: &&String| {
        let mut parts = Path::new(name.as_str()).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name.as_str())
    };
    if let Some(name) = names.iter().find(|name| !is_beside(name)) {
        return Err(content(path, format!("`{name}` is not a file beside it")));
    }
    match names.is_empty() {
        true => Err(content(path, "names no file")),
        false => Ok((names, index.weight_map)),
    }
}
