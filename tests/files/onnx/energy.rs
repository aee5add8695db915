//! The problem that the kernel reads of a model, against the network of the same model.

use std::collections::BTreeMap;
use std::path::Path;

use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::energy::TermNames;
use synaptic_balance::numbers::Rational;
use synaptic_balance_kernel::Layout;

use super::builder::{Builder, Setting};

/// The exponents of the variables in every term, by tensor and entry; none where nothing scales.
type Terms = BTreeMap<(String, usize), BTreeMap<usize, Rational>>;

fn of_network(file: &OnnxFile) -> Terms {
    let network = file.network();
    let synapses = 0..network.synapses();
    let terms = synapses.map(|synapse| {
        let (tensor, entry) = file.place(synapse);
        let exponents = network.direction(synapse).into_iter().collect();
        ((tensor.to_owned(), entry), exponents)
    });
    terms.filter(scales).collect()
}

fn scales((_, exponents): &((String, usize), BTreeMap<usize, Rational>)) -> bool {
    !exponents.is_empty()
}

fn of_problem(file: &OnnxFile, dense: &mut usize) -> Terms {
    let named = file
        .energy_problem(&Rational::from_integer(2.into()))
        .unwrap();
    let TermNames::Tensors(tensors) = &named.terms else {
        panic!("terms are called by tensors");
    };
    let mut terms = Terms::new();
    for (tensor, block) in tensors.iter().zip(named.problem.blocks()) {
        *dense += usize::from(matches!(block.layout, Layout::Dense));
        for entry in 0..block.entries.len() {
            let (row, column) = match &block.layout {
                Layout::Dense => (entry / block.columns.len(), entry % block.columns.len()),
                Layout::List(places) => places[entry],
            };
            let mut exponents: BTreeMap<usize, Rational> = BTreeMap::new();
            for form in [block.rows[row], block.columns[column]] {
                for (variable, exponent) in &named.problem.forms()[form] {
                    *exponents.entry(*variable).or_default() += exponent;
                }
            }
            exponents.retain(|_, exponent| *exponent != Rational::default());
            terms.insert((tensor.clone(), entry), exponents);
        }
    }
    terms.into_iter().filter(scales).collect()
}

fn compare(name: &str, bytes: Vec<u8>, dense: &mut usize) -> usize {
    let open = OnnxFile::open(bytes.clone(), None).unwrap();
    let read = OnnxFile::read(bytes, None).unwrap();
    let (expected, found) = (of_network(&read), of_problem(&open, dense));
    assert_eq!(expected, found, "{name}");
    assert_eq!(open.synapses(), read.network().synapses(), "{name}");
    let ids = |variable: usize| read.network().variable_name(variable);
    let named = open
        .energy_problem(&Rational::from_integer(1.into()))
        .unwrap();
    for (unit, variable) in &named.units {
        assert_eq!(*unit, ids(*variable), "{name}");
    }
    expected.len()
}

