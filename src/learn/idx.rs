//! The IDX format of MNIST and Fashion-MNIST, plain or compressed with gzip.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use super::{DataSet, Images};

/// No file of a data set is larger than this once it is unpacked.
const LARGEST: u64 = 1 << 30;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdxFault {
    /// There is none.
    #[error("there is no such file, nor one that ends in .gz")]
    Missing,
    /// It cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(ErrorKind),
    /// The compressed data are broken.
    #[error("the gzip data are damaged or cut off")]
    Gzip,
    /// Unpacked, it is implausibly large.
    #[error("holds more than {LARGEST} bytes")]
    TooLarge,
    /// Not the first four bytes of such a file.
    #[error("the magic number is {found:#010x}, not {expected:#010x} ({what})")]
    Magic {
        /// What stands there.
        found: u32,
        /// What should.
        expected: u32,
        /// What kind of file that is.
        what: &'static str,
    },
    /// A dimension that makes no sense.
    #[error("dimension {index} is {size}")]
    Dimension {
        /// Which, from 0.
        index: usize,
        /// What is given.
        size: u32,
    },
    /// Fewer bytes than the header says.
    #[error("cut off: the header asks for {expected} bytes, there are {found}")]
    Truncated {
        /// Bytes needed, header included.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// More bytes than the header says.
    #[error("{extra} bytes too many after the {expected} that the header asks for")]
    Trailing {
        /// Bytes needed, header included.
        expected: u64,
        /// Bytes beyond.
        extra: u64,
    },
    /// Not one label for each image.
    #[error("holds {labels} labels for {images} images")]
    Count {
        /// Labels here.
        labels: usize,
        /// Images in the file that it belongs to.
        images: usize,
    },
    /// Test images of another size.
    #[error("its images are {found:?} pixels, those to learn from {expected:?}")]
    Size {
        /// Rows and columns here.
        found: (usize, usize),
        /// Rows and columns there.
        expected: (usize, usize),
    },
}

/// A file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {fault}", path.display())]
pub struct IdxError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: IdxFault,
}

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each
/// as it is or with `.gz` appended, from a folder.
///
/// # Errors
/// The first file, in that order, that is not what it should be, and its fault.
pub fn read_folder(folder: &Path) -> Result<DataSet, IdxError> {
    let (_, training) = read_part(folder, "train")?;
    let (path, test) = read_part(folder, "t10k")?;
    let size = |images: &Images| (images.rows, images.columns);
    if size(&training) != size(&test) {
        return Err(IdxError {
            path,
            fault: IdxFault::Size {
                found: size(&test),
                expected: size(&training),
            },
        });
    }
    let name = folder.canonicalize().unwrap_or_else(|_| folder.into());
    let name = name
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(DataSet::new(
        name.as_deref().unwrap_or("data"),
        &training,
        &test,
    ))
}

/// The images of a part with their labels, and the file that they are in.
fn read_part(folder: &Path, part: &str) -> Result<(PathBuf, Images), IdxError> {
    let (path, bytes) = read(folder, &format!("{part}-images-idx3-ubyte"))?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |fault| IdxError { path, fault }
    };
    let (sizes, pixels) = parse::<3>(&bytes, 0x803, "images").map_err(at(&path))?;
    let [count, rows, columns] = sizes;
    let (labels_path, bytes) = read(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let ([labels_count], labels) = parse::<1>(&bytes, 0x801, "labels").map_err(at(&labels_path))?;
    if labels_count != count {
        let fault = IdxFault::Count {
            labels: labels_count,
            images: count,
        };
        return Err(at(&labels_path)(fault));
    }
    let images = Images {
        rows,
        columns,
        white: 255,
        images: pixels.chunks(rows * columns).map(<[u8]>::to_vec).collect(),
        labels: labels.to_vec(),
    };
    Ok((path, images))
}

/// The bytes of a file, unpacked if its content is gzip.
fn read(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>), IdxError> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.gz"));
    let path = match (plain.exists(), packed.exists()) {
        (false, true) => packed,
        _ => plain,
    };
    let fail = |fault| IdxError {
        path: path.clone(),
        fault,
    };
    let unreadable = |fault: std::io::Error| match fault.kind() {
        ErrorKind::NotFound => IdxFault::Missing,
        kind => IdxFault::Unreadable(kind),
    };
    let file = File::open(&path).map_err(|fault| fail(unreadable(fault)))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|fault| fail(unreadable(fault)))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .take(LARGEST + 1)
            .read_to_end(&mut unpacked)
            .map_err(|_| fail(IdxFault::Gzip))?;
        bytes = unpacked;
    }
    match bytes.len() as u64 > LARGEST {
        true => Err(fail(IdxFault::TooLarge)),
        false => Ok((path, bytes)),
    }
}

/// Dimensions and content of an IDX file of unsigned bytes.
fn parse<'a, const N: usize>(
    bytes: &'a [u8],
    expected: u32,
    what: &'static str,
) -> Result<([usize; N], &'a [u8]), IdxFault> {
    let header = 4 + 4 * N;
    let word = |place: usize| {
        let word = bytes.get(4 * place..4 * place + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(word))
    };
    let short = || IdxFault::Truncated {
        expected: header as u64,
        found: bytes.len() as u64,
    };
    let found = word(0).ok_or_else(short)?;
    if found != expected {
        return Err(IdxFault::Magic {
            found,
            expected,
            what,
        });
    }
    let mut sizes = [0usize; N];
    let mut total = 1u64;
    for (index, slot) in sizes.iter_mut().enumerate() {
        let size = word(index + 1).ok_or_else(short)?;
        total = total.saturating_mul(size.into());
        if size == 0 || total > LARGEST {
            return Err(IdxFault::Dimension { index, size });
        }
        *slot = size as usize;
    }
    let (expected, found) = (total + header as u64, bytes.len() as u64);
    match expected.cmp(&found) {
        std::cmp::Ordering::Greater => Err(IdxFault::Truncated { expected, found }),
        std::cmp::Ordering::Less => Err(IdxFault::Trailing {
            expected,
            extra: found - expected,
        }),
        std::cmp::Ordering::Equal => Ok((sizes, &bytes[header..])),
    }
}
