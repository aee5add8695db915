//! Files that a caller holds in memory: while some work is done, readers find them under their names, and what is
//! written to a name that is kept stays in memory too.
//!
//! The names are those of paths that lead nowhere else, such as `<model>`. They count in the thread that does the work,
//! and only there.

use bytes::Bytes;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::storage::Storage;
use crate::solve::NumberType;

/// A file in memory.
#[derive(Debug, Clone)]
pub enum Held {
    /// As it would lie on a disk.
    Bytes(Bytes),
    /// The tensors of a safetensors file, each where its owner keeps it.
    Tensors(Vec<HeldTensor>),
}

/// A tensor, its numbers in the order of rows, lower bytes first.
#[derive(Debug, Clone)]
pub struct HeldTensor {
    /// Its name, `<layer>.weight` or `<layer>.bias`.
    pub name: String,
    /// Its lengths by axis.
    pub shape: Vec<usize>,
    pub(super) storage: Storage,
    /// Its numbers.
    pub bytes: Bytes,
}

impl HeldTensor {
    /// A tensor of `f16`, `bf16`, `f32` or `f64`.
    ///
    /// # Errors
    /// Another type of numbers, or as many bytes as the shape does not take.
    pub fn new(
        name: String,
        shape: Vec<usize>,
        number_type: NumberType,
        bytes: Bytes,
    ) -> Result<Self> {
        let wrong = |reason: String| {
            let text = format!("tensor `{name}`: {reason}");
            Err(Error::new(ErrorKind::InvalidInput, text))
        };
        let storage = match number_type {
            NumberType::F16 => Storage::Half,
            NumberType::Bf16 => Storage::Brain,
            NumberType::F32 => Storage::Single,
            NumberType::F64 => Storage::Double,
            _ => return wrong("only f16, bf16, f32 and f64 are read".into()),
        };
        let mut numbers = shape.iter();
        let numbers = numbers.try_fold(1usize, |all, size| all.checked_mul(*size));
        let taken = numbers.and_then(|numbers| numbers.checked_mul(storage.size()));
        if taken != Some(bytes.len()) {
            let type_name = storage.name();
            let length = bytes.len();
            return wrong(format!(
                "the shape {shape:?} of {type_name} does not take {length} bytes"
            ));
        }
        Ok(HeldTensor {
            name,
            shape,
            storage,
            bytes,
        })
    }
}

impl Held {
    /// How many bytes it has, for tensors without the header of a file.
    pub(crate) fn len(&self) -> usize {
        match self {
            Held::Bytes(bytes) => bytes.len(),
            Held::Tensors(tensors) => tensors.iter().map(|tensor| tensor.bytes.len()).sum(),
        }
    }

    /// The first bytes, as many as tell one format from another.
    pub(crate) fn start(&self) -> Vec<u8> {
        match self {
            Held::Bytes(bytes) => bytes[..bytes.len().min(16)].to_vec(),
            Held::Tensors(tensors) => header(tensors)[..16].to_vec(),
        }
    }

    /// The bytes of the file; those of tensors are copied.
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Held::Bytes(bytes) => bytes.clone(),
            Held::Tensors(tensors) => {
                let parts = tensors.iter().map(|tensor| &tensor.bytes[..]);
                let start = header(tensors);
                std::iter::once(&start[..])
                    .chain(parts)
                    .collect::<Vec<_>>()
                    .concat()
                    .into()
            }
        }
    }
}

/// The length and the header of the safetensors file of some tensors, one behind the other.
fn header(tensors: &[HeldTensor]) -> Vec<u8> {
    let mut entries = serde_json::Map::new();
    let mut start = 0;
    for tensor in tensors {
        let end = start + tensor.bytes.len();
        let dtype = tensor.storage.name().to_uppercase();
        let entry = serde_json::json!({"dtype": dtype, "shape": tensor.shape, "data_offsets": [start, end]});
        entries.insert(tensor.name.clone(), entry);
        start = end;
    }
    let mut text = serde_json::Value::Object(entries).to_string();
    // Numbers of a file begin at a multiple of eight.
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let length = text.len() as u64;
    [&length.to_le_bytes()[..], text.as_bytes()].concat()
}

/// What readers and writers find in memory.
#[derive(Debug, Default)]
struct Desk {
    files: BTreeMap<PathBuf, Held>,
    kept: BTreeSet<PathBuf>,
    written: BTreeMap<PathBuf, Vec<u8>>,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::default());
}

/// Does some work with files in memory; gives what it wrote to the names that are `kept`, or below them.
pub fn with_files<R>(
    files: BTreeMap<PathBuf, Held>,
    kept: BTreeSet<PathBuf>,
    work: impl FnOnce() -> R,
) -> (R, BTreeMap<PathBuf, Vec<u8>>) {
    /// The desk as it was before, also where work ends in a panic.
    struct Before(Desk);
    impl Drop for Before {
        fn drop(&mut self) {
            DESK.with_borrow_mut(|desk| std::mem::swap(desk, &mut self.0));
        }
    }
    let desk = Desk {
        files,
        kept,
        written: BTreeMap::new(),
    };
    let before = Before(DESK.replace(desk));
    let result = work();
    let written = DESK.with_borrow_mut(|desk| std::mem::take(&mut desk.written));
    drop(before);
    (result, written)
}

/// The file of a name, if it is in memory.
pub(crate) fn held(path: &Path) -> Option<Held> {
    DESK.with_borrow(|desk| desk.files.get(path).cloned())
}

/// Is what is written there kept in memory?
pub(crate) fn is_kept(path: &Path) -> bool {
    DESK.with_borrow(|desk| path.ancestors().any(|part| desk.kept.contains(part)))
}

/// Keeps what was written.
pub(crate) fn keep(path: PathBuf, bytes: Vec<u8>) {
    DESK.with_borrow_mut(|desk| desk.written.insert(path, bytes));
}
