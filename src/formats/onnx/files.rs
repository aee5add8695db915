//! The bytes of a model: its file, and the files beside it that hold tensors.

use bytes::Bytes;
use std::path::{Component, Path, PathBuf};

use super::message::Entry;
use crate::formats::cache::{cached, is_within};
use crate::formats::file_bytes::file_bytes;

/// The files of one model; number 0 is the model itself.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: Option<PathBuf>,
    files: Vec<(String, Bytes)>,
    /// Entries that stand in the model one by one, brought together.
    gathered: Vec<Bytes>,
}

/// The number of the first of what was gathered.
const GATHERED: usize = 1 << 30;

impl Files {
    pub fn new(model: Bytes, folder: Option<&Path>) -> Self {
        Files {
            folder: folder.map(Path::to_path_buf),
            files: vec![(String::new(), model)],
            gathered: Vec::new(),
        }
    }

    pub fn bytes(&self, file: usize) -> &Bytes {
        match file.checked_sub(GATHERED) {
            Some(gathered) => &self.gathered[gathered],
            None => &self.files[file].1,
        }
    }

    /// Is it no file, but entries that stand in the model one by one?
    pub fn is_gathered(file: usize) -> bool {
        file >= GATHERED
    }

    /// Is there any of that?
    pub fn has_gathered(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The files of tensors, as the model names them.
    pub fn beside(&self) -> impl Iterator<Item = (usize, &str)> {
        let named = self.files.iter().enumerate().skip(1);
        named.map(|(file, (location, _))| (file, location.as_str()))
    }

    /// Where files beside the model are looked for.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Where those files are.
    pub fn paths_beside(&self) -> Vec<PathBuf> {
        let folder = self.folder.clone().unwrap_or_default();
        self.beside()
            .map(|(_, location)| folder.join(location))
            .collect()
    }

    /// Where a part of the model lies in it; entries that were brought together are a file of their own.
    pub fn place(&mut self, part: &Bytes) -> (usize, std::ops::Range<usize>) {
        if part.is_empty() {
            return (0, 0..0);
        }
        let model = &self.files[0].1;
        let start = (part.as_ptr() as usize).wrapping_sub(model.as_ptr() as usize);
        if start
            .checked_add(part.len())
            .is_some_and(|end| end <= model.len())
        {
            return (0, start..start + part.len());
        }
        (self.hold(part.clone()), 0..part.len())
    }

    /// Bytes that stand in no file as they are.
    pub fn hold(&mut self, bytes: Bytes) -> usize {
        self.gathered.push(bytes);
        GATHERED + self.gathered.len() - 1
    }

    /// The bytes that a tensor keeps in another file.
    pub fn external(
        &mut self,
        entries: &[Entry],
    ) -> Result<(usize, std::ops::Range<usize>), String> {
        let value = |key: &str| {
            let found = entries
                .iter()
                .find(|entry| entry.key.as_deref() == Some(key));
            found.and_then(|entry| entry.value.as_deref())
        };
        let repeated = entries.iter().enumerate().find_map(|(position, entry)| {
            let known = entries.iter().take(position);
            let key = entry.key.as_deref()?;
            known
                .filter_map(|entry| entry.key.as_deref())
                .find(|known| *known == key)
        });
        if let Some(key) = repeated {
            return Err(format!("its external data have two entries `{key}`"));
        }
        let location = value("location").ok_or("its external data have no location")?;
        let number = |key: &str| {
            let parsed = value(key).map(str::parse::<usize>).transpose();
            parsed.map_err(|_| format!("the {key} of its external data is not a number"))
        };
        let offset = number("offset")?.unwrap_or(0);
        let file = self.open(location)?;
        let available = self.files[file].1.len();
        let length = number("length")?.unwrap_or(available.saturating_sub(offset));
        let end = offset.checked_add(length).filter(|end| *end <= available);
        let end = end.ok_or_else(|| {
            format!("its external data, {length} bytes at {offset}, reach beyond the {available} of `{location}`")
        })?;
        Ok((file, offset..end))
    }

    fn open(&mut self, location: &str) -> Result<usize, String> {
        if let Some((file, _)) = self.beside().find(|(_, known)| *known == location) {
            return Ok(file);
        }
        let relative = Path::new(location);
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.is_empty() || !relative.components().all(plain) {
            return Err(format!(
                "its external data are in `{location}`, which is not a path within the model's folder"
            ));
        }
        let folder = self
            .folder
            .as_ref()
            .ok_or("its external data cannot be found without the model's folder")?;
        let path = cached(&folder.join(relative));
        match is_within(folder, &path) {
            Ok(true) => {}
            Ok(false) => return Err(format!("`{location}` is no file within the model's folder")),
            Err(fault) => return Err(format!("`{location}`: {}", fault.kind())),
        }
        let bytes = file_bytes(&path).map_err(|fault| format!("`{location}`: {}", fault.kind()))?;
        self.files.push((location.to_owned(), bytes));
        Ok(self.files.len() - 1)
    }
}