/// Layers of every shape: both orders of axes, groups, depthwise, residual, normalised, recurrent, one weight at two
/// places, a weight that is transposed.
fn built() -> Vec<(&'static str, Builder)> {
    let dense = Builder::new(13)
        .input("x", &[1, 4])
        .weight("w1", &[4, 5])
        .weight("b1", &[5])
        .weight("s1", &[5])
        .weight("w2", &[5, 5])
        .weight("w3", &[2, 5])
        .node("MatMul", "x w1", "a", &[])
        .node("Add", "a b1", "b", &[])
        .node("PRelu", "b s1", "c", &[])
        .node("MatMul", "c w2", "d", &[])
        .node("Add", "c d", "e", &[])
        .node("Relu", "e", "f", &[])
        .node("Transpose", "w3", "t", &[Setting::Ints("perm", &[1, 0])])
        .node("MatMul", "f t", "y", &[])
        .output("y", &[1, 2]);
    let tied = Builder::new(13)
        .input("x", &[1, 3])
        .weight("w", &[3, 3])
        .weight("v", &[3, 3])
        .weight("u", &[3, 3])
        .node("MatMul", "x v", "a", &[])
        .node("Relu", "a", "b", &[])
        .node("MatMul", "b w", "c", &[])
        .node("Relu", "c", "d", &[])
        .node("MatMul", "d w", "e", &[])
        .node("Relu", "e", "f", &[])
        .node("MatMul", "f u", "y", &[])
        .output("y", &[1, 3]);
    let image = Builder::new(13)
        .input("x", &[1, 2, 6, 6])
        .weight("k1", &[4, 2, 3, 3])
        .weight("c1", &[4])
        .positive("g", &[4])
        .weight("h", &[4])
        .weight("m", &[4])
        .positive("v", &[4])
        .weight("k2", &[4, 1, 3, 3])
        .weight("k3", &[4, 2, 1, 1])
        .weight("w", &[3, 4])
        .node("Conv", "x k1 c1", "a", &[Setting::Ints("pads", &[1; 4])])
        .node("BatchNormalization", "a g h m v", "b", &[])
        .node("Relu", "b", "c", &[])
        .node(
            "Conv",
            "c k2",
            "d",
            &[Setting::Ints("pads", &[1; 4]), Setting::Int("group", 4)],
        )
        .node("Relu", "d", "e", &[])
        .node("Conv", "e k3", "f", &[Setting::Int("group", 2)])
        .node("Add", "f c", "s", &[])
        .node("Relu", "s", "r", &[])
        .node("GlobalAveragePool", "r", "p", &[])
        .node("Flatten", "p", "q", &[])
        .node("Gemm", "q w", "y", &[Setting::Int("transB", 1)])
        .output("y", &[1, 3]);
    let recurrent = Builder::new(14)
        .input("x", &[5, 1, 3])
        .weight("w", &[1, 4, 3])
        .weight("r", &[1, 4, 4])
        .weight("b", &[1, 8])
        .weight("o", &[4, 2])
        .node(
            "RNN",
            "x w r b",
            "- h",
            &[
                Setting::Int("hidden_size", 4),
                Setting::Texts("activations", &["Relu"]),
            ],
        )
        .node("MatMul", "h o", "y", &[])
        .output("y", &[1, 1, 2]);
    vec![
        ("dense", dense),
        ("tied", tied),
        ("image", image),
        ("recurrent", recurrent),
    ]
}

/// Checks: the kernel reads the terms of the network, tensor by tensor and entry by entry, with the same multipliers,
/// and units have their ids; plain layers are dense.
#[test]
fn terms_are_those_of_the_network() {
    let mut dense = 0;
    for (name, builder) in built() {
        let terms = compare(name, builder.bytes(), &mut dense);
        assert!(terms > 10, "{name}: {terms}");
    }
    assert!(dense >= 12, "{dense} tensors are dense");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in [
        "data/digits-mlp-sklearn.onnx",
        "tests/cases/bn_mean_dead.onnx",
        "tests/cases/mobilenet-like-relu6.onnx",
        "tests/cases/dead-channel-cnn.onnx",
        "tests/cases/base.onnx",
        "tests/cases/k.onnx",
    ] {
        compare(name, std::fs::read(root.join(name)).unwrap(), &mut dense);
    }
}

/// Checks: a matrix has a row and a column for each of its lines, also where nothing multiplies or divides them: what
/// is kept for each is far more than for a weight.
#[test]
fn matrices_have_few_lines() {
    let builder = Builder::new(13)
        .input("x", &[2, 30])
        .weight("w1", &[30, 40])
        .positive("b1", &[40])
        .node("Gemm", "x w1 b1", "g", &[])
        .node("Relu", "g", "h", &[])
        .weight("w2", &[50, 40])
        .node("Gemm", "h w2", "y", &[Setting::Int("transB", 1)])
        .output("y", &[2, 50]);
    let file = OnnxFile::open(builder.bytes(), None).unwrap();
    let named = file
        .energy_problem(&Rational::from_integer(2.into()))
        .unwrap();
    let lines = named.problem.blocks().iter().map(|block| {
        assert!(matches!(block.layout, Layout::Dense));
        let (rows, columns) = (block.rows.len(), block.columns.len());
        assert_eq!(rows * columns, block.entries.len());
        rows + columns
    });
    let lines: Vec<usize> = lines.collect();
    assert_eq!(lines, [30 + 40, 40 + 1, 50 + 40]);
}
