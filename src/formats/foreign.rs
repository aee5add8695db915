//! Files that are no model, told by how they begin, and what can be done about them.

use super::container::MAX_HEADER;

/// What a file is, and what to do, if it is certainly none of the formats that are read.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("an empty file");
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(archive(bytes));
    }
    let magic = MAGIC.iter().find(|(place, magic, _)| {
        bytes
            .get(*place..)
            .is_some_and(|rest| rest.starts_with(magic))
    });
    if let Some((.., what)) = magic {
        return Some(what);
    }
    // A pickle names its protocol first; nothing else that is met here begins so.
    if let [0x80, 2..=5, ..] = bytes {
        return Some(PICKLE);
    }
    if is_cut_off(bytes) {
        return Some("a safetensors file that is cut off: download it again");
    }
    let start = bytes.trim_ascii_start();
    let begins = |with: &[u8]| {
        start
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some(
            "a page in HTML, such as a server sends for an error or a login: download the file itself",
        );
    }
    if begins(b"<?xml") {
        return Some("XML, such as OpenVINO writes: export the model to ONNX");
    }
    if begins(b"version https://git-lfs") {
        return Some("a pointer of Git LFS and not the file itself: run `git lfs pull`");
    }
    None
}

/// Files by some bytes at some place.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (
        0,
        b"\x93NUMPY",
        "an array of NumPy (.npy): write all layers with safetensors.numpy.save_file",
    ),
    (
        0,
        b"GGUF",
        "a GGUF file: balance the model that it was made from",
    ),
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, such as Keras writes: export the model to ONNX with tf2onnx",
    ),
    (0, b"\x1f\x8b", "compressed with gzip: unpack it"),
    (0, b"BZh", "compressed with bzip2: unpack it"),
    (
        0,
        b"\x28\xb5\x2f\xfd",
        "compressed with Zstandard: unpack it",
    ),
    (0, b"\xfd7zXZ\x00", "compressed with xz: unpack it"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"\x89PNG", "a picture (PNG)"),
    (0, b"\x7fELF", "a program"),
    (
        4,
        b"TFL3",
        "a TensorFlow Lite model: export the model that it was made from to ONNX",
    ),
    (
        4,
        b"ORTM",
        "a model in ONNX Runtime's own format (.ort): use the .onnx file that it was made from",
    ),
    (257, b"ustar", "a tar archive: unpack it"),
];

const TORCH: &str = "a PyTorch checkpoint (torch.save): write its weights with safetensors.torch.save_file, or the model with torch.onnx.export";
const PICKLE: &str = "a pickle, such as older PyTorch checkpoints and scikit-learn models are: write weights with safetensors.torch.save_file, or the model with torch.onnx.export or skl2onnx";

/// What is in a zip archive, as far as the names at its ends tell.
fn archive(bytes: &[u8]) -> &'static str {
    const END: usize = 1 << 16;
    let (head, tail) = (
        &bytes[..bytes.len().min(END)],
        &bytes[bytes.len().saturating_sub(END)..],
    );
    let names = |name: &[u8]| {
        [head, tail]
            .iter()
            .any(|part| part.windows(name.len()).any(|window| window == name))
    };
    if names(b"data.pkl") || names(b"constants.pkl") {
        return TORCH;
    }
    if names(b".npy") {
        return "an archive of NumPy (.npz): write its arrays with safetensors.numpy.save_file";
    }
    if names(b"model.weights.h5") {
        return "a Keras model (.keras): export it to ONNX with tf2onnx";
    }
    "a zip archive, such as PyTorch checkpoints (.pt, .pth) and NumPy archives (.npz) are: write the weights as safetensors, or export the model to ONNX"
}

/// Does it begin as a safetensors file whose header ends behind the end of the file?
fn is_cut_off(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return false;
    };
    let length = u64::from_le_bytes(*length);
    rest.first() == Some(&b'{') && length <= MAX_HEADER as u64 && length > rest.len() as u64
}

/// Is it text in which nothing is a model?
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let plain = |character: char| !character.is_control() || character.is_ascii_whitespace();
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain))
}
