//! Headers of safetensors files: what they claim is checked before anything is made of it.

use super::layers::case;
use super::{Desk, run};

/// A file with the given header, and so many bytes of data.
fn raw(desk: &Desk, header: &str, data: usize) -> String {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    desk.write("raw.safetensors", bytes)
        .to_str()
        .unwrap()
        .to_owned()
}

/// Checks: what a header claims is checked before anything is made of it: repeated keys, data outside of the file,
/// overlaps, gaps, sizes beyond all memory, number types, tensors that are no layers; each is named.
#[test]
fn headers_are_not_believed() {
    let desk = Desk::new();
    let tensor = |name: &str, kind: &str, shape: &str, from: usize, to: usize| {
        format!(
            "\"{name}\": {{\"dtype\": \"{kind}\", \"shape\": {shape}, \"data_offsets\": [{from}, {to}]}}"
        )
    };
    let one = tensor("l1.weight", "F32", "[1, 1]", 0, 4);
    let second = |kind: &str, shape: &str, from, to| tensor("l2.weight", kind, shape, from, to);
    let cases = [
        (
            vec![one.clone(), one.clone()],
            4,
            "`l1.weight` occurs twice",
        ),
        (
            vec![one.clone(), tensor("l1.weight", "F32", "[1, 1]", 4, 8)],
            8,
            "`l1.weight` occurs twice",
        ),
        (
            vec![
                "\"__metadata__\": {}".into(),
                "\"__metadata__\": {}".into(),
                one.clone(),
            ],
            4,
            "`__metadata__` occurs twice",
        ),
        (
            vec![
                "\"__metadata__\": {\"a\": \"1\", \"a\": \"2\"}".into(),
                one.clone(),
            ],
            4,
            "`a` occurs twice",
        ),
        (
            vec![one.clone(), second("F32", "[1, 1]", 2, 6)],
            6,
            "`l1.weight` and `l2.weight` overlap",
        ),
        (
            vec![one.clone(), second("F32", "[1, 1]", 8, 12)],
            12,
            "before the tensor `l2.weight`",
        ),
        (vec![one.clone()], 9, "5 bytes at its end"),
        (
            vec![one.clone(), second("F32", "[1, 1]", 4, 8)],
            6,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[1, 1]", 8, 4)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[2, 1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[4611686018427387904, 4]", 4, 4)],
            4,
            "tensor `l2.weight`",
        ),
        (
            vec![
                one.clone(),
                second("F32", "[18446744073709551616, 1]", 4, 8),
            ],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[-1, 1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F7", "[1, 1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("I32", "[1, 1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[1, 1, 1]", 4, 8)],
            8,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), second("F32", "[0, 1]", 4, 4)],
            4,
            "tensor `l2.weight`",
        ),
        (
            vec![one.clone(), tensor("l2.bias", "F32", "[1]", 4, 8)],
            8,
            "`l2.bias` is the bias of a layer without",
        ),
        (
            vec![one.clone(), tensor("l1.bias", "F32", "[1, 1]", 4, 8)],
            8,
            "tensor `l1.bias`",
        ),
        (
            vec![one.clone(), tensor("l1.scale", "F32", "[1]", 4, 8)],
            8,
            "tensor `l1.scale`",
        ),
        (
            vec![one.clone(), tensor("weight", "F32", "[1, 1]", 4, 8)],
            8,
            "tensor `weight`",
        ),
        (vec![], 0, "no layers"),
        (vec!["\"l1.weight\": 3".into()], 0, "l1.weight"),
    ];
    for (tensors, data, named) in cases {
        let net = raw(&desk, &format!("{{{}}}", tensors.join(", ")), data);
        let (code, stdout, stderr) = run(&["balance", &net, "--arch", "relu"]);
        assert!(code == 2 && stdout.is_empty(), "{tensors:?}: {code}");
        assert!(stderr.contains(named), "{tensors:?}: {stderr}");
    }
    for (length, named) in [
        (100_000_001, "too long"),
        (1 << 40, "too long"),
        (9_000_000, "cut off"),
    ] {
        let mut bytes = u64::to_le_bytes(length).to_vec();
        bytes.extend(b"{\"a\": 1}");
        let net = desk.write("long.safetensors", bytes);
        let (code, _, stderr) = run(&["balance", net.to_str().unwrap(), "--arch", "relu"]);
        assert!(code == 2 && stderr.contains(named), "{length}: {stderr}");
    }
    for name in ["units-2-62.safetensors", "units-1e8.safetensors"] {
        for command in ["balance", "explain"] {
            let (code, _, stderr) = run(&[command, &case(name), "--arch", "relu"]);
            assert!(code == 2 && stderr.contains("`l1.weight`"), "{stderr}");
        }
    }
}
