//! ONNX files: how tensors are stored, what stays as it was, and what is refused.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use std::fs;
use synaptic_balance::formats::onnx::message::element;
use synaptic_balance::formats::{OnnxError, OnnxFile};
use synaptic_balance::numbers::rational_to_f64;

use super::builder::{Builder, Setting, Setting::Tensor, elsewhere, floats, image, read};

fn small() -> Builder {
    Builder::new(13)
        .input("x", &[1, 2])
        .weight("w1", &[2, 3])
        .positive("b1", &[3])
        .node("Gemm", "x w1 b1", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[3, 1])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[1, 1])
}

/// One multiplier of 2 for every unit that is free.
fn doubled(file: &OnnxFile) -> Vec<f64> {
    let outside = |unit: usize| if unit < 2 { 1.0 } else { 2.0 };
    (0..file.network().units()).map(outside).collect()
}

/// Checks: only the bytes of scaled weights change, and by exactly the factor; unknown fields and everything else stay.
#[test]
fn other_bytes_stay() {
    let mut bytes = small().bytes();
    // Field 900, which no version of ONNX has.
    bytes.extend([0xa2, 0x38, 3, b'a', b'b', b'c']);
    let file = read(&bytes);
    let after = file.scaled(&doubled(&file), &[], true, "after").unwrap();
    assert_eq!(after.model.len(), bytes.len());
    assert!(after.beside.is_empty());
    let changed = bytes
        .iter()
        .zip(&after.model)
        .filter(|(one, other)| one != other)
        .count();
    // A factor of 2 changes one or two bytes of an f32.
    assert!((12..=24).contains(&changed), "{changed}");
    let again = read(&after.model);
    let before = file.network().weights();
    for (synapse, weight) in again.network().weights().iter().enumerate() {
        let expected = if file.place(synapse).0 == "w2" {
            0.5
        } else {
            2.0
        };
        let expected = synaptic_balance::numbers::rational_from_f64(expected).unwrap();
        assert_eq!(*weight, &before[synapse] * expected);
    }
}

/// Checks: `f64`, packed `float_data`, and tensors of `Constant` operators are read and scaled alike.
#[test]
fn every_storage() {
    let mut double = small();
    for tensor in &mut double.graph().initializer {
        let raw = tensor.raw_data.take().unwrap();
        let values = raw
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        tensor.data_type = Some(element::DOUBLE);
        tensor.double_data = vec![bytes.into()];
    }
    let mut packed = small();
    for tensor in &mut packed.graph().initializer {
        tensor.float_data = vec![tensor.raw_data.take().unwrap()];
    }
    let constant = Builder::new(13)
        .input("x", &[1, 2])
        .node(
            "Constant",
            "",
            "w1",
            &[Tensor("value", floats("", &[2, 3], &[0.5; 6]))],
        )
        .node("MatMul", "x w1", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[3, 1])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[1, 1]);
    for builder in [double, packed, constant] {
        let file = read(&builder.bytes());
        assert_eq!(file.network().variables(), 3);
        let after = read(
            &file
                .scaled(&doubled(&file), &[], true, "after")
                .unwrap()
                .model,
        );
        let exponents = file
            .network()
            .weights()
            .into_iter()
            .zip(after.network().weights());
        assert!(exponents.into_iter().all(|(before, after)| before != after));
    }
}

/// Checks: tensors in other files are found, scaled, and written beside the new model under new names; the old files
/// stay.
#[test]
fn external_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = small();
    let data = builder.graph().initializer[0].raw_data.clone().unwrap();
    let mut file = vec![7u8; 64];
    file.extend(&data);
    fs::create_dir(folder.path().join("weights")).unwrap();
    fs::write(folder.path().join("weights/part.bin"), &file).unwrap();
    elsewhere(
        &mut builder.graph().initializer[0],
        "weights/part.bin",
        64,
        data.len(),
    );
    let bytes = builder.bytes();
    let model = OnnxFile::read(bytes, Some(folder.path())).unwrap();
    let after = model
        .scaled(&doubled(&model), &[], true, "after.onnx")
        .unwrap();
    let [(name, beside)] = after.beside.as_slice() else {
        panic!("one file beside the model");
    };
    assert_eq!(name, "after.onnx.weights_part.bin");
    assert_eq!(beside[..64], file[..64]);
    assert_ne!(beside[64..], file[64..]);
    for (number, whole) in [&after.model, beside].into_iter().enumerate() {
        let mut streamed = Vec::new();
        let multipliers = doubled(&model);
        model
            .write(number, &multipliers, "after.onnx", &mut streamed)
            .unwrap();
        assert_eq!(streamed, *whole);
    }
    fs::write(folder.path().join(name), beside).unwrap();
    let again = OnnxFile::read(after.model, Some(folder.path())).unwrap();
    assert_eq!(again.network().synapses(), model.network().synapses());
    model.aligned(&again).unwrap();
}

