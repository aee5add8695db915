//! The IDX format of MNIST and Fashion-MNIST, plain or compressed with gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use super::{DataSet, Images};

/// No file of a data set is larger than this once it is unpacked. Each byte becomes a number of eight.
const LARGEST: u64 = 1 << 28;

/// No file holds more images than this, however small they are: each takes memory of its own.
const MOST: u32 = 1 << 20;

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
    /// More images than any data set has.
    #[error("holds {0} images, more than the {MOST} that are read")]
    TooMany(u32),
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

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`,
/// each as it is or with `.gz` appended, from a folder.
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
    let mut source = Source::open(folder, &format!("{part}-images-idx3-ubyte"))?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |fault| IdxError { path, fault }
    };
    let found = parse::<3>(&mut source, 0x803, "images");
    let path = source.path;
    let ([count, rows, columns], pixels) = found.map_err(at(&path))?;
    let mut source = Source::open(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let found = parse::<1>(&mut source, 0x801, "labels");
    let labels_path = source.path;
    let ([labels_count], labels) = found.map_err(at(&labels_path))?;
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
        labels,
    };
    Ok((path, images))
}

/// A file to be read, unpacked if its content is gzip.
struct Source {
    path: PathBuf,
    bytes: Box<dyn Read>,
    is_packed: bool,
}

impl Source {
    /// Opens a file, or the one that ends in `.gz`.
    fn open(folder: &Path, name: &str) -> Result<Self, IdxError> {
        let plain = folder.join(name);
        let packed = folder.join(format!("{name}.gz"));
        let path = match (plain.exists(), packed.exists()) {
            (false, true) => packed,
            _ => plain,
        };
        let fail = |fault: std::io::Error| IdxError {
            path: path.clone(),
            fault: match fault.kind() {
                ErrorKind::NotFound => IdxFault::Missing,
                kind => IdxFault::Unreadable(kind),
            },
        };
        // A pipe or a device could keep its reader waiting, or never end.
        if !path.metadata().map_err(fail)?.is_file() {
            return Err(fail(ErrorKind::InvalidInput.into()));
        }
        let mut file = BufReader::new(File::open(&path).map_err(fail)?);
        let is_packed = file.fill_buf().map_err(fail)?.starts_with(&[0x1f, 0x8b]);
        Ok(Source {
            path,
            bytes: match is_packed {
                true => Box::new(MultiGzDecoder::new(file)),
                false => Box::new(file),
            },
            is_packed,
        })
    }

    /// At most so many of the bytes that follow.
    fn take(&mut self, count: u64) -> Result<Vec<u8>, IdxFault> {
        let mut bytes = Vec::new();
        let read = (&mut self.bytes).take(count).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(_) if self.is_packed => Err(IdxFault::Gzip),
            Err(fault) => Err(IdxFault::Unreadable(fault.kind())),
        }
    }
}

/// Dimensions and content of an IDX file of unsigned bytes. Nothing is read, or makes room, beyond what its header may
/// ask for.
fn parse<const N: usize>(
    source: &mut Source,
    expected: u32,
    what: &'static str,
) -> Result<([usize; N], Vec<u8>), IdxFault> {
    let length = 4 + 4 * N;
    let header = source.take(length as u64)?;
    let word = |place: usize| {
        let word = header.get(4 * place..4 * place + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(word))
    };
    let short = || IdxFault::Truncated {
        expected: length as u64,
        found: header.len() as u64,
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
        if index == 0 && size > MOST {
            return Err(IdxFault::TooMany(size));
        }
        *slot = size as usize;
    }
    let content = source.take(total)?;
    let (expected, found) = (length as u64 + total, (length + content.len()) as u64);
    if found < expected {
        return Err(IdxFault::Truncated { expected, found });
    }
    // Counted, not kept.
    let rest = std::io::copy(&mut (&mut source.bytes).take(LARGEST), &mut std::io::sink());
    match rest {
        Ok(0) => Ok((sizes, content)),
        Ok(LARGEST) => Err(IdxFault::TooLarge),
        Ok(extra) => Err(IdxFault::Trailing { expected, extra }),
        Err(_) if source.is_packed => Err(IdxFault::Gzip),
        Err(fault) => Err(IdxFault::Unreadable(fault.kind())),
    }
}
