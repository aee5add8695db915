//! Files of ranges: npz as NumPy writes it, and safetensors.

use std::io::{Cursor, Write};

use num_traits::One;
use synaptic_balance::formats::Ranges;
use synaptic_balance::numbers::{Rational, parse_rational};
use zip::CompressionMethod::{Deflated, Stored};
use zip::write::SimpleFileOptions;

fn archive(files: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    // What is packed quickly is as small here.
    let level = (method == Deflated).then_some(1);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(level);
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An array in version 1 of the format, or 2.
fn npy(version: u8, descr: &str, rest: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', {rest}}}          \n");
    let mut bytes = [b"\x93NUMPY".as_slice(), &[version, 0]].concat();
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn read(bytes: &[u8]) -> Result<Ranges, String> {
    Ranges::read(bytes, &Rational::one()).map_err(|fault| fault.to_string())
}

fn one(array: Vec<u8>) -> Result<Vec<f64>, String> {
    let ranges = read(&archive(&[("r.npy", &array)], Stored))?;
    Ok(ranges.arrays[0].values.clone())
}

/// Checks: numbers of every type that NumPy calls f2, f4, f8, i and u, in both orders of bytes, are read as what they
/// denote; arrays of one long axis in any order of axes.
#[test]
fn numbers_of_all_types_are_read() {
    const TWO: &str = "'fortran_order': False, 'shape': (2,), ";
    let cases: [(&str, Vec<u8>); 9] = [
        ("<f8", [0.5f64, 3.0].map(f64::to_le_bytes).concat()),
        (">f8", [0.5f64, 3.0].map(f64::to_be_bytes).concat()),
        ("<f4", [0.5f32, 3.0].map(f32::to_le_bytes).concat()),
        ("<f2", [0x3800u16, 0x4200].map(u16::to_le_bytes).concat()),
        (">f2", [0x3800u16, 0x4200].map(u16::to_be_bytes).concat()),
        ("|u1", vec![200, 3]),
        ("<i2", [200i16, 3].map(i16::to_le_bytes).concat()),
        (">u4", [200u32, 3].map(u32::to_be_bytes).concat()),
        ("<i8", [200i64, 3].map(i64::to_le_bytes).concat()),
    ];
    for (descr, data) in cases {
        let first = if descr.contains('f') { 0.5 } else { 200.0 };
        for version in [1, 2] {
            let found = one(npy(version, descr, TWO, &data));
            assert_eq!(found.unwrap(), [first, 3.0], "{descr}");
        }
    }
    let four = [1.0f64, 2.0, 3.0, 4.0].map(f64::to_le_bytes).concat();
    let column = "'fortran_order': True, 'shape': (1, 4, 1), ";
    assert_eq!(
        one(npy(1, "<f8", column, &four)).unwrap(),
        [1.0, 2.0, 3.0, 4.0]
    );
    let single = "'fortran_order': False, 'shape': (), ";
    assert_eq!(one(npy(1, "<f8", single, &four[..8])).unwrap(), [1.0]);
}

/// Checks: what is no array of numbers of 0 or more is refused, and the array named.
#[test]
fn faults_of_arrays_are_named() {
    let two = [1.0f64, 2.0].map(f64::to_le_bytes).concat();
    let shape = |shape: &str| format!("'fortran_order': False, 'shape': {shape}, ");
    let cases = [
        (
            npy(1, "<c16", &shape("(1,)"), &two),
            "its numbers are `<c16`",
        ),
        (npy(1, "|O", &shape("(2,)"), &two), "its numbers are `|O`"),
        (npy(1, "<f8", &shape("(3,)"), &two), "does not fit"),
        (
            npy(1, "<f8", &shape("(99999999999, 99999999999)"), &two),
            "does not fit",
        ),
        (npy(1, "<f8", &shape("(-2,)"), &two), "no shape"),
        (
            npy(
                1,
                "<f8",
                "'fortran_order': True, 'shape': (2, 2), ",
                &[two.clone(), two.clone()].concat(),
            ),
            "column by column",
        ),
        (npy(1, "<f8", "'shape': 2, ", &two), "no shape"),
        (npy(3, "<f8", "", &two), "no `shape`"),
        (
            npy(1, "<i8", &shape("(1,)"), &((1i64 << 53) + 1).to_le_bytes()),
            "entry 0 is an integer that no f64 is",
        ),
        (npy(1, "<i1", &shape("(1,)"), &[0xff]), "entry 0 is -1"),
        (b"\x93NUMPY\x09\x00".to_vec(), "version 9"),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "cut off"),
        (b"0, 1, 2".to_vec(), "no .npy array"),
    ];
    for (bytes, reason) in cases {
        let fault = one(bytes).unwrap_err();
        assert!(
            fault.starts_with("array `r`: ") && fault.contains(reason),
            "{fault}"
        );
    }
    let fault = read(&archive(&[("r.txt", b"1")], Stored)).unwrap_err();
    assert!(fault.contains("`r.txt`"), "{fault}");
    assert!(
        read(&archive(&[], Stored))
            .unwrap_err()
            .contains("no arrays")
    );
    for other in [&b"PK\x03\x04"[..], b"{}", b""] {
        assert!(read(other).is_err());
    }
}

/// Checks: packed arrays are read; one that is far longer than its file is refused before it fills the memory.
#[test]
fn archives_are_unpacked_within_bounds() {
    let data = [0.25f64; 3].map(f64::to_le_bytes).concat();
    let array = npy(1, "<f8", "'fortran_order': False, 'shape': (3,), ", &data);
    let packed = archive(&[("/layer/act.npy", &array), ("b.npy", &array)], Deflated);
    let ranges = read(&packed).unwrap();
    assert_eq!(ranges.arrays[0].name, "/layer/act");
    assert_eq!(ranges.arrays[1].values, [0.25; 3]);
    let zeros = vec![0; (1 << 27) + 1];
    let bomb = archive(&[("r.npy", &zeros)], Deflated);
    assert!(bomb.len() < 1 << 20);
    let fault = read(&bomb).unwrap_err();
    assert!(fault.contains("more than"), "{fault}");
}

/// Checks: safetensors hold ranges too; the weight multiplies every range, and is part of their origin with the digest
/// of the file.
#[test]
fn safetensors_are_read() {
    let header = r#"{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0x3f80u16, 0x4000].map(u16::to_le_bytes).concat());
    bytes.extend([0.0f32, 6.0].map(f32::to_le_bytes).concat());
    let third = parse_rational("1/3").unwrap();
    let ranges = Ranges::read(&bytes, &third).unwrap();
    let found: Vec<(&str, &[f64])> = ranges
        .arrays
        .iter()
        .map(|own| (own.name.as_str(), own.values.as_slice()))
        .collect();
    assert_eq!(
        found,
        [("a", &[0.0, 2.0][..]), ("b", &[1.0 / 3.0, 2.0 / 3.0][..])]
    );
    assert_eq!(
        (ranges.origin.weight.as_str(), ranges.origin.sha256.len()),
        ("1/3", 64)
    );
    let whole = Ranges::read(&bytes, &Rational::one()).unwrap();
    assert_eq!(whole.origin.sha256, ranges.origin.sha256);
    let text = header.replace(r#""BF16","shape":[2]"#, r#""BOOL","shape":[4]"#);
    let mut other = (text.len() as u64).to_le_bytes().to_vec();
    other.extend(text.as_bytes());
    other.extend(&bytes[8 + header.len()..]);
    let fault = read(&other).unwrap_err();
    assert!(fault.contains("array `b`"), "{fault}");
}