/// Checks: tensors that are scaled piece by piece are scaled at every entry, by the quotient of the multipliers of its
/// ends, rounded once; and a file written as it is made is the one that is returned whole.
#[test]
fn large_tensors() {
    let bytes = Builder::new(13)
        .input("x", &[1, 600])
        .weight("w1", &[600, 500])
        .node("MatMul", "x w1", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[500, 600])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[1, 600])
        .bytes();
    let file = read(&bytes);
    let network = file.network();
    let multiplier = |unit: usize| {
        if unit < 2 {
            1.0
        } else {
            0.5 + unit as f64 / 7.0
        }
    };
    let multipliers: Vec<f64> = (0..network.units()).map(multiplier).collect();
    let after = file.scaled(&multipliers, &[], false, "after").unwrap();
    let again = read(&after.model);
    for synapse in 0..network.synapses() {
        let (from, to) = network.endpoints(synapse);
        let old = rational_to_f64(network.weight(synapse));
        let expected = (old * (multipliers[to] / multipliers[from])) as f32;
        let found = rational_to_f64(again.network().weight(synapse)) as f32;
        assert_eq!(found, expected, "{:?}", file.place(synapse));
    }
    let mut streamed = Vec::new();
    file.write(0, &multipliers, "after", &mut streamed).unwrap();
    assert!(streamed == after.model);
}

/// Checks: tensors that lie on the same bytes of another file are left alone, all of them.
#[test]
fn shared_bytes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.bin"), 1f32.to_le_bytes().repeat(9)).unwrap();
    let mut builder = small();
    let graph = builder.graph();
    elsewhere(&mut graph.initializer[0], "data.bin", 0, 24);
    elsewhere(&mut graph.initializer[2], "data.bin", 20, 12);
    let file = OnnxFile::read(builder.bytes(), Some(folder.path())).unwrap();
    assert_eq!(file.network().variables(), 0);
    let after = file.scaled(&doubled(&file), &[], true, "after").unwrap();
    assert_eq!(
        after.beside[0].1,
        fs::read(folder.path().join("data.bin")).unwrap()
    );
}

/// Checks: a location outside the model's folder, missing data, and data that are too short are refused, by name.
#[test]
fn external_data_that_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short.bin"), [0u8; 8]).unwrap();
    let refused = |location: &str| {
        let mut builder = small();
        elsewhere(&mut builder.graph().initializer[0], location, 0, 24);
        OnnxFile::read(builder.bytes(), Some(folder.path()))
            .unwrap_err()
            .to_string()
    };
    assert!(refused("../short.bin").contains("not a path within"));
    assert!(refused("/etc/passwd").contains("not a path within"));
    assert!(refused("").contains("not a path within"));
    assert!(refused("missing.bin").contains("missing.bin"));
    assert!(
        refused("short.bin")
            .contains("tensor `w1`: its external data, 24 bytes at 0, reach beyond the 8")
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.bin")).unwrap();
        assert!(refused("link.bin").contains("no file within"));
    }
}

/// Checks: a number that would overflow `f32`, or be rounded where it may not be, names its place; multipliers are
/// positive.
#[test]
fn numbers_out_of_range() {
    let file = read(&small().bytes());
    let mut multipliers = doubled(&file);
    multipliers[2] = 1e39;
    let fault = file.scaled(&multipliers, &[], false, "after").unwrap_err();
    assert!(
        matches!(fault, OnnxError::Range { ref name, entry: 0, .. } if name == "w1"),
        "{fault}"
    );
    for wrong in [-3.0, 0.0, f64::NAN, f64::INFINITY] {
        multipliers[2] = wrong;
        let fault = file.scaled(&multipliers, &[], false, "after").unwrap_err();
        assert!(matches!(fault, OnnxError::Multiplier(2)), "{fault}");
    }
    multipliers[2] = 3.0;
    assert!(file.scaled(&multipliers, &[], true, "after").is_err());
    assert!(file.scaled(&multipliers, &[], false, "after").is_ok());
}

/// Checks: faults of a model are named: no graph, tensors made twice or not at all, shapes that do not fit.
#[test]
fn faults() {
    let fault = |builder: &Builder| {
        OnnxFile::read(builder.bytes(), None)
            .unwrap_err()
            .to_string()
    };
    let mut empty = small();
    empty.model.graph = None;
    assert_eq!(fault(&empty), "not an ONNX model: it holds no graph");
    let mut undefined = small();
    undefined.graph().node[1].input[0] = "nowhere".into();
    assert_eq!(
        fault(&undefined),
        "Relu `Relu of h` (nodes[1]): no tensor `nowhere` is made before it is read"
    );
    let mut twice = small();
    twice.graph().node[1].output[0] = "g".into();
    assert_eq!(fault(&twice), "two tensors have the name `g`");
    let mut short = small();
    short.graph().initializer[0].dims = vec![2, 4];
    assert_eq!(
        fault(&short),
        "tensor `w1`: its shape has 8 entries of 4 bytes, its data 24 bytes"
    );
    let mut huge = small();
    huge.graph().initializer[0].dims = vec![i64::MAX, i64::MAX];
    assert_eq!(fault(&huge), "tensor `w1`: its shape is too large");
    let mut negative = small();
    negative.graph().initializer[0].dims = vec![-2, 3];
    assert_eq!(
        fault(&negative),
        "tensor `w1`: an axis has a negative length"
    );
}

/// Checks: more messages than any model has are refused before they take memory.
#[test]
fn too_many_messages() {
    let graph: Vec<u8> = [0x0au8, 0].repeat(2_000_000);
    let mut bytes = vec![0x08, 8, 0x3a];
    let mut length = graph.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(graph);
    assert!(matches!(
        OnnxFile::read(bytes, None),
        Err(OnnxError::TooLarge(_))
    ));
}

/// Checks: no cut and no changed byte makes reading panic; a cut is refused unless it falls between fields.
#[test]
fn damaged_files() {
    let bytes = small().bytes();
    for end in 0..bytes.len() {
        assert!(
            OnnxFile::read(bytes[..end].to_vec(), None).is_err()
                || end < 4
                || end > bytes.len() - 6
        );
    }
    for place in 0..bytes.len() {
        for value in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            bytes[place] ^ 1,
            bytes[place] ^ 0x40,
        ] {
            let mut damaged = bytes.clone();
            damaged[place] = value;
            let _ = OnnxFile::read(damaged, None);
        }
    }
}

/// Some bytes of a model changed, inserted or taken out.
#[derive(Debug, Clone)]
struct Damage(Vec<(usize, u8, u8)>);

impl Arbitrary for Damage {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = 1 + usize::arbitrary(g) % 4;
        Damage((0..count).map(|_| Arbitrary::arbitrary(g)).collect())
    }
    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Damage))
    }
}

/// Many operators in one model, for files that are damaged.
fn everything() -> Builder {
    let builder = image(4)
        .weight("d", &[4, 2, 2, 2])
        .node(
            "Conv",
            "h d",
            "c2",
            &[
                Setting::Int("group", 2),
                Setting::Ints("pads", &[1, 1, 0, 0]),
            ],
        )
        .weight("scale", &[4])
        .positive("shift", &[4])
        .weight("mean", &[4])
        .positive("variance", &[4])
        .node(
            "BatchNormalization",
            "c2 scale shift mean variance",
            "n",
            &[],
        )
        .node("Relu", "n", "r", &[])
        .node("Add", "r h", "s", &[])
        .node(
            "MaxPool",
            "s",
            "p",
            &[
                Setting::Ints("kernel_shape", &[2, 2]),
                Setting::Ints("strides", &[2, 2]),
            ],
        )
        .integers("pads", &[0, 1, 0, 0, 0, 0, 0, 0])
        .node("Pad", "p pads", "q", &[])
        .integers("sizes", &[2, 3])
        .node("Split", "q sizes", "a b", &[Setting::Int("axis", 1)])
        .node("Concat", "b a", "j", &[Setting::Int("axis", 1)])
        .node(
            "Transpose",
            "j",
            "t",
            &[Setting::Ints("perm", &[0, 2, 3, 1])],
        )
        .integers("shape", &[0, -1])
        .node("Reshape", "t shape", "f", &[])
        .node("Sigmoid", "f", "g", &[]);
    builder
        .weight("w2", &[20, 2])
        .node("MatMul", "g w2", "y", &[])
        .output("y", &[1, 2])
}

/// Checks: random damage to a model with many operators never makes reading, or writing what was read, panic.
#[test]
fn random_damage() {
    fn unharmed(source: u8, damage: Damage) -> bool {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits-mlp-sklearn.onnx");
        let mut bytes = match source % 5 {
            0 => fs::read(path).unwrap(),
            1 | 2 => small().bytes(),
            _ => everything().bytes(),
        };
        for (place, value, kind) in damage.0 {
            let place = place % bytes.len();
            match kind % 3 {
                0 => bytes[place] = value,
                1 => bytes.insert(place, value),
                _ => {
                    bytes.remove(place);
                }
            }
        }
        if let Ok(file) = OnnxFile::read(bytes, None) {
            let _ = file.scaled(&doubled(&file), &[], false, "after");
            let _ = file.ranges(&doubled(&file));
        }
        true
    }
    QuickCheck::new()
        .tests(600)
        .quickcheck(unharmed as fn(u8, Damage) -> bool);
}
